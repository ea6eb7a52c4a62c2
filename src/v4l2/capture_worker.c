/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frame sources: the jobs of their worker, which wait for a frame's time and call the source.
 *
 * Context: in run() of a job. A quick run calls some of these functions on the loop.
 */
#include <errno.h>
#include <string.h>

#include "v4l2/capture.h"

#define STOPPED 1

/* ---- A frame ---- */

static void describe(const struct vmedia_capture *c, const struct vmedia_capture_job *job,
		     struct vmedia_frame *f)
{
	const struct vmedia_picture_layout *l = &c->cur.layout;
	uint32_t i;

	for (i = 0; i < job->num_planes; i++) {
		f->mem[i] = vmedia_backing_addr(job->mem[i]);
		f->size[i] = job->length[i];
		if (c->cur.pixfmt && c->cur.pixfmt->kind != VMEDIA_PIXFMT_CODED)
			f->bytesused[i] = l->sizeimage[i];
	}
	for (i = 0; i < l->num_colour; i++) {
		f->data[i] = f->mem[l->colour[i].mem] + l->colour[i].offset;
		f->stride[i] = (int)l->colour[i].stride;
	}
	if (!l->num_colour)
		f->data[0] = f->mem[0];
}

int vmedia_capture_fill(struct vmedia_capture *c, struct vmedia_capture_job *job, uint64_t number,
			uint64_t when)
{
	struct vmedia_frame f = {
		.mode = &c->cur, .ctx = c->ctx, .number = number, .timestamp = when
	};
	uint32_t i;
	int err;

	f.num_planes = job->num_planes;
	describe(c, job, &f);
	err = c->ops->fill(c->priv, &f);
	for (i = 0; i < job->num_planes; i++) {
		job->bytesused[i] = err				 ? 0
				    : f.bytesused[i] < f.size[i] ? f.bytesused[i]
								 : f.size[i];
		if (!err && !c->quick)
			vmedia_backing_flush(job->mem[i], job->bytesused[i]);
	}
	job->timestamp = f.timestamp;
	job->flags = f.flags;
	job->number = number;
	job->err = err;
	return err;
}

/* The source ended between frames: report the end with this buffer. */
static void fill_end(struct vmedia_capture *c, struct vmedia_capture_job *job)
{
	job->err = -ENODATA;
	job->number = c->number;
	job->timestamp = vmedia_now_ns();
	job->flags = 0;
	memset(job->bytesused, 0, sizeof(job->bytesused));
}

/* ---- The clock ---- */

int vmedia_capture_judge(struct vmedia_capture *c, int err)
{
	if (!err)
		c->bad_frames = 0;
	if (err >= 0 || err == -EAGAIN)
		return 0;
	if (err == -ENODATA)
		return err;
	c->stats.errors++;
	if (err != -ENODEV && ++c->bad_frames < VMEDIA_CAPTURE_MAX_ERRORS)
		return 0;
	return -ENODEV;
}

/* Skip the frames whose time passed while the source was busy. The next one comes at its time. */
static void lose_late(struct vmedia_capture *c, uint64_t *when, uint64_t *number)
{
	uint64_t interval = c->cur.interval_ns, now = vmedia_now_ns(), lost;

	if (now < *when + interval)
		return;
	lost = (now - *when) / interval;
	c->stats.late += lost;
	*number += lost;
	*when += lost * interval;
}

uint64_t vmedia_capture_first(const struct vmedia_capture *c)
{
	return vmedia_now_ns() + (c->cur.paced ? c->cur.interval_ns : 0);
}

uint64_t vmedia_capture_advance(struct vmedia_capture *c, uint64_t when, uint64_t *number)
{
	(*number)++;
	if (!c->cur.paced)
		return vmedia_now_ns();
	when += c->cur.interval_ns;
	if (!c->ops->next)
		lose_late(c, &when, number);
	return when;
}

static void next_frame(struct vmedia_capture *c)
{
	c->asked = false;
	c->when = vmedia_capture_advance(c, c->when, &c->number);
}

void vmedia_capture_pass(struct vmedia_capture *c)
{
	c->stats.skipped++;
	next_frame(c);
}

/* End the current frame with the result @err. Returns the reason if this ends the run, else 0. */
static int end_frame(struct vmedia_capture *c, int err)
{
	int end = vmedia_capture_judge(c, err);

	if (end) {
		c->over = true;
		return end;
	}
	next_frame(c);
	/* Do not spin on a source that has no frame, or bad ones. */
	if (err < 0 && (!c->cur.paced || c->ops->next)) {
		c->pause = vmedia_now_ns() + c->cur.interval_ns;
		if (!c->cur.paced)
			c->when = c->pause;
	}
	return 0;
}

/* Ask the source for the time of the next frame. Returns 0, the source's error, or STOPPED. */
static int ask(struct vmedia_capture *c, struct vmedia_worker *w)
{
	uint64_t when = c->when;

	if (c->pause && vmedia_worker_wait_until(w, c->pause))
		return STOPPED;
	c->pause = 0;
	if (!c->ops->next)
		return 0;
	if (c->asked)
		return c->asked_err;
	if (vmedia_worker_wait_begin(w))
		return STOPPED;
	c->asked_err = c->ops->next(c->priv, &c->when);
	if (c->asked_err > 0)
		c->asked_err = -EIO;
	c->asked = true;
	if (c->cur.paced && c->when == when)
		lose_late(c, &c->when, &c->number);
	return vmedia_worker_wait_end(w) ? STOPPED : c->asked_err;
}

/* ---- Jobs ---- */

void vmedia_capture_run_start(struct vmedia_worker *w, struct vmedia_job *work)
{
	struct vmedia_capture_run *run =
		vmedia_container_of(work, struct vmedia_capture_run, start);
	struct vmedia_capture *c = run->c;
	int err = 0;

	c->cur = run->mode;
	memset(&c->stats, 0, sizeof(c->stats));
	c->bad_frames = 0;
	c->asked = false;
	c->pause = 0;
	/* start() may wait for something outside, for instance when it opens a network source. */
	if (c->ops->start && vmedia_worker_wait_begin(w)) {
		err = -ECANCELED;
	} else if (c->ops->start) {
		err = c->ops->start(c->priv, &c->cur);
		vmedia_worker_wait_end(w);
	}
	/* A source must not return -EINPROGRESS: the framework uses it. */
	run->err = err == -EINPROGRESS ? -EIO : err;
	c->over = run->err;
	c->number = 0;
	c->when = vmedia_capture_first(c);
}

void vmedia_capture_run_stop(struct vmedia_worker *w, struct vmedia_job *work)
{
	struct vmedia_capture_run *run = vmedia_container_of(work, struct vmedia_capture_run, stop);

	(void)w;
	if (!run->err && run->c->ops->stop)
		run->c->ops->stop(run->c->priv);
}

void vmedia_capture_run_frame(struct vmedia_worker *w, struct vmedia_job *work)
{
	struct vmedia_capture_job *job = vmedia_container_of(work, struct vmedia_capture_job, work);
	struct vmedia_capture *c = job->c;
	int err;

	job->filled = false;
	job->end = 0;
	while (!c->over && !job->filled) {
		err = ask(c, w);
		if (!err && c->cur.paced && vmedia_worker_wait_until(w, c->when))
			err = STOPPED;
		if (err == STOPPED)
			break;
		if (err == -ENODATA) {
			fill_end(c, job);
			job->filled = true;
		} else if (!err) {
			err = vmedia_capture_fill(c, job, c->number,
						  c->cur.paced ? c->when : vmedia_now_ns());
			job->filled = err != -EAGAIN;
			if (!err)
				c->stats.frames++;
		}
		job->end = end_frame(c, err);
	}
	job->stats = c->stats;
}

void vmedia_capture_run_tick(struct vmedia_worker *w, struct vmedia_job *work)
{
	struct vmedia_capture *c = vmedia_container_of(work, struct vmedia_capture, tick);
	bool asked = c->asked;
	int err;

	c->tick_end = 0;
	if (c->over)
		return;
	err = ask(c, w);
	if (err == STOPPED || err == -ENODATA)	/* whose end the next buffer carries */
		return;
	if (err) {
		c->tick_end = end_frame(c, err);
	} else if (!c->ops->next || asked) {
		if (c->ops->skip)
			c->ops->skip(c->priv, c->number);
		vmedia_capture_pass(c);
	}
}
