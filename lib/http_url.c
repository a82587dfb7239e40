/* SPDX-License-Identifier: MIT */
/* The parts of URLs that the HTTP client looks at. */
#include "lib/http_private.h"

#include <string.h>

/* The authority: from behind `//` to the path. */
static const char *
authority(const char *url, size_t *length)
{
	const char *at = strstr(url, "://");
	if (!at)
		return NULL;
	at += 3;
	*length = strcspn(at, "/?#");
	return at;
}

bool
http_url_host(const char *url, char **host, char **host_port)
{
	size_t length;
	const char *at = authority(url, &length);
	if (!at)
		return false;
	g_autofree char *text = g_ascii_strdown(at, (gssize)length);
	char *user = strrchr(text, '@');
	char *start = user ? user + 1 : text;
	char *close = *start == '[' ? strchr(start, ']') : NULL;
	char *colon = close ? (close[1] == ':' ? close + 1 : NULL) : strrchr(start, ':');
	*host_port = g_strdup(start);
	*host = colon ? g_strndup(start, (gsize)(colon - start)) : g_strdup(start);
	return true;
}

char *
http_redact_url(const char *url)
{
	size_t length;
	const char *at = authority(url, &length);
	const char *mark = NULL;
	for (size_t i = 0; at && i < length; i++)
		if (at[i] == '@')
			mark = at + i;
	if (!mark)
		return g_strdup(url);
	const char *colon = memchr(at, ':', (size_t)(mark - at));
	const char *user_end = colon ? colon : mark;
	/* A user name alone is a token: pip hides it whole. */
	return colon ? g_strdup_printf("%.*s%.*s:****%s", (int)(at - url), url,
			       (int)(user_end - at), at, mark)
		     : g_strdup_printf("%.*s****%s", (int)(at - url), url, mark);
}
