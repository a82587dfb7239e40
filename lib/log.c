/* SPDX-License-Identifier: MIT */
/* The one logger: pip's levels, streams, prefixes, colours and its log file. */
#include "lib/log.h"

#include "lib/error.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define INDENT_STEP 2

struct Log {
	enum log_level level; /* the least one that reaches the terminal */
	bool color_stdout, color_stderr;
	bool terminal_stdout, terminal_stderr;
	int indent;
	FILE *file;
	void (*hide)(void *user);
	void (*show)(void *user);
	void *user;
};

static enum log_level
level_for(int verbosity)
{
	if (verbosity >= 2)
		return LOG_DEBUG;
	switch (verbosity) {
	case 1:
		return LOG_VERBOSE;
	case 0:
		return LOG_INFO;
	case -1:
		return LOG_WARNING;
	case -2:
		return LOG_ERROR;
	default:
		return LOG_CRITICAL;
	}
}

/* no-color.org, force-color.org: a variable counts when it is set and not empty. */
static bool
color_wanted(bool terminal, bool no_color)
{
	const char *off = g_getenv("NO_COLOR"), *on = g_getenv("FORCE_COLOR"),
		   *term = g_getenv("TERM");
	if (no_color || (off && *off))
		return false;
	if (on && *on)
		return true;
	return terminal && !(term && (strcmp(term, "dumb") == 0 || strcmp(term, "unknown") == 0));
}

Log *
log_new(const struct log_options *options, GError **error)
{
	FILE *file = NULL;
	if (options->file) {
		g_autofree char *folder = g_path_get_dirname(options->file);
		if (g_mkdir_with_parents(folder, 0777) < 0 ||
			!(file = fopen(options->file, "ae"))) {
			error_set_errno(error, errno, "opening the log file: %s", options->file);
			return NULL;
		}
	}
	Log *log = g_new0(Log, 1);
	log->level = level_for(options->verbosity);
	log->terminal_stdout = isatty(STDOUT_FILENO) == 1;
	log->terminal_stderr = isatty(STDERR_FILENO) == 1;
	log->color_stdout = color_wanted(log->terminal_stdout, options->no_color);
	log->color_stderr = color_wanted(log->terminal_stderr, options->no_color);
	log->file = file;
	return log;
}

void
log_free(Log *log)
{
	if (!log)
		return;
	if (log->file)
		fclose(log->file);
	g_free(log);
}

bool
log_shows(const Log *log, enum log_level level)
{
	return level >= log->level;
}

bool
log_color(const Log *log, FILE *stream)
{
	return stream == stderr ? log->color_stderr : log->color_stdout;
}

void
log_indent(Log *log, int change)
{
	log->indent = MAX(0, log->indent + change);
}

void
log_set_aside(Log *log, void (*hide)(void *user), void (*show)(void *user), void *user)
{
	log->hide = hide;
	log->show = show;
	log->user = user;
}

/* Every line of `text` with `start` before it, and a line feed at the end of each. */
static char *
prefix_lines(const char *start, const char *text)
{
	GString *out = g_string_sized_new(strlen(text) + 32);
	for (const char *line = text;;) {
		const char *end = strchrnul(line, '\n');
		g_string_append(out, start);
		g_string_append_len(out, line, end - line);
		g_string_append_c(out, '\n');
		if (!*end)
			break;
		line = end + 1;
	}
	return g_string_free(out, FALSE);
}

/* pip's log files: local time with milliseconds before each line. */
static void
write_file(Log *log, const char *indent, const char *text)
{
	struct timespec now;
	struct tm tm;
	char stamp[32];
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
	g_autofree char *start =
		g_strdup_printf("%s,%03ld %s", stamp, now.tv_nsec / 1000000, indent);
	g_autofree char *lines = prefix_lines(start, text);
	fputs(lines, log->file);
	fflush(log->file); /* it tells of crashes too */
}

static void
write_stream(Log *log, FILE *stream, const char *color, const char *text)
{
	bool terminal = stream == stderr ? log->terminal_stderr : log->terminal_stdout;
	if (terminal && log->hide)
		log->hide(log->user);
	if (stream == stderr)
		fflush(stdout); /* keeps the order when both go to one place */
	if (color && log_color(log, stream)) {
		size_t length = strlen(text);
		fprintf(stream, "%s%.*s\033[0m\n", color,
			(int)MIN(length ? length - 1 : 0, INT_MAX), text);
	} else {
		fputs(text, stream);
	}
	fflush(stream);
	if (terminal && log->show)
		log->show(log->user);
}

/* Indents the text and hands it to the log file and to the stream. */
static void
write_text(Log *log, enum log_level level, FILE *stream, const char *color, const char *text)
{
	g_autofree char *indent = g_strnfill((gsize)log->indent * INDENT_STEP, ' ');
	if (log->file)
		write_file(log, indent, text);
	if (!log_shows(log, level))
		return;
	g_autofree char *lines = prefix_lines(indent, text);
	write_stream(log, stream, color, lines);
}

static void write_message(Log *log, enum log_level level, const char *start, const char *format,
	va_list args) G_GNUC_PRINTF(4, 0);
static void
write_message(Log *log, enum log_level level, const char *start, const char *format, va_list args)
{
	if (!log_shows(log, level) && !log->file)
		return;
	g_autofree char *message = g_strdup_vprintf(format, args);
	g_autofree char *text =
		*start ? g_strconcat(start, message, NULL) : g_steal_pointer(&message);
	const char *color = level >= LOG_ERROR	   ? "\033[31m"
			    : level == LOG_WARNING ? "\033[33m"
						   : NULL;
	write_text(log, level, level >= LOG_WARNING ? stderr : stdout, color, text);
}

void
log_subprocess(Log *log, enum log_level level, const char *line)
{
	if (log_shows(log, level) || log->file)
		write_text(log, level, stderr, NULL, line);
}

/* `first` before the first line, `rest` before the others. */
static void
append_block(GString *out, const char *first, const char *rest, const char *text)
{
	g_autofree char *bare = g_strchomp(g_strdup(text));
	g_string_append(out, first);
	for (const char *at = bare; *at; at++) {
		g_string_append_c(out, *at);
		if (*at == '\n')
			g_string_append(out, rest);
	}
}

void
log_diagnostic(Log *log, const struct diagnostic *diagnostic)
{
	g_autoptr(GString) out = g_string_new("error: ");
	g_string_append_printf(out, "%s\n", diagnostic->reference);
	append_block(out, "\n× ", diagnostic->context ? "│ " : "  ", diagnostic->message);
	if (diagnostic->context)
		append_block(out, "\n╰─> ", "    ", diagnostic->context);
	if (diagnostic->note || diagnostic->hint)
		g_string_append_c(out, '\n');
	if (diagnostic->note)
		append_block(out, "\nnote: ", "      ", diagnostic->note);
	if (diagnostic->hint)
		append_block(out, "\nhint: ", "      ", diagnostic->hint);
	int indent = log->indent;
	log->indent = diagnostic->is_last ? 0 : indent;
	write_text(log, LOG_ERROR, stderr, NULL, out->str);
	log->indent = indent;
}

void
log_write(Log *log, enum log_level level, const char *format, ...)
{
	const char *start = level >= LOG_ERROR	   ? "ERROR: "
			    : level == LOG_WARNING ? "WARNING: "
						   : "";
	va_list args;
	va_start(args, format);
	write_message(log, level, start, format, args);
	va_end(args);
}

void
log_deprecation(Log *log, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	write_message(log, LOG_WARNING, "DEPRECATION: ", format, args);
	va_end(args);
}

char *
log_ask_line(Log *log, const char *prompt)
{
	char line[1024] = "";
	if (log->terminal_stdout && log->hide)
		log->hide(log->user);
	fputs(prompt, stdout);
	fflush(stdout);
	bool got = fgets(line, sizeof line, stdin) != NULL;
	if (log->terminal_stdout && log->show)
		log->show(log->user);
	line[strcspn(line, "\r\n")] = '\0';
	return got ? g_strdup(line) : NULL;
}

char *
log_ask(Log *log, const char *prompt)
{
	g_autofree char *line = log_ask_line(log, prompt);
	return line ? g_ascii_strdown(g_strstrip(line), -1) : NULL;
}

void
log_output(Log *log, const char *text)
{
	if (log->file)
		write_file(log, "", text);
	if (log->terminal_stdout && log->hide)
		log->hide(log->user);
	fputs(text, stdout);
	fputc('\n', stdout);
	if (log->terminal_stdout && log->show)
		log->show(log->user);
}
