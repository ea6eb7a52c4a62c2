/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames to RGB and 4:2:0, by libswscale; JPEG frames through TurboJPEG first.
 *
 * Security model: a frame's bytes come from the device. Sizes are checked against the format before
 * any library sees them; what a picture shows is up to the device.
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

/* How a V4L2 format lies in memory, in the words of libavutil. */
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
	{ V4L2_PIX_FMT_YUV422P, AV_PIX_FMT_YUV422P, 0 },
	{ V4L2_PIX_FMT_NV12M, AV_PIX_FMT_NV12, MULTI },
	{ V4L2_PIX_FMT_YUV420M, AV_PIX_FMT_YUV420P, MULTI },
	{ V4L2_PIX_FMT_RGB24, AV_PIX_FMT_RGB24, 0 },
	{ V4L2_PIX_FMT_BGR24, AV_PIX_FMT_BGR24, 0 },
	{ V4L2_PIX_FMT_XBGR32, AV_PIX_FMT_BGR0, 0 },
	{ V4L2_PIX_FMT_ABGR32, AV_PIX_FMT_BGRA, 0 },
	{ V4L2_PIX_FMT_XRGB32, AV_PIX_FMT_0RGB, 0 },
	{ V4L2_PIX_FMT_ARGB32, AV_PIX_FMT_ARGB, 0 },
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

/* A frame as libswscale takes it. */
struct av_frame {
	enum AVPixelFormat fmt;
	uint32_t width, height;
	const uint8_t *data[4];
	int stride[4];
};

static bool is_jpeg(uint32_t pixelformat)
{
	return pixelformat == V4L2_PIX_FMT_MJPEG || pixelformat == V4L2_PIX_FMT_JPEG;
}

static int from_jpeg(struct ctl_converter *c, const struct ctl_picture *pic, struct av_frame *f)
{
	int w, h, sub, cs;
	size_t need;

	if (!c->jpeg)
		c->jpeg = tjInitDecompress();
	if (!c->jpeg)
		return -ENOMEM;
	if (tjDecompressHeader3(c->jpeg, pic->data[0], pic->bytesused[0], &w, &h, &sub, &cs) < 0 ||
	    (uint32_t)w != pic->width || (uint32_t)h != pic->height)
		return -EINVAL;
	need = (size_t)w * h * 3;
	if (need > c->scratch_size) {
		uint8_t *p = realloc(c->scratch, need);

		if (!p)
			return -ENOMEM;
		c->scratch = p;
		c->scratch_size = need;
	}
	/* A warning (a truncated scan) still leaves a picture worth seeing. */
	if (tjDecompress2(c->jpeg, pic->data[0], pic->bytesused[0], c->scratch, w, w * 3, h,
			  TJPF_RGB, 0) < 0 &&
	    tjGetErrorCode(c->jpeg) != TJERR_WARNING)
		return -EINVAL;
	*f = (struct av_frame){
		.fmt = AV_PIX_FMT_RGB24,
		.width = pic->width,
		.height = pic->height,
		.data = { c->scratch },
		.stride = { w * 3 },
	};
	return 0;
}

static uint32_t plane_rows(enum AVPixelFormat fmt, int plane, uint32_t height)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(fmt);

	if (plane != 1 && plane != 2)
		return height;
	return (height + (1u << d->log2_chroma_h) - 1) >> d->log2_chroma_h;
}

static int from_raw(const struct ctl_picture *pic, struct av_frame *f)
{
	const struct pix_row *row = pix_find(pic->pixelformat);
	int min_stride[4], planes, luma;
	size_t off = 0;

	if (!row)
		return -ENOTSUP;
	planes = av_pix_fmt_count_planes(row->av);
	if (pic->width > 1u << 16 || pic->height > 1u << 16 || !pic->width || !pic->height ||
	    av_image_fill_linesizes(min_stride, row->av, pic->width) < 0)
		return -EINVAL;
	*f = (struct av_frame){ .fmt = row->av, .width = pic->width, .height = pic->height };
	luma = pic->bytesperline[0] > (uint32_t)min_stride[0] ? (int)pic->bytesperline[0]
							      : min_stride[0];
	for (int i = 0; i < planes; i++) {
		unsigned int mem = (row->how & MULTI) ? i : 0;
		int stride = (int64_t)luma * min_stride[i] / min_stride[0];
		size_t size;

		if (mem >= pic->num_planes)
			return -EINVAL;
		if (row->how & MULTI) {
			off = 0;
			if (pic->bytesperline[mem] > (uint32_t)min_stride[i])
				stride = pic->bytesperline[mem];
		}
		/* The last line may be short of its padding. */
		size = (size_t)stride * (plane_rows(row->av, i, pic->height) - 1) + min_stride[i];
		if (off + size > pic->bytesused[mem])
			return -EINVAL;
		f->data[i] = pic->data[mem] + off;
		f->stride[i] = stride;
		off += (size_t)stride * plane_rows(row->av, i, pic->height);
	}
	if (row->how & SWAP_UV) {
		const uint8_t *u = f->data[1];

		f->data[1] = f->data[2];
		f->data[2] = u;
	}
	return 0;
}

static int convert(struct ctl_converter *c, const struct ctl_picture *pic, enum AVPixelFormat fmt,
		   uint32_t width, uint32_t height, uint8_t *const dst[4], const int dst_stride[4])
{
	struct av_frame f;
	int ret = is_jpeg(pic->pixelformat) ? from_jpeg(c, pic, &f) : from_raw(pic, &f);

	if (ret < 0)
		return ret;
	c->sws = sws_getCachedContext(c->sws, f.width, f.height, f.fmt, width, height, fmt,
				      SWS_AREA | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, NULL, NULL,
				      NULL);
	if (!c->sws)
		return -ENOMEM;
	sws_scale(c->sws, f.data, f.stride, 0, f.height, dst, dst_stride);
	return 0;
}

int ctl_picture_rgb(struct ctl_converter *c, const struct ctl_picture *pic, uint8_t *rgb,
		    uint32_t width, uint32_t height)
{
	uint8_t *const dst[4] = { rgb };
	const int stride[4] = { (int)width * 3 };

	return convert(c, pic, AV_PIX_FMT_RGB24, width, height, dst, stride);
}

size_t ctl_picture_yuv420_size(const struct ctl_picture *pic)
{
	size_t cw = (pic->width + 1) / 2, ch = (pic->height + 1) / 2;

	return (size_t)pic->width * pic->height + 2 * cw * ch;
}

/* What already is 4:2:0 is copied line by line, so that a file holds the device's very bytes. */
static int copy_yuv420(const struct ctl_picture *pic, uint8_t *yuv)
{
	struct av_frame f;
	int ret = from_raw(pic, &f);

	if (ret < 0)
		return ret;
	for (int i = 0; i < 3; i++) {
		uint32_t w = i ? (pic->width + 1) / 2 : pic->width;
		uint32_t h = i ? (pic->height + 1) / 2 : pic->height;

		for (uint32_t y = 0; y < h; y++, yuv += w)
			memcpy(yuv, f.data[i] + (size_t)y * f.stride[i], w);
	}
	return 0;
}

int ctl_picture_yuv420(struct ctl_converter *c, const struct ctl_picture *pic, uint8_t *yuv)
{
	const struct pix_row *row = pix_find(pic->pixelformat);
	uint32_t cw = (pic->width + 1) / 2, ch = (pic->height + 1) / 2;
	uint8_t *u = yuv + (size_t)pic->width * pic->height;
	uint8_t *const dst[4] = { yuv, u, u + (size_t)cw * ch };
	const int stride[4] = { (int)pic->width, (int)cw, (int)cw };

	if (row && row->av == AV_PIX_FMT_YUV420P)
		return copy_yuv420(pic, yuv);
	return convert(c, pic, AV_PIX_FMT_YUV420P, pic->width, pic->height, dst, stride);
}

void ctl_converter_finish(struct ctl_converter *c)
{
	sws_freeContext(c->sws);
	if (c->jpeg)
		tjDestroy(c->jpeg);
	free(c->scratch);
	*c = (struct ctl_converter){ 0 };
}
