/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A buffer that is too small for its queue's format never reaches a device, whatever the state: it
 * goes back with an error.
 */
#include "rig.h"

#define CAP  V4L2_BUF_TYPE_VIDEO_CAPTURE
#define MCAP V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
#define OUT  V4L2_BUF_TYPE_VIDEO_OUTPUT
#define MOUT V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
#define MMAP V4L2_MEMORY_MMAP

static const struct vmedia_frame_interval fast[] = { { .min = { 1, 1000 } } };
static const struct vmedia_frame_size sizes[] = {
	{ .width = 64, .height = 32, .intervals = fast, .num_intervals = 1 },
	{ .width = 640, .height = 480, .intervals = fast, .num_intervals = 1 },
};
#define FORMAT(f) { .pixelformat = V4L2_PIX_FMT_##f, .sizes = sizes, .num_sizes = 2 }
static const struct vmedia_format_config raw[] = { FORMAT(GREY) };
static const struct vmedia_format_config planes[] = { FORMAT(GREY), FORMAT(NV12M) };
static const struct vmedia_format_config coded[] = { FORMAT(MJPEG) };

static struct vmedia_queue *only_queue(struct rig *r, uint32_t type)
{
	return vmedia_ctx_queue(vmedia_video_ctx(vmedia_video_of(r->dev)), type);
}

/* From inside, as a decoder does it. */
static int change(struct vmedia_queue *q, uint32_t pixelformat, uint32_t width, uint32_t height)
{
	struct vmedia_format f = *vmedia_queue_format(q);

	if (V4L2_TYPE_IS_MULTIPLANAR(f.type)) {
		f.fmt.pix_mp.pixelformat = pixelformat;
		f.fmt.pix_mp.width = width;
		f.fmt.pix_mp.height = height;
	} else {
		f.fmt.pix.pixelformat = pixelformat;
		f.fmt.pix.width = width;
		f.fmt.pix.height = height;
	}
	return vmedia_queue_set_format(q, &f);
}

static struct rig *rig_of(const struct vmedia_queue_config *q)
{
	struct vmedia_video_config cfg = { .card = "q", .queues = q, .num_queues = 1 };

	return rig_new(&cfg);
}

static void expect_error(struct rig *r, uint32_t index)
{
	struct vmedia_evt evt = rig_event(r);

	assert_int_equal(evt.type, VMEDIA_EVT_DQBUF);
	assert_int_equal(evt.buffer.index, index);
	assert_true(evt.buffer.flags & V4L2_BUF_FLAG_ERROR);
}

static int create(struct rig *r, uint32_t type, uint32_t more)
{
	PAYLOAD(a);
	int err;

	a.create_buffers.count = 1;
	a.create_buffers.memory = MMAP;
	a.create_buffers.format = rig_format(r, r->s, type);
	if (V4L2_TYPE_IS_MULTIPLANAR(type))
		a.create_buffers.format.fmt.pix_mp.plane_fmt[0].sizeimage += more;
	else
		a.create_buffers.format.fmt.pix.sizeimage += more;
	err = rig_ioctl(r, r->s, VMEDIA_NR_CREATE_BUFS, &a);
	return err ? err : (int)a.create_buffers.index;
}

/* Made for a small picture, queued before and after the format grew, and after STREAMON. */
static void test_plain(void **state)
{
	static const struct vmedia_queue_config cfg = {
		.type = CAP, .formats = raw, .num_formats = 1, .ops = &manual_ops,
	};
	struct rig *r = rig_of(&cfg);
	struct vmedia_queue *q = only_queue(r, CAP);

	(void)state;
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 3), 3);
	assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
	assert_int_equal(change(q, V4L2_PIX_FMT_GREY, 640, 480), 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(create(r, CAP, 0), 3);
	assert_int_equal(rig_queue(r, r->s, CAP, 3), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(manual.num, 1);
	assert_int_equal(manual.active[0]->index, 3);
	expect_error(r, 1);
	expect_error(r, 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 2), 0);
	assert_int_equal(manual.num, 1);
	expect_error(r, 2);
	manual_done(r, 640 * 480, VMEDIA_BUF_DONE);
	assert_int_equal(rig_event(r).buffer.bytesused, 640 * 480);
	/* they can wait in the queue for a format that they hold */
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(change(q, V4L2_PIX_FMT_GREY, 64, 32), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(manual.num, 1);
	rig_end(r);
	assert_int_equal(manual.prepared, manual.finished);
}

/* They are numbered from 0 by a new STREAMON, whatever number they had before. */
static void test_sequence(void **state)
{
	static const struct vmedia_queue_config cfg = {
		.type = CAP, .formats = raw, .num_formats = 1, .ops = &manual_ops,
	};
	struct rig *r = rig_of(&cfg);
	uint32_t i;

	(void)state;
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 2), 2);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	for (i = 0; i < 2; i++) {
		assert_int_equal(rig_queue(r, r->s, CAP, i), 0);
		vmedia_buf_set_sequence(manual.active[0], 7 + i);
		manual_done(r, 1, VMEDIA_BUF_DONE);
		assert_int_equal(rig_event(r).buffer.sequence, 7 + i);
	}
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_int_equal(change(only_queue(r, CAP), V4L2_PIX_FMT_GREY, 640, 480), 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(rig_queue(r, r->s, CAP, i), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(rig_event(r).buffer.sequence, i);
	rig_end(r);
}

/* The device is not told to start with fewer buffers than it needs because some were too small. */
static void test_min_queued(void **state)
{
	static const struct vmedia_queue_config cfg = {
		.type = CAP, .formats = raw, .num_formats = 1, .ops = &manual_ops, .min_queued = 2,
	};
	struct rig *r = rig_of(&cfg);

	(void)state;
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 2), 2);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
	assert_int_equal(change(only_queue(r, CAP), V4L2_PIX_FMT_GREY, 640, 480), 0);
	assert_int_equal(create(r, CAP, 0), 2);
	assert_int_equal(create(r, CAP, 0), 3);
	assert_int_equal(rig_queue(r, r->s, CAP, 2), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	expect_error(r, 0);
	expect_error(r, 1);
	assert_int_equal(manual.starts + manual.num, 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	expect_error(r, 0);
	assert_int_equal(manual.starts + manual.num, 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 3), 0);
	assert_int_equal(manual.starts, 1);
	assert_int_equal(manual.num, 2);
	rig_end(r);
}

/* Another number of planes is too small as well, in either direction. */
static void test_planes(void **state)
{
	static const struct vmedia_queue_config cfg = {
		.type = MCAP, .formats = planes, .num_formats = 2, .ops = &manual_ops,
	};
	struct rig *r = rig_of(&cfg);
	struct vmedia_queue *q = only_queue(r, MCAP);

	(void)state;
	assert_int_equal(create(r, MCAP, 1 << 20), 0);
	assert_int_equal(change(q, V4L2_PIX_FMT_NV12M, 64, 32), 0);
	assert_int_equal(create(r, MCAP, 1 << 20), 1);
	assert_int_equal(rig_queue(r, r->s, MCAP, 0), 0);
	assert_int_equal(rig_queue(r, r->s, MCAP, 1), 0);
	assert_int_equal(rig_stream(r, r->s, MCAP, true), 0);
	expect_error(r, 0);
	assert_int_equal(manual.num, 1);
	assert_int_equal(manual.active[0]->index, 1);
	/* the second plane alone is too small */
	assert_int_equal(rig_stream(r, r->s, MCAP, false), 0);
	assert_int_equal(change(q, V4L2_PIX_FMT_NV12M, 640, 480), 0);
	assert_int_equal(rig_queue(r, r->s, MCAP, 1), 0);
	assert_int_equal(rig_stream(r, r->s, MCAP, true), 0);
	expect_error(r, 1);
	assert_int_equal(rig_stream(r, r->s, MCAP, false), 0);
	assert_int_equal(change(q, V4L2_PIX_FMT_GREY, 64, 32), 0);
	assert_int_equal(rig_queue(r, r->s, MCAP, 1), 0);
	assert_int_equal(rig_stream(r, r->s, MCAP, true), 0);
	expect_error(r, 1);
	assert_int_equal(manual.num, 0);
	rig_end(r);
}

/* Coded data that comes in is as long as it says. A raw picture is all there, behind its offset. */
static void test_output(void **state)
{
	static const struct vmedia_queue_config coded_cfg = {
		.type = OUT, .formats = coded, .num_formats = 1, .ops = &manual_ops,
	};
	static const struct vmedia_queue_config raw_cfg = {
		.type = MOUT, .formats = planes, .num_formats = 1, .ops = &manual_ops,
	};
	struct vmedia_plane p = { .bytesused = 64 * 32 + 3, .data_offset = 4 };
	struct vmedia_buffer b = { .type = MOUT, .memory = MMAP };
	struct rig *r = rig_of(&coded_cfg);

	(void)state;
	assert_int_equal(rig_reqbufs(r, r->s, OUT, MMAP, 1), 1);
	assert_int_equal(rig_queue(r, r->s, OUT, 0), 0);
	assert_int_equal(change(only_queue(r, OUT), V4L2_PIX_FMT_MJPEG, 640, 480), 0);
	assert_true(rig_query(r, r->s, OUT, 0).length <
		    rig_format(r, r->s, OUT).fmt.pix.sizeimage);
	assert_int_equal(rig_stream(r, r->s, OUT, true), 0);
	assert_int_equal(manual.num, 1);
	rig_end(r);

	r = rig_of(&raw_cfg);
	assert_int_equal(create(r, MOUT, 3), 0);
	assert_int_equal(rig_buf(r, r->s, VMEDIA_NR_QBUF, &b, &p, 1), 0);
	assert_int_equal(rig_stream(r, r->s, MOUT, true), 0);
	expect_error(r, 0);
	p = (struct vmedia_plane){ .bytesused = 64 * 32 + 3, .data_offset = 3 };
	b = (struct vmedia_buffer){ .type = MOUT, .memory = MMAP };
	assert_int_equal(rig_buf(r, r->s, VMEDIA_NR_QBUF, &b, &p, 1), 0);
	assert_int_equal(manual.num, 1);
	rig_end(r);
}

/* ---- Frame sources ---- */

static struct {
	bool quick;
	unsigned int fills, small;
} src;

static bool src_quick(void *priv, const struct vmedia_capture_mode *mode)
{
	(void)priv;
	(void)mode;
	return src.quick;
}

static int src_fill(void *priv, struct vmedia_frame *f)
{
	(void)priv;
	src.fills++;
	src.small += f->size[0] < f->mode->width * f->mode->height;
	return 0;
}

static const struct vmedia_capture_ops source = { .quick = src_quick, .fill = src_fill };
static const struct vmedia_queue_config source_cfg = {
	.type = CAP, .formats = raw, .num_formats = 1, .capture = &source,
};

/* On the worker and on the loop. A source that runs keeps its format. */
static void test_source(void **state)
{
	(void)state;
	for (int quick = 0; quick < 2; quick++) {
		struct rig *r = rig_of(&source_cfg);
		struct vmedia_queue *q = only_queue(r, CAP);
		struct vmedia_evt evt;

		memset(&src, 0, sizeof(src));
		src.quick = quick;
		assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 2), 2);
		assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
		assert_int_equal(change(q, V4L2_PIX_FMT_GREY, 640, 480), 0);
		assert_int_equal(create(r, CAP, 0), 2);
		assert_int_equal(rig_queue(r, r->s, CAP, 2), 0);
		assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
		expect_error(r, 0);
		assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
		evt = rig_event(r);
		while (evt.buffer.index != 1) {
			assert_int_equal(evt.buffer.bytesused, 640 * 480);
			evt = rig_event(r);
		}
		assert_true(evt.buffer.flags & V4L2_BUF_FLAG_ERROR);
		assert_int_equal(change(q, V4L2_PIX_FMT_GREY, 64, 32), -EBUSY);
		assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
		assert_int_equal(change(q, V4L2_PIX_FMT_GREY, 64, 32), 0);
		assert_int_equal(src.small, 0);
		rig_end(r);
	}
}

/* ---- A device whose own numbers are too small ---- */

static int shrink(struct vmedia_queue *q, struct vmedia_format *fmt)
{
	(void)q;
	fmt->fmt.pix.sizeimage--;
	return 0;
}

static void test_device_bug(void **state)
{
	static const struct vmedia_queue_config queue = {
		.type = CAP, .formats = raw, .num_formats = 1, .ops = &manual_ops,
	};
	static const struct vmedia_video_ops ops = { .try_fmt = shrink };
	struct vmedia_video_config cfg = {
		.card = "q", .queues = &queue, .num_queues = 1, .ops = &ops,
	};
	struct vmedia_loop *loop;
	struct vmedia_device *dev;

	(void)state;
	vmedia_log_set_level(-1);
	assert_int_equal(vmedia_loop_create(&loop), 0);
	assert_int_equal(vmedia_video_create(loop, &cfg, &dev), -EINVAL);
	vmedia_loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_sequence),
		cmocka_unit_test(test_min_queued),
		cmocka_unit_test(test_planes),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_device_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
