// SPDX-License-Identifier: BSD-3-Clause
/* Streams of libavcodec's encoders: see streams.h. */
#include "streams.h"

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <linux/videodev2.h>

/* libx265 keeps some memory of each encoder until the process ends. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#else
#define __lsan_disable() ((void)0)
#define __lsan_enable() ((void)0)
#endif

struct fd_stream fd_streams[FD_STREAMS];
unsigned int fd_num_streams;

static const struct recipe {
	const char *encoder;
	uint32_t pixelformat;
	int width, height;
	enum AVPixelFormat pix_fmt;
	int b_frames;
} recipes[] = {
	{ "libx264", V4L2_PIX_FMT_H264, 48, 34, AV_PIX_FMT_YUV420P, 2 },
	{ "mpeg2video", V4L2_PIX_FMT_MPEG2, 48, 34, AV_PIX_FMT_YUV420P, 2 },
	{ "libx264", V4L2_PIX_FMT_H264, 32, 32, AV_PIX_FMT_YUV420P10, 0 },
	{ "libvpx", V4L2_PIX_FMT_VP8, 47, 33, AV_PIX_FMT_YUV420P, 0 },
	{ "libvpx-vp9", V4L2_PIX_FMT_VP9, 47, 33, AV_PIX_FMT_YUV420P, 0 },
	{ "mpeg4", V4L2_PIX_FMT_MPEG4, 47, 33, AV_PIX_FMT_YUV420P, 1 },
	{ "h263", V4L2_PIX_FMT_H263, 128, 96, AV_PIX_FMT_YUV420P, 0 },
	{ "mpeg1video", V4L2_PIX_FMT_MPEG1, 48, 34, AV_PIX_FMT_YUV420P, 0 },
	{ "libx265", V4L2_PIX_FMT_HEVC, 98, 82, AV_PIX_FMT_YUV420P, 2 },
	{ "libaom-av1", v4l2_fourcc('A', 'V', '0', '1'), 48, 34, AV_PIX_FMT_YUV420P, 0 },
};

static void paint(AVFrame *f, int n)
{
	/* Of 10 bits: the upper byte of each sample. */
	int upper = f->format == AV_PIX_FMT_YUV420P10 ? 1 : 0;

	for (int i = 0; i < 3; i++)
		for (int y = 0; y < (i ? (f->height + 1) / 2 : f->height); y++)
			for (int x = 0; x < f->linesize[i]; x++)
				f->data[i][y * f->linesize[i] + x] =
					(uint8_t)((x * (3 + i) + y * 5 + n * 7) &
						  (x & upper ? 3 : 63));
}

static void take(struct fd_stream *s, AVCodecContext *av)
{
	AVPacket *p = av_packet_alloc();

	while (s->num < FD_PACKETS && !avcodec_receive_packet(av, p)) {
		s->packets[s->num].data = malloc((size_t)p->size);
		if (!s->packets[s->num].data)
			abort();
		memcpy(s->packets[s->num].data, p->data, (size_t)p->size);
		s->packets[s->num++].size = (size_t)p->size;
		av_packet_unref(p);
	}
	av_packet_free(&p);
}

static void make(struct fd_stream *s, const struct recipe *r, const AVCodec *codec)
{
	AVCodecContext *av = avcodec_alloc_context3(codec);
	AVFrame *f = av_frame_alloc();

	s->pixelformat = r->pixelformat;
	av->width = f->width = r->width;
	av->height = f->height = r->height;
	av->pix_fmt = r->pix_fmt;
	f->format = r->pix_fmt;
	av->time_base = (AVRational){ 1, 25 };
	av->gop_size = 5;
	av->max_b_frames = r->b_frames;
	av->bit_rate = 100000;
	av->thread_count = 1;
	av->strict_std_compliance = FF_COMPLIANCE_UNOFFICIAL;
	av_opt_set(av->priv_data, "preset", "veryfast", 0);
	av_opt_set(av->priv_data, "x265-params", "log-level=none:pools=none:frame-threads=1", 0);
	av_opt_set_int(av->priv_data, "cpu-used", 8, 0);
	av_opt_set_int(av->priv_data, "lag-in-frames", 0, 0);
	if (avcodec_open2(av, codec, NULL) || av_frame_get_buffer(f, 0))
		abort();
	for (int i = 0; i < 8; i++) {
		if (av_frame_make_writable(f))
			abort();
		paint(f, i);
		f->pts = i;
		avcodec_send_frame(av, f);
		take(s, av);
	}
	avcodec_send_frame(av, NULL);
	take(s, av);
	av_frame_free(&f);
	avcodec_free_context(&av);
}

void fd_make_streams(void)
{
	const AVCodec *codec;

	av_log_set_level(AV_LOG_QUIET);
	__lsan_disable();
	for (size_t i = 0; i < sizeof(recipes) / sizeof(recipes[0]); i++) {
		codec = avcodec_find_encoder_by_name(recipes[i].encoder);
		if (codec && fd_num_streams < FD_STREAMS)
			make(&fd_streams[fd_num_streams++], &recipes[i], codec);
	}
	__lsan_enable();
}
