/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Decoded pictures as they are to be seen: without transparency, and turned the right way up.
 *
 * Context: one thread at a time for each.
 */
#ifndef VMEDIA_CAMERA_UPRIGHT_H
#define VMEDIA_CAMERA_UPRIGHT_H

#include <libavutil/frame.h>
#include <stdint.h>

#include "scale.h"

/*
 * How a picture is to be turned: mirrored along the diagonal from its upper left corner, then left
 * to right, then upside down.
 */
#define VMEDIA_CAMERA_TRANSPOSE	1u
#define VMEDIA_CAMERA_HFLIP	2u
#define VMEDIA_CAMERA_VFLIP	4u

/*
 * What a display matrix of libavutil's says, its 9 numbers; NULL: nothing. Of other angles the
 * nearest quarter of a turn.
 */
unsigned int vmedia_camera_turn_of(const int32_t *matrix);

struct vmedia_camera_upright {
	struct vmedia_camera_scaler rgba;	/* with transparency */
	struct vmedia_camera_scaler plain;	/* whose samples can change places */
	AVFrame *opaque, *turned;
};

/*
 * vmedia_camera_upright - turn @frame by @turn; transparent pixels fade to black, the picture is
 * then RGB24, as is one of RGB with less than 8 bits
 * @out: receives @frame where there is nothing to do, otherwise a picture of @u's, which holds
 * until the next call. It has no side data.
 *
 * Returns 0; -ENOMEM; -EINVAL: libswscale cannot convert it.
 */
int vmedia_camera_upright(struct vmedia_camera_upright *u, AVFrame *frame, unsigned int turn,
			  AVFrame **out);
void vmedia_camera_upright_fini(struct vmedia_camera_upright *u);

#endif
