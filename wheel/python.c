/* SPDX-License-Identifier: MIT */
#include "wheel/python.h"

#include "lib/error.h"
#include "lib/fs.h"
#include "wheel/python_facts.h"
#include "wheel/python_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- a virtual environment's base ------------------------------------------------------------ */

/* A program behind links that lead out of the environment, or NULL. */
static char *
linked_executable(const char *prefix, const char *executable)
{
	char *real = realpath(executable, NULL);
	g_autofree char *inside = realpath(prefix, NULL);
	size_t length = inside ? strlen(inside) : 0;
	if (real && inside && strncmp(real, inside, length) == 0 && real[length] == '/')
		g_clear_pointer(&real, g_free);
	return real;
}

/* The interpreter that an environment was made with; NULL if it is gone or cannot be told. */
static char *
base_executable(const char *config, const char *prefix, const char *executable)
{
	char *linked = linked_executable(prefix, executable);
	if (linked)
		return linked;
	g_autofree char *named = python_path_config(config, "executable");
	if (named && access(named, X_OK) == 0)
		return g_steal_pointer(&named);
	/* a copied interpreter: home, and the version ("3.11.7") that both venv and uv write */
	g_autofree char *home = python_path_config(config, "home");
	g_autofree char *version = python_path_config(config, "version");
	if (!version)
		version = python_path_config(config, "version_info");
	char *dot = version ? strchr(version, '.') : NULL;
	if (!home || !dot)
		return NULL;
	g_autofree char *path = g_strdup_printf("%s/python%.*s", home,
		(int)(dot - version + 1 + (int)strspn(dot + 1, "0123456789")), version);
	return access(path, X_OK) == 0 ? g_steal_pointer(&path) : NULL;
}

static bool
fill_from(struct python_facts *facts, const char *venv, const char *config, GError **error)
{
	Python *python = &facts->python;
	struct json root = json_root(facts->answer);
	python_facts_read(python, root);
	if (python->major < 3)
		return error_set(error, ERROR_ENVIRONMENT, "%s: Python %s is too old",
			python->executable, python->version);
	python->system_site = true;
	if (venv) {
		g_autofree char *system =
			python_path_config(config, "include-system-site-packages");
		python->is_venv = true;
		python->system_site = system && g_ascii_strcasecmp(system, "true") == 0;
		g_free(python->prefix);
		python->prefix = g_strdup(venv);
	}
	struct python_scheme *scheme = python_scheme_for(python, false, NULL, NULL, NULL, error);
	if (!scheme)
		return false;
	python->scheme = *scheme;
	g_free(scheme);
	python_path_fill(python, root);
	/* PEP 668: virtual environments are not managed */
	g_autofree char *marker = g_build_filename(python->stdlib, "EXTERNALLY-MANAGED", NULL);
	if (!python->is_venv && access(marker, F_OK) == 0)
		python->externally_managed = g_steal_pointer(&marker);
	return true;
}

/* --- finding ------------------------------------------------------------------------------- */

/* xpip inside a virtual environment works on that one, as its pip does. */
static char *
own_environment(void)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *bin = self ? g_path_get_dirname(self) : NULL;
	g_autofree char *config = bin ? g_build_filename(bin, "..", "pyvenv.cfg", NULL) : NULL;
	g_autofree char *python = bin ? g_build_filename(bin, "python", NULL) : NULL;
	if (!config || access(config, F_OK) != 0 || access(python, X_OK) != 0)
		return NULL;
	return g_steal_pointer(&python);
}

/* An interpreter, or an environment's folder; NULL if it is neither. */
static char *
executable_at(const char *place)
{
	if (g_file_test(place, G_FILE_TEST_IS_DIR)) {
		g_autofree char *inner = g_build_filename(place, "bin", "python", NULL);
		return access(inner, X_OK) == 0 ? g_canonicalize_filename(inner, NULL) : NULL;
	}
	return access(place, X_OK) == 0 ? g_canonicalize_filename(place, NULL) : NULL;
}

static char *
find_executable(const char *named, GError **error)
{
	if (named && *named) {
		char *found = executable_at(named);
		if (!found && !strchr(named, '/'))
			found = g_find_program_in_path(named);
		if (!found)
			error_set(error, ERROR_ENVIRONMENT,
				"Could not locate Python interpreter %s", named);
		return found;
	}
	char *found = own_environment();
	const char *venv = g_getenv("VIRTUAL_ENV");
	if (!found && venv && *venv)
		found = executable_at(venv);
	if (!found)
		found = g_find_program_in_path("python3");
	if (!found)
		found = g_find_program_in_path("python");
	if (!found)
		error_set(error, ERROR_ENVIRONMENT,
			"no Python found: activate a virtual environment or give --python");
	return found;
}

/* Where a shim (a script) leads to; the name itself for a program. */
static char *
behind_shim(const char *executable, GError **error)
{
	static const char *const alone[] = {"-I", "-S", NULL};
	char head[2] = {0};
	FILE *file = fopen(executable, "rbe");
	bool script = file && fread(head, 1, 2, file) == 2 && memcmp(head, "#!", 2) == 0;
	if (file)
		fclose(file);
	if (!script)
		return g_strdup(executable);
	g_autoptr(Json) json = python_facts_ask(executable, alone,
		"import sys, json; print(json.dumps({'executable': sys.executable}))", error);
	return json ? python_facts_text(json_root(json), "executable") : NULL;
}

Python *
python_find(const struct python_options *options, Log *log, GError **error)
{
	g_autofree char *named = find_executable(options->python, error);
	char *executable = named ? behind_shim(named, error) : NULL;
	if (!executable)
		return NULL;
	struct python_facts *facts = g_new0(struct python_facts, 1);
	Python *python = &facts->python;
	python->executable = executable;
	g_autofree char *bin = g_path_get_dirname(executable);
	g_autofree char *prefix = g_path_get_dirname(bin);
	g_autofree char *marker = g_build_filename(prefix, "pyvenv.cfg", NULL);
	bool absent = false;
	g_autofree char *config = fs_read(marker, 65536, NULL, &absent, NULL);
	g_autofree char *base = config ? base_executable(config, prefix, executable) : NULL;
	facts->answer = python_facts_find(base ? base : executable, options->cache_dir, error);
	if (facts->answer && fill_from(facts, config ? prefix : NULL, config, error)) {
		log_debug(log, "Python %s at %s", python->version, python->executable);
		return python;
	}
	python_free(python);
	return NULL;
}

void
python_free(Python *python)
{
	if (!python)
		return;
	struct python_facts *facts = (struct python_facts *)python;
	char *texts[] = {python->executable, python->version, python->implementation,
		python->cache_tag, python->magic, python->prefix, python->base_prefix,
		python->stdlib, python->user_base, python->user_site, python->externally_managed,
		python->platform, (char *)python->scheme.purelib, (char *)python->scheme.platlib,
		(char *)python->scheme.headers, (char *)python->scheme.scripts,
		(char *)python->scheme.data};
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		g_free(texts[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(python->markers); i++)
		g_free(python->markers[i]);
	g_strfreev(python->sys_path);
	g_strfreev(python->abis);
	json_free(facts->answer);
	g_free(facts);
}
