/* SPDX-License-Identifier: MIT */
#include "lib/error.h"
#include "wheel/manifest.h"

#include <string.h>

static Manifest *
parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	Manifest *manifest = manifest_parse(text, strlen(text), &error);
	g_assert_no_error(error);
	return manifest;
}

static void
check(const Manifest *manifest, size_t i, const char *path, const char *algorithm,
	const char *digest, int64_t size)
{
	const struct manifest_row *row = manifest_get(manifest, i);
	g_assert_cmpstr(row->path, ==, path);
	g_assert_cmpstr(row->algorithm, ==, algorithm);
	g_assert_cmpstr(row->digest, ==, digest);
	g_assert_cmpint(row->size, ==, size);
}

static void
test_rows(void)
{
	g_autoptr(Manifest) manifest = parse("a.py,sha256=abc,12\r\n"
					     "b.py,,\n"
					     "\n"
					     "\"c, \"\"d\"\".py\",md5=x=y,0\r"
					     "../../bin/e,sha256=z,-1,more,columns\n"
					     "f\n"
					     ",sha256=nameless,1\n"
					     "\"g\nh\",,1x\n"
					     "i\"j\"k,,\n"
					     "\"l\"m,,18446744073709551616\n"
					     "last,,7");
	g_assert_cmpuint(manifest_count(manifest), ==, 9);
	check(manifest, 0, "a.py", "sha256", "abc", 12);
	check(manifest, 1, "b.py", "", "", -1);
	check(manifest, 2, "c, \"d\".py", "md5", "x=y", 0);
	check(manifest, 3, "../../bin/e", "sha256", "z", -1);
	check(manifest, 4, "f", "", "", -1);
	check(manifest, 5, "g\nh", "", "", -1);
	check(manifest, 6, "i\"j\"k", "", "", -1);
	check(manifest, 7, "lm", "", "", -1);
	check(manifest, 8, "last", "", "", 7);
	g_autoptr(Manifest) empty = parse("");
	g_assert_cmpuint(manifest_count(empty), ==, 0);
}

static void
test_errors(void)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *message;
	} cases[] = {
		{"\"a,,\n", 5, "quote"},
		{"a,\"", 3, "quote"},
		{"\xff,,\n", 4, "UTF-8"},
		{"a\0b,,\n", 6, "UTF-8"},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(manifest_parse(cases[i].bytes, cases[i].length, &error));
		g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
		g_assert_nonnull(strstr(error->message, cases[i].message));
	}
}

static void
test_digests(void)
{
	/* of nothing */
	static const char hex[] =
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	static const char *const good[] = {"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
		"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=",
		"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", hex};
	static const char *const bad[] = {"", "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSu",
		"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU!", "*",
		"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFV7DEQpj8HBSa-_TImW"};
	struct digest wanted, found;
	digest_bytes("", 0, &wanted);
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		struct manifest_row row = {"a", "sha256", good[i], 0};
		g_assert_true(manifest_row_sha256(&row, &found));
		g_assert_true(digest_equal(&wanted, &found));
		g_assert_true(manifest_row_matches_hex(&row, hex));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct manifest_row row = {"a", "sha256", bad[i], 0};
		g_assert_false(manifest_row_sha256(&row, &found));
		g_assert_false(manifest_row_matches_hex(&row, hex));
	}
	struct manifest_row other = {"a", "sha512", good[0], 0};
	g_assert_false(manifest_row_sha256(&other, &found));
}

static void
test_writing(void)
{
	struct digest digest;
	digest_bytes("", 0, &digest);
	g_autoptr(GString) out = g_string_new(NULL);
	manifest_append(out, "a.py", &digest, 0);
	manifest_append(out, "with, \"quotes\"\nand lines", NULL, 123);
	manifest_append(out, "x/RECORD", NULL, -1);
	g_assert_cmpstr(out->str, ==,
		"a.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\r\n"
		"\"with, \"\"quotes\"\"\nand lines\",,123\r\n"
		"x/RECORD,,\r\n");
	g_autoptr(Manifest) again = parse(out->str);
	g_assert_cmpuint(manifest_count(again), ==, 3);
	check(again, 1, "with, \"quotes\"\nand lines", "", "", 123);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/manifest/rows", test_rows);
	g_test_add_func("/manifest/errors", test_errors);
	g_test_add_func("/manifest/digests", test_digests);
	g_test_add_func("/manifest/writing", test_writing);
	return g_test_run();
}
