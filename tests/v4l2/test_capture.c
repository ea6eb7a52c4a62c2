/* SPDX-License-Identifier: BSD-3-Clause */
/* Frame sources: pacing, what a frame says, where it lands. Run it under TSan too. */
#include "gated.h"

/*
 * By the clock: the first frame is due an interval after STREAMON at the earliest, each other a
 * whole number of intervals after the first, and the sequence says how many.
 */
static void test_paced(void **state)
{
	struct rig *r = gated_start(0);
	uint64_t first = 0, t, before;
	uint32_t last = 0, i;
	struct vmedia_evt evt;
	struct vmedia_capture_stats stats;

	(void)state;
	gated_queue_all(r, 4);
	before = gated_now_us();
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	for (i = 0; i < 50; i++) {
		evt = rig_event(r);
		t = gated_time_us(&evt.buffer);
		assert_int_equal(evt.buffer.bytesused, 64 * 32 * 3 / 2);
		assert_int_equal(evt.buffer.flags & V4L2_BUF_FLAG_ERROR, 0);
		if (i) {
			assert_true(evt.buffer.sequence > last);
			assert_true(t - first == evt.buffer.sequence * 1000ull);
		} else {
			first = t;
			assert_true(first >= before + 1000);
			assert_int_equal(evt.buffer.sequence, 0);
		}
		last = evt.buffer.sequence;
		assert_int_equal(rig_queue(r, r->s, CAP, evt.buffer.index), 0);
	}
	vmedia_capture_stats(gated_the_queue(r), &stats);
	assert_true(stats.frames >= 50);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_int_equal(src.mode.width, 64);
	assert_int_equal(src.mode.interval_ns, 1000000);
	assert_true(src.mode.paced);
	rig_end(r);
	assert_int_equal(src.starts, 1);
	assert_int_equal(src.stops, 1);
}

/* As fast as buffers come: none is lost. The frames are in the driver's memory, by whatever way. */
static void test_free_run(void **state)
{
	struct rig *r = gated_start(0);
	struct vmedia_evt evt;
	uint64_t addr[4], len;
	uint32_t i;

	(void)state;
	vmedia_capture_set_paced(gated_the_queue(r), false);
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
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	gated_no_more(r);
	/* and again, from 0 */
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(rig_event(r).buffer.sequence, 0);
	rig_end(r);
	assert_int_equal(src.starts, src.stops);
}

/*
 * However long that is: one that is stopped before has shown nothing, and skipped nothing. With a
 * source that has a time of its own too.
 */
static void first(int which)
{
	struct rig *r = gated_start(which);
	struct vmedia_capture_stats stats;
	unsigned int i;

	gated_interval(r, 1000);
	for (i = 0; i < 3; i++) {
		if (i == 1)
			assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 1), 1);
		else
			gated_queue_all(r, 2);
		assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
		if (i == 1)
			assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
		gated_no_more(r);
		assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
		vmedia_capture_stats(gated_the_queue(r), &stats);
		assert_int_equal(stats.frames + stats.skipped + stats.late, 0);
	}
	/* and its own end of the stream is not waited for */
	src.next_err = -ENODATA;
	gated_queue_all(r, 1);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	if (which)
		assert_true(rig_event(r).buffer.flags & V4L2_BUF_FLAG_LAST);
	rig_end(r);
	assert_int_equal(src.fills, 0);
	assert_int_equal(src.skips, 0);
	assert_int_equal(src.starts, src.stops);
}

static void test_first(void **state)
{
	(void)state;
	first(0);
	first(1);
}

static int qbuf_pages(struct rig *r, uint8_t *pages)
{
	struct vmedia_sg_entry e = { .start = harness_gpa(&r->h, pages), .len = 3072 };
	static uint8_t raw[VMEDIA_SG_ENTRY_SIZE];
	struct vmedia_cmd cmd;

	harness_cmd_ioctl(&cmd, r->s, VMEDIA_NR_QBUF);
	cmd.io.arg.buffer = (struct vmedia_buffer){ .type = CAP,
						    .memory = V4L2_MEMORY_USERPTR,
						    .length = 3072 };
	vmedia_sg_put(raw, 0, &e);
	cmd.io.plane_sg[0] = (struct vmedia_sg){ raw, 1 };
	return rig_cmd(r, &cmd);
}

static void test_shared_pages(void **state)
{
	struct rig *r = gated_start(0);
	uint8_t *pages = harness_alloc(&r->h, 4096, 4096);
	uint32_t i;

	(void)state;
	vmedia_capture_set_paced(gated_the_queue(r), false);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, V4L2_MEMORY_USERPTR, 1), 1);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	for (i = 0; i < 20; i++) {
		assert_int_equal(qbuf_pages(r, pages), 0);
		assert_int_equal(rig_event(r).buffer.sequence, i);
		assert_int_equal(pages[3071], 0x40 + i);
		assert_int_equal(pages[3072], 0);
	}
	/*
	 * reset in the middle of fill(): the pages are not ours any more, the wait for it is
	 * bounded
	 */
	vmedia_log_set_level(-1);
	src.gate_fill = true;
	assert_int_equal(qbuf_pages(r, pages), 0);
	gated_wait_for(&src.in_fill);
	harness_restart(&r->h);
	harness_forget(&r->h);
	src.gate_fill = false;
	sem_post(&src.go);
	assert_int_equal(harness_open(&r->h, &r->s), 0);
	gated_queue_all(r, 1);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	rig_end(r);
	assert_int_equal(src.starts, src.stops);
}

/* No buffer in time: the frame passes, its number is missing, the next one is taken. */
static void test_skip(void **state)
{
	struct rig *r = gated_start(0);
	struct vmedia_capture_stats stats;

	(void)state;
	gated_queue_all(r, 1);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(rig_event(r).buffer.sequence, 0);
	while (src.skips < 3)
		assert_true(vmedia_loop_step(r->h.loop, -1) >= 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_true(rig_event(r).buffer.sequence >= 4);
	vmedia_capture_stats(gated_the_queue(r), &stats);
	assert_true(stats.skipped >= 3);
	rig_end(r);
}

/* next() that takes its time and leaves the clock alone: what passed is lost, nothing is late. */
static void test_slow_next(void **state)
{
	struct rig *r = gated_start(1);
	struct vmedia_capture_stats stats;
	struct vmedia_evt evt;
	uint64_t from;

	(void)state;
	src.gate_next = true;
	gated_queue_all(r, 2);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	gated_wait_for(&src.in_next);
	from = gated_now_us();
	while (gated_now_us() < from + 20000)
		sched_yield();
	src.gate_next = false;
	sem_post(&src.go);
	evt = rig_event(r);
	assert_true(evt.buffer.sequence >= 19);
	assert_true(gated_time_us(&evt.buffer) >= from + 19000);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	vmedia_capture_stats(gated_the_queue(r), &stats);
	assert_true(stats.late >= 19);
	rig_end(r);
}

/* Nothing to show: the buffer waits, a number is lost. */
static void test_again(void **state)
{
	struct rig *r = gated_start(0);

	(void)state;
	gated_queue_all(r, 1);
	src.gate_fill = true;
	src.fill_err = -EAGAIN;
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	gated_wait_for(&src.in_fill);
	sem_post(&src.go);
	gated_wait_for(&src.in_fill);
	src.fill_err = 0;
	sem_post(&src.go);
	gated_wait_for(&src.in_fill);
	src.gate_fill = false;
	sem_post(&src.go);
	assert_true(rig_event(r).buffer.sequence >= 2);
	rig_end(r);
}

static void test_controls_in_fill(void **state)
{
	struct rig *r = gated_start(0);
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

static void test_coded(void **state)
{
	struct rig *r = gated_start(0);
	PAYLOAD(a);

	(void)state;
	a.format.type = CAP;
	a.format.fmt.pix.pixelformat = V4L2_PIX_FMT_MJPEG;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_FMT, &a), 0);
	assert_int_equal(a.format.fmt.pix.sizeimage, 65536);
	src.bytesused = 1234;
	gated_queue_all(r, 1);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(rig_event(r).buffer.bytesused, 1234);
	/* S_PARM under a running source would not be true */
	a.streamparm = (struct vmedia_streamparm){ .type = CAP };
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_PARM, &a), -EBUSY);
	src.bytesused = 1u << 30;
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_event(r).buffer.bytesused, 65536);
	rig_end(r);
}

static void test_mplane(void **state)
{
	struct rig *r = gated_start(2);
	uint32_t type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	struct vmedia_evt evt;

	(void)state;
	assert_int_equal(rig_reqbufs(r, r->s, type, MMAP, 2), 2);
	assert_int_equal(rig_queue(r, r->s, type, 0), 0);
	assert_int_equal(rig_stream(r, r->s, type, true), 0);
	evt = rig_event(r);
	assert_int_equal(evt.buffer.length, 2);
	assert_int_equal(evt.planes[0].bytesused, 64 * 32);
	assert_int_equal(evt.planes[1].bytesused, 64 * 16);
	assert_int_equal(rig_stream(r, r->s, type, false), 0);
	assert_ptr_equal(src.last.data[1], src.last.mem[1]);
	assert_int_equal(src.last.stride[1], 64);
	rig_end(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paced),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_free_run),
		cmocka_unit_test(test_shared_pages),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_slow_next),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_controls_in_fill),
		cmocka_unit_test(test_coded),
		cmocka_unit_test(test_mplane),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
