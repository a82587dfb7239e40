/* SPDX-License-Identifier: MIT */
/* What bytecode.c and bytecode_thread.c share. */
#pragma once
#include "wheel/bytecode.h"
#include "wheel/pack.h"

#include <pthread.h>

enum { BYTECODE_THREADS = 64 };

struct Bytecode {
	const Python *python;
	Stage *stage;
	Store *store;
	Loop *loop;
	Jobs *jobs;
	bool hash; /* PEP 552 checked hashes, as py_compile does with SOURCE_DATE_EPOCH */
	char *key;
	unsigned busy; /* sets and jobs under way; main thread only */
	unsigned thread_count;
	pthread_t threads[BYTECODE_THREADS];
	pthread_mutex_t lock; /* guards what follows, and the results of sets */
	pthread_cond_t more;
	GQueue tasks;	 /* of struct bytecode_task * */
	GQueue finished; /* of struct bytecode_set * */
	bool stopping;
};

/* One wheel's files. */
struct bytecode_set {
	Bytecode *owner;
	StoreWheel *wheel;
	GArray *files; /* of struct bytecode_file */
	uint64_t order;
	bytecode_done_fn done;
	void *user;
	GPtrArray *clashes;
	GError *error;
	char *pack_file; /* NULL: nothing is kept */
	Pack *pack;
	bool *missed;		  /* by file: the pack does not have it */
	struct pack_entry *fresh; /* by file; path NULL: nothing new to keep */
	size_t open;		  /* tasks under way */
	bool any_fresh;
};

struct bytecode_task {
	struct bytecode_set *set;
	size_t file;
	bool direct; /* compile under the final name: the code cannot be renamed */
};

static inline struct bytecode_file *
bytecode_file_of(const struct bytecode_set *set, size_t index)
{
	return &g_array_index(set->files, struct bytecode_file, index);
}

/* What code calls its source. New string. */
char *bytecode_name(const struct bytecode_set *set, const struct bytecode_file *file);
/* Writes code beside its source in the staging folder. */
bool bytecode_write(struct bytecode_set *set, struct stage_writer *writer,
	struct bytecode_file *file, const uint8_t *code, size_t length, GError **error);
/* The same for code with a placeholder; true unless it cannot be given its name. */
bool bytecode_write_entry(struct bytecode_set *set, struct stage_writer *writer,
	struct bytecode_file *file, const struct pack_entry *entry, GError **error);

/* One thread with one interpreter: takes tasks until `stopping`. */
void *bytecode_thread(void *bytecode);
/* One file less to wait for; the last one makes the main thread finish the set. */
void bytecode_task_done(struct bytecode_task *task, struct stage_writer *writer);
