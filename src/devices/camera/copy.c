// SPDX-License-Identifier: BSD-3-Clause
/* Copies a raw picture row by row. */
#include "copy.h"

#include <string.h>

/* Bytes of a row of plane @i, without the padding behind it. */
static size_t row_bytes(const struct vmedia_camera_layout *l, unsigned int i, uint32_t width)
{
	switch (l->kind) {
	case VMEDIA_CAMERA_RGB:
		return 3 * (size_t)width;
	case VMEDIA_CAMERA_PACKED:
		return 2 * (size_t)width;
	case VMEDIA_CAMERA_PLANAR:
		return i ? width / 2 : width;
	default:
		return width;
	}
}

void vmedia_camera_copy(const struct vmedia_camera_format *format, const void *picture,
			const struct vmedia_camera_target *t)
{
	const struct vmedia_camera_layout *l = vmedia_camera_layout(format->pixelformat);
	struct vmedia_camera_target from;

	/* It does not write there. */
	vmedia_camera_target_init(&from, format, (void *)(uintptr_t)picture, format->sizeimage);
	for (unsigned int i = 0; i < l->planes; i++) {
		uint32_t rows = i ? format->height / 2 : format->height;
		size_t bytes = row_bytes(l, i, format->width);

		for (uint32_t y = 0; y < rows; y++)
			memcpy(t->data[i] + y * t->stride[i], from.data[i] + y * from.stride[i],
			       bytes);
	}
}
