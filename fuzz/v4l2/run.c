// SPDX-License-Identifier: BSD-3-Clause
/*
 * One sequence: new sessions on a device, operations, and everybody leaves. The device lives on for
 * the next sequence of the same kind, as new: each sequence ends with a reset.
 */
#include <stdio.h>
#include <stdlib.h>

#include "world.h"

static struct fz *world;

void fz_run_end(void)
{
	if (!world)
		return;
	fz_finish(world);
	free(world);
	world = NULL;
}

static void choose(const struct fz_device *d)
{
	if (world && world->d == d)
		return;
	fz_run_end();
	world = malloc(sizeof(*world));
	if (!world || fz_start(world, d))
		abort();
}

void fz_run(const uint8_t *data, size_t size, bool verbose, bool memory_only)
{
	size_t at;

	if (!size)
		return;
	choose(&fz_devices[data[0] % fz_num_devices]);
	world->verbose = verbose;
	world->memory_only = memory_only;
	world->op = 0;
	for (at = 1; at + FZ_RECORD <= size; at += FZ_RECORD, world->op++)
		fz_op(world, data + at);
	world->doing = "the end";
	fz_end(world);
}
