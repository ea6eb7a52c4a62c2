/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copies of buffers whose guest pages cannot be mapped as one piece, between the pages and the
 * private copy that stands for them.
 *
 * Theory of operation: the loop copies one step (VMEDIA_COPY_STEP) of one buffer in a round. So a
 * long copy delays only the session of its buffer, and when the pages are taken away there is no
 * thread to wait for. Input of the device is fetched in QBUF, whose answer waits for the copy.
 * Output of the device is flushed before its event is sent. (A frame source's worker copies its own
 * frames: capture_worker.c.) Most copies take one step, and then nothing waits.
 *
 * While the guest is suspended nothing is copied. A QBUF is cancelled; an event waits.
 */
#include <errno.h>

#include "v4l2/queue.h"

/* Do one step. Returns true if more steps follow. */
static bool step(struct vmedia_vbuf *vb)
{
	const struct vmedia_buf_plane *p;
	bool more;

	while (vb->copy_plane < vb->b.num_planes) {
		p = &vb->b.planes[vb->copy_plane];
		more = vb->b.queue->output
			       ? vmedia_backing_fetch_step(p->mem, p->bytesused, &vb->copy)
			       : vmedia_backing_flush_step(p->mem, p->bytesused, &vb->copy);
		if (more)
			return true;
		vb->copy_plane++;
		vb->copy = (struct vmedia_copy){ 0 };
	}
	return false;
}

static void go_on(struct vmedia_vbuf *vb)
{
	struct vmedia_video *v = vb->b.queue->ctx->v;

	vmedia_list_add_tail(&v->copies, &vb->copying);
	vmedia_defer(&v->copier);
}

static void end(struct vmedia_vbuf *vb)
{
	struct vmedia_request *req = vb->copy_req;

	vb->copy_req = NULL;
	if (req) {
		vb->copied(vb, req, 0);
		return;
	}
	vb->flushed = true;
	if (vb->b.queue->owner)
		vmedia_session_wake(vb->b.queue->owner);
}

static void on_turn(struct vmedia_deferred *d)
{
	struct vmedia_video *v = vmedia_container_of(d, struct vmedia_video, copier);
	struct vmedia_vbuf *vb;

	if (vmedia_list_empty(&v->copies))
		return;
	vb = vmedia_list_first(&v->copies, struct vmedia_vbuf, copying);
	vmedia_list_del(&vb->copying);
	if (step(vb))
		go_on(vb);
	else
		end(vb);
	if (!vmedia_list_empty(&v->copies))
		vmedia_defer(d);
}

void vmedia_copy_init(struct vmedia_video *v)
{
	vmedia_list_init(&v->copies);
	vmedia_deferred_init(v->loop, &v->copier, on_turn);
}

void vmedia_copy_finish(struct vmedia_video *v)
{
	vmedia_deferred_cancel(&v->copier);
}

void vmedia_copy_reset(struct vmedia_vbuf *vb)
{
	vb->copy_plane = 0;
	vb->copy = (struct vmedia_copy){ 0 };
}

int vmedia_copy_in(struct vmedia_vbuf *vb, struct vmedia_request *req)
{
	vmedia_copy_reset(vb);
	if (!vb->b.queue->output || !step(vb))
		return 0;
	vb->copy_req = req;
	go_on(vb);
	return -EINPROGRESS;
}

bool vmedia_copy_out(struct vmedia_vbuf *vb)
{
	if (vb->flushed || vb->b.queue->output)
		return true;
	if (vb->b.queue->ctx->suspended || vmedia_list_linked(&vb->copying))
		return false;
	if (step(vb)) {
		go_on(vb);
		return false;
	}
	vb->flushed = true;
	return true;
}

void vmedia_copy_cancel(struct vmedia_vbuf *vb)
{
	vmedia_list_del(&vb->copying);
	vb->copy_req = NULL;
}

void vmedia_copy_suspend(struct vmedia_ctx *ctx)
{
	struct vmedia_vbuf *vb, *tmp;
	struct vmedia_request *req;

	vmedia_list_for_each_safe(vb, tmp, &ctx->v->copies, copying) {
		if (vb->b.queue->ctx != ctx)
			continue;
		req = vb->copy_req;
		vmedia_copy_cancel(vb);
		if (req)
			vb->copied(vb, req, -ECANCELED);
	}
}
