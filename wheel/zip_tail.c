/* SPDX-License-Identifier: MIT */
#include "wheel/zip_tail.h"
#include "lib/error.h"

#include <libdeflate.h>
#include <string.h>

enum {
	END_SIZE = 22,
	ENTRY_SIZE = 46,
	LOCAL_SIZE = 30,
	MAX_METADATA = 16 << 20,
	LOCAL_SLACK = 1024, /* the local header's extra field may differ from the directory's */
};

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) | (uint32_t)get16(p + 2) << 16;
}

static const uint8_t *
find_end(const struct zip_piece *tail)
{
	for (size_t back = END_SIZE; back <= tail->length && back <= END_SIZE + 65535; back++) {
		const uint8_t *p = tail->bytes + tail->length - back;
		if (get32(p) == 0x06054b50 && get16(p + 20) == back - END_SIZE)
			return p;
	}
	return NULL;
}

/* `NAME.dist-info/METADATA`, at the root. */
static bool
is_metadata(const char *name, size_t length)
{
	static const char suffix[] = ".dist-info/METADATA";
	size_t size = sizeof suffix - 1;
	return length > size && memcmp(name + length - size, suffix, size) == 0 &&
	       !memchr(name, '/', length - size);
}

enum zip_tail
zip_tail_find(
	const struct zip_piece *tail, struct zip_member *member, int64_t *from, GError **error)
{
	const uint8_t *end = find_end(tail);
	if (!end) {
		error_set(error, ERROR_INVALID_INPUT, "not a zip archive");
		return ZIP_TAIL_BAD;
	}
	uint32_t size = get32(end + 12), offset = get32(end + 16);
	int64_t end_at = tail->start + (end - tail->bytes);
	if (offset == UINT32_MAX || size == UINT32_MAX || (int64_t)offset + size > end_at) {
		error_set(error, ERROR_INVALID_INPUT,
			"an archive whose directory cannot be read by parts");
		return ZIP_TAIL_BAD;
	}
	if (offset < tail->start) {
		*from = offset;
		return ZIP_TAIL_MORE;
	}
	const uint8_t *p = tail->bytes + (offset - tail->start), *stop = p + size;
	bool found = false;
	int64_t next = offset; /* start of whatever follows the member */
	while (stop - p >= ENTRY_SIZE && get32(p) == 0x02014b50) {
		size_t name = get16(p + 28), skip = (size_t)get16(p + 30) + get16(p + 32);
		if ((size_t)(stop - p) < ENTRY_SIZE + name + skip)
			break;
		if (is_metadata((const char *)p + ENTRY_SIZE, name)) {
			if (found)
				break;
			*member = (struct zip_member){.offset = get32(p + 42),
				.compressed = get32(p + 20),
				.size = get32(p + 24),
				.crc = get32(p + 16),
				.method = get16(p + 10)};
			member->end = member->offset + LOCAL_SIZE + (int64_t)name + LOCAL_SLACK +
				      member->compressed;
			found = true;
		}
		p += ENTRY_SIZE + name + skip;
	}
	if (!found || p != stop || member->size > MAX_METADATA || member->offset >= next) {
		error_set(error, ERROR_INVALID_INPUT, "no METADATA in the archive's directory");
		return ZIP_TAIL_BAD;
	}
	member->end = MIN(member->end, next);
	return ZIP_TAIL_FOUND;
}

static bool
inflate(const uint8_t *from, const struct zip_member *member, char *to, GError **error)
{
	if (member->method == 0) {
		if (member->compressed != member->size)
			return error_set(error, ERROR_INVALID_INPUT, "METADATA: sizes differ");
		memcpy(to, from, member->size);
	} else if (member->method == 8) {
		struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
		enum libdeflate_result result = libdeflate_deflate_decompress(
			d, from, member->compressed, to, member->size, NULL);
		libdeflate_free_decompressor(d);
		if (result != LIBDEFLATE_SUCCESS)
			return error_set(error, ERROR_INVALID_INPUT, "METADATA cannot be inflated");
	} else {
		return error_set(error, ERROR_INVALID_INPUT, "METADATA: unknown compression");
	}
	if (libdeflate_crc32(0, to, member->size) != member->crc)
		return error_set(error, ERROR_INTEGRITY, "METADATA: checksum differs");
	return true;
}

char *
zip_tail_read(const struct zip_piece *piece, const struct zip_member *member, size_t *length,
	GError **error)
{
	int64_t at = member->offset - piece->start;
	if (at < 0 || at + LOCAL_SIZE > (int64_t)piece->length)
		return NULL;
	const uint8_t *local = piece->bytes + at;
	if (get32(local) != 0x04034b50) {
		error_set(error, ERROR_INVALID_INPUT, "METADATA: no local header");
		return NULL;
	}
	int64_t data = at + LOCAL_SIZE + get16(local + 26) + get16(local + 28);
	if (data + member->compressed > (int64_t)piece->length)
		return NULL;
	g_autofree char *text = g_malloc((gsize)member->size + 1);
	if (!inflate(piece->bytes + data, member, text, error))
		return NULL;
	text[member->size] = '\0';
	*length = member->size;
	return g_steal_pointer(&text);
}
