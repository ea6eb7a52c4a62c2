/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frame sources that need no worker: pacing, frames that pass, others' commands, and who fills.
 * How such streams end is test_capture_quick_end.c's.
 */
#include "base/fd.h"
#include "gated.h"
#include "v4l2/capture.h"

static struct rig *quick_start(bool paced)
{
	struct rig *r = gated_start(0);

	src.quick = true;
	vmedia_capture_set_paced(gated_the_queue(r), paced);
	return r;
}

/* So long between frames that none comes by itself. */
static void slow(struct rig *r)
{
	gated_interval(r, 1000);
}

static void step(struct rig *r)
{
	assert_true(vmedia_loop_step(r->h.loop, -1) >= 0);
	harness_collect(&r->h);
}

/* By the clock, as with a worker; filled on the loop, and no thread was made for it. */
static void test_paced(void **state)
{
	struct rig *r = quick_start(true);
	struct vmedia_capture_stats stats;
	uint64_t first = 0, t, before;
	uint32_t last = 0, i;
	struct vmedia_evt evt;

	(void)state;
	gated_queue_all(r, 4);
	before = gated_now_us();
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	for (i = 0; i < 50; i++) {
		evt = rig_event(r);
		t = gated_time_us(&evt.buffer);
		assert_int_equal(evt.buffer.bytesused, 64 * 32 * 3 / 2);
		assert_int_equal(evt.buffer.flags & V4L2_BUF_FLAG_ERROR, 0);
		if (!i)
			first = t;
		assert_true(first >= before + 1000);
		assert_true(i ? evt.buffer.sequence > last : evt.buffer.sequence == 0);
		assert_true(t - first == evt.buffer.sequence * 1000ull);
		last = evt.buffer.sequence;
		assert_int_equal(rig_queue(r, r->s, CAP, evt.buffer.index), 0);
	}
	assert_true(pthread_equal(src.filler, pthread_self()));
	vmedia_capture_stats(gated_the_queue(r), &stats);
	assert_int_equal(stats.frames, src.fills);
	/* each number is a frame, one that passed, or one that the loop came too late for */
	assert_true(last < stats.frames + stats.skipped + stats.late);
	assert_int_equal(stats.skipped, src.skips);
	assert_int_equal(stats.errors, 0);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	gated_no_more(r);
	assert_true(src.mode.paced);
	assert_null(gated_the_queue(r)->cap->worker);
	rig_end(r);
	assert_int_equal(src.starts, 1);
	assert_int_equal(src.stops, 1);
	assert_int_equal(src.cancels, 0);
}

/*
 * However long that is: no frame before an interval has passed since STREAMON, whether buffers are
 * there or come, and none that is taken for lost. The same for the next stream.
 */
static void test_first(void **state)
{
	struct rig *r = quick_start(true);
	struct vmedia_capture *c = gated_the_queue(r)->cap;
	unsigned int round, i;
	uint64_t before, due;
	struct vmedia_evt evt;

	(void)state;
	slow(r);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 2), 2);
	for (round = 0; round < 3; round++) {
		if (round)
			assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
		before = vmedia_now_ns();
		assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
		assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
		assert_false(rig_poll(r, &evt));
		for (i = 0; i < 50; i++)
			assert_true(vmedia_loop_step(r->h.loop, 0) >= 0);
		assert_int_equal(src.fills, round);
		assert_int_equal(src.skips, 0);
		assert_true(c->live && !c->due && vmedia_timer_armed(&c->timer));
		assert_true(c->when >= before + 1000000000000u);
		due = gated_due_now(r);
		evt = rig_event(r);
		assert_int_equal(evt.buffer.sequence, 0);
		assert_int_equal(evt.buffer.index, !round);
		assert_true(gated_time_us(&evt.buffer) == due);
		assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	}
	rig_end(r);
	assert_int_equal(src.starts, 3);
	assert_int_equal(src.stops, 3);
}

static void test_free_run(void **state)
{
	struct rig *r = quick_start(false);
	struct vmedia_capture_stats stats;
	struct vmedia_evt evt;
	uint64_t addr[4], len;
	uint32_t i;

	(void)state;
	gated_queue_all(r, 4);
	for (i = 0; i < 4; i++)
		assert_int_equal(harness_mmap(&r->h, r->s, rig_query(r, r->s, CAP, i).m.offset, 0,
					      &addr[i], &len),
				 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	for (i = 0; i < 300; i++) {
		evt = rig_event(r);
		assert_int_equal(evt.buffer.sequence, i);
		assert_int_equal(harness_map_at(&r->h, addr[evt.buffer.index])->addr[3071],
				 0x40 + i % 64);
		assert_int_equal(rig_queue(r, r->s, CAP, evt.buffer.index), 0);
	}
	vmedia_capture_stats(gated_the_queue(r), &stats);
	assert_int_equal(stats.frames, src.fills);
	assert_int_equal(stats.skipped, 0);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	gated_no_more(r);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(rig_event(r).buffer.sequence, 0);
	rig_end(r);
	assert_int_equal(src.starts, src.stops);
}

static struct harness_req *offer(struct rig *r, uint32_t s, uint32_t nr, struct vmedia_cmd *cmd,
				 uint32_t index)
{
	harness_cmd_ioctl(cmd, s, nr);
	if (nr == VMEDIA_NR_QBUF)
		cmd->io.arg.buffer = (struct vmedia_buffer){ .index = index,
							     .type = CAP,
							     .memory = V4L2_MEMORY_MMAP };
	else	/* the type is the first word of all others here */
		cmd->io.arg.u32 = CAP;
	return harness_offer_cmd(&r->h, cmd);
}

/* The device takes what was offered, and the loop does nothing else. */
static void take(struct rig *r)
{
	vmedia_vqr_publish(r->h.vqr[VMEDIA_QUEUE_COMMAND]);
	vmedia_device_kick(r->h.dev, VMEDIA_QUEUE_COMMAND);
	harness_collect(&r->h);
}

/*
 * Of buffers that come while a frame waits, each is filled when its QBUF is answered, and its event
 * goes before the next command is looked at: no round of the loop, no notification for later.
 */
static void test_at_once(void **state)
{
	struct rig *r = quick_start(false);
	struct harness_req *req[8];
	struct vmedia_cmd cmd[8];
	struct vmedia_evt evt;
	uint32_t i, used;

	(void)state;
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 8), 8);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	for (i = 0; i < 8; i++)
		req[i] = offer(r, r->s, VMEDIA_NR_QBUF, &cmd[i], i);
	r->h.traced = 0;
	memset(r->h.trace, 0, sizeof(r->h.trace));
	take(r);
	assert_int_equal(src.fills, 8);
	assert_string_equal(r->h.trace, "cCeEcCeEcCeEcCeEcCeEcCeEcCeEcCeE");
	for (i = 0; i < 8; i++) {
		assert_int_equal(harness_answered(&r->h, req[i], &cmd[i]), 0);
		assert_int_equal(harness_event(&r->h, &evt, &used), 1);
		assert_int_equal(evt.buffer.index, i);
		assert_int_equal(evt.buffer.sequence, i);
	}
	/* and nothing is left for the loop: it would sleep */
	assert_int_equal(vmedia_loop_step(r->h.loop, 0), 0);
	rig_end(r);
}

/*
 * A turn is a frame and a command here: others' commands, and its own, are answered while there is
 * still much to fill. The answer that was there first is told before a frame is begun.
 */
static void test_fair(void **state)
{
	struct rig *r = quick_start(false);
	struct harness_req *on, *other, *off;
	struct vmedia_cmd cmd, cmd_on;
	unsigned int fills;

	(void)state;
	rig_open2(r);
	gated_queue_all(r, 32);
	harness_turn(&r->h, 0);
	on = offer(r, r->s, VMEDIA_NR_STREAMON, &cmd_on, 0);
	take(r);
	while (src.fills < 4)
		step(r);
	assert_int_equal(src.fills, 4);
	assert_int_equal(harness_answered(&r->h, on, &cmd_on), 0);
	other = offer(r, r->s2, VMEDIA_NR_G_FMT, &cmd, 0);
	take(r);
	while (!other->used)
		step(r);
	assert_int_equal(harness_answered(&r->h, other, &cmd), 0);
	assert_in_range(src.fills, 4, 5);
	fills = src.fills;
	off = offer(r, r->s, VMEDIA_NR_STREAMOFF, &cmd, 0);
	take(r);
	while (!off->used)
		step(r);
	assert_int_equal(harness_answered(&r->h, off, &cmd), 0);
	assert_in_range(src.fills, fills, fills + 2);
	fills = src.fills;
	harness_step(&r->h);
	assert_int_equal(src.fills, fills);
	rig_end(r);
}

/* All that is queued is filled in one turn, if it lasts. */
static void test_many_in_a_turn(void **state)
{
	struct rig *r = quick_start(false);
	struct harness_req *req;
	struct vmedia_cmd cmd;

	(void)state;
	gated_queue_all(r, 16);
	req = offer(r, r->s, VMEDIA_NR_STREAMON, &cmd, 0);
	take(r);
	assert_int_equal(src.fills, 16);
	assert_int_equal(harness_answered(&r->h, req, &cmd), 0);
	assert_int_equal(vmedia_loop_step(r->h.loop, 0), 0);
	rig_end(r);
}

static void test_shared_pages(void **state)
{
	struct rig *r = quick_start(false);
	uint8_t *pages = harness_alloc(&r->h, 4096, 4096);
	struct vmedia_sg_entry e = { .start = harness_gpa(&r->h, pages), .len = 3072 };
	uint8_t raw[VMEDIA_SG_ENTRY_SIZE];
	struct vmedia_cmd cmd;
	uint32_t i;

	(void)state;
	assert_int_equal(rig_reqbufs(r, r->s, CAP, V4L2_MEMORY_USERPTR, 1), 1);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	vmedia_sg_put(raw, 0, &e);
	for (i = 0; i < 20; i++) {
		harness_cmd_ioctl(&cmd, r->s, VMEDIA_NR_QBUF);
		cmd.io.arg.buffer = (struct vmedia_buffer){ .type = CAP,
							    .memory = V4L2_MEMORY_USERPTR,
							    .length = 3072 };
		cmd.io.plane_sg[0] = (struct vmedia_sg){ raw, 1 };
		assert_int_equal(rig_cmd(r, &cmd), 0);
		assert_int_equal(rig_event(r).buffer.sequence, i);
		assert_int_equal(pages[3071], 0x40 + i);
		assert_int_equal(pages[3072], 0);
	}
	rig_end(r);
}

/* No buffer in time: the frame passes, its number is missing, the next one is taken. */
static void test_skip(void **state)
{
	struct rig *r = quick_start(true);
	struct vmedia_capture_stats stats;

	(void)state;
	gated_queue_all(r, 1);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(rig_event(r).buffer.sequence, 0);
	while (src.skips < 3)
		step(r);
	assert_int_equal(src.fills, 1);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_true(rig_event(r).buffer.sequence >= 4);
	vmedia_capture_stats(gated_the_queue(r), &stats);
	assert_int_equal(stats.skipped, src.skips);
	rig_end(r);
}

/* A buffer that comes within half an interval of its frame's time gets that frame, at once. */
static void test_awaited(void **state)
{
	struct rig *r = quick_start(true);
	struct vmedia_capture *c = gated_the_queue(r)->cap;
	struct vmedia_evt evt;
	uint64_t first;

	(void)state;
	slow(r);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 2), 2);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	gated_due_now(r);
	while (!c->due)
		step(r);
	assert_int_equal(src.fills, 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	evt = rig_event(r);
	assert_int_equal(evt.buffer.sequence, 0);
	/* the next has its own time */
	assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
	harness_step(&r->h);
	assert_int_equal(src.fills, 1);
	assert_int_equal(src.skips, 0);
	assert_int_equal(c->number, 1);
	first = (uint64_t)evt.buffer.timestamp.tv_sec * 1000000000u;
	assert_true(c->when - first >= 1000000000000u);
	rig_end(r);
}

/* Nothing to show: the buffer waits, a number is lost; without pacing too, and without spinning. */
static void test_again(void **state)
{
	struct rig *r = quick_start(true);

	(void)state;
	gated_queue_all(r, 1);
	src.fill_err = -EAGAIN;
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	while (src.fills < 2)
		step(r);
	src.fill_err = 0;
	assert_true(rig_event(r).buffer.sequence >= 2);
	rig_end(r);

	r = quick_start(false);
	gated_queue_all(r, 1);
	src.fill_err = -EAGAIN;
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	while (src.fills < 3)
		step(r);
	src.fill_err = 0;
	assert_int_equal(rig_event(r).buffer.sequence, 3);
	assert_int_equal(src.fills, 4);
	rig_end(r);
}

/* It fails: an interval passes before it is asked again, and more buffers do not change that. */
static void no_spin(int err)
{
	struct rig *r = quick_start(false);
	unsigned int i;

	slow(r);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 4), 4);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
	src.fill_err = err;
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	harness_step(&r->h);
	assert_int_equal(src.fills, 1);
	assert_int_equal(rig_queue(r, r->s, CAP, 2), 0);
	for (i = 0; i < 50; i++)
		assert_true(vmedia_loop_step(r->h.loop, 0) >= 0);
	assert_int_equal(src.fills, 1);
	rig_end(r);
	assert_int_equal(src.stops, 1);
}

static void test_no_spin(void **state)
{
	(void)state;
	no_spin(-EAGAIN);
	no_spin(-EIO);
}

/* After such a pause the source waits for a buffer, and no frame passes meanwhile. */
static void test_pause_without_buffer(void **state)
{
	struct rig *r = quick_start(false);
	struct vmedia_capture *c = gated_the_queue(r)->cap;

	(void)state;
	vmedia_log_set_level(-1);
	gated_queue_all(r, 1);
	src.fill_err = -EIO;
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_true(rig_event(r).buffer.flags & V4L2_BUF_FLAG_ERROR);
	src.fill_err = 0;
	while (!c->due)
		step(r);
	assert_false(vmedia_timer_armed(&c->timer));
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_event(r).buffer.sequence, 1);
	assert_int_equal(src.skips, 0);
	rig_end(r);
}

/*
 * The guest pauses: the clock goes on, the source is told of each frame that passes, and the first
 * frame afterwards is one of that time.
 */
static void test_paused(void **state)
{
	struct rig *r = quick_start(true);
	struct vmedia_capture *c = gated_the_queue(r)->cap;
	struct vmedia_evt evt;
	unsigned int skips;
	uint64_t paused;

	(void)state;
	slow(r);
	gated_queue_all(r, 2);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	c->cur.interval_ns = 1000000;
	paused = gated_due_now(r);
	vmedia_device_queue_stop(r->h.dev, VMEDIA_QUEUE_COMMAND);
	assert_true(vmedia_timer_armed(&c->timer));
	while (src.skips < 3)
		step(r);
	assert_int_equal(src.fills, 0);
	skips = src.skips;
	harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
	evt = rig_event(r);
	assert_int_equal(evt.buffer.index, 0);
	assert_true(evt.buffer.sequence >= skips);
	assert_true(gated_time_us(&evt.buffer) >= paused + 1000ull * skips);
	rig_end(r);

	/* without a clock nothing passes: what waits is made when the guest goes on */
	r = quick_start(false);
	c = gated_the_queue(r)->cap;
	slow(r);
	src.fill_err = -EAGAIN;
	gated_queue_all(r, 1);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	while (!vmedia_timer_armed(&c->timer))
		step(r);
	src.fill_err = 0;
	vmedia_device_queue_stop(r->h.dev, VMEDIA_QUEUE_COMMAND);
	assert_true(vmedia_timer_armed(&c->timer));
	vmedia_timer_arm(&c->timer, vmedia_now_ns());
	while (!c->due)
		step(r);
	assert_int_equal(src.fills, 1);
	harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
	assert_int_equal(rig_event(r).buffer.index, 0);
	assert_int_equal(src.skips, 0);
	rig_end(r);
}

static void test_controls_in_fill(void **state)
{
	struct rig *r = quick_start(true);
	struct vmedia_evt evt;
	PAYLOAD(a);

	(void)state;
	gated_queue_all(r, 2);
	a.control = (struct vmedia_control){ V4L2_CID_BRIGHTNESS, 99 };
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_CTRL, &a), 0);
	do {
		evt = rig_event(r);
		assert_int_equal(rig_queue(r, r->s, CAP, evt.buffer.index), 0);
	} while (src.brightness != 99);
	rig_end(r);
}

/* quick() means nothing to a source that waits for the world. */
static void test_with_next(void **state)
{
	struct rig *r = gated_start(1);

	(void)state;
	src.quick = true;
	gated_queue_all(r, 1);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	rig_event(r);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_false(pthread_equal(src.filler, pthread_self()));
	rig_end(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paced),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_free_run),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_fair),
		cmocka_unit_test(test_many_in_a_turn),
		cmocka_unit_test(test_shared_pages),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_awaited),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_no_spin),
		cmocka_unit_test(test_pause_without_buffer),
		cmocka_unit_test(test_paused),
		cmocka_unit_test(test_controls_in_fill),
		cmocka_unit_test(test_with_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
