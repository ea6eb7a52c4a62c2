/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The structures that dev.c, its two ring formats, chain.c and inflight*.c share.
 */
#ifndef VMEDIA_VIRTQ_DEV_IMPL_H
#define VMEDIA_VIRTQ_DEV_IMPL_H

#include "base/log.h"
#include "virtq/dev.h"
#include "virtq/ring.h"

/*
 * The device end of one queue. In a split ring, an event word follows the num elements of the used
 * ring, and another those of the available ring.
 */
struct vmedia_vqd {
	uint32_t num;
	uint64_t features;
	bool packed, event_idx, indirect;
	uint32_t max_segs, max_held_segs;
	uint64_t max_bytes;
	uint64_t desc_uva, driver_uva, device_uva;
	struct vmedia_mem *mem;
	int err;			/* sticky */
	char name[24];

	/* the ring, inside of mem */
	union {
		struct vmedia_vring_desc *desc;
		struct vmedia_packed_desc *pdesc;
	};
	union {
		struct vmedia_vring_avail *avail;
		struct vmedia_packed_event *driver_event;
	};
	union {
		struct vmedia_vring_used *used;
		struct vmedia_packed_event *device_event;
	};

	/* split: free-running indexes */
	uint16_t last_avail, shadow_avail, used_idx;
	uint8_t *head_out;		/* split: the heads that the device holds */
	/* packed: positions below num */
	uint16_t avail_pos, used_pos;
	bool avail_wrap, used_wrap;

	/* split: used chains; packed: used slots; since the last vmedia_vqd_notify_needed() */
	uint32_t unsignalled;
	/* nothing was signalled yet: the driver may wait for a chain of an earlier process */
	bool force_signal;

	struct vmedia_list pool;	/* free chains */
	struct vmedia_list out;		/* chains that the device holds, oldest first */
	uint32_t held_segs, held_slots;
	uint32_t pooled_segs;		/* room in the iovecs of free chains */

	struct vmedia_inflight *inflight;
	struct vmedia_ratelimit rl;
};

#define vmedia_vqd_break(q, ...) vmedia_vq_break(&(q)->err, (q)->name, "driver", __VA_ARGS__)

/* chain.c */
struct vmedia_chain *vmedia_chain_alloc(struct vmedia_vqd *q);
void vmedia_chain_release(struct vmedia_vqd *q, struct vmedia_chain *c);
void vmedia_chain_free(struct vmedia_chain *c);
/* Add one descriptor. Returns 0 or the chain's error. */
int vmedia_chain_add(struct vmedia_vqd *q, struct vmedia_chain *c, uint64_t gpa, uint32_t len,
		     bool write);
int vmedia_chain_add_indirect(struct vmedia_vqd *q, struct vmedia_chain *c, uint64_t gpa,
			      uint32_t len);
/* Complete a chain after its last descriptor or @err: set its pointers and count it. */
void vmedia_chain_finish(struct vmedia_vqd *q, struct vmedia_chain *c, int err);

/*
 * The two formats. fetch: returns 1 and a filled chain, 0 if there is none, or the error of a
 * broken ring; it advances the available position. set_base: use the value of SET_VRING_BASE.
 */
int vmedia_vqd_split_set_base(struct vmedia_vqd *q, uint32_t base);
int vmedia_vqd_split_fetch(struct vmedia_vqd *q, struct vmedia_chain *c);
int vmedia_vqd_split_build(struct vmedia_vqd *q, struct vmedia_chain *c, uint16_t head);
void vmedia_vqd_split_push(struct vmedia_vqd *q, struct vmedia_chain *c, uint32_t len);
bool vmedia_vqd_split_notify(struct vmedia_vqd *q);
bool vmedia_vqd_split_has_avail(const struct vmedia_vqd *q);
bool vmedia_vqd_split_kick(struct vmedia_vqd *q, bool enable);

int vmedia_vqd_packed_set_base(struct vmedia_vqd *q, uint32_t base);
int vmedia_vqd_packed_fetch(struct vmedia_vqd *q, struct vmedia_chain *c);
/*
 * Add one descriptor to a chain whose error so far is @err. Returns the new error. Also used for
 * descriptors that inflight_track.c recorded.
 */
int vmedia_vqd_packed_add(struct vmedia_vqd *q, struct vmedia_chain *c,
			  const struct vmedia_packed_desc *d, int err);
void vmedia_vqd_packed_push(struct vmedia_vqd *q, struct vmedia_chain *c, uint32_t len);
bool vmedia_vqd_packed_notify(struct vmedia_vqd *q);
bool vmedia_vqd_packed_has_avail(const struct vmedia_vqd *q);
bool vmedia_vqd_packed_kick(struct vmedia_vqd *q, bool enable);
/* True if the descriptor at @pos, a used position of an earlier process, is marked used. */
bool vmedia_vqd_packed_is_used(struct vmedia_vqd *q, uint16_t pos, bool wrap);

/* Advance a position by @n <= num descriptors. */
static inline void vmedia_vqd_packed_advance(const struct vmedia_vqd *q, uint16_t *pos, bool *wrap,
					     uint32_t n)
{
	uint32_t to = *pos + n;

	if (to >= q->num) {
		to -= q->num;
		*wrap = !*wrap;
	}
	*pos = (uint16_t)to;
}

#endif
