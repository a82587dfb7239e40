/* SPDX-License-Identifier: MIT */
/* Evaluation and text of markers; marker_parse.c builds the tree. */
#include "resolver/marker.h"
#include "resolver/marker_parse.h"
#include "wheel/name.h"

#include <string.h>

struct evaluation {
	const struct marker_env *env;
	const char *extra;
	const char *const *extras, *const *dependency_groups; /* NULL: not defined */
};

/* The value of a variable; *owned holds it where it had to be made. NULL: not defined here. */
static const char *
value_of(const struct evaluation *e, int variable, char **owned)
{
	if (variable == MARKER_EXTRA)
		return e->extra;
	if (variable < 0 || variable >= MARKER_VARIABLES)
		return NULL;
	const char *value = e->env->values[variable];
	/* `3.13.0a4+` is what a Python built from a checkout calls itself; no PEP 440 version. */
	if (variable == MARKER_PYTHON_FULL_VERSION && g_str_has_suffix(value, "+"))
		return *owned = g_strconcat(value, "local", NULL);
	return value;
}

static int
variable_of(const char *name)
{
	for (int i = 0; i < MARKER_NAMES; i++)
		if (strcmp(name, marker_names[i]) == 0)
			return i;
	return -1;
}

/* Strings have no order: `<=` and `>=` ask for equality, `<` and `>` are never true. */
static enum marker_problem
compare_strings(const char *left, enum marker_operator op, const char *right, bool *result)
{
	switch (op) {
	case MARKER_IN:
		*result = strstr(right, left) != NULL;
		return MARKER_OK;
	case MARKER_NOT_IN:
		*result = strstr(right, left) == NULL;
		return MARKER_OK;
	case MARKER_EQUAL:
	case MARKER_AT_MOST:
	case MARKER_AT_LEAST:
		*result = strcmp(left, right) == 0;
		return MARKER_OK;
	case MARKER_NOT_EQUAL:
		*result = strcmp(left, right) != 0;
		return MARKER_OK;
	case MARKER_LESS:
	case MARKER_GREATER:
		*result = false;
		return MARKER_OK;
	case MARKER_ARBITRARY:
	case MARKER_COMPATIBLE:
	case MARKER_OPERATORS:
		break;
	}
	return MARKER_UNDEFINED_COMPARISON;
}

/* `"name" in extras`: a set has no other comparison. */
static enum marker_problem
evaluate_membership(const struct marker_item *item, const struct evaluation *e, bool *result)
{
	const char *const *names =
		item->right.variable == MARKER_EXTRAS ? e->extras : e->dependency_groups;
	if (!names || item->left.variable >= 0)
		return MARKER_UNDEFINED_NAME;
	if (item->op != MARKER_IN && item->op != MARKER_NOT_IN)
		return MARKER_UNDEFINED_COMPARISON;
	g_autofree char *name = name_normalize(item->left.text);
	*result = g_strv_contains(names, name) == (item->op == MARKER_IN);
	return MARKER_OK;
}

static enum marker_problem
evaluate_comparison(const struct marker_item *item, const struct evaluation *e, bool *result)
{
	if (item->right.variable == MARKER_EXTRAS ||
		item->right.variable == MARKER_DEPENDENCY_GROUPS)
		return evaluate_membership(item, e, result);
	g_autofree char *owned = NULL;
	g_autoptr(SpecifierSet) made = NULL;
	const char *left = item->left.text, *right = item->right.text;
	const SpecifierSet *specifier = item->specifier;
	if (item->left.variable >= 0) {
		left = value_of(e, item->left.variable, &owned);
	} else {
		/* The name counts, even in quotes: '3.8' == 'python_version' is a comparison. */
		int variable = variable_of(right);
		right = value_of(e, variable, &owned);
		if (right)
			specifier = made = marker_specifier(variable, item->op, right);
	}
	if (!left || !right)
		return MARKER_UNDEFINED_NAME;
	if (specifier) {
		*result = specifier_contains_text(specifier, left, strlen(left), PRERELEASES_ALLOW);
		return MARKER_OK;
	}
	return compare_strings(left, item->op, right, result);
}

/* `and` binds closer than `or`. Every part is evaluated: a problem anywhere is a problem. */
static enum marker_problem
evaluate_group(const struct marker_item *group, const struct evaluation *e, bool *result)
{
	bool any = false, all = true;
	for (unsigned i = 0; i < group->count; i++) {
		const struct marker_item *item = &group->items[i];
		if (item->after_or) {
			any |= all;
			all = true;
		}
		bool one = false;
		enum marker_problem problem = item->items ? evaluate_group(item, e, &one)
							  : evaluate_comparison(item, e, &one);
		if (problem != MARKER_OK)
			return problem;
		all &= one;
	}
	*result = any || all;
	return MARKER_OK;
}

enum marker_problem
marker_evaluate(const Marker *marker, const struct marker_env *env, const char *extra, bool *result)
{
	g_autofree char *normalized = NULL;
	if (!name_is_normalized(extra) && *extra)
		extra = normalized = name_normalize(extra);
	struct evaluation e = {.env = env, .extra = extra};
	return evaluate_group(&marker->root, &e, result);
}

enum marker_problem
marker_evaluate_lock(const Marker *marker, const struct marker_env *env, const char *const *extras,
	const char *const *dependency_groups, bool *result)
{
	struct evaluation e = {
		.env = env, .extra = "", .extras = extras, .dependency_groups = dependency_groups};
	return evaluate_group(&marker->root, &e, result);
}

bool
marker_applies(
	const Marker *marker, const struct marker_env *env, const char *const *extras, size_t count)
{
	bool result = false;
	if (!marker || (marker_evaluate(marker, env, "", &result) == MARKER_OK && result))
		return true;
	for (size_t i = 0; i < count; i++)
		if (marker_evaluate(marker, env, extras[i], &result) == MARKER_OK && result)
			return true;
	return false;
}

static bool
item_mentions_extra(const struct marker_item *item)
{
	if (!item->items)
		return item->left.variable == MARKER_EXTRA || item->right.variable == MARKER_EXTRA;
	for (unsigned i = 0; i < item->count; i++)
		if (item_mentions_extra(&item->items[i]))
			return true;
	return false;
}

bool
marker_mentions_extra(const Marker *marker)
{
	return item_mentions_extra(&marker->root);
}

static void
append_side(GString *out, const struct marker_side *side)
{
	const char *quote = side->variable >= 0 ? "" : strchr(side->text, '"') ? "'" : "\"";
	g_string_append_printf(out, "%s%s%s", quote, side->text, quote);
}

static void
append_item(GString *out, const struct marker_item *item, bool first)
{
	if (!item->items) {
		append_side(out, &item->left);
		g_string_append_printf(out, " %s ", marker_operator_texts[item->op]);
		append_side(out, &item->right);
		return;
	}
	if (item->count == 1) {
		append_item(out, &item->items[0], first);
		return;
	}
	if (!first)
		g_string_append_c(out, '(');
	for (unsigned i = 0; i < item->count; i++) {
		if (i > 0)
			g_string_append(out, item->items[i].after_or ? " or " : " and ");
		append_item(out, &item->items[i], false);
	}
	if (!first)
		g_string_append_c(out, ')');
}

char *
marker_text(const Marker *marker)
{
	GString *out = g_string_new(NULL);
	append_item(out, &marker->root, true);
	return g_string_free(out, FALSE);
}
