/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The front-end end of vhost-user, for a driver in user space: it does to a back-end what a VMM
 * does.
 *
 * Calls are synchronous: they send a request and wait for its answer for at most the deadline given
 * at creation. While one waits, requests of the back-end are served, because a back-end may need an
 * answer before it can give one. With REPLY_ACK every request that changes something asks for an
 * acknowledgement, so that 0 means that it was done.
 *
 * Security model: the back-end is hostile. Every answer is checked against its question (request,
 * flags, size, descriptors, values); every back-end request against the table and against the
 * regions that GET_SHMEM_CONFIG announced. What fails is -EPROTO and a log sentence, and the
 * connection is dead from then on: each later call returns -EPROTO at once (-ECONNRESET if the peer
 * left).
 *
 * Context: one thread. Callbacks run inside vmedia_vuf_handle_backend_req() and inside any call
 * that waits. Callbacks must not call back into the front-end, save for reading accessors.
 */
#ifndef VMEDIA_VHOST_FRONTEND_H
#define VMEDIA_VHOST_FRONTEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vhost/msg.h"

struct vmedia_vuf;

/*
 * What the back-end may ask for. Each returns 0 or a negative errno, which the back-end gets as a
 * failure if it asked for an answer. A NULL callback refuses. Descriptors passed in are borrowed:
 * duplicate to keep.
 */
struct vmedia_vuf_ops {
	/*
	 * len bytes of fd at fd_off, in a file large enough, into [shm_off, shm_off + len) of the
	 * region. Overlaps are the owner's.
	 */
	int (*shmem_map)(void *opaque, uint8_t shmid, int fd, uint64_t fd_off, uint64_t shm_off,
			 uint64_t len, bool rw);
	int (*shmem_unmap)(void *opaque, uint8_t shmid, uint64_t shm_off, uint64_t len);
	int (*object_add)(void *opaque, const uint8_t uuid[VMEDIA_VU_UUID_SIZE]);
	int (*object_remove)(void *opaque, const uint8_t uuid[VMEDIA_VU_UUID_SIZE]);
	/* Returns a descriptor, which the front-end closes once sent, or a negative errno. */
	int (*object_lookup)(void *opaque, const uint8_t uuid[VMEDIA_VU_UUID_SIZE]);
	void (*config_change)(void *opaque);
};

struct vmedia_vuf_config {
	unsigned int timeout_ms;	/* for one answer; 0: 5000 */
	uint64_t protocol_features;	/* wanted ones; 0: all that this project knows */
	/* wanted virtio features; 0: VERSION_1, INDIRECT, EVENT_IDX (packed must be asked for) */
	uint64_t features;
	unsigned int shmem_bit;		/* bit of SHMEM: 22 (0 means this), 20 or 21 */
	bool no_channel;		/* do not give the back-end a channel */
	/*
	 * For tests that run both ends in one thread: called while waiting instead of poll().
	 * Returns 0 to go on or a negative errno to give up with; the deadline then counts calls:
	 * 1000 of them.
	 */
	int (*pump)(void *opaque);
	void *pump_opaque;
};

/*
 * Connects to a listening socket. Returns 0 or the errno of connect(), -ENAMETOOLONG, -ETIMEDOUT:
 * others wait there already and nobody is accepted.
 */
int vmedia_vuf_connect(const char *path, const struct vmedia_vuf_config *config,
		       const struct vmedia_vuf_ops *ops,
		       void *opaque, struct vmedia_vuf **out);
/* Takes a connected socket, of which it becomes the owner on success. Sends nothing. */
int vmedia_vuf_create(int fd, const struct vmedia_vuf_config *config,
		      const struct vmedia_vuf_ops *ops,
		      void *opaque, struct vmedia_vuf **out);
void vmedia_vuf_destroy(struct vmedia_vuf *vuf);

/*
 * SET_OWNER, features both kinds, GET_QUEUE_NUM, SET_BACKEND_REQ_FD, GET_SHMEM_CONFIG: everything
 * up to memory and rings. Does not send SET_FEATURES twice. Returns 0, -ENOTSUP if the back-end
 * lacks VERSION_1, -EPROTO, -ETIMEDOUT, -ECONNRESET.
 */
int vmedia_vuf_negotiate(struct vmedia_vuf *vuf);
uint64_t vmedia_vuf_features(const struct vmedia_vuf *vuf);
uint64_t vmedia_vuf_protocol_features(const struct vmedia_vuf *vuf);	/* SHMEM always at bit 22 */
unsigned int vmedia_vuf_num_queues(const struct vmedia_vuf *vuf);	/* 0 without MQ */
uint64_t vmedia_vuf_shmem_size(const struct vmedia_vuf *vuf, uint8_t shmid);

struct vmedia_vuf_region {
	uint64_t guest_addr;
	uint64_t user_addr;
	uint64_t size;
	uint64_t offset;	/* in fd */
	int fd;			/* borrowed */
};

/*
 * All return 0 or a negative errno: -EPROTO, -ETIMEDOUT, -ECONNRESET, -EIO: the back-end refused
 * (only with REPLY_ACK).
 */
int vmedia_vuf_set_mem_table(struct vmedia_vuf *vuf, const struct vmedia_vuf_region *regions,
			     unsigned int num);
int vmedia_vuf_add_mem_reg(struct vmedia_vuf *vuf, const struct vmedia_vuf_region *region);
int vmedia_vuf_rem_mem_reg(struct vmedia_vuf *vuf, const struct vmedia_vuf_region *region);
int vmedia_vuf_get_max_mem_slots(struct vmedia_vuf *vuf, uint64_t *slots);

int vmedia_vuf_set_vring_num(struct vmedia_vuf *vuf, unsigned int idx, unsigned int num);
int vmedia_vuf_set_vring_addr(struct vmedia_vuf *vuf, unsigned int idx, uint64_t desc,
			      uint64_t avail, uint64_t used);
int vmedia_vuf_set_vring_base(struct vmedia_vuf *vuf, unsigned int idx, uint32_t base);
/* Stops the ring and says where it stood. */
int vmedia_vuf_get_vring_base(struct vmedia_vuf *vuf, unsigned int idx, uint32_t *base);
/* Descriptors stay the caller's; -1: none. */
int vmedia_vuf_set_vring_kick(struct vmedia_vuf *vuf, unsigned int idx, int fd);
int vmedia_vuf_set_vring_call(struct vmedia_vuf *vuf, unsigned int idx, int fd);
int vmedia_vuf_set_vring_err(struct vmedia_vuf *vuf, unsigned int idx, int fd);
int vmedia_vuf_set_vring_enable(struct vmedia_vuf *vuf, unsigned int idx, bool enable);

/*
 * A whole ring: num, base, addresses, call, err, kick, enable, in the order that back-ends expect.
 */
struct vmedia_vuf_vring {
	unsigned int num;
	uint32_t base;
	uint64_t desc, avail, used;	/* user addresses */
	int kick_fd, call_fd, err_fd;	/* borrowed; call_fd and err_fd may be -1 */
};

int vmedia_vuf_setup_vring(struct vmedia_vuf *vuf, unsigned int idx,
			   const struct vmedia_vuf_vring *vring);

/* -EIO: the back-end refused that range. */
int vmedia_vuf_get_config(struct vmedia_vuf *vuf, uint32_t offset, void *data, uint32_t len);
int vmedia_vuf_set_config(struct vmedia_vuf *vuf, uint32_t offset, const void *data, uint32_t len);
int vmedia_vuf_set_status(struct vmedia_vuf *vuf, uint8_t status);
int vmedia_vuf_get_status(struct vmedia_vuf *vuf, uint8_t *status);
int vmedia_vuf_reset_device(struct vmedia_vuf *vuf);
/* *fd becomes the caller's. -ENOENT: the back-end does not know it. */
int vmedia_vuf_get_shared_object(struct vmedia_vuf *vuf, const uint8_t uuid[VMEDIA_VU_UUID_SIZE],
				 int *fd);
/* The area for requests in flight: *fd becomes the caller's, info says its size and offset. */
int vmedia_vuf_get_inflight_fd(struct vmedia_vuf *vuf, unsigned int num_queues,
			       unsigned int queue_size,
			       struct vmedia_vu_inflight *info, int *fd);
int vmedia_vuf_set_inflight_fd(struct vmedia_vuf *vuf, const struct vmedia_vu_inflight *info,
			       int fd);

/*
 * A pollable descriptor of the back-end channel, -1 without one. Poll for POLLIN, and POLLOUT if
 * wants_write.
 */
int vmedia_vuf_backend_fd(const struct vmedia_vuf *vuf);
bool vmedia_vuf_wants_write(const struct vmedia_vuf *vuf);
/* The socket itself, to notice that the back-end left (POLLHUP). */
int vmedia_vuf_socket(const struct vmedia_vuf *vuf);
/* Serves what the back-end asked for, without blocking. Returns 0 or what killed the connection. */
int vmedia_vuf_handle_backend_req(struct vmedia_vuf *vuf);

/*
 * For conformance tests: sends any message and gives the answer. wait: expect one. The message's
 * descriptors stay the caller's; the answer's become the caller's. The answer is not checked
 * against the table.
 */
int vmedia_vuf_raw(struct vmedia_vuf *vuf, const struct vmedia_vu_msg *msg, bool wait,
		   struct vmedia_vu_msg *reply);

#endif
