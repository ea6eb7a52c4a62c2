// SPDX-License-Identifier: BSD-3-Clause
/*
 * The camera device: a source behind the V4L2 framework.
 *
 * Theory of operation: the formats, sizes and intervals that the source offers become the
 * framework's tables, which exist as long as the device. The framework's worker calls start, next,
 * fill, skip and stop (in quick modes the loop does). The loop passes controls to the source by
 * atomics.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmedia/log.h>
#include <vmedia/video.h>

#include "jpeg.h"
#include "source.h"

#define MAX_SIZES (VMEDIA_CAMERA_MAX_SIZES + 8)

struct camera {
	struct vmedia_camera_source *source;
	char card[32];
	bool free_run;
	/* Tables that the framework reads */
	struct vmedia_frame_interval intervals[VMEDIA_CAMERA_MAX_INTERVALS];
	struct vmedia_frame_size sizes[VMEDIA_CAMERA_MAX_FORMATS][MAX_SIZES];
	struct vmedia_format_config formats[VMEDIA_CAMERA_MAX_FORMATS];
	struct vmedia_queue_config queue;
	struct vmedia_ctrl_config ctrls[VMEDIA_CAMERA_MAX_CONTROLS];
	/* Used by the worker, or in a quick mode by the loop */
	struct vmedia_camera_format format;
	bool paced;
	bool stamped;
	uint64_t stamp_base;		/* time stamp of frame 0 */
};

/* ---- On the worker, or the loop in a quick mode ---- */

static struct vmedia_camera_format format_of(const struct vmedia_capture_mode *mode)
{
	return (struct vmedia_camera_format){
		.pixelformat = mode->format.fmt.pix.pixelformat,
		.width = mode->width,
		.height = mode->height,
		.bytesperline = mode->layout.bytesperline[0],
	};
}

static int camera_start(void *priv, const struct vmedia_capture_mode *mode)
{
	struct camera *c = priv;

	c->format = format_of(mode);
	c->paced = mode->paced;
	c->stamped = false;
	return vmedia_camera_source_start(c->source, &c->format, &mode->interval);
}

/*
 * Convert a result of the source for the framework: if a file does not decode any more, the device
 * is gone.
 */
static int result(int err)
{
	return err == -EIO ? -ENODEV : err;
}

static int camera_next(void *priv, uint64_t *when)
{
	struct camera *c = priv;
	uint64_t due = *when;
	int err = c->source->ops->next(c->source, &due);

	if (!err && c->paced)
		*when = due;
	return result(err);
}

static int camera_fill(void *priv, struct vmedia_frame *frame)
{
	struct camera *c = priv;
	struct vmedia_camera_target t = { .mem = frame->mem[0],
					  .size = frame->size[0],
					  .sequence = frame->number };
	int err;

	for (unsigned int i = 0; i < VMEDIA_CAMERA_PLANES && i < frame->mode->layout.num_colour;
	     i++) {
		t.data[i] = frame->data[i];
		t.stride[i] = (size_t)frame->stride[i];
	}
	if (!c->stamped)
		c->stamp_base = frame->timestamp - frame->number * frame->mode->interval_ns;
	c->stamped = true;
	if (frame->timestamp > c->stamp_base)
		t.time_ns = frame->timestamp - c->stamp_base;
	t.bytesused = frame->bytesused[0];
	err = vmedia_camera_source_fill_target(c->source, &t);
	frame->bytesused[0] = (uint32_t)t.bytesused;
	if (t.timestamp)
		frame->timestamp = t.timestamp;
	return result(err);
}

static void camera_skip(void *priv, uint64_t number)
{
	struct camera *c = priv;

	if (c->source->ops->skip)
		c->source->ops->skip(c->source);
}

static void camera_stop(void *priv)
{
	struct camera *c = priv;

	vmedia_camera_source_stop(c->source);
}

/* Context: the loop's thread. */
static void camera_cancel(void *priv)
{
	struct camera *c = priv;

	vmedia_camera_source_interrupt(c->source);
}

/* Context: the loop's thread. */
static bool camera_quick(void *priv, const struct vmedia_capture_mode *mode)
{
	struct camera *c = priv;
	struct vmedia_camera_format fmt = format_of(mode);

	return c->source->ops->quick && c->source->ops->quick(c->source, &fmt);
}

/* Operations of sources with their own clock, and of those that use the framework's. */
static const struct vmedia_capture_ops own_time_ops = {
	.start = camera_start,
	.next = camera_next,
	.fill = camera_fill,
	.skip = camera_skip,
	.stop = camera_stop,
	.cancel = camera_cancel,
};

static const struct vmedia_capture_ops clock_ops = {
	.quick = camera_quick,
	.start = camera_start,
	.fill = camera_fill,
	.skip = camera_skip,
	.stop = camera_stop,
	.cancel = camera_cancel,
};

/* ---- On the loop ---- */

static int camera_context_init(struct vmedia_ctx *ctx)
{
	struct camera *c = vmedia_video_priv(vmedia_ctx_video(ctx));

	if (c->free_run)
		vmedia_capture_set_paced(vmedia_ctx_queue(ctx, V4L2_BUF_TYPE_VIDEO_CAPTURE), false);
	return 0;
}

/*
 * Set values that the source knows better than the framework: the size of a JPEG, the colours, and
 * the order of fields.
 */
static int camera_try_fmt(struct vmedia_queue *q, struct vmedia_format *fmt)
{
	struct camera *c = vmedia_video_priv(vmedia_ctx_video(vmedia_queue_ctx(q)));
	struct vmedia_pix_format *pix = &fmt->fmt.pix;
	struct vmedia_camera_format f = { .pixelformat = pix->pixelformat,
					  .width = pix->width,
					  .height = pix->height,
					  .field = V4L2_FIELD_NONE };

	c->source->ops->colorimetry(c->source, &f);
	pix->colorspace = f.colorspace;
	pix->ycbcr_enc = f.ycbcr_enc;
	pix->quantization = f.quantization;
	pix->xfer_func = f.xfer_func;
	pix->field = f.field;
	if (pix->pixelformat == V4L2_PIX_FMT_MJPEG)
		pix->sizeimage = vmedia_camera_jpeg_bound(pix->width, pix->height);
	return 0;
}

static int camera_set_ctrl(struct vmedia_ctrl *ctrl, const struct vmedia_ctrl_value *v)
{
	struct camera *c = vmedia_ctrl_priv(ctrl);

	return vmedia_camera_source_set_control(c->source, vmedia_ctrl_id(ctrl), (int32_t)v->val);
}

static const struct vmedia_ctrl_ops ctrl_ops = { .set = camera_set_ctrl };

static void camera_destroy(struct vmedia_video *v)
{
	struct camera *c = vmedia_video_priv(v);

	vmedia_camera_source_close(c->source);
	free(c);
}

static const struct vmedia_video_ops video_ops = {
	.context_init = camera_context_init,
	.try_fmt = camera_try_fmt,
	.destroy = camera_destroy,
};

/* ---- Tables ---- */

static void add_format(struct camera *c, uint32_t pixelformat)
{
	const struct vmedia_camera_source *s = c->source;
	struct vmedia_format_config *f = &c->formats[c->queue.num_formats];
	struct vmedia_frame_size *sizes = c->sizes[c->queue.num_formats++];

	f->pixelformat = pixelformat;
	f->sizes = sizes;
	for (uint32_t i = 0; i < s->num_sizes; i++)
		if (vmedia_camera_format_fits(pixelformat, s->sizes[i].width, s->sizes[i].height))
			sizes[f->num_sizes++] =
				(struct vmedia_frame_size){ .width = s->sizes[i].width,
							    .height = s->sizes[i].height };
	if (!f->num_sizes) {
		struct vmedia_camera_format fmt = { .pixelformat = pixelformat };

		/* No size fits unchanged: use the one that try returns. */
		vmedia_camera_source_try(s, &fmt);
		sizes[f->num_sizes++] =
			(struct vmedia_frame_size){ .width = fmt.width, .height = fmt.height };
	}
	for (unsigned int i = 0; i < f->num_sizes; i++) {
		sizes[i].intervals = c->intervals;
		sizes[i].num_intervals = s->num_intervals;
	}
}

static void add_control(struct camera *c, uint32_t i)
{
	const struct vmedia_camera_control *from = &c->source->controls[i];

	c->ctrls[i] = (struct vmedia_ctrl_config){
		.id = from->id,
		.min = from->minimum,
		.max = from->maximum,
		.step = (uint64_t)from->step,
		.def = from->default_value,
		.name = from->name,
		.type = from->type,
		.menu = from->menu,
		.ops = &ctrl_ops,
		.priv = c,
	};
}

static void make_tables(struct camera *c)
{
	const struct vmedia_camera_source *s = c->source;

	for (uint32_t i = 0; i < s->num_intervals; i++)
		c->intervals[i].min = s->intervals[i];
	c->queue.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	c->queue.formats = c->formats;
	c->queue.capture = c->source->ops->next ? &own_time_ops : &clock_ops;
	for (uint32_t i = 0; i < s->num_formats; i++)
		add_format(c, s->formats[i]);
	for (uint32_t i = 0; i < s->num_controls; i++)
		add_control(c, i);
}

/* What a live source reads is not for the process that has a guest. */
static int check_source(const struct vmedia_camera_options *opts, char *why, size_t why_size)
{
	const struct vmedia_camera_source_ops *ops;
	const char *arg;
	int err = vmedia_camera_source_named(opts, why, why_size, &ops, &arg);

	if (err || !ops->live)
		return err;
	snprintf(why, why_size,
		 "--source=%.*s: run vmedia-source with it and --publish=SOCKET, and use "
		 "--source=shared:SOCKET here",
		 (int)vmedia_camera_cut(opts->source, 64), opts->source);
	return -EINVAL;
}

int vmedia_camera_create(struct vmedia_loop *loop, const struct vmedia_camera_options *opts,
			 char *why, size_t why_size, struct vmedia_device **dev)
{
	struct camera *c = calloc(1, sizeof(*c));
	struct vmedia_video_config cfg = { .ops = &video_ops, .limits = &opts->limits };
	int err;

	if (!c) {
		snprintf(why, why_size, "no memory for a camera");
		return -ENOMEM;
	}
	err = check_source(opts, why, why_size);
	if (!err)
		err = vmedia_camera_source_open(opts, why, why_size, &c->source);
	if (err)
		goto free_camera;
	make_tables(c);
	vmedia_camera_copy_name(c->card, sizeof(c->card),
				opts->card ? opts->card : vmedia_camera_source_name(c->source));
	c->free_run = opts->free_run;
	cfg.card = c->card;
	cfg.region_size = opts->region_size;
	cfg.no_region = !opts->region_size;
	cfg.queues = &c->queue;
	cfg.num_queues = 1;
	cfg.ctrls = c->ctrls;
	cfg.num_ctrls = c->source->num_controls;
	cfg.priv = c;
	err = vmedia_video_create(loop, &cfg, dev);
	if (!err)
		return 0;
	snprintf(why, why_size, "cannot make a device of the camera: %s", strerror(-err));
	vmedia_camera_source_close(c->source);
free_camera:
	free(c);
	return err;
}
