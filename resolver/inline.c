/* SPDX-License-Identifier: MIT */
#include "resolver/inline.h"
#include "lib/error.h"
#include "lib/repr.h"
#include "lib/toml.h"

#include <string.h>

enum { MAX_DEPENDENCIES = 100000 };

void
inline_free(Inline *metadata)
{
	if (!metadata)
		return;
	g_free(metadata->requires_python);
	g_strfreev(metadata->dependencies);
	g_free(metadata);
}

/* `# /// script`; the type's length, or 0. */
static size_t
block_type(const char *line)
{
	static const char start[] = "# /// ";
	if (!g_str_has_prefix(line, start))
		return 0;
	const char *type = line + strlen(start);
	size_t length = strlen(type);
	for (size_t i = 0; i < length; i++)
		if (!g_ascii_isalnum(type[i]) && type[i] != '-')
			return 0;
	return length;
}

static bool
is_comment(const char *line)
{
	return line[0] == '#' && (line[1] == '\0' || line[1] == ' ');
}

/* The last `# ///` of the run of comment lines behind `first` that has something before it; 0 for
 * none. (The specification's expression is greedy.) */
static size_t
block_end(char **lines, size_t first)
{
	size_t end = 0;
	for (size_t i = first + 1; lines[i] && is_comment(lines[i]); i++)
		if (strcmp(lines[i], "# ///") == 0 && i > first + 1)
			end = i;
	return end;
}

static char *
block_text(char **lines, size_t first, size_t end)
{
	GString *text = g_string_new(NULL);
	for (size_t i = first + 1; i < end; i++) {
		g_string_append(text, lines[i] + (lines[i][1] ? 2 : 1));
		g_string_append_c(text, '\n');
	}
	return g_string_free(text, FALSE);
}

/* The one block of type `script`; NULL with error. */
static char *
find_block(const char *bytes, size_t length, const char *name, GError **error)
{
	g_autoptr(GString) text = g_string_new_len(bytes, (gssize)length);
	g_string_replace(text, "\r\n", "\n", 0);
	g_string_replace(text, "\r", "\n", 0);
	g_auto(GStrv) lines = g_strsplit(text->str, "\n", 0);
	g_autofree char *shown = repr_string(name), *found = NULL;
	for (size_t i = 0; lines[i]; i++) {
		size_t type = block_type(lines[i]);
		size_t end = type ? block_end(lines, i) : 0;
		if (!end)
			continue;
		if (strcmp(lines[i] + strlen(lines[i]) - type, "script") == 0) {
			if (found) {
				error_set(error, ERROR_INVALID_INPUT,
					"Multiple 'script' blocks found in %s", shown);
				return NULL;
			}
			found = block_text(lines, i, end);
		}
		i = end;
	}
	if (!found)
		error_set(error, ERROR_INVALID_INPUT, "File does not contain 'script' metadata: %s",
			shown);
	return g_steal_pointer(&found);
}

static bool
read_dependencies(Inline *metadata, struct json list, const char *name, GError **error)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	struct json_iter iter = json_iter(list);
	struct json item;
	bool ok = json_type(list) == JSON_NONE || json_type(list) == JSON_ARRAY;
	while (ok && json_next(&iter, NULL, &item)) {
		const char *text = json_string(item, NULL);
		ok = text && texts->len < MAX_DEPENDENCIES;
		if (ok)
			g_ptr_array_add(texts, g_strdup(text));
	}
	if (!ok)
		return error_set(error, ERROR_INVALID_INPUT,
			"%s: `dependencies` of the script's metadata is no list of strings", name);
	g_ptr_array_add(texts, NULL);
	metadata->dependencies = (char **)g_ptr_array_steal(texts, NULL);
	return true;
}

Inline *
inline_parse(const char *bytes, size_t length, const char *name, GError **error)
{
	g_autofree char *text = find_block(bytes, length, name, error);
	if (!text)
		return NULL;
	g_autoptr(GError) why = NULL;
	g_autoptr(Json) json = toml_parse(text, strlen(text), name, &why);
	if (!json) {
		g_autofree char *shown = repr_string(name);
		error_set(error, ERROR_INVALID_INPUT, "Failed to parse TOML in %s", shown);
		return NULL;
	}
	g_autoptr(Inline) metadata = g_new0(Inline, 1);
	struct json root = json_root(json);
	metadata->requires_python = g_strdup(json_string(json_get(root, "requires-python"), NULL));
	return read_dependencies(metadata, json_get(root, "dependencies"), name, error)
		       ? g_steal_pointer(&metadata)
		       : NULL;
}
