/* SPDX-License-Identifier: MIT */
/* `xpip freeze`: what is installed, as a requirements file; with -r in that file's order. */
#include "cmd/listing.h"
#include "cmd/roots.h"
#include "lib/repr.h"
#include "lib/texts.h"
#include "resolver/reqlines.h"
#include "wheel/vcs.h"

#include <errno.h>
#include <string.h>

/* --- one distribution ----------------------------------------------------------------------- */

/* What is printed for a distribution. */
struct frozen {
	const Installed *dist;
	char *text; /* may have several lines, comments first */
	char *key;  /* lower-case name */
	bool editable, printed;
};

static void
frozen_free(void *data)
{
	struct frozen *frozen = data;
	g_free(frozen->text);
	g_free(frozen->key);
	g_free(frozen);
}

static char *
name_and_version(const Installed *dist)
{
	bool legacy;
	g_autofree char *version = listing_version(dist, &legacy);
	return g_strdup_printf("%s%s%s", dist->name, legacy ? "===" : "==", version);
}

static const char *
vcs_title(const char *kind)
{
	static const char *const titles[][2] = {
		{"git", "Git"}, {"hg", "Mercurial"}, {"svn", "Subversion"}, {"bzr", "Bazaar"}};
	for (size_t i = 0; i < G_N_ELEMENTS(titles); i++)
		if (strcmp(kind, titles[i][0]) == 0)
			return titles[i][1];
	return kind;
}

/* `-e …`, with a comment where the way back to the sources is not known. */
static bool
describe_editable(
	struct xpip *x, const Installed *dist, const char *folder, char **text, GError **error)
{
	g_autofree char *path = g_canonicalize_filename(folder, NULL);
	g_autofree char *shown = name_and_version(dist), *found = NULL;
	const char *kind = NULL;
	struct vcs_options options = {.log = x->log,
		.loop = xpip_loop(x, error),
		.no_input = options_flag(x->options, OPT_NO_INPUT)};
	if (!options.loop)
		return false;
	switch (vcs_requirement(&options, path, dist->name, &found, &kind)) {
	case VCS_FOUND:
		*text = g_strdup_printf("-e %s", found);
		break;
	case VCS_NO_REMOTE:
		*text = g_strdup_printf("# Editable %s install with no remote (%s)\n-e %s",
			vcs_title(kind), shown, path);
		break;
	case VCS_BAD_REMOTE:
		*text = g_strdup_printf("# Editable %s install (%s) with either a deleted local "
					"remote or invalid URI:\n# '%s'\n-e %s",
			vcs_title(kind), shown, found, path);
		break;
	case VCS_NO_COMMAND:
		log_warning(x->log,
			"cannot determine version of editable source in %s (%s command not found "
			"in path)",
			path, found);
		*text = g_strdup_printf("-e %s", path);
		break;
	default:
		*text = g_strdup_printf(
			"# Editable install with no version control (%s)\n-e %s", shown, path);
	}
	return true;
}

static struct frozen *
freeze_dist(struct xpip *x, const Listing *listing, Installed *dist, GError **error)
{
	g_autoptr(DirectUrl) direct = NULL;
	g_autofree char *text = NULL;
	installed_spell(dist);
	const char *folder = installed_editable(listing->set, dist, x->log);
	if (folder) {
		if (!describe_editable(x, dist, folder, &text, error))
			return NULL;
	} else {
		direct = installed_direct_url(dist, NULL); /* warned of above */
		text = direct ? directurl_requirement(direct, dist->name) : name_and_version(dist);
	}
	struct frozen *frozen = g_new0(struct frozen, 1);
	frozen->dist = dist;
	frozen->text = g_steal_pointer(&text);
	frozen->key = g_utf8_strdown(dist->name, -1);
	frozen->editable = folder != NULL;
	return frozen;
}

/* --- -r ------------------------------------------------------------------------------------- */

/* What following requirements files needs. */
struct follow {
	struct xpip *x;
	GPtrArray *list;    /* of struct frozen */
	GHashTable *copied; /* lines copied so far: options stand once */
	GHashTable *files;  /* name as written -> GPtrArray of the files it is in */
	GPtrArray *names;   /* the keys, in their order */
};

/* Lines that are no requirement are copied. */
static bool
is_copied(const char *line)
{
	static const char *const options[] = {"-r", "--requirement", "-f", "--find-links", "-i",
		"--index-url", "--pre", "--trusted-host", "--process-dependency-links",
		"--extra-index-url", "--use-feature"};
	g_autofree char *stripped = g_strstrip(g_strdup(line));
	if (!*stripped || *stripped == '#')
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(options); i++)
		if (g_str_has_prefix(line, options[i]))
			return true;
	return false;
}

/* The line without a comment that begins it or follows white space; new string. */
static char *
without_comment(const char *line)
{
	const char *at = line;
	for (; *at; at++)
		if (*at == '#' && (at == line || g_ascii_isspace(at[-1])))
			break;
	return g_strstrip(g_strndup(line, (gsize)(at - line)));
}

static struct frozen *
find_frozen(const GPtrArray *list, const char *normalized_name)
{
	for (guint i = 0; i < list->len; i++) {
		struct frozen *frozen = g_ptr_array_index(list, i);
		if (!frozen->printed && strcmp(frozen->dist->normalized_name, normalized_name) == 0)
			return frozen;
	}
	return NULL;
}

static GPtrArray *
files_of(struct follow *follow, const char *name)
{
	GPtrArray *files = g_hash_table_lookup(follow->files, name);
	if (!files) {
		char *key = g_strdup(name);
		files = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(follow->files, key, files);
		g_ptr_array_add(follow->names, key);
	}
	return files;
}

static void
print_named(struct follow *follow, const char *path, const char *line, const Requirement *named)
{
	struct frozen *frozen = find_frozen(follow->list, named->normalized_name);
	GPtrArray *files = files_of(follow, named->name);
	if (!frozen && !files->len) {
		g_autofree char *text = without_comment(line);
		g_autofree char *name = repr_string(named->name);
		log_warning(follow->x->log,
			"Requirement file [%s] contains %s, but package %s is not installed", path,
			text, name);
		return;
	}
	g_ptr_array_add(files, g_strdup(path));
	if (frozen) {
		log_output(follow->x->log, frozen->text);
		frozen->printed = true;
	}
}

static bool
follow_line(struct follow *follow, const char *path, const char *line, GError **error)
{
	struct xpip *x = follow->x;
	if (is_copied(line)) {
		char *copy = g_strchomp(g_strdup(line));
		if (g_hash_table_add(follow->copied, copy))
			log_output(x->log, copy);
		return true;
	}
	bool editable = true;
	g_autofree char *text = NULL;
	if (g_str_has_prefix(line, "-e")) {
		text = g_strstrip(g_strdup(line + 2));
	} else if (g_str_has_prefix(line, "--editable")) {
		const char *rest = line + strlen("--editable");
		text = g_strstrip(g_strdup(rest + strspn(rest, " \t=")));
	} else {
		text = without_comment(line);
		editable = false;
	}
	g_autoptr(Roots) roots = roots_new();
	g_autoptr(GError) problem = NULL;
	const struct root *root =
		roots_add(x, x->python, roots->requirements, text, editable, NULL, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	if (root && root->requirement) {
		print_named(follow, path, line, root->requirement);
		return true;
	}
	g_autofree char *shown = g_strstrip(g_strdup(line));
	log_info(x->log,
		"Skipping line in requirement file [%s] because it's not clear what it would "
		"install: %s",
		path, shown);
	log_info(x->log, "  (add #egg=PackageName to the URL to avoid this warning)");
	return true;
}

static bool
follow_file(struct follow *follow, const char *path, GError **error)
{
	g_autofree char *bytes = NULL;
	gsize length = 0;
	errno = 0;
	if (!g_file_get_contents(path, &bytes, &length, NULL)) {
		g_autofree char *shown = repr_string(path);
		return error_set(
			error, ERROR_IO, "[Errno %d] %s: %s", errno, g_strerror(errno), shown);
	}
	g_autofree char *text = reqlines_decode(bytes, length, path, error);
	if (!text)
		return false;
	for (char *line = text; *line;) {
		char *end = line + strcspn(line, "\n");
		bool last = !*end;
		*end = '\0';
		if (!follow_line(follow, path, line, error))
			return false;
		line = last ? end : end + 1;
	}
	return true;
}

static void
warn_of_repeats(const struct follow *follow)
{
	for (guint i = 0; i < follow->names->len; i++) {
		const char *name = g_ptr_array_index(follow->names, i);
		GPtrArray *files = g_hash_table_lookup(follow->files, name);
		if (files->len < 2)
			continue;
		g_ptr_array_sort(files, texts_compare);
		g_autoptr(GString) list = g_string_new(NULL);
		for (guint f = 0; f < files->len; f++)
			if (f == 0 || strcmp(files->pdata[f], files->pdata[f - 1]) != 0)
				g_string_append_printf(
					list, "%s%s", f ? ", " : "", (const char *)files->pdata[f]);
		log_warning(follow->x->log, "Requirement %s included multiple times [%s]", name,
			list->str);
	}
}

static bool
follow_files(struct xpip *x, GPtrArray *list, GError **error)
{
	g_autoptr(GHashTable) copied = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) files = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	struct follow follow = {x, list, copied, files, names};
	const char *const *path = options_list(x->options, OPT_REQUIREMENT);
	if (!*path)
		return true;
	for (; *path; path++)
		if (!follow_file(&follow, *path, error))
			return false;
	warn_of_repeats(&follow);
	log_output(x->log, "## The following requirements were added by pip freeze:");
	return true;
}

/* --- the command ---------------------------------------------------------------------------- */

/* Tools that come with an environment; from Python 3.12 on that is pip alone. */
static bool
is_left_out(const struct xpip *x, const Installed *dist)
{
	const char *name = dist->normalized_name;
	static const char *const tools[] = {"pip", "setuptools", "distribute", "wheel", NULL};
	static const char *const newer[] = {"pip", NULL};
	bool recent = x->python->major > 3 || x->python->minor >= 12;
	return listing_is_stdlib(dist) ||
	       g_strv_contains(options_list(x->options, OPT_EXCLUDE), name) ||
	       (!options_flag(x->options, OPT_ALL) &&
		       g_strv_contains(recent ? newer : tools, name));
}

static int
compare_frozen(const void *a, const void *b)
{
	return strcmp((*(struct frozen *const *)a)->key, (*(struct frozen *const *)b)->key);
}

static bool
run(struct xpip *x, GError **error)
{
	g_autoptr(Listing) listing = listing_new(x, error);
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(frozen_free);
	if (!listing)
		return false;
	for (guint i = 0; i < listing->dists->len; i++) {
		struct frozen *frozen =
			freeze_dist(x, listing, g_ptr_array_index(listing->dists, i), error);
		if (!frozen)
			return false;
		if (frozen->editable && options_flag(x->options, OPT_EXCLUDE_EDITABLE))
			frozen_free(frozen);
		else
			g_ptr_array_add(list, frozen);
	}
	if (!follow_files(x, list, error))
		return false;
	g_ptr_array_sort(list, compare_frozen);
	for (guint i = 0; i < list->len; i++) {
		const struct frozen *frozen = g_ptr_array_index(list, i);
		if (!frozen->printed && !is_left_out(x, frozen->dist))
			log_output(x->log, frozen->text);
	}
	return true;
}

static const enum option own_options[] = {OPT_REQUIREMENT, OPT_LOCAL, OPT_USER, OPT_PATH, OPT_ALL,
	OPT_EXCLUDE_EDITABLE, OPT_EXCLUDE, OPTION_COUNT};

const struct command freeze_command = {
	.name = "freeze",
	.summary = "Output installed packages in requirements format.",
	.usage = "[options]",
	.description = "Output installed packages in requirements format, sorted by name.",
	.run = run,
	.no_virtualenv_check = true,
	.options = own_options,
};
