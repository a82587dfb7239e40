/* SPDX-License-Identifier: MIT */
/* Unpacks a wheel into a folder of the store. Order: the archive is validated as a whole, folders
 * are made, then files; each is hashed from the same bytes that are written and compared with
 * RECORD. The folder has no name that anybody looks up until all of that is done: whatever ends the
 * process leaves only a folder in tmp/ that a later run removes. Small wheels are one job; large
 * ones are split by members, the largest parts first, so that all threads end at about the same
 * time. */
#include "lib/error.h"
#include "wheel/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SMALL = 3 << 20, PART = 4 << 20, FILE_COST = 16 << 10 };

struct Unpack {
	char *folder, *filename;
	struct archive_source source;
	bool strict_record;
	bool (*before)(void *user, GError **error);
	void *user;
	unpack_done_fn done;
	Jobs *jobs;

	Archive *archive;
	ArchiveRecord *record;
	GPtrArray *warnings;
	fd_t dir;
	struct store_file *files;
	unsigned running; /* parts; main thread only */
	atomic_bool stop; /* a part failed: the others need not go on */
	GError *error;	  /* of the first part that failed */
};

struct part { /* members [start, end) */
	Unpack *unpack;
	size_t start, end;
	int64_t cost;
	GError *error;
};

struct sink {
	int fd;
	Hasher *sha256, *other;
};

static bool
take(void *user, const void *bytes, size_t length, GError **error)
{
	struct sink *sink = user;
	hasher_update(sink->sha256, bytes, length);
	if (sink->other)
		hasher_update(sink->other, bytes, length);
	return fs_write_all(sink->fd, bytes, length, error);
}

/* Creates and fills the file; `record` may be NULL. */
static bool
write_member(ArchiveReader *reader, size_t index, int dir, const char *to,
	const ArchiveRecord *record, struct store_file *facts, GError **error)
{
	const struct archive_member *member = archive_get(archive_reader_archive(reader), index);
	g_auto(fd_t) fd = openat(dir, to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		member->executable ? 0777 : 0666);
	if (fd < 0)
		return error_set_errno(error, errno, "writing %s", member->path);
	g_autoptr(Hasher) sha256 = hasher_new("sha256", error);
	const char *algorithm = record ? archive_record_other(record, index) : NULL;
	g_autoptr(Hasher) other = algorithm ? hasher_new(algorithm, NULL) : NULL;
	struct sink sink = {fd, sha256, other};
	struct stat info;
	if (!sha256 || !archive_read(reader, index, take, &sink, error))
		return false;
	if (fstat(fd, &info) != 0)
		return error_set_errno(error, errno, "writing %s", member->path);
	*facts = (struct store_file){.path = member->path,
		.size = member->size,
		.executable = member->executable,
		.mtime_ns = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec,
		.inode = info.st_ino};
	hasher_finish(sha256, &facts->digest);
	if (record && !archive_record_check(record, index, &facts->digest, error))
		return false;
	g_autofree char *hex = other ? hasher_finish_hex(other) : NULL;
	return !hex || archive_record_check_other(record, index, hex, error);
}

bool
unpack_member(ArchiveReader *reader, size_t index, int dir, const char *to,
	struct store_file *facts, GError **error)
{
	return write_member(reader, index, dir, to, NULL, facts, error);
}

static void
write_part(Unpack *unpack, size_t start, size_t end, GError **error)
{
	g_autoptr(ArchiveReader) reader = archive_reader_new(unpack->archive);
	for (size_t i = start; i < end && !unpack->stop; i++) {
		if (!write_member(reader, i, unpack->dir, archive_get(unpack->archive, i)->path,
			    unpack->record, &unpack->files[i], error)) {
			unpack->stop = true;
			return;
		}
	}
}

static bool
make_folders(Unpack *unpack, GError **error)
{
	if (mkdir(unpack->folder, 0777) != 0)
		return error_set_errno(error, errno, "making the folder %s", unpack->folder);
	unpack->dir = open(unpack->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (unpack->dir < 0)
		return error_set_errno(error, errno, "opening the folder %s", unpack->folder);
	for (size_t i = 0; i < archive_folder_count(unpack->archive); i++) {
		const char *folder = archive_folder(unpack->archive, i);
		if (mkdirat(unpack->dir, folder, 0777) != 0)
			return error_set_errno(error, errno, "making the folder %s", folder);
	}
	return true;
}

static bool
open_archive(Unpack *unpack, GError **error)
{
	if (unpack->before && !unpack->before(unpack->user, error))
		return false;
	unpack->archive = archive_open(&unpack->source, unpack->filename, unpack->warnings, error);
	if (!unpack->archive)
		return false;
	g_autoptr(ArchiveReader) reader = archive_reader_new(unpack->archive);
	unpack->record = archive_record_new(reader, unpack->strict_record, unpack->warnings, error);
	unpack->files = g_new0(struct store_file, archive_count(unpack->archive) + 1);
	if (unpack->record && make_folders(unpack, error))
		return true;
	return false;
}

static bool
is_small(const Unpack *unpack)
{
	return archive_total(unpack->archive) +
		       (int64_t)archive_count(unpack->archive) * FILE_COST <
	       SMALL;
}

static void
run_first(void *input)
{
	Unpack *unpack = input;
	if (open_archive(unpack, &unpack->error) && is_small(unpack))
		write_part(unpack, 0, archive_count(unpack->archive), &unpack->error);
	if (unpack->error)
		g_prefix_error(&unpack->error, "%s: ", unpack->filename);
}

static void
finish(Unpack *unpack)
{
	unpack->done(unpack, unpack->error, unpack->user);
	archive_record_free(unpack->record);
	archive_free(unpack->archive);
	g_ptr_array_unref(unpack->warnings);
	fd_close(&unpack->dir);
	g_clear_error(&unpack->error);
	g_free(unpack->files);
	g_free(unpack->folder);
	g_free(unpack->filename);
	g_free(unpack);
}

static void
run_part(void *input)
{
	struct part *part = input;
	write_part(part->unpack, part->start, part->end, &part->error);
}

static void
end_part(void *input, bool cancelled)
{
	struct part *part = input;
	Unpack *unpack = part->unpack;
	if (cancelled && !part->error)
		error_set(&part->error, ERROR_INTERRUPTED, "stopped");
	if (part->error && !unpack->error) {
		g_prefix_error(&part->error, "%s: ", unpack->filename);
		unpack->error = g_steal_pointer(&part->error);
	}
	g_clear_error(&part->error);
	g_free(part);
	if (--unpack->running == 0)
		finish(unpack);
}

static int
compare_costs(const void *a, const void *b)
{
	int64_t x = (*(struct part *const *)a)->cost, y = (*(struct part *const *)b)->cost;
	return (x < y) - (x > y);
}

/* Neighbours stay together: they mostly lie in one folder. */
static void
start_parts(Unpack *unpack)
{
	g_autoptr(GPtrArray) parts = g_ptr_array_new();
	size_t count = archive_count(unpack->archive);
	struct part *part = NULL;
	for (size_t i = 0; i < count; i++) {
		if (!part || part->cost >= PART) {
			part = g_new(struct part, 1);
			*part = (struct part){unpack, i, i, 0, NULL};
			g_ptr_array_add(parts, part);
		}
		part->cost += archive_get(unpack->archive, i)->size + FILE_COST;
		part->end = i + 1;
	}
	g_ptr_array_sort(parts, compare_costs);
	unpack->running = parts->len;
	for (size_t i = 0; i < parts->len; i++)
		jobs_add(unpack->jobs, run_part, end_part, parts->pdata[i]);
}

static void
end_first(void *input, bool cancelled)
{
	Unpack *unpack = input;
	if (cancelled && !unpack->error)
		error_set(&unpack->error, ERROR_INTERRUPTED, "unpacking %s: stopped",
			unpack->filename);
	if (unpack->error || is_small(unpack))
		finish(unpack);
	else
		start_parts(unpack);
}

void
unpack_start(Jobs *jobs, const struct unpack_options *options, unpack_done_fn done)
{
	Unpack *unpack = g_new0(Unpack, 1);
	unpack->folder = g_strdup(options->folder);
	unpack->filename = g_strdup(options->filename);
	unpack->source = *options->source;
	unpack->strict_record = options->strict_record;
	unpack->before = options->before;
	unpack->user = options->user;
	unpack->done = done;
	unpack->jobs = jobs;
	unpack->dir = -1;
	unpack->warnings = g_ptr_array_new_with_free_func(g_free);
	jobs_add(jobs, run_first, end_first, unpack);
}

const Archive *
unpack_archive(const Unpack *unpack)
{
	return unpack->archive;
}

GPtrArray *
unpack_warnings(const Unpack *unpack)
{
	return unpack->warnings;
}

bool
unpack_is_clean(const Unpack *unpack)
{
	return archive_record_is_clean(unpack->record);
}

const struct store_file *
unpack_files(const Unpack *unpack)
{
	return unpack->files;
}
