/* SPDX-License-Identifier: MIT */
#include "wheel/python.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/texts.h"
#include "wheel/python_query.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { MAX_ANSWER = 1 << 20, MAX_PTH = 1 << 20, MARKERS = 11 };

static const char *const marker_keys[MARKERS] = {"implementation_name", "implementation_version",
	"os_name", "platform_machine", "platform_python_implementation", "platform_release",
	"platform_system", "platform_version", "python_full_version", "python_version",
	"sys_platform"};

/* A Python with what only this module needs. */
struct facts {
	Python python; /* first: handed out */
	Json *answer;
};

/* --- asking -------------------------------------------------------------------------------- */

static char *
ask(const char *executable, GError **error)
{
	const char *argv[] = {executable, "-I", "-S", "-c", PYTHON_QUERY, NULL};
	g_autofree char *out = NULL, *err = NULL;
	int status = 0;
	if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &err,
		    &status, NULL)) {
		error_set(error, ERROR_ENVIRONMENT, "Could not run the Python interpreter %s",
			executable);
		return NULL;
	}
	if (status != 0 || !out || strlen(out) > MAX_ANSWER) {
		g_autofree char *last = g_strdup(err ? g_strchomp(err) : "");
		char *line = strrchr(last, '\n');
		error_set(error, ERROR_ENVIRONMENT, "%s is no usable Python 3 interpreter: %s",
			executable, line ? line + 1 : last);
		return NULL;
	}
	return g_steal_pointer(&out);
}

/* <cache>/interpreters-v1/KEY for this very file; NULL for scripts (shims), whose answer depends on
 * more than themselves. */
static char *
cache_path(const char *cache_dir, const char *executable)
{
	g_autofree char *real = realpath(executable, NULL);
	struct stat info;
	char head[4] = {0};
	if (!cache_dir || !real || stat(real, &info) != 0)
		return NULL;
	FILE *file = fopen(real, "rbe");
	bool elf = file && fread(head, 1, 4, file) == 4 && memcmp(head, "\177ELF", 4) == 0;
	if (file)
		fclose(file);
	if (!elf)
		return NULL;
	g_autofree char *key = g_strdup_printf("3\n%s\n%lld\n%lld.%09ld", real,
		(long long)info.st_size, (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
	g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key, -1);
	return g_strdup_printf("%s/interpreters-v1/%.32s", cache_dir, sum);
}

static Json *
facts_of(const char *executable, const char *cache_dir, GError **error)
{
	g_autofree char *path = cache_path(cache_dir, executable);
	size_t length = 0;
	bool absent = false;
	g_autofree char *kept = path ? fs_read(path, MAX_ANSWER, &length, &absent, NULL) : NULL;
	Json *json = kept ? json_parse(kept, length, NULL) : NULL;
	if (json)
		return json;
	g_autofree char *answer = ask(executable, error);
	if (!answer)
		return NULL;
	json = json_parse(answer, strlen(answer), error);
	g_autofree char *folder = path ? g_path_get_dirname(path) : NULL;
	if (json && path && fs_mkdirs(folder, 0700, NULL))
		fs_write_atomic(path, answer, strlen(answer), 0600, false, NULL);
	return json;
}

/* --- reading ------------------------------------------------------------------------------- */

static char *
text_of(struct json object, const char *key)
{
	const char *text = json_string(json_get(object, key), NULL);
	return g_strdup(text ? text : "");
}

static char **
list_of(struct json object, const char *key)
{
	GPtrArray *texts = g_ptr_array_new();
	struct json_iter iter = json_iter(json_get(object, key));
	struct json value;
	while (json_next(&iter, NULL, &value))
		if (json_string(value, NULL))
			g_ptr_array_add(texts, g_strdup(json_string(value, NULL)));
	g_ptr_array_add(texts, NULL);
	return (char **)g_ptr_array_free(texts, FALSE);
}

static int
number_at(struct json array, size_t index)
{
	struct json_iter iter = json_iter(array);
	struct json value;
	int64_t number = 0;
	for (size_t i = 0; json_next(&iter, NULL, &value); i++)
		if (i == index)
			json_int(value, &number);
	return (int)number;
}

static void
read_markers(Python *python, struct json root)
{
	struct json markers = json_get(root, "markers");
	struct utsname name;
	for (int i = 0; i < MARKERS; i++)
		python->markers[i] = text_of(markers, marker_keys[i]);
	/* The kernel changes under a cached answer. */
	if (uname(&name) != 0)
		return;
	const struct {
		int index;
		const char *value;
	} fresh[] = {{3, name.machine}, {5, name.release}, {7, name.version}};
	for (size_t i = 0; i < G_N_ELEMENTS(fresh); i++) {
		g_free(python->markers[fresh[i].index]);
		python->markers[fresh[i].index] = g_strdup(fresh[i].value);
	}
}

static void
read_facts(Python *python, struct json root)
{
	struct json info = json_get(root, "version_info"), libc = json_get(root, "libc");
	int64_t bits = 64;
	python->version = text_of(root, "version");
	python->major = number_at(info, 0);
	python->minor = number_at(info, 1);
	python->micro = number_at(info, 2);
	python->implementation = text_of(root, "implementation");
	python->cache_tag = text_of(root, "cache_tag");
	python->base_prefix = text_of(root, "base_prefix");
	python->prefix = text_of(root, "prefix");
	python->stdlib = text_of(root, "stdlib");
	python->abis = list_of(root, "abis");
	python->free_threaded = json_bool(json_get(root, "gil_disabled"), false);
	python->debug = json_bool(json_get(root, "debug"), false);
	python->platform = text_of(root, "platform");
	python->libc[0] = number_at(libc, 0);
	python->libc[1] = number_at(libc, 1);
	python->is_musl = json_bool(json_get(root, "musl"), false);
	json_int(json_get(root, "bits"), &bits);
	python->is_32bit = bits == 32;
	read_markers(python, root);
}

/* --- schemes ------------------------------------------------------------------------------- */

static char *
fill(const char *template, const char *mark, const char *value)
{
	g_auto(GStrv) parts = g_strsplit(template, mark, -1);
	return g_strjoinv(value, parts);
}

/* `root` is put before every path (pip's change_root). */
static char *
below(const char *root, char *path)
{
	if (!root)
		return path;
	char *moved = g_strconcat(g_str_equal(root, "/") ? "" : root, path, NULL);
	g_free(path);
	return moved;
}

static struct python_scheme *
make_scheme(
	const Python *python, const char *key, const char *mark, const char *base, const char *root)
{
	const struct facts *facts = (const struct facts *)python;
	struct json paths = json_get(json_root(facts->answer), key);
	struct python_scheme *scheme = g_new0(struct python_scheme, 1);
	struct {
		const char **field;
		const char *name;
	} fields[] = {{&scheme->purelib, "purelib"}, {&scheme->platlib, "platlib"},
		{&scheme->headers, "include"}, {&scheme->scripts, "scripts"},
		{&scheme->data, "data"}};
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		g_autofree char *template = text_of(paths, fields[i].name);
		char *path = fill(template, mark, base);
		if (python->is_venv && g_str_equal(fields[i].name, "include")) {
			/* A venv's include folder is the base interpreter's: pip keeps out of it.
			 */
			g_free(path);
			path = g_strdup_printf(
				"%s/include/site/python%d.%d", base, python->major, python->minor);
		}
		*fields[i].field = below(root, path);
	}
	return scheme;
}

void
python_scheme_free(struct python_scheme *scheme)
{
	if (!scheme)
		return;
	g_free((char *)scheme->purelib);
	g_free((char *)scheme->platlib);
	g_free((char *)scheme->headers);
	g_free((char *)scheme->scripts);
	g_free((char *)scheme->data);
	g_free(scheme);
}

struct python_scheme *
python_scheme_for(const Python *python, bool user, const char *root, const char *prefix,
	const char *target, GError **error)
{
	if (target) {
		struct python_scheme *scheme = g_new0(struct python_scheme, 1);
		scheme->purelib = below(root, g_strdup(target));
		scheme->platlib = below(root, g_strdup(target));
		scheme->headers = below(root, g_build_filename(target, "include", NULL));
		scheme->scripts = below(root, g_build_filename(target, "bin", NULL));
		scheme->data = below(root, g_strdup(target));
		return scheme;
	}
	if (user && !python->user_base) {
		error_set(error, ERROR_ENVIRONMENT, "%s has no user base", python->executable);
		return NULL;
	}
	if (user)
		return make_scheme(python, "user_paths", "{user}", python->user_base, root);
	return make_scheme(
		python, "prefix_paths", "{base}", prefix ? prefix : python->prefix, root);
}

/* --- virtual environments and sys.path ----------------------------------------------------- */

/* The value of a key of pyvenv.cfg, or NULL. */
static char *
venv_value(const char *text, const char *key)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", 1000);
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

static void
add_path(GPtrArray *paths, const char *path)
{
	for (guint i = 0; i < paths->len; i++)
		if (strcmp(g_ptr_array_index(paths, i), path) == 0)
			return;
	g_ptr_array_add(paths, g_strdup(path));
}

static void
add_pth(GPtrArray *paths, const char *folder, const char *name)
{
	g_autofree char *file = g_build_filename(folder, name, NULL);
	bool absent = false;
	g_autofree char *text = fs_read(file, MAX_PTH, NULL, &absent, NULL);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
	for (char **line = lines; *line; line++) {
		g_strchomp(*line);
		if (!**line || **line == '#' || g_str_has_prefix(*line, "import ") ||
			g_str_has_prefix(*line, "import\t"))
			continue;
		g_autofree char *path = g_canonicalize_filename(*line, folder);
		if (g_file_test(path, G_FILE_TEST_EXISTS))
			add_path(paths, path);
	}
}

/* A site folder and what its .pth files name, as site.addsitedir does; code in them is not run. */
static void
add_site(GPtrArray *paths, const char *folder)
{
	DIR *dir = opendir(folder);
	if (!dir)
		return;
	add_path(paths, folder);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	for (struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_name[0] != '.' && g_str_has_suffix(entry->d_name, ".pth"))
			g_ptr_array_add(names, g_strdup(entry->d_name));
	closedir(dir);
	g_ptr_array_sort(names, texts_compare);
	for (guint i = 0; i < names->len; i++)
		add_pth(paths, folder, g_ptr_array_index(names, i));
}

static void
fill_sys_path(Python *python, struct json root)
{
	GPtrArray *paths = g_ptr_array_new();
	const char *extra = g_getenv("PYTHONPATH");
	g_auto(GStrv) words = g_strsplit(extra ? extra : "", ":", -1);
	for (char **word = words; *word; word++) {
		g_autofree char *path = **word ? g_canonicalize_filename(*word, NULL) : NULL;
		if (path)
			add_path(paths, path);
	}
	g_auto(GStrv) standard = list_of(root, "sys_path");
	for (char **path = standard; *path; path++)
		add_path(paths, *path);
	if (python->is_venv) {
		add_site(paths, python->scheme.purelib);
		add_site(paths, python->scheme.platlib);
	}
	if (python->user_site_enabled && python->user_site)
		add_site(paths, python->user_site);
	g_auto(GStrv) sites = list_of(root, "site");
	for (char **site = sites; python->system_site && *site; site++)
		add_site(paths, *site);
	g_ptr_array_add(paths, NULL);
	python->sys_path = (char **)g_ptr_array_free(paths, FALSE);
}

static void
fill_user(Python *python, struct json root)
{
	const char *disabled = g_getenv("PYTHONNOUSERSITE"), *base = g_getenv("PYTHONUSERBASE");
	const char *home = g_getenv("HOME");
	g_autofree char *standard = home ? g_build_filename(home, ".local", NULL) : NULL;
	python->user_base = g_strdup(base && *base ? base : standard);
	python->user_site_enabled =
		python->user_base && !(disabled && *disabled) && python->system_site;
	if (!python->user_base)
		return;
	struct json paths = json_get(root, "user_paths");
	g_autofree char *template = text_of(paths, "purelib");
	python->user_site = fill(template, "{user}", python->user_base);
}

/* The interpreter that a pyvenv.cfg names; NULL if it names none. */
static char *
base_executable(const char *config, const char *executable)
{
	g_autofree char *named = venv_value(config, "executable");
	if (named && access(named, X_OK) == 0)
		return g_steal_pointer(&named);
	g_autofree char *home = venv_value(config, "home");
	g_autofree char *name = g_path_get_basename(executable);
	const char *names[] = {name, "python3", "python"};
	for (size_t i = 0; home && i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(home, names[i], NULL);
		if (access(path, X_OK) == 0)
			return g_steal_pointer(&path);
	}
	return NULL;
}

static bool
fill_from(struct facts *facts, const char *venv, const char *config, GError **error)
{
	Python *python = &facts->python;
	struct json root = json_root(facts->answer);
	read_facts(python, root);
	if (python->major < 3) {
		return error_set(error, ERROR_ENVIRONMENT, "%s: Python %s is too old",
			python->executable, python->version);
	}
	python->system_site = true;
	if (venv) {
		g_autofree char *system = venv_value(config, "include-system-site-packages");
		python->is_venv = true;
		python->system_site = system && g_ascii_strcasecmp(system, "true") == 0;
		g_free(python->prefix);
		python->prefix = g_strdup(venv);
	}
	struct python_scheme *scheme =
		make_scheme(python, "prefix_paths", "{base}", python->prefix, NULL);
	python->scheme = *scheme;
	g_free(scheme);
	fill_user(python, root);
	fill_sys_path(python, root);
	g_autofree char *marker = g_build_filename(python->stdlib, "EXTERNALLY-MANAGED", NULL);
	if (access(marker, F_OK) == 0)
		python->externally_managed = g_steal_pointer(&marker);
	return true;
}

/* --- finding ------------------------------------------------------------------------------- */

static char *
find_executable(const char *named, GError **error)
{
	const char *venv = g_getenv("VIRTUAL_ENV");
	const char *place = named && *named ? named : venv && *venv ? venv : NULL;
	if (place && g_file_test(place, G_FILE_TEST_IS_DIR)) {
		g_autofree char *inner = g_build_filename(place, "bin", "python", NULL);
		if (access(inner, X_OK) == 0)
			return g_canonicalize_filename(inner, NULL);
	} else if (place && strchr(place, '/') && access(place, X_OK) == 0) {
		return g_canonicalize_filename(place, NULL);
	} else if (place && place == named) {
		char *found = g_find_program_in_path(place);
		if (found)
			return found;
	}
	if (place && place == named) {
		error_set(
			error, ERROR_ENVIRONMENT, "Could not locate Python interpreter %s", named);
		return NULL;
	}
	char *found = g_find_program_in_path("python3");
	if (!found)
		found = g_find_program_in_path("python");
	if (!found)
		error_set(error, ERROR_ENVIRONMENT,
			"no Python found: activate a virtual environment or give --python");
	return found;
}

/* Where a shim (a script) leads to; the name itself for a program. */
static char *
behind_shim(const char *executable)
{
	char head[2] = {0};
	FILE *file = fopen(executable, "rbe");
	bool script = file && fread(head, 1, 2, file) == 2 && memcmp(head, "#!", 2) == 0;
	if (file)
		fclose(file);
	if (!script)
		return g_strdup(executable);
	const char *argv[] = {
		executable, "-I", "-S", "-c", "import sys; print(sys.executable)", NULL};
	g_autofree char *out = NULL;
	int status = 0;
	if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &out,
		    NULL, &status, NULL) ||
		status != 0 || !*g_strchomp(out))
		return g_strdup(executable);
	return g_steal_pointer(&out);
}

Python *
python_find(const struct python_options *options, Log *log, GError **error)
{
	(void)log;
	g_autofree char *named = find_executable(options->python, error);
	if (!named)
		return NULL;
	struct facts *facts = g_new0(struct facts, 1);
	Python *python = &facts->python;
	python->executable = behind_shim(named);
	g_autofree char *bin = g_path_get_dirname(python->executable);
	g_autofree char *prefix = g_path_get_dirname(bin);
	g_autofree char *marker = g_build_filename(prefix, "pyvenv.cfg", NULL);
	bool absent = false;
	g_autofree char *config = fs_read(marker, 65536, NULL, &absent, NULL);
	g_autofree char *base = config ? base_executable(config, python->executable) : NULL;
	facts->answer = facts_of(base ? base : python->executable, options->cache_dir, error);
	if (facts->answer && fill_from(facts, config ? prefix : NULL, config, error))
		return python;
	python_free(python);
	return NULL;
}

void
python_free(Python *python)
{
	if (!python)
		return;
	struct facts *facts = (struct facts *)python;
	char *texts[] = {python->executable, python->version, python->implementation,
		python->cache_tag, python->prefix, python->base_prefix, python->stdlib,
		python->user_base, python->user_site, python->externally_managed, python->platform,
		(char *)python->scheme.purelib, (char *)python->scheme.platlib,
		(char *)python->scheme.headers, (char *)python->scheme.scripts,
		(char *)python->scheme.data};
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		g_free(texts[i]);
	for (int i = 0; i < MARKERS; i++)
		g_free(python->markers[i]);
	g_strfreev(python->sys_path);
	g_strfreev(python->abis);
	json_free(facts->answer);
	g_free(facts);
}
