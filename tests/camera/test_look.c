// SPDX-License-Identifier: BSD-3-Clause
/*
 * What a file says of its pictures is what the guest sees: range and matrix, orientation, fields,
 * shape of pixels, transparency.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libavutil/pixdesc.h>

#include "clips.h"
#include "compare.h"
#include "eye.h"
#include "picture.h"

static const uint32_t all_formats[] = {
	V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_UYVY,	V4L2_PIX_FMT_NV12,  V4L2_PIX_FMT_NV21,
	V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_YVU420, V4L2_PIX_FMT_RGB24, V4L2_PIX_FMT_BGR24,
	V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_GREY,
};
#define NUM_FORMATS (sizeof(all_formats) / sizeof(all_formats[0]))

/*
 * The first picture of @name in @pixelformat at @width x @height, as somebody sees it; @fmt
 * receives the format.
 */
static uint8_t *look(const char *name, uint32_t pixelformat, uint32_t width, uint32_t height,
		     struct vmedia_camera_format *fmt)
{
	struct vmedia_camera_source *src = open_source(clip_source(name), NULL, NULL);
	struct guarded g;
	uint8_t *rgb;

	*fmt = start_source(src, pixelformat, width, height, 0);
	guarded_init(&g, fmt->sizeimage, 0);
	rgb = eye_see(fmt, g.data, fill_source(src, &g, 0, 0));
	guarded_fini(&g);
	vmedia_camera_source_close(src);
	return rgb;
}

/* The quarters of @rgb have these colours, within @slack; @grey: only their light. */
static void check_quarters(const char *what, const struct vmedia_camera_format *fmt,
			   const uint8_t *rgb, const double want[4][3], double slack)
{
	for (int q = 0; q < 4; q++) {
		uint32_t x = fmt->width * (q & 1 ? 3 : 1) / 4, y = fmt->height * (q & 2 ? 3 : 1) / 4;
		const uint8_t *p = rgb + 3 * ((size_t)y * fmt->width + x);

		for (int i = 0; i < 3; i++)
			if (p[i] < want[q][i] - slack || p[i] > want[q][i] + slack)
				fail_msg("%s, %.4s: quarter %d is %d %d %d, should be %.0f %.0f "
					 "%.0f",
					 what, (const char *)&fmt->pixelformat, q, p[0], p[1], p[2],
					 want[q][0], want[q][1], want[q][2]);
	}
}

/* ---- Range and matrix ---- */

static const double quarters[4][3] = {
	{ 0, 0, 0 }, { 255, 255, 255 }, { 200, 60, 40 }, { 30, 90, 210 },
};

static void paint_quarters(AVFrame *frame, int n)
{
	clip_paint_quarters(frame, quarters);
}

/* What grey formats, or grey files, keep of them: luma of @space. */
static void only_light(enum AVColorSpace space, double want[4][3])
{
	struct weights w = weights_of_space(space);

	for (int q = 0; q < 4; q++) {
		double y = w.r * want[q][0] + (1 - w.r - w.b) * want[q][1] + w.b * want[q][2];

		want[q][0] = want[q][1] = want[q][2] = y;
	}
}

static void check_colours(const struct clip_spec *spec, const struct clip_look *as,
			  uint32_t width, uint32_t height)
{
	bool grey = av_pix_fmt_desc_get(spec->format)->nb_components == 1;
	char what[128];

	snprintf(what, sizeof(what), "%s %s, range %d, matrix %d, at %ux%u", spec->name,
		 av_get_pix_fmt_name(spec->format), as->colour.range, as->colour.space, width,
		 height);
	for (size_t i = 0; i < NUM_FORMATS; i++) {
		struct vmedia_camera_format fmt;
		uint8_t *rgb = look(spec->name, all_formats[i], width, height, &fmt);
		double want[4][3];

		memcpy(want, quarters, sizeof(want));
		if (grey || all_formats[i] == V4L2_PIX_FMT_GREY)
			only_light(as->colour.space, want);
		/* Two roundings to 8 bits, one of them of 219 steps, seen through the matrix. */
		check_quarters(what, &fmt, rgb, want, 4);
		free(rgb);
	}
}

static void ranges_and_matrices_hold(void **state)
{
	static const enum AVPixelFormat formats[] = {
		AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV444P, AV_PIX_FMT_GRAY8,
		AV_PIX_FMT_YUV420P10LE, AV_PIX_FMT_GRAY10LE, AV_PIX_FMT_YUV444P16LE,
	};
	static const enum AVColorSpace spaces[] = {
		AVCOL_SPC_SMPTE170M, AVCOL_SPC_BT709, AVCOL_SPC_BT2020_NCL, AVCOL_SPC_SMPTE240M,
	};

	for (int full = 0; full < 2; full++) {
		for (size_t f = 0; f < sizeof(formats) / sizeof(formats[0]); f++) {
			for (size_t m = 0; m < 4; m++) {
				struct clip_spec spec = {
					"colour.mkv", "ffv1", formats[f], 64, 64, 25, 1, 0, 0,
				};
				struct clip_look as = {
					.colour = { .range = full ? AVCOL_RANGE_JPEG :
								    AVCOL_RANGE_MPEG,
						    .space = spaces[m] },
					.paint = paint_quarters,
				};

				if (!clip_make_as(&spec, &as))
					skip();
				check_colours(&spec, &as, 64, 64);
				check_colours(&spec, &as, 320, 240);
			}
		}
	}
}

/* Black and white of a film, as usual: in JPEG, luma goes from 0 to 255. */
static void jpeg_is_full_range(void **state)
{
	static const struct clip_spec film = {
		"film.avi", "mpeg4", AV_PIX_FMT_YUV420P, 64, 64, 25, 2, 0, 0,
	};
	static const struct clip_look as = { .paint = paint_quarters };
	struct vmedia_camera_format fmt;
	uint8_t *rgb;

	assert_true(clip_make_as(&film, &as));
	rgb = look("film.avi", V4L2_PIX_FMT_MJPEG, 64, 64, &fmt);
	assert_int_equal(fmt.quantization, V4L2_QUANTIZATION_FULL_RANGE);
	assert_in_range(rgb[3 * (16 * 64 + 16)], 0, 2);
	assert_in_range(rgb[3 * (16 * 64 + 48)], 253, 255);
	free(rgb);
}

static int setup(void **state)
{
	clips_init();
	return 0;
}

static int teardown(void **state)
{
	clips_fini();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_and_matrices_hold),
		cmocka_unit_test(jpeg_is_full_range),
	};

	av_log_set_level(AV_LOG_FATAL);
	return cmocka_run_group_tests_name("camera look", tests, setup, teardown);
}
