/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of pixel formats. Descriptions are the same as in Linux's ENUM_FMT, since clients
 * compare them.
 */
#include <linux/videodev2.h>

#include <vmedia/pixfmt.h>

#include "base/checked.h"

#define ROW(f, d, k)	.pixelformat = (f), .description = (d), .kind = VMEDIA_PIXFMT_##k

/* One colour plane, @b bits per pixel; PAIRED: macropixels of two pixels. */
#define PACKED(f, k, b, d)								\
	{ ROW(f, d, k), .mem_planes = 1, .colour_planes = 1, .bits = { (b) },		\
	  .hsub = 1, .vsub = 1, .walign = 1, .halign = 1 }
#define PAIRED(f, d)									\
	{ ROW(f, d, YUV), .mem_planes = 1, .colour_planes = 1, .bits = { 16 },		\
	  .hsub = 1, .vsub = 1, .walign = 2, .halign = 1 }
/* Bayer: cells of 2 x 2. */
#define CELLS(f, b, d)									\
	{ ROW(f, d, BAYER), .mem_planes = 1, .colour_planes = 1, .bits = { (b) },	\
	  .hsub = 1, .vsub = 1, .walign = 2, .halign = 2 }
/* Luma and interleaved chroma; @m memory planes, @b bits per sample, subsampled by @h and @v. */
#define SEMI(f, m, b, h, v, d)								\
	{ ROW(f, d, YUV), .mem_planes = (m), .colour_planes = 2, .bits = { (b), 2 * (b) }, \
	  .hsub = (h), .vsub = (v), .walign = (h), .halign = (v) }
/* Luma and two chroma planes. */
#define PLANAR(f, m, h, v, d)								\
	{ ROW(f, d, YUV), .mem_planes = (m), .colour_planes = 3, .bits = { 8, 8, 8 },	\
	  .hsub = (h), .vsub = (v), .walign = (h), .halign = (v) }
#define STREAM(f, d)									\
	{ ROW(f, d, CODED), .flags = V4L2_FMT_FLAG_COMPRESSED, .mem_planes = 1,		\
	  .walign = 1, .halign = 1 }
#define DATA(f, d) { ROW(f, d, DATA), .mem_planes = 1 }

static const struct vmedia_pixfmt table[] = {
	PACKED(V4L2_PIX_FMT_RGB332, RGB, 8, "8-bit RGB 3-3-2"),
	PACKED(V4L2_PIX_FMT_ARGB444, RGB, 16, "16-bit ARGB 4-4-4-4"),
	PACKED(V4L2_PIX_FMT_XRGB444, RGB, 16, "16-bit XRGB 4-4-4-4"),
	PACKED(V4L2_PIX_FMT_ARGB555, RGB, 16, "16-bit ARGB 1-5-5-5"),
	PACKED(V4L2_PIX_FMT_XRGB555, RGB, 16, "16-bit XRGB 1-5-5-5"),
	PACKED(V4L2_PIX_FMT_RGB565, RGB, 16, "16-bit RGB 5-6-5"),
	PACKED(V4L2_PIX_FMT_RGB565X, RGB, 16, "16-bit RGB 5-6-5 BE"),
	PACKED(V4L2_PIX_FMT_BGR24, RGB, 24, "24-bit BGR 8-8-8"),
	PACKED(V4L2_PIX_FMT_RGB24, RGB, 24, "24-bit RGB 8-8-8"),
	PACKED(V4L2_PIX_FMT_BGR32, RGB, 32, "32-bit BGRA/X 8-8-8-8"),
	PACKED(V4L2_PIX_FMT_ABGR32, RGB, 32, "32-bit BGRA 8-8-8-8"),
	PACKED(V4L2_PIX_FMT_XBGR32, RGB, 32, "32-bit BGRX 8-8-8-8"),
	PACKED(V4L2_PIX_FMT_RGB32, RGB, 32, "32-bit A/XRGB 8-8-8-8"),
	PACKED(V4L2_PIX_FMT_ARGB32, RGB, 32, "32-bit ARGB 8-8-8-8"),
	PACKED(V4L2_PIX_FMT_XRGB32, RGB, 32, "32-bit XRGB 8-8-8-8"),
	PACKED(V4L2_PIX_FMT_BGRA32, RGB, 32, "32-bit ABGR 8-8-8-8"),
	PACKED(V4L2_PIX_FMT_BGRX32, RGB, 32, "32-bit XBGR 8-8-8-8"),
	PACKED(V4L2_PIX_FMT_RGBA32, RGB, 32, "32-bit RGBA 8-8-8-8"),
	PACKED(V4L2_PIX_FMT_RGBX32, RGB, 32, "32-bit RGBX 8-8-8-8"),

	PACKED(V4L2_PIX_FMT_GREY, YUV, 8, "8-bit Greyscale"),
	PACKED(V4L2_PIX_FMT_Y10, YUV, 16, "10-bit Greyscale"),
	PACKED(V4L2_PIX_FMT_Y12, YUV, 16, "12-bit Greyscale"),
	PACKED(V4L2_PIX_FMT_Y16, YUV, 16, "16-bit Greyscale"),
	PACKED(V4L2_PIX_FMT_Y16_BE, YUV, 16, "16-bit Greyscale BE"),
	PACKED(V4L2_PIX_FMT_Z16, YUV, 16, "16-bit Depth"),

	PAIRED(V4L2_PIX_FMT_YUYV, "YUYV 4:2:2"),
	PAIRED(V4L2_PIX_FMT_YVYU, "YVYU 4:2:2"),
	PAIRED(V4L2_PIX_FMT_UYVY, "UYVY 4:2:2"),
	PAIRED(V4L2_PIX_FMT_VYUY, "VYUY 4:2:2"),
	PACKED(V4L2_PIX_FMT_YUV24, YUV, 24, "24-bit YUV 4:4:4 8-8-8"),
	PACKED(V4L2_PIX_FMT_AYUV32, YUV, 32, "32-bit AYUV 8-8-8-8"),
	PACKED(V4L2_PIX_FMT_XYUV32, YUV, 32, "32-bit XYUV 8-8-8-8"),
	PACKED(V4L2_PIX_FMT_VUYA32, YUV, 32, "32-bit VUYA 8-8-8-8"),
	PACKED(V4L2_PIX_FMT_VUYX32, YUV, 32, "32-bit VUYX 8-8-8-8"),

	SEMI(V4L2_PIX_FMT_NV12, 1, 8, 2, 2, "Y/UV 4:2:0"),
	SEMI(V4L2_PIX_FMT_NV21, 1, 8, 2, 2, "Y/VU 4:2:0"),
	SEMI(V4L2_PIX_FMT_NV16, 1, 8, 2, 1, "Y/UV 4:2:2"),
	SEMI(V4L2_PIX_FMT_NV61, 1, 8, 2, 1, "Y/VU 4:2:2"),
	SEMI(V4L2_PIX_FMT_NV24, 1, 8, 1, 1, "Y/UV 4:4:4"),
	SEMI(V4L2_PIX_FMT_NV42, 1, 8, 1, 1, "Y/VU 4:4:4"),
	SEMI(V4L2_PIX_FMT_P010, 1, 16, 2, 2, "10-bit Y/UV 4:2:0"),
	SEMI(V4L2_PIX_FMT_NV12M, 2, 8, 2, 2, "Y/UV 4:2:0 (N-C)"),
	SEMI(V4L2_PIX_FMT_NV21M, 2, 8, 2, 2, "Y/VU 4:2:0 (N-C)"),
	SEMI(V4L2_PIX_FMT_NV16M, 2, 8, 2, 1, "Y/UV 4:2:2 (N-C)"),
	SEMI(V4L2_PIX_FMT_NV61M, 2, 8, 2, 1, "Y/VU 4:2:2 (N-C)"),

	PLANAR(V4L2_PIX_FMT_YUV420, 1, 2, 2, "Planar YUV 4:2:0"),
	PLANAR(V4L2_PIX_FMT_YVU420, 1, 2, 2, "Planar YVU 4:2:0"),
	PLANAR(V4L2_PIX_FMT_YUV422P, 1, 2, 1, "Planar YUV 4:2:2"),
	PLANAR(V4L2_PIX_FMT_YUV411P, 1, 4, 1, "Planar YUV 4:1:1"),
	PLANAR(V4L2_PIX_FMT_YUV410, 1, 4, 4, "Planar YUV 4:1:0"),
	PLANAR(V4L2_PIX_FMT_YVU410, 1, 4, 4, "Planar YVU 4:1:0"),
	PLANAR(V4L2_PIX_FMT_YUV420M, 3, 2, 2, "Planar YUV 4:2:0 (N-C)"),
	PLANAR(V4L2_PIX_FMT_YVU420M, 3, 2, 2, "Planar YVU 4:2:0 (N-C)"),
	PLANAR(V4L2_PIX_FMT_YUV422M, 3, 2, 1, "Planar YUV 4:2:2 (N-C)"),
	PLANAR(V4L2_PIX_FMT_YVU422M, 3, 2, 1, "Planar YVU 4:2:2 (N-C)"),
	PLANAR(V4L2_PIX_FMT_YUV444M, 3, 1, 1, "Planar YUV 4:4:4 (N-C)"),
	PLANAR(V4L2_PIX_FMT_YVU444M, 3, 1, 1, "Planar YVU 4:4:4 (N-C)"),

	CELLS(V4L2_PIX_FMT_SBGGR8, 8, "8-bit Bayer BGBG/GRGR"),
	CELLS(V4L2_PIX_FMT_SGBRG8, 8, "8-bit Bayer GBGB/RGRG"),
	CELLS(V4L2_PIX_FMT_SGRBG8, 8, "8-bit Bayer GRGR/BGBG"),
	CELLS(V4L2_PIX_FMT_SRGGB8, 8, "8-bit Bayer RGRG/GBGB"),
	CELLS(V4L2_PIX_FMT_SBGGR10, 16, "10-bit Bayer BGBG/GRGR"),
	CELLS(V4L2_PIX_FMT_SGBRG10, 16, "10-bit Bayer GBGB/RGRG"),
	CELLS(V4L2_PIX_FMT_SGRBG10, 16, "10-bit Bayer GRGR/BGBG"),
	CELLS(V4L2_PIX_FMT_SRGGB10, 16, "10-bit Bayer RGRG/GBGB"),
	CELLS(V4L2_PIX_FMT_SBGGR12, 16, "12-bit Bayer BGBG/GRGR"),
	CELLS(V4L2_PIX_FMT_SGBRG12, 16, "12-bit Bayer GBGB/RGRG"),
	CELLS(V4L2_PIX_FMT_SGRBG12, 16, "12-bit Bayer GRGR/BGBG"),
	CELLS(V4L2_PIX_FMT_SRGGB12, 16, "12-bit Bayer RGRG/GBGB"),
	CELLS(V4L2_PIX_FMT_SBGGR16, 16, "16-bit Bayer BGBG/GRGR"),
	CELLS(V4L2_PIX_FMT_SGBRG16, 16, "16-bit Bayer GBGB/RGRG"),
	CELLS(V4L2_PIX_FMT_SGRBG16, 16, "16-bit Bayer GRGR/BGBG"),
	CELLS(V4L2_PIX_FMT_SRGGB16, 16, "16-bit Bayer RGRG/GBGB"),

	STREAM(V4L2_PIX_FMT_MJPEG, "Motion-JPEG"),
	STREAM(V4L2_PIX_FMT_JPEG, "JFIF JPEG"),
	STREAM(V4L2_PIX_FMT_MPEG, "MPEG-1/2/4"),
	STREAM(V4L2_PIX_FMT_H264, "H.264"),
	STREAM(V4L2_PIX_FMT_H264_NO_SC, "H.264 (No Start Codes)"),
	STREAM(V4L2_PIX_FMT_H264_SLICE, "H.264 Parsed Slice Data"),
	STREAM(V4L2_PIX_FMT_H263, "H.263"),
	STREAM(V4L2_PIX_FMT_MPEG1, "MPEG-1 ES"),
	STREAM(V4L2_PIX_FMT_MPEG2, "MPEG-2 ES"),
	STREAM(V4L2_PIX_FMT_MPEG4, "MPEG-4 Part 2 ES"),
	STREAM(V4L2_PIX_FMT_XVID, "Xvid"),
	STREAM(V4L2_PIX_FMT_VC1_ANNEX_G, "VC-1 (SMPTE 412M Annex G)"),
	STREAM(V4L2_PIX_FMT_VC1_ANNEX_L, "VC-1 (SMPTE 412M Annex L)"),
	STREAM(V4L2_PIX_FMT_VP8, "VP8"),
	STREAM(V4L2_PIX_FMT_VP9, "VP9"),
	STREAM(V4L2_PIX_FMT_HEVC, "HEVC"),
	STREAM(V4L2_PIX_FMT_FWHT, "FWHT"),
	STREAM(V4L2_PIX_FMT_AV1, "AV1 OBU Stream"),

	DATA(V4L2_SDR_FMT_CU8, "Complex U8"),
	DATA(V4L2_SDR_FMT_CU16LE, "Complex U16LE"),
	DATA(V4L2_SDR_FMT_CS8, "Complex S8"),
	DATA(V4L2_SDR_FMT_CS14LE, "Complex S14LE"),
	DATA(V4L2_SDR_FMT_RU12LE, "Real U12LE"),
	DATA(V4L2_META_FMT_UVC, "UVC Payload Header Metadata"),
	DATA(V4L2_META_FMT_VIVID, "Vivid Metadata"),
};

const struct vmedia_pixfmt *vmedia_pixfmt_table(unsigned int *count)
{
	*count = VMEDIA_ARRAY_SIZE(table);
	return table;
}

const struct vmedia_pixfmt *vmedia_pixfmt_find(uint32_t pixelformat)
{
	unsigned int i;

	for (i = 0; i < VMEDIA_ARRAY_SIZE(table); i++)
		if (table[i].pixelformat == pixelformat)
			return &table[i];
	return NULL;
}
