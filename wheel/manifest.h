/* SPDX-License-Identifier: MIT */
/* RECORD: the CSV list of a distribution's files (PEP 376, PEP 427). */
#pragma once
#include "verify/digest.h"

struct manifest_row {
	const char *path;      /* as written: may be absolute or begin with `../` when installed */
	const char *algorithm; /* "sha256"; "" if no digest is given */
	const char *digest;    /* as written after the `=` */
	int64_t size;	       /* bytes; -1 if none is given */
};

typedef struct Manifest Manifest;

/* Python's csv dialect; at most 64 MiB and a million rows. Missing columns are empty, further ones
 * are ignored, rows without a path are skipped. ERROR_INVALID_INPUT for bytes that are no UTF-8,
 * NUL bytes and quotes that are never closed. */
Manifest *manifest_parse(const char *bytes, size_t length, GError **error);
void manifest_free(Manifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Manifest, manifest_free)
size_t manifest_count(const Manifest *manifest);
const struct manifest_row *manifest_get(const Manifest *manifest, size_t index);

/* true if the row has a SHA-256: URL-safe base64, with or without padding, or 64 hex digits. */
bool manifest_row_sha256(const struct manifest_row *row, struct digest *out);
/* true if the row's digest, of whichever algorithm, is this hexadecimal one. */
bool manifest_row_matches_hex(const struct manifest_row *row, const char *hex);

/* Appends `path,sha256=…,size` with CRLF, as Python's csv writer does. digest NULL and size -1
 * leave the columns empty. */
void manifest_append(GString *out, const char *path, const struct digest *digest, int64_t size);
/* The same with the columns as texts, "" for an empty one. */
void manifest_append_text(GString *out, const char *path, const char *digest, const char *size);
