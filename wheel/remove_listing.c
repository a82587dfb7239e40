/* SPDX-License-Identifier: MIT */
/* How pip shows what a removal takes away. */
#include "lib/texts.h"
#include "wheel/remove.h"

#include <string.h>
#include <sys/stat.h>

enum { MAX_DEPTH = 256 };

static int
compare_length(const void *a, const void *b)
{
	size_t x = strlen(*(char *const *)a), y = strlen(*(char *const *)b);
	return x != y ? (x > y) - (x < y) : texts_compare(a, b);
}

static bool
is_covered(GHashTable *kept, const char *path)
{
	g_autofree char *at = g_strdup(path);
	for (char *slash = at + strlen(at); slash && slash > at; slash = strrchr(at, '/')) {
		*slash = '\0';
		if (g_hash_table_contains(kept, at))
			return true;
	}
	return false;
}

GPtrArray *
remove_compact(const GPtrArray *paths)
{
	g_autoptr(GPtrArray) by_length = g_ptr_array_new();
	g_autoptr(GHashTable) kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GPtrArray *out = g_ptr_array_new();
	for (guint i = 0; i < paths->len; i++)
		g_ptr_array_add(by_length, g_ptr_array_index(paths, i));
	g_ptr_array_sort(by_length, compare_length);
	for (guint i = 0; i < by_length->len; i++) {
		char *path = g_ptr_array_index(by_length, i);
		/* `folder/` and a star stands for all that is in it. */
		size_t length = strlen(path);
		g_autofree char *plain =
			g_strndup(path, g_str_has_suffix(path, "/*") ? length - 2 : length);
		if (is_covered(kept, plain))
			continue;
		g_hash_table_add(kept, g_steal_pointer(&plain));
		g_ptr_array_add(out, path);
	}
	g_ptr_array_sort(out, texts_compare);
	return out;
}

/* Files of a folder that are not to be removed; byte code aside. */
static void
find_others(const char *folder, GHashTable *files, GPtrArray *found, int depth)
{
	GDir *dir = depth < MAX_DEPTH ? g_dir_open(folder, 0, NULL) : NULL;
	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		struct stat info;
		if (lstat(path, &info) == 0 && S_ISDIR(info.st_mode))
			find_others(path, files, found, depth + 1);
		else if (!g_str_has_suffix(name, ".pyc") && stat(path, &info) == 0 &&
			 S_ISREG(info.st_mode) && !g_hash_table_contains(files, path))
			g_ptr_array_add(found, g_steal_pointer(&path));
	}
	if (dir)
		g_dir_close(dir);
}

GPtrArray *
remove_listing(const GPtrArray *paths, GPtrArray **skipped)
{
	g_autoptr(GHashTable) files = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) folders =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < paths->len; i++) {
		char *path = g_ptr_array_index(paths, i);
		if (g_str_has_suffix(path, ".pyc"))
			continue;
		if (g_str_has_suffix(path, "__init__.py") || strstr(path, ".dist-info"))
			g_hash_table_add(folders, g_path_get_dirname(path));
		g_hash_table_add(files, path);
		g_ptr_array_add(all, g_strdup(path));
	}
	g_autoptr(GPtrArray) folder_list = remove_sorted(folders);
	g_autoptr(GPtrArray) compact = remove_compact(folder_list);
	*skipped = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < compact->len; i++) {
		const char *folder = g_ptr_array_index(compact, i);
		find_others(folder, files, *skipped, 0);
		g_ptr_array_add(all, g_strconcat(folder, "/*", NULL));
	}
	g_ptr_array_sort(*skipped, texts_compare);
	g_autoptr(GPtrArray) shown = remove_compact(all);
	GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < shown->len; i++)
		g_ptr_array_add(out, g_strdup(g_ptr_array_index(shown, i)));
	return out;
}
