/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Decoders whose queues, sessions or guests end while a job runs. The job waits in the codec for
 * the test's word. For TSan too.
 */
#include "mock_codec.h"

/* A job that has sent two packets of three, and has written one picture, waits. */
static struct client waiting(void)
{
	struct client c = client_new(false, false);

	client_put(&c, "S0", 1);
	client_expect(&c, " 1", " CHANGE");
	client_put(&c, "K1", 10);
	client_put(&c, "W.P2", 20);
	client_put(&c, "P3", 30);
	client_setup(&c, 3);
	client_await(&c);
	assert_int_equal(mock.sent, 3);
	return c;
}

/* The session is new, and decodes. */
static void check_works(struct client *c)
{
	memset(c->busy, 0, sizeof(c->busy));
	c->out[0] = c->cap[0] = '\0';
	assert_int_equal(harness_open(&c->r->h, &c->r->s), 0);
	client_begin(c, 8);
	client_setup(c, 2);
	client_put(c, "S0K7", 70);
	client_settle(c);
	client_restart(c, 2);
	client_expect(c, " 70", " LAST 7@70k");
}

/* STREAMOFF waits for the job. What it did not get to comes afterwards, or is dropped. */
static void test_streamoff(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct client c = waiting();
		struct harness_req *req;
		struct vmedia_cmd cmd;

		harness_cmd_ioctl(&cmd, c.r->s, VMEDIA_NR_STREAMOFF);
		cmd.io.arg.u32 = i ? OUT : CAP;
		req = harness_offer_cmd(&c.r->h, &cmd);
		harness_kick(&c.r->h, VMEDIA_QUEUE_COMMAND);
		harness_step(&c.r->h);
		harness_collect(&c.r->h);
		assert_false(req->used);
		sem_post(&mock.go);
		client_settle(&c);
		harness_collect(&c.r->h);
		assert_true(req->used);
		assert_int_equal(harness_answered(&c.r->h, req, &cmd), 0);
		if (i) {
			client_expect(&c, "", " 1@10k");
			client_seek(&c);
			client_put(&c, "K4", 40);
			client_expect(&c, " 40", " 4@40k");
			assert_int_equal(mock.resets, 1);
		} else {
			client_expect(&c, " 10 20", "");
			client_restart(&c, 3);
			client_expect(&c, " 30", " 2@20p 3@30p");
		}
		client_end(&c);
	}
}

/* CLOSE is answered at once; the codec is closed when its job has ended. */
static void test_close(void **state)
{
	struct client c = waiting();

	(void)state;
	assert_int_equal(harness_close(&c.r->h, c.r->s), 0);
	assert_int_equal(mock.closes, 0);
	/* others do not wait for it */
	check_works(&c);
	assert_int_equal(mock.closes, 0);
	sem_post(&mock.go);
	while (!mock.closes)
		assert_true(vmedia_loop_step(c.r->h.loop, -1) >= 0);
	assert_int_equal(mock.sent, 4);
	client_end(&c);
}

/* The guest resets the device. */
static void test_reset(void **state)
{
	struct client c = waiting();

	(void)state;
	harness_restart(&c.r->h);
	harness_forget(&c.r->h);
	harness_post_events(&c.r->h, 32, VMEDIA_EVT_DQBUF_SIZE);
	check_works(&c);
	sem_post(&mock.go);
	while (!mock.closes)
		assert_true(vmedia_loop_step(c.r->h.loop, -1) >= 0);
	client_end(&c);
}

/* The device ends with a session that decodes, and with one that was closed meanwhile. */
static void test_destroy(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct client c = waiting();

		if (i)
			assert_int_equal(harness_close(&c.r->h, c.r->s), 0);
		sem_post(&mock.go);
		client_end(&c);
		assert_int_equal(mock.closes, 1);
	}
}

/*
 * The guest's queues stop: the job is asked to stop, and does nothing more when it goes on; later
 * the decoder continues where it was. @late: the job takes longer than the loop waits.
 */
static void queue_stops(bool late)
{
	struct client c = waiting();

	if (!late)
		sem_post(&mock.go);
	vmedia_device_queue_stop(c.r->dev, VMEDIA_QUEUE_COMMAND);
	if (late)
		sem_post(&mock.go);
	for (int i = 0; i < 8; i++)
		harness_step(&c.r->h);
	harness_kick(&c.r->h, VMEDIA_QUEUE_COMMAND);
	client_expect(&c, " 10 20 30", " 1@10k 2@20p 3@30p");
	client_end(&c);
}

static void test_queue_stops(void **state)
{
	(void)state;
	queue_stops(false);
	queue_stops(true);
}

/* The same when the job has got the first picture: its header is told later. */
static void test_queue_stops_at_header(void **state)
{
	struct client c = client_new(false, false);

	(void)state;
	mock.receive_waits = true;
	client_put(&c, "S0K1", 10);
	client_await(&c);
	vmedia_device_queue_stop(c.r->dev, VMEDIA_QUEUE_COMMAND);
	sem_post(&mock.go);
	client_settle(&c);
	mock.receive_waits = false;
	harness_kick(&c.r->h, VMEDIA_QUEUE_COMMAND);
	client_expect(&c, " 10", " CHANGE");
	client_setup(&c, 2);
	client_expect(&c, "", " 1@10k");
	client_end(&c);
}

/*
 * The same when the first job after a seek has not begun, since another session has the thread.
 * Before the seek the codec had a picture, and CAPTURE no buffer.
 */
static void test_queue_stops_at_seek(void **state)
{
	struct client c = client_open(false, false);
	uint32_t first = c.r->s;

	(void)state;
	vmedia_worker_set_threads(c.r->h.loop, 1);
	client_begin(&c, 8);
	client_put(&c, "S0K1P2", 10);
	client_expect(&c, " 10", " CHANGE");
	c.keep = true;
	client_setup(&c, 1);
	client_expect(&c, "", " 1@10k");
	rig_open2(c.r);
	c.r->s = c.r->s2;
	client_begin(&c, 8);
	client_put(&c, "W.", 20);
	client_await(&c);
	c.r->s = first;
	client_seek(&c);
	client_put(&c, "K3", 30);
	vmedia_device_queue_stop(c.r->dev, VMEDIA_QUEUE_COMMAND);
	sem_post(&mock.go);
	harness_kick(&c.r->h, VMEDIA_QUEUE_COMMAND);
	client_settle(&c);
	/* in either order */
	assert_non_null(strstr(c.out, " 20"));
	assert_non_null(strstr(c.out, " 30"));
	client_end(&c);
}

/* More packets than a job takes, and more pictures than there are buffers. */
static void test_batches(void **state)
{
	struct client c = client_open(false, false);
	char out[256] = "", cap[1024] = "";

	(void)state;
	client_begin(&c, 32);
	client_put(&c, "S0", 1);
	client_expect(&c, " 1", " CHANGE");
	for (char i = 0; i < 26; i++) {
		char packet[] = { 'P', (char)('a' + i), 'P', (char)('A' + i), 0 };

		client_put(&c, packet, 10 + (uint32_t)i);
		snprintf(out + strlen(out), sizeof(out) - strlen(out), " %d", 10 + i);
		snprintf(cap + strlen(cap), sizeof(cap) - strlen(cap), " %c@%dp %c@%dp", 'A' + i,
			 10 + i, 'a' + i, 10 + i);
	}
	client_setup(&c, 1);
	client_expect(&c, out, cap);
	assert_int_equal(client_command(&c, STOP), 0);
	client_expect(&c, "", " EOS LAST");
	client_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streamoff),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_destroy),
		cmocka_unit_test(test_queue_stops),
		cmocka_unit_test(test_queue_stops_at_header),
		cmocka_unit_test(test_queue_stops_at_seek),
		cmocka_unit_test(test_batches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
