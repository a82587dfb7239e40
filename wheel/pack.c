/* SPDX-License-Identifier: MIT */
#include "wheel/pack.h"
#include "lib/error.h"
#include "lib/fs.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

/* The file: MAGIC, number of entries, CRC-32 of all that follows, then per entry the lengths of its
 * path and code and the place of its name (four bytes each, little endian), path, NUL, code. */
static const char MAGIC[8] = "xpipyc1\n";
enum { HEAD = 16, ENTRY_HEAD = 12, MAX_ENTRIES = 1 << 20, PYC_HEAD = 16 };
#define MAX_PACK ((size_t)1 << 30)
/* No file system has such a path. */
#define PLACEHOLDER "xpip:"

struct Pack {
	uint8_t *bytes;
	GArray *entries; /* of struct pack_entry */
};

static uint32_t
get32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static void
put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

/* --- the path inside the code -------------------------------------------------------------- */

/* Types of strings in CPython's marshal format. The lower-case letter of a pair is the one for
 * strings that are not interned; 0x80 says that later references point here. */
enum {
	SHORT_ASCII = 'z',
	SHORT_ASCII_INTERNED = 'Z',
	ASCII = 'a',
	ASCII_INTERNED = 'A',
	UNICODE = 'u',
	UNICODE_INTERNED = 't',
	IS_REFERRED = 0x80
};

char *
pack_placeholder(const char *path)
{
	return g_strconcat(PLACEHOLDER, path, NULL);
}

/* The offset of the type byte before a string's bytes, or 0. */
static size_t
head_before(const uint8_t *bytes, size_t at, size_t length)
{
	uint8_t type = at >= PYC_HEAD + 2 ? bytes[at - 2] & ~IS_REFERRED & 0xff : 0;
	if ((type == SHORT_ASCII || type == SHORT_ASCII_INTERNED) && bytes[at - 1] == length)
		return at - 2;
	type = at >= PYC_HEAD + 5 ? bytes[at - 5] & ~IS_REFERRED & 0xff : 0;
	bool known = type && strchr("aAut", type);
	return known && get32(bytes + at - 4) == length ? at - 5 : 0;
}

bool
pack_find_name(struct pack_entry *entry)
{
	g_autofree char *name = pack_placeholder(entry->path);
	size_t length = strlen(name), count = 0;
	const uint8_t *at = entry->bytes, *end = entry->bytes + entry->length;
	while ((at = memmem(at, (size_t)(end - at), name, length))) {
		size_t head = head_before(entry->bytes, (size_t)(at - entry->bytes), length);
		if (head > 0) {
			entry->name_at = (uint32_t)head;
			count++;
		}
		at += length;
	}
	return count == 1;
}

static bool
is_interned(uint8_t type)
{
	return type == SHORT_ASCII_INTERNED || type == ASCII_INTERNED || type == UNICODE_INTERNED;
}

/* Appends `name` as marshal would; returns the end. */
static uint8_t *
write_name(uint8_t *out, uint8_t old_type, const char *name)
{
	size_t length = strlen(name);
	uint8_t flag = old_type & IS_REFERRED;
	bool interned = is_interned(old_type & ~IS_REFERRED & 0xff);
	if (g_str_is_ascii(name) && length < 256) {
		*out++ = flag | (interned ? SHORT_ASCII_INTERNED : SHORT_ASCII);
		*out++ = (uint8_t)length;
	} else {
		bool ascii = g_str_is_ascii(name);
		*out++ = flag | (ascii ? (interned ? ASCII_INTERNED : ASCII)
				       : (interned ? UNICODE_INTERNED : UNICODE));
		put32(out, (uint32_t)length);
		out += 4;
	}
	memcpy(out, name, length);
	return out + length;
}

uint8_t *
pack_render(const struct pack_entry *entry, const char *name, int64_t mtime, int64_t size,
	size_t *length)
{
	const uint8_t *from = entry->bytes;
	if (!g_utf8_validate(name, -1, NULL))
		return NULL;
	uint8_t type = from[entry->name_at] & ~IS_REFERRED & 0xff;
	bool is_short = type == SHORT_ASCII || type == SHORT_ASCII_INTERNED;
	size_t old = is_short ? (size_t)2 + from[entry->name_at + 1]
			      : (size_t)5 + get32(from + entry->name_at + 1);
	size_t rest = entry->name_at + old;
	uint8_t *out = g_malloc(entry->length - old + 5 + strlen(name));
	memcpy(out, from, entry->name_at);
	uint8_t *at = write_name(out + entry->name_at, from[entry->name_at], name);
	memcpy(at, from + rest, entry->length - rest);
	/* PEP 552: no flags means that the source's time and size follow, else its hash does. */
	if (get32(out + 4) == 0) {
		put32(out + 8, (uint32_t)mtime);
		put32(out + 12, (uint32_t)size);
	}
	*length = (size_t)(at - out) + entry->length - rest;
	return out;
}

/* --- the file ------------------------------------------------------------------------------ */

/* The name stands where the entry says, so that pack_render stays inside. */
static bool
name_is_inside(const struct pack_entry *entry)
{
	g_autofree char *name = pack_placeholder(entry->path);
	size_t length = strlen(name), left = entry->length;
	for (size_t head = 2; head <= 5; head += 3) {
		size_t at = entry->name_at + head;
		if (at <= left && left - at >= length &&
			head_before(entry->bytes, at, length) == entry->name_at)
			return memcmp(entry->bytes + at, name, length) == 0;
	}
	return false;
}

static bool
read_entries(Pack *pack, size_t length)
{
	uint32_t count = get32(pack->bytes + 8);
	size_t at = HEAD;
	for (uint32_t i = 0; i < count && i < MAX_ENTRIES; i++) {
		if (length - at < ENTRY_HEAD)
			return false;
		size_t path = get32(pack->bytes + at), code = get32(pack->bytes + at + 4);
		struct pack_entry entry = {.name_at = get32(pack->bytes + at + 8)};
		at += ENTRY_HEAD;
		if (length - at < path + 1 || length - at - path - 1 < code)
			return false;
		entry.path = (const char *)pack->bytes + at;
		entry.bytes = pack->bytes + at + path + 1;
		entry.length = (uint32_t)code;
		at += path + 1 + code;
		if (strnlen(entry.path, path + 1) != path || (code > 0 && !name_is_inside(&entry)))
			return false;
		g_array_append_val(pack->entries, entry);
	}
	return at == length;
}

Pack *
pack_parse(uint8_t *bytes, size_t length)
{
	g_autoptr(Pack) pack = g_new0(Pack, 1);
	pack->bytes = bytes;
	pack->entries = g_array_new(FALSE, FALSE, sizeof(struct pack_entry));
	bool whole = length >= HEAD && memcmp(bytes, MAGIC, sizeof MAGIC) == 0 &&
		     libdeflate_crc32(0, bytes + HEAD, length - HEAD) == get32(bytes + 12);
	return whole && read_entries(pack, length) ? g_steal_pointer(&pack) : NULL;
}

Pack *
pack_read(const char *file)
{
	size_t length = 0;
	bool absent = false;
	char *bytes = fs_read(file, MAX_PACK, &length, &absent, NULL);
	return bytes ? pack_parse((uint8_t *)bytes, length) : NULL;
}

void
pack_free(Pack *pack)
{
	if (!pack)
		return;
	g_array_unref(pack->entries);
	g_free(pack->bytes);
	g_free(pack);
}

size_t
pack_count(const Pack *pack)
{
	return pack->entries->len;
}

const struct pack_entry *
pack_get(const Pack *pack, size_t index)
{
	return &g_array_index(pack->entries, struct pack_entry, index);
}

static int
compare_path(const void *path, const void *entry)
{
	return strcmp(path, ((const struct pack_entry *)entry)->path);
}

const struct pack_entry *
pack_find(const Pack *pack, const char *path)
{
	return bsearch(path, pack->entries->data, pack->entries->len, sizeof(struct pack_entry),
		compare_path);
}

bool
pack_write(const char *file, const struct pack_entry *entries, size_t count, GError **error)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_byte_array_set_size(out, HEAD);
	for (size_t i = 0; i < count; i++) {
		uint8_t head[ENTRY_HEAD];
		size_t path = strlen(entries[i].path);
		put32(head, (uint32_t)path);
		put32(head + 4, entries[i].length);
		put32(head + 8, entries[i].name_at);
		if (out->len + path + entries[i].length > MAX_PACK - HEAD)
			return error_set(error, ERROR_IO, "%s: too much byte code", file);
		g_byte_array_append(out, head, sizeof head);
		g_byte_array_append(out, (const uint8_t *)entries[i].path, (guint)path + 1);
		if (entries[i].length > 0)
			g_byte_array_append(out, entries[i].bytes, entries[i].length);
	}
	memcpy(out->data, MAGIC, sizeof MAGIC);
	put32(out->data + 8, (uint32_t)count);
	put32(out->data + 12, libdeflate_crc32(0, out->data + HEAD, out->len - HEAD));
	return fs_write_atomic(file, out->data, out->len, 0600, false, error);
}
