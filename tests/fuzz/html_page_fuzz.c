/* SPDX-License-Identifier: MIT */
/* A project page as HTML (PEP 503). The first byte chooses the transport's charset. */
#include "resolver/simple.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const charsets[] = {NULL, "utf-8", "iso-8859-1", "utf-16", "utf-7"};
	static const char base[] = "https://index.example/simple/foo-bar/";
	if (size == 0)
		return 0;
	PageBuilder *builder = page_builder_new("foo-bar");
	simple_parse_html(builder, (const char *)data + 1, size - 1, base,
		charsets[data[0] % G_N_ELEMENTS(charsets)], NULL);
	g_autoptr(IndexPage) page = page_builder_finish(builder);
	g_autoptr(GBytes) block = page_serialize(page);
	g_autoptr(IndexPage) again = page_from_bytes(block);
	g_assert(again && page_file_count(again) == page_file_count(page));
	return 0;
}
