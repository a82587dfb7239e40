/* SPDX-License-Identifier: MIT */
/* An answer's head and body as they come in: limits, ranges, what is collected or handed on. */
#include "lib/error.h"
#include "lib/http_private.h"

#include <string.h>
#include <time.h>

enum { MAX_HEAD = 256 << 10 /* bytes of header lines in one answer */ };

/* --- the head of an answer ----------------------------------------------------------------- */

void
http_answer_clear(struct http_head *head)
{
	g_free(head->cache_control);
	g_free(head->expires);
	g_free(head->date);
	g_free(head->age);
	g_free(head->location);
	g_free(head->encoding);
	*head = (struct http_head){.length = -1, .start = -1, .end = -1, .range_total = -1};
}

static void
replace(char **field, const char *value)
{
	g_free(*field);
	*field = g_strdup(value);
}

static void
read_content_type(HttpResponse *response, const char *value)
{
	g_auto(GStrv) parts = g_strsplit(value, ";", 8);
	if (!parts[0])
		return;
	g_free(response->content_type);
	response->content_type = g_ascii_strdown(g_strstrip(parts[0]), -1);
	for (char **part = parts + 1; *part; part++) {
		g_strstrip(*part);
		if (g_ascii_strncasecmp(*part, "charset=", 8) != 0)
			continue;
		g_free(response->charset);
		response->charset = g_strdup(g_strdelimit(g_strstrip(*part + 8), "\"'", ' '));
		g_strstrip(response->charset);
	}
}

/* A decimal number and nothing else, or -1. */
static int64_t
read_number(const char *text, const char **end)
{
	guint64 number = 0;
	char *stop = NULL;
	if (!g_ascii_isdigit(*text))
		return -1;
	number = g_ascii_strtoull(text, &stop, 10);
	*end = stop;
	return number <= INT64_MAX / 2 ? (int64_t)number : -1;
}

/* `bytes 100-199/1000`; the total may be `*`. */
static void
read_content_range(struct http_head *head, const char *value)
{
	if (g_ascii_strncasecmp(value, "bytes ", 6) != 0)
		return;
	const char *at = value + 6 + strspn(value + 6, " ");
	int64_t start = read_number(at, &at);
	int64_t end = start >= 0 && *at == '-' ? read_number(at + 1, &at) : -1;
	if (end < start || *at != '/')
		return;
	int64_t total = read_number(at + 1, &at);
	if (total >= 0 && end >= total)
		return;
	head->start = start;
	head->end = end;
	head->range_total = total;
}

static int64_t
read_retry_after(const char *value)
{
	const char *end;
	int64_t seconds = read_number(value, &end);
	int64_t date = seconds < 0 ? http_cache_date(value) : -1;
	if (date >= 0)
		seconds = date - (int64_t)time(NULL);
	return CLAMP(seconds, 0, 3600);
}

static void
read_header(struct http_transfer *t, const char *name, const char *value)
{
	HttpResponse *r = t->response;
	struct http_head *head = &t->head;
	const struct {
		const char *name;
		char **field;
	} texts[] = {{"etag", &r->etag}, {"last-modified", &r->last_modified},
		{"cache-control", &head->cache_control}, {"expires", &head->expires},
		{"date", &head->date}, {"age", &head->age}, {"location", &head->location},
		{"content-encoding", &head->encoding}};
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (g_ascii_strcasecmp(name, texts[i].name) == 0) {
			replace(texts[i].field, value);
			return;
		}
	}
	const char *end;
	if (g_ascii_strcasecmp(name, "content-type") == 0)
		read_content_type(r, value);
	else if (g_ascii_strcasecmp(name, "content-length") == 0)
		head->length = read_number(value, &end);
	else if (g_ascii_strcasecmp(name, "content-range") == 0)
		read_content_range(head, value);
	else if (g_ascii_strcasecmp(name, "accept-ranges") == 0)
		r->accepts_ranges = g_ascii_strcasecmp(value, "bytes") == 0;
	else if (g_ascii_strcasecmp(name, "retry-after") == 0)
		head->retry_after = read_retry_after(value);
}

/* A new status line: an interim answer's headers are forgotten. */
void
http_answer_begin(struct http_transfer *t)
{
	http_response_free(t->response);
	t->response = http_response_new(t->url);
	size_t bytes = t->head.bytes;
	http_answer_clear(&t->head);
	t->head.bytes = bytes;
	t->checked = false;
}

size_t
http_answer_header(char *bytes, size_t size, size_t count, void *user)
{
	struct http_transfer *t = user;
	size_t length = size * count;
	t->head.bytes += length;
	if (t->head.bytes > MAX_HEAD) {
		error_set(&t->error, ERROR_NETWORK, "more than %d bytes of headers for url: %s",
			(int)MAX_HEAD, t->url);
		return 0;
	}
	if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
		http_answer_begin(t);
		return length;
	}
	const char *colon = memchr(bytes, ':', length);
	if (!colon || !t->response)
		return length;
	g_autofree char *name = g_strndup(bytes, (gsize)(colon - bytes));
	g_autofree char *value = g_strndup(colon + 1, (gsize)(bytes + length - colon - 1));
	read_header(t, name, g_strstrip(value));
	return length;
}

long
http_answer_status(struct http_transfer *t)
{
	long status = 0;
	t->http->curl->curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* --- the body ------------------------------------------------------------------------------ */

bool
http_answer_is_part(const struct http_transfer *t)
{
	return t->range_start != 0 || t->range_end != 0;
}

void
http_answer_drop(struct http_transfer *t)
{
	t->received = t->resume_at = 0;
	t->total = -1;
	if (t->body)
		g_byte_array_set_size(t->body, 0);
}

/* Does a 206 bring what was asked for? Servers and caches that answer with other bytes exist. */
static bool
check_range(struct http_transfer *t)
{
	const struct http_head *head = &t->head;
	int64_t wanted = t->range_start + t->resume_at;
	if (t->range_start < 0)
		wanted = head->range_total < 0 ? -1 : MAX(head->range_total + t->range_start, 0);
	bool to_end = t->range_end == 0;
	bool good = head->start >= 0 && head->start == wanted &&
		    (http_answer_is_part(t) || t->resume_at > 0) &&
		    (t->range_end == 0 || head->end <= t->range_end) &&
		    (!to_end || head->range_total < 0 || head->end == head->range_total - 1) &&
		    (t->total < 0 || head->range_total < 0 || t->total == head->range_total);
	if (good) {
		t->total = t->total < 0 ? head->range_total : t->total;
		t->base = head->start - t->resume_at;
		return true;
	}
	if (t->resume_at > 0) {
		t->restart = true;
		return false;
	}
	return error_set(&t->error, ERROR_NETWORK,
		"the Content-Range of the answer is not what was asked for, for url: %s", t->url);
}

/* At the first byte of a body: is it the one that was asked for? */
bool
http_answer_check(struct http_transfer *t)
{
	t->checked = true;
	t->response->status = http_answer_status(t);
	if (t->response->status == 206)
		return check_range(t);
	if (t->response->status == 200) {
		http_answer_drop(t);
		t->base = 0;
		t->total = t->head.encoding ? -1 : t->head.length;
		const HttpResponse *r = t->response;
		bool strong = r->etag && !g_str_has_prefix(r->etag, "W/");
		replace(&t->validator, strong ? r->etag : r->last_modified);
	}
	return true;
}

static bool
take_bytes(struct http_transfer *t, const char *bytes, size_t length)
{
	if (t->received + (int64_t)length > t->max_size)
		return error_set(&t->error, ERROR_NETWORK,
			"larger than %" G_GINT64_FORMAT " bytes: url: %s", t->max_size, t->url);
	if (t->sink)
		return t->sink(bytes, length, t->base + t->received, t->user, &t->error);
	if (!t->body)
		t->body = g_byte_array_sized_new((guint)CLAMP(t->head.length, 4096, 1 << 24));
	g_byte_array_append(t->body, (const guint8 *)bytes, (guint)length);
	return true;
}

size_t
http_answer_body(char *bytes, size_t size, size_t count, void *user)
{
	struct http_transfer *t = user;
	size_t length = size * count;
	if (t->cancelled)
		return 0;
	if (!t->response)
		http_answer_begin(t);
	if (!t->checked && !http_answer_check(t))
		return 0;
	if (t->response->status != 200 && t->response->status != 206)
		return length; /* an error's or a redirect's page */
	if (!take_bytes(t, bytes, length))
		return 0;
	t->received += (int64_t)length;
	if (t->progress && !t->cancelled)
		t->progress(t->received, t->total, t->user);
	return t->cancelled ? 0 : length;
}
