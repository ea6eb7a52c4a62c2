/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The camera's pictures. In the upper left corner there are 32 squares of 8 pixels, in two rows:
 * white ones are the set bits of the frame's number, the lowest bit first. The rest are colour bars
 * that move with the number, as bright as the control says. MJPG also has the number as text, in a
 * comment: PICTURE_COMMENT and eight hexadecimal digits.
 */
#ifndef TESTS_UVC_PICTURE_H
#define TESTS_UVC_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#define PICTURE_COMMENT "vmedia frame "

struct picture {
	uint32_t number;
	uint32_t width, height;	/* multiples of 16 and 8, at least 128 by 16 */
	int32_t brightness;	/* is added to the luma of the bars */
};

/* Each returns the number of bytes: of YUYV always width * height * 2, of MJPG at most that. */
size_t picture_yuyv(const struct picture *p, uint8_t *out);
size_t picture_jpeg(const struct picture *p, uint8_t *out);

/* The number that squares of a YUYV picture show. */
uint32_t picture_read_yuyv(const uint8_t *bytes, uint32_t width);

#endif /* TESTS_UVC_PICTURE_H */
