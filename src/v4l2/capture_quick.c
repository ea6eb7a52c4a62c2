/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Quick frame sources: they compute a frame in a short time, so the loop itself calls fill().
 *
 * A frame costs the device one wake-up for its time and one for the driver's next buffer. A source
 * with a worker costs two more thread switches. A run is `live` from start() to its end. It is
 * `due` when the frame's time has come and only a buffer is missing; capture.h says how long it
 * waits for one. A buffer that is queued then is filled as work of its session, after its QBUF is
 * answered and before the next command. While the guest is paused the clock goes on, and frames
 * pass as if there were no buffers.
 *
 * Context: the device's loop.
 */
#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "v4l2/capture.h"

/* The oldest job that still has its buffer (vmedia_queue_error() takes buffers back), or NULL. */
static struct vmedia_capture_job *pop_job(struct vmedia_capture *c)
{
	struct vmedia_capture_job *job;
	struct vmedia_list *node;

	while ((node = vmedia_list_pop(&c->queued))) {
		job = vmedia_list_entry(node, struct vmedia_capture_job, node);
		if (vmedia_buf_state(&job->vb->b) == VMEDIA_BUF_ACTIVE)
			return job;
		vmedia_capture_job_rest(job);
	}
	return NULL;
}

/* End the frames of the run. Only stop() is called afterwards. */
static void end_frames(struct vmedia_capture *c)
{
	c->live = false;
	c->due = false;
	vmedia_timer_cancel(&c->timer);
}

/* Wait for the time of the next frame, c->when. Without pacing the frame is due at once. */
static void wait_for_time(struct vmedia_capture *c)
{
	c->due = !c->cur.paced;
	if (c->cur.paced)
		vmedia_timer_arm(&c->timer, c->when);
	else if (!vmedia_list_empty(&c->queued))
		vmedia_session_work(c->q->owner);
}

/* Do not keep the loop busy with a source that has no frame, or bad ones. */
static void wait_an_interval(struct vmedia_capture *c)
{
	c->due = false;
	vmedia_timer_arm(&c->timer, vmedia_now_ns() + c->cur.interval_ns);
}

static void fill(struct vmedia_capture *c, struct vmedia_capture_job *job)
{
	uint64_t run = c->last_run;
	int err, end;

	err = vmedia_capture_fill(c, job, c->number, c->cur.paced ? c->when : vmedia_now_ns());
	if (err == -EAGAIN) {
		vmedia_list_add_head(&c->queued, &job->node);
	} else {
		if (!err)
			c->stats.frames++;
		vmedia_capture_finish(c->q, job);
	}
	/* Returning a buffer may have ended the run. */
	if (!c->live || run != c->last_run)
		return;
	end = vmedia_capture_judge(c, err);
	if (end) {
		end_frames(c);
		if (end != -ENODATA)	/* whose buffer says so itself */
			vmedia_capture_end(c->q, end);
		return;
	}
	c->when = vmedia_capture_advance(c, c->when, &c->number);
	if (err && !c->cur.paced)
		wait_an_interval(c);
	else
		wait_for_time(c);
}

static void skip(struct vmedia_capture *c)
{
	c->stats.skipped++;
	if (c->ops->skip)
		c->ops->skip(c->priv, c->number);
	c->when = vmedia_capture_advance(c, c->when, &c->number);
	wait_for_time(c);
}

static void on_time(struct vmedia_timer *t)
{
	struct vmedia_capture *c = vmedia_container_of(t, struct vmedia_capture, timer);
	uint64_t limit = c->when + c->cur.interval_ns / 2;
	struct vmedia_capture_job *job = c->suspended ? NULL : pop_job(c);

	c->due = true;
	if (job)
		fill(c, job);
	else if (!c->cur.paced)
		return;		/* the next buffer is what is waited for */
	else if (vmedia_now_ns() < limit)
		vmedia_timer_arm(&c->timer, limit);
	else
		skip(c);
}

/* Make the frame that is due, if there is a buffer. */
static void fill_due(struct vmedia_capture *c)
{
	struct vmedia_capture_job *job = c->live && c->due ? pop_job(c) : NULL;

	if (job)
		fill(c, job);
}

void vmedia_capture_work(struct vmedia_session *s)
{
	struct vmedia_ctx *ctx = vmedia_file_of(s)->ctx;
	unsigned int i;

	for (i = 0; i < ctx->num_queues; i++)
		if (ctx->queues[i]->cap && ctx->queues[i]->owner == s)
			fill_due(ctx->queues[i]->cap);
}

void vmedia_capture_quick_init(struct vmedia_capture *c)
{
	vmedia_timer_init(c->loop, &c->timer, on_time);
}

int vmedia_capture_quick_start(struct vmedia_capture *c)
{
	int err;

	c->cur = c->mode;
	memset(&c->stats, 0, sizeof(c->stats));
	c->bad_frames = 0;
	err = c->ops->start ? c->ops->start(c->priv, &c->cur) : 0;
	if (err)	/* a source must not return -EINPROGRESS */
		return err == -EINPROGRESS ? -EIO : err;
	c->quick = true;
	c->live = true;
	c->number = 0;
	c->when = vmedia_capture_first(c);
	wait_for_time(c);
	return 0;
}

void vmedia_capture_quick_queued(struct vmedia_capture *c)
{
	if (c->live && c->due)
		vmedia_session_work(c->q->owner);
}

bool vmedia_capture_quick_stop(struct vmedia_capture *c)
{
	end_frames(c);
	if (!c->quick)
		return false;
	c->quick = false;
	if (c->ops->stop)
		c->ops->stop(c->priv);
	return true;
}
