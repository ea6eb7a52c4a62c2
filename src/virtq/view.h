/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A contiguous view of scattered guest memory, so that a device can fill a frame in place.
 *
 * A view is made in the first of three ways that works:
 *   - direct: the list is contiguous in one region; the view is a pointer into it;
 *   - mapped: each run of pages is mapped again from the region's file, side by side in fresh
 *     address space. Works if all inner boundaries lie on (huge) page boundaries of the files; the
 *     first piece may begin and the last may end anywhere;
 *   - bounced: a private buffer. vmedia_view_load() copies into it, vmedia_view_flush() out of it.
 *     For lists that cannot be mapped, for regions without a file, and when limits on mappings are
 *     reached.
 *
 * The guest can change the memory at any time, even after it was checked. Treat its bytes as
 * untrusted.
 *
 * Context: get and put: any thread; a worker's reference may keep a view after the loop put its
 * own. Create, load and flush: the thread that uses the bytes, one at a time.
 */
#ifndef VMEDIA_VIRTQ_VIEW_H
#define VMEDIA_VIRTQ_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtq/mem.h"

/*
 * Mappings in one view; a list that needs more is bounced. Each mapping takes the loop some
 * microseconds. The limit allows 4 MiB of pages of which no two are adjacent.
 */
#define VMEDIA_VIEW_MAX_MAPS 1024
#define VMEDIA_VIEW_MAX_MAPS_TOTAL \
	24576 /* in all views of one guest; views beyond it are bounced (kernel's limit: 65530) */
#define VMEDIA_VIEW_MAX_BYTES (1ULL << 30)

enum vmedia_view_flags {
	/* the device only reads: a mapped view is read-only, flush does nothing */
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
	/* private from here, except that the owner of a view may compare its list */
	int refs;
	void *map;
	size_t map_len;
	unsigned int maps;
	int guard;
	unsigned int n;
	struct vmedia_gpa_range ents[];	/* as passed to vmedia_view_create() */
};

/*
 * vmedia_view_create - make a view; @flags: enum vmedia_view_flags
 *
 * Pieces of length 0 are skipped. The view holds a reference on @mem. A bounced view is loaded here
 * unless VMEDIA_VIEW_NOLOAD is set. Returns 0 and one reference in *out; -EINVAL if there are no
 * bytes; -EFAULT if a piece is outside of guest memory; -E2BIG if there are more than
 * VMEDIA_VIEW_MAX_BYTES; -ENOMEM.
 */
int vmedia_view_create(struct vmedia_mem *mem, const struct vmedia_gpa_range *ents, unsigned int n,
		       unsigned int flags, struct vmedia_view **out);

struct vmedia_view *vmedia_view_get(struct vmedia_view *view);
void vmedia_view_put(struct vmedia_view *view);		/* NULL is allowed; does not flush */

/* The position of a copy. All zeros: the beginning. */
struct vmedia_view_pos {
	size_t done;			/* bytes */
	/* private */
	unsigned int entry;
	uint64_t gpa, left;
};

/*
 * vmedia_view_load - copy up to @bytes bytes from the guest into a bounced view, from @pos on, and
 * advance @pos. Returns the number of bytes copied: fewer at the view's end, 0 for other views.
 */
size_t vmedia_view_load(struct vmedia_view *view, struct vmedia_view_pos *pos, size_t bytes);

/* vmedia_view_flush - the same in the other direction, for a bounced view that is not read-only. */
size_t vmedia_view_flush(struct vmedia_view *view, struct vmedia_view_pos *pos, size_t bytes);

/* vmedia_view_broken - true if the view or its memory faulted; see mem.h. */
static inline bool vmedia_view_broken(const struct vmedia_view *view)
{
	return vmedia_mem_broken(view->mem);
}

#endif
