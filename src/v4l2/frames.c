/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ENUM_FRAMESIZES, ENUM_FRAMEINTERVALS, G_PARM, S_PARM.
 */
#include <errno.h>

#include <linux/videodev2.h>

#include "v4l2/dispatch.h"
#include "v4l2/format.h"

/*
 * Find a format in any queue of the context, including formats that are not available now: clients
 * enumerate the sizes of a decoder's raw formats early.
 */
static const struct vmedia_format_config *ctx_format(struct vmedia_ctx *ctx, uint32_t pixelformat)
{
	const struct vmedia_format_config *f;
	unsigned int i;

	for (i = 0; i < ctx->num_queues; i++) {
		if (!vmedia_queue_is_video(ctx->queues[i]))
			continue;
		f = vmedia_queue_find_format(ctx->queues[i], pixelformat, true);
		if (f)
			return f;
	}
	return NULL;
}

int vmedia_do_enum_framesizes(struct vmedia_file *file, struct vmedia_request *req)
{
	struct vmedia_frmsizeenum *e = &vmedia_request_ioctl(req)->arg.frmsizeenum;
	const struct vmedia_format_config *f = ctx_format(file->ctx, e->pixel_format);
	const struct vmedia_frame_size *s;

	if (!f || e->index >= f->num_sizes)
		return -EINVAL;
	s = &f->sizes[e->index];
	*e = (struct vmedia_frmsizeenum){ .index = e->index, .pixel_format = e->pixel_format };
	if (!s->step_width) {
		e->type = V4L2_FRMSIZE_TYPE_DISCRETE;
		e->discrete.width = s->width;
		e->discrete.height = s->height;
		return 0;
	}
	e->type = s->step_width == 1 && s->step_height == 1 ? V4L2_FRMSIZE_TYPE_CONTINUOUS
							    : V4L2_FRMSIZE_TYPE_STEPWISE;
	e->stepwise.min_width = s->width;
	e->stepwise.max_width = s->max_width;
	e->stepwise.step_width = s->step_width;
	e->stepwise.min_height = s->height;
	e->stepwise.max_height = s->max_height;
	e->stepwise.step_height = s->step_height;
	return 0;
}

static bool any_intervals(const struct vmedia_ctx *ctx)
{
	unsigned int i, j, k;

	for (i = 0; i < ctx->num_queues; i++) {
		const struct vmedia_queue_config *cfg = ctx->queues[i]->cfg;

		for (j = 0; j < cfg->num_formats; j++)
			for (k = 0; k < cfg->formats[j].num_sizes; k++)
				if (cfg->formats[j].sizes[k].num_intervals)
					return true;
	}
	return false;
}

int vmedia_do_enum_frameintervals(struct vmedia_file *file, struct vmedia_request *req)
{
	struct vmedia_frmivalenum *e = &vmedia_request_ioctl(req)->arg.frmivalenum;
	const struct vmedia_format_config *f;
	const struct vmedia_frame_size *s;
	const struct vmedia_frame_interval *iv;

	if (!any_intervals(file->ctx))
		return vmedia_do_fallback(file, req);
	f = ctx_format(file->ctx, e->pixel_format);
	s = f ? vmedia_frame_size_exact(f, e->width, e->height) : NULL;
	if (!s || e->index >= s->num_intervals)
		return -EINVAL;
	iv = &s->intervals[e->index];
	*e = (struct vmedia_frmivalenum){ .index = e->index,
					  .pixel_format = e->pixel_format,
					  .width = e->width,
					  .height = e->height };
	if (!iv->max.denominator) {
		e->type = V4L2_FRMIVAL_TYPE_DISCRETE;
		e->discrete = iv->min;
		return 0;
	}
	e->type = iv->step.numerator == 1 && iv->step.denominator == 1
			  ? V4L2_FRMIVAL_TYPE_CONTINUOUS
			  : V4L2_FRMIVAL_TYPE_STEPWISE;
	e->stepwise.min = iv->min;
	e->stepwise.max = iv->max;
	e->stepwise.step = iv->step;
	return 0;
}

/* ---- G_PARM, S_PARM ---- */

static struct vmedia_queue *parm_queue(struct vmedia_file *file, uint32_t type, int *err)
{
	struct vmedia_queue *q = vmedia_ctx_queue(file->ctx, type);

	*err = -EINVAL;
	if (q && !q->interval.denominator) {
		*err = -ENOTTY;
		return NULL;
	}
	return q && vmedia_queue_is_video(q) ? q : NULL;
}

static void parm_fill(const struct vmedia_queue *q, struct vmedia_streamparm *p)
{
	*p = (struct vmedia_streamparm){ .type = q->type };
	if (q->output) {
		p->parm.output.capability = V4L2_CAP_TIMEPERFRAME;
		p->parm.output.timeperframe = q->interval;
	} else {
		p->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
		p->parm.capture.timeperframe = q->interval;
	}
}

int vmedia_do_g_parm(struct vmedia_file *file, struct vmedia_request *req)
{
	struct vmedia_streamparm *p = &vmedia_request_ioctl(req)->arg.streamparm;
	struct vmedia_queue *q;
	int err;

	if (!any_intervals(file->ctx))
		return vmedia_do_fallback(file, req);
	q = parm_queue(file, p->type, &err);
	if (!q)
		return err;
	parm_fill(q, p);
	return 0;
}

int vmedia_do_s_parm(struct vmedia_file *file, struct vmedia_request *req)
{
	struct vmedia_streamparm *p = &vmedia_request_ioctl(req)->arg.streamparm;
	const struct vmedia_video_ops *ops = file->ctx->v->ops;
	struct vmedia_fract want;
	struct vmedia_queue *q;
	int err;

	if (!any_intervals(file->ctx))
		return vmedia_do_fallback(file, req);
	q = parm_queue(file, p->type, &err);
	if (!q)
		return err;
	err = vmedia_prio_check(file);
	if (!err)
		err = vmedia_queue_check_owner(q, file->s);
	if (err)
		return err;
	if (q->cap && q->streaming)
		return -EBUSY;
	want = q->output ? p->parm.output.timeperframe : p->parm.capture.timeperframe;
	want = vmedia_interval_fit(q->fsize, want);
	if (ops->set_interval)
		err = ops->set_interval(q, want);
	if (err)
		return err;
	q->interval = want;
	parm_fill(q, p);
	return 0;
}
