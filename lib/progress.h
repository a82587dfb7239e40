/* SPDX-License-Identifier: MIT */
/* The one progress display, on stderr and for terminals only: a total bar for downloads under up to
 * five lines of running ones, or a counter for other work. */
#pragma once
#include "lib/log.h"

#include <stdint.h>

typedef struct Progress Progress;

/* `mode` is --progress-bar: "auto" (off with --quiet), "on", "off", "raw" (lines `Progress N of
 * TOTAL` on stdout). NULL is "auto". Draws if stderr is a terminal and not in CI, and steps aside
 * for log lines until freed. */
Progress *progress_new(Log *log, const char *mode);
void progress_free(Progress *progress); /* erases what is not finished */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Progress, progress_free)

/* Work that is counted: `Resolving ━━━ 3/12 [name]`. total 0: not known. Replaces what was
 * shown; a total bar stays as by progress_finish.
 */
void progress_count(
	Progress *progress, const char *what, unsigned done, unsigned total, const char *name);

/* One transfer of `total` bytes (-1: not known); `name` is copied. Its size counts from now on, its
 * line is shown after the first update. Returns an id that is not 0. */
unsigned progress_add(Progress *progress, const char *name, int64_t total);
void progress_update(Progress *progress, unsigned id, int64_t now, int64_t total);
void progress_end(Progress *progress, unsigned id);
/* No transfer is running. */
bool progress_idle(const Progress *progress);

/* The phase is over: the total bar stays on the screen in its last state, a counter goes. */
void progress_finish(Progress *progress);

/* For tests: the lines without indent, new strings of at most about `width` columns. */
struct progress_state {
	int64_t now, total; /* total -1: not known, no bar */
	double seconds;
	bool finished;
};
/* `━━━━╸     1.2/3.4 MB 5.6 MB/s eta 0:00:01` */
char *progress_total_text(const struct progress_state *state, int width, bool color);
/* `numpy-1.26.4-cp311-cp31… ━━━╸      1.2/3.4 MB` */
char *progress_live_text(
	const char *name, const struct progress_state *state, int width, bool color);
