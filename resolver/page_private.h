/* SPDX-License-Identifier: MIT */
/* The layout of a page's block: shared by page.c (reading) and page_builder.c (making). */
#pragma once
#include "resolver/simple.h"

#define PAGE_MAGIC "xpippg04"

struct page_header {
	char magic[8];
	uint32_t size;
	uint32_t release_count, releases_at;
	uint32_t file_count, files_at;
	uint32_t texts_at; /* versions and texts up to the end; the last byte is NUL */
	uint32_t name, status, status_reason;
	uint32_t pad;
};

struct IndexPage {
	gint references;
	GBytes *bytes;
	const struct page_header *header;
};
