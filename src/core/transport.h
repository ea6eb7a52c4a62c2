/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What core asks of a transport, and what a transport tells core. Core knows no socket: it sees
 * chains (virtq/chain.h), guest memory (virtq/mem.h) and this interface; src/serve implements it
 * over vhost-user, tests over two ring ends in one process.
 *
 * Context: the device's loop thread, both ways.
 */
#ifndef VMEDIA_CORE_TRANSPORT_H
#define VMEDIA_CORE_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <vmedia/device.h>

struct vmedia_chain;
struct vmedia_mem;
struct vmedia_transport;

/*
 * End of an asynchronous request to the peer: 0 or negative errno; @fd (object_lookup) belongs to
 * the callee, or -1.
 */
typedef void (*vmedia_transport_done_fn)(void *opaque, int err, int fd);

struct vmedia_transport_ops {
	/*
	 * Next chain of queue @q: 1 and the chain, 0 if there is none, negative errno if the queue
	 * is unusable.
	 */
	int (*pop)(struct vmedia_transport *t, unsigned int q, struct vmedia_chain **chain);
	/*
	 * Return @chain with @used bytes written; in any order. The chain is gone after the call.
	 */
	void (*push)(struct vmedia_transport *t, unsigned int q, struct vmedia_chain *chain,
		     uint32_t used);
	/* One notification for all pushes since the last, if the driver wants it. */
	void (*notify)(struct vmedia_transport *t, unsigned int q);
	/*
	 * Core is awake anyway: if the driver made chains of @q available without a kick, this is
	 * the kick (vmedia_device_kick() runs before it returns). NULL: only kicks count.
	 */
	void (*look)(struct vmedia_transport *t, unsigned int q);

	/*
	 * Region 0. @done may run before the call returns (a peer that acknowledges nothing); it
	 * always runs once, with -EIO if the peer refuses, -ECONNRESET if the transport ends. NULL
	 * where there is no region: MMAP then gets -ENODEV.
	 */
	void (*shm_map)(struct vmedia_transport *t, int fd, uint64_t fd_offset, uint64_t shm_offset,
			uint64_t len, bool writable, vmedia_transport_done_fn done, void *opaque);
	void (*shm_unmap)(struct vmedia_transport *t, uint64_t shm_offset, uint64_t len,
			  vmedia_transport_done_fn done, void *opaque);

	/* Virtio objects; NULL where the transport has none. */
	void (*object_add)(struct vmedia_transport *t, const uint8_t uuid[VMEDIA_UUID_SIZE]);
	void (*object_remove)(struct vmedia_transport *t, const uint8_t uuid[VMEDIA_UUID_SIZE]);
	void (*object_lookup)(struct vmedia_transport *t, const uint8_t uuid[VMEDIA_UUID_SIZE],
			      vmedia_transport_done_fn done, void *opaque);
};

/* A transport embeds this; core keeps a pointer to it between attach and detach. */
struct vmedia_transport {
	const struct vmedia_transport_ops *ops;
};

/* One transport at a time: -EBUSY. */
int vmedia_device_attach(struct vmedia_device *dev, struct vmedia_transport *t);
/*
 * The connection is lost or ends: all sessions close, all mappings and objects go, chains held are
 * dropped without push.
 */
void vmedia_device_detach(struct vmedia_device *dev);
/*
 * Driver-initiated reset: sessions close, exports are withdrawn, mappings are unmapped (their
 * ranges stay taken until the peer says so), the transport stays. Held chains go back with used 0
 * if
 * @push_back, else they are forgotten.
 */
void vmedia_device_reset(struct vmedia_device *dev, bool push_back);

/*
 * Queue @q is ready or was kicked: take what is there. All chains of one kick are answered with one
 * notification.
 */
void vmedia_device_kick(struct vmedia_device *dev, unsigned int q);
/*
 * Queue @q stops (GET_VRING_BASE: also of a machine that only pauses): chains of it that core holds
 * go back through ->push() before return. A command in progress is answered -ECANCELED, as are
 * those queued behind it, but for CLOSE, which is obeyed. Sessions, mappings and waiting events
 * stay; guest memory is not written any more when this returns, until the queue is kicked again.
 */
void vmedia_device_queue_stop(struct vmedia_device *dev, unsigned int q);

/* GET_SHARED_OBJECT: a new descriptor of the exported object @uuid, or -ENOENT. */
int vmedia_device_shared_object(struct vmedia_device *dev, const uint8_t uuid[VMEDIA_UUID_SIZE]);

#endif /* VMEDIA_CORE_TRANSPORT_H */
