// SPDX-License-Identifier: BSD-3-Clause
/*
 * DMABUF: buffers of the kernel's own exporter (udmabuf), of this device and of another of its
 * kind.
 */
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

int new_udmabuf(size_t len)
{
	int dev = open("/dev/udmabuf", O_RDWR), fd = memfd_create("udmabuf", MFD_ALLOW_SEALING);
	struct udmabuf_create create = { .memfd = fd, .size = len };
	int dmabuf = -1;

	if (dev >= 0 && fd >= 0 && !ftruncate(fd, len) && !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK))
		dmabuf = ioctl(dev, UDMABUF_CREATE, &create);
	close(dev);
	close(fd);
	return dmabuf;
}

static void import(struct node *n, unsigned int index, int fd, size_t len)
{
	n->dmabuf[index] = fd;
	n->len[index] = len;
	n->mem[index] = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	need(n->mem[index] != MAP_FAILED, "mmap of a dma-buf");
}

static void end_import(struct node *n)
{
	unsigned int i;

	for (i = 0; i < n->num; i++) {
		munmap(n->mem[i], n->len[i]);
		close(n->dmabuf[i]);
	}
	node_close(n);
}

static void foreign(const char *path, const struct pictures *model)
{
	struct node *n = node_open(path);
	size_t len = (n->size + page() - 1) & ~(page() - 1);
	struct pictures p;
	unsigned int i;
	int fd = new_udmabuf(len);

	if (fd < 0 || getenv("GUEST_BOUNCED")) {
		printf("skipped: udmabuf\n");
		close(fd);
		node_close(n);
		return;
	}
	close(fd);
	node_buffers(n, V4L2_MEMORY_DMABUF, MAX_BUFFERS);
	for (i = 0; i < n->num; i++)
		import(n, i, new_udmabuf(len), len);
	capture(n, 16, &p);
	check_same(model, &p, "udmabuf");
	end_import(n);
}

/* Buffers of @e into @n, which is a file of this device or of another. */
static void import_all(struct node *e, struct node *n, bool same_device)
{
	unsigned int i, num;
	int fd[MAX_BUFFERS];

	node_buffers(e, V4L2_MEMORY_MMAP, MAX_BUFFERS);
	num = e->num;
	for (i = 0; i < num; i++) {
		fd[i] = export_buffer(e, i, O_RDWR);
		need(fd[i] >= 0, "EXPBUF");
	}
	/* A capture device has buffers for one file at a time. */
	if (same_device)
		node_no_buffers(e);
	node_buffers(n, V4L2_MEMORY_DMABUF, num);
	for (i = 0; i < n->num; i++)
		import(n, i, fd[i], e->len[i]);
}

/* Buffers of @from, filled by @path: in the same guest, another session or another device. */
static void ours(const char *path, const char *from, const struct pictures *model, const char *what)
{
	struct node *e = node_open(from), *n = node_open(path);
	struct pictures p;

	import_all(e, n, from == path);
	capture(n, 16, &p);
	check_same(model, &p, what);
	/* The exporter's own mapping is the same memory. */
	memset(n->mem[0], 3, n->len[0]);
	check(all_are(e->mem[0], n->len[0], 3), "both files see the same memory");
	node_close(e);
	capture(n, 8, &p);
	check_same(model, &p, "when the exporter's file is closed");
	end_import(n);
}

/* The descriptors are closed while the device has the buffers. */
static void closed(const char *path)
{
	struct node *e = node_open(path), *n = node_open(path);
	struct v4l2_buffer b;
	unsigned int i;
	bool good = true;

	import_all(e, n, true);
	for (i = 0; i < n->num; i++) {
		memset(n->mem[i], FILLING, n->len[i]);
		need(!give(n, i), "QBUF");
		close(n->dmabuf[i]);
	}
	node_close(e);
	need(!stream(n, true), "STREAMON");
	for (i = 0; i < n->num; i++)
		need(take(n, &b) >= 0, "DQBUF");
	for (i = 0; i < n->num; i++)
		good &= !all_are(n->mem[i], n->size, FILLING);
	check(good, "pictures come into buffers whose descriptors and exporter are closed");
	need(!stream(n, false), "STREAMOFF");
	for (i = 0; i < n->num; i++)
		munmap(n->mem[i], n->len[i]);
	node_close(n);
}

static void refused(const char *path)
{
	struct node *n = node_open(path);
	int fd = memfd_create("no dma-buf", 0), dmabuf = new_udmabuf(page());

	need(fd >= 0 && !ftruncate(fd, n->size), "memfd");
	node_buffers(n, V4L2_MEMORY_DMABUF, 1);
	n->len[0] = n->size;
	n->dmabuf[0] = fd;
	check_err(give(n, 0), EINVAL, "a descriptor of no dma-buf");
	n->dmabuf[0] = -1;
	check_err(give(n, 0), EINVAL, "no descriptor");
	n->dmabuf[0] = n->fd;
	check_err(give(n, 0), EINVAL, "a descriptor of the device");
	if (dmabuf >= 0) {
		n->dmabuf[0] = dmabuf;
		n->len[0] = 0;
		check_err(give(n, 0), EINVAL, "a dma-buf that is too small");
		n->len[0] = n->size;
		check_err(give(n, 0), EFAULT, "and says that it is not");
		close(dmabuf);
	}
	node_close(n);
	close(fd);
}

void check_dmabuf(const char *path, const char *other)
{
	struct pictures model;

	capture_model(path, &model);
	foreign(path, &model);
	ours(path, path, &model, "buffers of another session");
	if (other)
		ours(path, other, &model, "buffers of another device");
	closed(path);
	refused(path);
}
