/* SPDX-License-Identifier: MIT */
#include "resolver/requirement.h"
#include "lib/error.h"
#include "lib/texts.h"
#include "resolver/marker_parse.h"
#include "resolver/tokens.h"
#include "wheel/name.h"

#include <string.h>

static bool
expected(const struct tokens *t, GError **error, const char *what)
{
	return tokens_fail(t, t->at, t->at, error, "Expected %s", what);
}

static bool
take_extra(struct tokens *t, GPtrArray *extras)
{
	size_t length = tokens_identifier(t);
	if (length == 0)
		return false;
	g_ptr_array_add(extras, g_strndup(t->at, length));
	t->at += length;
	return true;
}

/* identifier (, identifier)*, or nothing. */
static bool
parse_extra_names(struct tokens *t, GPtrArray *extras, GError **error)
{
	if (!take_extra(t, extras))
		return true;
	for (;;) {
		tokens_space(t);
		if (tokens_identifier(t) > 0)
			return expected(t, error, "comma between extra names");
		if (!tokens_take(t, ','))
			return true;
		tokens_space(t);
		if (!take_extra(t, extras))
			return expected(t, error, "extra name after comma");
	}
}

/* ([ names ])?; sorted, without repeats. */
static bool
parse_extras(struct tokens *t, char ***out, GError **error)
{
	g_autoptr(GPtrArray) extras = g_ptr_array_new_with_free_func(g_free);
	const char *open = t->at;
	if (tokens_take(t, '[')) {
		tokens_space(t);
		if (!parse_extra_names(t, extras, error))
			return false;
		tokens_space(t);
		if (!tokens_take(t, ']'))
			return tokens_fail(t, open, t->at, error,
				"Expected matching RIGHT_BRACKET for LEFT_BRACKET, after extras");
	}
	g_ptr_array_sort(extras, texts_compare);
	GPtrArray *unique = g_ptr_array_new();
	for (guint i = 0; i < extras->len; i++)
		if (i == 0 || strcmp(extras->pdata[i - 1], extras->pdata[i]) != 0)
			g_ptr_array_add(unique, g_strdup(extras->pdata[i]));
	g_ptr_array_add(unique, NULL);
	*out = (char **)g_ptr_array_free(unique, FALSE);
	return true;
}

/* What the grammar of versions left over behind a specifier, where it is a known mistake. */
static bool
check_specifier_end(const struct tokens *t, const char *start, GError **error)
{
	const char *at = t->at;
	size_t left = (size_t)(t->end - at);
	if (left >= 2 && memcmp(at, ".*", 2) == 0) {
		bool equality = start[0] == '!' || (start[0] == '=' && start[2] != '=');
		return tokens_fail(t, start, at + 1, error, "%s",
			equality
				? ".* suffix cannot be used with pre-release, post-release, dev or "
				  "local versions"
				: ".* suffix can only be used with `==` or `!=` operators");
	}
	if (left >= 2 && at[0] == '+' && (g_ascii_islower(at[1]) || g_ascii_isdigit(at[1])))
		return tokens_fail(t, start, at, error,
			"Local version label can only be used with `==` or `!=` operators");
	return true;
}

/* specifier (, specifier)*, or nothing; in parentheses or not. */
static bool
parse_specifier(struct tokens *t, GString *out, GError **error)
{
	const char *open = t->at;
	bool enclosed = tokens_take(t, '(');
	tokens_space(t);
	size_t length;
	while ((length = tokens_specifier(t)) > 0) {
		const char *start = t->at;
		g_string_append_len(out, start, (gssize)length);
		t->at += length;
		if (!check_specifier_end(t, start, error))
			return false;
		tokens_space(t);
		if (!tokens_take(t, ','))
			break;
		g_string_append_c(out, ',');
		tokens_space(t);
	}
	tokens_space(t);
	if (enclosed && !tokens_take(t, ')'))
		return tokens_fail(t, open, t->at, error,
			"Expected matching RIGHT_PARENTHESIS for LEFT_PARENTHESIS, after version "
			"specifier");
	return true;
}

static bool
parse_marker(struct tokens *t, Requirement *r, const char *start, const char *what, GError **error)
{
	if (!tokens_take(t, ';'))
		return tokens_fail(t, start, t->at, error, "Expected %s or end", what);
	r->marker = marker_parse_tokens(t, error);
	if (!r->marker)
		return false;
	tokens_space(t);
	return true;
}

/* Behind the `@`. */
static bool
parse_url(struct tokens *t, Requirement *r, GError **error)
{
	tokens_space(t);
	const char *start = t->at;
	while (!tokens_end(t) && *t->at != ' ' && *t->at != '\t')
		t->at++;
	if (t->at == start)
		return expected(t, error, "URL after @");
	if (memchr(start, '\0', (size_t)(t->at - start)))
		return expected(t, error, "URL without NUL after @");
	r->url = g_strndup(start, (size_t)(t->at - start));
	r->specifier = specifier_parse("", 0, NULL);
	if (tokens_end(t))
		return true;
	tokens_space(t);
	return tokens_end(t) ||
	       parse_marker(t, r, start, "semicolon (after URL and whitespace)", error);
}

static bool
parse_versions(struct tokens *t, Requirement *r, GError **error)
{
	const char *start = t->at;
	g_autoptr(GString) specifier = g_string_new(NULL);
	if (!parse_specifier(t, specifier, error))
		return false;
	tokens_space(t);
	if (!tokens_end(t) &&
		!parse_marker(t, r, start,
			specifier->len > 0 ? "comma (within version specifier), semicolon (after "
					     "version specifier)"
					   : "semicolon (after name with no version specifier)",
			error))
		return false;
	r->specifier = specifier_parse(specifier->str, specifier->len, error);
	return r->specifier != NULL;
}

Requirement *
requirement_parse(const char *text, size_t length, GError **error)
{
	struct tokens t = {text, text, text + length};
	g_autoptr(Requirement) r = g_new0(Requirement, 1);
	tokens_space(&t);
	size_t name = tokens_identifier(&t);
	if (name == 0) {
		expected(&t, error, "package name at the start of dependency specifier");
		return NULL;
	}
	r->name = g_strndup(t.at, name);
	r->normalized_name = name_normalize(r->name);
	t.at += name;
	tokens_space(&t);
	if (!parse_extras(&t, &r->extras, error))
		return NULL;
	tokens_space(&t);
	if (tokens_take(&t, '@') ? !parse_url(&t, r, error) : !parse_versions(&t, r, error))
		return NULL;
	if (!tokens_end(&t)) {
		expected(&t, error, "end of dependency specifier");
		return NULL;
	}
	return g_steal_pointer(&r);
}

void
requirement_free(Requirement *requirement)
{
	if (!requirement)
		return;
	g_free(requirement->name);
	g_free(requirement->normalized_name);
	g_strfreev(requirement->extras);
	specifier_free(requirement->specifier);
	g_free(requirement->url);
	marker_free(requirement->marker);
	g_free(requirement);
}

char *
requirement_text(const Requirement *requirement)
{
	GString *out = g_string_new(requirement->name);
	if (requirement->extras[0]) {
		g_autofree char *extras = g_strjoinv(",", requirement->extras);
		g_string_append_printf(out, "[%s]", extras);
	}
	g_string_append(out, specifier_text(requirement->specifier));
	if (requirement->url)
		g_string_append_printf(
			out, " @ %s%s", requirement->url, requirement->marker ? " " : "");
	if (requirement->marker) {
		g_autofree char *marker = marker_text(requirement->marker);
		g_string_append_printf(out, "; %s", marker);
	}
	return g_string_free(out, FALSE);
}
