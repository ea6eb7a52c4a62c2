// SPDX-License-Identifier: BSD-3-Clause
/* The module encoder. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <vmedia/module.h>

#include "encoder.h"

static const struct vmedia_module_option options[] = {
	{ "threads", "N", "threads of each session's encoder, 1 to 16; 1" },
	{ "codecs", "NAME[,NAME...]",
	  "offer these: h264, hevc, vp8, vp9, av1 (default: all of them); or mjpeg, alone" },
	{ NULL, NULL, NULL },
};

static int parse_threads(const char *text, uint32_t *threads)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || n < 1 || n > VMEDIA_ENCODER_MAX_THREADS)
		return -EINVAL;
	*threads = (uint32_t)n;
	return 0;
}

static int create(const struct vmedia_module_args *args, char *why, size_t why_size,
		  struct vmedia_device **dev)
{
	struct vmedia_encoder_options opts = { .limits = args->limits,
					       .region_size = args->region_size,
					       .codecs = vmedia_module_value(args, "codecs") };
	const char *threads = vmedia_module_value(args, "threads");
	int err;

	if (threads && parse_threads(threads, &opts.threads)) {
		snprintf(why, why_size, "--threads=%s: give a number from 1 to %d", threads,
			 VMEDIA_ENCODER_MAX_THREADS);
		return -EINVAL;
	}
	err = vmedia_libav_encoder_create(args->loop, &opts, dev);
	if (err == -ENOSYS)
		snprintf(why, why_size, "libavcodec has no encoder that V4L2 has a format for: "
					"install a complete one");
	if (err == -EINVAL && opts.codecs)
		snprintf(why, why_size,
			 "--codecs=%s: give names with commas between, of h264, hevc, vp8, vp9 and "
			 "av1; or mjpeg alone",
			 opts.codecs);
	return err;
}

const struct vmedia_module vmedia_module = {
	.abi = VMEDIA_MODULE_ABI,
	.name = "encoder",
	.summary = "a video encoder: H.264, HEVC, VP8, VP9, AV1, Motion JPEG, by libavcodec",
	.options = options,
	.create = create,
};
