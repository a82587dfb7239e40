/* SPDX-License-Identifier: MIT */
/* The one loop: waits for transfers, finished jobs, signals and wake-ups, on the main thread. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Loop Loop;

/* Makes the loop with an eventfd and a signalfd (SIGINT, SIGTERM, SIGHUP become data). libcurl is
 * not loaded here: a loop without transfers sits in poll(2), with transfers in curl_multi_poll. */
Loop *loop_new(GError **error);
void loop_free(Loop *loop);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Loop, loop_free)

/* The only call allowed from other threads: makes a waiting loop_turn return. */
void loop_wake(Loop *loop);

/* Waits at most timeout_ms (-1: until something happens), then runs what is due. Returns false
 * with ERROR_INTERRUPTED after SIGINT/SIGTERM. */
bool loop_turn(Loop *loop, int timeout_ms, GError **error);

/* For subprocesses: gives the child the signal mask that was there before loop_new. A
 * GSpawnChildSetupFunc; `loop` may be NULL. */
void loop_restore_signals(void *loop);

/* true once a signal asked to stop; stays true. Asks the kernel: for long work without turns. */
bool loop_interrupted(Loop *loop);

/* A source is drained on each turn: returns the time in ms until it wants to be called again (-1:
 * only after a wake-up; 0 too when something was finished, for which the caller may be waiting).
 * Sources are http.c, jobs.c, progress.c; `user` is borrowed. */
typedef int (*loop_drain_fn)(void *user);
/* A source has something to do now: the next turn does not wait. Main thread only. */
void loop_soon(Loop *loop);
void loop_add_source(Loop *loop, loop_drain_fn drain, void *user);
void loop_remove_source(Loop *loop, loop_drain_fn drain, void *user);

/* One more descriptor (a subprocess's output) that makes a waiting loop_turn return once it can be
 * read; -1 for none. */
void loop_set_watch(Loop *loop, int fd);

/* http.c hands its multi handle's wait function in while transfers run: same contract as poll(2)
 * on `extra` plus its own sockets. NULL goes back to poll(2). */
struct pollfd;
typedef int (*loop_wait_fn)(void *user, struct pollfd *extra, unsigned count, int timeout_ms);
void loop_set_wait(Loop *loop, loop_wait_fn wait, void *user);
