/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Capture devices of the rarer kinds, honest ones: every frame is filled with its number.
 *
 *	capture-device --socket-path=SOCK --kind=meta|vbi|sliced|sdr
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <linux/videodev2.h>

#include <vmedia/loop.h>
#include <vmedia/serve.h>
#include <vmedia/video.h>

static const struct kind {
	const char *name;
	uint32_t type, node; /* node: VFL_TYPE_* */
} kinds[] = {
	{ "meta", V4L2_BUF_TYPE_META_CAPTURE, 0 },
	{ "vbi", V4L2_BUF_TYPE_VBI_CAPTURE, 1 },
	{ "sliced", V4L2_BUF_TYPE_SLICED_VBI_CAPTURE, 1 },
	{ "sdr", V4L2_BUF_TYPE_SDR_CAPTURE, 4 },
};

static int fill(void *priv, struct vmedia_frame *frame)
{
	memset(frame->mem[0], (int)frame->number, frame->size[0]);
	frame->bytesused[0] = frame->size[0];
	return 0;
}

static const struct vmedia_capture_ops source = { .fill = fill };
static const struct vmedia_frame_interval intervals[] = { { .min = { 1, 100 } } };
static const struct vmedia_frame_size sizes[] = {
	{ .width = 64, .height = 64, .intervals = intervals, .num_intervals = 1 },
};

/* The format of VBI queues, of which there is one. */
static const struct vmedia_format *format(uint32_t type)
{
	static struct vmedia_format f;

	f.type = type;
	if (type == V4L2_BUF_TYPE_VBI_CAPTURE) {
		f.fmt.vbi.sampling_rate = 27000000;
		f.fmt.vbi.samples_per_line = 1440;
		f.fmt.vbi.sample_format = V4L2_PIX_FMT_GREY;
		f.fmt.vbi.start[0] = 6;
		f.fmt.vbi.start[1] = 318;
		f.fmt.vbi.count[0] = 16;
		f.fmt.vbi.count[1] = 16;
		return &f;
	}
	if (type == V4L2_BUF_TYPE_SLICED_VBI_CAPTURE) {
		f.fmt.sliced.service_set = V4L2_SLICED_WSS_625;
		f.fmt.sliced.service_lines[0][23] = V4L2_SLICED_WSS_625;
		f.fmt.sliced.io_size = 64 * sizeof(struct v4l2_sliced_vbi_data);
		return &f;
	}
	return NULL;
}

static int create(struct vmedia_loop *loop, const struct kind *k, struct vmedia_device **dev)
{
	static struct vmedia_format_config formats[1];
	static struct vmedia_queue_config queue;
	struct vmedia_video_config cfg = { .queues = &queue, .num_queues = 1 };

	formats[0].pixelformat = k->type == V4L2_BUF_TYPE_SDR_CAPTURE ? V4L2_SDR_FMT_CU8
								      : V4L2_META_FMT_UVC;
	formats[0].sizes = sizes;
	formats[0].num_sizes = 1;
	formats[0].sizeimage = 4096;
	queue.type = k->type;
	queue.initial = format(k->type);
	if (!queue.initial) {
		queue.formats = formats;
		queue.num_formats = 1;
	}
	queue.capture = &source;
	cfg.card = k->name;
	cfg.device_type = k->node;
	return vmedia_video_create(loop, &cfg, dev);
}

static int serve(const char *path, const struct kind *k)
{
	struct vmedia_server_options opts = { .socket_path = path };
	struct vmedia_loop *loop;
	struct vmedia_server *srv;
	struct vmedia_device *dev;
	int err = vmedia_loop_create(&loop);

	if (!err)
		err = create(loop, k, &dev);
	if (!err)
		err = vmedia_server_create(dev, &opts, &srv);
	if (!err)
		err = vmedia_loop_run(loop);
	fprintf(stderr, "capture-device: %s\n", strerror(-err));
	return 1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket-path", required_argument, NULL, 's' },
		{ "kind", required_argument, NULL, 'k' },
		{ 0 },
	};
	const struct kind *k = NULL;
	const char *path = NULL;
	unsigned int i;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			path = optarg;
		for (i = 0; c == 'k' && i < sizeof(kinds) / sizeof(kinds[0]); i++)
			if (!strcmp(optarg, kinds[i].name))
				k = &kinds[i];
	}
	if (!path || !k) {
		fprintf(stderr,
			"usage: capture-device --socket-path=SOCK --kind=meta|vbi|sliced|sdr\n");
		return 2;
	}
	return serve(path, k);
}
