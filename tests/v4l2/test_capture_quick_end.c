/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frame sources that need no worker, and how their streams end: failures, the source's own end,
 * STREAMOFF, close and reset in every state of a run, and runs with a worker in between. For TSan
 * too.
 */
#include "gated.h"
#include "v4l2/capture.h"

#include <sched.h>

static struct rig *quick_start(bool paced)
{
	struct rig *r = gated_start(0);

	src.quick = true;
	vmedia_capture_set_paced(gated_the_queue(r), paced);
	return r;
}

static void slow(struct rig *r)
{
	gated_interval(r, 1000);
}

static void step(struct rig *r)
{
	assert_true(vmedia_loop_step(r->h.loop, -1) >= 0);
	harness_collect(&r->h);
}

/* Nothing is left that could call the source. */
static void silent(struct rig *r)
{
	struct vmedia_capture *c = gated_the_queue(r)->cap;

	assert_false(c->live);
	assert_false(c->due);
	assert_false(vmedia_timer_armed(&c->timer));
}

static void test_start_fails(void **state)
{
	struct rig *r = quick_start(true);
	uint32_t i;

	(void)state;
	src.start_err = -ENXIO;
	gated_queue_all(r, 2);
	assert_int_equal(rig_stream(r, r->s, CAP, true), -ENXIO);
	/* the buffers are still queued, and the queue can be given up */
	for (i = 0; i < 2; i++)
		assert_true(rig_query(r, r->s, CAP, i).flags & V4L2_BUF_FLAG_QUEUED);
	assert_true(vmedia_list_empty(&gated_the_queue(r)->cap->queued));
	silent(r);
	/* a word that means something else inside must not leave STREAMON without an answer */
	src.start_err = -EINPROGRESS;
	assert_int_equal(rig_stream(r, r->s, CAP, true), -EIO);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_int_equal(rig_query(r, r->s, CAP, 0).flags & V4L2_BUF_FLAG_QUEUED, 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	src.start_err = -EBUSY;
	assert_int_equal(rig_stream(r, r->s, CAP, true), -EBUSY);
	src.start_err = 0;
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(rig_event(r).buffer.index, 0);
	rig_end(r);
	assert_int_equal(src.starts, 4);
	assert_int_equal(src.stops, 1);
}

static void test_errors(void **state)
{
	struct rig *r = quick_start(true);
	struct vmedia_evt evt;
	unsigned int fills, skips;
	uint32_t i;

	(void)state;
	vmedia_log_set_level(-1);
	gated_queue_all(r, 3);
	src.fill_err = -EIO;
	src.then_err = -ENODEV;
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	evt = rig_event(r);
	assert_true(evt.buffer.flags & V4L2_BUF_FLAG_ERROR);
	assert_int_equal(evt.buffer.bytesused, 0);
	for (i = 0; i < 2; i++)
		assert_true(rig_event(r).buffer.flags & V4L2_BUF_FLAG_ERROR);
	fills = src.fills;
	skips = src.skips;
	silent(r);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), -EIO);
	gated_no_more(r);
	assert_int_equal(src.fills, fills);
	assert_int_equal(src.skips, skips);
	assert_int_equal(src.stops, 0);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_int_equal(src.stops, 1);
	src.fill_err = 0;
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(rig_event(r).buffer.flags & V4L2_BUF_FLAG_ERROR, 0);
	rig_end(r);
	assert_int_equal(src.starts, src.stops);
}

/* Thirty bad frames in a row are the end of a source; a good one in between begins anew. */
static void many_errors(bool paced)
{
	struct rig *r = quick_start(paced);
	struct vmedia_capture_stats stats;
	unsigned int n = 0;
	struct vmedia_evt evt;

	vmedia_log_set_level(-1);
	gated_queue_all(r, 1);
	src.fill_err = -EIO;
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	while (++n < VMEDIA_CAPTURE_MAX_ERRORS) {
		evt = rig_event(r);
		assert_true(evt.buffer.flags & V4L2_BUF_FLAG_ERROR);
		if (n == VMEDIA_CAPTURE_MAX_ERRORS - 1)
			src.fill_err = 0;
		assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	}
	assert_int_equal(rig_event(r).buffer.flags & V4L2_BUF_FLAG_ERROR, 0);
	src.fill_err = -EIO;
	for (n = 0; !rig_queue(r, r->s, CAP, 0); n++)
		assert_true(rig_event(r).buffer.flags & V4L2_BUF_FLAG_ERROR);
	assert_int_equal(n, VMEDIA_CAPTURE_MAX_ERRORS);
	silent(r);
	vmedia_capture_stats(gated_the_queue(r), &stats);
	assert_int_equal(stats.errors, 2 * VMEDIA_CAPTURE_MAX_ERRORS - 1);
	assert_int_equal(stats.frames, 1);
	rig_end(r);
	assert_int_equal(src.stops, 1);
}

static void test_many_errors(void **state)
{
	(void)state;
	many_errors(true);
	many_errors(false);
}

/* The end of a source, by the clock, without, and when the frame waited for its buffer. */
static void end_of_stream(bool paced, bool awaited, int err)
{
	struct rig *r = quick_start(paced);
	struct vmedia_capture *c = gated_the_queue(r)->cap;
	struct vmedia_evt evt;
	uint32_t i;
	PAYLOAD(a);

	vmedia_log_set_level(-1);
	if (awaited)
		slow(r);
	a.event_subscription.type = V4L2_EVENT_EOS;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_SUBSCRIBE_EVENT, &a), 0);
	src.fill_err = err;
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 4), 4);
	for (i = 0; i < 3 && !awaited; i++)
		assert_int_equal(rig_queue(r, r->s, CAP, i), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	if (awaited)
		gated_due_now(r);
	while (awaited && !c->due)
		step(r);
	if (awaited)
		assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	if (err == -ENODATA) {
		evt = rig_event(r);
		assert_int_equal(evt.type, VMEDIA_EVT_EVENT);
		assert_int_equal(evt.event.type, V4L2_EVENT_EOS);
	}
	evt = rig_event(r);
	assert_int_equal(evt.type, VMEDIA_EVT_DQBUF);
	assert_int_equal(!!(evt.buffer.flags & V4L2_BUF_FLAG_LAST), err == -ENODATA);
	assert_int_equal(!!(evt.buffer.flags & V4L2_BUF_FLAG_ERROR), err != -ENODATA);
	assert_int_equal(evt.buffer.bytesused, 0);
	silent(r);
	/* more buffers wait for the next stream */
	assert_int_equal(rig_queue(r, r->s, CAP, 3), err == -ENODATA ? 0 : -EIO);
	silent(r);
	assert_int_equal(src.fills, 1);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	gated_no_more(r);
	rig_end(r);
	assert_int_equal(src.stops, 1);
}

static void test_end_of_stream(void **state)
{
	(void)state;
	end_of_stream(true, false, -ENODATA);
	end_of_stream(false, false, -ENODATA);
	end_of_stream(true, true, -ENODATA);
	end_of_stream(true, true, -ENODEV);
}

/* The device itself says that it is gone: what came back is not written any more. */
static void test_queue_error(void **state)
{
	struct rig *r = quick_start(true);
	struct vmedia_capture *c = gated_the_queue(r)->cap;
	uint32_t i;

	(void)state;
	slow(r);
	gated_queue_all(r, 3);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	gated_due_now(r);
	assert_int_equal(rig_event(r).buffer.flags & V4L2_BUF_FLAG_ERROR, 0);
	vmedia_queue_error(gated_the_queue(r));
	for (i = 0; i < 2; i++)
		assert_true(rig_event(r).buffer.flags & V4L2_BUF_FLAG_ERROR);
	gated_due_now(r);
	while (!c->due)
		step(r);
	assert_int_equal(src.fills, 1);
	assert_true(vmedia_list_empty(&c->queued));
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	silent(r);
	gated_queue_all(r, 2);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	gated_due_now(r);
	assert_int_equal(rig_event(r).buffer.flags & V4L2_BUF_FLAG_ERROR, 0);
	rig_end(r);
	assert_int_equal(src.starts, src.stops);
}

enum when { BEFORE_FIRST, AWAITED, BETWEEN, TURN_PENDING, OVER, GONE, NUM_WHEN };
enum how { STREAMOFF, CLOSE, RESET, NUM_HOW };

/* Bring a run into state @when. */
static void reach(struct rig *r, enum when when)
{
	struct vmedia_capture *c = gated_the_queue(r)->cap;
	struct harness_req *req;
	struct vmedia_cmd cmd;

	vmedia_capture_set_paced(c->q, when != TURN_PENDING);
	slow(r);
	src.fill_err = when == OVER ? -ENODATA : when == GONE ? -ENODEV : 0;
	if (when == AWAITED)
		assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 3), 3);
	else
		gated_queue_all(r, 3);
	if (when == TURN_PENDING)
		harness_turn(&r->h, 0);
	if (when == BEFORE_FIRST || when == TURN_PENDING) {
		harness_cmd_ioctl(&cmd, r->s, VMEDIA_NR_STREAMON);
		cmd.io.arg.u32 = CAP;
		req = harness_offer_cmd(&r->h, &cmd);
		vmedia_vqr_publish(r->h.vqr[VMEDIA_QUEUE_COMMAND]);
		vmedia_device_kick(r->h.dev, VMEDIA_QUEUE_COMMAND);
		while (!c->live)
			step(r);
		harness_collect(&r->h);
		assert_true(req->used);
		assert_int_equal(harness_answered(&r->h, req, &cmd), 0);
		/* as a QBUF of this moment would */
		vmedia_capture_quick_queued(c);
		assert_int_equal(c->due, when == TURN_PENDING);
		assert_int_equal(src.fills, 0);
		return;
	}
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	gated_due_now(r);
	if (when == AWAITED) {
		while (!c->due)
			step(r);
	} else {
		while (src.fills < 1)
			step(r);
	}
}

static void end(struct rig *r, enum how how)
{
	struct vmedia_evt evt;

	if (how == STREAMOFF) {
		assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
		gated_no_more(r);
		assert_int_equal(harness_close(&r->h, r->s), 0);
	} else if (how == CLOSE) {
		assert_int_equal(harness_close(&r->h, r->s), 0);
	} else {
		while (rig_poll(r, &evt))
			;
		harness_restart(&r->h);
		harness_forget(&r->h);
		harness_post_events(&r->h, 32, VMEDIA_EVT_DQBUF_SIZE);
	}
}

/* In every state, by every way: the source is stopped once, and not called again. */
static void test_end_anywhere(void **state)
{
	unsigned int when, how, fills;
	struct vmedia_evt evt;
	struct rig *r;

	(void)state;
	for (when = 0; when < NUM_WHEN; when++) {
		for (how = 0; how < NUM_HOW; how++) {
			r = quick_start(true);
			vmedia_log_set_level(-1);
			reach(r, when);
			end(r, how);
			fills = src.fills;
			assert_int_equal(src.stops, 1);
			silent(r);
			assert_true(vmedia_list_empty(&gated_the_queue(r)->cap->queued));
			while (rig_poll(r, &evt))
				;
			assert_int_equal(src.fills, fills);
			/* and the next one streams */
			src.fill_err = 0;
			vmedia_capture_set_paced(gated_the_queue(r), true);
			assert_int_equal(harness_open(&r->h, &r->s), 0);
			gated_interval(r, 0);
			gated_queue_all(r, 2);
			assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
			evt = rig_event(r);
			assert_int_equal(evt.buffer.sequence, 0);
			assert_int_equal(evt.session_id, r->s);
			rig_end(r);
			assert_int_equal(src.starts, 2);
			assert_int_equal(src.stops, 2);
		}
		/* at once, without a round of the loop in which things would end by themselves */
		r = quick_start(true);
		vmedia_log_set_level(-1);
		reach(r, when);
		vmedia_queue_cancel(gated_the_queue(r), true);
		silent(r);
		rig_end(r);
		assert_int_equal(src.stops, 1);
		/* or the device goes in that state */
		r = quick_start(true);
		vmedia_log_set_level(-1);
		reach(r, when);
		rig_end(r);
		assert_int_equal(src.stops, 1);
	}
}

/* The worker has a frame of the last session in hand: it serves the next one, quick or not. */
static void test_busy_worker(void **state)
{
	struct rig *r = gated_start(0);
	struct vmedia_capture *c = gated_the_queue(r)->cap;
	struct harness_req *req;
	struct vmedia_cmd cmd;

	(void)state;
	gated_queue_all(r, 2);
	src.gate_fill = true;
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	gated_wait_for(&src.in_fill);
	assert_int_equal(harness_close(&r->h, r->s), 0);
	assert_int_equal(harness_open(&r->h, &r->s), 0);
	gated_queue_all(r, 1);	/* so that no second frame is under way at STREAMOFF */
	src.quick = true;
	src.gate_fill = false;
	/* it cannot be idle before `go`, which is given when STREAMON has begun to wait */
	req = gated_offer(r, VMEDIA_NR_STREAMON, &cmd);
	assert_false(req->used);
	sem_post(&src.go);
	assert_int_equal(gated_await(r, req, &cmd), 0);
	assert_int_equal(rig_event(r).buffer.sequence, 0);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_false(pthread_equal(src.filler, pthread_self()));
	/* idle again: the loop's turn, and cancel() is not for it */
	while (c->busy)
		assert_true(vmedia_loop_step(r->h.loop, -1) >= 0);
	src.cancels = 0;
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(rig_event(r).buffer.sequence, 0);
	assert_true(pthread_equal(src.filler, pthread_self()));
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_int_equal(src.cancels, 0);
	/* and back */
	src.quick = false;
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(rig_event(r).buffer.sequence, 0);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_false(pthread_equal(src.filler, pthread_self()));
	rig_end(r);
	assert_int_equal(src.starts, 4);
	assert_int_equal(src.stops, 4);
}

/* Streams of both kinds begin and end at random points; nothing is lost track of. */
static void test_hammer(void **state)
{
	struct rig *r = gated_start(0);
	unsigned int i, n;
	struct vmedia_evt evt;

	(void)state;
	rig_seed();
	for (i = 0; i < 300; i++) {
		src.quick = rig_random() % 3;
		vmedia_capture_set_paced(gated_the_queue(r), rig_random() & 1);
		gated_queue_all(r, 1 + rig_random() % 5);
		assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
		for (n = rig_random() % 4; n; n--) {
			evt = rig_event(r);
			assert_int_equal(rig_queue(r, r->s, CAP, evt.buffer.index), 0);
		}
		switch (rig_random() % 3) {
		case 0:
			assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
			gated_no_more(r);
			break;
		case 1:
			assert_int_equal(harness_close(&r->h, r->s), 0);
			assert_int_equal(harness_open(&r->h, &r->s), 0);
			break;
		default:
			harness_restart(&r->h);
			harness_forget(&r->h);
			harness_post_events(&r->h, 32, VMEDIA_EVT_DQBUF_SIZE);
			assert_int_equal(harness_open(&r->h, &r->s), 0);
			break;
		}
		while (rig_poll(r, &evt))
			;
	}
	rig_end(r);
	assert_int_equal(src.starts, src.stops);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_fails),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_many_errors),
		cmocka_unit_test(test_end_of_stream),
		cmocka_unit_test(test_queue_error),
		cmocka_unit_test(test_end_anywhere),
		cmocka_unit_test(test_busy_worker),
		cmocka_unit_test(test_hammer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
