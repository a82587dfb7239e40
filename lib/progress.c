/* SPDX-License-Identifier: MIT */
#include "lib/progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	BAR_WIDTH = 40,
	NAME_WIDTH = 24,
	INDENT = 3,
	LIVE_LINES = 5,
	REDRAW_US = 100000, /* also the time before something is drawn at all */
	RAW_US = 250000,
	MAX_TRANSFERS = 100000
};

struct transfer {
	char *name;
	int64_t now, total;
	gint64 raw_written;
	bool begun, ended;
};

enum shape { SHAPE_OFF, SHAPE_BAR, SHAPE_RAW };

struct Progress {
	Log *log;
	enum shape shape;
	bool color;
	GArray *transfers; /* of struct transfer; ids are indices + 1 */
	gint64 started, drawn;
	bool counting;
	char *counter;		   /* the counter's text while counting */
	unsigned live[LIVE_LINES]; /* ids of the transfers with a line, 0: free; a line keeps its
				      place */
	unsigned first_waiting;	   /* all transfers before this index have ended or have a line */
	unsigned visible; /* lines on the screen; the cursor stands at the end of the last */
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

/* To the start of the first line drawn. */
static void
go_back(const Progress *progress, GString *out)
{
	if (progress->visible)
		g_string_append_c(out, '\r');
	if (progress->visible > 1)
		g_string_append_printf(out, "\033[%uA", progress->visible - 1);
}

static void
erase(Progress *progress)
{
	if (!progress->visible)
		return;
	g_autoptr(GString) out = g_string_new(NULL);
	go_back(progress, out);
	g_string_append(out, "\033[J");
	fputs(out->str, stderr);
	fflush(stderr);
	progress->visible = 0;
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

static void
clear_transfer(void *transfer)
{
	g_free(((struct transfer *)transfer)->name);
}

Progress *
progress_new(Log *log, const char *mode)
{
	Progress *progress = g_new0(Progress, 1);
	bool wanted = log_shows(log, LOG_INFO) || (mode && strcmp(mode, "on") == 0);
	progress->log = log;
	progress->transfers = g_array_new(FALSE, FALSE, sizeof(struct transfer));
	g_array_set_clear_func(progress->transfers, clear_transfer);
	progress->started = g_get_monotonic_time();
	progress->color = log_color(log, stderr);
	const char *term = g_getenv("TERM");
	bool can_move = !term || strcmp(term, "dumb") != 0;
	if (mode && strcmp(mode, "raw") == 0)
		progress->shape = SHAPE_RAW;
	else if ((!mode || strcmp(mode, "off") != 0) && wanted && can_move &&
		 isatty(STDERR_FILENO) && !in_ci())
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
append_bar(GString *out, double share, int width, bool color)
{
	int halves = (int)(CLAMP(share, 0, 1) * width * 2);
	if (color)
		g_string_append(out, halves == width * 2 ? "\033[32m" : "\033[35m");
	for (int i = 0; i < halves / 2; i++)
		g_string_append(out, "━");
	if (halves % 2)
		g_string_append(out, "╸");
	if (color)
		g_string_append(out, "\033[2;37m");
	for (int i = halves / 2 + halves % 2; i < width; i++)
		g_string_append(out, color ? "━" : " ");
	if (color)
		g_string_append(out, "\033[0m");
	g_string_append_c(out, ' ');
}

static void
append_sizes(GString *out, int64_t now, int64_t total)
{
	const char *unit;
	int precision;
	double size = unit_of(total < 0 ? now : total, &unit, &precision);
	g_string_append_printf(out, "%.*f", precision, (double)now / size);
	if (total >= 0)
		g_string_append_printf(out, "/%.*f", precision, (double)total / size);
	g_string_append_printf(out, " %s", unit);
}

static void
append_time(GString *out, double seconds)
{
	unsigned whole = (unsigned)CLAMP(seconds, 0, 359999);
	g_string_append_printf(out, "%u:%02u:%02u", whole / 3600, whole / 60 % 60, whole % 60);
}

static double
share_of(int64_t now, int64_t total)
{
	return total > 0 ? (double)now / (double)total : 1;
}

/* The bar shrinks where the terminal is too narrow for it and `rest` columns; 0: no bar at all. */
static int
bar_width(int width, int rest)
{
	int room = MIN(BAR_WIDTH, width - rest - 1);
	return room >= 10 ? room : 0;
}

char *
progress_total_text(const struct progress_state *state, int width, bool color)
{
	g_autoptr(GString) rest = g_string_new(NULL);
	append_sizes(rest, state->now, state->total);
	double speed = state->seconds > 0 ? (double)state->now / state->seconds : 0;
	if (speed >= 1) {
		g_string_append_c(rest, ' ');
		append_sizes(rest, (int64_t)MIN(speed, 1e15), -1);
		g_string_append(rest, "/s ");
	} else {
		g_string_append(rest, " ? ");
	}
	if (state->finished || state->total < 0) {
		append_time(rest, state->seconds);
	} else {
		g_string_append(rest, "eta ");
		if (speed >= 1)
			append_time(rest, (double)(state->total - state->now) / speed);
		else
			g_string_append(rest, "-:--:--");
	}
	GString *out = g_string_new(NULL);
	int bar = state->total < 0 ? 0 : bar_width(width, (int)rest->len);
	if (bar)
		append_bar(out, share_of(state->now, state->total), bar, color);
	g_string_append_len(out, rest->str, (gssize)rest->len);
	return g_string_free(out, FALSE);
}

char *
progress_live_text(const char *name, const struct progress_state *state, int width, bool color)
{
	g_autoptr(GString) rest = g_string_new(NULL);
	append_sizes(rest, state->now, state->total);
	/* the bar ends where a total bar would, whose numbers take about 36 columns */
	int bar = MIN(BAR_WIDTH, width - 36) - NAME_WIDTH - 1;
	GString *out = g_string_new(NULL);
	glong length = g_utf8_validate(name, -1, NULL) ? g_utf8_strlen(name, -1) : -1;
	if (length > NAME_WIDTH) {
		const char *end = g_utf8_offset_to_pointer(name, NAME_WIDTH - 1);
		g_string_append_len(out, name, end - name);
		g_string_append(out, "…");
	} else {
		g_string_append(out, length < 0 ? "?" : name);
		for (glong i = length < 0 ? 1 : length; i < NAME_WIDTH; i++)
			g_string_append_c(out, ' ');
	}
	g_string_append_c(out, ' ');
	if (state->total >= 0 && bar >= 8)
		append_bar(out, share_of(state->now, state->total), bar, color);
	else if (bar >= 8)
		g_string_append_printf(out, "%*s", bar + 1, "");
	g_string_append_len(out, rest->str, (gssize)rest->len);
	return g_string_free(out, FALSE);
}

/* --- drawing --- */

static struct transfer *
transfer_of(const Progress *progress, unsigned id)
{
	if (id == 0 || id > progress->transfers->len)
		return NULL;
	return &g_array_index(progress->transfers, struct transfer, id - 1);
}

static struct progress_state
total_state(const Progress *progress, bool finished)
{
	struct progress_state state = {.finished = finished};
	bool known = true;
	for (unsigned id = 1; id <= progress->transfers->len; id++) {
		const struct transfer *transfer = transfer_of(progress, id);
		state.now += transfer->now;
		known = known && transfer->total >= 0;
		state.total += MAX(transfer->total, 0);
	}
	state.total = known ? MAX(state.total, state.now) : -1;
	state.seconds = (double)(g_get_monotonic_time() - progress->started) / 1e6;
	return state;
}

/* Columns and rows to draw in; one column stays free, so that no line wraps. */
static void
screen_size(int *width, int *height)
{
	struct winsize size;
	bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col;
	*width = known ? size.ws_col - 1 : 79;
	*height = known && size.ws_row ? size.ws_row : 24;
}

/* Cuts what is wider than the terminal: a wrapped line could not be erased. Escapes take no room.
 */
static void
clip(char *text, int room)
{
	for (char *at = text; *at; at = g_utf8_next_char(at)) {
		if (*at == '\033') {
			at += strcspn(at, "m");
			if (!*at)
				return;
		} else if (room-- <= 0) {
			*at = 0;
			return;
		}
	}
}

/* Lines whose transfer has ended go to the ones that wait, the oldest first. */
static void
choose_live(Progress *progress)
{
	for (unsigned i = 0; i < LIVE_LINES; i++) {
		unsigned *live = &progress->live[i];
		const struct transfer *transfer = transfer_of(progress, *live);
		if (transfer && !transfer->ended)
			continue;
		*live = 0;
		unsigned at = progress->first_waiting;
		while (at < progress->transfers->len && !*live) {
			transfer = transfer_of(progress, ++at);
			if (!transfer->begun)
				continue;
			for (unsigned j = 0; j < LIVE_LINES; j++)
				if (progress->live[j] == at)
					transfer = NULL;
			if (transfer && !transfer->ended)
				*live = at;
		}
	}
	for (const struct transfer *transfer;
		(transfer = transfer_of(progress, progress->first_waiting + 1)) && transfer->ended;)
		progress->first_waiting++;
}

static void
append_line(const Progress *progress, GString *out, unsigned *lines, char *text, int width)
{
	clip(text, width - INDENT);
	g_string_append_printf(out, "%s%*s%s%s\033[K", *lines ? "\n" : "", INDENT, "", text,
		progress->color ? "\033[0m" : "");
	(*lines)++;
	g_free(text);
}

/* One write, and each line is written over the old one: nothing flickers. */
static void
draw(Progress *progress, bool finished)
{
	int width, height;
	unsigned lines = 0;
	g_autoptr(GString) out = g_string_new(NULL);
	screen_size(&width, &height);
	go_back(progress, out);
	choose_live(progress);
	for (unsigned i = 0; i < LIVE_LINES && !progress->counting && !finished; i++) {
		const struct transfer *transfer = transfer_of(progress, progress->live[i]);
		if (!transfer || (int)lines + 2 > height)
			continue;
		struct progress_state state = {.now = transfer->now, .total = transfer->total};
		append_line(progress, out, &lines,
			progress_live_text(transfer->name, &state, width - INDENT, progress->color),
			width);
	}
	struct progress_state total = total_state(progress, finished);
	append_line(progress, out, &lines,
		progress->counting ? g_strdup(progress->counter)
				   : progress_total_text(&total, width - INDENT, progress->color),
		width);
	if (lines < progress->visible)
		g_string_append(out, finished ? "\n\033[J" : "\033[J");
	else if (finished)
		g_string_append_c(out, '\n');
	fputs(out->str, stderr);
	fflush(stderr);
	progress->visible = finished ? 0 : lines;
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
	erase(progress);
	g_array_set_size(progress->transfers, 0);
	memset(progress->live, 0, sizeof progress->live);
	progress->first_waiting = 0;
	progress->started = g_get_monotonic_time();
	progress->drawn = 0;
	progress->counting = counting;
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
progress_add(Progress *progress, const char *name, int64_t total)
{
	struct transfer transfer = {.total = total};
	if (progress->shape == SHAPE_OFF || progress->transfers->len >= MAX_TRANSFERS)
		return G_MAXUINT;
	if (progress->counting || !progress->transfers->len)
		restart(progress, false);
	write_raw(progress, &transfer, true);
	transfer.name = g_strdup(name ? name : "");
	g_array_append_val(progress->transfers, transfer);
	return progress->transfers->len;
}

void
progress_update(Progress *progress, unsigned id, int64_t now, int64_t total)
{
	struct transfer *transfer = transfer_of(progress, id);
	if (!transfer)
		return;
	bool reached = now == total && transfer->now != now;
	transfer->now = now;
	transfer->total = total >= 0 ? total : transfer->total;
	transfer->begun = true;
	write_raw(progress, transfer, reached);
	draw_if_due(progress);
}

void
progress_end(Progress *progress, unsigned id)
{
	struct transfer *transfer = transfer_of(progress, id);
	if (!transfer)
		return;
	/* the last update may have been left out */
	if (transfer->total < 0)
		transfer->total = transfer->now;
	else if (transfer->begun)
		transfer->now = transfer->total;
	transfer->ended = true;
	draw_if_due(progress);
}

bool
progress_idle(const Progress *progress)
{
	for (unsigned id = progress->first_waiting + 1; id <= progress->transfers->len; id++)
		if (!transfer_of(progress, id)->ended)
			return false;
	return true;
}

void
progress_finish(Progress *progress)
{
	bool short_lived = g_get_monotonic_time() - progress->started < REDRAW_US;
	if (progress->shape == SHAPE_BAR && !progress->counting && progress->transfers->len &&
		!short_lived)
		draw(progress, true);
	restart(progress, false);
}

void
progress_count(
	Progress *progress, const char *what, unsigned done, unsigned total, const char *name)
{
	if (progress->shape != SHAPE_BAR)
		return;
	if (!progress->counting) {
		progress_finish(progress);
		restart(progress, true);
	}
	gint64 now = g_get_monotonic_time();
	if (now - progress->started < REDRAW_US || now - progress->drawn < REDRAW_US)
		return;
	GString *text = g_string_new(NULL);
	g_string_append_printf(text, "%s ", what);
	if (total)
		append_bar(text, (double)done / total, BAR_WIDTH, progress->color);
	g_string_append_printf(text, total ? "%u/%u" : "%u", done, total);
	if (name)
		g_string_append_printf(text, " [%s]", name);
	g_free(progress->counter);
	progress->counter = g_string_free(text, FALSE);
	draw_if_due(progress);
}
