/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Turns: a session whose commands take the loop's time delays its own, not those of others, and the
 * loop has other things to do in between. harness_turn() says how long a turn is, so that nothing
 * here depends on how long anything takes. The same of what a device does on the loop for a session
 * (->work()).
 */
#include "test.h"

#include <errno.h>
#include <linux/videodev2.h>

#define MANY 40

static struct harness_req *offer(struct world *w, uint32_t session, uint32_t nr)
{
	uint8_t req[20] = { VMEDIA_CMD_IOCTL };

	put32(req + 8, session);
	put32(req + 12, nr);
	return harness_offer(&w->h, req, sizeof(req), 64, HARNESS_PART);
}

static struct harness_req *offer_close(struct world *w, uint32_t session)
{
	uint8_t req[16] = { VMEDIA_CMD_CLOSE };

	put32(req + 8, session);
	return harness_offer(&w->h, req, sizeof(req), 8, HARNESS_PART);
}

static unsigned int used(struct world *w, struct harness_req **r, unsigned int n)
{
	unsigned int i, count = 0;

	harness_collect(&w->h);
	for (i = 0; i < n; i++)
		count += r[i]->used;
	return count;
}

static void put(struct world *w, struct harness_req **r, unsigned int n)
{
	unsigned int i;

	harness_collect(&w->h);
	for (i = 0; i < n; i++) {
		assert_true(r[i]->used);
		harness_put(&w->h, r[i]);
	}
}

/* Rounds of the loop until @req is answered. */
static void step_until(struct world *w, struct harness_req *req)
{
	while (!req->used) {
		assert_true(vmedia_loop_step(w->h.loop, 0) > 0);
		harness_collect(&w->h);
	}
}

/* One ring, many commands of one session, and behind them one of another. */
static void test_sessions_take_turns(void **state)
{
	struct world *w = world_open();
	struct harness_req *r[MANY], *other, *next;
	uint32_t victim;
	unsigned int i;

	(void)state;
	assert_int_equal(harness_open(&w->h, &victim), 0);
	harness_turn(&w->h, 0);
	for (i = 0; i < MANY; i++)
		r[i] = offer(w, w->session, VMEDIA_NR_STREAMON);
	other = offer(w, victim, VMEDIA_NR_STREAMON);
	vmedia_device_kick(w->f.dev, VMEDIA_QUEUE_COMMAND);
	step_until(w, other);
	assert_in_range(used(w, r, MANY), 1, 2);
	/* what comes later waits for one turn of the other, too */
	next = offer(w, victim, VMEDIA_NR_STREAMOFF);
	vmedia_device_kick(w->f.dev, VMEDIA_QUEUE_COMMAND);
	step_until(w, next);
	assert_in_range(used(w, r, MANY), 2, 5);
	harness_step(&w->h);
	/* in a session nothing changes places */
	for (i = 0; i < 20; i++)
		assert_int_equal(r[i]->used, 1);
	put(w, r, MANY);
	put(w, &other, 1);
	put(w, &next, 1);
	assert_int_equal(w->f.ioctls, MANY + 2);
	world_end(w);
}

static unsigned int seen;

static int record(struct fake *f, struct vmedia_session *s, struct vmedia_request *req)
{
	(void)f;
	(void)s;
	assert_int_equal(vmedia_request_ioctl(req)->arg.u32, seen);
	seen++;
	return 0;
}

static void test_order_in_session(void **state)
{
	struct world *w = world_open();
	struct harness_req *r[MANY];
	uint8_t req[20] = { VMEDIA_CMD_IOCTL };
	unsigned int i;

	(void)state;
	seen = 0;
	w->f.ioctl = record;
	harness_turn(&w->h, 0);
	put32(req + 8, w->session);
	put32(req + 12, VMEDIA_NR_STREAMON);
	for (i = 0; i < MANY; i++) {
		put32(req + 16, i);
		r[i] = harness_offer(&w->h, req, sizeof(req), 8, HARNESS_PART);
		if (i % 7 == 0)
			vmedia_device_kick(w->f.dev, VMEDIA_QUEUE_COMMAND);
		if (i % 11 == 0)
			vmedia_loop_step(w->h.loop, 0);
	}
	vmedia_device_kick(w->f.dev, VMEDIA_QUEUE_COMMAND);
	harness_step(&w->h);
	put(w, r, MANY);
	assert_int_equal(seen, MANY);
	world_end(w);
}

static unsigned int rung;

static void ring(struct vmedia_timer *t)
{
	rung++;
	vmedia_timer_arm(t, 1);
}

/* The loop's timers run between commands, so frames do. */
static void test_timers_between(void **state)
{
	struct world *w = world_open();
	struct harness_req *r[MANY];
	struct vmedia_timer t;
	unsigned int i;

	(void)state;
	rung = 0;
	vmedia_timer_init(w->h.loop, &t, ring);
	vmedia_timer_arm(&t, 1);
	harness_turn(&w->h, 0);
	for (i = 0; i < MANY; i++)
		r[i] = offer(w, w->session, VMEDIA_NR_STREAMON);
	vmedia_device_kick(w->f.dev, VMEDIA_QUEUE_COMMAND);
	while (used(w, r, MANY) < MANY)
		vmedia_loop_step(w->h.loop, 0);
	assert_in_range(rung, MANY / 2, 2 * MANY);
	vmedia_timer_cancel(&t);
	put(w, r, MANY);
	world_end(w);
}

/* Commands without a session wait for time as others do, and so do those that name none. */
static void test_without_session(void **state)
{
	uint8_t open[8] = { VMEDIA_CMD_OPEN }, munmap[16] = { VMEDIA_CMD_MUNMAP };
	struct world *w = world_open();
	struct harness_req *r[MANY], *other;
	unsigned int i;

	(void)state;
	harness_turn(&w->h, 0);
	for (i = 0; i < MANY; i += 4) {
		r[i] = harness_offer(&w->h, open, sizeof(open), 16, HARNESS_PART);
		r[i + 1] = harness_offer(&w->h, munmap, sizeof(munmap), 8, HARNESS_PART);
		r[i + 2] = offer(w, w->session + 1000, VMEDIA_NR_STREAMON);
		r[i + 3] = offer_close(w, w->session + 1000);
	}
	other = offer(w, w->session, VMEDIA_NR_STREAMON);
	vmedia_device_kick(w->f.dev, VMEDIA_QUEUE_COMMAND);
	step_until(w, other);
	assert_in_range(used(w, r, MANY), 1, 2);
	harness_step(&w->h);
	for (i = 0; i < MANY; i += 4) {
		assert_int_equal(le32(r[i]->resp), 0);
		assert_int_equal(le32(r[i + 1]->resp), EINVAL);
		assert_int_equal(le32(r[i + 2]->resp), EINVAL);
	}
	put(w, r, MANY);
	put(w, &other, 1);
	world_end(w);
}

/* CLOSE waits in its session's order, and what was sent behind it finds no session. */
static void test_close_waits(void **state)
{
	struct world *w = world_open();
	struct harness_req *r[3];

	(void)state;
	harness_turn(&w->h, 0);
	r[0] = offer(w, w->session, VMEDIA_NR_STREAMON);
	r[1] = offer_close(w, w->session);
	r[2] = offer(w, w->session, VMEDIA_NR_STREAMOFF);
	harness_kick(&w->h, VMEDIA_QUEUE_COMMAND);
	assert_int_equal(le32(r[0]->resp), 0);
	assert_int_equal(le32(r[2]->resp), ECANCELED);
	assert_int_equal(w->f.ioctls, 1);
	assert_int_equal(w->f.closes, 1);
	put(w, r, 3);
	world_end(w);
}

/* The queue stops: what waits for time is not lost to a machine that only pauses. */
static void test_queue_stops(void **state)
{
	struct world *w = world_open();
	struct harness_req *r[MANY];
	unsigned int i;

	(void)state;
	harness_turn(&w->h, 0);
	for (i = 0; i < MANY; i++)
		r[i] = offer(w, w->session, VMEDIA_NR_STREAMON);
	vmedia_device_kick(w->f.dev, VMEDIA_QUEUE_COMMAND);
	assert_int_equal(used(w, r, MANY), 1);
	vmedia_device_queue_stop(w->f.dev, VMEDIA_QUEUE_COMMAND);
	assert_int_equal(used(w, r, MANY), MANY);
	put(w, r, MANY);
	/* Every end finds chains that were taken and not looked at. */
	for (i = 0; i < 3; i++) {
		if (i)
			assert_int_equal(harness_open(&w->h, &w->session), 0);
		r[0] = offer(w, w->session, VMEDIA_NR_STREAMON);
		r[1] = offer(w, w->session, VMEDIA_NR_STREAMON);
		r[2] = offer(w, w->session + 1, VMEDIA_NR_STREAMON);
		vmedia_device_kick(w->f.dev, VMEDIA_QUEUE_COMMAND);
		if (i == 0) {
			vmedia_device_reset(w->f.dev, true);
			put(w, r, 3);
			continue;
		}
		if (i == 1)
			harness_restart(&w->h);
		else
			harness_reconnect(&w->h);
		harness_forget(&w->h);
		harness_turn(&w->h, 0);
	}
	world_end(w);
}

/* ---- ->work() ---- */

static int ask_for_work(struct fake *f, struct vmedia_session *s, struct vmedia_request *req)
{
	(void)f;
	if (vmedia_request_ioctl(req)->info->nr == VMEDIA_NR_STREAMON)
		vmedia_session_work(s);
	return 0;
}

static void make_event(struct fake *f, struct vmedia_session *s)
{
	(void)f;
	fake_event(s, V4L2_EVENT_EOS, 0);
}

/* A device whose STREAMON asks for work, each piece of which makes an event. */
static struct world *working(unsigned int more)
{
	struct world *w = world_open();

	harness_post_events(&w->h, 32, VMEDIA_EVT_EVENT_SIZE);
	w->f.ioctl = ask_for_work;
	w->f.work = make_event;
	w->f.more_work = more;
	w->h.traced = 0;
	memset(w->h.trace, 0, sizeof(w->h.trace));
	return w;
}

/* A command is answered, its work done, and both told, before the next command begins. */
static void test_work_at_once(void **state)
{
	struct world *w = working(2);
	struct harness_req *r[3];
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++)
		r[i] = offer(w, w->session, i == 1 ? VMEDIA_NR_STREAMOFF : VMEDIA_NR_STREAMON);
	vmedia_device_kick(w->f.dev, VMEDIA_QUEUE_COMMAND);
	/* the first one's three pieces; the second asks for none; the third for one */
	assert_string_equal(w->h.trace, "cCeEeEeEccCeE");
	assert_int_equal(w->f.works, 4);
	assert_int_equal(vmedia_loop_step(w->h.loop, 0), 0);
	put(w, r, 3);
	world_end(w);
}

/* Work is time of its session: others have their turn, and so have its own commands. */
static void test_work_takes_turns(void **state)
{
	struct world *w = working(MANY);
	struct harness_req *busy, *other, *own;
	struct vmedia_timer t;
	unsigned int works;
	uint32_t victim;

	(void)state;
	w->f.work = NULL;
	assert_int_equal(harness_open(&w->h, &victim), 0);
	harness_turn(&w->h, 0);
	busy = offer(w, w->session, VMEDIA_NR_STREAMON);
	vmedia_device_kick(w->f.dev, VMEDIA_QUEUE_COMMAND);
	step_until(w, busy);
	assert_in_range(w->f.works, 0, 1);
	works = w->f.works;
	other = offer(w, victim, VMEDIA_NR_G_INPUT);
	own = offer(w, w->session, VMEDIA_NR_G_INPUT);
	vmedia_device_kick(w->f.dev, VMEDIA_QUEUE_COMMAND);
	step_until(w, other);
	assert_in_range(w->f.works, works, works + 1);
	step_until(w, own);
	assert_in_range(w->f.works, works + 1, works + 3);
	/* the loop has its turns, too */
	rung = 0;
	vmedia_timer_init(w->h.loop, &t, ring);
	vmedia_timer_arm(&t, 1);
	works = w->f.works;
	while (w->f.works < MANY + 1)
		assert_true(vmedia_loop_step(w->h.loop, 0) > 0);
	assert_in_range(rung, MANY + 1 - works, MANY + 2);
	vmedia_timer_cancel(&t);
	put(w, &busy, 1);
	put(w, &other, 1);
	put(w, &own, 1);
	world_end(w);
}

/* A kick that comes while work waits for its turn is not lost, nor are commands without one. */
static void test_work_and_kicks(void **state)
{
	struct world *w = working(MANY);
	struct harness_req *busy, *r[MANY];
	unsigned int i;

	(void)state;
	w->f.work = NULL;
	harness_turn(&w->h, 0);
	busy = offer(w, w->session, VMEDIA_NR_STREAMON);
	vmedia_device_kick(w->f.dev, VMEDIA_QUEUE_COMMAND);
	for (i = 0; i < MANY; i++) {
		r[i] = offer(w, w->session, VMEDIA_NR_G_INPUT);
		if (i % 3)
			vmedia_device_kick(w->f.dev, VMEDIA_QUEUE_COMMAND);
		if (i % 2)
			vmedia_loop_step(w->h.loop, 0);
	}
	harness_step(&w->h);
	assert_int_equal(used(w, r, MANY), MANY);
	assert_int_equal(w->f.works, MANY + 1);
	put(w, &busy, 1);
	put(w, r, MANY);
	world_end(w);
}

/* None while the queue is stopped, by whomever it is asked for; all of it when it runs again. */
static void test_work_stopped(void **state)
{
	struct world *w = working(0);
	struct vmedia_session *s;
	unsigned int i;

	(void)state;
	s = w->f.last;
	vmedia_device_queue_stop(w->f.dev, VMEDIA_QUEUE_COMMAND);
	vmedia_session_work(s);
	for (i = 0; i < 4; i++)
		vmedia_loop_step(w->h.loop, 0);
	assert_int_equal(w->f.works, 0);
	harness_kick(&w->h, VMEDIA_QUEUE_COMMAND);
	assert_int_equal(w->f.works, 1);
	/* asked for from a timer, say: soon */
	vmedia_session_work(s);
	vmedia_session_work(s);
	assert_int_equal(w->f.works, 1);
	harness_step(&w->h);
	assert_int_equal(w->f.works, 2);
	/* nor for a session in error */
	vmedia_log_set_level(-1);
	vmedia_session_work(s);
	vmedia_session_error(s, -EIO);
	harness_step(&w->h);
	assert_int_equal(w->f.works, 2);
	world_end(w);
}

/* A session that asks for work as it begins: it gets it, unless it does not begin. */
static void test_work_from_open(void **state)
{
	struct world *w = working(0);
	unsigned int before = w->f.works;
	uint32_t id;

	(void)state;
	w->f.work = NULL;
	w->f.open_work = true;
	w->f.open_err = -EBUSY;
	assert_int_equal(harness_open(&w->h, &id), -EBUSY);
	harness_step(&w->h);
	assert_int_equal(w->f.works, before);
	w->f.open_err = 0;
	assert_int_equal(harness_open(&w->h, &id), 0);
	harness_step(&w->h);
	assert_int_equal(w->f.works, before + 1);
	world_end(w);
}

/* An answer that is ready goes before an event that was made after it, whoever made that. */
static void test_work_after_answers(void **state)
{
	struct world *w = working(0);
	struct harness_req *slow, *on;
	uint32_t other;

	(void)state;
	w->f.ioctl = NULL;
	w->f.async = true;
	assert_int_equal(harness_open(&w->h, &other), 0);
	slow = offer(w, other, VMEDIA_NR_G_INPUT);
	vmedia_device_kick(w->f.dev, VMEDIA_QUEUE_COMMAND);
	assert_int_equal(w->f.num_pending, 1);
	w->f.ioctl = ask_for_work;
	on = offer(w, w->session, VMEDIA_NR_STREAMON);
	w->f.num_pending = 0;
	vmedia_request_complete(w->f.pending[0], 0);
	w->h.traced = 0;
	memset(w->h.trace, 0, sizeof(w->h.trace));
	vmedia_device_kick(w->f.dev, VMEDIA_QUEUE_COMMAND);
	assert_string_equal(w->h.trace, "cCceCE");
	put(w, &slow, 1);
	put(w, &on, 1);
	world_end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sessions_take_turns),
		cmocka_unit_test(test_order_in_session),
		cmocka_unit_test(test_timers_between),
		cmocka_unit_test(test_without_session),
		cmocka_unit_test(test_close_waits),
		cmocka_unit_test(test_queue_stops),
		cmocka_unit_test(test_work_at_once),
		cmocka_unit_test(test_work_takes_turns),
		cmocka_unit_test(test_work_and_kicks),
		cmocka_unit_test(test_work_stopped),
		cmocka_unit_test(test_work_from_open),
		cmocka_unit_test(test_work_after_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
