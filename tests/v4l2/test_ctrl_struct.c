/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Controls that are structures of V4L2: their ID suffices, and no size but the type's is taken.
 */
#include "rig.h"

#define NUM_STRUCTS 20

static const struct {
	uint32_t id, size;
} structs[NUM_STRUCTS] = {
	{ V4L2_CID_STATELESS_H264_SPS, sizeof(struct v4l2_ctrl_h264_sps) },
	{ V4L2_CID_STATELESS_H264_PPS, sizeof(struct v4l2_ctrl_h264_pps) },
	{ V4L2_CID_STATELESS_H264_SCALING_MATRIX, sizeof(struct v4l2_ctrl_h264_scaling_matrix) },
	{ V4L2_CID_STATELESS_H264_PRED_WEIGHTS, sizeof(struct v4l2_ctrl_h264_pred_weights) },
	{ V4L2_CID_STATELESS_H264_SLICE_PARAMS, sizeof(struct v4l2_ctrl_h264_slice_params) },
	{ V4L2_CID_STATELESS_H264_DECODE_PARAMS, sizeof(struct v4l2_ctrl_h264_decode_params) },
	{ V4L2_CID_STATELESS_FWHT_PARAMS, sizeof(struct v4l2_ctrl_fwht_params) },
	{ V4L2_CID_STATELESS_VP8_FRAME, sizeof(struct v4l2_ctrl_vp8_frame) },
	{ V4L2_CID_STATELESS_MPEG2_SEQUENCE, sizeof(struct v4l2_ctrl_mpeg2_sequence) },
	{ V4L2_CID_STATELESS_MPEG2_PICTURE, sizeof(struct v4l2_ctrl_mpeg2_picture) },
	{ V4L2_CID_STATELESS_MPEG2_QUANTISATION, sizeof(struct v4l2_ctrl_mpeg2_quantisation) },
	{ V4L2_CID_STATELESS_VP9_FRAME, sizeof(struct v4l2_ctrl_vp9_frame) },
	{ V4L2_CID_STATELESS_VP9_COMPRESSED_HDR, sizeof(struct v4l2_ctrl_vp9_compressed_hdr) },
	{ V4L2_CID_STATELESS_HEVC_SPS, sizeof(struct v4l2_ctrl_hevc_sps) },
	{ V4L2_CID_STATELESS_HEVC_PPS, sizeof(struct v4l2_ctrl_hevc_pps) },
	{ V4L2_CID_STATELESS_HEVC_SLICE_PARAMS, sizeof(struct v4l2_ctrl_hevc_slice_params) },
	{ V4L2_CID_STATELESS_HEVC_SCALING_MATRIX, sizeof(struct v4l2_ctrl_hevc_scaling_matrix) },
	{ V4L2_CID_STATELESS_HEVC_DECODE_PARAMS, sizeof(struct v4l2_ctrl_hevc_decode_params) },
	{ V4L2_CID_COLORIMETRY_HDR10_CLL_INFO, sizeof(struct v4l2_ctrl_hdr10_cll_info) },
	{ V4L2_CID_COLORIMETRY_HDR10_MASTERING_DISPLAY,
	  sizeof(struct v4l2_ctrl_hdr10_mastering_display) },
};

static const struct vmedia_frame_size sizes[] = { { .width = 64, .height = 32 } };
static const struct vmedia_format_config grey[] = {
	{ .pixelformat = V4L2_PIX_FMT_GREY, .sizes = sizes, .num_sizes = 1 }
};
static const struct vmedia_queue_config queue = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
						  .formats = grey,
						  .num_formats = 1 };

static void test_structs(void **state)
{
	struct vmedia_ctrl_config cfg[NUM_STRUCTS] = { 0 };
	struct vmedia_video_config codec = { .card = "c", .queues = &queue, .num_queues = 1,
					     .ctrls = cfg, .num_ctrls = NUM_STRUCTS };
	struct vmedia_device *d;
	struct rig_ext e = { 0 };
	struct rig *r;
	PAYLOAD(a);

	for (int i = 0; i < NUM_STRUCTS; i++)
		cfg[i].id = structs[i].id;
	r = rig_new(&codec);
	e.data[0] = harness_alloc(&r->h, 4096, 8);
	for (int i = 0; i < NUM_STRUCTS; i++) {
		a.query_ext_ctrl.id = structs[i].id;
		assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_QUERY_EXT_CTRL, &a), 0);
		assert_true(a.query_ext_ctrl.type >= V4L2_CTRL_COMPOUND_TYPES);
		assert_int_equal(a.query_ext_ctrl.elem_size, structs[i].size);
		assert_int_equal(a.query_ext_ctrl.elems, 1);
		assert_true(a.query_ext_ctrl.flags & V4L2_CTRL_FLAG_HAS_PAYLOAD);
		e.c[0] = (struct vmedia_ext_control){ .id = structs[i].id,
						      .size = structs[i].size - 1 };
		assert_int_equal(rig_ext(r, VMEDIA_NR_S_EXT_CTRLS, 0, 1, &e), -EFAULT);
		e.c[0].size = structs[i].size - 1;
		assert_int_equal(rig_ext(r, VMEDIA_NR_G_EXT_CTRLS, 0, 1, &e), -ENOSPC);
		assert_int_equal(e.c[0].size, structs[i].size);
		memset(e.data[0], 0x5a, structs[i].size);
		assert_int_equal(rig_ext(r, VMEDIA_NR_S_EXT_CTRLS, 0, 1, &e), 0);
		memset(e.data[0], 0, structs[i].size);
		assert_int_equal(rig_ext(r, VMEDIA_NR_G_EXT_CTRLS, 0, 1, &e), 0);
		assert_int_equal(e.data[0][0], 0x5a);
		assert_int_equal(e.data[0][structs[i].size - 1], 0x5a);
	}
	cfg[0].elem_size = structs[0].size + 4;
	vmedia_log_set_level(VMEDIA_LOG_ERR - 1);
	assert_int_equal(vmedia_video_create(r->h.loop, &codec, &d), -EINVAL);
	rig_end(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_structs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
