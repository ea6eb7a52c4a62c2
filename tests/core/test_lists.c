/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists of guest pages that come again and again: a backing is kept as long as it is what the list
 * says, in the memory map that is valid now.
 */
#include "test.h"

#include <unistd.h>

#include "base/fd.h"

#define PAGE 4096u

static uint8_t sg_raw[100 * VMEDIA_SG_ENTRY_SIZE];

/* QBUF with the first @n entries of sg_raw. */
static int qbuf_raw(struct world *w, uint32_t length, uint32_t n)
{
	struct vmedia_cmd cmd;

	harness_cmd_ioctl(&cmd, w->session, VMEDIA_NR_QBUF);
	cmd.io.arg.buffer.type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
	cmd.io.arg.buffer.memory = VMEDIA_MEMORY_USERPTR;
	cmd.io.arg.buffer.length = length;
	cmd.io.plane_sg[0] = (struct vmedia_sg){ sg_raw, n };
	return harness_cmd(&w->h, &cmd);
}

static int qbuf_pages(struct world *w, uint32_t length, const struct vmedia_sg_entry *e, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		vmedia_sg_put(sg_raw, i, &e[i]);
	return qbuf_raw(w, length, n);
}

static struct fake_session *last(struct world *w)
{
	return vmedia_session_priv(w->f.last);
}

/* Import @e, and say whether it is the backing that was there before. */
static bool kept(struct world *w, uint32_t length, const struct vmedia_sg_entry *e, uint32_t n)
{
	struct vmedia_backing *before = last(w)->imported;

	vmedia_backing_get(before);
	assert_int_equal(qbuf_pages(w, length, e, n), 0);
	vmedia_backing_put(before);
	return last(w)->imported == before;
}

/* A backing is kept as long as it is what the list says, and not a moment longer. */
static void test_other_lists(void **state)
{
	enum { N = 100 };
	struct world *w = world_open();
	uint8_t *m = harness_alloc(&w->h, 2 * N * PAGE, PAGE);
	struct vmedia_sg_entry e[N], list[N];
	uint32_t i, length = N * PAGE;

	w->f.no_events = true;
	for (i = 0; i < N; i++)
		e[i] = (struct vmedia_sg_entry){ harness_gpa(&w->h, m) + 2 * i * PAGE, PAGE };
	assert_int_equal(qbuf_pages(w, length, e, N), 0);
	for (i = 0; i < N; i++) {
		memcpy(list, e, sizeof(e));
		assert_true(kept(w, length, list, N));
		list[i].start += PAGE;
		assert_false(kept(w, length, list, N));
		memset(vmedia_backing_addr(last(w)->imported), 1 + (int)i, length);
		assert_int_equal(m[(2 * i + 1) * PAGE], 1 + i);
		assert_false(kept(w, length, e, N));
	}
	/* The same pages from another byte on; the same bytes, cut elsewhere; fewer of them. */
	memcpy(list, e, sizeof(e));
	list[0].start += 8;
	list[0].len -= 8;
	list[N - 1].len -= 8;
	assert_false(kept(w, length - 16, list, N));
	list[N - 1].len += 8;
	assert_false(kept(w, length - 8, list, N));
	list[0] = e[0];
	list[N - 1].len -= 8;
	assert_false(kept(w, length - 8, list, N));
	assert_false(kept(w, length - PAGE, e, N - 1));
	assert_false(kept(w, length, e, N));
	/* The same beginnings, other ends. */
	memcpy(list, e, sizeof(e));
	list[0].len -= 8;
	list[1].len += 8;
	assert_false(kept(w, length, list, N));
	assert_false(kept(w, length, e, N));
	/* To be read only. */
	w->f.import_read = true;
	assert_false(kept(w, length, e, N));
	assert_true(kept(w, length, e, N));
	w->f.import_read = false;
	assert_false(kept(w, length, e, N));
	/* Less than the list has: its first bytes. */
	w->f.import_length = length - PAGE - 1;
	assert_false(kept(w, length, e, N));
	assert_true(kept(w, length, e, N));
	e[N - 2].start += PAGE;
	assert_false(kept(w, length, e, N));
	world_end(w);
}

/* The bytes between the entries' fields mean nothing. */
static void test_reserved(void **state)
{
	struct world *w = world_open();
	uint8_t *m = harness_alloc(&w->h, 4 * PAGE, PAGE);
	uint64_t gpa = harness_gpa(&w->h, m);
	struct vmedia_sg_entry e[2] = { { gpa + 2 * PAGE, PAGE }, { gpa, PAGE } };
	struct vmedia_backing *first;

	assert_int_equal(qbuf_pages(w, 2 * PAGE, e, 2), 0);
	first = last(w)->imported;
	put32(sg_raw + 12, 0xeeeeeeee);
	put32(sg_raw + 28, 0xdddddddd);
	assert_int_equal(qbuf_raw(w, 2 * PAGE, 2), 0);
	assert_ptr_equal(last(w)->imported, first);
	world_end(w);
}

/* Another memory table, another file behind the same addresses: resolved anew. */
static void test_other_map(void **state)
{
	struct world *w = world_open();
	uint8_t *m = harness_alloc(&w->h, 4 * PAGE, PAGE), c;
	uint64_t gpa = harness_gpa(&w->h, m), end = HARNESS_GPA + HARNESS_RAM, at = gpa + 4 * PAGE;
	int fd = vmedia_memfd("other", 4 * PAGE);
	const struct vmedia_mem_desc table[] = {
		{ .gpa = HARNESS_GPA, .uva = HARNESS_GPA, .size = gpa - HARNESS_GPA,
		  .fd = w->h.ram_fd },
		{ .gpa = gpa, .uva = gpa, .size = 4 * PAGE, .fd = fd },
		{ .gpa = at, .uva = at, .size = end - at, .fd = w->h.ram_fd,
		  .fd_offset = at - HARNESS_GPA },
	};
	struct vmedia_sg_entry e[2] = { { gpa + 2 * PAGE, PAGE }, { gpa, PAGE } };
	struct vmedia_mem *mem;

	assert_int_equal(qbuf_pages(w, 2 * PAGE, e, 2), 0);
	memset(vmedia_backing_addr(last(w)->imported), 1, 2 * PAGE);
	assert_true(kept(w, 2 * PAGE, e, 2));
	assert_int_equal(vmedia_mem_create(table, 3, &mem), 0);
	assert_int_equal(vmedia_vqd_set_mem(w->h.vqd[VMEDIA_QUEUE_COMMAND], mem), 0);
	vmedia_mem_put(mem);
	assert_false(kept(w, 2 * PAGE, e, 2));
	assert_true(kept(w, 2 * PAGE, e, 2));
	memset(vmedia_backing_addr(last(w)->imported), 2, 2 * PAGE);
	assert_int_equal(pread(fd, &c, 1, 2 * PAGE), 1);
	assert_int_equal(c, 2);
	assert_int_equal(m[2 * PAGE], 1);
	assert_int_equal(vmedia_vqd_set_mem(w->h.vqd[VMEDIA_QUEUE_COMMAND], w->h.mem), 0);
	assert_false(kept(w, 2 * PAGE, e, 2));
	close(fd);
	world_end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_other_lists),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_other_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
