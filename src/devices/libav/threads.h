/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The threads of a device's codecs. A codec that is opened gets what is left of the number that the
 * user allows, and at least one. So one session has all of them, and of many each has one.
 *
 * Context: any thread.
 */
#ifndef VMEDIA_DEVICES_LIBAV_THREADS_H
#define VMEDIA_DEVICES_LIBAV_THREADS_H

#include <stdatomic.h>

/* More do not help a picture, and each has memory of its own. */
#define VMEDIA_LIBAV_THREADS 16

struct vmedia_libav_threads {
	unsigned int max;
	atomic_uint used;
};

/* Call before the device is created: @max threads in all, 0: as many as the process has CPUs. */
void vmedia_libav_threads_init(struct vmedia_libav_threads *t, unsigned int max);
/* Take threads for a codec that uses @most. Returns their number, which _give() gives back. */
unsigned int vmedia_libav_threads_take(struct vmedia_libav_threads *t, unsigned int most);
/* A codec has @to threads now, not @from. They may be more than are left. */
void vmedia_libav_threads_change(struct vmedia_libav_threads *t, unsigned int from,
				 unsigned int to);
void vmedia_libav_threads_give(struct vmedia_libav_threads *t, unsigned int n);

#endif /* VMEDIA_DEVICES_LIBAV_THREADS_H */
