/* SPDX-License-Identifier: MIT */
#include "wheel/metadata.h"
#include "lib/error.h"

#include <string.h>

enum { MAX_SIZE = 16 << 20, MAX_HEADERS = 200000 };

static void
header_free(void *data)
{
	struct metadata_header *header = data;
	g_free(header->name);
	g_free(header->value);
	g_free(header);
}

void
metadata_free(Metadata *metadata)
{
	if (!metadata)
		return;
	g_free(metadata->metadata_version);
	g_free(metadata->name);
	g_free(metadata->version);
	g_free(metadata->requires_python);
	g_strfreev(metadata->requires_dist);
	g_strfreev(metadata->provides_extra);
	g_strfreev(metadata->dynamic);
	g_ptr_array_unref(metadata->headers);
	g_free(metadata->description);
	g_free(metadata);
}

static const char *
line_end(const char *at, const char *end)
{
	const char *feed = memchr(at, '\n', (size_t)(end - at));
	return feed ? feed : end;
}

static void
trim_right(GString *text)
{
	while (text->len > 0 &&
		(text->str[text->len - 1] == '\r' || text->str[text->len - 1] == '\n'))
		g_string_truncate(text, text->len - 1);
}

/* One header with its continuation lines, joined as email.parser does: the line feeds stay.
 * Returns what follows, or NULL if there is no header at `at`. */
static const char *
take_header(const char *at, const char *end, GPtrArray *headers)
{
	const char *stop = line_end(at, end), *colon = memchr(at, ':', (size_t)(stop - at));
	if (!colon || colon == at)
		return NULL;
	for (const char *c = at; c < colon; c++)
		if (*c <= ' ' || *c == 0x7f)
			return NULL;
	char *name = g_strndup(at, (gsize)(colon - at));
	const char *value = colon + 1;
	while (value < stop && (*value == ' ' || *value == '\t'))
		value++;
	GString *text = g_string_new_len(value, stop - value);
	at = stop < end ? stop + 1 : end;
	while (at < end && (*at == ' ' || *at == '\t')) {
		stop = line_end(at, end);
		trim_right(text);
		g_string_append_c(text, '\n');
		g_string_append_len(text, at, stop - at);
		at = stop < end ? stop + 1 : end;
	}
	trim_right(text);
	struct metadata_header *header = g_new(struct metadata_header, 1);
	header->name = name;
	header->value = g_string_free(text, FALSE);
	g_ptr_array_add(headers, header);
	return at;
}

const char *
metadata_get(const Metadata *metadata, const char *name)
{
	for (guint i = 0; i < metadata->headers->len; i++) {
		const struct metadata_header *header = g_ptr_array_index(metadata->headers, i);
		if (g_ascii_strcasecmp(header->name, name) == 0)
			return header->value;
	}
	return NULL;
}

char **
metadata_get_all(const Metadata *metadata, const char *name)
{
	GPtrArray *values = g_ptr_array_new();
	for (guint i = 0; i < metadata->headers->len; i++) {
		const struct metadata_header *header = g_ptr_array_index(metadata->headers, i);
		if (g_ascii_strcasecmp(header->name, name) == 0)
			g_ptr_array_add(values, g_strdup(header->value));
	}
	g_ptr_array_add(values, NULL);
	return (char **)g_ptr_array_free(values, FALSE);
}

static bool
finish(Metadata *metadata, GError **error)
{
	const char *name = metadata_get(metadata, "Name"),
		   *version = metadata_get(metadata, "Version");
	const char *format = metadata_get(metadata, "Metadata-Version");
	if (!name || !*name)
		return error_set(error, ERROR_INVALID_INPUT, "metadata without Name");
	if (!version || !*version)
		return error_set(
			error, ERROR_INVALID_INPUT, "metadata of %s without Version", name);
	if (format && g_ascii_strtoull(format, NULL, 10) > 2)
		return error_set(error, ERROR_INVALID_INPUT,
			"metadata of %s: version %s of the format is not known", name, format);
	metadata->metadata_version = g_strdup(format ? format : "");
	metadata->name = g_strstrip(g_strdup(name));
	metadata->version = g_strstrip(g_strdup(version));
	const char *python = metadata_get(metadata, "Requires-Python");
	metadata->requires_python = python ? g_strdup(python) : NULL;
	metadata->requires_dist = metadata_get_all(metadata, "Requires-Dist");
	for (char **text = metadata->requires_dist; *text; text++)
		g_strstrip(*text); /* a folded header begins with its line feed */
	metadata->provides_extra = metadata_get_all(metadata, "Provides-Extra");
	metadata->dynamic = metadata_get_all(metadata, "Dynamic");
	return true;
}

void
metadata_add(Metadata *metadata, const char *name, const char *value)
{
	struct metadata_header *header = g_new(struct metadata_header, 1);
	header->name = g_strdup(name);
	header->value = g_strdup(value);
	g_ptr_array_add(metadata->headers, header);
	struct {
		const char *name;
		char ***list;
	} lists[] = {{"Requires-Dist", &metadata->requires_dist},
		{"Provides-Extra", &metadata->provides_extra}, {"Dynamic", &metadata->dynamic}};
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		if (g_ascii_strcasecmp(name, lists[i].name) == 0) {
			size_t length = g_strv_length(*lists[i].list);
			*lists[i].list = g_renew(char *, *lists[i].list, length + 2);
			(*lists[i].list)[length] = g_strdup(value);
			(*lists[i].list)[length + 1] = NULL;
		}
}

Metadata *
metadata_parse(const char *bytes, size_t length, GError **error)
{
	if (length > MAX_SIZE) {
		error_set(error, ERROR_INVALID_INPUT, "metadata larger than 16 MiB");
		return NULL;
	}
	g_autofree char *valid = NULL;
	if (!g_utf8_validate(bytes, (gssize)length, NULL)) {
		valid = g_utf8_make_valid(bytes, (gssize)length);
		bytes = valid;
		length = strlen(valid);
	}
	g_autoptr(Metadata) metadata = g_new0(Metadata, 1);
	metadata->headers = g_ptr_array_new_with_free_func(header_free);
	const char *at = bytes, *end = bytes + length;
	if (length >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	while (at < end && *at != '\n' && !(*at == '\r' && at + 1 < end && at[1] == '\n')) {
		const char *next = take_header(at, end, metadata->headers);
		if (!next || metadata->headers->len > MAX_HEADERS)
			break;
		at = next;
	}
	/* The blank line between head and body. */
	if (at < end && *at == '\r')
		at++;
	if (at < end && *at == '\n')
		at++;
	if (at < end)
		metadata->description = g_strndup(at, (gsize)(end - at));
	return finish(metadata, error) ? g_steal_pointer(&metadata) : NULL;
}

/* --- PEP 566 ------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	bool many;
} fields[] = {{"Metadata-Version", false}, {"Name", false}, {"Version", false}, {"Dynamic", true},
	{"Platform", true}, {"Supported-Platform", true}, {"Summary", false},
	{"Description", false}, {"Description-Content-Type", false}, {"Keywords", false},
	{"Home-page", false}, {"Download-URL", false}, {"Author", false}, {"Author-email", false},
	{"Maintainer", false}, {"Maintainer-email", false}, {"License", false},
	{"License-Expression", false}, {"License-File", true}, {"Classifier", true},
	{"Requires-Dist", true}, {"Requires-Python", false}, {"Requires-External", true},
	{"Project-URL", true}, {"Provides-Extra", true}, {"Provides-Dist", true},
	{"Obsoletes-Dist", true}};

static void
put_list(JsonWriter *writer, char **values)
{
	json_begin(writer, '[');
	for (; *values; values++)
		json_put_string(writer, *values);
	json_end(writer);
}

static void
put_keywords(JsonWriter *writer, const char *text)
{
	g_auto(GStrv) words = g_strsplit_set(text, strchr(text, ',') ? "," : " \t\n\r", -1);
	bool commas = strchr(text, ',') != NULL;
	json_begin(writer, '[');
	for (char **word = words; *word; word++)
		if (commas || **word)
			json_put_string(writer, g_strstrip(*word));
	json_end(writer);
}

void
metadata_write_json(const Metadata *metadata, JsonWriter *writer)
{
	json_begin(writer, '{');
	bool body = metadata->description && *metadata->description;
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		const char *first = metadata_get(metadata, fields[i].name);
		/* A description in the body stands for one among the headers. */
		if (!first || (body && strcmp(fields[i].name, "Description") == 0))
			continue;
		g_autofree char *key = g_ascii_strdown(fields[i].name, -1);
		json_key(writer, g_strdelimit(key, "-", '_'));
		if (fields[i].many) {
			g_auto(GStrv) values = metadata_get_all(metadata, fields[i].name);
			put_list(writer, values);
		} else if (g_str_equal(key, "keywords")) {
			put_keywords(writer, first);
		} else {
			json_put_string(writer, first);
		}
	}
	if (body) {
		json_key(writer, "description");
		json_put_string(writer, metadata->description);
	}
	json_end(writer);
}

bool
metadata_is_static(const Metadata *metadata)
{
	static const char *const asked[] = {"Requires-Dist", "Requires-Python", "Provides-Extra"};
	const char *version = metadata->metadata_version;
	/* Before 2.2 nobody promised anything. */
	if (strncmp(version, "2.", 2) != 0 || g_ascii_strtoull(version + 2, NULL, 10) < 2)
		return false;
	for (char **name = metadata->dynamic; *name != NULL; name++)
		for (size_t i = 0; i < G_N_ELEMENTS(asked); i++)
			if (g_ascii_strcasecmp(*name, asked[i]) == 0)
				return false;
	return true;
}
