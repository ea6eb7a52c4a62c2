/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * Inside the virtio-media driver: the memory of buffers, and what of it the device has.
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
 * @len: bytes; 0: the device has none
 * @base: all of it, in the kernel's address space
 * @mnt: of @inode
 * @inode: its mapping knows every mapping of the region into a program
 * @lock: protects @gone, and page table entries that are being made from it
 * @gone: the region is not the device's any more
 * @maps_lock: protects @maps
 * @maps: what the device mapped, struct vmedia_map
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
 * enum vmedia_mem_kind - where memory is from
 * @VMEDIA_MEM_PAGES: allocated here
 * @VMEDIA_MEM_USER: pinned
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
 * @munmap: the command that ends it, made with it so that ending cannot fail for want of memory;
 *	NULL when it was sent. Under region.maps_lock
 */
struct vmedia_map {
	struct list_head node;
	u64 len;
	u64 addr;
	struct vmedia_command *munmap;
};

/**
 * struct vmedia_mem - memory of a plane
 * @ref: videobuf2, mappings, exported dma-bufs, loans
 * @kind: what it is
 * @dev: whose; a reference
 * @len: bytes
 * @dir: of DMA
 * @sgt: PAGES, USER, without a DMA API: the memory
 * @offset: USER: where the memory begins in the first page
 * @pages: PAGES, USER
 * @num_pages: PAGES, USER
 * @dbuf: DMABUF; a reference
 * @attach: DMABUF, unless a virtio object or @bounced, or the device is gone
 * @attached: in dev->attached, while there is @attach
 * @bounced: DMABUF: the device gets at a copy
 * @uuid: DMABUF of a virtio object
 * @has_uuid: it is one
 * @vaddr: PAGES, USER: of the kernel, once asked for
 * @vma: for videobuf2's vm_ops
 * @vb: REGION: while the buffer exists
 * @map_lock: REGION: protects @map and @vb
 * @map: REGION: read-only and writable
 * @zeros: REGION: a page that is seen when the region is gone
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
 * struct vmedia_loan - what the device holds of a queued buffer
 * @node: in session->loans
 * @num: planes
 * @mem: references
 * @sgt: with DMA addresses: mapped for the loan; to be unmapped
 * @attach: with @sgt of an imported dma-buf: to be unmapped from, and detached if the loan's own
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
 * Lend the planes of @vb: references, DMA mappings, and SG lists or UUIDs in the question @c.
 * -ENODEV: the device is dead. Context: map_lock.
 */
struct vmedia_loan *vmedia_loan_new(struct vmedia_queue *q, struct vb2_buffer *vb,
				    struct vmedia_command *c);
/*
 * The device does not have it any more. What it wrote is in the guest's memory once this returns,
 * and not before. NULL is good. Context: map_lock; may sleep.
 */
void vmedia_loan_free(struct vmedia_device *dev, struct vmedia_loan *loan);
/* The device's memory type that carries the planes of @vb. */
u32 vmedia_mem_memory(struct vb2_buffer *vb);

/*
 * The device goes: no imported dma-buf is attached to it any more. Some exporters keep a mapping
 * from the first loan to detach. Context: map_lock, for writing.
 */
void vmedia_mem_detach_all(struct vmedia_device *dev);

struct vmedia_mem *vmedia_mem_new(struct vmedia_device *dev, enum vmedia_mem_kind kind,
				  unsigned long len, enum dma_data_direction dir);

struct dma_buf *vmedia_get_dmabuf(struct vb2_buffer *vb, void *priv, unsigned long flags);

int vmedia_region_init(struct vmedia_device *dev);
/*
 * Nobody can reach it any more: who touches a mapping finds zeros. Once or more; best while the
 * device can still be told. Context: may sleep.
 */
void vmedia_region_gone(struct vmedia_device *dev);
/* The last of it. */
void vmedia_region_fini(struct vmedia_device *dev);
/* Mappings of @file may be of the region. */
void vmedia_region_file(struct vmedia_device *dev, struct file *file);
/* Have the device map @mem, for reading or writing, if it has not yet. Context: may sleep. */
int vmedia_region_map(struct vmedia_mem *mem, bool write);
int vmedia_region_mmap(struct vmedia_mem *mem, struct vm_area_struct *vma);
void *vmedia_region_vaddr(struct vmedia_mem *mem, bool write);
void vmedia_region_release(struct vmedia_mem *mem);

#endif /* VMEDIA_LINUX_MEM_H */
