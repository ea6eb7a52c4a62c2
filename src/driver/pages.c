// SPDX-License-Identifier: BSD-3-Clause
/*
 * SHARED_PAGES memory: allocations of the program for USERPTR buffers, and the SG lists that
 * describe them to the device.
 *
 * A contiguous allocation is a part of the arena's own mapping. A scattered one has single pages
 * from all over the arena, mapped side by side. The program sees one piece and the device a list,
 * as with a guest's user memory.
 *
 * An allocation that the program frees while a buffer in it is queued stays until the device has
 * returned the buffer.
 */
#include "driver/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

static void free_memory(struct vmedia_driver *drv, struct vmedia_pages *p)
{
	size_t i;

	drv->stats.pages_bytes -= (uint64_t)p->npages * VMEDIA_DRV_PAGE;
	vmedia_list_del(&p->node);
	if (!p->page) {
		vmedia_arena_free(&drv->arena, p->first, p->npages);
	} else {
		munmap(p->ptr, p->npages * VMEDIA_DRV_PAGE);
		for (i = 0; i < p->npages; i++)
			vmedia_arena_free(&drv->arena, p->page[i], 1);
		free(p->page);
	}
	free(p);
}

static int alloc_contiguous(struct vmedia_driver *drv, struct vmedia_pages *p)
{
	int err = vmedia_arena_alloc(&drv->arena, p->npages, &p->first);

	if (!err)
		p->ptr = vmedia_arena_ptr(&drv->arena, p->first);
	return err;
}

/*
 * Take each page from another part of the arena. Distance is enough, the pages need not be random.
 */
static int take_scattered(struct vmedia_driver *drv, struct vmedia_pages *p)
{
	struct vmedia_arena *a = &drv->arena;
	uint64_t hint = a->hint, page;
	size_t i;
	int err;

	for (i = 0; i < p->npages; i++) {
		a->hint = (hint + i * 977 * 2) % a->pages;
		err = vmedia_arena_alloc(a, 1, &page);
		if (err) {
			while (i--)
				vmedia_arena_free(a, p->page[i], 1);
			a->hint = hint;
			return err;
		}
		p->page[i] = (uint32_t)page;
	}
	a->hint = hint;
	return 0;
}

static int map_scattered(struct vmedia_driver *drv, struct vmedia_pages *p)
{
	size_t len = p->npages * VMEDIA_DRV_PAGE, i;
	int err;

	p->ptr = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p->ptr == MAP_FAILED)
		return -errno;
	for (i = 0; i < p->npages; i++) {
		if (mmap(p->ptr + i * VMEDIA_DRV_PAGE, VMEDIA_DRV_PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, drv->arena.fd,
			 (off_t)p->page[i] * VMEDIA_DRV_PAGE) == MAP_FAILED) {
			err = -errno;
			munmap(p->ptr, len);
			return err;
		}
	}
	return 0;
}

static int alloc_scattered(struct vmedia_driver *drv, struct vmedia_pages *p)
{
	int err;

	if (vmedia_page_size() != VMEDIA_DRV_PAGE)
		return alloc_contiguous(drv, p);
	p->page = calloc(p->npages, sizeof(*p->page));
	if (!p->page)
		return -ENOMEM;
	err = take_scattered(drv, p);
	if (err)
		goto free_array;
	err = map_scattered(drv, p);
	if (err)
		goto give_back;
	return 0;
give_back:
	for (size_t i = 0; i < p->npages; i++)
		vmedia_arena_free(&drv->arena, p->page[i], 1);
free_array:
	free(p->page);
	return err;
}

int vmedia_pages_alloc(struct vmedia_driver *drv, size_t size, uint32_t flags, void **ptr)
{
	struct vmedia_pages *p;
	uint64_t bytes;
	int err;

	if (!size || flags & ~VMEDIA_PAGES_SCATTERED ||
	    vmedia_align_overflow(size, vmedia_page_size(), &bytes))
		return -EINVAL;
	if (bytes > drv->arena.size)
		return -ENOMEM;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	vmedia_list_init(&p->node);
	p->npages = bytes / VMEDIA_DRV_PAGE;
	err = flags & VMEDIA_PAGES_SCATTERED ? alloc_scattered(drv, p) : alloc_contiguous(drv, p);
	if (err) {
		free(p);
		return err;
	}
	p->serial = drv->next_serial++;
	vmedia_list_add_head(&drv->pages, &p->node);
	drv->stats.pages_bytes += bytes;
	*ptr = p->ptr;
	return 0;
}

int vmedia_pages_free(struct vmedia_driver *drv, void *ptr)
{
	struct vmedia_pages *p;

	if (!ptr)
		return 0;
	vmedia_list_for_each(p, &drv->pages, node) {
		if (p->ptr == ptr && !p->freed) {
			p->freed = true;
			if (!p->pins)
				free_memory(drv, p);
			return 0;
		}
	}
	return -EINVAL;
}

struct vmedia_pages *vmedia_pages_find(struct vmedia_driver *drv, uint64_t ptr, uint64_t len)
{
	struct vmedia_pages *p;
	uint64_t start;

	vmedia_list_for_each(p, &drv->pages, node) {
		start = (uintptr_t)p->ptr;
		if (!p->freed && ptr >= start &&
		    vmedia_range_ok(ptr - start, len, p->npages * (uint64_t)VMEDIA_DRV_PAGE))
			return p;
	}
	return NULL;
}

static uint64_t page_gpa(const struct vmedia_pages *p, uint64_t i)
{
	return VMEDIA_DRV_GPA + (p->page ? p->page[i] : p->first + i) * VMEDIA_DRV_PAGE;
}

uint64_t vmedia_pages_gpa(const struct vmedia_pages *p, uint64_t ptr)
{
	uint64_t off = ptr - (uintptr_t)p->ptr;

	return page_gpa(p, off / VMEDIA_DRV_PAGE) + off % VMEDIA_DRV_PAGE;
}

uint32_t vmedia_pages_sg(const struct vmedia_pages *p, uint64_t ptr, uint64_t len, uint8_t *raw)
{
	uint64_t off = ptr - (uintptr_t)p->ptr, gpa, n;
	struct vmedia_sg_entry e = { 0 };
	uint32_t count = 0;

	while (len) {
		gpa = page_gpa(p, off / VMEDIA_DRV_PAGE) + off % VMEDIA_DRV_PAGE;
		n = p->page ? VMEDIA_DRV_PAGE - off % VMEDIA_DRV_PAGE : len;
		n = VMEDIA_MIN(n, len);
		n = VMEDIA_MIN(n, 1ull << 31);
		if (e.len && e.start + e.len == gpa && e.len <= UINT32_MAX - n) {
			e.len += (uint32_t)n;
		} else {
			if (e.len && raw)
				vmedia_sg_put(raw, count, &e);
			count += e.len != 0;
			e = (struct vmedia_sg_entry){ .start = gpa, .len = (uint32_t)n };
		}
		off += n;
		len -= n;
	}
	if (e.len && raw)
		vmedia_sg_put(raw, count, &e);
	return count + (e.len != 0);
}

void vmedia_pages_pin(struct vmedia_pages *p)
{
	p->pins++;
}

void vmedia_pages_unpin(struct vmedia_driver *drv, struct vmedia_pages *p)
{
	if (!--p->pins && p->freed)
		free_memory(drv, p);
}

void vmedia_pages_fini(struct vmedia_driver *drv)
{
	struct vmedia_pages *p, *tmp;

	vmedia_list_for_each_safe(p, tmp, &drv->pages, node)
		free_memory(drv, p);
}
