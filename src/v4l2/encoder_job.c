/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An encoder's jobs: parameters and buffers are taken before a job, with references on their memory
 * for its thread, and buffers are given back after it.
 *
 * Context: the device's loop.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/videodev2.h>

#include "base/checked.h"
#include "base/log.h"
#include "v4l2/encoder.h"
#include "v4l2/m2m.h"

/* ---- Before a job ---- */

static bool job_ready(struct vmedia_ctx *ctx)
{
	const struct vmedia_encoder *e = vmedia_encoder_of(ctx);
	const struct vmedia_m2m *m = ctx->m2m;
	/* After a restart the codec has nothing, and a job may be closing it. */
	bool fresh = e->s.closing || e->reset || e->work.reset;

	if (e->s.fatal || !m->dst->started)
		return false;
	if (!fresh && e->work.have)
		return vmedia_m2m_num_dst(ctx);
	return (!fresh && e->work.more) || vmedia_codec_has_input(ctx) ||
	       (m->draining && !m->last_src);
}

static void take_params(struct vmedia_encoder *e)
{
	struct vmedia_encoder_work *w = &e->work;
	const struct vmedia_pixfmt *pf = vmedia_queue_pixfmt(vmedia_m2m_src(e->s.ctx));
	unsigned int i;

	vmedia_encoder_get_params(e, &w->params);
	for (i = 0; i < w->params.num_ctrls; i++)
		w->values[i] = vmedia_ctrl_read(e->s.ctx, w->params.ctrls[i].id, 0);
	vmedia_queue_layout(vmedia_m2m_src(e->s.ctx), &w->layout);
	for (i = 0; i < w->layout.num_colour; i++) {
		w->left[i] = (uint32_t)e->crop.left / (i ? pf->hsub : 1) * pf->bits[i] / 8;
		w->top[i] = (uint32_t)e->crop.top / (i ? pf->vsub : 1);
	}
}

static void take_sources(struct vmedia_encoder *e)
{
	struct vmedia_encoder_work *w = &e->work;
	bool last = false;
	uint32_t i;

	for (w->num_sources = 0; w->num_sources < VMEDIA_CODEC_BATCH && !last;) {
		struct vmedia_encoder_source *s = &w->sources[w->num_sources];
		struct vmedia_buf *b;

		if (!vmedia_codec_has_input(e->s.ctx))
			break;
		b = vmedia_m2m_take_src(e->s.ctx);
		last = vmedia_m2m_is_last_src(e->s.ctx, b);
		*s = (struct vmedia_encoder_source){ .tag = e->s.next_tag + w->num_sources,
						     .key = b->priv };
		for (i = 0; i < b->num_planes; i++) {
			s->mem[i] = vmedia_backing_get(b->planes[i].mem);
			s->offset[i] = b->planes[i].data_offset;
		}
		vmedia_codec_keep_meta(&e->s, b, s->tag);
		e->src[w->num_sources++] = b;
	}
	w->drain = e->s.ctx->m2m->draining && (last || !e->s.ctx->m2m->last_src);
}

static void take_targets(struct vmedia_encoder *e)
{
	struct vmedia_encoder_work *w = &e->work;
	struct vmedia_buf *b;

	for (w->num_targets = 0;
	     w->num_targets < VMEDIA_CODEC_BATCH && (b = vmedia_m2m_take_dst(e->s.ctx));) {
		w->targets[w->num_targets] = (struct vmedia_encoder_target){
			.mem = vmedia_backing_get(b->planes[0].mem),
			.room = b->planes[0].length,
		};
		e->dst[w->num_targets++] = b;
	}
}

/* ---- After a job ---- */

static void drop_references(struct vmedia_encoder_work *w)
{
	uint32_t i, j;

	for (i = 0; i < w->num_sources; i++)
		for (j = 0; j < VMEDIA_COLOUR_PLANES; j++)
			vmedia_backing_put(w->sources[i].mem[j]);
	for (i = 0; i < w->num_targets; i++)
		vmedia_backing_put(w->targets[i].mem);
}

/* Finish the buffers that the job used, and return the others. */
static void give_back(struct vmedia_encoder *e)
{
	struct vmedia_encoder_work *w = &e->work;
	uint32_t i;

	for (i = 0; i < w->num_sent; i++)
		vmedia_buf_done(e->src[i],
				w->sources[i].failed ? VMEDIA_BUF_ERROR : VMEDIA_BUF_DONE);
	e->s.next_tag += w->num_sent;
	for (i = 0; i < w->num_written; i++) {
		vmedia_codec_put_meta(&e->s, w->targets[i].tag, w->targets[i].flags, e->dst[i]);
		e->dst[i]->field = V4L2_FIELD_NONE;
		e->dst[i]->planes[0].bytesused = w->targets[i].used;
		vmedia_buf_done(e->dst[i], w->targets[i].used ? VMEDIA_BUF_DONE : VMEDIA_BUF_ERROR);
	}
	for (i = w->num_sources; i > w->num_sent; i--)
		vmedia_m2m_put_back(e->src[i - 1]);
	for (i = w->num_targets; i > w->num_written; i--)
		vmedia_m2m_put_back(e->dst[i - 1]);
}

static void job_end(struct vmedia_codec_session *s, int err)
{
	struct vmedia_encoder *e = vmedia_container_of(s, struct vmedia_encoder, s);
	struct vmedia_encoder_work *w = &e->work;

	drop_references(w);
	give_back(e);
	w->num_sources = 0;
	w->num_targets = 0;
	if (err || w->err)
		vmedia_codec_session_fail(s, "an encoder", err ? err : w->err);
	else if (w->drained)
		vmedia_m2m_drained(e->s.ctx);
}

/* ---- The job ---- */

static void job_run(struct vmedia_ctx *ctx)
{
	struct vmedia_encoder *e = vmedia_encoder_of(ctx);
	struct vmedia_encoder_work *w = &e->work;

	take_params(e);
	take_sources(e);
	take_targets(e);
	w->reset |= e->reset;
	e->reset = false;
	w->num_sent = 0;
	w->num_written = 0;
	w->drained = false;
	w->err = 0;
	vmedia_codec_session_run(&e->s);
}

static void job_work(struct vmedia_codec_session *s)
{
	vmedia_encoder_work_run(&vmedia_container_of(s, struct vmedia_encoder, s)->work, s->worker);
}

static void job_drop(struct vmedia_codec_session *s)
{
	drop_references(&vmedia_container_of(s, struct vmedia_encoder, s)->work);
}

static void close_codec(struct vmedia_codec_session *s)
{
	vmedia_encoder_work_close(&vmedia_container_of(s, struct vmedia_encoder, s)->work);
}

static void destroy(struct vmedia_codec_session *s)
{
	struct vmedia_encoder *e = vmedia_container_of(s, struct vmedia_encoder, s);

	vmedia_encoder_work_finish(&e->work);
	free(e);
}

const struct vmedia_codec_session_ops vmedia_encoder_session = {
	.work = job_work,
	.end = job_end,
	.drop = job_drop,
	.close = close_codec,
	.destroy = destroy,
};

/* ---- Streaming ---- */


static int start(struct vmedia_queue *q)
{
	struct vmedia_codec_session *s = vmedia_codec_session_of(vmedia_queue_ctx(q));
	const struct vmedia_pix_format_mplane *mp = &vmedia_m2m_src(s->ctx)->fmt.fmt.pix_mp;
	int err = vmedia_codec_meta_init(s);

	if (err)
		return err;
	if (!vmedia_queue_is_output(q) &&
	    !vmedia_codec_session_count(s, (uint64_t)mp->width * mp->height)) {
		vmedia_warn("an encoder of %ux%u pictures is refused: those of other sessions have "
			    "%llu pixels, and %llu is the limit in all",
			    mp->width, mp->height, (unsigned long long)s->all->pixels,
			    (unsigned long long)s->all->max_pixels);
		return -EBUSY;
	}
	return 0;
}

/*
 * What is encoded after this of CAPTURE is another stream. The codec is closed now, since its
 * memory is a multiple of that of the buffers, and these may go. A later job comes after this one.
 */
static void stop(struct vmedia_queue *q)
{
	struct vmedia_encoder *e = vmedia_encoder_of(vmedia_queue_ctx(q));

	if (vmedia_queue_is_output(q))
		return;
	e->reset = true;
	e->s.fatal = false;
	vmedia_codec_session_count(&e->s, 0);
	vmedia_codec_session_close(&e->s);
}

const struct vmedia_m2m_ops vmedia_encoder_m2m = {
	/* The pool of workers limits how many run. */
	.max_jobs = UINT32_MAX,
	.encoder_cmd = true,
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
