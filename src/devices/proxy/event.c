// SPDX-License-Identifier: BSD-3-Clause
/*
 * Finished buffers and V4L2 events, from the host to the guest.
 *
 * Theory of operation: finished buffers stay in the host's queues until core asks for one. epoll
 * tells that a queue or the events may have something; that is ps->ready until the host says that
 * there is no more, or, of queues, until a buffer was dequeued, if epoll tells again of the next
 * (watch.c). next_event() dequeues one thing: on the loop, or, where bytes are to be copied or
 * other jobs run, by a job that wakes core when it is done.
 *
 * A buffer that was dequeued counts as the host's until core has it, so the guest cannot queue it
 * again before it knows of it.
 */
#include <errno.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "proxy.h"

/* ---- In the job ---- */

static uint32_t direction(uint32_t type)
{
	return vmedia_proxy_type_is_output(type) ? EPOLLOUT : EPOLLIN;
}

static int nonsense(struct proxy_session *ps, const char *what, uint64_t got, uint64_t limit)
{
	vmedia_proxy_nonsense(ps->p, "VIDIOC_DQBUF", what, got, limit);
	return -EIO;
}

/* Check a dequeued buffer before its bytes are copied; vmedia_proxy_tell() checks the rest. */
static int take(struct proxy_session *ps, struct proxy_queue *q)
{
	const struct vmedia_buffer *b = &ps->dequeue.evt.buffer;
	const struct proxy_buf *buf = vmedia_proxy_buf(ps, q->type, b->index);
	bool mplane = vmedia_buf_type_is_multiplanar(q->type);
	uint32_t used;

	q->sequence = b->sequence + 1;
	if (b->type != q->type)
		return nonsense(ps, "a buffer of another type", b->type, q->type);
	if (!buf || !buf->queued)
		return nonsense(ps, "a buffer that is not queued", b->index, q->num_slots);
	if (mplane && b->length != buf->num_planes)
		return nonsense(ps, "another number of planes", b->length, buf->num_planes);
	if (!buf->copies || vmedia_proxy_type_is_output(q->type))
		return 0;
	for (uint32_t i = 0; i < buf->num_planes; i++) {
		used = mplane ? ps->dequeue.evt.planes[i].bytesused : b->bytesused;
		if (used > vmedia_proxy_room(q, &buf->planes[i]))
			return nonsense(ps, "more bytes than the buffer has", used,
					vmedia_proxy_room(q, &buf->planes[i]));
	}
	ps->dequeue.uncopied = true;
	return 0;
}

/* Copy the bytes of the dequeued buffer, which take() has checked. */
static void copy(struct proxy_session *ps)
{
	struct proxy_dequeue *d = &ps->dequeue;
	const struct vmedia_buffer *b = &d->evt.buffer;
	bool mplane = vmedia_buf_type_is_multiplanar(b->type);
	uint32_t used[VMEDIA_MAX_PLANES];

	for (uint32_t i = 0; i < VMEDIA_MAX_PLANES; i++)
		used[i] = mplane ? d->evt.planes[i].bytesused : b->bytesused;
	d->err = vmedia_proxy_copy(ps, vmedia_proxy_buf(ps, b->type, b->index), false, used,
				   &d->copied);
	d->uncopied = false;
}

/* Returns true if there was a buffer, or an error that ends the session. */
static bool dequeue_buffer(struct proxy_session *ps, struct proxy_queue *q)
{
	struct proxy_dequeue *d = &ps->dequeue;
	struct vmedia_buffer *b = &d->evt.buffer;
	int err;

	*b = (struct vmedia_buffer){ .type = q->type, .memory = q->host_memory };
	if (vmedia_buf_type_is_multiplanar(q->type)) {
		memset(d->evt.planes, 0, sizeof(d->evt.planes));
		b->length = VMEDIA_MAX_PLANES;
		b->m.planes = (uintptr_t)d->evt.planes;
	}
	err = vmedia_proxy_host_call(ps, VMEDIA_NR_DQBUF, b);
	b->sequence += q->counted;
	if (!err)
		err = take(ps, q);
	else if (err != -EIO && err != -ENODEV)
		return false; /* none (EAGAIN), none any more (EPIPE), not streaming (EINVAL) */
	d->evt.type = VMEDIA_EVT_DQBUF;
	d->latest = q->type;
	d->err = err;
	return true;
}

static bool dequeue_event(struct proxy_session *ps)
{
	struct proxy_dequeue *d = &ps->dequeue;
	int err;

	memset(&d->evt.event, 0, sizeof(d->evt.event));
	err = vmedia_proxy_host_call(ps, VMEDIA_NR_DQEVENT, &d->evt.event);
	if (err && err != -ENODEV)
		return false;
	memset(d->evt.event.reserved, 0, sizeof(d->evt.event.reserved));
	d->evt.type = VMEDIA_EVT_EVENT;
	d->err = err;
	return true;
}

/* Get one event or buffer, of the types in turn. Clears what has no more in d->ready. */
static void dequeue(struct proxy_session *ps)
{
	struct proxy_dequeue *d = &ps->dequeue;
	struct proxy_queue *q;

	d->uncopied = false;
	if (d->ready & EPOLLPRI) {
		d->full = dequeue_event(ps);
		if (d->full)
			return;
		d->ready &= ~(uint32_t)EPOLLPRI;
	}
	for (uint32_t i = 1; i <= PROXY_TYPES; i++) {
		q = &ps->queues[(d->latest + i) % PROXY_TYPES];
		if (!q->streaming || !(d->ready & direction(q->type)))
			continue;
		d->full = dequeue_buffer(ps, q);
		if (d->full && d->told_again)
			d->ready &= ~direction(q->type);
		if (d->full)
			return;
	}
	d->vain = true;
	d->ready = 0;
}

/* ---- On the loop ---- */

static void finish(struct proxy_session *ps)
{
	struct proxy_dequeue *d = &ps->dequeue;

	ps->ready |= d->ready;
	d->copying = false;
	vmedia_device_add_copied(ps->p->dev, d->copied);
	d->copied = 0;
	if (d->vain || (d->full && d->err))
		vmedia_proxy_watch_edge(ps, true);
	else if (d->full && d->told_again)
		vmedia_proxy_watch_edge(ps, false);
	if (!d->full || !d->err)
		return;
	d->full = false;
	vmedia_proxy_failed(ps, d->err);
}

/*
 * The host's call may block. It does not write the guest's memory, so nobody who stops copies waits
 * for it; and what it gets then is copied later.
 */
static void dequeue_run(struct vmedia_worker *w, struct vmedia_job *job)
{
	struct proxy_dequeue *d = vmedia_container_of(job, struct proxy_dequeue, job);
	struct proxy_session *ps = vmedia_container_of(d, struct proxy_session, dequeue);

	if (!d->full) {
		if (w && vmedia_worker_wait_begin(w))
			return;
		dequeue(ps);
		if (w && vmedia_worker_wait_end(w))
			return;
	}
	if (d->full && !d->err && d->uncopied)
		copy(ps);
}

static void dequeue_done(struct vmedia_job *job, int err)
{
	struct proxy_dequeue *d = vmedia_container_of(job, struct proxy_dequeue, job);
	struct proxy_session *ps = vmedia_container_of(d, struct proxy_session, dequeue);

	finish(ps);
	vmedia_proxy_job_done(ps);
}

/* True if a dequeued buffer may have to be copied. */
static bool copies(const struct proxy_session *ps, bool guest_pages)
{
	for (uint32_t type = 0; type < PROXY_TYPES; type++) {
		const struct proxy_queue *q = &ps->queues[type];

		if (q->streaming && q->copies && !vmedia_proxy_type_is_output(type) &&
		    (!guest_pages || q->memory != V4L2_MEMORY_MMAP))
			return true;
	}
	return false;
}

/* Move what was dequeued to core. Returns false if it was nothing. */
static bool give(struct proxy_session *ps, struct vmedia_evt *evt)
{
	struct proxy_dequeue *d = &ps->dequeue;
	struct proxy_queue *q;
	struct proxy_buf *buf;

	if (!d->full || d->uncopied)
		return false;
	d->full = false;
	evt->type = d->evt.type;
	if (evt->type == VMEDIA_EVT_EVENT) {
		evt->event = d->evt.event;
		return true;
	}
	/* take() has checked type and index. */
	q = &ps->queues[d->evt.buffer.type];
	buf = vmedia_proxy_buf(ps, q->type, d->evt.buffer.index);
	buf->queued = false;
	evt->buffer = d->evt.buffer;
	memcpy(evt->planes, d->evt.planes, buf->num_planes * sizeof(evt->planes[0]));
	if (!vmedia_proxy_tell(ps, q, buf, &evt->buffer, evt->planes))
		return true;
	vmedia_proxy_failed(ps, -EIO);
	return false;
}

bool vmedia_proxy_next_event(struct vmedia_session *s, struct vmedia_evt *evt)
{
	struct proxy_session *ps = vmedia_session_priv(s);
	struct proxy_dequeue *d = &ps->dequeue;
	bool quick;

	/* When the jobs are done, core is woken again. */
	if (ps->jobs || ps->closing)
		return false;
	if (give(ps, evt))
		return true;
	if ((!ps->ready && !d->full) || (ps->suspended && copies(ps, true)))
		return false;
	d->ready = ps->ready;
	d->vain = false;
	ps->ready = 0;
	/* During a job epoll would report what that has not dequeued yet. */
	quick = !ps->p->jobs && !copies(ps, false);
	d->told_again = quick && !vmedia_proxy_is_m2m(ps->p);
	if (quick) {
		dequeue(ps);
		finish(ps);
		return give(ps, evt);
	}
	d->copying = copies(ps, true);
	vmedia_proxy_submit(ps, &d->job);
	return false;
}

void vmedia_proxy_drop_buffer(struct proxy_session *ps, uint32_t type, uint32_t first,
			      uint32_t count)
{
	struct proxy_dequeue *d = &ps->dequeue;

	if (d->full && d->evt.type == VMEDIA_EVT_DQBUF && d->evt.buffer.type == type &&
	    d->evt.buffer.index >= first && d->evt.buffer.index - first < count)
		d->full = false;
}

void vmedia_proxy_stop_copies(struct proxy_session *ps)
{
	struct proxy_dequeue *d = &ps->dequeue;

	if (!d->copying)
		return;
	if (vmedia_worker_cancel(ps->worker, &d->job) == 0) {
		/* It had not begun. */
		finish(ps);
		vmedia_proxy_job_done(ps);
		return;
	}
	/* What it still does is a copy of one buffer. */
	while (vmedia_worker_wait(ps->worker, &d->job, vmedia_now_ns() + 1000000000ull))
		;
}

void vmedia_proxy_dequeue_init(struct proxy_session *ps)
{
	struct proxy_dequeue *d = &ps->dequeue;

	*d = (struct proxy_dequeue){ 0 };
	vmedia_worker_init_job(&d->job, dequeue_run, dequeue_done);
}

/* ---- Subscriptions: a driver of the host allocates for each, so they are counted ---- */

static struct proxy_subscription *find(struct proxy_session *ps, uint32_t type, uint32_t id)
{
	for (uint32_t i = 0; i < ps->num_subs; i++)
		if (ps->subs[i].type == type && ps->subs[i].id == id)
			return &ps->subs[i];
	return NULL;
}

int vmedia_proxy_subscribe_prepare(struct proxy_call *c)
{
	const struct vmedia_event_subscription *e = &c->io.arg.event_subscription;
	struct proxy_session *ps = c->ps;
	struct proxy_subscription *subs;

	if (find(ps, e->type, e->id))
		return 0;
	if (ps->num_subs >= vmedia_device_limits(ps->p->dev)->max_subscriptions)
		return -ENOMEM;
	/* Room for one more, so that done() cannot fail. */
	subs = realloc(ps->subs, (ps->num_subs + 1) * sizeof(*subs));
	if (!subs)
		return -ENOMEM;
	ps->subs = subs;
	return 0;
}

int vmedia_proxy_subscribe_done(struct proxy_call *c, int err)
{
	const struct vmedia_event_subscription *e = &c->io.arg.event_subscription;
	struct proxy_session *ps = c->ps;

	if (err || !c->req)
		return err;
	if (!find(ps, e->type, e->id))
		ps->subs[ps->num_subs++] = (struct proxy_subscription){ e->type, e->id };
	/* What the subscription itself causes goes before its answer (<vmedia/device.h>). */
	ps->ready |= EPOLLPRI;
	vmedia_session_wake(ps->session);
	return 0;
}

int vmedia_proxy_unsubscribe_done(struct proxy_call *c, int err)
{
	const struct vmedia_event_subscription *e = &c->io.arg.event_subscription;
	struct proxy_session *ps = c->ps;
	struct proxy_dequeue *d = &ps->dequeue;
	struct proxy_subscription *sub = find(ps, e->type, e->id);

	if (err || !c->req)
		return err;
	if (e->type == V4L2_EVENT_ALL)
		ps->num_subs = 0;
	else if (sub)
		*sub = ps->subs[--ps->num_subs];
	if (d->full && d->evt.type == VMEDIA_EVT_EVENT &&
	    (e->type == V4L2_EVENT_ALL ||
	     (d->evt.event.type == e->type && d->evt.event.id == e->id)))
		d->full = false;
	return 0;
}
