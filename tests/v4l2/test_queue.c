/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buffer queues of every type: states, owners, memories, and what v4l2-compliance asks of REQBUFS,
 * CREATE_BUFS and the rest.
 */
#include "rig.h"

#define CAP V4L2_BUF_TYPE_VIDEO_CAPTURE
#define MCAP V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
#define MMAP V4L2_MEMORY_MMAP

static const struct vmedia_frame_size sizes[] = { { .width = 64, .height = 32 } };
static const struct vmedia_format_config grey[] = {
	{ .pixelformat = V4L2_PIX_FMT_GREY, .sizes = sizes, .num_sizes = 1 }
};
static const struct vmedia_format_config nv12m[] = {
	{ .pixelformat = V4L2_PIX_FMT_NV12M, .sizes = sizes, .num_sizes = 1 }
};
static const struct vmedia_format_config sdr[] = { { .pixelformat = V4L2_SDR_FMT_CU8,
						     .sizeimage = 4096 } };
static const struct vmedia_format_config meta[] = { { .pixelformat = V4L2_META_FMT_UVC,
						      .sizeimage = 1000 } };
static const struct vmedia_format vbi = { .fmt.vbi = { .samples_per_line = 1440,
						       .count = { 12, 12 } } };
static const struct vmedia_format sliced = { .fmt.sliced = { .io_size = 2048 } };

#define QUEUE(t, f)                                                                             \
	{                                                                                       \
		.type = V4L2_BUF_TYPE_##t, .formats = (f), .num_formats = 1, .ops = &manual_ops \
	}
static const struct vmedia_queue_config all_queues[] = {
	QUEUE(VIDEO_CAPTURE, grey),
	QUEUE(VIDEO_OUTPUT, grey),
	QUEUE(VIDEO_CAPTURE_MPLANE, nv12m),
	QUEUE(VIDEO_OUTPUT_MPLANE, nv12m),
	QUEUE(SDR_CAPTURE, sdr),
	QUEUE(SDR_OUTPUT, sdr),
	QUEUE(META_CAPTURE, meta),
	QUEUE(META_OUTPUT, meta),
	{ .type = V4L2_BUF_TYPE_VBI_CAPTURE, .initial = &vbi, .ops = &manual_ops },
	{ .type = V4L2_BUF_TYPE_VBI_OUTPUT, .initial = &vbi, .ops = &manual_ops },
	{ .type = V4L2_BUF_TYPE_SLICED_VBI_CAPTURE, .initial = &sliced, .ops = &manual_ops },
	{ .type = V4L2_BUF_TYPE_SLICED_VBI_OUTPUT, .initial = &sliced, .ops = &manual_ops },
};
static const struct vmedia_video_config camera = { .card = "q",
						   .queues = all_queues,
						   .num_queues = 1 };
static const struct vmedia_video_config mcamera = { .card = "q",
						    .queues = all_queues + 2,
						    .num_queues = 1 };

static int create(struct rig *r, uint32_t memory, uint32_t count, uint32_t size,
		  struct vmedia_create_buffers *c)
{
	PAYLOAD(a);
	int err;

	memset(&a, 0xff, sizeof(a));
	a.create_buffers = (struct vmedia_create_buffers){ .count = count, .memory = memory };
	a.create_buffers.format = rig_format(r, r->s, CAP);
	a.create_buffers.format.fmt.pix.sizeimage = size;
	err = rig_ioctl(r, r->s, VMEDIA_NR_CREATE_BUFS, &a);
	*c = a.create_buffers;
	return err;
}

/* Every buffer type goes round: REQBUFS, QBUF, STREAMON, done, DQBUF, STREAMOFF. */
static void test_every_type(void **state)
{
	unsigned int i, round;

	(void)state;
	for (i = 0; i < sizeof(all_queues) / sizeof(all_queues[0]); i++) {
		struct vmedia_video_config cfg = { .card = "q",
						   .queues = &all_queues[i],
						   .num_queues = 1 };
		uint32_t type = all_queues[i].type;
		bool mp = V4L2_TYPE_IS_MULTIPLANAR(type);
		struct rig *r = rig_new(&cfg);
		struct vmedia_evt evt;

		assert_int_equal(rig_reqbufs(r, r->s, type, MMAP, 3), 3);
		assert_int_equal(manual.inits, 3);
		assert_int_equal(rig_query(r, r->s, type, 0).length,
				 mp ? 2 : (uint32_t)rig_query(r, r->s, type, 1).length);
		assert_int_equal(rig_queue(r, r->s, type, 2), 0);
		assert_int_equal(rig_queue(r, r->s, type, 0), 0);
		assert_int_equal(rig_stream(r, r->s, type, true), 0);
		assert_int_equal(manual.num, 2);
		for (round = 0; round < 5; round++) {
			uint32_t index = manual.active[0]->index;

			manual_done(r, 100, VMEDIA_BUF_DONE);
			evt = rig_event(r);
			assert_int_equal(evt.type, VMEDIA_EVT_DQBUF);
			assert_int_equal(evt.session_id, r->s);
			assert_int_equal(evt.buffer.index, index);
			assert_int_equal(evt.buffer.type, type);
			assert_int_equal(evt.buffer.sequence, round);
			assert_int_equal(evt.buffer.field, V4L2_FIELD_NONE);
			assert_int_equal(mp ? evt.planes[1].bytesused : evt.buffer.bytesused, 100);
			assert_int_equal(evt.buffer.length == 2, mp);
			assert_int_equal(
				evt.buffer.flags & (V4L2_BUF_FLAG_DONE | V4L2_BUF_FLAG_QUEUED), 0);
			assert_int_equal(evt.buffer.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK,
					 V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC);
			if (!V4L2_TYPE_IS_OUTPUT(type))
				assert_true(evt.buffer.timestamp.tv_sec ||
					    evt.buffer.timestamp.tv_usec);
			assert_int_equal(rig_queue(r, r->s, type, index), 0);
		}
		manual_done(r, 1, VMEDIA_BUF_ERROR);
		assert_true(rig_event(r).buffer.flags & V4L2_BUF_FLAG_ERROR);
		assert_int_equal(rig_stream(r, r->s, type, false), 0);
		assert_int_equal(rig_reqbufs(r, r->s, type, MMAP, 0), 0);
		assert_int_equal(manual.cleanups, 3);
		assert_int_equal(manual.prepared, manual.finished);
		rig_end(r);
	}
}

static void test_reqbufs(void **state)
{
	struct rig *r = rig_new(&camera);
	PAYLOAD(a);

	(void)state;
	memset(&a, 0xff, sizeof(a));
	a.requestbuffers.type = CAP;
	a.requestbuffers.memory = MMAP;
	a.requestbuffers.count = 0xffffffff;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_REQBUFS, &a), 0);
	assert_int_equal(a.requestbuffers.count, 64);
	assert_int_equal(
		a.requestbuffers.capabilities,
		V4L2_BUF_CAP_SUPPORTS_MMAP | V4L2_BUF_CAP_SUPPORTS_USERPTR |
			V4L2_BUF_CAP_SUPPORTS_DMABUF | V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS |
			V4L2_BUF_CAP_SUPPORTS_MAX_NUM_BUFFERS | V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS);
	assert_int_equal(a.requestbuffers.flags, 0);
	assert_int_equal(a.requestbuffers.reserved[0] | a.requestbuffers.reserved[2], 0);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, V4L2_MEMORY_USERPTR, 2), 2);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, 0, 1), -EINVAL);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, V4L2_MEMORY_OVERLAY, 1), -EINVAL);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, 77, 1), -EINVAL);
	assert_int_equal(rig_reqbufs(r, r->s, MCAP, MMAP, 1), -EINVAL);
	assert_int_equal(rig_reqbufs(r, r->s, V4L2_BUF_TYPE_VIDEO_OUTPUT, MMAP, 1), -EINVAL);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 0), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), -EINVAL);
	rig_end(r);
}

/* One session has the buffers; others may look, not touch. */
static void test_owner(void **state)
{
	struct rig *r = rig_new(&camera);
	PAYLOAD(a);

	(void)state;
	rig_open2(r);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 2), 2);
	assert_int_equal(rig_reqbufs(r, r->s2, CAP, MMAP, 1), -EBUSY);
	assert_int_equal(rig_reqbufs(r, r->s2, CAP, MMAP, 0), -EBUSY);
	assert_int_equal(rig_queue(r, r->s2, CAP, 0), -EBUSY);
	assert_int_equal(rig_stream(r, r->s2, CAP, true), -EBUSY);
	assert_int_equal(rig_stream(r, r->s2, CAP, false), -EBUSY);
	assert_int_equal(rig_query(r, r->s2, CAP, 1).index, 1);
	a.exportbuffer.type = CAP;
	assert_int_equal(rig_ioctl(r, r->s2, VMEDIA_NR_EXPBUF, &a), -EBUSY);
	a.create_buffers = (struct vmedia_create_buffers){ .memory = MMAP, .format.type = CAP };
	assert_int_equal(rig_ioctl(r, r->s2, VMEDIA_NR_CREATE_BUFS, &a), 0);
	assert_int_equal(a.create_buffers.index, 2);
	a.remove_buffers = (struct vmedia_remove_buffers){ .index = 0, .count = 1, .type = CAP };
	assert_int_equal(rig_ioctl(r, r->s2, VMEDIA_NR_REMOVE_BUFS, &a), -EBUSY);
	/* it streams; closing it frees the queue */
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(harness_close(&r->h, r->s), 0);
	assert_int_equal(manual.finals, 1);
	assert_int_equal(manual.cleanups, 2);
	assert_int_equal(rig_reqbufs(r, r->s2, CAP, MMAP, 1), 1);
	rig_end(r);
}

static void test_create(void **state)
{
	struct rig *r = rig_new(&camera);
	struct vmedia_create_buffers c;
	uint32_t size = 64 * 32;

	(void)state;
	assert_int_equal(create(r, MMAP, 0, size, &c), 0);
	assert_int_equal(c.index, 0);
	assert_int_equal(c.max_num_buffers, 64);
	assert_true(c.capabilities & V4L2_BUF_CAP_SUPPORTS_MAX_NUM_BUFFERS);
	assert_int_equal(c.flags | c.reserved[0] | c.reserved[4], 0);
	assert_int_equal(create(r, MMAP, 1, 0, &c), -EINVAL);
	assert_int_equal(create(r, MMAP, 1, size - 1, &c), -EINVAL);
	assert_int_equal(create(r, 99, 0, size, &c), -EINVAL);
	assert_int_equal(create(r, MMAP, 2, size, &c), 0);
	assert_int_equal(c.index, 0);
	assert_int_equal(create(r, MMAP, 1, size + (1 << 20), &c), 0);
	assert_int_equal(c.index, 2);
	assert_int_equal(rig_query(r, r->s, CAP, 2).length, size + (1 << 20));
	assert_int_equal(create(r, V4L2_MEMORY_USERPTR, 1, size, &c), -EINVAL);
	assert_int_equal(create(r, MMAP, 100, size, &c), 0);
	assert_int_equal(c.count, 61);
	assert_int_equal(create(r, MMAP, 1, size, &c), -ENOBUFS);
	/* while streaming too */
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 1), 1);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(create(r, MMAP, 1, size, &c), 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
	assert_int_equal(manual.num, 2);
	rig_end(r);
}

static void test_create_mplane(void **state)
{
	struct rig *r = rig_new(&mcamera);
	PAYLOAD(a);
	union vmedia_payload b;

	(void)state;
	a.create_buffers.count = 1;
	a.create_buffers.memory = MMAP;
	a.create_buffers.format = rig_format(r, r->s, MCAP);
	assert_int_equal(a.create_buffers.format.fmt.pix_mp.num_planes, 2);
	b = a;
	b.create_buffers.format.fmt.pix_mp.num_planes = 0;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_CREATE_BUFS, &b), -EINVAL);
	b = a;
	b.create_buffers.format.fmt.pix_mp.num_planes = 1;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_CREATE_BUFS, &b), -EINVAL);
	b = a;
	b.create_buffers.format.fmt.pix_mp.num_planes = 9;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_CREATE_BUFS, &b), -EINVAL);
	b = a;
	b.create_buffers.format.fmt.pix_mp.plane_fmt[1].sizeimage /= 2;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_CREATE_BUFS, &b), -EINVAL);
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_CREATE_BUFS, &a), 0);
	rig_end(r);
}

static int remove_bufs(struct rig *r, uint32_t index, uint32_t count)
{
	PAYLOAD(a);

	a.remove_buffers =
		(struct vmedia_remove_buffers){ .index = index, .count = count, .type = CAP };
	return rig_ioctl(r, r->s, VMEDIA_NR_REMOVE_BUFS, &a);
}

static void test_remove(void **state)
{
	struct rig *r = rig_new(&camera);
	struct vmedia_create_buffers c;
	struct vmedia_buffer b = { .index = 2, .type = CAP };

	(void)state;
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 6), 6);
	assert_int_equal(remove_bufs(r, 0, 0), 0);
	assert_int_equal(remove_bufs(r, 6, 1), -EINVAL);
	assert_int_equal(remove_bufs(r, 0xffffffff, 2), -EINVAL);
	assert_int_equal(remove_bufs(r, 0, 0xffffffff), -EINVAL);
	assert_int_equal(rig_queue(r, r->s, CAP, 3), 0);
	assert_int_equal(remove_bufs(r, 2, 2), -EBUSY);
	assert_int_equal(remove_bufs(r, 2, 1), 0);
	assert_int_equal(rig_buf(r, r->s, VMEDIA_NR_QUERYBUF, &b, NULL, 0), -EINVAL);
	assert_int_equal(remove_bufs(r, 1, 2), -EINVAL);
	/* a prepared one is the program's, like one that is dequeued */
	b = (struct vmedia_buffer){ .index = 0, .type = CAP, .memory = MMAP };
	assert_int_equal(rig_buf(r, r->s, VMEDIA_NR_PREPARE_BUF, &b, NULL, 0), 0);
	assert_int_equal(remove_bufs(r, 0, 1), 0);
	assert_int_equal(create(r, MMAP, 1, 64 * 32, &c), 0);
	assert_int_equal(c.index, 0);
	/* a hole of one: one fits, two do not */
	assert_int_equal(create(r, MMAP, 2, 64 * 32, &c), 0);
	assert_int_equal(c.index, 6);
	assert_int_equal(create(r, MMAP, 1, 64 * 32, &c), 0);
	assert_int_equal(c.index, 2);
	rig_end(r);
}

static void test_qbuf_rules(void **state)
{
	struct rig *r = rig_new(&camera);
	struct vmedia_buffer b;

	(void)state;
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 2), 2);
	b = rig_query(r, r->s, CAP, 0);
	assert_int_equal(b.sequence, 0);
	assert_true(!b.timestamp.tv_sec && !b.timestamp.tv_usec);
	assert_int_equal(b.length, 64 * 32);
	assert_true(b.m.offset && !(b.m.offset & 0xffff));
	b = (struct vmedia_buffer){ .index = 2, .type = CAP, .memory = MMAP };
	assert_int_equal(rig_buf(r, r->s, VMEDIA_NR_QBUF, &b, NULL, 0), -EINVAL);
	b = (struct vmedia_buffer){ .index = 0, .type = CAP, .memory = V4L2_MEMORY_USERPTR };
	assert_int_equal(rig_buf(r, r->s, VMEDIA_NR_QBUF, &b, NULL, 0), -EINVAL);
	b = (struct vmedia_buffer){
		.index = 0, .type = CAP, .memory = MMAP, .flags = V4L2_BUF_FLAG_REQUEST_FD
	};
	assert_int_equal(rig_buf(r, r->s, VMEDIA_NR_QBUF, &b, NULL, 0), -EBADR);
	/* flags of the driver that are not its to set do not come back */
	b = (struct vmedia_buffer){ .index = 0,
				    .type = CAP,
				    .memory = MMAP,
				    .flags = 0xffffffff & ~V4L2_BUF_FLAG_REQUEST_FD };
	assert_int_equal(rig_buf(r, r->s, VMEDIA_NR_QBUF, &b, NULL, 0), 0);
	assert_int_equal(b.flags, V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), -EINVAL);
	/* prepared, queued, returned by STREAMOFF without ever having streamed */
	b = (struct vmedia_buffer){ .index = 1, .type = CAP, .memory = MMAP };
	assert_int_equal(rig_buf(r, r->s, VMEDIA_NR_PREPARE_BUF, &b, NULL, 0), 0);
	assert_true(b.flags & V4L2_BUF_FLAG_PREPARED);
	assert_int_equal(rig_buf(r, r->s, VMEDIA_NR_PREPARE_BUF, &b, NULL, 0), -EINVAL);
	assert_int_equal(manual.prepared, 2);
	assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
	assert_int_equal(manual.prepared, 2);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_int_equal(rig_query(r, r->s, CAP, 0).flags, V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC);
	assert_int_equal(manual.finished, 2);
	manual.prepare_err = -ENOSPC;
	assert_int_equal(rig_queue(r, r->s, CAP, 0), -ENOSPC);
	rig_end(r);
}

static void test_stream_rules(void **state)
{
	struct rig *r = rig_new(&camera);
	struct vmedia_evt evt;

	(void)state;
	assert_int_equal(rig_stream(r, r->s, CAP, true), -EINVAL);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 3), 3);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	manual.start_err = -EPIPE;
	assert_int_equal(rig_stream(r, r->s, CAP, true), -EPIPE);
	manual.start_err = 0;
	assert_true(rig_query(r, r->s, CAP, 0).flags & V4L2_BUF_FLAG_QUEUED);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(manual.starts, 2);
	assert_int_equal(manual.num, 1);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 0), -EBUSY);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 2), -EBUSY);
	assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
	/* finished, but STREAMOFF comes before the event was taken: no event after its answer */
	while (harness_event(&r->h, &evt, NULL) > 0)
		;
	manual_done(r, 5, VMEDIA_BUF_DONE);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	while (rig_poll(r, &evt))
		assert_int_equal(evt.buffer.index, 0);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_int_equal(rig_query(r, r->s, CAP, 1).flags & V4L2_BUF_FLAG_QUEUED, 0);
	/* the sequence begins anew */
	assert_int_equal(rig_queue(r, r->s, CAP, 2), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	manual_done(r, 5, VMEDIA_BUF_DONE);
	assert_int_equal(rig_event(r).buffer.sequence, 0);
	rig_end(r);
}

static void test_min_queued(void **state)
{
	struct vmedia_queue_config q = all_queues[0];
	struct vmedia_video_config cfg = { .card = "q", .queues = &q, .num_queues = 1 };
	struct rig *r;

	(void)state;
	q.min_queued = 2;
	r = rig_new(&cfg);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 1), 2);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(manual.starts, 0);
	manual.start_err = -EIO;
	assert_int_equal(rig_queue(r, r->s, CAP, 1), -EIO);
	assert_int_equal(rig_query(r, r->s, CAP, 1).flags & V4L2_BUF_FLAG_QUEUED, 0);
	manual.start_err = 0;
	assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
	assert_int_equal(manual.num, 2);
	rig_end(r);
}

static int offer(struct rig *r, uint32_t s, uint32_t nr, uint32_t type, struct harness_req **req,
		 struct vmedia_cmd *cmd)
{
	harness_cmd_ioctl(cmd, s, nr);
	cmd->io.arg.u32 = type;
	*req = harness_offer_cmd(&r->h, cmd);
	harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
	harness_collect(&r->h);
	return (*req)->used;
}

/* A worker still writes: STREAMOFF is answered when it ended, and the loop went on meanwhile. */
static void test_stop_waits(void **state)
{
	struct rig *r = rig_new(&camera);
	struct harness_req *req;
	struct vmedia_cmd cmd;
	struct vmedia_evt evt;

	(void)state;
	rig_open2(r);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 2), 2);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	manual.hold = true;
	assert_false(offer(r, r->s, VMEDIA_NR_STREAMOFF, CAP, &req, &cmd));
	rig_format(r, r->s2, CAP);
	manual_done(r, 1, VMEDIA_BUF_DONE);
	harness_step(&r->h);
	harness_collect(&r->h);
	assert_false(req->used);
	manual_done(r, 1, VMEDIA_BUF_DONE);
	harness_step(&r->h);
	harness_collect(&r->h);
	assert_true(req->used);
	assert_int_equal(harness_answered(&r->h, req, &cmd), 0);
	assert_false(rig_poll(r, &evt));
	/* and the device may be reset in the middle of it */
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_false(offer(r, r->s, VMEDIA_NR_STREAMOFF, CAP, &req, &cmd));
	harness_restart(&r->h);
	harness_forget(&r->h);
	assert_int_equal(manual.finals, 1);
	assert_int_equal(harness_open(&r->h, &r->s), 0);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 1), 1);
	rig_end(r);
}

static void test_start_waits(void **state)
{
	struct rig *r = rig_new(&camera);
	struct vmedia_queue *q = vmedia_ctx_queue(vmedia_video_ctx(vmedia_video_of(r->dev)), CAP);
	struct harness_req *req;
	struct vmedia_cmd cmd;

	(void)state;
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 1), 1);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	manual.async_start = true;
	assert_false(offer(r, r->s, VMEDIA_NR_STREAMON, CAP, &req, &cmd));
	manual.num = 0;
	vmedia_queue_started(q, -ENODEV);
	harness_step(&r->h);
	harness_collect(&r->h);
	assert_int_equal(harness_answered(&r->h, req, &cmd), -ENODEV);
	assert_false(vmedia_queue_streaming(q));
	assert_false(offer(r, r->s, VMEDIA_NR_STREAMON, CAP, &req, &cmd));
	vmedia_queue_started(q, 0);
	harness_step(&r->h);
	harness_collect(&r->h);
	assert_int_equal(harness_answered(&r->h, req, &cmd), 0);
	assert_true(vmedia_queue_streaming(q));
	vmedia_queue_started(q, 0);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	/* the device is reset while it waits */
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_false(offer(r, r->s, VMEDIA_NR_STREAMON, CAP, &req, &cmd));
	harness_restart(&r->h);
	harness_forget(&r->h);
	vmedia_queue_started(q, 0);
	rig_end(r);
}

static void test_error_state(void **state)
{
	struct rig *r = rig_new(&camera);
	struct vmedia_queue *q = vmedia_ctx_queue(vmedia_video_ctx(vmedia_video_of(r->dev)), CAP);

	(void)state;
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 2), 2);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	manual.num = 0;
	vmedia_queue_error(q);
	assert_true(rig_event(r).buffer.flags & V4L2_BUF_FLAG_ERROR);
	assert_int_equal(rig_queue(r, r->s, CAP, 1), -EIO);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
	rig_end(r);
}

/* Output buffers: contents are checked, time and flags are kept where the queue copies them. */
static void test_output(void **state)
{
	struct vmedia_queue_config q = all_queues[3];
	struct vmedia_video_config cfg = { .card = "q", .queues = &q, .num_queues = 1 };
	struct vmedia_plane p[2] = { { .bytesused = 10, .data_offset = 4 } };
	struct vmedia_buffer b = { .memory = MMAP };
	struct rig *r;
	PAYLOAD(a);

	(void)state;
	q.timestamp = V4L2_BUF_FLAG_TIMESTAMP_COPY;
	r = rig_new(&cfg);
	b.type = q.type;
	a.create_buffers.count = 2;
	a.create_buffers.memory = MMAP;
	a.create_buffers.format = rig_format(r, r->s, q.type);
	a.create_buffers.format.fmt.pix_mp.plane_fmt[0].sizeimage += 4;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_CREATE_BUFS, &a), 0);
	b.field = V4L2_FIELD_ALTERNATE;
	assert_int_equal(rig_buf(r, r->s, VMEDIA_NR_QBUF, &b, p, 2), -EINVAL);
	b.field = V4L2_FIELD_NONE;
	p[0].data_offset = 10;
	assert_int_equal(rig_buf(r, r->s, VMEDIA_NR_QBUF, &b, p, 2), -EINVAL);
	p[0].data_offset = 4;
	p[0].bytesused = 64 * 32 + 5;
	assert_int_equal(rig_buf(r, r->s, VMEDIA_NR_QBUF, &b, p, 2), -EINVAL);
	p[0].bytesused = 10;
	p[1].bytesused = 0;
	b.timestamp.tv_sec = 77;
	b.timestamp.tv_usec = 123456;
	b.flags = V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_TSTAMP_SRC_SOE | V4L2_BUF_FLAG_TIMECODE |
		  V4L2_BUF_FLAG_LAST;
	b.timecode.hours = 9;
	assert_int_equal(rig_buf(r, r->s, VMEDIA_NR_QBUF, &b, p, 2), 0);
	assert_int_equal(rig_stream(r, r->s, q.type, true), 0);
	assert_int_equal(manual.active[0]->planes[0].bytesused, 10);
	assert_int_equal(manual.active[0]->planes[0].data_offset, 4);
	assert_int_equal(manual.active[0]->planes[1].bytesused, 64 * 16);
	vmedia_buf_done(manual.active[0], VMEDIA_BUF_DONE);
	manual.num = 0;
	b = rig_event(r).buffer;
	assert_true(b.timestamp.tv_sec == 77 && b.timestamp.tv_usec == 123456);
	assert_int_equal(b.timecode.hours, 9);
	assert_int_equal(b.flags, V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_TSTAMP_SRC_SOE |
					  V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_TIMESTAMP_COPY);
	rig_end(r);
}

/* A device that gives a buffer back twice, or says it wrote more than there is room. */
static void test_device_bugs(void **state)
{
	struct rig *r = rig_new(&camera);
	struct vmedia_buf *b;

	(void)state;
	vmedia_log_set_level(-1);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 1), 1);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	b = manual.active[0];
	manual_done(r, 1u << 30, VMEDIA_BUF_DONE);
	vmedia_buf_done(b, VMEDIA_BUF_DONE);
	assert_int_equal(rig_event(r).buffer.bytesused, 64 * 32);
	rig_end(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type),
		cmocka_unit_test(test_reqbufs),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_create_mplane),
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_qbuf_rules),
		cmocka_unit_test(test_stream_rules),
		cmocka_unit_test(test_min_queued),
		cmocka_unit_test(test_stop_waits),
		cmocka_unit_test(test_start_waits),
		cmocka_unit_test(test_error_state),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_device_bugs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
