/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The layout of an inflight area as the vhost-user specification defines it ("Inflight I/O
 * tracking"; host byte order), and the private state of each queue. For inflight*.c only.
 */
#ifndef VMEDIA_VIRTQ_INFLIGHT_AREA_H
#define VMEDIA_VIRTQ_INFLIGHT_AREA_H

#include <assert.h>
#include <stddef.h>

#include "virtq/dev_impl.h"
#include "virtq/inflight_impl.h"

struct vmedia_inflight_split_entry {
	uint8_t inflight;
	uint8_t padding[5];
	uint16_t next;
	uint64_t counter;
};
static_assert(sizeof(struct vmedia_inflight_split_entry) == 16, "DescStateSplit");
static_assert(offsetof(struct vmedia_inflight_split_entry, next) == 6, "DescStateSplit");

struct vmedia_inflight_split {
	uint64_t features;
	uint16_t version;
	uint16_t desc_num;
	uint16_t last_batch_head;
	uint16_t used_idx;
	struct vmedia_inflight_split_entry desc[];
};
static_assert(sizeof(struct vmedia_inflight_split) == 16, "QueueRegionSplit");

struct vmedia_inflight_packed_entry {
	uint8_t inflight;
	uint8_t padding;
	uint16_t next;
	uint16_t last;
	uint16_t num;
	uint64_t counter;
	uint16_t id;
	uint16_t flags;
	uint32_t len;
	uint64_t addr;
};
static_assert(sizeof(struct vmedia_inflight_packed_entry) == 32, "DescStatePacked");

struct vmedia_inflight_packed {
	uint64_t features;
	uint16_t version;
	uint16_t desc_num;
	uint16_t free_head;
	uint16_t old_free_head;
	uint16_t used_idx;
	uint16_t old_used_idx;
	uint8_t used_wrap_counter;
	uint8_t old_used_wrap_counter;
	uint8_t padding[7];
	struct vmedia_inflight_packed_entry desc[];
};
static_assert(offsetof(struct vmedia_inflight_packed, used_wrap_counter) == 20,
	      "QueueRegionPacked");
static_assert(offsetof(struct vmedia_inflight_packed, desc) == 32, "QueueRegionPacked");

/*
 * Stores keep their order, so that after a crash the file has one of the states that recovery
 * handles.
 */
#define VMEDIA_INFLIGHT_LD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define VMEDIA_INFLIGHT_ST(field, v) __atomic_store_n(&(field), (v), __ATOMIC_RELEASE)

struct vmedia_inflight_head {
	uint16_t head;
	uint64_t counter;
};

struct vmedia_inflight {
	uint32_t num;
	bool packed;
	union {
		struct vmedia_inflight_split *split;
		struct vmedia_inflight_packed *pk;
	};
	/* private state of the running queue */
	uint64_t counter;
	uint16_t last_batch_head;	/* split */
	uint16_t free_head;		/* packed */
	uint16_t taking;		/* packed: descriptors of the chain that is being taken */
	uint16_t taking_head, taking_last;
	/* packed: copy of the entries' next; its allocation includes the next two arrays */
	uint16_t *next;
	uint16_t *chain_last;		/* packed, by head: last entry of a chain that is out */
	uint16_t *chain_num;		/* packed, by head: number of its entries */
	struct vmedia_inflight_head *resubmit;
	uint32_t resubmit_num, resubmit_pos;
};

struct vmedia_inflight_area {
	/* the file; its mapping is guarded against truncation */
	struct vmedia_mem *mem;
	unsigned int n;
	struct vmedia_inflight queues[];
};

#endif
