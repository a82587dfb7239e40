/* SPDX-License-Identifier: MIT */
#include "lib/ini.h"

#include "lib/repr.h"

#include <limits.h>
#include <string.h>

static void
item_free(void *data)
{
	struct ini_item *item = data;
	g_free(item->key);
	g_free(item->value);
	g_free(item);
}

static struct ini_section *
section_new(const char *name)
{
	struct ini_section *section = g_new0(struct ini_section, 1);
	section->name = g_strdup(name);
	section->items = g_ptr_array_new_with_free_func(item_free);
	section->by_key = g_hash_table_new(g_str_hash, g_str_equal);
	return section;
}

static void
section_free(void *data)
{
	struct ini_section *section = data;
	g_free(section->name);
	g_hash_table_destroy(section->by_key);
	g_ptr_array_unref(section->items);
	g_free(section);
}

Ini *
ini_new(void)
{
	Ini *ini = g_new0(Ini, 1);
	ini->defaults = section_new("DEFAULT");
	ini->sections = g_ptr_array_new_with_free_func(section_free);
	ini->by_name = g_hash_table_new(g_str_hash, g_str_equal);
	return ini;
}

void
ini_free(Ini *ini)
{
	if (!ini)
		return;
	section_free(ini->defaults);
	g_hash_table_destroy(ini->by_name);
	g_ptr_array_unref(ini->sections);
	g_free(ini);
}

static struct ini_section *
add_section(Ini *ini, const char *name)
{
	struct ini_section *section = section_new(name);
	g_ptr_array_add(ini->sections, section);
	g_hash_table_insert(ini->by_name, section->name, section);
	return section;
}

static struct ini_item *
add_item(struct ini_section *section, const char *key, const char *value)
{
	struct ini_item *item = g_new0(struct ini_item, 1);
	item->key = g_strdup(key);
	item->value = g_strdup(value);
	g_ptr_array_add(section->items, item);
	g_hash_table_insert(section->by_key, item->key, item);
	return item;
}

/* Parser state: one line at a time. */
struct reader {
	Ini *ini;
	const char *name;
	struct ini_section *section;
	struct ini_item *item; /* the one that continuation lines belong to */
	GString *value;	       /* its value so far */
	size_t indent;
	int line;
	GString *errors;
};

static void
finish_item(struct reader *reader)
{
	if (!reader->item)
		return;
	while (reader->value->len && g_ascii_isspace(reader->value->str[reader->value->len - 1]))
		g_string_truncate(reader->value, reader->value->len - 1);
	g_free(reader->item->value);
	reader->item->value = g_strdup(reader->value->str);
	reader->item = NULL;
}

static bool
start_section(struct reader *reader, const char *name, GError **error)
{
	finish_item(reader);
	if (strcmp(name, "DEFAULT") == 0) {
		reader->section = reader->ini->defaults;
		return true;
	}
	if (g_hash_table_contains(reader->ini->by_name, name)) {
		g_autofree char *file = repr_string(reader->name), *section = repr_string(name);
		return error_set(error, ERROR_CONFIG,
			"While reading from %s [line %2d]: section %s already exists", file,
			reader->line, section);
	}
	reader->section = add_section(reader->ini, name);
	return true;
}

static bool
start_item(struct reader *reader, const char *line, const char *text, GError **error)
{
	finish_item(reader);
	size_t length = strcspn(text, "=:");
	g_autofree char *name = g_strchomp(g_strndup(text, length));
	if (!text[length] || !*name) {
		g_autofree char *shown = repr_string(line);
		g_string_append_printf(reader->errors, "\n\t[line %2d]: %s", reader->line, shown);
		return true;
	}
	g_autofree char *key = g_utf8_strdown(name, -1);
	if (g_hash_table_contains(reader->section->by_key, key)) {
		g_autofree char *file = repr_string(reader->name), *option = repr_string(key);
		g_autofree char *section = repr_string(reader->section->name);
		return error_set(error, ERROR_CONFIG,
			"While reading from %s [line %2d]: option %s in section %s already exists",
			file, reader->line, option, section);
	}
	reader->item = add_item(reader->section, key, "");
	const char *value = text + length + 1;
	while (g_ascii_isspace(*value))
		value++;
	g_string_assign(reader->value, value);
	return true;
}

static bool
read_line(struct reader *reader, char *line, GError **error)
{
	g_autofree char *whole = g_strdup(line);
	g_autofree char *text = g_strstrip(g_strdup(line));
	bool comment = *text == '#' || *text == ';';
	if (!*text || comment) {
		if (!comment && reader->item)
			g_string_append_c(reader->value, '\n');
		return true;
	}
	size_t indent = 0;
	while (g_ascii_isspace(line[indent]))
		indent++;
	if (reader->item && indent > reader->indent) {
		g_string_append_c(reader->value, '\n');
		g_string_append(reader->value, text);
		return true;
	}
	reader->indent = indent;
	char *close = strrchr(text, ']');
	if (*text == '[' && close && close > text + 1) {
		*close = 0;
		return start_section(reader, text + 1, error);
	}
	g_autofree char *ended = g_strconcat(whole, "\n", NULL);
	if (!reader->section) {
		g_autofree char *file = repr_string(reader->name), *shown = repr_string(ended);
		return error_set(error, ERROR_CONFIG,
			"File contains no section headers.\nfile: %s, line: %d\n%s", file,
			reader->line, shown);
	}
	return start_item(reader, ended, text, error);
}

/* Lines end with \n, \r\n or \r, as in Python's text files. */
static bool
read_lines(struct reader *reader, const char *bytes, size_t length, GError **error)
{
	const char *at = bytes, *end = bytes + length;
	while (at < end) {
		const char *stop = at;
		while (stop < end && *stop != '\n' && *stop != '\r')
			stop++;
		g_autofree char *line = g_strndup(at, (gsize)(stop - at));
		if (reader->line == INT_MAX)
			return error_set(error, ERROR_CONFIG, "%s: too many lines", reader->name);
		reader->line++;
		if (!read_line(reader, line, error))
			return false;
		at = stop + (stop + 1 < end && stop[0] == '\r' && stop[1] == '\n') + 1;
	}
	finish_item(reader);
	return true;
}

Ini *
ini_parse(const char *bytes, size_t length, const char *name, GError **error)
{
	if (!g_utf8_validate(bytes, (gssize)length, NULL)) {
		error_set(error, ERROR_CONFIG, "contains invalid UTF-8 characters in %s.", name);
		return NULL;
	}
	g_autoptr(Ini) ini = ini_new();
	g_autoptr(GString) value = g_string_new(NULL);
	g_autoptr(GString) errors = g_string_new(NULL);
	struct reader reader = {.ini = ini, .name = name, .value = value, .errors = errors};
	if (!read_lines(&reader, bytes, length, error))
		return NULL;
	if (errors->len) {
		g_autofree char *file = repr_string(name);
		error_set(error, ERROR_CONFIG, "Source contains parsing errors: %s%s", file,
			errors->str);
		return NULL;
	}
	return g_steal_pointer(&ini);
}

const char *
ini_get(const Ini *ini, const char *section, const char *key)
{
	const struct ini_section *found = g_hash_table_lookup(ini->by_name, section);
	const struct ini_item *item = found ? g_hash_table_lookup(found->by_key, key) : NULL;
	if (found && !item)
		item = g_hash_table_lookup(ini->defaults->by_key, key);
	return item ? item->value : NULL;
}

void
ini_set(Ini *ini, const char *section, const char *key, const char *value)
{
	struct ini_section *found = g_hash_table_lookup(ini->by_name, section);
	if (!found)
		found = add_section(ini, section);
	struct ini_item *item = g_hash_table_lookup(found->by_key, key);
	if (!item) {
		add_item(found, key, value);
		return;
	}
	g_free(item->value);
	item->value = g_strdup(value);
}

bool
ini_unset(Ini *ini, const char *section, const char *key)
{
	struct ini_section *found = g_hash_table_lookup(ini->by_name, section);
	struct ini_item *item = found ? g_hash_table_lookup(found->by_key, key) : NULL;
	if (!item)
		return false;
	g_hash_table_remove(found->by_key, key);
	g_ptr_array_remove(found->items, item);
	if (!found->items->len) {
		g_hash_table_remove(ini->by_name, section);
		g_ptr_array_remove(ini->sections, found);
	}
	return true;
}

static void
write_section(GString *out, const struct ini_section *section)
{
	g_string_append_printf(out, "[%s]\n", section->name);
	for (guint i = 0; i < section->items->len; i++) {
		const struct ini_item *item = g_ptr_array_index(section->items, i);
		g_string_append_printf(out, "%s = ", item->key);
		for (const char *at = item->value; *at; at++) {
			g_string_append_c(out, *at);
			if (*at == '\n')
				g_string_append_c(out, '\t');
		}
		g_string_append_c(out, '\n');
	}
	g_string_append_c(out, '\n');
}

char *
ini_text(const Ini *ini)
{
	GString *out = g_string_new(NULL);
	if (ini->defaults->items->len)
		write_section(out, ini->defaults);
	for (guint i = 0; i < ini->sections->len; i++)
		write_section(out, g_ptr_array_index(ini->sections, i));
	return g_string_free(out, FALSE);
}
