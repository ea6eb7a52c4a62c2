/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a picture of a file should be, pixel by pixel: the same samples in another order, found by
 * coordinates alone.
 */
#ifndef TESTS_CAMERA_COMPARE_H
#define TESTS_CAMERA_COMPARE_H

#include <libavutil/frame.h>
#include <vmedia/camera.h>

/* Fails the test unless @data, a raw picture of @fmt, has the samples of @f. */
void check_picture(const struct vmedia_camera_format *fmt, const uint8_t *data, const AVFrame *f);

/*
 * Fails the test unless two and a half laps of clip @name are what libavcodec gives for it, twice,
 * and padding stays untouched. @extra: bytes longer rows.
 */
void check_clip(const char *name, uint32_t pixelformat, uint32_t width, uint32_t height,
		uint32_t extra);

#endif
