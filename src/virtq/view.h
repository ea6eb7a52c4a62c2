/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A contiguous view of scattered guest memory, so that a device can fill a frame in place.
 *
 * Three ways, the first that works: direct  - the list is contiguous in one region: a pointer into
 *   it; mapped  - each run of pages is mapped again from the region's file, side by side in fresh
 *   address space. Works if
 *             all inner boundaries lie on (huge) page boundaries of the files; the first piece may
 *             begin and the last may end anywhere;
 *   bounced - a private buffer, copied in by vmedia_view_load() and out by vmedia_view_flush(). For
 *             lists that cannot be mapped, regions without a file, and when limits on mappings are
 *             reached.
 *
 * The guest can change the memory at any time, also what was just checked: treat it as the guest's
 * bytes.
 *
 * Context: reference counting is for any thread; a view may outlive the loop's interest in it while
 * a worker holds a reference. Creating, load and flush: whoever uses the bytes, one thread at a
 * time.
 */
#ifndef VMEDIA_VIRTQ_VIEW_H
#define VMEDIA_VIRTQ_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtq/mem.h"

/*
 * Mappings in one view; beyond: bounced. Each takes the loop some microseconds. So many are 4 MiB
 * of pages of which no two are neighbours.
 */
#define VMEDIA_VIEW_MAX_MAPS 1024
#define VMEDIA_VIEW_MAX_MAPS_TOTAL \
	24576 /* in all views of one guest; beyond: bounced (kernel's limit: 65530) */
#define VMEDIA_VIEW_MAX_BYTES (1ULL << 30)

enum vmedia_view_flags {
	/* the device only reads: mapped read-only where mapped, flush does nothing */
	VMEDIA_VIEW_RDONLY = 1,
	/* bounced: do not copy in at creation (the device overwrites all of it) */
	VMEDIA_VIEW_NOLOAD = 2,
	/* for tests, and to keep bytes from changing under a reader */
	VMEDIA_VIEW_FORCE_BOUNCE = 4,
};

struct vmedia_view {
	void *data;		/* first byte */
	size_t len;
	bool bounced;
	bool mapped;		/* neither: direct */
	bool rdonly;
	struct vmedia_mem *mem;
	/* private from here, but that whoever keeps a view may compare its list */
	int refs;
	void *map;
	size_t map_len;
	unsigned int maps;
	int guard;
	unsigned int n;
	struct vmedia_gpa_range ents[];	/* as vmedia_view_create() was given them */
};

/*
 * vmedia_view_create - see above; @flags: enum vmedia_view_flags
 *
 * Pieces of length 0 are skipped. The view holds a reference on @mem. 0 and one reference in *out,
 * or
 * -EINVAL: no bytes at all; -EFAULT: a piece is outside of guest memory; -E2BIG: more than
 * VMEDIA_VIEW_MAX_BYTES;
 * -ENOMEM. Bounced views are loaded at creation unless VMEDIA_VIEW_NOLOAD.
 */
int vmedia_view_create(struct vmedia_mem *mem, const struct vmedia_gpa_range *ents, unsigned int n,
		       unsigned int flags, struct vmedia_view **out);

struct vmedia_view *vmedia_view_get(struct vmedia_view *view);
void vmedia_view_put(struct vmedia_view *view);		/* NULL is fine; does not flush */

/* How far a copy has come; all zeros: it begins. */
struct vmedia_view_pos {
	size_t done;			/* bytes */
	/* private */
	unsigned int entry;
	uint64_t gpa, left;
};

/*
 * vmedia_view_load - bounced: copy @bytes of the guest's in, from @pos on, which moves. Returns the
 * bytes copied: fewer at the view's end, 0 if there is nothing to do.
 */
size_t vmedia_view_load(struct vmedia_view *view, struct vmedia_view_pos *pos, size_t bytes);

/*
 * vmedia_view_flush - bounced and not read-only: the same out. Count the bytes, they are the cost.
 */
size_t vmedia_view_flush(struct vmedia_view *view, struct vmedia_view_pos *pos, size_t bytes);

/* vmedia_view_broken - did it, or its memory, fault? See mem.h. */
static inline bool vmedia_view_broken(const struct vmedia_view *view)
{
	return vmedia_mem_broken(view->mem);
}

#endif
