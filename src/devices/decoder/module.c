// SPDX-License-Identifier: BSD-3-Clause
/* The module decoder. */
#include <errno.h>
#include <stdio.h>
#include <vmedia/module.h>

#include "decoder.h"

static int create(const struct vmedia_module_args *args, char *why, size_t why_size,
		  struct vmedia_device **dev)
{
	struct vmedia_decoder_options opts = { .limits = args->limits,
					       .region_size = args->region_size,
					       .codecs = vmedia_module_value(args, "codecs") };
	int err = vmedia_libav_decoder_create(args->loop, &opts, dev);

	if (err == -ENOSYS)
		snprintf(why, why_size, "libavcodec has no decoder that V4L2 has a format for: "
					"install a complete one");
	if (err == -EINVAL && opts.codecs)
		snprintf(why, why_size,
			 "--codecs=%s: give names with commas between, of h264, hevc, vp8, vp9, "
			 "av1, mpeg1video, mpeg2video, mpeg4 and h263; or mjpeg alone",
			 opts.codecs);
	return err;
}

static const struct vmedia_module_option options[] = {
	{ "codecs", "NAME[,NAME...]",
	  "offer these: h264, hevc, vp8, vp9, av1, mpeg1video, mpeg2video, mpeg4, h263 (default: "
	  "all of them); or mjpeg, alone" },
	{ NULL, NULL, NULL },
};

const struct vmedia_module vmedia_module = {
	.abi = VMEDIA_MODULE_ABI,
	.name = "decoder",
	.summary = "a video decoder: H.264, HEVC, VP8, VP9 and what else libavcodec decodes",
	.example = "--codecs=h264,vp8",
	.options = options,
	.create = create,
};
