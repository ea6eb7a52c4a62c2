/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frame sources: the end of a job, and what its buffer becomes. Both capture.c and capture_quick.c
 * end their jobs here. Theory: capture.h.
 *
 * Context: the device's loop.
 */
#include <errno.h>

#include <linux/videodev2.h>

#include "base/log.h"
#include "v4l2/capture.h"

void vmedia_capture_job_rest(struct vmedia_capture_job *job)
{
	uint32_t i;

	for (i = 0; i < job->num_planes; i++) {
		vmedia_backing_put(job->mem[i]);
		job->mem[i] = NULL;
	}
	job->num_planes = 0;
}

void vmedia_capture_finish(struct vmedia_queue *q, struct vmedia_capture_job *job)
{
	struct vmedia_vbuf *vb = job->vb;
	struct vmedia_buf *b = &vb->b;
	uint32_t i;

	for (i = 0; i < b->num_planes; i++)
		b->planes[i].bytesused = job->bytesused[i];
	b->timestamp = job->timestamp;
	b->flags |= job->flags &
		    (V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME | V4L2_BUF_FLAG_BFRAME);
	vb->flushed = !q->cap->quick;
	vmedia_capture_job_rest(job);
	if (q->stopping) {
		vmedia_buf_done(b, VMEDIA_BUF_ERROR);
		return;
	}
	vmedia_buf_set_sequence(b, (uint32_t)job->number);
	if (job->err == -ENODATA) {
		vmedia_ctx_event_eos(q->ctx);
		b->flags |= V4L2_BUF_FLAG_LAST;
	}
	vmedia_buf_done(b, q->error || (job->err && job->err != -ENODATA) ? VMEDIA_BUF_ERROR
									  : VMEDIA_BUF_DONE);
}

void vmedia_capture_end(struct vmedia_queue *q, int err)
{
	if (err != -ENODEV)
		return;
	vmedia_warn("the frame source of queue type %u is gone; its buffers go back with an error",
		    q->type);
	vmedia_queue_error(q);
}
