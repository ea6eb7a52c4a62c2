// SPDX-License-Identifier: BSD-3-Clause
/*
 * The connection to a publisher.
 *
 * System calls, serving: poll|ppoll close
 */
#include "shared_link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vmedia/log.h>

#include "ask.h"

#define RETRY_NS 500000000ull
#define FIRST_MS 2000

int vmedia_camera_link_init(struct vmedia_camera_link *l, const char *path, int opener)
{
	memset(l, 0, sizeof(*l));
	l->opener = opener;
	l->path = strdup(path);
	return l->path ? 0 : -ENOMEM;
}

void vmedia_camera_link_finish(struct vmedia_camera_link *l)
{
	vmedia_subscriber_destroy(l->sub);
	l->sub = NULL;
	if (l->opener >= 0)
		close(l->opener);
	l->opener = -1;
	free(l->path);
	l->path = NULL;
}

/* ---- Connecting ---- */

static int dial(const struct vmedia_camera_link *l)
{
	return l->opener < 0 ? vmedia_subscriber_connect(l->path) : vmedia_camera_ask(l->opener);
}

static int link_connect(struct vmedia_camera_link *l)
{
	int fd = dial(l);

	return fd < 0 ? fd : vmedia_subscriber_create(fd, &l->sub);
}

/* One line for each reason why the connection is lost, or cannot be made. */
static void report(struct vmedia_camera_link *l, const char *why)
{
	char reason[sizeof(l->reported)];

	snprintf(reason, sizeof(reason), "%s", why);
	if (strcmp(l->reported, reason))
		vmedia_warn("%s: %s; the camera shows \"no signal\" until there is a publisher",
			    l->path, why);
	memcpy(l->reported, reason, sizeof(reason));
}

static void drop(struct vmedia_camera_link *l, const char *why)
{
	vmedia_subscriber_destroy(l->sub);
	l->sub = NULL;
	l->streaming = false;
	report(l, why);
}

/* ---- What the publisher has ---- */

/* @value if V4L2 has a name for it, otherwise the default. */
static uint32_t known(uint32_t value, uint32_t last)
{
	return value <= last ? value : 0;
}

/* What is the default of the colour space gets its name. */
static void understand_colours(const struct vmedia_share_format *f,
			       struct vmedia_camera_format *to, bool rgb)
{
	to->colorspace = known(f->colorspace, V4L2_COLORSPACE_DCI_P3);
	if (to->colorspace == V4L2_COLORSPACE_DEFAULT)
		to->colorspace = V4L2_COLORSPACE_SRGB;
	to->ycbcr_enc = known(f->ycbcr_enc, V4L2_YCBCR_ENC_SMPTE240M);
	if (to->ycbcr_enc == V4L2_YCBCR_ENC_DEFAULT)
		to->ycbcr_enc = V4L2_MAP_YCBCR_ENC_DEFAULT(to->colorspace);
	to->quantization = known(f->quantization, V4L2_QUANTIZATION_LIM_RANGE);
	if (to->quantization == V4L2_QUANTIZATION_DEFAULT)
		to->quantization = V4L2_MAP_QUANTIZATION_DEFAULT(rgb, to->colorspace,
								 to->ycbcr_enc);
	to->xfer_func = known(f->xfer_func, V4L2_XFER_FUNC_SMPTE2084);
	if (to->xfer_func == V4L2_XFER_FUNC_DEFAULT)
		to->xfer_func = V4L2_MAP_XFER_FUNC_DEFAULT(to->colorspace);
}

/* Get the format as the camera describes it. False if pictures of it cannot be read. */
static bool understand(const struct vmedia_share_format *f, struct vmedia_camera_format *to)
{
	const struct vmedia_camera_layout *l = vmedia_camera_layout(f->pixelformat);
	const struct vmedia_pixfmt *pf = vmedia_pixfmt_find(f->pixelformat);
	uint32_t bytesperline = f->bytesperline;
	struct vmedia_picture_layout pl;

	if (!l || !l->planes || !pf || f->width > VMEDIA_CAMERA_MAX_DIMENSION ||
	    f->height > VMEDIA_CAMERA_MAX_DIMENSION ||
	    !vmedia_camera_format_fits(f->pixelformat, f->width, f->height) ||
	    vmedia_pixfmt_layout(pf, f->width, f->height, &bytesperline, &pl) ||
	    bytesperline != f->bytesperline || pl.sizeimage[0] > f->sizeimage)
		return false;
	*to = (struct vmedia_camera_format){
		.pixelformat = f->pixelformat,
		.width = f->width,
		.height = f->height,
		.bytesperline = bytesperline,
		.sizeimage = pl.sizeimage[0],
		.field = V4L2_FIELD_NONE,
	};
	understand_colours(f, to, l->kind == VMEDIA_CAMERA_RGB);
	return true;
}

/* 1/60 to 1000 pictures a second, which --fps= may have too. */
static bool usual_rate(const struct vmedia_share_format *f)
{
	const uint64_t n = f->interval_numerator, d = f->interval_denominator;

	return n && d <= 1000 * n && n <= 60 * d;
}

/* Wait for the answer to HELLO. Returns 0; -EAGAIN: none comes; errors of the subscriber. */
static int wait_for_welcome(struct vmedia_camera_link *l, char *why, size_t size)
{
	struct pollfd p = { .fd = vmedia_subscriber_fd(l->sub), .events = POLLIN };
	const uint64_t until = vmedia_now_ns() + FIRST_MS * 1000000ull;
	uint64_t now;
	int err;

	while (!vmedia_subscriber_info(l->sub)) {
		now = vmedia_now_ns();
		if (now >= until)
			return -EAGAIN;
		poll(&p, 1, (int)((until - now) / 1000000) + 1);
		err = vmedia_subscriber_process(l->sub, why, size);
		if (err)
			return err;
	}
	return 0;
}

/* What no waiting would mend. */
static int refuse(const struct vmedia_camera_link *l, int err, const char *reason, char *why,
		  size_t size)
{
	snprintf(why, size, "--source=shared:%.200s: %s", l->path, reason);
	return err;
}

static int judge(struct vmedia_camera_link *l, int err, char *why, size_t size)
{
	switch (err) {
	case -ENOTSOCK:
		return refuse(l, err, "is no socket; give the --publish of vmedia-source", why,
			      size);
	case -EPROTOTYPE:
		return refuse(l, err, "is a socket of something else; give the --publish of "
			      "vmedia-source", why, size);
	case -EACCES:
	case -EPERM:
		return refuse(l, err, "this user may not connect; give vmedia-source a "
			      "--socket-group or --socket-mode that lets it", why, size);
	case -ENAMETOOLONG:
		return refuse(l, err, "too long for a socket; give the --publish of vmedia-source",
			      why, size);
	}
	report(l, strerror(-err));
	return 0;
}

int vmedia_camera_link_first(struct vmedia_camera_link *l, struct vmedia_camera_format *format,
			     struct vmedia_fract *interval, char *why, size_t size)
{
	const struct vmedia_subscriber_info *info;
	char reason[256] = "";
	int err = link_connect(l);

	if (err)
		return judge(l, err, why, size);
	err = wait_for_welcome(l, reason, sizeof(reason));
	if (err == -EPROTO || err == -EPROTONOSUPPORT)
		return refuse(l, err, reason, why, size);
	if (err) {
		drop(l, *reason ? reason : "the publisher does not answer");
		return 0;
	}
	info = vmedia_subscriber_info(l->sub);
	if (!understand(&info->format, format))
		return refuse(l, -EINVAL, "the publisher has pictures of a format that the camera "
			      "cannot read; give vmedia-source another --format", why, size);
	if (usual_rate(&info->format))
		*interval = (struct vmedia_fract){ info->format.interval_numerator,
						   info->format.interval_denominator };
	return 0;
}

/* ---- Serving ---- */

static void start(struct vmedia_camera_link *l)
{
	const struct vmedia_subscriber_info *info = vmedia_subscriber_info(l->sub);

	if (!info)
		return;
	if (!understand(&info->format, &l->format)) {
		drop(l, "the publisher has pictures of a format that the camera cannot read");
		return;
	}
	if (vmedia_subscriber_start(l->sub)) {
		drop(l, "the publisher is gone");
		return;
	}
	if (*l->reported)
		vmedia_info("%s: there is a publisher again", l->path);
	*l->reported = '\0';
	l->streaming = true;
}

bool vmedia_camera_link_attend(struct vmedia_camera_link *l)
{
	uint64_t now = vmedia_now_ns();
	char why[256];
	int err;

	if (!l->sub) {
		if (now < l->retry_ns)
			return false;
		l->retry_ns = now + RETRY_NS;
		err = link_connect(l);
		if (err) {
			report(l, strerror(-err));
			return false;
		}
	}
	if (vmedia_subscriber_process(l->sub, why, sizeof(why)))
		drop(l, why);
	if (l->sub && !l->streaming)
		start(l);
	return l->streaming;
}

uint64_t vmedia_camera_link_interval(const struct vmedia_camera_link *l)
{
	const struct vmedia_subscriber_info *info = l->sub ? vmedia_subscriber_info(l->sub) : NULL;

	if (!info || !usual_rate(&info->format))
		return 0;
	return 1000000000ull * info->format.interval_numerator / info->format.interval_denominator;
}

void vmedia_camera_link_stop(struct vmedia_camera_link *l)
{
	if (l->streaming)
		vmedia_subscriber_stop(l->sub);
	l->streaming = false;
}
