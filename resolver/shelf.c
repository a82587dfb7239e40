/* SPDX-License-Identifier: MIT */
/* A record is a head and its text. Several programs may add to a file at once: each record goes out
 * in one write to the end. A file whose end is damaged is begun anew. */
#include "resolver/shelf.h"

#include "lib/fs.h"

#include <fcntl.h>
#include <libdeflate.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK 0x31646d78u /* "xmd1" */
enum {
	MAX_FILE = 64 << 20, /* bytes; a larger one is begun anew */
	MAX_TEXT = 16 << 20,
};

struct head {
	uint32_t mark, length, sum; /* CRC-32 of the text */
	uint8_t key[32];
};

struct Shelf {
	char *path; /* NULL: never written */
	GBytes *bytes;
	GHashTable *records; /* key within the bytes -> struct head within the bytes */
	bool damaged;
};

static unsigned
hash_key(const void *key)
{
	unsigned value;
	memcpy(&value, key, sizeof value);
	return value;
}

static int
same_keys(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct digest)) == 0;
}

static void
read_records(Shelf *shelf)
{
	size_t length = 0;
	const char *bytes = g_bytes_get_data(shelf->bytes, &length);
	for (size_t at = 0; at < length;) {
		struct head head;
		shelf->damaged = length - at < sizeof head;
		if (shelf->damaged)
			return;
		memcpy(&head, bytes + at, sizeof head);
		shelf->damaged = head.mark != MARK || head.length > length - at - sizeof head;
		if (shelf->damaged)
			return;
		const char *key = bytes + at + G_STRUCT_OFFSET(struct head, key);
		g_hash_table_insert(shelf->records, (char *)key, (char *)bytes + at);
		at += sizeof head + head.length;
	}
}

Shelf *
shelf_from_bytes(GBytes *bytes)
{
	Shelf *shelf = g_new0(Shelf, 1);
	shelf->bytes = g_bytes_ref(bytes);
	shelf->records = g_hash_table_new(hash_key, same_keys);
	read_records(shelf);
	return shelf;
}

Shelf *
shelf_open(const char *cache_dir, const char *project)
{
	g_autofree char *path = g_strdup_printf("%s/metadata-v2/%s", cache_dir, project);
	bool usable = *project != '\0' && strchr(project, '/') == NULL && project[0] != '.';
	size_t length = 0;
	bool absent = false;
	char *text = usable ? fs_read(path, MAX_FILE, &length, &absent, NULL) : NULL;
	g_autoptr(GBytes) bytes = g_bytes_new_take(text, text == NULL ? 0 : length);
	Shelf *shelf = shelf_from_bytes(bytes);
	shelf->damaged |= usable && text == NULL && !absent;
	shelf->path = usable ? g_steal_pointer(&path) : NULL;
	return shelf;
}

void
shelf_free(Shelf *shelf)
{
	if (shelf == NULL)
		return;
	g_hash_table_unref(shelf->records);
	g_bytes_unref(shelf->bytes);
	g_free(shelf->path);
	g_free(shelf);
}

const char *
shelf_get(const Shelf *shelf, const struct digest *key, size_t *length)
{
	const char *record = g_hash_table_lookup(shelf->records, key->bytes);
	struct head head;
	if (record == NULL)
		return NULL;
	memcpy(&head, record, sizeof head);
	const char *text = record + sizeof head;
	if (libdeflate_crc32(0, text, head.length) != head.sum)
		return NULL;
	*length = head.length;
	return text;
}

void
shelf_put(Shelf *shelf, const struct digest *key, const char *text, size_t length)
{
	if (shelf->path == NULL || length > MAX_TEXT)
		return;
	struct head head = {
		.mark = MARK, .length = (uint32_t)length, .sum = libdeflate_crc32(0, text, length)};
	memcpy(head.key, key->bytes, sizeof head.key);
	g_autofree char *record = g_malloc(sizeof head + length);
	memcpy(record, &head, sizeof head);
	memcpy(record + sizeof head, text, length);
	if (shelf->damaged)
		unlink(shelf->path);
	shelf->damaged = false;
	int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
	g_auto(fd_t) fd = open(shelf->path, flags, 0600);
	if (fd < 0) {
		g_autofree char *folder = g_path_get_dirname(shelf->path);
		if (fs_mkdirs(folder, 0700, NULL))
			fd = open(shelf->path, flags, 0600);
	}
	struct stat info;
	if (fd < 0 || fstat(fd, &info) != 0 || info.st_size > MAX_FILE - (off_t)length)
		shelf->damaged = fd >= 0;
	else
		shelf->damaged =
			write(fd, record, sizeof head + length) != (ssize_t)(sizeof head + length);
}
