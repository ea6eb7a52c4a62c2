/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JPEG pictures from private 4:2:0 planes, straight into a bounded buffer.
 *
 * Context: one thread at a time for each encoder.
 */
#ifndef VMEDIA_CAMERA_JPEG_H
#define VMEDIA_CAMERA_JPEG_H

#include <stddef.h>
#include <stdint.h>

struct vmedia_camera_jpeg;

#define VMEDIA_CAMERA_JPEG_QUALITY 85	/* default of the control */

/* Bytes that no picture of this size exceeds, at any quality. */
uint32_t vmedia_camera_jpeg_bound(uint32_t width, uint32_t height);

/* 0 or -ENOMEM. */
int vmedia_camera_jpeg_create(uint32_t width, uint32_t height, struct vmedia_camera_jpeg **jpeg);
void vmedia_camera_jpeg_destroy(struct vmedia_camera_jpeg *jpeg);

/*
 * vmedia_camera_jpeg_encode - compress full range Y, U, V planes into @mem
 * @planes: of width and height rounded up to even numbers, chroma of half of that; not written,
 * whatever the type says
 * @used: receives the bytes of the picture
 *
 * A buffer of vmedia_camera_jpeg_bound() bytes is written in place. A shorter one gets a copy of
 * the result, at lower qualities if it does not fit at @quality. Returns 0; -ENOSPC: it does not
 * fit at any; -ENOMEM; -EIO.
 */
int vmedia_camera_jpeg_encode(struct vmedia_camera_jpeg *jpeg, uint8_t *const planes[3],
			      const size_t strides[3], int quality, uint8_t *mem, size_t size,
			      size_t *used);

#endif
