// SPDX-License-Identifier: BSD-3-Clause
/*
 * The camera as a device: what a driver sees of it, and that the pictures arrive.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd.h"
#include "clips.h"
#include "compare.h"
#include "harness.h"
#include "picture.h"

#define NR_ENUM_FMT		2
#define NR_G_FMT		4
#define NR_S_FMT		5
#define NR_REQBUFS		8
#define NR_QUERYBUF		9
#define NR_QBUF			15
#define NR_STREAMON		18
#define NR_STREAMOFF		19
#define NR_CREATE_BUFS		92
#define NR_REMOVE_BUFS		104
#define NR_ENUM_FRAMESIZES	74
#define NR_ENUM_FRAMEINTERVALS	75
#define NR_QUERY_EXT_CTRL	103
#define BUFFERS			3

struct world {
	struct harness h;
	struct vmedia_device *dev;
	uint32_t session;
	uint8_t *mem[BUFFERS];
	uint32_t length;
};

/* A camera of these options with a session on it. */
static struct world *world_new(const char *source, const char *fps, const char *size)
{
	struct world *w = calloc(1, sizeof(*w));
	struct vmedia_camera_options opts;
	char why[256] = "";

	assert_non_null(w);
	vmedia_camera_options_init(&opts);
	opts.threads = 3;
	assert_int_equal(vmedia_camera_set_option(&opts, "source", source, why, sizeof(why)), 0);
	assert_int_equal(vmedia_camera_set_option(&opts, "fps", fps, why, sizeof(why)), 0);
	if (size)
		assert_int_equal(vmedia_camera_set_option(&opts, "size", size, why, sizeof(why)),
				 0);
	assert_int_equal(harness_init(&w->h, NULL), 0);
	if (vmedia_camera_create(w->h.loop, &opts, why, sizeof(why), &w->dev))
		fail_msg("%s", why);
	harness_attach(&w->h, w->dev);
	assert_int_equal(harness_open(&w->h, &w->session), 0);
	return w;
}

static void world_end(struct world *w)
{
	harness_finish(&w->h);
	free(w);
}

static int ioctl_of(struct world *w, uint32_t nr, union vmedia_payload *arg)
{
	return harness_ioctl(&w->h, w->session, nr, arg);
}

static void set_format(struct world *w, uint32_t pixelformat, uint32_t width, uint32_t height,
		       struct vmedia_camera_format *fmt)
{
	union vmedia_payload p = { 0 };
	struct vmedia_pix_format *pix = &p.format.fmt.pix;

	p.format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	pix->pixelformat = pixelformat;
	pix->width = width;
	pix->height = height;
	assert_int_equal(ioctl_of(w, NR_S_FMT, &p), 0);
	assert_int_equal(pix->pixelformat, pixelformat);
	assert_int_equal(pix->width, width);
	assert_int_equal(pix->height, height);
	*fmt = (struct vmedia_camera_format){
		pix->pixelformat, pix->width,	  pix->height,	     pix->bytesperline,
		pix->sizeimage,	  pix->colorspace, pix->ycbcr_enc, pix->quantization,
		pix->xfer_func,	  pix->field,
	};
}

static int queue(struct world *w, uint32_t index)
{
	union vmedia_payload p = { 0 };

	p.buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	p.buffer.memory = V4L2_MEMORY_MMAP;
	p.buffer.index = index;
	return ioctl_of(w, NR_QBUF, &p);
}

/* Something happens on the loop; the test's time-out ends a wait in vain. */
static void wait_round(struct world *w)
{
	assert_true(vmedia_loop_step(w->h.loop, -1) >= 0);
	harness_collect(&w->h);
}

/* STREAMON and STREAMOFF: they wait for the worker. */
static void stream(struct world *w, uint32_t nr)
{
	struct harness_req *req;
	struct vmedia_cmd cmd;

	harness_cmd_ioctl(&cmd, w->session, nr);
	cmd.io.arg.u32 = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	req = harness_offer_cmd(&w->h, &cmd);
	harness_kick(&w->h, VMEDIA_QUEUE_COMMAND);
	for (harness_step(&w->h); !req->used;)
		wait_round(w);
	assert_int_equal(harness_answered(&w->h, req, &cmd), 0);
}

/* Buffers, mapped and queued, and the stream on. */
static void stream_on(struct world *w)
{
	union vmedia_payload p = { 0 };

	p.requestbuffers.count = BUFFERS;
	p.requestbuffers.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	p.requestbuffers.memory = V4L2_MEMORY_MMAP;
	assert_int_equal(ioctl_of(w, NR_REQBUFS, &p), 0);
	assert_int_equal(p.requestbuffers.count, BUFFERS);
	for (uint32_t i = 0; i < BUFFERS; i++) {
		struct harness_map *map;
		uint64_t addr, len;

		memset(&p, 0, sizeof(p));
		p.buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
		p.buffer.index = i;
		assert_int_equal(ioctl_of(w, NR_QUERYBUF, &p), 0);
		w->length = p.buffer.length;
		assert_int_equal(harness_mmap(&w->h, w->session, p.buffer.m.offset,
					      VMEDIA_MMAP_FLAG_RW, &addr, &len), 0);
		map = harness_map_at(&w->h, addr);
		assert_non_null(map);
		w->mem[i] = map->addr;
		assert_int_equal(queue(w, i), 0);
	}
	stream(w, NR_STREAMON);
}

/* The next filled buffer. */
static struct vmedia_buffer next_frame(struct world *w)
{
	struct vmedia_evt evt;
	uint32_t used;
	int got;

	for (;;) {
		got = harness_event(&w->h, &evt, &used);
		assert_true(got >= 0);
		if (got && evt.type == VMEDIA_EVT_DQBUF)
			break;
		if (!got)
			wait_round(w);
	}
	harness_post_events(&w->h, 1, VMEDIA_EVT_MAX_SIZE);
	assert_int_equal(evt.session_id, w->session);
	assert_in_range(evt.buffer.index, 0, BUFFERS - 1);
	assert_int_equal(evt.buffer.flags & V4L2_BUF_FLAG_ERROR, 0);
	return evt.buffer;
}

/* ---- What it offers ---- */

static void lists_are_whole(void **state)
{
	struct world *w = world_new("pattern", "25", "640x480,33x17,1280x720");
	union vmedia_payload p;
	uint32_t formats, sizes, rates;

	for (formats = 0;; formats++) {
		uint32_t pixelformat;

		memset(&p, 0, sizeof(p));
		p.fmtdesc.index = formats;
		p.fmtdesc.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
		if (ioctl_of(w, NR_ENUM_FMT, &p))
			break;
		pixelformat = p.fmtdesc.pixelformat;
		for (sizes = 0;; sizes++) {
			memset(&p, 0, sizeof(p));
			p.frmsizeenum.index = sizes;
			p.frmsizeenum.pixel_format = pixelformat;
			if (ioctl_of(w, NR_ENUM_FRAMESIZES, &p))
				break;
			assert_int_equal(p.frmsizeenum.type, V4L2_FRMSIZE_TYPE_DISCRETE);
		}
		/* The odd one only where chroma is not shared. */
		assert_in_range(sizes, 2, 3);
		for (rates = 0;; rates++) {
			memset(&p, 0, sizeof(p));
			p.frmivalenum.index = rates;
			p.frmivalenum.pixel_format = pixelformat;
			p.frmivalenum.width = 640;
			p.frmivalenum.height = 480;
			if (ioctl_of(w, NR_ENUM_FRAMEINTERVALS, &p))
				break;
			if (!rates)
				assert_int_equal(p.frmivalenum.discrete.denominator,
						 25 * p.frmivalenum.discrete.numerator);
		}
		assert_int_equal(rates, 8);
	}
	assert_int_equal(formats, 10);
	world_end(w);
}

static void controls_are_there(void **state)
{
	static const uint32_t ids[] = {
		V4L2_CID_BRIGHTNESS,
		V4L2_CID_CONTRAST,
		V4L2_CID_SATURATION,
		V4L2_CID_HUE,
		V4L2_CID_HFLIP,
		V4L2_CID_VFLIP,
		V4L2_CID_JPEG_COMPRESSION_QUALITY,
		V4L2_CID_TEST_PATTERN,
	};
	struct world *w = world_new("pattern", "25", NULL);

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		union vmedia_payload p = { 0 };

		p.query_ext_ctrl.id = ids[i];
		assert_int_equal(ioctl_of(w, NR_QUERY_EXT_CTRL, &p), 0);
	}
	world_end(w);
}

/* The bound of a JPEG, the colours: the source's numbers, not general ones. */
static void formats_are_the_sources(void **state)
{
	struct world *w = world_new("pattern", "25", "1280x720");
	struct vmedia_camera_source *src = open_source("pattern", "25", "1280x720");
	struct vmedia_camera_format got;
	uint32_t pixelformat;

	for (uint32_t i = 0; !vmedia_camera_source_format(src, i, &pixelformat); i++) {
		struct vmedia_camera_format want = { .pixelformat = pixelformat };

		vmedia_camera_source_try(src, &want);
		set_format(w, pixelformat, 1280, 720, &got);
		assert_int_equal(got.bytesperline, want.bytesperline);
		assert_int_equal(got.sizeimage, want.sizeimage);
		assert_int_equal(got.colorspace, want.colorspace);
		assert_int_equal(got.ycbcr_enc, want.ycbcr_enc);
		assert_int_equal(got.quantization, want.quantization);
	}
	vmedia_camera_source_close(src);
	world_end(w);
}

/* ---- Pictures ---- */

static void pattern_arrives(void **state)
{
	static const uint32_t pixelformats[] = {
		V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_RGB24, V4L2_PIX_FMT_MJPEG,
	};

	for (size_t i = 0; i < 8; i++) {
		/* By the clock, and as fast as it goes. */
		struct world *w = world_new("pattern", i & 1 ? "200" : "max", "320x240");
		struct vmedia_camera_format fmt;
		uint64_t last_ns = 0;

		harness_post_events(&w->h, 8, VMEDIA_EVT_MAX_SIZE);
		set_format(w, pixelformats[i / 2], 320, 240, &fmt);
		stream_on(w);
		for (int n = 0; n < 20; n++) {
			struct vmedia_buffer b = next_frame(w);
			uint64_t number, ns;
			uint8_t *rgb;

			assert_in_range(b.bytesused, 1, w->length);
			rgb = to_rgb(&fmt, w->mem[b.index], b.bytesused);
			assert_int_equal(
				vmedia_camera_read_stamp(rgb, 960, 3, 320, 240, &number, &ns), 0);
			free(rgb);
			/* What is in the picture is what is on the buffer. */
			assert_int_equal(number, b.sequence);
			assert_true(ns >= last_ns);
			last_ns = ns;
			assert_int_equal(queue(w, b.index), 0);
		}
		stream(w, NR_STREAMOFF);
		world_end(w);
	}
}

static void file_arrives(void **state)
{
	static const struct clip_spec spec = {
		"device.avi", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 100, 13, 0, 0,
	};
	struct vmedia_camera_format fmt;
	struct reference ref;
	struct world *w;

	assert_true(clip_make(&spec));
	reference_load(&ref, "device.avi");
	w = world_new(clip_source("device.avi"), "max", NULL);
	harness_post_events(&w->h, 8, VMEDIA_EVT_MAX_SIZE);
	set_format(w, V4L2_PIX_FMT_YUV420, 64, 48, &fmt);
	stream_on(w);
	for (size_t n = 0; n < 60; n++) {
		struct vmedia_buffer b = next_frame(w);

		assert_int_equal(b.sequence, n);
		check_picture(&fmt, w->mem[b.index], ref.frames[n % ref.num_frames]);
		assert_int_equal(queue(w, b.index), 0);
	}
	stream(w, NR_STREAMOFF);
	world_end(w);
	reference_free(&ref);
}

/*
 * While the command queue is stopped, no byte of a buffer changes; afterwards frames come again.
 * The test looks for a while of the source's time: many frames long, were there any.
 */
static void suspended(const char *source, const char *fps, uint32_t width, uint32_t height)
{
	struct world *w = world_new(source, fps, NULL);
	struct vmedia_camera_format fmt;
	uint64_t until;

	harness_post_events(&w->h, 8, VMEDIA_EVT_MAX_SIZE);
	set_format(w, V4L2_PIX_FMT_YUV420, width, height, &fmt);
	stream_on(w);
	assert_int_equal(queue(w, next_frame(w).index), 0);
	vmedia_device_queue_stop(w->h.dev, VMEDIA_QUEUE_COMMAND);
	for (uint32_t i = 0; i < BUFFERS; i++)
		memset(w->mem[i], 0x5a, w->length);
	until = vmedia_now_ns() + 100 * 1000000;
	while (vmedia_now_ns() < until)
		assert_true(vmedia_loop_step(w->h.loop, 5) >= 0);
	for (uint32_t i = 0; i < BUFFERS; i++)
		for (size_t at = 0; at < w->length; at++)
			assert_int_equal(w->mem[i][at], 0x5a);
	harness_kick(&w->h, VMEDIA_QUEUE_COMMAND);
	for (int n = 0; n < 3 * BUFFERS; n++)
		assert_int_equal(queue(w, next_frame(w).index), 0);
	/* Stopped again, and closed like that: the next session is not held up. */
	vmedia_device_queue_stop(w->h.dev, VMEDIA_QUEUE_COMMAND);
	harness_reconnect(&w->h);
	world_end(w);
}

static void queue_stops(void **state)
{
	static const struct clip_spec spec = {
		"stops.avi", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 100, 13, 0, 0,
	};

	assert_true(clip_make(&spec));
	suspended("pattern", "100", 320, 240);
	suspended("pattern", "max", 320, 240);
	suspended(clip_source("stops.avi"), "100", 64, 48);
	suspended(clip_source("stops.avi"), "max", 64, 48);
}

/*
 * A film that ends for good ends the stream with errors, and the device goes on. Which error comes
 * first depends on where the buffers are at that moment: those that the device holds come back
 * flagged; if it holds none, the next QBUF is refused with -EIO.
 */
static void file_vanishes(void **state)
{
	static const struct clip_spec spec = {
		"gone.avi", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 100, 5, 0, 0,
	};
	struct vmedia_camera_format fmt;
	struct vmedia_evt evt;
	struct world *w;
	uint32_t used;
	bool error = false;

	assert_true(clip_make(&spec));
	w = world_new(clip_source("gone.avi"), "max", NULL);
	harness_post_events(&w->h, 64, VMEDIA_EVT_MAX_SIZE);
	set_format(w, V4L2_PIX_FMT_YUV420, 64, 48, &fmt);
	clip_make_bytes("gone.avi", "", 0);
	stream_on(w);
	while (!error) {
		int got = harness_event(&w->h, &evt, &used);

		assert_true(got >= 0);
		if (!got) {
			wait_round(w);
			continue;
		}
		error = evt.type == VMEDIA_EVT_DQBUF && evt.buffer.flags & V4L2_BUF_FLAG_ERROR;
		if (!error && evt.type == VMEDIA_EVT_DQBUF) {
			int err = queue(w, evt.buffer.index);

			assert_true(!err || err == -EIO);
			error = err == -EIO;
		}
	}
	stream(w, NR_STREAMOFF);
	world_end(w);
}

static int remove_buffers(struct world *w, uint32_t index, uint32_t count)
{
	union vmedia_payload p = { 0 };

	p.remove_buffers.index = index;
	p.remove_buffers.count = count;
	p.remove_buffers.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	return ioctl_of(w, NR_REMOVE_BUFS, &p);
}

/* S_FMT to a small picture, and CREATE_BUFS of one of its buffers. */
static int shrink(struct world *w, struct vmedia_format *small)
{
	union vmedia_payload p = { 0 };
	int err;

	p.format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	p.format.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	p.format.fmt.pix.width = 320;
	p.format.fmt.pix.height = 240;
	err = ioctl_of(w, NR_S_FMT, &p);
	*small = p.format;
	return err;
}

static int create_buffer(struct world *w, const struct vmedia_format *fmt)
{
	union vmedia_payload p = { 0 };

	p.create_buffers.count = 1;
	p.create_buffers.memory = V4L2_MEMORY_MMAP;
	p.create_buffers.format = *fmt;
	return ioctl_of(w, NR_CREATE_BUFS, &p);
}

/*
 * All buffers of a stream are removed, and new ones made: never for a smaller picture than the one
 * that the source makes. (Frames that were done already may come first.)
 */
static void without_buffers(const char *source)
{
	struct world *w = world_new(source, "25", NULL);
	struct vmedia_camera_format big;
	struct vmedia_format small;
	union vmedia_payload p = { 0 };
	struct vmedia_buffer b;

	harness_post_events(&w->h, 8, VMEDIA_EVT_MAX_SIZE);
	set_format(w, V4L2_PIX_FMT_YUYV, 1920, 1080, &big);
	stream_on(w);
	for (int i = 0; i < BUFFERS; i++)
		next_frame(w);
	assert_int_equal(remove_buffers(w, 0, BUFFERS), 0);
	/* Refused or not: nothing may be written beyond the new buffer's end. */
	p.format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	if (!shrink(w, &small)) {
		assert_int_equal(create_buffer(w, &small), 0);
		assert_int_equal(queue(w, 0), 0);
		next_frame(w);
		fail_msg("the format changed under a stream");
	}
	assert_int_equal(create_buffer(w, &small), -EINVAL);
	assert_int_equal(ioctl_of(w, NR_G_FMT, &p), 0);
	assert_int_equal(p.format.fmt.pix.sizeimage, big.sizeimage);
	assert_int_equal(create_buffer(w, &p.format), 0);
	assert_int_equal(queue(w, 0), 0);
	b = next_frame(w);
	assert_int_equal(b.bytesused, big.sizeimage);
	assert_int_equal(b.length, big.sizeimage);
	/* Closed without a buffer, its camera is the next one's. */
	assert_int_equal(remove_buffers(w, 0, 1), 0);
	assert_int_equal(harness_close(&w->h, w->session), 0);
	assert_int_equal(harness_open(&w->h, &w->session), 0);
	assert_int_equal(shrink(w, &small), 0);
	stream_on(w);
	assert_int_equal(next_frame(w).bytesused, small.fmt.pix.sizeimage);
	world_end(w);
}

static void buffers_vanish(void **state)
{
	static const struct clip_spec spec = {
		"big.avi", "mpeg4", AV_PIX_FMT_YUV420P, 1920, 1080, 25, 5, 0, 0,
	};

	assert_true(clip_make(&spec));
	without_buffers("pattern");
	without_buffers(clip_source("big.avi"));
}

/* Closing in mid-stream, losing the driver in mid-stream: nothing stays. */
static void sudden_ends(void **state)
{
	unsigned int fds = 0;

	for (int n = 0; n < 12; n++) {
		struct world *w = world_new("pattern", n & 1 ? "max" : "100", "320x240");
		struct vmedia_camera_format fmt;

		harness_post_events(&w->h, 8, VMEDIA_EVT_MAX_SIZE);
		set_format(w, n % 4 < 2 ? V4L2_PIX_FMT_MJPEG : V4L2_PIX_FMT_NV12, 320, 240, &fmt);
		stream_on(w);
		next_frame(w);
		if (n % 3 == 0)
			harness_close(&w->h, w->session);
		else if (n % 3 == 1)
			harness_reconnect(&w->h);
		world_end(w);
		if (n == 3)
			fds = harness_count_fds();
		if (n > 3)
			assert_int_equal(harness_count_fds(), fds);
	}
}

static int setup(void **state)
{
	clips_init();
	return 0;
}

static int teardown(void **state)
{
	clips_fini();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_whole),
		cmocka_unit_test(controls_are_there),
		cmocka_unit_test(formats_are_the_sources),
		cmocka_unit_test(pattern_arrives),
		cmocka_unit_test(file_arrives),
		cmocka_unit_test(file_vanishes),
		cmocka_unit_test(queue_stops),
		cmocka_unit_test(buffers_vanish),
		cmocka_unit_test(sudden_ends),
	};

	return cmocka_run_group_tests_name("camera device", tests, setup, teardown);
}
