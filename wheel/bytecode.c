/* SPDX-License-Identifier: MIT */
#include "wheel/bytecode.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "wheel/compiler.h"
#include "wheel/pack.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PACK "code.pack"
enum { MAX_THREADS = 64, MAX_PATH = 4096, MAX_RESTARTS = 20 };

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
	GThread *threads[MAX_THREADS];
	GMutex lock; /* guards what follows, and the results of sets */
	GCond more;
	GQueue tasks;	 /* of struct task * */
	GQueue finished; /* of struct set * */
	bool stopping;
};

/* One wheel's files. */
struct set {
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

struct task {
	struct set *set;
	size_t file;
	bool direct; /* compile under the final name: the code cannot be renamed */
};

static struct bytecode_file *
file_of(const struct set *set, size_t index)
{
	return &g_array_index(set->files, struct bytecode_file, index);
}

static void
set_free(struct set *set)
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

static char *
final_name(const struct set *set, const struct bytecode_file *file)
{
	if (file->name)
		return g_strdup(file->name);
	const struct stage_root *root = stage_root(set->owner->stage, file->root);
	return g_strconcat(root->named, "/", file->path, NULL);
}

/* Code belongs beside its source, with the source's mode as py_compile gives it. */
static bool
write_code(struct set *set, struct stage_writer *writer, struct bytecode_file *file,
	const uint8_t *code, size_t length, GError **error)
{
	g_autofree char *path = bytecode_path(set->owner->python, file->path);
	mode_t mode = (0666 & ~stage_umask(set->owner->stage)) | 0200;
	writer->root = file->root;
	writer->order = set->order;
	return stage_write(writer, path, code, length, mode, error);
}

/* Writes kept code under its final name; true if that could be done. */
static bool
write_entry(struct set *set, struct stage_writer *writer, struct bytecode_file *file,
	const struct pack_entry *entry, GError **error)
{
	const struct store_file *source = store_wheel_file(set->wheel, file->index);
	g_autofree char *name = final_name(set, file);
	size_t length = 0;
	g_autofree uint8_t *code =
		pack_render(entry, name, source->mtime_ns / 1000000000, source->size, &length);
	if (!code)
		return false;
	file->compiled = write_code(set, writer, file, code, length, error);
	return true;
}

/* --- the store's packs --------------------------------------------------------------------- */

static void
load_run(void *input)
{
	struct set *set = input;
	set->pack = set->pack_file ? pack_read(set->pack_file) : NULL;
	struct stage_writer writer = {
		.stage = set->owner->stage, .fd = -1, .clashes = set->clashes};
	for (size_t i = 0; i < set->files->len && !set->error; i++) {
		struct bytecode_file *file = file_of(set, i);
		const char *path = store_wheel_file(set->wheel, file->index)->path;
		const struct pack_entry *entry =
			set->pack && !file->from_stage ? pack_find(set->pack, path) : NULL;
		set->missed[i] = !entry || (entry->length > 0 && !write_entry(set, &writer, file,
									 entry, &set->error));
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
	struct set *set = input;
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
	struct set *set = input;
	set->owner->busy--;
	set_free(set);
}

/* All files of a set are there: tells whoever waits, then keeps what is new. */
static void
finish(struct set *set)
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

/* --- compiling ----------------------------------------------------------------------------- */

static void
note_error(struct set *set, GError *error)
{
	Bytecode *bytecode = set->owner;
	g_mutex_lock(&bytecode->lock);
	if (set->error)
		g_error_free(error);
	else
		set->error = error;
	g_mutex_unlock(&bytecode->lock);
}

/* The file to read: the store's, as long as nobody touched it; else a good copy. New string. */
static char *
source_path(const struct task *task)
{
	const struct set *set = task->set;
	const struct bytecode_file *file = file_of(set, task->file);
	Stage *stage = set->owner->stage;
	if (file->from_stage)
		return g_build_filename(stage_base_path(stage),
			stage_root(stage, file->root)->staged, file->path, NULL);
	const struct store_file *source = store_wheel_file(set->wheel, file->index);
	char *path = g_build_filename(store_wheel_tree(set->wheel), source->path, NULL);
	struct stat info;
	if (lstat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == source->size &&
		info.st_ino == source->inode &&
		(int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec ==
			source->mtime_ns)
		return path;
	g_free(path);
	g_autofree char *copy = g_strdup_printf(
		"%s/source-%" G_GUINT64_FORMAT "-%zu", stage_folder(stage), set->order, task->file);
	if (!store_wheel_place(set->wheel, file->index, stage_base(stage), copy, false, NULL))
		return g_strdup("");
	return g_build_filename(stage_base_path(stage), copy, NULL);
}

static bool
ask(Compiler *compiler, const struct task *task)
{
	const struct set *set = task->set;
	const struct bytecode_file *file = file_of(set, task->file);
	g_autofree char *source = source_path(task);
	g_autofree char *name =
		task->direct || file->from_stage
			? final_name(set, file)
			: pack_placeholder(store_wheel_file(set->wheel, file->index)->path);
	/* Nothing that long can be open; an empty path fails in the same, harmless way. */
	bool sane = strlen(source) <= MAX_PATH && strlen(name) <= MAX_PATH;
	return compiler_ask(compiler, sane ? source : "", sane ? name : "");
}

/* false: the code has to be compiled once more, under its final name. */
static bool
take_code(struct task *task, struct stage_writer *writer, uint8_t *code, size_t length)
{
	struct set *set = task->set;
	struct bytecode_file *file = file_of(set, task->file);
	g_autofree uint8_t *owned = code;
	g_autoptr(GError) error = NULL;
	if (task->direct || file->from_stage) {
		file->compiled = write_code(set, writer, file, code, length, &error);
	} else {
		struct pack_entry entry = {.path = store_wheel_file(set->wheel, file->index)->path,
			.bytes = code,
			.length = (uint32_t)length};
		if (!pack_find_name(&entry) || !write_entry(set, writer, file, &entry, &error))
			return false;
		g_steal_pointer(&owned);
		set->fresh[task->file] = entry;
	}
	if (error)
		note_error(set, g_steal_pointer(&error));
	return true;
}

/* One file less; the last one makes the main thread finish the set. */
static void
task_done(struct task *task, struct stage_writer *writer)
{
	struct set *set = task->set;
	Bytecode *bytecode = set->owner;
	g_mutex_lock(&bytecode->lock);
	set->any_fresh = set->any_fresh || set->fresh[task->file].path;
	while (writer->clashes->len > 0)
		g_ptr_array_add(set->clashes,
			g_ptr_array_steal_index(writer->clashes, writer->clashes->len - 1));
	bool last = --set->open == 0;
	if (last)
		g_queue_push_tail(&bytecode->finished, set);
	g_mutex_unlock(&bytecode->lock);
	if (last)
		loop_wake(bytecode->loop);
	g_free(task);
}

/* Takes the next task; waits for one if `wait`. NULL: none, or it is time to stop. */
static struct task *
next_task(Bytecode *bytecode, bool wait)
{
	g_mutex_lock(&bytecode->lock);
	while (wait && !bytecode->stopping && g_queue_is_empty(&bytecode->tasks))
		g_cond_wait(&bytecode->more, &bytecode->lock);
	struct task *task = bytecode->stopping ? NULL : g_queue_pop_head(&bytecode->tasks);
	g_mutex_unlock(&bytecode->lock);
	return task;
}

static void
push_back(Bytecode *bytecode, struct task *task)
{
	g_mutex_lock(&bytecode->lock);
	g_queue_push_head(&bytecode->tasks, task);
	g_mutex_unlock(&bytecode->lock);
}

struct line {
	Bytecode *bytecode;
	Compiler *compiler; /* NULL: has to be started */
	unsigned restarts;
	struct stage_writer writer;
	struct task *open[COMPILER_WINDOW];
	unsigned count;
};

static void
drop_first(struct line *line)
{
	line->count--;
	memmove(line->open, line->open + 1, line->count * sizeof line->open[0]);
}

/* The process died, most likely of the first open source: that one does not compile, the others are
 * asked again of a new process. */
static void
restart(struct line *line)
{
	g_clear_pointer(&line->compiler, compiler_free);
	line->restarts++;
	while (line->count > 1)
		push_back(line->bytecode, line->open[--line->count]);
	if (line->count == 1)
		task_done(line->open[0], &line->writer);
	line->count = 0;
}

static void
take_answer(struct line *line)
{
	uint8_t *code = NULL;
	size_t length = 0;
	struct task *task = line->open[0];
	enum compiler_answer answer = compiler_wait(line->compiler, &code, &length);
	if (answer == COMPILER_GONE) {
		restart(line);
		return;
	}
	drop_first(line);
	if (answer == COMPILER_CODE && !take_code(task, &line->writer, code, length)) {
		task->direct = true;
		push_back(line->bytecode, task);
		return;
	}
	const struct bytecode_file *file = file_of(task->set, task->file);
	if (answer == COMPILER_REFUSED && !file->from_stage && !task->direct)
		task->set->fresh[task->file].path =
			store_wheel_file(task->set->wheel, file->index)->path;
	task_done(task, &line->writer);
}

static gpointer
compile(gpointer data)
{
	Bytecode *bytecode = data;
	struct line line = {.bytecode = bytecode,
		.writer = {.stage = bytecode->stage,
			.fd = -1,
			.clashes = g_ptr_array_new_with_free_func(stage_clash_free)}};
	sigset_t pipe_signal;
	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE); /* an interpreter that died is an answer too */
	pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
	for (;;) {
		struct task *task = NULL;
		while (line.count < COMPILER_WINDOW &&
			(task = next_task(bytecode, line.count == 0))) {
			if (!line.compiler && line.restarts < MAX_RESTARTS)
				line.compiler =
					compiler_new(bytecode->python->executable, bytecode->hash);
			line.open[line.count++] = task;
			if (!line.compiler || !ask(line.compiler, task))
				break;
		}
		if (line.count == 0)
			break;
		if (!line.compiler)
			restart(&line);
		else
			take_answer(&line);
	}
	compiler_free(line.compiler);
	stage_writer_clear(&line.writer);
	g_ptr_array_unref(line.writer.clashes);
	return NULL;
}

/* --- sets ---------------------------------------------------------------------------------- */

static void
load_done(void *input, bool cancelled)
{
	struct set *set = input;
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
	g_mutex_lock(&bytecode->lock);
	for (size_t i = 0; i < set->files->len; i++) {
		if (!set->missed[i])
			continue;
		struct task *task = g_new(struct task, 1);
		*task = (struct task){set, i, false};
		g_queue_push_tail(&bytecode->tasks, task);
	}
	g_cond_broadcast(&bytecode->more);
	g_mutex_unlock(&bytecode->lock);
	unsigned wanted = MIN(jobs_threads(bytecode->jobs), MAX_THREADS);
	while (bytecode->thread_count < MIN(wanted, missing))
		bytecode->threads[bytecode->thread_count++] =
			g_thread_new("xpip-compile", compile, bytecode);
}

static int
drain(void *user)
{
	Bytecode *bytecode = user;
	for (;;) {
		g_mutex_lock(&bytecode->lock);
		struct set *set = g_queue_pop_head(&bytecode->finished);
		g_mutex_unlock(&bytecode->lock);
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
	g_mutex_init(&bytecode->lock);
	g_cond_init(&bytecode->more);
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
	g_mutex_lock(&bytecode->lock);
	bytecode->stopping = true;
	g_cond_broadcast(&bytecode->more);
	g_mutex_unlock(&bytecode->lock);
	for (unsigned i = 0; i < bytecode->thread_count; i++)
		g_thread_join(bytecode->threads[i]);
	struct stage_writer none = {
		.fd = -1, .clashes = g_ptr_array_new_with_free_func(stage_clash_free)};
	struct task *task;
	while ((task = g_queue_pop_head(&bytecode->tasks)))
		task_done(task, &none);
	g_ptr_array_unref(none.clashes);
	/* Their waiters learn of the end; nothing that is new is lost to the store. */
	while (bytecode->busy > 0)
		loop_turn(bytecode->loop, 20, NULL);
	loop_remove_source(bytecode->loop, drain, bytecode);
	g_mutex_clear(&bytecode->lock);
	g_cond_clear(&bytecode->more);
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
	struct set *set = g_new0(struct set, 1);
	*set = (struct set){.owner = bytecode,
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
