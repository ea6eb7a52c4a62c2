// SPDX-License-Identifier: BSD-3-Clause
/*
 * The file source: its pictures are libavcodec's to the byte, lap after lap; what is asked of it in
 * sizes, rates and JPEG.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libswscale/swscale.h>

#include "clips.h"
#include "compare.h"
#include "devices/camera/clip.h"
#include "picture.h"

static const struct clip_spec mpeg4 = {
	"mpeg4.avi", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 25, 13, 0, 0,
};
static const struct clip_spec mjpeg = {
	"mjpeg.mkv", "mjpeg", AV_PIX_FMT_YUVJ420P, 160, 120, 30, 7, 0, 0,
};

static void pictures_are_libavcodecs(void **state)
{
	static const struct {
		struct clip_spec spec;
		uint32_t pixelformats[6];
	} cases[] = {
		{ { "e.avi", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 25, 13, 0, 0 },
		  { V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_NV21,
		    V4L2_PIX_FMT_YVU420, V4L2_PIX_FMT_UYVY } },
		{ { "b.mp4", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 25, 13, 2, 0 },
		  { V4L2_PIX_FMT_YUV420 } },
		{ { "b.mkv", "mpeg2video", AV_PIX_FMT_YUV420P, 96, 80, 25, 14, 2, 0 },
		  { V4L2_PIX_FMT_YUV420 } },
		{ { "b.ts", "mpeg2video", AV_PIX_FMT_YUV420P, 96, 80, 25, 14, 2, 0 },
		  { V4L2_PIX_FMT_YUV420 } },
		{ { "x.mkv", "libx264", AV_PIX_FMT_YUV420P, 96, 80, 25, 20, 2, 0 },
		  { V4L2_PIX_FMT_NV12 } },
		{ { "v.webm", "libvpx-vp9", AV_PIX_FMT_YUV420P, 96, 80, 25, 6, 0, 0 },
		  { V4L2_PIX_FMT_YUV420 } },
		{ { "f.mkv", "ffv1", AV_PIX_FMT_YUV422P, 66, 35, 10, 5, 0, 0 },
		  { V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_UYVY } },
		{ { "r.nut", "rawvideo", AV_PIX_FMT_RGB24, 33, 17, 25, 5, 0, 0 },
		  { V4L2_PIX_FMT_RGB24, V4L2_PIX_FMT_BGR24 } },
		{ { "g.mkv", "ffv1", AV_PIX_FMT_GRAY8, 33, 17, 25, 5, 0, 0 },
		  { V4L2_PIX_FMT_GREY } },
		{ { "j.avi", "mjpeg", AV_PIX_FMT_YUVJ420P, 64, 48, 25, 6, 0, 0 },
		  { V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_NV12 } },
		{ { "j2.mkv", "mjpeg", AV_PIX_FMT_YUVJ422P, 64, 48, 25, 6, 0, 0 },
		  { V4L2_PIX_FMT_YUYV } },
		{ { "n.y4m", "wrapped_avframe", AV_PIX_FMT_YUV420P, 64, 48, 25, 6, 0, 0 },
		  { V4L2_PIX_FMT_YUV420 } },
		{ { "n.mkv", "ffv1", AV_PIX_FMT_YUV420P, 64, 48, 25, 1, 0, 0 },
		  { V4L2_PIX_FMT_YUV420 } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct clip_spec *s = &cases[i].spec;

		if (!clip_make(s)) {
			print_message("no encoder %s: %s is not tested\n", s->codec, s->name);
			continue;
		}
		for (size_t k = 0; k < 6 && cases[i].pixelformats[k]; k++) {
			check_clip(s->name, cases[i].pixelformats[k], (uint32_t)s->width,
				   (uint32_t)s->height, 0);
			check_clip(s->name, cases[i].pixelformats[k], (uint32_t)s->width,
				   (uint32_t)s->height, 12);
		}
	}
}

/* Shared chroma has no odd sizes: the last column and row go, nothing is scaled. */
static void odd_sizes_are_cropped(void **state)
{
	static const struct clip_spec odd = {
		"odd.mkv", "ffv1", AV_PIX_FMT_YUV420P, 33, 17, 25, 5, 0, 0,
	};

	if (!clip_make(&odd))
		skip();
	check_clip("odd.mkv", V4L2_PIX_FMT_YUV420, 32, 16, 0);
	check_clip("odd.mkv", V4L2_PIX_FMT_NV12, 32, 16, 6);
	check_clip("odd.mkv", V4L2_PIX_FMT_YUYV, 32, 17, 0);
	check_clip("odd.mkv", V4L2_PIX_FMT_GREY, 33, 17, 0);
}

static void best_format_comes_first(void **state)
{
	struct vmedia_camera_source *src;
	struct vmedia_camera_size size;
	struct vmedia_fract interval;
	uint32_t pixelformat;

	assert_true(clip_make(&mpeg4));
	src = open_source(clip_source("mpeg4.avi"), NULL, NULL);
	assert_int_equal(vmedia_camera_source_format(src, 0, &pixelformat), 0);
	assert_int_equal(pixelformat, V4L2_PIX_FMT_YUV420);
	assert_int_equal(vmedia_camera_source_size(src, 0, &size), 0);
	assert_int_equal(size.width, 64);
	assert_int_equal(size.height, 48);
	assert_int_equal(vmedia_camera_source_interval(src, 0, &interval), 0);
	assert_int_equal(interval.denominator, 25 * interval.numerator);
	assert_string_equal(vmedia_camera_source_name(src), "mpeg4.avi");
	vmedia_camera_source_close(src);
}

/* ---- Rates ---- */

/* At @interval, fill n shows picture want(n) of the clip: @num of @den. */
static void check_rate(const char *fps, struct vmedia_fract interval, size_t num, size_t den)
{
	struct vmedia_camera_source *src = open_source(clip_source("mpeg4.avi"), fps, NULL);
	struct vmedia_camera_format fmt = { .pixelformat = V4L2_PIX_FMT_YUV420,
					    .width = 64,
					    .height = 48 };
	struct reference ref;
	struct guarded g;

	reference_load(&ref, "mpeg4.avi");
	vmedia_camera_source_try(src, &fmt);
	guarded_init(&g, fmt.sizeimage, 0);
	assert_int_equal(vmedia_camera_source_start(src, &fmt, &interval), 0);
	for (size_t n = 0; n < 60; n++) {
		fill_source(src, &g, n, 0);
		check_picture(&fmt, g.data, ref.frames[n * num / den % ref.num_frames]);
	}
	reference_free(&ref);
	guarded_fini(&g);
	vmedia_camera_source_close(src);
}

static void rates_keep_the_speed(void **state)
{
	assert_true(clip_make(&mpeg4));
	check_rate(NULL, (struct vmedia_fract){ 1, 25 }, 1, 1);
	check_rate(NULL, (struct vmedia_fract){ 2, 50 }, 1, 1);
	check_rate(NULL, (struct vmedia_fract){ 1, 5 }, 5, 1);
	check_rate(NULL, (struct vmedia_fract){ 1, 50 }, 1, 2);
	check_rate(NULL, (struct vmedia_fract){ 2, 25 }, 2, 1);
	/* --fps makes it another film. */
	check_rate("100", (struct vmedia_fract){ 1, 100 }, 1, 1);
	check_rate("100", (struct vmedia_fract){ 1, 50 }, 2, 1);
	check_rate("12.5", (struct vmedia_fract){ 2, 25 }, 1, 1);
	check_rate("12.5", (struct vmedia_fract){ 1, 25 }, 1, 2);
}

/* Pictures that come unevenly have the times that the file says, and time goes on over the seam. */
static void times_are_the_files(void **state)
{
	static const struct clip_spec uneven = {
		"uneven.mkv", "ffv1", AV_PIX_FMT_YUV420P, 64, 48, 25, 6, 0, UNEVEN
	};
	static const uint64_t want_ms[6] = { 0, 40, 120, 160, 200, 280 };
	const atomic_bool never = false;
	struct vmedia_camera_clip clip;
	AVFrame *frame = av_frame_alloc();
	uint64_t ns, last = 0, lap = 0;
	char why[256];

	if (!clip_make(&uneven))
		skip();
	if (vmedia_camera_clip_open(&clip, clip_path("uneven.mkv"), 1, &never, why, sizeof(why)))
		fail_msg("%s", why);
	assert_int_equal(vmedia_camera_clip_rewind(&clip, false), 0);
	for (int n = 0; n < 20; n++) {
		assert_int_equal(vmedia_camera_clip_next(&clip, frame, NULL, &ns), 0);
		if (n && n % 6 == 0) {
			assert_int_equal(ns, last + vmedia_camera_clip_interval_ns(&clip));
			lap = ns;
		}
		assert_int_equal(ns - lap, want_ms[n % 6] * 1000000);
		last = ns;
	}
	/* Again from the start. */
	assert_int_equal(vmedia_camera_clip_rewind(&clip, false), 0);
	assert_int_equal(vmedia_camera_clip_next(&clip, frame, NULL, &ns), 0);
	assert_int_equal(ns, 0);
	assert_int_equal(vmedia_camera_clip_next(&clip, frame, NULL, &ns), 0);
	assert_int_equal(ns, 40000000);
	av_frame_free(&frame);
	vmedia_camera_clip_close(&clip);
}

/* ---- Scaling ---- */

static void scaled_looks_alike(void **state)
{
	static const uint32_t pixelformats[] = {
		V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_NV12,	 V4L2_PIX_FMT_YUYV,
		V4L2_PIX_FMT_RGB24,  V4L2_PIX_FMT_MJPEG,
	};
	static const struct clip_spec big = {
		"big.mkv", "ffv1", AV_PIX_FMT_YUV420P, 320, 240, 25, 2, 0, SMOOTH,
	};
	struct vmedia_camera_source *src;
	struct reference ref;
	uint8_t *rgb[5];

	if (!clip_make(&big))
		skip();
	reference_load(&ref, "big.mkv");
	src = open_source(clip_source("big.mkv"), NULL, "640x480,162x122,33x17");
	for (size_t i = 0; i < 5; i++) {
		struct vmedia_camera_format fmt =
			start_source(src, pixelformats[i], 162, 122, pixelformats[i] ? 24 : 0);
		uint64_t error = 0;
		struct guarded g;

		guarded_init(&g, fmt.sizeimage, 0xa5);
		rgb[i] = to_rgb(&fmt, g.data, fill_source(src, &g, 0, 0));
		for (size_t k = 0; k < fmt.sizeimage && fmt.bytesperline; k++)
			if (!is_picture(&fmt, k))
				assert_int_equal(g.data[k], 0xa5);
		for (size_t k = 0; k < 162 * 122 * 3; k++)
			error += (uint64_t)((rgb[i][k] - rgb[0][k]) * (rgb[i][k] - rgb[0][k]));
		if (error > 162 * 122 * 3 * 20ull)
			fail_msg("%.4s: mean square error %llu", (const char *)&pixelformats[i],
				 (unsigned long long)(error / (162 * 122 * 3)));
		vmedia_camera_source_stop(src);
		guarded_fini(&g);
	}
	/* Light and dark are where they were. */
	for (uint32_t y = 4; y < 118; y++) {
		for (uint32_t x = 4; x < 158; x++) {
			int want =
				(ref.frames[0]->data[0][y * 240 / 122 * ref.frames[0]->linesize[0] +
							x * 320 / 162] -
				 16) *
				255 / 219;
			const uint8_t *p = rgb[0] + 3 * (y * 162 + x);
			int got = (299 * p[0] + 587 * p[1] + 114 * p[2]) / 1000;

			if (abs(got - want) > 16)
				fail_msg("%u,%u is %d, should be near %d", x, y, got, want);
		}
	}
	for (size_t i = 0; i < 5; i++)
		free(rgb[i]);
	reference_free(&ref);
	vmedia_camera_source_close(src);
}

/* ---- JPEG ---- */

static void jpeg_packets_pass(void **state)
{
	struct vmedia_camera_source *src;
	struct vmedia_camera_format fmt;
	struct reference ref;
	struct guarded g, small;
	uint8_t *plain, *flipped;
	size_t used;

	assert_true(clip_make(&mjpeg));
	reference_load(&ref, "mjpeg.mkv");
	src = open_source(clip_source("mjpeg.mkv"), NULL, NULL);
	fmt = start_source(src, V4L2_PIX_FMT_MJPEG, 160, 120, 0);
	guarded_init(&g, fmt.sizeimage, 0);
	for (size_t n = 0; n < ref.num_packets * 5 / 2; n++) {
		const AVPacket *p = ref.packets[n % ref.num_packets];

		used = fill_source(src, &g, n, 0);
		assert_int_equal(used, p->size);
		assert_memory_equal(g.data, p->data, used);
	}
	vmedia_camera_source_stop(src);
	fmt = start_source(src, V4L2_PIX_FMT_MJPEG, 160, 120, 0);
	plain = to_rgb(&fmt, g.data, fill_source(src, &g, 0, 0));
	vmedia_camera_source_stop(src);
	/* Flipped it must be made anew. */
	fmt = start_source(src, V4L2_PIX_FMT_MJPEG, 160, 120, 0);
	assert_int_equal(vmedia_camera_source_set_control(src, V4L2_CID_HFLIP, 1), 0);
	assert_int_equal(
		vmedia_camera_source_set_control(src, V4L2_CID_JPEG_COMPRESSION_QUALITY, 100), 0);
	flipped = to_rgb(&fmt, g.data, fill_source(src, &g, 0, 0));
	for (uint32_t y = 0; y < 120; y++)
		for (uint32_t x = 2; x < 158; x++)
			if (abs(plain[3 * (160 * y + x) + 1] -
				flipped[3 * (160 * y + 159 - x) + 1]) > 60)
				fail_msg("%u,%u is not mirrored", x, y);
	/* Then the second picture again as it is, but into a buffer that is too short for it. */
	assert_int_equal(vmedia_camera_source_set_control(src, V4L2_CID_HFLIP, 0), 0);
	guarded_init(&small, (size_t)ref.packets[1]->size - 1, 0);
	free(to_rgb(&fmt, small.data, fill_source(src, &small, 1, 0)));
	guarded_fini(&small);
	free(plain);
	free(flipped);
	guarded_fini(&g);
	reference_free(&ref);
	vmedia_camera_source_close(src);
}

static void jpeg_is_made_of_others(void **state)
{
	static const struct clip_spec odd = {
		"oddj.mkv", "ffv1", AV_PIX_FMT_YUV420P, 33, 17, 25, 5, 0, 0,
	};

	for (int flip = 0; flip < 2; flip++) {
		struct vmedia_camera_source *src;
		struct vmedia_camera_format fmt;
		struct guarded g;

		if (!clip_make(&odd))
			skip();
		src = open_source(clip_source("oddj.mkv"), NULL, "640x480");
		assert_int_equal(vmedia_camera_source_set_control(src, V4L2_CID_VFLIP, flip), 0);
		for (uint32_t w = 33; w; w = w == 33 ? 640 : 0) {
			fmt = start_source(src, V4L2_PIX_FMT_MJPEG, w, w == 33 ? 17 : 480, 0);
			guarded_init(&g, fmt.sizeimage, 0);
			for (int n = 0; n < 7; n++)
				free(to_rgb(&fmt, g.data, fill_source(src, &g, n, 0)));
			guarded_fini(&g);
			vmedia_camera_source_stop(src);
		}
		vmedia_camera_source_close(src);
	}
}

static void flips_mirror(void **state)
{
	static const uint32_t pixelformats[] = {
		V4L2_PIX_FMT_RGB24, V4L2_PIX_FMT_BGR24, V4L2_PIX_FMT_GREY, V4L2_PIX_FMT_YUV420,
		V4L2_PIX_FMT_NV12,  V4L2_PIX_FMT_NV21,	V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_UYVY,
	};
	struct vmedia_camera_source *src;

	assert_true(clip_make(&mpeg4));
	src = open_source(clip_source("mpeg4.avi"), NULL, NULL);
	for (size_t i = 0; i < sizeof(pixelformats) / sizeof(pixelformats[0]); i++) {
		struct vmedia_camera_format fmt = start_source(src, pixelformats[i], 64, 48, 0);
		uint8_t *plain, *turned;
		struct guarded g;
		size_t far = 0;

		guarded_init(&g, fmt.sizeimage, 0);
		plain = to_rgb(&fmt, g.data, fill_source(src, &g, 0, 0));
		vmedia_camera_source_stop(src);
		fmt = start_source(src, pixelformats[i], 64, 48, 0);
		vmedia_camera_source_set_control(src, V4L2_CID_HFLIP, 1);
		vmedia_camera_source_set_control(src, V4L2_CID_VFLIP, 1);
		turned = to_rgb(&fmt, g.data, fill_source(src, &g, 0, 0));
		for (uint32_t p = 0; p < 64 * 48; p++)
			for (int c = 0; c < 3; c++)
				far += abs(plain[3 * p + c] - turned[3 * (64 * 48 - 1 - p) + c]) >
				       24;
		if (far > 64 * 48 * 3 / 20)
			fail_msg("%.4s: %zu samples differ", (const char *)&pixelformats[i], far);
		vmedia_camera_source_set_control(src, V4L2_CID_HFLIP, 0);
		vmedia_camera_source_set_control(src, V4L2_CID_VFLIP, 0);
		vmedia_camera_source_stop(src);
		free(plain);
		free(turned);
		guarded_fini(&g);
	}
	vmedia_camera_source_close(src);
}

/* Stills in the usual wrappings. */
static void photographs_stay(void **state)
{
	static const struct clip_spec stills[] = {
		{ "still.png", "png", AV_PIX_FMT_RGB24, 65, 33, 25, 1, 0, 0 },
		{ "still.jpg", "mjpeg", AV_PIX_FMT_YUVJ420P, 64, 48, 25, 1, 0, 0 },
		{ "still.bmp", "bmp", AV_PIX_FMT_BGR24, 65, 33, 25, 1, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(stills) / sizeof(stills[0]); i++) {
		uint32_t w = (uint32_t)stills[i].width, h = (uint32_t)stills[i].height;
		struct vmedia_camera_source *src;
		struct vmedia_camera_format fmt;
		struct guarded a, b;

		if (!clip_make(&stills[i]))
			continue;
		if (stills[i].format == AV_PIX_FMT_RGB24)
			check_clip(stills[i].name, V4L2_PIX_FMT_RGB24, w, h, 0);
		src = open_source(clip_source(stills[i].name), NULL, NULL);
		for (int coded = 0; coded < 2; coded++) {
			size_t used;

			fmt = start_source(src, coded ? V4L2_PIX_FMT_MJPEG : V4L2_PIX_FMT_RGB24, w,
					   h, 0);
			guarded_init(&a, fmt.sizeimage, 0);
			guarded_init(&b, fmt.sizeimage, 0xff);
			used = fill_source(src, &a, 0, 0);
			for (int n = 0; n < 300; n++)
				assert_int_equal(fill_source(src, &b, n, 0), used);
			assert_memory_equal(a.data, b.data, used);
			guarded_fini(&a);
			guarded_fini(&b);
			vmedia_camera_source_stop(src);
		}
		vmedia_camera_source_close(src);
	}
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
		cmocka_unit_test(pictures_are_libavcodecs),
		cmocka_unit_test(odd_sizes_are_cropped),
		cmocka_unit_test(best_format_comes_first),
		cmocka_unit_test(rates_keep_the_speed),
		cmocka_unit_test(times_are_the_files),
		cmocka_unit_test(scaled_looks_alike),
		cmocka_unit_test(jpeg_packets_pass),
		cmocka_unit_test(jpeg_is_made_of_others),
		cmocka_unit_test(flips_mirror),
		cmocka_unit_test(photographs_stay),
	};

	av_log_set_level(AV_LOG_FATAL);
	return cmocka_run_group_tests_name("camera file", tests, setup, teardown);
}
