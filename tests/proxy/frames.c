/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams one queue of any type through a device, for tests/proxy/cases.sh: vmedia-ctl streams
 * video alone.
 *
 * usage: frames SOCKET TYPE mmap|user COUNT
 * TYPE: a number of enum v4l2_buf_type. Prints "COUNT frames of BYTES bytes, N lost". A frame that
 * does not come within 10 s is a failure.
 */
#include <errno.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <vmedia/driver.h>

#define BUFFERS 4

struct stream {
	struct vmedia_driver *drv;
	struct vmedia_file *f;
	uint32_t type, memory, count;
	struct vmedia_format format;
	uint32_t length[32];
	void *ptr[32];
	unsigned long long bytes, lost;
};

static int fail(const char *what, int err)
{
	fprintf(stderr, "frames: %s: %s\n", what, strerror(-err));
	return err;
}

/* Set the format that there is, which decides between raw and sliced VBI of one node. */
static int set_format(struct stream *s)
{
	struct vmedia_format *f = &s->format;
	int err;

	f->type = s->type;
	err = vmedia_ioctl(s->f, VIDIOC_G_FMT, f);
	if (err)
		return fail("VIDIOC_G_FMT", err);
	if (s->type == V4L2_BUF_TYPE_SLICED_VBI_CAPTURE ||
	    s->type == V4L2_BUF_TYPE_SLICED_VBI_OUTPUT)
		f->fmt.sliced.service_set = V4L2_SLICED_VBI_525 | V4L2_SLICED_VBI_625;
	err = vmedia_ioctl(s->f, VIDIOC_S_FMT, f);
	return err ? fail("VIDIOC_S_FMT", err) : 0;
}

/* Bytes of a buffer of guest pages. */
static uint32_t size_of(const struct stream *s)
{
	const struct vmedia_format *f = &s->format;

	switch (s->type) {
	case V4L2_BUF_TYPE_VBI_CAPTURE:
	case V4L2_BUF_TYPE_VBI_OUTPUT:
		return f->fmt.vbi.samples_per_line * (f->fmt.vbi.count[0] + f->fmt.vbi.count[1]);
	case V4L2_BUF_TYPE_SLICED_VBI_CAPTURE:
	case V4L2_BUF_TYPE_SLICED_VBI_OUTPUT:
		return f->fmt.sliced.io_size;
	case V4L2_BUF_TYPE_SDR_CAPTURE:
	case V4L2_BUF_TYPE_SDR_OUTPUT:
		return f->fmt.sdr.buffersize;
	case V4L2_BUF_TYPE_META_CAPTURE:
	case V4L2_BUF_TYPE_META_OUTPUT:
		return f->fmt.meta.buffersize;
	default:
		return f->fmt.pix.sizeimage;
	}
}

static int get_memory(struct stream *s, uint32_t index)
{
	struct vmedia_buffer b = { .index = index, .type = s->type, .memory = s->memory };
	int err;

	if (s->memory == V4L2_MEMORY_USERPTR) {
		s->length[index] = size_of(s);
		return vmedia_pages_alloc(s->drv, s->length[index], VMEDIA_PAGES_SCATTERED,
					  &s->ptr[index]);
	}
	err = vmedia_ioctl(s->f, VIDIOC_QUERYBUF, &b);
	s->length[index] = b.length;
	return err ? err : vmedia_mmap(s->f, b.m.offset, b.length, PROT_READ | PROT_WRITE,
				       &s->ptr[index]);
}

static int queue(struct stream *s, uint32_t index)
{
	struct vmedia_buffer b = { .index = index, .type = s->type, .memory = s->memory,
				   .length = s->length[index] };

	if (s->memory == V4L2_MEMORY_USERPTR)
		b.m.userptr = (uintptr_t)s->ptr[index];
	if (V4L2_TYPE_IS_OUTPUT(s->type)) {
		b.bytesused = s->length[index];
		b.field = V4L2_FIELD_NONE;
	}
	return vmedia_ioctl(s->f, VIDIOC_QBUF, &b);
}

static int begin(struct stream *s)
{
	struct vmedia_requestbuffers r = { .count = BUFFERS, .type = s->type, .memory = s->memory };
	int err = set_format(s);

	if (err)
		return err;
	err = vmedia_ioctl(s->f, VIDIOC_REQBUFS, &r);
	if (err)
		return fail("VIDIOC_REQBUFS", err);
	for (uint32_t i = 0; i < r.count && i < 32; i++) {
		err = get_memory(s, i);
		if (err)
			return fail("memory", err);
		err = queue(s, i);
		if (err)
			return fail("VIDIOC_QBUF", err);
	}
	err = vmedia_ioctl(s->f, VIDIOC_STREAMON, &s->type);
	return err ? fail("VIDIOC_STREAMON", err) : 0;
}

static int stream(struct stream *s)
{
	uint32_t last = 0;
	int err;

	for (uint32_t n = 0; n < s->count; n++) {
		struct vmedia_buffer b = { .type = s->type, .memory = s->memory };

		err = vmedia_ioctl(s->f, VIDIOC_DQBUF, &b);
		if (err)
			return fail("VIDIOC_DQBUF", err);
		if (n)
			s->lost += b.sequence - last - 1;
		last = b.sequence;
		s->bytes += b.bytesused;
		err = queue(s, b.index);
		if (err)
			return fail("VIDIOC_QBUF", err);
	}
	err = vmedia_ioctl(s->f, VIDIOC_STREAMOFF, &s->type);
	return err ? fail("VIDIOC_STREAMOFF", err) : 0;
}

int main(int argc, char **argv)
{
	struct vmedia_driver_options opts = { .timeout_ms = 10000 };
	struct stream s = { 0 };
	int err;

	if (argc != 5) {
		fprintf(stderr, "usage: frames SOCKET TYPE mmap|user COUNT\n");
		return 2;
	}
	opts.path = argv[1];
	s.type = (uint32_t)strtoul(argv[2], NULL, 0);
	s.memory = strcmp(argv[3], "user") ? V4L2_MEMORY_MMAP : V4L2_MEMORY_USERPTR;
	s.count = (uint32_t)strtoul(argv[4], NULL, 0);
	err = vmedia_driver_connect(&opts, &s.drv);
	if (err)
		return fail("connect", err) != 0;
	err = vmedia_open(s.drv, 0, &s.f);
	if (!err)
		err = begin(&s);
	if (!err)
		err = stream(&s);
	if (!err)
		printf("%u frames of %llu bytes, %llu lost\n", s.count, s.bytes / s.count, s.lost);
	vmedia_close(s.f);
	vmedia_driver_disconnect(s.drv);
	return err != 0;
}
