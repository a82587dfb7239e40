/* SPDX-License-Identifier: MIT */
/* Dependency groups (PEP 735) and the metadata of scripts (PEP 723). */
#include "lib/error.h"
#include "resolver/group.h"
#include "resolver/inline.h"

#include <string.h>

static const char document[] =
	"[dependency-groups]\n"
	"test = ['pytest>=7 ; python_version>\"3\"', {include-group = 'Typing_x'}, 'six']\n"
	"typing-x = ['mypy[b,a]']\n"
	"self = [{include-group = 'self'}]\n"
	"one = [{include-group = 'two'}]\ntwo = ['a', {include-group = 'one'}]\n"
	"twice = [{include-group = 'typing-x'}, {include-group = 'typing-x'}]\n"
	"bad = ['not a name', {include = 1}, 3, {include-group = 4}, {include-group = 'none'}]\n"
	"text = 'six'\nnumber = 1\n";

static void
resolves(const char *group, const char *wanted)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Groups) groups =
		groups_parse(document, strlen(document), "pyproject.toml", &error);
	g_assert_no_error(error);
	groups_resolve(groups, group, list, &error);
	g_assert_no_error(error);
	g_ptr_array_add(list, NULL);
	g_autofree char *text = g_strjoinv("|", (char **)list->pdata);
	g_assert_cmpstr(text, ==, wanted);
}

static void
fails(const char *group, const char *why)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Groups) groups =
		groups_parse(document, strlen(document), "p/pyproject.toml", &error);
	g_assert_false(groups_resolve(groups, group, list, &error));
	g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
	g_autofree char *start = g_strdup_printf("[dependency-groups] resolution failed for '%s' "
						 "from 'p/pyproject.toml': ",
		group);
	g_assert_true(g_str_has_prefix(error->message, start));
	g_assert_cmpstr(error->message + strlen(start), ==, why);
}

static void
test_groups(void)
{
	resolves("test", "pytest>=7; python_version > \"3\"|mypy[a,b]|six");
	resolves("TYPING.X", "mypy[a,b]");
	resolves("twice", "mypy[a,b]|mypy[a,b]");
	fails("self", "Cyclic dependency group include while resolving self: self includes itself");
	fails("one", "Cyclic dependency group include while resolving one: one -> two, two -> one");
	fails("none", "Dependency group 'none' not found");
	fails("text", "Dependency group 'text' contained a string rather than a list.");
	fails("number", "Dependency group 'number' is not a sequence type.");
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Groups) groups = groups_parse(document, strlen(document), "p", &error);
	g_assert_false(groups_resolve(groups, "bad", list, &error));
	g_assert_nonnull(strstr(error->message,
		"; Invalid dependency group item: {'include': 1}; Invalid dependency group item: "
		"3; "
		"Dependency group include-group value is not a string: {'include-group': 4}; "
		"Dependency group 'none' not found"));
}

static void
test_documents(void)
{
	static const char *const cases[][2] = {
		{"[project]\n", "[dependency-groups] table was missing from 'x'. Cannot resolve "
				"'--group' option."},
		{"dependency-groups = []\n",
			"[dependency-groups] table was malformed in x. Cannot resolve '--group' "
			"option."},
		{"[dependency-groups]\nA-b = []\na_B = []\n",
			"[dependency-groups] data was invalid in x: Duplicate dependency group "
			"names: a-b (A-b, a_B)"},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(groups_parse(cases[i][0], strlen(cases[i][0]), "x", &error));
		g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
		g_assert_cmpstr(error->message, ==, cases[i][1]);
	}
	g_autoptr(GError) error = NULL;
	g_assert_null(groups_parse("x = ", 4, "x", &error));
	g_assert_true(g_str_has_prefix(error->message, "Error parsing x: "));
	/* each group includes the next one twice: two to the power of forty ways */
	g_autoptr(GString) text = g_string_new("[dependency-groups]\n");
	for (int i = 0; i < 40; i++)
		g_string_append_printf(text,
			"g%d = [{include-group = 'g%d'}, {include-group = 'g%d'}]\n", i, i + 1,
			i + 1);
	g_string_append(text, "g40 = []\n");
	g_autoptr(Groups) deep = groups_parse(text->str, text->len, "x", NULL);
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
	g_assert_false(groups_resolve(deep, "g0", list, NULL));
	g_clear_error(&error);
	g_assert_null(groups_read("/no/such/pyproject.toml", &error));
	g_assert_cmpstr(error->message, ==,
		"/no/such/pyproject.toml not found. Cannot resolve '--group' option.");
}

static void
script(const char *text, const char *dependencies, const char *python)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Inline) metadata = inline_parse(text, strlen(text), "s.py", &error);
	g_assert_no_error(error);
	g_autofree char *list = g_strjoinv("|", metadata->dependencies);
	g_assert_cmpstr(list, ==, dependencies);
	g_assert_cmpstr(metadata->requires_python, ==, python);
}

static void
test_scripts(void)
{
	script("#!/x\n# /// script\n# requires-python = '>=3.8'\n# dependencies = [\n#   "
	       "'six',\n#\n"
	       "#   'a>=1',\n# ]\n# ///\nprint()\n",
		"six|a>=1", ">=3.8");
	script("# /// other\n# x\n# ///\r\n\r\n# /// script\r\n# dependencies = []\r\n# ///\r\n",
		"", NULL);
	script("# /// script\n# [tool.x]\n# a = 1\n# ///", "", NULL);
	static const char *const bad[][2] = {
		{"", "File does not contain 'script' metadata: 's.py'"},
		{"# /// script\n# a = 1\n", "File does not contain 'script' metadata: 's.py'"},
		{"# /// script\n# ///\n", "File does not contain 'script' metadata: 's.py'"},
		{" # /// script\n# a = 1\n# ///\n",
			"File does not contain 'script' metadata: 's.py'"},
		{"# /// script\n# a = 1\n# ///\n\n# /// script\n# a = 1\n# ///\n",
			"Multiple 'script' blocks found in 's.py'"},
		{"# /// script\n# a = \n# ///\n", "Failed to parse TOML in 's.py'"},
		{"# /// script\n# dependencies = 'x'\n# ///\n",
			"s.py: `dependencies` of the script's metadata is no list of strings"},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(inline_parse(bad[i][0], strlen(bad[i][0]), "s.py", &error));
		g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
		g_assert_cmpstr(error->message, ==, bad[i][1]);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/group/groups", test_groups);
	g_test_add_func("/group/documents", test_documents);
	g_test_add_func("/group/scripts", test_scripts);
	return g_test_run();
}
