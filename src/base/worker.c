// SPDX-License-Identifier: BSD-3-Clause
/*
 * Workers: the order of their jobs, cancelling and waiting. See <vmedia/worker.h>. The threads are
 * in worker_pool.c.
 *
 * A job that waits for its time sleeps on its `stop` word and not on a condition variable. A frame
 * source does so for each frame. This takes one system call. A timed wait for a condition variable
 * takes two: it leaves the mutex marked as contended, so that unlocking it is a system call too.
 *
 * System calls, serving: futex futex_time64
 */
#include <assert.h>
#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/loop_impl.h"
#include "base/worker_impl.h"

/* ---- On the loop ---- */

int vmedia_worker_create(struct vmedia_loop *loop, struct vmedia_worker **out)
{
	struct vmedia_worker *w = calloc(1, sizeof(*w));

	vmedia_loop_assert(loop);
	if (!w)
		return -ENOMEM;
	w->pool = vmedia_pool_get(loop);
	if (!w->pool) {
		free(w);
		return -ENOMEM;
	}
	vmedia_list_init(&w->ready);
	vmedia_list_init(&w->queue);
	*out = w;
	return 0;
}

/* Under lock: ask the job in run() to stop. */
static void stop_job(struct vmedia_worker *w)
{
	__atomic_store_n(&w->stop, 1, __ATOMIC_RELEASE);
	if (w->job->state == JOB_WAITING)
		syscall(SYS_futex, &w->stop, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void vmedia_worker_destroy(struct vmedia_worker *w)
{
	struct vmedia_list *node;
	struct vmedia_pool *pool;

	if (!w)
		return;
	pool = w->pool;
	vmedia_loop_assert(pool->loop);
	pthread_mutex_lock(&pool->lock);
	w->quit = true;
	vmedia_list_del(&w->ready);
	if (w->job)
		stop_job(w);
	while (w->job)
		pthread_cond_wait(&pool->calm, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
	vmedia_pool_tell(pool, w);
	while ((node = vmedia_list_pop(&w->queue))) {
		struct vmedia_job *job = vmedia_list_entry(node, struct vmedia_job, node);

		job->state = JOB_IDLE;
		if (job->done)
			job->done(job, -ECANCELED);
	}
	free(w);
	vmedia_pool_put(pool);
}

void vmedia_worker_init_job(struct vmedia_job *job,
			    void (*run)(struct vmedia_worker *w, struct vmedia_job *job),
			    void (*done)(struct vmedia_job *job, int err))
{
	job->run = run;
	job->done = done;
	job->worker = NULL;
	job->state = JOB_IDLE;
	vmedia_list_init(&job->node);
}

/* Call the threads once for all jobs of this round. Outside of a round, call them at once. */
static void kick(struct vmedia_pool *pool)
{
	if (pool->loop->in_round)
		vmedia_defer(&pool->kick);
	else
		pool->kick.fn(&pool->kick);
}

int vmedia_worker_submit(struct vmedia_worker *w, struct vmedia_job *job)
{
	struct vmedia_pool *pool = w->pool;
	bool ready = false;
	int err;

	vmedia_loop_assert(pool->loop);
	pthread_mutex_lock(&pool->lock);
	if (w->quit)
		err = -ESHUTDOWN;
	else if (job->state != JOB_IDLE)
		err = -EBUSY;
	else
		err = vmedia_pool_ensure_thread(pool);
	if (!err) {
		job->state = JOB_QUEUED;
		job->worker = w;
		vmedia_list_add_tail(&w->queue, &job->node);
		ready = !w->job && !vmedia_list_linked(&w->ready);
		if (ready)
			vmedia_list_add_tail(&pool->ready, &w->ready);
	}
	pthread_mutex_unlock(&pool->lock);
	if (ready)
		kick(pool);
	return err;
}

int vmedia_worker_cancel(struct vmedia_worker *w, struct vmedia_job *job)
{
	struct vmedia_pool *pool = w->pool;
	int ret = -ENOENT;

	vmedia_loop_assert(pool->loop);
	pthread_mutex_lock(&pool->lock);
	switch (job->state) {
	case JOB_QUEUED:
		vmedia_list_del(&job->node);
		if (vmedia_list_empty(&w->queue))
			vmedia_list_del(&w->ready);
		job->state = JOB_IDLE;
		ret = 0;
		break;
	case JOB_RUNNING:
	case JOB_WAITING:
		stop_job(w);
		ret = job->state == JOB_WAITING ? -ECANCELED : -EINPROGRESS;
		break;
	case JOB_FINISHED:
		ret = -EALREADY;
		break;
	}
	pthread_mutex_unlock(&pool->lock);
	return ret;
}

/* Under lock: true if run() may still write. A waiting job goes on, unless it was cancelled. */
static bool may_write(const struct vmedia_worker *w, const struct vmedia_job *job)
{
	return job->state == JOB_RUNNING || (job->state == JOB_WAITING && !w->stop);
}

int vmedia_worker_wait(struct vmedia_worker *w, struct vmedia_job *job, uint64_t until)
{
	struct timespec ts = { .tv_sec = (time_t)(until / 1000000000u),
			       .tv_nsec = (long)(until % 1000000000u) };
	struct vmedia_pool *pool = w->pool;
	bool writes;

	vmedia_loop_assert(pool->loop);
	pthread_mutex_lock(&pool->lock);
	while ((writes = may_write(w, job)) && vmedia_now_ns() < until)
		pthread_cond_timedwait(&pool->calm, &pool->lock, &ts);
	pthread_mutex_unlock(&pool->lock);
	return writes ? -ETIMEDOUT : 0;
}

void vmedia_worker_drain(struct vmedia_worker *w)
{
	struct vmedia_pool *pool = w->pool;

	vmedia_loop_assert(pool->loop);
	pool->kick.fn(&pool->kick);
	pthread_mutex_lock(&pool->lock);
	while (w->job || !vmedia_list_empty(&w->queue))
		pthread_cond_wait(&pool->calm, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
	vmedia_pool_tell(pool, w);
}

/* ---- In run() ---- */

bool vmedia_worker_stopping(struct vmedia_worker *w)
{
	return __atomic_load_n(&w->stop, __ATOMIC_ACQUIRE);
}

bool vmedia_worker_others_wait(struct vmedia_worker *w)
{
	struct vmedia_pool *pool = w->pool;
	bool wait;

	pthread_mutex_lock(&pool->lock);
	wait = !vmedia_list_empty(&pool->ready);
	pthread_mutex_unlock(&pool->lock);
	return wait;
}

int vmedia_worker_wait_begin(struct vmedia_worker *w)
{
	struct vmedia_pool *pool = w->pool;
	unsigned int n;

	pthread_mutex_lock(&pool->lock);
	assert(w->job->state == JOB_RUNNING || w->stop);
	if (w->stop) {
		pthread_mutex_unlock(&pool->lock);
		return -ECANCELED;
	}
	w->job->state = JOB_WAITING;
	pool->running--;
	n = vmedia_pool_call(pool);
	pthread_mutex_unlock(&pool->lock);
	vmedia_pool_wake(pool, n);
	return 0;
}

int vmedia_worker_wait_end(struct vmedia_worker *w)
{
	struct vmedia_pool *pool = w->pool;
	int ret = -ECANCELED;

	pthread_mutex_lock(&pool->lock);
	/* A stopped job stays WAITING, which means that it writes nothing until it ends. */
	if (!w->stop) {
		w->job->state = JOB_RUNNING;
		pool->running++;
		ret = 0;
	}
	pthread_mutex_unlock(&pool->lock);
	return ret;
}

/* Sleep while *word is 0. Returns 0, -EAGAIN, -EINTR or -ETIMEDOUT. */
static int wait_word(uint32_t *word, uint64_t deadline_ns)
{
#ifdef SYS_futex_time64			/* 32-bit machines: the time of SYS_futex ends in 2038 */
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
	/* FUTEX_WAIT_BITSET takes an absolute time of CLOCK_MONOTONIC. */
	return syscall(nr, word, FUTEX_WAIT_BITSET_PRIVATE, 0, &ts, NULL,
		       FUTEX_BITSET_MATCH_ANY) ? -errno : 0;
}

int vmedia_worker_wait_until(struct vmedia_worker *w, uint64_t deadline_ns)
{
	int ret = 0;

	if (vmedia_worker_stopping(w))
		return -ECANCELED;
	if (vmedia_now_ns() >= deadline_ns)
		return 0;
	if (vmedia_worker_wait_begin(w))
		return -ECANCELED;
	while (!vmedia_worker_stopping(w) && (ret == 0 || ret == -EAGAIN || ret == -EINTR))
		ret = wait_word(&w->stop, deadline_ns);
	return vmedia_worker_wait_end(w);
}
