/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ENUM_FMT, G_FMT, S_FMT, TRY_FMT.
 */
#include <errno.h>
#include <string.h>

#include <linux/videodev2.h>

#include "base/checked.h"
#include "v4l2/dispatch.h"
#include "v4l2/format.h"

bool vmedia_queue_is_video(const struct vmedia_queue *q)
{
	return q->type == V4L2_BUF_TYPE_VIDEO_CAPTURE || q->type == V4L2_BUF_TYPE_VIDEO_OUTPUT ||
	       q->mplane;
}

/* The n-th format that is there now; @all: whether or not it is. */
static const struct vmedia_format_config *nth_format(struct vmedia_queue *q, uint32_t n,
						     uint32_t mbus, bool all)
{
	const struct vmedia_video_ops *ops = q->ctx->v->ops;
	unsigned int i;

	for (i = 0; i < q->cfg->num_formats; i++) {
		const struct vmedia_format_config *f = &q->cfg->formats[i];

		if (!all && ops->has_format && !ops->has_format(q, f))
			continue;
		if (mbus && f->mbus_code && f->mbus_code != mbus)
			continue;
		if (!n--)
			return f;
	}
	return NULL;
}

const struct vmedia_format_config *vmedia_queue_find_format(struct vmedia_queue *q,
							    uint32_t pixelformat, bool all)
{
	const struct vmedia_format_config *f;
	uint32_t i;

	for (i = 0; (f = nth_format(q, i, 0, all)); i++)
		if (f->pixelformat == pixelformat)
			return f;
	return all ? NULL : nth_format(q, 0, 0, false);
}

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
	f = nth_format(q, index, mc ? d->mbus_code : 0, all);
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

uint32_t vmedia_format_plane_sizes(const struct vmedia_format *fmt,
				   uint32_t sizes[VMEDIA_MAX_PLANES])
{
	const struct vmedia_pix_format_mplane *mp = &fmt->fmt.pix_mp;
	const struct vmedia_vbi_format *vbi = &fmt->fmt.vbi;
	uint64_t size;
	uint32_t i;

	switch (fmt->type) {
	case V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
		if (mp->num_planes > VMEDIA_MAX_PLANES)
			return 0;
		for (i = 0; i < mp->num_planes; i++)
			sizes[i] = mp->plane_fmt[i].sizeimage;
		return mp->num_planes;
	case V4L2_BUF_TYPE_VIDEO_CAPTURE:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT:
		sizes[0] = fmt->fmt.pix.sizeimage;
		return 1;
	case V4L2_BUF_TYPE_VBI_CAPTURE:
	case V4L2_BUF_TYPE_VBI_OUTPUT:
		size = (uint64_t)vbi->samples_per_line * ((uint64_t)vbi->count[0] + vbi->count[1]);
		sizes[0] = size > UINT32_MAX ? 0 : (uint32_t)size;
		return 1;
	case V4L2_BUF_TYPE_SLICED_VBI_CAPTURE:
	case V4L2_BUF_TYPE_SLICED_VBI_OUTPUT:
		sizes[0] = fmt->fmt.sliced.io_size;
		return 1;
	case V4L2_BUF_TYPE_SDR_CAPTURE:
	case V4L2_BUF_TYPE_SDR_OUTPUT:
		sizes[0] = fmt->fmt.sdr.buffersize;
		return 1;
	case V4L2_BUF_TYPE_META_CAPTURE:
	case V4L2_BUF_TYPE_META_OUTPUT:
		sizes[0] = fmt->fmt.meta.buffersize;
		return 1;
	default:
		return 0;
	}
}

uint32_t vmedia_queue_plane_sizes(const struct vmedia_queue *q, uint32_t sizes[VMEDIA_MAX_PLANES])
{
	return vmedia_format_plane_sizes(&q->fmt, sizes);
}

static bool is_coded(const struct vmedia_queue *q)
{
	return (q->pf && q->pf->kind == VMEDIA_PIXFMT_CODED) ||
	       (q->fcfg && q->fcfg->flags & V4L2_FMT_FLAG_COMPRESSED);
}

/*
 * The format's sizes, which hold its layout (fit.c). Coded data that comes in is as long as
 * bytesused says: there sizeimage is what the next packet may need, and nothing that is read.
 */
uint32_t vmedia_queue_plane_needs(const struct vmedia_queue *q, uint32_t sizes[VMEDIA_MAX_PLANES])
{
	uint32_t n = vmedia_queue_plane_sizes(q, sizes);

	if (q->output && is_coded(q))
		memset(sizes, 0, n * sizeof(*sizes));
	return n;
}

int vmedia_format_layout(const struct vmedia_format *fmt, const struct vmedia_pixfmt *pf,
			 struct vmedia_picture_layout *l)
{
	const struct vmedia_pix_format_mplane *mp = &fmt->fmt.pix_mp;
	const struct vmedia_pix_format *pix = &fmt->fmt.pix;
	bool mplane = V4L2_TYPE_IS_MULTIPLANAR(fmt->type);
	uint32_t bpl[VMEDIA_COLOUR_PLANES] = { 0 }, i;
	int err;

	for (i = 0; i < VMEDIA_COLOUR_PLANES; i++)
		bpl[i] = mplane ? mp->plane_fmt[i].bytesperline : i ? 0 : pix->bytesperline;
	err = vmedia_pixfmt_layout(pf, mplane ? mp->width : pix->width,
				   mplane ? mp->height : pix->height, bpl, l);
	if (err)
		memset(l, 0, sizeof(*l));
	return err;
}

void vmedia_format_apply(struct vmedia_queue *q, const struct vmedia_format *fmt,
			 const struct vmedia_format_config *f, const struct vmedia_frame_size *size)
{
	const struct vmedia_video_ops *ops = q->ctx->v->ops;

	q->fmt = *fmt;
	q->fcfg = f;
	q->pf = f ? vmedia_pixfmt_find(f->pixelformat) : NULL;
	/* A new list of intervals: keep the one that was set if the new size has it too. */
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

	/* A source has what it was started with, until it is stopped. */
	if (q->cap && q->started)
		return -EBUSY;
	fmt->type = q->type;
	err = vmedia_format_fit(q, fmt, &f, &size);
	if (!err)
		vmedia_format_apply(q, fmt, f, size);
	return err;
}

int vmedia_queue_default_format(struct vmedia_queue *q)
{
	struct vmedia_format fmt = { .type = q->type };
	const struct vmedia_format_config *f = q->cfg->formats;

	if (vmedia_queue_is_video(q)) {
		if (q->mplane) {
			fmt.fmt.pix_mp.pixelformat = f->pixelformat;
			fmt.fmt.pix_mp.width = f->sizes[0].width;
			fmt.fmt.pix_mp.height = f->sizes[0].height;
		} else {
			fmt.fmt.pix.pixelformat = f->pixelformat;
			fmt.fmt.pix.width = f->sizes[0].width;
			fmt.fmt.pix.height = f->sizes[0].height;
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
