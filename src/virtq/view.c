// SPDX-License-Identifier: BSD-3-Clause
/*
 * Contiguous views of scattered guest memory; see view.h.
 *
 * Security model: the list comes from the guest. Every piece is bounds-checked against the memory
 * map. Sizes are summed in 64 bits and limited. The number of mappings is limited for a view and
 * for a guest. The view keeps the checked list, so later copies use it, and holds a reference on
 * the map that it was checked against.
 *
 * System calls, serving: mmap2|mmap munmap madvise
 */
#include "virtq/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/checked.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/pages.h"
#include "virtq/guard.h"
#include "virtq/mem_impl.h"

/* A walk over a list, in the longest pieces that are contiguous in one region. */
struct walk {
	const struct vmedia_mem *mem;
	const struct vmedia_gpa_range *ents;
	unsigned int n;
	unsigned int i;		/* next entry */
	uint64_t gpa, left;	/* the rest of the entry before it */
};

struct piece {
	struct vmedia_region *r;
	uint64_t off;		/* in the region */
	uint64_t len;
};

/* The properties of a list, from one walk over it. */
struct shape {
	uint64_t total;
	unsigned int pieces;
	bool mappable;
	size_t page;
	size_t head;		/* bytes in the first page before the first byte */
	struct piece first;
};

/* Load the next entry that has bytes. Returns false at the end. */
static bool walk_fill(struct walk *w)
{
	while (!w->left) {
		if (w->i == w->n)
			return false;
		w->gpa = w->ents[w->i].gpa;
		w->left = w->ents[w->i].len;
		w->i++;
	}
	return true;
}

static void walk_take(struct walk *w, struct piece *p, uint64_t len)
{
	p->len += len;
	w->left -= len;
	w->gpa += len;		/* wraps to 0 only when nothing is left, as get_shape() checked */
}

/* Take the next piece. Returns 1 and the piece, 0 at the end, or -EFAULT. */
static int walk_next(struct walk *w, struct piece *p)
{
	if (!walk_fill(w))
		return 0;
	p->r = vmedia_mem_find(w->mem, w->gpa);
	if (!p->r)
		return -EFAULT;
	p->off = w->gpa - p->r->gpa;
	p->len = 0;
	do {
		uint64_t room = p->r->size - (p->off + p->len);

		if (p->len && (room == 0 || w->gpa - p->r->gpa != p->off + p->len))
			break;
		walk_take(w, p, VMEDIA_MIN(w->left, room));
	} while (walk_fill(w));
	return 1;
}

static struct walk walk_start(const struct vmedia_mem *mem, const struct vmedia_gpa_range *ents,
			      unsigned int n)
{
	return (struct walk){ .mem = mem, .ents = ents, .n = n };
}

static int get_shape(const struct vmedia_mem *mem, const struct vmedia_gpa_range *ents,
		     unsigned int n, struct shape *s)
{
	struct walk w = walk_start(mem, ents, n);
	bool end_aligned = true;
	struct piece p;
	int ret;

	memset(s, 0, sizeof(*s));
	s->mappable = true;
	for (unsigned int i = 0; i < n; i++) {
		uint64_t last;

		if (ents[i].len && vmedia_add_overflow(ents[i].gpa, ents[i].len - 1, &last))
			return -EFAULT;
	}
	while ((ret = walk_next(&w, &p)) > 0) {
		uint64_t start = p.r->fd_offset + p.off;

		if (s->pieces == 0) {
			s->first = p;
			s->page = p.r->page;
			s->head = (size_t)(start & (s->page - 1));
		} else if (start & (s->page - 1) || !end_aligned) {
			s->mappable = false;
		}
		if (p.r->fd < 0 || p.r->page != s->page)
			s->mappable = false;
		end_aligned = ((start + p.len) & (s->page - 1)) == 0;
		s->pieces++;
		s->total += p.len;
		if (s->total > VMEDIA_VIEW_MAX_BYTES)
			return -E2BIG;
	}
	if (ret == 0 && s->total == 0)
		return -EINVAL;
	return ret;
}

/* ---- mapped ---- */

static bool budget_take(struct vmedia_mem_budget *b, unsigned int maps)
{
	if (__atomic_add_fetch(&b->maps, (int)maps, __ATOMIC_RELAXED) <= VMEDIA_VIEW_MAX_MAPS_TOTAL)
		return true;
	__atomic_sub_fetch(&b->maps, (int)maps, __ATOMIC_RELAXED);
	return false;
}

/* Reserve @len bytes of empty address space, aligned to @page. */
static void *reserve(size_t len, size_t page)
{
	size_t host = vmedia_page_size();
	size_t extra = page > host ? page : 0;
	uint8_t *p, *aligned;

	p = mmap(NULL, len + extra, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (!extra)
		return p;
	aligned = (uint8_t *)(uintptr_t)vmedia_align_up((uintptr_t)p, page);
	if (aligned > p)
		munmap(p, (size_t)(aligned - p));
	munmap(aligned + len, (size_t)(p + len + extra - (aligned + len)));
	return aligned;
}

static int map_pieces(struct vmedia_view *v, const struct shape *s)
{
	struct walk w = walk_start(v->mem, v->ents, v->n);
	int prot = v->rdonly ? PROT_READ : PROT_READ | PROT_WRITE;
	uint8_t *at = v->map;
	struct piece p;

	while (walk_next(&w, &p) > 0) {
		uint64_t start = vmedia_align_down(p.r->fd_offset + p.off, s->page);
		size_t len =
			(size_t)(vmedia_align_up(p.r->fd_offset + p.off + p.len, s->page) - start);

		if (mmap(at, len, prot, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, p.r->fd,
			 (off_t)start) == MAP_FAILED)
			return -errno;
		at += len;
	}
	return 0;
}

static void unmap(struct vmedia_view *v)
{
	vmedia_guard_del(v->guard);
	v->guard = -1;
	if (v->map)
		vmedia_pages_unmap(v->map, v->map_len);
	v->map = NULL;
	if (v->maps)
		__atomic_sub_fetch(&v->mem->budget->maps, (int)v->maps, __ATOMIC_RELAXED);
	v->maps = 0;
}

/* Map the pieces side by side. Returns 0, or negative errno; then the caller bounces. */
static int make_mapped(struct vmedia_view *v, const struct shape *s)
{
	int ret;

	if (!s->mappable || s->pieces > VMEDIA_VIEW_MAX_MAPS)
		return -E2BIG;
	if (!budget_take(v->mem->budget, s->pieces))
		return -E2BIG;
	v->maps = s->pieces;
	v->map_len = (size_t)vmedia_align_up(s->head + s->total, s->page);
	v->map = reserve(v->map_len, s->page);
	if (!v->map) {
		ret = -ENOMEM;
		goto fail;
	}
	ret = map_pieces(v, s);
	if (ret)
		goto fail;
	madvise(v->map, v->map_len, MADV_DONTDUMP);
	v->guard = vmedia_guard_add(v->map, v->map_len, &s->first.r->broken, false);
	if (v->guard < 0) {
		ret = v->guard;
		goto fail;
	}
	v->data = (uint8_t *)v->map + s->head;
	v->mapped = true;
	return 0;

fail:
	unmap(v);
	return ret;
}

/* ---- bounced ---- */

static int make_bounced(struct vmedia_view *v, unsigned int flags)
{
	struct vmedia_view_pos from = { 0 };

	v->map_len = (size_t)vmedia_align_up(v->len, vmedia_page_size());
	v->map = mmap(NULL, v->map_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (v->map == MAP_FAILED) {
		v->map = NULL;
		return -ENOMEM;
	}
	v->data = v->map;
	v->bounced = true;
	if (!(flags & VMEDIA_VIEW_NOLOAD))
		vmedia_view_load(v, &from, v->len);
	return 0;
}

/*
 * Return the host address of the next bytes and their number in *len, at most @max; NULL at the
 * end.
 */
static uint8_t *next_bytes(struct walk *w, size_t max, size_t *len)
{
	const struct vmedia_region *r;
	uint64_t room;

	if (!max || !walk_fill(w))
		return NULL;
	r = vmedia_mem_find(w->mem, w->gpa);
	if (!r)			/* get_shape() found all of them */
		return NULL;
	room = VMEDIA_MIN(w->left, r->size - (w->gpa - r->gpa));
	*len = (size_t)VMEDIA_MIN(room, (uint64_t)max);
	return r->host + (w->gpa - r->gpa);
}

static size_t copy(const struct vmedia_view *view, struct vmedia_view_pos *pos, size_t bytes,
		   bool out)
{
	struct walk w = { .mem = view->mem, .ents = view->ents, .n = view->n,
			  .i = pos->entry, .gpa = pos->gpa, .left = pos->left };
	uint8_t *data = view->data, *guest;
	size_t copied = 0, len;

	bytes = VMEDIA_MIN(bytes, view->len - pos->done);
	while ((guest = next_bytes(&w, bytes - copied, &len))) {
		if (out)
			memcpy(guest, data + pos->done + copied, len);
		else
			memcpy(data + pos->done + copied, guest, len);
		copied += len;
		w.left -= len;
		w.gpa += len;
	}
	*pos = (struct vmedia_view_pos){ .entry = w.i, .gpa = w.gpa, .left = w.left,
					 .done = pos->done + copied };
	return copied;
}

size_t vmedia_view_load(struct vmedia_view *view, struct vmedia_view_pos *pos, size_t bytes)
{
	return view->bounced ? copy(view, pos, bytes, false) : 0;
}

size_t vmedia_view_flush(struct vmedia_view *view, struct vmedia_view_pos *pos, size_t bytes)
{
	return view->bounced && !view->rdonly ? copy(view, pos, bytes, true) : 0;
}

/* ---- views ---- */

int vmedia_view_create(struct vmedia_mem *mem, const struct vmedia_gpa_range *ents, unsigned int n,
		       unsigned int flags, struct vmedia_view **out)
{
	struct vmedia_view *v;
	struct shape s;
	int ret = get_shape(mem, ents, n, &s);

	if (ret)
		return ret;
	v = calloc(1, sizeof(*v) + n * sizeof(v->ents[0]));
	if (!v)
		return -ENOMEM;
	v->refs = 1;
	v->guard = -1;
	v->rdonly = flags & VMEDIA_VIEW_RDONLY;
	v->len = (size_t)s.total;
	v->mem = vmedia_mem_get(mem);
	v->n = n;
	memcpy(v->ents, ents, n * sizeof(v->ents[0]));
	if (flags & VMEDIA_VIEW_FORCE_BOUNCE) {
		ret = make_bounced(v, flags);
	} else if (s.pieces == 1) {
		v->data = s.first.r->host + s.first.off;
	} else if (make_mapped(v, &s)) {
		ret = make_bounced(v, flags);
	}
	if (ret) {
		vmedia_view_put(v);
		return ret;
	}
	*out = v;
	return 0;
}

struct vmedia_view *vmedia_view_get(struct vmedia_view *view)
{
	__atomic_add_fetch(&view->refs, 1, __ATOMIC_RELAXED);
	return view;
}

void vmedia_view_put(struct vmedia_view *view)
{
	if (!view || __atomic_sub_fetch(&view->refs, 1, __ATOMIC_ACQ_REL))
		return;
	unmap(view);
	vmedia_mem_put(view->mem);
	free(view);
}
