// SPDX-License-Identifier: BSD-3-Clause
/*
 * The meaning of a picture's samples.
 */
#include "colour.h"

#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#include "layout.h"

/* ---- For libswscale ---- */

static enum AVPixelFormat plain_format(enum AVPixelFormat format, bool *full)
{
	static const enum AVPixelFormat pairs[][2] = {
		{ AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV420P },
		{ AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUV422P },
		{ AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUV444P },
		{ AV_PIX_FMT_YUVJ440P, AV_PIX_FMT_YUV440P },
		{ AV_PIX_FMT_YUVJ411P, AV_PIX_FMT_YUV411P },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (pairs[i][0] != format)
			continue;
		*full = true;
		return pairs[i][1];
	}
	return format;
}

static int matrix_of(enum AVColorSpace space)
{
	switch (space) {
	case AVCOL_SPC_BT709:
		return SWS_CS_ITU709;
	case AVCOL_SPC_FCC:
		return SWS_CS_FCC;
	case AVCOL_SPC_SMPTE240M:
		return SWS_CS_SMPTE240M;
	case AVCOL_SPC_BT2020_NCL:
	case AVCOL_SPC_BT2020_CL:
		return SWS_CS_BT2020;
	default:
		return SWS_CS_ITU601;
	}
}

bool vmedia_camera_is_rgb(enum AVPixelFormat format)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(format);

	return d && (d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL) ||
		     format == AV_PIX_FMT_MONOBLACK || format == AV_PIX_FMT_MONOWHITE);
}

static bool is_grey(enum AVPixelFormat format)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(format);

	return d && d->nb_components <= 2 && !vmedia_camera_is_rgb(format);
}

struct vmedia_camera_raw vmedia_camera_raw_of(const AVFrame *frame)
{
	struct vmedia_camera_raw raw = { .width = frame->width,
					 .height = frame->height,
					 .matrix = SWS_CS_ITU601 };

	raw.full = frame->color_range == AVCOL_RANGE_JPEG ||
		   (frame->color_range == AVCOL_RANGE_UNSPECIFIED && is_grey(frame->format));
	raw.format = plain_format(frame->format, &raw.full);
	if (vmedia_camera_is_rgb(raw.format))
		raw.full = true;
	else
		raw.matrix = matrix_of(frame->colorspace);
	return raw;
}

bool vmedia_camera_raw_same(const struct vmedia_camera_raw *a, const struct vmedia_camera_raw *b)
{
	return a->format == b->format && a->width == b->width && a->height == b->height &&
	       a->full == b->full && a->matrix == b->matrix;
}

/* ---- For V4L2 ---- */

static uint32_t encoding_of(enum AVColorSpace space)
{
	switch (space) {
	case AVCOL_SPC_BT709:
		return V4L2_YCBCR_ENC_709;
	case AVCOL_SPC_BT2020_NCL:
		return V4L2_YCBCR_ENC_BT2020;
	case AVCOL_SPC_BT2020_CL:
		return V4L2_YCBCR_ENC_BT2020_CONST_LUM;
	case AVCOL_SPC_SMPTE240M:
		return V4L2_YCBCR_ENC_SMPTE240M;
	default:
		return V4L2_YCBCR_ENC_601;
	}
}

/* V4L2_COLORSPACE_DEFAULT if the file does not give it, or V4L2 has no name for it. */
static uint32_t primaries_of(enum AVColorPrimaries primaries)
{
	switch (primaries) {
	case AVCOL_PRI_BT709:
		return V4L2_COLORSPACE_REC709;
	case AVCOL_PRI_BT470M:
		return V4L2_COLORSPACE_470_SYSTEM_M;
	case AVCOL_PRI_BT470BG:
		return V4L2_COLORSPACE_470_SYSTEM_BG;
	case AVCOL_PRI_SMPTE170M:
		return V4L2_COLORSPACE_SMPTE170M;
	case AVCOL_PRI_SMPTE240M:
		return V4L2_COLORSPACE_SMPTE240M;
	case AVCOL_PRI_BT2020:
		return V4L2_COLORSPACE_BT2020;
	case AVCOL_PRI_SMPTE431:
	case AVCOL_PRI_SMPTE432:
		return V4L2_COLORSPACE_DCI_P3;
	default:
		return V4L2_COLORSPACE_DEFAULT;
	}
}

static uint32_t colorspace_of_encoding(uint32_t encoding)
{
	switch (encoding) {
	case V4L2_YCBCR_ENC_709:
		return V4L2_COLORSPACE_REC709;
	case V4L2_YCBCR_ENC_BT2020:
	case V4L2_YCBCR_ENC_BT2020_CONST_LUM:
		return V4L2_COLORSPACE_BT2020;
	case V4L2_YCBCR_ENC_SMPTE240M:
		return V4L2_COLORSPACE_SMPTE240M;
	default:
		return V4L2_COLORSPACE_SMPTE170M;
	}
}

static uint32_t transfer_of(enum AVColorTransferCharacteristic transfer)
{
	switch (transfer) {
	case AVCOL_TRC_BT709:
	case AVCOL_TRC_SMPTE170M:
	case AVCOL_TRC_BT2020_10:
	case AVCOL_TRC_BT2020_12:
		return V4L2_XFER_FUNC_709;
	case AVCOL_TRC_IEC61966_2_1:
		return V4L2_XFER_FUNC_SRGB;
	case AVCOL_TRC_SMPTE240M:
		return V4L2_XFER_FUNC_SMPTE240M;
	case AVCOL_TRC_LINEAR:
		return V4L2_XFER_FUNC_NONE;
	case AVCOL_TRC_SMPTE2084:
		return V4L2_XFER_FUNC_SMPTE2084;
	case AVCOL_TRC_SMPTE428:
		return V4L2_XFER_FUNC_DCI_P3;
	default:
		return V4L2_XFER_FUNC_DEFAULT;
	}
}

void vmedia_camera_tell_colour(const AVFrame *frame, struct vmedia_camera_format *fmt)
{
	uint8_t kind = vmedia_camera_layout(fmt->pixelformat)->kind;
	bool jpeg = kind == VMEDIA_CAMERA_JPEG, rgb = vmedia_camera_is_rgb(frame->format);
	bool full = vmedia_camera_raw_of(frame).full && !rgb;

	fmt->ycbcr_enc = rgb || jpeg ? V4L2_YCBCR_ENC_601 : encoding_of(frame->colorspace);
	fmt->quantization = full || jpeg || kind == VMEDIA_CAMERA_RGB ?
				    V4L2_QUANTIZATION_FULL_RANGE :
				    V4L2_QUANTIZATION_LIM_RANGE;
	fmt->xfer_func = transfer_of(frame->color_trc);
	fmt->colorspace = primaries_of(frame->color_primaries);
	if (fmt->colorspace == V4L2_COLORSPACE_REC709 && (rgb || jpeg))
		fmt->colorspace = V4L2_COLORSPACE_DEFAULT;	/* sRGB's are the same */
	if (fmt->colorspace != V4L2_COLORSPACE_DEFAULT)
		return;
	if (jpeg && fmt->xfer_func == V4L2_XFER_FUNC_DEFAULT)
		fmt->xfer_func = V4L2_XFER_FUNC_SRGB;
	fmt->colorspace = jpeg ? V4L2_COLORSPACE_JPEG
			  : rgb ? V4L2_COLORSPACE_SRGB
				: colorspace_of_encoding(encoding_of(frame->colorspace));
}
