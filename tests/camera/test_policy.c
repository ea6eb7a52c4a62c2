// SPDX-License-Identifier: BSD-3-Clause
/* What a policy leaves of the pattern's camera, and that it streams so. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/videodev2.h>
#include <vmedia/camera.h>
#include <vmedia/policy.h>

#include "harness.h"

#define TYPE V4L2_BUF_TYPE_VIDEO_CAPTURE

struct world {
	struct harness h;
	struct vmedia_device *dev;
	uint32_t session;
};

/* A camera with a policy of pairs of options and values. */
static struct world *world_new(const char *const *options)
{
	struct world *w = calloc(1, sizeof(*w));
	struct vmedia_camera_options opts;
	struct vmedia_policy policy = { 0 };
	char why[512] = "";

	assert_non_null(w);
	vmedia_camera_options_init(&opts);
	for (; *options; options += 2)
		assert_int_equal(vmedia_policy_option(&policy, options[0], options[1], why,
						      sizeof(why)), 0);
	assert_int_equal(harness_init(&w->h, NULL), 0);
	assert_int_equal(vmedia_camera_create(w->h.loop, &opts, why, sizeof(why), &w->dev), 0);
	assert_int_equal(vmedia_device_set_policy(w->dev, &policy), 0);
	harness_attach(&w->h, w->dev);
	harness_post_events(&w->h, 8, VMEDIA_EVT_MAX_SIZE);
	assert_int_equal(harness_open(&w->h, &w->session), 0);
	return w;
}

#define WORLD(...) world_new((const char *const[]){ __VA_ARGS__, NULL })

static void world_end(struct world *w)
{
	harness_finish(&w->h);
	free(w);
}

static int ioctl_of(struct world *w, uint32_t nr, union vmedia_payload *arg)
{
	return harness_ioctl(&w->h, w->session, nr, arg);
}

static struct vmedia_pix_format do_format(struct world *w, uint32_t nr, uint32_t fourcc,
					  uint32_t width, uint32_t height)
{
	union vmedia_payload a = { .format = { .type = TYPE } };

	a.format.fmt.pix.pixelformat = fourcc;
	a.format.fmt.pix.width = width;
	a.format.fmt.pix.height = height;
	assert_int_equal(ioctl_of(w, nr, &a), 0);
	return a.format.fmt.pix;
}

static void stream(struct world *w)
{
	union vmedia_payload a = { .requestbuffers = { .count = 2, .type = TYPE,
						       .memory = V4L2_MEMORY_MMAP } };
	struct vmedia_evt evt;
	uint32_t used;

	assert_int_equal(ioctl_of(w, VMEDIA_NR_REQBUFS, &a), 0);
	for (uint32_t i = 0; i < 2; i++) {
		a = (union vmedia_payload){ .buffer = { .index = i, .type = TYPE,
							.memory = V4L2_MEMORY_MMAP } };
		assert_int_equal(ioctl_of(w, VMEDIA_NR_QBUF, &a), 0);
	}
	a = (union vmedia_payload){ .u32 = TYPE };
	assert_int_equal(ioctl_of(w, VMEDIA_NR_STREAMON, &a), 0);
	while (!harness_event(&w->h, &evt, &used)) {
		assert_true(vmedia_loop_step(w->h.loop, 10000) >= 0);
		harness_step(&w->h);
		harness_collect(&w->h);
	}
	assert_int_equal(evt.type, VMEDIA_EVT_DQBUF);
	a = (union vmedia_payload){ .u32 = TYPE };
	assert_int_equal(ioctl_of(w, VMEDIA_NR_STREAMOFF, &a), 0);
}

static void test_formats(void **state)
{
	struct world *w = WORLD("allow-formats", "MJPG,NV12");
	union vmedia_payload a;
	uint32_t seen = 0;

	for (uint32_t i = 0;; i++) {
		a = (union vmedia_payload){ .fmtdesc = { .index = i, .type = TYPE } };
		if (ioctl_of(w, VMEDIA_NR_ENUM_FMT, &a))
			break;
		assert_int_equal(a.fmtdesc.index, i);
		assert_true(a.fmtdesc.pixelformat == V4L2_PIX_FMT_MJPEG ||
			    a.fmtdesc.pixelformat == V4L2_PIX_FMT_NV12);
		seen++;
	}
	assert_int_equal(seen, 2);
	a = (union vmedia_payload){ .frmsizeenum = { .pixel_format = V4L2_PIX_FMT_YUYV } };
	assert_int_equal(ioctl_of(w, VMEDIA_NR_ENUM_FRAMESIZES, &a), -EINVAL);
	a = (union vmedia_payload){ .frmivalenum = { .pixel_format = V4L2_PIX_FMT_YUYV,
						     .width = 640, .height = 480 } };
	assert_int_equal(ioctl_of(w, VMEDIA_NR_ENUM_FRAMEINTERVALS, &a), -EINVAL);
	assert_int_not_equal(do_format(w, VMEDIA_NR_G_FMT, 0, 0, 0).pixelformat,
			     V4L2_PIX_FMT_YUYV);
	stream(w);
	assert_int_not_equal(do_format(w, VMEDIA_NR_G_FMT, 0, 0, 0).pixelformat,
			     V4L2_PIX_FMT_YUYV);
	world_end(w);
}

static void test_size(void **state)
{
	struct world *w = WORLD("max-size", "320x240");
	union vmedia_payload a;

	for (uint32_t i = 0;; i++) {
		a = (union vmedia_payload){ .frmsizeenum = { .index = i,
							     .pixel_format = V4L2_PIX_FMT_YUYV } };
		if (ioctl_of(w, VMEDIA_NR_ENUM_FRAMESIZES, &a))
			break;
		assert_true(a.frmsizeenum.discrete.width <= 320);
		assert_true(a.frmsizeenum.discrete.height <= 240);
	}
	/* 640x480 is the device's default. */
	assert_int_equal(do_format(w, VMEDIA_NR_G_FMT, 0, 0, 0).width, 320);
	assert_int_equal(do_format(w, VMEDIA_NR_TRY_FMT, V4L2_PIX_FMT_YUYV, 5000, 5000).height,
			 240);
	stream(w);
	assert_int_equal(do_format(w, VMEDIA_NR_G_FMT, 0, 0, 0).width, 320);
	world_end(w);
}

static struct vmedia_fract do_parm(struct world *w, uint32_t nr, uint32_t fps)
{
	union vmedia_payload a = { .streamparm = { .type = TYPE } };

	a.streamparm.parm.capture.timeperframe = (struct vmedia_fract){ 1, fps };
	assert_int_equal(ioctl_of(w, nr, &a), 0);
	return a.streamparm.parm.capture.timeperframe;
}

static void test_fps(void **state)
{
	struct world *w = WORLD("max-fps", "12");

	assert_int_equal(do_parm(w, VMEDIA_NR_G_PARM, 1).denominator, 10);
	assert_int_equal(do_parm(w, VMEDIA_NR_S_PARM, 60).denominator, 10);
	assert_int_equal(do_parm(w, VMEDIA_NR_S_PARM, 5).denominator, 5);
	stream(w);
	world_end(w);
	w = WORLD("max-fps", "12");
	stream(w);
	assert_int_equal(do_parm(w, VMEDIA_NR_G_PARM, 1).denominator, 10);
	world_end(w);
}

static int subscribe(struct world *w, uint32_t id)
{
	union vmedia_payload a = { .event_subscription = {
					   .type = V4L2_EVENT_CTRL, .id = id,
					   .flags = V4L2_EVENT_SUB_FL_SEND_INITIAL } };

	return ioctl_of(w, VMEDIA_NR_SUBSCRIBE_EVENT, &a);
}

static void test_controls(void **state)
{
	struct world *w = WORLD("controls", "read,contrast");
	union vmedia_payload a;
	struct vmedia_evt evt;
	uint32_t used;

	a = (union vmedia_payload){ .control = { .id = V4L2_CID_BRIGHTNESS, .value = 3 } };
	assert_int_equal(ioctl_of(w, VMEDIA_NR_S_CTRL, &a), -EACCES);
	a.control = (struct vmedia_control){ .id = V4L2_CID_CONTRAST, .value = 3 };
	assert_int_equal(ioctl_of(w, VMEDIA_NR_S_CTRL, &a), 0);
	a.control = (struct vmedia_control){ .id = V4L2_CID_ZOOM_ABSOLUTE, .value = 3 };
	assert_int_equal(ioctl_of(w, VMEDIA_NR_S_CTRL, &a), -EINVAL);
	assert_int_equal(subscribe(w, V4L2_CID_BRIGHTNESS), 0);
	assert_int_equal(harness_event(&w->h, &evt, &used), 1);
	assert_true(evt.event.u.ctrl.flags & V4L2_CTRL_FLAG_READ_ONLY);
	world_end(w);
	w = WORLD("controls", "contrast");
	assert_int_equal(subscribe(w, V4L2_CID_BRIGHTNESS), -EINVAL);
	a = (union vmedia_payload){ .queryctrl = { .id = V4L2_CTRL_FLAG_NEXT_CTRL |
							 V4L2_CID_USER_CLASS } };
	assert_int_equal(ioctl_of(w, VMEDIA_NR_QUERYCTRL, &a), 0);
	assert_int_equal(a.queryctrl.id, V4L2_CID_CONTRAST);
	a.queryctrl.id |= V4L2_CTRL_FLAG_NEXT_CTRL;
	assert_int_equal(ioctl_of(w, VMEDIA_NR_QUERYCTRL, &a), -EINVAL);
	world_end(w);
}

static void test_ioctls(void **state)
{
	struct world *w = WORLD("deny-ioctls", "S_FMT,ENUM_FRAMESIZES");
	union vmedia_payload a = { .format = { .type = TYPE } };

	assert_int_equal(ioctl_of(w, VMEDIA_NR_S_FMT, &a), -ENOTTY);
	a = (union vmedia_payload){ .frmsizeenum = { .pixel_format = V4L2_PIX_FMT_YUYV } };
	assert_int_equal(ioctl_of(w, VMEDIA_NR_ENUM_FRAMESIZES, &a), -ENOTTY);
	stream(w);
	world_end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_fps),
		cmocka_unit_test(test_controls),
		cmocka_unit_test(test_ioctls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
