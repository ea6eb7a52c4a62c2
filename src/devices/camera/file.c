// SPDX-License-Identifier: BSD-3-Clause
/*
 * The source "file:PATH": a film or a picture, repeated.
 *
 * Theory of operation: frame n shows the picture whose time is n intervals after the start, by the
 * file's time stamps, or with --fps by counting its pictures. At the file's own interval each
 * picture is shown once, in order. At other intervals the film keeps its speed, and pictures are
 * repeated or dropped. A frame that passes without a buffer, or because the decoder was slow, also
 * advances the film's time: frames are the clock of the film, as of the pattern.
 *
 * If more than FAR_NS have passed, the clip jumps to the key picture before the current time
 * instead of decoding everything. From there pictures are decoded one by one, and a fill decodes a
 * limited number of them. The limit doubles while fills are in time, and halves after a late one.
 * So a decoder that is too slow for the film shows the pictures that it can, and keeps the time.
 *
 * One picture is taken from the clip in advance, so the slow work is done before a picture is due.
 *
 * A JPEG is shown as it is in the file if nothing in it must change; all other pictures go through
 * render.h.
 */
#include <errno.h>
#include <libavutil/pixdesc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avlog.h"
#include "clip.h"
#include "render.h"
#include "source.h"

#define FAR_NS 2000000000ull
#define FIRST_REACH 16
#define MAX_REACH 256

struct file {
	struct vmedia_camera_source base;
	struct vmedia_camera_clip clip;
	/* Properties of the first picture as it is shown, without its samples */
	AVFrame *look;
	struct vmedia_camera_raw native;
	struct vmedia_camera_size size;		/* in square pixels */
	bool passes;				/* packets are JPEG pictures to show unchanged */
	struct vmedia_fract interval;		/* native, or from --fps */
	bool by_clock;				/* --fps: time stamps are ignored */
	/* From start to stop */
	struct vmedia_camera_render render;
	struct vmedia_fract shown;		/* interval */
	uint64_t count;				/* frames: fills, skips, and those lost */
	uint64_t far_ns;			/* it jumps if it is farther behind than this */
	uint32_t reach;				/* pictures that a fill may decode before its own */
	uint64_t taken;				/* pictures from the clip */
	AVFrame *frame, *ahead;
	AVPacket *packet, *ahead_packet;
	bool have, have_ahead;
	uint64_t have_ns, ahead_ns;		/* their times */
};

static const struct vmedia_camera_control controls[] = {
	{ V4L2_CID_HFLIP, V4L2_CTRL_TYPE_BOOLEAN, "Horizontal Flip", 0, 1, 1, 0, NULL },
	{ V4L2_CID_VFLIP, V4L2_CTRL_TYPE_BOOLEAN, "Vertical Flip", 0, 1, 1, 0, NULL },
	{ V4L2_CID_JPEG_COMPRESSION_QUALITY, V4L2_CTRL_TYPE_INTEGER, "Compression Quality", 1, 100,
	  1, VMEDIA_CAMERA_JPEG_QUALITY, NULL },
};

static struct file *file_of(struct vmedia_camera_source *src)
{
	return (struct file *)src;
}

/* ---- Pictures from the clip ---- */

static uint64_t times(uint64_t n, struct vmedia_fract interval)
{
	return (uint64_t)av_rescale((int64_t)n, 1000000000ll * interval.numerator,
				    interval.denominator);
}

static int look_ahead(struct file *f)
{
	int err;

	if (f->have_ahead)
		return 0;
	err = vmedia_camera_clip_next(&f->clip, f->ahead, f->ahead_packet, &f->ahead_ns);
	if (err)
		return err;
	if (f->by_clock)
		f->ahead_ns = times(f->taken, f->interval);
	f->taken++;
	f->have_ahead = true;
	return 0;
}

static void step_on(struct file *f)
{
	av_frame_unref(f->frame);
	av_packet_unref(f->packet);
	av_frame_move_ref(f->frame, f->ahead);
	av_packet_move_ref(f->packet, f->ahead_packet);
	f->have_ns = f->ahead_ns;
	f->have = true;
	f->have_ahead = false;
}

/* Replace the picture ahead, which is far behind @now, by one near @now. */
static int jump(struct file *f, uint64_t now)
{
	uint64_t before = f->ahead_ns, target = now, early = 0, n = 0, step, lag;
	int err;

	step = vmedia_camera_clip_interval_ns(&f->clip);
	if (f->by_clock) {
		n = (uint64_t)av_rescale((int64_t)now, f->interval.denominator,
					 1000000000ll * f->interval.numerator);
		target = n * step;
	}
	/* Without an index of key pictures, the next one may be after @target. */
	for (int tries = 0; tries < 4; tries++) {
		f->have_ahead = false;
		err = vmedia_camera_clip_jump(&f->clip, target, early);
		if (!err)
			err = look_ahead(f);
		if (err)
			return err;
		if (f->clip.time_ns <= target)
			break;
		early = 2 * (early + f->clip.time_ns - target);
	}
	if (f->by_clock) {
		lag = target > f->clip.time_ns ? (target - f->clip.time_ns) / step : 0;
		f->taken = n > lag ? n - lag : 0;
		f->ahead_ns = times(f->taken++, f->interval);
	}
	/*
	 * The next jump needs a larger lag, so that it does not go to the same key picture again; a
	 * still larger one if this jump made no progress.
	 */
	lag = now > f->ahead_ns ? now - f->ahead_ns : 0;
	f->far_ns = FAR_NS + (f->ahead_ns > before ? lag : 2 * lag);
	return 0;
}

/* Choose the picture for this fill: f->frame or f->packet. */
static int choose(struct file *f)
{
	uint64_t now = times(f->count, f->shown), step = times(1, f->interval);
	uint64_t most = f->reach + times(1, f->shown) / step;
	bool jumped = false;
	int err;

	/* Time stamps are rounded, so a picture is due up to an eighth of an interval early. */
	now += times(1, f->shown) / 8;
	/* Do not read the next picture while the current one's time lasts. */
	while (!f->have || f->have_ns + step <= now) {
		err = look_ahead(f);
		if (err)
			return err;
		if (f->have && f->ahead_ns > now)
			break;
		if (!jumped && f->ahead_ns + f->far_ns < now) {
			jumped = true;
			err = jump(f, now);
			if (err)
				return err;
			continue;
		}
		if (!most--)
			return 0;
		step_on(f);
	}
	f->far_ns = FAR_NS;
	return 0;
}

static int file_next(struct vmedia_camera_source *src, uint64_t *when)
{
	return look_ahead(file_of(src));
}

static void file_skip(struct vmedia_camera_source *src)
{
	file_of(src)->count++;
}

/* ---- Pictures to the buffer ---- */

static int render(struct file *f, struct vmedia_camera_target *t)
{
	const struct vmedia_camera_view view = {
		.turn = vmedia_camera_clip_turn(&f->clip, f->frame),
		.hflip = vmedia_camera_value(&f->base, V4L2_CID_HFLIP),
		.vflip = vmedia_camera_value(&f->base, V4L2_CID_VFLIP),
		.quality = vmedia_camera_value(&f->base, V4L2_CID_JPEG_COMPRESSION_QUALITY),
	};

	return vmedia_camera_render(&f->render, f->frame, &view, t);
}

/* Copy the file's own JPEG, unless it must be flipped or has no room. */
static int render_packet(struct file *f, struct vmedia_camera_target *t)
{
	size_t size = (size_t)f->packet->size;
	int err;

	if (size <= t->size && !vmedia_camera_value(&f->base, V4L2_CID_HFLIP) &&
	    !vmedia_camera_value(&f->base, V4L2_CID_VFLIP)) {
		memcpy(t->mem, f->packet->data, size);
		t->bytesused = size;
		return 0;
	}
	err = vmedia_camera_clip_decode(&f->clip, f->packet, f->frame);
	return err ? err : render(f, t);
}

static int file_fill(struct vmedia_camera_source *src, struct vmedia_camera_target *t)
{
	struct file *f = file_of(src);
	int err;

	if (t->sequence > f->count) {
		f->count = t->sequence;
		f->reach = f->reach > 1 ? f->reach / 2 : 1;
	} else if (f->reach < MAX_REACH) {
		f->reach *= 2;
	}
	err = choose(f);
	if (err)
		return err;
	f->count++;
	return f->clip.packets ? render_packet(f, t) : render(f, t);
}

/* ---- Start and stop ---- */

static void file_stop(struct vmedia_camera_source *src)
{
	struct file *f = file_of(src);

	av_frame_free(&f->frame);
	av_frame_free(&f->ahead);
	av_packet_free(&f->packet);
	av_packet_free(&f->ahead_packet);
	f->have = f->have_ahead = false;
	vmedia_camera_render_stop(&f->render);
}

static int file_start(struct vmedia_camera_source *src, const struct vmedia_camera_format *fmt,
		      const struct vmedia_fract *interval)
{
	struct file *f = file_of(src);
	bool packets = fmt->pixelformat == V4L2_PIX_FMT_MJPEG && f->passes &&
		       fmt->width == f->size.width && fmt->height == f->size.height;
	int err = 0;

	f->shown = *interval;
	f->count = f->taken = 0;
	f->far_ns = FAR_NS;
	f->reach = FIRST_REACH;
	f->frame = av_frame_alloc();
	f->ahead = av_frame_alloc();
	f->packet = av_packet_alloc();
	f->ahead_packet = av_packet_alloc();
	if (!f->frame || !f->ahead || !f->packet || !f->ahead_packet)
		err = -ENOMEM;
	if (!err)
		err = vmedia_camera_render_start(&f->render, fmt, f->native.matrix);
	if (!err)
		err = vmedia_camera_clip_rewind(&f->clip, packets);
	if (err)
		file_stop(src);
	return err;
}

/* ---- Opening ---- */

static void file_colorimetry(const struct vmedia_camera_source *src,
			     struct vmedia_camera_format *fmt)
{
	const struct file *f = (const struct file *)src;

	vmedia_camera_tell_colour(f->look, fmt);
	/* Fields stay separate only at these heights (scale.h). */
	if (vmedia_camera_is_interlaced(f->look) && !((f->native.height | (int)fmt->height) & 3))
		fmt->field = vmedia_camera_is_top_first(f->look) ? V4L2_FIELD_INTERLACED_TB :
								   V4L2_FIELD_INTERLACED_BT;
}

/* Offer the pixel format that shows pictures of @format unchanged first, then the usual ones. */
static void offer_formats(struct file *f)
{
	static const uint32_t usual[] = {
		V4L2_PIX_FMT_YUYV,  V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_RGB24,
		V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_UYVY, V4L2_PIX_FMT_NV21,   V4L2_PIX_FMT_YVU420,
		V4L2_PIX_FMT_BGR24, V4L2_PIX_FMT_GREY,
	};
	static const struct {
		enum AVPixelFormat format;
		uint32_t pixelformat;
	} same[] = {
		{ AV_PIX_FMT_YUV420P, V4L2_PIX_FMT_YUV420 },
		{ AV_PIX_FMT_NV12, V4L2_PIX_FMT_NV12 },
		{ AV_PIX_FMT_YUV422P, V4L2_PIX_FMT_YUYV },
		{ AV_PIX_FMT_RGB24, V4L2_PIX_FMT_RGB24 },
		{ AV_PIX_FMT_BGR24, V4L2_PIX_FMT_BGR24 },
		{ AV_PIX_FMT_GRAY8, V4L2_PIX_FMT_GREY },
	};
	struct vmedia_camera_source *b = &f->base;

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		if (same[i].format == f->native.format)
			b->formats[b->num_formats++] = same[i].pixelformat;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (!b->num_formats || usual[i] != b->formats[0])
			b->formats[b->num_formats++] = usual[i];
}

static void offer_sizes(struct file *f, const struct vmedia_camera_options *opts)
{
	static const struct vmedia_camera_size usual[] = {
		{ 320, 240 }, { 640, 480 }, { 1280, 720 }, { 1920, 1080 }
	};
	uint32_t w = f->size.width, h = f->size.height;

	vmedia_camera_add_size(&f->base, w, h);
	/* The size for formats with shared chroma if the size is odd. */
	vmedia_camera_add_size(&f->base, w & ~1u, h);
	vmedia_camera_add_size(&f->base, w & ~1u, h & ~1u);
	/* A picture of one column or row has no even part, but each format needs a size. */
	if (w < 2 || h < 2)
		vmedia_camera_add_size(&f->base, 64, 64);
	for (uint32_t i = 0; i < opts->num_sizes; i++)
		vmedia_camera_add_size(&f->base, opts->sizes[i].width, opts->sizes[i].height);
	if (opts->num_sizes)
		return;
	for (uint32_t part = 2; part <= 4; part *= 2)
		if (w / part >= 64 && h / part >= 64)
			vmedia_camera_add_size(&f->base, w / part & ~1u, h / part & ~1u);
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		vmedia_camera_add_size(&f->base, usual[i].width, usual[i].height);
}

static void offer(struct file *f, const struct vmedia_camera_options *opts)
{
	bool given = opts->interval.numerator;

	f->interval = given ? opts->interval
			    : (struct vmedia_fract){ (uint32_t)f->clip.rate.den,
						     (uint32_t)f->clip.rate.num };
	f->by_clock = given;
	vmedia_camera_add_interval(&f->base, f->interval.numerator, f->interval.denominator);
	vmedia_camera_add_usual_intervals(&f->base);
	offer_formats(f);
	offer_sizes(f, opts);
	vmedia_camera_copy_name(f->base.name, sizeof(f->base.name), f->clip.name);
	f->base.controls = controls;
	f->base.num_controls = sizeof(controls) / sizeof(controls[0]);
}

/*
 * The size of the picture in square pixels; no side gets shorter. A stretched picture gets an even
 * size, so that every pixel format can show it.
 */
static struct vmedia_camera_size square_size(int width, int height, AVRational sar)
{
	int64_t w = width, h = height, most = VMEDIA_CAMERA_MAX_DIMENSION;

	/* An unreasonable value is a broken number. */
	if (sar.num <= 0 || sar.den <= 0 || sar.num / sar.den >= 16 || sar.den / sar.num >= 16)
		sar = (AVRational){ 1, 1 };
	if (sar.num > sar.den)
		w = 2 * av_rescale(w, sar.num, 2 * (int64_t)sar.den);
	if (sar.num < sar.den)
		h = 2 * av_rescale(h, sar.den, 2 * (int64_t)sar.num);
	if (w > most) {
		h = h * most / w;
		w = most;
	}
	if (h > most) {
		w = w * most / h;
		h = most;
	}
	return (struct vmedia_camera_size){ w < 1 ? 1 : (uint32_t)w, h < 1 ? 1 : (uint32_t)h };
}

/* True if the picture's packet is a JPEG as drivers expect it: Y, Cb and Cr by BT.601, or grey. */
static bool is_usual_jpeg(const AVFrame *frame)
{
	return !vmedia_camera_is_rgb(frame->format) &&
	       vmedia_camera_raw_of(frame).matrix == SWS_CS_ITU601;
}

/* Learn the properties of all pictures from the first one. */
static int look_at(struct file *f, const char *path, char *why, size_t why_size)
{
	AVFrame *first = f->clip.first, *picture;
	unsigned int turn = vmedia_camera_clip_turn(&f->clip, first);
	AVRational sar = f->clip.sar;
	int err = -EINVAL;

	snprintf(why, why_size,
		 "the pictures of %s are %s, which cannot be converted: convert the file", path,
		 av_get_pix_fmt_name(first->format));
	if (!sws_isSupportedInput(vmedia_camera_raw_of(first).format))
		return -ENOSYS;
	f->look = av_frame_alloc();
	if (f->look)
		err = vmedia_camera_upright(&f->render.upright, first, turn, &picture);
	if (f->look && !err) {
		f->native = vmedia_camera_raw_of(picture);
		err = av_frame_copy_props(f->look, picture) < 0 ? -ENOMEM : 0;
		f->look->format = picture->format;
		f->look->width = picture->width;
		f->look->height = picture->height;
	}
	vmedia_camera_upright_fini(&f->render.upright);
	if (!f->look || err)
		return err == -EINVAL && f->look ? -ENOSYS : -ENOMEM;
	if (turn & VMEDIA_CAMERA_TRANSPOSE)
		sar = av_inv_q(sar);
	f->size = square_size(f->native.width, f->native.height, sar);
	f->passes = f->clip.jpeg && !turn && is_usual_jpeg(first) &&
		    f->size.width == (uint32_t)f->native.width &&
		    f->size.height == (uint32_t)f->native.height;
	return 0;
}

static int file_open(const struct vmedia_camera_options *opts, const char *arg, char *why,
		     size_t why_size, struct vmedia_camera_source **src)
{
	struct file *f;
	int err;

	if (!arg || !*arg) {
		snprintf(why, why_size, "which file? Use --source=file:PATH");
		return -EINVAL;
	}
	f = calloc(1, sizeof(*f));
	if (!f) {
		snprintf(why, why_size, "no memory to open %s", arg);
		return -ENOMEM;
	}
	f->base.ops = &vmedia_camera_file_ops;
	vmedia_camera_log_libav();
	err = vmedia_camera_clip_open(&f->clip, arg, opts->threads, &f->base.interrupted, why,
				      why_size);
	if (err) {
		free(f);
		return err;
	}
	err = look_at(f, arg, why, why_size);
	if (err) {
		av_frame_free(&f->look);
		vmedia_camera_clip_close(&f->clip);
		free(f);
		return err;
	}
	offer(f, opts);
	*src = &f->base;
	return 0;
}

static void file_close(struct vmedia_camera_source *src)
{
	struct file *f = file_of(src);

	av_frame_free(&f->look);
	vmedia_camera_clip_close(&f->clip);
	free(f);
}

const struct vmedia_camera_source_ops vmedia_camera_file_ops = {
	.needs = { .syscalls = "preadv2 lseek" },
	.open = file_open,
	.close = file_close,
	.colorimetry = file_colorimetry,
	.start = file_start,
	.fill = file_fill,
	.next = file_next,
	.skip = file_skip,
	.stop = file_stop,
};
