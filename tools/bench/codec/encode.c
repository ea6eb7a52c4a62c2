/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Encoding with libx264 alone, with the settings that the kind encoder has if no control is
 * changed. That they are the same is seen by the packets, which have as many bytes.
 */
#include <errno.h>
#include <stdlib.h>

#include <libavutil/opt.h>

#include "codec.h"

static const struct {
	const char *name, *value;
} settings[] = {
	{ "preset", "veryfast" }, { "rc-lookahead", "0" }, { "mbtree", "0" },
	{ "b_strategy", "0" },	  { "b-pyramid", "0" },	   { "sc_threshold", "0" },
	{ "forced-idr", "1" },	  { "profile", "high" },
	{ "x264-params", "sync-lookahead=0:force-cfr=1" },
};

static int open_encoder(const struct bench_job *job, const struct bench_media *m,
			AVCodecContext **out)
{
	const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
	AVCodecContext *av = codec ? avcodec_alloc_context3(codec) : NULL;

	*out = av;
	if (!av)
		return AVERROR_ENCODER_NOT_FOUND;
	av->width = (int)m->width;
	av->height = (int)m->height;
	av->pix_fmt = AV_PIX_FMT_NV12;
	av->time_base = (AVRational){ 1, 30 };
	av->framerate = (AVRational){ 30, 1 };
	av->sample_aspect_ratio = (AVRational){ 1, 1 };
	av->thread_count = (int)job->threads;
	av->thread_type = FF_THREAD_SLICE;
	av->gop_size = 60;
	av->max_b_frames = 0;
	av->qmin = 0;
	av->qmax = 51;
	av->bit_rate = 4000000;
	av->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP;
	av->color_range = AVCOL_RANGE_MPEG;
	av->color_primaries = AVCOL_PRI_BT709;
	av->color_trc = AVCOL_TRC_BT709;
	av->colorspace = AVCOL_SPC_BT709;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		av_opt_set(av->priv_data, settings[i].name, settings[i].value, 0);
	return avcodec_open2(av, codec, NULL);
}

static void borrowed(void *opaque, uint8_t *data)
{
	(void)opaque;
	(void)data;
}

/* With a reference the picture is not copied. */
static int send(AVCodecContext *av, AVFrame *f, const struct bench_media *m, uint32_t n)
{
	uint8_t *data = (uint8_t *)m + m->item[n % m->num].offset;
	int err;

	f->format = av->pix_fmt;
	f->width = av->width;
	f->height = av->height;
	f->data[0] = data;
	f->data[1] = data + (size_t)m->width * m->height;
	f->linesize[0] = (int)m->width;
	f->linesize[1] = (int)m->width;
	f->pts = n;
	f->color_range = av->color_range;
	f->buf[0] = av_buffer_create(data, m->item[n % m->num].size, borrowed, NULL,
				     AV_BUFFER_FLAG_READONLY);
	err = f->buf[0] ? avcodec_send_frame(av, f) : AVERROR(ENOMEM);
	av_frame_unref(f);
	return err;
}

/* Returns 1 when all is done. */
static int take_packets(AVCodecContext *av, AVPacket *p, struct bench_job *job,
			struct floor_span *span, uint32_t num, uint64_t *nth)
{
	int err;

	while ((err = avcodec_receive_packet(av, p)) >= 0) {
		if (++*nth <= num) {
			job->coded_bytes += (uint64_t)p->size;
			if (p->flags & AV_PKT_FLAG_KEY)
				job->coded_bytes += (uint64_t)av->extradata_size;
		}
		av_packet_unref(p);
		if (floor_span_frame(span, *nth))
			return 1;
	}
	return err == AVERROR(EAGAIN) ? 0 : err;
}

int floor_encode(struct bench_job *job, const struct bench_media *m)
{
	AVPacket *p = av_packet_alloc();
	AVFrame *f = av_frame_alloc();
	AVCodecContext *av;
	struct floor_span span;
	uint64_t nth = 0;
	int err = open_encoder(job, m, &av);

	if (err == 0 && (!p || !f))
		err = AVERROR(ENOMEM);
	job->sessions = 1;
	job->coded_bytes = 0;
	floor_span_init(&span, job, m->num);
	for (uint32_t n = 0; err == 0; n++) {
		err = send(av, f, m, n);
		if (err == 0)
			err = take_packets(av, p, job, &span, m->num, &nth);
	}
	if (err < 0)
		err = floor_fail_av("encoding", err);
	else
		floor_span_result(&span, job);
	avcodec_free_context(&av);
	av_packet_free(&p);
	av_frame_free(&f);
	return err < 0 ? err : 0;
}
