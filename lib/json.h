/* SPDX-License-Identifier: MIT */
/* JSON: a read-only document (simdjson behind a C API) and a small writer. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Json Json; /* owns the document; values below borrow from it */

struct json {
	const void *document;
	size_t index;
};

enum json_type {
	JSON_NONE,
	JSON_NULL,
	JSON_BOOL,
	JSON_INT,
	JSON_DOUBLE,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

/* RFC 8259; UTF-8 is checked; depth at most 64. Duplicate keys: the first one is found by
 * json_get. ERROR_INVALID_INPUT. The bytes are copied. */
Json *json_parse(const char *bytes, size_t length, GError **error);
void json_free(Json *json);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Json, json_free)
struct json json_root(const Json *json);

enum json_type json_type(struct json value);
/* The member of an object; a JSON_NONE value if absent or if `object` isn't one. */
struct json json_get(struct json object, const char *key);
/* NULL unless it is a string; *length may be NULL. NUL bytes are possible. */
const char *json_string(struct json value, size_t *length);
bool json_int(struct json value, int64_t *out);
bool json_double(struct json value, double *out);
bool json_bool(struct json value, bool fallback);
size_t json_length(struct json value); /* of an array or object */

struct json_iter {
	struct json container;
	size_t index, end;
	bool object;
};
struct json_iter json_iter(struct json container); /* empty for other types */
/* key may be NULL; for arrays *key becomes NULL. */
bool json_next(struct json_iter *iter, const char **key, struct json *value);

/* Writer: Python's json.dumps shapes. indent 0 = `{"a": 1}` on one line, n = n spaces a level. */
typedef struct JsonWriter JsonWriter;
JsonWriter *json_writer_new(int indent);
void json_writer_free(JsonWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JsonWriter, json_writer_free)
void json_begin(JsonWriter *writer, char bracket); /* '{' or '[' */
void json_end(JsonWriter *writer);		   /* closes the innermost */
void json_key(JsonWriter *writer, const char *key);
void json_put_string(
	JsonWriter *writer, const char *text); /* NULL writes null; ASCII only, \uXXXX */
void json_put_int(JsonWriter *writer, int64_t number);
void json_put_bool(JsonWriter *writer, bool truth);
void json_put_null(JsonWriter *writer);
/* Copies a parsed value. */
void json_put_value(JsonWriter *writer, struct json value);
/* The finished text, owned by the caller; the writer is empty again. */
char *json_writer_take(JsonWriter *writer);
