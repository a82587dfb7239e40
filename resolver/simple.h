/* SPDX-License-Identifier: MIT */
/* One project's page of an index: files with their attributes, grouped by version, newest first. */
#pragma once
#include "resolver/version.h"

enum index_file_kind { FILE_WHEEL, FILE_SDIST };

/* Texts are offsets into the page's block (0 = absent): a page can be used from a mapped cache. */
struct index_file {
	uint32_t filename, url; /* url is absolute, fragment removed */
	uint32_t requires_python;
	uint32_t yanked;	  /* the reason, may be an empty text; 0 = not yanked */
	uint32_t hash_name, hash; /* the strongest hash given: "sha256", hex */
	uint32_t metadata_hash; /* PEP 658/714: "sha256=…" or an empty text if no hash was given */
	uint32_t source;	/* where the link was found: page URL or find-links place */
	uint32_t extra_hashes;	/* "md5=… sha1=…": all others, or 0 */
	uint8_t kind;		/* enum index_file_kind */
	uint8_t has_metadata;	/* core-metadata is announced */
	uint8_t local;		/* a file:// link */
	uint8_t pad;
	int64_t size;	     /* bytes, -1 unknown */
	int64_t upload_time; /* microseconds since 1970, INT64_MIN unknown */
};

struct index_release {
	uint32_t version;      /* offset of a Version block */
	uint32_t first, count; /* files */
};

typedef struct IndexPage IndexPage; /* immutable, reference counted */

IndexPage *page_ref(IndexPage *page);
void page_free(IndexPage *page); /* unref */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IndexPage, page_free)

const char *page_name(const IndexPage *page);	/* normalised project name */
const char *page_status(const IndexPage *page); /* PEP 792: "active", "archived", "quarantined"… */
const char *page_status_reason(const IndexPage *page); /* or NULL */
size_t page_release_count(const IndexPage *page);      /* newest first */
const struct index_release *page_release(const IndexPage *page, size_t index);
const Version *page_version(const IndexPage *page, size_t index);
const struct index_file *page_file(const IndexPage *page, size_t index);
size_t page_file_count(const IndexPage *page);
const char *page_text(const IndexPage *page, uint32_t offset); /* NULL for offset 0 */

/* Building: files are given in any order, links that are no distribution of `name` are skipped. */
struct page_link {
	const char *filename, *url, *requires_python, *yanked /* NULL: not */, *source;
	const char *metadata_hash; /* NULL: no metadata announced; "" or "sha256=…" */
	const char *const *hashes; /* "sha256=…", NULL-terminated, or NULL */
	const char *sha256;	   /* hex: the quick way, if there is no other hash; or NULL */
	int64_t size, upload_time;
};
typedef struct PageBuilder PageBuilder;
PageBuilder *page_builder_new(const char *normalized_name);
void page_builder_add(PageBuilder *builder, const struct page_link *link);
void page_builder_add_page(PageBuilder *builder, const IndexPage *page); /* merging indexes */
void page_builder_status(PageBuilder *builder, const char *status, const char *reason);
IndexPage *page_builder_finish(PageBuilder *builder); /* frees the builder */

/* PEP 691/700/714/792 JSON and PEP 503/592/658 HTML pages. base_url: after redirects. HTML takes
 * the transport's charset. ERROR_INVALID_INPUT. API version: major > 1 is an error (PEP 629). */
bool simple_parse_json(PageBuilder *builder, const char *bytes, size_t length, const char *base_url,
	GError **error);
bool simple_parse_html(PageBuilder *builder, const char *bytes, size_t length, const char *base_url,
	const char *charset, GError **error);

/* The block of a page as it is kept in the parsed-page cache, and back (checked; NULL if damaged).
 */
GBytes *page_serialize(const IndexPage *page);
IndexPage *page_from_bytes(GBytes *bytes);
