/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pictures for the camera's tests: guarded buffers, sources, and conversion to RGB by libswscale,
 * which shares no code with what is tested.
 */
#ifndef TESTS_CAMERA_PICTURE_H
#define TESTS_CAMERA_PICTURE_H

#include <linux/videodev2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vmedia/camera.h>
#include <vmedia/pixfmt.h>

/* Memory whose end is at the end of a page, behind which nothing may be touched. */
struct guarded {
	uint8_t *data;
	size_t size;
	uint8_t *map;
	size_t map_size;
};

void guarded_init(struct guarded *g, size_t size, uint8_t fill);
void guarded_fini(struct guarded *g);

/* A source of these options, NULL for none; fails the test if it does not open. */
struct vmedia_camera_source *open_source(const char *source, const char *fps, const char *size);
/*
 * Negotiate and start; fails the test if the source changes pixel format or size. @extra: bytes
 * longer rows.
 */
struct vmedia_camera_format start_source(struct vmedia_camera_source *src, uint32_t pixelformat,
					 uint32_t width, uint32_t height, uint32_t extra);
/* Fill @g, which has fmt->sizeimage bytes; returns the bytes used. */
size_t fill_source(struct vmedia_camera_source *src, struct guarded *g, uint64_t sequence,
		   uint64_t time_ns);

/* RGB24 without padding, malloc()ed: of a raw picture by libswscale, of a JPEG by libjpeg-turbo. */
uint8_t *to_rgb(const struct vmedia_camera_format *fmt, const uint8_t *data, size_t size);

/* Is byte @offset of a raw picture of @fmt one of the picture, not of the padding? */
bool is_picture(const struct vmedia_camera_format *fmt, size_t offset);

/* VMEDIA_TEST_SEED or the clock; printed once. */
uint64_t test_seed(void);
uint64_t next_random(uint64_t *state);

#endif
