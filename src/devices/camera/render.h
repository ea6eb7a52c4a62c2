/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A decoded picture on its way to a driver's buffer, through as little as possible:
 *
 *	transparent, or on its side:		made opaque, turned (upright.h)
 *	same size, samples that can be packed:	packed (copied, interleaved)
 *	otherwise:				scaled to private memory, packed
 *	MJPG:					scaled unless it fits, compressed
 *
 * Context: one thread at a time for each.
 */
#ifndef VMEDIA_CAMERA_RENDER_H
#define VMEDIA_CAMERA_RENDER_H

#include "jpeg.h"
#include "layout.h"
#include "upright.h"

struct vmedia_camera_render {
	struct vmedia_camera_format format;
	const struct vmedia_camera_layout *layout;
	int matrix;				/* of the file's pictures, SWS_CS_* */
	struct vmedia_camera_upright upright;
	struct vmedia_camera_scaler scaler;
	struct vmedia_camera_jpeg *jpeg;
	struct vmedia_camera_target flipped;	/* what is compressed when flipped; mem is ours */
};

struct vmedia_camera_view {
	unsigned int turn;			/* of the picture, before the guest's flips */
	bool hflip, vflip;
	int quality;				/* of a JPEG */
};

/* @matrix: what Y, U and V of @fmt mean. 0 or -ENOMEM; zeroed before, and after stop. */
int vmedia_camera_render_start(struct vmedia_camera_render *r,
			       const struct vmedia_camera_format *fmt, int matrix);
void vmedia_camera_render_stop(struct vmedia_camera_render *r);

/* 0; -ENOSPC: a JPEG does not fit; -ENOMEM; -EINVAL: libswscale cannot convert it; -EIO. */
int vmedia_camera_render(struct vmedia_camera_render *r, AVFrame *frame,
			 const struct vmedia_camera_view *view, struct vmedia_camera_target *t);

#endif
