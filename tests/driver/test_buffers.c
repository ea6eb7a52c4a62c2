// SPDX-License-Identifier: BSD-3-Clause
/*
 * Buffers of every kind through their whole life: several planes, guest pages, virtio objects,
 * PREPARE_BUF, CREATE_BUFS and REMOVE_BUFS; and that the device sees no address or descriptor of
 * the program, nor the program one of the device.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <string.h>

#include "fake.h"

#define MPLANE	V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
#define MMAP	V4L2_MEMORY_MMAP
#define USERPTR	V4L2_MEMORY_USERPTR
#define DMABUF	V4L2_MEMORY_DMABUF

static int setup(void **state)
{
	vmedia_log_set_level(-1);
	*state = fake_create(1ull << VMEDIA_VIRTIO_F_INDIRECT_DESC, 0, 0);
	return 0;
}

static int teardown(void **state)
{
	fake_destroy(*state);
	return 0;
}

static struct vmedia_file *session(struct fake *d, uint32_t type, uint32_t memory, uint32_t num)
{
	struct vmedia_requestbuffers rb = { .count = num, .type = type, .memory = memory };
	struct vmedia_file *f;

	assert_int_equal(vmedia_open(d->drv, O_NONBLOCK, &f), 0);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_REQBUFS, &rb), 0);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_STREAMON, &type), 0);
	return f;
}

static struct vmedia_evt mplane_event(uint32_t memory)
{
	struct vmedia_evt evt = { .type = VMEDIA_EVT_DQBUF, .session_id = 1 };

	evt.buffer.type = MPLANE;
	evt.buffer.memory = memory;
	evt.buffer.length = 2;
	evt.planes[0] = (struct vmedia_plane){ .bytesused = 4000, .length = 4096 };
	evt.planes[1] = (struct vmedia_plane){ .bytesused = 900, .length = 2048, .data_offset = 4 };
	evt.planes[0].m.userptr = 0xbadbad;
	evt.planes[1].m.userptr = 0xbadbad;
	return evt;
}

static void send(struct fake *d, const struct vmedia_evt *evt, bool honest)
{
	uint64_t before = fake_stats(d).refused_events;

	assert_true(fake_event(d, evt));
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(fake_stats(d).refused_events, before + !honest);
}

static void seen_planes(struct fake *d)
{
	const struct vmedia_ioctl *io = &d->cmd.io;
	unsigned int i;

	if (d->cmd.code != 15)
		return;
	assert_int_equal(io->arg.buffer.m.planes, 0);
	for (i = 0; i < 2; i++) {
		assert_true(io->plane_sg[i].count > 0);
		assert_int_equal(io->planes[i].m.userptr,
				 vmedia_sg_at(&io->plane_sg[i], 0).start);
	}
}

static void planes_of_guest_pages(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = session(d, MPLANE, USERPTR, 2);
	struct vmedia_plane planes[VIDEO_MAX_PLANES] = { { .length = 4096 }, { .length = 2048 } };
	/* Room for all planes of V4L2, as programs have it. */
	struct vmedia_buffer b = { .type = MPLANE, .memory = USERPTR, .length = VIDEO_MAX_PLANES };
	struct vmedia_evt evt = mplane_event(USERPTR);
	uint8_t *y, *uv;

	assert_int_equal(vmedia_pages_alloc(d->drv, 4096, VMEDIA_PAGES_SCATTERED, (void **)&y), 0);
	assert_int_equal(vmedia_pages_alloc(d->drv, 2048, 0, (void **)&uv), 0);
	planes[0].m.userptr = (uintptr_t)y;
	planes[1].m.userptr = (uintptr_t)uv;
	b.m.planes = (uintptr_t)planes;
	d->seen = seen_planes;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QBUF, &b), 0);
	d->seen = NULL;
	assert_int_equal(d->cmd.io.num_planes, 2);
	assert_int_equal(b.length, 2);
	assert_ptr_equal((void *)(uintptr_t)b.m.planes, planes);
	assert_ptr_equal((void *)(uintptr_t)planes[0].m.userptr, y);
	/* One in between is wrong memory. */
	b.index = 1;
	b.length = 3;
	planes[1].length = 0;
	planes[2].length = 1;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QBUF, &b), -EFAULT);
	/* Lies about planes. */
	evt.buffer.length = 1;
	send(d, &evt, false);
	evt.buffer.length = 3;
	send(d, &evt, false);
	evt.buffer.length = 2;
	evt.planes[1].length = evt.planes[1].bytesused = 2049;
	send(d, &evt, false);
	evt = mplane_event(USERPTR);
	evt.planes[1].data_offset = 901;
	send(d, &evt, false);
	evt = mplane_event(USERPTR);
	send(d, &evt, true);
	memset(planes, 0, sizeof(planes));
	b = (struct vmedia_buffer){ .type = MPLANE, .memory = USERPTR, .length = 1 };
	b.m.planes = (uintptr_t)planes;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_DQBUF, &b), -EINVAL);
	b.length = VIDEO_MAX_PLANES + 1;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_DQBUF, &b), -EINVAL);
	b.length = 2;
	b.m.planes = 0;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_DQBUF, &b), -EFAULT);
	b.m.planes = (uintptr_t)planes;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_DQBUF, &b), 0);
	assert_ptr_equal((void *)(uintptr_t)b.m.planes, planes);
	assert_ptr_equal((void *)(uintptr_t)planes[1].m.userptr, uv);
	assert_int_equal(planes[1].length, 2048);
	assert_int_equal(planes[1].bytesused, 900);
	assert_int_equal(planes[1].data_offset, 4);
	vmedia_close(f);
}

static void planes_of_the_device(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = session(d, MPLANE, MMAP, 2);
	struct vmedia_plane planes[2] = { { 0 } };
	struct vmedia_buffer b = { .type = MPLANE, .memory = MMAP, .length = 2 };
	struct vmedia_evt evt = mplane_event(MMAP);

	/* Never queried: what the answer to QBUF says is what it is. */
	b.m.planes = (uintptr_t)planes;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QBUF, &b), 0);
	assert_int_equal(planes[0].length, FAKE_BUF_LEN);
	evt.planes[1].length = FAKE_BUF_LEN;	/* that is longer than plane 1 */
	send(d, &evt, false);
	evt.planes[1].length = FAKE_BUF_LEN / 2;
	send(d, &evt, true);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_DQBUF, &b), 0);
	assert_int_equal(planes[0].m.mem_offset, 0);
	assert_int_equal(planes[1].m.mem_offset, 0x4000);
	assert_int_equal(planes[1].length, FAKE_BUF_LEN / 2);
	vmedia_close(f);
}

static void seen_uuid(struct fake *d)
{
	if (d->cmd.code != 15)
		return;
	assert_int_equal(d->cmd.io.uuid[0][0], 0xaa);
	assert_int_equal(d->cmd.io.arg.buffer.m.fd, 33);
}

static void objects(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = session(d, 1, DMABUF, 2);
	uint8_t uuid[1][VMEDIA_UUID_SIZE] = { { 0xaa, 1 } };
	struct vmedia_buffer b = { .type = 1, .memory = DMABUF, .length = 5000 };
	struct vmedia_evt evt = fake_dqbuf(1, 0, DMABUF);

	b.m.fd = 33;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QBUF, &b), -EINVAL);
	d->seen = seen_uuid;
	assert_int_equal(vmedia_ioctl_objects(f, VIDIOC_QBUF, &b, uuid), 0);
	assert_int_equal(b.m.fd, 33);
	evt.buffer.length = 5000;
	evt.buffer.m.fd = 0;	/* stdin, if the program believed it */
	send(d, &evt, true);
	assert_int_equal(fake_dq(f, DMABUF, &b), 0);
	assert_int_equal(b.m.fd, 33);
	b = (struct vmedia_buffer){ .type = 1 };
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QUERYBUF, &b), 0);
	assert_int_equal(b.m.fd, 33);
	/* Length 0 is all of the object. */
	b = (struct vmedia_buffer){ .type = 1, .memory = DMABUF };
	b.m.fd = 33;
	assert_int_equal(vmedia_ioctl_objects(f, VIDIOC_QBUF, &b, uuid), 0);
	evt.buffer.bytesused = 5001;
	send(d, &evt, false);
	evt.buffer.bytesused = 4999;
	send(d, &evt, true);
	assert_int_equal(fake_dq(f, DMABUF, &b), 0);
	assert_int_equal(b.length, 5000);
	vmedia_close(f);
}

static void on_done(void *opaque, int err)
{
	*(int *)opaque = err;
}

/* The device took a buffer and was told where it is: the same in each question about it. */
struct lent {
	unsigned int asked;
	uint64_t start;
	uint32_t len;
};

static void seen_lent(struct fake *d)
{
	struct lent *lent = d->test;
	struct vmedia_sg_entry e;

	if (d->cmd.type != VMEDIA_CMD_IOCTL || d->cmd.io.info->follow != VMEDIA_FOLLOW_PLANES)
		return;
	assert_int_equal(d->cmd.io.plane_sg[0].count, 1);
	e = vmedia_sg_at(&d->cmd.io.plane_sg[0], 0);
	if (lent->asked++) {
		assert_int_equal(e.start, lent->start);
		assert_int_equal(e.len, lent->len);
	}
	lent->start = e.start;
	lent->len = e.len;
}

/*
 * The memory of a prepared buffer is the device's until STREAMOFF, DQBUF or REQBUFS. QBUF cannot
 * change it, says what it is, and leaves it so when the device refuses.
 */
static void prepared(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = session(d, 1, USERPTR, 2);
	struct vmedia_buffer b = { .type = 1, .memory = USERPTR, .length = 4096 }, again;
	uint64_t free_pages = d->drv->arena.free;
	struct lent lent = { 0 };
	void *one, *two;

	d->test = &lent;
	d->seen = seen_lent;
	assert_int_equal(vmedia_pages_alloc(d->drv, 4096, 0, &one), 0);
	assert_int_equal(vmedia_pages_alloc(d->drv, 8192, 0, &two), 0);
	b.m.userptr = (uintptr_t)one;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_PREPARE_BUF, &b), 0);
	assert_int_equal(vmedia_pages_free(d->drv, one), 0);
	assert_int_equal(d->drv->arena.free, free_pages - 4);
	again = b;
	again.m.userptr = (uintptr_t)two;
	again.length = 8192;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_PREPARE_BUF, &again), -EINVAL);
	d->err = -EIO;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QBUF, &again), -EIO);
	assert_int_equal(d->drv->arena.free, free_pages - 4);
	d->err = 0;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QBUF, &again), 0);
	assert_ptr_equal((void *)(uintptr_t)again.m.userptr, one);
	assert_int_equal(again.length, 4096);
	assert_int_equal(lent.asked, 3);
	assert_int_equal(vmedia_pages_free(d->drv, two), 0);
	assert_int_equal(d->drv->arena.free, free_pages - 2);
	assert_int_equal(fake_stream(f, false), 0);
	assert_int_equal(d->drv->arena.free, free_pages - 1);	/* the list stays with the buffer */
	d->seen = NULL;
	d->err = -EINVAL;
	assert_int_equal(vmedia_pages_alloc(d->drv, 4096, 0, &one), 0);
	b.m.userptr = (uintptr_t)one;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_PREPARE_BUF, &b), -EINVAL);
	assert_int_equal(vmedia_pages_free(d->drv, one), 0);
	assert_int_equal(d->drv->arena.free, free_pages - 1);
	d->err = 0;
	vmedia_close(f);
	assert_int_equal(d->drv->arena.free, free_pages);
}

static int take_event(struct fake *d, uint32_t index)
{
	struct vmedia_evt evt = fake_dqbuf(1, index, MMAP);

	return fake_event(d, &evt) ? vmedia_driver_process(d->drv) : -ENOBUFS;
}

/*
 * A buffer that the program has not dequeued cannot be queued, prepared or removed. The device
 * believes that it was dequeued: it would take it, and is not asked, nor blamed.
 */
static void not_dequeued(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = session(d, 1, MMAP, 2);
	struct vmedia_buffer b = { .type = 1, .memory = MMAP }, q[2] = { b, b };
	struct vmedia_remove_buffers rm = { .index = 0, .count = 2, .type = 1 };
	unsigned int state_of, commands;
	int result[2] = { 1, 1 }, err;

	/* QBUF under way; PREPARE_BUF under way; queued; back and not dequeued */
	for (state_of = 0; state_of < 4; state_of++) {
		b = (struct vmedia_buffer){ .type = 1, .memory = MMAP };
		d->hold = state_of < 2;
		if (state_of == 0)
			err = vmedia_submit(f, VIDIOC_QBUF, &q[0], 0, on_done, &result[0]);
		else if (state_of == 1)
			err = vmedia_submit(f, VIDIOC_PREPARE_BUF, &q[1], 0, on_done, &result[1]);
		else if (state_of == 2)
			err = vmedia_ioctl(f, VIDIOC_QBUF, &b);
		else
			err = take_event(d, 0);
		assert_int_equal(err, 0);
		fake_turn(d);
		commands = d->commands;
		assert_int_equal(vmedia_ioctl(f, VIDIOC_QBUF, &b), -EINVAL);
		assert_int_equal(vmedia_ioctl(f, VIDIOC_PREPARE_BUF, &b), -EINVAL);
		if (state_of >= 2)	/* else it waits for the answer first */
			assert_int_equal(vmedia_ioctl(f, 104, &rm), -EBUSY);
		assert_int_equal(d->commands, commands);
		d->hold = false;
		while (d->num_held)
			fake_release(d);
		assert_int_equal(vmedia_driver_process(d->drv), 0);
		if (state_of == 0) {
			assert_int_equal(fake_stream(f, false), 0);
			assert_int_equal(fake_stream(f, true), 0);
		}
	}
	assert_int_equal(fake_dq(f, MMAP, &b), 0);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_PREPARE_BUF, &b), 0);
	assert_int_equal(vmedia_ioctl(f, 104, &rm), 0);
	assert_int_equal(fake_stats(d).refused_answers, 0);
	assert_int_equal(result[0], 0);
	assert_int_equal(result[1], 0);
	vmedia_close(f);
}

static void seen_create(struct fake *d)
{
	if (d->cmd.code == 92)
		d->cmd.io.arg.create_buffers.index = *(uint32_t *)d->test;
}

static void created_and_removed(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = session(d, 1, MMAP, 2);
	struct vmedia_create_buffers cb = { .count = 2, .memory = MMAP, .format.type = 1 };
	struct vmedia_remove_buffers rm = { .index = 1, .count = 2, .type = 1 };
	struct vmedia_evt evt;
	uint32_t index = 2;

	d->seen = seen_create;
	d->test = &index;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_CREATE_BUFS, &cb), 0);
	assert_int_equal(cb.index, 2);
	assert_int_equal(fake_qbuf(f, 3, MMAP, NULL), 0);
	assert_int_equal(vmedia_ioctl(f, 104, &rm), 0);	/* 1 and 2 go, 0 and 3 stay */
	evt = fake_dqbuf(1, 2, MMAP);
	send(d, &evt, false);
	evt = fake_dqbuf(1, 3, MMAP);
	send(d, &evt, true);
	/* A buffer that is gone cannot be queued, even if the device says so. */
	assert_int_equal(fake_qbuf(f, 1, MMAP, NULL), -EIO);
	index = 1;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_CREATE_BUFS, &cb), 0);
	assert_int_equal(fake_qbuf(f, 1, MMAP, NULL), 0);
	/* Another kind of memory in one queue is a lie; no buffers at all is a question. */
	index = 10;
	cb.memory = USERPTR;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_CREATE_BUFS, &cb), -EIO);
	cb.count = 0;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_CREATE_BUFS, &cb), 0);
	vmedia_close(f);
}

/* A queue of a type that does not exist, or that this end has never heard of. */
static void unknown_types(void **state)
{
	struct fake *d = *state;
	struct vmedia_requestbuffers rb = { .count = 2, .type = 99, .memory = MMAP };
	struct vmedia_buffer b = { .type = 99, .memory = MMAP };
	struct vmedia_file *f = fake_session(d, 0, 0);
	uint32_t type = 77;

	assert_int_equal(vmedia_ioctl(f, VIDIOC_REQBUFS, &rb), -EIO);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QBUF, &b), -EIO);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_DQBUF, &b), -EINVAL);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_STREAMON, &type), 0);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_STREAMOFF, &type), 0);
	vmedia_close(f);
}

/* ---- Time, with real descriptors and a device that says nothing ---- */

static void real_clock(void **state)
{
	struct vmedia_driver_options opts = { .fd = -1, .timeout_ms = 20 };
	struct vmedia_config config = { 0 };
	struct vmedia_driver *drv;
	struct vmedia_file *f;
	struct vmedia_drv_cmd *c;
	struct pollfd pfd;
	int result = 1, err;

	err = vmedia_drv_create_bare(&opts, NULL, 1ull << VMEDIA_VIRTIO_F_VERSION_1, &config, 0,
				     &drv);
	assert_int_equal(err, 0);
	assert_int_equal(vmedia_open(drv, 0, &f), -ETIMEDOUT);
	/* What was submitted ends too, though nobody waits: the descriptor tells. */
	assert_int_equal(vmedia_drv_cmd_get(drv, NULL, VMEDIA_CMD_OPEN, false, &c), 0);
	assert_int_equal(vmedia_drv_completion_get(drv, on_done, &result, &c->completion), 0);
	assert_int_equal(vmedia_drv_cmd_post(c, false), 0);
	vmedia_drv_arm_timer(drv);
	pfd = (struct pollfd){ .fd = vmedia_driver_fd(drv), .events = POLLIN };
	while (result == 1) {
		assert_int_equal(poll(&pfd, 1, 30000), 1);
		assert_int_equal(vmedia_driver_process(drv), 0);
	}
	assert_int_equal(result, -ETIMEDOUT);
	vmedia_driver_disconnect(drv);
}

struct tracer {
	unsigned int commands, events;
};

static void on_trace(void *opaque, const struct vmedia_trace *t)
{
	struct tracer *tr = opaque;

	assert_non_null(t->name);
	if (t->event)
		tr->events++;
	else
		tr->commands++;
	if (!t->event && t->type == VMEDIA_CMD_IOCTL)
		assert_memory_equal(t->name, "VIDIOC_", 7);
}

static void traced(void **state)
{
	struct fake *d = *state;
	struct tracer tr = { 0 };
	struct vmedia_evt evt = fake_dqbuf(1, 0, MMAP);
	struct vmedia_file *f;

	d->drv->opts.trace = on_trace;
	d->drv->opts.trace_opaque = &tr;
	f = session(d, 1, MMAP, 1);
	assert_int_equal(fake_qbuf(f, 0, MMAP, NULL), 0);
	send(d, &evt, true);
	vmedia_close(f);
	assert_int_equal(tr.commands, 5);
	assert_int_equal(tr.events, 1);
}

/* A radio has no buffers: DQBUF, which the driver answers, is no ioctl of it. */
static void test_radio(void **state)
{
	struct v4l2_buffer b = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = MMAP };
	struct fake *d = fake_create(0, 0, 0);
	struct vmedia_file *f;

	assert_int_equal(vmedia_open(d->drv, O_NONBLOCK, &f), 0);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_DQBUF, &b), -EINVAL);
	d->drv->config.device_caps = V4L2_CAP_RADIO | V4L2_CAP_TUNER;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_DQBUF, &b), -ENOTTY);
	vmedia_close(f);
	fake_destroy(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(planes_of_guest_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(planes_of_the_device, setup, teardown),
		cmocka_unit_test_setup_teardown(objects, setup, teardown),
		cmocka_unit_test_setup_teardown(prepared, setup, teardown),
		cmocka_unit_test_setup_teardown(not_dequeued, setup, teardown),
		cmocka_unit_test_setup_teardown(created_and_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(unknown_types, setup, teardown),
		cmocka_unit_test(real_clock),
		cmocka_unit_test_setup_teardown(traced, setup, teardown),
		cmocka_unit_test(test_radio),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
