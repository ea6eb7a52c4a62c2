/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Encoders: formats, rectangles and colours of the two queues, which depend on each other.
 */
#include "mock_encoder.h"

static uint32_t formats(struct enc *e, uint32_t type, uint32_t flags)
{
	uint32_t n = 0;

	for (;; n++) {
		PAYLOAD(a);

		a.fmtdesc.index = n;
		a.fmtdesc.type = type;
		if (rig_ioctl(e->r, e->r->s, VMEDIA_NR_ENUM_FMT, &a))
			return n;
		assert_int_equal(a.fmtdesc.flags & flags, flags);
	}
}

static int selection(struct enc *e, uint32_t nr, uint32_t target, uint32_t flags,
		     struct vmedia_rect *r)
{
	PAYLOAD(a);
	int err;

	a.selection.type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
	a.selection.target = target;
	a.selection.flags = flags;
	a.selection.r = *r;
	err = rig_ioctl(e->r, e->r->s, nr, &a);
	*r = a.selection.r;
	return err;
}

static int crop(struct enc *e, int32_t left, int32_t top, uint32_t w, uint32_t h, uint32_t flags)
{
	struct vmedia_rect r = { left, top, w, h };

	return selection(e, VMEDIA_NR_S_SELECTION, V4L2_SEL_TGT_CROP, flags, &r);
}

static void check_rect(struct enc *e, uint32_t target, int32_t left, int32_t top, uint32_t w,
		       uint32_t h)
{
	struct vmedia_rect r = { 0 };

	assert_int_equal(selection(e, VMEDIA_NR_G_SELECTION, target, 0, &r), 0);
	assert_int_equal(r.left, left);
	assert_int_equal(r.top, top);
	assert_int_equal(r.width, w);
	assert_int_equal(r.height, h);
}

static void check_capture(struct enc *e, uint32_t w, uint32_t h)
{
	struct vmedia_pix_format_mplane mp = enc_g_fmt(e, CAP);

	assert_int_equal(mp.width, w);
	assert_int_equal(mp.height, h);
}

/* CAPTURE decides which formats OUTPUT has, and keeps OUTPUT's if that is possible. */
static void test_master(void **state)
{
	struct enc e = enc_open();
	struct vmedia_pix_format_mplane f;

	(void)state;
	assert_int_equal(formats(&e, CAP, V4L2_FMT_FLAG_COMPRESSED |
					      V4L2_FMT_FLAG_ENC_CAP_FRAME_INTERVAL), 3);
	assert_int_equal(formats(&e, OUT, 0), 2);
	assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_P010, 100, 60, 0, &f), 0);
	assert_int_equal(f.pixelformat, V4L2_PIX_FMT_NV12);
	assert_int_equal(enc_s_fmt(&e, CAP, V4L2_PIX_FMT_HEVC, 0, 0, 0, NULL), 0);
	assert_int_equal(formats(&e, OUT, 0), 3);
	assert_int_equal(enc_g_fmt(&e, OUT).width, 100);
	assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_P010, 100, 60, 0, &f), 0);
	assert_int_equal(f.pixelformat, V4L2_PIX_FMT_P010);
	/* P010 is not possible any more; the size is */
	assert_int_equal(enc_s_fmt(&e, CAP, V4L2_PIX_FMT_VP8, 0, 0, 0, NULL), 0);
	f = enc_g_fmt(&e, OUT);
	assert_int_equal(f.pixelformat, V4L2_PIX_FMT_NV12);
	assert_int_equal(f.width, 100);
	assert_int_equal(f.height, 60);
	check_capture(&e, 100, 60);
	enc_end(&e);
}

/* CAPTURE's size is the coded size of OUTPUT's, whatever is asked for. */
static void test_size(void **state)
{
	struct enc e = enc_open();
	struct vmedia_pix_format_mplane f;

	(void)state;
	check_capture(&e, 64, 48);
	assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_NV12, 1920, 1080, 0, NULL), 0);
	check_capture(&e, 1920, 1088);
	assert_int_equal(enc_s_fmt(&e, CAP, V4L2_PIX_FMT_H264, 4000, 4000, 0, &f), 0);
	assert_int_equal(f.width, 1920);
	assert_int_equal(f.height, 1088);
	assert_int_equal(f.plane_fmt[0].sizeimage, 1920 * 1088 * 3 / 2 * 8 / 5);
	assert_int_equal(enc_s_fmt(&e, CAP, V4L2_PIX_FMT_VP8, 0, 0, 0, &f), 0);
	assert_int_equal(f.height, 1080);
	/* bytes may be more, and stay more; not less */
	assert_int_equal(enc_s_fmt(&e, CAP, V4L2_PIX_FMT_H264, 0, 0, 6 << 20, &f), 0);
	assert_int_equal(f.plane_fmt[0].sizeimage, 6 << 20);
	assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_NV12, 64, 48, 0, NULL), 0);
	assert_int_equal(enc_g_fmt(&e, CAP).plane_fmt[0].sizeimage, 6 << 20);
	assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_NV12, 4096, 2160, 0, NULL), 0);
	assert_int_equal(enc_g_fmt(&e, CAP).plane_fmt[0].sizeimage, 4096 * 2160 * 3 / 2 * 8 / 5);
	assert_int_equal(enc_s_fmt(&e, CAP, V4L2_PIX_FMT_H264, 0, 0, 4096, &f), 0);
	assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_NV12, 64, 48, 0, NULL), 0);
	assert_int_equal(enc_g_fmt(&e, CAP).plane_fmt[0].sizeimage, 1 << 20);
	enc_end(&e);
}

/* The rectangle: its targets, how it is fitted, and what S_FMT does to it. */
static void test_crop(void **state)
{
	struct enc e = enc_open();
	struct vmedia_rect r = { 0, 0, 64, 48 };

	(void)state;
	assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_NV12, 1920, 1088, 0, NULL), 0);
	check_rect(&e, V4L2_SEL_TGT_CROP, 0, 0, 1920, 1088);
	assert_int_equal(crop(&e, 0, 0, 1920, 1080, 0), 0);
	check_rect(&e, V4L2_SEL_TGT_CROP, 0, 0, 1920, 1080);
	check_rect(&e, V4L2_SEL_TGT_CROP_DEFAULT, 0, 0, 1920, 1088);
	check_rect(&e, V4L2_SEL_TGT_CROP_BOUNDS, 0, 0, 1920, 1088);
	check_capture(&e, 1920, 1088);
	/* to samples of chroma, into the picture, not below the least size */
	assert_int_equal(crop(&e, 11, 13, 101, 103, 0), 0);
	check_rect(&e, V4L2_SEL_TGT_CROP, 10, 12, 100, 102);
	check_capture(&e, 112, 112);
	assert_int_equal(crop(&e, 11, 13, 101, 103, V4L2_SEL_FLAG_GE), 0);
	check_rect(&e, V4L2_SEL_TGT_CROP, 10, 12, 102, 104);
	assert_int_equal(crop(&e, -5, -9, 1, 0, 0), 0);
	check_rect(&e, V4L2_SEL_TGT_CROP, 0, 0, 16, 16);
	assert_int_equal(crop(&e, 2147483647, 1087, 4294967295u, 5000, 0), 0);
	check_rect(&e, V4L2_SEL_TGT_CROP, 0, 0, 1920, 1088);
	assert_int_equal(crop(&e, 2147483647, 1087, 20, 20, 0), 0);
	check_rect(&e, V4L2_SEL_TGT_CROP, 1900, 1068, 20, 20);
	assert_int_equal(crop(&e, 0, 0, 2000, 1088, V4L2_SEL_FLAG_GE), -ERANGE);
	assert_int_equal(crop(&e, 0, 0, 8, 8, V4L2_SEL_FLAG_LE), -ERANGE);
	/* another coded format keeps it, another raw one does not */
	assert_int_equal(enc_s_fmt(&e, CAP, V4L2_PIX_FMT_VP8, 0, 0, 0, NULL), 0);
	check_rect(&e, V4L2_SEL_TGT_CROP, 1900, 1068, 20, 20);
	check_capture(&e, 20, 20);
	assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_NV12, 320, 240, 0, NULL), 0);
	check_rect(&e, V4L2_SEL_TGT_CROP, 0, 0, 320, 240);
	/* nothing else can be set, nor read */
	assert_int_equal(selection(&e, VMEDIA_NR_S_SELECTION, V4L2_SEL_TGT_CROP_DEFAULT, 0, &r),
			 -EINVAL);
	assert_int_equal(selection(&e, VMEDIA_NR_S_SELECTION, V4L2_SEL_TGT_COMPOSE, 0, &r),
			 -EINVAL);
	assert_int_equal(selection(&e, VMEDIA_NR_G_SELECTION, V4L2_SEL_TGT_COMPOSE, 0, &r),
			 -EINVAL);
	enc_end(&e);
}

/* The encoder gets the rectangle's samples; it can move while CAPTURE streams, but not grow. */
static void test_crop_streaming(void **state)
{
	struct enc e = enc_open();
	uint8_t *at;

	(void)state;
	assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_NV12, 64, 48, 0, NULL), 0);
	assert_int_equal(crop(&e, 16, 8, 32, 32, 0), 0);
	enc_begin(&e, 1, 2);
	at = vmedia_buf_plane(vmedia_queue_buf(vmedia_m2m_src(enc_ctx(&e)), 0), 0);
	memcpy(at + 8 * 64 + 16, "Pa", 3);
	at[64 * 48 + 4 * 64 + 16] = 77;
	assert_int_equal(enc_queue_output(&e, 0), 0);
	enc_expect(&e, " 0", " a@0k");
	assert_int_equal(mock_encoder.params.width, 32);
	assert_int_equal(mock_encoder.params.height, 32);
	assert_int_equal(mock_encoder.corner[0], 'P');
	assert_int_equal(mock_encoder.corner[1], 77);
	assert_int_equal(crop(&e, 32, 16, 16, 16, 0), -EBUSY);
	assert_int_equal(crop(&e, 32, 16, 32, 32, 0), 0);
	memcpy(at + 16 * 64 + 32, "Pb", 3);
	assert_int_equal(enc_queue_output(&e, 0), 0);
	enc_expect(&e, " 0", " b@0p");
	assert_int_equal(mock_encoder.opens, 1);
	enc_end(&e);
}

/* The same of planes with memory of their own. */
static void test_planes(void **state)
{
	struct enc e = enc_open();
	struct vmedia_buf *b;

	(void)state;
	assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_YUV420M, 64, 48, 0, NULL), 0);
	assert_int_equal(crop(&e, 4, 6, 32, 32, 0), 0);
	enc_begin(&e, 1, 1);
	b = vmedia_queue_buf(vmedia_m2m_src(enc_ctx(&e)), 0);
	memcpy((uint8_t *)vmedia_buf_plane(b, 0) + 6 * 64 + 4, "Pa", 3);
	((uint8_t *)vmedia_buf_plane(b, 1))[3 * 32 + 2] = 55;
	assert_int_equal(enc_queue_output(&e, 0), 0);
	enc_expect(&e, " 0", " a@0k");
	assert_int_equal(mock_encoder.corner[1], 55);
	assert_int_equal(mock_encoder.params.raw, V4L2_PIX_FMT_YUV420M);
	enc_end(&e);
}

/* Buffers of either queue keep the coded format, a stream keeps its size. */
static void test_busy(void **state)
{
	struct enc e = enc_open();

	(void)state;
	for (int i = 0; i < 2; i++) {
		uint32_t type = i ? OUT : CAP;

		assert_int_equal(rig_reqbufs(e.r, e.r->s, type, MMAP, 1), 1);
		assert_int_equal(enc_s_fmt(&e, CAP, V4L2_PIX_FMT_VP8, 0, 0, 0, NULL), -EBUSY);
		assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_NV12, 64, 48, 0, NULL),
				 i ? -EBUSY : 0);
		assert_int_equal(rig_reqbufs(e.r, e.r->s, type, MMAP, 0), 0);
	}
	assert_int_equal(rig_reqbufs(e.r, e.r->s, CAP, MMAP, 1), 1);
	assert_int_equal(rig_stream(e.r, e.r->s, CAP, true), 0);
	assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_NV12, 32, 32, 0, NULL), -EBUSY);
	assert_int_equal(rig_stream(e.r, e.r->s, CAP, false), 0);
	assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_NV12, 32, 32, 0, NULL), 0);
	enc_end(&e);
}

/*
 * Another size after a drain, with the CAPTURE buffers that are there: a new stream. Those that are
 * too small for it come back with an error.
 */
static void test_new_size(void **state)
{
	struct enc e = enc_new(2, 2);

	(void)state;
	enc_put(&e, "Pa", 10);
	assert_int_equal(enc_command(&e, STOP), 0);
	enc_expect(&e, " 10", " a@10k EOS LAST");
	assert_int_equal(rig_stream(e.r, e.r->s, CAP, false), 0);
	assert_int_equal(rig_stream(e.r, e.r->s, OUT, false), 0);
	assert_int_equal(rig_reqbufs(e.r, e.r->s, OUT, MMAP, 0), 0);
	assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_NV12, 128, 96, 0, NULL), 0);
	assert_int_equal(rig_reqbufs(e.r, e.r->s, OUT, MMAP, 2), 2);
	assert_int_equal(rig_stream(e.r, e.r->s, OUT, true), 0);
	enc_restart(&e);
	enc_put(&e, "Pb", 20);
	enc_expect(&e, " 20", " b@20k");
	assert_int_equal(mock_encoder.params.width, 128);
	assert_int_equal(rig_stream(e.r, e.r->s, CAP, false), 0);
	assert_int_equal(rig_stream(e.r, e.r->s, OUT, false), 0);
	assert_int_equal(rig_reqbufs(e.r, e.r->s, OUT, MMAP, 0), 0);
	assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_NV12, 1920, 1080, 0, NULL), 0);
	enc_restart(&e);
	enc_expect(&e, "", " EMPTY! EMPTY!");
	enc_end(&e);
}

/* ---- Colours ---- */

static void set_colours(struct enc *e, uint32_t space, uint32_t enc, uint32_t range, uint32_t xfer)
{
	PAYLOAD(a);

	a.format.type = OUT;
	a.format.fmt.pix_mp = (struct vmedia_pix_format_mplane){
		.width = 64, .height = 48, .pixelformat = V4L2_PIX_FMT_NV12,
		.colorspace = space, .ycbcr_enc = (uint8_t)enc,
		.quantization = (uint8_t)range, .xfer_func = (uint8_t)xfer,
	};
	assert_int_equal(rig_ioctl(e->r, e->r->s, VMEDIA_NR_S_FMT, &a), 0);
}

static void check_colours(struct enc *e, uint32_t space, uint32_t enc, uint32_t range,
			  uint32_t xfer)
{
	struct vmedia_pix_format_mplane mp = enc_g_fmt(e, CAP);

	assert_int_equal(mp.colorspace, space);
	assert_int_equal(mp.ycbcr_enc, enc);
	assert_int_equal(mp.quantization, range);
	assert_int_equal(mp.xfer_func, xfer);
}

/* Of OUTPUT, on CAPTURE and to the encoder, with V4L2's defaults filled in there. */
static void test_colours(void **state)
{
	struct enc e = enc_open();
	struct vmedia_codec_colours *c = &mock_encoder.params.colours;

	(void)state;
	check_colours(&e, V4L2_COLORSPACE_REC709, 0, 0, 0);
	set_colours(&e, V4L2_COLORSPACE_BT2020, V4L2_YCBCR_ENC_BT2020_CONST_LUM,
		    V4L2_QUANTIZATION_FULL_RANGE, V4L2_XFER_FUNC_SMPTE2084);
	check_colours(&e, V4L2_COLORSPACE_BT2020, V4L2_YCBCR_ENC_BT2020_CONST_LUM,
		      V4L2_QUANTIZATION_FULL_RANGE, V4L2_XFER_FUNC_SMPTE2084);
	set_colours(&e, V4L2_COLORSPACE_SMPTE170M, 0, 0, 0);
	check_colours(&e, V4L2_COLORSPACE_SMPTE170M, 0, 0, 0);
	enc_begin(&e, 2, 2);
	enc_put(&e, "Pa", 10);
	enc_expect(&e, " 10", " a@10k");
	assert_int_equal(c->colorspace, V4L2_COLORSPACE_SMPTE170M);
	assert_int_equal(c->ycbcr_enc, V4L2_YCBCR_ENC_601);
	assert_int_equal(c->quantization, V4L2_QUANTIZATION_LIM_RANGE);
	assert_int_equal(c->xfer_func, V4L2_XFER_FUNC_709);
	enc_end(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_master),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_crop),
		cmocka_unit_test(test_crop_streaming),
		cmocka_unit_test(test_planes),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_new_size),
		cmocka_unit_test(test_colours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
