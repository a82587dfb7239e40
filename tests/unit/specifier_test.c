/* SPDX-License-Identifier: MIT */
#include "resolver/specifier.h"

#include <string.h>

static SpecifierSet *
parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	SpecifierSet *set = specifier_parse(text, strlen(text), &error);
	g_assert_no_error(error);
	g_assert_nonnull(set);
	return set;
}

static bool
contains(const char *specifier, const char *version)
{
	g_autoptr(SpecifierSet) set = parse(specifier);
	return specifier_contains_text(set, version, strlen(version), PRERELEASES_ALLOW);
}

static void
test_contains(void)
{
	static const struct {
		const char *specifier, *version;
		bool expected;
	} cases[] = {
		{"", "1.0", true},
		{"==1.0", "1", true},
		{"==1.0", "1.0+local", true}, /* PEP 440: a public version matches its locals */
		{"==1.0+local", "1.0", false},
		{"==1.0+local", "1.0+LOCAL", true},
		{"==1.*", "1.9rc1", true},
		{"==1.*", "2.0", false},
		{"!=1.5.*", "1.5.2", false},
		{"!=1.5.*", "1.6", true},
		{"~=1.4.2", "1.4.9", true},
		{"~=1.4.2", "1.5", false},
		{"~=1.4", "1.9", true},
		{"~=2.0rc1", "2.0rc2", true},
		{"<2.0", "2.0rc1", false}, /* a pre-release of the bound is left out */
		{"<2.0rc2", "2.0rc1", true},
		{">1.0", "1.0.post1", false}, /* so is a post-release of it */
		{">1.0", "1.0+local", false},
		{">1.0.post1", "1.0.post2", true},
		{"<=1.0", "1.0+local", true},
		{">=1.0", "1.0.dev1", false},
		{"===1.0", "1.0", true},
		{"===1.0", "1", false},
		{"===Weird", "weird", true},
		{">=1.0,<2,!=1.5", "1.5", false},
		{">=1.0,<2,!=1.5", "1.4", true},
		{">=1!0", "9", false},
		{">=1.0", "not a version", false},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s %s", cases[i].specifier, cases[i].version);
		g_assert_cmpint(
			contains(cases[i].specifier, cases[i].version), ==, cases[i].expected);
	}
}

static void
test_refused(void)
{
	static const char *const texts[] = {"1.0", "=1.0", "==", ">=1.*", "~=1", "==1.0.*.1",
		">=1.0+local", "==1.0a1.*", ">=1.0 <2", "foo"};
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(specifier_parse(texts[i], strlen(texts[i]), &error));
		g_autofree char *message = g_strdup_printf("Invalid specifier: '%s'", texts[i]);
		g_assert_cmpstr(error->message, ==, message);
	}
}

static void
test_text(void)
{
	g_autoptr(SpecifierSet) set = parse(" >= 1.0 ,<2,!=1.5.*,>=1.0");
	g_assert_cmpstr(specifier_text(set), ==, "!=1.5.*,<2,>=1.0");
	g_autoptr(SpecifierSet) other = parse("==1.4");
	g_autoptr(SpecifierSet) both = specifier_and(set, other);
	g_assert_cmpstr(specifier_text(both), ==, "!=1.5.*,<2,==1.4,>=1.0");
	g_autoptr(SpecifierSet) same = specifier_and(NULL, other);
	g_assert_cmpstr(specifier_text(same), ==, "==1.4");
}

static void
check_filter(const char *specifier, enum prereleases prereleases, const char *versions,
	const char *expected)
{
	g_autoptr(SpecifierSet) set = parse(specifier);
	g_auto(GStrv) texts = g_strsplit(versions, " ", -1);
	bool keep[16];
	size_t count = g_strv_length(texts);
	g_assert_cmpuint(count, <=, G_N_ELEMENTS(keep));
	specifier_filter_texts(set, (const char *const *)texts, count, prereleases, keep);
	g_autoptr(GString) kept = g_string_new(NULL);
	for (size_t i = 0; i < count; i++)
		if (keep[i])
			g_string_append_printf(kept, "%s%s", kept->len ? " " : "", texts[i]);
	g_assert_cmpstr(kept->str, ==, expected);
}

/* PEP 440: pre-releases come in only if they are asked for, or if there is nothing else. */
static void
test_filter(void)
{
	check_filter(">=1.0", PRERELEASES_DEFAULT, "1.0 2.0rc1 3.0", "1.0 3.0");
	check_filter(">=1.0", PRERELEASES_DEFAULT, "0.9 2.0rc1", "2.0rc1");
	check_filter(">=1.0", PRERELEASES_ALLOW, "1.0 2.0rc1", "1.0 2.0rc1");
	check_filter(">=1.0", PRERELEASES_DENY, "0.9 2.0rc1", "");
	check_filter(">=1.0rc1", PRERELEASES_DEFAULT, "1.0 2.0rc1", "1.0 2.0rc1");
	check_filter("!=1.0rc1", PRERELEASES_DEFAULT, "1.0 2.0rc1", "1.0");
	check_filter("", PRERELEASES_DEFAULT, "1.0a1 1.0.dev2", "1.0a1 1.0.dev2");
}

static void
test_facts(void)
{
	g_autoptr(SpecifierSet) pin = parse("==1.0,>0.5"), wild = parse("==1.*");
	g_autoptr(SpecifierSet) pre = parse(">=2.0b1"), low = parse(">=1"), none = parse("");
	g_assert_cmpstr(specifier_pin(pin), ==, "1.0");
	g_assert_null(specifier_pin(wild));
	g_assert_true(specifier_has_upper_bound(wild));
	g_assert_false(specifier_has_upper_bound(low));
	g_assert_false(specifier_has_upper_bound(pin));
	g_assert_cmpint(specifier_prereleases(pre), ==, PRERELEASES_ALLOW);
	g_assert_cmpint(specifier_prereleases(low), ==, PRERELEASES_DEFAULT);
	g_assert_true(specifier_is_empty(none));
	g_assert_cmpuint(specifier_count(pin), ==, 2);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/specifier/contains", test_contains);
	g_test_add_func("/specifier/refused", test_refused);
	g_test_add_func("/specifier/text", test_text);
	g_test_add_func("/specifier/filter", test_filter);
	g_test_add_func("/specifier/facts", test_facts);
	return g_test_run();
}
