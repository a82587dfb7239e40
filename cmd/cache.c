/* SPDX-License-Identifier: MIT */
/* `xpip cache`: what is kept on disk, and removing it. */
#include "cmd/cmd.h"
#include "lib/fs.h"
#include "lib/texts.h"

#include <errno.h>
#include <fnmatch.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Parts of the cache folder. The first three are where pip keeps the same things. PAGES and
 * METADATA are what indexes said, parsed: they count as HTTP files too. */
#define HTTP "http-v2"
#define OLD_HTTP "http"
#define WHEELS "wheels"
#define STORE "store-v1"
#define PAGES "pages-v1"
#define METADATA "metadata-v1"
#define INTERPRETERS "interpreters-v1"

struct tally {
	uint64_t files, folders, bytes;
};

static char *
format_size(uint64_t bytes)
{
	double number = (double)bytes;
	if (bytes > 1000 * 1000)
		return g_strdup_printf("%.1f MB", number / 1e6);
	if (bytes > 10 * 1000)
		return g_strdup_printf("%d kB", (int)(number / 1e3));
	if (bytes > 1000)
		return g_strdup_printf("%.1f kB", number / 1e3);
	return g_strdup_printf("%d bytes", (int)bytes);
}

static FTS *
open_tree(const struct xpip *x, const char *part, char **path)
{
	*path = g_build_filename(x->cache_dir, part, NULL);
	char *roots[] = {*path, NULL};
	return fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
}

static bool
is_file(const FTSENT *entry)
{
	return entry->fts_info == FTS_F || entry->fts_info == FTS_SL ||
	       entry->fts_info == FTS_SLNONE || entry->fts_info == FTS_DEFAULT;
}

/* Adds the files below a part; symbolic links count nothing. */
static void
count_part(const struct xpip *x, const char *part, struct tally *tally)
{
	g_autofree char *path = NULL;
	FTS *tree = open_tree(x, part, &path);
	for (FTSENT *entry; tree && (entry = fts_read(tree));) {
		if (!is_file(entry))
			continue;
		tally->files++;
		if (entry->fts_info == FTS_F)
			tally->bytes += (uint64_t)entry->fts_statp->st_size;
	}
	if (tree)
		fts_close(tree);
}

/* Paths of the cached wheels whose names match: a name, a name with a version, or a glob. */
static GPtrArray *
find_wheels(const struct xpip *x, const char *pattern)
{
	GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
	/* PEP 427: no dash before the version's */
	g_autofree char *glob =
		g_strconcat(pattern, strchr(pattern, '-') ? "*.whl" : "-*.whl", NULL);
	g_autofree char *path = NULL;
	FTS *tree = open_tree(x, WHEELS, &path);
	for (FTSENT *entry; tree && (entry = fts_read(tree));)
		if (is_file(entry) && fnmatch(glob, entry->fts_name, FNM_NOESCAPE) == 0)
			g_ptr_array_add(found, g_strdup(entry->fts_path));
	if (tree)
		fts_close(tree);
	g_ptr_array_sort(found, texts_compare);
	return found;
}

static bool
dir(struct xpip *x, const char *const *arguments, GError **error)
{
	(void)arguments;
	(void)error;
	log_output(x->log, x->cache_dir);
	return true;
}

static bool
info(struct xpip *x, const char *const *arguments, GError **error)
{
	struct tally http = {0}, wheels = {0}, store = {0};
	(void)arguments;
	(void)error;
	count_part(x, HTTP, &http);
	count_part(x, OLD_HTTP, &http);
	count_part(x, PAGES, &http);
	count_part(x, METADATA, &http);
	count_part(x, WHEELS, &wheels);
	count_part(x, STORE, &store);
	g_autoptr(GPtrArray) built = find_wheels(x, "*");
	g_autofree char *http_size = format_size(http.bytes);
	g_autofree char *wheels_size = format_size(wheels.bytes);
	g_autofree char *store_size = format_size(store.bytes);
	g_autofree char *text =
		g_strdup_printf("Package index page cache location (pip v23.3+): %s/" HTTP "\n"
				"Package index page cache location (older pips): %s/" OLD_HTTP "\n"
				"Package index page cache size: %s\n"
				"Number of HTTP files: %" G_GUINT64_FORMAT "\n"
				"Locally built wheels location: %s/" WHEELS "\n"
				"Locally built wheels size: %s\n"
				"Number of locally built wheels: %u\n"
				"Store of unpacked wheels location: %s/" STORE "\n"
				"Store of unpacked wheels size: %s",
			x->cache_dir, x->cache_dir, http_size, http.files, x->cache_dir,
			wheels_size, built->len, x->cache_dir, store_size);
	log_output(x->log, text);
	return true;
}

static bool
list(struct xpip *x, const char *const *arguments, GError **error)
{
	(void)error;
	g_autoptr(GPtrArray) wheels = find_wheels(x, arguments[0] ? arguments[0] : "*");
	bool human = strcmp(options_string(x->options, OPT_CACHE_FORMAT), "human") == 0;
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < wheels->len; i++) {
		const char *path = g_ptr_array_index(wheels, i);
		struct stat status;
		uint64_t bytes = lstat(path, &status) == 0 && S_ISREG(status.st_mode)
					 ? (uint64_t)status.st_size
					 : 0;
		g_autofree char *size = format_size(bytes);
		g_ptr_array_add(
			lines, human ? g_strdup_printf(" - %s (%s)", strrchr(path, '/') + 1, size)
				     : g_strdup(path));
	}
	g_ptr_array_sort(lines, texts_compare);
	if (human)
		log_output(x->log,
			lines->len ? "Cache contents:\n" : "No locally built wheels cached.");
	for (guint i = 0; i < lines->len; i++)
		log_output(x->log, g_ptr_array_index(lines, i));
	return true;
}

static bool
remove_file(
	const struct xpip *x, const char *path, uint64_t bytes, struct tally *tally, GError **error)
{
	if (unlink(path) < 0)
		return errno == ENOENT || error_set_errno(error, errno, "removing %s", path);
	tally->files++;
	tally->bytes += bytes;
	log_verbose(x->log, "Removed %s", path);
	return true;
}

/* Removes every file and folder of a part. */
static bool
remove_part(const struct xpip *x, const char *part, struct tally *tally, GError **error)
{
	g_autofree char *path = NULL;
	FTS *tree = open_tree(x, part, &path);
	bool removed = true;
	for (FTSENT *entry; removed && tree && (entry = fts_read(tree));) {
		if (is_file(entry))
			removed = remove_file(x, entry->fts_path,
				(uint64_t)entry->fts_statp->st_size, tally, error);
		else if (entry->fts_info == FTS_DP && rmdir(entry->fts_path) == 0)
			tally->folders++;
	}
	if (tree)
		fts_close(tree);
	return removed;
}

/* Folders without a wheel below them are of no use, whatever else is there (origin.json). */
static bool
prune_wheels(const struct xpip *x, struct tally *tally, GError **error)
{
	g_autofree char *root = NULL;
	FTS *tree = open_tree(x, WHEELS, &root);
	bool ok = true;
	for (FTSENT *entry; ok && tree && (entry = fts_read(tree));) {
		bool wheel = is_file(entry) && g_str_has_suffix(entry->fts_name, ".whl");
		bool left = entry->fts_info == FTS_DP && entry->fts_number != 0;
		if (wheel || left) {
			entry->fts_parent->fts_number = 1;
		} else if (entry->fts_info == FTS_DP && entry->fts_level > FTS_ROOTLEVEL) {
			ok = fs_remove_tree(entry->fts_path, error);
			tally->folders += ok;
			if (ok)
				log_verbose(x->log, "Removed %s", entry->fts_path);
		}
	}
	if (tree)
		fts_close(tree);
	return ok;
}

/* pip kept the time of its last look for a newer pip there. */
static bool
remove_selfcheck(const struct xpip *x, GError **error)
{
	g_autofree char *path = g_build_filename(x->cache_dir, "selfcheck.json", NULL);
	if (unlink(path) == 0)
		log_verbose(x->log, "Removed legacy selfcheck.json file");
	else if (errno != ENOENT)
		return error_set_errno(error, errno, "removing %s", path);
	return true;
}

/* Everything but the wheels that pip, too, would keep no longer. */
static bool
remove_parts(const struct xpip *x, struct tally *tally, GError **error)
{
	static const char *const parts[] = {HTTP, OLD_HTTP, PAGES, METADATA, INTERPRETERS, STORE};
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
		if (!remove_part(x, parts[i], tally, error))
			return false;
	return true;
}

static bool
remove_matching(struct xpip *x, const char *pattern, GError **error)
{
	struct tally tally = {0};
	g_autoptr(GPtrArray) wheels = find_wheels(x, pattern);
	bool all = strcmp(pattern, "*") == 0;
	for (guint i = 0; i < wheels->len; i++) {
		struct stat status;
		const char *path = g_ptr_array_index(wheels, i);
		uint64_t bytes = lstat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
		if (!remove_file(x, path, bytes, &tally, error))
			return false;
	}
	if (!prune_wheels(x, &tally, error) || !remove_selfcheck(x, error) ||
		(all && !remove_parts(x, &tally, error)))
		return false;
	if (!tally.files && all)
		log_warning(x->log, "No matching packages");
	else if (!tally.files)
		log_warning(x->log, "No matching packages for pattern \"%s\"", pattern);
	g_autofree char *size = format_size(tally.bytes);
	log_info(x->log, "Files removed: %" G_GUINT64_FORMAT " (%s)", tally.files, size);
	log_info(x->log, "Directories removed: %" G_GUINT64_FORMAT, tally.folders);
	return true;
}

static bool
remove_pattern(struct xpip *x, const char *const *arguments, GError **error)
{
	if (!arguments[0])
		return error_set(error, ERROR_INVALID_INPUT, "Please provide a pattern");
	return remove_matching(x, arguments[0], error);
}

static bool
purge(struct xpip *x, const char *const *arguments, GError **error)
{
	(void)arguments;
	return remove_matching(x, "*", error);
}

static const struct action {
	const char *name;
	unsigned most; /* arguments */
	bool (*run)(struct xpip *x, const char *const *arguments, GError **error);
} actions[] = {
	{"dir", 0, dir},
	{"info", 0, info},
	{"list", 1, list},
	{"purge", 0, purge},
	{"remove", 1, remove_pattern},
};

static bool
run(struct xpip *x, GError **error)
{
	const char *const *arguments = options_arguments(x->options);
	if (!x->cache_dir)
		return error_set(error, ERROR_INVALID_INPUT,
			"pip cache commands can not function since cache is disabled.");
	for (size_t i = 0; arguments[0] && i < G_N_ELEMENTS(actions); i++) {
		if (strcmp(arguments[0], actions[i].name) != 0)
			continue;
		if (g_strv_length((char **)arguments) - 1 > actions[i].most)
			return error_set(error, ERROR_INVALID_INPUT, "Too many arguments");
		return actions[i].run(x, arguments + 1, error);
	}
	return error_set(error, ERROR_INVALID_INPUT,
		"Need an action (dir, info, list, purge, remove) to perform.");
}

static const enum option own_options[] = {OPT_CACHE_FORMAT, OPTION_COUNT};

const struct command cache_command = {
	.name = "cache",
	.summary = "Inspect and manage xpip's cache.",
	.usage = "dir\ninfo\nlist [<pattern>] [--format=[human, abspath]]\nremove <pattern>\npurge",
	.description = "Inspect and manage the cache: pages of indexes, wheels that were built "
		       "here, and the\n"
		       "store of unpacked wheels.\n"
		       "\n"
		       "- dir: the folder it is in\n"
		       "- info: places and sizes\n"
		       "- list: wheels that were built here\n"
		       "- remove: remove wheels of this name, or whose file names match a glob\n"
		       "- purge: remove everything",
	.run = run,
	.no_virtualenv_check = true,
	.options = own_options,
	.actions = "dir info list purge remove",
};
