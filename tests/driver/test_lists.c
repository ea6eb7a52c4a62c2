// SPDX-License-Identifier: BSD-3-Clause
/*
 * SG lists that are kept with their buffers: the device reads what the program's memory is now, at
 * each QBUF, and nothing is allocated for a list that says the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/videodev2.h>
#include <string.h>

#include "fake.h"

#define PAGE 4096ull
#define USERPTR V4L2_MEMORY_USERPTR
#define CAPTURE V4L2_BUF_TYPE_VIDEO_CAPTURE
#define LONG 600u /* scattered pages: a list of more than two pages */

/* What the device found where the last QBUF or PREPARE_BUF led it: the program's memory. */
struct found {
	const uint8_t *memory;
	uint32_t entries, questions;
	uint64_t start;
};

static void seen_list(struct fake *d)
{
	const struct vmedia_ioctl *io = &d->cmd.io;
	struct found *found = d->test;
	uint64_t done = 0, k;
	uint32_t i;

	if (d->cmd.type != VMEDIA_CMD_IOCTL || io->info->follow != VMEDIA_FOLLOW_PLANES)
		return;
	found->questions++;
	found->entries = io->plane_sg[0].count;
	found->start = vmedia_sg_at(&io->plane_sg[0], 0).start;
	assert_int_equal(io->arg.buffer.m.userptr, found->start);
	for (i = 0; i < found->entries; i++) {
		struct vmedia_sg_entry e = vmedia_sg_at(&io->plane_sg[0], i);
		const uint8_t *at = vmedia_mem_at(d->mem, e.start, e.len);

		assert_non_null(at);
		for (k = 0; found->memory && k < e.len; k += 64)
			assert_int_equal(at[k], found->memory[done + k]);
		done += e.len;
	}
	assert_int_equal(done, io->arg.buffer.length);
}

static struct fake *start(uint64_t features, uint32_t flags, struct found *found)
{
	struct fake *d;

	vmedia_log_set_level(VMEDIA_LOG_ERR);
	*found = (struct found){ 0 };
	d = fake_create(features, flags, 0);
	assert_non_null(d);
	d->test = found;
	d->seen = seen_list;
	return d;
}

static int qbuf(struct vmedia_file *f, uint32_t index, const uint8_t *ptr, uint64_t length)
{
	struct fake *d = f->drv->hooks.opaque;
	struct vmedia_buffer b = { .index = index,
				   .type = CAPTURE,
				   .memory = USERPTR,
				   .length = (uint32_t)length,
				   .m.userptr = (uintptr_t)ptr };

	((struct found *)d->test)->memory = ptr;
	return vmedia_ioctl(f, VIDIOC_QBUF, &b);
}

/* Scattered memory of which each page says something else, and so does that of another @salt. */
static uint8_t *pages(struct fake *d, uint64_t num, uint8_t salt)
{
	uint8_t *p;
	uint64_t i;

	assert_int_equal(vmedia_pages_alloc(d->drv, num * PAGE, VMEDIA_PAGES_SCATTERED,
					    (void **)&p), 0);
	for (i = 0; i < num * PAGE; i++)
		p[i] = (uint8_t)(i / PAGE * 7 + i / 64 + salt);
	return p;
}

/* The same memory again and again, on rings of all kinds: nothing is allocated after the first. */
static void same_memory(void **state)
{
	static const uint64_t features[] = { 0, 1ull << VMEDIA_VIRTIO_F_INDIRECT_DESC };
	static const uint32_t flags[] = { 0, VMEDIA_DRIVER_SPLIT };
	unsigned int i, round;

	for (i = 0; i < 4; i++) {
		struct found found;
		struct fake *d = start(features[i % 2], flags[i / 2], &found);
		struct vmedia_file *f = fake_session(d, 1, USERPTR);
		uint8_t *p = pages(d, LONG, 1);
		uint64_t hint, free_pages = d->drv->arena.free;

		assert_int_equal(qbuf(f, 0, p, LONG * PAGE), 0);
		assert_true(found.entries > 500);
		assert_int_equal(fake_stream(f, false), 0);
		assert_int_equal(d->drv->arena.free, free_pages - 3);
		/* Whatever is allocated moves the hint, also if it is freed again. */
		hint = d->drv->arena.hint;
		for (round = 0; round < 5; round++) {
			assert_int_equal(qbuf(f, 0, p, LONG * PAGE), 0);
			assert_int_equal(fake_stream(f, false), 0);
			assert_int_equal(d->drv->arena.free, free_pages - 3);
			assert_int_equal(d->drv->arena.hint, hint);
		}
		assert_int_equal(found.questions, 6);
		vmedia_close(f);
		assert_int_equal(d->drv->arena.free, free_pages);
		assert_int_equal(vmedia_pages_free(d->drv, p), 0);
		fake_destroy(d);
	}
}

/* Other memory, another beginning, another length: the device hears of each. */
static void other_memory(void **state)
{
	struct found found;
	struct fake *d = start(1ull << VMEDIA_VIRTIO_F_INDIRECT_DESC, 0, &found);
	struct vmedia_file *f = fake_session(d, 1, USERPTR);
	uint8_t *one = pages(d, LONG, 1), *two = pages(d, LONG, 100);
	struct {
		const uint8_t *ptr;
		uint64_t length;
	} turns[] = {
		{ one, 100 * PAGE },	  { two, 100 * PAGE },	      { one, 100 * PAGE },
		{ one + 64, 100 * PAGE }, { one + PAGE, 100 * PAGE }, { one + PAGE, 99 * PAGE },
	};
	uint64_t hint = 0, start = 0;
	unsigned int i;

	for (i = 0; i < VMEDIA_ARRAY_SIZE(turns); i++) {
		assert_int_equal(qbuf(f, 0, turns[i].ptr, turns[i].length), 0);
		assert_int_equal(found.questions, i + 1);
		if (i && turns[i].ptr != turns[i - 1].ptr)
			assert_int_not_equal(found.start, start);
		start = found.start;
		assert_int_equal(fake_stream(f, false), 0);
		/* A list that fits is written where the one before was. */
		if (i)
			assert_int_equal(d->drv->arena.hint, hint);
		hint = d->drv->arena.hint;
	}
	vmedia_close(f);
	fake_destroy(d);
}

/* What does not fit where the list was gets room, and what was too small goes back. */
static void longer_lists(void **state)
{
	struct found found;
	struct fake *d = start(1ull << VMEDIA_VIRTIO_F_INDIRECT_DESC, 0, &found);
	struct vmedia_file *f = fake_session(d, 1, USERPTR);
	uint64_t free_pages, n;
	uint8_t *p = pages(d, 700, 3);

	free_pages = d->drv->arena.free;
	for (n = 1; n <= 700; n *= 5) {
		assert_int_equal(qbuf(f, 0, p, n * PAGE), 0);
		assert_true(found.entries <= n && found.entries > n / 2);
		assert_int_equal(fake_stream(f, false), 0);
		assert_int_equal(d->drv->arena.free,
				 free_pages - (found.entries * 16ull + PAGE - 1) / PAGE);
	}
	vmedia_close(f);
	assert_int_equal(d->drv->arena.free, free_pages);
	fake_destroy(d);
}

/* Memory that was freed, and other memory at the same address: never the list of what was there. */
static void same_address(void **state)
{
	struct found found;
	struct fake *d = start(1ull << VMEDIA_VIRTIO_F_INDIRECT_DESC, 0, &found);
	struct vmedia_file *f = fake_session(d, 1, USERPTR);
	const uint8_t *last = NULL;
	unsigned int i, again = 0;
	uint64_t start = 0;
	uint8_t *p;

	for (i = 0; i < 20; i++) {
		d->drv->arena.hint = 2000 + i * 3;
		p = pages(d, 50, (uint8_t)(i * 11));
		assert_int_equal(qbuf(f, 0, p, 50 * PAGE), 0);
		assert_int_equal(found.questions, i + 1);
		if (p == last) {
			again++;
			assert_int_not_equal(found.start, start);
		}
		last = p;
		start = found.start;
		assert_int_equal(fake_stream(f, false), 0);
		assert_int_equal(vmedia_pages_free(d->drv, p), 0);
	}
	assert_true(again > 0);	/* the kernel gives the same hole again */
	vmedia_close(f);
	fake_destroy(d);
}

/* REQBUFS(0) takes the lists; buffers that come after have none of them. */
static void buffers_anew(void **state)
{
	struct found found;
	struct fake *d = start(1ull << VMEDIA_VIRTIO_F_INDIRECT_DESC, 0, &found);
	struct vmedia_file *f = fake_session(d, 2, USERPTR);
	struct vmedia_requestbuffers rb = { .type = CAPTURE, .memory = USERPTR };
	uint8_t *p = pages(d, LONG, 5);
	uint64_t free_pages = d->drv->arena.free;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		assert_int_equal(qbuf(f, 0, p, LONG * PAGE), 0);
		assert_int_equal(qbuf(f, 1, p + PAGE, PAGE), 0);
		assert_int_equal(d->drv->arena.free, free_pages - 4);
		rb.count = 0;
		assert_int_equal(vmedia_ioctl(f, VIDIOC_REQBUFS, &rb), 0);
		assert_int_equal(d->drv->arena.free, free_pages);
		rb.count = 2;
		assert_int_equal(vmedia_ioctl(f, VIDIOC_REQBUFS, &rb), 0);
	}
	assert_int_equal(found.questions, 6);
	vmedia_close(f);
	fake_destroy(d);
}

/* A QBUF without an answer: the device finds the list as it was sent, however late it looks. */
static void lost_question(void **state)
{
	struct found found;
	struct fake *d = start(1ull << VMEDIA_VIRTIO_F_INDIRECT_DESC, 0, &found);
	struct vmedia_file *f = fake_session(d, 1, USERPTR), *g;
	uint8_t *p = pages(d, LONG, 9), *other = pages(d, LONG, 77);
	uint64_t free_pages = d->drv->arena.free;

	d->hold = true;
	assert_int_equal(qbuf(f, 0, p, LONG * PAGE), -ETIMEDOUT);
	assert_int_equal(vmedia_close(f), -ETIMEDOUT);
	d->hold = false;
	g = fake_session(d, 1, USERPTR);
	assert_int_equal(qbuf(g, 0, other, LONG * PAGE), 0);
	assert_int_equal(d->drv->arena.free, free_pages - 6);
	found.memory = p;
	fake_release(d);
	assert_int_equal(found.questions, 2);
	fake_release(d);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(d->drv->arena.free, free_pages - 3);
	vmedia_close(g);
	assert_int_equal(d->drv->arena.free, free_pages);
	fake_destroy(d);
}

/* The device never gives the ring's memory back: all is freed with the driver (ASan looks). */
static void never_returned(void **state)
{
	struct found found;
	struct fake *d = start(1ull << VMEDIA_VIRTIO_F_INDIRECT_DESC, 0, &found);
	struct vmedia_file *f = fake_session(d, 1, USERPTR);

	d->deaf = true;
	assert_int_equal(qbuf(f, 0, pages(d, LONG, 9), LONG * PAGE), -ETIMEDOUT);
	vmedia_close(f);
	fake_destroy(d);
}

/* A list of each plane, one after the other. */
static void seen_planes(struct fake *d)
{
	const struct vmedia_ioctl *io = &d->cmd.io;
	uint32_t i;

	if (d->cmd.type != VMEDIA_CMD_IOCTL || io->info->nr != _IOC_NR(VIDIOC_QBUF))
		return;
	for (i = 0; i < io->num_planes; i++) {
		struct vmedia_sg_entry e = vmedia_sg_at(&io->plane_sg[i], 0);

		assert_int_equal(e.start, io->planes[i].m.userptr);
		assert_int_equal(*(uint8_t *)vmedia_mem_at(d->mem, e.start, 1), i + 1);
	}
	((struct found *)d->test)->questions += io->num_planes;
}

static void planes(void **state)
{
	struct found found;
	struct fake *d = start(1ull << VMEDIA_VIRTIO_F_INDIRECT_DESC, VMEDIA_DRIVER_SPLIT, &found);
	struct vmedia_requestbuffers rb = { .count = 1,
					    .type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE,
					    .memory = USERPTR };
	struct vmedia_file *f = fake_session(d, 0, 0);
	struct vmedia_plane p[VMEDIA_MAX_PLANES];
	struct vmedia_buffer b;
	uint32_t num, i;
	uint8_t *m;

	d->seen = seen_planes;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_REQBUFS, &rb), 0);
	m = pages(d, LONG, 0);
	for (num = 0; num <= VMEDIA_MAX_PLANES; num++) {
		memset(p, 0, sizeof(p));
		for (i = 0; i < num; i++) {
			m[i * 70 * PAGE] = (uint8_t)(i + 1);
			p[i].m.userptr = (uintptr_t)(m + i * 70 * PAGE);
			p[i].length = (uint32_t)(70 * PAGE);
		}
		b = (struct vmedia_buffer){ .type = rb.type,
					    .memory = USERPTR,
					    .length = num,
					    .m.planes = (uintptr_t)p };
		/* Without planes there is no list; the device should have refused it. */
		assert_int_equal(vmedia_ioctl(f, VIDIOC_QBUF, &b), num ? 0 : -EIO);
		assert_int_equal(vmedia_ioctl(f, VIDIOC_STREAMOFF, &rb.type), 0);
	}
	assert_int_equal(found.questions, 36);
	vmedia_close(f);
	fake_destroy(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_memory),	  cmocka_unit_test(other_memory),
		cmocka_unit_test(longer_lists),	  cmocka_unit_test(same_address),
		cmocka_unit_test(buffers_anew),	  cmocka_unit_test(lost_question),
		cmocka_unit_test(never_returned), cmocka_unit_test(planes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
