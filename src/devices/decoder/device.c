// SPDX-License-Identifier: BSD-3-Clause
/* The decoder's device: what it offers, and its engine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/videodev2.h>
#include <vmedia/list.h>
#include <vmedia/log.h>
#include <vmedia/worker.h>

#include "decode.h"
#include "decoder.h"

#define NUM_RAW 11

struct device {
	struct vmedia_libav_decoders shared;
	struct vmedia_decoder_ops ops;
	struct vmedia_format_config coded[VMEDIA_LIBAV_CODECS], raw[NUM_RAW];
	unsigned int num_coded;
	struct vmedia_frame_size size;
};

static const uint32_t raw[NUM_RAW] = {
	V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_NV12M, V4L2_PIX_FMT_YUV420M,
	V4L2_PIX_FMT_P010, V4L2_PIX_FMT_YUV422P, V4L2_PIX_FMT_NV16, V4L2_PIX_FMT_YUV422M,
	V4L2_PIX_FMT_YUV444M, V4L2_PIX_FMT_NV24, V4L2_PIX_FMT_GREY,
};

static void offer_raw(struct device *dev, const struct vmedia_libav_options *opts)
{
	dev->size = vmedia_libav_sizes(opts, VMEDIA_DECODER_MIN_SIZE, 1);
	vmedia_libav_formats(raw, NUM_RAW, &dev->size, dev->raw);
}

static unsigned int offer(struct device *dev, const char *list)
{
	const struct vmedia_libav_codec *codecs;
	unsigned int num = vmedia_libav_codecs(&codecs), n = 0;

	for (unsigned int i = 0; i < num; i++)
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

static const struct vmedia_libav_codec *codec_of(const struct device *dev, unsigned int i)
{
	return vmedia_libav_codec_find(dev->coded[i].pixelformat);
}

static int open_engine(struct device *dev, const struct vmedia_decoder_options *opts)
{
	struct vmedia_libav_engine *engine = &dev->shared.engine;
	int err;

	if (!opts->hwaccel)
		return 0;
	err = vmedia_libav_engine_open(engine, opts->hwaccel, opts->hwaccel_device);
	if (err)
		return -ENODEV;
	for (unsigned int i = 0; !err && i < dev->num_coded; i++)
		err = vmedia_libav_decoder_try(&dev->shared, codec_of(dev, i));
	return err;
}

/* Returns the number of codecs that the engine fails at. */
static int print_trials(struct device *dev)
{
	static const char *const words[] = { "passed", "failed", "skipped" };
	const struct vmedia_libav_engine *engine = &dev->shared.engine;
	unsigned int sums[3] = { 0 };

	printf("Engine: %s%s%s\n\n", engine->name, engine->device ? "" : ": ", engine->why);
	for (unsigned int i = 0; i < dev->num_coded; i++) {
		const struct vmedia_libav_codec *codec = codec_of(dev, i);
		const struct vmedia_libav_trial *t = vmedia_libav_trial(&dev->shared, codec);
		bool by_engine = t->by == VMEDIA_LIBAV_BY_ENGINE;
		unsigned int result = by_engine ? 0 : t->possible && !t->refused ? 1 : 2;

		sums[result]++;
		printf("%-8s%-12s%s%s\n", words[result], avcodec_get_name(codec->id),
		       by_engine ? engine->name : "software: ", t->why);
	}
	printf("\n%u passed, %u failed, %u skipped\n", sums[0], sums[1], sums[2]);
	return fflush(stdout) ? -EIO : (int)sums[1];
}

/* ---- The device ---- */

static void destroy(void *priv)
{
	struct device *dev = vmedia_container_of((struct vmedia_libav_decoders *)priv,
						 struct device, shared);

	vmedia_libav_engine_close(&dev->shared.engine);
	free(dev);
}

static int make(const struct vmedia_decoder_options *opts, struct device **out)
{
	struct device *dev = calloc(1, sizeof(*dev));
	int err;

	if (!dev)
		return -ENOMEM;
	dev->ops = vmedia_libav_decoder_ops;
	dev->ops.destroy = destroy;
	vmedia_libav_threads_init(&dev->shared.threads, opts->libav.threads);
	offer_raw(dev, &opts->libav);
	dev->shared.max_width = dev->size.max_width;
	dev->shared.max_height = dev->size.max_height;
	dev->num_coded = offer(dev, opts->libav.codecs);
	vmedia_libav_log();
	err = !vmedia_libav_names_valid(opts->libav.codecs) ? -EINVAL
	      : dev->num_coded				    ? 0
							    : -ENOSYS;
	if (!err)
		err = open_engine(dev, opts);
	if (err)
		destroy(&dev->shared);
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
	destroy(&dev->shared);
	return ret;
}

int vmedia_libav_decoder_create(struct vmedia_loop *loop,
				const struct vmedia_decoder_options *opts,
				struct vmedia_device **out)
{
	struct vmedia_decoder_config cfg = {
		.card = "vmedia decoder",
		.limits = opts->libav.limits,
		.region_size = opts->libav.region_size,
		.no_region = !opts->libav.region_size,
		.num_raw = NUM_RAW,
		.max_pixels = opts->libav.max_pixels,
	};
	struct device *dev;
	int err = make(opts, &dev);

	if (err)
		return err;
	if (opts->hwaccel && !dev->shared.engine.device)
		vmedia_warn("--hwaccel=%s: %s; all is decoded in software", opts->hwaccel,
			    dev->shared.engine.why);
	vmedia_worker_set_threads(loop, opts->libav.threads);
	cfg.ops = &dev->ops;
	cfg.priv = &dev->shared;
	cfg.raw = dev->raw;
	cfg.coded = dev->coded;
	cfg.num_coded = dev->num_coded;
	err = vmedia_decoder_create(loop, &cfg, out);
	if (err)
		destroy(&dev->shared);
	return err;
}
