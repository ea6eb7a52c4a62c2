// SPDX-License-Identifier: BSD-3-Clause
/*
 * A worker thread; see worker.h.
 *
 * One mutex guards the queue, the states and the list of finished jobs; it is held for list
 * operations only. Finished jobs travel to the loop through one post, so that a burst of them costs
 * one wake-up.
 *
 * A job that waits for its time, as one does for each frame, sleeps on the word that tells it to
 * stop and not on a condition: that is one system call a wait, where a timed wait for a condition
 * takes the mutex as if others waited for it, and so makes its unlocking a second one.
 */
#include "base/worker.h"

#include <assert.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/thread.h"

enum job_state { JOB_IDLE, JOB_QUEUED, JOB_RUNNING, JOB_FINISHED };

struct vmedia_worker {
	struct vmedia_loop *loop;
	struct vmedia_post post;	/* "finished is not empty" */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;		/* to the worker: a job, or stop */
	/* to vmedia_worker_drain(): nothing queued, nothing running */
	pthread_cond_t calm;
	/* under lock */
	struct vmedia_list queue;
	struct vmedia_list finished;
	struct vmedia_job *running;
	bool quit;
	/* atomic, a futex: the running one shall stop; written under lock */
	uint32_t stop;
	char name[16];
};

/* Under lock. */
static void stop_running(struct vmedia_worker *w)
{
	__atomic_store_n(&w->stop, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &w->stop, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void finish(struct vmedia_worker *w, struct vmedia_job *job)
{
	job->state = JOB_FINISHED;
	job->err = 0;
	vmedia_list_add_tail(&w->finished, &job->node);
	w->running = NULL;
	if (vmedia_list_empty(&w->queue))
		pthread_cond_broadcast(&w->calm);
}

static void *worker_main(void *arg)
{
	struct vmedia_worker *w = arg;
	struct vmedia_list *node;

	vmedia_thread_name(w->name);
	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->quit && vmedia_list_empty(&w->queue))
			pthread_cond_wait(&w->wake, &w->lock);
		if (w->quit)
			break;
		node = vmedia_list_pop(&w->queue);
		w->running = vmedia_list_entry(node, struct vmedia_job, node);
		w->running->state = JOB_RUNNING;
		__atomic_store_n(&w->stop, 0, __ATOMIC_RELAXED);
		pthread_mutex_unlock(&w->lock);

		w->running->run(w, w->running);

		pthread_mutex_lock(&w->lock);
		finish(w, w->running);
		pthread_mutex_unlock(&w->lock);
		vmedia_loop_post(w->loop, &w->post);
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/*
 * Call done() of what finished. A done() may submit, cancel, and free its job; not destroy the
 * worker.
 */
static void call_done(struct vmedia_worker *w)
{
	struct vmedia_list *node;

	for (;;) {
		struct vmedia_job *job;
		int err;

		pthread_mutex_lock(&w->lock);
		node = vmedia_list_pop(&w->finished);
		job = node ? vmedia_list_entry(node, struct vmedia_job, node) : NULL;
		if (job)
			job->state = JOB_IDLE;
		pthread_mutex_unlock(&w->lock);
		if (!job)
			return;
		err = job->err;
		if (job->done)
			job->done(job, err);
	}
}

static void on_post(struct vmedia_post *p)
{
	call_done(vmedia_container_of(p, struct vmedia_worker, post));
}

int vmedia_worker_create(struct vmedia_loop *loop, const char *name, struct vmedia_worker **out)
{
	struct vmedia_worker *w = calloc(1, sizeof(*w));
	int ret;

	if (!w)
		return -ENOMEM;
	w->loop = loop;
	snprintf(w->name, sizeof(w->name), "%s", name);
	vmedia_post_init(&w->post, on_post);
	vmedia_list_init(&w->queue);
	vmedia_list_init(&w->finished);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	pthread_cond_init(&w->calm, NULL);
	ret = vmedia_thread_start(&w->thread, 0, worker_main, w);
	if (ret) {
		pthread_cond_destroy(&w->calm);
		pthread_cond_destroy(&w->wake);
		pthread_mutex_destroy(&w->lock);
		free(w);
		return ret;
	}
	*out = w;
	return 0;
}

void vmedia_worker_destroy(struct vmedia_worker *w)
{
	struct vmedia_list *node;

	if (!w)
		return;
	vmedia_loop_assert(w->loop);
	pthread_mutex_lock(&w->lock);
	w->quit = true;
	stop_running(w);
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	vmedia_loop_unpost(w->loop, &w->post);
	call_done(w);
	/* A done() may have submitted more; none of it will run. */
	while ((node = vmedia_list_pop(&w->queue))) {
		struct vmedia_job *job = vmedia_list_entry(node, struct vmedia_job, node);

		job->state = JOB_IDLE;
		if (job->done)
			job->done(job, -ECANCELED);
	}
	pthread_cond_destroy(&w->calm);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

void vmedia_worker_init_job(struct vmedia_job *job,
			    void (*run)(struct vmedia_worker *w, struct vmedia_job *job),
			    void (*done)(struct vmedia_job *job, int err))
{
	job->run = run;
	job->done = done;
	job->state = JOB_IDLE;
	job->err = 0;
	vmedia_list_init(&job->node);
}

int vmedia_worker_submit(struct vmedia_worker *w, struct vmedia_job *job)
{
	int ret = 0;

	vmedia_loop_assert(w->loop);
	pthread_mutex_lock(&w->lock);
	if (w->quit) {
		ret = -ESHUTDOWN;
	} else if (job->state != JOB_IDLE) {
		ret = -EBUSY;
	} else {
		job->state = JOB_QUEUED;
		vmedia_list_add_tail(&w->queue, &job->node);
		if (!w->running)
			pthread_cond_broadcast(&w->wake);
	}
	pthread_mutex_unlock(&w->lock);
	return ret;
}

int vmedia_worker_cancel(struct vmedia_worker *w, struct vmedia_job *job)
{
	int ret = -ENOENT;

	vmedia_loop_assert(w->loop);
	pthread_mutex_lock(&w->lock);
	switch (job->state) {
	case JOB_QUEUED:
		vmedia_list_del(&job->node);
		job->state = JOB_IDLE;
		ret = 0;
		break;
	case JOB_RUNNING:
		stop_running(w);
		ret = -EINPROGRESS;
		break;
	case JOB_FINISHED:
		ret = -EALREADY;
		break;
	}
	pthread_mutex_unlock(&w->lock);
	return ret;
}

void vmedia_worker_drain(struct vmedia_worker *w)
{
	vmedia_loop_assert(w->loop);
	pthread_mutex_lock(&w->lock);
	while (w->running || !vmedia_list_empty(&w->queue))
		pthread_cond_wait(&w->calm, &w->lock);
	pthread_mutex_unlock(&w->lock);
	call_done(w);
}

bool vmedia_worker_stopping(struct vmedia_worker *w)
{
	return __atomic_load_n(&w->stop, __ATOMIC_ACQUIRE);
}

/* Sleep while *word is 0. 0, or why it ended: -EAGAIN, -EINTR, -ETIMEDOUT. */
static int wait_word(uint32_t *word, uint64_t deadline_ns)
{
#ifdef SYS_futex_time64			/* 32-bit machines: their SYS_futex ends in 2038 */
	const long nr = SYS_futex_time64;
	struct {
		int64_t tv_sec, tv_nsec;
	} ts;
#else
	const long nr = SYS_futex;
	struct timespec ts;
#endif

	ts.tv_sec = (int64_t)(deadline_ns / 1000000000u);
	ts.tv_nsec = (long)(deadline_ns % 1000000000u);
	/* Of the kinds of waiting, the one whose time is absolute, of CLOCK_MONOTONIC. */
	return syscall(nr, word, FUTEX_WAIT_BITSET_PRIVATE, 0, &ts, NULL,
		       FUTEX_BITSET_MATCH_ANY) ? -errno : 0;
}

int vmedia_worker_wait_until(struct vmedia_worker *w, uint64_t deadline_ns)
{
	int ret = 0;

	while (!vmedia_worker_stopping(w) && (ret == 0 || ret == -EAGAIN || ret == -EINTR))
		ret = wait_word(&w->stop, deadline_ns);
	return vmedia_worker_stopping(w) ? -ECANCELED : 0;
}
