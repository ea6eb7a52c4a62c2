/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The picture in the terminal: each cell shows two pixels, foreground above and background below.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "preview.h"

/* Upper limits for one cell and one line. put() never writes past text_cap in any case. */
#define CELL_TEXT  48 /* "\e[38;2;255;255;255;48;2;255;255;255m" and the block, rounded up */
#define UPPER_HALF "\xe2\x96\x80"

void ctl_preview_fit(uint32_t cols, uint32_t rows, uint32_t width, uint32_t height,
		     uint32_t *columns, uint32_t *lines)
{
	uint64_t w = cols, h;

	rows = rows > 3 ? rows - 2 : 1; /* the status line and the prompt */
	/* A cell shows one pixel in width and two in height. Keep the picture's aspect ratio. */
	h = (w * height / width + 1) / 2;
	if (h > rows) {
		h = rows;
		w = h * 2 * width / height;
	}
	*columns = w < 1 ? 1 : w < cols ? (uint32_t)w : cols;
	*lines = h < 1 ? 1 : (uint32_t)h;
}

static void terminal_size(const struct ctl_preview *p, uint32_t *cols, uint32_t *rows)
{
	struct winsize ws = { 0 };

	*cols = 80;
	*rows = 24;
	if (p->live && ioctl(fileno(p->out), TIOCGWINSZ, &ws) == 0 && ws.ws_col && ws.ws_row) {
		*cols = ws.ws_col;
		*rows = ws.ws_row;
	}
}

/* Allocate memory for the terminal's current size. */
static int fit(struct ctl_preview *p)
{
	free(p->rgb);
	free(p->text);
	terminal_size(p, &p->cols, &p->lines);
	ctl_preview_fit(p->cols, p->lines, p->width, p->height, &p->columns, &p->rows);
	p->rgb = malloc((size_t)p->columns * p->rows * 2 * 3);
	p->text_cap = (size_t)p->columns * p->rows * CELL_TEXT + (size_t)p->rows * 16 + 256;
	p->text = malloc(p->text_cap);
	return p->rgb && p->text ? 0 : -ENOMEM;
}

/* A terminal whose size changed may have moved its text anywhere: clear it. */
static int follow_terminal(struct ctl_preview *p)
{
	uint32_t cols, lines;

	terminal_size(p, &cols, &lines);
	if (cols == p->cols && lines == p->lines)
		return 0;
	p->clear = true;
	return fit(p);
}

int ctl_preview_init(struct ctl_preview *p, FILE *out, uint32_t width, uint32_t height)
{
	*p = (struct ctl_preview){
		.out = out,
		.live = isatty(fileno(out)),
		.width = width,
		.height = height,
	};
	if (!width || !height)
		return -EINVAL;
	if (fit(p) == 0)
		return 0;
	ctl_preview_finish(p);
	return -ENOMEM;
}

static __attribute__((format(printf, 2, 3))) void put(struct ctl_preview *p, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(p->text + p->text_len, p->text_cap - p->text_len, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < p->text_cap - p->text_len)
		p->text_len += n;
}

/* Colours are sent only where they change: this leaves a quarter of a usual picture's text. */
static void put_cell(struct ctl_preview *p, const uint8_t *up, const uint8_t *low, bool first)
{
	if (first || memcmp(up, up - 3, 3))
		put(p, "\033[38;2;%u;%u;%um", up[0], up[1], up[2]);
	if (first || memcmp(low, low - 3, 3))
		put(p, "\033[48;2;%u;%u;%um", low[0], low[1], low[2]);
	put(p, UPPER_HALF);
}

static void put_picture(struct ctl_preview *p)
{
	size_t line = (size_t)p->columns * 3;

	for (uint32_t y = 0; y < p->rows; y++) {
		const uint8_t *up = p->rgb + line * 2 * y, *low = up + line;

		for (uint32_t x = 0; x < p->columns; x++, up += 3, low += 3)
			put_cell(p, up, low, x == 0);
		put(p, "\033[0m\n");
	}
}

int ctl_preview_draw(struct ctl_preview *p, const struct ctl_picture *pic, const char *status)
{
	int ret = follow_terminal(p);

	if (ret == 0)
		ret = ctl_picture_rgb(&p->conv, pic, p->rgb, p->columns, p->rows * 2);
	if (ret < 0)
		return ret;
	p->text_len = 0;
	if (p->live && !p->started)
		put(p, "\033[?25l");
	else if (p->live && p->clear)
		put(p, "\033[2J\033[H");
	else if (p->live)
		put(p, "\033[%uA\r", p->rows + 1);
	p->started = true;
	p->clear = false;
	put_picture(p);
	/* Cut the status: a line that wraps would move the picture. */
	put(p, "%.*s%s\n", p->cols < 200 ? (int)p->cols - 1 : 200, status,
	    p->live ? "\033[K" : "");
	errno = 0;
	if (fwrite(p->text, 1, p->text_len, p->out) != p->text_len || fflush(p->out))
		return errno ? -errno : -EIO;
	return 0;
}

void ctl_preview_finish(struct ctl_preview *p)
{
	if (p->out && p->live && p->started)
		fputs("\033[0m\033[?25h", p->out);
	if (p->out)
		fflush(p->out);
	free(p->rgb);
	free(p->text);
	ctl_converter_finish(&p->conv);
	*p = (struct ctl_preview){ 0 };
}
