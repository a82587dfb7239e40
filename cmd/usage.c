/* SPDX-License-Identifier: MIT */
#include "cmd/usage.h"

#include "lib/wrap.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define HELP_COLUMN 30
#define NAME_COLUMN 28
#define BLUE "\033[1;34m"
#define GREEN "\033[32m"
#define CYAN "\033[36m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

size_t
usage_width(void)
{
	const char *columns = g_getenv("COLUMNS");
	guint64 named = columns ? g_ascii_strtoull(columns, NULL, 10) : 0;
	struct winsize size;
	if (named >= 1 && named <= 10000)
		return (size_t)named;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return 80;
}

static void
append_heading(GString *out, const char *heading, bool color)
{
	g_string_append_printf(out, "%s%s:%s", color ? BLUE : "", heading, color ? PLAIN : "");
}

static void
append_usage(GString *out, const char *program, const struct command *command, bool color)
{
	g_string_append_c(out, '\n');
	append_heading(out, "Usage", color);
	g_string_append(out, "   \n");
	if (!command) {
		g_string_append_printf(out, "  %s <command> [options]\n", program);
		return;
	}
	g_auto(GStrv) lines = g_strsplit(command->usage, "\n", 0);
	for (char **line = lines; *line; line++)
		if (**line)
			g_string_append_printf(out, "  %s %s %s\n", program, command->name, *line);
		else
			g_string_append_c(out, '\n');
}

char *
usage_text(const char *program, const struct command *command)
{
	GString *out = g_string_new(NULL);
	append_usage(out, program, command, false);
	return g_string_free(out, FALSE);
}

static void
append_description(GString *out, const struct command *command, bool color)
{
	append_heading(out, "Description", color);
	g_auto(GStrv) lines = g_strsplit(command->description, "\n", 0);
	for (char **line = lines; *line; line++)
		g_string_append_printf(out, "\n  %s", *line);
	g_string_append_c(out, '\n');
}

static void
append_commands(GString *out, bool color)
{
	append_heading(out, "Commands", color);
	g_string_append_c(out, '\n');
	for (const struct command *const *at = commands; *at; at++)
		g_string_append_printf(out, "  %s%-*s%s %s\n", color ? CYAN : "", NAME_COLUMN - 1,
			(*at)->name, color ? PLAIN : "", (*at)->summary);
}

/* "  -r, --requirement <file>" and how many columns it takes. */
static size_t
append_names(GString *out, const struct option_row *row, bool color)
{
	size_t columns = 2, name = strcspn(row->names, " ");
	g_string_append(out, "  ");
	if (row->letter) {
		g_string_append_printf(
			out, "%s-%c%s, ", color ? GREEN : "", row->letter, color ? PLAIN : "");
		columns += 4;
	}
	g_string_append_printf(
		out, "%s--%.*s%s", color ? CYAN : "", (int)name, row->names, color ? PLAIN : "");
	columns += 2 + name;
	if (row->metavar) {
		size_t size = strcspn(row->metavar, "|");
		g_autofree char *metavar = g_ascii_strdown(row->metavar, (gssize)size);
		g_string_append_printf(
			out, " %s<%s>%s", color ? YELLOW : "", metavar, color ? PLAIN : "");
		columns += 3 + size;
	}
	return columns;
}

static void
append_option(GString *out, const struct option_row *row, size_t width, bool color)
{
	size_t columns = append_names(out, row, color);
	if (columns > HELP_COLUMN - 2) {
		g_string_append_c(out, '\n');
		columns = 0;
	}
	g_string_append_printf(out, "%*s", (int)(HELP_COLUMN - columns), "");
	g_auto(GStrv) parts = g_strsplit(row->help, "%default", 2);
	g_autofree char *help = g_strjoinv(row->preset ? row->preset : "none", parts);
	wrap_append(out, help, MAX(width, HELP_COLUMN + 13) - 2 - HELP_COLUMN, HELP_COLUMN);
	g_string_append_c(out, '\n');
}

static bool
is_in_group(enum option option, enum option_group group, const Options *known)
{
	enum option_group own = option_rows[option].group;
	if (!option_rows[option].help || !options_allow(known, option))
		return false;
	return own == group || (own == OPTION_MAIN && group == OPTION_GENERAL);
}

static void
append_group(GString *out, const Options *known, const enum option *order, enum option_group group,
	const char *heading, size_t width, bool color)
{
	bool any = false;
	for (int i = 0; order ? order[i] != OPTION_COUNT : i < OPTION_COUNT; i++) {
		enum option option = order ? order[i] : (enum option)i;
		if (!is_in_group(option, group, known))
			continue;
		if (!any) {
			g_string_append_c(out, '\n');
			append_heading(out, heading, color);
			g_string_append_c(out, '\n');
		}
		any = true;
		append_option(out, &option_rows[option], width, color);
	}
}

char *
usage_help(const char *program, const struct command *command, size_t width, bool color)
{
	static const char *const headings[OPTION_GROUPS] = {
		[OPTION_SELECTION] = "Package Selection Options",
		[OPTION_INDEX] = "Package Index Options",
		[OPTION_GENERAL] = "General Options",
		[OPTION_XPIP] = "Peer Options"};
	g_autoptr(Options) known = options_new(command ? command->options : NULL, !command);
	GString *out = g_string_new(NULL);
	append_usage(out, program, command, color);
	g_string_append_c(out, '\n');
	if (command)
		append_description(out, command, color);
	else
		append_commands(out, color);
	if (command && command->options) {
		g_autofree char *heading = g_strconcat(command->name, " Options", NULL);
		heading[0] = g_ascii_toupper(heading[0]);
		append_group(out, known, command->options, OPTION_COMMAND, heading, width, color);
	}
	for (int group = OPTION_SELECTION; group < OPTION_MAIN; group++)
		append_group(
			out, known, NULL, (enum option_group)group, headings[group], width, color);
	while (out->len && out->str[out->len - 1] == '\n')
		g_string_truncate(out, out->len - 1);
	return g_string_free(out, FALSE);
}
