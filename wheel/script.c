/* SPDX-License-Identifier: MIT */
#include "wheel/script.h"
#include "lib/error.h"
#include "lib/fs.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SHEBANG = 127, MAX_SCRIPTS = 10000 };

static void
script_free(void *data)
{
	struct script *script = data;
	g_free(script->name);
	g_free(script->text);
	g_free(script);
}

/* --- shebangs ------------------------------------------------------------------------------ */

/* The kernel does not accept a script as another script's interpreter everywhere. */
static bool
is_shell_script(const char *path)
{
	char head[2] = {0};
	FILE *file = fopen(path, "rbe");
	bool script = file && fread(head, 1, 2, file) == 2 && memcmp(head, "#!", 2) == 0;
	if (file)
		fclose(file);
	return script;
}

char *
script_shebang(const char *executable)
{
	bool spaces = strchr(executable, ' ') != NULL;
	if (!spaces && strlen(executable) + 3 <= MAX_SHEBANG && !is_shell_script(executable))
		return g_strdup_printf("#!%s\n", executable);
	const char *quote = spaces ? "\"" : "";
	return g_strdup_printf(
		"#!/bin/sh\n'''exec' %s%s%s \"$0\" \"$@\"\n' '''\n", quote, executable, quote);
}

char *
script_rewrite(const char *bytes, size_t length, const char *executable, size_t *out_length)
{
	static const char generic[] = "#!python";
	if (length < sizeof generic - 1 || memcmp(bytes, generic, sizeof generic - 1) != 0)
		return NULL;
	const char *end = memchr(bytes, '\n', length);
	size_t rest = end ? length - (size_t)(end + 1 - bytes) : 0;
	GString *text = g_string_sized_new(rest + strlen(executable) + 4);
	g_string_append_printf(text, "#!%s\n", executable);
	if (rest > 0)
		g_string_append_len(text, end + 1, (gssize)rest);
	*out_length = text->len;
	return g_string_free(text, FALSE);
}

/* --- entry points -------------------------------------------------------------------------- */

struct entry {
	char *name, *value;
};

static void
entry_free(void *data)
{
	struct entry *entry = data;
	g_free(entry->name);
	g_free(entry->value);
	g_free(entry);
}

static void
put_entry(GPtrArray *entries, const char *name, const char *value)
{
	for (guint i = 0; i < entries->len; i++) {
		struct entry *entry = g_ptr_array_index(entries, i);
		if (strcmp(entry->name, name) == 0) {
			g_free(entry->value);
			entry->value = g_strdup(value);
			return;
		}
	}
	struct entry *entry = g_new(struct entry, 1);
	*entry = (struct entry){g_strdup(name), g_strdup(value)};
	g_ptr_array_add(entries, entry);
}

/* The entries of one section, as importlib.metadata reads them. */
static GPtrArray *
read_group(const char *text, const char *group, GError **error)
{
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(entry_free);
	g_auto(GStrv) lines = g_strsplit_set(text, "\r\n", -1);
	bool inside = false;
	for (char **at = lines; *at; at++) {
		char *line = g_strstrip(*at);
		size_t length = strlen(line);
		if (length == 0 || line[0] == '#')
			continue;
		if (line[0] == '[' && line[length - 1] == ']') {
			line[length - 1] = '\0';
			inside = strcmp(line + 1, group) == 0;
			continue;
		}
		if (!inside)
			continue;
		char *equals = strchr(line, '=');
		if (!equals || entries->len == MAX_SCRIPTS) {
			error_set(error, ERROR_INVALID_INPUT,
				equals ? "entry_points.txt: too many entries"
				       : "Invalid script entry point: %s",
				line);
			return NULL;
		}
		*equals = '\0';
		put_entry(entries, g_strstrip(line), g_strstrip(equals + 1));
	}
	return g_steal_pointer(&entries);
}

char **
script_names(const char *text, const char *group)
{
	g_autoptr(GPtrArray) entries = read_group(text, group, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	for (guint i = 0; entries && i < entries->len; i++)
		g_ptr_array_add(
			names, g_strdup(((struct entry *)g_ptr_array_index(entries, i))->name));
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

/* Length of a run of Python's `\w` characters. */
static size_t
word_length(const char *text)
{
	const char *at = text;
	while (*at) {
		gunichar c = g_utf8_get_char_validated(at, -1);
		if (c == (gunichar)-1 || c == (gunichar)-2 || !(g_unichar_isalnum(c) || c == '_'))
			break;
		at = g_utf8_next_char(at);
	}
	return (size_t)(at - text);
}

/* Length of `pkg.module:Class.method`, the longest reference at the beginning of a value. */
static size_t
reference_length(const char *value)
{
	size_t length = word_length(value);
	while (length > 0 && (value[length] == ':' || value[length] == '.')) {
		size_t more = word_length(value + length + 1);
		if (more == 0)
			break;
		length += 1 + more;
	}
	return length;
}

bool
script_is_reserved(const char *name)
{
	if (strcmp(name, "activate") == 0 || g_str_has_prefix(name, "activate.") ||
		strcmp(name, "activate_this.py") == 0 || strcmp(name, "Activate.ps1") == 0)
		return true;
	if (!g_str_has_prefix(name, "python"))
		return false;
	return name[strspn(name + strlen("python"), "0123456789.t") + strlen("python")] == '\0';
}

/* Extras may follow a reference; code may not: it would be dropped in silence. */
static bool
is_rest(const char *text)
{
	text += strspn(text, " \t");
	if (*text == '[') {
		text += strcspn(text, "]");
		text += *text == ']';
		text += strspn(text, " \t");
	}
	return *text == '\0';
}

/* The file's text: pip's template. */
static bool
make_text(struct script *script, const char *value, const char *shebang, GError **error)
{
	size_t length = reference_length(value);
	g_autofree char *reference = g_strndup(value, length);
	char *colon = strchr(reference, ':');
	if (length == 0 || (colon && strchr(colon + 1, ':')) || !is_rest(value + length))
		return error_set(error, ERROR_INVALID_INPUT, "Invalid script entry point: %s = %s",
			script->name, value);
	if (!colon)
		return error_set(error, ERROR_INVALID_INPUT,
			"Invalid script entry point: <ExportEntry %s = %s:None []> - A callable "
			"suffix is required. See https://packaging.python.org/specifications/"
			"entry-points/#use-for-scripts for more information.",
			script->name, reference);
	*colon = '\0';
	const char *function = colon + 1;
	g_autofree char *first = g_strndup(function, strcspn(function, "."));
	script->text = g_strdup_printf("%s"
				       "import sys\n"
				       "from %s import %s\n"
				       "if __name__ == '__main__':\n"
				       "    sys.argv[0] = sys.argv[0].removesuffix('.exe')\n"
				       "    sys.exit(%s())\n",
		shebang, reference, first, function);
	return true;
}

static bool
check_name(const char *name, GError **error)
{
	if (!fs_is_safe_relative(name))
		return error_set(error, ERROR_INVALID_INPUT,
			"Invalid script entry point name '%s': the script would be installed "
			"outside the scripts directory.",
			name);
	if (script_is_reserved(name))
		return error_set(error, ERROR_INVALID_INPUT,
			"Invalid script entry point name '%s': the script would replace a file "
			"of the environment.",
			name);
	return true;
}

static const char *
take_entry(GPtrArray *entries, const char *name, char **value)
{
	for (guint i = 0; i < entries->len; i++) {
		const struct entry *entry = g_ptr_array_index(entries, i);
		if (strcmp(entry->name, name) == 0) {
			*value = g_strdup(entry->value);
			return *value;
		}
	}
	return NULL;
}

/* pip and setuptools come as wheels for every Python, with the versions in their entry points that
 * the building Python had: pip writes the ones of the installing Python instead, ahead of the rest,
 * and ensurepip's variable chooses among them. */
static GPtrArray *
versioned_entries(GPtrArray *entries, const char *name, const char *pattern, char **versioned)
{
	g_autofree char *value = NULL;
	if (!take_entry(entries, name, &value))
		return g_ptr_array_ref(entries);
	GPtrArray *out = g_ptr_array_new_with_free_func(entry_free);
	for (char **at = versioned; *at; at++)
		put_entry(out, *at, value);
	for (guint i = 0; i < entries->len; i++) {
		const struct entry *entry = g_ptr_array_index(entries, i);
		if (!g_regex_match_simple(pattern, entry->name, G_REGEX_DOLLAR_ENDONLY, 0))
			put_entry(out, entry->name, entry->value);
	}
	return out;
}

static GPtrArray *
special_entries(GPtrArray *entries, int major, int minor)
{
	const char *ensure = g_getenv("ENSUREPIP_OPTIONS");
	g_autoptr(GStrvBuilder) pip = g_strv_builder_new(), easy = g_strv_builder_new();
	if (!ensure) {
		g_strv_builder_add(pip, "pip");
		g_strv_builder_add(easy, "easy_install");
	}
	g_autofree char *one = g_strdup_printf("pip%d", major);
	g_autofree char *two = g_strdup_printf("pip%d.%d", major, minor);
	g_autofree char *easy_two = g_strdup_printf("easy_install-%d.%d", major, minor);
	if (!ensure || strcmp(ensure, "altinstall") != 0)
		g_strv_builder_add(pip, one);
	g_strv_builder_add(pip, two);
	g_strv_builder_add(easy, easy_two);
	g_auto(GStrv) pips = g_strv_builder_end(pip), easies = g_strv_builder_end(easy);
	g_autoptr(GPtrArray) some =
		versioned_entries(entries, "easy_install", "^easy_install(-\\d+\\.\\d+)?$", easies);
	return versioned_entries(some, "pip", "^pip(\\d+(\\.\\d+)?)?$", pips);
}

static bool
add_group(GPtrArray *scripts, GPtrArray *entries, bool gui, const char *shebang, GError **error)
{
	for (guint i = 0; entries && i < entries->len; i++) {
		const struct entry *entry = g_ptr_array_index(entries, i);
		struct script *script = g_new0(struct script, 1);
		script->name = g_strdup(entry->name);
		script->gui = gui;
		g_ptr_array_add(scripts, script);
		if (!check_name(entry->name, error) ||
			!make_text(script, entry->value, shebang, error))
			return false;
	}
	return entries != NULL;
}

GPtrArray *
script_from_entry_points(const char *text, const Python *python, GError **error)
{
	g_autoptr(GPtrArray) scripts = g_ptr_array_new_with_free_func(script_free);
	g_autofree char *shebang = script_shebang(python->executable);
	g_autoptr(GPtrArray) given = read_group(text, "console_scripts", error);
	g_autoptr(GPtrArray) console =
		given ? special_entries(given, python->major, python->minor) : NULL;
	g_autoptr(GPtrArray) gui = console ? read_group(text, "gui_scripts", error) : NULL;
	if (!gui || !add_group(scripts, console, false, shebang, error) ||
		!add_group(scripts, gui, true, shebang, error))
		return NULL;
	return g_steal_pointer(&scripts);
}

bool
script_is_wrapper(const GPtrArray *scripts, const char *name)
{
	static const char *const suffixes[] = {".exe", "-script.py", ".pya"};
	size_t length = strlen(name);
	for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		size_t suffix = strlen(suffixes[i]);
		if (length > suffix &&
			g_ascii_strcasecmp(name + length - suffix, suffixes[i]) == 0) {
			length -= suffix;
			break;
		}
	}
	for (guint i = 0; i < scripts->len; i++) {
		const struct script *script = g_ptr_array_index(scripts, i);
		if (strlen(script->name) == length && memcmp(script->name, name, length) == 0)
			return true;
	}
	return false;
}

/* --- the warning about PATH ---------------------------------------------------------------- */

static char *
resolve(const char *folder)
{
	char *real = realpath(folder, NULL);
	if (!real)
		return g_canonicalize_filename(folder, NULL);
	char *copy = g_strdup(real);
	free(real);
	return copy;
}

static bool
is_on_path(const char *folder, const char *executable, char **path_entries)
{
	g_autofree char *bin = g_path_get_dirname(executable);
	g_autofree char *resolved_bin = resolve(bin);
	if (strcmp(folder, resolved_bin) == 0)
		return true;
	for (char **entry = path_entries; *entry; entry++) {
		g_autofree char *resolved = resolve(**entry ? *entry : ".");
		if (strcmp(folder, *entry) == 0 || strcmp(folder, resolved) == 0)
			return true;
	}
	return false;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* `script a is` or `scripts a, b and c are`. */
static void
append_names(GString *text, GPtrArray *names)
{
	g_ptr_array_sort(names, compare_names);
	for (guint i = 1; i < names->len;) {
		if (strcmp(g_ptr_array_index(names, i - 1), g_ptr_array_index(names, i)) == 0)
			g_ptr_array_remove_index(names, i);
		else
			i++;
	}
	g_string_append(text, names->len == 1 ? "script " : "scripts ");
	for (guint i = 0; i < names->len; i++) {
		const char *between = i == 0 ? "" : i + 1 == names->len ? " and " : ", ";
		g_string_append_printf(text, "%s%s", between, (char *)g_ptr_array_index(names, i));
	}
	g_string_append(text, names->len == 1 ? " is" : " are");
}

char *
script_path_warning(const GPtrArray *paths, const char *executable, const char *path)
{
	g_auto(GStrv) entries = g_strsplit(path ? path : "", ":", -1);
	g_autoptr(GPtrArray) done = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *previous = NULL; /* nearly always all are in one folder */
	guint folders = 0;
	for (guint i = 0; i < paths->len; i++) {
		g_autofree char *named = g_path_get_dirname(g_ptr_array_index(paths, i));
		if (g_strcmp0(named, previous) == 0)
			continue;
		g_free(previous);
		previous = g_strdup(named);
		char *folder = resolve(named);
		bool seen = g_ptr_array_find_with_equal_func(done, folder, g_str_equal, NULL);
		g_ptr_array_add(done, folder);
		if (seen || is_on_path(folder, executable, entries))
			continue;
		g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
		for (guint j = i; j < paths->len; j++) {
			g_autofree char *other = g_path_get_dirname(g_ptr_array_index(paths, j));
			if (strcmp(other, named) == 0)
				g_ptr_array_add(
					names, g_path_get_basename(g_ptr_array_index(paths, j)));
		}
		g_string_append(text, "The ");
		append_names(text, names);
		g_string_append_printf(text, " installed in '%s' which is not on PATH.\n", folder);
		folders++;
	}
	if (folders == 0)
		return NULL;
	g_string_append_printf(text,
		"Consider adding %s to PATH or, if you prefer to suppress this warning, use "
		"--no-warn-script-location.",
		folders == 1 ? "this directory" : "these directories");
	for (char **entry = entries; *entry; entry++) {
		if (**entry == '~') {
			g_string_append(text, "\nNOTE: The current PATH contains path(s) starting "
					      "with `~`, which "
					      "may not be expanded by all applications.");
			break;
		}
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}
