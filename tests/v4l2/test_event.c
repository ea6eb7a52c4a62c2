/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Subscriptions and events: initial ones, who hears of a change, merging, order against buffers,
 * limits.
 */
#include "rig.h"

#define CAP V4L2_BUF_TYPE_VIDEO_CAPTURE

static const struct vmedia_ctrl_config ctrls[] = {
	{ .id = V4L2_CID_BRIGHTNESS, .max = 100, .def = 50 },
	{ .id = V4L2_CID_GAIN, .max = 100, .def = 50 },
};
static const struct vmedia_frame_size sizes[] = { { .width = 64, .height = 32 } };
static const struct vmedia_format_config grey[] = {
	{ .pixelformat = V4L2_PIX_FMT_GREY, .sizes = sizes, .num_sizes = 1 }
};
static const struct vmedia_queue_config queue = {
	.type = CAP, .formats = grey, .num_formats = 1, .ops = &manual_ops
};

static int accept_frame_sync(struct vmedia_ctx *ctx, const struct vmedia_event_subscription *sub)
{
	(void)ctx;
	return sub->type == V4L2_EVENT_FRAME_SYNC ? 0 : -EINVAL;
}

static const struct vmedia_video_ops ops = { .subscribe = accept_frame_sync };
static const struct vmedia_video_config camera = {
	.card = "e",
	.queues = &queue,
	.num_queues = 1,
	.ctrls = ctrls,
	.num_ctrls = 2,
	.source_change = true,
	.ops = &ops,
};

static int subscribe(struct rig *r, uint32_t s, uint32_t nr, uint32_t type, uint32_t id,
		     uint32_t flags)
{
	PAYLOAD(a);

	memset(&a, 0xff, sizeof(a));
	a.event_subscription =
		(struct vmedia_event_subscription){ .type = type, .id = id, .flags = flags };
	return rig_ioctl(r, s, nr, &a);
}

#define SUB VMEDIA_NR_SUBSCRIBE_EVENT
#define UNSUB VMEDIA_NR_UNSUBSCRIBE_EVENT

static void set_brightness(struct rig *r, uint32_t s, int32_t value)
{
	PAYLOAD(a);

	a.control = (struct vmedia_control){ V4L2_CID_BRIGHTNESS, value };
	assert_int_equal(rig_ioctl(r, s, VMEDIA_NR_S_CTRL, &a), 0);
}

static void test_initial(void **state)
{
	struct rig *r = rig_new(&camera);
	struct vmedia_evt evt;
	unsigned int pushed;

	(void)state;
	/* it is in the event queue before the response is in the other */
	r->h.traced = 0;
	assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_CTRL, V4L2_CID_BRIGHTNESS,
				   V4L2_EVENT_SUB_FL_SEND_INITIAL),
			 0);
	for (pushed = 0; r->h.trace[pushed] != 'e'; pushed++)
		assert_true(r->h.trace[pushed] && r->h.trace[pushed] != 'c');
	assert_true(rig_poll(r, &evt));
	assert_int_equal(evt.type, VMEDIA_EVT_EVENT);
	assert_int_equal(evt.event.type, V4L2_EVENT_CTRL);
	assert_int_equal(evt.event.id, V4L2_CID_BRIGHTNESS);
	assert_int_equal(evt.event.u.ctrl.changes,
			 V4L2_EVENT_CTRL_CH_FLAGS | V4L2_EVENT_CTRL_CH_VALUE);
	assert_int_equal(evt.event.u.ctrl.value, 50);
	assert_int_equal(evt.event.u.ctrl.maximum, 100);
	assert_int_equal(evt.event.pending, 0);
	assert_int_equal(evt.event.sequence, 0);
	assert_true(evt.event.timestamp.tv_sec || evt.event.timestamp.tv_nsec);
	/* once */
	assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_CTRL, V4L2_CID_BRIGHTNESS,
				   V4L2_EVENT_SUB_FL_SEND_INITIAL),
			 0);
	assert_false(rig_poll(r, &evt));
	/* classes have none */
	assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_CTRL, V4L2_CID_USER_CLASS,
				   V4L2_EVENT_SUB_FL_SEND_INITIAL),
			 0);
	assert_false(rig_poll(r, &evt));
	rig_end(r);
}

static void test_refused(void **state)
{
	struct rig *r = rig_new(&camera);

	(void)state;
	assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_ALL, 0, 0), -EINVAL);
	assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_CTRL, V4L2_CID_CONTRAST, 0), -EINVAL);
	assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_EOS, 0, 0), -EINVAL);
	assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_VSYNC, 0, 0), -EINVAL);
	assert_int_equal(subscribe(r, r->s, SUB, 0xffffffff, 0, 0), -EINVAL);
	assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_FRAME_SYNC, 0, 0), 0);
	assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_SOURCE_CHANGE, 0, 0), 0);
	assert_int_equal(subscribe(r, r->s, UNSUB, V4L2_EVENT_VSYNC, 0, 0), 0);
	rig_end(r);
}

/* A change is told to all but the session that made it, unless it asked for feedback. */
static void test_feedback(void **state)
{
	struct rig *r = rig_new(&camera);
	struct vmedia_evt evt;

	(void)state;
	rig_open2(r);
	assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_CTRL, V4L2_CID_BRIGHTNESS, 0), 0);
	assert_int_equal(subscribe(r, r->s2, SUB, V4L2_EVENT_CTRL, V4L2_CID_BRIGHTNESS,
				   V4L2_EVENT_SUB_FL_ALLOW_FEEDBACK),
			 0);
	set_brightness(r, r->s, 10);
	evt = rig_event(r);
	assert_int_equal(evt.session_id, r->s2);
	assert_int_equal(evt.event.u.ctrl.value, 10);
	assert_false(rig_poll(r, &evt));
	set_brightness(r, r->s2, 20);
	assert_true(rig_poll(r, &evt));
	assert_true(rig_poll(r, &evt));
	assert_false(rig_poll(r, &evt));
	/* no change, no event */
	set_brightness(r, r->s2, 20);
	assert_false(rig_poll(r, &evt));
	/* gone with its session */
	assert_int_equal(harness_close(&r->h, r->s2), 0);
	set_brightness(r, r->s, 30);
	assert_false(rig_poll(r, &evt));
	rig_end(r);
}

/* Take all event buffers away: what happens meanwhile is merged, not lost, not unbounded. */
static void test_merge(void **state)
{
	struct rig *r = rig_new(&camera);
	struct vmedia_ctx *ctx = vmedia_video_ctx(vmedia_video_of(r->dev));
	struct vmedia_ctrl *c = vmedia_ctrl_find(ctx, V4L2_CID_BRIGHTNESS);
	struct vmedia_event sync = { .type = V4L2_EVENT_FRAME_SYNC };
	struct vmedia_evt evt;
	unsigned int i, n;

	(void)state;
	assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_CTRL, V4L2_CID_BRIGHTNESS, 0), 0);
	assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_CTRL, V4L2_CID_GAIN, 0), 0);
	assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_SOURCE_CHANGE, 0, 0), 0);
	assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_FRAME_SYNC, 0, 0), 0);
	/* use up the posted buffers and what core holds back itself */
	for (i = 0; i < 33; i++) {
		vmedia_ctx_event(ctx, &sync);
		harness_step(&r->h);
	}
	harness_collect(&r->h);
	vmedia_ctrl_set(c, 1);
	vmedia_ctrl_activate(c, false);
	vmedia_ctrl_set(c, 2);
	vmedia_ctx_event_source_change(ctx, 1);
	vmedia_ctx_event_source_change(ctx, 4);
	for (i = 0; i < 100; i++) {
		sync.u.frame_sync.frame_sequence = i;
		vmedia_ctx_event(ctx, &sync);
	}
	for (i = 0; i < 33; i++)
		assert_int_equal(rig_event(r).event.type, V4L2_EVENT_FRAME_SYNC);
	evt = rig_event(r);
	assert_int_equal(evt.event.u.ctrl.changes,
			 V4L2_EVENT_CTRL_CH_VALUE | V4L2_EVENT_CTRL_CH_FLAGS);
	assert_int_equal(evt.event.u.ctrl.value, 2);
	assert_true(evt.event.u.ctrl.flags & V4L2_CTRL_FLAG_INACTIVE);
	evt = rig_event(r);
	assert_int_equal(evt.event.type, V4L2_EVENT_SOURCE_CHANGE);
	assert_int_equal(evt.event.u.src_change.changes, 5);
	for (n = 0; rig_poll(r, &evt); n++)
		;
	assert_true(n > 0 && n <= 8);
	assert_int_equal(evt.event.u.frame_sync.frame_sequence, 99);
	assert_int_equal(evt.event.pending, 0);
	rig_end(r);
}

/* Buffers and events come in the order in which they happened. */
static void test_order(void **state)
{
	struct rig *r = rig_new(&camera);
	struct vmedia_ctx *ctx = vmedia_video_ctx(vmedia_video_of(r->dev));
	unsigned int i;

	(void)state;
	assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_SOURCE_CHANGE, 0, 0), 0);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, V4L2_MEMORY_MMAP, 4), 4);
	for (i = 0; i < 4; i++)
		assert_int_equal(rig_queue(r, r->s, CAP, i), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	manual_done(r, 1, VMEDIA_BUF_DONE);
	vmedia_ctx_event_source_change(ctx, 1);
	manual_done(r, 1, VMEDIA_BUF_DONE);
	assert_int_equal(rig_event(r).buffer.index, 0);
	assert_int_equal(rig_event(r).type, VMEDIA_EVT_EVENT);
	assert_int_equal(rig_event(r).buffer.index, 1);
	rig_end(r);
}

static void test_unsubscribe(void **state)
{
	struct rig *r = rig_new(&camera);
	struct vmedia_ctx *ctx = vmedia_video_ctx(vmedia_video_of(r->dev));
	struct vmedia_evt evt;

	(void)state;
	assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_SOURCE_CHANGE, 0, 0), 0);
	assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_FRAME_SYNC, 0, 0), 0);
	assert_int_equal(subscribe(r, r->s, UNSUB, V4L2_EVENT_SOURCE_CHANGE, 0, 0), 0);
	vmedia_ctx_event_source_change(ctx, 1);
	assert_false(rig_poll(r, &evt));
	vmedia_ctx_event(ctx, &(struct vmedia_event){ .type = V4L2_EVENT_FRAME_SYNC });
	assert_true(rig_poll(r, &evt));
	assert_int_equal(subscribe(r, r->s, UNSUB, V4L2_EVENT_ALL, 0, 0), 0);
	vmedia_ctx_event(ctx, &(struct vmedia_event){ .type = V4L2_EVENT_FRAME_SYNC });
	assert_false(rig_poll(r, &evt));
	rig_end(r);
}

static void test_limit(void **state)
{
	struct vmedia_video_config cfg = camera;
	struct vmedia_limits limits;
	struct rig *r;
	unsigned int i;

	(void)state;
	vmedia_limits_default(&limits);
	limits.max_subscriptions = 10;
	cfg.limits = &limits;
	r = rig_new(&cfg);
	for (i = 0; i < 10; i++)
		assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_FRAME_SYNC, i, 0), 0);
	assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_FRAME_SYNC, 10, 0), -ENOMEM);
	assert_int_equal(subscribe(r, r->s, UNSUB, V4L2_EVENT_FRAME_SYNC, 3, 0), 0);
	assert_int_equal(subscribe(r, r->s, SUB, V4L2_EVENT_FRAME_SYNC, 10, 0), 0);
	rig_end(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_initial),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_feedback),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_unsubscribe),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
