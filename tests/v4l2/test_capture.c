/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frame sources on their worker thread. The source of these tests waits for the test wherever the test says so; nothing is
 * decided by how long anything takes. Run it under TSan too.
 */
#include "rig.h"

#include <semaphore.h>
#include <stdatomic.h>

#define CAP V4L2_BUF_TYPE_VIDEO_CAPTURE
#define MMAP V4L2_MEMORY_MMAP

static struct {
	atomic_int start_err, fill_err, next_err;
	atomic_bool gate_fill, gate_next;	/* wait for `go` in there */
	atomic_uint starts, stops, fills, skips, cancels, brightness, bytesused;
	sem_t go, in_fill, in_next, in_skip;
	bool want_skips;
	struct vmedia_frame last;
	struct vmedia_capture_mode mode;
} src;

static int src_start(void *priv, const struct vmedia_capture_mode *mode)
{
	(void)priv;
	src.mode = *mode;
	src.starts++;
	return src.start_err;
}

static int src_fill(void *priv, struct vmedia_frame *f)
{
	int err = src.fill_err;
	uint32_t i;

	(void)priv;
	if (src.gate_fill) {
		sem_post(&src.in_fill);
		while (sem_wait(&src.go))
			;
	}
	src.brightness = (unsigned int)vmedia_ctrl_read(f->ctx, V4L2_CID_BRIGHTNESS, 0);
	for (i = 0; i < f->num_planes; i++)
		memset(f->mem[i], (int)(0x40 + f->number % 64), f->size[i]);
	if (src.bytesused)
		f->bytesused[0] = src.bytesused;
	src.last = *f;
	src.fills++;
	return err;
}

static int src_next(void *priv, uint64_t *when)
{
	(void)priv;
	(void)when;
	if (src.gate_next) {
		sem_post(&src.in_next);
		while (sem_wait(&src.go))
			;
	}
	return src.next_err;
}

static void src_skip(void *priv, uint64_t number)
{
	(void)priv;
	(void)number;
	src.skips++;
	if (src.want_skips)
		sem_post(&src.in_skip);
}

static void src_stop(void *priv)
{
	(void)priv;
	src.stops++;
}

static void src_cancel(void *priv)
{
	(void)priv;
	src.cancels++;
	if (src.gate_next)
		sem_post(&src.go);
}

static const struct vmedia_capture_ops source = {
	.start = src_start, .fill = src_fill, .skip = src_skip, .stop = src_stop, .cancel = src_cancel,
};
static const struct vmedia_capture_ops source_with_next = {
	.start = src_start, .next = src_next, .fill = src_fill, .stop = src_stop, .cancel = src_cancel,
};

static const struct vmedia_frame_interval fast[] = { { .min = { 1, 1000 } } };
static const struct vmedia_frame_size sizes[] = { { .width = 64, .height = 32, .intervals = fast, .num_intervals = 1 } };
static const struct vmedia_format_config formats[] = {
	{ .pixelformat = V4L2_PIX_FMT_NV12, .sizes = sizes, .num_sizes = 1 },
	{ .pixelformat = V4L2_PIX_FMT_MJPEG, .sizes = sizes, .num_sizes = 1 },
};
static const struct vmedia_format_config mformats[] = { { .pixelformat = V4L2_PIX_FMT_NV12M, .sizes = sizes, .num_sizes = 1 } };
static const struct vmedia_queue_config queues[] = {
	{ .type = CAP, .formats = formats, .num_formats = 2, .capture = &source },
	{ .type = CAP, .formats = formats, .num_formats = 2, .capture = &source_with_next },
	{ .type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE, .formats = mformats, .num_formats = 1, .capture = &source },
};
static const struct vmedia_ctrl_config ctrls[] = { { .id = V4L2_CID_BRIGHTNESS, .max = 255, .def = 5 } };
static const struct vmedia_video_config cameras[] = {
	{ .card = "c", .queues = queues, .num_queues = 1, .ctrls = ctrls, .num_ctrls = 1 },
	{ .card = "c", .queues = queues + 1, .num_queues = 1, .ctrls = ctrls, .num_ctrls = 1 },
	{ .card = "c", .queues = queues + 2, .num_queues = 1, .ctrls = ctrls, .num_ctrls = 1 },
};

static struct rig *start(int which)
{
	memset(&src, 0, sizeof(src));
	sem_init(&src.go, 0, 0);
	sem_init(&src.in_fill, 0, 0);
	sem_init(&src.in_next, 0, 0);
	sem_init(&src.in_skip, 0, 0);
	return rig_new(&cameras[which]);
}

static struct vmedia_queue *the_queue(struct rig *r)
{
	return vmedia_ctx_queue(vmedia_video_ctx(vmedia_video_of(r->dev)), CAP);
}

static void wait_for(sem_t *sem)
{
	while (sem_wait(sem))
		;
}

static void queue_all(struct rig *r, uint32_t n)
{
	uint32_t i;

	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, n), n);
	for (i = 0; i < n; i++)
		assert_int_equal(rig_queue(r, r->s, CAP, i), 0);
}

/* What was published before STREAMOFF's answer is there; after it nothing comes. */
static void no_more(struct rig *r)
{
	unsigned int pushed = r->h.pushes[VMEDIA_QUEUE_EVENT];
	struct vmedia_evt evt;

	while (rig_poll(r, &evt))
		;
	assert_int_equal(r->h.pushes[VMEDIA_QUEUE_EVENT], pushed);
}

/* Offer STREAMON or STREAMOFF without waiting. */
static struct harness_req *offer(struct rig *r, uint32_t nr, struct vmedia_cmd *cmd)
{
	struct harness_req *req;

	harness_cmd_ioctl(cmd, r->s, nr);
	cmd->io.arg.u32 = CAP;
	req = harness_offer_cmd(&r->h, cmd);
	harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
	harness_collect(&r->h);
	return req;
}

static int await(struct rig *r, struct harness_req *req, struct vmedia_cmd *cmd)
{
	while (!req->used) {
		assert_true(vmedia_loop_step(r->h.loop, -1) >= 0);
		harness_collect(&r->h);
	}
	return harness_answered(&r->h, req, cmd);
}

/* By the clock: each frame is due a whole number of intervals after the first, and the sequence says how many. */
static void test_paced(void **state)
{
	struct rig *r = start(0);
	uint64_t first = 0, t;
	uint32_t last = 0, i;
	struct vmedia_evt evt;
	struct vmedia_capture_stats stats;

	(void)state;
	queue_all(r, 4);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	for (i = 0; i < 50; i++) {
		evt = rig_event(r);
		t = (uint64_t)evt.buffer.timestamp.tv_sec * 1000000 + (uint64_t)evt.buffer.timestamp.tv_usec;
		assert_int_equal(evt.buffer.bytesused, 64 * 32 * 3 / 2);
		assert_int_equal(evt.buffer.flags & V4L2_BUF_FLAG_ERROR, 0);
		if (i) {
			assert_true(evt.buffer.sequence > last);
			assert_true(t - first == evt.buffer.sequence * 1000ull);
		} else {
			first = t;
			assert_int_equal(evt.buffer.sequence, 0);
		}
		last = evt.buffer.sequence;
		assert_int_equal(rig_queue(r, r->s, CAP, evt.buffer.index), 0);
	}
	vmedia_capture_stats(the_queue(r), &stats);
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
	struct rig *r = start(0);
	struct vmedia_evt evt;
	uint64_t addr[4], len;
	uint32_t i;

	(void)state;
	vmedia_capture_set_paced(the_queue(r), false);
	queue_all(r, 4);
	for (i = 0; i < 4; i++)
		assert_int_equal(harness_mmap(&r->h, r->s, rig_query(r, r->s, CAP, i).m.offset, 0, &addr[i], &len), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	for (i = 0; i < 300; i++) {
		evt = rig_event(r);
		assert_int_equal(evt.buffer.sequence, i);
		assert_int_equal(harness_map_at(&r->h, addr[evt.buffer.index])->addr[3071], 0x40 + i % 64);
		assert_int_equal(rig_queue(r, r->s, CAP, evt.buffer.index), 0);
	}
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	no_more(r);
	/* and again, from 0 */
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(rig_event(r).buffer.sequence, 0);
	rig_end(r);
	assert_int_equal(src.starts, src.stops);
}

static int qbuf_pages(struct rig *r, uint8_t *pages)
{
	struct vmedia_sg_entry e = { .start = harness_gpa(&r->h, pages), .len = 3072 };
	static uint8_t raw[VMEDIA_SG_ENTRY_SIZE];
	struct vmedia_cmd cmd;

	harness_cmd_ioctl(&cmd, r->s, VMEDIA_NR_QBUF);
	cmd.io.arg.buffer = (struct vmedia_buffer){ .type = CAP, .memory = V4L2_MEMORY_USERPTR, .length = 3072 };
	vmedia_sg_put(raw, 0, &e);
	cmd.io.plane_sg[0] = (struct vmedia_sg){ raw, 1 };
	return rig_cmd(r, &cmd);
}

static void test_shared_pages(void **state)
{
	struct rig *r = start(0);
	uint8_t *pages = harness_alloc(&r->h, 4096, 4096);
	uint32_t i;

	(void)state;
	vmedia_capture_set_paced(the_queue(r), false);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, V4L2_MEMORY_USERPTR, 1), 1);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	for (i = 0; i < 20; i++) {
		assert_int_equal(qbuf_pages(r, pages), 0);
		assert_int_equal(rig_event(r).buffer.sequence, i);
		assert_int_equal(pages[3071], 0x40 + i);
		assert_int_equal(pages[3072], 0);
	}
	/* reset in the middle of fill(): the pages are not ours any more, the wait for it is bounded */
	vmedia_log_set_level(-1);
	src.gate_fill = true;
	assert_int_equal(qbuf_pages(r, pages), 0);
	wait_for(&src.in_fill);
	harness_restart(&r->h);
	harness_forget(&r->h);
	sem_post(&src.go);
	src.gate_fill = false;
	assert_int_equal(harness_open(&r->h, &r->s), 0);
	queue_all(r, 1);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	rig_end(r);
	assert_int_equal(src.starts, src.stops);
}

static void test_start_fails(void **state)
{
	struct rig *r = start(0);

	(void)state;
	src.start_err = -ENXIO;
	queue_all(r, 2);
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
	struct rig *r = start(0);
	struct harness_req *req;
	struct vmedia_cmd cmd;
	unsigned int round;

	(void)state;
	rig_open2(r);
	queue_all(r, 3);
	src.gate_fill = true;
	for (round = 0; round < 10; round++) {
		if (round)
			assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
		assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
		wait_for(&src.in_fill);
		req = offer(r, VMEDIA_NR_STREAMOFF, &cmd);
		assert_false(req->used);
		rig_format(r, r->s2, CAP);
		sem_post(&src.go);
		assert_int_equal(await(r, req, &cmd), 0);
		no_more(r);
		assert_int_equal(rig_query(r, r->s, CAP, 0).flags & V4L2_BUF_FLAG_QUEUED, 0);
	}
	src.gate_fill = false;
	rig_end(r);
	assert_int_equal(src.starts, 10);
	assert_int_equal(src.stops, 10);
}

/* A session ends in the middle of fill(): memory of ours lives on by its reference, nothing waits. */
static void test_orphan(void **state)
{
	struct rig *r = start(0);

	(void)state;
	queue_all(r, 2);
	src.gate_fill = true;
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	wait_for(&src.in_fill);
	assert_int_equal(harness_close(&r->h, r->s), 0);
	/* the next session streams as soon as the source is back */
	assert_int_equal(harness_open(&r->h, &r->s), 0);
	queue_all(r, 2);
	src.gate_fill = false;
	sem_post(&src.go);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(rig_event(r).buffer.sequence, 0);
	/* and the device itself may go, fill() or not */
	src.gate_fill = true;
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	wait_for(&src.in_fill);
	sem_post(&src.go);
	src.gate_fill = false;
	rig_end(r);
	assert_int_equal(src.starts, 2);
	assert_int_equal(src.stops, 2);
}

/* next() blocks for the world; cancel() frees it, and STREAMOFF does not wait for it. */
static void test_cancel(void **state)
{
	struct rig *r = start(1);

	(void)state;
	src.gate_next = true;
	queue_all(r, 2);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	wait_for(&src.in_next);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_int_equal(src.cancels, 1);
	assert_int_equal(src.fills, 0);
	rig_end(r);
	assert_int_equal(src.stops, 1);
}

static void test_errors(void **state)
{
	struct rig *r = start(0);
	struct vmedia_evt evt;

	(void)state;
	vmedia_log_set_level(-1);
	queue_all(r, 2);
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

/* Thirty bad frames in a row are the end of a source. */
static void test_many_errors(void **state)
{
	struct rig *r = start(0);
	unsigned int n = 0;
	struct vmedia_evt evt;

	(void)state;
	vmedia_log_set_level(-1);
	queue_all(r, 1);
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
	struct rig *r = start(which);
	struct vmedia_evt evt;
	PAYLOAD(a);

	a.event_subscription.type = V4L2_EVENT_EOS;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_SUBSCRIBE_EVENT, &a), 0);
	*(by_next ? &src.next_err : &src.fill_err) = -ENODATA;
	queue_all(r, 2);
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
	no_more(r);
	rig_end(r);
	assert_int_equal(src.stops, 1);
}

static void test_end_of_stream(void **state)
{
	(void)state;
	end_of_stream(0, false);
	end_of_stream(1, true);
}

/* No buffer in time: the frame passes, its number is missing, the next one is taken. */
static void test_skip(void **state)
{
	struct rig *r = start(0);
	struct vmedia_capture_stats stats;
	unsigned int i;

	(void)state;
	src.want_skips = true;
	queue_all(r, 1);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(rig_event(r).buffer.sequence, 0);
	for (i = 0; i < 3; i++)
		wait_for(&src.in_skip);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_true(rig_event(r).buffer.sequence >= 4);
	vmedia_capture_stats(the_queue(r), &stats);
	assert_true(stats.skipped >= 3);
	rig_end(r);
}

/* Nothing to show: the buffer waits, a number is lost. */
static void test_again(void **state)
{
	struct rig *r = start(0);

	(void)state;
	queue_all(r, 1);
	src.gate_fill = true;
	src.fill_err = -EAGAIN;
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	wait_for(&src.in_fill);
	sem_post(&src.go);
	wait_for(&src.in_fill);
	src.fill_err = 0;
	sem_post(&src.go);
	wait_for(&src.in_fill);
	src.gate_fill = false;
	sem_post(&src.go);
	assert_true(rig_event(r).buffer.sequence >= 2);
	rig_end(r);
}

static void test_controls_in_fill(void **state)
{
	struct rig *r = start(0);
	struct vmedia_evt evt;
	PAYLOAD(a);

	(void)state;
	queue_all(r, 2);
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
	struct rig *r = start(0);
	PAYLOAD(a);

	(void)state;
	a.format.type = CAP;
	a.format.fmt.pix.pixelformat = V4L2_PIX_FMT_MJPEG;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_FMT, &a), 0);
	assert_int_equal(a.format.fmt.pix.sizeimage, 65536);
	src.bytesused = 1234;
	queue_all(r, 1);
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
	struct rig *r = start(2);
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

/* Streams begin and end at random points of the source's life; nothing is lost track of. */
static void test_hammer(void **state)
{
	struct rig *r = start(0);
	const char *seed_text = getenv("VMEDIA_TEST_SEED");
	unsigned int seed = seed_text ? (unsigned int)atoi(seed_text) : 20261121, i, n;
	struct vmedia_evt evt;

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (i = 0; i < 200; i++) {
		vmedia_capture_set_paced(the_queue(r), rand() & 1);
		queue_all(r, 1 + (uint32_t)rand() % 5);
		assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
		for (n = (unsigned int)rand() % 4; n; n--) {
			evt = rig_event(r);
			assert_int_equal(rig_queue(r, r->s, CAP, evt.buffer.index), 0);
		}
		switch (rand() % 3) {
		case 0:
			assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
			no_more(r);
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
		cmocka_unit_test(test_paced),
		cmocka_unit_test(test_free_run),
		cmocka_unit_test(test_shared_pages),
		cmocka_unit_test(test_start_fails),
		cmocka_unit_test(test_stop_in_fill),
		cmocka_unit_test(test_orphan),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_many_errors),
		cmocka_unit_test(test_end_of_stream),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_controls_in_fill),
		cmocka_unit_test(test_coded),
		cmocka_unit_test(test_mplane),
		cmocka_unit_test(test_hammer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
