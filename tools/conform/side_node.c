/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A V4L2 node of this machine. The structures of <vmedia/v4l2.h> are the kernel's own here, as
 * this program is built for 64-bit machines only.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "conform.h"
#include "side.h"

_Static_assert(sizeof(void *) == 8, "the kernel's structures are those of the wire");

struct node {
	struct conform_side side;
	char path[];
};

struct node_file {
	int fd;
};

static struct node *node_of(struct conform_side *s)
{
	return (struct node *)(void *)s;
}

static int node_open(struct conform_side *s, void **file)
{
	struct node_file *f = malloc(sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->fd = open(node_of(s)->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (f->fd < 0) {
		int err = -errno;

		free(f);
		return err;
	}
	*file = f;
	return 0;
}

static int node_close(struct conform_side *s, void *file)
{
	struct node_file *f = file;

	close(f->fd);
	free(f);
	return 0;
}

static unsigned long request_of(const struct vmedia_ioctl_info *info)
{
	unsigned int dir = (info->dir & VMEDIA_DIR_R ? _IOC_READ : _IOC_NONE) |
			   (info->dir & VMEDIA_DIR_W ? _IOC_WRITE : _IOC_NONE);

	return _IOC(dir, 'V', info->nr, info->size);
}

static void set_nonblock(const struct node_file *f, bool on)
{
	int flags = fcntl(f->fd, F_GETFL);

	fcntl(f->fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

static int node_ioctl(struct conform_side *s, void *file, const struct vmedia_ioctl_info *info,
		      void *arg)
{
	struct node_file *f = file;
	int ret, err;

	/* A device's session blocks. V4L2 refuses a seek of one that does not. */
	if (info->nr == VMEDIA_NR_S_HW_FREQ_SEEK)
		set_nonblock(f, false);
	do {
		ret = ioctl(f->fd, request_of(info), arg);
	} while (ret < 0 && errno == EINTR);
	err = ret < 0 ? -errno : 0;
	if (info->nr == VMEDIA_NR_S_HW_FREQ_SEEK)
		set_nonblock(f, true);
	if (err)
		return err;
	if (info->nr == VMEDIA_NR_EXPBUF) {
		struct vmedia_exportbuffer *e = arg;

		close(e->fd);
		e->fd = 0;
	}
	return 0;
}

/* poll() reports POLLERR at once where no queue streams, though an event may still come. */
static int node_wait(struct conform_side *s, void *file, short mask, int timeout_ms)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	struct node_file *f = file;
	struct pollfd p = { .fd = f->fd, .events = mask };
	int ret = 0;

	while (timeout_ms >= 0) {
		ret = poll(&p, 1, timeout_ms);
		if (ret < 0)
			return -errno;
		if (ret == 0 || p.revents & mask)
			return p.revents & mask;
		if (mask != POLLPRI)
			return POLLERR;
		nanosleep(&ms, NULL);
		timeout_ms--;
	}
	return 0;
}

static void node_destroy(struct conform_side *s)
{
	if (s->memory)
		munmap(s->memory, CONFORM_MEMORY);
	free(node_of(s));
}

static const struct conform_side_ops node_ops = {
	.open = node_open,
	.close = node_close,
	.ioctl = node_ioctl,
	.wait = node_wait,
	.destroy = node_destroy,
};

/* Opens it once, so that what is wrong is said before anything is done. */
static int check(struct node *n)
{
	struct v4l2_capability cap;
	int fd = open(n->path, O_RDWR | O_NONBLOCK | O_CLOEXEC), ret = 0;

	if (fd < 0)
		ret = -errno;
	else if (ioctl(fd, VIDIOC_QUERYCAP, &cap) < 0)
		ret = -errno;
	if (fd >= 0)
		close(fd);
	if (ret < 0)
		fprintf(stderr, "vmedia-conform: %s: %s\n", n->path,
			ret == -ENOTTY ? "is not a V4L2 node" : strerror(-ret));
	return ret;
}

int conform_side_node(const char *path, struct conform_side **side)
{
	struct node *n = calloc(1, sizeof(*n) + strlen(path) + 1);
	void *memory;
	int ret;

	if (!n)
		return -ENOMEM;
	n->side.ops = &node_ops;
	memcpy(n->path, path, strlen(path) + 1);
	ret = check(n);
	if (ret == 0) {
		memory = mmap(NULL, CONFORM_MEMORY, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED)
			ret = -errno;
		else
			n->side.memory = memory;
	}
	if (ret < 0) {
		node_destroy(&n->side);
		return ret;
	}
	*side = &n->side;
	return 0;
}
