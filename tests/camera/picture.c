// SPDX-License-Identifier: BSD-3-Clause
/*
 * Pictures for the camera's tests.
 */
#include "picture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>
#include <turbojpeg.h>
#include <vmedia/pixfmt.h>

void guarded_init(struct guarded *g, size_t size, uint8_t fill)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (size + page - 1) / page;

	g->map_size = (pages + 1) * page;
	g->map =
		mmap(NULL, g->map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(g->map != MAP_FAILED);
	assert_int_equal(mprotect(g->map + pages * page, page, PROT_NONE), 0);
	g->size = size;
	g->data = g->map + pages * page - size;
	memset(g->map, fill, pages * page);
}

void guarded_fini(struct guarded *g)
{
	munmap(g->map, g->map_size);
}

struct vmedia_camera_source *open_source(const char *source, const char *fps, const char *size)
{
	struct vmedia_camera_options opts;
	struct vmedia_camera_source *src = NULL;
	char why[256] = "";

	vmedia_camera_options_init(&opts);
	if (source && vmedia_camera_set_option(&opts, "source", source, why, sizeof(why)))
		fail_msg("%s", why);
	if (fps && vmedia_camera_set_option(&opts, "fps", fps, why, sizeof(why)))
		fail_msg("%s", why);
	if (size && vmedia_camera_set_option(&opts, "size", size, why, sizeof(why)))
		fail_msg("%s", why);
	if (vmedia_camera_source_open(&opts, why, sizeof(why), &src))
		fail_msg("%s", why);
	return src;
}

struct vmedia_camera_format start_source(struct vmedia_camera_source *src, uint32_t pixelformat,
					 uint32_t width, uint32_t height, uint32_t extra)
{
	struct vmedia_camera_format fmt = { .pixelformat = pixelformat,
					    .width = width,
					    .height = height };
	struct vmedia_fract interval;

	vmedia_camera_source_try(src, &fmt);
	if (extra && fmt.bytesperline) {
		fmt.bytesperline += extra;
		vmedia_camera_source_try(src, &fmt);
	}
	assert_int_equal(fmt.pixelformat, pixelformat);
	assert_int_equal(fmt.width, width);
	assert_int_equal(fmt.height, height);
	assert_int_equal(vmedia_camera_source_interval(src, 0, &interval), 0);
	assert_int_equal(vmedia_camera_source_start(src, &fmt, &interval), 0);
	return fmt;
}

size_t fill_source(struct vmedia_camera_source *src, struct guarded *g, uint64_t sequence,
		   uint64_t time_ns)
{
	struct vmedia_camera_frame frame = {
		.data = g->data, .size = g->size, .sequence = sequence, .time_ns = time_ns,
	};

	assert_int_equal(vmedia_camera_source_fill(src, &frame), 0);
	assert_in_range(frame.bytesused, 1, g->size);
	return frame.bytesused;
}

static enum AVPixelFormat av_format(uint32_t pixelformat)
{
	switch (pixelformat) {
	case V4L2_PIX_FMT_YUYV:
		return AV_PIX_FMT_YUYV422;
	case V4L2_PIX_FMT_UYVY:
		return AV_PIX_FMT_UYVY422;
	case V4L2_PIX_FMT_NV12:
		return AV_PIX_FMT_NV12;
	case V4L2_PIX_FMT_NV21:
		return AV_PIX_FMT_NV21;
	case V4L2_PIX_FMT_YUV420:
	case V4L2_PIX_FMT_YVU420:
		return AV_PIX_FMT_YUV420P;
	case V4L2_PIX_FMT_RGB24:
		return AV_PIX_FMT_RGB24;
	case V4L2_PIX_FMT_BGR24:
		return AV_PIX_FMT_BGR24;
	default:
		fail_msg("no libav format for 0x%08x", pixelformat);
		return AV_PIX_FMT_NONE;
	}
}

static uint8_t *jpeg_to_rgb(const struct vmedia_camera_format *fmt, const uint8_t *data,
			    size_t size)
{
	uint8_t *rgb = malloc((size_t)fmt->width * fmt->height * 3);
	tjhandle tj = tjInitDecompress();
	int w, h, sub, space;

	assert_non_null(rgb);
	assert_int_equal(tjDecompressHeader3(tj, data, size, &w, &h, &sub, &space), 0);
	assert_int_equal(w, fmt->width);
	assert_int_equal(h, fmt->height);
	/* Each pixel gets the chroma beside it, as everywhere in these tests. */
	assert_int_equal(
		tjDecompress2(tj, data, size, rgb, w, 0, h, TJPF_RGB, TJFLAG_FASTUPSAMPLE), 0);
	tjDestroy(tj);
	return rgb;
}

/* libswscale takes all grey for full range. */
static uint8_t *grey_to_rgb(const struct vmedia_camera_format *fmt, const uint8_t *data)
{
	bool full = fmt->quantization == V4L2_QUANTIZATION_FULL_RANGE;
	uint8_t *rgb = malloc((size_t)fmt->width * fmt->height * 3);

	assert_non_null(rgb);
	for (size_t y = 0; y < fmt->height; y++) {
		for (size_t x = 0; x < fmt->width; x++) {
			int v = data[y * fmt->bytesperline + x];

			v = full ? v : ((v - 16) * 255 + 109) / 219;
			memset(rgb + 3 * (y * fmt->width + x), v < 0 ? 0 : v > 255 ? 255 : v, 3);
		}
	}
	return rgb;
}

uint8_t *to_rgb(const struct vmedia_camera_format *fmt, const uint8_t *data, size_t size)
{
	int w = (int)fmt->width, h = (int)fmt->height,
	    full = fmt->quantization == V4L2_QUANTIZATION_FULL_RANGE;
	uint8_t *src[4], *out[4], *rgb, *padded;
	int pitch[4] = { 0 }, out_pitch[4];
	struct SwsContext *sws;

	if (fmt->pixelformat == V4L2_PIX_FMT_MJPEG)
		return jpeg_to_rgb(fmt, data, size);
	if (fmt->pixelformat == V4L2_PIX_FMT_GREY)
		return grey_to_rgb(fmt, data);
	pitch[0] = (int)fmt->bytesperline;
	if (fmt->pixelformat == V4L2_PIX_FMT_NV12 || fmt->pixelformat == V4L2_PIX_FMT_NV21)
		pitch[1] = pitch[0];
	if (fmt->pixelformat == V4L2_PIX_FMT_YUV420 || fmt->pixelformat == V4L2_PIX_FMT_YVU420)
		pitch[1] = pitch[2] = pitch[0] / 2;
	/* libswscale's vector code reads past the end. */
	padded = calloc(1, size + 256);
	assert_non_null(padded);
	memcpy(padded, data, size);
	av_image_fill_pointers(src, av_format(fmt->pixelformat), h, padded, pitch);
	if (fmt->pixelformat == V4L2_PIX_FMT_YVU420) {
		uint8_t *t = src[1];

		src[1] = src[2];
		src[2] = t;
	}
	assert_true(av_image_alloc(out, out_pitch, w, h, AV_PIX_FMT_RGB24, 64) > 0);
	sws = sws_getContext(w, h, av_format(fmt->pixelformat), w, h, AV_PIX_FMT_RGB24,
			     SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, NULL, NULL,
			     NULL);
	assert_non_null(sws);
	sws_setColorspaceDetails(sws, sws_getCoefficients(SWS_CS_ITU601), full,
				 sws_getCoefficients(SWS_CS_ITU601), 1, 0, 1 << 16, 1 << 16);
	sws_scale(sws, (const uint8_t *const *)src, pitch, 0, h, out, out_pitch);
	rgb = malloc((size_t)w * h * 3);
	assert_non_null(rgb);
	for (int y = 0; y < h; y++)
		memcpy(rgb + (size_t)y * w * 3, out[0] + (ptrdiff_t)y * out_pitch[0],
		       (size_t)w * 3);
	sws_freeContext(sws);
	av_freep(&out[0]);
	free(padded);
	return rgb;
}

bool is_picture(const struct vmedia_camera_format *fmt, size_t offset)
{
	struct vmedia_picture_layout l;

	assert_int_equal(vmedia_pixfmt_layout(vmedia_pixfmt_find(fmt->pixelformat), fmt->width,
					      fmt->height, &fmt->bytesperline, &l),
			 0);
	for (unsigned int i = 0; i < l.num_colour; i++) {
		const struct vmedia_layout_plane *p = &l.colour[i];

		if (offset >= p->offset && offset < p->offset + (size_t)p->stride * p->lines)
			return (offset - p->offset) % p->stride < p->width;
	}
	return false;
}

uint64_t test_seed(void)
{
	const char *env = getenv("VMEDIA_TEST_SEED");
	struct timespec ts;
	uint64_t seed;

	clock_gettime(CLOCK_REALTIME, &ts);
	seed = env ? strtoull(env, NULL, 0) : (uint64_t)ts.tv_nsec ^ (uint64_t)ts.tv_sec << 20;
	print_message("seed %llu: repeat with VMEDIA_TEST_SEED=%llu\n", (unsigned long long)seed,
		      (unsigned long long)seed);
	return seed;
}

uint64_t next_random(uint64_t *state)
{
	/* splitmix64 */
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}
