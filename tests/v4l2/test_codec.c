/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stateful decoder's contract: from the first packet to the last picture, with a codec that
 * does what its packets say.
 */
#include "mock_codec.h"

static struct vmedia_pix_format_mplane capture_format(struct client *c)
{
	return rig_format(c->r, c->r->s, CAP).fmt.pix_mp;
}

static void check_rect(struct client *c, uint32_t target, uint32_t w, uint32_t h)
{
	struct vmedia_rect r = client_selection(c, target);

	assert_int_equal(r.left, 0);
	assert_int_equal(r.top, 0);
	assert_int_equal(r.width, w);
	assert_int_equal(r.height, h);
}

static int64_t min_buffers(struct client *c)
{
	PAYLOAD(a);

	a.control.id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE;
	assert_int_equal(rig_ioctl(c->r, c->r->s, VMEDIA_NR_G_CTRL, &a), 0);
	return a.control.value;
}

/* By the book: a header with OUTPUT alone, CAPTURE set up from what it says, decode, drain. */
static void test_by_the_book(void **state)
{
	struct client c = client_new(false, false);

	(void)state;
	assert_int_equal(mock.opens, 0);
	client_put(&c, "R2", 10);
	client_expect(&c, " 10", "");
	client_put(&c, "S1B5", 20);
	client_expect(&c, " 20", " CHANGE");
	assert_int_equal(capture_format(&c).width, 30);
	assert_int_equal(capture_format(&c).height, 18);
	assert_int_equal(rig_format(c.r, c.r->s, OUT).fmt.pix_mp.width, 32);
	assert_int_equal(min_buffers(&c), 5);
	check_rect(&c, V4L2_SEL_TGT_CROP_BOUNDS, 32, 32);
	check_rect(&c, V4L2_SEL_TGT_CROP, 29, 17);
	check_rect(&c, V4L2_SEL_TGT_CROP_DEFAULT, 29, 17);
	check_rect(&c, V4L2_SEL_TGT_COMPOSE, 29, 17);
	check_rect(&c, V4L2_SEL_TGT_COMPOSE_DEFAULT, 29, 17);
	check_rect(&c, V4L2_SEL_TGT_COMPOSE_BOUNDS, 29, 17);
	check_rect(&c, V4L2_SEL_TGT_COMPOSE_PADDED, 29, 17);
	/* no packet is taken before CAPTURE is there */
	client_put(&c, "K1", 30);
	client_put(&c, "P3", 40);
	client_put(&c, "P2", 50);
	client_expect(&c, "", "");
	assert_int_equal(client_setup(&c, 1), 5);
	client_put(&c, "P4P5", 60);
	client_expect(&c, " 30 40 50 60", " 1@30k 2@50p 3@40p");
	client_put(&c, "E.", 70);
	client_put(&c, "X6", 80);
	client_put(&c, "I7", 90);
	client_expect(&c, " 70! 80 90", " 4@60p 5@60p");
	assert_int_equal(client_command(&c, STOP), 0);
	client_expect(&c, "", " 6@80p! 7@90pi EOS LAST");
	assert_int_equal(mock.drains, 1);
	client_end(&c);
}

/* A codec that tells its header with its first picture only. */
static void test_late_header(void **state)
{
	struct client c = client_new(true, false);

	(void)state;
	client_put(&c, "S0", 10);
	client_put(&c, "R1", 15);
	client_put(&c, "K1", 20);
	client_expect(&c, " 10 15 20", "");
	client_put(&c, "P2", 30);
	client_expect(&c, " 30", " CHANGE");
	client_setup(&c, 2);
	client_expect(&c, "", " 1@20k");
	client_end(&c);
}

/* FFmpeg: both queues are set up, of the right size, before there is a header. No stop. */
static void test_early_capture(void **state)
{
	struct client c = client_open(false, false);

	(void)state;
	assert_int_equal(client_s_fmt(&c, OUT, V4L2_PIX_FMT_H264, 64, 48, NULL), 0);
	assert_int_equal(client_s_fmt(&c, CAP, V4L2_PIX_FMT_YUV420M, 64, 48, NULL), 0);
	client_begin(&c, 4);
	client_setup(&c, 4);
	assert_int_equal(client_command(&c, START), 0);
	client_put(&c, "S5K1", 10);
	client_put(&c, "P2", 20);
	client_expect(&c, " 10 20", " CHANGE 1@10k 2@20p");
	assert_int_equal(capture_format(&c).pixelformat, V4L2_PIX_FMT_YUV420M);
	client_end(&c);
}

/* The same, and of another size, or another depth: a resolution change. */
static void test_early_wrong(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct client c = client_new(false, false);

		assert_int_equal(client_s_fmt(&c, CAP, V4L2_PIX_FMT_NV12, 64, 48, NULL), 0);
		client_setup(&c, 4);
		client_put(&c, i ? "S0T1K1" : "S2K1", 10);
		client_put(&c, "P2", 20);
		client_expect(&c, " 10", " CHANGE LAST");
		assert_int_equal(capture_format(&c).pixelformat,
				 i ? V4L2_PIX_FMT_P010 : V4L2_PIX_FMT_NV12);
		client_restart(&c, 4);
		client_expect(&c, " 20", " 1@10k 2@20p");
		client_end(&c);
	}
}

/* Sizes in mid-stream: nothing is lost, and CMD_START goes on if the buffers are large enough. */
static void test_new_sizes(void **state)
{
	struct client c = client_new(false, false);

	(void)state;
	client_put(&c, "S2R1K1P2", 10);
	client_expect(&c, " 10", " CHANGE");
	client_setup(&c, 3);
	client_put(&c, "S1K5", 20);
	client_put(&c, "P6", 30);
	client_expect(&c, " 20 30", " 1@10k 2@10p CHANGE LAST");
	assert_int_equal(capture_format(&c).width, 30);
	/* smaller pictures fit into the buffers that are there */
	assert_int_equal(client_command(&c, START), 0);
	client_put(&c, "P7", 40);
	client_expect(&c, " 40", " 5@20k 6@30p");
	client_put(&c, "S2K1", 50);
	client_put(&c, "P2", 60);
	client_expect(&c, " 50 60", " 7@40p CHANGE LAST");
	client_restart(&c, 3);
	client_expect(&c, "", " 1@50k");
	/* each of what the contract lists is a change: buffers, depth, the visible part */
	client_put(&c, "R0B2P3", 70);
	client_expect(&c, " 70", " 2@60p CHANGE LAST");
	assert_int_equal(min_buffers(&c), 2);
	assert_int_equal(client_restart(&c, 1), 2);
	client_put(&c, "T1P4", 80);
	client_expect(&c, " 80", " 3@70p CHANGE LAST");
	assert_int_equal(capture_format(&c).pixelformat, V4L2_PIX_FMT_P010);
	client_restart(&c, 2);
	client_expect(&c, "", " 4@80p");
	client_put(&c, "T0S5P1", 100);
	client_expect(&c, " 100", " CHANGE LAST");
	client_restart(&c, 2);
	client_put(&c, "S0P2", 110);
	client_expect(&c, " 110", " 1@100p CHANGE LAST");
	client_restart(&c, 2);
	client_expect(&c, "", " 2@110p");
	client_end(&c);
}

/* CMD_STOP when a change comes out of what is drained, and in the change. */
static void test_drain_in_change(void **state)
{
	struct client c = client_new(false, false);

	(void)state;
	client_put(&c, "S0R3K1", 10);
	client_expect(&c, " 10", " CHANGE");
	client_setup(&c, 3);
	client_put(&c, "S2K2", 20);
	client_put(&c, "P3", 30);
	assert_int_equal(client_command(&c, STOP), 0);
	/* not what comes later */
	client_put(&c, "P4", 40);
	client_expect(&c, " 20 30", " 1@10k CHANGE LAST");
	assert_int_equal(client_command(&c, STOP), -EBUSY);
	client_restart(&c, 3);
	client_expect(&c, "", " 2@20k 3@30p EOS LAST");
	assert_int_equal(client_command(&c, START), 0);
	client_put(&c, "S0K5R0", 50);
	client_expect(&c, " 40 50", " 4@40p CHANGE LAST");
	/* in the change */
	assert_int_equal(client_command(&c, STOP), 0);
	client_put(&c, "P6", 60);
	client_restart(&c, 3);
	client_expect(&c, "", " 5@50k EOS LAST");
	client_restart(&c, 3);
	client_expect(&c, " 60", " 6@60p");
	client_end(&c);
}

/* START after a drain: a codec that keeps its state goes on, one that cannot waits for a key. */
static void test_start(void **state)
{
	(void)state;
	for (int forgets = 0; forgets < 2; forgets++) {
		struct client c = client_new(false, forgets);

		client_put(&c, "S0K1", 10);
		client_expect(&c, " 10", " CHANGE");
		client_setup(&c, 3);
		for (int i = 0; i < 2; i++) {
			assert_int_equal(client_command(&c, STOP), 0);
			client_put(&c, "P2", 20);
			client_expect(&c, "", i ? " EOS LAST" : " 1@10k EOS LAST");
			if (i)
				client_restart(&c, 3);
			else
				assert_int_equal(client_command(&c, START), 0);
			client_put(&c, "K3", 30);
			client_expect(&c, " 20 30", forgets ? " 3@30k" : " 2@20p 3@30k");
		}
		/* a drain of nothing */
		assert_int_equal(client_command(&c, STOP), 0);
		client_expect(&c, "", " EOS LAST");
		assert_int_equal(client_command(&c, START), 0);
		assert_int_equal(client_command(&c, STOP), 0);
		client_expect(&c, "", " EOS LAST");
		client_end(&c);
	}
}

/* A drain that is given up, and another one: the first one's pictures come, and one LAST. */
static void test_drain_given_up(void **state)
{
	struct client c = client_new(false, false);

	(void)state;
	client_put(&c, "S0R8K1P2P3P4", 10);
	client_expect(&c, " 10", " CHANGE");
	c.keep = true;
	client_setup(&c, 1);
	assert_int_equal(client_command(&c, STOP), 0);
	client_expect(&c, "", " 1@10k");
	client_restart(&c, 1);
	client_expect(&c, "", " 2@10p");
	/* the first one's end is not the second one's */
	client_put(&c, "P5", 20);
	assert_int_equal(client_command(&c, STOP), 0);
	assert_int_equal(client_command(&c, STOP), -EBUSY);
	c.keep = false;
	assert_int_equal(rig_queue(c.r, c.r->s, CAP, 0), 0);
	client_expect(&c, " 20", " 3@10p 4@10p 5@20p EOS LAST");
	assert_int_equal(mock.drains, 2);
	client_end(&c);
}

/* A drain before there is a header. CAPTURE is taken down, and headers are looked for again. */
static void test_drain_first(void **state)
{
	struct client c = client_new(false, false);

	(void)state;
	client_setup(&c, 2);
	assert_int_equal(client_command(&c, STOP), 0);
	client_expect(&c, "", " EOS LAST");
	client_put(&c, "S0K1", 10);
	client_expect(&c, "", "");
	assert_int_equal(rig_stream(c.r, c.r->s, CAP, false), 0);
	client_expect(&c, " 10", " CHANGE");
	client_setup(&c, 2);
	client_expect(&c, "", " 1@10k");
	client_end(&c);
}

/* Seeks: what was held is dropped, also in a drain and after it, and no header is told twice. */
static void test_seek(void **state)
{
	struct client c = client_new(false, false);

	(void)state;
	client_put(&c, "S0R2K1P2", 10);
	client_expect(&c, " 10", " CHANGE");
	client_setup(&c, 2);
	client_put(&c, "P3", 20);
	client_expect(&c, " 20", " 1@10k");
	client_seek(&c);
	client_put(&c, "K4P5P6", 30);
	client_expect(&c, " 30", " 4@30k");
	assert_int_equal(mock.resets, 1);
	/* in a change that is not handled: the new header is the driver's */
	client_put(&c, "S2K7R0", 40);
	client_expect(&c, " 40", " 5@30p 6@30p CHANGE LAST");
	client_seek(&c);
	client_restart(&c, 2);
	client_put(&c, "K8", 50);
	client_expect(&c, " 50", " 8@50k");
	/* in a drain */
	c.keep = true;
	client_restart(&c, 1);
	client_put(&c, "P1P2", 60);
	assert_int_equal(client_command(&c, STOP), 0);
	client_expect(&c, " 60", " 1@60p");
	client_seek(&c);
	c.keep = false;
	client_restart(&c, 2);
	client_put(&c, "K3", 70);
	client_expect(&c, " 70", " 3@70k");
	/* after one */
	assert_int_equal(client_command(&c, STOP), 0);
	client_expect(&c, "", " EOS LAST");
	client_seek(&c);
	client_put(&c, "K4", 80);
	client_expect(&c, " 80", " 4@80k");
	client_end(&c);
}

/* A seek of a client that has freed CAPTURE's buffers: it is told what to set up. */
static void test_seek_anew(void **state)
{
	struct client c = client_new(false, false);

	(void)state;
	client_put(&c, "S0K1", 10);
	client_expect(&c, " 10", " CHANGE");
	client_setup(&c, 2);
	client_expect(&c, "", " 1@10k");
	assert_int_equal(rig_stream(c.r, c.r->s, CAP, false), 0);
	assert_int_equal(rig_reqbufs(c.r, c.r->s, CAP, MMAP, 0), 0);
	client_seek(&c);
	client_put(&c, "K2", 20);
	client_expect(&c, " 20", " CHANGE");
	client_setup(&c, 2);
	client_expect(&c, "", " 2@20k");
	client_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_the_book),
		cmocka_unit_test(test_late_header),
		cmocka_unit_test(test_early_capture),
		cmocka_unit_test(test_early_wrong),
		cmocka_unit_test(test_new_sizes),
		cmocka_unit_test(test_drain_in_change),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_drain_given_up),
		cmocka_unit_test(test_drain_first),
		cmocka_unit_test(test_seek),
		cmocka_unit_test(test_seek_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
