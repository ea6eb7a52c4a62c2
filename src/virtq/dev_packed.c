// SPDX-License-Identifier: BSD-3-Clause
/*
 * The device end of a packed ring (virtio 1.2, 2.8). See dev.h.
 *
 * Barrier pairs. The other ends are in drv_packed.c (or in a guest's kernel):
 *   [E] the driver writes a chain, the flags of its first descriptor last; the device reads those
 *       flags, then the rest;
 *   [F] the device writes the buffers and the id and length of a used descriptor, then its flags;
 *       the driver reads the flags, then the others;
 *   [G] the device requests a kick, then reads the next descriptor; the driver makes it available,
 *       then reads whether a kick was requested;
 *   [H] the device makes a descriptor used, then reads whether an interrupt was requested; the
 *       driver requests an interrupt, then reads the descriptor.
 *
 * The available flags of a chain's later descriptors are not checked. A driver makes the first one
 * available last. A hostile driver gains nothing, since the contents are checked anyway.
 */
#include <errno.h>

#include "virtq/dev_impl.h"
#include "virtq/inflight_impl.h"

int vmedia_vqd_packed_set_base(struct vmedia_vqd *q, uint32_t base)
{
	q->avail_pos = base & 0x7fff;
	q->avail_wrap = base >> 15 & 1;
	q->used_pos = base >> 16 & 0x7fff;
	q->used_wrap = base >> 31;
	if (q->avail_pos >= q->num || q->used_pos >= q->num) {
		vmedia_warn("Queue %s: a packed ring of %u cannot begin at %u and %u", q->name,
			    q->num, q->avail_pos, q->used_pos);
		return -EINVAL;
	}
	return 0;
}

static bool is_avail(const struct vmedia_vqd *q)
{
	/* barrier pair [E] */
	uint16_t flags = vmedia_ring_ld16_acquire(&q->pdesc[q->avail_pos].flags);

	return !!(flags & VMEDIA_PACKED_F_AVAIL) == q->avail_wrap &&
	       !!(flags & VMEDIA_PACKED_F_USED) != q->avail_wrap;
}

bool vmedia_vqd_packed_is_used(struct vmedia_vqd *q, uint16_t pos, bool wrap)
{
	uint16_t flags = vmedia_ring_ld16_acquire(&q->pdesc[pos].flags);

	return !!(flags & VMEDIA_PACKED_F_AVAIL) == wrap &&
	       !!(flags & VMEDIA_PACKED_F_USED) == wrap;
}

int vmedia_vqd_packed_add(struct vmedia_vqd *q, struct vmedia_chain *c,
			  const struct vmedia_packed_desc *d, int err)
{
	uint16_t flags = le16toh(d->flags);

	if (err)
		return err;
	if (!(flags & VMEDIA_DESC_F_INDIRECT))
		return vmedia_chain_add(q, c, le64toh(d->addr), le32toh(d->len),
					flags & VMEDIA_DESC_F_WRITE);
	if (flags & VMEDIA_DESC_F_NEXT)
		return -EINVAL;
	return vmedia_chain_add_indirect(q, c, le64toh(d->addr), le32toh(d->len));
}

int vmedia_vqd_packed_fetch(struct vmedia_vqd *q, struct vmedia_chain *c)
{
	uint32_t room = q->num - q->held_slots;
	struct vmedia_packed_desc d;
	uint32_t pos = q->avail_pos;
	int err = 0;

	if (room == 0 || !is_avail(q))
		return 0;
	/* A bad chain is read to its end, since the next chain begins there. */
	for (;;) {
		if (c->slots == room) {
			if (q->inflight)
				vmedia_inflight_abort(q->inflight);
			return vmedia_vqd_break(
				q, "chain at descriptor %u is longer than the %u that are free",
				q->avail_pos, room);
		}
		vmedia_ring_copy(&d, &q->pdesc[pos], sizeof(d));
		if (q->inflight)
			vmedia_inflight_packed_desc(q->inflight, &d);
		err = vmedia_vqd_packed_add(q, c, &d, err);
		c->slots++;
		pos = pos + 1 == q->num ? 0 : pos + 1;
		if (!(le16toh(d.flags) & VMEDIA_DESC_F_NEXT))
			break;
	}
	c->id = le16toh(d.id);
	if (q->inflight)
		c->inflight_slot = vmedia_inflight_packed_commit(q->inflight);
	vmedia_vqd_packed_advance(q, &q->avail_pos, &q->avail_wrap, c->slots);
	vmedia_chain_finish(q, c, err);
	return 1;
}

void vmedia_vqd_packed_push(struct vmedia_vqd *q, struct vmedia_chain *c, uint32_t len)
{
	struct vmedia_packed_desc *d = &q->pdesc[q->used_pos];
	uint16_t flags = q->used_wrap ? VMEDIA_PACKED_F_AVAIL | VMEDIA_PACKED_F_USED : 0;

	if (len)
		flags |= VMEDIA_DESC_F_WRITE;
	__atomic_store_n(&d->id, htole16(c->id), __ATOMIC_RELAXED);
	vmedia_ring_st32(&d->len, len);
	vmedia_ring_st16_release(&d->flags, flags);	/* barrier pair [F] */
	vmedia_vqd_packed_advance(q, &q->used_pos, &q->used_wrap, c->slots);
	q->unsignalled += c->slots;
}

bool vmedia_vqd_packed_notify(struct vmedia_vqd *q)
{
	uint16_t flags, off_wrap;
	uint32_t event;

	vmedia_ring_mb();	/* barrier pair [H] */
	flags = vmedia_ring_ld16_acquire(&q->driver_event->flags);
	if (flags == VMEDIA_PACKED_EVENT_DISABLE)
		return false;
	if (flags != VMEDIA_PACKED_EVENT_DESC || !q->event_idx || q->force_signal ||
	    q->unsignalled >= q->num)
		return true;
	off_wrap = vmedia_ring_ld16(&q->driver_event->off_wrap);
	event = off_wrap & 0x7fff;
	if (!!(off_wrap & VMEDIA_PACKED_WRAP) != q->used_wrap)
		event -= q->num;
	return vmedia_ring_need_event((uint16_t)event, q->used_pos,
				      (uint16_t)(q->used_pos - q->unsignalled));
}

bool vmedia_vqd_packed_has_avail(const struct vmedia_vqd *q)
{
	return q->held_slots < q->num && is_avail(q);
}

bool vmedia_vqd_packed_kick(struct vmedia_vqd *q, bool enable)
{
	if (!enable) {
		vmedia_ring_st16(&q->device_event->flags, VMEDIA_PACKED_EVENT_DISABLE);
		return false;
	}
	if (q->event_idx) {
		vmedia_ring_st16(
			&q->device_event->off_wrap,
			(uint16_t)(q->avail_pos | (q->avail_wrap ? VMEDIA_PACKED_WRAP : 0)));
		vmedia_ring_st16_release(&q->device_event->flags, VMEDIA_PACKED_EVENT_DESC);
	} else {
		vmedia_ring_st16(&q->device_event->flags, VMEDIA_PACKED_EVENT_ENABLE);
	}
	vmedia_ring_mb();	/* barrier pair [G] */
	return q->held_slots < q->num && is_avail(q);
}
