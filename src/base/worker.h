/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker thread: runs jobs that may block or compute for long, one after another, for a loop that
 * may not.
 *
 * States of a job, and who owns it:
 *
 *   idle -> vmedia_worker_submit() -> queued -> running -> finished -> done() called -> idle
 *   (caller)                          (worker)  (worker)   (worker)    (caller, in done() already)
 *
 * Every submitted job gets exactly one done(), on the loop's thread, in the order of finishing,
 * unless vmedia_worker_cancel() returned 0 for it. run() sees everything written before submit;
 * done() sees everything that run() wrote. Nothing here allocates after creation.
 *
 * Context: the loop's thread, but for what says "in run()".
 */
#ifndef VMEDIA_BASE_WORKER_H
#define VMEDIA_BASE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"

struct vmedia_worker;
struct vmedia_job;

struct vmedia_job {
	/* Context: the worker's thread. Must not touch what the loop owns. */
	void (*run)(struct vmedia_worker *w, struct vmedia_job *job);
	/*
	 * Context: the loop's thread. @err: 0 if run() ran, -ECANCELED if the worker went away
	 * before. May free the job.
	 */
	void (*done)(struct vmedia_job *job, int err);
	/* private */
	struct vmedia_list node;
	int state;
	int err;
};

/* vmedia_worker_create - start a thread (base/thread.h). @name: at most 15 bytes are kept. */
int vmedia_worker_create(struct vmedia_loop *loop, const char *name, struct vmedia_worker **out);

/*
 * vmedia_worker_destroy - ask the running job to stop, wait for the thread's end
 *
 * Before it returns it calls done() for all that finished (0) and for all that never ran
 * (-ECANCELED). Blocks for as long as the running job takes to notice. NULL is fine. Not from a
 * done() of the same worker.
 */
void vmedia_worker_destroy(struct vmedia_worker *w);

/*
 * vmedia_worker_init_job - run and done set, idle; before the first submit
 */
void vmedia_worker_init_job(struct vmedia_job *job,
			    void (*run)(struct vmedia_worker *w, struct vmedia_job *job),
			    void (*done)(struct vmedia_job *job, int err));

/*
 * vmedia_worker_submit - queue it. 0; -EBUSY: it is queued, running or its done() has not been
 * called yet; -ESHUTDOWN: from a done() that vmedia_worker_destroy() calls.
 */
int vmedia_worker_submit(struct vmedia_worker *w, struct vmedia_job *job);

/*
 * vmedia_worker_cancel - take a job back
 *
 * 0: it had not begun; it is idle again and done() will not be called.
 * -EINPROGRESS: it runs; it is told (vmedia_worker_stopping() turns true in run()), done() follows.
 * -EALREADY: it finished, done() follows.
 * -ENOENT: it is idle.
 */
int vmedia_worker_cancel(struct vmedia_worker *w, struct vmedia_job *job);

/*
 * vmedia_worker_drain - block until all submitted jobs ran, then call their done()s before
 * returning.
 */
void vmedia_worker_drain(struct vmedia_worker *w);

/*
 * vmedia_worker_stopping - was this job cancelled, or is the worker going away? Context: in run().
 */
bool vmedia_worker_stopping(struct vmedia_worker *w);

/*
 * vmedia_worker_wait_until - sleep until @deadline_ns (CLOCK_MONOTONIC, absolute). Context: in
 * run().
 *
 * 0: the time has come (at once if it is past); -ECANCELED as soon as vmedia_worker_stopping() is
 * true.
 */
int vmedia_worker_wait_until(struct vmedia_worker *w, uint64_t deadline_ns);

#endif
