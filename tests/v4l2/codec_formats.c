/* SPDX-License-Identifier: BSD-3-Clause */
/* Formats of the decoder that codec_machine.c describes: those of headers, and S_FMT. */
#include "codec_model.h"

#include <errno.h>
#include <string.h>

#include <linux/videodev2.h>

/* mock_sizes: coded, and visible. 0: impossible. */
static const struct {
	uint16_t coded_width, coded_height, width, height;
} sizes[10] = {
	{ 64, 48, 64, 48 }, { 32, 32, 29, 17 }, { 128, 96, 128, 96 }, { 64, 64, 40, 30 },
	{ 0 }, { 64, 64, 64, 48 }, { 0 }, { 0 }, { 0 }, { 0 },
};

static uint16_t fit(uint32_t n)
{
	n = n < 16 ? 16 : n > 4096 ? 4096 : n;
	return (uint16_t)((n + 1) & ~1u);
}

static bool can_show(uint32_t coded, bool told, bool deep, uint32_t raw)
{
	bool raw_deep = raw == V4L2_PIX_FMT_P010;

	if (raw != V4L2_PIX_FMT_NV12 && raw != V4L2_PIX_FMT_YUV420M && !raw_deep)
		return false;
	if (raw_deep && coded == V4L2_PIX_FMT_VP8)
		return false;
	return !told || deep == raw_deep;
}

uint32_t cm_length(const struct cm_format *f, uint8_t *planes)
{
	uint32_t n = (uint32_t)f->width * f->height * 3 / 2;

	*planes = f->pixelformat == V4L2_PIX_FMT_YUV420M ? 3 : 1;
	return f->pixelformat == V4L2_PIX_FMT_P010 ? 2 * n : n;
}

bool cm_same_format(const struct cm_format *a, const struct cm_format *b)
{
	return !memcmp(a, b, sizeof(*a));
}

bool cm_format_for(const struct cm *m, const struct cm_header *h, struct cm_format *f)
{
	static const uint32_t raw[] = { V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420M,
					V4L2_PIX_FMT_P010 };

	if (!sizes[h->size].width)
		return false;
	for (unsigned int i = 0; i < 3 && !can_show(m->coded, true, h->deep, f->pixelformat); i++)
		f->pixelformat = raw[i];
	if (!can_show(m->coded, true, h->deep, f->pixelformat))
		return false;
	f->width = fit(sizes[h->size].width);
	f->height = fit(sizes[h->size].height);
	return true;
}

void cm_coded_size(uint8_t size, struct cm_format *f)
{
	f->width = sizes[size].coded_width;
	f->height = sizes[size].coded_height;
}

/* ---- Calls ---- */

static uint32_t clamp(uint32_t n, uint32_t low, uint32_t high)
{
	return n < low ? low : n > high ? high : n;
}

bool cm_set_coded(struct cm_state *s, const struct cm_call *c)
{
	struct cm_format *f = &s->fmt[CM_CAP];
	bool kept = can_show(c->got.pixelformat, false, false, f->pixelformat);
	uint8_t planes;

	if (s->num[CM_OUT] || s->num[CM_CAP])
		return c->ret == -EBUSY;
	if (c->ret || c->got.pixelformat != c->asked.pixelformat ||
	    c->got.width != clamp(c->asked.width, 16, 4096) ||
	    c->got.height != clamp(c->asked.height, 16, 4096))
		return false;
	if (c->capture.width != fit(c->got.width) || c->capture.height != fit(c->got.height) ||
	    !can_show(c->got.pixelformat, false, false, c->capture.pixelformat) ||
	    (kept && c->capture.pixelformat != f->pixelformat))
		return false;
	s->fmt[CM_OUT] = c->got;
	s->fmt[CM_CAP] = c->capture;
	s->image = cm_length(&c->capture, &planes);
	s->told = false;
	s->header = (struct cm_header){ 0 };
	return true;
}

bool cm_set_raw(const struct cm *m, struct cm_state *s, const struct cm_call *c)
{
	const struct cm_format *g = &c->got;
	uint32_t w = s->told ? sizes[s->header.size].width : c->asked.width;
	uint32_t h = s->told ? sizes[s->header.size].height : c->asked.height;
	uint8_t planes;

	if (s->num[CM_CAP])
		return c->ret == -EBUSY;
	if (c->ret || g->width != fit(w) || g->height != fit(h) ||
	    !can_show(m->coded, s->told, s->header.deep, g->pixelformat))
		return false;
	if (can_show(m->coded, s->told, s->header.deep, c->asked.pixelformat) &&
	    g->pixelformat != c->asked.pixelformat)
		return false;
	/* Lines may be longer than the picture's: those of the size that the driver asked for. */
	if (c->image < cm_length(g, &planes))
		return false;
	s->fmt[CM_CAP] = *g;
	s->image = c->image;
	return true;
}

bool cm_query(const struct cm_state *s, const struct cm_call *c)
{
	if (!s->told)
		return true;
	if (c->min_buffers)
		return c->min_buffers == s->header.buffers;
	return c->got.width == sizes[s->header.size].width &&
	       c->got.height == sizes[s->header.size].height;
}
