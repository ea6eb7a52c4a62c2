/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interface between core and a transport. Core has no sockets; it uses chains (virtq/dev.h),
 * guest memory (virtq/mem.h) and this interface. src/serve implements it over vhost-user. Tests
 * implement it over two ring ends in one process.
 *
 * Context: the device's loop thread, in both directions.
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
 * The end of an asynchronous request to the peer. @err: 0 or negative errno. @fd (object_lookup)
 * belongs to the callee, or is -1.
 */
typedef void (*vmedia_transport_done_fn)(void *opaque, int err, int fd);

struct vmedia_transport_ops {
	/*
	 * Take the next chain of queue @q. Returns 1 and the chain; 0 if there is none; negative
	 * errno if the queue is unusable.
	 */
	int (*pop)(struct vmedia_transport *t, unsigned int q, struct vmedia_chain **chain);
	/* Return @chain with @used bytes written, in any order. The chain is freed by the call. */
	void (*push)(struct vmedia_transport *t, unsigned int q, struct vmedia_chain *chain,
		     uint32_t used);
	/* Send one notification for all pushes since the last one, if the driver wants it. */
	void (*notify)(struct vmedia_transport *t, unsigned int q);
	/*
	 * Check for chains of @q that the driver made available without a kick. If there are any,
	 * treat it as a kick: vmedia_device_kick() runs before this returns. NULL: only kicks
	 * count.
	 */
	void (*look)(struct vmedia_transport *t, unsigned int q);

	/*
	 * Map or unmap a range of region 0. @done runs exactly once, with -EIO if the peer refuses,
	 * and with -ECONNRESET if the transport ends. It may run before the call returns (if the
	 * peer sends no acknowledgement). NULL if there is no region; then MMAP fails with -ENODEV.
	 */
	void (*shm_map)(struct vmedia_transport *t, int fd, uint64_t fd_offset, uint64_t shm_offset,
			uint64_t len, bool writable, vmedia_transport_done_fn done, void *opaque);
	void (*shm_unmap)(struct vmedia_transport *t, uint64_t shm_offset, uint64_t len,
			  vmedia_transport_done_fn done, void *opaque);

	/* Virtio objects. NULL if the transport has none. */
	void (*object_add)(struct vmedia_transport *t, const uint8_t uuid[VMEDIA_UUID_SIZE]);
	void (*object_remove)(struct vmedia_transport *t, const uint8_t uuid[VMEDIA_UUID_SIZE]);
	void (*object_lookup)(struct vmedia_transport *t, const uint8_t uuid[VMEDIA_UUID_SIZE],
			      vmedia_transport_done_fn done, void *opaque);
};

/* A transport embeds this; core keeps a pointer to it between attach and detach. */
struct vmedia_transport {
	const struct vmedia_transport_ops *ops;
};

/* Attach a transport. Returns 0, or -EBUSY if one is attached. */
int vmedia_device_attach(struct vmedia_device *dev, struct vmedia_transport *t);
/*
 * End the use of the transport, after the connection was lost or closed. All sessions are closed,
 * all mappings and objects are freed, held chains are dropped without push.
 */
void vmedia_device_detach(struct vmedia_device *dev);
/*
 * Reset the device for the driver. Sessions are closed, exports are withdrawn, mappings are
 * unmapped (their ranges stay taken until the peer answers), the transport stays. Held chains are
 * returned with used length 0 if @push_back, else they are forgotten.
 */
void vmedia_device_reset(struct vmedia_device *dev, bool push_back);

/*
 * Take the available chains of queue @q, which was kicked or became ready. All chains of one kick
 * are answered with one notification.
 */
void vmedia_device_kick(struct vmedia_device *dev, unsigned int q);
/*
 * Stop queue @q (GET_VRING_BASE, which a machine that only pauses sends too). All chains of @q that
 * core holds are returned through ->push() before this returns. A command in progress is answered
 * with -ECANCELED, and so are the commands queued behind it, except CLOSE, which is executed.
 * Sessions, mappings and waiting events stay. Guest memory is not written after this returns, until
 * the queue is kicked again.
 */
void vmedia_device_queue_stop(struct vmedia_device *dev, unsigned int q);

/* Return a new descriptor of the exported object @uuid, for GET_SHARED_OBJECT, or -ENOENT. */
int vmedia_device_shared_object(struct vmedia_device *dev, const uint8_t uuid[VMEDIA_UUID_SIZE]);

#endif /* VMEDIA_CORE_TRANSPORT_H */
