// SPDX-License-Identifier: BSD-3-Clause
/*
 * Pictures in V4L2's pixel formats as those of libavcodec's encoders.
 *
 * Theory of operation: an encoder that has the format itself reads the driver's memory. Others get
 * planes: those that are planes in the driver's memory are read there, paired chroma and P010's
 * samples are converted first.
 *
 * Security model: the driver's memory may change meanwhile. Each byte is read once here.
 */
#include <errno.h>
#include <libavutil/frame.h>

#include <linux/videodev2.h>

#include "encode.h"

static const struct {
	uint32_t raw;
	/* The same samples in libavcodec's format, and in planes. */
	enum AVPixelFormat same, planar;
} formats[] = {
	{ V4L2_PIX_FMT_NV12, AV_PIX_FMT_NV12, AV_PIX_FMT_YUV420P },
	{ V4L2_PIX_FMT_NV12M, AV_PIX_FMT_NV12, AV_PIX_FMT_YUV420P },
	{ V4L2_PIX_FMT_YUV420, AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P },
	{ V4L2_PIX_FMT_YUV420M, AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P },
	{ V4L2_PIX_FMT_P010, AV_PIX_FMT_P010LE, AV_PIX_FMT_YUV420P10LE },
	{ V4L2_PIX_FMT_NV16, AV_PIX_FMT_NV16, AV_PIX_FMT_YUV422P },
	{ V4L2_PIX_FMT_YUV422P, AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV422P },
	{ V4L2_PIX_FMT_YUV444M, AV_PIX_FMT_YUV444P, AV_PIX_FMT_YUV444P },
};

static bool has(const AVCodec *av, enum AVPixelFormat f)
{
	const enum AVPixelFormat *p;

#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(61, 13, 100)
	if (avcodec_get_supported_config(NULL, av, AV_CODEC_CONFIG_PIX_FORMAT, 0, (const void **)&p,
					 NULL) < 0)
		return false;
#else
	p = av->pix_fmts;
#endif
	for (; p && *p != AV_PIX_FMT_NONE; p++)
		if (*p == f)
			return true;
	return false;
}

enum AVPixelFormat vmedia_libav_pix_fmt(const struct vmedia_libav_encoder *enc, uint32_t raw)
{
	const AVCodec *av = avcodec_find_encoder_by_name(enc->name);
	const struct vmedia_pixfmt *pf = vmedia_pixfmt_find(raw);

	if (enc->only_420 && (pf->hsub != 2 || pf->vsub != 2))
		return AV_PIX_FMT_NONE;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (formats[i].raw != raw)
			continue;
		if (has(av, formats[i].same))
			return formats[i].same;
		return has(av, formats[i].planar) ? formats[i].planar : AV_PIX_FMT_NONE;
	}
	return AV_PIX_FMT_NONE;
}

static enum AVPixelFormat same_format(uint32_t raw)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (formats[i].raw == raw)
			return formats[i].same;
	return AV_PIX_FMT_NONE;
}

/* ---- Conversions: a compiler makes vectors of loops over size_t, which does not wrap ---- */

static void split8(const uint8_t *from, uint8_t *u, uint8_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		u[i] = from[2 * i];
		v[i] = from[2 * i + 1];
	}
}

/* P010 has its 10 bits at the top. */
static void shift16(const uint16_t *from, uint16_t *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = from[i] >> 6;
}

static void split16(const uint16_t *from, uint16_t *u, uint16_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		u[i] = from[2 * i] >> 6;
		v[i] = from[2 * i + 1] >> 6;
	}
}

static uint8_t *line(const AVFrame *f, int plane, uint32_t y)
{
	return f->data[plane] + (ptrdiff_t)y * f->linesize[plane];
}

/* Convert colour plane @i, which is one of samples, or pairs of chroma. */
static void convert(const struct vmedia_libav_settings *s, const struct vmedia_encoder_picture *p,
		    unsigned int i, AVFrame *to)
{
	const struct vmedia_pixfmt *pf = vmedia_pixfmt_find(s->raw);
	uint32_t hsub = i ? pf->hsub : 1, vsub = i ? pf->vsub : 1;
	uint32_t n = (s->width + hsub - 1) / hsub, lines = (s->height + vsub - 1) / vsub;

	for (uint32_t y = 0; y < lines; y++) {
		const uint8_t *from = p->colour[i] + (size_t)y * p->stride[i];

		if (pf->bits[0] == 8)
			split8(from, line(to, 1, y), line(to, 2, y), n);
		else if (i)
			split16((const uint16_t *)from, (uint16_t *)line(to, 1, y),
				(uint16_t *)line(to, 2, y), n);
		else
			shift16((const uint16_t *)from, (uint16_t *)line(to, 0, y), n);
	}
}

/* ---- Frames ---- */

static void take(AVFrame *frame, int plane, const uint8_t *data, int linesize)
{
	frame->data[plane] = (uint8_t *)data;	/* no encoder writes there */
	frame->linesize[plane] = linesize;
}

int vmedia_libav_frame(const struct vmedia_libav_settings *s,
		       const struct vmedia_encoder_picture *p, AVFrame *own, AVFrame *frame)
{
	const struct vmedia_pixfmt *pf = vmedia_pixfmt_find(s->raw);
	bool same = same_format(s->raw) == (enum AVPixelFormat)s->pix_fmt;
	int i;

	if (!same && av_frame_make_writable(own) < 0)
		return -ENOMEM;
	frame->format = s->pix_fmt;
	frame->width = (int)s->width;
	frame->height = (int)s->height;
	for (i = 0; i < pf->colour_planes; i++) {
		if (same || (pf->bits[0] == 8 && !i))
			take(frame, i, p->colour[i], (int)p->stride[i]);
		else
			convert(s, p, (unsigned int)i, own);
	}
	for (i = 0; !same && i < 3; i++)
		if (!frame->data[i])
			take(frame, i, own->data[i], own->linesize[i]);
	return 0;
}
