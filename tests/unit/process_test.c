/* SPDX-License-Identifier: MIT */
/* Subprocesses: output, exit codes, environment, an end on interruption. */
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/process.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static void
note_line(void *user, const char *line)
{
	g_string_append_printf(user, "[%s]", line);
}

static void
run(const char *script, bool separate, const char *output, const char *lines, int status)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Loop) loop = loop_new(&error);
	g_autoptr(GString) out = g_string_new(NULL), seen = g_string_new(NULL);
	const char *argv[] = {"sh", "-c", script, NULL};
	const char *changes[] = {"XPIP_TEST", "yes", "HOME", NULL, NULL};
	g_auto(GStrv) environment = process_environment(changes);
	struct process_options options = {.argv = argv,
		.folder = "/",
		.environment = (const char *const *)environment,
		.loop = loop,
		.separate_errors = separate,
		.line = note_line,
		.user = seen};
	int got = -1000;
	g_assert_true(process_run(&options, out, &got, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(out->str, ==, output);
	g_assert_cmpstr(seen->str, ==, lines);
	g_assert_cmpint(got, ==, status);
}

static void
test_output(void)
{
	run("pwd; echo $XPIP_TEST$HOME >&2; printf no-end", false, "/\nyes\nno-end\n",
		"[/][yes][no-end]", 0);
	run("echo out; echo err >&2; exit 7", true, "out\n", "[out][err]", 7);
	run("printf 'a\\377b\\n\\n'", false, "a\\xffb\n\n", "[a\\xffb][]", 0);
	run("kill -9 $$", false, "", "", -9);
	run("read line; echo \"<$line>\"", false, "<>\n", "[<>]", 0);
}

static void
test_missing(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Loop) loop = loop_new(&error);
	const char *argv[] = {"/no/such/program", NULL};
	struct process_options options = {.argv = argv, .loop = loop};
	int status;
	g_assert_false(process_run(&options, NULL, &status, &error));
	g_assert_error(error, XPIP_ERROR, ERROR_IO);
}

/* The whole group ends: the shell's child would touch the file otherwise. */
static void
test_interrupt(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = fs_temp_dir("xpip-test-", &error);
	g_autofree char *file = g_build_filename(folder, "late", NULL);
	g_autoptr(Loop) loop = loop_new(&error);
	const char *argv[] = {"sh", "-c", "echo on; (sleep 60; touch \"$0\") & wait", file, NULL};
	struct process_options options = {.argv = argv, .loop = loop};
	int status;
	kill(getpid(), SIGINT); /* blocked: the loop will read it */
	g_assert_false(process_run(&options, NULL, &status, &error));
	g_assert_error(error, XPIP_ERROR, ERROR_INTERRUPTED);
	g_assert_false(g_file_test(file, G_FILE_TEST_EXISTS));
	fs_remove_tree(folder, NULL);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/process/output", test_output);
	g_test_add_func("/process/missing", test_missing);
	g_test_add_func("/process/interrupt", test_interrupt);
	return g_test_run();
}
