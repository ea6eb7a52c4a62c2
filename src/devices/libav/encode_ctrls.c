// SPDX-License-Identifier: BSD-3-Clause
/*
 * The controls of the encoder. What each does: vhost-user-media(1), "encoder".
 *
 * Profiles follow the pictures' format. Only H.264 has several for one format; of the others the
 * driver can set the one that it has.
 */
#include <errno.h>

#include <linux/videodev2.h>

#include "encode.h"

#define CID(name) .id = V4L2_CID_##name
/* A menu that has the entries from 0 to @last, without those of the mask @skip. */
#define MENU(i, last, skip, d) { CID(i), .max = (last), .menu_skip = (skip), .def = (d) }
#define BIT(n) (1ull << (n))
#define QP(i, last, d) { CID(i), .max = (last), .def = (d) }

/* The ranges of profiles are those of 8 bits and 4:2:0; vmedia_libav_follow() changes them. */
const struct vmedia_ctrl_config vmedia_libav_ctrls[] = {
	/* The rate. */
	MENU(MPEG_VIDEO_BITRATE_MODE, V4L2_MPEG_VIDEO_BITRATE_MODE_CQ, 0,
	     V4L2_MPEG_VIDEO_BITRATE_MODE_VBR),
	{ CID(MPEG_VIDEO_BITRATE), .min = 10000, .max = 1000000000, .def = 4000000 },
	{ CID(MPEG_VIDEO_BITRATE_PEAK), .max = 1000000000 },
	{ CID(MPEG_VIDEO_CONSTANT_QUALITY), .min = 1, .max = 100, .def = 50 },
	{ CID(MPEG_VIDEO_FRAME_RC_ENABLE), .def = 1 },
	/* Pictures. */
	{ CID(MPEG_VIDEO_GOP_SIZE), .max = 65535, .def = 60 },
	{ CID(MPEG_VIDEO_B_FRAMES), .max = 4 },
	{ CID(MPEG_VIDEO_INTRA_REFRESH_PERIOD), .max = 1000 },
	/* Headers. */
	MENU(MPEG_VIDEO_HEADER_MODE, V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME, 0,
	     V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME),
	{ CID(MPEG_VIDEO_PREPEND_SPSPPS_TO_IDR), .max = 1, .def = 1 },
	/* H.264. */
	MENU(MPEG_VIDEO_H264_PROFILE, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH,
	     BIT(V4L2_MPEG_VIDEO_H264_PROFILE_EXTENDED), V4L2_MPEG_VIDEO_H264_PROFILE_HIGH),
	MENU(MPEG_VIDEO_H264_LEVEL, V4L2_MPEG_VIDEO_H264_LEVEL_6_2, 0,
	     V4L2_MPEG_VIDEO_H264_LEVEL_1_0),
	QP(MPEG_VIDEO_H264_MIN_QP, 51, 0),
	QP(MPEG_VIDEO_H264_MAX_QP, 51, 51),
	QP(MPEG_VIDEO_H264_I_FRAME_QP, 51, 26),
	QP(MPEG_VIDEO_H264_P_FRAME_QP, 51, 28),
	QP(MPEG_VIDEO_H264_B_FRAME_QP, 51, 30),
	/* HEVC. */
	MENU(MPEG_VIDEO_HEVC_PROFILE, V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN, 0,
	     V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN),
	MENU(MPEG_VIDEO_HEVC_LEVEL, V4L2_MPEG_VIDEO_HEVC_LEVEL_6_2, 0,
	     V4L2_MPEG_VIDEO_HEVC_LEVEL_1),
	MENU(MPEG_VIDEO_HEVC_TIER, V4L2_MPEG_VIDEO_HEVC_TIER_HIGH, 0,
	     V4L2_MPEG_VIDEO_HEVC_TIER_MAIN),
	QP(MPEG_VIDEO_HEVC_MIN_QP, 51, 0),
	QP(MPEG_VIDEO_HEVC_MAX_QP, 51, 51),
	QP(MPEG_VIDEO_HEVC_I_FRAME_QP, 51, 26),
	QP(MPEG_VIDEO_HEVC_P_FRAME_QP, 51, 28),
	QP(MPEG_VIDEO_HEVC_B_FRAME_QP, 51, 30),
	/* VP8, VP9, AV1. */
	MENU(MPEG_VIDEO_VP8_PROFILE, V4L2_MPEG_VIDEO_VP8_PROFILE_0, 0,
	     V4L2_MPEG_VIDEO_VP8_PROFILE_0),
	MENU(MPEG_VIDEO_VP9_PROFILE, V4L2_MPEG_VIDEO_VP9_PROFILE_0, 0,
	     V4L2_MPEG_VIDEO_VP9_PROFILE_0),
	QP(MPEG_VIDEO_VPX_MIN_QP, 63, 0),
	QP(MPEG_VIDEO_VPX_MAX_QP, 63, 63),
	QP(MPEG_VIDEO_VPX_P_FRAME_QP, 63, 32),
	/* Motion JPEG. */
	{ CID(JPEG_COMPRESSION_QUALITY), .min = 1, .max = 100, .def = 80 },
};

const unsigned int vmedia_libav_num_ctrls =
	sizeof(vmedia_libav_ctrls) / sizeof(vmedia_libav_ctrls[0]);

/* Ranges of one control have no values in common, so the value tells which one is in use. */
static void limit(struct vmedia_ctx *ctx, uint32_t id, int64_t min, int64_t max)
{
	struct vmedia_ctrl *c = vmedia_ctrl_find(ctx, id);

	if (vmedia_ctrl_get(c) < min || vmedia_ctrl_get(c) > max)
		vmedia_ctrl_modify_range(c, min, max, 1, max);
}

void vmedia_libav_follow(struct vmedia_ctx *ctx, uint32_t raw)
{
	const struct vmedia_pixfmt *pf = vmedia_pixfmt_find(raw);
	bool deep = pf->bits[0] == 16, plain = !deep && pf->hsub == 2 && pf->vsub == 2;
	int64_t h264 = deep	      ? V4L2_MPEG_VIDEO_H264_PROFILE_HIGH_10
		       : plain	      ? V4L2_MPEG_VIDEO_H264_PROFILE_HIGH
		       : pf->hsub == 2 ? V4L2_MPEG_VIDEO_H264_PROFILE_HIGH_422
				      : V4L2_MPEG_VIDEO_H264_PROFILE_HIGH_444_PREDICTIVE;
	int64_t hevc = deep ? V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN_10
			    : V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN;
	int64_t vp9 = deep    ? V4L2_MPEG_VIDEO_VP9_PROFILE_2
		      : plain ? V4L2_MPEG_VIDEO_VP9_PROFILE_0
			      : V4L2_MPEG_VIDEO_VP9_PROFILE_1;

	limit(ctx, V4L2_CID_MPEG_VIDEO_H264_PROFILE,
	      plain ? V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE : h264, h264);
	limit(ctx, V4L2_CID_MPEG_VIDEO_HEVC_PROFILE, hevc, hevc);
	limit(ctx, V4L2_CID_MPEG_VIDEO_VP9_PROFILE, vp9, vp9);
}
