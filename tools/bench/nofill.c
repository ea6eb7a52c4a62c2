/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A camera that does not fill its frames, so the cost is that of carrying a frame. Its source is
 * quick() and takes no time, so nothing hides a wake-up.
 */
#include <linux/videodev2.h>

#include <vmedia/video.h>

#include "bench.h"

static const struct vmedia_frame_interval intervals[] = { { .min = { 1, 60 } } };
static const struct vmedia_frame_size sizes[] = { { .width = BENCH_NOFILL_WIDTH,
						    .height = BENCH_NOFILL_HEIGHT,
						    .intervals = intervals,
						    .num_intervals = 1 } };
static const struct vmedia_format_config formats[] = { { .pixelformat = V4L2_PIX_FMT_NV12,
							 .sizes = sizes,
							 .num_sizes = 1 } };

static bool quick(void *priv, const struct vmedia_capture_mode *mode)
{
	(void)priv;
	(void)mode;
	return true;
}

static int fill(void *priv, struct vmedia_frame *frame)
{
	(void)priv;
	(void)frame;
	return 0;
}

static const struct vmedia_capture_ops source = { .quick = quick, .fill = fill };
static const struct vmedia_queue_config queue = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
						  .formats = formats,
						  .num_formats = 1,
						  .capture = &source };

static int context_init(struct vmedia_ctx *ctx)
{
	vmedia_capture_set_paced(vmedia_ctx_queue(ctx, V4L2_BUF_TYPE_VIDEO_CAPTURE), false);
	return 0;
}

static const struct vmedia_video_ops ops = { .context_init = context_init };
static const struct vmedia_video_config camera = {
	.card = "vmedia-bench", .queues = &queue, .num_queues = 1, .ops = &ops
};

int bench_nofill_create(struct vmedia_loop *loop, struct vmedia_device **dev)
{
	return vmedia_video_create(loop, &camera, dev);
}
