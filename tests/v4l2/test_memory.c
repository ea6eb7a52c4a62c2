/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of buffers: region 0, shared pages, virtio objects, exports, and offsets of planes. */
#include "rig.h"

#define CAP V4L2_BUF_TYPE_VIDEO_CAPTURE
#define MCAP V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
#define MMAP V4L2_MEMORY_MMAP

static const struct vmedia_frame_size sizes[] = { { .width = 64, .height = 32 } };
static const struct vmedia_format_config grey[] = {
	{ .pixelformat = V4L2_PIX_FMT_GREY, .sizes = sizes, .num_sizes = 1 },
};
static const struct vmedia_format_config nv12m[] = {
	{ .pixelformat = V4L2_PIX_FMT_NV12M, .sizes = sizes, .num_sizes = 1 },
};
static const struct vmedia_queue_config queues[] = {
	{ .type = CAP, .formats = grey, .num_formats = 1, .ops = &manual_ops },
	{ .type = MCAP, .formats = nv12m, .num_formats = 1, .ops = &manual_ops },
};
static const struct vmedia_video_config camera = { .card = "q", .queues = queues, .num_queues = 1 };
static const struct vmedia_video_config mcamera = {
	.card = "q", .queues = queues + 1, .num_queues = 1,
};

static void test_mmap(void **state)
{
	struct rig *r = rig_new(&mcamera);
	struct vmedia_plane planes[8] = { 0 };
	struct vmedia_buffer b = { .type = MCAP };
	uint64_t addr, len;
	struct harness_map *map;

	(void)state;
	assert_int_equal(rig_reqbufs(r, r->s, MCAP, MMAP, 2), 2);
	assert_int_equal(rig_buf(r, r->s, VMEDIA_NR_QUERYBUF, &b, planes, 1), -EINVAL);
	b.type = MCAP;
	assert_int_equal(rig_buf(r, r->s, VMEDIA_NR_QUERYBUF, &b, planes, 8), 0);
	assert_int_equal(b.length, 2);
	assert_int_equal(planes[1].length, 64 * 16);
	assert_int_not_equal(planes[0].m.mem_offset, planes[1].m.mem_offset);
	assert_int_equal(
		harness_mmap(&r->h, r->s, planes[1].m.mem_offset, VMEDIA_MMAP_FLAG_RW, &addr, &len),
		0);
	assert_int_equal(len, 64 * 16);
	assert_true(rig_query(r, r->s, MCAP, 0).flags & V4L2_BUF_FLAG_MAPPED);
	assert_false(rig_query(r, r->s, MCAP, 1).flags & V4L2_BUF_FLAG_MAPPED);
	map = harness_map_at(&r->h, addr);
	assert_int_equal(rig_queue(r, r->s, MCAP, 0), 0);
	assert_int_equal(rig_stream(r, r->s, MCAP, true), 0);
	memset(vmedia_buf_plane(manual.active[0], 1), 0x5a, 64 * 16);
	assert_int_equal(map->addr[100], 0x5a);
	assert_int_equal(harness_mmap(&r->h, r->s, planes[1].m.mem_offset + 4096, 0, &addr, &len),
			 -EINVAL);
	assert_int_equal(harness_mmap(&r->h, r->s, 0, 0, &addr, &len), -EINVAL);
	assert_int_equal(harness_mmap(&r->h, r->s, 0xffff0000, 0, &addr, &len), -EINVAL);
	/* freed while mapped: orphaned */
	assert_int_equal(rig_stream(r, r->s, MCAP, false), 0);
	assert_int_equal(rig_reqbufs(r, r->s, MCAP, MMAP, 0), 0);
	assert_int_equal(map->addr[100], 0x5a);
	assert_int_equal(harness_mmap(&r->h, r->s, planes[1].m.mem_offset, 0, &addr, &len),
			 -EINVAL);
	rig_end(r);
}

static int suspended;

static void count_suspended(struct vmedia_ctx *ctx, bool on)
{
	(void)ctx;
	suspended += on ? 1 : -1;
}

/* A device with queue operations of its own is told when not to write the guest's memory. */
static void test_suspend(void **state)
{
	static const struct vmedia_video_ops ops = { .suspend = count_suspended };
	struct vmedia_video_config cfg = camera;
	struct rig *r;

	(void)state;
	cfg.ops = &ops;
	r = rig_new(&cfg);
	vmedia_device_queue_stop(r->dev, VMEDIA_QUEUE_COMMAND);
	assert_int_equal(suspended, 1);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 1), 1);
	assert_int_equal(suspended, 0);
	rig_open2(r);
	vmedia_device_queue_stop(r->dev, VMEDIA_QUEUE_COMMAND);
	assert_int_equal(suspended, 2);
	harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
	assert_int_equal(suspended, 0);
	rig_end(r);
}

static uint8_t sg_raw[64 * VMEDIA_SG_ENTRY_SIZE];

/* QBUF or PREPARE_BUF; *@ptr becomes what the answer has. */
static int give_pages(struct rig *r, uint32_t nr, uint32_t index, void *pages, uint32_t length,
		      uint64_t *ptr)
{
	struct vmedia_sg_entry e = { .len = length };
	struct vmedia_cmd cmd;
	int err;

	harness_cmd_ioctl(&cmd, r->s, nr);
	cmd.io.arg.buffer = (struct vmedia_buffer){ .index = index,
						    .type = CAP,
						    .memory = V4L2_MEMORY_USERPTR,
						    .length = length,
						    .m.userptr = *ptr };
	if (pages) {
		e.start = harness_gpa(&r->h, pages);
		vmedia_sg_put(sg_raw, 0, &e);
		cmd.io.plane_sg[0] = (struct vmedia_sg){ sg_raw, 1 };
	}
	err = rig_cmd(r, &cmd);
	*ptr = cmd.io.arg.buffer.m.userptr;
	return err;
}

static int qbuf_pages(struct rig *r, uint32_t index, void *pages, uint32_t length, uint64_t ptr)
{
	uint64_t got = ptr;
	int err = give_pages(r, VMEDIA_NR_QBUF, index, pages, length, &got);

	if (!err)
		assert_true(got == ptr);
	return err;
}

static void test_shared_pages(void **state)
{
	struct rig *r = rig_new(&camera);
	uint8_t *pages = harness_alloc(&r->h, 8192, 4096);
	struct vmedia_evt evt;
	unsigned int round;

	(void)state;
	assert_int_equal(rig_reqbufs(r, r->s, CAP, V4L2_MEMORY_USERPTR, 2), 2);
	/* never queued: the plane's size, and no pointer */
	assert_int_equal(rig_query(r, r->s, CAP, 0).length, 2048);
	assert_true(rig_query(r, r->s, CAP, 0).m.userptr == 0);
	assert_int_equal(qbuf_pages(r, 0, pages, 2047, 0x1000), -EINVAL);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	for (round = 0; round < 3; round++) {
		assert_int_equal(qbuf_pages(r, 0, pages, 2048, 0x7fff00001000), 0);
		memset(vmedia_buf_plane(manual.active[0], 0), 0x10 + (int)round, 2048);
		manual_done(r, 2048, VMEDIA_BUF_DONE);
		evt = rig_event(r);
		assert_int_equal(evt.buffer.memory, V4L2_MEMORY_USERPTR);
		assert_int_equal(evt.buffer.bytesused, 2048);
		assert_int_equal(pages[2047], 0x10 + round);
	}
	/* the same pages: resolved once; others: anew */
	assert_int_equal(manual.inits, 1);
	assert_int_equal(qbuf_pages(r, 0, pages + 4096, 2048, 0x7fff00002000), 0);
	assert_int_equal(manual.inits, 2);
	assert_int_equal(manual.cleanups, 1);
	rig_end(r);
}

/* Buffers that come after REQBUFS(0) know nothing of the lists that those before it had. */
static void test_shared_pages_anew(void **state)
{
	struct rig *r = rig_new(&camera);
	uint8_t *pages = harness_alloc(&r->h, 4096, 4096);
	int round;

	(void)state;
	for (round = 1; round <= 3; round++) {
		assert_int_equal(rig_reqbufs(r, r->s, CAP, V4L2_MEMORY_USERPTR, 1), 1);
		assert_int_equal(qbuf_pages(r, 0, pages, 2048, 0x1000), 0);
		assert_int_equal(manual.inits, round);
		assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
		memset(vmedia_buf_plane(manual.active[0], 0), round, 2048);
		assert_int_equal(pages[2047], round);
		assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
		assert_int_equal(rig_reqbufs(r, r->s, CAP, V4L2_MEMORY_USERPTR, 0), 0);
		assert_int_equal(manual.cleanups, round);
	}
	rig_end(r);
}

/* A prepared buffer is queued under the pointer that PREPARE_BUF had, unless QBUF has one. */
static void test_prepared_pages(void **state)
{
	struct rig *r = rig_new(&camera);
	uint8_t *pages = harness_alloc(&r->h, 4096, 4096);
	static const uint64_t asked[] = { 0, 0x7fff00002000 };
	uint64_t ptr;

	(void)state;
	assert_int_equal(rig_reqbufs(r, r->s, CAP, V4L2_MEMORY_USERPTR, 1), 1);
	for (int i = 0; i < 2; i++) {
		ptr = 0x7fff00001000;
		assert_int_equal(give_pages(r, VMEDIA_NR_PREPARE_BUF, 0, pages, 2048, &ptr), 0);
		assert_true(ptr == 0x7fff00001000);
		ptr = asked[i];
		assert_int_equal(give_pages(r, VMEDIA_NR_QBUF, 0, pages, 2048, &ptr), 0);
		assert_true(ptr == (i ? asked[i] : 0x7fff00001000));
		assert_true(rig_query(r, r->s, CAP, 0).m.userptr == 0x7fff00001000);
		assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	}
	/* not prepared: what is asked */
	ptr = 0;
	assert_int_equal(give_pages(r, VMEDIA_NR_QBUF, 0, pages, 2048, &ptr), 0);
	assert_true(ptr == 0);
	rig_end(r);
}

static void test_prepared_planes(void **state)
{
	struct rig *r = rig_new(&mcamera);
	uint8_t *pages = harness_alloc(&r->h, 4096, 4096);
	struct vmedia_sg_entry e = { .start = harness_gpa(&r->h, pages) };
	struct vmedia_cmd cmd;
	uint8_t nr;
	uint32_t i;

	(void)state;
	assert_int_equal(rig_reqbufs(r, r->s, MCAP, V4L2_MEMORY_USERPTR, 1), 1);
	for (nr = VMEDIA_NR_PREPARE_BUF; nr; nr = nr == VMEDIA_NR_QBUF ? 0 : VMEDIA_NR_QBUF) {
		harness_cmd_ioctl(&cmd, r->s, nr);
		cmd.io.arg.buffer = (struct vmedia_buffer){ .type = MCAP,
							    .memory = V4L2_MEMORY_USERPTR,
							    .length = 2 };
		cmd.io.num_planes = 2;
		for (i = 0; i < 2; i++) {
			e.len = cmd.io.planes[i].length = 64 * 32;
			cmd.io.planes[i].m.userptr = nr == VMEDIA_NR_QBUF ? 0 : 0x1000 * (i + 1);
			vmedia_sg_put(sg_raw, i, &e);
			cmd.io.plane_sg[i] =
				(struct vmedia_sg){ sg_raw + i * VMEDIA_SG_ENTRY_SIZE, 1 };
		}
		assert_int_equal(rig_cmd(r, &cmd), 0);
		assert_true(cmd.io.planes[0].m.userptr == 0x1000);
		assert_true(cmd.io.planes[1].m.userptr == 0x2000);
	}
	rig_end(r);
}

static void test_objects(void **state)
{
	static const uint8_t uuid[VMEDIA_UUID_SIZE] = { 1, 2, 3 };
	struct rig *r = rig_new(&camera);
	struct vmedia_cmd cmd;

	(void)state;
	harness_add_object(&r->h, uuid, 4096);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, V4L2_MEMORY_DMABUF, 2), 2);
	assert_int_equal(rig_query(r, r->s, CAP, 0).length, 2048);
	harness_cmd_ioctl(&cmd, r->s, VMEDIA_NR_QBUF);
	cmd.io.arg.buffer = (struct vmedia_buffer){
		.type = CAP, .memory = V4L2_MEMORY_DMABUF, .length = 4096, .m.fd = -7
	};
	memcpy(cmd.io.uuid[0], uuid, sizeof(uuid));
	assert_int_equal(rig_cmd(r, &cmd), 0);
	assert_int_equal(cmd.io.arg.buffer.m.fd, -7);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(manual.active[0]->planes[0].length, 4096);
	harness_cmd_ioctl(&cmd, r->s, VMEDIA_NR_QBUF);
	cmd.io.arg.buffer = (struct vmedia_buffer){
		.index = 1, .type = CAP, .memory = V4L2_MEMORY_DMABUF, .length = 4096
	};
	cmd.io.uuid[0][0] = 99;
	assert_int_equal(rig_cmd(r, &cmd), -ENOENT);
	rig_end(r);
}

static int export(struct rig *r, uint32_t index, uint32_t plane, uint32_t flags)
{
	struct vmedia_cmd cmd;

	harness_cmd_ioctl(&cmd, r->s, VMEDIA_NR_EXPBUF);
	cmd.io.arg.exportbuffer = (struct vmedia_exportbuffer){
		.type = CAP, .index = index, .plane = plane, .flags = flags, .fd = -3
	};
	return rig_cmd(r, &cmd);
}

static void test_export(void **state)
{
	struct rig *r = rig_new(&camera);

	(void)state;
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 1), 1);
	assert_int_equal(export(r, 0, 0, 02000002), 0);
	assert_int_equal(export(r, 1, 0, 0), -EINVAL);
	assert_int_equal(export(r, 0, 1, 0), -EINVAL);
	assert_int_equal(export(r, 0, 0, 4), -EINVAL);
	r->h.ops.object_add = NULL;
	assert_int_equal(export(r, 0, 0, 0), -ENOTTY);
	assert_int_equal(export(r, 77, 0, 0), -ENOTTY);
	rig_end(r);
}

/* Many sessions' worth of buffers: offsets never collide, memory comes back. */
static void test_offsets(void **state)
{
	static const struct vmedia_frame_size small[] = { { .width = 16, .height = 16 } };
	static const struct vmedia_format_config f[] = {
		{ .pixelformat = V4L2_PIX_FMT_GREY, .sizes = small, .num_sizes = 1 }
	};
	struct vmedia_queue_config q = {
		.type = CAP, .formats = f, .num_formats = 1, .ops = &manual_ops
	};
	struct vmedia_video_config cfg = {
		.card = "q", .queues = &q, .num_queues = 1, .per_session = true
	};
	struct rig *r = rig_new(&cfg);
	uint32_t sessions[20], offsets[20 * 16], n = 0, i, j;
	uint64_t addr, len;

	(void)state;
	for (i = 0; i < 20; i++) {
		assert_int_equal(harness_open(&r->h, &sessions[i]), 0);
		assert_int_equal(rig_reqbufs(r, sessions[i], CAP, MMAP, 16), 16);
		for (j = 0; j < 16; j++)
			offsets[n++] = rig_query(r, sessions[i], CAP, j).m.offset;
	}
	for (i = 0; i < n; i++)
		for (j = 0; j < i; j++)
			assert_int_not_equal(offsets[i], offsets[j]);
	/* another session's offset is nobody's */
	assert_int_equal(harness_mmap(&r->h, sessions[1], offsets[0], 0, &addr, &len), -EINVAL);
	assert_int_equal(harness_mmap(&r->h, sessions[0], offsets[0], 0, &addr, &len), 0);
	for (i = 0; i < 20; i++)
		assert_int_equal(harness_close(&r->h, sessions[i]), 0);
	assert_int_equal(manual.inits, manual.cleanups);
	rig_end(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mmap),
		cmocka_unit_test(test_suspend),
		cmocka_unit_test(test_shared_pages),
		cmocka_unit_test(test_shared_pages_anew),
		cmocka_unit_test(test_prepared_pages),
		cmocka_unit_test(test_prepared_planes),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_export),
		cmocka_unit_test(test_offsets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
