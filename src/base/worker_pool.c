// SPDX-License-Identifier: BSD-3-Clause
/*
 * The threads that all workers of a loop share. See <vmedia/worker.h>.
 *
 * One mutex guards queues, states and counts. It is held for list operations only, so it is of the
 * adaptive kind, which spins before it sleeps. A thread takes it once a job: it ends a job and
 * begins the next one under the same lock, and notifies the loop afterwards.
 *
 * A thread is woken only if a worker is ready and fewer than `max` jobs run. The loop does so at
 * the end of a round that submitted jobs, and a thread does so when its job begins to wait. A
 * thread that ended a job takes the next one itself.
 *
 * System calls, serving: sched_getaffinity
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/loop_impl.h"
#include "base/thread.h"
#include "base/worker_impl.h"

struct pool_thread {
	struct vmedia_list node;	/* pool->threads or pool->ended */
	struct vmedia_pool *pool;
	pthread_t id;
};

/* ---- In a thread ---- */

/* Under lock: begin the job of the worker that has been ready for the longest time. */
static struct vmedia_worker *begin_next(struct vmedia_pool *pool)
{
	struct vmedia_worker *w;
	struct vmedia_list *node;

	if (pool->running >= pool->max)
		return NULL;
	node = vmedia_list_pop(&pool->ready);
	if (!node)
		return NULL;
	w = vmedia_list_entry(node, struct vmedia_worker, ready);
	w->job = vmedia_list_entry(vmedia_list_pop(&w->queue), struct vmedia_job, node);
	w->job->state = JOB_RUNNING;
	__atomic_store_n(&w->stop, 0, __ATOMIC_RELAXED);
	pool->running++;
	return w;
}

/* Under lock. */
static void finish(struct vmedia_pool *pool, struct vmedia_worker *w)
{
	/* A job that was stopped while it waited no longer counts as running. */
	if (w->job->state == JOB_RUNNING)
		pool->running--;
	w->job->state = JOB_FINISHED;
	vmedia_list_add_tail(&pool->finished, &w->job->node);
	w->job = NULL;
	if (!w->quit && !vmedia_list_empty(&w->queue))
		vmedia_list_add_tail(&pool->ready, &w->ready);
	pthread_cond_signal(&pool->calm);
}

/*
 * Wait for a worker whose job this thread is to run. Returns NULL if the thread is to end. Called
 * under lock, and drops the lock while it waits. *untold: the loop was not yet notified of the end
 * of this thread's last job.
 */
static struct vmedia_worker *next_worker(struct vmedia_pool *pool, bool *untold)
{
	struct vmedia_worker *w;

	while (!pool->quit) {
		w = begin_next(pool);
		if (w)
			return w;
		if (*untold) {
			*untold = false;
			pool->coming++;
			pthread_mutex_unlock(&pool->lock);
			vmedia_loop_post(pool->loop, &pool->post);
			pthread_mutex_lock(&pool->lock);
			pool->coming--;
			continue;
		}
		if (pool->idle >= pool->max)
			return NULL;
		pool->idle++;
		pthread_cond_wait(&pool->work, &pool->lock);
		pool->idle--;
	}
	return NULL;
}

static void *thread_main(void *arg)
{
	struct pool_thread *t = arg;
	struct vmedia_pool *pool = t->pool;
	struct vmedia_worker *w;
	bool untold = false;

	vmedia_thread_name("vmedia-worker");
	pthread_mutex_lock(&pool->lock);
	pool->coming--;
	while ((w = next_worker(pool, &untold))) {
		pthread_mutex_unlock(&pool->lock);
		if (untold)
			vmedia_loop_post(pool->loop, &pool->post);
		w->job->run(w, w->job);
		pthread_mutex_lock(&pool->lock);
		finish(pool, w);
		untold = true;
	}
	vmedia_list_del(&t->node);
	vmedia_list_add_tail(&pool->ended, &t->node);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* ---- Starting and calling threads, under lock ---- */

static void join(struct vmedia_list *threads)
{
	struct vmedia_list *node;

	while ((node = vmedia_list_pop(threads))) {
		struct pool_thread *t = vmedia_list_entry(node, struct pool_thread, node);

		pthread_join(t->id, NULL);
		free(t);
	}
}

static int start_thread(struct vmedia_pool *pool)
{
	struct pool_thread *t;
	int err;

	/* Threads in this list do not need the lock any more, and end at once. */
	join(&pool->ended);
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->pool = pool;
	err = vmedia_thread_start(&t->id, 0, thread_main, t);
	if (err) {
		free(t);
		return err;
	}
	vmedia_list_add_tail(&pool->threads, &t->node);
	pool->coming++;
	return 0;
}

int vmedia_pool_ensure_thread(struct vmedia_pool *pool)
{
	int err = vmedia_list_empty(&pool->threads) ? start_thread(pool) : 0;

	if (err)
		vmedia_err("Starting a worker thread failed: %s", strerror(-err));
	/* pthread_create() reports a limit as EAGAIN, which V4L2's clients take for "try again". */
	return err ? -ENOMEM : 0;
}

unsigned int vmedia_pool_call(struct vmedia_pool *pool)
{
	const struct vmedia_list *node = pool->ready.next;
	unsigned int want = 0;
	int err;

	for (; node != &pool->ready && pool->running + want < pool->max; node = node->next)
		want++;
	/* Threads that are starting look for a job themselves. */
	want = want > pool->coming ? want - pool->coming : 0;
	for (unsigned int more = want > pool->idle ? want - pool->idle : 0; more; more--) {
		err = start_thread(pool);
		if (err) {
			vmedia_warn("Starting a worker thread failed: %s; jobs wait for one of "
				    "those that are there",
				    strerror(-err));
			break;
		}
	}
	return want < pool->idle ? want : pool->idle;
}

void vmedia_pool_wake(struct vmedia_pool *pool, unsigned int n)
{
	while (n--)
		pthread_cond_signal(&pool->work);
}

static void on_kick(struct vmedia_deferred *d)
{
	struct vmedia_pool *pool = vmedia_container_of(d, struct vmedia_pool, kick);
	unsigned int n;

	pthread_mutex_lock(&pool->lock);
	n = vmedia_pool_call(pool);
	pthread_mutex_unlock(&pool->lock);
	vmedia_pool_wake(pool, n);
}

/* ---- On the loop ---- */

/* A done() may submit, cancel, drain or destroy other workers, so no pointer is kept across it. */
void vmedia_pool_tell(struct vmedia_pool *pool, const struct vmedia_worker *w)
{
	struct vmedia_job *job, *found;

	pthread_mutex_lock(&pool->lock);
	vmedia_list_splice_tail(&pool->telling, &pool->finished);
	pthread_mutex_unlock(&pool->lock);
	do {
		found = NULL;
		vmedia_list_for_each(job, &pool->telling, node) {
			if (!w || job->worker == w) {
				found = job;
				break;
			}
		}
		if (found) {
			vmedia_list_del(&found->node);
			found->state = JOB_IDLE;
			if (found->done)
				found->done(found, 0);
		}
	} while (found);
}

static void on_post(struct vmedia_post *p)
{
	vmedia_pool_tell(vmedia_container_of(p, struct vmedia_pool, post), NULL);
}

static unsigned int num_threads(const struct vmedia_loop *loop)
{
	cpu_set_t set;
	int n;

	if (loop->pool_threads)
		return loop->pool_threads;
	n = sched_getaffinity(0, sizeof(set), &set) ? 0 : CPU_COUNT(&set);
	return n > 2 ? (unsigned int)n : 2;
}

static struct vmedia_pool *create(struct vmedia_loop *loop)
{
	struct vmedia_pool *pool = calloc(1, sizeof(*pool));
	pthread_mutexattr_t mutex;
	pthread_condattr_t cond;

	if (!pool)
		return NULL;
	pool->loop = loop;
	pool->max = num_threads(loop);
	vmedia_deferred_init(loop, &pool->kick, on_kick);
	vmedia_post_init(&pool->post, on_post);
	vmedia_list_init(&pool->telling);
	vmedia_list_init(&pool->ready);
	vmedia_list_init(&pool->finished);
	vmedia_list_init(&pool->threads);
	vmedia_list_init(&pool->ended);
	pthread_mutexattr_init(&mutex);
	pthread_mutexattr_settype(&mutex, PTHREAD_MUTEX_ADAPTIVE_NP);
	pthread_mutex_init(&pool->lock, &mutex);
	pthread_mutexattr_destroy(&mutex);
	pthread_condattr_init(&cond);
	pthread_condattr_setclock(&cond, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->work, &cond);
	pthread_cond_init(&pool->calm, &cond);
	pthread_condattr_destroy(&cond);
	return pool;
}

struct vmedia_pool *vmedia_pool_get(struct vmedia_loop *loop)
{
	if (!loop->pool)
		loop->pool = create(loop);
	if (loop->pool)
		loop->pool->num_workers++;
	return loop->pool;
}

void vmedia_pool_put(struct vmedia_pool *pool)
{
	if (--pool->num_workers)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->quit = true;
	pthread_cond_broadcast(&pool->work);
	while (!vmedia_list_empty(&pool->threads)) {
		struct vmedia_list *node = pool->threads.next;
		pthread_t id = vmedia_list_entry(node, struct pool_thread, node)->id;

		pthread_mutex_unlock(&pool->lock);
		pthread_join(id, NULL);
		pthread_mutex_lock(&pool->lock);
		vmedia_list_del(node);		/* from `ended` by now */
		free(vmedia_list_entry(node, struct pool_thread, node));
	}
	pthread_mutex_unlock(&pool->lock);
	join(&pool->ended);
	vmedia_loop_unpost(pool->loop, &pool->post);
	vmedia_deferred_cancel(&pool->kick);
	pthread_cond_destroy(&pool->calm);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	pool->loop->pool = NULL;
	free(pool);
}

void vmedia_worker_set_threads(struct vmedia_loop *loop, unsigned int threads)
{
	struct vmedia_pool *pool = loop->pool;
	unsigned int n;

	vmedia_loop_assert(loop);
	loop->pool_threads = threads;
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->max = num_threads(loop);
	n = vmedia_pool_call(pool);
	pthread_mutex_unlock(&pool->lock);
	vmedia_pool_wake(pool, n);
}
