/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frame sources: the worker's half. Takes the frame's time, a buffer, and calls the source.
 *
 * Context: the worker thread; the lock is held except where a function says that it drops it.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "base/thread.h"
#include "v4l2/capture.h"

#define SKIPPED 1

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / 1000000000u),
				  .tv_nsec = (long)(ns % 1000000000u) };
}

static bool over(const struct vmedia_capture *c)
{
	return c->quit || c->want != c->run;
}

/* Sleep until @when, or until the run is over. */
static void sleep_until(struct vmedia_capture *c, uint64_t when)
{
	struct timespec ts = to_timespec(when);

	while (!over(c) && vmedia_now_ns() < when)
		pthread_cond_timedwait(&c->to_worker, &c->lock, &ts);
}

/*
 * The oldest job, waiting for one until @limit (0: for ever); NULL if none came or the run is over.
 */
static struct vmedia_capture_job *take_job(struct vmedia_capture *c, uint64_t limit)
{
	struct timespec ts = to_timespec(limit);
	struct vmedia_list *node;

	while ((vmedia_list_empty(&c->queued) || c->suspended) && !over(c) &&
	       (!limit || vmedia_now_ns() < limit)) {
		c->starving = true;
		if (limit)
			pthread_cond_timedwait(&c->to_worker, &c->lock, &ts);
		else
			pthread_cond_wait(&c->to_worker, &c->lock);
		c->starving = false;
	}
	if (over(c) || c->suspended)
		return NULL;
	node = vmedia_list_pop(&c->queued);
	return node ? vmedia_list_entry(node, struct vmedia_capture_job, node) : NULL;
}

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

/* Fill one job. Drops the lock around the source's work. */
static int fill(struct vmedia_capture *c, struct vmedia_capture_job *job, uint64_t number,
		uint64_t when)
{
	int err;

	c->inflight = job;
	pthread_mutex_unlock(&c->lock);
	err = vmedia_capture_fill(c, job, number, when);
	pthread_mutex_lock(&c->lock);
	c->inflight = NULL;
	pthread_cond_signal(&c->to_loop);
	return err;
}

/* A filled job goes to the loop, or away if its buffer did. Drops the lock meanwhile. */
static void hand_back(struct vmedia_capture *c, struct vmedia_capture_job *job)
{
	if (job->orphan) {
		pthread_mutex_unlock(&c->lock);
		vmedia_capture_job_drop(job);
		pthread_mutex_lock(&c->lock);
		return;
	}
	vmedia_list_add_tail(&c->done, &job->node);
	/* Not under the lock, which is the first thing that the loop takes when it wakes. */
	pthread_mutex_unlock(&c->lock);
	vmedia_loop_post(c->loop, &c->post);
	pthread_mutex_lock(&c->lock);
}

/* The run ends by itself: @err is -ENODATA or -ENODEV. */
static void end_run(struct vmedia_capture *c, int err)
{
	c->end_err = err;
	c->end_run = c->run;
	vmedia_loop_post(c->loop, &c->post);
	while (!over(c))
		pthread_cond_wait(&c->to_worker, &c->lock);
}

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

/* The frame at @when: filled, SKIPPED, or nothing to show. Returns what the source said. */
static int one_frame(struct vmedia_capture *c, uint64_t number, uint64_t when)
{
	uint64_t limit = c->cur.paced ? when + c->cur.interval_ns / 2 : 0;
	struct vmedia_capture_job *job = take_job(c, limit);
	int err;

	if (!job) {
		if (over(c))
			return SKIPPED;
		c->stats.skipped++;
		if (c->ops->skip) {
			pthread_mutex_unlock(&c->lock);
			c->ops->skip(c->priv, number);
			pthread_mutex_lock(&c->lock);
		}
		return SKIPPED;
	}
	err = fill(c, job, number, c->cur.paced ? when : vmedia_now_ns());
	if (err == -EAGAIN && !job->orphan && !over(c)) {
		vmedia_list_add_head(&c->queued, &job->node);
		return err;
	}
	if (!err)
		c->stats.frames++;
	hand_back(c, job);
	return err;
}

/* The source ended between frames: the next buffer carries the end. */
static void send_end(struct vmedia_capture *c, uint64_t number, uint64_t when)
{
	struct vmedia_capture_job *job = take_job(c, 0);

	if (!job)
		return;
	job->err = -ENODATA;
	job->number = number;
	job->timestamp = when;
	job->flags = 0;
	memset(job->bytesused, 0, sizeof(job->bytesused));
	hand_back(c, job);
}

/* Frames whose time passed while the source was at work are lost; it goes on by the clock. */
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

/* When the source says the next frame is; drops the lock meanwhile. */
static int ask_next(struct vmedia_capture *c, uint64_t *when, uint64_t *number)
{
	uint64_t asked = *when;
	int err;

	pthread_mutex_unlock(&c->lock);
	err = c->ops->next(c->priv, when);
	pthread_mutex_lock(&c->lock);
	if (c->cur.paced && *when == asked)
		lose_late(c, when, number);
	return err;
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

static void run_frames(struct vmedia_capture *c)
{
	uint64_t number = 0, when = vmedia_capture_first(c);
	int err, end;

	c->bad_frames = 0;
	while (!over(c)) {
		err = c->ops->next ? ask_next(c, &when, &number) : 0;
		if (over(c))
			return;
		if (err == -ENODATA)
			send_end(c, number, vmedia_now_ns());
		if (!err) {
			if (c->cur.paced)
				sleep_until(c, when);
			if (!over(c))
				err = one_frame(c, number, when);
		}
		end = vmedia_capture_judge(c, err);
		if (end) {
			end_run(c, end);
			return;
		}
		/* A source without a frame, or a bad one, must not spin. */
		if (err < 0 && (!c->cur.paced || c->ops->next))
			sleep_until(c, vmedia_now_ns() + c->cur.interval_ns);
		when = vmedia_capture_advance(c, when, &number);
	}
}

static void one_run(struct vmedia_capture *c)
{
	int err = 0;

	c->run = c->want;
	c->cur = c->mode;
	memset(&c->stats, 0, sizeof(c->stats));
	pthread_mutex_unlock(&c->lock);
	if (c->ops->start)
		err = c->ops->start(c->priv, &c->cur);
	pthread_mutex_lock(&c->lock);
	c->started_run = c->run;
	c->started_err = err;
	c->started_new = true;
	vmedia_loop_post(c->loop, &c->post);
	if (err)
		return;
	run_frames(c);
	if (c->ops->stop) {
		pthread_mutex_unlock(&c->lock);
		c->ops->stop(c->priv);
		pthread_mutex_lock(&c->lock);
	}
}

void *vmedia_capture_thread(void *arg)
{
	struct vmedia_capture *c = arg;

	vmedia_thread_name("vmedia-frames");
	pthread_mutex_lock(&c->lock);
	while (!c->quit) {
		if (c->want && c->want != c->run) {
			c->working = true;
			one_run(c);
			c->working = false;
		} else {
			pthread_cond_wait(&c->to_worker, &c->lock);
		}
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}
