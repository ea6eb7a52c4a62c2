/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Workers run jobs that compute for long or that wait, since the loop may do neither.
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
 *   of its own. All workers of a loop share the loop's pool of threads; workers that have jobs take
 *   turns, one job each. Jobs that must run in order belong to one worker (a session of a codec, a
 *   frame source); jobs that need no order can use several.
 *
 *   The pool runs as many jobs at a time as the process has CPUs, and at least two;
 *   vmedia_worker_set_threads() sets another number. A job that waits, for a time or for the world
 *   outside, needs no CPU. It is not counted if it announces the wait with
 *   vmedia_worker_wait_until(), or with vmedia_worker_wait_begin() and _end(). During the wait the
 *   pool runs another job, on a further thread if needed. When the wait is over the job continues
 *   at once, so for a time one job more than the number may run. The pool has a thread for each job
 *   that runs or waits, so at most one for each worker, and keeps at most as many idle threads as
 *   the number above.
 *
 *   The threads are started when a job needs them, so they have the sandbox and the user that the
 *   process has at that time. They end with the loop's last worker. Signals for the program are
 *   blocked in them; SIGBUS and other faults of the thread itself are not. The pool's memory is
 *   allocated by vmedia_worker_create() and with each thread; submitting allocates nothing.
 *
 *   A submit in a callback of the loop wakes the pool at the end of the loop's round, once for all
 *   jobs of the round. Finished jobs wake the loop, which handles all that have finished by then.
 *
 * States of a job, and its owner in each:
 *
 *	IDLE		caller	after vmedia_worker_init_job(), and from the moment done() is called
 *	QUEUED		worker	vmedia_worker_submit()
 *	RUNNING		worker	run() was called
 *	WAITING		worker	run() waits, and does not touch buffers
 *	FINISHED	worker	run() returned; done() follows
 *
 *	IDLE -> QUEUED -> RUNNING -> FINISHED -> IDLE, RUNNING <-> WAITING
 *
 * Every submitted job gets exactly one done(), unless vmedia_worker_cancel() returned 0 for it. The
 * done() calls of one worker come on the loop's thread, in the order of submitting. run() sees
 * everything that was written before the submit; done() sees everything that run() wrote.
 *
 * Memory of buffers: run() may write only memory that it has a reference on (vmedia_backing_get()).
 * It may write the guest's memory only until it is asked to stop; see vmedia_worker_wait(). A job
 * that waits before it writes checks the wait's result: after 0 it may write until it ends or waits
 * again; after -ECANCELED it may not.
 *
 * Context: the loop's thread, unless a function states "in run()".
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
 * The longest time in milliseconds that the loop waits for a job which writes memory of a guest
 * that is going away. Used by the framework for a frame source, and for the @until of
 * vmedia_m2m_ops.job_wait().
 */
#define VMEDIA_WORKER_WAIT_MS 200

struct vmedia_job {
	/* Context: a thread of the pool. It must not use data of the loop. */
	void (*run)(struct vmedia_worker *w, struct vmedia_job *job);
	/*
	 * Context: the loop. @err: 0 if run() ran, -ECANCELED if vmedia_worker_destroy() was called
	 * before it could. May free the job, submit it again, cancel others. Optional.
	 */
	void (*done)(struct vmedia_job *job, int err);
	/* private */
	struct vmedia_worker *worker;
	struct vmedia_list node;
	int state;
};

/*
 * vmedia_worker_create - create a worker of @loop's pool; the first one creates the pool. Returns 0
 * or -ENOMEM.
 */
int vmedia_worker_create(struct vmedia_loop *loop, struct vmedia_worker **out);

/*
 * vmedia_worker_destroy - cancel all jobs, wait for the running one, free the worker
 *
 * Before it returns it calls done() of all jobs: with 0 for those that ran, with -ECANCELED for
 * those that did not. Blocks until the running job notices vmedia_worker_stopping() and returns.
 * The last worker of a loop ends the pool's threads. NULL is allowed. Not allowed in a done() of
 * the same worker.
 */
void vmedia_worker_destroy(struct vmedia_worker *w);

/*
 * vmedia_worker_set_threads - run at most @threads jobs at a time on @loop's pool, waiting jobs not
 * counted; 0: the default. Jobs that run already continue.
 */
void vmedia_worker_set_threads(struct vmedia_loop *loop, unsigned int threads);

/* vmedia_worker_init_job - make @job IDLE. Call it before the first submit. Context: any thread. */
void vmedia_worker_init_job(struct vmedia_job *job,
			    void (*run)(struct vmedia_worker *w, struct vmedia_job *job),
			    void (*done)(struct vmedia_job *job, int err));

/*
 * vmedia_worker_submit - queue @job behind the others of @w
 *
 * Returns 0, and done() follows; -EBUSY if the job is not IDLE; -ESHUTDOWN in a done() that
 * vmedia_worker_destroy() calls; -ENOMEM if the pool has no thread and none can be started. (If
 * only a further thread cannot be started, the job waits for an existing one, and a warning is
 * logged.)
 */
int vmedia_worker_submit(struct vmedia_worker *w, struct vmedia_job *job);

/*
 * vmedia_worker_cancel - take @job back, or ask it to stop
 *
 *	0		It had not begun. It is IDLE, and done() is not called.
 *	-ECANCELED	It waits. It is asked to stop, and its wait returns -ECANCELED. done()
 *			follows; until then the job belongs to the worker.
 *	-EINPROGRESS	It runs. It is asked to stop (vmedia_worker_stopping()), and its next wait
 *			returns -ECANCELED. done() follows.
 *	-EALREADY	It has finished. done() follows.
 *	-ENOENT		It is IDLE.
 */
int vmedia_worker_cancel(struct vmedia_worker *w, struct vmedia_job *job);

/*
 * vmedia_worker_wait - block until run() of @job does not write any more, or until @until
 *
 * Returns 0 if the job has finished, waits and was cancelled, has not begun, or is IDLE; -ETIMEDOUT
 * if it still runs. Calls no done(). The loop is blocked meanwhile, so this is only for memory that
 * is being taken away, after vmedia_worker_cancel(): see suspend() in <vmedia/device.h> and
 * job_wait() in <vmedia/m2m.h>, and use their @until (VMEDIA_WORKER_WAIT_MS).
 */
int vmedia_worker_wait(struct vmedia_worker *w, struct vmedia_job *job, uint64_t until);

/*
 * vmedia_worker_drain - block until all jobs of @w have run, and call their done()s. No time limit.
 * For a device that is being destroyed, for memory that nothing else takes back from the host's
 * kernel, and for tests.
 */
void vmedia_worker_drain(struct vmedia_worker *w);

/*
 * vmedia_worker_stopping - true if this job was cancelled, or if the worker is being destroyed.
 * Context: in run().
 */
bool vmedia_worker_stopping(struct vmedia_worker *w);

/*
 * vmedia_worker_others_wait - true if a job of another worker could begin if this one ended.
 * Context: in run().
 */
bool vmedia_worker_others_wait(struct vmedia_worker *w);

/*
 * vmedia_worker_wait_until - wait for @deadline_ns (CLOCK_MONOTONIC, absolute). Context: in run().
 *
 * Returns 0 when the time has come (at once if it is past), and -ECANCELED as soon as
 * vmedia_worker_stopping() is true. Not allowed between vmedia_worker_wait_begin() and _end().
 */
int vmedia_worker_wait_until(struct vmedia_worker *w, uint64_t deadline_ns);

/*
 * vmedia_worker_wait_begin - begin a wait for something outside: a socket, a pipe, a device
 * vmedia_worker_wait_end - end that wait
 *
 * The caller must make the wait end soon after vmedia_worker_cancel(), for instance by a descriptor
 * that the loop writes. Each returns 0, or -ECANCELED if vmedia_worker_stopping() is true. Call
 * _end() only after a _begin() that returned 0. Context: in run().
 */
int vmedia_worker_wait_begin(struct vmedia_worker *w);
int vmedia_worker_wait_end(struct vmedia_worker *w);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_WORKER_H */
