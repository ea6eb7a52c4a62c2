/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that the guest brings (SHARED_PAGES, payloads of controls) and memory of ours: bounds,
 * copies, accounting.
 */
#include "test.h"

#include <fcntl.h>
#include <linux/videodev2.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/core.h"

#define PAGE 4096u

static uint8_t sg_raw[70000 * VMEDIA_SG_ENTRY_SIZE];

static struct vmedia_sg sg_of(const struct vmedia_sg_entry *e, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		vmedia_sg_put(sg_raw, i, &e[i]);
	return (struct vmedia_sg){ sg_raw, n };
}

static int qbuf_pages(struct world *w, uint32_t nr, uint32_t length,
		      const struct vmedia_sg_entry *e, uint32_t n)
{
	struct vmedia_cmd cmd;

	harness_cmd_ioctl(&cmd, w->session, nr);
	cmd.io.arg.buffer.type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
	cmd.io.arg.buffer.memory = VMEDIA_MEMORY_USERPTR;
	cmd.io.arg.buffer.length = length;
	cmd.io.arg.buffer.m.userptr = 0x7f0000000000;
	cmd.io.plane_sg[0] = sg_of(e, n);
	return harness_cmd(&w->h, &cmd);
}

static struct fake_session *last(struct world *w)
{
	return vmedia_session_priv(w->f.last);
}

/* Pages in any order are seen as one piece, written in place. */
static void test_scattered_pages(void **state)
{
	struct world *w = world_open();
	uint8_t *m = harness_alloc(&w->h, 8 * PAGE, PAGE), *p;
	uint64_t gpa = harness_gpa(&w->h, m);
	struct vmedia_sg_entry e[3] = { { gpa + 5 * PAGE + 100, PAGE - 100 },
					{ gpa + 2 * PAGE, 2 * PAGE },
					{ gpa, 50 } };
	uint32_t length = PAGE - 100 + 2 * PAGE + 50;
	struct vmedia_backing *first;

	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, length, e, 3), 0);
	first = last(w)->imported;
	assert_int_equal(vmedia_backing_length(first), length);
	assert_int_equal(vmedia_backing_fd(first, NULL), -1);
	assert_false(vmedia_backing_is_copy(first));
	p = vmedia_backing_addr(first);
	memset(p, 0xab, length);
	vmedia_backing_flush(first, length);
	assert_int_equal(m[5 * PAGE + 99], 0);
	assert_int_equal(m[5 * PAGE + 100], 0xab);
	assert_int_equal(m[2 * PAGE], 0xab);
	assert_int_equal(m[49], 0xab);
	assert_int_equal(m[50], 0);
	assert_int_equal(stats_of(w).bytes_copied, 0);
	/* The same again is the same backing: nothing is mapped anew. */
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_PREPARE_BUF, length, e, 3), 0);
	assert_ptr_equal(last(w)->imported, first);
	e[2].start += PAGE;
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, length, e, 3), 0);
	assert_ptr_not_equal(last(w)->imported, first);
	world_end(w);
}

/* Pieces that are no pages are copied: both ways, counted, and charged to the guest. */
static void test_bounced(void **state)
{
	struct world *w = world_open();
	uint8_t *m = harness_alloc(&w->h, 4 * PAGE, PAGE);
	uint64_t gpa = harness_gpa(&w->h, m), before = stats_of(w).bytes_held;
	struct vmedia_sg_entry e[2] = { { gpa + 10, 100 }, { gpa + 1000, 200 } };
	uint8_t *p;

	memset(m, 0x31, 4 * PAGE);
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, 300, e, 2), 0);
	p = vmedia_backing_addr(last(w)->imported);
	assert_true(vmedia_backing_is_copy(last(w)->imported));
	memset(p, 0xcd, 300);
	assert_int_equal(m[10], 0x31);
	vmedia_backing_flush(last(w)->imported, 300);
	assert_int_equal(m[10], 0xcd);
	assert_int_equal(m[109], 0xcd);
	assert_int_equal(m[110], 0x31);
	assert_int_equal(m[1199], 0xcd);
	assert_int_equal(stats_of(w).bytes_copied, 300);
	/* a page for the copy, and the list */
	assert_int_equal(stats_of(w).bytes_held, before + PAGE + 2 * 16);
	/* To be read: what the guest wrote until now. */
	w->f.import_read = true;
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, 300, e, 2), 0);
	p = vmedia_backing_addr(last(w)->imported);
	m[10] = 0x77;
	vmedia_backing_fetch(last(w)->imported, 300);
	assert_int_equal(p[0], 0x77);
	assert_int_equal(p[299], 0xcd);
	assert_int_equal(stats_of(w).bytes_copied, 600);
	/* What is used, and no more. */
	m[10] = 0x78;
	m[1000] = 0x79;
	vmedia_backing_fetch(last(w)->imported, 100);
	assert_int_equal(p[0], 0x78);
	assert_int_equal(p[100], 0xcd);
	vmedia_backing_fetch(last(w)->imported, 0);
	vmedia_backing_fetch(last(w)->imported, 1ull << 40);
	assert_int_equal(p[100], 0x79);
	assert_int_equal(stats_of(w).bytes_copied, 1000);
	harness_close(&w->h, w->session);
	assert_int_equal(stats_of(w).bytes_held, 0);
	world_end(w);
}

/* A long copy goes in steps, over any number of pieces, and ends where it is told. */
static void test_steps(void **state)
{
	enum { PAGES = 15, PIECE = PAGES * PAGE - 1, PIECES = 20 };
	enum { USED = PIECE * (PIECES - 1) + 7 };
	struct world *w = world_open();
	uint8_t *m = harness_alloc(&w->h, (PIECES * PAGES + 1) * PAGE, PAGE), *p;
	struct vmedia_sg_entry e[PIECES];
	struct vmedia_copy pos = { 0 };
	struct vmedia_backing *b;
	unsigned int i, steps = 1;

	for (i = 0; i < PIECES; i++)
		e[PIECES - 1 - i] = (struct vmedia_sg_entry){
			.start = harness_gpa(&w->h, m + i * PAGES * PAGE), .len = PIECE
		};
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, PIECE * PIECES, e, PIECES), 0);
	b = last(w)->imported;
	p = vmedia_backing_addr(b);
	for (i = 0; i < PIECE * PIECES; i++)
		p[i] = (uint8_t)(i % 251);
	while (vmedia_backing_flush_step(b, USED, &pos)) {
		assert_int_equal(pos.done, steps * VMEDIA_COPY_STEP);
		assert_int_equal(stats_of(w).bytes_copied, pos.done);
		steps++;
	}
	assert_int_equal(steps, (USED + VMEDIA_COPY_STEP - 1) / VMEDIA_COPY_STEP);
	assert_int_equal(stats_of(w).bytes_copied, USED);
	for (i = 0; i < USED; i++) {
		const uint8_t *at = m + (PIECES - 1 - i / PIECE) * PAGES * PAGE + i % PIECE;

		if (*at != (uint8_t)(i % 251))
			assert_int_equal(*at, (uint8_t)(i % 251));
	}
	assert_int_equal(m[7], 0);
	/* in place there is nothing to do */
	e[0].len = PAGE;
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, PAGE, e, 1), 0);
	pos = (struct vmedia_copy){ 0 };
	assert_false(vmedia_backing_flush_step(last(w)->imported, PAGE, &pos));
	assert_int_equal(stats_of(w).bytes_copied, USED);
	world_end(w);
}

static void test_bad_lists(void **state)
{
	struct world *w = world_open();
	struct vmedia_sg_entry e[2] = { { HARNESS_GPA, PAGE }, { HARNESS_GPA + 2 * PAGE, PAGE } };

	/* The list must cover the plane; the plane must be as long as the device needs. */
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, 2 * PAGE, e, 2), 0);
	w->f.import_length = 2 * PAGE + 1;
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, 2 * PAGE, e, 2), -EINVAL);
	w->f.import_length = 0;
	e[1].start = HARNESS_GPA + HARNESS_RAM - 1;
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, 2 * PAGE, e, 2), -EFAULT);
	e[1].start = UINT64_MAX - PAGE;
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, 2 * PAGE, e, 2), -EFAULT);
	e[1].start = 0;
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, 2 * PAGE, e, 2), -EFAULT);
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, 0, e, 0), -EINVAL);
	/* One page a thousand times is allowed; it is the guest's. */
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, PAGE, e, 1), 0);
	world_end(w);
}

/* A guest cannot make the device allocate what it likes: neither by one large frame nor by many. */
static void test_bounce_limit(void **state)
{
	struct vmedia_limits limits;
	struct vmedia_sg_entry e[64];
	struct world *w;
	uint32_t other, i;

	vmedia_limits_default(&limits);
	limits.max_bytes = limits.session_bytes = 256 << 10;
	w = world_new(&limits);
	for (i = 0; i < 64; i++)
		e[i] = (struct vmedia_sg_entry){ HARNESS_GPA + (1 << 20) + i * 8192 + 1, 4097 };
	assert_int_equal(harness_open(&w->h, &w->session), 0);
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, 20 * 4097, e, 20), 0);
	other = w->session;
	assert_int_equal(harness_open(&w->h, &w->session), 0);
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, 40 * 4097, e, 40), -ENOMEM);
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, 64 * 4097, e, 64), -ENOMEM);
	harness_close(&w->h, other);
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, 40 * 4097, e, 40), 0);
	world_end(w);
}

/* Lists are kept with their buffers, so long lists of small pieces count as memory. */
static void test_list_limit(void **state)
{
	enum { PIECES = 4096, LIST = PIECES * 16 };
	const uint64_t opened = FAKE_BUFFERS * vmedia_align_up(FAKE_LENGTH, PAGE);
	static struct vmedia_sg_entry e[PIECES];
	struct vmedia_limits limits;
	struct world *w;
	uint32_t i, other;

	vmedia_limits_default(&limits);
	limits.max_bytes = limits.session_bytes = 2 * opened + LIST - 1;
	w = world_new(&limits);
	/* One byte each, all of them in a row: seen where they are, without a copy. */
	for (i = 0; i < PIECES; i++)
		e[i] = (struct vmedia_sg_entry){ HARNESS_GPA + (1 << 20) + i, 1 };
	assert_int_equal(harness_open(&w->h, &w->session), 0);
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, PIECES, e, PIECES), 0);
	assert_int_equal(stats_of(w).bytes_copied, 0);
	assert_int_equal(stats_of(w).bytes_held, opened + LIST);
	assert_int_equal(harness_open(&w->h, &other), -ENOMEM);
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, 1, e, 1), 0);
	assert_int_equal(stats_of(w).bytes_held, opened + 16);
	assert_int_equal(harness_open(&w->h, &other), 0);
	/* The same for the command that brings the list. */
	assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, PIECES, e, PIECES), -ENOMEM);
	harness_close(&w->h, other);
	harness_close(&w->h, w->session);
	assert_int_equal(stats_of(w).bytes_held, 0);
	world_end(w);
}

/* ---- Controls with payloads ---- */

static uint8_t seen[64];
static uint32_t answer_size;
static int answer_err;

static int ctrl_device(struct fake *f, struct vmedia_session *s, struct vmedia_request *req)
{
	struct vmedia_ioctl *io = vmedia_request_ioctl(req);
	uint8_t *p = vmedia_request_ctrl_data(req, 1);

	assert_null(vmedia_request_ctrl_data(req, 0));
	assert_null(vmedia_request_ctrl_data(req, 2));
	assert_null(vmedia_request_ctrl_data(req, UINT32_MAX));
	if (!p)
		return -ENXIO;
	memcpy(seen, p, 48);
	memset(p, 0xd1, 48);
	io->ctrls[0].value = 42;
	io->ctrls[1].size = answer_size;
	return answer_err;
}

static int ctrls(struct world *w, uint32_t nr, uint32_t size, const struct vmedia_sg_entry *e,
		 uint32_t n)
{
	struct vmedia_ext_control c[2] = { { .id = 1 }, { .id = 2, .size = size, .ptr = 0x1000 } };
	struct vmedia_sg sg[2] = { { NULL, 0 }, sg_of(e, n) };
	struct vmedia_cmd cmd;
	int err;

	harness_cmd_ioctl(&cmd, w->session, nr);
	cmd.io.arg.ext_controls.count = cmd.io.max_ctrls = 2;
	cmd.io.ctrls = c;
	cmd.io.ctrl_sg = sg;
	err = harness_cmd(&w->h, &cmd);
	if (!err)
		assert_int_equal(c[0].value, 42);
	return err;
}

static void test_ctrl_payload(void **state)
{
	struct world *w = world_open();
	uint8_t *m = harness_alloc(&w->h, 2 * PAGE, PAGE);
	uint64_t gpa = harness_gpa(&w->h, m);
	struct vmedia_sg_entry e[2] = { { gpa + 4080, 16 }, { gpa + 100, 32 } };
	uint32_t nr;

	w->f.ioctl = ctrl_device;
	for (nr = VMEDIA_NR_G_EXT_CTRLS; nr <= VMEDIA_NR_TRY_EXT_CTRLS; nr++) {
		memset(m, 0x61, 2 * PAGE);
		answer_size = 48;
		answer_err = 0;
		assert_int_equal(ctrls(w, nr, 48, e, 2), 0);
		/* A getter sees zeros, a setter what the guest has. */
		assert_int_equal(seen[0], nr == VMEDIA_NR_G_EXT_CTRLS ? 0 : 0x61);
		assert_int_equal(seen[47], nr == VMEDIA_NR_G_EXT_CTRLS ? 0 : 0x61);
		assert_int_equal(m[4079], 0x61);
		assert_int_equal(m[4080], 0xd1);
		assert_int_equal(m[4096], 0x61);
		assert_int_equal(m[131], 0xd1);
		assert_int_equal(m[132], 0x61);
		/* The device has less to give: no more is written. */
		memset(m, 0x61, 2 * PAGE);
		answer_size = 20;
		assert_int_equal(ctrls(w, nr, 48, e, 2), 0);
		assert_int_equal(m[103], 0xd1);
		assert_int_equal(m[104], 0x61);
		/* A failure writes nothing; a larger size is not believed. */
		memset(m, 0x61, 2 * PAGE);
		answer_size = 1000;
		answer_err = -ENOSPC;
		assert_int_equal(ctrls(w, nr, 48, e, 2), -ENOSPC);
		assert_int_equal(m[4080], 0x61);
	}
	world_end(w);
}

static void test_ctrl_refused(void **state)
{
	struct vmedia_limits limits;
	struct world *w;
	struct vmedia_sg_entry e = { 0x1000, 48 };
	unsigned int before;

	vmedia_limits_default(&limits);
	limits.max_ctrl_bytes = 4096;
	w = world_new(&limits);
	assert_int_equal(harness_open(&w->h, &w->session), 0);
	w->f.ioctl = ctrl_device;
	before = w->f.ioctls;
	assert_int_equal(ctrls(w, VMEDIA_NR_G_EXT_CTRLS, 48, &e, 1), -EFAULT);
	assert_int_equal(ctrls(w, VMEDIA_NR_S_EXT_CTRLS, 48, &e, 1), -EFAULT);
	e = (struct vmedia_sg_entry){ HARNESS_GPA, 4097 };
	assert_int_equal(ctrls(w, VMEDIA_NR_S_EXT_CTRLS, 4097, &e, 1), -E2BIG);
	e.len = 0xffffffff;
	assert_int_equal(ctrls(w, VMEDIA_NR_S_EXT_CTRLS, 0xffffffff, &e, 1), -E2BIG);
	assert_int_equal(w->f.ioctls, before);
	e.len = 4096;
	answer_size = 48;
	answer_err = 0;
	assert_int_equal(ctrls(w, VMEDIA_NR_S_EXT_CTRLS, 4096, &e, 1), 0);
	world_end(w);
}

static int two_ctrls(struct fake *f, struct vmedia_session *s, struct vmedia_request *req)
{
	(void)f;
	(void)s;
	assert_int_equal(vmedia_request_ioctl(req)->arg.ext_controls.count, 2);
	assert_non_null(vmedia_request_ctrl_data(req, 1));
	return 0;
}

/* Lists of tiny entries are bounded over all controls of a command. */
static void test_ctrl_entries(void **state)
{
	enum { LIMIT = 4096, CTRLS = 16 + 32, LISTS = CTRLS + 2 * 20 };
	static uint8_t req[LISTS + (LIMIT + 1) * VMEDIA_SG_ENTRY_SIZE];
	struct vmedia_sg_entry e = { HARNESS_GPA + 8192, 1 };
	struct world *w = world_open();
	uint32_t i, n, size[2];
	uint8_t resp[80];

	w->f.ioctl = two_ctrls;
	for (n = LIMIT; n <= LIMIT + 1; n++) {
		memset(req, 0, sizeof(req));
		req[0] = VMEDIA_CMD_IOCTL;
		put32(req + 8, w->session);
		put32(req + 12, VMEDIA_NR_G_EXT_CTRLS);
		put32(req + 20, 2);
		size[0] = 1000;
		size[1] = n - size[0];
		for (i = 0; i < 2; i++) {
			put32(req + CTRLS + i * 20, i + 1);
			put32(req + CTRLS + i * 20 + 4, size[i]);
		}
		for (i = 0; i < n; i++)
			vmedia_sg_put(req + LISTS, i, &e);
		assert_true(harness_raw(&w->h, req, LISTS + n * VMEDIA_SG_ENTRY_SIZE, resp,
					sizeof(resp)) >= 8);
		assert_int_equal(le32(resp), n > LIMIT ? E2BIG : 0);
	}
	assert_int_equal(w->f.ioctls, 1);
	world_end(w);
}

static void test_ctrl_count(void **state)
{
	struct world *w = world_open();
	static uint8_t req[16 + 32 + 1025 * 20] = { 3 };
	uint8_t resp[64];

	put32(req + 8, w->session);
	put32(req + 12, VMEDIA_NR_S_EXT_CTRLS);
	put32(req + 20, 1025);
	assert_int_equal(harness_raw(&w->h, req, sizeof(req), resp, 64), 8);
	assert_int_equal(le32(resp), E2BIG);
	put32(req + 20, 0xffffffff);
	assert_int_equal(harness_raw(&w->h, req, sizeof(req), resp, 64), 8);
	assert_int_equal(le32(resp), E2BIG);
	/* Claims more than it brings. */
	put32(req + 20, 1000);
	assert_int_equal(harness_raw(&w->h, req, 16 + 32 + 20, resp, 64), 8);
	assert_int_equal(le32(resp), EINVAL);
	assert_int_equal(w->f.ioctls, 0);
	world_end(w);
}

/* ---- Memory of ours ---- */

static void test_backing_create(void **state)
{
	const uint64_t opened = FAKE_BUFFERS * vmedia_align_up(FAKE_LENGTH, PAGE);
	struct vmedia_limits limits;
	struct vmedia_session *s;
	struct vmedia_backing *a, *b;
	struct world *w;
	uint64_t offset = 1;
	int fd;

	vmedia_limits_default(&limits);
	limits.max_bytes = limits.session_bytes = opened + 16 * PAGE;
	w = world_new(&limits);
	assert_int_equal(harness_open(&w->h, &w->session), 0);
	s = w->f.last;
	assert_int_equal(stats_of(w).bytes_held, opened);
	assert_int_equal(vmedia_backing_create(s, 0, &a), -EINVAL);
	assert_int_equal(vmedia_backing_create(s, UINT64_MAX, &a), -ENOMEM);
	assert_int_equal(vmedia_backing_create(s, 16 * PAGE + 1, &a), -ENOMEM);
	assert_int_equal(vmedia_backing_create(s, 15 * PAGE + 1, &a), 0);
	assert_int_equal(stats_of(w).bytes_held, opened + 16 * PAGE);
	assert_int_equal(vmedia_backing_length(a), 15 * PAGE + 1);
	assert_int_equal(((uint8_t *)vmedia_backing_addr(a))[15 * PAGE], 0);
	assert_int_equal(vmedia_backing_create(s, 1, &b), -ENOMEM);
	fd = vmedia_backing_fd(a, &offset);
	assert_true(fd >= 0);
	assert_int_equal(offset, 0);
	/* Who gets the file cannot make our mapping fault. */
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK, F_SEAL_SHRINK);
	vmedia_backing_put(vmedia_backing_get(a));
	vmedia_backing_put(a);
	vmedia_backing_put(NULL);
	assert_int_equal(stats_of(w).bytes_held, opened);
	world_end(w);
}

struct gated {
	struct vmedia_pages_job job;
	sem_t gate;
};

/* Not the test's own thread: the test then fails, and does not hang. */
static void wait_for_gate(struct vmedia_pages_job *job)
{
	while (gettid() != getpid() &&
	       sem_wait(&vmedia_container_of(job, struct gated, job)->gate))
		;
}

static bool is_mapped(const void *addr, size_t len)
{
	return !msync((void *)((uintptr_t)addr & ~(uintptr_t)(PAGE - 1)), len, MS_ASYNC);
}

/*
 * Large memory of a session that ends is unmapped by the thread of its account, which here waits
 * for the test. What was freed can be had again at once.
 */
static void test_freed_elsewhere(void **state)
{
	enum { LARGE = 64 * PAGE };
	struct gated first = { 0 };
	struct vmedia_limits limits;
	struct vmedia_account *account;
	struct vmedia_sg_entry e[2];
	struct vmedia_backing *a;
	struct world *w;
	void *addr[3];
	int i;

	vmedia_limits_default(&limits);
	limits.max_bytes = limits.session_bytes = 3 * LARGE;
	w = world_new(&limits);
	sem_init(&first.gate, 0, 0);
	account = vmedia_account_get(w->h.dev->account);
	vmedia_pages_release(&account->pages, &first.job, LARGE, 0, wait_for_gate);
	for (i = 0; i < 3; i++) {
		assert_int_equal(harness_open(&w->h, &w->session), 0);
		/* a file of ours; pages side by side; a copy of bytes that are no pages */
		e[0] = (struct vmedia_sg_entry){ HARNESS_GPA + (1 << 20), LARGE / 2 };
		e[1] = (struct vmedia_sg_entry){ HARNESS_GPA + (2 << 20) + (i == 2), LARGE / 2 };
		if (i) {
			assert_int_equal(qbuf_pages(w, VMEDIA_NR_QBUF, LARGE, e, 2), 0);
			addr[i] = vmedia_backing_addr(last(w)->imported);
		} else {
			assert_int_equal(vmedia_backing_create(w->f.last, LARGE, &a), 0);
			addr[i] = vmedia_backing_addr(a);
			vmedia_backing_put(a);
		}
		harness_close(&w->h, w->session);
		assert_int_equal(stats_of(w).bytes_held, 0);
		assert_true(is_mapped(addr[i], LARGE));
	}
	sem_post(&first.gate);
	vmedia_pages_wait(&account->pages);
	for (i = 0; i < 3; i++)
		assert_false(is_mapped(addr[i], LARGE));
	world_end(w);
	vmedia_account_put(account);
	sem_destroy(&first.gate);
}

/* A backing may outlive its device, for a worker that is slow. */
static void test_backing_outlives_device(void **state)
{
	struct world *w = world_open();
	struct vmedia_backing *a;

	assert_int_equal(vmedia_backing_create(w->f.last, PAGE, &a), 0);
	world_end(w);
	memset(vmedia_backing_addr(a), 1, PAGE);
	vmedia_backing_put(a);
}

static void test_backing_from_fd(void **state)
{
	struct world *w = world_new(NULL);
	struct vmedia_backing *a;
	uint64_t offset;
	int fd = memfd_create("other", MFD_CLOEXEC), ro;
	char path[64];

	assert_int_equal(ftruncate(fd, 3 * PAGE), 0);
	assert_int_equal(pwrite(fd, "xyz", 3, PAGE + 10), 3);
	assert_int_equal(vmedia_backing_from_fd(w->f.dev, -1, 0, 1, &a), -EBADF);
	assert_int_equal(vmedia_backing_from_fd(w->f.dev, fd, 0, 0, &a), -EINVAL);
	assert_int_equal(vmedia_backing_from_fd(w->f.dev, fd, 0, 3 * PAGE + 1, &a), -EINVAL);
	assert_int_equal(vmedia_backing_from_fd(w->f.dev, fd, UINT64_MAX, 2, &a), -EINVAL);
	assert_int_equal(vmedia_backing_from_fd(w->f.dev, fd, PAGE, 2 * PAGE, &a), 0);
	assert_memory_equal((uint8_t *)vmedia_backing_addr(a) + 10, "xyz", 3);
	assert_int_not_equal(vmedia_backing_fd(a, &offset), fd);
	assert_int_equal(offset, PAGE);
	assert_int_equal(stats_of(w).bytes_held, 0);
	/* It is not sealed: whoever has it can take the memory away, and we live. */
	assert_int_equal(vmedia_mem_guard_install(), 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	vmedia_log_set_level(-1);
	assert_int_equal(*((volatile uint8_t *)vmedia_backing_addr(a) + 10), 0);
	vmedia_backing_put(a);
	/* Sealed and read-only: readable. */
	close(fd);
	fd = vmedia_memfd("sealed", PAGE);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(vmedia_backing_from_fd(w->f.dev, ro, 0, PAGE, &a), 0);
	assert_int_equal(*(uint8_t *)vmedia_backing_addr(a), 0);
	vmedia_backing_put(a);
	close(ro);
	close(fd);
	world_end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scattered_pages),
		cmocka_unit_test(test_bounced),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_bad_lists),
		cmocka_unit_test(test_bounce_limit),
		cmocka_unit_test(test_list_limit),
		cmocka_unit_test(test_ctrl_payload),
		cmocka_unit_test(test_ctrl_refused),
		cmocka_unit_test(test_ctrl_entries),
		cmocka_unit_test(test_ctrl_count),
		cmocka_unit_test(test_backing_create),
		cmocka_unit_test(test_freed_elsewhere),
		cmocka_unit_test(test_backing_outlives_device),
		cmocka_unit_test(test_backing_from_fd),
	};

	return cmocka_run_group_tests_name("core memory", tests, NULL, NULL);
}
