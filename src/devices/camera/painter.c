// SPDX-License-Identifier: BSD-3-Clause
/*
 * Paints the pattern's pictures row by row.
 */
#include "painter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OVERLAY VMEDIA_CAMERA_BACKGROUNDS	/* index of the row with the box or the stamp */

/* Rows [from, to) of the picture, which are all equal. */
struct band {
	uint32_t from, to;
	unsigned int background;
	int line;			/* of the stamp, or -1 */
	int dots;			/* row of its glyphs, or -1 between them */
	bool box, edge;			/* it crosses the box; its upper or lower edge */
};

static uint32_t even_up(uint32_t v)
{
	return (v + 1) & ~1u;
}

static size_t plane_row_bytes(const struct vmedia_camera_layout *l, unsigned int plane,
			      uint32_t width)
{
	switch (l->kind) {
	case VMEDIA_CAMERA_RGB:
		return 3 * (size_t)width;
	case VMEDIA_CAMERA_PACKED:
		return 2 * (size_t)even_up(width);
	case VMEDIA_CAMERA_SEMI:
		return plane ? even_up(width) : width;
	default:
		return plane ? even_up(width) / 2 : width;
	}
}

int vmedia_camera_painter_init(struct vmedia_camera_painter *p, uint32_t pixelformat,
			       uint32_t width, uint32_t height, bool full)
{
	/*
	 * A row of any format has at most 3 bytes a pixel. A row of colours ends with a copy of the
	 * last one.
	 */
	size_t row = ((size_t)width * 3 + 64) & ~(size_t)63;
	uint8_t *m;

	memset(p, 0, sizeof(*p));
	p->layout = vmedia_camera_layout(pixelformat);
	p->width = width;
	p->height = height;
	p->full = full;
	p->memory = aligned_alloc(64, row * (VMEDIA_CAMERA_BACKGROUNDS + 1) *
					      (1 + VMEDIA_CAMERA_PLANES));
	if (!p->memory)
		return -ENOMEM;
	m = p->memory;
	for (unsigned int i = 0; i <= VMEDIA_CAMERA_BACKGROUNDS; i++) {
		p->colours[i] = m;
		m += row;
		for (unsigned int k = 0; k < VMEDIA_CAMERA_PLANES; k++, m += row)
			p->rows[i][k] = m;
	}
	for (unsigned int k = 0; k < p->layout->planes; k++)
		p->row_bytes[k] = plane_row_bytes(p->layout, k, width);
	vmedia_camera_stamp_place(&p->stamp, width, height);
	p->box = (width < height ? width : height) / 6 & ~1u;
	return 0;
}

void vmedia_camera_painter_fini(struct vmedia_camera_painter *p)
{
	free(p->memory);
	p->memory = NULL;
}

/* ---- Rows ---- */

/* Set colours [from, to) of the unmirrored picture's row to @colour. */
static void span(const struct vmedia_camera_painter *p, uint8_t *colours, uint32_t from,
		 uint32_t to, uint8_t colour)
{
	uint32_t start = p->look.hflip ? p->width - to : from;

	memset(colours + start, colour, to - from);
}

static void background_bars(const struct vmedia_camera_painter *p, uint8_t *colours, bool lower)
{
	uint32_t parts = lower ? VMEDIA_CAMERA_RAMP_STEPS : 8,
		 first = lower ? VMEDIA_CAMERA_RAMP : VMEDIA_CAMERA_BAR;

	for (uint32_t i = 0; i < parts; i++) {
		uint32_t from = (uint64_t)p->width * i / parts & ~1u;
		uint32_t to = i + 1 == parts ? p->width
					     : (uint64_t)p->width * (i + 1) / parts & ~1u;

		span(p, colours, from, to, first + i);
	}
}

static void background_gradient(const struct vmedia_camera_painter *p, uint8_t *colours,
				uint64_t sequence)
{
	/* The ramp goes up and down over the width and moves a step each frame. */
	uint32_t period = 2 * VMEDIA_CAMERA_RAMP_STEPS;

	for (uint32_t x = 0; x < p->width; x++) {
		uint32_t at = ((uint64_t)x * period / p->width + sequence) % period;

		span(p, colours, x, x + 1,
		     VMEDIA_CAMERA_RAMP + (at < VMEDIA_CAMERA_RAMP_STEPS ? at : period - 1 - at));
	}
}

static uint32_t square(const struct vmedia_camera_painter *p)
{
	uint32_t side = p->height / 8 & ~1u;

	return side ? side : 2;
}

static void background_checkerboard(const struct vmedia_camera_painter *p, uint8_t *colours,
				    bool odd)
{
	uint32_t side = square(p);

	for (uint32_t x = 0; x < p->width; x += side)
		span(p, colours, x, x + side < p->width ? x + side : p->width,
		     (x / side & 1) != odd ? VMEDIA_CAMERA_BLACK : VMEDIA_CAMERA_WHITE);
}

static void background_row(struct vmedia_camera_painter *p, unsigned int which, uint64_t sequence)
{
	uint8_t *colours = p->colours[which];

	switch (p->look.picture) {
	case VMEDIA_CAMERA_GRADIENT:
		background_gradient(p, colours, sequence);
		break;
	case VMEDIA_CAMERA_CHECKERBOARD:
		background_checkerboard(p, colours, which);
		break;
	case VMEDIA_CAMERA_PLAIN_BLACK:
		span(p, colours, 0, p->width, VMEDIA_CAMERA_BLACK);
		break;
	case VMEDIA_CAMERA_PLAIN_WHITE:
		span(p, colours, 0, p->width, VMEDIA_CAMERA_WHITE);
		break;
	default:
		background_bars(p, colours, which);
		break;
	}
	colours[p->width] = colours[p->width - 1];
	for (unsigned int k = 0; k < p->layout->planes; k++)
		vmedia_camera_pixels(p->layout, &p->palette, k, colours, 0, p->width,
				     p->rows[which][k]);
}

/* Apply a new look. Rows of backgrounds that it changes, or that move, are made again. */
static void prepare(struct vmedia_camera_painter *p, const struct vmedia_camera_look *look,
		    uint64_t sequence)
{
	bool moving = look->picture == VMEDIA_CAMERA_GRADIENT;

	if (p->valid && !moving && !memcmp(&p->look.adjust, &look->adjust, sizeof(look->adjust)) &&
	    p->look.picture == look->picture && p->look.hflip == look->hflip &&
	    p->look.vflip == look->vflip)
		return;
	if (!p->valid || memcmp(&p->look.adjust, &look->adjust, sizeof(look->adjust)))
		vmedia_camera_palette_build(&p->palette, &look->adjust, p->full);
	p->look = *look;
	for (unsigned int i = 0; i < VMEDIA_CAMERA_BACKGROUNDS; i++)
		background_row(p, i, sequence);
	p->valid = true;
}

/* ---- Bands ---- */

static void least(uint32_t *to, uint32_t candidate)
{
	if (candidate < *to)
		*to = candidate;
}

static unsigned int background_at(const struct vmedia_camera_painter *p, uint32_t y, uint32_t *to)
{
	uint32_t lower = p->height * 3 / 4 & ~1u, side = square(p);

	switch (p->look.picture) {
	case VMEDIA_CAMERA_BARS:
		if (y < lower)
			least(to, lower);
		return y >= lower;
	case VMEDIA_CAMERA_CHECKERBOARD:
		least(to, (y / side + 1) * side);
		return y / side & 1;
	default:
		return 0;
	}
}

static void stamp_at(const struct vmedia_camera_stamp *s, uint32_t y, struct band *b)
{
	uint32_t dot, line_dots = VMEDIA_CAMERA_LINE_HEIGHT,
		      all = VMEDIA_CAMERA_STAMP_LINES * line_dots;

	b->line = b->dots = -1;
	if (!s->scale || y >= s->y + all * s->scale)
		return;
	if (y < s->y) {
		least(&b->to, s->y);
		return;
	}
	dot = (y - s->y) / s->scale;
	least(&b->to, s->y + (dot + 1) * s->scale);
	b->line = (int)(dot / line_dots);
	b->dots = (int)(dot % line_dots) - 1;
	if (b->dots >= VMEDIA_CAMERA_GLYPH_HEIGHT)
		b->dots = -1;
}

static uint32_t box_border(const struct vmedia_camera_painter *p)
{
	uint32_t border = p->box / 8 & ~1u;

	return border ? border : p->box > 4 ? 2 : 0;
}

static void box_at(const struct vmedia_camera_painter *p, uint32_t y, struct band *b)
{
	uint32_t border = box_border(p), end = p->box_y + p->box;

	b->box = y >= p->box_y && y < end;
	b->edge = b->box && (y < p->box_y + border || y >= end - border);
	if (y < p->box_y)
		least(&b->to, p->box_y);
	else if (y < p->box_y + border)
		least(&b->to, p->box_y + border);
	else if (y < end - border)
		least(&b->to, end - border);
	else if (y < end)
		least(&b->to, end);
}

/* The band that begins at row @y of the picture, before the vertical flip. */
static struct band band_at(const struct vmedia_camera_painter *p, uint32_t y)
{
	struct band b = { .from = y, .to = p->height };

	b.background = background_at(p, y, &b.to);
	stamp_at(&p->stamp, y, &b);
	box_at(p, y, &b);
	return b;
}

/* ---- Box and stamp on rows ---- */

/* Update the pixels of colours [from, to) of the unmirrored overlay row, which have changed. */
static void touch(struct vmedia_camera_painter *p, uint32_t from, uint32_t to)
{
	uint32_t start = p->look.hflip ? p->width - to : from, end = start + (to - from);

	start &= ~1u;
	end = even_up(end) < p->width ? even_up(end) : p->width;
	p->colours[OVERLAY][p->width] = p->colours[OVERLAY][p->width - 1];
	for (unsigned int k = 0; k < p->layout->planes; k++)
		vmedia_camera_pixels(p->layout, &p->palette, k, p->colours[OVERLAY], start, end,
				     p->rows[OVERLAY][k]);
}

static void put_box(struct vmedia_camera_painter *p, const struct band *b)
{
	uint32_t border = box_border(p), end = p->box_x + p->box;

	span(p, p->colours[OVERLAY], p->box_x, end, VMEDIA_CAMERA_BOX_EDGE);
	if (!b->edge)
		span(p, p->colours[OVERLAY], p->box_x + border, end - border,
		     VMEDIA_CAMERA_BOX_FACE);
	touch(p, p->box_x, end);
}

static void put_stamp(struct vmedia_camera_painter *p, const struct band *b)
{
	const struct vmedia_camera_stamp *s = &p->stamp;
	const char *text = s->text[b->line];
	uint32_t end = s->x + (1 + (uint32_t)strlen(text) * VMEDIA_CAMERA_CELL_WIDTH) * s->scale;
	uint32_t x = s->x + s->scale;

	span(p, p->colours[OVERLAY], s->x, end, VMEDIA_CAMERA_INK_BLACK);
	for (; b->dots >= 0 && *text; text++, x += VMEDIA_CAMERA_CELL_WIDTH * s->scale) {
		uint8_t dots = vmedia_camera_glyph(*text, b->dots);

		for (uint32_t i = 0; i < VMEDIA_CAMERA_GLYPH_WIDTH; i++)
			if (dots & (1u << (VMEDIA_CAMERA_GLYPH_WIDTH - 1 - i)))
				span(p, p->colours[OVERLAY], x + i * s->scale,
				     x + (i + 1) * s->scale, VMEDIA_CAMERA_INK_WHITE);
	}
	touch(p, s->x, end);
}

/* Return the index of the row that a band consists of; make the row if necessary. */
static unsigned int band_row(struct vmedia_camera_painter *p, const struct band *b)
{
	if (!b->box && b->line < 0)
		return b->background;
	memcpy(p->colours[OVERLAY], p->colours[b->background], p->width);
	for (unsigned int k = 0; k < p->layout->planes; k++)
		memcpy(p->rows[OVERLAY][k], p->rows[b->background][k], p->row_bytes[k]);
	if (b->box)
		put_box(p, b);
	if (b->line >= 0)
		put_stamp(p, b);
	return OVERLAY;
}

static void put_rows(uint8_t *dst, size_t stride, const uint8_t *row, size_t bytes, uint32_t count)
{
	for (; count; count--, dst += stride)
		memcpy(dst, row, bytes);
}

static void put_band(struct vmedia_camera_painter *p, const struct band *b,
		     const struct vmedia_camera_target *t)
{
	uint32_t from = p->look.vflip ? p->height - b->to : b->from, to = from + (b->to - b->from);
	bool shared = p->layout->kind == VMEDIA_CAMERA_PLANAR ||
		      p->layout->kind == VMEDIA_CAMERA_SEMI;
	unsigned int row = band_row(p, b);

	put_rows(t->data[0] + from * t->stride[0], t->stride[0], p->rows[row][0], p->row_bytes[0],
		 to - from);
	if (!shared)
		return;
	from = even_up(from) / 2;
	to = even_up(to) / 2;
	for (unsigned int k = 1; k < p->layout->planes; k++)
		put_rows(t->data[k] + from * t->stride[k], t->stride[k], p->rows[row][k],
			 p->row_bytes[k], to - from);
}

/* The position after @steps steps of @step, bouncing between 0 and @room. */
static uint32_t bounce(uint64_t steps, uint32_t step, uint32_t room)
{
	uint32_t at;

	if (!room)
		return 0;
	at = (uint32_t)(steps % (2 * (uint64_t)room) * step % (2 * (uint64_t)room));
	return (at < room ? at : 2 * room - at) & ~1u;
}

void vmedia_camera_painter_paint(struct vmedia_camera_painter *p,
				 const struct vmedia_camera_look *look,
				 const struct vmedia_camera_target *t)
{
	uint32_t step_x = 2 + (p->width / 160 & ~1u), step_y = 2 + (p->height / 240 & ~1u);
	struct band b = { 0 };

	prepare(p, look, t->sequence);
	vmedia_camera_stamp_set(&p->stamp, t->sequence, t->time_ns);
	/* The box begins beside the stamp. */
	p->box_x = bounce(t->sequence + p->width / 2 / step_x, step_x, p->width - p->box);
	p->box_y = bounce(t->sequence + p->height / 2 / step_y, step_y, p->height - p->box);
	for (uint32_t y = 0; y < p->height; y = b.to) {
		b = band_at(p, y);
		put_band(p, &b, t);
	}
}
