/* SPDX-License-Identifier: MIT */
/* Bytes on their way in. They stay in memory while they are few, so that a small wheel is written
 * to disk once, by the thread that unpacks it; a large one goes to a nameless file as it comes. */
#include "lib/error.h"
#include "wheel/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_STEP = 1 << 20, MAX_RANGES = 65536 };
#define MAX_IN_MEMORY ((int64_t)64 << 20)      /* of one download; */
#define MAX_ALL_IN_MEMORY ((int64_t)512 << 20) /* of all */
#define MAX_LENGTH ((int64_t)64 << 30)

struct range {
	int64_t start, end;
};

struct StoreDownload {
	Store *store;
	uint8_t *bytes; /* all of it, or NULL */
	size_t room;
	fd_t fd;	 /* all of it, or -1 */
	char *temporary; /* the file's name where O_TMPFILE does not work, or NULL */
	int64_t length;
	GArray *ranges; /* of struct range: what has come; sorted, apart from each other */
	Hasher *hasher;
	int64_t hashed; /* length of the prefix that is hashed: it never changes any more */
	bool flushed;	/* fd has the bytes too */
	bool finished;	/* `digest` is known */
	struct digest digest;
};

/* Makes room for `end` bytes in memory; false if that would be too much. */
static bool
make_room(StoreDownload *download, int64_t end)
{
	if (end <= (int64_t)download->room)
		return true;
	size_t room = MAX((size_t)end, MIN(download->room * 2, (size_t)MAX_IN_MEMORY));
	int64_t all = download->store->in_memory + (int64_t)(room - download->room);
	if (end > MAX_IN_MEMORY || all > MAX_ALL_IN_MEMORY)
		return false;
	download->bytes = g_realloc(download->bytes, room);
	download->room = room;
	download->store->in_memory = all;
	return true;
}

static void
leave_memory(StoreDownload *download)
{
	g_clear_pointer(&download->bytes, g_free);
	download->store->in_memory -= (int64_t)download->room;
	download->room = 0;
}

StoreDownload *
store_download_new(Store *store, GError **error)
{
	if (!store_prepare(store, error))
		return NULL;
	Hasher *hasher = hasher_new("sha256", error);
	if (!hasher)
		return NULL;
	StoreDownload *download = g_new0(StoreDownload, 1);
	download->store = store;
	download->fd = -1;
	download->hasher = hasher;
	download->ranges = g_array_new(FALSE, FALSE, sizeof(struct range));
	download->temporary = g_strdup_printf("%s/%u", store->run, store->serial++);
	return download;
}

void
store_download_free(StoreDownload *download)
{
	if (!download)
		return;
	if (download->fd >= 0)
		unlink(download->temporary);
	fd_close(&download->fd);
	g_array_unref(download->ranges);
	hasher_free(download->hasher);
	g_free(download->temporary);
	leave_memory(download);
	g_free(download);
}

void
store_download_restart(StoreDownload *download)
{
	GError *error = NULL;
	Hasher *hasher = hasher_new("sha256", &error);
	g_assert_no_error(error); /* the first one could be made */
	hasher_free(download->hasher);
	download->hasher = hasher;
	download->hashed = download->length = 0;
	download->finished = false;
	g_array_set_size(download->ranges, 0);
	if (download->fd >= 0 && ftruncate(download->fd, 0) != 0)
		download->length = -1; /* the next write says why */
}

static bool
open_file(StoreDownload *download, GError **error)
{
	download->fd = open(download->store->run, O_RDWR | O_TMPFILE | O_CLOEXEC, 0666);
	if (download->fd < 0)
		download->fd =
			open(download->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	return download->fd >= 0 ||
	       error_set_errno(error, errno, "making a file below %s", download->store->run);
}

static bool
write_at(int fd, const uint8_t *bytes, size_t length, int64_t at, GError **error)
{
	while (length > 0) {
		ssize_t written = pwrite(fd, bytes, length, at);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_set_errno(error, errno, "writing a download");
		bytes += written;
		at += written;
		length -= (size_t)written;
	}
	return true;
}

bool
store_download_flush(StoreDownload *download, GError **error)
{
	if (download->flushed)
		return true;
	if (download->fd < 0 && !open_file(download, error))
		return false;
	download->flushed =
		write_at(download->fd, download->bytes, (size_t)download->length, 0, error);
	return download->flushed;
}

/* Merges [start, end) into what has come. */
static bool
add_range(StoreDownload *download, int64_t start, int64_t end, GError **error)
{
	GArray *ranges = download->ranges;
	guint first = ranges->len;
	while (first > 0 && g_array_index(ranges, struct range, first - 1).end >= start)
		first--;
	guint last = first;
	for (; last < ranges->len; last++) {
		const struct range *range = &g_array_index(ranges, struct range, last);
		if (range->start > end)
			break;
		start = MIN(start, range->start);
		end = MAX(end, range->end);
	}
	if (last > first + 1)
		g_array_remove_range(ranges, first + 1, last - first - 1);
	struct range merged = {start, end};
	if (last > first)
		g_array_index(ranges, struct range, first) = merged;
	else
		g_array_insert_val(ranges, first, merged);
	return ranges->len <= MAX_RANGES ||
	       error_set(error, ERROR_NETWORK, "a download in too many pieces");
}

static bool
keep(StoreDownload *download, const uint8_t *bytes, size_t length, int64_t at, GError **error)
{
	bool in_memory = download->bytes || !download->flushed;
	if (in_memory && make_room(download, at + (int64_t)length)) {
		memcpy(download->bytes + at, bytes, length);
	} else if (in_memory) {
		if (!store_download_flush(download, error))
			return false;
		leave_memory(download);
	}
	return !download->flushed || write_at(download->fd, bytes, length, at, error);
}

/* Hashes what now follows the hashed prefix without a gap. */
static bool
hash_prefix(StoreDownload *download, GError **error)
{
	const struct range *first = &g_array_index(download->ranges, struct range, 0);
	if (download->ranges->len == 0 || first->start != 0)
		return true;
	if (download->bytes && first->end > download->hashed) {
		hasher_update(download->hasher, download->bytes + download->hashed,
			(size_t)(first->end - download->hashed));
		download->hashed = first->end;
	}
	g_autofree uint8_t *buffer = download->hashed < first->end ? g_malloc(COPY_STEP) : NULL;
	while (download->hashed < first->end) {
		size_t step = (size_t)MIN(first->end - download->hashed, (int64_t)COPY_STEP);
		ssize_t got = pread(download->fd, buffer, step, download->hashed);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return error_set_errno(error, got ? errno : EIO, "reading a download");
		hasher_update(download->hasher, buffer, (size_t)got);
		download->hashed += got;
	}
	return true;
}

bool
store_download_write(
	StoreDownload *download, const void *data, size_t length, int64_t at, GError **error)
{
	const uint8_t *bytes = data;
	if (at < 0 || at > MAX_LENGTH || (int64_t)length > MAX_LENGTH - at)
		return error_set(error, ERROR_NETWORK, "a download of more than 64 GiB");
	if (download->length < 0 || download->finished)
		return error_set(error, ERROR_IO, "a download that takes no more bytes");
	/* A retry may send the start again: the bytes that were hashed are the ones that count. */
	if (at < download->hashed) {
		size_t skip = (size_t)MIN(download->hashed - at, (int64_t)length);
		bytes += skip;
		length -= skip;
		at += (int64_t)skip;
	}
	if (length == 0)
		return true;
	int64_t end = at + (int64_t)length;
	if (!keep(download, bytes, length, at, error) || !add_range(download, at, end, error))
		return false;
	download->length = MAX(download->length, end);
	/* large and in order: no need to read it back */
	if (at == download->hashed && !download->bytes) {
		hasher_update(download->hasher, bytes, length);
		download->hashed = end;
	}
	return hash_prefix(download, error);
}

int
store_download_fd(StoreDownload *download, GError **error)
{
	return store_download_flush(download, error) ? download->fd : -1;
}

bool
store_download_digest(StoreDownload *download, struct digest *out, GError **error)
{
	if (download->hashed != download->length || download->length < 0)
		return error_set(error, ERROR_NETWORK, "a download is incomplete");
	if (!download->finished)
		hasher_finish(download->hasher, &download->digest);
	download->finished = true;
	*out = download->digest;
	return true;
}

bool
store_download_source(StoreDownload *download, struct archive_source *source, GError **error)
{
	if (download->hashed != download->length)
		return error_set(error, ERROR_NETWORK, "a download is incomplete");
	*source = (struct archive_source){download->bytes, download->fd, download->length};
	return true;
}

bool
store_download_name(StoreDownload *download, const char *path, GError **error)
{
	g_autofree char *open_file_path = g_strdup_printf("/proc/self/fd/%d", download->fd);
	if (linkat(AT_FDCWD, open_file_path, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 ||
		errno == EEXIST)
		return true;
	if (link(download->temporary, path) == 0 || errno == EEXIST)
		return true;
	return error_set_errno(error, errno, "naming %s", path);
}

StoreDownload *
store_download_from_file(Store *store, const char *path, GError **error)
{
	g_auto(fd_t) fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		error_set_errno(error, errno, "opening %s", path);
		return NULL;
	}
	g_autoptr(StoreDownload) download = store_download_new(store, error);
	g_autofree uint8_t *buffer = g_malloc(COPY_STEP);
	for (int64_t at = 0; download;) {
		ssize_t got = read(fd, buffer, COPY_STEP);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			error_set_errno(error, errno, "reading %s", path);
			return NULL;
		}
		if (got == 0)
			break;
		if (!store_download_write(download, buffer, (size_t)got, at, error))
			return NULL;
		at += got;
	}
	return g_steal_pointer(&download);
}
