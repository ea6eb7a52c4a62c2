// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * Memory of buffers, for videobuf2.
 *
 * There are four kinds: guest pages allocated here (MMAP without region 0), pinned pages of a
 * program (USERPTR), an imported dma-buf, and the device's own memory in region 0 (region.c).
 * Memory has a reference count. videobuf2, each mapping, each exported dma-buf and each loan
 * (loan.c) hold a reference, so pages are freed only after the device returned them.
 *
 * Accounting: guest pages are charged to the memory cgroup of the caller, and limited by
 * VMEDIA_MAX_PLANE_SIZE, VIDEO_MAX_FRAME and VMEDIA_QUEUE_BYTES for a queue. Pinned pages are
 * charged to the program already. As with other users of videobuf2, they do not count against
 * RLIMIT_MEMLOCK.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#if IS_ENABLED(CONFIG_VIRTIO_DMA_SHARED_BUFFER)
#include <linux/virtio_dma_buf.h>
#endif

#include "vmedia.h"

/* ---- Life ---- */

static void put_device_ref(struct vmedia_device *dev)
{
	v4l2_device_put(&dev->v4l2_dev);
}

struct vmedia_mem *vmedia_mem_new(struct vmedia_device *dev, enum vmedia_mem_kind kind,
				  unsigned long len, enum dma_data_direction dir)
{
	struct vmedia_mem *mem = kzalloc(sizeof(*mem), GFP_KERNEL);

	if (!mem)
		return NULL;
	refcount_set(&mem->ref, 1);
	mem->kind = kind;
	mem->dev = dev;
	mem->len = len;
	mem->dir = dir;
	mutex_init(&mem->map_lock);
	INIT_LIST_HEAD(&mem->attached);
	mem->vma.refcount = &mem->ref;
	mem->vma.put = vmedia_mem_put;
	mem->vma.arg = mem;
	v4l2_device_get(&dev->v4l2_dev);
	return mem;
}

static void free_pages_of(struct vmedia_mem *mem)
{
	unsigned int i;

	for (i = 0; i < mem->num_pages; i++)
		__free_page(mem->pages[i]);
	kvfree(mem->pages);
}

/* Context: attach_lock. */
static void detach(struct vmedia_mem *mem)
{
	if (!mem->attach)
		return;
	dma_buf_detach(mem->dbuf, mem->attach);
	mem->attach = NULL;
	list_del_init(&mem->attached);
}

void vmedia_mem_detach_all(struct vmedia_device *dev)
{
	struct vmedia_mem *mem, *next;

	lockdep_assert_held_write(&dev->map_lock);
	mutex_lock(&dev->attach_lock);
	list_for_each_entry_safe(mem, next, &dev->attached, attached)
		detach(mem);
	mutex_unlock(&dev->attach_lock);
}

static void release_dmabuf(struct vmedia_mem *mem)
{
	mutex_lock(&mem->dev->attach_lock);
	detach(mem);
	mutex_unlock(&mem->dev->attach_lock);
	if (mem->dbuf)
		dma_buf_put(mem->dbuf);
}

void vmedia_mem_put(void *priv)
{
	struct vmedia_mem *mem = priv;
	struct vmedia_device *dev = mem->dev;

	if (!refcount_dec_and_test(&mem->ref))
		return;
	if (mem->vaddr)
		vm_unmap_ram(mem->vaddr, mem->num_pages);
	sg_free_table(&mem->sgt);
	switch (mem->kind) {
	case VMEDIA_MEM_PAGES:
		free_pages_of(mem);
		break;
	case VMEDIA_MEM_USER:
		unpin_user_pages_dirty_lock(mem->pages, mem->num_pages,
					    mem->dir != DMA_TO_DEVICE);
		kvfree(mem->pages);
		break;
	case VMEDIA_MEM_DMABUF:
		release_dmabuf(mem);
		break;
	case VMEDIA_MEM_REGION:
		vmedia_region_release(mem);
		break;
	}
	mutex_destroy(&mem->map_lock);
	kfree(mem);
	put_device_ref(dev);
}

/* Make the table of pages, which does not change. DMA addresses change from loan to loan. */
static int make_sgt(struct vmedia_mem *mem)
{
	if (mem->dev->dma)
		return 0;
	return sg_alloc_table_from_pages(&mem->sgt, mem->pages, mem->num_pages, mem->offset,
					 mem->len, GFP_KERNEL);
}

/* ---- Guest pages ---- */

#define MAX_PIECE 9	/* 2 MiB */

/* Allocate pieces as large as possible; fewer pieces make a shorter SG list. */
static int fill_pages(struct vmedia_mem *mem, unsigned int num)
{
	const gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN;
	int order = min_t(int, get_order((unsigned long)num << PAGE_SHIFT), MAX_PIECE);
	struct page *page;
	unsigned int i;

	while (mem->num_pages < num) {
		while (order && (1u << order) > num - mem->num_pages)
			order--;
		page = alloc_pages(order ? gfp | __GFP_NORETRY : gfp | __GFP_RETRY_MAYFAIL, order);
		if (!page && !order)
			return -ENOMEM;
		if (!page) {
			order--;
			continue;
		}
		split_page(page, order);
		for (i = 0; i < 1u << order; i++)
			mem->pages[mem->num_pages++] = &page[i];
	}
	return 0;
}

static void *alloc(struct vb2_buffer *vb, struct device *unused, unsigned long size)
{
	struct vmedia_queue *q = vb2_get_drv_priv(vb->vb2_queue);
	struct vmedia_device *dev = q->session->dev;
	bool region = q->memory == V4L2_MEMORY_MMAP;
	struct vmedia_mem *mem;
	int err;

	mem = vmedia_mem_new(dev, region ? VMEDIA_MEM_REGION : VMEDIA_MEM_PAGES, size,
			     vb->vb2_queue->dma_dir);
	if (!mem)
		return ERR_PTR(-ENOMEM);
	if (region) {
		mem->vb = vb;
		return mem;
	}
	mem->pages = kvcalloc(size >> PAGE_SHIFT, sizeof(*mem->pages), GFP_KERNEL_ACCOUNT);
	err = mem->pages ? fill_pages(mem, size >> PAGE_SHIFT) : -ENOMEM;
	if (!err)
		err = make_sgt(mem);
	if (err) {
		vmedia_mem_put(mem);
		return ERR_PTR(err);
	}
	return mem;
}

/* videobuf2 frees the buffer; mappings and loans may still hold the memory. */
static void put(void *priv)
{
	struct vmedia_mem *mem = priv;

	mutex_lock(&mem->map_lock);
	mem->vb = NULL;
	mutex_unlock(&mem->map_lock);
	vmedia_mem_put(mem);
}

static unsigned int num_users(void *priv)
{
	struct vmedia_mem *mem = priv;

	return refcount_read(&mem->ref);
}

static int mem_mmap(void *priv, struct vm_area_struct *vma)
{
	struct vmedia_mem *mem = priv;
	int err;

	if (mem->kind == VMEDIA_MEM_REGION)
		return vmedia_region_mmap(mem, vma);
	err = vm_map_pages(vma, mem->pages, mem->num_pages);
	if (err)
		return err;
	vmedia_vm_flags(vma, VM_DONTEXPAND | VM_DONTDUMP, 0);
	vma->vm_private_data = &mem->vma;
	vma->vm_ops = &vb2_common_vm_ops;
	vma->vm_ops->open(vma);
	return 0;
}

static void *vaddr(struct vb2_buffer *vb, void *priv)
{
	struct vmedia_mem *mem = priv;

	if (mem->kind == VMEDIA_MEM_REGION)
		return vmedia_region_vaddr(mem, mem->dir != DMA_FROM_DEVICE);
	if (!mem->vaddr && mem->pages)
		mem->vaddr = vm_map_ram(mem->pages, mem->num_pages, NUMA_NO_NODE);
	return mem->vaddr ? mem->vaddr + mem->offset : NULL;
}

/* ---- A program's pages ---- */

/*
 * Pin pages for long-term DMA: they are not migrated, and fork() copies them instead of sharing. If
 * the device will write to the memory, the program must be able to write to it too.
 */
static int pin(struct vmedia_mem *mem, unsigned long addr)
{
	unsigned long first = addr & PAGE_MASK, last = addr + mem->len - 1;
	unsigned int num;
	int got;

	if (!mem->len || last < addr)
		return -EFAULT;
	num = ((last - first) >> PAGE_SHIFT) + 1;
	mem->offset = addr - first;
	mem->pages = kvmalloc_array(num, sizeof(*mem->pages), GFP_KERNEL_ACCOUNT);
	if (!mem->pages)
		return -ENOMEM;
	got = pin_user_pages_fast(first, num, vmedia_pin_flags(mem->dir != DMA_TO_DEVICE),
				  mem->pages);
	if (got < 0)
		return got;
	mem->num_pages = got;
	return got == num ? 0 : -EFAULT;
}

static void *get_userptr(struct vb2_buffer *vb, struct device *unused, unsigned long addr,
			 unsigned long size)
{
	struct vmedia_queue *q = vb2_get_drv_priv(vb->vb2_queue);
	struct vmedia_mem *mem;
	int err;

	mem = vmedia_mem_new(q->session->dev, VMEDIA_MEM_USER, size, vb->vb2_queue->dma_dir);
	if (!mem)
		return ERR_PTR(-ENOMEM);
	err = pin(mem, addr);
	if (!err)
		err = make_sgt(mem);
	if (!err)
		return mem;
	vmedia_mem_put(mem);
	return ERR_PTR(err);
}

/* ---- Imported dma-bufs ---- */

static bool virtio_object(struct dma_buf *dbuf, u8 uuid[VMEDIA_UUID_SIZE])
{
#if IS_ENABLED(CONFIG_VIRTIO_DMA_SHARED_BUFFER)
	uuid_t u;

	if (is_virtio_dma_buf(dbuf) && !virtio_dma_buf_get_uuid(dbuf, &u)) {
		export_uuid(uuid, &u);
		return true;
	}
#endif
	return false;
}

/* Attach memory that is not an object of the device; the exporter must provide its addresses. */
static int attach(struct vmedia_mem *mem, struct device *device)
{
	struct vmedia_device *dev = mem->dev;
	struct dma_buf_attachment *a;
	int err = 0;

	if (!dev->dma && device_iommu_mapped(device))
		return -EOPNOTSUPP;
	mutex_lock(&dev->attach_lock);
	a = READ_ONCE(dev->dead) ? ERR_PTR(-ENODEV) : dma_buf_attach(mem->dbuf, device);
	if (IS_ERR(a)) {
		err = PTR_ERR(a);
	} else {
		mem->attach = a;
		list_add_tail(&mem->attached, &dev->attached);
	}
	mutex_unlock(&dev->attach_lock);
	return err;
}

static void *attach_dmabuf(struct vb2_buffer *vb, struct device *device, struct dma_buf *dbuf,
			   unsigned long size)
{
	struct vmedia_queue *q = vb2_get_drv_priv(vb->vb2_queue);
	struct vmedia_device *dev = q->session->dev;
	u32 caps = dev->buf_caps[q->type];
	struct vmedia_mem *mem;
	int err = 0;

	if (dbuf->size < size)
		return ERR_PTR(-EFAULT);
	mem = vmedia_mem_new(dev, VMEDIA_MEM_DMABUF, size, vb->vb2_queue->dma_dir);
	if (!mem)
		return ERR_PTR(-ENOMEM);
	get_dma_buf(dbuf);
	mem->dbuf = dbuf;
	if (!caps || caps & V4L2_BUF_CAP_SUPPORTS_DMABUF)
		mem->has_uuid = virtio_object(dbuf, mem->uuid);
	if (!mem->has_uuid)
		err = attach(mem, device);
	if (err) {
		vmedia_mem_put(mem);
		return ERR_PTR(err);
	}
	return mem;
}

static bool is_bounced(struct device *device, const struct sg_table *sgt)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		if (dma_need_sync(device, sg_dma_address(sg)))
			return true;
	return false;
}

/*
 * Check early that the dma-buf can be mapped, and whether a mapping is a copy. Each loan makes its
 * own mapping. Some exporters copy back only at detach, so loans of a copy attach again.
 */
static int try_mapping(struct vmedia_mem *mem)
{
	struct sg_table *sgt;

	if (!mem->attach)	/* the device was removed meanwhile */
		return -ENODEV;
	sgt = dma_buf_map_attachment_unlocked(mem->attach, mem->dir);
	if (IS_ERR_OR_NULL(sgt))
		return sgt ? PTR_ERR(sgt) : -EINVAL;
	mem->bounced = is_bounced(mem->attach->dev, sgt);
	dma_buf_unmap_attachment_unlocked(mem->attach, sgt, mem->dir);
	if (mem->bounced)
		detach(mem);
	return 0;
}

static int map_dmabuf(void *priv)
{
	struct vmedia_mem *mem = priv;
	int err;

	if (mem->has_uuid || mem->bounced)
		return 0;
	mutex_lock(&mem->dev->attach_lock);
	err = try_mapping(mem);
	mutex_unlock(&mem->dev->attach_lock);
	return err;
}

static void unmap_dmabuf(void *priv)
{
}

const struct vb2_mem_ops vmedia_mem_ops = {
	.alloc = alloc,
	.put = put,
	.get_dmabuf = vmedia_get_dmabuf,
	.get_userptr = get_userptr,
	.put_userptr = vmedia_mem_put,
	.attach_dmabuf = attach_dmabuf,
	.detach_dmabuf = vmedia_mem_put,
	.map_dmabuf = map_dmabuf,
	.unmap_dmabuf = unmap_dmabuf,
	.vaddr = vaddr,
	.num_users = num_users,
	.mmap = mem_mmap,
};
