/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Decoded pictures into a driver's buffer: planes copied, interleaved, mirrored; sample for sample,
 * nothing converted.
 *
 * The destination is written once, only within the rows of the picture, and never read.
 */
#ifndef VMEDIA_CAMERA_PACK_H
#define VMEDIA_CAMERA_PACK_H

#include <libavutil/frame.h>
#include <stdbool.h>

#include "layout.h"

/* Can pictures of @format (no YUVJ name) be packed as @l, samples unchanged? */
bool vmedia_camera_can_pack(const struct vmedia_camera_layout *l, enum AVPixelFormat format);

/*
 * The format of least loss that can be packed as @l (for JPEG: compressed), to convert others to.
 */
enum AVPixelFormat vmedia_camera_pack_format(const struct vmedia_camera_layout *l);

/*
 * vmedia_camera_pack - the upper left @width x @height of @frame, whose format can be packed. Both
 * are even where chroma is shared. Flips turn what is taken.
 */
void vmedia_camera_pack(const struct vmedia_camera_layout *l, const AVFrame *frame,
			enum AVPixelFormat format, uint32_t width, uint32_t height, bool hflip,
			bool vflip, const struct vmedia_camera_target *t);

#endif
