// SPDX-License-Identifier: BSD-3-Clause
/*
 * The digits in the pattern's pictures: the font, and functions that read them back.
 */
#include "digits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <vmedia/camera.h>

static const char glyph_names[] = "0123456789:.";

static const uint8_t glyphs[][VMEDIA_CAMERA_GLYPH_HEIGHT] = {
	{ 0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e },	/* 0 */
	{ 0x04, 0x0c, 0x14, 0x04, 0x04, 0x04, 0x1f },	/* 1 */
	{ 0x0e, 0x11, 0x01, 0x06, 0x08, 0x10, 0x1f },	/* 2 */
	{ 0x1f, 0x02, 0x04, 0x0e, 0x01, 0x11, 0x0e },	/* 3 */
	{ 0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02 },	/* 4 */
	{ 0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e },	/* 5 */
	{ 0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e },	/* 6 */
	{ 0x1f, 0x01, 0x02, 0x02, 0x04, 0x04, 0x04 },	/* 7 */
	{ 0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e },	/* 8 */
	{ 0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c },	/* 9 */
	{ 0x00, 0x0c, 0x0c, 0x00, 0x0c, 0x0c, 0x00 },	/* : */
	{ 0x00, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x0c },	/* . */
};

uint8_t vmedia_camera_glyph(char c, uint32_t row)
{
	const char *p = c ? strchr(glyph_names, c) : NULL;

	return p && row < VMEDIA_CAMERA_GLYPH_HEIGHT ? glyphs[p - glyph_names][row] : 0;
}

void vmedia_camera_stamp_place(struct vmedia_camera_stamp *s, uint32_t width, uint32_t height)
{
	uint32_t across = width / 160, down = height / 120;

	memset(s, 0, sizeof(*s));
	if (width < 80 || height < 24)
		return;
	s->scale = across < down ? across : down;
	if (!s->scale)
		s->scale = 1;
	s->x = (width / 32) & ~1u;
	s->y = (height / 16) & ~1u;
}

void vmedia_camera_stamp_set(struct vmedia_camera_stamp *s, uint64_t sequence, uint64_t time_ns)
{
	uint64_t ms = time_ns / 1000000;

	snprintf(s->text[0], sizeof(s->text[0]), "%08u", (unsigned int)(sequence % 100000000));
	snprintf(s->text[1], sizeof(s->text[1]), "%02u:%02u:%02u.%03u",
		 (unsigned int)(ms / 3600000 % 100), (unsigned int)(ms / 60000 % 60),
		 (unsigned int)(ms / 1000 % 60), (unsigned int)(ms % 1000));
}

/* The character whose glyph has these dots; 0 if there is none. */
static char match(const uint8_t rows[VMEDIA_CAMERA_GLYPH_HEIGHT])
{
	for (size_t i = 0; i < sizeof(glyphs) / sizeof(glyphs[0]); i++)
		if (!memcmp(rows, glyphs[i], sizeof(glyphs[i])))
			return glyph_names[i];
	return 0;
}

/* Read character @col of line @line from the middle of each dot. */
static char read_cell(const struct vmedia_camera_stamp *s, const uint8_t *luma, size_t stride,
		      size_t pixel_step, uint32_t line, uint32_t col)
{
	uint8_t rows[VMEDIA_CAMERA_GLYPH_HEIGHT] = { 0 };

	for (uint32_t r = 0; r < VMEDIA_CAMERA_GLYPH_HEIGHT; r++) {
		size_t y =
			s->y + (line * VMEDIA_CAMERA_LINE_HEIGHT + 1 + r) * s->scale + s->scale / 2;

		for (uint32_t c = 0; c < VMEDIA_CAMERA_GLYPH_WIDTH; c++) {
			size_t x = s->x + (1 + col * VMEDIA_CAMERA_CELL_WIDTH + c) * s->scale +
				   s->scale / 2;

			rows[r] = rows[r] << 1 | (luma[y * stride + x * pixel_step] >= 128);
		}
	}
	return match(rows);
}

int vmedia_camera_read_stamp(const uint8_t *luma, size_t stride, size_t pixel_step, uint32_t width,
			     uint32_t height, uint64_t *sequence, uint64_t *time_ns)
{
	struct vmedia_camera_stamp s, back;
	unsigned int number, hours, minutes, seconds, ms;

	vmedia_camera_stamp_place(&s, width, height);
	if (!s.scale)
		return -EINVAL;
	for (uint32_t i = 0; i < 8; i++)
		s.text[0][i] = read_cell(&s, luma, stride, pixel_step, 0, i);
	for (uint32_t i = 0; i < VMEDIA_CAMERA_STAMP_CHARS; i++)
		s.text[1][i] = read_cell(&s, luma, stride, pixel_step, 1, i);
	if (sscanf(s.text[0], "%8u", &number) != 1 ||
	    sscanf(s.text[1], "%2u:%2u:%2u.%3u", &hours, &minutes, &seconds, &ms) != 4)
		return -EILSEQ;
	*sequence = number;
	*time_ns = (((hours * 60ull + minutes) * 60 + seconds) * 1000 + ms) * 1000000;
	/* The text must be the one of this number and time. */
	back = s;
	vmedia_camera_stamp_set(&back, *sequence, *time_ns);
	return memcmp(back.text, s.text, sizeof(s.text)) ? -EILSEQ : 0;
}
