/* SPDX-License-Identifier: MIT */
#include "lib/repr.h"

#include <glib.h>
#include <string.h>

static void
append_rune(GString *out, gunichar rune)
{
	if (rune == '\n')
		g_string_append(out, "\\n");
	else if (rune == '\r')
		g_string_append(out, "\\r");
	else if (rune == '\t')
		g_string_append(out, "\\t");
	else if (rune == ' ' || (g_unichar_isprint(rune) && !g_unichar_isspace(rune)))
		g_string_append_unichar(out, rune);
	else if (rune < 0x100)
		g_string_append_printf(out, "\\x%02x", rune);
	else if (rune < 0x10000)
		g_string_append_printf(out, "\\u%04x", rune);
	else
		g_string_append_printf(out, "\\U%08x", rune);
}

char *
repr_string(const char *text)
{
	char quote = strchr(text, '\'') && !strchr(text, '"') ? '"' : '\'';
	GString *out = g_string_sized_new(strlen(text) + 2);
	g_string_append_c(out, quote);
	while (*text) {
		gunichar rune = g_utf8_get_char_validated(text, -1);
		if (rune >= 0x110000) {
			g_string_append_printf(out, "\\x%02x", (unsigned char)*text++);
			continue;
		}
		if (rune == '\\' || rune == (gunichar)quote)
			g_string_append_c(out, '\\');
		if (rune == '\\' || rune == (gunichar)quote)
			g_string_append_unichar(out, rune);
		else
			append_rune(out, rune);
		text = g_utf8_next_char(text);
	}
	g_string_append_c(out, quote);
	return g_string_free(out, FALSE);
}
