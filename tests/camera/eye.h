/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What somebody sees who believes what a format says of its colours: RGB by the book, in floating
 * point, with no code of libswscale's.
 */
#ifndef TESTS_CAMERA_EYE_H
#define TESTS_CAMERA_EYE_H

#include <libavutil/frame.h>
#include <stdbool.h>
#include <stdint.h>
#include <vmedia/camera.h>

/* Luma's share of red and blue in V4L2_YCBCR_ENC_*, or AVCOL_SPC_*. */
struct weights {
	double r, b;
};
struct weights weights_of_encoding(uint32_t ycbcr_enc);
struct weights weights_of_space(enum AVColorSpace space);

void ycc_to_rgb(struct weights w, bool full, const double ycc[3], double rgb[3]);
void rgb_to_ycc(struct weights w, bool full, const double rgb[3], double ycc[3]);

/*
 * A picture of @fmt as RGB24 without padding, malloc()ed. Of shared chroma each pixel gets the
 * sample beside it; of interlaced pictures that of its field.
 */
uint8_t *eye_see(const struct vmedia_camera_format *fmt, const uint8_t *data, size_t size);

#endif
