/* SPDX-License-Identifier: MIT */
/* PEP 440 versions: `1!2.0rc1.post2.dev3+local.4`, parsed into one block that memcmp can order. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One pointer-free block of version_size() bytes, aligned to 4: it may be copied, written to a
 * cache file and used from a mapping. Numbers may have any length. */
typedef struct Version Version;

/* Parses as `packaging.version.Version` does (white space around, any case, v prefix, alternative
 * spellings). ERROR_INVALID_INPUT. At most 4096 bytes. Free with version_free. */
Version *version_parse(const char *text, size_t length, GError **error);
Version *version_parse_string(const char *text); /* NULL if invalid */
Version *version_copy(const Version *version);
void version_free(Version *version);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Version, version_free)

size_t version_size(const Version *version);
/* Checks that `bytes` (a mapped cache) holds a sane block: NULL if not. */
const Version *version_from_block(const void *bytes, size_t available);

/* <0, 0, >0 by PEP 440 (memcmp on keys). */
int version_compare(const Version *a, const Version *b);

/* str(Version); borrowed. */
const char *version_text(const Version *version);
bool version_is_prerelease(const Version *version); /* a, b, rc or dev */
bool version_is_postrelease(const Version *version);
bool version_is_devrelease(const Version *version);
char *version_public(const Version *version);	 /* without local; new string */
char *version_base(const Version *version);	 /* epoch and release only */
char *version_canonical(const Version *version); /* trailing `.0` stripped: canonicalize_version */
char *version_local(const Version *version);	 /* or NULL */
char *version_epoch(const Version *version);
