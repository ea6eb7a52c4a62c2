// SPDX-License-Identifier: BSD-3-Clause
/*
 * The pattern: its colours in every pixel format, its digits, its movement, and that it writes what
 * it should and no more.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "picture.h"

static const uint32_t formats[] = {
	V4L2_PIX_FMT_YUYV,  V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_RGB24,
	V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_UYVY, V4L2_PIX_FMT_NV21,   V4L2_PIX_FMT_YVU420,
	V4L2_PIX_FMT_BGR24, V4L2_PIX_FMT_GREY,
};

#define NUM_FORMATS (sizeof(formats) / sizeof(formats[0]))
#define SIZES "640x480,160x120,1280x720,322x242,33x17,81x25,16x16,1920x1080"

static bool is_raw(uint32_t pixelformat)
{
	return pixelformat != V4L2_PIX_FMT_MJPEG;
}

/* One picture, started and stopped for it. */
static struct guarded picture(struct vmedia_camera_source *src, uint32_t pixelformat, uint32_t w,
			      uint32_t h, uint64_t sequence, uint64_t time_ns,
			      struct vmedia_camera_format *fmt, size_t *used)
{
	struct guarded g;

	*fmt = start_source(src, pixelformat, w, h, 0);
	guarded_init(&g, fmt->sizeimage, 0xa5);
	*used = fill_source(src, &g, sequence, time_ns);
	vmedia_camera_source_stop(src);
	return g;
}

static void check_near(int got, int want, int tolerance, const char *what, uint32_t pixelformat,
		       unsigned int at)
{
	if (abs(got - want) > tolerance)
		fail_msg("format %.4s, %s %u: %d, should be %d", (const char *)&pixelformat, what,
			 at, got, want);
}

static void bars_agree(void **state)
{
	static const uint8_t want[8][3] = {
		{ 191, 191, 191 }, { 191, 191, 0 }, { 0, 191, 191 }, { 0, 191, 0 },
		{ 191, 0, 191 },   { 191, 0, 0 },   { 0, 0, 191 },   { 0, 0, 0 },
	};
	struct vmedia_camera_source *src = open_source("pattern", NULL, SIZES);

	for (size_t i = 0; i < NUM_FORMATS; i++) {
		struct vmedia_camera_format fmt;
		size_t used;
		struct guarded g = picture(src, formats[i], 640, 480, 0, 0, &fmt, &used);
		uint8_t *rgb = to_rgb(&fmt, g.data, used);

		for (unsigned int bar = 0; bar < 8; bar++) {
			/*
			 * Below the stamp; the box of frame 0 is in the middle, where we do not
			 * look.
			 */
			const uint8_t *p = rgb + (130 * 640 + bar * 80 + 40) * 3;
			int grey = (int)(0.299 * want[bar][0] + 0.587 * want[bar][1] +
					 0.114 * want[bar][2] + 0.5);

			for (int c = 0; c < 3; c++)
				check_near(p[c],
					   formats[i] == V4L2_PIX_FMT_GREY ? grey : want[bar][c],
					   is_raw(formats[i]) ? 3 : 6, "bar", formats[i], bar);
		}
		/* The ramp below goes from black to white. */
		check_near(rgb[(460 * 640 + 2) * 3], 0, 6, "ramp", formats[i], 0);
		check_near(rgb[(460 * 640 + 637) * 3], 255, 6, "ramp", formats[i], 1);
		free(rgb);
		guarded_fini(&g);
	}
	vmedia_camera_source_close(src);
}

static void digits_readable(void **state)
{
	static const struct vmedia_camera_size sizes[] = {
		{ 640, 480 }, { 160, 120 }, { 1280, 720 }, { 322, 242 }
	};
	struct vmedia_camera_source *src = open_source("pattern", NULL, SIZES);
	uint64_t seed = test_seed();

	for (size_t n = 0; n < NUM_FORMATS * 16; n++) {
		const struct vmedia_camera_size *s = &sizes[n % 4];
		uint64_t sequence = next_random(&seed) % 100000000,
			 ms = next_random(&seed) % 360000000, got, got_ns;
		uint32_t pixelformat = formats[n / 16];
		struct vmedia_camera_format fmt;
		struct guarded g;
		uint8_t *rgb;
		size_t used;

		g = picture(src, pixelformat, s->width, s->height, sequence, ms * 1000000 + 999999,
			    &fmt, &used);
		rgb = to_rgb(&fmt, g.data, used);
		assert_int_equal(vmedia_camera_read_stamp(rgb, (size_t)s->width * 3, 3, s->width,
							  s->height, &got, &got_ns),
				 0);
		assert_int_equal(got, sequence);
		assert_int_equal(got_ns, ms * 1000000);
		free(rgb);
		guarded_fini(&g);
	}
	vmedia_camera_source_close(src);
}

static void digits_are_not_imagined(void **state)
{
	uint8_t black[160 * 120] = { 0 };
	uint64_t sequence, time_ns;

	assert_int_equal(vmedia_camera_read_stamp(black, 160, 1, 160, 120, &sequence, &time_ns),
			 -EILSEQ);
	memset(black, 255, sizeof(black));
	assert_int_equal(vmedia_camera_read_stamp(black, 160, 1, 160, 120, &sequence, &time_ns),
			 -EILSEQ);
	assert_int_equal(vmedia_camera_read_stamp(black, 60, 1, 60, 120, &sequence, &time_ns),
			 -EINVAL);
}

/* The upper left corner of the orange face of the box, or false. */
static bool find_box(const uint8_t *rgb, uint32_t w, uint32_t h, uint32_t *x, uint32_t *y)
{
	for (*y = 0; *y < h; (*y)++) {
		for (*x = 0; *x < w; (*x)++) {
			const uint8_t *p = rgb + ((size_t)*y * w + *x) * 3;

			if (p[0] == 240 && p[1] == 96 && p[2] == 32)
				return true;
		}
	}
	return false;
}

static void box_moves(void **state)
{
	struct vmedia_camera_source *src = open_source("pattern", NULL, SIZES);
	uint32_t lx = 0, ly = 0, hidden = 0, min_x = UINT32_MAX, max_x = 0, min_y = UINT32_MAX,
		 max_y = 0;
	struct vmedia_camera_format fmt = start_source(src, V4L2_PIX_FMT_RGB24, 160, 120, 0);
	struct guarded g;

	guarded_init(&g, fmt.sizeimage, 0);
	for (uint64_t n = 0; n < 400; n++) {
		uint32_t x, y;

		fill_source(src, &g, n, n * 33333333);
		if (!find_box(g.data, 160, 120, &x, &y)) {
			hidden++;
			continue;
		}
		if (n)
			assert_true(x != lx || y != ly);
		lx = x;
		ly = y;
		min_x = x < min_x ? x : min_x;
		max_x = x > max_x ? x : max_x;
		min_y = y < min_y ? y : min_y;
		max_y = y > max_y ? y : max_y;
	}
	/* It has been everywhere, sometimes behind the stamp. */
	assert_in_range(hidden, 0, 100);
	assert_in_range(min_x, 0, 4);
	assert_in_range(max_x, 130, 145);
	assert_in_range(max_y, 92, 105);
	guarded_fini(&g);
	vmedia_camera_source_close(src);
}

/* Longer rows have the same picture, and nobody touches what is between and behind them. */
static void strides_honoured(void **state)
{
	static const struct vmedia_camera_size sizes[] = {
		{ 160, 120 }, { 322, 242 }, { 16, 16 }, { 33, 17 }, { 81, 25 }
	};
	struct vmedia_camera_source *src = open_source("pattern", NULL, SIZES);

	for (size_t n = 0; n < NUM_FORMATS * 5 * 2; n++) {
		const struct vmedia_camera_size *s = &sizes[n % 5];
		uint32_t pixelformat = formats[n / 10];
		struct vmedia_camera_format tight, fmt = { .pixelformat = pixelformat,
							   .width = s->width,
							   .height = s->height };
		struct guarded a, b;
		size_t used, picture_bytes = 0, same = 0;

		vmedia_camera_source_try(src, &fmt);
		if (!is_raw(pixelformat) || fmt.width != s->width || fmt.height != s->height)
			continue;
		a = picture(src, pixelformat, s->width, s->height, n, n, &tight, &used);
		assert_int_equal(used, tight.sizeimage);
		fmt = start_source(src, pixelformat, s->width, s->height, 12);
		assert_true(fmt.bytesperline > tight.bytesperline);
		guarded_init(&b, fmt.sizeimage, n & 1 ? 0x5a : 0xa5);
		fill_source(src, &b, n, n);
		vmedia_camera_source_stop(src);
		for (size_t i = 0, k = 0; i < fmt.sizeimage; i++) {
			if (!is_picture(&fmt, i)) {
				assert_int_equal(b.data[i], n & 1 ? 0x5a : 0xa5);
				continue;
			}
			while (!is_picture(&tight, k))
				k++;
			picture_bytes++;
			same += a.data[k++] == b.data[i];
		}
		assert_true(picture_bytes > 0);
		assert_int_equal(same, picture_bytes);
		/* Nothing before it either. */
		for (const uint8_t *p = b.map; p < b.data; p++)
			assert_int_equal(*p, n & 1 ? 0x5a : 0xa5);
		guarded_fini(&a);
		guarded_fini(&b);
	}
	vmedia_camera_source_close(src);
}

/*
 * What the buffer held before does not show: each byte of the picture is written, and none is read.
 */
static void content_does_not_matter(void **state)
{
	struct vmedia_camera_source *src = open_source("pattern", NULL, SIZES);
	uint64_t seed = test_seed();

	for (size_t i = 0; i < NUM_FORMATS; i++) {
		struct vmedia_camera_format fmt = start_source(src, formats[i], 640, 480, 0);
		struct guarded a, b;
		size_t used;

		guarded_init(&a, fmt.sizeimage, 0);
		guarded_init(&b, fmt.sizeimage, 0);
		for (size_t k = 0; k < b.size; k++)
			b.data[k] = (uint8_t)next_random(&seed);
		used = fill_source(src, &a, 77, 1);
		/* Nor what was shown between. */
		fill_source(src, &b, 12345, 1);
		assert_int_equal(fill_source(src, &b, 77, 1), used);
		assert_memory_equal(a.data, b.data, used);
		vmedia_camera_source_stop(src);
		guarded_fini(&a);
		guarded_fini(&b);
	}
	vmedia_camera_source_close(src);
}

static void set(struct vmedia_camera_source *src, uint32_t id, int32_t value)
{
	assert_int_equal(vmedia_camera_source_set_control(src, id, value), 0);
}

static void flips_mirror(void **state)
{
	static const uint32_t sizes[][2] = { { 640, 480 }, { 33, 17 }, { 81, 25 } };

	for (size_t n = 0; n < 6; n++) {
		struct vmedia_camera_source *src = open_source("pattern", NULL, SIZES);
		uint32_t w = sizes[n / 2][0], h = sizes[n / 2][1];
		struct vmedia_camera_format fmt;
		size_t used;
		struct guarded plain = picture(src, V4L2_PIX_FMT_RGB24, w, h, 5, 5, &fmt, &used),
			       turned;
		bool horizontal = n & 1;

		set(src, horizontal ? V4L2_CID_HFLIP : V4L2_CID_VFLIP, 1);
		turned = picture(src, V4L2_PIX_FMT_RGB24, w, h, 5, 5, &fmt, &used);
		for (uint32_t y = 0; y < h; y++) {
			for (uint32_t x = 0; x < w; x++) {
				uint32_t fx = horizontal ? w - 1 - x : x,
					 fy = horizontal ? y : h - 1 - y;

				assert_memory_equal(turned.data + y * fmt.bytesperline + 3 * x,
						    plain.data + fy * fmt.bytesperline + 3 * fx, 3);
			}
		}
		guarded_fini(&plain);
		guarded_fini(&turned);
		vmedia_camera_source_close(src);
	}
}

/* Formats with shared chroma turn like RGB does. */
static void flips_agree(void **state)
{
	struct vmedia_camera_source *src = open_source("pattern", NULL, SIZES);

	set(src, V4L2_CID_HFLIP, 1);
	set(src, V4L2_CID_VFLIP, 1);
	for (size_t i = 0; i < NUM_FORMATS; i++) {
		struct vmedia_camera_format fmt, rgb_fmt;
		size_t used, far = 0;
		struct guarded g = picture(src, formats[i], 640, 480, 3, 3, &fmt, &used);
		uint8_t *rgb = to_rgb(&fmt, g.data, used);
		struct guarded want =
			picture(src, V4L2_PIX_FMT_RGB24, 640, 480, 3, 3, &rgb_fmt, &used);

		for (size_t p = 0; p < 640 * 480; p++) {
			const uint8_t *a = rgb + 3 * p, *b = want.data + 3 * p;
			int luma = (299 * b[0] + 587 * b[1] + 114 * b[2]) / 1000;

			for (int c = 0; c < 3; c++)
				far += abs(a[c] - (formats[i] == V4L2_PIX_FMT_GREY ? luma : b[c])) >
				       10;
		}
		/* Edges blur, areas do not. */
		if (far > 640 * 480 * 3 / 20)
			fail_msg("%.4s: %zu samples differ from RGB", (const char *)&formats[i],
				 far);
		free(rgb);
		guarded_fini(&g);
		guarded_fini(&want);
	}
	vmedia_camera_source_close(src);
}

static double mean(const uint8_t *p, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += p[i];
	return (double)sum / (double)n;
}

static void controls_have_effect(void **state)
{
	static const uint32_t ids[] = { V4L2_CID_BRIGHTNESS, V4L2_CID_CONTRAST, V4L2_CID_SATURATION,
					V4L2_CID_HUE };
	struct vmedia_camera_source *src = open_source("pattern", NULL, SIZES);
	struct vmedia_camera_format fmt = start_source(src, V4L2_PIX_FMT_YUV420, 640, 480, 0);
	size_t luma = 640 * 480, chroma = luma / 4;
	struct guarded plain, g;

	guarded_init(&plain, fmt.sizeimage, 0);
	guarded_init(&g, fmt.sizeimage, 0);
	fill_source(src, &plain, 0, 0);
	set(src, V4L2_CID_BRIGHTNESS, 178);
	fill_source(src, &g, 0, 0);
	assert_true(mean(g.data, luma) > mean(plain.data, luma) + 20);
	set(src, V4L2_CID_BRIGHTNESS, 128);
	set(src, V4L2_CID_CONTRAST, 64);
	fill_source(src, &g, 0, 0);
	/* White at the ramp's end comes half way to grey. */
	assert_true(g.data[460 * 640 + 637] < plain.data[460 * 640 + 637] - 40);
	assert_true(g.data[460 * 640 + 2] > plain.data[460 * 640 + 2] + 40);
	set(src, V4L2_CID_CONTRAST, 128);
	set(src, V4L2_CID_SATURATION, 0);
	fill_source(src, &g, 0, 0);
	for (size_t i = luma; i < luma + 2 * chroma; i++)
		assert_int_equal(g.data[i], 128);
	set(src, V4L2_CID_SATURATION, 128);
	set(src, V4L2_CID_HUE, -128);
	fill_source(src, &g, 0, 0);
	/* Half a turn: yellow (low U) becomes blue (high U). */
	assert_true(plain.data[luma + 65 * 320 + 60] < 60);
	assert_true(g.data[luma + 65 * 320 + 60] > 150);
	set(src, V4L2_CID_HUE, 0);
	fill_source(src, &g, 0, 0);
	assert_memory_equal(g.data, plain.data, fmt.sizeimage);
	/* No value makes the stamp unreadable. */
	for (size_t i = 0; i < 4; i++) {
		uint64_t sequence, time_ns;

		set(src, ids[i], ids[i] == V4L2_CID_HUE ? 127 : 0);
		fill_source(src, &g, 42, 0);
		assert_int_equal(
			vmedia_camera_read_stamp(g.data, 640, 1, 640, 480, &sequence, &time_ns), 0);
		assert_int_equal(sequence, 42);
	}
	guarded_fini(&plain);
	guarded_fini(&g);
	vmedia_camera_source_close(src);
}

static void menu_has_pictures(void **state)
{
	struct vmedia_camera_source *src = open_source("pattern", NULL, SIZES);
	struct vmedia_camera_format fmt = start_source(src, V4L2_PIX_FMT_GREY, 640, 480, 0);
	const struct vmedia_camera_control *c;
	struct guarded g[5], next;
	uint32_t count;

	c = vmedia_camera_source_controls(src, &count);
	while (count && c->id != V4L2_CID_TEST_PATTERN) {
		c++;
		count--;
	}
	assert_int_not_equal(count, 0);
	assert_int_equal(c->maximum, 4);
	guarded_init(&next, fmt.sizeimage, 0);
	for (int i = 0; i <= c->maximum; i++) {
		size_t moved = 0;

		assert_non_null(c->menu[i]);
		set(src, V4L2_CID_TEST_PATTERN, i);
		guarded_init(&g[i], fmt.sizeimage, 0);
		fill_source(src, &g[i], 0, 0);
		for (int k = 0; k < i; k++)
			assert_memory_not_equal(g[i].data, g[k].data, fmt.sizeimage);
		fill_source(src, &next, 1, 0);
		for (size_t p = 0; p < fmt.sizeimage; p++)
			moved += next.data[p] != g[i].data[p];
		/* All have the box; only the gradient moves as a whole. */
		assert_true(moved > 0);
		assert_int_equal(moved > fmt.sizeimage / 2, !strcmp(c->menu[i], "Moving Gradient"));
	}
	for (int i = 0; i <= c->maximum; i++)
		guarded_fini(&g[i]);
	guarded_fini(&next);
	vmedia_camera_source_close(src);
}

static void controls_are_checked(void **state)
{
	struct vmedia_camera_source *src = open_source("pattern", NULL, NULL);

	assert_int_equal(vmedia_camera_source_set_control(src, V4L2_CID_BRIGHTNESS, 256), -ERANGE);
	assert_int_equal(vmedia_camera_source_set_control(src, V4L2_CID_TEST_PATTERN, 5), -ERANGE);
	assert_int_equal(vmedia_camera_source_set_control(src, V4L2_CID_GAIN, 1), -EINVAL);
	vmedia_camera_source_close(src);
}

static void jpeg_fits_what_there_is(void **state)
{
	struct vmedia_camera_source *src = open_source("pattern", NULL, SIZES);
	struct vmedia_camera_format fmt = start_source(src, V4L2_PIX_FMT_MJPEG, 640, 480, 0);
	struct vmedia_camera_frame frame = { 0 };
	struct guarded g;
	size_t best, fair;
	uint8_t *rgb;

	guarded_init(&g, fmt.sizeimage, 0);
	set(src, V4L2_CID_JPEG_COMPRESSION_QUALITY, 100);
	best = fill_source(src, &g, 0, 0);
	set(src, V4L2_CID_JPEG_COMPRESSION_QUALITY, 50);
	fair = fill_source(src, &g, 0, 0);
	assert_true(fair < best);
	guarded_fini(&g);
	/* Too short for this quality: a lesser one. */
	guarded_init(&g, fair, 0xa5);
	set(src, V4L2_CID_JPEG_COMPRESSION_QUALITY, 100);
	rgb = to_rgb(&fmt, g.data, fill_source(src, &g, 0, 0));
	free(rgb);
	frame.data = g.data;
	frame.size = 100;
	assert_int_equal(vmedia_camera_source_fill(src, &frame), -ENOSPC);
	guarded_fini(&g);
	vmedia_camera_source_close(src);
}

static void tries_as_v4l2_does(void **state)
{
	struct vmedia_camera_source *src = open_source("pattern", "25", "640x480,1280x720");
	struct vmedia_camera_format fmt = {
		.pixelformat = 0x12345678, .width = 1000, .height = 700, .bytesperline = 1
	};
	struct vmedia_camera_frame frame = { 0 };
	struct vmedia_fract interval;
	struct vmedia_camera_size size;
	uint32_t pixelformat;

	vmedia_camera_source_try(src, &fmt);
	assert_int_equal(fmt.pixelformat, V4L2_PIX_FMT_YUYV);
	assert_int_equal(fmt.width, 1280);
	assert_int_equal(fmt.height, 720);
	assert_int_equal(fmt.bytesperline, 2560);
	assert_int_equal(fmt.sizeimage, 2560 * 720);
	memset(&fmt, 0xff, sizeof(fmt));
	vmedia_camera_source_try(src, &fmt);
	assert_int_equal(fmt.width, 1280);
	assert_int_equal(vmedia_camera_source_size(src, 1, &size), 0);
	assert_int_equal(vmedia_camera_source_size(src, 2, &size), -EINVAL);
	assert_int_equal(vmedia_camera_source_format(src, 9, &pixelformat), 0);
	assert_int_equal(vmedia_camera_source_format(src, 10, &pixelformat), -EINVAL);
	assert_int_equal(vmedia_camera_source_interval(src, 0, &interval), 0);
	assert_int_equal(interval.denominator, 25);
	/* Wrong order of calls. */
	assert_int_equal(vmedia_camera_source_fill(src, &frame), -EINVAL);
	assert_int_equal(vmedia_camera_source_start(src, &fmt, &interval), 0);
	assert_int_equal(vmedia_camera_source_start(src, &fmt, &interval), -EINVAL);
	assert_int_equal(vmedia_camera_source_fill(src, &frame), -ENOSPC);
	vmedia_camera_source_stop(src);
	vmedia_camera_source_stop(src);
	fmt.width = 640;
	assert_int_equal(vmedia_camera_source_start(src, &fmt, &interval), -EINVAL);
	vmedia_camera_source_close(src);
	vmedia_camera_source_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bars_agree),
		cmocka_unit_test(digits_readable),
		cmocka_unit_test(digits_are_not_imagined),
		cmocka_unit_test(box_moves),
		cmocka_unit_test(strides_honoured),
		cmocka_unit_test(content_does_not_matter),
		cmocka_unit_test(flips_mirror),
		cmocka_unit_test(flips_agree),
		cmocka_unit_test(controls_have_effect),
		cmocka_unit_test(menu_has_pictures),
		cmocka_unit_test(controls_are_checked),
		cmocka_unit_test(jpeg_fits_what_there_is),
		cmocka_unit_test(tries_as_v4l2_does),
	};

	return cmocka_run_group_tests_name("camera pattern", tests, NULL, NULL);
}
