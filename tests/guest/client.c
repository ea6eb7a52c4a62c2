// SPDX-License-Identifier: BSD-3-Clause
/*
 * guest-client MODE NODE [COUNT]: a V4L2 program that does what no ready-made one does, for the
 * guest tests.
 *
 *   mmap, user   streams until the device goes, then checks what every open file, waiter and
 *                mapping of it sees.
 *   blocked      the same for a file whose DQBUF waits for a frame that never comes.
 *   beside       one file waits in DQBUF for ever; COUNT commands of another file of the same
 *                device pass meanwhile.
 *   removed      as nobody's user: all buffers of a stream are removed, and others are asked for;
 *                the stream goes on in its format.
 *
 * Says "streaming" on standard output when the device may be taken away, then a line a check.
 * Exit status: 0 all is as it must be; 1 not; 2 wrong usage; 3 this kernel has no REMOVE_BUFS.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define BUFFERS	4
/* A hang is what these tests look for: longer than any answer takes on the slowest guest. */
#define PATIENCE_MS 120000
#define NOBODY	65534

/* Since Linux 6.10; not in the headers of older ones. */
struct remove_buffers {
	__u32 index, count, type, reserved[13];
};
#define REMOVE_BUFS _IOWR('V', 104, struct remove_buffers)

struct client {
	const char *node;
	int fd, idle_fd;
	enum v4l2_memory memory;
	unsigned int num;
	void *mem[BUFFERS];
	size_t len[BUFFERS];
	int failures;
	int waited; /* what the waiter's DQBUF ended with: 0 or an errno */
};

static sigjmp_buf fault;

static void check(struct client *c, bool good, const char *what, const char *got)
{
	printf("%s: %s (%s)\n", good ? "right" : "WRONG", what, got);
	c->failures += !good;
}

static void check_err(struct client *c, int ret, int want, const char *what)
{
	int err = ret < 0 ? errno : 0;

	check(c, err == want, what, err ? strerror(err) : "success");
}

static int die(const char *what)
{
	fprintf(stderr, "guest-client: %s: %s\n", what, strerror(errno));
	return -1;
}

static int give(struct client *c, unsigned int index)
{
	struct v4l2_buffer b = {
		.index = index,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = c->memory,
	};

	if (c->memory == V4L2_MEMORY_USERPTR) {
		b.m.userptr = (unsigned long)c->mem[index];
		b.length = c->len[index];
	}
	return ioctl(c->fd, VIDIOC_QBUF, &b);
}

static int take(struct client *c, unsigned int *index)
{
	struct v4l2_buffer b = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = c->memory };
	int ret = ioctl(c->fd, VIDIOC_DQBUF, &b);

	*index = b.index;
	return ret;
}

static int stream_on(struct client *c)
{
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;

	return ioctl(c->fd, VIDIOC_STREAMON, &type);
}

static int stream_off(struct client *c)
{
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;

	return ioctl(c->fd, VIDIOC_STREAMOFF, &type);
}

/* Opens the node twice, and gives the first file buffers. */
static int begin(struct client *c)
{
	struct v4l2_format f = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	struct v4l2_requestbuffers r = { .count = BUFFERS, .type = f.type, .memory = c->memory };
	unsigned int i;

	c->fd = open(c->node, O_RDWR);
	c->idle_fd = open(c->node, O_RDWR | O_NONBLOCK);
	if (c->fd < 0 || c->idle_fd < 0)
		return die(c->node);
	if (ioctl(c->fd, VIDIOC_G_FMT, &f) || ioctl(c->fd, VIDIOC_REQBUFS, &r))
		return die("REQBUFS");
	c->num = r.count < BUFFERS ? r.count : BUFFERS;
	for (i = 0; i < c->num; i++) {
		struct v4l2_buffer b = { .index = i, .type = f.type, .memory = c->memory };

		c->len[i] = f.fmt.pix.sizeimage;
		if (c->memory == V4L2_MEMORY_MMAP && ioctl(c->fd, VIDIOC_QUERYBUF, &b))
			return die("QUERYBUF");
		if (c->memory == V4L2_MEMORY_MMAP)
			c->len[i] = b.length;
		if (c->memory == V4L2_MEMORY_MMAP)
			c->mem[i] = mmap(NULL, c->len[i], PROT_READ | PROT_WRITE, MAP_SHARED, c->fd,
					 b.m.offset);
		else
			c->mem[i] = mmap(NULL, c->len[i], PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (c->mem[i] == MAP_FAILED)
			return die("mmap");
	}
	return 0;
}

static void streaming(void)
{
	printf("streaming\n");
	fflush(stdout);
}

/* Takes and gives frames until that fails; the errno that it failed with. */
static int run(struct client *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	unsigned int i, index, frames = 0;

	for (i = 0; i < c->num; i++)
		if (give(c, i))
			return die("QBUF");
	if (stream_on(c))
		return die("STREAMON");
	for (;;) {
		if (poll(&p, 1, PATIENCE_MS) != 1) {
			check(c, false, "poll sees that something happens", "nothing did");
			return ETIMEDOUT;
		}
		if (take(c, &index))
			return errno;
		if (give(c, index))
			return errno;
		if (++frames == 3)
			streaming();
	}
}

static void on_fault(int sig)
{
	siglongjmp(fault, sig);
}

/* Memory of a device that is gone may be there still, or SIGBUS: no more than that. */
static void read_mappings(struct client *c)
{
	struct sigaction action = { .sa_handler = on_fault };
	volatile unsigned int i, readable = 0;
	volatile size_t at;
	char text[64];

	sigaction(SIGBUS, &action, NULL);
	for (i = 0; i < c->num; i++) {
		if (sigsetjmp(fault, 1))
			continue;
		for (at = 0; at < c->len[i]; at += 512)
			(void)((volatile unsigned char *)c->mem[i])[at];
		readable++;
	}
	snprintf(text, sizeof(text), "%u of %u readable, others SIGBUS", readable, c->num);
	check(c, true, "mappings can be touched", text);
}

/* Streams fail first and the node goes next: what files see between is not what they see then. */
static void wait_for_end_of(const char *node)
{
	int tries = PATIENCE_MS / 10;

	while (tries-- && !access(node, F_OK))
		usleep(10000);
}

static void check_poll(struct client *c, int fd, const char *what)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLPRI };
	int ret = poll(&p, 1, PATIENCE_MS);
	char text[32];

	snprintf(text, sizeof(text), "%d, %#x", ret, p.revents);
	check(c, ret == 1 && (p.revents & (POLLERR | POLLHUP)) == (POLLERR | POLLHUP), what, text);
}

/* What is left to a file whose device is gone: errors, and to be closed. */
static void check_gone(struct client *c)
{
	struct v4l2_requestbuffers r = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = c->memory,
	};
	struct v4l2_event_subscription s = { .type = V4L2_EVENT_EOS };
	struct v4l2_format f = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	struct v4l2_capability cap;
	unsigned int i, index;
	char byte;

	wait_for_end_of(c->node);
	check_poll(c, c->fd, "poll of the streaming file says POLLERR and POLLHUP");
	check_poll(c, c->idle_fd, "poll of the idle file says POLLERR and POLLHUP");
	check_err(c, take(c, &index), ENODEV, "DQBUF");
	check_err(c, give(c, 0), ENODEV, "QBUF");
	check_err(c, ioctl(c->fd, VIDIOC_QUERYCAP, &cap), ENODEV, "QUERYCAP");
	check_err(c, ioctl(c->idle_fd, VIDIOC_G_FMT, &f), ENODEV, "G_FMT of the idle file");
	check_err(c, ioctl(c->idle_fd, VIDIOC_SUBSCRIBE_EVENT, &s), ENODEV,
		  "SUBSCRIBE_EVENT of the idle file");
	check_err(c, read(c->idle_fd, &byte, 1), ENODEV, "read of the idle file");
	check_err(c, stream_off(c), ENODEV, "STREAMOFF");
	check_err(c, ioctl(c->fd, VIDIOC_REQBUFS, &r), ENODEV, "REQBUFS of none");
	read_mappings(c);
	check_err(c, mmap(NULL, 4096, PROT_READ, MAP_SHARED, c->fd, 0) == MAP_FAILED ? -1 : 0,
		  ENODEV, "mmap");
	check_err(c, open(c->node, O_RDWR) < 0 ? -1 : 0, ENOENT, "open of the node");
	for (i = 0; i < c->num; i++)
		check_err(c, munmap(c->mem[i], c->len[i]), 0, "munmap");
	check_err(c, close(c->fd), 0, "close of the streaming file");
	check_err(c, close(c->idle_fd), 0, "close of the idle file");
}

static void *wait_for_frame(void *arg)
{
	struct client *c = arg;
	unsigned int index;

	c->waited = take(c, &index) ? errno : 0;
	return NULL;
}

/* Starts a waiter; returns when it sleeps in the kernel, or has ended. */
static int start_waiter(struct client *c, pthread_t *thread)
{
	if (stream_on(c))
		return die("STREAMON");
	errno = pthread_create(thread, NULL, wait_for_frame, c);
	return errno ? die("pthread_create") : 0;
}

/* Commands of another file while the first one waits: none of them may wait for it. */
static void run_beside(struct client *c, unsigned int count)
{
	struct v4l2_format f = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	unsigned int i, done = 0;
	pthread_t waiter;
	char text[32];

	c->waited = -1;
	if (start_waiter(c, &waiter)) {
		c->failures++;
		return;
	}
	for (i = 0; i < count; i++)
		done += !ioctl(c->idle_fd, VIDIOC_TRY_FMT, &f) || errno == EINVAL;
	snprintf(text, sizeof(text), "%u of %u", done, count);
	check(c, done == count, "commands pass beside a waiter", text);
	check(c, c->waited == -1, "the waiter still waits", "as far as seen");
	check_err(c, stream_off(c), 0, "STREAMOFF");
	pthread_join(waiter, NULL);
	check(c, c->waited == EINVAL, "STREAMOFF wakes the waiter with EINVAL",
	      strerror(c->waited));
}

static int set_size(int fd, struct v4l2_format *f, unsigned int width, unsigned int height)
{
	f->type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	f->fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	f->fmt.pix.width = width;
	f->fmt.pix.height = height;
	return ioctl(fd, VIDIOC_S_FMT, f);
}

/* A buffer of @f: its index. */
static int create(int fd, const struct v4l2_format *f, unsigned int *index)
{
	struct v4l2_create_buffers cb = { .count = 1, .memory = V4L2_MEMORY_MMAP, .format = *f };
	int ret = ioctl(fd, VIDIOC_CREATE_BUFS, &cb);

	*index = cb.index;
	return ret;
}

static void check_frame(struct client *c, unsigned int index, size_t size)
{
	struct v4l2_buffer b = { .index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
				 .memory = V4L2_MEMORY_MMAP };
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	char text[64];

	check_err(c, ioctl(c->fd, VIDIOC_QBUF, &b), 0, "QBUF of a new buffer");
	check(c, poll(&p, 1, PATIENCE_MS) == 1 && !(p.revents & POLLERR), "a frame comes", "poll");
	check_err(c, ioctl(c->fd, VIDIOC_DQBUF, &b), 0, "DQBUF");
	snprintf(text, sizeof(text), "%u bytes of %zu, flags %#x", b.bytesused, size, b.flags);
	check(c, b.bytesused == size && !(b.flags & V4L2_BUF_FLAG_ERROR), "it is a whole one",
	      text);
}

static int run_removed(struct client *c)
{
	struct v4l2_requestbuffers r = { .count = 1, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
					 .memory = V4L2_MEMORY_MMAP };
	struct remove_buffers rm = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	struct v4l2_format big = { 0 }, small, now = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	unsigned int index;

	if (setuid(NOBODY))
		return die("setuid");
	c->fd = open(c->node, O_RDWR);
	if (c->fd < 0)
		return die(c->node);
	if (ioctl(c->fd, REMOVE_BUFS, &rm) && errno == ENOTTY)
		return 3;
	check_err(c, set_size(c->fd, &big, 1920, 1080), 0, "S_FMT of a large picture");
	check_err(c, ioctl(c->fd, VIDIOC_REQBUFS, &r), 0, "REQBUFS");
	check_err(c, stream_on(c), 0, "STREAMON");
	rm.count = r.count;
	check_err(c, ioctl(c->fd, REMOVE_BUFS, &rm), 0, "REMOVE_BUFS of all");
	small = big;
	check_err(c, set_size(c->fd, &small, 320, 240), EBUSY, "S_FMT of a small picture");
	small.fmt.pix.sizeimage = 320 * 240 * 2;
	check_err(c, create(c->fd, &small, &index), EINVAL, "CREATE_BUFS of a small buffer");
	check_err(c, ioctl(c->fd, VIDIOC_G_FMT, &now), 0, "G_FMT");
	check(c, now.fmt.pix.sizeimage == big.fmt.pix.sizeimage, "the format is the large one",
	      "sizeimage");
	check_err(c, create(c->fd, &now, &index), 0, "CREATE_BUFS of a large buffer");
	check_frame(c, index, big.fmt.pix.sizeimage);
	rm.index = index;
	rm.count = 1;
	check_err(c, ioctl(c->fd, REMOVE_BUFS, &rm), 0, "REMOVE_BUFS of it");
	check_err(c, close(c->fd), 0, "close in mid-stream, without a buffer");
	return c->failures != 0;
}

static void run_gone(struct client *c, bool blocked)
{
	pthread_t waiter;
	int err;

	if (blocked) {
		if (start_waiter(c, &waiter)) {
			c->failures++;
			return;
		}
		streaming();
		pthread_join(waiter, NULL);
		err = c->waited;
	} else {
		err = run(c);
	}
	check(c, err == ENODEV, "the stream ends with ENODEV",
	      err > 0 ? strerror(err) : "not begun");
	check_gone(c);
}

int main(int argc, char **argv)
{
	struct client c = { .memory = V4L2_MEMORY_MMAP };
	const char *mode = argc > 1 ? argv[1] : "";
	bool beside = !strcmp(mode, "beside"), removed = !strcmp(mode, "removed");

	if (argc != (beside ? 4 : 3) || (!beside && !removed && strcmp(mode, "mmap") &&
					 strcmp(mode, "user") && strcmp(mode, "blocked"))) {
		fprintf(stderr, "usage: guest-client mmap|user|blocked|removed NODE\n"
				"       guest-client beside NODE COUNT\n");
		return 2;
	}
	c.node = argv[2];
	if (removed)
		return run_removed(&c);
	if (!strcmp(mode, "user"))
		c.memory = V4L2_MEMORY_USERPTR;
	if (begin(&c))
		return 1;
	if (beside)
		run_beside(&c, strtoul(argv[3], NULL, 10));
	else
		run_gone(&c, !strcmp(mode, "blocked"));
	return c.failures != 0;
}
