// SPDX-License-Identifier: BSD-3-Clause
/*
 * JPEG pictures from private 4:2:0 planes, by libjpeg-turbo.
 */
#include "jpeg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>
#include <vmedia/log.h>

struct vmedia_camera_jpeg {
	tjhandle handle;
	uint32_t width, height;
	uint8_t *bounce;		/* for buffers below the bound; made when needed */
};

uint32_t vmedia_camera_jpeg_bound(uint32_t width, uint32_t height)
{
	return (uint32_t)tjBufSize(width, height, TJSAMP_420);
}

int vmedia_camera_jpeg_create(uint32_t width, uint32_t height, struct vmedia_camera_jpeg **jpeg)
{
	struct vmedia_camera_jpeg *j = calloc(1, sizeof(*j));

	if (!j)
		return -ENOMEM;
	j->width = width;
	j->height = height;
	j->handle = tjInitCompress();
	if (!j->handle) {
		free(j);
		return -ENOMEM;
	}
	*jpeg = j;
	return 0;
}

void vmedia_camera_jpeg_destroy(struct vmedia_camera_jpeg *jpeg)
{
	if (!jpeg)
		return;
	tjDestroy(jpeg->handle);
	free(jpeg->bounce);
	free(jpeg);
}

/*
 * @out must have room for the bound: with TJFLAG_NOREALLOC libjpeg-turbo does not check the size.
 */
static int compress(struct vmedia_camera_jpeg *j, uint8_t *const planes[3], const size_t strides[3],
		    int quality, uint8_t *out, size_t *used)
{
	const unsigned char *src[3] = { planes[0], planes[1], planes[2] };
	int pitch[3] = { (int)strides[0], (int)strides[1], (int)strides[2] };
	unsigned long size = 0;
	unsigned char *dst = out;

	if (tjCompressFromYUVPlanes(j->handle, src, j->width, pitch, j->height, TJSAMP_420, &dst,
				    &size, quality, TJFLAG_NOREALLOC)) {
		vmedia_warn("camera: a %ux%u JPEG at quality %d failed: %s", j->width, j->height,
			    quality, tjGetErrorStr2(j->handle));
		return -EIO;
	}
	*used = size;
	return 0;
}

int vmedia_camera_jpeg_encode(struct vmedia_camera_jpeg *j, uint8_t *const planes[3],
			      const size_t strides[3], int quality, uint8_t *mem, size_t size,
			      size_t *used)
{
	size_t bound = vmedia_camera_jpeg_bound(j->width, j->height);
	int err;

	if (size >= bound)
		return compress(j, planes, strides, quality, mem, used);
	if (!j->bounce)
		j->bounce = malloc(bound);
	if (!j->bounce)
		return -ENOMEM;
	for (;; quality /= 2) {
		err = compress(j, planes, strides, quality, j->bounce, used);
		if (err)
			return err;
		if (*used <= size)
			break;
		if (quality < 2)
			return -ENOSPC;
	}
	memcpy(mem, j->bounce, *used);
	return 0;
}
