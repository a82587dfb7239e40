/* SPDX-License-Identifier: MIT */
/* Transfers on one curl multi handle: the queue and the loop. http_transfer.c makes the attempts,
 * http_answer.c takes what comes in, http_auth.c knows credentials, http_cache.c keeps answers. */
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/http_private.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	MAX_RUNNING = 50,     /* transfers at a time; the rest is queued */
	MAX_CONNECTIONS = 16, /* to one host, HTTP/1.1 */
};
#define SYSTEM_CA_FILE "/etc/ssl/certs/ca-certificates.crt"
#define SYSTEM_CA_FOLDER "/etc/ssl/certs"
#define MAX_MEMORY ((int64_t)1 << 30)

/* --- answers ------------------------------------------------------------------------------- */

/* GError has no payload: the status stands at the front of "404 Client Error: …". */
long
http_error_status(const GError *error)
{
	if (!error || error->domain != XPIP_ERROR || error->code != ERROR_NETWORK)
		return 0;
	char *end;
	long status = strtol(error->message, &end, 10);
	bool ours = g_str_has_prefix(end, " Client Error: ") ||
		    g_str_has_prefix(end, " Server Error: ");
	return ours && status >= 400 && status < 600 ? status : 0;
}

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

HttpResponse *
http_response_new(const char *url)
{
	HttpResponse *response = g_new0(HttpResponse, 1);
	response->url = g_strdup(url);
	response->content_type = g_strdup("");
	response->total = -1;
	return response;
}

void
http_settle(struct http_transfer *t, HttpResponse *response, GError *error)
{
	g_autoptr(GError) owned = error;
	g_ptr_array_remove(t->http->transfers, t); /* `done` may ask for more or cancel others */
	if (t->cancelled)
		http_response_free(response);
	else
		t->done(response, owned, t->user);
	http_transfer_free(t);
}

/* --- trust --------------------------------------------------------------------------------- */

void
http_trust(Http *http, const char *const *hosts)
{
	g_autoptr(GStrvBuilder) all = g_strv_builder_new();
	g_strv_builder_addv(all, (const char **)http->options.trusted_hosts);
	g_strv_builder_addv(all, (const char **)hosts);
	g_strfreev((char **)http->options.trusted_hosts);
	http->options.trusted_hosts = (const char *const *)g_strv_builder_end(all);
}

bool
http_is_trusted(const Http *http, const char *url)
{
	g_autofree char *host = NULL, *host_port = NULL;
	const char *const *hosts = http->options.trusted_hosts;
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
	       g_str_equal(host, "[::1]") || http_is_trusted(http, url);
}

/* --- the loop ------------------------------------------------------------------------------ */

static struct http_transfer *
next_queued(Http *http)
{
	struct http_transfer *first = NULL;
	for (guint i = 0; i < http->transfers->len; i++) {
		struct http_transfer *t = g_ptr_array_index(http->transfers, i);
		if (t->state != TRANSFER_QUEUED)
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

/* Bytes (owned) that are here already. */
static void
answer_bytes(struct http_transfer *t, GBytes *bytes)
{
	GError *error = NULL;
	HttpResponse *response = http_response_new(t->url);
	gsize length = 0;
	const void *data = g_bytes_get_data(bytes, &length);
	response->status = 200;
	response->total = (int64_t)length;
	if (!t->sink)
		response->body = g_bytes_ref(bytes);
	else if (length > 0 && !t->sink(data, length, 0, t->user, &error))
		g_clear_pointer(&response, http_response_free);
	g_bytes_unref(bytes);
	http_settle(t, response, error);
}

static void
answer_file(struct http_transfer *t)
{
	GError *error = NULL;
	g_autofree char *path = fs_url_to_path(t->url, &error);
	size_t length = 0;
	bool absent = false;
	size_t limit = t->sink ? SIZE_MAX / 2 : (size_t)t->max_size;
	char *bytes = path ? fs_read(path, limit, &length, &absent, &error) : NULL;
	if (bytes)
		answer_bytes(t, g_bytes_new_take(bytes, length));
	else
		http_settle(t, NULL, error);
}

/* Answers what needs no transfer; true if something was answered. */
static bool
answer_ready(Http *http)
{
	for (guint i = 0; i < http->transfers->len; i++) {
		struct http_transfer *t = g_ptr_array_index(http->transfers, i);
		if (t->state != TRANSFER_READY)
			continue;
		if (t->error || t->cancelled)
			http_settle(t, NULL, g_steal_pointer(&t->error));
		else if (t->whole)
			answer_bytes(t, g_steal_pointer(&t->whole));
		else if (t->response)
			http_settle(t, g_steal_pointer(&t->response), NULL);
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
		struct http_transfer *t = g_ptr_array_index(http->transfers, i);
		if (t->state != TRANSFER_WAITING)
			continue;
		int64_t left = (t->not_before_us - now + 999) / 1000;
		if (left <= 0)
			http_transfer_start(t);
		else if (wait < 0 || left < wait)
			wait = (int)left;
	}
	struct http_transfer *t;
	while (http->running < MAX_RUNNING && (t = next_queued(http)))
		http_transfer_start(t);
	return wait;
}

/* Ends what is over; true if something was. */
static bool
collect(Http *http)
{
	bool any = false;
	int left = 0;
	for (CURLMsg *message; (message = http->curl->curl_multi_info_read(http->multi, &left));) {
		if (message->msg != CURLMSG_DONE)
			continue;
		struct http_transfer *t = NULL;
		CURLcode code = message->data.result;
		http->curl->curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		http_transfer_finish(t, code);
		any = true;
	}
	return any;
}

static bool
is_answerable(const Http *http)
{
	for (guint i = 0; i < http->transfers->len; i++)
		if (((struct http_transfer *)g_ptr_array_index(http->transfers, i))->state ==
			TRANSFER_READY)
			return true;
	return false;
}

static int
drain(void *user)
{
	Http *http = user;
	int wait = -1, running = 0;
	bool more = true, answered = false;
	while (answer_ready(http))
		answered = true;
	/* What `done` callbacks ask for starts at once. */
	while (http->multi && more) {
		wait = start_due(http);
		http->performing = true;
		http->curl->curl_multi_perform(http->multi, &running);
		http->performing = false;
		more = collect(http);
		answered |= more;
	}
	return answered || is_answerable(http) ? 0 : wait;
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
	struct stat info;
	if (!path || (access(path, R_OK) == 0 && stat(path, &info) == 0 &&
			     (S_ISDIR(info.st_mode) || info.st_size > 0)))
		return true;
	return error_set(error, ERROR_INVALID_INPUT,
		"Could not find a suitable TLS CA certificate bundle, invalid path: %s", path);
}

/* Has it links named by the hash of a certificate's subject, as OpenSSL looks for them? */
static bool
is_hashed_folder(const char *path)
{
	DIR *folder = path ? opendir(path) : NULL;
	bool found = false;
	for (struct dirent *entry; !found && folder && (entry = readdir(folder));)
		found = strspn(entry->d_name, "0123456789abcdef") == 8 &&
			strcmp(entry->d_name + 8, ".0") == 0;
	if (folder)
		closedir(folder);
	return found;
}

/* --cert, then requests' variables, then OpenSSL's, then the system's. Of a hashed folder OpenSSL
 * reads the one certificate that it needs: reading a whole bundle takes as long as a connection. */
static bool
find_ca(Http *http, const char *cert, GError **error)
{
	const char *path = cert && *cert ? cert : g_getenv("REQUESTS_CA_BUNDLE");
	if (!path || !*path)
		path = g_getenv("CURL_CA_BUNDLE");
	if (path && *path) {
		if (!check_cert(path, error))
			return false;
		bool is_folder = g_file_test(path, G_FILE_TEST_IS_DIR);
		*(is_folder ? &http->ca_path : &http->ca_file) = g_strdup(path);
		return true;
	}
	const char *file = g_getenv("SSL_CERT_FILE"), *folder = g_getenv("SSL_CERT_DIR");
	if (file && *file && check_cert(file, NULL))
		http->ca_file = g_strdup(file);
	if (folder && *folder)
		http->ca_path = g_strdup(folder);
	if (!http->ca_file && !http->ca_path) {
		http->ca_file = check_cert(SYSTEM_CA_FILE, NULL) ? g_strdup(SYSTEM_CA_FILE) : NULL;
		http->ca_path = g_strdup(SYSTEM_CA_FOLDER);
	}
	http->folder_first = http->ca_file && is_hashed_folder(http->ca_path);
	return true;
}

static void *
preload(void *unused)
{
	(void)unused;
	load_curl(NULL);
	return NULL;
}

Http *
http_new(Loop *loop, Log *log, const struct http_options *options, GError **error)
{
	g_autoptr(Http) http = g_new0(Http, 1);
	http->loop = loop;
	http->log = log;
	http->options = *options;
	struct http_options *o = &http->options;
	o->proxy = g_strdup(options->proxy);
	o->client_cert = g_strdup(options->client_cert);
	o->cache_dir = g_strdup(options->cache_dir);
	o->keyring_provider = g_strdup(options->keyring_provider);
	o->user_agent = g_strdup(options->user_agent ? options->user_agent : "xpip/" XPIP_VERSION);
	o->trusted_hosts = (const char *const *)g_strdupv((char **)options->trusted_hosts);
	o->timeout_s = options->timeout_s > 0 ? options->timeout_s : 15;
	http->transfers = g_ptr_array_new();
	loop_add_source(loop, drain, http);
	loop_set_wait(loop, wait_for, http);
	if (!check_cert(options->client_cert, error) || !find_ca(http, options->cert, error))
		return NULL;
	http->preloading =
		!options->offline && pthread_create(&http->preload, NULL, preload, NULL) == 0;
	return g_steal_pointer(&http);
}

void
http_free(Http *http)
{
	if (!http)
		return;
	while (http->transfers->len > 0) {
		GError *error = NULL;
		error_set(&error, ERROR_INTERRUPTED, "stopped");
		http_settle(
			g_ptr_array_index(http->transfers, http->transfers->len - 1), NULL, error);
	}
	if (http->preloading)
		pthread_join(http->preload, NULL);
	loop_remove_source(http->loop, drain, http);
	loop_set_wait(http->loop, NULL, NULL);
	if (http->multi)
		http->curl->curl_multi_cleanup(http->multi);
	g_ptr_array_unref(http->transfers);
	if (http->wholes)
		g_hash_table_unref(http->wholes);
	http_auth_clear(http);
	g_free((char *)http->options.proxy);
	g_free((char *)http->options.client_cert);
	g_free((char *)http->options.cache_dir);
	g_free((char *)http->options.keyring_provider);
	g_free((char *)http->options.user_agent);
	g_strfreev((char **)http->options.trusted_hosts);
	g_free(http->ca_file);
	g_free(http->ca_path);
	g_free(http);
}

/* A fresh kept answer needs no transfer; a stale one is revalidated. */
static void
look_into_cache(struct http_transfer *t)
{
	Http *http = t->http;
	if (http->wholes && t->cache == HTTP_CACHE_NONE && !http_answer_is_part(t)) {
		t->whole = g_hash_table_lookup(http->wholes, t->key);
		if (t->whole) {
			g_bytes_ref(t->whole);
			t->state = TRANSFER_READY;
			return;
		}
	}
	bool whole = !http_answer_is_part(t) && !t->sink;
	bool used = t->cache == HTTP_CACHE_USE || t->cache == HTTP_CACHE_REFRESH;
	if (!http->options.cache_dir || !used || !whole)
		return;
	HttpResponse *kept = http_cache_read(http->options.cache_dir, t->key, t->accept);
	if (!kept)
		return;
	bool fresh = t->cache == HTTP_CACHE_USE && kept->fresh_until > (int64_t)time(NULL);
	if (fresh || http->options.offline) {
		t->response = kept;
		t->state = TRANSFER_READY;
	} else {
		t->stale = kept;
	}
}

void
http_keep_whole(Http *http, const char *url, GBytes *bytes)
{
	if (!http->wholes)
		http->wholes = g_hash_table_new_full(
			g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
	g_hash_table_replace(http->wholes, http_strip_url(url), g_bytes_ref(bytes));
}

unsigned
http_get(Http *http, const struct http_request *request)
{
	struct http_transfer *t = g_new0(struct http_transfer, 1);
	*t = (struct http_transfer){.http = http,
		.id = ++http->last_id,
		.url = http_auth_strip(http, request->url),
		.accept = g_strdup(request->accept),
		.etag = g_strdup(request->etag),
		.last_modified = g_strdup(request->last_modified),
		.post = g_strdup(request->post),
		.post_type = g_strdup(request->post_type),
		.cache = request->post ? HTTP_CACHE_NONE : request->cache,
		.range_start = request->range_start,
		.range_end = request->range_end,
		.max_size = request->max_size > 0 ? request->max_size : MAX_MEMORY,
		.sink = request->sink,
		.done = request->done,
		.user = request->user,
		.progress = request->progress,
		.priority = request->priority,
		.leave_gzip = request->leave_gzip};
	t->key = g_strdup(t->url);
	t->total = -1;
	http_answer_clear(&t->head);
	g_ptr_array_add(http->transfers, t);
	loop_soon(http->loop);
	bool remote = g_ascii_strncasecmp(t->url, "http:", 5) == 0 ||
		      g_ascii_strncasecmp(t->url, "https:", 6) == 0;
	if (g_ascii_strncasecmp(t->url, "file:", 5) == 0) {
		t->state = TRANSFER_READY;
		return t->id;
	}
	look_into_cache(t);
	if (t->state == TRANSFER_READY)
		return t->id;
	if (!remote)
		error_set(&t->error, ERROR_INVALID_INPUT, "%s: not an http, https or file URL",
			t->url);
	else if (http->options.offline)
		error_set(
			&t->error, ERROR_NETWORK, "offline, and not in the cache: url: %s", t->url);
	else
		load(http, &t->error);
	t->state = t->error ? TRANSFER_READY : TRANSFER_QUEUED;
	return t->id;
}

void
http_cancel(Http *http, unsigned id)
{
	for (guint i = 0; id != 0 && i < http->transfers->len; i++) {
		struct http_transfer *t = g_ptr_array_index(http->transfers, i);
		if (t->id != id)
			continue;
		t->cancelled = true;
		/* From inside a callback of libcurl the handle cannot go yet. */
		if (t->state == TRANSFER_RUNNING && !http->performing)
			http_settle(t, NULL, NULL);
		else if (t->state != TRANSFER_RUNNING)
			t->state = TRANSFER_READY;
		loop_soon(http->loop);
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
