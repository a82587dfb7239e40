/* SPDX-License-Identifier: MIT */
/* Index pages as one block without pointers: built from links, kept in a cache, used from a
 * mapping. */
#include "lib/error.h"
#include "resolver/simple.h"
#include "wheel/filename.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC "xpippg03"
enum { MAX_FILES = 1000000, MAX_BLOCK = 512 << 20 };

struct header {
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
	const struct header *header;
};

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

/* --- building ------------------------------------------------------------------------------ */

struct entry {
	struct index_file file; /* offsets into `texts`, 1 more than they are: 0 is absent */
	Version *version;
	guint order;
};

struct PageBuilder {
	char *name;
	GString *texts;
	GArray *entries; /* of struct entry */
	uint32_t status, status_reason;
	char *last_source;
	uint32_t last_source_at;
	char *last_version_text; /* links of one version mostly stand together */
	Version *last_version;
	char *last_python;
	uint32_t last_python_at;
};

PageBuilder *
page_builder_new(const char *normalized_name)
{
	PageBuilder *builder = g_new0(PageBuilder, 1);
	builder->name = g_strdup(normalized_name);
	builder->texts = g_string_sized_new(4096);
	builder->entries = g_array_new(FALSE, FALSE, sizeof(struct entry));
	return builder;
}

static uint32_t
put_text(PageBuilder *builder, const char *text)
{
	if (!text)
		return 0;
	uint32_t offset = (uint32_t)builder->texts->len;
	g_string_append_len(builder->texts, text, (gssize)strlen(text) + 1);
	return offset + 1;
}

/* Texts that repeat from link to link are kept once. */
static uint32_t
put_repeated(PageBuilder *builder, const char *text, char **last, uint32_t *last_at)
{
	if (!text)
		return 0;
	if (*last && strcmp(*last, text) == 0)
		return *last_at;
	g_free(*last);
	*last = g_strdup(text);
	*last_at = put_text(builder, text);
	return *last_at;
}

/* Which file this is: its kind and version, or NULL if it is none of this project's. */
static char *
version_of(const PageBuilder *builder, const char *filename, enum index_file_kind *kind)
{
	const char *extension = filename_archive_extension(filename);
	if (!extension)
		return NULL;
	if (strcmp(extension, ".whl") != 0) {
		*kind = FILE_SDIST;
		return filename_sdist_version(filename, builder->name);
	}
	struct wheel_filename wheel;
	if (!filename_parse_wheel(filename, &wheel, NULL))
		return NULL;
	*kind = FILE_WHEEL;
	char *version =
		strcmp(wheel.name, builder->name) == 0 ? g_steal_pointer(&wheel.version) : NULL;
	wheel_filename_clear(&wheel);
	return version;
}

static Version *
parse_version(PageBuilder *builder, const char *text)
{
	if (!builder->last_version_text || strcmp(builder->last_version_text, text) != 0) {
		g_free(builder->last_version_text);
		version_free(builder->last_version);
		builder->last_version_text = g_strdup(text);
		builder->last_version = version_parse_string(text);
	}
	return builder->last_version ? version_copy(builder->last_version) : NULL;
}

/* Better algorithms first. */
static int
hash_strength(const char *hash)
{
	static const char *const names[] = {
		"md5=", "sha1=", "sha224=", "sha384=", "sha512=", "sha256="};
	for (int i = 0; i < (int)G_N_ELEMENTS(names); i++)
		if (g_str_has_prefix(hash, names[i]))
			return i;
	return -1;
}

static void
put_hashes(PageBuilder *builder, struct index_file *file, const char *const *hashes)
{
	int best = -1, best_index = -1;
	g_autoptr(GString) rest = g_string_new(NULL);
	for (int i = 0; hashes && hashes[i]; i++) {
		if (hash_strength(hashes[i]) > best) {
			best = hash_strength(hashes[i]);
			best_index = i;
		}
	}
	for (int i = 0; hashes && hashes[i]; i++)
		if (i != best_index)
			g_string_append_printf(rest, "%s%s", rest->len ? " " : "", hashes[i]);
	if (best_index >= 0) {
		const char *equals = strchr(hashes[best_index], '=');
		g_autofree char *name =
			g_strndup(hashes[best_index], (gsize)(equals - hashes[best_index]));
		file->hash_name = put_text(builder, name);
		file->hash = put_text(builder, equals + 1);
	}
	if (rest->len)
		file->extra_hashes = put_text(builder, rest->str);
}

void
page_builder_add(PageBuilder *builder, const struct page_link *link)
{
	enum index_file_kind kind = FILE_SDIST;
	if (builder->entries->len >= MAX_FILES || builder->texts->len > MAX_BLOCK / 2)
		return;
	g_autofree char *text = version_of(builder, link->filename, &kind);
	Version *version = text ? parse_version(builder, text) : NULL;
	if (!version)
		return;
	struct entry entry = {.version = version, .order = builder->entries->len};
	struct index_file *file = &entry.file;
	file->filename = put_text(builder, link->filename);
	file->url = put_text(builder, link->url);
	file->requires_python = put_repeated(
		builder, link->requires_python, &builder->last_python, &builder->last_python_at);
	file->yanked = put_text(builder, link->yanked);
	file->metadata_hash = put_text(builder, link->metadata_hash);
	file->has_metadata = link->metadata_hash != NULL;
	file->source = put_repeated(
		builder, link->source, &builder->last_source, &builder->last_source_at);
	put_hashes(builder, file, link->hashes);
	file->kind = (uint8_t)kind;
	file->local = g_ascii_strncasecmp(link->url, "file:", 5) == 0;
	file->size = link->size;
	file->upload_time = link->upload_time;
	g_array_append_val(builder->entries, entry);
}

void
page_builder_add_page(PageBuilder *builder, const IndexPage *page)
{
	for (size_t i = 0; i < page_release_count(page); i++) {
		const struct index_release *release = page_release(page, i);
		for (uint32_t k = 0; k < release->count; k++) {
			const struct index_file *from = page_file(page, release->first + k);
			struct entry entry = {.file = *from,
				.version = version_copy(page_version(page, i)),
				.order = builder->entries->len};
			uint32_t *texts[] = {&entry.file.filename, &entry.file.url,
				&entry.file.requires_python, &entry.file.yanked,
				&entry.file.hash_name, &entry.file.hash, &entry.file.metadata_hash,
				&entry.file.source, &entry.file.extra_hashes};
			for (size_t t = 0; t < G_N_ELEMENTS(texts); t++)
				*texts[t] = put_text(builder, page_text(page, *texts[t]));
			g_array_append_val(builder->entries, entry);
		}
	}
	if (page->header->status)
		page_builder_status(builder, page_status(page), page_status_reason(page));
}

void
page_builder_status(PageBuilder *builder, const char *status, const char *reason)
{
	builder->status = put_text(builder, status);
	builder->status_reason = put_text(builder, reason);
}

static int
compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = version_compare(y->version, x->version);
	return order ? order : (x->order < y->order ? -1 : 1);
}

static size_t
padded(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

/* Lays out header, releases, files, versions, texts. */
static IndexPage *
layout(PageBuilder *builder)
{
	GArray *entries = builder->entries;
	size_t releases = 0, versions = 0;
	for (guint i = 0; i < entries->len; i++) {
		struct entry *entry = &g_array_index(entries, struct entry, i);
		if (i > 0 && version_compare(entry[-1].version, entry->version) == 0)
			continue;
		releases++;
		versions += version_size(entry->version);
	}
	uint32_t name = put_text(builder, builder->name);
	size_t releases_at = sizeof(struct header);
	size_t files_at = padded(releases_at + releases * sizeof(struct index_release));
	size_t versions_at = files_at + entries->len * sizeof(struct index_file);
	size_t texts_at = versions_at + versions;
	size_t size = texts_at + builder->texts->len + 1;
	char *block = g_malloc0(size);
	struct header *header = (struct header *)(void *)block;
	memcpy(header->magic, MAGIC, sizeof header->magic);
	header->size = (uint32_t)size;
	header->release_count = (uint32_t)releases;
	header->releases_at = (uint32_t)releases_at;
	header->file_count = entries->len;
	header->files_at = (uint32_t)files_at;
	header->texts_at = (uint32_t)texts_at;
#define MOVED(offset) ((offset) ? (uint32_t)texts_at + (offset)-1 : 0)
	header->name = MOVED(name);
	header->status = MOVED(builder->status);
	header->status_reason = MOVED(builder->status_reason);
	struct index_release *release = (struct index_release *)(void *)(block + releases_at) - 1;
	struct index_file *files = (struct index_file *)(void *)(block + files_at);
	for (guint i = 0; i < entries->len; i++) {
		struct entry *entry = &g_array_index(entries, struct entry, i);
		if (i == 0 || version_compare(entry[-1].version, entry->version) != 0) {
			*++release = (struct index_release){
				.version = (uint32_t)versions_at, .first = i};
			memcpy(block + versions_at, entry->version, version_size(entry->version));
			versions_at += version_size(entry->version);
		}
		release->count++;
		files[i] = entry->file;
		uint32_t *texts[] = {&files[i].filename, &files[i].url, &files[i].requires_python,
			&files[i].yanked, &files[i].hash_name, &files[i].hash,
			&files[i].metadata_hash, &files[i].source, &files[i].extra_hashes};
		for (size_t t = 0; t < G_N_ELEMENTS(texts); t++)
			*texts[t] = MOVED(*texts[t]);
	}
#undef MOVED
	memcpy(block + texts_at, builder->texts->str, builder->texts->len);
	IndexPage *page = g_new0(IndexPage, 1);
	page->references = 1;
	page->bytes = g_bytes_new_take(block, size);
	page->header = (const struct header *)(const void *)block;
	return page;
}

IndexPage *
page_builder_finish(PageBuilder *builder)
{
	qsort(builder->entries->data, builder->entries->len, sizeof(struct entry), compare_entries);
	IndexPage *page = layout(builder);
	for (guint i = 0; i < builder->entries->len; i++)
		version_free(g_array_index(builder->entries, struct entry, i).version);
	g_array_unref(builder->entries);
	g_string_free(builder->texts, TRUE);
	g_free(builder->name);
	g_free(builder->last_source);
	g_free(builder->last_python);
	g_free(builder->last_version_text);
	version_free(builder->last_version);
	g_free(builder);
	return page;
}

/* --- cache --------------------------------------------------------------------------------- */

GBytes *
page_serialize(const IndexPage *page)
{
	return g_bytes_ref(page->bytes);
}

static bool
text_ok(const struct header *header, uint32_t offset, bool optional)
{
	return offset == 0 ? optional : offset >= header->texts_at && offset < header->size;
}

static bool
file_ok(const struct header *header, const struct index_file *file)
{
	return text_ok(header, file->filename, false) && text_ok(header, file->url, false) &&
	       text_ok(header, file->requires_python, true) &&
	       text_ok(header, file->yanked, true) && text_ok(header, file->hash_name, true) &&
	       text_ok(header, file->hash, true) && text_ok(header, file->metadata_hash, true) &&
	       text_ok(header, file->source, true) && text_ok(header, file->extra_hashes, true) &&
	       file->kind <= FILE_SDIST;
}

static bool
releases_ok(const struct header *header, const char *block)
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
	const struct header *header = (const struct header *)(const void *)block;
	if (size < sizeof *header || (uintptr_t)block % 8 != 0 ||
		memcmp(header->magic, MAGIC, sizeof header->magic) != 0 || header->size != size ||
		header->releases_at != sizeof *header || header->files_at % 8 != 0 ||
		header->texts_at >= size || block[size - 1] != '\0')
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
