// SPDX-License-Identifier: BSD-3-Clause
/*
 * Pictures from the real daemon: every kind of ring, both memories, formats and sizes; each frame
 * must bear its own number.
 *
 * The pattern burns the number of each frame into it as digits. They are read back here from the
 * buffer that the driver gave, so a frame that is torn, stale, shifted or of another buffer is
 * seen.
 *
 * usage: test_stream VHOST-USER-MEDIA [OPTION]...
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <vmedia/driver.h>

#include "daemon.h"
#include "devices/camera/digits.h"

#define MMAP		V4L2_MEMORY_MMAP
#define USERPTR		V4L2_MEMORY_USERPTR
#define CAPTURE		V4L2_BUF_TYPE_VIDEO_CAPTURE
#define BUFFERS		4

static const char *program;
static char *const *options;
static struct daemon_process camera;

struct stream {
	struct vmedia_driver *drv;
	struct vmedia_file *f;
	struct vmedia_format format;
	uint32_t memory;
	uint32_t num;
	uint8_t *data[BUFFERS];
	uint32_t length;
};

/* ---- Reading the digits back ---- */

/* Brightness of a dot, or something like it: any sample that is high where it is white. */
static uint8_t sample(const struct stream *s, const uint8_t *data, uint32_t x, uint32_t y)
{
	const uint8_t *line = data + (size_t)y * s->format.fmt.pix.bytesperline;

	switch (s->format.fmt.pix.pixelformat) {
	case V4L2_PIX_FMT_YUYV:
		return line[x * 2];
	case V4L2_PIX_FMT_UYVY:
		return line[x * 2 + 1];
	case V4L2_PIX_FMT_RGB24:
	case V4L2_PIX_FMT_BGR24:
		return line[x * 3 + 1];
	default:	/* planar: luma first */
		return line[x];
	}
}

static uint8_t glyph_row(const struct stream *s, const uint8_t *data, uint32_t x, uint32_t y,
			 uint32_t scale)
{
	uint8_t bits = 0;
	uint32_t i;

	for (i = 0; i < VMEDIA_CAMERA_GLYPH_WIDTH; i++) {
		bits <<= 1;
		bits |= sample(s, data, x + i * scale + scale / 2, y + scale / 2) > 128;
	}
	return bits;
}

static int read_digit(const struct stream *s, const uint8_t *data, uint32_t x, uint32_t y,
		      uint32_t scale)
{
	uint32_t row;
	char c;

	for (c = '0'; c <= '9'; c++) {
		for (row = 0; row < VMEDIA_CAMERA_GLYPH_HEIGHT; row++) {
			if (glyph_row(s, data, x, y + row * scale, scale) !=
			    vmedia_camera_glyph(c, row))
				break;
		}
		if (row == VMEDIA_CAMERA_GLYPH_HEIGHT)
			return c - '0';
	}
	return -1;
}

/* The number in the picture, or -1 if there is none. */
static int64_t read_number(const struct stream *s, const uint8_t *data)
{
	struct vmedia_camera_stamp place = { 0 };
	int64_t number = 0;
	uint32_t i;
	int digit;

	vmedia_camera_stamp_place(&place, s->format.fmt.pix.width, s->format.fmt.pix.height);
	if (!place.scale)
		return -1;
	for (i = 0; i < 8; i++) {
		digit = read_digit(s, data,
				   place.x + (1 + i * VMEDIA_CAMERA_CELL_WIDTH) * place.scale,
				   place.y + place.scale, place.scale);
		if (digit < 0)
			return -1;
		number = number * 10 + digit;
	}
	return number;
}

/* ---- A stream ---- */

static int buffer_memory(struct stream *s, uint32_t i, uint32_t pages_flags)
{
	struct vmedia_buffer b = { .index = i, .type = CAPTURE, .memory = s->memory };
	int err;

	if (s->memory == USERPTR) {
		s->length = s->format.fmt.pix.sizeimage;
		return vmedia_pages_alloc(s->drv, s->length, pages_flags, (void **)&s->data[i]);
	}
	err = vmedia_ioctl(s->f, VIDIOC_QUERYBUF, &b);
	s->length = b.length;
	return err ? err :
		     vmedia_mmap(s->f, b.m.offset, b.length, PROT_READ, (void **)&s->data[i]);
}

static int queue_buffer(struct stream *s, uint32_t i)
{
	struct vmedia_buffer b = { .index = i, .type = CAPTURE, .memory = s->memory };

	if (s->memory == USERPTR) {
		b.m.userptr = (uintptr_t)s->data[i];
		b.length = s->length;
	}
	return vmedia_ioctl(s->f, VIDIOC_QBUF, &b);
}

static void stream_format(struct stream *s, uint32_t width, uint32_t height, uint32_t pixelformat)
{
	s->format = (struct vmedia_format){ .type = CAPTURE };
	assert_int_equal(vmedia_ioctl(s->f, VIDIOC_G_FMT, &s->format), 0);
	s->format.fmt.pix.width = width;
	s->format.fmt.pix.height = height;
	s->format.fmt.pix.pixelformat = pixelformat;
	s->format.fmt.pix.bytesperline = 0;
	assert_int_equal(vmedia_ioctl(s->f, VIDIOC_S_FMT, &s->format), 0);
	assert_int_equal(s->format.fmt.pix.width, width);
	assert_int_equal(s->format.fmt.pix.height, height);
	assert_int_equal(s->format.fmt.pix.pixelformat, pixelformat);
}

static void stream_start(struct stream *s, uint32_t memory, uint32_t pages_flags)
{
	struct vmedia_requestbuffers rb = { .count = BUFFERS, .type = CAPTURE, .memory = memory };
	uint32_t type = CAPTURE, i;

	assert_int_equal(vmedia_ioctl(s->f, VIDIOC_REQBUFS, &rb), 0);
	assert_int_equal(rb.count, BUFFERS);
	s->memory = memory;
	s->num = rb.count;
	for (i = 0; i < s->num; i++) {
		assert_int_equal(buffer_memory(s, i, pages_flags), 0);
		assert_int_equal(queue_buffer(s, i), 0);
	}
	assert_int_equal(vmedia_ioctl(s->f, VIDIOC_STREAMON, &type), 0);
}

static void stream_stop(struct stream *s)
{
	uint32_t type = CAPTURE, i;
	struct vmedia_requestbuffers rb = { .type = CAPTURE, .memory = s->memory };

	assert_int_equal(vmedia_ioctl(s->f, VIDIOC_STREAMOFF, &type), 0);
	for (i = 0; i < s->num; i++) {
		if (s->memory == USERPTR)
			assert_int_equal(vmedia_pages_free(s->drv, s->data[i]), 0);
		else
			assert_int_equal(vmedia_munmap(s->drv, s->data[i]), 0);
	}
	assert_int_equal(vmedia_ioctl(s->f, VIDIOC_REQBUFS, &rb), 0);
}

/* One frame: in order, with its number in it, and its buffer goes back. */
static void one_frame(struct stream *s, uint32_t wanted)
{
	struct vmedia_buffer b = { .type = CAPTURE, .memory = s->memory };

	assert_int_equal(vmedia_ioctl(s->f, VIDIOC_DQBUF, &b), 0);
	assert_in_range(b.index, 0, s->num - 1);
	assert_int_equal(b.sequence, wanted);
	assert_false(b.flags & V4L2_BUF_FLAG_ERROR);
	assert_int_equal(b.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK, V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC);
	if (s->format.fmt.pix.pixelformat == V4L2_PIX_FMT_MJPEG) {
		assert_in_range(b.bytesused, 100, b.length);
		assert_memory_equal(s->data[b.index], "\xff\xd8", 2);
		assert_memory_equal(s->data[b.index] + b.bytesused - 2, "\xff\xd9", 2);
	} else {
		assert_int_equal(b.bytesused, s->format.fmt.pix.sizeimage);
		assert_int_equal(read_number(s, s->data[b.index]), wanted);
	}
	assert_int_equal(queue_buffer(s, b.index), 0);
}

static void arrive(struct stream *s, uint32_t flags)
{
	struct vmedia_driver_options opts = {
		.path = camera.path, .flags = flags, .timeout_ms = 30000, .memory_size = 64 << 20,
	};

	*s = (struct stream){ 0 };
	assert_int_equal(vmedia_driver_connect(&opts, &s->drv), 0);
	assert_int_equal(vmedia_open(s->drv, 0, &s->f), 0);
}

static void leave(struct stream *s)
{
	struct vmedia_driver_stats stats;

	assert_int_equal(vmedia_close(s->f), 0);
	vmedia_driver_stats(s->drv, &stats);
	assert_int_equal(stats.refused_answers, 0);
	assert_int_equal(stats.refused_events, 0);
	assert_int_equal(stats.refused_requests, 0);
	assert_int_equal(stats.bytes_copied, 0);
	assert_int_equal(stats.mappings, 0);
	assert_int_equal(stats.pages_bytes, 0);
	assert_int_equal(stats.open_files, 0);
	vmedia_driver_disconnect(s->drv);
}

/* ---- The tests ---- */

static void rings_and_memories(void **state)
{
	static const uint32_t rings[] = {
		0,
		VMEDIA_DRIVER_NO_INDIRECT,
		VMEDIA_DRIVER_NO_EVENT_IDX,
		VMEDIA_DRIVER_NO_INDIRECT | VMEDIA_DRIVER_NO_EVENT_IDX | VMEDIA_DRIVER_SPLIT,
		VMEDIA_DRIVER_PACKED,
		VMEDIA_DRIVER_PACKED | VMEDIA_DRIVER_NO_INDIRECT,
		VMEDIA_DRIVER_PACKED | VMEDIA_DRIVER_NO_EVENT_IDX,
		VMEDIA_DRIVER_PACKED | VMEDIA_DRIVER_SPLIT,
	};
	struct stream s;
	unsigned int i, kind;
	uint32_t n;

	for (i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
		arrive(&s, rings[i]);
		stream_format(&s, 320, 240, V4L2_PIX_FMT_YUYV);
		for (kind = 0; kind < 3; kind++) {
			stream_start(&s, kind ? USERPTR : MMAP,
				     kind == 2 ? VMEDIA_PAGES_SCATTERED : 0);
			for (n = 0; n < 20; n++)
				one_frame(&s, n);
			stream_stop(&s);
		}
		leave(&s);
	}
}

static void formats(void **state)
{
	static const uint32_t formats[] = {
		V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420,
		V4L2_PIX_FMT_RGB24, V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_GREY,
	};
	struct stream s;
	unsigned int i;
	uint32_t n;

	arrive(&s, 0);
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		stream_format(&s, 640, 480, formats[i]);
		stream_start(&s, i & 1 ? USERPTR : MMAP, VMEDIA_PAGES_SCATTERED);
		for (n = 0; n < 6; n++)
			one_frame(&s, n);
		stream_stop(&s);
	}
	leave(&s);
}

static void sizes(void **state)
{
	static const uint32_t sizes[][2] = {
		{ 160, 120 }, { 640, 360 }, { 1280, 720 }, { 1920, 1080 }
	};
	struct stream s;
	unsigned int i;
	uint32_t n;

	arrive(&s, 0);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		stream_format(&s, sizes[i][0], sizes[i][1], V4L2_PIX_FMT_NV12);
		stream_start(&s, i & 1 ? MMAP : USERPTR, 0);
		for (n = 0; n < 6; n++)
			one_frame(&s, n);
		stream_stop(&s);
	}
	leave(&s);
}

/* "At most one kick and two interrupts a frame." */
static void costs(void **state)
{
	struct vmedia_driver_stats before, after;
	struct stream s;
	uint32_t n = 0;

	arrive(&s, 0);
	stream_format(&s, 320, 240, V4L2_PIX_FMT_NV12);
	stream_start(&s, MMAP, 0);
	for (; n < 10; n++)
		one_frame(&s, n);
	vmedia_driver_stats(s.drv, &before);
	for (; n < 110; n++)
		one_frame(&s, n);
	vmedia_driver_stats(s.drv, &after);
	assert_int_equal(after.commands - before.commands, 100);
	assert_true(after.kicks - before.kicks <= 105);
	assert_true(after.interrupts - before.interrupts <= 205);
	stream_stop(&s);
	leave(&s);
}

/* As a program with an event loop does it. */
static void polled(void **state)
{
	struct vmedia_buffer b;
	struct stream s;
	struct pollfd pfd;
	uint32_t n = 0;
	int err;

	arrive(&s, 0);
	vmedia_set_nonblock(s.f, true);
	stream_format(&s, 320, 240, V4L2_PIX_FMT_YUYV);
	stream_start(&s, MMAP, 0);
	while (n < 30) {
		assert_int_equal(vmedia_driver_process(s.drv), 0);
		b = (struct vmedia_buffer){ .type = CAPTURE, .memory = MMAP };
		err = vmedia_ioctl(s.f, VIDIOC_DQBUF, &b);
		if (err) {
			assert_int_equal(err, -EAGAIN);
			pfd = (struct pollfd){ .fd = vmedia_driver_fd(s.drv), .events = POLLIN };
			assert_int_equal(poll(&pfd, 1, 30000), 1);
			continue;
		}
		assert_int_equal(b.sequence, n++);
		assert_int_equal(queue_buffer(&s, b.index), 0);
	}
	stream_stop(&s);
	leave(&s);
}

static void on_done(void *opaque, int err)
{
	assert_int_equal(err, 0);
	++*(unsigned int *)opaque;
}

static void submitted(void **state)
{
	struct vmedia_requestbuffers rb = { .count = BUFFERS, .type = CAPTURE, .memory = MMAP };
	struct vmedia_buffer b[BUFFERS];
	struct vmedia_driver_stats before, after;
	unsigned int done = 0, i;
	struct stream s;

	arrive(&s, 0);
	assert_int_equal(vmedia_ioctl(s.f, VIDIOC_REQBUFS, &rb), 0);
	vmedia_driver_stats(s.drv, &before);
	for (i = 0; i < BUFFERS; i++) {
		b[i] = (struct vmedia_buffer){ .index = i, .type = CAPTURE, .memory = MMAP };
		assert_int_equal(vmedia_submit(s.f, VIDIOC_QBUF, &b[i], VMEDIA_SUBMIT_MORE, on_done,
					       &done), 0);
	}
	while (done < BUFFERS) {
		struct pollfd pfd = { .fd = vmedia_driver_fd(s.drv), .events = POLLIN };

		assert_int_equal(vmedia_driver_process(s.drv), 0);
		if (done < BUFFERS)
			assert_int_equal(poll(&pfd, 1, 30000), 1);
	}
	vmedia_driver_stats(s.drv, &after);
	assert_true(after.kicks - before.kicks <= 1);
	for (i = 0; i < BUFFERS; i++)
		assert_true(b[i].flags & V4L2_BUF_FLAG_QUEUED);
	leave(&s);
}

static void two_sessions(void **state)
{
	struct vmedia_requestbuffers rb = { .count = 2, .type = CAPTURE, .memory = MMAP };
	struct vmedia_format fmt = { .type = CAPTURE };
	struct vmedia_file *other;
	struct stream s;
	uint32_t n;

	arrive(&s, 0);
	assert_int_equal(vmedia_open(s.drv, 0, &other), 0);
	assert_int_not_equal(vmedia_file_session_id(other), vmedia_file_session_id(s.f));
	stream_format(&s, 320, 240, V4L2_PIX_FMT_YUYV);
	stream_start(&s, MMAP, 0);
	assert_int_equal(vmedia_ioctl(other, VIDIOC_G_FMT, &fmt), 0);
	assert_int_equal(fmt.fmt.pix.width, 320);
	assert_int_equal(vmedia_ioctl(other, VIDIOC_S_FMT, &fmt), -EBUSY);
	assert_int_equal(vmedia_ioctl(other, VIDIOC_REQBUFS, &rb), -EBUSY);
	for (n = 0; n < 8; n++)
		one_frame(&s, n);
	stream_stop(&s);
	assert_int_equal(vmedia_ioctl(other, VIDIOC_REQBUFS, &rb), 0);
	assert_int_equal(vmedia_close(other), 0);
	leave(&s);
}

static void control_events(void **state)
{
	struct vmedia_event_subscription sub = {
		.type = V4L2_EVENT_CTRL, .id = V4L2_CID_BRIGHTNESS,
		.flags = V4L2_EVENT_SUB_FL_SEND_INITIAL,
	};
	struct vmedia_control ctrl = { .id = V4L2_CID_BRIGHTNESS };
	struct vmedia_event ev;
	struct vmedia_file *other;
	struct stream s;

	arrive(&s, 0);
	assert_int_equal(vmedia_open(s.drv, 0, &other), 0);
	vmedia_set_nonblock(s.f, true);
	assert_int_equal(vmedia_ioctl(s.f, VIDIOC_SUBSCRIBE_EVENT, &sub), 0);
	/* The initial one is there before the answer. */
	assert_int_equal(vmedia_ioctl(s.f, VIDIOC_DQEVENT, &ev), 0);
	assert_int_equal(ev.id, V4L2_CID_BRIGHTNESS);
	assert_int_equal(vmedia_ioctl(s.f, VIDIOC_DQEVENT, &ev), -EAGAIN);
	ctrl.value = 77;
	assert_int_equal(vmedia_ioctl(other, VIDIOC_S_CTRL, &ctrl), 0);
	assert_int_equal(vmedia_wait(s.f, POLLPRI, 30000), POLLPRI);
	assert_int_equal(vmedia_ioctl(s.f, VIDIOC_DQEVENT, &ev), 0);
	assert_int_equal(ev.u.ctrl.value, 77);
	ctrl.value = 128;
	assert_int_equal(vmedia_ioctl(other, VIDIOC_S_CTRL, &ctrl), 0);
	assert_int_equal(vmedia_close(other), 0);
	leave(&s);
}

static void exported_object(void **state)
{
	struct vmedia_requestbuffers rb = { .count = 1, .type = CAPTURE, .memory = MMAP };
	struct vmedia_buffer b = { .type = CAPTURE, .memory = MMAP };
	struct vmedia_exportbuffer eb = { .type = CAPTURE, .flags = O_RDWR | O_CLOEXEC };
	uint8_t uuid[1][VMEDIA_UUID_SIZE] = { { 0 } }, again[1][VMEDIA_UUID_SIZE] = { { 0 } };
	struct stream s;
	uint8_t *mapped, *object;
	uint32_t type = CAPTURE;
	int fd;

	arrive(&s, 0);
	stream_format(&s, 320, 240, V4L2_PIX_FMT_YUYV);
	assert_int_equal(vmedia_ioctl(s.f, VIDIOC_REQBUFS, &rb), 0);
	assert_int_equal(vmedia_ioctl(s.f, VIDIOC_QUERYBUF, &b), 0);
	assert_int_equal(vmedia_ioctl_objects(s.f, VIDIOC_EXPBUF, &eb, uuid), 0);
	assert_int_equal(vmedia_ioctl_objects(s.f, VIDIOC_EXPBUF, &eb, again), 0);
	assert_memory_equal(uuid, again, sizeof(uuid));
	assert_int_equal(vmedia_object_get(s.drv, uuid[0], &fd), 0);
	object = mmap(NULL, b.length, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(object, MAP_FAILED);
	close(fd);
	assert_int_equal(vmedia_mmap(s.f, b.m.offset, b.length, PROT_READ, (void **)&mapped), 0);
	assert_int_equal(vmedia_ioctl(s.f, VIDIOC_QBUF, &b), 0);
	assert_int_equal(vmedia_ioctl(s.f, VIDIOC_STREAMON, &type), 0);
	assert_int_equal(vmedia_ioctl(s.f, VIDIOC_DQBUF, &b), 0);
	assert_memory_equal(object, mapped, b.bytesused);
	assert_int_equal(read_number(&s, object), b.sequence);
	uuid[0][3] ^= 1;
	assert_true(vmedia_object_get(s.drv, uuid[0], &fd) < 0);
	munmap(object, b.length);
	/* A mapping outlives its session. */
	assert_int_equal(vmedia_close(s.f), 0);
	assert_int_equal(read_number(&s, mapped), b.sequence);
	assert_int_equal(vmedia_munmap(s.drv, mapped), 0);
	vmedia_driver_disconnect(s.drv);
}

/* Frames go into memory of another object: the guest's, which the device looks up by its UUID. */
static void offered_object(void **state)
{
	uint8_t uuid[1][VMEDIA_UUID_SIZE] = { { 0xc0, 0xff, 0xee } };
	struct vmedia_requestbuffers rb = { .count = 1, .type = CAPTURE,
					    .memory = V4L2_MEMORY_DMABUF };
	struct vmedia_buffer b = { .type = CAPTURE, .memory = V4L2_MEMORY_DMABUF };
	uint32_t type = CAPTURE;
	struct stream s;
	uint8_t *memory;
	int fd;

	arrive(&s, 0);
	stream_format(&s, 320, 240, V4L2_PIX_FMT_YUYV);
	fd = memfd_create("object", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(fd, s.format.fmt.pix.sizeimage), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	memory = mmap(NULL, s.format.fmt.pix.sizeimage, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_int_equal(vmedia_ioctl(s.f, VIDIOC_REQBUFS, &rb), 0);
	b.m.fd = -1;
	b.length = s.format.fmt.pix.sizeimage;
	assert_true(vmedia_ioctl_objects(s.f, VIDIOC_QBUF, &b, uuid) < 0);
	assert_int_equal(vmedia_object_offer(s.drv, uuid[0], fd), 0);
	close(fd);
	assert_int_equal(vmedia_ioctl_objects(s.f, VIDIOC_QBUF, &b, uuid), 0);
	assert_int_equal(vmedia_ioctl(s.f, VIDIOC_STREAMON, &type), 0);
	assert_int_equal(vmedia_ioctl(s.f, VIDIOC_DQBUF, &b), 0);
	assert_int_equal(read_number(&s, memory), b.sequence);
	munmap(memory, s.format.fmt.pix.sizeimage);
	leave(&s);
}

/* All of it with region 0 missing, as on a VMM that has none. */
static void without_region(void **state)
{
	struct vmedia_requestbuffers rb = { .count = 1, .type = CAPTURE, .memory = MMAP };
	struct vmedia_buffer b = { .type = CAPTURE, .memory = MMAP };
	struct stream s;
	uint32_t n;
	void *ptr;

	arrive(&s, VMEDIA_DRIVER_NO_REGION);
	assert_int_equal(vmedia_driver_region_size(s.drv), 0);
	stream_format(&s, 320, 240, V4L2_PIX_FMT_NV12);
	assert_int_equal(vmedia_ioctl(s.f, VIDIOC_REQBUFS, &rb), 0);
	assert_int_equal(vmedia_ioctl(s.f, VIDIOC_QUERYBUF, &b), 0);
	assert_int_equal(vmedia_mmap(s.f, b.m.offset, b.length, PROT_READ, &ptr), -ENODEV);
	rb.count = 0;
	assert_int_equal(vmedia_ioctl(s.f, VIDIOC_REQBUFS, &rb), 0);
	stream_start(&s, USERPTR, VMEDIA_PAGES_SCATTERED);
	for (n = 0; n < 8; n++)
		one_frame(&s, n);
	stream_stop(&s);
	leave(&s);
}

static int start(void **state)
{
	return daemon_start_pattern(&camera, program, options);
}

static int stop(void **state)
{
	return daemon_stop(&camera);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rings_and_memories), cmocka_unit_test(formats),
		cmocka_unit_test(sizes), cmocka_unit_test(costs), cmocka_unit_test(polled),
		cmocka_unit_test(submitted), cmocka_unit_test(two_sessions),
		cmocka_unit_test(control_events), cmocka_unit_test(exported_object),
		cmocka_unit_test(offered_object),
		cmocka_unit_test(without_region),
	};

	if (argc < 2) {
		fprintf(stderr, "usage: test_stream VHOST-USER-MEDIA [OPTION]...\n");
		return 2;
	}
	program = argv[1];
	options = argv + 2;
	return cmocka_run_group_tests(tests, start, stop);
}
