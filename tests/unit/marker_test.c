/* SPDX-License-Identifier: MIT */
#include "resolver/marker.h"

#include <string.h>

static const struct marker_env env = {{"cpython", "3.12.1", "posix", "x86_64", "CPython",
	"6.1.0-18-amd64", "Linux", "#1 SMP", "3.12.1", "3.12", "linux"}};

static Marker *
parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	Marker *marker = marker_parse(text, strlen(text), &error);
	g_assert_no_error(error);
	g_assert_nonnull(marker);
	return marker;
}

static bool
holds(const char *text, const char *extra)
{
	g_autoptr(Marker) marker = parse(text);
	bool result = false;
	g_assert_cmpint(marker_evaluate(marker, &env, extra, &result), ==, MARKER_OK);
	return result;
}

static void
test_evaluate(void)
{
	static const struct {
		const char *text;
		bool expected;
	} cases[] = {
		{"python_version >= '3.9'", true}, /* as versions, not as strings */
		{"python_version < '3.9'", false},
		{"'3.9' <= python_version", true},
		{"python_version in '3.11 3.12'", true},
		{"python_version not in '3.11, 3.12'", false},
		{"python_full_version ~= '3.12.0'", true},
		{"python_version == '3.*'", true},
		{"sys_platform == 'linux'", true},
		{"'lin' in sys_platform", true},
		{"sys_platform > 'darwin'", false}, /* strings have no order */
		{"sys_platform >= 'linux'", true},
		{"platform_release >= '6.1'", false}, /* no PEP 440 version */
		{"os.name == 'posix' and python_implementation == 'CPython'", true},
		{"os_name == 'nt' and os_name == 'x' or sys_platform == 'linux'", true},
		{"os_name == 'nt' and (os_name == 'x' or sys_platform == 'linux')", false},
		{"os_name == '\\x70osix'", true},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].text);
		g_assert_cmpint(holds(cases[i].text, ""), ==, cases[i].expected);
	}
}

static void
test_extra(void)
{
	g_assert_true(holds("extra == 'Te_St'", "te-st")); /* PEP 685 */
	g_assert_true(holds("extra == 'te-st'", "TE.st"));
	g_assert_false(holds("extra == 'x'", ""));
	g_assert_true(holds("extra != 'x'", ""));
	g_autoptr(Marker) marker = parse("extra == 'b' and os_name == 'posix'");
	const char *const extras[] = {"a", "b"};
	g_assert_true(marker_mentions_extra(marker));
	g_assert_true(marker_applies(marker, &env, extras, 2));
	g_assert_false(marker_applies(marker, &env, extras, 1));
	g_assert_false(marker_applies(marker, &env, NULL, 0));
	g_assert_true(marker_applies(NULL, &env, NULL, 0));
	g_autoptr(Marker) plain = parse("os_name == 'extra'");
	g_assert_false(marker_mentions_extra(plain));
}

/* Both sides of `or` are looked at: a problem is never hidden by a true neighbour. */
static void
test_problems(void)
{
	static const struct {
		const char *text;
		enum marker_problem problem;
	} cases[] = {
		{"sys_platform ~= 'linux'", MARKER_UNDEFINED_COMPARISON},
		{"os_name == 'posix' or sys_platform === 'linux'", MARKER_UNDEFINED_COMPARISON},
		{"python_version ~= '3'", MARKER_UNDEFINED_COMPARISON},
		{"'a' == 'a'", MARKER_UNDEFINED_NAME},
		{"'x' in extras", MARKER_UNDEFINED_NAME},
		{"dependency_groups == 'x'", MARKER_UNDEFINED_NAME},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Marker) marker = parse(cases[i].text);
		bool result = true;
		g_assert_cmpint(marker_evaluate(marker, &env, "", &result), ==, cases[i].problem);
		g_assert_false(marker_applies(marker, &env, NULL, 0));
	}
}

/* A Python built from a checkout calls itself `3.13.0a4+`. */
static void
test_local_python(void)
{
	struct marker_env own = env;
	own.values[MARKER_PYTHON_FULL_VERSION] = "3.13.0a4+";
	g_autoptr(Marker) marker = parse("python_full_version == '3.13.0a4'");
	bool result = false;
	g_assert_cmpint(marker_evaluate(marker, &own, "", &result), ==, MARKER_OK);
	g_assert_true(result);
}

static void
check_text(const char *input, const char *expected)
{
	g_autoptr(Marker) marker = parse(input);
	g_autofree char *text = marker_text(marker);
	g_assert_cmpstr(text, ==, expected);
}

static void
test_text(void)
{
	check_text("  ((python_version>'3'))  ", "python_version > \"3\"");
	check_text("os.name=='a'and(os_name=='b'or os_name=='c')",
		"os_name == \"a\" and (os_name == \"b\" or os_name == \"c\")");
	check_text("os_name == 'po\"six'", "os_name == 'po\"six'");
	check_text("'X_y.Z' == extra", "\"x-y-z\" == extra");
	check_text("python_version not   in '2.7'", "python_version not in \"2.7\"");
}

static void
test_refused(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "Expected a marker variable or quoted string\n    \n    ^"},
		{"python_version",
			"Expected marker operator, one of <=, <, !=, ==, >=, >, ~=, ===, "
			"in, not in\n    python_version\n                  ^"},
		{"os_name == 'x", "Expected a marker variable or quoted string\n    os_name == 'x\n"
				  "               ^"},
		{"(os_name == 'x'",
			"Expected matching RIGHT_PARENTHESIS for LEFT_PARENTHESIS, after "
			"marker expression\n    (os_name == 'x'\n"
			"    ~~~~~~~~~~~~~~~^"},
		{"os_name == 'x' x", "Expected end of marker expression\n    os_name == 'x' x\n"
				     "                   ^"},
		{"os_name not 'x'", "Expected 'in' after 'not'\n    os_name not 'x'\n"
				    "                ^"},
		{"os_name == '\\x'", "Invalid quoted string\n    os_name == '\\x'\n"
				     "               ~~~~^"},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(marker_parse(cases[i].text, strlen(cases[i].text), &error));
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
	g_autofree char *deep = g_strnfill(100000, '(');
	g_assert_null(marker_parse(deep, strlen(deep), NULL));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/marker/evaluate", test_evaluate);
	g_test_add_func("/marker/extra", test_extra);
	g_test_add_func("/marker/problems", test_problems);
	g_test_add_func("/marker/local-python", test_local_python);
	g_test_add_func("/marker/text", test_text);
	g_test_add_func("/marker/refused", test_refused);
	return g_test_run();
}
