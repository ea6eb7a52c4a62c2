/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guest's memory as this process sees it.
 *
 * A struct vmedia_mem is an immutable snapshot of the memory table: a sorted array of regions.
 * Changing the table makes a new snapshot; whoever began with the old one (a chain, a view) holds a
 * reference on it and its regions stay mapped until the last of them is done. That is what makes a
 * table change under a request in flight safe.
 *
 * Context: snapshots are immutable, so lookups and get/put are for any thread; building is the
 * loop's.
 */
#ifndef VMEDIA_VIRTQ_MEM_H
#define VMEDIA_VIRTQ_MEM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct vmedia_mem;

#define VMEDIA_MEM_MAX_REGIONS 509	/* what QEMU and libvhost-user take as the most slots */

/*
 * A piece of guest memory. (Not named vmedia_sg: that is the list of SG entries in
 * <vmedia/proto.h>, used beside it.)
 */
struct vmedia_gpa_range {
	uint64_t gpa;
	uint32_t len;
};

/* One region of a memory table, as SET_MEM_TABLE and ADD_MEM_REG describe it. */
struct vmedia_mem_desc {
	uint64_t gpa;		/* guest physical address */
	uint64_t size;		/* bytes */
	/* address in the front-end's own space; ring addresses are given in it */
	uint64_t uva;
	uint64_t fd_offset;	/* where the region begins in fd */
	/* a regular file (memfd, tmpfs, hugetlbfs), readable and writable; -1: host is set */
	int fd;
	/* fd == -1 only: plain memory of this process that outlives the snapshot */
	void *host;
};

/*
 * vmedia_mem_create - a snapshot of @n regions (0 is a table without memory)
 *
 * The fds are duplicated: the caller keeps and closes its own. 0 and one reference in *out, or
 * -EINVAL: no size; gpa, uva or offset overflow; two regions overlap in gpa or in uva; file shorter
 *          than the region; not a regular file, or one that another process may serve, which
 *          could block us (base/foreign.h);
 * -E2BIG: more than VMEDIA_MEM_MAX_REGIONS;
 * or what dup and mmap say. Every refusal is logged with the numbers.
 */
int vmedia_mem_create(const struct vmedia_mem_desc *descs, unsigned int n, struct vmedia_mem **out);

/*
 * vmedia_mem_add - @old plus one region (ADD_MEM_REG). Errors as above; @old is unchanged and still
 * the caller's.
 */
int vmedia_mem_add(const struct vmedia_mem *old, const struct vmedia_mem_desc *desc,
		   struct vmedia_mem **out);

/*
 * vmedia_mem_remove - @old without the region with just this gpa, size and uva (REM_MEM_REG);
 * -ENOENT when there is none.
 */
int vmedia_mem_remove(const struct vmedia_mem *old, uint64_t gpa, uint64_t size, uint64_t uva,
		      struct vmedia_mem **out);

/*
 * vmedia_mem_plain - one region of plain memory: gpa @gpa at @host, uva equal to the host address.
 * For tests and for a device in the driver's own process. Without an fd, so views over more than
 * one run of it are bounced.
 */
int vmedia_mem_plain(void *host, uint64_t gpa, uint64_t size, struct vmedia_mem **out);

/*
 * Reference counting; put of NULL does nothing. The last put unmaps regions that no other snapshot
 * has.
 */
struct vmedia_mem *vmedia_mem_get(struct vmedia_mem *mem);
void vmedia_mem_put(struct vmedia_mem *mem);

unsigned int vmedia_mem_num_regions(const struct vmedia_mem *mem);

/*
 * vmedia_mem_region - describe region @i in order of gpa. fd is borrowed; host is where it is
 * mapped.
 */
void vmedia_mem_region(const struct vmedia_mem *mem, unsigned int i, struct vmedia_mem_desc *desc);

/*
 * vmedia_mem_at - host address of [gpa, gpa+len) if it lies in one region, else NULL (also on
 * overflow).
 */
void *vmedia_mem_at(const struct vmedia_mem *mem, uint64_t gpa, uint64_t len);

/* vmedia_mem_uva - the same for the front-end's addresses. */
void *vmedia_mem_uva(const struct vmedia_mem *mem, uint64_t uva, uint64_t len);

/*
 * vmedia_mem_iov - host pieces of [gpa, gpa+len), which may span regions that touch
 *
 * Number of pieces, at most @max; -EFAULT: part of it is not guest memory; -E2BIG: more than @max.
 * len 0 gives 0.
 */
int vmedia_mem_iov(const struct vmedia_mem *mem, uint64_t gpa, uint64_t len, struct iovec *iov,
		   unsigned int max);

/*
 * ---- A peer that truncates its memory file ----
 *
 * Touching such memory raises SIGBUS. With the guard installed, the handler puts zero-filled memory
 * in place of the mapping (all of it: a page at a time would let the peer run us out of mappings),
 * so that the access goes on and reads zeros, and marks the region. Its owner looks at
 * vmedia_mem_broken() when convenient, and drops the guest. A SIGBUS elsewhere goes to the handler
 * that was there before, or kills as usual. System calls on such memory return -EFAULT by
 * themselves.
 */

/*
 * vmedia_mem_guard_install - once a process; again: no effect. 0 or negative errno. Context: before
 * threads: SIGBUS is unblocked in the caller, and threads begin with the mask of who starts them
 * (those of base/thread.h have it open).
 */
int vmedia_mem_guard_install(void);

/*
 * vmedia_mem_broken - did a region or view of this snapshot fault? The guest must be disconnected.
 */
bool vmedia_mem_broken(const struct vmedia_mem *mem);

#endif
