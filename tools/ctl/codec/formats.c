/* SPDX-License-Identifier: BSD-3-Clause */
/* Codecs of V4L2 and of libavcodec; errors of libav*. */
#include <stdio.h>

#include "media.h"

static const struct {
	uint32_t pixelformat;
	enum AVCodecID id;
} codecs[] = {
	{ V4L2_PIX_FMT_H264, AV_CODEC_ID_H264 },
	{ V4L2_PIX_FMT_HEVC, AV_CODEC_ID_HEVC },
	{ V4L2_PIX_FMT_VP8, AV_CODEC_ID_VP8 },
	{ V4L2_PIX_FMT_VP9, AV_CODEC_ID_VP9 },
	{ v4l2_fourcc('A', 'V', '0', '1'), AV_CODEC_ID_AV1 },
	{ V4L2_PIX_FMT_MPEG2, AV_CODEC_ID_MPEG2VIDEO },
	{ V4L2_PIX_FMT_MPEG1, AV_CODEC_ID_MPEG1VIDEO },
	{ V4L2_PIX_FMT_MPEG4, AV_CODEC_ID_MPEG4 },
	{ V4L2_PIX_FMT_H263, AV_CODEC_ID_H263 },
	{ V4L2_PIX_FMT_MJPEG, AV_CODEC_ID_MJPEG },
	/* After MJPEG, which is what a file's packets are called. */
	{ V4L2_PIX_FMT_JPEG, AV_CODEC_ID_MJPEG },
};
#define NUM_CODECS (sizeof(codecs) / sizeof(codecs[0]))

uint32_t media_format_of(enum AVCodecID id)
{
	for (size_t i = 0; i < NUM_CODECS; i++)
		if (codecs[i].id == id)
			return codecs[i].pixelformat;
	return 0;
}

enum AVCodecID media_codec_of(uint32_t pixelformat)
{
	for (size_t i = 0; i < NUM_CODECS; i++)
		if (codecs[i].pixelformat == pixelformat)
			return codecs[i].id;
	return AV_CODEC_ID_NONE;
}

int media_unusable(const char *option, const char *path, const char *words, int averror)
{
	char said[AV_ERROR_MAX_STRING_SIZE];

	av_strerror(averror, said, sizeof(said));
	return ctl_usage_text("%s=%s: %s: %s", option, path, words, said);
}
