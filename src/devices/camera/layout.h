/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the camera knows of its pixel formats beyond <vmedia/pixfmt.h>: how to write them.
 */
#ifndef VMEDIA_CAMERA_LAYOUT_H
#define VMEDIA_CAMERA_LAYOUT_H

#include <linux/videodev2.h>
#include <vmedia/camera.h>
#include <vmedia/pixfmt.h>

enum vmedia_camera_kind {
	VMEDIA_CAMERA_GREY,		/* Y */
	VMEDIA_CAMERA_PLANAR,		/* Y; U; V, 4:2:0 */
	VMEDIA_CAMERA_SEMI,		/* Y; UV pairs, 4:2:0 */
	VMEDIA_CAMERA_PACKED,		/* Y U Y V in one plane, 4:2:2 */
	VMEDIA_CAMERA_RGB,		/* R G B in one plane */
	VMEDIA_CAMERA_JPEG,
};

struct vmedia_camera_layout {
	uint32_t pixelformat;
	uint8_t kind;			/* enum vmedia_camera_kind */
	uint8_t planes;			/* colour planes, 0 for JPEG */
	bool swapped;			/* V before U, U Y V Y, B before R */
};

#define VMEDIA_CAMERA_PLANES 3

/*
 * Where a picture goes: its planes for raw formats, the buffer for coded ones. Memory of a hostile
 * peer: written once, never read.
 */
struct vmedia_camera_target {
	uint8_t *data[VMEDIA_CAMERA_PLANES];
	size_t stride[VMEDIA_CAMERA_PLANES];
	uint8_t *mem;
	size_t size;
	uint64_t sequence, time_ns;
	size_t bytesused;		/* result for coded formats; raw ones leave it */
};

/* NULL for a pixel format that no source writes. */
const struct vmedia_camera_layout *vmedia_camera_layout(uint32_t pixelformat);

/*
 * vmedia_camera_format_fill - fit width and height of @fmt to what its pixel format can have
 * (downwards), and fill in bytesperline, which is kept where <vmedia/pixfmt.h> allows, and
 * sizeimage. Its pixelformat must be one of ours, its dimensions at most
 * VMEDIA_CAMERA_MAX_DIMENSION.
 */
void vmedia_camera_format_fill(struct vmedia_camera_format *fmt);

/* Does a picture of this size lie well in this pixel format, without a pixel too much? */
bool vmedia_camera_format_fits(uint32_t pixelformat, uint32_t width, uint32_t height);

/* Point @t to the planes of a buffer of @size bytes at @mem, which has room for @fmt. */
void vmedia_camera_target_init(struct vmedia_camera_target *t,
			       const struct vmedia_camera_format *fmt, void *mem, size_t size);

#endif
