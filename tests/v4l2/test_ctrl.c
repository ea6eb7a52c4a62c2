/* SPDX-License-Identifier: BSD-3-Clause */
/* Controls and their ioctls: walking them, ranges, errors and error_idx, payloads. */
#include "rig.h"

#define PRIV(n) (V4L2_CID_USER_BASE + 0x1000 + (n))

static const char *const menu[] = { "Zero", "One", "", "Three" };
static const int64_t int_menu[] = { 10, 20, 1ll << 40 };
static const uint8_t area[8] = { 1, 0, 0, 0, 2, 0, 0, 0 };

static int refuse_value, set_calls;
static int64_t last_set;

static int set_ctrl(struct vmedia_ctrl *c, const struct vmedia_ctrl_value *v)
{
	set_calls++;
	last_set = v->val;
	return vmedia_ctrl_id(c) == V4L2_CID_GAIN && v->val == refuse_value ? -EIO : 0;
}

static int volatile_value(struct vmedia_ctrl *c, struct vmedia_ctrl_value *v)
{
	(void)c;
	v->val = 77;
	return 0;
}

static const struct vmedia_ctrl_ops volatile_ops = { .get_volatile = volatile_value };

static const struct vmedia_ctrl_config ctrls[] = {
	{ .id = V4L2_CID_BRIGHTNESS, .min = -100, .max = 100, .step = 10, .def = 5 * 10 },
	{ .id = V4L2_CID_HFLIP },
	{ .id = V4L2_CID_GAIN, .min = 0, .max = 255, .def = 1 },
	{ .id = V4L2_CID_POWER_LINE_FREQUENCY,
	  .max = V4L2_CID_POWER_LINE_FREQUENCY_AUTO,
	  .def = 1,
	  .menu_skip = 1 << 2 },
	{ .id = V4L2_CID_DO_WHITE_BALANCE },
	{ .id = V4L2_CID_EXPOSURE_ABSOLUTE,
	  .min = 1,
	  .max = 1000,
	  .def = 100,
	  .flags = V4L2_CTRL_FLAG_READ_ONLY },
	{ .id = V4L2_CID_UNIT_CELL_SIZE, .def_data = area },
	{ .id = PRIV(0), .name = "Menu", .type = V4L2_CTRL_TYPE_MENU, .max = 3, .menu = menu },
	{ .id = PRIV(1),
	  .name = "Numbers",
	  .type = V4L2_CTRL_TYPE_INTEGER_MENU,
	  .max = 2,
	  .int_menu = int_menu },
	{ .id = PRIV(2),
	  .name = "Large",
	  .type = V4L2_CTRL_TYPE_INTEGER64,
	  .min = -(1ll << 50),
	  .max = 1ll << 50,
	  .def = 7 },
	{ .id = PRIV(3),
	  .name = "Text",
	  .type = V4L2_CTRL_TYPE_STRING,
	  .min = 2,
	  .max = 8,
	  .def_data = "abc" },
	{ .id = PRIV(4),
	  .name = "Mask",
	  .type = V4L2_CTRL_TYPE_BITMASK,
	  .max = 0x80000007,
	  .def = 1 },
	{ .id = PRIV(5),
	  .name = "Grid",
	  .type = V4L2_CTRL_TYPE_U16,
	  .max = 1000,
	  .def = 3,
	  .dims = { 2, 3 } },
	{ .id = PRIV(6),
	  .name = "Now",
	  .type = V4L2_CTRL_TYPE_INTEGER,
	  .max = 100,
	  .flags = V4L2_CTRL_FLAG_VOLATILE | V4L2_CTRL_FLAG_READ_ONLY,
	  .ops = &volatile_ops },
};

static const struct vmedia_frame_size sizes[] = { { .width = 64, .height = 32 } };
static const struct vmedia_format_config grey[] = {
	{ .pixelformat = V4L2_PIX_FMT_GREY, .sizes = sizes, .num_sizes = 1 }
};
static const struct vmedia_queue_config queue = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
						  .formats = grey,
						  .num_formats = 1 };
static const struct vmedia_video_ops ops = { .set_ctrl = set_ctrl };
static const struct vmedia_video_config camera = {
	.card = "c",
	.queues = &queue,
	.num_queues = 1,
	.ctrls = ctrls,
	.num_ctrls = sizeof(ctrls) / sizeof(ctrls[0]),
	.ops = &ops,
};

static struct rig *start(void)
{
	refuse_value = -1;
	return rig_new(&camera);
}

static struct vmedia_ctrl *ctrl(struct rig *r, uint32_t id)
{
	struct vmedia_ctrl *c = vmedia_ctrl_find(vmedia_video_ctx(vmedia_video_of(r->dev)), id);

	assert_non_null(c);
	return c;
}

/* ---- Walking ---- */

static unsigned int walk(struct rig *r, uint32_t flags)
{
	unsigned int n = 0;
	uint32_t last = 0;
	PAYLOAD(a);

	for (;;) {
		memset(&a, 0xff, sizeof(a));
		a.query_ext_ctrl.id = last | flags;
		if (rig_ioctl(r, r->s, VMEDIA_NR_QUERY_EXT_CTRL, &a))
			return n;
		assert_true(a.query_ext_ctrl.id > last);
		assert_int_equal(a.query_ext_ctrl.reserved[0] | a.query_ext_ctrl.reserved[31], 0);
		assert_true(strlen(a.query_ext_ctrl.name) > 0);
		last = a.query_ext_ctrl.id;
		n++;
	}
}

static void test_walk(void **state)
{
	struct rig *r = start();
	unsigned int all = walk(r, V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND), n = 0;
	uint32_t id = V4L2_CTRL_FLAG_NEXT_CTRL;
	PAYLOAD(a);

	(void)state;
	assert_int_equal(walk(r, V4L2_CTRL_FLAG_NEXT_COMPOUND), 2);
	assert_int_equal(walk(r, V4L2_CTRL_FLAG_NEXT_CTRL), all - 2);
	/* user, camera, image source */
	assert_int_equal(all, sizeof(ctrls) / sizeof(ctrls[0]) + 3);
	for (;; n++) {
		memset(&a, 0xff, sizeof(a));
		a.queryctrl.id = id;
		if (rig_ioctl(r, r->s, VMEDIA_NR_QUERYCTRL, &a))
			break;
		assert_int_equal(a.queryctrl.reserved[0] | a.queryctrl.reserved[1], 0);
		id = a.queryctrl.id | V4L2_CTRL_FLAG_NEXT_CTRL;
	}
	assert_int_equal(n, all - 2);
	a.queryctrl.id = V4L2_CID_USER_CLASS;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_QUERYCTRL, &a), 0);
	assert_string_equal((char *)a.queryctrl.name, "User Controls");
	assert_int_equal(a.queryctrl.type, V4L2_CTRL_TYPE_CTRL_CLASS);
	assert_int_equal(a.queryctrl.flags, V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_WRITE_ONLY);
	a.queryctrl.id = V4L2_CID_BRIGHTNESS;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_QUERYCTRL, &a), 0);
	assert_string_equal((char *)a.queryctrl.name, "Brightness");
	assert_int_equal(a.queryctrl.flags, V4L2_CTRL_FLAG_SLIDER);
	assert_int_equal(a.queryctrl.minimum, -100);
	a.queryctrl.id = V4L2_CID_PRIVATE_BASE;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_QUERYCTRL, &a), -EINVAL);
	a.query_ext_ctrl.id = PRIV(5);
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_QUERY_EXT_CTRL, &a), 0);
	assert_int_equal(a.query_ext_ctrl.elems, 6);
	assert_int_equal(a.query_ext_ctrl.elem_size, 2);
	assert_int_equal(a.query_ext_ctrl.nr_of_dims, 2);
	assert_int_equal(a.query_ext_ctrl.dims[1], 3);
	assert_true(a.query_ext_ctrl.flags & V4L2_CTRL_FLAG_HAS_PAYLOAD);
	rig_end(r);
}

static void test_menus(void **state)
{
	struct rig *r = start();
	unsigned int i, n = 0;
	PAYLOAD(a);

	(void)state;
	for (i = 0; i < 6; i++) {
		memset(&a, 0xff, sizeof(a));
		a.querymenu.id = PRIV(0);
		a.querymenu.index = i;
		if (!rig_ioctl(r, r->s, VMEDIA_NR_QUERYMENU, &a)) {
			assert_string_equal((char *)a.querymenu.name, menu[i]);
			assert_int_equal(a.querymenu.reserved, 0);
			n++;
		}
	}
	assert_int_equal(n, 3);
	a.querymenu.id = PRIV(1);
	a.querymenu.index = 2;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_QUERYMENU, &a), 0);
	assert_true(vmedia_querymenu_value(&a.querymenu) == 1ll << 40);
	a.querymenu.id = V4L2_CID_POWER_LINE_FREQUENCY;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_QUERYMENU, &a), -EINVAL);
	a.querymenu.index = 1;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_QUERYMENU, &a), 0);
	assert_string_equal((char *)a.querymenu.name, "50 Hz");
	a.querymenu.id = V4L2_CID_BRIGHTNESS;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_QUERYMENU, &a), -EINVAL);
	a.querymenu.id = PRIV(0);
	a.querymenu.index = 0xffffffff;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_QUERYMENU, &a), -EINVAL);
	rig_end(r);
}

/* ---- Old-style values ---- */

static int s_ctrl(struct rig *r, uint32_t id, int32_t value, int32_t *got)
{
	PAYLOAD(a);
	int err;

	a.control = (struct vmedia_control){ id, value };
	err = rig_ioctl(r, r->s, VMEDIA_NR_S_CTRL, &a);
	*got = a.control.value;
	return err;
}

static int g_ctrl(struct rig *r, uint32_t id, int32_t *got)
{
	PAYLOAD(a);
	int err;

	a.control.id = id;
	err = rig_ioctl(r, r->s, VMEDIA_NR_G_CTRL, &a);
	*got = a.control.value;
	return err;
}

static void test_values(void **state)
{
	static const struct {
		uint32_t id;
		int32_t set;
		int err;
		int32_t got;
	} t[] = {
		{ V4L2_CID_BRIGHTNESS, 1000, 0, 100 },
		{ V4L2_CID_BRIGHTNESS, -1000, 0, -100 },
		{ V4L2_CID_BRIGHTNESS, 14, 0, 10 },
		{ V4L2_CID_BRIGHTNESS, 15, 0, 20 },
		{ V4L2_CID_BRIGHTNESS, -94, 0, -90 },
		{ V4L2_CID_HFLIP, 7, 0, 1 },
		{ V4L2_CID_HFLIP, 0, 0, 0 },
		{ V4L2_CID_POWER_LINE_FREQUENCY, 4, -ERANGE, 0 },
		{ V4L2_CID_POWER_LINE_FREQUENCY, -1, -ERANGE, 0 },
		{ V4L2_CID_POWER_LINE_FREQUENCY, 2, -EINVAL, 0 },
		{ V4L2_CID_POWER_LINE_FREQUENCY, 3, 0, 3 },
		{ PRIV(0), 2, -EINVAL, 0 },
		{ PRIV(0), 3, 0, 3 },
		{ PRIV(1), 2, 0, 2 },
		{ PRIV(4), -1, 0, (int32_t)0x80000007 },
		{ PRIV(2), 1, -EINVAL, 0 },
		{ PRIV(3), 1, -EINVAL, 0 },
		{ PRIV(5), 1, -EINVAL, 0 },
		{ V4L2_CID_EXPOSURE_ABSOLUTE, 1, -EACCES, 0 },
		{ V4L2_CID_USER_CLASS, 1, -EACCES, 0 },
		{ 0, 0, -EINVAL, 0 },
		{ V4L2_CID_CONTRAST, 0, -EINVAL, 0 },
		{ V4L2_CID_PRIVATE_BASE, 0, -EINVAL, 0 },
	};
	struct rig *r = start();
	unsigned int i;
	int32_t got;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(s_ctrl(r, t[i].id, t[i].set, &got), t[i].err);
		if (t[i].err)
			continue;
		assert_int_equal(got, t[i].got);
		assert_int_equal(g_ctrl(r, t[i].id, &got), 0);
		assert_int_equal(got, t[i].got);
	}
	assert_int_equal(g_ctrl(r, V4L2_CID_EXPOSURE_ABSOLUTE, &got), 0);
	assert_int_equal(got, 100);
	assert_int_equal(g_ctrl(r, PRIV(6), &got), 0);
	assert_int_equal(got, 77);
	assert_int_equal(g_ctrl(r, V4L2_CID_DO_WHITE_BALANCE, &got), -EACCES);
	assert_int_equal(g_ctrl(r, V4L2_CID_USER_CLASS, &got), -EACCES);
	/* a button acts each time; an unchanged value does not */
	set_calls = 0;
	assert_int_equal(s_ctrl(r, V4L2_CID_DO_WHITE_BALANCE, 0, &got), 0);
	assert_int_equal(s_ctrl(r, V4L2_CID_DO_WHITE_BALANCE, 0, &got), 0);
	assert_int_equal(set_calls, 2);
	assert_int_equal(s_ctrl(r, V4L2_CID_HFLIP, 0, &got), 0);
	assert_int_equal(set_calls, 2);
	/* the device refuses: the old value stays */
	refuse_value = 9;
	assert_int_equal(s_ctrl(r, V4L2_CID_GAIN, 9, &got), -EIO);
	assert_int_equal(g_ctrl(r, V4L2_CID_GAIN, &got), 0);
	assert_int_equal(got, 1);
	vmedia_ctrl_grab(ctrl(r, V4L2_CID_GAIN), true);
	assert_int_equal(s_ctrl(r, V4L2_CID_GAIN, 3, &got), -EBUSY);
	assert_int_equal(vmedia_ctrl_set(ctrl(r, V4L2_CID_GAIN), 3), 0);
	assert_int_equal(vmedia_ctrl_get(ctrl(r, V4L2_CID_GAIN)), 3);
	rig_end(r);
}

/* ---- Ext controls ---- */

#define G VMEDIA_NR_G_EXT_CTRLS
#define S VMEDIA_NR_S_EXT_CTRLS
#define T VMEDIA_NR_TRY_EXT_CTRLS

static void test_ext_which(void **state)
{
	struct rig *r = start();
	struct rig_ext e = { .c = { { .id = V4L2_CID_BRIGHTNESS } } };

	(void)state;
	/* no controls: does the class exist? */
	assert_int_equal(rig_ext(r, G, 0, 0, &e), 0);
	assert_int_equal(rig_ext(r, S, V4L2_CTRL_CLASS_USER, 0, &e), 0);
	assert_int_equal(rig_ext(r, T, V4L2_CTRL_CLASS_CAMERA, 0, &e), 0);
	assert_int_equal(rig_ext(r, G, V4L2_CTRL_CLASS_CODEC, 0, &e), -EINVAL);
	assert_int_equal(rig_ext(r, G, V4L2_CTRL_WHICH_DEF_VAL, 0, &e), 0);
	assert_int_equal(rig_ext(r, S, V4L2_CTRL_WHICH_DEF_VAL, 0, &e), -EINVAL);
	assert_int_equal(rig_ext(r, G, V4L2_CTRL_WHICH_REQUEST_VAL, 0, &e), -EINVAL);
	assert_int_equal(rig_ext(r, G, V4L2_CTRL_WHICH_DEF_VAL, 1, &e), 0);
	assert_int_equal(e.c[0].value, 50);
	assert_int_equal(e.error_idx, 1);
	assert_int_equal(rig_ext(r, S, V4L2_CTRL_WHICH_DEF_VAL, 1, &e), -EINVAL);
	assert_int_equal(rig_ext(r, T, V4L2_CTRL_WHICH_DEF_VAL, 1, &e), -EINVAL);
	assert_int_equal(rig_ext(r, G, V4L2_CTRL_WHICH_MIN_VAL, 1, &e), -EINVAL);
	assert_int_equal(rig_ext(r, G, V4L2_CTRL_WHICH_MAX_VAL, 1, &e), -EINVAL);
	assert_int_equal(rig_ext(r, S, V4L2_CTRL_WHICH_MAX_VAL, 1, &e), -EINVAL);
	/* classes do not mix */
	e.c[1].id = V4L2_CID_EXPOSURE_ABSOLUTE;
	assert_int_equal(rig_ext(r, G, 0, 2, &e), 0);
	assert_int_equal(rig_ext(r, G, V4L2_CTRL_CLASS_USER, 2, &e), -EINVAL);
	assert_int_equal(e.error_idx, 2);
	assert_int_equal(rig_ext(r, T, V4L2_CTRL_CLASS_USER, 2, &e), -EINVAL);
	assert_int_equal(e.error_idx, 1);
	rig_end(r);
}

static void test_ext_error_idx(void **state)
{
	struct rig *r = start();
	struct rig_ext e = { .c = { { .id = V4L2_CID_BRIGHTNESS, .value = 20 },
				{ .id = 0x00980000 + 0xfff } } };
	int32_t got;

	(void)state;
	assert_int_equal(rig_ext(r, G, 0, 2, &e), -EINVAL);
	assert_int_equal(e.error_idx, 2);
	assert_int_equal(rig_ext(r, S, 0, 2, &e), -EINVAL);
	assert_int_equal(e.error_idx, 2);
	assert_int_equal(rig_ext(r, T, 0, 2, &e), -EINVAL);
	assert_int_equal(e.error_idx, 1);
	/* read-only, write-only, out of range: nothing was changed */
	e.c[1] = (struct vmedia_ext_control){ .id = V4L2_CID_EXPOSURE_ABSOLUTE };
	assert_int_equal(rig_ext(r, S, 0, 2, &e), -EACCES);
	assert_int_equal(e.error_idx, 2);
	assert_int_equal(rig_ext(r, T, 0, 2, &e), -EACCES);
	assert_int_equal(e.error_idx, 1);
	e.c[1].id = V4L2_CID_DO_WHITE_BALANCE;
	assert_int_equal(rig_ext(r, G, 0, 2, &e), -EACCES);
	assert_int_equal(e.error_idx, 2);
	e.c[1] = (struct vmedia_ext_control){ .id = V4L2_CID_POWER_LINE_FREQUENCY, .value = 99 };
	assert_int_equal(rig_ext(r, S, 0, 2, &e), -ERANGE);
	assert_int_equal(e.error_idx, 2);
	assert_int_equal(rig_ext(r, T, 0, 2, &e), -ERANGE);
	assert_int_equal(e.error_idx, 1);
	assert_int_equal(g_ctrl(r, V4L2_CID_BRIGHTNESS, &got), 0);
	assert_int_equal(got, 50);
	/* the device refuses in the middle: the first was changed, the index says where it ended */
	refuse_value = 9;
	e.c[0].value = 30;
	e.c[1] = (struct vmedia_ext_control){ .id = V4L2_CID_GAIN, .value = 9 };
	assert_int_equal(rig_ext(r, S, 0, 2, &e), -EIO);
	assert_int_equal(e.error_idx, 1);
	assert_int_equal(g_ctrl(r, V4L2_CID_BRIGHTNESS, &got), 0);
	assert_int_equal(got, 30);
	/* TRY rounds and changes nothing */
	e.c[0].value = 44;
	e.c[1].value = 1000;
	assert_int_equal(rig_ext(r, T, 0, 2, &e), 0);
	assert_int_equal(e.c[0].value, 40);
	assert_int_equal(e.c[1].value, 255);
	assert_int_equal(e.error_idx, 2);
	assert_int_equal(g_ctrl(r, V4L2_CID_BRIGHTNESS, &got), 0);
	assert_int_equal(got, 30);
	e.c[0] = (struct vmedia_ext_control){ .id = PRIV(2), .value64 = 1ll << 60 };
	assert_int_equal(rig_ext(r, S, 0, 1, &e), 0);
	assert_true(e.c[0].value64 == 1ll << 50);
	rig_end(r);
}

static void test_payloads(void **state)
{
	struct rig *r = start();
	char *text = harness_alloc(&r->h, 64, 64);
	uint16_t *grid = harness_alloc(&r->h, 64, 64);
	struct rig_ext e = { .c = { { .id = PRIV(3), .size = 64 } }, .data = { (uint8_t *)text } };

	(void)state;
	assert_int_equal(rig_ext(r, G, 0, 1, &e), 0);
	assert_string_equal(text, "abc");
	e.c[0].size = 3;
	assert_int_equal(rig_ext(r, G, 0, 1, &e), -ENOSPC);
	assert_int_equal(e.c[0].size, 9);
	memcpy(text, "12345678", 9);
	e.c[0].size = 9;
	assert_int_equal(rig_ext(r, S, 0, 1, &e), 0);
	memset(text, 'x', 64);
	e.c[0].size = 64;
	assert_int_equal(rig_ext(r, S, 0, 1, &e), -ERANGE);
	text[1] = 0;
	assert_int_equal(rig_ext(r, S, 0, 1, &e), -ERANGE);
	memset(text, 0, 64);
	assert_int_equal(rig_ext(r, G, 0, 1, &e), 0);
	assert_string_equal(text, "12345678");
	/* arrays: all of it, each element in range */
	e.c[0] = (struct vmedia_ext_control){ .id = PRIV(5), .size = 11 };
	e.data[0] = (uint8_t *)grid;
	assert_int_equal(rig_ext(r, G, 0, 1, &e), -ENOSPC);
	assert_int_equal(e.c[0].size, 12);
	assert_int_equal(rig_ext(r, G, 0, 1, &e), 0);
	assert_int_equal(grid[5], 3);
	grid[0] = 500;
	grid[5] = 60000;
	assert_int_equal(rig_ext(r, S, 0, 1, &e), 0);
	memset(grid, 0, 12);
	assert_int_equal(rig_ext(r, G, 0, 1, &e), 0);
	assert_int_equal(grid[0], 500);
	assert_int_equal(grid[5], 1000);
	assert_int_equal(rig_ext(r, G, V4L2_CTRL_WHICH_DEF_VAL, 1, &e), 0);
	assert_int_equal(grid[5], 3);
	e.c[0].size = 4;
	assert_int_equal(rig_ext(r, S, 0, 1, &e), -EFAULT);
	/* compounds */
	e.c[0] = (struct vmedia_ext_control){ .id = V4L2_CID_UNIT_CELL_SIZE, .size = 8 };
	assert_int_equal(rig_ext(r, G, 0, 1, &e), 0);
	assert_memory_equal(grid, area, 8);
	/* size 0 where there must be one */
	e.c[0] = (struct vmedia_ext_control){ .id = PRIV(3) };
	assert_int_equal(rig_ext(r, S, 0, 1, &e), -ERANGE);
	assert_int_equal(rig_ext(r, G, 0, 1, &e), -ENOSPC);
	assert_int_equal(e.c[0].size, 9);
	rig_end(r);
}

/* ---- The device's side ---- */

static void test_device_changes(void **state)
{
	struct rig *r = start();
	struct vmedia_ctrl *c = ctrl(r, V4L2_CID_BRIGHTNESS);
	int32_t got;

	(void)state;
	assert_int_equal(vmedia_ctrl_modify_range(c, 0, 10, 1, 5), 0);
	assert_int_equal(vmedia_ctrl_get(c), 5);
	assert_int_equal(vmedia_ctrl_modify_range(c, 10, 0, 1, 5), -ERANGE);
	assert_int_equal(s_ctrl(r, V4L2_CID_BRIGHTNESS, 50, &got), 0);
	assert_int_equal(got, 10);
	set_calls = 0;
	assert_int_equal(vmedia_ctrl_update(c, 3), 0);
	assert_int_equal(set_calls, 0);
	assert_int_equal(g_ctrl(r, V4L2_CID_BRIGHTNESS, &got), 0);
	assert_int_equal(got, 3);
	assert_int_equal(vmedia_ctrl_update_data(ctrl(r, PRIV(3)), "hello", 5), 0);
	assert_int_equal(vmedia_ctrl_update_data(ctrl(r, PRIV(3)), "h", 1), -ERANGE);
	assert_int_equal(vmedia_ctrl_update(ctrl(r, PRIV(3)), 1), -EINVAL);
	/* a reset restores values; ranges are the device's */
	harness_restart(&r->h);
	harness_forget(&r->h);
	assert_int_equal(vmedia_ctrl_get(c), 5);
	rig_end(r);
}

static void test_std_table(void **state)
{
	struct rig *r = start();

	(void)state;
	assert_int_equal(
		vmedia_ctrl_read(vmedia_video_ctx(vmedia_video_of(r->dev)), V4L2_CID_CONTRAST, -5),
		-5);
	assert_int_equal(
		vmedia_ctrl_read(vmedia_video_ctx(vmedia_video_of(r->dev)), V4L2_CID_GAIN, -5), 1);
	rig_end(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_menus),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_ext_which),
		cmocka_unit_test(test_ext_error_idx),
		cmocka_unit_test(test_payloads),
		cmocka_unit_test(test_device_changes),
		cmocka_unit_test(test_std_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
