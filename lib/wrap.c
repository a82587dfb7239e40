/* SPDX-License-Identifier: MIT */
#include "lib/wrap.h"

#include <string.h>

void
wrap_append(GString *out, const char *text, size_t width, size_t indent)
{
	size_t column = 0;
	for (const char *at = text + strspn(text, " \n"); *at; at += strspn(at, " \n")) {
		size_t size = strcspn(at, " \n");
		size_t columns = (size_t)g_utf8_strlen(at, (gssize)size);
		if (column && column + 1 + columns > width) {
			g_string_append_printf(out, "\n%*s", (int)indent, "");
			column = 0;
		} else if (column) {
			g_string_append_c(out, ' ');
			column++;
		}
		g_string_append_len(out, at, (gssize)size);
		column += columns;
		at += size;
	}
}
