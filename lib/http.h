/* SPDX-License-Identifier: MIT */
/* The one HTTP client: libcurl multi on the main loop, with retries, credentials, cache, ranges. */
#pragma once
#include "lib/log.h"
#include "lib/loop.h"

typedef struct Http Http;

struct http_options {
	int timeout_s;			  /* connect and stall time-out (default 15) */
	int retries;			  /* attempts after the first (default 5) */
	int resume_retries;		  /* attempts to go on with a broken body (default 5) */
	const char *proxy;		  /* --proxy, or NULL: *_proxy variables */
	bool no_proxy_env;		  /* --no-proxy-env */
	const char *cert;		  /* --cert: unreadable or empty is an error at http_new */
	const char *client_cert;	  /* --client-cert */
	const char *const *trusted_hosts; /* host or host:port, NULL-terminated, or NULL */
	const char *cache_dir;		  /* root of the response cache, or NULL: no cache */
	const char *keyring_provider;	  /* auto, disabled, import, subprocess */
	bool no_input;			  /* never ask for credentials */
	/* Asks the user for a name and a password (new strings); NULL: nobody is asked. */
	bool (*ask)(void *user, const char *host, char **name, char **password);
	void *ask_user;
	const char *user_agent;
	bool offline; /* answer from the cache or fail */
};

/* Borrows loop and log. libcurl is loaded (dlopen, lib/load.c) on a thread from now on, so that the
 * first request finds it there. */
Http *http_new(Loop *loop, Log *log, const struct http_options *options, GError **error);
void http_free(Http *http); /* aborts what runs; `done` is called with ERROR_INTERRUPTED */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Http, http_free)

enum http_cache {
	HTTP_CACHE_USE,	    /* RFC 9111: fresh answers from disk, stale ones revalidated */
	HTTP_CACHE_REFRESH, /* always revalidate (max-age=0) */
	HTTP_CACHE_NONE,    /* neither read nor write */
	HTTP_CACHE_RELOAD,  /* the same, and caches on the way revalidate */
};

/* An answer. Owned by whoever holds it; http_response_free. */
typedef struct HttpResponse {
	long status;	     /* 200, 206; 304 only for a request with validators */
	char *url;	     /* after redirects, without any credentials */
	char *content_type;  /* lower case, without parameters; "" if absent */
	char *charset;	     /* parameter of the content type, or NULL */
	char *etag;	     /* or NULL */
	char *last_modified; /* or NULL */
	int64_t fresh_until; /* time(2) until which it may be used unasked; 0: it must not be kept
			      */
	GBytes *body;	     /* NULL when a sink took it */
	int64_t total; /* size of the whole resource if known (Content-Length or -Range), else -1 */
	int64_t range_start; /* first byte of the body within the resource: 0 unless 206 */
	bool from_cache;     /* body came from disk without or after revalidation */
	bool accepts_ranges; /* a hint only */
	bool is_gzip;	     /* the body is still compressed (only if the request left it) */
} HttpResponse;
void http_response_free(HttpResponse *response);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpResponse, http_response_free)

/* Exactly one of response and error is given. A status of 400 and above is an error (kind
 * ERROR_NETWORK, message "404 Client Error: Not Found for url: URL", as requests words it) with
 * http_error_status() telling the number. No message contains credentials. */
typedef void (*http_done_fn)(
	HttpResponse *response /* owned by callee */, const GError *error, void *user);

/* Gets body bytes as they come, at offset `at` of the resource; false with error stops the
 * transfer. After a retry from the start `at` goes back: a sink must accept that. */
typedef bool (*http_sink_fn)(
	const void *bytes, size_t length, int64_t at, void *user, GError **error);

struct http_request {
	const char *url;    /* http(s):// or file://; credentials in it are used, never shown */
	const char *accept; /* Accept header, or NULL */
	enum http_cache cache;
	int64_t range_start; /* first byte; negative: the last -n bytes; 0 with range_end 0: all */
	int64_t range_end;   /* last byte, inclusive; 0 = to the end */
	int64_t max_size;    /* bytes; more is ERROR_NETWORK; 0 = 1 GiB for bodies in memory */
	http_sink_fn sink;   /* or NULL: the body is collected in memory */
	http_done_fn done;
	void *user;						  /* for sink and done */
	void (*progress)(int64_t now, int64_t total, void *user); /* or NULL */
	bool priority;	 /* ahead of the queue (pages and metadata before wheels) */
	bool leave_gzip; /* `done` calls http_decode itself, perhaps on another thread */
	const char *etag, *last_modified; /* validators of what the caller has; or NULL */
	const char *post, *post_type;	  /* POST this text of that media type; NULL: GET */
};

/* Starts (or queues) a transfer; strings are copied. Returns an id for http_cancel. Files
 * (file://) and cache hits are answered in the next loop_turn, never from inside this call. */
unsigned http_get(Http *http, const struct http_request *request);
void http_cancel(Http *http, unsigned id); /* `done` is not called any more */
unsigned http_running(const Http *http);   /* queued or under way */

/* The text of a gzip-encoded body, at most `max` bytes. Any thread. ERROR_NETWORK. */
GBytes *http_decode(GBytes *body, size_t max, GError **error);

/* The whole of what `url` stands for, got in another way: http_get of all of it, past the cache, is
 * answered with these bytes while the client lives. Takes a reference. */
void http_keep_whole(Http *http, const char *url, GBytes *bytes);

/* HTTP status of an error given to `done`, or 0. */
long http_error_status(const GError *error);

/* Remembers an index URL, with its credentials if it has any: files below it are asked for with
 * them, and keyring is asked about it. */
void http_know_url(Http *http, const char *url);

/* Blocking convenience for single documents: runs the loop until the answer is there. */
HttpResponse *http_fetch(
	Http *http, const char *url, const char *accept, enum http_cache cache, GError **error);

/* More --trusted-host: those that requirements files name. */
void http_trust(Http *http, const char *const *hosts);

/* pip's rule for index pages: https, loopback, file and --trusted-host are secure origins. */
bool http_is_secure(const Http *http, const char *url);

/* url without user:password@ and fragment: what the client puts into answers and messages. */
char *http_strip_url(const char *url);

/* url without user:password@, or with the password as ****: for messages. Newly allocated. */
char *http_redact_url(const char *url);
