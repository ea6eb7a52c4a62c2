/* SPDX-License-Identifier: BSD-3-Clause */
/* Making streams, and decoding them directly: see stream.h. */
#include "stream.h"

#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>

#include "libav.h"

/* libx265 keeps some memory of each encoder until the process ends. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#else
#define __lsan_disable() ((void)0)
#define __lsan_enable() ((void)0)
#endif

/* Moving gradients with a moving block, so that pictures refer to each other. */
static void paint(AVFrame *f, int n)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
	int shift = d->comp[0].depth - 8;

	for (int i = 0; i < d->nb_components; i++) {
		int w = i ? AV_CEIL_RSHIFT(f->width, d->log2_chroma_w) : f->width;
		int h = i ? AV_CEIL_RSHIFT(f->height, d->log2_chroma_h) : f->height;

		for (int y = 0; y < h; y++)
			for (int x = 0; x < w; x++) {
				bool block = x >= 3 * n && x < 3 * n + 16 && y >= n && y < n + 16;
				int v = block ? 200 - 40 * i : (2 * x + 3 * y + 5 * n) & 127;
				uint8_t *at = f->data[i] + y * f->linesize[i];

				if (shift)
					((uint16_t *)at)[x] = (uint16_t)(v << shift);
				else
					at[x] = (uint8_t)v;
			}
	}
}

static void set_interlaced(AVFrame *f)
{
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
	f->flags |= AV_FRAME_FLAG_INTERLACED | AV_FRAME_FLAG_TOP_FIELD_FIRST;
#else
	f->interlaced_frame = 1;
	f->top_field_first = 1;
#endif
}

static void take(struct stream *s, AVCodecContext *av)
{
	AVPacket *p = av_packet_alloc();

	while (!avcodec_receive_packet(av, p)) {
		assert_true(s->num < 128);
		s->packets[s->num++] = p;
		p = av_packet_alloc();
	}
	av_packet_free(&p);
}

bool stream_make_sliced(struct stream *s, const struct recipe *r, int slices)
{
	const AVCodec *codec = avcodec_find_encoder_by_name(r->encoder);
	AVCodecContext *av = codec ? avcodec_alloc_context3(codec) : NULL;
	AVFrame *f = av_frame_alloc();
	unsigned int base = s->num;

	av_log_set_level(AV_LOG_ERROR);
	if (!av) {
		print_message("no %s here\n", r->encoder);
		av_frame_free(&f);
		return false;
	}
	av->width = f->width = r->width;
	av->height = f->height = r->height;
	av->pix_fmt = r->pix_fmt;
	f->format = r->pix_fmt;
	av->time_base = (AVRational){ 1, 25 };
	av->gop_size = r->gop;
	av->max_b_frames = r->b_frames;
	av->bit_rate = 400000;
	av->thread_count = 1;
	av->slices = slices;
	av->strict_std_compliance = FF_COMPLIANCE_UNOFFICIAL;
	if (r->interlaced)
		set_interlaced(f);
	if (r->interlaced)
		av->flags |= AV_CODEC_FLAG_INTERLACED_DCT | AV_CODEC_FLAG_INTERLACED_ME;
	av_opt_set(av->priv_data, "preset", "veryfast", 0);
	av_opt_set(av->priv_data, "x264-params", "scenecut=0:b-adapt=0", 0);
	av_opt_set(av->priv_data, "x265-params", "log-level=none:pools=none:frame-threads=1", 0);
	av_opt_set_int(av->priv_data, "cpu-used", 8, 0);
	av_opt_set_int(av->priv_data, "lag-in-frames", 0, 0);
	/* The slices of VP9. A tile has 256 columns or more. */
	av_opt_set_int(av->priv_data, "tile-columns", slices > 1, 0);
	__lsan_disable();
	assert_int_equal(avcodec_open2(av, codec, NULL), 0);
	__lsan_enable();
	assert_int_equal(av_frame_get_buffer(f, 0), 0);
	for (int i = 0; i < r->pictures; i++) {
		assert_int_equal(av_frame_make_writable(f), 0);
		paint(f, i);
		f->pts = i;
		assert_int_equal(avcodec_send_frame(av, f), 0);
		take(s, av);
	}
	avcodec_send_frame(av, NULL);
	take(s, av);
	for (unsigned int i = base; i < s->num; i++)
		s->packets[i]->pts = i + 1;
	assert_int_equal(s->num - base, r->pictures);
	av_frame_free(&f);
	avcodec_free_context(&av);
	return true;
}

bool stream_make(struct stream *s, const struct recipe *r)
{
	return stream_make_sliced(s, r, 0);
}

void stream_free(struct stream *s)
{
	for (unsigned int i = 0; i < s->num; i++)
		av_packet_free(&s->packets[i]);
	s->num = 0;
}

static void copy(const AVFrame *f, struct pictures *out)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
	struct picture p = { .width = (uint32_t)f->width, .height = (uint32_t)f->height,
			     .pts = f->pts };

	if (f->decode_error_flags || f->flags & AV_FRAME_FLAG_CORRUPT)
		p.flags = V4L2_BUF_FLAG_ERROR;
	for (int i = 0; i < d->nb_components; i++) {
		int w = i ? AV_CEIL_RSHIFT(f->width, d->log2_chroma_w) : f->width;
		int h = i ? AV_CEIL_RSHIFT(f->height, d->log2_chroma_h) : f->height;

		for (int y = 0; y < h; y++)
			for (int x = 0; x < w; x++) {
				const uint8_t *at = f->data[i] + y * f->linesize[i];

				p.hash = hash_sample(p.hash, d->comp[0].depth > 8
								     ? ((const uint16_t *)at)[x]
								     : at[x]);
			}
	}
	picture_add(out, &p);
}

static void decode(AVCodecContext *av, const struct stream *s, struct pictures *out)
{
	AVFrame *f = av_frame_alloc();
	int err;

	out->num = 0;
	for (unsigned int i = 0; i <= s->num; i++) {
		const uint8_t *data = i < s->num ? s->packets[i]->data : NULL;

		if (data && av->codec_id == AV_CODEC_ID_H264)
			vmedia_libav_reorder(av, data, (size_t)s->packets[i]->size);
		if (i == s->num || s->packets[i]->size)
			avcodec_send_packet(av, i < s->num ? s->packets[i] : NULL);
		do {
			err = avcodec_receive_frame(av, f);
			if (!err)
				copy(f, out);
		} while (err != AVERROR(EAGAIN) && err != AVERROR_EOF);
	}
	av_frame_free(&f);
}

static AVCodecContext *open_decoder(uint32_t pixelformat)
{
	enum AVCodecID id = vmedia_libav_codec_find(pixelformat)->id;
	AVCodecContext *av = avcodec_alloc_context3(avcodec_find_decoder(id));

	av->thread_count = 1;
	/* A damaged header may have any crop rectangle. */
	av->flags |= AV_CODEC_FLAG_UNALIGNED;
	if (id == AV_CODEC_ID_AV1)
		av->flags |= AV_CODEC_FLAG_LOW_DELAY;
	assert_int_equal(avcodec_open2(av, NULL, NULL), 0);
	return av;
}

void stream_decode(const struct stream *s, uint32_t pixelformat, struct pictures *out)
{
	AVCodecContext *av = open_decoder(pixelformat);

	decode(av, s, out);
	avcodec_free_context(&av);
}

void stream_decode_two(const struct stream *a, const struct stream *b, uint32_t pixelformat,
		       struct pictures *of_a, struct pictures *of_b)
{
	AVCodecContext *av = open_decoder(pixelformat);

	decode(av, a, of_a);
	avcodec_flush_buffers(av);
	decode(av, b, of_b);
	avcodec_free_context(&av);
}

/* ---- Pictures ---- */

uint64_t hash_sample(uint64_t hash, uint16_t sample)
{
	return (hash ^ sample) * 0x100000001b3u + 1;
}

void picture_add(struct pictures *p, const struct picture *picture)
{
	assert_true(p->num < 512);
	p->p[p->num++] = *picture;
}

static bool equal(const struct picture *a, const struct picture *b)
{
	return a->pts == b->pts && a->width == b->width && a->height == b->height &&
	       a->hash == b->hash;
}

static bool has_time(const struct pictures *p, int64_t pts)
{
	for (unsigned int i = 0; i < p->num; i++)
		if (p->p[i].pts == pts)
			return true;
	return false;
}

/* A packet without a picture, by damage, is a part of the next one, which has its time then. */
static bool right_time(int64_t got, int64_t pts, const struct pictures *want)
{
	while (got < pts && !has_time(want, got))
		got++;
	return got == pts;
}

static void compare(const struct pictures *got, const struct pictures *want, bool shown)
{
	for (unsigned int i = 0; i < got->num && i < want->num; i++) {
		const struct picture *a = &got->p[i], *b = &want->p[i];

		if (a->width != b->width || a->height != b->height ||
		    (shown ? a->pts != b->pts || a->hash != b->hash
			   : !right_time(a->pts, b->pts, want)))
			fail_msg("picture %u: %ux%u of packet %d; expected %ux%u of packet %d", i,
				 a->width, a->height, (int)a->pts, b->width, b->height,
				 (int)b->pts);
		if ((a->flags ^ b->flags) & V4L2_BUF_FLAG_ERROR)
			fail_msg("picture %u, of packet %d: damaged %u, by libavcodec %u", i,
				 (int)a->pts, !!(a->flags & V4L2_BUF_FLAG_ERROR),
				 !!(b->flags & V4L2_BUF_FLAG_ERROR));
	}
	assert_int_equal(got->num, want->num);
}

void pictures_compare(const struct pictures *got, const struct pictures *want)
{
	compare(got, want, true);
}

void pictures_compare_times(const struct pictures *got, const struct pictures *want)
{
	compare(got, want, false);
}

void pictures_part(const struct pictures *got, const struct pictures *want)
{
	unsigned int at = 0;

	for (unsigned int i = 0; i < got->num; i++) {
		while (at < want->num && !equal(&got->p[i], &want->p[at]))
			at++;
		if (at == want->num)
			fail_msg("picture %u, of packet %d, is not one of the stream", i,
				 (int)got->p[i].pts);
	}
}
