/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptors in flight, remembered in a file that outlives this process (vhost-user
 * INFLIGHT_SHMFD).
 *
 * The device end writes down which chains it took and in which order. When the daemon dies, the
 * front-end hands the file to the next one, which takes those chains first (vmedia_vqd_pop() does
 * it) and goes on. The layout is the one in the vhost-user specification ("Inflight I/O tracking"),
 * host byte order; one region a queue, each aligned to 64 bytes.
 *
 * Chains which the device deliberately holds (event buffers) are in flight too and come back the
 * same way.
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
 * vmedia_inflight_size - bytes of a file for @queues queues of @num; 0 if either is out of range.
 */
uint64_t vmedia_inflight_size(unsigned int queues, uint32_t num, uint64_t features);

/*
 * vmedia_inflight_memfd - for GET_INFLIGHT_FD: a new file, formatted and empty. @features say split
 * or packed. Returns the fd, which is the caller's, and its size in *size; or -EINVAL or what the
 * kernel said.
 */
int vmedia_inflight_memfd(unsigned int queues, uint32_t num, uint64_t features, uint64_t *size);

/*
 * vmedia_inflight_open - for SET_INFLIGHT_FD: map what the front-end gave (@fd stays the caller's)
 *
 * A region that was never used (version 0) is formatted. -EINVAL: too small, or not a file that
 * memory can be made of. What is in the regions is checked when a queue starts.
 */
int vmedia_inflight_open(int fd, uint64_t offset, uint64_t size, unsigned int queues, uint32_t num,
			 uint64_t features, struct vmedia_inflight_area **out);

/* All queues that use it must be gone. NULL is fine. */
void vmedia_inflight_close(struct vmedia_inflight_area *area);

/*
 * vmedia_inflight_queue - the part of queue @i, or NULL when there is none. Lives as long as @area.
 */
struct vmedia_inflight *vmedia_inflight_queue(struct vmedia_inflight_area *area, unsigned int i);

#endif
