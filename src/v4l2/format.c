/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ENUM_FMT, G_FMT, S_FMT, TRY_FMT.
 */
#include <errno.h>
#include <string.h>

#include <linux/videodev2.h>

#include "v4l2/dispatch.h"
#include "v4l2/format.h"
#include "v4l2/m2m.h"

int vmedia_do_enum_fmt(struct vmedia_file *file, struct vmedia_request *req)
{
	struct vmedia_fmtdesc *d = &vmedia_request_ioctl(req)->arg.fmtdesc;
	struct vmedia_queue *q = vmedia_ctx_queue(file->ctx, d->type);
	bool all = d->index & V4L2_FMTDESC_FLAG_ENUM_ALL;
	bool mc = file->ctx->v->cfg.device_caps & V4L2_CAP_IO_MC;
	const struct vmedia_format_config *f;
	const struct vmedia_pixfmt *pf;
	uint32_t index = d->index & ~V4L2_FMTDESC_FLAG_ENUM_ALL;

	if (!q || !q->cfg->num_formats)
		return -EINVAL;
	f = vmedia_queue_nth_format(q, index, mc ? d->mbus_code : 0, all);
	if (!f)
		return -EINVAL;
	pf = vmedia_pixfmt_find(f->pixelformat);
	*d = (struct vmedia_fmtdesc){ .index = index,
				      .type = d->type,
				      .pixelformat = f->pixelformat,
				      .mbus_code = mc ? d->mbus_code : 0,
				      .flags = f->flags | (pf ? pf->flags : 0) };
	memcpy(d->description, f->description ? f->description : pf->description,
	       strnlen(f->description ? f->description : pf->description,
		       sizeof(d->description) - 1));
	return 0;
}

void vmedia_format_apply(struct vmedia_queue *q, const struct vmedia_format *fmt,
			 const struct vmedia_format_config *f, const struct vmedia_frame_size *size)
{
	const struct vmedia_video_ops *ops = q->ctx->v->ops;

	q->fmt = *fmt;
	q->unmeasured = true;
	q->fcfg = f;
	q->pf = f ? vmedia_pixfmt_find(f->pixelformat) : NULL;
	/* Another list of intervals: keep the present interval if the new size has it too. */
	if (size != q->fsize) {
		q->fsize = size;
		q->interval = vmedia_interval_fit(size, q->interval);
		if (ops->set_interval && q->interval.denominator)
			ops->set_interval(q, q->interval);
	}
	if (ops->set_fmt)
		ops->set_fmt(q, &q->fmt);
}

int vmedia_queue_set_format(struct vmedia_queue *q, struct vmedia_format *fmt)
{
	const struct vmedia_format_config *f;
	const struct vmedia_frame_size *size;
	int err;

	/* A running frame source keeps its format until it is stopped. */
	if (q->cap && q->started)
		return -EBUSY;
	fmt->type = q->type;
	err = vmedia_format_fit(q, fmt, &f, &size);
	if (!err)
		vmedia_format_apply(q, fmt, f, size);
	return err;
}

/*
 * The first size. Of an encoder's range not the least: v4l2-compliance tries a rectangle that is a
 * little smaller.
 */
static void default_size(const struct vmedia_queue *q, uint32_t *w, uint32_t *h)
{
	const struct vmedia_frame_size *s = q->cfg->formats->sizes;

	*w = s->width;
	*h = s->height;
	if (!q->ctx->m2m || !q->ctx->m2m->ops->encoder_cmd)
		return;
	*w = VMEDIA_MAX(s->width, s->max_width < 640 ? s->max_width : 640u);
	*h = VMEDIA_MAX(s->height, s->max_height < 480 ? s->max_height : 480u);
}

int vmedia_queue_default_format(struct vmedia_queue *q)
{
	struct vmedia_format fmt = { .type = q->type };
	const struct vmedia_format_config *f = q->cfg->formats;
	uint32_t w, h;

	if (vmedia_queue_is_video(q)) {
		default_size(q, &w, &h);
		if (q->mplane) {
			fmt.fmt.pix_mp.pixelformat = f->pixelformat;
			fmt.fmt.pix_mp.width = w;
			fmt.fmt.pix_mp.height = h;
		} else {
			fmt.fmt.pix.pixelformat = f->pixelformat;
			fmt.fmt.pix.width = w;
			fmt.fmt.pix.height = h;
		}
	}
	return vmedia_queue_set_format(q, &fmt);
}

int vmedia_do_g_fmt(struct vmedia_file *file, struct vmedia_request *req)
{
	struct vmedia_format *fmt = &vmedia_request_ioctl(req)->arg.format;
	struct vmedia_queue *q = vmedia_ctx_queue(file->ctx, fmt->type);

	if (!q)
		return -EINVAL;
	*fmt = q->fmt;
	return 0;
}

int vmedia_do_try_fmt(struct vmedia_file *file, struct vmedia_request *req)
{
	struct vmedia_format *fmt = &vmedia_request_ioctl(req)->arg.format;
	struct vmedia_queue *q = vmedia_ctx_queue(file->ctx, fmt->type);
	const struct vmedia_format_config *f;
	const struct vmedia_frame_size *size;

	return q ? vmedia_format_fit(q, fmt, &f, &size) : -EINVAL;
}

int vmedia_do_s_fmt(struct vmedia_file *file, struct vmedia_request *req)
{
	struct vmedia_format *fmt = &vmedia_request_ioctl(req)->arg.format;
	struct vmedia_queue *q = vmedia_ctx_queue(file->ctx, fmt->type);
	const struct vmedia_format_config *f;
	const struct vmedia_frame_size *size;
	int err;

	if (!q)
		return -EINVAL;
	err = vmedia_prio_check(file);
	if (!err)
		err = vmedia_format_fit(q, fmt, &f, &size);
	if (err)
		return err;
	if (vmedia_queue_busy(q))
		return -EBUSY;
	vmedia_format_apply(q, fmt, f, size);
	*fmt = q->fmt;
	return 0;
}
