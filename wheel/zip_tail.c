/* SPDX-License-Identifier: MIT */
#include "wheel/zip_tail.h"
#include "lib/error.h"
#include "wheel/zip.h"

#include <libdeflate.h>
#include <string.h>

enum {
	MAX_METADATA = 16 << 20,
	LOCAL_SLACK = 1024, /* the local header's extra field may differ from the directory's */
};

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
	const uint8_t *end = zip_find_end(tail->bytes, tail->length);
	if (!end) {
		error_set(error, ERROR_INVALID_INPUT, "not a zip archive");
		return ZIP_TAIL_BAD;
	}
	uint32_t size = zip_u32(end + 12), offset = zip_u32(end + 16);
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
	while (stop - p >= ZIP_ENTRY_SIZE && zip_u32(p) == ZIP_ENTRY_MARK) {
		size_t name = zip_u16(p + 28), skip = (size_t)zip_u16(p + 30) + zip_u16(p + 32);
		if ((size_t)(stop - p) < ZIP_ENTRY_SIZE + name + skip)
			break;
		if (is_metadata((const char *)p + ZIP_ENTRY_SIZE, name)) {
			if (found)
				break;
			*member = (struct zip_member){.offset = zip_u32(p + 42),
				.directory = offset,
				.compressed = zip_u32(p + 20),
				.size = zip_u32(p + 24),
				.crc = zip_u32(p + 16),
				.method = zip_u16(p + 10)};
			member->end = member->offset + ZIP_LOCAL_SIZE + (int64_t)name +
				      LOCAL_SLACK + member->compressed;
			found = true;
		}
		p += ZIP_ENTRY_SIZE + name + skip;
	}
	if (!found || p != stop || member->size > MAX_METADATA || member->offset >= next) {
		error_set(error, ERROR_INVALID_INPUT, "no METADATA in the archive's directory");
		return ZIP_TAIL_BAD;
	}
	member->end = MIN(member->end, next);
	return ZIP_TAIL_FOUND;
}

char *
zip_tail_read(const struct zip_piece *piece, const struct zip_member *member, size_t *length,
	GError **error)
{
	int64_t at = member->offset - piece->start;
	if (at < 0 || at + ZIP_LOCAL_SIZE > (int64_t)piece->length)
		return NULL;
	const uint8_t *local = piece->bytes + at;
	if (zip_u32(local) != ZIP_LOCAL_MARK) {
		error_set(error, ERROR_INVALID_INPUT, "METADATA: no local header");
		return NULL;
	}
	int64_t data = at + ZIP_LOCAL_SIZE + zip_u16(local + 26) + zip_u16(local + 28);
	if (data + member->compressed > (int64_t)piece->length)
		return NULL;
	g_autofree char *text = g_malloc((gsize)member->size + 1);
	struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
	bool ok = zip_inflate(decompressor,
		&(struct zip_data){piece->bytes + data, member->compressed, member->size,
			member->crc, member->method},
		text, error);
	libdeflate_free_decompressor(decompressor);
	if (!ok) {
		g_prefix_error(error, "METADATA: ");
		return NULL;
	}
	text[member->size] = '\0';
	*length = member->size;
	return g_steal_pointer(&text);
}
