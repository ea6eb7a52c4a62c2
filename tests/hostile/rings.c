/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Used rings with wrong entries, and answers held back.
 *
 * Once a ring is spoilt the driver must give the device up, and so do we: nothing is pushed or
 * written any more until the ring starts again, since the driver may have taken back what we would
 * write to. For the same reason an answer that is held back was written before: returning it later
 * touches the ring only.
 */
#include <vmedia/proto.h>

#include "base/fd.h"
#include "hostile.h"
#include "vhost/backend_impl.h"
#include "virtq/dev_impl.h"

/* ---- Held back ---- */

static void arm_late(struct hostile *h)
{
	uint64_t first = UINT64_MAX;
	unsigned int i;

	for (i = 0; i < h->held_num; i++)
		if (h->held[i].deadline_ns < first)
			first = h->held[i].deadline_ns;
	if (first != UINT64_MAX)
		vmedia_timer_arm(&h->late, first);
}

static void release(struct hostile *h, unsigned int i)
{
	struct hostile_held held = h->held[i];

	h->held[i] = h->held[--h->held_num];
	if (held.deadline_ns != UINT64_MAX)
		h->late_num--;
	hostile_push(h, VMEDIA_QUEUE_COMMAND, held.chain, held.used);
}

bool hostile_hold(struct hostile *h, enum hostile_fault fault, struct vmedia_chain *chain,
		  uint32_t used)
{
	uint64_t ns = (h->late_min_ms + 1 + hostile_below(h, h->late_ms)) * 1000000ull;

	/* Never is a long time: when there are too many, one of them comes after all. */
	if (h->held_num == HOSTILE_MAX_HELD)
		release(h, hostile_below(h, h->held_num));
	h->held[h->held_num++] = (struct hostile_held){
		.chain = chain,
		.used = used,
		.deadline_ns = fault == HOSTILE_NEVER ? UINT64_MAX : vmedia_now_ns() + ns,
	};
	if (fault == HOSTILE_LATE)
		h->late_num++;
	arm_late(h);
	return true;
}

void hostile_on_late(struct vmedia_timer *t)
{
	struct hostile *h = vmedia_container_of(t, struct hostile, late);
	uint64_t now = vmedia_now_ns();
	unsigned int i = 0;

	while (i < h->held_num) {
		if (h->held[i].deadline_ns <= now)
			release(h, i);
		else
			i++;
	}
	arm_late(h);
}

/* ---- Used rings ---- */

static void put_split(struct vmedia_vqd *vq, uint32_t id, uint32_t len, uint16_t step)
{
	struct vmedia_vring_used_elem *e = &vq->used->ring[vq->used_idx & (vq->num - 1)];

	vmedia_ring_st32(&e->id, id);
	vmedia_ring_st32(&e->len, len);
	vq->used_idx = (uint16_t)(vq->used_idx + step);
	vmedia_ring_st16_release(&vq->used->idx, vq->used_idx);
}

/* A used descriptor looks as the wrap counter of the used side says. */
static void put_packed(struct vmedia_vqd *vq, uint32_t id, uint32_t len)
{
	struct vmedia_packed_desc *d = &vq->pdesc[vq->used_pos];
	uint16_t flags = vq->used_wrap ? 1u << 7 | 1u << 15 : 0;

	vmedia_ring_st16(&d->id, (uint16_t)id);
	vmedia_ring_st32(&d->len, len);
	vmedia_ring_st16_release(&d->flags, flags);
	vmedia_vqd_packed_advance(vq, &vq->used_pos, &vq->used_wrap, 1);
}

/* An id that the driver gave to nobody. */
static uint32_t free_id(const struct vmedia_vqd *vq, uint32_t not )
{
	uint32_t id;

	if (vq->packed)
		return vq->num - 1; /* the last that the driver hands out */
	for (id = vq->num - 1; id && (vq->head_out[id] || id == not );)
		id--;
	return id;
}

/*
 * @chain twice, both seen at once: between one and the other the driver could give its id away
 * again, and the ring would be right.
 */
static void push_twice(struct hostile *h, struct vmedia_vqd *vq, struct vmedia_chain *chain,
		       uint32_t used)
{
	uint16_t pos = vq->used_pos, slots = chain->slots;
	bool wrap = vq->used_wrap;

	if (vq->packed) {
		/* What comes second is there before what comes first. */
		vmedia_vqd_packed_advance(vq, &vq->used_pos, &vq->used_wrap, slots);
		put_packed(vq, chain->id, used);
		vq->used_pos = pos;
		vq->used_wrap = wrap;
		hostile_push(h, VMEDIA_QUEUE_COMMAND, chain, used);
		vmedia_vqd_packed_advance(vq, &vq->used_pos, &vq->used_wrap, 1);
	} else {
		/* The index comes with the second. */
		struct vmedia_vring_used_elem *e = &vq->used->ring[vq->used_idx & (vq->num - 1)];

		vmedia_ring_st32(&e->id, chain->id);
		vmedia_ring_st32(&e->len, used);
		vq->used_idx++;
		hostile_push(h, VMEDIA_QUEUE_COMMAND, chain, used);
	}
}

static void put(struct hostile *h, struct vmedia_vqd *vq, enum hostile_fault fault)
{
	uint32_t id = h->returned;
	uint16_t step = 1;

	if (fault == HOSTILE_STRAY)
		id = free_id(vq, id);
	else if (fault == HOSTILE_RANGE)
		id = hostile_below(h, 2) ? vq->num : 0x8000u | (uint32_t)hostile_random(h);
	else if (fault == HOSTILE_JUMP)
		step = (uint16_t)(2 + hostile_below(h, 2 * vq->num));
	if (vq->packed)
		put_packed(vq, id, 8);
	else
		put_split(vq, id, 8, step);
}

void hostile_spoil_ring(struct hostile *h, enum hostile_fault fault, struct vmedia_chain *chain,
			uint32_t used)
{
	struct vmedia_vub *vub = h->guest.vub;
	struct vmedia_vqd *vq = vub->ring[VMEDIA_QUEUE_COMMAND].vq;

	h->returned = chain->id;
	if (vq && fault == HOSTILE_DOUBLE)
		push_twice(h, vq, chain, used);
	else
		hostile_push(h, VMEDIA_QUEUE_COMMAND, chain, used);
	if (!vq)
		return;
	if (fault != HOSTILE_DOUBLE)
		put(h, vq, fault);
	vq->unsignalled++;
	vq->force_signal = true;
	h->guest.ops.notify(&h->guest.transport, VMEDIA_QUEUE_COMMAND);
	hostile_done(h, fault, true);
	h->frozen = true;
	vmedia_defer(&h->reset);
}
