/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Decoders of one device take turns: streams that are hard to decode delay no commands, whatever
 * their number, and no other session's pictures for longer than one job of each. All by the order
 * of what comes; nothing here measures time.
 */
#include "mock_codec.h"

#include "core/core.h"
#include "v4l2/decoder.h"

#define HARD   100
#define OTHERS 8

static int ask(struct client *c, uint32_t s)
{
	PAYLOAD(a);

	a.format.type = CAP;
	return rig_ioctl(c->r, s, VMEDIA_NR_G_FMT, &a);
}

/* A session that has all of its packets in a job that hangs, or that waits for a thread. */
static uint32_t hard_session(struct client *c)
{
	rig_open2(c->r);
	c->r->s = c->r->s2;
	memset(c->busy, 0, sizeof(c->busy));
	client_begin(c, 2);
	client_put(c, "S0W.", 1);
	client_put(c, "K1", 2);
	return c->r->s;
}

/* Each thread hangs in a codec, and more sessions wait for one. Commands are answered meanwhile. */
static void test_commands(void **state)
{
	struct client c = client_open(false, false);
	uint32_t first = c.r->s, hard[HARD], s;

	(void)state;
	vmedia_worker_set_threads(c.r->h.loop, 2);
	for (unsigned int i = 0; i < HARD; i++)
		hard[i] = hard_session(&c);
	client_await(&c);
	client_await(&c);
	assert_int_equal(mock.sent, 2);
	/* of one that does nothing, */
	assert_int_equal(ask(&c, first), 0);
	c.r->s = first;
	memset(c.busy, 0, sizeof(c.busy));
	client_begin(&c, 8);
	assert_int_equal(client_setup(&c, 4), 4);
	assert_int_equal(client_command(&c, STOP), 0);
	/* of a new one, */
	assert_int_equal(harness_open(&c.r->h, &s), 0);
	assert_int_equal(ask(&c, s), 0);
	assert_int_equal(harness_close(&c.r->h, s), 0);
	/* and of those that wait, or hang: but for STREAMOFF of what is being decoded */
	for (unsigned int i = 0; i < HARD; i++)
		assert_int_equal(ask(&c, hard[i]), 0);
	assert_int_equal(rig_stream(c.r, hard[HARD - 1], OUT, false), 0);
	assert_int_equal(mock.sent, 2);
	for (unsigned int i = 0; i < HARD; i++) {
		assert_int_equal(harness_close(&c.r->h, hard[i]), 0);
		sem_post(&mock.go);
	}
	client_settle(&c);
	client_end(&c);
}

/* The pictures of session @s that are there. */
static void count(struct client *c, uint32_t s, unsigned int *pictures)
{
	struct vmedia_evt evt;

	while (rig_poll(c->r, &evt))
		*pictures += evt.type == VMEDIA_EVT_DQBUF && evt.session_id == s &&
			     evt.buffer.type == CAP;
}

/*
 * One thread: a session with 32 packets, which are three jobs at least, and others that come when
 * the first of these runs. They wait for that one only.
 */
static void test_pictures(void **state)
{
	struct client c = client_open(false, false);
	unsigned int pictures = 0, before = 0;
	uint32_t greedy = c.r->s;

	(void)state;
	vmedia_worker_set_threads(c.r->h.loop, 1);
	client_begin(&c, 32);
	client_put(&c, "S0", 1);
	client_expect(&c, " 1", " CHANGE");
	c.keep = true;
	assert_int_equal(client_setup(&c, 32), 32);
	client_put(&c, "W.K1", 2);
	client_await(&c);
	for (unsigned int i = 0; i < 31; i++)
		client_put(&c, "P2", 3 + i);
	for (unsigned int i = 0; i < OTHERS; i++) {
		rig_open2(c.r);
		c.r->s = c.r->s2;
		memset(c.busy, 0, sizeof(c.busy));
		client_begin(&c, 2);
		client_put(&c, "W.", 100);
	}
	assert_int_equal(mock.sent, 2);
	/* Each of the others waits in the codec, when it is its turn. */
	for (unsigned int i = 0; i < OTHERS; i++) {
		sem_post(&mock.go);
		while (sem_wait(&mock.in_wait))
			;
		count(&c, greedy, &pictures);
		before = pictures;
	}
	/* the picture of its first job */
	assert_true(before <= 1);
	sem_post(&mock.go);
	while (pictures < 32) {
		assert_true(vmedia_loop_step(c.r->h.loop, -1) >= 0);
		count(&c, greedy, &pictures);
	}
	c.r->s = greedy;
	client_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_pictures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
