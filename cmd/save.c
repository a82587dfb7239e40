/* SPDX-License-Identifier: MIT */
/* A file gets its name in the folder when it is whole and its hash was checked. */
#include "cmd/save.h"

#include "lib/fs.h"
#include "wheel/zipfolder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_BACKUPS = 10000 };

struct saving { /* one download on its way to the folder */
	Plan *plan;
	const char *folder;
	const struct plan_item *item;
	struct saves *all;
};

struct saves {
	unsigned running;
	GError *failure;
};

static void
say_saved(const Plan *plan, const char *path)
{
	g_autofree char *shown = fs_display_path(path);
	log_info(plan->x->log, "Saved %s", shown);
}

bool
save_copy(Plan *plan, const char *from, const char *folder, const char *name, GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *draft = g_strdup_printf("%s/.%s.xpip-%d", folder, name, (int)getpid());
	unlink(draft);
	if (!fs_place(AT_FDCWD, from, AT_FDCWD, draft, false, error))
		return false;
	if (rename(draft, path) != 0) {
		int saved = errno;
		unlink(draft);
		return error_set_errno(error, saved, "writing %s", path);
	}
	say_saved(plan, path);
	return true;
}

static const char *
item_filename(const struct plan_item *item)
{
	const struct resolved *resolved = item->resolved;
	return resolved->kind == RESOLVED_INDEX
		       ? page_text(resolved->page, resolved->file->filename)
		       : item->artifact->filename;
}

/* true if the folder has the file with the hash that the index tells. */
static bool
is_there(Plan *plan, const struct plan_item *item, const char *folder)
{
	const struct resolved *resolved = item->resolved;
	g_autofree char *path = g_build_filename(folder, item_filename(item), NULL);
	if (access(path, F_OK) != 0)
		return false;
	g_autofree char *shown = fs_display_path(path);
	log_info(plan->x->log, "File was already downloaded %s", shown);
	const char *hash = item->artifact ? item->artifact->sha256 : NULL;
	if (!hash && resolved->kind == RESOLVED_INDEX && resolved->file->hash_name &&
		strcmp(page_text(resolved->page, resolved->file->hash_name), "sha256") == 0)
		hash = page_text(resolved->page, resolved->file->hash);
	struct digest want, got;
	g_auto(fd_t) fd = open(path, O_RDONLY | O_CLOEXEC);
	if (!hash || !digest_from_hex(hash, &want))
		return true;
	if (fd >= 0 && digest_file(fd, &got, NULL) && digest_equal(&want, &got))
		return true;
	log_warning(
		plan->x->log, "Previously-downloaded file %s has bad hash. Re-downloading.", shown);
	return false;
}

static bool
save_download(struct saving *saving, StoreDownload *download, GError **error)
{
	const char *name = item_filename(saving->item);
	g_autofree char *path = g_build_filename(saving->folder, name, NULL);
	g_autofree char *draft =
		g_strdup_printf("%s/.%s.xpip-%d", saving->folder, name, (int)getpid());
	unlink(draft);
	if (!artifact_save(download, draft, error))
		return false;
	if (rename(draft, path) != 0) {
		int saved = errno;
		unlink(draft);
		return error_set_errno(error, saved, "writing %s", path);
	}
	say_saved(saving->plan, path);
	return true;
}

static void
take_download(StoreDownload *download, const struct digest *sha256, const GError *error, void *user)
{
	struct saving *saving = user;
	g_autoptr(StoreDownload) owned = download;
	g_autoptr(GError) why = error ? g_error_copy(error) : NULL;
	(void)sha256;
	if (!why)
		save_download(saving, download, &why);
	if (why && !saving->all->failure)
		saving->all->failure = g_steal_pointer(&why);
	saving->all->running--;
	g_free(saving);
}

/* What to do with a file that is there: "i", "w", "b", or 0 for nothing that was said. */
static char
exists_action(const Plan *plan)
{
	const char *const *actions = options_list(plan->x->options, OPT_EXISTS_ACTION);
	for (; *actions; actions++)
		if (strlen(*actions) == 1 && strchr("iwb", **actions))
			return **actions;
	return '\0';
}

static bool
make_room(Plan *plan, const char *path, bool *skip, GError **error)
{
	g_autofree char *shown = fs_display_path(path);
	*skip = false;
	if (access(path, F_OK) != 0)
		return true;
	switch (exists_action(plan)) {
	case 'i':
		return *skip = true;
	case 'w':
		log_warning(plan->x->log, "Deleting %s", shown);
		return fs_remove_tree(path, error);
	case 'b':
		break;
	default:
		return error_set(error, ERROR_INVALID_INPUT,
			"The file %s exists: say what to do with it by --exists-action", shown);
	}
	for (int n = 1; n < MAX_BACKUPS; n++) {
		g_autofree char *backup = n == 1 ? g_strdup_printf("%s.bak", path)
						 : g_strdup_printf("%s.bak%d", path, n);
		if (access(backup, F_OK) == 0)
			continue;
		log_warning(plan->x->log, "Backing up %s to %s", shown, backup);
		return rename(path, backup) == 0 ||
		       error_set_errno(error, errno, "moving %s", path);
	}
	return error_set(error, ERROR_IO, "%s: too many backups", path);
}

/* A checkout or an editable as NAME-VERSION.zip. */
static bool
save_tree(Plan *plan, const struct plan_item *item, const char *folder, GError **error)
{
	const struct resolved *resolved = item->resolved;
	g_autofree char *name = g_strdup_printf(
		"%s-%s.zip", resolved->display_name, version_text(resolved->version));
	g_autofree char *path = g_build_filename(folder, name, NULL);
	bool skip;
	if (!make_room(plan, path, &skip, error))
		return false;
	if (skip)
		return true;
	if (!zipfolder_write(item->artifact->tree, resolved->display_name, path, error))
		return false;
	say_saved(plan, path);
	return true;
}

/* A wheel that the store kept, or an archive that was fetched for its metadata. */
static bool
save_local(Plan *plan, const struct plan_item *item, const char *folder, bool *done, GError **error)
{
	const Artifact *artifact = item->artifact;
	g_autofree char *kept = NULL;
	if (artifact && artifact->built) {
		g_autofree char *name = g_path_get_basename(artifact->built);
		*done = true;
		return save_copy(plan, artifact->built, folder, name, error);
	}
	if (artifact && artifact->wheel && artifact->is_wheel)
		kept = store_wheel_path(plan->store, store_wheel_digest(artifact->wheel));
	else if (artifact && artifact->file)
		kept = g_strdup(artifact->file);
	*done = kept || artifact; /* folders leave nothing */
	if (!kept && artifact && artifact->tree)
		return save_tree(plan, item, folder, error);
	return !kept || save_copy(plan, kept, folder, item_filename(item), error);
}

static bool
start(Plan *plan, const struct plan_item *item, const char *folder, struct saves *saves,
	GError **error)
{
	const struct resolved *resolved = item->resolved;
	bool done = false;
	if (resolved->action == RESOLVED_KEEP ||
		((resolved->kind == RESOLVED_INDEX || (item->artifact && item->artifact->file)) &&
			is_there(plan, item, folder)))
		return true;
	if (!save_local(plan, item, folder, &done, error) || done)
		return done;
	struct saving *saving = g_new0(struct saving, 1);
	*saving = (struct saving){plan, folder, item, saves};
	if (!plan_fetch_file(plan, item, take_download, saving, error)) {
		g_free(saving);
		return false;
	}
	saves->running++;
	return true;
}

static bool
is_wheel(const struct plan_item *item)
{
	if (item->artifact)
		return item->artifact->is_wheel || item->artifact->built;
	return item->resolved->file->kind == FILE_WHEEL;
}

bool
save_files(Plan *plan, const char *folder, bool only_wheels, GError **error)
{
	struct saves saves = {0};
	bool ok = true;
	for (size_t i = 0; i < plan->count && ok; i++)
		if (!only_wheels || is_wheel(&plan->items[i]))
			ok = start(plan, &plan->items[i], folder, &saves, error);
	while (saves.running && ok && !saves.failure)
		ok = loop_turn(plan->loop, -1, error);
	plan_fetch_end(plan);
	if (ok && saves.failure)
		g_propagate_error(error, g_steal_pointer(&saves.failure));
	ok = ok && (!error || !*error);
	g_clear_error(&saves.failure);
	return ok;
}
