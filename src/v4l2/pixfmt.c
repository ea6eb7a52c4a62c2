/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The layout of a picture in memory: lines, planes, sizes.
 */
#include <errno.h>
#include <string.h>

#include <linux/videodev2.h>

#include <vmedia/pixfmt.h>

#include "base/checked.h"

#define STILL_MIN	(64u << 10)
#define STREAM_MIN	(1u << 20)
#define STRIDE_MAX_FACTOR 4

/* Bytes of one line of colour plane @i, exact. */
static uint64_t line_bytes(const struct vmedia_pixfmt *pf, unsigned int i, uint32_t width)
{
	uint64_t samples = i ? ((uint64_t)width + pf->hsub - 1) / pf->hsub : width;

	return (samples * pf->bits[i] + 7) / 8;
}

static uint32_t plane_lines(const struct vmedia_pixfmt *pf, unsigned int i, uint32_t height)
{
	return i ? (uint32_t)(((uint64_t)height + pf->vsub - 1) / pf->vsub) : height;
}

/* The unit of plane 0's stride: gives a whole stride to each plane that shares its memory. */
static uint64_t stride_unit(const struct vmedia_pixfmt *pf)
{
	unsigned int unit = (pf->bits[0] + 7u) / 8;

	if (pf->walign > 1)
		unit *= pf->walign;
	return unit;
}

/* The stride of colour plane @i if plane 0 has stride @stride. */
static uint64_t derived_stride(const struct vmedia_pixfmt *pf, unsigned int i, uint64_t stride)
{
	return i ? stride * pf->bits[i] / pf->bits[0] / pf->hsub : stride;
}

static uint64_t choose_stride(uint64_t least, uint64_t unit, uint32_t wish)
{
	uint64_t min = (least + unit - 1) / unit * unit;

	if (wish < min || wish > min * STRIDE_MAX_FACTOR)
		return min;
	return wish / unit * unit;
}

static int coded_layout(const struct vmedia_pixfmt *pf, uint32_t width, uint32_t height,
			struct vmedia_picture_layout *l)
{
	uint64_t size = (uint64_t)width * height;
	bool still = pf->pixelformat == V4L2_PIX_FMT_MJPEG || pf->pixelformat == V4L2_PIX_FMT_JPEG;

	if (size > UINT32_MAX / 2)
		return -EINVAL;
	l->num_mem = 1;
	l->sizeimage[0] =
		(uint32_t)VMEDIA_MAX(size * 2, (uint64_t)(still ? STILL_MIN : STREAM_MIN));
	return 0;
}

int vmedia_pixfmt_layout(const struct vmedia_pixfmt *pf, uint32_t width, uint32_t height,
			 const uint32_t *bytesperline, struct vmedia_picture_layout *l)
{
	uint64_t end[VMEDIA_COLOUR_PLANES] = { 0 };
	unsigned int i, mem;

	memset(l, 0, sizeof(*l));
	if (pf->kind == VMEDIA_PIXFMT_DATA || !width || !height || width > INT32_MAX ||
	    height > INT32_MAX)
		return -EINVAL;
	if (pf->kind == VMEDIA_PIXFMT_CODED)
		return coded_layout(pf, width, height, l);
	l->num_colour = pf->colour_planes;
	l->num_mem = pf->mem_planes;
	for (i = 0; i < pf->colour_planes; i++) {
		struct vmedia_layout_plane *p = &l->colour[i];
		uint64_t stride, bytes, unit;

		mem = pf->mem_planes > 1 ? i : 0;
		if (i && !mem) {
			stride = derived_stride(pf, i, l->bytesperline[0]);
		} else {
			unit = mem ? (pf->bits[i] + 7u) / 8 : stride_unit(pf);
			stride = choose_stride(
				line_bytes(pf, i,
					   mem ? width
					       : (uint32_t)vmedia_align_up(width, pf->walign)),
				unit, bytesperline ? bytesperline[mem] : 0);
			l->bytesperline[mem] = (uint32_t)stride;
		}
		if (stride > UINT32_MAX)
			return -EINVAL;
		p->stride = (uint32_t)stride;
		p->lines = plane_lines(pf, i, height);
		p->width = (uint32_t)line_bytes(pf, i, width);
		p->mem = (uint8_t)mem;
		bytes = stride * p->lines;
		if (bytes > UINT32_MAX || end[mem] + bytes > UINT32_MAX)
			return -EINVAL;
		p->offset = (uint32_t)end[mem];
		end[mem] += bytes;
		l->sizeimage[mem] = (uint32_t)end[mem];
	}
	return 0;
}

char *vmedia_fourcc(uint32_t pixelformat, char buf[16])
{
	unsigned int i, n = 0;

	for (i = 0; i < 4; i++) {
		char c = (char)(pixelformat >> (8 * i) & 0x7f);

		buf[n++] = c >= ' ' && c < 0x7f ? c : '.';
	}
	while (n && buf[n - 1] == ' ')
		n--;
	if (pixelformat & 1u << 31) {
		memcpy(buf + n, "-BE", 3);
		n += 3;
	}
	buf[n] = '\0';
	return buf;
}
