/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Workers: they run what computes for long, or waits, for a loop that may do neither.
 *
 *	struct decode {
 *		struct vmedia_job job;
 *		...
 *	};
 *
 *	static void run(struct vmedia_worker *w, struct vmedia_job *job)	// on a thread
 *	static void done(struct vmedia_job *job, int err)			// on the loop
 *
 *	vmedia_worker_create(vmedia_device_loop(dev), &worker);
 *	vmedia_worker_init_job(&d->job, run, done);
 *	vmedia_worker_submit(worker, &d->job);
 *
 * Theory of operation
 *
 *   A worker runs its jobs one at a time, in the order of vmedia_worker_submit(). It has no thread
 *   of its own: all workers of a loop share the loop's pool of threads, in which those that have
 *   something to do take turns, a job each. What must happen in order has one worker (a session of
 *   a codec, a frame source); what need not has several.
 *
 *   The pool runs as many jobs at a time as the process has CPUs, and at least two; another number
 *   is set by vmedia_worker_set_threads(). A job that waits, for a time or for the world outside,
 *   needs no CPU. So it does not count, provided that it says so: vmedia_worker_wait_until(), or
 *   vmedia_worker_wait_begin() and _end(). While it waits the pool runs another job, on a further
 *   thread if need be. A job is not kept from going on when its wait is over: for that time one
 *   job more than the number may run. The pool has a thread for each job that runs or waits, so at
 *   most one for each worker, and keeps as many idle ones as the number above.
 *
 *   The threads are started when a job needs them, so they have the sandbox and the user that the
 *   process has then, and end with the loop's last worker. They take no signals of the program
 *   (SIGBUS and other faults of their own they do). The pool's memory is allocated by
 *   vmedia_worker_create() and with each thread; submitting allocates nothing.
 *
 *   Submitting from a callback of the loop wakes the pool at the end of the loop's round, once for
 *   all that the round submitted. Finished jobs wake the loop once for as many as it finds then.
 *
 * States of a job, and who owns it:
 *
 *	IDLE		caller	after vmedia_worker_init_job(), and from the moment done() is called
 *	QUEUED		worker	vmedia_worker_submit()
 *	RUNNING		worker	run() was called
 *	WAITING		worker	run() waits: nothing that it says it does is going on
 *	FINISHED	worker	run() returned; done() follows
 *
 *	IDLE -> QUEUED -> RUNNING -> FINISHED -> IDLE, RUNNING <-> WAITING
 *
 * Every job that is submitted gets exactly one done(), unless vmedia_worker_cancel() returned 0 for
 * it. The calls come on the loop's thread, those of one worker in the order of submitting. run()
 * sees all that was written before the submit; done() sees all that run() wrote.
 *
 * Memory of buffers: run() may write only what it has a reference on (vmedia_backing_get()), and
 * that of the guest only until it is asked to stop: see vmedia_worker_wait(). A job that waits
 * before it writes asks the wait: after 0 it may write until it ends or waits again; after
 * -ECANCELED it may not.
 *
 * Context: the loop's thread, but for what says "in run()".
 */
#ifndef VMEDIA_WORKER_H
#define VMEDIA_WORKER_H

#include <vmedia/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmedia_worker;
struct vmedia_job;

/*
 * How long the loop waits for a job that writes memory of a guest which goes, in milliseconds: the
 * framework for a frame source, and the @until of vmedia_m2m_ops.job_wait().
 */
#define VMEDIA_WORKER_WAIT_MS 200

struct vmedia_job {
	/* Context: a thread of the pool. It must not touch what the loop owns. */
	void (*run)(struct vmedia_worker *w, struct vmedia_job *job);
	/*
	 * Context: the loop. @err: 0 if run() ran, -ECANCELED if vmedia_worker_destroy() came
	 * before. May free the job, submit it again, cancel others. Optional.
	 */
	void (*done)(struct vmedia_job *job, int err);
	/* private */
	struct vmedia_worker *worker;
	struct vmedia_list node;
	int state;
};

/*
 * vmedia_worker_create - a worker of @loop's pool; the first one makes the pool. 0 or -ENOMEM.
 */
int vmedia_worker_create(struct vmedia_loop *loop, struct vmedia_worker **out);

/*
 * vmedia_worker_destroy - take back what has not begun, ask the running job to stop, wait for it
 *
 * Before it returns it calls done() of all jobs: 0 for those that ran, -ECANCELED for those that
 * did not. Blocks for as long as the running job takes to notice vmedia_worker_stopping(). The last
 * worker of a loop ends the pool's threads. NULL is fine. Not from a done() of the same worker.
 */
void vmedia_worker_destroy(struct vmedia_worker *w);

/*
 * vmedia_worker_set_threads - run at most @threads jobs at a time on @loop's pool, waiting ones not
 * counted; 0: the default. From now on: what runs already goes on.
 */
void vmedia_worker_set_threads(struct vmedia_loop *loop, unsigned int threads);

/* vmedia_worker_init_job - make @job IDLE; before its first submit. Context: any thread. */
void vmedia_worker_init_job(struct vmedia_job *job,
			    void (*run)(struct vmedia_worker *w, struct vmedia_job *job),
			    void (*done)(struct vmedia_job *job, int err));

/*
 * vmedia_worker_submit - queue @job behind the others of @w
 *
 * Returns 0, and done() follows; -EBUSY: the job is not IDLE; -ESHUTDOWN: from a done() that
 * vmedia_worker_destroy() calls; -EAGAIN and the like: the pool has no thread, and the system gives
 * it none. (If it gives no further thread the job waits for one that is there, and the log says
 * so.)
 */
int vmedia_worker_submit(struct vmedia_worker *w, struct vmedia_job *job);

/*
 * vmedia_worker_cancel - take @job back, or ask it to stop
 *
 *	0		it had not begun: it is IDLE, and done() is not called
 *	-ECANCELED	it waits: it is asked to stop, and its wait returns -ECANCELED. done()
 *			follows; until then the job is the worker's.
 *	-EINPROGRESS	it runs: it is asked to stop (vmedia_worker_stopping()), and the next wait
 *			returns -ECANCELED. done() follows.
 *	-EALREADY	it has finished. done() follows.
 *	-ENOENT		it is IDLE
 */
int vmedia_worker_cancel(struct vmedia_worker *w, struct vmedia_job *job);

/*
 * vmedia_worker_wait - block until run() of @job writes nothing any more, or until @until
 *
 * 0: the job has finished, waits and was cancelled, has not begun, or is IDLE. -ETIMEDOUT: it still
 * runs. Calls no done(). The loop stands meanwhile, so this is for memory that is being taken away,
 * after vmedia_worker_cancel(): see suspend() in <vmedia/device.h> and job_wait() in
 * <vmedia/m2m.h>, with the @until that these have (VMEDIA_WORKER_WAIT_MS).
 */
int vmedia_worker_wait(struct vmedia_worker *w, struct vmedia_job *job, uint64_t until);

/*
 * vmedia_worker_drain - block until all jobs of @w ran, and call their done()s. Without end: for a
 * device that goes, and for tests.
 */
void vmedia_worker_drain(struct vmedia_worker *w);

/* vmedia_worker_stopping - was this job cancelled, or is the worker going? Context: in run(). */
bool vmedia_worker_stopping(struct vmedia_worker *w);

/*
 * vmedia_worker_wait_until - wait for @deadline_ns (CLOCK_MONOTONIC, absolute). Context: in run().
 *
 * 0: the time has come (at once if it is past); -ECANCELED: as soon as vmedia_worker_stopping() is
 * true. Not between vmedia_worker_wait_begin() and _end().
 */
int vmedia_worker_wait_until(struct vmedia_worker *w, uint64_t deadline_ns);

/*
 * vmedia_worker_wait_begin - what follows waits for something outside: a socket, a pipe, a device
 * vmedia_worker_wait_end - it does not any more
 *
 * The caller sees to it that the wait ends soon after vmedia_worker_cancel(): by a descriptor that
 * the loop writes, for instance. Each returns 0, or -ECANCELED if vmedia_worker_stopping() is true;
 * _end() follows a _begin() that returned 0. Context: in run().
 */
int vmedia_worker_wait_begin(struct vmedia_worker *w);
int vmedia_worker_wait_end(struct vmedia_worker *w);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_WORKER_H */
