/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buffers and their queue, copies of their content, and the offsets that name them.
 */
#ifndef VMEDIA_V4L2_QUEUE_H
#define VMEDIA_V4L2_QUEUE_H

#include "v4l2/context.h"

struct vmedia_vbuf {
	struct vmedia_buf b;		/* the device's part; first */
	enum vmedia_buf_state state;
	bool prepared;			/* memory is resolved and ->buf_prepare() succeeded */
	bool inited;			/* ->buf_init() was called */
	bool flushed;			/* the device's output is in the guest's pages */
	bool requeued;			/* QBUF came for a PREPARED buffer */
	bool own_sequence;
	bool held;			/* m2m: not ready, though it may be in the ready list */
	uint32_t min_length[VMEDIA_MAX_PLANES];
	uint32_t offset[VMEDIA_MAX_PLANES];	/* MMAP: mem_offset */
	uint64_t handle[VMEDIA_MAX_PLANES];	/* others: the driver's pointer or fd, sent back */
	uint64_t stamp;			/* order of completion, compared with events */
	struct vmedia_list node;	/* queue->queued or queue->done */
	struct vmedia_list ready;	/* m2m: ready list of the context */
	void *impl;			/* the queue implementation's (capture: its job) */
	/*
	 * A copy in steps: its position and plane; the QBUF that waits for it, and the rest of that
	 * QBUF
	 */
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

/* The implementation of a queue: the device's own vmedia_queue_ops, a frame source, or m2m. */
struct vmedia_queue_impl {
	bool admits;	/* ->queue() may get buffers that are too small: vmedia_vbuf_admit() */
	void (*queue)(struct vmedia_vbuf *vb);
	int (*start)(struct vmedia_queue *q, uint32_t count);
	int (*stop)(struct vmedia_queue *q, bool final);
	/* STREAMOFF did not wait, and all its effects are there. Optional. */
	void (*stopped)(struct vmedia_queue *q);
	/* @vb is finished or returned, and its memory may go. NULL: nothing to do. */
	void (*left)(struct vmedia_vbuf *vb);
	void (*cleanup)(struct vmedia_vbuf *vb);
	/*
	 * The queue is in error: take back an ACTIVE buffer. False if it is being filled;
	 * vmedia_buf_done() then follows. Optional.
	 */
	bool (*revoke)(struct vmedia_vbuf *vb);
};

/* The implementation for devices that have neither a frame source nor jobs. */
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
	 * REQBUFS(0) or the session's end, even if REMOVE_BUFS left no buffer. Only
	 * vmedia_queue_take() sets owner and memory, and only vmedia_queue_clear() clears them.
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
	bool starting;			/* ->start() returned -EINPROGRESS */
	bool stopping;			/* ->stop() returned -EINPROGRESS */
	bool hold;			/* the stop waits for more than buffers (m2m: its job) */
	/* buffers are being handed over, before ->start() is called */
	bool handing;
	bool unmeasured;	/* m2m: a buffer or a new format has come since the last check */
	bool error;
	struct vmedia_request *req;	/* STREAMON or STREAMOFF that waits for the device */
	uint32_t sequence;
	struct vmedia_capture *cap;	/* capture implementation */
};

int vmedia_queue_init(struct vmedia_queue *q, struct vmedia_ctx *ctx,
		      const struct vmedia_queue_config *cfg, const struct vmedia_queue_impl *impl);
/* Make @s the owner of the queue, whose buffers are of kind @memory. The queue is then busy. */
void vmedia_queue_take(struct vmedia_queue *q, struct vmedia_session *s, uint32_t memory);
/* Stop the queue and free all buffers. The queue has no owner afterwards. */
void vmedia_queue_clear(struct vmedia_queue *q);
/* Clear the queue if @s, which ends, is its owner. */
void vmedia_queue_release(struct vmedia_queue *q, struct vmedia_session *s);
/* Return 0 if @s may change the queue, else -EBUSY. */
int vmedia_queue_check_owner(const struct vmedia_queue *q, const struct vmedia_session *s);
/* Give a QUEUED buffer of a started queue to the device; return it to the driver if too small. */
void vmedia_queue_activate(struct vmedia_vbuf *vb);
/* Start the device for a queue that streams, unless fewer than min_queued buffers are queued. */
int vmedia_queue_start(struct vmedia_queue *q);
/* Stop as STREAMOFF does. Returns 0, or -EINPROGRESS (not if @final). */
int vmedia_queue_cancel(struct vmedia_queue *q, bool final);
/* True if a queue of @f's session has not stopped yet. */
bool vmedia_file_stopping(const struct vmedia_file *f);
/* End a stop that waited, if there is nothing left to wait for. */
void vmedia_queue_check_stopped(struct vmedia_queue *q);
/*
 * Check @vb, QUEUED or ACTIVE, before the device gets it. True if it is large enough for the
 * present format; false if it was too small and went back with V4L2_BUF_FLAG_ERROR. The queue calls
 * this when it hands @vb over, regardless of earlier checks. An implementation with admits set
 * calls it when the device looks at @vb.
 */
bool vmedia_vbuf_admit(struct vmedia_vbuf *vb);
/* Report the oldest DONE buffer in @evt; its state becomes DEQUEUED. */
void vmedia_queue_dequeue(struct vmedia_queue *q, struct vmedia_evt *evt);
/* Undo the preparation of a buffer that goes back to the driver without an event. */
void vmedia_vbuf_return(struct vmedia_vbuf *vb);

/* ---- Copies ---- */

void vmedia_copy_init(struct vmedia_video *v);
void vmedia_copy_finish(struct vmedia_video *v);
/* Reset the copy's position: the buffer is about to be written. */
void vmedia_copy_reset(struct vmedia_vbuf *vb);
/* Fetch the content for the device. Returns 0, or -EINPROGRESS: vb->copied() follows. */
int vmedia_copy_in(struct vmedia_vbuf *vb, struct vmedia_request *req);
/* True if all of the device's output was flushed. If not, the owner is woken when it is. */
bool vmedia_copy_out(struct vmedia_vbuf *vb);
/* Cancel the copy, since the buffer has another use; a waiting QBUF is not completed. */
void vmedia_copy_cancel(struct vmedia_vbuf *vb);
/* Stop all copies of @ctx; waiting QBUFs fail with -ECANCELED. */
void vmedia_copy_suspend(struct vmedia_ctx *ctx);

/* ---- Offsets ---- */

int vmedia_offsets_create(struct vmedia_offsets **out);
void vmedia_offsets_destroy(struct vmedia_offsets *o);
/*
 * Get an offset that no plane of the device has, a multiple of 64 KiB. Returns 0, or -ENOMEM when
 * all 65535 are used.
 */
int vmedia_offsets_add(struct vmedia_offsets *o, struct vmedia_vbuf *vb, uint32_t plane,
		       uint32_t *offset);
void vmedia_offsets_del(struct vmedia_offsets *o, uint32_t offset);
struct vmedia_vbuf *vmedia_offsets_find(const struct vmedia_offsets *o, uint32_t offset,
					uint32_t *plane);

#endif /* VMEDIA_V4L2_QUEUE_H */
