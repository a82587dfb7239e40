/* SPDX-License-Identifier: MIT */
/* Values of options from configuration, environment and command line; queries for commands. */
#include "cmd/options.h"

#include "cmd/values.h"
#include "lib/optparse.h"

#include <string.h>

#define OPTION(id, names, letter, kind, target, metavar, preset, group, help)                      \
	[OPT_##id] = {names, letter, OPTION_##kind, OPT_##target, metavar, preset, OPTION_##group, \
		help},
const struct option_row option_rows[OPTION_COUNT] = {
#include "cmd/options.def"
};
#undef OPTION

struct value {
	bool given;
	bool flag;
	int count;
	double number;
	const char *string;
	GPtrArray *list; /* of const char *, NULL-terminated; NULL until something is added */
};

struct Options {
	bool allowed[OPTION_COUNT];
	struct value values[OPTION_COUNT];
	GArray *sequence; /* of struct option_occurrence */
	GPtrArray *arguments;
	GPtrArray *owned; /* converted strings */
};

bool
option_takes_value(enum option option)
{
	return option_rows[option].metavar;
}

Options *
options_new(const enum option *list, bool main)
{
	Options *options = g_new0(Options, 1);
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_rows[i];
		struct value *value = &options->values[i];
		options->allowed[i] = row->group == OPTION_GENERAL || row->group == OPTION_XPIP ||
				      (main && row->group == OPTION_MAIN);
		value->flag = row->kind == OPTION_FLAG_ON || row->kind == OPTION_OFF;
		value->string = row->preset;
		if (row->preset && (row->kind == OPTION_INT || row->kind == OPTION_FLOAT))
			value->number = g_ascii_strtod(row->preset, NULL);
	}
	for (; list && *list != OPTION_COUNT; list++)
		options->allowed[*list] = true;
	options->sequence = g_array_new(FALSE, FALSE, sizeof(struct option_occurrence));
	options->arguments = g_ptr_array_new();
	options->owned = g_ptr_array_new_with_free_func(g_free);
	return options;
}

void
options_free(Options *options)
{
	if (!options)
		return;
	for (int i = 0; i < OPTION_COUNT; i++)
		if (options->values[i].list)
			g_ptr_array_unref(options->values[i].list);
	g_array_unref(options->sequence);
	g_ptr_array_unref(options->arguments);
	g_ptr_array_unref(options->owned);
	g_free(options);
}

bool
options_allow(const Options *options, enum option option)
{
	return options->allowed[option];
}

static void
append_value(Options *options, enum option option, const char *text)
{
	struct value *value = &options->values[option];
	struct option_occurrence occurrence = {.option = option, .value = text};
	if (!value->list) {
		value->list = g_ptr_array_new();
		g_ptr_array_add(value->list, NULL);
	}
	value->list->pdata[value->list->len - 1] = (char *)text;
	g_ptr_array_add(value->list, NULL);
	g_array_append_val(options->sequence, occurrence);
}

static void
forget_values(Options *options, enum option option)
{
	struct value *value = &options->values[option];
	g_clear_pointer(&value->list, g_ptr_array_unref);
	for (guint i = options->sequence->len; i-- > 0;)
		if (g_array_index(options->sequence, struct option_occurrence, i).option == option)
			g_array_remove_index(options->sequence, i);
}

/* Stores one value of an option that has values; `spelled` names it in messages. */
static bool
store_value(
	Options *options, enum option option, const char *spelled, const char *text, GError **error)
{
	struct value *value = &options->values[option];
	double number = value->number;
	char *converted = values_check(option, spelled, text, &number, error);
	if (!converted)
		return false;
	g_ptr_array_add(options->owned, converted);
	value->given = true;
	value->number = number;
	switch (option_rows[option].kind) {
	case OPTION_LIST:
	case OPTION_PATHS:
	case OPTION_NAMES:
	case OPTION_EACH:
		append_value(options, option, converted);
		break;
	default:
		value->string = converted;
	}
	if (option == OPT_CACHE_DIR)
		options->values[OPT_NO_CACHE_DIR].flag = false;
	return true;
}

static void
store_flag(Options *options, enum option option, bool truth)
{
	struct value *value = &options->values[option_rows[option].target];
	value->flag = truth;
	value->given = true;
}

/* --- configuration --- */

struct configuring {
	Options *options;
	bool xpip; /* only xpip's own options */
};

/* The allowed option with this long name; OPTION_COUNT if there is none. Prefixes do not count. */
static enum option
find_option(const Options *options, const char *name)
{
	size_t length = strlen(name);
	for (int i = 0; i < OPTION_COUNT; i++) {
		const char *at = option_rows[i].names;
		for (; options->allowed[i] && *at; at += strspn(at, " ")) {
			size_t size = strcspn(at, " ");
			if (size == length && memcmp(at, name, length) == 0)
				return (enum option)i;
			at += size;
		}
	}
	return OPTION_COUNT;
}

static bool
configure_words(
	Options *options, enum option option, const char *key, const char *text, GError **error)
{
	g_autofree char *copy = g_strdup(text);
	forget_values(options, option);
	char *at = copy;
	while (*(at += strspn(at, " \t\r\n\f\v"))) {
		size_t size = strcspn(at, " \t\r\n\f\v");
		char after = at[size];
		at[size] = 0;
		if (!store_value(options, option, key, at, error))
			return false;
		at += size + (after != 0);
	}
	return true;
}

static bool
configure_option(
	Options *options, enum option option, const char *key, const char *text, GError **error)
{
	bool truth;
	switch (option_rows[option].kind) {
	case OPTION_HELP:
		return true;
	case OPTION_FLAG:
	case OPTION_FLAG_ON:
	case OPTION_OFF: /* pip stores the word itself: no-compile=1 means "compile" */
		if (!values_truth(text, &truth))
			return error_set(error, ERROR_USAGE,
				"%s is not a valid value for %s option, please specify a boolean "
				"value like "
				"yes/no, true/false or 1/0 instead.",
				text, key);
		store_flag(options, option, truth);
		return true;
	case OPTION_COUNTED:
		if (!values_count(text, &options->values[option].count))
			return error_set(error, ERROR_USAGE,
				"%s is not a valid value for %s option, please instead specify "
				"either a "
				"non-negative integer or a boolean value like yes/no or false/true "
				"which is "
				"equivalent to 1/0.",
				text, key);
		options->values[option].given = true;
		return true;
	case OPTION_NO_CACHE: /* both truth values switch the cache off, as they always did in pip
			       */
		if (!values_truth(text, &truth))
			return values_refuse_truth(option, text, error);
		store_flag(options, option, true);
		return true;
	case OPTION_LIST:
	case OPTION_PATHS:
	case OPTION_NAMES:
		return configure_words(options, option, key, text, error);
	default:
		return store_value(options, option, key, text, error);
	}
}

static bool
take_setting(const char *key, const char *text, void *user, GError **error)
{
	struct configuring *state = user;
	enum option option = find_option(state->options, key);
	if (option == OPTION_COUNT || (state->xpip && option_rows[option].group != OPTION_XPIP))
		return true;
	return configure_option(state->options, option, key, text, error);
}

/* XPIP_NO_PEERS and the like. */
static bool
take_own_variables(Options *options, GError **error)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (option_rows[i].group != OPTION_XPIP)
			continue;
		g_autofree char *upper = g_ascii_strup(option_rows[i].names, -1);
		g_autofree char *name = g_strconcat("XPIP_", g_strdelimit(upper, "-", '_'), NULL);
		const char *text = g_getenv(name);
		if (text && *text &&
			!configure_option(
				options, (enum option)i, option_rows[i].names, text, error))
			return false;
	}
	return true;
}

bool
options_configure(Options *options, const Settings *settings, const char *command, GError **error)
{
	struct configuring state = {.options = options}, own = {.options = options, .xpip = true};
	if (!settings_section(settings, "global", take_setting, &state, error))
		return false;
	if (command && !settings_section(settings, command, take_setting, &state, error))
		return false;
	return settings_section(settings, "xpip", take_setting, &own, error) &&
	       settings_section(settings, ":env:", take_setting, &state, error) &&
	       (settings->isolated || take_own_variables(options, error));
}

/* --- command line --- */

static bool
take_word(int id, const char *spelled, const char *text, size_t at, void *user, GError **error)
{
	Options *options = user;
	enum option option = (enum option)id;
	(void)at;
	switch (option_rows[option].kind) {
	case OPTION_HELP:
		store_flag(options, option, true);
		return error_set(error, ERROR_SILENT, "help was asked for");
	case OPTION_FLAG:
	case OPTION_FLAG_ON:
	case OPTION_NO_CACHE:
		store_flag(options, option, true);
		return true;
	case OPTION_OFF:
		store_flag(options, option, false);
		return true;
	case OPTION_COUNTED:
		options->values[option].given = true;
		if (options->values[option].count < 1000)
			options->values[option].count++;
		return true;
	default:
		return store_value(options, option, spelled, text, error);
	}
}

bool
options_parse(Options *options, const char *const *words, bool interspersed, size_t *first_argument,
	GError **error)
{
	struct optparse_option known[OPTION_COUNT];
	size_t count = 0;
	for (int i = 0; i < OPTION_COUNT; i++)
		if (options->allowed[i])
			known[count++] = (struct optparse_option){.names = option_rows[i].names,
				.letter = option_rows[i].letter,
				.has_value = option_takes_value((enum option)i),
				.id = i};
	struct optparse parser = {.options = known,
		.option_count = count,
		.interspersed = interspersed,
		.take = take_word,
		.user = options};
	if (!optparse_run(&parser, words, options->arguments, first_argument, error))
		return false;
	g_ptr_array_add(options->arguments, NULL);
	return true;
}

/* --- queries --- */

bool
options_flag(const Options *options, enum option option)
{
	bool kept = options->values[option_rows[option].target].flag;
	return option_rows[option].kind == OPTION_OFF ? !kept : kept;
}

int
options_count(const Options *options, enum option option)
{
	return options->values[option].count;
}

int
options_int(const Options *options, enum option option)
{
	return (int)CLAMP(options->values[option].number, (double)G_MININT, (double)G_MAXINT);
}

double
options_float(const Options *options, enum option option)
{
	return options->values[option].number;
}

const char *
options_string(const Options *options, enum option option)
{
	return options->values[option].string;
}

const char *const *
options_list(const Options *options, enum option option)
{
	static const char *const empty[] = {NULL};
	const GPtrArray *list = options->values[option].list;
	return list ? (const char *const *)list->pdata : empty;
}

const char *const *
options_arguments(const Options *options)
{
	static const char *const empty[] = {NULL};
	const GPtrArray *list = options->arguments;
	return list->len ? (const char *const *)list->pdata : empty;
}

bool
options_given(const Options *options, enum option option)
{
	return options->values[option_rows[option].target].given;
}

size_t
options_sequence(const Options *options, const enum option *wanted, size_t wanted_count,
	struct option_occurrence **occurrences)
{
	struct option_occurrence *found =
		g_new(struct option_occurrence, options->sequence->len + 1);
	size_t count = 0;
	for (guint i = 0; i < options->sequence->len; i++) {
		struct option_occurrence *at =
			&g_array_index(options->sequence, struct option_occurrence, i);
		for (size_t j = 0; j < wanted_count; j++)
			if (wanted[j] == at->option)
				found[count++] = *at;
	}
	*occurrences = found;
	return count;
}
