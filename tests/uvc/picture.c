/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pictures of squares of 8 pixels, each of one colour. So a JPEG is easy: a square has no
 * coefficient but the first, which is its colour less 128 as all divisors are 8.
 */
#include <stdio.h>
#include <string.h>

#include "picture.h"

#define WHITE 235
#define BLACK 16

struct colour { uint8_t y, u, v; };

static const struct colour bars[8] = {
	{ 180, 128, 128 }, { 168, 44, 136 }, { 145, 147, 44 }, { 133, 63, 52 },
	{ 63, 193, 204 }, { 51, 109, 212 }, { 28, 212, 120 }, { 16, 128, 128 },
};

/* Two squares beside each other share the chroma of the left one. */
static struct colour colour_at(const struct picture *p, uint32_t x, uint32_t y)
{
	struct colour c;
	int32_t luma;

	if (y < 2 && x < 16)
		return (struct colour){ p->number >> (16 * y + x) & 1 ? WHITE : BLACK, 128, 128 };
	c = bars[(x / 2 + p->number) * 16 / (p->width / 8) % 8];
	luma = c.y + p->brightness;
	c.y = (uint8_t)(luma < BLACK ? BLACK : luma > WHITE ? WHITE : luma);
	return c;
}

size_t picture_yuyv(const struct picture *p, uint8_t *out)
{
	size_t line = (size_t)p->width * 2;

	for (uint32_t y = 0; y < p->height / 8; y++) {
		uint8_t *row = out + y * 8 * line;

		for (uint32_t x = 0; x < p->width / 8; x++) {
			struct colour c = colour_at(p, x, y);

			for (uint32_t i = 0; i < 4; i++) {
				row[x * 16 + i * 4] = row[x * 16 + i * 4 + 2] = c.y;
				row[x * 16 + i * 4 + 1] = c.u;
				row[x * 16 + i * 4 + 3] = c.v;
			}
		}
		for (uint32_t i = 1; i < 8; i++)
			memcpy(row + i * line, row, line);
	}
	return line * p->height;
}

uint32_t picture_read_yuyv(const uint8_t *bytes, uint32_t width)
{
	uint32_t number = 0;

	for (uint32_t i = 0; i < 32; i++) {
		size_t line = 8 * (i / 16) + 4, at = 8 * (i % 16) + 4;

		if (bytes[(line * width + at) * 2] > 128)
			number |= 1u << i;
	}
	return number;
}

/* ---- JPEG ---- */

struct bits {
	uint8_t *out;
	size_t used;
	uint32_t held;
	unsigned int count;
};

static void put_bits(struct bits *b, uint32_t value, unsigned int count)
{
	b->held = b->held << count | value;
	b->count += count;
	while (b->count >= 8) {
		uint8_t byte = (uint8_t)(b->held >> (b->count - 8));

		b->out[b->used++] = byte;
		if (byte == 0xff)
			b->out[b->used++] = 0;
		b->count -= 8;
	}
}

/*
 * A square: the difference to the one before of its component, and no more coefficients. The table
 * of differences has a code of 4 bits for each size from 0 to 8; that of the rest has one code, of
 * one bit, which says so.
 */
static void put_square(struct bits *b, int *last, uint8_t value)
{
	int difference = value - *last, size = 0;

	*last = value;
	while (size < 9 && (difference < 0 ? -difference : difference) >> size)
		size++;
	put_bits(b, (uint32_t)size, 4);
	put_bits(b, (uint32_t)(difference < 0 ? difference + (1 << size) - 1 : difference),
		 (unsigned int)size);
	put_bits(b, 0, 1);
}

static size_t put_segment(uint8_t *out, uint8_t marker, const void *bytes, size_t n)
{
	out[0] = 0xff;
	out[1] = marker;
	out[2] = (uint8_t)((n + 2) >> 8);
	out[3] = (uint8_t)(n + 2);
	memcpy(out + 4, bytes, n);
	return n + 4;
}

static size_t put_header(const struct picture *p, uint8_t *out)
{
	static const uint8_t scan[] = { 3, 1, 0, 2, 0, 3, 0, 0, 63, 0 };
	const uint8_t frame[] = { 8, (uint8_t)(p->height >> 8), (uint8_t)p->height,
				  (uint8_t)(p->width >> 8), (uint8_t)p->width, 3, 1, 0x21, 0, 2,
				  0x11, 0, 3, 0x11, 0 };
	/* Nine codes of four bits; one of one bit. */
	static const uint8_t first[] = { 0x00, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
					 0, 1, 2, 3, 4, 5, 6, 7, 8 };
	static const uint8_t rest[] = { 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	uint8_t divisors[65] = { 0 };
	char comment[32];
	size_t used = 2;

	out[0] = 0xff;
	out[1] = 0xd8;
	memset(divisors + 1, 8, 64);
	snprintf(comment, sizeof(comment), PICTURE_COMMENT "%08x\n", p->number);
	used += put_segment(out + used, 0xfe, comment, strlen(comment));
	used += put_segment(out + used, 0xdb, divisors, sizeof(divisors));
	used += put_segment(out + used, 0xc0, frame, sizeof(frame));
	used += put_segment(out + used, 0xc4, first, sizeof(first));
	used += put_segment(out + used, 0xc4, rest, sizeof(rest));
	used += put_segment(out + used, 0xda, scan, sizeof(scan));
	return used;
}

size_t picture_jpeg(const struct picture *p, uint8_t *out)
{
	struct bits b = { .out = out, .used = put_header(p, out) };
	int last[3] = { 128, 128, 128 };

	for (uint32_t y = 0; y < p->height / 8; y++) {
		for (uint32_t x = 0; x < p->width / 8; x += 2) {
			struct colour left = colour_at(p, x, y), right = colour_at(p, x + 1, y);

			put_square(&b, &last[0], left.y);
			put_square(&b, &last[0], right.y);
			put_square(&b, &last[1], left.u);
			put_square(&b, &last[2], left.v);
		}
	}
	/* Ones up to the end of the byte. */
	if (b.count)
		put_bits(&b, (1u << (8 - b.count)) - 1, 8 - b.count);
	b.out[b.used++] = 0xff;
	b.out[b.used++] = 0xd9;
	return b.used;
}
