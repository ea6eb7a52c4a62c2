/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Decoding with libavcodec alone: one decoder, or several at once, each in a thread of its own.
 *
 * Packets are libavcodec's own, so none is copied. Pictures of NV12 are converted by libswscale
 * into plain memory; others are dropped where libavcodec has them.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/videodev2.h>

#include <libswscale/swscale.h>

#include "codec.h"

#define OUTPUTS 8 /* pictures of plain memory, in turns, as a client has buffers */

struct decoder {
	const struct bench_job *job;
	const struct bench_media *m;
	AVPacket **packets;		/* of all decoders */
	struct floor_span *span;
	AVCodecContext *av;
	AVFrame *frame;
	struct SwsContext *sws;
	uint8_t *memory;		/* NV12: OUTPUTS pictures */
	uint64_t shown;
	double first_ns;
	int err;
};

static enum AVCodecID codec_of(const struct bench_media *m)
{
	return m->coded == V4L2_PIX_FMT_H264	? AV_CODEC_ID_H264
	       : m->coded == V4L2_PIX_FMT_MPEG4 ? AV_CODEC_ID_MPEG4
						: AV_CODEC_ID_MPEG2VIDEO;
}

static int open_decoder(struct decoder *d)
{
	const AVCodec *codec = avcodec_find_decoder(codec_of(d->m));

	d->frame = av_frame_alloc();
	d->av = codec ? avcodec_alloc_context3(codec) : NULL;
	if (!d->av || !d->frame)
		return AVERROR(ENOMEM);
	/* As in the device: with threads of slices libavcodec loses or hides what is damaged. */
	d->av->thread_count = d->job->frame_threads ? (int)d->job->threads : 1;
	d->av->thread_type = FF_THREAD_FRAME;
	return avcodec_open2(d->av, codec, NULL);
}

static void close_decoder(struct decoder *d)
{
	avcodec_free_context(&d->av);
	av_frame_free(&d->frame);
	sws_freeContext(d->sws);
	if (d->memory)
		munmap(d->memory, (size_t)d->m->width * d->m->height / 2 * 3 * OUTPUTS);
}

static int convert(struct decoder *d)
{
	size_t pixels = (size_t)d->m->width * d->m->height, bytes = pixels / 2 * 3;
	int w = d->frame->width, h = d->frame->height, stride = (int)d->m->width;
	uint8_t *to;

	if (!d->memory) {
		d->memory = mmap(NULL, bytes * OUTPUTS, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (d->memory == MAP_FAILED)
			d->memory = NULL;
		d->sws = sws_getContext(w, h, d->frame->format, w, h, AV_PIX_FMT_NV12, SWS_POINT,
					NULL, NULL, NULL);
	}
	if (!d->memory || !d->sws)
		return AVERROR(ENOMEM);
	to = d->memory + bytes * (d->shown % OUTPUTS);
	return sws_scale(d->sws, (const uint8_t *const *)d->frame->data, d->frame->linesize, 0, h,
			 (uint8_t *const[]){ to, to + pixels }, (const int[]){ stride, stride });
}

/* Returns 1 when all is done. */
static int take_pictures(struct decoder *d, uint64_t from)
{
	int err;

	while ((err = avcodec_receive_frame(d->av, d->frame)) >= 0) {
		if (d->job->raw == V4L2_PIX_FMT_NV12)
			err = convert(d);
		if (err < 0)
			return err;
		if (!d->shown++)
			d->first_ns = (double)(floor_now_ns() - from);
		if (floor_span_frame(d->span, d->shown))
			return 1;
	}
	return err == AVERROR(EAGAIN) ? 0 : err;
}

static void *decode(void *arg)
{
	struct decoder *d = arg;
	uint64_t from = floor_now_ns();
	int err = open_decoder(d);

	for (uint32_t i = 0; err == 0 && !atomic_load(&d->span->ended); i++) {
		err = avcodec_send_packet(d->av, d->packets[i % d->m->num]);
		if (err == 0)
			err = take_pictures(d, from);
	}
	if (err < 0)
		d->err = floor_fail_av("decoding", err);
	/* The others would wait for pictures of this one. */
	if (err < 0)
		atomic_store(&d->span->ended, true);
	return NULL;
}

static int decode_all(struct bench_job *job, struct decoder *d)
{
	pthread_t threads[BENCH_SESSIONS];
	unsigned int n = 0;
	int err = 0;

	/* One needs no thread, as its caller needs none. */
	if (job->sessions == 1)
		decode(d);
	for (; job->sessions > 1 && n < job->sessions && !err; n++)
		err = pthread_create(&threads[n], NULL, decode, &d[n]);
	if (err) {
		atomic_store(&d->span->ended, true);
		n--;
	}
	while (n)
		pthread_join(threads[--n], NULL);
	for (n = 0; n < job->sessions; n++)
		err = err ? err : -d[n].err;
	return -err;
}

/* References to memory with the zero bytes behind that libavcodec asks for. */
static int read_packets(const struct bench_media *m, AVPacket **packets)
{
	for (uint32_t i = 0; i < m->num; i++) {
		packets[i] = av_packet_alloc();
		if (!packets[i] || av_new_packet(packets[i], (int)m->item[i].size) < 0)
			return floor_fail("packets", -ENOMEM);
		memcpy(packets[i]->data, (const uint8_t *)m + m->item[i].offset, m->item[i].size);
	}
	return 0;
}

int floor_decode(struct bench_job *job, const struct bench_media *m)
{
	AVPacket *packets[BENCH_MEDIA_ITEMS] = { NULL };
	struct decoder d[BENCH_SESSIONS];
	struct floor_span span;
	int err;

	if (job->sessions > BENCH_SESSIONS || !job->sessions || m->num > BENCH_MEDIA_ITEMS)
		return floor_fail("job", -EINVAL);
	floor_span_init(&span, job, m->num);
	for (unsigned int i = 0; i < job->sessions; i++)
		d[i] = (struct decoder){ .job = job, .m = m, .packets = packets, .span = &span };
	err = read_packets(m, packets);
	if (!err)
		err = decode_all(job, d);
	if (!err)
		floor_span_result(&span, job);
	job->first_ns = d[0].first_ns;
	for (unsigned int i = 0; i < job->sessions; i++)
		close_decoder(&d[i]);
	for (uint32_t i = 0; i < m->num; i++)
		av_packet_free(&packets[i]);
	return err;
}
