/* SPDX-License-Identifier: MIT */
#include "resolver/simple_link.h"

#include <string.h>

char *
link_resolve(const char *base, const char *url, char **fragment)
{
	g_autofree char *clean = g_strstrip(g_strdup(url));
	char *mark = strchr(clean, '#');
	*fragment = g_strdup(mark ? mark + 1 : "");
	if (mark)
		*mark = '\0';
	/* Most indexes give whole URLs: no need to take them apart. */
	bool web = g_str_has_prefix(clean, "https://") || g_str_has_prefix(clean, "http://");
	char *absolute = web && !strstr(clean, "/../") && !strpbrk(clean, " \"<>\\")
				 ? g_strdup(clean)
				 : g_uri_resolve_relative(base, clean,
					   G_URI_FLAGS_ENCODED | G_URI_FLAGS_PARSE_RELAXED, NULL);
	bool local_page = g_ascii_strncasecmp(base, "file:", 5) == 0;
	bool local = absolute && g_ascii_strncasecmp(absolute, "file:", 5) == 0;
	web = absolute && (g_ascii_strncasecmp(absolute, "https:", 6) == 0 ||
				  g_ascii_strncasecmp(absolute, "http:", 5) == 0);
	if (web || (local && local_page))
		return absolute;
	g_free(absolute);
	g_clear_pointer(fragment, g_free);
	return NULL;
}

char *
link_filename(const char *url)
{
	const char *path = strstr(url, "://");
	path = path ? path + 3 : url;
	size_t length = strcspn(path, "?#");
	const char *name = path;
	for (size_t i = 0; i < length; i++)
		if (path[i] == '/')
			name = path + i + 1;
	g_autofree char *part = g_strndup(name, length - (size_t)(name - path));
	char *decoded = g_uri_unescape_string(part, "/");
	return decoded ? decoded : g_strdup("");
}

int64_t
link_time(const char *text)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) time = text ? g_date_time_new_from_iso8601(text, utc) : NULL;
	if (!time)
		return INT64_MIN;
	return g_date_time_to_unix(time) * 1000000 + g_date_time_get_microsecond(time);
}
