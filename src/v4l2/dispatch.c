/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One table from an ioctl's number to its handler.
 */
#include "base/checked.h"
#include "v4l2/context.h"
#include "v4l2/dispatch.h"

static bool has_any(const struct vmedia_ctx *ctx)
{
	(void)ctx;
	return true;
}

/* A radio or tuner has no queues, and needs no ioctls for formats and buffers. */
static bool has_queues(const struct vmedia_ctx *ctx)
{
	return ctx->num_queues;
}

static bool has_ctrls(const struct vmedia_ctx *ctx)
{
	return ctx->ctrls.num;
}

#define ROW(nr, name, has) [VMEDIA_NR_##nr] = { vmedia_do_##name, has_##has },
static const struct {
	int (*handle)(struct vmedia_file *f, struct vmedia_request *req);
	bool (*has)(const struct vmedia_ctx *ctx);
} rows[VMEDIA_NR_END] = { VMEDIA_HANDLERS(ROW) };

int vmedia_video_ioctl(struct vmedia_file *f, struct vmedia_request *req)
{
	const struct vmedia_video_ops *ops = f->ctx->v->ops;
	uint8_t nr = vmedia_request_ioctl(req)->info->nr;
	int err;

	if (ops->intercept) {
		err = ops->intercept(f->ctx, req);
		if (err != VMEDIA_NOT_MINE)
			return err;
	}
	if (nr >= VMEDIA_ARRAY_SIZE(rows) || !rows[nr].handle || !rows[nr].has(f->ctx))
		return vmedia_do_fallback(f, req);
	return rows[nr].handle(f, req);
}
