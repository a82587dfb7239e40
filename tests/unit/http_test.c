/* SPDX-License-Identifier: MIT */
/* The HTTP client against a server that misbehaves in every way that it knows. */
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/http_private.h"
#include "lib/json.h"
#include "tests/unit/server.h"

#include <glib/gstdio.h>

struct fixture {
	struct server server;
	Loop *loop;
	Log *log;
	Http *http;
	char *scratch;
	struct http_options options;
};

/* The client of a test: quick to give up, a private cache. */
static Http *
client(struct fixture *f)
{
	g_autoptr(GError) error = NULL;
	http_free(f->http);
	f->http = http_new(f->loop, f->log, &f->options, &error);
	g_assert_no_error(error);
	return f->http;
}

static struct fixture *
setup(const char *const *server_arguments)
{
	struct fixture *f = g_new0(struct fixture, 1);
	g_autoptr(GError) error = NULL;
	g_autofree char *none = NULL;
	f->scratch = g_dir_make_tmp("xpip-http-XXXXXX", &error);
	g_assert_no_error(error);
	none = g_build_filename(f->scratch, "netrc", NULL);
	g_setenv("NETRC", none, TRUE);
	server_start(&f->server, server_arguments);
	f->loop = loop_new(&error);
	g_assert_no_error(error);
	f->log = log_new(&(struct log_options){.verbosity = -3}, &error);
	g_assert_no_error(error);
	f->options = (struct http_options){.timeout_s = 20,
		.retries = 1,
		.resume_retries = 2,
		.no_input = true,
		.no_proxy_env = true,
		.keyring_provider = "disabled"};
	client(f);
	return f;
}

static void
teardown(struct fixture *f)
{
	http_free(f->http);
	loop_free(f->loop);
	log_free(f->log);
	server_stop(&f->server);
	fs_remove_tree(f->scratch, NULL);
	g_free(f->scratch);
	g_free(f);
}

struct answer {
	bool done;
	HttpResponse *response;
	GError *error;
	GByteArray *sunk;
};

static void
on_done(HttpResponse *response, const GError *error, void *user)
{
	struct answer *a = user;
	g_assert_false(a->done);
	a->done = true;
	a->response = response;
	a->error = error ? g_error_copy(error) : NULL;
}

static void
answer_clear(struct answer *a)
{
	http_response_free(a->response);
	g_clear_error(&a->error);
	if (a->sunk)
		g_byte_array_unref(a->sunk);
	*a = (struct answer){0};
}

/* Runs one request to its end. */
static void
run(struct fixture *f, struct answer *a, const char *path, struct http_request request)
{
	g_autofree char *url =
		*path == '/' ? g_strconcat(f->server.url, path, NULL) : g_strdup(path);
	g_autoptr(GError) error = NULL;
	request.url = url;
	request.done = on_done;
	request.user = a;
	http_get(f->http, &request);
	while (!a->done && loop_turn(f->loop, 5000, &error))
		continue;
	g_assert_no_error(error);
	g_assert_true(a->done);
	g_assert_true(!a->response != !a->error);
}

static uint8_t
byte_at(size_t i)
{
	return (uint8_t)(i * 7 + i / 256);
}

static void
check_bytes(const void *data, size_t length, size_t from)
{
	const uint8_t *bytes = data;
	for (size_t i = 0; i < length; i++)
		g_assert_cmpuint(bytes[i], ==, byte_at(from + i));
}

/* The body is bytes [from, from + length) of /bytes/N. */
static void
check_body(const struct answer *a, size_t from, size_t length)
{
	g_assert_no_error(a->error);
	gsize size;
	const void *data = g_bytes_get_data(a->response->body, &size);
	g_assert_cmpuint(size, ==, length);
	check_bytes(data, length, from);
}

static void
check_error(const struct answer *a, int kind, const char *part)
{
	g_assert_error(a->error, XPIP_ERROR, kind);
	if (!strstr(a->error->message, part))
		g_error("`%s` lacks `%s`", a->error->message, part);
}

/* How often `path` was asked for; *last: the last request's headers as JSON. */
static unsigned
count_requests(struct fixture *f, const char *path, Json **document, struct json *last)
{
	struct answer a = {0};
	unsigned count = 0;
	run(f, &a, "/requests", (struct http_request){.cache = HTTP_CACHE_NONE});
	g_assert_no_error(a.error);
	gsize size;
	const char *text = g_bytes_get_data(a.response->body, &size);
	Json *json = json_parse(text, size, NULL);
	struct json_iter iter = json_iter(json_root(json));
	struct json item;
	while (json_next(&iter, NULL, &item)) {
		if (!g_str_has_suffix(json_string(json_get(item, "path"), NULL), path))
			continue;
		count++;
		if (last)
			*last = json_get(item, "headers");
	}
	answer_clear(&a);
	if (document)
		*document = json;
	else
		json_free(json);
	return count;
}

/* --- plain answers ------------------------------------------------------------------------- */

static void
test_whole(void)
{
	struct fixture *f = setup(NULL);
	static const char *const paths[] = {"/bytes/100000", "/+chunked/bytes/100000",
		"/+gzip/bytes/100000", "/+gzip+chunked/bytes/100000", "/redirect/5/bytes/100000",
		"/+noetag/bytes/100000", "/+fail=1/bytes/100000", "/+fail=1:429/bytes/100000",
		"/+cut=2/bytes/100000", "/+cut=1+chunked/bytes/100000",
		"/+cut=1+norange/bytes/100000", "/+cut=1+shift/bytes/100000",
		"/+cut=1+noheader/bytes/100000"};
	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_test_message("%s", paths[i]);
		struct answer a = {0};
		run(f, &a, paths[i], (struct http_request){.accept = i % 2 ? "text/html" : NULL});
		check_body(&a, 0, 100000);
		g_assert_cmpint(a.response->status, ==, 200);
		g_assert_cmpint(a.response->range_start, ==, 0);
		answer_clear(&a);
	}
	teardown(f);
}

static void
test_errors(void)
{
	struct fixture *f = setup(NULL);
	f->options.resume_retries = 0;
	client(f);
	static const struct {
		const char *path, *part;
		long status;
	} cases[] = {
		{"/nowhere", "404 Client Error: Not Found for url: http://127.0.0.1", 404},
		{"/+status=406/x", "406 Client Error: Not Acceptable", 406},
		{"/+status=500/x", "500 Server Error: Internal Server Error", 500},
		{"/+status=304/x", "unexpected status 304", 0},
		{"/+fail=9/bytes/10", "503 Server Error", 503},
		{"/redirect/loop", "Exceeded 20 redirects", 0},
		{"/to?url=file:///etc/passwd", "no http or https URL", 0},
		{"/to?url=ftp://127.0.0.1/x", "no http or https URL", 0},
		{"/headers/20000", "bytes of headers", 0},
		{"/+truncate/bytes/1000", "connection error", 0},
		{"/+long/bytes/1000", "connection error", 0},
		{"http://127.0.0.1:1/x", "connection error", 0},
		{"http://", "url: http://", 0},
		{"gopher://127.0.0.1/", "not an http, https or file URL", 0},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].path);
		struct answer a = {0};
		run(f, &a, cases[i].path, (struct http_request){.accept = "text/html"});
		g_assert_nonnull(a.error);
		check_error(&a, a.error->code, cases[i].part);
		g_assert_cmpint(http_error_status(a.error), ==, cases[i].status);
		answer_clear(&a);
	}
	teardown(f);
}

static void
test_stalls(void)
{
	struct fixture *f = setup(NULL);
	f->options.timeout_s = 1;
	f->options.retries = f->options.resume_retries = 0;
	client(f);
	static const char *const paths[] = {"/+stall/bytes/1000", "/+slow=8/bytes/400"};
	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		struct answer a = {0};
		run(f, &a, paths[i], (struct http_request){0});
		check_error(&a, ERROR_NETWORK, "timed out");
		answer_clear(&a);
	}
	teardown(f);
}

static void
test_limits(void)
{
	struct fixture *f = setup(NULL);
	struct answer a = {0};
	run(f, &a, "/bomb/64", (struct http_request){.accept = "text/html", .max_size = 1 << 20});
	check_error(&a, ERROR_NETWORK, "larger than 1048576 bytes");
	answer_clear(&a);
	run(f, &a, "/bytes/1000", (struct http_request){.max_size = 999});
	check_error(&a, ERROR_NETWORK, "larger than 999 bytes");
	answer_clear(&a);
	run(f, &a, "/bytes/1000", (struct http_request){.max_size = 1000});
	check_body(&a, 0, 1000);
	answer_clear(&a);
	teardown(f);
}

/* --- ranges -------------------------------------------------------------------------------- */

static void
test_ranges(void)
{
	struct fixture *f = setup(NULL);
	static const struct {
		const char *path;
		int64_t start, end;
		size_t from, length;
		long status;
	} cases[] = {
		{"/bytes/1000", 100, 199, 100, 100, 206},
		{"/bytes/1000", 100, 0, 100, 900, 206},
		{"/bytes/1000", -10, 0, 990, 10, 206},
		{"/bytes/1000", -5000, 0, 0, 1000, 206},
		{"/bytes/1000", 0, 99, 0, 100, 206},
		{"/bytes/1000", 900, 5000, 900, 100, 206},
		{"/+norange/bytes/1000", 100, 199, 0, 1000, 200},
		{"/+norange/bytes/1000", -10, 0, 0, 1000, 200},
		{"/+nosuffix/bytes/1000", -10, 0, 0, 1000, 200},
		{"/+cut=1/bytes/1000", 100, 599, 100, 500, 206},
		{"/+cut=1/bytes/1000", -500, 0, 500, 500, 206},
		{"/+chunked/bytes/1000", -10, 0, 990, 10, 206},
		{"/redirect/2/bytes/1000", 100, 199, 100, 100, 206},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s %" G_GINT64_FORMAT, cases[i].path, cases[i].start);
		struct answer a = {0};
		run(f, &a, "/reset", (struct http_request){0});
		answer_clear(&a);
		run(f, &a, cases[i].path,
			(struct http_request){
				.range_start = cases[i].start, .range_end = cases[i].end});
		check_body(&a, cases[i].from, cases[i].length);
		g_assert_cmpint(a.response->status, ==, cases[i].status);
		g_assert_cmpint(a.response->range_start, ==, (int64_t)cases[i].from);
		g_assert_cmpint(a.response->total, ==, 1000);
		answer_clear(&a);
	}
	teardown(f);
}

static void
test_bad_ranges(void)
{
	struct fixture *f = setup(NULL);
	static const struct {
		const char *path, *part;
		int64_t start, end;
	} cases[] = {
		{"/+shift/bytes/1000", "Content-Range", 100, 199},
		{"/+shift/bytes/1000", "Content-Range", -10, 0},
		{"/+noheader/bytes/1000", "Content-Range", 100, 199},
		{"/+noheader/bytes/1000", "Content-Range", -10, 0},
		{"/+refuse/bytes/1000", "416 Client Error", -10, 0},
		{"/+refuse=501/bytes/1000", "501 Server Error", -10, 0},
		{"/bytes/1000", "416 Client Error", 5000, 0},
		{"/+status=206/x", "Content-Range", 0, 0},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s %" G_GINT64_FORMAT, cases[i].path, cases[i].start);
		struct answer a = {0};
		run(f, &a, cases[i].path,
			(struct http_request){
				.range_start = cases[i].start, .range_end = cases[i].end});
		check_error(&a, ERROR_NETWORK, cases[i].part);
		answer_clear(&a);
	}
	teardown(f);
}

/* --- sinks --------------------------------------------------------------------------------- */

static bool
sink(const void *bytes, size_t length, int64_t at, void *user, GError **error)
{
	(void)error;
	struct answer *a = user;
	if (!a->sunk)
		a->sunk = g_byte_array_new();
	g_assert_cmpint(at, <=, a->sunk->len);
	g_byte_array_set_size(a->sunk, (guint)at);
	g_byte_array_append(a->sunk, bytes, (guint)length);
	return true;
}

static bool
full_sink(const void *bytes, size_t length, int64_t at, void *user, GError **error)
{
	(void)bytes, (void)length, (void)at, (void)user;
	return error_set(error, ERROR_IO, "the disk is full");
}

static void
test_sink(void)
{
	struct fixture *f = setup(NULL);
	static const char *const paths[] = {"/bytes/300000", "/+cut=2/bytes/300000",
		"/+cut=2+weak/bytes/300000", "/+cut=1+noetag/bytes/300000",
		"/+cut=1+norange/bytes/300000", "/+cut=1+shift/bytes/300000",
		"/redirect/1/bytes/300000", "/+fail=1/bytes/300000"};
	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_test_message("%s", paths[i]);
		struct answer a = {0};
		run(f, &a, paths[i], (struct http_request){.sink = sink});
		g_assert_no_error(a.error);
		g_assert_null(a.response->body);
		g_assert_cmpuint(a.sunk->len, ==, 300000);
		check_bytes(a.sunk->data, a.sunk->len, 0);
		answer_clear(&a);
	}
	struct answer a = {0};
	run(f, &a, "/bytes/300000", (struct http_request){.sink = full_sink});
	check_error(&a, ERROR_IO, "the disk is full");
	answer_clear(&a);
	/* A file that changes while it is fetched is fetched anew, never mixed. */
	run(f, &a, "/+cut=1+change/bytes/300000", (struct http_request){.sink = sink});
	g_assert_no_error(a.error);
	g_assert_cmpuint(a.sunk->len, ==, 300000);
	g_assert_cmpuint(a.sunk->data[0], ==, 2);
	check_bytes(a.sunk->data + 1, a.sunk->len - 1, 1);
	answer_clear(&a);
	teardown(f);
}

/* A resumed body asks only for what is missing, under If-Range. */
static void
test_resume(void)
{
	struct fixture *f = setup(NULL);
	struct answer a = {0};
	run(f, &a, "/+cut=1/bytes/1000", (struct http_request){.sink = sink});
	g_assert_no_error(a.error);
	answer_clear(&a);
	Json *document;
	struct json headers;
	g_assert_cmpuint(count_requests(f, "/bytes/1000", &document, &headers), ==, 2);
	g_assert_cmpstr(json_string(json_get(headers, "range"), NULL), ==, "bytes=500-");
	g_assert_nonnull(json_string(json_get(headers, "if-range"), NULL));
	json_free(document);
	teardown(f);
}

/* --- cancelling ---------------------------------------------------------------------------- */

struct canceller {
	Http *http;
	unsigned id;
	bool sunk;
};

static bool
cancelling_sink(const void *bytes, size_t length, int64_t at, void *user, GError **error)
{
	(void)bytes, (void)length, (void)at, (void)error;
	struct canceller *c = user;
	c->sunk = true;
	http_cancel(c->http, c->id);
	return true;
}

static void
never(HttpResponse *response, const GError *error, void *user)
{
	(void)response, (void)error, (void)user;
	g_assert_not_reached();
}

static void
test_cancel(void)
{
	struct fixture *f = setup(NULL);
	g_autofree char *url = g_strconcat(f->server.url, "/bytes/3000000", NULL);
	struct canceller c = {.http = f->http};
	struct http_request request = {
		.url = url, .sink = cancelling_sink, .done = never, .user = &c};
	/* Before it starts, while it runs, from inside its sink. */
	http_cancel(f->http, http_get(f->http, &request));
	g_assert_true(loop_turn(f->loop, 0, NULL));
	unsigned id = http_get(f->http, &request);
	g_assert_true(loop_turn(f->loop, 0, NULL));
	http_cancel(f->http, id);
	c.id = http_get(f->http, &request);
	c.sunk = false;
	while (http_running(f->http))
		g_assert_true(loop_turn(f->loop, 5000, NULL));
	g_assert_true(c.sunk);
	http_cancel(f->http, 12345);
	/* What still runs at the end is told so. */
	struct answer a = {0};
	request = (struct http_request){.url = url, .done = on_done, .user = &a};
	http_get(f->http, &request);
	g_clear_pointer(&f->http, http_free);
	check_error(&a, ERROR_INTERRUPTED, "stopped");
	answer_clear(&a);
	teardown(f);
}

static void
test_many(void)
{
	struct fixture *f = setup(NULL);
	enum { COUNT = 200 };
	struct answer *answers = g_new0(struct answer, COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		g_autofree char *url = g_strdup_printf(
			"%s%s/bytes/%u", f->server.url, i % 5 ? "" : "/+cut=1", 1000 + i);
		struct http_request request = {
			.url = url, .done = on_done, .user = &answers[i], .priority = i % 3 == 0};
		http_get(f->http, &request);
	}
	while (http_running(f->http))
		g_assert_true(loop_turn(f->loop, 5000, NULL));
	for (unsigned i = 0; i < COUNT; i++) {
		check_body(&answers[i], 0, 1000 + i);
		answer_clear(&answers[i]);
	}
	g_free(answers);
	teardown(f);
}

/* --- credentials --------------------------------------------------------------------------- */

static char *
with_user(const struct fixture *f, const char *user, const char *path)
{
	return g_strconcat("http://", user, "@", strstr(f->server.url, "//") + 2, path, NULL);
}

static void
test_url_credentials(void)
{
	struct fixture *f = setup(NULL);
	struct answer a = {0};
	g_autofree char *url = with_user(f, "user:s%65cret", "/+auth/bytes/10");
	run(f, &a, "/+auth/bytes/10", (struct http_request){0});
	check_error(&a, ERROR_NETWORK, "401 Client Error: Unauthorized");
	answer_clear(&a);
	run(f, &a, url, (struct http_request){0});
	check_body(&a, 0, 10);
	g_assert_null(strchr(a.response->url, '@'));
	answer_clear(&a);
	/* Remembered for the origin. */
	run(f, &a, "/+auth/bytes/20", (struct http_request){0});
	check_body(&a, 0, 20);
	answer_clear(&a);
	g_autofree char *wrong = with_user(f, "user:hunter2", "/+auth/bytes/30");
	client(f);
	run(f, &a, wrong, (struct http_request){0});
	check_error(&a, ERROR_NETWORK, "401 Client Error");
	g_assert_null(strstr(a.error->message, "hunter2"));
	answer_clear(&a);
	teardown(f);
}

static void
test_redirect_credentials(void)
{
	struct fixture *f = setup(NULL);
	struct answer a = {0};
	const char *port = strrchr(f->server.url, ':');
	/* localhost is another origin than 127.0.0.1. */
	g_autofree char *away =
		g_strdup_printf("/to?url=http://localhost%s/%%2Bauth/bytes/10", port);
	g_autofree char *same = g_strdup_printf("/to?url=%s/%%2Bauth/bytes/10", f->server.url);
	g_autofree char *url = with_user(f, "user:secret", away),
			*home = with_user(f, "user:secret", same);
	run(f, &a, url, (struct http_request){0});
	check_error(&a, ERROR_NETWORK, "401 Client Error: Unauthorized for url: http://localhost");
	g_assert_null(strstr(a.error->message, "secret"));
	answer_clear(&a);
	Json *document;
	struct json headers;
	g_assert_cmpuint(count_requests(f, "/+auth/bytes/10", &document, &headers), ==, 1);
	g_assert_cmpint(json_type(json_get(headers, "authorization")), ==, JSON_NONE);
	g_assert_cmpint(json_type(json_get(headers, "host")), ==, JSON_STRING);
	json_free(document);
	run(f, &a, home, (struct http_request){0});
	check_body(&a, 0, 10);
	answer_clear(&a);
	teardown(f);
}

static void
test_netrc(void)
{
	static const struct {
		const char *text, *user, *password;
	} cases[] = {
		{"machine h login u password p", "u", "p"},
		{"machine x login a password b\nmachine h\n\tlogin u\n\tpassword p\n", "u", "p"},
		{"machine x login a password b\ndefault login u password p", "u", "p"},
		{"# machine h login a password b\nmachine h login u password p", "u", "p"},
		{"macdef init\nmachine h login a password b\n\nmachine h login u password p", "u",
			"p"},
		{"machine h login \"u v\" password \"p\\\"q\"", "u v", "p\"q"},
		{"machine h account a login u password #p", "u", "#p"},
		{"machine h password p", "", "p"},
		{"machine h login u password", "u", ""},
		{"machine h", NULL, NULL},
		{"machine", NULL, NULL},
		{"machine hh login u password p", NULL, NULL},
		{"\"", NULL, NULL},
		{"", NULL, NULL},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *user = NULL, *password = NULL;
		bool found = http_auth_netrc(cases[i].text, "h", &user, &password);
		g_assert_cmpint(found, ==, cases[i].user != NULL);
		g_assert_cmpstr(user, ==, cases[i].user);
		g_assert_cmpstr(password, ==, cases[i].password);
	}
	struct fixture *f = setup(NULL);
	struct answer a = {0};
	g_autofree char *path = g_build_filename(f->scratch, "netrc", NULL);
	g_assert_true(g_file_set_contents(
		path, "machine 127.0.0.1 login user password secret\n", -1, NULL));
	run(f, &a, "/+auth/bytes/10", (struct http_request){0});
	check_body(&a, 0, 10);
	answer_clear(&a);
	teardown(f);
}

/* A command named keyring, first in PATH. */
static void
test_keyring(void)
{
	struct fixture *f = setup(NULL);
	struct answer a = {0};
	g_autofree char *command = g_build_filename(f->scratch, "keyring", NULL);
	g_autofree char *seen = g_build_filename(f->scratch, "seen", NULL);
	g_autofree char *script =
		g_strdup_printf("#!/bin/sh\necho \"$@\" >>'%s'\n"
				"case $4 in */simple/) exit 1;; esac\n"
				"echo '{\"username\": \"user\", \"password\": \"secret\"}'\n",
			seen);
	const char *old = g_getenv("PATH");
	g_autofree char *path = g_strdup_printf("%s:%s", f->scratch, old), *before = g_strdup(old);
	g_assert_true(g_file_set_contents(command, script, -1, NULL));
	g_assert_cmpint(g_chmod(command, 0700), ==, 0);
	g_setenv("PATH", path, TRUE);
	/* Not without --no-input's permission; pip: "auto" needs somebody to ask. */
	f->options.keyring_provider = "auto";
	client(f);
	run(f, &a, "/+auth/bytes/10", (struct http_request){0});
	check_error(&a, ERROR_NETWORK, "401");
	answer_clear(&a);
	f->options.keyring_provider = "subprocess";
	client(f);
	g_autofree char *index = g_strconcat(f->server.url, "/simple/", NULL);
	http_know_url(f->http, index);
	run(f, &a, "/+auth/bytes/10", (struct http_request){0});
	check_body(&a, 0, 10);
	answer_clear(&a);
	g_autofree char *calls = NULL;
	g_assert_true(g_file_get_contents(seen, &calls, NULL, NULL));
	g_autofree char *expected = g_strdup_printf("--mode=creds --output=json get %s\n"
						    "--mode=creds --output=json get %s\n",
		index, strstr(f->server.url, "//") + 2);
	g_assert_cmpstr(calls, ==, expected);
	g_setenv("PATH", before, TRUE);
	teardown(f);
}

static void
test_redact(void)
{
	static const struct {
		const char *url, *shown;
	} cases[] = {
		{"https://h/p", "https://h/p"},
		{"https://u:p@h/p", "https://u:****@h/p"},
		{"https://token@h/p", "https://****@h/p"},
		{"https://u:a@b@h/p", "https://u:****@h/p"},
		{"https://h/p@q", "https://h/p@q"},
		{"https://h?x=@q", "https://h?x=@q"},
		{"no url", "no url"},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *shown = http_redact_url(cases[i].url);
		g_assert_cmpstr(shown, ==, cases[i].shown);
	}
}

/* --- the cache ----------------------------------------------------------------------------- */

static void
test_lifetime(void)
{
	static const struct {
		const char *control, *expires, *date, *age;
		int64_t until;
	} cases[] = {
		{"max-age=600", NULL, NULL, NULL, 1600},
		{"public, MAX-AGE=600", NULL, NULL, "100", 1500},
		{"max-age=600", NULL, NULL, "1000", 1000},
		{"no-store", NULL, NULL, NULL, 0},
		{"max-age=600, no-store", NULL, NULL, NULL, 0},
		{"no-cache, max-age=600", NULL, NULL, NULL, 1000},
		{NULL, NULL, NULL, NULL, 1000},
		{NULL, "Thu, 01 Jan 1970 00:10:00 GMT", "Thu, 01 Jan 1970 00:05:00 GMT", NULL,
			1300},
		{NULL, "0", NULL, NULL, 1000},
		{"max-age=-5", NULL, NULL, NULL, 1000},
		{"max-age=99999999999999999999", NULL, NULL, NULL,
			1000 + (int64_t)10 * 365 * 86400},
		{"s-maxage=600", NULL, NULL, NULL, 1000},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(http_cache_lifetime(cases[i].control, cases[i].expires,
					cases[i].date, cases[i].age, 1000),
			==, cases[i].until);
}

static void
test_cache(void)
{
	struct fixture *f = setup(NULL);
	f->options.cache_dir = f->scratch;
	static const struct {
		const char *path;
		enum http_cache cache;
		unsigned requests; /* for two fetches */
		bool kept;	   /* the second body comes from disk */
	} cases[] = {
		{"/+maxage=60/bytes/1000", HTTP_CACHE_USE, 1, true},
		{"/+maxage=60/bytes/1001", HTTP_CACHE_REFRESH, 2, true},
		{"/+maxage=0/bytes/1002", HTTP_CACHE_USE, 2, true},
		{"/+nocache/bytes/1003", HTTP_CACHE_USE, 2, true},
		{"/+nocache+weak/bytes/1004", HTTP_CACHE_USE, 2, true},
		{"/+nostore/bytes/1005", HTTP_CACHE_USE, 2, false},
		{"/+maxage=60/bytes/1006", HTTP_CACHE_NONE, 2, false},
		{"/+maxage=60+gzip/bytes/1007", HTTP_CACHE_USE, 1, true},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].path);
		struct answer a = {0};
		for (int k = 0; k < 2; k++) {
			answer_clear(&a);
			client(f);
			run(f, &a, cases[i].path,
				(struct http_request){
					.accept = "text/html", .cache = cases[i].cache});
			check_body(&a, 0, 1000 + i);
		}
		g_assert_cmpint(a.response->from_cache, ==, cases[i].kept);
		answer_clear(&a);
		g_assert_cmpuint(
			count_requests(f, cases[i].path, NULL, NULL), ==, cases[i].requests);
	}
	/* Offline: what is kept is used however old it is. */
	struct answer a = {0};
	f->options.offline = true;
	client(f);
	run(f, &a, "/+maxage=0/bytes/1002", (struct http_request){.accept = "text/html"});
	check_body(&a, 0, 1002);
	answer_clear(&a);
	run(f, &a, "/bytes/9", (struct http_request){0});
	check_error(&a, ERROR_NETWORK, "offline");
	answer_clear(&a);
	teardown(f);
}

static void
test_damaged_cache(void)
{
	struct fixture *f = setup(NULL);
	g_autofree char *url = g_strconcat(f->server.url, "/+maxage=60/bytes/100", NULL);
	g_autofree char *path = http_cache_path(f->scratch, url, NULL);
	struct answer a = {0};
	f->options.cache_dir = f->scratch;
	client(f);
	run(f, &a, url, (struct http_request){0});
	answer_clear(&a);
	g_autofree char *kept = NULL;
	gsize length;
	g_assert_true(g_file_get_contents(path, &kept, &length, NULL));
	for (gsize cut = 0; cut < length; cut++) {
		g_assert_true(fs_write_atomic(path, kept, cut, 0600, false, NULL));
		g_autoptr(HttpResponse) response = http_cache_read(f->scratch, url, NULL);
		g_assert_null(response);
	}
	g_assert_true(g_file_set_contents(path, kept, (gssize)length, NULL));
	g_autoptr(HttpResponse) response = http_cache_read(f->scratch, url, NULL);
	g_assert_nonnull(response);
	teardown(f);
}

/* --- files, certificates ------------------------------------------------------------------- */

static void
test_file_url(void)
{
	struct fixture *f = setup(NULL);
	struct answer a = {0};
	g_autofree char *path = g_build_filename(f->scratch, "a file", NULL);
	g_autofree char *url = fs_path_to_url(path);
	g_assert_true(g_file_set_contents(path, "text", 4, NULL));
	run(f, &a, url, (struct http_request){0});
	g_assert_no_error(a.error);
	g_assert_cmpuint(g_bytes_get_size(a.response->body), ==, 4);
	g_assert_true(memcmp(g_bytes_get_data(a.response->body, NULL), "text", 4) == 0);
	answer_clear(&a);
	g_assert_cmpint(g_remove(path), ==, 0);
	run(f, &a, url, (struct http_request){0});
	check_error(&a, ERROR_IO, "a file");
	answer_clear(&a);
	teardown(f);
}

static void
test_tls(void)
{
	g_autofree char *folder = g_dir_make_tmp("xpip-tls-XXXXXX", NULL);
	const char *const arguments[] = {"--tls", folder, NULL};
	g_unsetenv("SSL_CERT_FILE");
	g_unsetenv("SSL_CERT_DIR");
	g_unsetenv("REQUESTS_CA_BUNDLE");
	g_unsetenv("CURL_CA_BUNDLE");
	struct fixture *f = setup(arguments);
	g_autofree char *ca = g_build_filename(folder, "ca.pem", NULL);
	g_autofree char *empty = g_build_filename(folder, "empty", NULL);
	struct answer a = {0};
	run(f, &a, "/bytes/10", (struct http_request){0});
	check_error(&a, ERROR_NETWORK, "There was a problem confirming the ssl certificate");
	answer_clear(&a);
	f->options.cert = ca;
	client(f);
	run(f, &a, "/bytes/10", (struct http_request){0});
	check_body(&a, 0, 10);
	answer_clear(&a);
	/* https does not lead to clear text. */
	run(f, &a, "/to?url=http://127.0.0.1:1/x", (struct http_request){0});
	check_error(&a, ERROR_NETWORK, "not secure");
	answer_clear(&a);
	f->options.cert = NULL;
	f->options.trusted_hosts = (const char *const[]){"127.0.0.1", NULL};
	client(f);
	run(f, &a, "/bytes/10", (struct http_request){0});
	check_body(&a, 0, 10);
	answer_clear(&a);
	g_assert_true(g_file_set_contents(empty, "", 0, NULL));
	for (int i = 0; i < 2; i++) {
		g_autoptr(GError) error = NULL;
		f->options.cert = i ? empty : "/nonexistent/ca.pem";
		g_assert_null(http_new(f->loop, f->log, &f->options, &error));
		g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
		g_assert_nonnull(strstr(error->message, f->options.cert));
	}
	teardown(f);
	fs_remove_tree(folder, NULL);
}

/* Hashed folders of certificates are tried first, the file if these do not do. */
static void
test_ca_folder(void)
{
	g_autofree char *folder = g_dir_make_tmp("xpip-tls-XXXXXX", NULL);
	const char *const arguments[] = {"--tls", folder, NULL};
	g_unsetenv("REQUESTS_CA_BUNDLE");
	g_unsetenv("CURL_CA_BUNDLE");
	struct fixture *f = setup(arguments);
	g_autofree char *ca = g_build_filename(folder, "ca.pem", NULL);
	g_autofree char *other = g_build_filename(folder, "conf", NULL);
	g_autofree char *hash = NULL;
	char *argv[] = {(char *)"openssl", (char *)"x509", (char *)"-hash", (char *)"-noout",
		(char *)"-in", ca, NULL};
	g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &hash, NULL, NULL, NULL);
	g_assert_cmpuint(strlen(g_strstrip(hash)), ==, 8);
	g_autofree char *link = g_strdup_printf("%s/%s.0", folder, hash);
	g_autofree char *wrong = g_strdup_printf("%s/00000000.0", folder);
	g_assert_cmpint(symlink("ca.pem", wrong), ==, 0);
	g_setenv("SSL_CERT_DIR", folder, TRUE);
	for (int i = 0; i < 3; i++) {
		struct answer a = {0};
		/* The file has it; neither has it; the folder has it. */
		g_setenv("SSL_CERT_FILE", i == 0 ? ca : other, TRUE);
		if (i == 2)
			g_assert_cmpint(symlink("ca.pem", link), ==, 0);
		client(f);
		run(f, &a, "/bytes/10", (struct http_request){0});
		if (i == 1)
			check_error(&a, ERROR_NETWORK,
				"There was a problem confirming the ssl certificate");
		else
			check_body(&a, 0, 10);
		answer_clear(&a);
	}
	g_unsetenv("SSL_CERT_DIR");
	g_unsetenv("SSL_CERT_FILE");
	teardown(f);
	fs_remove_tree(folder, NULL);
}

/* A proxy is asked with the whole URL, and told its own credentials only. */
static void
test_proxy(void)
{
	struct fixture *f = setup(NULL);
	g_autofree char *proxy = g_strconcat("http://p:q@", strstr(f->server.url, "//") + 2, NULL);
	struct answer a = {0};
	f->options.proxy = proxy;
	client(f);
	run(f, &a, "http://u:v@host.example/bytes/10", (struct http_request){0});
	check_body(&a, 0, 10); /* the server looks at the path only */
	answer_clear(&a);
	f->options.proxy = NULL;
	client(f);
	Json *document;
	struct json headers;
	g_assert_cmpuint(
		count_requests(f, "http://host.example/bytes/10", &document, &headers), ==, 1);
	g_assert_cmpstr(json_string(json_get(headers, "authorization"), NULL), ==, "Basic dTp2");
	g_assert_cmpstr(
		json_string(json_get(headers, "proxy-authorization"), NULL), ==, "Basic cDpx");
	json_free(document);
	/* From the environment, unless that is ruled out. */
	g_setenv("HTTP_PROXY", "http://127.0.0.1:1", TRUE);
	f->options.no_proxy_env = false;
	client(f);
	run(f, &a, "http://host.example/x", (struct http_request){0});
	check_error(&a, ERROR_NETWORK, "connection error");
	answer_clear(&a);
	g_setenv("NO_PROXY", "127.0.0.1", TRUE);
	run(f, &a, "/bytes/10", (struct http_request){0});
	check_body(&a, 0, 10);
	answer_clear(&a);
	g_unsetenv("HTTP_PROXY");
	g_unsetenv("NO_PROXY");
	teardown(f);
}

static void
test_secure(void)
{
	struct fixture *f = setup(NULL);
	f->options.trusted_hosts = (const char *const[]){"a.example", "b.example:8080", NULL};
	Http *http = client(f);
	static const struct {
		const char *url;
		bool secure;
	} cases[] = {{"https://x.example/", true}, {"http://x.example/", false},
		{"http://localhost/", true}, {"http://127.0.0.1:80/", true},
		{"http://[::1]/", true}, {"file:///x", true}, {"http://a.example/", true},
		{"http://a.example:81/", true}, {"http://b.example/", false},
		{"http://b.example:8080/", true}, {"http://localhost.example/", false},
		{"http://localhost@x.example/", false}};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(http_is_secure(http, cases[i].url), ==, cases[i].secure);
	teardown(f);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/http/whole", test_whole);
	g_test_add_func("/http/errors", test_errors);
	g_test_add_func("/http/stalls", test_stalls);
	g_test_add_func("/http/limits", test_limits);
	g_test_add_func("/http/ranges", test_ranges);
	g_test_add_func("/http/bad-ranges", test_bad_ranges);
	g_test_add_func("/http/sink", test_sink);
	g_test_add_func("/http/resume", test_resume);
	g_test_add_func("/http/cancel", test_cancel);
	g_test_add_func("/http/many", test_many);
	g_test_add_func("/http/url-credentials", test_url_credentials);
	g_test_add_func("/http/redirect-credentials", test_redirect_credentials);
	g_test_add_func("/http/netrc", test_netrc);
	g_test_add_func("/http/keyring", test_keyring);
	g_test_add_func("/http/redact", test_redact);
	g_test_add_func("/http/lifetime", test_lifetime);
	g_test_add_func("/http/cache", test_cache);
	g_test_add_func("/http/damaged-cache", test_damaged_cache);
	g_test_add_func("/http/file-url", test_file_url);
	g_test_add_func("/http/tls", test_tls);
	g_test_add_func("/http/ca-folder", test_ca_folder);
	g_test_add_func("/http/proxy", test_proxy);
	g_test_add_func("/http/secure", test_secure);
	return g_test_run();
}
