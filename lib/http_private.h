/* SPDX-License-Identifier: MIT */
/* Shared by http.c and http_cache.c. */
#pragma once
#include "lib/http.h"
#include "lib/load.h"

/* Reads a kept answer: NULL if there is none or it is damaged. The body is mapped. */
HttpResponse *http_cache_read(const char *cache_dir, const char *url, const char *accept);
/* Keeps an answer, or refreshes the times of one. Failures are of no consequence. */
void http_cache_write(
	const char *cache_dir, const char *url, const char *accept, const HttpResponse *response);
/* fresh_until from the headers (RFC 9111): 0 for no-store, `now` for what has to be revalidated. */
int64_t http_cache_lifetime(const char *cache_control, const char *expires, const char *date,
	const char *age, int64_t now);
/* "a/b/c/d/e/abcde…": the place of a cached answer below http-v2. New string. */
char *http_cache_path(const char *cache_dir, const char *url, const char *accept);
/* host, and host:port; borrowed parts of url. */
bool http_url_host(const char *url, char **host, char **host_port);
