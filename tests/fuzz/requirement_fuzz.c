/* SPDX-License-Identifier: MIT */
/* PEP 508 requirements: what parses can be written, and is the same when read again. */
#include "resolver/requirement.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Requirement) requirement = requirement_parse((const char *)data, size, &error);
	g_assert(!requirement == !!error);
	if (!requirement)
		return 0;
	g_autofree char *text = requirement_text(requirement);
	/* Escapes in markers and NUL in `===` are not written as they were read. */
	if (memchr(data, '\\', size) || memchr(data, '\0', size))
		return 0;
	g_autoptr(Requirement) again = requirement_parse(text, strlen(text), NULL);
	g_assert_nonnull(again);
	g_autofree char *twice = requirement_text(again);
	g_assert_cmpstr(text, ==, twice);
	g_assert_cmpstr(requirement->normalized_name, ==, again->normalized_name);
	g_assert_cmpstr(requirement->url, ==, again->url);
	g_assert_true(g_strv_equal(
		(const char *const *)requirement->extras, (const char *const *)again->extras));
	return 0;
}
