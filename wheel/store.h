/* SPDX-License-Identifier: MIT */
/* The content-addressed store: wheel files by SHA-256, their unpacked trees, byte code; SQLite
 * index. */
#pragma once
#include "lib/jobs.h"
#include "lib/log.h"
#include "verify/digest.h"
#include "wheel/metadata.h"

typedef struct Store Store;

/* Opens or makes <cache_dir>/store-v1. With cache_dir NULL, or if it cannot be written, a private
 * temporary store is used, on the file system of `near` (site-packages) if possible, and removed
 * by store_free. Many processes may use one store at once. */
Store *store_open(const char *cache_dir, const char *near, GError **error);
void store_free(Store *store);
/* Where a damaged index that was set aside is told; borrowed, may be NULL. */
void store_set_log(Store *store, Log *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_free)

/* One wheel, unpacked and checked in the store: the manifest (files with size, mode, digest). */
typedef struct StoreWheel StoreWheel; /* reference counted, read-only */
void store_wheel_free(StoreWheel *wheel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreWheel, store_wheel_free)

/* The unpacked wheel with this digest, or NULL if the store has none (not an error): then a kept
 * wheel file (store_wheel_path) can be added again by store_download_from_file. */
StoreWheel *store_find(Store *store, const struct digest *sha256, const char *filename);
/* Path of the wheel file itself if kept, or NULL. New string. */
char *store_wheel_path(Store *store, const struct digest *sha256);

/* A download: bytes are written at offsets, hashed as the prefix grows, named only after the check.
 */
typedef struct StoreDownload StoreDownload;
StoreDownload *store_download_new(Store *store, GError **error);
bool store_download_write(
	StoreDownload *download, const void *bytes, size_t length, int64_t at, GError **error);
int store_download_fd(StoreDownload *download, GError **error); /* borrowed; -1 on error */
/* Forgets all bytes: the server's file has changed. */
void store_download_restart(StoreDownload *download);
/* Finishes hashing; *out is the SHA-256 of the whole. */
bool store_download_digest(StoreDownload *download, struct digest *out, GError **error);
void store_download_free(StoreDownload *download); /* drops the bytes unless added */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreDownload, store_download_free)
/* Copies a local file in. */
StoreDownload *store_download_from_file(Store *store, const char *path, GError **error);

struct store_add_options {
	const char *filename; /* wheel name: dist-info must agree with it */
	bool strict_record;   /* RECORD mismatch is an error (index, X), else a warning in *warnings
			       */
};
/* Validates the archive (users-and-security D.2) before a byte is written, unpacks it by members on
 * `jobs`, checks every file against RECORD, names the tree. `done` runs on the main thread. The
 * download is consumed. Errors: ERROR_INTEGRITY, ERROR_INVALID_INPUT, ERROR_IO. */
typedef void (*store_add_fn)(StoreWheel *wheel /* owned by callee, or NULL */, GPtrArray *warnings,
	const GError *error, void *user);
void store_add_wheel(Store *store, Jobs *jobs, StoreDownload *download /* owned */,
	const struct store_add_options *options, store_add_fn done, void *user);

/* Facts of an unpacked wheel; borrowed, thread-safe to read. */
const char *store_wheel_filename(const StoreWheel *wheel);  /* "six-1.16.0-py2.py3-none-any.whl" */
const char *store_wheel_dist_info(const StoreWheel *wheel); /* "six-1.16.0.dist-info" */
const struct digest *store_wheel_digest(const StoreWheel *wheel);
/* Absolute path of the unpacked tree: the archive's own paths below it (`pkg/__init__.py`,
 * `x-1.data/scripts/run`, `x-1.dist-info/RECORD`). Never to be written to by anybody. */
const char *store_wheel_tree(const StoreWheel *wheel);
struct store_file {
	const char *path;     /* relative, checked safe; files only, sorted by path (bytewise) */
	int64_t size;	      /* bytes */
	struct digest digest; /* SHA-256 of the contents as checked at unpacking */
	bool executable;      /* some x bit in the archive: mode 0777, else 0666, less the umask */
	int64_t mtime_ns;     /* of the tree's file, as it was unpacked */
	uint64_t inode;
};
size_t store_wheel_file_count(const StoreWheel *wheel);
const struct store_file *store_wheel_file(const StoreWheel *wheel, size_t index);
/* Puts a file of the tree at `to` below the folder to_dir, never over another: linked if
 * hard_link_ok and possible, else copied with its times. A file that is not as it was unpacked (a
 * user edited a linked one in place) is hashed, and if need be made anew out of the kept wheel.
 * Thread-safe. */
bool store_wheel_place(const StoreWheel *wheel, size_t index, int to_dir, const char *to,
	bool hard_link_ok, GError **error);
StoreWheel *store_wheel_ref(StoreWheel *wheel);
Metadata *store_wheel_metadata(const StoreWheel *wheel, GError **error);
/* Contents of a file of the tree, NUL-terminated, or NULL if there is none. New block. */
char *store_wheel_read(const StoreWheel *wheel, const char *path, size_t *length);

/* Byte code kept for a wheel and an interpreter: the folder where compiled files of this wheel lie
 * under `key` (cache tag, magic, flags), laid out as the tree
 * (`pkg/__pycache__/x.cpython-311.pyc`). bytecode.c fills and reads it. NULL if the store is
 * private or not writable. New string. */
char *store_bytecode_path(Store *store, const StoreWheel *wheel, const char *key);
