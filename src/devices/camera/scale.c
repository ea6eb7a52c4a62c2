// SPDX-License-Identifier: BSD-3-Clause
/*
 * Converts a decoded picture to one that can be packed, by libswscale.
 */
#include "scale.h"

#include <errno.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <string.h>
#include <vmedia/log.h>

#define CHROMA_ROW_DEFAULT (-513)	/* libswscale's: in the middle */

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

/*
 * The place of the chroma of two rows of field @field, in 256ths of the way from one to the other.
 */
static int chroma_row(const struct vmedia_camera_scaler *s, enum AVPixelFormat format, int field)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(format);

	if (!s->fields || !d || d->log2_chroma_h != 1)
		return CHROMA_ROW_DEFAULT;
	return field ? 192 : 64;
}

/*
 * Create a context. libswscale chooses its functions at that time by sizes, formats and ranges, so
 * these must be set before. Only the matrices are set after it.
 */
static int init_context(const struct vmedia_camera_scaler *s, struct SwsContext *sws, int field)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(s->from.format);
	/*
	 * libswscale takes all grey for full range while it chooses, and would copy instead of
	 * convert.
	 */
	bool grey = d && d->nb_components == 1 && !s->from.full;
	/*
	 * For an odd width of RGB, libswscale computes the last chroma with a pixel that does not
	 * exist.
	 */
	int odd = s->from.width & 1 ? SWS_FULL_CHR_H_INP : 0;
	const struct {
		const char *name;
		int value;
	} options[] = {
		{ "sws_flags", SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | odd },
		{ "srcw", s->from.width },
		{ "srch", s->from.height >> s->fields },
		{ "src_format", s->from.format },
		{ "src_range", s->from.full },
		{ "dstw", s->to.width },
		{ "dsth", s->to.height >> s->fields },
		{ "dst_format", s->to.format },
		{ "dst_range", s->to.full && !grey },
		{ "src_v_chr_pos", chroma_row(s, s->from.format, field) },
		{ "dst_v_chr_pos", chroma_row(s, s->to.format, field) },
	};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(options) / sizeof(options[0]); i++)
		err = av_opt_set_int(sws, options[i].name, options[i].value, 0);
	if (!err)
		err = sws_init_context(sws, NULL, NULL);
	if (err < 0)
		return err;
	/* Fails for formats without a matrix, which do not need it. */
	sws_setColorspaceDetails(sws, sws_getCoefficients(s->from.matrix), s->from.full,
				 sws_getCoefficients(s->to.matrix), s->to.full, 0, 1 << 16,
				 1 << 16);
	return 0;
}

static void free_contexts(struct vmedia_camera_scaler *s)
{
	for (int i = 0; i < 2; i++) {
		sws_freeContext(s->sws[i]);
		s->sws[i] = NULL;
	}
}

static int make_contexts(struct vmedia_camera_scaler *s)
{
	free_contexts(s);
	for (int i = 0; i < 1 + s->fields; i++) {
		s->sws[i] = sws_alloc_context();
		if (!s->sws[i])
			return -ENOMEM;
		if (init_context(s, s->sws[i], i) < 0) {
			vmedia_warn("camera: libswscale cannot make %dx%d %s of %dx%d %s",
				    s->to.width, s->to.height, av_get_pix_fmt_name(s->to.format),
				    s->from.width, s->from.height,
				    av_get_pix_fmt_name(s->from.format));
			return -EINVAL;
		}
	}
	return make_out(s);
}

/* Repeat the last column and row of the first plane, since compressors read pairs. */
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

struct planes {
	const uint8_t *data[4];
	int linesize[4];
};

/* Scale all of the picture, or if @step is 2, the field that begins with row @first. */
static int scale_rows(struct vmedia_camera_scaler *s, const struct planes *in, int first, int step)
{
	const uint8_t *src[4] = { 0 };
	uint8_t *dst[4] = { 0 };
	int from[4] = { 0 }, to[4] = { 0 };
	bool palette = s->from.format == AV_PIX_FMT_PAL8;

	for (int i = 0; i < 4; i++) {
		from[i] = in->linesize[i] * step;
		to[i] = s->out->linesize[i] * step;
		if (in->data[i])
			src[i] = in->data[i] + (palette && i ? 0 : first * in->linesize[i]);
		if (s->out->data[i])
			dst[i] = s->out->data[i] + first * s->out->linesize[i];
	}
	return sws_scale(s->sws[first], src, from, 0, s->from.height / step, dst, to) < 0 ?
		       -EINVAL :
		       0;
}

static int scale(struct vmedia_camera_scaler *s, const struct planes *in)
{
	int err;

	if (!s->fields)
		return scale_rows(s, in, 0, 1);
	err = scale_rows(s, in, 0, 2);
	return err ? err : scale_rows(s, in, 1, 2);
}

/*
 * Convert grey of limited range to a picture without colour, which libswscale treats as limited
 * range.
 */
static int add_chroma(struct vmedia_camera_scaler *s, struct planes *in)
{
	int stride = even_up(s->from.width) / 2;
	size_t size = (size_t)stride * (size_t)even_up(s->from.height) / 2;

	if (!s->grey || s->grey->size < size) {
		av_buffer_unref(&s->grey);
		s->grey = av_buffer_alloc(size);
		if (!s->grey)
			return -ENOMEM;
		memset(s->grey->data, 128, size);
	}
	in->data[1] = in->data[2] = s->grey->data;
	in->linesize[1] = in->linesize[2] = stride;
	return 0;
}

int vmedia_camera_scale(struct vmedia_camera_scaler *s, const AVFrame *frame, int crop_width,
			int crop_height, const struct vmedia_camera_raw *to, AVFrame **out)
{
	struct vmedia_camera_raw from = vmedia_camera_raw_of(frame);
	bool grey = from.format == AV_PIX_FMT_GRAY8 && !from.full, fields;
	struct planes in = { 0 };
	int err = 0;

	from.width = crop_width < from.width ? crop_width : from.width;
	from.height = crop_height < from.height ? crop_height : from.height;
	fields = vmedia_camera_is_interlaced(frame) && !((from.height | to->height) & 3);
	if (grey)
		from.format = AV_PIX_FMT_YUV420P;
	if (!s->sws[0] || !s->out || s->fields != fields ||
	    !vmedia_camera_raw_same(&from, &s->from) || !vmedia_camera_raw_same(to, &s->to)) {
		s->from = from;
		s->to = *to;
		s->fields = fields;
		err = make_contexts(s);
	}
	for (int i = 0; i < 4; i++) {
		in.data[i] = frame->data[i];
		in.linesize[i] = frame->linesize[i];
	}
	if (!err && grey)
		err = add_chroma(s, &in);
	if (!err)
		err = scale(s, &in);
	if (err) {
		vmedia_camera_scaler_fini(s);
		return err;
	}
	pad(s->out);
	*out = s->out;
	return 0;
}

void vmedia_camera_scaler_fini(struct vmedia_camera_scaler *s)
{
	free_contexts(s);
	av_frame_free(&s->out);
	av_buffer_unref(&s->grey);
}
