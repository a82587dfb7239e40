/* SPDX-License-Identifier: MIT */
/* The option table: one row an option; parsing, --help, man page check and completions read it. */
#pragma once
#include "lib/error.h"

/* enum option: OPT_REQUIREMENT, OPT_CONSTRAINT, OPT_NO_DEPS…: one a row of the table, named after
 * the first long name. Listed in options.c's X-macro file cmd/options.def. */
enum option {
#define OPTION(id, ...) OPT_##id,
#include "cmd/options.def"
#undef OPTION
	OPTION_COUNT
};

typedef struct Options Options;

/* Values after config files, environment and command line. */
bool options_flag(const Options *options, enum option option);
int options_count(const Options *options, enum option option);        /* -v, -q */
int options_int(const Options *options, enum option option);
const char *options_string(const Options *options, enum option option); /* or NULL */
const char *const *options_list(const Options *options, enum option option); /* never NULL */
const char *const *options_arguments(const Options *options);          /* positional */
bool options_given(const Options *options, enum option option); /* set anywhere, not the default */
/* The values of several list options in the order in which they came (--no-binary/--only-binary,
 * -r/-e/arguments): fills which[] and returns the count. */
struct option_occurrence {
	enum option option;
	const char *value;
};
size_t options_sequence(const Options *options, const enum option *wanted, size_t wanted_count,
	struct option_occurrence **occurrences /* new array, values borrowed */);
