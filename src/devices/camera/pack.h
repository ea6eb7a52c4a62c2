/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copy decoded pictures into a driver's buffer. Planes are copied, interleaved and mirrored;
 * samples are not converted.
 *
 * The destination is written once, only within the rows of the picture, and never read.
 */
#ifndef VMEDIA_CAMERA_PACK_H
#define VMEDIA_CAMERA_PACK_H

#include <libavutil/frame.h>
#include <stdbool.h>

#include "layout.h"

/* True if pictures of @format (no YUVJ name) can be packed as @l with unchanged samples. */
bool vmedia_camera_can_pack(const struct vmedia_camera_layout *l, enum AVPixelFormat format);

/*
 * The format to convert other formats to: of those that can be packed as @l (for JPEG: compressed)
 * the one with the least loss.
 */
enum AVPixelFormat vmedia_camera_pack_format(const struct vmedia_camera_layout *l);

/*
 * vmedia_camera_pack - pack the upper left @width x @height of @frame
 *
 * The format of @frame must be one that can be packed. Width and height are even where chroma is
 * shared. Flips apply to the part that is taken.
 */
void vmedia_camera_pack(const struct vmedia_camera_layout *l, const AVFrame *frame,
			enum AVPixelFormat format, uint32_t width, uint32_t height, bool hflip,
			bool vflip, const struct vmedia_camera_target *t);

#endif
