/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Encoders whose queues, sessions or guests end while a job runs. The job waits in the codec for
 * the test's word. For TSan too.
 */
#include "mock_encoder.h"

/* A job that has written one packet, and has sent the second picture of three, waits. */
static struct enc waiting(void)
{
	struct enc e = enc_new(4, 3);

	enc_put(&e, "Pz", 1);
	enc_expect(&e, " 1", " z@1k");
	assert_int_equal(rig_stream(e.r, e.r->s, OUT, false), 0);
	enc_put(&e, "Pa", 10);
	enc_put(&e, "W.Pb", 20);
	enc_put(&e, "Pc", 30);
	assert_int_equal(rig_stream(e.r, e.r->s, OUT, true), 0);
	enc_await(&e);
	assert_int_equal(mock_encoder.sent, 3);
	return e;
}

/* The session is new, and encodes. */
static void check_works(struct enc *e)
{
	memset(e->busy, 0, sizeof(e->busy));
	e->out[0] = e->cap[0] = '\0';
	assert_int_equal(harness_open(&e->r->h, &e->r->s), 0);
	assert_int_equal(enc_s_fmt(e, CAP, V4L2_PIX_FMT_H264, 0, 0, 0, NULL), 0);
	assert_int_equal(enc_s_fmt(e, OUT, V4L2_PIX_FMT_NV12, 64, 48, 0, NULL), 0);
	enc_begin(e, 4, 2);
	enc_put(e, "Pg", 70);
	enc_expect(e, " 70", " g@70k");
}

/* STREAMOFF waits for the job. What it did not get to comes afterwards, or is dropped. */
static void test_streamoff(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct enc e = waiting();
		struct harness_req *req;
		struct vmedia_cmd cmd;

		harness_cmd_ioctl(&cmd, e.r->s, VMEDIA_NR_STREAMOFF);
		cmd.io.arg.u32 = i ? OUT : CAP;
		req = harness_offer_cmd(&e.r->h, &cmd);
		harness_kick(&e.r->h, VMEDIA_QUEUE_COMMAND);
		harness_step(&e.r->h);
		harness_collect(&e.r->h);
		assert_false(req->used);
		sem_post(&mock_encoder.go);
		enc_settle(&e);
		harness_collect(&e.r->h);
		assert_true(req->used);
		assert_int_equal(harness_answered(&e.r->h, req, &cmd), 0);
		if (i) {
			enc_expect(&e, "", " a@10p");
			enc_seek(&e);
			enc_put(&e, "Pd", 40);
			enc_expect(&e, " 40", " b@20p d@40p");
		} else {
			enc_expect(&e, " 10 20", "");
			enc_restart(&e);
			enc_expect(&e, " 30", " c@30k");
		}
		enc_end(&e);
	}
}

/* CLOSE is answered at once; the codec is closed when its job has ended. */
static void test_close(void **state)
{
	struct enc e = waiting();

	(void)state;
	assert_int_equal(harness_close(&e.r->h, e.r->s), 0);
	assert_int_equal(mock_encoder.closes, 0);
	/* others do not wait for it */
	check_works(&e);
	assert_int_equal(mock_encoder.closes, 0);
	sem_post(&mock_encoder.go);
	while (!mock_encoder.closes)
		assert_true(vmedia_loop_step(e.r->h.loop, -1) >= 0);
	enc_end(&e);
}

/* CLOSE is answered at once, although the codec takes long to close. */
static void test_slow_close(void **state)
{
	struct enc e = enc_new(4, 3);

	(void)state;
	enc_put(&e, "Pz", 1);
	enc_expect(&e, " 1", " z@1k");
	mock_encoder.slow_close = true;
	assert_int_equal(harness_close(&e.r->h, e.r->s), 0);
	assert_int_equal(mock_encoder.closes, 0);
	check_works(&e);
	assert_int_equal(mock_encoder.closes, 0);
	/* This one, and the one of check_works(). */
	sem_post(&mock_encoder.go);
	sem_post(&mock_encoder.go);
	while (!mock_encoder.closes)
		assert_true(vmedia_loop_step(e.r->h.loop, -1) >= 0);
	enc_end(&e);
}

/* The same for a session whose next job has not begun, since all threads are busy. */
static void test_close_queued(void **state)
{
	struct enc e = enc_new(4, 3);
	uint32_t first = e.r->s;

	(void)state;
	enc_put(&e, "Pz", 1);
	enc_expect(&e, " 1", " z@1k");
	check_works(&e);
	vmedia_worker_set_threads(e.r->h.loop, 1);
	enc_put(&e, "W.Ph", 80);
	enc_await(&e);
	e.r->s = first;
	memset(e.busy, 0, sizeof(e.busy));
	enc_put(&e, "Pa", 10);
	assert_int_equal(harness_close(&e.r->h, first), 0);
	harness_step(&e.r->h);
	assert_int_equal(mock_encoder.closes, 0);
	sem_post(&mock_encoder.go);
	while (!mock_encoder.closes)
		assert_true(vmedia_loop_step(e.r->h.loop, -1) >= 0);
	enc_end(&e);
}

/* The guest resets the device. */
static void test_reset(void **state)
{
	struct enc e = waiting();

	(void)state;
	harness_restart(&e.r->h);
	harness_forget(&e.r->h);
	harness_post_events(&e.r->h, 32, VMEDIA_EVT_DQBUF_SIZE);
	check_works(&e);
	sem_post(&mock_encoder.go);
	while (!mock_encoder.closes)
		assert_true(vmedia_loop_step(e.r->h.loop, -1) >= 0);
	enc_end(&e);
}

/* The device ends with a session that encodes, and with one that was closed meanwhile. */
static void test_destroy(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct enc e = waiting();

		if (i)
			assert_int_equal(harness_close(&e.r->h, e.r->s), 0);
		sem_post(&mock_encoder.go);
		enc_end(&e);
		assert_int_equal(mock_encoder.closes, 1);
	}
}

/*
 * The guest's queues stop: the job is asked to stop, and does nothing more when it goes on; later
 * the encoder continues where it was. @late: the job takes longer than the loop waits.
 */
static void queue_stops(bool late)
{
	struct enc e = waiting();

	if (!late)
		sem_post(&mock_encoder.go);
	vmedia_device_queue_stop(e.r->dev, VMEDIA_QUEUE_COMMAND);
	if (late)
		sem_post(&mock_encoder.go);
	for (int i = 0; i < 8; i++)
		harness_step(&e.r->h);
	harness_kick(&e.r->h, VMEDIA_QUEUE_COMMAND);
	enc_expect(&e, " 10 20 30", " a@10p b@20p c@30p");
	enc_end(&e);
}

static void test_queue_stops(void **state)
{
	(void)state;
	queue_stops(false);
	queue_stops(true);
}

/* The encoder fails in a STREAMOFF that waits for it: that queue begins anew at once. */
static void test_fatal_in_streamoff(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct enc e = enc_new(4, 2);
		struct harness_req *req;
		struct vmedia_cmd cmd;

		enc_put(&e, "W.F.", 10);
		enc_await(&e);
		harness_cmd_ioctl(&cmd, e.r->s, VMEDIA_NR_STREAMOFF);
		cmd.io.arg.u32 = i ? OUT : CAP;
		req = harness_offer_cmd(&e.r->h, &cmd);
		harness_kick(&e.r->h, VMEDIA_QUEUE_COMMAND);
		sem_post(&mock_encoder.go);
		enc_settle(&e);
		harness_collect(&e.r->h);
		assert_true(req->used);
		assert_int_equal(harness_answered(&e.r->h, req, &cmd), 0);
		assert_int_equal(enc_queue_output(&e, 3), i ? 0 : -EIO);
		assert_int_equal(enc_queue_capture(&e, 1), i ? -EIO : 0);
		enc_end(&e);
	}
}

/* More pictures than a job takes, and more packets than there are buffers. */
static void test_batches(void **state)
{
	struct enc e = enc_new(32, 1);
	char out[256] = "", cap[1024] = "";

	(void)state;
	enc_put(&e, "W.Pz", 1);
	enc_await(&e);
	for (char i = 0; i < 26; i++) {
		char picture[] = { 'P', (char)('A' + i), 0 };

		enc_put(&e, picture, 10 + (uint32_t)i);
		snprintf(out + strlen(out), sizeof(out) - strlen(out), " %d", 10 + i);
		snprintf(cap + strlen(cap), sizeof(cap) - strlen(cap), " %c@%dp", 'A' + i, 10 + i);
	}
	sem_post(&mock_encoder.go);
	enc_settle(&e);
	assert_int_equal(memcmp(e.out, " 1", 2), 0);
	assert_string_equal(e.out + 2, out);
	assert_int_equal(memcmp(e.cap, " z@1k", 5), 0);
	assert_string_equal(e.cap + 5, cap);
	e.out[0] = e.cap[0] = '\0';
	assert_int_equal(enc_command(&e, STOP), 0);
	enc_expect(&e, "", " EOS LAST");
	enc_end(&e);
}

/* A packet whose picture is long ago: its time is not known any more, and is 0. */
static void test_late(void **state)
{
	struct enc e = enc_new(4, 2);

	(void)state;
	enc_put(&e, "R1Pa", 10);
	enc_expect(&e, " 10", "");
	for (unsigned int i = 0; i < 512; i++) {
		enc_put(&e, "", 20);
		enc_expect(&e, " 20", "");
	}
	enc_put(&e, "Pb", 30);
	enc_expect(&e, " 30", " b@30p a@0k");
	enc_end(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streamoff),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_slow_close),
		cmocka_unit_test(test_close_queued),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_destroy),
		cmocka_unit_test(test_queue_stops),
		cmocka_unit_test(test_fatal_in_streamoff),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
