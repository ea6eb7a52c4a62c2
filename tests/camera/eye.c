// SPDX-License-Identifier: BSD-3-Clause
/*
 * What somebody sees who believes what a format says of its colours.
 */
#include "eye.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <vmedia/pixfmt.h>

#include "picture.h"

static const struct weights bt601 = { 0.299, 0.114 }, bt709 = { 0.2126, 0.0722 },
			    bt2020 = { 0.2627, 0.0593 }, smpte240m = { 0.212, 0.087 },
			    fcc = { 0.30, 0.11 };

struct weights weights_of_encoding(uint32_t ycbcr_enc)
{
	switch (ycbcr_enc) {
	case V4L2_YCBCR_ENC_601:
		return bt601;
	case V4L2_YCBCR_ENC_709:
		return bt709;
	case V4L2_YCBCR_ENC_BT2020:
	case V4L2_YCBCR_ENC_BT2020_CONST_LUM:
		return bt2020;
	case V4L2_YCBCR_ENC_SMPTE240M:
		return smpte240m;
	default:
		fail_msg("no weights for ycbcr_enc %u", ycbcr_enc);
		return bt601;
	}
}

struct weights weights_of_space(enum AVColorSpace space)
{
	switch (space) {
	case AVCOL_SPC_BT709:
		return bt709;
	case AVCOL_SPC_BT2020_NCL:
	case AVCOL_SPC_BT2020_CL:
		return bt2020;
	case AVCOL_SPC_SMPTE240M:
		return smpte240m;
	case AVCOL_SPC_FCC:
		return fcc;
	default:
		return bt601;
	}
}

void ycc_to_rgb(struct weights w, bool full, const double ycc[3], double rgb[3])
{
	double y = full ? ycc[0] : (ycc[0] - 16) * 255 / 219;
	double cb = (ycc[1] - 128) * (full ? 1 : 255 / 224.0);
	double cr = (ycc[2] - 128) * (full ? 1 : 255 / 224.0);

	rgb[0] = y + 2 * (1 - w.r) * cr;
	rgb[2] = y + 2 * (1 - w.b) * cb;
	rgb[1] = (y - w.r * rgb[0] - w.b * rgb[2]) / (1 - w.r - w.b);
}

void rgb_to_ycc(struct weights w, bool full, const double rgb[3], double ycc[3])
{
	double y = w.r * rgb[0] + (1 - w.r - w.b) * rgb[1] + w.b * rgb[2];

	ycc[0] = full ? y : 16 + y * 219 / 255;
	ycc[1] = 128 + (rgb[2] - y) / (2 * (1 - w.b)) * (full ? 1 : 224 / 255.0);
	ycc[2] = 128 + (rgb[0] - y) / (2 * (1 - w.r)) * (full ? 1 : 224 / 255.0);
}

static uint8_t clamp(double v)
{
	return v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)(v + 0.5);
}

/* The row of chroma that belongs to row @y of luma, of 4:2:0. */
static size_t chroma_row(const struct vmedia_camera_format *fmt, size_t y)
{
	return fmt->field == V4L2_FIELD_NONE ? y / 2 : y / 4 * 2 + (y & 1);
}

static void sample(const struct vmedia_camera_format *fmt, const struct vmedia_picture_layout *l,
		   const uint8_t *data, size_t x, size_t y, double out[3])
{
	const uint8_t *row = data + l->colour[0].offset + y * l->colour[0].stride;
	const uint8_t *c[2] = { 0 };
	size_t cy = chroma_row(fmt, y);

	for (unsigned int i = 1; i < l->num_colour; i++)
		c[i - 1] = data + l->colour[i].offset + cy * l->colour[i].stride;
	out[0] = row[x];
	out[1] = out[2] = 128;
	switch (fmt->pixelformat) {
	case V4L2_PIX_FMT_YUYV:
		out[0] = row[2 * x];
		out[1] = row[x / 2 * 4 + 1];
		out[2] = row[x / 2 * 4 + 3];
		break;
	case V4L2_PIX_FMT_UYVY:
		out[0] = row[2 * x + 1];
		out[1] = row[x / 2 * 4];
		out[2] = row[x / 2 * 4 + 2];
		break;
	case V4L2_PIX_FMT_NV12:
	case V4L2_PIX_FMT_NV21:
		out[1] = c[0][x / 2 * 2 + (fmt->pixelformat == V4L2_PIX_FMT_NV21)];
		out[2] = c[0][x / 2 * 2 + (fmt->pixelformat == V4L2_PIX_FMT_NV12)];
		break;
	case V4L2_PIX_FMT_YUV420:
		out[1] = c[0][x / 2];
		out[2] = c[1][x / 2];
		break;
	case V4L2_PIX_FMT_YVU420:
		out[1] = c[1][x / 2];
		out[2] = c[0][x / 2];
		break;
	case V4L2_PIX_FMT_RGB24:
	case V4L2_PIX_FMT_BGR24:
		for (int i = 0; i < 3; i++)
			out[i] = row[3 * x +
				     (fmt->pixelformat == V4L2_PIX_FMT_RGB24 ? i : 2 - i)];
		break;
	default:
		break;
	}
}

uint8_t *eye_see(const struct vmedia_camera_format *fmt, const uint8_t *data, size_t size)
{
	bool full = fmt->quantization == V4L2_QUANTIZATION_FULL_RANGE,
	     plain = fmt->pixelformat == V4L2_PIX_FMT_RGB24 ||
		     fmt->pixelformat == V4L2_PIX_FMT_BGR24;
	struct vmedia_picture_layout l;
	uint8_t *rgb;

	if (fmt->pixelformat == V4L2_PIX_FMT_MJPEG)
		return to_rgb(fmt, data, size);	/* libjpeg-turbo's */
	rgb = malloc((size_t)fmt->width * fmt->height * 3);
	assert_non_null(rgb);
	assert_int_equal(vmedia_pixfmt_layout(vmedia_pixfmt_find(fmt->pixelformat), fmt->width,
					      fmt->height, &fmt->bytesperline, &l),
			 0);
	for (size_t y = 0; y < fmt->height; y++) {
		for (size_t x = 0; x < fmt->width; x++) {
			double in[3], out[3];

			sample(fmt, &l, data, x, y, in);
			ycc_to_rgb(weights_of_encoding(fmt->ycbcr_enc), full, in, out);
			for (int i = 0; i < 3; i++)
				rgb[3 * (y * fmt->width + x) + (size_t)i] =
					clamp(plain ? in[i] : out[i]);
		}
	}
	return rgb;
}
