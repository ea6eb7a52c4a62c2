// SPDX-License-Identifier: BSD-3-Clause
/* What libavcodec has to be told of a stream of H.264. */
#include "libav.h"

/* The profile of a packet's sequence parameter set; 0: the packet has none. */
static uint8_t profile_of(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + 5 <= size; i++) {
		unsigned int unit = data[i + 3] & 31;

		if (data[i] || data[i + 1] || data[i + 2] != 1)
			continue;
		if (unit == 7)
			return data[i + 4];
		/* Parameter sets come before the slices. */
		if (unit >= 1 && unit <= 5)
			return 0;
	}
	return 0;
}

void vmedia_libav_reorder(AVCodecContext *av, const uint8_t *data, size_t size)
{
	uint8_t profile = av->codec_id == AV_CODEC_ID_H264 ? profile_of(data, size) : 0;

	if (profile)
		av->strict_std_compliance = profile == FF_PROFILE_H264_BASELINE
						    ? FF_COMPLIANCE_NORMAL
						    : FF_COMPLIANCE_STRICT;
}
