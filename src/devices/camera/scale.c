// SPDX-License-Identifier: BSD-3-Clause
/*
 * Any decoded picture to one that can be packed, by libswscale.
 */
#include "scale.h"

#include <errno.h>
#include <libavutil/pixdesc.h>
#include <string.h>
#include <vmedia/log.h>

static enum AVPixelFormat plain_format(enum AVPixelFormat format, bool *full)
{
	static const enum AVPixelFormat pairs[][2] = {
		{ AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV420P },
		{ AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUV422P },
		{ AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUV444P },
		{ AV_PIX_FMT_YUVJ440P, AV_PIX_FMT_YUV440P },
		{ AV_PIX_FMT_YUVJ411P, AV_PIX_FMT_YUV411P },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (pairs[i][0] != format)
			continue;
		*full = true;
		return pairs[i][1];
	}
	return format;
}

static int matrix_of(enum AVColorSpace space)
{
	switch (space) {
	case AVCOL_SPC_BT709:
		return SWS_CS_ITU709;
	case AVCOL_SPC_FCC:
		return SWS_CS_FCC;
	case AVCOL_SPC_SMPTE240M:
		return SWS_CS_SMPTE240M;
	case AVCOL_SPC_BT2020_NCL:
	case AVCOL_SPC_BT2020_CL:
		return SWS_CS_BT2020;
	default:
		return SWS_CS_ITU601;
	}
}

struct vmedia_camera_raw vmedia_camera_raw_of(const AVFrame *frame)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(frame->format);
	struct vmedia_camera_raw raw = { .width = frame->width,
					 .height = frame->height,
					 .matrix = SWS_CS_ITU601 };

	raw.full = frame->color_range == AVCOL_RANGE_JPEG;
	raw.format = plain_format(frame->format, &raw.full);
	if (d && (d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)))
		raw.full = true;
	else
		raw.matrix = matrix_of(frame->colorspace);
	return raw;
}

bool vmedia_camera_raw_same(const struct vmedia_camera_raw *a, const struct vmedia_camera_raw *b)
{
	return a->format == b->format && a->width == b->width && a->height == b->height &&
	       a->full == b->full && a->matrix == b->matrix;
}

static int even_up(int v)
{
	return (v + 1) & ~1;
}

static int make_out(struct vmedia_camera_scaler *s)
{
	av_frame_free(&s->out);
	s->out = av_frame_alloc();
	if (!s->out)
		return -ENOMEM;
	s->out->format = s->to.format;
	s->out->width = even_up(s->to.width);
	s->out->height = even_up(s->to.height);
	if (av_frame_get_buffer(s->out, 0) < 0)
		return -ENOMEM;
	s->out->width = s->to.width;
	s->out->height = s->to.height;
	return 0;
}

static int make_context(struct vmedia_camera_scaler *s)
{
	sws_freeContext(s->sws);
	s->sws = sws_getContext(s->from.width, s->from.height, s->from.format, s->to.width,
				s->to.height, s->to.format,
				SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, NULL, NULL,
				NULL);
	if (!s->sws) {
		vmedia_warn("camera: libswscale cannot make %dx%d %s of %dx%d %s", s->to.width,
			    s->to.height, av_get_pix_fmt_name(s->to.format), s->from.width,
			    s->from.height, av_get_pix_fmt_name(s->from.format));
		return -EINVAL;
	}
	/* Fails for formats that have no matrix, where it does not matter. */
	sws_setColorspaceDetails(s->sws, sws_getCoefficients(s->from.matrix), s->from.full,
				 sws_getCoefficients(s->to.matrix), s->to.full, 0, 1 << 16,
				 1 << 16);
	return make_out(s);
}

/* Repeat the last column and row of the first plane: compressors read pairs. */
static void pad(AVFrame *f)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);

	if (!(d->flags & AV_PIX_FMT_FLAG_PLANAR) || d->comp[0].depth != 8)
		return;
	for (int y = 0; (f->width & 1) && y < f->height; y++)
		f->data[0][y * f->linesize[0] + f->width] =
			f->data[0][y * f->linesize[0] + f->width - 1];
	if (f->height & 1)
		memcpy(f->data[0] + f->height * f->linesize[0],
		       f->data[0] + (f->height - 1) * f->linesize[0], (size_t)even_up(f->width));
}

int vmedia_camera_scale(struct vmedia_camera_scaler *s, const AVFrame *frame, int crop_width,
			int crop_height, const struct vmedia_camera_raw *to, AVFrame **out)
{
	struct vmedia_camera_raw from = vmedia_camera_raw_of(frame);

	from.width = crop_width < from.width ? crop_width : from.width;
	from.height = crop_height < from.height ? crop_height : from.height;
	if (!s->sws || !s->out || !vmedia_camera_raw_same(&from, &s->from) ||
	    !vmedia_camera_raw_same(to, &s->to)) {
		int err;

		s->from = from;
		s->to = *to;
		err = make_context(s);
		if (err) {
			vmedia_camera_scaler_fini(s);
			return err;
		}
	}
	if (sws_scale(s->sws, (const uint8_t *const *)frame->data, frame->linesize, 0, from.height,
		      s->out->data, s->out->linesize) < 0)
		return -EINVAL;
	pad(s->out);
	*out = s->out;
	return 0;
}

void vmedia_camera_scaler_fini(struct vmedia_camera_scaler *s)
{
	sws_freeContext(s->sws);
	s->sws = NULL;
	av_frame_free(&s->out);
}
