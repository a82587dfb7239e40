/* SPDX-License-Identifier: MIT */
#include "lib/ini.h"

#include <string.h>

static Ini *
parse(const char *text, GError **error)
{
	return ini_parse(text, strlen(text), "/x/pip.conf", error);
}

static void
test_values(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Ini) ini = parse("# comment\n; comment\n"
				   "[DEFAULT]\nshared: s\n"
				   "[global]\n"
				   "Timeout = 10 ; not a comment\n"
				   "find-links =\n    one\n# comment\n    two\n\n    three\n\n"
				   "a=b=c:d\r\n"
				   "x : y\n"
				   "empty=\n"
				   "  [not.a.section]\n"
				   "[install]ignored\n"
				   "k=v\n",
		&error);
	g_assert_no_error(error);
	g_assert_cmpstr(ini_get(ini, "global", "timeout"), ==, "10 ; not a comment");
	g_assert_cmpstr(ini_get(ini, "global", "find-links"), ==, "\none\ntwo\n\nthree");
	g_assert_cmpstr(ini_get(ini, "global", "a"), ==, "b=c:d");
	g_assert_cmpstr(ini_get(ini, "global", "x"), ==, "y");
	g_assert_cmpstr(ini_get(ini, "global", "empty"), ==, "\n[not.a.section]");
	g_assert_cmpstr(ini_get(ini, "global", "shared"), ==, "s");
	g_assert_cmpstr(ini_get(ini, "install", "k"), ==, "v");
	g_assert_null(ini_get(ini, "install", "timeout"));
	g_assert_null(ini_get(ini, "none", "shared"));
}

static void
test_changes(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Ini) ini = parse("[a]\nx = 1\n  2\n[b]\ny = 3\n", &error);
	ini_set(ini, "b", "y", "4");
	ini_set(ini, "c", "z", "5");
	g_autofree char *text = ini_text(ini);
	g_assert_cmpstr(text, ==, "[a]\nx = 1\n\t2\n\n[b]\ny = 4\n\n[c]\nz = 5\n\n");
	g_assert_true(ini_unset(ini, "a", "x"));
	g_assert_false(ini_unset(ini, "a", "x"));
	g_assert_true(ini_unset(ini, "c", "z"));
	g_autofree char *rest = ini_text(ini);
	g_assert_cmpstr(rest, ==, "[b]\ny = 4\n\n");
}

static void
test_errors(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"x=1\n", "File contains no section headers.\nfile: '/x/pip.conf', line: "
			  "1\n'x=1\\n'"},
		{"[a]\nx=1\nX=2\n",
			"While reading from '/x/pip.conf' [line  3]: option 'x' in section 'a' "
			"already exists"},
		{"[a]\n[b]\n[a]\n",
			"While reading from '/x/pip.conf' [line  3]: section 'a' already exists"},
		{"[a]\nnothing\n=x\n",
			"Source contains parsing errors: '/x/pip.conf'\n\t[line  2]: "
			"'nothing\\n'\n\t[line  3]: '=x\\n'"},
		{"[a]\n\xff=1\n", "contains invalid UTF-8 characters in /x/pip.conf."},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(parse(cases[i].text, &error));
		g_assert_error(error, XPIP_ERROR, ERROR_CONFIG);
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ini/values", test_values);
	g_test_add_func("/ini/changes", test_changes);
	g_test_add_func("/ini/errors", test_errors);
	return g_test_run();
}
