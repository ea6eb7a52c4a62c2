// SPDX-License-Identifier: BSD-3-Clause
/* Colours of V4L2 as those that streams carry: of ITU-T H.273. */
#include <linux/videodev2.h>

#include "encode.h"

static enum AVColorPrimaries primaries(uint32_t colorspace)
{
	switch (colorspace) {
	case V4L2_COLORSPACE_SMPTE170M:
		return AVCOL_PRI_SMPTE170M;
	case V4L2_COLORSPACE_SMPTE240M:
		return AVCOL_PRI_SMPTE240M;
	case V4L2_COLORSPACE_470_SYSTEM_M:
		return AVCOL_PRI_BT470M;
	case V4L2_COLORSPACE_470_SYSTEM_BG:
		return AVCOL_PRI_BT470BG;
	case V4L2_COLORSPACE_BT2020:
		return AVCOL_PRI_BT2020;
	case V4L2_COLORSPACE_DCI_P3:
		return AVCOL_PRI_SMPTE431;
	case V4L2_COLORSPACE_REC709:
	case V4L2_COLORSPACE_SRGB:
	case V4L2_COLORSPACE_JPEG:
		return AVCOL_PRI_BT709;
	default:
		return AVCOL_PRI_UNSPECIFIED;
	}
}

static enum AVColorSpace matrix(uint32_t ycbcr_enc)
{
	switch (ycbcr_enc) {
	case V4L2_YCBCR_ENC_601:
	case V4L2_YCBCR_ENC_XV601:
		return AVCOL_SPC_SMPTE170M;
	case V4L2_YCBCR_ENC_709:
	case V4L2_YCBCR_ENC_XV709:
		return AVCOL_SPC_BT709;
	case V4L2_YCBCR_ENC_BT2020:
		return AVCOL_SPC_BT2020_NCL;
	case V4L2_YCBCR_ENC_BT2020_CONST_LUM:
		return AVCOL_SPC_BT2020_CL;
	case V4L2_YCBCR_ENC_SMPTE240M:
		return AVCOL_SPC_SMPTE240M;
	default:
		return AVCOL_SPC_UNSPECIFIED;
	}
}

static enum AVColorTransferCharacteristic transfer(uint32_t xfer_func)
{
	switch (xfer_func) {
	case V4L2_XFER_FUNC_709:
		return AVCOL_TRC_BT709;
	case V4L2_XFER_FUNC_SRGB:
		return AVCOL_TRC_IEC61966_2_1;
	case V4L2_XFER_FUNC_SMPTE240M:
		return AVCOL_TRC_SMPTE240M;
	case V4L2_XFER_FUNC_NONE:
		return AVCOL_TRC_LINEAR;
	case V4L2_XFER_FUNC_SMPTE2084:
		return AVCOL_TRC_SMPTE2084;
	default:
		return AVCOL_TRC_UNSPECIFIED;
	}
}

void vmedia_libav_set_colours(const struct vmedia_codec_colours *c, AVCodecContext *av)
{
	av->color_primaries = primaries(c->colorspace);
	av->colorspace = matrix(c->ycbcr_enc);
	av->color_trc = transfer(c->xfer_func);
	av->color_range = c->quantization == V4L2_QUANTIZATION_FULL_RANGE ? AVCOL_RANGE_JPEG
									  : AVCOL_RANGE_MPEG;
}
