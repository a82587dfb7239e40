/* SPDX-License-Identifier: MIT */
#include "wheel/stage.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "wheel/stage_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PREFIX ".xpip-"
/* Links of this name in the staging folder lead to those on other file systems. */
#define OTHER "other-"
enum { MAX_LINK = 4096 };

/* --- paths --------------------------------------------------------------------------------- */

/* Without links as far as it exists; new string. */
char *
stage_real_path(const char *path)
{
	char *real = realpath(path, NULL);
	if (real) {
		char *copy = g_strdup(real);
		free(real);
		return copy;
	}
	g_autofree char *absolute = g_canonicalize_filename(path, NULL);
	g_autofree char *parent = g_path_get_dirname(absolute);
	if (strcmp(parent, absolute) == 0)
		return g_steal_pointer(&absolute);
	g_autofree char *name = g_path_get_basename(absolute);
	g_autofree char *above = stage_real_path(parent);
	return g_build_filename(above, name, NULL);
}

/* From one absolute path without links to another. */
static char *
relative(const char *from, const char *to)
{
	size_t common = 0, i = 0;
	for (; from[i] && from[i] == to[i]; i++)
		if (from[i] == '/')
			common = i;
	if ((!from[i] || from[i] == '/') && (!to[i] || to[i] == '/'))
		common = i;
	GString *out = g_string_new(NULL);
	for (const char *at = from + common; *at; at++)
		if (*at == '/' && at[1])
			g_string_append(out, "../");
	const char *rest = to + common;
	g_string_append(out, *rest == '/' ? rest + 1 : rest);
	if (out->len == 0)
		g_string_append_c(out, '.');
	else if (out->str[out->len - 1] == '/')
		g_string_truncate(out, out->len - 1);
	return g_string_free(out, FALSE);
}

char *
stage_relative(const Stage *stage, const char *path)
{
	return relative(stage->path, path);
}

/* The mount and device of a folder, or of what exists above it: renames do not leave them. Only
 * folders tell: overlayfs gives files the device of their layer. */
static uint64_t
mount_of(const char *folder)
{
	struct statx info;
	g_autofree char *at = g_strdup(folder);
	while (statx(AT_FDCWD, at, 0, STATX_BASIC_STATS | STATX_MNT_ID, &info) != 0 ||
		!S_ISDIR(info.stx_mode)) {
		char *parent = g_path_get_dirname(at);
		bool top = strcmp(parent, at) == 0;
		g_free(at);
		at = parent;
		if (top)
			return 0;
	}
	uint64_t device = makedev(info.stx_dev_major, info.stx_dev_minor);
	return device * 1000003 + ((info.stx_mask & STATX_MNT_ID) ? info.stx_mnt_id : 0);
}

static mode_t
read_umask(void)
{
	g_autofree char *text = NULL;
	/* umask(2) can only be read by changing it, which other threads would feel. */
	if (g_file_get_contents("/proc/self/status", &text, NULL, NULL)) {
		const char *line = strstr(text, "\nUmask:");
		if (line)
			return (mode_t)strtol(line + strlen("\nUmask:"), NULL, 8);
	}
	mode_t mask = umask(0);
	umask(mask);
	return mask;
}

/* --- the lock ------------------------------------------------------------------------------ */

static bool
make_folders(const char *path, GPtrArray *made, GError **error)
{
	if (g_file_test(path, G_FILE_TEST_IS_DIR))
		return true;
	g_autofree char *parent = g_path_get_dirname(path);
	if (strcmp(parent, path) != 0 && !make_folders(parent, made, error))
		return false;
	if (mkdir(path, 0777) == 0) {
		g_ptr_array_add(made, g_strdup(path));
		return true;
	}
	return errno == EEXIST || error_set_errno(error, errno, "making the folder %s", path);
}

/* No file of its own: the folder itself is locked. Where there are no locks, as on some network
 * file systems, we go on without. */
static bool
take_lock(Stage *stage, Log *log, GError **error)
{
	stage->base = open(stage->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (stage->base < 0)
		return error_set_errno(error, errno, "opening %s", stage->path);
	if (flock(stage->base, LOCK_EX | LOCK_NB) == 0 || errno == ENOLCK || errno == EOPNOTSUPP ||
		errno == ENOSYS)
		return true;
	if (errno == EWOULDBLOCK)
		log_verbose(log, "Waiting for another process that changes %s", stage->path);
	while (flock(stage->base, LOCK_EX) != 0)
		if (errno != EINTR)
			return error_set_errno(error, errno, "locking %s", stage->path);
	return true;
}

static void
root_clear(void *data)
{
	struct stage_root *root = data;
	if (root->fd >= 0)
		close(root->fd);
	g_free(root->final);
	g_free(root->named);
	g_free(root->staged);
}

static void
add_root(Stage *stage, const char *folder)
{
	struct stage_root root = {stage_real_path(folder), g_strdup(folder), NULL, -1};
	for (guint i = 0; i < stage->roots->len; i++) {
		if (strcmp(stage_root(stage, i)->final, root.final) == 0) {
			g_free(root.final);
			g_free(root.named);
			return;
		}
	}
	g_array_append_val(stage->roots, root);
}

Stage *
stage_lock(const struct python_scheme *scheme, bool flat, Log *log, GError **error)
{
	g_autoptr(Stage) stage = g_new0(Stage, 1);
	stage->base = -1;
	stage->roots = g_array_new(FALSE, FALSE, sizeof(struct stage_root));
	g_array_set_clear_func(stage->roots, root_clear);
	stage->made = g_ptr_array_new_with_free_func(g_free);
	stage->others = g_ptr_array_new_with_free_func(g_free);
	stage->umask = read_umask();
	if (!make_folders(scheme->purelib, stage->made, error))
		return NULL;
	stage->path = stage_real_path(scheme->purelib);
	stage->mount = mount_of(stage->path);
	add_root(stage, scheme->purelib);
	if (!flat) {
		add_root(stage, scheme->platlib);
		add_root(stage, scheme->scripts);
		add_root(stage, scheme->headers);
		add_root(stage, scheme->data);
	}
	return take_lock(stage, log, error) ? g_steal_pointer(&stage) : NULL;
}

void
stage_free(Stage *stage)
{
	if (!stage)
		return;
	if (stage->folder)
		stage_drop(stage->base, stage->folder);
	for (guint i = stage->made->len; i > 0; i--)
		rmdir(g_ptr_array_index(stage->made, i - 1));
	g_array_unref(stage->roots);
	g_ptr_array_unref(stage->made);
	g_ptr_array_unref(stage->others);
	if (stage->base >= 0)
		close(stage->base);
	g_free(stage->path);
	g_free(stage->folder);
	g_free(stage);
}

void
stage_keep(Stage *stage)
{
	g_autofree char *journal = g_build_filename(stage->folder, "journal", NULL);
	if (faccessat(stage->base, journal, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	g_clear_pointer(&stage->folder, g_free);
}

/* --- staging folders ----------------------------------------------------------------------- */

bool
stage_is_name(const char *name)
{
	return g_str_has_prefix(name, PREFIX);
}

bool
stage_open_roots(Stage *stage, GError **error)
{
	if (stage->folder)
		return true;
	g_autofree char *path = g_build_filename(stage->path, PREFIX "XXXXXX", NULL);
	if (!mkdtemp(path))
		return error_set_errno(error, errno, "making a folder in %s", stage->path);
	stage->folder = g_path_get_basename(path);
	for (guint i = 0; i < stage->roots->len; i++) {
		struct stage_root *root = &g_array_index(stage->roots, struct stage_root, i);
		const char *near = stage_near(stage, root->final, error);
		if (!near)
			return false;
		root->staged = g_strdup_printf("%s/%u", near, i);
		if (mkdirat(stage->base, root->staged, 0777) != 0)
			return error_set_errno(error, errno, "making %s", root->staged);
		root->fd = openat(stage->base, root->staged, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root->fd < 0)
			return error_set_errno(error, errno, "opening %s", root->staged);
	}
	return true;
}

/* The highest folder above path on the same mount that we may write to, or NULL. */
static char *
writable_near(const char *path, uint64_t mount)
{
	g_autofree char *at = g_strdup(path);
	for (;;) {
		if (g_file_test(at, G_FILE_TEST_IS_DIR) && mount_of(at) == mount &&
			access(at, W_OK) == 0)
			return g_steal_pointer(&at);
		char *parent = g_path_get_dirname(at);
		bool top = strcmp(parent, at) == 0;
		g_free(at);
		at = parent;
		if (top)
			return NULL;
	}
}

const char *
stage_near(Stage *stage, const char *folder, GError **error)
{
	uint64_t mount = mount_of(folder);
	if (mount == stage->mount)
		return stage->folder;
	for (guint i = 0; i < stage->others->len; i++) {
		g_autofree char *other =
			g_build_filename(stage->path, g_ptr_array_index(stage->others, i), NULL);
		if (mount_of(other) == mount)
			return g_ptr_array_index(stage->others, i);
	}
	g_autofree char *place = writable_near(folder, mount);
	if (!place) {
		error_set(error, ERROR_IO, "%s: no folder on its file system can be written to",
			folder);
		return NULL;
	}
	/* Noted before it is made, so that no crash can leave it unknown. */
	g_autofree char *path = g_build_filename(place, stage->folder, NULL);
	g_autofree char *other = relative(stage->path, path);
	g_autofree char *link =
		g_strdup_printf("%s/" OTHER "%u", stage->folder, stage->others->len);
	if (symlinkat(other, stage->base, link) != 0 || mkdir(path, 0700) != 0) {
		error_set_errno(error, errno, "making a folder in %s", place);
		return NULL;
	}
	g_ptr_array_add(stage->others, g_steal_pointer(&other));
	return g_ptr_array_index(stage->others, stage->others->len - 1);
}

GPtrArray *
stage_left_over(int folder)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (stage_is_name(entry->d_name))
			g_ptr_array_add(names, g_strdup(entry->d_name));
	if (dir)
		closedir(dir);
	return names;
}

void
stage_drop(int base, const char *staging)
{
	for (unsigned i = 0;; i++) {
		char target[MAX_LINK];
		g_autofree char *link = g_strdup_printf("%s/" OTHER "%u", staging, i);
		ssize_t length = readlinkat(base, link, target, sizeof target - 1);
		if (length < 0)
			break;
		target[length] = '\0';
		/* They have its own name: nothing else is ever removed this way. */
		const char *slash = strrchr(target, '/');
		if (slash && strcmp(slash + 1, staging) == 0)
			fs_remove_tree_at(base, target, NULL);
	}
	fs_remove_tree_at(base, staging, NULL);
}

/* --- what others ask ----------------------------------------------------------------------- */

int
stage_base(const Stage *stage)
{
	return stage->base;
}

const char *
stage_base_path(const Stage *stage)
{
	return stage->path;
}

mode_t
stage_umask(const Stage *stage)
{
	return stage->umask;
}

const char *
stage_folder(const Stage *stage)
{
	return stage->folder;
}

unsigned
stage_root_count(const Stage *stage)
{
	return stage->roots->len;
}

const struct stage_root *
stage_root(const Stage *stage, unsigned index)
{
	return &g_array_index(stage->roots, struct stage_root, index);
}

const GPtrArray *
stage_others(const Stage *stage)
{
	return stage->others;
}

int
stage_locate(const Stage *stage, const char *folder, const char *rel, char **below)
{
	g_autofree char *final = g_build_filename(folder, rel, NULL);
	int best = -1;
	size_t longest = 0;
	for (guint i = 0; i < stage->roots->len; i++) {
		const char *root = stage_root(stage, i)->final;
		size_t length = strlen(root);
		bool inside = g_str_has_prefix(final, root) && final[length] == '/';
		if (inside && length > longest) {
			best = (int)i;
			longest = length;
		}
	}
	if (best >= 0)
		*below = g_strdup(final + longest + 1);
	return best;
}

unsigned
stage_root_of(const Stage *stage, const char *folder)
{
	g_autofree char *real = stage_real_path(folder);
	for (guint i = 0; i < stage->roots->len; i++)
		if (strcmp(stage_root(stage, i)->final, real) == 0)
			return i;
	return 0;
}

char *
stage_record_path(const Stage *stage, unsigned lib, unsigned root, const char *path)
{
	if (lib == root)
		return g_strdup(path);
	g_autofree char *folder =
		relative(stage_root(stage, lib)->final, stage_root(stage, root)->final);
	return g_strconcat(folder, "/", path, NULL);
}
