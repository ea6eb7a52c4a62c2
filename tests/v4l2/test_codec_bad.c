/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Decoders: formats that depend on each other, and streams that cannot be decoded. After each of
 * these the next stream works.
 */
#include "mock_codec.h"

static int queue_packet(struct client *c, uint32_t type)
{
	struct vmedia_buffer b = { .type = type, .memory = MMAP };
	struct vmedia_plane planes[VMEDIA_MAX_PLANES] = { 0 };

	return rig_buf(c->r, c->r->s, VMEDIA_NR_QBUF, &b, planes, VMEDIA_MAX_PLANES);
}

/* Both queues are off and on again: a stream from its beginning. */
static void check_works(struct client *c)
{
	assert_int_equal(rig_stream(c->r, c->r->s, CAP, false), 0);
	client_seek(c);
	c->out[0] = c->cap[0] = '\0';
	client_put(c, "S0T0K1", 100);
	client_expect(c, " 100", " CHANGE");
	client_setup(c, 2);
	client_expect(c, "", " 1@100k");
	client_end(c);
}

/* Streams that the device cannot show: too large, outside of itself, without a format. */
static void test_refused(void **state)
{
	static const char *const packets[] = { "S4K1", "S6K1", "S7K1", "S0T1K1" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct client c = client_open(false, false);

		assert_int_equal(client_s_fmt(&c, OUT, V4L2_PIX_FMT_VP8, 64, 48, NULL), 0);
		client_begin(&c, 4);
		client_put(&c, packets[i], 10);
		client_expect(&c, " 10", "");
		assert_int_equal(queue_packet(&c, OUT), -EIO);
		assert_int_equal(rig_stream(c.r, c.r->s, CAP, true), -EIO);
		check_works(&c);
	}
}

/* The same in mid-stream: what came before it is not lost. */
static void test_refused_later(void **state)
{
	struct client c = client_new(false, false);

	(void)state;
	client_put(&c, "S0", 10);
	client_expect(&c, " 10", " CHANGE");
	client_setup(&c, 2);
	c.keep = true;
	client_put(&c, "K1S4P2", 20);
	client_expect(&c, " 20", " 1@20k EMPTY!");
	assert_int_equal(queue_packet(&c, OUT), -EIO);
	assert_int_equal(queue_packet(&c, CAP), -EIO);
	check_works(&c);
}

/* The codec fails, or there is none. */
static void test_fatal(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct client c = client_new(false, false);

		mock.open_err = i ? -ENOMEM : 0;
		client_put(&c, "F.", 10);
		client_expect(&c, " 10!", "");
		assert_int_equal(queue_packet(&c, OUT), -EIO);
		assert_int_equal(client_command(&c, STOP), 0);
		mock.open_err = 0;
		check_works(&c);
	}
}

/* In a STREAMOFF that waits for the job: that queue begins anew at once. */
static void test_fatal_in_streamoff(void **state)
{
	struct client c = client_new(false, false);
	struct harness_req *req;
	struct vmedia_cmd cmd;

	(void)state;
	client_put(&c, "S0", 10);
	client_expect(&c, " 10", " CHANGE");
	client_setup(&c, 2);
	client_settle(&c);
	client_put(&c, "W.F.", 20);
	client_await(&c);
	harness_cmd_ioctl(&cmd, c.r->s, VMEDIA_NR_STREAMOFF);
	cmd.io.arg.u32 = CAP;
	req = harness_offer_cmd(&c.r->h, &cmd);
	harness_kick(&c.r->h, VMEDIA_QUEUE_COMMAND);
	sem_post(&mock.go);
	client_expect(&c, " 20!", "");
	harness_collect(&c.r->h);
	assert_true(req->used);
	assert_int_equal(harness_answered(&c.r->h, req, &cmd), 0);
	assert_int_equal(queue_packet(&c, OUT), -EIO);
	assert_int_equal(queue_packet(&c, CAP), 0);
	check_works(&c);
}

/* Pictures that cannot be written, packets without bytes, and times as they are given. */
static void test_odd(void **state)
{
	struct client c = client_new(false, false);

	(void)state;
	client_put(&c, "S0", 10);
	client_expect(&c, " 10", " CHANGE");
	client_setup(&c, 2);
	client_put(&c, "", 20);
	client_put(&c, "K1", 4294967295u);
	client_put(&c, "P2", 0);
	client_expect(&c, " 20 4294967295 0", " 1@4294967295k 2@0p");
	assert_int_equal(mock.sent, 3);
	mock.write_err = -EIO;
	client_put(&c, "P3", 30);
	client_expect(&c, " 30", " 3@30p!");
	client_end(&c);
}

/* A picture that comes long after its packet: its time is not known any more, and is 0. */
static void test_late(void **state)
{
	struct client c = client_new(false, false);

	(void)state;
	client_put(&c, "S0R1K1", 10);
	client_expect(&c, " 10", " CHANGE");
	client_setup(&c, 2);
	for (unsigned int i = 0; i < 512; i++) {
		client_put(&c, "", 20);
		client_expect(&c, " 20", "");
	}
	client_put(&c, "P2", 30);
	client_put(&c, "P3", 40);
	client_expect(&c, " 30 40", " 1@0k 2@30p");
	client_end(&c);
}

/* ---- Formats ---- */

static uint32_t capture_formats(struct client *c)
{
	uint32_t n = 0;

	for (;; n++) {
		PAYLOAD(a);

		a.fmtdesc.index = n;
		a.fmtdesc.type = CAP;
		if (rig_ioctl(c->r, c->r->s, VMEDIA_NR_ENUM_FMT, &a))
			return n;
	}
}

/* CAPTURE's formats are those of OUTPUT's, then those of the stream. */
static void test_formats(void **state)
{
	struct client c = client_open(false, false);
	struct vmedia_format f;

	(void)state;
	assert_int_equal(capture_formats(&c), 3);
	assert_int_equal(client_s_fmt(&c, OUT, V4L2_PIX_FMT_VP8, 0, 0, NULL), 0);
	assert_int_equal(capture_formats(&c), 2);
	assert_int_equal(client_s_fmt(&c, CAP, V4L2_PIX_FMT_P010, 64, 64, &f), 0);
	assert_int_equal(f.fmt.pix_mp.pixelformat, V4L2_PIX_FMT_NV12);
	assert_int_equal(client_s_fmt(&c, OUT, V4L2_PIX_FMT_H264, 320, 240, NULL), 0);
	f = rig_format(c.r, c.r->s, CAP);
	assert_int_equal(f.fmt.pix_mp.width, 320);
	assert_int_equal(f.fmt.pix_mp.height, 240);
	client_begin(&c, 2);
	client_put(&c, "S2T1K1", 10);
	client_expect(&c, " 10", " CHANGE");
	assert_int_equal(capture_formats(&c), 1);
	/* there is one size now, and a stride that the client may choose */
	assert_int_equal(client_s_fmt(&c, CAP, V4L2_PIX_FMT_NV12, 640, 480, &f), 0);
	assert_int_equal(f.fmt.pix_mp.pixelformat, V4L2_PIX_FMT_P010);
	assert_int_equal(f.fmt.pix_mp.width, 128);
	assert_int_equal(f.fmt.pix_mp.height, 96);
	assert_int_equal(f.fmt.pix_mp.plane_fmt[0].bytesperline, 256);
	assert_int_equal(f.fmt.pix_mp.plane_fmt[0].sizeimage, 256 * 96 * 3 / 2);
	client_end(&c);
}

/* The lines of a format that the stream cannot have are not those of the one that it has. */
static void test_other_lines(void **state)
{
	struct client c = client_open(false, false);
	struct vmedia_format f;

	(void)state;
	assert_int_equal(client_s_fmt(&c, OUT, V4L2_PIX_FMT_H264, 64, 48, NULL), 0);
	assert_int_equal(client_s_fmt(&c, CAP, V4L2_PIX_FMT_P010, 64, 48, &f), 0);
	assert_int_equal(f.fmt.pix_mp.plane_fmt[0].bytesperline, 128);
	client_begin(&c, 2);
	client_put(&c, "S0K1", 10);
	client_expect(&c, " 10", " CHANGE");
	f = rig_format(c.r, c.r->s, CAP);
	assert_int_equal(f.fmt.pix_mp.pixelformat, V4L2_PIX_FMT_NV12);
	assert_int_equal(f.fmt.pix_mp.width, 64);
	assert_int_equal(f.fmt.pix_mp.plane_fmt[0].bytesperline, 64);
	assert_int_equal(f.fmt.pix_mp.plane_fmt[0].sizeimage, 64 * 48 * 3 / 2);
	client_end(&c);
}

/* Buffers of either queue keep the coded format. */
static void test_busy(void **state)
{
	struct client c = client_open(false, false);

	(void)state;
	for (int i = 0; i < 2; i++) {
		uint32_t type = i ? OUT : CAP;

		assert_int_equal(rig_reqbufs(c.r, c.r->s, type, MMAP, 1), 1);
		assert_int_equal(client_s_fmt(&c, OUT, V4L2_PIX_FMT_VP8, 64, 48, NULL), -EBUSY);
		assert_int_equal(client_s_fmt(&c, CAP, V4L2_PIX_FMT_NV12, 64, 48, NULL),
				 i ? 0 : -EBUSY);
		assert_int_equal(rig_reqbufs(c.r, c.r->s, type, MMAP, 0), 0);
		assert_int_equal(client_s_fmt(&c, OUT, V4L2_PIX_FMT_VP8, 64, 48, NULL), 0);
	}
	client_end(&c);
}

/* Another coded format is another stream: its header is told, even if it is the same. */
static void test_another_stream(void **state)
{
	struct client c = client_new(false, false);

	(void)state;
	client_put(&c, "S0K1", 10);
	client_expect(&c, " 10", " CHANGE");
	client_setup(&c, 2);
	client_expect(&c, "", " 1@10k");
	assert_int_equal(rig_stream(c.r, c.r->s, OUT, false), 0);
	assert_int_equal(rig_stream(c.r, c.r->s, CAP, false), 0);
	assert_int_equal(rig_reqbufs(c.r, c.r->s, OUT, MMAP, 0), 0);
	assert_int_equal(rig_reqbufs(c.r, c.r->s, CAP, MMAP, 0), 0);
	assert_int_equal(mock.closes, 0);
	assert_int_equal(client_s_fmt(&c, OUT, V4L2_PIX_FMT_VP8, 64, 48, NULL), 0);
	/* the codec's pictures are not counted any more */
	assert_int_equal(mock.closes, 1);
	client_begin(&c, 4);
	client_put(&c, "S0K2", 20);
	client_expect(&c, " 20", " CHANGE");
	assert_int_equal(mock.opens, 2);
	assert_int_equal(mock.closes, 1);
	client_setup(&c, 2);
	client_expect(&c, "", " 2@20k");
	client_end(&c);
}

static void check_colours(struct client *c, uint32_t space, uint32_t enc, uint32_t range,
			  uint32_t transfer)
{
	struct vmedia_pix_format_mplane mp = rig_format(c->r, c->r->s, CAP).fmt.pix_mp;

	assert_int_equal(mp.colorspace, space);
	assert_int_equal(mp.ycbcr_enc, enc);
	assert_int_equal(mp.quantization, range);
	assert_int_equal(mp.xfer_func, transfer);
}

/* CAPTURE has the colours that the driver set on OUTPUT, unless the stream says others. */
static void test_colours(void **state)
{
	struct client c = client_open(false, false);
	PAYLOAD(a);

	(void)state;
	a.format.type = OUT;
	a.format.fmt.pix_mp = (struct vmedia_pix_format_mplane){
		.width = 64, .height = 48, .pixelformat = V4L2_PIX_FMT_H264,
		.colorspace = V4L2_COLORSPACE_BT2020, .ycbcr_enc = V4L2_YCBCR_ENC_BT2020,
		.quantization = V4L2_QUANTIZATION_LIM_RANGE, .xfer_func = V4L2_XFER_FUNC_SMPTE2084,
	};
	assert_int_equal(rig_ioctl(c.r, c.r->s, VMEDIA_NR_S_FMT, &a), 0);
	check_colours(&c, V4L2_COLORSPACE_BT2020, V4L2_YCBCR_ENC_BT2020,
		      V4L2_QUANTIZATION_LIM_RANGE, V4L2_XFER_FUNC_SMPTE2084);
	/* which CAPTURE's S_FMT does not change */
	assert_int_equal(client_s_fmt(&c, CAP, V4L2_PIX_FMT_NV12, 64, 48, NULL), 0);
	check_colours(&c, V4L2_COLORSPACE_BT2020, V4L2_YCBCR_ENC_BT2020,
		      V4L2_QUANTIZATION_LIM_RANGE, V4L2_XFER_FUNC_SMPTE2084);
	client_begin(&c, 2);
	client_put(&c, "S0", 10);
	client_expect(&c, " 10", " CHANGE");
	check_colours(&c, V4L2_COLORSPACE_BT2020, V4L2_YCBCR_ENC_BT2020,
		      V4L2_QUANTIZATION_LIM_RANGE, V4L2_XFER_FUNC_SMPTE2084);
	client_setup(&c, 2);
	client_put(&c, "C1S2K1", 20);
	client_expect(&c, " 20", " CHANGE LAST");
	check_colours(&c, V4L2_COLORSPACE_REC709, V4L2_YCBCR_ENC_709, V4L2_QUANTIZATION_FULL_RANGE,
		      V4L2_XFER_FUNC_709);
	client_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_later),
		cmocka_unit_test(test_fatal),
		cmocka_unit_test(test_fatal_in_streamoff),
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_other_lines),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_another_stream),
		cmocka_unit_test(test_colours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
