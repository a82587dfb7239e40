/* SPDX-License-Identifier: MIT */
#include "lib/progress.h"

#include "lib/error.h"

#include <glib/gstdio.h>
#include <string.h>

static void
test_text(void)
{
	g_autofree char *half = progress_text(1500000, 3000000, 1, false, false);
	g_assert_cmpstr(half, ==,
		"━━━━━━━━━━━━━━━━━━━━                     1.5/3.0 MB 1.5 MB/s eta 0:00:01");
	g_autofree char *done = progress_text(61000, 61000, 0.5, true, false);
	g_assert_true(g_str_has_suffix(done, "━ 61.0/61.0 kB 122.0 kB/s 0:00:00"));
	g_autofree char *unknown = progress_text(512, -1, 2, false, false);
	g_assert_cmpstr(unknown, ==, "512 bytes 256 bytes/s 0:00:02");
	g_autofree char *start = progress_text(0, 10, 0, false, false);
	g_assert_true(g_str_has_suffix(start, " 0/10 bytes ? eta -:--:--"));
	g_autofree char *empty = progress_text(0, 0, 1, true, true);
	g_assert_nonnull(strstr(empty, "0/0 bytes"));
}

/* Without a terminal nothing is drawn, and every call is harmless. */
static void
test_quiet(void)
{
	if (g_test_subprocess()) {
		struct log_options options = {0};
		g_autoptr(Log) log = log_new(&options, NULL);
		g_autoptr(Progress) progress = progress_new(log, "on");
		unsigned id = progress_add(progress, 10);
		progress_update(progress, id, 10, 10);
		progress_update(progress, 7, 10, 10);
		progress_end(progress, id);
		progress_count(progress, "Resolving", 1, 2, "x");
		progress_finish(progress);
		return;
	}
	g_test_trap_subprocess("/progress/quiet", 0, G_TEST_SUBPROCESS_DEFAULT);
	g_test_trap_assert_passed();
	g_test_trap_assert_stdout_unmatched("*━*");
}

static void
test_raw(void)
{
	if (g_test_subprocess()) {
		struct log_options options = {.verbosity = -1};
		g_autoptr(Log) log = log_new(&options, NULL);
		g_autoptr(Progress) progress = progress_new(log, "raw");
		unsigned id = progress_add(progress, 10);
		for (int i = 1; i <= 10; i++)
			progress_update(progress, id, i, 10);
		progress_end(progress, id);
		return;
	}
	g_test_trap_subprocess("/progress/raw", 0, G_TEST_SUBPROCESS_DEFAULT);
	g_test_trap_assert_passed();
	g_test_trap_assert_stdout("*Progress 0 of 10\n*Progress 10 of 10\n*");
}

static void
test_log(void)
{
	g_autofree char *folder = g_dir_make_tmp("log-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "new", "x.log", NULL), *text = NULL;
	struct log_options options = {.verbosity = -3, .file = path};
	Log *log = log_new(&options, NULL);
	g_assert_false(log_shows(log, LOG_ERROR) || log_color(log, stdout));
	log_indent(log, 1);
	log_debug(log, "one\ntwo");
	log_indent(log, -5);
	log_warning(log, "three");
	log_deprecation(log, "four");
	log_free(log);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_true(g_regex_match_simple(
		"^(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d,\\d{3} )  one\n(?1)  two\n"
		"(?1)WARNING: three\n(?1)DEPRECATION: four\n$",
		text, 0, 0));
	g_unlink(path);
	g_autofree char *inner = g_path_get_dirname(path);
	g_rmdir(inner);
	g_rmdir(folder);
	g_autoptr(GError) error = NULL;
	options.file = "/dev/null/x";
	g_assert_null(log_new(&options, &error));
	g_assert_error(error, XPIP_ERROR, ERROR_IO);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/progress/text", test_text);
	g_test_add_func("/progress/quiet", test_quiet);
	g_test_add_func("/progress/raw", test_raw);
	g_test_add_func("/log/file", test_log);
	return g_test_run();
}
