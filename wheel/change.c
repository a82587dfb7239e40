/* SPDX-License-Identifier: MIT */
#include "wheel/change.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "wheel/bytecode.h"
#include "wheel/journal.h"
#include "wheel/merge.h"
#include "wheel/remove.h"
#include "wheel/script.h"
#include "wheel/spread.h"
#include "wheel/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEP_MS = 200 };

struct Change {
	struct change_options options;
	Stage *stage;
	Bytecode *bytecode;
	GPtrArray *spreads;  /* of Spread * */
	GPtrArray *removals; /* of struct removal * */
	bool committed;
};

static void
free_removal(void *data)
{
	removal_clear(data);
	g_free(data);
}

/* --- recovery ------------------------------------------------------------------------------ */

/* A change whose journal is complete is finished; if that is impossible it is undone. */
static bool
recover_one(int base, const char *staging, Log *log, GError **error)
{
	g_autoptr(Journal) journal = journal_read(base, staging, error);
	if (!journal) {
		if (*error)
			return false;
		stage_drop(base, staging);
		return true;
	}
	g_autoptr(GError) problem = NULL;
	log_verbose(log, "Finishing a change of this environment that was interrupted");
	if (!journal_run(journal, &problem)) {
		log_verbose(log, "It cannot be finished: %s", problem->message);
		if (!journal_undo(journal, error)) {
			g_prefix_error(error,
				"an interrupted change of this environment can neither "
				"be finished nor undone: ");
			return false;
		}
	}
	return journal_finish(journal, error);
}

/* The lock is held: whatever lies around has no owner any more. */
static bool
recover(Stage *stage, Log *log, GError **error)
{
	g_autoptr(GPtrArray) names = stage_left_over(stage_base(stage));
	for (guint i = 0; i < names->len; i++) {
		GError *problem = NULL;
		if (!recover_one(stage_base(stage), g_ptr_array_index(names, i), log, &problem)) {
			g_propagate_error(error, problem);
			return false;
		}
	}
	return true;
}

bool
change_recover(const Python *python, const struct python_scheme *scheme, Log *log, GError **error)
{
	(void)python;
	g_auto(fd_t) base = open(scheme->purelib, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_autoptr(GPtrArray) names = base < 0 ? NULL : stage_left_over(base);
	/* Nearly always there is nothing, and nobody to wait for. */
	if (!names || names->len == 0)
		return true;
	g_autoptr(Stage) stage = stage_lock(scheme, false, log, error);
	return stage && recover(stage, log, error);
}

bool
change_is_broken(const struct python_scheme *scheme)
{
	g_auto(fd_t) base = open(scheme->purelib, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (base < 0)
		return false;
	g_autoptr(GPtrArray) names = stage_left_over(base);
	for (guint i = 0; i < names->len; i++) {
		g_autoptr(Journal) journal = journal_read(base, g_ptr_array_index(names, i), NULL);
		/* A journal whose owner is alive is no damage. */
		if (journal)
			return flock(base, LOCK_SH | LOCK_NB) == 0;
	}
	return false;
}

/* --- staging ------------------------------------------------------------------------------- */

Change *
change_begin(const struct change_options *options, GError **error)
{
	g_autoptr(Change) change = g_new0(Change, 1);
	change->options = *options;
	change->spreads = g_ptr_array_new();
	change->removals = g_ptr_array_new_with_free_func(free_removal);
	change->stage = stage_lock(options->scheme, options->target != NULL, options->log, error);
	if (!change->stage || !recover(change->stage, options->log, error))
		return NULL;
	return g_steal_pointer(&change);
}

bool
change_install(Change *change, const struct change_install *install, GError **error)
{
	const struct change_options *options = &change->options;
	if (!stage_open_roots(change->stage, error))
		return false;
	if (options->compile && !change->bytecode)
		change->bytecode = bytecode_new(options->python, change->stage, options->store,
			options->loop, options->jobs);
	struct spread_options spread_options = {.stage = change->stage,
		.scheme = options->scheme,
		.python = options->python,
		.bytecode = change->bytecode,
		.jobs = options->jobs,
		.number = change->spreads->len};
	Spread *spread = spread_new(&spread_options, install, error);
	if (!spread)
		return false;
	g_ptr_array_add(change->spreads, spread);
	return true;
}

bool
change_remove_found(Change *change, struct removal *removal, GError **error)
{
	if (!stage_open_roots(change->stage, error))
		return false;
	struct removal *taken = g_new(struct removal, 1);
	*taken = *removal;
	*removal = (struct removal){0};
	g_ptr_array_add(change->removals, taken);
	return true;
}

bool
change_remove(Change *change, Installed *dist, bool *found, GError **error)
{
	struct removal removal;
	Log *log = change->options.log;
	if (!remove_find(change->options.python, dist, &removal, log, error))
		return false;
	if (removal.paths->len == 0)
		log_info(
			log, "Can't uninstall '%s'. No files were found to uninstall.", dist->name);
	if (found)
		*found = removal.paths->len > 0;
	bool ok = change_remove_found(change, &removal, error);
	removal_clear(&removal);
	return ok;
}

static bool
is_busy(const Change *change)
{
	for (guint i = 0; i < change->spreads->len; i++)
		if (spread_busy(g_ptr_array_index(change->spreads, i)))
			return true;
	return false;
}

void
change_free(Change *change)
{
	if (!change)
		return;
	for (guint i = 0; i < change->spreads->len; i++)
		if (spread_busy(g_ptr_array_index(change->spreads, i)))
			spread_cancel(g_ptr_array_index(change->spreads, i));
	bytecode_free(change->bytecode);
	while (is_busy(change))
		loop_turn(change->options.loop, STEP_MS, NULL);
	for (guint i = 0; i < change->spreads->len; i++)
		spread_free(g_ptr_array_index(change->spreads, i));
	g_ptr_array_unref(change->spreads);
	g_ptr_array_unref(change->removals);
	stage_free(change->stage);
	g_free(change);
}

/* --- committing ---------------------------------------------------------------------------- */

static void
show_progress(const Change *change)
{
	const char *name = NULL;
	unsigned done = 0;
	if (!change->options.progress)
		return;
	for (guint i = 0; i < change->spreads->len; i++) {
		const Spread *spread = g_ptr_array_index(change->spreads, i);
		if (!spread_busy(spread))
			done++;
		else if (!name)
			name = spread_name(spread);
	}
	progress_count(change->options.progress, "Installing", done, change->spreads->len, name);
}

static bool
wait_for_staging(Change *change, GError **error)
{
	while (is_busy(change)) {
		if (!loop_turn(change->options.loop, STEP_MS, error))
			return false;
		show_progress(change);
	}
	if (change->options.progress)
		progress_finish(change->options.progress);
	for (guint i = 0; i < change->spreads->len; i++)
		if (!spread_check(g_ptr_array_index(change->spreads, i), error))
			return false;
	return true;
}

/* Of several files with one path the last distribution's stays, as if they had been installed one
 * after the other. */
static bool
settle_clash(Change *change, const struct stage_clash *clash, GError **error)
{
	for (guint i = 0; i < change->spreads->len; i++) {
		const Spread *spread = g_ptr_array_index(change->spreads, i);
		if (spread_claim(spread, clash->root, clash->path) > clash->order)
			return true;
	}
	return stage_settle(change->stage, clash, error);
}

static bool
settle_clashes(Change *change, GError **error)
{
	for (guint i = 0; i < change->spreads->len; i++) {
		const GPtrArray *clashes = spread_clashes(g_ptr_array_index(change->spreads, i));
		for (guint c = 0; c < clashes->len; c++)
			if (!settle_clash(change, g_ptr_array_index(clashes, c), error))
				return false;
	}
	return true;
}

/* easy-install.pth without the entries of what is removed; each file once. */
static bool
edit_pth(Change *change, Merge *merge, guint index, GError **error)
{
	const struct removal *removal = g_ptr_array_index(change->removals, index);
	size_t length = 0;
	g_autofree char *text = remove_pth_entry(removal->pth_file, removal->pth_entry, &length);
	struct stat info;
	if (!text || stat(removal->pth_file, &info) != 0) {
		log_warning(change->options.log, "Cannot remove entries from nonexistent file %s",
			removal->pth_file);
		return true;
	}
	g_autofree char *folder = g_path_get_dirname(removal->pth_file);
	const char *near = stage_near(change->stage, folder, error);
	if (!near)
		return false;
	g_autofree char *staged = g_strdup_printf("%s/edit-%u", near, index);
	g_autofree char *full = g_build_filename(stage_base_path(change->stage), staged, NULL);
	return fs_write_atomic(full, text, length, info.st_mode & 0777, false, error) &&
	       merge_replace(merge, staged, removal->pth_file, error);
}

static bool
plan(Change *change, Journal *journal, GError **error)
{
	g_autoptr(Merge) merge = merge_new(change->stage, journal, change->options.log);
	if (change->options.target)
		return !stage_folder(change->stage) ||
		       merge_plan_flat(merge, change->options.replace, error);
	for (guint i = 0; i < change->removals->len; i++) {
		const struct removal *removal = g_ptr_array_index(change->removals, i);
		for (guint p = 0; p < removal->paths->len; p++)
			merge_remove(merge, g_ptr_array_index(removal->paths, p));
		if (removal->pth_file && !edit_pth(change, merge, i, error))
			return false;
	}
	return merge_plan(merge, error);
}

/* From here on the change is made, or undone, whatever happens. */
static bool
make_change(Journal *journal, GError **error)
{
	bool done = journal_sync(journal, error) && journal_run(journal, error);
	if (!done) {
		g_autoptr(GError) problem = NULL;
		if (!journal_undo(journal, &problem)) {
			g_prefix_error(error, "%s; then: ", problem->message);
			return false; /* the journal stays for the next command */
		}
	}
	g_autoptr(GError) problem = NULL;
	if (!journal_finish(journal, &problem) && done) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	return done;
}

static void
warn_of_scripts(const Change *change)
{
	const struct change_options *options = &change->options;
	if (options->no_warn_script_location || options->target)
		return;
	log_indent(options->log, 1);
	for (guint i = 0; i < change->spreads->len; i++) {
		g_autofree char *warning =
			script_path_warning(spread_scripts(g_ptr_array_index(change->spreads, i)),
				options->python->executable, g_getenv("PATH"));
		if (warning)
			log_warning(options->log, "%s", warning);
	}
	log_indent(options->log, -1);
}

bool
change_commit(Change *change, GError **error)
{
	g_assert(!change->committed);
	if (!wait_for_staging(change, error) || !settle_clashes(change, error))
		return false;
	change->committed = true;
	if (!stage_folder(change->stage))
		return true; /* nothing was asked for */
	g_autoptr(Journal) journal =
		journal_new(stage_base(change->stage), stage_folder(change->stage));
	if (!plan(change, journal, error))
		return false;
	const GPtrArray *others = stage_others(change->stage);
	for (guint i = 0; i < others->len; i++)
		journal_add_staging(journal, g_ptr_array_index(others, i));
	journal_add_staging(journal, stage_folder(change->stage));
	if (!make_change(journal, error)) {
		stage_keep(change->stage);
		return false;
	}
	warn_of_scripts(change);
	return true;
}
