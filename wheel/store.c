/* SPDX-License-Identifier: MIT */
/* The store's folders: `wheels/SHA256` (the files as downloaded), `trees/SHA256` (unpacked),
 * `bytecode/SHA256/KEY`, `tmp/run-*` (one a process, locked by it), `store.sqlite`. A tree is made
 * below tmp/ and gets its name and its row in one transaction, so any number of processes may work
 * here, and a kill leaves only something in tmp/. */
#include "wheel/store.h"
#include "lib/error.h"
#include "wheel/filename.h"
#include "wheel/store_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { STALE_SECONDS = 60 };
#define RUN_PREFIX "run-"

/* pip's rule: root does not use a cache of somebody else. */
static bool
is_usable(const char *folder)
{
	struct stat info;
	return stat(folder, &info) == 0 && S_ISDIR(info.st_mode) &&
	       (geteuid() != 0 || info.st_uid == 0) && access(folder, W_OK | X_OK) == 0;
}

/* A folder on the file system of `near`, so that files can be linked. */
static char *
make_private(const char *near, GError **error)
{
	struct stat wanted, found;
	const char *temporary = g_get_tmp_dir();
	g_autofree char *template = NULL;
	bool elsewhere = near && stat(near, &wanted) == 0 && stat(temporary, &found) == 0 &&
			 wanted.st_dev != found.st_dev;
	if (elsewhere) {
		template = g_build_filename(near, ".xpip-store-XXXXXX", NULL);
		if (mkdtemp(template))
			return g_steal_pointer(&template);
	}
	return fs_temp_dir("xpip-store-", error);
}

Store *
store_open(const char *cache_dir, const char *near, GError **error)
{
	Store *store = g_new0(Store, 1);
	store->run_lock = -1;
	store->wheels = g_ptr_array_new_with_free_func((GDestroyNotify)store_wheel_free);
	store->mask = umask(0);
	umask(store->mask);
	if (cache_dir) {
		store->root = g_build_filename(cache_dir, "store-v1", NULL);
		if (!is_usable(store->root) &&
			(!fs_mkdirs(store->root, 0777, NULL) || !is_usable(store->root)))
			g_clear_pointer(&store->root, g_free);
	}
	if (!store->root) {
		store->is_private = true;
		store->root = make_private(near, error);
	}
	if (!store->root)
		g_clear_pointer(&store, store_free);
	return store;
}

void
store_set_log(Store *store, Log *log)
{
	store->log = log;
}

char *
store_tree_path(const Store *store, const struct digest *sha256)
{
	char hex[65];
	digest_to_hex(sha256, hex);
	return g_build_filename(store->root, "trees", hex, NULL);
}

char *
store_file_path(const Store *store, const struct digest *sha256)
{
	char hex[65];
	digest_to_hex(sha256, hex);
	return g_build_filename(store->root, "wheels", hex, NULL);
}

/* What killed processes left: folders that nobody holds locked any more. */
static void
clean_runs(const char *tmp)
{
	DIR *folder = opendir(tmp);
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		struct stat info;
		if (!g_str_has_prefix(entry->d_name, RUN_PREFIX))
			continue;
		g_auto(fd_t) fd = openat(dirfd(folder), entry->d_name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &info) != 0 ||
			time(NULL) - info.st_mtim.tv_sec < STALE_SECONDS ||
			flock(fd, LOCK_EX | LOCK_NB) != 0)
			continue;
		g_autofree char *path = g_build_filename(tmp, entry->d_name, NULL);
		fs_remove_tree(path, NULL);
	}
	if (folder)
		closedir(folder);
}

static bool
make_folders(const Store *store, GError **error)
{
	static const char *const names[] = {"wheels", "trees", "tmp"};
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(store->root, names[i], NULL);
		if (!fs_mkdirs(path, 0777, error))
			return false;
	}
	return true;
}

bool
store_prepare(Store *store, GError **error)
{
	if (store->run)
		return true;
	g_autofree char *tmp = g_build_filename(store->root, "tmp", NULL);
	g_autofree char *run = g_build_filename(tmp, RUN_PREFIX "XXXXXX", NULL);
	if (!make_folders(store, error))
		return false;
	if (!mkdtemp(run))
		return error_set_errno(error, errno, "making a folder below %s", tmp);
	store->run_lock = fs_lock(run, true, error);
	if (store->run_lock < 0)
		return false;
	/* a tree made here is seen by all who may see the cache */
	if (chmod(run, 0777 & ~store->mask) != 0)
		return error_set_errno(error, errno, "making the folder %s", run);
	store->run = g_steal_pointer(&run);
	clean_runs(tmp);
	return true;
}

void
store_drop_tree(Store *store, const struct digest *sha256)
{
	g_autofree char *tree = store_tree_path(store, sha256);
	g_autofree char *aside = store_prepare(store, NULL)
					 ? g_strdup_printf("%s/%u", store->run, store->serial++)
					 : NULL;
	if (aside && rename(tree, aside) == 0)
		fs_remove_tree(aside, NULL);
}

static void
drop_altered(Store *store)
{
	for (size_t i = 0; i < store->wheels->len; i++) {
		const StoreWheel *wheel = store->wheels->pdata[i];
		if (!wheel->altered)
			continue;
		store_index_forget(store, &wheel->sha256);
		store_drop_tree(store, &wheel->sha256);
	}
}

void
store_free(Store *store)
{
	if (!store)
		return;
	drop_altered(store);
	store_index_close(store);
	g_ptr_array_unref(store->wheels);
	if (store->is_private && store->root)
		fs_remove_tree(store->root, NULL);
	else if (store->run)
		fs_remove_tree(store->run, NULL);
	fd_close(&store->run_lock);
	g_free(store->run);
	g_free(store->root);
	g_free(store);
}

char *
store_wheel_path(Store *store, const struct digest *sha256)
{
	g_autofree char *path = store_file_path(store, sha256);
	return access(path, R_OK) == 0 ? g_steal_pointer(&path) : NULL;
}

/* Bytes that were validated under one name are the same wheel under another only if the project is
 * the same. */
static bool
is_same_project(const char *a, const char *b)
{
	struct wheel_filename x, y;
	if (strcmp(a, b) == 0)
		return true;
	if (!filename_parse_wheel(a, &x, NULL))
		return false;
	bool same = filename_parse_wheel(b, &y, NULL);
	if (same) {
		same = strcmp(x.name, y.name) == 0;
		wheel_filename_clear(&y);
	}
	wheel_filename_clear(&x);
	return same;
}

StoreWheel *
store_find(Store *store, const struct digest *sha256, const char *filename)
{
	g_autoptr(StoreWheel) wheel = store_index_find(store, sha256);
	if (!wheel || (filename && !is_same_project(wheel->filename, filename)))
		return NULL;
	if (filename) {
		g_free(wheel->filename);
		wheel->filename = g_strdup(filename);
	}
	g_ptr_array_add(store->wheels, store_wheel_ref(wheel));
	return g_steal_pointer(&wheel);
}

char *
store_bytecode_path(Store *store, const StoreWheel *wheel, const char *key)
{
	if (store->is_private || strchr(key, '/') || !fs_is_safe_relative(key))
		return NULL;
	char hex[65];
	digest_to_hex(&wheel->sha256, hex);
	return g_build_filename(store->root, "bytecode", hex, key, NULL);
}

struct addition {
	Store *store;
	StoreDownload *download;
	struct digest sha256;
	char *filename, *folder;
	store_add_fn done;
	void *user;
};

static bool
flush(void *user, GError **error)
{
	struct addition *addition = user;
	return store_download_flush(addition->download, error);
}

static StoreWheel *
make_wheel(const struct addition *addition, const Unpack *unpack)
{
	const Archive *archive = unpack_archive(unpack);
	StoreWheel *wheel = g_new0(StoreWheel, 1);
	wheel->references = 1;
	wheel->sha256 = addition->sha256;
	wheel->filename = g_strdup(addition->filename);
	wheel->dist_info = g_strdup(archive_dist_info(archive));
	wheel->tree = g_strdup(addition->folder);
	wheel->mask = addition->store->mask;
	wheel->count = archive_count(archive);
	wheel->files = g_memdup2(unpack_files(unpack), (wheel->count + 1) * sizeof *wheel->files);
	GString *paths = g_string_new(NULL);
	for (size_t i = 0; i < wheel->count; i++)
		g_string_append_len(
			paths, wheel->files[i].path, (gssize)strlen(wheel->files[i].path) + 1);
	wheel->paths = g_string_free(paths, FALSE);
	char *at = wheel->paths;
	for (size_t i = 0; i < wheel->count; i++) {
		wheel->files[i].path = at;
		at += strlen(at) + 1;
	}
	return wheel;
}

/* Main thread: the unpacked tree gets its name. */
static StoreWheel *
name_wheel(struct addition *addition, const Unpack *unpack)
{
	Store *store = addition->store;
	g_autoptr(StoreWheel) wheel = make_wheel(addition, unpack);
	g_autofree char *path = store_file_path(store, &addition->sha256);
	if (store_download_name(addition->download, path, NULL))
		wheel->kept = g_steal_pointer(&path);
	/* a wheel that RECORD objects to is checked anew each time */
	StoreWheel *named = unpack_is_clean(unpack)
				    ? store_index_add(store, wheel, addition->folder)
				    : store_wheel_ref(wheel);
	g_ptr_array_add(store->wheels, store_wheel_ref(named));
	return named;
}

static void
end_addition(Unpack *unpack, const GError *error, void *user)
{
	struct addition *addition = user;
	g_autoptr(StoreWheel) wheel = error ? NULL : name_wheel(addition, unpack);
	if (!wheel || strcmp(wheel->tree, addition->folder) != 0)
		fs_remove_tree(addition->folder, NULL);
	store_download_free(addition->download);
	addition->done(g_steal_pointer(&wheel), unpack_warnings(unpack), error, addition->user);
	g_free(addition->filename);
	g_free(addition->folder);
	g_free(addition);
}

void
store_add_wheel(Store *store, Jobs *jobs, StoreDownload *download,
	const struct store_add_options *options, store_add_fn done, void *user)
{
	GError *error = NULL;
	struct archive_source source;
	struct addition *addition = g_new0(struct addition, 1);
	if (!store_download_digest(download, &addition->sha256, &error) ||
		!store_download_source(download, &source, &error)) {
		g_autoptr(GPtrArray) warnings = g_ptr_array_new();
		done(NULL, warnings, error, user);
		g_error_free(error);
		store_download_free(download);
		g_free(addition);
		return;
	}
	addition->store = store;
	addition->download = download;
	addition->filename = g_strdup(options->filename);
	addition->folder = g_strdup_printf("%s/%u", store->run, store->serial++);
	addition->done = done;
	addition->user = user;
	struct unpack_options unpack = {.folder = addition->folder,
		.filename = addition->filename,
		.source = &source,
		.strict_record = options->strict_record,
		.before = flush,
		.user = addition};
	unpack_start(jobs, &unpack, end_addition);
}
