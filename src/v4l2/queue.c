/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A buffer queue: states of buffers, STREAMON, STREAMOFF, and functions for devices.
 *
 * Theory of operation: <vmedia/queue.h>. Only this file and qbuf.c change a buffer's state. They
 * maintain these invariants:
 *
 *   QUEUED or ACTIVE  <=>  node in queue->queued, counted in num_queued
 *   ACTIVE            <=>  counted in num_active
 *   DONE or ERROR     <=>  node in queue->done
 */
#include <errno.h>

#include <linux/videodev2.h>

#include "base/checked.h"
#include "base/fd.h"
#include "base/log.h"
#include "v4l2/dispatch.h"
#include "v4l2/format.h"

/* ---- The plain implementation: the device's own operations ---- */

static void plain_queue(struct vmedia_vbuf *vb)
{
	const struct vmedia_queue_ops *ops = vb->b.queue->cfg->ops;

	if (ops && ops->buf_queue)
		ops->buf_queue(&vb->b);
}

static int plain_start(struct vmedia_queue *q, uint32_t count)
{
	const struct vmedia_queue_ops *ops = q->cfg->ops;

	return ops && ops->start_streaming ? ops->start_streaming(q, count) : 0;
}

static int plain_stop(struct vmedia_queue *q, bool final)
{
	const struct vmedia_queue_ops *ops = q->cfg->ops;

	int err = ops && ops->stop_streaming ? ops->stop_streaming(q, final) : 0;

	return err == -EINPROGRESS && !q->num_active ? 0 : err;
}

const struct vmedia_queue_impl vmedia_impl_plain = {
	.queue = plain_queue,
	.start = plain_start,
	.stop = plain_stop,
};

int vmedia_queue_check_owner(const struct vmedia_queue *q, const struct vmedia_session *s)
{
	return q->owner && q->owner != s ? -EBUSY : 0;
}

/* ---- Buffers between the queue and the device ---- */

static void call_finish(struct vmedia_vbuf *vb)
{
	const struct vmedia_queue_ops *ops = vb->b.queue->cfg->ops;

	if (vb->prepared && ops && ops->buf_finish)
		ops->buf_finish(&vb->b);
	vb->prepared = false;
}

void vmedia_vbuf_return(struct vmedia_vbuf *vb)
{
	struct vmedia_queue *q = vb->b.queue;

	vmedia_copy_cancel(vb);
	if (vb->state == VMEDIA_BUF_DEQUEUED)
		return;
	vmedia_list_del(&vb->node);
	vmedia_list_del(&vb->ready);
	if (vb->state == VMEDIA_BUF_QUEUED || vb->state == VMEDIA_BUF_ACTIVE)
		q->num_queued--;
	if (vb->state == VMEDIA_BUF_ACTIVE)
		q->num_active--;
	if (q->impl->left)
		q->impl->left(vb);
	call_finish(vb);
	vb->state = VMEDIA_BUF_DEQUEUED;
}

bool vmedia_file_stopping(const struct vmedia_file *f)
{
	const struct vmedia_queue *q;
	unsigned int i;

	for (i = 0; i < f->ctx->num_queues; i++) {
		q = f->ctx->queues[i];
		if (q->owner == f->s && q->stopping && (q->num_active || q->hold))
			return true;
	}
	return false;
}

/* Complete CLOSE of @s if it waited for a queue and the last such queue has now stopped. */
static void check_closing(struct vmedia_session *s)
{
	struct vmedia_file *f = vmedia_file_of(s);

	if (!f->closing || vmedia_file_stopping(f))
		return;
	f->closing = false;
	vmedia_session_closed(s);
}

void vmedia_queue_check_stopped(struct vmedia_queue *q)
{
	struct vmedia_request *req = q->req;

	if (!q->stopping || q->num_active || q->hold)
		return;
	q->stopping = false;
	q->req = NULL;
	if (req)
		vmedia_request_complete(req, 0);
	if (q->owner)
		check_closing(q->owner);
}

/* Complete field, timestamp and sequence number of a finished buffer. */
static void complete_metadata(struct vmedia_queue *q, struct vmedia_vbuf *vb)
{
	struct vmedia_buf *b = &vb->b;

	if (!vb->own_sequence)
		b->sequence = q->sequence;
	q->sequence = b->sequence + 1;
	if (!q->output && q->ts_flags & V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC && !b->timestamp)
		b->timestamp = vmedia_now_ns();
	if (b->field == V4L2_FIELD_ANY && vmedia_queue_is_video(q))
		b->field = q->mplane ? q->fmt.fmt.pix_mp.field : q->fmt.fmt.pix.field;
	if (b->field == V4L2_FIELD_ANY)
		b->field = V4L2_FIELD_NONE;
}

void vmedia_buf_done(struct vmedia_buf *b, enum vmedia_buf_state state)
{
	struct vmedia_vbuf *vb;
	struct vmedia_queue *q;
	uint32_t i;

	if (!b)
		return;
	vb = vmedia_vbuf(b);
	q = b->queue;
	if (vb->state != VMEDIA_BUF_ACTIVE) {
		vmedia_err("buffer %u of queue type %u was given back in state %d; this is a bug "
			   "of the device",
			   b->index, q->type, vb->state);
		return;
	}
	if (q->stopping) {
		vmedia_vbuf_return(vb);
		vmedia_queue_check_stopped(q);
		return;
	}
	if (state == VMEDIA_BUF_QUEUED) {
		vb->state = VMEDIA_BUF_QUEUED;
		q->num_active--;
		return;
	}
	complete_metadata(q, vb);
	for (i = 0; i < b->num_planes && !q->output; i++)
		if (b->planes[i].bytesused > b->planes[i].length)
			b->planes[i].bytesused = b->planes[i].length;
	for (i = 0; i < b->num_planes; i++)
		if (vmedia_backing_broken(b->planes[i].mem))
			state = VMEDIA_BUF_ERROR;
	vmedia_list_del(&vb->node);
	vmedia_list_del(&vb->ready);
	if (q->impl->left)
		q->impl->left(vb);
	q->num_queued--;
	q->num_active--;
	vb->state = state == VMEDIA_BUF_ERROR ? VMEDIA_BUF_ERROR : VMEDIA_BUF_DONE;
	vb->stamp = q->ctx->v->stamp++;
	vmedia_list_add_tail(&q->done, &vb->node);
	if (q->owner)
		vmedia_session_wake(q->owner);
}

/* True if each plane is large enough for the data that the device reads or writes in it. */
static bool fits(const struct vmedia_vbuf *vb)
{
	uint32_t need[VMEDIA_MAX_PLANES], n = vmedia_queue_plane_needs(vb->b.queue, need), i;
	const struct vmedia_buf_plane *p = vb->b.planes;

	if (vb->b.num_planes != n)
		return false;
	for (i = 0; i < n; i++)
		if ((uint64_t)p[i].data_offset + need[i] > p[i].length)
			return false;
	return true;
}

static void give_back_error(struct vmedia_vbuf *vb)
{
	if (vb->state == VMEDIA_BUF_QUEUED) {
		vb->state = VMEDIA_BUF_ACTIVE;
		vb->b.queue->num_active++;
	}
	vmedia_buf_done(&vb->b, VMEDIA_BUF_ERROR);
}

bool vmedia_vbuf_admit(struct vmedia_vbuf *vb)
{
	if (fits(vb))
		return true;
	vmedia_dbg("buffer %u of queue type %u is too small for the present format; it goes back "
		   "with an error",
		   vb->b.index, vb->b.queue->type);
	vb->flushed = true;	/* nothing was written */
	vb->own_sequence = false;
	give_back_error(vb);
	return false;
}

static void hand_over(struct vmedia_vbuf *vb)
{
	struct vmedia_queue *q = vb->b.queue;

	vb->state = VMEDIA_BUF_ACTIVE;
	q->num_active++;
	vb->flushed = false;
	vmedia_copy_reset(vb);
	vb->own_sequence = false;
	q->impl->queue(vb);
}

void vmedia_queue_activate(struct vmedia_vbuf *vb)
{
	if (vb->b.queue->impl->admits || vmedia_vbuf_admit(vb))
		hand_over(vb);
}

/* ---- Start and stop ---- */

/* After a failed start, take back the buffers that the device did not give back. */
static void take_back(struct vmedia_queue *q)
{
	struct vmedia_vbuf *vb;

	vmedia_list_for_each(vb, &q->queued, node) {
		vmedia_list_del(&vb->ready);
		if (vb->state == VMEDIA_BUF_ACTIVE) {
			vb->state = VMEDIA_BUF_QUEUED;
			q->num_active--;
		}
	}
}

int vmedia_queue_start(struct vmedia_queue *q)
{
	struct vmedia_vbuf *vb, *tmp;
	uint32_t count;
	int err;

	vmedia_list_for_each_safe(vb, tmp, &q->queued, node)
		vmedia_vbuf_admit(vb);
	count = q->num_queued;
	if (count < q->cfg->min_queued)
		return 0;
	q->started = true;
	q->handing = true;
	vmedia_list_for_each_safe(vb, tmp, &q->queued, node)
		hand_over(vb);
	q->handing = false;
	err = q->impl->start(q, count);
	if (err == -EINPROGRESS) {
		q->starting = true;
	} else if (err) {
		q->started = false;
		take_back(q);
	}
	return err;
}

void vmedia_queue_started(struct vmedia_queue *q, int err)
{
	struct vmedia_request *req = q->req;

	if (!q->starting)
		return;
	q->starting = false;
	q->req = NULL;
	if (err) {
		q->started = false;
		q->streaming = false;
		take_back(q);
	}
	if (req)
		vmedia_request_complete(req, err);
}

int vmedia_queue_cancel(struct vmedia_queue *q, bool final)
{
	bool wait = false;
	uint32_t i;
	int err;

	if (final) {
		q->req = NULL;
		q->starting = false;
	}
	if (q->started || q->stopping) {
		q->started = false;
		q->stopping = false;
		err = q->impl->stop(q, final);
		wait = err == -EINPROGRESS && !final;
		if (err && err != -EINPROGRESS)
			vmedia_warn("queue type %u: the device stopped with error %d; its buffers "
				    "are taken back",
				    q->type, -err);
	}
	q->streaming = false;
	q->error = false;
	for (i = 0; i < q->max_bufs; i++)
		if (q->bufs[i] && !(wait && q->bufs[i]->state == VMEDIA_BUF_ACTIVE))
			vmedia_vbuf_return(q->bufs[i]);
	q->stopping = wait;
	return wait ? -EINPROGRESS : 0;
}

/* Find the queue that STREAMON or STREAMOFF names, if @f may change it. */
static int stream_queue(const struct vmedia_file *f, struct vmedia_request *req,
			struct vmedia_queue **q)
{
	int err = vmedia_prio_check(f);

	*q = vmedia_ctx_queue(f->ctx, vmedia_request_ioctl(req)->arg.u32);
	if (!*q)
		return -EINVAL;
	return err ? err : vmedia_queue_check_owner(*q, f->s);
}

int vmedia_do_streamon(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_queue *q;
	int err = stream_queue(f, req, &q);

	if (err)
		return err;
	if (q->error)
		return -EIO;
	if (q->streaming)
		return 0;
	if (!q->num_bufs || q->num_bufs < q->cfg->min_queued)
		return -EINVAL;
	q->sequence = 0;
	q->streaming = true;
	err = vmedia_queue_start(q);
	if (err == -EINPROGRESS)
		q->req = req;
	else if (err)
		q->streaming = false;
	return err;
}

int vmedia_do_streamoff(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_queue *q;
	int err = stream_queue(f, req, &q);

	if (err)
		return err;
	err = vmedia_queue_cancel(q, false);
	if (err == -EINPROGRESS)
		q->req = req;
	else if (!err && q->impl->stopped)
		q->impl->stopped(q);
	return err;
}

void vmedia_queue_error(struct vmedia_queue *q)
{
	struct vmedia_vbuf *vb, *tmp;

	q->error = true;
	vmedia_list_for_each_safe(vb, tmp, &q->queued, node)
		if (!q->impl->revoke || q->impl->revoke(vb))
			give_back_error(vb);
}

/* ---- Getters and setters for devices ---- */

struct vmedia_ctx *vmedia_queue_ctx(const struct vmedia_queue *q)
{
	return q->ctx;
}

uint32_t vmedia_queue_type(const struct vmedia_queue *q)
{
	return q->type;
}

bool vmedia_queue_is_output(const struct vmedia_queue *q)
{
	return q->output;
}

bool vmedia_queue_streaming(const struct vmedia_queue *q)
{
	return q->streaming;
}

bool vmedia_queue_busy(const struct vmedia_queue *q)
{
	return q->owner;
}

uint32_t vmedia_queue_num_buffers(const struct vmedia_queue *q)
{
	return q->num_bufs;
}

uint32_t vmedia_queue_num_queued(const struct vmedia_queue *q)
{
	return q->num_queued;
}

struct vmedia_session *vmedia_queue_owner(const struct vmedia_queue *q)
{
	return q->owner;
}

struct vmedia_buf *vmedia_queue_buf(struct vmedia_queue *q, uint32_t index)
{
	return index < q->max_bufs && q->bufs[index] ? &q->bufs[index]->b : NULL;
}

const struct vmedia_format *vmedia_queue_format(const struct vmedia_queue *q)
{
	return &q->fmt;
}

const struct vmedia_pixfmt *vmedia_queue_pixfmt(const struct vmedia_queue *q)
{
	return q->pf;
}

struct vmedia_fract vmedia_queue_interval(const struct vmedia_queue *q)
{
	return q->interval;
}

void vmedia_buf_set_sequence(struct vmedia_buf *b, uint32_t sequence)
{
	b->sequence = sequence;
	vmedia_vbuf(b)->own_sequence = true;
}

enum vmedia_buf_state vmedia_buf_state(const struct vmedia_buf *b)
{
	return vmedia_container_of(b, const struct vmedia_vbuf, b)->state;
}

void *vmedia_buf_plane(const struct vmedia_buf *b, uint32_t plane)
{
	if (plane >= b->num_planes || !b->planes[plane].mem)
		return NULL;
	return vmedia_backing_addr(b->planes[plane].mem);
}
