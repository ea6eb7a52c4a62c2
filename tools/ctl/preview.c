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

/* What one cell and one line may take at most; put() never writes past text_cap whatever comes. */
#define CELL_TEXT  48 /* "\e[38;2;255;255;255;48;2;255;255;255m" and the block, rounded up */
#define UPPER_HALF "\xe2\x96\x80"

static void fit(struct ctl_preview *p, uint32_t width, uint32_t height)
{
	struct winsize ws = { 0 };
	uint32_t cols = 80, rows = 24;

	if (p->live && ioctl(fileno(p->out), TIOCGWINSZ, &ws) == 0 && ws.ws_col && ws.ws_row) {
		cols = ws.ws_col;
		rows = ws.ws_row;
	}
	rows = rows > 3 ? rows - 2 : 1; /* the status line and the prompt */
	/* A cell is one pixel wide and two high; keep the picture's shape within both. */
	p->columns = cols;
	p->rows = (uint32_t)(((uint64_t)cols * height / width + 1) / 2);
	if (p->rows > rows) {
		p->rows = rows;
		p->columns = (uint32_t)((uint64_t)rows * 2 * width / height);
	}
	if (!p->columns)
		p->columns = 1;
	if (!p->rows)
		p->rows = 1;
}

int ctl_preview_init(struct ctl_preview *p, FILE *out, uint32_t width, uint32_t height)
{
	*p = (struct ctl_preview){ .out = out, .live = isatty(fileno(out)) };
	if (!width || !height)
		return -EINVAL;
	fit(p, width, height);
	p->rgb = malloc((size_t)p->columns * p->rows * 2 * 3);
	p->text_cap = (size_t)p->columns * p->rows * CELL_TEXT + (size_t)p->rows * 16 + 256;
	p->text = malloc(p->text_cap);
	if (p->rgb && p->text)
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

/* Colours are sent where they change only: a quarter of the text of a usual picture. */
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
	int ret = ctl_picture_rgb(&p->conv, pic, p->rgb, p->columns, p->rows * 2);

	if (ret < 0)
		return ret;
	p->text_len = 0;
	if (p->live && p->started)
		put(p, "\033[%uA\r", p->rows + 1);
	else if (p->live)
		put(p, "\033[?25l");
	p->started = true;
	put_picture(p);
	put(p, "%.200s%s\n", status, p->live ? "\033[K" : "");
	if (fwrite(p->text, 1, p->text_len, p->out) != p->text_len || fflush(p->out))
		return -EIO;
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
