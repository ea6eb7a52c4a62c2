/* SPDX-License-Identifier: BSD-3-Clause */
/* Frame sources that fail, end, or are stopped in the middle of something. For TSan too. */
#include "gated.h"

static void test_start_fails(void **state)
{
	struct rig *r = gated_start(0);

	(void)state;
	src.start_err = -ENXIO;
	gated_queue_all(r, 2);
	assert_int_equal(rig_stream(r, r->s, CAP, true), -ENXIO);
	assert_true(rig_query(r, r->s, CAP, 0).flags & V4L2_BUF_FLAG_QUEUED);
	src.start_err = 0;
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(rig_event(r).buffer.index, 0);
	rig_end(r);
	assert_int_equal(src.starts, 2);
	assert_int_equal(src.stops, 1);
}

/* STREAMOFF in the middle of fill(): answered when it ended; others are served meanwhile. */
static void test_stop_in_fill(void **state)
{
	struct rig *r = gated_start(0);
	struct harness_req *req;
	struct vmedia_cmd cmd;
	unsigned int round;

	(void)state;
	rig_open2(r);
	gated_queue_all(r, 3);
	src.gate_fill = true;
	for (round = 0; round < 10; round++) {
		if (round)
			assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
		assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
		gated_wait_for(&src.in_fill);
		req = gated_offer(r, VMEDIA_NR_STREAMOFF, &cmd);
		assert_false(req->used);
		rig_format(r, r->s2, CAP);
		sem_post(&src.go);
		assert_int_equal(gated_await(r, req, &cmd), 0);
		gated_no_more(r);
		assert_int_equal(rig_query(r, r->s, CAP, 0).flags & V4L2_BUF_FLAG_QUEUED, 0);
	}
	src.gate_fill = false;
	rig_end(r);
	assert_int_equal(src.starts, 10);
	assert_int_equal(src.stops, 10);
}

/*
 * A session ends in the middle of fill(): memory of ours lives on by its reference, nothing waits.
 */
static void test_orphan(void **state)
{
	struct rig *r = gated_start(0);

	(void)state;
	gated_queue_all(r, 2);
	src.gate_fill = true;
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	gated_wait_for(&src.in_fill);
	assert_int_equal(harness_close(&r->h, r->s), 0);
	/* the next session streams as soon as the source is back */
	assert_int_equal(harness_open(&r->h, &r->s), 0);
	gated_queue_all(r, 2);
	src.gate_fill = false;
	sem_post(&src.go);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(rig_event(r).buffer.sequence, 0);
	/* and the device itself may go, fill() or not */
	src.gate_fill = true;
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	gated_wait_for(&src.in_fill);
	src.gate_fill = false;
	sem_post(&src.go);
	rig_end(r);
	assert_int_equal(src.starts, 2);
	assert_int_equal(src.stops, 2);
}

/* The device goes in the middle of fill(): its context ends after the source has stopped. */
static void test_stopped_before_end(void **state)
{
	struct rig *r = gated_start(0);

	(void)state;
	gated_queue_all(r, 2);
	src.gate_fill = true;
	src.gate_next = true;	/* cancel() opens the gate */
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	gated_wait_for(&src.in_fill);
	rig_end(r);
	assert_int_equal(src.fills, 1);
	assert_int_equal(src.stops, 1);
	assert_int_equal(src.stops_at_end, 1);
}

static int qbuf_pages(struct rig *r, uint8_t *pages)
{
	static uint8_t raw[VMEDIA_SG_ENTRY_SIZE];
	struct vmedia_sg_entry e = { .start = harness_gpa(&r->h, pages), .len = 4096 };
	struct vmedia_cmd cmd;

	harness_cmd_ioctl(&cmd, r->s, VMEDIA_NR_QBUF);
	cmd.io.arg.buffer = (struct vmedia_buffer){ .type = CAP, .length = 4096,
						    .memory = V4L2_MEMORY_USERPTR,
						    .m.userptr = 0x7f0000001000 };
	vmedia_sg_put(raw, 0, &e);
	cmd.io.plane_sg[0] = (struct vmedia_sg){ raw, 1 };
	return rig_cmd(r, &cmd);
}

/*
 * A session that lent its own pages ends in the middle of fill(): CLOSE is answered when that wrote
 * the last byte, others are served meanwhile.
 */
static void test_close_lent(void **state)
{
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_CLOSE };
	struct rig *r = gated_start(0);
	struct harness_req *req;
	uint8_t *pages;

	(void)state;
	rig_open2(r);
	pages = harness_alloc(&r->h, 4096, 4096);
	src.gate_fill = true;
	assert_int_equal(rig_reqbufs(r, r->s, CAP, V4L2_MEMORY_USERPTR, 1), 1);
	assert_int_equal(qbuf_pages(r, pages), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	gated_wait_for(&src.in_fill);
	cmd.session_id = r->s;
	req = harness_offer_cmd(&r->h, &cmd);
	harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
	assert_false(req->used);
	rig_format(r, r->s2, CAP);
	assert_int_equal(rig_reqbufs(r, r->s2, CAP, MMAP, 1), -EBUSY);
	src.gate_fill = false;
	sem_post(&src.go);
	while (!req->used) {
		assert_true(vmedia_loop_step(r->h.loop, -1) >= 0);
		harness_collect(&r->h);
	}
	harness_put(&r->h, req);
	assert_int_equal(src.fills, 1);
	assert_int_equal(pages[0], 0x40);
	memset(pages, 0, 4096);
	/* the other has the camera now */
	r->s = r->s2;
	gated_queue_all(r, 1);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(rig_event(r).buffer.index, 0);
	assert_int_equal(pages[0], 0);
	rig_end(r);
	assert_int_equal(src.starts, src.stops);
}

static void count_given_up(void *opaque, int level, const char *msg)
{
	(void)level;
	*(unsigned int *)opaque += !!strstr(msg, "does not wait for it");
}

/*
 * A guest goes in the middle of a fill() into its pages, which does not end: the loop waits for it
 * once, and not again for each step of the end.
 */
static void test_given_up_once(void **state)
{
	struct rig *r = gated_start(0);
	unsigned int given_up = 0;
	uint8_t *pages;

	(void)state;
	vmedia_log_set_level(VMEDIA_LOG_WARN);
	vmedia_log_set(count_given_up, &given_up);
	pages = harness_alloc(&r->h, 4096, 4096);
	src.gate_fill = true;
	assert_int_equal(rig_reqbufs(r, r->s, CAP, V4L2_MEMORY_USERPTR, 1), 1);
	assert_int_equal(qbuf_pages(r, pages), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	gated_wait_for(&src.in_fill);
	harness_restart(&r->h);
	harness_forget(&r->h);
	assert_int_equal(given_up, 1);
	src.gate_fill = false;
	sem_post(&src.go);
	rig_end(r);
	vmedia_log_set(NULL, NULL);
	assert_int_equal(src.starts, 1);
	assert_int_equal(src.stops, 1);
}

/* next() blocks for the world; cancel() frees it, and STREAMOFF does not wait for it. */
static void test_cancel(void **state)
{
	struct rig *r = gated_start(1);

	(void)state;
	src.gate_next = true;
	gated_queue_all(r, 2);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	gated_wait_for(&src.in_next);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_int_equal(src.cancels, 1);
	assert_int_equal(src.fills, 0);
	rig_end(r);
	assert_int_equal(src.stops, 1);
}

static void test_errors(void **state)
{
	struct rig *r = gated_start(0);
	struct vmedia_evt evt;

	(void)state;
	vmedia_log_set_level(-1);
	gated_queue_all(r, 2);
	src.fill_err = -EIO;
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	evt = rig_event(r);
	assert_true(evt.buffer.flags & V4L2_BUF_FLAG_ERROR);
	assert_int_equal(evt.buffer.bytesused, 0);
	/* gone: what is queued comes back, and no more is taken until STREAMOFF */
	src.fill_err = -ENODEV;
	evt = rig_event(r);
	assert_true(evt.buffer.flags & V4L2_BUF_FLAG_ERROR);
	while (rig_queue(r, r->s, CAP, evt.buffer.index) == 0)
		evt = rig_event(r);
	assert_int_equal(rig_queue(r, r->s, CAP, evt.buffer.index), -EIO);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	src.fill_err = 0;
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	while (rig_event(r).buffer.flags & V4L2_BUF_FLAG_ERROR)
		;
	rig_end(r);
	assert_int_equal(src.starts, src.stops);
}

/*
 * The device is unplugged in the middle of fill(): what is not being written comes back at once,
 * the rest when fill() ends, and STREAMOFF is not answered before that.
 */
static void test_error_in_fill(void **state)
{
	struct rig *r = gated_start(0);
	struct harness_req *req;
	struct vmedia_cmd cmd;
	struct vmedia_evt evt;
	uint32_t i;

	(void)state;
	gated_queue_all(r, 3);
	src.gate_fill = true;
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	gated_wait_for(&src.in_fill);
	vmedia_queue_error(gated_the_queue(r));
	for (i = 1; i < 3; i++) {
		evt = rig_event(r);
		assert_int_equal(evt.buffer.index, i);
		assert_true(evt.buffer.flags & V4L2_BUF_FLAG_ERROR);
	}
	assert_int_equal(rig_queue(r, r->s, CAP, 1), -EIO);
	assert_true(rig_query(r, r->s, CAP, 0).flags & V4L2_BUF_FLAG_QUEUED);
	req = gated_offer(r, VMEDIA_NR_STREAMOFF, &cmd);
	assert_false(req->used);
	src.gate_fill = false;
	sem_post(&src.go);
	assert_int_equal(gated_await(r, req, &cmd), 0);
	gated_no_more(r);
	assert_int_equal(src.fills, 1);

	/* without a STREAMOFF it comes with the error that the others had */
	for (i = 0; i < 3; i++)
		assert_int_equal(rig_queue(r, r->s, CAP, i), 0);
	src.gate_fill = true;
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	gated_wait_for(&src.in_fill);
	vmedia_queue_error(gated_the_queue(r));
	src.gate_fill = false;
	sem_post(&src.go);
	for (i = 0; i < 3; i++)
		assert_true(rig_event(r).buffer.flags & V4L2_BUF_FLAG_ERROR);
	assert_int_equal(src.fills, 2);
	rig_end(r);
	assert_int_equal(src.starts, src.stops);
}

/*
 * The guest pauses and goes on while the source waits for its next frame: the oldest buffer is
 * still the first.
 */
static void test_suspended_in_next(void **state)
{
	struct rig *r = gated_start(1);
	uint32_t i;

	(void)state;
	gated_queue_all(r, 3);
	src.gate_next = true;
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	gated_wait_for(&src.in_next);
	vmedia_device_queue_stop(r->h.dev, VMEDIA_QUEUE_COMMAND);
	harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
	src.gate_next = false;
	sem_post(&src.go);
	for (i = 0; i < 3; i++)
		assert_int_equal(rig_event(r).buffer.index, i);
	rig_end(r);
	assert_int_equal(src.starts, src.stops);
}

/* Thirty bad frames in a row are the end of a source. */
static void test_many_errors(void **state)
{
	struct rig *r = gated_start(0);
	unsigned int n = 0;
	struct vmedia_evt evt;

	(void)state;
	vmedia_log_set_level(-1);
	gated_queue_all(r, 1);
	src.fill_err = -EIO;
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	do {
		evt = rig_event(r);
		assert_true(evt.buffer.flags & V4L2_BUF_FLAG_ERROR);
		n++;
	} while (!rig_queue(r, r->s, CAP, evt.buffer.index));
	assert_int_equal(src.fills, VMEDIA_CAPTURE_MAX_ERRORS);
	assert_true(n >= VMEDIA_CAPTURE_MAX_ERRORS);
	rig_end(r);
}

static void end_of_stream(int which, bool by_next)
{
	struct rig *r = gated_start(which);
	struct vmedia_evt evt;
	PAYLOAD(a);

	a.event_subscription.type = V4L2_EVENT_EOS;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_SUBSCRIBE_EVENT, &a), 0);
	*(by_next ? &src.next_err : &src.fill_err) = -ENODATA;
	gated_queue_all(r, 2);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	evt = rig_event(r);
	assert_int_equal(evt.type, VMEDIA_EVT_EVENT);
	assert_int_equal(evt.event.type, V4L2_EVENT_EOS);
	evt = rig_event(r);
	assert_int_equal(evt.type, VMEDIA_EVT_DQBUF);
	assert_true(evt.buffer.flags & V4L2_BUF_FLAG_LAST);
	assert_int_equal(evt.buffer.flags & V4L2_BUF_FLAG_ERROR, 0);
	assert_int_equal(evt.buffer.bytesused, 0);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	gated_no_more(r);
	rig_end(r);
	assert_int_equal(src.stops, 1);
}

static void test_end_of_stream(void **state)
{
	(void)state;
	end_of_stream(0, false);
	end_of_stream(1, true);
}

/* Streams begin and end at random points of the source's life; nothing is lost track of. */
static void test_hammer(void **state)
{
	struct rig *r = gated_start(0);
	unsigned int i, n;
	struct vmedia_evt evt;

	(void)state;
	rig_seed();
	for (i = 0; i < 200; i++) {
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
		cmocka_unit_test(test_stop_in_fill),
		cmocka_unit_test(test_orphan),
		cmocka_unit_test(test_stopped_before_end),
		cmocka_unit_test(test_close_lent),
		cmocka_unit_test(test_given_up_once),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_error_in_fill),
		cmocka_unit_test(test_suspended_in_next),
		cmocka_unit_test(test_many_errors),
		cmocka_unit_test(test_end_of_stream),
		cmocka_unit_test(test_hammer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
