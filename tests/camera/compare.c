// SPDX-License-Identifier: BSD-3-Clause
/*
 * What a picture of a file should be, pixel by pixel.
 */
#include "compare.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "clips.h"
#include "picture.h"

static uint8_t sample(const AVFrame *f, int plane, uint32_t x, uint32_t y)
{
	return f->data[plane][(ptrdiff_t)y * f->linesize[plane] + x];
}

/*
 * Byte @i of row @y of colour plane @plane of the picture that @f makes in @pixelformat; chroma
 * planes count on.
 */
static uint8_t want_byte(const AVFrame *f, uint32_t pixelformat, unsigned int plane, uint32_t y,
			 uint32_t i)
{
	bool shared = f->format == AV_PIX_FMT_YUV420P || f->format == AV_PIX_FMT_YUVJ420P;

	switch (pixelformat) {
	case V4L2_PIX_FMT_YUYV:
		return i & 1 ? sample(f, i & 2 ? 2 : 1, i / 4, shared ? y / 2 : y)
			     : sample(f, 0, i / 2, y);
	case V4L2_PIX_FMT_UYVY:
		return i & 1 ? sample(f, 0, i / 2, y)
			     : sample(f, i & 2 ? 2 : 1, i / 4, shared ? y / 2 : y);
	case V4L2_PIX_FMT_NV12:
		return plane ? sample(f, i & 1 ? 2 : 1, i / 2, y) : sample(f, 0, i, y);
	case V4L2_PIX_FMT_NV21:
		return plane ? sample(f, i & 1 ? 1 : 2, i / 2, y) : sample(f, 0, i, y);
	case V4L2_PIX_FMT_YVU420:
		return sample(f, plane ? 3 - (int)plane : 0, i, y);
	case V4L2_PIX_FMT_BGR24:
		return sample(f, 0, i / 3 * 3 + 2 - i % 3, y);
	default:
		return sample(f, (int)plane, i, y);
	}
}

void check_picture(const struct vmedia_camera_format *fmt, const uint8_t *data,
			  const AVFrame *f)
{
	struct vmedia_picture_layout l;

	assert_int_equal(vmedia_pixfmt_layout(vmedia_pixfmt_find(fmt->pixelformat), fmt->width,
					      fmt->height, &fmt->bytesperline, &l),
			 0);
	assert_true(l.num_colour > 0);
	for (unsigned int p = 0; p < l.num_colour; p++)
		for (uint32_t y = 0; y < l.colour[p].lines; y++)
			for (uint32_t i = 0; i < l.colour[p].width; i++)
				if (data[l.colour[p].offset + (size_t)y * l.colour[p].stride + i] !=
				    want_byte(f, fmt->pixelformat, p, y, i))
					fail_msg("%.4s, %ux%u: plane %u row %u byte %u differs",
						 (const char *)&fmt->pixelformat, fmt->width,
						 fmt->height, p, y, i);
}

/* Two and a half laps of @name in @pixelformat are what libavcodec gives. */
void check_clip(const char *name, uint32_t pixelformat, uint32_t width, uint32_t height,
		       uint32_t extra)
{
	struct vmedia_camera_source *src = open_source(clip_source(name), NULL, NULL);
	struct vmedia_camera_format fmt;
	struct vmedia_fract interval;
	struct reference ref;
	struct guarded g;

	reference_load(&ref, name);
	assert_int_equal(vmedia_camera_source_interval(src, 0, &interval), 0);
	fmt = start_source(src, pixelformat, width, height, extra);
	guarded_init(&g, fmt.sizeimage, 0xa5);
	for (int round = 0; round < 2; round++) {
		for (size_t n = 0; n < ref.num_frames * 5 / 2 + 1; n++) {
			assert_int_equal(fill_source(src, &g, n, 0), fmt.sizeimage);
			check_picture(&fmt, g.data, ref.frames[n % ref.num_frames]);
		}
		/* Each start begins with the first picture. */
		vmedia_camera_source_stop(src);
		assert_int_equal(vmedia_camera_source_start(src, &fmt, &interval), 0);
	}
	for (size_t i = 0; i < fmt.sizeimage; i++)
		if (!is_picture(&fmt, i))
			assert_int_equal(g.data[i], 0xa5);
	reference_free(&ref);
	guarded_fini(&g);
	vmedia_camera_source_close(src);
}
