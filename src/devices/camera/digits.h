/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The digits in the pattern's pictures, and their place.
 *
 * There are two lines near the upper left corner: the frame's number in eight digits, and below it
 * the frame's time as HH:MM:SS.mmm. They are white on a black box. Each dot of a glyph is a square
 * of @scale pixels, so a program can read them back from any picture that still has its size.
 *
 *	x, y ->	+---------------------+	^
 *		| 0 0 0 0 0 4 2 7     |	| 9 dots a line: one empty, 7 of a glyph, one empty
 *		+---------------------+	v
 *	one empty dot on the left, then cells of 6 dots: 5 of a glyph, one empty
 */
#ifndef VMEDIA_CAMERA_DIGITS_H
#define VMEDIA_CAMERA_DIGITS_H

#include <stdbool.h>
#include <stdint.h>

#define VMEDIA_CAMERA_GLYPH_WIDTH	5
#define VMEDIA_CAMERA_GLYPH_HEIGHT	7
#define VMEDIA_CAMERA_CELL_WIDTH	6
#define VMEDIA_CAMERA_LINE_HEIGHT	9
#define VMEDIA_CAMERA_STAMP_LINES	2
#define VMEDIA_CAMERA_STAMP_CHARS	12	/* of the longer line */

struct vmedia_camera_stamp {
	uint32_t x, y, scale;		/* scale 0: the picture is too small for it */
	char text[VMEDIA_CAMERA_STAMP_LINES][VMEDIA_CAMERA_STAMP_CHARS + 1];
};

/* Compute the stamp's place in a picture of this size. */
void vmedia_camera_stamp_place(struct vmedia_camera_stamp *s, uint32_t width, uint32_t height);
/* Set the stamp's text. */
void vmedia_camera_stamp_set(struct vmedia_camera_stamp *s, uint64_t sequence, uint64_t time_ns);
/* The dots of row @row of the glyph for @c, the leftmost in bit 4. 0 if there is no glyph. */
uint8_t vmedia_camera_glyph(char c, uint32_t row);

#endif
