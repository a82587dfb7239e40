/* SPDX-License-Identifier: MIT */
#include "lib/progress.h"

#include "lib/error.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void
test_total(void)
{
	struct progress_state half = {.now = 1500000, .total = 3000000, .seconds = 1};
	g_autofree char *text = progress_total_text(&half, 100, false);
	g_assert_cmpstr(text, ==,
		"━━━━━━━━━━━━━━━━━━━━                     1.5/3.0 MB 1.5 MB/s eta 0:00:01");
	struct progress_state done = {
		.now = 61000, .total = 61000, .seconds = 0.5, .finished = true};
	g_autofree char *end = progress_total_text(&done, 100, false);
	g_assert_true(g_str_has_suffix(end, "━ 61.0/61.0 kB 122.0 kB/s 0:00:00"));
	struct progress_state unknown = {.now = 512, .total = -1, .seconds = 2};
	g_autofree char *open = progress_total_text(&unknown, 100, false);
	g_assert_cmpstr(open, ==, "512 bytes 256 bytes/s 0:00:02");
	struct progress_state start = {.total = 10};
	g_autofree char *first = progress_total_text(&start, 100, false);
	g_assert_true(g_str_has_suffix(first, " 0/10 bytes ? eta -:--:--"));
	struct progress_state none = {.seconds = 1, .finished = true};
	g_autofree char *empty = progress_total_text(&none, 100, true);
	g_assert_nonnull(strstr(empty, "0/0 bytes"));
}

/* A narrow terminal takes from the bars, then drops them. */
static void
test_width(void)
{
	struct progress_state state = {.now = 1500000, .total = 3000000, .seconds = 1};
	g_autofree char *small = progress_total_text(&state, 60, false);
	g_assert_cmpint(g_utf8_strlen(small, -1), ==, 60);
	g_autofree char *tiny = progress_total_text(&state, 40, false);
	g_assert_cmpstr(tiny, ==, "1.5/3.0 MB 1.5 MB/s eta 0:00:01");
	g_autofree char *live = progress_live_text("six", &state, 76, false);
	g_assert_cmpstr(live, ==, "six                      ━━━━━━━╸        1.5/3.0 MB");
	g_autofree char *cut = progress_live_text(
		"numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.whl", &state, 50, false);
	g_assert_cmpstr(cut, ==, "numpy-1.26.4-cp311-cp31… 1.5/3.0 MB");
	g_autofree char *bad = progress_live_text("\xff", &state, 50, false);
	g_assert_true(g_utf8_validate(bad, -1, NULL));
}

/* Seven transfers drawn until `stop` is on the screen; returns what follows it. */
static char *
on_terminal(const char *stop)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY), saved = dup(STDERR_FILENO);
	g_assert_true(terminal >= 0 && saved >= 0 && !grantpt(terminal) && !unlockpt(terminal));
	int slave = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	struct winsize size = {.ws_row = 24, .ws_col = 100};
	g_assert_true(slave >= 0 && ioctl(slave, TIOCSWINSZ, &size) == 0);
	dup2(slave, STDERR_FILENO);
	close(slave);
	struct log_options options = {.no_color = true};
	Log *log = log_new(&options, NULL);
	Progress *progress = progress_new(log, "auto");
	GString *seen = g_string_new(NULL);
	unsigned ids[7];
	for (unsigned i = 0; i < G_N_ELEMENTS(ids); i++) {
		char name[] = {(char)('a' + i), '-', 'p', 'k', 'g', 0};
		ids[i] = progress_add(progress, name, 1000);
	}
	for (int64_t turn = 1; !strstr(seen->str, stop); turn++) {
		for (unsigned i = 0; i < G_N_ELEMENTS(ids); i++)
			progress_update(progress, ids[i], MIN(turn, 999), 1000);
		if (strstr(seen->str, "a-pkg"))
			progress_end(progress, ids[0]);
		struct pollfd ready = {.fd = terminal, .events = POLLIN};
		char block[4096];
		ssize_t got = poll(&ready, 1, 1) > 0 ? read(terminal, block, sizeof block) : 0;
		g_string_append_len(seen, block, got);
	}
	g_string_set_size(seen, 0);
	log_warning(log, "stepping aside");
	g_assert_false(progress_idle(progress));
	for (unsigned i = 0; i < G_N_ELEMENTS(ids); i++)
		progress_end(progress, ids[i]);
	g_assert_true(progress_idle(progress));
	progress_finish(progress);
	progress_free(progress);
	log_free(log);
	dup2(saved, STDERR_FILENO);
	close(saved);
	for (char block[4096];;) {
		ssize_t got = read(terminal, block, sizeof block);
		if (got <= 0)
			break;
		g_string_append_len(seen, block, got);
	}
	close(terminal);
	return g_string_free(seen, FALSE);
}

static void
test_terminal(void)
{
	static const char *const ci[] = {"BUILD_BUILDID", "BUILD_ID", "CI", "PIP_IS_CI"};
	for (size_t i = 0; i < G_N_ELEMENTS(ci); i++)
		g_unsetenv(ci[i]);
	g_setenv("TERM", "xterm", TRUE);
	/* the sixth transfer gets the line of the first when that has ended; the seventh waits */
	g_autofree char *seen = on_terminal("f-pkg");
	g_assert_null(strstr(seen, "g-pkg"));
	/* five lines and the total are taken away for the warning; the total stays at the end */
	g_assert_true(g_str_has_prefix(seen, "\r\033[5A\033[JWARNING: stepping aside\r\n"));
	g_assert_true(g_regex_match_simple(
		"aside\r\n(?s:.*)   ━{40} 7[.]0/7[.]0 kB [^\n]+ 0:00:0\\d\033\\[K\r\n(\033\\[J)?$",
		seen, 0, 0));
}

/* Without a terminal nothing is drawn, and every call is harmless. */
static void
test_quiet(void)
{
	if (g_test_subprocess()) {
		struct log_options options = {0};
		g_autoptr(Log) log = log_new(&options, NULL);
		g_autoptr(Progress) progress = progress_new(log, "on");
		unsigned id = progress_add(progress, "x", 10);
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
	g_test_trap_assert_stderr_unmatched("*━*");
}

static void
test_raw(void)
{
	if (g_test_subprocess()) {
		struct log_options options = {.verbosity = -1};
		g_autoptr(Log) log = log_new(&options, NULL);
		g_autoptr(Progress) progress = progress_new(log, "raw");
		unsigned id = progress_add(progress, "x", 10);
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
	g_test_add_func("/progress/total", test_total);
	g_test_add_func("/progress/width", test_width);
	g_test_add_func("/progress/terminal", test_terminal);
	g_test_add_func("/progress/quiet", test_quiet);
	g_test_add_func("/progress/raw", test_raw);
	g_test_add_func("/log/file", test_log);
	return g_test_run();
}
