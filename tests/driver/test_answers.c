// SPDX-License-Identifier: BSD-3-Clause
/*
 * Answers that do not fit their question, and honest ones, through the driver's own interface:
 * every lie is -EIO with the program's structure untouched, and the driver goes on working.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fake.h"

#define ALL (1ull << VMEDIA_VIRTIO_F_INDIRECT_DESC | 1ull << VMEDIA_VIRTIO_F_EVENT_IDX)

static int setup(void **state)
{
	vmedia_log_set_level(VMEDIA_LOG_ERR);
	*state = fake_create(ALL, 0, 1 << 20);
	return 0;
}

static int teardown(void **state)
{
	fake_destroy(*state);
	return 0;
}

static void honest_calls(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 4, V4L2_MEMORY_MMAP);
	struct vmedia_format fmt = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	struct vmedia_capability cap;

	assert_non_null(f);
	fmt.fmt.pix.width = 640;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &fmt), 0);
	assert_int_equal(vmedia_ioctl(f, 4, &fmt), 0);
	assert_int_equal(fmt.fmt.pix.width, 640);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QUERYCAP, &cap), 0);
	assert_string_equal((char *)cap.card, "fake");
	assert_true(cap.capabilities & V4L2_CAP_DEVICE_CAPS);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_LOG_STATUS, NULL), -ENOTTY);
	assert_int_equal(vmedia_ioctl(f, 250, &fmt), -ENOTTY);
	assert_int_equal(vmedia_ioctl(f, _IOWR('X', 4, struct vmedia_format), &fmt), -ENOTTY);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, NULL), -EFAULT);
	assert_int_equal(vmedia_close(f), 0);
	assert_int_equal(d->closes, 1);
	assert_int_equal(fake_stats(d).refused_answers, 0);
	assert_int_equal(fake_stats(d).open_files, 0);
	assert_int_equal(fake_stats(d).bytes_copied, 0);
}

static void device_errors(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 0, 0);
	struct vmedia_format fmt = { .type = 1 }, before;

	memset(&fmt.fmt, 0x5a, sizeof(fmt.fmt));
	before = fmt;
	d->err = -EBUSY;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_S_FMT, &fmt), -EBUSY);
	d->err = -ETIMEDOUT;	/* the device's own, not ours */
	assert_int_equal(vmedia_ioctl(f, VIDIOC_S_FMT, &fmt), -ETIMEDOUT);
	assert_memory_equal(&fmt, &before, sizeof(fmt));
	d->err = 0;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_S_FMT, &fmt), 0);
	assert_int_equal(fake_stats(d).timeouts, 0);
	vmedia_close(f);
}

static void lie_status(struct fake *d, struct fake_answer *a)
{
	uint32_t *status = d->test;

	memcpy(a->bytes, status, 4);
}

static void lie_short(struct fake *d, struct fake_answer *a)
{
	a->used = *(uint32_t *)d->test;
}

static void refuses_bad_status(void **state)
{
	static const uint32_t bad[] = { 4096, 0x7fffffff, 0xffffffff, 0x80000000,
					(uint32_t)-EINVAL };
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 0, 0);
	struct vmedia_format fmt = { .type = 1 };
	uint32_t status;
	unsigned int i;

	d->test = &status;
	d->lie = lie_status;
	for (i = 0; i < VMEDIA_ARRAY_SIZE(bad); i++) {
		status = htole32(bad[i]);
		assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &fmt), -EIO);
	}
	assert_int_equal(fake_stats(d).refused_answers, VMEDIA_ARRAY_SIZE(bad));
	d->lie = NULL;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &fmt), 0);
	vmedia_close(f);
}

static void refuses_short_answers(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 0, 0);
	struct vmedia_format fmt = { .type = 1 }, before = fmt;
	uint32_t used;

	d->test = &used;
	d->lie = lie_short;
	for (used = 0; used < 216; used++) {
		assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &fmt), -EIO);
		assert_memory_equal(&fmt, &before, sizeof(fmt));
	}
	used = 216;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &fmt), 0);
	vmedia_close(f);
}

/* Offset of a 32-bit word in the answer and what to put there. */
struct word {
	uint32_t off, value;
	uint8_t nr;
};

static void lie_word(struct fake *d, struct fake_answer *a)
{
	const struct word *w = d->test;
	uint32_t v = htole32(w->value);

	if (a->cmd->type == VMEDIA_CMD_IOCTL && a->cmd->code == w->nr)
		memcpy(a->bytes + w->off, &v, 4);
}

#define BUF(field) (8 + offsetof(struct vmedia_buffer, field))

static void refuses_other_buffer(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 4, V4L2_MEMORY_MMAP);
	struct word words[] = {
		{ BUF(index), 3, 9 },
		{ BUF(type), 2, 9 },
		{ BUF(memory), 2, 9 },
		{ BUF(memory), 9, 9 },
		{ BUF(length), FAKE_BUF_LEN * 2, 9 },
		{ BUF(length), 0, 9 },
		{ BUF(m), 0x40, 9 },
		{ BUF(bytesused), FAKE_BUF_LEN + 1, 9 },
		{ BUF(index), 1, 15 },
		{ BUF(length), FAKE_BUF_LEN - 1, 15 },
		{ BUF(m), 0x777, 15 },
	};
	struct vmedia_buffer b, before;
	unsigned int i;

	assert_non_null(f);
	d->lie = lie_word;
	for (i = 0; i < VMEDIA_ARRAY_SIZE(words); i++) {
		d->test = &words[i];
		memset(&b, 0, sizeof(b));
		b.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
		b.memory = V4L2_MEMORY_MMAP;
		b.index = words[i].nr == 15 ? i - 8 : 0;
		before = b;
		assert_int_equal(vmedia_ioctl(f, words[i].nr, &b), -EIO);
		assert_memory_equal(&b, &before, sizeof(b));
	}
	assert_int_equal(fake_stats(d).refused_answers, VMEDIA_ARRAY_SIZE(words));
	vmedia_close(f);
}

static void refuses_bad_counts(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 4, V4L2_MEMORY_MMAP);
	struct vmedia_requestbuffers rb = { .count = 4, .type = 1, .memory = 1 };
	struct vmedia_create_buffers cb = { .count = 2, .memory = 1, .format.type = 1 };
	struct word w = { 8, 100000, 8 };

	d->lie = lie_word;
	d->test = &w;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_REQBUFS, &rb), -EIO);
	assert_int_equal(rb.count, 4);
	w = (struct word){ 8 + offsetof(struct vmedia_create_buffers, index), 0xffffffff, 92 };
	assert_int_equal(vmedia_ioctl(f, VIDIOC_CREATE_BUFS, &cb), -EIO);
	w.value = 2;	/* exists already */
	assert_int_equal(vmedia_ioctl(f, VIDIOC_CREATE_BUFS, &cb), -EIO);
	w.value = 4;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_CREATE_BUFS, &cb), 0);
	assert_int_equal(cb.index, 4);
	assert_int_equal(fake_stats(d).refused_answers, 3);
	vmedia_close(f);
}

static void lie_open_id(struct fake *d, struct fake_answer *a)
{
	if (a->cmd->type == VMEDIA_CMD_OPEN)
		memcpy(a->bytes + 8, &(uint32_t){ htole32(1) }, 4);
}

static void refuses_session_in_use(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f, *g = NULL;

	assert_int_equal(vmedia_open(d->drv, 0, &f), 0);
	assert_int_equal(vmedia_file_session_id(f), 1);
	d->lie = lie_open_id;
	assert_int_equal(vmedia_open(d->drv, 0, &g), -EIO);
	assert_null(g);
	assert_int_equal(d->closes, 0);
	assert_int_equal(vmedia_close(f), 0);
	/* Closed: now the id is free. */
	assert_int_equal(vmedia_open(d->drv, 0, &g), 0);
	assert_int_equal(vmedia_close(g), 0);
}

static void multi_planar(void **state)
{
	struct fake *d = *state;
	struct vmedia_requestbuffers rb = { .count = 2,
					    .type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE,
					    .memory = 1 };
	struct vmedia_plane planes[8];
	struct vmedia_buffer b = { .index = 1, .type = rb.type, .memory = 1 };
	struct word w = { 8 + 88 + 4, 77, 9 };
	struct vmedia_file *f;

	assert_int_equal(vmedia_open(d->drv, 0, &f), 0);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_REQBUFS, &rb), 0);
	memset(planes, 0xff, sizeof(planes));
	b.length = 8;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QUERYBUF, &b), -EFAULT);
	b.m.planes = (uintptr_t)planes;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QUERYBUF, &b), 0);
	assert_int_equal(b.length, 2);
	assert_ptr_equal((void *)(uintptr_t)b.m.planes, planes);
	assert_int_equal(planes[0].length, FAKE_BUF_LEN);
	assert_int_equal(planes[1].length, FAKE_BUF_LEN / 2);
	assert_int_equal(planes[1].m.mem_offset, 0x14000);
	/* The length of plane 0 changes its mind. */
	d->lie = lie_word;
	d->test = &w;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QUERYBUF, &b), -EIO);
	d->lie = NULL;
	b.length = 1;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QUERYBUF, &b), -EINVAL);
	b.length = 9;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QUERYBUF, &b), -EINVAL);
	b.length = 2;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QBUF, &b), 0);
	vmedia_close(f);
}

static void seen_g_ctrls(struct fake *d)
{
	struct vmedia_sg_entry e;
	char *p;

	if (d->cmd.code != 71)
		return;
	assert_int_equal(d->ctrls[1].size, 100);
	assert_int_equal(d->ctrl_sg[1].count, 1);
	e = vmedia_sg_at(&d->ctrl_sg[1], 0);
	assert_int_equal(e.len, 100);
	p = vmedia_mem_at(d->mem, e.start, e.len);
	assert_non_null(p);
	memcpy(p, "payload", 8);
	d->ctrls[0].value = 17;
	d->ctrls[1].size = 8;
}

static void seen_s_ctrls(struct fake *d)
{
	struct vmedia_sg_entry e;

	if (d->cmd.code != 72)
		return;
	e = vmedia_sg_at(&d->ctrl_sg[0], 0);
	assert_int_equal(e.len, 5);
	assert_memory_equal(vmedia_mem_at(d->mem, e.start, e.len), "hello", 5);
}

static void controls(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 0, 0);
	char text[100] = "", hello[] = "hello";
	struct vmedia_ext_control ctrl[2] = { { .id = 5 }, { .id = 6, .size = sizeof(text) } };
	struct vmedia_ext_controls ec = { .count = 2, .controls = (uintptr_t)ctrl };
	uint64_t free_pages = d->drv->arena.free;

	ctrl[1].ptr = (uintptr_t)text;
	d->seen = seen_g_ctrls;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_EXT_CTRLS, &ec), 0);
	assert_string_equal(text, "payload");
	assert_int_equal(ctrl[0].value, 17);
	assert_int_equal(ctrl[1].size, 8);
	assert_ptr_equal((void *)(uintptr_t)ctrl[1].ptr, text);
	assert_ptr_equal((void *)(uintptr_t)ec.controls, ctrl);
	d->seen = seen_s_ctrls;
	ctrl[0] = (struct vmedia_ext_control){ .id = 6, .size = 5 };
	ctrl[0].ptr = (uintptr_t)hello;
	ec.count = 1;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_S_EXT_CTRLS, &ec), 0);
	d->seen = NULL;
	ctrl[0].ptr = 0;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_S_EXT_CTRLS, &ec), -EFAULT);
	ec.count = 0;
	ec.controls = 0;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_S_EXT_CTRLS, &ec), 0);
	ec.count = 1025;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_S_EXT_CTRLS, &ec), -EINVAL);
	assert_int_equal(d->drv->arena.free, free_pages);
	vmedia_close(f);
}

static void seen_edid(struct fake *d)
{
	if (d->cmd.code == 40)
		memset(d->edid, 0xed, 256);
}

static void edid(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 0, 0);
	uint8_t blocks[3 * 128] = { 0 };
	struct vmedia_edid e = { .blocks = 2, .edid = (uintptr_t)blocks };
	struct vmedia_edid many = { .blocks = 200 };
	uint8_t *big = malloc(200 * 128);

	d->seen = seen_edid;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_EDID, &e), 0);
	assert_int_equal(blocks[255], 0xed);
	assert_int_equal(blocks[256], 0);
	many.edid = (uintptr_t)big;	/* question and answer need pages of their own */
	assert_int_equal(vmedia_ioctl(f, VIDIOC_S_EDID, &many), 0);
	assert_ptr_equal((void *)(uintptr_t)many.edid, big);
	e.edid = 0;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_EDID, &e), -EFAULT);
	e.blocks = 257; /* V4L2 takes 256, and looks no further */
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_EDID, &e), -EINVAL);
	free(big);
	vmedia_close(f);
}

static void export_buffer(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 1, V4L2_MEMORY_MMAP);
	struct vmedia_exportbuffer eb = { .type = 1, .fd = -1 };
	uint8_t uuid[1][VMEDIA_UUID_SIZE] = { { 9, 8, 7 } };

	assert_int_equal(vmedia_ioctl(f, VIDIOC_EXPBUF, &eb), -EINVAL);
	assert_int_equal(vmedia_ioctl_objects(f, VIDIOC_EXPBUF, &eb, uuid), 0);
	assert_int_equal(uuid[0][0], 9);
	vmedia_close(f);
}

static void raw_commands(void **state)
{
	struct fake *d = *state;
	uint8_t req[16] = { VMEDIA_CMD_OPEN }, resp[64];
	size_t used;

	assert_int_equal(vmedia_raw_command(d->drv, req, 8, resp, sizeof(resp), &used), 0);
	assert_int_equal(used, 16);
	assert_int_equal(resp[8], 1);
	req[0] = 99;
	assert_int_equal(vmedia_raw_command(d->drv, req, 3, resp, sizeof(resp), &used), 0);
	assert_int_equal(vmedia_raw_command(d->drv, req, 8, NULL, 0, &used), 0);
	assert_int_equal(used, 0);
	assert_int_equal(vmedia_raw_command(d->drv, req, 0, resp, 8, &used), -EINVAL);
	assert_int_equal(
		vmedia_raw_command(d->drv, req, VMEDIA_MAX_REQ_SIZE + 1ull, resp, 8, &used),
		-EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(honest_calls, setup, teardown),
		cmocka_unit_test_setup_teardown(device_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_bad_status, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_short_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_other_buffer, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_bad_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_session_in_use, setup, teardown),
		cmocka_unit_test_setup_teardown(multi_planar, setup, teardown),
		cmocka_unit_test_setup_teardown(controls, setup, teardown),
		cmocka_unit_test_setup_teardown(edid, setup, teardown),
		cmocka_unit_test_setup_teardown(export_buffer, setup, teardown),
		cmocka_unit_test_setup_teardown(raw_commands, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
