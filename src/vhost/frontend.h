/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The front-end side of vhost-user, for a driver in user space. It uses a back-end as a VMM does.
 *
 * Calls are synchronous: they send a request and wait for its answer, at most until the timeout
 * given at creation. During this wait, requests of the back-end are served, because a back-end may
 * need an answer before it can give one. With REPLY_ACK every request that changes something
 * requests an acknowledgement, so a return value of 0 means that the change was made.
 *
 * Security model: the back-end is hostile. Every answer is checked against its request (request,
 * flags, size, descriptors, values); every back-end request is checked against the table and
 * against the regions that GET_SHMEM_CONFIG announced. If a check fails, the call returns -EPROTO
 * and logs a sentence, and the connection is dead: each later call returns -EPROTO at once
 * (-ECONNRESET if the peer closed the connection).
 *
 * Context: one thread. Callbacks run inside vmedia_vuf_handle_backend_req() and inside any call
 * that waits. Callbacks must not call the front-end, except reading accessors.
 */
#ifndef VMEDIA_VHOST_FRONTEND_H
#define VMEDIA_VHOST_FRONTEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vhost/msg.h"

struct vmedia_vuf;

/*
 * Requests of the back-end. Each callback returns 0 or a negative errno, which the back-end gets as
 * a failure if it requested an answer. If a callback is NULL, the request is refused. Descriptors
 * passed in are borrowed; duplicate one to keep it.
 */
struct vmedia_vuf_ops {
	/*
	 * Map len bytes of fd at fd_off, in a file that is large enough, into [shm_off, shm_off +
	 * len) of the region. The owner of the region handles overlaps.
	 */
	int (*shmem_map)(void *opaque, uint8_t shmid, int fd, uint64_t fd_off, uint64_t shm_off,
			 uint64_t len, bool rw);
	int (*shmem_unmap)(void *opaque, uint8_t shmid, uint64_t shm_off, uint64_t len);
	int (*object_add)(void *opaque, const uint8_t uuid[VMEDIA_VU_UUID_SIZE]);
	int (*object_remove)(void *opaque, const uint8_t uuid[VMEDIA_VU_UUID_SIZE]);
	/* Return a descriptor, which the front-end closes after sending it, or a negative errno. */
	int (*object_lookup)(void *opaque, const uint8_t uuid[VMEDIA_VU_UUID_SIZE]);
	void (*config_change)(void *opaque);
};

struct vmedia_vuf_config {
	unsigned int timeout_ms;	/* for one answer; 0: 5000 */
	uint64_t protocol_features;	/* wanted ones; 0: all that this project supports */
	/* wanted virtio features; 0: VERSION_1, INDIRECT, EVENT_IDX (not packed) */
	uint64_t features;
	unsigned int shmem_bit;		/* bit of SHMEM: 22 (0 means this), 20 or 21 */
	bool no_channel;		/* do not give the back-end a channel */
	/*
	 * For tests that run both ends in one thread: called instead of poll() while a call waits.
	 * Returns 0 to go on, or a negative errno to end the wait. The timeout is then 1000 calls
	 * of this.
	 */
	int (*pump)(void *opaque);
	void *pump_opaque;
};

/*
 * Connect to a listening socket. Returns 0, the errno of connect(), -ENAMETOOLONG, or -ETIMEDOUT:
 * the socket's backlog is full and nothing accepts.
 */
int vmedia_vuf_connect(const char *path, const struct vmedia_vuf_config *config,
		       const struct vmedia_vuf_ops *ops,
		       void *opaque, struct vmedia_vuf **out);
/* Take a connected socket. On success the front-end owns fd. Sends nothing. */
int vmedia_vuf_create(int fd, const struct vmedia_vuf_config *config,
		      const struct vmedia_vuf_ops *ops,
		      void *opaque, struct vmedia_vuf **out);
void vmedia_vuf_destroy(struct vmedia_vuf *vuf);

/*
 * Send SET_OWNER, both kinds of features, GET_QUEUE_NUM, SET_BACKEND_REQ_FD and GET_SHMEM_CONFIG:
 * everything before memory and rings. Does not send SET_FEATURES twice. Returns 0, -ENOTSUP if the
 * back-end lacks VERSION_1, -EPROTO, -ETIMEDOUT, -ECONNRESET.
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
 * All return 0 or a negative errno: -EPROTO, -ETIMEDOUT, -ECONNRESET, or -EIO: the back-end refused
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
/* Stop the ring and get the index at which it stopped. */
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
/* *fd becomes the caller's. -ENOENT: the back-end does not have the object. */
int vmedia_vuf_get_shared_object(struct vmedia_vuf *vuf, const uint8_t uuid[VMEDIA_VU_UUID_SIZE],
				 int *fd);
/* Get the area for requests in flight. *fd becomes the caller's; info has its size and offset. */
int vmedia_vuf_get_inflight_fd(struct vmedia_vuf *vuf, unsigned int num_queues,
			       unsigned int queue_size,
			       struct vmedia_vu_inflight *info, int *fd);
int vmedia_vuf_set_inflight_fd(struct vmedia_vuf *vuf, const struct vmedia_vu_inflight *info,
			       int fd);

/*
 * A pollable descriptor of the back-end channel; -1 without one. Poll for POLLIN, and for POLLOUT
 * if wants_write.
 */
int vmedia_vuf_backend_fd(const struct vmedia_vuf *vuf);
bool vmedia_vuf_wants_write(const struct vmedia_vuf *vuf);
/* The socket itself, for detecting that the back-end closed it (POLLHUP). */
int vmedia_vuf_socket(const struct vmedia_vuf *vuf);
/*
 * Serve requests of the back-end, without blocking. Returns 0, or the error that ended the
 * connection.
 */
int vmedia_vuf_handle_backend_req(struct vmedia_vuf *vuf);

/*
 * Send any message and return its answer, for conformance tests. wait: an answer is expected. The
 * message's descriptors stay the caller's; the answer's become the caller's. The answer is not
 * checked against the table.
 */
int vmedia_vuf_raw(struct vmedia_vuf *vuf, const struct vmedia_vu_msg *msg, bool wait,
		   struct vmedia_vu_msg *reply);

#endif
