/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A film whose coding costs about what that of a camera's does: a scene with detail of all sizes,
 * which moves by fractions of a sample, things that move before it, and a camera's noise.
 *
 * All of it is computed from the picture's number, so two runs have the same film.
 */
#include <stdlib.h>
#include <string.h>

#include "codec.h"

#define TILE   256
#define NOISE  65536
#define THINGS 6

static uint8_t tile[TILE][TILE], noise[NOISE];

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Add noise of one size: random values @cell samples apart, and lines between them. */
static void add_octave(int (*sum)[TILE], int cell, int amplitude, uint32_t *state)
{
	static int grid[TILE][TILE];
	int n = TILE / cell;

	for (int y = 0; y < n; y++)
		for (int x = 0; x < n; x++)
			grid[y][x] = (int)(next_random(state) % (2 * (uint32_t)amplitude + 1)) -
				     amplitude;
	for (int y = 0; y < TILE; y++) {
		int gy = y / cell, fy = y % cell;

		for (int x = 0; x < TILE; x++) {
			int gx = x / cell, fx = x % cell, right = (gx + 1) % n;
			int top = grid[gy][gx] * (cell - fx) + grid[gy][right] * fx;
			int below = (gy + 1) % n;
			int bottom = grid[below][gx] * (cell - fx) + grid[below][right] * fx;

			sum[y][x] += (top * (cell - fy) + bottom * fy) / (cell * cell);
		}
	}
}

static void prepare(void)
{
	static int sum[TILE][TILE];
	static bool prepared;
	uint32_t state = 1;

	if (prepared)
		return;
	prepared = true;
	for (int cell = 64, amplitude = 40; cell; cell /= 4, amplitude /= 2)
		add_octave(sum, cell, amplitude, &state);
	for (int y = 0; y < TILE; y++)
		for (int x = 0; x < TILE; x++)
			tile[y][x] = (uint8_t)(124 + sum[y][x]);
	for (int i = 0; i < NOISE; i++)
		noise[i] = (uint8_t)(next_random(&state) % 4);
}

/* The sample at (@x, @y), of which @x is in quarters. */
static int sample(uint32_t x, uint32_t y)
{
	const uint8_t *line = tile[y % TILE];
	uint32_t at = x / 4, f = x % 4;

	return (int)((line[at % TILE] * (4 - f) + line[(at + 1) % TILE] * f) / 4);
}

static void paint_scene(const struct floor_canvas *c, int i, unsigned int n)
{
	unsigned int shift = i != 0;
	uint32_t state = n * 31 + (uint32_t)i, down = 80 * (uint32_t)i;

	for (uint32_t y = 0; y < c->height >> shift; y++) {
		uint8_t *to = c->data[i] + (size_t)y * (size_t)c->stride[i];
		uint32_t at = next_random(&state);

		for (uint32_t x = 0; x < c->width >> shift; x++) {
			int v = sample(4 * x + (7 * n >> shift), y + (n >> shift) + down);

			if (i)
				v = 128 + (v - 128) / 3;
			else
				v += noise[(at + x) % NOISE];
			*to = (uint8_t)v;
			to += c->step[i];
		}
	}
}

/* A square with another part of the scene's detail. */
static void paint_thing(const struct floor_canvas *c, int i, unsigned int n, uint32_t which)
{
	unsigned int shift = i != 0;
	uint32_t size = c->height / 5 >> shift, w = c->width >> shift, h = c->height >> shift;
	uint32_t x0 = (which * w / THINGS + (which + 2) * n) % (w - size);
	uint32_t y0 = (which * h / THINGS + (5 - which) * n) % (h - size);

	for (uint32_t y = 0; y < size; y++) {
		uint8_t *to = c->data[i] + (size_t)(y0 + y) * (size_t)c->stride[i] +
			      (size_t)x0 * (size_t)c->step[i];

		for (uint32_t x = 0; x < size; x++) {
			int v = sample(6 * x, y + 40 * which);

			*to = (uint8_t)(i ? 128 + (v - 128) / 2 + 6 * (int)which : v + 30);
			to += c->step[i];
		}
	}
}

void floor_paint(const struct floor_canvas *c, unsigned int n)
{
	prepare();
	for (int i = 0; i < 3; i++) {
		paint_scene(c, i, n);
		for (uint32_t which = 0; which < THINGS; which++)
			paint_thing(c, i, n, which);
	}
}
