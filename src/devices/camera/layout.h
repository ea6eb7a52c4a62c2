/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How to write the camera's pixel formats, which <vmedia/pixfmt.h> does not describe.
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
 * The destination of a picture: planes for raw formats, the buffer for coded ones. The memory is
 * shared with a hostile peer: it is written once and never read.
 */
struct vmedia_camera_target {
	uint8_t *data[VMEDIA_CAMERA_PLANES];
	size_t stride[VMEDIA_CAMERA_PLANES];
	uint8_t *mem;
	size_t size;
	uint64_t sequence, time_ns;
	size_t bytesused;		/* result for coded formats; unchanged for raw ones */
	uint64_t timestamp;		/* result: a better time than the frame's; 0: none */
};

/* Returns NULL for a pixel format that no source writes. */
const struct vmedia_camera_layout *vmedia_camera_layout(uint32_t pixelformat);

/*
 * vmedia_camera_format_fill - adjust @fmt to what its pixel format allows
 *
 * Rounds width and height down, keeps bytesperline where <vmedia/pixfmt.h> allows it, and sets
 * sizeimage. The camera must support the pixelformat, and the dimensions must be at most
 * VMEDIA_CAMERA_MAX_DIMENSION.
 */
void vmedia_camera_format_fill(struct vmedia_camera_format *fmt);

/* True if the pixel format can hold a picture of exactly this size. */
bool vmedia_camera_format_fits(uint32_t pixelformat, uint32_t width, uint32_t height);

/* Point @t to the planes of a buffer of @size bytes at @mem, which has room for @fmt. */
void vmedia_camera_target_init(struct vmedia_camera_target *t,
			       const struct vmedia_camera_format *fmt, void *mem, size_t size);

#endif
