/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams whose CPU time is measured (costs.c): by the node itself, and through the proxy. */
#ifndef VMEDIA_TESTS_PROXY_COSTS_H
#define VMEDIA_TESTS_PROXY_COSTS_H

#include <linux/videodev2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COSTS_BUFFERS 8
#define COSTS_TYPE    V4L2_BUF_TYPE_VIDEO_CAPTURE

struct costs_frame {
	uint32_t index, sequence, bytes;
};

/* One stream. All return 0 or negative errno, which was said on standard error. */
struct costs_way {
	const char *name, *what;
	int (*start)(void);
	int (*take)(struct costs_frame *f); /* waits */
	int (*give)(uint32_t index);
	void (*stop)(void);
	const void *(*memory)(uint32_t index);
};

int costs_fail(const char *what, int err);

/* The node, with buffers of the driver that the program maps, and calls that wait. */
extern const struct costs_way costs_native;
int costs_native_open(const char *node);

/* The ways of memory through the proxy. The last one has no name. */
extern const struct costs_way costs_proxied[];
/* @output: a node of V4L2 output that exports dma-bufs of the same size. */
int costs_proxied_open(const char *socket, const char *output);
void costs_proxied_close(void);

#endif /* VMEDIA_TESTS_PROXY_COSTS_H */
