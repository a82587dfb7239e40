/* SPDX-License-Identifier: MIT */
/* PEP 440: two versions, one a line. What parses can be written, copied and ordered; and whatever
 * bytes a damaged cache holds, version_from_block takes only what can be used. */
#include "resolver/version_key.h"

#include <stdint.h>
#include <string.h>

static void
check_one(const Version *version)
{
	const char *text = version_text(version);
	g_autoptr(Version) again = version_parse(text, strlen(text), NULL);
	g_assert_nonnull(again);
	g_assert_cmpstr(text, ==, version_text(again));
	g_assert_cmpint(version_compare(version, again), ==, 0);
	g_autofree char *canonical = version_canonical(version);
	g_autoptr(Version) short_one = version_parse_string(canonical);
	g_assert_nonnull(short_one);
	g_assert_cmpint(version_compare(version, short_one), ==, 0);
	g_autoptr(Version) copy = version_copy(version);
	g_assert_nonnull(version_from_block(copy, version_size(copy)));
	g_assert_null(version_from_block(copy, version_size(copy) - 1));
	g_autofree char *public = version_public(version), *base = version_base(version);
	g_autofree char *local = version_local(version), *epoch = version_epoch(version);
	g_assert_true(g_str_has_prefix(text, public) && *base && *epoch);
	g_assert_cmpint(!local, ==, !version_has_local(version));
}

static void
check_block(const uint8_t *data, size_t size)
{
	if (size == 0)
		return;
	g_autofree void *bytes = g_memdup2(data, size);
	const Version *version = version_from_block(bytes, size);
	if (!version)
		return;
	g_assert_cmpuint(version_size(version), <=, size);
	g_assert_cmpint(version_compare(version, version), ==, 0);
	g_assert_cmpuint(strlen(version_text(version)), <, size);
	g_autofree char *public = version_public(version), *base = version_base(version);
	g_autofree char *canonical = version_canonical(version);
	g_autofree char *local = version_local(version), *epoch = version_epoch(version);
	g_assert_true(public && base && canonical && epoch);
	g_assert_true(version_has_prefix(version, version, 1));
	g_assert_true(version_same_through_pre(version, version));
	version_less_than_dev0(version, version);
	g_assert_cmpint(version_compare_public(version, version), ==, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_block(data, size);
	const char *text = (const char *)data;
	const char *line = size > 0 ? memchr(text, '\n', size) : NULL;
	size_t first = line ? (size_t)(line - text) : size;
	g_autoptr(GError) error = NULL;
	g_autoptr(Version) a = version_parse(text, first, &error);
	g_assert(!a == !!error);
	g_autoptr(Version) b = line ? version_parse(line + 1, size - first - 1, NULL) : NULL;
	if (a)
		check_one(a);
	if (b)
		check_one(b);
	if (!a || !b)
		return 0;
	int order = version_compare(a, b), reverse = version_compare(b, a);
	g_assert((order < 0) == (reverse > 0) && (order == 0) == (reverse == 0));
	g_autofree char *x = version_canonical(a), *y = version_canonical(b);
	g_assert((strcmp(x, y) == 0) == (order == 0));
	return 0;
}
