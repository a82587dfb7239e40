/* SPDX-License-Identifier: MIT */
#include "lib/optparse.h"
#include "lib/texts.h"

#include <stdint.h>
#include <string.h>

static bool
refuse_ambiguous(const char *spelled, GPtrArray *names, GError **error)
{
	g_ptr_array_sort(names, texts_compare);
	g_ptr_array_add(names, NULL);
	g_autofree char *list = g_strjoinv(", ", (char **)names->pdata);
	return error_set(error, ERROR_USAGE, "ambiguous option: %s (%s?)", spelled, list);
}

/* The option whose long name is `name`, or of which it is the only prefix; *full is its whole
 * name with dashes, newly allocated. */
static const struct optparse_option *
find_long(
	const struct optparse *parser, const char *name, size_t length, char **full, GError **error)
{
	g_autoptr(GPtrArray) possible = g_ptr_array_new_with_free_func(g_free);
	const struct optparse_option *found = NULL;
	for (size_t i = 0; i < parser->option_count; i++) {
		const char *at = parser->options[i].names;
		for (; *at; at += strspn(at, " ")) {
			size_t size = strcspn(at, " ");
			if (size >= length && memcmp(at, name, length) == 0) {
				if (size == length) {
					*full = g_strdup_printf("--%.*s", (int)size, at);
					return &parser->options[i];
				}
				found = &parser->options[i];
				g_ptr_array_add(possible, g_strdup_printf("--%.*s", (int)size, at));
			}
			at += size;
		}
	}
	g_autofree char *spelled = g_strdup_printf("--%.*s", (int)MIN(length, 1000), name);
	if (possible->len == 1) {
		*full = g_strdup(g_ptr_array_index(possible, 0));
		return found;
	}
	if (possible->len)
		refuse_ambiguous(spelled, possible, error);
	else
		error_set(error, ERROR_USAGE, "no such option: %s", spelled);
	return NULL;
}

static bool
take_long(const struct optparse *parser, const char *const *words, size_t *at, GError **error)
{
	const char *word = words[*at] + 2, *equals = strchr(word, '=');
	size_t length = equals ? (size_t)(equals - word) : strlen(word), first = *at;
	g_autofree char *full = NULL;
	const struct optparse_option *option = find_long(parser, word, length, &full, error);
	if (!option)
		return false;
	const char *value = equals ? equals + 1 : NULL;
	if (option->has_value && !value && !(value = words[*at + 1]))
		return error_set(error, ERROR_USAGE, "%s option requires 1 argument", full);
	if (!option->has_value && value)
		return error_set(error, ERROR_USAGE, "%s option does not take a value", full);
	if (option->has_value && !equals)
		++*at;
	return parser->take(option->id, full, value, first, parser->user, error);
}

static bool
take_letters(const struct optparse *parser, const char *const *words, size_t *at, GError **error)
{
	size_t first = *at;
	for (const char *letter = words[first] + 1; *letter; letter++) {
		char spelled[3] = {'-', *letter, 0};
		const struct optparse_option *option = NULL;
		for (size_t i = 0; i < parser->option_count && !option; i++)
			if (parser->options[i].letter == *letter)
				option = &parser->options[i];
		if (!option) {
			gunichar rune = g_utf8_get_char_validated(letter, -1);
			int size = rune < 0x110000 ? g_unichar_to_utf8(rune, NULL) : 1;
			return error_set(error, ERROR_USAGE, "no such option: -%.*s", size, letter);
		}
		if (!option->has_value) {
			if (!parser->take(option->id, spelled, NULL, first, parser->user, error))
				return false;
			continue;
		}
		const char *value = letter[1] ? letter + 1 : words[*at + 1];
		if (!value)
			return error_set(
				error, ERROR_USAGE, "%s option requires 1 argument", spelled);
		if (!letter[1])
			++*at;
		return parser->take(option->id, spelled, value, first, parser->user, error);
	}
	return true;
}

bool
optparse_run(const struct optparse *parser, const char *const *words, GPtrArray *arguments,
	size_t *first_argument, GError **error)
{
	size_t at = 0, first = SIZE_MAX;
	bool options = true;
	for (; words[at]; at++) {
		const char *word = words[at];
		if (options && strcmp(word, "--") == 0) {
			options = false;
		} else if (options && word[0] == '-' && word[1] == '-') {
			if (!take_long(parser, words, &at, error))
				return false;
		} else if (options && word[0] == '-' && word[1]) {
			if (!take_letters(parser, words, &at, error))
				return false;
		} else {
			first = MIN(first, at);
			g_ptr_array_add(arguments, (char *)word);
			options = options && parser->interspersed;
		}
	}
	if (first_argument)
		*first_argument = MIN(first, at);
	return true;
}
