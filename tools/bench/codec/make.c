/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes the media: pictures to encode, and a stream to decode. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/videodev2.h>

#include <libavutil/opt.h>

#include "codec.h"

/* Room of the items; what is not used is given back. */
static struct bench_media *begin(const struct bench_job *job, int fd, size_t room)
{
	struct bench_media *m;

	if (ftruncate(fd, (off_t)(sizeof(*m) + room)) < 0) {
		floor_fail("media", -errno);
		return NULL;
	}
	m = mmap(NULL, sizeof(*m) + room, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (m == MAP_FAILED) {
		floor_fail("media", -errno);
		return NULL;
	}
	m->size = sizeof(*m);
	m->width = job->width;
	m->height = job->height;
	return m;
}

static int end(struct bench_media *m, int fd, size_t room, int err)
{
	uint64_t size = m->size;

	munmap(m, sizeof(*m) + room);
	if (!err && ftruncate(fd, (off_t)size) < 0)
		err = floor_fail("media", -errno);
	return err;
}

int floor_make_pictures(const struct bench_job *job, int fd)
{
	uint32_t pixels = job->width * job->height, bytes = pixels / 2 * 3;
	size_t room = (size_t)bytes * job->num;
	struct bench_media *m = begin(job, fd, room);

	if (!m)
		return -ENOMEM;
	m->largest = bytes;
	for (m->num = 0; m->num < job->num && m->num < BENCH_MEDIA_ITEMS; m->num++) {
		uint8_t *to = (uint8_t *)m + m->size;
		int stride = (int)job->width;
		struct floor_canvas c = {
			.width = job->width,
			.height = job->height,
			.data = { to, to + pixels, to + pixels + 1 },
			.stride = { stride, stride, stride },
			.step = { 1, 2, 2 },
		};

		m->item[m->num].offset = m->size;
		m->item[m->num].size = bytes;
		floor_paint(&c, m->num);
		m->size += bytes;
	}
	return end(m, fd, room, 0);
}

/* ---- Streams ---- */

static const struct maker {
	const char *name;
	uint32_t coded;
} makers[] = {
	{ "libx264", V4L2_PIX_FMT_H264 },
	{ "mpeg4", V4L2_PIX_FMT_MPEG4 },
	{ "mpeg2video", V4L2_PIX_FMT_MPEG2 },
};

static AVCodecContext *open_encoder(const struct bench_job *job, struct bench_media *m)
{
	const AVCodec *codec = NULL;
	AVCodecContext *av;

	for (size_t i = 0; !codec && i < sizeof(makers) / sizeof(makers[0]); i++) {
		codec = avcodec_find_encoder_by_name(makers[i].name);
		m->coded = makers[i].coded;
		snprintf(m->encoder, sizeof(m->encoder), "%s", makers[i].name);
	}
	av = codec ? avcodec_alloc_context3(codec) : NULL;
	if (!av)
		return NULL;
	av->width = (int)job->width;
	av->height = (int)job->height;
	av->pix_fmt = AV_PIX_FMT_YUV420P;
	av->time_base = (AVRational){ 1, 30 };
	av->framerate = (AVRational){ 30, 1 };
	av->gop_size = 30;
	av->max_b_frames = 2;
	av->refs = 2;
	/* 8 Mbit/s for 1080p, 3.6 for 720p. */
	av->bit_rate = (int64_t)job->width * job->height * 4;
	if (m->coded == V4L2_PIX_FMT_H264) {
		av->flags |= AV_CODEC_FLAG_CLOSED_GOP;
		av_opt_set(av->priv_data, "preset", "veryfast", 0);
		av_opt_set(av->priv_data, "profile", "high", 0);
		av_opt_set(av->priv_data, "forced-idr", "1", 0);
	}
	if (avcodec_open2(av, codec, NULL) < 0)
		avcodec_free_context(&av);
	return av;
}

/* Take the packets that are ready. */
static int take_packets(AVCodecContext *av, struct bench_media *m, size_t room)
{
	AVPacket *p = av_packet_alloc();
	int err = p ? avcodec_receive_packet(av, p) : AVERROR(ENOMEM);

	for (; err >= 0; err = avcodec_receive_packet(av, p)) {
		uint32_t size = (uint32_t)p->size;

		if (m->num == BENCH_MEDIA_ITEMS || m->size + size > sizeof(*m) + room) {
			err = AVERROR(ENOSPC);
			break;
		}
		memcpy((uint8_t *)m + m->size, p->data, size);
		m->item[m->num].offset = m->size;
		m->item[m->num++].size = size;
		m->largest = size > m->largest ? size : m->largest;
		m->size += size;
		av_packet_unref(p);
	}
	av_packet_free(&p);
	return err == AVERROR(EAGAIN) || err == AVERROR_EOF ? 0 : err;
}

static int encode_film(const struct bench_job *job, AVCodecContext *av, AVFrame *f,
		       struct bench_media *m, size_t room)
{
	int err;

	f->format = av->pix_fmt;
	f->width = av->width;
	f->height = av->height;
	err = av_frame_get_buffer(f, 0);
	for (unsigned int n = 0; err >= 0 && n < job->num; n++) {
		struct floor_canvas c = { .width = job->width, .height = job->height,
					  .step = { 1, 1, 1 } };

		err = av_frame_make_writable(f);
		if (err < 0)
			break;
		for (int i = 0; i < 3; i++) {
			c.data[i] = f->data[i];
			c.stride[i] = f->linesize[i];
		}
		floor_paint(&c, n);
		f->pts = n;
		err = avcodec_send_frame(av, f);
		if (err >= 0)
			err = take_packets(av, m, room);
	}
	if (err >= 0)
		err = avcodec_send_frame(av, NULL);
	return err >= 0 ? take_packets(av, m, room) : err;
}

int floor_make_stream(const struct bench_job *job, int fd)
{
	size_t room = (size_t)job->width * job->height * job->num;
	struct bench_media *m = begin(job, fd, room);
	AVFrame *f = av_frame_alloc();
	AVCodecContext *av = m ? open_encoder(job, m) : NULL;
	int err = av && f ? encode_film(job, av, f, m, room) : -ENOSYS;

	if (m && !av)
		floor_fail("libavcodec has no encoder for a stream to decode", err);
	else if (err < 0)
		err = floor_fail_av("making a stream", err);
	av_frame_free(&f);
	avcodec_free_context(&av);
	return m ? end(m, fd, room, err) : -ENOMEM;
}
