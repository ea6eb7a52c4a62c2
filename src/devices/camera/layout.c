// SPDX-License-Identifier: BSD-3-Clause
/*
 * How to write the camera's pixel formats, which <vmedia/pixfmt.h> does not describe.
 */
#include "layout.h"

#include <string.h>

#include "jpeg.h"

static const struct vmedia_camera_layout layouts[] = {
	{ V4L2_PIX_FMT_YUYV, VMEDIA_CAMERA_PACKED, 1, false },
	{ V4L2_PIX_FMT_UYVY, VMEDIA_CAMERA_PACKED, 1, true },
	{ V4L2_PIX_FMT_NV12, VMEDIA_CAMERA_SEMI, 2, false },
	{ V4L2_PIX_FMT_NV21, VMEDIA_CAMERA_SEMI, 2, true },
	{ V4L2_PIX_FMT_YUV420, VMEDIA_CAMERA_PLANAR, 3, false },
	{ V4L2_PIX_FMT_YVU420, VMEDIA_CAMERA_PLANAR, 3, true },
	{ V4L2_PIX_FMT_RGB24, VMEDIA_CAMERA_RGB, 1, false },
	{ V4L2_PIX_FMT_BGR24, VMEDIA_CAMERA_RGB, 1, true },
	{ V4L2_PIX_FMT_GREY, VMEDIA_CAMERA_GREY, 1, false },
	{ V4L2_PIX_FMT_MJPEG, VMEDIA_CAMERA_JPEG, 0, false },
};

const struct vmedia_camera_layout *vmedia_camera_layout(uint32_t pixelformat)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].pixelformat == pixelformat)
			return &layouts[i];
	return NULL;
}

bool vmedia_camera_format_fits(uint32_t pixelformat, uint32_t width, uint32_t height)
{
	const struct vmedia_pixfmt *pf = vmedia_pixfmt_find(pixelformat);

	return pf && !(width & (pf->walign - 1)) && !(height & (pf->halign - 1));
}

void vmedia_camera_format_fill(struct vmedia_camera_format *fmt)
{
	const struct vmedia_pixfmt *pf = vmedia_pixfmt_find(fmt->pixelformat);
	struct vmedia_picture_layout pl;

	fmt->width &= ~(uint32_t)(pf->walign - 1);
	fmt->height &= ~(uint32_t)(pf->halign - 1);
	if (fmt->pixelformat == V4L2_PIX_FMT_MJPEG) {
		fmt->bytesperline = 0;
		fmt->sizeimage = vmedia_camera_jpeg_bound(fmt->width, fmt->height);
		return;
	}
	/* Cannot fail: the picture is neither empty nor larger than VMEDIA_CAMERA_MAX_DIMENSION. */
	if (vmedia_pixfmt_layout(pf, fmt->width, fmt->height, &fmt->bytesperline, &pl))
		return;
	fmt->bytesperline = pl.bytesperline[0];
	fmt->sizeimage = pl.sizeimage[0];
}

void vmedia_camera_target_init(struct vmedia_camera_target *t,
			       const struct vmedia_camera_format *fmt, void *mem, size_t size)
{
	const struct vmedia_camera_layout *l = vmedia_camera_layout(fmt->pixelformat);
	struct vmedia_picture_layout pl;

	memset(t, 0, sizeof(*t));
	t->mem = mem;
	t->size = size;
	if (!l->planes)
		return;
	t->bytesused = fmt->sizeimage;
	if (vmedia_pixfmt_layout(vmedia_pixfmt_find(fmt->pixelformat), fmt->width, fmt->height,
				 &fmt->bytesperline, &pl))
		return;
	for (unsigned int i = 0; i < l->planes; i++) {
		t->data[i] = t->mem + pl.colour[i].offset;
		t->stride[i] = pl.colour[i].stride;
	}
}
