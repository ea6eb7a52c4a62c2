// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * Memory of buffers, for videobuf2, and what of it the device is lent.
 *
 * Four kinds: guest pages allocated here (MMAP without region 0), a program's pages, pinned
 * (USERPTR), an imported dma-buf, and the device's own memory in region 0 (region.c). Each is
 * counted: videobuf2 has a reference, so has each mapping, each exported dma-buf, and each loan, so
 * that pages are the guest's again only when the device gave them back.
 *
 * Addresses that go to the device are DMA addresses when the device is behind a DMA API
 * (VIRTIO_F_ACCESS_PLATFORM), mapped as long as the loan lasts; else guest-physical ones. A dma-buf
 * that another driver exports is mapped by its exporter; its DMA addresses are guest-physical ones
 * unless there is an IOMMU in between, and then it is refused.
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

static void unpin(struct vmedia_mem *mem)
{
	unsigned int i;

	if (mem->dir != DMA_TO_DEVICE)
		for (i = 0; i < mem->num_pages; i++)
			set_page_dirty_lock(mem->pages[i]);
	vb2_destroy_framevec(mem->vec);
}

static void release_dmabuf(struct vmedia_mem *mem)
{
	struct dma_buf *dbuf;

	if (!mem->attach)
		return;
	dbuf = mem->attach->dmabuf;
	if (mem->sgt)
		dma_buf_unmap_attachment_unlocked(mem->attach, mem->sgt, mem->dir);
	dma_buf_detach(dbuf, mem->attach);
	dma_buf_put(dbuf);
}

void vmedia_mem_put(void *priv)
{
	struct vmedia_mem *mem = priv;
	struct vmedia_device *dev = mem->dev;

	if (!refcount_dec_and_test(&mem->ref))
		return;
	if (mem->vaddr && mem->kind != VMEDIA_MEM_REGION)
		vm_unmap_ram(mem->vaddr, mem->num_pages);
	if (mem->sgt == &mem->own_sgt)
		sg_free_table(&mem->own_sgt);
	switch (mem->kind) {
	case VMEDIA_MEM_PAGES:
		free_pages_of(mem);
		break;
	case VMEDIA_MEM_USER:
		if (mem->vec)
			unpin(mem);
		break;
	case VMEDIA_MEM_DMABUF:
		release_dmabuf(mem);
		break;
	case VMEDIA_MEM_REGION:
		vmedia_region_release(mem);
		break;
	}
	kfree(mem);
	put_device_ref(dev);
}

static int make_sgt(struct vmedia_mem *mem)
{
	int err = sg_alloc_table_from_pages(&mem->own_sgt, mem->pages, mem->num_pages,
					    mem->offset, mem->len, GFP_KERNEL);

	if (!err)
		mem->sgt = &mem->own_sgt;
	return err;
}

/* ---- Guest pages ---- */

#define MAX_PIECE 9	/* 2 MiB */

/* As large pieces as there are: the fewer, the shorter the SG list. */
static int fill_pages(struct vmedia_mem *mem, unsigned int num)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN;
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
	mem->pages = kvcalloc(size >> PAGE_SHIFT, sizeof(*mem->pages), GFP_KERNEL);
	err = mem->pages ? fill_pages(mem, size >> PAGE_SHIFT) : -ENOMEM;
	if (!err)
		err = make_sgt(mem);
	if (err) {
		vmedia_mem_put(mem);
		return ERR_PTR(err);
	}
	return mem;
}

/* videobuf2 frees the buffer; mappings and loans may last. */
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
		err = vmedia_region_mmap(mem, vma);
	else
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
		return vmedia_region_vaddr(mem);
	if (!mem->vaddr && mem->pages)
		mem->vaddr = vm_map_ram(mem->pages, mem->num_pages, -1);
	return mem->vaddr ? mem->vaddr + mem->offset : NULL;
}

/* ---- A program's pages ---- */

static void *get_userptr(struct vb2_buffer *vb, struct device *unused, unsigned long addr,
			 unsigned long size)
{
	struct vmedia_queue *q = vb2_get_drv_priv(vb->vb2_queue);
	struct vmedia_mem *mem;
	int err;

	mem = vmedia_mem_new(q->session->dev, VMEDIA_MEM_USER, size, vb->vb2_queue->dma_dir);
	if (!mem)
		return ERR_PTR(-ENOMEM);
	mem->offset = offset_in_page(addr);
	mem->vec = vmedia_framevec(addr, size, mem->dir != DMA_TO_DEVICE);
	if (IS_ERR(mem->vec)) {
		err = PTR_ERR(mem->vec);
		mem->vec = NULL;
		goto put;
	}
	mem->pages = frame_vector_pages(mem->vec);
	if (IS_ERR(mem->pages)) {
		err = PTR_ERR(mem->pages);
		mem->pages = NULL;
		goto put;
	}
	mem->num_pages = frame_vector_count(mem->vec);
	err = make_sgt(mem);
	if (!err)
		return mem;
put:
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

static void *attach_dmabuf(struct vb2_buffer *vb, struct device *device, struct dma_buf *dbuf,
			   unsigned long size)
{
	struct vmedia_queue *q = vb2_get_drv_priv(vb->vb2_queue);
	struct vmedia_device *dev = q->session->dev;
	struct vmedia_mem *mem;
	int err;

	if (dbuf->size < size)
		return ERR_PTR(-EFAULT);
	mem = vmedia_mem_new(dev, VMEDIA_MEM_DMABUF, size, vb->vb2_queue->dma_dir);
	if (!mem)
		return ERR_PTR(-ENOMEM);
	mem->has_uuid = virtio_object(dbuf, mem->uuid);
	if (mem->has_uuid)
		return mem;
	err = !dev->dma && device_iommu_mapped(device) ? -EOPNOTSUPP : 0;
	if (!err) {
		mem->attach = dma_buf_attach(dbuf, device);
		err = PTR_ERR_OR_ZERO(mem->attach);
		if (err)
			mem->attach = NULL;
		else
			get_dma_buf(dbuf);
	}
	if (err) {
		vmedia_mem_put(mem);
		return ERR_PTR(err);
	}
	return mem;
}

static int map_dmabuf(void *priv)
{
	struct vmedia_mem *mem = priv;
	struct sg_table *sgt;

	if (mem->has_uuid || mem->sgt)
		return 0;
	sgt = dma_buf_map_attachment_unlocked(mem->attach, mem->dir);
	if (IS_ERR_OR_NULL(sgt))
		return sgt ? PTR_ERR(sgt) : -EINVAL;
	mem->sgt = sgt;
	return 0;
}

/* The mapping goes with the last reference: the device may have the memory for longer than this. */
static void unmap_dmabuf(void *priv)
{
}

/* ---- Loans ---- */

static u32 kind_of(const struct vmedia_mem *mem)
{
	if (mem->kind == VMEDIA_MEM_REGION)
		return V4L2_MEMORY_MMAP;
	return mem->has_uuid ? V4L2_MEMORY_DMABUF : V4L2_MEMORY_USERPTR;
}

u32 vmedia_mem_memory(struct vb2_buffer *vb)
{
	return kind_of(vb->planes[0].mem_priv);
}

/* Entries of @sgt that cover @len bytes, into @raw unless NULL; 0 if they do not. */
static u32 list_entries(const struct sg_table *sgt, bool dma, u64 len, u8 *raw)
{
	struct vmedia_sg_entry e = { 0 };
	struct scatterlist *sg;
	unsigned int i;
	u32 n = 0;

	for_each_sg(sgt->sgl, sg, dma ? sgt->nents : sgt->orig_nents, i) {
		u64 start = dma ? sg_dma_address(sg) : sg_phys(sg);
		u64 bytes = min_t(u64, dma ? sg_dma_len(sg) : sg->length, len);

		if (!bytes)
			break;
		len -= bytes;
		if (e.len && e.start + e.len == start && e.len + bytes <= U32_MAX) {
			e.len += bytes;
			continue;
		}
		if (e.len && raw)
			vmedia_sg_put(raw, n - 1, &e);
		e.start = start;
		e.len = bytes;
		n++;
	}
	if (e.len && raw)
		vmedia_sg_put(raw, n - 1, &e);
	return len ? 0 : n;
}

/* The addresses of plane @i, mapped for the time of the loan if need be. */
static int map_plane(struct vmedia_loan *loan, unsigned int i)
{
	struct vmedia_mem *mem = loan->mem[i];
	struct vmedia_device *dev = mem->dev;
	struct sg_table *sgt;
	int err;

	if (mem->kind == VMEDIA_MEM_DMABUF || !dev->dma)
		return 0;
	sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);
	if (!sgt)
		return -ENOMEM;
	err = sg_alloc_table_from_pages(sgt, mem->pages, mem->num_pages, mem->offset, mem->len,
					GFP_KERNEL);
	if (!err) {
		err = dma_map_sgtable(dev->parent->parent, sgt, mem->dir, 0);
		if (err)
			sg_free_table(sgt);
	}
	if (err)
		kfree(sgt);
	else
		loan->sgt[i] = sgt;
	return err;
}

static u32 plane_entries(struct vmedia_loan *loan, unsigned int i, u64 len, u8 *raw)
{
	struct vmedia_mem *mem = loan->mem[i];

	if (loan->sgt[i])
		return list_entries(loan->sgt[i], true, len, raw);
	return mem->sgt ? list_entries(mem->sgt, mem->kind == VMEDIA_MEM_DMABUF, len, raw) : 0;
}

static int lend_pages(struct vmedia_loan *loan, struct vb2_buffer *vb, struct vmedia_command *c)
{
	u32 count[VMEDIA_MAX_PLANES], total = 0;
	unsigned int i;
	u8 *raw;
	int err;

	for (i = 0; i < loan->num; i++) {
		err = map_plane(loan, i);
		if (err)
			return err;
		count[i] = plane_entries(loan, i, vb->planes[i].length, NULL);
		if (!count[i])
			return -EINVAL;
		total += count[i];
	}
	if (total > VMEDIA_MAX_SG_ENTRIES)
		return -E2BIG;
	c->sg_raw = kvcalloc(total, VMEDIA_SG_ENTRY_SIZE, GFP_KERNEL);
	if (!c->sg_raw)
		return -ENOMEM;
	for (i = 0, raw = c->sg_raw; i < loan->num; i++) {
		plane_entries(loan, i, vb->planes[i].length, raw);
		c->cmd.io.plane_sg[i].raw = raw;
		c->cmd.io.plane_sg[i].count = count[i];
		raw += (size_t)count[i] * VMEDIA_SG_ENTRY_SIZE;
	}
	return 0;
}

/* What it speaks of must be what it is: a queue carries one kind of memory. */
static bool same_kind(const struct vmedia_loan *loan, u32 memory)
{
	unsigned int i;

	for (i = 0; i < loan->num; i++) {
		if (kind_of(loan->mem[i]) != memory)
			return false;
	}
	return true;
}

struct vmedia_loan *vmedia_loan_new(struct vmedia_queue *q, struct vb2_buffer *vb,
				    struct vmedia_command *c)
{
	struct vmedia_loan *loan = kzalloc(sizeof(*loan), GFP_KERNEL);
	unsigned int i;
	int err = 0;

	if (!loan)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&loan->node);
	for (i = 0; i < vb->num_planes; i++) {
		loan->mem[i] = vb->planes[i].mem_priv;
		refcount_inc(&loan->mem[i]->ref);
		loan->num++;
	}
	if (!same_kind(loan, q->memory))
		err = -EINVAL;
	else if (q->memory == V4L2_MEMORY_USERPTR)
		err = lend_pages(loan, vb, c);
	for (i = 0; i < loan->num && !err && q->memory == V4L2_MEMORY_DMABUF; i++)
		memcpy(c->cmd.io.uuid[i], loan->mem[i]->uuid, VMEDIA_UUID_SIZE);
	if (err) {
		vmedia_loan_free(q->session->dev, loan);
		return ERR_PTR(err);
	}
	return loan;
}

void vmedia_loan_free(struct vmedia_device *dev, struct vmedia_loan *loan)
{
	unsigned int i;

	if (!loan)
		return;
	for (i = 0; i < loan->num; i++) {
		if (loan->sgt[i]) {
			dma_unmap_sgtable(dev->parent->parent, loan->sgt[i], loan->mem[i]->dir, 0);
			sg_free_table(loan->sgt[i]);
			kfree(loan->sgt[i]);
		}
		vmedia_mem_put(loan->mem[i]);
	}
	kfree(loan);
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
