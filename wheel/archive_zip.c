/* SPDX-License-Identifier: MIT */
/* The zip structures of a wheel, read so strictly that no two readers can see different contents:
 * the end record is the last thing in the file, the directory touches it, the entries touch the
 * directory and each other, the first one begins at offset 0, and each local header says what the
 * directory says. This parser gives offsets, sizes and modes, so libzip would add nothing to it. */
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/repr.h"
#include "wheel/archive_private.h"
#include "wheel/zip.h"

#include <errno.h>
#include <libdeflate.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MAX_ENTRIES = 500000,
	MAX_DIRECTORY = 256 << 20,
	MAX_RATIO = 1040,     /* deflate's own limit is 1032 */
	SUSPECT_RATIO = 50,   /* of a whole archive … */
	EXTRA_ZIP64 = 0x0001, /* extra fields */
	EXTRA_UNICODE_PATH = 0x7075,
	FLAG_ENCRYPTED = 1 << 0,
	FLAG_DESCRIPTOR = 1 << 3,
	FLAG_PATCHED = 1 << 5,
	FLAG_STRONG = 1 << 6,
	FLAG_UTF8 = 1 << 11,
	FLAG_MASKED = 1 << 13,
	MAX_VERSION_NEEDED = 63,
	USUAL_EXTRA = 128, /* bytes of extra fields read with a local header */
};
#define SUSPECT_SIZE ((int64_t)64 << 20) /* … above this size */
#define MAX_TOTAL ((int64_t)16 << 30)

struct entry { /* of the directory; pointers go into its bytes */
	const uint8_t *name;
	size_t name_length;
	uint64_t size, compressed, offset, data;
	uint32_t crc, attributes;
	uint16_t flags, method;
};

struct end { /* what the end records say */
	uint64_t entries, size, offset, at;
};

static bool invalid(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool
invalid(GError **error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	return error_set(error, ERROR_INVALID_INPUT, "%s", text);
}

static bool
refuse(const struct entry *entry, const char *why, GError **error)
{
	g_autofree char *name = g_strndup((const char *)entry->name, entry->name_length);
	g_autofree char *shown = repr_string(name);
	return invalid(error, "entry %s: %s", shown, why);
}

void
archive_scratch_clear(ArchiveScratch *scratch)
{
	g_free(scratch->bytes);
}

const uint8_t *
archive_bytes_at(const struct archive_source *source, int64_t offset, size_t length,
	ArchiveScratch *scratch, GError **error)
{
	if (offset < 0 || offset > source->length || length > (uint64_t)(source->length - offset)) {
		invalid(error, "something lies beyond its end");
		return NULL;
	}
	if (length == 0)
		return (const uint8_t *)"";
	if (source->bytes)
		return source->bytes + offset;
	if (scratch->room < length) {
		g_free(scratch->bytes);
		scratch->room = length;
		scratch->bytes = g_malloc(length);
	}
	for (size_t done = 0; done < length;) {
		ssize_t got = pread(source->fd, scratch->bytes + done, length - done,
			(off_t)(offset + (int64_t)done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			error_set_errno(error, got ? errno : EIO, "reading the archive");
			return NULL;
		}
		done += (size_t)got;
	}
	return scratch->bytes;
}

/* The ZIP64 end record, if its locator stands before the end record. */
static bool
read_end64(const Archive *archive, const uint8_t *end32, struct end *end, GError **error)
{
	g_auto(ArchiveScratch) scratch = {0};
	int64_t locator_at = (int64_t)end->at - ZIP_LOCATOR64_SIZE;
	if (locator_at < ZIP_END64_SIZE)
		return true;
	const uint8_t *p = archive_bytes_at(&archive->source, locator_at - ZIP_END64_SIZE,
		ZIP_END64_SIZE + ZIP_LOCATOR64_SIZE, &scratch, error);
	if (!p)
		return false;
	const uint8_t *locator = p + ZIP_END64_SIZE;
	if (zip_u32(locator) != ZIP_LOCATOR64_MARK)
		return true;
	uint64_t at = (uint64_t)(locator_at - ZIP_END64_SIZE);
	if (zip_u32(p) != ZIP_END64_MARK || zip_u64(p + 4) != ZIP_END64_SIZE - 12 ||
		zip_u32(locator + 4) != 0 || zip_u64(locator + 8) != at ||
		zip_u32(locator + 16) > 1 || zip_u32(p + 16) != 0 || zip_u32(p + 20) != 0 ||
		zip_u64(p + 24) != zip_u64(p + 32))
		return invalid(error, "its ZIP64 end record is malformed");
	struct end wide = {zip_u64(p + 32), zip_u64(p + 40), zip_u64(p + 48), at};
	if ((zip_u16(end32 + 10) != UINT16_MAX && end->entries != wide.entries) ||
		(zip_u32(end32 + 12) != UINT32_MAX && end->size != wide.size) ||
		(zip_u32(end32 + 16) != UINT32_MAX && end->offset != wide.offset))
		return invalid(error, "its two end records differ");
	*end = wide;
	return true;
}

static bool
read_end(const Archive *archive, struct end *end, GError **error)
{
	g_auto(ArchiveScratch) scratch = {0};
	int64_t length = archive->source.length;
	size_t tail = (size_t)MIN(length, (int64_t)ZIP_END_SIZE + ZIP_MAX_COMMENT);
	const uint8_t *bytes =
		archive_bytes_at(&archive->source, length - (int64_t)tail, tail, &scratch, error);
	const uint8_t *p = bytes ? zip_find_end(bytes, tail) : NULL;
	if (!bytes)
		return false;
	if (!p)
		return invalid(error, "not a zip archive, cut short, or followed by other bytes");
	*end = (struct end){zip_u16(p + 10), zip_u32(p + 12), zip_u32(p + 16),
		(uint64_t)(length - (int64_t)tail + (p - bytes))};
	if (zip_u16(p + 4) != 0 || zip_u16(p + 6) != 0 || zip_u16(p + 8) != zip_u16(p + 10))
		return invalid(error, "an archive of several parts");
	if (!read_end64(archive, p, end, error))
		return false;
	if (end->size > MAX_DIRECTORY || end->offset > end->at ||
		end->size != end->at - end->offset)
		return invalid(error, "its directory is not where the end record says");
	if (end->entries > MAX_ENTRIES || end->entries > end->size / ZIP_ENTRY_SIZE)
		return invalid(error, "its directory cannot hold the number of entries it tells");
	return true;
}

/* ZIP64 values stand for those fields that are all ones, in this order. Some writers give all of
 * them: then the others must agree. */
static bool
apply_zip64(const uint8_t *extra, size_t length, uint64_t **fields, const bool *wide, size_t count)
{
	size_t needed = 0;
	for (size_t i = 0; i < count; i++)
		needed += wide[i];
	bool full = length != needed * 8 && (length == count * 8 || length == count * 8 + 4);
	if (!full && length != needed * 8)
		return needed == 0 && length % 8 == 0 && length <= 24;
	for (size_t i = 0; i < count; i++) {
		if (!wide[i] && !full)
			continue;
		uint64_t value = zip_u64(extra);
		extra += 8;
		/* placeholders that a streaming writer left */
		if (!wide[i] && value != *fields[i] && value != 0)
			return false;
		if (wide[i])
			*fields[i] = value;
	}
	return true;
}

/* Info-ZIP's second name must be the first. */
static bool
check_unicode_path(const struct entry *entry, const uint8_t *extra, size_t length)
{
	return length == 5 + entry->name_length && extra[0] == 1 &&
	       memcmp(extra + 5, entry->name, entry->name_length) == 0;
}

/* Walks the extra fields of an entry or of its local header. */
static const char *
read_extra(const struct entry *entry, const uint8_t *extra, size_t length, uint64_t **fields,
	const bool *wide, size_t count)
{
	bool zip64 = false, path = false;
	while (length >= 4) {
		uint16_t id = zip_u16(extra), size = zip_u16(extra + 2);
		extra += 4;
		length -= 4;
		if (size > length)
			return "malformed extra field";
		if (id == EXTRA_ZIP64) {
			if (zip64 || !apply_zip64(extra, size, fields, wide, count))
				return "malformed ZIP64 field";
			zip64 = true;
		} else if (id == EXTRA_UNICODE_PATH) {
			if (path || !check_unicode_path(entry, extra, size))
				return "it has two names";
			path = true;
		}
		extra += size;
		length -= size;
	}
	for (size_t i = 0; i < length; i++)
		if (extra[i]) /* zeros are padding */
			return "malformed extra field";
	for (size_t i = 0; i < count; i++)
		if (wide[i] && !zip64)
			return "its ZIP64 field is missing";
	return NULL;
}

/* Modes other than those of files and folders are refused: a wheel has no links or devices. */
static const char *
check_entry(const struct entry *entry, uint16_t version)
{
	bool folder = entry->name_length && entry->name[entry->name_length - 1] == '/';
	mode_t kind = (entry->attributes >> 16) & S_IFMT;
	if (entry->flags & (FLAG_ENCRYPTED | FLAG_STRONG | FLAG_MASKED))
		return "it is encrypted";
	if (entry->flags & FLAG_PATCHED)
		return "it is a patch";
	if ((version & 0xff) > MAX_VERSION_NEEDED)
		return "it needs a newer zip version";
	if (entry->method != ZIP_STORED && entry->method != ZIP_DEFLATED)
		return "unsupported compression method";
	if (kind == S_IFLNK)
		return "it is a symbolic link";
	if (kind != 0 && kind != S_IFREG && kind != S_IFDIR)
		return "it is neither a file nor a folder";
	if (kind == S_IFDIR && !folder)
		return "it is a folder by its mode and a file by its name";
	if (folder && entry->size != 0)
		return "it is a folder with contents";
	if (entry->method == ZIP_STORED && entry->size != entry->compressed)
		return "its two sizes differ";
	if (entry->size / MAX_RATIO > entry->compressed)
		return "it says to be larger than its bytes can be";
	return NULL;
}

static const uint8_t *
read_entry(struct entry *entry, const uint8_t *p, const uint8_t *stop, GError **error)
{
	if (stop - p < ZIP_ENTRY_SIZE || zip_u32(p) != ZIP_ENTRY_MARK) {
		invalid(error, "its directory is malformed");
		return NULL;
	}
	size_t name = zip_u16(p + 28), extra = zip_u16(p + 30), comment = zip_u16(p + 32);
	if ((size_t)(stop - p) < ZIP_ENTRY_SIZE + name + extra + comment) {
		invalid(error, "its directory is cut short");
		return NULL;
	}
	*entry = (struct entry){.name = p + ZIP_ENTRY_SIZE,
		.name_length = name,
		.size = zip_u32(p + 24),
		.compressed = zip_u32(p + 20),
		.offset = zip_u32(p + 42),
		.crc = zip_u32(p + 16),
		.attributes = zip_u32(p + 38),
		.flags = zip_u16(p + 8),
		.method = zip_u16(p + 10)};
	uint64_t *fields[] = {&entry->size, &entry->compressed, &entry->offset};
	const bool wide[] = {entry->size == UINT32_MAX, entry->compressed == UINT32_MAX,
		entry->offset == UINT32_MAX};
	const char *why = zip_u16(p + 34) != 0 ? "it begins on another disk"
					       : read_extra(entry, p + ZIP_ENTRY_SIZE + name, extra,
							 fields, wide, G_N_ELEMENTS(fields));
	if (!why)
		why = check_entry(entry, zip_u16(p + 6));
	if (why) {
		refuse(entry, why, error);
		return NULL;
	}
	return p + ZIP_ENTRY_SIZE + name + extra + comment;
}

/* What follows the data of an entry whose sizes came after it: with or without a mark, in 32 or 64
 * bits. Its length is what lies between the data and the next entry. */
static bool
is_descriptor(const struct entry *entry, const uint8_t *p, size_t length)
{
	if (length == 16 || length == 24) {
		if (zip_u32(p) != ZIP_DESCRIPTOR_MARK)
			return false;
		p += 4;
	}
	bool wide = length >= 20;
	uint64_t compressed = wide ? zip_u64(p + 4) : zip_u32(p + 4);
	uint64_t size = wide ? zip_u64(p + 12) : zip_u32(p + 8);
	return zip_u32(p) == entry->crc && compressed == entry->compressed && size == entry->size;
}

static bool
agrees(const struct entry *entry, uint64_t local, uint64_t directory)
{
	return local == directory || ((entry->flags & FLAG_DESCRIPTOR) && local == 0);
}

/* The local header must say what the directory says, and entry, data and descriptor must fill the
 * space up to `next`. */
static const char *
check_local(const Archive *archive, struct entry *entry, uint64_t next, ArchiveScratch *scratch,
	GError **error)
{
	uint64_t space = next - entry->offset;
	if (next < entry->offset || space < ZIP_LOCAL_SIZE + entry->name_length)
		return "it overlaps another one";
	size_t enough = (size_t)MIN(space, ZIP_LOCAL_SIZE + entry->name_length + USUAL_EXTRA);
	const uint8_t *p =
		archive_bytes_at(&archive->source, (int64_t)entry->offset, enough, scratch, error);
	if (!p)
		return "";
	if (zip_u32(p) != ZIP_LOCAL_MARK)
		return "no local header";
	size_t name = zip_u16(p + 26), extra = zip_u16(p + 28);
	uint64_t header = ZIP_LOCAL_SIZE + (uint64_t)name + extra;
	if (header > space || entry->compressed > space - header)
		return "it overlaps another one";
	if (header > enough)
		p = archive_bytes_at(
			&archive->source, (int64_t)entry->offset, (size_t)header, scratch, error);
	if (!p)
		return "";
	if (name != entry->name_length || memcmp(p + ZIP_LOCAL_SIZE, entry->name, name) != 0)
		return "its local header has another name";
	uint16_t flags = zip_u16(p + 6);
	uint64_t size = zip_u32(p + 22), compressed = zip_u32(p + 18);
	entry->flags |= flags & FLAG_DESCRIPTOR;
	uint64_t *fields[] = {&size, &compressed};
	const bool wide[] = {size == UINT32_MAX, compressed == UINT32_MAX};
	const char *why = read_extra(
		entry, p + ZIP_LOCAL_SIZE + name, extra, fields, wide, G_N_ELEMENTS(fields));
	if (why)
		return why;
	if (zip_u16(p + 8) != entry->method || (flags & FLAG_ENCRYPTED) ||
		!agrees(entry, zip_u32(p + 14), entry->crc) ||
		!agrees(entry, compressed, entry->compressed) || !agrees(entry, size, entry->size))
		return "its local header differs from the directory";
	entry->data = entry->offset + header;
	uint64_t gap = space - header - entry->compressed;
	bool described = entry->flags & FLAG_DESCRIPTOR;
	if (gap == 0 && !described)
		return NULL;
	if (!described || (gap != 12 && gap != 16 && gap != 20 && gap != 24))
		return "bytes that belong to no entry follow it";
	p = archive_bytes_at(&archive->source, (int64_t)(entry->data + entry->compressed),
		(size_t)gap, scratch, error);
	if (!p)
		return "";
	return is_descriptor(entry, p, (size_t)gap) ? NULL : "its data descriptor differs";
}

static int
compare_offsets(const void *a, const void *b)
{
	uint64_t x = ((const struct entry *)a)->offset, y = ((const struct entry *)b)->offset;
	return (x > y) - (x < y);
}

static bool
check_locals(const Archive *archive, struct entry *entries, size_t count, uint64_t directory,
	GError **error)
{
	g_auto(ArchiveScratch) scratch = {0};
	qsort(entries, count, sizeof *entries, compare_offsets);
	if ((count ? entries[0].offset : directory) != 0)
		return invalid(error, "bytes stand before its first entry");
	bool ok = true;
	for (size_t i = 0; ok && i < count; i++) {
		uint64_t next = i + 1 < count ? entries[i + 1].offset : directory;
		GError *inner = NULL;
		const char *why =
			check_local(archive, &entries[i], MIN(next, directory), &scratch, &inner);
		if (inner)
			g_propagate_error(error, inner);
		else if (why)
			refuse(&entries[i], why, error);
		ok = !why;
	}
	return ok;
}

/* The entry's name as a path, checked; NULL if it is refused. */
static char *
entry_path(const struct entry *entry, const char **why)
{
	const char *name = (const char *)entry->name;
	size_t length = entry->name_length;
	bool ascii = true;
	for (size_t i = 0; i < length; i++)
		ascii = ascii && entry->name[i] && entry->name[i] < 0x80;
	*why = NULL;
	if (!ascii && !(entry->flags & FLAG_UTF8))
		*why = "its name is not marked as UTF-8";
	else if (!ascii && !g_utf8_validate(name, (gssize)length, NULL))
		*why = "its name is not UTF-8";
	else if (length >= 2 && g_ascii_isalpha(name[0]) && name[1] == ':')
		*why = "its name begins with a drive";
	if (*why)
		return NULL;
	if (length && name[length - 1] == '/')
		length--;
	g_autofree char *path = g_strndup(name, length);
	if (!fs_is_safe_relative(path)) {
		*why = "unsafe path: it is absolute, leaves the folder or has a forbidden part";
		return NULL;
	}
	return g_steal_pointer(&path);
}

static bool
make_members(Archive *archive, const struct entry *entries, size_t count, GError **error)
{
	uint64_t total = 0, compressed = 0;
	archive->members = g_new0(struct archive_member, count + 1);
	for (size_t i = 0; i < count; i++) {
		const struct entry *entry = &entries[i];
		const char *why;
		g_autofree char *path = entry_path(entry, &why);
		if (!path)
			return refuse(entry, why, error);
		if (entry->name[entry->name_length - 1] == '/')
			continue;
		total += entry->size;
		compressed += entry->compressed;
		if (total > (uint64_t)MAX_TOTAL || entry->size > (uint64_t)MAX_TOTAL)
			return invalid(error, "it would unpack to more than 16 GiB");
		mode_t mode = (entry->attributes >> 16) & 0xffff;
		archive->members[archive->count++] =
			(struct archive_member){.path = g_steal_pointer(&path),
				.size = (int64_t)entry->size,
				.compressed = (int64_t)entry->compressed,
				.data = (int64_t)entry->data,
				.crc = entry->crc,
				.method = entry->method,
				.executable = S_ISREG(mode) && (mode & 0111)};
	}
	if (total > (uint64_t)SUSPECT_SIZE && total / SUSPECT_RATIO > compressed)
		return invalid(
			error, "it would unpack to more than %d times its size", SUSPECT_RATIO);
	archive->total = (int64_t)total;
	return true;
}

bool
archive_zip_parse(Archive *archive, GError **error)
{
	struct end end = {0};
	if (!read_end(archive, &end, error))
		return false;
	g_auto(ArchiveScratch) scratch = {0};
	const uint8_t *p = archive_bytes_at(
		&archive->source, (int64_t)end.offset, (size_t)end.size, &scratch, error);
	if (!p)
		return false;
	const uint8_t *stop = p + end.size;
	g_autofree struct entry *entries = g_new(struct entry, end.entries + 1);
	for (size_t i = 0; i < end.entries; i++)
		if (!(p = read_entry(&entries[i], p, stop, error)))
			return false;
	if (p != stop)
		return invalid(error, "its directory has more in it than the entries it tells");
	return check_locals(archive, entries, (size_t)end.entries, end.offset, error) &&
	       make_members(archive, entries, (size_t)end.entries, error);
}
