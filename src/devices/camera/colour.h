/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the samples of a picture mean: for libswscale, and in V4L2's words.
 */
#ifndef VMEDIA_CAMERA_COLOUR_H
#define VMEDIA_CAMERA_COLOUR_H

#include <libavutil/frame.h>
#include <libavutil/pixfmt.h>
#include <stdbool.h>
#include <vmedia/camera.h>

/* What a picture is to become, or is. */
struct vmedia_camera_raw {
	enum AVPixelFormat format;	/* not one of the YUVJ formats: those are full */
	int width, height;
	bool full;			/* range of Y, U and V */
	int matrix;			/* SWS_CS_*: what Y, U and V mean */
};

/*
 * What @frame is. RGB counts as full, and as BT.601. Grey of which the file says nothing is full,
 * as it is for the ffmpeg program.
 */
struct vmedia_camera_raw vmedia_camera_raw_of(const AVFrame *frame);
bool vmedia_camera_raw_same(const struct vmedia_camera_raw *a, const struct vmedia_camera_raw *b);

/* Are its rows those of two fields? */
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

/* Does it consist of R, G and B, of a palette, or of black and white? */
bool vmedia_camera_is_rgb(enum AVPixelFormat format);

/*
 * vmedia_camera_tell_colour - colorspace, ycbcr_enc, quantization and xfer_func of pictures that
 * are made of @frame in fmt->pixelformat: primaries and transfer function are the frame's, as
 * nothing changes them. What V4L2 has no name for, and what the file does not say, is the default
 * of the colour space, and the colour space follows the matrix.
 */
void vmedia_camera_tell_colour(const AVFrame *frame, struct vmedia_camera_format *fmt);

#endif
