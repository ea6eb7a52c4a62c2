/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the encoder's controls do to the stream: rates, key pictures, headers, profiles, colours;
 * before it begins and while it runs.
 */
#include "clip.h"

#define OUT V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE

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
};

#define NUM_CODECS (sizeof(codecs) / sizeof(codecs[0]))

/* A session with codec @i, or false: this libavcodec lacks it. */
static bool begin(struct recorder *c, size_t i, int w, int h)
{
	if (!avcodec_find_encoder_by_name(codecs[i].encoder)) {
		print_message("no %s here\n", codecs[i].encoder);
		return false;
	}
	recorder_open(c, codecs[i].coded, V4L2_PIX_FMT_NV12, w, h);
	return true;
}

static void s_parm(struct recorder *c, uint32_t num, uint32_t den)
{
	PAYLOAD(a);

	a.streamparm.type = OUT;
	a.streamparm.parm.output.timeperframe = (struct vmedia_fract){ num, den };
	assert_int_equal(rig_ioctl(c->r, c->r->s, VMEDIA_NR_S_PARM, &a), 0);
}

/* Within 10 % of what was asked for, over ten seconds. */
static void check_rate(const struct clip *c, unsigned int from, unsigned int to, uint32_t rate,
		       unsigned int fps, const char *what)
{
	double got = (double)clip_bytes(c, from, to) * 8 * fps / (to - from);

	print_message("%s: %.0f bit/s of %u\n", what, got, rate);
	assert_true(got > rate * 0.9 && got < rate * 1.1);
}

static void test_bitrate(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM_CODECS * 2; i++) {
		struct recorder c;

		if (!begin(&c, i / 2, 160, 96))
			continue;
		c.noisy = true;
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_BITRATE, 400000);
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_BITRATE_MODE, (int32_t)(i % 2));
		s_parm(&c, 1, 20);
		recorder_begin(&c);
		recorder_put(&c, 200);
		assert_int_equal(c.got.num, 200);
		check_rate(&c.got, 0, 200, 400000, 20, codecs[i / 2].encoder);
		recorder_end(&c);
	}
}

/*
 * Other rates while it runs: of x264 without a key picture, of others with one. Then another frame
 * rate at the same bitrate: fewer bits for each.
 */
static void test_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM_CODECS; i++) {
		bool live = codecs[i].id == AV_CODEC_ID_H264;
		struct recorder c;

		if (!begin(&c, i, 160, 96))
			continue;
		c.noisy = true;
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_BITRATE, 150000);
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_BITRATE_MODE,
			     V4L2_MPEG_VIDEO_BITRATE_MODE_CBR);
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_GOP_SIZE, 0);
		s_parm(&c, 1, 10);
		recorder_begin(&c);
		recorder_put(&c, 100);
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_BITRATE, 300000);
		recorder_put(&c, 200);
		s_parm(&c, 1, 20);
		recorder_put(&c, 200);
		assert_int_equal(c.got.num, 500);
		/* x264 reaches another rate after some seconds, which are left out */
		check_rate(&c.got, 0, 100, 150000, 10, codecs[i].encoder);
		check_rate(&c.got, 200, 300, 300000, 10, "twice as much");
		check_rate(&c.got, 300, 500, 300000, 20, "and twice as often");
		assert_int_equal(clip_count(&c.got, V4L2_BUF_FLAG_KEYFRAME), live ? 2 : 3);
		assert_int_equal(!!(c.got.p[100].flags & V4L2_BUF_FLAG_KEYFRAME), !live);
		assert_true(c.got.p[300].flags & V4L2_BUF_FLAG_KEYFRAME);
		clip_check(&c.got, codecs[i].id, 1, 500, true, NULL);
		recorder_end(&c);
	}
}

/* Frame rates in large numbers, the shortest and the longest. */
static void test_odd_rates(void **state)
{
	static const struct vmedia_fract rates[] = {
		{ 1001, 30000 }, { 4294967295u, 4294967295u }, { 133333333, 3999999999u },
		{ 1, 4294967295u }, { 4294967295u, 1 }, { 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < NUM_CODECS * 6; i++) {
		struct recorder c;

		if (!begin(&c, i / 6, 96, 64))
			continue;
		s_parm(&c, rates[i % 6].numerator, rates[i % 6].denominator);
		recorder_begin(&c);
		recorder_put(&c, 2);
		recorder_drain(&c);
		assert_int_equal(c.got.num, 2);
		recorder_end(&c);
	}
}

/* Key pictures where they are asked for, and as often as the GOP says, and nowhere else. */
static void test_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM_CODECS * 2; i++) {
		bool b_frames = i % 2;
		struct recorder c;

		if (!begin(&c, i / 2, 96, 64))
			continue;
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_GOP_SIZE, 12);
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_B_FRAMES, b_frames ? 2 : 0);
		recorder_begin(&c);
		recorder_put(&c, 17);
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 1);
		recorder_put(&c, 15);
		recorder_drain(&c);
		assert_int_equal(c.got.num, 32);
		for (unsigned int n = 0; n < 32; n++) {
			const struct coded *p = &c.got.p[n];
			bool key = p->pts == 1 || p->pts == 13 || p->pts == 18 || p->pts == 30;

			assert_int_equal(!!(p->flags & V4L2_BUF_FLAG_KEYFRAME), key);
		}
		clip_check(&c.got, codecs[i / 2].id, 1, 32, false, NULL);
		recorder_end(&c);
	}
}

/* ---- Drains ---- */

/*
 * A drain of an encoder that has nothing delayed changes nothing; one with B pictures gives them,
 * and begins again.
 */
static void test_drain(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM_CODECS * 2; i++) {
		bool b_frames = i % 2 && i / 2 < 2;
		struct recorder c;

		if (!begin(&c, i / 2, 96, 64))
			continue;
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_B_FRAMES, b_frames ? 2 : 0);
		recorder_begin(&c);
		recorder_put(&c, 9);
		recorder_drain(&c);
		assert_int_equal(c.got.num, 9);
		recorder_resume(&c);
		recorder_put(&c, 3);
		recorder_drain(&c);
		assert_int_equal(c.got.num, 12);
		assert_int_equal(clip_count(&c.got, V4L2_BUF_FLAG_KEYFRAME), b_frames ? 2 : 1);
		clip_check(&c.got, codecs[i / 2].id, 1, 12, false, NULL);
		recorder_end(&c);
	}
}

/* ---- Headers ---- */

/* The type of the first NAL unit, and of the last one. */
static unsigned int nal(const struct coded *p, bool hevc, bool last)
{
	unsigned int type = 0;

	for (uint32_t i = 0; i + 3 < p->size; i++)
		if (!p->data[i] && !p->data[i + 1] && p->data[i + 2] == 1) {
			type = hevc ? p->data[i + 3] >> 1 & 63u : p->data[i + 3] & 31u;
			if (!last)
				break;
		}
	return type;
}

/* Intra refresh: no IDR picture after the first, whatever the GOP, and all can be decoded. */
static void test_refresh(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct recorder c;

		if (!begin(&c, i, 160, 96))
			continue;
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_GOP_SIZE, 10);
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_INTRA_REFRESH_PERIOD, 12);
		recorder_begin(&c);
		recorder_put(&c, 40);
		assert_int_equal(c.got.num, 40);
		/* of H.264 5, of HEVC 16 to 21 */
		for (unsigned int n = 0; n < 40; n++) {
			unsigned int type = nal(&c.got.p[n], i, true);

			assert_int_equal(i ? type >= 16 && type <= 21 : type == 5, !n);
		}
		assert_true(clip_check(&c.got, codecs[i].id, 1, 40, false, NULL) > 30);
		recorder_end(&c);
	}
}

static void test_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < 8; i++) {
		bool hevc = i / 4, separate = i & 1, repeat = i & 2;
		unsigned int first = hevc ? 32 : 7, pps = hevc ? 34 : 8, n = separate;
		struct recorder c;

		if (!begin(&c, hevc, 96, 64))
			continue;
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_GOP_SIZE, 5);
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_HEADER_MODE,
			     separate ? V4L2_MPEG_VIDEO_HEADER_MODE_SEPARATE
				      : V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME);
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_PREPEND_SPSPPS_TO_IDR, repeat);
		recorder_begin(&c);
		recorder_put(&c, 10);
		assert_int_equal(c.got.num, 10 + separate);
		assert_int_equal(nal(&c.got.p[0], hevc, false), first);
		assert_int_equal(nal(&c.got.p[0], hevc, true) == pps, separate);
		assert_int_equal(c.got.p[0].pts, 1);
		assert_int_equal(c.got.p[n].pts, 1);
		assert_true(c.got.p[n].flags & V4L2_BUF_FLAG_KEYFRAME);
		assert_int_equal(c.got.p[0].flags & V4L2_BUF_FLAG_KEYFRAME && separate, false);
		if (separate)
			assert_int_not_equal(nal(&c.got.p[1], hevc, false), first);
		assert_int_equal(nal(&c.got.p[n + 5], hevc, false) == first, repeat);
		clip_check(&c.got, codecs[hevc].id, 1, 10, false, NULL);
		/* anew after STREAMOFF of CAPTURE */
		assert_int_equal(rig_stream(c.r, c.r->s, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE, false),
				 0);
		for (uint32_t b = 0; b < 4; b++)
			assert_int_equal(rig_queue(c.r, c.r->s, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE,
						   b), 0);
		assert_int_equal(rig_stream(c.r, c.r->s, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE, true),
				 0);
		clip_free(&c.got);
		recorder_put(&c, 3);
		assert_int_equal(nal(&c.got.p[0], hevc, false), first);
		clip_check(&c.got, codecs[hevc].id, 11, 3, false, NULL);
		recorder_end(&c);
	}
}

/* ---- Profiles, levels, quality ---- */

static AVCodecContext *decoded(struct recorder *c, size_t i)
{
	AVCodecContext *av;

	recorder_begin(c);
	recorder_put(c, 6);
	recorder_drain(c);
	assert_true(clip_check(&c->got, codecs[i].id, 1, 6, false, &av) > 20);
	return av;
}

static void test_profiles(void **state)
{
	static const struct {
		int32_t profile, level, b_frames;
		int want, want_level;
	} rows[] = {
		{ V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE, V4L2_MPEG_VIDEO_H264_LEVEL_3_1, 2,
		  FF_PROFILE_H264_CONSTRAINED_BASELINE, 31 },
		{ V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE,
		  V4L2_MPEG_VIDEO_H264_LEVEL_1_0, 0, FF_PROFILE_H264_CONSTRAINED_BASELINE, 0 },
		{ V4L2_MPEG_VIDEO_H264_PROFILE_MAIN, V4L2_MPEG_VIDEO_H264_LEVEL_4_0, 1,
		  FF_PROFILE_H264_MAIN, 40 },
		{ V4L2_MPEG_VIDEO_H264_PROFILE_HIGH, V4L2_MPEG_VIDEO_H264_LEVEL_6_2, 0,
		  FF_PROFILE_H264_HIGH, 62 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AVCodecContext *av;
		struct recorder c;

		if (!begin(&c, 0, 96, 64))
			skip();
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_H264_PROFILE, rows[i].profile);
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_H264_LEVEL, rows[i].level);
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_B_FRAMES, rows[i].b_frames);
		av = decoded(&c, 0);
		assert_int_equal(av->profile, rows[i].want);
		if (rows[i].want_level)
			assert_int_equal(av->level, rows[i].want_level);
		else	/* what 4 Mbit/s need */
			assert_in_range(av->level, 20, 31);
		avcodec_free_context(&av);
		recorder_end(&c);
	}
}

static int32_t g_ctrl(struct recorder *c, uint32_t id)
{
	PAYLOAD(a);

	a.control.id = id;
	assert_int_equal(rig_ioctl(c->r, c->r->s, VMEDIA_NR_G_CTRL, &a), 0);
	return a.control.value;
}

/* The profile that a format of pictures has is what the control says, and no other can be set. */
static void test_profiles_of_formats(void **state)
{
	static const struct {
		size_t codec;
		uint32_t raw, id;
		int32_t value;
		int want;
	} rows[] = {
		{ 0, V4L2_PIX_FMT_P010, V4L2_CID_MPEG_VIDEO_H264_PROFILE,
		  V4L2_MPEG_VIDEO_H264_PROFILE_HIGH_10, FF_PROFILE_H264_HIGH_10 },
		{ 0, V4L2_PIX_FMT_NV16, V4L2_CID_MPEG_VIDEO_H264_PROFILE,
		  V4L2_MPEG_VIDEO_H264_PROFILE_HIGH_422, FF_PROFILE_H264_HIGH_422 },
		{ 0, V4L2_PIX_FMT_YUV444M, V4L2_CID_MPEG_VIDEO_H264_PROFILE,
		  V4L2_MPEG_VIDEO_H264_PROFILE_HIGH_444_PREDICTIVE,
		  FF_PROFILE_H264_HIGH_444_PREDICTIVE },
		{ 1, V4L2_PIX_FMT_NV12, V4L2_CID_MPEG_VIDEO_HEVC_PROFILE,
		  V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN, FF_PROFILE_HEVC_MAIN },
		{ 1, V4L2_PIX_FMT_P010, V4L2_CID_MPEG_VIDEO_HEVC_PROFILE,
		  V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN_10, FF_PROFILE_HEVC_MAIN_10 },
		{ 3, V4L2_PIX_FMT_NV12, V4L2_CID_MPEG_VIDEO_VP9_PROFILE,
		  V4L2_MPEG_VIDEO_VP9_PROFILE_0, FF_PROFILE_VP9_0 },
		{ 3, V4L2_PIX_FMT_YUV444M, V4L2_CID_MPEG_VIDEO_VP9_PROFILE,
		  V4L2_MPEG_VIDEO_VP9_PROFILE_1, FF_PROFILE_VP9_1 },
		{ 3, V4L2_PIX_FMT_P010, V4L2_CID_MPEG_VIDEO_VP9_PROFILE,
		  V4L2_MPEG_VIDEO_VP9_PROFILE_2, FF_PROFILE_VP9_2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AVCodecContext *av;
		struct recorder c;

		if (!avcodec_find_encoder_by_name(codecs[rows[i].codec].encoder))
			continue;
		recorder_open(&c, codecs[rows[i].codec].coded, rows[i].raw, 96, 64);
		assert_int_equal(g_ctrl(&c, rows[i].id), rows[i].value);
		recorder_set(&c, rows[i].id, rows[i].value);
		for (int32_t v = 0; v < 8; v++) {
			PAYLOAD(a);

			a.control = (struct vmedia_control){ .id = rows[i].id, .value = v };
			if (v != rows[i].value)
				assert_true(rig_ioctl(c.r, c.r->s, VMEDIA_NR_S_CTRL, &a) < 0);
		}
		av = decoded(&c, rows[i].codec);
		assert_int_equal(av->profile, rows[i].want);
		avcodec_free_context(&av);
		recorder_end(&c);
	}
}

static void test_hevc_level(void **state)
{
	AVCodecContext *av;
	struct recorder c;

	(void)state;
	if (!begin(&c, 1, 96, 64))
		skip();
	recorder_set(&c, V4L2_CID_MPEG_VIDEO_HEVC_LEVEL, V4L2_MPEG_VIDEO_HEVC_LEVEL_5_1);
	av = decoded(&c, 1);
	assert_int_equal(av->level, 153);
	avcodec_free_context(&av);
	recorder_end(&c);
}

/* Less quality is fewer bytes: as a constant, and by quantizers, of each kind and bounded. */
static void test_quality(void **state)
{
	static const uint32_t qp[][3] = {
		{ V4L2_CID_MPEG_VIDEO_H264_P_FRAME_QP, V4L2_CID_MPEG_VIDEO_H264_I_FRAME_QP,
		  V4L2_CID_MPEG_VIDEO_H264_MIN_QP },
		{ V4L2_CID_MPEG_VIDEO_HEVC_P_FRAME_QP, V4L2_CID_MPEG_VIDEO_HEVC_I_FRAME_QP,
		  V4L2_CID_MPEG_VIDEO_HEVC_MIN_QP },
		{ V4L2_CID_MPEG_VIDEO_VPX_P_FRAME_QP, 0, V4L2_CID_MPEG_VIDEO_VPX_MIN_QP },
	};

	(void)state;
	for (size_t i = 0; i < NUM_CODECS; i++) {
		const uint32_t *ids = qp[i < 2 ? i : 2];
		uint64_t bytes[6], first[6];

		for (unsigned int k = 0; k < 6; k++) {
			struct recorder c;

			if (!begin(&c, i, 160, 96))
				break;
			c.noisy = true;
			switch (k) {
			case 0:
			case 1:
				recorder_set(&c, V4L2_CID_MPEG_VIDEO_BITRATE_MODE,
					     V4L2_MPEG_VIDEO_BITRATE_MODE_CQ);
				recorder_set(&c, V4L2_CID_MPEG_VIDEO_CONSTANT_QUALITY, k ? 30 : 80);
				break;
			case 2:
			case 3:
				recorder_set(&c, V4L2_CID_MPEG_VIDEO_FRAME_RC_ENABLE, 0);
				recorder_set(&c, ids[0], k == 2 ? 20 : 40);
				if (ids[1])
					recorder_set(&c, ids[1], 30);
				break;
			default:
				recorder_set(&c, V4L2_CID_MPEG_VIDEO_BITRATE, 8000000);
				recorder_set(&c, ids[2], k == 4 ? 0 : 40);
			}
			recorder_begin(&c);
			recorder_put(&c, 12);
			bytes[k] = clip_bytes(&c.got, 0, c.got.num);
			first[k] = c.got.p[0].size;
			print_message("%s, way %u: %llu bytes\n", codecs[i].encoder, k,
				      (unsigned long long)bytes[k]);
			clip_check(&c.got, codecs[i].id, 1, 12, true, NULL);
			recorder_end(&c);
			if (!(k & 1))
				continue;
			assert_true(bytes[k] * 3 < bytes[k - 1] * 2);
			/* I pictures have a quantizer of their own. */
			if (k == 3 && ids[1])
				assert_int_equal(first[k], first[k - 1]);
		}
	}
}

/* ---- Colours ---- */

static void test_colours(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM_CODECS; i++) {
		AVCodecContext *av;
		struct recorder c;
		PAYLOAD(a);

		/* VP8 has none. */
		if (codecs[i].id == AV_CODEC_ID_VP8 || !begin(&c, i, 96, 64))
			continue;
		a.format = rig_format(c.r, c.r->s, OUT);
		a.format.fmt.pix_mp.colorspace = V4L2_COLORSPACE_BT2020;
		a.format.fmt.pix_mp.quantization = V4L2_QUANTIZATION_FULL_RANGE;
		a.format.fmt.pix_mp.xfer_func = V4L2_XFER_FUNC_SMPTE2084;
		assert_int_equal(rig_ioctl(c.r, c.r->s, VMEDIA_NR_S_FMT, &a), 0);
		av = decoded(&c, i);
		assert_int_equal(av->colorspace, AVCOL_SPC_BT2020_NCL);
		assert_int_equal(av->color_range, AVCOL_RANGE_JPEG);
		/* VP9 has the matrix only */
		if (codecs[i].id != AV_CODEC_ID_VP9) {
			assert_int_equal(av->color_primaries, AVCOL_PRI_BT2020);
			assert_int_equal(av->color_trc, AVCOL_TRC_SMPTE2084);
		}
		avcodec_free_context(&av);
		recorder_end(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bitrate),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_odd_rates),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_profiles_of_formats),
		cmocka_unit_test(test_hevc_level),
		cmocka_unit_test(test_quality),
		cmocka_unit_test(test_colours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
