/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the device end calls of inflight.c.
 */
#ifndef VMEDIA_VIRTQ_INFLIGHT_IMPL_H
#define VMEDIA_VIRTQ_INFLIGHT_IMPL_H

#include "virtq/dev.h"
#include "virtq/inflight.h"
#include "virtq/ring.h"

/*
 * A queue starts: check the region, finish or undo a torn update, position the queue, list what to
 * resubmit.
 */
int vmedia_inflight_start(struct vmedia_inflight *inf, struct vmedia_vqd *q);

/* 1: @c is a chain of an earlier life; 0: no (more) such; negative: broken. */
int vmedia_inflight_resubmit(struct vmedia_inflight *inf, struct vmedia_vqd *q,
			     struct vmedia_chain *c);
bool vmedia_inflight_pending(const struct vmedia_inflight *inf);

/* Split: @head was taken. */
void vmedia_inflight_split_take(struct vmedia_inflight *inf, uint16_t head);

/* Packed: one descriptor after another, then commit (the region's entry of the first) or abort. */
void vmedia_inflight_packed_desc(struct vmedia_inflight *inf, const struct vmedia_packed_desc *d);
uint16_t vmedia_inflight_packed_commit(struct vmedia_inflight *inf);
void vmedia_inflight_abort(struct vmedia_inflight *inf);

/* Around publishing a used chain. */
void vmedia_inflight_before_used(struct vmedia_inflight *inf, struct vmedia_vqd *q,
				 struct vmedia_chain *c);
void vmedia_inflight_after_used(struct vmedia_inflight *inf, struct vmedia_vqd *q,
				struct vmedia_chain *c);

#endif
