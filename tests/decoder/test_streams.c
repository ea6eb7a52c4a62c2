/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The decoder beside libavcodec: each picture of streams that are made here, with its time.
 */
#include "decoder.h"
#include "stream.h"

#define PIX(f) AV_PIX_FMT_YUV##f

static const struct recipe h264 = {
	"libx264", V4L2_PIX_FMT_H264, 96, 80, AV_PIX_FMT_YUV420P, 20, 50, 0, false
};
static const struct recipe h264_b = {
	"libx264", V4L2_PIX_FMT_H264, 96, 80, AV_PIX_FMT_YUV420P, 24, 8, 3, false
};

/* The whole stream, in CAPTURE format @raw (0: the device's). Returns false without an encoder. */
static bool whole(const struct recipe *r, uint32_t raw)
{
	struct stream s = { .num = 0 };
	struct pictures want;
	struct player p;

	if (!stream_make(&s, r))
		return false;
	print_message("%s %dx%d\n", r->encoder, r->width, r->height);
	stream_decode(&s, r->pixelformat, &want);
	player_begin(&p, r->pixelformat, raw);
	player_play(&p, &s, 0, s.num, true);
	assert_int_equal(p.changes, 1);
	assert_true(want.num > 0);
	pictures_compare(&p.got, &want);
	player_end(&p);
	stream_free(&s);
	return true;
}

/* H.264 is what no build of libavcodec on a distribution is without. */
static void test_formats(void **state)
{
	static const uint32_t raw[] = { 0, V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420,
					V4L2_PIX_FMT_NV12M, V4L2_PIX_FMT_YUV420M };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_true(whole(&h264_b, raw[i]));
}

/*
 * Nothing is copied where the format has a plane for each component, except pictures of the first
 * packets, which are decoded before the client knows the size. A job of pictures as small as these
 * uses many buffers, so the client has many.
 */
static void test_in_place(void **state)
{
	static const struct recipe recipes[] = {
		{ "libx264", V4L2_PIX_FMT_H264, 128, 98, AV_PIX_FMT_YUV420P, 60, 12, 3, false },
		{ "libx264", V4L2_PIX_FMT_H264, 128, 96, AV_PIX_FMT_YUV420P, 60, 12, 0, true },
		{ "libx264", V4L2_PIX_FMT_H264, 130, 96, AV_PIX_FMT_YUV444P, 60, 12, 2, false },
		{ "libx265", V4L2_PIX_FMT_HEVC, 130, 98, AV_PIX_FMT_YUV420P, 60, 12, 3, false },
		{ "libvpx", V4L2_PIX_FMT_VP8, 129, 81, AV_PIX_FMT_YUV420P, 60, 12, 0, false },
		{ "libvpx-vp9", V4L2_PIX_FMT_VP9, 129, 81, PIX(420P), 60, 12, 0, false },
		{ "mjpeg", V4L2_PIX_FMT_MJPEG, 129, 81, AV_PIX_FMT_YUVJ420P, 60, 6, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(recipes) / sizeof(recipes[0]); i++) {
		bool full = recipes[i].pix_fmt == AV_PIX_FMT_YUV444P;
		struct stream s = { .num = 0 };
		struct pictures want;
		struct player p;
		uint64_t size = 0;

		if (!stream_make(&s, &recipes[i]))
			continue;
		stream_decode(&s, recipes[i].pixelformat, &want);
		player_begin(&p, recipes[i].pixelformat,
			     full ? V4L2_PIX_FMT_YUV444M : V4L2_PIX_FMT_YUV420M);
		p.buffers = 28;
		player_play(&p, &s, 0, s.num, true);
		pictures_compare(&p.got, &want);
		for (unsigned int j = 0; j < p.layout.num_mem; j++)
			size += p.layout.sizeimage[j];
		print_message("%s: %u buffers, %u of %u pictures copied\n", recipes[i].encoder,
			      p.got_buffers, (unsigned int)(player_copied(&p) / size), p.got.num);
		/* The first one always. */
		assert_in_range(player_copied(&p) / size, 1, 4);
		player_end(&p);
		stream_free(&s);
	}
}

static void test_codecs(void **state)
{
	static const struct recipe recipes[] = {
		{ "libx264", V4L2_PIX_FMT_H264, 96, 80, AV_PIX_FMT_YUV420P, 20, 50, 0, false },
		{ "libx264", V4L2_PIX_FMT_H264, 98, 54, AV_PIX_FMT_YUV420P, 20, 10, 2, false },
		{ "libx264", V4L2_PIX_FMT_H264, 96, 80, AV_PIX_FMT_YUV420P10, 12, 12, 2, false },
		{ "libx264", V4L2_PIX_FMT_H264, 96, 80, AV_PIX_FMT_YUV422P, 12, 12, 2, false },
		{ "libx264", V4L2_PIX_FMT_H264, 97, 81, AV_PIX_FMT_YUV444P, 12, 12, 2, false },
		{ "libx264", V4L2_PIX_FMT_H264, 96, 96, AV_PIX_FMT_YUV420P, 12, 12, 0, true },
		{ "libx265", V4L2_PIX_FMT_HEVC, 98, 82, AV_PIX_FMT_YUV420P, 12, 12, 2, false },
		{ "libx265", V4L2_PIX_FMT_HEVC, 96, 80, AV_PIX_FMT_YUV420P10, 12, 12, 2, false },
		{ "libvpx", V4L2_PIX_FMT_VP8, 97, 81, AV_PIX_FMT_YUV420P, 12, 12, 0, false },
		{ "libvpx-vp9", V4L2_PIX_FMT_VP9, 97, 81, AV_PIX_FMT_YUV420P, 12, 12, 0, false },
		{ "mpeg1video", V4L2_PIX_FMT_MPEG1, 96, 80, PIX(420P), 20, 9, 2, false },
		{ "mpeg2video", V4L2_PIX_FMT_MPEG2, 98, 82, PIX(420P), 20, 9, 2, false },
		{ "mpeg4", V4L2_PIX_FMT_MPEG4, 97, 81, AV_PIX_FMT_YUV420P, 20, 9, 2, false },
		{ "h263", V4L2_PIX_FMT_H263, 176, 144, AV_PIX_FMT_YUV420P, 12, 6, 0, false },
		{ "mjpeg", V4L2_PIX_FMT_MJPEG, 97, 81, AV_PIX_FMT_YUVJ420P, 6, 6, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(recipes) / sizeof(recipes[0]); i++)
		whole(&recipes[i], 0);
}

/* Sizes that change twice. */
static void test_sizes(void **state)
{
	struct recipe small = h264_b, large = h264_b;
	struct stream s = { .num = 0 };
	struct pictures want;
	struct player p;

	(void)state;
	small.width = small.height = 64;
	large.width = 160;
	assert_true(stream_make(&s, &h264_b) && stream_make(&s, &large) &&
		    stream_make(&s, &small));
	stream_decode(&s, h264_b.pixelformat, &want);
	assert_int_equal(want.num, 72);
	player_begin(&p, V4L2_PIX_FMT_H264, 0);
	player_play(&p, &s, 0, s.num, true);
	assert_int_equal(p.changes, 3);
	pictures_compare(&p.got, &want);
	player_end(&p);
	stream_free(&s);
}

/* ---- A sequence parameter set without a VUI ---- */

static unsigned int bit(const uint8_t *data, unsigned int *at)
{
	unsigned int n = (*at)++;

	return data[n / 8] >> (7 - n % 8) & 1;
}

static void skip_ue(const uint8_t *data, unsigned int *at)
{
	unsigned int zeros = 0;

	while (!bit(data, at))
		zeros++;
	*at += zeros;
}

/* Where vui_parameters_present_flag is in a set of profile High, as libx264 writes it: a bit. */
static unsigned int vui_flag(const uint8_t *sps)
{
	unsigned int at = 32;		/* unit header, profile, constraints, level */

	for (int i = 0; i < 4; i++)	/* id, chroma, depths */
		skip_ue(sps, &at);
	bit(sps, &at);
	assert_false(bit(sps, &at));	/* no matrices */
	for (int i = 0; i < 4; i++)	/* frame numbers, POC type 0, POC, references */
		skip_ue(sps, &at);
	bit(sps, &at);			/* gaps */
	skip_ue(sps, &at);		/* width */
	skip_ue(sps, &at);		/* height */
	assert_true(bit(sps, &at));	/* frames only */
	bit(sps, &at);
	assert_false(bit(sps, &at));	/* no cropping */
	return at;
}

static void remove_vui(AVPacket *p)
{
	uint8_t *sps = p->data, *next;
	unsigned int flag;

	while (memcmp(sps, "\0\0\1\x67", 4))
		sps++;
	sps += 3;
	for (next = sps; memcmp(next, "\0\0\1", 3);)
		next++;
	assert_int_equal(sps[1], FF_PROFILE_H264_HIGH);
	flag = vui_flag(sps);
	/* The flag is 0, then comes the bit that ends the set. */
	assert_true(bit(sps, &(unsigned int){ flag }));
	sps[flag / 8] = (uint8_t)(sps[flag / 8] & 0xff << (8 - flag % 8));
	flag++;
	if (flag % 8 == 0)
		sps[flag / 8] = 0;
	sps[flag / 8] |= (uint8_t)(0x80 >> flag % 8);
	memset(sps + flag / 8 + 1, 0, (size_t)(next - sps) - flag / 8 - 1);
}

/* Nothing says how many pictures are reordered: none is lost, and all come in their order. */
static void test_silent_reordering(void **state)
{
	struct stream s = { .num = 0 };
	struct pictures want;
	struct player p;

	(void)state;
	assert_true(stream_make(&s, &h264_b));
	stream_decode(&s, h264_b.pixelformat, &want);
	assert_int_equal(want.num, h264_b.pictures);
	for (unsigned int i = 0; i < s.num; i += (unsigned int)h264_b.gop)
		remove_vui(s.packets[i]);
	player_begin(&p, h264_b.pixelformat, 0);
	player_play(&p, &s, 0, s.num, true);
	pictures_compare(&p.got, &want);
	player_end(&p);
	stream_free(&s);
}

/*
 * START after a drain. Without reordering the stream goes on as if nothing had been. With it, what
 * refers to pictures before the drain is not shown, and nothing wrong is.
 */
static void test_start(void **state)
{
	(void)state;
	for (int b = 0; b < 2; b++) {
		const struct recipe *r = b ? &h264_b : &h264;
		struct stream s = { .num = 0 };
		struct pictures want;
		struct player p;

		assert_true(stream_make(&s, r));
		stream_decode(&s, r->pixelformat, &want);
		player_begin(&p, r->pixelformat, 0);
		player_play(&p, &s, 0, 10, true);
		assert_int_equal(p.got.num, 10);
		player_command(&p, V4L2_DEC_CMD_START);
		player_play(&p, &s, 10, s.num, true);
		if (b) {
			pictures_part(&p.got, &want);
			/* the key picture after the drain is the 17th */
			assert_int_equal(p.got.num, 18);
		} else {
			pictures_compare(&p.got, &want);
		}
		player_end(&p);
			stream_free(&s);
	}
}

static unsigned int count(const struct pictures *p, uint32_t flag)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < p->num; i++)
		n += !!(p->p[i].flags & flag);
	return n;
}

/* What the buffers say of their pictures. Every eighth is a key picture. */
static void test_flags(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct recipe r = h264_b;
		struct stream s = { .num = 0 };
		struct player p;

		r.interlaced = i;
		r.height = 96;
		assert_true(stream_make(&s, &r));
		player_begin(&p, r.pixelformat, 0);
		player_play(&p, &s, 0, s.num, true);
		assert_int_equal(p.got.num, 24);
		assert_int_equal(count(&p.got, V4L2_BUF_FLAG_KEYFRAME), 3);
		assert_int_equal(count(&p.got, V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME |
						       V4L2_BUF_FLAG_BFRAME), 24);
		assert_in_range(count(&p.got, V4L2_BUF_FLAG_BFRAME), 12, 18);
		assert_int_equal(count(&p.got, V4L2_BUF_FLAG_ERROR), 0);
		for (unsigned int n = 0; n < 24; n++)
			assert_int_equal(p.got.p[n].field, i ? V4L2_FIELD_INTERLACED_TB
							     : V4L2_FIELD_NONE);
		player_end(&p);
		stream_free(&s);
	}
}

/* A packet of H.264 whose slice is cut: the picture is shown, and it is damaged. */
static void test_damaged_flag(void **state)
{
	struct stream s = { .num = 0 };
	struct player p;

	(void)state;
	assert_true(stream_make(&s, &h264));
	s.packets[5]->size /= 2;
	player_begin(&p, V4L2_PIX_FMT_H264, 0);
	player_play(&p, &s, 0, s.num, true);
	assert_int_equal(p.got.num, 20);
	assert_true(p.got.p[5].flags & V4L2_BUF_FLAG_ERROR);
	assert_false(p.got.p[4].flags & V4L2_BUF_FLAG_ERROR);
	player_end(&p);
	stream_free(&s);
}

/* Which coded formats a device offers. */
static void test_names(void **state)
{
	static const struct {
		const char *codecs;
		int ret;
		uint32_t first;
		unsigned int num;
	} cases[] = {
		{ "vp8", 0, V4L2_PIX_FMT_VP8, 1 },
		{ "vp8,h264", 0, V4L2_PIX_FMT_H264, 2 },
		{ "mjpeg", 0, V4L2_PIX_FMT_MJPEG, 1 },
		{ "h264,mjpeg", -EINVAL, 0, 0 },
		{ "h26", -EINVAL, 0, 0 },
		{ "h264,,vp8", -EINVAL, 0, 0 },
		{ "", -EINVAL, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vmedia_decoder_options opts = { .libav.region_size = 1 << 20,
						       .libav.codecs = cases[i].codecs };
		struct rig *r = rig_begin();
		unsigned int n = 0;
		PAYLOAD(a);
		int ret = vmedia_libav_decoder_create(r->h.loop, &opts, &r->dev);

		assert_int_equal(ret, cases[i].ret);
		if (ret == 0) {
			rig_open(r);
			for (a.fmtdesc.type = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
			     !rig_ioctl(r, r->s, VMEDIA_NR_ENUM_FMT, &a); a.fmtdesc.index = ++n)
				if (!n)
					assert_int_equal(a.fmtdesc.pixelformat, cases[i].first);
			assert_int_equal(n, cases[i].num);
		}
		rig_end(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_in_place),
		cmocka_unit_test(test_codecs),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_silent_reordering),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_damaged_flag),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
