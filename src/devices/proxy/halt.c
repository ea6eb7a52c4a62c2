// SPDX-License-Identifier: BSD-3-Clause
/*
 * Queues of the host that write the guest's pages, halted while these are not the session's.
 *
 * Theory of operation: the host's kernel writes into the pages of a CAPTURE queue with host memory
 * USERPTR until VIDIOC_STREAMOFF. So that is what the proxy asks for when the guest stops its
 * virtqueues: it may be paused or reset, and its pages can be anybody's then. STREAMOFF gives back
 * all buffers. If the guest goes on, they are queued again in their order, and the queue streams
 * again. Frames in between are lost. The driver counts its frames from 0 then, so the proxy adds
 * those before.
 *
 * The loop waits for STREAMOFF, since nothing else takes the pages back, but not for ever: a driver
 * that does not return from it within PROXY_HALT_MS costs its session. That is in error then, and
 * its file, its job and its mappings of the guest's pages stay until the driver returns.
 */
#include <errno.h>
#include <linux/videodev2.h>
#include <string.h>
#include <time.h>
#include <vmedia/log.h>

#include "proxy.h"

static bool writes_guest(const struct proxy_queue *q)
{
	return q->host_memory == V4L2_MEMORY_USERPTR && !vmedia_proxy_type_is_output(q->type);
}

static bool any_writes_guest(const struct proxy_session *ps)
{
	for (uint32_t type = 0; type < PROXY_TYPES; type++)
		if (writes_guest(&ps->queues[type]))
			return true;
	return false;
}

/* ---- In the job ---- */

/* True if the host gave it back before the halt, and core is still to have it. */
static bool was_dequeued(const struct proxy_session *ps, uint32_t type, uint32_t index)
{
	const struct proxy_dequeue *d = &ps->dequeue;

	return d->full && d->evt.type == VMEDIA_EVT_DQBUF && d->evt.buffer.type == type &&
	       d->evt.buffer.index == index;
}

struct proxy_buf *vmedia_proxy_next_queued(struct proxy_session *ps, const struct proxy_queue *q,
					   uint64_t after)
{
	struct proxy_buf *next = NULL;

	for (uint32_t i = 0; i < q->num_slots; i++) {
		struct proxy_buf *buf = q->bufs[i];

		if (buf && buf->queued && buf->order > after && !was_dequeued(ps, q->type, i) &&
		    (!next || buf->order < next->order))
			next = buf;
	}
	return next;
}

static int restart(struct proxy_session *ps, struct proxy_queue *q)
{
	struct proxy_buf *buf;
	uint32_t type = q->type;
	int err = 0;

	for (uint64_t order = 0; !err && (buf = vmedia_proxy_next_queued(ps, q, order));
	     order = buf->order)
		err = vmedia_proxy_requeue(ps, q, buf);
	q->counted = q->sequence;
	if (!err && q->streaming)
		err = vmedia_proxy_host_call(ps, VMEDIA_NR_STREAMON, &type);
	return err;
}

static void halt_run(struct vmedia_worker *w, struct vmedia_job *job)
{
	struct proxy_session *ps = vmedia_container_of(job, struct proxy_session, halt_job);
	uint32_t type;
	int err = 0;

	for (uint32_t i = 0; i < PROXY_TYPES && !err; i++) {
		type = i;
		if (writes_guest(&ps->queues[i]))
			err = vmedia_proxy_host_call(ps, VMEDIA_NR_STREAMOFF, &type);
	}
	ps->halt_err = err;
	vmedia_proxy_halt_ended(ps);
}

static void restart_run(struct vmedia_worker *w, struct vmedia_job *job)
{
	struct proxy_session *ps = vmedia_container_of(job, struct proxy_session, restart_job);
	int err = 0;

	for (uint32_t i = 0; i < PROXY_TYPES && !err; i++)
		if (writes_guest(&ps->queues[i]))
			err = restart(ps, &ps->queues[i]);
	ps->restart_err = err;
}

void vmedia_proxy_halt_ended(struct proxy_session *ps)
{
	struct proxy *p = ps->p;

	pthread_mutex_lock(&p->halt_lock);
	ps->halting = false;
	pthread_cond_broadcast(&p->halt_ended);
	pthread_mutex_unlock(&p->halt_lock);
}

/* ---- On the loop ---- */

static void job_done(struct proxy_session *ps, int err, const char *what)
{
	if (err) {
		vmedia_warn("%s: a stream could not be %s (error %d)", ps->p->node.path, what,
			    -err);
		vmedia_proxy_failed(ps, err);
	}
	vmedia_proxy_job_done(ps);
}

static void halt_done(struct vmedia_job *job, int err)
{
	struct proxy_session *ps = vmedia_container_of(job, struct proxy_session, halt_job);

	job_done(ps, ps->halt_err, "halted");
}

static void restart_done(struct vmedia_job *job, int err)
{
	struct proxy_session *ps = vmedia_container_of(job, struct proxy_session, restart_job);

	job_done(ps, ps->restart_err, "restarted");
}

/* Wait until the job that halts, or closes, has run. Returns false if it takes too long. */
static bool wait_halted(struct proxy_session *ps)
{
	struct proxy *p = ps->p;
	struct timespec until;
	bool halted;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += p->halt_ms / 1000;
	until.tv_nsec += p->halt_ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&p->halt_lock);
	while (ps->halting && !err)
		err = pthread_cond_timedwait(&p->halt_ended, &p->halt_lock, &until);
	halted = !ps->halting;
	pthread_mutex_unlock(&p->halt_lock);
	return halted;
}

void vmedia_proxy_halt(struct proxy_session *ps)
{
	if (ps->halted || !any_writes_guest(ps))
		return;
	ps->halted = true;
	/* A job that closes the file stops all queues. */
	if (!ps->closing) {
		ps->halting = true;
		vmedia_worker_init_job(&ps->halt_job, halt_run, halt_done);
		vmedia_proxy_submit(ps, &ps->halt_job);
	}
	if (wait_halted(ps)) {
		/* Not recycled before this returns. */
		ps->jobs++;
		vmedia_worker_drain(ps->worker);
		ps->jobs--;
		return;
	}
	ps->stuck = true;
	vmedia_err("%s: the host's driver has not stopped a stream in %u ms; until it does, it may "
		   "write the guest's memory", ps->p->node.path, ps->p->halt_ms);
	vmedia_proxy_failed(ps, -EIO);
}

void vmedia_proxy_restart(struct proxy_session *ps)
{
	if (!ps->halted || ps->closing || ps->stuck)
		return;
	ps->halted = false;
	vmedia_worker_init_job(&ps->restart_job, restart_run, restart_done);
	vmedia_proxy_submit(ps, &ps->restart_job);
}

void vmedia_proxy_halt_init(struct proxy *p)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->halt_ended, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&p->halt_lock, NULL);
	p->halt_ms = PROXY_HALT_MS;
}

void vmedia_proxy_halt_finish(struct proxy *p)
{
	pthread_cond_destroy(&p->halt_ended);
	pthread_mutex_destroy(&p->halt_lock);
}
