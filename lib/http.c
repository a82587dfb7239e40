/* SPDX-License-Identifier: MIT */
/* Transfers on one curl multi handle: queue, retries, resume, limits. http_cache.c keeps answers.
 */
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/http_private.h"

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	MAX_RUNNING = 96,     /* transfers at a time; the rest is queued */
	MAX_CONNECTIONS = 16, /* to one host, HTTP/1.1 */
	MAX_REDIRECTS = 20,
	BUFFER_SIZE = 512 << 10,
	LOW_SPEED = 1,	     /* bytes a second over the time-out: silence */
	MAX_WAIT_MS = 30000, /* between attempts, Retry-After included */
};
#define MAX_MEMORY ((int64_t)1 << 30)

enum state {
	QUEUED,
	RUNNING,
	WAITING /* for another attempt */,
	READY /* answered without a transfer */
};

struct transfer {
	Http *http;
	unsigned id;
	enum state state;
	bool cancelled;
	/* the request; strings owned */
	char *url, *accept, *etag, *last_modified;
	enum http_cache cache;
	int64_t range_start, range_end, max_size;
	http_sink_fn sink;
	http_done_fn done;
	void *user;
	void (*progress)(int64_t now, int64_t total, void *user);
	bool priority;
	/* the attempt */
	CURL *easy;
	struct curl_slist *headers;
	unsigned attempts, resumes;
	int64_t not_before_us;
	int64_t received;  /* bytes of the body so far, over all attempts */
	int64_t resume_at; /* where this attempt began within the body */
	GByteArray *body;
	GError *error; /* from the sink, or a limit */
	HttpResponse *response;
	HttpResponse *stale; /* kept answer that this transfer revalidates */
	char *cache_control, *expires, *date, *age;
	int64_t content_length, content_start, retry_after;
	bool checked; /* status and ranges of this attempt were looked at */
};

struct Http {
	Loop *loop;
	Log *log;
	struct http_options options; /* strings owned */
	const struct load_curl *curl;
	CURLM *multi;
	GPtrArray *transfers; /* of struct transfer * */
	unsigned last_id, running;
	char *ca_file;
	bool freeing;
};

/* --- errors -------------------------------------------------------------------------------- */

/* GError has no payload: the status stands in the message, "GET url: 404 Not Found". */
long
http_error_status(const GError *error)
{
	if (!error || error->domain != XPIP_ERROR || error->code != ERROR_NETWORK ||
		!g_str_has_prefix(error->message, "GET "))
		return 0;
	const char *mark = strstr(error->message + 4, ": ");
	while (mark && strstr(mark + 2, ": "))
		mark = strstr(mark + 2, ": ");
	long status = mark ? strtol(mark + 2, NULL, 10) : 0;
	return status >= 400 && status < 600 ? status : 0;
}

static const char *
reason(long status)
{
	static const struct {
		long status;
		const char *text;
	} reasons[] = {{400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"},
		{404, "Not Found"}, {405, "Method Not Allowed"},
		{407, "Proxy Authentication Required"}, {410, "Gone"},
		{416, "Range Not Satisfiable"}, {429, "Too Many Requests"},
		{500, "Internal Server Error"}, {501, "Not Implemented"}, {502, "Bad Gateway"},
		{503, "Service Unavailable"}, {504, "Gateway Timeout"}};
	for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return status >= 500 ? "Server Error" : "Client Error";
}

/* --- responses ----------------------------------------------------------------------------- */

void
http_response_free(HttpResponse *response)
{
	if (!response)
		return;
	g_free(response->url);
	g_free(response->content_type);
	g_free(response->charset);
	g_free(response->etag);
	g_free(response->last_modified);
	if (response->body)
		g_bytes_unref(response->body);
	g_free(response);
}

static void
transfer_free(struct transfer *t)
{
	const struct load_curl *curl = t->http->curl;
	if (t->easy) {
		if (t->state == RUNNING)
			curl->curl_multi_remove_handle(t->http->multi, t->easy);
		curl->curl_easy_cleanup(t->easy);
	}
	if (t->headers)
		curl->curl_slist_free_all(t->headers);
	g_free(t->url);
	g_free(t->accept);
	g_free(t->etag);
	g_free(t->last_modified);
	if (t->body)
		g_byte_array_unref(t->body);
	g_clear_error(&t->error);
	http_response_free(t->response);
	http_response_free(t->stale);
	g_free(t->cache_control);
	g_free(t->expires);
	g_free(t->date);
	g_free(t->age);
	g_free(t);
}

static void
forget(struct transfer *t)
{
	g_ptr_array_remove(t->http->transfers, t);
	transfer_free(t);
}

static void
answer(struct transfer *t, HttpResponse *response, GError *error)
{
	g_autoptr(GError) owned = error;
	if (t->cancelled)
		http_response_free(response);
	else
		t->done(response, owned, t->user);
	forget(t);
}

static HttpResponse *
new_response(const char *url)
{
	HttpResponse *response = g_new0(HttpResponse, 1);
	response->url = http_redact_url(url);
	response->content_type = g_strdup("");
	response->total = -1;
	return response;
}

/* --- reading an answer --------------------------------------------------------------------- */

static void
replace(char **field, const char *value)
{
	g_free(*field);
	*field = g_strdup(value);
}

static void
read_content_type(HttpResponse *response, const char *value)
{
	g_auto(GStrv) parts = g_strsplit(value, ";", -1);
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

/* `bytes 100-199/1000`, `bytes 0-9` followed by `/` and `*`. */
static void
read_content_range(struct transfer *t, const char *value)
{
	char *end;
	if (g_ascii_strncasecmp(value, "bytes ", 6) != 0)
		return;
	t->content_start = g_ascii_strtoll(value + 6, &end, 10);
	const char *slash = strchr(end, '/');
	if (slash && g_ascii_isdigit(slash[1]))
		t->response->total = g_ascii_strtoll(slash + 1, NULL, 10);
}

static void
read_header(struct transfer *t, const char *name, const char *value)
{
	HttpResponse *r = t->response;
	if (g_ascii_strcasecmp(name, "content-type") == 0)
		read_content_type(r, value);
	else if (g_ascii_strcasecmp(name, "content-length") == 0)
		t->content_length = g_ascii_strtoll(value, NULL, 10);
	else if (g_ascii_strcasecmp(name, "content-range") == 0)
		read_content_range(t, value);
	else if (g_ascii_strcasecmp(name, "etag") == 0)
		replace(&r->etag, value);
	else if (g_ascii_strcasecmp(name, "last-modified") == 0)
		replace(&r->last_modified, value);
	else if (g_ascii_strcasecmp(name, "accept-ranges") == 0)
		r->accepts_ranges = g_ascii_strcasecmp(value, "bytes") == 0;
	else if (g_ascii_strcasecmp(name, "cache-control") == 0)
		replace(&t->cache_control, value);
	else if (g_ascii_strcasecmp(name, "expires") == 0)
		replace(&t->expires, value);
	else if (g_ascii_strcasecmp(name, "date") == 0)
		replace(&t->date, value);
	else if (g_ascii_strcasecmp(name, "age") == 0)
		replace(&t->age, value);
	else if (g_ascii_strcasecmp(name, "retry-after") == 0)
		t->retry_after = CLAMP(g_ascii_strtoll(value, NULL, 10), 0, 3600);
}

/* A new status line: a redirect's or an interim answer's headers are forgotten. */
static void
begin_answer(struct transfer *t)
{
	http_response_free(t->response);
	t->response = new_response(t->url);
	g_clear_pointer(&t->cache_control, g_free);
	g_clear_pointer(&t->expires, g_free);
	g_clear_pointer(&t->date, g_free);
	g_clear_pointer(&t->age, g_free);
	t->content_length = t->content_start = -1;
	t->retry_after = 0;
	t->checked = false;
}

static size_t
on_header(char *bytes, size_t size, size_t count, void *user)
{
	struct transfer *t = user;
	size_t length = size * count;
	if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
		begin_answer(t);
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

static long
status_of(struct transfer *t)
{
	long status = 0;
	t->http->curl->curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* At the first byte of a body: is it the one that was asked for? */
static bool
check_answer(struct transfer *t)
{
	t->checked = true;
	long status = t->response->status = status_of(t);
	if (status == 206 && t->content_start >= 0) {
		int64_t wanted = t->range_start < 0 ? t->content_start + t->resume_at
						    : t->range_start + t->resume_at;
		if (t->range_start < 0 && t->resume_at > 0)
			return error_set(&t->error, ERROR_NETWORK, "GET %s: cannot resume", t->url);
		if (t->content_start != wanted)
			return error_set(&t->error, ERROR_NETWORK,
				"GET %s: Content-Range starts at %" G_GINT64_FORMAT
				" instead of %" G_GINT64_FORMAT,
				t->url, t->content_start, wanted);
	} else if (t->received > 0) {
		/* The whole body again. */
		t->received = t->resume_at = 0;
		if (t->body)
			g_byte_array_set_size(t->body, 0);
	}
	return true;
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *user)
{
	struct transfer *t = user;
	size_t length = size * count;
	if (!t->response)
		begin_answer(t);
	if (!t->checked && !check_answer(t))
		return 0;
	if (t->response->status >= 300)
		return length;
	if (t->received + (int64_t)length > t->max_size) {
		error_set(&t->error, ERROR_NETWORK,
			"GET %s: larger than %" G_GINT64_FORMAT " bytes", t->url, t->max_size);
		return 0;
	}
	if (t->sink) {
		int64_t at =
			(t->response->status == 206 ? MAX(t->content_start - t->resume_at, 0) : 0) +
			t->received;
		if (!t->sink(bytes, length, at, t->user, &t->error))
			return 0;
	} else {
		if (!t->body)
			t->body = g_byte_array_sized_new(
				(guint)CLAMP(t->content_length, 4096, 1 << 26));
		g_byte_array_append(t->body, (const guint8 *)bytes, (guint)length);
	}
	t->received += (int64_t)length;
	if (t->progress)
		t->progress(t->received, t->content_length, t->user);
	return length;
}

/* --- starting ------------------------------------------------------------------------------ */

static bool
host_matches(const char *const *hosts, const char *url)
{
	g_autofree char *host = NULL, *host_port = NULL;
	if (!hosts || !http_url_host(url, &host, &host_port))
		return false;
	for (; *hosts; hosts++)
		if (g_ascii_strcasecmp(*hosts, host) == 0 ||
			g_ascii_strcasecmp(*hosts, host_port) == 0)
			return true;
	return false;
}

bool
http_is_secure(const Http *http, const char *url)
{
	g_autofree char *scheme = g_uri_parse_scheme(url);
	if (!scheme || g_ascii_strcasecmp(scheme, "http") != 0)
		return true;
	g_autofree char *host = NULL, *host_port = NULL;
	if (!http_url_host(url, &host, &host_port))
		return false;
	return g_str_equal(host, "localhost") || g_str_has_prefix(host, "127.") ||
	       g_str_equal(host, "[::1]") || host_matches(http->options.trusted_hosts, url);
}

static void
add_header(struct transfer *t, const char *name, const char *value)
{
	g_autofree char *line = g_strdup_printf("%s: %s", name, value);
	t->headers = t->http->curl->curl_slist_append(t->headers, line);
}

static void
set_headers(struct transfer *t)
{
	const HttpResponse *stale = t->stale;
	const char *etag = t->etag ? t->etag : stale ? stale->etag : NULL;
	const char *modified = t->last_modified ? t->last_modified
			       : stale		? stale->last_modified
						: NULL;
	if (t->headers)
		t->http->curl->curl_slist_free_all(g_steal_pointer(&t->headers));
	if (t->accept)
		add_header(t, "Accept", t->accept);
	if (t->cache == HTTP_CACHE_REFRESH)
		add_header(t, "Cache-Control", "max-age=0");
	if (etag)
		add_header(t, "If-None-Match", etag);
	else if (modified)
		add_header(t, "If-Modified-Since", modified);
	if (t->received > 0 && t->response && t->response->etag)
		add_header(t, "If-Range", t->response->etag);
}

static void
set_range(struct transfer *t)
{
	const struct load_curl *curl = t->http->curl;
	g_autofree char *range = NULL;
	t->resume_at = t->received;
	if (t->range_start < 0)
		range = g_strdup_printf("%" G_GINT64_FORMAT, t->range_start);
	else if (t->range_end > 0)
		range = g_strdup_printf("%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT,
			t->range_start + t->received, t->range_end);
	else if (t->range_start + t->received > 0)
		range = g_strdup_printf("%" G_GINT64_FORMAT "-", t->range_start + t->received);
	curl->curl_easy_setopt(t->easy, CURLOPT_RANGE, range);
}

static void
set_security(struct transfer *t)
{
	const Http *http = t->http;
	const struct load_curl *curl = http->curl;
	bool trusted = host_matches(http->options.trusted_hosts, t->url);
	curl->curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYPEER, trusted ? 0L : 1L);
	curl->curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYHOST, trusted ? 0L : 2L);
	if (http->ca_file)
		curl->curl_easy_setopt(t->easy, CURLOPT_CAINFO, http->ca_file);
	if (http->options.client_cert) {
		curl->curl_easy_setopt(t->easy, CURLOPT_SSLCERT, http->options.client_cert);
		curl->curl_easy_setopt(t->easy, CURLOPT_SSLKEY, http->options.client_cert);
	}
	bool https = g_ascii_strncasecmp(t->url, "https:", 6) == 0;
	curl->curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl->curl_easy_setopt(
		t->easy, CURLOPT_REDIR_PROTOCOLS_STR, https && !trusted ? "https" : "http,https");
	curl->curl_easy_setopt(t->easy, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
	const char *netrc = g_getenv("NETRC");
	if (netrc)
		curl->curl_easy_setopt(t->easy, CURLOPT_NETRC_FILE, netrc);
}

static void
set_options(struct transfer *t)
{
	const Http *http = t->http;
	const struct load_curl *curl = http->curl;
	CURL *easy = t->easy;
	curl->curl_easy_setopt(easy, CURLOPT_URL, t->url);
	curl->curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	curl->curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl->curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	curl->curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl->curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	curl->curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl->curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl->curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
	curl->curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl->curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
	curl->curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)BUFFER_SIZE);
	curl->curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl->curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)http->options.timeout_s);
	curl->curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)LOW_SPEED);
	curl->curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)http->options.timeout_s);
	curl->curl_easy_setopt(easy, CURLOPT_USERAGENT, http->options.user_agent);
	/* Pages may come compressed; files are taken as they are. */
	if (t->accept && !t->sink && t->range_start == 0 && t->range_end == 0)
		curl->curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
	if (http->options.proxy)
		curl->curl_easy_setopt(easy, CURLOPT_PROXY, http->options.proxy);
	else if (http->options.no_proxy_env)
		curl->curl_easy_setopt(easy, CURLOPT_PROXY, "");
	set_security(t);
}

static void
start(struct transfer *t)
{
	Http *http = t->http;
	if (!t->easy) {
		t->easy = http->curl->curl_easy_init();
		set_options(t);
	}
	set_headers(t);
	set_range(t);
	http->curl->curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	t->checked = false;
	t->attempts++;
	t->state = RUNNING;
	http->running++;
	http->curl->curl_multi_add_handle(http->multi, t->easy);
}

/* --- ending -------------------------------------------------------------------------------- */

static bool
is_transient(CURLcode code, long status)
{
	switch (code) {
	case CURLE_OK:
		return status == 500 || status == 502 || status == 503 || status == 520 ||
		       status == 524 || status == 429;
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return true;
	default:
		return false;
	}
}

/* Another attempt, if there is one left: from where the body broke off when that is safe. */
static bool
retry(struct transfer *t, CURLcode code, long status)
{
	const struct http_options *o = &t->http->options;
	if (t->error || !is_transient(code, status) || t->cancelled)
		return false;
	bool progressed = t->received > t->resume_at;
	unsigned *used = t->received > 0 && progressed ? &t->resumes : NULL;
	unsigned limit = (unsigned)MAX(used ? o->resume_retries : o->retries, 0);
	unsigned spent = used ? ++*used : t->attempts;
	if (spent > limit)
		return false;
	bool can_resume = t->received > 0 && t->response && t->response->etag &&
			  !g_str_has_prefix(t->response->etag, "W/") && t->range_start >= 0;
	if (!can_resume) {
		t->received = 0;
		if (t->body)
			g_byte_array_set_size(t->body, 0);
	}
	int64_t wait_ms = t->attempts > 1 || used ? (int64_t)250 << MIN(t->attempts - 1, 7) : 0;
	wait_ms = MIN(MAX(wait_ms, t->retry_after * 1000), MAX_WAIT_MS);
	t->not_before_us = g_get_monotonic_time() + wait_ms * 1000;
	g_autofree char *shown = http_redact_url(t->url);
	log_warning(t->http->log, "Retrying (%u of %u) after connection broken by '%s': %s", spent,
		limit, code == CURLE_OK ? reason(status) : t->http->curl->curl_easy_strerror(code),
		shown);
	t->state = WAITING;
	return true;
}

static GError *
transfer_error(struct transfer *t, CURLcode code, long status)
{
	g_autofree char *shown = http_redact_url(t->url);
	GError *error = NULL;
	if (t->error)
		return g_steal_pointer(&t->error);
	if (code == CURLE_OK)
		error_set(&error, ERROR_NETWORK, "GET %s: %ld %s", shown, status, reason(status));
	else
		error_set(&error, ERROR_NETWORK, "GET %s: %s", shown,
			t->http->curl->curl_easy_strerror(code));
	return error;
}

/* The kept answer is still good: 304. */
static HttpResponse *
revalidated(struct transfer *t)
{
	HttpResponse *kept = g_steal_pointer(&t->stale);
	kept->fresh_until = t->response->fresh_until;
	if (t->http->options.cache_dir)
		http_cache_write(t->http->options.cache_dir, t->url, t->accept, kept);
	return kept;
}

static HttpResponse *
take_response(struct transfer *t, long status)
{
	if (!t->response)
		begin_answer(t);
	HttpResponse *r = t->response;
	char *url = NULL;
	r->status = status;
	r->fresh_until = http_cache_lifetime(
		t->cache_control, t->expires, t->date, t->age, (int64_t)time(NULL));
	if (status == 304 && t->stale)
		return revalidated(t);
	t->http->curl->curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &url);
	if (url) {
		g_free(r->url);
		r->url = http_redact_url(url);
	}
	if (status == 206)
		r->range_start = MAX(t->content_start - t->resume_at, 0);
	else if (t->content_length >= 0)
		r->total = t->content_length;
	if (!t->sink)
		r->body = t->body ? g_byte_array_free_to_bytes(g_steal_pointer(&t->body))
				  : g_bytes_new(NULL, 0);
	if (status == 200 && !t->sink && t->cache != HTTP_CACHE_NONE && r->fresh_until > 0 &&
		t->http->options.cache_dir)
		http_cache_write(t->http->options.cache_dir, t->url, t->accept, r);
	return g_steal_pointer(&t->response);
}

static void
finish(struct transfer *t, CURLcode code)
{
	Http *http = t->http;
	long status = status_of(t);
	http->curl->curl_multi_remove_handle(http->multi, t->easy);
	http->running--;
	t->state = READY;
	bool good = code == CURLE_OK &&
		    (status == 200 || status == 206 ||
			    (status == 304 && (t->stale || t->etag || t->last_modified)));
	if (good && !t->checked && t->response && !check_answer(t))
		good = false;
	if (good)
		answer(t, take_response(t, status), NULL);
	else if (!retry(t, code, status))
		answer(t, NULL, transfer_error(t, code, status));
}

/* --- the loop ------------------------------------------------------------------------------ */

static struct transfer *
next_queued(Http *http)
{
	struct transfer *first = NULL;
	for (guint i = 0; i < http->transfers->len; i++) {
		struct transfer *t = g_ptr_array_index(http->transfers, i);
		if (t->state != QUEUED)
			continue;
		if (t->priority)
			return t;
		if (!first)
			first = t;
	}
	return first;
}

static bool
load(Http *http, GError **error)
{
	if (http->multi)
		return true;
	http->curl = load_curl(error);
	if (!http->curl)
		return false;
	http->multi = http->curl->curl_multi_init();
	http->curl->curl_multi_setopt(
		http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)MAX_CONNECTIONS);
	http->curl->curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	http->curl->curl_multi_setopt(http->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, 100L);
	return true;
}

static void
answer_file(struct transfer *t)
{
	GError *error = NULL;
	g_autofree char *path = fs_url_to_path(t->url, &error);
	size_t length = 0;
	bool absent = false;
	char *bytes = path ? fs_read(path, (size_t)t->max_size, &length, &absent, &error) : NULL;
	if (!bytes) {
		answer(t, NULL, error);
		return;
	}
	HttpResponse *response = new_response(t->url);
	response->status = 200;
	response->total = (int64_t)length;
	if (t->sink) {
		bool ok = t->sink(bytes, length, 0, t->user, &error);
		g_free(bytes);
		if (!ok)
			g_clear_pointer(&response, http_response_free);
	} else {
		response->body = g_bytes_new_take(bytes, length);
	}
	answer(t, response, error);
}

/* Answers what needs no transfer; true if something was answered. */
static bool
answer_ready(Http *http)
{
	for (guint i = 0; i < http->transfers->len; i++) {
		struct transfer *t = g_ptr_array_index(http->transfers, i);
		if (t->state != READY)
			continue;
		if (t->cancelled)
			forget(t);
		else if (t->error)
			answer(t, NULL, g_steal_pointer(&t->error));
		else if (t->response)
			answer(t, g_steal_pointer(&t->response), NULL);
		else
			answer_file(t);
		return true;
	}
	return false;
}

/* Begins queued and repeated transfers; ms until the next repetition, or -1. */
static int
start_due(Http *http)
{
	int wait = -1;
	int64_t now = g_get_monotonic_time();
	for (guint i = 0; i < http->transfers->len; i++) {
		struct transfer *t = g_ptr_array_index(http->transfers, i);
		if (t->state != WAITING)
			continue;
		int64_t left = (t->not_before_us - now + 999) / 1000;
		if (left <= 0)
			start(t);
		else if (wait < 0 || left < wait)
			wait = (int)left;
	}
	struct transfer *t;
	while (http->running < MAX_RUNNING && (t = next_queued(http)))
		start(t);
	return wait;
}

static int
drain(void *user)
{
	Http *http = user;
	while (answer_ready(http))
		continue;
	if (!http->multi)
		return -1;
	int wait = start_due(http), still = 0, left = 0;
	http->curl->curl_multi_perform(http->multi, &still);
	for (CURLMsg *message; (message = http->curl->curl_multi_info_read(http->multi, &left));) {
		if (message->msg != CURLMSG_DONE)
			continue;
		struct transfer *t = NULL;
		CURLcode code = message->data.result;
		http->curl->curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		finish(t, code);
	}
	/* What `done` callbacks asked for starts at once. */
	if (http->running < MAX_RUNNING && next_queued(http)) {
		int again = start_due(http);
		wait = again >= 0 && (wait < 0 || again < wait) ? again : wait;
		http->curl->curl_multi_perform(http->multi, &still);
	}
	for (guint i = 0; i < http->transfers->len; i++)
		if (((struct transfer *)g_ptr_array_index(http->transfers, i))->state == READY)
			return 0;
	return wait;
}

static int
wait_for(void *user, struct pollfd *extra, unsigned count, int timeout_ms)
{
	Http *http = user;
	struct curl_waitfd fds[8] = {0};
	int ready = 0;
	if (!http->multi || http->running == 0)
		return poll(extra, count, timeout_ms);
	count = MIN(count, G_N_ELEMENTS(fds));
	for (unsigned i = 0; i < count; i++)
		fds[i] = (struct curl_waitfd){.fd = extra[i].fd, .events = CURL_WAIT_POLLIN};
	http->curl->curl_multi_poll(
		http->multi, fds, count, timeout_ms < 0 ? 60000 : timeout_ms, &ready);
	for (unsigned i = 0; i < count; i++)
		extra[i].revents = fds[i].revents & CURL_WAIT_POLLIN ? POLLIN : 0;
	return ready;
}

/* --- public -------------------------------------------------------------------------------- */

static bool
check_cert(const char *path, GError **error)
{
	if (!path)
		return true;
	if (access(path, R_OK) == 0)
		return true;
	return error_set(error, ERROR_INVALID_INPUT,
		"Could not find a suitable TLS CA certificate bundle, invalid path: %s", path);
}

static const char *
ca_from_environment(void)
{
	static const char *const names[] = {
		"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"};
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *value = g_getenv(names[i]);
		if (value && *value)
			return value;
	}
	return NULL;
}

Http *
http_new(Loop *loop, Log *log, const struct http_options *options, GError **error)
{
	if (!check_cert(options->cert, error) || !check_cert(options->client_cert, error))
		return NULL;
	Http *http = g_new0(Http, 1);
	http->loop = loop;
	http->log = log;
	http->options = *options;
	struct http_options *o = &http->options;
	o->proxy = g_strdup(options->proxy);
	o->client_cert = g_strdup(options->client_cert);
	o->cache_dir = g_strdup(options->cache_dir);
	o->user_agent = g_strdup(options->user_agent ? options->user_agent : "xpip/" XPIP_VERSION);
	o->trusted_hosts = (const char *const *)g_strdupv((char **)options->trusted_hosts);
	o->timeout_s = options->timeout_s > 0 ? options->timeout_s : 15;
	http->ca_file = g_strdup(options->cert ? options->cert : ca_from_environment());
	http->transfers = g_ptr_array_new();
	loop_add_source(loop, drain, http);
	loop_set_wait(loop, wait_for, http);
	return http;
}

void
http_free(Http *http)
{
	if (!http)
		return;
	http->freeing = true;
	while (http->transfers->len > 0) {
		GError *error = NULL;
		error_set(&error, ERROR_INTERRUPTED, "stopped");
		answer(g_ptr_array_index(http->transfers, http->transfers->len - 1), NULL, error);
	}
	loop_remove_source(http->loop, drain, http);
	loop_set_wait(http->loop, NULL, NULL);
	if (http->multi)
		http->curl->curl_multi_cleanup(http->multi);
	g_ptr_array_unref(http->transfers);
	g_free((char *)http->options.proxy);
	g_free((char *)http->options.client_cert);
	g_free((char *)http->options.cache_dir);
	g_free((char *)http->options.user_agent);
	g_strfreev((char **)http->options.trusted_hosts);
	g_free(http->ca_file);
	g_free(http);
}

/* A fresh kept answer needs no transfer; a stale one is revalidated. */
static void
look_into_cache(struct transfer *t)
{
	Http *http = t->http;
	bool whole = t->range_start == 0 && t->range_end == 0 && !t->sink;
	if (!http->options.cache_dir || t->cache == HTTP_CACHE_NONE || !whole)
		return;
	HttpResponse *kept = http_cache_read(http->options.cache_dir, t->url, t->accept);
	if (!kept)
		return;
	bool fresh = t->cache == HTTP_CACHE_USE && kept->fresh_until > (int64_t)time(NULL);
	if (fresh || http->options.offline) {
		t->response = kept;
		t->state = READY;
	} else {
		t->stale = kept;
	}
}

unsigned
http_get(Http *http, const struct http_request *request)
{
	struct transfer *t = g_new0(struct transfer, 1);
	*t = (struct transfer){.http = http,
		.id = ++http->last_id,
		.url = g_strdup(request->url),
		.accept = g_strdup(request->accept),
		.etag = g_strdup(request->etag),
		.last_modified = g_strdup(request->last_modified),
		.cache = request->cache,
		.range_start = request->range_start,
		.range_end = request->range_end,
		.max_size = request->max_size > 0 ? request->max_size : MAX_MEMORY,
		.sink = request->sink,
		.done = request->done,
		.user = request->user,
		.progress = request->progress,
		.priority = request->priority};
	char *fragment = strchr(t->url, '#');
	if (fragment)
		*fragment = '\0';
	g_ptr_array_add(http->transfers, t);
	bool remote = g_ascii_strncasecmp(t->url, "http:", 5) == 0 ||
		      g_ascii_strncasecmp(t->url, "https:", 6) == 0;
	if (g_ascii_strncasecmp(t->url, "file:", 5) == 0) {
		t->state = READY;
		return t->id;
	}
	look_into_cache(t);
	g_autofree char *shown = http_redact_url(t->url);
	if (t->state == READY)
		return t->id;
	if (!remote)
		error_set(&t->error, ERROR_INVALID_INPUT, "%s: not an http, https or file URL",
			shown);
	else if (http->options.offline)
		error_set(&t->error, ERROR_NETWORK, "GET %s: offline, and not in the cache", shown);
	else
		load(http, &t->error);
	t->state = t->error ? READY : QUEUED;
	return t->id;
}

void
http_cancel(Http *http, unsigned id)
{
	for (guint i = 0; i < http->transfers->len; i++) {
		struct transfer *t = g_ptr_array_index(http->transfers, i);
		if (t->id != id)
			continue;
		t->cancelled = true;
		if (t->state == RUNNING)
			http->running--;
		forget(t);
		return;
	}
}

unsigned
http_running(const Http *http)
{
	return http->transfers->len;
}

struct blocking {
	bool done;
	HttpResponse *response;
	GError *error;
};

static void
on_blocking(HttpResponse *response, const GError *error, void *user)
{
	struct blocking *b = user;
	b->done = true;
	b->response = response;
	b->error = error ? g_error_copy(error) : NULL;
}

HttpResponse *
http_fetch(Http *http, const char *url, const char *accept, enum http_cache cache, GError **error)
{
	struct blocking b = {0};
	struct http_request request = {.url = url,
		.accept = accept,
		.cache = cache,
		.done = on_blocking,
		.user = &b,
		.priority = true};
	unsigned id = http_get(http, &request);
	while (!b.done) {
		if (!loop_turn(http->loop, -1, error)) {
			http_cancel(http, id);
			return NULL;
		}
	}
	if (b.error)
		g_propagate_error(error, b.error);
	return b.response;
}
