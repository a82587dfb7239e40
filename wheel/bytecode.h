/* SPDX-License-Identifier: MIT */
/* Byte-compiling: by the target interpreter, in processes of its own, or from the store's packs. */
#pragma once
#include "lib/jobs.h"
#include "wheel/python.h"
#include "wheel/stage.h"
#include "wheel/store.h"

/* The compiling of one change. Interpreters are started when the first file misses the cache. */
typedef struct Bytecode Bytecode;
Bytecode *bytecode_new(const Python *python, Stage *stage, Store *store, Loop *loop, Jobs *jobs);
/* Stops the interpreters; waits for what is under way. */
void bytecode_free(Bytecode *bytecode);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bytecode, bytecode_free)
/* true while packs are being written to the store. */
bool bytecode_busy(const Bytecode *bytecode);

/* Path of the code of a source (importlib.util.cache_from_source); new string. NULL if this
 * interpreter keeps none. */
char *bytecode_path(const Python *python, const char *source);

struct bytecode_file {
	size_t index;	 /* of the wheel's file that is the source */
	unsigned root;	 /* of the source as installed */
	char *path;	 /* of the source below the root */
	char *name;	 /* what the code calls its source; NULL: the root's folder and path */
	bool from_stage; /* the staged file was changed: it is the source, and nothing is kept */
	bool compiled;	 /* result: the code stands in the staging folder */
};

/* Compiles the files of a wheel, or fetches their code, into the staging folder. `files` (of struct
 * bytecode_file, taken over) is handed to `done` on the main thread, with an error if writing
 * failed; sources that do not compile are no error. */
typedef void (*bytecode_done_fn)(
	GArray *files, GPtrArray *clashes, const GError *error, void *user);
void bytecode_add(Bytecode *bytecode, StoreWheel *wheel, GArray *files, uint64_t order,
	bytecode_done_fn done, void *user);
