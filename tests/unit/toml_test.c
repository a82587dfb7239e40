/* SPDX-License-Identifier: MIT */
/* TOML read into JSON values. */
#include "lib/error.h"
#include "lib/toml.h"

#include <string.h>

static Json *
parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	Json *json = toml_parse(text, strlen(text), "pyproject.toml", &error);
	g_assert_no_error(error);
	return json;
}

static void
test_values(void)
{
	g_autoptr(Json) json = parse("title = \"a \\\"b\\\" \\u00e9\\n\"\n"
				     "big = 9223372036854775807\nreal = 1.5\nno = false\n"
				     "when = 1979-05-27T07:32:00Z\nday = 1979-05-27\n"
				     "[build-system]\nrequires = [\"setuptools>=40\", 'wheel']\n"
				     "[[packages]]\nname = 'x'\n[[packages]]\nname = 'y'\n"
				     "[a.b]\nc.d = 1\n");
	struct json root = json_root(json);
	int64_t number = 0;
	double real = 0;
	g_assert_cmpstr(json_string(json_get(root, "title"), NULL), ==, "a \"b\" é\n");
	g_assert_true(json_int(json_get(root, "big"), &number));
	g_assert_cmpint(number, ==, INT64_MAX);
	g_assert_true(json_double(json_get(root, "real"), &real));
	g_assert_cmpfloat(real, ==, 1.5);
	g_assert_false(json_bool(json_get(root, "no"), true));
	g_assert_cmpstr(json_string(json_get(root, "when"), NULL), ==, "1979-05-27T07:32:00Z");
	g_assert_cmpstr(json_string(json_get(root, "day"), NULL), ==, "1979-05-27");
	g_assert_cmpuint(json_length(json_get(json_get(root, "build-system"), "requires")), ==, 2);
	g_assert_cmpuint(json_length(json_get(root, "packages")), ==, 2);
	struct json inner = json_get(json_get(json_get(json_get(root, "a"), "b"), "c"), "d");
	g_assert_true(json_int(inner, &number));
	g_assert_cmpint(number, ==, 1);
}

static void
test_errors(void)
{
	static const char *const bad[] = {"a = ", "a = 1\na = 2\n", "[a]\n[a]\n", "a = \"\xff\"\n",
		"a = 'x", "= 1", "a = 0x", "[[a]]\n[a]\n", "a = {b = 1,}\n", "[=x]\n", "[# x]\n",
		"[[ ]]\n", "\xc9\xae = 1\n", "a = \"\"\"x\"\"\"\"\" \xc9\xae\n"};
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(toml_parse(bad[i], strlen(bad[i]), "x.toml", &error));
		g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
		g_assert_true(g_str_has_prefix(error->message, "x.toml: "));
	}
	g_autoptr(Json) json = parse("# \xc9\xae\na = \"\"\"\"\xc9\xae\\\"\"\"\"\"\" # \xc9\xae\n"
				     "b = ['\xc9\xae', '', '''\n\xc9\xae'''']\nc = \"\" # \"\n");
	g_assert_cmpstr(json_string(json_get(json_root(json), "a"), NULL), ==, "\"\xc9\xae\"\"\"");
	g_autoptr(GError) error = NULL;
	g_assert_null(toml_parse("a = 1\nb = ?\n", 12, "x.toml", &error));
	g_assert_nonnull(strstr(error->message, "line 2"));
}

static void
test_depth(void)
{
	GString *text = g_string_new("a = ");
	for (int i = 0; i < 100000; i++)
		g_string_append_c(text, '[');
	g_autoptr(GError) error = NULL;
	g_assert_null(toml_parse(text->str, text->len, "x.toml", &error));
	g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
	g_clear_error(&error);
	g_string_assign(text, "a");
	for (int i = 0; i < 1000000; i++)
		g_string_append(text, ".a");
	g_string_append(text, " = 1\n");
	g_assert_null(toml_parse(text->str, text->len, "x.toml", &error));
	g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
	g_string_free(text, TRUE);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/toml/values", test_values);
	g_test_add_func("/toml/errors", test_errors);
	g_test_add_func("/toml/depth", test_depth);
	return g_test_run();
}
