/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The back-end side of vhost-user: one connection of a front-end (a VMM) to a device.
 *
 * A struct vmedia_vub owns the socket, the guest's memory map, the rings and their eventfds, and
 * the back-end channel. Its user is the device. Callbacks tell the device when it may process a
 * ring and when it must stop.
 *
 * States of a ring
 *   stopped   A running ring needs memory, addresses, size, a kick descriptor, VERSION_1, and to be
 *             enabled; something of this is missing. SET_VRING_ENABLE enables and disables a ring.
 *             Before the first one a ring is enabled if VHOST_USER_F_PROTOCOL_FEATURES is not
 *             acknowledged, and disabled if it is. The user does not touch the ring.
 *   running   Nothing is missing, and queue_ready() was called. The first look into the ring does
 *             not wait for a kick, since a driver may queue buffers, and even kick, before the
 *             front-end listens. queue_stop() ends this state. It is called exactly once for each
 *             queue_ready().
 *
 * Bad messages. A request that fails before or in its handler is *refused*: nothing changes, its
 * descriptors are closed, and a sentence is logged. If there is a way to report the failure to the
 * front-end (NEED_REPLY with REPLY_ACK negotiated: a nonzero u64; GET_CONFIG: an empty payload;
 * GET_SHARED_OBJECT, GET_INFLIGHT_FD: no descriptor), the connection goes on. If there is none, the
 * connection is *closed*, because the front-end would take the request for done, and its view of
 * the device would be wrong. SET_CONFIG is an exception: a guest can cause it, so a bad one is
 * ignored. Always fatal are a header of another version or with the REPLY flag, a payload above
 * VMEDIA_VU_MAX_PAYLOAD, more than VMEDIA_VU_MAX_FDS descriptors, and an answer on the back-end
 * channel that fits no request.
 *
 * Reconnection. QEMU remembers what it negotiated and begins a later connection with SET_FEATURES.
 * If this is the first request about features on a connection, all protocol features that the
 * back-end offers count as negotiated. The front-end then gives no channel, so the back-end cannot
 * map into its shared memory regions nor announce objects. If the front-end negotiated
 * CONFIGURE_MEM_SLOTS, it does not send its memory again either, and SET_VRING_ADDR is refused.
 *
 * Driver restart. Front-ends without RESET_DEVICE (UML) send nothing when the driver is reloaded.
 * So reset() is also called when SET_VRING_BASE gives another index than the one at which the ring
 * stopped. SET_STATUS 0 stops all rings. It also resets the device unless RESET_DEVICE is
 * negotiated, because QEMU sends it when a VM pauses. Every kind of reset also drops the in-flight
 * area: its chains are from before the reset, and front-ends that track them give a new area at
 * each start.
 *
 * Memory. A change of the map gives the user a new snapshot and translates the addresses of running
 * rings again. Chains that were taken before keep their old snapshot. If a whole new table
 * (SET_MEM_TABLE) lacks the memory of a ring, the ring is stopped and its error eventfd is
 * signalled. If REM_MEM_REG removes the memory of a ring, the ring keeps the old snapshot until the
 * memory is in the map again: QEMU removes and adds regions to change them while rings run.
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
 * Operations of the back-end's user. All callbacks may be NULL except queue_ready, queue_stop, kick
 * and closed.
 */
struct vmedia_vub_ops {
	/*
	 * The user may process the ring until queue_stop(). A kick() follows at once. vq belongs to
	 * the back-end, which disables the driver's kicks while kick() runs and enables them after
	 * it. At other times the user may disable and enable them. Take and return chains by
	 * vmedia_vub_pop() and vmedia_vub_push(), or directly; the counters lack the direct ones.
	 */
	void (*queue_ready)(void *opaque, unsigned int idx, struct vmedia_vqd *vq);
	/*
	 * The user must not touch the ring after this returns: vq is freed then. The user can still
	 * return chains during the call (the driver is notified after it). The guest does not get
	 * back chains that are not returned, and the user must forget them.
	 */
	void (*queue_stop)(void *opaque, unsigned int idx);
	/* The driver made buffers available. */
	void (*kick)(void *opaque, unsigned int idx);
	/* Fill len bytes of the config space from offset on. offset + len <= config_size. */
	void (*get_config)(void *opaque, uint32_t offset, void *data, uint32_t len);
	/*
	 * The driver writes the config space. Returns 0 or a negative errno (refused). NULL: the
	 * whole config space is read-only.
	 */
	int (*set_config)(void *opaque, uint32_t offset, const void *data, uint32_t len);
	/* Put the device into its initial state. All rings are already stopped. */
	void (*reset)(void *opaque);
	/*
	 * The guest's memory map changed. mem is borrowed; take a reference to keep it. NULL: no
	 * memory.
	 */
	void (*mem_changed)(void *opaque, struct vmedia_mem *mem);
	/* Features were negotiated (virtio feature word). */
	void (*features)(void *opaque, uint64_t features);
	/*
	 * GET_SHARED_OBJECT: return a descriptor, which the back-end closes after sending it, or a
	 * negative errno.
	 */
	int (*get_shared_object)(void *opaque, const uint8_t uuid[VMEDIA_VU_UUID_SIZE]);
	/*
	 * The back-end channel exists: the requests below may be sent. Called again if the protocol
	 * features change while the channel exists.
	 */
	void (*channel_ready)(void *opaque);
	/*
	 * The connection has ended: rings are stopped, requests completed with -ECONNRESET. reason
	 * is a negative errno: -ECONNRESET: the front-end closed the connection; -EPROTO: it broke
	 * the protocol; others: a system call failed. Called once, as the last callback.
	 * vmedia_vub_destroy() is allowed here, as in every callback.
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
 * Serve the connected socket fd. On success the back-end owns fd. Returns 0, -EINVAL (config),
 * -ENOTSOCK, -ENOMEM, or an error of the loop.
 */
int vmedia_vub_create(struct vmedia_loop *loop, int fd, const struct vmedia_vub_config *config,
		      const struct vmedia_vub_ops *ops, void *opaque, struct vmedia_vub **out);
/*
 * Close everything without calling ops->closed(). Running rings get their queue_stop(). NULL is
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
/* The size of region shmid in bytes, as announced; 0 if there is none. */
uint64_t vmedia_vub_shmem_size(const struct vmedia_vub *vub, uint8_t shmid);

/*
 * vmedia_vqd_pop() and vmedia_vqd_push() of ring idx. pop returns 0 if the ring does not run. If
 * the ring is broken, pop signals the error eventfd and returns the error. push may only be called
 * for a chain that was taken since the ring last started.
 */
int vmedia_vub_pop(struct vmedia_vub *vub, unsigned int idx, struct vmedia_chain **chain);
void vmedia_vub_push(struct vmedia_vub *vub, unsigned int idx, struct vmedia_chain *chain,
		     uint32_t used_len);
/*
 * Interrupt the driver if it requested that for the chains returned on ring idx. No-op if the ring
 * does not run.
 */
void vmedia_vub_notify(struct vmedia_vub *vub, unsigned int idx);
/*
 * Call kick() now if the driver made chains available without a kick. For a user that is awake for
 * another reason: a driver that knows this may save the kick. No-op while kick() runs.
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
 * Back-end requests. They are asynchronous, answered in the order in which they were sent, and at
 * most VMEDIA_VUB_MAX_PENDING may be unanswered. cb gets 0, or a negative errno: -EIO: the
 * front-end refused; -ECONNRESET: the connection or channel ended first. There is no timeout: if a
 * front-end never answers, the request stays pending until the front-end disconnects. Re-entrancy:
 * without REPLY_ACK there is no answer, and cb is called with 0 before the function returns. cb may
 * be NULL. cb may send further requests.
 *
 * All return 0 if cb was or will be called. If they return a negative errno, cb is not called:
 * -ENOTCONN: no channel, or the feature is not negotiated; -EINVAL; -EBUSY: too many are
 * unanswered; -ENOBUFS; -ENOMEM.
 */
typedef void vmedia_vub_done_fn(void *opaque, int err);

/*
 * Map len bytes of fd at fd_off into region shmid at shm_off. All three are multiples of the host's
 * page size. fd stays the caller's and may be closed when this returns. Needs BACKEND_SEND_FD, or a
 * front-end that accepts descriptors without offering it.
 */
int vmedia_vub_shmem_map(struct vmedia_vub *vub, uint8_t shmid, int fd, uint64_t fd_off,
			 uint64_t shm_off,
			 uint64_t len, bool rw, vmedia_vub_done_fn *cb, void *opaque);
/* Unmap exactly the range that one shmem_map() mapped. */
int vmedia_vub_shmem_unmap(struct vmedia_vub *vub, uint8_t shmid, uint64_t shm_off, uint64_t len,
			   vmedia_vub_done_fn *cb, void *opaque);
int vmedia_vub_object_add(struct vmedia_vub *vub, const uint8_t uuid[VMEDIA_VU_UUID_SIZE],
			  vmedia_vub_done_fn *cb, void *opaque);
int vmedia_vub_object_remove(struct vmedia_vub *vub, const uint8_t uuid[VMEDIA_VU_UUID_SIZE],
			     vmedia_vub_done_fn *cb, void *opaque);
/*
 * The answer: err == 0 and a descriptor, which cb then owns; or err < 0 and fd == -1 (-ENOENT:
 * unknown). Always called.
 */
typedef void vmedia_vub_fd_fn(void *opaque, int err, int fd);
int vmedia_vub_object_lookup(struct vmedia_vub *vub, const uint8_t uuid[VMEDIA_VU_UUID_SIZE],
			     vmedia_vub_fd_fn *cb, void *opaque);
/* Make the front-end read the config space again. */
int vmedia_vub_config_changed(struct vmedia_vub *vub);

#endif
