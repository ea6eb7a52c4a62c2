/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device end of a virtqueue. It takes chains that a driver made available, and returns them
 * used.
 *
 * Everything in the ring comes from the driver, so there are two kinds of errors:
 *   - a bad chain (loops, addresses outside of guest memory, readable behind writable, nested
 *     indirect tables, too many segments or bytes): vmedia_vqd_pop() returns it with chain->err set
 *     and without buffers. The caller returns it with used length 0, and the queue continues;
 *   - a broken ring (available index beyond the queue's size, a head that is out of range or
 *     already in flight, a packed chain longer than the ring): the error is sticky. From then on
 *     pop returns it and push does nothing, until the queue is set up again.
 *
 * Descriptors of length 0 are accepted and skipped. Segments that are adjacent in host memory are
 * not merged.
 *
 * Context: the device's thread. A chain may be read and written by any one thread at a time.
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
	/* acknowledged by the driver; features outside VMEDIA_VQ_FEATURES are ignored */
	uint64_t features;
	/* the three parts, as the front-end's addresses (struct vmedia_mem_desc.uva) */
	uint64_t desc, driver, device;
	/*
	 * The first position, in the form of SET_VRING_BASE. Split: the next available index.
	 * Packed: bits 0-14 are the next available position, bit 15 is its wrap counter, bits 16-30
	 * and 31 are the same for used; a fresh packed queue has 0x80008000.
	 */
	uint32_t base;
	uint32_t max_segs;		/* of one chain; 0: VMEDIA_VQD_MAX_SEGS */
	uint64_t max_bytes;		/* of one chain, both directions; 0: VMEDIA_VQD_MAX_BYTES */
	/* of all popped chains; chains beyond it are bad (-ENOBUFS); 0: the default */
	uint32_t max_held_segs;
	const char *name;		/* for messages; copied, short */
	/* or NULL; see inflight.h; must outlive the queue */
	struct vmedia_inflight *inflight;
};

#define VMEDIA_VQD_BASE_PACKED 0x80008000u	/* base of a fresh packed queue */

/*
 * A chain that the device holds. iov and lengths are private, checked copies. The memory that they
 * point to is shared with the driver.
 */
struct vmedia_chain {
	struct iovec *out;		/* device-readable, in order */
	unsigned int out_num;
	size_t out_len;			/* bytes */
	struct iovec *in;		/* device-writable, in order */
	unsigned int in_num;
	size_t in_len;
	/*
	 * 0, or the reason why the chain is bad: -ELOOP, -EFAULT (outside of guest memory), -EINVAL
	 * (order, flags, indirect table), -E2BIG (segments), -EMSGSIZE (bytes), -ENOBUFS (too many
	 * segments held), -ENOMEM. All counts above are then 0.
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
 * vmedia_vqd_create - set up a queue. Takes its own reference on @mem. Returns 0; -EINVAL if num or
 * base is wrong, if a part is misaligned (desc 16, driver 2 or 4, device 4 bytes) or not in @mem,
 * or if the inflight region is invalid; -ENOMEM.
 */
int vmedia_vqd_create(const struct vmedia_vqd_config *cfg, struct vmedia_mem *mem,
		      struct vmedia_vqd **out);

/*
 * vmedia_vqd_destroy - free the queue and its chains. Chains that were not returned must not be
 * used after this. NULL is allowed.
 */
void vmedia_vqd_destroy(struct vmedia_vqd *q);

/*
 * vmedia_vqd_set_mem - use another snapshot of guest memory from now on. Chains that are out keep
 * theirs.
 *
 * Returns 0, or -EINVAL if a part of the ring is not in @mem; then the queue is broken.
 */
int vmedia_vqd_set_mem(struct vmedia_vqd *q, struct vmedia_mem *mem);

/*
 * vmedia_vqd_pop - take the next chain
 *
 * Returns 1 and a chain, good or bad, which must be returned with vmedia_vqd_push(); 0 if there is
 * none; -EIO if the ring is broken; -ENOMEM, and then no chain was taken. With inflight tracking,
 * chains of an earlier process come first.
 */
int vmedia_vqd_pop(struct vmedia_vqd *q, struct vmedia_chain **out);

/*
 * vmedia_vqd_push - return a chain with @used_len bytes written at the beginning of its writable
 * part
 *
 * Chains may be returned in any order. @chain is freed. The chain is visible to the driver at once.
 * To notify the driver, call vmedia_vqd_notify_needed() and signal. @used_len is cut to in_len.
 */
void vmedia_vqd_push(struct vmedia_vqd *q, struct vmedia_chain *chain, uint32_t used_len);

/*
 * vmedia_vqd_notify_needed - true if the driver must be interrupted for the chains that were pushed
 * since the last call
 *
 * Call it once after a batch of pushes; signal the call eventfd if it returns true. With event
 * index the first call after a push returns true, since the driver may wait for a chain of an
 * earlier process.
 */
bool vmedia_vqd_notify_needed(struct vmedia_vqd *q);

/* vmedia_vqd_disable_kick - tell the driver not to kick, while the device polls. A hint. */
void vmedia_vqd_disable_kick(struct vmedia_vqd *q);

/*
 * vmedia_vqd_enable_kick - request a kick at the next chain. Returns true if a chain arrived
 * meanwhile; then pop again instead of sleeping. False if the queue is broken.
 */
bool vmedia_vqd_enable_kick(struct vmedia_vqd *q);

/*
 * vmedia_vqd_has_avail - true if vmedia_vqd_pop() would return a chain, after one read of the
 * driver's memory. Nothing is written.
 */
bool vmedia_vqd_has_avail(const struct vmedia_vqd *q);

/*
 * vmedia_vqd_base - return the next position, in the form of GET_VRING_BASE. Chains in flight count
 * as taken.
 */
uint32_t vmedia_vqd_base(const struct vmedia_vqd *q);

/*
 * vmedia_chain_read - copy at most @cap bytes of the readable part from offset @off. Returns the
 * number of bytes copied.
 */
size_t vmedia_chain_read(const struct vmedia_chain *chain, size_t off, void *buf, size_t cap);

/*
 * vmedia_chain_write - copy at most @len bytes to offset @off of the writable part. Returns the
 * number of bytes copied.
 */
size_t vmedia_chain_write(const struct vmedia_chain *chain, size_t off, const void *buf,
			  size_t len);

/*
 * vmedia_chain_make - make a chain of the caller's iovecs that belongs to no queue, for tests and
 * in-process use. The caller owns @chain and the iovecs. Never push it to a queue.
 */
void vmedia_chain_make(struct vmedia_chain *chain, struct iovec *out, unsigned int out_num,
		       struct iovec *in, unsigned int in_num);

#endif
