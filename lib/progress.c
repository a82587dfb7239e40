/* SPDX-License-Identifier: MIT */
#include "lib/progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_WIDTH 40
#define REDRAW_US 100000 /* also the time before something is drawn at all */
#define RAW_US 250000
#define MAX_TRANSFERS 100000

struct transfer {
	int64_t now, total;
	gint64 raw_written;
};

enum shape { SHAPE_OFF, SHAPE_BAR, SHAPE_RAW };

struct Progress {
	Log *log;
	enum shape shape;
	bool color;
	GArray *transfers; /* of struct transfer; ids are indices + 1 */
	gint64 started, drawn;
	bool counting;
	char *counter; /* the counter's text while counting */
	bool visible;
};

static bool
in_ci(void)
{
	static const char *const names[] = {"BUILD_BUILDID", "BUILD_ID", "CI", "PIP_IS_CI"};
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (g_getenv(names[i]))
			return true;
	return false;
}

static void
erase(Progress *progress)
{
	if (!progress->visible)
		return;
	fputs("\r\033[2K", stdout);
	fflush(stdout);
	progress->visible = false;
}

static void
hide(void *user)
{
	erase(user);
}

static void
show(void *user)
{
	/* the next update draws it again */
	Progress *progress = user;
	progress->drawn = 0;
}

Progress *
progress_new(Log *log, const char *mode)
{
	Progress *progress = g_new0(Progress, 1);
	bool wanted = log_shows(log, LOG_INFO) || (mode && strcmp(mode, "on") == 0);
	progress->log = log;
	progress->transfers = g_array_new(FALSE, FALSE, sizeof(struct transfer));
	progress->started = g_get_monotonic_time();
	progress->color = log_color(log, stdout);
	if (mode && strcmp(mode, "raw") == 0)
		progress->shape = SHAPE_RAW;
	else if ((!mode || strcmp(mode, "off") != 0) && wanted && isatty(STDOUT_FILENO) && !in_ci())
		progress->shape = SHAPE_BAR;
	if (progress->shape == SHAPE_BAR)
		log_set_aside(log, hide, show, progress);
	return progress;
}

void
progress_free(Progress *progress)
{
	if (!progress)
		return;
	erase(progress);
	if (progress->shape == SHAPE_BAR)
		log_set_aside(progress->log, NULL, NULL, NULL);
	g_array_unref(progress->transfers);
	g_free(progress->counter);
	g_free(progress);
}

/* --- texts --- */

/* The unit is chosen by `of`, so that both numbers of `1.2/3.4 MB` share it. */
static double
unit_of(int64_t of, const char **name, int *precision)
{
	static const char *const names[] = {"bytes", "kB", "MB", "GB", "TB"};
	double unit = 1;
	size_t i = 0;
	for (; i + 1 < G_N_ELEMENTS(names) && (double)of >= unit * 1000; i++)
		unit *= 1000;
	*name = names[i];
	*precision = i ? 1 : 0;
	return unit;
}

static void
append_bar(GString *out, double share, bool color)
{
	int halves = (int)(CLAMP(share, 0, 1) * BAR_WIDTH * 2);
	if (color)
		g_string_append(out, halves == BAR_WIDTH * 2 ? "\033[32m" : "\033[35m");
	for (int i = 0; i < halves / 2; i++)
		g_string_append(out, "━");
	if (halves % 2)
		g_string_append(out, "╸");
	if (color)
		g_string_append(out, "\033[2;37m");
	for (int i = halves / 2 + halves % 2; i < BAR_WIDTH; i++)
		g_string_append(out, color ? "━" : " ");
	if (color)
		g_string_append(out, "\033[0m");
	g_string_append_c(out, ' ');
}

static void
append_time(GString *out, double seconds)
{
	unsigned whole = (unsigned)CLAMP(seconds, 0, 359999);
	g_string_append_printf(out, "%u:%02u:%02u", whole / 3600, whole / 60 % 60, whole % 60);
}

char *
progress_text(int64_t now, int64_t total, double seconds, bool finished, bool color)
{
	GString *out = g_string_new(NULL);
	const char *unit;
	int precision;
	double size = unit_of(total < 0 ? now : total, &unit, &precision);
	if (total >= 0) {
		append_bar(out, total ? (double)now / (double)total : 1, color);
		g_string_append_printf(out, "%.*f/%.*f %s", precision, (double)now / size,
			precision, (double)total / size, unit);
	} else {
		g_string_append_printf(out, "%.*f %s", precision, (double)now / size, unit);
	}
	double speed = seconds > 0 ? (double)now / seconds : 0;
	if (speed >= 1) {
		double speed_size = unit_of((int64_t)MIN(speed, 1e15), &unit, &precision);
		g_string_append_printf(out, " %.*f %s/s ", precision, speed / speed_size, unit);
	} else {
		g_string_append(out, " ? ");
	}
	if (finished || total < 0) {
		append_time(out, seconds);
	} else {
		g_string_append(out, "eta ");
		if (speed >= 1)
			append_time(out, (double)(total - now) / speed);
		else
			g_string_append(out, "-:--:--");
	}
	return g_string_free(out, FALSE);
}

/* --- drawing --- */

static char *
transfers_text(const Progress *progress, bool finished)
{
	int64_t now = 0, total = 0;
	bool known = true;
	for (guint i = 0; i < progress->transfers->len; i++) {
		const struct transfer *transfer =
			&g_array_index(progress->transfers, struct transfer, i);
		now += transfer->now;
		known = known && transfer->total >= 0;
		total += MAX(transfer->total, 0);
	}
	double seconds = (double)(g_get_monotonic_time() - progress->started) / 1e6;
	return progress_text(now, known ? MAX(total, now) : -1, seconds, finished, progress->color);
}

/* Cuts what is wider than the terminal: a wrapped line could not be erased. Escapes take no room.
 */
static void
clip(char *text)
{
	struct winsize size;
	int room =
		ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col - 1 : 79;
	for (char *at = text; *at; at = g_utf8_next_char(at)) {
		if (*at == '\033') {
			at += strcspn(at, "m");
			if (!*at)
				return;
		} else if (room-- == 0) {
			*at = 0;
			return;
		}
	}
}

static void
draw(Progress *progress, bool finished)
{
	g_autofree char *body = progress->counting ? g_strdup(progress->counter)
						   : transfers_text(progress, finished);
	g_autofree char *text = g_strconcat("   ", body, NULL);
	clip(text);
	printf("\r\033[2K%s%s%s", text, progress->color ? "\033[0m" : "", finished ? "\n" : "");
	fflush(stdout);
	progress->visible = !finished;
}

static void
draw_if_due(Progress *progress)
{
	gint64 now = g_get_monotonic_time();
	if (progress->shape != SHAPE_BAR || now - progress->started < REDRAW_US ||
		now - progress->drawn < REDRAW_US)
		return;
	progress->drawn = now;
	draw(progress, false);
}

static void
restart(Progress *progress, bool counting)
{
	g_array_set_size(progress->transfers, 0);
	progress->started = g_get_monotonic_time();
	progress->drawn = 0;
	progress->counting = counting;
}

void
progress_count(
	Progress *progress, const char *what, unsigned done, unsigned total, const char *name)
{
	if (progress->shape != SHAPE_BAR)
		return;
	if (!progress->counting)
		restart(progress, true);
	gint64 now = g_get_monotonic_time();
	if (now - progress->started < REDRAW_US || now - progress->drawn < REDRAW_US)
		return;
	GString *text = g_string_new(NULL);
	g_string_append_printf(text, "%s ", what);
	if (total)
		append_bar(text, (double)done / total, progress->color);
	g_string_append_printf(text, total ? "%u/%u" : "%u", done, total);
	if (name)
		g_string_append_printf(text, " [%s]", name);
	g_free(progress->counter);
	progress->counter = g_string_free(text, FALSE);
	draw_if_due(progress);
}

static void
write_raw(const Progress *progress, struct transfer *transfer, bool force)
{
	gint64 now = g_get_monotonic_time();
	if (progress->shape != SHAPE_RAW || (!force && now - transfer->raw_written < RAW_US))
		return;
	transfer->raw_written = now;
	printf("Progress %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT "\n", transfer->now,
		MAX(transfer->total, 0));
	fflush(stdout);
}

unsigned
progress_add(Progress *progress, int64_t total)
{
	struct transfer transfer = {.total = total};
	if (progress->shape == SHAPE_OFF || progress->transfers->len >= MAX_TRANSFERS)
		return G_MAXUINT;
	if (progress->counting || !progress->transfers->len)
		restart(progress, false);
	write_raw(progress, &transfer, true);
	g_array_append_val(progress->transfers, transfer);
	return progress->transfers->len;
}

void
progress_update(Progress *progress, unsigned id, int64_t now, int64_t total)
{
	if (id == 0 || id > progress->transfers->len)
		return;
	struct transfer *transfer = &g_array_index(progress->transfers, struct transfer, id - 1);
	bool reached = now == total && transfer->now != now;
	transfer->now = now;
	transfer->total = total >= 0 ? total : transfer->total;
	write_raw(progress, transfer, reached);
	draw_if_due(progress);
}

void
progress_end(Progress *progress, unsigned id)
{
	if (id == 0 || id > progress->transfers->len)
		return;
	struct transfer *transfer = &g_array_index(progress->transfers, struct transfer, id - 1);
	if (transfer->total < 0)
		transfer->total = transfer->now;
	draw_if_due(progress);
}

void
progress_finish(Progress *progress)
{
	bool short_lived = g_get_monotonic_time() - progress->started < REDRAW_US;
	if (progress->shape == SHAPE_BAR && !progress->counting && progress->transfers->len &&
		!short_lived)
		draw(progress, true);
	erase(progress);
	restart(progress, false);
}
