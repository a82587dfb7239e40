/* SPDX-License-Identifier: MIT */
#include "lib/repr.h"

#include <glib.h>
#include <string.h>

static void
append_rune(GString *out, gunichar rune)
{
	if (rune == '\n')
		g_string_append(out, "\\n");
	else if (rune == '\r')
		g_string_append(out, "\\r");
	else if (rune == '\t')
		g_string_append(out, "\\t");
	else if (rune == ' ' || (g_unichar_isprint(rune) && !g_unichar_isspace(rune)))
		g_string_append_unichar(out, rune);
	else if (rune < 0x100)
		g_string_append_printf(out, "\\x%02x", rune);
	else if (rune < 0x10000)
		g_string_append_printf(out, "\\u%04x", rune);
	else
		g_string_append_printf(out, "\\U%08x", rune);
}

char *
repr_string(const char *text)
{
	char quote = strchr(text, '\'') && !strchr(text, '"') ? '"' : '\'';
	GString *out = g_string_sized_new(strlen(text) + 2);
	g_string_append_c(out, quote);
	while (*text) {
		gunichar rune = g_utf8_get_char_validated(text, -1);
		if (rune >= 0x110000) {
			g_string_append_printf(out, "\\x%02x", (unsigned char)*text++);
			continue;
		}
		if (rune == '\\' || rune == (gunichar)quote)
			g_string_append_c(out, '\\');
		if (rune == '\\' || rune == (gunichar)quote)
			g_string_append_unichar(out, rune);
		else
			append_rune(out, rune);
		text = g_utf8_next_char(text);
	}
	g_string_append_c(out, quote);
	return g_string_free(out, FALSE);
}

static void
append_json(GString *out, struct json value)
{
	struct json_iter iter = json_iter(value);
	struct json item;
	const char *key;
	int64_t number = 0;
	double real = 0;
	switch (json_type(value)) {
	case JSON_NONE:
	case JSON_NULL:
		g_string_append(out, "None");
		return;
	case JSON_BOOL:
		g_string_append(out, json_bool(value, false) ? "True" : "False");
		return;
	case JSON_INT:
		json_int(value, &number);
		g_string_append_printf(out, "%" G_GINT64_FORMAT, number);
		return;
	case JSON_DOUBLE:
		json_double(value, &real);
		g_string_append_printf(out, "%g", real);
		return;
	case JSON_STRING: {
		g_autofree char *text = repr_string(json_string(value, NULL));
		g_string_append(out, text);
		return;
	}
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	g_string_append_c(out, iter.object ? '{' : '[');
	for (bool first = true; json_next(&iter, &key, &item); first = false) {
		if (!first)
			g_string_append(out, ", ");
		if (iter.object) {
			g_autofree char *text = repr_string(key);
			g_string_append_printf(out, "%s: ", text);
		}
		append_json(out, item);
	}
	g_string_append_c(out, iter.object ? '}' : ']');
}

char *
repr_json(struct json value)
{
	GString *out = g_string_new(NULL);
	append_json(out, value);
	return g_string_free(out, FALSE);
}
