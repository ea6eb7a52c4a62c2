/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Allocation of address ranges in a shared memory region. It maps nothing.
 *
 * First fit, in whole pages. The ranges in use are a list sorted by offset. Each range is embedded
 * in the structure that uses it, so nothing is allocated here. Taking and finding walk the list,
 * whose length is bounded by vmedia_limits.max_mappings.
 *
 * Context: one thread.
 */
#ifndef VMEDIA_CORE_REGION_H
#define VMEDIA_CORE_REGION_H

#include "base/list.h"

struct vmedia_range {
	struct vmedia_list node;
	uint64_t offset, len; /* bytes, whole pages */
};

struct vmedia_region {
	uint64_t size;
	uint64_t page;
	struct vmedia_list used;
};

/*
 * @size is a multiple of @page; @page is a power of two.
 */
void vmedia_region_setup(struct vmedia_region *r, uint64_t size, uint64_t page);
/*
 * Take @len bytes, rounded up to pages. Returns 0 with offset and len set; -ENOMEM if there is no
 * hole of that size; -EINVAL if @len is 0 or overflows.
 */
int vmedia_region_take(struct vmedia_region *r, uint64_t len, struct vmedia_range *range);
void vmedia_region_give(struct vmedia_region *r, struct vmedia_range *range);
/* Return the range that begins exactly at @offset, or NULL. */
struct vmedia_range *vmedia_region_at(const struct vmedia_region *r, uint64_t offset);

#endif /* VMEDIA_CORE_REGION_H */
