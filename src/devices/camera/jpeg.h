/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compress private 4:2:0 planes to JPEG pictures, directly into a buffer of limited size.
 *
 * Context: one thread at a time for each encoder.
 */
#ifndef VMEDIA_CAMERA_JPEG_H
#define VMEDIA_CAMERA_JPEG_H

#include <stddef.h>
#include <stdint.h>

struct vmedia_camera_jpeg;

#define VMEDIA_CAMERA_JPEG_QUALITY 85	/* default of the control */

/* The maximal bytes of a picture of this size, at any quality. */
uint32_t vmedia_camera_jpeg_bound(uint32_t width, uint32_t height);

/* Returns 0 or -ENOMEM. */
int vmedia_camera_jpeg_create(uint32_t width, uint32_t height, struct vmedia_camera_jpeg **jpeg);
void vmedia_camera_jpeg_destroy(struct vmedia_camera_jpeg *jpeg);

/*
 * vmedia_camera_jpeg_encode - compress full range Y, U, V planes into @mem
 * @planes: of width and height rounded up to even numbers, chroma of half of that; only read,
 *	although the type is not const
 * @used: receives the bytes of the picture
 *
 * A buffer of at least vmedia_camera_jpeg_bound() bytes is written in place. A shorter one gets a
 * copy of the result. If the result does not fit at @quality, lower qualities are used. Returns 0;
 * -ENOSPC: it does not fit at any quality; -ENOMEM; -EIO.
 */
int vmedia_camera_jpeg_encode(struct vmedia_camera_jpeg *jpeg, uint8_t *const planes[3],
			      const size_t strides[3], int quality, uint8_t *mem, size_t size,
			      size_t *used);

#endif
