// SPDX-License-Identifier: BSD-3-Clause
/*
 * Pictures of libavcodec in V4L2's pixel formats. Those of its decoders are planar. Those of an
 * engine may have U and V in one plane, in pairs (NV12, P010).
 *
 * Sizes: the picture's are the visible ones; those of the memory are at least as large.
 */
#include <errno.h>
#include <libavutil/pixdesc.h>
#include <string.h>

#include <linux/videodev2.h>

#include "libav.h"

static bool pairs(enum AVPixelFormat pix_fmt)
{
	return pix_fmt == AV_PIX_FMT_NV12 || pix_fmt == AV_PIX_FMT_P010;
}

int vmedia_libav_samples(enum AVPixelFormat pix_fmt, struct vmedia_codec_header *h)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(pix_fmt);
	const uint64_t others = AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_BE |
				AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_PAL |
				AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_ALPHA;

	if (!d || d->flags & others ||
	    (av_pix_fmt_count_planes(pix_fmt) != d->nb_components && !pairs(pix_fmt)))
		return -EINVAL;
	h->bit_depth = (uint32_t)d->comp[0].depth;
	h->hsub = d->nb_components >= 3 ? 1u << d->log2_chroma_w : 0;
	h->vsub = d->nb_components >= 3 ? 1u << d->log2_chroma_h : 0;
	return 0;
}

bool vmedia_libav_fits(const struct vmedia_codec_header *h, uint32_t raw)
{
	const struct vmedia_pixfmt *pf = vmedia_pixfmt_find(raw);

	if (h->bit_depth != (pf->bits[0] == 16 ? 10 : 8))
		return false;
	if (pf->colour_planes == 1)
		return !h->hsub;
	return h->hsub == pf->hsub && h->vsub == pf->vsub;
}

void vmedia_libav_picture(const AVFrame *frame, struct vmedia_codec_picture *p)
{
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
	bool key = frame->flags & AV_FRAME_FLAG_KEY;
	bool interlaced = frame->flags & AV_FRAME_FLAG_INTERLACED;
	bool top_first = frame->flags & AV_FRAME_FLAG_TOP_FIELD_FIRST;
#else
	bool key = frame->key_frame, interlaced = frame->interlaced_frame;
	bool top_first = frame->top_field_first;
#endif

	p->flags = key					      ? V4L2_BUF_FLAG_KEYFRAME
		   : frame->pict_type == AV_PICTURE_TYPE_B ? V4L2_BUF_FLAG_BFRAME
		   : frame->pict_type == AV_PICTURE_TYPE_P ? V4L2_BUF_FLAG_PFRAME
							      : 0;
	p->field = !interlaced ? V4L2_FIELD_NONE
		   : top_first ? V4L2_FIELD_INTERLACED_TB
			       : V4L2_FIELD_INTERLACED_BT;
	p->damaged = frame->decode_error_flags || frame->flags & AV_FRAME_FLAG_CORRUPT;
}

void vmedia_libav_frame_header(AVFrame *f, struct vmedia_codec_header *h)
{
	*h = (struct vmedia_codec_header){ .coded_width = (uint32_t)f->width,
					   .coded_height = (uint32_t)f->height };
	vmedia_libav_colours(f->color_primaries, f->colorspace, f->color_trc, f->color_range,
			     &h->colours);
	vmedia_libav_samples(f->format, h);
	av_frame_apply_cropping(f, AV_FRAME_CROP_UNALIGNED);
	h->visible.width = (uint32_t)f->width;
	h->visible.height = (uint32_t)f->height;
}

int vmedia_libav_context_header(const AVCodecContext *av, bool crops,
				struct vmedia_codec_header *h)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(av->pix_fmt);
	bool engine = d && d->flags & AV_PIX_FMT_FLAG_HWACCEL;

	if (av->width <= 0 || av->height <= 0 || av->pix_fmt == AV_PIX_FMT_NONE)
		return -EAGAIN;
	*h = (struct vmedia_codec_header){ .coded_width = (uint32_t)av->width,
					   .coded_height = (uint32_t)av->height };
	h->visible.width = h->coded_width;
	h->visible.height = h->coded_height;
	if (crops) {
		h->coded_width = (uint32_t)av->coded_width;
		h->coded_height = (uint32_t)av->coded_height;
	}
	vmedia_libav_colours(av->color_primaries, av->colorspace, av->color_trc, av->color_range,
			     &h->colours);
	vmedia_libav_samples(engine ? av->sw_pix_fmt : av->pix_fmt, h);
	return 0;
}

/* ---- Samples: a compiler makes vectors of loops over size_t, which does not wrap ---- */

static void interleave8(uint8_t *to, const uint8_t *u, const uint8_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		to[2 * i] = u[i];
		to[2 * i + 1] = v[i];
	}
}

/* P010 has its 10 bits at the top. */
static void shift16(uint16_t *to, const uint16_t *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint16_t)(from[i] << 6);
}

static void interleave16(uint16_t *to, const uint16_t *u, const uint16_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		to[2 * i] = (uint16_t)(u[i] << 6);
		to[2 * i + 1] = (uint16_t)(v[i] << 6);
	}
}

static void part8(uint8_t *to, const uint8_t *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = pairs[2 * i];
}

static const uint8_t *line(const AVFrame *f, int plane, uint32_t y)
{
	return f->data[plane] + (ptrdiff_t)y * f->linesize[plane];
}

/* Write plane @i of @f, which has pairs. NV12 fits planar formats, P010 fits P010 alone. */
static void write_pairs(const AVFrame *f, const struct vmedia_codec_raw *raw, unsigned int i,
			uint32_t n, uint32_t lines)
{
	bool paired = raw->layout.num_colour == 2;
	size_t size = (size_t)n * (i ? 2 : 1) * (f->format == AV_PIX_FMT_P010 ? 2 : 1);

	for (uint32_t y = 0; y < lines; y++) {
		uint8_t *to = raw->colour[i] + (size_t)y * raw->layout.colour[i].stride;

		if (i && !paired)
			part8(to, line(f, 1, y) + (i - 1), n);
		else
			memcpy(to, line(f, (int)i, y), size);
	}
}

void vmedia_libav_write(const AVFrame *f, const struct vmedia_codec_raw *raw)
{
	const struct vmedia_pixfmt *pf = vmedia_pixfmt_find(raw->pixelformat);
	bool wide = pf->bits[0] == 16;

	for (unsigned int i = 0; i < raw->layout.num_colour; i++) {
		uint32_t hsub = i ? pf->hsub : 1, vsub = i ? pf->vsub : 1;
		uint32_t n = ((uint32_t)f->width + hsub - 1) / hsub;
		uint32_t lines = ((uint32_t)f->height + vsub - 1) / vsub;
		bool paired = i && raw->layout.num_colour == 2;

		if (pairs(f->format)) {
			write_pairs(f, raw, i, n, lines);
			continue;
		}
		for (uint32_t y = 0; y < lines; y++) {
			uint8_t *to = raw->colour[i] + (size_t)y * raw->layout.colour[i].stride;
			const uint8_t *from = line(f, (int)i, y);

			if (paired && wide)
				interleave16((uint16_t *)to, (const uint16_t *)from,
					     (const uint16_t *)line(f, 2, y), n);
			else if (paired)
				interleave8(to, from, line(f, 2, y), n);
			else if (wide)
				shift16((uint16_t *)to, (const uint16_t *)from, n);
			else
				memcpy(to, from, n);
		}
	}
}
