/* SPDX-License-Identifier: BSD-3-Clause */
/* The picture in the terminal: true colour, two pixels a character cell by the upper half block. */
#ifndef VMEDIA_CTL_PREVIEW_H
#define VMEDIA_CTL_PREVIEW_H

#include <stdbool.h>
#include <stdio.h>

#include "picture.h"

struct ctl_preview {
	FILE *out;
	bool live;		/* a terminal: each frame is drawn over the one before */
	uint32_t width, height; /* of the frames */
	uint32_t cols, lines;	/* of the terminal */
	uint32_t columns, rows; /* character cells of the picture */
	uint8_t *rgb;
	char *text;
	size_t text_len, text_cap;
	bool started, clear;
	struct ctl_converter conv;
};

/*
 * Prepare for pictures of @width x @height on @out. The number of cells follows the terminal's
 * size, or 80 x 24 if @out is no terminal. Returns 0 or -ENOMEM.
 */
int ctl_preview_init(struct ctl_preview *p, FILE *out, uint32_t width, uint32_t height);
/*
 * Draw one frame with @status under it. Follows changes of the terminal's size. Errors are those of
 * ctl_picture_rgb(), or negative errno of write().
 */
int ctl_preview_draw(struct ctl_preview *p, const struct ctl_picture *pic, const char *status);
/* Restore the terminal's settings. The last frame stays on it. */
void ctl_preview_finish(struct ctl_preview *p);

/*
 * The number of cells for a picture of @width x @height in a terminal of @cols x @rows cells.
 * Leaves two lines under the picture if the terminal is high enough. At least one cell, and never
 * wider than the terminal.
 */
void ctl_preview_fit(uint32_t cols, uint32_t rows, uint32_t width, uint32_t height,
		     uint32_t *columns, uint32_t *lines);

#endif /* VMEDIA_CTL_PREVIEW_H */
