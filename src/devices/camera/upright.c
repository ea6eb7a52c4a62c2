// SPDX-License-Identifier: BSD-3-Clause
/*
 * Makes decoded pictures ready for display.
 */
#include "upright.h"

#include <errno.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <stdlib.h>
#include <string.h>

unsigned int vmedia_camera_turn_of(const int32_t *m)
{
	if (!m)
		return 0;
	/* x' = m[0] x + m[3] y, y' = m[1] x + m[4] y */
	if (llabs(m[0]) + llabs(m[4]) >= llabs(m[1]) + llabs(m[3]))
		return (m[0] < 0 ? VMEDIA_CAMERA_HFLIP : 0) | (m[4] < 0 ? VMEDIA_CAMERA_VFLIP : 0);
	return VMEDIA_CAMERA_TRANSPOSE | (m[3] < 0 ? VMEDIA_CAMERA_HFLIP : 0) |
	       (m[1] < 0 ? VMEDIA_CAMERA_VFLIP : 0);
}

/* ---- Private pictures ---- */

static void set_fields(AVFrame *frame, bool interlaced, bool top_first)
{
#ifdef AV_FRAME_FLAG_INTERLACED
	frame->flags &= ~(AV_FRAME_FLAG_INTERLACED | AV_FRAME_FLAG_TOP_FIELD_FIRST);
	frame->flags |= (interlaced ? AV_FRAME_FLAG_INTERLACED : 0) |
			(interlaced && top_first ? AV_FRAME_FLAG_TOP_FIELD_FIRST : 0);
#else
	frame->interlaced_frame = interlaced;
	frame->top_field_first = interlaced && top_first;
#endif
}

/* Make *@own a picture of this format and size, with the colour properties of @like. */
static int prepare(AVFrame **own, const AVFrame *like, enum AVPixelFormat format, int width,
		   int height)
{
	AVFrame *f = *own;

	if (!f || f->format != format || f->width != width || f->height != height) {
		av_frame_free(own);
		f = *own = av_frame_alloc();
		if (!f)
			return -ENOMEM;
		f->format = format;
		f->width = width;
		f->height = height;
		if (av_frame_get_buffer(f, 0) < 0) {
			av_frame_free(own);
			return -ENOMEM;
		}
	}
	f->color_range = like->color_range;
	f->colorspace = like->colorspace;
	f->color_primaries = like->color_primaries;
	f->color_trc = like->color_trc;
	set_fields(f, vmedia_camera_is_interlaced(like), vmedia_camera_is_top_first(like));
	return 0;
}

/* ---- Transparency ---- */

static void fade_row(uint8_t *restrict dst, const uint8_t *restrict rgba, int width)
{
	for (int x = 0; x < width; x++, dst += 3, rgba += 4)
		for (int i = 0; i < 3; i++)
			dst[i] = (uint8_t)((rgba[i] * rgba[3] + 127) / 255);
}

static int make_opaque(struct vmedia_camera_upright *u, const AVFrame *in)
{
	const struct vmedia_camera_raw to = { AV_PIX_FMT_RGBA, in->width, in->height, true,
					      SWS_CS_ITU601 };
	AVFrame *rgba;
	int err = vmedia_camera_scale(&u->rgba, in, in->width, in->height, &to, &rgba);

	if (!err)
		err = prepare(&u->opaque, in, AV_PIX_FMT_RGB24, in->width, in->height);
	for (int y = 0; !err && y < in->height; y++)
		fade_row(u->opaque->data[0] + y * u->opaque->linesize[0],
			 rgba->data[0] + y * rgba->linesize[0], in->width);
	return err;
}

/* ---- Turning ---- */

/* True if samples of each plane can be moved unchanged, @step bytes at a time. */
static bool can_turn(enum AVPixelFormat format, bool transpose, int steps[4])
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(format);
	bool shared = d->log2_chroma_w || d->log2_chroma_h;

	if (d->flags & (AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_BAYER | AV_PIX_FMT_FLAG_PAL))
		return false;
	if (shared && (av_pix_fmt_count_planes(format) < 2 ||
		       (transpose && d->log2_chroma_w != d->log2_chroma_h)))
		return false;
	av_image_fill_max_pixsteps(steps, NULL, d);
	for (int i = 0; i < 4; i++)
		if (steps[i] > 8)
			return false;
	return true;
}

/* One plane of @width x @height samples of @step bytes; @turn as above. */
struct turn {
	const uint8_t *src;
	uint8_t *dst;
	ptrdiff_t src_stride, dst_stride;
	int width, height, step;
	unsigned int how;
};

static void turn_row(const struct turn *t, int y)
{
	bool transpose = t->how & VMEDIA_CAMERA_TRANSPOSE;
	int out_width = transpose ? t->height : t->width,
	    out_height = transpose ? t->width : t->height;
	int from_y = t->how & VMEDIA_CAMERA_VFLIP ? out_height - 1 - y : y;
	/* The distance between the sources of successive samples of the row. */
	ptrdiff_t next = transpose ? t->src_stride : t->step;
	const uint8_t *src =
		t->src + (transpose ? from_y * (ptrdiff_t)t->step : from_y * t->src_stride);
	uint8_t *dst = t->dst + y * t->dst_stride;

	if (t->how & VMEDIA_CAMERA_HFLIP) {
		src += (out_width - 1) * next;
		next = -next;
	}
	switch (t->step) {
	case 1:
		for (int x = 0; x < out_width; x++, src += next)
			dst[x] = *src;
		break;
	case 2:
		for (int x = 0; x < out_width; x++, src += next, dst += 2)
			memcpy(dst, src, 2);
		break;
	case 3:
		for (int x = 0; x < out_width; x++, src += next, dst += 3)
			memcpy(dst, src, 3);
		break;
	default:
		for (int x = 0; x < out_width; x++, src += next, dst += t->step)
			memcpy(dst, src, (size_t)t->step);
		break;
	}
}

static void turn_planes(const AVFrame *in, AVFrame *out, unsigned int how, const int steps[4])
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(in->format);

	for (int i = 0; i < av_pix_fmt_count_planes(in->format); i++) {
		bool shared = (i == 1 || i == 2) && !(d->flags & AV_PIX_FMT_FLAG_RGB);
		struct turn t = {
			.src = in->data[i],
			.dst = out->data[i],
			.src_stride = in->linesize[i],
			.dst_stride = out->linesize[i],
			.width = AV_CEIL_RSHIFT(in->width, shared ? d->log2_chroma_w : 0),
			.height = AV_CEIL_RSHIFT(in->height, shared ? d->log2_chroma_h : 0),
			.step = steps[i],
			.how = how,
		};
		int rows = how & VMEDIA_CAMERA_TRANSPOSE ? t.width : t.height;

		for (int y = 0; y < rows; y++)
			turn_row(&t, y);
	}
}

static int turn(struct vmedia_camera_upright *u, const AVFrame *in, unsigned int how)
{
	bool transpose = how & VMEDIA_CAMERA_TRANSPOSE;
	struct vmedia_camera_raw raw = vmedia_camera_raw_of(in);
	AVFrame *plain;
	int steps[4], err;

	if (!can_turn(in->format, transpose, steps)) {
		raw.format = vmedia_camera_is_rgb(in->format) ? AV_PIX_FMT_RGB24 :
								AV_PIX_FMT_YUV444P;
		err = vmedia_camera_scale(&u->plain, in, in->width, in->height, &raw, &plain);
		if (err)
			return err;
		plain->color_range = raw.full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
		plain->colorspace = in->colorspace;
		plain->color_primaries = in->color_primaries;
		plain->color_trc = in->color_trc;
		set_fields(plain, vmedia_camera_is_interlaced(in), vmedia_camera_is_top_first(in));
		can_turn(plain->format, transpose, steps);
		in = plain;
	}
	err = prepare(&u->turned, in, in->format, transpose ? in->height : in->width,
		      transpose ? in->width : in->height);
	if (err)
		return err;
	turn_planes(in, u->turned, how, steps);
	/*
	 * The rows are former columns, or the first row is the former last one, which is of the
	 * other field.
	 */
	set_fields(u->turned, vmedia_camera_is_interlaced(in) && !transpose,
		   vmedia_camera_is_top_first(in) !=
			   (how & VMEDIA_CAMERA_VFLIP && !(in->height & 1)));
	return 0;
}

/*
 * True for pictures with transparency, and for RGB of few bits, which libswscale renders with a
 * wrong white unless the target is RGB.
 */
static bool wants_rgb(const AVFrame *frame)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(frame->format);

	return d && (d->flags & AV_PIX_FMT_FLAG_ALPHA ||
		     (d->flags & AV_PIX_FMT_FLAG_RGB && d->comp[0].depth < 8 &&
		      !(d->flags & AV_PIX_FMT_FLAG_BAYER)));
}

int vmedia_camera_upright(struct vmedia_camera_upright *u, AVFrame *frame, unsigned int how,
			  AVFrame **out)
{
	int err = 0;

	*out = frame;
	if (wants_rgb(frame)) {
		err = make_opaque(u, frame);
		*out = u->opaque;
	}
	if (!err && how) {
		err = turn(u, *out, how);
		*out = u->turned;
	}
	return err;
}

void vmedia_camera_upright_fini(struct vmedia_camera_upright *u)
{
	vmedia_camera_scaler_fini(&u->rgba);
	vmedia_camera_scaler_fini(&u->plain);
	av_frame_free(&u->opaque);
	av_frame_free(&u->turned);
}
