/* SPDX-License-Identifier: MIT */
/* The store's index: one row a wheel, its manifest as a blob, so that a warm start costs one
 * look-up a wheel and no walk through folders. SQLite in WAL mode; without syncs, as all of it can
 * be made anew: a crash of the machine costs at worst the index, whose damage is noticed (SQLite's
 * own checks, the blob's CRC, the files' size, time and inode). */
#include "lib/error.h"
#include "wheel/store_private.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { VERSION = 1, BUSY_MS = 20000 };
#define SCHEMA                                                                                     \
	"PRAGMA page_size=16384; PRAGMA journal_mode=WAL; BEGIN IMMEDIATE;"                        \
	"CREATE TABLE IF NOT EXISTS wheel(sha256 BLOB PRIMARY KEY, manifest BLOB NOT NULL);"       \
	"PRAGMA user_version=1; COMMIT"

enum outcome { OPENED, BROKEN, FAILED };

void
store_index_close(Store *store)
{
	sqlite3_finalize(store->find);
	sqlite3_finalize(store->insert);
	sqlite3_finalize(store->forget);
	store->find = store->insert = store->forget = NULL;
	sqlite3_close(store->db);
	store->db = NULL;
}

static bool
is_damage(int code)
{
	code &= 0xff;
	return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_SCHEMA ||
	       code == SQLITE_ERROR || code == SQLITE_MISMATCH;
}

static int
read_version(sqlite3 *db, int *version)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*version = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return code == SQLITE_ROW ? SQLITE_OK : code;
}

static enum outcome
try_open(Store *store, const char *path)
{
	int version = 0;
	int code = sqlite3_open_v2(path, &store->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (code == SQLITE_OK) {
		sqlite3_busy_timeout(store->db, BUSY_MS);
		code = sqlite3_exec(store->db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
	}
	if (code == SQLITE_OK)
		code = read_version(store->db, &version);
	if (code == SQLITE_OK && version == 0)
		code = sqlite3_exec(store->db, SCHEMA, NULL, NULL, NULL);
	else if (code == SQLITE_OK && version != VERSION)
		code = SQLITE_NOTADB;
	if (code == SQLITE_OK)
		code = sqlite3_prepare_v2(store->db, "SELECT manifest FROM wheel WHERE sha256=?",
			-1, &store->find, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_prepare_v2(store->db, "INSERT OR REPLACE INTO wheel VALUES(?,?)", -1,
			&store->insert, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_prepare_v2(
			store->db, "DELETE FROM wheel WHERE sha256=?", -1, &store->forget, NULL);
	if (code == SQLITE_OK)
		return OPENED;
	store_index_close(store);
	return is_damage(code) ? BROKEN : FAILED;
}

static void
set_aside(Store *store, const char *path)
{
	static const char *const suffixes[] = {"-wal", "-shm"};
	g_autofree char *old = g_strconcat(path, ".old", NULL);
	if (store->log)
		log_warning(store->log,
			"The index of the cache (%s) is damaged or of another version: it was set "
			"aside and is made anew.",
			path);
	if (rename(path, old) != 0)
		unlink(path);
	for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		g_autofree char *beside = g_strconcat(path, suffixes[i], NULL);
		unlink(beside);
	}
}

static bool
open_index(Store *store)
{
	if (store->db || store->db_failed || store->is_private)
		return store->db != NULL;
	g_autofree char *path = g_build_filename(store->root, "store.sqlite", NULL);
	enum outcome outcome = try_open(store, path);
	if (outcome == BROKEN) {
		/* another process may have seen it too, and made a new one meanwhile */
		fd_t lock = fs_lock(store->root, true, NULL);
		outcome = try_open(store, path);
		if (outcome == BROKEN) {
			set_aside(store, path);
			outcome = try_open(store, path);
		}
		fd_close(&lock);
	}
	store->db_failed = outcome != OPENED;
	if (store->db_failed && store->log)
		log_warning(store->log,
			"The index of the cache (%s) cannot be opened: nothing is kept this time.",
			path);
	return !store->db_failed;
}

static void
give_up(Store *store, int code)
{
	g_autofree char *path = g_build_filename(store->root, "store.sqlite", NULL);
	if (store->log)
		log_warning(
			store->log, "The index of the cache (%s): %s", path, sqlite3_errstr(code));
	store_index_close(store);
	if (is_damage(code)) {
		fd_t lock = fs_lock(store->root, true, NULL);
		set_aside(store, path);
		fd_close(&lock);
	} else {
		store->db_failed = true;
	}
}

static int
bind_digest(sqlite3_stmt *statement, const struct digest *sha256)
{
	return sqlite3_bind_blob(statement, 1, sha256->bytes, sizeof sha256->bytes, SQLITE_STATIC);
}

/* The row of a wheel whose tree exists. */
static StoreWheel *
find_row(Store *store, const struct digest *sha256, int *code)
{
	StoreWheel *wheel = NULL;
	bind_digest(store->find, sha256);
	*code = sqlite3_step(store->find);
	if (*code == SQLITE_ROW)
		wheel = store_wheel_decode(sqlite3_column_blob(store->find, 0),
			(size_t)sqlite3_column_bytes(store->find, 0));
	sqlite3_reset(store->find);
	if (!wheel)
		return NULL;
	wheel->sha256 = *sha256;
	wheel->mask = store->mask;
	wheel->tree = store_tree_path(store, sha256);
	wheel->kept = store_file_path(store, sha256);
	if (access(wheel->tree, F_OK) != 0)
		g_clear_pointer(&wheel, store_wheel_free);
	return wheel;
}

StoreWheel *
store_index_find(Store *store, const struct digest *sha256)
{
	int code;
	if (!open_index(store))
		return NULL;
	StoreWheel *wheel = find_row(store, sha256, &code);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		give_up(store, code);
	return wheel;
}

static int
insert_row(Store *store, StoreWheel *wheel)
{
	g_autoptr(GBytes) blob = store_wheel_encode(wheel);
	gsize length;
	const void *bytes = g_bytes_get_data(blob, &length);
	bind_digest(store->insert, &wheel->sha256);
	sqlite3_bind_blob64(store->insert, 2, bytes, length, SQLITE_STATIC);
	int code = sqlite3_step(store->insert);
	sqlite3_reset(store->insert);
	sqlite3_clear_bindings(store->insert);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* A tree without a row is what a killed process left: nobody uses it. */
static int
name_tree(Store *store, StoreWheel *wheel, const char *folder)
{
	g_autofree char *tree = store_tree_path(store, &wheel->sha256);
	if (rename(folder, tree) != 0) {
		store_drop_tree(store, &wheel->sha256);
		if (rename(folder, tree) != 0)
			return SQLITE_CANTOPEN;
	}
	int code = insert_row(store, wheel);
	if (code != SQLITE_OK && rename(tree, folder) != 0)
		return SQLITE_IOERR;
	g_free(wheel->tree);
	wheel->tree = code == SQLITE_OK ? g_steal_pointer(&tree) : g_strdup(folder);
	return code;
}

StoreWheel *
store_index_add(Store *store, StoreWheel *wheel, const char *folder)
{
	if (!open_index(store))
		return store_wheel_ref(wheel);
	int code = sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	StoreWheel *first = NULL;
	if (code == SQLITE_OK) {
		first = find_row(store, &wheel->sha256, &code);
		code = first || code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
	}
	if (code == SQLITE_OK && !first)
		code = name_tree(store, wheel, folder);
	if (code == SQLITE_OK)
		code = sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
	if (code != SQLITE_OK) {
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
		give_up(store, code);
	}
	return first ? first : store_wheel_ref(wheel);
}

void
store_index_forget(Store *store, const struct digest *sha256)
{
	if (!open_index(store))
		return;
	bind_digest(store->forget, sha256);
	int code = sqlite3_step(store->forget);
	sqlite3_reset(store->forget);
	if (code != SQLITE_DONE)
		give_up(store, code);
}
