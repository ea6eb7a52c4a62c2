// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * Shared memory region 0: the device's own buffers, mapped for the guest by CMD_MMAP.
 *
 * The device maps a buffer at its first mmap(), once for reading and once for writing. It stays
 * mapped until the last mapping in the guest is gone (forked, split and moved ones count), even if
 * the buffer or the file goes before: the device keeps mappings until MUNMAP. A mapping for reading
 * can never be written to: its VMA loses VM_MAYWRITE.
 *
 * Page table entries are set at the first access, under region.lock. All VMAs, those of files and
 * those of exported dma-bufs, are in the address space of one inode, which only this region uses.
 * So one call removes all entries when the device goes away. After that, an access finds a page of
 * zeros, one for each buffer, and calls on the file return that the device is gone.
 *
 * Security model: the place of a mapping, as the device gives it, must be whole pages inside region
 * 0, as long as the buffer, and must not overlap the place of another buffer. So a program can
 * access neither other guest-physical memory nor the pictures of others this way.
 */
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>

#include "vmedia.h"

#define REGION_FS_MAGIC 0x766d6430	/* "vmd0" */

/* ---- The region ---- */

static int init_fs(struct fs_context *fc)
{
	return init_pseudo(fc, REGION_FS_MAGIC) ? 0 : -ENOMEM;
}

/* No owner: the device lasts as long as its driver, and would keep the module loaded. */
static struct file_system_type region_fs = {
	.name = "virtio_media",
	.init_fs_context = init_fs,
	.kill_sb = kill_anon_super,
};

/* Allocate the inode whose address space the mappings use. */
static int make_inode(struct vmedia_region *r)
{
	struct vfsmount *mnt = kern_mount(&region_fs);
	struct inode *inode;

	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	inode = alloc_anon_inode(mnt->mnt_sb);
	if (IS_ERR(inode)) {
		kern_unmount(mnt);
		return PTR_ERR(inode);
	}
	r->mnt = mnt;
	r->inode = inode;
	return 0;
}

int vmedia_region_init(struct vmedia_device *dev)
{
	struct vmedia_region *r = &dev->region;
	struct virtio_shm_region shm;
	int err;

	init_rwsem(&r->lock);
	spin_lock_init(&r->maps_lock);
	INIT_LIST_HEAD(&r->maps);
	if (!virtio_get_shm_region(dev->virtio, &shm, VMEDIA_SHM_MMAP) || !shm.len)
		return 0;
	if (!PAGE_ALIGNED(shm.addr) || !PAGE_ALIGNED(shm.len) || shm.addr + shm.len < shm.addr) {
		dev_err(dev->parent, "shared memory region 0 is not whole pages: %#llx at %#llx\n",
			shm.len, shm.addr);
		return -EINVAL;
	}
	if (!devm_request_mem_region(dev->parent, shm.addr, shm.len, "virtio_media")) {
		dev_err(dev->parent, "shared memory region 0 is used by others\n");
		return -EBUSY;
	}
	err = make_inode(r);
	if (err)
		return err;
	/* For the kernel's own accesses, with the same caching as the programs' mappings. */
	r->base = memremap(shm.addr, shm.len, MEMREMAP_WB);
	if (!r->base) {
		dev_err(dev->parent, "shared memory region 0 cannot be mapped: %#llx bytes\n",
			shm.len);
		return -ENOMEM;
	}
	r->addr = shm.addr;
	r->len = shm.len;
	return 0;
}

void vmedia_region_fini(struct vmedia_device *dev)
{
	struct vmedia_region *r = &dev->region;

	if (r->base)
		memunmap(r->base);
	if (!r->inode)
		return;
	iput(r->inode);
	kern_unmount(r->mnt);
}

void vmedia_region_file(struct vmedia_device *dev, struct file *file)
{
	if (dev->region.len)
		file->f_mapping = dev->region.inode->i_mapping;
}

/* ---- Mappings by the device ---- */

static void unmapped(struct vmedia_command *c)
{
	if (atomic_dec_and_test(&c->dev->region.unmapping))
		wake_up_all(&c->dev->space);
}

static struct vmedia_command *munmap_command(struct vmedia_device *dev)
{
	struct vmedia_command *c = vmedia_command_new(dev, NULL, VMEDIA_CMD_MUNMAP);

	if (c)
		c->finish = unmapped;
	return c;
}

static void send_munmap(struct vmedia_command *c, u64 addr)
{
	c->cmd.driver_addr = addr;
	atomic_inc(&c->dev->region.unmapping);
	if (!vmedia_command_post(c))
		return;
	unmapped(c);
	vmedia_command_free(c);
}

static const char *answer_fault(const struct vmedia_mem *mem, u64 addr, u64 len)
{
	u64 size = mem->dev->region.len;

	if (!PAGE_ALIGNED(addr))
		return "mapping that is not at a page";
	if (len < mem->len && PAGE_ALIGN(len) < mem->len)
		return "mapping shorter than the buffer";
	if (len > size || addr > size || PAGE_ALIGN(len) > size - addr)
		return "mapping beyond region 0";
	return NULL;
}

/*
 * True if the place is mapped for another buffer. Another mapping of the same buffer may have it.
 * Context: maps_lock.
 */
static bool taken(struct vmedia_mem *mem, u64 addr, u64 len)
{
	struct vmedia_map *m;

	list_for_each_entry(m, &mem->dev->region.maps, node) {
		if ((m == &mem->map[0] || m == &mem->map[1]) && m->addr == addr)
			continue;
		if (addr < m->addr + m->len && m->addr < addr + len)
			return true;
	}
	return false;
}

/* Add the mapping to the list, unless another buffer has its place. */
static int claim(struct vmedia_mem *mem, bool write, u64 addr, u64 len,
		 struct vmedia_command *munmap)
{
	struct vmedia_region *r = &mem->dev->region;
	struct vmedia_map *map = &mem->map[write];
	int err = 0;

	spin_lock(&r->maps_lock);
	if (r->gone) {
		err = -ENODEV;
	} else if (taken(mem, addr, len)) {
		err = -EIO;
	} else {
		map->addr = addr;
		map->len = len;
		map->munmap = munmap;
		list_add_tail(&map->node, &r->maps);
	}
	spin_unlock(&r->maps_lock);
	return err;
}

/* Check the answer of CMD_MMAP and add the mapping. */
static int take_mapping(struct vmedia_mem *mem, bool write, const struct vmedia_cmd *cmd)
{
	struct vmedia_command *munmap = munmap_command(mem->dev);
	const char *fault = answer_fault(mem, cmd->driver_addr, cmd->mmap_len);
	int err;

	if (!munmap)
		return -ENOMEM;
	if (fault) {
		vmedia_refused(mem->dev, "MMAP", fault, cmd->driver_addr, cmd->mmap_len);
		send_munmap(munmap, cmd->driver_addr);
		return -EIO;
	}
	err = claim(mem, write, cmd->driver_addr, PAGE_ALIGN(cmd->mmap_len), munmap);
	if (!err)
		return 0;
	/* Do not unmap: the place belongs to another mapping, or the device is gone. */
	if (err == -EIO)
		vmedia_refused(mem->dev, "MMAP", "mapping where another buffer is mapped",
			       cmd->driver_addr, cmd->mmap_len);
	vmedia_command_free(munmap);
	return err;
}

/* The index of @mem among the planes of its buffer. */
static unsigned int plane_of(const struct vmedia_mem *mem)
{
	unsigned int i;

	for (i = 0; i < mem->vb->num_planes; i++)
		if (mem->vb->planes[i].mem_priv == mem)
			break;
	return i;
}

/* Send CMD_MMAP. Context: map_lock; the buffer must exist. */
static int ask_mapping(struct vmedia_mem *mem, bool write)
{
	struct vmedia_queue *q = vb2_get_drv_priv(mem->vb->vb2_queue);
	struct vmedia_command *c;
	u32 offset;
	bool gone;
	int err = vmedia_plane_offset(mem->vb, plane_of(mem), &offset);

	if (err)
		return err;
	c = vmedia_command_new(mem->dev, q->session, VMEDIA_CMD_MMAP);
	if (!c)
		return -ENOMEM;
	c->cmd.mmap_flags = write ? VMEDIA_MMAP_FLAG_RW : 0;
	c->cmd.mmap_offset = offset;
	err = vmedia_command_run(c, &gone);
	if (gone)
		return err;
	if (!err)
		err = take_mapping(mem, write, &c->cmd);
	vmedia_command_free(c);
	return err;
}

int vmedia_region_map(struct vmedia_mem *mem, bool write)
{
	int err = 0;

	mutex_lock(&mem->map_lock);
	/* A mapping for writing can also be read. */
	if (!mem->map[write].len && !mem->map[true].len)
		err = mem->vb ? ask_mapping(mem, write) : -EINVAL;
	mutex_unlock(&mem->map_lock);
	return err;
}

/*
 * Unmap. Remove the mapping from the list first: after MUNMAP the device may use the place again.
 */
static void undo_mapping(struct vmedia_region *r, struct vmedia_map *map)
{
	struct vmedia_command *munmap;

	spin_lock(&r->maps_lock);
	munmap = map->munmap;
	map->munmap = NULL;
	if (munmap)
		list_del(&map->node);
	spin_unlock(&r->maps_lock);
	if (munmap)
		send_munmap(munmap, map->addr);
}

void vmedia_region_release(struct vmedia_mem *mem)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mem->map); i++)
		undo_mapping(&mem->dev->region, &mem->map[i]);
	if (mem->zeros)
		__free_page(mem->zeros);
}

/* Unmap everything, also before a reset: some VMMs do not remove mappings at reset. */
static void undo_all(struct vmedia_device *dev)
{
	struct vmedia_region *r = &dev->region;
	struct vmedia_command *munmap;
	struct vmedia_map *map;
	u64 addr;

	for (;;) {
		spin_lock(&r->maps_lock);
		map = list_first_entry_or_null(&r->maps, struct vmedia_map, node);
		if (map) {
			list_del(&map->node);
			munmap = map->munmap;
			map->munmap = NULL;
			addr = map->addr;
		}
		spin_unlock(&r->maps_lock);
		if (!map)
			break;
		send_munmap(munmap, addr);
	}
	wait_event_timeout(dev->space, !atomic_read(&r->unmapping) || READ_ONCE(dev->failed), HZ);
}

void vmedia_region_gone(struct vmedia_device *dev)
{
	struct vmedia_region *r = &dev->region;

	if (!r->inode)
		return;
	down_write(&r->lock);
	spin_lock(&r->maps_lock);
	r->gone = true;
	spin_unlock(&r->maps_lock);
	up_write(&r->lock);
	unmap_mapping_range(r->inode->i_mapping, 0, 0, 1);
	undo_all(dev);
}

/* ---- Mappings by programs ---- */

/*
 * Insert @vma's pages around @address, so that a picture needs few faults: consecutive pages from
 * @pfn on, or the same page everywhere.
 */
static vm_fault_t insert(struct vm_area_struct *vma, unsigned long address, unsigned long pfn,
			 bool same)
{
	unsigned long start = max(vma->vm_start, address & PMD_MASK), a;
	unsigned long end = min(vma->vm_end, (address & PMD_MASK) + PMD_SIZE);
	vm_fault_t ret = VM_FAULT_NOPAGE;

	for (a = start; a < end && ret == VM_FAULT_NOPAGE; a += PAGE_SIZE)
		ret = vmf_insert_pfn(vma, a, same ? pfn : pfn + linear_page_index(vma, a));
	return ret;
}

static struct page *zeros_of(struct vmedia_mem *mem)
{
	struct page *page = READ_ONCE(mem->zeros);

	if (page)
		return page;
	page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (page && cmpxchg(&mem->zeros, NULL, page))
		__free_page(page);
	return READ_ONCE(mem->zeros);
}

static vm_fault_t region_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct vmedia_mem *mem = vma->vm_private_data;
	bool write = vma->vm_flags & VM_MAYWRITE || !mem->map[false].len;
	struct vmedia_region *r = &mem->dev->region;
	vm_fault_t ret = VM_FAULT_OOM;
	struct page *page;

	down_read(&r->lock);
	if (!r->gone) {
		ret = insert(vma, vmf->address, PHYS_PFN(r->addr + mem->map[write].addr), false);
	} else {
		page = zeros_of(mem);
		if (page)
			ret = insert(vma, vmf->address, page_to_pfn(page), true);
	}
	up_read(&r->lock);
	return ret;
}

static void region_open(struct vm_area_struct *vma)
{
	struct vmedia_mem *mem = vma->vm_private_data;

	refcount_inc(&mem->ref);
}

static void region_close(struct vm_area_struct *vma)
{
	vmedia_mem_put(vma->vm_private_data);
}

static const struct vm_operations_struct region_vm_ops = {
	.open = region_open,
	.close = region_close,
	.fault = region_fault,
};

int vmedia_region_mmap(struct vmedia_mem *mem, struct vm_area_struct *vma)
{
	bool write = vma->vm_flags & VM_WRITE;
	unsigned long pages;
	int err;

	/*
	 * This also holds for a read-only dma-buf: VM_SHARED is not set then, but VM_MAYSHARE is.
	 */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	err = vmedia_region_map(mem, write);
	if (err)
		return err;
	pages = (mem->map[write].len ?: mem->map[true].len) >> PAGE_SHIFT;
	if (vma->vm_pgoff > pages || vma_pages(vma) > pages - vma->vm_pgoff)
		return -EINVAL;
	vmedia_vm_flags(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP,
			write ? 0 : VM_MAYWRITE);
	vma->vm_private_data = mem;
	vma->vm_ops = &region_vm_ops;
	region_open(vma);
	return 0;
}

void *vmedia_region_vaddr(struct vmedia_mem *mem, bool write)
{
	if (vmedia_region_map(mem, write))
		return NULL;
	return mem->dev->region.base + mem->map[write || !mem->map[false].len].addr;
}
