// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * Buffers as dma-bufs (EXPBUF). The dma-buf holds the memory, not the buffer: it may outlive the
 * queue and the file.
 *
 * Guest pages become a usual dma-buf: importers map them for DMA, and CPU accesses need
 * DMA_BUF_IOCTL_SYNC, since an importer's mapping may be of a copy.
 *
 * The device's own memory in region 0 becomes a virtio object: the device exports it under a UUID,
 * which another virtio device uses to find it. Programs and drivers of this guest may map it. Only
 * virtio devices can access it; other devices of the guest cannot.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#if IS_ENABLED(CONFIG_VIRTIO_DMA_SHARED_BUFFER)
#include <linux/virtio_dma_buf.h>
#endif

#include "vmedia.h"

/* ---- Guest pages ---- */

/**
 * struct export - a dma-buf of guest pages
 * @mem: the pages; a reference
 * @lock: protects @importers and their mappings
 * @importers: struct importer
 */
struct export {
	struct vmedia_mem *mem;
	struct mutex lock;		/* see above */
	struct list_head importers;
};

/**
 * struct importer - an attachment to an export
 * @node: in export->importers
 * @dev: the device that does DMA
 * @sgt: the pages
 * @mapped: @sgt has DMA addresses
 * @dir: direction of the mapping
 */
struct importer {
	struct list_head node;
	struct device *dev;
	struct sg_table sgt;
	bool mapped;
	enum dma_data_direction dir;
};

static int export_attach(struct dma_buf *dbuf, struct dma_buf_attachment *attach)
{
	struct export *e = dbuf->priv;
	struct importer *im = kzalloc(sizeof(*im), GFP_KERNEL);
	size_t segment;
	int err;

	if (!im)
		return -ENOMEM;
	im->dev = attach->dev;
	segment = min_t(size_t, dma_max_mapping_size(im->dev), dma_get_max_seg_size(im->dev));
	err = sg_alloc_table_from_pages_segment(&im->sgt, e->mem->pages, e->mem->num_pages, 0,
						e->mem->len, segment, GFP_KERNEL);
	if (err) {
		kfree(im);
		return err;
	}
	attach->priv = im;
	mutex_lock(&e->lock);
	list_add(&im->node, &e->importers);
	mutex_unlock(&e->lock);
	return 0;
}

static void export_detach(struct dma_buf *dbuf, struct dma_buf_attachment *attach)
{
	struct export *e = dbuf->priv;
	struct importer *im = attach->priv;

	mutex_lock(&e->lock);
	list_del(&im->node);
	mutex_unlock(&e->lock);
	sg_free_table(&im->sgt);
	kfree(im);
}

static struct sg_table *export_map(struct dma_buf_attachment *attach, enum dma_data_direction dir)
{
	struct export *e = attach->dmabuf->priv;
	struct importer *im = attach->priv;
	int err = -EBUSY;

	mutex_lock(&e->lock);
	if (!im->mapped)
		err = dma_map_sgtable(im->dev, &im->sgt, dir, 0);
	if (!err) {
		im->mapped = true;
		im->dir = dir;
	}
	mutex_unlock(&e->lock);
	return err ? ERR_PTR(err) : &im->sgt;
}

static void export_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
			 enum dma_data_direction dir)
{
	struct export *e = attach->dmabuf->priv;
	struct importer *im = attach->priv;

	mutex_lock(&e->lock);
	im->mapped = false;
	dma_unmap_sgtable(im->dev, sgt, dir, 0);
	mutex_unlock(&e->lock);
}

static int export_begin_cpu(struct dma_buf *dbuf, enum dma_data_direction dir)
{
	struct export *e = dbuf->priv;
	struct importer *im;

	mutex_lock(&e->lock);
	list_for_each_entry(im, &e->importers, node)
		if (im->mapped)
			dma_sync_sgtable_for_cpu(im->dev, &im->sgt, im->dir);
	mutex_unlock(&e->lock);
	return 0;
}

static int export_end_cpu(struct dma_buf *dbuf, enum dma_data_direction dir)
{
	struct export *e = dbuf->priv;
	struct importer *im;

	mutex_lock(&e->lock);
	list_for_each_entry(im, &e->importers, node)
		if (im->mapped)
			dma_sync_sgtable_for_device(im->dev, &im->sgt, im->dir);
	mutex_unlock(&e->lock);
	return 0;
}

static void export_release(struct dma_buf *dbuf)
{
	struct export *e = dbuf->priv;

	vmedia_mem_put(e->mem);
	mutex_destroy(&e->lock);
	kfree(e);
}

static int export_mmap(struct dma_buf *dbuf, struct vm_area_struct *vma)
{
	struct export *e = dbuf->priv;

	/*
	 * This also holds for a read-only dma-buf: VM_SHARED is not set then, but VM_MAYSHARE is.
	 */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	vmedia_vm_flags(vma, VM_DONTEXPAND | VM_DONTDUMP, 0);
	return vm_map_pages(vma, e->mem->pages, e->mem->num_pages);
}

static int export_vmap(struct dma_buf *dbuf, struct iosys_map *map)
{
	struct export *e = dbuf->priv;
	void *addr = vmap(e->mem->pages, e->mem->num_pages, VM_MAP, PAGE_KERNEL);

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
	.attach = export_attach,
	.detach = export_detach,
	.map_dma_buf = export_map,
	.unmap_dma_buf = export_unmap,
	.begin_cpu_access = export_begin_cpu,
	.end_cpu_access = export_end_cpu,
	.release = export_release,
	.mmap = export_mmap,
	.vmap = export_vmap,
	.vunmap = export_vunmap,
};

static struct dma_buf *export_pages(struct vmedia_mem *mem, unsigned long flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct export *e = kzalloc(sizeof(*e), GFP_KERNEL);
	struct dma_buf *dbuf;

	if (!e)
		return ERR_PTR(-ENOMEM);
	e->mem = mem;
	mutex_init(&e->lock);
	INIT_LIST_HEAD(&e->importers);
	info.ops = &export_ops;
	info.size = mem->len;
	info.flags = flags;
	info.priv = e;
	dbuf = dma_buf_export(&info);
	if (IS_ERR(dbuf))
		kfree(e);
	else
		refcount_inc(&mem->ref);
	return dbuf;
}

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

static int object_vmap(struct dma_buf *dbuf, struct iosys_map *map)
{
	const struct object *o = dbuf->priv;
	void *addr = vmedia_region_vaddr(o->mem, true);

	if (!addr)
		return -ENODEV;
	iosys_map_set_vaddr(map, addr);
	return 0;
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
		.vmap = object_vmap,
		.release = object_release,
	},
	.get_uuid = object_uuid,
};

/* Send EXPBUF; the answer has the UUID of the object. */
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
	err = vmedia_command_run(c, &gone);
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
	if (IS_ERR(dbuf)) {
		kfree(o);
		return dbuf;
	}
	refcount_inc(&mem->ref);
	vmedia_region_file(mem->dev, dbuf->file);
	/* Map now, since the buffer may be gone at mmap(). If this fails, mmap() tries again. */
	vmedia_region_map(mem, (flags & O_ACCMODE) != O_RDONLY);
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
	struct vmedia_mem *mem = priv;

	if (mem->kind == VMEDIA_MEM_REGION)
		return export_object(vb, mem, flags);
	return mem->kind == VMEDIA_MEM_PAGES ? export_pages(mem, flags) : NULL;
}
