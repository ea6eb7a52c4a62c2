/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices, contexts and sessions: how to get from one to another; G_PRIORITY and S_PRIORITY, which
 * limit the changes that a session may make; ioctls that the framework passes to the device.
 */
#include <errno.h>

#include <linux/videodev2.h>

#include "v4l2/dispatch.h"
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

int vmedia_do_fallback(struct vmedia_file *f, struct vmedia_request *req)
{
	const struct vmedia_video_ops *ops = f->ctx->v->ops;

	return ops->ioctl ? ops->ioctl(f->ctx, req) : -ENOTTY;
}

/* ---- Priority ---- */

static uint32_t max_prio(const struct vmedia_video *v)
{
	uint32_t p;

	for (p = V4L2_PRIORITY_RECORD; p > V4L2_PRIORITY_UNSET; p--)
		if (v->num_prio[p])
			return p;
	return V4L2_PRIORITY_UNSET;
}

int vmedia_prio_check(const struct vmedia_file *f)
{
	return f->prio < max_prio(f->ctx->v) ? -EBUSY : 0;
}

int vmedia_do_g_priority(struct vmedia_file *f, struct vmedia_request *req)
{
	vmedia_request_ioctl(req)->arg.u32 = max_prio(f->ctx->v);
	return 0;
}

int vmedia_do_s_priority(struct vmedia_file *f, struct vmedia_request *req)
{
	uint32_t p = vmedia_request_ioctl(req)->arg.u32;

	if (p < V4L2_PRIORITY_BACKGROUND || p > V4L2_PRIORITY_RECORD)
		return -EINVAL;
	if (vmedia_prio_check(f))
		return -EBUSY;
	f->ctx->v->num_prio[f->prio]--;
	f->prio = p;
	f->ctx->v->num_prio[p]++;
	return 0;
}
