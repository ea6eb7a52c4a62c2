/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The smallest complete device: a camera that shows a grey ramp moving across the picture.
 *
 *	null-camera SOCKET
 *
 * serves it to one guest after another on a vhost-user socket. <vmedia/video.h> provides everything
 * that V4L2 requires of a camera: formats, buffers in three kinds of memory, controls, events and
 * frame pacing. This file adds what is special to this camera: its formats, two controls and
 * fill().
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <linux/videodev2.h>

#include <vmedia/loop.h>
#include <vmedia/serve.h>
#include <vmedia/video.h>

/* ---- What it offers ---- */

static const struct vmedia_frame_interval intervals[] = {
	{ .min = { 1, 30 } },
	{ .min = { 1, 15 } },
};

static const struct vmedia_frame_size sizes[] = {
	{ .width = 640, .height = 480, .intervals = intervals, .num_intervals = 2 },
	{ .width = 320, .height = 240, .intervals = intervals, .num_intervals = 2 },
};

static const struct vmedia_format_config formats[] = {
	{ .pixelformat = V4L2_PIX_FMT_GREY, .sizes = sizes, .num_sizes = 2 },
	{ .pixelformat = V4L2_PIX_FMT_YUYV, .sizes = sizes, .num_sizes = 2 },
};

static const struct vmedia_ctrl_config controls[] = {
	{ .id = V4L2_CID_BRIGHTNESS, .min = -128, .max = 127, .def = 0 },
	{ .id = V4L2_CID_HFLIP },
};

/* ---- One frame, on a worker thread ---- */

static uint8_t ramp(const struct vmedia_frame *f, uint32_t x, int64_t brightness, int64_t flip)
{
	int64_t v;

	if (flip)
		x = f->mode->width - 1 - x;
	v = (uint8_t)(x + f->number) + brightness;
	return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static int fill(void *priv, struct vmedia_frame *f)
{
	int64_t brightness = vmedia_ctrl_read(f->ctx, V4L2_CID_BRIGHTNESS, 0);
	int64_t flip = vmedia_ctrl_read(f->ctx, V4L2_CID_HFLIP, 0);
	unsigned int step = f->mode->pixfmt->pixelformat == V4L2_PIX_FMT_YUYV ? 2 : 1;
	uint32_t x, y;

	(void)priv;
	for (x = 0; x < f->mode->width; x++) {
		f->data[0][x * step] = ramp(f, x, brightness, flip);
		if (step == 2)
			f->data[0][x * step + 1] = 128;		/* no colour */
	}
	for (y = 1; y < f->mode->height; y++)
		memcpy(f->data[0] + y * (size_t)f->stride[0], f->data[0], f->mode->width * step);
	return 0;
}

static const struct vmedia_capture_ops source = { .fill = fill };

static const struct vmedia_queue_config queue = {
	.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
	.formats = formats,
	.num_formats = 2,
	.capture = &source,
};

static const struct vmedia_video_config camera = {
	.card = "vmedia null camera",
	.queues = &queue,
	.num_queues = 1,
	.ctrls = controls,
	.num_ctrls = 2,
};

/* ---- Serving it ---- */

static struct vmedia_loop *loop;

static void on_signal(int sig)
{
	(void)sig;
	vmedia_loop_stop(loop);
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "null-camera: cannot %s: %s\n", what, strerror(-err));
	return 1;
}

int main(int argc, char **argv)
{
	struct vmedia_server_options opts = { .socket_path = argc > 1 ? argv[1] : NULL };
	struct vmedia_server *server = NULL;
	struct vmedia_device *dev = NULL;
	int err;

	if (argc != 2) {
		fprintf(stderr, "usage: null-camera SOCKET\n");
		return 2;
	}
	err = vmedia_loop_create(&loop);
	if (err)
		return fail("create an event loop", err);
	err = vmedia_video_create(loop, &camera, &dev);
	if (err)
		return fail("create the camera", err);
	err = vmedia_server_create(dev, &opts, &server);
	if (err)
		return fail("listen on the socket", err);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	err = vmedia_loop_run(loop);
	vmedia_server_destroy(server);
	vmedia_device_destroy(dev);
	vmedia_loop_destroy(loop);
	return err ? fail("run", err) : 0;
}
