/* SPDX-License-Identifier: BSD-3-Clause */
/* What the module and its program say to each other on /dev/vmedia_loop. */
#ifndef TESTS_PROXY_LOOP_H
#define TESTS_PROXY_LOOP_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define LOOP_QUEUES	2
#define LOOP_CONFIG	64

/* A device: once for each open file, which it lives as long as. */
struct loop_device {
	__u64 features;
	__u32 id;
	__u32 config_size;
	__u8 config[LOOP_CONFIG];
};

struct loop_ring {
	__u64 desc, avail, used;	/* addresses in the machine's memory */
	__u32 num, pad;
};

/* What read() gives when the driver has begun or ended: the number of this change, and rings. */
struct loop_change {
	__u64 features;
	__u32 number;
	__u32 running;
	struct loop_ring ring[LOOP_QUEUES];
};

struct loop_eventfd {
	__u32 queue;
	__s32 fd;
};

#define LOOP_DEVICE	_IOW('L', 1, struct loop_device)
/* Returns a descriptor of the machine's memory. */
#define LOOP_MEMORY	_IO('L', 2)
/* The driver's kicks go there. */
#define LOOP_KICK	_IOW('L', 3, struct loop_eventfd)
/* An interrupt of the queue that is the argument. */
#define LOOP_CALL	_IO('L', 4)
/* The change of that number was made: a driver that ends waits for it. */
#define LOOP_DONE	_IO('L', 5)

#endif /* TESTS_PROXY_LOOP_H */
