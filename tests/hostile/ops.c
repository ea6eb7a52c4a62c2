/* SPDX-License-Identifier: BSD-3-Clause */
/* V4L2 calls, one a function, for exact.c. */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client.h"

#define CAPTURE V4L2_BUF_TYPE_VIDEO_CAPTURE

/* Of the one stream at a time that these calls know; never freed, the device might have it. */
static uint8_t memory[CLIENT_BUFFERS][CLIENT_BYTES] __attribute__((aligned(4096)));

int op_none(struct client *c, int fd)
{
	return 0;
}

int op_open(struct client *c, int fd)
{
	int ret = client_open(c, O_NONBLOCK);

	if (ret < 0)
		return ret;
	close(ret);
	return 0;
}

int op_enum_fmt(struct client *c, int fd)
{
	struct v4l2_fmtdesc d = { .type = CAPTURE };

	return client_ioctl(fd, VIDIOC_ENUM_FMT, &d);
}

int op_g_fmt(struct client *c, int fd)
{
	struct v4l2_format f = { .type = CAPTURE };

	return client_ioctl(fd, VIDIOC_G_FMT, &f);
}

static int set_format(int fd, unsigned long request)
{
	struct v4l2_format f = { .type = CAPTURE };

	f.fmt.pix.width = 160;
	f.fmt.pix.height = 120;
	f.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	return client_ioctl(fd, request, &f);
}

int op_s_fmt(struct client *c, int fd)
{
	return set_format(fd, VIDIOC_S_FMT);
}

int op_try_fmt(struct client *c, int fd)
{
	return set_format(fd, VIDIOC_TRY_FMT);
}

int op_framesizes(struct client *c, int fd)
{
	struct v4l2_frmsizeenum e = { .pixel_format = V4L2_PIX_FMT_YUYV };

	return client_ioctl(fd, VIDIOC_ENUM_FRAMESIZES, &e);
}

int op_intervals(struct client *c, int fd)
{
	struct v4l2_frmivalenum e = { .pixel_format = V4L2_PIX_FMT_YUYV,
				      .width = 640,
				      .height = 480 };

	return client_ioctl(fd, VIDIOC_ENUM_FRAMEINTERVALS, &e);
}

int op_enuminput(struct client *c, int fd)
{
	struct v4l2_input in = { 0 };

	return client_ioctl(fd, VIDIOC_ENUMINPUT, &in);
}

int op_g_input(struct client *c, int fd)
{
	int in = 0;

	return client_ioctl(fd, VIDIOC_G_INPUT, &in);
}

int op_s_input(struct client *c, int fd)
{
	int in = 0;

	return client_ioctl(fd, VIDIOC_S_INPUT, &in);
}

static int parm(int fd, unsigned long request)
{
	struct v4l2_streamparm p = { .type = CAPTURE };

	p.parm.capture.timeperframe.numerator = 1;
	p.parm.capture.timeperframe.denominator = 30;
	return client_ioctl(fd, request, &p);
}

int op_g_parm(struct client *c, int fd)
{
	return parm(fd, VIDIOC_G_PARM);
}

int op_s_parm(struct client *c, int fd)
{
	return parm(fd, VIDIOC_S_PARM);
}

int op_g_ctrl(struct client *c, int fd)
{
	struct v4l2_control ctrl = { .id = c->ctrl };

	return client_ioctl(fd, VIDIOC_G_CTRL, &ctrl);
}

int op_s_ctrl(struct client *c, int fd)
{
	struct v4l2_control ctrl = { .id = c->ctrl, .value = 1 };

	return client_ioctl(fd, VIDIOC_S_CTRL, &ctrl);
}

static int ext(struct client *c, int fd, unsigned long request)
{
	struct v4l2_ext_control ctrl = { .id = c->ctrl, .value = 1 };
	struct v4l2_ext_controls ctrls = { .count = 1, .controls = &ctrl };

	return client_ioctl(fd, request, &ctrls);
}

int op_g_ext(struct client *c, int fd)
{
	return ext(c, fd, VIDIOC_G_EXT_CTRLS);
}

int op_s_ext(struct client *c, int fd)
{
	return ext(c, fd, VIDIOC_S_EXT_CTRLS);
}

int op_try_ext(struct client *c, int fd)
{
	return ext(c, fd, VIDIOC_TRY_EXT_CTRLS);
}

int op_query_ext(struct client *c, int fd)
{
	struct v4l2_query_ext_ctrl q = { .id = V4L2_CTRL_FLAG_NEXT_CTRL };
	int err;

	while (!(err = client_ioctl(fd, VIDIOC_QUERY_EXT_CTRL, &q))) {
		if (q.type == V4L2_CTRL_TYPE_MENU && !c->menu)
			c->menu = q.id;
		if (q.type != V4L2_CTRL_TYPE_CTRL_CLASS && !c->ctrl)
			c->ctrl = q.id;
		q.id |= V4L2_CTRL_FLAG_NEXT_CTRL;
	}
	return err == -EINVAL && c->ctrl ? 0 : err;
}

int op_querymenu(struct client *c, int fd)
{
	struct v4l2_querymenu q = { .id = c->menu };

	return client_ioctl(fd, VIDIOC_QUERYMENU, &q);
}

int op_subscribe(struct client *c, int fd)
{
	struct v4l2_event_subscription s = { .type = V4L2_EVENT_CTRL, .id = c->ctrl };

	return client_ioctl(fd, VIDIOC_SUBSCRIBE_EVENT, &s);
}

/* ---- Buffers ---- */

static int request(int fd, uint32_t memory_type)
{
	struct v4l2_requestbuffers r = { .count = 2, .type = CAPTURE, .memory = memory_type };

	return client_ioctl(fd, VIDIOC_REQBUFS, &r);
}

int op_reqbufs(struct client *c, int fd)
{
	return request(fd, V4L2_MEMORY_USERPTR);
}

int op_reqbufs_mmap(struct client *c, int fd)
{
	int err = op_s_fmt(c, fd);

	return err ? err : request(fd, V4L2_MEMORY_MMAP);
}

int op_create(struct client *c, int fd)
{
	struct v4l2_create_buffers b = { .count = 2, .memory = V4L2_MEMORY_USERPTR };

	b.format.type = CAPTURE;
	if (client_ioctl(fd, VIDIOC_G_FMT, &b.format))
		return -ENOANO;
	return client_ioctl(fd, VIDIOC_CREATE_BUFS, &b);
}

int op_streamon(struct client *c, int fd)
{
	int type = CAPTURE;

	return client_ioctl(fd, VIDIOC_STREAMON, &type);
}

int op_streamoff(struct client *c, int fd)
{
	int type = CAPTURE;

	return client_ioctl(fd, VIDIOC_STREAMOFF, &type);
}

int op_mmap(struct client *c, int fd)
{
	struct v4l2_buffer b = { .type = CAPTURE, .memory = V4L2_MEMORY_MMAP };
	int err = client_ioctl(fd, VIDIOC_QUERYBUF, &b);
	void *p;

	if (err)
		return err;
	p = mmap(NULL, b.length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, b.m.offset);
	if (p == MAP_FAILED)
		return -errno;
	memset(p, 1, b.length);
	munmap(p, b.length);
	return 0;
}

static int queue(int fd, uint32_t index)
{
	struct v4l2_buffer b = { .type = CAPTURE, .memory = V4L2_MEMORY_USERPTR, .index = index };

	b.m.userptr = (unsigned long)memory[index];
	b.length = CLIENT_BYTES;
	return client_ioctl(fd, VIDIOC_QBUF, &b);
}

/* The next buffer, or -EAGAIN if none comes for a long time; *flags are its. */
static int dequeue(struct client *c, int fd, uint32_t *flags)
{
	struct v4l2_buffer b = { .type = CAPTURE, .memory = V4L2_MEMORY_USERPTR };
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int err;

	if (fcntl(fd, F_GETFL) & O_NONBLOCK)
		poll(&p, 1, 5000 * (int)c->slow);
	err = client_ioctl(fd, VIDIOC_DQBUF, &b);
	if (err)
		return err;
	if (b.index >= 2 || b.bytesused > CLIENT_BYTES)
		return -EPROTO;
	*flags = b.flags;
	return (int)b.index;
}

/* Two buffers, streaming, one queued. */
int op_stream(struct client *c, int fd)
{
	int err = op_s_fmt(c, fd);

	if (!err)
		err = op_reqbufs(c, fd);
	if (!err)
		err = queue(fd, 0);
	return err ? err : op_streamon(c, fd);
}

int op_more_streams(struct client *c, int fd)
{
	int err = op_stream(c, fd);

	return err ? err : op_frame(c, fd);
}

/* A good frame, and its buffer back to the device. */
int op_frame(struct client *c, int fd)
{
	uint32_t flags = 0;
	int index = dequeue(c, fd, &flags);

	if (index < 0)
		return index;
	return flags & V4L2_BUF_FLAG_ERROR ? -EBADMSG : queue(fd, (uint32_t)index);
}

int op_qbuf_only(struct client *c, int fd)
{
	return queue(fd, 0);
}

/* The device's answer made no sense: the session has failed, and neither buffer comes any more. */
int op_qbuf_lost(struct client *c, int fd)
{
	int index = queue(fd, 1);
	uint32_t flags;

	/* Buffer 0 may have come before. */
	while (index >= 0) {
		index = dequeue(c, fd, &flags);
		if (index == 1)
			return -EBADMSG;
	}
	return index;
}

/* An event is refused: STREAMOFF gives its buffer back, and the queue works again. */
int op_stream_again(struct client *c, int fd)
{
	long long refused = client_counter(c, "refused");
	int err = op_stream(c, fd);

	if (!err && !client_refused(c, refused + 1))
		err = -ETIME;
	if (!err)
		err = op_streamoff(c, fd);
	if (!err)
		err = queue(fd, 0);
	if (!err)
		err = op_streamon(c, fd);
	return err ? err : op_frame(c, fd);
}

/* The session has failed, whatever this call itself said: everything gets EIO. */
int op_lost_session(struct client *c, int fd)
{
	op_streamoff(c, fd);
	return op_g_fmt(c, fd);
}

/* A frame that came before the error is no error yet. */
int op_poll_error(struct client *c, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLPRI };
	uint64_t end = client_now_ms() + 5000 * c->slow;

	op_g_fmt(c, fd);
	do {
		if (poll(&p, 1, 100) == 1 && p.revents & POLLERR)
			return op_g_fmt(c, fd);
	} while (client_now_ms() < end);
	return -ETIME;
}
