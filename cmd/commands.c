/* SPDX-License-Identifier: MIT */
/* The command table, and guesses at what a misspelt command was meant to be. */
#include "cmd/cmd.h"

#include <string.h>

#define COMMAND(name) extern const struct command name##_command;
#include "cmd/commands.def"
#undef COMMAND

#define COMMAND(name) &name##_command,
const struct command *const commands[] = {
#include "cmd/commands.def"
	NULL};
#undef COMMAND

const struct command *
command_find(const char *name)
{
	for (const struct command *const *at = commands; *at; at++)
		if (strcmp((*at)->name, name) == 0)
			return *at;
	return NULL;
}

#define MAX_GUESSED 64

/* Characters in common by Ratcliff and Obershelp's measure (as Python's difflib): the longest
 * common substring, then the same to its left and right. Names are short, so depth is too. */
static size_t
common(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t best = 0, best_a = 0, best_b = 0;
	for (size_t i = 0; i < a_length; i++)
		for (size_t j = 0; j < b_length; j++) {
			size_t size = 0;
			while (i + size < a_length && j + size < b_length &&
				a[i + size] == b[j + size])
				size++;
			if (size > best) {
				best = size;
				best_a = i;
				best_b = j;
			}
		}
	if (!best)
		return 0;
	size_t a_rest = best_a + best, b_rest = best_b + best;
	return best + common(a, best_a, b, best_b) +
	       common(a + a_rest, a_length - a_rest, b + b_rest, b_length - b_rest);
}

const char *
command_guess(const char *name)
{
	g_autofree char *lower = g_ascii_strdown(name, -1);
	size_t length = strlen(lower), best_common = 0, best_total = 1;
	const char *best = NULL;
	if (length > MAX_GUESSED)
		return NULL;
	for (const struct command *const *at = commands; *at; at++) {
		size_t other = strlen((*at)->name), total = length + other;
		size_t shared = common((*at)->name, other, lower, length);
		/* difflib's cut-off: 2 * shared / total >= 0.6; ties go to the later name */
		if (20 * shared < 6 * total)
			continue;
		size_t left = shared * best_total, right = best_common * total;
		if (!best || left > right || (left == right && strcmp((*at)->name, best) > 0)) {
			best = (*at)->name;
			best_common = shared;
			best_total = total;
		}
	}
	return best;
}

bool
command_refuse(const char *name, GError **error)
{
	const char *guess = command_guess(name);
	if (!guess)
		return error_set(error, ERROR_INVALID_INPUT, "unknown command \"%s\"", name);
	return error_set(error, ERROR_INVALID_INPUT,
		"unknown command \"%s\" - maybe you meant \"%s\"", name, guess);
}
