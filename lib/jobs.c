/* SPDX-License-Identifier: MIT */
#include "lib/jobs.h"

#include <pthread.h>
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
	pthread_t workers[MAX_THREADS];
	/* GMutex would do, but ThreadSanitizer does not see into GLib. */
	pthread_mutex_t lock; /* guards the queues, idle and stopping */
	pthread_cond_t more;
	GQueue waiting, finished; /* of struct job * */
	bool stopping;
};

static void *
work(void *data)
{
	Jobs *jobs = data;
	pthread_mutex_lock(&jobs->lock);
	while (!jobs->stopping) {
		struct job *job = g_queue_pop_head(&jobs->waiting);
		if (!job) {
			jobs->idle++;
			pthread_cond_wait(&jobs->more, &jobs->lock);
			jobs->idle--;
			continue;
		}
		pthread_mutex_unlock(&jobs->lock);
		job->run(job->input);
		pthread_mutex_lock(&jobs->lock);
		g_queue_push_tail(&jobs->finished, job);
		loop_wake(jobs->loop);
	}
	pthread_mutex_unlock(&jobs->lock);
	return NULL;
}

static void
run_waiting(Jobs *jobs)
{
	for (struct job *job; (job = g_queue_pop_head(&jobs->waiting));) {
		job->run(job->input);
		g_queue_push_tail(&jobs->finished, job);
	}
	loop_soon(jobs->loop);
}

static int
drain(void *user)
{
	Jobs *jobs = user;
	for (int wait = -1;; wait = 0) {
		pthread_mutex_lock(&jobs->lock);
		struct job *job = g_queue_pop_head(&jobs->finished);
		pthread_mutex_unlock(&jobs->lock);
		if (!job)
			return wait;
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
	pthread_mutex_init(&jobs->lock, NULL);
	pthread_cond_init(&jobs->more, NULL);
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
	pthread_mutex_lock(&jobs->lock);
	jobs->stopping = true;
	pthread_cond_broadcast(&jobs->more);
	pthread_mutex_unlock(&jobs->lock);
	for (unsigned i = 0; i < jobs->started; i++)
		pthread_join(jobs->workers[i], NULL);
	drain(jobs);
	struct job *job;
	while ((job = g_queue_pop_head(&jobs->waiting))) {
		job->done(job->input, true);
		g_free(job);
	}
	loop_remove_source(jobs->loop, drain, jobs);
	pthread_mutex_destroy(&jobs->lock);
	pthread_cond_destroy(&jobs->more);
	g_free(jobs);
}

void
jobs_add(Jobs *jobs, job_run_fn run, job_done_fn done, void *input)
{
	struct job *job = g_new(struct job, 1);
	*job = (struct job){run, done, input};
	jobs->pending++;
	pthread_mutex_lock(&jobs->lock);
	g_queue_push_tail(&jobs->waiting, job);
	bool start = !jobs->stopping && jobs->idle < g_queue_get_length(&jobs->waiting) &&
		     jobs->started < jobs->threads;
	pthread_cond_signal(&jobs->more);
	pthread_mutex_unlock(&jobs->lock);
	if (start && pthread_create(&jobs->workers[jobs->started], NULL, work, jobs) == 0)
		jobs->started++;
	/* With no thread at all the work is done here. */
	if (jobs->started == 0 && !jobs->stopping)
		run_waiting(jobs);
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
