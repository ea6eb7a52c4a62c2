/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Encoders as devices: creation, sessions, and the end of sessions and devices. The contract:
 * <vmedia/encoder.h>.
 *
 * Context: the device's loop.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/videodev2.h>

#include "base/checked.h"
#include "base/log.h"
#include "v4l2/encoder.h"
#include "v4l2/queue.h"

static const struct vmedia_fract usual_interval = { 1, 30 };

/* ---- Key pictures ---- */

static int force_key(struct vmedia_ctrl *c, const struct vmedia_ctrl_value *v)
{
	(void)v;
	vmedia_encoder_of(vmedia_ctrl_ctx(c))->key = true;
	return 0;
}

/* A buffer's priv tells whether its picture is to be a key picture. */
static int buf_prepare(struct vmedia_buf *b)
{
	struct vmedia_encoder *e = vmedia_encoder_of(vmedia_queue_ctx(b->queue));

	b->priv = e->key ? e : NULL;
	e->key = false;
	return 0;
}

/* ---- Sessions ---- */

static int add_controls(struct vmedia_ctx *ctx)
{
	static const struct vmedia_ctrl_ops key_ops = { .set = force_key };
	static const struct vmedia_ctrl_config min_buffers = {
		.id = V4L2_CID_MIN_BUFFERS_FOR_OUTPUT, .min = 1, .max = 1, .def = 1,
	};
	static const struct vmedia_ctrl_config key = {
		.id = V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, .ops = &key_ops,
	};

	return vmedia_ctrl_add(ctx, &min_buffers) && vmedia_ctrl_add(ctx, &key) ? 0 : -EINVAL;
}

static int context_init(struct vmedia_ctx *ctx)
{
	struct vmedia_encoder_device *dev = vmedia_video_priv(vmedia_ctx_video(ctx));
	struct vmedia_encoder *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return -ENOMEM;
	e->dev = dev;
	e->work.ops = dev->cfg.ops;
	e->work.priv = dev->cfg.priv;
	err = vmedia_codec_session_init(&e->s, &vmedia_encoder_session, ctx,
					&dev->sessions);
	if (!err)
		err = vmedia_encoder_work_init(&e->work, dev->cfg.ctrls, dev->cfg.num_ctrls);
	if (!err)
		err = add_controls(ctx);
	if (err) {
		vmedia_codec_session_destroy(&e->s);
		return err;
	}
	vmedia_ctx_set_priv(ctx, &e->s);
	/* What a new session's interval is fitted to. */
	vmedia_m2m_src(ctx)->interval = usual_interval;
	vmedia_m2m_dst(ctx)->interval = usual_interval;
	return 0;
}

/* An interval that a driver leaves open is the usual one, not the shortest. */
static void complete_interval(struct vmedia_streamparm *p, const struct vmedia_queue *src)
{
	struct vmedia_fract *i = p->type == src->type ? &p->parm.output.timeperframe
						      : &p->parm.capture.timeperframe;

	if (!i->numerator || !i->denominator)
		*i = usual_interval;
}

/*
 * Buffers of either queue keep the coded format, and a stream keeps its size. The framework sees to
 * the buffers of the queue itself.
 */
static int intercept(struct vmedia_ctx *ctx, struct vmedia_request *req)
{
	struct vmedia_ioctl *io = vmedia_request_ioctl(req);
	const struct vmedia_queue *src = vmedia_m2m_src(ctx), *dst = vmedia_m2m_dst(ctx);

	if (io->info->nr == VMEDIA_NR_S_PARM)
		complete_interval(&io->arg.streamparm, src);
	if (io->info->nr != VMEDIA_NR_S_FMT)
		return VMEDIA_NOT_MINE;
	if (io->arg.format.type == dst->type && vmedia_queue_busy(src))
		return -EBUSY;
	if (io->arg.format.type == src->type && vmedia_queue_streaming(dst))
		return -EBUSY;
	return VMEDIA_NOT_MINE;
}

static void destroy(struct vmedia_video *v)
{
	struct vmedia_encoder_device *dev = vmedia_video_priv(v);

	vmedia_codec_sessions_fini(&dev->sessions);
	if (dev->cfg.ops->destroy)
		dev->cfg.ops->destroy(dev->cfg.priv);
	free(dev);
}

static const struct vmedia_video_ops ops = {
	.context_init = context_init,
	.context_fini = vmedia_codec_session_fini,
	.intercept = intercept,
	.has_format = vmedia_encoder_has_format,
	.try_fmt = vmedia_encoder_try_fmt,
	.set_fmt = vmedia_encoder_set_fmt,
	.set_interval = vmedia_encoder_set_interval,
	.g_selection = vmedia_encoder_g_selection,
	.s_selection = vmedia_encoder_s_selection,
	.destroy = destroy,
};

static const struct vmedia_queue_ops output_ops = { .buf_prepare = buf_prepare };

static int copy_formats(struct vmedia_encoder_device *dev)
{
	if (dev->cfg.num_coded > VMEDIA_ARRAY_SIZE(dev->coded)) {
		vmedia_err("an encoder with %u coded formats was asked for, %zu are possible",
			   dev->cfg.num_coded, VMEDIA_ARRAY_SIZE(dev->coded));
		return -EINVAL;
	}
	for (unsigned int i = 0; i < dev->cfg.num_coded; i++) {
		dev->coded[i] = dev->cfg.coded[i];
		if (dev->coded[i].num_sizes && dev->coded[i].sizes->num_intervals)
			dev->coded[i].flags |= V4L2_FMT_FLAG_ENC_CAP_FRAME_INTERVAL;
	}
	return 0;
}

int vmedia_encoder_create(struct vmedia_loop *loop, const struct vmedia_encoder_config *cfg,
			  struct vmedia_device **out)
{
	struct vmedia_encoder_device *dev = calloc(1, sizeof(*dev));
	struct vmedia_video_config video = {
		.card = cfg->card,
		.limits = cfg->limits,
		.region_size = cfg->region_size,
		.no_region = cfg->no_region,
		.ctrls = cfg->ctrls,
		.num_ctrls = cfg->num_ctrls,
		.per_session = true,
		.num_queues = 2,
		.m2m = &vmedia_encoder_m2m,
		.ops = &ops,
		.priv = dev,
	};
	int err;

	if (!dev)
		return -ENOMEM;
	dev->cfg = *cfg;
	vmedia_codec_sessions_init(&dev->sessions, loop, cfg->max_pixels);
	/* CAPTURE is first, since it decides which formats OUTPUT has. */
	dev->queues[0] = (struct vmedia_queue_config){
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE,
		.timestamp = V4L2_BUF_FLAG_TIMESTAMP_COPY,
		.formats = dev->coded,
		.num_formats = cfg->num_coded,
	};
	dev->queues[1] = (struct vmedia_queue_config){
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE,
		.timestamp = V4L2_BUF_FLAG_TIMESTAMP_COPY,
		.formats = cfg->raw,
		.num_formats = cfg->num_raw,
		.colorspace = V4L2_COLORSPACE_REC709,
		.ops = &output_ops,
	};
	video.queues = dev->queues;
	err = copy_formats(dev);
	if (!err)
		err = vmedia_video_create(loop, &video, out);
	if (err)
		free(dev);
	return err;
}
