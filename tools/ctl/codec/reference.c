/* SPDX-License-Identifier: BSD-3-Clause */
/* What libavcodec in this process makes of packets. */
#include <errno.h>
#include <stdlib.h>

#include "media.h"

static int failed(const char *what, int averror)
{
	char said[AV_ERROR_MAX_STRING_SIZE];

	av_strerror(averror, said, sizeof(said));
	return ctl_fail_text("%s: %s", what, said);
}

int media_reference_open(struct media_reference *r, const AVCodecParameters *par, bool bare)
{
	const AVCodec *codec = avcodec_find_decoder(par->codec_id);
	int ret;

	if (!codec)
		return ctl_fail_text("this libavcodec has no decoder for %s",
				     avcodec_get_name(par->codec_id));
	r->av = avcodec_alloc_context3(codec);
	if (!r->av)
		return ctl_fail("libavcodec", -ENOMEM);
	ret = bare ? 0 : avcodec_parameters_to_context(r->av, par);
	r->av->thread_count = bare ? 1 : 0;
	/* Cropping to the sample: the left edge is not moved to where memory is aligned. */
	r->av->flags |= AV_CODEC_FLAG_UNALIGNED;
	/*
	 * H.264 that does not say how many pictures wait for later ones: as many as the level
	 * allows. Else those that come late are dropped. Baseline has no B pictures.
	 */
	if (bare && par->codec_id == AV_CODEC_ID_H264 &&
	    (par->profile & 255) != FF_PROFILE_H264_BASELINE)
		r->av->strict_std_compliance = FF_COMPLIANCE_STRICT;
	/* dav1d then keeps no picture back, as a device that is drained often must. */
	if (bare && par->codec_id == AV_CODEC_ID_AV1)
		r->av->flags |= AV_CODEC_FLAG_LOW_DELAY;
	if (ret >= 0)
		ret = avcodec_open2(r->av, codec, NULL);
	return ret < 0 ? failed("libavcodec cannot decode this", ret) : 0;
}

int media_reference_put(struct media_reference *r, const AVPacket *packet, uint64_t number)
{
	AVPacket *p;

	if (!packet) {
		r->ended = true;
		return 0;
	}
	if (r->head + r->count == r->room && r->head) {
		for (size_t i = 0; i < r->count; i++)
			r->packets[i] = r->packets[r->head + i];
		r->head = 0;
	}
	if (r->count == r->room) {
		size_t room = r->room ? 2 * r->room : 16;
		AVPacket **packets = realloc(r->packets, room * sizeof(*packets));

		if (!packets)
			return ctl_fail("a packet", -ENOMEM);
		r->packets = packets;
		r->room = room;
	}
	p = av_packet_clone(packet);
	if (!p)
		return ctl_fail("a packet", -ENOMEM);
	/* The device gets the bytes alone. */
	av_packet_free_side_data(p);
	p->flags = 0;
	p->pts = (int64_t)number;
	p->dts = AV_NOPTS_VALUE;
	r->packets[r->head + r->count++] = p;
	return 0;
}

/* Give the decoder one packet, or the end. Returns false if there is nothing to give. */
static bool feed(struct media_reference *r)
{
	AVPacket *p;

	if (r->count) {
		p = r->packets[r->head++];
		r->count--;
		/* A damaged packet is refused, and decoding goes on. */
		if (p->size)
			avcodec_send_packet(r->av, p);
		av_packet_free(&p);
		return true;
	}
	if (!r->ended || r->flushed)
		return false;
	avcodec_send_packet(r->av, NULL);
	r->flushed = true;
	return true;
}

int media_reference_get(struct media_reference *r, AVFrame *frame)
{
	for (;;) {
		int ret = avcodec_receive_frame(r->av, frame);

		if (ret >= 0)
			return 1;
		if (ret == AVERROR_EOF)
			return 0;
		if (ret == AVERROR(ENOMEM))
			return failed("libavcodec", ret);
		if (ret == AVERROR(EAGAIN) && !feed(r))
			return 0;
	}
}

void media_reference_close(struct media_reference *r)
{
	while (r->count) {
		av_packet_free(&r->packets[r->head++]);
		r->count--;
	}
	free(r->packets);
	r->packets = NULL;
	avcodec_free_context(&r->av);
}

bool media_damaged(const AVFrame *frame)
{
	return frame->decode_error_flags || frame->flags & AV_FRAME_FLAG_CORRUPT;
}
