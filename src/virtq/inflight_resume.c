// SPDX-License-Identifier: BSD-3-Clause
/*
 * Inflight tracking: resubmit chains of an earlier process as they were recorded. See inflight.h.
 */
#include "virtq/inflight_area.h"

bool vmedia_inflight_pending(const struct vmedia_inflight *inf)
{
	return inf->resubmit_pos < inf->resubmit_num;
}

static void build_packed(struct vmedia_inflight *inf, struct vmedia_vqd *q, struct vmedia_chain *c,
			 uint16_t head)
{
	struct vmedia_packed_desc d = { 0 };
	uint16_t i = head;
	int err = 0;

	for (uint16_t k = 0; k < inf->chain_num[head]; k++) {
		const struct vmedia_inflight_packed_entry *e = &inf->pk->desc[i];

		d.addr = htole64(VMEDIA_INFLIGHT_LD(e->addr));
		d.len = htole32(VMEDIA_INFLIGHT_LD(e->len));
		d.id = htole16(VMEDIA_INFLIGHT_LD(e->id));
		d.flags = htole16(VMEDIA_INFLIGHT_LD(e->flags));
		err = vmedia_vqd_packed_add(q, c, &d, err);
		c->slots++;
		i = inf->next[i];
	}
	c->id = le16toh(d.id);
	c->inflight_slot = head;
	vmedia_chain_finish(q, c, err);
}

int vmedia_inflight_resubmit(struct vmedia_inflight *inf, struct vmedia_vqd *q,
			     struct vmedia_chain *c)
{
	uint16_t head;

	if (!vmedia_inflight_pending(inf))
		return 0;
	head = inf->resubmit[inf->resubmit_pos++].head;
	if (inf->packed)
		build_packed(inf, q, c, head);
	else
		vmedia_vqd_split_build(q, c, head);
	return 1;
}
