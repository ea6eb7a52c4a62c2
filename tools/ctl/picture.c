/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames to RGB and 4:2:0, by libswscale; JPEG frames through TurboJPEG first.
 *
 * Security model: the device writes a frame's bytes and may change them while they are read. The
 * sizes of its format come from the device too, and are checked before anything is computed from
 * them. Libraries get a copy of the frame. The copy has room behind its lines, since libswscale
 * reads beyond them. The content of the picture is not checked.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>
#include <linux/videodev2.h>
#include <turbojpeg.h>

#include "picture.h"

#define SWAP_UV 1u /* planes come Y, V, U */
#define MULTI	2u /* each colour plane is a memory plane of its own */

#define MAX_STRIDE (1u << 24)
#define SLACK	   128 /* bytes behind a plane that libswscale may read, and for its alignment */
#define ROUND_UP(n) (((n) + 63) & ~(size_t)63)

/* The layout of a V4L2 format in memory, and libavutil's name for it. */
static const struct pix_row {
	uint32_t pixelformat;
	enum AVPixelFormat av;
	unsigned int how;
} pix_rows[] = {
	{ V4L2_PIX_FMT_YUYV, AV_PIX_FMT_YUYV422, 0 },
	{ V4L2_PIX_FMT_UYVY, AV_PIX_FMT_UYVY422, 0 },
	{ V4L2_PIX_FMT_YVYU, AV_PIX_FMT_YVYU422, 0 },
	{ V4L2_PIX_FMT_NV12, AV_PIX_FMT_NV12, 0 },
	{ V4L2_PIX_FMT_NV21, AV_PIX_FMT_NV21, 0 },
	{ V4L2_PIX_FMT_NV16, AV_PIX_FMT_NV16, 0 },
	{ V4L2_PIX_FMT_YUV420, AV_PIX_FMT_YUV420P, 0 },
	{ V4L2_PIX_FMT_YVU420, AV_PIX_FMT_YUV420P, SWAP_UV },
	{ V4L2_PIX_FMT_P010, AV_PIX_FMT_P010LE, 0 },
	{ V4L2_PIX_FMT_YUV422P, AV_PIX_FMT_YUV422P, 0 },
	{ V4L2_PIX_FMT_NV24, AV_PIX_FMT_NV24, 0 },
	{ V4L2_PIX_FMT_NV12M, AV_PIX_FMT_NV12, MULTI },
	{ V4L2_PIX_FMT_NV21M, AV_PIX_FMT_NV21, MULTI },
	{ V4L2_PIX_FMT_NV16M, AV_PIX_FMT_NV16, MULTI },
	{ V4L2_PIX_FMT_YUV420M, AV_PIX_FMT_YUV420P, MULTI },
	{ V4L2_PIX_FMT_YVU420M, AV_PIX_FMT_YUV420P, MULTI | SWAP_UV },
	{ V4L2_PIX_FMT_YUV422M, AV_PIX_FMT_YUV422P, MULTI },
	{ V4L2_PIX_FMT_YUV444M, AV_PIX_FMT_YUV444P, MULTI },
	{ V4L2_PIX_FMT_YVU444M, AV_PIX_FMT_YUV444P, MULTI | SWAP_UV },
	{ V4L2_PIX_FMT_RGB24, AV_PIX_FMT_RGB24, 0 },
	{ V4L2_PIX_FMT_BGR24, AV_PIX_FMT_BGR24, 0 },
	{ V4L2_PIX_FMT_XBGR32, AV_PIX_FMT_BGR0, 0 },
	{ V4L2_PIX_FMT_ABGR32, AV_PIX_FMT_BGRA, 0 },
	{ V4L2_PIX_FMT_XRGB32, AV_PIX_FMT_0RGB, 0 },
	{ V4L2_PIX_FMT_ARGB32, AV_PIX_FMT_ARGB, 0 },
	{ V4L2_PIX_FMT_RGBX32, AV_PIX_FMT_RGB0, 0 },
	{ V4L2_PIX_FMT_RGBA32, AV_PIX_FMT_RGBA, 0 },
	{ V4L2_PIX_FMT_RGB32, AV_PIX_FMT_0RGB, 0 },
	{ V4L2_PIX_FMT_BGR32, AV_PIX_FMT_BGR0, 0 },
	{ V4L2_PIX_FMT_RGB565, AV_PIX_FMT_RGB565LE, 0 },
	{ V4L2_PIX_FMT_GREY, AV_PIX_FMT_GRAY8, 0 },
	{ V4L2_PIX_FMT_Y16, AV_PIX_FMT_GRAY16LE, 0 },
};

static const struct pix_row *pix_find(uint32_t pixelformat)
{
	for (size_t i = 0; i < sizeof(pix_rows) / sizeof(pix_rows[0]); i++)
		if (pix_rows[i].pixelformat == pixelformat)
			return &pix_rows[i];
	return NULL;
}

static bool is_jpeg(uint32_t pixelformat)
{
	return pixelformat == V4L2_PIX_FMT_MJPEG || pixelformat == V4L2_PIX_FMT_JPEG;
}

static bool is_rgb(enum AVPixelFormat fmt)
{
	return av_pix_fmt_desc_get(fmt)->flags & AV_PIX_FMT_FLAG_RGB;
}

void ctl_picture_colours(struct ctl_picture *pic, uint32_t colorspace, uint32_t ycbcr_enc,
			 uint32_t quantization)
{
	if (ycbcr_enc == V4L2_YCBCR_ENC_DEFAULT)
		ycbcr_enc = V4L2_MAP_YCBCR_ENC_DEFAULT(colorspace);
	if (quantization == V4L2_QUANTIZATION_DEFAULT)
		quantization = V4L2_MAP_QUANTIZATION_DEFAULT(0, colorspace, ycbcr_enc);
	pic->ycbcr_enc = ycbcr_enc;
	pic->full_range = quantization == V4L2_QUANTIZATION_FULL_RANGE;
}

bool ctl_picture_known(const struct ctl_picture *pic)
{
	return (is_jpeg(pic->pixelformat) || pix_find(pic->pixelformat)) && pic->width &&
	       pic->width <= CTL_MAX_DIMENSION && pic->height &&
	       pic->height <= CTL_MAX_DIMENSION &&
	       (uint64_t)pic->width * pic->height <= CTL_MAX_PIXELS;
}

bool ctl_picture_yuv420_full(const struct ctl_picture *pic)
{
	const struct pix_row *row = pix_find(pic->pixelformat);

	return row && !is_rgb(row->av) && pic->full_range;
}

static int reserve(uint8_t **buf, size_t *have, size_t need)
{
	uint8_t *p;

	if (need <= *have)
		return 0;
	p = realloc(*buf, need);
	if (!p)
		return -ENOMEM;
	*buf = p;
	*have = need;
	return 0;
}

static uint32_t plane_rows(enum AVPixelFormat fmt, int plane, uint32_t height)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(fmt);

	if (plane != 1 && plane != 2)
		return height;
	return (height + (1u << d->log2_chroma_h) - 1) >> d->log2_chroma_h;
}

/*
 * Bytes a line of a colour plane that shares the memory plane of the first. V4L2 derives them from
 * the first plane's.
 */
static int derived_stride(enum AVPixelFormat fmt, int plane, int planes, int luma, int min)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(fmt);
	int stride = luma;

	if (plane && planes == 3)
		stride = (luma + (1 << d->log2_chroma_w) - 1) >> d->log2_chroma_w;
	else if (plane && !d->log2_chroma_w)
		stride = 2 * luma;
	return stride > min ? stride : min;
}

enum AVPixelFormat ctl_picture_av(uint32_t pixelformat)
{
	const struct pix_row *row = pix_find(pixelformat);

	return row ? row->av : AV_PIX_FMT_NONE;
}

int ctl_picture_planes(const struct ctl_picture *pic, struct ctl_planes *f)
{
	const struct pix_row *row = pix_find(pic->pixelformat);
	int min_stride[4], planes, luma;
	size_t off = 0;

	if (!row)
		return -ENOTSUP;
	planes = av_pix_fmt_count_planes(row->av);
	if (pic->bytesperline[0] > MAX_STRIDE ||
	    av_image_fill_linesizes(min_stride, row->av, (int)pic->width) < 0)
		return -EINVAL;
	*f = (struct ctl_planes){ .fmt = row->av, .width = pic->width, .height = pic->height };
	luma = derived_stride(row->av, 0, planes, (int)pic->bytesperline[0], min_stride[0]);
	for (int i = 0; i < planes; i++) {
		unsigned int mem = (row->how & MULTI) ? i : 0;
		uint32_t rows = plane_rows(row->av, i, pic->height);
		int stride = derived_stride(row->av, i, planes, luma, min_stride[i]);

		if (mem >= pic->num_planes || pic->bytesperline[mem] > MAX_STRIDE)
			return -EINVAL;
		if (row->how & MULTI) {
			off = 0;
			stride = min_stride[i];
			if (pic->bytesperline[mem] > (uint32_t)stride)
				stride = (int)pic->bytesperline[mem];
		}
		/* The last line need not have its padding. */
		if (off + (size_t)stride * (rows - 1) + min_stride[i] > pic->bytesused[mem])
			return -EINVAL;
		f->data[i] = pic->data[mem] + off;
		f->stride[i] = stride;
		off += (size_t)stride * rows;
	}
	if (row->how & SWAP_UV) {
		const uint8_t *u = f->data[1];

		f->data[1] = f->data[2];
		f->data[2] = u;
	}
	return 0;
}

/* Give @f planes in @buf, with the room around their lines that libswscale needs. */
static int lay_out(struct ctl_planes *f, uint8_t **buf, size_t *have, uint8_t *planes[4])
{
	int count = av_pix_fmt_count_planes(f->fmt), used[4];
	size_t need = SLACK;
	uint8_t *to;

	av_image_fill_linesizes(used, f->fmt, (int)f->width);
	for (int i = 0; i < count; i++) {
		f->stride[i] = (int)ROUND_UP((size_t)used[i] + 16);
		need += (size_t)f->stride[i] * plane_rows(f->fmt, i, f->height) + SLACK;
	}
	if (reserve(buf, have, need) < 0)
		return -ENOMEM;
	to = (uint8_t *)ROUND_UP((uintptr_t)*buf);
	for (int i = 0; i < count; i++) {
		f->data[i] = planes[i] = to;
		to += ROUND_UP((size_t)f->stride[i] * plane_rows(f->fmt, i, f->height)) + 64;
	}
	return 0;
}

/*
 * libswscale works on pairs of pixels and lines, and handles half a pair wrongly. It therefore gets
 * pictures of even size, in which the last pixel and the last line are repeated.
 */
static uint32_t even(uint32_t n)
{
	return (n + 1) & ~1u;
}

static void extend(uint8_t *line, int used, int step)
{
	for (int i = 0; i < 16; i++)
		line[used + i] = line[used + i - step];
}

static void repeat_last(uint8_t *plane, int stride, uint32_t have, uint32_t want)
{
	for (; have < want; have++)
		memcpy(plane + (size_t)have * stride, plane + (size_t)(have - 1) * stride, stride);
}

/* Copy the lines of @f into our own memory, of even size. */
static int own(struct ctl_converter *c, struct ctl_planes *f)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->fmt);
	int count = av_pix_fmt_count_planes(f->fmt), used[4];
	struct ctl_planes mine = { f->fmt, even(f->width), even(f->height), { NULL }, { 0 } };
	uint8_t *planes[4];
	int ret = lay_out(&mine, &c->scratch, &c->scratch_size, planes);

	if (ret < 0)
		return ret;
	av_image_fill_linesizes(used, f->fmt, (int)f->width);
	for (int i = 0; i < count; i++) {
		int step = d->comp[i].step > used[i] ? used[i] : d->comp[i].step;
		uint32_t rows = plane_rows(f->fmt, i, f->height);

		for (uint32_t y = 0; y < rows; y++) {
			uint8_t *line = planes[i] + (size_t)y * mine.stride[i];

			memcpy(line, f->data[i] + (size_t)y * f->stride[i], used[i]);
			extend(line, used[i], step);
		}
		repeat_last(planes[i], mine.stride[i], rows, plane_rows(f->fmt, i, mine.height));
	}
	*f = mine;
	return 0;
}

/* libswscale does not read NV16: copy it into three planes of our own. */
static int split_chroma(struct ctl_converter *c, struct ctl_planes *f)
{
	struct ctl_planes mine = { AV_PIX_FMT_YUV422P, even(f->width), even(f->height), { NULL },
				 { 0 } };
	uint8_t *planes[4];
	int ret = lay_out(&mine, &c->scratch, &c->scratch_size, planes);

	if (ret < 0)
		return ret;
	for (uint32_t y = 0; y < f->height; y++) {
		const uint8_t *uv = f->data[1] + (size_t)y * f->stride[1];
		uint8_t *luma = planes[0] + (size_t)y * mine.stride[0];

		memcpy(luma, f->data[0] + (size_t)y * f->stride[0], f->width);
		extend(luma, (int)f->width, 1);
		for (uint32_t x = 0; x < mine.width; x++)
			planes[1 + x % 2][(size_t)y * mine.stride[1] + x / 2] = uv[x];
	}
	for (int i = 0; i < 3; i++)
		repeat_last(planes[i], mine.stride[i], f->height, mine.height);
	*f = mine;
	return 0;
}

static int from_jpeg(struct ctl_converter *c, const struct ctl_picture *pic, struct ctl_planes *f)
{
	size_t len = pic->bytesused[0];
	int w = 0, h = 0, sub, cs; /* a truncated header does not set them */
	uint8_t *rgb[4];

	if (!c->jpeg)
		c->jpeg = tjInitDecompress();
	if (!c->jpeg || reserve(&c->coded, &c->coded_size, len + 1) < 0)
		return -ENOMEM;
	memcpy(c->coded, pic->data[0], len);
	if (tjDecompressHeader3(c->jpeg, c->coded, len, &w, &h, &sub, &cs) < 0 ||
	    (uint32_t)w != pic->width || (uint32_t)h != pic->height)
		return -EINVAL;
	*f = (struct ctl_planes){ AV_PIX_FMT_RGB24, even(pic->width), even(pic->height), { NULL },
				{ 0 } };
	if (lay_out(f, &c->scratch, &c->scratch_size, rgb) < 0)
		return -ENOMEM;
	/* After a warning (a truncated scan) there is still a picture to show. */
	if (tjDecompress2(c->jpeg, c->coded, len, rgb[0], w, f->stride[0], h, TJPF_RGB, 0) < 0 &&
	    tjGetErrorCode(c->jpeg) != TJERR_WARNING)
		return -EINVAL;
	for (int y = 0; y < h; y++)
		extend(rgb[0] + (size_t)y * f->stride[0], w * 3, 3);
	repeat_last(rgb[0], f->stride[0], pic->height, f->height);
	return 0;
}

static int get_frame(struct ctl_converter *c, const struct ctl_picture *pic, struct ctl_planes *f)
{
	int ret;

	if (!ctl_picture_known(pic))
		return -ENOTSUP;
	if (is_jpeg(pic->pixelformat))
		return from_jpeg(c, pic, f);
	ret = ctl_picture_planes(pic, f);
	if (ret < 0)
		return ret;
	return f->fmt == AV_PIX_FMT_NV16 ? split_chroma(c, f) : own(c, f);
}

static const int *coefficients(uint32_t ycbcr_enc)
{
	switch (ycbcr_enc) {
	case V4L2_YCBCR_ENC_709:
	case V4L2_YCBCR_ENC_XV709:
		return sws_getCoefficients(SWS_CS_ITU709);
	case V4L2_YCBCR_ENC_BT2020:
	case V4L2_YCBCR_ENC_BT2020_CONST_LUM:
		return sws_getCoefficients(SWS_CS_BT2020);
	case V4L2_YCBCR_ENC_SMPTE240M:
		return sws_getCoefficients(SWS_CS_SMPTE240M);
	default:
		return sws_getCoefficients(SWS_CS_ITU601);
	}
}

/* Copy the planes of @f to @to, without padding between lines, cropped to the size given. */
static void pack(const struct ctl_planes *f, uint32_t width, uint32_t height, uint8_t *to)
{
	int planes = av_pix_fmt_count_planes(f->fmt), used[4];

	av_image_fill_linesizes(used, f->fmt, (int)width);
	for (int i = 0; i < planes; i++) {
		uint32_t rows = plane_rows(f->fmt, i, height);

		for (uint32_t y = 0; y < rows; y++, to += used[i])
			memcpy(to, f->data[i] + (size_t)y * f->stride[i], used[i]);
	}
}

/* libswscale also writes beyond its lines: it gets memory with room, then the picture is copied. */
static int convert(struct ctl_converter *c, const struct ctl_picture *pic, enum AVPixelFormat fmt,
		   uint32_t width, uint32_t height, uint8_t *to)
{
	bool scaled = width != pic->width || height != pic->height;
	struct ctl_planes f, out = { fmt, scaled ? width : even(width),
				   scaled ? height : even(height), { NULL }, { 0 } };
	const int *from = coefficients(pic->ycbcr_enc);
	uint8_t *dst[4] = { NULL };
	int ret = get_frame(c, pic, &f);

	if (ret == 0)
		ret = lay_out(&out, &c->out, &c->out_size, dst);
	if (ret < 0)
		return ret;
	c->sws = sws_getCachedContext(c->sws, (int)f.width, (int)f.height, f.fmt, (int)out.width,
				      (int)out.height, fmt,
				      SWS_AREA | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, NULL, NULL,
				      NULL);
	if (!c->sws)
		return -ENOMEM;
	/* RGB is converted to BT.601. From YUV to YUV only the sampling changes. */
	sws_setColorspaceDetails(c->sws, from, is_rgb(f.fmt) ? 1 : pic->full_range,
				 is_rgb(f.fmt) ? sws_getCoefficients(SWS_CS_ITU601) : from,
				 is_rgb(fmt) ? 1 : ctl_picture_yuv420_full(pic), 0, 1 << 16,
				 1 << 16);
	sws_scale(c->sws, f.data, f.stride, 0, (int)f.height, dst, out.stride);
	pack(&out, width, height, to);
	return 0;
}

int ctl_picture_rgb(struct ctl_converter *c, const struct ctl_picture *pic, uint8_t *rgb,
		    uint32_t width, uint32_t height)
{
	return convert(c, pic, AV_PIX_FMT_RGB24, width, height, rgb);
}

size_t ctl_picture_yuv420_size(const struct ctl_picture *pic)
{
	size_t cw = ((size_t)pic->width + 1) / 2, ch = ((size_t)pic->height + 1) / 2;

	return (size_t)pic->width * pic->height + 2 * cw * ch;
}

int ctl_picture_yuv420(struct ctl_converter *c, const struct ctl_picture *pic, uint8_t *yuv)
{
	const struct pix_row *row = pix_find(pic->pixelformat);
	struct ctl_planes f;
	int ret;

	if (!ctl_picture_known(pic))
		return -ENOTSUP;
	if (!row || row->av != AV_PIX_FMT_YUV420P)
		return convert(c, pic, AV_PIX_FMT_YUV420P, pic->width, pic->height, yuv);
	/* A 4:2:0 picture is only copied, so that a file holds the device's own bytes. */
	ret = ctl_picture_planes(pic, &f);
	if (ret == 0)
		pack(&f, pic->width, pic->height, yuv);
	return ret;
}

void ctl_converter_finish(struct ctl_converter *c)
{
	sws_freeContext(c->sws);
	if (c->jpeg)
		tjDestroy(c->jpeg);
	free(c->scratch);
	free(c->coded);
	free(c->out);
	*c = (struct ctl_converter){ 0 };
}
