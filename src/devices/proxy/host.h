/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host's side of the proxy: the calls that it makes on the host's node.
 *
 * All of them go through a table, so that a test can be the host's driver. The structures of
 * <vmedia/v4l2.h> are the host kernel's own on a 64-bit little-endian host, which host.c checks
 * when it is compiled, so payloads need no conversion.
 */
#ifndef VMEDIA_DEVICES_PROXY_HOST_H
#define VMEDIA_DEVICES_PROXY_HOST_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vmedia/proto.h>

/* Returns of int are 0 or negative errno. Context: any thread. */
struct proxy_host_ops {
	/* Open the node, non-blocking. -EPIPE: the process that opens it has ended. */
	int (*open)(void *opaque, int *fd);
	void (*close)(void *opaque, int fd);
	/* @cmd: as in <linux/videodev2.h>. @arg holds as many bytes as @cmd says. */
	int (*ioctl)(void *opaque, int fd, unsigned long cmd, void *arg);
	/* Map a buffer of the node. Returns NULL if it cannot be mapped. */
	void *(*mmap)(void *opaque, int fd, uint32_t offset, size_t length, bool write);
	void (*munmap)(void *opaque, void *addr, size_t length);
	/*
	 * The events of V4L2 that @fd has, whose epoll events are others: EPOLLIN if it may have
	 * some. NULL: they are what epoll reports. Context: loop.
	 */
	uint32_t (*events)(void *opaque, int fd, uint32_t revents);
};

struct proxy_host {
	const struct proxy_host_ops *ops;
	void *opaque;
};

/* The number of the ioctl for the kernel. */
unsigned long vmedia_proxy_cmd(const struct vmedia_ioctl_info *info);

/* Call ioctl @nr. Returns 0 or negative errno; an error that is no errno is -EIO. */
int vmedia_proxy_host_ioctl(const struct proxy_host *host, int fd, uint32_t nr, void *arg);

/* ---- The kernel's node ---- */

struct proxy_node {
	const char *path;
	/*
	 * A socket to the program's opener, by which the node is opened (<vmedia/module.h>); -1:
	 * the process opens it itself.
	 */
	int opener;
	pthread_mutex_t lock; /* of the opener's socket */
};

extern const struct proxy_host_ops vmedia_proxy_node_ops; /* opaque: struct proxy_node */

#endif /* VMEDIA_DEVICES_PROXY_HOST_H */
