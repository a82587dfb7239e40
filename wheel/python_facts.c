/* SPDX-License-Identifier: MIT */
#include "wheel/python_facts.h"

#include "lib/error.h"
#include "lib/fs.h"
#include "wheel/python_query.h"

#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

enum { MAX_ANSWER = 1 << 20, MARKERS = G_N_ELEMENTS(((Python *)0)->markers) };

static const char *const marker_keys[MARKERS] = {"implementation_name", "implementation_version",
	"os_name", "platform_machine", "platform_python_implementation", "platform_release",
	"platform_system", "platform_version", "python_full_version", "python_version",
	"sys_platform"};

/* --- asking -------------------------------------------------------------------------------- */

/* The last line of what a failed interpreter wrote on stderr: a traceback ends with the reason. */
static void
set_failure(GError **error, const char *executable, char *written)
{
	const char *line = written ? strrchr(g_strchomp(written), '\n') : NULL;
	error_set(error, ERROR_ENVIRONMENT, "%s is no usable Python 3 interpreter: %s", executable,
		line	  ? line + 1
		: written ? written
			  : "");
}

Json *
python_facts_ask(
	const char *executable, const char *const *flags, const char *program, GError **error)
{
	const char *argv[8] = {executable};
	g_autofree char *out = NULL, *written = NULL;
	size_t count = 1;
	int status = 0;
	while (*flags && count < G_N_ELEMENTS(argv) - 3)
		argv[count++] = *flags++;
	argv[count++] = "-c";
	argv[count] = program;
	if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &written,
		    &status, NULL)) {
		error_set(error, ERROR_ENVIRONMENT, "Could not run the Python interpreter %s",
			executable);
		return NULL;
	}
	Json *json = status == 0 && strlen(out) <= MAX_ANSWER ? json_parse(out, strlen(out), NULL)
							      : NULL;
	if (!json)
		set_failure(error, executable, written);
	return json;
}

/* <cache>/interpreters-v1/KEY for this very file; NULL for scripts (shims), whose answer depends on
 * more than themselves. The C library and Debian's layout switch change an answer, too. */
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
	const char *layout = g_getenv("DEB_PYTHON_INSTALL_LAYOUT");
	g_autofree char *key = g_strdup_printf("%s\n%s\n%lld\n%lld.%09ld\n%s\n%s", PYTHON_QUERY,
		real, (long long)info.st_size, (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
		gnu_get_libc_version(), layout ? layout : "");
	g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key, -1);
	return g_strdup_printf("%s/interpreters-v1/%.32s", cache_dir, sum);
}

Json *
python_facts_find(const char *executable, const char *cache_dir, GError **error)
{
	static const char *const alone[] = {"-I", "-S", NULL};
	g_autofree char *path = cache_path(cache_dir, executable);
	size_t length = 0;
	bool absent = false;
	g_autofree char *kept = path ? fs_read(path, MAX_ANSWER, &length, &absent, NULL) : NULL;
	Json *json = kept ? json_parse(kept, length, NULL) : NULL;
	if (json && json_type(json_get(json_root(json), "markers")) == JSON_OBJECT)
		return json;
	json_free(json);
	json = python_facts_ask(executable, alone, PYTHON_QUERY, error);
	g_autofree char *folder = path ? g_path_get_dirname(path) : NULL;
	if (json && path && fs_mkdirs(folder, 0700, NULL)) {
		g_autoptr(JsonWriter) writer = json_writer_new(0);
		json_put_value(writer, json_root(json));
		g_autofree char *text = json_writer_take(writer);
		fs_write_atomic(path, text, strlen(text), 0600, false, NULL);
	}
	return json;
}

/* --- reading ------------------------------------------------------------------------------- */

char *
python_facts_text(struct json object, const char *key)
{
	const char *text = json_string(json_get(object, key), NULL);
	return g_strdup(text ? text : "");
}

char **
python_facts_list(struct json object, const char *key)
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
		python->markers[i] = python_facts_text(markers, marker_keys[i]);
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

void
python_facts_read(Python *python, struct json root)
{
	struct json info = json_get(root, "version_info"), libc = json_get(root, "libc");
	int64_t bits = 64;
	python->version = python_facts_text(root, "version");
	python->major = number_at(info, 0);
	python->minor = number_at(info, 1);
	python->micro = number_at(info, 2);
	python->implementation = python_facts_text(root, "implementation");
	python->cache_tag = python_facts_text(root, "cache_tag");
	python->magic = python_facts_text(root, "magic");
	python->base_prefix = python_facts_text(root, "base_prefix");
	python->prefix = python_facts_text(root, "prefix");
	python->stdlib = python_facts_text(root, "stdlib");
	python->abis = python_facts_list(root, "abis");
	python->free_threaded = json_bool(json_get(root, "gil_disabled"), false);
	python->debug = json_bool(json_get(root, "debug"), false);
	python->platform = python_facts_text(root, "platform");
	python->libc[0] = number_at(libc, 0);
	python->libc[1] = number_at(libc, 1);
	python->is_musl = json_bool(json_get(root, "musl"), false);
	json_int(json_get(root, "bits"), &bits);
	python->is_32bit = bits == 32;
	read_markers(python, root);
}
