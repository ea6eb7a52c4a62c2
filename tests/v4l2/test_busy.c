/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A queue is busy, and somebody's, from the first allocation to REQBUFS(0) or the session's end,
 * with buffers or without: what that forbids, and what it keeps.
 */
#include "rig.h"

#define CAP  V4L2_BUF_TYPE_VIDEO_CAPTURE
#define MMAP V4L2_MEMORY_MMAP

static const struct vmedia_frame_interval ivs[] = { { .min = { 1, 30 } } };
static const struct vmedia_frame_size sizes[] = {
	{ .width = 1920, .height = 1080, .intervals = ivs, .num_intervals = 1 },
	{ .width = 320, .height = 240, .intervals = ivs, .num_intervals = 1 },
};
static const struct vmedia_format_config yuyv[] = {
	{ .pixelformat = V4L2_PIX_FMT_YUYV, .sizes = sizes, .num_sizes = 2 },
};
static const struct vmedia_queue_config queue = {
	.type = CAP, .formats = yuyv, .num_formats = 1, .ops = &manual_ops,
};
static const struct vmedia_video_io inputs[] = { { .name = "Front" }, { .name = "Back" } };
static const struct vmedia_video_config camera = {
	.card = "q", .queues = &queue, .num_queues = 1, .inputs = inputs, .num_inputs = 2,
};

static int set_size(struct rig *r, uint32_t s, uint32_t width, uint32_t height)
{
	PAYLOAD(a);

	a.format.type = CAP;
	a.format.fmt.pix.width = width;
	a.format.fmt.pix.height = height;
	return rig_ioctl(r, s, VMEDIA_NR_S_FMT, &a);
}

static int set_input(struct rig *r, uint32_t s, int32_t input)
{
	PAYLOAD(a);

	a.s32 = input;
	return rig_ioctl(r, s, VMEDIA_NR_S_INPUT, &a);
}

static int remove_bufs(struct rig *r, uint32_t s, uint32_t index, uint32_t count)
{
	PAYLOAD(a);

	a.remove_buffers =
		(struct vmedia_remove_buffers){ .index = index, .count = count, .type = CAP };
	return rig_ioctl(r, s, VMEDIA_NR_REMOVE_BUFS, &a);
}

/* One buffer of @memory in the present format, smaller by @less bytes: its index, or an errno. */
static int create(struct rig *r, uint32_t s, uint32_t memory, uint32_t less)
{
	PAYLOAD(a);
	int err;

	a.create_buffers.count = 1;
	a.create_buffers.memory = memory;
	a.create_buffers.format = rig_format(r, s, CAP);
	a.create_buffers.format.fmt.pix.sizeimage -= less;
	err = rig_ioctl(r, s, VMEDIA_NR_CREATE_BUFS, &a);
	return err ? err : (int)a.create_buffers.index;
}

/* @owner's queue is busy: nobody changes the format, others change nothing. */
static void expect_busy(struct rig *r, uint32_t owner, uint32_t other)
{
	assert_int_equal(set_size(r, owner, 320, 240), -EBUSY);
	assert_int_equal(set_size(r, other, 320, 240), -EBUSY);
	assert_int_equal(set_input(r, owner, 1), -EBUSY);
	assert_int_equal(set_input(r, owner, 0), 0);
	assert_int_equal(rig_format(r, other, CAP).fmt.pix.width, 1920);
	assert_int_equal(rig_reqbufs(r, other, CAP, MMAP, 1), -EBUSY);
	assert_int_equal(rig_reqbufs(r, other, CAP, MMAP, 0), -EBUSY);
	assert_int_equal(create(r, other, MMAP, 0), -EBUSY);
	assert_int_equal(rig_stream(r, other, CAP, true), -EBUSY);
	assert_int_equal(rig_stream(r, other, CAP, false), -EBUSY);
}

static void expect_free(struct rig *r, uint32_t s)
{
	assert_int_equal(set_input(r, s, 1), 0);
	assert_int_equal(set_input(r, s, 0), 0);
	assert_int_equal(set_size(r, s, 320, 240), 0);
	assert_int_equal(set_size(r, s, 1920, 1080), 0);
	assert_int_equal(rig_reqbufs(r, s, CAP, V4L2_MEMORY_USERPTR, 1), 1);
	assert_int_equal(rig_reqbufs(r, s, CAP, MMAP, 0), 0);
}

/* All buffers of a stream go: it goes on, in its format, with the buffers that come. */
static void test_remove_in_stream(void **state)
{
	struct rig *r = rig_new(&camera);

	(void)state;
	rig_open2(r);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 2), 2);
	assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(remove_bufs(r, r->s, 0, 2), -EBUSY);
	assert_int_equal(remove_bufs(r, r->s, 0, 1), 0);
	manual_done(r, 1, VMEDIA_BUF_DONE);
	assert_int_equal(rig_event(r).buffer.index, 1);
	assert_int_equal(remove_bufs(r, r->s, 1, 1), 0);
	expect_busy(r, r->s, r->s2);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(manual.starts, 1);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 1), -EBUSY);
	assert_int_equal(create(r, r->s, V4L2_MEMORY_USERPTR, 0), -EINVAL);
	assert_int_equal(create(r, r->s, MMAP, 1), -EINVAL);
	assert_int_equal(create(r, r->s, MMAP, 0), 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(manual.num, 1);
	assert_int_equal(manual.active[0]->planes[0].length, 1920 * 1080 * 2);
	manual_done(r, 1, VMEDIA_BUF_DONE);
	assert_int_equal(rig_event(r).buffer.sequence, 1);
	assert_int_equal(remove_bufs(r, r->s, 0, 1), 0);
	/* STREAMOFF ends the stream, not the ownership */
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_int_equal(manual.stops, 1);
	expect_busy(r, r->s, r->s2);
	assert_int_equal(rig_stream(r, r->s, CAP, true), -EINVAL);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 0), 0);
	expect_free(r, r->s2);
	rig_end(r);
}

/* Without a stream it is the same. */
static void test_remove_idle(void **state)
{
	struct rig *r = rig_new(&camera);

	(void)state;
	rig_open2(r);
	assert_int_equal(create(r, r->s, MMAP, 0), 0);
	assert_int_equal(remove_bufs(r, r->s, 0, 1), 0);
	expect_busy(r, r->s, r->s2);
	assert_int_equal(create(r, r->s, V4L2_MEMORY_DMABUF, 0), -EINVAL);
	/* another kind of memory by REQBUFS, which frees first */
	assert_int_equal(rig_reqbufs(r, r->s, CAP, V4L2_MEMORY_DMABUF, 1), 1);
	assert_int_equal(remove_bufs(r, r->s, 0, 1), 0);
	expect_busy(r, r->s, r->s2);
	assert_int_equal(harness_close(&r->h, r->s), 0);
	expect_free(r, r->s2);
	rig_end(r);
}

/* The session ends while its queue streams without a buffer: the device stops, others may begin. */
static void test_close_without_buffers(void **state)
{
	struct rig *r = rig_new(&camera);

	(void)state;
	rig_open2(r);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 2), 2);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(remove_bufs(r, r->s, 0, 2), 0);
	assert_int_equal(harness_close(&r->h, r->s), 0);
	assert_int_equal(manual.stops, 1);
	assert_int_equal(manual.finals, 1);
	expect_free(r, r->s2);
	assert_int_equal(rig_reqbufs(r, r->s2, CAP, MMAP, 1), 1);
	assert_int_equal(rig_queue(r, r->s2, CAP, 0), 0);
	assert_int_equal(rig_stream(r, r->s2, CAP, true), 0);
	assert_int_equal(manual.starts, 2);
	/* and a reset */
	manual_done(r, 1, VMEDIA_BUF_DONE);
	assert_int_equal(rig_event(r).session_id, r->s2);
	assert_int_equal(remove_bufs(r, r->s2, 0, 1), 0);
	harness_restart(&r->h);
	harness_forget(&r->h);
	assert_int_equal(manual.stops, 2);
	assert_int_equal(harness_open(&r->h, &r->s), 0);
	expect_free(r, r->s);
	rig_end(r);
}

/* ---- Allocations that fail ---- */

static struct {
	int err;
	uint32_t less;
} setup;

static int on_setup(struct vmedia_queue *q, uint32_t *num, uint32_t num_planes, uint32_t *plane)
{
	(void)q;
	(void)num;
	(void)num_planes;
	plane[0] -= setup.less;
	return setup.err;
}

static void on_queue(struct vmedia_buf *b)
{
	vmedia_buf_done(b, VMEDIA_BUF_DONE);
}

static const struct vmedia_queue_ops setup_ops = { .queue_setup = on_setup, .buf_queue = on_queue };
static const struct vmedia_queue_config setup_queue = {
	.type = CAP, .formats = yuyv, .num_formats = 1, .ops = &setup_ops,
};
static const struct vmedia_video_config setup_camera = {
	.card = "q", .queues = &setup_queue, .num_queues = 1, .inputs = inputs, .num_inputs = 2,
};

/* The first allocation that fails leaves the queue free, a later one leaves it as it was. */
static void test_failures(void **state)
{
	struct rig *r = rig_new(&setup_camera);

	(void)state;
	rig_open2(r);
	vmedia_log_set_level(-1);
	for (setup.less = 0; setup.less < 2; setup.less++) {
		setup.err = setup.less ? 0 : -EINVAL;
		assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 1), -EINVAL);
		assert_int_equal(create(r, r->s, MMAP, 0), -EINVAL);
		setup.err = 0;
	}
	setup.less = 0;
	expect_free(r, r->s2);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 1), 1);
	setup.less = 1;
	assert_int_equal(create(r, r->s, MMAP, 0), -EINVAL);
	setup.less = 0;
	expect_busy(r, r->s, r->s2);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	/* REQBUFS frees before it asks */
	setup.err = -ENOSPC;
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 2), -ENOSPC);
	setup.err = 0;
	expect_free(r, r->s2);
	rig_end(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remove_in_stream),
		cmocka_unit_test(test_remove_idle),
		cmocka_unit_test(test_close_without_buffers),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
