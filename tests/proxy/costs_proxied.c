/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams through the proxy, in each way of memory; see costs.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vmedia/driver.h>

#include "costs.h"

struct buffer {
	void *ptr;
	uint8_t uuid[1][VMEDIA_UUID_SIZE];
	struct vmedia_buffer b; /* of the QBUF that is under way */
};

static struct vmedia_driver *drv;
static struct vmedia_file *file;
static struct buffer buffers[COSTS_BUFFERS];
static uint32_t memory_type, length, queued, unanswered;
static bool streaming;
static const char *exporter;
static int exporter_fd = -1;
static int late_err;

static int call(const char *what, unsigned long request, void *arg)
{
	int err = vmedia_ioctl(file, request, arg);

	return err ? costs_fail(what, err) : 0;
}

/* ---- Frames: as a driver does that costs little, which does not wait for QBUF's answer ---- */

static void answered(void *opaque, int err)
{
	unanswered--;
	if (err)
		late_err = err;
}

static int give(uint32_t index)
{
	struct buffer *buf = &buffers[index];
	uint32_t flags = VMEDIA_SUBMIT_LAZY;
	int err;

	buf->b = (struct vmedia_buffer){ .index = index, .type = COSTS_TYPE, .memory = memory_type,
					 .length = length };
	if (memory_type == V4L2_MEMORY_DMABUF) {
		err = vmedia_ioctl_objects(file, VIDIOC_QBUF, &buf->b, buf->uuid);
		if (!err)
			queued++;
		return err ? costs_fail("VIDIOC_QBUF", err) : 0;
	}
	if (memory_type == V4L2_MEMORY_USERPTR)
		buf->b.m.userptr = (uintptr_t)buf->ptr;
	/* The device is told at once if it has but one other buffer, as far as is known here. */
	if (streaming && queued - unanswered > 1)
		flags = VMEDIA_SUBMIT_HELD;
	err = vmedia_submit(file, VIDIOC_QBUF, &buf->b, flags, answered, NULL);
	if (err)
		return costs_fail("VIDIOC_QBUF", err);
	queued++;
	unanswered++;
	return 0;
}

static int take(struct costs_frame *f)
{
	struct vmedia_buffer b = { .type = COSTS_TYPE, .memory = memory_type };
	int err = vmedia_ioctl(file, VIDIOC_DQBUF, &b);

	if (!err)
		err = late_err;
	queued--;
	*f = (struct costs_frame){ b.index, b.sequence, b.bytesused };
	return err ? costs_fail("VIDIOC_DQBUF", err) : 0;
}

/* ---- Memory ---- */

static int map(uint32_t index)
{
	struct vmedia_buffer b = { .index = index, .type = COSTS_TYPE, .memory = V4L2_MEMORY_MMAP };
	int err = call("VIDIOC_QUERYBUF", VIDIOC_QUERYBUF, &b);

	return err ? err : vmedia_mmap(file, b.m.offset, b.length, PROT_READ, &buffers[index].ptr);
}

/* A dma-buf of another driver, whose buffers are as large: a codec's, or a graphics card's. */
static int export(uint32_t index)
{
	struct v4l2_exportbuffer e = { .type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .index = index,
				       .flags = O_CLOEXEC | O_RDWR };

	return ioctl(exporter_fd, VIDIOC_EXPBUF, &e) < 0 ? -errno : e.fd;
}

static int make_memory(void)
{
	int fd = memfd_create("costs", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)length) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
		return -errno;
	return fd;
}

static int offer(uint32_t index, bool dmabuf)
{
	struct buffer *buf = &buffers[index];
	int fd = dmabuf ? export(index) : make_memory(), err;

	if (fd < 0)
		return costs_fail("memory", fd);
	buf->ptr = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0);
	if (buf->ptr == MAP_FAILED)
		return costs_fail("mmap", -errno);
	memset(buf->uuid, 0x50 + (int)index, sizeof(buf->uuid));
	err = vmedia_object_offer(drv, buf->uuid[0], fd);
	close(fd);
	return err ? costs_fail("an object", err) : 0;
}

enum memory_kind { MAPPED, PAGES, SCATTERED, DMABUF, MEMORY };

static int get_memory(enum memory_kind kind, uint32_t index)
{
	switch (kind) {
	case MAPPED:
		return map(index);
	case PAGES:
	case SCATTERED:
		return vmedia_pages_alloc(drv, length,
					  kind == SCATTERED ? VMEDIA_PAGES_SCATTERED : 0,
					  &buffers[index].ptr);
	case DMABUF:
	case MEMORY:
		return offer(index, kind == DMABUF);
	}
	return -EINVAL;
}

static int start(uint32_t memory, enum memory_kind kind)
{
	struct vmedia_requestbuffers r = { .count = COSTS_BUFFERS, .type = COSTS_TYPE,
					   .memory = memory };
	struct vmedia_format format = { .type = COSTS_TYPE };
	uint32_t type = COSTS_TYPE;
	int err = vmedia_open(drv, 0, &file);

	memory_type = memory;
	queued = unanswered = 0;
	late_err = 0;
	streaming = false;
	if (err)
		return costs_fail("open", err);
	err = call("VIDIOC_G_FMT", VIDIOC_G_FMT, &format);
	length = format.fmt.pix.sizeimage;
	if (!err)
		err = call("VIDIOC_REQBUFS", VIDIOC_REQBUFS, &r);
	if (!err && r.count != COSTS_BUFFERS)
		err = costs_fail("the number of buffers", -ENOMEM);
	for (uint32_t i = 0; i < COSTS_BUFFERS && !err; i++) {
		err = get_memory(kind, i);
		if (!err)
			err = give(i);
	}
	if (!err)
		err = call("VIDIOC_STREAMON", VIDIOC_STREAMON, &type);
	streaming = true;
	return err;
}

static int start_mapped(void)
{
	return start(V4L2_MEMORY_MMAP, MAPPED);
}

static int start_pages(void)
{
	return start(V4L2_MEMORY_USERPTR, PAGES);
}

static int start_scattered(void)
{
	return start(V4L2_MEMORY_USERPTR, SCATTERED);
}

static int start_dmabuf(void)
{
	struct v4l2_requestbuffers r = { .count = COSTS_BUFFERS,
					 .type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
					 .memory = V4L2_MEMORY_MMAP };

	exporter_fd = open(exporter, O_RDWR | O_CLOEXEC);
	if (exporter_fd < 0 || ioctl(exporter_fd, VIDIOC_REQBUFS, &r) < 0)
		return costs_fail(exporter, -errno);
	return start(V4L2_MEMORY_DMABUF, DMABUF);
}

static int start_memory(void)
{
	return start(V4L2_MEMORY_DMABUF, MEMORY);
}

static void stop_mapped(void)
{
	vmedia_close(file);
	for (uint32_t i = 0; i < COSTS_BUFFERS; i++)
		vmedia_munmap(drv, buffers[i].ptr);
}

static void stop_pages(void)
{
	vmedia_close(file);
	for (uint32_t i = 0; i < COSTS_BUFFERS; i++)
		vmedia_pages_free(drv, buffers[i].ptr);
}

static void stop_objects(void)
{
	vmedia_close(file);
	for (uint32_t i = 0; i < COSTS_BUFFERS; i++) {
		vmedia_object_withdraw(drv, buffers[i].uuid[0]);
		munmap(buffers[i].ptr, length);
	}
	if (exporter_fd >= 0)
		close(exporter_fd);
	exporter_fd = -1;
}

static const void *memory_of(uint32_t index)
{
	return buffers[index].ptr;
}

const struct costs_way costs_proxied[] = {
	{ "MMAP", "region 0", start_mapped, take, give, stop_mapped, memory_of },
	{ "SHARED_PAGES", "in one piece", start_pages, take, give, stop_pages, memory_of },
	{ "SHARED_PAGES", "each elsewhere", start_scattered, take, give, stop_pages, memory_of },
	{ "OBJECT", "a dma-buf", start_dmabuf, take, give, stop_objects, memory_of },
	{ "OBJECT", "a memory file", start_memory, take, give, stop_objects, memory_of },
	{ 0 },
};

int costs_proxied_open(const char *socket, const char *output)
{
	struct vmedia_driver_options opts = { .path = socket, .timeout_ms = 20000 };
	int err = vmedia_driver_connect(&opts, &drv);

	exporter = output;
	return err ? costs_fail("connect", err) : 0;
}

void costs_proxied_close(void)
{
	vmedia_driver_disconnect(drv);
}
