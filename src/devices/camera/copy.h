/* SPDX-License-Identifier: BSD-3-Clause */
/* Copy a raw picture that has the format of the driver's buffer. */
#ifndef VMEDIA_CAMERA_COPY_H
#define VMEDIA_CAMERA_COPY_H

#include "layout.h"

/*
 * vmedia_camera_copy - copy the rows of the picture at @picture, of @format
 *
 * @t is of the same pixel format and size; its rows may be longer.
 */
void vmedia_camera_copy(const struct vmedia_camera_format *format, const void *picture,
			const struct vmedia_camera_target *t);

#endif
