// SPDX-License-Identifier: BSD-3-Clause
/* The module decoder. */
#include <errno.h>
#include <stdio.h>
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
	VMEDIA_LIBAV_OPTIONS("decode"),
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
	int err = vmedia_libav_options_read(args, VMEDIA_DECODER_MIN_SIZE, &opts->libav, why,
					    why_size);

	return err ? err : read_hwaccel(args, opts, why, why_size);
}

static void explain(int err, const struct vmedia_decoder_options *opts, char *why, size_t why_size)
{
	char names[128];

	vmedia_libav_options_explain(err, &opts->libav, "decoder",
				     "h264, hevc, vp8, vp9, av1, mpeg1video, mpeg2video, mpeg4 and "
				     "h263", why, why_size);
	if (err != -ENODEV)
		return;
	vmedia_libav_engine_names(names, sizeof(names));
	snprintf(why, why_size, "--hwaccel=%.64s: libavcodec has no such engine here: give one of "
		 "%s", opts->hwaccel, names);
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
