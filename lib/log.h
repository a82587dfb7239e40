/* SPDX-License-Identifier: MIT */
/* The one logger: pip's levels, streams and prefixes. Only the main thread logs. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

enum log_level { LOG_DEBUG, LOG_VERBOSE, LOG_INFO, LOG_WARNING, LOG_ERROR, LOG_CRITICAL };

typedef struct Log Log;

struct log_options {
	int verbosity; /* number of -v minus number of -q */
	bool no_color; /* --no-color; NO_COLOR, FORCE_COLOR and isatty are looked up by log_new */
	const char *file; /* --log FILE, or NULL */
};

/* Opens the logger. A log file that cannot be opened is an error (ERROR_IO). */
Log *log_new(const struct log_options *options, GError **error);
void log_free(Log *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Log, log_free)

bool log_shows(const Log *log, enum log_level level);

/* One message, without a final line feed. INFO and below go to stdout, the rest to stderr with
 * the prefix `WARNING: ` or `ERROR: `. A live progress display is moved out of the way. */
void log_write(Log *log, enum log_level level, const char *format, ...) G_GNUC_PRINTF(3, 4);
#define log_debug(log, ...) log_write(log, LOG_DEBUG, __VA_ARGS__)
#define log_verbose(log, ...) log_write(log, LOG_VERBOSE, __VA_ARGS__)
#define log_info(log, ...) log_write(log, LOG_INFO, __VA_ARGS__)
#define log_warning(log, ...) log_write(log, LOG_WARNING, __VA_ARGS__)
#define log_error(log, ...) log_write(log, LOG_ERROR, __VA_ARGS__)

/* `DEPRECATION: …` on stderr at WARNING. */
void log_deprecation(Log *log, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* A line that a subprocess wrote: VERBOSE or INFO, yet on stderr, as pip does. */
void log_subprocess(Log *log, enum log_level level, const char *line);

/* What went wrong and why, in pip's layout for diagnostics:
 *     error: REFERENCE
 *
 *     × message
 *     ╰─> context
 *
 *     note: …
 *     hint: …
 * on stderr at ERROR. Texts may have several lines; all but the first two may be NULL. */
struct diagnostic {
	const char *reference, *message, *context, *note, *hint;
	bool is_last; /* nothing more follows from it: not indented */
};
void log_diagnostic(Log *log, const struct diagnostic *diagnostic);

/* Data that the user asked for (lists, JSON): to stdout as it is, plus a line feed, whatever the
 * level. Also appended to the log file. */
void log_output(Log *log, const char *text);

/* Asks on stdout and reads a line from stdin: without its line feed, lower case, white space
 * trimmed; NULL at the end of the input. New string. */
char *log_ask(Log *log, const char *prompt);
/* The line as it was typed. */
char *log_ask_line(Log *log, const char *prompt);

/* Nested blocks are indented by two spaces a level, as pip does. */
void log_indent(Log *log, int change);

/* true if colour may be used on stderr / stdout. */
bool log_color(const Log *log, FILE *stream);

/* Called around each line written to a terminal, so that a progress display can step aside;
 * set by lib/progress.c, NULL removes it. */
void log_set_aside(Log *log, void (*hide)(void *user), void (*show)(void *user), void *user);
