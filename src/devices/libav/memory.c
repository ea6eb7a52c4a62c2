// SPDX-License-Identifier: BSD-3-Clause
/*
 * Memory for libavcodec's pictures: CAPTURE buffers where they serve, so that nothing is copied.
 *
 * libavcodec's decoders use the stride of the picture that they decode for its references, too. So
 * all memory of a stream must have one stride, which is the one of libavcodec's own memory:
 * vmedia_libav_room() computes it, and a CAPTURE buffer with another one is not used. No
 * buffer is used before a picture in libavcodec's own memory has proved the computation.
 *
 * Security model: a program of the guest can write to the memory while libavcodec reads it. Each
 * byte is a valid sample of 8 bits, and samples are no indices, so pictures become wrong and
 * nothing else does. Samples of more bits could have values that libavcodec does not expect: they
 * are never in a CAPTURE buffer.
 *
 * Context: a thread in send(), receive() or drain() of <vmedia/codec.h>; frees also in reset() and
 * close().
 */
#include <errno.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>

#include "libav.h"

/* The alignment of all lines. Returns 0, or an error. */
static int strides(AVCodecContext *av, enum AVPixelFormat pix_fmt, int w, int h, int linesize[4],
		   int *lines)
{
	int align[AV_NUM_DATA_POINTERS], unaligned, err, i;

	avcodec_align_dimensions2(av, &w, &h, align);
	*lines = h;
	do {
		err = av_image_fill_linesizes(linesize, pix_fmt, w);
		if (err < 0)
			return err;
		w += w & ~(w - 1);
		for (unaligned = 0, i = 0; i < 4; i++)
			unaligned |= linesize[i] % align[i];
	} while (unaligned);
	return 0;
}

void vmedia_libav_room(AVCodecContext *av, enum AVPixelFormat pix_fmt, int width, int height,
		       struct vmedia_codec_header *h)
{
	int linesize[4], lines;

	if (strides(av, pix_fmt, width, height, linesize, &lines))
		return;
	h->stride[0] = (uint32_t)linesize[0];
	h->stride[1] = (uint32_t)linesize[1];
	h->lines = (uint32_t)lines;
}

/* True if the lines of a picture of @height fit into @raw, and all that may be read behind them. */
static bool serves(const struct vmedia_codec_raw *raw, const AVFrame *frame, const int *linesize,
		   int lines)
{
	const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(frame->format);
	const struct vmedia_layout_plane *l = raw->layout.colour;
	unsigned int i, n = raw->layout.num_colour;

	if (desc->comp[0].depth != 8 || n != (unsigned int)av_pix_fmt_count_planes(frame->format))
		return false;
	for (i = 0; i < n; i++) {
		int shift = i ? desc->log2_chroma_h : 0;
		bool last = i + 1 == n || l[i + 1].mem != l[i].mem;
		int need = AV_CEIL_RSHIFT(last ? lines : FFALIGN(frame->height, 16), shift);

		if ((int64_t)l[i].stride != linesize[i] ||
		    raw->room[i] < (uint64_t)need * l[i].stride)
			return false;
	}
	return true;
}

static void release(void *opaque, uint8_t *data)
{
	(void)data;
	vmedia_codec_release(opaque);
}

/* Use @raw for @frame. One AVBufferRef stands for all planes. */
static int use(struct vmedia_codec_raw *raw, AVFrame *frame, const int *linesize)
{
	frame->buf[0] = av_buffer_create(raw->colour[0], (size_t)raw->room[0], release, raw, 0);
	if (!frame->buf[0]) {
		vmedia_codec_release(raw);
		return AVERROR(ENOMEM);
	}
	for (unsigned int i = 0; i < raw->layout.num_colour; i++) {
		frame->data[i] = raw->colour[i];
		frame->linesize[i] = linesize[i];
	}
	frame->extended_data = frame->data;
	frame->opaque = raw;
	return 0;
}

int vmedia_libav_get_buffer(AVCodecContext *av, AVFrame *frame, int flags)
{
	struct vmedia_libav_memory *m = av->opaque;
	struct vmedia_codec_raw *raw;
	int linesize[4], lines, err;

	if (av->hw_frames_ctx) {
		m->same = false;
		frame->opaque = NULL;
		return avcodec_default_get_buffer2(av, frame, flags);
	}
	err = strides(av, frame->format, frame->width, frame->height, linesize, &lines);
	if (err < 0)
		return err;
	raw = m->same && m->pool ? vmedia_codec_take(m->pool) : NULL;
	if (raw && serves(raw, frame, linesize, lines))
		return use(raw, frame, linesize);
	if (raw)
		vmedia_codec_release(raw);
	frame->opaque = NULL;
	err = avcodec_default_get_buffer2(av, frame, flags);
	m->same = !err;
	for (int i = 0; !err && i < 4; i++)
		m->same &= !frame->data[i] || frame->linesize[i] == linesize[i];
	return err;
}

struct vmedia_codec_raw *vmedia_libav_raw(const AVFrame *frame)
{
	struct vmedia_codec_raw *raw = frame->opaque;

	/* Cropping moves the first byte. */
	return raw && frame->data[0] == raw->colour[0] ? raw : NULL;
}
