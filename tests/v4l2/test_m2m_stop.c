/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory-to-memory devices whose guest stops its queues while a job runs, and goes on. For TSan
 * too.
 */
#include "jobs.h"

/*
 * No job begins, the one that runs is waited for, and nothing of it comes later: not its bytes, not
 * its buffers. When the queue runs again it all goes on where it was.
 */
static void queue_stops(enum jobs_wait how, uint32_t memory, bool cut)
{
	struct rig *r = jobs_rig(how);
	struct vmedia_ctx *ctx;
	unsigned int pushed;

	jobs_begin(r, r->s, memory, cut, 2);
	jobs_wait_for(&jobs.in_job);
	assert_int_equal(jobs.begun, 1);
	ctx = jobs.running->ctx;
	pushed = r->h.pushes[VMEDIA_QUEUE_EVENT];
	jobs_stop(r);
	assert_int_equal(jobs.waits, 1);
	assert_true(jobs.until &&
		    jobs.until <= vmedia_now_ns() + VMEDIA_WORKER_WAIT_MS * 1000000ull);
	assert_int_equal(jobs.writes, how != GIVEN_UP);
	jobs_mark(r);
	if (how == GIVEN_UP)
		sem_post(&jobs.go);
	jobs_await(r, 1);
	assert_true(jobs_marked(r));
	assert_int_equal(jobs.begun, 1);
	assert_int_equal(r->h.pushes[VMEDIA_QUEUE_EVENT], pushed);
	/* said again, or something that job_ready() looks at: still none */
	jobs_stop(r);
	vmedia_m2m_schedule(ctx);
	assert_int_equal(jobs.waits, 1);
	assert_int_equal(jobs.begun, 1);
	harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
	jobs_expect(r, 0);
	if (cut) {
		assert_int_equal(r->pages[99], 0x81);
		assert_int_equal(r->pages[100], MARK);
		assert_int_equal(r->pages[2048 + SIZE - 101], 0x81);
	}
	jobs_wait_for(&jobs.in_job);
	assert_int_equal(jobs.begun, 2);
	sem_post(&jobs.go);
	jobs_expect(r, 1);
	if (memory == PAGES)
		assert_int_equal(r->pages[4096 + 99], 0x82);
	/* nothing runs: nothing is waited for */
	jobs_stop(r);
	assert_int_equal(jobs.waits, 1);
	jobs_end(r);
	assert_int_equal(jobs.orphans, 0);
}

static void test_queue_stops(void **state)
{
	enum jobs_wait how;

	(void)state;
	for (how = WRITTEN; how <= ENDED; how++) {
		queue_stops(how, PAGES, false);
		queue_stops(how, PAGES, true);
		queue_stops(how, MMAP, false);
	}
}

/* A job that takes too long is not waited for; what is copied out at the end comes later still. */
static void test_given_up(void **state)
{
	(void)state;
	queue_stops(GIVEN_UP, PAGES, true);
	queue_stops(GIVEN_UP, MMAP, false);
}

/* STREAMOFF waits for the job when the queue stops: it ends with it, and is answered already. */
static void test_streamoff(void **state)
{
	enum jobs_wait how;

	(void)state;
	for (how = WRITTEN; how <= ENDED; how++) {
		struct rig *r = jobs_rig(how);
		struct harness_req *req;
		struct vmedia_cmd cmd;

		jobs_begin(r, r->s, PAGES, true, 2);
		jobs_wait_for(&jobs.in_job);
		harness_cmd_ioctl(&cmd, r->s, VMEDIA_NR_STREAMOFF);
		cmd.io.arg.u32 = CAP;
		req = harness_offer_cmd(&r->h, &cmd);
		harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
		harness_collect(&r->h);
		assert_false(req->used);
		jobs_stop(r);
		harness_collect(&r->h);
		assert_true(req->used);
		/* the answer is what became of it until now */
		assert_int_equal(harness_answered(&r->h, req, &cmd),
				 how == ENDED ? 0 : -ECANCELED);
		assert_int_equal(jobs.stops, how == ENDED);
		jobs_await(r, 1);
		assert_int_equal(jobs.stops, 1);
		harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
		assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
		assert_int_equal(jobs.stops, 1);
		assert_int_equal(jobs.begun, 1);
		jobs_end(r);
		assert_int_equal(jobs.stops, 2);
	}
}

/*
 * STREAMOFF takes back a buffer that the running job only looked at: the job gets NULL for it at
 * its end, and may give that back. The other queue's buffer is as ever.
 */
static void looked_at(uint32_t type)
{
	uint32_t other = type == CAP ? OUT : CAP;
	struct rig *r = jobs_rig(WRITTEN);
	struct harness_req *req;
	struct vmedia_cmd cmd;
	struct vmedia_evt evt;

	jobs_begin(r, r->s, MMAP, false, 1);
	jobs_wait_for(&jobs.in_job);
	harness_cmd_ioctl(&cmd, r->s, VMEDIA_NR_STREAMOFF);
	cmd.io.arg.u32 = type;
	req = harness_offer_cmd(&r->h, &cmd);
	harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
	harness_collect(&r->h);
	assert_false(req->used);
	sem_post(&jobs.go);
	jobs_await(r, 1);
	assert_true(req->used);
	assert_int_equal(harness_answered(&r->h, req, &cmd), 0);
	assert_int_equal(rig_query(r, r->s, type, 0).flags & V4L2_BUF_FLAG_QUEUED, 0);
	evt = rig_event(r);
	assert_int_equal(evt.type, VMEDIA_EVT_DQBUF);
	assert_int_equal(evt.buffer.type, other);
	assert_int_equal(evt.buffer.flags & V4L2_BUF_FLAG_ERROR, 0);
	/* it is the driver's, to be queued again */
	assert_int_equal(rig_queue(r, r->s, type, 0), 0);
	assert_int_equal(rig_queue(r, r->s, other, 0), 0);
	assert_int_equal(rig_stream(r, r->s, type, true), 0);
	jobs_wait_for(&jobs.in_job);
	sem_post(&jobs.go);
	jobs_await(r, 2);
	jobs_expect(r, 0);
	jobs_end(r);
}

static void test_looked_at(void **state)
{
	(void)state;
	looked_at(CAP);
	looked_at(OUT);
}

static void never(struct vmedia_buf *b)
{
	(void)b;
	fail();
}

static void on_expected_log(void *opaque, int level, const char *msg)
{
	(void)opaque;
	(void)level;
	if (strstr(msg, "buf_queue"))
		jobs.ends++;
}

/* Operations that m2m would not call are refused, and the log says which. */
static void test_ignored_ops(void **state)
{
	static const struct vmedia_queue_ops ops = { .buf_queue = never };
	struct vmedia_queue_config queues[2];
	struct vmedia_video_config cfg = jobs_device;
	struct vmedia_device *dev;
	struct harness h;
	uint32_t s;

	(void)state;
	memcpy(queues, jobs_device.queues, sizeof(queues));
	queues[1].ops = &ops;
	cfg.queues = queues;
	memset(&jobs, 0, sizeof(jobs));
	vmedia_log_set(on_expected_log, NULL);
	assert_int_equal(harness_init(&h, NULL), 0);
	assert_int_equal(vmedia_video_create(h.loop, &cfg, &dev), 0);
	harness_attach(&h, dev);
	assert_int_equal(harness_open(&h, &s), -EINVAL);
	assert_int_equal(jobs.ends, 1);
	harness_finish(&h);
	vmedia_log_set(jobs_on_log, NULL);
}

/* Two sessions: none has its turn while the queue is stopped, then both have theirs. */
static void test_turns(void **state)
{
	struct rig *r = jobs_rig(ENDED);
	unsigned int i;

	(void)state;
	rig_open2(r);
	jobs_begin(r, r->s, MMAP, false, 2);
	jobs_begin(r, r->s2, MMAP, false, 2);
	jobs_wait_for(&jobs.in_job);
	jobs_stop(r);
	assert_int_equal(jobs.waits, 1);
	assert_int_equal(jobs.ends, 1);
	harness_step(&r->h);
	assert_int_equal(jobs.begun, 1);
	harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
	for (i = 2; i <= 3; i++) {
		jobs_wait_for(&jobs.in_job);
		assert_int_equal(jobs.begun, i);
		sem_post(&jobs.go);
		jobs_await(r, i);
	}
	jobs_wait_for(&jobs.in_job);
	assert_int_equal(jobs.begun, 4);
	sem_post(&jobs.go);
	jobs_await(r, 4);
	jobs_end(r);
	assert_int_equal(jobs.begun, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue_stops),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_streamoff),
		cmocka_unit_test(test_looked_at),
		cmocka_unit_test(test_ignored_ops),
		cmocka_unit_test(test_turns),
	};

	vmedia_log_set(jobs_on_log, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
