/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Make decoded pictures ready for display: without transparency, and turned the right way up.
 *
 * Context: one thread at a time for each struct.
 */
#ifndef VMEDIA_CAMERA_UPRIGHT_H
#define VMEDIA_CAMERA_UPRIGHT_H

#include <libavutil/frame.h>
#include <stdint.h>

#include "scale.h"

/*
 * How to turn a picture: mirror it along the diagonal from its upper left corner, then left to
 * right, then upside down.
 */
#define VMEDIA_CAMERA_TRANSPOSE	1u
#define VMEDIA_CAMERA_HFLIP	2u
#define VMEDIA_CAMERA_VFLIP	4u

/*
 * The turn for a display matrix of libavutil, 9 numbers; NULL: no turn. Other angles are rounded to
 * the nearest quarter of a turn.
 */
unsigned int vmedia_camera_turn_of(const int32_t *matrix);

struct vmedia_camera_upright {
	struct vmedia_camera_scaler rgba;	/* with transparency */
	struct vmedia_camera_scaler plain;	/* a format whose samples can change places */
	AVFrame *opaque, *turned;
};

/*
 * vmedia_camera_upright - turn @frame by @turn and make it opaque
 * @out: receives @frame if there is nothing to do, otherwise a picture that belongs to @u and is
 *	valid until the next call. It has no side data.
 *
 * Transparent pixels fade to black. A picture with transparency becomes RGB24, as does one of RGB
 * with less than 8 bits. Returns 0; -ENOMEM; -EINVAL: libswscale cannot convert it.
 */
int vmedia_camera_upright(struct vmedia_camera_upright *u, AVFrame *frame, unsigned int turn,
			  AVFrame **out);
void vmedia_camera_upright_fini(struct vmedia_camera_upright *u);

#endif
