// SPDX-License-Identifier: BSD-3-Clause
/* The picture that says "NO SIGNAL": light letters on dark grey. */
#include "nosignal.h"

#include <string.h>

#define WIDTH	320
#define HEIGHT	180
#define DOT	4	/* pixels of a letter's dot, each way */
#define ROWS	7
#define COLUMNS 5
#define CELL	6	/* dots from letter to letter */
#define DARK	40
#define LIGHT	190

/* Rows from the top, of which the highest of 5 bits is the left dot. */
static const struct {
	char letter;
	uint8_t rows[ROWS];
} letters[] = {
	{ 'N', { 17, 25, 21, 19, 17, 17, 17 } }, { 'O', { 14, 17, 17, 17, 17, 17, 14 } },
	{ 'S', { 15, 16, 16, 14, 1, 1, 30 } },	 { 'I', { 14, 4, 4, 4, 4, 4, 14 } },
	{ 'G', { 14, 17, 16, 23, 17, 17, 14 } }, { 'A', { 14, 17, 17, 31, 17, 17, 17 } },
	{ 'L', { 16, 16, 16, 16, 16, 16, 31 } },
};

static const uint8_t *rows_of(char letter)
{
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i].letter == letter)
			return letters[i].rows;
	return NULL;
}

static void draw(AVFrame *f, const uint8_t *rows, int left, int top)
{
	for (int y = 0; y < ROWS * DOT; y++) {
		uint8_t *line = f->data[0] + (ptrdiff_t)(top + y) * f->linesize[0] + left;

		for (int x = 0; x < COLUMNS * DOT; x++)
			if (rows[y / DOT] & (1 << (COLUMNS - 1 - x / DOT)))
				line[x] = LIGHT;
	}
}

AVFrame *vmedia_camera_no_signal(void)
{
	static const char text[] = "NO SIGNAL";
	const int width = (int)(strlen(text) * CELL - 1) * DOT;
	AVFrame *f = av_frame_alloc();

	if (!f)
		return NULL;
	f->format = AV_PIX_FMT_YUV420P;
	f->width = WIDTH;
	f->height = HEIGHT;
	if (av_frame_get_buffer(f, 0) < 0) {
		av_frame_free(&f);
		return NULL;
	}
	for (int i = 0; i < HEIGHT; i++)
		memset(f->data[0] + (ptrdiff_t)i * f->linesize[0], DARK, WIDTH);
	for (int i = 0; i < HEIGHT / 2; i++) {
		memset(f->data[1] + (ptrdiff_t)i * f->linesize[1], 128, WIDTH / 2);
		memset(f->data[2] + (ptrdiff_t)i * f->linesize[2], 128, WIDTH / 2);
	}
	for (int i = 0; text[i]; i++) {
		const uint8_t *rows = rows_of(text[i]);

		if (rows)
			draw(f, rows, (WIDTH - width) / 2 + i * CELL * DOT,
			     (HEIGHT - ROWS * DOT) / 2);
	}
	return f;
}
