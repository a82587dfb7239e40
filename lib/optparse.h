/* SPDX-License-Identifier: MIT */
/* Splitting a command line into options and arguments by the rules of Python's optparse. */
#pragma once
#include "lib/error.h"

struct optparse_option {
	const char *names; /* long names without dashes, separated by spaces */
	char letter;	   /* short name, or 0 */
	bool has_value;
	int id;
};

/* One option with its value (NULL for a flag). `spelled` is the full name that was matched:
 * "--timeout" or "-r"; `at` is the index of its word. Strings are borrowed from the words. */
typedef bool (*optparse_take_fn)(
	int id, const char *spelled, const char *value, size_t at, void *user, GError **error);

struct optparse {
	const struct optparse_option *options;
	size_t option_count;
	bool interspersed; /* false: the first argument ends the options */
	optparse_take_fn take;
	void *user;
};

/* Unambiguous prefixes of long names, `--x=v` and `--x v`, `-xv` and `-x v`, bundled flags, `--`.
 * Arguments are added to `arguments` (borrowed). *first_argument (may be NULL) becomes the index of
 * the first argument's word, or the number of words. Errors: ERROR_USAGE in optparse's words. */
bool optparse_run(const struct optparse *parser, const char *const *words, GPtrArray *arguments,
	size_t *first_argument, GError **error);
