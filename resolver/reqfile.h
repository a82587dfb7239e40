/* SPDX-License-Identifier: MIT */
/* Requirements and constraints files, in full: nesting, options, continuation, ${VAR}, encodings.
 */
#pragma once
#include "lib/error.h"

struct reqfile_line {		/* one requirement */
	char *text;		/* `name==1.0 ; marker`, URL or path as written, options removed */
	bool editable;		/* -e */
	bool constraint;	/* comes from a -c file */
	char **hashes;		/* "sha256:hex", NULL-terminated, never NULL */
	char **config_settings; /* KEY=VALUE */
	char *file;		/* file or URL it stands in */
	int line;
};

typedef struct Reqfile {  /* everything collected from a file and those it names */
	GPtrArray *lines; /* of struct reqfile_line * */
	/* options found inside, in pip's meaning; lists are NULL-terminated, never NULL */
	char *index_url; /* last -i, or NULL: it replaces --index-url and every --extra-index-url
			    given before it, those of the command line too */
	bool no_index, pre, prefer_binary, require_hashes, no_require_hashes;
	char **extra_index_urls,
		**find_links /* made absolute where they name existing local paths */,
		**trusted_hosts, **use_features;
	GPtrArray *
		format_control;	       /* of struct reqfile_format *:
					  --no-binary/--only-binary/--all-releases/--only-final in order */
	GPtrArray *warnings;	       /* of char *: things to be said, not fatal */
	size_t files_read, lines_read; /* against the ceilings */
} Reqfile;
struct reqfile_format {
	enum reqfile_option {
		REQFILE_NO_BINARY,
		REQFILE_ONLY_BINARY,
		REQFILE_ALL_RELEASES,
		REQFILE_ONLY_FINAL
	} option;
	char *value;
};

/* Gets the bytes of a nested file or URL; new block of *length bytes, or NULL with error. */
typedef char *(*reqfile_read_fn)(
	const char *path_or_url, size_t *length, void *user, GError **error);

/* For such callbacks: the bytes of a local file, pipes too, at most 64 MiB. ERROR_IO with pip's
 * "[Errno 2] No such file or directory: 'x'". */
char *reqfile_read_local(const char *path, size_t *length, GError **error);

Reqfile *reqfile_new(void);
void reqfile_free(Reqfile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reqfile, reqfile_free)
/* Adds a file (path or URL) and what it nests to `file`. `read` NULL: local files only. Errors name
 * file and line. Recursion of a file into itself is an error. */
bool reqfile_read(Reqfile *file, const char *path_or_url, bool constraint, reqfile_read_fn read,
	void *user, GError **error);
