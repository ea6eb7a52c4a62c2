// SPDX-License-Identifier: BSD-3-Clause
/*
 * Shared memory region 0: a reserved range of addresses, into which the device maps its files.
 *
 * There are two lists. Maps are made by SHMEM_MAP: they never overlap, and each is a range of one
 * file's pages, mapped over the reservation. Users are made by vmedia_mmap(): each lies within one
 * map. SHMEM_UNMAP turns a map back into the bare reservation (PROT_NONE, so that a stale pointer
 * faults instead of reading other memory).
 *
 * Security model: the device chooses files, offsets and lengths. A map must consist of whole pages
 * inside the region, must not overlap another map, and must lie within a file that the device
 * cannot shorten later: access to a page behind the end of a file raises SIGBUS. So a file must be
 * sealed against shrinking, or be a dma-buf, which cannot shrink. VMEDIA_DRIVER_ALLOW_UNSEALED
 * skips this check. A map that the program uses is not unmapped, even if the device requests it
 * (clause "Unmapping a MMAP buffer"). The answer of CMD_MMAP is accepted only if it names a map.
 */
#include "driver/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "vhost/frontend.h"

#ifndef DMA_BUF_MAGIC
#define DMA_BUF_MAGIC 0x444d4142
#endif

struct region_map {
	struct vmedia_list node;
	uint64_t off, len;
	bool rw;
};

struct region_user {
	struct vmedia_list node;
	uint64_t off, len;		/* len in pages */
	unsigned int count;		/* calls of vmedia_mmap() to undo */
};

int vmedia_region_init(struct vmedia_region *r, uint64_t size, bool allow_unsealed)
{
	void *base;

	vmedia_list_init(&r->maps);
	vmedia_list_init(&r->users);
	r->allow_unsealed = allow_unsealed;
	r->base = NULL;
	r->size = 0;
	if (!size)
		return 0;
	if (size % vmedia_page_size() || size > SIZE_MAX / 2)
		return -EPROTO;
	base = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return -errno;
	r->base = base;
	r->size = size;
	return 0;
}

void vmedia_region_fini(struct vmedia_region *r)
{
	struct region_map *m, *mt;
	struct region_user *u, *ut;

	vmedia_list_for_each_safe(m, mt, &r->maps, node)
		free(m);
	vmedia_list_for_each_safe(u, ut, &r->users, node)
		free(u);
	vmedia_list_init(&r->maps);
	vmedia_list_init(&r->users);
	if (r->base)
		munmap(r->base, r->size);
	r->base = NULL;
	r->size = 0;
}

static int refuse(struct vmedia_driver *drv, int err, const char *what, uint64_t off, uint64_t len)
{
	drv->stats.refused_requests++;
	vmedia_warn_rl(&drv->limit,
		       "device asked for [%#llx, +%#llx) of region 0 (%#llx bytes), refused: %s",
		       (unsigned long long)off, (unsigned long long)len,
		       (unsigned long long)drv->region.size, what);
	return err;
}

static bool overlap(uint64_t a, uint64_t alen, uint64_t b, uint64_t blen)
{
	return a < b + blen && b < a + alen;
}

/* True if the file can become shorter while it is mapped. */
static bool may_shrink(int fd)
{
	struct statfs fs;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals >= 0)
		return !(seals & F_SEAL_SHRINK);
	return fstatfs(fd, &fs) || fs.f_type != DMA_BUF_MAGIC;
}

static bool file_covers(int fd, uint64_t off, uint64_t len)
{
	struct statx st;
	off_t end;

	if (vmedia_fd_stat(fd, &st))
		return false;
	end = (off_t)st.stx_size;
	if (!end)	/* lseek() is the only way to get the size of a dma-buf */
		end = lseek(fd, 0, SEEK_END);
	return end > 0 && vmedia_range_ok(off, len, (uint64_t)end);
}

static const char *map_fault(const struct vmedia_region *r, int fd, uint64_t fd_off, uint64_t off,
			     uint64_t len)
{
	uint64_t mask = vmedia_page_size() - 1;
	struct region_map *m;

	if (!r->base)
		return "there is no region";
	if (!len || (off | len | fd_off) & mask)
		return "not whole pages";
	if (!vmedia_range_ok(off, len, r->size))
		return "outside of it";
	if (r->num_maps >= VMEDIA_DRV_MAX_MAPS)
		return "too many pieces";
	vmedia_list_for_each(m, &r->maps, node) {
		if (overlap(off, len, m->off, m->len))
			return "something is mapped there";
	}
	if (!file_covers(fd, fd_off, len))
		return "the file is shorter";
	if (!r->allow_unsealed && may_shrink(fd))
		return "the file is not sealed against shrinking";
	return NULL;
}

int vmedia_region_map(struct vmedia_driver *drv, int fd, uint64_t fd_off, uint64_t off,
		      uint64_t len, bool rw)
{
	struct vmedia_region *r = &drv->region;
	const char *fault = map_fault(r, fd, fd_off, off, len);
	struct region_map *m;

	if (fault)
		return refuse(drv, -EINVAL, fault, off, len);
	m = malloc(sizeof(*m));
	if (!m)
		return refuse(drv, -ENOMEM, "no memory", off, len);
	if (mmap(r->base + off, len, PROT_READ | (rw ? PROT_WRITE : 0), MAP_SHARED | MAP_FIXED, fd,
		 (off_t)fd_off) == MAP_FAILED) {
		free(m);
		return refuse(drv, -EACCES, "mmap() failed", off, len);
	}
	*m = (struct region_map){ .off = off, .len = len, .rw = rw };
	vmedia_list_add_head(&r->maps, &m->node);
	r->num_maps++;
	drv->stats.maps++;
	return 0;
}

static struct region_map *map_at(const struct vmedia_region *r, uint64_t off)
{
	struct region_map *m;

	vmedia_list_for_each(m, &r->maps, node) {
		if (off >= m->off && off - m->off < m->len)
			return m;
	}
	return NULL;
}

int vmedia_region_unmap(struct vmedia_driver *drv, uint64_t off, uint64_t len)
{
	struct vmedia_region *r = &drv->region;
	struct region_map *m = r->base ? map_at(r, off) : NULL;
	struct region_user *u;

	if (!m || m->off != off || m->len != len)
		return refuse(drv, -EINVAL, "no such mapping to unmap", off, len);
	vmedia_list_for_each(u, &r->users, node) {
		if (overlap(off, len, u->off, u->len))
			return refuse(drv, -EBUSY, "the driver uses it and did not MUNMAP", off,
				      len);
	}
	if (mmap(r->base + off, len, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
		return refuse(drv, -ENOMEM, "mmap() failed", off, len);
	vmedia_list_del(&m->node);
	free(m);
	r->num_maps--;
	drv->stats.unmaps++;
	return 0;
}

/*
 * Check that the device's answer names memory that it mapped, all of it, with the access needed.
 * Returns NULL or the fault.
 */
static const char *answer_fault(const struct vmedia_region *r, uint64_t off, uint64_t len, bool rw)
{
	struct region_map *m;
	uint64_t end;

	if (off & (vmedia_page_size() - 1))
		return "not at a page";
	if (!len || vmedia_align_overflow(len, vmedia_page_size(), &end) ||
	    !vmedia_range_ok(off, end, r->size))
		return "outside of it";
	m = map_at(r, off);
	if (!m || !vmedia_range_ok(off - m->off, end, m->len))
		return "nothing is mapped there";
	if (rw && !m->rw)
		return "mapped read-only";
	return NULL;
}

static struct region_user *user_at(const struct vmedia_region *r, uint64_t off)
{
	struct region_user *u;

	vmedia_list_for_each(u, &r->users, node) {
		if (u->off == off)
			return u;
	}
	return NULL;
}

static int take(struct vmedia_driver *drv, const struct vmedia_drv_cmd *c, void **ptr)
{
	struct vmedia_region *r = &drv->region;
	uint64_t off = c->cmd.driver_addr,
		 len = vmedia_align_up(c->cmd.mmap_len, vmedia_page_size());
	struct region_user *u = user_at(r, off);

	if (!u) {
		u = malloc(sizeof(*u));
		if (!u)
			return -ENOMEM;
		*u = (struct region_user){ .off = off };
		vmedia_list_add_head(&r->users, &u->node);
	}
	u->len = VMEDIA_MAX(u->len, len);
	u->count++;
	drv->stats.mappings++;
	*ptr = r->base + off;
	return 0;
}

/* Send MUNMAP. The result does not matter, since the program has already given up the mapping. */
static int send_munmap(struct vmedia_driver *drv, uint64_t off)
{
	struct vmedia_drv_cmd *c;
	int err = vmedia_drv_cmd_get(drv, NULL, VMEDIA_CMD_MUNMAP, true, &c);

	if (err)
		return err;
	c->cmd.driver_addr = off;
	err = vmedia_drv_cmd_run(c);
	if (err)
		return err;
	err = c->err;
	vmedia_drv_cmd_put(c);
	return err;
}

static int map_plane(struct vmedia_file *f, uint32_t offset, size_t len, int prot, void **ptr)
{
	struct vmedia_driver *drv = f->drv;
	bool rw = prot & PROT_WRITE;
	const char *fault;
	struct vmedia_drv_cmd *c;
	uint64_t addr;
	int err;

	if (!len || prot & ~(PROT_READ | PROT_WRITE))
		return -EINVAL;
	if (!drv->region.base)
		return -ENODEV;
	if (f->err)
		return f->err;
	err = vmedia_drv_cmd_get(drv, f, VMEDIA_CMD_MMAP, true, &c);
	if (err)
		return err;
	c->cmd.mmap_flags = rw ? VMEDIA_MMAP_FLAG_RW : 0;
	c->cmd.mmap_offset = offset;
	err = vmedia_drv_cmd_run(c);
	if (err)
		return err;
	err = c->err;
	if (err)
		goto put;
	addr = c->cmd.driver_addr;
	fault = answer_fault(&drv->region, addr, c->cmd.mmap_len, rw);
	if (fault && drv->vuf && vmedia_vuf_backend_fd(drv->vuf) >= 0) {
		/*
		 * The device may not have waited for an acknowledgement, so SHMEM_MAP may still be
		 * unread.
		 */
		vmedia_vuf_handle_backend_req(drv->vuf);
		fault = answer_fault(&drv->region, addr, c->cmd.mmap_len, rw);
	}
	if (fault) {
		drv->stats.refused_answers++;
		vmedia_warn_rl(
			&drv->limit,
			"answer to MMAP of offset %#x refused: [%#llx, +%#llx) of region 0: %s",
			offset, (unsigned long long)addr, (unsigned long long)c->cmd.mmap_len,
			fault);
		err = -EIO;
		goto put;
	}
	err = len > c->cmd.mmap_len ? -EINVAL : take(drv, c, ptr);
	vmedia_drv_cmd_put(c);
	if (err)
		send_munmap(drv, addr);
	return err;
put:
	vmedia_drv_cmd_put(c);
	return err;
}

int vmedia_mmap(struct vmedia_file *f, uint32_t offset, size_t len, int prot, void **ptr)
{
	int err = map_plane(f, offset, len, prot, ptr);

	vmedia_drv_complete(f->drv);
	return err;
}

int vmedia_munmap(struct vmedia_driver *drv, void *ptr)
{
	struct vmedia_region *r = &drv->region;
	uint64_t off = (uint64_t)((uintptr_t)ptr - (uintptr_t)r->base);
	struct region_user *u = NULL;
	int err;

	if (r->base && (uintptr_t)ptr >= (uintptr_t)r->base && off < r->size)
		u = user_at(r, off);
	if (!u)
		return -EINVAL;
	drv->stats.mappings--;
	if (!--u->count) {
		vmedia_list_del(&u->node);
		free(u);
	}
	err = drv->err ? drv->err : send_munmap(drv, off);
	vmedia_drv_complete(drv);
	return err;
}
