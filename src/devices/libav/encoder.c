// SPDX-License-Identifier: BSD-3-Clause
/*
 * An encoder made of libavcodec's: pictures to avcodec_send_frame(), packets from
 * avcodec_receive_packet().
 *
 * Theory of operation
 *
 *   Tags travel as the pictures' pts, in units of the frame interval, so they are also the time by
 *   which rates are measured.
 *
 *   A picture is the driver's memory, with a buffer reference that tells when libavcodec drops it.
 *   The encoders copy it in avcodec_send_frame(). One that does not would read memory that is
 *   somebody else's later, so that is an error, and the framework closes the encoder at once.
 *
 *   A drain: if all pictures that were sent have come back as packets, nothing is done, and all
 *   state is kept. Else only the end of the stream brings the others. Encoders do not go on after
 *   that, so another one is opened with the next picture.
 *
 *   Headers (parameter sets) are kept out of the packets by libavcodec, and are put before them
 *   here, as the controls want it.
 *
 * Context: a worker, as <vmedia/encoder.h> has it.
 */
#include <errno.h>
#include <libavutil/buffer.h>
#include <libavutil/frame.h>
#include <stdlib.h>

#include <linux/videodev2.h>
#include <vmedia/log.h>

#include "encode.h"
#include "libav.h"

struct encoder {
	const struct vmedia_libav_encoder *codec;
	struct vmedia_libav_settings settings;
	struct vmedia_libav_threads *threads;
	AVCodecContext *av;
	AVPacket *packet;
	AVFrame *frame, *own;		/* own: the planes that are converted */
	uint64_t pending;		/* pictures whose packets have not come */
	bool lent;			/* libavcodec has a reference on the driver's memory */
	bool ending;			/* a drain has begun */
	bool ended;			/* libavcodec has been given the end of the stream */
	bool begun;			/* the header went out */
	bool have;			/* a packet waits, since its header goes first */
};

/* ---- Opening and closing ---- */

static void close_encoder(void *enc)
{
	struct encoder *e = enc;

	vmedia_libav_threads_give(e->threads, (unsigned int)e->settings.threads);
	avcodec_free_context(&e->av);
	av_packet_free(&e->packet);
	av_frame_free(&e->frame);
	av_frame_free(&e->own);
	free(e);
}

static int open_codec(struct encoder *e)
{
	avcodec_free_context(&e->av);
	e->pending = 0;
	e->ended = false;
	e->begun = false;
	e->have = false;
	return vmedia_libav_encoder_open(e->codec, &e->settings, &e->av);
}

static int open_encoder(void *priv, const struct vmedia_encoder_params *p, void **enc)
{
	struct encoder *e = calloc(1, sizeof(*e));
	unsigned int threads;
	int err = -ENOMEM;

	if (!e)
		return -ENOMEM;
	e->codec = vmedia_libav_encoder_find(p->coded);
	e->threads = priv;
	threads = vmedia_libav_threads_take(e->threads, VMEDIA_LIBAV_THREADS);
	vmedia_libav_choose(e->codec, p, threads, &e->settings);
	/* Some use fewer. */
	vmedia_libav_threads_change(e->threads, threads, (unsigned int)e->settings.threads);
	e->packet = av_packet_alloc();
	e->frame = av_frame_alloc();
	e->own = av_frame_alloc();
	if (!e->packet || !e->frame || !e->own)
		goto fail;
	e->own->format = e->settings.pix_fmt;
	e->own->width = (int)p->width;
	e->own->height = (int)p->height;
	if (av_frame_get_buffer(e->own, 0) < 0)
		goto fail;
	err = open_codec(e);
	if (err)
		goto fail;
	*enc = e;
	return 0;
fail:
	close_encoder(e);
	return err;
}

static int update(void *enc, const struct vmedia_encoder_params *p)
{
	struct encoder *e = enc;
	struct vmedia_libav_settings s;
	int err;

	if (vmedia_libav_encoder_find(p->coded) != e->codec)
		return -EINVAL;
	vmedia_libav_choose(e->codec, p, (uint32_t)e->settings.threads, &s);
	err = e->ended ? -EINVAL : vmedia_libav_change(e->codec, &e->settings, &s, e->av);
	if (!err)
		e->settings = s;
	return err;
}

/* ---- Pictures ---- */

static void returned(void *opaque, uint8_t *data)
{
	struct encoder *e = opaque;

	(void)data;
	e->lent = false;
}

/* Give libavcodec a reference on the driver's memory: without one it copies the picture. */
static int lend(struct encoder *e)
{
	if (e->codec->keeps)
		return 0;
	e->frame->buf[0] = av_buffer_create(e->frame->data[0], 1, returned, e,
					    AV_BUFFER_FLAG_READONLY);
	e->lent = e->frame->buf[0];
	return e->lent ? 0 : -ENOMEM;
}

static int send(void *enc, const struct vmedia_encoder_picture *p)
{
	struct encoder *e = enc;
	int err = e->ended ? open_codec(e) : 0;

	if (!err)
		err = vmedia_libav_frame(&e->settings, p, e->own, e->frame);
	if (!err)
		err = lend(e);
	if (err)
		return err;
	e->ending = false;
	e->frame->pts = (int64_t)p->tag;
	e->frame->pict_type = p->key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
	e->frame->color_range = e->av->color_range;
	err = avcodec_send_frame(e->av, e->frame);
	av_frame_unref(e->frame);
	if (e->lent)
		vmedia_err("%s keeps pictures, which it is known not to do", e->codec->name);
	if (err < 0 || e->lent)
		return err == AVERROR(ENOMEM) ? -ENOMEM : -EIO;
	e->pending++;
	return 0;
}

/* ---- Packets ---- */

static uint32_t type_of(const AVPacket *p)
{
	const uint8_t *stats = av_packet_get_side_data(p, AV_PKT_DATA_QUALITY_STATS, NULL);

	if (p->flags & AV_PKT_FLAG_KEY)
		return V4L2_BUF_FLAG_KEYFRAME;
	return stats && stats[4] == AV_PICTURE_TYPE_B ? V4L2_BUF_FLAG_BFRAME : V4L2_BUF_FLAG_PFRAME;
}

static int next(struct encoder *e)
{
	int err;

	if (e->have)
		return 0;
	av_packet_unref(e->packet);
	err = avcodec_receive_packet(e->av, e->packet);
	if (err == AVERROR(EAGAIN))
		return e->ending && !e->ended ? -ENODATA : -EAGAIN;
	if (err == AVERROR_EOF)
		return -ENODATA;
	if (err < 0)
		return err == AVERROR(ENOMEM) ? -ENOMEM : -EIO;
	e->pending--;
	return 0;
}

static int receive(void *enc, struct vmedia_encoder_packet *p)
{
	struct encoder *e = enc;
	bool alone;
	int err = next(e);

	if (err)
		return err;
	*p = (struct vmedia_encoder_packet){ .tag = (uint64_t)e->packet->pts };
	alone = e->codec->headers && !e->begun && e->settings.separate;
	if (e->codec->headers && !alone && !e->have &&
	    (!e->begun || (e->settings.repeat && e->packet->flags & AV_PKT_FLAG_KEY))) {
		p->header = e->av->extradata;
		p->header_size = (uint32_t)e->av->extradata_size;
	}
	e->begun = true;
	e->have = alone;
	p->data = alone ? e->av->extradata : e->packet->data;
	p->size = (uint32_t)(alone ? e->av->extradata_size : e->packet->size);
	p->flags = alone ? 0 : type_of(e->packet);
	return 0;
}

static int drain(void *enc)
{
	struct encoder *e = enc;

	e->ending = true;
	if (!e->pending)
		return 0;
	e->ended = true;
	return avcodec_send_frame(e->av, NULL) < 0 ? -EIO : 0;
}

/* ---- Formats ---- */

static bool accepts(void *priv, uint32_t coded, uint32_t format)
{
	(void)priv;
	return vmedia_libav_pix_fmt(vmedia_libav_encoder_find(coded), format) != AV_PIX_FMT_NONE;
}

static void coded_size(void *priv, uint32_t coded, uint32_t *w, uint32_t *h)
{
	uint32_t align = vmedia_libav_encoder_find(coded)->align;

	(void)priv;
	*w = (*w + align - 1) / align * align;
	*h = (*h + align - 1) / align * align;
}

static void formats(void *priv, struct vmedia_ctx *ctx, uint32_t coded, uint32_t format)
{
	(void)priv;
	(void)coded;
	vmedia_libav_follow(ctx, format);
}

const struct vmedia_encoder_ops vmedia_libav_encoder_ops = {
	.accepts = accepts,
	.coded_size = coded_size,
	.formats = formats,
	.open = open_encoder,
	.close = close_encoder,
	.update = update,
	.send = send,
	.receive = receive,
	.drain = drain,
};
