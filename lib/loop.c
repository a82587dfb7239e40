/* SPDX-License-Identifier: MIT */
#include "lib/loop.h"
#include "lib/error.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct source {
	loop_drain_fn drain;
	void *user;
};

struct Loop {
	int wake_fd, signal_fd;
	sigset_t previous_mask;
	bool interrupted;
	int64_t due_us;	 /* when a source wants to be drained; INT64_MAX: after a wake-up only */
	GArray *sources; /* of struct source */
	loop_wait_fn wait;
	void *wait_user;
	int watch_fd;
};

Loop *
loop_new(GError **error)
{
	/* GLib makes the lock of its error domains at first use, where ThreadSanitizer does not see
	 * how: better before there are threads. */
	g_autoptr(GError) first = NULL;
	error_set(&first, ERROR_IO, "none");
	Loop *loop = g_new0(Loop, 1);
	loop->sources = g_array_new(FALSE, FALSE, sizeof(struct source));
	loop->watch_fd = -1;
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, &loop->previous_mask);
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	loop->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (loop->wake_fd >= 0 && loop->signal_fd >= 0)
		return loop;
	error_set_errno(error, errno, "making the event loop");
	loop_free(loop);
	return NULL;
}

void
loop_free(Loop *loop)
{
	if (!loop)
		return;
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	if (loop->signal_fd >= 0)
		close(loop->signal_fd);
	pthread_sigmask(SIG_SETMASK, &loop->previous_mask, NULL);
	g_array_unref(loop->sources);
	g_free(loop);
}

void
loop_restore_signals(void *loop)
{
	if (loop)
		pthread_sigmask(SIG_SETMASK, &((Loop *)loop)->previous_mask, NULL);
}

void
loop_wake(Loop *loop)
{
	uint64_t one = 1;
	/* A full counter wakes just as well. */
	ssize_t ignored = write(loop->wake_fd, &one, sizeof one);
	(void)ignored;
}

/* Runs every source once and notes when the first of them wants to be run again. */
static void
drain_sources(Loop *loop)
{
	loop->due_us = INT64_MAX;
	for (guint i = 0; i < loop->sources->len; i++) {
		struct source source = g_array_index(loop->sources, struct source, i);
		int wants = source.drain(source.user);
		int64_t due =
			wants < 0 ? INT64_MAX : g_get_monotonic_time() + (int64_t)wants * 1000;
		loop->due_us = MIN(loop->due_us, due);
	}
}

void
loop_soon(Loop *loop)
{
	loop->due_us = 0;
}

static void
read_signals(Loop *loop)
{
	struct signalfd_siginfo info;
	while (read(loop->signal_fd, &info, sizeof info) == sizeof info)
		loop->interrupted = true;
}

/* Sources are drained after the wait only: what a turn brought about is seen by the caller before
 * it waits again. */
bool
loop_turn(Loop *loop, int timeout_ms, GError **error)
{
	if (loop->due_us != INT64_MAX) {
		int64_t left = (loop->due_us - g_get_monotonic_time() + 999) / 1000;
		left = CLAMP(left, 0, INT_MAX);
		timeout_ms = timeout_ms < 0 || left < timeout_ms ? (int)left : timeout_ms;
	}
	struct pollfd extra[] = {{.fd = loop->wake_fd, .events = POLLIN},
		{.fd = loop->signal_fd, .events = POLLIN},
		{.fd = loop->watch_fd, .events = POLLIN}};
	unsigned watched = loop->watch_fd >= 0 ? 3 : 2;
	int ready = loop->wait ? loop->wait(loop->wait_user, extra, watched, timeout_ms)
			       : poll(extra, watched, timeout_ms);
	uint64_t count;
	if (ready > 0 && (extra[0].revents & POLLIN)) {
		ssize_t ignored = read(loop->wake_fd, &count, sizeof count);
		(void)ignored;
	}
	if (ready > 0 && (extra[1].revents & POLLIN))
		read_signals(loop);
	drain_sources(loop); /* also when interrupted: whoever tidies up waits for its jobs */
	if (loop->interrupted)
		return error_set(error, ERROR_INTERRUPTED, "Operation cancelled by user");
	return true;
}

bool
loop_interrupted(Loop *loop)
{
	read_signals(loop);
	return loop->interrupted;
}

void
loop_add_source(Loop *loop, loop_drain_fn drain, void *user)
{
	struct source source = {drain, user};
	loop_soon(loop);
	g_array_append_val(loop->sources, source);
}

void
loop_remove_source(Loop *loop, loop_drain_fn drain, void *user)
{
	for (guint i = 0; i < loop->sources->len; i++) {
		struct source *source = &g_array_index(loop->sources, struct source, i);
		if (source->drain == drain && source->user == user) {
			g_array_remove_index(loop->sources, i);
			return;
		}
	}
}

void
loop_set_watch(Loop *loop, int fd)
{
	loop->watch_fd = fd;
}

void
loop_set_wait(Loop *loop, loop_wait_fn wait, void *user)
{
	loop->wait = wait;
	loop->wait_user = user;
}
