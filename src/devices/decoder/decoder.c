// SPDX-License-Identifier: BSD-3-Clause
/*
 * A decoder made of libavcodec's: packets to avcodec_send_packet(), pictures from
 * avcodec_receive_frame().
 *
 * Theory of operation
 *
 *   Tags travel as the packets' pts, which libavcodec gives to the picture that begins in a packet.
 *
 *   Threads are of slices: threads of frames would delay pictures, and write them when no job runs.
 *
 *   A drain: a stream without reordering has no picture left when its packets are decoded, so
 *   nothing is done, and all state is kept. Else only the end of the stream brings the last
 *   pictures. libavcodec goes on after it by avcodec_flush_buffers(), which drops its references;
 *   then nothing is shown before the next key picture.
 *
 *   Cropping is not applied by libavcodec, so each picture has its own coded size and its visible
 *   part with it, and no header is taken from the wrong picture.
 *
 * Context: a worker, as <vmedia/codec.h> has it.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/videodev2.h>
#include <vmedia/worker.h>

#include "decoder.h"
#include "libav.h"
#include "split.h"
#include "threads.h"

/* Pictures can always be copied: one is shown while one is written. */
#define BUFFERS	   2
#define NUM_CODECS 16
#define NUM_RAW	   11

struct device {
	struct vmedia_format_config coded[NUM_CODECS], raw[NUM_RAW];
	struct vmedia_frame_size size;
	struct vmedia_libav_threads threads;
};

struct decoder {
	const struct vmedia_libav_codec *codec;
	AVCodecContext *av;
	AVPacket *packet;
	AVFrame *frame;
	struct vmedia_libav_threads *threads;
	unsigned int num_threads;
	struct vmedia_libav_memory memory;
	struct vmedia_libav_split *split;
	bool ending;			/* a drain has begun */
	bool ended;			/* libavcodec has been given the end of the stream */
	bool hunting;			/* nothing is shown before a key picture */
};

static const uint32_t raw[NUM_RAW] = {
	V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_NV12M, V4L2_PIX_FMT_YUV420M,
	V4L2_PIX_FMT_P010, V4L2_PIX_FMT_YUV422P, V4L2_PIX_FMT_NV16, V4L2_PIX_FMT_YUV422M,
	V4L2_PIX_FMT_YUV444M, V4L2_PIX_FMT_NV24, V4L2_PIX_FMT_GREY,
};

static void close_decoder(void *dec)
{
	struct decoder *d = dec;

	vmedia_libav_threads_give(d->threads, d->num_threads);
	avcodec_free_context(&d->av);
	av_packet_free(&d->packet);
	av_frame_free(&d->frame);
	vmedia_libav_split_destroy(d->split);
	free(d);
}

static int open_decoder(void *priv, uint32_t coded, struct vmedia_codec_pool *pool, void **dec)
{
	struct device *dev = priv;
	const struct vmedia_libav_codec *codec = vmedia_libav_codec_find(coded);
	const AVCodec *av = avcodec_find_decoder(codec->id);
	struct decoder *d = calloc(1, sizeof(*d));
	int err = -ENOMEM;

	if (!d)
		return -ENOMEM;
	d->codec = codec;
	d->memory.pool = pool;
	d->threads = &dev->threads;
	d->av = avcodec_alloc_context3(av);
	d->num_threads = vmedia_libav_threads_take(d->threads);
	d->packet = av_packet_alloc();
	d->frame = av_frame_alloc();
	if (!d->av || !d->packet || !d->frame || vmedia_libav_split_create(codec->id, &d->split))
		goto fail;
	/* With threads of slices libavcodec conceals no errors of H.264. */
	d->av->thread_count = codec->id == AV_CODEC_ID_H264 ? 1 : (int)d->num_threads;
	d->av->thread_type = FF_THREAD_SLICE;
	d->av->apply_cropping = 0;
	/* Those that are only a little larger are refused with a better message. */
	d->av->max_pixels = (int64_t)(dev->size.max_width + 128) * (dev->size.max_height + 128);
	if (codec->in_place && av->capabilities & AV_CODEC_CAP_DR1) {
		d->av->opaque = &d->memory;
		d->av->get_buffer2 = vmedia_libav_get_buffer;
	}
	/* Of dav1d only: no picture waits for a later packet. Others would not reorder. */
	if (codec->id == AV_CODEC_ID_AV1)
		d->av->flags |= AV_CODEC_FLAG_LOW_DELAY;
	err = vmedia_libav_error(avcodec_open2(d->av, av, NULL));
	if (err)
		goto fail;
	*dec = d;
	return 0;
fail:
	close_decoder(d);
	return err;
}

static void flush(struct decoder *d)
{
	avcodec_flush_buffers(d->av);
	d->ending = false;
	d->ended = false;
	d->hunting = !d->codec->resumes;
}

/* Decode the next unit of the last packet. Returns -ENOENT if it has no more. */
static int decode(struct decoder *d)
{
	struct vmedia_libav_unit u;

	if (!vmedia_libav_split_next(d->split, &u))
		return -ENOENT;
	/* libavcodec copies what has no reference count, and writes to none of it. */
	d->packet->data = (uint8_t *)u.data;
	d->packet->size = (int)u.size;
	d->packet->pts = (int64_t)u.tag;
	vmedia_libav_reorder(d->av, u.data, u.size);
	return vmedia_libav_error(avcodec_send_packet(d->av, d->packet));
}

static int send(void *dec, const struct vmedia_codec_packet *p)
{
	struct decoder *d = dec;
	int err;

	if (d->ended)
		flush(d);
	d->ending = false;
	vmedia_libav_split_add(d->split, p);
	err = decode(d);
	return err == -ENOENT ? 0 : err;
}

static void set_room(const struct decoder *d, enum AVPixelFormat pix_fmt,
		     struct vmedia_codec_header *h)
{
	h->min_buffers = BUFFERS;
	if (!d->memory.same)
		return;
	vmedia_libav_room(d->av, pix_fmt, (int)h->coded_width, (int)h->coded_height, h);
	/* References, pictures that wait for their turn, and the one that is being decoded. */
	h->keeps = (uint32_t)(FFMAX(d->av->refs, d->codec->in_place) + d->av->has_b_frames + 1);
}

static int header(void *dec, struct vmedia_codec_header *h)
{
	const struct decoder *d = dec;
	int err = vmedia_libav_context_header(d->av, d->codec->crops, h);

	if (!err)
		set_room(d, d->av->pix_fmt, h);
	return err;
}

/* All units are decoded. Returns 0 if there are pictures nevertheless. */
static int finish(struct decoder *d)
{
	if (!d->ending)
		return -EAGAIN;
	if (!d->av->has_b_frames || d->ended)
		return -ENODATA;
	d->ended = true;
	return vmedia_libav_error(avcodec_send_packet(d->av, NULL));
}

/* The next picture that may be shown. */
static int next(struct decoder *d, struct vmedia_codec_picture *p)
{
	int err;

	do {
		while ((err = vmedia_libav_error(avcodec_receive_frame(d->av, d->frame)))) {
			if (err != -EAGAIN)
				return err;
			err = decode(d);
			if (err == -ENOENT)
				err = finish(d);
			if (err)
				return err;
		}
		vmedia_libav_picture(d->frame, p);
		if (p->flags & V4L2_BUF_FLAG_KEYFRAME)
			d->hunting = false;
	} while (d->hunting);
	return 0;
}

static int receive(void *dec, struct vmedia_codec_picture *p)
{
	struct decoder *d = dec;
	int err = next(d, p);

	if (err)
		return err;
	p->tag = (uint64_t)d->frame->pts;
	vmedia_libav_frame_header(d->frame, &p->header);
	set_room(d, d->frame->format, &p->header);
	p->raw = vmedia_libav_raw(d->frame);
	return 0;
}

static int write_picture(void *dec, const struct vmedia_codec_raw *to)
{
	struct decoder *d = dec;

	vmedia_libav_write(d->frame, to);
	av_frame_unref(d->frame);
	return 0;
}

static int drain(void *dec)
{
	struct decoder *d = dec;

	d->ending = true;
	vmedia_libav_split_end(d->split);
	return 0;
}

static void reset(void *dec)
{
	struct decoder *d = dec;

	flush(d);
	vmedia_libav_split_reset(d->split);
}

static bool can_write(void *priv, uint32_t coded, const struct vmedia_codec_header *h,
		      uint32_t format)
{
	(void)priv;
	(void)coded;
	return !h || vmedia_libav_fits(h, format);
}

static void destroy(void *priv)
{
	free(priv);
}

static const struct vmedia_decoder_ops ops = {
	.can_write = can_write,
	.open = open_decoder,
	.close = close_decoder,
	.send = send,
	.header = header,
	.receive = receive,
	.write = write_picture,
	.drain = drain,
	.reset = reset,
	.destroy = destroy,
};

static void offer_raw(struct device *dev, const struct vmedia_decoder_options *opts)
{
	dev->size = (struct vmedia_frame_size){
		.width = VMEDIA_DECODER_MIN_SIZE,
		.height = VMEDIA_DECODER_MIN_SIZE,
		.max_width = opts->max_width ? opts->max_width : VMEDIA_DECODER_MAX_SIZE,
		.max_height = opts->max_height ? opts->max_height : VMEDIA_DECODER_MAX_SIZE,
		.step_width = 1,
		.step_height = 1,
	};
	for (unsigned int i = 0; i < NUM_RAW; i++)
		dev->raw[i] = (struct vmedia_format_config){ .pixelformat = raw[i],
							     .sizes = &dev->size,
							     .num_sizes = 1 };
}

static unsigned int offer(struct device *dev, const char *list)
{
	const struct vmedia_libav_codec *codecs;
	unsigned int num = vmedia_libav_codecs(&codecs), n = 0;

	for (unsigned int i = 0; i < num && n < NUM_CODECS; i++)
		if (vmedia_libav_named(list, &codecs[i]) && avcodec_find_decoder(codecs[i].id))
			dev->coded[n++] = (struct vmedia_format_config){
				.pixelformat = codecs[i].pixelformat,
				.sizes = &dev->size,
				.num_sizes = 1,
				.flags = codecs[i].flags,
			};
	return n;
}

int vmedia_libav_decoder_create(struct vmedia_loop *loop,
				const struct vmedia_decoder_options *opts,
				struct vmedia_device **out)
{
	struct device *dev = calloc(1, sizeof(*dev));
	struct vmedia_decoder_config cfg = {
		.card = "vmedia decoder",
		.limits = opts->limits,
		.region_size = opts->region_size,
		.no_region = !opts->region_size,
		.num_raw = NUM_RAW,
		.max_pixels = opts->max_pixels,
		.ops = &ops,
		.priv = dev,
	};
	int err = -ENOSYS;

	if (!dev)
		return -ENOMEM;
	vmedia_libav_threads_init(&dev->threads, opts->threads);
	vmedia_worker_set_threads(loop, opts->threads);
	offer_raw(dev, opts);
	cfg.raw = dev->raw;
	cfg.coded = dev->coded;
	cfg.num_coded = offer(dev, opts->codecs);
	vmedia_libav_log();
	if (!vmedia_libav_names_valid(opts->codecs))
		err = -EINVAL;
	else if (cfg.num_coded)
		err = vmedia_decoder_create(loop, &cfg, out);
	if (err)
		free(dev);
	return err;
}
