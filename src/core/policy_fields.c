/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a format of each type has its fourcc and its size. */
#include "core/policy.h"

uint32_t vmedia_policy_fourcc(const struct vmedia_format *f)
{
	switch (f->type) {
	case VMEDIA_BUF_TYPE_VIDEO_CAPTURE:
	case VMEDIA_BUF_TYPE_VIDEO_OUTPUT:
		return f->fmt.pix.pixelformat;
	case VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE:
	case VMEDIA_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
		return f->fmt.pix_mp.pixelformat;
	case VMEDIA_BUF_TYPE_SDR_CAPTURE:
	case VMEDIA_BUF_TYPE_SDR_OUTPUT:
		return f->fmt.sdr.pixelformat;
	case VMEDIA_BUF_TYPE_META_CAPTURE:
	case VMEDIA_BUF_TYPE_META_OUTPUT:
		return f->fmt.meta.dataformat;
	default:
		return 0;
	}
}

/*
 * A device takes a stride that is longer than necessary for a wish, but this one is another
 * format's. Coded formats have none; the size of their buffers is what the guest wants.
 */
static void forget_strides(struct vmedia_format *f, bool coded)
{
	struct vmedia_plane_pix_format *p = f->fmt.pix_mp.plane_fmt;

	if (!vmedia_buf_type_is_multiplanar(f->type)) {
		if (f->fmt.pix.bytesperline || coded)
			f->fmt.pix.bytesperline = f->fmt.pix.sizeimage = 0;
		return;
	}
	for (unsigned int i = 0; i < VMEDIA_ARRAY_SIZE(f->fmt.pix_mp.plane_fmt); i++)
		if (p[i].bytesperline || coded)
			p[i].bytesperline = p[i].sizeimage = 0;
}

void vmedia_policy_set_fourcc(struct vmedia_format *f, uint32_t fourcc)
{
	uint32_t w, h;

	if (vmedia_policy_size(f, &w, &h))
		forget_strides(f, true);
	switch (f->type) {
	case VMEDIA_BUF_TYPE_VIDEO_CAPTURE:
	case VMEDIA_BUF_TYPE_VIDEO_OUTPUT:
		f->fmt.pix.pixelformat = fourcc;
		break;
	case VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE:
	case VMEDIA_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
		f->fmt.pix_mp.pixelformat = fourcc;
		break;
	case VMEDIA_BUF_TYPE_SDR_CAPTURE:
	case VMEDIA_BUF_TYPE_SDR_OUTPUT:
		f->fmt.sdr.pixelformat = fourcc;
		break;
	case VMEDIA_BUF_TYPE_META_CAPTURE:
	case VMEDIA_BUF_TYPE_META_OUTPUT:
		f->fmt.meta.dataformat = fourcc;
		break;
	}
}

bool vmedia_policy_size(const struct vmedia_format *f, uint32_t *width, uint32_t *height)
{
	if (f->type == VMEDIA_BUF_TYPE_VIDEO_CAPTURE || f->type == VMEDIA_BUF_TYPE_VIDEO_OUTPUT) {
		*width = f->fmt.pix.width;
		*height = f->fmt.pix.height;
		return true;
	}
	if (!vmedia_buf_type_is_multiplanar(f->type))
		return false;
	*width = f->fmt.pix_mp.width;
	*height = f->fmt.pix_mp.height;
	return true;
}

void vmedia_policy_set_size(struct vmedia_format *f, uint32_t width, uint32_t height)
{
	uint32_t w, h;

	if (!vmedia_policy_size(f, &w, &h) || (w == width && h == height))
		return;
	forget_strides(f, false);
	if (vmedia_buf_type_is_multiplanar(f->type)) {
		f->fmt.pix_mp.width = width;
		f->fmt.pix_mp.height = height;
	} else {
		f->fmt.pix.width = width;
		f->fmt.pix.height = height;
	}
}

bool vmedia_policy_has_fourcc(uint32_t type)
{
	switch (type) {
	case VMEDIA_BUF_TYPE_VIDEO_CAPTURE:
	case VMEDIA_BUF_TYPE_VIDEO_OUTPUT:
	case VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE:
	case VMEDIA_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
	case VMEDIA_BUF_TYPE_SDR_CAPTURE:
	case VMEDIA_BUF_TYPE_SDR_OUTPUT:
	case VMEDIA_BUF_TYPE_META_CAPTURE:
	case VMEDIA_BUF_TYPE_META_OUTPUT:
		return true;
	default:
		return false;
	}
}
