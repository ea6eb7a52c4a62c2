/* SPDX-License-Identifier: BSD-3-Clause */
/* Making streams, and decoding them directly: see stream.h. */
#include "stream.h"

#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>

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

bool stream_make(struct stream *s, const struct recipe *r)
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
	av->strict_std_compliance = FF_COMPLIANCE_UNOFFICIAL;
	if (r->interlaced)
		av->flags |= AV_CODEC_FLAG_INTERLACED_DCT | AV_CODEC_FLAG_INTERLACED_ME;
	av_opt_set(av->priv_data, "preset", "veryfast", 0);
	av_opt_set(av->priv_data, "x264-params", "scenecut=0:b-adapt=0", 0);
	av_opt_set(av->priv_data, "x265-params", "log-level=none:pools=none:frame-threads=1", 0);
	av_opt_set_int(av->priv_data, "cpu-used", 8, 0);
	av_opt_set_int(av->priv_data, "lag-in-frames", 0, 0);
	assert_int_equal(avcodec_open2(av, codec, NULL), 0);
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
	uint16_t *to;

	p.samples = to = malloc((size_t)f->width * f->height * 3 * sizeof(*to));
	assert_non_null(to);
	for (int i = 0; i < d->nb_components; i++) {
		int w = i ? AV_CEIL_RSHIFT(f->width, d->log2_chroma_w) : f->width;
		int h = i ? AV_CEIL_RSHIFT(f->height, d->log2_chroma_h) : f->height;

		for (int y = 0; y < h; y++)
			for (int x = 0; x < w; x++) {
				const uint8_t *at = f->data[i] + y * f->linesize[i];

				*to++ = d->comp[0].depth > 8 ? ((const uint16_t *)at)[x] : at[x];
			}
	}
	p.num = (size_t)(to - p.samples);
	picture_add(out, &p);
}

void stream_decode(const struct stream *s, const struct recipe *r, unsigned int from,
		   unsigned int to, struct pictures *out)
{
	const AVCodec *encoder = avcodec_find_encoder_by_name(r->encoder);
	AVCodecContext *av = avcodec_alloc_context3(avcodec_find_decoder(encoder->id));
	AVFrame *f = av_frame_alloc();

	memset(out, 0, sizeof(*out));
	av->thread_count = 1;
	assert_int_equal(avcodec_open2(av, NULL, NULL), 0);
	for (unsigned int i = from; i <= to; i++) {
		assert_int_equal(avcodec_send_packet(av, i < to ? s->packets[i] : NULL), 0);
		while (!avcodec_receive_frame(av, f))
			copy(f, out);
	}
	av_frame_free(&f);
	avcodec_free_context(&av);
}

/* ---- Pictures ---- */

void picture_add(struct pictures *p, const struct picture *picture)
{
	assert_true(p->num < 256);
	p->p[p->num++] = *picture;
}

void pictures_free(struct pictures *p)
{
	for (unsigned int i = 0; i < p->num; i++)
		free(p->p[i].samples);
	p->num = 0;
}

static bool equal(const struct picture *a, const struct picture *b)
{
	return a->pts == b->pts && a->width == b->width && a->height == b->height &&
	       a->num == b->num && !memcmp(a->samples, b->samples, a->num * sizeof(*a->samples));
}

void pictures_compare(const struct pictures *got, const struct pictures *want)
{
	for (unsigned int i = 0; i < got->num && i < want->num; i++)
		if (!equal(&got->p[i], &want->p[i]))
			fail_msg("picture %u: %ux%u of packet %d, %zu samples; expected %ux%u of "
				 "packet %d, %zu samples",
				 i, got->p[i].width, got->p[i].height, (int)got->p[i].pts,
				 got->p[i].num, want->p[i].width, want->p[i].height,
				 (int)want->p[i].pts, want->p[i].num);
	assert_int_equal(got->num, want->num);
	assert_true(got->num > 0);
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
