/* SPDX-License-Identifier: MIT */
#include "wheel/journal.h"
#include "lib/error.h"
#include "lib/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "xpip journal 1\n"
#define NAME "journal"
/* Where a folder cannot be renamed it is moved child by child: one that is put aside carries this
 * suffix until it is complete, */
#define PART ".part"
/* and one that is brought in has a folder of this suffix beside its staged half. */
#define BEGUN ".begun"
enum { MAX_BYTES = 256 << 20, MAX_DEPTH = 256, FIELDS = 3, CHECK = 9 };

/* The letters stand in the file. */
enum step_kind {
	STEP_STAGING = 'S',
	STEP_FOLDER = 'F',
	STEP_PLACE = 'P',
	STEP_REMOVE = 'R',
	STEP_PRUNE = 'E'
};

struct step {
	enum step_kind kind;
	const char *final;  /* or the folder */
	const char *staged; /* "" if none */
	const char *old;    /* "" if none */
};

struct Journal {
	int base;
	char *staging;
	GArray *steps; /* of struct step */
	GStringChunk *texts;
	long crash_at, point; /* XPIP_CRASH_AT: see crash_point */
};

Journal *
journal_new(int base, const char *staging)
{
	Journal *journal = g_new0(Journal, 1);
	journal->base = base;
	journal->staging = g_strdup(staging);
	journal->steps = g_array_new(FALSE, FALSE, sizeof(struct step));
	journal->texts = g_string_chunk_new(16384);
	const char *at = g_getenv("XPIP_CRASH_AT");
	journal->crash_at = at ? strtol(at, NULL, 10) : 0;
	return journal;
}

void
journal_free(Journal *journal)
{
	if (!journal)
		return;
	g_free(journal->staging);
	g_array_unref(journal->steps);
	g_string_chunk_free(journal->texts);
	g_free(journal);
}

/* Test hook: with XPIP_CRASH_AT=N the process is killed before its Nth change of the file system
 * from the writing of the journal on (`make crash`). */
static void
crash_point(Journal *journal)
{
	if (journal->crash_at > 0 && ++journal->point == journal->crash_at)
		raise(SIGKILL);
}

static void
add(Journal *journal, enum step_kind kind, const char *final, const char *staged, const char *old)
{
	struct step step = {kind, g_string_chunk_insert(journal->texts, final),
		g_string_chunk_insert(journal->texts, staged ? staged : ""),
		g_string_chunk_insert(journal->texts, old ? old : "")};
	g_array_append_val(journal->steps, step);
}

void
journal_add_staging(Journal *journal, const char *folder)
{
	add(journal, STEP_STAGING, folder, NULL, NULL);
}

void
journal_add_folder(Journal *journal, const char *folder)
{
	add(journal, STEP_FOLDER, folder, NULL, NULL);
}

void
journal_add_place(Journal *journal, const char *staged, const char *final, const char *old)
{
	add(journal, STEP_PLACE, final, staged, old);
}

void
journal_add_remove(Journal *journal, const char *final, const char *old)
{
	add(journal, STEP_REMOVE, final, NULL, old);
}

void
journal_add_prune(Journal *journal, const char *folder)
{
	add(journal, STEP_PRUNE, folder, NULL, NULL);
}

size_t
journal_count(const Journal *journal)
{
	return journal->steps->len;
}

static const struct step *
step_at(const Journal *journal, guint index)
{
	return &g_array_index(journal->steps, struct step, index);
}

/* --- the file ------------------------------------------------------------------------------ */

static void
append_check(GString *text)
{
	g_string_append_printf(text, "%08x\n", libdeflate_crc32(0, text->str, text->len));
}

bool
journal_sync(Journal *journal, GError **error)
{
	g_autoptr(GString) text = g_string_new(MAGIC);
	for (guint i = 0; i < journal->steps->len; i++) {
		const struct step *step = step_at(journal, i);
		const char *fields[FIELDS] = {step->final, step->staged, step->old};
		g_string_append_c(text, (char)step->kind);
		for (int f = 0; f < FIELDS; f++)
			g_string_append_len(text, fields[f], (gssize)strlen(fields[f]) + 1);
	}
	append_check(text);
	g_autofree char *temporary = g_build_filename(journal->staging, NAME ".new", NULL);
	g_autofree char *name = g_build_filename(journal->staging, NAME, NULL);
	crash_point(journal);
	g_auto(fd_t) file =
		openat(journal->base, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	g_auto(fd_t) folder =
		openat(journal->base, journal->staging, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file < 0 || folder < 0)
		return error_set_errno(error, errno, "writing %s", temporary);
	if (!fs_write_all(file, text->str, text->len, error))
		return false;
	if (fsync(file) != 0)
		return error_set_errno(error, errno, "writing %s", temporary);
	crash_point(journal);
	if (renameat(journal->base, temporary, journal->base, name) != 0 || fsync(folder) != 0)
		return error_set_errno(error, errno, "writing %s", name);
	return true;
}

static bool
kind_is_known(char kind)
{
	return kind != '\0' && strchr("SFPRE", kind) != NULL;
}

Journal *
journal_parse(int base, const char *staging, const char *text, size_t length, GError **error)
{
	size_t magic = strlen(MAGIC);
	g_autoptr(Journal) journal = journal_new(base, staging);
	bool complete = length >= magic + CHECK && memcmp(text, MAGIC, magic) == 0;
	if (complete) {
		g_autoptr(GString) body = g_string_new_len(text, (gssize)(length - CHECK));
		append_check(body);
		complete = memcmp(body->str, text, length) == 0;
	}
	const char *at = text + magic, *end = text + length - (complete ? CHECK : 0);
	while (complete && at < end) {
		char kind = *at++;
		const char *fields[FIELDS];
		for (int f = 0; f < FIELDS && complete; f++) {
			size_t left = (size_t)(end - at);
			size_t size = strnlen(at, left);
			complete = size < left;
			fields[f] = at;
			at += size + 1;
		}
		complete = complete && kind_is_known(kind) && *fields[0] != '\0';
		if (complete)
			add(journal, (enum step_kind)kind, fields[0], fields[1], fields[2]);
	}
	if (complete)
		return g_steal_pointer(&journal);
	error_set(error, ERROR_INVALID_INPUT, "%s: no complete journal", staging);
	return NULL;
}

Journal *
journal_read(int base, const char *staging, GError **error)
{
	g_autofree char *name = g_build_filename(staging, NAME, NULL);
	struct stat info;
	if (fstatat(base, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode) ||
		info.st_size > MAX_BYTES)
		return NULL;
	g_auto(fd_t) fd = openat(base, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	g_autofree char *text = g_malloc((size_t)info.st_size + 1);
	ssize_t got = fd < 0 ? -1 : pread(fd, text, (size_t)info.st_size, 0);
	if (got < 0) {
		error_set_errno(error, errno, "reading %s", name);
		return NULL;
	}
	g_autoptr(GError) torn = NULL;
	return journal_parse(base, staging, text, (size_t)got, &torn);
}

/* --- moving -------------------------------------------------------------------------------- */

static bool
exists(const Journal *journal, const char *path)
{
	struct stat info;
	return *path && fstatat(journal->base, path, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool
is_folder(const Journal *journal, const char *path)
{
	struct stat info;
	return fstatat(journal->base, path, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(info.st_mode);
}

static bool move_children(
	Journal *journal, const char *from, const char *to, int depth, GError **error);

/* One child: renamed, or, where the file system refuses to rename a folder (overlayfs does for one
 * of a lower layer) or the target has one already, merged. */
static bool
move_child(Journal *journal, const char *from, const char *to, int depth, GError **error)
{
	crash_point(journal);
	if (renameat(journal->base, from, journal->base, to) == 0)
		return true;
	bool merge = errno == EXDEV || errno == ENOTEMPTY || errno == EEXIST;
	if (!merge || !is_folder(journal, from))
		return error_set_errno(error, errno, "moving %s", from);
	return move_children(journal, from, to, depth + 1, error);
}

static bool
move_children(Journal *journal, const char *from, const char *to, int depth, GError **error)
{
	struct stat info;
	if (depth > MAX_DEPTH)
		return error_set(error, ERROR_IO, "moving %s: too deep", from);
	int fd = openat(journal->base, from, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	if (!folder || fstat(fd, &info) != 0)
		return error_set_errno(error, errno, "moving %s", from);
	crash_point(journal);
	bool ok = mkdirat(journal->base, to, info.st_mode & 07777) == 0 || errno == EEXIST;
	if (!ok)
		error_set_errno(error, errno, "making %s", to);
	for (struct dirent *entry; ok && (entry = readdir(folder));) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		g_autofree char *source = g_build_filename(from, entry->d_name, NULL);
		g_autofree char *target = g_build_filename(to, entry->d_name, NULL);
		ok = move_child(journal, source, target, depth, error);
	}
	closedir(folder);
	if (!ok)
		return false;
	crash_point(journal);
	if (unlinkat(journal->base, from, AT_REMOVEDIR) != 0)
		return error_set_errno(error, errno, "moving %s", from);
	return true;
}

/* rename(2), or by way of `to`.part when a folder cannot be renamed; `to` is absent. */
static bool
move(Journal *journal, const char *from, const char *to, GError **error)
{
	g_autofree char *part = g_strconcat(to, PART, NULL);
	crash_point(journal);
	if (renameat(journal->base, from, journal->base, to) == 0)
		return true;
	if (errno != EXDEV || !is_folder(journal, from))
		return error_set_errno(error, errno, "moving %s", from);
	if (!move_children(journal, from, part, 0, error))
		return false;
	crash_point(journal);
	if (renameat(journal->base, part, journal->base, to) != 0)
		return error_set_errno(error, errno, "moving %s", from);
	return true;
}

/* The staged file or folder comes in. A folder that cannot be renamed is filled where it belongs:
 * a second rename there would fail as well. */
static bool
bring_in(Journal *journal, const struct step *step, GError **error)
{
	g_autofree char *begun = g_strconcat(step->staged, BEGUN, NULL);
	crash_point(journal);
	if (renameat(journal->base, step->staged, journal->base, step->final) == 0)
		return true;
	bool refused = errno == EXDEV || errno == ENOTEMPTY || errno == EEXIST;
	if (errno != EXDEV && !(refused && exists(journal, begun)))
		return error_set_errno(error, errno, "moving %s to %s", step->staged, step->final);
	if (!is_folder(journal, step->staged))
		return error_set_errno(error, EXDEV, "moving %s to %s", step->staged, step->final);
	crash_point(journal);
	if (mkdirat(journal->base, begun, 0700) != 0 && errno != EEXIST)
		return error_set_errno(error, errno, "making %s", begun);
	return move_children(journal, step->staged, step->final, 0, error);
}

/* The way back of bring_in, from wherever it got to. */
static bool
take_out(Journal *journal, const struct step *step, GError **error)
{
	g_autofree char *begun = g_strconcat(step->staged, BEGUN, NULL);
	if (!exists(journal, step->final))
		return true;
	if (exists(journal, begun))
		return move_children(journal, step->final, step->staged, 0, error);
	return exists(journal, step->staged) || move(journal, step->final, step->staged, error);
}

/* --- steps --------------------------------------------------------------------------------- */

/* The old file or folder goes to its place in the staging folder, unless it is there already. */
static bool
put_aside(Journal *journal, const struct step *step, GError **error)
{
	g_autofree char *part = g_strconcat(step->old, PART, NULL);
	if (!*step->old || exists(journal, step->old))
		return true;
	if (exists(journal, step->final))
		return move(journal, step->final, step->old, error);
	crash_point(journal);
	if (renameat(journal->base, part, journal->base, step->old) != 0 && errno != ENOENT)
		return error_set_errno(error, errno, "moving %s", step->final);
	return true;
}

static bool
bring_back(Journal *journal, const struct step *step, GError **error)
{
	g_autofree char *part = g_strconcat(step->old, PART, NULL);
	if (!*step->old)
		return true;
	if (exists(journal, part) && !move_children(journal, part, step->final, 0, error))
		return false;
	if (!exists(journal, step->old))
		return true;
	crash_point(journal);
	if (renameat(journal->base, step->old, journal->base, step->final) == 0)
		return true;
	if (errno != EXDEV && errno != ENOTEMPTY && errno != EEXIST)
		return error_set_errno(error, errno, "restoring %s", step->final);
	return move_children(journal, step->old, step->final, 0, error);
}

static bool
do_step(Journal *journal, const struct step *step, GError **error)
{
	switch (step->kind) {
	case STEP_STAGING:
		return true;
	case STEP_FOLDER:
		crash_point(journal);
		if (mkdirat(journal->base, step->final, 0777) != 0 && errno != EEXIST)
			return error_set_errno(error, errno, "making the folder %s", step->final);
		return true;
	case STEP_PLACE:
		/* What was staged is gone: this step was made before the crash. */
		if (!exists(journal, step->staged))
			return true;
		return put_aside(journal, step, error) && bring_in(journal, step, error);
	case STEP_REMOVE:
		return put_aside(journal, step, error);
	case STEP_PRUNE:
		crash_point(journal);
		unlinkat(journal->base, step->final, AT_REMOVEDIR); /* not empty: stays */
		return true;
	}
	return true;
}

static bool
undo_step(Journal *journal, const struct step *step, GError **error)
{
	switch (step->kind) {
	case STEP_STAGING:
		return true;
	case STEP_FOLDER:
		crash_point(journal);
		unlinkat(journal->base, step->final, AT_REMOVEDIR);
		return true;
	case STEP_PLACE:
		return take_out(journal, step, error) && bring_back(journal, step, error);
	case STEP_REMOVE:
		return bring_back(journal, step, error);
	case STEP_PRUNE:
		crash_point(journal);
		if (mkdirat(journal->base, step->final, 0777) != 0 && errno != EEXIST)
			return error_set_errno(error, errno, "making the folder %s", step->final);
		return true;
	}
	return true;
}

bool
journal_run(Journal *journal, GError **error)
{
	for (guint i = 0; i < journal->steps->len; i++)
		if (!do_step(journal, step_at(journal, i), error))
			return false;
	return true;
}

bool
journal_undo(Journal *journal, GError **error)
{
	bool ok = true;
	for (guint i = journal->steps->len; i > 0; i--) {
		/* One file that cannot go back is no reason to keep the others away. */
		g_autoptr(GError) problem = NULL;
		if (undo_step(journal, step_at(journal, i - 1), &problem))
			continue;
		if (ok)
			g_propagate_error(error, g_steal_pointer(&problem));
		ok = false;
	}
	return ok;
}

bool
journal_finish(Journal *journal, GError **error)
{
	g_autofree char *name = g_build_filename(journal->staging, NAME, NULL);
	crash_point(journal);
	if (unlinkat(journal->base, name, 0) != 0 && errno != ENOENT)
		return error_set_errno(error, errno, "removing %s", name);
	for (guint i = 0; i < journal->steps->len; i++) {
		const struct step *step = step_at(journal, i);
		crash_point(journal);
		if (step->kind == STEP_STAGING)
			fs_remove_tree_at(journal->base, step->final, NULL);
	}
	return true;
}
