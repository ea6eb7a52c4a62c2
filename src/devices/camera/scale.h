/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Convert a decoded picture to one that can be packed: size, pixel format and range, by libswscale.
 *
 * The result goes to private memory, never to a driver's buffer: libswscale's vector code writes
 * past the end of rows, and it may read back what it wrote.
 *
 * Context: one thread at a time for each scaler.
 */
#ifndef VMEDIA_CAMERA_SCALE_H
#define VMEDIA_CAMERA_SCALE_H

#include <libavutil/frame.h>
#include <libswscale/swscale.h>

#include "colour.h"

struct vmedia_camera_scaler {
	struct SwsContext *sws[2];	/* one for all rows: [0]; or one for each field */
	struct vmedia_camera_raw from, to;
	bool fields;			/* each field is scaled separately */
	AVFrame *out;
	AVBufferRef *grey;		/* chroma of a picture without colour */
};

/*
 * vmedia_camera_scale - convert @frame to @to
 * @crop_width, @crop_height: the part of the frame to take, from its upper left corner
 * @out: receives the picture, which belongs to the scaler and is valid until its next call
 *
 * The fields of an interlaced frame are scaled separately and stay interlaced if both heights are
 * multiples of 4: each field then has whole rows of shared chroma. The chroma of two rows of a
 * field lies a quarter of the way from the first to the second in the upper field, three quarters
 * in the lower one (as in MPEG-2, H.264 and HEVC).
 *
 * If the size of @out is odd, its last row or column is repeated. Returns 0; -ENOMEM; -EINVAL:
 * libswscale cannot convert it.
 */
int vmedia_camera_scale(struct vmedia_camera_scaler *s, const AVFrame *frame, int crop_width,
			int crop_height, const struct vmedia_camera_raw *to, AVFrame **out);
void vmedia_camera_scaler_fini(struct vmedia_camera_scaler *s);

#endif
