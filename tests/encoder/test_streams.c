/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The encoder beside libavcodec's: what it makes can be decoded, is what was given, and is byte by
 * byte what libavcodec makes when it is called directly with the same parameters.
 */
#include "clip.h"

#define W 96
#define H 64

static const struct {
	uint32_t coded;
	enum AVCodecID id;
	const char *encoder, *options;
} codecs[] = {
	{ V4L2_PIX_FMT_H264, AV_CODEC_ID_H264, "libx264",
	  "preset=veryfast,rc-lookahead=0,mbtree=0,b_strategy=0,b-pyramid=0,sc_threshold=0,"
	  "forced-idr=1,profile=high,x264-params=sync-lookahead=0:force-cfr=1" },
	{ V4L2_PIX_FMT_HEVC, AV_CODEC_ID_HEVC, "libx265",
	  "preset=ultrafast,tune=zerolatency,forced-idr=1,x265-params=log-level=none:info=0:"
	  "frame-threads=1:pools=none:wpp=0:ctu=32:scenecut=0:open-gop=0:b-adapt=0:b-pyramid=0:"
	  "qpmin=0:qpmax=51" },
	{ V4L2_PIX_FMT_VP8, AV_CODEC_ID_VP8, "libvpx",
	  "deadline=realtime,cpu-used=-6,lag-in-frames=0,auto-alt-ref=0" },
	{ V4L2_PIX_FMT_VP9, AV_CODEC_ID_VP9, "libvpx-vp9",
	  "deadline=realtime,cpu-used=8,lag-in-frames=0,auto-alt-ref=0,row-mt=0" },
	{ V4L2_PIX_FMT_AV1, AV_CODEC_ID_AV1, "libaom-av1",
	  "usage=realtime,cpu-used=8,lag-in-frames=0,row-mt=0,undershoot-pct=50,overshoot-pct=50" },
	{ V4L2_PIX_FMT_MJPEG, AV_CODEC_ID_MJPEG, "mjpeg", "" },
};

#define NUM_CODECS (sizeof(codecs) / sizeof(codecs[0]))

static bool offered(struct rig *r, uint32_t type, uint32_t pixelformat)
{
	for (uint32_t i = 0;; i++) {
		PAYLOAD(a);

		a.fmtdesc.index = i;
		a.fmtdesc.type = type;
		if (rig_ioctl(r, r->s, VMEDIA_NR_ENUM_FMT, &a))
			return false;
		if (a.fmtdesc.pixelformat == pixelformat)
			return true;
	}
}

/* Each coded format with each raw one that it accepts, of a rectangle in the middle. */
static void test_formats(void **state)
{
	static const uint32_t raws[] = { V4L2_PIX_FMT_NV12,   V4L2_PIX_FMT_YUV420,
					 V4L2_PIX_FMT_NV12M,  V4L2_PIX_FMT_YUV420M,
					 V4L2_PIX_FMT_P010,   V4L2_PIX_FMT_NV16,
					 V4L2_PIX_FMT_YUV422P, V4L2_PIX_FMT_YUV444M };

	(void)state;
	for (size_t i = 0; i < NUM_CODECS * 8; i++) {
		uint32_t coded = codecs[i / 8].coded, raw = raws[i % 8];
		struct recorder c;
		char name[16], raw_name[16];
		double db;
		PAYLOAD(a);

		if (!avcodec_find_encoder_by_name(codecs[i / 8].encoder))
			continue;
		recorder_open(&c, coded, V4L2_PIX_FMT_YUV420, W, H);
		if (!offered(c.r, V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE, raw)) {
			assert_true(i % 8 >= 4);
			recorder_end(&c);
			continue;
		}
		recorder_end(&c);
		recorder_open(&c, coded, raw, W + 32, H + 16);
		c.width = W;
		c.height = H;
		c.left = 6;
		c.top = 4;
		a.selection.type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
		a.selection.target = V4L2_SEL_TGT_CROP;
		a.selection.r = (struct vmedia_rect){ 6, 4, W, H };
		assert_int_equal(rig_ioctl(c.r, c.r->s, VMEDIA_NR_S_SELECTION, &a), 0);
		recorder_begin(&c);
		recorder_put(&c, 6);
		/* a packet follows each picture at once */
		assert_int_equal(c.got.num, 6);
		db = clip_check(&c.got, codecs[i / 8].id, 1, 6, false, NULL);
		print_message("%s of %s: %.1f dB\n", vmedia_fourcc(coded, name),
			      vmedia_fourcc(raw, raw_name), db);
		/* libaom begins a stream with little quality */
		assert_true(db > (coded == V4L2_PIX_FMT_AV1 ? 24 : 30));
		recorder_end(&c);
	}
}

static AVCodecContext *direct(size_t i)
{
	AVCodecContext *av;

	av = avcodec_alloc_context3(avcodec_find_encoder_by_name(codecs[i].encoder));
	av->width = W;
	av->height = H;
	av->pix_fmt = AV_PIX_FMT_YUV420P;
	av->time_base = (AVRational){ 1, 30 };
	av->framerate = (AVRational){ 30, 1 };
	av->sample_aspect_ratio = (AVRational){ 1, 1 };
	av->thread_count = 1;
	av->thread_type = FF_THREAD_SLICE;
	av->gop_size = 10;
	av->max_b_frames = 0;
	av->bit_rate = 300000;
	av->color_primaries = AVCOL_PRI_BT709;
	av->colorspace = AVCOL_SPC_BT709;
	av->color_trc = AVCOL_TRC_BT709;
	av->color_range = AVCOL_RANGE_MPEG;
	if (codecs[i].id == AV_CODEC_ID_H264 || codecs[i].id == AV_CODEC_ID_HEVC)
		av->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP;
	av->qmin = codecs[i].id == AV_CODEC_ID_HEVC ? -1 : 0;
	av->qmax = codecs[i].id == AV_CODEC_ID_H264   ? 51
		   : codecs[i].id == AV_CODEC_ID_HEVC ? -1
						      : 63;
	/* The rates of a variable bitrate. */
	if (codecs[i].id != AV_CODEC_ID_H264)
		av->rc_max_rate = av->bit_rate;
	if (codecs[i].id == AV_CODEC_ID_HEVC)
		av->rc_buffer_size = (int)av->bit_rate;
	else if (codecs[i].id != AV_CODEC_ID_H264)
		av->rc_buffer_size = (int)av->bit_rate * 2;
	if (codecs[i].id != AV_CODEC_ID_H264 && codecs[i].id != AV_CODEC_ID_HEVC)
		av->rc_min_rate = av->bit_rate;
	if (codecs[i].id != AV_CODEC_ID_MJPEG)
		return av;
	av->rc_min_rate = 0;
	av->rc_max_rate = 0;
	av->rc_buffer_size = 0;
	av->flags |= AV_CODEC_FLAG_QSCALE;
	av->strict_std_compliance = FF_COMPLIANCE_UNOFFICIAL;
	av->global_quality = (int)((1 + 20 * 30 / 99.0) * FF_QP2LAMBDA);
	av->qmin = 1;
	av->qmax = 31;
	av->gop_size = 1;
	av->bit_rate = 0;
	return av;
}

/* The same stream as libavcodec's, of each codec. */
static void test_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM_CODECS; i++) {
		struct clip want = { .num = 0 };
		struct recorder c;
		AVCodecContext *av;

		if (!avcodec_find_encoder_by_name(codecs[i].encoder)) {
			print_message("no %s here\n", codecs[i].encoder);
			continue;
		}
		av = direct(i);
		clip_encode(&want, av, codecs[i].options, 25, true);
		avcodec_free_context(&av);
		recorder_open(&c, codecs[i].coded, V4L2_PIX_FMT_YUV420, W, H);
		c.noisy = true;
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_BITRATE, 300000);
		recorder_set(&c, V4L2_CID_MPEG_VIDEO_GOP_SIZE, 10);
		recorder_begin(&c);
		recorder_put(&c, 25);
		recorder_drain(&c);
		print_message("%s: %u packets, %llu bytes\n", codecs[i].encoder, want.num,
			      (unsigned long long)clip_bytes(&want, 0, want.num));
		clip_compare(&c.got, &want);
		recorder_end(&c);
		clip_free(&want);
	}
}

/* The same with B pictures, which come in another order; each has its own time. */
static void test_b_frames(void **state)
{
	struct clip want = { .num = 0 };
	AVCodecContext *av = direct(0);
	struct recorder c;

	(void)state;
	if (!av->codec)
		skip();
	av->max_b_frames = 2;
	clip_encode(&want, av, codecs[0].options, 25, false);
	avcodec_free_context(&av);
	recorder_open(&c, V4L2_PIX_FMT_H264, V4L2_PIX_FMT_YUV420, W, H);
	recorder_set(&c, V4L2_CID_MPEG_VIDEO_BITRATE, 300000);
	recorder_set(&c, V4L2_CID_MPEG_VIDEO_GOP_SIZE, 10);
	recorder_set(&c, V4L2_CID_MPEG_VIDEO_B_FRAMES, 2);
	recorder_begin(&c);
	recorder_put(&c, 25);
	recorder_drain(&c);
	clip_compare(&c.got, &want);
	assert_int_equal(clip_count(&c.got, V4L2_BUF_FLAG_KEYFRAME), 3);
	assert_in_range(clip_count(&c.got, V4L2_BUF_FLAG_BFRAME), 12, 16);
	assert_int_equal(clip_count(&c.got, V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME |
						    V4L2_BUF_FLAG_BFRAME), 25);
	assert_true(clip_check(&c.got, AV_CODEC_ID_H264, 1, 25, false, NULL) > 30);
	recorder_end(&c);
	clip_free(&want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_b_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
