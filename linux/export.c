// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * Guest pages of buffers as dma-bufs (EXPBUF). The dma-buf holds the memory, not the buffer: it may
 * outlive the queue and the file.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "vmedia.h"

static struct sg_table *map_dma_buf(struct dma_buf_attachment *attach, enum dma_data_direction dir)
{
	struct vmedia_mem *mem = attach->dmabuf->priv;
	struct sg_table *sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);
	int err;

	if (!sgt)
		return ERR_PTR(-ENOMEM);
	err = sg_alloc_table_from_pages(sgt, mem->pages, mem->num_pages, 0, mem->len, GFP_KERNEL);
	if (err)
		goto free;
	err = dma_map_sgtable(attach->dev, sgt, dir, 0);
	if (!err)
		return sgt;
	sg_free_table(sgt);
free:
	kfree(sgt);
	return ERR_PTR(err);
}

static void unmap_dma_buf(struct dma_buf_attachment *attach, struct sg_table *sgt,
			  enum dma_data_direction dir)
{
	dma_unmap_sgtable(attach->dev, sgt, dir, 0);
	sg_free_table(sgt);
	kfree(sgt);
}

static void release(struct dma_buf *dbuf)
{
	vmedia_mem_put(dbuf->priv);
}

static int export_mmap(struct dma_buf *dbuf, struct vm_area_struct *vma)
{
	struct vmedia_mem *mem = dbuf->priv;

	return vm_map_pages(vma, mem->pages, mem->num_pages);
}

static int export_vmap(struct dma_buf *dbuf, struct iosys_map *map)
{
	struct vmedia_mem *mem = dbuf->priv;
	void *addr = vmap(mem->pages, mem->num_pages, VM_MAP, PAGE_KERNEL);

	if (!addr)
		return -ENOMEM;
	iosys_map_set_vaddr(map, addr);
	return 0;
}

static void export_vunmap(struct dma_buf *dbuf, struct iosys_map *map)
{
	vunmap(map->vaddr);
}

static const struct dma_buf_ops export_ops = {
	.map_dma_buf = map_dma_buf,
	.unmap_dma_buf = unmap_dma_buf,
	.release = release,
	.mmap = export_mmap,
	.vmap = export_vmap,
	.vunmap = export_vunmap,
};

struct dma_buf *vmedia_get_dmabuf(struct vb2_buffer *vb, void *priv, unsigned long flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct vmedia_mem *mem = priv;
	struct dma_buf *dbuf;

	if (mem->kind != VMEDIA_MEM_PAGES)
		return NULL;
	info.ops = &export_ops;
	info.size = mem->len;
	info.flags = flags;
	info.priv = mem;
	dbuf = dma_buf_export(&info);
	if (!IS_ERR(dbuf))
		refcount_inc(&mem->ref);
	return dbuf;
}
