/* SPDX-License-Identifier: MIT */
#include "resolver/requirement.h"

#include <string.h>

static Requirement *
parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	Requirement *requirement = requirement_parse(text, strlen(text), &error);
	g_assert_no_error(error);
	g_assert_nonnull(requirement);
	return requirement;
}

static void
test_parts(void)
{
	g_autoptr(Requirement) r =
		parse(" Foo.Bar [b, A ,b] (>= 1.0, !=1.5.*) ; python_version < '4' ");
	g_assert_cmpstr(r->name, ==, "Foo.Bar");
	g_assert_cmpstr(r->normalized_name, ==, "foo-bar");
	g_autofree char *extras = g_strjoinv(",", r->extras);
	g_assert_cmpstr(extras, ==, "A,b");
	g_assert_cmpstr(specifier_text(r->specifier), ==, "!=1.5.*,>=1.0");
	g_assert_null(r->url);
	g_assert_nonnull(r->marker);
}

static void
test_url(void)
{
	g_autoptr(Requirement) r = parse("foo[x]@ https://127.0.0.1/a%20b.zip#sha256=00;x");
	g_assert_cmpstr(r->url, ==, "https://127.0.0.1/a%20b.zip#sha256=00;x");
	g_assert_null(r->marker);
	g_assert_true(specifier_is_empty(r->specifier));
	g_autoptr(Requirement) marked = parse("foo @ file:///a.whl ; os_name == 'nt'");
	g_assert_cmpstr(marked->url, ==, "file:///a.whl");
	g_assert_nonnull(marked->marker);
}

static void
check_text(const char *input, const char *expected)
{
	g_autoptr(Requirement) r = parse(input);
	g_autofree char *text = requirement_text(r);
	g_assert_cmpstr(text, ==, expected);
}

static void
test_text(void)
{
	check_text("foo", "foo");
	check_text("foo ()", "foo");
	check_text("foo[]", "foo");
	check_text("Foo[b,a] < 2, >= 1", "Foo[a,b]<2,>=1");
	check_text("foo>=1,", "foo>=1");
	check_text("foo @ https://127.0.0.1/x", "foo @ https://127.0.0.1/x");
	check_text("foo@https://127.0.0.1/x ;os_name=='nt'",
		"foo @ https://127.0.0.1/x ; os_name == \"nt\"");
	check_text("foo==1;os_name=='nt'", "foo==1; os_name == \"nt\"");
	check_text("foo===1.0-x", "foo===1.0-x");
}

/* The messages of pip, with the place marked. */
static void
test_refused(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "Expected package name at the start of dependency specifier\n    \n    ^"},
		{"-foo", "Expected package name at the start of dependency specifier\n    -foo\n"
			 "    ^"},
		{"foo 1.0", "Expected semicolon (after name with no version specifier) or end\n"
			    "    foo 1.0\n        ^"},
		{"foo>=1 2", "Expected comma (within version specifier), semicolon (after version "
			     "specifier) or end\n    foo>=1 2\n       ~~~~^"},
		{"foo[a b]", "Expected comma between extra names\n    foo[a b]\n          ^"},
		{"foo[a,]", "Expected extra name after comma\n    foo[a,]\n          ^"},
		{"foo[a", "Expected matching RIGHT_BRACKET for LEFT_BRACKET, after extras\n"
			  "    foo[a\n       ~~^"},
		{"foo (>=1", "Expected matching RIGHT_PARENTHESIS for LEFT_PARENTHESIS, after "
			     "version specifier\n    foo (>=1\n        ~~~~^"},
		{"foo @", "Expected URL after @\n    foo @\n         ^"},
		{"foo @ u x", "Expected semicolon (after URL and whitespace) or end\n"
			      "    foo @ u x\n          ~~^"},
		{"foo>=1.*", ".* suffix can only be used with `==` or `!=` operators\n"
			     "    foo>=1.*\n       ~~~~^"},
		{"foo==1a1.*", ".* suffix cannot be used with pre-release, post-release, dev or "
			       "local versions\n    foo==1a1.*\n       ~~~~~~^"},
		{"foo>=1+x", "Local version label can only be used with `==` or `!=` operators\n"
			     "    foo>=1+x\n       ~~~^"},
		{"foo; x", "Expected a marker variable or quoted string\n    foo; x\n         ^"},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(requirement_parse(cases[i].text, strlen(cases[i].text), &error));
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/requirement/parts", test_parts);
	g_test_add_func("/requirement/url", test_url);
	g_test_add_func("/requirement/text", test_text);
	g_test_add_func("/requirement/refused", test_refused);
	return g_test_run();
}
