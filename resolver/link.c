/* SPDX-License-Identifier: MIT */
/* pip's links_equivalent, as a key for tables. */
#include "resolver/link.h"

#include "lib/texts.h"

#include <glib.h>

#include <string.h>

/* The parts between `&`, decoded and sorted, without those that `drop` names. */
static void
append_parts(GString *key, char mark, const char *text, const char *drop)
{
	g_auto(GStrv) parts = g_strsplit(text, "&", -1);
	g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = 0; parts[i]; i++) {
		char *part = g_uri_unescape_string(parts[i], NULL);
		if (!part)
			part = g_strdup(parts[i]);
		if (*part && !(drop && g_str_has_prefix(part, drop)))
			g_ptr_array_add(kept, part);
		else
			g_free(part);
	}
	g_ptr_array_sort(kept, texts_compare);
	for (guint i = 0; i < kept->len; i++)
		g_string_append_printf(
			key, "%c%s", i == 0 ? mark : '&', (const char *)kept->pdata[i]);
}

/* scheme://host/path without user and password; a file's host is always localhost. */
static void
append_place(GString *key, const char *url, size_t length)
{
	g_autofree char *place = g_strndup(url, length);
	char *start = strstr(place, "://");
	if (!start) {
		g_string_append(key, place);
		return;
	}
	g_autofree char *scheme = g_ascii_strdown(place, start - place);
	start += 3;
	size_t host_length = strcspn(start, "/");
	g_autofree char *host = g_strndup(start, host_length);
	const char *at = strrchr(host, '@');
	const char *name = at ? at + 1 : host;
	if (!*name && strcmp(scheme, "file") == 0)
		name = "localhost";
	g_string_append_printf(key, "%s://%s%s", scheme, name, start + host_length);
}

char *
link_key(const char *url)
{
	GString *key = g_string_new(NULL);
	size_t plain = strcspn(url, "?#");
	append_place(key, url, plain);
	const char *query = url[plain] == '?' ? url + plain + 1 : "";
	const char *fragment = strchr(url, '#');
	g_autofree char *asked = g_strndup(query, strcspn(query, "#"));
	append_parts(key, '?', asked, NULL);
	append_parts(key, '#', fragment ? fragment + 1 : "", "egg=");
	return g_string_free(key, FALSE);
}
