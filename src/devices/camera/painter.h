/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Paints the pattern's pictures row by row.
 *
 * Theory of operation: a picture consists of a few different rows, which are repeated. Rows are
 * made in private memory, first as numbers of colours (one byte a pixel), then in the pixel format.
 * memcpy then copies each row to its places in the destination, so the destination is written once,
 * in order, and never read. The rows of the background stay from frame to frame. Only rows that the
 * box or the stamp crosses are made again, and only the part that is crossed. Chroma that several
 * pixels share is that of the upper left one.
 *
 * Context: one thread at a time for each painter.
 */
#ifndef VMEDIA_CAMERA_PAINTER_H
#define VMEDIA_CAMERA_PAINTER_H

#include <stdbool.h>
#include <stdint.h>

#include "digits.h"
#include "layout.h"
#include "palette.h"

enum vmedia_camera_picture {
	VMEDIA_CAMERA_BARS,
	VMEDIA_CAMERA_GRADIENT,		/* grey, moving */
	VMEDIA_CAMERA_CHECKERBOARD,
	VMEDIA_CAMERA_PLAIN_BLACK,
	VMEDIA_CAMERA_PLAIN_WHITE,
	VMEDIA_CAMERA_NUM_PICTURES,
};

struct vmedia_camera_look {
	struct vmedia_camera_adjust adjust;
	int picture;			/* enum vmedia_camera_picture */
	bool hflip, vflip;
};

#define VMEDIA_CAMERA_BACKGROUNDS 2	/* different rows of a background */

struct vmedia_camera_painter {
	const struct vmedia_camera_layout *layout;
	uint32_t width, height;
	bool full;			/* range of Y, U and V */
	bool valid;			/* look, palette and background rows are up to date */
	struct vmedia_camera_look look;
	struct vmedia_camera_palette palette;
	struct vmedia_camera_stamp stamp;
	uint32_t box, box_x, box_y;	/* its side and place */
	/*
	 * Rows as colours, and in the pixel format. [VMEDIA_CAMERA_BACKGROUNDS] is the row with the
	 * box or the stamp
	 */
	uint8_t *colours[VMEDIA_CAMERA_BACKGROUNDS + 1];
	uint8_t *rows[VMEDIA_CAMERA_BACKGROUNDS + 1][VMEDIA_CAMERA_PLANES];
	size_t row_bytes[VMEDIA_CAMERA_PLANES];
	uint8_t *memory;
};

/* @pixelformat: a raw one. Returns 0 or -ENOMEM. */
int vmedia_camera_painter_init(struct vmedia_camera_painter *p, uint32_t pixelformat,
			       uint32_t width, uint32_t height, bool full);
void vmedia_camera_painter_fini(struct vmedia_camera_painter *p);
void vmedia_camera_painter_paint(struct vmedia_camera_painter *p,
				 const struct vmedia_camera_look *look,
				 const struct vmedia_camera_target *t);

/*
 * Convert the colours [@from, @to) of a row, @from even, to the pixel format. @row is the same row
 * of @plane. (pixels.c)
 */
void vmedia_camera_pixels(const struct vmedia_camera_layout *l,
			  const struct vmedia_camera_palette *pal, unsigned int plane,
			  const uint8_t *colours, uint32_t from, uint32_t to, uint8_t *row);

#endif
