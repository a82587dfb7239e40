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

const char *
link_resolve_quick(const char *base, const char *url, GString *scratch)
{
	if (url[strcspn(url, " \t\r\n\"<>\\#")])
		return NULL;
	if (g_str_has_prefix(url, "https://") || g_str_has_prefix(url, "http://"))
		return strstr(url, "/../") || strstr(url, "/./") ? NULL : url;
	/* Up from the base's folder, as often as it says; never above the root. */
	size_t ups = 0;
	while (g_str_has_prefix(url, "../")) {
		url += 3;
		ups++;
	}
	const char *start = strstr(base, "://");
	const char *root = start ? strchr(start + 3, '/') : NULL;
	if (!root || !g_ascii_isalnum(*url) || strchr(url, ':') || strstr(url, "/.") ||
		base[strcspn(base, "?#")])
		return NULL;
	const char *end = base + strlen(base);
	for (size_t i = 0; i <= ups; i++) {
		do
			end--;
		while (end > root && *end != '/');
		if (end <= root && i < ups)
			return NULL;
	}
	g_string_truncate(scratch, 0);
	g_string_append_len(scratch, base, end + 1 - base);
	g_string_append(scratch, url);
	return scratch->str;
}

/* Two or more digits at *at, or -1. */
static int
take_digits(const char **at, int count)
{
	int number = 0;
	for (; count > 0; count--, (*at)++) {
		if (!g_ascii_isdigit(**at))
			return -1;
		number = number * 10 + (**at - '0');
	}
	return number;
}

/* `2024-05-29T12:34:56.123456Z`, the form that indexes write; false for others. */
static bool
quick_time(const char *text, int64_t *out)
{
	int parts[6], fraction = 0, scale = 1000000;
	static const char separators[] = "--T::";
	static const int widths[] = {4, 2, 2, 2, 2, 2};
	for (int i = 0; i < 6; i++) {
		parts[i] = take_digits(&text, widths[i]);
		if (parts[i] < 0 || (i < 5 && *text++ != separators[i]))
			return false;
	}
	if (*text == '.')
		for (text++; g_ascii_isdigit(*text) && scale > 1; text++) {
			scale /= 10;
			fraction += (*text - '0') * scale;
		}
	if (text[0] != 'Z' || text[1] || parts[0] < 1970 || parts[1] < 1 || parts[1] > 12 ||
		parts[2] < 1 ||
		parts[2] > g_date_get_days_in_month((GDateMonth)parts[1], (GDateYear)parts[0]) ||
		parts[3] > 23 || parts[4] > 59 || parts[5] > 59)
		return false;
	/* Days since 1970 of a calendar whose years begin in March. */
	int64_t year = parts[0] - (parts[1] <= 2), month = (parts[1] + 9) % 12;
	int64_t days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 +
		       parts[2] - 1 - 719468;
	*out = (((days * 24 + parts[3]) * 60 + parts[4]) * 60 + parts[5]) * 1000000 + fraction;
	return true;
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
	int64_t quick;
	if (text && quick_time(text, &quick))
		return quick;
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) time = text ? g_date_time_new_from_iso8601(text, utc) : NULL;
	if (!time)
		return INT64_MIN;
	return g_date_time_to_unix(time) * 1000000 + g_date_time_get_microsecond(time);
}
