/* SPDX-License-Identifier: MIT */
/* The parts of URLs that the HTTP client looks at. */
#include "lib/error.h"
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

/* The last `@` of the authority, or NULL. */
static const char *
user_end(const char *at, size_t length)
{
	const char *mark = NULL;
	for (size_t i = 0; at && i < length; i++)
		if (at[i] == '@')
			mark = at + i;
	return mark;
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
http_url_origin(const char *url)
{
	g_autofree char *host = NULL, *host_port = NULL;
	bool tls = g_ascii_strncasecmp(url, "https:", 6) == 0;
	if ((!tls && g_ascii_strncasecmp(url, "http:", 5) != 0) ||
		!http_url_host(url, &host, &host_port))
		return NULL;
	const char *port = host_port + strlen(host);
	bool standard = !*port || strcmp(port, ":") == 0 || strcmp(port, tls ? ":443" : ":80") == 0;
	return g_strconcat(tls ? "https://" : "http://", host, standard ? "" : port, NULL);
}

char *
http_url_split(const char *url, char **user, char **password)
{
	size_t length, whole = strcspn(url, "#");
	const char *at = authority(url, &length), *mark = user_end(at, at ? length : 0);
	*user = *password = NULL;
	if (!mark)
		return g_strndup(url, whole);
	const char *colon = memchr(at, ':', (size_t)(mark - at));
	g_autofree char *name = g_strndup(at, (gsize)((colon ? colon : mark) - at));
	g_autofree char *secret = colon ? g_strndup(colon + 1, (gsize)(mark - colon - 1)) : NULL;
	*user = g_uri_unescape_string(name, NULL);
	if (!*user)
		*user = g_steal_pointer(&name);
	*password = secret ? g_uri_unescape_string(secret, NULL) : NULL;
	if (secret && !*password)
		*password = g_steal_pointer(&secret);
	return g_strdup_printf("%.*s%.*s", (int)(at - url), url,
		(int)(whole - (size_t)(mark + 1 - url)), mark + 1);
}

char *
http_url_redirect(const char *from, const char *location, GError **error)
{
	for (const char *c = location; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f) {
			error_set(error, ERROR_NETWORK, "redirected to an invalid URL for url: %s",
				from);
			return NULL;
		}
	}
	/* Some servers send blanks and other bytes as they are. */
	g_autofree char *escaped = g_uri_escape_string(location, ":/?#[]@!$&'()*+,;=%", FALSE);
	g_autofree char *to = g_uri_resolve_relative(
		from, escaped, G_URI_FLAGS_ENCODED | G_URI_FLAGS_PARSE_RELAXED, NULL);
	if (to && (g_ascii_strncasecmp(to, "http://", 7) == 0 ||
			  g_ascii_strncasecmp(to, "https://", 8) == 0))
		return g_steal_pointer(&to);
	error_set(error, ERROR_NETWORK,
		"redirected to `%s`, which is no http or https URL, for url: %s", escaped, from);
	return NULL;
}

char *
http_strip_url(const char *url)
{
	g_autofree char *user = NULL, *password = NULL;
	return http_url_split(url, &user, &password);
}

char *
http_redact_url(const char *url)
{
	size_t length;
	const char *at = authority(url, &length), *mark = user_end(at, at ? length : 0);
	if (!mark)
		return g_strdup(url);
	const char *colon = memchr(at, ':', (size_t)(mark - at));
	/* A user name alone is a token: pip hides it whole. */
	return colon ? g_strdup_printf(
			       "%.*s%.*s:****%s", (int)(at - url), url, (int)(colon - at), at, mark)
		     : g_strdup_printf("%.*s****%s", (int)(at - url), url, mark);
}
