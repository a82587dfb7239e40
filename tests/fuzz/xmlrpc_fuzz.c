/* SPDX-License-Identifier: MIT */
/* Answers to XML-RPC searches: hits are whole, or there is an error. */
#include "resolver/xmlrpc.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) hits = xmlrpc_parse_hits((const char *)data, size, &error);
	g_assert(!hits == !!error);
	for (guint i = 0; hits && i < hits->len; i++) {
		const struct xmlrpc_hit *hit = g_ptr_array_index(hits, i);
		g_assert(hit->name && hit->summary && hit->version);
	}
	return 0;
}
