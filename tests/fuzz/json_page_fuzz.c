/* SPDX-License-Identifier: MIT */
/* A project page as JSON (PEP 691), then the block that the cache keeps. */
#include "resolver/simple.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char base[] = "https://index.example/simple/foo-bar/";
	PageBuilder *builder = page_builder_new("foo-bar");
	simple_parse_json(builder, (const char *)data, size, base, NULL);
	g_autoptr(IndexPage) page = page_builder_finish(builder);
	g_autoptr(GBytes) block = page_serialize(page);
	g_autoptr(IndexPage) again = page_from_bytes(block);
	g_assert(again && page_file_count(again) == page_file_count(page));
	return 0;
}
