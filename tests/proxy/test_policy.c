/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a policy lets a guest do with a host's device, whose answers come later: formats, sizes,
 * intervals and ioctls.
 */
#include "policy_host.h"

#include <vmedia/policy.h>

static int enum_fmt(struct fake_host *f, uint32_t s, uint32_t index, uint32_t *fourcc)
{
	union vmedia_payload arg = { .fmtdesc = { .index = index, .type = TYPE } };
	int err = ask_ioctl(f, s, VMEDIA_NR_ENUM_FMT, &arg);

	if (!err)
		assert_int_equal(arg.fmtdesc.index, index);
	*fourcc = arg.fmtdesc.pixelformat;
	return err;
}

static int do_format(struct fake_host *f, uint32_t s, uint32_t nr, uint32_t fourcc, uint32_t w,
		     uint32_t h, struct vmedia_pix_format *pix)
{
	union vmedia_payload arg = { .format = { .type = TYPE } };
	int err;

	arg.format.fmt.pix.pixelformat = fourcc;
	arg.format.fmt.pix.width = w;
	arg.format.fmt.pix.height = h;
	err = ask_ioctl(f, s, nr, &arg);
	*pix = arg.format.fmt.pix;
	return err;
}

static int create_bufs(struct fake_host *f, uint32_t s, uint32_t fourcc, uint32_t w, uint32_t h)
{
	union vmedia_payload arg = { .create_buffers = { .count = 1, .memory = V4L2_MEMORY_MMAP,
							 .format.type = TYPE } };

	arg.create_buffers.format.fmt.pix = (struct vmedia_pix_format){
		.pixelformat = fourcc, .width = w, .height = h, .sizeimage = HOST_LENGTH,
	};
	return ask_ioctl(f, s, VMEDIA_NR_CREATE_BUFS, &arg);
}

static void test_formats(void **state)
{
	uint32_t s, fourcc, count = 2;
	struct vmedia_pix_format pix;
	struct fake_host *f;

	f = with_policy(&s, POLICY("allow-formats", "NV12, MJPG"));
	assert_int_equal(enum_fmt(f, s, 0, &fourcc), 0);
	assert_int_equal(fourcc, V4L2_PIX_FMT_MJPEG);
	assert_int_equal(enum_fmt(f, s, 1, &fourcc), 0);
	assert_int_equal(fourcc, V4L2_PIX_FMT_NV12);
	assert_int_equal(enum_fmt(f, s, 2, &fourcc), -EINVAL);
	/* The host has YUYV: the guest is told what it would get, and the host keeps it. */
	hw.line = 5000;
	assert_int_equal(do_format(f, s, VMEDIA_NR_G_FMT, 0, 0, 0, &pix), 0);
	assert_int_equal(pix.pixelformat, V4L2_PIX_FMT_MJPEG);
	assert_int_equal(pix.width, 1920);
	assert_int_equal(pix.bytesperline, 3840);
	assert_int_equal(do_format(f, s, VMEDIA_NR_TRY_FMT, V4L2_PIX_FMT_H264, 640, 480, &pix), 0);
	assert_int_equal(pix.pixelformat, V4L2_PIX_FMT_MJPEG);
	assert_int_equal(hw.sets, 0);
	assert_int_equal(create_bufs(f, s, V4L2_PIX_FMT_YUYV, 640, 480), -EINVAL);
	assert_int_equal(hw.sets, 0);
	/* What makes buffers has it changed. */
	assert_int_equal(reqbufs(f, s, TYPE, V4L2_MEMORY_MMAP, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(hw.fourcc, V4L2_PIX_FMT_MJPEG);
	assert_int_equal(do_format(f, s, VMEDIA_NR_S_FMT, V4L2_PIX_FMT_NV12, 640, 480, &pix), 0);
	assert_int_equal(pix.pixelformat, V4L2_PIX_FMT_NV12);
	assert_int_equal(hw.fourcc, V4L2_PIX_FMT_NV12);
	assert_int_equal(hw.w, 640);
	assert_int_equal(do_format(f, s, VMEDIA_NR_S_FMT, V4L2_PIX_FMT_YUYV, 640, 480, &pix), 0);
	assert_int_equal(hw.fourcc, V4L2_PIX_FMT_MJPEG);
	/* Another program of the host changes it behind the guest's back. */
	hw.fourcc = V4L2_PIX_FMT_YUYV;
	assert_int_equal(stream(f, s, TYPE, true), -EINVAL);
	hw.fourcc = V4L2_PIX_FMT_NV12;
	assert_int_equal(stream(f, s, TYPE, true), 0);
	end_policy(f, s);
}

/* The device has not got what the guest asks for, and would take what is not allowed. */
static void test_other_format(void **state)
{
	struct vmedia_pix_format pix;
	struct fake_host *f;
	uint32_t s;

	f = with_policy(&s, POLICY("allow-formats", "RGB3,NV12"));
	assert_int_equal(do_format(f, s, VMEDIA_NR_TRY_FMT, V4L2_PIX_FMT_RGB24, 640, 480, &pix),
			 0);
	assert_int_equal(pix.pixelformat, V4L2_PIX_FMT_NV12);
	assert_int_equal(do_format(f, s, VMEDIA_NR_S_FMT, V4L2_PIX_FMT_RGB24, 640, 480, &pix), 0);
	assert_int_equal(hw.fourcc, V4L2_PIX_FMT_NV12);
	assert_int_equal(hw.sets, 1);
	end_policy(f, s);
}

/* What the host says of a question that the guest has not asked is the guest's answer, too. */
static int broken(struct fake_host *f, uint32_t nr, void *arg)
{
	return nr == VMEDIA_NR_ENUM_FMT ? -EIO : hw_script(f, nr, arg);
}

static void test_broken(void **state)
{
	struct vmedia_pix_format pix;
	uint32_t s, count = 2;
	struct fake_host *f;

	f = with_policy(&s, POLICY("allow-formats", "NV12"));
	fake_script(f, broken);
	assert_int_equal(do_format(f, s, VMEDIA_NR_G_FMT, 0, 0, 0, &pix), -EIO);
	assert_int_equal(do_format(f, s, VMEDIA_NR_S_FMT, V4L2_PIX_FMT_YUYV, 640, 480, &pix),
			 -EIO);
	assert_int_equal(reqbufs(f, s, TYPE, V4L2_MEMORY_MMAP, &count), -EIO);
	end_policy(f, s);
}

/* If the host does not say what it has set, it is not known to be allowed. */
static uint32_t failing;

static int fails(struct fake_host *f, uint32_t nr, void *arg)
{
	return nr == failing ? -EIO : hw_script(f, nr, arg);
}

static int lacks(struct fake_host *f, uint32_t nr, void *arg)
{
	return nr == failing ? -ENOTTY : hw_script(f, nr, arg);
}

static void test_unknown(void **state)
{
	struct vmedia_pix_format pix;
	uint32_t s, count = 2;
	struct fake_host *f;

	f = with_policy(&s, POLICY("allow-formats", "NV12", "max-fps", "20"));
	fake_script(f, fails);
	failing = VMEDIA_NR_G_FMT;
	assert_int_equal(reqbufs(f, s, TYPE, V4L2_MEMORY_MMAP, &count), -EIO);
	assert_int_equal(create_bufs(f, s, V4L2_PIX_FMT_NV12, 640, 480), -EIO);
	failing = VMEDIA_NR_G_PARM;
	assert_int_equal(reqbufs(f, s, TYPE, V4L2_MEMORY_MMAP, &count), 0);
	assert_int_equal(stream(f, s, TYPE, true), -EIO);
	failing = VMEDIA_NR_G_FMT;
	assert_int_equal(stream(f, s, TYPE, true), -EIO);
	assert_false(f->file[0].streaming[TYPE]);
	end_policy(f, s);
	f = with_policy(&s, POLICY("max-size", "1100x700"));
	fake_script(f, fails);
	failing = VMEDIA_NR_ENUM_FRAMESIZES;
	assert_int_equal(do_format(f, s, VMEDIA_NR_S_FMT, V4L2_PIX_FMT_YUYV, 1100, 650, &pix),
			 -EIO);
	assert_int_equal(hw.sets, 0);
	end_policy(f, s);
}

/* Another session sets the timings between the look at the format and REQBUFS. */
static void test_output(void **state)
{
	const uint32_t type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
	uint32_t s, count = 2;
	struct fake_host *f;

	f = with_policy(&s, POLICY("max-size", "640x480"));
	assert_int_equal(reqbufs(f, s, type, V4L2_MEMORY_MMAP, &count), 0);
	assert_int_equal(hw.w, 640);
	hw.w = 1920;
	assert_int_equal(stream(f, s, type, true), -EINVAL);
	hw.w = 640;
	assert_int_equal(stream(f, s, type, true), 0);
	end_policy(f, s);
}

/* A decoder of the kind that has no V4L2_CAP_VIDEO_M2M_MPLANE, and a stream of a larger picture. */
static int planes(struct fake_host *f, uint32_t nr, void *arg)
{
	struct vmedia_format *fmt = arg;

	if (nr == VMEDIA_NR_DECODER_CMD) {
		hw.writes++;
		return 0;
	}
	if (nr != VMEDIA_NR_G_FMT && nr != VMEDIA_NR_TRY_FMT)
		return HOST_DEFAULT;
	if (fmt->type != V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE)
		return -EINVAL;
	fmt->fmt.pix_mp = (struct vmedia_pix_format_mplane){
		.width = 1920, .height = 1080, .num_planes = 1,
	};
	return 0;
}

static void test_decoder(void **state)
{
	union vmedia_payload arg = { .decoder_cmd = { .cmd = V4L2_DEC_CMD_START } };
	struct vmedia_policy policy = { .max_width = 640, .max_height = 480 };
	struct fake_host *f;
	uint32_t s;

	memset(&hw, 0, sizeof(hw));
	f = fake_host_new_caps(NULL, V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_VIDEO_OUTPUT_MPLANE |
				     V4L2_CAP_STREAMING);
	assert_int_equal(vmedia_device_set_policy(f->dev, &policy), 0);
	fake_script(f, planes);
	assert_int_equal(ask_open(f, &s), 0);
	assert_int_equal(ask_ioctl(f, s, VMEDIA_NR_DECODER_CMD, &arg), -EINVAL);
	assert_int_equal(hw.writes, 0);
	arg.decoder_cmd.cmd = V4L2_DEC_CMD_STOP;
	assert_int_equal(ask_ioctl(f, s, VMEDIA_NR_DECODER_CMD, &arg), 0);
	end_policy(f, s);
}

/* CREATE_BUFS of no buffers only asks what there is; V4L2 does not look at the format then. */
static void test_create_none(void **state)
{
	union vmedia_payload arg = { .create_buffers = { .memory = V4L2_MEMORY_MMAP,
							 .format.type = TYPE } };
	struct fake_host *f;
	uint32_t s;

	f = with_policy(&s, POLICY("allow-formats", "NV12"));
	assert_int_equal(ask_ioctl(f, s, VMEDIA_NR_CREATE_BUFS, &arg), 0);
	assert_int_equal(hw.sets, 0);
	end_policy(f, s);
}

static void test_no_format(void **state)
{
	struct vmedia_pix_format pix;
	uint32_t s, fourcc, count = 2;
	struct fake_host *f;

	f = with_policy(&s, POLICY("allow-formats", "BA81"));
	assert_int_equal(enum_fmt(f, s, 0, &fourcc), -EINVAL);
	assert_int_equal(do_format(f, s, VMEDIA_NR_G_FMT, 0, 0, 0, &pix), -EINVAL);
	assert_int_equal(do_format(f, s, VMEDIA_NR_S_FMT, V4L2_PIX_FMT_YUYV, 640, 480, &pix),
			 -EINVAL);
	assert_int_equal(reqbufs(f, s, TYPE, V4L2_MEMORY_MMAP, &count), -EINVAL);
	assert_int_equal(hw.sets, 0);
	end_policy(f, s);
}

static int enum_size(struct fake_host *f, uint32_t s, uint32_t index, uint32_t *w)
{
	union vmedia_payload arg = { .frmsizeenum = { .index = index,
						      .pixel_format = V4L2_PIX_FMT_YUYV } };
	int err = ask_ioctl(f, s, VMEDIA_NR_ENUM_FRAMESIZES, &arg);

	*w = arg.frmsizeenum.discrete.width;
	return err;
}

static int enum_interval(struct fake_host *f, uint32_t s, uint32_t index, uint32_t w, uint32_t h,
			 uint32_t *fps)
{
	union vmedia_payload arg = { .frmivalenum = { .index = index, .width = w, .height = h,
						      .pixel_format = V4L2_PIX_FMT_YUYV } };
	int err = ask_ioctl(f, s, VMEDIA_NR_ENUM_FRAMEINTERVALS, &arg);

	*fps = arg.frmivalenum.discrete.denominator;
	return err;
}

static void test_sizes(void **state)
{
	struct vmedia_pix_format pix;
	uint32_t s, w, count = 2;
	struct fake_host *f;

	/* A wish of 1100x650 is nearest to 1280x720, which is too large. */
	f = with_policy(&s, POLICY("max-size", "1100x700"));
	assert_int_equal(enum_size(f, s, 0, &w), 0);
	assert_int_equal(w, 640);
	assert_int_equal(enum_size(f, s, 1, &w), 0);
	assert_int_equal(w, 320);
	assert_int_equal(enum_size(f, s, 2, &w), -EINVAL);
	assert_int_equal(enum_interval(f, s, 0, 1280, 720, &w), -EINVAL);
	assert_int_equal(enum_interval(f, s, 0, 640, 480, &w), 0);
	assert_int_equal(do_format(f, s, VMEDIA_NR_G_FMT, 0, 0, 0, &pix), 0);
	assert_int_equal(pix.width, 640);
	assert_int_equal(do_format(f, s, VMEDIA_NR_TRY_FMT, V4L2_PIX_FMT_YUYV, 1100, 650, &pix),
			 0);
	assert_int_equal(pix.width, 640);
	assert_int_equal(create_bufs(f, s, V4L2_PIX_FMT_YUYV, 1280, 720), -EINVAL);
	assert_int_equal(hw.sets, 0);
	assert_int_equal(do_format(f, s, VMEDIA_NR_S_FMT, V4L2_PIX_FMT_YUYV, 1100, 650, &pix), 0);
	assert_int_equal(hw.w, 640);
	assert_int_equal(hw.sets, 1);
	/* The lines of the larger picture are not those of the smaller one. */
	hw.w = 1920;
	hw.line = 3840;
	assert_int_equal(do_format(f, s, VMEDIA_NR_G_FMT, 0, 0, 0, &pix), 0);
	assert_int_equal(pix.bytesperline, 1280);
	assert_int_equal(reqbufs(f, s, TYPE, V4L2_MEMORY_MMAP, &count), 0);
	assert_int_equal(hw.w, 640);
	assert_int_equal(hw.line, 1280);
	end_policy(f, s);
}

/* The size is a signal's: the guest is told, and gets no buffers. */
static void test_dictated(void **state)
{
	struct vmedia_pix_format pix;
	struct fake_host *f;
	uint32_t s, count = 2;

	f = with_policy(&s, POLICY("max-size", "1100x700"));
	hw.dictates = true;
	assert_int_equal(do_format(f, s, VMEDIA_NR_G_FMT, 0, 0, 0, &pix), 0);
	assert_int_equal(pix.width, 1920);
	assert_int_equal(do_format(f, s, VMEDIA_NR_S_FMT, V4L2_PIX_FMT_YUYV, 640, 480, &pix), 0);
	assert_int_equal(pix.width, 1920);
	assert_int_equal(reqbufs(f, s, TYPE, V4L2_MEMORY_MMAP, &count), -EINVAL);
	assert_int_equal(create_bufs(f, s, V4L2_PIX_FMT_YUYV, 640, 480), -EINVAL);
	assert_int_equal(f->file[0].count[TYPE], 0);
	end_policy(f, s);
}

static void test_no_try(void **state)
{
	struct vmedia_pix_format pix;
	struct fake_host *f;
	uint32_t s;

	f = with_policy(&s, POLICY("allow-formats", "NV12"));
	hw.no_try = true;
	assert_int_equal(do_format(f, s, VMEDIA_NR_TRY_FMT, V4L2_PIX_FMT_YUYV, 640, 480, &pix),
			 -ENOTTY);
	assert_int_equal(do_format(f, s, VMEDIA_NR_S_FMT, V4L2_PIX_FMT_YUYV, 640, 480, &pix), 0);
	assert_int_equal(pix.pixelformat, V4L2_PIX_FMT_NV12);
	end_policy(f, s);
}

static int do_parm(struct fake_host *f, uint32_t s, uint32_t nr, uint32_t fps, uint32_t *now)
{
	union vmedia_payload arg = { .streamparm = { .type = TYPE } };
	int err;

	arg.streamparm.parm.capture.timeperframe = (struct vmedia_fract){ !!fps, fps };
	err = ask_ioctl(f, s, nr, &arg);
	*now = arg.streamparm.parm.capture.timeperframe.denominator;
	return err;
}

static void test_rates(void **state)
{
	uint32_t s, fps, count = 2;
	struct fake_host *f;

	f = with_policy(&s, POLICY("max-fps", "29"));
	assert_int_equal(enum_interval(f, s, 0, 640, 480, &fps), 0);
	assert_int_equal(fps, 15);
	assert_int_equal(enum_interval(f, s, 1, 640, 480, &fps), -EINVAL);
	assert_int_equal(do_parm(f, s, VMEDIA_NR_G_PARM, 0, &fps), 0);
	assert_int_equal(fps, 15);
	assert_int_equal(hw.rates, 0);
	/* 1/29 s is nearest to 1/30 s; 0 is the driver's default, 1/60 s. */
	assert_int_equal(do_parm(f, s, VMEDIA_NR_S_PARM, 60, &fps), 0);
	assert_int_equal(fps, 15);
	assert_int_equal(hw.interval.denominator, 15);
	/* It was never 1/30 s: another session may have begun to stream then. */
	assert_int_equal(hw.rates, 1);
	assert_int_equal(do_parm(f, s, VMEDIA_NR_S_PARM, 0, &fps), 0);
	assert_int_equal(fps, 15);
	assert_int_equal(hw.interval.denominator, 15);
	assert_int_equal(reqbufs(f, s, TYPE, V4L2_MEMORY_MMAP, &count), 0);
	hw.interval.denominator = 60;
	assert_int_equal(stream(f, s, TYPE, true), 0);
	assert_int_equal(hw.interval.denominator, 15);
	end_policy(f, s);
	/* What is allowed is as V4L2 has it: the nearest. */
	f = with_policy(&s, POLICY("max-fps", "30"));
	assert_int_equal(do_parm(f, s, VMEDIA_NR_S_PARM, 25, &fps), 0);
	assert_int_equal(fps, 30);
	assert_int_equal(do_parm(f, s, VMEDIA_NR_S_PARM, 16, &fps), 0);
	assert_int_equal(fps, 15);
	end_policy(f, s);
}

/* The device does not say which intervals it has. */
static void test_no_intervals(void **state)
{
	struct fake_host *f;
	uint32_t s, fps, count = 2;

	f = with_policy(&s, POLICY("max-fps", "30"));
	fake_script(f, lacks);
	failing = VMEDIA_NR_ENUM_FRAMEINTERVALS;
	assert_int_equal(do_parm(f, s, VMEDIA_NR_S_PARM, 16, &fps), 0);
	assert_int_equal(fps, 15);
	assert_int_equal(do_parm(f, s, VMEDIA_NR_S_PARM, 60, &fps), 0);
	assert_int_equal(fps, 30);
	/* 0 is the driver's default, 1/60 s. */
	assert_int_equal(do_parm(f, s, VMEDIA_NR_S_PARM, 0, &fps), 0);
	assert_int_equal(fps, 30);
	/* It does, and fails. */
	fake_script(f, fails);
	hw.rates = 0;
	assert_int_equal(do_parm(f, s, VMEDIA_NR_S_PARM, 16, &fps), -EIO);
	failing = VMEDIA_NR_G_FMT;
	assert_int_equal(do_parm(f, s, VMEDIA_NR_S_PARM, 16, &fps), -EIO);
	hw.interval.denominator = 60;
	assert_int_equal(do_parm(f, s, VMEDIA_NR_G_PARM, 0, &fps), -EIO);
	assert_int_equal(hw.rates, 0);
	end_policy(f, s);
	/* 1/24 s is nearest to 1/30 s. */
	f = with_policy(&s, POLICY("max-fps", "24"));
	fake_script(f, lacks);
	failing = VMEDIA_NR_ENUM_FRAMEINTERVALS;
	assert_int_equal(do_parm(f, s, VMEDIA_NR_S_PARM, 60, &fps), 0);
	assert_int_equal(fps, 15);
	hw.interval.denominator = 60;
	assert_int_equal(reqbufs(f, s, TYPE, V4L2_MEMORY_MMAP, &count), 0);
	assert_int_equal(stream(f, s, TYPE, true), 0);
	assert_int_equal(hw.interval.denominator, 15);
	end_policy(f, s);
}

/* A driver that does not look at the type. */
static void test_other_type(void **state)
{
	union vmedia_payload arg = { .streamparm = { .type = V4L2_BUF_TYPE_VBI_CAPTURE } };
	struct fake_host *f;
	uint32_t s;

	f = with_policy(&s, POLICY("max-fps", "29"));
	assert_int_equal(ask_ioctl(f, s, VMEDIA_NR_S_PARM, &arg), -EINVAL);
	assert_int_equal(hw.rates, 0);
	end_policy(f, s);
}

static void test_too_fast(void **state)
{
	uint32_t s, fps, count = 2;
	struct fake_host *f;

	f = with_policy(&s, POLICY("max-fps", "10"));
	assert_int_equal(enum_interval(f, s, 0, 640, 480, &fps), -EINVAL);
	assert_int_equal(do_parm(f, s, VMEDIA_NR_S_PARM, 60, &fps), -EINVAL);
	assert_int_equal(hw.rates, 0);
	assert_int_equal(reqbufs(f, s, TYPE, V4L2_MEMORY_MMAP, &count), 0);
	assert_int_equal(stream(f, s, TYPE, true), -EINVAL);
	assert_false(f->file[0].streaming[TYPE]);
	assert_int_equal(hw.rates, 0);
	end_policy(f, s);
}

static void test_ioctls(void **state)
{
	union vmedia_payload arg = { 0 };
	struct vmedia_pix_format pix;
	struct fake_host *f;
	unsigned int calls;
	uint32_t s;

	f = with_policy(&s, POLICY("deny-ioctls", "VIDIOC_S_FMT,S_PARM", "allow-formats", "MJPG"));
	calls = f->calls;
	assert_int_equal(do_format(f, s, VMEDIA_NR_S_FMT, V4L2_PIX_FMT_MJPEG, 640, 480, &pix),
			 -ENOTTY);
	assert_int_equal(ask_ioctl(f, s, VMEDIA_NR_S_PARM, &arg), -ENOTTY);
	assert_int_equal(f->calls, calls);
	assert_int_equal(do_format(f, s, VMEDIA_NR_TRY_FMT, V4L2_PIX_FMT_MJPEG, 640, 480, &pix),
			 0);
	end_policy(f, s);
}

/* The queue stops between two questions to the host: the guest gets no answer of one of them. */
static void test_stopped(void **state)
{
	struct harness_req *req;
	struct vmedia_pix_format pix;
	struct vmedia_cmd cmd;
	struct fake_host *f;
	uint32_t s;

	f = with_policy(&s, POLICY("allow-formats", "MJPG"));
	fake_block(f, VMEDIA_NR_ENUM_FMT);
	harness_cmd_ioctl(&cmd, s, VMEDIA_NR_ENUM_FMT);
	cmd.io.arg.fmtdesc.type = TYPE;
	req = harness_offer_cmd(&f->h, &cmd);
	harness_kick(&f->h, VMEDIA_QUEUE_COMMAND);
	fake_wait_blocked(f);
	vmedia_device_queue_stop(f->dev, VMEDIA_QUEUE_COMMAND);
	wait_for(f, req);
	assert_int_equal(harness_answered(&f->h, req, &cmd), -ECANCELED);
	fake_release(f);
	assert_int_equal(do_format(f, s, VMEDIA_NR_TRY_FMT, V4L2_PIX_FMT_YUYV, 640, 480, &pix), 0);
	assert_int_equal(pix.pixelformat, V4L2_PIX_FMT_MJPEG);
	end_policy(f, s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_other_format),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_decoder),
		cmocka_unit_test(test_create_none),
		cmocka_unit_test(test_no_format),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_dictated),
		cmocka_unit_test(test_no_try),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_no_intervals),
		cmocka_unit_test(test_other_type),
		cmocka_unit_test(test_too_fast),
		cmocka_unit_test(test_ioctls),
		cmocka_unit_test(test_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
