/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtio-media device, through the driver of <vmedia/driver.h>. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <vmedia/driver.h>

#include "conform.h"
#include "side.h"

struct device {
	struct conform_side side;
	struct vmedia_driver *drv;
};

static struct device *device_of(struct conform_side *s)
{
	return (struct device *)(void *)s;
}

static int device_open(struct conform_side *s, void **file)
{
	struct vmedia_file *f;
	int ret = vmedia_open(device_of(s)->drv, O_NONBLOCK, &f);

	if (ret == 0)
		*file = f;
	return ret;
}

static int device_close(struct conform_side *s, void *file)
{
	return vmedia_close(file);
}

static int device_ioctl(struct conform_side *s, void *file, const struct vmedia_ioctl_info *info,
			void *arg)
{
	uint8_t uuid[VMEDIA_MAX_PLANES][VMEDIA_UUID_SIZE] = { { 0 } };
	int ret;

	/* No object has this UUID, as no descriptor is -1. */
	ret = vmedia_ioctl_objects(file, info->nr, arg, uuid);
	if (ret == 0 && info->nr == VMEDIA_NR_EXPBUF)
		((struct vmedia_exportbuffer *)arg)->fd = 0;
	return ret;
}

static int device_wait(struct conform_side *s, void *file, short mask, int timeout_ms)
{
	struct pollfd p = { .fd = vmedia_driver_fd(device_of(s)->drv), .events = POLLIN };
	int ret;

	if (mask != POLLPRI) {
		ret = vmedia_wait(file, mask, timeout_ms);
		return ret > 0 && !(ret & mask) ? POLLERR : ret > 0 ? ret & mask : ret;
	}
	/* vmedia_wait() reports POLLERR at once where no queue streams. */
	while (timeout_ms-- >= 0) {
		ret = vmedia_driver_process(device_of(s)->drv);
		if (ret < 0)
			return ret;
		if (vmedia_poll_mask(file) & POLLPRI)
			return POLLPRI;
		poll(&p, 1, 1);
	}
	return 0;
}

static void device_destroy(struct conform_side *s)
{
	vmedia_driver_disconnect(device_of(s)->drv);
	free(device_of(s));
}

static const struct conform_side_ops device_ops = {
	.open = device_open,
	.close = device_close,
	.ioctl = device_ioctl,
	.wait = device_wait,
	.destroy = device_destroy,
};

int conform_side_device(const char *path, struct conform_side **side)
{
	struct vmedia_driver_options options = { .path = path };
	struct device *d = calloc(1, sizeof(*d));
	void *memory;
	int ret;

	if (!d)
		return -ENOMEM;
	d->side.ops = &device_ops;
	ret = vmedia_driver_connect(&options, &d->drv);
	if (ret == 0)
		ret = vmedia_pages_alloc(d->drv, CONFORM_MEMORY, 0, &memory);
	if (ret < 0) {
		fprintf(stderr, "vmedia-conform: %s: %s\n", path, strerror(-ret));
		device_destroy(&d->side);
		return ret;
	}
	d->side.memory = memory;
	*side = &d->side;
	return 0;
}
