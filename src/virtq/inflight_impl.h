/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inflight tracking functions that the device end calls.
 */
#ifndef VMEDIA_VIRTQ_INFLIGHT_IMPL_H
#define VMEDIA_VIRTQ_INFLIGHT_IMPL_H

#include "virtq/dev.h"
#include "virtq/inflight.h"
#include "virtq/ring.h"

/*
 * Start a queue: check the region, complete or undo an interrupted update, set the queue's
 * position, list the chains to resubmit. Returns 0, -EINVAL if the region is invalid, or -ENOMEM.
 */
int vmedia_inflight_start(struct vmedia_inflight *inf, struct vmedia_vqd *q);

/* Fill @c with the next chain of an earlier process. Returns 1, or 0 if there is none left. */
int vmedia_inflight_resubmit(struct vmedia_inflight *inf, struct vmedia_vqd *q,
			     struct vmedia_chain *c);
bool vmedia_inflight_pending(const struct vmedia_inflight *inf);

/* Record that the chain at @head was taken. Split only. */
void vmedia_inflight_split_take(struct vmedia_inflight *inf, uint16_t head);

/*
 * Record a packed chain: each descriptor in turn, then commit (returns the entry of the first one)
 * or abort.
 */
void vmedia_inflight_packed_desc(struct vmedia_inflight *inf, const struct vmedia_packed_desc *d);
uint16_t vmedia_inflight_packed_commit(struct vmedia_inflight *inf);
void vmedia_inflight_abort(struct vmedia_inflight *inf);

/* Called directly before and after a used chain is published. */
void vmedia_inflight_before_used(struct vmedia_inflight *inf, struct vmedia_vqd *q,
				 struct vmedia_chain *c);
void vmedia_inflight_after_used(struct vmedia_inflight *inf, struct vmedia_vqd *q,
				struct vmedia_chain *c);

#endif
