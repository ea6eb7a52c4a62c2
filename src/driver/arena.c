// SPDX-License-Identifier: BSD-3-Clause
/*
 * Guest RAM: one sealed memory file, mapped once, allocated by pages.
 *
 * One bit for each page tells whether it is in use. A search starts where the last one ended. Freed
 * pages are punched out of the file, so a new allocation is zero and takes no memory until it is
 * used.
 */
#include "driver/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int vmedia_arena_init(struct vmedia_arena *a, uint64_t size)
{
	void *base;
	int err;

	*a = (struct vmedia_arena){ .fd = -1 };
	if (!size || vmedia_align_overflow(size, vmedia_page_size(), &size) || size > SIZE_MAX / 2)
		return -EINVAL;
	a->fd = vmedia_memfd("vmedia-guest-ram", size);
	if (a->fd < 0)
		return a->fd;
	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, a->fd, 0);
	if (base == MAP_FAILED) {
		err = -errno;
		goto close;
	}
	a->pages = size / VMEDIA_DRV_PAGE;
	a->used = calloc((a->pages + 63) / 64, sizeof(*a->used));
	if (!a->used) {
		err = -ENOMEM;
		goto unmap;
	}
	a->base = base;
	a->size = size;
	a->free = a->pages;
	return 0;
unmap:
	munmap(base, size);
close:
	vmedia_fd_close(&a->fd);
	return err;
}

void vmedia_arena_fini(struct vmedia_arena *a)
{
	if (a->base)
		munmap(a->base, a->size);
	free(a->used);
	vmedia_fd_close(&a->fd);
	*a = (struct vmedia_arena){ .fd = -1 };
}

static bool is_used(const struct vmedia_arena *a, uint64_t page)
{
	return a->used[page / 64] >> (page % 64) & 1;
}

static void set_used(struct vmedia_arena *a, uint64_t first, uint64_t n, bool used)
{
	uint64_t i;

	for (i = first; i < first + n; i++) {
		if (used)
			a->used[i / 64] |= 1ull << (i % 64);
		else
			a->used[i / 64] &= ~(1ull << (i % 64));
	}
}

/* Find the first run of @n free pages that begins in [from, to). */
static bool find(const struct vmedia_arena *a, uint64_t from, uint64_t to, uint64_t n,
		 uint64_t *first)
{
	uint64_t run = 0, i;

	for (i = from; i < a->pages && i - run < to; i++) {
		if (!(i % 64) && a->used[i / 64] == UINT64_MAX) {
			i += 63;
			run = 0;
			continue;
		}
		run = is_used(a, i) ? 0 : run + 1;
		if (run == n) {
			*first = i + 1 - n;
			return true;
		}
	}
	return false;
}

int vmedia_arena_alloc(struct vmedia_arena *a, uint64_t n, uint64_t *first)
{
	if (!n || n > a->free)
		return -ENOMEM;
	if (!find(a, a->hint, a->pages, n, first) && !find(a, 0, a->hint, n, first))
		return -ENOMEM;
	set_used(a, *first, n, true);
	a->free -= n;
	a->hint = *first + n < a->pages ? *first + n : 0;
	return 0;
}

void vmedia_arena_free(struct vmedia_arena *a, uint64_t first, uint64_t n)
{
	if (!n)
		return;
	/*
	 * The host may have larger pages. A punch then zeroes host pages that the range covers
	 * partly, in the range alone, which is correct.
	 */
	if (fallocate(a->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      (off_t)(first * VMEDIA_DRV_PAGE), (off_t)(n * VMEDIA_DRV_PAGE)))
		memset(vmedia_arena_ptr(a, first), 0, n * VMEDIA_DRV_PAGE);
	set_used(a, first, n, false);
	a->free += n;
}
