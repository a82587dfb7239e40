/* SPDX-License-Identifier: MIT */
/* PEP 508 markers: what parses can be evaluated and written, and is the same when read again. */
#include "resolver/marker.h"

#include <stdint.h>
#include <string.h>

static const struct marker_env env = {{"cpython", "3.12.1", "posix", "x86_64", "CPython",
	"6.1.0-18-amd64", "Linux", "#1 SMP PREEMPT_DYNAMIC", "3.13.0a4+", "3.13", "linux"}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Marker) marker = marker_parse((const char *)data, size, &error);
	g_assert(!marker == !!error);
	if (!marker)
		return 0;
	g_autofree char *text = marker_text(marker);
	/* packaging writes values as they are: not every escape survives that. */
	if (memchr(data, '\\', size))
		return 0;
	g_autoptr(Marker) again = marker_parse(text, strlen(text), NULL);
	g_assert_nonnull(again);
	g_autofree char *twice = marker_text(again);
	g_assert_cmpstr(text, ==, twice);
	g_assert(marker_mentions_extra(marker) == marker_mentions_extra(again));
	const char *const extras[] = {"", "test", "Te_St.x"};
	for (size_t i = 0; i < G_N_ELEMENTS(extras); i++) {
		bool one = false, two = false;
		g_assert(marker_evaluate(marker, &env, extras[i], &one) ==
			 marker_evaluate(again, &env, extras[i], &two));
		g_assert(one == two);
	}
	g_assert(marker_applies(marker, &env, extras, 3) == marker_applies(again, &env, extras, 3));
	return 0;
}
