/* SPDX-License-Identifier: BSD-3-Clause */
/* Pictures, and libavcodec: see clip.h. */
#include "clip.h"

#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <math.h>

/* libx265 keeps some memory of each encoder until the process ends. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libx265";
}

/* ---- Painting ---- */

static unsigned int noise(int x, int y, int n)
{
	uint32_t v = (uint32_t)x * 73856093 ^ (uint32_t)y * 19349663 ^ (uint32_t)n * 83492791;

	v ^= v >> 13;
	v *= 0x5bd1e995;
	return v >> 24;
}

/* A gradient that moves, a block that moves over it, and noise in the picture's lower half. */
static int sample(int i, int x, int y, int n, int height, bool noisy)
{
	if (i)
		return (x + 2 * y + 3 * n + 60 * i) & 127;
	if (x >= 3 * n && x < 3 * n + 16 && y >= n && y < n + 16)
		return 200;
	if (noisy && y > height / 2)
		return (int)(noise(x / 2, y / 2, n) >> 1) + 40;
	return ((2 * x + 3 * y + 5 * n) & 127) + 32;
}

void clip_paint(AVFrame *f, int n, bool noisy)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);

	for (int i = 0; i < d->nb_components; i++) {
		const AVComponentDescriptor *c = &d->comp[i];
		int w = i ? AV_CEIL_RSHIFT(f->width, d->log2_chroma_w) : f->width;
		int h = i ? AV_CEIL_RSHIFT(f->height, d->log2_chroma_h) : f->height;

		for (int y = 0; y < h; y++)
			for (int x = 0; x < w; x++) {
				int v = sample(i, x, y, n, f->height, noisy);
				uint8_t *at = f->data[c->plane] + y * f->linesize[c->plane] +
					      x * c->step + c->offset;

				v <<= c->depth - 8 + c->shift;
				if (c->depth > 8)
					*(uint16_t *)at = (uint16_t)v;
				else
					*at = (uint8_t)v;
			}
	}
}

AVFrame *clip_frame(enum AVPixelFormat format, int width, int height)
{
	AVFrame *f = av_frame_alloc();

	assert_non_null(f);
	f->format = format;
	f->width = width;
	f->height = height;
	assert_int_equal(av_frame_get_buffer(f, 0), 0);
	return f;
}

/* ---- Packets ---- */

void clip_add(struct clip *c, const uint8_t *data, uint32_t size, uint32_t flags, int64_t pts)
{
	struct coded *p;

	c->p = realloc(c->p, (c->num + 1) * sizeof(*c->p));
	assert_non_null(c->p);
	p = &c->p[c->num++];
	*p = (struct coded){ .data = malloc(size), .size = size, .flags = flags, .pts = pts };
	assert_non_null(p->data);
	memcpy(p->data, data, size);
}

void clip_free(struct clip *c)
{
	for (unsigned int i = 0; i < c->num; i++)
		free(c->p[i].data);
	free(c->p);
	*c = (struct clip){ .num = 0 };
}

uint64_t clip_bytes(const struct clip *c, unsigned int from, unsigned int to)
{
	uint64_t n = 0;

	for (; from < to; from++)
		n += c->p[from].size;
	return n;
}

unsigned int clip_count(const struct clip *c, uint32_t flags)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < c->num; i++)
		n += !!(c->p[i].flags & flags);
	return n;
}

void clip_compare(const struct clip *got, const struct clip *want)
{
	assert_int_equal(got->num, want->num);
	for (unsigned int i = 0; i < got->num; i++) {
		assert_int_equal(got->p[i].pts, want->p[i].pts);
		assert_int_equal(got->p[i].flags & V4L2_BUF_FLAG_KEYFRAME, want->p[i].flags);
		assert_int_equal(got->p[i].size, want->p[i].size);
		assert_memory_equal(got->p[i].data, want->p[i].data, got->p[i].size);
	}
}

/* ---- Decoding ---- */

static double psnr(const AVFrame *a, const AVFrame *b)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(a->format);
	double least = 100, peak = (1 << d->comp[0].depth) - 1;

	for (int i = 0; i < d->nb_components; i++) {
		int w = i ? AV_CEIL_RSHIFT(a->width, d->log2_chroma_w) : a->width;
		int h = i ? AV_CEIL_RSHIFT(a->height, d->log2_chroma_h) : a->height;
		double sum = 0, db;

		for (int y = 0; y < h; y++)
			for (int x = 0; x < w; x++) {
				const uint8_t *p = a->data[i] + y * a->linesize[i];
				const uint8_t *q = b->data[i] + y * b->linesize[i];
				double e = p[x] - q[x];

				if (d->comp[0].depth > 8)
					e = ((const uint16_t *)p)[x] - ((const uint16_t *)q)[x];
				sum += e * e;
			}
		db = sum > 0 ? 10 * log10(peak * peak * w * h / sum) : 100;
		least = fmin(least, db);
	}
	return least;
}

struct check {
	AVFrame *frame, *want;
	int64_t next;
	unsigned int num;
	double least;
};

static void take_pictures(AVCodecContext *av, struct check *k, bool noisy)
{
	while (!avcodec_receive_frame(av, k->frame)) {
		if (!k->want)
			k->want = clip_frame(k->frame->format, k->frame->width, k->frame->height);
		assert_int_equal(k->frame->pts, k->next);
		assert_int_equal(k->frame->decode_error_flags, 0);
		clip_paint(k->want, (int)k->next - 1, noisy);
		k->least = fmin(k->least, psnr(k->frame, k->want));
		k->next++;
		k->num++;
	}
}

double clip_check(const struct clip *c, enum AVCodecID id, int first, unsigned int num, bool noisy,
		  AVCodecContext **out)
{
	const AVCodec *codec = avcodec_find_decoder(id);
	AVCodecContext *av = avcodec_alloc_context3(codec);
	AVPacket *p = av_packet_alloc();
	struct check k = { .frame = av_frame_alloc(), .next = first, .least = 100 };

	av->thread_count = 1;
	av->err_recognition = AV_EF_EXPLODE;
	assert_int_equal(avcodec_open2(av, codec, NULL), 0);
	for (unsigned int i = 0; i < c->num; i++) {
		assert_int_equal(av_grow_packet(p, (int)c->p[i].size), 0);
		memcpy(p->data + p->size - c->p[i].size, c->p[i].data, c->p[i].size);
		/* a header by itself is no packet of libavcodec's */
		if (i + 1 < c->num && c->p[i + 1].pts == c->p[i].pts)
			continue;
		p->pts = c->p[i].pts;
		assert_int_equal(avcodec_send_packet(av, p), 0);
		av_packet_unref(p);
		take_pictures(av, &k, noisy);
	}
	avcodec_send_packet(av, NULL);
	take_pictures(av, &k, noisy);
	assert_int_equal(k.num, num);
	av_packet_free(&p);
	av_frame_free(&k.frame);
	av_frame_free(&k.want);
	if (out)
		*out = av;
	else
		avcodec_free_context(&av);
	return k.least;
}

/* ---- Encoding directly ---- */

/* Headers before each key picture, as the device has them by default. */
static void take_packets(struct clip *c, AVCodecContext *av)
{
	AVPacket *p = av_packet_alloc();
	uint8_t *joined;

	while (!avcodec_receive_packet(av, p)) {
		bool key = p->flags & AV_PKT_FLAG_KEY;
		size_t head = key ? (size_t)av->extradata_size : 0;

		joined = malloc(head + (size_t)p->size);
		assert_non_null(joined);
		if (head)
			memcpy(joined, av->extradata, head);
		memcpy(joined + head, p->data, (size_t)p->size);
		clip_add(c, joined, (uint32_t)head + (uint32_t)p->size,
			 key ? V4L2_BUF_FLAG_KEYFRAME : 0, p->pts);
		free(joined);
		av_packet_unref(p);
	}
	av_packet_free(&p);
}

void clip_encode(struct clip *c, AVCodecContext *av, const char *options, unsigned int num,
		 bool noisy)
{
	AVFrame *f = clip_frame(av->pix_fmt, av->width, av->height);
	AVDictionary *dict = NULL;

	assert_int_equal(av_dict_parse_string(&dict, options, "=", ",", 0), 0);
	assert_int_equal(avcodec_open2(av, av->codec, &dict), 0);
	assert_int_equal(av_dict_count(dict), 0);
	for (unsigned int i = 0; i < num; i++) {
		assert_int_equal(av_frame_make_writable(f), 0);
		clip_paint(f, (int)i, noisy);
		f->pts = i + 1;
		f->color_range = av->color_range;
		assert_int_equal(avcodec_send_frame(av, f), 0);
		take_packets(c, av);
	}
	avcodec_send_frame(av, NULL);
	take_packets(c, av);
	av_frame_free(&f);
	av_dict_free(&dict);
}
