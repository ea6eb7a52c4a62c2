/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guest's memory as it is mapped in this process.
 *
 * A struct vmedia_mem is an immutable snapshot of the memory table: a sorted array of regions. A
 * change of the table makes a new snapshot. A user of the old one (a chain, a view) holds a
 * reference on it, and its regions stay mapped until the last reference is put. So the table can
 * change safely while a request is in flight.
 *
 * Context: lookups and get/put: any thread, since snapshots are immutable. Functions that make
 * snapshots: the loop's thread.
 */
#ifndef VMEDIA_VIRTQ_MEM_H
#define VMEDIA_VIRTQ_MEM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct vmedia_mem;

#define VMEDIA_MEM_MAX_REGIONS 509	/* the largest number of slots in QEMU and libvhost-user */

/*
 * A range of guest memory. (Not named vmedia_sg, which is the list of SG entries in
 * <vmedia/proto.h>.)
 */
struct vmedia_gpa_range {
	uint64_t gpa;
	uint32_t len;
};

/* One region of a memory table, as SET_MEM_TABLE and ADD_MEM_REG describe it. */
struct vmedia_mem_desc {
	uint64_t gpa;		/* guest physical address */
	uint64_t size;		/* bytes */
	/* address in the front-end's own address space; used for ring addresses */
	uint64_t uva;
	uint64_t fd_offset;	/* the region's first byte in fd */
	/* a regular file (memfd, tmpfs, hugetlbfs), readable and writable; -1: host is set */
	int fd;
	/* fd == -1 only: plain memory of this process that outlives the snapshot */
	void *host;
	/* a file of another device, of which there may be many; not the guest's memory */
	bool object;
};

/*
 * vmedia_mem_create - make a snapshot of @n regions (0: a table without memory)
 *
 * The fds are duplicated; the caller keeps and closes its own. Every refusal is logged with the
 * numbers. Returns 0 and one reference in *out; or
 * -EINVAL: size 0; gpa, uva or offset overflows; two regions overlap in gpa or in uva; the file is
 *	 shorter than the region, or no regular file, or another process may serve it, which could
 *	 block this thread (base/foreign.h);
 * -E2BIG: more than VMEDIA_MEM_MAX_REGIONS;
 * -ENOMEM; or negative errno of fstat(), dup() or mmap().
 */
int vmedia_mem_create(const struct vmedia_mem_desc *descs, unsigned int n, struct vmedia_mem **out);

/*
 * vmedia_mem_replace - the same for a guest that had @old (NULL: none). Views of both maps count
 * together, since buffers keep those of the old one (SET_MEM_TABLE).
 */
int vmedia_mem_replace(const struct vmedia_mem *old, const struct vmedia_mem_desc *descs,
		       unsigned int n, struct vmedia_mem **out);

/*
 * vmedia_mem_add - make a snapshot of @old plus one region (ADD_MEM_REG). Errors as above. @old is
 * unchanged and still belongs to the caller.
 */
int vmedia_mem_add(const struct vmedia_mem *old, const struct vmedia_mem_desc *desc,
		   struct vmedia_mem **out);

/*
 * vmedia_mem_remove - make a snapshot of @old without the region that has exactly this gpa, size
 * and uva (REM_MEM_REG). Returns 0, -ENOENT if there is no such region, or -ENOMEM.
 */
int vmedia_mem_remove(const struct vmedia_mem *old, uint64_t gpa, uint64_t size, uint64_t uva,
		      struct vmedia_mem **out);

/*
 * vmedia_mem_plain - make a snapshot of one region of plain memory: @gpa is at @host, uva equals
 * the host address. For tests and for a device in the driver's own process. It has no fd, so a view
 * over several runs of it is bounced.
 */
int vmedia_mem_plain(void *host, uint64_t gpa, uint64_t size, struct vmedia_mem **out);

/*
 * Get and put a reference. put of NULL does nothing. The last put unmaps the regions that no other
 * snapshot has.
 */
struct vmedia_mem *vmedia_mem_get(struct vmedia_mem *mem);
void vmedia_mem_put(struct vmedia_mem *mem);

unsigned int vmedia_mem_num_regions(const struct vmedia_mem *mem);

/*
 * vmedia_mem_region - describe region @i in order of gpa. fd is borrowed; host is the mapped
 * address.
 */
void vmedia_mem_region(const struct vmedia_mem *mem, unsigned int i, struct vmedia_mem_desc *desc);

/*
 * vmedia_mem_at - return the host address of [gpa, gpa+len) if it lies in one region, else NULL
 * (also on overflow).
 */
void *vmedia_mem_at(const struct vmedia_mem *mem, uint64_t gpa, uint64_t len);

/* vmedia_mem_uva - the same for the front-end's addresses. */
void *vmedia_mem_uva(const struct vmedia_mem *mem, uint64_t uva, uint64_t len);

/*
 * vmedia_mem_iov - get the host pieces of [gpa, gpa+len), which may span adjacent regions
 *
 * Returns the number of pieces, at most @max; -EFAULT if a part is not guest memory; -E2BIG if
 * there are more than @max pieces. len 0 gives 0.
 */
int vmedia_mem_iov(const struct vmedia_mem *mem, uint64_t gpa, uint64_t len, struct iovec *iov,
		   unsigned int max);

/*
 * ---- A peer that truncates its memory file ----
 *
 * An access to such memory raises SIGBUS. When the guard is installed, the handler replaces the
 * mapping with zero-filled memory and marks the region; the access continues and reads zeros. It
 * replaces the whole mapping, since a peer could use up the process's mappings if it were done by
 * the page. The region's owner checks vmedia_mem_broken() at its own time, and disconnects the
 * guest. A SIGBUS elsewhere goes to the handler that was installed before, or ends the process as
 * usual. System calls on such memory return -EFAULT by themselves.
 */

/*
 * vmedia_mem_guard_install - install the guard. Only the first call in a process has an effect.
 * Returns 0 or negative errno. Context: before other threads are started. It unblocks SIGBUS in the
 * caller, and a thread inherits the mask of its creator (threads of base/thread.h have SIGBUS
 * unblocked).
 */
int vmedia_mem_guard_install(void);

/*
 * vmedia_mem_broken - true if a region or view of this snapshot faulted. Then the guest must be
 * disconnected.
 */
bool vmedia_mem_broken(const struct vmedia_mem *mem);

#endif
