/* SPDX-License-Identifier: MIT */
/* Shared by the files of the HTTP client: http.c (queue, loop), http_transfer.c (one attempt),
 * http_answer.c (what comes in), http_auth.c (credentials), http_cache.c (kept answers),
 * http_url.c. */
#pragma once
#include "lib/http.h"
#include "lib/load.h"

#include <pthread.h>

/* The headers' type-checking macros would hide the members of struct load_curl. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

enum transfer_state {
	TRANSFER_QUEUED,
	TRANSFER_RUNNING,
	TRANSFER_WAITING, /* for another attempt */
	TRANSFER_READY	  /* can be answered without a transfer */
};

/* What the headers of one answer said. */
struct http_head {
	char *cache_control, *expires, *date, *age, *location, *encoding;
	int64_t length;			 /* Content-Length, -1 if absent */
	int64_t start, end, range_total; /* Content-Range; start -1: absent, range_total -1: * */
	int64_t retry_after;		 /* seconds */
	size_t bytes;			 /* of all header lines */
};

struct http_transfer {
	Http *http;
	unsigned id;
	enum transfer_state state;
	bool cancelled;
	/* the request; strings owned. `url` is where the next attempt goes: no credentials, no
	 * fragment; `key` is the one that was asked for, under which the answer is kept. */
	char *url, *key, *accept, *etag, *last_modified, *post, *post_type;
	enum http_cache cache;
	int64_t range_start, range_end, max_size;
	http_sink_fn sink;
	http_done_fn done;
	void *user;
	void (*progress)(int64_t now, int64_t total, void *user);
	bool priority, leave_gzip;
	/* the attempt */
	CURL *easy;
	struct curl_slist *headers;
	unsigned attempts, resumes, redirects;
	bool fresh_connection; /* the last one stalled */
	bool asked_keyring, authenticated;
	bool folder_only; /* of certificates was tried */
	int64_t not_before_us;
	int64_t base;	   /* offset of the body within the resource */
	int64_t received;  /* bytes of the body so far, over all attempts */
	int64_t resume_at; /* of these, what this attempt need not bring */
	int64_t total;	   /* of the resource, -1 unknown; must not change between attempts */
	char *validator;   /* for If-Range, or NULL */
	GByteArray *body;
	GError *error; /* from the sink, or a limit: final */
	bool restart;  /* the answer does not continue the body: begin again */
	bool checked;  /* status and ranges of this answer were looked at */
	HttpResponse *response;
	GBytes *whole;	     /* given by http_keep_whole */
	HttpResponse *stale; /* kept answer that this transfer revalidates */
	struct http_head head;
	char reason[CURL_ERROR_SIZE];
};

struct http_login {
	char *origin; /* "https://host:port" */
	char *path;   /* the URL's path for which it was given */
	char *user, *password;
};

struct Http {
	Loop *loop;
	Log *log;
	struct http_options options; /* strings owned */
	const struct load_curl *curl;
	CURLM *multi;
	pthread_t preload; /* loads libcurl */
	bool preloading;
	GHashTable *wholes;   /* URL -> GBytes *, of http_keep_whole; or NULL */
	GPtrArray *transfers; /* of struct http_transfer * */
	unsigned last_id, running;
	bool performing; /* inside libcurl: handles must not be removed */
	char *ca_file, *ca_path;
	bool folder_first; /* ca_path alone is tried before ca_file, too */
	GPtrArray *logins; /* of struct http_login * */
	char *netrc;	   /* its text; NULL: not read yet */
	char *keyring;	   /* path of the command; "" if there is none; NULL: not looked up */
};

/* --- http_transfer.c --- */
/* Begins an attempt. */
void http_transfer_start(struct http_transfer *t);
/* Ends one: the transfer waits for another, or is answered and gone. */
void http_transfer_finish(struct http_transfer *t, CURLcode code);
void http_transfer_free(struct http_transfer *t);

/* --- http_answer.c --- */
size_t http_answer_header(char *bytes, size_t size, size_t count, void *transfer); /* for libcurl */
size_t http_answer_body(char *bytes, size_t size, size_t count, void *transfer);
void http_answer_begin(struct http_transfer *t);
/* Do status and Content-Range fit the request? If not, t->error or t->restart is set. */
bool http_answer_check(struct http_transfer *t);
void http_answer_drop(struct http_transfer *t); /* the body so far */
void http_answer_clear(struct http_head *head);
long http_answer_status(struct http_transfer *t);
bool http_answer_is_part(const struct http_transfer *t); /* a range was asked for */

/* --- http.c --- */
/* Takes it from the list, calls `done` (not if cancelled), frees it. Owns response and error. */
void http_settle(struct http_transfer *t, HttpResponse *response, GError *error);
HttpResponse *http_response_new(const char *url);
bool http_is_trusted(const Http *http, const char *url); /* --trusted-host */

/* --- http_auth.c --- */
/* The URL without user, password and fragment; what stood there is remembered for its origin. */
char *http_auth_strip(Http *http, const char *url);
/* Credentials for a URL (without any in it): from earlier URLs of the origin, then netrc. */
bool http_auth_find(Http *http, const char *url, char **user, char **password);
/* After a 401: asks keyring, then the user, if that is allowed. What it finds is remembered. */
bool http_auth_ask(Http *http, const char *url);
void http_auth_clear(Http *http);
/* A netrc file's entry for a host: pure. */
bool http_auth_netrc(const char *text, const char *host, char **user, char **password);

/* --- http_cache.c --- */
/* Reads a kept answer: NULL if there is none or it is damaged. */
HttpResponse *http_cache_read(const char *cache_dir, const char *url, const char *accept);
/* Keeps an answer, or refreshes the times of one. Failures are of no consequence. */
void http_cache_write(
	const char *cache_dir, const char *url, const char *accept, const HttpResponse *response);
/* fresh_until from the headers (RFC 9111): 0 for no-store, `now` for what has to be revalidated. */
int64_t http_cache_lifetime(const char *cache_control, const char *expires, const char *date,
	const char *age, int64_t now);
/* "a/b/c/d/e/abcde…": the place of a cached answer below http-v2. New string. */
char *http_cache_path(const char *cache_dir, const char *url, const char *accept);
/* An HTTP date as time(2), -1 if it is none. */
int64_t http_cache_date(const char *text);

/* --- http_url.c --- */
/* host, and host:port, in lower case; new strings. */
bool http_url_host(const char *url, char **host, char **host_port);
/* "https://host:port", the standard port left out; new string, or NULL for other URLs. */
char *http_url_origin(const char *url);
/* Takes user and password (percent-decoded, NULL if absent) off; new string without fragment. */
char *http_url_split(const char *url, char **user, char **password);
/* The target of a redirect, or NULL with an error: other schemes, control bytes. */
char *http_url_redirect(const char *from, const char *location, GError **error);
