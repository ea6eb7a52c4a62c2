/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The back-end end of vhost-user: one connection of a front-end (a VMM) to a device.
 *
 * A struct vmedia_vub owns the socket, the guest's memory map, the rings and their eventfds, and
 * the back-end channel. Its user is the device behind it, which is told when a ring may be
 * processed and when it must stop.
 *
 * States of a ring
 *   stopped   something of what a running ring needs is missing: memory, addresses, size, kick
 *             descriptor, VERSION_1, or that it is enabled. SET_VRING_ENABLE decides that; until it
 *             comes, a ring is on when VHOST_USER_F_PROTOCOL_FEATURES is not acknowledged and off
 *             when it is. The user does not touch the ring.
 *   running   all is there: queue_ready() was called. The first look into the ring does not wait
 *             for a kick, since a driver may queue buffers, and even kick, before the front-end
 *             listens. Left by queue_stop(), which is called exactly once for each queue_ready().
 *
 * What a bad message does. A request that fails before or in its handler is *refused*: nothing
 * changes, its descriptors are closed, and a sentence is logged. If the front-end can be told
 * (NEED_REPLY with REPLY_ACK negotiated: a nonzero u64; GET_CONFIG: an empty payload;
 * GET_SHARED_OBJECT, GET_INFLIGHT_FD: no descriptor) the connection goes on. If it cannot be told,
 * the connection is *closed*: a front-end that takes a refused request for done would go on with a
 * device in another state. SET_CONFIG is the exception: a guest causes it, and it is ignored.
 * Always fatal: a header of another version or with the REPLY flag, a payload above
 * VMEDIA_VU_MAX_PAYLOAD, more than VMEDIA_VU_MAX_FDS descriptors, an answer on the back-end channel
 * that fits no request.
 *
 * A front-end that connects again. QEMU remembers what it negotiated and begins a later connection
 * with SET_FEATURES. When that is the first word about features on a connection, all protocol
 * features that we offer count as negotiated. The front-end gives no channel then, so nothing can
 * be mapped into its shared memory regions and no object be announced. If it took
 * CONFIGURE_MEM_SLOTS it does not send its memory again either: SET_VRING_ADDR is refused.
 *
 * A driver that starts over. Front-ends without RESET_DEVICE (UML) say nothing when the driver is
 * reloaded. So reset() is also called when SET_VRING_BASE names another index than the one at which
 * the ring stopped. SET_STATUS 0 stops all rings; it also resets the device unless RESET_DEVICE is
 * negotiated, because QEMU sends it when a VM pauses. A reset of any kind also forgets the
 * in-flight area: its chains are those of the earlier life, and front-ends that track give one at
 * each start.
 *
 * Memory. A change of the map gives the user a new snapshot and re-translates running rings; chains
 * taken before hold the snapshot they came with. A ring that a whole new table (SET_MEM_TABLE)
 * lacks is stopped and the error eventfd signalled. A ring whose region goes by REM_MEM_REG keeps
 * the old snapshot until it is in the map again: QEMU removes and adds regions to change them,
 * while rings run.
 *
 * Context: everything runs on the loop's thread, including all callbacks. Nothing blocks.
 */
#ifndef VMEDIA_VHOST_BACKEND_H
#define VMEDIA_VHOST_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vhost/msg.h"

struct vmedia_chain;
struct vmedia_loop;
struct vmedia_mem;
struct vmedia_vqd;
struct vmedia_vub;

#define VMEDIA_VUB_MAX_QUEUES	64
#define VMEDIA_VUB_MAX_SLOTS	509	/* memory regions, as many as virtq/mem.h takes */
#define VMEDIA_VUB_MAX_PENDING	256	/* unanswered back-end requests */

/*
 * What the user of a back-end implements. Any callback may be NULL but queue_ready, queue_stop,
 * kick and closed.
 */
struct vmedia_vub_ops {
	/*
	 * The ring may be processed until queue_stop(). A kick() follows at once. vq belongs to the
	 * back-end, which keeps the driver's kicks off while kick() runs and turns them on after
	 * it; at other times the user may turn them off and on as it likes. Take and return chains
	 * through vmedia_vub_pop() and vmedia_vub_push(), or directly (then they are missing in the
	 * counters).
	 */
	void (*queue_ready)(void *opaque, unsigned int idx, struct vmedia_vqd *vq);
	/*
	 * The ring must not be touched any more when this returns: vq is gone then. Chains can
	 * still be returned during the call (the driver is notified after it); those that are not
	 * are lost to the guest, the user forgets them.
	 */
	void (*queue_stop)(void *opaque, unsigned int idx);
	/* The driver made buffers available. */
	void (*kick)(void *opaque, unsigned int idx);
	/* Fills len bytes of the config space from offset on. offset + len <= config_size. */
	void (*get_config)(void *opaque, uint32_t offset, void *data, uint32_t len);
	/*
	 * The driver writes the config space. Returns 0 or a negative errno (refused). NULL: all of
	 * it is read-only.
	 */
	int (*set_config)(void *opaque, uint32_t offset, const void *data, uint32_t len);
	/* The device goes back to its initial state; all rings are already stopped. */
	void (*reset)(void *opaque);
	/*
	 * The guest's memory map changed; mem is borrowed, take a reference to keep it. NULL: no
	 * memory.
	 */
	void (*mem_changed)(void *opaque, struct vmedia_mem *mem);
	/* Features were negotiated (virtio feature word). */
	void (*features)(void *opaque, uint64_t features);
	/*
	 * GET_SHARED_OBJECT: a descriptor (the back-end closes it once sent) or a negative errno.
	 */
	int (*get_shared_object)(void *opaque, const uint8_t uuid[VMEDIA_VU_UUID_SIZE]);
	/*
	 * The back-end channel is there: requests below may be sent. Again when protocol features
	 * change while it is there.
	 */
	void (*channel_ready)(void *opaque);
	/*
	 * The connection is over: rings are stopped, requests completed with -ECONNRESET. reason is
	 * a negative errno: -ECONNRESET the front-end went away, -EPROTO it broke the protocol,
	 * others name a failed system call. Called once, last. vmedia_vub_destroy() is allowed
	 * here, as in every callback.
	 */
	void (*closed)(void *opaque, int reason);
};

struct vmedia_vub_config {
	unsigned int num_queues;	/* 1..VMEDIA_VUB_MAX_QUEUES */
	uint16_t max_queue_size;	/* power of two; 0: 1024 */
	uint64_t device_features;	/* feature bits of the device type */
	uint64_t mask_features;		/* virtio features not to offer, for tests and odd peers */
	uint64_t mask_protocol;		/* protocol features not to offer */
	uint32_t config_size;		/* bytes, at most VMEDIA_VU_MAX_CONFIG */
	unsigned int num_shmem;		/* entries of shmem_size; 0: SHMEM is not offered */
	const uint64_t *shmem_size;	/* bytes by shmid, host page multiples; copied */
	/* protocol feature bit of SHMEM: 22 (0 means this), or 20, 21 for drafts */
	unsigned int shmem_bit;
	unsigned int max_slots;		/* 0: VMEDIA_VUB_MAX_SLOTS */
	uint64_t max_memory;		/* bytes of guest memory mapped in all; 0: 1 TiB */
};

/*
 * Serves the connected socket fd, of which it becomes the owner on success.
 * Returns 0, -EINVAL (config), -ENOTSOCK, -ENOMEM, or what the loop answers.
 */
int vmedia_vub_create(struct vmedia_loop *loop, int fd, const struct vmedia_vub_config *config,
		      const struct vmedia_vub_ops *ops, void *opaque, struct vmedia_vub **out);
/*
 * Closes everything without calling ops->closed(); rings that run get their queue_stop(). NULL is
 * allowed.
 */
void vmedia_vub_destroy(struct vmedia_vub *vub);

/* The current memory map, borrowed; NULL before there is one. */
struct vmedia_mem *vmedia_vub_mem(const struct vmedia_vub *vub);
/* negotiated virtio features */
uint64_t vmedia_vub_features(const struct vmedia_vub *vub);
/* negotiated; SHMEM always at bit 22 */
uint64_t vmedia_vub_protocol_features(const struct vmedia_vub *vub);
/* True if SHMEM_MAP can reach the front-end now: SHMEM, BACKEND_REQ and a channel. */
bool vmedia_vub_has_shmem(const struct vmedia_vub *vub);
/* Bytes of region shmid as announced, 0 if there is none. */
uint64_t vmedia_vub_shmem_size(const struct vmedia_vub *vub, uint8_t shmid);

/*
 * vmedia_vqd_pop() and vmedia_vqd_push() of ring idx. pop gives 0 when the ring does not run, and
 * what it gives for a broken ring has signalled the error eventfd. push may only be called for a
 * chain of this run of the ring.
 */
int vmedia_vub_pop(struct vmedia_vub *vub, unsigned int idx, struct vmedia_chain **chain);
void vmedia_vub_push(struct vmedia_vub *vub, unsigned int idx, struct vmedia_chain *chain,
		     uint32_t used_len);
/*
 * Interrupts the driver if it wants that after what was returned on ring idx. Nothing when the ring
 * does not run.
 */
void vmedia_vub_notify(struct vmedia_vub *vub, unsigned int idx);
/*
 * kick() runs now if the driver made chains available that it gave no kick for. For a user that is
 * awake for a reason of its own: drivers that know it may save the kick. No-op while kick() runs.
 */
void vmedia_vub_look(struct vmedia_vub *vub, unsigned int idx);

struct vmedia_vub_stats {
	uint64_t kicks;		/* wake-ups received */
	uint64_t calls;		/* interrupts sent */
	uint64_t chains;	/* taken from the ring */
};

void vmedia_vub_get_stats(const struct vmedia_vub *vub, unsigned int idx,
			  struct vmedia_vub_stats *stats);

/*
 * Back-end requests. Asynchronous, answered in the order in which they were sent, at most
 * VMEDIA_VUB_MAX_PENDING unanswered. cb gets 0, or a negative errno: -EIO the front-end refused,
 * -ECONNRESET the connection or channel ended first. There is no timeout: a front-end that never
 * answers keeps the request pending until it disconnects. Re-entrancy: without REPLY_ACK nothing
 * will be answered, and cb is called with 0 before the function returns. cb may be NULL. cb may
 * send further requests.
 *
 * All return 0 when cb was or will be called, or a negative errno, and then cb is not called:
 * -ENOTCONN no channel or feature not negotiated, -EINVAL, -EBUSY too many unanswered, -ENOBUFS,
 * -ENOMEM.
 */
typedef void vmedia_vub_done_fn(void *opaque, int err);

/*
 * Maps len bytes of fd at fd_off into region shmid at shm_off; all three in host pages. fd stays
 * the caller's and may be closed when this returns. Needs BACKEND_SEND_FD or a front-end that takes
 * descriptors without saying so.
 */
int vmedia_vub_shmem_map(struct vmedia_vub *vub, uint8_t shmid, int fd, uint64_t fd_off,
			 uint64_t shm_off,
			 uint64_t len, bool rw, vmedia_vub_done_fn *cb, void *opaque);
/* Unmaps exactly what one shmem_map() mapped. */
int vmedia_vub_shmem_unmap(struct vmedia_vub *vub, uint8_t shmid, uint64_t shm_off, uint64_t len,
			   vmedia_vub_done_fn *cb, void *opaque);
int vmedia_vub_object_add(struct vmedia_vub *vub, const uint8_t uuid[VMEDIA_VU_UUID_SIZE],
			  vmedia_vub_done_fn *cb, void *opaque);
int vmedia_vub_object_remove(struct vmedia_vub *vub, const uint8_t uuid[VMEDIA_VU_UUID_SIZE],
			     vmedia_vub_done_fn *cb, void *opaque);
/*
 * The answer is err == 0 and a descriptor that becomes cb's, or err < 0 and fd == -1 (-ENOENT:
 * unknown). Always answered.
 */
typedef void vmedia_vub_fd_fn(void *opaque, int err, int fd);
int vmedia_vub_object_lookup(struct vmedia_vub *vub, const uint8_t uuid[VMEDIA_VU_UUID_SIZE],
			     vmedia_vub_fd_fn *cb, void *opaque);
/* Tells the front-end to read the config space again. */
int vmedia_vub_config_changed(struct vmedia_vub *vub);

#endif
