/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory-to-memory contexts: pairing of buffers, turns of jobs, and stopping while a job runs: for
 * STREAMOFF, which waits; at the session's end; and while the guest's queues are stopped.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/videodev2.h>

#include "base/checked.h"
#include "base/fd.h"
#include "base/log.h"
#include "v4l2/format.h"
#include "v4l2/m2m.h"

/*
 * ---- Turns ----
 *
 * Ready contexts join v->jobs; the first of them has the turn. When a session ends with a job
 * running, no job begins before the end of the loop's round. The loop may have to wait for that
 * job, and the driver can end many sessions at once. Without this rule the next of these sessions
 * would get a job just before its own end, and the loop would have to wait for that job too.
 */

static bool may_run(struct vmedia_ctx *ctx)
{
	struct vmedia_m2m *m = ctx->m2m;

	if (m->running || m->suspended || vmedia_m2m_state(ctx) == VMEDIA_M2M_STOPPED ||
	    !m->src->started || m->src->starting)
		return false;
	if (m->src->stopping || m->dst->stopping)
		return false;
	return m->ops->relaxed ||
	       (m->dst->started && vmedia_m2m_next_src(ctx) && vmedia_m2m_next_dst(ctx));
}

static bool ready(struct vmedia_ctx *ctx)
{
	const struct vmedia_m2m_ops *ops = ctx->m2m->ops;

	if (!may_run(ctx))
		return false;
	/* ->job_ready() may change a format, or end a resolution: check again afterwards. */
	return !ops->job_ready || (ops->job_ready(ctx) && may_run(ctx));
}

static void begin_jobs(struct vmedia_video *v)
{
	unsigned int max = v->cfg.m2m->max_jobs ? v->cfg.m2m->max_jobs : 1;
	struct vmedia_m2m *m;

	/*
	 * A job that ends inside of job_run() calls this function again while the loop below runs.
	 */
	if (v->scheduling || vmedia_list_linked(&v->turn.node))
		return;
	v->scheduling = true;
	while (v->num_jobs < max && !vmedia_list_empty(&v->jobs)) {
		m = vmedia_list_first(&v->jobs, struct vmedia_m2m, node);
		vmedia_list_del(&m->node);
		m->waiting = false;
		if (!ready(m->ctx))
			continue;
		m->running = true;
		v->num_jobs++;
		m->ops->job_run(m->ctx);
	}
	v->scheduling = false;
}

void vmedia_m2m_schedule(struct vmedia_ctx *ctx)
{
	if (!ctx->m2m->waiting && ready(ctx)) {
		ctx->m2m->waiting = true;
		vmedia_list_add_tail(&ctx->v->jobs, &ctx->m2m->node);
	}
	vmedia_m2m_settle(ctx->m2m);
	begin_jobs(ctx->v);
}

static void on_turn(struct vmedia_deferred *d)
{
	begin_jobs(vmedia_container_of(d, struct vmedia_video, turn));
}

void vmedia_m2m_init_turns(struct vmedia_video *v)
{
	vmedia_list_init(&v->jobs);
	vmedia_deferred_init(v->loop, &v->turn, on_turn);
}

void vmedia_m2m_finish_turns(struct vmedia_video *v)
{
	vmedia_deferred_cancel(&v->turn);
}

static void stop_ended(struct vmedia_m2m *m, struct vmedia_queue *q)
{
	if (!q->hold)
		return;
	q->hold = false;
	if (m->ops->stop)
		m->ops->stop(q);
	vmedia_m2m_queue_stopped(m, q);
	vmedia_queue_check_stopped(q);
}

void vmedia_m2m_job_done(struct vmedia_ctx *ctx)
{
	struct vmedia_m2m *m = ctx->m2m;

	if (!m->running) {
		vmedia_err("a job was ended that did not run; this is a bug of the device");
		return;
	}
	m->running = false;
	ctx->v->num_jobs--;
	vmedia_m2m_settle(m);
	/* A LAST was due, and the job had all of CAPTURE's buffers. */
	vmedia_m2m_send_last(m);
	stop_ended(m, m->src);
	stop_ended(m, m->dst);
	vmedia_m2m_schedule(ctx);
}

/* ---- While the guest's memory must not be written ---- */

/* Wait, for a limited time, until the running job does not write the guest's pages any more. */
static void wait_for_job(struct vmedia_ctx *ctx)
{
	struct vmedia_video *v = ctx->v;
	uint64_t until = vmedia_now_ns() + VMEDIA_WORKER_WAIT_MS * 1000000ull;
	bool scheduling = v->scheduling;
	int err;

	if (!ctx->m2m->ops->job_wait) {
		vmedia_err("memory of the guest is to be left alone with a job running, and the "
			   "device cannot wait for it; this is a bug of the device");
		return;
	}
	/*
	 * The job may end in job_wait(). No other job may begin before this context has resumed or
	 * ended.
	 */
	v->scheduling = true;
	err = ctx->m2m->ops->job_wait(ctx, until);
	v->scheduling = scheduling;
	if (err)
		vmedia_warn("a job takes more than %u ms (error %d): a session that ended or was "
			    "stopped does not wait for it",
			    VMEDIA_WORKER_WAIT_MS, -err);
}

void vmedia_m2m_suspend(struct vmedia_ctx *ctx, bool on)
{
	struct vmedia_m2m *m = ctx->m2m;

	if (m->suspended == on)
		return;
	m->suspended = on;
	if (on) {
		if (m->running)
			wait_for_job(ctx);
		return;
	}
	vmedia_session_wake(ctx->s);
	vmedia_m2m_schedule(ctx);
}

/* ---- Buffers ---- */

static struct vmedia_list *ready_list(const struct vmedia_queue *q)
{
	struct vmedia_m2m *m = q->ctx->m2m;

	return q == m->src ? &m->src_ready : &m->dst_ready;
}

/*
 * Return the ready list after a check of its buffers' sizes. The check is not made when a buffer is
 * queued: one that is too small for a new resolution can still carry the LAST of the old one.
 */
static struct vmedia_list *admitted(struct vmedia_queue *q)
{
	struct vmedia_list *list = ready_list(q);
	struct vmedia_vbuf *vb, *tmp;

	if (q->unmeasured)
		vmedia_list_for_each_safe(vb, tmp, list, ready)
			vmedia_vbuf_admit(vb);
	q->unmeasured = false;
	return list;
}

static struct vmedia_buf *first(struct vmedia_queue *q, bool take)
{
	struct vmedia_list *list = admitted(q);
	struct vmedia_vbuf *vb;

	vmedia_list_for_each(vb, list, ready) {
		if (vb->held)
			continue;
		if (take)
			vmedia_list_del(&vb->ready);
		return &vb->b;
	}
	return NULL;
}

static unsigned int length(struct vmedia_queue *q)
{
	struct vmedia_list *list = admitted(q);
	struct vmedia_vbuf *vb;
	unsigned int n = 0;

	vmedia_list_for_each(vb, list, ready)
		n += !vb->held;
	return n;
}

struct vmedia_buf *vmedia_m2m_next_src(struct vmedia_ctx *ctx)
{
	return first(ctx->m2m->src, false);
}

struct vmedia_buf *vmedia_m2m_next_dst(struct vmedia_ctx *ctx)
{
	return first(ctx->m2m->dst, false);
}

struct vmedia_buf *vmedia_m2m_take_src(struct vmedia_ctx *ctx)
{
	return first(ctx->m2m->src, true);
}

struct vmedia_buf *vmedia_m2m_take_dst(struct vmedia_ctx *ctx)
{
	return first(ctx->m2m->dst, true);
}

void vmedia_m2m_put_back(struct vmedia_buf *b)
{
	struct vmedia_queue *q;

	if (!b)
		return;
	q = b->queue;
	if (q->stopping) {
		vmedia_buf_done(b, VMEDIA_BUF_ERROR);
		return;
	}
	/* The format may have changed meanwhile. */
	q->unmeasured = true;
	vmedia_list_add_head(ready_list(q), &vmedia_vbuf(b)->ready);
}

void vmedia_m2m_hold(struct vmedia_buf *b)
{
	vmedia_vbuf(b)->held = true;
}

void vmedia_m2m_release(struct vmedia_buf *b)
{
	vmedia_vbuf(b)->held = false;
}

bool vmedia_m2m_take(struct vmedia_buf *b)
{
	if (!vmedia_list_linked(&vmedia_vbuf(b)->ready) || !vmedia_vbuf_admit(vmedia_vbuf(b)))
		return false;
	vmedia_list_del(&vmedia_vbuf(b)->ready);
	return true;
}

unsigned int vmedia_m2m_num_src(const struct vmedia_ctx *ctx)
{
	return length(ctx->m2m->src);
}

unsigned int vmedia_m2m_num_dst(const struct vmedia_ctx *ctx)
{
	return length(ctx->m2m->dst);
}

struct vmedia_queue *vmedia_m2m_src(const struct vmedia_ctx *ctx)
{
	return ctx->m2m->src;
}

struct vmedia_queue *vmedia_m2m_dst(const struct vmedia_ctx *ctx)
{
	return ctx->m2m->dst;
}

void vmedia_m2m_copy_metadata(const struct vmedia_buf *src, struct vmedia_buf *dst)
{
	const uint32_t mask = V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_TSTAMP_SRC_MASK |
			      V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME | V4L2_BUF_FLAG_BFRAME;

	if (!src || !dst)
		return;
	dst->timestamp = src->timestamp;
	dst->timecode = src->timecode;
	dst->field = src->field;
	dst->flags = (dst->flags & ~mask) | (src->flags & mask);
}

/* ---- The queues' implementation ---- */

static void m2m_queue(struct vmedia_vbuf *vb)
{
	struct vmedia_queue *q = vb->b.queue;
	struct vmedia_m2m *m = q->ctx->m2m;

	vmedia_list_add_tail(ready_list(q), &vb->ready);
	/* STREAMON has checked the sizes of these buffers, and ->start() was not called yet. */
	if (q->handing)
		return;
	q->unmeasured = true;
	if (q == m->dst)
		vmedia_m2m_send_last(m);
	vmedia_m2m_schedule(q->ctx);
}

static int m2m_start(struct vmedia_queue *q, uint32_t count)
{
	struct vmedia_m2m *m = q->ctx->m2m;
	int err;

	(void)count;
	err = m->ops->start ? m->ops->start(q) : 0;
	if (err)
		return err;
	vmedia_m2m_queue_started(m, q);
	vmedia_m2m_schedule(q->ctx);
	return 0;
}

/* Return the buffers that no job has taken at once. If a job runs, the stop waits for its end. */
static int m2m_stop(struct vmedia_queue *q, bool final)
{
	struct vmedia_m2m *m = q->ctx->m2m;
	struct vmedia_list *list = ready_list(q);

	while (!vmedia_list_empty(list))
		vmedia_vbuf_return(vmedia_list_first(list, struct vmedia_vbuf, ready));
	if (m->running && !final) {
		q->hold = true;
		if (m->ops->job_abort)
			m->ops->job_abort(q->ctx);
		/* The job may have ended in job_abort(), which has then completed the stop. */
		return q->hold ? -EINPROGRESS : 0;
	}
	if (m->ops->stop)
		m->ops->stop(q);
	vmedia_m2m_queue_stopped(m, q);
	return 0;
}

/* STREAMOFF of CAPTURE ends STOPPED, and a decoder reads headers with OUTPUT alone. */
static void m2m_stopped(struct vmedia_queue *q)
{
	vmedia_m2m_schedule(q->ctx);
}

static void m2m_left(struct vmedia_vbuf *vb)
{
	struct vmedia_m2m *m = vb->b.queue->ctx->m2m;

	if (m->last_src == vb)
		m->last_src = NULL;
}

const struct vmedia_queue_impl vmedia_impl_m2m = {
	.admits = true,
	.queue = m2m_queue,
	.start = m2m_start,
	.stop = m2m_stop,
	.stopped = m2m_stopped,
	.left = m2m_left,
};

/* ---- Creation and end ---- */

int vmedia_m2m_create(struct vmedia_ctx *ctx)
{
	struct vmedia_m2m *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->ops = ctx->v->cfg.m2m;
	m->ctx = ctx;
	vmedia_list_init(&m->src_ready);
	vmedia_list_init(&m->dst_ready);
	vmedia_list_init(&m->node);
	ctx->m2m = m;
	return 0;
}

int vmedia_m2m_bind(struct vmedia_ctx *ctx)
{
	struct vmedia_m2m *m = ctx->m2m;
	unsigned int i;

	for (i = 0; i < ctx->num_queues; i++) {
		struct vmedia_queue **slot = ctx->queues[i]->output ? &m->src : &m->dst;

		if (vmedia_queue_is_video(ctx->queues[i]) && !*slot)
			*slot = ctx->queues[i];
	}
	if (!m->src || !m->dst || ctx->num_queues != 2) {
		vmedia_err("a memory-to-memory device needs one OUTPUT and one CAPTURE queue");
		return -EINVAL;
	}
	for (i = 0; i < 2; i++) {
		const struct vmedia_queue_ops *ops = ctx->queues[i]->cfg->ops;

		if (ops && (ops->buf_queue || ops->start_streaming || ops->stop_streaming)) {
			vmedia_err("queue type %u of a memory-to-memory device has buf_queue(), "
				   "start_streaming() or stop_streaming(), which are not called: "
				   "use the operations of m2m",
				   ctx->queues[i]->type);
			return -EINVAL;
		}
	}
	return 0;
}

static void orphan(struct vmedia_ctx *ctx)
{
	struct vmedia_m2m *m = ctx->m2m;

	if (m->ops->job_orphan)
		m->ops->job_orphan(ctx);
	else
		vmedia_err("a session ends with a job running, and the device cannot orphan it; "
			   "this is a bug of the device");
	m->running = false;
	ctx->v->num_jobs--;
	m->src->hold = false;
	m->dst->hold = false;
}

void vmedia_m2m_end(struct vmedia_ctx *ctx)
{
	struct vmedia_m2m *m = ctx->m2m;

	if (m->waiting)
		vmedia_list_del(&m->node);
	m->waiting = false;
	if (!m->running)
		return;
	/* The job may end below and complete a STREAMOFF, which core has answered already. */
	m->src->req = NULL;
	m->dst->req = NULL;
	/*
	 * The device's own memory is kept by the worker's reference. Guest pages are not, so wait
	 * for the job.
	 */
	if (vmedia_queue_busy(m->dst) && m->dst->memory != V4L2_MEMORY_MMAP)
		vmedia_m2m_suspend(ctx, true);
	if (m->running)
		orphan(ctx);
	m->ended = true;			/* no job begins in a context that ends */
	/* Other contexts may wait for this turn, and perhaps no other event would start them. */
	vmedia_defer(&ctx->v->turn);
}

void vmedia_m2m_destroy(struct vmedia_ctx *ctx)
{
	free(ctx->m2m);
	ctx->m2m = NULL;
}
