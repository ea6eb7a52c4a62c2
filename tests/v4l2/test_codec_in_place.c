/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Decoding in place: pictures in CAPTURE buffers that the codec took, as long as it wants them,
 * whatever the driver does with its queues.
 */
#include "mock_codec.h"

#include "v4l2/m2m.h"

/* Begin a stream whose pictures are decoded in place, with @n CAPTURE buffers. */
static struct client begin(const char *packet, uint32_t n)
{
	struct client c = client_new(false, false);

	client_put(&c, packet, 10);
	client_expect(&c, " 10", " CHANGE");
	assert_int_equal(client_setup(&c, n), n);
	/* The first picture was decoded before there was a buffer. */
	client_expect(&c, "", " 1@10k");
	assert_int_equal(mock.copies, 1);
	return c;
}

/* Nothing is copied, in any order. */
static void test_in_place(void **state)
{
	struct client c = begin("S0K1", 8);

	(void)state;
	client_put(&c, "D2", 20);
	client_put(&c, "D3", 30);
	client_expect(&c, " 20 30", " 2@20p 3@30p");
	client_put(&c, "R2D7D6", 40);
	client_put(&c, "D5D4", 50);
	client_expect(&c, " 40 50", " 4@50p 5@50p");
	client_put(&c, "D8R0", 60);
	client_expect(&c, " 60", " 6@40p 7@40p 8@60p");
	assert_int_equal(mock.copies, 1);
	client_end(&c);
}

/* References are not written to. Two buffers are left for pictures that are copied. */
static void test_references(void **state)
{
	struct client c = begin("S0H8K1", 5);

	(void)state;
	client_put(&c, "D2", 20);
	client_put(&c, "D3", 30);
	client_put(&c, "D4", 40);
	client_expect(&c, " 20 30 40", " 2@20p 3@30p 4@40p");
	assert_int_equal(mock.copies, 1);
	for (uint32_t i = 0; i < 10; i++) {
		client_put(&c, "D5", 50);
		client_expect(&c, " 50", " 5@50p");
		assert_int_equal(mock.copies, 2 + i);
	}
	/* With fewer references there are more buffers to take, in the same job. */
	client_put(&c, "H1D6", 60);
	client_expect(&c, " 60", " 6@60p");
	client_put(&c, "D7", 70);
	client_expect(&c, " 70", " 7@70p");
	client_put(&c, "D8", 80);
	client_expect(&c, " 80", " 8@80p");
	assert_int_equal(mock.copies, 11);
	client_end(&c);
}

/* A picture that is shown again is copied while its buffer is the driver's. */
static void test_again(void **state)
{
	struct client c = begin("S0K1", 5);

	(void)state;
	c.keep = true;
	client_put(&c, "D2", 20);
	client_put(&c, "Y2", 30);
	client_put(&c, "Y2", 40);
	client_expect(&c, " 20 30 40", " 2@20p 2@30p 2@40p");
	assert_int_equal(mock.copies, 3);
	client_end(&c);
}

/* The driver takes its buffers back, keeps them or not, before their pictures are shown. */
static void test_taken_back(void **state)
{
	(void)state;
	for (int anew = 0; anew < 2; anew++) {
		struct client c = begin("S0K1", 5);

		client_put(&c, "R8D2", 20);
		client_put(&c, "D3", 30);
		client_expect(&c, " 20 30", "");
		assert_int_equal(rig_stream(c.r, c.r->s, CAP, false), 0);
		if (anew) {
			assert_int_equal(rig_reqbufs(c.r, c.r->s, CAP, MMAP, 0), 0);
			client_setup(&c, 5);
		} else {
			for (uint32_t i = 0; i < 5; i++)
				client_queue_capture(&c, i);
			assert_int_equal(rig_stream(c.r, c.r->s, CAP, true), 0);
		}
		client_put(&c, "D4", 40);
		client_put(&c, "R0D5", 50);
		client_expect(&c, " 40 50", " 2@20p 3@30p 4@40p 5@50p");
		/* The same buffers still hold two pictures: there is one to take, not two. */
		assert_int_equal(mock.copies, anew ? 3 : 2);
		client_end(&c);
	}
}

static bool held(struct client *c, uint32_t i)
{
	return vmedia_vbuf(vmedia_queue_buf(vmedia_m2m_dst(client_ctx(c)), i))->held;
}

/* LAST takes any buffer that is queued, also one that the codec has. */
static void test_last(void **state)
{
	struct client c = begin("S0H3K1", 5);

	(void)state;
	client_put(&c, "D2D3D4", 20);
	c.keep = true;
	client_expect(&c, " 20", " 2@20p 3@20p 4@20p");
	/* The two others are used up by pictures that are copied. */
	client_put(&c, "K5K6", 30);
	client_expect(&c, " 30", " 5@30k 6@30k");
	/* The three are references, and queued. */
	for (uint32_t i = 0; i < 5; i++)
		if (held(&c, i))
			assert_int_equal(client_queue_capture(&c, i), 0);
	assert_int_equal(client_command(&c, STOP), 0);
	client_expect(&c, "", " EOS LAST");
	assert_int_equal(client_command(&c, START), 0);
	/* They are not written. */
	client_put(&c, "D7", 40);
	client_expect(&c, " 40", "");
	client_put(&c, "H0D8", 50);
	client_settle(&c);
	client_end(&c);
}

/* Another resolution while the codec has pictures of the old one, and buffers of it. */
static void test_new_size(void **state)
{
	struct client c = begin("S0H4K1", 6);

	(void)state;
	client_put(&c, "R2D2D3D4", 20);
	client_expect(&c, " 20", " 2@20p");
	client_put(&c, "S1D5D6D7", 30);
	client_expect(&c, " 30", " 3@20p 4@20p CHANGE LAST");
	client_restart(&c, 6);
	client_put(&c, "R0D8", 40);
	client_expect(&c, " 40", " 5@30p 6@30p 7@30p 8@40p");
	client_put(&c, "D9", 50);
	client_expect(&c, " 50", " 9@50p");
	client_end(&c);
}

/* Sessions, queues and streams that end while the codec has buffers. */
static void test_ends(void **state)
{
	struct client c = begin("S0H4K1", 6);

	(void)state;
	client_put(&c, "R8D2D3D4", 20);
	client_expect(&c, " 20", "");
	client_seek(&c);
	client_put(&c, "R0D5", 30);
	client_expect(&c, " 30", " 5@30p");
	/* Another coded format closes the codec. */
	assert_int_equal(rig_stream(c.r, c.r->s, CAP, false), 0);
	assert_int_equal(rig_stream(c.r, c.r->s, OUT, false), 0);
	assert_int_equal(rig_reqbufs(c.r, c.r->s, CAP, MMAP, 0), 0);
	assert_int_equal(rig_reqbufs(c.r, c.r->s, OUT, MMAP, 0), 0);
	assert_int_equal(client_s_fmt(&c, OUT, V4L2_PIX_FMT_VP8, 64, 48, NULL), 0);
	memset(c.busy, 0, sizeof(c.busy));
	client_begin(&c, 8);
	client_put(&c, "S0H4R8K1", 40);
	client_expect(&c, " 40", " CHANGE");
	client_setup(&c, 6);
	client_put(&c, "D2D3D4", 50);
	client_expect(&c, " 50", "");
	client_end(&c);		/* with pictures in its buffers */
}

/* The format has the codec's strides and lines, and MIN_BUFFERS what it keeps. */
static void test_format(void **state)
{
	struct client c = client_new(false, false);
	struct vmedia_format f;

	(void)state;
	client_put(&c, "S0G1K1", 10);
	client_expect(&c, " 10", " CHANGE");
	f = rig_format(c.r, c.r->s, CAP);
	assert_int_equal(f.fmt.pix_mp.pixelformat, V4L2_PIX_FMT_NV12);
	assert_int_equal(f.fmt.pix_mp.plane_fmt[0].bytesperline, 64);
	assert_int_equal(client_s_fmt(&c, CAP, V4L2_PIX_FMT_YUV420M, 0, 0, &f), 0);
	assert_int_equal(f.fmt.pix_mp.width, 64);
	assert_int_equal(f.fmt.pix_mp.height, 48);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(f.fmt.pix_mp.plane_fmt[i].bytesperline, i ? 128 : 256);
		assert_int_equal(f.fmt.pix_mp.plane_fmt[i].sizeimage, i ? 128 * 32 : 256 * 64);
	}
	/* Two that the codec cannot take, and three that it keeps. */
	assert_int_equal(rig_reqbufs(c.r, c.r->s, CAP, MMAP, 1), 5);
	assert_int_equal(rig_reqbufs(c.r, c.r->s, CAP, MMAP, 0), 0);
	assert_int_equal(client_s_fmt(&c, CAP, V4L2_PIX_FMT_NV12, 0, 0, &f), 0);
	assert_int_equal(rig_reqbufs(c.r, c.r->s, CAP, MMAP, 1), 1);
	client_end(&c);
}

/* A layout that the driver has chosen before the header stays: it may have it from then. */
static void test_chosen(void **state)
{
	struct client c = client_new(false, false);
	struct vmedia_format f;

	(void)state;
	assert_int_equal(client_s_fmt(&c, CAP, V4L2_PIX_FMT_YUV420M, 64, 48, &f), 0);
	assert_int_equal(f.fmt.pix_mp.plane_fmt[0].bytesperline, 64);
	client_put(&c, "S0G1K1", 10);
	client_expect(&c, " 10", " CHANGE");
	f = rig_format(c.r, c.r->s, CAP);
	assert_int_equal(f.fmt.pix_mp.pixelformat, V4L2_PIX_FMT_YUV420M);
	assert_int_equal(f.fmt.pix_mp.plane_fmt[0].bytesperline, 64);
	assert_int_equal(f.fmt.pix_mp.plane_fmt[0].sizeimage, 64 * 48);
	/* After the header it is the codec's. */
	assert_int_equal(client_s_fmt(&c, CAP, V4L2_PIX_FMT_YUV420M, 64, 48, &f), 0);
	assert_int_equal(f.fmt.pix_mp.plane_fmt[0].bytesperline, 256);
	client_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_place),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_taken_back),
		cmocka_unit_test(test_last),
		cmocka_unit_test(test_new_size),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
