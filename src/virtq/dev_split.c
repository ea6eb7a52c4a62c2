// SPDX-License-Identifier: BSD-3-Clause
/*
 * The device end of a split ring (virtio 1.2, 2.7). See dev.h.
 *
 * Barrier pairs. The other ends are in drv_split.c (or in a guest's kernel):
 *   [A] the driver writes descriptors and the available entry, then the index; the device reads the
 *       index, then the others;
 *   [B] the device writes the buffers and the used element, then the index; the driver reads the
 *       index, then the others;
 *   [C] the device requests a kick, then reads the available index; the driver writes that index,
 *       then reads whether a kick was requested;
 *   [D] the device writes the used index, then reads whether an interrupt was requested; the driver
 *       requests an interrupt, then reads the index.
 */
#include <errno.h>

#include "virtq/dev_impl.h"
#include "virtq/inflight_impl.h"

/* The event words behind the rings. */
static uint16_t *avail_event(struct vmedia_vqd *q)
{
	return (uint16_t *)&q->used->ring[q->num];
}

static const uint16_t *used_event(struct vmedia_vqd *q)
{
	return &q->avail->ring[q->num];
}

int vmedia_vqd_split_set_base(struct vmedia_vqd *q, uint32_t base)
{
	if (base > UINT16_MAX) {
		vmedia_warn("Queue %s: a split ring cannot begin at %u", q->name, base);
		return -EINVAL;
	}
	q->last_avail = (uint16_t)base;
	q->shadow_avail = q->last_avail;
	q->used_idx = vmedia_ring_ld16(&q->used->idx);
	return 0;
}

/* Return the number of waiting chains, or negative errno if the index is impossible. */
static int available(struct vmedia_vqd *q)
{
	if (q->shadow_avail == q->last_avail) {
		/* barrier pair [A] */
		uint16_t idx = vmedia_ring_ld16_acquire(&q->avail->idx);

		if ((uint16_t)(idx - q->last_avail) > q->num)
			return vmedia_vqd_break(q, "available index went from %u to %u, size %u",
						q->last_avail, idx, q->num);
		q->shadow_avail = idx;
	}
	return (uint16_t)(q->shadow_avail - q->last_avail);
}

static int read_chain(struct vmedia_vqd *q, struct vmedia_chain *c, uint32_t head)
{
	struct vmedia_vring_desc d;
	uint32_t i = head;

	for (uint32_t count = 1; ; count++) {
		uint16_t flags;
		int ret;

		if (count > q->num)
			return -ELOOP;
		vmedia_ring_copy(&d, &q->desc[i], sizeof(d));
		flags = le16toh(d.flags);
		if (flags & VMEDIA_DESC_F_INDIRECT) {
			if (flags & VMEDIA_DESC_F_NEXT)		/* 2.7.5.3.1 */
				return -EINVAL;
			return vmedia_chain_add_indirect(q, c, le64toh(d.addr), le32toh(d.len));
		}
		ret = vmedia_chain_add(q, c, le64toh(d.addr), le32toh(d.len),
				       flags & VMEDIA_DESC_F_WRITE);
		if (ret)
			return ret;
		if (!(flags & VMEDIA_DESC_F_NEXT))
			return 0;
		i = le16toh(d.next);
		if (i >= q->num)
			return -EINVAL;
	}
}

/* Take the chain at @head, which is in range. */
int vmedia_vqd_split_build(struct vmedia_vqd *q, struct vmedia_chain *c, uint16_t head)
{
	c->id = head;
	c->slots = 1;
	c->inflight_slot = head;
	q->head_out[head] = 1;
	vmedia_chain_finish(q, c, read_chain(q, c, head));
	return 1;
}

int vmedia_vqd_split_fetch(struct vmedia_vqd *q, struct vmedia_chain *c)
{
	int ret = available(q);
	uint16_t head;

	if (ret <= 0)
		return ret;
	head = vmedia_ring_ld16(&q->avail->ring[q->last_avail & (q->num - 1)]);
	if (head >= q->num)
		return vmedia_vqd_break(q, "available entry %u names descriptor %u of %u",
					q->last_avail, head, q->num);
	if (q->head_out[head])
		return vmedia_vqd_break(q, "descriptor %u was made available again while in use",
					head);
	q->last_avail++;
	if (q->inflight)
		vmedia_inflight_split_take(q->inflight, head);
	return vmedia_vqd_split_build(q, c, head);
}

void vmedia_vqd_split_push(struct vmedia_vqd *q, struct vmedia_chain *c, uint32_t len)
{
	struct vmedia_vring_used_elem *e = &q->used->ring[q->used_idx & (q->num - 1)];

	vmedia_ring_st32(&e->id, c->id);
	vmedia_ring_st32(&e->len, len);
	q->used_idx++;
	vmedia_ring_st16_release(&q->used->idx, q->used_idx);	/* barrier pair [B] */
	q->head_out[c->id] = 0;
	q->unsignalled++;
}

bool vmedia_vqd_split_notify(struct vmedia_vqd *q)
{
	vmedia_ring_mb();	/* barrier pair [D] */
	if (!q->event_idx)
		return !(vmedia_ring_ld16(&q->avail->flags) & VMEDIA_AVAIL_F_NO_INTERRUPT);
	if (q->force_signal || q->unsignalled > UINT16_MAX)
		return true;
	return vmedia_ring_need_event(vmedia_ring_ld16(used_event(q)), q->used_idx,
				      (uint16_t)(q->used_idx - q->unsignalled));
}

bool vmedia_vqd_split_has_avail(const struct vmedia_vqd *q)
{
	return vmedia_ring_ld16(&q->avail->idx) != q->last_avail;
}

bool vmedia_vqd_split_kick(struct vmedia_vqd *q, bool enable)
{
	if (!q->event_idx)
		vmedia_ring_st16(&q->used->flags, enable ? 0 : VMEDIA_USED_F_NO_NOTIFY);
	else if (enable)
		vmedia_ring_st16(avail_event(q), q->last_avail);
	/*
	 * With event index no flag is needed to disable: the event index stays behind, and the
	 * driver passes it once in 65536 chains.
	 */
	if (!enable)
		return false;
	vmedia_ring_mb();	/* barrier pair [C] */
	return available(q) > 0;
}
