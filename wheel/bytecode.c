/* SPDX-License-Identifier: MIT */
#include "lib/error.h"
#include "lib/fs.h"
#include "wheel/bytecode_private.h"

#include <stdlib.h>
#include <string.h>

#define PACK "code.pack"

static void
set_free(struct bytecode_set *set)
{
	for (size_t i = 0; i < set->files->len; i++)
		g_free((void *)set->fresh[i].bytes);
	g_array_unref(set->files);
	g_ptr_array_unref(set->clashes);
	g_clear_error(&set->error);
	store_wheel_free(set->wheel);
	pack_free(set->pack);
	g_free(set->pack_file);
	g_free(set->missed);
	g_free(set->fresh);
	g_free(set);
}

char *
bytecode_path(const Python *python, const char *source)
{
	const char *slash = strrchr(source, '/'), *name = slash ? slash + 1 : source;
	const char *dot = strrchr(name, '.');
	if (!*python->cache_tag || !dot)
		return NULL;
	const char *stem = dot > name ? name : dot + 1;
	int length = dot > name ? (int)(dot - name) : (int)strlen(stem);
	return g_strdup_printf("%.*s__pycache__/%.*s.%s.pyc", (int)(name - source), source, length,
		stem, python->cache_tag);
}

/* --- writing ------------------------------------------------------------------------------- */

char *
bytecode_name(const struct bytecode_set *set, const struct bytecode_file *file)
{
	if (file->name)
		return g_strdup(file->name);
	const struct stage_root *root = stage_root(set->owner->stage, file->root);
	return g_strconcat(root->named, "/", file->path, NULL);
}

/* Code belongs beside its source, with the source's mode as py_compile gives it. */
bool
bytecode_write(struct bytecode_set *set, struct stage_writer *writer, struct bytecode_file *file,
	const uint8_t *code, size_t length, GError **error)
{
	g_autofree char *path = bytecode_path(set->owner->python, file->path);
	mode_t mode = (0666 & ~stage_umask(set->owner->stage)) | 0200;
	writer->root = file->root;
	writer->order = set->order;
	return stage_write(writer, path, code, length, mode, error);
}

/* Writes kept code under its final name; true if that could be done. */
bool
bytecode_write_entry(struct bytecode_set *set, struct stage_writer *writer,
	struct bytecode_file *file, const struct pack_entry *entry, GError **error)
{
	const struct store_file *source = store_wheel_file(set->wheel, file->index);
	g_autofree char *name = bytecode_name(set, file);
	size_t length = 0;
	g_autofree uint8_t *code =
		pack_render(entry, name, source->mtime_ns / 1000000000, source->size, &length);
	if (!code)
		return false;
	file->compiled = bytecode_write(set, writer, file, code, length, error);
	return true;
}

/* --- the store's packs --------------------------------------------------------------------- */

static void
load_run(void *input)
{
	struct bytecode_set *set = input;
	set->pack = set->pack_file ? pack_read(set->pack_file) : NULL;
	struct stage_writer writer = {
		.stage = set->owner->stage, .fd = -1, .clashes = set->clashes};
	for (size_t i = 0; i < set->files->len && !set->error; i++) {
		struct bytecode_file *file = bytecode_file_of(set, i);
		const char *path = store_wheel_file(set->wheel, file->index)->path;
		const struct pack_entry *entry =
			set->pack && !file->from_stage ? pack_find(set->pack, path) : NULL;
		set->missed[i] = !entry || (entry->length > 0 && !bytecode_write_entry(set, &writer,
									 file, entry, &set->error));
	}
	stage_writer_clear(&writer);
}

static int
compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct pack_entry *)a)->path, ((const struct pack_entry *)b)->path);
}

/* The new code and what an older pack has besides. */
static void
save_run(void *input)
{
	struct bytecode_set *set = input;
	g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(struct pack_entry));
	for (size_t i = 0; i < set->files->len; i++)
		if (set->fresh[i].path)
			g_array_append_val(entries, set->fresh[i]);
	guint fresh = entries->len;
	g_array_sort(entries, compare_entries);
	for (size_t i = 0; set->pack && i < pack_count(set->pack); i++) {
		struct pack_entry entry = *pack_get(set->pack, i);
		if (!bsearch(&entry, entries->data, fresh, sizeof entry, compare_entries))
			g_array_append_val(entries, entry);
	}
	g_array_sort(entries, compare_entries);
	g_autofree char *folder = g_path_get_dirname(set->pack_file);
	if (fs_mkdirs(folder, 0700, NULL))
		pack_write(set->pack_file, (struct pack_entry *)entries->data, entries->len, NULL);
}

static void
save_done(void *input, bool cancelled)
{
	(void)cancelled;
	struct bytecode_set *set = input;
	set->owner->busy--;
	set_free(set);
}

/* All files of a set are there: tells whoever waits, then keeps what is new. */
static void
finish(struct bytecode_set *set)
{
	Bytecode *bytecode = set->owner;
	set->done(set->files, set->clashes, set->error, set->user);
	if (set->any_fresh && set->pack_file && !set->error) {
		jobs_add(bytecode->jobs, save_run, save_done, set);
		return;
	}
	bytecode->busy--;
	set_free(set);
}

/* --- sets ---------------------------------------------------------------------------------- */

/* Nobody will compile what is queued. */
static void
drop_tasks(Bytecode *bytecode)
{
	struct stage_writer none = {
		.fd = -1, .clashes = g_ptr_array_new_with_free_func(stage_clash_free)};
	struct bytecode_task *task;
	while ((task = g_queue_pop_head(&bytecode->tasks)))
		bytecode_task_done(task, &none);
	g_ptr_array_unref(none.clashes);
}

static void
load_done(void *input, bool cancelled)
{
	struct bytecode_set *set = input;
	Bytecode *bytecode = set->owner;
	size_t missing = 0;
	for (size_t i = 0; i < set->files->len; i++)
		missing += set->missed[i] && !cancelled && !set->error;
	/* `stopping` is only set by this thread. */
	if (missing == 0 || bytecode->stopping) {
		finish(set);
		return;
	}
	set->open = missing;
	pthread_mutex_lock(&bytecode->lock);
	for (size_t i = 0; i < set->files->len; i++) {
		if (!set->missed[i])
			continue;
		struct bytecode_task *task = g_new(struct bytecode_task, 1);
		*task = (struct bytecode_task){set, i, false};
		g_queue_push_tail(&bytecode->tasks, task);
	}
	pthread_cond_broadcast(&bytecode->more);
	pthread_mutex_unlock(&bytecode->lock);
	unsigned wanted = MIN(jobs_threads(bytecode->jobs), BYTECODE_THREADS);
	while (bytecode->thread_count < MIN(wanted, missing) &&
		pthread_create(&bytecode->threads[bytecode->thread_count], NULL, bytecode_thread,
			bytecode) == 0)
		bytecode->thread_count++;
	if (bytecode->thread_count == 0)
		drop_tasks(bytecode); /* code is a convenience: imports compile as well */
}

static int
drain(void *user)
{
	Bytecode *bytecode = user;
	for (;;) {
		pthread_mutex_lock(&bytecode->lock);
		struct bytecode_set *set = g_queue_pop_head(&bytecode->finished);
		pthread_mutex_unlock(&bytecode->lock);
		if (!set)
			return -1;
		finish(set);
	}
}

Bytecode *
bytecode_new(const Python *python, Stage *stage, Store *store, Loop *loop, Jobs *jobs)
{
	Bytecode *bytecode = g_new0(Bytecode, 1);
	const char *epoch = g_getenv("SOURCE_DATE_EPOCH");
	*bytecode = (Bytecode){.python = python,
		.stage = stage,
		.store = store,
		.loop = loop,
		.jobs = jobs,
		.hash = epoch && *epoch};
	bytecode->key = g_strdup_printf(
		"%s-%s-%s", python->cache_tag, python->magic, bytecode->hash ? "hash" : "time");
	pthread_mutex_init(&bytecode->lock, NULL);
	pthread_cond_init(&bytecode->more, NULL);
	g_queue_init(&bytecode->tasks);
	g_queue_init(&bytecode->finished);
	loop_add_source(loop, drain, bytecode);
	return bytecode;
}

bool
bytecode_busy(const Bytecode *bytecode)
{
	return bytecode->busy > 0;
}

void
bytecode_free(Bytecode *bytecode)
{
	if (!bytecode)
		return;
	pthread_mutex_lock(&bytecode->lock);
	bytecode->stopping = true;
	pthread_cond_broadcast(&bytecode->more);
	pthread_mutex_unlock(&bytecode->lock);
	for (unsigned i = 0; i < bytecode->thread_count; i++)
		pthread_join(bytecode->threads[i], NULL);
	drop_tasks(bytecode);
	/* Their waiters learn of the end; nothing that is new is lost to the store. */
	while (bytecode->busy > 0)
		loop_turn(bytecode->loop, 20, NULL);
	loop_remove_source(bytecode->loop, drain, bytecode);
	pthread_mutex_destroy(&bytecode->lock);
	pthread_cond_destroy(&bytecode->more);
	g_free(bytecode->key);
	g_free(bytecode);
}

static void
clear_file(void *data)
{
	struct bytecode_file *file = data;
	g_free(file->path);
	g_free(file->name);
}

void
bytecode_add(Bytecode *bytecode, StoreWheel *wheel, GArray *files, uint64_t order,
	bytecode_done_fn done, void *user)
{
	struct bytecode_set *set = g_new0(struct bytecode_set, 1);
	*set = (struct bytecode_set){.owner = bytecode,
		.wheel = store_wheel_ref(wheel),
		.files = files,
		.order = order,
		.done = done,
		.user = user,
		.clashes = g_ptr_array_new_with_free_func(stage_clash_free),
		.missed = g_new0(bool, files->len + 1),
		.fresh = g_new0(struct pack_entry, files->len + 1)};
	g_array_set_clear_func(files, clear_file);
	bool kept = strcmp(bytecode->python->implementation, "cpython") == 0 &&
		    *bytecode->python->magic;
	g_autofree char *folder =
		kept ? store_bytecode_path(bytecode->store, wheel, bytecode->key) : NULL;
	set->pack_file = folder ? g_build_filename(folder, PACK, NULL) : NULL;
	bytecode->busy++;
	jobs_add(bytecode->jobs, load_run, load_done, set);
}
