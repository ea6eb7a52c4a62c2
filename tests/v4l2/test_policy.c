/* SPDX-License-Identifier: BSD-3-Clause */
/* What a policy leaves of devices of the framework: ranges of a capture device, and codecs. */
#include "rig.h"

#include <vmedia/policy.h>

#include "mock_codec.h"
#undef STOP
#undef START
#include "mock_encoder.h"

#define CAPTURE V4L2_BUF_TYPE_VIDEO_CAPTURE

/* 1/1000 to 1/10 s, by 3/1000 s */
static const struct vmedia_frame_interval steps[] = {
	{ .min = { 1, 1000 }, .max = { 100, 1000 }, .step = { 3, 1000 } },
};
static const struct vmedia_frame_interval any[] = {
	{ .min = { 1, 1000 }, .max = { 1, 10 }, .step = { 1, 1 } },
};
static const struct vmedia_frame_size range[] = {
	{ .width = 32, .height = 16, .max_width = 1920, .max_height = 1080, .step_width = 16,
	  .step_height = 8, .intervals = steps, .num_intervals = 1 },
};
static const struct vmedia_frame_size range2[] = {
	{ .width = 32, .height = 16, .max_width = 1920, .max_height = 1080, .step_width = 16,
	  .step_height = 8, .intervals = any, .num_intervals = 1 },
};
static const struct vmedia_format_config ranges[] = {
	{ .pixelformat = V4L2_PIX_FMT_GREY, .sizes = range, .num_sizes = 1 },
	{ .pixelformat = V4L2_PIX_FMT_YUYV, .sizes = range2, .num_sizes = 1 },
};
static const struct vmedia_queue_config queue = {
	.type = CAPTURE, .formats = ranges, .num_formats = 2, .ops = &manual_ops,
};
static const struct vmedia_video_config config = { .card = "q", .queues = &queue,
						   .num_queues = 1 };

/* Give @r a policy, and a new session to which it applies. */
static void restrict_to(struct rig *r, const char *name, const char *value)
{
	struct vmedia_policy policy = { 0 };
	char why[512];

	assert_int_equal(vmedia_policy_option(&policy, name, value, why, sizeof(why)), 0);
	assert_int_equal(vmedia_device_set_policy(r->dev, &policy), -EBUSY);
	assert_int_equal(harness_close(&r->h, r->s), 0);
	assert_int_equal(vmedia_device_set_policy(r->dev, &policy), 0);
	assert_int_equal(harness_open(&r->h, &r->s), 0);
}

static int enum_size(struct rig *r, uint32_t fourcc, struct vmedia_frmsizeenum *e)
{
	PAYLOAD(a);
	int err;

	a.frmsizeenum.pixel_format = fourcc;
	err = rig_ioctl(r, r->s, VMEDIA_NR_ENUM_FRAMESIZES, &a);
	*e = a.frmsizeenum;
	return err;
}

static int s_fmt(struct rig *r, uint32_t w, uint32_t h, struct vmedia_pix_format *pix)
{
	PAYLOAD(a);
	int err;

	a.format.type = CAPTURE;
	a.format.fmt.pix.pixelformat = V4L2_PIX_FMT_GREY;
	a.format.fmt.pix.width = w;
	a.format.fmt.pix.height = h;
	err = rig_ioctl(r, r->s, VMEDIA_NR_S_FMT, &a);
	*pix = a.format.fmt.pix;
	return err;
}

static void test_size_range(void **state)
{
	struct rig *r = rig_new(&config);
	struct vmedia_frmsizeenum e;
	struct vmedia_pix_format pix;

	/* 32 + 41 * 16 = 688 and 16 + 60 * 8 = 496 are the last steps up to it. */
	restrict_to(r, "max-size", "700x500");
	assert_int_equal(enum_size(r, V4L2_PIX_FMT_GREY, &e), 0);
	assert_int_equal(e.type, V4L2_FRMSIZE_TYPE_STEPWISE);
	assert_int_equal(e.stepwise.min_width, 32);
	assert_int_equal(e.stepwise.max_width, 688);
	assert_int_equal(e.stepwise.max_height, 496);
	/* The framework rounds 700 up to 704. */
	assert_int_equal(s_fmt(r, 1920, 1080, &pix), 0);
	assert_int_equal(pix.width, 688);
	assert_int_equal(pix.height, 496);
	assert_int_equal(s_fmt(r, 64, 5000, &pix), 0);
	assert_int_equal(pix.width, 64);
	assert_int_equal(pix.height, 496);
	restrict_to(r, "max-size", "700x15");
	assert_int_equal(enum_size(r, V4L2_PIX_FMT_GREY, &e), -EINVAL);
	assert_int_equal(rig_reqbufs(r, r->s, CAPTURE, MMAP, 2), -EINVAL);
	rig_end(r);
}

static int enum_interval(struct rig *r, uint32_t fourcc, struct vmedia_frmivalenum *e)
{
	PAYLOAD(a);
	int err;

	a.frmivalenum.pixel_format = fourcc;
	a.frmivalenum.width = 640;
	a.frmivalenum.height = 480;
	err = rig_ioctl(r, r->s, VMEDIA_NR_ENUM_FRAMEINTERVALS, &a);
	*e = a.frmivalenum;
	return err;
}

static void test_interval_range(void **state)
{
	struct rig *r = rig_new(&config);
	struct vmedia_frmivalenum e;

	/* 1/30 s lies between 1/1000 + 10 * 3/1000 = 31/1000 and 34/1000. */
	restrict_to(r, "max-fps", "30");
	assert_int_equal(enum_interval(r, V4L2_PIX_FMT_GREY, &e), 0);
	assert_int_equal(e.type, V4L2_FRMIVAL_TYPE_STEPWISE);
	assert_int_equal(e.stepwise.min.numerator, 17);
	assert_int_equal(e.stepwise.min.denominator, 500);
	assert_int_equal(e.stepwise.max.denominator, 1000);
	assert_int_equal(enum_interval(r, V4L2_PIX_FMT_YUYV, &e), 0);
	assert_int_equal(e.type, V4L2_FRMIVAL_TYPE_CONTINUOUS);
	assert_int_equal(e.stepwise.min.numerator, 1);
	assert_int_equal(e.stepwise.min.denominator, 30);
	restrict_to(r, "max-fps", "9");
	assert_int_equal(enum_interval(r, V4L2_PIX_FMT_YUYV, &e), -EINVAL);
	rig_end(r);
}

static uint32_t count_formats(struct rig *r, uint32_t type, uint32_t *first)
{
	uint32_t n = 0;

	for (;; n++) {
		PAYLOAD(a);

		a.fmtdesc.index = n;
		a.fmtdesc.type = type;
		if (rig_ioctl(r, r->s, VMEDIA_NR_ENUM_FMT, &a))
			return n;
		assert_int_equal(a.fmtdesc.index, n);
		if (!n)
			*first = a.fmtdesc.pixelformat;
	}
}

static void watch(struct rig *r)
{
	PAYLOAD(a);

	a.event_subscription.type = V4L2_EVENT_SOURCE_CHANGE;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_SUBSCRIBE_EVENT, &a), 0);
}

/* Both queues of a decoder; CAPTURE's format is one that is allowed, not the picture's own. */
static void test_decoder_formats(void **state)
{
	struct client c = client_open(false, false);
	uint32_t first;

	restrict_to(c.r, "allow-formats", "HEVC,YM12");
	assert_int_equal(count_formats(c.r, OUT, &first), 0);
	restrict_to(c.r, "allow-formats", "H264,YM12");
	assert_int_equal(count_formats(c.r, OUT, &first), 1);
	assert_int_equal(first, V4L2_PIX_FMT_H264);
	watch(c.r);
	client_begin(&c, 4);
	client_put(&c, "S0", 10);
	client_expect(&c, " 10", " CHANGE");
	assert_int_equal(count_formats(c.r, CAP, &first), 1);
	assert_int_equal(first, V4L2_PIX_FMT_YUV420M);
	assert_int_equal(rig_format(c.r, c.r->s, CAP).fmt.pix_mp.pixelformat,
			 V4L2_PIX_FMT_YUV420M);
	assert_true(client_setup(&c, 2) >= 2);
	client_put(&c, "K1", 20);
	client_expect(&c, " 20", " 1@20k");
	client_end(&c);
}

/* A stream's size is its own. One beyond the limit is told, and not decoded. */
static void test_decoder_size(void **state)
{
	struct client c = client_open(false, false);
	struct vmedia_format f;

	restrict_to(c.r, "max-size", "100x64");
	watch(c.r);
	assert_int_equal(client_s_fmt(&c, OUT, V4L2_PIX_FMT_H264, 1920, 1080, &f), 0);
	assert_true(f.fmt.pix_mp.width <= 100 && f.fmt.pix_mp.height <= 64);
	client_begin(&c, 4);
	client_put(&c, "S2", 10);
	client_expect(&c, " 10", " CHANGE");
	assert_int_equal(rig_format(c.r, c.r->s, CAP).fmt.pix_mp.width, 128);
	assert_int_equal(rig_reqbufs(c.r, c.r->s, CAP, MMAP, 4), -EINVAL);
	client_seek(&c);
	client_put(&c, "S0", 20);
	client_expect(&c, " 20", " CHANGE");
	assert_true(client_setup(&c, 2) >= 2);
	client_put(&c, "K1", 30);
	client_expect(&c, " 30", " 1@30k");
	/* It grows: what goes on with the buffers that there are is refused, too. */
	client_put(&c, "S2K2", 40);
	client_expect(&c, " 40", " CHANGE LAST");
	assert_int_equal(client_command(&c, V4L2_DEC_CMD_START), -EINVAL);
	assert_int_equal(rig_stream(c.r, c.r->s, CAP, false), 0);
	assert_int_equal(rig_stream(c.r, c.r->s, CAP, true), -EINVAL);
	client_end(&c);
}

/* An encoder's size is that of its pictures: CAPTURE's follows, whatever is set first. */
static void test_encoder_size(void **state)
{
	struct enc e = enc_open();
	struct vmedia_pix_format_mplane f;
	struct vmedia_frmsizeenum size;
	uint32_t first;

	restrict_to(e.r, "max-size", "320x240");
	assert_int_equal(enum_size(e.r, V4L2_PIX_FMT_H264, &size), 0);
	assert_int_equal(size.stepwise.max_width, 320);
	assert_int_equal(enc_s_fmt(&e, CAP, V4L2_PIX_FMT_H264, 1920, 1080, 0, &f), 0);
	assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_NV12, 1920, 1080, 0, &f), 0);
	assert_int_equal(f.width, 320);
	assert_int_equal(f.height, 240);
	assert_int_equal(enc_g_fmt(&e, CAP).width, 320);
	enc_begin(&e, 2, 2);
	/* The coded size of 1080 lines is 1088. */
	restrict_to(e.r, "max-size", "1920x1080");
	assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_NV12, 4000, 4000, 0, &f), 0);
	assert_int_equal(f.width, 1920);
	assert_int_equal(f.height, 1080);
	assert_int_equal(enc_s_fmt(&e, CAP, V4L2_PIX_FMT_H264, 4000, 4000, 0, &f), 0);
	assert_int_equal(f.height, 1088);
	enc_begin(&e, 2, 2);
	restrict_to(e.r, "allow-formats", "VP80,NM12,NV12");
	assert_int_equal(count_formats(e.r, CAP, &first), 1);
	assert_int_equal(first, V4L2_PIX_FMT_VP8);
	assert_int_equal(enc_s_fmt(&e, CAP, V4L2_PIX_FMT_H264, 320, 240, 0, &f), 0);
	assert_int_equal(f.pixelformat, V4L2_PIX_FMT_VP8);
	enc_end(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size_range),
		cmocka_unit_test(test_interval_range),
		cmocka_unit_test(test_decoder_formats),
		cmocka_unit_test(test_decoder_size),
		cmocka_unit_test(test_encoder_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
