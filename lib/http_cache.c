/* SPDX-License-Identifier: MIT */
/* Answers kept on disk (RFC 9111): one file each, a few header lines, a blank line, the body. */
#include "lib/fs.h"
#include "lib/http_private.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define MAGIC "xpip-http-1\n"
enum { MAX_HEAD = 65536 };

char *
http_cache_path(const char *cache_dir, const char *url, const char *accept)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_checksum_update(sum, (const guchar *)url, (gssize)strlen(url));
	if (accept) {
		g_checksum_update(sum, (const guchar *)"\n", 1);
		g_checksum_update(sum, (const guchar *)accept, (gssize)strlen(accept));
	}
	const char *hex = g_checksum_get_string(sum);
	return g_strdup_printf("%s/http-v2/%c/%c/%c/%c/%c/%.56s", cache_dir, hex[0], hex[1], hex[2],
		hex[3], hex[4], hex);
}

int64_t
http_cache_date(const char *text)
{
	struct tm parts = {0};
	if (!text || !strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &parts))
		return -1;
	return (int64_t)timegm(&parts);
}

/* The number behind `name=`, or -1. */
static int64_t
directive(const char *cache_control, const char *name)
{
	const char *at = strstr(cache_control, name);
	return at ? g_ascii_strtoll(at + strlen(name), NULL, 10) : -1;
}

int64_t
http_cache_lifetime(const char *cache_control, const char *expires, const char *date,
	const char *age, int64_t now)
{
	g_autofree char *lower = g_ascii_strdown(cache_control ? cache_control : "", -1);
	if (strstr(lower, "no-store"))
		return 0;
	if (strstr(lower, "no-cache"))
		return now;
	int64_t seconds = directive(lower, "max-age=");
	if (seconds < 0 && expires) {
		int64_t end = http_cache_date(expires), start = http_cache_date(date);
		seconds = end >= 0 ? end - (start >= 0 ? start : now) : 0;
	}
	int64_t spent = age ? g_ascii_strtoll(age, NULL, 10) : 0;
	return now + CLAMP(seconds - MAX(spent, 0), 0, (int64_t)10 * 365 * 86400);
}

static char *
take_line(const char **at, const char *end)
{
	const char *stop = memchr(*at, '\n', (size_t)(end - *at));
	if (!stop)
		return NULL;
	char *line = g_strndup(*at, (gsize)(stop - *at));
	*at = stop + 1;
	return line;
}

static char *
or_null(char *text)
{
	if (text && !*text)
		g_clear_pointer(&text, g_free);
	return text;
}

HttpResponse *
http_cache_read(const char *cache_dir, const char *url, const char *accept)
{
	g_autofree char *path = http_cache_path(cache_dir, url, accept);
	size_t length = 0;
	bool absent = false;
	g_autofree char *bytes = fs_read(path, (size_t)1 << 30, &length, &absent, NULL);
	if (!bytes || length < strlen(MAGIC) || memcmp(bytes, MAGIC, strlen(MAGIC)) != 0)
		return NULL;
	const char *at = bytes + strlen(MAGIC), *end = bytes + length;
	g_autofree char *fresh = take_line(&at, end), *kept_url = take_line(&at, end),
			*type = take_line(&at, end), *charset = take_line(&at, end),
			*etag = take_line(&at, end), *modified = take_line(&at, end),
			*size = take_line(&at, end);
	if (!size || g_ascii_strtoull(size, NULL, 10) != (guint64)(end - at))
		return NULL;
	HttpResponse *response = g_new0(HttpResponse, 1);
	response->status = 200;
	response->url = g_steal_pointer(&kept_url);
	response->content_type = g_steal_pointer(&type);
	response->charset = or_null(g_steal_pointer(&charset));
	response->etag = or_null(g_steal_pointer(&etag));
	response->last_modified = or_null(g_steal_pointer(&modified));
	response->fresh_until = g_ascii_strtoll(fresh, NULL, 10);
	response->total = end - at;
	response->from_cache = true;
	size_t head = (size_t)(at - bytes);
	g_autoptr(GBytes) all = g_bytes_new_take(g_steal_pointer(&bytes), length);
	response->body = g_bytes_new_from_bytes(all, head, length - head);
	return response;
}

void
http_cache_write(
	const char *cache_dir, const char *url, const char *accept, const HttpResponse *response)
{
	gsize length = 0;
	const void *body = response->body ? g_bytes_get_data(response->body, &length) : "";
	g_autofree char *path = http_cache_path(cache_dir, url, accept);
	g_autofree char *folder = g_path_get_dirname(path);
	GString *out = g_string_sized_new(length + 512);
	g_string_append_printf(out,
		MAGIC "%" G_GINT64_FORMAT "\n%s\n%s\n%s\n%s\n%s\n%" G_GSIZE_FORMAT "\n",
		response->fresh_until, response->url, response->content_type,
		response->charset ? response->charset : "", response->etag ? response->etag : "",
		response->last_modified ? response->last_modified : "", length);
	g_string_append_len(out, body, (gssize)length);
	if (fs_mkdirs(folder, 0700, NULL))
		fs_write_atomic(path, out->str, out->len, 0600, false, NULL);
	g_string_free(out, TRUE);
}
