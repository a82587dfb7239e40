/* SPDX-License-Identifier: MIT */
/* A requirements file's bytes as logical lines: decoded, joined, without comments, ${VAR} filled
 * in. */
#pragma once
#include "lib/error.h"

/* Decodes by byte order mark, by a PEP 263 comment in the first two lines, else as UTF-8. New
 * string, without NUL. `name` stands for the file in errors. ERROR_INVALID_INPUT. */
char *reqlines_decode(const char *bytes, size_t length, const char *name, GError **error);

struct reqlines_line {
	char *text; /* not empty */
	int number; /* of the first physical line, from 1 */
};
void reqlines_line_free(void *line);

/* The logical lines of a decoded text: array of struct reqlines_line *. ERROR_INVALID_INPUT. */
GPtrArray *reqlines_split(const char *text, const char *name, GError **error);

/* Takes a line apart as pip does: the words before the first that begins with `-` go to *argument
 * (stripped, may be ""), the rest is split by a POSIX shell's quoting into *words. */
bool reqlines_break(const char *line, char **argument, char ***words, GError **error);
