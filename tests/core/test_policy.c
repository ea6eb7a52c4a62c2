/* SPDX-License-Identifier: BSD-3-Clause */
/* A policy that asks the device several times, and what ends that early. */
#include "test.h"

#include <linux/videodev2.h>
#include <vmedia/policy.h>

#include "core/policy.h"
#include "fake.h"

struct rig {
	struct harness h;
	struct fake f;
	uint32_t session;
	struct harness_req *req;
	struct vmedia_cmd cmd;
};

/* An ENUM_FMT that only the format 2 answers, and that waits in the device. */
static struct rig *asking(void)
{
	struct vmedia_policy policy = { .limit_formats = true, .num_formats = 1,
					.formats = { 2 } };
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	assert_int_equal(harness_init(&r->h, NULL), 0);
	fake_create(&r->f, &r->h, NULL, 0);
	assert_int_equal(vmedia_device_set_policy(r->f.dev, &policy), 0);
	assert_int_equal(harness_open(&r->h, &r->session), 0);
	r->f.async = true;
	harness_cmd_ioctl(&r->cmd, r->session, VMEDIA_NR_ENUM_FMT);
	r->cmd.io.arg.fmtdesc.type = 1;
	r->req = harness_offer_cmd(&r->h, &r->cmd);
	harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
	harness_step(&r->h);
	assert_int_equal(r->f.num_pending, 1);
	return r;
}

static struct vmedia_fmtdesc *pending(struct rig *r)
{
	return &vmedia_request_ioctl(r->f.pending[0])->arg.fmtdesc;
}

static void rig_end(struct rig *r)
{
	harness_finish(&r->h);
	free(r);
}

static int allowed(struct fake *f, struct vmedia_session *s, struct vmedia_request *req)
{
	vmedia_request_ioctl(req)->arg.fmtdesc.pixelformat = 2;
	return 0;
}

static void test_steps(void **state)
{
	struct rig *r = asking();

	assert_int_equal(pending(r)->index, 0);
	pending(r)->pixelformat = 1;
	fake_complete(&r->f, 0);
	assert_false(r->req->used);
	assert_int_equal(r->f.num_pending, 1);
	assert_int_equal(pending(r)->index, 1);
	pending(r)->pixelformat = 2;
	fake_complete(&r->f, 0);
	harness_collect(&r->h);
	assert_true(r->req->used);
	assert_int_equal(harness_answered(&r->h, r->req, &r->cmd), 0);
	assert_int_equal(r->cmd.io.arg.fmtdesc.index, 0);
	assert_int_equal(r->cmd.io.arg.fmtdesc.pixelformat, 2);
	rig_end(r);
}

/* The device has answered, nobody has looked at it yet, and the queue stops. */
static void test_stop(void **state)
{
	struct rig *r = asking();

	pending(r)->pixelformat = 1;
	r->f.num_pending = 0;
	vmedia_request_complete(r->f.pending[0], 0);
	vmedia_device_queue_stop(r->f.dev, VMEDIA_QUEUE_COMMAND);
	harness_step(&r->h);
	harness_collect(&r->h);
	assert_true(r->req->used);
	assert_int_equal(harness_answered(&r->h, r->req, &r->cmd), -ECANCELED);
	assert_int_equal(r->f.num_pending, 0);
	/* The session goes on. */
	r->f.async = false;
	assert_int_equal(harness_close(&r->h, r->session), 0);
	rig_end(r);
}

/* The session fails while the device is asked. */
static void test_error(void **state)
{
	struct rig *r = asking();

	pending(r)->pixelformat = 1;
	vmedia_session_error(r->f.last, -EIO);
	fake_complete(&r->f, 0);
	harness_collect(&r->h);
	assert_true(r->req->used);
	assert_int_equal(harness_answered(&r->h, r->req, &r->cmd), -EIO);
	assert_int_equal(r->f.num_pending, 0);
	rig_end(r);
}

/* A reset while the device is asked. */
static void test_reset(void **state)
{
	struct rig *r = asking();

	vmedia_device_reset(r->f.dev, true);
	assert_int_equal(r->f.closes, 1);
	rig_end(r);
}

/* The queue stops while the device is asked, and the answer comes when it runs again. */
static void test_late(void **state)
{
	union vmedia_payload arg = { .fmtdesc = { .type = 1 } };
	struct rig *r = asking();
	unsigned int calls;

	vmedia_device_queue_stop(r->f.dev, VMEDIA_QUEUE_COMMAND);
	harness_collect(&r->h);
	assert_true(r->req->used);
	assert_int_equal(harness_answered(&r->h, r->req, &r->cmd), -ECANCELED);
	calls = r->f.ioctls;
	pending(r)->pixelformat = 1;
	fake_complete(&r->f, 0);
	/* It is not asked again, and the next command of the session has its own answer. */
	assert_int_equal(r->f.ioctls, calls);
	r->f.async = false;
	r->f.ioctl = allowed;
	assert_int_equal(harness_ioctl(&r->h, r->session, VMEDIA_NR_ENUM_FMT, &arg), 0);
	assert_int_equal(arg.fmtdesc.pixelformat, 2);
	rig_end(r);
}

/* A session that fails while the device is asked is closed before the device answers. */
static void test_close(void **state)
{
	struct rig *r = asking();

	vmedia_session_error(r->f.last, -EIO);
	harness_step(&r->h);
	assert_false(r->req->used);
	assert_int_equal(harness_close(&r->h, r->session), 0);
	assert_true(r->req->used);
	assert_int_equal(harness_answered(&r->h, r->req, &r->cmd), -EIO);
	assert_int_equal(r->f.closes, 1);
	assert_int_equal(r->f.num_pending, 0);
	rig_end(r);
}

/* The guest goes, and another one comes, while the device is asked for the second time. */
static void test_reconnect(void **state)
{
	union vmedia_payload arg = { .fmtdesc = { .type = 1 } };
	struct rig *r = asking();

	pending(r)->pixelformat = 1;
	fake_complete(&r->f, 0);
	assert_int_equal(r->f.num_pending, 1);
	harness_reconnect(&r->h);
	assert_int_equal(r->f.closes, 1);
	assert_int_equal(r->f.num_pending, 0);
	r->f.async = false;
	r->f.ioctl = allowed;
	assert_int_equal(harness_open(&r->h, &r->session), 0);
	assert_int_equal(harness_ioctl(&r->h, r->session, VMEDIA_NR_ENUM_FMT, &arg), 0);
	rig_end(r);
}

/* A device that has another entry each time, and none of them is allowed. */
static int another(struct fake *f, struct vmedia_session *s, struct vmedia_request *req)
{
	vmedia_request_ioctl(req)->arg.fmtdesc.pixelformat = 1;
	return 0;
}

static void test_endless(void **state)
{
	union vmedia_payload arg = { .fmtdesc = { .type = 1 } };
	struct rig *r = asking();
	unsigned int before;

	pending(r)->pixelformat = 2;
	fake_complete(&r->f, 0);
	r->f.async = false;
	r->f.ioctl = another;
	before = r->f.ioctls;
	assert_int_equal(harness_ioctl(&r->h, r->session, VMEDIA_NR_ENUM_FMT, &arg), -EINVAL);
	assert_in_range(r->f.ioctls - before, 100, 1000);
	rig_end(r);
}

/*
 * A device that has events of a control that the guest must not see, one after the other: they do
 * not keep the answer of SUBSCRIBE_EVENT.
 */
static struct {
	struct harness *h;
	unsigned int answers, events;
} hidden;

static bool hidden_event(struct vmedia_session *s, struct vmedia_evt *evt)
{
	if (hidden.h->pushes[VMEDIA_QUEUE_COMMAND] != hidden.answers || hidden.events == 100000)
		return false;
	hidden.events++;
	evt->type = VMEDIA_EVT_EVENT;
	evt->event.type = V4L2_EVENT_CTRL;
	evt->event.id = V4L2_CID_CONTRAST;
	return true;
}

static int wake(struct fake *f, struct vmedia_session *s, struct vmedia_request *req)
{
	vmedia_session_wake(s);
	return 0;
}

static void test_hidden_events(void **state)
{
	struct vmedia_policy policy = { .others = VMEDIA_POLICY_HIDE, .num_ctrls = 1,
					.ctrls = { V4L2_CID_BRIGHTNESS } };
	union vmedia_payload arg = { .event_subscription = { .type = V4L2_EVENT_CTRL,
							     .id = V4L2_CID_BRIGHTNESS } };
	struct vmedia_device_ops ops;
	struct harness h;
	struct fake f;
	uint32_t s;

	assert_int_equal(harness_init(&h, NULL), 0);
	fake_create(&f, &h, NULL, 0);
	assert_int_equal(vmedia_device_set_policy(f.dev, &policy), 0);
	assert_int_equal(harness_open(&h, &s), 0);
	ops = *f.dev->ops;
	ops.next_event = hidden_event;
	f.dev->ops = &ops;
	f.ioctl = wake;
	hidden.h = &h;
	hidden.answers = h.pushes[VMEDIA_QUEUE_COMMAND];
	assert_int_equal(harness_ioctl(&h, s, VMEDIA_NR_SUBSCRIBE_EVENT, &arg), 0);
	assert_in_range(hidden.events, 1, VMEDIA_CORE_TURN_EVENTS);
	harness_finish(&h);
}

/* Numbers of a host that no clock has: the shortest interval is still one of the range. */
static void test_large_steps(void **state)
{
	const uint32_t most = UINT32_MAX;
	struct vmedia_policy policy = { .max_fps = 2 };
	struct vmedia_frmivalenum e = {
		.type = V4L2_FRMIVAL_TYPE_STEPWISE,
		.stepwise = { .min = { 1, most }, .max = { 1, 1 }, .step = { most / 2, most } },
	};

	assert_true(vmedia_policy_cut_intervals(&policy, &e));
	assert_int_equal(e.stepwise.min.numerator, most / 2 + 1);
	assert_int_equal(e.stepwise.min.denominator, most);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_reconnect),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_hidden_events),
		cmocka_unit_test(test_large_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
