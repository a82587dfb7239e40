/* SPDX-License-Identifier: MIT */
#include "wheel/archive.h"
#include "lib/error.h"
#include "lib/load.h"
#include "wheel/archive_private.h"
#include "wheel/zip.h"

#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <string.h>

enum { STREAM_STEP = 256 << 10 }; /* fits the second level cache */
#define MAX_TEXT ((int64_t)64 << 20)

struct ArchiveReader {
	const Archive *archive;
	struct libdeflate_decompressor *decompressor; /* made at first use */
	ArchiveScratch input;
	uint8_t *output;
	size_t room;
};

void
archive_free(Archive *archive)
{
	if (!archive)
		return;
	for (size_t i = 0; i < archive->count; i++)
		g_free(archive->members[i].path);
	g_free(archive->members);
	g_clear_pointer(&archive->folders, g_ptr_array_unref);
	g_free(archive->dist_info);
	g_free(archive);
}

static int
compare_paths(const void *a, const void *b)
{
	return strcmp(
		((const struct archive_member *)a)->path, ((const struct archive_member *)b)->path);
}

static int
compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Collects the folders of all members. They are sorted by name: a parent comes before what it
 * holds. Neighbours in the list mostly share theirs, which saves look-ups. */
static void
collect_folders(Archive *archive)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	archive->folders = g_ptr_array_new_with_free_func(g_free);
	size_t known = 0; /* length of the previous member's folder */
	const char *previous = "";
	for (size_t i = 0; i < archive->count; i++) {
		const char *path = archive->members[i].path;
		const char *slash = strrchr(path, '/');
		size_t length = slash ? (size_t)(slash - path) : 0;
		if (length == known && strncmp(path, previous, length) == 0)
			continue;
		previous = path;
		known = length;
		for (; length > 0; length = slash ? (size_t)(slash - path) : 0) {
			g_autofree char *folder = g_strndup(path, length);
			if (g_hash_table_contains(seen, folder))
				break;
			g_hash_table_add(seen, folder);
			g_ptr_array_add(archive->folders, g_steal_pointer(&folder));
			slash = memrchr(path, '/', length);
		}
	}
	g_ptr_array_sort(archive->folders, compare_strings);
}

static bool
check_names(Archive *archive, GError **error)
{
	qsort(archive->members, archive->count, sizeof *archive->members, compare_paths);
	for (size_t i = 1; i < archive->count; i++)
		if (strcmp(archive->members[i - 1].path, archive->members[i].path) == 0)
			return error_set(error, ERROR_INVALID_INPUT, "two entries are named %s",
				archive->members[i].path);
	collect_folders(archive);
	for (size_t i = 0; i < archive->folders->len; i++)
		if (archive_find(archive, archive->folders->pdata[i], NULL))
			return error_set(error, ERROR_INVALID_INPUT,
				"%s is both a file and a folder",
				(char *)archive->folders->pdata[i]);
	return true;
}

Archive *
archive_open(const struct archive_source *source, const char *filename, GPtrArray *warnings,
	GError **error)
{
	g_autoptr(Archive) archive = g_new0(Archive, 1);
	archive->source = *source;
	if (!archive_zip_parse(archive, error) || !check_names(archive, error) ||
		!archive_layout_check(archive, filename, warnings, error))
		return NULL;
	return g_steal_pointer(&archive);
}

size_t
archive_count(const Archive *archive)
{
	return archive->count;
}

const struct archive_member *
archive_get(const Archive *archive, size_t index)
{
	return &archive->members[index];
}

bool
archive_find(const Archive *archive, const char *path, size_t *index)
{
	struct archive_member key = {.path = (char *)(uintptr_t)path};
	const struct archive_member *found = bsearch(
		&key, archive->members, archive->count, sizeof *archive->members, compare_paths);
	if (found && index)
		*index = (size_t)(found - archive->members);
	return found != NULL;
}

size_t
archive_folder_count(const Archive *archive)
{
	return archive->folders->len;
}

const char *
archive_folder(const Archive *archive, size_t index)
{
	return archive->folders->pdata[index];
}

const char *
archive_dist_info(const Archive *archive)
{
	return archive->dist_info;
}

int64_t
archive_total(const Archive *archive)
{
	return archive->total;
}

ArchiveReader *
archive_reader_new(const Archive *archive)
{
	ArchiveReader *reader = g_new0(ArchiveReader, 1);
	reader->archive = archive;
	return reader;
}

const Archive *
archive_reader_archive(const ArchiveReader *reader)
{
	return reader->archive;
}

void
archive_reader_free(ArchiveReader *reader)
{
	if (!reader)
		return;
	if (reader->decompressor)
		libdeflate_free_decompressor(reader->decompressor);
	archive_scratch_clear(&reader->input);
	g_free(reader->output);
	g_free(reader);
}

/* The whole member in memory; borrowed until the next call. */
static const uint8_t *
read_at_once(ArchiveReader *reader, const struct archive_member *member, GError **error)
{
	struct zip_data data = {NULL, (size_t)member->compressed, (size_t)member->size, member->crc,
		member->method};
	data.bytes = archive_bytes_at(
		&reader->archive->source, member->data, data.compressed, &reader->input, error);
	if (!data.bytes)
		return NULL;
	if (reader->room < data.size + 1) {
		g_free(reader->output);
		reader->room = MAX(data.size + 1, (size_t)64 << 10);
		reader->output = g_malloc(reader->room);
	}
	if (!reader->decompressor)
		reader->decompressor = libdeflate_alloc_decompressor();
	return zip_inflate(reader->decompressor, &data, reader->output, error) ? reader->output
									       : NULL;
}

struct stream {
	int64_t size; /* bytes handed over */
	uint32_t crc;
	archive_take_fn take;
	void *user;
};

static bool
hand_over(struct stream *stream, const void *bytes, size_t length, GError **error)
{
	stream->size += (int64_t)length;
	stream->crc = libdeflate_crc32(stream->crc, bytes, length);
	return stream->take(stream->user, bytes, length, error);
}

/* --- large members --------------------------------------------------------------------------- */

/* ISA-L inflates by pieces, and faster than libdeflate does at once: what a member costs in memory
 * does not depend on its size. */
struct isal {
	__typeof__(&isal_inflate_init) start;
	__typeof__(&isal_inflate) inflate;
};

static bool
load_isal(struct isal *isal, GError **error)
{
	void *library = load_library("libisal.so.2", "libisal2", error);
	return library && load_symbol(library, "isal_inflate_init", &isal->start, error) &&
	       load_symbol(library, "isal_inflate", &isal->inflate, error);
}

/* Inflates what is in state->next_in; false with `error` set or not (bad data). */
static bool
inflate_piece(ArchiveReader *reader, const struct isal *isal, struct inflate_state *state,
	const struct archive_member *member, struct stream *stream, GError **error)
{
	do {
		state->next_out = reader->output;
		state->avail_out = STREAM_STEP;
		if (isal->inflate(state) != ISAL_DECOMP_OK)
			return false;
		size_t made = STREAM_STEP - state->avail_out;
		if ((int64_t)made > member->size - stream->size)
			return false;
		if (made && !hand_over(stream, reader->output, made, error))
			return false;
	} while (state->avail_out == 0 && state->block_state != ISAL_BLOCK_FINISH);
	return true;
}

static bool
inflate_member(ArchiveReader *reader, const struct archive_member *member, struct stream *stream,
	GError **error)
{
	struct isal isal;
	if (!load_isal(&isal, error))
		return false;
	g_autofree struct inflate_state *state = g_new(struct inflate_state, 1);
	isal.start(state);
	for (int64_t at = 0; at < member->compressed;) {
		size_t step = (size_t)MIN(member->compressed - at, (int64_t)STREAM_STEP);
		const uint8_t *bytes = archive_bytes_at(
			&reader->archive->source, member->data + at, step, &reader->input, error);
		if (!bytes || state->block_state == ISAL_BLOCK_FINISH)
			return false; /* nor may data follow the end of the stream */
		at += (int64_t)step;
		state->next_in = (uint8_t *)(uintptr_t)bytes;
		state->avail_in = (uint32_t)step;
		if (!inflate_piece(reader, &isal, state, member, stream, error))
			return false;
	}
	return state->block_state == ISAL_BLOCK_FINISH && state->avail_in == 0 &&
	       state->read_in_length < 8;
}

static bool
copy_member(ArchiveReader *reader, const struct archive_member *member, struct stream *stream,
	GError **error)
{
	for (int64_t at = 0; at < member->compressed;) {
		size_t step = (size_t)MIN(member->compressed - at, (int64_t)STREAM_STEP);
		const uint8_t *bytes = archive_bytes_at(
			&reader->archive->source, member->data + at, step, &reader->input, error);
		if (!bytes || !hand_over(stream, bytes, step, error))
			return false;
		at += (int64_t)step;
	}
	return true;
}

static bool
read_by_pieces(ArchiveReader *reader, const struct archive_member *member, struct stream *stream,
	GError **error)
{
	GError *why = NULL;
	if (reader->room < STREAM_STEP) {
		g_free(reader->output);
		reader->room = STREAM_STEP;
		reader->output = g_malloc(reader->room);
	}
	bool ok = member->method == ZIP_STORED ? copy_member(reader, member, stream, &why)
					       : inflate_member(reader, member, stream, &why);
	if (why) {
		g_propagate_error(error, why);
		return false;
	}
	if (!ok || stream->size != member->size)
		return error_set(error, ERROR_INVALID_INPUT, "it cannot be inflated");
	if (stream->crc != member->crc)
		return error_set(error, ERROR_INTEGRITY, "its checksum (CRC-32) differs");
	return true;
}

static bool
read_member(ArchiveReader *reader, const struct archive_member *member, archive_take_fn take,
	void *user, GError **error)
{
	if (member->size <= STREAM_STEP && member->compressed <= STREAM_STEP) {
		const uint8_t *bytes = read_at_once(reader, member, error);
		return bytes && take(user, bytes, (size_t)member->size, error);
	}
	struct stream stream = {.take = take, .user = user};
	return read_by_pieces(reader, member, &stream, error);
}

bool
archive_read(ArchiveReader *reader, size_t index, archive_take_fn take, void *user, GError **error)
{
	const struct archive_member *member = &reader->archive->members[index];
	GError *inner = NULL;
	if (read_member(reader, member, take, user, &inner))
		return true;
	g_propagate_prefixed_error(error, inner, "entry %s: ", member->path);
	return false;
}

char *
archive_text(ArchiveReader *reader, size_t index, size_t limit, size_t *length, GError **error)
{
	const struct archive_member *member = &reader->archive->members[index];
	if ((uint64_t)member->size > MIN(limit, (uint64_t)MAX_TEXT) ||
		member->compressed > MAX_TEXT) {
		error_set(error, ERROR_INVALID_INPUT, "entry %s is too large", member->path);
		return NULL;
	}
	const uint8_t *bytes = read_at_once(reader, member, error);
	if (!bytes) {
		g_prefix_error(error, "entry %s: ", member->path);
		return NULL;
	}
	char *text = g_malloc((size_t)member->size + 1);
	memcpy(text, bytes, (size_t)member->size);
	text[member->size] = '\0';
	if (length)
		*length = (size_t)member->size;
	return text;
}
