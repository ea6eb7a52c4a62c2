/* SPDX-License-Identifier: BSD-3-Clause */
/* The encoder: a device of libavcodec's encoders. */
#ifndef VMEDIA_DEVICES_ENCODER_H
#define VMEDIA_DEVICES_ENCODER_H

#include <vmedia/encoder.h>

#include "options.h"

#define VMEDIA_ENCODER_MIN_SIZE 32u

/*
 * Returns 0; -ENOSYS: this libavcodec has none of the encoders; -EINVAL: vmedia_libav_names_valid()
 * refuses --codecs; or as vmedia_encoder_create().
 * Context: the loop's thread, before the loop runs.
 */
int vmedia_libav_encoder_create(struct vmedia_loop *loop, const struct vmedia_libav_options *opts,
				struct vmedia_device **dev);

#endif /* VMEDIA_DEVICES_ENCODER_H */
