/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A module that needs more of the kernel than others, as one of a hardware decoder does: it loads a
 * library and opens a device file for writing before it serves, and gives commands to the file
 * while it serves. Then it tries what it has not asked for. The result of each is a pixel of the
 * frame: 1 where it went as it should.
 *
 * --attack=1: it calls what ends the process.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <linux/videodev2.h>

#include <vmedia/module.h>
#include <vmedia/video.h>

struct needy {
	int fd; /* the device file: /dev/null stands for it */
	bool attacks;
};

/* Not quick, so this runs in a worker's thread. */
static int fill(void *priv, struct vmedia_frame *f)
{
	const struct needy *n = priv;
	struct v4l2_capability caps;
	struct sysinfo info;
	uint8_t *p = f->data[0];

	if (n->attacks)
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	memset(p, 2, f->mode->width);
	for (uint32_t y = 1; y < f->mode->height; y++)
		memset(p + y * (size_t)f->stride[0], 2, f->mode->width);
	p[0] = sysinfo(&info) == 0;
	p[1] = ioctl(n->fd, VIDIOC_QUERYCAP, &caps) < 0 && errno == ENOTTY;
	p[2] = ioctl(n->fd, TCGETS, &caps) < 0 && errno == EPERM;
	p[3] = getppid() < 0 && errno == EPERM;
	p[4] = open("/dev/null", O_RDONLY) < 0;
	return 0;
}

static const struct vmedia_capture_ops source = { .fill = fill };
static const struct vmedia_frame_interval rate = { .min = { 1, 30 } };
static const struct vmedia_frame_size size = { 64, 16, .intervals = &rate, .num_intervals = 1 };
static const struct vmedia_format_config grey = { V4L2_PIX_FMT_GREY, &size, 1, .flags = 0 };
static const struct vmedia_queue_config queue = {
	.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .formats = &grey, .num_formats = 1, .capture = &source
};

static const struct vmedia_module_option options[] = {
	{ "attack", "0|1", "call what only an attack calls (default 0)" },
	{ NULL, NULL, NULL }
};

static int create(const struct vmedia_module_args *args, char *why, size_t why_size,
		  struct vmedia_device **dev)
{
	static struct needy n;
	struct vmedia_video_config config = {
		.card = "needy", .queues = &queue, .num_queues = 1, .limits = args->limits,
		.region_size = args->region_size, .no_region = !args->region_size, .priv = &n
	};
	const char *attack = vmedia_module_value(args, "attack");

	n.attacks = attack && !strcmp(attack, "1");
	n.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (n.fd < 0 || !dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL))
		return n.fd < 0 ? -errno : -ELIBACC;
	return vmedia_video_create(args->loop, &config, dev);
}

const struct vmedia_module vmedia_module = {
	.abi = VMEDIA_MODULE_ABI,
	.name = "needy",
	.summary = "a camera that shows what it may call",
	.options = options,
	.create = create,
	.syscalls_start = "openat:rw open:rw",
	.syscalls = "sysinfo ioctl:V",
};
