// SPDX-License-Identifier: BSD-3-Clause
/* The decoder's device: what it offers, and its engine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/videodev2.h>
#include <vmedia/log.h>
#include <vmedia/worker.h>

#include "decoder.h"
#include "decoder_impl.h"

static const uint32_t raw[NUM_RAW] = {
	V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_NV12M, V4L2_PIX_FMT_YUV420M,
	V4L2_PIX_FMT_P010, V4L2_PIX_FMT_YUV422P, V4L2_PIX_FMT_NV16, V4L2_PIX_FMT_YUV422M,
	V4L2_PIX_FMT_YUV444M, V4L2_PIX_FMT_NV24, V4L2_PIX_FMT_GREY,
};

static void offer_raw(struct device *dev, const struct vmedia_decoder_options *opts)
{
	dev->size = (struct vmedia_frame_size){
		.width = VMEDIA_DECODER_MIN_SIZE,
		.height = VMEDIA_DECODER_MIN_SIZE,
		.max_width = opts->max_width ? opts->max_width : VMEDIA_DECODER_MAX_SIZE,
		.max_height = opts->max_height ? opts->max_height : VMEDIA_DECODER_MAX_SIZE,
		.step_width = 1,
		.step_height = 1,
	};
	for (unsigned int i = 0; i < NUM_RAW; i++)
		dev->raw[i] = (struct vmedia_format_config){ .pixelformat = raw[i],
							     .sizes = &dev->size,
							     .num_sizes = 1 };
}

static unsigned int offer(struct device *dev, const char *list)
{
	const struct vmedia_libav_codec *codecs;
	unsigned int num = vmedia_libav_codecs(&codecs), n = 0;

	for (unsigned int i = 0; i < num && n < NUM_CODECS; i++)
		if (vmedia_libav_named(list, &codecs[i]) && avcodec_find_decoder(codecs[i].id))
			dev->coded[n++] = (struct vmedia_format_config){
				.pixelformat = codecs[i].pixelformat,
				.sizes = &dev->size,
				.num_sizes = 1,
				.flags = codecs[i].flags,
			};
	return n;
}

/* ---- Trials of the engine ---- */

static int open_engine(struct device *dev, const struct vmedia_decoder_options *opts)
{
	int err;

	if (!opts->hwaccel)
		return 0;
	err = vmedia_decoder_engine_open(&dev->engine, opts->hwaccel, opts->hwaccel_device);
	if (err)
		return -ENODEV;
	for (unsigned int i = 0; !err && i < dev->num_coded; i++)
		err = vmedia_libav_decoder_try(dev, dev->coded[i].pixelformat, &dev->trials[i]);
	return err;
}

/* Returns the number of codecs that the engine fails at. */
static int print_trials(const struct device *dev)
{
	static const char *const words[] = { "passed", "failed", "skipped" };
	unsigned int sums[3] = { 0 };

	printf("Engine: %s%s%s\n\n", dev->engine.name, dev->engine.device ? "" : ": ",
	       dev->engine.why);
	for (unsigned int i = 0; i < dev->num_coded; i++) {
		const struct trial *t = &dev->trials[i];
		const char *name = avcodec_get_name(
			vmedia_libav_codec_find(dev->coded[i].pixelformat)->id);
		unsigned int result = t->by == BY_ENGINE ? 0 : t->possible && !t->refused ? 1 : 2;

		sums[result]++;
		printf("%-8s%-12s%s%s\n", words[result], name,
		       t->by == BY_ENGINE ? dev->engine.name : "software: ", t->why);
	}
	printf("\n%u passed, %u failed, %u skipped\n", sums[0], sums[1], sums[2]);
	return fflush(stdout) ? -EIO : (int)sums[1];
}

/* ---- The device ---- */

static int make(const struct vmedia_decoder_options *opts, struct device **out)
{
	struct device *dev = calloc(1, sizeof(*dev));
	int err;

	if (!dev)
		return -ENOMEM;
	vmedia_libav_threads_init(&dev->threads, opts->threads);
	offer_raw(dev, opts);
	dev->num_coded = offer(dev, opts->codecs);
	vmedia_libav_log();
	err = !vmedia_libav_names_valid(opts->codecs) ? -EINVAL : dev->num_coded ? 0 : -ENOSYS;
	if (!err)
		err = open_engine(dev, opts);
	if (err)
		vmedia_libav_decoder_ops.destroy(dev);
	else
		*out = dev;
	return err;
}

int vmedia_libav_decoder_report(const struct vmedia_decoder_options *opts)
{
	struct device *dev;
	int ret = make(opts, &dev);

	if (ret)
		return ret;
	ret = print_trials(dev);
	vmedia_libav_decoder_ops.destroy(dev);
	return ret;
}

int vmedia_libav_decoder_create(struct vmedia_loop *loop,
				const struct vmedia_decoder_options *opts,
				struct vmedia_device **out)
{
	struct vmedia_decoder_config cfg = {
		.card = "vmedia decoder",
		.limits = opts->limits,
		.region_size = opts->region_size,
		.no_region = !opts->region_size,
		.num_raw = NUM_RAW,
		.max_pixels = opts->max_pixels,
		.ops = &vmedia_libav_decoder_ops,
	};
	struct device *dev;
	int err = make(opts, &dev);

	if (err)
		return err;
	if (opts->hwaccel && !dev->engine.device)
		vmedia_warn("--hwaccel=%s: %s; all is decoded in software", opts->hwaccel,
			    dev->engine.why);
	vmedia_worker_set_threads(loop, opts->threads);
	cfg.priv = dev;
	cfg.raw = dev->raw;
	cfg.coded = dev->coded;
	cfg.num_coded = dev->num_coded;
	err = vmedia_decoder_create(loop, &cfg, out);
	if (err)
		vmedia_libav_decoder_ops.destroy(dev);
	return err;
}
