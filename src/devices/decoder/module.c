// SPDX-License-Identifier: BSD-3-Clause
/* The module decoder. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <vmedia/module.h>

#include "decoder.h"
#include "engine.h"

/*
 * Of drivers: to open their node; ioctl() of DRM, of DMA buffers and of their fences. Facts about
 * the machine.
 */
#define START "openat:rw open:rw"
#define CALLS "ioctl:d ioctl:b ioctl:> sysinfo uname getpid gettid sched_yield"

static int report(const struct vmedia_module_args *args, char *why, size_t why_size);

static const struct vmedia_module_option options[] = {
	{ "codecs", "NAME[,NAME...]",
	  "offer these: h264, hevc, vp8, vp9, av1, mpeg1video, mpeg2video, mpeg4, h263 (default: "
	  "all of them); or mjpeg, alone" },
	{ "max-picture", "WIDTHxHEIGHT", "largest picture (default 8192x8192)" },
	{ "threads", "N", "threads that decode, for all sessions (default: one a CPU)" },
	{ "max-pixels", "N", "pixels of one picture of each session, in all (default 256M)" },
	{ "hwaccel", "ENGINE",
	  "decode by hardware what it can: vaapi, cuda or another that libavcodec has (default: "
	  "all in software)" },
	{ "hwaccel-device", "DEVICE",
	  "its device, as /dev/dri/renderD128 (default: the first one)" },
	{ "hwaccel-report", NULL,
	  "decode a picture of each codec, tell what decoded it, and exit" },
	{ 0 },
};

static const struct vmedia_module_mode modes[] = {
	{ "hwaccel", START, CALLS, NULL },
	{ "hwaccel-report", NULL, NULL, report },
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

static int read_hwaccel(const struct vmedia_module_args *args, struct vmedia_decoder_options *opts,
			char *why, size_t why_size)
{
	const char *asked = vmedia_module_value(args, "hwaccel-report");

	opts->hwaccel = vmedia_module_value(args, "hwaccel");
	opts->hwaccel_device = vmedia_module_value(args, "hwaccel-device");
	if (!opts->hwaccel && (opts->hwaccel_device || asked)) {
		snprintf(why, why_size, "--hwaccel-%s is of use with --hwaccel=ENGINE alone: give "
			 "both", opts->hwaccel_device ? "device" : "report");
		return -EINVAL;
	}
	if (opts->hwaccel_device && !*opts->hwaccel_device) {
		snprintf(why, why_size, "--hwaccel-device= is empty: give a device, as in "
			 "/dev/dri/renderD128");
		return -EINVAL;
	}
	return 0;
}

static int read_options(const struct vmedia_module_args *args, struct vmedia_decoder_options *opts,
			char *why, size_t why_size)
{
	const char *picture = vmedia_module_value(args, "max-picture");
	const char *pixels = vmedia_module_value(args, "max-pixels");
	const char *threads = vmedia_module_value(args, "threads");

	*opts = (struct vmedia_decoder_options){ .limits = args->limits,
						 .region_size = args->region_size,
						 .codecs = vmedia_module_value(args, "codecs") };
	if (picture && !read_picture(picture, opts)) {
		snprintf(why, why_size, "--max-picture=%s is not a size: give a width and a height "
					"of 16 to 8192, as in 1920x1088", picture);
		return -EINVAL;
	}
	if (pixels && !read_pixels(pixels, opts)) {
		snprintf(why, why_size, "--max-pixels=%s is not a number of pixels: give one, as "
					"in 256M", pixels);
		return -EINVAL;
	}
	if (threads && !read_threads(threads, opts)) {
		snprintf(why, why_size, "--threads=%s is not a number of threads: give one from 1 "
					"to 256", threads);
		return -EINVAL;
	}
	return read_hwaccel(args, opts, why, why_size);
}

static void explain(int err, const struct vmedia_decoder_options *opts, char *why, size_t why_size)
{
	char names[128];

	if (err == -ENOSYS)
		snprintf(why, why_size, "libavcodec has no decoder that V4L2 has a format for: "
					"install a complete one");
	if (err == -ENODEV) {
		vmedia_decoder_engine_names(names, sizeof(names));
		snprintf(why, why_size, "--hwaccel=%.64s: libavcodec has no such engine here: give "
			 "one of %s", opts->hwaccel, names);
	}
	if (err == -EINVAL && opts->codecs)
		snprintf(why, why_size,
			 "--codecs=%s: give names with commas between, of h264, hevc, vp8, vp9, "
			 "av1, mpeg1video, mpeg2video, mpeg4 and h263; or mjpeg alone",
			 opts->codecs);
}

static int create(const struct vmedia_module_args *args, char *why, size_t why_size,
		  struct vmedia_device **dev)
{
	struct vmedia_decoder_options opts;
	int err = read_options(args, &opts, why, why_size);

	if (!err) {
		err = vmedia_libav_decoder_create(args->loop, &opts, dev);
		explain(err, &opts, why, why_size);
	}
	return err;
}

static int report(const struct vmedia_module_args *args, char *why, size_t why_size)
{
	struct vmedia_decoder_options opts;
	int ret = read_options(args, &opts, why, why_size);

	if (!ret) {
		ret = vmedia_libav_decoder_report(&opts);
		explain(ret, &opts, why, why_size);
	}
	return ret;
}

const struct vmedia_module vmedia_module = {
	.abi = VMEDIA_MODULE_ABI,
	.name = "decoder",
	.summary = "a video decoder: H.264, HEVC, VP8, VP9 and what else libavcodec decodes",
	.example = "--codecs=h264,vp8",
	.options = options,
	.create = create,
	.modes = modes,
};
