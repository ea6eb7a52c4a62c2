/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A driver's program that writes pictures while they are encoded, and pictures of noise that the
 * encoder can make little of. It gets other pictures, and nothing else: streams stay whole.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "clip.h"

static const struct {
	uint32_t coded;
	enum AVCodecID id;
	const char *encoder;
} codecs[] = {
	{ V4L2_PIX_FMT_H264, AV_CODEC_ID_H264, "libx264" },
	{ V4L2_PIX_FMT_HEVC, AV_CODEC_ID_HEVC, "libx265" },
	{ V4L2_PIX_FMT_VP8, AV_CODEC_ID_VP8, "libvpx" },
	{ V4L2_PIX_FMT_VP9, AV_CODEC_ID_VP9, "libvpx-vp9" },
	{ V4L2_PIX_FMT_AV1, AV_CODEC_ID_AV1, "libaom-av1" },
	{ V4L2_PIX_FMT_MJPEG, AV_CODEC_ID_MJPEG, "mjpeg" },
};

struct writer {
	uint8_t *at[8];
	uint32_t num, size;
	atomic_bool stop;
};

/* It is meant to race with the encoder. */
__attribute__((no_sanitize("thread"))) static void *scribble(void *opaque)
{
	struct writer *w = opaque;
	uint32_t v = 1;

	while (!w->stop)
		for (uint32_t i = 0; i < w->size; i += 7) {
			v = v * 1664525 + 1013904223;
			*(volatile uint8_t *)&w->at[v % w->num][i] = (uint8_t)(v >> 24);
		}
	return NULL;
}

static void test_scribble(void **state)
{
	(void)state;
#ifdef __SANITIZE_THREAD__
	/* The libraries' reads are not instrumented everywhere, and what is found is meant. */
	skip();
#endif
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		struct writer w = { .size = 0 };
		struct recorder c;
		pthread_t thread;

		if (!avcodec_find_encoder_by_name(codecs[i].encoder))
			continue;
		recorder_open(&c, codecs[i].coded, V4L2_PIX_FMT_NV12, 160, 96);
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_B_FRAMES, 1);
		recorder_begin(&c);
		w.num = recorder_memory(&c, w.at, &w.size);
		assert_int_equal(pthread_create(&thread, NULL, scribble, &w), 0);
		recorder_put(&c, 60);
		recorder_drain(&c);
		w.stop = true;
		pthread_join(thread, NULL);
		assert_int_equal(c.got.num, 60);
		/* all pictures come out of the stream, whatever they show */
		clip_check(&c.got, codecs[i].id, 1, 60, false, NULL);
		recorder_end(&c);
	}
}

/* Noise at the best quality: the largest packets fit the buffers, which the format has made. */
static void test_noise(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		struct recorder c;

		if (!avcodec_find_encoder_by_name(codecs[i].encoder))
			continue;
		recorder_open(&c, codecs[i].coded, V4L2_PIX_FMT_NV12, 1920, 1080);
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_BITRATE_MODE, V4L2_MPEG_VIDEO_BITRATE_MODE_CQ);
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_CONSTANT_QUALITY, 100);
		recorder_set(&c, V4L2_CID_JPEG_COMPRESSION_QUALITY, 100);
		c.pure_noise = true;
		recorder_begin(&c);
		recorder_put(&c, 1);
		recorder_drain(&c);
		assert_int_equal(c.got.num, 1);
		print_message("%s: %u bytes\n", codecs[i].encoder, c.got.p[0].size);
		recorder_end(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scribble),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
