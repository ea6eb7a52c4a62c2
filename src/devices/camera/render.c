// SPDX-License-Identifier: BSD-3-Clause
/*
 * Renders a decoded picture to a driver's buffer.
 */
#include "render.h"

#include <errno.h>
#include <stdlib.h>

#include "pack.h"

/*
 * True if @shown is all of @full, or all but the odd column or row that shared chroma does not
 * allow.
 */
static bool whole(uint32_t shown, int full)
{
	return shown == (uint32_t)full || shown == ((uint32_t)full & ~1u);
}

/*
 * The part of a frame that is shown: all of it, or without the odd column or row if nothing is
 * scaled.
 */
static int crop(uint32_t shown, int full)
{
	return whole(shown, full) ? (int)shown : full;
}

/* True if two rows of one field share chroma that would go to a row of each field. */
static bool splits_fields(const struct vmedia_camera_layout *l, const AVFrame *f,
			  enum AVPixelFormat format)
{
	return l->kind == VMEDIA_CAMERA_PACKED && format == AV_PIX_FMT_YUV420P &&
	       vmedia_camera_is_interlaced(f);
}

static int render_raw(struct vmedia_camera_render *r, AVFrame *picture,
		      const struct vmedia_camera_view *view, const struct vmedia_camera_target *t)
{
	const struct vmedia_camera_format *fmt = &r->format;
	bool rgb = r->layout->kind == VMEDIA_CAMERA_RGB;
	struct vmedia_camera_raw from = vmedia_camera_raw_of(picture);
	struct vmedia_camera_raw to = {
		.format = vmedia_camera_pack_format(r->layout),
		.width = (int)fmt->width,
		.height = (int)fmt->height,
		.full = rgb || fmt->quantization == V4L2_QUANTIZATION_FULL_RANGE,
		.matrix = rgb ? SWS_CS_ITU601 : r->matrix,
	};

	if (!whole(fmt->width, from.width) || !whole(fmt->height, from.height) ||
	    from.full != to.full || from.matrix != to.matrix ||
	    !vmedia_camera_can_pack(r->layout, from.format) ||
	    splits_fields(r->layout, picture, from.format)) {
		int err = vmedia_camera_scale(&r->scaler, picture, crop(fmt->width, from.width),
					      crop(fmt->height, from.height), &to, &picture);

		if (err)
			return err;
		from.format = to.format;
	}
	vmedia_camera_pack(r->layout, picture, from.format, fmt->width, fmt->height, view->hflip,
			   view->vflip, t);
	return 0;
}

static int render_jpeg(struct vmedia_camera_render *r, AVFrame *picture,
		       const struct vmedia_camera_view *view, struct vmedia_camera_target *t)
{
	struct vmedia_camera_raw from = vmedia_camera_raw_of(picture);
	struct vmedia_camera_raw to = { AV_PIX_FMT_YUV420P, (int)r->format.width,
					(int)r->format.height, true, SWS_CS_ITU601 };
	struct vmedia_camera_target in = r->flipped;

	if (!vmedia_camera_raw_same(&from, &to) || ((to.width | to.height) & 1)) {
		int err = vmedia_camera_scale(&r->scaler, picture, from.width, from.height, &to,
					      &picture);

		if (err)
			return err;
	}
	if (view->hflip || view->vflip) {
		vmedia_camera_pack(vmedia_camera_layout(V4L2_PIX_FMT_YUV420), picture, to.format,
				   (r->format.width + 1) & ~1u, (r->format.height + 1) & ~1u,
				   view->hflip, view->vflip, &in);
	} else {
		for (int i = 0; i < 3; i++) {
			in.data[i] = picture->data[i];
			in.stride[i] = (size_t)picture->linesize[i];
		}
	}
	return vmedia_camera_jpeg_encode(r->jpeg, in.data, in.stride, view->quality, t->mem,
					 t->size, &t->bytesused);
}

int vmedia_camera_render(struct vmedia_camera_render *r, AVFrame *frame,
			 const struct vmedia_camera_view *view, struct vmedia_camera_target *t)
{
	int err = vmedia_camera_upright(&r->upright, frame, view->turn, &frame);

	if (err)
		return err;
	return r->jpeg ? render_jpeg(r, frame, view, t) : render_raw(r, frame, view, t);
}

/* ---- Start and stop ---- */

static int start_jpeg(struct vmedia_camera_render *r)
{
	struct vmedia_camera_format even = { .pixelformat = V4L2_PIX_FMT_YUV420,
					     .width = (r->format.width + 1) & ~1u,
					     .height = (r->format.height + 1) & ~1u };
	int err = vmedia_camera_jpeg_create(r->format.width, r->format.height, &r->jpeg);
	uint8_t *mem;

	if (err)
		return err;
	vmedia_camera_format_fill(&even);
	mem = calloc(1, even.sizeimage);
	if (!mem)
		return -ENOMEM;
	vmedia_camera_target_init(&r->flipped, &even, mem, even.sizeimage);
	return 0;
}

int vmedia_camera_render_start(struct vmedia_camera_render *r,
			       const struct vmedia_camera_format *fmt, int matrix)
{
	int err = 0;

	r->format = *fmt;
	r->layout = vmedia_camera_layout(fmt->pixelformat);
	r->matrix = matrix;
	if (r->layout->kind == VMEDIA_CAMERA_JPEG)
		err = start_jpeg(r);
	if (err)
		vmedia_camera_render_stop(r);
	return err;
}

void vmedia_camera_render_stop(struct vmedia_camera_render *r)
{
	vmedia_camera_upright_fini(&r->upright);
	vmedia_camera_scaler_fini(&r->scaler);
	vmedia_camera_jpeg_destroy(r->jpeg);
	r->jpeg = NULL;
	free(r->flipped.mem);
	r->flipped.mem = NULL;
}
