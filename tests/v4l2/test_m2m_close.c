/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory-to-memory devices whose sessions end while a job runs: one, many at once, all. For TSan
 * too.
 */
#include "jobs.h"

/* A reset without a word before, in the middle of a job and of a STREAMOFF. */
static void test_reset(void **state)
{
	enum jobs_wait how;

	(void)state;
	for (how = WRITTEN; how <= GIVEN_UP; how++) {
		struct rig *r = jobs_rig(how);
		struct vmedia_cmd cmd;

		jobs_begin(r, r->s, PAGES, false, 2);
		jobs_wait_for(&jobs.in_job);
		harness_cmd_ioctl(&cmd, r->s, VMEDIA_NR_STREAMOFF);
		cmd.io.arg.u32 = OUT;
		harness_offer_cmd(&r->h, &cmd);
		harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
		vmedia_device_reset(r->h.dev, true);
		assert_int_equal(jobs.waits, 1);
		assert_int_equal(jobs.orphans, how != ENDED);
		assert_int_equal(jobs.stops, 2);
		if (how == GIVEN_UP)
			sem_post(&jobs.go);
		jobs_await(r, 1);
		harness_restart(&r->h);
		harness_forget(&r->h);
		harness_post_events(&r->h, 32, VMEDIA_EVT_DQBUF_SIZE);
		/* the next session works as if nothing had been */
		assert_int_equal(harness_open(&r->h, &r->s), 0);
		jobs_begin(r, r->s, MMAP, false, 1);
		jobs_wait_for(&jobs.in_job);
		sem_post(&jobs.go);
		jobs_expect(r, 0);
		assert_int_equal(jobs.begun, 2);
		jobs_end(r);
	}
}

static struct harness_req *offer_close(struct rig *r, uint32_t s)
{
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_CLOSE, .session_id = s };

	return harness_offer_cmd(&r->h, &cmd);
}

static void await_used(struct rig *r, struct harness_req *req)
{
	while (!req->used) {
		assert_true(vmedia_loop_step(r->h.loop, -1) >= 0);
		harness_collect(&r->h);
	}
	harness_put(&r->h, req);
}

/*
 * CLOSE: for the guest's pages its answer waits for the job, and the loop for nothing; memory of
 * ours the job keeps.
 */
static void test_close(void **state)
{
	struct rig *r = jobs_rig(WRITTEN);
	struct harness_req *req, *late;
	struct vmedia_cmd cmd;

	(void)state;
	rig_open2(r);
	jobs_begin(r, r->s, PAGES, false, 2);
	jobs_wait_for(&jobs.in_job);
	req = offer_close(r, r->s);
	harness_cmd_ioctl(&cmd, r->s, VMEDIA_NR_STREAMON);
	late = harness_offer_cmd(&r->h, &cmd);
	harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
	assert_int_equal(jobs.waits, 0);
	assert_int_equal(jobs.orphans, 0);
	assert_false(req->used || late->used);
	rig_format(r, r->s2, CAP);
	sem_post(&jobs.go);
	await_used(r, req);
	assert_true(late->used);
	assert_int_equal(harness_answered(&r->h, late, &cmd), -ECANCELED);
	assert_int_equal(jobs.writes, 1);
	assert_int_equal(jobs.ends, 1);
	assert_int_equal(jobs.stops, 2);
	jobs_mark(r);
	harness_step(&r->h);
	assert_true(jobs_marked(r));
	assert_int_equal(harness_open(&r->h, &r->s), 0);
	jobs_begin(r, r->s, MMAP, false, 2);
	jobs_wait_for(&jobs.in_job);
	assert_int_equal(harness_close(&r->h, r->s), 0);
	assert_int_equal(jobs.waits, 0);
	assert_int_equal(jobs.orphans, 1);
	jobs_end(r);
	assert_int_equal(jobs.begun, 2);
}

/* What ends the guest ends a CLOSE that waits. */
static void test_ends_closing(void **state)
{
	int end;

	(void)state;
	for (end = 0; end < 3; end++) {
		struct rig *r = jobs_rig(WRITTEN);
		struct harness_req *req;

		jobs_begin(r, r->s, PAGES, false, 1);
		jobs_wait_for(&jobs.in_job);
		req = offer_close(r, r->s);
		harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
		assert_false(req->used);
		if (end == 0)
			jobs_stop(r);
		else if (end == 1)
			vmedia_device_reset(r->h.dev, true);
		else
			vmedia_device_detach(r->h.dev);
		harness_collect(&r->h);
		assert_int_equal(req->used, end < 2);
		assert_int_equal(jobs.waits, 1);
		assert_int_equal(jobs.orphans, 1);
		jobs_mark(r);
		jobs_await(r, 1);
		assert_true(jobs_marked(r));
		jobs_end(r);
	}
}

/* One ends with its job running: the turn is the other's, who need not say that it waits. */
static void test_turn_of_closed(void **state)
{
	struct rig *r = jobs_rig(ENDED);
	struct harness_req *req;

	(void)state;
	rig_open2(r);
	jobs_begin(r, r->s, PAGES, false, 2);
	jobs_begin(r, r->s2, MMAP, false, 1);
	jobs_wait_for(&jobs.in_job);
	req = offer_close(r, r->s);
	harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
	assert_int_equal(jobs.begun, 1);
	sem_post(&jobs.go);
	await_used(r, req);
	assert_int_equal(jobs.waits, 0);
	assert_int_equal(jobs.orphans, 0);
	assert_int_equal(jobs.begun, 2);
	jobs_wait_for(&jobs.in_job);
	sem_post(&jobs.go);
	jobs_expect(r, 0);
	jobs_end(r);
}

/* What ends a session whose job runs, and with it all others or none, gives no turn to another. */
static void ends(enum jobs_wait how, int end)
{
	struct rig *r = jobs_rig(how);
	struct vmedia_cmd cmd;

	rig_open2(r);
	/* in two pieces: what comes too late does not reach them */
	jobs_begin(r, r->s, PAGES, how == GIVEN_UP, 1);
	jobs_begin(r, r->s2, PAGES, how == GIVEN_UP, 1);
	jobs_wait_for(&jobs.in_job);
	/* CLOSE waits behind STREAMOFF, which waits for the job */
	harness_cmd_ioctl(&cmd, r->s, VMEDIA_NR_STREAMOFF);
	cmd.io.arg.u32 = OUT;
	harness_offer_cmd(&r->h, &cmd);
	offer_close(r, r->s);
	harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
	if (end == 0)
		jobs_stop(r);
	else if (end == 1)
		vmedia_device_reset(r->h.dev, true);
	else
		vmedia_device_detach(r->h.dev);
	assert_int_equal(jobs.begun, 1);
	assert_int_equal(jobs.waits, 1);
	assert_int_equal(jobs.orphans, how != ENDED);
	assert_null(jobs.running);
	jobs_mark(r);
	sem_post(&jobs.go);
	jobs_await(r, 1);
	assert_true(jobs_marked(r));
	assert_int_equal(jobs.begun, 1);
	if (end == 0) {
		harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
		assert_int_equal(jobs.begun, 2);
		sem_post(&jobs.go);
		jobs_expect(r, 0);
	}
	jobs_end(r);
}

static void test_ends(void **state)
{
	enum jobs_wait how;
	int end;

	(void)state;
	for (how = WRITTEN; how <= GIVEN_UP; how++)
		for (end = 0; end < 3; end++)
			ends(how, end);
}

/* Many at once, all with a job to begin, and others are started between them. */
static void test_close_many(void **state)
{
	struct rig *r = jobs_rig(GIVEN_UP);
	struct harness_req *first = NULL, *req;
	uint32_t s[8], last;
	struct vmedia_cmd cmd;
	unsigned int i;

	(void)state;
	assert_int_equal(rig_reqbufs(r, r->s, OUT, MMAP, 1), 1);
	for (i = 0; i < 8; i++) {
		assert_int_equal(harness_open(&r->h, &s[i]), 0);
		jobs_begin(r, s[i], PAGES, false, 1);
	}
	assert_int_equal(harness_open(&r->h, &last), 0);
	jobs_begin(r, last, PAGES, false, 1);
	jobs_wait_for(&jobs.in_job);
	for (i = 0; i < 8; i++) {
		req = offer_close(r, s[i]);
		if (!i)
			first = req;
		harness_cmd_ioctl(&cmd, r->s, i & 1 ? VMEDIA_NR_STREAMOFF : VMEDIA_NR_STREAMON);
		cmd.io.arg.u32 = OUT;
		harness_offer_cmd(&r->h, &cmd);
	}
	assert_int_equal(rig_stream(r, r->s, OUT, true), 0);
	/* the one whose job runs is waited for by nobody but itself */
	assert_false(first->used);
	assert_int_equal(jobs.begun, 1);
	sem_post(&jobs.go);
	await_used(r, first);
	/* none that ended has a turn, the one that stays has */
	assert_int_equal(jobs.begun, 2);
	jobs_wait_for(&jobs.in_job);
	sem_post(&jobs.go);
	jobs_expect(r, 0);
	assert_int_equal(jobs.waits, 0);
	assert_int_equal(jobs.orphans, 0);
	jobs_end(r);
	assert_int_equal(jobs.writes, 2);
}

/* A job without CAPTURE buffers writes nothing of the guest's: CLOSE does not wait for it. */
static void test_nothing_lent(void **state)
{
	struct vmedia_video_config cfg = jobs_device;
	struct vmedia_m2m_ops ops = *jobs_device.m2m;
	struct rig *r;

	(void)state;
	ops.relaxed = true;
	cfg.m2m = &ops;
	r = jobs_rig_of(&cfg, GIVEN_UP);
	assert_int_equal(rig_reqbufs(r, r->s, OUT, MMAP, 1), 1);
	assert_int_equal(rig_stream(r, r->s, OUT, true), 0);
	jobs_wait_for(&jobs.in_job);
	assert_int_equal(harness_close(&r->h, r->s), 0);
	assert_int_equal(jobs.waits, 0);
	assert_int_equal(jobs.orphans, 1);
	jobs_end(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_ends_closing),
		cmocka_unit_test(test_turn_of_closed),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_close_many),
		cmocka_unit_test(test_nothing_lent),
	};

	vmedia_log_set(jobs_on_log, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
