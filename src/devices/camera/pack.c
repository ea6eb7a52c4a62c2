// SPDX-License-Identifier: BSD-3-Clause
/*
 * Packs decoded pictures into a driver's buffer.
 */
#include "pack.h"

#include <string.h>

struct rows {				/* of a private picture, possibly upside down */
	const uint8_t *data;
	ptrdiff_t step;
};

bool vmedia_camera_can_pack(const struct vmedia_camera_layout *l, enum AVPixelFormat format)
{
	switch (l->kind) {
	case VMEDIA_CAMERA_GREY:
		return format == AV_PIX_FMT_GRAY8 || format == AV_PIX_FMT_YUV420P ||
		       format == AV_PIX_FMT_YUV422P || format == AV_PIX_FMT_YUV444P ||
		       format == AV_PIX_FMT_NV12;
	case VMEDIA_CAMERA_PLANAR:
		return format == AV_PIX_FMT_YUV420P;
	case VMEDIA_CAMERA_SEMI:
		return format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_NV12;
	case VMEDIA_CAMERA_PACKED:
		return format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUV422P;
	case VMEDIA_CAMERA_RGB:
		return format == AV_PIX_FMT_RGB24 || format == AV_PIX_FMT_BGR24;
	default:
		return false;
	}
}

enum AVPixelFormat vmedia_camera_pack_format(const struct vmedia_camera_layout *l)
{
	switch (l->kind) {
	case VMEDIA_CAMERA_PACKED:
		return AV_PIX_FMT_YUV422P;
	case VMEDIA_CAMERA_RGB:
		return l->swapped ? AV_PIX_FMT_BGR24 : AV_PIX_FMT_RGB24;
	default:
		return AV_PIX_FMT_YUV420P;
	}
}

/* ---- Rows: @n samples, from the right if @mirror ---- */

static void row_copy(uint8_t *restrict dst, const uint8_t *restrict src, size_t n, bool mirror)
{
	if (!mirror) {
		memcpy(dst, src, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		dst[i] = src[n - 1 - i];
}

/* Interleave two planes to pairs. */
static void row_pairs(uint8_t *restrict dst, const uint8_t *restrict a, const uint8_t *restrict b,
		      size_t n, bool mirror)
{
	if (mirror) {
		for (size_t i = 0; i < n; i++) {
			dst[2 * i] = a[n - 1 - i];
			dst[2 * i + 1] = b[n - 1 - i];
		}
		return;
	}
	for (size_t i = 0; i < n; i++) {
		dst[2 * i] = a[i];
		dst[2 * i + 1] = b[i];
	}
}

/* Copy pairs, with the two samples swapped or not. */
static void row_turn_pairs(uint8_t *restrict dst, const uint8_t *restrict src, size_t n, bool swap,
			   bool mirror)
{
	if (!swap && !mirror) {
		memcpy(dst, src, 2 * n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		size_t from = mirror ? n - 1 - i : i;

		dst[2 * i] = src[2 * from + swap];
		dst[2 * i + 1] = src[2 * from + !swap];
	}
}

static void row_packed(uint8_t *restrict dst, const uint8_t *restrict y, const uint8_t *restrict u,
		       const uint8_t *restrict v, size_t pairs, bool swapped, bool mirror)
{
	if (!swapped && !mirror) {
		for (size_t i = 0; i < pairs; i++) {
			dst[4 * i] = y[2 * i];
			dst[4 * i + 1] = u[i];
			dst[4 * i + 2] = y[2 * i + 1];
			dst[4 * i + 3] = v[i];
		}
		return;
	}
	for (size_t i = 0; i < pairs; i++) {
		size_t from = mirror ? pairs - 1 - i : i;

		dst[4 * i + swapped] = y[2 * from + mirror];
		dst[4 * i + !swapped] = u[from];
		dst[4 * i + 2 + swapped] = y[2 * from + !mirror];
		dst[4 * i + 2 + !swapped] = v[from];
	}
}

static void row_rgb(uint8_t *restrict dst, const uint8_t *restrict src, size_t n, bool swap,
		    bool mirror)
{
	if (!swap && !mirror) {
		memcpy(dst, src, 3 * n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const uint8_t *from = src + 3 * (mirror ? n - 1 - i : i);

		dst[3 * i] = from[swap ? 2 : 0];
		dst[3 * i + 1] = from[1];
		dst[3 * i + 2] = from[swap ? 0 : 2];
	}
}

/* ---- Planes ---- */

static struct rows plane_rows(const AVFrame *f, unsigned int plane, uint32_t rows, bool vflip)
{
	ptrdiff_t step = f->linesize[plane];

	return vflip ? (struct rows){ f->data[plane] + step * (ptrdiff_t)(rows - 1), -step } :
		       (struct rows){ f->data[plane], step };
}

static void pack_plane(uint8_t *dst, size_t stride, struct rows src, size_t bytes, uint32_t rows,
		       bool mirror)
{
	for (; rows; rows--, dst += stride, src.data += src.step)
		row_copy(dst, src.data, bytes, mirror);
}

static void pack_planar(const AVFrame *f, uint32_t width, uint32_t height, bool swapped, bool hflip,
			bool vflip, const struct vmedia_camera_target *t)
{
	for (unsigned int k = 1; k < 3; k++)
		pack_plane(t->data[k], t->stride[k],
			   plane_rows(f, swapped ? 3 - k : k, height / 2, vflip), width / 2,
			   height / 2, hflip);
}

static void pack_semi(const AVFrame *f, enum AVPixelFormat format, uint32_t width, uint32_t height,
		      bool swapped, bool hflip, bool vflip, const struct vmedia_camera_target *t)
{
	uint8_t *dst = t->data[1];
	struct rows a = plane_rows(f, 1, height / 2, vflip), b = { NULL, 0 };

	if (format == AV_PIX_FMT_NV12) {
		for (uint32_t y = 0; y < height / 2; y++, dst += t->stride[1], a.data += a.step)
			row_turn_pairs(dst, a.data, width / 2, swapped, hflip);
		return;
	}
	b = plane_rows(f, 2, height / 2, vflip);
	for (uint32_t y = 0; y < height / 2;
	     y++, dst += t->stride[1], a.data += a.step, b.data += b.step)
		row_pairs(dst, swapped ? b.data : a.data, swapped ? a.data : b.data, width / 2,
			  hflip);
}

static void pack_packed(const AVFrame *f, enum AVPixelFormat format, uint32_t width,
			uint32_t height, bool swapped, bool hflip, bool vflip,
			const struct vmedia_camera_target *t)
{
	unsigned int shared = format == AV_PIX_FMT_YUV420P; /* chroma rows of two rows of luma */

	for (uint32_t i = 0; i < height; i++) {
		uint32_t y = vflip ? height - 1 - i : i, c = y >> shared;

		row_packed(t->data[0] + i * t->stride[0],
			   f->data[0] + (ptrdiff_t)y * f->linesize[0],
			   f->data[1] + (ptrdiff_t)c * f->linesize[1],
			   f->data[2] + (ptrdiff_t)c * f->linesize[2], width / 2, swapped, hflip);
	}
}

static void pack_rgb(const AVFrame *f, enum AVPixelFormat format, uint32_t width, uint32_t height,
		     bool swapped, bool hflip, bool vflip, const struct vmedia_camera_target *t)
{
	struct rows src = plane_rows(f, 0, height, vflip);
	bool swap = (format == AV_PIX_FMT_BGR24) != swapped;

	for (uint32_t y = 0; y < height; y++, src.data += src.step)
		row_rgb(t->data[0] + y * t->stride[0], src.data, width, swap, hflip);
}

void vmedia_camera_pack(const struct vmedia_camera_layout *l, const AVFrame *f,
			enum AVPixelFormat format, uint32_t width, uint32_t height, bool hflip,
			bool vflip, const struct vmedia_camera_target *t)
{
	switch (l->kind) {
	case VMEDIA_CAMERA_PACKED:
		pack_packed(f, format, width, height, l->swapped, hflip, vflip, t);
		return;
	case VMEDIA_CAMERA_RGB:
		pack_rgb(f, format, width, height, l->swapped, hflip, vflip, t);
		return;
	default:
		break;
	}
	pack_plane(t->data[0], t->stride[0], plane_rows(f, 0, height, vflip), width, height, hflip);
	if (l->kind == VMEDIA_CAMERA_PLANAR)
		pack_planar(f, width, height, l->swapped, hflip, vflip, t);
	else if (l->kind == VMEDIA_CAMERA_SEMI)
		pack_semi(f, format, width, height, l->swapped, hflip, vflip, t);
}
