/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Controls that change together: one ->set() for all, automatic modes with flags, volatile values,
 * events, and what is refused.
 */
#include "rig.h"

static struct {
	unsigned int sets, tries, reads;
	int64_t hflip, vflip, autogain, gain, exposure;	/* what the last ->set() of each saw */
	bool new_hflip, new_vflip, new_gain;
	int64_t hw_gain, hw_exposure;			/* what the hardware chooses */
	int set_err;
	bool no_master, twice, bad_manual;
} dev;

static int64_t value_of(struct vmedia_ctrl *c, uint32_t id)
{
	return vmedia_ctrl_new(vmedia_ctrl_find(vmedia_ctrl_ctx(c), id));
}

static bool is_new(struct vmedia_ctrl *c, uint32_t id)
{
	return vmedia_ctrl_is_new(vmedia_ctrl_find(vmedia_ctrl_ctx(c), id));
}

static int flip_set(struct vmedia_ctrl *c, const struct vmedia_ctrl_value *v)
{
	assert_int_equal(vmedia_ctrl_id(c), V4L2_CID_HFLIP);
	assert_int_equal(v->val, vmedia_ctrl_new(c));
	if (dev.set_err)
		return dev.set_err;
	dev.sets++;
	dev.hflip = v->val;
	dev.vflip = value_of(c, V4L2_CID_VFLIP);
	dev.new_hflip = vmedia_ctrl_is_new(c);
	dev.new_vflip = is_new(c, V4L2_CID_VFLIP);
	return 0;
}

/* Both at once is more than it can do: the second one goes. */
static int flip_try(struct vmedia_ctrl *c, struct vmedia_ctrl_value *v)
{
	dev.tries++;
	if (v->val && value_of(c, V4L2_CID_VFLIP))
		vmedia_ctrl_put(vmedia_ctrl_find(vmedia_ctrl_ctx(c), V4L2_CID_VFLIP), 0);
	return 0;
}

static int gain_set(struct vmedia_ctrl *c, const struct vmedia_ctrl_value *v)
{
	assert_int_equal(vmedia_ctrl_id(c), V4L2_CID_AUTOGAIN);
	dev.sets++;
	dev.autogain = v->val;
	dev.gain = value_of(c, V4L2_CID_GAIN);
	dev.exposure = value_of(c, V4L2_CID_EXPOSURE);
	dev.new_gain = is_new(c, V4L2_CID_GAIN);
	return 0;
}

static int gain_get(struct vmedia_ctrl *c, struct vmedia_ctrl_value *v)
{
	dev.reads++;
	vmedia_ctrl_put(vmedia_ctrl_find(vmedia_ctrl_ctx(c), V4L2_CID_GAIN), dev.hw_gain);
	vmedia_ctrl_put(vmedia_ctrl_find(vmedia_ctrl_ctx(c), V4L2_CID_EXPOSURE), dev.hw_exposure);
	return 0;
}

static const struct vmedia_ctrl_ops flip_ops = { .set = flip_set, .try_value = flip_try };
static const struct vmedia_ctrl_ops gain_ops = { .set = gain_set, .get_volatile = gain_get };

static const struct vmedia_ctrl_config ctrls[] = {
	{ .id = V4L2_CID_BRIGHTNESS, .max = 100, .def = 50 },
	{ .id = V4L2_CID_HFLIP, .ops = &flip_ops },
	{ .id = V4L2_CID_VFLIP },
	{ .id = V4L2_CID_AUTOGAIN, .max = 1, .def = 1, .ops = &gain_ops },
	{ .id = V4L2_CID_GAIN, .max = 255, .def = 10 },
	{ .id = V4L2_CID_EXPOSURE, .max = 1000, .def = 100 },
	{ .id = V4L2_CID_AUTO_WHITE_BALANCE, .def = 1, .max = 1 },
	{ .id = V4L2_CID_RED_BALANCE, .max = 255, .def = 128 },
};

static const uint32_t flips[] = { V4L2_CID_HFLIP, V4L2_CID_HUE /* not there */, V4L2_CID_VFLIP };
static const uint32_t gains[] = { V4L2_CID_AUTOGAIN, V4L2_CID_GAIN, V4L2_CID_EXPOSURE };
static const uint32_t whites[] = { V4L2_CID_AUTO_WHITE_BALANCE, V4L2_CID_RED_BALANCE };

static int context_init(struct vmedia_ctx *ctx)
{
	if (dev.no_master)
		assert_int_equal(vmedia_ctrl_cluster(ctx, flips + 1, 2), -EINVAL);
	assert_int_equal(vmedia_ctrl_cluster(ctx, flips, 3), 0);
	if (dev.twice)
		assert_int_equal(vmedia_ctrl_cluster(ctx, flips, 3), -EINVAL);
	assert_int_equal(vmedia_ctrl_auto_cluster(ctx, gains, 3, dev.bad_manual ? 7 : 0, true),
			 dev.bad_manual ? -EINVAL : 0);
	assert_int_equal(vmedia_ctrl_auto_cluster(ctx, whites, 2, 0, false), 0);
	return 0;
}

static const struct vmedia_frame_size sizes[] = { { .width = 64, .height = 32 } };
static const struct vmedia_format_config grey[] = {
	{ .pixelformat = V4L2_PIX_FMT_GREY, .sizes = sizes, .num_sizes = 1 }
};
static const struct vmedia_queue_config queue = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
						  .formats = grey, .num_formats = 1 };
static const struct vmedia_video_ops ops = { .context_init = context_init };
static const struct vmedia_video_config camera = {
	.card = "c", .queues = &queue, .num_queues = 1, .ctrls = ctrls,
	.num_ctrls = sizeof(ctrls) / sizeof(ctrls[0]), .ops = &ops,
};

static struct rig *start(void)
{
	memset(&dev, 0, sizeof(dev));
	dev.hw_gain = 200;
	dev.hw_exposure = 900;
	return rig_new(&camera);
}

static int32_t get(struct rig *r, uint32_t id)
{
	PAYLOAD(a);

	a.control.id = id;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_G_CTRL, &a), 0);
	return a.control.value;
}

static int set(struct rig *r, uint32_t id, int32_t value)
{
	PAYLOAD(a);

	a.control = (struct vmedia_control){ .id = id, .value = value };
	return rig_ioctl(r, r->s, VMEDIA_NR_S_CTRL, &a);
}

static uint32_t flags(struct rig *r, uint32_t id)
{
	PAYLOAD(a);

	a.query_ext_ctrl.id = id;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_QUERY_EXT_CTRL, &a), 0);
	return a.query_ext_ctrl.flags;
}

static void subscribe(struct rig *r, uint32_t id)
{
	PAYLOAD(a);

	a.event_subscription = (struct vmedia_event_subscription){ .type = V4L2_EVENT_CTRL,
								   .id = id };
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_SUBSCRIBE_EVENT, &a), 0);
}

#define CE(i, v) { .id = V4L2_CID_##i, .value = (v) }

/* One change for both, in one ->set(); refused or made as a whole. */
static void test_together(void **state)
{
	struct rig_ext e = { .c = { CE(HFLIP, 0), CE(BRIGHTNESS, 7), CE(VFLIP, 1) } };
	struct rig *r = start();

	dev.sets = 0;
	assert_int_equal(rig_ext(r, VMEDIA_NR_S_EXT_CTRLS, 0, 3, &e), 0);
	assert_int_equal(e.error_idx, 3);
	assert_int_equal(dev.sets, 1);
	assert_int_equal(dev.vflip, 1);
	assert_true(dev.new_hflip && dev.new_vflip);
	assert_int_equal(get(r, V4L2_CID_BRIGHTNESS), 7);
	/* the same again changes nothing */
	assert_int_equal(rig_ext(r, VMEDIA_NR_S_EXT_CTRLS, 0, 3, &e), 0);
	assert_int_equal(dev.sets, 1);
	/* a member alone goes the master's way too, and sees the others as they are */
	assert_int_equal(set(r, V4L2_CID_VFLIP, 0), 0);
	assert_int_equal(dev.sets, 2);
	assert_false(dev.new_hflip);
	assert_true(dev.new_vflip);
	/* ->try_value() of the master changes a member, and the caller sees it */
	e.c[0].value = 1;
	e.c[2].value = 1;
	assert_int_equal(rig_ext(r, VMEDIA_NR_TRY_EXT_CTRLS, 0, 3, &e), 0);
	assert_int_equal(e.c[2].value, 0);
	assert_int_equal(dev.sets, 2);
	e.c[2].value = 1;
	assert_int_equal(rig_ext(r, VMEDIA_NR_S_EXT_CTRLS, 0, 3, &e), 0);
	assert_int_equal(e.c[0].value, 1);
	assert_int_equal(e.c[2].value, 0);
	assert_int_equal(get(r, V4L2_CID_HFLIP), 1);
	assert_int_equal(get(r, V4L2_CID_VFLIP), 0);
	/* refused: neither */
	dev.set_err = -EIO;
	e.c[0].value = 0;
	e.c[2].value = 1;
	assert_int_equal(rig_ext(r, VMEDIA_NR_S_EXT_CTRLS, 0, 3, &e), -EIO);
	assert_int_equal(e.error_idx, 0);
	assert_int_equal(get(r, V4L2_CID_HFLIP), 1);
	assert_int_equal(get(r, V4L2_CID_VFLIP), 0);
	/* grabbed: the other may change */
	dev.set_err = 0;
	vmedia_ctrl_grab(vmedia_ctrl_find(vmedia_video_ctx(vmedia_video_of(r->dev)),
					  V4L2_CID_VFLIP), true);
	assert_int_equal(set(r, V4L2_CID_VFLIP, 1), -EBUSY);
	assert_int_equal(set(r, V4L2_CID_HFLIP, 0), 0);
	rig_end(r);
}

#define AUTO_FLAGS (V4L2_CTRL_FLAG_INACTIVE | V4L2_CTRL_FLAG_VOLATILE)

static void test_automatic(void **state)
{
	struct rig_ext e = { .c = { CE(GAIN, 33), CE(AUTOGAIN, 0) } };
	struct rig *r = start();

	/* it begins in the automatic mode, with the hardware's values */
	assert_true(flags(r, V4L2_CID_AUTOGAIN) & V4L2_CTRL_FLAG_UPDATE);
	assert_int_equal(flags(r, V4L2_CID_GAIN) & AUTO_FLAGS, AUTO_FLAGS);
	assert_int_equal(flags(r, V4L2_CID_EXPOSURE) & AUTO_FLAGS, AUTO_FLAGS);
	assert_int_equal(get(r, V4L2_CID_GAIN), 200);
	assert_int_equal(get(r, V4L2_CID_AUTOGAIN), 1);
	/* what the hardware would overwrite is not told to it */
	dev.sets = 0;
	assert_int_equal(set(r, V4L2_CID_GAIN, 5), 0);
	assert_int_equal(dev.sets, 0);
	assert_int_equal(get(r, V4L2_CID_GAIN), 200);
	/* to manual: what it had chosen stays */
	assert_int_equal(set(r, V4L2_CID_AUTOGAIN, 0), 0);
	assert_int_equal(dev.sets, 1);
	assert_int_equal(dev.autogain, 0);
	assert_int_equal(dev.gain, 200);
	assert_int_equal(dev.exposure, 900);
	assert_true(dev.new_gain);
	assert_int_equal(flags(r, V4L2_CID_GAIN) & AUTO_FLAGS, 0);
	dev.hw_gain = 1;
	assert_int_equal(get(r, V4L2_CID_GAIN), 200);
	assert_int_equal(set(r, V4L2_CID_GAIN, 5), 0);
	assert_int_equal(dev.gain, 5);
	assert_int_equal(get(r, V4L2_CID_GAIN), 5);
	/* and back; then to manual with a value for one of them, whatever the order */
	assert_int_equal(set(r, V4L2_CID_AUTOGAIN, 1), 0);
	assert_int_equal(get(r, V4L2_CID_GAIN), 1);
	assert_int_equal(rig_ext(r, VMEDIA_NR_S_EXT_CTRLS, 0, 2, &e), 0);
	assert_int_equal(dev.gain, 33);
	assert_int_equal(get(r, V4L2_CID_GAIN), 33);
	assert_int_equal(get(r, V4L2_CID_EXPOSURE), 900);
	/* a TRY of it changes nothing */
	assert_int_equal(set(r, V4L2_CID_AUTOGAIN, 1), 0);
	assert_int_equal(rig_ext(r, VMEDIA_NR_TRY_EXT_CTRLS, 0, 2, &e), 0);
	assert_int_equal(flags(r, V4L2_CID_GAIN) & AUTO_FLAGS, AUTO_FLAGS);
	/* a reset begins anew */
	assert_int_equal(set(r, V4L2_CID_AUTOGAIN, 0), 0);
	harness_restart(&r->h);
	harness_forget(&r->h);
	assert_int_equal(dev.autogain, 1);
	rig_end(r);
}

/* Without values of the hardware: inactive only, and settable for later. */
static void test_inactive(void **state)
{
	struct rig *r = start();

	assert_int_equal(flags(r, V4L2_CID_RED_BALANCE) & AUTO_FLAGS, V4L2_CTRL_FLAG_INACTIVE);
	assert_int_equal(set(r, V4L2_CID_RED_BALANCE, 9), 0);
	assert_int_equal(get(r, V4L2_CID_RED_BALANCE), 9);
	assert_int_equal(set(r, V4L2_CID_AUTO_WHITE_BALANCE, 0), 0);
	assert_int_equal(flags(r, V4L2_CID_RED_BALANCE) & AUTO_FLAGS, 0);
	assert_int_equal(get(r, V4L2_CID_RED_BALANCE), 9);
	rig_end(r);
}

/* Who switches hears of the flags of the members, though not of the master's value. */
static void test_events(void **state)
{
	struct rig *r = start();
	struct vmedia_evt evt;

	subscribe(r, V4L2_CID_AUTOGAIN);
	subscribe(r, V4L2_CID_GAIN);
	assert_int_equal(set(r, V4L2_CID_AUTOGAIN, 0), 0);
	evt = rig_event(r);
	assert_int_equal(evt.event.id, V4L2_CID_GAIN);
	assert_true(evt.event.u.ctrl.changes & V4L2_EVENT_CTRL_CH_FLAGS);
	assert_int_equal(evt.event.u.ctrl.flags & AUTO_FLAGS, 0);
	assert_int_equal(evt.event.u.ctrl.value, 200);
	assert_false(rig_poll(r, &evt));
	/* in manual mode nobody else's flags change */
	assert_int_equal(set(r, V4L2_CID_GAIN, 5), 0);
	assert_false(rig_poll(r, &evt));
	assert_int_equal(set(r, V4L2_CID_AUTOGAIN, 1), 0);
	evt = rig_event(r);
	assert_int_equal(evt.event.id, V4L2_CID_GAIN);
	assert_int_equal(evt.event.u.ctrl.flags & AUTO_FLAGS, AUTO_FLAGS);
	rig_end(r);
}

/* A context whose clusters make no sense does not begin. */
static void test_refused(void **state)
{
	struct vmedia_device *d;
	struct vmedia_loop *loop;

	assert_int_equal(vmedia_loop_create(&loop), 0);
	vmedia_log_set_level(VMEDIA_LOG_ERR - 1);
	for (int i = 0; i < 3; i++) {
		memset(&dev, 0, sizeof(dev));
		dev.no_master = i == 0;
		dev.twice = i == 1;
		dev.bad_manual = i == 2;
		assert_int_equal(vmedia_video_create(loop, &camera, &d), -EINVAL);
	}
	vmedia_log_set_level(VMEDIA_LOG_WARN);
	vmedia_loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_automatic),
		cmocka_unit_test(test_inactive),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
