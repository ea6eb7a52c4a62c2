/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mem_offset: the number by which a driver names a plane when it maps it.
 *
 * Offsets are unique on the device, also across sessions. They are multiples of 64 KiB, since a
 * guest's mmap() needs multiples of its page size, and below 4 GiB. That leaves 65535 planes. Slots
 * are taken in turn, so that a freed offset stays unused for as long as possible.
 */
#include <errno.h>
#include <stdlib.h>

#include "v4l2/queue.h"

#define SHIFT		16
#define MAX_SLOTS	65536u
#define FIRST_SLOTS	256u

struct slot {
	struct vmedia_vbuf *vb;
	uint32_t plane;
};

struct vmedia_offsets {
	struct slot *slots;		/* slot 0 is never used: no plane has offset 0 */
	uint32_t num, used, next;
};

int vmedia_offsets_create(struct vmedia_offsets **out)
{
	struct vmedia_offsets *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	o->slots = calloc(FIRST_SLOTS, sizeof(*o->slots));
	if (!o->slots) {
		free(o);
		return -ENOMEM;
	}
	o->num = FIRST_SLOTS;
	o->next = 1;
	*out = o;
	return 0;
}

void vmedia_offsets_destroy(struct vmedia_offsets *o)
{
	if (!o)
		return;
	free(o->slots);
	free(o);
}

static int grow(struct vmedia_offsets *o)
{
	struct slot *slots;
	uint32_t num = o->num * 2, i;

	if (num > MAX_SLOTS)
		return -ENOMEM;
	slots = realloc(o->slots, num * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (i = o->num; i < num; i++)
		slots[i] = (struct slot){ NULL, 0 };
	o->slots = slots;
	o->next = o->num;
	o->num = num;
	return 0;
}

int vmedia_offsets_add(struct vmedia_offsets *o, struct vmedia_vbuf *vb, uint32_t plane,
		       uint32_t *offset)
{
	/* The table doubles when it is half full. At its maximum size it is filled up. */
	if (o->used + 1 >= o->num / 2 && grow(o) && o->used + 1 >= o->num)
		return -ENOMEM;
	while (o->slots[o->next].vb)
		o->next = o->next + 1 < o->num ? o->next + 1 : 1;
	o->slots[o->next] = (struct slot){ vb, plane };
	*offset = o->next << SHIFT;
	o->used++;
	o->next = o->next + 1 < o->num ? o->next + 1 : 1;
	return 0;
}

void vmedia_offsets_del(struct vmedia_offsets *o, uint32_t offset)
{
	o->slots[offset >> SHIFT].vb = NULL;
	o->used--;
}

struct vmedia_vbuf *vmedia_offsets_find(const struct vmedia_offsets *o, uint32_t offset,
					uint32_t *plane)
{
	uint32_t i = offset >> SHIFT;

	if (!i || i >= o->num || offset & ((1u << SHIFT) - 1) || !o->slots[i].vb)
		return NULL;
	*plane = o->slots[i].plane;
	return o->slots[i].vb;
}
