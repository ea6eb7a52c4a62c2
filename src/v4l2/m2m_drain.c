/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ends of streams: CMD_STOP, CMD_START, LAST buffers. States and rules: <vmedia/m2m.h>.
 */
#include <errno.h>
#include <string.h>

#include <linux/videodev2.h>

#include "base/checked.h"
#include "v4l2/m2m.h"

enum vmedia_m2m_state vmedia_m2m_state(const struct vmedia_ctx *ctx)
{
	return ctx->m2m->state;
}

bool vmedia_m2m_is_last_src(const struct vmedia_ctx *ctx, const struct vmedia_buf *src)
{
	return ctx->m2m->last_src && &ctx->m2m->last_src->b == src;
}

void vmedia_m2m_left(struct vmedia_vbuf *vb)
{
	struct vmedia_m2m *m = vb->b.queue->ctx->m2m;

	if (m && m->last_src == vb)
		m->last_src = NULL;
}

static void clear(struct vmedia_m2m *m)
{
	m->state = VMEDIA_M2M_RUNNING;
	m->last_src = NULL;
	m->last_pending = false;
	m->eos_pending = false;
}

/* ---- LAST ---- */

void vmedia_m2m_send_last(struct vmedia_ctx *ctx)
{
	struct vmedia_m2m *m = ctx->m2m;
	struct vmedia_buf *dst = vmedia_m2m_take_dst(ctx);
	uint32_t i;

	if (!dst)
		return;
	m->last_pending = false;
	if (m->eos_pending)
		vmedia_ctx_event_eos(ctx);
	m->eos_pending = false;
	for (i = 0; i < dst->num_planes; i++)
		dst->planes[i].bytesused = 0;
	dst->flags |= V4L2_BUF_FLAG_LAST;
	vmedia_buf_done(dst, VMEDIA_BUF_DONE);
}

static void last_due(struct vmedia_ctx *ctx, bool eos)
{
	struct vmedia_m2m *m = ctx->m2m;

	m->state = VMEDIA_M2M_STOPPED;
	m->last_pending = true;
	m->eos_pending = eos;
	if (m->dst->started && !m->dst->stopping)
		vmedia_m2m_send_last(ctx);
}

void vmedia_m2m_drained(struct vmedia_ctx *ctx)
{
	if (ctx->m2m->state == VMEDIA_M2M_DRAINING)
		last_due(ctx, true);
}

void vmedia_m2m_source_change_last(struct vmedia_ctx *ctx)
{
	if (ctx->m2m->state != VMEDIA_M2M_STOPPED)
		last_due(ctx, false);
}

void vmedia_m2m_buf_last(struct vmedia_ctx *ctx, struct vmedia_buf *dst)
{
	struct vmedia_m2m *m = ctx->m2m;

	if (m->state == VMEDIA_M2M_DRAINING)
		vmedia_ctx_event_eos(ctx);
	m->state = VMEDIA_M2M_STOPPED;
	dst->flags |= V4L2_BUF_FLAG_LAST;
	vmedia_buf_done(dst, VMEDIA_BUF_DONE);
}

/* ---- What STREAMON and STREAMOFF mean ---- */

void vmedia_m2m_queue_started(struct vmedia_m2m *m, struct vmedia_queue *q)
{
	/* A LAST that no CAPTURE buffer could carry yet outlives a start of CAPTURE. */
	if (q == m->dst && m->last_pending)
		vmedia_m2m_send_last(m->ctx);
	else if (q == m->src && m->state == VMEDIA_M2M_STOPPED && !m->last_pending)
		clear(m);
}

void vmedia_m2m_queue_stopped(struct vmedia_m2m *m, struct vmedia_queue *q)
{
	if (q == m->dst) {
		clear(m);
		return;
	}
	/* No more input can come: what was to be drained is gone. */
	m->last_src = NULL;
	if (m->state == VMEDIA_M2M_DRAINING)
		vmedia_m2m_drained(m->ctx);
}

/* ---- Commands ---- */

static int stop(struct vmedia_ctx *ctx)
{
	struct vmedia_m2m *m = ctx->m2m;

	if (m->state == VMEDIA_M2M_DRAINING)
		return -EBUSY;
	if (m->state == VMEDIA_M2M_STOPPED || !m->src->started || !m->dst->started)
		return 0;
	m->state = VMEDIA_M2M_DRAINING;
	m->last_src = NULL;
	if (!vmedia_list_empty(&m->src->queued))
		m->last_src = vmedia_list_last(&m->src->queued, struct vmedia_vbuf, node);
	if (m->ops->drain) {
		m->ops->drain(ctx);
		vmedia_m2m_schedule(ctx);
	} else if (!m->last_src && !m->running) {
		vmedia_m2m_drained(ctx);
	}
	return 0;
}

static int start(struct vmedia_ctx *ctx)
{
	struct vmedia_m2m *m = ctx->m2m;

	if (m->state == VMEDIA_M2M_DRAINING)
		return -EBUSY;
	if (m->state != VMEDIA_M2M_STOPPED)
		return 0;
	clear(m);
	if (m->ops->resume)
		m->ops->resume(ctx);
	vmedia_m2m_schedule(ctx);
	return 0;
}

_Static_assert(V4L2_ENC_CMD_START == V4L2_DEC_CMD_START && V4L2_ENC_CMD_STOP == V4L2_DEC_CMD_STOP,
	       "encoders' and decoders' commands are the same numbers");

int vmedia_do_codec_cmd(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_ioctl *io = vmedia_request_ioctl(req);
	struct vmedia_decoder_cmd *dc = &io->arg.decoder_cmd;
	struct vmedia_encoder_cmd *ec = &io->arg.encoder_cmd;
	bool encoder = io->info->nr == VMEDIA_NR_ENCODER_CMD ||
		       io->info->nr == VMEDIA_NR_TRY_ENCODER_CMD;
	bool try = io->info->nr == VMEDIA_NR_TRY_ENCODER_CMD ||
		   io->info->nr == VMEDIA_NR_TRY_DECODER_CMD;
	const struct vmedia_m2m_ops *ops = f->ctx->v->cfg.m2m;
	uint32_t cmd = encoder ? ec->cmd : dc->cmd;

	if (!ops || !(encoder ? ops->encoder_cmd : ops->decoder_cmd))
		return vmedia_do_fallback(f, req);
	if (cmd != V4L2_DEC_CMD_START && cmd != V4L2_DEC_CMD_STOP)
		return -EINVAL;
	if (encoder)
		*ec = (struct vmedia_encoder_cmd){ .cmd = cmd };
	else
		*dc = (struct vmedia_decoder_cmd){ .cmd = cmd };
	if (try)
		return 0;
	return cmd == V4L2_DEC_CMD_STOP ? stop(f->ctx) : start(f->ctx);
}
