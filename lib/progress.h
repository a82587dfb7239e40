/* SPDX-License-Identifier: MIT */
/* The one progress display: a bar for downloads, a counter for other work; one line, terminals
 * only. */
#pragma once
#include "lib/log.h"

#include <stdint.h>

typedef struct Progress Progress;

/* `mode` is --progress-bar: "auto" (off with --quiet), "on", "off", "raw" (lines `Progress N of
 * TOTAL` on stdout). NULL is "auto". Draws on stdout if that is a terminal and not in CI, and steps
 * aside for log lines until freed. */
Progress *progress_new(Log *log, const char *mode);
void progress_free(Progress *progress); /* erases what is not finished */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Progress, progress_free)

/* Work that is counted: `Resolving ━━━ 3/12 [name]`. total 0: not known. Replaces what was shown.
 */
void progress_count(
	Progress *progress, const char *what, unsigned done, unsigned total, const char *name);

/* One transfer of `total` bytes (-1: not known). Several may run: they share one bar. Returns an id
 * that is not 0. */
unsigned progress_add(Progress *progress, int64_t total);
void progress_update(Progress *progress, unsigned id, int64_t now, int64_t total);
void progress_end(Progress *progress, unsigned id);

/* The phase is over: the downloads' bar stays on the screen in its last state, a counter goes. */
void progress_finish(Progress *progress);

/* One bar's text, without indent: `━━━━╸     1.2/3.4 MB 5.6 MB/s eta 0:00:01`. total -1: no bar.
 * For tests. New string. */
char *progress_text(int64_t now, int64_t total, double seconds, bool finished, bool color);
