/* SPDX-License-Identifier: MIT */
/* Index pages as one block without pointers, kept in a cache and used from a mapping;
 * page_builder.c makes them. */
#include "resolver/page_private.h"

#include <string.h>

/* --- reading ------------------------------------------------------------------------------- */

static const void *
at(const IndexPage *page, uint32_t offset)
{
	return (const char *)page->header + offset;
}

IndexPage *
page_ref(IndexPage *page)
{
	g_atomic_int_inc(&page->references);
	return page;
}

void
page_free(IndexPage *page)
{
	if (!page || !g_atomic_int_dec_and_test(&page->references))
		return;
	g_bytes_unref(page->bytes);
	g_free(page);
}

const char *
page_text(const IndexPage *page, uint32_t offset)
{
	return offset ? at(page, offset) : NULL;
}

const char *
page_name(const IndexPage *page)
{
	return page_text(page, page->header->name);
}

const char *
page_status(const IndexPage *page)
{
	return page->header->status ? page_text(page, page->header->status) : "active";
}

const char *
page_status_reason(const IndexPage *page)
{
	return page_text(page, page->header->status_reason);
}

size_t
page_release_count(const IndexPage *page)
{
	return page->header->release_count;
}

const struct index_release *
page_release(const IndexPage *page, size_t index)
{
	return (const struct index_release *)at(page, page->header->releases_at) + index;
}

const Version *
page_version(const IndexPage *page, size_t index)
{
	return at(page, page_release(page, index)->version);
}

size_t
page_file_count(const IndexPage *page)
{
	return page->header->file_count;
}

const struct index_file *
page_file(const IndexPage *page, size_t index)
{
	return (const struct index_file *)at(page, page->header->files_at) + index;
}

/* --- cache --------------------------------------------------------------------------------- */

GBytes *
page_serialize(const IndexPage *page)
{
	return g_bytes_ref(page->bytes);
}

static bool
text_ok(const struct page_header *header, uint32_t offset, bool optional)
{
	return offset == 0 ? optional : offset >= header->texts_at && offset < header->size;
}

static bool
file_ok(const struct page_header *header, const struct index_file *file)
{
	return text_ok(header, file->filename, false) && text_ok(header, file->url, false) &&
	       text_ok(header, file->requires_python, true) &&
	       text_ok(header, file->yanked, true) && text_ok(header, file->hash_name, true) &&
	       text_ok(header, file->hash, true) && text_ok(header, file->metadata_hash, true) &&
	       text_ok(header, file->source, true) && text_ok(header, file->extra_hashes, true) &&
	       file->kind <= FILE_SDIST;
}

static bool
releases_ok(const struct page_header *header, const char *block)
{
	const struct index_release *releases =
		(const struct index_release *)(const void *)(block + header->releases_at);
	uint32_t next = 0;
	for (uint32_t i = 0; i < header->release_count; i++) {
		if (releases[i].first != next || releases[i].count == 0 ||
			releases[i].count > header->file_count - next ||
			releases[i].version >= header->texts_at ||
			!version_from_block(block + releases[i].version,
				header->texts_at - releases[i].version))
			return false;
		next += releases[i].count;
	}
	return next == header->file_count;
}

IndexPage *
page_from_bytes(GBytes *bytes)
{
	gsize size = 0;
	const char *block = g_bytes_get_data(bytes, &size);
	const struct page_header *header = (const struct page_header *)(const void *)block;
	if (size < sizeof *header || (uintptr_t)block % 8 != 0 ||
		memcmp(header->magic, PAGE_MAGIC, sizeof header->magic) != 0 ||
		header->size != size || header->releases_at != sizeof *header ||
		header->files_at % 8 != 0 || header->texts_at >= size || block[size - 1] != '\0')
		return NULL;
	if (header->release_count > header->texts_at / sizeof(struct index_release) ||
		header->file_count > header->texts_at / sizeof(struct index_file))
		return NULL;
	if (header->releases_at + header->release_count * sizeof(struct index_release) >
			header->files_at ||
		header->files_at + header->file_count * sizeof(struct index_file) >
			header->texts_at)
		return NULL;
	if (!text_ok(header, header->name, false) || !text_ok(header, header->status, true) ||
		!text_ok(header, header->status_reason, true) || !releases_ok(header, block))
		return NULL;
	const struct index_file *files =
		(const struct index_file *)(const void *)(block + header->files_at);
	for (uint32_t i = 0; i < header->file_count; i++)
		if (!file_ok(header, &files[i]))
			return NULL;
	IndexPage *page = g_new0(IndexPage, 1);
	page->references = 1;
	page->bytes = g_bytes_ref(bytes);
	page->header = header;
	return page;
}
