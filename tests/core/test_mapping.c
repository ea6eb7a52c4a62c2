/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CMD_MMAP and CMD_MUNMAP: addresses, counts, lifetimes, a peer that answers late or badly, limits.
 */
#include "test.h"

#include "base/fd.h"

static int map(struct world *w, uint32_t index, uint32_t flags, uint64_t *addr)
{
	uint64_t len = 0;
	int err = harness_mmap(&w->h, w->session, index * FAKE_STRIDE, flags, addr, &len);

	if (!err) {
		assert_int_equal(
			len, FAKE_LENGTH); /* "MUST always be equal to the length of the buffer" */
		assert_int_equal(*addr % vmedia_page_size(), 0);
	}
	return err;
}

static void test_map_and_look(void **state)
{
	struct world *w = world_open();
	struct harness_map *m;
	uint64_t a, b;

	assert_int_equal(map(w, 0, 0, &a), 0);
	assert_int_equal(map(w, 1, 1, &b), 0);
	assert_int_not_equal(a, b);
	m = harness_map_at(&w->h, a);
	assert_non_null(m);
	assert_int_equal(m->len, vmedia_align_up(FAKE_LENGTH, vmedia_page_size()));
	assert_false(m->writable);
	assert_int_equal(m->addr[FAKE_LENGTH - 1], 0x10);
	m = harness_map_at(&w->h, b);
	assert_true(m->writable);
	assert_int_equal(m->addr[0], 0x11);
	assert_int_equal(stats_of(w).mappings, 2);
	assert_int_equal(harness_munmap(&w->h, a), 0);
	assert_int_equal(harness_munmap(&w->h, a), -EINVAL);
	assert_int_equal(harness_munmap(&w->h, b + 4096), -EINVAL);
	assert_int_equal(harness_munmap(&w->h, UINT64_MAX), -EINVAL);
	assert_int_equal(harness_munmap(&w->h, b), 0);
	assert_int_equal(w->h.num_maps, 0);
	world_end(w);
}

static void test_refused(void **state)
{
	struct world *w = world_open();
	uint64_t addr;

	assert_int_equal(harness_mmap(&w->h, w->session, 1, 0, &addr, NULL), -EINVAL);
	assert_int_equal(harness_mmap(&w->h, w->session, 0xfff00000, 0, &addr, NULL), -EINVAL);
	assert_int_equal(harness_mmap(&w->h, w->session, 0, 2, &addr, NULL), -EINVAL);
	assert_int_equal(harness_mmap(&w->h, w->session + 1, 0, 0, &addr, NULL), -EINVAL);
	assert_int_equal(w->h.map_calls, 0);
	w->h.ops.shm_map = NULL;
	assert_int_equal(harness_mmap(&w->h, w->session, 0, 0, &addr, NULL), -ENODEV);
	world_end(w);
}

static void test_no_region(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	uint64_t addr;

	harness_init(&w->h, NULL);
	fake_create(&w->f, &w->h, NULL, UINT64_MAX);
	assert_int_equal(harness_open(&w->h, &w->session), 0);
	assert_int_equal(harness_mmap(&w->h, w->session, 0, 0, &addr, NULL), -ENODEV);
	assert_int_equal(harness_munmap(&w->h, 0), -EINVAL);
	world_end(w);
}

/* What V4L2_BUF_FLAG_MAPPED says. */
static void test_mapped_flag(void **state)
{
	struct world *w = world_open();
	struct vmedia_backing *b;
	uint64_t a, c;

	b = ((struct fake_session *)vmedia_session_priv(w->f.last))->buffer[0];
	assert_false(vmedia_backing_mapped(b));
	assert_int_equal(map(w, 0, 0, &a), 0);
	assert_int_equal(map(w, 0, 1, &c), 0);
	assert_true(vmedia_backing_mapped(b));
	assert_int_equal(harness_munmap(&w->h, a), 0);
	assert_true(vmedia_backing_mapped(b));
	assert_int_equal(harness_munmap(&w->h, c), 0);
	assert_false(vmedia_backing_mapped(b));
	assert_int_equal(vmedia_device_limits(w->f.dev)->max_mappings, 1024);
	world_end(w);
}

/* Twice the same: the same address, counted; read-only and read-write are two. */
static void test_counted(void **state)
{
	struct world *w = world_open();
	uint64_t a, b, c;

	assert_int_equal(map(w, 0, 0, &a), 0);
	assert_int_equal(map(w, 0, 0, &b), 0);
	assert_int_equal(a, b);
	assert_int_equal(w->h.map_calls, 1);
	assert_int_equal(map(w, 0, 1, &c), 0);
	assert_int_not_equal(a, c);
	assert_int_equal(harness_munmap(&w->h, a), 0);
	assert_int_equal(w->h.unmap_calls, 0);
	assert_int_equal(harness_munmap(&w->h, a), 0);
	assert_int_equal(w->h.unmap_calls, 1);
	assert_int_equal(harness_munmap(&w->h, a), -EINVAL);
	assert_int_equal(harness_munmap(&w->h, c), 0);
	world_end(w);
}

/* A mapping outlives its buffer and its session, and is charged until it goes. */
static void test_outlives(void **state)
{
	struct world *w = world_open();
	uint64_t bytes = vmedia_align_up(FAKE_LENGTH, vmedia_page_size()), a;
	uint32_t other;

	assert_int_equal(map(w, 2, 1, &a), 0);
	assert_int_equal(stats_of(w).bytes_held, FAKE_BUFFERS * bytes);
	assert_int_equal(harness_close(&w->h, w->session), 0);
	assert_int_equal(stats_of(w).bytes_held, bytes);
	assert_non_null(harness_map_at(&w->h, a));
	assert_int_equal(harness_map_at(&w->h, a)->addr[5], 0x12);
	/* Anybody may undo it: there is no session in MUNMAP. */
	assert_int_equal(harness_open(&w->h, &other), 0);
	harness_close(&w->h, other);
	assert_int_equal(harness_munmap(&w->h, a), 0);
	assert_int_equal(stats_of(w).bytes_held, 0);
	assert_int_equal(w->h.num_maps, 0);
	world_end(w);
}

/* Equal offsets in two sessions are two buffers. */
static void test_two_sessions(void **state)
{
	struct world *w = world_open();
	uint32_t first = w->session;
	uint64_t a, b;

	assert_int_equal(map(w, 0, 1, &a), 0);
	assert_int_equal(harness_open(&w->h, &w->session), 0);
	assert_int_equal(map(w, 0, 1, &b), 0);
	assert_int_not_equal(a, b);
	assert_int_equal(harness_close(&w->h, first), 0);
	assert_int_equal(harness_munmap(&w->h, a), 0);
	assert_int_equal(harness_munmap(&w->h, b), 0);
	world_end(w);
}

static struct harness_req *offer_mmap(struct world *w, uint32_t index)
{
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_MMAP,
				  .session_id = w->session,
				  .mmap_offset = index * FAKE_STRIDE,
				  .mmap_flags = 1 };

	return harness_offer_cmd(&w->h, &cmd);
}

static struct harness_req *offer_munmap(struct world *w, uint64_t addr)
{
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_MUNMAP, .driver_addr = addr };

	return harness_offer_cmd(&w->h, &cmd);
}

static int result(struct world *w, struct harness_req *req, uint64_t *addr)
{
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_MMAP };
	int err = harness_answered(&w->h, req, &cmd);

	if (addr)
		*addr = cmd.driver_addr;
	return err;
}

/*
 * The answer waits for the peer, the session with it, others do not; a range is not used again
 * before its end.
 */
static void test_late_answers(void **state)
{
	struct world *w = world_open();
	struct harness_req *m, *g, *u, *n;
	struct vmedia_cmd cmd;
	uint64_t a, b;

	w->h.shm_async = true;
	m = offer_mmap(w, 0);
	harness_cmd_ioctl(&cmd, w->session, VMEDIA_NR_G_INPUT);
	g = harness_offer_cmd(&w->h, &cmd);
	harness_kick(&w->h, 0);
	assert_false(m->used || g->used);
	/* Not mapped yet: nobody can unmap it. */
	assert_int_equal(harness_munmap(&w->h, 0), -EINVAL);
	harness_answer(&w->h, 1, 0);
	assert_true(m->used && g->used);
	assert_int_equal(result(w, m, &a), 0);
	harness_put(&w->h, g);

	u = offer_munmap(w, a);
	harness_kick(&w->h, 0);
	assert_false(u->used);
	assert_int_equal(harness_munmap(&w->h, a), -EINVAL); /* undone already */
	n = offer_mmap(w, 0);
	harness_kick(&w->h, 0);
	harness_answer(&w->h, -1, 0);
	assert_true(u->used && n->used);
	harness_put(&w->h, u);
	assert_int_equal(result(w, n, &b), 0);
	assert_int_not_equal(a, b);
	w->h.shm_async = false;
	assert_int_equal(harness_munmap(&w->h, b), 0);
	/* Now the first range is free again. */
	assert_int_equal(map(w, 0, 1, &b), 0);
	assert_int_equal(a, b);
	world_end(w);
}

/*
 * Two sessions' MMAPs of one exported thing meet in one mapping; here: the same session's, from two
 * commands.
 */
static void test_map_fails(void **state)
{
	struct world *w = world_open();
	uint64_t a;

	w->h.shm_map_err = -EIO;
	assert_int_equal(map(w, 0, 1, &a), -EIO);
	assert_int_equal(stats_of(w).mappings, 0);
	w->h.shm_map_err = -ENODEV;
	assert_int_equal(map(w, 0, 1, &a), -ENODEV);
	w->h.shm_map_err = 0;
	assert_int_equal(map(w, 0, 1, &a), 0);
	/* A range that the peer does not give back is lost, and no other is given out for it. */
	w->h.shm_unmap_err = -EIO;
	assert_int_equal(harness_munmap(&w->h, a), -EIO);
	w->h.shm_unmap_err = 0;
	for (int i = 0; i < 10; i++) {
		uint64_t b;

		assert_int_equal(map(w, 0, 1, &b), 0);
		assert_int_not_equal(a, b);
		assert_int_equal(harness_munmap(&w->h, b), 0);
	}
	assert_int_equal(stats_of(w).mappings, 1);
	world_end(w);
}

static void test_limits(void **state)
{
	struct vmedia_limits limits;
	struct world *w;
	uint64_t a, b, c;

	vmedia_limits_default(&limits);
	limits.max_mappings = 2;
	w = world_new(&limits);
	assert_int_equal(harness_open(&w->h, &w->session), 0);
	assert_int_equal(map(w, 0, 0, &a), 0);
	assert_int_equal(map(w, 1, 0, &b), 0);
	assert_int_equal(map(w, 2, 0, &c), -ENOMEM);
	assert_int_equal(map(w, 1, 0, &c), 0); /* no new one */
	assert_int_equal(harness_munmap(&w->h, a), 0);
	assert_int_equal(map(w, 2, 0, &c), 0);
	world_end(w);
}

static void test_region_full(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct vmedia_limits limits;
	uint64_t a, b, page = vmedia_page_size(), need = vmedia_align_up(FAKE_LENGTH, page);

	vmedia_limits_default(&limits);
	limits.session_bytes = limits.max_bytes;
	harness_init(&w->h, NULL);
	fake_create(&w->f, &w->h, &limits, need + page);
	assert_int_equal(harness_open(&w->h, &w->session), 0);
	assert_int_equal(map(w, 0, 0, &a), 0);
	assert_int_equal(map(w, 1, 0, &b), -ENOMEM);
	assert_int_equal(harness_munmap(&w->h, a), 0);
	assert_int_equal(map(w, 1, 0, &b), 0);
	world_end(w);
}

/* A peer that answers no more: so many requests wait, and further mappings are refused. */
static void test_peer_is_busy(void **state)
{
	struct world *w = world_open();
	struct harness_req *waits;
	uint8_t cmd[20] = { 4 };
	struct vmedia_cmd qbuf;
	uint32_t other;
	uint64_t a;

	assert_int_equal(harness_open(&w->h, &other), 0);
	w->h.shm_async = true;
	w->h.shm_room = 1;
	put32(cmd + 8, w->session);
	waits = harness_offer(&w->h, cmd, 20, 24, HARNESS_PART);
	harness_kick(&w->h, VMEDIA_QUEUE_COMMAND);
	assert_false(waits->used);
	w->session = other;
	assert_int_equal(map(w, 1, 0, &a), -EBUSY);
	harness_cmd_ioctl(&qbuf, other, VMEDIA_NR_QBUF);
	qbuf.io.arg.buffer.type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
	qbuf.io.arg.buffer.memory = VMEDIA_MEMORY_DMABUF;
	qbuf.io.arg.buffer.length = FAKE_LENGTH;
	assert_int_equal(harness_cmd(&w->h, &qbuf), -EBUSY);
	harness_answer(&w->h, -1, 0);
	harness_collect(&w->h);
	assert_true(waits->used);
	assert_int_equal(le32(waits->resp), 0);
	harness_put(&w->h, waits);
	w->h.shm_async = false;
	assert_int_equal(map(w, 1, 0, &a), 0);
	world_end(w);
}

/* CLOSE right behind MMAP: in order, so the mapping stays. */
static void test_close_behind_mmap(void **state)
{
	struct world *w = world_open();
	struct harness_req *m, *c;
	uint8_t close[16] = { 2 };
	uint64_t a;

	w->h.shm_async = true;
	put32(close + 8, w->session);
	m = offer_mmap(w, 3);
	c = harness_offer(&w->h, close, 16, 0, HARNESS_PART);
	harness_kick(&w->h, 0);
	assert_false(c->used);
	harness_answer(&w->h, -1, 0);
	assert_true(c->used);
	assert_int_equal(result(w, m, &a), 0);
	harness_put(&w->h, c);
	assert_int_equal(stats_of(w).mappings, 1);
	w->h.shm_async = false;
	assert_int_equal(harness_munmap(&w->h, a), 0);
	world_end(w);
}

/* A session in error is closed while its MMAP is with the peer: what comes is unmapped again. */
static void test_error_close_while_mapping(void **state)
{
	struct world *w = world_open();
	struct harness_req *m;

	assert_int_equal(harness_ioctl(&w->h, w->session, VMEDIA_NR_G_INPUT, NULL), 0);
	w->h.shm_async = true;
	m = offer_mmap(w, 3);
	harness_kick(&w->h, 0);
	vmedia_session_error(w->f.last, -EIO);
	harness_step(&w->h);
	assert_int_equal(harness_close(&w->h, w->session), 0);
	assert_true(m->used);
	assert_int_equal(le32(m->resp), EIO);
	harness_put(&w->h, m);
	assert_int_equal(stats_of(w).mappings, 1);
	harness_answer(&w->h, 1, 0);
	assert_int_equal(w->h.unmap_calls, 1);
	harness_answer(&w->h, 1, 0);
	assert_int_equal(stats_of(w).mappings, 0);
	assert_int_equal(stats_of(w).bytes_held, 0);
	world_end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map_and_look),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_region),
		cmocka_unit_test(test_mapped_flag),
		cmocka_unit_test(test_counted),
		cmocka_unit_test(test_outlives),
		cmocka_unit_test(test_two_sessions),
		cmocka_unit_test(test_late_answers),
		cmocka_unit_test(test_map_fails),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_region_full),
		cmocka_unit_test(test_peer_is_busy),
		cmocka_unit_test(test_close_behind_mmap),
		cmocka_unit_test(test_error_close_while_mapping),
	};

	return cmocka_run_group_tests_name("core mapping", tests, NULL, NULL);
}
