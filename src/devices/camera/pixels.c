// SPDX-License-Identifier: BSD-3-Clause
/*
 * Convert numbers of colours to pixels: one row of one plane.
 *
 * In rows of odd width, the second pixel of the last pair is the colour after the last, which
 * painters keep equal to the last.
 */
#include "painter.h"

static void pixels_rgb(const struct vmedia_camera_palette *pal, const uint8_t *colours,
		       uint32_t from, uint32_t to, bool swapped, uint8_t *row)
{
	for (uint32_t x = from; x < to; x++) {
		const uint8_t *c = pal->rgb[colours[x]];

		row[3 * x] = c[swapped ? 2 : 0];
		row[3 * x + 1] = c[1];
		row[3 * x + 2] = c[swapped ? 0 : 2];
	}
}

static void pixels_packed(const struct vmedia_camera_palette *pal, const uint8_t *colours,
			  uint32_t from, uint32_t to, bool swapped, uint8_t *row)
{
	unsigned int luma = swapped ? 1 : 0, chroma = swapped ? 0 : 1;

	for (uint32_t x = from; x < to; x += 2) {
		uint8_t *quad = row + 2 * x;

		quad[luma] = pal->y[colours[x]];
		quad[luma + 2] = pal->y[colours[x + 1]];
		quad[chroma] = pal->u[colours[x]];
		quad[chroma + 2] = pal->v[colours[x]];
	}
}

/* Make a plane of single samples, one for each @step pixels. */
static void pixels_plane(const uint8_t *lut, const uint8_t *colours, uint32_t from, uint32_t to,
			 uint32_t step, uint8_t *row)
{
	for (uint32_t x = from; x < to; x += step)
		row[x / step] = lut[colours[x]];
}

static void pixels_pairs(const uint8_t *first, const uint8_t *second, const uint8_t *colours,
			 uint32_t from, uint32_t to, uint8_t *row)
{
	for (uint32_t x = from; x < to; x += 2) {
		row[x] = first[colours[x]];
		row[x + 1] = second[colours[x]];
	}
}

void vmedia_camera_pixels(const struct vmedia_camera_layout *l,
			  const struct vmedia_camera_palette *pal, unsigned int plane,
			  const uint8_t *colours, uint32_t from, uint32_t to, uint8_t *row)
{
	if (l->kind == VMEDIA_CAMERA_RGB)
		pixels_rgb(pal, colours, from, to, l->swapped, row);
	else if (l->kind == VMEDIA_CAMERA_PACKED)
		pixels_packed(pal, colours, from, to, l->swapped, row);
	else if (!plane)
		pixels_plane(pal->y, colours, from, to, 1, row);
	else if (l->kind == VMEDIA_CAMERA_SEMI)
		pixels_pairs(l->swapped ? pal->v : pal->u, l->swapped ? pal->u : pal->v, colours,
			     from, to, row);
	else
		pixels_plane((plane == 1) != l->swapped ? pal->u : pal->v, colours, from, to, 2,
			     row);
}
