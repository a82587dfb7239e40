/* SPDX-License-Identifier: MIT */
/* Filling text into lines, for help and long messages. */
#pragma once
#include <glib.h>

/* Appends the words of `text` in lines of at most `width` columns. The first line goes where `out`
 * ends, `indent` blanks start the following ones; no final line feed. */
void wrap_append(GString *out, const char *text, size_t width, size_t indent);
