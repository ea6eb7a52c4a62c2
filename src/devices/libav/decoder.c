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
 *   An engine (engine.h) is asked for when libavcodec knows a stream's profile (choose()). If it
 *   does not take the stream, the same libavcodec decoder goes on in software. AV1 has two
 *   decoders: the one that uses engines cannot decode in software. Then the other one is opened,
 *   and gets the packet again. The one that uses engines does not ask for larger surfaces when the
 *   stream's pictures become larger. Then it is opened anew, and gets the packet again, too.
 *   A picture tells what decoded it: one of an engine is a surface.
 *   Before the device serves, the engine decodes a picture of each codec, and a codec that it
 *   fails at is not given to it.
 *
 * Context: a worker, as <vmedia/codec.h> has it.
 */
#include <errno.h>
#include <libavutil/pixdesc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/videodev2.h>
#include <vmedia/list.h>
#include <vmedia/log.h>
#include <vmedia/worker.h>

#include "decode.h"
#include "samples.h"
#include "split.h"

/* Pictures can always be copied: one is shown while one is written. */
#define BUFFERS	 2
/* Surfaces that an engine's decoder need not have: of the picture that is shown, and the next. */
#define SURFACES 2

struct decoder {
	const struct vmedia_libav_codec *codec;
	AVCodecContext *av;
	AVPacket *packet;
	AVFrame *frame;
	unsigned int num_threads;	/* of the device's, that are counted for this one */
	struct vmedia_libav_memory memory;
	struct vmedia_libav_split *split;
	struct vmedia_libav_decoders *shared;
	enum AVPixelFormat surface;	/* the engine's; AV_PIX_FMT_NONE: software decodes */
	bool asked;			/* the engine was chosen for the stream */
	bool refused;			/* ... and did not take it, or was not chosen */
	enum vmedia_libav_by by;	/* what decoded the last picture */
	char why[256];			/* why not the engine */
	bool ending;			/* a drain has begun */
	bool ended;			/* libavcodec has been given the end of the stream */
	bool repeated;			/* it has been given the last unit twice: begin_anew() */
	bool hunting;			/* nothing is shown before a key picture */
};

static void close_decoder(void *dec)
{
	struct decoder *d = dec;

	vmedia_libav_threads_give(&d->shared->threads, d->num_threads);
	avcodec_free_context(&d->av);
	av_packet_free(&d->packet);
	av_frame_free(&d->frame);
	vmedia_libav_split_destroy(d->split);
	free(d);
}

/* ---- The engine ---- */

struct vmedia_libav_trial *vmedia_libav_trial(struct vmedia_libav_decoders *shared,
					      const struct vmedia_libav_codec *codec)
{
	const struct vmedia_libav_codec *codecs;

	vmedia_libav_codecs(&codecs);
	return &shared->trials[codec - codecs];
}

/* AVCodecContext.get_format: @list has what can be had of this stream, the best first. */
static enum AVPixelFormat choose(AVCodecContext *av, const enum AVPixelFormat *list)
{
	struct vmedia_libav_memory *m = av->opaque;
	struct decoder *d = vmedia_container_of(m, struct decoder, memory);
	const enum AVPixelFormat *p = list;
	bool fetches = vmedia_libav_engine_fetches(av->sw_pix_fmt);

	while (*p != AV_PIX_FMT_NONE && *p != d->surface)
		p++;
	if (*p != AV_PIX_FMT_NONE && fetches) {
		d->asked = true;
		d->refused = false;
		m->listens = true;
		*m->said = 0;
		return *p;
	}
	if (d->asked)
		snprintf(d->why, sizeof(d->why), "the engine does not take it%s%s",
			 *m->said ? ": " : "", m->said);
	else if (*p == AV_PIX_FMT_NONE)
		snprintf(d->why, sizeof(d->why), "libavcodec gives no such profile to an engine");
	else
		snprintf(d->why, sizeof(d->why), "pictures of %s are not fetched from an engine",
			 av_get_pix_fmt_name(av->sw_pix_fmt));
	d->asked = false;
	d->refused = true;
	m->listens = false;
	while (*list != AV_PIX_FMT_NONE &&
	       av_pix_fmt_desc_get(*list)->flags & AV_PIX_FMT_FLAG_HWACCEL)
		list++;
	return *list;
}

/* The libavcodec decoder for @d, by the engine if that may be. */
static const AVCodec *find(struct decoder *d)
{
	const struct vmedia_libav_engine *e = &d->shared->engine;
	const struct vmedia_libav_trial *t = vmedia_libav_trial(d->shared, d->codec);
	const AVCodec *software = avcodec_find_decoder(d->codec->id), *av = NULL;

	d->surface = AV_PIX_FMT_NONE;
	if (t->by == VMEDIA_LIBAV_BY_NOTHING || t->by == VMEDIA_LIBAV_BY_ENGINE || t->refused)
		av = vmedia_libav_engine_codec(e, d->codec->id, &d->surface);
	/* One that cannot decode without an engine has shown that it can with this one. */
	if (!e->device || (t->by == VMEDIA_LIBAV_BY_SOFTWARE && av != software)) {
		d->surface = AV_PIX_FMT_NONE;
		av = NULL;
	}
	if (av)
		return av;
	if (*t->why)
		snprintf(d->why, sizeof(d->why), "%s", t->why);
	else if (!e->device)
		snprintf(d->why, sizeof(d->why), "%s", e->why);
	else
		snprintf(d->why, sizeof(d->why), "libavcodec gives no %s to this engine",
			 avcodec_get_name(d->codec->id));
	return software;
}

/* Count @n threads for the decoder. */
static void count_threads(struct decoder *d, unsigned int n)
{
	vmedia_libav_threads_change(&d->shared->threads, d->num_threads, n);
	d->num_threads = n;
}

/* Say what decoded a picture of the stream, when it is the first and when that changes. */
static void note(struct decoder *d, enum vmedia_libav_by by, const struct vmedia_codec_header *h)
{
	const struct vmedia_libav_engine *e = &d->shared->engine;
	const char *name = avcodec_get_name(d->codec->id);
	char why[VMEDIA_LOG_MAX];

	if (e->type == AV_HWDEVICE_TYPE_NONE || d->by == by)
		return;
	d->by = by;
	/* libavcodec keeps its threads, for a part that the engine does not take. */
	count_threads(d, by == VMEDIA_LIBAV_BY_ENGINE ? 1 : (unsigned int)d->av->thread_count);
	if (!d->memory.pool)
		return; /* a trial */
	if (by == VMEDIA_LIBAV_BY_ENGINE) {
		vmedia_info("a stream of %s, %ux%u, is decoded by %s", name, h->visible.width,
			    h->visible.height, e->name);
	} else {
		vmedia_log_if(e->device ? VMEDIA_LOG_WARN : VMEDIA_LOG_INFO,
			   "a stream of %s, %ux%u, is decoded in software: %s", name,
			   h->visible.width, h->visible.height,
			   vmedia_log_escape(why, sizeof(why), d->why, strlen(d->why)));
	}
}

/* ---- Opening ---- */

/* All errors are fatal: there is no decoder then. */
static int open_context(struct decoder *d, const AVCodec *av)
{
	const struct vmedia_libav_codec *codec = d->codec;
	const struct vmedia_libav_decoders *shared = d->shared;
	int err;

	avcodec_free_context(&d->av);
	vmedia_libav_threads_give(&d->shared->threads, d->num_threads);
	d->num_threads = vmedia_libav_threads_take(&d->shared->threads,
						   codec->slices ? VMEDIA_LIBAV_THREADS : 1);
	d->av = avcodec_alloc_context3(av);
	if (!d->av)
		return -ENOMEM;
	d->av->thread_count = (int)d->num_threads;
	d->av->thread_type = FF_THREAD_SLICE;
	d->av->apply_cropping = 0;
	/* Those that are only a little larger are refused with a better message. */
	d->av->max_pixels = (int64_t)(shared->max_width + 128) * (shared->max_height + 128);
	d->av->opaque = &d->memory;
	if (codec->in_place && av->capabilities & AV_CODEC_CAP_DR1)
		d->av->get_buffer2 = vmedia_libav_get_buffer;
	if (d->surface != AV_PIX_FMT_NONE) {
		d->av->hw_device_ctx = av_buffer_ref(shared->engine.device);
		if (!d->av->hw_device_ctx)
			return -ENOMEM;
		d->av->get_format = choose;
		d->av->extra_hw_frames = SURFACES;
	}
	/* Of dav1d only: no picture waits for a later packet. Others would not reorder. */
	if (codec->id == AV_CODEC_ID_AV1)
		d->av->flags |= AV_CODEC_FLAG_LOW_DELAY;
	err = avcodec_open2(d->av, av, NULL);
	if (err)
		return err == AVERROR(ENOMEM) ? -ENOMEM : -EIO;
	/* Not all decoders use what they are given. */
	count_threads(d, (unsigned int)d->av->thread_count);
	return 0;
}

static int open_decoder(void *priv, uint32_t coded, struct vmedia_codec_pool *pool, void **dec)
{
	struct vmedia_libav_decoders *shared = priv;
	struct decoder *d = calloc(1, sizeof(*d));
	int err = -ENOMEM;

	if (!d)
		return -ENOMEM;
	d->shared = shared;
	d->codec = vmedia_libav_codec_find(coded);
	d->memory.pool = pool;
	d->packet = av_packet_alloc();
	d->frame = av_frame_alloc();
	if (!d->packet || !d->frame || vmedia_libav_split_create(d->codec->id, &d->split))
		goto fail;
	err = open_context(d, find(d));
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

/* The decoder can do nothing without the engine, which was refused. */
static bool is_stuck(const struct decoder *d)
{
	return d->refused && d->av->codec != avcodec_find_decoder(d->codec->id);
}

/* Give the unit to libavcodec. */
static int submit(struct decoder *d)
{
	int err = avcodec_send_packet(d->av, d->packet);

	if (err && is_stuck(d)) {
		d->surface = AV_PIX_FMT_NONE;
		err = open_context(d, avcodec_find_decoder(d->codec->id));
		if (err)
			return err;
		err = avcodec_send_packet(d->av, d->packet);
	}
	return vmedia_libav_error(err);
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
	d->repeated = false;
	vmedia_libav_reorder(d->av, u.data, u.size);
	return submit(d);
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

/* The same, in memory. *@by: what decoded it. -ERANGE: it is larger than the engine's surface. */
static int next_fetched(struct decoder *d, struct vmedia_codec_picture *p,
			enum vmedia_libav_by *by)
{
	int err = next(d, p);

	if (err)
		return err;
	*by = d->frame->hw_frames_ctx ? VMEDIA_LIBAV_BY_ENGINE : VMEDIA_LIBAV_BY_SOFTWARE;
	if (*by == VMEDIA_LIBAV_BY_ENGINE)
		err = vmedia_libav_engine_fetch(d->frame);
	if (!err || err == AVERROR(ERANGE))
		return err ? -ERANGE : 0;
	vmedia_warn("a picture cannot be fetched from %s: %s", d->shared->engine.name,
		    av_err2str(err));
	return -EBADMSG;
}

/* Decode the last unit again, with surfaces of its own size. The picture is the unit's. */
static int begin_anew(struct decoder *d)
{
	int err;

	if (d->ended || d->repeated)
		return -EBADMSG;
	d->repeated = true;
	err = open_context(d, d->av->codec);
	return err ? err : submit(d);
}

static int receive(void *dec, struct vmedia_codec_picture *p)
{
	struct decoder *d = dec;
	enum vmedia_libav_by by;
	int err = next_fetched(d, p, &by);

	if (err == -ERANGE) {
		err = begin_anew(d);
		if (!err)
			err = next_fetched(d, p, &by);
	}
	if (err)
		return err == -ERANGE ? -EBADMSG : err;
	p->tag = (uint64_t)d->frame->pts;
	vmedia_libav_frame_header(d->frame, &p->header);
	note(d, by, &p->header);
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

const struct vmedia_decoder_ops vmedia_libav_decoder_ops = {
	.can_write = can_write,
	.open = open_decoder,
	.close = close_decoder,
	.send = send,
	.header = header,
	.receive = receive,
	.write = write_picture,
	.drain = drain,
	.reset = reset,
};

/* ---- Trials of the engine ---- */

/* Decode the sample of @codec. */
static int try_sample(struct decoder *d)
{
	const struct vmedia_libav_sample *s = vmedia_libav_sample_find(d->codec->id);
	struct vmedia_codec_picture picture = { 0 };
	uint8_t *data = calloc(1, s->size + AV_INPUT_BUFFER_PADDING_SIZE);
	struct vmedia_codec_packet packet = { .data = data, .size = (uint32_t)s->size, .tag = 1 };
	int err;

	if (!data)
		return -ENOMEM;
	memcpy(data, s->data, s->size);
	err = send(d, &packet);
	if (!err)
		err = drain(d);
	if (!err)
		err = receive(d, &picture);
	free(data);
	if (!err && picture.damaged)
		err = -EBADMSG;
	return err;
}

int vmedia_libav_decoder_try(struct vmedia_libav_decoders *shared,
			     const struct vmedia_libav_codec *codec)
{
	struct vmedia_libav_trial *t = vmedia_libav_trial(shared, codec);
	enum AVPixelFormat surface;
	struct decoder *d;
	void *dec;
	int err = open_decoder(shared, codec->pixelformat, NULL, &dec);

	if (err)
		return err;
	d = dec;
	t->possible = vmedia_libav_engine_codec(&shared->engine, codec->id, &surface);
	err = try_sample(d);
	t->by = err ? VMEDIA_LIBAV_BY_SOFTWARE : d->by;
	t->refused = d->refused;
	if (t->by != VMEDIA_LIBAV_BY_ENGINE)
		snprintf(t->why, sizeof(t->why), "%s",
			 d->asked ? "the engine fails at it" : d->why);
	close_decoder(d);
	return err == -ENOMEM ? err : 0;
}
