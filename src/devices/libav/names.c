// SPDX-License-Identifier: BSD-3-Clause
/* Codecs and colours of V4L2 and of libavcodec; errors; the log. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/videodev2.h>
#include <vmedia/log.h>

#include "libav.h"

#define DYNAMIC V4L2_FMT_FLAG_DYN_RESOLUTION
#define BYTES	(DYNAMIC | V4L2_FMT_FLAG_CONTINUOUS_BYTESTREAM)

static const struct vmedia_libav_codec codecs[VMEDIA_LIBAV_CODECS] = {
	{ V4L2_PIX_FMT_H264, AV_CODEC_ID_H264, true, true, 1, false, BYTES },
	{ V4L2_PIX_FMT_HEVC, AV_CODEC_ID_HEVC, false, true, 6, true, BYTES },
	{ V4L2_PIX_FMT_VP8, AV_CODEC_ID_VP8, true, false, 3, false, DYNAMIC },
	{ V4L2_PIX_FMT_VP9, AV_CODEC_ID_VP9, true, false, 4, false, DYNAMIC },
	{ V4L2_PIX_FMT_AV1, AV_CODEC_ID_AV1, true, false, 0, true, DYNAMIC },
	{ V4L2_PIX_FMT_MPEG2, AV_CODEC_ID_MPEG2VIDEO, false, false, 0, false, BYTES },
	{ V4L2_PIX_FMT_MPEG1, AV_CODEC_ID_MPEG1VIDEO, false, false, 0, false, BYTES },
	{ V4L2_PIX_FMT_MPEG4, AV_CODEC_ID_MPEG4, false, false, 0, false, BYTES },
	{ V4L2_PIX_FMT_H263, AV_CODEC_ID_H263, false, false, 0, false, DYNAMIC },
	{ V4L2_PIX_FMT_MJPEG, AV_CODEC_ID_MJPEG, true, false, 1, false, DYNAMIC },
};

unsigned int vmedia_libav_codecs(const struct vmedia_libav_codec **table)
{
	*table = codecs;
	return sizeof(codecs) / sizeof(codecs[0]);
}

const struct vmedia_libav_codec *vmedia_libav_codec_find(uint32_t pixelformat)
{
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (codecs[i].pixelformat == pixelformat)
			return &codecs[i];
	return NULL;
}

/* ---- Lists of names ---- */

static size_t name_length(const char *list)
{
	return strcspn(list, ",");
}

/* The rest of @list after its first name. */
static const char *after_name(const char *list)
{
	list += name_length(list);
	return *list ? list + 1 : NULL;
}

/* @list begins with the name of @codec. */
static bool is_first(const char *list, const struct vmedia_libav_codec *codec)
{
	const char *name = avcodec_get_name(codec->id);

	return strlen(name) == name_length(list) && !strncmp(name, list, strlen(name));
}

bool vmedia_libav_named(const char *list, const struct vmedia_libav_codec *codec)
{
	if (!list)
		return codec->id != AV_CODEC_ID_MJPEG;
	for (; list; list = after_name(list))
		if (is_first(list, codec))
			return true;
	return false;
}

bool vmedia_libav_names_valid(const char *list)
{
	bool jpeg = false, video = false;

	for (; list; list = after_name(list)) {
		size_t i, n = sizeof(codecs) / sizeof(codecs[0]);

		for (i = 0; i < n && !is_first(list, &codecs[i]); i++)
			;
		if (i == n)
			return false;
		jpeg |= codecs[i].id == AV_CODEC_ID_MJPEG;
		video |= codecs[i].id != AV_CODEC_ID_MJPEG;
	}
	return !jpeg || !video;
}

int vmedia_libav_error(int averror)
{
	if (averror >= 0)
		return 0;
	if (averror == AVERROR(ENOMEM))
		return -ENOMEM;
	if (averror == AVERROR(EAGAIN))
		return -EAGAIN;
	return averror == AVERROR_EOF ? -ENODATA : -EBADMSG;
}

/* Keep an error of a context of ours. Encoders have no memory of theirs in it. */
static void keep(void *avcl, const char *fmt, va_list args)
{
	struct vmedia_libav_memory *m;
	va_list again;

	if (!avcl || *(const AVClass **)avcl != avcodec_get_class())
		return;
	m = ((AVCodecContext *)avcl)->opaque;
	if (!m || !m->listens)
		return;
	m->listens = false;
	va_copy(again, args);
	vsnprintf(m->said, sizeof(m->said), fmt, again);
	va_end(again);
	m->said[strcspn(m->said, "\n")] = 0;
}

static void on_log(void *avcl, int level, const char *fmt, va_list args)
{
	char line[512], clean[VMEDIA_LOG_MAX];
	int prefix = 1;

	if (level <= AV_LOG_ERROR)
		keep(avcl, fmt, args);
	if (level > AV_LOG_WARNING || !vmedia_log_wants(VMEDIA_LOG_DEBUG))
		return;
	av_log_format_line(avcl, level, fmt, args, line, sizeof(line), &prefix);
	line[strcspn(line, "\n")] = 0;
	vmedia_dbg("libav: %s", vmedia_log_escape(clean, sizeof(clean), line, strlen(line)));
}

void vmedia_libav_log(void)
{
	av_log_set_callback(on_log);
}

/* ---- Colours ---- */

static uint32_t colorspace(enum AVColorPrimaries primaries, enum AVColorSpace space)
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
		return V4L2_COLORSPACE_DCI_P3;
	default:
		break;
	}
	switch (space) {
	case AVCOL_SPC_BT709:
		return V4L2_COLORSPACE_REC709;
	case AVCOL_SPC_BT470BG:
	case AVCOL_SPC_SMPTE170M:
		return V4L2_COLORSPACE_SMPTE170M;
	case AVCOL_SPC_SMPTE240M:
		return V4L2_COLORSPACE_SMPTE240M;
	case AVCOL_SPC_BT2020_NCL:
	case AVCOL_SPC_BT2020_CL:
		return V4L2_COLORSPACE_BT2020;
	default:
		return V4L2_COLORSPACE_DEFAULT;
	}
}

static uint32_t encoding(enum AVColorSpace space)
{
	switch (space) {
	case AVCOL_SPC_BT709:
		return V4L2_YCBCR_ENC_709;
	case AVCOL_SPC_BT470BG:
	case AVCOL_SPC_SMPTE170M:
		return V4L2_YCBCR_ENC_601;
	case AVCOL_SPC_SMPTE240M:
		return V4L2_YCBCR_ENC_SMPTE240M;
	case AVCOL_SPC_BT2020_NCL:
		return V4L2_YCBCR_ENC_BT2020;
	case AVCOL_SPC_BT2020_CL:
		return V4L2_YCBCR_ENC_BT2020_CONST_LUM;
	default:
		return V4L2_YCBCR_ENC_DEFAULT;
	}
}

static uint32_t transfer_function(enum AVColorTransferCharacteristic transfer)
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
	default:
		return V4L2_XFER_FUNC_DEFAULT;
	}
}

void vmedia_libav_colours(enum AVColorPrimaries primaries, enum AVColorSpace space,
			  enum AVColorTransferCharacteristic transfer, enum AVColorRange range,
			  struct vmedia_codec_colours *c)
{
	c->colorspace = colorspace(primaries, space);
	c->ycbcr_enc = encoding(space);
	c->xfer_func = transfer_function(transfer);
	c->quantization = range == AVCOL_RANGE_JPEG   ? V4L2_QUANTIZATION_FULL_RANGE
			  : range == AVCOL_RANGE_MPEG ? V4L2_QUANTIZATION_LIM_RANGE
						      : V4L2_QUANTIZATION_DEFAULT;
}
