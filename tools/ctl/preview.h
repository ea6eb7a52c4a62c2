/* SPDX-License-Identifier: BSD-3-Clause */
/* The picture in the terminal: true colour, two pixels a character cell by the upper half block. */
#ifndef VMEDIA_CTL_PREVIEW_H
#define VMEDIA_CTL_PREVIEW_H

#include <stdbool.h>
#include <stdio.h>

#include "picture.h"

struct ctl_preview {
	FILE *out;
	bool live;		/* a terminal: frames are drawn over each other */
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
 * Prepare for pictures of @width x @height on @out; cells are fitted to the terminal, or to 80 x 24
 * where there is none. Returns 0 or -ENOMEM.
 */
int ctl_preview_init(struct ctl_preview *p, FILE *out, uint32_t width, uint32_t height);
/*
 * Draw one frame, @status under it; follows changes of the terminal's size. Errors as
 * ctl_picture_rgb(), or errno of writing.
 */
int ctl_preview_draw(struct ctl_preview *p, const struct ctl_picture *pic, const char *status);
/* Leave the terminal as it was, the last frame standing. */
void ctl_preview_finish(struct ctl_preview *p);

/*
 * How many cells a picture of @width x @height takes in a terminal of @cols x @rows cells, with
 * room for two lines under it where there is any: at least one, never wider than the terminal.
 */
void ctl_preview_fit(uint32_t cols, uint32_t rows, uint32_t width, uint32_t height,
		     uint32_t *columns, uint32_t *lines);

#endif /* VMEDIA_CTL_PREVIEW_H */
