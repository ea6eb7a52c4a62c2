// SPDX-License-Identifier: BSD-3-Clause
/* The encoder's device: what it offers. */
#include <errno.h>
#include <stdlib.h>

#include <linux/videodev2.h>
#include <vmedia/list.h>
#include <vmedia/worker.h>

#include "encode.h"
#include "encoder.h"
#include "libav.h"

static const uint32_t raw[] = {
	V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_NV12M,   V4L2_PIX_FMT_YUV420M,
	V4L2_PIX_FMT_P010, V4L2_PIX_FMT_NV16,	V4L2_PIX_FMT_YUV422P, V4L2_PIX_FMT_YUV444M,
};

#define NUM_RAW (sizeof(raw) / sizeof(raw[0]))

struct device {
	struct vmedia_libav_threads threads;
	struct vmedia_encoder_ops ops;
	struct vmedia_format_config coded[VMEDIA_LIBAV_CODECS], raw[NUM_RAW];
	struct vmedia_frame_size size;
};

static const struct vmedia_frame_interval rates[] = {
	{ .min = { 1, 1000 }, .max = { 1, 1 }, .step = { 1, 1 } },
};

static void offer_raw(struct device *dev, const struct vmedia_libav_options *opts)
{
	dev->size = vmedia_libav_sizes(opts, VMEDIA_ENCODER_MIN_SIZE, 2);
	dev->size.intervals = rates;
	dev->size.num_intervals = 1;
	vmedia_libav_formats(raw, NUM_RAW, &dev->size, dev->raw);
}

static unsigned int offer(struct device *dev, const char *list)
{
	const struct vmedia_libav_codec *codecs;
	unsigned int num = vmedia_libav_codecs(&codecs), n = 0;

	for (unsigned int i = 0; i < num; i++)
		if (vmedia_libav_named(list, &codecs[i]) &&
		    vmedia_libav_encoder_find(codecs[i].pixelformat))
			dev->coded[n++] = (struct vmedia_format_config){
				.pixelformat = codecs[i].pixelformat,
				.sizes = &dev->size,
				.num_sizes = 1,
			};
	return n;
}

static void destroy(void *priv)
{
	free(vmedia_container_of((struct vmedia_libav_threads *)priv, struct device, threads));
}

int vmedia_libav_encoder_create(struct vmedia_loop *loop, const struct vmedia_libav_options *opts,
				struct vmedia_device **out)
{
	struct device *dev = calloc(1, sizeof(*dev));
	struct vmedia_encoder_config cfg = {
		.card = "vmedia encoder",
		.limits = opts->limits,
		.region_size = opts->region_size,
		.no_region = !opts->region_size,
		.max_pixels = opts->max_pixels,
		.ctrls = vmedia_libav_ctrls,
		.num_ctrls = vmedia_libav_num_ctrls,
		.num_raw = NUM_RAW,
	};
	int err = -ENOSYS;

	if (!dev)
		return -ENOMEM;
	dev->ops = vmedia_libav_encoder_ops;
	dev->ops.destroy = destroy;
	vmedia_libav_threads_init(&dev->threads, opts->threads);
	offer_raw(dev, opts);
	cfg.ops = &dev->ops;
	cfg.priv = &dev->threads;
	cfg.raw = dev->raw;
	cfg.coded = dev->coded;
	cfg.num_coded = offer(dev, opts->codecs);
	vmedia_libav_log();
	vmedia_worker_set_threads(loop, opts->threads);
	if (!vmedia_libav_names_valid(opts->codecs))
		err = -EINVAL;
	else if (cfg.num_coded)
		err = vmedia_encoder_create(loop, &cfg, out);
	if (err)
		free(dev);
	return err;
}
