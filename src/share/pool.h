/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The slots of a publisher: a sealed memory file, and who holds which part of it.
 *
 * A slot is
 *	free		nobody has it
 *	taken		the source writes it; one at most
 *	newest		the last picture, for those who ask later; one at most
 *	held		by @refs subscribers; may be the newest as well
 *
 * A holder has at most max_held slots. So with max_holders * max_held + 2 slots there is always a
 * free one to take, whatever all holders do: one slot is taken, one is the newest, and the holders
 * have the others at most.
 *
 * Context: the loop's thread.
 */
#ifndef VMEDIA_SHARE_POOL_H
#define VMEDIA_SHARE_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <vmedia/share_proto.h>

#define VMEDIA_SHARE_NO_SLOT UINT32_MAX

struct vmedia_share_pool {
	int fd;
	uint8_t *memory;
	uint32_t num_slots, max_held;
	uint64_t slot_size;
	uint32_t *refs;			/* holders of each slot */
	uint32_t taken, newest;		/* VMEDIA_SHARE_NO_SLOT: none */
};

struct vmedia_share_pool_holder {
	uint32_t num;
	uint32_t slots[VMEDIA_SHARE_MAX_HELD];
};

/*
 * vmedia_share_pool_init - make slots of at least @bytes for @max_holders holders of @max_held each
 *
 * The file can be mapped writable by nobody afterwards. Returns 0; -ENOMEM; errno of
 * memfd_create(), ftruncate(), fcntl(), mmap(). @pool must be zeroed; vmedia_share_pool_finish()
 * frees it, and does nothing if it was not made.
 */
int vmedia_share_pool_init(struct vmedia_share_pool *pool, uint64_t bytes, uint32_t max_holders,
		     uint32_t max_held);
void vmedia_share_pool_finish(struct vmedia_share_pool *pool);

/* Take the free slot with the least number, so that few are touched. None may be taken. */
uint32_t vmedia_share_pool_take(struct vmedia_share_pool *pool);
/* The taken slot is free again, or is the newest. */
void vmedia_share_pool_put(struct vmedia_share_pool *pool);
void vmedia_share_pool_publish(struct vmedia_share_pool *pool);
/* There is no newest picture any more. */
void vmedia_share_pool_forget(struct vmedia_share_pool *pool);

static inline uint8_t *vmedia_share_pool_memory(const struct vmedia_share_pool *pool, uint32_t slot)
{
	return pool->memory + slot * pool->slot_size;
}

/* Give the newest slot to @h. Returns 0; -ENODATA: there is none; -ENOBUFS: @h has enough. */
int vmedia_share_pool_hold(struct vmedia_share_pool *pool, struct vmedia_share_pool_holder *h);
/* Returns 0, or -EINVAL if @h does not hold @slot. */
int vmedia_share_pool_release(struct vmedia_share_pool *pool, struct vmedia_share_pool_holder *h,
			      uint32_t slot);
void vmedia_share_pool_release_all(struct vmedia_share_pool *pool,
				   struct vmedia_share_pool_holder *h);

#endif
