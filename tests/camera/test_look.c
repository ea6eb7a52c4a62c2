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
	struct vmedia_camera_source *src;
	struct guarded g;
	char size[32];
	uint8_t *rgb;

	snprintf(size, sizeof(size), "%ux%u", width, height);
	src = open_source(clip_source(name), NULL, size);
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
		uint32_t x = fmt->width * (q & 1 ? 3 : 1) / 4;
		uint32_t y = fmt->height * (q & 2 ? 3 : 1) / 4;
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

/* Odd sizes are whole, to the last column and row. */
static void edges_are_whole(void **state)
{
	static const struct clip_spec specs[] = {
		{ "edge.png", "png", AV_PIX_FMT_RGB24, 65, 33, 25, 1, 0, 0 },
		{ "edge.mkv", "ffv1", AV_PIX_FMT_YUV444P, 65, 33, 25, 1, 0, 0 },
	};
	static const struct clip_look as = { .paint = paint_quarters };

	for (size_t i = 0; i < 2; i++) {
		struct vmedia_camera_format fmt;
		uint8_t *rgb;

		if (!clip_make_as(&specs[i], &as))
			continue;
		rgb = look(specs[i].name, V4L2_PIX_FMT_MJPEG, 65, 33, &fmt);
		for (int y = 20; y < 33; y++)
			for (int k = 0; k < 3; k++)
				if (abs(rgb[3 * (65 * y + 64) + k] - (int)quarters[3][k]) > 12)
					fail_msg("%s: the last pixel of row %d is %d %d %d",
						 specs[i].name, y, rgb[3 * (65 * y + 64)],
						 rgb[3 * (65 * y + 64) + 1],
						 rgb[3 * (65 * y + 64) + 2]);
		free(rgb);
	}
}

/* White of 5 and 6 bits is white. */
static void paint_white(AVFrame *f, int n)
{
	memset(f->data[0], 255, (size_t)f->linesize[0] * (size_t)f->height);
}

static void few_bits_are_whole(void **state)
{
	static const struct clip_spec spec = {
		"few.nut", "rawvideo", AV_PIX_FMT_RGB565LE, 64, 48, 25, 1, 0, 0,
	};
	static const struct clip_look as = { .paint = paint_white };
	static const double white[4][3] = {
		{ 255, 255, 255 }, { 255, 255, 255 }, { 255, 255, 255 }, { 255, 255, 255 },
	};

	assert_true(clip_make_as(&spec, &as));
	for (size_t i = 0; i < NUM_FORMATS; i++) {
		struct vmedia_camera_format fmt;
		uint8_t *rgb = look("few.nut", all_formats[i], 64, 48, &fmt);

		check_quarters("few.nut", &fmt, rgb, white, 3);
		free(rgb);
	}
}

/* ---- Orientation ---- */

/* x' = a x + c y, y' = b x + d y */
#define ONE 65536
#define MATRIX(a, b, c, d) { (a) * ONE, (b) * ONE, 0, (c) * ONE, (d) * ONE, 0, 0, 0, 1 << 30 }
static const int32_t turns[8][9] = {
	MATRIX(1, 0, 0, 1),  MATRIX(0, 1, -1, 0), MATRIX(-1, 0, 0, -1), MATRIX(0, -1, 1, 0),
	MATRIX(-1, 0, 0, 1), MATRIX(1, 0, 0, -1), MATRIX(0, 1, 1, 0),	MATRIX(0, -1, -1, 0),
};
/* The same turns in Exif's numbers. */
static const uint8_t exif[8] = { 1, 6, 3, 8, 2, 4, 5, 7 };

/* Pixel @x, @y of a turned picture is which pixel of @f? */
static void turned_from(const AVFrame *f, const int32_t *m, int x, int y, int *fx, int *fy)
{
	/* The inverse of a turn is its transpose; about the middle, in half pixels. */
	int w = m[0] ? f->width : f->height, h = m[0] ? f->height : f->width;
	int dx = 2 * x - (w - 1), dy = 2 * y - (h - 1);

	*fx = (m[0] / 65536 * dx + m[1] / 65536 * dy + f->width - 1) / 2;
	*fy = (m[3] / 65536 * dx + m[4] / 65536 * dy + f->height - 1) / 2;
}

/* Every sample of luma, or of R, G and B, is where it belongs. */
static void check_turned(const char *name, const int32_t *matrix, int width, int height)
{
	bool turned = !matrix[0];
	uint32_t w = (uint32_t)(turned ? height : width), h = (uint32_t)(turned ? width : height);
	struct vmedia_camera_source *src = open_source(clip_source(name), NULL, NULL);
	struct vmedia_camera_format fmt;
	struct vmedia_camera_size size;
	struct reference ref;
	struct guarded g;
	int step;

	reference_load(&ref, name);
	step = ref.frames[0]->format == AV_PIX_FMT_RGB24 ? 3 : 1;
	assert_int_equal(vmedia_camera_source_size(src, 0, &size), 0);
	assert_int_equal(size.width, w);
	assert_int_equal(size.height, h);
	fmt = start_source(src, step == 3 ? V4L2_PIX_FMT_RGB24 : V4L2_PIX_FMT_GREY, w, h, 0);
	guarded_init(&g, fmt.sizeimage, 0);
	for (size_t n = 0; n < 3; n++) {
		const AVFrame *f = ref.frames[n % ref.num_frames];

		fill_source(src, &g, n, 0);
		for (int y = 0; y < (int)h; y++) {
			for (int x = 0; x < (int)w * step; x++) {
				int fx, fy, got = g.data[(uint32_t)y * fmt.bytesperline + x], want;

				turned_from(f, matrix, x / step, y, &fx, &fy);
				want = f->data[0][fy * f->linesize[0] + fx * step + x % step];
				if (got != want)
					fail_msg("%s, %ux%u: byte %d of row %d is %d, should be %d",
						 name, w, h, x, y, got, want);
			}
		}
	}
	guarded_fini(&g);
	reference_free(&ref);
	vmedia_camera_source_close(src);
}

/* The quarters, colours and all, are where @matrix sends them, in every format. */
static void check_turned_quarters(const char *name, const int32_t *m, uint32_t w, uint32_t h,
				  double slack)
{
	double want[4][3];

	for (int q = 0; q < 4; q++) {
		int x = q & 1 ? 1 : -1, y = q & 2 ? 1 : -1;
		int to_x = m[0] / 65536 * x + m[3] / 65536 * y,
		    to_y = m[1] / 65536 * x + m[4] / 65536 * y;

		memcpy(want[(to_x > 0) + 2 * (to_y > 0)], quarters[q], sizeof(want[0]));
	}
	for (size_t i = 0; i + 1 < NUM_FORMATS; i++) {
		struct vmedia_camera_format fmt;
		uint8_t *rgb = look(name, all_formats[i], w, h, &fmt);

		check_quarters(name, &fmt, rgb, want, slack);
		free(rgb);
	}
}

static void films_are_turned(void **state)
{
	static const struct clip_spec specs[] = {
		{ "turn.mp4", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 25, 3, 0, 0 },
		{ "turn.mov", "ffv1", AV_PIX_FMT_YUV422P, 66, 34, 25, 3, 0, 0 },
		{ "turn.mov", "ffv1", AV_PIX_FMT_YUV444P, 33, 18, 25, 3, 0, 0 },
		{ "turn.mov", "png", AV_PIX_FMT_RGB24, 33, 17, 25, 3, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		for (int k = 0; k < 8; k++) {
			struct clip_look as = { .matrix = turns[k] };
			uint32_t w = (uint32_t)specs[i].width, h = (uint32_t)specs[i].height;

			if (!clip_make_as(&specs[i], &as))
				continue;
			check_turned(specs[i].name, turns[k], specs[i].width, specs[i].height);
			if ((w | h) & 1)
				continue;
			as.paint = paint_quarters;
			clip_make_as(&specs[i], &as);
			check_turned_quarters(specs[i].name, turns[k], turns[k][0] ? w : h,
					      turns[k][0] ? h : w, 12);
		}
	}
}

/* Put an Exif block that says only this into the JPEG @name. */
static void add_exif(const char *name, uint8_t orientation)
{
	const uint8_t block[] = {
		0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0,
		'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1,
		0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0,
	};
	uint8_t bytes[16384];
	FILE *f = fopen(clip_path(name), "rb");
	size_t size;

	assert_non_null(f);
	size = fread(bytes, 1, sizeof(bytes) - sizeof(block), f);
	fclose(f);
	assert_in_range(size, 100, sizeof(bytes) - sizeof(block) - 1);
	memmove(bytes + 2 + sizeof(block), bytes + 2, size - 2);
	memcpy(bytes + 2, block, sizeof(block));
	clip_make_bytes(name, bytes, size + sizeof(block));
}

static void photographs_are_turned(void **state)
{
	static const struct clip_spec spec = {
		"exif.jpg", "mjpeg", AV_PIX_FMT_YUVJ420P, 64, 48, 25, 1, 0, 0,
	};
	static const struct clip_look as = { .colour = { .range = AVCOL_RANGE_JPEG },
					     .paint = paint_quarters };

	for (int k = 0; k < 8; k++) {
		uint32_t w = turns[k][0] ? 64 : 48, h = turns[k][0] ? 48 : 64;

		assert_true(clip_make_as(&spec, &as));
		add_exif("exif.jpg", exif[k]);
		check_turned("exif.jpg", turns[k], 64, 48);
		check_turned_quarters("exif.jpg", turns[k], w, h, 12);
	}
}

/* ---- Pixels that are not square ---- */

static void pixels_become_square(void **state)
{
	static const struct {
		AVRational sar;
		bool turned;
		uint32_t width, height;
	} cases[] = {
		{ { 2, 1 }, false, 128, 48 },  { { 1, 2 }, false, 64, 96 },
		{ { 16, 15 }, false, 68, 48 }, { { 8, 9 }, false, 64, 54 },
		{ { 2, 1 }, true, 48, 128 },   { { 1, 2 }, true, 96, 64 },
		{ { 100, 1 }, false, 64, 48 }, { { 1, 1 }, false, 64, 48 },
	};
	static const struct clip_spec spec = {
		"sar.mp4", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 25, 2, 0, 0,
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const int32_t *turn = turns[cases[i].turned];
		struct clip_look as = { .sar = cases[i].sar, .matrix = turn,
					.paint = paint_quarters };
		struct vmedia_camera_source *src;
		struct vmedia_camera_size size;

		assert_true(clip_make_as(&spec, &as));
		src = open_source(clip_source("sar.mp4"), NULL, NULL);
		assert_int_equal(vmedia_camera_source_size(src, 0, &size), 0);
		vmedia_camera_source_close(src);
		assert_int_equal(size.width, cases[i].width);
		assert_int_equal(size.height, cases[i].height);
		check_turned_quarters("sar.mp4", turn, size.width, size.height, 12);
	}
}

/* ---- Fields ---- */

/* Red light in the rows of the top field, dark blue in those of the other. */
static void paint_fields(AVFrame *f, int n)
{
	static const double colours[2][3] = { { 250, 120, 110 }, { 20, 20, 120 } };

	for (int y = 0; y < f->height; y++) {
		double ycc[3];

		rgb_to_ycc(weights_of_space(AVCOL_SPC_SMPTE170M), false, colours[y & 1], ycc);
		for (int x = 0; x < f->width; x++) {
			clip_put(f, 0, x, y, ycc[0]);
			/* Row k of shared chroma belongs to row 2k or 2k + 1: that of its field. */
			for (int i = 1; i < 3; i++)
				f->data[i][(y / 4 * 2 + (y & 1)) * f->linesize[i] + x / 2] =
					(uint8_t)(ycc[i] + 0.5);
		}
	}
}

static void check_fields(uint32_t pixelformat, uint32_t width, uint32_t height, uint32_t field)
{
	struct vmedia_camera_format fmt;
	uint8_t *rgb = look("fields.mpg", pixelformat, width, height, &fmt);

	assert_int_equal(fmt.field, field);
	for (uint32_t y = 4; field != V4L2_FIELD_NONE && y < height - 4; y++) {
		const uint8_t *p = rgb + 3 * ((size_t)y * width + width / 2);
		bool top = !(y & 1);

		if (top ? p[0] < 230 || p[2] > 130 : p[0] > 45 || p[2] < 95)
			fail_msg("%.4s, %ux%u: row %u is %d %d %d",
				 (const char *)&pixelformat, width, height, y, p[0], p[1], p[2]);
	}
	free(rgb);
}

static void fields_stay_apart(void **state)
{
	static const struct clip_spec spec = {
		"fields.mpg", "mpeg2video", AV_PIX_FMT_YUV420P, 64, 64, 25, 3, 0, 0,
	};

	for (int first = 1; first <= 2; first++) {
		uint32_t field = first == 1 ? V4L2_FIELD_INTERLACED_TB : V4L2_FIELD_INTERLACED_BT;
		struct clip_look as = { .fields = first, .paint = paint_fields };

		assert_true(clip_make_as(&spec, &as));
		for (size_t i = 0; i + 2 < NUM_FORMATS; i++) {
			check_fields(all_formats[i], 64, 64, field);
			check_fields(all_formats[i], 32, 32, field);
			check_fields(all_formats[i], 640, 480, field);
		}
	}
}

/* ---- What V4L2 has words for ---- */

static void colours_are_told(void **state)
{
	static const struct {
		struct clip_colour said;
		uint32_t colorspace, xfer_func, ycbcr_enc;
	} cases[] = {
		{ { AVCOL_RANGE_MPEG, AVCOL_SPC_BT2020_NCL, AVCOL_PRI_BT2020, AVCOL_TRC_SMPTE2084 },
		  V4L2_COLORSPACE_BT2020, V4L2_XFER_FUNC_SMPTE2084, V4L2_YCBCR_ENC_BT2020 },
		{ { AVCOL_RANGE_MPEG, AVCOL_SPC_BT709, AVCOL_PRI_BT709, AVCOL_TRC_BT709 },
		  V4L2_COLORSPACE_REC709, V4L2_XFER_FUNC_709, V4L2_YCBCR_ENC_709 },
		{ { AVCOL_RANGE_MPEG, AVCOL_SPC_BT470BG, AVCOL_PRI_BT470BG, AVCOL_TRC_GAMMA28 },
		  V4L2_COLORSPACE_470_SYSTEM_BG, V4L2_XFER_FUNC_DEFAULT, V4L2_YCBCR_ENC_601 },
		{ { AVCOL_RANGE_JPEG, AVCOL_SPC_BT709, AVCOL_PRI_SMPTE432, AVCOL_TRC_IEC61966_2_1 },
		  V4L2_COLORSPACE_DCI_P3, V4L2_XFER_FUNC_SRGB, V4L2_YCBCR_ENC_709 },
		{ { AVCOL_RANGE_MPEG, AVCOL_SPC_SMPTE240M, AVCOL_PRI_SMPTE240M,
		    AVCOL_TRC_SMPTE240M },
		  V4L2_COLORSPACE_SMPTE240M, V4L2_XFER_FUNC_SMPTE240M, V4L2_YCBCR_ENC_SMPTE240M },
		{ { AVCOL_RANGE_MPEG, AVCOL_SPC_SMPTE170M, AVCOL_PRI_SMPTE170M, AVCOL_TRC_LINEAR },
		  V4L2_COLORSPACE_SMPTE170M, V4L2_XFER_FUNC_NONE, V4L2_YCBCR_ENC_601 },
		{ { AVCOL_RANGE_MPEG, 0, 0, 0 },
		  V4L2_COLORSPACE_SMPTE170M, V4L2_XFER_FUNC_DEFAULT, V4L2_YCBCR_ENC_601 },
	};
	static const struct clip_spec spec = {
		"told.mkv", "ffv1", AV_PIX_FMT_YUV420P, 64, 48, 25, 1, 0, 0,
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct clip_look as = { .colour = cases[i].said };
		struct vmedia_camera_format fmt = { .pixelformat = V4L2_PIX_FMT_NV12,
						    .width = 64,
						    .height = 48 };
		struct vmedia_camera_source *src;

		if (!clip_make_as(&spec, &as))
			skip();
		src = open_source(clip_source("told.mkv"), NULL, NULL);
		vmedia_camera_source_try(src, &fmt);
		assert_int_equal(fmt.colorspace, cases[i].colorspace);
		assert_int_equal(fmt.xfer_func, cases[i].xfer_func);
		assert_int_equal(fmt.ycbcr_enc, cases[i].ycbcr_enc);
		assert_int_equal(fmt.quantization, cases[i].said.range == AVCOL_RANGE_JPEG ?
							   V4L2_QUANTIZATION_FULL_RANGE :
							   V4L2_QUANTIZATION_LIM_RANGE);
		/* RGB and JPEG have the same light, and a range and a matrix of their own. */
		fmt.pixelformat = V4L2_PIX_FMT_RGB24;
		vmedia_camera_source_try(src, &fmt);
		assert_int_equal(fmt.colorspace, cases[i].colorspace);
		assert_int_equal(fmt.xfer_func, cases[i].xfer_func);
		assert_int_equal(fmt.quantization, V4L2_QUANTIZATION_FULL_RANGE);
		fmt.pixelformat = V4L2_PIX_FMT_MJPEG;
		vmedia_camera_source_try(src, &fmt);
		assert_int_equal(fmt.ycbcr_enc, V4L2_YCBCR_ENC_601);
		assert_int_equal(fmt.quantization, V4L2_QUANTIZATION_FULL_RANGE);
		vmedia_camera_source_close(src);
	}
}

/* ---- Transparency ---- */

static const double opacity[4] = { 255, 0, 128, 64 };

static void paint_glass(AVFrame *f, int n)
{
	static const double hidden[4][3] = {
		{ 200, 60, 40 }, { 255, 255, 255 }, { 240, 200, 100 }, { 200, 240, 220 },
	};
	int alpha = av_pix_fmt_desc_get(f->format)->nb_components - 1;

	clip_paint_quarters(f, hidden);
	for (int y = 0; y < f->height; y++)
		for (int x = 0; x < f->width; x++)
			clip_put(f, alpha, x, y,
				 opacity[(x >= f->width / 2) + 2 * (y >= f->height / 2)]);
}

/* Half-transparent is half as bright, and what is not there is black. */
static void transparent_is_black(void **state)
{
	static const struct clip_spec specs[] = {
		{ "glass.png", "png", AV_PIX_FMT_RGBA, 64, 48, 25, 1, 0, 0 },
		{ "glass16.png", "png", AV_PIX_FMT_RGBA64BE, 64, 48, 25, 1, 0, 0 },
		{ "glassg.png", "png", AV_PIX_FMT_YA8, 64, 48, 25, 1, 0, 0 },
		{ "glass.mkv", "ffv1", AV_PIX_FMT_YUVA420P, 64, 48, 25, 2, 0, 0 },
		{ "glass4.mkv", "ffv1", AV_PIX_FMT_YUVA444P, 64, 48, 25, 2, 0, 0 },
	};
	static const double want[4][3] = {
		{ 200, 60, 40 }, { 0, 0, 0 }, { 120, 100, 50 }, { 50, 60, 55 },
	};
	static const double grey_want[4][3] = {
		{ 100, 100, 100 }, { 0, 0, 0 }, { 101, 101, 101 }, { 57, 57, 57 },
	};

	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		bool grey = specs[i].format == AV_PIX_FMT_YA8;
		struct clip_look as = { .paint = paint_glass };

		if (grey)
			as.colour.range = AVCOL_RANGE_JPEG;

		if (!clip_make_as(&specs[i], &as))
			continue;
		for (size_t k = 0; k + 1 < NUM_FORMATS; k++) {
			struct vmedia_camera_format fmt;
			uint8_t *rgb = look(specs[i].name, all_formats[k], 64, 48, &fmt);

			check_quarters(specs[i].name, &fmt, rgb, grey ? grey_want : want, 5);
			free(rgb);
		}
	}
}

static int setup(void **state)
{
	return clips_init(), 0;
}

static int teardown(void **state)
{
	return clips_fini(), 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_and_matrices_hold),
		cmocka_unit_test(jpeg_is_full_range),
		cmocka_unit_test(edges_are_whole),
		cmocka_unit_test(few_bits_are_whole),
		cmocka_unit_test(films_are_turned),
		cmocka_unit_test(photographs_are_turned),
		cmocka_unit_test(pixels_become_square),
		cmocka_unit_test(fields_stay_apart),
		cmocka_unit_test(colours_are_told),
		cmocka_unit_test(transparent_is_black),
	};

	av_log_set_level(AV_LOG_FATAL);
	return cmocka_run_group_tests_name("camera look", tests, setup, teardown);
}
