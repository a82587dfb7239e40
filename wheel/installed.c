/* SPDX-License-Identifier: MIT */
#include "wheel/installed.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/texts.h"
#include "wheel/name.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FILE = 64 << 20 };

struct InstalledSet {
	GPtrArray *list;     /* of Installed *, sorted by normalised name */
	GHashTable *by_name; /* normalised name (of the Installed) -> Installed * */
};

static void
dist_free(void *data)
{
	Installed *dist = data;
	g_free(dist->name);
	g_free(dist->normalized_name);
	g_free(dist->version);
	g_free(dist->location);
	g_free(dist->info);
	g_free(dist->editable_location);
	metadata_free(dist->metadata);
	g_free(dist);
}

void
installed_free(InstalledSet *set)
{
	if (!set)
		return;
	g_hash_table_unref(set->by_name);
	g_ptr_array_unref(set->list);
	g_free(set);
}

/* --- one entry of a folder ----------------------------------------------------------------- */

/* The file that holds the metadata of an entry; new string. */
static char *
metadata_path(const Installed *dist)
{
	switch (dist->kind) {
	case INSTALLED_DIST_INFO:
		return g_build_filename(dist->info, "METADATA", NULL);
	case INSTALLED_EGG_INFO_FILE:
		return g_strdup(dist->info);
	default:
		return g_build_filename(dist->info, "PKG-INFO", NULL);
	}
}

/* `NAME-VERSION` of a folder's name without its suffix: split at the last dash of a dist-info (its
 * name has none), at the first of an egg-info, whose version may be followed by `-py3.11`. */
static bool
split_name(Installed *dist, const char *stem, bool dist_info)
{
	const char *dash = strchr(stem, '-');
	if (!dash || dash == stem)
		return false;
	dist->name = g_strndup(stem, (gsize)(dash - stem));
	const char *version = dash + 1;
	const char *end = dist_info ? NULL : strstr(version, "-py");
	dist->version = end ? g_strndup(version, (gsize)(end - version)) : g_strdup(version);
	return *dist->version != '\0';
}

const Metadata *
installed_metadata(Installed *dist, GError **error)
{
	if (dist->metadata)
		return dist->metadata;
	g_autofree char *path = metadata_path(dist);
	size_t length = 0;
	g_autofree char *text = fs_read(path, MAX_FILE, &length, NULL, error);
	if (!text)
		return NULL;
	dist->metadata = metadata_parse(text, length, error);
	if (!dist->metadata) {
		g_prefix_error(error, "%s: ", path);
		return NULL;
	}
	/* Folder names spell the name and version in their own way. */
	g_free(dist->name);
	g_free(dist->version);
	dist->name = g_strdup(dist->metadata->name);
	dist->version = g_strdup(dist->metadata->version);
	return dist->metadata;
}

static Installed *
entry_new(const char *folder, const char *name)
{
	Installed *dist = g_new0(Installed, 1);
	bool dist_info = g_str_has_suffix(name, ".dist-info");
	size_t suffix = strlen(dist_info ? ".dist-info" : ".egg-info");
	g_autofree char *stem = g_strndup(name, strlen(name) - suffix);
	dist->info = g_build_filename(folder, name, NULL);
	dist->location = g_strdup(folder);
	dist->kind = dist_info ? INSTALLED_DIST_INFO : INSTALLED_EGG_INFO;
	if (!dist_info && !g_file_test(dist->info, G_FILE_TEST_IS_DIR))
		dist->kind = INSTALLED_EGG_INFO_FILE;
	bool named = split_name(dist, stem, dist_info);
	/* The spelling of the name stands in METADATA only; it is read when somebody asks. */
	if (!named)
		installed_metadata(dist, NULL);
	if (!dist->name || !dist->version) {
		dist_free(dist);
		return NULL;
	}
	dist->normalized_name = name_normalize(dist->name);
	return dist;
}

/* `NAME.egg-link`: a project installed by `setup.py develop`. */
static Installed *
link_new(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *text = fs_read(path, 65536, NULL, NULL, NULL);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", 3);
	if (!lines[0] || !*g_strstrip(lines[0]))
		return NULL;
	g_autofree char *stem = g_strndup(name, strlen(name) - strlen(".egg-link"));
	g_autofree char *escaped = name_escape(stem);
	const char *spellings[] = {stem, escaped};
	for (size_t i = 0; i < G_N_ELEMENTS(spellings); i++) {
		g_autofree char *info = g_strconcat(spellings[i], ".egg-info", NULL);
		g_autofree char *full = g_build_filename(lines[0], info, NULL);
		if (!g_file_test(full, G_FILE_TEST_IS_DIR))
			continue;
		Installed *dist = g_new0(Installed, 1);
		dist->kind = INSTALLED_DEVELOP;
		dist->info = g_steal_pointer(&full);
		dist->location = g_strdup(lines[0]);
		dist->editable_location = g_strdup(lines[0]);
		installed_metadata(dist, NULL);
		if (dist->name && dist->version) {
			dist->normalized_name = name_normalize(dist->name);
			return dist;
		}
		dist_free(dist);
	}
	return NULL;
}

/* --- scanning ------------------------------------------------------------------------------ */

static bool
is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);
	return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static void
add(InstalledSet *set, const Python *python, Installed *dist, const char *found_in)
{
	/* The first one found on sys.path is the one that imports see. */
	if (g_hash_table_contains(set->by_name, dist->normalized_name)) {
		dist_free(dist);
		return;
	}
	dist->in_site = strcmp(found_in, python->scheme.purelib) == 0 ||
			strcmp(found_in, python->scheme.platlib) == 0;
	dist->in_user_site = python->user_site && strcmp(found_in, python->user_site) == 0;
	dist->local = !python->is_venv || is_below(found_in, python->prefix) ||
		      dist->kind == INSTALLED_DEVELOP;
	g_ptr_array_add(set->list, dist);
	g_hash_table_insert(set->by_name, dist->normalized_name, dist);
}

static void
scan_folder(InstalledSet *set, const Python *python, const char *folder, Log *log)
{
	DIR *dir = opendir(folder);
	if (!dir) {
		if (errno != ENOENT && errno != ENOTDIR)
			log_warning(log, "%s: cannot be read: %s", folder, g_strerror(errno));
		return;
	}
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	for (struct dirent *entry; (entry = readdir(dir));) {
		const char *name = entry->d_name;
		if (g_str_has_suffix(name, ".dist-info") || g_str_has_suffix(name, ".egg-info") ||
			g_str_has_suffix(name, ".egg-link")) {
			if (name[0] == '~')
				log_warning(log, "Ignoring invalid distribution %.*s (%s)",
					(int)(strcspn(name, "-")), name, folder);
			else
				g_ptr_array_add(names, g_strdup(name));
		}
	}
	closedir(dir);
	/* The same order everywhere, whatever the file system's. */
	g_ptr_array_sort(names, texts_compare);
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		Installed *dist = g_str_has_suffix(name, ".egg-link") ? link_new(folder, name)
								      : entry_new(folder, name);
		if (dist)
			add(set, python, dist, folder);
	}
}

static int
compare_dists(const void *a, const void *b)
{
	return strcmp((*(Installed *const *)a)->normalized_name,
		(*(Installed *const *)b)->normalized_name);
}

InstalledSet *
installed_scan(const Python *python, const char *const *paths, Log *log, GError **error)
{
	(void)error;
	InstalledSet *set = g_new0(InstalledSet, 1);
	set->list = g_ptr_array_new_with_free_func(dist_free);
	set->by_name = g_hash_table_new(g_str_hash, g_str_equal);
	const char *const *folders = paths ? paths : (const char *const *)python->sys_path;
	for (; *folders; folders++)
		scan_folder(set, python, *folders, log);
	g_ptr_array_sort(set->list, compare_dists);
	return set;
}

size_t
installed_count(const InstalledSet *set)
{
	return set->list->len;
}

Installed *
installed_get(InstalledSet *set, size_t index)
{
	return g_ptr_array_index(set->list, index);
}

Installed *
installed_find(InstalledSet *set, const char *normalized_name)
{
	return g_hash_table_lookup(set->by_name, normalized_name);
}

char *
installed_read(const Installed *dist, const char *file, size_t *length)
{
	if (dist->kind == INSTALLED_EGG_INFO_FILE)
		return NULL;
	g_autofree char *path = g_build_filename(dist->info, file, NULL);
	bool absent = false;
	return fs_read(path, MAX_FILE, length, &absent, NULL);
}

char *
installed_installer(const Installed *dist)
{
	char *text = installed_read(dist, "INSTALLER", NULL);
	if (!text)
		return g_strdup("");
	text[strcspn(text, "\r\n")] = '\0';
	return g_strstrip(text);
}

bool
installed_requested(const Installed *dist)
{
	g_autofree char *path = g_build_filename(dist->info, "REQUESTED", NULL);
	return access(path, F_OK) == 0;
}
