/* SPDX-License-Identifier: MIT */
/* The one XML-RPC call of an index that is made: `search`. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

struct xmlrpc_hit {			/* one release */
	char *name, *summary, *version; /* never NULL */
};

/* search({"name": words, "summary": words}, "or"); words is NULL-terminated. New string. */
char *xmlrpc_search_request(const char *const *words);
/* Array of struct xmlrpc_hit *. A fault is ERROR_NETWORK: "XMLRPC request failed [code: N]" and the
 * server's text; anything else that is no list of releases is ERROR_INVALID_INPUT. At most 16 MiB,
 * 100000 hits, 64 levels. */
GPtrArray *xmlrpc_parse_hits(const char *bytes, size_t length, GError **error);
