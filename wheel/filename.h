/* SPDX-License-Identifier: MIT */
/* Wheel (PEP 427) and sdist (PEP 625 and older) file names. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

struct wheel_filename {
	char *name;				      /* normalised (PEP 503) */
	char *version;				      /* text as in the name, `_` is `-` */
	char *build;				      /* "" if none; number and suffix joined */
	char *python_tags, *abi_tags, *platform_tags; /* compressed sets, lower case */
};
/* As packaging's parse_wheel_filename. ERROR_INVALID_INPUT names the file. */
bool filename_parse_wheel(const char *filename, struct wheel_filename *out, GError **error);
void wheel_filename_clear(struct wheel_filename *name);

/* `.zip .whl .tar.bz2 .tbz .tar.gz .tgz .tar .tar.xz .txz .tlz .tar.lz .tar.lzma`: pip's list.
 * Returns the extension within filename, or NULL. */
const char *filename_archive_extension(const char *filename);
/* packaging's strict parse_sdist_filename; new strings. */
bool filename_parse_sdist(const char *filename, char **name, char **version, GError **error);
/* pip's way: the version that an sdist name carries when project `normalized_name` is looked up,
 * or NULL. New string, not necessarily PEP 440. */
char *filename_sdist_version(const char *filename, const char *normalized_name);
