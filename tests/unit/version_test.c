/* SPDX-License-Identifier: MIT */
#include "resolver/version.h"

#include <string.h>

static void
check_text(const char *input, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Version) version = version_parse(input, strlen(input), &error);
	g_assert_no_error(error);
	g_assert_cmpstr(version_text(version), ==, expected);
}

static void
test_spellings(void)
{
	check_text("1.0", "1.0");
	check_text("  v1.0 ", "1.0");
	check_text("0!1", "1");
	check_text("2!01.002", "2!1.2");
	check_text("1.0ALPHA", "1.0a0");
	check_text("1.0-preview_2", "1.0rc2");
	check_text("1.0-c3", "1.0rc3");
	check_text("1.0-4", "1.0.post4");
	check_text("1.0.r5", "1.0.post5");
	check_text("1.0_DEV", "1.0.dev0");
	check_text("1.0+Ubuntu_01-x", "1.0+ubuntu.1.x");
	check_text("1!2.3a4.post5.dev6+seven.8", "1!2.3a4.post5.dev6+seven.8");
	check_text("123456789012345678901234567890", "123456789012345678901234567890");
}

static void
test_refused(void)
{
	static const char *const texts[] = {
		"", "1.", ".1", "1.0-", "1.0+", "1.0a.b", "x1", "1 0", "1.0+a+b", "1!", "1.0é"};
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(version_parse(texts[i], strlen(texts[i]), &error));
		g_assert_nonnull(error);
	}
	g_autofree char *endless = g_strnfill(5000, '1');
	g_assert_null(version_parse_string(endless));
	g_assert_null(version_parse("1\0.0", 4, NULL));
}

/* The order of PEP 440, ascending. */
static void
test_order(void)
{
	static const char *const texts[] = {"1.0.dev1", "1.0a1.dev1", "1.0a1", "1.0a1.post1",
		"1.0a2", "1.0b1", "1.0rc1", "1.0", "1.0+abc", "1.0+abc.1", "1.0+5", "1.0+10",
		"1.0.post1.dev2", "1.0.post1", "1.0.1", "1.2", "1.10", "99999999999999999999",
		"100000000000000000000", "1!0.1"};
	for (size_t a = 0; a < G_N_ELEMENTS(texts); a++)
		for (size_t b = 0; b < G_N_ELEMENTS(texts); b++) {
			g_autoptr(Version) x = version_parse_string(texts[a]);
			g_autoptr(Version) y = version_parse_string(texts[b]);
			int order = version_compare(x, y);
			g_assert_cmpint((order > 0) - (order < 0), ==, (a > b) - (a < b));
		}
}

static void
test_equal(void)
{
	static const char *const pairs[][2] = {{"1.0", "1"}, {"1.0.0.0", "1"}, {"0!1", "1"},
		{"1.0a", "1.0a0"}, {"1.0+a-1", "1+a.1"}, {"1.0.post", "1.0.post0"}};
	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autoptr(Version) x = version_parse_string(pairs[i][0]);
		g_autoptr(Version) y = version_parse_string(pairs[i][1]);
		g_assert_cmpint(version_compare(x, y), ==, 0);
		g_autofree char *a = version_canonical(x), *b = version_canonical(y);
		g_assert_cmpstr(a, ==, b);
	}
}

static void
test_parts(void)
{
	g_autoptr(Version) version = version_parse_string("3!1.2.0rc1.post2.dev3+local.4");
	g_autofree char *public = version_public(version), *base = version_base(version);
	g_autofree char *local = version_local(version), *epoch = version_epoch(version);
	g_assert_cmpstr(public, ==, "3!1.2.0rc1.post2.dev3");
	g_assert_cmpstr(base, ==, "3!1.2.0");
	g_assert_cmpstr(local, ==, "local.4");
	g_assert_cmpstr(epoch, ==, "3");
	g_assert_true(version_is_prerelease(version));
	g_assert_true(version_is_postrelease(version));
	g_assert_true(version_is_devrelease(version));
	g_autoptr(Version) plain = version_parse_string("1.2.0");
	g_assert_null(version_local(plain));
	g_assert_false(version_is_prerelease(plain));
	g_assert_false(version_is_postrelease(plain));
}

/* A block can lie in a mapped file: it is checked, whatever has become of it. */
static void
test_block(void)
{
	g_autoptr(Version) version = version_parse_string("1!2.0rc1+x.9");
	size_t size = version_size(version);
	g_autofree unsigned char *bytes = g_memdup2(version, size);
	const Version *mapped = version_from_block(bytes, size);
	g_assert_nonnull(mapped);
	g_assert_cmpstr(version_text(mapped), ==, "1!2.0rc1+x.9");
	g_assert_cmpint(version_compare(mapped, version), ==, 0);
	for (size_t short_by = 1; short_by <= size; short_by++)
		g_assert_null(version_from_block(bytes, size - short_by));
	memset(bytes, 0xff, size);
	g_assert_null(version_from_block(bytes, size));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/version/spellings", test_spellings);
	g_test_add_func("/version/refused", test_refused);
	g_test_add_func("/version/order", test_order);
	g_test_add_func("/version/equal", test_equal);
	g_test_add_func("/version/parts", test_parts);
	g_test_add_func("/version/block", test_block);
	return g_test_run();
}
