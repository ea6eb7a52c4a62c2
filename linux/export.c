// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * Buffers as dma-bufs (EXPBUF). The dma-buf holds the memory, not the buffer: it may outlive the
 * queue and the file.
 *
 * Guest pages are a dma-buf like any other. The device's own memory in region 0 is a virtio object:
 * the device exports it under a UUID, by which another virtio device is told of it; a program may
 * map it, but a device of this guest's cannot reach it.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#if IS_ENABLED(CONFIG_VIRTIO_DMA_SHARED_BUFFER)
#include <linux/virtio_dma_buf.h>
#endif

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

/* ---- Virtio objects ---- */

#if IS_ENABLED(CONFIG_VIRTIO_DMA_SHARED_BUFFER)
struct object {
	struct vmedia_mem *mem;
	uuid_t uuid;
};

static int object_uuid(struct dma_buf *dbuf, uuid_t *uuid)
{
	const struct object *o = dbuf->priv;

	uuid_copy(uuid, &o->uuid);
	return 0;
}

static struct sg_table *object_map(struct dma_buf_attachment *attach, enum dma_data_direction dir)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void object_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
			 enum dma_data_direction dir)
{
}

static int object_mmap(struct dma_buf *dbuf, struct vm_area_struct *vma)
{
	const struct object *o = dbuf->priv;

	return vmedia_region_mmap(o->mem, vma);
}

static void object_release(struct dma_buf *dbuf)
{
	struct object *o = dbuf->priv;

	vmedia_mem_put(o->mem);
	kfree(o);
}

static const struct virtio_dma_buf_ops object_ops = {
	.ops = {
		.attach = virtio_dma_buf_attach,
		.map_dma_buf = object_map,
		.unmap_dma_buf = object_unmap,
		.mmap = object_mmap,
		.release = object_release,
	},
	.get_uuid = object_uuid,
};

/* EXPBUF: the device names the object. */
static int ask_uuid(struct vb2_buffer *vb, struct vmedia_mem *mem, unsigned long flags,
		    uuid_t *uuid)
{
	struct vmedia_queue *q = vb2_get_drv_priv(vb->vb2_queue);
	struct vmedia_buf *buf = vmedia_buf_of(vb);
	struct vmedia_command *c = vmedia_command_ioctl(q->session, VMEDIA_NR_EXPBUF);
	struct vmedia_exportbuffer *e;
	unsigned int plane = 0;
	bool gone;
	int err;

	if (!c)
		return -ENOMEM;
	while (plane < vb->num_planes && vb->planes[plane].mem_priv != mem)
		plane++;
	e = &c->cmd.io.arg.exportbuffer;
	e->type = q->type;
	e->index = buf->known ? buf->index : vb->index;
	e->plane = plane;
	e->flags = flags;
	err = vmedia_command_run(c, VMEDIA_WAIT_KILL, &gone);
	if (gone)
		return err;
	import_uuid(uuid, c->cmd.io.uuid[0]);
	vmedia_command_free(c);
	return err;
}

static struct dma_buf *export_object(struct vb2_buffer *vb, struct vmedia_mem *mem,
				     unsigned long flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct object *o = kzalloc(sizeof(*o), GFP_KERNEL);
	struct dma_buf *dbuf;
	int err;

	if (!o)
		return ERR_PTR(-ENOMEM);
	err = ask_uuid(vb, mem, flags, &o->uuid);
	if (err) {
		kfree(o);
		return ERR_PTR(err);
	}
	o->mem = mem;
	info.ops = &object_ops.ops;
	info.size = mem->len;
	info.flags = flags;
	info.priv = o;
	dbuf = virtio_dma_buf_export(&info);
	if (IS_ERR(dbuf))
		kfree(o);
	else
		refcount_inc(&mem->ref);
	return dbuf;
}
#else
static struct dma_buf *export_object(struct vb2_buffer *vb, struct vmedia_mem *mem,
				     unsigned long flags)
{
	return NULL;
}
#endif

struct dma_buf *vmedia_get_dmabuf(struct vb2_buffer *vb, void *priv, unsigned long flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct vmedia_mem *mem = priv;
	struct dma_buf *dbuf;

	if (mem->kind == VMEDIA_MEM_REGION)
		return export_object(vb, mem, flags);
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
