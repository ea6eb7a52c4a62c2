/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frame sources: the loop's half. Gives jobs to the worker and results to the queue. Theory:
 * capture.h.
 *
 * Context: the device's loop.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/videodev2.h>

#include "base/fd.h"
#include "base/log.h"
#include "v4l2/capture.h"
#include "v4l2/format.h"

#define DEFAULT_INTERVAL_NS 33333333u

/* ---- Buffers to the worker ---- */

static void drop(struct vmedia_capture_job *job)
{
	vmedia_capture_job_rest(job);
	free(job);
}

static int submit(struct vmedia_capture *c, struct vmedia_job *work)
{
	int err = vmedia_worker_submit(c->worker, work);

	c->busy += !err;
	return err;
}

/* Cancel @work. Returns 0 if it had not begun (no done() follows), or as vmedia_worker_cancel(). */
static int cancel(struct vmedia_capture *c, struct vmedia_job *work)
{
	int err = vmedia_worker_cancel(c->worker, work);

	c->busy -= !err;
	return err;
}

static void submit_tick(struct vmedia_capture *c)
{
	c->tick_run = c->last_run;
	submit(c, &c->tick);
}

/*
 * Continue the frame clock while no buffer is queued. The loop may read and change the clock only
 * while the worker has no job of this source.
 */
static void watch_clock(struct vmedia_capture *c)
{
	vmedia_timer_cancel(&c->late);
	if (!c->run || !c->run->frames || c->busy)
		return;
	if (c->ops->next && !c->asked)
		submit_tick(c);
	else if (c->cur.paced && !(c->asked && c->asked_err))
		vmedia_timer_arm(&c->late, c->when + c->cur.interval_ns / 2);
}

/*
 * True if the worker may get buffers. A buffer that was recalled may come back unfilled, and must
 * then go to the worker before those that were queued after it.
 */
static bool may_feed(const struct vmedia_capture *c)
{
	if (!c->run || !c->run->frames || c->suspended || c->q->error)
		return false;
	return vmedia_list_empty(&c->given) ||
	       !vmedia_list_first(&c->given, struct vmedia_capture_job, node)->recalled;
}

/* Give all waiting buffers to the worker, if it may get them. */
static void feed(struct vmedia_capture *c)
{
	struct vmedia_capture_job *job, *tmp;

	if (may_feed(c)) {
		vmedia_list_for_each_safe(job, tmp, &c->queued, node) {
			if (submit(c, &job->work))
				break;
			job->given = true;
			job->recalled = false;
			job->run = c->last_run;
			vmedia_list_del(&job->node);
			vmedia_list_add_tail(&c->given, &job->node);
		}
	}
	watch_clock(c);
}

/* No buffer came in time. */
static void on_late(struct vmedia_timer *t)
{
	struct vmedia_capture *c = vmedia_container_of(t, struct vmedia_capture, late);

	if (c->ops->skip) {
		submit_tick(c);
		return;
	}
	vmedia_capture_pass(c);
	c->shown = c->stats;
	watch_clock(c);
}

static void frame_done(struct vmedia_job *work, int err);

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
		vmedia_worker_init_job(&job->work, vmedia_capture_run_frame, frame_done);
		job->c = c;
		job->vb = vb;
		vb->impl = job;
	}
	job->num_planes = vb->b.num_planes;
	for (i = 0; i < job->num_planes; i++) {
		job->mem[i] = vmedia_backing_get(vb->b.planes[i].mem);
		job->length[i] = vb->b.planes[i].length;
	}
	vmedia_list_add_tail(&c->queued, &job->node);
	if (c->run)
		feed(c);
	else
		vmedia_capture_quick_queued(c);
}

/*
 * Separate @job from its buffer after cancel() returned @err. With 0 the job rests, and the buffer
 * keeps it. Else the caller returns the buffer without it.
 */
static void take_back(struct vmedia_capture_job *job, int err)
{
	vmedia_list_del(&job->node);
	if (!err) {
		job->given = false;
		vmedia_capture_job_rest(job);
		return;
	}
	/* The worker keeps the job and its memory until done(), which frees both. */
	job->vb->impl = NULL;
	job->vb = NULL;
}

/* The buffer is being freed: free its job too, unless the worker still has it. */
static void capture_cleanup(struct vmedia_vbuf *vb)
{
	struct vmedia_capture_job *job = vb->impl;

	if (!job)
		return;
	take_back(job, job->given ? cancel(job->c, &job->work) : 0);
	if (vb->impl)
		drop(job);
	vb->impl = NULL;
}

/*
 * Cancel all jobs, so that those that have not begun are the loop's again. Cancel the newest first:
 * otherwise a later job could begin when an earlier one was cancelled.
 */
static void recall(struct vmedia_capture *c)
{
	struct vmedia_list *node = c->given.prev;

	while (node != &c->given) {
		struct vmedia_capture_job *job =
			vmedia_list_entry(node, struct vmedia_capture_job, node);

		node = node->prev;
		job->recalled = true;
		if (cancel(c, &job->work))
			continue;	/* done() puts it before the others */
		job->given = false;
		vmedia_list_del(&job->node);
		vmedia_list_add_head(&c->queued, &job->node);
	}
}

static bool capture_revoke(struct vmedia_vbuf *vb)
{
	struct vmedia_capture_job *job = vb->impl;
	int err = 0;

	recall(vb->b.queue->cap);
	if (job && job->given)
		err = cancel(job->c, &job->work);
	if (err == -EINPROGRESS)
		return false;
	if (job)
		take_back(job, err);
	return true;
}

/* ---- Results from the worker ---- */

/* Handle a buffer from the worker. It is unfilled after a cancel() or the end of the source. */
static void give_back(struct vmedia_capture *c, struct vmedia_capture_job *job, bool wanted)
{
	struct vmedia_vbuf *vb = job->vb;

	if (job->filled) {
		vmedia_capture_finish(c->q, job);
	} else if (wanted) {
		vmedia_list_add_head(&c->queued, &job->node);
	} else {
		vmedia_capture_job_rest(job);
		vmedia_buf_done(&vb->b, VMEDIA_BUF_ERROR);
	}
}

/* End run number @run with the result @end, if it is still the current run. */
static void end_frames(struct vmedia_capture *c, uint64_t run, int end)
{
	if (!end || !c->run || run != c->last_run)
		return;
	c->run->frames = false;
	vmedia_capture_end(c->q, end);
}

static void frame_done(struct vmedia_job *work, int err)
{
	struct vmedia_capture_job *job = vmedia_container_of(work, struct vmedia_capture_job, work);
	struct vmedia_capture *c = job->c;
	uint64_t run = job->run;
	int end = job->end;

	(void)err;	/* always 0: the worker is drained before it is destroyed */
	c->busy--;
	vmedia_list_del(&job->node);
	job->given = false;
	if (c->run && run == c->last_run)
		c->shown = job->stats;
	if (job->vb)
		give_back(c, job, c->run && run == c->last_run && !c->q->error);
	else
		drop(job);
	end_frames(c, run, end);
	feed(c);
}

static void tick_done(struct vmedia_job *work, int err)
{
	struct vmedia_capture *c = vmedia_container_of(work, struct vmedia_capture, tick);

	(void)err;
	c->busy--;
	if (!c->busy)
		c->shown = c->stats;
	end_frames(c, c->tick_run, c->tick_end);
	feed(c);
}

/* The start failed. The worker has no buffer yet; all of them stay in the queue. */
static void take_queued(struct vmedia_capture *c)
{
	struct vmedia_capture_job *job, *tmp;

	vmedia_list_for_each_safe(job, tmp, &c->queued, node)
		take_back(job, 0);
}

static void start_done(struct vmedia_job *work, int err)
{
	struct vmedia_capture_run *run =
		vmedia_container_of(work, struct vmedia_capture_run, start);
	struct vmedia_capture *c = run->c;

	c->busy--;
	if (c->run != run)
		return;		/* stopped meanwhile: its stop frees it */
	err = run->err;
	run->frames = !err;
	if (err) {
		c->run = NULL;
		free(run);
		take_queued(c);
	}
	vmedia_queue_started(c->q, err);
	feed(c);
}

static void stop_done(struct vmedia_job *work, int err)
{
	struct vmedia_capture_run *run = vmedia_container_of(work, struct vmedia_capture_run, stop);
	struct vmedia_capture *c = run->c;

	(void)err;
	c->busy--;
	free(run);
	/* A run that started meanwhile could not use the clock while this job ran. */
	feed(c);
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

static int start_on_worker(struct vmedia_capture *c)
{
	struct vmedia_capture_run *run;
	int err = c->worker ? 0 : vmedia_worker_create(c->loop, &c->worker);

	if (err)
		return err;
	run = calloc(1, sizeof(*run));
	if (!run)
		return -ENOMEM;
	run->c = c;
	run->mode = c->mode;
	vmedia_worker_init_job(&run->start, vmedia_capture_run_start, start_done);
	vmedia_worker_init_job(&run->stop, vmedia_capture_run_stop, stop_done);
	err = submit(c, &run->start);
	if (err) {
		free(run);
		return err;
	}
	c->run = run;
	return -EINPROGRESS;
}

static int capture_start(struct vmedia_queue *q, uint32_t count)
{
	struct vmedia_capture *c = q->cap;
	int err;

	(void)count;
	c->suspended = false;
	memset(&c->shown, 0, sizeof(c->shown));
	fill_mode(c, &c->mode);
	c->last_run++;
	/* Start a quick run, without the worker, unless the worker still ends another run. */
	if (c->ops->quick && !c->ops->next && !c->busy && c->ops->quick(c->priv, &c->mode))
		err = vmedia_capture_quick_start(c);
	else
		err = start_on_worker(c);
	if (err && err != -EINPROGRESS)
		take_queued(c);
	return err;
}

/* Wait for a fill() into the guest's pages to end, before they have another use. */
static void wait_for_fill(struct vmedia_capture *c, struct vmedia_capture_job *job)
{
	uint64_t until = vmedia_now_ns() + VMEDIA_WORKER_WAIT_MS * 1000000ull;

	if (vmedia_worker_wait(c->worker, &job->work, until))
		vmedia_warn("a frame source takes more than %u ms for one frame: a session that "
			    "ended or was stopped does not wait for it",
			    VMEDIA_WORKER_WAIT_MS);
}

void vmedia_capture_suspend(struct vmedia_queue *q, bool on)
{
	struct vmedia_capture *c = q->cap;
	struct vmedia_capture_job *job;

	/* Suspend once, and not for each session that shares the queue. */
	if (c->suspended == on)
		return;
	c->suspended = on;
	if (!on) {
		feed(c);
		vmedia_capture_quick_queued(c);
		return;
	}
	recall(c);
	vmedia_list_for_each(job, &c->given, node)
		if (cancel(c, &job->work) == -EINPROGRESS)
			wait_for_fill(c, job);
	watch_clock(c);
}

/* Cancel the jobs before the source, so that the interrupted operation is not called again. */
static void stop_run(struct vmedia_capture *c)
{
	struct vmedia_capture_run *run = c->run;

	c->run = NULL;
	vmedia_timer_cancel(&c->late);
	cancel(c, &c->tick);
	if (!run)
		return;
	if (!cancel(c, &run->start)) {
		free(run);
		return;
	}
	if (c->ops->cancel)
		c->ops->cancel(c->priv);
	submit(c, &run->stop);
}

static int capture_stop(struct vmedia_queue *q, bool final)
{
	struct vmedia_capture *c = q->cap;
	struct vmedia_capture_job *job, *tmp;
	struct vmedia_vbuf *vb;
	int err;

	if (vmedia_capture_quick_stop(c))
		c->shown = c->stats;
	recall(c);
	vmedia_list_for_each_safe(job, tmp, &c->given, node) {
		err = cancel(c, &job->work);
		/* It runs fill(). Its done() returns the buffer, if there is time for that. */
		if (err == -EINPROGRESS && !final)
			continue;
		/*
		 * The job's reference keeps the device's own memory. Guest pages must not be
		 * written any more. If the queue is suspended, that has already waited.
		 */
		if (err == -EINPROGRESS && q->memory != V4L2_MEMORY_MMAP && !c->suspended)
			wait_for_fill(c, job);
		vb = job->vb;
		take_back(job, err);
		vmedia_vbuf_return(vb);
	}
	vmedia_list_for_each_safe(job, tmp, &c->queued, node) {
		take_back(job, 0);
		vmedia_vbuf_return(job->vb);
	}
	if (c->worker)
		stop_run(c);
	return q->num_active ? -EINPROGRESS : 0;
}

const struct vmedia_queue_impl vmedia_impl_capture = {
	.queue = capture_queue,
	.start = capture_start,
	.stop = capture_stop,
	.cleanup = capture_cleanup,
	.revoke = capture_revoke,
};

/* ---- Life ---- */

int vmedia_capture_create(struct vmedia_queue *q)
{
	struct vmedia_capture *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->q = q;
	c->ctx = q->ctx;
	c->loop = q->ctx->v->loop;
	c->ops = q->cfg->capture;
	c->priv = q->ctx->v->cfg.priv;
	c->paced = true;
	vmedia_list_init(&c->queued);
	vmedia_list_init(&c->given);
	vmedia_timer_init(c->loop, &c->late, on_late);
	vmedia_worker_init_job(&c->tick, vmedia_capture_run_tick, tick_done);
	vmedia_capture_quick_init(c);
	q->cap = c;
	return 0;
}

/* The queue is stopped. Let the remaining jobs of the worker end here, stop() among them. */
void vmedia_capture_destroy(struct vmedia_queue *q)
{
	struct vmedia_capture *c = q->cap;

	vmedia_capture_quick_stop(c);
	if (c->worker)
		vmedia_worker_drain(c->worker);
	vmedia_worker_destroy(c->worker);
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
	if (q->cap)
		*stats = q->cap->quick ? q->cap->stats : q->cap->shown;
}
