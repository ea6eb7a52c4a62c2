/* SPDX-License-Identifier: BSD-3-Clause */
/* The decoder: a device of libavcodec's decoders. */
#ifndef VMEDIA_DEVICES_DECODER_H
#define VMEDIA_DEVICES_DECODER_H

#include <vmedia/codec.h>

#include "options.h"

#define VMEDIA_DECODER_MIN_SIZE 16u

struct vmedia_decoder_options {
	struct vmedia_libav_options libav;
	const char *hwaccel;		/* the engine, by libavutil's name of its type; or NULL */
	const char *hwaccel_device;	/* its device; NULL: the first one */
};

/*
 * Returns 0; -ENOSYS: this libavcodec has none of the decoders; -EINVAL: vmedia_libav_names_valid()
 * refuses --codecs; -ENODEV: there is no engine @opts->hwaccel; or as vmedia_decoder_create().
 * An engine that does not open is no error: the log has a warning, and libavcodec decodes in
 * software.
 * Context: the loop's thread, before the loop runs.
 */
int vmedia_libav_decoder_create(struct vmedia_loop *loop,
				const struct vmedia_decoder_options *opts,
				struct vmedia_device **dev);

/*
 * Decode a picture of each codec of @opts, and print to standard output what decoded it. Returns
 * the number of codecs that libavcodec can give to the engine, and that it did not decode; or as
 * above. Context: as above.
 */
int vmedia_libav_decoder_report(const struct vmedia_decoder_options *opts);

#endif /* VMEDIA_DEVICES_DECODER_H */
