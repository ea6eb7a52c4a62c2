// SPDX-License-Identifier: BSD-3-Clause
/*
 * The source "shared:SOCKET": the pictures of a publisher.
 *
 * Theory of operation: next() waits for the publisher's picture of the guest's next interval. It
 * asks for one when that time is near, and gets the newest. A picture that comes more than half of
 * the publisher's interval before the time is too early, and the next one is asked for. So a guest
 * with the publisher's rate gets each picture, and one with a lower rate gets as many as it wants,
 * in even steps. fill() converts the picture from the publisher's memory into the guest's buffer,
 * and gives the slot back.
 *
 * Without a publisher, and while it has no pictures, next() leaves the time to the framework's
 * clock, and fill() writes the picture "no signal".
 *
 * Security model: the publisher is foreign, and so is the guest. Pictures are samples of raw
 * formats, of which each value is valid, in memory that cannot fault (<vmedia/share.h>); the
 * publisher may change them while they are read. Its times are used only if they are close to now.
 */
#include <errno.h>
#include <libavutil/frame.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vmedia/log.h>

#include "copy.h"
#include "live.h"
#include "nosignal.h"
#include "render.h"
#include "shared_link.h"
#include "source.h"

#define SECOND	 1000000000ull
#define PATIENCE SECOND	/* without a picture, until "no signal" is shown, at least */
#define FAR	 (10 * SECOND)	/* a publisher's time that is farther from now is none */

struct shared {
	struct vmedia_camera_source base;
	struct vmedia_camera_link link;
	int wake_fd;			/* written by interrupt() */
	struct vmedia_camera_format told;	/* the publisher's, when the camera was created */
	AVFrame *no_signal;
	/* Of a stream */
	struct vmedia_camera_render render;
	AVFrame *view;			/* of the picture in the slot */
	uint64_t interval_ns;
	uint64_t due;			/* time of the next picture; 0: as soon as there is one */
	bool live;			/* pictures come */
	bool have;			/* @picture is held */
	struct vmedia_subscriber_frame picture;
	uint64_t time;			/* of @picture */
	uint64_t last;			/* time of the frame before */
};

static const uint32_t formats[] = {
	V4L2_PIX_FMT_YUYV,  V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_RGB24,
	V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_UYVY, V4L2_PIX_FMT_NV21,   V4L2_PIX_FMT_YVU420,
	V4L2_PIX_FMT_BGR24, V4L2_PIX_FMT_GREY,
};

static const struct vmedia_camera_size usual_sizes[] = {
	{ 640, 480 }, { 160, 120 }, { 320, 240 },  { 640, 360 },
	{ 800, 600 }, { 1280, 720 }, { 1920, 1080 },
};

/* ---- Opening ---- */

static void add_format(struct vmedia_camera_source *src, uint32_t pixelformat)
{
	for (uint32_t i = 0; i < src->num_formats; i++)
		if (src->formats[i] == pixelformat)
			return;
	src->formats[src->num_formats++] = pixelformat;
}

/* The publisher's own come first. */
static void fill_lists(struct shared *s, const struct vmedia_camera_options *opts,
		       const struct vmedia_fract *interval)
{
	struct vmedia_camera_source *src = &s->base;

	if (s->told.pixelformat)
		add_format(src, s->told.pixelformat);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		add_format(src, formats[i]);
	vmedia_camera_add_size(src, s->told.width, s->told.height);
	for (uint32_t i = 0; i < opts->num_sizes; i++)
		vmedia_camera_add_size(src, opts->sizes[i].width, opts->sizes[i].height);
	for (size_t i = 0; !opts->num_sizes && i < sizeof(usual_sizes) / sizeof(usual_sizes[0]);
	     i++)
		vmedia_camera_add_size(src, usual_sizes[i].width, usual_sizes[i].height);
	vmedia_camera_add_interval(src, opts->interval.numerator, opts->interval.denominator);
	vmedia_camera_add_interval(src, interval->numerator, interval->denominator);
	vmedia_camera_add_interval(src, 1, 30);
	vmedia_camera_add_usual_intervals(src);
}

static void shared_close(struct vmedia_camera_source *src)
{
	struct shared *s = (struct shared *)src;

	vmedia_camera_link_finish(&s->link);
	if (s->wake_fd >= 0)
		close(s->wake_fd);
	av_frame_free(&s->no_signal);
	av_frame_free(&s->view);
	free(s);
}

static int shared_open(const struct vmedia_camera_options *opts, const char *arg, char *why,
		       size_t why_size, struct vmedia_camera_source **src)
{
	struct vmedia_fract interval = { 1, 30 };
	struct shared *s;
	int err;

	if (!arg || !*arg) {
		snprintf(why, why_size, "--source=shared: which publisher? Give "
			 "--source=shared:SOCKET with the --publish of vmedia-source");
		return -EINVAL;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		goto no_memory;
	s->base.ops = &vmedia_camera_shared_ops;
	snprintf(s->base.name, sizeof(s->base.name), "vmedia shared camera");
	s->wake_fd = vmedia_camera_wake_create();
	s->no_signal = vmedia_camera_no_signal();
	s->view = av_frame_alloc();
	if (vmedia_camera_link_init(&s->link, arg, opts->opener) || s->wake_fd < 0 ||
	    !s->no_signal || !s->view) {
		shared_close(&s->base);
		goto no_memory;
	}
	err = vmedia_camera_link_first(&s->link, &s->told, &interval, why, why_size);
	if (err) {
		shared_close(&s->base);
		return err;
	}
	fill_lists(s, opts, &interval);
	*src = &s->base;
	return 0;
no_memory:
	snprintf(why, why_size, "no memory for a shared camera");
	return -ENOMEM;
}

/* ---- Colours ---- */

/*
 * Colours are not converted: primaries and transfer function are the publisher's. A publisher that
 * comes later may have others, which the guest is not told.
 */
static void shared_colorimetry(const struct vmedia_camera_source *src,
			       struct vmedia_camera_format *fmt)
{
	const struct shared *s = (const struct shared *)src;
	uint8_t kind = vmedia_camera_layout(fmt->pixelformat)->kind;

	bool known = s->told.pixelformat;	/* the colours, too */

	fmt->colorspace = known ? s->told.colorspace : V4L2_COLORSPACE_SRGB;
	fmt->ycbcr_enc = known ? s->told.ycbcr_enc : V4L2_YCBCR_ENC_601;
	fmt->xfer_func = known ? s->told.xfer_func : V4L2_XFER_FUNC_SRGB;
	fmt->quantization = V4L2_QUANTIZATION_LIM_RANGE;
	if (kind == VMEDIA_CAMERA_RGB || kind == VMEDIA_CAMERA_JPEG)
		fmt->quantization = V4L2_QUANTIZATION_FULL_RANGE;
	else if (known && vmedia_camera_layout(s->told.pixelformat)->kind != VMEDIA_CAMERA_RGB)
		fmt->quantization = s->told.quantization;
	if (kind == VMEDIA_CAMERA_JPEG)
		fmt->ycbcr_enc = V4L2_YCBCR_ENC_601;
}

static int matrix_of(uint32_t encoding)
{
	return encoding == V4L2_YCBCR_ENC_709 ? SWS_CS_ITU709 : SWS_CS_ITU601;
}

static enum AVPixelFormat av_format(uint32_t pixelformat)
{
	switch (pixelformat) {
	case V4L2_PIX_FMT_YUYV:
		return AV_PIX_FMT_YUYV422;
	case V4L2_PIX_FMT_UYVY:
		return AV_PIX_FMT_UYVY422;
	case V4L2_PIX_FMT_NV12:
		return AV_PIX_FMT_NV12;
	case V4L2_PIX_FMT_NV21:
		return AV_PIX_FMT_NV21;
	case V4L2_PIX_FMT_RGB24:
		return AV_PIX_FMT_RGB24;
	case V4L2_PIX_FMT_BGR24:
		return AV_PIX_FMT_BGR24;
	case V4L2_PIX_FMT_GREY:
		return AV_PIX_FMT_GRAY8;
	default:
		return AV_PIX_FMT_YUV420P;
	}
}

/* ---- Pictures ---- */

static int shared_start(struct vmedia_camera_source *src, const struct vmedia_camera_format *fmt,
			const struct vmedia_fract *interval)
{
	struct shared *s = (struct shared *)src;
	int err = vmedia_camera_render_start(&s->render, fmt, matrix_of(fmt->ycbcr_enc));

	if (err)
		return err;
	vmedia_camera_wake_clear(s->wake_fd);
	s->interval_ns = SECOND * interval->numerator / interval->denominator;
	s->due = s->last = 0;
	s->link.retry_ns = 0;
	/* A connection may have been lost since the last stream; then the second try makes one. */
	s->live = vmedia_camera_link_attend(&s->link) || vmedia_camera_link_attend(&s->link) ||
		  s->link.sub;
	return 0;
}

static void release(struct shared *s)
{
	if (s->have && s->link.sub)
		vmedia_subscriber_release(s->link.sub, s->picture.slot);
	s->have = false;
}

static void shared_stop(struct vmedia_camera_source *src)
{
	struct shared *s = (struct shared *)src;

	s->have = false;
	vmedia_camera_link_stop(&s->link);
	vmedia_camera_render_stop(&s->render);
}

static void shared_interrupt(struct vmedia_camera_source *src)
{
	vmedia_camera_wake_up(((struct shared *)src)->wake_fd);
}

/* Half of the publisher's interval, and at most half of the guest's. */
static uint64_t tolerance(const struct shared *s)
{
	uint64_t ns = vmedia_camera_link_interval(&s->link);

	return (ns && ns < s->interval_ns ? ns : s->interval_ns) / 2;
}

/* Twice the publisher's interval: one picture may be late. */
static uint64_t patience(const struct shared *s)
{
	uint64_t ns = 2 * vmedia_camera_link_interval(&s->link);

	return ns > PATIENCE ? ns : PATIENCE;
}

/* Take a picture that has come, if it is not too early. */
static bool take(struct shared *s)
{
	uint64_t now = vmedia_now_ns();

	if (!vmedia_subscriber_take(s->link.sub, &s->picture))
		return false;
	s->have = true;
	s->time = s->picture.timestamp_ns;
	if (s->time > now || now - s->time > FAR)
		s->time = now;
	if (s->time + tolerance(s) < s->due) {
		release(s);
		return false;
	}
	s->due = (s->due + s->interval_ns > s->time ? s->due : s->time) + s->interval_ns;
	return true;
}

/*
 * The publisher has a stream for this source: wait for its next picture. Returns false without one
 * at the time @until, if the connection is lost, or if the publisher has no pictures.
 */
static bool wait_for_picture(struct shared *s, uint64_t until)
{
	while (!vmedia_camera_interrupted(&s->base)) {
		uint64_t ask, now = vmedia_now_ns();

		if (!vmedia_camera_link_attend(&s->link))
			/* A connection without WELCOME will have one soon. */
			if (!s->link.sub || now >= until)
				return false;
		if (s->link.streaming && take(s))
			return true;
		if (s->link.streaming && !vmedia_subscriber_signal(s->link.sub, NULL))
			return false;
		if (now >= until)
			return false;
		ask = s->link.streaming && s->due > tolerance(s) ? s->due - tolerance(s) : 0;
		if (s->link.streaming && now >= ask)
			vmedia_subscriber_next(s->link.sub);
		vmedia_camera_wake_wait(s->wake_fd, vmedia_subscriber_fd(s->link.sub),
					now < ask && ask < until ? ask : until);
	}
	return false;
}

static int shared_next(struct vmedia_camera_source *src, uint64_t *when)
{
	struct shared *s = (struct shared *)src;
	uint64_t now = vmedia_now_ns(), until = now;

	/* While there is no signal, the guest's clock goes on, and this only looks. */
	if (s->live)
		until = (*when > now ? *when : now) + patience(s);
	s->live = wait_for_picture(s, until);
	if (s->live) {
		*when = vmedia_now_ns();
	} else if (s->link.streaming) {
		vmedia_subscriber_next(s->link.sub);
		s->due = 0;
	}
	return 0;
}

/* Point the view to the colour planes of the picture. */
static AVFrame *view_of(struct shared *s)
{
	const struct vmedia_camera_format *f = &s->link.format;
	struct vmedia_camera_format format = *f;
	struct vmedia_camera_target t;
	AVFrame *v = s->view;

	vmedia_camera_target_init(&t, &format, (void *)(uintptr_t)s->picture.data, f->sizeimage);
	for (int i = 0; i < VMEDIA_CAMERA_PLANES; i++) {
		v->data[i] = t.data[i];
		v->linesize[i] = (int)t.stride[i];
	}
	if (f->pixelformat == V4L2_PIX_FMT_YVU420) {
		v->data[1] = t.data[2];
		v->data[2] = t.data[1];
	}
	v->format = av_format(f->pixelformat);
	v->width = (int)f->width;
	v->height = (int)f->height;
	v->color_range = f->quantization == V4L2_QUANTIZATION_FULL_RANGE ? AVCOL_RANGE_JPEG
									  : AVCOL_RANGE_MPEG;
	v->colorspace = f->ycbcr_enc == V4L2_YCBCR_ENC_709 ? AVCOL_SPC_BT709
							    : AVCOL_SPC_SMPTE170M;
	return v;
}

/* The guest's format is the publisher's: copy the rows. */
static bool same(const struct shared *s)
{
	const struct vmedia_camera_format *a = &s->link.format, *b = &s->render.format;

	return a->pixelformat == b->pixelformat && a->width == b->width &&
	       a->height == b->height && a->quantization == b->quantization &&
	       matrix_of(a->ycbcr_enc) == matrix_of(b->ycbcr_enc);
}

static int shared_fill(struct vmedia_camera_source *src, struct vmedia_camera_target *t)
{
	struct shared *s = (struct shared *)src;
	const struct vmedia_camera_view view = { .quality = VMEDIA_CAMERA_JPEG_QUALITY };
	int err = 0;

	if (!s->have) {
		t->timestamp = s->last = vmedia_now_ns();
		return vmedia_camera_render(&s->render, s->no_signal, &view, t);
	}
	if (same(s))
		vmedia_camera_copy(&s->link.format, s->picture.data, t);
	else
		err = vmedia_camera_render(&s->render, view_of(s), &view, t);
	/* The picture may be older than the "no signal" before it, and times do not go back. */
	t->timestamp = s->time > s->last ? s->time : vmedia_now_ns();
	s->last = t->timestamp;
	release(s);
	return err;
}

static void shared_skip(struct vmedia_camera_source *src)
{
	release((struct shared *)src);
}

const struct vmedia_camera_source_ops vmedia_camera_shared_ops = {
	.open = shared_open,
	.close = shared_close,
	.colorimetry = shared_colorimetry,
	.start = shared_start,
	.next = shared_next,
	.fill = shared_fill,
	.skip = shared_skip,
	.stop = shared_stop,
	.interrupt = shared_interrupt,
};
