/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A side: something that answers ioctls as an open V4L2 node does. side_node.c is a node of this
 * machine, side_device.c a virtio-media device; tests have one of their own.
 *
 * Errors: negative errno. Sessions do not block: DQBUF and DQEVENT return -EAGAIN.
 */
#ifndef VMEDIA_CONFORM_SIDE_H
#define VMEDIA_CONFORM_SIDE_H

#include <vmedia/proto.h>

struct conform_side;

struct conform_side_ops {
	int (*open)(struct conform_side *s, void **file);
	int (*close)(struct conform_side *s, void *file);
	/* @arg: as of vmedia_ioctl(). What EXPBUF exports is closed again; fd is then 0. */
	int (*ioctl)(struct conform_side *s, void *file, const struct vmedia_ioctl_info *info,
		     void *arg);
	/*
	 * Wait until a bit of @mask (POLLIN, POLLOUT, POLLPRI) is set. Returns what is set of it;
	 * POLLERR if nothing of it can come; 0 after @timeout_ms; negative errno.
	 */
	int (*wait)(struct conform_side *s, void *file, short mask, int timeout_ms);
	void (*destroy)(struct conform_side *s);
};

struct conform_side {
	const struct conform_side_ops *ops;
	uint8_t *memory;	/* CONFORM_MEMORY bytes for USERPTR */
};

/* Open a V4L2 node, or connect to a device. Return 0, or negative errno after a line. */
int conform_side_node(const char *path, struct conform_side **side);
int conform_side_device(const char *path, struct conform_side **side);
/* The one of the two that @path is. */
int conform_side_open(const char *path, struct conform_side **side);
void conform_side_destroy(struct conform_side *side);

#endif /* VMEDIA_CONFORM_SIDE_H */
