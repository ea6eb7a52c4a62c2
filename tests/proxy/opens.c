/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opens and closes a device many times, while another session of the same guest streams, for
 * tests/proxy/cases.sh.
 *
 * usage: opens SOCKET COUNT
 * Prints "COUNT opens and closes, N frames, M late". Exit status 1 if a frame was lost or did not
 * come, an open failed, or a second session got the queue that the first one has.
 *
 * A frame is lost if a buffer does not come in its turn, or if the driver had none to fill. A gap
 * of the sequence while it had some is the driver's own: on a busy machine its thread is late.
 */
#include <errno.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmedia/driver.h>

#define TYPE	V4L2_BUF_TYPE_VIDEO_CAPTURE
#define BUFFERS 16 /* vivid must find one, whatever the machine does meanwhile */
#define OFTEN	100

struct stream {
	struct vmedia_file *f;
	uint32_t next; /* sequence */
	unsigned long long frames, late;
};

static int fail(const char *what, int err)
{
	fprintf(stderr, "opens: %s: %s\n", what, strerror(-err));
	return err;
}

static int queue(struct vmedia_file *f, uint32_t index)
{
	struct vmedia_buffer b = { .index = index, .type = TYPE, .memory = V4L2_MEMORY_MMAP };
	int err = vmedia_ioctl(f, VIDIOC_QBUF, &b);

	return err ? fail("VIDIOC_QBUF", err) : 0;
}

static int begin(struct vmedia_file *f)
{
	struct vmedia_requestbuffers r = { .count = BUFFERS, .type = TYPE,
					   .memory = V4L2_MEMORY_MMAP };
	uint32_t type = TYPE;
	int err = vmedia_ioctl(f, VIDIOC_REQBUFS, &r);

	if (err)
		return fail("VIDIOC_REQBUFS", err);
	for (uint32_t i = 0; i < r.count; i++) {
		err = queue(f, i);
		if (err)
			return err;
	}
	err = vmedia_ioctl(f, VIDIOC_STREAMON, &type);
	return err ? fail("VIDIOC_STREAMON", err) : 0;
}

/* Take the frames that are there, or wait for one. The driver fills buffers in their order. */
static int take(struct stream *s, bool wait)
{
	unsigned int full = 0;

	for (;;) {
		struct vmedia_buffer b = { .type = TYPE, .memory = V4L2_MEMORY_MMAP };
		int err;

		vmedia_set_nonblock(s->f, !wait);
		err = vmedia_ioctl(s->f, VIDIOC_DQBUF, &b);
		if (err == -EAGAIN)
			return 0;
		if (err)
			return fail("VIDIOC_DQBUF", err);
		if (b.index != s->frames % BUFFERS || ++full == BUFFERS)
			return fail("a frame was lost", -ENODATA);
		if (s->frames++)
			s->late += b.sequence - s->next;
		s->next = b.sequence + 1;
		err = queue(s->f, b.index);
		if (err)
			return err;
		wait = false;
	}
}

/* The queue is the first session's. */
static int ask_for_queue(struct vmedia_file *f)
{
	struct vmedia_requestbuffers r = { .count = 1, .type = TYPE, .memory = V4L2_MEMORY_MMAP };
	int err = vmedia_ioctl(f, VIDIOC_REQBUFS, &r);

	return err == -EBUSY ? 0 : fail("a second VIDIOC_REQBUFS", err ? err : -EEXIST);
}

static int open_once(struct vmedia_driver *drv, bool ask)
{
	struct vmedia_format format = { .type = TYPE };
	struct vmedia_file *f;
	int err = vmedia_open(drv, 0, &f);

	if (err)
		return fail("open", err);
	err = vmedia_ioctl(f, VIDIOC_G_FMT, &format);
	if (err)
		fail("VIDIOC_G_FMT", err);
	if (!err && ask)
		err = ask_for_queue(f);
	if (err) {
		vmedia_close(f);
		return err;
	}
	err = vmedia_close(f);
	return err ? fail("close", err) : 0;
}

/* When the first session has gone, the second one gets the queue. */
static int second_session(struct vmedia_driver *drv, struct stream *first)
{
	struct stream second = { 0 };
	int err = vmedia_open(drv, 0, &second.f);

	if (err)
		return fail("open", err);
	vmedia_close(first->f);
	first->f = NULL;
	err = begin(second.f);
	for (unsigned int i = 0; i < 3 && !err; i++)
		err = take(&second, true);
	vmedia_close(second.f);
	return err;
}

static int run(struct vmedia_driver *drv, unsigned int count, struct stream *s)
{
	int err = begin(s->f);

	if (!err)
		err = take(s, true);
	for (unsigned int i = 0; i < count && !err; i++) {
		err = open_once(drv, i % OFTEN == 0);
		if (!err)
			err = take(s, false);
	}
	if (!err)
		err = take(s, true);
	return err ? err : second_session(drv, s);
}

int main(int argc, char **argv)
{
	struct vmedia_driver_options opts = { .timeout_ms = 20000 };
	struct vmedia_driver *drv;
	struct stream s = { 0 };
	unsigned int count;
	int err;

	if (argc != 3) {
		fprintf(stderr, "usage: opens SOCKET COUNT\n");
		return 2;
	}
	opts.path = argv[1];
	count = (unsigned int)strtoul(argv[2], NULL, 0);
	err = vmedia_driver_connect(&opts, &drv);
	if (err)
		return fail("connect", err) != 0;
	err = vmedia_open(drv, 0, &s.f);
	if (!err)
		err = run(drv, count, &s);
	printf("%u opens and closes, %llu frames, %llu late\n", count, s.frames, s.late);
	vmedia_close(s.f);
	vmedia_driver_disconnect(drv);
	return err != 0;
}
