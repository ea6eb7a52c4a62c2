// SPDX-License-Identifier: BSD-3-Clause
/*
 * The guest memory map; see mem.h.
 *
 * Security model: region descriptions and files come from the front-end, addresses from the guest;
 * both are untrusted. A description is first checked alone (no overflow; the file is a plain one
 * and long enough), then against all others (no overlap), before it is in a snapshot. The file's
 * length can still change afterwards; the guard (guard.c) handles that. Every lookup takes a length
 * and compares without overflow.
 *
 * System calls, serving: fcntl mmap2|mmap munmap madvise close
 */
#include "virtq/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/fd.h"
#include "base/foreign.h"
#include "base/log.h"
#include "virtq/guard.h"
#include "virtq/mem_impl.h"

/* ---- regions ---- */

static void region_put(struct vmedia_region *r)
{
	if (!r || __atomic_sub_fetch(&r->refs, 1, __ATOMIC_ACQ_REL))
		return;
	vmedia_guard_del(r->guard);
	if (r->map)
		munmap(r->map, r->map_len);
	vmedia_fd_close(&r->fd);
	free(r);
}

static int check_numbers(const struct vmedia_mem_desc *d)
{
	uint64_t end;

	if (d->size == 0 || vmedia_add_overflow(d->gpa, d->size - 1, &end) ||
	    vmedia_add_overflow(d->uva, d->size - 1, &end) ||
	    vmedia_add_overflow(d->fd_offset, d->size, &end) || end > INT64_MAX ||
	    d->size > SIZE_MAX / 2) {
		vmedia_warn("Memory region refused: gpa 0x%" PRIx64 " size 0x%" PRIx64
			    " uva 0x%" PRIx64 " offset 0x%" PRIx64 " is empty or overflows",
			    d->gpa, d->size, d->uva, d->fd_offset);
		return -EINVAL;
	}
	return 0;
}

/*
 * True if a mapping of @fd can begin at each page of the host. A file on hugetlbfs has larger
 * pages, which are its blocks.
 */
static bool has_host_pages(int fd)
{
	size_t page = vmedia_page_size();
	void *p = mmap(NULL, page, PROT_NONE, MAP_SHARED | MAP_NORESERVE, fd, (off_t)page);

	if (p == MAP_FAILED)
		return false;
	munmap(p, page);
	return true;
}

/* Check that it is a memory file and long enough. *page gets its mapping granularity. */
static int check_file(const struct vmedia_mem_desc *d, size_t *page)
{
	struct statx st;
	int ret;

	if (fcntl(d->fd, F_GETFD) >= 0 && !vmedia_foreign_ok(d->fd)) {
		vmedia_warn("Memory region at gpa 0x%" PRIx64 " refused: another process may serve "
			    "its file; give a memfd, or a file on tmpfs or hugetlbfs",
			    d->gpa);
		return -EINVAL;
	}
	ret = vmedia_fd_stat(d->fd, &st);
	if (ret < 0) {
		vmedia_warn("Memory region at gpa 0x%" PRIx64 " refused: fd %d: %s", d->gpa, d->fd,
			    strerror(-ret));
		return ret;
	}
	if (!S_ISREG(st.stx_mode)) {
		vmedia_warn("Memory region at gpa 0x%" PRIx64
			    " refused: not a memory file (mode 0%o)",
			    d->gpa, st.stx_mode);
		return -EINVAL;
	}
	if (st.stx_size < d->fd_offset + d->size) {
		vmedia_warn("Memory region at gpa 0x%" PRIx64 " refused: file of 0x%" PRIx64
			    " bytes, needs 0x%" PRIx64 " + 0x%" PRIx64,
			    d->gpa, (uint64_t)st.stx_size, d->fd_offset, d->size);
		return -EINVAL;
	}
	*page = vmedia_page_size();
	if (st.stx_blksize > *page && !(st.stx_blksize & (st.stx_blksize - 1)) &&
	    !has_host_pages(d->fd))
		*page = st.stx_blksize;
	return 0;
}

static int region_map(struct vmedia_region *r, bool object)
{
	uint64_t start = vmedia_align_down(r->fd_offset, r->page);
	uint64_t end = vmedia_align_up(r->fd_offset + r->size, r->page);

	r->map_len = (size_t)(end - start);
	r->map = mmap(NULL, r->map_len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, r->fd,
		      (off_t)start);
	if (r->map == MAP_FAILED) {
		int ret = -errno;

		r->map = NULL;
		vmedia_warn("Mapping 0x%zx bytes of guest memory at gpa 0x%" PRIx64 " failed: %s",
			    r->map_len, r->gpa, strerror(-ret));
		return ret;
	}
	/* Keep the guest's memory out of core files. */
	madvise(r->map, r->map_len, MADV_DONTDUMP);
	r->host = (uint8_t *)r->map + (r->fd_offset - start);
	r->guard = vmedia_guard_add(r->map, r->map_len, &r->broken, !object);
	if (r->guard < 0) {
		vmedia_warn("Too many memory regions and views in this process");
		return -ENOMEM;
	}
	return 0;
}

static int region_create(const struct vmedia_mem_desc *d, struct vmedia_region **out)
{
	struct vmedia_region *r;
	int ret = check_numbers(d);

	if (ret)
		return ret;
	if (d->fd < 0 && !d->host)
		return -EINVAL;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->refs = 1;
	r->fd = -1;
	r->guard = -1;
	r->gpa = d->gpa;
	r->size = d->size;
	r->uva = d->uva;
	r->page = vmedia_page_size();
	if (d->fd < 0) {
		r->host = d->host;
		*out = r;
		return 0;
	}
	r->fd_offset = d->fd_offset;
	ret = check_file(d, &r->page);
	if (ret)
		goto fail;
	r->fd = vmedia_fd_dup(d->fd);
	if (r->fd < 0) {
		ret = r->fd;
		goto fail;
	}
	ret = region_map(r, d->object);
	if (ret)
		goto fail;
	*out = r;
	return 0;

fail:
	region_put(r);
	return ret;
}

/* ---- snapshots ---- */

static struct vmedia_mem *mem_alloc(unsigned int n, struct vmedia_mem_budget *budget)
{
	struct vmedia_mem *mem = calloc(1, sizeof(*mem) + n * sizeof(mem->regions[0]));

	if (!mem)
		return NULL;
	if (budget) {
		__atomic_add_fetch(&budget->refs, 1, __ATOMIC_RELAXED);
	} else {
		budget = calloc(1, sizeof(*budget));
		if (!budget) {
			free(mem);
			return NULL;
		}
		budget->refs = 1;
	}
	mem->budget = budget;
	mem->refs = 1;
	return mem;
}

struct vmedia_mem *vmedia_mem_get(struct vmedia_mem *mem)
{
	__atomic_add_fetch(&mem->refs, 1, __ATOMIC_RELAXED);
	return mem;
}

void vmedia_mem_put(struct vmedia_mem *mem)
{
	if (!mem || __atomic_sub_fetch(&mem->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (unsigned int i = 0; i < mem->n; i++)
		region_put(mem->regions[i]);
	if (__atomic_sub_fetch(&mem->budget->refs, 1, __ATOMIC_ACQ_REL) == 0)
		free(mem->budget);
	free(mem);
}

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a <= b ? b - a < a_size : a - b < b_size;
}

/* Insert @r in order. Takes over the reference in any case. There must be room. */
static int mem_insert(struct vmedia_mem *mem, struct vmedia_region *r)
{
	unsigned int pos = 0;

	for (unsigned int i = 0; i < mem->n; i++) {
		const struct vmedia_region *o = mem->regions[i];

		if (overlap(o->gpa, o->size, r->gpa, r->size) ||
		    overlap(o->uva, o->size, r->uva, r->size)) {
			vmedia_warn("Memory region refused: gpa 0x%" PRIx64 " uva 0x%" PRIx64
				    " size 0x%" PRIx64 " overlaps gpa 0x%" PRIx64 " uva 0x%" PRIx64
				    " size 0x%" PRIx64,
				    r->gpa, r->uva, r->size, o->gpa, o->uva, o->size);
			region_put(r);
			return -EINVAL;
		}
		if (o->gpa < r->gpa)
			pos = i + 1;
	}
	memmove(&mem->regions[pos + 1], &mem->regions[pos],
		(mem->n - pos) * sizeof(mem->regions[0]));
	mem->regions[pos] = r;
	mem->n++;
	return 0;
}

static int mem_insert_desc(struct vmedia_mem *mem, const struct vmedia_mem_desc *desc)
{
	struct vmedia_region *r;
	int ret = region_create(desc, &r);

	return ret ? ret : mem_insert(mem, r);
}

static int mem_create(const struct vmedia_mem_desc *descs, unsigned int n,
		      struct vmedia_mem_budget *budget, struct vmedia_mem **out)
{
	struct vmedia_mem *mem;

	if (n > VMEDIA_MEM_MAX_REGIONS) {
		vmedia_warn("Memory table of %u regions refused: at most %d", n,
			    VMEDIA_MEM_MAX_REGIONS);
		return -E2BIG;
	}
	mem = mem_alloc(n, budget);
	if (!mem)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++) {
		int ret = mem_insert_desc(mem, &descs[i]);

		if (ret) {
			vmedia_mem_put(mem);
			return ret;
		}
	}
	*out = mem;
	return 0;
}

int vmedia_mem_create(const struct vmedia_mem_desc *descs, unsigned int n, struct vmedia_mem **out)
{
	return mem_create(descs, n, NULL, out);
}

int vmedia_mem_replace(const struct vmedia_mem *old, const struct vmedia_mem_desc *descs,
		       unsigned int n, struct vmedia_mem **out)
{
	return mem_create(descs, n, old ? old->budget : NULL, out);
}

/* Make a snapshot with the regions of @old except @skip, and room for one more. */
static struct vmedia_mem *mem_derive(const struct vmedia_mem *old, const struct vmedia_region *skip)
{
	struct vmedia_mem *mem = mem_alloc(old->n + 1, old->budget);

	if (!mem)
		return NULL;
	for (unsigned int i = 0; i < old->n; i++) {
		struct vmedia_region *r = old->regions[i];

		if (r == skip)
			continue;
		__atomic_add_fetch(&r->refs, 1, __ATOMIC_RELAXED);
		mem->regions[mem->n++] = r;
	}
	return mem;
}

int vmedia_mem_add(const struct vmedia_mem *old, const struct vmedia_mem_desc *desc,
		   struct vmedia_mem **out)
{
	struct vmedia_mem *mem;
	int ret;

	if (old->n >= VMEDIA_MEM_MAX_REGIONS) {
		vmedia_warn("Memory region at gpa 0x%" PRIx64 " refused: there are %u already",
			    desc->gpa, old->n);
		return -E2BIG;
	}
	mem = mem_derive(old, NULL);
	if (!mem)
		return -ENOMEM;
	ret = mem_insert_desc(mem, desc);
	if (ret) {
		vmedia_mem_put(mem);
		return ret;
	}
	*out = mem;
	return 0;
}

int vmedia_mem_remove(const struct vmedia_mem *old, uint64_t gpa, uint64_t size, uint64_t uva,
		      struct vmedia_mem **out)
{
	const struct vmedia_region *r = vmedia_mem_find(old, gpa);
	struct vmedia_mem *mem;

	if (!r || r->gpa != gpa || r->size != size || r->uva != uva) {
		vmedia_warn("No memory region at gpa 0x%" PRIx64 " with size 0x%" PRIx64
			    " and uva 0x%" PRIx64 " to remove",
			    gpa, size, uva);
		return -ENOENT;
	}
	mem = mem_derive(old, r);
	if (!mem)
		return -ENOMEM;
	*out = mem;
	return 0;
}

int vmedia_mem_plain(void *host, uint64_t gpa, uint64_t size, struct vmedia_mem **out)
{
	struct vmedia_mem_desc desc = {
		.gpa = gpa,
		.size = size,
		.uva = (uintptr_t)host,
		.fd = -1,
		.host = host,
	};

	return vmedia_mem_create(&desc, 1, out);
}

/* ---- lookups ---- */

unsigned int vmedia_mem_num_regions(const struct vmedia_mem *mem)
{
	return mem->n;
}

void vmedia_mem_region(const struct vmedia_mem *mem, unsigned int i, struct vmedia_mem_desc *desc)
{
	const struct vmedia_region *r = mem->regions[i];

	*desc = (struct vmedia_mem_desc){
		.gpa = r->gpa,
		.size = r->size,
		.uva = r->uva,
		.fd_offset = r->fd_offset,
		.fd = r->fd,
		.host = r->host,
	};
}

struct vmedia_region *vmedia_mem_find(const struct vmedia_mem *mem, uint64_t gpa)
{
	unsigned int lo = 0, hi = mem->n;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;
		struct vmedia_region *r = mem->regions[mid];

		if (gpa < r->gpa)
			hi = mid;
		else if (gpa - r->gpa >= r->size)
			lo = mid + 1;
		else
			return r;
	}
	return NULL;
}

void *vmedia_mem_at(const struct vmedia_mem *mem, uint64_t gpa, uint64_t len)
{
	const struct vmedia_region *r = vmedia_mem_find(mem, gpa);

	if (!r || !vmedia_range_ok(gpa - r->gpa, len, r->size))
		return NULL;
	return r->host + (gpa - r->gpa);
}

void *vmedia_mem_uva(const struct vmedia_mem *mem, uint64_t uva, uint64_t len)
{
	for (unsigned int i = 0; i < mem->n; i++) {
		const struct vmedia_region *r = mem->regions[i];

		if (uva >= r->uva && uva - r->uva < r->size)
			return vmedia_range_ok(uva - r->uva, len, r->size)
				       ? r->host + (uva - r->uva)
				       : NULL;
	}
	return NULL;
}

int vmedia_mem_iov(const struct vmedia_mem *mem, uint64_t gpa, uint64_t len, struct iovec *iov,
		   unsigned int max)
{
	unsigned int n = 0;

	while (len) {
		const struct vmedia_region *r = vmedia_mem_find(mem, gpa);
		uint64_t piece;

		if (!r)
			return -EFAULT;
		if (n == max)
			return -E2BIG;
		piece = VMEDIA_MIN(len, r->size - (gpa - r->gpa));
		iov[n].iov_base = r->host + (gpa - r->gpa);
		iov[n].iov_len = (size_t)piece;
		n++;
		len -= piece;
		if (len && vmedia_add_overflow(gpa, piece, &gpa))
			return -EFAULT;
	}
	return (int)n;
}

bool vmedia_mem_broken(const struct vmedia_mem *mem)
{
	for (unsigned int i = 0; i < mem->n; i++) {
		if (__atomic_load_n(&mem->regions[i]->broken, __ATOMIC_RELAXED))
			return true;
	}
	return false;
}
