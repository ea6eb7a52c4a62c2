// SPDX-License-Identifier: BSD-3-Clause
/*
 * The driver end of a split ring. See drv.h; barrier pairs [A] to [D] are explained in dev_split.c.
 */
#include <errno.h>

#include "virtq/drv_impl.h"

static uint16_t *used_event(struct vmedia_vqr *q)
{
	return &q->avail->ring[q->num];
}

static const uint16_t *avail_event(struct vmedia_vqr *q)
{
	return (const uint16_t *)&q->used->ring[q->num];
}

void vmedia_vqr_split_init(struct vmedia_vqr *q)
{
	q->free_head = 0;
}

static void write_desc(struct vmedia_vring_desc *d, uint64_t addr, uint32_t len, uint16_t flags,
		       uint16_t next)
{
	vmedia_ring_st64(&d->addr, addr);
	vmedia_ring_st32(&d->len, len);
	vmedia_ring_st16(&d->flags, flags);
	vmedia_ring_st16(&d->next, next);
}

static uint16_t piece_flags(const struct vmedia_vqr_req *r, unsigned int i, bool write)
{
	return (uint16_t)((write ? VMEDIA_DESC_F_WRITE : 0) |
			  (i + 1 < r->n ? VMEDIA_DESC_F_NEXT : 0));
}

static void add_indirect(struct vmedia_vqr *q, const struct vmedia_vqr_req *r, uint16_t head)
{
	uint64_t off = 16ull * head * q->indirect_max;
	struct vmedia_vring_desc *table = (void *)(q->tables + off);

	for (unsigned int i = 0; i < r->n; i++) {
		bool write;
		const struct vmedia_gpa_range *sg = vmedia_vqr_piece(r, i, &write);

		write_desc(&table[i], sg->gpa, sg->len, piece_flags(r, i, write),
			   (uint16_t)(i + 1));
	}
	write_desc(&q->desc[head], q->tables_gpa + off, 16 * r->n, VMEDIA_DESC_F_INDIRECT, 0);
}

/* Write the descriptors of a chain. Returns the last one. */
static uint16_t add_direct(struct vmedia_vqr *q, const struct vmedia_vqr_req *r, uint16_t head)
{
	uint16_t at = head;

	for (unsigned int i = 0; ; i++) {
		bool write;
		const struct vmedia_gpa_range *sg = vmedia_vqr_piece(r, i, &write);
		uint16_t next = q->state[at].next;

		write_desc(&q->desc[at], sg->gpa, sg->len, piece_flags(r, i, write), next);
		if (i + 1 == r->n)
			return at;
		at = next;
	}
}

void vmedia_vqr_split_add(struct vmedia_vqr *q, const struct vmedia_vqr_req *r)
{
	uint16_t head = q->free_head;
	struct vmedia_vqr_state *s = &q->state[head];

	s->last = head;
	if (r->indirect)
		add_indirect(q, r, head);
	else
		s->last = add_direct(q, r, head);
	s->slots = (uint16_t)(r->indirect ? 1 : r->n);
	s->cookie = r->cookie;
	s->in_len = r->in_len;
	q->free_head = q->state[s->last].next;
	q->free -= s->slots;
	vmedia_ring_st16(&q->avail->ring[q->avail_idx & (q->num - 1)], head);
	q->avail_idx++;
	q->unpublished++;
}

void vmedia_vqr_split_publish(struct vmedia_vqr *q)
{
	vmedia_ring_st16_release(&q->avail->idx, q->avail_idx);	/* barrier pair [A] */
}

bool vmedia_vqr_split_kick_needed(struct vmedia_vqr *q)
{
	uint16_t now = (uint16_t)(q->avail_idx - q->unpublished);

	vmedia_ring_mb();	/* barrier pair [C] */
	if (!q->event_idx)
		return !(vmedia_ring_ld16(&q->used->flags) & VMEDIA_USED_F_NO_NOTIFY);
	if (q->unkicked > UINT16_MAX)
		return true;
	return vmedia_ring_need_event(vmedia_ring_ld16(avail_event(q)), now,
				      (uint16_t)(now - q->unkicked));
}

static void free_chain(struct vmedia_vqr *q, uint16_t head)
{
	struct vmedia_vqr_state *s = &q->state[head];

	q->state[s->last].next = q->free_head;
	q->free_head = head;
	q->free += s->slots;
	s->cookie = NULL;
	q->outstanding--;
}

static int used_waiting(struct vmedia_vqr *q)
{
	uint16_t idx = vmedia_ring_ld16_acquire(&q->used->idx);	/* barrier pair [B] */
	uint16_t n = (uint16_t)(idx - q->last_used);

	if (n > q->outstanding - q->unpublished)
		return vmedia_vqr_break(q, "used index went from %u to %u with %u chains out",
					q->last_used, idx, q->outstanding - q->unpublished);
	return n;
}

bool vmedia_vqr_split_has_used(const struct vmedia_vqr *q)
{
	return vmedia_ring_ld16(&q->used->idx) != q->last_used;
}

int vmedia_vqr_split_get(struct vmedia_vqr *q, void **cookie, uint32_t *len)
{
	struct vmedia_vring_used_elem *e = &q->used->ring[q->last_used & (q->num - 1)];
	int ret = used_waiting(q);
	uint32_t id, n;

	if (ret <= 0)
		return ret;
	id = vmedia_ring_ld32(&e->id);
	n = vmedia_ring_ld32(&e->len);
	if (id >= q->num || !q->state[id].cookie)
		return vmedia_vqr_break(q, "used entry %u names descriptor %u, which is not out",
					q->last_used, id);
	if (n > q->state[id].in_len)
		return vmedia_vqr_break(q, "chain %u used with %u bytes of %llu", id, n,
					(unsigned long long)q->state[id].in_len);
	*cookie = q->state[id].cookie;
	*len = n;
	free_chain(q, (uint16_t)id);
	q->last_used++;
	return 1;
}

void vmedia_vqr_split_disable(struct vmedia_vqr *q)
{
	/*
	 * With event index: set an event that was just passed, and comes again after 65536 chains.
	 */
	if (q->event_idx)
		vmedia_ring_st16(used_event(q), (uint16_t)(q->last_used - 1));
	else
		vmedia_ring_st16(&q->avail->flags, VMEDIA_AVAIL_F_NO_INTERRUPT);
}

bool vmedia_vqr_split_enable(struct vmedia_vqr *q, unsigned int n)
{
	int ret;

	if (q->event_idx)
		vmedia_ring_st16(used_event(q), (uint16_t)(q->last_used + n - 1));
	else
		vmedia_ring_st16(&q->avail->flags, 0);
	vmedia_ring_mb();	/* barrier pair [D] */
	ret = used_waiting(q);
	return ret < 0 || (unsigned int)ret >= (q->event_idx ? n : 1);
}
