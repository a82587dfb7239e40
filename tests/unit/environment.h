/* SPDX-License-Identifier: MIT */
/* A scratch environment with a store, and wheels made on the spot, for tests of changes. */
#pragma once
#include "lib/fs.h"
#include "tests/unit/zip_maker.h"
#include "wheel/change.h"
#include "wheel/python.h"
#include "wheel/store.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct environment {
	char *folder; /* scratch */
	char *prefix, *site, *bin, *cache;
	Log *log;
	Loop *loop;
	Jobs *jobs;
	Store *store;
	Python *real;  /* of this machine: runs the compiling */
	Python python; /* as if it were a venv in `prefix` */
	StoreWheel *added;
};

/* The parts that own threads and files; apart, so that a forked child can have its own. */
static inline void
environment_open(struct environment *env)
{
	GError *error = NULL;
	env->loop = loop_new(&error);
	g_assert_no_error(error);
	env->jobs = jobs_new(env->loop, 2);
	env->store = store_open(env->cache, env->site, &error);
	g_assert_no_error(error);
}

static inline void
environment_close(struct environment *env)
{
	jobs_free(env->jobs);
	store_free(env->store);
	loop_free(env->loop);
}

static inline void
environment_set_up(struct environment *env)
{
	GError *error = NULL;
	umask(022);
	*env = (struct environment){0};
	env->folder = fs_temp_dir("xpip-change-test-", &error);
	g_assert_no_error(error);
	env->prefix = g_build_filename(env->folder, "env", NULL);
	env->site = g_build_filename(env->prefix, "lib", "python3", "site-packages", NULL);
	env->bin = g_build_filename(env->prefix, "bin", NULL);
	env->cache = g_build_filename(env->folder, "cache", NULL);
	g_assert_true(fs_mkdirs(env->site, 0755, NULL));
	g_assert_true(fs_mkdirs(env->bin, 0755, NULL));
	struct log_options quiet = {.verbosity = -4};
	env->log = log_new(&quiet, &error);
	g_assert_no_error(error);
	struct python_options options = {.python = "/usr/bin/python3"};
	env->real = python_find(&options, env->log, &error);
	g_assert_no_error(error);
	env->python = *env->real;
	env->python.prefix = env->prefix;
	env->python.is_venv = true;
	env->python.scheme = (struct python_scheme){.purelib = env->site,
		.platlib = env->site,
		.scripts = env->bin,
		.headers = g_build_filename(env->prefix, "include", "site", NULL),
		.data = env->prefix};
	char *paths[] = {env->site, NULL};
	env->python.sys_path = g_strdupv(paths);
}

static inline void
environment_tear_down(struct environment *env)
{
	g_assert_true(fs_remove_tree(env->folder, NULL));
	g_free((char *)env->python.scheme.headers);
	g_strfreev(env->python.sys_path);
	python_free(env->real);
	log_free(env->log);
	g_free(env->folder);
	g_free(env->prefix);
	g_free(env->site);
	g_free(env->bin);
	g_free(env->cache);
}

static inline void
environment_added(StoreWheel *wheel, GPtrArray *warnings, const GError *error, void *user)
{
	(void)warnings;
	g_assert_no_error(error);
	((struct environment *)user)->added = wheel;
}

/* files: name, text, name, text, …, NULL; names that begin with `!` are executable; `@` stands for
 * the dist-info folder, `%` for the data folder. */
static inline StoreWheel *
environment_wheel(
	struct environment *env, const char *name, const char *version, const char *const *files)
{
	GError *error = NULL;
	struct maker made = {0};
	g_autofree char *stem = g_strconcat(name, "-", version, NULL);
	g_autofree char *filename = g_strconcat(stem, "-py3-none-any.whl", NULL);
	g_autofree char *metadata =
		g_strdup_printf("Metadata-Version: 2.1\nName: %s\nVersion: %s\n", name, version);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const char *const fixed[] = {
		"@/METADATA", metadata, "@/WHEEL", MAKER_WHEEL, "@/RECORD", NULL, NULL};
	g_autoptr(GString) record = g_string_new(NULL);
	for (int pass = 0; pass < 2; pass++) {
		for (const char *const *at = pass ? fixed : files; at && *at; at += 2) {
			bool executable = **at == '!';
			const char *path = *at + executable;
			char *full = *path == '@' ? g_strconcat(stem, ".dist-info", path + 1, NULL)
				     : *path == '%' ? g_strconcat(stem, ".data", path + 1, NULL)
						    : g_strdup(path);
			struct digest digest;
			g_ptr_array_add(names, full);
			if (at[1])
				digest_bytes(at[1], strlen(at[1]), &digest);
			manifest_append(record, full, at[1] ? &digest : NULL,
				at[1] ? (int64_t)strlen(at[1]) : -1);
			struct maker_entry *entry = maker_add(&made, full, at[1] ? at[1] : "");
			entry->mode = executable ? 0100755 : 0100644;
		}
	}
	made.record = record->str;
	maker_build(&made);
	StoreDownload *download = store_download_new(env->store, &error);
	store_download_write(download, made.bytes->data, made.bytes->len, 0, &error);
	g_assert_no_error(error);
	struct digest digest;
	g_assert_true(store_download_digest(download, &digest, &error));
	env->added = store_find(env->store, &digest, filename);
	if (env->added) {
		store_download_free(download);
	} else {
		struct store_add_options options = {filename, true};
		store_add_wheel(env->store, env->jobs, download, &options, environment_added, env);
		while (!env->added)
			g_assert_true(loop_turn(env->loop, -1, NULL));
	}
	maker_clear(&made);
	return g_steal_pointer(&env->added);
}

static inline struct change_options
environment_options(struct environment *env)
{
	return (struct change_options){.scheme = &env->python.scheme,
		.python = &env->python,
		.no_warn_script_location = true,
		.log = env->log,
		.loop = env->loop,
		.jobs = env->jobs,
		.store = env->store};
}

static inline char *
environment_read(const struct environment *env, const char *path)
{
	g_autofree char *full = g_build_filename(env->prefix, path, NULL);
	char *text = NULL;
	g_file_get_contents(full, &text, NULL, NULL);
	return text;
}

static inline void
environment_list(const char *folder, const char *below, GPtrArray *lines)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		struct stat info;
		g_autofree char *path = g_build_filename(folder, name, NULL);
		g_autofree char *shown = g_strconcat(below, name, NULL);
		g_assert_cmpint(lstat(path, &info), ==, 0);
		if (S_ISDIR(info.st_mode)) {
			g_autofree char *deeper = g_strconcat(shown, "/", NULL);
			g_ptr_array_add(lines, g_strdup(deeper));
			environment_list(path, deeper, lines);
			continue;
		}
		g_autofree char *text = NULL;
		gsize length = 0;
		g_file_get_contents(path, &text, &length, NULL);
		g_autofree char *sum =
			g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)text, length);
		g_ptr_array_add(
			lines, g_strdup_printf("%s %o %.12s", shown, info.st_mode & 07777, sum));
	}
}

static inline int
environment_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every path with its mode and the digest of what it holds: two equal texts are equal trees. */
static inline char *
environment_tree(const struct environment *env)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	environment_list(env->prefix, "", lines);
	g_ptr_array_sort(lines, environment_compare);
	g_ptr_array_add(lines, NULL);
	return g_strjoinv("\n", (char **)lines->pdata);
}
