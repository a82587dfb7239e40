/* SPDX-License-Identifier: MIT */
/* Metadata of one file: from the cache, beside the file (PEP 658/714), by range requests from the
 * end of a wheel, or from the whole wheel where a server has no ranges. */
#include "lib/error.h"
#include "lib/fs.h"
#include "resolver/index_private.h"
#include "verify/digest.h"
#include "wheel/zip_tail.h"

#include <string.h>

enum { TAIL = 48 << 10, MAX_METADATA = 16 << 20 };

enum stage { STAGE_BESIDE, STAGE_TAIL, STAGE_LONG_TAIL, STAGE_MEMBER, STAGE_WHOLE };

struct metadata_entry {
	Index *index;
	IndexPage *page; /* of the file */
	const struct index_file *file;
	bool done, unavailable; /* an sdist's metadata has to be built */
	enum stage stage;
	struct zip_member member;
	Metadata *metadata;
	GError *error;
};

void
metadata_entry_free(void *data)
{
	struct metadata_entry *entry = data;
	page_free(entry->page);
	metadata_free(entry->metadata);
	g_clear_error(&entry->error);
	g_free(entry);
}

static char *
cache_path(const struct metadata_entry *entry)
{
	const char *hash = page_text(entry->page, entry->file->hash);
	const char *algorithm = page_text(entry->page, entry->file->hash_name);
	g_autofree char *key =
		hash && algorithm && strcmp(algorithm, "sha256") == 0 && strlen(hash) == 64
			? g_ascii_strdown(hash, -1)
			: g_compute_checksum_for_string(
				  G_CHECKSUM_SHA256, page_text(entry->page, entry->file->url), -1);
	if (!entry->index->cache_dir || strspn(key, "0123456789abcdef") != 64)
		return NULL;
	return g_strdup_printf("%s/metadata-v1/%.2s/%s", entry->index->cache_dir, key, key + 2);
}

static void
finish(struct metadata_entry *entry)
{
	const struct source_listener *listener = &entry->index->listener;
	entry->done = true;
	if (entry->metadata && listener->metadata_ready)
		listener->metadata_ready(listener->user, entry->page, entry->file, entry->metadata);
}

/* Text that came from outside: parsed, and kept if it is good. */
static bool
take_text(struct metadata_entry *entry, const char *text, size_t length)
{
	entry->metadata = metadata_parse(text, length, &entry->error);
	if (!entry->metadata) {
		g_prefix_error(
			&entry->error, "%s: ", page_text(entry->page, entry->file->filename));
		return false;
	}
	g_autofree char *path = entry->file->local ? NULL : cache_path(entry);
	g_autofree char *folder = path ? g_path_get_dirname(path) : NULL;
	if (path && fs_mkdirs(folder, 0700, NULL))
		fs_write_atomic(path, text, length, 0600, false, NULL);
	return true;
}

static void ask(struct metadata_entry *entry, enum stage stage, int64_t start, int64_t end);

static bool
check_hash(struct metadata_entry *entry, const char *bytes, size_t length)
{
	const char *promised = page_text(entry->page, entry->file->metadata_hash);
	struct digest digest;
	char hex[65];
	if (!promised || !g_str_has_prefix(promised, "sha256="))
		return true;
	digest_bytes(bytes, length, &digest);
	digest_to_hex(&digest, hex);
	return g_ascii_strcasecmp(promised + 7, hex) == 0 ||
	       error_set(&entry->error, ERROR_INTEGRITY,
		       "%s.metadata: its SHA-256 is %s, the index promises %s",
		       page_text(entry->page, entry->file->filename), hex, promised + 7);
}

/* A piece of the wheel that reaches to its end. True when there is nothing more to wait for. */
static bool
take_tail(struct metadata_entry *entry, const struct zip_piece *piece)
{
	int64_t from = 0;
	size_t length = 0;
	switch (zip_tail_find(piece, &entry->member, &from, &entry->error)) {
	case ZIP_TAIL_BAD:
		if (entry->stage == STAGE_WHOLE)
			return true;
		g_clear_error(&entry->error);
		ask(entry, STAGE_WHOLE, 0, 0);
		return false;
	case ZIP_TAIL_MORE:
		ask(entry, STAGE_LONG_TAIL, from, 0);
		return false;
	case ZIP_TAIL_FOUND:
		break;
	}
	g_autofree char *text = zip_tail_read(piece, &entry->member, &length, &entry->error);
	if (text) {
		take_text(entry, text, length);
		return true;
	}
	if (entry->error || piece->start == 0)
		return true;
	ask(entry, STAGE_MEMBER, entry->member.offset, entry->member.end - 1);
	return false;
}

static bool
take_answer(struct metadata_entry *entry, const HttpResponse *response)
{
	gsize length = 0;
	const char *bytes = response->body ? g_bytes_get_data(response->body, &length) : "";
	struct zip_piece piece = {(const uint8_t *)bytes, length, response->range_start};
	size_t text_length = 0;
	if (entry->stage == STAGE_BESIDE) {
		if (check_hash(entry, bytes, length))
			take_text(entry, bytes, length);
		return true;
	}
	if (response->status == 200)
		entry->stage = STAGE_WHOLE;
	if (entry->stage != STAGE_MEMBER)
		return take_tail(entry, &piece);
	g_autofree char *text = zip_tail_read(&piece, &entry->member, &text_length, &entry->error);
	if (text)
		take_text(entry, text, text_length);
	else if (!entry->error)
		error_set(&entry->error, ERROR_INVALID_INPUT, "%s: METADATA is cut short",
			page_text(entry->page, entry->file->filename));
	return true;
}

static void
on_answer(HttpResponse *owned, const GError *error, void *user)
{
	struct metadata_entry *entry = user;
	g_autoptr(HttpResponse) response = owned;
	bool over = true;
	if (response) {
		over = take_answer(entry, response);
		if (over && !entry->metadata && !entry->error)
			error_set(&entry->error, ERROR_INVALID_INPUT, "%s: no metadata",
				page_text(entry->page, entry->file->filename));
	} else if (g_error_matches(error, XPIP_ERROR, ERROR_INTERRUPTED)) {
		return;
	} else if (entry->stage == STAGE_BESIDE && entry->file->kind == FILE_WHEEL &&
		   http_error_status(error) == 404) {
		ask(entry, STAGE_TAIL, -TAIL, 0);
		over = false;
	} else if (entry->stage != STAGE_BESIDE && entry->stage != STAGE_WHOLE &&
		   http_error_status(error) != 404) {
		/* A server that dislikes ranges may still hand out the file. */
		ask(entry, STAGE_WHOLE, 0, 0);
		over = false;
	} else {
		entry->error = g_error_copy(error);
	}
	if (over)
		finish(entry);
}

static void
ask(struct metadata_entry *entry, enum stage stage, int64_t start, int64_t end)
{
	const char *url = page_text(entry->page, entry->file->url);
	g_autofree char *beside =
		stage == STAGE_BESIDE ? g_strconcat(url, ".metadata", NULL) : NULL;
	struct http_request request = {.url = beside ? beside : url,
		.cache = HTTP_CACHE_NONE,
		.range_start = start,
		.range_end = end,
		.max_size = beside ? MAX_METADATA : 0,
		.done = on_answer,
		.user = entry,
		.priority = true};
	entry->stage = stage;
	http_get(entry->index->http, &request);
}

static void
read_local(struct metadata_entry *entry)
{
	g_autofree char *path =
		fs_url_to_path(page_text(entry->page, entry->file->url), &entry->error);
	g_autoptr(GMappedFile) file = path ? g_mapped_file_new(path, FALSE, NULL) : NULL;
	if (!file) {
		if (!entry->error)
			error_set(&entry->error, ERROR_IO, "%s: cannot be read", path);
		return;
	}
	struct zip_piece piece = {(const uint8_t *)g_mapped_file_get_contents(file),
		g_mapped_file_get_length(file), 0};
	entry->stage = STAGE_WHOLE;
	if (piece.bytes)
		take_tail(entry, &piece);
	if (!entry->metadata && !entry->error)
		error_set(&entry->error, ERROR_INVALID_INPUT, "%s: not a wheel", path);
	if (entry->error && !strstr(entry->error->message, path))
		g_prefix_error(&entry->error, "%s: ", path);
}

static void
start(struct metadata_entry *entry)
{
	g_autofree char *path = entry->file->local ? NULL : cache_path(entry);
	size_t length = 0;
	bool absent = false;
	g_autofree char *kept = path ? fs_read(path, MAX_METADATA, &length, &absent, NULL) : NULL;
	if (kept)
		entry->metadata = metadata_parse(kept, length, NULL);
	if (entry->metadata) {
		finish(entry);
	} else if (entry->file->has_metadata && !entry->file->local) {
		ask(entry, STAGE_BESIDE, 0, 0);
	} else if (entry->file->kind != FILE_WHEEL) {
		entry->unavailable = true;
		entry->done = true;
	} else if (entry->file->local) {
		read_local(entry);
		finish(entry);
	} else {
		ask(entry, STAGE_TAIL, -TAIL, 0);
	}
}

static struct metadata_entry *
find(Index *index, const IndexPage *page, const struct index_file *file)
{
	const char *url = page_text(page, file->url);
	struct metadata_entry *entry = g_hash_table_lookup(index->metadata, url);
	if (entry)
		return entry;
	entry = g_new0(struct metadata_entry, 1);
	entry->index = index;
	entry->page = page_ref((IndexPage *)(uintptr_t)page);
	entry->file = file;
	g_hash_table_insert(index->metadata, g_strdup(url), entry);
	start(entry);
	return entry;
}

void
index_metadata_prefetch(void *user, const IndexPage *page, const struct index_file *file)
{
	find(user, page, file);
}

const Metadata *
index_metadata(void *user, const IndexPage *page, const struct index_file *file, GError **error)
{
	Index *index = user;
	struct metadata_entry *entry = find(index, page, file);
	while (!entry->done)
		if (!loop_turn(index->loop, -1, error))
			return NULL;
	if (entry->error && error)
		*error = g_error_copy(entry->error);
	return entry->metadata;
}
