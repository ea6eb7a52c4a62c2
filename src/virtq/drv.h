/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver end of a virtqueue. It offers buffers to a device, and takes them back.
 *
 * The ring lies in memory that the device can write. Ids, free lists and lengths are therefore kept
 * in private memory, and the values that the device writes (used ids, lengths, indexes) are checked
 * against them. If the device breaks the rules, the queue is broken: every later call returns -EIO,
 * and the log has the reason.
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
	uint64_t features;		/* negotiated; only VMEDIA_VQ_FEATURES are used */
	struct vmedia_vq_layout layout;	/* of vmedia_vq_layout() with the same features */
	/* layout.size bytes, aligned to 16, shared with the device; must outlive the queue */
	void *base;
	/* the device's address of base, for the indirect tables */
	uint64_t base_gpa;
	const char *name;		/* for messages; copied, short */
};

/* Clear the memory and start an empty ring. Returns 0, -EINVAL or -ENOMEM. */
int vmedia_vqr_create(const struct vmedia_vqr_config *cfg, struct vmedia_vqr **out);
void vmedia_vqr_destroy(struct vmedia_vqr *q);		/* NULL is allowed */

enum vmedia_vqr_add_flags {
	/* use an indirect table if negotiated and large enough, else as without the flag */
	VMEDIA_VQR_INDIRECT = 1,
};

/*
 * vmedia_vqr_add - offer a chain: the device reads @out and writes @in; lengths must not be 0
 *
 * The chain is visible to the device after vmedia_vqr_publish(), so several can go in one batch.
 * vmedia_vqr_get_used() returns @cookie. Returns 0; -ENOSPC if the ring is full now; -E2BIG if the
 * chain needs more descriptors than the ring has; -EINVAL if there are no buffers, a length is 0,
 * or cookie is NULL; -EIO if the queue is broken.
 */
int vmedia_vqr_add(struct vmedia_vqr *q, const struct vmedia_gpa_range *out, unsigned int out_num,
		   const struct vmedia_gpa_range *in, unsigned int in_num, void *cookie,
		   unsigned int flags);

/* vmedia_vqr_publish - make the added chains visible to the device. */
void vmedia_vqr_publish(struct vmedia_vqr *q);

/*
 * vmedia_vqr_kick_needed - true if the device requested a kick for the chains that were published
 * since the last call
 *
 * Call it once after publish; signal the kick eventfd if it returns true.
 */
bool vmedia_vqr_kick_needed(struct vmedia_vqr *q);

/*
 * vmedia_vqr_get_used - take the next used chain
 *
 * Returns 1, *cookie and *len (the bytes that the device reports as written, never more than
 * offered); 0 if there is none; -EIO if the queue is broken, now or before. Buffers of a broken
 * queue belong to the device until it was reset: see vmedia_vqr_detach().
 */
int vmedia_vqr_get_used(struct vmedia_vqr *q, void **cookie, uint32_t *len);

/*
 * vmedia_vqr_has_used - true if vmedia_vqr_get_used() would return a chain or an error, after one
 * read of the device's memory. Nothing is written.
 */
bool vmedia_vqr_has_used(const struct vmedia_vqr *q);

/*
 * vmedia_vqr_detach - take back any cookie that is still out, after the device was reset or lost.
 * Call it until it returns NULL.
 */
void *vmedia_vqr_detach(struct vmedia_vqr *q);

/* vmedia_vqr_disable_notify - tell the device not to interrupt. A hint. */
void vmedia_vqr_disable_notify(struct vmedia_vqr *q);

/*
 * vmedia_vqr_enable_notify - request an interrupt at the next used chain. Returns true if there is
 * one already; then get it instead of sleeping.
 */
bool vmedia_vqr_enable_notify(struct vmedia_vqr *q);

/*
 * vmedia_vqr_enable_notify_after - as above, but with EVENT_IDX request the interrupt after @n more
 * chains (1..outstanding) were used. Without EVENT_IDX: as above.
 */
bool vmedia_vqr_enable_notify_after(struct vmedia_vqr *q, unsigned int n);

unsigned int vmedia_vqr_free(const struct vmedia_vqr *q);		/* descriptors */
unsigned int vmedia_vqr_outstanding(const struct vmedia_vqr *q);	/* chains */

/* vmedia_vqr_base - return the SET_VRING_BASE value of a ring that was just created. */
uint32_t vmedia_vqr_base(const struct vmedia_vqr *q);

#endif
