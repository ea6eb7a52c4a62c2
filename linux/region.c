// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * Shared memory region 0: the device's own buffers, mapped for the guest by CMD_MMAP.
 *
 * A buffer is mapped at its first mmap(), once for reading and once for writing, and stays mapped
 * until the last mapping is gone (forked and split ones count), also when the buffer or the file is
 * gone before: the device keeps mappings until MUNMAP. What was mapped for reading can never be
 * written to: its VMA loses VM_MAYWRITE.
 *
 * Security model: where the device says a mapping is must be whole pages inside region 0, and as
 * long as the buffer; nothing else of guest-physical memory can get into a program this way.
 */
#include <linux/io.h>
#include <linux/ioport.h>

#include "vmedia.h"

int vmedia_region_init(struct vmedia_device *dev)
{
	struct virtio_shm_region shm;

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
	dev->region.addr = shm.addr;
	dev->region.len = shm.len;
	return 0;
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

static void forget(struct vmedia_command *c)
{
}

static void send_munmap(struct vmedia_device *dev, u64 addr)
{
	struct vmedia_command *c = vmedia_command_new(dev, NULL, VMEDIA_CMD_MUNMAP);

	if (!c)
		return;
	c->cmd.driver_addr = addr;
	c->finish = forget;
	if (vmedia_command_post(c, VMEDIA_WAIT_ALWAYS))
		vmedia_command_free(c);
}

/* Which plane of its buffer is it? */
static unsigned int plane_of(const struct vmedia_mem *mem)
{
	unsigned int i;

	for (i = 0; i < mem->vb->num_planes; i++)
		if (mem->vb->planes[i].mem_priv == mem)
			break;
	return i;
}

/* CMD_MMAP. Under map_lock, with the buffer there. */
static int ask_mapping(struct vmedia_mem *mem, bool write)
{
	struct vmedia_queue *q = vb2_get_drv_priv(mem->vb->vb2_queue);
	struct vmedia_command *c;
	const char *fault;
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
	err = vmedia_command_run(c, VMEDIA_WAIT_KILL, &gone);
	if (gone)
		return err;
	fault = err ? NULL : answer_fault(mem, c->cmd.driver_addr, c->cmd.mmap_len);
	if (fault) {
		vmedia_refused(mem->dev, "MMAP", fault, c->cmd.driver_addr, c->cmd.mmap_len);
		send_munmap(mem->dev, c->cmd.driver_addr);
		err = -EIO;
	}
	if (!err) {
		mem->map[write].addr = c->cmd.driver_addr;
		mem->map[write].len = PAGE_ALIGN(c->cmd.mmap_len);
	}
	vmedia_command_free(c);
	return err;
}

/* The mapping, made if there is none. */
static int get_mapping(struct vmedia_mem *mem, bool write)
{
	int err = 0;

	mutex_lock(&mem->map_lock);
	if (!mem->map[write].len)
		err = mem->vb ? ask_mapping(mem, write) : -EINVAL;
	mutex_unlock(&mem->map_lock);
	return err;
}

int vmedia_region_mmap(struct vmedia_mem *mem, struct vm_area_struct *vma)
{
	bool write = vma->vm_flags & VM_WRITE;
	unsigned long size = vma->vm_end - vma->vm_start;
	int err = get_mapping(mem, write);

	if (err)
		return err;
	if (size > mem->map[write].len)
		return -EINVAL;
	if (!write)
		vmedia_vm_flags(vma, 0, VM_MAYWRITE);
	return remap_pfn_range(vma, vma->vm_start,
			       PHYS_PFN(mem->dev->region.addr + mem->map[write].addr), size,
			       vma->vm_page_prot);
}

void *vmedia_region_vaddr(struct vmedia_mem *mem)
{
	bool write = mem->dir != DMA_FROM_DEVICE;

	if (mem->vaddr || get_mapping(mem, write))
		return mem->vaddr;
	mem->vaddr = memremap(mem->dev->region.addr + mem->map[write].addr, mem->map[write].len,
			      MEMREMAP_WB);
	return mem->vaddr;
}

void vmedia_region_release(struct vmedia_mem *mem)
{
	unsigned int i;

	if (mem->vaddr)
		memunmap(mem->vaddr);
	for (i = 0; i < ARRAY_SIZE(mem->map); i++)
		if (mem->map[i].len)
			send_munmap(mem->dev, mem->map[i].addr);
}
