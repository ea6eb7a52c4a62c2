/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buffers in guest pages that cannot be seen as one piece: what is used of them is copied, in steps
 * between which the loop serves others, and not while the guest is stopped. The device counts what
 * it copies; nothing here depends on how long anything takes.
 */
#include "rig.h"

#define CAP   V4L2_BUF_TYPE_VIDEO_CAPTURE
#define OUT   V4L2_BUF_TYPE_VIDEO_OUTPUT
#define PAGES V4L2_MEMORY_USERPTR
#define SIZE  (1024u * 4096)
#define STEPS (SIZE / VMEDIA_COPY_STEP)

static const struct vmedia_frame_size sizes[] = { { .width = 1024, .height = 4096 } };
static const struct vmedia_format_config grey[] = {
	{ .pixelformat = V4L2_PIX_FMT_GREY, .sizes = sizes, .num_sizes = 1 },
};
static const struct vmedia_queue_config queues[] = {
	{ .type = CAP, .formats = grey, .num_formats = 1, .ops = &manual_ops },
	{ .type = OUT, .formats = grey, .num_formats = 1, .ops = &manual_ops },
};
static const struct vmedia_video_config capture = {
	.card = "q", .queues = queues, .num_queues = 1,
};
static const struct vmedia_video_config output = {
	.card = "q", .queues = queues + 1, .num_queues = 1,
};

static struct rig *begin(const struct vmedia_video_config *cfg, uint32_t type, uint32_t n)
{
	struct rig *r = rig_new(cfg);

	rig_open2(r);
	r->pages = harness_alloc(&r->h, n * (SIZE + 8192), 4096);
	assert_int_equal(rig_reqbufs(r, r->s, type, PAGES, n), n);
	assert_int_equal(rig_stream(r, r->s, type, true), 0);
	return r;
}

/* Buffer @index: pages with a gap of one byte. */
static uint8_t *pages(struct rig *r, uint32_t index)
{
	return r->pages + index * (SIZE + 8192);
}

static uint8_t *at(struct rig *r, uint32_t index, uint32_t byte)
{
	return pages(r, index) + byte + (byte >= 4095);
}

static struct harness_req *offer_qbuf(struct rig *r, uint32_t type, uint32_t index, uint32_t used,
				      struct vmedia_cmd *cmd)
{
	uint64_t gpa = harness_gpa(&r->h, pages(r, index));
	struct vmedia_sg_entry e[2] = { { gpa, 4095 }, { gpa + 4096, SIZE - 4095 } };
	static uint8_t raw[2 * VMEDIA_SG_ENTRY_SIZE];
	struct harness_req *req;

	harness_cmd_ioctl(cmd, r->s, VMEDIA_NR_QBUF);
	cmd->io.arg.buffer = (struct vmedia_buffer){ .index = index, .type = type, .memory = PAGES,
						     .length = SIZE, .bytesused = used };
	vmedia_sg_put(raw, 0, &e[0]);
	vmedia_sg_put(raw, 1, &e[1]);
	cmd->io.plane_sg[0] = (struct vmedia_sg){ raw, 2 };
	req = harness_offer_cmd(&r->h, cmd);
	vmedia_device_kick(r->dev, VMEDIA_QUEUE_COMMAND);
	harness_collect(&r->h);
	return req;
}

static int await(struct rig *r, struct harness_req *req, struct vmedia_cmd *cmd)
{
	while (!req->used) {
		assert_true(vmedia_loop_step(r->h.loop, 0) > 0);
		harness_collect(&r->h);
	}
	return harness_answered(&r->h, req, cmd);
}

static int qbuf(struct rig *r, uint32_t type, uint32_t index, uint32_t used)
{
	struct vmedia_cmd cmd;
	struct harness_req *req = offer_qbuf(r, type, index, used, &cmd);

	return await(r, req, &cmd);
}

static uint64_t copied(struct rig *r)
{
	struct vmedia_device_stats st;

	vmedia_device_stats(r->dev, &st);
	return st.bytes_copied;
}

/* Another session is answered, at once. */
static void serves(struct rig *r, uint32_t type)
{
	struct harness_req *req;
	struct vmedia_cmd cmd;

	harness_cmd_ioctl(&cmd, r->s2, VMEDIA_NR_G_FMT);
	cmd.io.arg.format.type = type;
	req = harness_offer_cmd(&r->h, &cmd);
	vmedia_device_kick(r->dev, VMEDIA_QUEUE_COMMAND);
	harness_collect(&r->h);
	assert_true(req->used);
	assert_int_equal(harness_answered(&r->h, req, &cmd), 0);
}

static void test_what_is_used(void **state)
{
	struct rig *r = begin(&capture, CAP, 1);

	(void)state;
	assert_int_equal(qbuf(r, CAP, 0, 0), 0);
	memset(vmedia_buf_plane(manual.active[0], 0), 0x77, SIZE);
	manual_done(r, 5000, VMEDIA_BUF_DONE);
	assert_int_equal(rig_event(r).buffer.bytesused, 5000);
	assert_int_equal(copied(r), 5000);
	assert_int_equal(*at(r, 0, 4999), 0x77);
	assert_int_equal(*at(r, 0, 5000), 0);
	/* a bad frame may have nothing */
	assert_int_equal(qbuf(r, CAP, 0, 0), 0);
	manual_done(r, 0, VMEDIA_BUF_ERROR);
	rig_event(r);
	assert_int_equal(copied(r), 5000);
	rig_end(r);
	r = begin(&output, OUT, 1);
	memset(pages(r, 0), 0x66, SIZE);
	assert_int_equal(qbuf(r, OUT, 0, 6000), 0);
	assert_int_equal(copied(r), 6000);
	assert_int_equal(((uint8_t *)vmedia_buf_plane(manual.active[0], 0))[5999], 0x66);
	rig_end(r);
}

/* Out: the event waits for the copy, others do not, and the next buffer does. */
static void test_long_out(void **state)
{
	struct rig *r = begin(&capture, CAP, 2);
	struct vmedia_evt evt;
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(qbuf(r, CAP, i, 0), 0);
		memset(vmedia_buf_plane(manual.active[i], 0), 0x41 + (int)i, SIZE);
	}
	manual_done(r, SIZE, VMEDIA_BUF_DONE);
	manual_done(r, 10, VMEDIA_BUF_DONE);
	for (i = 0; i < STEPS / 2; i++) {
		serves(r, CAP);
		assert_int_equal(r->h.pushes[VMEDIA_QUEUE_EVENT], 0);
		assert_true(vmedia_loop_step(r->h.loop, 0) > 0);
		assert_true(copied(r) <= (i + 2) * VMEDIA_COPY_STEP);
	}
	evt = rig_event(r);
	assert_int_equal(evt.buffer.index, 0);
	assert_int_equal(*at(r, 0, SIZE - 1), 0x41);
	evt = rig_event(r);
	assert_int_equal(evt.buffer.index, 1);
	assert_int_equal(*at(r, 1, 9), 0x42);
	assert_int_equal(copied(r), SIZE + 10);
	rig_end(r);
}

/* In: QBUF's answer waits for the copy, and the device gets the buffer with it. */
static void test_long_in(void **state)
{
	struct rig *r = begin(&output, OUT, 2);
	struct harness_req *req;
	struct vmedia_cmd cmd;
	unsigned int i;

	(void)state;
	memset(pages(r, 0), 0x55, SIZE + 8192);
	req = offer_qbuf(r, OUT, 0, SIZE, &cmd);
	for (i = 0; i < STEPS / 2; i++) {
		assert_false(req->used);
		serves(r, OUT);
		assert_int_equal(manual.num, 0);
		assert_true(vmedia_loop_step(r->h.loop, 0) > 0);
		assert_true(copied(r) <= (i + 2) * VMEDIA_COPY_STEP);
	}
	assert_int_equal(await(r, req, &cmd), 0);
	assert_int_equal(copied(r), SIZE);
	assert_int_equal(manual.num, 1);
	assert_int_equal(manual.active[0]->planes[0].bytesused, SIZE);
	assert_int_equal(((uint8_t *)vmedia_buf_plane(manual.active[0], 0))[SIZE - 1], 0x55);
	assert_true(cmd.io.arg.buffer.flags & V4L2_BUF_FLAG_QUEUED);
	rig_end(r);
}

/* The buffer goes in the middle of its copy: nothing of it is written any more. */
static void test_taken_away(void **state)
{
	struct rig *r = begin(&capture, CAP, 1);
	struct harness_req *req;
	struct vmedia_cmd cmd;
	uint64_t before;

	(void)state;
	assert_int_equal(qbuf(r, CAP, 0, 0), 0);
	manual_done(r, SIZE, VMEDIA_BUF_DONE);
	vmedia_loop_step(r->h.loop, 0);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	before = copied(r);
	assert_in_range(before, 1, SIZE - 1);
	harness_step(&r->h);
	assert_int_equal(copied(r), before);
	assert_int_equal(r->h.pushes[VMEDIA_QUEUE_EVENT], 0);
	/* the same with the session */
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(qbuf(r, CAP, 0, 0), 0);
	manual_done(r, SIZE, VMEDIA_BUF_DONE);
	vmedia_loop_step(r->h.loop, 0);
	before = copied(r);
	assert_int_equal(harness_close(&r->h, r->s), 0);
	assert_int_equal(copied(r), before);
	rig_end(r);
	/* and with the guest, in the middle of a QBUF */
	r = begin(&output, OUT, 1);
	req = offer_qbuf(r, OUT, 0, SIZE, &cmd);
	vmedia_loop_step(r->h.loop, 0);
	assert_false(req->used);
	harness_reconnect(&r->h);
	harness_forget(&r->h);
	before = copied(r);
	harness_step(&r->h);
	assert_int_equal(copied(r), before);
	rig_end(r);
}

/* The queue stops: nothing is copied before it runs again. */
static void test_stopped(void **state)
{
	struct rig *r = begin(&capture, CAP, 1);
	struct harness_req *req;
	struct vmedia_cmd cmd;
	uint64_t before;

	(void)state;
	assert_int_equal(qbuf(r, CAP, 0, 0), 0);
	memset(vmedia_buf_plane(manual.active[0], 0), 0x23, SIZE);
	manual_done(r, SIZE, VMEDIA_BUF_DONE);
	vmedia_loop_step(r->h.loop, 0);
	vmedia_device_queue_stop(r->dev, VMEDIA_QUEUE_COMMAND);
	before = copied(r);
	assert_in_range(before, 1, SIZE - 1);
	harness_step(&r->h);
	assert_int_equal(copied(r), before);
	serves(r, CAP);
	rig_event(r);
	assert_int_equal(copied(r), SIZE);
	assert_int_equal(*at(r, 0, SIZE - 1), 0x23);
	rig_end(r);

	/* A QBUF that waits is broken off, and may be given again. */
	r = begin(&output, OUT, 1);
	memset(pages(r, 0), 0x24, SIZE + 8192);
	req = offer_qbuf(r, OUT, 0, SIZE, &cmd);
	vmedia_device_queue_stop(r->dev, VMEDIA_QUEUE_COMMAND);
	harness_collect(&r->h);
	assert_true(req->used);
	assert_int_equal(harness_answered(&r->h, req, &cmd), -ECANCELED);
	harness_step(&r->h);
	assert_int_equal(manual.num, 0);
	assert_int_equal(manual.prepared, manual.finished);
	assert_int_equal(qbuf(r, OUT, 0, SIZE), 0);
	assert_int_equal(manual.num, 1);
	assert_int_equal(((uint8_t *)vmedia_buf_plane(manual.active[0], 0))[SIZE - 1], 0x24);
	rig_end(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_used), cmocka_unit_test(test_long_out),
		cmocka_unit_test(test_long_in),	     cmocka_unit_test(test_taken_away),
		cmocka_unit_test(test_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
