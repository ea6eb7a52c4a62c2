/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of the device end: what dev.c, its two ring formats, chain.c and inflight.c share.
 */
#ifndef VMEDIA_VIRTQ_DEV_IMPL_H
#define VMEDIA_VIRTQ_DEV_IMPL_H

#include "base/log.h"
#include "virtq/dev.h"
#include "virtq/ring.h"

/*
 * The used side of a split ring has its event word behind num elements; so has the available side.
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
	uint8_t *head_out;		/* split: which heads are with the device */
	/* packed: positions below num */
	uint16_t avail_pos, used_pos;
	bool avail_wrap, used_wrap;

	/* split: used chains, packed: used slots, since the last question */
	uint32_t unsignalled;
	/* nothing was signalled in this life: the driver may wait for something old */
	bool force_signal;

	struct vmedia_list pool;	/* free chains */
	struct vmedia_list out;		/* chains with the device, oldest first */
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
/* One descriptor; 0 or the chain's error. */
int vmedia_chain_add(struct vmedia_vqd *q, struct vmedia_chain *c, uint64_t gpa, uint32_t len,
		     bool write);
int vmedia_chain_add_indirect(struct vmedia_vqd *q, struct vmedia_chain *c, uint64_t gpa,
			      uint32_t len);
/* All descriptors are in, or @err: fix up the pointers and account. */
void vmedia_chain_finish(struct vmedia_vqd *q, struct vmedia_chain *c, int err);

/*
 * The two formats. fetch: 1 and a filled chain, 0 when empty, or broken. It moves the available
 * side on. base: take over SET_VRING_BASE's value.
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
 * One descriptor of a chain that is at @err so far; the new error. Also for descriptors remembered
 * by inflight_track.c.
 */
int vmedia_vqd_packed_add(struct vmedia_vqd *q, struct vmedia_chain *c,
			  const struct vmedia_packed_desc *d, int err);
void vmedia_vqd_packed_push(struct vmedia_vqd *q, struct vmedia_chain *c, uint32_t len);
bool vmedia_vqd_packed_notify(struct vmedia_vqd *q);
bool vmedia_vqd_packed_has_avail(const struct vmedia_vqd *q);
bool vmedia_vqd_packed_kick(struct vmedia_vqd *q, bool enable);
/* Is the descriptor at the used position of an earlier life marked used? */
bool vmedia_vqd_packed_is_used(struct vmedia_vqd *q, uint16_t pos, bool wrap);

/* Move a position on by @n <= num descriptors. */
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
