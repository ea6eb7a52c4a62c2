/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An encoder's jobs on the loop: parameters and buffers are taken before a job, and buffers are
 * given back after it.
 *
 * Theory of operation
 *
 *   A job takes its buffers (vmedia_m2m_take_*()), and references on their memory for its thread.
 *   STREAMOFF and the session's end ask it to stop; it then returns what it has not used. After the
 *   session's end the encoder is an orphan: it has no buffers any more, only references. It is
 *   freed at the end of the round in which its job ends, since a worker cannot be destroyed in
 *   done().
 *
 *   The metadata of a picture is stored under its tag, a number that counts up. The codec returns
 *   the tag with the packet, and the metadata is copied to the packet's buffer.
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

#define METADATA_FLAGS (V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_TSTAMP_SRC_MASK)
#define FRAME_FLAGS (V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME | V4L2_BUF_FLAG_BFRAME)

/* ---- Metadata ---- */

static void keep_meta(struct vmedia_encoder *e, const struct vmedia_buf *src, uint64_t tag)
{
	e->meta[tag % VMEDIA_ENCODER_TAGS] =
		(struct vmedia_encoder_meta){ .tag = tag,
					      .timestamp = src->timestamp,
					      .timecode = src->timecode,
					      .flags = src->flags & METADATA_FLAGS };
}

static void put_meta(const struct vmedia_encoder *e, const struct vmedia_encoder_target *t,
		     struct vmedia_buf *dst)
{
	const struct vmedia_encoder_meta *m = &e->meta[t->tag % VMEDIA_ENCODER_TAGS];

	dst->flags = t->flags & FRAME_FLAGS;
	dst->field = V4L2_FIELD_NONE;
	if (m->tag != t->tag) {
		vmedia_dbg("a packet comes more than %u pictures after its own; its timestamp is "
			   "not known any more",
			   VMEDIA_ENCODER_TAGS);
		return;
	}
	dst->timestamp = m->timestamp;
	dst->timecode = m->timecode;
	dst->flags |= m->flags;
}

/* ---- Before a job ---- */

/* True if OUTPUT has a picture that may be encoded now: in a drain, one that CMD_STOP saw. */
static bool has_picture(const struct vmedia_ctx *ctx)
{
	if (ctx->m2m->draining && !ctx->m2m->last_src)
		return false;
	return vmedia_m2m_num_src(ctx);
}

static bool job_ready(struct vmedia_ctx *ctx)
{
	const struct vmedia_encoder *e = vmedia_encoder_of(ctx);
	const struct vmedia_m2m *m = ctx->m2m;
	/* After a restart the codec has nothing, and a job may be closing it. */
	bool fresh = e->closing || e->reset || e->work.reset;

	if (e->fatal || !m->dst->started)
		return false;
	if (!fresh && e->work.have)
		return vmedia_m2m_num_dst(ctx);
	return (!fresh && e->work.more) || has_picture(ctx) || (m->draining && !m->last_src);
}

static void take_params(struct vmedia_encoder *e)
{
	struct vmedia_encoder_work *w = &e->work;
	const struct vmedia_pixfmt *pf = vmedia_queue_pixfmt(vmedia_m2m_src(e->ctx));
	unsigned int i;

	vmedia_encoder_get_params(e, &w->params);
	for (i = 0; i < w->params.num_ctrls; i++)
		w->values[i] = vmedia_ctrl_read(e->ctx, w->params.ctrls[i].id, 0);
	vmedia_queue_layout(vmedia_m2m_src(e->ctx), &w->layout);
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

	for (w->num_sources = 0; w->num_sources < VMEDIA_ENCODER_BATCH && !last;) {
		struct vmedia_encoder_source *s = &w->sources[w->num_sources];
		struct vmedia_buf *b;

		if (!has_picture(e->ctx))
			break;
		b = vmedia_m2m_take_src(e->ctx);
		last = vmedia_m2m_is_last_src(e->ctx, b);
		*s = (struct vmedia_encoder_source){ .tag = e->next_tag + w->num_sources,
						     .key = b->priv };
		for (i = 0; i < b->num_planes; i++) {
			s->mem[i] = vmedia_backing_get(b->planes[i].mem);
			s->offset[i] = b->planes[i].data_offset;
		}
		keep_meta(e, b, s->tag);
		e->src[w->num_sources++] = b;
	}
	w->drain = e->ctx->m2m->draining && (last || !e->ctx->m2m->last_src);
}

static void take_targets(struct vmedia_encoder *e)
{
	struct vmedia_encoder_work *w = &e->work;
	struct vmedia_buf *b;

	for (w->num_targets = 0;
	     w->num_targets < VMEDIA_ENCODER_BATCH && (b = vmedia_m2m_take_dst(e->ctx));) {
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
	e->next_tag += w->num_sent;
	for (i = 0; i < w->num_written; i++) {
		put_meta(e, &w->targets[i], e->dst[i]);
		e->dst[i]->planes[0].bytesused = w->targets[i].used;
		vmedia_buf_done(e->dst[i], w->targets[i].used ? VMEDIA_BUF_DONE : VMEDIA_BUF_ERROR);
	}
	for (i = w->num_sources; i > w->num_sent; i--)
		vmedia_m2m_put_back(e->src[i - 1]);
	for (i = w->num_targets; i > w->num_written; i--)
		vmedia_m2m_put_back(e->dst[i - 1]);
}

static void fail(struct vmedia_encoder *e, int err)
{
	struct vmedia_queue *q[] = { vmedia_m2m_src(e->ctx), vmedia_m2m_dst(e->ctx) };

	vmedia_warn("an encoder cannot go on (error %d); each of its queues gets EIO until its "
		    "STREAMOFF",
		    -err);
	e->fatal = true;
	/* One whose STREAMOFF waits for this job begins anew. */
	for (unsigned int i = 0; i < 2; i++)
		if (!q[i]->stopping)
			vmedia_queue_error(q[i]);
}

static void job_end(struct vmedia_encoder *e)
{
	struct vmedia_encoder_work *w = &e->work;

	e->running = false;
	drop_references(w);
	give_back(e);
	w->num_sources = 0;
	w->num_targets = 0;
	if (w->err)
		fail(e, w->err);
	else if (w->drained)
		vmedia_m2m_drained(e->ctx);
	vmedia_m2m_job_done(e->ctx);
}

/* ---- The job ---- */

static void job_run(struct vmedia_ctx *ctx)
{
	struct vmedia_encoder *e = vmedia_encoder_of(ctx);
	struct vmedia_encoder_work *w = &e->work;
	int err;

	take_params(e);
	take_sources(e);
	take_targets(e);
	w->reset |= e->reset;
	e->reset = false;
	w->num_sent = 0;
	w->num_written = 0;
	w->drained = false;
	w->err = 0;
	e->running = true;
	err = vmedia_worker_submit(e->worker, &e->job);
	if (!err)
		return;		/* the work is the thread's */
	w->err = err;
	job_end(e);
}

static void job_done(struct vmedia_job *job, int err)
{
	struct vmedia_encoder *e = vmedia_container_of(job, struct vmedia_encoder, job);

	(void)err;
	if (e->ctx) {
		job_end(e);
		return;
	}
	drop_references(&e->work);
	vmedia_defer(&e->bury);
}

static void job_work(struct vmedia_worker *worker, struct vmedia_job *job)
{
	struct vmedia_encoder *e = vmedia_container_of(job, struct vmedia_encoder, job);

	vmedia_encoder_work_run(&e->work, worker);
}

static void close_work(struct vmedia_worker *worker, struct vmedia_job *job)
{
	(void)worker;
	vmedia_encoder_work_close(
		&vmedia_container_of(job, struct vmedia_encoder, close)->work);
}

static void close_done(struct vmedia_job *job, int err)
{
	(void)err;
	vmedia_container_of(job, struct vmedia_encoder, close)->closing = false;
}

void vmedia_encoder_job_init(struct vmedia_encoder *e)
{
	vmedia_worker_init_job(&e->job, job_work, job_done);
	vmedia_worker_init_job(&e->close, close_work, close_done);
}

/* ---- Ends ---- */

static void job_abort(struct vmedia_ctx *ctx)
{
	struct vmedia_encoder *e = vmedia_encoder_of(ctx);

	if (!vmedia_worker_cancel(e->worker, &e->job))
		job_end(e);
}

static int job_wait(struct vmedia_ctx *ctx, uint64_t until)
{
	struct vmedia_encoder *e = vmedia_encoder_of(ctx);

	if (!vmedia_worker_cancel(e->worker, &e->job)) {
		job_end(e);
		return 0;
	}
	return vmedia_worker_wait(e->worker, &e->job, until);
}

static void job_orphan(struct vmedia_ctx *ctx)
{
	struct vmedia_encoder *e = vmedia_encoder_of(ctx);

	vmedia_list_add_tail(&e->dev->orphans, &e->node);
	e->ctx = NULL;
	if (!vmedia_worker_cancel(e->worker, &e->job))
		job_done(&e->job, 0);
}

static int start(struct vmedia_queue *q)
{
	struct vmedia_encoder *e = vmedia_encoder_of(vmedia_queue_ctx(q));

	if (!e->meta)
		e->meta = calloc(VMEDIA_ENCODER_TAGS, sizeof(*e->meta));
	return e->meta ? 0 : -ENOMEM;
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
	e->fatal = false;
	if (!e->closing)
		e->closing = !vmedia_worker_submit(e->worker, &e->close);
}

/* The next job sees the drain. */
static void drain(struct vmedia_ctx *ctx)
{
	(void)ctx;
}

const struct vmedia_m2m_ops vmedia_encoder_m2m = {
	/* The pool of workers limits how many run. */
	.max_jobs = UINT32_MAX,
	.encoder_cmd = true,
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
