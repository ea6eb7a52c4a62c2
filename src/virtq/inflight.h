/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inflight tracking: descriptors in flight, recorded in a file that outlives this process
 * (vhost-user INFLIGHT_SHMFD).
 *
 * The device end records which chains it took and in which order. When the daemon dies, the
 * front-end passes the file to the next one. That takes those chains first (in vmedia_vqd_pop())
 * and then continues. The layout is the one in the vhost-user specification ("Inflight I/O
 * tracking"), in host byte order, with one region for each queue, aligned to 64 bytes.
 *
 * Chains that the device holds for long (event buffers) are in flight too, and are resubmitted in
 * the same way.
 *
 * Context: the device's thread.
 */
#ifndef VMEDIA_VIRTQ_INFLIGHT_H
#define VMEDIA_VIRTQ_INFLIGHT_H

#include <stdint.h>

struct vmedia_inflight_area;	/* the mapped file */
struct vmedia_inflight;		/* one queue's part of it; for struct vmedia_vqd_config */

#define VMEDIA_INFLIGHT_MAX_QUEUES 256

/*
 * vmedia_inflight_size - return the bytes of a file for @queues queues of @num, or 0 if either is
 * out of range.
 */
uint64_t vmedia_inflight_size(unsigned int queues, uint32_t num, uint64_t features);

/*
 * vmedia_inflight_memfd - create a file of zeros (never used), for GET_INFLIGHT_FD. @features
 * select split or packed. Returns the fd, which belongs to the caller, and its size in *size;
 * -EINVAL; or negative errno of the kernel.
 */
int vmedia_inflight_memfd(unsigned int queues, uint32_t num, uint64_t features, uint64_t *size);

/*
 * vmedia_inflight_open - map the file of the front-end, for SET_INFLIGHT_FD (@fd stays the
 * caller's)
 *
 * A region that was never used (version 0) is formatted when its queue starts. The contents of the
 * others are checked then. Returns 0; -EINVAL if the numbers are out of range, @offset is not a
 * multiple of 64, or the file is too small or of a kind that vmedia_mem_create() refuses; -ENOMEM;
 * or another error of vmedia_mem_create().
 */
int vmedia_inflight_open(int fd, uint64_t offset, uint64_t size, unsigned int queues, uint32_t num,
			 uint64_t features, struct vmedia_inflight_area **out);

/* Free @area. All queues that use it must have been destroyed. NULL is allowed. */
void vmedia_inflight_close(struct vmedia_inflight_area *area);

/*
 * vmedia_inflight_queue - return the part of queue @i, or NULL if there is none. It lives as long
 * as @area.
 */
struct vmedia_inflight *vmedia_inflight_queue(struct vmedia_inflight_area *area, unsigned int i);

#endif
