/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A captured frame as a picture: from any pixel format that vmedia-ctl knows to RGB or planar
 * 4:2:0.
 */
#ifndef VMEDIA_CTL_PICTURE_H
#define VMEDIA_CTL_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CTL_MAX_PLANES 4

/* One frame as it lies in the driver's buffers; borrows all memory. */
struct ctl_picture {
	uint32_t pixelformat;	 /* V4L2_PIX_FMT_* */
	uint32_t width, height;	 /* pixels */
	unsigned int num_planes; /* memory planes */
	const uint8_t *data[CTL_MAX_PLANES];
	size_t bytesused[CTL_MAX_PLANES];
	uint32_t bytesperline[CTL_MAX_PLANES];
};

/* Converters keep their tables between frames; zero-initialise, end by ctl_converter_finish(). */
struct ctl_converter {
	void *sws;	  /* struct SwsContext */
	void *jpeg;	  /* tjhandle */
	uint8_t *scratch; /* a decoded JPEG */
	size_t scratch_size;
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

/* Write @rgb to a PNG file. Returns 0 or negative errno. */
int ctl_png_write(const char *path, const uint8_t *rgb, uint32_t width, uint32_t height);

#endif /* VMEDIA_CTL_PICTURE_H */
