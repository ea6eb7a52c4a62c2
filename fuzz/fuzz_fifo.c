/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a program writes to a FIFO (src/devices/camera/fifo_parse.h). In one piece and in pieces the
 * pictures are the same, each byte is used once, and no picture is larger than it may be. The first
 * byte tells the size of raw pictures, the second one that of the pieces.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <vmedia/camera.h>

#include "devices/camera/fifo_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum {
	uint64_t pictures, errors, hash;
};

static void add(struct sum *s, const struct vmedia_fifo_parser *p, int ret)
{
	const size_t side = VMEDIA_CAMERA_MAX_DIMENSION;

	if (ret != 1) {
		if (!p->why)
			abort();
		s->errors++;
		return;
	}
	if (!p->bytes || p->bytes > 6 * side * side)
		abort();
	s->pictures++;
	/* With the slack, which must be there. */
	for (size_t i = 0; i < p->bytes + VMEDIA_FIFO_SLACK; i++)
		s->hash = s->hash * 31 + p->picture[i];
}

static struct sum run(const uint8_t *data, size_t size, size_t raw, size_t piece)
{
	struct vmedia_fifo_parser p;
	struct sum sum = { 0 };
	size_t at = 0, used;

	vmedia_fifo_parser_init(&p, raw);
	while (at < size) {
		size_t n = size - at < piece ? size - at : piece;
		int ret = vmedia_fifo_parse(&p, data + at, n, &used);

		if (used > n || (!ret && used < n) || (!used && !ret))
			abort();
		at += used;
		if (ret)
			add(&sum, &p, ret);
		(void)vmedia_fifo_parser_between(&p);
	}
	vmedia_fifo_parser_finish(&p);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum whole, pieces;
	size_t raw;

	if (size < 2)
		return 0;
	raw = data[0] ? 15 + (size_t)data[0] : 0;
	whole = run(data + 2, size - 2, raw, size);
	pieces = run(data + 2, size - 2, raw, 1 + (size_t)data[1]);
	if (memcmp(&whole, &pieces, sizeof(whole)))
		abort();
	return 0;
}
