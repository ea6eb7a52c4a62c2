/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The structures that worker.c (jobs and their order) and worker_pool.c (threads) share. No other
 * file includes this.
 */
#ifndef VMEDIA_BASE_WORKER_IMPL_H
#define VMEDIA_BASE_WORKER_IMPL_H

#include <pthread.h>
#include <vmedia/worker.h>

#include "base/loop.h"

enum job_state { JOB_IDLE, JOB_QUEUED, JOB_RUNNING, JOB_WAITING, JOB_FINISHED };

struct vmedia_worker {
	struct vmedia_pool *pool;
	/* under pool->lock */
	struct vmedia_list ready;	/* in pool->ready: a job can begin, and none is in run() */
	struct vmedia_list queue;	/* QUEUED jobs */
	struct vmedia_job *job;		/* the one in run(): RUNNING or WAITING */
	bool quit;
	/* atomic, a futex: that job must stop; written under the lock */
	uint32_t stop;
};

/* The threads of a loop. One for each loop. */
struct vmedia_pool {
	struct vmedia_loop *loop;
	/* the loop's */
	unsigned int num_workers;
	struct vmedia_deferred kick;	/* to the threads: workers are ready */
	struct vmedia_post post;	/* to the loop: `finished` is not empty */
	struct vmedia_list telling;	/* FINISHED jobs whose done() is called next */
	/* under lock */
	pthread_mutex_t lock;
	pthread_cond_t work;		/* to idle threads: a worker is ready, or quit */
	pthread_cond_t calm;		/* to the loop, if it waits: a job has finished */
	struct vmedia_list ready;	/* workers, the longest ready first */
	struct vmedia_list finished;	/* FINISHED jobs, in the order of finishing */
	unsigned int max;		/* RUNNING jobs at a time */
	unsigned int running;		/* RUNNING jobs */
	unsigned int idle;		/* threads that sleep */
	unsigned int coming;		/* threads that are about to look for a job */
	struct vmedia_list threads, ended;	/* `ended` ones must be joined */
	bool quit;
};

/*
 * Return the pool of @loop, which is created if there is none, or NULL without memory. Each get
 * needs a put.
 */
struct vmedia_pool *vmedia_pool_get(struct vmedia_loop *loop);
void vmedia_pool_put(struct vmedia_pool *pool);
/*
 * Provide threads for the workers that are ready. Returns the number of idle threads that the
 * caller must wake with vmedia_pool_wake(), without the lock. Context: under lock.
 */
unsigned int vmedia_pool_call(struct vmedia_pool *pool);
void vmedia_pool_wake(struct vmedia_pool *pool, unsigned int n);
/* Start a thread if there is none. Returns 0, or negative errno. Context: under lock. */
int vmedia_pool_ensure_thread(struct vmedia_pool *pool);
/* Call done() of the finished jobs, of @w only or of all workers (NULL). Context: the loop. */
void vmedia_pool_tell(struct vmedia_pool *pool, const struct vmedia_worker *w);

#endif
