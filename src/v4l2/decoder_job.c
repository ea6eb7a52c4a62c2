/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A decoder's jobs on the loop: buffers are taken before a job and given back after it, and what it
 * found is told to the driver.
 *
 * Theory of operation
 *
 *   A job takes its packets, with references on their memory for its thread, and CAPTURE's buffers
 *   (decoder_pool.c).
 *   STREAMOFF and the session's end ask it to stop; it then returns what it has not used. After the
 *   session's end the decoder is an orphan: it has no buffers any more, only references. It is
 *   freed at the end of the round in which its job ends, since a worker cannot be destroyed in
 *   done(). *
 * Context: the device's loop.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/videodev2.h>

#include "base/checked.h"
#include "base/log.h"
#include "v4l2/decoder.h"
#include "v4l2/m2m.h"

/* ---- Before a job ---- */

/* True if OUTPUT has a packet that may be decoded now: in a drain, one that CMD_STOP saw. */
static bool has_packet(const struct vmedia_ctx *ctx)
{
	if (ctx->m2m->draining && !ctx->m2m->last_src)
		return false;
	return vmedia_m2m_num_src(ctx);
}

static bool job_ready(struct vmedia_ctx *ctx)
{
	const struct vmedia_decoder *d = vmedia_decoder_of(ctx);
	const struct vmedia_m2m *m = ctx->m2m;
	bool fresh;

	if (d->fatal)
		return false;
	if (d->have_header && !m->dst->started)
		return false;
	/* After a seek the codec has nothing. A job that was to drop it may have been cancelled. */
	fresh = d->reset || d->reopen || d->work.reset || d->work.reopen;
	if (d->work.have && !fresh)
		return vmedia_decoder_can_show(d);
	return (d->work.more && !fresh) || has_packet(ctx) || (m->draining && !m->last_src);
}

static void take_packets(struct vmedia_decoder *d)
{
	struct vmedia_decoder_work *w = &d->work;
	bool last = false;

	for (w->num_packets = 0; w->num_packets < VMEDIA_DECODER_BATCH && !last;) {
		struct vmedia_decoder_packet *p = &w->packets[w->num_packets];
		const struct vmedia_buf_plane *plane;
		struct vmedia_buf *b;

		if (!has_packet(d->ctx))
			break;
		b = vmedia_m2m_take_src(d->ctx);
		last = vmedia_m2m_is_last_src(d->ctx, b);
		plane = &b->planes[0];
		*p = (struct vmedia_decoder_packet){ .mem = vmedia_backing_get(plane->mem),
						     .offset = plane->data_offset,
						     .size = plane->bytesused - plane->data_offset,
						     .tag = d->next_tag + w->num_packets,
						     .full = plane->bytesused == plane->length };
		vmedia_decoder_keep_meta(d, b, p->tag);
		d->src[w->num_packets++] = b;
	}
	w->drain = d->ctx->m2m->draining && (last || !d->ctx->m2m->last_src);
}

/* ---- After a job ---- */

static void drop_packets(struct vmedia_decoder_work *w)
{
	for (uint32_t i = 0; i < w->num_packets; i++)
		vmedia_backing_put(w->packets[i].mem);
	w->num_packets = 0;
}

/* Finish the packets that the job used, and return the others. */
static void give_packets_back(struct vmedia_decoder *d)
{
	struct vmedia_decoder_work *w = &d->work;
	uint32_t i;

	for (i = 0; i < w->num_sent; i++)
		vmedia_buf_done(d->src[i],
				w->packets[i].damaged ? VMEDIA_BUF_ERROR : VMEDIA_BUF_DONE);
	d->next_tag += w->num_sent;
	for (i = w->num_packets; i > w->num_sent; i--)
		vmedia_m2m_put_back(d->src[i - 1]);
	drop_packets(w);
}

static void fail(struct vmedia_decoder *d, int err)
{
	struct vmedia_queue *q[] = { vmedia_m2m_src(d->ctx), vmedia_m2m_dst(d->ctx) };

	vmedia_warn("a decoder cannot go on (error %d); each of its queues gets EIO until its "
		    "STREAMOFF",
		    -err);
	d->fatal = true;
	d->have_header = false;
	d->reopen = true;
	/* A stream that is refused keeps no memory. */
	vmedia_decoder_work_close(&d->work);
	vmedia_decoder_settle_pool(d);
	vmedia_decoder_count(d, 0);
	/* One whose STREAMOFF waits for this job begins anew. */
	for (unsigned int i = 0; i < 2; i++)
		if (!q[i]->stopping)
			vmedia_queue_error(q[i]);
}

/* The stream has another header than the driver knows of. */
static void announce(struct vmedia_decoder *d, const struct vmedia_codec_header *h)
{
	bool first = !d->have_header;
	int changed = vmedia_decoder_apply_header(d, h);

	if (changed < 0) {
		fail(d, -EINVAL);
		return;
	}
	vmedia_ctx_event_source_change(d->ctx, V4L2_EVENT_SRC_CH_RESOLUTION);
	if (changed || !first)
		vmedia_m2m_source_change_last(d->ctx);
}

static void job_end(struct vmedia_decoder *d)
{
	struct vmedia_decoder_work *w = &d->work;

	d->running = false;
	give_packets_back(d);
	vmedia_decoder_settle_pool(d);
	if (w->err)
		fail(d, w->err);
	else if (w->found)
		announce(d, &w->found_header);
	else if (w->drained)
		vmedia_m2m_drained(d->ctx);
	vmedia_m2m_job_done(d->ctx);
}

/* ---- The job ---- */

static void job_run(struct vmedia_ctx *ctx)
{
	struct vmedia_decoder *d = vmedia_decoder_of(ctx);
	struct vmedia_decoder_work *w = &d->work;
	int err;

	take_packets(d);
	vmedia_decoder_fill_pool(d);
	w->coded = vmedia_m2m_src(ctx)->fmt.fmt.pix_mp.pixelformat;
	w->reopen |= d->reopen;
	w->reset |= d->reset;
	d->reopen = false;
	d->reset = false;
	w->have_header = d->have_header;
	w->header = d->header;
	w->num_sent = 0;
	w->num_shown = 0;
	w->found = false;
	w->drained = false;
	w->err = 0;
	d->running = true;
	err = vmedia_worker_submit(d->worker, &d->job);
	if (!err)
		return;		/* the work is the thread's */
	w->err = err;
	job_end(d);
}

static void job_done(struct vmedia_job *job, int err)
{
	struct vmedia_decoder *d = vmedia_container_of(job, struct vmedia_decoder, job);

	(void)err;
	if (d->ctx) {
		job_end(d);
		return;
	}
	drop_packets(&d->work);
	vmedia_defer(&d->bury);
}

static void job_work(struct vmedia_worker *worker, struct vmedia_job *job)
{
	struct vmedia_decoder *d = vmedia_container_of(job, struct vmedia_decoder, job);

	vmedia_decoder_work_run(&d->work, worker);
}

void vmedia_decoder_job_init(struct vmedia_decoder *d)
{
	vmedia_worker_init_job(&d->job, job_work, job_done);
}

/* ---- Ends ---- */

static void job_abort(struct vmedia_ctx *ctx)
{
	struct vmedia_decoder *d = vmedia_decoder_of(ctx);

	if (!vmedia_worker_cancel(d->worker, &d->job))
		job_end(d);
}

static int job_wait(struct vmedia_ctx *ctx, uint64_t until)
{
	struct vmedia_decoder *d = vmedia_decoder_of(ctx);

	if (!vmedia_worker_cancel(d->worker, &d->job)) {
		job_end(d);
		return 0;
	}
	return vmedia_worker_wait(d->worker, &d->job, until);
}

static void job_orphan(struct vmedia_ctx *ctx)
{
	struct vmedia_decoder *d = vmedia_decoder_of(ctx);

	vmedia_list_add_tail(&d->dev->orphans, &d->node);
	d->ctx = NULL;
	if (!vmedia_worker_cancel(d->worker, &d->job))
		job_done(&d->job, 0);
}

static int start(struct vmedia_queue *q)
{
	struct vmedia_decoder *d = vmedia_decoder_of(vmedia_queue_ctx(q));

	/* A client without CAPTURE buffers has to set them up, and waits for the event. */
	if (vmedia_queue_is_output(q) && !vmedia_queue_busy(vmedia_m2m_dst(d->ctx)))
		d->have_header = false;
	if (!d->meta)
		d->meta = calloc(VMEDIA_DECODER_TAGS, sizeof(*d->meta));
	return d->meta ? 0 : -ENOMEM;
}

static void stop(struct vmedia_queue *q)
{
	struct vmedia_decoder *d = vmedia_decoder_of(vmedia_queue_ctx(q));

	if (!vmedia_queue_is_output(q))
		return;
	d->reset = true;
	d->fatal = false;
}

/* The next job sees the drain. */
static void drain(struct vmedia_ctx *ctx)
{
	(void)ctx;
}

const struct vmedia_m2m_ops vmedia_decoder_m2m = {
	/* The pool of workers limits how many run. */
	.max_jobs = UINT32_MAX,
	.decoder_cmd = true,
	.relaxed = true,
	.job_ready = job_ready,
	.job_run = job_run,
	.job_abort = job_abort,
	.job_wait = job_wait,
	.job_orphan = job_orphan,
	.start = start,
	.stop = stop,
	.drain = drain,
};
