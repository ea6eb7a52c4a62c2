/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A decoder's formats and selections: how CAPTURE follows OUTPUT, and then the stream's header.
 */
#include <errno.h>
#include <stdio.h>

#include <linux/videodev2.h>

#include "base/checked.h"
#include "base/log.h"
#include "v4l2/decoder.h"
#include "v4l2/format.h"

static uint32_t coded_format(const struct vmedia_queue *q)
{
	return vmedia_m2m_src(vmedia_queue_ctx(q))->fmt.fmt.pix_mp.pixelformat;
}

bool vmedia_decoder_has_format(struct vmedia_queue *q, const struct vmedia_format_config *f)
{
	const struct vmedia_decoder *d = vmedia_decoder_of(vmedia_queue_ctx(q));
	const struct vmedia_decoder_config *cfg = &d->dev->cfg;

	if (vmedia_queue_is_output(q) || !cfg->ops->can_write)
		return true;
	return cfg->ops->can_write(cfg->priv, coded_format(q), d->have_header ? &d->header : NULL,
				   f->pixelformat);
}

/* ---- CAPTURE's format ---- */

/* The size of CAPTURE's format for the header's pictures. */
static void frame_size(struct vmedia_queue *q, uint32_t pixelformat,
		       const struct vmedia_codec_header *h, uint32_t *w, uint32_t *ht)
{
	const struct vmedia_pixfmt *pf = vmedia_pixfmt_find(pixelformat);

	*w = h->visible.width;
	*ht = h->visible.height;
	vmedia_frame_size_fit(vmedia_queue_find_format(q, pixelformat, true), w, ht);
	*w = (uint32_t)vmedia_align_up(*w, pf->walign);
	*ht = (uint32_t)vmedia_align_up(*ht, pf->halign);
}

static void set_colours(const struct vmedia_decoder *d, struct vmedia_pix_format_mplane *mp)
{
	const struct vmedia_codec_colours *c = &d->header.colours;
	const struct vmedia_pix_format_mplane *src = &vmedia_m2m_src(d->s.ctx)->fmt.fmt.pix_mp;

	if (d->have_header && c->colorspace) {
		mp->colorspace = c->colorspace;
		mp->ycbcr_enc = (uint8_t)c->ycbcr_enc;
		mp->quantization = (uint8_t)c->quantization;
		mp->xfer_func = (uint8_t)c->xfer_func;
		return;
	}
	mp->colorspace = src->colorspace;
	mp->ycbcr_enc = src->ycbcr_enc;
	mp->quantization = src->quantization;
	mp->xfer_func = src->xfer_func;
}

/* True if the codec can decode into buffers of @pf: a plane for each component, bytes. */
static bool in_place(const struct vmedia_codec_header *h, const struct vmedia_pixfmt *pf)
{
	return h->stride[0] && h->bit_depth == 8 && pf->bits[0] == 8 &&
	       pf->colour_planes == (h->hsub ? 3 : 1);
}

/* Enlarge the planes' sizes to hold the codec's lines. */
static void make_room(const struct vmedia_codec_header *h, struct vmedia_picture_layout *l)
{
	for (unsigned int i = 0; i < l->num_colour; i++) {
		const struct vmedia_layout_plane *c = &l->colour[i];
		uint64_t lines = i ? ((uint64_t)h->lines + h->vsub - 1) / h->vsub : h->lines;
		uint64_t end = c->offset + lines * c->stride;

		if (end > l->sizeimage[c->mem] && end <= INT32_MAX)
			l->sizeimage[c->mem] = (uint32_t)end;
	}
}

/* Lay out the header's pictures. @mp says the pixel format and a wish for bytesperline. */
static int lay_out(struct vmedia_queue *q, const struct vmedia_codec_header *h,
		   struct vmedia_pix_format_mplane *mp)
{
	const struct vmedia_pixfmt *pf = vmedia_pixfmt_find(mp->pixelformat);
	uint32_t wish[VMEDIA_COLOUR_PLANES] = { 0 }, w, ht, i;
	struct vmedia_picture_layout l;

	frame_size(q, mp->pixelformat, h, &w, &ht);
	for (i = 0; i < mp->num_planes && i < VMEDIA_COLOUR_PLANES; i++) {
		wish[i] = mp->plane_fmt[i].bytesperline;
		if (in_place(h, pf))
			wish[i] = VMEDIA_MAX(wish[i], h->stride[i > 0]);
	}
	if (vmedia_pixfmt_layout(pf, w, ht, wish, &l))
		return -EINVAL;
	mp->width = w;
	mp->height = ht;
	if (in_place(h, pf))
		make_room(h, &l);
	for (i = 0; i < l.num_mem; i++) {
		mp->plane_fmt[i].bytesperline = l.bytesperline[i];
		mp->plane_fmt[i].sizeimage = l.sizeimage[i];
	}
	return 0;
}

/* The decoder does not scale: once there is a header, its size is the only one. */
int vmedia_decoder_try_fmt(struct vmedia_queue *q, struct vmedia_format *fmt)
{
	const struct vmedia_decoder *d = vmedia_decoder_of(vmedia_queue_ctx(q));

	if (vmedia_queue_is_output(q))
		return 0;
	set_colours(d, &fmt->fmt.pix_mp);
	return d->have_header ? lay_out(q, &d->header, &fmt->fmt.pix_mp) : 0;
}

/* Chromium ends at a number above 16. */
static uint32_t least_buffers(const struct vmedia_decoder *d)
{
	const struct vmedia_codec_header *h = &d->header;
	uint32_t n = d->have_header ? h->min_buffers : 1;

	if (d->have_header && in_place(h, vmedia_queue_pixfmt(vmedia_m2m_dst(d->s.ctx))))
		n = VMEDIA_MAX(n, VMEDIA_DECODER_RESERVE + h->keeps);
	return n < 1 ? 1 : VMEDIA_MIN(n, 16u);
}

/* S_FMT of OUTPUT begins another stream. CAPTURE has OUTPUT's size until a header is found. */
void vmedia_decoder_set_fmt(struct vmedia_queue *q, const struct vmedia_format *fmt)
{
	struct vmedia_decoder *d = vmedia_decoder_of(vmedia_queue_ctx(q));
	struct vmedia_queue *dst = vmedia_m2m_dst(d->s.ctx);
	struct vmedia_format f = { 0 };

	if (!vmedia_queue_is_output(q)) {
		d->chosen |= !d->have_header;
		vmedia_ctrl_update(d->min_buffers, least_buffers(d));
		return;
	}
	/* No job runs: OUTPUT has no buffers. */
	vmedia_decoder_end_stream(d);
	f.fmt.pix_mp.pixelformat = dst->fmt.fmt.pix_mp.pixelformat;
	f.fmt.pix_mp.width = fmt->fmt.pix_mp.width;
	f.fmt.pix_mp.height = fmt->fmt.pix_mp.height;
	vmedia_queue_set_format(dst, &f);
	d->chosen = false;
}

/* ---- The header ---- */

static int refuse(const struct vmedia_codec_header *h, const char *why)
{
	vmedia_warn("a stream of %ux%u pictures (%ux%u visible, %u bits, subsampled %ux%u) is "
		    "refused: %s",
		    h->coded_width, h->coded_height, h->visible.width, h->visible.height,
		    h->bit_depth, h->hsub, h->vsub, why);
	return -EINVAL;
}

static int refuse_large(struct vmedia_queue *q, const struct vmedia_codec_header *h)
{
	uint32_t w = UINT32_MAX, ht = UINT32_MAX;
	char why[80];

	vmedia_frame_size_fit(vmedia_queue_find_format(q, 0, false), &w, &ht);
	snprintf(why, sizeof(why), "%ux%u is the largest size of the device", w, ht);
	return refuse(h, why);
}

static int refuse_many(const struct vmedia_decoder *d, const struct vmedia_codec_header *h)
{
	char why[160];

	snprintf(why, sizeof(why),
		 "the pictures of other sessions have %llu pixels, and %llu is the limit in all",
		 (unsigned long long)(d->dev->sessions.pixels - d->s.pixels),
		 (unsigned long long)d->dev->sessions.max_pixels);
	return refuse(h, why);
}

static bool same_size(const struct vmedia_pix_format_mplane *mp, uint32_t pixelformat, uint32_t w,
		      uint32_t h)
{
	return mp->pixelformat == pixelformat && mp->width == w && mp->height == h;
}

static int set_capture(struct vmedia_decoder *d)
{
	struct vmedia_queue *dst = vmedia_m2m_dst(d->s.ctx);
	const struct vmedia_codec_header *h = &d->header;
	struct vmedia_format old = *vmedia_queue_format(dst), f = old;
	const struct vmedia_format_config *fc;
	struct vmedia_pix_format_mplane *mp = &f.fmt.pix_mp;
	uint32_t i, width, height;

	fc = vmedia_queue_find_format(dst, mp->pixelformat, false);
	if (!fc)
		return refuse(h, "the device has no pixel format for them");
	mp->pixelformat = fc->pixelformat;
	frame_size(dst, mp->pixelformat, h, &width, &height);
	if (width < h->visible.width || height < h->visible.height)
		return refuse_large(dst, h);
	/*
	 * The driver's own layout stays with the size that it was meant for. FFmpeg asks for it
	 * once, and then makes buffers whether there is a header or not.
	 */
	if (same_size(&old.fmt.pix_mp, mp->pixelformat, width, height) &&
	    (d->chosen || vmedia_queue_busy(dst))) {
		set_colours(d, &dst->fmt.fmt.pix_mp);
		return 0;
	}
	for (i = 0; i < VMEDIA_MAX_PLANES &&
	     !same_size(&old.fmt.pix_mp, mp->pixelformat, width, height); i++)
		mp->plane_fmt[i].bytesperline = 0;
	mp->width = width;
	mp->height = height;
	if (vmedia_queue_set_format(dst, &f))
		return refuse(h, "their format is impossible");
	return 1;
}

static bool plausible(const struct vmedia_codec_header *h)
{
	const struct vmedia_rect *r = &h->visible;

	return r->width && r->height && r->left >= 0 && r->top >= 0 &&
	       (uint64_t)r->left + r->width <= h->coded_width &&
	       (uint64_t)r->top + r->height <= h->coded_height;
}

int vmedia_decoder_apply_header(struct vmedia_decoder *d, const struct vmedia_codec_header *h)
{
	struct vmedia_pix_format_mplane *out = &vmedia_m2m_src(d->s.ctx)->fmt.fmt.pix_mp;
	int ret;

	if (!plausible(h))
		return refuse(h, "the visible part is not within the picture");
	if (!vmedia_codec_session_count(&d->s, (uint64_t)h->coded_width * h->coded_height))
		return refuse_many(d, h);
	d->header = *h;
	d->have_header = true;
	ret = set_capture(d);
	if (ret < 0) {
		d->have_header = false;
		return ret;
	}
	out->width = h->coded_width;
	out->height = h->coded_height;
	vmedia_ctrl_update(d->min_buffers, least_buffers(d));
	return ret;
}

int vmedia_decoder_queue_setup(struct vmedia_queue *q, uint32_t *num_buffers, uint32_t num_planes,
			       uint32_t *sizes)
{
	const struct vmedia_decoder *d = vmedia_decoder_of(vmedia_queue_ctx(q));
	uint32_t least = least_buffers(d), have = vmedia_queue_num_buffers(q);

	(void)num_planes;
	(void)sizes;
	if (have + *num_buffers < least)
		*num_buffers = least - have;
	return 0;
}

/* ---- Selections ---- */

int vmedia_decoder_g_selection(struct vmedia_queue *q, struct vmedia_selection *sel)
{
	const struct vmedia_decoder *d = vmedia_decoder_of(vmedia_queue_ctx(q));
	const struct vmedia_pix_format_mplane *mp = &vmedia_queue_format(q)->fmt.pix_mp;

	if (vmedia_queue_is_output(q))
		return -EINVAL;
	sel->r = (struct vmedia_rect){ .width = mp->width, .height = mp->height };
	switch (sel->target) {
	case V4L2_SEL_TGT_CROP_BOUNDS:
		if (d->have_header) {
			sel->r.width = d->header.coded_width;
			sel->r.height = d->header.coded_height;
		}
		return 0;
	case V4L2_SEL_TGT_CROP:
	case V4L2_SEL_TGT_CROP_DEFAULT:
	case V4L2_SEL_TGT_COMPOSE:
	case V4L2_SEL_TGT_COMPOSE_DEFAULT:
	case V4L2_SEL_TGT_COMPOSE_BOUNDS:
	case V4L2_SEL_TGT_COMPOSE_PADDED:
		if (d->have_header) {
			sel->r.width = d->header.visible.width;
			sel->r.height = d->header.visible.height;
		}
		return 0;
	default:
		return -EINVAL;
	}
}
