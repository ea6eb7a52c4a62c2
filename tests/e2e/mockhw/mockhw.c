// SPDX-License-Identifier: BSD-3-Clause
/*
 * A module that behaves as one of a hardware decoder does: before the sandbox closes it opens a
 * device node and loads a driver library, which starts a thread; while it serves, that thread calls
 * the hardware by ioctl(). Each frame is of one brightness, which the driver gave.
 *
 *	MOCKHW_NODE	the device node (default /dev/urandom)
 *	MOCKHW_DRIVER	the driver library
 *
 * It is built under three names, which differ in the system calls that they list:
 *
 *	mockhw		all that it makes
 *	mockhw-closed	none for serving: MOCKHW_SYSCALLS is NULL
 *	mockhw-unlisted	none at all: MOCKHW_SYSCALLS_START is NULL, too
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/videodev2.h>

#include <vmedia/log.h>
#include <vmedia/module.h>
#include <vmedia/video.h>

#include "mockdrv.h"

struct mockhw {
	int node;
	void *library;
	const struct mockdrv_ops *ops;
	struct mockdrv *drv;
};

static int fill(void *priv, struct vmedia_frame *f)
{
	struct mockhw *hw = priv;
	uint8_t picture = 0;
	int err = hw->ops->decode(hw->drv, (uint8_t)f->number, &picture);

	if (err) {
		vmedia_err("mockhw: the hardware does not decode packet %llu: %s",
			   (unsigned long long)f->number, strerror(-err));
		return err;
	}
	for (uint32_t y = 0; y < f->mode->height; y++)
		memset(f->data[0] + y * (size_t)f->stride[0], picture, f->mode->width);
	return 0;
}

static void mockhw_free(struct mockhw *hw)
{
	if (hw->drv)
		hw->ops->close(hw->drv);
	if (hw->node >= 0)
		close(hw->node);
	/* The library stays, as the drivers of libva do: threads of it may be ending. */
	free(hw);
}

static void destroy(struct vmedia_video *v)
{
	mockhw_free(vmedia_video_priv(v));
}

static const struct vmedia_capture_ops source = { .fill = fill };
static const struct vmedia_video_ops ops = { .destroy = destroy };
static const struct vmedia_frame_interval rate = { .min = { 1, 100 } };
static const struct vmedia_frame_size size = { 64, 48, .intervals = &rate, .num_intervals = 1 };
static const struct vmedia_format_config grey = { V4L2_PIX_FMT_GREY, &size, 1, .flags = 0 };
static const struct vmedia_queue_config queue = {
	.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .formats = &grey, .num_formats = 1, .capture = &source
};

static int open_hardware(struct mockhw *hw, char *why, size_t why_size)
{
	const char *node = getenv("MOCKHW_NODE"), *driver = getenv("MOCKHW_DRIVER");
	int err;

	if (!node)
		node = "/dev/urandom";
	hw->node = open(node, O_RDWR | O_CLOEXEC);
	if (hw->node < 0) {
		err = -errno;
		snprintf(why, why_size, "MOCKHW_NODE=%s: %s; give a device node", node,
			 strerror(-err));
		return err;
	}
	hw->library = driver ? dlopen(driver, RTLD_NOW | RTLD_LOCAL) : NULL;
	hw->ops = hw->library ? dlsym(hw->library, MOCKDRV_SYMBOL) : NULL;
	if (!hw->ops) {
		snprintf(why, why_size, "MOCKHW_DRIVER: %s; give a driver library",
			 driver ? dlerror() : "not set");
		return -ENOENT;
	}
	err = hw->ops->open(hw->node, &hw->drv);
	if (err)
		snprintf(why, why_size, "MOCKHW_NODE=%s is no hardware of %s: %s", node, driver,
			 strerror(-err));
	return err;
}

static int create(const struct vmedia_module_args *args, char *why, size_t why_size,
		  struct vmedia_device **dev)
{
	struct vmedia_video_config config = {
		.card = "mockhw", .queues = &queue, .num_queues = 1, .limits = args->limits,
		.region_size = args->region_size, .no_region = !args->region_size, .ops = &ops
	};
	struct mockhw *hw = calloc(1, sizeof(*hw));
	int err;

	if (!hw)
		return -ENOMEM;
	hw->node = -1;
	err = open_hardware(hw, why, why_size);
	config.priv = hw;
	if (!err)
		err = vmedia_video_create(args->loop, &config, dev);
	if (err)
		mockhw_free(hw);
	return err;
}

const struct vmedia_module vmedia_module = {
	.abi = VMEDIA_MODULE_ABI,
	.name = MOCKHW_NAME,
	.summary = "a hardware decoder, for tests",
	.create = create,
	.syscalls_start = MOCKHW_SYSCALLS_START,
	.syscalls = MOCKHW_SYSCALLS,
};
