/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events: order against answers, no buffers, short buffers, many sessions, what is forgotten and
 * what is not.
 */
#include "test.h"

#include <linux/videodev2.h>

static int qbuf(struct world *w, uint32_t session, uint32_t index)
{
	union vmedia_payload arg = { 0 };

	arg.buffer.type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
	arg.buffer.memory = VMEDIA_MEMORY_MMAP;
	arg.buffer.index = index;
	return harness_ioctl(&w->h, session, VMEDIA_NR_QBUF, &arg);
}

static int subscribe(struct world *w, uint32_t session, uint32_t nr, uint32_t type, uint32_t id,
		     uint32_t flags)
{
	union vmedia_payload arg = { 0 };

	arg.event_subscription.type = type;
	arg.event_subscription.id = id;
	arg.event_subscription.flags = flags;
	return harness_ioctl(&w->h, session, nr, &arg);
}

static void expect_dqbuf(struct world *w, uint32_t session, uint32_t index)
{
	struct vmedia_evt evt;
	uint32_t used;

	assert_int_equal(harness_event(&w->h, &evt, &used), 1);
	assert_int_equal(used, 608);
	assert_int_equal(evt.type, VMEDIA_EVT_DQBUF);
	assert_int_equal(evt.session_id, session);
	assert_int_equal(evt.buffer.index, index);
	assert_int_equal(evt.buffer.m.planes, 0); /* pointers are NULL */
}

/* The answer of QBUF is published before the event, each with one notification. */
static void test_answer_then_event(void **state)
{
	struct world *w = world_open();

	harness_post_events(&w->h, 4, 608);
	w->h.traced = 0;
	assert_int_equal(qbuf(w, w->session, 2), 0);
	assert_string_equal(w->h.trace, "ceCE");
	expect_dqbuf(w, w->session, 2);
	world_end(w);
}

/* Events of SUBSCRIBE_EVENT come before its answer. */
static void test_initial_event_first(void **state)
{
	struct world *w = world_open();
	struct vmedia_evt evt;
	uint32_t used;

	harness_post_events(&w->h, 4, 608);
	w->h.traced = 0;
	assert_int_equal(subscribe(w, w->session, VMEDIA_NR_SUBSCRIBE_EVENT, V4L2_EVENT_CTRL, 7,
				   V4L2_EVENT_SUB_FL_SEND_INITIAL),
			 0);
	assert_string_equal(w->h.trace, "ecEC");
	assert_int_equal(harness_event(&w->h, &evt, &used), 1);
	assert_int_equal(used, 144);
	assert_int_equal(evt.type, VMEDIA_EVT_EVENT);
	assert_int_equal(evt.event.id, 7);
	world_end(w);
}

/* Nothing posted: nothing is lost and commands are served. */
static void test_no_buffers(void **state)
{
	struct world *w = world_open();
	unsigned int i;

	for (i = 0; i < 20; i++)
		assert_int_equal(qbuf(w, w->session, i), 0);
	assert_int_equal(subscribe(w, w->session, VMEDIA_NR_SUBSCRIBE_EVENT, V4L2_EVENT_CTRL, 7,
				   V4L2_EVENT_SUB_FL_SEND_INITIAL),
			 0);
	for (i = 0; i < 20; i++) {
		assert_int_equal(harness_ioctl(&w->h, w->session, VMEDIA_NR_G_INPUT, NULL), 0);
		harness_post_events(&w->h, 1, 608);
		expect_dqbuf(w, w->session, i);
		assert_int_equal(harness_event(&w->h, NULL, NULL), 0);
	}
	harness_post_events(&w->h, 1, 144); /* as large as this event */
	assert_int_equal(harness_event(&w->h, NULL, NULL), 1);
	world_end(w);
}

static void test_short_buffers(void **state)
{
	struct world *w = world_open();
	struct vmedia_evt evt;
	uint32_t used;

	harness_post_events(&w->h, 1, 7);
	harness_post_events(&w->h, 1, 144);
	harness_post_events(&w->h, 1, 607);
	assert_int_equal(qbuf(w, w->session, 1), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(harness_event(&w->h, NULL, &used), 1);
		assert_int_equal(used, 0);
	}
	assert_int_equal(harness_event(&w->h, NULL, &used), 0);
	assert_int_equal(stats_of(w).bad_chains, 3);
	harness_post_events(&w->h, 1, 608);
	expect_dqbuf(w, w->session, 1);
	/* An error event needs 16. */
	harness_post_events(&w->h, 1, 15);
	harness_post_events(&w->h, 1, 16);
	vmedia_session_error(w->f.last, -EIO);
	harness_step(&w->h);
	assert_int_equal(harness_event(&w->h, NULL, &used), 1);
	assert_int_equal(used, 0);
	assert_int_equal(harness_event(&w->h, &evt, &used), 1);
	assert_int_equal(used, 16);
	assert_int_equal(evt.type, VMEDIA_EVT_ERROR);
	world_end(w);
}

static void test_bad_event_chains(void **state)
{
	struct world *w = world_open();
	struct vmedia_gpa_range nowhere = { 0x1000, 608 }, in = { HARNESS_GPA + 8192, 608 };
	uint32_t used;

	assert_int_equal(qbuf(w, w->session, 1), 0);
	harness_offer_sg(&w->h, VMEDIA_QUEUE_EVENT, NULL, 0, &nowhere, 1);
	harness_offer_sg(&w->h, VMEDIA_QUEUE_EVENT, &in, 1, NULL, 0); /* nothing to write to */
	harness_kick(&w->h, VMEDIA_QUEUE_EVENT);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(harness_event(&w->h, NULL, &used), 1);
		assert_int_equal(used, 0);
	}
	harness_post_events(&w->h, 1, 608);
	expect_dqbuf(w, w->session, 1);
	world_end(w);
}

static void test_round_robin(void **state)
{
	struct world *w = world_new(NULL);
	struct vmedia_evt evt;
	uint32_t id[3];
	unsigned int i;

	for (i = 0; i < 3; i++)
		assert_int_equal(harness_open(&w->h, &id[i]), 0);
	/* The first has much, the others little. */
	for (i = 0; i < 10; i++)
		assert_int_equal(qbuf(w, id[0], i), 0);
	assert_int_equal(qbuf(w, id[1], 100), 0);
	assert_int_equal(qbuf(w, id[2], 200), 0);
	harness_post_events(&w->h, 3, 608);
	for (i = 0; i < 3; i++) {
		assert_int_equal(harness_event(&w->h, &evt, NULL), 1);
		assert_int_equal(evt.session_id, id[i]);
	}
	harness_post_events(&w->h, 20, 608);
	for (i = 1; i < 10; i++)
		expect_dqbuf(w, id[0], i);
	assert_int_equal(harness_event(&w->h, NULL, NULL), 0);
	world_end(w);
}

/*
 * An event that core holds for want of a buffer is not delivered after the answer that forbids it.
 */
static void test_forbidden(void **state)
{
	static const struct {
		uint32_t nr, arg[3];
	} forbid[] = {
		{ VMEDIA_NR_STREAMOFF, { VMEDIA_BUF_TYPE_VIDEO_CAPTURE } },
		{ VMEDIA_NR_REQBUFS, { 0, VMEDIA_BUF_TYPE_VIDEO_CAPTURE, 1 } },
		{ VMEDIA_NR_REMOVE_BUFS, { 2, 4, VMEDIA_BUF_TYPE_VIDEO_CAPTURE } },
	}, allow[] = {
		{ VMEDIA_NR_STREAMOFF, { VMEDIA_BUF_TYPE_VIDEO_OUTPUT } },
		{ VMEDIA_NR_REQBUFS, { 0, VMEDIA_BUF_TYPE_VIDEO_OUTPUT, 1 } },
		{ VMEDIA_NR_REMOVE_BUFS, { 4, 2, VMEDIA_BUF_TYPE_VIDEO_CAPTURE } },
		{ VMEDIA_NR_STREAMON, { VMEDIA_BUF_TYPE_VIDEO_CAPTURE } },
	};
	struct world *w = world_open();
	union vmedia_payload arg;
	unsigned int i;

	for (i = 0; i < VMEDIA_ARRAY_SIZE(forbid); i++) {
		assert_int_equal(qbuf(w, w->session, 3), 0);
		memset(&arg, 0, sizeof(arg));
		memcpy(&arg, forbid[i].arg, sizeof(forbid[i].arg));
		/* A failure forbids nothing. */
		w->f.ioctl_err = -EBUSY;
		assert_int_equal(harness_ioctl(&w->h, w->session, forbid[i].nr, &arg), -EBUSY);
		w->f.ioctl_err = 0;
		assert_int_equal(harness_ioctl(&w->h, w->session, forbid[i].nr, &arg), 0);
		harness_post_events(&w->h, 1, 608);
		assert_int_equal(harness_event(&w->h, NULL, NULL), 0);
		assert_int_equal(qbuf(w, w->session, 9), 0);
		expect_dqbuf(w, w->session, 9);
	}
	for (i = 0; i < VMEDIA_ARRAY_SIZE(allow); i++) {
		assert_int_equal(qbuf(w, w->session, 3), 0);
		memset(&arg, 0, sizeof(arg));
		memcpy(&arg, allow[i].arg, sizeof(allow[i].arg));
		assert_int_equal(harness_ioctl(&w->h, w->session, allow[i].nr, &arg), 0);
		harness_post_events(&w->h, 1, 608);
		expect_dqbuf(w, w->session, 3);
	}
	world_end(w);
}

static void test_unsubscribe(void **state)
{
	struct world *w = world_open();
	struct vmedia_evt evt;

	assert_int_equal(harness_ioctl(&w->h, w->session, VMEDIA_NR_G_INPUT, NULL), 0);
	fake_event(w->f.last, V4L2_EVENT_CTRL, 7);
	harness_step(&w->h);
	assert_int_equal(
		subscribe(w, w->session, VMEDIA_NR_UNSUBSCRIBE_EVENT, V4L2_EVENT_CTRL, 8, 0), 0);
	harness_post_events(&w->h, 1, 608);
	assert_int_equal(harness_event(&w->h, &evt, NULL), 1);
	assert_int_equal(evt.event.id, 7);
	fake_event(w->f.last, V4L2_EVENT_CTRL, 7);
	harness_step(&w->h);
	assert_int_equal(
		subscribe(w, w->session, VMEDIA_NR_UNSUBSCRIBE_EVENT, V4L2_EVENT_CTRL, 7, 0), 0);
	fake_event(w->f.last, V4L2_EVENT_EOS, 0);
	harness_step(&w->h);
	assert_int_equal(
		subscribe(w, w->session, VMEDIA_NR_UNSUBSCRIBE_EVENT, V4L2_EVENT_ALL, 0, 0), 0);
	harness_post_events(&w->h, 1, 608);
	assert_int_equal(harness_event(&w->h, &evt, NULL), 0);
	world_end(w);
}

/* CLOSE takes a waiting event with it. */
static void test_close_drops(void **state)
{
	struct world *w = world_open();

	assert_int_equal(qbuf(w, w->session, 1), 0);
	assert_int_equal(qbuf(w, w->session, 2), 0);
	assert_int_equal(harness_close(&w->h, w->session), 0);
	harness_post_events(&w->h, 4, 608);
	assert_int_equal(harness_event(&w->h, NULL, NULL), 0);
	world_end(w);
}

/* Events woken outside of a kick go out at the end of the loop's turn, with one notification. */
static void test_wake(void **state)
{
	struct world *w = world_open();
	unsigned int i, before;

	harness_post_events(&w->h, 8, 608);
	assert_int_equal(harness_ioctl(&w->h, w->session, VMEDIA_NR_G_INPUT, NULL), 0);
	before = w->h.notifies[VMEDIA_QUEUE_EVENT];
	for (i = 0; i < 5; i++)
		fake_dqbuf(w->f.last,
			   i & 1 ? VMEDIA_BUF_TYPE_VIDEO_OUTPUT_MPLANE
				 : VMEDIA_BUF_TYPE_VBI_CAPTURE,
			   i);
	assert_int_equal(harness_event(&w->h, NULL, NULL), 0);
	harness_step(&w->h);
	for (i = 0; i < 5; i++)
		expect_dqbuf(w, w->session, i);
	assert_int_equal(w->h.notifies[VMEDIA_QUEUE_EVENT], before + 1);
	world_end(w);
}

/* The cycle of a frame allocates nothing. */
/* The device finds its session in error when it is asked for an event. */
static void test_error_when_pulled(void **state)
{
	struct world *w = world_open();
	struct vmedia_evt evt;
	uint32_t used;

	vmedia_log_set_level(-1);
	harness_post_events(&w->h, 2, VMEDIA_EVT_MAX_SIZE);
	w->f.event_err = -ENODEV;
	vmedia_session_wake(w->f.last);
	harness_step(&w->h);
	assert_int_equal(harness_event(&w->h, &evt, &used), 1);
	assert_int_equal(evt.type, VMEDIA_EVT_ERROR);
	assert_int_equal(evt.session_id, w->session);
	assert_int_equal(evt.err, ENODEV);
	assert_int_equal(harness_event(&w->h, &evt, &used), 0);
	world_end(w);
}

static void test_steady_state(void **state)
{
	struct world *w = world_open();
	size_t heap = 0;
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		if (i == 100)
			heap = harness_heap_bytes();
		if (i % 100 == 0) {
			/* The harness has memory for so many event buffers only. */
			w->h.heap = w->h.heap_start + (1u << 20);
		}
		harness_post_events(&w->h, 1, 608);
		assert_int_equal(qbuf(w, w->session, i), 0);
		expect_dqbuf(w, w->session, i);
	}
	assert_int_equal(harness_heap_bytes(), heap);
	world_end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer_then_event),
		cmocka_unit_test(test_initial_event_first),
		cmocka_unit_test(test_no_buffers),
		cmocka_unit_test(test_short_buffers),
		cmocka_unit_test(test_bad_event_chains),
		cmocka_unit_test(test_round_robin),
		cmocka_unit_test(test_forbidden),
		cmocka_unit_test(test_unsubscribe),
		cmocka_unit_test(test_close_drops),
		cmocka_unit_test(test_wake),
		cmocka_unit_test(test_error_when_pulled),
		cmocka_unit_test(test_steady_state),
	};

	return cmocka_run_group_tests_name("core event", tests, NULL, NULL);
}
