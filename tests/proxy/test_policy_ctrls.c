/* SPDX-License-Identifier: BSD-3-Clause */
/* What a policy lets a guest do with the controls of a host's device. */
#include "policy_host.h"

static int query_ctrl(struct fake_host *f, uint32_t s, uint32_t nr, uint32_t *id, uint32_t *flags)
{
	union vmedia_payload arg = { 0 };
	int err;

	arg.queryctrl.id = *id;
	err = ask_ioctl(f, s, nr, &arg);
	*id = arg.queryctrl.id;
	*flags = nr == VMEDIA_NR_QUERYCTRL ? arg.queryctrl.flags : arg.query_ext_ctrl.flags;
	return err;
}

static int ctrl(struct fake_host *f, uint32_t s, uint32_t nr, uint32_t id)
{
	union vmedia_payload arg = { .control = { .id = id } };

	return ask_ioctl(f, s, nr, &arg);
}

/* Two controls, and the index of the one at fault. */
static int ext_ctrls(struct fake_host *f, uint32_t s, uint32_t nr, uint32_t id, uint32_t id2,
		     uint32_t *idx)
{
	struct vmedia_ext_control list[2] = { { .id = id }, { .id = id2 } };
	struct vmedia_cmd cmd;
	int err;

	harness_cmd_ioctl(&cmd, s, nr);
	cmd.io.arg.ext_controls.count = cmd.io.max_ctrls = 2;
	cmd.io.ctrls = list;
	err = ask(f, &cmd);
	assert_null(cmd.why.what);
	*idx = cmd.io.arg.ext_controls.error_idx;
	return err;
}

/* A list of controls of one class; of none, whether there is the class. */
static int ext_class(struct fake_host *f, uint32_t s, uint32_t nr, uint32_t which, uint32_t id,
		     uint32_t *idx)
{
	struct vmedia_ext_control list[1] = { { .id = id } };
	struct vmedia_cmd cmd;
	int err;

	harness_cmd_ioctl(&cmd, s, nr);
	cmd.io.arg.ext_controls.which = which;
	cmd.io.arg.ext_controls.count = cmd.io.max_ctrls = !!id;
	cmd.io.ctrls = list;
	err = ask(f, &cmd);
	assert_null(cmd.why.what);
	*idx = cmd.io.arg.ext_controls.error_idx;
	return err;
}

static int subscribe(struct fake_host *f, uint32_t s, uint32_t id)
{
	union vmedia_payload arg = { .event_subscription = { .type = V4L2_EVENT_CTRL, .id = id } };

	return ask_ioctl(f, s, VMEDIA_NR_SUBSCRIBE_EVENT, &arg);
}

static void test_ctrls_read(void **state)
{
	static const uint32_t nrs[] = { VMEDIA_NR_QUERYCTRL, VMEDIA_NR_QUERY_EXT_CTRL };
	uint32_t s, id, flags, idx;
	struct fake_host *f;

	f = with_policy(&s, POLICY("controls", "read,contrast"));
	for (size_t i = 0; i < COUNT(nrs); i++) {
		id = V4L2_CID_BRIGHTNESS;
		assert_int_equal(query_ctrl(f, s, nrs[i], &id, &flags), 0);
		assert_int_equal(flags, V4L2_CTRL_FLAG_READ_ONLY);
		id |= V4L2_CTRL_FLAG_NEXT_CTRL;
		assert_int_equal(query_ctrl(f, s, nrs[i], &id, &flags), 0);
		assert_int_equal(id, V4L2_CID_CONTRAST);
		assert_int_equal(flags, 0);
	}
	assert_int_equal(ctrl(f, s, VMEDIA_NR_G_CTRL, V4L2_CID_BRIGHTNESS), 0);
	assert_int_equal(ctrl(f, s, VMEDIA_NR_S_CTRL, V4L2_CID_BRIGHTNESS), -EACCES);
	/* One that the device does not have. */
	assert_int_equal(ctrl(f, s, VMEDIA_NR_S_CTRL, V4L2_CID_HUE), -EINVAL);
	assert_int_equal(hw.writes, 0);
	assert_int_equal(ctrl(f, s, VMEDIA_NR_S_CTRL, V4L2_CID_CONTRAST), 0);
	assert_int_equal(hw.writes, 1);
	assert_int_equal(ext_ctrls(f, s, VMEDIA_NR_S_EXT_CTRLS, V4L2_CID_CONTRAST,
				   V4L2_CID_BRIGHTNESS, &idx), -EACCES);
	assert_int_equal(idx, 2);
	assert_int_equal(ext_ctrls(f, s, VMEDIA_NR_TRY_EXT_CTRLS, V4L2_CID_CONTRAST,
				   V4L2_CID_BRIGHTNESS, &idx), -EACCES);
	assert_int_equal(idx, 1);
	assert_int_equal(ext_ctrls(f, s, VMEDIA_NR_TRY_EXT_CTRLS, V4L2_CID_BRIGHTNESS,
				   V4L2_CID_HUE, &idx), -EINVAL);
	assert_int_equal(idx, 1);
	assert_int_equal(hw.writes, 1);
	assert_int_equal(ext_ctrls(f, s, VMEDIA_NR_G_EXT_CTRLS, V4L2_CID_CONTRAST,
				   V4L2_CID_BRIGHTNESS, &idx), 0);
	end_policy(f, s);
}

static void test_ctrls_list(void **state)
{
	uint32_t s, id = V4L2_CTRL_FLAG_NEXT_CTRL, flags, idx;
	struct fake_host *f;

	f = with_policy(&s, POLICY("controls", "saturation"));
	assert_int_equal(query_ctrl(f, s, VMEDIA_NR_QUERYCTRL, &id, &flags), 0);
	assert_int_equal(id, V4L2_CID_USER_CLASS);
	id |= V4L2_CTRL_FLAG_NEXT_CTRL;
	assert_int_equal(query_ctrl(f, s, VMEDIA_NR_QUERYCTRL, &id, &flags), 0);
	assert_int_equal(id, V4L2_CID_SATURATION);
	assert_int_equal(flags, 0);
	id |= V4L2_CTRL_FLAG_NEXT_CTRL;
	assert_int_equal(query_ctrl(f, s, VMEDIA_NR_QUERYCTRL, &id, &flags), -EINVAL);
	id = V4L2_CID_BRIGHTNESS;
	assert_int_equal(query_ctrl(f, s, VMEDIA_NR_QUERY_EXT_CTRL, &id, &flags), -EINVAL);
	assert_int_equal(ctrl(f, s, VMEDIA_NR_QUERYMENU, V4L2_CID_BRIGHTNESS), -EINVAL);
	assert_int_equal(ctrl(f, s, VMEDIA_NR_G_CTRL, V4L2_CID_BRIGHTNESS), -EINVAL);
	assert_int_equal(ctrl(f, s, VMEDIA_NR_S_CTRL, V4L2_CID_BRIGHTNESS), -EINVAL);
	assert_int_equal(ext_ctrls(f, s, VMEDIA_NR_G_EXT_CTRLS, V4L2_CID_SATURATION,
				   V4L2_CID_BRIGHTNESS, &idx), -EINVAL);
	assert_int_equal(idx, 2);
	assert_int_equal(hw.reads + hw.writes, 0);
	assert_int_equal(subscribe(f, s, V4L2_CID_BRIGHTNESS), -EINVAL);
	assert_int_equal(subscribe(f, s, V4L2_CID_SATURATION), 0);
	end_policy(f, s);
}

static void test_ctrls_class(void **state)
{
	const uint32_t user = V4L2_CTRL_CLASS_USER, camera = V4L2_CTRL_CLASS_CAMERA;
	struct fake_host *f;
	uint32_t s, idx;

	f = with_policy(&s, POLICY("controls", "saturation"));
	assert_int_equal(ext_class(f, s, VMEDIA_NR_G_EXT_CTRLS, user, 0, &idx), 0);
	assert_int_equal(ext_class(f, s, VMEDIA_NR_G_EXT_CTRLS, camera, 0, &idx), -EINVAL);
	assert_int_equal(ext_class(f, s, VMEDIA_NR_G_EXT_CTRLS, V4L2_CTRL_WHICH_DEF_VAL, 0, &idx),
			 0);
	assert_int_equal(ext_class(f, s, VMEDIA_NR_S_EXT_CTRLS, user, V4L2_CID_SATURATION, &idx),
			 0);
	assert_int_equal(hw.writes, 1);
	end_policy(f, s);
	/* Another class than the list's is a fault before the control is read-only. */
	f = with_policy(&s, POLICY("controls", "read"));
	assert_int_equal(ext_class(f, s, VMEDIA_NR_S_EXT_CTRLS, camera, V4L2_CID_SATURATION, &idx),
			 -EINVAL);
	assert_int_equal(idx, 1);
	assert_int_equal(ext_class(f, s, VMEDIA_NR_TRY_EXT_CTRLS, camera, V4L2_CID_SATURATION,
				   &idx), -EINVAL);
	assert_int_equal(idx, 0);
	assert_int_equal(hw.writes, 0);
	end_policy(f, s);
}

/* More controls than the device is asked for: the answer is still the guest's structure. */
static void test_ctrls_many(void **state)
{
	struct vmedia_ext_control list[600];
	struct vmedia_cmd cmd;
	struct fake_host *f;
	uint32_t s;

	f = with_policy(&s, POLICY("controls", "read"));
	for (size_t i = 0; i < COUNT(list); i++)
		list[i] = (struct vmedia_ext_control){ .id = V4L2_CID_SATURATION };
	harness_cmd_ioctl(&cmd, s, VMEDIA_NR_S_EXT_CTRLS);
	cmd.io.arg.ext_controls.count = cmd.io.max_ctrls = COUNT(list);
	cmd.io.ctrls = list;
	assert_int_equal(ask(f, &cmd), -EINVAL);
	assert_null(cmd.why.what);
	assert_int_equal(cmd.io.arg.ext_controls.which, 0);
	assert_int_equal(cmd.io.arg.ext_controls.error_idx, COUNT(list));
	assert_int_equal(hw.writes, 0);
	end_policy(f, s);
}

/* What V4L2 refuses with EINVAL before it looks whether a control is read-only. */
static uint32_t ctrl_flags, ctrl_type;

static int flagged(struct fake_host *f, uint32_t nr, void *arg)
{
	struct vmedia_query_ext_ctrl *q = arg;
	bool old = nr == VMEDIA_NR_QUERY_EXT_CTRL && q->id == V4L2_CID_PRIVATE_BASE;
	int err = old ? 0 : hw_script(f, nr, arg);

	if (nr != VMEDIA_NR_QUERY_EXT_CTRL)
		return err;
	q->flags = ctrl_flags;
	q->type = ctrl_type;
	return err;
}

static void test_ctrls_order(void **state)
{
	const uint32_t id = V4L2_CID_SATURATION;
	struct fake_host *f;
	uint32_t s, idx;

	f = with_policy(&s, POLICY("controls", "read"));
	fake_script(f, flagged);
	ctrl_flags = V4L2_CTRL_FLAG_DISABLED;
	assert_int_equal(ctrl(f, s, VMEDIA_NR_S_CTRL, id), -EACCES);
	assert_int_equal(ext_class(f, s, VMEDIA_NR_TRY_EXT_CTRLS, 0, id, &idx), -EINVAL);
	assert_int_equal(idx, 0);
	/* S_CTRL does not know compound controls. */
	ctrl_flags = V4L2_CTRL_FLAG_HAS_PAYLOAD;
	assert_int_equal(ctrl(f, s, VMEDIA_NR_S_CTRL, id), -EINVAL);
	assert_int_equal(ext_class(f, s, VMEDIA_NR_TRY_EXT_CTRLS, 0, id, &idx), -EACCES);
	ctrl_flags = 0;
	ctrl_type = V4L2_CTRL_TYPE_INTEGER64;
	assert_int_equal(ctrl(f, s, VMEDIA_NR_S_CTRL, id), -EINVAL);
	ctrl_type = V4L2_CTRL_TYPE_INTEGER;
	/* The names that a driver's own controls once had are S_CTRL's only. */
	assert_int_equal(ctrl(f, s, VMEDIA_NR_S_CTRL, V4L2_CID_PRIVATE_BASE), -EACCES);
	assert_int_equal(ext_class(f, s, VMEDIA_NR_TRY_EXT_CTRLS, 0, V4L2_CID_PRIVATE_BASE, &idx),
			 -EINVAL);
	/* A default value cannot be set. */
	assert_int_equal(ext_class(f, s, VMEDIA_NR_TRY_EXT_CTRLS, V4L2_CTRL_WHICH_DEF_VAL, id,
				   &idx), -EINVAL);
	assert_int_equal(idx, 1);
	assert_int_equal(hw.writes, 0);
	end_policy(f, s);
}

static void test_ctrls_none(void **state)
{
	uint32_t s, id = V4L2_CTRL_FLAG_NEXT_CTRL, flags;
	struct fake_host *f;

	f = with_policy(&s, POLICY("controls", "none"));
	assert_int_equal(query_ctrl(f, s, VMEDIA_NR_QUERY_EXT_CTRL, &id, &flags), -EINVAL);
	assert_int_equal(ctrl(f, s, VMEDIA_NR_G_CTRL, V4L2_CID_BRIGHTNESS), -EINVAL);
	end_policy(f, s);
}

/* Of three events the guest gets the one of the control that it may see. */
static void test_ctrl_events(void **state)
{
	struct vmedia_evt evt;
	struct fake_host *f;
	uint32_t s;

	f = with_policy(&s, POLICY("controls", "brightness"));
	assert_int_equal(subscribe(f, s, V4L2_CID_BRIGHTNESS), 0);
	hw.event_id = V4L2_CID_SATURATION;
	fake_event_pending(f, 0);
	assert_int_equal(next_event(f, &evt), 1);
	assert_int_equal(evt.event.id, V4L2_CID_BRIGHTNESS);
	assert_int_equal(evt.event.u.ctrl.flags, 0);
	end_policy(f, s);
	f = with_policy(&s, POLICY("controls", "read"));
	assert_int_equal(subscribe(f, s, V4L2_CID_BRIGHTNESS), 0);
	hw.event_id = V4L2_CID_BRIGHTNESS;
	fake_event_pending(f, 0);
	assert_int_equal(next_event(f, &evt), 1);
	assert_int_equal(evt.event.u.ctrl.flags, V4L2_CTRL_FLAG_READ_ONLY);
	end_policy(f, s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ctrls_read),
		cmocka_unit_test(test_ctrls_list),
		cmocka_unit_test(test_ctrls_class),
		cmocka_unit_test(test_ctrls_many),
		cmocka_unit_test(test_ctrls_order),
		cmocka_unit_test(test_ctrls_none),
		cmocka_unit_test(test_ctrl_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
