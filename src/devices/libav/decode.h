/* SPDX-License-Identifier: BSD-3-Clause */
/* Decoders made of libavcodec's: decoder.c. */
#ifndef VMEDIA_DEVICES_LIBAV_DECODE_H
#define VMEDIA_DEVICES_LIBAV_DECODE_H

#include <stdbool.h>
#include <vmedia/codec.h>

#include "engine.h"
#include "libav.h"
#include "threads.h"

/* What decodes pictures. */
enum vmedia_libav_by { VMEDIA_LIBAV_BY_NOTHING, VMEDIA_LIBAV_BY_SOFTWARE, VMEDIA_LIBAV_BY_ENGINE };

/* How an engine does with a codec. */
struct vmedia_libav_trial {
	enum vmedia_libav_by by;
	bool possible;			/* libavcodec can give the codec to the engine */
	bool refused;			/* the engine or libavcodec said no at the header */
	char why[256];			/* not by the engine */
};

/* What a device's decoders share. */
struct vmedia_libav_decoders {
	struct vmedia_libav_engine engine;
	struct vmedia_libav_trial trials[VMEDIA_LIBAV_CODECS];	/* of vmedia_libav_codecs() */
	uint32_t max_width, max_height;
	struct vmedia_libav_threads threads;
};

/* Without destroy(). Their priv is a struct vmedia_libav_decoders. */
extern const struct vmedia_decoder_ops vmedia_libav_decoder_ops;

/* The trial of @codec. */
struct vmedia_libav_trial *vmedia_libav_trial(struct vmedia_libav_decoders *shared,
					      const struct vmedia_libav_codec *codec);
/*
 * Decode the sample of @codec, and fill in its trial, which is zero. Returns 0 or -ENOMEM.
 * Context: the loop's thread, before the loop runs.
 */
int vmedia_libav_decoder_try(struct vmedia_libav_decoders *shared,
			     const struct vmedia_libav_codec *codec);

#endif /* VMEDIA_DEVICES_LIBAV_DECODE_H */
