/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A decoder's jobs: buffers are taken before a job and given back after it, and what it found is
 * told to the driver. A job takes packets, with references on their memory for its thread, and
 * CAPTURE's buffers (decoder_pool.c).
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

/* ---- Before a job ---- */

static bool job_ready(struct vmedia_ctx *ctx)
{
	const struct vmedia_decoder *d = vmedia_decoder_of(ctx);
	const struct vmedia_m2m *m = ctx->m2m;
	bool fresh;

	if (d->s.fatal)
		return false;
	if (d->have_header && !m->dst->started)
		return false;
	/* After a seek the codec has nothing. A job that was to drop it may have been cancelled. */
	fresh = d->reset || d->work.reset;
	if (d->work.have && !fresh)
		return vmedia_decoder_can_show(d);
	return (d->work.more && !fresh) || vmedia_codec_has_input(ctx) ||
	       (m->draining && !m->last_src);
}

/* Give a packet to the job. Returns true if it is the last one of a drain. */
static bool take_packet(struct vmedia_decoder *d)
{
	struct vmedia_decoder_work *w = &d->work;
	struct vmedia_buf *b = vmedia_m2m_take_src(d->s.ctx);
	const struct vmedia_buf_plane *plane = &b->planes[0];
	uint64_t tag = d->s.next_tag++;

	w->packets[w->num_packets % VMEDIA_CODEC_BATCH] = (struct vmedia_decoder_packet){
		.buf = b,
		.mem = vmedia_backing_get(plane->mem),
		.offset = plane->data_offset,
		.size = plane->bytesused - plane->data_offset,
		.tag = tag,
		.full = plane->bytesused == plane->length,
	};
	vmedia_codec_keep_meta(&d->s, b, tag);
	vmedia_decoder_count(&w->num_packets);
	return vmedia_m2m_is_last_src(d->s.ctx, b);
}

/* Returns true if one is the last of a drain, which ends the job's task. */
static bool take_packets(struct vmedia_decoder *d)
{
	const struct vmedia_decoder_work *w = &d->work;
	bool last = false;

	while (!last && w->num_packets - w->num_finished < VMEDIA_CODEC_BATCH &&
	       vmedia_codec_has_input(d->s.ctx))
		last = take_packet(d);
	return last;
}

/* ---- Results of a job ---- */

static struct vmedia_decoder_packet *packet(struct vmedia_decoder_work *w, uint32_t n)
{
	return &w->packets[n % VMEDIA_CODEC_BATCH];
}

/* Finish the packets that the job has used. */
static void finish_packets(struct vmedia_decoder *d)
{
	struct vmedia_decoder_work *w = &d->work;

	for (; w->num_finished != vmedia_decoder_number(&w->num_sent); w->num_finished++) {
		const struct vmedia_decoder_packet *p = packet(w, w->num_finished);

		vmedia_buf_done(p->buf, p->damaged ? VMEDIA_BUF_ERROR : VMEDIA_BUF_DONE);
		vmedia_backing_put(p->mem);
	}
}

static void job_progress(struct vmedia_codec_session *s)
{
	struct vmedia_decoder *d = vmedia_container_of(s, struct vmedia_decoder, s);
	const struct vmedia_m2m *m = s->ctx->m2m;

	/* The job is asked to stop, and will. */
	if (m->suspended || m->src->stopping || m->dst->stopping)
		return;
	finish_packets(d);
	vmedia_decoder_refill_pool(d);
	/* A drain has a job of its own. */
	if (!m->draining)
		take_packets(d);
}

/* ---- After a job ---- */

static void drop_packets(struct vmedia_decoder_work *w)
{
	for (; w->num_finished != w->num_packets; w->num_finished++)
		vmedia_backing_put(packet(w, w->num_finished)->mem);
}

/* Finish the packets that the job has used, and return the others. */
static void give_packets_back(struct vmedia_decoder *d)
{
	struct vmedia_decoder_work *w = &d->work;

	finish_packets(d);
	for (uint32_t i = w->num_packets; i != w->num_sent; i--)
		vmedia_m2m_put_back(packet(w, i - 1)->buf);
	d->s.next_tag -= w->num_packets - w->num_sent;
	drop_packets(w);
}

static void fail(struct vmedia_decoder *d, int err)
{
	vmedia_decoder_end_stream(d);
	vmedia_codec_session_fail(&d->s, "a decoder", err);
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
	vmedia_ctx_event_source_change(d->s.ctx, V4L2_EVENT_SRC_CH_RESOLUTION);
	if (changed || !first)
		vmedia_m2m_source_change_last(d->s.ctx);
}

static void job_end(struct vmedia_codec_session *s, int err)
{
	struct vmedia_decoder *d = vmedia_container_of(s, struct vmedia_decoder, s);
	struct vmedia_decoder_work *w = &d->work;

	give_packets_back(d);
	vmedia_decoder_settle_pool(d);
	if (err || w->err)
		fail(d, err ? err : w->err);
	else if (w->found)
		announce(d, &w->found_header);
	else if (w->drained)
		vmedia_m2m_drained(d->s.ctx);
}

/* ---- The job ---- */

static void job_run(struct vmedia_ctx *ctx)
{
	struct vmedia_decoder *d = vmedia_decoder_of(ctx);
	struct vmedia_decoder_work *w = &d->work;

	w->num_packets = w->num_sent = w->num_finished = 0;
	w->num_shown = w->num_given = 0;
	w->drain = (take_packets(d) || !ctx->m2m->last_src) && ctx->m2m->draining;
	vmedia_decoder_fill_pool(d);
	w->coded = vmedia_m2m_src(ctx)->fmt.fmt.pix_mp.pixelformat;
	w->reset |= d->reset;
	d->reset = false;
	w->have_header = d->have_header;
	w->header = d->header;
	w->found = false;
	w->drained = false;
	w->err = 0;
	vmedia_codec_session_run(&d->s);
}

static void job_work(struct vmedia_codec_session *s)
{
	vmedia_decoder_work_run(&vmedia_container_of(s, struct vmedia_decoder, s)->work, s->worker);
}

static void job_drop(struct vmedia_codec_session *s)
{
	drop_packets(&vmedia_container_of(s, struct vmedia_decoder, s)->work);
}

static void destroy(struct vmedia_codec_session *s)
{
	struct vmedia_decoder *d = vmedia_container_of(s, struct vmedia_decoder, s);

	vmedia_decoder_work_finish(&d->work);
	vmedia_decoder_free_pool(d);
	free(d);
}

const struct vmedia_codec_session_ops vmedia_decoder_session = {
	.work = job_work,
	.progress = job_progress,
	.end = job_end,
	.drop = job_drop,
	.destroy = destroy,
};

/* ---- Streaming ---- */

static int start(struct vmedia_queue *q)
{
	struct vmedia_decoder *d = vmedia_decoder_of(vmedia_queue_ctx(q));

	/* A client without CAPTURE buffers has to set them up, and waits for the event. */
	if (vmedia_queue_is_output(q) && !vmedia_queue_busy(vmedia_m2m_dst(d->s.ctx)))
		d->have_header = false;
	return vmedia_codec_meta_init(&d->s);
}

static void stop(struct vmedia_queue *q)
{
	struct vmedia_decoder *d = vmedia_decoder_of(vmedia_queue_ctx(q));

	if (!vmedia_queue_is_output(q))
		return;
	d->reset = true;
	d->s.fatal = false;
}

const struct vmedia_m2m_ops vmedia_decoder_m2m = {
	/* The pool of workers limits how many run. */
	.max_jobs = UINT32_MAX,
	.decoder_cmd = true,
	.relaxed = true,
	.job_ready = job_ready,
	.job_run = job_run,
	.job_abort = vmedia_codec_job_abort,
	.job_wait = vmedia_codec_job_wait,
	.job_orphan = vmedia_codec_job_orphan,
	.start = start,
	.stop = stop,
	.drain = vmedia_codec_drain,
};
