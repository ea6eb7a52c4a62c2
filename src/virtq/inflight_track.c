// SPDX-License-Identifier: BSD-3-Clause
/*
 * Inflight tracking: record each chain that is taken or returned. See inflight.h.
 *
 * A packed chain has a list of entries in the region, linked in the order in which they were on the
 * free list. Until the chain is recorded completely, its first entry is still free in
 * old_free_head. A restart uses that to undo an incomplete record.
 */
#include <errno.h>

#include "virtq/inflight_area.h"

/* ---- taking ---- */

void vmedia_inflight_split_take(struct vmedia_inflight *inf, uint16_t head)
{
	struct vmedia_inflight_split_entry *e = &inf->split->desc[head];

	VMEDIA_INFLIGHT_ST(e->counter, inf->counter);
	inf->counter++;
	VMEDIA_INFLIGHT_ST(e->inflight, 1);
}

void vmedia_inflight_packed_desc(struct vmedia_inflight *inf, const struct vmedia_packed_desc *d)
{
	struct vmedia_inflight_packed *r = inf->pk;
	struct vmedia_inflight_packed_entry *e;
	uint16_t i = inf->free_head;

	if (i >= inf->num)	/* cannot happen: there are as many entries as descriptors */
		return;
	if (inf->taking == 0) {
		inf->taking_head = i;
		e = &r->desc[i];
		VMEDIA_INFLIGHT_ST(e->num, 0);
		VMEDIA_INFLIGHT_ST(e->counter, inf->counter);
		inf->counter++;
		VMEDIA_INFLIGHT_ST(e->inflight, 1);
	}
	inf->taking++;
	inf->taking_last = i;
	e = &r->desc[i];
	VMEDIA_INFLIGHT_ST(e->addr, le64toh(d->addr));
	VMEDIA_INFLIGHT_ST(e->len, le32toh(d->len));
	VMEDIA_INFLIGHT_ST(e->flags, le16toh(d->flags));
	VMEDIA_INFLIGHT_ST(e->id, le16toh(d->id));
	VMEDIA_INFLIGHT_ST(r->desc[inf->taking_head].num, inf->taking);
	inf->free_head = inf->next[i];
	VMEDIA_INFLIGHT_ST(r->free_head, inf->free_head);
}

uint16_t vmedia_inflight_packed_commit(struct vmedia_inflight *inf)
{
	struct vmedia_inflight_packed *r = inf->pk;
	uint16_t head = inf->taking_head;

	inf->chain_last[head] = inf->taking_last;
	inf->chain_num[head] = inf->taking;
	inf->taking = 0;
	VMEDIA_INFLIGHT_ST(r->desc[head].last, inf->chain_last[head]);
	VMEDIA_INFLIGHT_ST(r->old_free_head, inf->free_head);
	return head;
}

void vmedia_inflight_abort(struct vmedia_inflight *inf)
{
	if (inf->taking == 0)
		return;
	inf->taking = 0;
	inf->free_head = inf->taking_head;
	VMEDIA_INFLIGHT_ST(inf->pk->desc[inf->taking_head].inflight, 0);
	VMEDIA_INFLIGHT_ST(inf->pk->free_head, inf->free_head);
}

/* ---- returning ---- */

static void packed_free_chain(struct vmedia_inflight *inf, uint16_t head)
{
	struct vmedia_inflight_packed *r = inf->pk;
	uint16_t last = inf->chain_last[head];

	inf->next[last] = inf->free_head;
	VMEDIA_INFLIGHT_ST(r->desc[last].next, inf->free_head);
	inf->free_head = head;
	VMEDIA_INFLIGHT_ST(r->free_head, head);
}

void vmedia_inflight_before_used(struct vmedia_inflight *inf, struct vmedia_vqd *q,
				 struct vmedia_chain *c)
{
	if (!inf->packed) {
		VMEDIA_INFLIGHT_ST(inf->split->desc[c->inflight_slot].next, inf->last_batch_head);
		inf->last_batch_head = c->inflight_slot;
		VMEDIA_INFLIGHT_ST(inf->split->last_batch_head, inf->last_batch_head);
	} else {
		uint16_t pos = q->used_pos;
		bool wrap = q->used_wrap;

		packed_free_chain(inf, c->inflight_slot);
		vmedia_vqd_packed_advance(q, &pos, &wrap, c->slots);
		VMEDIA_INFLIGHT_ST(inf->pk->used_idx, pos);
		VMEDIA_INFLIGHT_ST(inf->pk->used_wrap_counter, wrap);
	}
}

void vmedia_inflight_after_used(struct vmedia_inflight *inf, struct vmedia_vqd *q,
				struct vmedia_chain *c)
{
	if (!inf->packed) {
		VMEDIA_INFLIGHT_ST(inf->split->desc[c->inflight_slot].inflight, 0);
		VMEDIA_INFLIGHT_ST(inf->split->used_idx, q->used_idx);
	} else {
		VMEDIA_INFLIGHT_ST(inf->pk->desc[c->inflight_slot].inflight, 0);
		VMEDIA_INFLIGHT_ST(inf->pk->old_free_head, inf->free_head);
		VMEDIA_INFLIGHT_ST(inf->pk->old_used_idx, q->used_pos);
		VMEDIA_INFLIGHT_ST(inf->pk->old_used_wrap_counter, q->used_wrap);
	}
}
