/* SPDX-License-Identifier: MIT */
/* Files and folders: safe relative paths, atomic writes, linking, temporary folders, removal. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A file descriptor that closes itself: `g_auto(fd_t) fd = -1;` */
typedef int fd_t;
void fd_close(fd_t *fd);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(fd_t, fd_close)

/* true for `a/b.py`: relative, no empty, `.` or `..` part, no NUL, backslash or control bytes,
 * at most 4096 bytes, each part at most 255. */
bool fs_is_safe_relative(const char *path);

bool fs_mkdirs(const char *path, mode_t mode, GError **error);
/* Whole file; at most `limit` bytes (0: 64 MiB). A NUL is appended. Absent: ERROR_IO, and
 * g_file_test-free callers look at *absent (may be NULL). */
char *fs_read(const char *path, size_t limit, size_t *length, bool *absent, GError **error);
/* Temporary file beside it, fsync if `durable`, rename. */
bool fs_write_atomic(const char *path, const void *bytes, size_t length, mode_t mode, bool durable,
	GError **error);
bool fs_write_all(int fd, const void *bytes, size_t length, GError **error);
/* A new file with the contents and times of an open one; mode is subject to the umask. */
bool fs_copy_fd(int from, int to_dir, const char *to, mode_t mode, GError **error);
/* Reflink, hard link or copy, whichever works; never overwrites. hard_link_ok=false: no hard link.
 */
bool fs_place(int from_dir, const char *from, int to_dir, const char *to, bool hard_link_ok,
	GError **error);
/* Removes a tree without following links; absent is success. */
bool fs_remove_tree(const char *path, GError **error);
bool fs_remove_tree_at(int folder, const char *path, GError **error);
/* mkdtemp in $TMPDIR (or /tmp) with this prefix; new string. */
char *fs_temp_dir(const char *prefix, GError **error);
/* flock on a folder or file; waits. The descriptor holds it. */
int fs_lock(const char *path, bool exclusive, GError **error);
/* pip's cache folder, $XDG_CACHE_HOME/pip or ~/.cache/pip: the one that Dockerfiles mount and CI
 * jobs keep; our names in it are not pip's. NULL without HOME. */
char *fs_cache_dir(void);
char *fs_expand_user(const char *path);		       /* leading ~ */
char *fs_url_to_path(const char *url, GError **error); /* file:// only */
char *fs_path_to_url(const char *path); /* absolute path -> file:///… percent-encoded */
/* For messages: `./x` for what lies below the current folder, else the path. New string. */
char *fs_display_path(const char *path);
