/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buffers and their queue, copies of their content, and the offsets that name them.
 */
#ifndef VMEDIA_V4L2_QUEUE_H
#define VMEDIA_V4L2_QUEUE_H

#include "v4l2/context.h"

struct vmedia_vbuf {
	struct vmedia_buf b;		/* what the device sees; first */
	enum vmedia_buf_state state;
	bool prepared;			/* memory is resolved and ->buf_prepare() agreed */
	bool inited;			/* ->buf_init() was called */
	bool flushed;			/* what was written is in the guest's pages */
	bool requeued;			/* QBUF came for a PREPARED buffer */
	bool own_sequence;
	uint32_t min_length[VMEDIA_MAX_PLANES];
	uint32_t offset[VMEDIA_MAX_PLANES];	/* MMAP: mem_offset */
	uint64_t handle[VMEDIA_MAX_PLANES];	/* others: the driver's pointer or fd, echoed */
	uint64_t stamp;			/* order of completion, against events */
	struct vmedia_list node;	/* queue->queued or queue->done */
	struct vmedia_list ready;	/* m2m: ready list of the context */
	void *impl;			/* of the queue's implementation (capture: its job) */
	/* A copy that takes steps: how far it is, in which plane; the QBUF that waits, its rest */
	struct vmedia_copy copy;
	uint32_t copy_plane;
	struct vmedia_request *copy_req;
	void (*copied)(struct vmedia_vbuf *vb, struct vmedia_request *req, int err);
	struct vmedia_list copying;	/* video->copies */
};

static inline struct vmedia_vbuf *vmedia_vbuf(struct vmedia_buf *b)
{
	return vmedia_container_of(b, struct vmedia_vbuf, b);
}

/* What stands behind a queue: the device's own vmedia_queue_ops, a capture source, or m2m. */
struct vmedia_queue_impl {
	bool admits;	/* ->queue() may get buffers that are too small: vmedia_vbuf_admit() */
	void (*queue)(struct vmedia_vbuf *vb);
	int (*start)(struct vmedia_queue *q, uint32_t count);
	int (*stop)(struct vmedia_queue *q, bool final);
	/* NULL: nothing to do. @vb is done with, one way or the other; its memory goes. */
	void (*left)(struct vmedia_vbuf *vb);
	void (*cleanup)(struct vmedia_vbuf *vb);
	/*
	 * The queue is in error: take an ACTIVE buffer from whoever would fill it. False: it is
	 * being filled, and vmedia_buf_done() follows. Optional.
	 */
	bool (*revoke)(struct vmedia_vbuf *vb);
};

/* That of a device that has neither a frame source nor jobs. */
extern const struct vmedia_queue_impl vmedia_impl_plain;

struct vmedia_queue {
	struct vmedia_ctx *ctx;
	const struct vmedia_queue_config *cfg;
	const struct vmedia_queue_impl *impl;
	uint32_t type, memories, ts_flags;
	bool output, mplane;

	struct vmedia_format fmt;
	const struct vmedia_format_config *fcfg;	/* NULL for VBI */
	const struct vmedia_pixfmt *pf;			/* NULL for data */
	const struct vmedia_frame_size *fsize;		/* NULL: none */
	struct vmedia_fract interval;			/* 0/0: none */

	/*
	 * The queue is busy while it has an owner: from the first REQBUFS or CREATE_BUFS to
	 * REQBUFS(0) or the session's end, whether or not REMOVE_BUFS left a buffer. Both are set
	 * by vmedia_queue_take() and cleared by vmedia_queue_clear() alone.
	 */
	struct vmedia_session *owner;
	uint32_t memory;		/* V4L2_MEMORY_*; 0: no owner */
	uint32_t max_bufs, num_bufs;
	struct vmedia_vbuf **bufs;	/* max_bufs entries, holes are NULL */
	struct vmedia_list queued;	/* QUEUED and ACTIVE, in the order of QBUF */
	struct vmedia_list done;	/* DONE and ERROR, in the order of completion */
	uint32_t num_queued, num_active;

	bool streaming;			/* STREAMON succeeded */
	bool started;			/* ->start() succeeded or is in progress */
	bool starting;			/* ->start() said -EINPROGRESS */
	bool stopping;			/* ->stop() said -EINPROGRESS */
	bool hold;			/* stopping waits for more than buffers (m2m: its job) */
	/* ->start() is about to be called: queued buffers are being handed over */
	bool handing;
	bool unmeasured;	/* m2m: a buffer came, or the format changed, since the last look */
	bool error;
	struct vmedia_request *req;	/* STREAMON or STREAMOFF that waits for the device */
	uint32_t sequence;
	struct vmedia_capture *cap;	/* capture implementation */
};

int vmedia_queue_init(struct vmedia_queue *q, struct vmedia_ctx *ctx,
		      const struct vmedia_queue_config *cfg, const struct vmedia_queue_impl *impl);
/* @s allocates buffers of @memory: the queue is busy, and its. */
void vmedia_queue_take(struct vmedia_queue *q, struct vmedia_session *s, uint32_t memory);
/* Stop it, free all buffers: the queue is nobody's. */
void vmedia_queue_clear(struct vmedia_queue *q);
/* @s ends: all that it owns goes. */
void vmedia_queue_release(struct vmedia_queue *q, struct vmedia_session *s);
/* May @s change the queue? 0 or -EBUSY. */
int vmedia_queue_check_owner(const struct vmedia_queue *q, const struct vmedia_session *s);
/* Give a QUEUED buffer of a started queue to the device, or back if it is too small. */
void vmedia_queue_activate(struct vmedia_vbuf *vb);
/* The queue streams: tell the device, unless min_queued buffers are not there yet. */
int vmedia_queue_start(struct vmedia_queue *q);
/* STREAMOFF's way: 0, or -EINPROGRESS (not if @final). */
int vmedia_queue_cancel(struct vmedia_queue *q, bool final);
/* Is there a queue of @f's session that has not stopped? */
bool vmedia_file_stopping(const struct vmedia_file *f);
/* End a stop that waited, if nothing is left to wait for. */
void vmedia_queue_check_stopped(struct vmedia_queue *q);
/*
 * @vb, QUEUED or ACTIVE, is about to reach the device: true, or false if it is too small for the
 * present format and was given back with V4L2_BUF_FLAG_ERROR. The queue asks this when it hands @vb
 * over, whatever was checked earlier; an implementation that admits, when the device looks.
 */
bool vmedia_vbuf_admit(struct vmedia_vbuf *vb);
/* The oldest DONE buffer leaves: state DEQUEUED, and told in @evt. */
void vmedia_queue_dequeue(struct vmedia_queue *q, struct vmedia_evt *evt);
/* Undo the preparation of a buffer that goes back to the driver without an event. */
void vmedia_vbuf_return(struct vmedia_vbuf *vb);

/* ---- Copies ---- */

void vmedia_copy_init(struct vmedia_video *v);
void vmedia_copy_finish(struct vmedia_video *v);
/* The buffer is about to be written: nothing of that is copied yet. */
void vmedia_copy_reset(struct vmedia_vbuf *vb);
/* Content for the device: 0, or -EINPROGRESS: vb->copied() follows. */
int vmedia_copy_in(struct vmedia_vbuf *vb, struct vmedia_request *req);
/* Is all out that the device wrote? If not, the owner is woken when it is. */
bool vmedia_copy_out(struct vmedia_vbuf *vb);
/* The buffer goes elsewhere; a QBUF that waits is forgotten. */
void vmedia_copy_cancel(struct vmedia_vbuf *vb);
/* No copy of @ctx goes on; QBUFs that wait are broken off. */
void vmedia_copy_suspend(struct vmedia_ctx *ctx);

/* ---- Offsets ---- */

int vmedia_offsets_create(struct vmedia_offsets **out);
void vmedia_offsets_destroy(struct vmedia_offsets *o);
/*
 * 0 with an offset that no plane of the device has, a multiple of 64 KiB; -ENOMEM when all 65535
 * are taken.
 */
int vmedia_offsets_add(struct vmedia_offsets *o, struct vmedia_vbuf *vb, uint32_t plane,
		       uint32_t *offset);
void vmedia_offsets_del(struct vmedia_offsets *o, uint32_t offset);
struct vmedia_vbuf *vmedia_offsets_find(const struct vmedia_offsets *o, uint32_t offset,
					uint32_t *plane);

#endif /* VMEDIA_V4L2_QUEUE_H */
