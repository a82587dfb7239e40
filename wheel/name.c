/* SPDX-License-Identifier: MIT */
#include "wheel/name.h"

#include <string.h>

static bool
is_separator(char c)
{
	return c == '-' || c == '_' || c == '.';
}

bool
name_is_valid(const char *name, size_t length)
{
	if (length == 0 || !g_ascii_isalnum(name[0]) || !g_ascii_isalnum(name[length - 1]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!g_ascii_isalnum(name[i]) && !is_separator(name[i]))
			return false;
	return true;
}

char *
name_normalize_n(const char *name, size_t length)
{
	GString *out = g_string_sized_new(length + 1);
	for (size_t i = 0; i < length;) {
		if (is_separator(name[i])) {
			while (i < length && is_separator(name[i]))
				i++;
			g_string_append_c(out, '-');
		} else {
			g_string_append_c(out, g_ascii_tolower(name[i++]));
		}
	}
	/* Names that no index has may hold other letters: Python lowers these too. */
	for (size_t i = 0; i < out->len; i++) {
		if ((unsigned char)out->str[i] < 0x80)
			continue;
		if (!g_utf8_validate(out->str, (gssize)out->len, NULL))
			break;
		char *lower = g_utf8_strdown(out->str, (gssize)out->len);
		g_string_assign(out, lower);
		g_free(lower);
		break;
	}
	return g_string_free(out, FALSE);
}

char *
name_normalize(const char *name)
{
	return name_normalize_n(name, strlen(name));
}

bool
name_is_normalized(const char *name)
{
	size_t length = strlen(name);
	if (!name_is_valid(name, length))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (g_ascii_isupper(name[i]) || name[i] == '_' || name[i] == '.')
			return false;
		if (name[i] == '-' && name[i + 1] == '-')
			return false;
	}
	return true;
}

bool
name_equal(const char *a, const char *b)
{
	for (;;) {
		bool a_separator = is_separator(*a), b_separator = is_separator(*b);
		if (a_separator != b_separator)
			return false;
		if (a_separator) {
			while (is_separator(*a))
				a++;
			while (is_separator(*b))
				b++;
			continue;
		}
		if (g_ascii_tolower(*a) != g_ascii_tolower(*b))
			return false;
		if (!*a)
			return true;
		a++;
		b++;
	}
}

char *
name_escape(const char *name)
{
	char *escaped = name_normalize(name);
	for (char *c = escaped; *c; c++)
		if (*c == '-')
			*c = '_';
	return escaped;
}
