/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * Internals of the virtio-media driver: the memory of buffers, and which of it the device holds.
 */
#ifndef VMEDIA_LINUX_MEM_H
#define VMEDIA_LINUX_MEM_H

#include <linux/dma-direction.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <media/videobuf2-v4l2.h>

#include <vmedia/proto.h>

struct dma_buf_attachment;
struct vmedia_command;
struct vmedia_device;
struct vmedia_queue;

/**
 * struct vmedia_region - shared memory region 0
 * @addr: guest-physical address
 * @len: size in bytes; 0: the device has no region
 * @base: mapping of the whole region in the kernel's address space
 * @mnt: mount of @inode
 * @inode: its address space lists all mappings of the region in programs
 * @lock: protects @gone, and page table entries while they are set from it
 * @gone: the region no longer belongs to the device
 * @maps_lock: protects @maps
 * @maps: pieces that the device mapped, struct vmedia_map
 * @unmapping: MUNMAPs without an answer
 */
struct vmedia_region {
	phys_addr_t addr;
	u64 len;
	void *base;
	struct vfsmount *mnt;
	struct inode *inode;
	struct rw_semaphore lock;	/* see above */
	bool gone;
	spinlock_t maps_lock;		/* see above */
	struct list_head maps;
	atomic_t unmapping;
};

/**
 * enum vmedia_mem_kind - where memory comes from
 * @VMEDIA_MEM_PAGES: allocated by this driver
 * @VMEDIA_MEM_USER: pinned pages of a program
 * @VMEDIA_MEM_DMABUF: imported
 * @VMEDIA_MEM_REGION: the device's own, see region.c
 */
enum vmedia_mem_kind {
	VMEDIA_MEM_PAGES,
	VMEDIA_MEM_USER,
	VMEDIA_MEM_DMABUF,
	VMEDIA_MEM_REGION,
};

/**
 * struct vmedia_map - a piece of region 0 that the device mapped a buffer to
 * @node: in region.maps
 * @len: bytes, whole pages; 0: not mapped
 * @addr: offset in the region
 * @munmap: the command that unmaps it, allocated with the mapping so that unmapping cannot fail for
 *	lack of memory; NULL after it was sent. Under region.maps_lock
 */
struct vmedia_map {
	struct list_head node;
	u64 len;
	u64 addr;
	struct vmedia_command *munmap;
};

/**
 * struct vmedia_mem - memory of a plane
 * @ref: held by videobuf2, mappings, exported dma-bufs and loans
 * @kind: where it comes from
 * @dev: the device; a reference
 * @len: size in bytes
 * @dir: direction of DMA
 * @sgt: PAGES, USER, without a DMA API: the memory
 * @offset: USER: offset of the memory in the first page
 * @pages: PAGES, USER: the pages
 * @num_pages: PAGES, USER: number of @pages
 * @dbuf: DMABUF; a reference
 * @attach: DMABUF: the attachment; NULL for a virtio object, if @bounced, or if the device is gone
 * @attached: in dev->attached, while @attach is set
 * @bounced: DMABUF: the device accesses a copy
 * @uuid: DMABUF of a virtio object
 * @has_uuid: @uuid is valid
 * @vaddr: PAGES, USER: kernel mapping, made at the first request
 * @vma: for videobuf2's vm_ops
 * @vb: REGION: the buffer, while it exists
 * @map_lock: REGION: protects @map and @vb
 * @map: REGION: read-only and writable
 * @zeros: REGION: the page that mappings show after the region is gone
 */
struct vmedia_mem {
	refcount_t ref;
	enum vmedia_mem_kind kind;
	struct vmedia_device *dev;
	unsigned long len;
	enum dma_data_direction dir;
	struct sg_table sgt;
	unsigned int offset;
	struct page **pages;
	unsigned int num_pages;
	struct dma_buf *dbuf;
	struct dma_buf_attachment *attach;
	struct list_head attached;
	bool bounced;
	u8 uuid[VMEDIA_UUID_SIZE];
	bool has_uuid;
	void *vaddr;
	struct vb2_vmarea_handler vma;
	struct vb2_buffer *vb;
	struct mutex map_lock;		/* see above */
	struct vmedia_map map[2];
	struct page *zeros;
};

/**
 * struct vmedia_loan - memory of a queued buffer that the device holds
 * @node: in session->loans
 * @num: number of planes
 * @mem: references
 * @sgt: tables with DMA addresses that were mapped for the loan and must be unmapped
 * @attach: with @sgt of an imported dma-buf: the attachment for unmapping; detached with the loan
 *	if the loan made it
 */
struct vmedia_loan {
	struct list_head node;
	unsigned int num;
	struct vmedia_mem *mem[VMEDIA_MAX_PLANES];
	struct sg_table *sgt[VMEDIA_MAX_PLANES];
	struct dma_buf_attachment *attach[VMEDIA_MAX_PLANES];
};

extern const struct vb2_mem_ops vmedia_mem_ops;

void vmedia_mem_put(void *priv);
/*
 * Lend the planes of @vb: take references, map them for DMA, and put SG lists or UUIDs into the
 * question of @c. Returns an error pointer on failure; -ENODEV: the device is dead. Context:
 * map_lock.
 */
struct vmedia_loan *vmedia_loan_new(struct vmedia_queue *q, struct vb2_buffer *vb,
				    struct vmedia_command *c);
/*
 * End a loan after the device returned it. The device's data is in the guest's memory only after
 * this returns. @loan may be NULL. Context: map_lock; may sleep.
 */
void vmedia_loan_free(struct vmedia_device *dev, struct vmedia_loan *loan);
/* The device's memory type that is used for the planes of @vb. */
u32 vmedia_mem_memory(struct vb2_buffer *vb);

/*
 * Detach all imported dma-bufs when the device goes away. Some exporters keep a mapping from the
 * first loan until the detach. Context: map_lock, for writing.
 */
void vmedia_mem_detach_all(struct vmedia_device *dev);

struct vmedia_mem *vmedia_mem_new(struct vmedia_device *dev, enum vmedia_mem_kind kind,
				  unsigned long len, enum dma_data_direction dir);

struct dma_buf *vmedia_get_dmabuf(struct vb2_buffer *vb, void *priv, unsigned long flags);

int vmedia_region_init(struct vmedia_device *dev);
/*
 * Make the region inaccessible: mappings in programs show zeros afterwards. May be called more than
 * once; the first time best while the device still takes commands. Context: may sleep.
 */
void vmedia_region_gone(struct vmedia_device *dev);
/* Free the region. */
void vmedia_region_fini(struct vmedia_device *dev);
/* Give @file the address space of the region, so that its mappings can be found. */
void vmedia_region_file(struct vmedia_device *dev, struct file *file);
/*
 * Have the device map @mem for reading or writing, unless it is mapped already. Context: may sleep.
 */
int vmedia_region_map(struct vmedia_mem *mem, bool write);
int vmedia_region_mmap(struct vmedia_mem *mem, struct vm_area_struct *vma);
void *vmedia_region_vaddr(struct vmedia_mem *mem, bool write);
void vmedia_region_release(struct vmedia_mem *mem);

#endif /* VMEDIA_LINUX_MEM_H */
