// SPDX-License-Identifier: BSD-3-Clause
/*
 * Where the chroma of interlaced pictures lies. (That fields stay apart: test_look.c.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <libavutil/log.h>

#include "clips.h"
#include "picture.h"

#define WIDTH 64
#define HEIGHT 32

/* Blue that grows with the row, in lines of the whole picture. */
static double blue_at(double row)
{
	return 30 + 6 * row;
}

static void paint_ramp(AVFrame *f, int n)
{
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++) {
			clip_put(f, 0, x, y, 126);
			/* Of either field, row k of chroma lies between the rows 2k and 2k + 1. */
			clip_put(f, 1, x, y, blue_at(y / 2 * 2 + 0.5));
			clip_put(f, 2, x, y, 128);
		}
}

/* The mean blue of row @y of a YUYV picture. */
static double mean_blue(const struct vmedia_camera_format *fmt, const uint8_t *data, uint32_t y)
{
	double sum = 0;

	for (uint32_t x = 0; x < fmt->width / 2; x++)
		sum += data[y * fmt->bytesperline + 4 * x + 1];
	return sum / (fmt->width / 2);
}

/* Each row of the format gets chroma of its own: that of its place, whichever its field is. */
static void check_ramp(uint32_t width, uint32_t height)
{
	struct vmedia_camera_source *src;
	struct vmedia_camera_format fmt;
	struct guarded g;
	char size[32];

	snprintf(size, sizeof(size), "%ux%u", width, height);
	src = open_source(clip_source("ramp.mpg"), NULL, size);
	fmt = start_source(src, V4L2_PIX_FMT_YUYV, width, height, 0);
	assert_int_equal(fmt.field, V4L2_FIELD_INTERLACED_TB);
	guarded_init(&g, fmt.sizeimage, 0);
	fill_source(src, &g, 0, 0);
	for (uint32_t y = height / 4; y < height * 3 / 4; y++) {
		/* Fields are scaled each on its own: this is where the row is in its field. */
		double row = (y / 2 + 0.5) * HEIGHT / height - 0.5;
		double want = blue_at(2 * row + (y & 1)), got = mean_blue(&fmt, g.data, y);

		if (got < want - 1.5 || got > want + 1.5)
			fail_msg("%ux%u: the blue of row %u is %.1f, should be %.1f", width, height,
				 y, got, want);
	}
	guarded_fini(&g);
	vmedia_camera_source_close(src);
}

static void chroma_lies_between_rows(void **state)
{
	static const struct clip_spec spec = {
		"ramp.mpg", "mpeg2video", AV_PIX_FMT_YUV420P, WIDTH, HEIGHT, 25, 3, 0, 0,
	};
	static const struct clip_look as = { .fields = 1, .paint = paint_ramp };

	assert_true(clip_make_as(&spec, &as));
	check_ramp(WIDTH, HEIGHT);
	check_ramp(2 * WIDTH, 2 * HEIGHT);
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
		cmocka_unit_test(chroma_lies_between_rows),
	};

	av_log_set_level(AV_LOG_FATAL);
	return cmocka_run_group_tests_name("camera fields", tests, setup, teardown);
}
