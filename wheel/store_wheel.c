/* SPDX-License-Identifier: MIT */
/* One unpacked wheel: its manifest as a blob of the index, its files. */
#include "lib/error.h"
#include "wheel/store_private.h"
#include "wheel/zip.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The blob, little-endian: magic, number of files, bytes of text, CRC of what follows; for each
 * file size, mtime_ns, inode (8 bytes each), digest, flags; then as text, each with its NUL: file
 * name, dist-info, the files' paths. */
enum { HEADER = 16, PER_FILE = 8 * 3 + 32 + 1, MAX_FILES = 500000, FLAG_EXECUTABLE = 1 };
#define MAX_READ ((int64_t)64 << 20)
#define MAGIC 0x316d7078u /* "xpm1" */

static void
put(GByteArray *out, uint64_t value, unsigned size)
{
	uint8_t bytes[8];
	for (unsigned i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	g_byte_array_append(out, bytes, size);
}

GBytes *
store_wheel_encode(const StoreWheel *wheel)
{
	GByteArray *files = g_byte_array_sized_new((guint)wheel->count * 128);
	g_autoptr(GByteArray) text = g_byte_array_new();
	const char *first[] = {wheel->filename, wheel->dist_info};
	for (size_t i = 0; i < G_N_ELEMENTS(first); i++)
		g_byte_array_append(text, (const guint8 *)first[i], (guint)strlen(first[i]) + 1);
	g_byte_array_set_size(files, HEADER);
	for (size_t i = 0; i < wheel->count; i++) {
		const struct store_file *file = &wheel->files[i];
		put(files, (uint64_t)file->size, 8);
		put(files, (uint64_t)file->mtime_ns, 8);
		put(files, file->inode, 8);
		g_byte_array_append(files, file->digest.bytes, sizeof file->digest.bytes);
		put(files, file->executable ? FLAG_EXECUTABLE : 0, 1);
		g_byte_array_append(
			text, (const guint8 *)file->path, (guint)strlen(file->path) + 1);
	}
	g_byte_array_append(files, text->data, text->len);
	g_autoptr(GByteArray) head = g_byte_array_new();
	put(head, MAGIC, 4);
	put(head, wheel->count, 4);
	put(head, text->len, 4);
	put(head, libdeflate_crc32(0, files->data + HEADER, files->len - HEADER), 4);
	memcpy(files->data, head->data, HEADER);
	return g_byte_array_free_to_bytes(files);
}

/* The next string of the text, or NULL. */
static const char *
next_text(const char **at, const char *end)
{
	const char *text = *at, *stop = memchr(text, 0, (size_t)(end - text));
	if (!stop)
		return NULL;
	*at = stop + 1;
	return text;
}

static bool
decode_files(StoreWheel *wheel, const uint8_t *p, const char *text, const char *end)
{
	for (size_t i = 0; i < wheel->count; i++, p += PER_FILE) {
		struct store_file *file = &wheel->files[i];
		*file = (struct store_file){.path = next_text(&text, end),
			.size = (int64_t)zip_u64(p),
			.mtime_ns = (int64_t)zip_u64(p + 8),
			.inode = zip_u64(p + 16),
			.executable = p[56] & FLAG_EXECUTABLE};
		memcpy(file->digest.bytes, p + 24, sizeof file->digest.bytes);
		if (!file->path || file->size < 0 || !fs_is_safe_relative(file->path))
			return false;
	}
	return text == end;
}

StoreWheel *
store_wheel_decode(const void *bytes, size_t length)
{
	const uint8_t *p = bytes;
	if (length < HEADER || zip_u32(p) != MAGIC)
		return NULL;
	size_t count = zip_u32(p + 4), text = zip_u32(p + 8);
	if (count > MAX_FILES || length - HEADER != count * PER_FILE + text || text == 0 ||
		libdeflate_crc32(0, p + HEADER, length - HEADER) != zip_u32(p + 12))
		return NULL;
	g_autoptr(StoreWheel) wheel = g_new0(StoreWheel, 1);
	wheel->references = 1;
	wheel->count = count;
	wheel->files = g_new(struct store_file, count + 1);
	wheel->paths = g_memdup2(p + HEADER + count * PER_FILE, text);
	const char *at = wheel->paths, *end = at + text;
	const char *filename = next_text(&at, end), *dist_info = next_text(&at, end);
	if (!filename || !dist_info || !fs_is_safe_relative(dist_info) ||
		!decode_files(wheel, p + HEADER, at, end))
		return NULL;
	wheel->filename = g_strdup(filename);
	wheel->dist_info = g_strdup(dist_info);
	return g_steal_pointer(&wheel);
}

StoreWheel *
store_wheel_ref(StoreWheel *wheel)
{
	atomic_fetch_add(&wheel->references, 1);
	return wheel;
}

void
store_wheel_free(StoreWheel *wheel)
{
	if (!wheel || atomic_fetch_sub(&wheel->references, 1) != 1)
		return;
	g_free(wheel->filename);
	g_free(wheel->dist_info);
	g_free(wheel->tree);
	g_free(wheel->kept);
	g_free(wheel->files);
	g_free(wheel->paths);
	g_free(wheel);
}

const char *
store_wheel_filename(const StoreWheel *wheel)
{
	return wheel->filename;
}

const char *
store_wheel_dist_info(const StoreWheel *wheel)
{
	return wheel->dist_info;
}

const struct digest *
store_wheel_digest(const StoreWheel *wheel)
{
	return &wheel->sha256;
}

const char *
store_wheel_tree(const StoreWheel *wheel)
{
	return wheel->tree;
}

size_t
store_wheel_file_count(const StoreWheel *wheel)
{
	return wheel->count;
}

const struct store_file *
store_wheel_file(const StoreWheel *wheel, size_t index)
{
	return &wheel->files[index];
}

static int
compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct store_file *)a)->path, ((const struct store_file *)b)->path);
}

static bool
find_file(const StoreWheel *wheel, const char *path, size_t *index)
{
	struct store_file key = {.path = path};
	const struct store_file *found =
		bsearch(&key, wheel->files, wheel->count, sizeof *wheel->files, compare_paths);
	if (found)
		*index = (size_t)(found - wheel->files);
	return found != NULL;
}

/* As it was unpacked: inode, size and time. */
static bool
is_unchanged(const struct store_file *file, const struct stat *info)
{
	return S_ISREG(info->st_mode) && file->inode == info->st_ino &&
	       file->size == info->st_size &&
	       file->mtime_ns == (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
}

/* Opens a file of the tree and makes sure that its contents are the wheel's; -1 if they are not. */
static int
open_checked(const StoreWheel *wheel, const struct store_file *file)
{
	g_autofree char *path = g_build_filename(wheel->tree, file->path, NULL);
	g_auto(fd_t) fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat info;
	struct digest digest;
	if (fd < 0 || fstat(fd, &info) != 0)
		return -1;
	if (!is_unchanged(file, &info) &&
		(!S_ISREG(info.st_mode) || info.st_size != file->size ||
			!digest_file(fd, &digest, NULL) || !digest_equal(&digest, &file->digest)))
		return -1;
	int result = fd;
	fd = -1;
	return result;
}

/* Keeps bytes that archive_read hands over. */
static bool
append(void *user, const void *bytes, size_t length, GError **error)
{
	(void)error;
	g_byte_array_append(user, bytes, (guint)length);
	return true;
}

/* The kept wheel file, hashed, as an archive: `fd` or `bytes` are its own. */
static Archive *
open_kept(const StoreWheel *wheel, char **bytes, GError **error)
{
	size_t length;
	g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
	struct digest digest;
	*bytes = wheel->kept ? fs_read(wheel->kept, (size_t)4 << 30, &length, NULL, NULL) : NULL;
	if (*bytes)
		digest_bytes(*bytes, length, &digest);
	if (!*bytes || !digest_equal(&digest, &wheel->sha256)) {
		if (*bytes) /* so that the next download is kept in its place */
			unlink(wheel->kept);
		error_set(error, ERROR_INTEGRITY,
			"%s: the cache's files were altered and are dropped: try again",
			wheel->filename);
		return NULL;
	}
	struct archive_source source = {(const uint8_t *)*bytes, -1, (int64_t)length};
	return archive_open(&source, wheel->filename, warnings, error);
}

static bool
remake(const StoreWheel *wheel, const struct store_file *file, int to_dir, const char *to,
	GError **error)
{
	((StoreWheel *)(uintptr_t)wheel)->altered = true;
	g_autofree char *bytes = NULL;
	g_autoptr(Archive) archive = open_kept(wheel, &bytes, error);
	size_t index;
	if (!archive || !archive_find(archive, file->path, &index))
		return archive ? error_set(error, ERROR_INTEGRITY, "%s: altered", wheel->filename)
			       : false;
	g_autoptr(ArchiveReader) reader = archive_reader_new(archive);
	struct store_file facts;
	return unpack_member(reader, index, to_dir, to, &facts, error);
}

/* A copy with the file's times; its mode follows the umask of today. */
static bool
copy(const StoreWheel *wheel, const struct store_file *file, int to_dir, const char *to,
	GError **error)
{
	g_auto(fd_t) from = open_checked(wheel, file);
	if (from < 0)
		return remake(wheel, file, to_dir, to, error);
	return fs_copy_fd(from, to_dir, to, file->executable ? 0777 : 0666, error);
}

bool
store_wheel_place(const StoreWheel *wheel, size_t index, int to_dir, const char *to,
	bool hard_link_ok, GError **error)
{
	const struct store_file *file = &wheel->files[index];
	mode_t mode = (file->executable ? 0777 : 0666) & ~wheel->mask;
	g_autofree char *from = g_build_filename(wheel->tree, file->path, NULL);
	struct stat info;
	if (!hard_link_ok || linkat(AT_FDCWD, from, to_dir, to, 0) != 0) {
		if (hard_link_ok && errno == EEXIST)
			return error_set_errno(error, errno, "linking %s", to);
		return copy(wheel, file, to_dir, to, error);
	}
	if (fstatat(to_dir, to, &info, AT_SYMLINK_NOFOLLOW) == 0 && is_unchanged(file, &info) &&
		(info.st_mode & 07777) == mode)
		return true;
	if (unlinkat(to_dir, to, 0) != 0)
		return error_set_errno(error, errno, "removing %s", to);
	return copy(wheel, file, to_dir, to, error);
}

char *
store_wheel_read(const StoreWheel *wheel, const char *path, size_t *length)
{
	size_t index;
	if (!find_file(wheel, path, &index) || wheel->files[index].size > MAX_READ)
		return NULL;
	const struct store_file *file = &wheel->files[index];
	g_auto(fd_t) fd = open_checked(wheel, file);
	if (fd >= 0) {
		g_autofree char *text = g_malloc((size_t)file->size + 1);
		size_t done = 0;
		for (ssize_t got = 1; got > 0 && done < (size_t)file->size; done += (size_t)got)
			got = MAX(
				pread(fd, text + done, (size_t)file->size - done, (off_t)done), 0);
		text[done] = '\0';
		if (length)
			*length = done;
		if (done == (size_t)file->size)
			return g_steal_pointer(&text);
	}
	g_autofree char *bytes = NULL;
	g_autoptr(Archive) archive = open_kept(wheel, &bytes, NULL);
	if (!archive || !archive_find(archive, path, &index))
		return NULL;
	((StoreWheel *)(uintptr_t)wheel)->altered = true;
	g_autoptr(ArchiveReader) reader = archive_reader_new(archive);
	g_autoptr(GByteArray) read = g_byte_array_new();
	if (!archive_read(reader, index, append, read, NULL))
		return NULL;
	if (length)
		*length = read->len;
	g_byte_array_append(read, (const guint8 *)"", 1);
	return (char *)g_byte_array_free(g_steal_pointer(&read), FALSE);
}

Metadata *
store_wheel_metadata(const StoreWheel *wheel, GError **error)
{
	size_t length;
	g_autofree char *path = g_strconcat(wheel->dist_info, "/METADATA", NULL);
	g_autofree char *text = store_wheel_read(wheel, path, &length);
	if (!text) {
		error_set(error, ERROR_INTEGRITY, "%s: METADATA cannot be read", wheel->filename);
		return NULL;
	}
	return metadata_parse(text, length, error);
}
