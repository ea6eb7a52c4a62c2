// SPDX-License-Identifier: BSD-3-Clause
/*
 * A table of media files: what the ffmpeg program gives for each, and what arrives. Not one of the
 * tests of `make test': tests/camera/media runs it, on made files and on those of Debian packages.
 *
 * The reference is that program by itself (given.h). It is asked for the pixel format that
 * arrives, in the matrix and range that V4L2's format names, so that the same pixels share chroma,
 * by the same filter. Both are then seen by somebody who believes what the format says (eye.h), and
 * the means of blocks of 8x8 pixels are compared: they differ by 4 of 255 at most. A wrong range is
 * 16 off, a wrong matrix 10 to 40, a wrong turn 100. Where nothing is converted, samples are the
 * same.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <vmedia/log.h>

#include "eye.h"
#include "given.h"
#include "picture.h"

#define BLOCK 8
#define MOST 4			/* of 255 */

/* ---- Blocks ---- */

/* Where block @at begins on a side of @whole pixels, and in *@size how long it is. */
static uint32_t block(uint32_t at, uint32_t whole, uint32_t *size)
{
	*size = whole < BLOCK ? whole : BLOCK;
	/* The last ones overlap. */
	return whole - at < *size ? whole - *size : at;
}

static double mean(const uint8_t *rgb, uint32_t stride, uint32_t x, uint32_t y, uint32_t w,
		   uint32_t h, int channel)
{
	double sum = 0;

	for (uint32_t j = y; j < y + h; j++)
		for (uint32_t i = x; i < x + w; i++)
			sum += rgb[3 * ((size_t)j * stride + i) + (size_t)channel];
	return sum / (w * h);
}

/* The largest difference of a block's mean, and where that block is. */
static double difference(const uint8_t *got, const uint8_t *want, uint32_t w, uint32_t h,
			 uint32_t *at_x, uint32_t *at_y)
{
	double most = 0;

	for (uint32_t y = 0; y < h; y += BLOCK) {
		for (uint32_t x = 0; x < w; x += BLOCK) {
			uint32_t bw, bh, bx = block(x, w, &bw), by = block(y, h, &bh);

			for (int c = 0; c < 3; c++) {
				double d = fabs(mean(got, w, bx, by, bw, bh, c) -
						mean(want, w, bx, by, bw, bh, c));

				if (d > most) {
					most = d;
					*at_x = bx;
					*at_y = by;
				}
			}
		}
	}
	return most;
}

/* ---- What arrives ---- */

/* Which of @count pictures frame @n of @interval shows; -1: one that was not asked for. */
static int picture_of(const struct given *g, unsigned int count, unsigned int n,
		      struct vmedia_fract interval)
{
	double step = (double)interval.numerator / interval.denominator,
	       now = n * step + step / 8;
	int at = 0;

	if (count == 1 && g->num_times == 1)
		return 0;
	if (!g->timed)
		return n < count ? (int)n : -1;
	while ((unsigned int)at + 1 < g->num_times && g->times[at + 1] - g->times[0] <= now)
		at++;
	/* The last one known: nobody knows until when. */
	if (at + 1 == (int)g->num_times && g->times[at] - g->times[0] + step / 2 < now)
		return -1;
	return (unsigned int)at < count ? at : -1;
}

/* Pictures whose samples RGB3 shows as they are. */
static bool is_plain_rgb(const struct given *g)
{
	return !strcmp(g->format, "rgb24") || !strcmp(g->format, "bgr24");
}

/* The difference of frame @rgb from picture @at of the way that is nearer. */
static double difference_of(const struct shown ways[2], int at, const uint8_t *rgb,
			    const struct vmedia_camera_format *fmt, uint32_t *x, uint32_t *y)
{
	double least = 256;

	for (int i = 0; i < 2; i++) {
		uint32_t at_x = 0, at_y = 0;
		double d;

		if ((unsigned int)at >= ways[i].count)
			continue;
		d = difference(rgb, ways[i].rgb[at], fmt->width, fmt->height, &at_x, &at_y);
		if (d >= least)
			continue;
		least = d;
		*x = at_x;
		*y = at_y;
	}
	return least;
}

/* The first frames in @fmt; says what came in @words. */
static void check_frames(struct vmedia_camera_source *src, const struct given *g,
			 const struct vmedia_camera_format *fmt, const struct shown ways[2],
			 char *words, size_t size)
{
	const char *name = (const char *)&fmt->pixelformat;
	struct vmedia_fract interval;
	unsigned int shown = 0, n;
	double most = 0;
	struct guarded b;

	assert_int_equal(vmedia_camera_source_interval(src, 0, &interval), 0);
	assert_int_equal(vmedia_camera_source_start(src, fmt, &interval), 0);
	guarded_init(&b, fmt->sizeimage, 0);
	for (n = 0; n < (g->num_times == 1 ? 1 : PICTURES); n++) {
		int at = picture_of(g, ways[0].count, n, interval);
		uint8_t *rgb = eye_see(fmt, b.data, fill_source(src, &b, n, 0));
		uint32_t x = 0, y = 0;
		double d = at < 0 ? 0 : difference_of(ways, at, rgb, fmt, &x, &y);

		if (at >= 0 && fmt->pixelformat == V4L2_PIX_FMT_RGB24 && is_plain_rgb(g) &&
		    g->sar == 1)
			assert_memory_equal(rgb, ways[0].rgb[at], (size_t)g->w * g->h * 3);
		free(rgb);
		shown += at >= 0;
		most = d > most ? d : most;
		if (d > MOST)
			fail_msg("%.4s, frame %u: the block at %u,%u differs by %.1f from picture "
				 "%d",
				 name, n, x, y, d, at);
	}
	snprintf(words, size, " %.4s %.1f", name, most);
	assert_true(shown);
	guarded_fini(&b);
	vmedia_camera_source_stop(src);
}

/* False: there is no such format at this size, as @words says. */
static bool negotiate(struct vmedia_camera_source *src, const struct given *g,
		      struct vmedia_camera_format *fmt, char *words, size_t size)
{
	fmt->width = g->w;
	fmt->height = g->h;
	vmedia_camera_source_try(src, fmt);
	if (fmt->width <= g->w && fmt->width + 1 >= g->w && fmt->height <= g->h &&
	    fmt->height + 1 >= g->h)
		return true;
	snprintf(words, size, " %.4s only at %ux%u", (const char *)&fmt->pixelformat, fmt->width,
		 fmt->height);
	assert_true(g->w < 2 || g->h < 2);
	return false;
}

static void check_formats(struct vmedia_camera_source *src, const struct given *g)
{
	static const uint32_t formats[] = { V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_NV12,
					    V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_RGB24,
					    V4L2_PIX_FMT_MJPEG };
	struct wanted wanted[sizeof(formats) / sizeof(formats[0])] = { 0 };
	char words[512];
	int count = 0;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		wanted[count].fmt.pixelformat = formats[i];
		if (negotiate(src, g, &wanted[count].fmt, words, sizeof(words)))
			count++;
		else
			print_message("%s", words);
	}
	given_pictures(g, wanted, count);
	for (int i = 0; i < count; i++) {
		check_frames(src, g, &wanted[i].fmt, wanted[i].ways, words, sizeof(words));
		print_message("%s", words);
		wanted_free(&wanted[i]);
	}
}

/* Where ffmpeg's pixel format is one of V4L2's, the samples are the same. */
static bool check_samples(struct vmedia_camera_source *src, const struct given *g)
{
	static const struct {
		const char *name;
		uint32_t pixelformat;
	} same[] = {
		{ "yuv420p", V4L2_PIX_FMT_YUV420 }, { "yuvj420p", V4L2_PIX_FMT_YUV420 },
		{ "nv12", V4L2_PIX_FMT_NV12 },	    { "gray", V4L2_PIX_FMT_GREY },
		{ "rgb24", V4L2_PIX_FMT_RGB24 },    { "bgr24", V4L2_PIX_FMT_BGR24 },
	};
	struct vmedia_camera_format fmt = { .width = g->w, .height = g->h };
	struct vmedia_fract interval;
	struct guarded a, b;

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		if (!strcmp(same[i].name, g->format))
			fmt.pixelformat = same[i].pixelformat;
	if (!fmt.pixelformat || g->sar != 1)
		return false;
	vmedia_camera_source_try(src, &fmt);
	if (fmt.width != g->w || fmt.height != g->h)
		return false;
	assert_int_equal(vmedia_camera_source_interval(src, 0, &interval), 0);
	assert_int_equal(vmedia_camera_source_start(src, &fmt, &interval), 0);
	guarded_init(&a, fmt.sizeimage, 0);
	guarded_init(&b, fmt.sizeimage, 0);
	fill_source(src, &a, 0, 0);
	given_samples(g, g->format, b.data, b.size);
	assert_memory_equal(a.data, b.data, b.size);
	guarded_fini(&a);
	guarded_fini(&b);
	vmedia_camera_source_stop(src);
	return true;
}

static void check_field(const struct given *g, const struct vmedia_camera_format *fmt)
{
	if (g->field != 'P' && !((g->height | (int)fmt->height) & 3))
		assert_int_equal(fmt->field, g->field == 'T' ? V4L2_FIELD_INTERLACED_TB :
							       V4L2_FIELD_INTERLACED_BT);
	else
		assert_int_equal(fmt->field, V4L2_FIELD_NONE);
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- A row ---- */

static void check_file(void **state)
{
	const char *path = *state;
	struct vmedia_camera_options opts;
	struct vmedia_camera_source *src = NULL;
	struct vmedia_camera_format fmt = { 0 };
	struct vmedia_camera_size size;
	struct vmedia_fract interval;
	char source[2048], why[512] = "";
	struct given g;
	bool given = given_ask(&g, path);
	int err;

	snprintf(source, sizeof(source), "file:%s", path);
	vmedia_camera_options_init(&opts);
	opts.source = source;
	err = vmedia_camera_source_open(&opts, why, sizeof(why), &src);
	if (!given && err) {
		print_message("%-28s | ffmpeg gives no picture | refused: %s\n", name_of(path),
			      why);
		return;
	}
	if (!given || err)
		fail_msg("%s: ffmpeg gives %s, we say: %s", name_of(path),
			 given ? "pictures" : "nothing", why);
	assert_int_equal(vmedia_camera_source_set_control(
				 src, V4L2_CID_JPEG_COMPRESSION_QUALITY, 100),
			 0);
	assert_int_equal(vmedia_camera_source_size(src, 0, &size), 0);
	assert_int_equal(vmedia_camera_source_interval(src, 0, &interval), 0);
	assert_int_equal(vmedia_camera_source_format(src, 0, &fmt.pixelformat), 0);
	fmt.width = size.width;
	fmt.height = size.height;
	vmedia_camera_source_try(src, &fmt);
	print_message("%-28s | %s %dx%d %s %s/%s/%s/%s %c sar %.3g | %ux%u %.4s %u/%u fps "
		      "colorspace %u enc %u range %u xfer %u field %u |",
		      name_of(path), g.codec, g.width, g.height, g.format, g.range, g.space,
		      g.primaries, g.transfer, g.field, g.sar, size.width, size.height,
		      (const char *)&fmt.pixelformat, interval.denominator, interval.numerator,
		      fmt.colorspace, fmt.ycbcr_enc, fmt.quantization, fmt.xfer_func, fmt.field);
	fflush(stdout);
	assert_int_equal(size.width, g.w);
	assert_int_equal(size.height, g.h);
	check_field(&g, &fmt);
	if (check_samples(src, &g))
		print_message(" same samples,");
	check_formats(src, &g);
	print_message("\n");
	vmedia_camera_source_close(src);
}

int main(int argc, char **argv)
{
	struct CMUnitTest *tests = calloc((size_t)argc, sizeof(*tests));
	int failed, count = argc - 1;

	assert_non_null(tests);
	if (argc < 2 || !given_init()) {
		fprintf(stderr, "usage: camera-media FILE...\n");
		return 2;
	}
	vmedia_log_set_level(-1);
	for (int i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){ name_of(argv[i + 1]), check_file, NULL, NULL,
						argv[i + 1] };
	failed = _cmocka_run_group_tests("media", tests, (size_t)count, NULL, NULL);
	given_fini();
	free(tests);
	printf("%d passed, %d failed, 0 skipped\n", count - failed, failed);
	return failed ? 1 : 0;
}
