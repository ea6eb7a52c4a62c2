// SPDX-License-Identifier: BSD-3-Clause
/*
 * A decoder for the script "media" (tests/e2e): whatever the packet of JPEG, it gives a grey
 * picture of 64x48, but for its flaw.
 *
 * usage: flawed-decoder SOCKET FLAW
 *
 *	none	there is none
 *	slow	each picture takes 100 ms
 *	sample	a sample of picture 3 differs by 1
 *	size	pictures are two pixels less wide
 *	lost	packet 3 has no picture
 *	twice	packet 3 has two
 *	tag	pictures 3 and 4 are said to come from each other's packet
 *	damaged	picture 3 is said to be damaged
 *	endless	there is always one more picture
 *	silent	no picture ever comes
 *	stuck	after picture 3 nothing comes
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/videodev2.h>
#include <vmedia/codec.h>
#include <vmedia/loop.h>
#include <vmedia/serve.h>

#define WIDTH  64
#define HEIGHT 48

struct decoder {
	const char *flaw;
	uint64_t packets, pictures; /* numbers, from 0 */
	unsigned int left;	    /* pictures of the last packet */
	uint64_t tag;
	bool ending;
};

static bool is(const struct decoder *d, const char *flaw)
{
	return !strcmp(d->flaw, flaw);
}

static int open_decoder(void *priv, uint32_t coded, struct vmedia_codec_pool *pool, void **dec)
{
	struct decoder *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->flaw = priv;
	*dec = d;
	return 0;
}

static void close_decoder(void *dec)
{
	free(dec);
}

static int send(void *dec, const struct vmedia_codec_packet *p)
{
	struct decoder *d = dec;

	d->tag = p->tag;
	d->left = 1;
	if (d->packets == 3 && is(d, "lost"))
		d->left = 0;
	if (d->packets == 3 && is(d, "twice"))
		d->left = 2;
	if (is(d, "silent"))
		d->left = 0;
	d->packets++;
	return 0;
}

static int receive(void *dec, struct vmedia_codec_picture *p)
{
	struct decoder *d = dec;

	if (is(d, "slow") && d->left)
		usleep(100000);
	while (is(d, "stuck") && d->pictures == 4)
		pause();
	if (!d->left && !(is(d, "endless") && d->packets))
		return d->ending ? -ENODATA : -EAGAIN;
	d->left -= d->left > 0;
	*p = (struct vmedia_codec_picture){
		.header = { .coded_width = WIDTH, .coded_height = HEIGHT,
			    .visible = { .width = WIDTH - (is(d, "size") ? 2 : 0),
					 .height = HEIGHT },
			    .bit_depth = 8, .hsub = 2, .vsub = 2, .min_buffers = 2 },
		.tag = d->tag,
		.damaged = is(d, "damaged") && d->pictures == 3,
	};
	if (is(d, "tag") && (d->pictures == 3 || d->pictures == 4))
		p->tag = d->pictures == 3 ? d->tag - 1 : d->tag + 1;
	d->pictures++;
	return 0;
}

static int write_picture(void *dec, const struct vmedia_codec_raw *raw)
{
	const struct decoder *d = dec;

	/* NV12 */
	for (uint32_t y = 0; y < raw->height; y++)
		memset(raw->colour[0] + y * raw->layout.colour[0].stride, 128, raw->width);
	for (uint32_t y = 0; y < raw->height / 2; y++)
		memset(raw->colour[1] + y * raw->layout.colour[1].stride, 128, raw->width);
	if (is(d, "sample") && d->pictures == 4)
		raw->colour[1][2 * raw->layout.colour[1].stride + 2 * 5 + 1]++;
	return 0;
}

static int drain(void *dec)
{
	((struct decoder *)dec)->ending = true;
	return 0;
}

static void reset(void *dec)
{
	((struct decoder *)dec)->left = 0;
}

static const struct vmedia_frame_size sizes[] = {
	{ .width = 16, .height = 16, .max_width = 1024, .max_height = 1024, .step_width = 1,
	  .step_height = 1 },
};
static const struct vmedia_format_config coded = {
	.pixelformat = V4L2_PIX_FMT_MJPEG, .sizes = sizes, .num_sizes = 1,
};
static const struct vmedia_format_config raw = {
	.pixelformat = V4L2_PIX_FMT_NV12, .sizes = sizes, .num_sizes = 1,
};
static const struct vmedia_decoder_ops ops = {
	.open = open_decoder, .close = close_decoder, .send = send, .receive = receive,
	.write = write_picture, .drain = drain, .reset = reset,
};

int main(int argc, char **argv)
{
	struct vmedia_decoder_config cfg = {
		.card = "flawed", .coded = &coded, .num_coded = 1, .raw = &raw, .num_raw = 1,
		.ops = &ops, .region_size = 64 << 20,
	};
	struct vmedia_server_options opts = { .fd = -1 };
	struct vmedia_server *srv = NULL;
	struct vmedia_device *dev = NULL;
	struct vmedia_loop *loop = NULL;

	if (argc != 3)
		return 2;
	opts.socket_path = argv[1];
	cfg.priv = argv[2];
	if (vmedia_loop_create(&loop) || vmedia_decoder_create(loop, &cfg, &dev) ||
	    vmedia_server_create(dev, &opts, &srv))
		return 1;
	return vmedia_loop_run(loop) ? 1 : 0;
}
