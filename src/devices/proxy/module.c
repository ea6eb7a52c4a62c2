// SPDX-License-Identifier: BSD-3-Clause
/* The module proxy. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <vmedia/module.h>

#include "proxy.h"

static const struct vmedia_module_option options[] = {
	{ "device", "NODE",
	  "the host's node, as /dev/video0 or a link in /dev/v4l/by-id; a word without -- is it, "
	  "too" },
	{ "restore", NULL,
	  "set the node's controls as they were before, after the last open file" },
	{ 0 },
};

static void explain(int err, const char *device, char *why, size_t size)
{
	switch (err) {
	case 0:
	case -ENOMEM:
		return;
	case -ENOTTY:
	case -EINVAL:
		snprintf(why, size, "--device=%.200s is no V4L2 device: give a node such as "
			 "/dev/video0", device);
		return;
	case -EPIPE:
		snprintf(why, size, "--device=%.200s: the process that opens it has ended; start "
			 "the program again", device);
		return;
	case -ENOTSUP:
		snprintf(why, size, "--device=%.200s is a V4L2 device of a kind that virtio-media "
			 "does not carry: give a video, vbi, radio, swradio or touch node", device);
		return;
	case -EBUSY:
		snprintf(why, size, "--device=%.200s is in use by another program: stop that one",
			 device);
		return;
	case -EACCES:
		snprintf(why, size, "--device=%.200s: %s; its group (video, mostly) may open it: "
			 "start the program as a member of it", device, strerror(-err));
		return;
	default:
		snprintf(why, size, "--device=%.200s: %s; give the node of a device that is "
			 "plugged in", device, strerror(-err));
	}
}

static int create(const struct vmedia_module_args *args, char *why, size_t size,
		  struct vmedia_device **dev)
{
	struct proxy_options opts = {
		.device = vmedia_module_value(args, "device"),
		.opener = args->opener,
		.limits = args->limits,
		.region_size = args->region_size,
		.restore = vmedia_module_value(args, "restore") != NULL,
	};
	int err;

	if (!opts.device || !*opts.device) {
		snprintf(why, size, "which device of the host? For example: proxy /dev/video0");
		return -EINVAL;
	}
	err = vmedia_proxy_create(args->loop, &opts, dev);
	explain(err, opts.device, why, size);
	return err;
}

const struct vmedia_module vmedia_module = {
	.abi = VMEDIA_MODULE_ABI,
	.name = "proxy",
	.summary = "a V4L2 device of the host, as it is",
	.example = "/dev/video0",
	.options = options,
	.create = create,
	.syscalls_start = "openat:rw open:rw",
	.syscalls = "ioctl:V fcntl fcntl64",
	.node = "device",
};
