/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Standard controls: stateless codecs and colorimetry, which are structures; and the size of each
 * structure's type, which is fixed by the UAPI.
 */
#include "v4l2/ctrl_std.h"

static const char *const decode_mode[] = { "Slice-Based", "Frame-Based" };
static const char *const start_code[] = { "No Start Code", "Annex B Start Code" };

/* The name of a control's type is the control's name without the class. */
#define CODEC(i, n)								\
	{ .id = V4L2_CID_STATELESS_##i, .name = (n), .type = V4L2_CTRL_TYPE_##i }
/* In Linux since 6.5; the headers of the build machine may be older. */
#define AV1(i, number, n)							\
	{ .id = V4L2_CID_CODEC_STATELESS_BASE + (number), .name = (n),		\
	  .type = VMEDIA_CTRL_TYPE_AV1_##i }

static const struct vmedia_std_ctrl stateless[] = {
	CLASS(CODEC_STATELESS_CLASS, "Stateless Codec Controls"),
	MENU(STATELESS_H264_DECODE_MODE, decode_mode, "H264 Decode Mode"),
	MENU(STATELESS_H264_START_CODE, start_code, "H264 Start Code"),
	CODEC(H264_SPS, "H264 Sequence Parameter Set"),
	CODEC(H264_PPS, "H264 Picture Parameter Set"),
	CODEC(H264_SCALING_MATRIX, "H264 Scaling Matrix"),
	CODEC(H264_PRED_WEIGHTS, "H264 Prediction Weight Table"),
	CODEC(H264_SLICE_PARAMS, "H264 Slice Parameters"),
	CODEC(H264_DECODE_PARAMS, "H264 Decode Parameters"),
	CODEC(FWHT_PARAMS, "FWHT Stateless Parameters"),
	CODEC(VP8_FRAME, "VP8 Frame Parameters"),
	CODEC(MPEG2_SEQUENCE, "MPEG-2 Sequence Header"),
	CODEC(MPEG2_PICTURE, "MPEG-2 Picture Header"),
	CODEC(MPEG2_QUANTISATION, "MPEG-2 Quantisation Matrices"),
	CODEC(VP9_FRAME, "VP9 Frame Decode Parameters"),
	CODEC(VP9_COMPRESSED_HDR, "VP9 Probabilities Updates"),
	CODEC(HEVC_SPS, "HEVC Sequence Parameter Set"),
	CODEC(HEVC_PPS, "HEVC Picture Parameter Set"),
	CODEC(HEVC_SLICE_PARAMS, "HEVC Slice Parameters"),
	CODEC(HEVC_SCALING_MATRIX, "HEVC Scaling Matrix"),
	CODEC(HEVC_DECODE_PARAMS, "HEVC Decode Parameters"),
	MENU(STATELESS_HEVC_DECODE_MODE, decode_mode, "HEVC Decode Mode"),
	MENU(STATELESS_HEVC_START_CODE, start_code, "HEVC Start Code"),
	AV1(SEQUENCE, 500, "AV1 Sequence Parameters"),
	AV1(TILE_GROUP_ENTRY, 501, "AV1 Tile Group Entry"),
	AV1(FRAME, 502, "AV1 Frame Parameters"),
	AV1(FILM_GRAIN, 505, "AV1 Film Grain"),

	CLASS(COLORIMETRY_CLASS, "Colorimetry Controls"),
	{ .id = V4L2_CID_COLORIMETRY_HDR10_CLL_INFO, .name = "HDR10 Content Light Info",
	  .type = V4L2_CTRL_TYPE_HDR10_CLL_INFO },
	{ .id = V4L2_CID_COLORIMETRY_HDR10_MASTERING_DISPLAY, .name = "HDR10 Mastering Display",
	  .type = V4L2_CTRL_TYPE_HDR10_MASTERING_DISPLAY },
};

const struct vmedia_std_part vmedia_std_stateless = { stateless, VMEDIA_ARRAY_SIZE(stateless) };

#define SIZE(type, name) { V4L2_CTRL_TYPE_##type, sizeof(struct v4l2_ctrl_##name) }

static const struct {
	uint16_t type, size;
} sizes[] = {
	{ V4L2_CTRL_TYPE_AREA, sizeof(struct v4l2_area) },
	{ VMEDIA_CTRL_TYPE_RECT, sizeof(struct v4l2_rect) },
	SIZE(HDR10_CLL_INFO, hdr10_cll_info),
	SIZE(HDR10_MASTERING_DISPLAY, hdr10_mastering_display),
	SIZE(H264_SPS, h264_sps),
	SIZE(H264_PPS, h264_pps),
	SIZE(H264_SCALING_MATRIX, h264_scaling_matrix),
	SIZE(H264_SLICE_PARAMS, h264_slice_params),
	SIZE(H264_DECODE_PARAMS, h264_decode_params),
	SIZE(H264_PRED_WEIGHTS, h264_pred_weights),
	SIZE(FWHT_PARAMS, fwht_params),
	SIZE(VP8_FRAME, vp8_frame),
	SIZE(MPEG2_QUANTISATION, mpeg2_quantisation),
	SIZE(MPEG2_SEQUENCE, mpeg2_sequence),
	SIZE(MPEG2_PICTURE, mpeg2_picture),
	SIZE(VP9_COMPRESSED_HDR, vp9_compressed_hdr),
	SIZE(VP9_FRAME, vp9_frame),
	SIZE(HEVC_SPS, hevc_sps),
	SIZE(HEVC_PPS, hevc_pps),
	SIZE(HEVC_SLICE_PARAMS, hevc_slice_params),
	SIZE(HEVC_SCALING_MATRIX, hevc_scaling_matrix),
	SIZE(HEVC_DECODE_PARAMS, hevc_decode_params),
	{ VMEDIA_CTRL_TYPE_AV1_SEQUENCE, 12 },
	{ VMEDIA_CTRL_TYPE_AV1_TILE_GROUP_ENTRY, 16 },
	{ VMEDIA_CTRL_TYPE_AV1_FRAME, 1784 },
	{ VMEDIA_CTRL_TYPE_AV1_FILM_GRAIN, 194 },
};

uint32_t vmedia_ctrl_type_size(uint32_t type)
{
	for (size_t i = 0; i < VMEDIA_ARRAY_SIZE(sizes); i++)
		if (sizes[i].type == type)
			return sizes[i].size;
	return 0;
}
