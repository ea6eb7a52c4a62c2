/* SPDX-License-Identifier: BSD-3-Clause */
/* A stream of the node itself; see costs.h. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "costs.h"

static const char *path;
static int fd = -1;
static void *ptr[COSTS_BUFFERS];
static size_t length[COSTS_BUFFERS];

static int call(const char *what, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? costs_fail(what, -errno) : 0;
}

static int give(uint32_t index)
{
	struct v4l2_buffer b = { .index = index, .type = COSTS_TYPE, .memory = V4L2_MEMORY_MMAP };

	return call("VIDIOC_QBUF", VIDIOC_QBUF, &b);
}

static int take(struct costs_frame *f)
{
	struct v4l2_buffer b = { .type = COSTS_TYPE, .memory = V4L2_MEMORY_MMAP };
	int err = call("VIDIOC_DQBUF", VIDIOC_DQBUF, &b);

	*f = (struct costs_frame){ b.index, b.sequence, b.bytesused };
	return err;
}

static int map(uint32_t index)
{
	struct v4l2_buffer b = { .index = index, .type = COSTS_TYPE, .memory = V4L2_MEMORY_MMAP };
	int err = call("VIDIOC_QUERYBUF", VIDIOC_QUERYBUF, &b);

	if (err)
		return err;
	length[index] = b.length;
	ptr[index] = mmap(NULL, b.length, PROT_READ, MAP_SHARED, fd, b.m.offset);
	return ptr[index] == MAP_FAILED ? costs_fail("mmap", -errno) : give(index);
}

static int start(void)
{
	struct v4l2_requestbuffers r = { .count = COSTS_BUFFERS, .type = COSTS_TYPE,
					 .memory = V4L2_MEMORY_MMAP };
	uint32_t type = COSTS_TYPE;
	int err;

	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return costs_fail(path, -errno);
	err = call("VIDIOC_REQBUFS", VIDIOC_REQBUFS, &r);
	if (!err && r.count != COSTS_BUFFERS)
		err = costs_fail("the number of buffers", -ENOMEM);
	for (uint32_t i = 0; i < COSTS_BUFFERS && !err; i++)
		err = map(i);
	return err ? err : call("VIDIOC_STREAMON", VIDIOC_STREAMON, &type);
}

static void stop(void)
{
	for (uint32_t i = 0; i < COSTS_BUFFERS; i++)
		if (length[i])
			munmap(ptr[i], length[i]);
	close(fd);
}

static const void *memory(uint32_t index)
{
	return ptr[index];
}

int costs_native_open(const char *node)
{
	path = node;
	return 0;
}

const struct costs_way costs_native = { "native", "the node itself", start, take, give, stop,
					memory };
