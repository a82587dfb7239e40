/* SPDX-License-Identifier: MIT */
#include "cmd/complete.h"
#include "lib/texts.h"

#include "cmd/cmd.h"
#include "lib/fs.h"
#include "wheel/installed.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct request {
	char **words;	     /* after the program's name */
	size_t count, at;    /* index of the current word; may be == count */
	const char *current; /* "" if it is not begun */
	GString *out;
};

bool
complete_wanted(void)
{
	const char *words = g_getenv("COMP_WORDS"), *at = g_getenv("COMP_CWORD");
	return g_getenv("PIP_AUTO_COMPLETE") && words && *words && at && *at;
}

static bool
is_given(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->at && request->words[i]; i++) {
		size_t length = strcspn(request->words[i], "=");
		if (length == strlen(name) && memcmp(request->words[i], name, length) == 0)
			return true;
	}
	return false;
}

static void
add_option(const struct request *request, const char *name, bool has_value)
{
	if (g_str_has_prefix(name, request->current) && !is_given(request, name))
		g_string_append_printf(
			request->out, "%s%s\n", name, has_value && name[1] == '-' ? "=" : "");
}

static void
add_options(const struct request *request, const Options *known)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_rows[i];
		if (!row->help || !options_allow(known, (enum option)i))
			continue;
		g_auto(GStrv) names = g_strsplit(row->names, " ", 0);
		for (char **name = names; *name; name++) {
			g_autofree char *full = g_strconcat("--", *name, NULL);
			add_option(request, full, row->metavar);
		}
		char letter[3] = {'-', row->letter, 0};
		if (row->letter)
			add_option(request, letter, row->metavar);
	}
}

/* Files and folders that begin with the current word; folders end with a slash. */
static void
add_paths(const struct request *request, bool folders_only)
{
	const char *current = request->current;
	const char *slash = strrchr(current, '/');
	g_autofree char *folder =
		slash ? g_strndup(current, (gsize)(slash - current + 1)) : g_strdup("");
	const char *begin = slash ? slash + 1 : current;
	g_autoptr(GDir) dir = g_dir_open(*folder ? folder : ".", 0, NULL);
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		if (!g_str_has_prefix(name, begin))
			continue;
		g_autofree char *path = g_strconcat(folder, name, NULL);
		if (g_file_test(path, G_FILE_TEST_IS_DIR))
			g_ptr_array_add(found, g_strconcat(path, "/", NULL));
		else if (!folders_only)
			g_ptr_array_add(found, g_steal_pointer(&path));
	}
	g_ptr_array_sort(found, texts_compare);
	for (guint i = 0; i < found->len; i++)
		g_string_append_printf(
			request->out, "%s\n", (const char *)g_ptr_array_index(found, i));
}

/* What the value of option `word` is: "file", "dir", "path", "path/url" or NULL. */
static const char *
path_metavar(const char *word, const Options *known)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_rows[i];
		if (!options_allow(known, (enum option)i) || !row->metavar)
			continue;
		g_auto(GStrv) names = g_strsplit(row->names, " ", 0);
		bool same = word[1] == '-' ? g_strv_contains((const char *const *)names, word + 2)
					   : word[1] == row->letter && row->letter && !word[2];
		if (!same)
			continue;
		static const char *const paths[] = {"file", "dir", "path", "path/url", NULL};
		return g_strv_contains(paths, row->metavar) ? row->metavar : NULL;
	}
	return NULL;
}

static bool
complete_value(const struct request *request, const Options *known)
{
	if (!request->at || request->words[request->at - 1][0] != '-')
		return false;
	const char *metavar = path_metavar(request->words[request->at - 1], known);
	if (metavar)
		add_paths(request, strcmp(metavar, "dir") == 0);
	return metavar;
}

/* Names of installed packages that are not among the words yet; false if there are none to offer.
 */
static bool
add_installed(const struct request *request)
{
	struct log_options quiet = {.verbosity = -3, .no_color = true};
	g_autofree char *cache = fs_cache_dir();
	struct python_options target = {.cache_dir = cache};
	g_autoptr(Log) log = log_new(&quiet, NULL);
	g_autoptr(Python) python = log ? python_find(&target, log, NULL) : NULL;
	g_autoptr(InstalledSet) set = python ? installed_scan(python, NULL, log, NULL) : NULL;
	g_autofree char *begin = g_ascii_strdown(request->current, -1);
	bool any = false;
	for (size_t i = 0; set && i < installed_count(set); i++) {
		const Installed *dist = installed_get(set, i);
		if (!dist->local || !g_str_has_prefix(dist->normalized_name, begin) ||
			is_given(request, dist->normalized_name))
			continue;
		g_string_append_printf(request->out, "%s\n", dist->normalized_name);
		any = true;
	}
	return any;
}

/* `cache list`, `config get` …: unless one of them is there already. */
static void
add_actions(const struct request *request, const char *actions)
{
	g_auto(GStrv) names = g_strsplit(actions, " ", 0);
	for (size_t i = 0; i < request->count; i++)
		if (g_strv_contains((const char *const *)names, request->words[i]))
			return;
	for (char **name = names; *name; name++)
		if (g_str_has_prefix(*name, request->current))
			g_string_append_printf(request->out, "%s\n", *name);
}

static void
complete_command(const struct request *request, const struct command *command)
{
	g_autoptr(Options) known = options_new(command->options, false);
	if (strcmp(command->name, "help") == 0 || complete_value(request, known))
		return;
	bool named = strcmp(command->name, "show") == 0 || strcmp(command->name, "uninstall") == 0;
	if (named && *request->current != '-' && add_installed(request))
		return;
	if (strcmp(command->name, "install") == 0 && *request->current != '-')
		add_paths(request, false);
	else
		add_options(request, known);
	if (command->actions)
		add_actions(request, command->actions);
}

static void
complete_main(const struct request *request)
{
	g_autoptr(Options) known = options_new(NULL, true);
	if (complete_value(request, known))
		return;
	for (const struct command *const *at = commands; *at; at++)
		if (g_str_has_prefix((*at)->name, request->current))
			g_string_append_printf(request->out, "%s\n", (*at)->name);
	if (*request->current == '-')
		add_options(request, known);
}

char *
complete_words(void)
{
	g_auto(GStrv) split = g_regex_split_simple("\\s+", g_getenv("COMP_WORDS"), 0, 0);
	char **words = split + (split[0] != NULL);
	size_t at = (size_t)g_ascii_strtoull(g_getenv("COMP_CWORD"), NULL, 10);
	struct request request = {
		.words = words, .count = g_strv_length(words), .out = g_string_new(NULL)};
	request.at = MIN(at ? at - 1 : 0, request.count);
	const char *current = request.at < request.count ? words[request.at] : NULL;
	request.current = current ? current : "";
	const struct command *command = NULL;
	for (char **word = words; *word && !command; word++)
		command = command_find(*word);
	if (command)
		complete_command(&request, command);
	else
		complete_main(&request);
	return g_string_free(request.out, FALSE);
}
