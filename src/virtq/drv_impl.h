/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The structures that drv.c and its two ring formats share.
 */
#ifndef VMEDIA_VIRTQ_DRV_IMPL_H
#define VMEDIA_VIRTQ_DRV_IMPL_H

#include "virtq/drv.h"

/*
 * A chain that the device holds; by head (split) or id (packed). cookie is NULL if it is not out.
 */
struct vmedia_vqr_state {
	void *cookie;
	uint64_t in_len;		/* bytes that the device may write */
	uint16_t slots;			/* descriptors in the ring */
	uint16_t last;			/* split: last descriptor */
	/* split: private copy of desc[].next; packed: next free id */
	uint16_t next;
};

struct vmedia_vqr {
	uint32_t num;
	bool packed, event_idx, indirect;
	int err;
	char name[24];
	uint32_t indirect_max;
	uint8_t *tables;		/* indirect tables, one for each state */
	uint64_t tables_gpa;

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

	struct vmedia_vqr_state *state;
	uint16_t free_head;		/* split: free descriptors; packed: free ids */
	uint32_t free;			/* descriptors */
	uint32_t outstanding;		/* chains */
	uint32_t detach_pos;

	/* split */
	uint16_t avail_idx;		/* includes unpublished chains */
	uint16_t last_used;
	/* packed */
	uint16_t avail_pos, used_pos;
	bool avail_wrap, used_wrap;
	bool pending;			/* a first descriptor whose flags wait for publish */
	uint16_t pending_pos, pending_flags;

	uint32_t unpublished;		/* chains (split) or slots (packed) */
	uint32_t unkicked;		/* published since the last kick_needed() */
};

#define vmedia_vqr_break(q, ...) vmedia_vq_break(&(q)->err, (q)->name, "device", __VA_ARGS__)

/* The arguments of vmedia_vqr_add(), checked. */
struct vmedia_vqr_req {
	const struct vmedia_gpa_range *out, *in;
	unsigned int out_num, n;
	uint64_t in_len;
	void *cookie;
	bool indirect;
};

/* Return piece @i. *write: the device writes it. */
static inline const struct vmedia_gpa_range *vmedia_vqr_piece(const struct vmedia_vqr_req *r,
							      unsigned int i, bool *write)
{
	*write = i >= r->out_num;
	return *write ? &r->in[i - r->out_num] : &r->out[i];
}

void vmedia_vqr_split_init(struct vmedia_vqr *q);
void vmedia_vqr_split_add(struct vmedia_vqr *q, const struct vmedia_vqr_req *r);
void vmedia_vqr_split_publish(struct vmedia_vqr *q);
bool vmedia_vqr_split_kick_needed(struct vmedia_vqr *q);
bool vmedia_vqr_split_has_used(const struct vmedia_vqr *q);
int vmedia_vqr_split_get(struct vmedia_vqr *q, void **cookie, uint32_t *len);
void vmedia_vqr_split_disable(struct vmedia_vqr *q);
bool vmedia_vqr_split_enable(struct vmedia_vqr *q, unsigned int n);

void vmedia_vqr_packed_init(struct vmedia_vqr *q);
void vmedia_vqr_packed_add(struct vmedia_vqr *q, const struct vmedia_vqr_req *r);
void vmedia_vqr_packed_publish(struct vmedia_vqr *q);
bool vmedia_vqr_packed_kick_needed(struct vmedia_vqr *q);
bool vmedia_vqr_packed_has_used(const struct vmedia_vqr *q);
int vmedia_vqr_packed_get(struct vmedia_vqr *q, void **cookie, uint32_t *len);
void vmedia_vqr_packed_disable(struct vmedia_vqr *q);
bool vmedia_vqr_packed_enable(struct vmedia_vqr *q, unsigned int n);

#endif
