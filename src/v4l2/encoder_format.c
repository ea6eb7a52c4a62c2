/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An encoder's formats, selections and frame intervals: how OUTPUT's formats follow CAPTURE's coded
 * format, and how CAPTURE's size and colours follow OUTPUT.
 */
#include <errno.h>

#include <linux/videodev2.h>

#include "base/checked.h"
#include "v4l2/encoder.h"
#include "v4l2/format.h"

static uint32_t coded_format(const struct vmedia_encoder *e)
{
	return vmedia_m2m_dst(e->s.ctx)->fmt.fmt.pix_mp.pixelformat;
}

static bool accepts(const struct vmedia_encoder *e, uint32_t raw)
{
	const struct vmedia_encoder_config *cfg = &e->dev->cfg;

	return !cfg->ops->accepts || cfg->ops->accepts(cfg->priv, coded_format(e), raw);
}

bool vmedia_encoder_has_format(struct vmedia_queue *q, const struct vmedia_format_config *f)
{
	return !vmedia_queue_is_output(q) ||
	       accepts(vmedia_encoder_of(vmedia_queue_ctx(q)), f->pixelformat);
}

/* ---- CAPTURE's format ---- */

static void coded_size(const struct vmedia_encoder *e, uint32_t coded, uint32_t *w, uint32_t *h)
{
	const struct vmedia_encoder_config *cfg = &e->dev->cfg;

	*w = e->crop.width;
	*h = e->crop.height;
	if (cfg->ops->coded_size)
		cfg->ops->coded_size(cfg->priv, coded, w, h);
}

/* The bytes that the framework gives a coded format of that size. */
static uint32_t usual(struct vmedia_queue *dst, uint32_t coded, uint32_t w, uint32_t h)
{
	const struct vmedia_format_config *f = vmedia_queue_find_format(dst, coded, true);
	struct vmedia_picture_layout l;

	if (f && f->sizeimage)
		return f->sizeimage;
	return vmedia_pixfmt_layout(vmedia_pixfmt_find(coded), w, h, NULL, &l) ? 0 : l.sizeimage[0];
}

/*
 * The bytes that packets of the rectangle may need. At its best quality an encoder makes more of
 * noise than there is in the picture: x265 half as much again.
 */
static uint32_t room(const struct vmedia_encoder *e, uint32_t coded, uint32_t w, uint32_t h)
{
	struct vmedia_queue *src = vmedia_m2m_src(e->s.ctx), *dst = vmedia_m2m_dst(e->s.ctx);
	const struct vmedia_format_config *f = vmedia_queue_find_format(dst, coded, true);
	uint64_t size = usual(dst, coded, w, h), raw = 0;
	struct vmedia_picture_layout l;

	if (!f || f->sizeimage || vmedia_pixfmt_layout(src->pf, w, h, NULL, &l))
		return (uint32_t)size;
	for (unsigned int i = 0; i < l.num_mem; i++)
		raw += l.sizeimage[i];
	raw = raw * 8 / 5;
	size = VMEDIA_MAX(size, raw);
	return size > UINT32_MAX ? 0 : (uint32_t)size;
}

int vmedia_encoder_try_fmt(struct vmedia_queue *q, struct vmedia_format *fmt)
{
	const struct vmedia_encoder *e = vmedia_encoder_of(vmedia_queue_ctx(q));
	const struct vmedia_pix_format_mplane *src = &vmedia_m2m_src(e->s.ctx)->fmt.fmt.pix_mp;
	struct vmedia_pix_format_mplane *mp = &fmt->fmt.pix_mp;
	uint32_t need, wish, w, h;

	/* A new session has no OUTPUT format yet. */
	if (vmedia_queue_is_output(q) || !e->crop.width)
		return 0;
	/* The size is not the driver's choice, but it may wish for more bytes than that needs. */
	wish = mp->plane_fmt[0].sizeimage;
	if (wish <= usual(q, mp->pixelformat, mp->width, mp->height))
		wish = 0;
	coded_size(e, mp->pixelformat, &w, &h);
	need = room(e, mp->pixelformat, w, h);
	if (!need)
		return -EINVAL;
	mp->width = w;
	mp->height = h;
	mp->plane_fmt[0].sizeimage = VMEDIA_MAX(need, wish);
	mp->colorspace = src->colorspace;
	mp->ycbcr_enc = src->ycbcr_enc;
	mp->quantization = src->quantization;
	mp->xfer_func = src->xfer_func;
	return 0;
}

/* CAPTURE's size and colours follow OUTPUT's. */
static void follow(struct vmedia_encoder *e)
{
	struct vmedia_queue *dst = vmedia_m2m_dst(e->s.ctx);
	struct vmedia_format f = { 0 };

	f.fmt.pix_mp.pixelformat = coded_format(e);
	f.fmt.pix_mp.num_planes = 1;
	f.fmt.pix_mp.plane_fmt[0].sizeimage = e->wish;
	e->following = true;
	vmedia_queue_set_format(dst, &f);
	e->following = false;
}

static void tell_formats(struct vmedia_encoder *e, uint32_t raw)
{
	const struct vmedia_encoder_config *cfg = &e->dev->cfg;

	if (cfg->ops->formats)
		cfg->ops->formats(cfg->priv, e->s.ctx, coded_format(e), raw);
}

void vmedia_encoder_set_fmt(struct vmedia_queue *q, const struct vmedia_format *fmt)
{
	struct vmedia_encoder *e = vmedia_encoder_of(vmedia_queue_ctx(q));
	const struct vmedia_pix_format_mplane *mp = &fmt->fmt.pix_mp;
	struct vmedia_queue *src = vmedia_m2m_src(e->s.ctx);
	struct vmedia_format f;

	if (vmedia_queue_is_output(q)) {
		e->crop = (struct vmedia_rect){ .width = mp->width, .height = mp->height };
		follow(e);
		tell_formats(e, mp->pixelformat);
		return;
	}
	if (e->following || !e->crop.width)
		return;
	e->wish = mp->plane_fmt[0].sizeimage;
	if (e->wish <= room(e, mp->pixelformat, mp->width, mp->height))
		e->wish = 0;
	if (accepts(e, src->fmt.fmt.pix_mp.pixelformat)) {
		tell_formats(e, src->fmt.fmt.pix_mp.pixelformat);
		return;
	}
	f = src->fmt;
	vmedia_queue_set_format(src, &f);
}

/* ---- Selections ---- */

int vmedia_encoder_g_selection(struct vmedia_queue *q, struct vmedia_selection *sel)
{
	const struct vmedia_encoder *e = vmedia_encoder_of(vmedia_queue_ctx(q));
	const struct vmedia_pix_format_mplane *mp = &vmedia_queue_format(q)->fmt.pix_mp;

	if (!vmedia_queue_is_output(q))
		return -EINVAL;
	switch (sel->target) {
	case V4L2_SEL_TGT_CROP:
		sel->r = e->crop;
		return 0;
	case V4L2_SEL_TGT_CROP_DEFAULT:
	case V4L2_SEL_TGT_CROP_BOUNDS:
		sel->r = (struct vmedia_rect){ .width = mp->width, .height = mp->height };
		return 0;
	default:
		return -EINVAL;
	}
}

/*
 * Fit one direction of a rectangle into [0, @size): multiples of @step, at least @least long.
 * @up: not shorter than wished, if possible.
 */
static void fit(int32_t *pos, uint32_t *len, uint32_t size, uint32_t least, uint32_t step, bool up)
{
	uint32_t at = *pos < 0 ? 0 : (uint32_t)*pos;

	size -= size % step;
	*len = VMEDIA_MIN(*len, size);
	if (up)
		*len = (uint32_t)vmedia_align_up(*len, step);
	*len -= *len % step;
	least = (uint32_t)vmedia_align_up(least, step);
	*len = VMEDIA_MAX(*len, least);
	*len = VMEDIA_MIN(*len, size);
	if (at > size - *len)
		at = size - *len;
	*pos = (int32_t)(at - at % step);
}

int vmedia_encoder_s_selection(struct vmedia_queue *q, struct vmedia_selection *sel)
{
	struct vmedia_encoder *e = vmedia_encoder_of(vmedia_queue_ctx(q));
	const struct vmedia_pix_format_mplane *mp = &vmedia_queue_format(q)->fmt.pix_mp;
	const struct vmedia_pixfmt *pf = vmedia_queue_pixfmt(q);
	const struct vmedia_frame_size *s = q->fcfg->sizes;
	bool up = sel->flags & V4L2_SEL_FLAG_GE;
	struct vmedia_rect r = sel->r;

	if (!vmedia_queue_is_output(q) || sel->target != V4L2_SEL_TGT_CROP)
		return -EINVAL;
	fit(&r.left, &r.width, mp->width, s->width, pf->hsub ? pf->hsub : 1, up);
	fit(&r.top, &r.height, mp->height, s->height, pf->vsub ? pf->vsub : 1, up);
	if ((sel->flags & V4L2_SEL_FLAG_GE &&
	     (r.width < sel->r.width || r.height < sel->r.height)) ||
	    (sel->flags & V4L2_SEL_FLAG_LE && (r.width > sel->r.width || r.height > sel->r.height)))
		return -ERANGE;
	if ((r.width != e->crop.width || r.height != e->crop.height) &&
	    vmedia_queue_streaming(vmedia_m2m_dst(e->s.ctx)))
		return -EBUSY;
	e->crop = r;
	sel->r = r;
	follow(e);
	return 0;
}

/* ---- Intervals and colours ---- */

int vmedia_encoder_set_interval(struct vmedia_queue *q, struct vmedia_fract interval)
{
	if (vmedia_queue_is_output(q))
		vmedia_m2m_dst(vmedia_queue_ctx(q))->interval = interval;
	return 0;
}

void vmedia_encoder_get_params(const struct vmedia_encoder *e, struct vmedia_encoder_params *p)
{
	const struct vmedia_pix_format_mplane *mp = &vmedia_m2m_src(e->s.ctx)->fmt.fmt.pix_mp;
	uint32_t space = mp->colorspace, enc = mp->ycbcr_enc;

	p->coded = coded_format(e);
	p->raw = mp->pixelformat;
	p->width = e->crop.width;
	p->height = e->crop.height;
	p->interval = vmedia_queue_interval(vmedia_m2m_dst(e->s.ctx));
	if (!enc)
		enc = (uint32_t)V4L2_MAP_YCBCR_ENC_DEFAULT(space);
	p->colours = (struct vmedia_codec_colours){
		.colorspace = space,
		.ycbcr_enc = enc,
		.quantization = mp->quantization ? mp->quantization
				: (uint32_t)V4L2_MAP_QUANTIZATION_DEFAULT(false, space, enc),
		.xfer_func = mp->xfer_func ? mp->xfer_func
					   : (uint32_t)V4L2_MAP_XFER_FUNC_DEFAULT(space),
	};
}
