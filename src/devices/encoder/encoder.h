/* SPDX-License-Identifier: BSD-3-Clause */
/* The encoder: a device of libavcodec's encoders. */
#ifndef VMEDIA_DEVICES_ENCODER_H
#define VMEDIA_DEVICES_ENCODER_H

#include <vmedia/encoder.h>

#define VMEDIA_ENCODER_MAX_THREADS 16

struct vmedia_encoder_options {
	const struct vmedia_limits *limits;
	uint64_t region_size;		/* 0: no region */
	uint32_t threads;		/* of each session's codec; 0: 1 */
	const char *codecs;		/* a list for vmedia_libav_named(), or NULL */
};

/*
 * Returns 0; -ENOSYS: this libavcodec has none of the encoders; -EINVAL: vmedia_libav_names_valid()
 * refuses @opts->codecs; or as vmedia_encoder_create().
 * Context: the loop's thread, before the loop runs.
 */
int vmedia_libav_encoder_create(struct vmedia_loop *loop,
				const struct vmedia_encoder_options *opts,
				struct vmedia_device **dev);

#endif /* VMEDIA_DEVICES_ENCODER_H */
