/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frame sources: the loop's half. Hands buffers to the worker and results to the queue. Theory:
 * capture.h.
 *
 * Context: the device's loop.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/videodev2.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/thread.h"
#include "v4l2/capture.h"
#include "v4l2/format.h"

#define DEFAULT_INTERVAL_NS 33333333u

void vmedia_capture_job_drop(struct vmedia_capture_job *job)
{
	uint32_t i;

	for (i = 0; i < job->num_planes; i++)
		vmedia_backing_put(job->mem[i]);
	free(job);
}

void vmedia_capture_job_rest(struct vmedia_capture_job *job)
{
	uint32_t i;

	for (i = 0; i < job->num_planes; i++) {
		vmedia_backing_put(job->mem[i]);
		job->mem[i] = NULL;
	}
	job->num_planes = 0;
}

/* ---- Buffers to the worker ---- */

static void capture_queue(struct vmedia_vbuf *vb)
{
	struct vmedia_capture *c = vb->b.queue->cap;
	struct vmedia_capture_job *job = vb->impl;
	uint32_t i;

	if (!job) {
		job = calloc(1, sizeof(*job));
		if (!job) {
			vmedia_buf_done(&vb->b, VMEDIA_BUF_ERROR);
			return;
		}
		vmedia_list_init(&job->node);
		job->vb = vb;
		vb->impl = job;
	}
	job->num_planes = vb->b.num_planes;
	for (i = 0; i < job->num_planes; i++) {
		job->mem[i] = vmedia_backing_get(vb->b.planes[i].mem);
		job->length[i] = vb->b.planes[i].length;
	}
	pthread_mutex_lock(&c->lock);
	vmedia_list_add_tail(&c->queued, &job->node);
	if (c->starving)
		pthread_cond_signal(&c->to_worker);
	pthread_mutex_unlock(&c->lock);
	vmedia_capture_quick_queued(c);
}

/* The buffer goes. Its job goes with it, or is left to the worker that is filling it. */
static void capture_cleanup(struct vmedia_vbuf *vb)
{
	struct vmedia_capture *c = vb->b.queue->cap;
	struct vmedia_capture_job *job = vb->impl;

	if (!job)
		return;
	pthread_mutex_lock(&c->lock);
	job->vb = NULL;
	job->orphan = c->inflight == job;
	vmedia_list_del(&job->node);
	if (job->orphan)
		job = NULL;
	pthread_mutex_unlock(&c->lock);
	if (job)
		vmedia_capture_job_drop(job);
	vb->impl = NULL;
}

/* ---- Results from the worker ---- */

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
	vmedia_buf_done(b, job->err && job->err != -ENODATA ? VMEDIA_BUF_ERROR : VMEDIA_BUF_DONE);
}

/*
 * Jobs of which the buffer was taken back already only rest; one at a time, as a result may lead
 * anywhere.
 */
static struct vmedia_capture_job *next_done(struct vmedia_capture *c)
{
	struct vmedia_list *node;

	pthread_mutex_lock(&c->lock);
	node = vmedia_list_pop(&c->done);
	pthread_mutex_unlock(&c->lock);
	return node ? vmedia_list_entry(node, struct vmedia_capture_job, node) : NULL;
}

/* Take what the worker has not begun with; @give_back: the buffers are the driver's again. */
static void take_queued(struct vmedia_capture *c, bool give_back)
{
	struct vmedia_capture_job *job;
	struct vmedia_list list, *node;

	vmedia_list_init(&list);
	pthread_mutex_lock(&c->lock);
	vmedia_list_splice_tail(&list, &c->queued);
	pthread_mutex_unlock(&c->lock);
	while ((node = vmedia_list_pop(&list))) {
		job = vmedia_list_entry(node, struct vmedia_capture_job, node);
		vmedia_capture_job_rest(job);
		if (give_back)
			vmedia_vbuf_return(job->vb);
	}
}

void vmedia_capture_end(struct vmedia_queue *q, int err)
{
	if (err != -ENODEV)
		return;
	vmedia_warn("the frame source of queue type %u is gone; its buffers go back with an error",
		    q->type);
	take_queued(q->cap, false);
	vmedia_queue_error(q);
}

static void capture_post(struct vmedia_post *post)
{
	struct vmedia_capture *c = vmedia_container_of(post, struct vmedia_capture, post);
	struct vmedia_capture_job *job;
	bool started, ended;
	int started_err, end_err;

	pthread_mutex_lock(&c->lock);
	started = c->started_new && c->started_run == c->want;
	started_err = c->started_err;
	c->started_new = false;
	ended = c->end_err && c->end_run == c->want;
	end_err = c->end_err;
	c->end_err = 0;
	pthread_mutex_unlock(&c->lock);
	if (started && started_err) {
		take_queued(c, false);
		pthread_mutex_lock(&c->lock);
		c->want = 0;
		pthread_mutex_unlock(&c->lock);
	}
	if (started)
		vmedia_queue_started(c->q, started_err);
	while ((job = next_done(c))) {
		if (vmedia_buf_state(&job->vb->b) == VMEDIA_BUF_ACTIVE)
			vmedia_capture_finish(c->q, job);
		else
			vmedia_capture_job_rest(job);
	}
	if (ended)
		vmedia_capture_end(c->q, end_err);
}

/* ---- Start and stop ---- */

static void fill_mode(struct vmedia_capture *c, struct vmedia_capture_mode *m)
{
	const struct vmedia_queue *q = c->q;

	memset(m, 0, sizeof(*m));
	m->pixfmt = q->pf;
	m->format = q->fmt;
	vmedia_queue_layout(q, &m->layout);
	if (vmedia_queue_is_video(q)) {
		m->width = q->mplane ? q->fmt.fmt.pix_mp.width : q->fmt.fmt.pix.width;
		m->height = q->mplane ? q->fmt.fmt.pix_mp.height : q->fmt.fmt.pix.height;
	}
	m->interval = q->interval;
	m->interval_ns = DEFAULT_INTERVAL_NS;
	if (q->interval.denominator)
		m->interval_ns =
			(uint64_t)q->interval.numerator * 1000000000u / q->interval.denominator;
	if (!m->interval_ns)
		m->interval_ns = 1;
	m->paced = c->paced;
}

/* Here and not earlier: the thread inherits what the process became (a sandbox, a user). */
static int ensure_thread(struct vmedia_capture *c)
{
	int err;

	if (c->thread_runs)
		return 0;
	err = vmedia_thread_start(&c->thread, 0, vmedia_capture_thread, c);
	c->thread_runs = !err;
	if (err)
		vmedia_err("cannot create the thread of a frame source: %s", strerror(-err));
	return err;
}

/* Can the next run do without the worker? Not while that still winds one down. */
static bool is_quick(struct vmedia_capture *c)
{
	bool busy;

	if (!c->ops->quick || c->ops->next || !c->ops->quick(c->priv, &c->mode))
		return false;
	pthread_mutex_lock(&c->lock);
	busy = c->working;
	pthread_mutex_unlock(&c->lock);
	return !busy;
}

static int capture_start(struct vmedia_queue *q, uint32_t count)
{
	struct vmedia_capture *c = q->cap;
	bool quick;
	int err;

	(void)count;
	pthread_mutex_lock(&c->lock);
	c->suspended = false;
	fill_mode(c, &c->mode);
	pthread_mutex_unlock(&c->lock);
	c->last_run++;
	quick = is_quick(c);
	err = quick ? vmedia_capture_quick_start(c) : ensure_thread(c);
	if (err)
		take_queued(c, false);
	if (err || quick)
		return err;
	pthread_mutex_lock(&c->lock);
	c->want = c->last_run;
	c->started_new = false;
	c->end_err = 0;
	pthread_cond_signal(&c->to_worker);
	pthread_mutex_unlock(&c->lock);
	return -EINPROGRESS;
}

/* The guest's pages will be somebody else's: give a fill() the time of a frame to end. */
static void wait_inflight(struct vmedia_capture *c)
{
	uint64_t until = vmedia_now_ns() + VMEDIA_CAPTURE_CLOSE_MS * 1000000ull;
	struct timespec ts = { .tv_sec = (time_t)(until / 1000000000u),
			       .tv_nsec = (long)(until % 1000000000u) };

	while (c->inflight && vmedia_now_ns() < until)
		pthread_cond_timedwait(&c->to_loop, &c->lock, &ts);
	if (c->inflight)
		vmedia_warn("a frame source takes more than %u ms for one frame: a session that "
			    "ended or was stopped does not wait for it",
			    VMEDIA_CAPTURE_CLOSE_MS);
}

void vmedia_capture_suspend(struct vmedia_queue *q, bool on)
{
	struct vmedia_capture *c = q->cap;
	bool was;

	vmedia_capture_quick_suspend(c, on);
	pthread_mutex_lock(&c->lock);
	was = c->suspended;
	c->suspended = on;
	pthread_cond_signal(&c->to_worker);
	/* Once, and not for each session that shares the queue. */
	if (on && !was && c->inflight)
		wait_inflight(c);
	pthread_mutex_unlock(&c->lock);
}

static int capture_stop(struct vmedia_queue *q, bool final)
{
	struct vmedia_capture *c = q->cap;
	struct vmedia_capture_job *job;
	bool quick = vmedia_capture_quick_stop(c);

	pthread_mutex_lock(&c->lock);
	c->want = 0;
	pthread_cond_signal(&c->to_worker);
	pthread_mutex_unlock(&c->lock);
	if (!quick && c->ops->cancel && c->thread_runs)
		c->ops->cancel(c->priv);
	take_queued(c, true);
	pthread_mutex_lock(&c->lock);
	/*
	 * Memory of ours is kept by the job's reference; guest pages are not ours to write any
	 * more.
	 */
	if (final && c->inflight && q->memory != V4L2_MEMORY_MMAP)
		wait_inflight(c);
	pthread_mutex_unlock(&c->lock);
	while ((job = next_done(c))) {
		vmedia_capture_job_rest(job);
		vmedia_vbuf_return(job->vb);
	}
	/* What is still ACTIVE is in fill(), or was while we looked: its post comes. */
	return q->num_active ? -EINPROGRESS : 0;
}

const struct vmedia_queue_impl vmedia_impl_capture = {
	.queue = capture_queue,
	.start = capture_start,
	.stop = capture_stop,
	.cleanup = capture_cleanup,
};

/* ---- Life ---- */

int vmedia_capture_create(struct vmedia_queue *q)
{
	struct vmedia_capture *c = calloc(1, sizeof(*c));
	pthread_condattr_t attr;

	if (!c)
		return -ENOMEM;
	c->q = q;
	c->ctx = q->ctx;
	c->loop = q->ctx->v->loop;
	c->ops = q->cfg->capture;
	c->priv = q->ctx->v->cfg.priv;
	c->paced = true;
	vmedia_list_init(&c->queued);
	vmedia_list_init(&c->done);
	vmedia_post_init(&c->post, capture_post);
	vmedia_capture_quick_init(c);
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->to_worker, &attr);
	pthread_cond_init(&c->to_loop, &attr);
	pthread_condattr_destroy(&attr);
	q->cap = c;
	return 0;
}

void vmedia_capture_destroy(struct vmedia_queue *q)
{
	struct vmedia_capture *c = q->cap;

	vmedia_capture_quick_stop(c);
	pthread_mutex_lock(&c->lock);
	c->quit = true;
	c->want = 0;
	pthread_cond_signal(&c->to_worker);
	pthread_mutex_unlock(&c->lock);
	if (c->thread_runs) {
		if (c->ops->cancel)
			c->ops->cancel(c->priv);
		pthread_join(c->thread, NULL);
	}
	vmedia_loop_unpost(c->loop, &c->post);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->to_worker);
	pthread_cond_destroy(&c->to_loop);
	free(c);
	q->cap = NULL;
}

void vmedia_capture_set_paced(struct vmedia_queue *q, bool paced)
{
	if (q->cap)
		q->cap->paced = paced;
}

void vmedia_capture_stats(struct vmedia_queue *q, struct vmedia_capture_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	if (!q->cap)
		return;
	pthread_mutex_lock(&q->cap->lock);
	*stats = q->cap->stats;
	pthread_mutex_unlock(&q->cap->lock);
}
