/* SPDX-License-Identifier: BSD-3-Clause */
/* Arguments of formats, frame sizes and intervals. */
#include <string.h>

#include "make.h"
#include "walk.h"

/* Frames are kept small: what is compared are answers, and making frames takes time. */
static const struct catalogue_size small[] = { { 160, 120 }, { 320, 180 }, { 64, 64 }, { 176, 144 },
					       { 640, 480 }, { 0, 0 }, { 1, 1 }, { 33, 17 } };

void make_nothing(struct conform_walk *w, struct conform_call *c)
{
}

void make_enum_fmt(struct conform_walk *w, struct conform_call *c)
{
	struct vmedia_fmtdesc *d = &c->arg.fmtdesc;

	d->type = walk_type(w);
	d->index = walk_index(w, d->type < CONFORM_TYPES ? w->cat->formats[d->type].count : 0);
	if (percent(w, 5))
		d->mbus_code = conform_odd_u32(&w->random);
	conform_seldom_garbage(&w->random, d->description, sizeof(d->description));
	conform_seldom_garbage(&w->random, d->reserved, sizeof(d->reserved));
}

void make_g_fmt(struct conform_walk *w, struct conform_call *c)
{
	conform_seldom_garbage(&w->random, &c->arg.format.fmt, sizeof(c->arg.format.fmt));
	c->arg.format.type = walk_type(w);
}

static struct catalogue_size size(struct conform_walk *w)
{
	if (w->cat->num_sizes && percent(w, 30))
		return w->cat->sizes[below(w, w->cat->num_sizes)];
	if (percent(w, 5))
		return (struct catalogue_size){ conform_odd_u32(&w->random),
						conform_odd_u32(&w->random) };
	return small[below(w, sizeof(small) / sizeof(small[0]))];
}

static uint32_t fourcc(struct conform_walk *w, uint32_t type)
{
	const struct catalogue_formats *f = type < CONFORM_TYPES ? &w->cat->formats[type] : NULL;

	if (f && f->count && !percent(w, 4))
		return f->fourcc[below(w, f->count)];
	return conform_odd_u32(&w->random);
}

static uint32_t field(struct conform_walk *w)
{
	return percent(w, 60) ? V4L2_FIELD_NONE : percent(w, 95) ? below(w, 11) :
	       conform_odd_u32(&w->random);
}

static void make_pix(struct conform_walk *w, uint32_t type, struct vmedia_pix_format *p)
{
	struct catalogue_size s = size(w);

	p->width = s.width;
	p->height = s.height;
	p->pixelformat = fourcc(w, type);
	p->field = field(w);
	if (percent(w, 20)) {
		p->priv = V4L2_PIX_FMT_PRIV_MAGIC;
		p->flags = conform_odd_u32(&w->random);
	}
	if (percent(w, 30)) {
		p->colorspace = below(w, 14);
		p->ycbcr_enc = below(w, 10);
		p->quantization = below(w, 4);
		p->xfer_func = below(w, 10);
	}
	if (percent(w, 10))
		p->bytesperline = below(w, 8192);
	if (percent(w, 10))
		p->sizeimage = below(w, 1u << 20);
}

static void make_pix_mp(struct conform_walk *w, uint32_t type, struct vmedia_pix_format_mplane *p)
{
	struct catalogue_size s = size(w);

	p->width = s.width;
	p->height = s.height;
	p->pixelformat = fourcc(w, type);
	p->field = field(w);
	p->num_planes = (uint8_t)(percent(w, 80) ? below(w, 5) : below(w, 256));
	if (percent(w, 30)) {
		p->colorspace = below(w, 14);
		p->ycbcr_enc = (uint8_t)below(w, 10);
		p->quantization = (uint8_t)below(w, 4);
		p->xfer_func = (uint8_t)below(w, 10);
	}
	for (unsigned int i = 0; i < 4; i++) {
		if (percent(w, 10))
			p->plane_fmt[i].bytesperline = below(w, 8192);
		if (percent(w, 10))
			p->plane_fmt[i].sizeimage = below(w, 1u << 20);
	}
	conform_seldom_garbage(&w->random, p->reserved, sizeof(p->reserved));
}

static void make_other(struct conform_walk *w, struct vmedia_format *f)
{
	switch (f->type) {
	case V4L2_BUF_TYPE_SLICED_VBI_CAPTURE:
	case V4L2_BUF_TYPE_SLICED_VBI_OUTPUT:
		f->fmt.sliced.service_set = (uint16_t)conform_odd_u32(&w->random);
		if (!f->fmt.sliced.service_set || percent(w, 20))
			conform_garbage(&w->random, f->fmt.sliced.service_lines,
					sizeof(f->fmt.sliced.service_lines));
		break;
	case V4L2_BUF_TYPE_SDR_CAPTURE:
	case V4L2_BUF_TYPE_SDR_OUTPUT:
		f->fmt.sdr.pixelformat = fourcc(w, f->type);
		break;
	case V4L2_BUF_TYPE_META_CAPTURE:
	case V4L2_BUF_TYPE_META_OUTPUT:
		f->fmt.meta.dataformat = fourcc(w, f->type);
		break;
	default:
		conform_seldom_garbage(&w->random, &f->fmt, sizeof(f->fmt));
		break;
	}
}

void make_s_fmt(struct conform_walk *w, struct conform_call *c)
{
	struct vmedia_format *f = &c->arg.format;
	const struct model_queue *q;

	f->type = walk_type(w);
	q = walk_queue(w, c->session, f->type);
	if (q && q->format.type && percent(w, 25)) {
		*f = q->format;
		return;
	}
	/* Bytes of the union that the type does not use. */
	if (percent(w, 3)) {
		conform_garbage(&w->random, &f->fmt, sizeof(f->fmt));
		return;
	}
	switch (f->type) {
	case V4L2_BUF_TYPE_VIDEO_CAPTURE:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT:
		make_pix(w, f->type, &f->fmt.pix);
		break;
	case V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
		make_pix_mp(w, f->type, &f->fmt.pix_mp);
		break;
	default:
		make_other(w, f);
		break;
	}
}

/* Rates are high, as the walk waits for frames. */
void make_parm(struct conform_walk *w, struct conform_call *c)
{
	struct vmedia_streamparm *p = &c->arg.streamparm;

	conform_seldom_garbage(&w->random, &p->parm, sizeof(p->parm));
	p->type = walk_type(w);
	p->parm.capture.timeperframe.numerator = percent(w, 90) ? 1 : 0;
	p->parm.capture.timeperframe.denominator = percent(w, 90) ? 25 + below(w, 200) :
						   percent(w, 50) ? 0 : 0xffffffff;
	if (percent(w, 10))
		p->parm.capture.readbuffers = conform_odd_u32(&w->random);
	if (percent(w, 5))
		p->parm.capture.capturemode = conform_odd_u32(&w->random);
}

/* A format that some queue has. */
static uint32_t any_fourcc(struct conform_walk *w)
{
	uint32_t types = w->cat->num_types;

	return fourcc(w, types ? w->cat->types[below(w, types)] : 0);
}

void make_frmsize(struct conform_walk *w, struct conform_call *c)
{
	struct vmedia_frmsizeenum *s = &c->arg.frmsizeenum;

	s->index = walk_index(w, w->cat->num_sizes ? w->cat->num_sizes : 1);
	s->pixel_format = any_fourcc(w);
	conform_seldom_garbage(&w->random, s->reserved, sizeof(s->reserved));
}

void make_frmival(struct conform_walk *w, struct conform_call *c)
{
	struct vmedia_frmivalenum *i = &c->arg.frmivalenum;
	struct catalogue_size s = size(w);

	i->index = walk_index(w, 6);
	i->pixel_format = any_fourcc(w);
	i->width = s.width;
	i->height = s.height;
	conform_seldom_garbage(&w->random, i->reserved, sizeof(i->reserved));
}

void make_sliced_cap(struct conform_walk *w, struct conform_call *c)
{
	conform_seldom_garbage(&w->random, &c->arg.sliced_vbi_cap, sizeof(c->arg.sliced_vbi_cap));
	c->arg.sliced_vbi_cap.type = walk_type(w);
}
