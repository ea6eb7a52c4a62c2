// SPDX-License-Identifier: BSD-3-Clause
/*
 * The source "pattern": test pictures, a moving box, and digits that count.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jpeg.h"
#include "painter.h"
#include "source.h"

#define QUICK_BYTES (4u << 20)		/* bytesperline * height */

struct pattern {
	struct vmedia_camera_source base;
	struct vmedia_camera_painter painter;
	/* MJPG is compressed from a picture in private memory. */
	struct vmedia_camera_jpeg *jpeg;
	struct vmedia_camera_target raw;
};

static const uint32_t formats[] = {
	V4L2_PIX_FMT_YUYV,  V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_RGB24,
	V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_UYVY, V4L2_PIX_FMT_NV21,   V4L2_PIX_FMT_YVU420,
	V4L2_PIX_FMT_BGR24, V4L2_PIX_FMT_GREY,
};

static const struct vmedia_camera_size usual_sizes[] = {
	{ 640, 480 }, { 160, 120 },  { 320, 240 },   { 640, 360 },
	{ 800, 600 }, { 1280, 720 }, { 1920, 1080 }, { 3840, 2160 },
};

static const char *const picture_names[VMEDIA_CAMERA_NUM_PICTURES] = {
	[VMEDIA_CAMERA_BARS] = "Colour Bars",
	[VMEDIA_CAMERA_GRADIENT] = "Moving Gradient",
	[VMEDIA_CAMERA_CHECKERBOARD] = "Checkerboard",
	[VMEDIA_CAMERA_PLAIN_BLACK] = "Black",
	[VMEDIA_CAMERA_PLAIN_WHITE] = "White",
};

static const struct vmedia_camera_control controls[] = {
	{ V4L2_CID_BRIGHTNESS, V4L2_CTRL_TYPE_INTEGER, "Brightness", 0, 255, 1, 128, NULL },
	{ V4L2_CID_CONTRAST, V4L2_CTRL_TYPE_INTEGER, "Contrast", 0, 255, 1, 128, NULL },
	{ V4L2_CID_SATURATION, V4L2_CTRL_TYPE_INTEGER, "Saturation", 0, 255, 1, 128, NULL },
	{ V4L2_CID_HUE, V4L2_CTRL_TYPE_INTEGER, "Hue", -128, 127, 1, 0, NULL },
	{ V4L2_CID_HFLIP, V4L2_CTRL_TYPE_BOOLEAN, "Horizontal Flip", 0, 1, 1, 0, NULL },
	{ V4L2_CID_VFLIP, V4L2_CTRL_TYPE_BOOLEAN, "Vertical Flip", 0, 1, 1, 0, NULL },
	{ V4L2_CID_JPEG_COMPRESSION_QUALITY, V4L2_CTRL_TYPE_INTEGER, "Compression Quality", 1, 100,
	  1, VMEDIA_CAMERA_JPEG_QUALITY, NULL },
	{ V4L2_CID_TEST_PATTERN, V4L2_CTRL_TYPE_MENU, "Test Pattern", 0,
	  VMEDIA_CAMERA_NUM_PICTURES - 1, 1, VMEDIA_CAMERA_BARS, picture_names },
};

static int pattern_open(const struct vmedia_camera_options *opts, const char *arg, char *why,
			size_t why_size, struct vmedia_camera_source **src)
{
	struct pattern *p;

	if (arg) {
		snprintf(why, why_size, "the pattern takes no argument: use --source=pattern");
		return -EINVAL;
	}
	p = calloc(1, sizeof(*p));
	if (!p) {
		snprintf(why, why_size, "no memory for the pattern");
		return -ENOMEM;
	}
	p->base.ops = &vmedia_camera_pattern_ops;
	snprintf(p->base.name, sizeof(p->base.name), "vmedia pattern");
	memcpy(p->base.formats, formats, sizeof(formats));
	p->base.num_formats = sizeof(formats) / sizeof(formats[0]);
	for (uint32_t i = 0; i < opts->num_sizes; i++)
		vmedia_camera_add_size(&p->base, opts->sizes[i].width, opts->sizes[i].height);
	for (size_t i = 0; !opts->num_sizes && i < sizeof(usual_sizes) / sizeof(usual_sizes[0]);
	     i++)
		vmedia_camera_add_size(&p->base, usual_sizes[i].width, usual_sizes[i].height);
	vmedia_camera_add_interval(&p->base, opts->interval.numerator, opts->interval.denominator);
	vmedia_camera_add_interval(&p->base, 1, 30);
	vmedia_camera_add_usual_intervals(&p->base);
	p->base.controls = controls;
	p->base.num_controls = sizeof(controls) / sizeof(controls[0]);
	*src = &p->base;
	return 0;
}

static void pattern_close(struct vmedia_camera_source *src)
{
	free(src);
}

static void pattern_colorimetry(const struct vmedia_camera_source *src,
				struct vmedia_camera_format *fmt)
{
	bool jpeg = fmt->pixelformat == V4L2_PIX_FMT_MJPEG;
	uint8_t kind = vmedia_camera_layout(fmt->pixelformat)->kind;

	fmt->colorspace = jpeg ? V4L2_COLORSPACE_JPEG : V4L2_COLORSPACE_SRGB;
	fmt->ycbcr_enc = V4L2_YCBCR_ENC_601;
	fmt->xfer_func = V4L2_XFER_FUNC_SRGB;
	fmt->quantization = jpeg || kind == VMEDIA_CAMERA_RGB ? V4L2_QUANTIZATION_FULL_RANGE :
								V4L2_QUANTIZATION_LIM_RANGE;
}

/*
 * Prepare a private 4:2:0 picture. An odd size is rounded up by a row or column, since the
 * compressor reads pairs.
 */
static int start_jpeg(struct pattern *p, uint32_t width, uint32_t height)
{
	size_t w = (width + 1) & ~1u, h = (height + 1) & ~1u;
	int err = vmedia_camera_jpeg_create(width, height, &p->jpeg);

	if (err)
		return err;
	p->raw.mem = malloc(w * h * 3 / 2);
	if (!p->raw.mem) {
		vmedia_camera_jpeg_destroy(p->jpeg);
		p->jpeg = NULL;
		return -ENOMEM;
	}
	p->raw.data[0] = p->raw.mem;
	p->raw.data[1] = p->raw.mem + w * h;
	p->raw.data[2] = p->raw.mem + w * h + w * h / 4;
	p->raw.stride[0] = w;
	p->raw.stride[1] = p->raw.stride[2] = w / 2;
	return vmedia_camera_painter_init(&p->painter, V4L2_PIX_FMT_YUV420, (uint32_t)w,
					  (uint32_t)h, true);
}

static void pattern_stop(struct vmedia_camera_source *src)
{
	struct pattern *p = (struct pattern *)src;

	vmedia_camera_painter_fini(&p->painter);
	vmedia_camera_jpeg_destroy(p->jpeg);
	p->jpeg = NULL;
	free(p->raw.mem);
	p->raw.mem = NULL;
}

static int pattern_start(struct vmedia_camera_source *src, const struct vmedia_camera_format *fmt,
			 const struct vmedia_fract *interval)
{
	struct pattern *p = (struct pattern *)src;
	int err;

	if (fmt->pixelformat == V4L2_PIX_FMT_MJPEG)
		err = start_jpeg(p, fmt->width, fmt->height);
	else
		err = vmedia_camera_painter_init(&p->painter, fmt->pixelformat, fmt->width,
						 fmt->height, false);
	if (err)
		pattern_stop(src);
	return err;
}

static int pattern_fill(struct vmedia_camera_source *src, struct vmedia_camera_target *t)
{
	struct pattern *p = (struct pattern *)src;
	struct vmedia_camera_look look = {
		.adjust = {
			.brightness = vmedia_camera_value(src, V4L2_CID_BRIGHTNESS),
			.contrast = vmedia_camera_value(src, V4L2_CID_CONTRAST),
			.saturation = vmedia_camera_value(src, V4L2_CID_SATURATION),
			.hue = vmedia_camera_value(src, V4L2_CID_HUE),
		},
		.picture = vmedia_camera_value(src, V4L2_CID_TEST_PATTERN),
		.hflip = vmedia_camera_value(src, V4L2_CID_HFLIP),
		.vflip = vmedia_camera_value(src, V4L2_CID_VFLIP),
	};

	if (!p->jpeg) {
		vmedia_camera_painter_paint(&p->painter, &look, t);
		return 0;
	}
	p->raw.sequence = t->sequence;
	p->raw.time_ns = t->time_ns;
	vmedia_camera_painter_paint(&p->painter, &look, &p->raw);
	return vmedia_camera_jpeg_encode(
		p->jpeg, p->raw.data, p->raw.stride,
		vmedia_camera_value(src, V4L2_CID_JPEG_COMPRESSION_QUALITY), t->mem, t->size,
		&t->bytesused);
}

/*
 * Raw pictures up to 1080p are rows copied from the cache, which takes a third of a millisecond or
 * less.
 */
static bool pattern_quick(const struct vmedia_camera_source *src,
			  const struct vmedia_camera_format *fmt)
{
	return fmt->pixelformat != V4L2_PIX_FMT_MJPEG &&
	       (uint64_t)fmt->bytesperline * fmt->height <= QUICK_BYTES;
}

const struct vmedia_camera_source_ops vmedia_camera_pattern_ops = {
	.open = pattern_open,
	.close = pattern_close,
	.colorimetry = pattern_colorimetry,
	.quick = pattern_quick,
	.start = pattern_start,
	.fill = pattern_fill,
	.stop = pattern_stop,
};
