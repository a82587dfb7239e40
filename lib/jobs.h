/* SPDX-License-Identifier: MIT */
/* A pthread pool for hashing, unpacking and linking; results come back on the main thread. */
#pragma once
#include "lib/loop.h"

typedef struct Jobs Jobs;

/* threads = 0: one a core. Threads are started at the first job. Returned jobs run their `done`
 * in loop_turn of `loop`. */
Jobs *jobs_new(Loop *loop, unsigned threads);
void jobs_free(Jobs *jobs); /* waits for running jobs, drops queued ones (their `done` is called
			       with cancelled=true) */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Jobs, jobs_free)

/* `run` is called on a worker thread with `input`; it owns what it needs, shares nothing, never
 * logs. `done` is called on the main thread with the same input. Neither may be NULL. */
typedef void (*job_run_fn)(void *input);
typedef void (*job_done_fn)(void *input, bool cancelled);
void jobs_add(Jobs *jobs, job_run_fn run, job_done_fn done, void *input);

/* Number of jobs queued or running, and of worker threads. */
unsigned jobs_pending(const Jobs *jobs);
unsigned jobs_threads(const Jobs *jobs);
