// SPDX-License-Identifier: BSD-3-Clause
/*
 * The driver end of a packed ring. See drv.h. Barrier pairs [E] to [H] are explained in
 * dev_packed.c.
 *
 * Several chains become visible at once: the flags of the first descriptor of a batch are written
 * at publish, and the device does not read past a descriptor that is not available.
 */
#include <errno.h>

#include "virtq/drv_impl.h"

void vmedia_vqr_packed_init(struct vmedia_vqr *q)
{
	q->avail_wrap = true;
	q->used_wrap = true;
	q->free_head = 0;
}

static uint16_t avail_flags(const struct vmedia_vqr *q)
{
	return q->avail_wrap ? VMEDIA_PACKED_F_AVAIL : VMEDIA_PACKED_F_USED;
}

static void write_body(struct vmedia_packed_desc *d, uint64_t addr, uint32_t len, uint16_t id)
{
	vmedia_ring_st64(&d->addr, addr);
	vmedia_ring_st32(&d->len, len);
	vmedia_ring_st16(&d->id, id);
}

/* Write one descriptor into the ring. If it is the first of the batch, keep its flags back. */
static void put(struct vmedia_vqr *q, uint64_t addr, uint32_t len, uint16_t id, uint16_t flags)
{
	struct vmedia_packed_desc *d = &q->pdesc[q->avail_pos];

	flags |= avail_flags(q);
	write_body(d, addr, len, id);
	if (!q->pending) {
		q->pending = true;
		q->pending_pos = q->avail_pos;
		q->pending_flags = flags;
	} else {
		vmedia_ring_st16(&d->flags, flags);
	}
	if (++q->avail_pos == q->num) {
		q->avail_pos = 0;
		q->avail_wrap = !q->avail_wrap;
	}
}

static void add_indirect(struct vmedia_vqr *q, const struct vmedia_vqr_req *r, uint16_t id)
{
	uint64_t off = 16ull * id * q->indirect_max;
	struct vmedia_packed_desc *table = (void *)(q->tables + off);

	for (unsigned int i = 0; i < r->n; i++) {
		bool write;
		const struct vmedia_gpa_range *sg = vmedia_vqr_piece(r, i, &write);

		write_body(&table[i], sg->gpa, sg->len, 0);
		vmedia_ring_st16(&table[i].flags, write ? VMEDIA_DESC_F_WRITE : 0);
	}
	put(q, q->tables_gpa + off, 16 * r->n, id, VMEDIA_DESC_F_INDIRECT);
}

void vmedia_vqr_packed_add(struct vmedia_vqr *q, const struct vmedia_vqr_req *r)
{
	uint16_t id = q->free_head;
	struct vmedia_vqr_state *s = &q->state[id];

	q->free_head = s->next;
	s->slots = (uint16_t)(r->indirect ? 1 : r->n);
	s->cookie = r->cookie;
	s->in_len = r->in_len;
	if (r->indirect) {
		add_indirect(q, r, id);
	} else {
		for (unsigned int i = 0; i < r->n; i++) {
			bool write;
			const struct vmedia_gpa_range *sg = vmedia_vqr_piece(r, i, &write);

			put(q, sg->gpa, sg->len, id,
			    (uint16_t)((write ? VMEDIA_DESC_F_WRITE : 0) |
				       (i + 1 < r->n ? VMEDIA_DESC_F_NEXT : 0)));
		}
	}
	q->free -= s->slots;
	q->unpublished += s->slots;
}

void vmedia_vqr_packed_publish(struct vmedia_vqr *q)
{
	/* barrier pair [E] */
	vmedia_ring_st16_release(&q->pdesc[q->pending_pos].flags, q->pending_flags);
	q->pending = false;
}

bool vmedia_vqr_packed_kick_needed(struct vmedia_vqr *q)
{
	uint16_t flags, off_wrap;
	uint32_t event, now = q->avail_pos;
	bool wrap = q->avail_wrap;

	vmedia_ring_mb();	/* barrier pair [G] */
	flags = vmedia_ring_ld16_acquire(&q->device_event->flags);
	if (flags == VMEDIA_PACKED_EVENT_DISABLE)
		return false;
	if (flags != VMEDIA_PACKED_EVENT_DESC || !q->event_idx ||
	    q->unkicked + q->unpublished >= q->num)
		return true;
	if (q->unpublished) {	/* go back to the visible position */
		if (now < q->unpublished) {
			now += q->num;
			wrap = !wrap;
		}
		now -= q->unpublished;
	}
	off_wrap = vmedia_ring_ld16(&q->device_event->off_wrap);
	event = off_wrap & 0x7fff;
	if (!!(off_wrap & VMEDIA_PACKED_WRAP) != wrap)
		event -= q->num;
	return vmedia_ring_need_event((uint16_t)event, (uint16_t)now,
				      (uint16_t)(now - q->unkicked));
}

/* True if the descriptor at the used position is used. */
static bool is_used(const struct vmedia_vqr *q)
{
	/* barrier pair [F] */
	uint16_t flags = vmedia_ring_ld16_acquire(&q->pdesc[q->used_pos].flags);

	return !!(flags & VMEDIA_PACKED_F_AVAIL) == q->used_wrap &&
	       !!(flags & VMEDIA_PACKED_F_USED) == q->used_wrap;
}

bool vmedia_vqr_packed_has_used(const struct vmedia_vqr *q)
{
	return is_used(q);
}

int vmedia_vqr_packed_get(struct vmedia_vqr *q, void **cookie, uint32_t *len)
{
	struct vmedia_packed_desc *d = &q->pdesc[q->used_pos];
	struct vmedia_vqr_state *s;
	uint16_t id;
	uint32_t n, pos;

	if (!is_used(q))
		return 0;
	id = vmedia_ring_ld16(&d->id);
	n = vmedia_ring_ld32(&d->len);
	if (id >= q->num || !q->state[id].cookie)
		return vmedia_vqr_break(q, "used descriptor %u has id %u, which is not out",
					q->used_pos, id);
	s = &q->state[id];
	if (n > s->in_len)
		return vmedia_vqr_break(q, "chain %u used with %u bytes of %llu", id, n,
					(unsigned long long)s->in_len);
	*cookie = s->cookie;
	*len = n;
	pos = (uint32_t)q->used_pos + s->slots;
	if (pos >= q->num) {
		pos -= q->num;
		q->used_wrap = !q->used_wrap;
	}
	q->used_pos = (uint16_t)pos;
	s->cookie = NULL;
	s->next = q->free_head;
	q->free_head = id;
	q->free += s->slots;
	q->outstanding--;
	return 1;
}

void vmedia_vqr_packed_disable(struct vmedia_vqr *q)
{
	vmedia_ring_st16(&q->driver_event->flags, VMEDIA_PACKED_EVENT_DISABLE);
}

/*
 * Request an interrupt after @n chains. A chain has at least one slot, so n chains reach n - 1
 * slots or more ahead: the interrupt comes at that time or earlier.
 */
bool vmedia_vqr_packed_enable(struct vmedia_vqr *q, unsigned int n)
{
	uint32_t pos = q->used_pos + n - 1;
	bool wrap = q->used_wrap;

	if (q->event_idx) {
		if (pos >= q->num) {
			pos -= q->num;
			wrap = !wrap;
		}
		vmedia_ring_st16(&q->driver_event->off_wrap,
				 (uint16_t)(pos | (wrap ? VMEDIA_PACKED_WRAP : 0)));
		vmedia_ring_st16_release(&q->driver_event->flags, VMEDIA_PACKED_EVENT_DESC);
	} else {
		vmedia_ring_st16(&q->driver_event->flags, VMEDIA_PACKED_EVENT_ENABLE);
	}
	vmedia_ring_mb();	/* barrier pair [H] */
	return is_used(q);
}
