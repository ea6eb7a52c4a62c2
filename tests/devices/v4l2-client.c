/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * V4L2 calls that say what came of them: v4l2-client.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "v4l2-client.h"

void client_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	fflush(stdout);
}

int client_result(const char *what, int ret)
{
	client_say("%s: %s\n", what, ret < 0 ? strerrorname_np(errno) : "0");
	return ret;
}

void client_die(const char *what)
{
	printf("FAIL: %s: %s\n", what, strerror(errno));
	exit(1);
}

int client_open(const char *node, int flags)
{
	int fd = open(node, O_RDWR | O_CLOEXEC | flags);

	if (fd < 0)
		client_die(node);
	return fd;
}

bool client_mplane(const struct client_queue *q)
{
	return V4L2_TYPE_IS_MULTIPLANAR(q->type);
}

static const char *name(const struct client_queue *q)
{
	return V4L2_TYPE_IS_OUTPUT(q->type) ? "OUTPUT" : "CAPTURE";
}

/* ---- poll ---- */

static void say_poll(const char *what, short revents)
{
	static const struct {
		short bit;
		const char *name;
	} bits[] = {
		{ POLLIN, "IN" }, { POLLOUT, "OUT" }, { POLLPRI, "PRI" }, { POLLERR, "ERR" },
		{ POLLHUP, "HUP" }, { POLLRDNORM, "RDNORM" }, { POLLWRNORM, "WRNORM" },
	};
	unsigned int i;

	client_say("%s: poll", what);
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (revents & bits[i].bit)
			client_say(" %s", bits[i].name);
	client_say("\n");
}

void client_poll(int fd, const char *what, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (poll(&p, 1, 0) < 0)
		client_die("poll");
	say_poll(what, p.revents);
}

void client_await(int fd, const char *what, short want)
{
	struct pollfd p = { .fd = fd, .events = want };
	unsigned int tries;

	for (tries = 0; tries < 20000; tries++) {
		if (poll(&p, 1, 20000) <= 0)
			client_die("poll: nothing came");
		if ((p.revents & want) == want || p.revents & POLLERR)
			break;
		/* One of them is there already, and would be for ever. */
		poll(NULL, 0, 1);
	}
	say_poll(what, p.revents);
}

/* ---- Buffers ---- */

void client_setup(struct client_queue *q, int fd, uint32_t type)
{
	memset(q, 0, sizeof(*q));
	q->fd = fd;
	q->type = type;
}

static struct v4l2_buffer *fresh(struct client_queue *q, unsigned int index)
{
	memset(&q->last, 0, sizeof(q->last));
	memset(q->planes, 0, sizeof(q->planes));
	q->last.index = index;
	q->last.type = q->type;
	q->last.memory = V4L2_MEMORY_MMAP;
	if (client_mplane(q)) {
		q->last.m.planes = q->planes;
		q->last.length = VIDEO_MAX_PLANES;
	}
	return &q->last;
}

static void map(struct client_queue *q, unsigned int index, unsigned int plane, uint32_t len,
		uint32_t offset)
{
	void *mem = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, q->fd, offset);

	if (mem == MAP_FAILED)
		client_die("mmap");
	q->mem[index][plane] = mem;
	q->len[index][plane] = len;
}

static void map_buf(struct client_queue *q, unsigned int index)
{
	struct v4l2_buffer *b = fresh(q, index);
	unsigned int i;

	if (ioctl(q->fd, VIDIOC_QUERYBUF, b))
		client_die("QUERYBUF");
	q->num_planes = client_mplane(q) ? b->length : 1;
	if (!client_mplane(q))
		map(q, index, 0, b->length, b->m.offset);
	for (i = 0; client_mplane(q) && i < b->length; i++)
		map(q, index, i, q->planes[i].length, q->planes[i].m.mem_offset);
}

int client_request(struct client_queue *q, unsigned int num)
{
	struct v4l2_requestbuffers r = { .count = num, .type = q->type,
					 .memory = V4L2_MEMORY_MMAP };
	unsigned int i, j;
	int ret;

	for (i = 0; i < q->num; i++)
		for (j = 0; j < q->num_planes; j++)
			munmap(q->mem[i][j], q->len[i][j]);
	q->num = 0;
	ret = ioctl(q->fd, VIDIOC_REQBUFS, &r);
	client_say("%s REQBUFS %u", name(q), num);
	if (client_result("", ret) || !num)
		return ret;
	if (r.count > CLIENT_BUFS)
		client_die("more buffers than asked for");
	q->num = r.count;
	for (i = 0; i < q->num; i++)
		map_buf(q, i);
	return 0;
}

int client_queue_buf(struct client_queue *q, unsigned int index)
{
	struct v4l2_buffer *b = fresh(q, index);
	bool output = V4L2_TYPE_IS_OUTPUT(q->type);
	unsigned int i;

	b->timestamp.tv_sec = 1000 + index;
	b->timestamp.tv_usec = 250000;
	b->field = V4L2_FIELD_NONE;
	if (output)
		b->bytesused = q->used ? q->used : index < q->num ? q->len[index][0] : 0;
	if (client_mplane(q)) {
		b->length = q->num_planes;
		for (i = 0; output && index < q->num && i < q->num_planes; i++)
			q->planes[i].bytesused = q->used ? q->used : q->len[index][i];
	}
	client_say("%s QBUF %u", name(q), index);
	return client_result("", ioctl(q->fd, VIDIOC_QBUF, b));
}

uint32_t client_used(const struct client_queue *q)
{
	return client_mplane(q) ? q->planes[0].bytesused : q->last.bytesused;
}

static void say_flags(uint32_t flags)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} bits[] = {
		{ V4L2_BUF_FLAG_QUEUED, "QUEUED" }, { V4L2_BUF_FLAG_DONE, "DONE" },
		{ V4L2_BUF_FLAG_PREPARED, "PREPARED" }, { V4L2_BUF_FLAG_ERROR, "ERROR" },
		{ V4L2_BUF_FLAG_LAST, "LAST" }, { V4L2_BUF_FLAG_TIMESTAMP_COPY, "COPY" },
	};
	unsigned int i;

	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (flags & bits[i].bit)
			client_say(" %s", bits[i].name);
	client_say("\n");
}

int client_take_buf(struct client_queue *q)
{
	return ioctl(q->fd, VIDIOC_DQBUF, fresh(q, 0));
}

int client_dequeue(struct client_queue *q)
{
	int ret = client_take_buf(q);

	client_say("%s DQBUF: ", name(q));
	if (ret < 0) {
		client_say("%s\n", strerrorname_np(errno));
		return ret;
	}
	client_say("%u,", q->last.index);
	/* An empty buffer's time and field are nobody's business. */
	if (client_used(q))
		client_say(" full, time %lld.%06lld, field %u,",
			   (long long)q->last.timestamp.tv_sec,
			   (long long)q->last.timestamp.tv_usec, q->last.field);
	say_flags(q->last.flags);
	return 0;
}

void client_frame(struct client_queue *q)
{
	client_await(q->fd, V4L2_TYPE_IS_OUTPUT(q->type) ? "OUTPUT" : "CAPTURE",
		     V4L2_TYPE_IS_OUTPUT(q->type) ? POLLOUT : POLLIN);
	client_dequeue(q);
}

void client_state(struct client_queue *q, unsigned int index)
{
	int ret = ioctl(q->fd, VIDIOC_QUERYBUF, fresh(q, index));

	client_say("%s QUERYBUF %u", name(q), index);
	if (client_result("", ret))
		return;
	client_say("%s %u:", name(q), index);
	say_flags(q->last.flags);
}

int client_stream(struct client_queue *q, bool on)
{
	int type = (int)q->type;

	client_say("%s STREAM%s", name(q), on ? "ON" : "OFF");
	return client_result("", ioctl(q->fd, on ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &type));
}

int client_format(struct client_queue *q, uint32_t fourcc, uint32_t width, uint32_t height)
{
	struct v4l2_format f = { .type = q->type };

	if (ioctl(q->fd, VIDIOC_G_FMT, &f))
		client_die("G_FMT");
	/* The head of both structures is the same but for the order after height. */
	f.fmt.pix.width = width;
	f.fmt.pix.height = height;
	f.fmt.pix.pixelformat = fourcc ? fourcc : f.fmt.pix.pixelformat;
	if (!client_mplane(q)) {
		f.fmt.pix.bytesperline = 0;
		f.fmt.pix.sizeimage = 0;
	}
	return ioctl(q->fd, VIDIOC_S_FMT, &f);
}

/* ---- Events ---- */

int client_subscribe(int fd, uint32_t type)
{
	struct v4l2_event_subscription s = { .type = type };

	return client_result("SUBSCRIBE_EVENT", ioctl(fd, VIDIOC_SUBSCRIBE_EVENT, &s));
}

int client_event(int fd)
{
	struct v4l2_event ev = { 0 };

	if (ioctl(fd, VIDIOC_DQEVENT, &ev))
		return client_result("DQEVENT", -1);
	client_say("DQEVENT: type %u%s\n", ev.type,
		   ev.type == V4L2_EVENT_SOURCE_CHANGE &&
		   ev.u.src_change.changes & V4L2_EVENT_SRC_CH_RESOLUTION ? ", resolution" : "");
	return 0;
}
