/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The meaning of a picture's samples, for libswscale and in V4L2's terms.
 */
#ifndef VMEDIA_CAMERA_COLOUR_H
#define VMEDIA_CAMERA_COLOUR_H

#include <libavutil/frame.h>
#include <libavutil/pixfmt.h>
#include <stdbool.h>
#include <vmedia/camera.h>

/* The sample format of a picture, or the one to convert it to. */
struct vmedia_camera_raw {
	enum AVPixelFormat format;	/* not one of the YUVJ formats: those are full */
	int width, height;
	bool full;			/* range of Y, U and V */
	int matrix;			/* SWS_CS_*: the meaning of Y, U and V */
};

/*
 * The sample format of @frame. RGB counts as full range and as BT.601. Grey without a range in the
 * file is full range, as in the ffmpeg program.
 */
struct vmedia_camera_raw vmedia_camera_raw_of(const AVFrame *frame);
bool vmedia_camera_raw_same(const struct vmedia_camera_raw *a, const struct vmedia_camera_raw *b);

/* True if its rows belong to two fields. */
static inline bool vmedia_camera_is_interlaced(const AVFrame *frame)
{
#ifdef AV_FRAME_FLAG_INTERLACED
	return frame->flags & AV_FRAME_FLAG_INTERLACED;
#else
	return frame->interlaced_frame;
#endif
}

static inline bool vmedia_camera_is_top_first(const AVFrame *frame)
{
#ifdef AV_FRAME_FLAG_TOP_FIELD_FIRST
	return frame->flags & AV_FRAME_FLAG_TOP_FIELD_FIRST;
#else
	return frame->top_field_first;
#endif
}

/* True if it consists of R, G and B, of a palette, or of black and white. */
bool vmedia_camera_is_rgb(enum AVPixelFormat format);

/*
 * vmedia_camera_tell_colour - set colorspace, ycbcr_enc, quantization and xfer_func for pictures
 * that are made of @frame in fmt->pixelformat
 *
 * Primaries and transfer function are those of the frame, as no conversion changes them. If the
 * file does not give a value, or V4L2 has no name for it, it is the default of the colour space.
 * The colour space follows the matrix.
 */
void vmedia_camera_tell_colour(const AVFrame *frame, struct vmedia_camera_format *fmt);

#endif
