/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fitting: from any format that a driver may request, all bits set included, to the nearest that
 * the device has.
 *
 * Order: pixel format (default if unknown), size (nearest), lines and sizes by <vmedia/pixfmt.h>,
 * colour (an output's as given if it is valid, a capture's as configured), then the device's
 * ->try_fmt(). Fitting a fitted format again changes nothing.
 */
#include <errno.h>
#include <string.h>

#include <linux/videodev2.h>

#include "base/checked.h"
#include "base/log.h"
#include "v4l2/format.h"

/* Single-planar and multi-planar picture formats in one shape. */
struct picture {
	uint32_t width, height, pixelformat, field, colorspace, flags, ycbcr_enc, quantization,
		xfer_func;
	uint32_t bytesperline[VMEDIA_MAX_PLANES], sizeimage[VMEDIA_MAX_PLANES];
	uint32_t num_planes;
};

static void picture_get(const struct vmedia_queue *q, const struct vmedia_format *fmt,
			struct picture *p)
{
	const struct vmedia_pix_format_mplane *mp = &fmt->fmt.pix_mp;
	const struct vmedia_pix_format *pix = &fmt->fmt.pix;
	uint32_t i;

	memset(p, 0, sizeof(*p));
	if (!q->mplane) {
		bool ext = pix->priv == V4L2_PIX_FMT_PRIV_MAGIC;

		*p = (struct picture){ .width = pix->width,
				       .height = pix->height,
				       .pixelformat = pix->pixelformat,
				       .field = pix->field,
				       .colorspace = pix->colorspace,
				       .num_planes = 1,
				       .bytesperline = { pix->bytesperline },
				       .sizeimage = { pix->sizeimage } };
		if (ext) {
			p->ycbcr_enc = pix->ycbcr_enc;
			p->quantization = pix->quantization;
			p->xfer_func = pix->xfer_func;
		}
		return;
	}
	*p = (struct picture){ .width = mp->width,
			       .height = mp->height,
			       .pixelformat = mp->pixelformat,
			       .field = mp->field,
			       .colorspace = mp->colorspace,
			       .ycbcr_enc = mp->ycbcr_enc,
			       .quantization = mp->quantization,
			       .xfer_func = mp->xfer_func,
			       .num_planes = VMEDIA_MIN((uint32_t)mp->num_planes,
							(uint32_t)VMEDIA_MAX_PLANES) };
	for (i = 0; i < p->num_planes; i++) {
		p->bytesperline[i] = mp->plane_fmt[i].bytesperline;
		p->sizeimage[i] = mp->plane_fmt[i].sizeimage;
	}
}

static void picture_put(const struct vmedia_queue *q, const struct picture *p,
			struct vmedia_format *fmt)
{
	struct vmedia_pix_format_mplane *mp = &fmt->fmt.pix_mp;
	uint32_t i;

	memset(&fmt->fmt, 0, sizeof(fmt->fmt));
	if (!q->mplane) {
		fmt->fmt.pix = (struct vmedia_pix_format){ .width = p->width,
							   .height = p->height,
							   .pixelformat = p->pixelformat,
							   .field = p->field,
							   .bytesperline = p->bytesperline[0],
							   .sizeimage = p->sizeimage[0],
							   .colorspace = p->colorspace,
							   .priv = V4L2_PIX_FMT_PRIV_MAGIC,
							   .flags = p->flags,
							   .ycbcr_enc = p->ycbcr_enc,
							   .quantization = p->quantization,
							   .xfer_func = p->xfer_func };
		return;
	}
	mp->width = p->width;
	mp->height = p->height;
	mp->pixelformat = p->pixelformat;
	mp->field = p->field;
	mp->colorspace = p->colorspace;
	mp->num_planes = (uint8_t)p->num_planes;
	mp->flags = (uint8_t)p->flags;
	mp->ycbcr_enc = (uint8_t)p->ycbcr_enc;
	mp->quantization = (uint8_t)p->quantization;
	mp->xfer_func = (uint8_t)p->xfer_func;
	for (i = 0; i < p->num_planes; i++) {
		mp->plane_fmt[i].bytesperline = p->bytesperline[i];
		mp->plane_fmt[i].sizeimage = p->sizeimage[i];
	}
}

/* ---- Colour ---- */

static uint32_t default_colorspace(const struct vmedia_queue *q, const struct vmedia_pixfmt *pf)
{
	if (q->cfg->colorspace)
		return q->cfg->colorspace;
	return pf && pf->pixelformat == V4L2_PIX_FMT_JPEG ? V4L2_COLORSPACE_JPEG
							  : V4L2_COLORSPACE_SRGB;
}

static bool colorspace_ok(uint32_t c, const struct vmedia_pixfmt *pf)
{
	if (c == V4L2_COLORSPACE_DEFAULT || c > V4L2_COLORSPACE_DCI_P3 ||
	    c == V4L2_COLORSPACE_BT878)
		return false;
	return c != V4L2_COLORSPACE_JPEG || (pf && pf->kind == VMEDIA_PIXFMT_CODED);
}

/*
 * Fit the colour. The driver sets an output's colour. CAPTURE of a memory-to-memory device has the
 * colour of OUTPUT (the device's hook copies it). A plain capture device has its own colour.
 */
static void colour_fit(const struct vmedia_queue *q, const struct vmedia_pixfmt *pf,
		       struct picture *p)
{
	bool keep = q->output || q->ctx->m2m;

	if (!keep || !colorspace_ok(p->colorspace, pf)) {
		p->colorspace = default_colorspace(q, pf);
		p->ycbcr_enc = V4L2_YCBCR_ENC_DEFAULT;
		p->quantization = V4L2_QUANTIZATION_DEFAULT;
		p->xfer_func = V4L2_XFER_FUNC_DEFAULT;
		return;
	}
	if (p->ycbcr_enc > V4L2_YCBCR_ENC_SMPTE240M)
		p->ycbcr_enc = V4L2_YCBCR_ENC_DEFAULT;
	if (p->quantization > V4L2_QUANTIZATION_LIM_RANGE)
		p->quantization = V4L2_QUANTIZATION_DEFAULT;
	if (p->xfer_func > V4L2_XFER_FUNC_SMPTE2084)
		p->xfer_func = V4L2_XFER_FUNC_DEFAULT;
}

/* ---- Pictures ---- */

static uint32_t coded_size(const struct vmedia_queue *q, const struct vmedia_format_config *f,
			   uint32_t wish, uint32_t least)
{
	uint32_t def = f->sizeimage ? f->sizeimage : least;

	/*
	 * A driver may request larger packets than the default, up to a limit, but not smaller
	 * ones.
	 */
	if ((q->output || q->ctx->m2m) && wish > def && wish <= VMEDIA_MAX(def, 1u << 25))
		return wish;
	return def;
}

static void lines_fit(const struct vmedia_queue *q, const struct vmedia_format_config *f,
		      const struct vmedia_pixfmt *pf, struct picture *p)
{
	struct vmedia_picture_layout l;
	uint32_t wish[VMEDIA_COLOUR_PLANES] = { 0 }, coded = p->sizeimage[0], i;

	for (i = 0; i < VMEDIA_COLOUR_PLANES && i < p->num_planes; i++)
		wish[i] = p->bytesperline[i];
	memset(p->bytesperline, 0, sizeof(p->bytesperline));
	memset(p->sizeimage, 0, sizeof(p->sizeimage));
	if (vmedia_pixfmt_layout(pf, p->width, p->height, q->output || q->ctx->m2m ? wish : NULL,
				 &l))
		memset(&l, 0, sizeof(l));
	p->num_planes = VMEDIA_MAX(l.num_mem, 1u);
	for (i = 0; i < l.num_mem; i++) {
		p->bytesperline[i] = l.bytesperline[i];
		p->sizeimage[i] = l.sizeimage[i];
	}
	if (pf->kind == VMEDIA_PIXFMT_CODED)
		p->sizeimage[0] = coded_size(q, f, coded, l.sizeimage[0]);
}

static int picture_fit(struct vmedia_queue *q, struct vmedia_format *fmt,
		       const struct vmedia_format_config **f, const struct vmedia_frame_size **size)
{
	const struct vmedia_pixfmt *pf;
	struct picture p;

	picture_get(q, fmt, &p);
	*f = vmedia_queue_find_format(q, p.pixelformat, false);
	if (!*f)
		return -EINVAL;
	pf = vmedia_pixfmt_find((*f)->pixelformat);
	p.pixelformat = (*f)->pixelformat;
	*size = vmedia_frame_size_fit(*f, &p.width, &p.height);
	if (pf && pf->walign > 1)
		p.width = (uint32_t)vmedia_align_up(p.width, pf->walign);
	if (pf && pf->halign > 1)
		p.height = (uint32_t)vmedia_align_up(p.height, pf->halign);
	p.field = V4L2_FIELD_NONE;
	p.flags = 0;
	if (pf)
		lines_fit(q, *f, pf, &p);
	else
		p.sizeimage[0] = (*f)->sizeimage;
	colour_fit(q, pf, &p);
	picture_put(q, &p, fmt);
	return 0;
}

/* ---- Everything else ---- */

static int data_fit(struct vmedia_queue *q, struct vmedia_format *fmt,
		    const struct vmedia_format_config **f)
{
	bool sdr = q->type == V4L2_BUF_TYPE_SDR_CAPTURE || q->type == V4L2_BUF_TYPE_SDR_OUTPUT;
	uint32_t wish = sdr ? fmt->fmt.sdr.pixelformat : fmt->fmt.meta.dataformat;

	*f = vmedia_queue_find_format(q, wish, false);
	if (!*f)
		return -EINVAL;
	memset(&fmt->fmt, 0, sizeof(fmt->fmt));
	if (sdr) {
		fmt->fmt.sdr.pixelformat = (*f)->pixelformat;
		fmt->fmt.sdr.buffersize = (*f)->sizeimage;
	} else {
		fmt->fmt.meta.dataformat = (*f)->pixelformat;
		fmt->fmt.meta.buffersize = (*f)->sizeimage;
	}
	return 0;
}

/* True if planes of these sizes can hold the layout of the picture. */
static bool hold_layout(const struct vmedia_format *fmt, const struct vmedia_format_config *f,
			const uint32_t *sizes, uint32_t n)
{
	const struct vmedia_pixfmt *pf = f ? vmedia_pixfmt_find(f->pixelformat) : NULL;
	struct vmedia_picture_layout l;
	uint32_t i;

	if (!pf || pf->kind == VMEDIA_PIXFMT_CODED || pf->kind == VMEDIA_PIXFMT_DATA)
		return true;
	if (vmedia_format_layout(fmt, pf, &l) || l.num_mem != n)
		return false;
	for (i = 0; i < n; i++)
		if (sizes[i] < l.sizeimage[i])
			return false;
	return true;
}

/* Check that ->try_fmt() left a format of this queue for which buffers can be made. */
static int check_result(const struct vmedia_queue *q, const struct vmedia_format *fmt,
			const struct vmedia_format_config *f)
{
	uint32_t sizes[VMEDIA_MAX_PLANES], n, i;

	if (fmt->type != q->type)
		return -EINVAL;
	n = vmedia_format_plane_sizes(fmt, sizes);
	for (i = 0; i < n; i++)
		if (!sizes[i])
			n = 0;
	if (!n || (vmedia_queue_is_video(q) && !hold_layout(fmt, f, sizes, n))) {
		vmedia_err("a device's format of queue type %u has planes without size, or smaller "
			   "than the picture in them; this is a bug of the device",
			   q->type);
		return -EINVAL;
	}
	return 0;
}

int vmedia_format_fit(struct vmedia_queue *q, struct vmedia_format *fmt,
		      const struct vmedia_format_config **f, const struct vmedia_frame_size **size)
{
	const struct vmedia_video_ops *ops = q->ctx->v->ops;
	int err = 0;

	*f = NULL;
	*size = NULL;
	if (vmedia_queue_is_video(q)) {
		err = picture_fit(q, fmt, f, size);
	} else if (q->cfg->initial) {
		*fmt = *q->cfg->initial;
		fmt->type = q->type;
	} else {
		err = data_fit(q, fmt, f);
	}
	if (!err && ops->try_fmt)
		err = ops->try_fmt(q, fmt);
	return err ? err : check_result(q, fmt, *f);
}
