/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver end of a virtqueue: offers buffers to a device, and takes them back.
 *
 * The ring lies in memory that the device can write to, so nothing that decides about our memory is
 * kept there: ids, free lists, lengths are private; what the device writes (used ids, lengths,
 * indexes) is checked against them. A device that breaks the rules makes the queue broken, sticky:
 * -EIO, with a log line that says what it did.
 *
 * Context: one thread.
 */
#ifndef VMEDIA_VIRTQ_DRV_H
#define VMEDIA_VIRTQ_DRV_H

#include <stdbool.h>
#include <stdint.h>

#include "virtq/mem.h"
#include "virtq/ring.h"

struct vmedia_vqr;

struct vmedia_vqr_config {
	uint64_t features;		/* negotiated; others than VMEDIA_VQ_FEATURES are ignored */
	struct vmedia_vq_layout layout;	/* of vmedia_vq_layout() with the same features */
	/* layout.size bytes here, aligned to 16, shared with the device; outlives the queue */
	void *base;
	/* what the device calls base, for the indirect tables in it */
	uint64_t base_gpa;
	const char *name;		/* for messages; copied, short */
};

/* Clears the memory and starts an empty ring. 0, -EINVAL, -ENOMEM. */
int vmedia_vqr_create(const struct vmedia_vqr_config *cfg, struct vmedia_vqr **out);
void vmedia_vqr_destroy(struct vmedia_vqr *q);		/* NULL is fine */

enum vmedia_vqr_add_flags {
	/* use an indirect table if negotiated and big enough, else as without the flag */
	VMEDIA_VQR_INDIRECT = 1,
};

/*
 * vmedia_vqr_add - offer a chain: @out is read by the device, @in written; lengths must not be 0
 *
 * Not visible to the device before vmedia_vqr_publish(), so that several go in one batch. @cookie
 * comes back from vmedia_vqr_get_used(). 0; -ENOSPC: not now, the ring is full; -E2BIG: never, more
 * descriptors than the ring has;
 * -EINVAL: nothing in it, a length of 0, cookie NULL; -EIO: broken.
 */
int vmedia_vqr_add(struct vmedia_vqr *q, const struct vmedia_gpa_range *out, unsigned int out_num,
		   const struct vmedia_gpa_range *in, unsigned int in_num, void *cookie,
		   unsigned int flags);

/* vmedia_vqr_publish - let the device see what was added. */
void vmedia_vqr_publish(struct vmedia_vqr *q);

/*
 * vmedia_vqr_kick_needed - does the device want a kick for what was published since the last call?
 *
 * Call once after publish; signal the kick eventfd if true.
 */
bool vmedia_vqr_kick_needed(struct vmedia_vqr *q);

/*
 * vmedia_vqr_get_used - take the next used chain
 *
 * 1: *cookie and *len (bytes that the device claims to have written, never more than was offered);
 * 0: none;
 * -EIO: broken, now or before. Buffers of a broken queue stay the device's until it was reset: see
 * vmedia_vqr_detach().
 */
int vmedia_vqr_get_used(struct vmedia_vqr *q, void **cookie, uint32_t *len);

/*
 * vmedia_vqr_has_used - would vmedia_vqr_get_used() give a chain or an error? One look at the
 * device's memory, which nothing is written to.
 */
bool vmedia_vqr_has_used(const struct vmedia_vqr *q);

/*
 * vmedia_vqr_detach - after the device was reset or is gone: any cookie that is still out, or NULL.
 * Repeat until NULL.
 */
void *vmedia_vqr_detach(struct vmedia_vqr *q);

/* vmedia_vqr_disable_notify - no interrupts, please. A hint. */
void vmedia_vqr_disable_notify(struct vmedia_vqr *q);

/*
 * vmedia_vqr_enable_notify - interrupt at the next used chain; true if there is one already: get it
 * instead of sleeping.
 */
bool vmedia_vqr_enable_notify(struct vmedia_vqr *q);

/*
 * vmedia_vqr_enable_notify_after - the same, but with EVENT_IDX interrupt only when @n more
 * (1..outstanding) were used. Without EVENT_IDX: as above.
 */
bool vmedia_vqr_enable_notify_after(struct vmedia_vqr *q, unsigned int n);

unsigned int vmedia_vqr_free(const struct vmedia_vqr *q);		/* descriptors */
unsigned int vmedia_vqr_outstanding(const struct vmedia_vqr *q);	/* chains */

/* vmedia_vqr_base - the SET_VRING_BASE value of a ring that has just been created. */
uint32_t vmedia_vqr_base(const struct vmedia_vqr *q);

#endif
