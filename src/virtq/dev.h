/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device end of a virtqueue: takes chains that a driver made available, and returns them used.
 *
 * Two kinds of wrong, as everything in the ring is the driver's:
 *   - a bad chain (loops, addresses outside of guest memory, readable behind writable, nested
 *     indirect tables, too many segments or bytes): vmedia_vqd_pop() gives it with chain->err set
 *     and no buffers; return it with used length 0; the queue goes on;
 *   - a broken ring (available index beyond the queue's size, a head out of range or in flight
 *     already, a packed chain longer than the ring): sticky. pop gives the error for ever, push
 *     does nothing, until the queue is set up anew.
 *
 * Descriptors of length 0 are accepted and skipped. Segments that touch in host memory are not
 * merged.
 *
 * Context: one thread, that of the device; chains may be read and written by any one thread at a
 * time.
 */
#ifndef VMEDIA_VIRTQ_DEV_H
#define VMEDIA_VIRTQ_DEV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/list.h"
#include "virtq/mem.h"

struct vmedia_vqd;
struct vmedia_inflight;

#define VMEDIA_VQD_MAX_SEGS 1024
#define VMEDIA_VQD_MAX_BYTES (1ULL << 32)
#define VMEDIA_VQD_MAX_HELD_SEGS 65536

struct vmedia_vqd_config {
	uint32_t num;			/* 1..32768; split: a power of two */
	/* acknowledged by the driver; others than VMEDIA_VQ_FEATURES are ignored */
	uint64_t features;
	/* the three parts, as the front-end's addresses (struct vmedia_mem_desc.uva) */
	uint64_t desc, driver, device;
	/*
	 * Where to begin, in the form of SET_VRING_BASE. Split: the next available index. Packed:
	 * bits 0-14 next available position, bit 15 its wrap counter, bits 16-30 and 31 the same
	 * for used; a fresh packed queue is 0x80008000.
	 */
	uint32_t base;
	uint32_t max_segs;		/* of one chain; 0: VMEDIA_VQD_MAX_SEGS */
	uint64_t max_bytes;		/* of one chain, both directions; 0: VMEDIA_VQD_MAX_BYTES */
	/* of all popped chains; beyond, chains are bad with -ENOBUFS; 0: the default */
	uint32_t max_held_segs;
	const char *name;		/* for messages; copied, short */
	/* or NULL; see inflight.h; must outlive the queue */
	struct vmedia_inflight *inflight;
};

#define VMEDIA_VQD_BASE_PACKED 0x80008000u	/* base of a fresh packed queue */

/*
 * A chain that is with the device. iov and lengths are private copies, checked; what they point to
 * is not.
 */
struct vmedia_chain {
	struct iovec *out;		/* device-readable, in order */
	unsigned int out_num;
	size_t out_len;			/* bytes */
	struct iovec *in;		/* device-writable, in order */
	unsigned int in_num;
	size_t in_len;
	/*
	 * 0, or why it is bad: -ELOOP, -EFAULT (outside of guest memory), -EINVAL (order, flags,
	 * indirect table), -E2BIG (segments), -EMSGSIZE (bytes), -ENOBUFS (too much held), -ENOMEM.
	 * All counts above are then 0.
	 */
	int err;
	uint16_t id;			/* head (split) or buffer id (packed): for messages */
	void *user;			/* the caller's while it has the chain; NULL after pop */
	/* the caller's while it has the chain; initialised after pop */
	struct vmedia_list node;
	/* private */
	struct vmedia_mem *mem;
	struct iovec *iov;
	unsigned int iov_cap;
	unsigned int iov_num;
	uint16_t slots;
	uint16_t inflight_slot;
	bool held;
	struct vmedia_list pool;
};

/*
 * vmedia_vqd_create - 0; or -EINVAL: num, base, or a part that is misaligned (desc 16, driver 2 or
 * 4, device 4 bytes) or not in @mem; -ENOMEM. Takes its own reference on @mem.
 */
int vmedia_vqd_create(const struct vmedia_vqd_config *cfg, struct vmedia_mem *mem,
		      struct vmedia_vqd **out);

/*
 * vmedia_vqd_destroy - frees all, also chains that were not returned: they must not be used any
 * more. NULL is fine.
 */
void vmedia_vqd_destroy(struct vmedia_vqd *q);

/*
 * vmedia_vqd_set_mem - use another snapshot from now on (chains out there keep theirs)
 *
 * -EINVAL: a part of the ring is not in it: the queue is broken then.
 */
int vmedia_vqd_set_mem(struct vmedia_vqd *q, struct vmedia_mem *mem);

/*
 * vmedia_vqd_pop - take the next chain
 *
 * 1 and a chain, good or bad, that vmedia_vqd_push() must get; 0: none;
 * negative: the ring is broken (-EIO) or there is no memory (-ENOMEM; nothing taken). With inflight
 * tracking, chains of an earlier life come first.
 */
int vmedia_vqd_pop(struct vmedia_vqd *q, struct vmedia_chain **out);

/*
 * vmedia_vqd_push - return a chain of which @used_len bytes were written from the beginning of its
 * writable part
 *
 * In any order. @chain is gone afterwards. Publishes at once; the driver is told when
 * vmedia_vqd_notify_needed() says so and the caller signals. @used_len is cut to in_len.
 */
void vmedia_vqd_push(struct vmedia_vqd *q, struct vmedia_chain *chain, uint32_t used_len);

/*
 * vmedia_vqd_notify_needed - must the driver be interrupted for what was pushed since this was last
 * called?
 *
 * Call once after a batch of pushes; signal the call eventfd if true. With event index the first
 * call after a push is always true: the driver may wait for something of an earlier life.
 */
bool vmedia_vqd_notify_needed(struct vmedia_vqd *q);

/*
 * vmedia_vqd_disable_kick - tell the driver that kicks are not needed while we are looking anyway.
 * A hint.
 */
void vmedia_vqd_disable_kick(struct vmedia_vqd *q);

/*
 * vmedia_vqd_enable_kick - ask for a kick at the next chain; true if one came meanwhile: pop again
 * instead of sleeping. A broken queue gives false.
 */
bool vmedia_vqd_enable_kick(struct vmedia_vqd *q);

/*
 * vmedia_vqd_has_avail - would vmedia_vqd_pop() give a chain, as far as one look at the driver's
 * memory tells? Nothing is written, so the driver does not notice.
 */
bool vmedia_vqd_has_avail(const struct vmedia_vqd *q);

/*
 * vmedia_vqd_base - where to go on, in the form of GET_VRING_BASE. Chains in flight count as taken.
 */
uint32_t vmedia_vqd_base(const struct vmedia_vqd *q);

/*
 * vmedia_chain_read - copy at most @cap bytes of the readable part from offset @off; the number
 * copied.
 */
size_t vmedia_chain_read(const struct vmedia_chain *chain, size_t off, void *buf, size_t cap);

/*
 * vmedia_chain_write - copy at most @len bytes to offset @off of the writable part; the number that
 * fitted.
 */
size_t vmedia_chain_write(const struct vmedia_chain *chain, size_t off, const void *buf,
			  size_t len);

/*
 * vmedia_chain_make - a chain that is in no queue, over the caller's iovecs; for tests and
 * in-process use. The caller owns @chain and the iovecs; never push it to a queue.
 */
void vmedia_chain_make(struct vmedia_chain *chain, struct iovec *out, unsigned int out_num,
		       struct iovec *in, unsigned int in_num);

#endif
