// SPDX-License-Identifier: BSD-3-Clause
/* The module decoder. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <vmedia/module.h>

#include "decoder.h"

static const struct vmedia_module_option options[] = {
	{ "codecs", "NAME[,NAME...]",
	  "offer these: h264, hevc, vp8, vp9, av1, mpeg1video, mpeg2video, mpeg4, h263 (default: "
	  "all of them); or mjpeg, alone" },
	{ "max-picture", "WIDTHxHEIGHT", "largest picture (default 8192x8192)" },
	{ "threads", "N", "threads that decode, for all sessions (default: one a CPU)" },
	{ "max-pixels", "N", "pixels of one picture of each session, in all (default 256M)" },
	{ 0 },
};

/* A number, and what follows it. */
static bool number(const char *text, unsigned long long *n, const char **end)
{
	char *after;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*n = strtoull(text, &after, 10);
	*end = after;
	return !errno;
}

static bool read_picture(const char *text, struct vmedia_decoder_options *opts)
{
	unsigned long long w, h;

	if (!number(text, &w, &text) || *text++ != 'x' || !number(text, &h, &text) || *text)
		return false;
	if (w < VMEDIA_DECODER_MIN_SIZE || w > VMEDIA_DECODER_MAX_SIZE ||
	    h < VMEDIA_DECODER_MIN_SIZE || h > VMEDIA_DECODER_MAX_SIZE)
		return false;
	opts->max_width = (uint32_t)w;
	opts->max_height = (uint32_t)h;
	return true;
}

static bool read_pixels(const char *text, struct vmedia_decoder_options *opts)
{
	unsigned long long n;
	unsigned int shift;

	if (!number(text, &n, &text) || !n)
		return false;
	shift = *text == 'K' ? 10 : *text == 'M' ? 20 : *text == 'G' ? 30 : 0;
	if (text[shift != 0] || n > UINT64_MAX >> (shift + 1))
		return false;
	opts->max_pixels = n << shift;
	return true;
}

static bool read_threads(const char *text, struct vmedia_decoder_options *opts)
{
	unsigned long long n;

	if (!number(text, &n, &text) || *text || !n || n > 256)
		return false;
	opts->threads = (uint32_t)n;
	return true;
}

static int create(const struct vmedia_module_args *args, char *why, size_t why_size,
		  struct vmedia_device **dev)
{
	struct vmedia_decoder_options opts = { .limits = args->limits,
					       .region_size = args->region_size,
					       .codecs = vmedia_module_value(args, "codecs") };
	const char *picture = vmedia_module_value(args, "max-picture");
	const char *pixels = vmedia_module_value(args, "max-pixels");
	const char *threads = vmedia_module_value(args, "threads");
	int err;

	if (picture && !read_picture(picture, &opts)) {
		snprintf(why, why_size, "--max-picture=%s is not a size: give a width and a height "
					"of 16 to 8192, as in 1920x1088", picture);
		return -EINVAL;
	}
	if (pixels && !read_pixels(pixels, &opts)) {
		snprintf(why, why_size, "--max-pixels=%s is not a number of pixels: give one, as "
					"in 256M", pixels);
		return -EINVAL;
	}
	if (threads && !read_threads(threads, &opts)) {
		snprintf(why, why_size, "--threads=%s is not a number of threads: give one from 1 "
					"to 256", threads);
		return -EINVAL;
	}
	err = vmedia_libav_decoder_create(args->loop, &opts, dev);
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

const struct vmedia_module vmedia_module = {
	.abi = VMEDIA_MODULE_ABI,
	.name = "decoder",
	.summary = "a video decoder: H.264, HEVC, VP8, VP9 and what else libavcodec decodes",
	.example = "--codecs=h264,vp8",
	.options = options,
	.create = create,
};
