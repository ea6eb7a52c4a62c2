// SPDX-License-Identifier: BSD-3-Clause
/*
 * A stateful encoder behind the fuzzer: of the framework (<vmedia/encoder.h>), with a codec that
 * holds pictures back, refuses some, and takes over some parameters.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/videodev2.h>
#include <vmedia/encoder.h>

#include "world.h"

#define HELD 3

struct codec {
	uint64_t tags[HELD + 1];
	unsigned int num, hold, sent;
	bool ended;
	uint8_t packet[64];
};

static int open(void *priv, const struct vmedia_encoder_params *p, void **enc)
{
	struct codec *c = calloc(1, sizeof(*c));

	(void)priv;
	if (!c)
		return -ENOMEM;
	c->hold = (unsigned int)vmedia_encoder_ctrl(p, V4L2_CID_MPEG_VIDEO_B_FRAMES) % HELD;
	*enc = c;
	return 0;
}

static int update(void *enc, const struct vmedia_encoder_params *p)
{
	(void)enc;
	return vmedia_encoder_ctrl(p, V4L2_CID_MPEG_VIDEO_BITRATE) & 1 ? 0 : -EINVAL;
}

static int send(void *enc, const struct vmedia_encoder_picture *p)
{
	struct codec *c = enc;

	c->ended = false;
	c->sent++;
	if (p->colour[0][4] == 32 && c->sent % 4 == 3)
		return -EBADMSG;
	c->packet[0] = p->colour[0][1];
	c->tags[c->num++] = p->tag;
	return 0;
}

static int receive(void *enc, struct vmedia_encoder_packet *p)
{
	struct codec *c = enc;

	if (c->num <= (c->ended ? 0 : c->hold))
		return c->ended ? -ENODATA : -EAGAIN;
	*p = (struct vmedia_encoder_packet){ .header = c->packet,
					     .data = c->packet,
					     .header_size = c->sent % 3,
					     .size = 60,
					     .tag = c->tags[0],
					     .flags = V4L2_BUF_FLAG_PFRAME };
	c->num--;
	memmove(&c->tags[0], &c->tags[1], c->num * sizeof(c->tags[0]));
	return 0;
}

static int drain(void *enc)
{
	struct codec *c = enc;

	c->ended = true;
	return 0;
}

static bool accepts(void *priv, uint32_t coded, uint32_t raw)
{
	(void)priv;
	return coded == V4L2_PIX_FMT_H264 || raw == V4L2_PIX_FMT_NV12;
}

static const struct vmedia_encoder_ops ops = {
	.accepts = accepts,
	.open = open,
	.close = free,
	.update = update,
	.send = send,
	.receive = receive,
	.drain = drain,
};

static const struct vmedia_frame_interval rates[] = {
	{ .min = { 1, 1000 }, .max = { 1, 1 }, .step = { 1, 1 } },
};
static const struct vmedia_frame_size sizes[] = {
	{ .width = 16, .height = 16, .max_width = 128, .max_height = 96, .step_width = 2,
	  .step_height = 2, .intervals = rates, .num_intervals = 1 },
};

#define FORMAT(f, room) \
	{ .pixelformat = V4L2_PIX_FMT_##f, .sizes = sizes, .num_sizes = 1, .sizeimage = (room) }
static const struct vmedia_format_config raw[] = { FORMAT(NV12, 0), FORMAT(YUV420M, 0) };
/* The largest packets do not fit. */
static const struct vmedia_format_config coded[] = { FORMAT(H264, 61), FORMAT(VP8, 61) };
static const struct vmedia_ctrl_config ctrls[] = {
	{ .id = V4L2_CID_MPEG_VIDEO_BITRATE, .min = 1, .max = 1000, .def = 101 },
	{ .id = V4L2_CID_MPEG_VIDEO_B_FRAMES, .max = 4 },
};

int fz_encoder(struct vmedia_loop *loop, const struct vmedia_limits *limits,
	       struct vmedia_device **dev)
{
	struct vmedia_encoder_config cfg = {
		.card = "encoder", .limits = limits, .ctrls = ctrls, .num_ctrls = 2,
		.coded = coded, .num_coded = 2, .raw = raw, .num_raw = 2, .ops = &ops,
	};

	return vmedia_encoder_create(loop, &cfg, dev);
}
