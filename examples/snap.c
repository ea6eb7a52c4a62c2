/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The smallest complete driver: takes one picture from a camera and writes it as PPM or PGM.
 *
 *	snap SOCKET > picture.ppm
 *
 * It uses <vmedia/driver.h> as a V4L2 program uses a /dev/video node: format, buffers, QBUF,
 * STREAMON, DQBUF. It requests three buffers, since cameras need some queued, and takes the first
 * picture.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/videodev2.h>
#include <sys/mman.h>

#include <vmedia/driver.h>

#define CAPTURE	V4L2_BUF_TYPE_VIDEO_CAPTURE
#define MMAP	V4L2_MEMORY_MMAP

static int fail(const char *what, int err)
{
	fprintf(stderr, "snap: %s: %s\n", what, strerror(-err));
	return 1;
}

/* Choose RGB if the camera has it, else grey. This program cannot write other formats. */
static int choose_format(struct vmedia_file *f, struct vmedia_format *fmt)
{
	static const unsigned int wanted[] = { V4L2_PIX_FMT_RGB24, V4L2_PIX_FMT_GREY };
	int err;

	for (int i = 0; i < 2; i++) {
		*fmt = (struct vmedia_format){ .type = CAPTURE };
		err = vmedia_ioctl(f, VIDIOC_G_FMT, fmt);
		if (err)
			return err;
		fmt->fmt.pix.pixelformat = wanted[i];
		fmt->fmt.pix.bytesperline = 0;
		err = vmedia_ioctl(f, VIDIOC_S_FMT, fmt);
		if (err || fmt->fmt.pix.pixelformat == wanted[i])
			return err;
	}
	return -EOPNOTSUPP;
}

/* Queue all buffers. */
static int queue_all(struct vmedia_file *f)
{
	struct vmedia_requestbuffers req = { .count = 3, .type = CAPTURE, .memory = MMAP };
	int err = vmedia_ioctl(f, VIDIOC_REQBUFS, &req);

	for (unsigned int i = 0; !err && i < req.count; i++) {
		struct vmedia_buffer b = { .index = i, .type = CAPTURE, .memory = MMAP };

		err = vmedia_ioctl(f, VIDIOC_QBUF, &b);
	}
	return err;
}

/* Take the first picture. @data is valid until vmedia_munmap() or the end of the connection. */
static int take_picture(struct vmedia_file *f, const unsigned char **data)
{
	struct vmedia_buffer b = { .type = CAPTURE, .memory = MMAP };
	int type = CAPTURE, err = queue_all(f);
	void *ptr;

	if (!err)
		err = vmedia_ioctl(f, VIDIOC_STREAMON, &type);
	if (!err)
		err = vmedia_ioctl(f, VIDIOC_DQBUF, &b);
	if (!err)
		err = vmedia_mmap(f, b.m.offset, b.length, PROT_READ, &ptr);
	if (!err)
		*data = ptr;
	return err;
}

static void write_picture(const struct vmedia_pix_format *p, const unsigned char *data)
{
	int colours = p->pixelformat == V4L2_PIX_FMT_RGB24 ? 3 : 1;

	printf("P%d\n%u %u\n255\n", colours == 3 ? 6 : 5, p->width, p->height);
	for (unsigned int y = 0; y < p->height; y++)
		fwrite(data + (size_t)y * p->bytesperline, colours, p->width, stdout);
}

int main(int argc, char **argv)
{
	struct vmedia_driver_options options = { .path = argc == 2 ? argv[1] : NULL };
	const unsigned char *data;
	struct vmedia_driver *drv;
	struct vmedia_format fmt;
	struct vmedia_file *f;
	int err;

	if (argc != 2) {
		fprintf(stderr, "usage: snap SOCKET > picture.ppm\n");
		return 2;
	}
	err = vmedia_driver_connect(&options, &drv);
	if (err)
		return fail(argv[1], err);
	err = vmedia_open(drv, 0, &f);
	if (!err)
		err = choose_format(f, &fmt);
	if (!err)
		err = take_picture(f, &data);
	if (!err)
		write_picture(&fmt.fmt.pix, data);
	vmedia_driver_disconnect(drv);
	return err ? fail("no picture", err) : 0;
}
