/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First-fit allocation of page ranges in a shared memory region.
 */
#include "core/region.h"

#include <errno.h>

void vmedia_region_setup(struct vmedia_region *r, uint64_t size, uint64_t page)
{
	r->size = size;
	r->page = page;
	vmedia_list_init(&r->used);
}

int vmedia_region_take(struct vmedia_region *r, uint64_t len, struct vmedia_range *range)
{
	struct vmedia_list *pos = &r->used;
	struct vmedia_range *next;
	uint64_t begin = 0;

	if (!len || vmedia_align_overflow(len, r->page, &len))
		return -EINVAL;
	vmedia_list_for_each(next, &r->used, node) {
		if (next->offset - begin >= len)
			break;
		begin = next->offset + next->len;
		pos = &next->node;
	}
	if (!vmedia_range_ok(begin, len, r->size))
		return -ENOMEM;
	range->offset = begin;
	range->len = len;
	vmedia_list_insert(pos, &range->node);
	return 0;
}

void vmedia_region_give(struct vmedia_region *r, struct vmedia_range *range)
{
	(void)r;
	vmedia_list_del(&range->node);
}

struct vmedia_range *vmedia_region_at(const struct vmedia_region *r, uint64_t offset)
{
	struct vmedia_range *range;

	vmedia_list_for_each(range, &r->used, node)
		if (range->offset == offset)
			return range;
	return NULL;
}
