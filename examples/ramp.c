/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The smallest module: a camera that shows a moving grey ramp, for vhost-user-media to serve.
 *
 *	cc -shared -fPIC -o ramp.so ramp.c $(pkg-config --cflags --libs vmedia)
 *	vhost-user-media --module-path=$PWD --socket-path=/tmp/ramp.sock ramp --step=4
 *
 * <vmedia/video.h> explains devices, and null-camera.c is a larger one. <vmedia/module.h> explains
 * modules.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/videodev2.h>

#include <vmedia/module.h>
#include <vmedia/video.h>

static int fill(void *step, struct vmedia_frame *f)
{
	for (uint32_t x = 0; x < f->mode->width; x++)
		f->data[0][x] = (uint8_t)(x + f->number * (uintptr_t)step);
	for (uint32_t y = 1; y < f->mode->height; y++)
		memcpy(f->data[0] + y * (size_t)f->stride[0], f->data[0], f->mode->width);
	return 0;
}

static const struct vmedia_capture_ops source = { .fill = fill };
static const struct vmedia_frame_interval rate = { .min = { 1, 30 } };
static const struct vmedia_frame_size size = { 640, 480, .intervals = &rate, .num_intervals = 1 };
static const struct vmedia_format_config grey = { V4L2_PIX_FMT_GREY, &size, 1, .flags = 0 };
static const struct vmedia_queue_config queue = {
	.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .formats = &grey, .num_formats = 1, .capture = &source
};

static const struct vmedia_module_option options[] = {
	{ "step", "N", "pixels that the ramp moves from frame to frame, 0 to 255 (default 1)" },
	{ NULL, NULL, NULL }
};

static int create(const struct vmedia_module_args *args, char *why, size_t why_size,
		  struct vmedia_device **dev)
{
	struct vmedia_video_config config = {
		.card = "ramp", .queues = &queue, .num_queues = 1, .limits = args->limits,
		.region_size = args->region_size, .no_region = !args->region_size
	};
	const char *text = vmedia_module_value(args, "step");
	char *end = NULL;
	unsigned long step = text ? strtoul(text, &end, 10) : 1;

	if (text && (*text < '0' || *text > '9' || *end || step > 255)) {
		snprintf(why, why_size, "--step=%.16s: give a number from 0 to 255", text);
		return -EINVAL;
	}
	config.priv = (void *)(uintptr_t)step;
	return vmedia_video_create(args->loop, &config, dev);
}

const struct vmedia_module vmedia_module = {
	.abi = VMEDIA_MODULE_ABI,
	.name = "ramp",
	.summary = "a camera that shows a moving grey ramp",
	.example = "--step=4",
	.options = options,
	.create = create,
};
