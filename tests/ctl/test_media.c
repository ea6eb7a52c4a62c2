/* SPDX-License-Identifier: BSD-3-Clause */
/* Samples of pictures in V4L2's formats, and the times of packets in a media file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libswscale/swscale.h>

#include "media.h"

enum { W = 20, H = 14, STRIDE = 64 };

static uint8_t memory[3][STRIDE * H * 3];

/* What sample @x, @y of plane @p is. */
static unsigned int value(int p, int x, int y, unsigned int max)
{
	return (unsigned int)(p * 301 + x * 13 + y * 57 + 5) & max;
}

/* ---- Frames as a device lays them out ---- */

static void set8(uint8_t *at, int p, int x, int y)
{
	*at = (uint8_t)value(p, x, y, 255);
}

static void nv12(struct ctl_picture *pic, bool apart)
{
	uint8_t *uv = apart ? memory[1] : memory[0] + STRIDE * H;

	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			set8(memory[0] + y * STRIDE + x, 0, x, y);
	for (int y = 0; y < H / 2; y++)
		for (int x = 0; x < W / 2; x++)
			for (int p = 1; p < 3; p++)
				set8(uv + y * STRIDE + 2 * x + p - 1, p, x, y);
	pic->num_planes = apart ? 2 : 1;
	pic->bytesused[0] = STRIDE * H * (apart ? 2 : 3) / 2;
	pic->bytesused[1] = STRIDE * H / 2;
}

static void yu12(struct ctl_picture *pic)
{
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			set8(memory[0] + y * STRIDE + x, 0, x, y);
	for (int p = 1; p < 3; p++)
		for (int y = 0; y < H / 2; y++)
			for (int x = 0; x < W / 2; x++)
				set8(memory[0] + STRIDE * H + (p - 1) * STRIDE * H / 4 +
					     y * STRIDE / 2 + x, p, x, y);
	pic->bytesused[0] = STRIDE * H * 3 / 2;
}

static void nv24(struct ctl_picture *pic)
{
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			for (int p = 0; p < 3; p++)
				set8(p ? memory[0] + STRIDE * H + y * 2 * STRIDE + 2 * x + p - 1
				       : memory[0] + y * STRIDE + x, p, x, y);
	pic->bytesused[0] = STRIDE * H * 3;
}

/* Ten bits, at the top of 16. */
static void set10(uint8_t *at, int p, int x, int y)
{
	unsigned int v = value(p, x, y, 1023) << 6;

	at[0] = (uint8_t)v;
	at[1] = (uint8_t)(v >> 8);
}

static void p010(struct ctl_picture *pic)
{
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			set10(memory[0] + y * STRIDE + 2 * x, 0, x, y);
	for (int y = 0; y < H / 2; y++)
		for (int x = 0; x < W / 2; x++)
			for (int p = 1; p < 3; p++)
				set10(memory[0] + STRIDE * H + y * STRIDE + 4 * x + 2 * (p - 1),
				      p, x, y);
	pic->bytesused[0] = STRIDE * H * 3 / 2;
}

static struct ctl_picture picture(uint32_t pixelformat)
{
	struct ctl_picture pic = { .pixelformat = pixelformat, .width = W, .height = H,
				   .num_planes = 1, .data = { memory[0], memory[1], memory[2] },
				   .bytesperline = { STRIDE, STRIDE, STRIDE } };

	memset(memory, 0xee, sizeof(memory));
	switch (pixelformat) {
	case V4L2_PIX_FMT_NV12:
	case V4L2_PIX_FMT_NV12M:
		nv12(&pic, pixelformat == V4L2_PIX_FMT_NV12M);
		break;
	case V4L2_PIX_FMT_YUV420:
		yu12(&pic);
		break;
	case V4L2_PIX_FMT_NV24:
		nv24(&pic);
		break;
	case V4L2_PIX_FMT_P010:
		p010(&pic);
		break;
	}
	return pic;
}

static const struct {
	uint32_t pixelformat;
	enum AVPixelFormat planar;
	unsigned int max;
	int shift; /* of chroma */
} formats[] = {
	{ V4L2_PIX_FMT_NV12, AV_PIX_FMT_YUV420P, 255, 1 },
	{ V4L2_PIX_FMT_NV12M, AV_PIX_FMT_YUV420P, 255, 1 },
	{ V4L2_PIX_FMT_YUV420, AV_PIX_FMT_YUV420P, 255, 1 },
	{ V4L2_PIX_FMT_NV24, AV_PIX_FMT_YUV444P, 255, 0 },
	{ V4L2_PIX_FMT_P010, AV_PIX_FMT_YUV420P10LE, 1023, 1 },
};
#define NUM_FORMATS (sizeof(formats) / sizeof(formats[0]))

/* The visible part begins in the middle, and is odd. */
static void test_get(void **state)
{
	static const struct vmedia_rect parts[] = { { 0, 0, W, H }, { 4, 2, 11, 7 },
						    { 18, 12, 1, 1 } };

	for (size_t i = 0; i < NUM_FORMATS; i++)
		for (size_t j = 0; j < 3; j++) {
			struct ctl_picture pic = picture(formats[i].pixelformat);
			struct vmedia_rect r = parts[j];
			struct media_samples s = { 0 };

			assert_int_equal(media_samples_get(&s, &pic, &r), 0);
			assert_int_equal(s.fmt, formats[i].planar);
			for (int p = 0; p < 3; p++) {
				int shift = p ? formats[i].shift : 0, wide = formats[i].max > 255;
				int w = (int)(r.width + (unsigned int)shift) >> shift;
				int h = (int)(r.height + (unsigned int)shift) >> shift;

				assert_int_equal(s.lines[p], h);
				assert_int_equal(s.line[p], w << wide);
				for (int n = 0; n < w * h; n++) {
					const uint8_t *at = s.plane[p] + (n << wide);
					unsigned int got = at[0];

					if (wide)
						got |= (unsigned int)at[1] << 8;
					assert_int_equal(got, value(p, n % w + (r.left >> shift),
								    n / w + (r.top >> shift),
								    formats[i].max));
				}
			}
			media_samples_free(&s);
		}
}

/* A frame that is shorter than its format says; one that has no samples of YUV. */
static void test_get_bad(void **state)
{
	struct ctl_picture pic = picture(V4L2_PIX_FMT_NV12);
	struct vmedia_rect all = { 0, 0, W, H };
	struct media_samples s = { 0 };

	pic.bytesused[0] = STRIDE * H;
	assert_int_equal(media_samples_get(&s, &pic, &all), -EINVAL);
	pic = picture(V4L2_PIX_FMT_NV12);
	pic.pixelformat = V4L2_PIX_FMT_RGB24;
	assert_int_equal(media_samples_get(&s, &pic, &all), -ENOTSUP);
	pic.pixelformat = V4L2_PIX_FMT_MJPEG;
	assert_int_equal(media_samples_get(&s, &pic, &all), -ENOTSUP);
	media_samples_free(&s);
}

static AVFrame *frame(enum AVPixelFormat fmt, unsigned int max, int shift)
{
	AVFrame *f = av_frame_alloc();

	f->format = fmt;
	f->width = W;
	f->height = H;
	assert_int_equal(av_frame_get_buffer(f, 0), 0);
	for (int p = 0; p < 3; p++)
		for (int y = 0; y < (p ? H >> shift : H); y++)
			for (int x = 0; x < (p ? W >> shift : W); x++) {
				uint8_t *line = f->data[p] + y * f->linesize[p];

				if (max > 255)
					((uint16_t *)line)[x] = (uint16_t)value(p, x, y, max);
				else
					line[x] = (uint8_t)value(p, x, y, max);
			}
	return f;
}

/* Into each format, all of memory but the padding as it was made above. */
static void test_put(void **state)
{
	static uint8_t want[sizeof(memory)];

	for (size_t i = 0; i < NUM_FORMATS; i++) {
		struct ctl_picture pic = picture(formats[i].pixelformat);
		AVFrame *f = frame(formats[i].planar, formats[i].max, formats[i].shift);
		struct SwsContext *sws = NULL;

		memcpy(want, memory, sizeof(want));
		memset(memory, 0xee, sizeof(memory));
		assert_int_equal(media_samples_put(f, &pic, &sws), 0);
		assert_null(sws);
		assert_memory_equal(memory, want, sizeof(want));
		av_frame_free(&f);
	}
}

static void test_equal(void **state)
{
	struct ctl_picture pic = picture(V4L2_PIX_FMT_P010);
	AVFrame *f = frame(AV_PIX_FMT_YUV420P10LE, 1023, 1);
	struct vmedia_rect all = { 0, 0, W, H };
	struct media_samples s = { 0 };
	char words[160], want[160];

	assert_int_equal(media_samples_get(&s, &pic, &all), 0);
	assert_true(media_samples_equal(&s, f, words, sizeof(words)));
	((uint16_t *)(f->data[1] + 3 * f->linesize[1]))[7] ^= 512;
	assert_false(media_samples_equal(&s, f, words, sizeof(words)));
	snprintf(want, sizeof(want), "Cb at 7,3: the device has %u, libavcodec %u",
		 value(1, 7, 3, 1023), value(1, 7, 3, 1023) ^ 512);
	assert_string_equal(words, want);
	av_frame_free(&f);
	f = frame(AV_PIX_FMT_YUV420P, 255, 1);
	assert_false(media_samples_equal(&s, f, words, sizeof(words)));
	assert_non_null(strstr(words, "samples of yuv420p10le, libavcodec of yuv420p"));
	av_frame_free(&f);
	media_samples_free(&s);
}

/* ---- Files ---- */

/* Pictures 0 to 69 in the order of a codec with B pictures: 0 4 2 1 3 8 6 5 7 ... */
static int64_t coded(unsigned int i)
{
	static const int order[] = { 4, 2, 1, 3 };

	return i ? (i - 1) / 4 * 4 + order[(i - 1) % 4] : 0;
}

/* Each packet is there, with the time of its picture; decoding times count up, and none is late. */
static void test_output(void **state)
{
	static const unsigned int counts[] = { 1, 5, 69 };

	for (size_t n = 0; n < 3; n++) {
		AVCodecParameters *par = avcodec_parameters_alloc();
		struct media_output o = { 0 };
		struct media_input in = { 0 };
		char path[] = "/tmp/vmedia-media.XXXXXX.mp4";
		int64_t dts = INT64_MIN;
		uint8_t data[4];
		int fd = mkstemps(path, 4);

		assert_true(fd >= 0);
		close(fd);
		par->codec_type = AVMEDIA_TYPE_VIDEO;
		par->codec_id = AV_CODEC_ID_MJPEG;
		par->width = par->height = 64;
		assert_int_equal(media_output_open(&o, path, -1, par, (AVRational){ 25, 1 }), 0);
		for (unsigned int i = 0; i < counts[n]; i++) {
			memset(data, (int)i, sizeof(data));
			assert_int_equal(media_output_put(&o, data, 4, coded(i), !i), 0);
		}
		assert_int_equal(media_output_close(&o, 0), 0);
		assert_int_equal(media_input_open(&in, "--decode", path), 0);
		for (unsigned int i = 0; i < counts[n]; i++) {
			assert_int_equal(media_input_read(&in), 1);
			assert_int_equal(in.packet->size, 4);
			assert_int_equal(in.packet->data[0], i);
			assert_int_equal(av_rescale_q(in.packet->pts, in.stream->time_base,
						      (AVRational){ 1, 25 }), coded(i));
			assert_true(in.packet->dts <= in.packet->pts);
			assert_true(in.packet->dts > dts);
			dts = in.packet->dts;
		}
		assert_int_equal(media_input_read(&in), 0);
		media_input_close(&in);
		avcodec_parameters_free(&par);
		unlink(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get),   cmocka_unit_test(test_get_bad),
		cmocka_unit_test(test_put),   cmocka_unit_test(test_equal),
		cmocka_unit_test(test_output),
	};

	av_log_set_level(AV_LOG_QUIET);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
