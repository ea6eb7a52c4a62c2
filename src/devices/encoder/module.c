// SPDX-License-Identifier: BSD-3-Clause
/* The module encoder. */
#include <vmedia/module.h>

#include "encoder.h"

static const struct vmedia_module_option options[] = {
	{ "codecs", "NAME[,NAME...]",
	  "offer these: h264, hevc, vp8, vp9, av1 (default: all of them); or mjpeg, alone" },
	VMEDIA_LIBAV_OPTIONS("encode"),
	{ 0 },
};

static int create(const struct vmedia_module_args *args, char *why, size_t why_size,
		  struct vmedia_device **dev)
{
	struct vmedia_libav_options opts;
	int err = vmedia_libav_options_read(args, VMEDIA_ENCODER_MIN_SIZE, &opts, why, why_size);

	if (!err) {
		err = vmedia_libav_encoder_create(args->loop, &opts, dev);
		vmedia_libav_options_explain(err, &opts, "encoder", "h264, hevc, vp8, vp9 and av1",
					     why, why_size);
	}
	return err;
}

const struct vmedia_module vmedia_module = {
	.abi = VMEDIA_MODULE_ABI,
	.name = "encoder",
	.summary = "a video encoder: H.264, HEVC, VP8, VP9, AV1, Motion JPEG, by libavcodec",
	.options = options,
	.create = create,
};
