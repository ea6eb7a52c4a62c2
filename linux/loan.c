// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * Loans: the memory of a queued buffer, which the device holds until it returns the buffer.
 *
 * If the device is behind a DMA API (VIRTIO_F_ACCESS_PLATFORM), it gets DMA addresses, which are
 * mapped for the time of the loan. Otherwise it gets guest-physical addresses. The exporter maps an
 * imported dma-buf, also for the time of the loan. Its DMA addresses are guest-physical ones unless
 * there is an IOMMU in between; in that case the buffer is refused (mem.c).
 *
 * A mapping may be of a copy (bounce buffers). The device's data is copied back when the loan ends.
 * So a loan ends before videobuf2 gets its buffer back.
 *
 * Loans are made and ended under map_lock, and no loan is made for a dead device: see main.c.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include "vmedia.h"

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

/* ---- Addresses ---- */

/*
 * Write the entries of @sgt that cover @len bytes to @raw, unless NULL. Returns their number; 0 if
 * @sgt is too short.
 */
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

static struct sg_table *map_pages(struct vmedia_mem *mem)
{
	struct vmedia_device *dev = mem->dev;
	struct sg_table *sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);
	int err;

	if (!sgt)
		return ERR_PTR(-ENOMEM);
	err = sg_alloc_table_from_pages_segment(sgt, mem->pages, mem->num_pages, mem->offset,
						mem->len, dev->max_segment, GFP_KERNEL);
	if (err)
		goto free;
	err = dma_map_sgtable(dev->dma_dev, sgt, mem->dir, 0);
	if (!err)
		return sgt;
	sg_free_table(sgt);
free:
	kfree(sgt);
	return ERR_PTR(err);
}

static void unmap_pages(struct vmedia_mem *mem, struct sg_table *sgt)
{
	dma_unmap_sgtable(mem->dev->dma_dev, sgt, mem->dir, 0);
	sg_free_table(sgt);
	kfree(sgt);
}

static struct sg_table *map_imported(struct vmedia_loan *loan, unsigned int i)
{
	struct vmedia_mem *mem = loan->mem[i];
	struct dma_buf_attachment *a = mem->attach;
	struct sg_table *sgt;

	if (mem->bounced)
		a = dma_buf_attach(mem->dbuf, mem->dev->dma_dev);
	if (IS_ERR(a))
		return ERR_CAST(a);
	sgt = dma_buf_map_attachment_unlocked(a, mem->dir);
	if (IS_ERR_OR_NULL(sgt) && mem->bounced)
		dma_buf_detach(mem->dbuf, a);
	loan->attach[i] = a;
	return sgt;
}

static void unmap_imported(struct vmedia_loan *loan, unsigned int i)
{
	struct vmedia_mem *mem = loan->mem[i];

	dma_buf_unmap_attachment_unlocked(loan->attach[i], loan->sgt[i], mem->dir);
	if (mem->bounced)
		dma_buf_detach(mem->dbuf, loan->attach[i]);
}

/* Get the addresses of plane @i; map it for the time of the loan if needed. */
static int map_plane(struct vmedia_loan *loan, unsigned int i)
{
	struct vmedia_mem *mem = loan->mem[i];
	struct sg_table *sgt;

	if (mem->kind == VMEDIA_MEM_DMABUF)
		sgt = map_imported(loan, i);
	else if (mem->dev->dma)
		sgt = map_pages(mem);
	else
		return 0;
	if (IS_ERR_OR_NULL(sgt))
		return sgt ? PTR_ERR(sgt) : -EINVAL;
	loan->sgt[i] = sgt;
	return 0;
}

static void unmap_plane(struct vmedia_loan *loan, unsigned int i)
{
	struct vmedia_mem *mem = loan->mem[i];

	if (!loan->sgt[i])
		return;
	if (mem->kind == VMEDIA_MEM_DMABUF)
		unmap_imported(loan, i);
	else
		unmap_pages(mem, loan->sgt[i]);
}

static u32 plane_entries(struct vmedia_loan *loan, unsigned int i, u64 len, u8 *raw)
{
	if (loan->sgt[i])
		return list_entries(loan->sgt[i], true, len, raw);
	return list_entries(&loan->mem[i]->sgt, false, len, raw);
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
		if (count[i] > VMEDIA_MAX_SG_ENTRIES - total)
			return -E2BIG;
		total += count[i];
	}
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

/* ---- Loans ---- */

/* True if all planes have the kind of @memory; a queue carries one kind of memory. */
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
	struct vmedia_loan *loan;
	unsigned int i;
	int err = 0;

	lockdep_assert_held(&q->session->dev->map_lock);
	if (READ_ONCE(q->session->dev->dead))
		return ERR_PTR(-ENODEV);
	loan = kzalloc(sizeof(*loan), GFP_KERNEL);
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
	lockdep_assert_held(&dev->map_lock);
	for (i = 0; i < loan->num; i++) {
		unmap_plane(loan, i);
		vmedia_mem_put(loan->mem[i]);
	}
	kfree(loan);
}
