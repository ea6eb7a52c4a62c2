// SPDX-License-Identifier: BSD-3-Clause
/* Sessions with an engine. The script "hwaccel" runs this where there is one. */
#include <dirent.h>
#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

#include <linux/videodev2.h>

#include "../decoder/stream.h"
#include "decoder.h"

static const struct recipe mpeg2 = { "mpeg2video", V4L2_PIX_FMT_MPEG2, 96, 80,
				     AV_PIX_FMT_YUV420P, 12, 6, 2, false };

static const struct recipe av1 = { "libaom-av1", V4L2_PIX_FMT_AV1, 96, 80, AV_PIX_FMT_YUV444P, 2,
				   2, 0, false };

static const struct recipe mpeg2_422 = { "mpeg2video", V4L2_PIX_FMT_MPEG2, 112, 80,
					 AV_PIX_FMT_YUV422P, 12, 6, 2, false };

/* libavcodec's software decoder of AV1 cannot be opened. */
static atomic_bool no_software;

int avcodec_open2(AVCodecContext *av, const AVCodec *codec, AVDictionary **opts)
{
	int (*real)(AVCodecContext *, const AVCodec *, AVDictionary **);

	if (no_software && codec == avcodec_find_decoder(AV_CODEC_ID_AV1))
		return AVERROR_EXTERNAL;
	*(void **)&real = dlsym(RTLD_NEXT, "avcodec_open2");
	return real(av, codec, opts);
}

static unsigned int threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	const struct dirent *entry;
	unsigned int n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		n += *entry->d_name != '.';
	closedir(dir);
	return n;
}

/* Pictures of the fake engine are none of those that libavcodec makes. */
static void check_not_software(const struct pictures *got, const struct stream *s)
{
	struct pictures software = { 0 };

	stream_decode(s, V4L2_PIX_FMT_MPEG2, &software);
	assert_int_equal(got->num, software.num);
	for (unsigned int i = 0; i < got->num; i++)
		assert_int_not_equal(got->p[i].hash, software.p[i].hash);
}

static const struct vmedia_decoder_options by_engine = {
	.libav.region_size = 64 << 20,
	.libav.threads = 8,
	.hwaccel = "vaapi",
	.hwaccel_device = "/dev/null",
};

static void test_turns(void **state)
{
	static struct player one, two;
	struct stream s = { 0 };
	uint32_t first, second;

	(void)state;
	assert_true(stream_make(&s, &mpeg2));
	player_begin_with(&one, &by_engine, V4L2_PIX_FMT_MPEG2, 0);
	player_play(&one, &s, 0, s.num, true);
	first = one.r->s;

	two = one;
	player_join(&two, V4L2_PIX_FMT_MPEG2);
	player_play(&two, &s, 0, s.num, true);
	pictures_compare(&two.got, &one.got);

	second = two.r->s;
	one.r->s = first;
	one.got.num = 0;
	player_seek(&one, true);
	player_play(&one, &s, 0, s.num, true);
	pictures_compare(&one.got, &two.got);
	check_not_software(&one.got, &s);
	assert_int_equal(harness_close(&one.r->h, second), 0);
	player_end(&one);
	stream_free(&s);
}

/* A stream that the engine decodes goes on as one that it does not. */
static void test_changes(void **state)
{
	static struct player one, two;
	struct stream s = { 0 }, wide = { 0 };
	unsigned int before;
	uint32_t first;

	(void)state;
	assert_true(stream_make(&s, &mpeg2));
	assert_true(stream_make(&wide, &mpeg2_422));
	player_begin_with(&one, &by_engine, V4L2_PIX_FMT_MPEG2, 0);
	player_play(&one, &s, 0, s.num, true);
	player_seek(&one, true);
	player_play(&one, &wide, 0, wide.num, true);
	assert_int_equal(one.got.num, 24);
	first = one.r->s;
	before = threads();

	two = one;
	player_join(&two, V4L2_PIX_FMT_MPEG2);
	player_play(&two, &s, 0, s.num, true);
	/* it has one, which is that of the job */
	assert_in_range(threads(), before - 1, before + 1);
	assert_int_equal(harness_close(&one.r->h, first), 0);
	player_end(&two);
	stream_free(&s);
	stream_free(&wide);
}

/* The engine does not take a stream of AV1, and the other decoder does not open. */
static void test_neither(void **state)
{
	const struct vmedia_decoder_options opts = {
		.libav.region_size = 64 << 20,
		.hwaccel = "vaapi",
		.hwaccel_device = "/dev/null",
	};
	static struct player p;
	struct stream s = { 0 };

	(void)state;
	if (!stream_make(&s, &av1))
		skip();
	player_begin_with(&p, &opts, V4L2_PIX_FMT_AV1, 0);
	no_software = true;
	player_play(&p, &s, 0, s.num, false);
	no_software = false;
	/* the queue has EIO */
	player_play(&p, &s, 0, s.num, false);
	assert_true(p.failed);
	player_end(&p);
	stream_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_neither),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
