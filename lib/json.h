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

/* The quick way through big documents whose weight is in one array of flat objects: no tree is
 * built. A reader keeps its memory for the next document. */
typedef struct JsonRows JsonRows;
JsonRows *json_rows_new(void);
void json_rows_free(JsonRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JsonRows, json_rows_free)
/* Parses as json_parse does. The texts below live until the next call. */
bool json_rows_parse(JsonRows *rows, const char *bytes, size_t length, GError **error);
/* A string of the top-level object's object `outer`; NULL if there is none. */
const char *json_rows_text(const JsonRows *rows, const char *outer, const char *inner);

enum { JSON_CELL_MEMBERS = 8 };
struct json_cell {
	enum json_type type; /* JSON_NONE: the row lacks it */
	const char *text;    /* of a string */
	int64_t number;	     /* of a JSON_INT; 1 for true */
	struct {
		const char *key, *text;
	} members[JSON_CELL_MEMBERS]; /* the first strings of an object */
	unsigned count;
};
/* Calls `row` with the cells of each object in the top-level array `array`, one cell a column name.
 * Of equal keys the first counts. false: there is no such array. */
typedef void (*json_row_fn)(const struct json_cell *cells, void *user);
bool json_rows_each(JsonRows *rows, const char *array, const char *const *columns, size_t count,
	json_row_fn row, void *user);

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
