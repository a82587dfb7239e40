/* SPDX-License-Identifier: MIT */
/* The threads that feed interpreters with sources. */
#include "lib/error.h"
#include "wheel/bytecode_private.h"
#include "wheel/compiler.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_PATH = 4096, MAX_RESTARTS = 20 };

static void
note_error(struct bytecode_set *set, GError *error)
{
	Bytecode *bytecode = set->owner;
	pthread_mutex_lock(&bytecode->lock);
	if (set->error)
		g_error_free(error);
	else
		set->error = error;
	pthread_mutex_unlock(&bytecode->lock);
}

/* The file to read: the store's, as long as nobody touched it; else a good copy. New string. */
static char *
source_path(const struct bytecode_task *task)
{
	const struct bytecode_set *set = task->set;
	const struct bytecode_file *file = bytecode_file_of(set, task->file);
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
ask(Compiler *compiler, const struct bytecode_task *task)
{
	const struct bytecode_set *set = task->set;
	const struct bytecode_file *file = bytecode_file_of(set, task->file);
	g_autofree char *source = source_path(task);
	g_autofree char *name =
		task->direct || file->from_stage
			? bytecode_name(set, file)
			: pack_placeholder(store_wheel_file(set->wheel, file->index)->path);
	/* Nothing that long can be open; an empty path fails in the same, harmless way. */
	bool sane = strlen(source) <= MAX_PATH && strlen(name) <= MAX_PATH;
	return compiler_ask(compiler, sane ? source : "", sane ? name : "");
}

/* false: the code has to be compiled once more, under its final name. */
static bool
take_code(struct bytecode_task *task, struct stage_writer *writer, uint8_t *code, size_t length)
{
	struct bytecode_set *set = task->set;
	struct bytecode_file *file = bytecode_file_of(set, task->file);
	g_autofree uint8_t *owned = code;
	g_autoptr(GError) error = NULL;
	if (task->direct || file->from_stage) {
		file->compiled = bytecode_write(set, writer, file, code, length, &error);
	} else {
		struct pack_entry entry = {.path = store_wheel_file(set->wheel, file->index)->path,
			.bytes = code,
			.length = (uint32_t)length};
		if (!pack_find_name(&entry) ||
			!bytecode_write_entry(set, writer, file, &entry, &error))
			return false;
		g_steal_pointer(&owned);
		set->fresh[task->file] = entry;
	}
	if (error)
		note_error(set, g_steal_pointer(&error));
	return true;
}

/* One file less; the last one makes the main thread finish the set. */
void
bytecode_task_done(struct bytecode_task *task, struct stage_writer *writer)
{
	struct bytecode_set *set = task->set;
	Bytecode *bytecode = set->owner;
	pthread_mutex_lock(&bytecode->lock);
	set->any_fresh = set->any_fresh || set->fresh[task->file].path;
	while (writer->clashes->len > 0)
		g_ptr_array_add(set->clashes,
			g_ptr_array_steal_index(writer->clashes, writer->clashes->len - 1));
	bool last = --set->open == 0;
	if (last)
		g_queue_push_tail(&bytecode->finished, set);
	pthread_mutex_unlock(&bytecode->lock);
	if (last)
		loop_wake(bytecode->loop);
	g_free(task);
}

/* Takes the next task; waits for one if `wait`. NULL: none, or it is time to stop. */
static struct bytecode_task *
next_task(Bytecode *bytecode, bool wait)
{
	pthread_mutex_lock(&bytecode->lock);
	while (wait && !bytecode->stopping && g_queue_is_empty(&bytecode->tasks))
		pthread_cond_wait(&bytecode->more, &bytecode->lock);
	struct bytecode_task *task = bytecode->stopping ? NULL : g_queue_pop_head(&bytecode->tasks);
	pthread_mutex_unlock(&bytecode->lock);
	return task;
}

static void
push_back(Bytecode *bytecode, struct bytecode_task *task)
{
	pthread_mutex_lock(&bytecode->lock);
	g_queue_push_head(&bytecode->tasks, task);
	pthread_mutex_unlock(&bytecode->lock);
}

struct line {
	Bytecode *bytecode;
	Compiler *compiler; /* NULL: has to be started */
	unsigned restarts;
	struct stage_writer writer;
	struct bytecode_task *open[COMPILER_WINDOW];
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
		bytecode_task_done(line->open[0], &line->writer);
	line->count = 0;
}

static void
take_answer(struct line *line)
{
	uint8_t *code = NULL;
	size_t length = 0;
	struct bytecode_task *task = line->open[0];
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
	const struct bytecode_file *file = bytecode_file_of(task->set, task->file);
	if (answer == COMPILER_REFUSED && !file->from_stage && !task->direct)
		task->set->fresh[task->file].path =
			store_wheel_file(task->set->wheel, file->index)->path;
	bytecode_task_done(task, &line->writer);
}

void *
bytecode_thread(void *data)
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
		struct bytecode_task *task = NULL;
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
