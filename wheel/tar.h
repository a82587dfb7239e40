/* SPDX-License-Identifier: MIT */
/* A strict reader of tar streams (ustar, pax, GNU long names): whatever two readers could take for
 * two different things is an error. libarchive and tarfile read on over contradictory headers,
 * which is how a file could be one archive to an auditor and another one to us. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum tar_type { TAR_FILE, TAR_FOLDER, TAR_SYMLINK, TAR_HARDLINK };

struct tar_member { /* strings are borrowed until the next member is asked for */
	enum tar_type type;
	const char *name, *link; /* as in the archive, no NUL inside; link: NULL unless it is one */
	int64_t size;		 /* bytes of contents */
	int64_t mtime;		 /* seconds */
	bool executable;	 /* some x bit */
};

/* Bytes read, 0 at the end, -1 with error. */
typedef ssize_t (*tar_source_fn)(void *user, void *buffer, size_t length, GError **error);

typedef struct Tar Tar;
Tar *tar_new(tar_source_fn source, void *user);
void tar_free(Tar *tar);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tar, tar_free)
/* Skips what is left of the current member; *member is NULL at the end of the archive.
 * ERROR_INVALID_INPUT. */
bool tar_next(Tar *tar, const struct tar_member **member, GError **error);
/* Contents of the current member: bytes read, 0 at its end, -1 with error. */
ssize_t tar_read(Tar *tar, void *buffer, size_t length, GError **error);
