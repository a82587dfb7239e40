/* SPDX-License-Identifier: MIT */
#include "wheel/python_path.h"

#include "lib/fs.h"
#include "lib/texts.h"
#include "wheel/python_facts.h"
#include "wheel/python_query.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

enum { MAX_PTH = 1 << 20, MAX_PTH_LINES = 10000 };

char *
python_path_config(const char *config, const char *key)
{
	g_auto(GStrv) lines = g_strsplit(config, "\n", 1000);
	for (char **line = lines; *line; line++) {
		char *equals = strchr(*line, '=');
		if (!equals)
			continue;
		*equals = '\0';
		if (g_ascii_strcasecmp(g_strstrip(*line), key) == 0)
			return g_strdup(g_strstrip(equals + 1));
	}
	return NULL;
}

/* What site.py would have built so far. */
struct paths {
	GPtrArray *list;
	GHashTable *known;
	bool unsure; /* code that we do not run may change the list */
};

static void
add_path(struct paths *paths, const char *path)
{
	if (g_hash_table_contains(paths->known, path))
		return;
	char *copy = g_strdup(path);
	g_hash_table_add(paths->known, copy);
	g_ptr_array_add(paths->list, copy);
}

static void
add_pth(struct paths *paths, const char *folder, const char *name)
{
	g_autofree char *file = g_build_filename(folder, name, NULL);
	bool absent = false;
	g_autofree char *text = fs_read(file, MAX_PTH, NULL, &absent, NULL);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", MAX_PTH_LINES);
	for (char **line = lines; *line; line++) {
		g_strchomp(*line);
		if (g_str_has_prefix(*line, "import ") || g_str_has_prefix(*line, "import\t")) {
			if (strstr(*line, "sys.path") || strstr(*line, "addsitedir"))
				paths->unsure = true;
			continue;
		}
		if (!**line || **line == '#')
			continue;
		g_autofree char *path = g_canonicalize_filename(*line, folder);
		if (g_file_test(path, G_FILE_TEST_EXISTS))
			add_path(paths, path);
	}
}

/* A site folder and what its .pth files name, as site.addsitedir does. */
static void
add_site(struct paths *paths, const char *folder)
{
	DIR *dir = opendir(folder);
	if (!dir)
		return;
	add_path(paths, folder);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	for (struct dirent *entry; (entry = readdir(dir));) {
		const char *name = entry->d_name;
		if (name[0] != '.' && g_str_has_suffix(name, ".pth"))
			g_ptr_array_add(names, g_strdup(name));
		else if (strcmp(name, "sitecustomize.py") == 0 ||
			 strcmp(name, "usercustomize.py") == 0)
			paths->unsure = true;
	}
	closedir(dir);
	g_ptr_array_sort(names, texts_compare);
	for (guint i = 0; i < names->len; i++)
		add_pth(paths, folder, g_ptr_array_index(names, i));
}

static void
add_all(struct paths *paths, const Python *python, struct json root)
{
	const char *extra = g_getenv("PYTHONPATH");
	g_auto(GStrv) words = g_strsplit(extra ? extra : "", ":", -1);
	for (char **word = words; *word; word++) {
		g_autofree char *path = **word ? g_canonicalize_filename(*word, NULL) : NULL;
		g_autofree char *code =
			path ? g_build_filename(path, "sitecustomize.py", NULL) : NULL;
		if (!path)
			continue;
		add_path(paths, path);
		paths->unsure = paths->unsure || access(code, F_OK) == 0;
	}
	g_auto(GStrv) standard = python_facts_list(root, "sys_path");
	for (char **path = standard; *path; path++)
		add_path(paths, *path);
	if (python->is_venv) {
		add_site(paths, python->scheme.purelib);
		add_site(paths, python->scheme.platlib);
	}
	if (python->user_site_enabled)
		add_site(paths, python->user_site);
	g_auto(GStrv) sites = python_facts_list(root, "site");
	for (char **site = sites; python->system_site && *site; site++)
		add_site(paths, *site);
}

/* The list that the interpreter itself reports; false if it cannot be run. */
static bool
ask(Python *python)
{
	static const char *const none[] = {NULL};
	g_autoptr(Json) json = python_facts_ask(python->executable, none, PYTHON_QUERY_PATH, NULL);
	if (!json)
		return false;
	python->sys_path = python_facts_list(json_root(json), "sys_path");
	python->user_site_enabled =
		python->user_site &&
		json_bool(json_get(json_root(json), "user"), python->user_site_enabled);
	return true;
}

void
python_path_fill(Python *python, struct json root)
{
	const char *disabled = g_getenv("PYTHONNOUSERSITE"), *base = g_getenv("PYTHONUSERBASE");
	const char *home = g_get_home_dir();
	g_autofree char *standard = home ? g_build_filename(home, ".local", NULL) : NULL;
	python->user_base = g_strdup(base && *base ? base : standard);
	python->user_site_enabled = python->user_base && !(disabled && *disabled) &&
				    python->system_site && getuid() == geteuid() &&
				    getgid() == getegid();
	if (python->user_base) {
		g_autoptr(GError) ignored = NULL;
		struct python_scheme *user =
			python_scheme_for(python, true, NULL, NULL, NULL, &ignored);
		python->user_site = g_strdup(user->purelib);
		python_scheme_free(user);
	}
	struct paths paths = {
		.list = g_ptr_array_new(), .known = g_hash_table_new(g_str_hash, g_str_equal)};
	add_all(&paths, python, root);
	g_hash_table_unref(paths.known);
	g_ptr_array_add(paths.list, NULL);
	char **list = (char **)g_ptr_array_free(paths.list, FALSE);
	if (paths.unsure && ask(python))
		g_strfreev(list);
	else
		python->sys_path = list;
}
