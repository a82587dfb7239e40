/* SPDX-License-Identifier: MIT */
/* Which file of a wheel goes where: the library folder, `.data` schemes, what is compiled. */
#include "lib/error.h"
#include "wheel/script.h"
#include "wheel/spread_private.h"

#include <string.h>

/* The scheme's folder for `NAME.data/KEY/`, without links, or NULL. New string. */
static char *
scheme_folder(const Spread *spread, const char *key)
{
	const struct python_scheme *scheme = spread->scheme;
	if (strcmp(key, "purelib") == 0)
		return stage_real_path(scheme->purelib);
	if (strcmp(key, "platlib") == 0)
		return stage_real_path(scheme->platlib);
	if (strcmp(key, "scripts") == 0)
		return stage_real_path(scheme->scripts);
	if (strcmp(key, "data") == 0)
		return stage_real_path(scheme->data);
	if (strcmp(key, "headers") != 0)
		return NULL;
	g_autofree char *folder = g_build_filename(scheme->headers, spread->name, NULL);
	return stage_real_path(folder);
}

/* No wheel may replace the interpreter or what makes an environment of the folder. */
static bool
is_reserved(const Spread *spread, unsigned root, const char *path)
{
	if (root == stage_root_of(spread->stage, spread->scheme->scripts) &&
		script_is_reserved(path))
		return true;
	return root == stage_root_of(spread->stage, spread->scheme->data) &&
	       strcmp(path, "pyvenv.cfg") == 0;
}

/* A file of `NAME.data/`; rest: its path below that folder. */
static bool
add_data_file(Spread *spread, size_t index, const char *rest, GHashTable *folders, GError **error)
{
	const char *path = store_wheel_file(spread->wheel, index)->path;
	const char *slash = strchr(rest, '/');
	if (!slash)
		return error_set(error, ERROR_INVALID_INPUT,
			"Unexpected file in %s: '%s'. .data directory contents should be named "
			"like: '<scheme key>/<path>'.",
			store_wheel_filename(spread->wheel), path);
	g_autofree char *key = g_strndup(rest, (gsize)(slash - rest));
	char *folder = g_hash_table_lookup(folders, key);
	if (!folder) {
		folder = scheme_folder(spread, key);
		if (!folder)
			return error_set(error, ERROR_INVALID_INPUT,
				"Unknown scheme key used in %s: %s (for file '%s'). .data "
				"directory "
				"contents should be in subdirectories named with a valid scheme "
				"key "
				"(data, headers, platlib, purelib, scripts)",
				store_wheel_filename(spread->wheel), key, path);
		g_hash_table_insert(folders, g_strdup(key), folder);
	}
	struct extra extra = {.index = index, .is_script = strcmp(key, "scripts") == 0};
	int root = stage_locate(spread->stage, folder, slash + 1, &extra.path);
	if (root < 0)
		return error_set(error, ERROR_IO, "%s: below no folder of the scheme", path);
	extra.root = (unsigned)root;
	g_array_append_val(spread->extras, extra);
	if (is_reserved(spread, extra.root, extra.path))
		return error_set(error, ERROR_INVALID_INPUT,
			"%s: '%s' would replace a file of the environment",
			store_wheel_filename(spread->wheel), path);
	return true;
}

/* true for files of the dist-info folder that we write ourselves. */
static bool
is_ours(const Spread *spread, const char *path)
{
	const char *info = store_wheel_dist_info(spread->wheel);
	size_t length = strlen(info);
	if (strncmp(path, info, length) != 0 || path[length] != '/')
		return false;
	const char *name = path + length + 1;
	return strcmp(name, "RECORD") == 0 || strcmp(name, "INSTALLER") == 0 ||
	       (spread->requested && strcmp(name, "REQUESTED") == 0) ||
	       (spread->direct_url && strcmp(name, "direct_url.json") == 0);
}

bool
spread_sort_files(Spread *spread, GError **error)
{
	g_autoptr(GHashTable) folders =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	size_t count = store_wheel_file_count(spread->wheel);
	for (size_t i = 0; i < count; i++) {
		const char *path = store_wheel_file(spread->wheel, i)->path;
		const char *slash = strchr(path, '/');
		bool data = slash && slash - path > 5 && memcmp(slash - 5, ".data", 5) == 0;
		if (data) {
			if (!add_data_file(spread, i, slash + 1, folders, error))
				return false;
		} else if (!is_ours(spread, path)) {
			g_array_append_val(spread->plain, i);
		}
	}
	return true;
}

/* The byte code to have: of all sources, wherever they go. Scripts come when they are written. */
GArray *
spread_sources(const Spread *spread)
{
	GArray *files = g_array_new(FALSE, TRUE, sizeof(struct bytecode_file));
	for (guint i = 0; i < spread->plain->len; i++) {
		size_t index = g_array_index(spread->plain, size_t, i);
		const char *path = store_wheel_file(spread->wheel, index)->path;
		if (!g_str_has_suffix(path, ".py"))
			continue;
		struct bytecode_file file = {
			.index = index, .root = spread->lib, .path = g_strdup(path)};
		g_array_append_val(files, file);
	}
	return files;
}

/* Sources among the extras: data files, or scripts (which are compiled as they are staged). pip
 * calls them by their path from the library folder: `…/site-packages/../../../bin/x.py`. */
void
spread_extra_sources(const Spread *spread, GArray *files, bool scripts)
{
	for (guint i = 0; i < spread->extras->len; i++) {
		const struct extra *extra = &g_array_index(spread->extras, struct extra, i);
		if (extra->index == NO_FILE || extra->skipped || extra->is_script != scripts ||
			!g_str_has_suffix(extra->path, ".py"))
			continue;
		g_autofree char *record =
			stage_record_path(spread->stage, spread->lib, extra->root, extra->path);
		struct bytecode_file file = {.index = extra->index,
			.root = extra->root,
			.path = g_strdup(extra->path),
			.name = g_strconcat(
				stage_root(spread->stage, spread->lib)->named, "/", record, NULL),
			.from_stage = scripts};
		g_array_append_val(files, file);
	}
}
