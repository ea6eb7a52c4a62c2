/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inputs and outputs, selections and the older crop calls.
 */
#include <errno.h>
#include <string.h>

#include <linux/videodev2.h>

#include "v4l2/dispatch.h"
#include "v4l2/queue.h"

static void name_copy(uint8_t *to, size_t cap, const char *from)
{
	memcpy(to, from, strnlen(from, cap - 1));
}

/* ---- Inputs, outputs ---- */

int vmedia_do_enuminput(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_input *in = &vmedia_request_ioctl(req)->arg.input;
	const struct vmedia_video *v = f->ctx->v;
	const struct vmedia_video_io *io;

	if (!v->num_inputs)
		return vmedia_do_fallback(f, req);
	if (in->index >= v->num_inputs)
		return -EINVAL;
	io = &v->inputs[in->index];
	*in = (struct vmedia_input){ .index = in->index,
				     .type = io->type ? io->type : V4L2_INPUT_TYPE_CAMERA,
				     .audioset = io->audioset,
				     .tuner = io->tuner,
				     .std = io->std,
				     .status = io->status,
				     .capabilities = io->capabilities };
	name_copy(in->name, sizeof(in->name), io->name);
	return 0;
}

int vmedia_do_g_input(struct vmedia_file *f, struct vmedia_request *req)
{
	if (!f->ctx->v->num_inputs)
		return vmedia_do_fallback(f, req);
	vmedia_request_ioctl(req)->arg.s32 = (int32_t)f->ctx->input;
	return 0;
}

/*
 * True if a queue of that direction is busy. Another input or output may have other formats, and
 * the format of existing buffers must not change.
 */
static bool busy_any(const struct vmedia_ctx *ctx, bool output)
{
	unsigned int i;

	for (i = 0; i < ctx->num_queues; i++)
		if (ctx->queues[i]->output == output && vmedia_queue_busy(ctx->queues[i]))
			return true;
	return false;
}

static int choose(struct vmedia_file *f, int32_t wish, bool output)
{
	const struct vmedia_video *v = f->ctx->v;
	uint32_t num = output ? v->num_outputs : v->num_inputs;
	uint32_t *cur = output ? &f->ctx->output : &f->ctx->input;
	int (*hook)(struct vmedia_ctx *, uint32_t) = output ? v->ops->set_output
							    : v->ops->set_input;
	int err = vmedia_prio_check(f);

	if (err)
		return err;
	if (wish < 0 || (uint32_t)wish >= num)
		return -EINVAL;
	if ((uint32_t)wish == *cur)
		return 0;
	if (busy_any(f->ctx, output))
		return -EBUSY;
	if (hook)
		err = hook(f->ctx, (uint32_t)wish);
	if (!err)
		*cur = (uint32_t)wish;
	return err;
}

int vmedia_do_s_input(struct vmedia_file *f, struct vmedia_request *req)
{
	if (!f->ctx->v->num_inputs)
		return vmedia_do_fallback(f, req);
	return choose(f, vmedia_request_ioctl(req)->arg.s32, false);
}

int vmedia_do_enumoutput(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_output *out = &vmedia_request_ioctl(req)->arg.output;
	const struct vmedia_video *v = f->ctx->v;
	const struct vmedia_video_io *io;

	if (!v->num_outputs)
		return vmedia_do_fallback(f, req);
	if (out->index >= v->num_outputs)
		return -EINVAL;
	io = &v->outputs[out->index];
	*out = (struct vmedia_output){ .index = out->index,
				       .type = io->type ? io->type : V4L2_OUTPUT_TYPE_ANALOG,
				       .audioset = io->audioset,
				       .modulator = io->tuner,
				       .std = io->std,
				       .capabilities = io->capabilities };
	name_copy(out->name, sizeof(out->name), io->name);
	return 0;
}

int vmedia_do_g_output(struct vmedia_file *f, struct vmedia_request *req)
{
	if (!f->ctx->v->num_outputs)
		return vmedia_do_fallback(f, req);
	vmedia_request_ioctl(req)->arg.s32 = (int32_t)f->ctx->output;
	return 0;
}

int vmedia_do_s_output(struct vmedia_file *f, struct vmedia_request *req)
{
	if (!f->ctx->v->num_outputs)
		return vmedia_do_fallback(f, req);
	return choose(f, vmedia_request_ioctl(req)->arg.s32, true);
}

/* ---- Selections ---- */

/*
 * Find the queue of @type. The single-planar type also finds the multi-planar queue, and vice
 * versa, since Linux's core turns multi-planar types into single-planar ones here.
 */
static struct vmedia_queue *sel_queue(struct vmedia_ctx *ctx, uint32_t type)
{
	static const uint32_t pairs[][2] = {
		{ V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE },
		{ V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE },
	};
	struct vmedia_queue *q;
	unsigned int i, j;

	for (i = 0; i < 2; i++)
		for (j = 0; j < 2; j++)
			if (type == pairs[i][j]) {
				q = vmedia_ctx_queue(ctx, type);
				return q ? q : vmedia_ctx_queue(ctx, pairs[i][!j]);
			}
	return NULL;
}

static void picture_size(const struct vmedia_queue *q, uint32_t *w, uint32_t *h)
{
	*w = q->mplane ? q->fmt.fmt.pix_mp.width : q->fmt.fmt.pix.width;
	*h = q->mplane ? q->fmt.fmt.pix_mp.height : q->fmt.fmt.pix.height;
}

/* Answer for a device that cannot crop: each rectangle is the whole picture. */
static int whole_picture(const struct vmedia_queue *q, struct vmedia_selection *sel)
{
	if (q->output)
		return -EINVAL;
	switch (sel->target) {
	case V4L2_SEL_TGT_CROP:
	case V4L2_SEL_TGT_CROP_DEFAULT:
	case V4L2_SEL_TGT_CROP_BOUNDS:
		sel->r.left = 0;
		sel->r.top = 0;
		picture_size(q, &sel->r.width, &sel->r.height);
		return 0;
	default:
		return -EINVAL;
	}
}

static int get_selection(struct vmedia_queue *q, struct vmedia_selection *sel)
{
	const struct vmedia_video *v = q->ctx->v;

	if (v->ops->g_selection)
		return v->ops->g_selection(q, sel);
	return v->cfg.crop ? whole_picture(q, sel) : -ENOTTY;
}

/* GE: the result must be at least as large as the request; LE: at most as large. */
static bool constraint_ok(const struct vmedia_selection *want, const struct vmedia_rect *got)
{
	if (want->flags & V4L2_SEL_FLAG_GE &&
	    (got->width < want->r.width || got->height < want->r.height))
		return false;
	return !(want->flags & V4L2_SEL_FLAG_LE &&
		 (got->width > want->r.width || got->height > want->r.height));
}

static int set_selection(struct vmedia_file *f, struct vmedia_queue *q,
			 struct vmedia_selection *sel)
{
	const struct vmedia_video *v = q->ctx->v;
	struct vmedia_selection want = *sel;
	int err = vmedia_prio_check(f);

	if (!err)
		err = vmedia_queue_check_owner(q, f->s);
	if (err)
		return err;
	if (sel->flags &
	    ~(uint32_t)(V4L2_SEL_FLAG_GE | V4L2_SEL_FLAG_LE | V4L2_SEL_FLAG_KEEP_CONFIG))
		return -EINVAL;
	if (v->ops->s_selection)
		return v->ops->s_selection(q, sel);
	if (v->ops->g_selection || !v->cfg.crop)
		return -ENOTTY;
	if (sel->target != V4L2_SEL_TGT_CROP)
		return -EINVAL;
	err = whole_picture(q, sel);
	return err ? err : constraint_ok(&want, &sel->r) ? 0 : -ERANGE;
}

int vmedia_do_g_selection(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_selection *sel = &vmedia_request_ioctl(req)->arg.selection;
	struct vmedia_queue *q = sel_queue(f->ctx, sel->type);

	if (!f->ctx->v->ops->g_selection && !f->ctx->v->cfg.crop)
		return vmedia_do_fallback(f, req);
	if (!q)
		return -EINVAL;
	memset(sel->reserved, 0, sizeof(sel->reserved));
	return get_selection(q, sel);
}

int vmedia_do_s_selection(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_selection *sel = &vmedia_request_ioctl(req)->arg.selection;
	struct vmedia_queue *q = sel_queue(f->ctx, sel->type);

	if (!f->ctx->v->ops->s_selection && !f->ctx->v->cfg.crop)
		return vmedia_do_fallback(f, req);
	if (!q)
		return -EINVAL;
	memset(sel->reserved, 0, sizeof(sel->reserved));
	return set_selection(f, q, sel);
}

/* ---- Crops: V4L2's older names for a part of the above ---- */

static struct vmedia_queue *crop_queue(struct vmedia_file *f, uint32_t type, int *err)
{
	struct vmedia_queue *q = sel_queue(f->ctx, type);

	*err = -EINVAL;
	if (!f->ctx->v->ops->g_selection && !f->ctx->v->cfg.crop) {
		*err = -ENOTTY;
		return NULL;
	}
	return q;
}

/* The selection target of a crop call: the source of a capture, the destination of an output. */
static uint32_t crop_target(const struct vmedia_queue *q, uint32_t capture_target)
{
	if (!q->output || q->ctx->m2m)
		return capture_target;
	switch (capture_target) {
	case V4L2_SEL_TGT_CROP_BOUNDS:
		return V4L2_SEL_TGT_COMPOSE_BOUNDS;
	case V4L2_SEL_TGT_CROP_DEFAULT:
		return V4L2_SEL_TGT_COMPOSE_DEFAULT;
	default:
		return V4L2_SEL_TGT_COMPOSE;
	}
}

static int crop_get(struct vmedia_queue *q, uint32_t target, struct vmedia_rect *r)
{
	struct vmedia_selection sel = { .type = q->type, .target = crop_target(q, target) };
	int err = get_selection(q, &sel);

	if (!err)
		*r = sel.r;
	return err;
}

int vmedia_do_cropcap(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_cropcap *cc = &vmedia_request_ioctl(req)->arg.cropcap;
	struct vmedia_queue *q;
	int err;

	q = crop_queue(f, cc->type, &err);
	if (!q)
		return err;
	cc->pixelaspect = (struct vmedia_fract){ 1, 1 };
	err = crop_get(q, V4L2_SEL_TGT_CROP_BOUNDS, &cc->bounds);
	return err ? err : crop_get(q, V4L2_SEL_TGT_CROP_DEFAULT, &cc->defrect);
}

int vmedia_do_g_crop(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_crop *c = &vmedia_request_ioctl(req)->arg.crop;
	struct vmedia_queue *q;
	int err;

	q = crop_queue(f, c->type, &err);
	return q ? crop_get(q, V4L2_SEL_TGT_CROP, &c->c) : err;
}

int vmedia_do_s_crop(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_crop *c = &vmedia_request_ioctl(req)->arg.crop;
	struct vmedia_selection sel = { .r = c->c };
	struct vmedia_queue *q;
	int err;

	q = crop_queue(f, c->type, &err);
	if (!q)
		return err;
	sel.type = q->type;
	sel.target = crop_target(q, V4L2_SEL_TGT_CROP);
	return set_selection(f, q, &sel);
}
