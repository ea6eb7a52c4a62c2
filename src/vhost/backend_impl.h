/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Declarations that the files of the back-end side share.
 *
 * backend.c	life of a connection, dispatch, answers
 * backend_neg.c	features, config space, status, objects
 * backend_mem.c	guest memory, shared memory regions, in-flight area
 * backend_vring.c	rings
 * backend_chan.c	the back-end channel
 *
 * Re-entrancy. Every callback of the user may destroy the back-end. So each function that the loop
 * calls holds a count (enter, leave). While the count is held, destroy only marks the back-end.
 * After each callback the code checks vub->dead before it goes on. A dead back-end has no sockets,
 * rings or memory; all its functions are harmless.
 */
#ifndef VMEDIA_VHOST_BACKEND_IMPL_H
#define VMEDIA_VHOST_BACKEND_IMPL_H

#include <stdlib.h>

#include "base/log.h"
#include "base/loop.h"
#include "vhost/backend.h"

struct vmedia_inflight_area;

/*
 * Type of a descriptor for signalling. Each type is written to in another way, so that no signal is
 * raised.
 */
enum vmedia_vub_fd_kind {
	VMEDIA_VUB_FD_EVENT,
	VMEDIA_VUB_FD_SOCKET,	/* UML uses socket pairs */
	VMEDIA_VUB_FD_PIPE,
};

struct vmedia_vub_signal {
	int fd;			/* -1: none */
	enum vmedia_vub_fd_kind kind;
};

/* The last SET_VRING_ENABLE of a ring. */
enum vmedia_vub_enable {
	/* nothing yet: on, unless VHOST_USER_F_PROTOCOL_FEATURES is acknowledged */
	VMEDIA_VUB_ENABLE_UNSAID,
	VMEDIA_VUB_ENABLE_OFF,
	VMEDIA_VUB_ENABLE_ON,
};

struct vmedia_vub_ring {
	struct vmedia_vub *vub;
	unsigned int idx;
	/* State as the front-end set it. */
	uint32_t num;			/* 0: unknown */
	uint32_t base;
	bool addr_set;
	uint64_t desc, avail, used;
	enum vmedia_vub_enable enable;
	struct vmedia_vub_signal kick, call, err;
	/* State that follows from it. */
	struct vmedia_vqd *vq;		/* not NULL: running */
	bool broken;			/* until NUM, ADDR or BASE comes again */
	bool has_run;			/* base is where it stopped */
	/* a notification was due and there was no call descriptor */
	bool call_missed;
	bool in_kick, stopping;
	struct vmedia_source kick_src;	/* added: complete */
	struct vmedia_deferred again;	/* look into the ring without a kick */
	struct vmedia_vub_stats stats;
};

struct vmedia_vub_pending {
	uint32_t request;
	vmedia_vub_done_fn *done;
	vmedia_vub_fd_fn *done_fd;
	void *opaque;
};

struct vmedia_vub {
	struct vmedia_loop *loop;
	const struct vmedia_vub_ops *ops;
	void *opaque;
	/* End the connection for @reason, a negative errno. Context: between enter and leave. */
	void (*shut_down)(struct vmedia_vub *vub, int reason);
	struct vmedia_vub_config cfg;
	uint64_t shmem_size[VMEDIA_VU_MAX_SHMEM];

	struct vmedia_vu_link link;
	struct vmedia_source src;
	unsigned int depth;
	bool dead, destroyed;
	struct vmedia_ratelimit rl;

	uint64_t features, offered;		/* virtio */
	uint64_t pfeatures, poffered;		/* protocol, SHMEM at VMEDIA_VU_PF_SHMEM */
	bool asked;		/* the front-end negotiates on this connection */
	bool resumed;		/* it uses the features of an earlier connection */
	bool shmem_asked;	/* GET_SHMEM_CONFIG came */
	uint8_t status;

	struct vmedia_mem *mem;
	struct vmedia_inflight_area *inflight;

	struct vmedia_vu_link chan;		/* fd -1: none */
	struct vmedia_source chan_src;
	struct vmedia_vub_pending pending[VMEDIA_VUB_MAX_PENDING];
	unsigned int pending_first, pending_num;

	struct vmedia_vub_ring ring[VMEDIA_VUB_MAX_QUEUES];
};

#define vmedia_vub_warn(vub, ...) vmedia_warn_rl(&(vub)->rl, "vhost-user: " __VA_ARGS__)

static inline bool vmedia_vub_has_pf(const struct vmedia_vub *vub, enum vmedia_vu_pf bit)
{
	return vub->pfeatures >> bit & 1;
}

/*
 * Handle a front-end request. The answer, if the request has one, goes into reply (size, payload,
 * descriptors).
 */
typedef int vmedia_vub_handler_fn(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
				  struct vmedia_vu_msg *reply);

static inline void vmedia_vub_enter(struct vmedia_vub *vub)
{
	vub->depth++;
}

static inline void vmedia_vub_leave(struct vmedia_vub *vub)
{
	if (!--vub->depth && vub->destroyed)
		free(vub);
}

/* backend_neg.c */
void vmedia_vub_init_features(struct vmedia_vub *vub);
uint64_t vmedia_vub_shmem_bit_out(const struct vmedia_vub *vub, uint64_t features);
vmedia_vub_handler_fn vmedia_vub_get_features, vmedia_vub_set_features,
	vmedia_vub_get_protocol_features,
	vmedia_vub_set_protocol_features, vmedia_vub_set_owner, vmedia_vub_reset_owner,
		vmedia_vub_get_queue_num,
	vmedia_vub_get_config, vmedia_vub_set_config, vmedia_vub_set_status, vmedia_vub_get_status,
	vmedia_vub_reset_device, vmedia_vub_get_shared_object;

/* backend_mem.c */
vmedia_vub_handler_fn vmedia_vub_set_mem_table, vmedia_vub_get_max_mem_slots,
	vmedia_vub_add_mem_reg,
	vmedia_vub_rem_mem_reg, vmedia_vub_get_shmem_config, vmedia_vub_get_inflight_fd,
		vmedia_vub_set_inflight_fd;
void vmedia_vub_mem_finish(struct vmedia_vub *vub);

/* backend_vring.c */
vmedia_vub_handler_fn vmedia_vub_set_vring_num, vmedia_vub_set_vring_addr,
	vmedia_vub_set_vring_base,
	vmedia_vub_get_vring_base, vmedia_vub_set_vring_kick, vmedia_vub_set_vring_call,
		vmedia_vub_set_vring_err,
	vmedia_vub_set_vring_enable;
void vmedia_vub_ring_init(struct vmedia_vub_ring *ring);
/* Start or stop the ring according to its current state. */
void vmedia_vub_ring_update(struct vmedia_vub_ring *ring);
void vmedia_vub_ring_stop(struct vmedia_vub_ring *ring);
/* Stop the ring and clear its state. The descriptors for interrupts and errors stay, unless all. */
void vmedia_vub_ring_reset(struct vmedia_vub_ring *ring, bool all);
/*
 * Use the new memory map. whole: the map is complete. If it is not, a running ring whose memory is
 * missing in the new map keeps the old one.
 */
void vmedia_vub_ring_set_mem(struct vmedia_vub_ring *ring, bool whole);
bool vmedia_vub_any_running(const struct vmedia_vub *vub);
/* Drop the in-flight area. Rings must have stopped. */
void vmedia_vub_inflight_drop(struct vmedia_vub *vub);

/* backend_chan.c */
vmedia_vub_handler_fn vmedia_vub_set_backend_req_fd;
void vmedia_vub_chan_close(struct vmedia_vub *vub);

/* signal.c */
/*
 * Take fd for signalling. -EINVAL for files other than eventfd, socket or pipe. If fd is only
 * polled (@written false), it may be any anonymous file.
 */
int vmedia_vub_signal_take(struct vmedia_vub_signal *sig, int fd, bool written);
void vmedia_vub_signal_close(struct vmedia_vub_signal *sig);
/*
 * Signal the peer. Raises no signal here, whatever the peer did to the other end. Blocks only in an
 * eventfd that the peer made blocking and filled.
 */
void vmedia_vub_signal_send(const struct vmedia_vub_signal *sig);
/* Read the signals that were sent, where that is necessary. */
void vmedia_vub_signal_drain(const struct vmedia_vub_signal *sig);

#endif
