/* SPDX-License-Identifier: MIT */
/* Files of a staging folder: linked from the store or written; called from any thread. */
#include "lib/error.h"
#include "lib/fs.h"
#include "wheel/stage_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_LEVELS = 256, MAX_PATH = 4096 };

/* How files get from the store into this environment; found out once. */
enum linking { LINKING_UNKNOWN, LINKING_HARD, LINKING_COPY };

/* A way down two trees at once, whose folders stay open as long as the next path shares them. */
struct walk {
	int from_root, to_root;
	unsigned depth;
	struct {
		size_t end; /* length of the path up to here */
		int from, to;
	} levels[MAX_LEVELS];
	char path[MAX_PATH + 1];
};

static void
walk_up(struct walk *walk)
{
	walk->depth--;
	close(walk->levels[walk->depth].from);
	close(walk->levels[walk->depth].to);
}

static int
from_of(const struct walk *walk)
{
	return walk->depth ? walk->levels[walk->depth - 1].from : walk->from_root;
}

static int
to_of(const struct walk *walk)
{
	return walk->depth ? walk->levels[walk->depth - 1].to : walk->to_root;
}

static bool
walk_down(struct walk *walk, const char *name, size_t end, GError **error)
{
	enum { FLAGS = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
	if (walk->depth == MAX_LEVELS)
		return error_set(error, ERROR_INVALID_INPUT, "%s: too deep", walk->path);
	if (mkdirat(to_of(walk), name, 0777) != 0 && errno != EEXIST)
		return error_set_errno(error, errno, "making the folder %s", walk->path);
	int from = openat(from_of(walk), name, FLAGS);
	int to = from < 0 ? -1 : openat(to_of(walk), name, FLAGS);
	if (to < 0) {
		error_set_errno(error, errno, "opening the folder %s", walk->path);
		if (from >= 0)
			close(from);
		return false;
	}
	walk->levels[walk->depth].end = end;
	walk->levels[walk->depth].from = from;
	walk->levels[walk->depth].to = to;
	walk->depth++;
	return true;
}

/* Goes to the folder of `path`, which is relative and safe; *name is its last part. */
static bool
walk_to(struct walk *walk, const char *path, const char **name, GError **error)
{
	while (walk->depth > 0) {
		size_t end = walk->levels[walk->depth - 1].end;
		if (strncmp(walk->path, path, end) == 0 && path[end] == '/')
			break;
		walk_up(walk);
	}
	if (strlen(path) > MAX_PATH)
		return error_set(error, ERROR_INVALID_INPUT, "%.200s…: too long", path);
	size_t at = walk->depth ? walk->levels[walk->depth - 1].end + 1 : 0;
	const char *slash;
	while ((slash = strchr(path + at, '/'))) {
		size_t end = (size_t)(slash - path);
		memcpy(walk->path, path, end);
		walk->path[end] = '\0';
		if (!walk_down(walk, walk->path + at, end, error))
			return false;
		at = end + 1;
	}
	*name = path + at;
	return true;
}

/* Makes the folders above `path` below a root; the open folder of its last part, or -1. */
static int
open_parent(int root, const char *path, const char **name, GError **error)
{
	int at = fcntl(root, F_DUPFD_CLOEXEC, 0);
	const char *slash;
	while (at >= 0 && (slash = strchr(path, '/'))) {
		g_autofree char *part = g_strndup(path, (gsize)(slash - path));
		int next = -1;
		if (mkdirat(at, part, 0777) == 0 || errno == EEXIST)
			next = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			error_set_errno(error, errno, "making the folder %s", part);
		close(at);
		at = next;
		path = slash + 1;
	}
	*name = path;
	return at;
}

/* --- clashes ------------------------------------------------------------------------------- */

void
stage_clash_free(void *data)
{
	struct stage_clash *clash = data;
	g_free(clash->path);
	g_free(clash);
}

static char *
clash_folder(const struct stage_clash *clash)
{
	return g_strdup_printf("clash-%" G_GUINT64_FORMAT, clash->order);
}

/* Notes the clash; the open folder where its file goes instead, or -1. */
static int
clash_open(struct stage_writer *writer, const char *path, const char **name, GError **error)
{
	struct stage_clash *clash = g_new(struct stage_clash, 1);
	*clash = (struct stage_clash){writer->root, g_strdup(path), writer->order};
	g_ptr_array_add(writer->clashes, clash);
	/* Beside the root's folders, on its file system: `.xpip-ab12cd/2-clash-17/…`. */
	g_autofree char *folder = clash_folder(clash);
	g_autofree char *staged = g_strdup_printf(
		"%s-%s/%s", stage_root(writer->stage, writer->root)->staged, folder, path);
	int fd = open_parent(writer->stage->base, staged, name, error);
	if (fd >= 0)
		unlinkat(fd, *name, 0); /* an earlier file of the same wheel */
	return fd;
}

bool
stage_settle(Stage *stage, const struct stage_clash *clash, GError **error)
{
	const struct stage_root *root = stage_root(stage, clash->root);
	g_autofree char *folder = clash_folder(clash);
	g_autofree char *from = g_strdup_printf("%s-%s/%s", root->staged, folder, clash->path);
	if (renameat(stage->base, from, root->fd, clash->path) != 0)
		return error_set_errno(error, errno, "placing %s", clash->path);
	return true;
}

/* --- linking ------------------------------------------------------------------------------- */

/* Shares of blocks are better than hard links (an edit stays in one environment); where the file
 * system has none, hard links; else copies. */
static enum linking
find_linking(Stage *stage, int source)
{
	g_auto(fd_t) probe =
		openat(stage->base, stage->folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	bool shares = probe >= 0 && ioctl(probe, FICLONE, source) == 0;
	return shares ? LINKING_COPY : LINKING_HARD;
}

static bool
links_to(Stage *stage, int folder, const char *name)
{
	enum linking linking = (enum linking)g_atomic_int_get(&stage->linking);
	if (linking == LINKING_UNKNOWN) {
		g_auto(fd_t) source = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		linking = find_linking(stage, source);
		g_atomic_int_set(&stage->linking, (int)linking);
	}
	return linking == LINKING_HARD;
}

bool
stage_links(const Stage *stage)
{
	return g_atomic_int_get(&stage->linking) == LINKING_HARD;
}

/* true if the file of the store is as it was unpacked and its mode is what we would give. */
static bool
is_pristine(const struct stat *info, const struct store_file *file, mode_t mode)
{
	int64_t mtime = (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
	return S_ISREG(info->st_mode) && info->st_size == file->size && mtime == file->mtime_ns &&
	       info->st_ino == file->inode && (info->st_mode & 07777) == mode;
}

static mode_t
mode_of(const Stage *stage, const struct store_file *file)
{
	mode_t mode = (file->executable ? 0777 : 0666) & ~stage->umask;
	return file->executable ? mode | 0111 : mode; /* pip's rule: x for all */
}

/* Puts file `index` at to/name. from: the open folder it lies in, or -1. false: see errno-free
 * *error, or *clashed. */
static bool
place(Stage *stage, StoreWheel *wheel, size_t index, int from, int to, const char *name,
	bool *clashed, GError **error)
{
	const struct store_file *file = store_wheel_file(wheel, index);
	const char *slash = strrchr(file->path, '/');
	const char *source = slash ? slash + 1 : file->path;
	mode_t mode = mode_of(stage, file);
	struct stat info;
	*clashed = false;
	if (from >= 0 && fstatat(from, source, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
		is_pristine(&info, file, mode) && links_to(stage, from, source)) {
		if (linkat(from, source, to, name, 0) == 0)
			return true;
		if (errno == EEXIST) {
			*clashed = true;
			return false;
		}
		if (errno == EXDEV || errno == EPERM)
			g_atomic_int_set(&stage->linking, LINKING_COPY);
	}
	if (fstatat(to, name, &info, AT_SYMLINK_NOFOLLOW) == 0) {
		*clashed = true;
		return false;
	}
	if (!store_wheel_place(wheel, index, to, name, false, error))
		return false;
	if (fchmodat(to, name, mode, 0) != 0)
		return error_set_errno(error, errno, "changing the mode of %s", name);
	return true;
}

static bool
place_or_clash(struct stage_writer *writer, StoreWheel *wheel, size_t index, int from, int to,
	const char *name, const char *path, GError **error)
{
	bool clashed = false;
	if (place(writer->stage, wheel, index, from, to, name, &clashed, error))
		return true;
	if (!clashed)
		return false;
	g_auto(fd_t) other = clash_open(writer, path, &name, error);
	return other >= 0 && place(writer->stage, wheel, index, from, other, name, &clashed, error);
}

bool
stage_link(struct stage_writer *writer, StoreWheel *wheel, const size_t *indices, size_t count,
	GError **error)
{
	g_auto(fd_t) tree =
		open(store_wheel_tree(wheel), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (tree < 0)
		return error_set_errno(error, errno, "opening %s", store_wheel_tree(wheel));
	g_autofree struct walk *walk = g_new(struct walk, 1);
	walk->from_root = tree;
	walk->to_root = stage_root(writer->stage, writer->root)->fd;
	walk->depth = 0;
	bool ok = true;
	for (size_t i = 0; ok && i < count; i++) {
		const char *path = store_wheel_file(wheel, indices[i])->path, *name = NULL;
		ok = walk_to(walk, path, &name, error) &&
		     place_or_clash(writer, wheel, indices[i], from_of(walk), to_of(walk), name,
			     path, error);
	}
	while (walk->depth > 0)
		walk_up(walk);
	return ok;
}

/* The folder of a path below the writer's root, which stays open for its neighbours. */
static int
writer_folder(struct stage_writer *writer, const char *path, const char **name, GError **error)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;
	if (writer->fd >= 0 && writer->folder_root == writer->root &&
		strlen(writer->folder) == length && memcmp(writer->folder, path, length) == 0) {
		*name = slash ? slash + 1 : path;
		return writer->fd;
	}
	stage_writer_clear(writer);
	writer->fd = open_parent(stage_root(writer->stage, writer->root)->fd, path, name, error);
	writer->folder = g_strndup(path, length);
	writer->folder_root = writer->root;
	return writer->fd;
}

void
stage_writer_clear(struct stage_writer *writer)
{
	if (writer->fd >= 0)
		close(writer->fd);
	writer->fd = -1;
	g_clear_pointer(&writer->folder, g_free);
}

bool
stage_link_as(struct stage_writer *writer, StoreWheel *wheel, size_t index, const char *path,
	GError **error)
{
	const char *name = NULL;
	g_autofree char *source = g_build_filename(
		store_wheel_tree(wheel), store_wheel_file(wheel, index)->path, NULL);
	g_autofree char *folder = g_path_get_dirname(source);
	g_auto(fd_t) from = open(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int to = writer_folder(writer, path, &name, error);
	return to >= 0 && place_or_clash(writer, wheel, index, from, to, name, path, error);
}

bool
stage_write(struct stage_writer *writer, const char *path, const void *bytes, size_t length,
	mode_t mode, GError **error)
{
	enum { FLAGS = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC };
	const char *name = NULL;
	int to = writer_folder(writer, path, &name, error);
	if (to < 0)
		return false;
	g_auto(fd_t) file = openat(to, name, FLAGS, mode);
	if (file < 0 && errno == EEXIST) {
		g_auto(fd_t) other = clash_open(writer, path, &name, error);
		if (other < 0)
			return false;
		file = openat(other, name, FLAGS, mode);
	}
	if (file < 0)
		return error_set_errno(error, errno, "writing %s", path);
	if ((mode & writer->stage->umask) && fchmod(file, mode) != 0)
		return error_set_errno(error, errno, "writing %s", path);
	return fs_write_all(file, bytes, length, error);
}

/* --- to another file system ---------------------------------------------------------------- */

static bool copy_tree(int base, const char *from, const char *to, unsigned depth, GError **error);

static bool
copy_folder(int base, const char *from, const char *to, unsigned depth, GError **error)
{
	if (depth == MAX_LEVELS)
		return error_set(error, ERROR_IO, "%s: too deep", from);
	if (mkdirat(base, to, 0777) != 0)
		return error_set_errno(error, errno, "making %s", to);
	int fd = openat(base, from, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		int saved = errno;
		if (fd >= 0)
			close(fd);
		return error_set_errno(error, saved, "reading %s", from);
	}
	bool ok = true;
	for (struct dirent *entry; ok && (entry = readdir(dir));) {
		g_autofree char *source = g_build_filename(from, entry->d_name, NULL);
		g_autofree char *target = g_build_filename(to, entry->d_name, NULL);
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			ok = copy_tree(base, source, target, depth + 1, error);
	}
	closedir(dir);
	return ok;
}

static bool
copy_tree(int base, const char *from, const char *to, unsigned depth, GError **error)
{
	struct stat info;
	if (fstatat(base, from, &info, AT_SYMLINK_NOFOLLOW) != 0)
		return error_set_errno(error, errno, "reading %s", from);
	if (S_ISDIR(info.st_mode))
		return copy_folder(base, from, to, depth, error);
	return fs_place(base, from, base, to, false, error);
}

char *
stage_carry(Stage *stage, const char *staged, const char *other, GError **error)
{
	g_autofree char *to = g_strdup_printf("%s/carried-%u", other, stage->carried++);
	return copy_tree(stage->base, staged, to, 0, error) ? g_steal_pointer(&to) : NULL;
}
