/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Snapshots: PNG through libpng's simplified API. libpng gets an open file and not a name, since it
 * removes a file by name when it cannot write it, and that could be a device node.
 */
#include <errno.h>
#include <string.h>

#include <png.h>

#include "picture.h"

int ctl_png_write(FILE *file, const uint8_t *rgb, uint32_t width, uint32_t height)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = width,
		.height = height,
		.format = PNG_FORMAT_RGB,
	};
	int saved;

	errno = 0;
	if (png_image_write_to_stdio(&image, file, 0, rgb, (png_int_32)width * 3, NULL) &&
	    fflush(file) == 0)
		return 0;
	saved = errno;
	png_image_free(&image);
	return saved ? -saved : -EIO;
}
