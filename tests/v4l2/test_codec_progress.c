/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A job that goes on: its driver gets what it has finished and gives it more, which that job does,
 * too, unless others wait for its thread.
 */
#include "mock_codec.h"

#include "v4l2/decoder.h"

static struct vmedia_decoder *decoder(struct client *c)
{
	return vmedia_decoder_of(client_ctx(c));
}

/* A session that knows its stream's header. What is put now is done once there are buffers. */
static struct client begin(const char *packet)
{
	struct client c = client_new(false, false);

	client_hurry(&c);
	client_put(&c, packet, 10);
	client_expect(&c, " 10", " CHANGE");
	return c;
}

/* What comes while the job hangs. */
static void get(struct client *c)
{
	struct vmedia_evt evt;

	harness_step(&c->r->h);
	while (rig_poll(c->r, &evt))
		client_note(c, &evt);
}

static void expect_now(struct client *c, const char *out, const char *cap)
{
	get(c);
	assert_true(decoder(c)->s.running);
	assert_string_equal(c->out, out);
	assert_string_equal(c->cap, cap);
	c->out[0] = c->cap[0] = '\0';
}

/* The driver has two pictures while the third one is decoded. */
static void test_finished(void **state)
{
	struct client c = begin("S0K1");

	(void)state;
	client_put(&c, "P2", 20);
	client_put(&c, "W.P3", 30);
	assert_int_equal(client_setup(&c, 5), 5);
	client_await(&c);
	expect_now(&c, " 20", " 1@10k 2@20p");
	sem_post(&mock.go);
	client_expect(&c, " 30", " 3@30p");
	client_end(&c);
}

/* Packets and buffers that come while it runs are the same job's. */
static void test_more(void **state)
{
	struct client c = begin("S0K1");

	(void)state;
	client_put(&c, "W.P2", 20);
	client_put(&c, "W.P3", 30);
	assert_int_equal(client_setup(&c, 3), 3);
	client_await(&c);
	client_put(&c, "W.P4", 40);
	expect_now(&c, "", " 1@10k");
	sem_post(&mock.go);
	client_await(&c);
	expect_now(&c, " 20", " 2@20p");
	client_put(&c, "P5", 50);
	sem_post(&mock.go);
	client_await(&c);
	expect_now(&c, " 30", " 3@30p");
	sem_post(&mock.go);
	client_expect(&c, " 40 50", " 4@40p 5@50p");
	client_end(&c);
}

/* A drain during the job is done by a job of its own, behind all packets. */
static void test_drain(void **state)
{
	struct client c = begin("S0K1");

	(void)state;
	client_put(&c, "P2", 20);
	client_put(&c, "W.P3", 30);
	client_put(&c, "W.P4", 40);
	assert_int_equal(client_setup(&c, 5), 5);
	client_await(&c);
	client_put(&c, "P5", 50);
	assert_int_equal(client_command(&c, STOP), 0);
	client_put(&c, "P6", 60);
	expect_now(&c, " 20", " 1@10k 2@20p");
	sem_post(&mock.go);
	client_await(&c);
	expect_now(&c, " 30", " 3@30p");
	sem_post(&mock.go);
	client_expect(&c, " 40 50", " 4@40p 5@50p EOS LAST");
	assert_int_equal(client_command(&c, START), 0);
	client_expect(&c, " 60", " 6@60p");
	client_end(&c);
}

/* A buffer that is a reference, and that the driver has queued again, is not written to. */
static void test_reference(void **state)
{
	struct client c = begin("S0H8K1");

	(void)state;
	client_put(&c, "D2", 20);
	client_put(&c, "D3", 30);
	client_put(&c, "W.D4", 40);
	client_put(&c, "W.D4", 40);
	assert_int_equal(client_setup(&c, 4), 4);
	client_await(&c);
	expect_now(&c, " 20 30", " 1@10k 2@20p 3@30p");
	/* The codec keeps two of the four, and may keep no more. */
	for (uint32_t i = 0; i < 20; i++) {
		client_put(&c, "W.D4", 40);
		sem_post(&mock.go);
		client_await(&c);
		expect_now(&c, " 40", " 4@40p");
		assert_int_equal(mock.copies, 2 + i);
	}
	sem_post(&mock.go);
	sem_post(&mock.go);
	client_expect(&c, " 40 40", " 4@40p 4@40p");
	client_end(&c);
}

/* The job waits in the codec, and has done @num packets since it began. */
static void await_job(struct client *c, uint32_t num)
{
	while (sem_trywait(&mock.in_wait))
		get(c);
	assert_int_equal(decoder(c)->work.num_sent, num);
}

/* Buffers that are taken for no picture are used again in the same job. */
static void test_unused(void **state)
{
	struct client c = begin("S0K1");

	(void)state;
	client_put(&c, "U.W.P2P3", 20);
	client_put(&c, "U.W.P2P3", 20);
	assert_int_equal(client_setup(&c, 4), 4);
	client_await(&c);
	expect_now(&c, "", " 1@10k");
	for (uint32_t i = 1; i < 20; i++) {
		client_put(&c, "U.W.P2P3", 20);
		sem_post(&mock.go);
		await_job(&c, i);
		expect_now(&c, " 20", " 2@20p 3@20p");
	}
	sem_post(&mock.go);
	sem_post(&mock.go);
	client_expect(&c, " 20 20", " 2@20p 3@20p 2@20p 3@20p");
	client_end(&c);
}

/*
 * The codec has four of seven buffers when a job begins, and releases them in it. They are enough
 * for four new references, so nothing is copied.
 */
static void test_released(void **state)
{
	struct client c = begin("S0H4K1");

	(void)state;
	assert_int_equal(client_setup(&c, 7), 7);
	client_expect(&c, "", " 1@10k");
	for (uint32_t i = 0; i < 4; i++) {
		client_put(&c, "D2", 20);
		client_expect(&c, " 20", " 2@20p");
	}
	assert_int_equal(rig_stream(c.r, c.r->s, OUT, false), 0);
	client_put(&c, "W.D3", 30);
	client_put(&c, "W.D3", 30);
	assert_int_equal(rig_stream(c.r, c.r->s, OUT, true), 0);
	client_await(&c);
	for (uint32_t i = 1; i < 20; i++) {
		client_put(&c, "W.D3", 30);
		sem_post(&mock.go);
		await_job(&c, i);
		expect_now(&c, " 30", " 3@30p");
	}
	assert_int_equal(mock.copies, 1);
	sem_post(&mock.go);
	sem_post(&mock.go);
	client_expect(&c, " 30 30", " 3@30p 3@30p");
	client_end(&c);
}

/* Another session waits for the thread: the job ends, and does not do all that it has. */
static void test_others(void **state)
{
	struct client c = begin("S0K1");
	uint32_t first = c.r->s;

	(void)state;
	vmedia_worker_set_threads(c.r->h.loop, 1);
	client_put(&c, "W.P2", 20);
	client_put(&c, "P3", 30);
	assert_int_equal(client_setup(&c, 5), 5);
	client_await(&c);
	rig_open2(c.r);
	c.r->s = c.r->s2;
	memset(c.busy, 0, sizeof(c.busy));
	client_begin(&c, 2);
	client_put(&c, "W.", 100);
	harness_step(&c.r->h);
	sem_post(&mock.go);
	client_await(&c);
	assert_int_equal(mock.sent, 3);
	sem_post(&mock.go);
	c.r->s = first;
	client_settle(&c);
	assert_string_equal(c.cap, " 1@10k 2@20p 3@30p");
	client_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finished),
		cmocka_unit_test(test_more),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_reference),
		cmocka_unit_test(test_unused),
		cmocka_unit_test(test_released),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
