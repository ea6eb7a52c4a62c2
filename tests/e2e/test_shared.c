// SPDX-License-Identifier: BSD-3-Clause
/*
 * One vmedia-source, two daemons with camera --source=shared:, a guest each: each has its own
 * format and rate; the pictures are the source's, byte by byte; its death and return.
 *
 * usage: test_shared VHOST-USER-MEDIA VMEDIA-SOURCE [OPTION]
 */
#include <linux/videodev2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <cmocka.h>
#include <vmedia/camera.h>
#include <vmedia/driver.h>

#include "daemon.h"
#include "publisher.h"

#define CAPTURE V4L2_BUF_TYPE_VIDEO_CAPTURE
#define BUFFERS 4
#define WIDTH	320u
#define HEIGHT	240u
#define DARK	40	/* of "no signal" */

static const char *daemon_program, *source_program;
static const char *option;	/* of both, or NULL */
static struct publisher_process source;

struct guest {
	struct daemon_process daemon;
	struct vmedia_driver *drv;
	struct vmedia_file *f;
	uint32_t pixelformat;
	uint8_t *data[BUFFERS];
	uint32_t length, bytes;
	uint32_t held;			/* the buffer that is looked at; BUFFERS: none */
	uint64_t sequence, last;	/* the stamp; of the picture before */
	bool signal;			/* it has a stamp */
	int64_t time;			/* of the buffer */
};

/* ---- A guest ---- */

static void guest_arrive(struct guest *g)
{
	struct vmedia_driver_options opts = { .timeout_ms = 30000, .memory_size = 64 << 20 };
	char shared[96];
	const char *args[4], **arg = args;

	memset(g, 0, sizeof(*g));
	snprintf(shared, sizeof(shared), "--source=shared:%s", source.path);
	if (option)
		*arg++ = option;
	*arg++ = "camera";
	*arg++ = shared;
	*arg = NULL;
	assert_int_equal(daemon_start(&g->daemon, daemon_program, args), 0);
	opts.path = g->daemon.path;
	assert_int_equal(vmedia_driver_connect(&opts, &g->drv), 0);
	assert_int_equal(vmedia_open(g->drv, 0, &g->f), 0);
	g->held = BUFFERS;
}

static void queue(struct guest *g, uint32_t i)
{
	struct vmedia_buffer b = { .index = i, .type = CAPTURE, .memory = V4L2_MEMORY_MMAP };

	assert_int_equal(vmedia_ioctl(g->f, VIDIOC_QBUF, &b), 0);
}

static void guest_begin(struct guest *g, uint32_t pixelformat, uint32_t fps)
{
	struct vmedia_requestbuffers rb = { .count = BUFFERS, .type = CAPTURE,
					    .memory = V4L2_MEMORY_MMAP };
	struct vmedia_streamparm parm = { .type = CAPTURE };
	struct vmedia_format format = { .type = CAPTURE };
	uint32_t type = CAPTURE;

	format.fmt.pix.width = WIDTH;
	format.fmt.pix.height = HEIGHT;
	format.fmt.pix.pixelformat = pixelformat;
	assert_int_equal(vmedia_ioctl(g->f, VIDIOC_S_FMT, &format), 0);
	assert_int_equal(format.fmt.pix.pixelformat, pixelformat);
	assert_int_equal(format.fmt.pix.width, WIDTH);
	g->pixelformat = pixelformat;
	g->bytes = format.fmt.pix.sizeimage;
	parm.parm.capture.timeperframe.numerator = 1;
	parm.parm.capture.timeperframe.denominator = fps;
	assert_int_equal(vmedia_ioctl(g->f, VIDIOC_S_PARM, &parm), 0);
	assert_int_equal(vmedia_ioctl(g->f, VIDIOC_REQBUFS, &rb), 0);
	for (uint32_t i = 0; i < BUFFERS; i++) {
		struct vmedia_buffer b = { .index = i, .type = CAPTURE,
					   .memory = V4L2_MEMORY_MMAP };

		assert_int_equal(vmedia_ioctl(g->f, VIDIOC_QUERYBUF, &b), 0);
		g->length = b.length;
		assert_int_equal(vmedia_mmap(g->f, b.m.offset, b.length, PROT_READ,
					     (void **)&g->data[i]), 0);
		queue(g, i);
	}
	assert_int_equal(vmedia_ioctl(g->f, VIDIOC_STREAMON, &type), 0);
}

static int64_t microseconds(const struct vmedia_buffer *b)
{
	return (int64_t)b->timestamp.tv_sec * 1000000 + (int64_t)b->timestamp.tv_usec;
}

/* Get the next picture, and read its stamp. */
static void guest_look(struct guest *g)
{
	struct vmedia_buffer b = { .type = CAPTURE, .memory = V4L2_MEMORY_MMAP };
	const bool rgb = g->pixelformat == V4L2_PIX_FMT_RGB24;
	const size_t step = rgb ? 3 : 1;
	uint64_t time;

	if (g->held < BUFFERS)
		queue(g, g->held);
	assert_int_equal(vmedia_ioctl(g->f, VIDIOC_DQBUF, &b), 0);
	assert_false(b.flags & V4L2_BUF_FLAG_ERROR);
	assert_int_equal(b.bytesused, g->bytes);
	g->held = b.index;
	/* Also from a picture to "no signal" and back. */
	assert_true(microseconds(&b) > g->time);
	g->time = microseconds(&b);
	g->last = g->sequence;
	g->signal = !vmedia_camera_read_stamp(g->data[b.index], step * WIDTH, step, WIDTH, HEIGHT,
					      &g->sequence, &time);
	if (!g->signal && !rgb)
		assert_int_equal(g->data[b.index][0], DARK);
}

static void guest_leave(struct guest *g)
{
	uint32_t type = CAPTURE;

	assert_int_equal(vmedia_ioctl(g->f, VIDIOC_STREAMOFF, &type), 0);
	for (uint32_t i = 0; i < BUFFERS; i++)
		assert_int_equal(vmedia_munmap(g->drv, g->data[i]), 0);
	assert_int_equal(vmedia_close(g->f), 0);
	vmedia_driver_disconnect(g->drv);
	assert_int_equal(daemon_stop(&g->daemon), 0);
}

/* ---- The source ---- */

static void source_begin(const char *fps)
{
	const char *args[] = { "pattern", "--format=NV12", "--size=320x240", fps, option, NULL };

	assert_int_equal(publisher_start(&source, source_program, args), 0);
}

static int setup(void **state)
{
	if (publisher_prepare(&source))
		return -1;
	/* Another user may have to connect. */
	return chmod(source.folder, 0755);
}

static int teardown(void **state)
{
	publisher_forget(&source);
	return 0;
}

/* All of @data is the pattern's picture of number @sequence. */
static void is_the_patterns(struct vmedia_camera_source *src, uint64_t sequence,
			    const uint8_t *data)
{
	const struct vmedia_fract interval = { 1, 30 };
	struct vmedia_camera_format format = { .pixelformat = V4L2_PIX_FMT_NV12, .width = WIDTH,
					       .height = HEIGHT };
	struct vmedia_camera_frame frame = { .sequence = sequence };

	vmedia_camera_source_try(src, &format);
	frame.size = format.sizeimage;
	frame.data = malloc(frame.size);
	frame.time_ns = sequence * (1000000000ull / 30);
	assert_int_equal(vmedia_camera_source_start(src, &format, &interval), 0);
	assert_int_equal(vmedia_camera_source_fill(src, &frame), 0);
	vmedia_camera_source_stop(src);
	assert_memory_equal(frame.data, data, frame.size);
	free(frame.data);
}

static void test_two_guests(void **state)
{
	struct vmedia_camera_options opts;
	struct vmedia_camera_source *src;
	struct guest a, b;
	uint64_t first = 0;
	char why[256];

	vmedia_camera_options_init(&opts);
	assert_int_equal(vmedia_camera_source_open(&opts, why, sizeof(why), &src), 0);
	source_begin("--fps=30");
	guest_arrive(&a);
	guest_arrive(&b);
	guest_begin(&a, V4L2_PIX_FMT_NV12, 30);
	guest_begin(&b, V4L2_PIX_FMT_RGB24, 10);
	for (int i = 0; i < 30; i++) {
		guest_look(&a);
		assert_true(a.signal);
		if (i)
			assert_true(a.sequence > a.last);
		is_the_patterns(src, a.sequence, a.data[a.held]);
		if (i % 3)
			continue;
		guest_look(&b);
		assert_true(b.signal);
		if (!i)
			first = b.sequence;
	}
	/* Of 30 a second it wants 10, and the tenth may be half of the source's interval early. */
	assert_true(b.sequence >= first + 26);
	guest_leave(&a);
	guest_leave(&b);
	vmedia_camera_source_close(src);
	assert_int_equal(publisher_stop(&source), 0);
}

/* Look until there is a signal, or none. */
static void wait_for(struct guest *g, bool signal)
{
	for (int i = 0; i < 3000; i++) {
		guest_look(g);
		if (g->signal == signal)
			return;
	}
	fail_msg("the guest sees %s for ever", signal ? "no signal" : "a signal");
}

static void test_the_source_dies_and_comes_back(void **state)
{
	struct guest a, b;

	/* One daemon is there before the source. */
	guest_arrive(&a);
	guest_begin(&a, V4L2_PIX_FMT_NV12, 30);
	wait_for(&a, false);
	source_begin("--fps=30");
	wait_for(&a, true);
	guest_arrive(&b);
	guest_begin(&b, V4L2_PIX_FMT_NV12, 15);
	wait_for(&b, true);
	for (int i = 0; i < 2; i++) {
		publisher_kill(&source);
		wait_for(&a, false);
		wait_for(&b, false);
		source_begin("--fps=30");
		wait_for(&a, true);
		wait_for(&b, true);
	}
	guest_leave(&a);
	guest_leave(&b);
	assert_int_equal(publisher_stop(&source), 0);
}

/* A picture in two seconds: there is a signal between two. */
static void test_a_slow_source(void **state)
{
	struct guest a;

	source_begin("--fps=1/2");
	guest_arrive(&a);
	guest_begin(&a, V4L2_PIX_FMT_NV12, 30);
	wait_for(&a, true);
	for (int i = 0; i < 2; i++) {
		guest_look(&a);
		assert_true(a.signal);
		assert_int_equal(a.sequence, a.last + 1);
	}
	guest_leave(&a);
	assert_int_equal(publisher_stop(&source), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_two_guests, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_slow_source, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_source_dies_and_comes_back, setup,
						teardown),
	};

	if (argc < 3)
		return 2;
	daemon_program = argv[1];
	source_program = argv[2];
	option = argc > 3 ? argv[3] : NULL;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
