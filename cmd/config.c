/* SPDX-License-Identifier: MIT */
/* `xpip config`: shows and changes pip.conf files. */
#include "cmd/cmd.h"
#include "lib/repr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct pair {
	char *key, *value;
};

static void
pair_free(void *data)
{
	struct pair *pair = data;
	g_free(pair->key);
	g_free(pair->value);
	g_free(pair);
}

static void
collect_pair(const char *key, const char *value, void *user)
{
	struct pair *pair = g_new0(struct pair, 1);
	pair->key = g_strdup(key);
	pair->value = g_strdup(value);
	g_ptr_array_add(user, pair);
}

static int
compare_pairs(const void *a, const void *b)
{
	return strcmp((*(struct pair *const *)a)->key, (*(struct pair *const *)b)->key);
}

static int
compare_files(const void *a, const void *b)
{
	return strcmp((*(struct settings_file *const *)a)->path,
		(*(struct settings_file *const *)b)->path);
}

static bool
count_arguments(const struct xpip *x, char **arguments, unsigned wanted, const char *example,
	GError **error)
{
	if (g_strv_length(arguments) == wanted)
		return true;
	return error_set(error, ERROR_INVALID_INPUT,
		"Got unexpected number of arguments, expected %u. (example: \"%s config %s\")",
		wanted, x->program, example);
}

static void
print_sorted(const struct xpip *x, GPtrArray *pairs)
{
	g_ptr_array_sort(pairs, compare_pairs);
	for (guint i = 0; i < pairs->len; i++) {
		const struct pair *pair = g_ptr_array_index(pairs, i);
		const struct pair *next =
			i + 1 < pairs->len ? g_ptr_array_index(pairs, i + 1) : NULL;
		if (next && strcmp(next->key, pair->key) == 0)
			continue; /* spelled in two ways in one file: the last one counts */
		g_autofree char *value = repr_string(pair->value);
		g_autofree char *line = g_strdup_printf("%s=%s", pair->key, value);
		log_output(x->log, line);
	}
}

static bool
list(struct xpip *x, Settings *settings, char **arguments, GError **error)
{
	if (!count_arguments(x, arguments, 0, "list", error))
		return false;
	g_ptr_array_sort(settings->files, compare_files);
	for (guint i = 0; i < settings->files->len; i++) {
		g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(pair_free);
		settings_each(g_ptr_array_index(settings->files, i), collect_pair, pairs);
		print_sorted(x, pairs);
	}
	g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(pair_free);
	settings_each_variable(settings, collect_pair, pairs);
	print_sorted(x, pairs);
	return true;
}

static bool
refuse_key(const char *key, GError **error)
{
	if (!strchr(key, '.'))
		return error_set(error, ERROR_INVALID_INPUT,
			"Key does not contain dot separated section and key. Perhaps you wanted to "
			"use "
			"'global.%s' instead?",
			key);
	return error_set(error, ERROR_INVALID_INPUT, "No such key - %s", key);
}

static bool
get(struct xpip *x, Settings *settings, char **arguments, GError **error)
{
	if (!count_arguments(x, arguments, 1, "get [name]", error))
		return false;
	g_autofree char *key = settings_normalize(arguments[0]);
	g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(pair_free);
	for (guint i = 0; i < settings->files->len; i++)
		settings_each(g_ptr_array_index(settings->files, i), collect_pair, pairs);
	settings_each_variable(settings, collect_pair, pairs);
	for (guint i = pairs->len; i-- > 0;) {
		const struct pair *pair = g_ptr_array_index(pairs, i);
		if (strcmp(pair->key, key) != 0)
			continue;
		log_output(x->log, pair->value);
		return true;
	}
	return refuse_key(arguments[0], error);
}

/* The file that a change goes to: the last of its kind. */
static struct settings_file *
file_to_change(Settings *settings, GError **error)
{
	if (!settings->files->len) {
		error_set(error, ERROR_ENVIRONMENT, "Could not determine appropriate file.");
		return NULL;
	}
	struct settings_file *file = g_ptr_array_index(settings->files, settings->files->len - 1);
	if (!file->ini)
		file->ini = ini_new();
	return file;
}

/* Writes through symbolic links: configuration files often are. */
static bool
save(const struct xpip *x, const struct settings_file *file, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(file->path);
	log_info(x->log, "Writing to %s", file->path);
	if (g_mkdir_with_parents(folder, 0777) < 0)
		return error_set_errno(error, errno, "making the folder %s", folder);
	char *real = realpath(file->path, NULL);
	g_autofree char *text = ini_text(file->ini);
	g_autoptr(GError) why = NULL;
	bool written = g_file_set_contents_full(
		real ? real : file->path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0666, &why);
	free(real);
	if (written)
		return true;
	return error_set(error, ERROR_IO,
		"An error occurred while writing to the configuration file %s: %s", file->path,
		why->message);
}

/* "section.name" -> its two parts; the name is spelled as the file spells it if it is there. */
static bool
split_key(const Ini *ini, const char *key, char **section, char **name, GError **error)
{
	g_autofree char *normal = settings_normalize(key);
	const char *dot = strchr(normal, '.');
	if (!dot || dot == normal || !dot[1])
		return refuse_key(key, error);
	*section = g_strndup(normal, (gsize)(dot - normal));
	*name = g_strdup(dot + 1);
	const struct ini_section *found = g_hash_table_lookup(ini->by_name, *section);
	for (guint i = 0; found && i < found->items->len; i++) {
		const struct ini_item *item = g_ptr_array_index(found->items, i);
		g_autofree char *same = settings_normalize(item->key);
		if (strcmp(same, dot + 1) == 0) {
			g_free(*name);
			*name = g_strdup(item->key);
		}
	}
	return true;
}

static bool
set(struct xpip *x, Settings *settings, char **arguments, GError **error)
{
	g_autofree char *section = NULL, *name = NULL;
	if (!count_arguments(x, arguments, 2, "set [name] [value]", error))
		return false;
	struct settings_file *file = file_to_change(settings, error);
	if (!file || !split_key(file->ini, arguments[0], &section, &name, error))
		return false;
	ini_set(file->ini, section, name, arguments[1]);
	return save(x, file, error);
}

static bool
unset(struct xpip *x, Settings *settings, char **arguments, GError **error)
{
	g_autofree char *section = NULL, *name = NULL;
	if (!count_arguments(x, arguments, 1, "unset [name]", error))
		return false;
	struct settings_file *file = file_to_change(settings, error);
	if (!file || !split_key(file->ini, arguments[0], &section, &name, error))
		return false;
	if (!ini_unset(file->ini, section, name))
		return refuse_key(arguments[0], error);
	return save(x, file, error);
}

static bool
edit(struct xpip *x, Settings *settings, char **arguments, GError **error)
{
	const char *editor = options_string(x->options, OPT_EDITOR);
	editor = editor ? editor : g_getenv("VISUAL");
	editor = editor ? editor : g_getenv("EDITOR");
	(void)arguments;
	if (!editor || !*editor)
		return error_set(error, ERROR_ENVIRONMENT, "Could not determine editor to use.");
	const struct settings_file *file = file_to_change(settings, error);
	if (!file)
		return false;
	/* EDITOR may have arguments, so a shell splits it; the file's name is not part of its text
	 */
	g_autofree char *script = g_strconcat(editor, " \"$1\"", NULL);
	char *argv[] = {"/bin/sh", "-c", script, "sh", file->path, NULL};
	g_autoptr(GError) why = NULL;
	int status = 0;
	GSpawnFlags flags = G_SPAWN_CHILD_INHERITS_STDIN;
	if (!g_spawn_sync(NULL, argv, NULL, flags, NULL, NULL, NULL, NULL, &status, &why))
		return error_set(
			error, ERROR_IO, "starting the editor %s: %s", editor, why->message);
	if (status == 0)
		return true;
	return error_set(error, ERROR_IO, "Editor Subprocess exited with exit code %d",
		WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
}

static void
print_pair(const char *key, const char *value, void *user)
{
	log_info(user, "%s: %s", key, value);
}

static void
print_kind(const struct xpip *x, const Settings *settings, enum settings_kind kind)
{
	log_info(x->log, "%s:", settings_kind_name(kind));
	log_indent(x->log, 1);
	for (guint i = 0; i < settings->files->len; i++) {
		const struct settings_file *file = g_ptr_array_index(settings->files, i);
		if (file->kind != kind)
			continue;
		bool exists = access(file->path, F_OK) == 0;
		log_info(x->log, "%s, exists: %s", file->path, exists ? "True" : "False");
		log_indent(x->log, 1);
		settings_each(file, print_pair, x->log);
		log_indent(x->log, -1);
	}
	log_indent(x->log, -1);
}

static bool
debug(struct xpip *x, Settings *settings, char **arguments, GError **error)
{
	static const enum settings_kind kinds[] = {
		SETTINGS_ENV, SETTINGS_GLOBAL, SETTINGS_SITE, SETTINGS_USER};
	if (!count_arguments(x, arguments, 0, "debug", error))
		return false;
	g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(pair_free);
	settings_each_variable(settings, collect_pair, pairs);
	g_ptr_array_sort(pairs, compare_pairs);
	log_info(x->log, "env_var:");
	log_indent(x->log, 1);
	for (guint i = 0; i < pairs->len; i++) {
		const struct pair *pair = g_ptr_array_index(pairs, i);
		g_autofree char *name = g_ascii_strup(pair->key + strlen(":env:."), -1);
		g_autofree char *value = repr_string(pair->value);
		log_info(x->log, "PIP_%s=%s", g_strdelimit(name, "-", '_'), value);
	}
	log_indent(x->log, -1);
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		print_kind(x, settings, kinds[i]);
	return true;
}

static const struct action {
	const char *name;
	bool one_file;
	bool (*run)(struct xpip *x, Settings *settings, char **arguments, GError **error);
} actions[] = {
	{"debug", false, debug},
	{"edit", true, edit},
	{"get", true, get},
	{"list", false, list},
	{"set", true, set},
	{"unset", true, unset},
};

/* The kind of file that the options name; SETTINGS_KINDS: all. */
static bool
choose_kind(const struct xpip *x, bool one_file, enum settings_kind *kind, GError **error)
{
	bool user = options_flag(x->options, OPT_CONFIG_USER);
	bool global = options_flag(x->options, OPT_GLOBAL),
	     site = options_flag(x->options, OPT_SITE);
	if (user + global + site > 1)
		return error_set(error, ERROR_INVALID_INPUT,
			"Need exactly one file to operate upon (--user, --site, --global) to "
			"perform.");
	*kind = user	 ? SETTINGS_USER
		: global ? SETTINGS_GLOBAL
		: site	 ? SETTINGS_SITE
			 : SETTINGS_KINDS;
	if (*kind != SETTINGS_KINDS || !one_file)
		return true;
	g_autofree char *prefix = settings_prefix(options_string(x->options, OPT_PYTHON));
	g_autofree char *path = prefix ? g_build_filename(prefix, "pip.conf", NULL) : NULL;
	*kind = path && access(path, F_OK) == 0 ? SETTINGS_SITE : SETTINGS_USER;
	return true;
}

static bool
run(struct xpip *x, GError **error)
{
	char **arguments = (char **)options_arguments(x->options);
	for (size_t i = 0; arguments[0] && i < G_N_ELEMENTS(actions); i++) {
		if (strcmp(arguments[0], actions[i].name) != 0)
			continue;
		enum settings_kind kind = SETTINGS_KINDS;
		if (!choose_kind(x, actions[i].one_file, &kind, error))
			return false;
		g_autoptr(Settings) settings = settings_load(options_flag(x->options, OPT_ISOLATED),
			options_string(x->options, OPT_PYTHON), kind, error);
		return settings && actions[i].run(x, settings, arguments + 1, error);
	}
	return error_set(error, ERROR_INVALID_INPUT,
		"Need an action (debug, edit, get, list, set, unset) to perform.");
}

static const enum option own_options[] = {
	OPT_EDITOR, OPT_GLOBAL, OPT_CONFIG_USER, OPT_SITE, OPTION_COUNT};

const struct command config_command = {
	.name = "config",
	.summary = "Manage local and global configuration.",
	.usage = "[<file-option>] list\n"
		 "[<file-option>] [--editor <editor-path>] edit\n"
		 "\n"
		 "[<file-option>] get command.option\n"
		 "[<file-option>] set command.option value\n"
		 "[<file-option>] unset command.option\n"
		 "[<file-option>] debug",
	.description = "Manage local and global configuration.\n"
		       "\n"
		       "- list: what is configured, all files and PIP_* variables\n"
		       "- edit: open the file in an editor\n"
		       "- get, set, unset: one value, named command.option\n"
		       "- debug: the files that are looked for and what they say\n"
		       "\n"
		       "A value of the section \"global\" counts for every command. Without "
		       "--user, --global\n"
		       "or --site the virtual environment's file is changed if there is one, else "
		       "the user's.",
	.run = run,
	.no_virtualenv_check = true,
	.options = own_options,
	.actions = "list edit get set unset debug",
};
