/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pixel formats: one table with the memory layout of each and its V4L2 description.
 *
 * A format has colour planes (Y, Cb, Cr) and memory planes (a v4l2_plane each). In the "M" formats
 * (NM12, YM12) each colour plane is a memory plane. In all others there is one memory plane, in
 * which the colour planes follow one another.
 *
 * Context: any thread; the table is constant.
 */
#ifndef VMEDIA_PIXFMT_H
#define VMEDIA_PIXFMT_H

#include <vmedia/v4l2.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VMEDIA_COLOUR_PLANES 4

enum vmedia_pixfmt_kind {
	VMEDIA_PIXFMT_YUV,
	VMEDIA_PIXFMT_RGB,
	VMEDIA_PIXFMT_BAYER,
	VMEDIA_PIXFMT_CODED,		/* compressed: sizeimage is a bound, bytesperline 0 */
	VMEDIA_PIXFMT_DATA,		/* metadata, SDR samples: only a buffer size */
};

struct vmedia_pixfmt {
	uint32_t pixelformat;
	uint32_t flags;			/* V4L2_FMT_FLAG_*, as the kernel's ENUM_FMT sets them */
	const char *description;	/* the kernel's text, exactly */
	uint8_t kind;			/* enum vmedia_pixfmt_kind */
	uint8_t mem_planes;		/* 1, or colour_planes in the M formats */
	uint8_t colour_planes;		/* 0 for coded formats and data */
	/* bits of one sample position of the colour plane, subsampling not counted */
	uint8_t bits[VMEDIA_COLOUR_PLANES];
	uint8_t hsub, vsub;		/* subsampling of colour planes 1 and 2: 1, 2, 4 */
	uint8_t walign, halign;		/* width and height are multiples of these: 1, 2, 4 */
};

/* Return the row of @pixelformat, or NULL. */
const struct vmedia_pixfmt *vmedia_pixfmt_find(uint32_t pixelformat);
/* Return all rows, for listings and tests. */
const struct vmedia_pixfmt *vmedia_pixfmt_table(unsigned int *count);

/* The layout of one picture in its memory planes. */
struct vmedia_layout_plane {
	uint32_t stride;		/* bytes per line */
	uint32_t lines;
	uint32_t width;			/* bytes of a line that hold picture data */
	uint32_t offset;		/* of the colour plane in its memory plane */
	uint8_t mem;			/* index of the memory plane */
};
struct vmedia_picture_layout {
	unsigned int num_colour, num_mem;
	struct vmedia_layout_plane colour[VMEDIA_COLOUR_PLANES];
	/* as in v4l2_pix_format, of memory plane i */
	uint32_t bytesperline[VMEDIA_COLOUR_PLANES];
	uint32_t sizeimage[VMEDIA_COLOUR_PLANES];	/* of memory plane i */
};

/*
 * vmedia_pixfmt_layout - lay out a @width x @height picture
 * @bytesperline: wished for each memory plane, 0 for none (or NULL); used, rounded down to a whole
 *	sample, if it is between the least one and four times that; else the least one is used
 *
 * For coded formats the layout has no colour planes, and sizeimage[0] is a bound: width * height *
 * 2, at least 64 KiB for stills and 1 MiB for streams (clients truncate larger packets silently:
 * docs of the stateful codec interface). Returns 0, or -EINVAL for VMEDIA_PIXFMT_DATA, for a size
 * of 0, and for one whose bytes do not fit 32 bits.
 */
int vmedia_pixfmt_layout(const struct vmedia_pixfmt *pf, uint32_t width, uint32_t height,
			 const uint32_t *bytesperline, struct vmedia_picture_layout *layout);

/* Write the fourcc as text, such as "NV12" or "BG24-BE". Returns @buf. */
char *vmedia_fourcc(uint32_t pixelformat, char buf[16]);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_PIXFMT_H */
