/* SPDX-License-Identifier: MIT */
#include "wheel/build_env.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/process.h"
#include "wheel/hook_program.h"

#include <string.h>

void
build_env_free(BuildEnv *env)
{
	if (!env)
		return;
	if (env->folder)
		fs_remove_tree(env->folder, NULL);
	g_free(env->folder);
	for (int i = 0; i < BUILD_PREFIXES; i++)
		g_free(env->prefix[i]);
	g_strfreev(env->paths);
	g_strfreev(env->environment);
	g_free(env);
}

static bool
write_site(const char *folder, const char *const *paths, GError **error)
{
	g_autoptr(JsonWriter) writer = json_writer_new(0);
	json_begin(writer, '[');
	for (; *paths; paths++)
		json_put_string(writer, *paths);
	json_end(writer);
	g_autofree char *list = json_writer_take(writer);
	g_autofree char *data = g_build_filename(folder, "folders.json", NULL);
	g_autofree char *program = g_build_filename(folder, "sitecustomize.py", NULL);
	return fs_mkdirs(folder, 0700, error) &&
	       fs_write_atomic(data, list, strlen(list), 0600, false, error) &&
	       fs_write_atomic(
		       program, HOOK_SITECUSTOMIZE, strlen(HOOK_SITECUSTOMIZE), 0600, false, error);
}

static bool
isolate(BuildEnv *env, const Python *python, GError **error)
{
	static const char *const names[BUILD_PREFIXES] = {"overlay", "normal"};
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) bins = g_string_new(NULL);
	for (int i = 0; i < BUILD_PREFIXES; i++) {
		env->prefix[i] = g_build_filename(env->folder, names[i], NULL);
		struct python_scheme *scheme =
			python_scheme_for(python, false, NULL, env->prefix[i], NULL, error);
		if (!scheme)
			return false;
		g_string_append_printf(bins, "%s:", scheme->scripts);
		g_ptr_array_add(paths, g_strdup(scheme->purelib));
		if (strcmp(scheme->purelib, scheme->platlib) != 0)
			g_ptr_array_add(paths, g_strdup(scheme->platlib));
		python_scheme_free(scheme);
	}
	g_ptr_array_add(paths, NULL);
	env->paths = (char **)g_ptr_array_steal(paths, NULL);
	const char *path = g_getenv("PATH");
	g_string_append(bins, path ? path : "/usr/local/bin:/usr/bin:/bin");
	g_autofree char *site = g_build_filename(env->folder, "site", NULL);
	const char *changes[] = {
		"PATH", bins->str, "PYTHONNOUSERSITE", "1", "PYTHONPATH", site, NULL};
	env->environment = process_environment(changes);
	return write_site(site, (const char *const *)env->paths, error);
}

BuildEnv *
build_env_new(const Python *python, bool isolation, GError **error)
{
	g_autoptr(BuildEnv) env = g_new0(BuildEnv, 1);
	env->folder = fs_temp_dir("xpip-build-", error);
	if (!env->folder || (isolation && !isolate(env, python, error)))
		return NULL;
	if (!isolation)
		env->environment = g_get_environ();
	return g_steal_pointer(&env);
}
