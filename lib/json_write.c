/* SPDX-License-Identifier: MIT */
/* The JSON writer: json.dumps with ensure_ascii, for reports and listings. */
#include "lib/json.h"

#include <math.h>
#include <string.h>

enum { MAX_DEPTH = 72 };

struct JsonWriter {
	GString *out;
	int indent; /* 0: one line */
	int depth;
	char closers[MAX_DEPTH];
	bool empty[MAX_DEPTH]; /* nothing written yet at that depth */
	bool after_key;
};

JsonWriter *
json_writer_new(int indent)
{
	JsonWriter *writer = g_new0(JsonWriter, 1);
	writer->out = g_string_new(NULL);
	writer->indent = indent;
	return writer;
}

void
json_writer_free(JsonWriter *writer)
{
	if (!writer)
		return;
	g_string_free(writer->out, TRUE);
	g_free(writer);
}

static void
new_line(JsonWriter *writer)
{
	g_string_append_c(writer->out, '\n');
	for (int i = 0; i < writer->depth * writer->indent; i++)
		g_string_append_c(writer->out, ' ');
}

/* What stands before a value: nothing behind a key, else a comma and a new line. */
static void
separate(JsonWriter *writer)
{
	if (writer->after_key) {
		writer->after_key = false;
		return;
	}
	if (writer->depth == 0)
		return;
	bool *empty = &writer->empty[writer->depth - 1];
	if (!*empty)
		g_string_append(writer->out, writer->indent ? "," : ", ");
	*empty = false;
	if (writer->indent)
		new_line(writer);
}

void
json_begin(JsonWriter *writer, char bracket)
{
	separate(writer);
	g_return_if_fail(writer->depth < MAX_DEPTH);
	g_string_append_c(writer->out, bracket);
	writer->closers[writer->depth] = bracket == '{' ? '}' : ']';
	writer->empty[writer->depth++] = true;
}

void
json_end(JsonWriter *writer)
{
	g_return_if_fail(writer->depth > 0);
	writer->depth--;
	if (writer->indent && !writer->empty[writer->depth])
		new_line(writer);
	g_string_append_c(writer->out, writer->closers[writer->depth]);
}

static void
put_quoted(GString *out, const char *text, size_t length)
{
	g_string_append_c(out, '"');
	const char *end = text + length;
	while (text < end) {
		unsigned char byte = (unsigned char)*text;
		gunichar c = byte;
		if (byte >= 0x80) {
			c = g_utf8_get_char_validated(text, end - text);
			if (c >= (gunichar)-2)
				c = 0xfffd;
		}
		text = byte < 0x80 || c == 0xfffd ? text + 1 : g_utf8_next_char(text);
		static const char plain[] = "\"\\\n\r\t\b\f", letters[] = "\"\\nrtbf";
		const char *special = c && c < 0x80 ? strchr(plain, (int)c) : NULL;
		if (special)
			g_string_append_printf(out, "\\%c", letters[special - plain]);
		else if (c >= 0x10000)
			g_string_append_printf(out, "\\u%04x\\u%04x",
				0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 0x3ff));
		else if (c < 0x20 || c >= 0x7f)
			g_string_append_printf(out, c == 0x7f ? "\x7f" : "\\u%04x", c);
		else
			g_string_append_c(out, (char)c);
	}
	g_string_append_c(out, '"');
}

void
json_key(JsonWriter *writer, const char *key)
{
	separate(writer);
	put_quoted(writer->out, key, strlen(key));
	g_string_append(writer->out, ": ");
	writer->after_key = true;
}

void
json_put_string(JsonWriter *writer, const char *text)
{
	separate(writer);
	if (text)
		put_quoted(writer->out, text, strlen(text));
	else
		g_string_append(writer->out, "null");
}

void
json_put_int(JsonWriter *writer, int64_t number)
{
	separate(writer);
	g_string_append_printf(writer->out, "%" G_GINT64_FORMAT, number);
}

void
json_put_bool(JsonWriter *writer, bool truth)
{
	separate(writer);
	g_string_append(writer->out, truth ? "true" : "false");
}

void
json_put_null(JsonWriter *writer)
{
	separate(writer);
	g_string_append(writer->out, "null");
}

void
json_put_value(JsonWriter *writer, struct json value)
{
	int64_t number = 0;
	double real = 0;
	size_t length = 0;
	const char *text;
	switch (json_type(value)) {
	case JSON_NONE:
	case JSON_NULL:
		json_put_null(writer);
		break;
	case JSON_BOOL:
		json_put_bool(writer, json_bool(value, false));
		break;
	case JSON_INT:
		json_int(value, &number);
		json_put_int(writer, number);
		break;
	case JSON_DOUBLE: {
		char buffer[G_ASCII_DTOSTR_BUF_SIZE];
		json_double(value, &real);
		separate(writer);
		g_string_append(writer->out,
			isfinite(real) ? g_ascii_dtostr(buffer, sizeof buffer, real) : "null");
		break;
	}
	case JSON_STRING:
		text = json_string(value, &length);
		separate(writer);
		put_quoted(writer->out, text, length);
		break;
	case JSON_ARRAY:
	case JSON_OBJECT: {
		struct json_iter iter = json_iter(value);
		struct json member;
		const char *key;
		json_begin(writer, iter.object ? '{' : '[');
		while (json_next(&iter, &key, &member)) {
			if (iter.object)
				json_key(writer, key);
			json_put_value(writer, member);
		}
		json_end(writer);
	}
	}
}

char *
json_writer_take(JsonWriter *writer)
{
	char *text = g_string_free(writer->out, FALSE);
	writer->out = g_string_new(NULL);
	return text;
}
