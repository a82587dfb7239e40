/* SPDX-License-Identifier: MIT */
/* From the words of a command line and the lines of files to root requirements, by pip's rules:
 * what is a path, what a URL, what a PEP 508 requirement. */
#include "cmd/roots.h"

#include "cmd/root_files.h"
#include "lib/fs.h"
#include "lib/repr.h"
#include "resolver/pylock.h"
#include "wheel/filename.h"
#include "wheel/vcs.h"

#include <string.h>
#include <unistd.h>

static void
root_free(void *data)
{
	struct root *root = data;
	g_free(root->text);
	g_free(root->origin);
	requirement_free(root->requirement);
	g_free(root->url);
	g_strfreev(root->extras);
	g_strfreev(root->hashes);
	g_strfreev(root->config_settings);
	g_free(root);
}

Roots *
roots_new(void)
{
	Roots *roots = g_new0(Roots, 1);
	roots->requirements = g_ptr_array_new_with_free_func(root_free);
	roots->constraints = g_ptr_array_new_with_free_func(root_free);
	roots->files = reqfile_new();
	roots->locked = g_ptr_array_new_with_free_func(pylock_item_free);
	return roots;
}

void
roots_free(Roots *roots)
{
	if (!roots)
		return;
	g_ptr_array_unref(roots->requirements);
	g_ptr_array_unref(roots->constraints);
	reqfile_free(roots->files);
	g_ptr_array_unref(roots->locked);
	g_free(roots);
}

struct root_requirement *
roots_array(const GPtrArray *list)
{
	struct root_requirement *array = g_new0(struct root_requirement, list->len + 1);
	for (guint i = 0; i < list->len; i++) {
		const struct root *root = g_ptr_array_index(list, i);
		array[i] = (struct root_requirement){
			.text = root->text,
			.origin = root->origin,
			.requirement = root->requirement,
			.url = root->url,
			.extras = (const char *const *)root->extras,
			.editable = root->editable,
			.user_requested = root->user_requested,
			.hashes = (const char *const *)root->hashes,
		};
	}
	return array;
}

/* --- one line --------------------------------------------------------------------------------- */

/* A line taken apart: what the constructors of pip call requirement parts. */
typedef struct Parts {
	char *place;  /* without marker and extras */
	char *marker; /* text, or NULL */
	char *extras; /* "[a,b]", or NULL */
	char *url;    /* or NULL: a plain requirement */
	char *named;  /* requirement text for a named one, or NULL */
} Parts;

static void
parts_clear(Parts *parts)
{
	g_free(parts->place);
	g_free(parts->marker);
	g_free(parts->extras);
	g_free(parts->url);
	g_free(parts->named);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Parts, parts_clear)

static bool
is_url(const char *text)
{
	g_autofree char *scheme = g_uri_parse_scheme(text);
	static const char *const plain[] = {"http", "https", "file", "ftp", NULL};
	return scheme && (g_strv_contains(plain, scheme) || vcs_is_url(text));
}

/* pip's strip_extras: `path[a,b]` is `path` and `[a,b]`. */
static void
split_extras(const char *text, char **place, char **extras)
{
	const char *open = strrchr(text, '[');
	size_t length = strlen(text);
	if (!open || open == text || text[length - 1] != ']' || open + 2 > text + length - 1) {
		*place = g_strdup(text);
		return;
	}
	*place = g_strndup(text, (size_t)(open - text));
	*extras = g_strdup(open);
}

static bool
looks_like_path(const char *text)
{
	return strchr(text, '/') || *text == '.';
}

/* The file:// URL that a path stands for, or NULL if the text is none. */
static bool
find_path(struct xpip *x, Parts *parts, const char *name, GError **error)
{
	g_autofree char *whole = g_canonicalize_filename(name, NULL);
	g_autofree char *path = NULL;
	g_autofree char *extras = NULL;
	split_extras(whole, &path, &extras);
	g_autofree char *shown = repr_string(name);
	if (looks_like_path(name) && g_file_test(path, G_FILE_TEST_IS_DIR)) {
		g_autofree char *toml = g_build_filename(path, "pyproject.toml", NULL);
		g_autofree char *setup = g_build_filename(path, "setup.py", NULL);
		if (access(toml, F_OK) != 0 && access(setup, F_OK) != 0)
			return error_set(error, ERROR_INVALID_INPUT,
				"Directory %s is not installable. Neither 'setup.py' nor "
				"'pyproject.toml' found.",
				shown);
	} else if (!filename_archive_extension(path)) {
		return true;
	} else if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
		const char *at = strchr(name, '@');
		g_autofree char *before = at ? g_strndup(name, (size_t)(at - name)) : NULL;
		if (before && !looks_like_path(before))
			return true; /* `name @ https://…/x.zip` */
		log_warning(x->log,
			"Requirement %s looks like a filename, but the file does not exist", shown);
	}
	parts->url = fs_path_to_url(path);
	parts->extras = g_steal_pointer(&extras);
	return true;
}

/* The value of `egg=` in a URL's fragment, or NULL. New string. */
static char *
egg_fragment(const char *url)
{
	const char *fragment = strchr(url, '#');
	g_auto(GStrv) pieces = g_strsplit(fragment ? fragment + 1 : "", "&", -1);
	for (size_t i = 0; pieces[i]; i++)
		if (g_str_has_prefix(pieces[i], "egg="))
			return g_uri_unescape_string(pieces[i] + 4, NULL);
	return NULL;
}

/* A wheel's file name tells project and version; other places only what `#egg=` says. */
static bool
name_place(Parts *parts, GError **error)
{
	g_autofree char *plain = g_strndup(parts->url, strcspn(parts->url, "?#"));
	const char *slash = strrchr(plain, '/');
	g_autofree char *file = g_uri_unescape_string(slash ? slash + 1 : plain, NULL);
	if (file && g_str_has_suffix(file, ".whl")) {
		struct wheel_filename wheel = {0};
		if (!filename_parse_wheel(file, &wheel, error))
			return false;
		parts->named = g_strdup_printf(
			"%s%s==%s", wheel.name, parts->extras ? parts->extras : "", wheel.version);
		wheel_filename_clear(&wheel);
		return true;
	}
	parts->named = egg_fragment(parts->url);
	if (parts->named && parts->extras) {
		char *both = g_strconcat(parts->named, parts->extras, NULL);
		g_free(parts->named);
		parts->named = both;
	}
	return true;
}

/* `file:../x#egg=y`, relative to the current folder, as a proper file:// URL. New string. */
static char *
absolute_file_url(const char *url)
{
	const char *rest = url + strlen("file:");
	if (g_str_has_prefix(rest, "//"))
		rest += 2;
	size_t plain = strcspn(rest, "#");
	g_autofree char *part = g_strndup(rest, plain);
	g_autofree char *decoded = g_uri_unescape_string(part, NULL);
	g_autofree char *path = g_canonicalize_filename(decoded ? decoded : part, NULL);
	g_autofree char *whole = fs_path_to_url(path);
	return g_strconcat(whole, rest + plain, NULL);
}

static bool
split_line(struct xpip *x, const char *line, Parts *parts, GError **error)
{
	bool url = is_url(line);
	const char *separator = strstr(line, url ? "; " : ";");
	g_autofree char *name =
		separator ? g_strndup(line, (size_t)(separator - line)) : g_strdup(line);
	if (separator) {
		parts->marker = g_strstrip(g_strdup(separator + (url ? 2 : 1)));
		if (!*parts->marker)
			g_clear_pointer(&parts->marker, g_free);
	}
	g_strstrip(name);
	parts->place = g_strdup(name);
	if (url) {
		parts->url = g_strdup(name);
		if (g_str_has_prefix(name, "file:") && strstr(name, "../")) {
			g_free(parts->url);
			parts->url = absolute_file_url(name);
		}
	} else if (!find_path(x, parts, name, error)) {
		return false;
	}
	return !parts->url || name_place(parts, error);
}

/* -e: a local project, a VCS URL, or `name @ URL`. */
static bool
split_editable(const char *line, Parts *parts, GError **error)
{
	g_autoptr(Requirement) direct = requirement_parse(line, strlen(line), NULL);
	if (direct && direct->url) {
		parts->url = g_strdup(direct->url);
		parts->named = g_strdup(line);
	} else {
		g_autofree char *path = NULL;
		split_extras(line, &path, &parts->extras);
		g_autofree char *whole = g_canonicalize_filename(path, NULL);
		if (g_file_test(path, G_FILE_TEST_IS_DIR))
			parts->url = fs_path_to_url(whole);
		else if (g_ascii_strncasecmp(path, "file:", 5) == 0)
			parts->url = strstr(path, "../") ? absolute_file_url(path)
							 : g_steal_pointer(&path);
		else
			parts->url = g_strdup(line);
		if (!name_place(parts, error))
			return false;
	}
	if (!vcs_is_url(parts->url) && !g_str_has_prefix(parts->url, "file:"))
		return error_set(error, ERROR_INVALID_INPUT,
			"%s is not a valid editable requirement. It should either be a path to a "
			"local project or a VCS URL (beginning with bzr+http, bzr+https, bzr+ssh, "
			"bzr+sftp, bzr+ftp, bzr+lp, bzr+file, git+http, git+https, git+ssh, "
			"git+git, git+file, hg+file, hg+http, hg+https, hg+ssh, hg+static-http, "
			"svn+ssh, svn+http, svn+https, svn+svn, svn+file).",
			line);
	if (!parts->named && !g_str_has_prefix(parts->url, "file:"))
		return error_set(error, ERROR_INVALID_INPUT,
			"Could not detect requirement name for '%s', please specify one with "
			"your_package_name @ URL",
			line);
	return true;
}

/* What a text that is no requirement may have been meant as, or "". New string. */
static char *
guess_meaning(const char *text)
{
	if (strchr(text, '/') && !g_file_test(text, G_FILE_TEST_EXISTS))
		return g_strdup_printf(
			"\nHint: It looks like a path. File '%s' does not exist.", text);
	if (strchr(text, '/'))
		return g_strdup_printf(
			"\nHint: It looks like a path. The path does exist. The argument you "
			"provided (%s) appears to be a requirements file. If that is the case, use "
			"the '-r' flag to install the packages specified within it.",
			text);
	if (strchr(text, '=') && !strstr(text, "==") && !strpbrk(text, "<>~!"))
		return g_strdup("\nHint: = is not a valid operator. Did you mean == ?");
	return g_strdup("");
}

static Requirement *
parse_named(const char *text, const char *origin, GError **error)
{
	g_autoptr(GError) why = NULL;
	Requirement *requirement = requirement_parse(text, strlen(text), &why);
	if (requirement)
		return requirement;
	g_autofree char *shown = repr_string(text);
	g_autofree char *hint = guess_meaning(text);
	error_set(error, ERROR_INVALID_INPUT, "Invalid requirement: %s: %s%s%s%s%s", shown,
		why->message, origin ? " (from " : "", origin ? origin : "", origin ? ")" : "",
		hint);
	return NULL;
}

/* `[a,b]` of a path: PEP 508 parses it behind a made-up name. */
static bool
parse_extras(struct root *root, const char *extras, GError **error)
{
	if (!extras)
		return true;
	g_autofree char *text = g_strconcat("placeholder", extras, NULL);
	g_autoptr(Requirement) parsed = requirement_parse(text, strlen(text), error);
	if (parsed)
		root->extras = g_strdupv(parsed->extras);
	return parsed != NULL;
}

/* The marker of a path or URL: with a name it becomes the requirement's, else it decides here. */
static bool
apply_marker(struct xpip *x, const Python *python, struct root *root, const char *text, bool *keep,
	GError **error)
{
	if (!text)
		return true;
	g_autoptr(GError) why = NULL;
	g_autoptr(Marker) marker = marker_parse(text, strlen(text), &why);
	if (!marker) {
		g_autofree char *shown = repr_string(root->text);
		return error_set(error, ERROR_INVALID_INPUT, "Invalid requirement: %s: %s", shown,
			why->message);
	}
	if (root->requirement && !root->requirement->marker) {
		root->requirement->marker = g_steal_pointer(&marker);
		return true;
	}
	struct marker_env env;
	for (size_t i = 0; i < MARKER_VARIABLES; i++)
		env.values[i] = python->markers[i];
	*keep = marker_applies(marker, &env, NULL, 0);
	if (!*keep) {
		g_autofree char *shown = marker_text(marker);
		log_info(x->log, "Ignoring %s: markers '%s' don't match your environment",
			root->url, shown);
	}
	return true;
}

struct root *
roots_add(struct xpip *x, const Python *python, GPtrArray *to, const char *line, bool editable,
	const char *origin, GError **error)
{
	g_auto(Parts) parts = {0};
	if (!(editable ? split_editable(line, &parts, error) : split_line(x, line, &parts, error)))
		return NULL;
	struct root *root = g_new0(struct root, 1);
	bool keep = true, ok = true;
	root->text = g_strstrip(g_strdup(line));
	root->origin = g_strdup(origin);
	root->editable = editable;
	root->url = g_strdup(parts.url);
	root->user_requested = true;
	if (!parts.url || parts.named) {
		const char *text = parts.url ? parts.named : parts.place;
		root->requirement = parse_named(text, origin, error);
		ok = root->requirement != NULL;
		if (ok && !root->url)
			root->url = g_strdup(root->requirement->url);
	}
	ok = ok && parse_extras(root, parts.extras, error) &&
	     apply_marker(x, python, root, parts.marker, &keep, error);
	if (!ok || !keep) {
		root_free(root);
		return NULL;
	}
	g_ptr_array_add(to, root);
	return root;
}

bool
roots_add_named(
	struct xpip *x, const Python *python, Roots *roots, const char *text, GError **error)
{
	GError *why = NULL;
	roots_add(x, python, roots->requirements, text, false, NULL, &why);
	if (!why)
		return true;
	g_propagate_error(error, why);
	return false;
}

/* --- files ------------------------------------------------------------------------------------ */

static char *
read_place(const char *path_or_url, size_t *length, void *user, GError **error)
{
	struct xpip *x = user;
	if (!is_url(path_or_url))
		return reqfile_read_local(path_or_url, length, error);
	g_autofree char *path = NULL;
	if (g_str_has_prefix(path_or_url, "file:")) {
		path = fs_url_to_path(path_or_url, error);
		if (path && access(path, F_OK) != 0) {
			error_set(error, ERROR_IO,
				"404 Client Error: FileNotFoundError for url: %s", path_or_url);
			return NULL;
		}
		return path ? reqfile_read_local(path, length, error) : NULL;
	}
	Http *http = xpip_http(x, error);
	g_autoptr(HttpResponse) response =
		http ? http_fetch(http, path_or_url, NULL, HTTP_CACHE_USE, error) : NULL;
	if (!response)
		return NULL;
	*length = g_bytes_get_size(response->body);
	char *copy = g_malloc(*length + 1);
	memcpy(copy, g_bytes_get_data(response->body, NULL), *length);
	copy[*length] = '\0';
	return copy;
}

static bool
add_line(struct xpip *x, const Python *python, Roots *roots, const struct reqfile_line *line,
	GError **error)
{
	g_autoptr(GError) why = NULL;
	g_autofree char *origin = g_strdup_printf(
		"%s %s (line %d)", line->constraint ? "-c" : "-r", line->file, line->line);
	if (line->constraint && line->editable)
		return error_set(error, ERROR_INVALID_INPUT,
			"Editable requirements are not allowed as constraints");
	struct root *root =
		roots_add(x, python, line->constraint ? roots->constraints : roots->requirements,
			line->text, line->editable, origin, &why);
	if (why) {
		g_propagate_error(error, g_steal_pointer(&why));
		return false;
	}
	if (!root)
		return true;
	root->hashes = *line->hashes ? g_strdupv(line->hashes) : NULL;
	root->config_settings = *line->config_settings ? g_strdupv(line->config_settings) : NULL;
	root->user_requested = !line->constraint;
	return true;
}

bool
roots_add_file(struct xpip *x, const Python *python, Roots *roots, const char *file,
	bool constraint, GError **error)
{
	guint first = roots->files->lines->len;
	if (!reqfile_read(roots->files, file, constraint, read_place, x, error))
		return false;
	for (guint i = first; i < roots->files->lines->len; i++)
		if (!add_line(x, python, roots, g_ptr_array_index(roots->files->lines, i), error))
			return false;
	return true;
}

/* --- the command line ------------------------------------------------------------------------- */

static bool
add_each(struct xpip *x, const Python *python, Roots *roots, const char *const *lines,
	bool editable, GError **error)
{
	for (size_t i = 0; lines[i]; i++) {
		g_autoptr(GError) why = NULL;
		const char *start = lines[i] + strspn(lines[i], " \t\r\n");
		if (!*start)
			continue;
		struct root *root =
			roots_add(x, python, roots->requirements, lines[i], editable, NULL, &why);
		if (root && options_allow(x->options, OPT_CONFIG_SETTINGS))
			root->config_settings =
				g_strdupv((char **)options_list(x->options, OPT_CONFIG_SETTINGS));
		if (!why)
			continue;
		g_propagate_error(error, g_steal_pointer(&why));
		return false;
	}
	return true;
}

static bool
add_files(struct xpip *x, const Python *python, Roots *roots, GError **error)
{
	const char *const *files = options_list(x->options, OPT_REQUIREMENT);
	bool ok = true;
	for (size_t i = 0; ok && files[i]; i++) {
		if (!pylock_is_name(files[i])) {
			ok = roots_add_file(x, python, roots, files[i], false, error);
			continue;
		}
		size_t length;
		g_autofree char *bytes = read_place(files[i], &length, x, error);
		if (!bytes) {
			g_autofree char *shown = repr_string(files[i]);
			g_prefix_error(error, "Error reading pylock file %s: ", shown);
		}
		ok = bytes && root_files_lock(x, python, roots, files[i], bytes, length, error);
	}
	return ok;
}

Roots *
roots_collect(struct xpip *x, const Python *python, GError **error)
{
	g_autoptr(Roots) roots = roots_new();
	const char *const *constraints = options_list(x->options, OPT_CONSTRAINT);
	for (size_t i = 0; constraints[i]; i++)
		if (!roots_add_file(x, python, roots, constraints[i], true, error))
			return NULL;
	if (!add_each(x, python, roots, options_arguments(x->options), false, error) ||
		!root_files_groups(x, python, roots, error) ||
		!add_each(x, python, roots, options_list(x->options, OPT_EDITABLE), true, error) ||
		!add_files(x, python, roots, error) || !root_files_script(x, python, roots, error))
		return NULL;
	for (guint i = 0; i < roots->files->warnings->len; i++)
		log_warning(
			x->log, "%s", (const char *)g_ptr_array_index(roots->files->warnings, i));
	return g_steal_pointer(&roots);
}
