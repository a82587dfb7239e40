/* SPDX-License-Identifier: MIT */
#include "wheel/pyproject.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/toml.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_LENGTH = 8 << 20, MAX_REQUIRES = 10000 };

/* What pip assumes for a project that names no back end. */
static const char legacy_backend[] = "setuptools.build_meta:__legacy__";
static const char legacy_requires[] = "setuptools>=40.8.0";

void
pyproject_free(Pyproject *project)
{
	if (!project)
		return;
	g_strfreev(project->requires);
	g_free(project->backend);
	g_strfreev(project->backend_path);
	g_free(project);
}

static bool
refuse(Log *log, const char *what, const char *context, GError **error)
{
	g_autofree char *message = g_strdup_printf("Can not process %s", what);
	log_diagnostic(
		log, &(struct diagnostic){
			     .reference = strstr(context, "mandatory")
						  ? "missing-pyproject-build-system-requires"
						  : "invalid-pyproject-build-system-requires",
			     .message = message,
			     .context = context,
			     .note = "This is an issue with the package mentioned above, not xpip.",
			     .hint = "See PEP 518 for the detailed specification.",
			     .is_last = true});
	return error_set(error, ERROR_SILENT, "%s", message);
}

bool
pyproject_refuse_requires(Log *log, const char *what, const char *reason, GError **error)
{
	g_autofree char *context = g_strdup_printf(
		"This package has an invalid `build-system.requires` key in pyproject.toml.\n%s",
		reason);
	return refuse(log, what, context, error);
}

/* A list of strings; NULL for anything else. */
static char **
read_strings(struct json value)
{
	if (json_type(value) != JSON_ARRAY || json_length(value) > MAX_REQUIRES)
		return NULL;
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	struct json_iter iter = json_iter(value);
	struct json item;
	while (json_next(&iter, NULL, &item)) {
		const char *text = json_string(item, NULL);
		if (!text)
			return NULL;
		g_ptr_array_add(texts, g_strdup(text));
	}
	g_ptr_array_add(texts, NULL);
	return (char **)g_ptr_array_steal(texts, NULL);
}

/* PEP 517: relative, and still inside after links are followed. */
static char *
path_inside(const char *folder, const char *relative, GError **error)
{
	g_autofree char *root = realpath(folder, NULL);
	g_autofree char *joined = g_build_filename(folder, relative, NULL);
	g_autofree char *path = realpath(joined, NULL);
	if (g_path_is_absolute(relative)) {
		error_set(error, ERROR_INVALID_INPUT, "paths must be relative");
		return NULL;
	}
	size_t length = root ? strlen(root) : 0;
	if (!root || !path || strncmp(path, root, length) != 0 ||
		(path[length] && path[length] != '/')) {
		error_set(error, ERROR_INVALID_INPUT, "paths must be inside source tree");
		return NULL;
	}
	return g_steal_pointer(&path);
}

static bool
read_backend_path(
	Pyproject *project, const char *folder, const char *what, struct json value, GError **error)
{
	g_auto(GStrv) relative = read_strings(value);
	if (!relative && json_type(value) != JSON_NONE)
		return error_set(error, ERROR_INVALID_INPUT,
			"%s: `build-system.backend-path` is not a list of strings", what);
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	for (char **path = relative; path && *path; path++) {
		char *inside = path_inside(folder, *path, error);
		if (!inside) {
			g_prefix_error(error, "%s: `build-system.backend-path`: ", what);
			return false;
		}
		g_ptr_array_add(paths, inside);
	}
	g_ptr_array_add(paths, NULL);
	project->backend_path = (char **)g_ptr_array_steal(paths, NULL);
	return true;
}

static bool
read_table(Pyproject *project, const char *folder, const char *what, struct json table, Log *log,
	GError **error)
{
	struct json requires = json_get(table, "requires");
	if (json_type(requires) == JSON_NONE)
		return refuse(log, what,
			"This package has an invalid pyproject.toml file.\n"
			"The [build-system] table is missing the mandatory `requires` key.",
			error);
	project->requires = read_strings(requires);
	if (!project->requires)
		return pyproject_refuse_requires(log, what, "It is not a list of strings.", error);
	struct json backend = json_get(table, "build-backend");
	if (json_type(backend) != JSON_NONE && !json_string(backend, NULL))
		return error_set(error, ERROR_INVALID_INPUT,
			"%s: `build-system.build-backend` is not a string", what);
	project->backend_implied = json_type(backend) == JSON_NONE;
	project->backend =
		g_strdup(project->backend_implied ? legacy_backend : json_string(backend, NULL));
	return read_backend_path(project, folder, what, json_get(table, "backend-path"), error);
}

Pyproject *
pyproject_read(const char *folder, const char *what, Log *log, GError **error)
{
	g_autofree char *path = g_build_filename(folder, "pyproject.toml", NULL);
	g_autofree char *setup = g_build_filename(folder, "setup.py", NULL);
	bool has_toml = g_file_test(path, G_FILE_TEST_IS_REGULAR);
	if (!has_toml && !g_file_test(setup, G_FILE_TEST_IS_REGULAR)) {
		error_set(error, ERROR_INVALID_INPUT,
			"%s does not appear to be a Python project: neither 'setup.py' nor "
			"'pyproject.toml' found.",
			what);
		return NULL;
	}
	g_autoptr(Json) json = NULL;
	if (has_toml) {
		size_t length;
		g_autofree char *text = fs_read(path, MAX_LENGTH, &length, NULL, error);
		if (!text || !(json = toml_parse(text, length, path, error)))
			return NULL;
	}
	struct json table = json ? json_get(json_root(json), "build-system") : (struct json){0};
	g_autoptr(Pyproject) project = g_new0(Pyproject, 1);
	if (json_type(table) == JSON_NONE) {
		project->requires = g_strdupv((char *[]){(char *)legacy_requires, NULL});
		project->backend = g_strdup(legacy_backend);
		project->backend_path = g_new0(char *, 1);
		return g_steal_pointer(&project);
	}
	return read_table(project, folder, what, table, log, error) ? g_steal_pointer(&project)
								    : NULL;
}
