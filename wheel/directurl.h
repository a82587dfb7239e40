/* SPDX-License-Identifier: MIT */
/* direct_url.json (PEP 610): where a distribution came from when it was not found by name. */
#pragma once
#include "lib/json.h"

enum directurl_kind { DIRECTURL_ARCHIVE, DIRECTURL_VCS, DIRECTURL_FOLDER };

typedef struct DirectUrl {
	enum directurl_kind kind;
	char *url;	    /* without fragment; for a VCS without `git+` and `@ref` */
	char *subdirectory; /* or NULL */
	char **hashes; /* archive: algorithm, hex, …, NULL in the file's order; may be empty */
	char *vcs, *commit_id, *requested_revision; /* VCS; the last may be NULL */
	bool editable;				    /* folder */
} DirectUrl;

/* For a link as the user gave it: `git+https://host/x@ref#subdirectory=y`,
 * `https://…/x.tar.gz#sha256=…`, a file URL. folder: the URL names an existing directory. commit:
 * of a VCS checkout. sha256 (hex): what the archive's bytes gave, used when the fragment has no
 * hash; may be NULL. */
DirectUrl *directurl_for_link(
	const char *url, bool folder, bool editable, const char *commit, const char *sha256);
/* ERROR_INVALID_INPUT with packaging's words (`Missing required value in 'url'`). */
DirectUrl *directurl_parse(const char *bytes, size_t length, GError **error);
void directurl_free(DirectUrl *url);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DirectUrl, directurl_free)

/* As one value of the writer. sorted: keys in order as direct_url.json has them; else as the
 * installation report and inspect have them. Passwords are left out of the URL. */
void directurl_write(const DirectUrl *url, JsonWriter *writer, bool sorted);
/* The text of direct_url.json: json.dumps(…, sort_keys=True), no line feed. New string. */
char *directurl_json(const DirectUrl *url);
/* `NAME @ git+URL@COMMIT#subdirectory=…`: what freeze prints. New string. */
char *directurl_requirement(const DirectUrl *url, const char *name);

/* `https://user:pass@host/x` without `user:pass@`, unless it is `git` or made of ${VARIABLES}
 * (PEP 610). New string. */
char *directurl_strip_password(const char *url);
