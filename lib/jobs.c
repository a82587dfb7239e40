/* SPDX-License-Identifier: MIT */
#include "lib/jobs.h"

#include <unistd.h>

enum { MAX_THREADS = 64 };

struct job {
	job_run_fn run;
	job_done_fn done;
	void *input;
};

struct Jobs {
	Loop *loop;
	unsigned threads, started, pending, idle;
	GThread *workers[MAX_THREADS];
	GMutex lock; /* guards the queues, idle and stopping */
	GCond more;
	GQueue waiting, finished; /* of struct job * */
	bool stopping;
};

static gpointer
work(gpointer data)
{
	Jobs *jobs = data;
	g_mutex_lock(&jobs->lock);
	while (!jobs->stopping) {
		struct job *job = g_queue_pop_head(&jobs->waiting);
		if (!job) {
			jobs->idle++;
			g_cond_wait(&jobs->more, &jobs->lock);
			jobs->idle--;
			continue;
		}
		g_mutex_unlock(&jobs->lock);
		job->run(job->input);
		g_mutex_lock(&jobs->lock);
		g_queue_push_tail(&jobs->finished, job);
		loop_wake(jobs->loop);
	}
	g_mutex_unlock(&jobs->lock);
	return NULL;
}

static int
drain(void *user)
{
	Jobs *jobs = user;
	for (;;) {
		g_mutex_lock(&jobs->lock);
		struct job *job = g_queue_pop_head(&jobs->finished);
		g_mutex_unlock(&jobs->lock);
		if (!job)
			return -1;
		jobs->pending--;
		job->done(job->input, false);
		g_free(job);
	}
}

Jobs *
jobs_new(Loop *loop, unsigned threads)
{
	Jobs *jobs = g_new0(Jobs, 1);
	jobs->loop = loop;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	jobs->threads = CLAMP(threads ? threads : (unsigned)MAX(cores, 1), 1, MAX_THREADS);
	g_mutex_init(&jobs->lock);
	g_cond_init(&jobs->more);
	g_queue_init(&jobs->waiting);
	g_queue_init(&jobs->finished);
	loop_add_source(loop, drain, jobs);
	return jobs;
}

void
jobs_free(Jobs *jobs)
{
	if (!jobs)
		return;
	g_mutex_lock(&jobs->lock);
	jobs->stopping = true;
	g_cond_broadcast(&jobs->more);
	g_mutex_unlock(&jobs->lock);
	for (unsigned i = 0; i < jobs->started; i++)
		g_thread_join(jobs->workers[i]);
	drain(jobs);
	struct job *job;
	while ((job = g_queue_pop_head(&jobs->waiting))) {
		job->done(job->input, true);
		g_free(job);
	}
	loop_remove_source(jobs->loop, drain, jobs);
	g_mutex_clear(&jobs->lock);
	g_cond_clear(&jobs->more);
	g_free(jobs);
}

void
jobs_add(Jobs *jobs, job_run_fn run, job_done_fn done, void *input)
{
	struct job *job = g_new(struct job, 1);
	*job = (struct job){run, done, input};
	jobs->pending++;
	g_mutex_lock(&jobs->lock);
	g_queue_push_tail(&jobs->waiting, job);
	bool start = !jobs->stopping && jobs->idle < g_queue_get_length(&jobs->waiting) &&
		     jobs->started < jobs->threads;
	g_cond_signal(&jobs->more);
	g_mutex_unlock(&jobs->lock);
	if (start)
		jobs->workers[jobs->started++] = g_thread_new("xpip-job", work, jobs);
}

unsigned
jobs_pending(const Jobs *jobs)
{
	return jobs->pending;
}

unsigned
jobs_threads(const Jobs *jobs)
{
	return jobs->threads;
}
