/* SPDX-License-Identifier: MIT */
/* The TOML writer: tomli_w's layout, so that lock files look as pip's do. */
#include "lib/toml.h"

#include <math.h>
#include <string.h>

enum { MAX_LINE = 100, INDENT = 4 };

static void append_literal(GString *out, struct json value, int level);

static void
append_string(GString *out, const char *text)
{
	static const char plain[] = "\b\n\f\r\"\\", letters[] = "bnfr\"\\";
	g_string_append_c(out, '"');
	for (; *text; text++) {
		const char *special = strchr(plain, *text);
		if (special)
			g_string_append_printf(out, "\\%c", letters[special - plain]);
		else if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
			g_string_append_printf(out, "\\u%04x", (unsigned)*text);
		else
			g_string_append_c(out, *text);
	}
	g_string_append_c(out, '"');
}

static void
append_key(GString *out, const char *key)
{
	bool bare = *key;
	for (const char *at = key; *at; at++)
		bare = bare && (g_ascii_isalnum(*at) || *at == '-' || *at == '_');
	if (bare)
		g_string_append(out, key);
	else
		append_string(out, key);
}

static void
append_inline_table(GString *out, struct json table)
{
	struct json_iter iter = json_iter(table);
	struct json value;
	const char *key, *between = "{ ";
	while (json_next(&iter, &key, &value)) {
		if (json_type(value) == JSON_NULL)
			continue;
		g_string_append(out, between);
		append_key(out, key);
		g_string_append(out, " = ");
		append_literal(out, value, 0);
		between = ", ";
	}
	g_string_append(out, *between == '{' ? "{}" : " }");
}

static void
append_array(GString *out, struct json array, int level)
{
	struct json_iter iter = json_iter(array);
	struct json item;
	if (json_length(array) == 0) {
		g_string_append(out, "[]");
		return;
	}
	g_string_append(out, "[\n");
	while (json_next(&iter, NULL, &item)) {
		g_string_append_printf(out, "%*s", (level + 1) * INDENT, "");
		append_literal(out, item, level + 1);
		g_string_append(out, ",\n");
	}
	g_string_append_printf(out, "%*s]", level * INDENT, "");
}

static void
append_literal(GString *out, struct json value, int level)
{
	int64_t number = 0;
	double real = 0;
	char buffer[G_ASCII_DTOSTR_BUF_SIZE];
	switch (json_type(value)) {
	case JSON_NONE:
	case JSON_NULL:
		g_string_append(out, "\"\"");
		return;
	case JSON_BOOL:
		g_string_append(out, json_bool(value, false) ? "true" : "false");
		return;
	case JSON_INT:
		json_int(value, &number);
		g_string_append_printf(out, "%" G_GINT64_FORMAT, number);
		return;
	case JSON_DOUBLE:
		json_double(value, &real);
		g_ascii_dtostr(buffer, sizeof buffer, real);
		g_string_append_printf(out, "%s%s", buffer, strpbrk(buffer, ".en") ? "" : ".0");
		return;
	case JSON_STRING:
		append_string(out, json_string(value, NULL));
		return;
	case JSON_ARRAY:
		append_array(out, value, level);
		return;
	case JSON_OBJECT:
		append_inline_table(out, value);
		return;
	}
}

/* A list of tables of which one would not fit into a line: it gets [[headers]]. */
static bool
is_table_array(struct json value)
{
	if (json_type(value) != JSON_ARRAY || json_length(value) == 0)
		return false;
	struct json_iter iter = json_iter(value);
	struct json item;
	bool fits = true;
	while (json_next(&iter, NULL, &item)) {
		if (json_type(item) != JSON_OBJECT)
			return false;
		g_autoptr(GString) line = g_string_new(NULL);
		append_inline_table(line, item);
		long length = g_utf8_strlen(line->str, (gssize)line->len) + INDENT + 1;
		fits = fits && length <= MAX_LINE && !strchr(line->str, '\n');
	}
	return !fits;
}

static bool
is_literal(struct json value)
{
	return json_type(value) != JSON_NULL && json_type(value) != JSON_OBJECT &&
	       !is_table_array(value);
}

static void append_table(GString *out, struct json table, const char *name, bool in_array);

static void
append_below(GString *out, const char *name, const char *key, struct json value, bool in_array,
	bool *written)
{
	g_autoptr(GString) path = g_string_new(name);
	if (*name)
		g_string_append_c(path, '.');
	append_key(path, key);
	if (*written)
		g_string_append_c(out, '\n');
	*written = true;
	append_table(out, value, path->str, in_array);
}

static void
append_table(GString *out, struct json table, const char *name, bool in_array)
{
	struct json_iter iter = json_iter(table);
	struct json value, item;
	const char *key;
	bool literals = false, tables = false;
	while (json_next(&iter, &key, &value)) {
		literals |= is_literal(value);
		tables |= json_type(value) == JSON_OBJECT || is_table_array(value);
	}
	bool header = in_array || (*name && (literals || !tables)), written = header || literals;
	if (header)
		g_string_append_printf(out, in_array ? "[[%s]]\n" : "[%s]\n", name);
	iter = json_iter(table);
	while (json_next(&iter, &key, &value)) {
		if (!is_literal(value))
			continue;
		append_key(out, key);
		g_string_append(out, " = ");
		append_literal(out, value, 0);
		g_string_append_c(out, '\n');
	}
	iter = json_iter(table);
	while (json_next(&iter, &key, &value)) {
		if (json_type(value) == JSON_OBJECT)
			append_below(out, name, key, value, false, &written);
		if (!is_table_array(value))
			continue;
		struct json_iter inner = json_iter(value);
		while (json_next(&inner, NULL, &item))
			append_below(out, name, key, item, true, &written);
	}
}

char *
toml_text(struct json table)
{
	GString *out = g_string_new(NULL);
	append_table(out, table, "", false);
	return g_string_free(out, FALSE);
}
