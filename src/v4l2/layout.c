/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory that a format takes: planes, their sizes, the picture in them.
 */
#include <string.h>

#include <linux/videodev2.h>

#include "v4l2/format.h"

bool vmedia_queue_is_video(const struct vmedia_queue *q)
{
	return q->type == V4L2_BUF_TYPE_VIDEO_CAPTURE || q->type == V4L2_BUF_TYPE_VIDEO_OUTPUT ||
	       q->mplane;
}

uint32_t vmedia_format_plane_sizes(const struct vmedia_format *fmt,
				   uint32_t sizes[VMEDIA_MAX_PLANES])
{
	const struct vmedia_pix_format_mplane *mp = &fmt->fmt.pix_mp;
	const struct vmedia_vbi_format *vbi = &fmt->fmt.vbi;
	uint64_t size;
	uint32_t i;

	switch (fmt->type) {
	case V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
		if (mp->num_planes > VMEDIA_MAX_PLANES)
			return 0;
		for (i = 0; i < mp->num_planes; i++)
			sizes[i] = mp->plane_fmt[i].sizeimage;
		return mp->num_planes;
	case V4L2_BUF_TYPE_VIDEO_CAPTURE:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT:
		sizes[0] = fmt->fmt.pix.sizeimage;
		return 1;
	case V4L2_BUF_TYPE_VBI_CAPTURE:
	case V4L2_BUF_TYPE_VBI_OUTPUT:
		size = (uint64_t)vbi->samples_per_line * ((uint64_t)vbi->count[0] + vbi->count[1]);
		sizes[0] = size > UINT32_MAX ? 0 : (uint32_t)size;
		return 1;
	case V4L2_BUF_TYPE_SLICED_VBI_CAPTURE:
	case V4L2_BUF_TYPE_SLICED_VBI_OUTPUT:
		sizes[0] = fmt->fmt.sliced.io_size;
		return 1;
	case V4L2_BUF_TYPE_SDR_CAPTURE:
	case V4L2_BUF_TYPE_SDR_OUTPUT:
		sizes[0] = fmt->fmt.sdr.buffersize;
		return 1;
	case V4L2_BUF_TYPE_META_CAPTURE:
	case V4L2_BUF_TYPE_META_OUTPUT:
		sizes[0] = fmt->fmt.meta.buffersize;
		return 1;
	default:
		return 0;
	}
}

uint32_t vmedia_queue_plane_sizes(const struct vmedia_queue *q, uint32_t sizes[VMEDIA_MAX_PLANES])
{
	return vmedia_format_plane_sizes(&q->fmt, sizes);
}

static bool is_coded(const struct vmedia_queue *q)
{
	return (q->pf && q->pf->kind == VMEDIA_PIXFMT_CODED) ||
	       (q->fcfg && q->fcfg->flags & V4L2_FMT_FLAG_COMPRESSED);
}

/*
 * The sizes are those of the format, which hold its layout (fit.c). Coded OUTPUT needs 0: bytesused
 * is the length of its data, and sizeimage is only the room that the next packet may need.
 */
uint32_t vmedia_queue_plane_needs(const struct vmedia_queue *q, uint32_t sizes[VMEDIA_MAX_PLANES])
{
	uint32_t n = vmedia_queue_plane_sizes(q, sizes);

	if (q->output && is_coded(q))
		memset(sizes, 0, n * sizeof(*sizes));
	return n;
}

int vmedia_format_layout(const struct vmedia_format *fmt, const struct vmedia_pixfmt *pf,
			 struct vmedia_picture_layout *l)
{
	const struct vmedia_pix_format_mplane *mp = &fmt->fmt.pix_mp;
	const struct vmedia_pix_format *pix = &fmt->fmt.pix;
	bool mplane = V4L2_TYPE_IS_MULTIPLANAR(fmt->type);
	uint32_t bpl[VMEDIA_COLOUR_PLANES] = { 0 }, i;
	int err;

	for (i = 0; i < VMEDIA_COLOUR_PLANES; i++)
		bpl[i] = mplane ? mp->plane_fmt[i].bytesperline : i ? 0 : pix->bytesperline;
	err = vmedia_pixfmt_layout(pf, mplane ? mp->width : pix->width,
				   mplane ? mp->height : pix->height, bpl, l);
	if (err)
		memset(l, 0, sizeof(*l));
	return err;
}

void vmedia_queue_layout(const struct vmedia_queue *q, struct vmedia_picture_layout *l)
{
	uint32_t sizes[VMEDIA_MAX_PLANES], i;

	memset(l, 0, sizeof(*l));
	if (!q->pf || vmedia_format_layout(&q->fmt, q->pf, l))
		return;
	vmedia_queue_plane_sizes(q, sizes);
	for (i = 0; i < l->num_mem; i++)
		l->sizeimage[i] = sizes[i];
}
