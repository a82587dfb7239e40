/* SPDX-License-Identifier: MIT */
/* One attempt of a transfer: what is sent, and whether another attempt follows. */
#include "lib/error.h"
#include "lib/http_private.h"

#include <string.h>
#include <time.h>

enum {
	MAX_REDIRECTS = 20,
	BUFFER_SIZE = 128 << 10,
	LOW_SPEED = 32,	     /* bytes a second over the time-out: less is a stall */
	MAX_WAIT_MS = 30000, /* between attempts, Retry-After included */
	DNS_SECONDS = 600,
};

/* --- starting ------------------------------------------------------------------------------ */

static void
add_header(struct http_transfer *t, const char *name, const char *value)
{
	g_autofree char *line = g_strdup_printf("%s: %s", name, value);
	t->headers = t->http->curl->curl_slist_append(t->headers, line);
}

static void
set_headers(struct http_transfer *t)
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
	if (t->cache == HTTP_CACHE_REFRESH || t->cache == HTTP_CACHE_RELOAD)
		add_header(t, "Cache-Control", "max-age=0");
	/* Pages may come compressed; files are taken as they are. */
	bool page = t->accept && !t->sink && !http_answer_is_part(t);
	if (t->post)
		add_header(t, "Content-Type", t->post_type);
	add_header(t, "Accept-Encoding", page ? "gzip" : "identity");
	if (etag)
		add_header(t, "If-None-Match", etag);
	if (modified)
		add_header(t, "If-Modified-Since", modified);
	if (t->received > 0 && t->validator)
		add_header(t, "If-Range", t->validator);
	t->http->curl->curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
}

static void
set_range(struct http_transfer *t)
{
	g_autofree char *range = NULL;
	t->resume_at = t->received;
	if (t->range_start < 0)
		range = g_strdup_printf("%" G_GINT64_FORMAT, t->range_start);
	else if (t->range_end > 0)
		range = g_strdup_printf("%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT,
			t->range_start + t->received, t->range_end);
	else if (t->range_start + t->received > 0)
		range = g_strdup_printf("%" G_GINT64_FORMAT "-", t->range_start + t->received);
	t->http->curl->curl_easy_setopt(t->easy, CURLOPT_RANGE, range);
}

static void
set_security(struct http_transfer *t)
{
	const Http *http = t->http;
	const struct load_curl *curl = http->curl;
	bool trusted = http_is_trusted(http, t->url);
	curl->curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYPEER, trusted ? 0L : 1L);
	curl->curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYHOST, trusted ? 0L : 2L);
	t->folder_only = http->folder_first;
	/* Without a folder libcurl keeps what it read from the file for other connections. */
	curl->curl_easy_setopt(t->easy, CURLOPT_CAINFO, http->folder_first ? NULL : http->ca_file);
	curl->curl_easy_setopt(t->easy, CURLOPT_CAPATH, http->ca_path);
	if (http->options.client_cert) {
		curl->curl_easy_setopt(t->easy, CURLOPT_SSLCERT, http->options.client_cert);
		curl->curl_easy_setopt(t->easy, CURLOPT_SSLKEY, http->options.client_cert);
	}
}

/* libcurl is never told the credentials of any other host than the one it speaks to now. */
static void
set_login(struct http_transfer *t)
{
	g_autofree char *user = NULL, *password = NULL;
	t->authenticated = http_auth_find(t->http, t->url, &user, &password);
	t->http->curl->curl_easy_setopt(t->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	t->http->curl->curl_easy_setopt(t->easy, CURLOPT_USERNAME, user);
	t->http->curl->curl_easy_setopt(t->easy, CURLOPT_PASSWORD, password);
}

/* libcurl reads https_proxy and the like; HTTP_PROXY in capitals it does not, requests does. */
static void
set_proxy(struct http_transfer *t)
{
	const Http *http = t->http;
	const char *capitals = g_getenv("http_proxy") || g_getenv("REQUEST_METHOD")
				       ? NULL
				       : g_getenv("HTTP_PROXY");
	bool plain = g_ascii_strncasecmp(t->url, "http:", 5) == 0;
	if (http->options.proxy) {
		http->curl->curl_easy_setopt(t->easy, CURLOPT_PROXY, http->options.proxy);
		http->curl->curl_easy_setopt(t->easy, CURLOPT_NOPROXY, "");
	} else if (http->options.no_proxy_env) {
		http->curl->curl_easy_setopt(t->easy, CURLOPT_PROXY, "");
	} else {
		http->curl->curl_easy_setopt(t->easy, CURLOPT_PROXY, plain ? capitals : NULL);
	}
}

static void
set_options(struct http_transfer *t)
{
	const Http *http = t->http;
	const struct load_curl *curl = http->curl;
	CURL *easy = t->easy;
	curl->curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	curl->curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, http_answer_body);
	curl->curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	curl->curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, http_answer_header);
	curl->curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	curl->curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->reason);
	curl->curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl->curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl->curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl->curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl->curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)BUFFER_SIZE);
	curl->curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl->curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, (long)DNS_SECONDS);
	curl->curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)http->options.timeout_s);
	curl->curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)LOW_SPEED);
	curl->curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)http->options.timeout_s);
	curl->curl_easy_setopt(easy, CURLOPT_USERAGENT, http->options.user_agent);
	if (t->post)
		curl->curl_easy_setopt(easy, CURLOPT_POSTFIELDS, t->post);
}

void
http_transfer_start(struct http_transfer *t)
{
	Http *http = t->http;
	if (!t->easy) {
		t->easy = http->curl->curl_easy_init();
		set_options(t);
	}
	bool tls = g_ascii_strncasecmp(t->url, "https:", 6) == 0;
	http->curl->curl_easy_setopt(t->easy, CURLOPT_URL, t->url);
	/* Wait for a connection that can be shared rather than open another; in clear text there
	 * is no HTTP/2, hence nothing to wait for. */
	http->curl->curl_easy_setopt(
		t->easy, CURLOPT_PIPEWAIT, tls && !t->fresh_connection ? 1L : 0L);
	http->curl->curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, (long)t->fresh_connection);
	set_security(t);
	set_login(t);
	set_proxy(t);
	set_headers(t);
	set_range(t);
	t->head.bytes = 0;
	t->reason[0] = '\0';
	t->checked = t->restart = false;
	t->attempts++;
	t->state = TRANSFER_RUNNING;
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
		       status == 524 || status == 527 || status == 429;
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

static const char *
reason_of(long status)
{
	static const struct {
		long status;
		const char *text;
	} reasons[] = {{400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"},
		{404, "Not Found"}, {405, "Method Not Allowed"}, {406, "Not Acceptable"},
		{407, "Proxy Authentication Required"}, {410, "Gone"},
		{416, "Range Not Satisfiable"}, {429, "Too Many Requests"},
		{451, "Unavailable For Legal Reasons"}, {500, "Internal Server Error"},
		{501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"},
		{504, "Gateway Timeout"}};
	for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return status >= 500 ? "Server Error" : "Client Error";
}

static const char *
describe(const struct http_transfer *t, CURLcode code, long status)
{
	return code == CURLE_OK ? reason_of(status)
	       : *t->reason	? t->reason
				: t->http->curl->curl_easy_strerror(code);
}

/* Another attempt, if there is one left: from where the body broke off if that can be done. */
static bool
retry(struct http_transfer *t, CURLcode code, long status)
{
	const struct http_options *o = &t->http->options;
	bool broken = t->restart || is_transient(code, status);
	if (t->error || !broken || t->cancelled)
		return false;
	bool progressed = t->restart || t->received > t->resume_at;
	unsigned limit = (unsigned)MAX(progressed ? o->resume_retries : o->retries, 0);
	unsigned spent = progressed ? ++t->resumes : t->attempts;
	if (spent > limit)
		return false;
	bool page = t->head.encoding || t->accept; /* small, and may have changed */
	if (t->restart || page || t->range_start < 0)
		http_answer_drop(t);
	if (progressed)
		t->attempts = 0;
	int64_t wait_ms = t->attempts > 1 ? (int64_t)250 << MIN(t->attempts - 1, 7) : 0;
	wait_ms = MIN(MAX(wait_ms, t->head.retry_after * 1000), MAX_WAIT_MS);
	t->not_before_us = g_get_monotonic_time() + wait_ms * 1000;
	t->fresh_connection = code == CURLE_OPERATION_TIMEDOUT;
	log_warning(t->http->log, "Retrying (%u of %u) after connection broken by '%s': %s", spent,
		limit,
		t->restart ? "another Content-Range than asked for" : describe(t, code, status),
		t->url);
	t->state = TRANSFER_WAITING;
	return true;
}

static GError *
transfer_error(struct http_transfer *t, CURLcode code, long status)
{
	GError *error = NULL;
	const char *what = describe(t, code, status);
	if (t->error)
		return g_steal_pointer(&t->error);
	if (code == CURLE_OK && status < 400)
		error_set(
			&error, ERROR_NETWORK, "unexpected status %ld for url: %s", status, t->url);
	else if (code == CURLE_OK)
		error_set(&error, ERROR_NETWORK, "%ld %s Error: %s for url: %s", status,
			status < 500 ? "Client" : "Server", what, t->url);
	else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
		error_set(&error, ERROR_NETWORK,
			"There was a problem confirming the ssl certificate: %s for url: %s", what,
			t->url);
	else
		error_set(&error, ERROR_NETWORK, "%s: %s for url: %s",
			code == CURLE_OPERATION_TIMEDOUT ? "timed out" : "connection error", what,
			t->url);
	return error;
}

/* Redirects are followed here, not by libcurl: each hop has its own credentials, trust and proxy.
 * https never leads to clear text, --trusted-host aside. */
static bool
follow(struct http_transfer *t, long status)
{
	bool redirect =
		status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
	if (!redirect || !t->response || !t->head.location || t->error)
		return false;
	g_autofree char *to = NULL;
	if (++t->redirects > MAX_REDIRECTS)
		error_set(&t->error, ERROR_NETWORK, "Exceeded %d redirects for url: %s",
			(int)MAX_REDIRECTS, t->key);
	else
		to = http_url_redirect(t->url, t->head.location, &t->error);
	if (!to)
		return false;
	g_autofree char *clean = http_auth_strip(t->http, to);
	bool downgrade = g_ascii_strncasecmp(t->url, "https:", 6) == 0 &&
			 g_ascii_strncasecmp(clean, "https:", 6) != 0 &&
			 !http_is_trusted(t->http, clean);
	if (downgrade)
		return error_set(&t->error, ERROR_NETWORK,
			"redirected from https to `%s`, which is not secure, for url: %s", clean,
			t->url);
	g_free(t->url);
	t->url = g_steal_pointer(&clean);
	http_answer_drop(t);
	t->attempts = 0;
	t->not_before_us = 0;
	t->state = TRANSFER_WAITING;
	return true;
}

/* The folder of certificates did not do: the file is taken as well from now on. */
static bool
take_ca_file(struct http_transfer *t, CURLcode code)
{
	if (code != CURLE_PEER_FAILED_VERIFICATION || !t->folder_only || t->error || t->cancelled)
		return false;
	t->http->folder_first = false;
	t->not_before_us = 0;
	t->state = TRANSFER_WAITING;
	return true;
}

/* A 401: once with credentials that keyring or the user gives. */
static bool
authenticate(struct http_transfer *t, long status)
{
	if (status != 401 || t->error || t->cancelled)
		return false;
	if (t->asked_keyring || !http_auth_ask(t->http, t->url)) {
		if (t->authenticated)
			log_warning(
				t->http->log, "401 Error, Credentials not correct for %s", t->url);
		return false;
	}
	t->asked_keyring = true;
	t->not_before_us = 0;
	t->attempts = 0;
	t->state = TRANSFER_WAITING;
	return true;
}

/* The kept answer is still good: 304. */
static HttpResponse *
revalidated(struct http_transfer *t)
{
	HttpResponse *kept = g_steal_pointer(&t->stale);
	kept->fresh_until = t->response->fresh_until;
	if (t->http->options.cache_dir)
		http_cache_write(t->http->options.cache_dir, t->key, t->accept, kept);
	return kept;
}

/* The collected body, unpacked unless the caller wants to do that. */
static bool
take_body(struct http_transfer *t, HttpResponse *r)
{
	const char *encoding = t->head.encoding;
	g_autoptr(GBytes) body = t->body ? g_byte_array_free_to_bytes(g_steal_pointer(&t->body))
					 : g_bytes_new(NULL, 0);
	bool plain = !encoding || !t->accept || http_answer_is_part(t) ||
		     g_ascii_strcasecmp(encoding, "identity") == 0;
	if (!plain && g_ascii_strcasecmp(encoding, "gzip") != 0 &&
		g_ascii_strcasecmp(encoding, "x-gzip") != 0)
		return error_set(&t->error, ERROR_NETWORK,
			"unknown Content-Encoding `%s` for url: %s", encoding, t->url);
	r->is_gzip = !plain && t->leave_gzip;
	r->body = plain || t->leave_gzip ? g_steal_pointer(&body)
					 : http_decode(body, (size_t)t->max_size, &t->error);
	if (!r->body)
		g_prefix_error(&t->error, "url: %s: ", t->url);
	return r->body != NULL;
}

static HttpResponse *
take_response(struct http_transfer *t, long status)
{
	if (!t->response)
		http_answer_begin(t);
	HttpResponse *r = t->response;
	const struct http_head *head = &t->head;
	r->status = status;
	/* What came over an open line is not kept: anybody could have put it there. */
	r->fresh_until = http_is_secure(t->http, t->url)
				 ? http_cache_lifetime(head->cache_control, head->expires,
					   head->date, head->age, (int64_t)time(NULL))
				 : 0;
	if (status == 304 && t->stale)
		return revalidated(t);
	r->total = t->total;
	if (status == 206 && !http_answer_is_part(t))
		r->status = 200; /* resumed, now whole */
	r->range_start = t->base;
	if (!t->sink && !take_body(t, r))
		return NULL;
	bool kept = t->cache == HTTP_CACHE_USE || t->cache == HTTP_CACHE_REFRESH;
	if (kept && !r->is_gzip && r->status == 200 && !t->sink && r->fresh_until > 0 &&
		t->http->options.cache_dir)
		http_cache_write(t->http->options.cache_dir, t->key, t->accept, r);
	return g_steal_pointer(&t->response);
}

/* Is the body as long as the head said? libcurl looks at Content-Length only. */
static bool
is_whole(const struct http_transfer *t, long status)
{
	int64_t end = t->base + t->received;
	if (status == 206)
		return end == t->head.end + 1;
	return status != 200 || t->total < 0 || end == t->total;
}

void
http_transfer_finish(struct http_transfer *t, CURLcode code)
{
	Http *http = t->http;
	long status = http_answer_status(t);
	http->curl->curl_multi_remove_handle(http->multi, t->easy);
	http->running--;
	t->state = TRANSFER_READY;
	if (t->cancelled) {
		http_settle(t, NULL, NULL);
		return;
	}
	if (code == CURLE_OK && (follow(t, status) || authenticate(t, status)))
		return;
	if (take_ca_file(t, code))
		return;
	bool good = code == CURLE_OK && !t->error &&
		    (status == 200 || status == 206 ||
			    (status == 304 && (t->stale || t->etag || t->last_modified)));
	if (good && !t->checked && t->response && !http_answer_check(t))
		good = false;
	if (good && !is_whole(t, status)) {
		code = CURLE_PARTIAL_FILE;
		good = false;
	}
	HttpResponse *response = good ? take_response(t, status) : NULL;
	if (response)
		http_settle(t, response, NULL);
	else if (!retry(t, code, status))
		http_settle(t, NULL, transfer_error(t, code, status));
}

void
http_transfer_free(struct http_transfer *t)
{
	const struct load_curl *curl = t->http->curl;
	if (t->easy) {
		if (t->state == TRANSFER_RUNNING) {
			curl->curl_multi_remove_handle(t->http->multi, t->easy);
			t->http->running--;
		}
		curl->curl_easy_cleanup(t->easy);
	}
	if (t->headers)
		curl->curl_slist_free_all(t->headers);
	http_answer_clear(&t->head);
	g_free(t->url);
	g_free(t->key);
	g_free(t->accept);
	g_free(t->post);
	g_free(t->post_type);
	g_free(t->etag);
	g_free(t->last_modified);
	g_free(t->validator);
	if (t->body)
		g_byte_array_unref(t->body);
	g_clear_error(&t->error);
	http_response_free(t->response);
	http_response_free(t->stale);
	if (t->whole)
		g_bytes_unref(t->whole);
	g_free(t);
}
