/* SPDX-License-Identifier: BSD-3-Clause */
/* Formats, sizes, intervals, inputs, selections, priority: what v4l2-compliance asks of each. */
#include "rig.h"

#define CAP V4L2_BUF_TYPE_VIDEO_CAPTURE

static const struct vmedia_frame_interval ivs[] = { { .min = { 1, 30 } },
						    { .min = { 1, 15 } },
						    { .min = { 1, 5 } } };
static const struct vmedia_frame_size sizes[] = {
	{ .width = 640, .height = 480, .intervals = ivs, .num_intervals = 3 },
	{ .width = 320, .height = 240, .intervals = ivs, .num_intervals = 2 },
	{ .width = 1280, .height = 720, .intervals = ivs + 1, .num_intervals = 1 },
};
static const struct vmedia_frame_size step[] = {
	{ .width = 16,
	  .height = 16,
	  .max_width = 1920,
	  .step_width = 16,
	  .max_height = 1080,
	  .step_height = 8 },
};
static const struct vmedia_format_config formats[] = {
	{ .pixelformat = V4L2_PIX_FMT_YUYV, .sizes = sizes, .num_sizes = 3 },
	{ .pixelformat = V4L2_PIX_FMT_NV12, .sizes = step, .num_sizes = 1 },
	{ .pixelformat = V4L2_PIX_FMT_MJPEG, .sizes = sizes, .num_sizes = 3 },
};
static const struct vmedia_queue_config queue = {
	.type = CAP, .formats = formats, .num_formats = 3, .ops = &manual_ops,
};
static const struct vmedia_video_io inputs[] = { { .name = "Front" }, { .name = "Back" } };
static const struct vmedia_video_config camera = {
	.card = "test",
	.queues = &queue,
	.num_queues = 1,
	.crop = true,
	.inputs = inputs,
	.num_inputs = 2,
};

static void test_enum(void **state)
{
	struct rig *r = rig_new(&camera);
	PAYLOAD(a);

	(void)state;
	memset(&a, 0xff, sizeof(a));
	a.fmtdesc.index = 2;
	a.fmtdesc.type = CAP;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_ENUM_FMT, &a), 0);
	assert_string_equal((char *)a.fmtdesc.description, "Motion-JPEG");
	assert_int_equal(a.fmtdesc.flags, V4L2_FMT_FLAG_COMPRESSED);
	assert_int_equal(a.fmtdesc.mbus_code, 0);
	assert_int_equal(a.fmtdesc.reserved[0] | a.fmtdesc.reserved[1] | a.fmtdesc.reserved[2], 0);
	a.fmtdesc.index = 1 | V4L2_FMTDESC_FLAG_ENUM_ALL;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_ENUM_FMT, &a), 0);
	assert_int_equal(a.fmtdesc.index, 1);
	a.fmtdesc.index = 3;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_ENUM_FMT, &a), -EINVAL);
	a.fmtdesc.index = 0;
	a.fmtdesc.type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_ENUM_FMT, &a), -EINVAL);
	a.fmtdesc.type = 0x80;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_ENUM_FMT, &a), -EINVAL);
	rig_end(r);
}

static void test_try_set_get(void **state)
{
	struct rig *r = rig_new(&camera);
	struct vmedia_format fmt = rig_format(r, r->s, CAP);
	PAYLOAD(a);

	(void)state;
	assert_int_equal(fmt.fmt.pix.width, 640);
	assert_int_equal(fmt.fmt.pix.bytesperline, 1280);
	assert_int_equal(fmt.fmt.pix.sizeimage, 614400);
	assert_int_equal(fmt.fmt.pix.field, V4L2_FIELD_NONE);
	assert_int_equal(fmt.fmt.pix.colorspace, V4L2_COLORSPACE_SRGB);
	assert_int_equal(fmt.fmt.pix.priv, V4L2_PIX_FMT_PRIV_MAGIC);
	/* TRY(G) = G, S(G) = G */
	a.format = fmt;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_TRY_FMT, &a), 0);
	assert_memory_equal(&a.format, &fmt, sizeof(fmt));
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_FMT, &a), 0);
	assert_memory_equal(&a.format, &fmt, sizeof(fmt));
	/* all bits set */
	memset(&a, 0xff, sizeof(a));
	a.format.type = CAP;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_TRY_FMT, &a), 0);
	assert_int_equal(a.format.fmt.pix.pixelformat, V4L2_PIX_FMT_YUYV);
	assert_int_equal(a.format.fmt.pix.width, 1280);
	assert_int_equal(a.format.fmt.pix.colorspace, V4L2_COLORSPACE_SRGB);
	assert_true(a.format.fmt.pix.ycbcr_enc < 0xff && a.format.fmt.pix.quantization < 0xff);
	/* TRY changed nothing */
	a.format = rig_format(r, r->s, CAP);
	assert_memory_equal(&a.format, &fmt, sizeof(fmt));
	/* nothing set */
	memset(&a, 0, sizeof(a));
	a.format.type = CAP;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_FMT, &a), 0);
	assert_int_equal(a.format.fmt.pix.width, 320);
	/* steps */
	a.format.fmt.pix.pixelformat = V4L2_PIX_FMT_NV12;
	a.format.fmt.pix.width = 1000;
	a.format.fmt.pix.height = 9999;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_FMT, &a), 0);
	assert_int_equal(a.format.fmt.pix.width, 1008);
	assert_int_equal(a.format.fmt.pix.height, 1080);
	assert_int_equal(a.format.fmt.pix.sizeimage, 1008 * 1080 * 3 / 2);
	a.format.type = V4L2_BUF_TYPE_META_CAPTURE;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_G_FMT, &a), -EINVAL);
	rig_end(r);
}

/*
 * Whatever is asked, the answer is one of the device's formats, and asking for the answer gives the
 * answer.
 */
static void test_fit_is_idempotent(void **state)
{
	struct rig *r = rig_new(&camera);
	unsigned int i, j;
	struct vmedia_format once;
	PAYLOAD(a);

	(void)state;
	rig_seed();
	for (i = 0; i < 2000; i++) {
		for (j = 0; j < sizeof(a.format); j++)
			a.raw[j] = (uint8_t)rig_random();
		a.format.type = CAP;
		if (rig_random() & 1)
			a.format.fmt.pix.pixelformat = formats[rig_random() % 3].pixelformat;
		if (rig_random() & 1) {
			a.format.fmt.pix.width &= 0xfff;
			a.format.fmt.pix.height &= 0xfff;
		}
		assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_TRY_FMT, &a), 0);
		once = a.format;
		assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_TRY_FMT, &a), 0);
		assert_memory_equal(&a.format, &once, sizeof(once));
		assert_true(once.fmt.pix.sizeimage > 0);
	}
	rig_end(r);
}

static void test_busy(void **state)
{
	struct rig *r = rig_new(&camera);
	PAYLOAD(a);

	(void)state;
	assert_int_equal(rig_reqbufs(r, r->s, CAP, V4L2_MEMORY_MMAP, 2), 2);
	a.format = rig_format(r, r->s, CAP);
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_FMT, &a), -EBUSY);
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_TRY_FMT, &a), 0);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, V4L2_MEMORY_MMAP, 0), 0);
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_FMT, &a), 0);
	rig_end(r);
}

static void test_frames(void **state)
{
	struct rig *r = rig_new(&camera);
	PAYLOAD(a);

	(void)state;
	memset(&a, 0xff, sizeof(a));
	a.frmsizeenum.index = 1;
	a.frmsizeenum.pixel_format = V4L2_PIX_FMT_YUYV;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_ENUM_FRAMESIZES, &a), 0);
	assert_int_equal(a.frmsizeenum.type, V4L2_FRMSIZE_TYPE_DISCRETE);
	assert_int_equal(a.frmsizeenum.discrete.width, 320);
	assert_int_equal(a.frmsizeenum.reserved[0] | a.frmsizeenum.reserved[1], 0);
	a.frmsizeenum.index = 0;
	a.frmsizeenum.pixel_format = V4L2_PIX_FMT_NV12;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_ENUM_FRAMESIZES, &a), 0);
	assert_int_equal(a.frmsizeenum.type, V4L2_FRMSIZE_TYPE_STEPWISE);
	assert_int_equal(a.frmsizeenum.stepwise.max_width, 1920);
	a.frmsizeenum.pixel_format = 0x20202020;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_ENUM_FRAMESIZES, &a), -EINVAL);

	memset(&a, 0xff, sizeof(a));
	a.frmivalenum = (struct vmedia_frmivalenum){ .index = 1,
						     .pixel_format = V4L2_PIX_FMT_MJPEG,
						     .width = 320,
						     .height = 240,
						     .reserved = { 1, 1 } };
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_ENUM_FRAMEINTERVALS, &a), 0);
	assert_int_equal(a.frmivalenum.discrete.denominator, 15);
	assert_int_equal(a.frmivalenum.reserved[0], 0);
	a.frmivalenum.index = 2;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_ENUM_FRAMEINTERVALS, &a), -EINVAL);
	a.frmivalenum.index = 0;
	a.frmivalenum.width = 321;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_ENUM_FRAMEINTERVALS, &a), -EINVAL);
	rig_end(r);
}

static void test_parm(void **state)
{
	struct rig *r = rig_new(&camera);
	PAYLOAD(a);

	(void)state;
	memset(&a, 0xff, sizeof(a));
	a.streamparm.type = CAP;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_G_PARM, &a), 0);
	assert_int_equal(a.streamparm.parm.capture.capability, V4L2_CAP_TIMEPERFRAME);
	assert_int_equal(a.streamparm.parm.capture.timeperframe.denominator, 30);
	assert_int_equal(a.streamparm.parm.capture.readbuffers, 0);
	assert_int_equal(a.streamparm.parm.capture.reserved[0], 0);
	a.streamparm.parm.capture.timeperframe = (struct vmedia_fract){ 1, 14 };
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_PARM, &a), 0);
	assert_int_equal(a.streamparm.parm.capture.timeperframe.denominator, 15);
	a.streamparm.parm.capture.timeperframe = (struct vmedia_fract){ 0xffffffff, 1 };
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_PARM, &a), 0);
	assert_int_equal(a.streamparm.parm.capture.timeperframe.denominator, 5);
	a.streamparm.parm.capture.timeperframe = (struct vmedia_fract){ 0, 0 };
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_PARM, &a), 0);
	assert_int_equal(a.streamparm.parm.capture.timeperframe.denominator, 30);
	a.streamparm.type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_G_PARM, &a), -EINVAL);
	/* the new size has one interval: it is taken */
	memset(&a, 0, sizeof(a));
	a.format.type = CAP;
	a.format.fmt.pix.width = 1280;
	a.format.fmt.pix.height = 720;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_FMT, &a), 0);
	a.streamparm.type = CAP;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_G_PARM, &a), 0);
	assert_int_equal(a.streamparm.parm.capture.timeperframe.denominator, 15);
	rig_end(r);
}

static void test_inputs(void **state)
{
	struct rig *r = rig_new(&camera);
	PAYLOAD(a);

	(void)state;
	memset(&a, 0xff, sizeof(a));
	a.input.index = 1;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_ENUMINPUT, &a), 0);
	assert_string_equal((char *)a.input.name, "Back");
	assert_int_equal(a.input.type, V4L2_INPUT_TYPE_CAMERA);
	assert_int_equal(a.input.reserved[0] | a.input.reserved[2], 0);
	a.input.index = 2;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_ENUMINPUT, &a), -EINVAL);
	a.s32 = 1;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_INPUT, &a), 0);
	a.s32 = -1;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_G_INPUT, &a), 0);
	assert_int_equal(a.s32, 1);
	a.s32 = 2;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_INPUT, &a), -EINVAL);
	a.s32 = -1;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_INPUT, &a), -EINVAL);
	/* what a camera has not */
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_G_OUTPUT, &a), -ENOTTY);
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_ENUMOUTPUT, &a), -ENOTTY);
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_G_STD, &a), -ENOTTY);
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_ENUMAUDIO, &a), -ENOTTY);
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_G_TUNER, &a), -ENOTTY);
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_DV_TIMINGS_CAP, &a), -ENOTTY);
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_DECODER_CMD, &a), -ENOTTY);
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_QUERYCTRL, &a), -ENOTTY);
	rig_end(r);
}

static void test_selection(void **state)
{
	struct rig *r = rig_new(&camera);
	PAYLOAD(a);

	(void)state;
	memset(&a, 0xff, sizeof(a));
	a.selection = (struct vmedia_selection){ .type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE,
						 .target = V4L2_SEL_TGT_CROP };
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_G_SELECTION, &a), 0);
	assert_int_equal(a.selection.r.width, 640);
	a.selection.target = V4L2_SEL_TGT_COMPOSE;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_G_SELECTION, &a), -EINVAL);
	a.selection.target = V4L2_SEL_TGT_CROP;
	a.selection.flags = 1u << 7;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_SELECTION, &a), -EINVAL);
	a.selection.flags = V4L2_SEL_FLAG_LE;
	a.selection.r = (struct vmedia_rect){ 0, 0, 10, 10 };
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_SELECTION, &a), -ERANGE);
	a.selection.flags = V4L2_SEL_FLAG_GE;
	a.selection.r = (struct vmedia_rect){ 0, 0, 10, 10 };
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_SELECTION, &a), 0);
	assert_int_equal(a.selection.r.height, 480);
	memset(&a, 0xff, sizeof(a));
	a.cropcap.type = CAP;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_CROPCAP, &a), 0);
	assert_int_equal(a.cropcap.bounds.width, 640);
	assert_int_equal(a.cropcap.pixelaspect.denominator, 1);
	a.crop.type = CAP;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_G_CROP, &a), 0);
	a.cropcap.type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_CROPCAP, &a), -EINVAL);
	rig_end(r);
}

static void test_priority(void **state)
{
	struct rig *r = rig_new(&camera);
	PAYLOAD(a);

	(void)state;
	rig_open2(r);
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_G_PRIORITY, &a), 0);
	assert_int_equal(a.u32, V4L2_PRIORITY_DEFAULT);
	a.u32 = V4L2_PRIORITY_RECORD;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_PRIORITY, &a), 0);
	assert_int_equal(rig_ioctl(r, r->s2, VMEDIA_NR_G_PRIORITY, &a), 0);
	assert_int_equal(a.u32, V4L2_PRIORITY_RECORD);
	a.u32 = V4L2_PRIORITY_INTERACTIVE;
	assert_int_equal(rig_ioctl(r, r->s2, VMEDIA_NR_S_PRIORITY, &a), -EBUSY);
	a.u32 = 99;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_PRIORITY, &a), -EINVAL);
	a.format = rig_format(r, r->s2, CAP);
	assert_int_equal(rig_ioctl(r, r->s2, VMEDIA_NR_S_FMT, &a), -EBUSY);
	assert_int_equal(rig_ioctl(r, r->s2, VMEDIA_NR_TRY_FMT, &a), 0);
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_FMT, &a), 0);
	/* the session that had it goes, and its priority with it */
	assert_int_equal(harness_close(&r->h, r->s), 0);
	assert_int_equal(rig_ioctl(r, r->s2, VMEDIA_NR_S_FMT, &a), 0);
	rig_end(r);
}

static void test_reset_restores(void **state)
{
	struct rig *r = rig_new(&camera);
	struct vmedia_format before = rig_format(r, r->s, CAP), after;
	PAYLOAD(a);

	(void)state;
	a.format.type = CAP;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_FMT, &a), 0);
	a.s32 = 1;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_INPUT, &a), 0);
	harness_restart(&r->h);
	harness_forget(&r->h);
	assert_int_equal(harness_open(&r->h, &r->s), 0);
	after = rig_format(r, r->s, CAP);
	assert_memory_equal(&before, &after, sizeof(after));
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_G_INPUT, &a), 0);
	assert_int_equal(a.s32, 0);
	rig_end(r);
}

/* A configuration that contradicts itself is refused, with a sentence. */
static void test_bad_configs(void **state)
{
	static const struct vmedia_format_config no_sizes = { .pixelformat = V4L2_PIX_FMT_YUYV };
	static const struct vmedia_format_config m_format = { .pixelformat = V4L2_PIX_FMT_NV12M,
							      .sizes = sizes,
							      .num_sizes = 3 };
	static const struct vmedia_format_config unknown = { .pixelformat = 0x12345678,
							     .sizes = sizes,
							     .num_sizes = 3 };
	static const struct vmedia_format_config *const bad[] = { &no_sizes, &m_format, &unknown };
	struct vmedia_queue_config q = { .type = CAP, .num_formats = 1 };
	struct vmedia_video_config cfg = { .card = "bad", .queues = &q, .num_queues = 1 };
	static const struct vmedia_ctrl_config range = { .id = V4L2_CID_BRIGHTNESS,
							 .min = 5,
							 .max = 1 };
	static const struct vmedia_capture_ops source = { 0 };
	struct vmedia_loop *loop;
	struct vmedia_device *dev;
	unsigned int i;

	(void)state;
	vmedia_log_set_level(-1);
	assert_int_equal(vmedia_loop_create(&loop), 0);
	for (i = 0; i < 3; i++) {
		q.formats = bad[i];
		assert_int_equal(vmedia_video_create(loop, &cfg, &dev), -EINVAL);
	}
	q.formats = formats;
	q.type = V4L2_BUF_TYPE_VIDEO_OVERLAY;
	assert_int_equal(vmedia_video_create(loop, &cfg, &dev), -EINVAL);
	q.type = CAP;
	q.capture = &source;
	q.min_queued = 1;
	assert_int_equal(vmedia_video_create(loop, &cfg, &dev), -EINVAL);
	q.capture = NULL;
	q.min_queued = 0;
	cfg.ctrls = &range;
	cfg.num_ctrls = 1;
	assert_int_equal(vmedia_video_create(loop, &cfg, &dev), -EINVAL);
	cfg.num_ctrls = 0;
	cfg.num_queues = 9;
	assert_int_equal(vmedia_video_create(loop, &cfg, &dev), -EINVAL);
	vmedia_loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_enum),
		cmocka_unit_test(test_try_set_get),
		cmocka_unit_test(test_fit_is_idempotent),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_parm),
		cmocka_unit_test(test_inputs),
		cmocka_unit_test(test_selection),
		cmocka_unit_test(test_priority),
		cmocka_unit_test(test_reset_restores),
		cmocka_unit_test(test_bad_configs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
