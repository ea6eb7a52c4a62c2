// SPDX-License-Identifier: BSD-3-Clause
/*
 * What live sources have in common.
 *
 * System calls, serving: poll|ppoll ppoll_time64 preadv2 write
 */
#include "live.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>
#include <vmedia/log.h>
#include <vmedia/loop.h>

static const uint32_t formats[] = {
	V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_UYVY,
	V4L2_PIX_FMT_RGB24, V4L2_PIX_FMT_BGR24, V4L2_PIX_FMT_GREY,
};

void vmedia_camera_live_lists(struct vmedia_camera_source *src,
			      const struct vmedia_camera_options *opts)
{
	memcpy(src->formats, formats, sizeof(formats));
	src->num_formats = sizeof(formats) / sizeof(formats[0]);
	for (uint32_t i = 0; i < opts->num_sizes; i++)
		vmedia_camera_add_size(src, opts->sizes[i].width, opts->sizes[i].height);
	if (!opts->num_sizes)
		vmedia_camera_add_size(src, 640, 480);
	vmedia_camera_add_interval(src, opts->interval.numerator, opts->interval.denominator);
	vmedia_camera_add_interval(src, 1, 30);
}

void vmedia_camera_live_colorimetry(const struct vmedia_camera_source *src,
				    struct vmedia_camera_format *fmt)
{
	bool rgb = vmedia_camera_layout(fmt->pixelformat)->kind == VMEDIA_CAMERA_RGB;

	(void)src;
	fmt->colorspace = V4L2_COLORSPACE_SRGB;
	fmt->ycbcr_enc = V4L2_YCBCR_ENC_601;
	fmt->xfer_func = V4L2_XFER_FUNC_SRGB;
	fmt->quantization = rgb ? V4L2_QUANTIZATION_FULL_RANGE : V4L2_QUANTIZATION_LIM_RANGE;
}

int vmedia_camera_wake_create(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

void vmedia_camera_wake_up(int wake_fd)
{
	const uint64_t one = 1;

	if (write(wake_fd, &one, sizeof(one)) < 0)
		vmedia_dbg("an eventfd cannot be written: %s", strerror(errno));
}

void vmedia_camera_wake_clear(int wake_fd)
{
	uint64_t value;
	struct iovec iov = { &value, sizeof(value) };

	if (preadv2(wake_fd, &iov, 1, -1, 0) < 0 && errno != EAGAIN)
		vmedia_dbg("an eventfd cannot be read: %s", strerror(errno));
}

void vmedia_camera_wake_wait(int wake_fd, int fd, uint64_t until)
{
	struct pollfd fds[] = { { .fd = wake_fd, .events = POLLIN },
				{ .fd = fd, .events = POLLIN } };
	uint64_t now = vmedia_now_ns();

	poll(fds, 2, until > now ? (int)((until - now) / 1000000) + 1 : 0);
}
