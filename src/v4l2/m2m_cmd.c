/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DECODER_CMD, ENCODER_CMD and their TRY: CMD_STOP and CMD_START. m2m_drain.c describes their
 * effects.
 */
#include <errno.h>

#include <linux/videodev2.h>

#include "v4l2/dispatch.h"
#include "v4l2/m2m.h"

static int stop(struct vmedia_ctx *ctx)
{
	struct vmedia_m2m *m = ctx->m2m;

	if (m->draining)
		return -EBUSY;
	if (m->ended || !m->src->started || !m->dst->started)
		return 0;
	m->draining = true;
	m->drained = false;
	m->last_src = NULL;
	if (!vmedia_list_empty(&m->src->queued))
		m->last_src = vmedia_list_last(&m->src->queued, struct vmedia_vbuf, node);
	if (m->ops->drain)
		m->ops->drain(ctx);
	vmedia_m2m_schedule(ctx);
	return 0;
}

static int start(struct vmedia_ctx *ctx)
{
	struct vmedia_m2m *m = ctx->m2m;

	if (m->last_pending || (m->draining && !m->changed))
		return -EBUSY;
	if (!m->changed && !m->ended)
		return 0;
	m->changed = false;
	m->ended = false;
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
