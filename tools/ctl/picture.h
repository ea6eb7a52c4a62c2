/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Convert a captured frame, in any pixel format that vmedia-ctl knows, to RGB or planar 4:2:0.
 */
#ifndef VMEDIA_CTL_PICTURE_H
#define VMEDIA_CTL_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <libavutil/pixfmt.h>

#define CTL_MAX_PLANES 4

/* One frame in the driver's buffers. All memory is borrowed. */
struct ctl_picture {
	uint32_t pixelformat;	 /* V4L2_PIX_FMT_* */
	uint32_t width, height;	 /* pixels */
	unsigned int num_planes; /* memory planes */
	const uint8_t *data[CTL_MAX_PLANES];
	size_t bytesused[CTL_MAX_PLANES];
	uint32_t bytesperline[CTL_MAX_PLANES];
	uint32_t field;	    /* V4L2_FIELD_* */
	uint32_t ycbcr_enc; /* V4L2_YCBCR_ENC_*, not DEFAULT: see ctl_picture_colours() */
	bool full_range;    /* of Y, Cb and Cr */
};

/* The colour planes of a frame, as libavutil's pixel format @fmt has them. */
struct ctl_planes {
	enum AVPixelFormat fmt;
	uint32_t width, height;
	const uint8_t *data[4];
	int stride[4];
};

#define CTL_MAX_DIMENSION 32768u
#define CTL_MAX_PIXELS	  (1u << 26)

/* Take the colours from a format. Defaults are resolved by V4L2's rules. */
void ctl_picture_colours(struct ctl_picture *pic, uint32_t colorspace, uint32_t ycbcr_enc,
			 uint32_t quantization);

/* True if such pictures can be converted: the pixel format is known, and the size is possible. */
bool ctl_picture_known(const struct ctl_picture *pic);

/* True if ctl_picture_yuv420() gives full-range values, false for limited range. */
bool ctl_picture_yuv420_full(const struct ctl_picture *pic);

/* libavutil's pixel format for V4L2's; AV_PIX_FMT_NONE: it has no planes of samples. */
enum AVPixelFormat ctl_picture_av(uint32_t pixelformat);
/*
 * Point @p at the lines of @pic. All of them lie within the bytes that the frame used. Returns 0;
 * -ENOTSUP for a pixel format that has no planes of samples; -EINVAL if the frame is shorter than
 * its format says.
 */
int ctl_picture_planes(const struct ctl_picture *pic, struct ctl_planes *p);

/* A converter keeps tables between frames. Zero-initialise it; end with _finish(). */
struct ctl_converter {
	void *sws;	  /* struct SwsContext */
	void *jpeg;	  /* tjhandle */
	uint8_t *scratch; /* a decoded JPEG, or a raw frame with room around its lines */
	size_t scratch_size;
	uint8_t *coded; /* a JPEG as it came */
	size_t coded_size;
	uint8_t *out; /* a picture as libswscale wrote it */
	size_t out_size;
};

/*
 * ctl_picture_rgb - convert to 24-bit RGB of @width x @height pixels at @rgb, @width * 3 bytes a
 * line.
 * ctl_picture_yuv420 - convert to three tight planes of the picture's own size, one after another,
 * at @yuv. Both return 0; -ENOTSUP for a pixel format that cannot be shown; -EINVAL if the frame is
 * shorter than its format says or a damaged JPEG; -ENOMEM.
 */
int ctl_picture_rgb(struct ctl_converter *c, const struct ctl_picture *pic, uint8_t *rgb,
		    uint32_t width, uint32_t height);
int ctl_picture_yuv420(struct ctl_converter *c, const struct ctl_picture *pic, uint8_t *yuv);
size_t ctl_picture_yuv420_size(const struct ctl_picture *pic);
void ctl_converter_finish(struct ctl_converter *c);

/* Write @rgb as PNG to @file, which stays open. Returns 0 or negative errno. */
int ctl_png_write(FILE *file, const uint8_t *rgb, uint32_t width, uint32_t height);

#endif /* VMEDIA_CTL_PICTURE_H */
