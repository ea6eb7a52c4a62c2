/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A decoder's jobs on the loop: buffers are taken before a job and given back after it, and what it
 * found is told to the driver.
 *
 * Theory of operation
 *
 *   A job takes its buffers (vmedia_m2m_take_*()), and references on their memory for its thread.
 *   STREAMOFF and the session's end ask it to stop; it then returns what it has not used. After the
 *   session's end the decoder is an orphan: it has no buffers any more, only references. It is
 *   freed at the end of the round in which its job ends, since a worker cannot be destroyed in
 *   done().
 *
 *   The metadata of a packet is stored under its tag, a number that counts up. The codec returns
 *   the tag with the picture, and the metadata is copied to the picture's buffer.
 *
 * Context: the device's loop.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/videodev2.h>

#include "base/checked.h"
#include "base/log.h"
#include "v4l2/decoder.h"
#include "v4l2/m2m.h"

#define METADATA_FLAGS (V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_TSTAMP_SRC_MASK)
#define FRAME_FLAGS (V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME | V4L2_BUF_FLAG_BFRAME)

/* ---- Metadata ---- */

static void keep_meta(struct vmedia_decoder *d, const struct vmedia_buf *src, uint64_t tag)
{
	d->meta[tag % VMEDIA_DECODER_TAGS] =
		(struct vmedia_decoder_meta){ .tag = tag,
					      .timestamp = src->timestamp,
					      .timecode = src->timecode,
					      .flags = src->flags & METADATA_FLAGS };
}

static void put_meta(const struct vmedia_decoder *d, const struct vmedia_codec_picture *p,
		     struct vmedia_buf *dst)
{
	const struct vmedia_decoder_meta *m = &d->meta[p->tag % VMEDIA_DECODER_TAGS];

	dst->flags = p->flags & FRAME_FLAGS;
	dst->field = p->field ? p->field : V4L2_FIELD_NONE;
	if (m->tag != p->tag) {
		vmedia_dbg("a picture comes more than %u packets after its own; its timestamp is "
			   "not known any more",
			   VMEDIA_DECODER_TAGS);
		return;
	}
	dst->timestamp = m->timestamp;
	dst->timecode = m->timecode;
	dst->flags |= m->flags;
}

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
	/* A job may have ended right after it got a picture: its header was not looked at yet. */
	if (d->work.have && !fresh)
		return vmedia_m2m_num_dst(ctx) || !d->have_header ||
		       !vmedia_decoder_same(&d->header, &d->work.picture.header);
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
						     .tag = d->next_tag + w->num_packets };
		keep_meta(d, b, p->tag);
		d->src[w->num_packets++] = b;
	}
	w->drain = d->ctx->m2m->draining && (last || !d->ctx->m2m->last_src);
}

static void take_targets(struct vmedia_decoder *d)
{
	struct vmedia_decoder_work *w = &d->work;
	struct vmedia_queue *dst = vmedia_m2m_dst(d->ctx);
	struct vmedia_buf *b;
	uint32_t i;

	w->num_targets = 0;
	w->raw.pixelformat = dst->fmt.fmt.pix_mp.pixelformat;
	w->raw.width = dst->fmt.fmt.pix_mp.width;
	w->raw.height = dst->fmt.fmt.pix_mp.height;
	vmedia_queue_layout(dst, &w->raw.layout);
	while (w->num_targets < VMEDIA_DECODER_BATCH && dst->started &&
	       (b = vmedia_m2m_take_dst(d->ctx))) {
		struct vmedia_decoder_target *t = &w->targets[w->num_targets];

		for (i = 0; i < b->num_planes; i++) {
			t->mem[i] = vmedia_backing_get(b->planes[i].mem);
			t->offset[i] = b->planes[i].data_offset;
		}
		for (; i < VMEDIA_COLOUR_PLANES; i++)
			t->mem[i] = NULL;
		d->dst[w->num_targets++] = b;
	}
}

/* ---- After a job ---- */

static void drop_references(struct vmedia_decoder_work *w)
{
	uint32_t i, j;

	for (i = 0; i < w->num_packets; i++)
		vmedia_backing_put(w->packets[i].mem);
	for (i = 0; i < w->num_targets; i++)
		for (j = 0; j < VMEDIA_COLOUR_PLANES; j++)
			vmedia_backing_put(w->targets[i].mem[j]);
}

/* Finish the buffers that the job used, and return the others. */
static void give_back(struct vmedia_decoder *d)
{
	struct vmedia_decoder_work *w = &d->work;
	uint32_t i, j;

	for (i = 0; i < w->num_sent; i++)
		vmedia_buf_done(d->src[i],
				w->packets[i].damaged ? VMEDIA_BUF_ERROR : VMEDIA_BUF_DONE);
	d->next_tag += w->num_sent;
	for (i = 0; i < w->num_written; i++) {
		const struct vmedia_codec_picture *p = &w->targets[i].picture;

		put_meta(d, p, d->dst[i]);
		for (j = 0; j < d->dst[i]->num_planes; j++)
			d->dst[i]->planes[j].bytesused = w->raw.layout.sizeimage[j];
		vmedia_buf_done(d->dst[i], p->damaged ? VMEDIA_BUF_ERROR : VMEDIA_BUF_DONE);
	}
	for (i = w->num_packets; i > w->num_sent; i--)
		vmedia_m2m_put_back(d->src[i - 1]);
	for (i = w->num_targets; i > w->num_written; i--)
		vmedia_m2m_put_back(d->dst[i - 1]);
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
	drop_references(w);
	give_back(d);
	w->num_packets = 0;
	w->num_targets = 0;
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
	take_targets(d);
	w->coded = vmedia_m2m_src(ctx)->fmt.fmt.pix_mp.pixelformat;
	w->reopen |= d->reopen;
	w->reset |= d->reset;
	d->reopen = false;
	d->reset = false;
	w->have_header = d->have_header;
	w->header = d->header;
	w->num_sent = 0;
	w->num_written = 0;
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
	drop_references(&d->work);
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
