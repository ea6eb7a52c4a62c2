/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Render a decoded picture to a driver's buffer, in as few steps as possible:
 *
 *	transparent, or on its side:		made opaque, turned (upright.h)
 *	same size, samples that can be packed:	packed (copied, interleaved)
 *	otherwise:				scaled to private memory, packed
 *	MJPG:					scaled unless it fits, compressed
 *
 * Context: one thread at a time for each renderer.
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
	struct vmedia_camera_target flipped;	/* JPEG source when flipped; mem is private */
};

struct vmedia_camera_view {
	unsigned int turn;			/* of the picture, before the guest's flips */
	bool hflip, vflip;
	int quality;				/* of a JPEG */
};

/*
 * @matrix: the matrix of Y, U and V in @fmt. @r must be zeroed, or stopped. Returns 0 or -ENOMEM.
 */
int vmedia_camera_render_start(struct vmedia_camera_render *r,
			       const struct vmedia_camera_format *fmt, int matrix);
void vmedia_camera_render_stop(struct vmedia_camera_render *r);

/* Returns 0; -ENOSPC: a JPEG does not fit; -ENOMEM; -EINVAL: libswscale cannot convert it; -EIO. */
int vmedia_camera_render(struct vmedia_camera_render *r, AVFrame *frame,
			 const struct vmedia_camera_view *view, struct vmedia_camera_target *t);

#endif
