/* SPDX-License-Identifier: BSD-3-Clause */
/* One streaming queue of the device, CAPTURE or OUTPUT: its format and its buffers. */
#ifndef VMEDIA_CTL_QUEUE_H
#define VMEDIA_CTL_QUEUE_H

#include "ctl.h"

#define CTL_MAX_BUFFERS 64

struct ctl_buffer {
	unsigned int num_planes;
	void *ptr[VMEDIA_MAX_PLANES];
	uint64_t length[VMEDIA_MAX_PLANES];
	bool ours[VMEDIA_MAX_PLANES]; /* of vmedia_pages_alloc(), else mapped */
};

struct ctl_queue {
	struct ctl *c;
	struct ctl_memory memory;
	struct vmedia_format fmt;
	bool output, mplane, streaming;
	unsigned int num_buffers;
	unsigned int queued; /* buffers that the device has, or that came back and were not taken */
	struct ctl_buffer buf[CTL_MAX_BUFFERS];
};

/* A buffer that came back. */
struct ctl_taken {
	struct vmedia_buffer b;
	struct vmedia_plane planes[VMEDIA_MAX_PLANES];
};

/*
 * All of these return 0, or negative errno after a line on standard error, unless their comment
 * says otherwise.
 */

/* Begin with the queue of @type, which has no buffers yet. Gets its format. */
int ctl_queue_init(struct ctl_queue *q, struct ctl *c, uint32_t type,
		   const struct ctl_memory *memory);
/* Get the format anew. Fails if it has more planes than this program can take. */
int ctl_queue_get_format(struct ctl_queue *q);
/* Request the buffers of the present format, and map or allocate their memory. */
int ctl_queue_setup(struct ctl_queue *q);
/*
 * Give buffer @index to the device. OUTPUT: with @used bytes in each plane, as frame @number, which
 * becomes the timestamp in seconds. CAPTURE: @used is NULL.
 */
int ctl_queue_put(struct ctl_queue *q, unsigned int index, const uint32_t *used, uint64_t number);
/*
 * Take a buffer back; waits for one. Also returns, without a line, -EPIPE: CAPTURE's buffer with
 * V4L2_BUF_FLAG_LAST was taken before.
 */
int ctl_queue_take(struct ctl_queue *q, struct ctl_taken *t);
int ctl_queue_start(struct ctl_queue *q);
/* Stop the queue, if it streams. All buffers come back. Prints nothing. */
void ctl_queue_stop(struct ctl_queue *q);
/* Stop the queue and give up its buffers. Does nothing to a queue that was not begun. */
void ctl_queue_finish(struct ctl_queue *q);

unsigned int ctl_queue_planes(const struct ctl_queue *q);
uint32_t ctl_queue_pixelformat(const struct ctl_queue *q);
void ctl_queue_size(const struct ctl_queue *q, uint32_t *width, uint32_t *height);
/* Bytes of a plane, as the format has it. */
uint32_t ctl_queue_sizeimage(const struct ctl_queue *q, unsigned int plane);

#endif /* VMEDIA_CTL_QUEUE_H */
