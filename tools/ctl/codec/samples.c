/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Samples of pictures: from V4L2's pixel formats to planes without padding, unconverted.
 *
 * Security model: the device may write to the frame while it is read, which changes samples and
 * nothing else. Sizes were checked by ctl_picture_known() and ctl_picture_planes().
 */
#include <errno.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <stdlib.h>
#include <string.h>

#include "media.h"

static const enum AVPixelFormat planar[] = {
	AV_PIX_FMT_YUV420P,	AV_PIX_FMT_YUV422P,	AV_PIX_FMT_YUV444P,	AV_PIX_FMT_GRAY8,
	AV_PIX_FMT_YUV420P10LE, AV_PIX_FMT_YUV422P10LE, AV_PIX_FMT_YUV444P10LE,
};

enum AVPixelFormat media_planar(enum AVPixelFormat fmt)
{
	const AVPixFmtDescriptor *a = av_pix_fmt_desc_get(fmt);

	for (size_t i = 0; !(a->flags & AV_PIX_FMT_FLAG_RGB) &&
			   i < sizeof(planar) / sizeof(planar[0]); i++) {
		const AVPixFmtDescriptor *b = av_pix_fmt_desc_get(planar[i]);

		if (a->nb_components == b->nb_components && a->comp[0].depth == b->comp[0].depth &&
		    a->log2_chroma_w == b->log2_chroma_w && a->log2_chroma_h == b->log2_chroma_h)
			return planar[i];
	}
	return AV_PIX_FMT_NONE;
}

static uint32_t part(uint32_t n, int shift, int component)
{
	return component == 1 || component == 2 ? (uint32_t)AV_CEIL_RSHIFT((int)n, shift) : n;
}

int media_samples_resize(struct media_samples *s, enum AVPixelFormat fmt, uint32_t width,
			 uint32_t height)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(fmt);
	size_t at[4];

	s->fmt = fmt;
	s->width = width;
	s->height = height;
	s->num_planes = d->nb_components;
	s->size = 0;
	for (int i = 0; i < d->nb_components; i++) {
		s->line[i] = part(width, d->log2_chroma_w, i) * (d->comp[0].depth > 8 ? 2u : 1u);
		s->lines[i] = part(height, d->log2_chroma_h, i);
		at[i] = s->size;
		s->size += s->line[i] * s->lines[i];
	}
	if (s->size > s->room) {
		free(s->data);
		s->room = s->size;
		s->data = malloc(s->size);
	}
	if (!s->data) {
		s->room = 0;
		return ctl_fail("a picture", -ENOMEM);
	}
	for (int i = 0; i < d->nb_components; i++)
		s->plane[i] = s->data + at[i];
	return 0;
}

static void copy8(uint8_t *to, const uint8_t *from, size_t n, int step)
{
	if (step == 1)
		memcpy(to, from, n);
	for (size_t i = 0; step != 1 && i < n; i++)
		to[i] = from[i * (size_t)step];
}

/* Lines of V4L2's formats begin at even addresses, but for those of a broken device. */
static void copy16(uint8_t *to, const uint8_t *from, size_t n, int step, int shift)
{
	for (size_t i = 0; i < n; i++, from += step, to += 2) {
		uint16_t v = (uint16_t)((from[0] | from[1] << 8) >> shift);

		to[0] = (uint8_t)v;
		to[1] = (uint8_t)(v >> 8);
	}
}

static void copy_component(const struct media_samples *s, int i, const struct ctl_planes *p,
			   const struct vmedia_rect *visible)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(p->fmt);
	const AVComponentDescriptor *c = &d->comp[i];
	bool chroma = i == 1 || i == 2;
	size_t x = (size_t)visible->left >> (chroma ? d->log2_chroma_w : 0);
	size_t y = (size_t)visible->top >> (chroma ? d->log2_chroma_h : 0);
	const uint8_t *from = p->data[c->plane] + y * (size_t)p->stride[c->plane] +
			      x * (size_t)c->step + c->offset;

	for (uint32_t n = 0; n < s->lines[i]; n++, from += p->stride[c->plane]) {
		uint8_t *to = s->plane[i] + n * s->line[i];

		if (c->depth > 8)
			copy16(to, from, s->line[i] / 2, c->step, c->shift);
		else
			copy8(to, from, s->line[i], c->step);
	}
}

int media_samples_get(struct media_samples *s, const struct ctl_picture *pic,
		      const struct vmedia_rect *visible)
{
	struct ctl_planes p;
	int ret = ctl_picture_known(pic) ? ctl_picture_planes(pic, &p) : -ENOTSUP;

	if (ret < 0)
		return ret;
	if (media_planar(p.fmt) == AV_PIX_FMT_NONE)
		return -ENOTSUP;
	ret = media_samples_resize(s, media_planar(p.fmt), visible->width, visible->height);
	for (int i = 0; ret == 0 && i < (int)s->num_planes; i++)
		copy_component(s, i, &p, visible);
	return ret;
}

/* ---- The other way ---- */

static void place_component(const AVFrame *f, int i, const struct ctl_planes *p)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(p->fmt);
	const AVComponentDescriptor *c = &d->comp[i];
	size_t n = part((uint32_t)f->width, d->log2_chroma_w, i);
	uint32_t lines = part((uint32_t)f->height, d->log2_chroma_h, i);

	for (uint32_t y = 0; y < lines; y++) {
		uint8_t *to = (uint8_t *)p->data[c->plane] + (size_t)y * p->stride[c->plane] +
			      c->offset;
		const uint8_t *from = f->data[i] + (ptrdiff_t)y * f->linesize[i];

		if (c->depth <= 8 && c->step == 1)
			memcpy(to, from, n);
		for (size_t x = 0; c->depth <= 8 && c->step != 1 && x < n; x++)
			to[x * (size_t)c->step] = from[x];
		for (size_t x = 0; c->depth > 8 && x < n; x++, to += c->step) {
			unsigned int v = (from[2 * x] | (unsigned int)from[2 * x + 1] << 8)
					 << c->shift;

			to[0] = (uint8_t)v;
			to[1] = (uint8_t)(v >> 8);
		}
	}
}

const AVFrame *media_convert(const AVFrame *f, enum AVPixelFormat fmt, AVFrame *room,
			     struct SwsContext **sws)
{
	if (media_planar(f->format) == fmt)
		return f;
	if (room->format != fmt || room->width != f->width || room->height != f->height) {
		av_frame_unref(room);
		room->format = fmt;
		room->width = f->width;
		room->height = f->height;
		if (av_frame_get_buffer(room, 0) < 0)
			return NULL;
	}
	*sws = sws_getCachedContext(*sws, f->width, f->height, f->format, f->width, f->height, fmt,
				    SWS_AREA | SWS_ACCURATE_RND, NULL, NULL, NULL);
	if (!*sws)
		return NULL;
	sws_scale(*sws, (const uint8_t *const *)f->data, f->linesize, 0, f->height, room->data,
		  room->linesize);
	return room;
}

int media_samples_put(const AVFrame *frame, const struct ctl_picture *pic, struct SwsContext **sws)
{
	AVFrame *room = av_frame_alloc();
	const AVFrame *f = NULL;
	struct ctl_planes p;
	int ret = room ? ctl_picture_planes(pic, &p) : -ENOMEM;

	if (ret == 0 && ((int)p.width < frame->width || (int)p.height < frame->height))
		ret = -EINVAL;
	if (ret == 0) {
		f = media_convert(frame, media_planar(p.fmt), room, sws);
		ret = f ? 0 : -ENOMEM;
	}
	for (int i = 0; ret == 0 && i < av_pix_fmt_desc_get(p.fmt)->nb_components; i++)
		place_component(f, i, &p);
	av_frame_free(&room);
	return ret;
}

/* ---- Comparing ---- */

static unsigned int sample(const uint8_t *line, size_t x, bool wide)
{
	return wide ? line[2 * x] | (unsigned int)line[2 * x + 1] << 8 : line[x];
}

static void name_difference(const uint8_t *a, const uint8_t *b, uint32_t plane, uint32_t y,
			    bool wide, char *words, size_t size)
{
	static const char *const names[] = { "Y", "Cb", "Cr", "A" };
	size_t x = 0;

	while (sample(a, x, wide) == sample(b, x, wide))
		x++;
	snprintf(words, size, "%s at %zu,%u: the device has %u, libavcodec %u", names[plane & 3], x,
		 y, sample(a, x, wide), sample(b, x, wide));
}

bool media_samples_equal(const struct media_samples *s, const AVFrame *f, char *words, size_t size)
{
	bool wide = av_pix_fmt_desc_get(s->fmt)->comp[0].depth > 8;

	if (f->width != (int)s->width || f->height != (int)s->height) {
		snprintf(words, size, "the device has %ux%u, libavcodec %dx%d", s->width, s->height,
			 f->width, f->height);
		return false;
	}
	if (media_planar(f->format) != s->fmt) {
		snprintf(words, size, "the device has samples of %s, libavcodec of %s",
			 av_get_pix_fmt_name(s->fmt), av_get_pix_fmt_name(f->format));
		return false;
	}
	for (uint32_t i = 0; i < s->num_planes; i++) {
		for (uint32_t y = 0; y < s->lines[i]; y++) {
			const uint8_t *a = s->plane[i] + y * s->line[i];
			const uint8_t *b = f->data[i] + (ptrdiff_t)y * f->linesize[i];

			if (memcmp(a, b, s->line[i]) == 0)
				continue;
			name_difference(a, b, i, y, wide, words, size);
			return false;
		}
	}
	return true;
}

void media_samples_free(struct media_samples *s)
{
	free(s->data);
	*s = (struct media_samples){ 0 };
}
