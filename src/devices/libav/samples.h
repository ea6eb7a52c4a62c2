/* SPDX-License-Identifier: BSD-3-Clause */
/* A picture of each codec, by which an engine shows that it decodes. Context: any thread. */
#ifndef VMEDIA_DEVICES_LIBAV_SAMPLES_H
#define VMEDIA_DEVICES_LIBAV_SAMPLES_H

#include <libavcodec/avcodec.h>
#include <stdint.h>

struct vmedia_libav_sample {
	enum AVCodecID id;
	const uint8_t *data;
	size_t size;
};

/* The sample of codec @id, or NULL. */
const struct vmedia_libav_sample *vmedia_libav_sample_find(enum AVCodecID id);

#endif /* VMEDIA_DEVICES_LIBAV_SAMPLES_H */
