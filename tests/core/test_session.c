/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions: ids, order of commands, error state, limits, and ten thousand of them. */
#include "test.h"

#include <linux/videodev2.h>

static void test_ids_unique(void **state)
{
	struct world *w = world_new(NULL);
	uint32_t id[128];
	unsigned int i, j;

	for (i = 0; i < 128; i++) {
		assert_int_equal(harness_open(&w->h, &id[i]), 0);
		assert_int_not_equal(id[i], 0);
		for (j = 0; j < i; j++)
			assert_int_not_equal(id[i], id[j]);
	}
	world_end(w);
}

static void test_id_not_reused_soon(void **state)
{
	struct world *w = world_new(NULL);
	uint32_t id, seen[64];
	unsigned int i, j;

	for (i = 0; i < 64; i++) {
		assert_int_equal(harness_open(&w->h, &id), 0);
		for (j = 0; j < i; j++)
			assert_int_not_equal(id, seen[j]);
		seen[i] = id;
		assert_int_equal(harness_close(&w->h, id), 0);
		assert_int_equal(harness_ioctl(&w->h, id, VMEDIA_NR_G_INPUT, NULL), -EINVAL);
	}
	world_end(w);
}

static void test_limit(void **state)
{
	struct vmedia_limits limits;
	struct world *w;
	uint32_t id[3];

	vmedia_limits_default(&limits);
	limits.max_sessions = 2;
	w = world_new(&limits);
	assert_int_equal(harness_open(&w->h, &id[0]), 0);
	assert_int_equal(harness_open(&w->h, &id[1]), 0);
	assert_int_equal(harness_open(&w->h, &id[2]), -EMFILE);
	harness_close(&w->h, id[0]);
	assert_int_equal(harness_open(&w->h, &id[2]), 0);
	world_end(w);
}

static void test_open_fails(void **state)
{
	struct world *w = world_new(NULL);
	uint32_t id;

	w->f.open_err = -EBUSY;
	assert_int_equal(harness_open(&w->h, &id), -EBUSY);
	assert_int_equal(stats_of(w).sessions_open, 0);
	w->f.open_err = 0;
	assert_int_equal(harness_open(&w->h, &id), 0);
	world_end(w);
}

/* Offer an OPEN that the device answers later. */
static struct harness_req *offer_open(struct world *w)
{
	uint8_t open[8] = { VMEDIA_CMD_OPEN };
	struct harness_req *r;

	w->f.open_err = -EINPROGRESS;
	r = harness_offer(&w->h, open, sizeof(open), VMEDIA_RESP_OPEN_SIZE, HARNESS_PART);
	harness_kick(&w->h, VMEDIA_QUEUE_COMMAND);
	assert_non_null(w->f.opening);
	assert_false(r->used);
	w->f.open_err = 0;
	return r;
}

static void test_open_later(void **state)
{
	struct world *w = world_open();
	struct harness_req *r = offer_open(w), *early;
	uint32_t id = vmedia_session_id(w->f.opening);
	struct vmedia_cmd cmd;

	/* Other sessions go on; a command that guesses the id waits. */
	assert_int_equal(harness_ioctl(&w->h, w->session, VMEDIA_NR_G_INPUT, NULL), 0);
	harness_cmd_ioctl(&cmd, id, VMEDIA_NR_G_INPUT);
	early = harness_offer_cmd(&w->h, &cmd);
	harness_kick(&w->h, VMEDIA_QUEUE_COMMAND);
	assert_false(early->used);
	assert_int_equal(stats_of(w).sessions_opened, 1);
	fake_opened(&w->f, 0);
	harness_step(&w->h);
	harness_collect(&w->h);
	assert_true(r->used && early->used);
	assert_int_equal(le32(r->resp), 0);
	assert_int_equal(le32(r->resp + 8), id);
	assert_int_equal(le32(early->resp), 0);
	assert_int_equal(stats_of(w).sessions_opened, 2);
	harness_put(&w->h, r);
	harness_put(&w->h, early);
	assert_int_equal(harness_close(&w->h, id), 0);
	world_end(w);
}

static void test_open_fails_later(void **state)
{
	struct world *w = world_open();
	struct harness_req *r = offer_open(w), *early;
	uint32_t id = vmedia_session_id(w->f.opening);
	struct vmedia_cmd cmd;

	harness_cmd_ioctl(&cmd, id, VMEDIA_NR_G_INPUT);
	early = harness_offer_cmd(&w->h, &cmd);
	harness_kick(&w->h, VMEDIA_QUEUE_COMMAND);
	fake_opened(&w->f, -EBUSY);
	harness_step(&w->h);
	harness_collect(&w->h);
	assert_true(r->used && early->used);
	assert_int_equal(le32(r->resp), EBUSY);
	assert_int_equal(le32(early->resp), EINVAL);
	assert_int_equal(stats_of(w).sessions_open, 1);
	harness_put(&w->h, r);
	harness_put(&w->h, early);
	world_end(w);
}

/* The driver does not get to know the session, so it does not stay. */
static void test_open_interrupted(void **state)
{
	struct world *w = world_open();
	struct harness_req *r = offer_open(w);

	vmedia_device_queue_stop(w->f.dev, VMEDIA_QUEUE_COMMAND);
	harness_collect(&w->h);
	assert_true(r->used);
	assert_int_equal(le32(r->resp), ECANCELED);
	assert_int_equal(stats_of(w).sessions_open, 1);
	assert_int_equal(w->f.closes, 1);
	harness_put(&w->h, r);
	offer_open(w);
	harness_restart(&w->h);
	harness_forget(&w->h);
	assert_int_equal(w->f.closes, 3);
	/* It fails, and before that is answered the device is reset. */
	offer_open(w);
	fake_opened(&w->f, -EBUSY);
	harness_restart(&w->h);
	harness_forget(&w->h);
	assert_int_equal(w->f.closes, 4);
	assert_int_equal(stats_of(w).sessions_open, 0);
	world_end(w);
}

static struct harness_req *offer(struct world *w, uint32_t session, uint32_t nr)
{
	struct vmedia_cmd cmd;

	harness_cmd_ioctl(&cmd, session, nr);
	return harness_offer_cmd(&w->h, &cmd);
}

static struct harness_req *offer_close(struct world *w, uint32_t session)
{
	uint8_t req[16] = { 2 };

	put32(req + 8, session);
	return harness_offer(&w->h, req, 16, 0, HARNESS_PART);
}

static void expect(struct world *w, struct harness_req *req, int status)
{
	assert_true(req->used);
	assert_true(req->len >= 8);
	assert_int_equal(le32(req->resp), status);
	harness_put(&w->h, req);
}

/* One after another in a session, in order; another session does not wait. */
static void test_order(void **state)
{
	struct world *w = world_open();
	struct harness_req *a, *b, *c, *d;
	uint32_t other;

	assert_int_equal(harness_open(&w->h, &other), 0);
	w->f.async = true;
	a = offer(w, w->session, VMEDIA_NR_STREAMON);
	b = offer(w, w->session, VMEDIA_NR_G_INPUT);
	c = offer(w, other, VMEDIA_NR_STREAMOFF);
	d = offer(w, w->session, VMEDIA_NR_G_OUTPUT);
	harness_kick(&w->h, 0);
	assert_int_equal(w->f.ioctls, 2);
	assert_int_equal(w->f.codes[0], VMEDIA_NR_STREAMON);
	assert_int_equal(w->f.codes[1], VMEDIA_NR_STREAMOFF);
	assert_false(a->used || b->used || c->used || d->used);
	fake_complete(&w->f, -EBUSY); /* a; b starts */
	expect(w, a, EBUSY);
	assert_int_equal(w->f.ioctls, 3);
	assert_int_equal(w->f.codes[2], VMEDIA_NR_G_INPUT);
	fake_complete(&w->f, 0); /* c */
	expect(w, c, 0);
	assert_int_equal(w->f.ioctls, 3);
	w->f.async = false;
	fake_complete(&w->f, 0); /* b; d runs to its end */
	expect(w, b, 0);
	expect(w, d, 0);
	assert_int_equal(w->f.codes[3], VMEDIA_NR_G_OUTPUT);
	world_end(w);
}

/* CLOSE behind commands waits for them. */
static void test_close_in_order(void **state)
{
	struct world *w = world_open();
	struct harness_req *a, *b, *c, *d;

	w->f.async = true;
	a = offer(w, w->session, VMEDIA_NR_STREAMON);
	b = offer(w, w->session, VMEDIA_NR_STREAMOFF);
	c = offer_close(w, w->session);
	d = offer(w, w->session, VMEDIA_NR_G_INPUT); /* against the specification: refused */
	harness_kick(&w->h, 0);
	fake_complete(&w->f, 0);
	expect(w, a, 0);
	assert_false(c->used);
	assert_int_equal(w->f.closes, 0);
	fake_complete(&w->f, 0);
	expect(w, b, 0);
	assert_true(c->used);
	assert_int_equal(c->len, 0);
	assert_int_equal(w->f.closes, 1);
	expect(w, d, ECANCELED);
	harness_put(&w->h, c);
	world_end(w);
}

static int complete_inside(struct fake *f, struct vmedia_session *s, struct vmedia_request *req)
{
	vmedia_request_complete(req, -ENODATA);
	return -EINPROGRESS;
}

static void test_complete_inside_ioctl(void **state)
{
	struct world *w = world_open();

	w->f.ioctl = complete_inside;
	assert_int_equal(harness_ioctl(&w->h, w->session, VMEDIA_NR_STREAMON, NULL), -ENODATA);
	assert_int_equal(harness_ioctl(&w->h, w->session, VMEDIA_NR_STREAMON, NULL), -ENODATA);
	world_end(w);
}

/* ---- Error state ---- */

static void test_error(void **state)
{
	struct world *w = world_open();
	uint64_t addr;
	uint32_t other, id;
	struct vmedia_evt evt;

	assert_int_equal(harness_open(&w->h, &other), 0);
	harness_post_events(&w->h, 4, 608);
	assert_int_equal(harness_ioctl(&w->h, w->session, VMEDIA_NR_G_INPUT, NULL), 0);
	vmedia_session_error(w->f.last, -ENODEV);
	vmedia_session_error(w->f.last, -EIO); /* once is enough */
	harness_step(&w->h);
	assert_int_equal(harness_event(&w->h, &evt, NULL), 1);
	assert_int_equal(evt.type, VMEDIA_EVT_ERROR);
	assert_int_equal(evt.session_id, w->session);
	assert_int_equal(evt.err, ENODEV);
	assert_int_equal(harness_event(&w->h, &evt, NULL), 0);
	/* EIO to everything, nothing of it reaches the device; others go on. */
	w->f.ioctls = 0;
	assert_int_equal(harness_ioctl(&w->h, w->session, VMEDIA_NR_G_INPUT, NULL), -EIO);
	assert_int_equal(harness_mmap(&w->h, w->session, 0, 0, &addr, NULL), -EIO);
	assert_int_equal(w->f.ioctls, 0);
	assert_int_equal(w->f.closes, 0);
	assert_int_equal(harness_ioctl(&w->h, other, VMEDIA_NR_G_INPUT, NULL), 0);
	/* The id is not given again before CLOSE, for which ->close() waits. */
	for (int i = 0; i < 100; i++) {
		assert_int_equal(harness_open(&w->h, &id), 0);
		assert_int_not_equal(id, w->session);
		harness_close(&w->h, id);
	}
	assert_int_equal(harness_close(&w->h, w->session), 0);
	assert_int_equal(w->f.closes, 101);
	assert_int_equal(harness_ioctl(&w->h, w->session, VMEDIA_NR_G_INPUT, NULL), -EINVAL);
	world_end(w);
}

/*
 * In error with a command in progress and more waiting: those fail now, CLOSE does not wait for the
 * device.
 */
static void test_error_in_progress(void **state)
{
	struct world *w = world_open();
	struct harness_req *a, *b, *c;

	w->f.async = true;
	a = offer(w, w->session, VMEDIA_NR_STREAMON);
	b = offer(w, w->session, VMEDIA_NR_STREAMOFF);
	harness_kick(&w->h, 0);
	vmedia_session_error(w->f.last, -EIO);
	harness_step(&w->h);
	expect(w, b, EIO);
	assert_false(a->used);
	c = offer_close(w, w->session);
	harness_kick(&w->h, 0);
	assert_true(c->used);
	expect(w, a, EIO);
	assert_int_equal(w->f.closes, 1);
	assert_int_equal(w->f.num_pending, 0);
	harness_put(&w->h, c);
	world_end(w);
}

/* The CLOSE waited already when the session went into error. */
static void test_error_with_close_queued(void **state)
{
	struct world *w = world_open();
	struct harness_req *a, *b, *c;

	w->f.async = true;
	a = offer(w, w->session, VMEDIA_NR_STREAMON);
	b = offer(w, w->session, VMEDIA_NR_STREAMOFF);
	c = offer_close(w, w->session);
	harness_kick(&w->h, 0);
	assert_false(a->used || b->used || c->used);
	vmedia_session_error(w->f.last, -EIO);
	harness_step(&w->h);
	expect(w, b, EIO);
	expect(w, a, EIO);
	assert_true(c->used);
	assert_int_equal(w->f.closes, 1);
	harness_put(&w->h, c);
	world_end(w);
}

static int error_inside(struct fake *f, struct vmedia_session *s, struct vmedia_request *req)
{
	vmedia_session_error(s, -EPIPE);
	return -EPIPE;
}

static void test_error_inside_ioctl(void **state)
{
	struct world *w = world_open();
	struct harness_req *a, *b, *c, *d;

	w->f.ioctl = error_inside;
	a = offer(w, w->session, VMEDIA_NR_STREAMON);
	b = offer(w, w->session, VMEDIA_NR_STREAMOFF);
	c = offer_close(w, w->session);
	d = offer(w, w->session, VMEDIA_NR_STREAMON);
	harness_kick(&w->h, 0);
	expect(w, a, EPIPE);
	expect(w, b, EIO);
	assert_true(c->used);
	expect(w, d, EINVAL);
	assert_int_equal(w->f.ioctls, 1);
	assert_int_equal(w->f.closes, 1);
	harness_put(&w->h, c);
	world_end(w);
}

/* ---- Bounds of what waits ---- */

static void test_held_bytes_bounded(void **state)
{
	static uint8_t req[1 << 20];
	struct world *w = world_open();
	struct harness_req *r[40];
	unsigned int i, refused = 0;
	uint32_t id[24];

	w->f.async = true;
	req[0] = 3;
	put32(req + 12, VMEDIA_NR_STREAMON);
	for (i = 0; i < 24; i++)
		assert_int_equal(harness_open(&w->h, &id[i]), 0);
	for (i = 0; i < 24; i++) { /* of 1 MiB each: 16 may be in progress */
		put32(req + 8, id[i]);
		r[i] = harness_offer(&w->h, req, sizeof(req), 8, HARNESS_PART);
	}
	harness_kick(&w->h, 0);
	for (i = 0; i < 24; i++) {
		if (!r[i]->used)
			continue;
		expect(w, r[i], ENOMEM);
		refused++;
	}
	assert_int_equal(refused, 8);
	for (i = 0; i < 16; i++) {
		fake_complete(&w->f, 0);
		expect(w, r[i], 0);
	}
	w->f.async = false;
	assert_int_equal(harness_ioctl(&w->h, w->session, VMEDIA_NR_G_INPUT, NULL), 0);
	world_end(w);
}

static void test_ten_thousand(void **state)
{
	struct world *w = world_new(NULL);
	unsigned int i, fds = 0;
	size_t heap = 0;
	uint32_t id;
	uint64_t addr;

	harness_post_events(&w->h, 8, 608);
	for (i = 0; i < 10000; i++) {
		if (i == 200) {
			fds = harness_count_fds();
			heap = harness_heap_bytes();
		}
		assert_int_equal(harness_open(&w->h, &id), 0);
		if (i % 16 == 0) {
			assert_int_equal(harness_mmap(&w->h, id, 0, 1, &addr, NULL), 0);
			assert_int_equal(harness_munmap(&w->h, addr), 0);
		}
		assert_int_equal(harness_close(&w->h, id), 0);
	}
	assert_int_equal(harness_count_fds(), fds);
	assert_int_equal(harness_heap_bytes(), heap);
	assert_int_equal(stats_of(w).bytes_held, 0);
	assert_int_equal(stats_of(w).sessions_opened, 10000);
	world_end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids_unique),
		cmocka_unit_test(test_id_not_reused_soon),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_open_fails),
		cmocka_unit_test(test_open_later),
		cmocka_unit_test(test_open_fails_later),
		cmocka_unit_test(test_open_interrupted),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_close_in_order),
		cmocka_unit_test(test_complete_inside_ioctl),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_error_in_progress),
		cmocka_unit_test(test_error_with_close_queued),
		cmocka_unit_test(test_error_inside_ioctl),
		cmocka_unit_test(test_held_bytes_bounded),
		cmocka_unit_test(test_ten_thousand),
	};

	return cmocka_run_group_tests_name("core session", tests, NULL, NULL);
}
