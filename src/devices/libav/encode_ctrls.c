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

/* What H.264 has for 8 bits and 4:2:0. */
#define H264_CHOICE \
	(BIT(V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE) | \
	 BIT(V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE) | \
	 BIT(V4L2_MPEG_VIDEO_H264_PROFILE_MAIN) | BIT(V4L2_MPEG_VIDEO_H264_PROFILE_HIGH))

/* One that the pictures' format has: the present one, or another of H.264's choice. */
static int set_profile(struct vmedia_ctrl *c, const struct vmedia_ctrl_value *v)
{
	bool h264 = vmedia_ctrl_id(c) == V4L2_CID_MPEG_VIDEO_H264_PROFILE;

	if (h264 && H264_CHOICE >> v->val & 1 && H264_CHOICE >> vmedia_ctrl_get(c) & 1)
		return 0;
	return v->val == vmedia_ctrl_get(c) ? 0 : -EINVAL;
}

static const struct vmedia_ctrl_ops profile_ops = { .set = set_profile };

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
	{ CID(MPEG_VIDEO_H264_PROFILE), .max = V4L2_MPEG_VIDEO_H264_PROFILE_HIGH_444_PREDICTIVE,
	  .menu_skip = BIT(V4L2_MPEG_VIDEO_H264_PROFILE_EXTENDED),
	  .def = V4L2_MPEG_VIDEO_H264_PROFILE_HIGH, .ops = &profile_ops },
	MENU(MPEG_VIDEO_H264_LEVEL, V4L2_MPEG_VIDEO_H264_LEVEL_6_2, 0,
	     V4L2_MPEG_VIDEO_H264_LEVEL_1_0),
	QP(MPEG_VIDEO_H264_MIN_QP, 51, 0),
	QP(MPEG_VIDEO_H264_MAX_QP, 51, 51),
	QP(MPEG_VIDEO_H264_I_FRAME_QP, 51, 26),
	QP(MPEG_VIDEO_H264_P_FRAME_QP, 51, 28),
	QP(MPEG_VIDEO_H264_B_FRAME_QP, 51, 30),
	/* HEVC. */
	{ CID(MPEG_VIDEO_HEVC_PROFILE), .max = V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN_10,
	  .menu_skip = BIT(V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN_STILL_PICTURE),
	  .ops = &profile_ops },
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
	{ CID(MPEG_VIDEO_VP9_PROFILE), .max = V4L2_MPEG_VIDEO_VP9_PROFILE_2,
	  .ops = &profile_ops },
	QP(MPEG_VIDEO_VPX_MIN_QP, 63, 0),
	QP(MPEG_VIDEO_VPX_MAX_QP, 63, 63),
	QP(MPEG_VIDEO_VPX_P_FRAME_QP, 63, 32),
	/* Motion JPEG. */
	{ CID(JPEG_COMPRESSION_QUALITY), .min = 1, .max = 100, .def = 80 },
};

const unsigned int vmedia_libav_num_ctrls =
	sizeof(vmedia_libav_ctrls) / sizeof(vmedia_libav_ctrls[0]);

void vmedia_libav_follow(struct vmedia_ctx *ctx, uint32_t raw)
{
	const struct vmedia_pixfmt *pf = vmedia_pixfmt_find(raw);
	struct vmedia_ctrl *c = vmedia_ctrl_find(ctx, V4L2_CID_MPEG_VIDEO_H264_PROFILE);
	bool deep = pf->bits[0] == 16, plain = !deep && pf->hsub == 2 && pf->vsub == 2;

	if (deep)
		vmedia_ctrl_update(c, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH_10);
	else if (!plain && pf->hsub == 2)
		vmedia_ctrl_update(c, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH_422);
	else if (!plain)
		vmedia_ctrl_update(c, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH_444_PREDICTIVE);
	else if (!(H264_CHOICE >> vmedia_ctrl_get(c) & 1))
		vmedia_ctrl_update(c, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH);
	vmedia_ctrl_update(vmedia_ctrl_find(ctx, V4L2_CID_MPEG_VIDEO_HEVC_PROFILE),
			   deep ? V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN_10
				: V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN);
	vmedia_ctrl_update(vmedia_ctrl_find(ctx, V4L2_CID_MPEG_VIDEO_VP9_PROFILE),
			   deep    ? V4L2_MPEG_VIDEO_VP9_PROFILE_2
			   : plain ? V4L2_MPEG_VIDEO_VP9_PROFILE_0
				   : V4L2_MPEG_VIDEO_VP9_PROFILE_1);
}
