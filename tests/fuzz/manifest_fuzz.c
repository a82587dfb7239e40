/* SPDX-License-Identifier: MIT */
/* RECORD: rows that were read can be written and are read again as they were. */
#include "wheel/manifest.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	/* a copy that ends where the input ends, for the sanitizer */
	g_autofree char *bytes = g_memdup2(size ? data : (const uint8_t *)"", size + !size);
	g_autoptr(Manifest) manifest = manifest_parse(bytes, size, &error);
	g_assert(!manifest == !!error);
	if (!manifest)
		return 0;
	g_autoptr(GString) out = g_string_new(NULL);
	for (size_t i = 0; i < manifest_count(manifest); i++) {
		const struct manifest_row *row = manifest_get(manifest, i);
		struct digest digest;
		bool has = manifest_row_sha256(row, &digest);
		g_assert(*row->path);
		if (has) {
			char hex[65];
			digest_to_hex(&digest, hex);
			g_assert(manifest_row_matches_hex(row, hex));
		}
		manifest_append(out, row->path, has ? &digest : NULL, row->size);
	}
	g_autoptr(Manifest) again = manifest_parse(out->str, out->len, &error);
	g_assert_no_error(error);
	g_assert(manifest_count(again) == manifest_count(manifest));
	for (size_t i = 0; i < manifest_count(manifest); i++) {
		const struct manifest_row *a = manifest_get(manifest, i);
		const struct manifest_row *b = manifest_get(again, i);
		g_assert_cmpstr(a->path, ==, b->path);
		g_assert(a->size == b->size);
	}
	return 0;
}
