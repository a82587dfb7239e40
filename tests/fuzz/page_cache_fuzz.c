/* SPDX-License-Identifier: MIT */
/* A block of the parsed-page cache: damaged ones are refused, or safe to use. */
#include "resolver/simple.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
walk(const IndexPage *page)
{
	size_t sum = strlen(page_name(page)) + strlen(page_status(page));
	for (size_t i = 0; i < page_release_count(page); i++) {
		const struct index_release *release = page_release(page, i);
		sum += strlen(version_text(page_version(page, i)));
		if (i > 0)
			sum += version_compare(page_version(page, i - 1), page_version(page, i)) >
			       0;
		for (uint32_t k = 0; k < release->count; k++) {
			const struct index_file *f = page_file(page, release->first + k);
			const uint32_t texts[] = {f->filename, f->url, f->requires_python,
				f->yanked, f->hash_name, f->hash, f->metadata_hash, f->source,
				f->extra_hashes};
			for (size_t t = 0; t < G_N_ELEMENTS(texts); t++)
				sum += texts[t] ? strlen(page_text(page, texts[t])) : 0;
		}
	}
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) block = g_bytes_new(data, size);
	g_autoptr(IndexPage) page = page_from_bytes(block);
	if (page) {
		walk(page);
		PageBuilder *builder = page_builder_new("foo");
		page_builder_add_page(builder, page);
		g_autoptr(IndexPage) copy = page_builder_finish(builder);
		walk(copy);
	}
	return 0;
}
