/* SPDX-License-Identifier: MIT */
/* Metadata of one file: from the cache, beside the file (PEP 658/714), by range requests from the
 * end of a wheel, or from the whole wheel where a server has no ranges. */
#include "lib/error.h"
#include "lib/fs.h"
#include "resolver/index_private.h"
#include "resolver/shelf.h"
#include "wheel/zip_tail.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
	TAIL = 32 << 10,	 /* from the end of a project's first wheel: enough for most */
	TAIL_MAX = 2 << 20,	 /* from that of a later one */
	MEMBER_NEAR = 256 << 10, /* METADATA this close to the directory is fetched with it */
	MAX_METADATA = 16 << 20,
	SPILL = 4 << 20,      /* a whole file larger than this goes to disk */
	MAX_PIECE = 64 << 20, /* of a part of a file, in memory */
};
#define MAX_WHOLE ((int64_t)16 << 30)

enum stage { STAGE_BESIDE, STAGE_TAIL, STAGE_LONG_TAIL, STAGE_MEMBER, STAGE_WHOLE };

struct metadata_entry {
	Index *index;
	IndexPage *page; /* of the file */
	const struct index_file *file;
	bool done, unavailable; /* an sdist's metadata has to be built */
	enum stage stage;
	unsigned transfer; /* that runs, or 0 */
	struct zip_member member;
	GByteArray *body; /* of the answer that is coming in, from `body_at` of the file */
	int64_t body_at;
	int spill; /* descriptor of a nameless file that takes it instead, or -1 */
	Metadata *metadata;
	GError *error;
};

void
metadata_entry_free(void *data)
{
	struct metadata_entry *entry = data;
	http_cancel(entry->index->http, entry->transfer);
	page_free(entry->page);
	if (entry->body)
		g_byte_array_unref(entry->body);
	if (entry->spill >= 0)
		close(entry->spill);
	metadata_free(entry->metadata);
	g_clear_error(&entry->error);
	g_free(entry);
}

/* Where metadata of the file's project is kept; NULL: nowhere. */
static Shelf *
shelf_of(const struct metadata_entry *entry)
{
	Index *index = entry->index;
	const char *name = page_name(entry->page);
	if (!index->cache_dir || entry->file->local)
		return NULL;
	Shelf *shelf = g_hash_table_lookup(index->shelves, name);
	if (!shelf) {
		shelf = shelf_open(index->cache_dir, name);
		g_hash_table_insert(index->shelves, g_strdup(name), shelf);
	}
	return shelf;
}

/* Kept under the file's URL and hash: one index cannot speak for another's file, and a file that
 * was replaced is another one. */
static void
make_key(const struct metadata_entry *entry, struct digest *key)
{
	const char *hash = page_text(entry->page, entry->file->hash);
	g_autofree char *name =
		g_strconcat(page_text(entry->page, entry->file->url), "\n", hash ? hash : "", NULL);
	digest_bytes(name, strlen(name), key);
}

static void
finish(struct metadata_entry *entry)
{
	const struct source_listener *listener = &entry->index->listener;
	const char *filename = page_text(entry->page, entry->file->filename);
	entry->done = true;
	if (entry->error && !strstr(entry->error->message, filename))
		g_prefix_error(&entry->error, "%s: ", filename);
	if (entry->metadata && listener->metadata_ready)
		listener->metadata_ready(listener->user, entry->page, entry->file, entry->metadata);
}

/* Text that came from outside: parsed, and kept if it is good. */
static bool
take_text(struct metadata_entry *entry, const char *text, size_t length)
{
	entry->metadata = metadata_parse(text, length, &entry->error);
	if (!entry->metadata)
		return false;
	Shelf *shelf = shelf_of(entry);
	struct digest key;
	if (shelf) {
		make_key(entry, &key);
		shelf_put(shelf, &key, text, length);
	}
	return true;
}

static void ask(struct metadata_entry *entry, enum stage stage, int64_t start, int64_t end);
static void ask_tail(struct metadata_entry *entry);

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

/* Wheels of a project resemble each other: what one took is asked of the next at once. */
static int64_t
tail_length(const struct metadata_entry *entry)
{
	const char *name = page_name(entry->page);
	int last = GPOINTER_TO_INT(g_hash_table_lookup(entry->index->tails, name));
	return last > 0 ? last + last / 16 + 2048 : TAIL;
}

static void
note_tail(const struct metadata_entry *entry, int64_t end)
{
	const struct zip_member *member = &entry->member;
	bool near = member->directory - member->offset <= MEMBER_NEAR;
	int64_t length = end - (near ? member->offset : member->directory);
	if (length > 0 && length <= TAIL_MAX)
		g_hash_table_replace(entry->index->tails, g_strdup(page_name(entry->page)),
			GINT_TO_POINTER((int)length));
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
		/* METADATA commonly stands right before the directory. */
		ask(entry, STAGE_LONG_TAIL, MAX(from - TAIL, 1), 0);
		return false;
	case ZIP_TAIL_FOUND:
		note_tail(entry, piece->start + (int64_t)piece->length);
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

/* --- what comes in ------------------------------------------------------------------------- */

static void
drop_body(struct metadata_entry *entry)
{
	g_clear_pointer(&entry->body, g_byte_array_unref);
	if (entry->spill >= 0)
		close(entry->spill);
	entry->spill = -1;
}

/* A file that became too large for memory. */
static bool
begin_spill(struct metadata_entry *entry, GError **error)
{
	const char *folder = g_get_tmp_dir();
	entry->spill = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (entry->spill < 0)
		return error_set_errno(error, errno, "making a temporary file in %s", folder);
	return fs_write_all(entry->spill, entry->body->data, entry->body->len, error);
}

static bool
on_bytes(const void *bytes, size_t length, int64_t at, void *user, GError **error)
{
	struct metadata_entry *entry = user;
	/* A retry may begin again. */
	if (!entry->body || at < entry->body_at ||
		(entry->spill < 0 && at > entry->body_at + (int64_t)entry->body->len)) {
		drop_body(entry);
		entry->body = g_byte_array_new();
		entry->body_at = at;
	}
	size_t limit = entry->body_at ? MAX_PIECE : SPILL;
	if (entry->spill < 0 && entry->body->len + length <= limit) {
		g_byte_array_set_size(entry->body, (guint)(at - entry->body_at));
		g_byte_array_append(entry->body, bytes, (guint)length);
		return true;
	}
	if (entry->body_at != 0)
		return error_set(error, ERROR_INVALID_INPUT, "the directory is too large");
	if (entry->spill < 0 && !begin_spill(entry, error))
		return false;
	if (lseek(entry->spill, (off_t)at, SEEK_SET) < 0 || ftruncate(entry->spill, (off_t)at) != 0)
		return error_set_errno(error, errno, "writing a temporary file");
	return fs_write_all(entry->spill, bytes, length, error);
}

/* The answer's bytes; NULL for none. */
static GBytes *
take_body(struct metadata_entry *entry)
{
	GBytes *bytes = NULL;
	if (entry->spill >= 0) {
		g_autoptr(GMappedFile) file = g_mapped_file_new_from_fd(entry->spill, FALSE, NULL);
		bytes = file ? g_mapped_file_get_bytes(file) : NULL;
	} else if (entry->body) {
		bytes = g_byte_array_free_to_bytes(g_steal_pointer(&entry->body));
	}
	drop_body(entry);
	return bytes ? bytes : g_bytes_new(NULL, 0);
}

static bool
take_answer(struct metadata_entry *entry, const HttpResponse *response)
{
	g_autoptr(GBytes) body = take_body(entry);
	gsize length = 0;
	const char *bytes = g_bytes_get_data(body, &length);
	struct zip_piece piece = {(const uint8_t *)bytes, length, response->range_start};
	size_t text_length = 0;
	if (entry->stage == STAGE_BESIDE) {
		if (check_hash(entry, bytes ? bytes : "", length))
			take_text(entry, bytes ? bytes : "", length);
		return true;
	}
	bool whole = response->range_start == 0 &&
		     (response->status == 200 || response->total == (int64_t)length);
	if (whole) {
		entry->stage = STAGE_WHOLE;
		http_keep_whole(entry->index->http, page_text(entry->page, entry->file->url), body);
	}
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

/* What to do instead; true if there is nothing. */
static bool
take_failure(struct metadata_entry *entry, const GError *error)
{
	bool beside = entry->stage == STAGE_BESIDE, wheel = entry->file->kind == FILE_WHEEL;
	long status = http_error_status(error);
	if (beside && status && wheel) {
		/* Announced, but not there. */
		ask_tail(entry);
		return false;
	}
	if (beside && status) {
		entry->unavailable = true; /* an sdist: building tells */
		return true;
	}
	if (!beside && entry->stage != STAGE_WHOLE && status != 404) {
		/* A server that dislikes ranges may still hand out the file. */
		ask(entry, STAGE_WHOLE, 0, 0);
		return false;
	}
	entry->error = g_error_copy(error);
	return true;
}

static void
on_answer(HttpResponse *owned, const GError *error, void *user)
{
	struct metadata_entry *entry = user;
	g_autoptr(HttpResponse) response = owned;
	bool over;
	entry->transfer = 0;
	if (g_error_matches(error, XPIP_ERROR, ERROR_INTERRUPTED))
		return;
	if (response)
		over = take_answer(entry, response);
	else
		over = take_failure(entry, error);
	if (over && !entry->metadata && !entry->error && !entry->unavailable)
		error_set(&entry->error, ERROR_INVALID_INPUT, "%s: no metadata",
			page_text(entry->page, entry->file->filename));
	if (over)
		finish(entry);
}

/* --- asking -------------------------------------------------------------------------------- */

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
		.max_size = beside ? MAX_METADATA : MAX_WHOLE,
		.sink = on_bytes,
		.done = on_answer,
		.user = entry,
		.priority = true};
	entry->stage = stage;
	drop_body(entry);
	entry->transfer = http_get(entry->index->http, &request);
}

/* By numbers if the size is known: more servers understand these than `bytes=-N`. */
static void
ask_tail(struct metadata_entry *entry)
{
	int64_t size = entry->file->size, tail = tail_length(entry);
	if (size > 0)
		ask(entry, STAGE_TAIL, MAX(size - tail, 0), size - 1);
	else
		ask(entry, STAGE_TAIL, -tail, 0);
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
	Shelf *shelf = shelf_of(entry);
	struct digest key;
	size_t length = 0;
	if (shelf)
		make_key(entry, &key);
	const char *kept = shelf ? shelf_get(shelf, &key, &length) : NULL;
	if (kept)
		entry->metadata = metadata_parse(kept, length, NULL);
	if (entry->metadata) {
		finish(entry);
	} else if (entry->file->has_metadata && !entry->file->local) {
		ask(entry, STAGE_BESIDE, 0, 0);
	} else if (entry->file->kind != FILE_WHEEL) {
		entry->unavailable = true;
		finish(entry);
	} else if (entry->file->local) {
		read_local(entry);
		finish(entry);
	} else {
		ask_tail(entry);
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
	entry->spill = -1;
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
