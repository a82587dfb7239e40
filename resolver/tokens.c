/* SPDX-License-Identifier: MIT */
#include "resolver/tokens.h"
#include "lib/error.h"
#include "lib/unicode.h"
#include "resolver/version_key.h"

#include <string.h>

enum { MAX_SHOWN = 2000 };

/* A word character in the sense of a regular expression's `\b`. */
static bool
is_word(char c)
{
	return g_ascii_isalnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

bool
tokens_space(struct tokens *t)
{
	const char *start = t->at;
	while (t->at < t->end && (*t->at == ' ' || *t->at == '\t'))
		t->at++;
	return t->at > start;
}

bool
tokens_peek(const struct tokens *t, char c)
{
	return t->at < t->end && *t->at == c;
}

bool
tokens_take(struct tokens *t, char c)
{
	if (!tokens_peek(t, c))
		return false;
	t->at++;
	return true;
}

bool
tokens_end(const struct tokens *t)
{
	return t->at == t->end;
}

static bool
follows_word(const struct tokens *t)
{
	return t->at > t->text && is_word(t->at[-1]);
}

size_t
tokens_identifier(const struct tokens *t)
{
	if (tokens_end(t) || !g_ascii_isalnum(*t->at) || follows_word(t))
		return 0;
	const char *at = t->at;
	while (at < t->end && (g_ascii_isalnum(*at) || *at == '.' || *at == '_' || *at == '-'))
		at++;
	/* Back to a place with a word character on one side only. */
	for (; at > t->at; at--) {
		bool next = at < t->end && is_word(*at);
		if (is_word(at[-1]) != next)
			return (size_t)(at - t->at);
	}
	return 0;
}

bool
tokens_word(struct tokens *t, const char *word)
{
	size_t length = strlen(word);
	if (follows_word(t) || (size_t)(t->end - t->at) < length ||
		memcmp(t->at, word, length) != 0)
		return false;
	if (t->at + length < t->end && is_word(t->at[length]))
		return false;
	t->at += length;
	return true;
}

static size_t
skip_space(const char *at, const char *end)
{
	const char *start = at;
	size_t size;
	while ((size = unicode_space(at, (size_t)(end - at))) > 0)
		at += size;
	return (size_t)(at - start);
}

size_t
tokens_specifier(const struct tokens *t)
{
	static const char *const operators[] = {"===", "==", "!=", "~=", "<=", ">=", "<", ">"};
	unsigned found = 0;
	size_t left = (size_t)(t->end - t->at), size = 0;
	for (; found < G_N_ELEMENTS(operators); found++) {
		size = strlen(operators[found]);
		if (left >= size && memcmp(t->at, operators[found], size) == 0)
			break;
	}
	if (found == G_N_ELEMENTS(operators))
		return 0;
	const char *at = t->at + size;
	at += skip_space(at, t->end);
	if (found == 0) {
		while (at < t->end && *at != ';' && *at != ')' &&
			unicode_space(at, (size_t)(t->end - at)) == 0)
			at++;
		return (size_t)(at - t->at);
	}
	bool equality = found <= 2;
	unsigned components;
	size_t release = version_scan(at, (size_t)(t->end - at), false, false, &components);
	if (release == 0 || (found == 3 && components < 2))
		return 0;
	if (equality && t->end - at >= (ptrdiff_t)release + 2 && memcmp(at + release, ".*", 2) == 0)
		return (size_t)(at - t->at) + release + 2;
	return (size_t)(at - t->at) +
	       version_scan(at, (size_t)(t->end - at), true, equality, &components);
}

bool
tokens_fail(const struct tokens *t, const char *from, const char *at, GError **error,
	const char *format, ...)
{
	if (!error)
		return false;
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	size_t length = MIN((size_t)(t->end - t->text), (size_t)MAX_SHOWN);
	/* Carets stand below characters, not bytes. */
	glong before = g_utf8_strlen(t->text, from - t->text);
	glong marked = g_utf8_strlen(from, at - from);
	g_autofree char *blanks = g_strnfill((gsize)CLAMP(before, 0, MAX_SHOWN), ' ');
	g_autofree char *tildes = g_strnfill((gsize)CLAMP(marked, 0, MAX_SHOWN), '~');
	return error_set(error, ERROR_INVALID_INPUT, "%s\n    %.*s\n    %s%s^", message,
		(int)length, t->text, blanks, tildes);
}
