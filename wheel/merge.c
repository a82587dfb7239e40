/* SPDX-License-Identifier: MIT */
#include "wheel/merge.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/texts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_DEPTH = 256 };

/* What a folder holds, with regard to the paths that go. */
enum content { CONTENT_UNKNOWN, CONTENT_STAYS, CONTENT_GOES, CONTENT_NONE };

struct Merge {
	Stage *stage;
	Journal *journal;
	Log *log;
	GHashTable *removed;  /* set of paths that go */
	GHashTable *done;     /* set of paths, files or whole folders, whose going is planned */
	GHashTable *contents; /* folder -> enum content */
	GHashTable *folders;  /* set of folders that a step makes */
	unsigned old_count;
	char *near_folder; /* the folder last asked about, and its staging folder */
	const char *near;
};

Merge *
merge_new(Stage *stage, Journal *journal, Log *log)
{
	Merge *merge = g_new0(Merge, 1);
	*merge = (Merge){.stage = stage,
		.journal = journal,
		.log = log,
		.removed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.contents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
	return merge;
}

void
merge_free(Merge *merge)
{
	if (!merge)
		return;
	g_hash_table_unref(merge->removed);
	g_hash_table_unref(merge->done);
	g_hash_table_unref(merge->contents);
	g_hash_table_unref(merge->folders);
	g_free(merge->near_folder);
	g_free(merge);
}

void
merge_remove(Merge *merge, const char *path)
{
	struct stat info;
	if (lstat(path, &info) == 0)
		g_hash_table_add(merge->removed, g_strdup(path));
}

/* --- looking ------------------------------------------------------------------------------- */

/* Names of a folder's entries, sorted; NULL if it cannot be read. */
static GPtrArray *
entries_of(int base, const char *folder, GError **error)
{
	int fd = openat(base, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		error_set_errno(error, errno, "reading the folder %s", folder);
		return NULL;
	}
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	for (struct dirent *entry; (entry = readdir(dir));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			g_ptr_array_add(names, g_strdup(entry->d_name));
	closedir(dir);
	g_ptr_array_sort(names, texts_compare);
	return names;
}

static bool
is_folder(int base, const char *path, bool follow)
{
	struct stat info;
	return fstatat(base, path, &info, follow ? 0 : AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(info.st_mode);
}

/* A mount can neither be renamed nor can what contains it. */
static bool
is_mount(const char *folder)
{
	struct statx info;
	return statx(AT_FDCWD, folder, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &info) == 0 &&
	       (info.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* pip's rule: a folder goes whole if every file in it does; empty ones and links to folders count
 * for nothing. */
static enum content
content_of(Merge *merge, const char *folder, int depth)
{
	enum content known =
		(enum content)GPOINTER_TO_INT(g_hash_table_lookup(merge->contents, folder));
	if (known != CONTENT_UNKNOWN)
		return known;
	enum content content = CONTENT_NONE;
	g_autoptr(GPtrArray) names = depth < MAX_DEPTH ? entries_of(AT_FDCWD, folder, NULL) : NULL;
	if (!names || is_mount(folder))
		content = CONTENT_STAYS;
	for (guint i = 0; names && i < names->len && content != CONTENT_STAYS; i++) {
		g_autofree char *path = g_build_filename(folder, g_ptr_array_index(names, i), NULL);
		enum content part = CONTENT_STAYS;
		if (g_hash_table_contains(merge->removed, path))
			part = CONTENT_GOES;
		else if (is_folder(AT_FDCWD, path, false))
			part = content_of(merge, path, depth + 1);
		else if (is_folder(AT_FDCWD, path, true))
			part = CONTENT_NONE;
		content = part == CONTENT_NONE ? content : part;
	}
	g_hash_table_insert(merge->contents, g_strdup(folder), GINT_TO_POINTER((int)content));
	return content;
}

static bool
goes_whole(Merge *merge, const char *path, bool folder)
{
	return g_hash_table_contains(merge->removed, path) ||
	       (folder && content_of(merge, path, 0) == CONTENT_GOES);
}

/* --- steps --------------------------------------------------------------------------------- */

/* The staging folder for a path: neighbours share the answer. */
static const char *
near(Merge *merge, const char *path, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);
	if (merge->near_folder && strcmp(merge->near_folder, folder) == 0)
		return merge->near;
	g_free(merge->near_folder);
	merge->near_folder = g_steal_pointer(&folder);
	merge->near = stage_near(merge->stage, merge->near_folder, error);
	if (!merge->near)
		g_clear_pointer(&merge->near_folder, g_free);
	return merge->near;
}

static bool
is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);
	return strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* Where an old file or folder waits for the end of the change; new string. */
static char *
old_slot(Merge *merge, const char *path, GError **error)
{
	const char *staging = near(merge, path, error);
	return staging ? g_strdup_printf("%s/old-%u", staging, merge->old_count++) : NULL;
}

/* `staged` becomes `final`, which may be there (`exists`) and is put aside then. */
static bool
place(Merge *merge, const char *staged, const char *final, bool exists, GError **error)
{
	const char *staging = near(merge, final, error);
	g_autofree char *old = staging && exists ? old_slot(merge, final, error) : NULL;
	g_autofree char *target = stage_relative(merge->stage, final);
	if (!staging || (exists && !old))
		return false;
	/* A mount below a folder of the scheme: no rename leads there. */
	g_autofree char *carried = is_below(staged, staging)
					   ? NULL
					   : stage_carry(merge->stage, staged, staging, error);
	if (!carried && !is_below(staged, staging))
		return false;
	journal_add_place(merge->journal, carried ? carried : staged, target, old);
	if (exists)
		g_hash_table_add(merge->done, g_strdup(final));
	return true;
}

bool
merge_replace(Merge *merge, const char *staged, const char *path, GError **error)
{
	return place(merge, staged, path, true, error);
}

static bool merge_folder(
	Merge *merge, const char *staged, const char *final, int depth, GError **error);

static bool
merge_entry(Merge *merge, const char *staged, const char *final, int depth, GError **error)
{
	struct stat info;
	bool staged_folder = is_folder(stage_base(merge->stage), staged, false);
	bool exists = lstat(final, &info) == 0;
	if (!exists && !g_hash_table_contains(merge->folders, final))
		return place(merge, staged, final, false, error);
	bool folder = exists && S_ISDIR(info.st_mode);
	if (exists && goes_whole(merge, final, folder))
		return place(merge, staged, final, true, error);
	bool leads_to_folder = folder || !exists || is_folder(AT_FDCWD, final, true);
	if (staged_folder && leads_to_folder)
		return merge_folder(merge, staged, final, depth + 1, error);
	if (staged_folder || folder)
		return error_set(error, ERROR_IO, "%s: %s is in the way", final,
			folder ? "a folder" : "a file");
	return place(merge, staged, final, true, error);
}

static bool
merge_folder(Merge *merge, const char *staged, const char *final, int depth, GError **error)
{
	if (depth > MAX_DEPTH)
		return error_set(error, ERROR_IO, "%s: too deep", final);
	g_autoptr(GPtrArray) names = entries_of(stage_base(merge->stage), staged, error);
	bool ok = names != NULL;
	for (guint i = 0; ok && i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		g_autofree char *from = g_build_filename(staged, name, NULL);
		g_autofree char *to = g_build_filename(final, name, NULL);
		ok = merge_entry(merge, from, to, depth, error);
	}
	return ok;
}

/* The folders down to `path` that are missing. */
static void
make_folders(Merge *merge, const char *path)
{
	struct stat info;
	if (g_hash_table_contains(merge->folders, path) || lstat(path, &info) == 0)
		return;
	g_autofree char *parent = g_path_get_dirname(path);
	make_folders(merge, parent);
	g_autofree char *target = stage_relative(merge->stage, path);
	journal_add_folder(merge->journal, target);
	g_hash_table_add(merge->folders, g_strdup(path));
}

static int
compare_depth(const void *a, const void *b)
{
	size_t x = strlen((*(const struct stage_root *const *)a)->final);
	size_t y = strlen((*(const struct stage_root *const *)b)->final);
	return (x < y) - (x > y);
}

static bool
merge_roots(Merge *merge, GError **error)
{
	/* Inner ones first: the outer ones then find the folders that those need. */
	const struct stage_root *roots[8] = {NULL};
	unsigned count = MIN(stage_root_count(merge->stage), (unsigned)G_N_ELEMENTS(roots));
	for (unsigned i = 0; i < count; i++)
		roots[i] = stage_root(merge->stage, i);
	qsort(roots, count, sizeof roots[0], compare_depth);
	for (unsigned i = 0; i < count; i++) {
		g_autoptr(GPtrArray) names =
			entries_of(stage_base(merge->stage), roots[i]->staged, error);
		if (!names)
			return false;
		if (names->len == 0)
			continue;
		make_folders(merge, roots[i]->final);
		if (!merge_folder(merge, roots[i]->staged, roots[i]->final, 0, error))
			return false;
	}
	return true;
}

/* --- removing ------------------------------------------------------------------------------ */

static bool
is_root(const Merge *merge, const char *path)
{
	for (unsigned i = 0; i < stage_root_count(merge->stage); i++)
		if (strcmp(stage_root(merge->stage, i)->final, path) == 0)
			return true;
	return strcmp(path, "/") == 0;
}

/* true if the path or a folder above it is done. */
static bool
is_done(const Merge *merge, const char *path)
{
	g_autofree char *at = g_strdup(path);
	for (char *slash = at + strlen(at); slash && slash > at; slash = strrchr(at, '/')) {
		*slash = '\0';
		if (g_hash_table_contains(merge->done, at))
			return true;
	}
	return false;
}

/* The highest folder above a path that goes whole, or the path itself; new string. */
static char *
highest(Merge *merge, const char *path)
{
	char *best = g_strdup(path);
	for (;;) {
		g_autofree char *parent = g_path_get_dirname(best);
		if (is_root(merge, parent) || content_of(merge, parent, 0) != CONTENT_GOES)
			return best;
		g_free(best);
		best = g_steal_pointer(&parent);
	}
}

/* Folders that may be empty afterwards are removed, the inner ones first. */
static void
prune_above(Merge *merge, const char *path, GHashTable *pruned)
{
	g_autofree char *folder = g_path_get_dirname(path);
	while (!is_root(merge, folder) && !g_hash_table_contains(pruned, folder)) {
		g_hash_table_add(pruned, g_strdup(folder));
		char *parent = g_path_get_dirname(folder);
		g_free(folder);
		folder = parent;
	}
}

static int
compare_backwards(const void *a, const void *b)
{
	return -texts_compare(a, b);
}

static bool
remove_rest(Merge *merge, GError **error)
{
	g_autoptr(GHashTable) pruned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) paths = g_ptr_array_new();
	GHashTableIter iter;
	void *key;
	g_hash_table_iter_init(&iter, merge->removed);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		g_ptr_array_add(paths, key);
	g_ptr_array_sort(paths, texts_compare);
	for (guint i = 0; i < paths->len; i++) {
		const char *path = g_ptr_array_index(paths, i);
		if (is_done(merge, path))
			continue;
		g_autofree char *whole = highest(merge, path);
		g_autofree char *old = old_slot(merge, whole, error);
		g_autofree char *target = stage_relative(merge->stage, whole);
		if (!old)
			return false;
		journal_add_remove(merge->journal, target, old);
		prune_above(merge, whole, pruned);
		g_hash_table_add(merge->done, g_steal_pointer(&whole));
	}
	g_ptr_array_set_size(paths, 0);
	g_hash_table_iter_init(&iter, pruned);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		g_ptr_array_add(paths, key);
	g_ptr_array_sort(paths, compare_backwards);
	for (guint i = 0; i < paths->len; i++) {
		g_autofree char *target = stage_relative(merge->stage, g_ptr_array_index(paths, i));
		journal_add_prune(merge->journal, target);
	}
	return true;
}

bool
merge_plan(Merge *merge, GError **error)
{
	return (!stage_folder(merge->stage) || merge_roots(merge, error)) &&
	       remove_rest(merge, error);
}

/* --- --target ------------------------------------------------------------------------------ */

bool
merge_plan_flat(Merge *merge, bool replace, GError **error)
{
	const struct stage_root *root = stage_root(merge->stage, 0);
	g_autoptr(GPtrArray) names = entries_of(stage_base(merge->stage), root->staged, error);
	bool ok = names != NULL;
	for (guint i = 0; ok && i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		g_autofree char *staged = g_build_filename(root->staged, name, NULL);
		g_autofree char *final = g_build_filename(root->final, name, NULL);
		g_autofree char *named = g_build_filename(root->named, name, NULL);
		struct stat info;
		bool exists = lstat(final, &info) == 0;
		if (exists && !replace)
			log_warning(merge->log,
				"Target directory %s already exists. Specify --upgrade to force "
				"replacement.",
				named);
		else if (exists && S_ISLNK(info.st_mode))
			log_warning(merge->log,
				"Target directory %s already exists and is a link. pip will not "
				"automatically replace links, please remove if replacement is "
				"desired.",
				named);
		else
			ok = place(merge, staged, final, exists, error);
	}
	return ok;
}
