/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices, contexts and sessions: the way from one to another.
 */
#include "v4l2/queue.h"

struct vmedia_file *vmedia_file_of(const struct vmedia_session *s)
{
	return vmedia_session_priv(s);
}

struct vmedia_video *vmedia_video_of(const struct vmedia_device *dev)
{
	return vmedia_device_priv(dev);
}

struct vmedia_device *vmedia_video_device(const struct vmedia_video *v)
{
	return v->dev;
}

void *vmedia_video_priv(const struct vmedia_video *v)
{
	return v->cfg.priv;
}

struct vmedia_ctx *vmedia_video_ctx(const struct vmedia_video *v)
{
	return v->shared;
}

struct vmedia_video *vmedia_ctx_video(const struct vmedia_ctx *ctx)
{
	return ctx->v;
}

struct vmedia_session *vmedia_ctx_session(const struct vmedia_ctx *ctx)
{
	return ctx->s;
}

void *vmedia_ctx_priv(const struct vmedia_ctx *ctx)
{
	return ctx->priv;
}

void vmedia_ctx_set_priv(struct vmedia_ctx *ctx, void *priv)
{
	ctx->priv = priv;
}

struct vmedia_queue *vmedia_ctx_queue(const struct vmedia_ctx *ctx, uint32_t type)
{
	unsigned int i;

	for (i = 0; i < ctx->num_queues; i++)
		if (ctx->queues[i]->type == type)
			return ctx->queues[i];
	return NULL;
}

uint32_t vmedia_ctx_input(const struct vmedia_ctx *ctx)
{
	return ctx->input;
}

uint32_t vmedia_ctx_output(const struct vmedia_ctx *ctx)
{
	return ctx->output;
}

struct vmedia_ctx *vmedia_session_ctx(const struct vmedia_session *s)
{
	return vmedia_file_of(s)->ctx;
}
