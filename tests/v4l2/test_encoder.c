/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stateful encoder's contract: from the first picture to the last packet, with a codec that
 * does what its pictures say.
 */
#include "mock_encoder.h"

/* By the book: both queues stream, encode, drain, go on. */
static void test_by_the_book(void **state)
{
	struct enc e = enc_new(4, 3);

	(void)state;
	assert_int_equal(mock_encoder.opens, 0);
	enc_put(&e, "H.Pa", 10);
	enc_expect(&e, " 10", " ha@10k");
	enc_put(&e, "Pb", 20);
	enc_put(&e, "Pc", 30);
	enc_expect(&e, " 20 30", " b@20p c@30p");
	assert_int_equal(enc_command(&e, STOP), 0);
	enc_expect(&e, "", " EOS LAST");
	assert_int_equal(mock_encoder.drains, 1);
	/* what is queued meanwhile waits, and nothing is forgotten */
	enc_put(&e, "Pd", 40);
	enc_expect(&e, "", "");
	assert_int_equal(enc_command(&e, START), 0);
	enc_expect(&e, " 40", " d@40p");
	assert_int_equal(mock_encoder.opens, 1);
	enc_end(&e);
}

/* Neither queue alone makes it begin. */
static void test_start(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct enc e = enc_open();

		e.num_out = 2;
		assert_int_equal(rig_reqbufs(e.r, e.r->s, CAP, MMAP, 2), 2);
		assert_int_equal(rig_reqbufs(e.r, e.r->s, OUT, MMAP, 2), 2);
		enc_put(&e, "Pa", 10);
		assert_int_equal(enc_queue_capture(&e, 0), 0);
		assert_int_equal(rig_stream(e.r, e.r->s, i ? OUT : CAP, true), 0);
		/* nothing to drain, but not an error */
		assert_int_equal(enc_command(&e, STOP), 0);
		enc_expect(&e, "", "");
		assert_int_equal(mock_encoder.opens, 0);
		assert_int_equal(rig_stream(e.r, e.r->s, i ? CAP : OUT, true), 0);
		enc_expect(&e, " 10", " a@10k");
		enc_end(&e);
	}
}

/* B pictures: packets in the order of decoding, each with its own picture's time. */
static void test_reorder(void **state)
{
	struct enc e = enc_new(8, 2);

	(void)state;
	enc_put(&e, "Pa", 10);
	enc_put(&e, "R2Pb", 20);
	enc_put(&e, "Pc", 30);
	enc_expect(&e, " 10 20 30", " a@10k");
	enc_put(&e, "Pd", 40);
	enc_put(&e, "Pe", 50);
	enc_put(&e, "Pf", 60);
	enc_expect(&e, " 40 50 60", " d@40p b@20b c@30b");
	assert_int_equal(enc_command(&e, STOP), 0);
	/* not what comes later */
	enc_put(&e, "Pg", 70);
	assert_int_equal(enc_command(&e, STOP), -EBUSY);
	assert_int_equal(enc_command(&e, START), -EBUSY);
	enc_expect(&e, "", " f@60p e@50b EOS LAST");
	assert_int_equal(mock_encoder.drains, 1);
	assert_int_equal(enc_command(&e, START), 0);
	enc_put(&e, "R0Ph", 80);
	enc_expect(&e, " 70 80", " h@80p g@70b");
	enc_end(&e);
}

/* CMD_STOP with pictures that were not taken yet; an encoder that begins again after it. */
static void test_drain(void **state)
{
	struct enc e = enc_new(4, 2);

	(void)state;
	mock_encoder.ends = true;
	/* before the first picture */
	assert_int_equal(enc_command(&e, STOP), 0);
	enc_expect(&e, "", " EOS LAST");
	assert_int_equal(enc_command(&e, STOP), 0);
	enc_expect(&e, "", "");
	assert_int_equal(enc_queue_capture(&e, 0), 0);
	assert_int_equal(enc_command(&e, START), 0);
	enc_put(&e, "R3Pa", 10);
	enc_put(&e, "Pb", 20);
	enc_put(&e, "Pc", 30);
	assert_int_equal(enc_command(&e, STOP), 0);
	enc_put(&e, "Pd", 40);
	enc_expect(&e, " 10 20 30", " c@30p a@10k b@20b EOS LAST");
	enc_seek(&e);
	enc_put(&e, "R0Pe", 50);
	enc_expect(&e, " 50", " e@50k");
	enc_end(&e);
}

/* A drain without CAPTURE buffers, which come one by one; LAST comes in the last of them. */
static void test_drain_slowly(void **state)
{
	struct enc e = enc_new(4, 1);

	(void)state;
	assert_int_equal(rig_stream(e.r, e.r->s, CAP, false), 0);
	assert_int_equal(rig_stream(e.r, e.r->s, CAP, true), 0);
	enc_put(&e, "Pa", 10);
	enc_put(&e, "Pb", 20);
	assert_int_equal(enc_command(&e, STOP), 0);
	/* one picture is encoded, and its packet waits */
	enc_expect(&e, " 10", "");
	assert_int_equal(enc_queue_capture(&e, 0), 0);
	enc_expect(&e, " 20", " a@10k b@20p EOS LAST");
	enc_end(&e);
}

/* STREAMOFF in a drain: of OUTPUT ends it at once, of CAPTURE gives it up. */
static void test_drain_stopped(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct enc e = enc_new(4, 3);

		enc_put(&e, "R1Pa", 10);
		enc_put(&e, "Pb", 20);
		enc_expect(&e, " 10 20", " b@20p a@10k");
		enc_put(&e, "Pc", 30);
		enc_expect(&e, " 30", "");
		enc_put(&e, "W.Pd", 40);
		enc_await(&e);
		enc_put(&e, "Pe", 50);
		assert_int_equal(enc_command(&e, STOP), 0);
		sem_post(&mock_encoder.go);
		if (i) {
			enc_seek(&e);
			/* the encoder has all that it had got, also what came out too late */
			enc_put(&e, "Pf", 60);
			enc_settle(&e);
			assert_non_null(strstr(e.cap, "d@40p"));
			assert_non_null(strstr(e.cap, "c@30b"));
			assert_non_null(strstr(e.cap, "EOS LAST"));
			assert_null(strstr(e.cap, "e@50"));
		} else {
			enc_restart(&e);
			enc_settle(&e);
			assert_null(strstr(e.cap, "EOS"));
			assert_null(strstr(e.cap, "c@30"));
			/* what was not taken is the new stream's */
			enc_put(&e, "Pf", 60);
			enc_settle(&e);
			assert_int_equal(mock_encoder.opens, 2);
		}
		enc_end(&e);
	}
}

/* STREAMOFF and ON of CAPTURE: a stream of its own, and what the encoder still had is dropped. */
static void test_restart(void **state)
{
	struct enc e = enc_new(4, 2);

	(void)state;
	enc_put(&e, "R2Pa", 10);
	enc_put(&e, "Pb", 20);
	enc_expect(&e, " 10 20", "");
	enc_restart(&e);
	/* closed before there is another picture */
	while (!mock_encoder.closes)
		assert_true(vmedia_loop_step(e.r->h.loop, -1) >= 0);
	enc_expect(&e, "", "");
	enc_put(&e, "H.Pc", 30);
	enc_expect(&e, " 30", " hc@30k");
	assert_int_equal(mock_encoder.opens, 2);
	assert_int_equal(mock_encoder.closes, 1);
	/* OUTPUT's does not end the stream */
	enc_put(&e, "R1Pd", 40);
	enc_expect(&e, " 40", "");
	enc_seek(&e);
	enc_put(&e, "Pe", 50);
	enc_expect(&e, " 50", " e@50p d@40b");
	assert_int_equal(mock_encoder.opens, 2);
	enc_end(&e);
}

/* ---- Parameters ---- */

static void test_controls(void **state)
{
	struct enc e = enc_new(8, 3);

	(void)state;
	assert_int_equal(enc_set(&e, V4L2_CID_MPEG_VIDEO_BITRATE, 2000), 0);
	enc_put(&e, "R2Pa", 10);
	enc_expect(&e, " 10", "");
	assert_int_equal(mock_encoder.bitrate, 2000);
	/* taken over by the open encoder */
	assert_int_equal(enc_set(&e, V4L2_CID_MPEG_VIDEO_BITRATE, 3000), 0);
	enc_expect(&e, "", "");
	assert_int_equal(mock_encoder.updates, 0);
	enc_put(&e, "Pb", 20);
	enc_expect(&e, " 20", "");
	assert_int_equal(mock_encoder.updates, 1);
	assert_int_equal(mock_encoder.bitrate, 3000);
	assert_int_equal(mock_encoder.opens, 1);
	/* not taken over: it is drained, and another begins */
	assert_int_equal(enc_set(&e, V4L2_CID_MPEG_VIDEO_GOP_SIZE, 50), 0);
	enc_put(&e, "Pc", 30);
	enc_put(&e, "Pd", 40);
	enc_expect(&e, " 30 40", " b@20p a@10k c@30k d@40p");
	assert_int_equal(mock_encoder.opens, 2);
	assert_int_equal(mock_encoder.drains, 1);
	/* set back before a picture comes: nothing has changed */
	assert_int_equal(enc_set(&e, V4L2_CID_MPEG_VIDEO_GOP_SIZE, 51), 0);
	assert_int_equal(enc_set(&e, V4L2_CID_MPEG_VIDEO_GOP_SIZE, 50), 0);
	enc_put(&e, "Pe", 50);
	enc_expect(&e, " 50", " e@50p");
	assert_int_equal(mock_encoder.opens, 2);
	enc_end(&e);
}

/* Another encoder, and one CAPTURE buffer for the packets of the one before; then a drain. */
static void test_replace_slowly(void **state)
{
	struct enc e = enc_new(8, 1);

	(void)state;
	enc_put(&e, "R3Pa", 10);
	enc_put(&e, "Pb", 20);
	enc_put(&e, "Pc", 30);
	enc_expect(&e, " 10 20 30", "");
	assert_int_equal(enc_set(&e, V4L2_CID_MPEG_VIDEO_GOP_SIZE, 50), 0);
	enc_put(&e, "R1Pd", 40);
	enc_put(&e, "Pe", 50);
	enc_put(&e, "Pf", 60);
	assert_int_equal(enc_command(&e, STOP), 0);
	enc_expect(&e, " 40 50 60",
		   " c@30p a@10k b@20b e@50p d@40k f@60p EOS LAST");
	enc_end(&e);
}

/* FORCE_KEY_FRAME: the next buffer that is queued, and no other. */
static void test_key(void **state)
{
	struct enc e = enc_new(8, 4);

	(void)state;
	enc_put(&e, "Pa", 10);
	enc_expect(&e, " 10", " a@10k");
	enc_put(&e, "W.Pb", 20);
	enc_await(&e);
	enc_put(&e, "Pc", 30);
	assert_int_equal(enc_set(&e, V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 0), 0);
	enc_put(&e, "Pd", 40);
	enc_put(&e, "Pe", 50);
	assert_int_equal(enc_set(&e, V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 1), 0);
	enc_put(&e, "Pf", 60);
	sem_post(&mock_encoder.go);
	enc_expect(&e, " 20 30 40 50 60", " b@20p c@30p d@40k e@50p f@60k");
	enc_end(&e);
}

static void s_parm(struct enc *e, uint32_t type, uint32_t fps)
{
	PAYLOAD(a);

	a.streamparm.type = type;
	if (type == OUT)
		a.streamparm.parm.output.timeperframe = (struct vmedia_fract){ 1, fps };
	else
		a.streamparm.parm.capture.timeperframe = (struct vmedia_fract){ 1, fps };
	assert_int_equal(rig_ioctl(e->r, e->r->s, VMEDIA_NR_S_PARM, &a), 0);
}

static uint32_t g_parm(struct enc *e, uint32_t type)
{
	PAYLOAD(a);

	a.streamparm.type = type;
	assert_int_equal(rig_ioctl(e->r, e->r->s, VMEDIA_NR_G_PARM, &a), 0);
	if (type == OUT)
		return a.streamparm.parm.output.timeperframe.denominator;
	return a.streamparm.parm.capture.timeperframe.denominator;
}

/* OUTPUT's rate sets both, CAPTURE's only its own, which is the stream's; while running, too. */
static void test_rate(void **state)
{
	struct enc e = enc_open();

	(void)state;
	assert_int_equal(g_parm(&e, OUT), 30);
	assert_int_equal(g_parm(&e, CAP), 30);
	s_parm(&e, OUT, 24);
	assert_int_equal(g_parm(&e, CAP), 24);
	s_parm(&e, CAP, 12);
	assert_int_equal(g_parm(&e, OUT), 24);
	/* another size keeps them */
	assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_NV12, 80, 48, 0, NULL), 0);
	assert_int_equal(g_parm(&e, CAP), 12);
	enc_begin(&e, 4, 2);
	enc_put(&e, "Pa", 10);
	enc_expect(&e, " 10", " a@10k");
	assert_int_equal(mock_encoder.params.interval.denominator, 12);
	s_parm(&e, OUT, 60);
	enc_put(&e, "Pb", 20);
	enc_expect(&e, " 20", " b@20k");
	assert_int_equal(mock_encoder.params.interval.denominator, 60);
	s_parm(&e, OUT, 0);
	assert_int_equal(g_parm(&e, OUT), 30);
	s_parm(&e, CAP, 1000);
	assert_int_equal(g_parm(&e, CAP), 120);
	s_parm(&e, CAP, 0);
	assert_int_equal(g_parm(&e, CAP), 30);
	enc_end(&e);
}

/* ---- Errors ---- */

/* A packet that is larger than its buffer is lost; the next picture is a key picture. */
static void test_too_large(void **state)
{
	struct enc e = enc_open();
	struct vmedia_buf *b;
	uint8_t *at;

	(void)state;
	assert_int_equal(enc_s_fmt(&e, CAP, V4L2_PIX_FMT_VP8, 0, 0, 0, NULL), 0);
	assert_int_equal(enc_g_fmt(&e, CAP).plane_fmt[0].sizeimage, 2000);
	enc_begin(&e, 4, 3);
	for (uint32_t i = 0; i < 3; i++) {
		b = vmedia_queue_buf(vmedia_m2m_dst(enc_ctx(&e)), i);
		assert_int_equal(b->planes[0].length, 2000);
		memset(vmedia_buf_plane(b, 0), 0x5a, 4096);
	}
	enc_put(&e, "Pa", 10);
	/* fits exactly; not with a byte of header before it */
	enc_put(&e, "Z2Pb", 20);
	enc_expect(&e, " 10 20", " a@10k b@20p");
	enc_put(&e, "H.Z2Pc", 30);
	enc_expect(&e, " 30", " EMPTY!");
	for (uint32_t i = 0; i < 3; i++) {
		at = vmedia_buf_plane(vmedia_queue_buf(vmedia_m2m_dst(enc_ctx(&e)), i), 0);
		assert_int_equal(at[2000], 0x5a);
		assert_int_not_equal(at[0], 'h');
	}
	enc_put(&e, "Pd", 40);
	enc_put(&e, "Pe", 50);
	enc_expect(&e, " 40 50", " d@40k e@50p");
	enc_end(&e);
}

/* A picture that cannot be encoded: its buffer says so, and the others are encoded. */
static void test_bad_picture(void **state)
{
	struct enc e = enc_new(4, 2);

	(void)state;
	enc_put(&e, "Pa", 10);
	enc_put(&e, "E.", 20);
	enc_put(&e, "Pc", 30);
	enc_expect(&e, " 10 20! 30", " a@10k c@30p");
	enc_end(&e);
}

/* The encoder fails, or there is none: EIO until STREAMOFF; then it works. */
static void test_fatal(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct enc e = enc_new(4, 2);

		mock_encoder.open_err = i ? -ENOMEM : 0;
		enc_put(&e, "F.", 10);
		enc_expect(&e, " 10!", " EMPTY! EMPTY!");
		assert_int_equal(mock_encoder.opens, mock_encoder.closes);
		assert_int_equal(enc_queue_output(&e, 1), -EIO);
		assert_int_equal(enc_queue_capture(&e, 1), -EIO);
		assert_int_equal(enc_command(&e, STOP), 0);
		mock_encoder.open_err = 0;
		enc_seek(&e);
		enc_put(&e, "Pa", 20);
		enc_settle(&e);
		enc_restart(&e);
		enc_settle(&e);
		assert_non_null(strstr(e.cap, "a@20k"));
		enc_end(&e);
	}
}

/* The pictures of all sessions have a limit; what is closed does not count. */
static void test_too_many(void **state)
{
	uint32_t first, second;
	struct enc e;

	(void)state;
	enc_max_pixels = 64 * 48 * 2 - 1;
	e = enc_new(2, 2);
	enc_max_pixels = 0;
	enc_put(&e, "Pa", 10);
	enc_expect(&e, " 10", " a@10k");
	first = e.r->s;
	assert_int_equal(harness_open(&e.r->h, &second), 0);
	e.r->s = second;
	assert_int_equal(enc_s_fmt(&e, CAP, V4L2_PIX_FMT_H264, 0, 0, 0, NULL), 0);
	assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_NV12, 64, 48, 0, NULL), 0);
	assert_int_equal(rig_reqbufs(e.r, second, CAP, MMAP, 2), 2);
	assert_int_equal(rig_reqbufs(e.r, second, OUT, MMAP, 2), 2);
	assert_int_equal(rig_stream(e.r, second, OUT, true), 0);
	assert_int_equal(rig_stream(e.r, second, CAP, true), -EBUSY);
	assert_int_equal(rig_stream(e.r, first, CAP, false), 0);
	assert_int_equal(rig_stream(e.r, second, CAP, true), 0);
	assert_int_equal(rig_stream(e.r, first, CAP, true), -EBUSY);
	assert_int_equal(harness_close(&e.r->h, second), 0);
	assert_int_equal(rig_stream(e.r, first, CAP, true), 0);
	e.r->s = first;
	enc_end(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_the_book),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_reorder),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_drain_slowly),
		cmocka_unit_test(test_drain_stopped),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_controls),
		cmocka_unit_test(test_replace_slowly),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_bad_picture),
		cmocka_unit_test(test_fatal),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
