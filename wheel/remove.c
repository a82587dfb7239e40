/* SPDX-License-Identifier: MIT */
#include "wheel/remove.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/texts.h"
#include "wheel/bytecode.h"
#include "wheel/manifest.h"
#include "wheel/script.h"
#include "wheel/stage.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_PTH = 16 << 20 };

/* --- collecting ---------------------------------------------------------------------------- */

struct finder {
	const Python *python;
	Installed *dist;
	GHashTable *paths, *refused; /* sets */
	GHashTable *real;	     /* folder -> the same without links */
	GPtrArray *allowed;	     /* folders below which we may remove */
};

/* A folder without links; looked up once. */
static const char *
real_folder(struct finder *finder, const char *folder)
{
	char *real = g_hash_table_lookup(finder->real, folder);
	if (!real) {
		real = stage_real_path(folder);
		g_hash_table_insert(finder->real, g_strdup(folder), real);
	}
	return real;
}

static bool
is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);
	return strncmp(path, folder, length) == 0 &&
	       (path[length] == '/' || path[length] == '\0' ||
		       (length > 0 && folder[length - 1] == '/'));
}

/* Whatever a RECORD says, nothing outside of the environment goes. */
static bool
is_allowed(const struct finder *finder, const char *path)
{
	for (guint i = 0; i < finder->allowed->len; i++)
		if (is_below(path, g_ptr_array_index(finder->allowed, i)))
			return true;
	return false;
}

static void
allow(struct finder *finder, const char *folder)
{
	if (folder && *folder)
		g_ptr_array_add(finder->allowed, stage_real_path(folder));
}

/* Links in the path are followed, the last part is not: a link goes, not what it leads to. */
static void
add(struct finder *finder, const char *path)
{
	g_autofree char *clean = g_canonicalize_filename(path, "/");
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(clean);
	g_autofree char *full = g_build_filename(real_folder(finder, folder), name, NULL);
	if (access(full, F_OK) != 0)
		return;
	g_hash_table_add(
		is_allowed(finder, full) ? finder->paths : finder->refused, g_strdup(full));
	/* Code that an import wrote after the installation is in no list. */
	g_autofree char *code =
		g_str_has_suffix(full, ".py") ? bytecode_path(finder->python, full) : NULL;
	if (code)
		add(finder, code);
}

static void
add_below(struct finder *finder, const char *folder, const char *rel)
{
	g_autofree char *path = *rel == '/' ? g_strdup(rel) : g_build_filename(folder, rel, NULL);
	add(finder, path);
}

static void
add_with_suffixes(
	struct finder *finder, const char *folder, const char *stem, const char *const *suffixes)
{
	for (; *suffixes; suffixes++) {
		g_autofree char *rel = g_strconcat(stem, *suffixes, NULL);
		add_below(finder, folder, rel);
	}
}

/* --- dist-info ----------------------------------------------------------------------------- */

static bool
refuse_without_record(struct finder *finder, Log *log, GError **error)
{
	const Installed *dist = finder->dist;
	g_autofree char *message =
		g_strdup_printf("Cannot uninstall %s %s", dist->name, dist->version);
	g_autofree char *context = g_strdup_printf("The package's contents are unknown: no RECORD "
						   "file was found for %s.",
		dist->name);
	g_autofree char *installer = installed_installer(dist);
	bool ours = !*installer || strcmp(installer, "pip") == 0 || strcmp(installer, "xpip") == 0;
	g_autofree char *hint =
		ours ? g_strdup_printf("You might be able to recover from this via: pip install "
				       "--ignore-installed --no-deps %s==%s",
			       dist->name, dist->version)
		     : g_strdup_printf(
			       "The package was installed by %s. You should check if it can "
			       "uninstall the package.",
			       installer);
	struct diagnostic diagnostic = {.reference = "uninstall-no-record-file",
		.message = message,
		.context = context,
		.hint = hint};
	log_diagnostic(log, &diagnostic);
	return error_set(error, ERROR_SILENT, "%s", message);
}

static bool
find_record(struct finder *finder, Log *log, GError **error)
{
	static const char *const code[] = {".pyc", ".pyo", NULL};
	size_t length = 0;
	g_autofree char *text = installed_read(finder->dist, "RECORD", &length);
	if (!text)
		return refuse_without_record(finder, log, error);
	g_autoptr(Manifest) manifest = manifest_parse(text, length, error);
	if (!manifest)
		return false;
	for (size_t i = 0; i < manifest_count(manifest); i++) {
		const char *path = manifest_get(manifest, i)->path;
		add_below(finder, finder->dist->location, path);
		if (!g_str_has_suffix(path, ".py"))
			continue;
		g_autofree char *stem = g_strndup(path, strlen(path) - 3);
		add_with_suffixes(finder, finder->dist->location, stem, code);
	}
	return true;
}

/* --- older kinds --------------------------------------------------------------------------- */

/* `top_level.txt` of an egg-info without a list of files: whole packages and modules. */
static void
find_top_level(struct finder *finder)
{
	static const char *const suffixes[] = {"", ".py", ".pyc", ".pyo", NULL};
	g_autofree char *text = installed_read(finder->dist, "top_level.txt", NULL);
	g_autofree char *shared = installed_read(finder->dist, "namespace_packages.txt", NULL);
	g_auto(GStrv) names = g_strsplit_set(text ? text : "", "\r\n", -1);
	g_auto(GStrv) namespaces = g_strsplit_set(shared ? shared : "", "\r\n", -1);
	for (char **name = names; *name; name++)
		if (**name && fs_is_safe_relative(*name) &&
			!g_strv_contains((const char *const *)namespaces, *name))
			add_with_suffixes(finder, finder->dist->location, *name, suffixes);
}

static void
find_egg_info(struct finder *finder)
{
	add(finder, finder->dist->info);
	g_autofree char *text = installed_read(finder->dist, "installed-files.txt", NULL);
	if (!text) {
		find_top_level(finder);
		return;
	}
	g_auto(GStrv) lines = g_strsplit_set(text, "\r\n", -1);
	for (char **line = lines; *line; line++)
		if (**line) /* named from the egg-info folder */
			add_below(finder, finder->dist->info, *line);
}

static bool
refuse_distutils(const struct finder *finder, Log *log, GError **error)
{
	g_autofree char *message = g_strdup_printf(
		"Cannot uninstall %s %s", finder->dist->name, finder->dist->version);
	struct diagnostic diagnostic = {.reference = "uninstall-distutils-installed-package",
		.message = message,
		.context = "It is a distutils installed project and thus we cannot accurately "
			   "determine which files belong to it which would lead to only a partial "
			   "uninstall."};
	log_diagnostic(log, &diagnostic);
	return error_set(error, ERROR_SILENT, "%s", message);
}

static void
drop_pth_entry(
	struct finder *finder, struct removal *removal, const char *folder, const char *entry)
{
	g_autofree char *file =
		g_build_filename(real_folder(finder, folder), "easy-install.pth", NULL);
	if (!is_allowed(finder, file)) {
		g_hash_table_add(finder->refused, g_strdup(file));
		return;
	}
	removal->pth_file = g_steal_pointer(&file);
	removal->pth_entry = g_strdup(entry);
}

static void
find_egg(struct finder *finder, struct removal *removal)
{
	g_autofree char *egg = stage_real_path(finder->dist->location);
	g_autofree char *folder = g_path_get_dirname(egg);
	g_autofree char *name = g_path_get_basename(egg);
	g_autofree char *entry = g_strconcat("./", name, NULL);
	add(finder, egg);
	drop_pth_entry(finder, removal, folder, entry);
}

/* The egg-link of a project in development, in one of the folders of sys.path. */
static void
find_develop(struct finder *finder, struct removal *removal)
{
	const Installed *dist = finder->dist;
	g_autofree char *escaped = g_strdelimit(g_strdup(dist->name), "_", '-');
	const char *names[] = {escaped, dist->name};
	for (char **folder = finder->python->sys_path; *folder; folder++) {
		for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
			g_autofree char *link =
				g_strconcat(*folder, "/", names[i], ".egg-link", NULL);
			if (access(link, F_OK) != 0)
				continue;
			add(finder, link);
			drop_pth_entry(finder, removal, *folder, dist->location);
			return;
		}
	}
}

/* --- scripts ------------------------------------------------------------------------------- */

static void
find_scripts(struct finder *finder)
{
	const Python *python = finder->python;
	g_autofree char *user_bin = finder->dist->in_user_site && python->user_base
					    ? g_build_filename(python->user_base, "bin", NULL)
					    : NULL;
	const char *bin = user_bin ? user_bin : python->scheme.scripts;
	g_autofree char *text = installed_read(finder->dist, "entry_points.txt", NULL);
	static const char *const groups[] = {"console_scripts", "gui_scripts"};
	for (size_t i = 0; text && i < G_N_ELEMENTS(groups); i++) {
		g_auto(GStrv) names = script_names(text, groups[i]);
		for (char **name = names; *name; name++)
			if (fs_is_safe_relative(*name) && !script_is_reserved(*name))
				add_below(finder, bin, *name);
	}
	/* Scripts of distutils are listed by the copies that setuptools keeps. */
	g_autofree char *folder = g_build_filename(finder->dist->info, "scripts", NULL);
	GDir *dir = g_dir_open(folder, 0, NULL);
	for (const char *name; dir && (name = g_dir_read_name(dir));)
		if (!script_is_reserved(name))
			add_below(finder, bin, name);
	if (dir)
		g_dir_close(dir);
}

/* --- all ----------------------------------------------------------------------------------- */

/* Not ours to remove: elsewhere, or part of the interpreter. */
static bool
refuse_whole(const struct finder *finder, Log *log)
{
	const Installed *dist = finder->dist;
	g_autofree char *location = stage_real_path(dist->location);
	g_autofree char *stdlib = stage_real_path(finder->python->stdlib);
	if (!dist->local)
		log_info(log, "Not uninstalling %s at %s, outside environment %s",
			dist->normalized_name, location, finder->python->prefix);
	else if (strcmp(location, stdlib) == 0)
		log_info(log, "Not uninstalling %s at %s, as it is in the standard library.",
			dist->normalized_name, location);
	else
		return false;
	return true;
}

static void
set_allowed(struct finder *finder)
{
	const Python *python = finder->python;
	allow(finder, python->prefix);
	if (python->is_venv)
		return;
	allow(finder, python->scheme.purelib);
	allow(finder, python->scheme.platlib);
	allow(finder, python->scheme.scripts);
	allow(finder, python->scheme.data);
	allow(finder, python->user_base);
	allow(finder, python->user_site);
	allow(finder, finder->dist->kind == INSTALLED_DEVELOP ? NULL : finder->dist->location);
}

static bool
find_by_kind(struct finder *finder, struct removal *removal, Log *log, GError **error)
{
	switch (finder->dist->kind) {
	case INSTALLED_DIST_INFO:
		return find_record(finder, log, error);
	case INSTALLED_EGG_INFO:
		find_egg_info(finder);
		return true;
	case INSTALLED_EGG_INFO_FILE:
		return refuse_distutils(finder, log, error);
	case INSTALLED_EGG:
		find_egg(finder, removal);
		return true;
	case INSTALLED_DEVELOP:
		find_develop(finder, removal);
		return true;
	}
	return true;
}

GPtrArray *
remove_sorted(GHashTable *set)
{
	GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter iter;
	void *key;
	g_hash_table_iter_init(&iter, set);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		g_ptr_array_add(keys, g_strdup(key));
	g_ptr_array_sort(keys, texts_compare);
	return keys;
}

bool
remove_find(
	const Python *python, Installed *dist, struct removal *removal, Log *log, GError **error)
{
	struct finder finder = {.python = python,
		.dist = dist,
		.paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.refused = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.real = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
		.allowed = g_ptr_array_new_with_free_func(g_free)};
	bool ok = true;
	*removal = (struct removal){0};
	installed_metadata(dist, NULL); /* the name as it is spelt, for messages */
	set_allowed(&finder);
	removal->refused_whole = refuse_whole(&finder, log);
	if (!removal->refused_whole) {
		ok = find_by_kind(&finder, removal, log, error);
		if (ok)
			find_scripts(&finder);
	}
	removal->paths = remove_sorted(finder.paths);
	removal->refused = remove_sorted(finder.refused);
	g_hash_table_unref(finder.paths);
	g_hash_table_unref(finder.refused);
	g_hash_table_unref(finder.real);
	g_ptr_array_unref(finder.allowed);
	if (!ok)
		removal_clear(removal);
	return ok;
}

void
removal_clear(struct removal *removal)
{
	g_clear_pointer(&removal->paths, g_ptr_array_unref);
	g_clear_pointer(&removal->refused, g_ptr_array_unref);
	g_clear_pointer(&removal->pth_file, g_free);
	g_clear_pointer(&removal->pth_entry, g_free);
}

char *
remove_pth_entry(const char *file, const char *entry, size_t *length)
{
	size_t size = 0;
	bool absent = false;
	g_autofree char *text = fs_read(file, MAX_PTH, &size, &absent, NULL);
	if (!text)
		return NULL;
	const char *line_end = strstr(text, "\r\n") ? "\r\n" : "\n";
	g_autofree char *wanted = g_strconcat(entry, line_end, NULL);
	GString *out = g_string_sized_new(size + 2);
	bool dropped = false;
	for (const char *at = text; *at;) {
		size_t line = strcspn(at, "\n");
		bool ended = at[line] == '\n';
		g_autofree char *whole =
			ended ? g_strndup(at, line + 1)
			      : g_strconcat(at, line_end, NULL); /* as if it had ended */
		if (!dropped && strcmp(whole, wanted) == 0)
			dropped = true;
		else
			g_string_append(out, whole);
		at += line + ended;
	}
	*length = out->len;
	return g_string_free(out, FALSE);
}
