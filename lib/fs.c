/* SPDX-License-Identifier: MIT */
#include "lib/fs.h"
#include "lib/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_PATH = 4096, MAX_PART = 255, MAX_DEPTH = 512, COPY_STEP = 1 << 20 };
#define DEFAULT_LIMIT ((size_t)64 << 20)

void
fd_close(fd_t *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

bool
fs_is_safe_relative(const char *path)
{
	if (!*path || *path == '/' || strlen(path) > MAX_PATH)
		return false;
	for (const char *part = path; *part;) {
		size_t length = strcspn(part, "/");
		if (length == 0 || length > MAX_PART)
			return false;
		if ((length == 1 && part[0] == '.') ||
			(length == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		for (size_t i = 0; i < length; i++)
			if ((unsigned char)part[i] < 0x20 || part[i] == 0x7f || part[i] == '\\')
				return false;
		part += length;
		if (*part == '/' && !*++part)
			return false;
	}
	return true;
}

bool
fs_mkdirs(const char *path, mode_t mode, GError **error)
{
	if (mkdir(path, mode) == 0)
		return true;
	if (errno == ENOENT) {
		g_autofree char *parent = g_path_get_dirname(path);
		if (strcmp(parent, path) != 0 && !fs_mkdirs(parent, mode, error))
			return false;
		if (mkdir(path, mode) == 0)
			return true;
	}
	struct stat info;
	int saved = errno;
	if (saved == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
		return true;
	return error_set_errno(error, saved, "making the folder %s", path);
}

/* Reads until the end; the size is a hint that pipes do not have. */
static char *
read_all(int fd, const char *path, size_t limit, size_t hint, size_t *length, GError **error)
{
	size_t room = hint + 1, used = 0;
	char *bytes = g_malloc(room + 1);
	for (;;) {
		if (used == room) {
			room = room * 2;
			bytes = g_realloc(bytes, room + 1);
		}
		ssize_t got = read(fd, bytes + used, room - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			error_set_errno(error, errno, "reading %s", path);
			break;
		}
		used += (size_t)got;
		if (used > limit) {
			error_set(error, ERROR_IO, "%s: larger than %zu bytes", path, limit);
			break;
		}
		if (got == 0) {
			bytes[used] = '\0';
			if (length)
				*length = used;
			return bytes;
		}
	}
	g_free(bytes);
	return NULL;
}

char *
fs_read(const char *path, size_t limit, size_t *length, bool *absent, GError **error)
{
	g_auto(fd_t) fd = open(path, O_RDONLY | O_CLOEXEC);
	if (absent)
		*absent = fd < 0 && (errno == ENOENT || errno == ENOTDIR);
	if (fd < 0) {
		error_set_errno(error, errno, "opening %s", path);
		return NULL;
	}
	struct stat info;
	if (fstat(fd, &info) != 0 || S_ISDIR(info.st_mode)) {
		error_set_errno(error, S_ISDIR(info.st_mode) ? EISDIR : errno, "reading %s", path);
		return NULL;
	}
	limit = limit ? limit : DEFAULT_LIMIT;
	size_t hint = info.st_size > 0 ? MIN((size_t)info.st_size, limit) : 4096;
	return read_all(fd, path, limit, hint, length, error);
}

bool
fs_write_all(int fd, const void *bytes, size_t length, GError **error)
{
	const char *at = bytes;
	while (length > 0) {
		ssize_t written = write(fd, at, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_set_errno(error, errno, "writing");
		at += written;
		length -= (size_t)written;
	}
	return true;
}

bool
fs_write_atomic(const char *path, const void *bytes, size_t length, mode_t mode, bool durable,
	GError **error)
{
	g_autofree char *temporary =
		g_strdup_printf("%s.%d.%08x", path, (int)getpid(), g_random_int());
	g_auto(fd_t) fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return error_set_errno(error, errno, "writing %s", path);
	bool ok = fs_write_all(fd, bytes, length, error);
	if (ok && durable && fsync(fd) != 0)
		ok = error_set_errno(error, errno, "writing %s", path);
	if (ok && rename(temporary, path) != 0)
		ok = error_set_errno(error, errno, "writing %s", path);
	if (!ok)
		unlink(temporary);
	return ok;
}

static bool
copy_bytes(int from, int to, GError **error)
{
	for (;;) {
		ssize_t copied = copy_file_range(from, NULL, to, NULL, COPY_STEP, 0);
		if (copied > 0)
			continue;
		if (copied == 0)
			return true;
		if (errno == EINTR)
			continue;
		break; /* not between these file systems */
	}
	g_autofree char *buffer = g_malloc(COPY_STEP);
	for (;;) {
		ssize_t got = read(from, buffer, COPY_STEP);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(error, errno, "copying");
		if (got == 0)
			return true;
		if (!fs_write_all(to, buffer, (size_t)got, error))
			return false;
	}
}

/* A copy keeps the modification time: cached byte code depends on it. */
bool
fs_copy_fd(int from, int to_dir, const char *to, mode_t mode, GError **error)
{
	struct stat info;
	if (fstat(from, &info) != 0)
		return error_set_errno(error, errno, "copying to %s", to);
	g_auto(fd_t) target = openat(to_dir, to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (target < 0)
		return error_set_errno(error, errno, "writing %s", to);
	bool ok = ioctl(target, FICLONE, from) == 0 || copy_bytes(from, target, error);
	if (ok) {
		struct timespec times[] = {info.st_atim, info.st_mtim};
		futimens(target, times);
	} else {
		unlinkat(to_dir, to, 0);
	}
	return ok;
}

static bool
copy_file(int from_dir, const char *from, int to_dir, const char *to, GError **error)
{
	g_auto(fd_t) source = openat(from_dir, from, O_RDONLY | O_CLOEXEC);
	struct stat info;
	if (source < 0 || fstat(source, &info) != 0)
		return error_set_errno(error, errno, "opening %s", from);
	if (!fs_copy_fd(source, to_dir, to, info.st_mode & 0777, error))
		return false;
	return fchmodat(to_dir, to, info.st_mode & 07777, 0) == 0 ||
	       error_set_errno(error, errno, "writing %s", to);
}

bool
fs_place(int from_dir, const char *from, int to_dir, const char *to, bool hard_link_ok,
	GError **error)
{
	if (hard_link_ok) {
		if (linkat(from_dir, from, to_dir, to, 0) == 0)
			return true;
		if (errno == EEXIST || errno == ENOENT)
			return error_set_errno(error, errno, "linking %s", to);
	}
	return copy_file(from_dir, from, to_dir, to, error);
}

static bool
remove_at(int dir, const char *name, const char *shown, int depth, GError **error)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return true;
	if (errno != EISDIR && errno != EPERM && errno != ENOTEMPTY)
		return error_set_errno(error, errno, "removing %s", shown);
	if (depth == MAX_DEPTH)
		return error_set(error, ERROR_IO, "removing %s: too deep", shown);
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(error, errno, "removing %s", shown);
	DIR *folder = fdopendir(fd);
	bool ok = folder != NULL;
	for (struct dirent *entry; ok && (entry = readdir(folder));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			ok = remove_at(fd, entry->d_name, shown, depth + 1, error);
	if (folder)
		closedir(folder);
	if (ok && unlinkat(dir, name, AT_REMOVEDIR) != 0)
		ok = error_set_errno(error, errno, "removing %s", shown);
	return ok;
}

bool
fs_remove_tree(const char *path, GError **error)
{
	return remove_at(AT_FDCWD, path, path, 0, error);
}

bool
fs_remove_tree_at(int folder, const char *path, GError **error)
{
	return remove_at(folder, path, path, 0, error);
}

char *
fs_temp_dir(const char *prefix, GError **error)
{
	const char *root = g_getenv("TMPDIR");
	g_autofree char *template =
		g_strdup_printf("%s/%sXXXXXX", root && *root ? root : "/tmp", prefix);
	if (!mkdtemp(template)) {
		error_set_errno(error, errno, "making a temporary folder below %s",
			root && *root ? root : "/tmp");
		return NULL;
	}
	return g_steal_pointer(&template);
}

int
fs_lock(const char *path, bool exclusive, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && flock(fd, exclusive ? LOCK_EX : LOCK_SH) != 0) {
		if (errno == EINTR)
			continue;
		int saved = errno;
		close(fd);
		error_set_errno(error, saved, "locking %s", path);
		return -1;
	}
	if (fd < 0)
		error_set_errno(error, errno, "locking %s", path);
	return fd;
}

char *
fs_cache_dir(void)
{
	const char *root = g_getenv("XDG_CACHE_HOME");
	if (root && *root)
		return g_build_filename(root, "pip", NULL);
	const char *home = g_get_home_dir();
	return home ? g_build_filename(home, ".cache", "pip", NULL) : NULL;
}

char *
fs_expand_user(const char *path)
{
	if (path[0] != '~' || (path[1] != '/' && path[1] != '\0'))
		return g_strdup(path);
	return g_strconcat(g_get_home_dir(), path + 1, NULL);
}

char *
fs_url_to_path(const char *url, GError **error)
{
	if (g_ascii_strncasecmp(url, "file:", 5) != 0) {
		error_set(error, ERROR_INVALID_INPUT,
			"You can only turn file: urls into filenames (not '%s')", url);
		return NULL;
	}
	const char *at = url + 5;
	if (g_str_has_prefix(at, "//")) {
		at += 2;
		size_t host = strcspn(at, "/");
		if (host > 0 && !(host == 9 && g_ascii_strncasecmp(at, "localhost", 9) == 0)) {
			error_set(error, ERROR_INVALID_INPUT,
				"non-local file URIs are not supported on this platform: '%s'",
				url);
			return NULL;
		}
		at += host;
	}
	g_autofree char *bare = g_strndup(at, strcspn(at, "?#"));
	char *path = g_uri_unescape_string(bare, NULL);
	if (!path)
		error_set(error, ERROR_INVALID_INPUT, "'%s' is no path", url);
	return path;
}

char *
fs_path_to_url(const char *path)
{
	g_autofree char *absolute = g_canonicalize_filename(path, NULL);
	g_autofree char *escaped = g_uri_escape_string(absolute, "/~", FALSE);
	return g_strconcat("file://", escaped, NULL);
}

char *
fs_display_path(const char *path)
{
	g_autofree char *whole = g_canonicalize_filename(path, NULL);
	g_autofree char *here = g_get_current_dir();
	size_t length = strlen(here);
	if (strncmp(whole, here, length) == 0 && whole[length] == '/')
		return g_strconcat(".", whole + length, NULL);
	return g_strdup(path);
}
