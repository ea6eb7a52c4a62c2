/* SPDX-License-Identifier: BSD-3-Clause */
/* The decoder's device (device.c) and its codecs (decoder.c), for each other. */
#ifndef VMEDIA_DEVICES_DECODER_IMPL_H
#define VMEDIA_DEVICES_DECODER_IMPL_H

#include <stdbool.h>
#include <vmedia/codec.h>

#include "engine.h"
#include "libav.h"
#include "threads.h"

#define NUM_CODECS 16
#define NUM_RAW	   11

/* What decodes pictures. */
enum by { BY_NOTHING, BY_SOFTWARE, BY_ENGINE };

/* How an engine does with a codec. */
struct trial {
	enum by by;
	bool possible;			/* libavcodec can give the codec to the engine */
	bool refused;			/* the engine or libavcodec said no at the header */
	char why[256];			/* not by the engine */
};

struct device {
	struct vmedia_decoder_engine engine;
	struct trial trials[NUM_CODECS];	/* of ->coded */
	unsigned int num_coded;
	struct vmedia_format_config coded[NUM_CODECS], raw[NUM_RAW];
	struct vmedia_frame_size size;
	struct vmedia_libav_threads threads;
};

extern const struct vmedia_decoder_ops vmedia_libav_decoder_ops;

/*
 * Decode the sample of @coded, and fill in @t, which is zero. Returns 0 or -ENOMEM.
 * Context: the loop's thread, before the loop runs.
 */
int vmedia_libav_decoder_try(struct device *dev, uint32_t coded, struct trial *t);

#endif /* VMEDIA_DEVICES_DECODER_IMPL_H */
