/* SPDX-License-Identifier: MIT */
#include "lib/error.h"
#include "wheel/script.h"

#include <string.h>
#include <unistd.h>

static const Python python = {.executable = (char *)"/env/bin/python", .major = 3, .minor = 12};

static const struct script *
script_at(const GPtrArray *scripts, guint index)
{
	g_assert_cmpuint(index, <, scripts->len);
	return g_ptr_array_index(scripts, index);
}

static void
test_template(void)
{
	GError *error = NULL;
	g_autoptr(GPtrArray) scripts = script_from_entry_points(
		"# comment\n[other]\nx = y:z\n[console_scripts]\n one = pkg.mod:Class.run \n"
		"two=pkg:main [extra]\none = pkg.late:run\n\n[gui_scripts]\nwin = pkg.gui:main\n",
		&python, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(scripts->len, ==, 3);
	g_assert_cmpstr(script_at(scripts, 0)->name, ==, "one");
	g_assert_cmpstr(script_at(scripts, 0)->text, ==,
		"#!/env/bin/python\n"
		"import sys\n"
		"from pkg.late import run\n"
		"if __name__ == '__main__':\n"
		"    sys.argv[0] = sys.argv[0].removesuffix('.exe')\n"
		"    sys.exit(run())\n");
	g_assert_nonnull(strstr(script_at(scripts, 1)->text, "from pkg import main\n"));
	g_assert_false(script_at(scripts, 1)->gui);
	g_assert_cmpstr(script_at(scripts, 2)->name, ==, "win");
	g_assert_true(script_at(scripts, 2)->gui);
	g_assert_true(script_is_wrapper(scripts, "one"));
	g_assert_true(script_is_wrapper(scripts, "one-script.py"));
	g_assert_true(script_is_wrapper(scripts, "Two.exe") == false);
	g_assert_true(script_is_wrapper(scripts, "two.EXE"));
	g_assert_false(script_is_wrapper(scripts, "three"));
}

static void
test_method(void)
{
	g_autoptr(GPtrArray) scripts =
		script_from_entry_points("[console_scripts]\na = m:C.f.g\n", &python, NULL);
	const char *text = script_at(scripts, 0)->text;
	g_assert_nonnull(strstr(text, "from m import C\n"));
	g_assert_nonnull(strstr(text, "sys.exit(C.f.g())\n"));
}

/* A name decides where a file is written: outside of the folder, or over the interpreter, never. */
static void
test_refused(void)
{
	static const char *const lines[] = {"../x = a:b", "/x = a:b", "a/../../x = a:b", ".. = a:b",
		"a\\b = a:b", "a\tb\x01 = a:b", "python = a:b", "python3 = a:b", "python3.12 = a:b",
		"activate = a:b", "activate.fish = a:b", "x = a", "x = a:b:c", "x = ", "x",
		"x = a:b;import os"};
	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		GError *error = NULL;
		g_autofree char *text = g_strconcat("[console_scripts]\n", lines[i], "\n", NULL);
		g_autoptr(GPtrArray) scripts = script_from_entry_points(text, &python, &error);
		g_test_message("%s", lines[i]);
		g_assert_null(scripts);
		g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
		g_clear_error(&error);
	}
	g_assert_false(script_is_reserved("python-config"));
	g_assert_false(script_is_reserved("pythonic"));
	g_assert_true(script_is_reserved("python3.13t"));
}

static void
test_shebang(void)
{
	g_autofree char *plain = script_shebang("/env/bin/python");
	g_assert_cmpstr(plain, ==, "#!/env/bin/python\n");
	g_autofree char *spaces = script_shebang("/my env/bin/python");
	g_assert_cmpstr(
		spaces, ==, "#!/bin/sh\n'''exec' \"/my env/bin/python\" \"$0\" \"$@\"\n' '''\n");
	/* 127 bytes with `#!` and the line feed is the most that every kernel takes. */
	g_autofree char *name = g_strnfill(124, 'x');
	name[0] = '/';
	g_autofree char *fits = script_shebang(name);
	g_assert_true(g_str_has_prefix(fits, "#!/x"));
	g_autofree char *longer = g_strconcat(name, "x", NULL);
	g_autofree char *wrapped = script_shebang(longer);
	g_autofree char *wanted =
		g_strdup_printf("#!/bin/sh\n'''exec' %s \"$0\" \"$@\"\n' '''\n", longer);
	g_assert_cmpstr(wrapped, ==, wanted);
}

static void
test_rewrite(void)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {{"#!python\nprint()\n", "#!/e/python\nprint()\n"},
		{"#!pythonw -u\r\nx", "#!/e/python\nx"}, {"#!python", "#!/e/python\n"},
		{"#!/usr/bin/python\n", NULL}, {"", NULL}, {"print()\n#!python\n", NULL}};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		size_t length = 0;
		g_autofree char *text =
			script_rewrite(cases[i].text, strlen(cases[i].text), "/e/python", &length);
		g_assert_cmpstr(text, ==, cases[i].wanted);
		if (text)
			g_assert_cmpuint(length, ==, strlen(text));
	}
}

static void
test_warning(void)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new();
	g_ptr_array_add(paths, (void *)"/nowhere/bin/c");
	g_ptr_array_add(paths, (void *)"/nowhere/bin/a");
	g_ptr_array_add(paths, (void *)"/nowhere/bin/b");
	g_autofree char *text = script_path_warning(paths, "/usr/bin/python3", "/usr/bin");
	g_assert_cmpstr(text, ==,
		"The scripts a, b and c are installed in '/nowhere/bin' which is not on PATH.\n"
		"Consider adding this directory to PATH or, if you prefer to suppress this "
		"warning, use --no-warn-script-location.");
	g_assert_null(script_path_warning(paths, "/usr/bin/python3", "/usr/bin:/nowhere/bin"));
	g_assert_null(script_path_warning(paths, "/nowhere/bin/python3", "/usr/bin"));
	g_ptr_array_remove_range(paths, 1, 2);
	g_ptr_array_add(paths, (void *)"/elsewhere/d");
	g_autofree char *two = script_path_warning(paths, "/usr/bin/python3", "~/bin:/usr/bin");
	g_assert_cmpstr(two, ==,
		"The script c is installed in '/nowhere/bin' which is not on PATH.\n"
		"The script d is installed in '/elsewhere' which is not on PATH.\n"
		"Consider adding these directories to PATH or, if you prefer to suppress this "
		"warning, use --no-warn-script-location.\n"
		"NOTE: The current PATH contains path(s) starting with `~`, which may not be "
		"expanded by all applications.");
}

static void
test_names(void)
{
	g_auto(GStrv) names = script_names(
		"[gui_scripts]\na=b:c\n[console_scripts]\nd=e:f\ng = h:i\n", "console_scripts");
	g_assert_cmpstr(names[0], ==, "d");
	g_assert_cmpstr(names[1], ==, "g");
	g_assert_null(names[2]);
	g_auto(GStrv) none = script_names("[console_scripts]\nbroken\n", "console_scripts");
	g_assert_null(none[0]);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/script/template", test_template);
	g_test_add_func("/script/method", test_method);
	g_test_add_func("/script/refused", test_refused);
	g_test_add_func("/script/shebang", test_shebang);
	g_test_add_func("/script/rewrite", test_rewrite);
	g_test_add_func("/script/warning", test_warning);
	g_test_add_func("/script/names", test_names);
	return g_test_run();
}
