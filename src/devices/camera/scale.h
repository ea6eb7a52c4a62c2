/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any decoded picture to one that can be packed: size, pixel format and range, by libswscale.
 *
 * The result goes to memory of our own, never to a driver's buffer: libswscale's vector code writes
 * past the end of rows, and nobody promises that it does not read back what it wrote.
 *
 * Context: one thread at a time for each scaler.
 */
#ifndef VMEDIA_CAMERA_SCALE_H
#define VMEDIA_CAMERA_SCALE_H

#include <libavutil/frame.h>
#include <libswscale/swscale.h>

#include "colour.h"

struct vmedia_camera_scaler {
	struct SwsContext *sws[2];	/* of all rows: [0]; or of each field */
	struct vmedia_camera_raw from, to;
	bool fields;			/* each field is scaled on its own */
	AVFrame *out;
	AVBufferRef *grey;		/* chroma without colour */
};

/*
 * vmedia_camera_scale - make @frame into @to, in @out, which belongs to the scaler and holds until
 * its next call
 * @crop_width, @crop_height: how much of the frame to take, from its upper left corner
 *
 * The fields of an interlaced frame are scaled each on its own, and stay interlaced, where both
 * heights are multiples of 4: that many rows give whole rows of shared chroma to each field. The
 * chroma of two rows of a field lies a quarter of the way from the first to the second in the upper
 * field, three quarters in the lower one (MPEG-2's, which H.264 and HEVC share).
 *
 * Rows and columns of @out are doubled at the end where its size is odd. 0, -ENOMEM; -EINVAL:
 * libswscale cannot.
 */
int vmedia_camera_scale(struct vmedia_camera_scaler *s, const AVFrame *frame, int crop_width,
			int crop_height, const struct vmedia_camera_raw *to, AVFrame **out);
void vmedia_camera_scaler_fini(struct vmedia_camera_scaler *s);

#endif
