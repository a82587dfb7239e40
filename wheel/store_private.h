/* SPDX-License-Identifier: MIT */
/* Between store*.c and unpack.c: the store's folders, a wheel's manifest, a download's bytes. */
#pragma once
#include "lib/fs.h"
#include "wheel/archive.h"
#include "wheel/store.h"

#include <sqlite3.h>
#include <stdatomic.h>

struct Store {
	char *root; /* <cache_dir>/store-v1, or the private folder */
	bool is_private;
	mode_t mask; /* the umask */
	Log *log;    /* or NULL */
	sqlite3 *db; /* opened at first use */
	sqlite3_stmt *find, *insert, *forget;
	bool db_failed; /* then nothing is looked up or kept */
	char *run;	/* tmp/run-XXXXXX: this process's unfinished things; made at first use */
	fd_t run_lock;
	GPtrArray *wheels; /* all that were handed out, to drop the altered ones at the end */
	unsigned serial;   /* names within `run` */
	int64_t in_memory; /* bytes that downloads hold */
};

/* store.c: makes the folders and `run` if they are not there yet. */
bool store_prepare(Store *store, GError **error);
/* Takes a tree away, as nothing can be trusted in it or nobody knows of it. */
void store_drop_tree(Store *store, const struct digest *sha256);
char *store_tree_path(const Store *store, const struct digest *sha256);
char *store_file_path(const Store *store, const struct digest *sha256);

/* store_index.c: the SQLite index. Failures set the store's db_failed, after a warning. */
StoreWheel *store_index_find(Store *store, const struct digest *sha256);
/* Under the index's write lock: names the tree and records it. If another process was first, its
 * wheel is returned and `folder` is left alone. New reference. */
StoreWheel *store_index_add(Store *store, StoreWheel *wheel, const char *folder);
void store_index_forget(Store *store, const struct digest *sha256);
void store_index_close(Store *store);

/* store_wheel.c */
struct StoreWheel {
	atomic_uint references;
	struct digest sha256;
	char *filename, *dist_info, *tree;
	char *kept; /* path of the wheel file */
	mode_t mask;
	size_t count;
	struct store_file *files; /* paths point into `paths` */
	char *paths;
	atomic_bool altered; /* a file of the tree is not as it was unpacked */
};
GBytes *store_wheel_encode(const StoreWheel *wheel);
/* NULL if the bytes are damaged or of another version. */
StoreWheel *store_wheel_decode(const void *bytes, size_t length);

/* store_download.c */
bool store_download_source(StoreDownload *download, struct archive_source *source, GError **error);
/* Writes what is only in memory to a file (any thread). */
bool store_download_flush(StoreDownload *download, GError **error);
/* Gives the file its name; being there already is success. */
bool store_download_name(StoreDownload *download, const char *path, GError **error);

/* unpack.c: an archive's members into `folder`, filling files[] (in the archive's order). */
typedef struct Unpack Unpack;
struct unpack_options {
	const char *folder; /* is made; its parent exists */
	const char *filename;
	const struct archive_source *source; /* copied; its bytes outlive the Unpack */
	bool strict_record;
	/* run on a worker thread before anything else; may be NULL */
	bool (*before)(void *user, GError **error);
	void *user;
};
/* `done` runs on the main thread; the Unpack is freed after it. */
typedef void (*unpack_done_fn)(Unpack *unpack, const GError *error, void *user);
void unpack_start(Jobs *jobs, const struct unpack_options *options, unpack_done_fn done);
const Archive *unpack_archive(const Unpack *unpack);
GPtrArray *unpack_warnings(const Unpack *unpack);
bool unpack_is_clean(const Unpack *unpack); /* RECORD had nothing to object to */
/* Facts of each member: path (borrowed from the archive), size, digest, mtime, inode. */
const struct store_file *unpack_files(const Unpack *unpack);
/* One member to a file, checked; for repairs. */
bool unpack_member(ArchiveReader *reader, size_t index, int dir, const char *to,
	struct store_file *facts, GError **error);
