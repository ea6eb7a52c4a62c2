/* SPDX-License-Identifier: BSD-3-Clause */
/* The OUTPUT side of a stream: a file's frames on their way to the device, and the drain. */
#include "feed.h"

#include <errno.h>

#include "codec.h"

/* Send buffer @index with the next frame, or note the end of the file. */
static int send_next(struct ctl_feed *f, unsigned int index)
{
	const struct ctl_codec *codec = f->q.c->codec;
	uint32_t used[VMEDIA_MAX_PLANES] = { 0 };
	int ret = 0;

	if (!f->limit || f->sent < f->limit)
		ret = codec ? codec->read(f->q.c, &f->q, index, used)
			    : ctl_source_read(&f->src, &f->q, index, used);
	f->ended = ret == 0;
	if (ret <= 0)
		return ret;
	ret = ctl_queue_put(&f->q, index, used, f->sent);
	f->sent += ret == 0;
	return ret;
}

int ctl_feed_init(struct ctl_feed *f, struct ctl *c)
{
	const struct ctl_stream_options *o = &c->o->stream;
	int ret = ctl_queue_init(&f->q, c, c->out_type, &o->out);

	return ret < 0 || c->codec ? ret : ctl_source_open(&f->src, o, &f->q);
}

int ctl_feed_start(struct ctl_feed *f)
{
	int ret = ctl_queue_setup(&f->q);

	for (unsigned int i = 0; ret == 0 && !f->ended && i < f->q.num_buffers; i++)
		ret = send_next(f, i);
	return ret < 0 ? ret : ctl_queue_start(&f->q);
}

int ctl_feed_turn(struct ctl_feed *f)
{
	struct ctl_taken t;
	int ret = ctl_queue_take(&f->q, &t);

	if (ret < 0)
		return ret;
	f->refused += !!(t.b.flags & V4L2_BUF_FLAG_ERROR);
	f->copies = (t.b.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_COPY;
	return f->ended ? 0 : send_next(f, t.b.index);
}

int ctl_feed_drain(struct ctl_feed *f)
{
	struct vmedia_decoder_cmd dec = { .cmd = V4L2_DEC_CMD_STOP };
	struct vmedia_encoder_cmd enc = { .cmd = V4L2_ENC_CMD_STOP };
	const char *what = "VIDIOC_DECODER_CMD";
	int ret;

	if (!f->ended || f->draining || f->no_drain)
		return 0;
	ret = vmedia_ioctl(f->q.c->f, VIDIOC_DECODER_CMD, &dec);
	if (ret == -ENOTTY) {
		what = "VIDIOC_ENCODER_CMD";
		ret = vmedia_ioctl(f->q.c->f, VIDIOC_ENCODER_CMD, &enc);
	}
	f->no_drain = ret == -ENOTTY;
	f->draining = ret == 0;
	return ret == 0 || ret == -ENOTTY ? 0 : ctl_fail(what, ret);
}

void ctl_feed_finish(struct ctl_feed *f)
{
	ctl_queue_finish(&f->q);
	ctl_source_close(&f->src);
}
