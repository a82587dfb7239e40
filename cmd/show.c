/* SPDX-License-Identifier: MIT */
/* `xpip show NAME...`: what installed distributions say about themselves. */
#include "cmd/cmd.h"
#include "cmd/listing.h"
#include "lib/texts.h"
#include "resolver/requirement.h"
#include "wheel/installed.h"
#include "wheel/manifest.h"
#include "wheel/name.h"

#include <string.h>

/* What stays the same for all packages of a call. */
struct view {
	struct xpip *x;
	InstalledSet *set;
	struct marker_env env;
	GHashTable *requires; /* Installed * -> GPtrArray of struct needed *; NULL: unreadable */
};

struct needed {
	char *name, *normalized_name;
};

static void
needed_free(void *data)
{
	struct needed *needed = data;
	g_free(needed->name);
	g_free(needed->normalized_name);
	g_free(needed);
}

static void
list_unref(void *list)
{
	if (list)
		g_ptr_array_unref(list);
}

/* --- dependencies --------------------------------------------------------------------------- */

/* What a distribution depends on in this environment; NULL if some requirement is malformed. */
static GPtrArray *
read_requires(const struct view *view, Installed *dist)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(needed_free);
	const Metadata *metadata = installed_metadata(dist, NULL);
	for (char **text = metadata ? metadata->requires_dist : NULL; text && *text; text++) {
		g_autoptr(Requirement) parsed = requirement_parse(*text, strlen(*text), NULL);
		if (!parsed)
			return NULL;
		if (!marker_applies(parsed->marker, &view->env, NULL, 0))
			continue;
		struct needed *needed = g_new0(struct needed, 1);
		needed->name = g_strdup(parsed->name);
		needed->normalized_name = g_strdup(parsed->normalized_name);
		g_ptr_array_add(list, needed);
	}
	return g_steal_pointer(&list);
}

static const GPtrArray *
requires_of(const struct view *view, Installed *dist)
{
	void *list = NULL;
	if (!g_hash_table_lookup_extended(view->requires, dist, NULL, &list)) {
		list = read_requires(view, dist);
		g_hash_table_insert(view->requires, dist, list);
	}
	return list;
}

static gint
compare_folded(gconstpointer a, gconstpointer b)
{
	g_autofree char *x = g_utf8_strdown(*(const char *const *)a, -1);
	g_autofree char *y = g_utf8_strdown(*(const char *const *)b, -1);
	int order = strcmp(x, y);
	return order ? order : texts_compare(a, b);
}

static void
add_once(GPtrArray *list, const char *text)
{
	if (!g_ptr_array_find_with_equal_func(list, text, g_str_equal, NULL))
		g_ptr_array_add(list, g_strdup(text));
}

/* Sorted without regard to case, joined with commas; new string. */
static char *
join_sorted(GPtrArray *list)
{
	g_ptr_array_sort(list, compare_folded);
	g_ptr_array_add(list, NULL);
	return g_strjoinv(", ", (char **)list->pdata);
}

static char *
show_requires(const struct view *view, Installed *dist)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const GPtrArray *requires = requires_of(view, dist);
	const Metadata *metadata = installed_metadata(dist, NULL);
	for (guint i = 0; requires && i < requires->len; i++)
		add_once(names, ((struct needed *)g_ptr_array_index(requires, i))->name);
	/* One that cannot be parsed: all are shown as they are. */
	for (char **text = !requires && metadata ? metadata->requires_dist : NULL; text && *text;
		text++)
		g_ptr_array_add(names, g_strdup(*text));
	return join_sorted(names);
}

static char *
show_required_by(const struct view *view, const Installed *dist)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = 0; i < installed_count(view->set); i++) {
		Installed *other = installed_get(view->set, i);
		const GPtrArray *requires = requires_of(view, other);
		if (!requires)
			return g_strdup("#N/A");
		for (guint r = 0; r < requires->len; r++)
			if (strcmp(((struct needed *)g_ptr_array_index(requires, r))
					    ->normalized_name,
				    dist->normalized_name) == 0) {
				installed_spell(other);
				g_ptr_array_add(names, g_strdup(other->name));
				break;
			}
	}
	return join_sorted(names);
}

/* --- files ---------------------------------------------------------------------------------- */

/* `a//b/./c` as pathlib spells it. */
static char *
tidy_path(const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);
	g_autoptr(GPtrArray) kept = g_ptr_array_new();
	for (char **part = parts; *part; part++)
		if (**part && strcmp(*part, ".") != 0)
			g_ptr_array_add(kept, *part);
	g_ptr_array_add(kept, NULL);
	g_autofree char *joined = g_strjoinv("/", (char **)kept->pdata);
	if (*path == '/')
		return g_strconcat("/", joined, NULL);
	return *joined ? g_steal_pointer(&joined) : g_strdup(".");
}

/* A line of installed-files.txt, which is relative to the egg-info folder, as RECORD has it. */
static char *
from_info_folder(const Installed *dist, const char *line)
{
	g_autofree char *info = g_path_get_basename(dist->info);
	g_autofree char *tidy = tidy_path(line);
	g_autofree char *below = NULL;
	if (*tidy == '/')
		return g_steal_pointer(&tidy);
	if (strcmp(tidy, "..") == 0)
		return g_strdup(".");
	if (g_str_has_prefix(tidy, "../"))
		return g_strdup(tidy + 3);
	below = g_strconcat(info, "/", tidy, NULL);
	return tidy_path(below);
}

/* Paths as RECORD or installed-files.txt have them, sorted; NULL if there is neither. */
static GPtrArray *
list_files(const Installed *dist)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
	size_t length = 0;
	g_autofree char *record = installed_read(dist, "RECORD", &length);
	g_autoptr(Manifest) manifest = record ? manifest_parse(record, length, NULL) : NULL;
	g_autofree char *legacy = record ? NULL : installed_read(dist, "installed-files.txt", NULL);
	if (!record && !legacy)
		return NULL;
	for (size_t i = 0; manifest && i < manifest_count(manifest); i++)
		g_ptr_array_add(files, tidy_path(manifest_get(manifest, i)->path));
	g_auto(GStrv) lines = g_strsplit(legacy ? legacy : "", "\n", -1);
	for (char **line = lines; *line; line++)
		if (*g_strchomp(*line))
			g_ptr_array_add(files, from_info_folder(dist, *line));
	g_ptr_array_sort(files, texts_compare);
	return g_steal_pointer(&files);
}

static void
print_files(const struct view *view, const Installed *dist)
{
	g_autoptr(GPtrArray) files = list_files(dist);
	log_info(view->x->log, "Files:");
	if (!files)
		log_info(view->x->log, "Cannot locate RECORD or installed-files.txt");
	for (guint i = 0; files && i < files->len; i++)
		log_info(view->x->log, "  %s", g_strstrip(g_ptr_array_index(files, i)));
}

/* --- headers -------------------------------------------------------------------------------- */

static const char *
header(const Metadata *metadata, const char *name)
{
	const char *value = metadata ? metadata_get(metadata, name) : NULL;
	return value ? value : "";
}

/* PEP 753: labels are compared without punctuation, white space and case. */
static bool
is_homepage(const char *label, size_t length)
{
	g_autoptr(GString) plain = g_string_new(NULL);
	for (size_t i = 0; i < length; i++)
		if (!g_ascii_ispunct(label[i]) && !g_ascii_isspace(label[i]))
			g_string_append_c(plain, g_ascii_tolower(label[i]));
	return strcmp(plain->str, "homepage") == 0;
}

static char *
homepage(const Metadata *metadata)
{
	const char *plain = header(metadata, "Home-page");
	g_auto(GStrv) urls = metadata ? metadata_get_all(metadata, "Project-URL") : NULL;
	for (char **url = *plain ? NULL : urls; url && *url; url++) {
		const char *comma = strchr(*url, ',');
		if (comma && is_homepage(*url, (size_t)(comma - *url)))
			return g_strstrip(g_strdup(comma + 1));
	}
	return g_strdup(plain);
}

/* Metadata 2.4 brought License-Expression (PEP 639). */
static bool
has_expression(const Metadata *metadata)
{
	const char *version = header(metadata, "Metadata-Version");
	const char *dot = strchr(version, '.');
	guint64 major = g_ascii_strtoull(version, NULL, 10);
	guint64 minor = dot ? g_ascii_strtoull(dot + 1, NULL, 10) : 0;
	return *header(metadata, "License-Expression") && (major > 2 || (major == 2 && minor >= 4));
}

static void
print_list(const struct view *view, const char *title, char *const *values)
{
	log_info(view->x->log, "%s:", title);
	for (; values && *values; values++)
		log_info(view->x->log, "  %s", *values);
}

static void
print_more(const struct view *view, const Installed *dist, const Metadata *metadata)
{
	g_autofree char *installer = installed_installer(dist);
	g_autofree char *points = installed_read(dist, "entry_points.txt", NULL);
	g_auto(GStrv) classifiers = metadata ? metadata_get_all(metadata, "Classifier") : NULL;
	g_auto(GStrv) urls = metadata ? metadata_get_all(metadata, "Project-URL") : NULL;
	g_auto(GStrv) lines = g_strsplit(points ? points : "", "\n", -1);
	guint count = g_strv_length(lines);
	if (count && !*lines[count - 1])
		g_clear_pointer(&lines[count - 1], g_free);
	for (char **line = lines; *line; line++)
		g_strstrip(*line);
	log_info(view->x->log, "Metadata-Version: %s", header(metadata, "Metadata-Version"));
	log_info(view->x->log, "Installer: %s", installer);
	print_list(view, "Classifiers", classifiers);
	print_list(view, "Entry-points", lines);
	print_list(view, "Project-URLs", urls);
}

static void
print_dist(const struct view *view, Installed *dist)
{
	Log *log = view->x->log;
	const Metadata *metadata = installed_metadata(dist, NULL);
	const char *editable = installed_editable(view->set, dist, log);
	g_autofree char *home = homepage(metadata);
	g_autofree char *requires = show_requires(view, dist);
	g_autofree char *required_by = show_required_by(view, dist);
	installed_spell(dist);
	log_info(log, "Name: %s", dist->name);
	log_info(log, "Version: %s", dist->raw_version);
	log_info(log, "Summary: %s", header(metadata, "Summary"));
	log_info(log, "Home-page: %s", home);
	log_info(log, "Author: %s", header(metadata, "Author"));
	log_info(log, "Author-email: %s", header(metadata, "Author-email"));
	if (has_expression(metadata))
		log_info(log, "License-Expression: %s", header(metadata, "License-Expression"));
	else
		log_info(log, "License: %s", header(metadata, "License"));
	log_info(log, "Location: %s", dist->location);
	if (editable)
		log_info(log, "Editable project location: %s", editable);
	log_info(log, "Requires: %s", requires);
	log_info(log, "Required-by: %s", required_by);
	if (options_count(view->x->options, OPT_VERBOSE) > 0)
		print_more(view, dist, metadata);
	if (options_flag(view->x->options, OPT_FILES))
		print_files(view, dist);
}

/* --- the command ---------------------------------------------------------------------------- */

static void
warn_of_missing(const struct view *view, const char *const *names)
{
	g_autoptr(GPtrArray) missing = g_ptr_array_new_with_free_func(g_free);
	for (; *names; names++) {
		g_autofree char *normalized = name_normalize(*names);
		if (!installed_find(view->set, normalized))
			g_ptr_array_add(missing, g_strdup(*names));
	}
	if (!missing->len)
		return;
	g_ptr_array_sort(missing, texts_compare);
	g_ptr_array_add(missing, NULL);
	g_autofree char *joined = g_strjoinv(", ", (char **)missing->pdata);
	log_warning(view->x->log, "Package(s) not found: %s", joined);
}

static bool
run(struct xpip *x, GError **error)
{
	const char *const *names = options_arguments(x->options);
	if (!*names) {
		log_warning(x->log, "ERROR: Please provide a package name or names.");
		return error_set(error, ERROR_SILENT, "no names");
	}
	const Python *python = xpip_python(x, error);
	g_autoptr(InstalledSet) set = python ? installed_scan(python, NULL, x->log, error) : NULL;
	if (!set)
		return false;
	listing_warn_broken(x, python);
	g_autoptr(GHashTable) requires =
		g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, list_unref);
	struct view view = {.x = x, .set = set, .requires = requires};
	memcpy(view.env.values, python->markers, sizeof view.env.values);
	warn_of_missing(&view, names);
	bool printed = false;
	for (; *names; names++) {
		g_autofree char *normalized = name_normalize(*names);
		Installed *dist = installed_find(set, normalized);
		if (!dist)
			continue;
		if (printed)
			log_info(x->log, "---");
		print_dist(&view, dist);
		printed = true;
	}
	return printed || error_set(error, ERROR_SILENT, "nothing found");
}

static const enum option own_options[] = {OPT_FILES, OPTION_COUNT};

const struct command show_command = {
	.name = "show",
	.summary = "Show information about installed packages.",
	.usage = "[options] <package> ...",
	.description = "Show information about installed packages, in the form of mail headers.",
	.run = run,
	.no_virtualenv_check = true,
	.options = own_options,
};
