/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Decoders as devices: creation, sessions, and the end of sessions and devices. The contract:
 * <vmedia/codec.h>.
 *
 * Context: the device's loop.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/videodev2.h>

#include "base/log.h"
#include "v4l2/decoder.h"

#define SOON_NS 2000000u
#define TURN_NS 10000000u

static int context_init(struct vmedia_ctx *ctx)
{
	static const struct vmedia_ctrl_config min_buffers = {
		.id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, .min = 1, .max = 16, .def = 1,
	};
	struct vmedia_decoder_device *dev = vmedia_video_priv(vmedia_ctx_video(ctx));
	struct vmedia_decoder *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	d->dev = dev;
	d->work.ops = dev->cfg.ops;
	d->work.priv = dev->cfg.priv;
	vmedia_list_init(&d->slots);
	err = vmedia_codec_session_init(&d->s, &vmedia_decoder_session, ctx,
					&dev->sessions);
	if (!err) {
		d->min_buffers = vmedia_ctrl_add(ctx, &min_buffers);
		err = d->min_buffers ? 0 : -EINVAL;
	}
	if (err) {
		vmedia_codec_session_destroy(&d->s);
		return err;
	}
	vmedia_ctx_set_priv(ctx, &d->s);
	return 0;
}

/* Buffers of either queue keep the coded format. The framework sees to those of OUTPUT. */
static int intercept(struct vmedia_ctx *ctx, struct vmedia_request *req)
{
	const struct vmedia_ioctl *io = vmedia_request_ioctl(req);

	if (io->info->nr != VMEDIA_NR_S_FMT ||
	    io->arg.format.type != vmedia_queue_type(vmedia_m2m_src(ctx)))
		return VMEDIA_NOT_MINE;
	return vmedia_queue_busy(vmedia_m2m_dst(ctx)) ? -EBUSY : VMEDIA_NOT_MINE;
}

static void destroy(struct vmedia_video *v)
{
	struct vmedia_decoder_device *dev = vmedia_video_priv(v);

	vmedia_codec_sessions_fini(&dev->sessions);
	if (dev->cfg.ops->destroy)
		dev->cfg.ops->destroy(dev->cfg.priv);
	free(dev);
}

static const struct vmedia_video_ops ops = {
	.context_init = context_init,
	.context_fini = vmedia_codec_session_fini,
	.intercept = intercept,
	.has_format = vmedia_decoder_has_format,
	.try_fmt = vmedia_decoder_try_fmt,
	.set_fmt = vmedia_decoder_set_fmt,
	.g_selection = vmedia_decoder_g_selection,
	.destroy = destroy,
};

static const struct vmedia_queue_ops capture_ops = {
	.queue_setup = vmedia_decoder_queue_setup,
	.buf_init = vmedia_decoder_buf_init,
	.buf_cleanup = vmedia_decoder_buf_cleanup,
};

int vmedia_decoder_create(struct vmedia_loop *loop, const struct vmedia_decoder_config *cfg,
			  struct vmedia_device **out)
{
	struct vmedia_decoder_device *dev = calloc(1, sizeof(*dev));
	struct vmedia_video_config video = {
		.card = cfg->card,
		.limits = cfg->limits,
		.region_size = cfg->region_size,
		.no_region = cfg->no_region,
		.ctrls = cfg->ctrls,
		.num_ctrls = cfg->num_ctrls,
		.per_session = true,
		.source_change = true,
		.num_queues = 2,
		.m2m = &vmedia_decoder_m2m,
		.ops = &ops,
		.priv = dev,
	};
	int err;

	if (!dev)
		return -ENOMEM;
	dev->cfg = *cfg;
	dev->soon_ns = SOON_NS;
	dev->turn_ns = TURN_NS;
	vmedia_codec_sessions_init(&dev->sessions, loop, cfg->max_pixels);
	dev->queues[0] = (struct vmedia_queue_config){
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE,
		.timestamp = V4L2_BUF_FLAG_TIMESTAMP_COPY,
		.allow_zero_bytesused = true,
		.formats = cfg->coded,
		.num_formats = cfg->num_coded,
	};
	dev->queues[1] = (struct vmedia_queue_config){
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE,
		.timestamp = V4L2_BUF_FLAG_TIMESTAMP_COPY,
		.formats = cfg->raw,
		.num_formats = cfg->num_raw,
		.ops = &capture_ops,
	};
	video.queues = dev->queues;
	err = vmedia_video_create(loop, &video, out);
	if (err)
		free(dev);
	return err;
}
