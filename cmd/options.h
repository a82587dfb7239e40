/* SPDX-License-Identifier: MIT */
/* The option table: one row an option; parsing, --help, man page check and completions read it. */
#pragma once
#include "cmd/settings.h"
#include "lib/error.h"

/* enum option: OPT_REQUIREMENT, OPT_CONSTRAINT, OPT_NO_DEPS…: one a row of the table, named after
 * the first long name. Listed in options.c's X-macro file cmd/options.def. */
enum option {
#define OPTION(id, ...) OPT_##id,
#include "cmd/options.def"
#undef OPTION
	OPTION_COUNT
};

/* Groups of options that several commands share: write them among a command's own. */
#define OPTIONS_SELECTION                                                                          \
	OPT_PRE, OPT_ALL_RELEASES, OPT_ONLY_FINAL, OPT_NO_BINARY, OPT_ONLY_BINARY, OPT_PREFER_BINARY
#define OPTIONS_INDEX                                                                              \
	OPT_INDEX_URL, OPT_EXTRA_INDEX_URL, OPT_NO_INDEX, OPT_REFRESH_PACKAGE, OPT_FIND_LINKS,     \
		OPT_UPLOADED_PRIOR_TO
#define OPTIONS_TARGET_PYTHON OPT_PLATFORM, OPT_PYTHON_VERSION, OPT_IMPLEMENTATION, OPT_ABI

enum option_kind {
	OPTION_HELP,
	OPTION_FLAG,	/* off unless given */
	OPTION_FLAG_ON, /* on unless its OFF is given */
	OPTION_OFF,	/* switches its target off; options_flag() is true when it did */
	OPTION_COUNTED,
	OPTION_STRING,
	OPTION_PATH, /* a string; `~` is expanded */
	OPTION_INT,
	OPTION_FLOAT,
	OPTION_LIST,  /* a lower level of the configuration is replaced by a higher one; words */
	OPTION_PATHS, /* the same with `~` expanded */
	OPTION_NAMES, /* the same with package names normalised */
	OPTION_EACH,  /* values of all levels are kept; one value a setting */
	OPTION_NO_CACHE,
};

enum option_group {
	OPTION_COMMAND,
	OPTION_SELECTION,
	OPTION_INDEX,
	OPTION_GENERAL,
	OPTION_XPIP, /* also from [xpip] and XPIP_* */
	OPTION_MAIN, /* only without a command */
	OPTION_GROUPS,
};

struct option_row {
	const char *names; /* long names without dashes, separated by spaces */
	char letter;	   /* or 0 */
	enum option_kind kind;
	enum option target;  /* where the value is kept */
	const char *metavar; /* NULL for those without a value; `metavar|choice,choice` */
	const char *preset;  /* default, or NULL */
	enum option_group group;
	const char *help; /* NULL: hidden */
};
extern const struct option_row option_rows[OPTION_COUNT];
bool option_takes_value(enum option option);

typedef struct Options Options;

/* What main.c does with a command line: `list` ends with OPTION_COUNT, NULL means none. General
 * and xpip's own options are always allowed; `main` adds those without a command. */
Options *options_new(const enum option *list, bool main);
void options_free(Options *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Options, options_free)
bool options_allow(const Options *options, enum option option);
/* Takes [global], [command] and PIP_* (and [xpip], XPIP_*). ERROR_USAGE for a bad truth word or
 * number, ERROR_SETTING for a value that the option refuses. */
bool options_configure(
	Options *options, const Settings *settings, const char *command, GError **error);
/* Takes the command line, to be called after options_configure. Borrows `words`, which must live
 * as long. ERROR_USAGE; ERROR_SILENT with OPT_HELP set when help was asked for. */
bool options_parse(Options *options, const char *const *words, bool interspersed,
	size_t *first_argument, GError **error);

/* Values after config files, environment and command line. */
bool options_flag(const Options *options, enum option option);
int options_count(const Options *options, enum option option); /* -v, -q */
int options_int(const Options *options, enum option option);   /* whole seconds for --timeout */
double options_float(const Options *options, enum option option);
const char *options_string(const Options *options, enum option option);	     /* or NULL */
const char *const *options_list(const Options *options, enum option option); /* never NULL */
const char *const *options_arguments(const Options *options);		     /* positional */
bool options_given(const Options *options, enum option option); /* set anywhere, not the default */
/* The values of several list options in the order in which they came (--no-binary/--only-binary,
 * -r/-e/arguments): fills which[] and returns the count. */
struct option_occurrence {
	enum option option;
	const char *value;
};
size_t options_sequence(const Options *options, const enum option *wanted, size_t wanted_count,
	struct option_occurrence **occurrences /* new array, values borrowed */);
