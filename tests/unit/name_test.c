/* SPDX-License-Identifier: MIT */
#include "wheel/name.h"

#include "lib/error.h"
#include "wheel/filename.h"

#include <string.h>

static void
test_names(void)
{
	static const struct {
		const char *name, *normalized, *escaped;
		bool valid;
	} cases[] = {
		{"Django", "django", "django", true},
		{"zope.Interface", "zope-interface", "zope_interface", true},
		{"a-_.b", "a-b", "a_b", true},
		{"A", "a", "a", true},
		{"1", "1", "1", true},
		{"-a", "-a", "_a", false},
		{"a.", "a-", "a_", false},
		{"a b", "a b", "a b", false},
		{"", "", "", false},
		{"na\xc3\xafve", "na\xc3\xafve", "na\xc3\xafve", false},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *name = cases[i].name;
		g_autofree char *normalized = name_normalize(name), *escaped = name_escape(name);
		g_assert_cmpstr(normalized, ==, cases[i].normalized);
		g_assert_cmpstr(escaped, ==, cases[i].escaped);
		g_assert_true(name_is_valid(name, strlen(name)) == cases[i].valid);
		g_assert_true(name_equal(name, normalized));
		if (cases[i].valid)
			g_assert_true(name_is_normalized(normalized));
	}
	g_assert_false(name_equal("a-b", "ab"));
	g_assert_false(name_equal("a", "a-b"));
	g_assert_false(name_is_normalized("a--b") || name_is_normalized("A"));
	g_autofree char *part = name_normalize_n("Foo_Bar[x]", 7);
	g_assert_cmpstr(part, ==, "foo-bar");
}

static void
test_wheels(void)
{
	struct wheel_filename wheel;
	g_autoptr(GError) error = NULL;
	g_assert_true(filename_parse_wheel(
		"Foo_Bar-1.0_2-3b-py2.py3-none-MANYLINUX1_x86_64.any.whl", &wheel, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(wheel.name, ==, "foo-bar");
	g_assert_cmpstr(wheel.build, ==, "3b");
	g_assert_cmpstr(wheel.python_tags, ==, "py2.py3");
	g_assert_cmpstr(wheel.abi_tags, ==, "none");
	g_assert_cmpstr(wheel.platform_tags, ==, "manylinux1_x86_64.any");
	wheel_filename_clear(&wheel);
	static const char *const bad[] = {"foo-1.0-py3-none-any.zip", "foo-1.0-py3-none.whl",
		"foo-1.0-x-py3-none-any.whl", "foo-1.0-1-py3-none-any-more.whl", "foo.whl", ".whl",
		"", "foo__bar-1.0-py3-none-any.whl", "foo!-1.0-py3-none-any.whl"};
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) problem = NULL;
		g_test_message("%s", bad[i]);
		g_assert_false(filename_parse_wheel(bad[i], &wheel, &problem));
		g_assert_error(problem, XPIP_ERROR, ERROR_INVALID_INPUT);
		g_assert_nonnull(strstr(problem->message, bad[i]));
	}
}

static void
test_sdists(void)
{
	g_autofree char *name = NULL, *version = NULL;
	g_autoptr(GError) error = NULL;
	g_assert_true(filename_parse_sdist("foo_bar-1.0.tar.gz", &name, &version, &error));
	g_assert_cmpstr(name, ==, "foo-bar");
	g_assert_cmpstr(version, ==, "1.0");
	char *unset = NULL;
	g_assert_false(filename_parse_sdist("foo-1.0.tar.bz2", &unset, &unset, &error));
	g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
	/* older names may have dashes in both halves: the project's own name tells */
	g_autofree char *odd = filename_sdist_version("foo-bar-1.0-2.tar.gz", "foo-bar");
	g_assert_cmpstr(odd, ==, "1.0-2");
	g_assert_null(filename_sdist_version("foo-bar-1.0.tar.gz", "other"));
	g_assert_cmpstr(filename_archive_extension("a-1.tar.bz2"), ==, ".tar.bz2");
	g_assert_cmpstr(filename_archive_extension("a-1.zip"), ==, ".zip");
	g_assert_null(filename_archive_extension("a-1.exe"));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/name/names", test_names);
	g_test_add_func("/filename/wheels", test_wheels);
	g_test_add_func("/filename/sdists", test_sdists);
	return g_test_run();
}
