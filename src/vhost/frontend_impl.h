/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Declarations that the files of the front-end side share.
 *
 * frontend.c		life, negotiation, the synchronous call
 * frontend_req.c	one function for each request
 * frontend_chan.c	requests of the back-end
 */
#ifndef VMEDIA_VHOST_FRONTEND_IMPL_H
#define VMEDIA_VHOST_FRONTEND_IMPL_H

#include "base/log.h"
#include "vhost/frontend.h"

struct vmedia_vuf {
	struct vmedia_vuf_config cfg;
	const struct vmedia_vuf_ops *ops;
	void *opaque;
	struct vmedia_vu_link link, chan;
	int err;		/* sticky: why the connection is dead */
	bool busy;		/* in a call or in a callback */
	struct vmedia_ratelimit rl;
	uint64_t features, pfeatures, poffered;
	uint64_t num_queues;
	uint64_t shmem_size[VMEDIA_VU_MAX_SHMEM];
};

#define vmedia_vuf_warn(vuf, ...) vmedia_warn_rl(&(vuf)->rl, "vhost-user: " __VA_ARGS__)

static inline bool vmedia_vuf_has_pf(const struct vmedia_vuf *vuf, enum vmedia_vu_pf bit)
{
	return vuf->pfeatures >> bit & 1;
}

/* Make the connection dead, in a way that the back-end notices. Returns the first reason. */
int vmedia_vuf_fail(struct vmedia_vuf *vuf, int err);

/* One request. vmedia_vuf_do() sends it and receives its answer, if it has one. */
struct vmedia_vuf_call {
	uint32_t request;
	uint32_t size;
	const void *payload;
	const int *fds;
	unsigned int num_fds;
	/* for requests with their own kind of answer, whose descriptors become the caller's */
	struct vmedia_vu_msg *reply;
};

/*
 * Returns 0; -EIO: a negative acknowledgement; -EBUSY: called from a callback; others are sticky.
 */
int vmedia_vuf_do(struct vmedia_vuf *vuf, const struct vmedia_vuf_call *call);

/* Serve the channel. Returns 0 or a negative errno that must become sticky. */
int vmedia_vuf_serve_channel(struct vmedia_vuf *vuf);

/*
 * Begin a call; there is one at a time. Returns 0, -EBUSY in a callback, or why the connection
 * ended.
 */
static inline int vmedia_vuf_begin(struct vmedia_vuf *vuf)
{
	if (vuf->err)
		return vuf->err;
	if (vuf->busy)
		return -EBUSY;
	vuf->busy = true;
	return 0;
}

static inline void vmedia_vuf_end(struct vmedia_vuf *vuf)
{
	vuf->busy = false;
}

/* Send a request without payload and return its answer, a number. */
int vmedia_vuf_get_u64(struct vmedia_vuf *vuf, uint32_t request, uint64_t *val);

#endif
