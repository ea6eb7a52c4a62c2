// SPDX-License-Identifier: BSD-3-Clause
/*
 * A file as an endless stream of decoded pictures.
 */
#include "clip.h"

#include <errno.h>
#include <vmedia/log.h>

#define MAX_DRAIN_ERRORS 64
#define MAX_EMPTY_READS 1000
/* A longer gap between pictures is a broken time stamp. */
#define MAX_STEP_NS (10ull * 1000000000)

/* Of many alike, the first few and then each hundredth. */
static void complain(struct vmedia_camera_clip *clip, const char *what, int err)
{
	char text[AV_ERROR_MAX_STRING_SIZE] = "";

	if (clip->complaints++ >= 5 && clip->complaints % 100)
		return;
	av_strerror(err, text, sizeof(text));
	vmedia_warn("camera: %s: %s after %llu pictures of this lap: %s (message %llu of its kind)",
		    clip->name, what, (unsigned long long)clip->lap_items, text,
		    (unsigned long long)clip->complaints);
}

uint64_t vmedia_camera_clip_interval_ns(const struct vmedia_camera_clip *clip)
{
	return (uint64_t)av_rescale(1000000000, clip->rate.den, clip->rate.num);
}

/* ---- One lap ---- */

/* The next packet of our stream: 0, 1 at the end of the file, or -ECANCELED. */
static int read_packet(struct vmedia_camera_clip *clip)
{
	for (int empty = 0; empty < MAX_EMPTY_READS;) {
		int err = av_read_frame(clip->demuxer, clip->packet);

		if (atomic_load_explicit(clip->io.interrupted, memory_order_relaxed)) {
			av_packet_unref(clip->packet);
			return -ECANCELED;
		}
		if (err == AVERROR(EAGAIN)) {
			empty++;
			continue;
		}
		if (err < 0) {
			if (err != AVERROR_EOF)
				complain(clip, "reading stopped", err);
			return 1;
		}
		if (clip->packet->stream_index == clip->stream)
			return 0;
		av_packet_unref(clip->packet);
	}
	return 1;
}

/* Give the decoder one more packet, or tell it that there are no more. 0 or -ECANCELED. */
static int feed(struct vmedia_camera_clip *clip)
{
	int err = read_packet(clip);

	if (err < 0)
		return err;
	if (err) {
		clip->draining = true;
		avcodec_send_packet(clip->decoder, NULL);
		return 0;
	}
	if (!clip->first && clip->decoder->codec_id == AV_CODEC_ID_MJPEG)
		clip->jpeg = vmedia_camera_jpeg_whole(
			clip->packet->data, (size_t)clip->packet->size,
			(uint32_t)clip->decoder->width, (uint32_t)clip->decoder->height);
	err = avcodec_send_packet(clip->decoder, clip->packet);
	av_packet_unref(clip->packet);
	if (err < 0)
		complain(clip, "a packet does not decode", err);
	return 0;
}

/* The next picture of this lap: 0, 1 at its end, or -ECANCELED. */
static int lap_frame(struct vmedia_camera_clip *clip, AVFrame *frame)
{
	int drain_errors = 0;

	for (;;) {
		int err = avcodec_receive_frame(clip->decoder, frame);

		if (!err && !(frame->flags & AV_FRAME_FLAG_CORRUPT))
			return 0;
		if (!err) {
			av_frame_unref(frame);
			complain(clip, "a picture is damaged and skipped", AVERROR_INVALIDDATA);
			continue;
		}
		if (err == AVERROR_EOF)
			return 1;
		if (err != AVERROR(EAGAIN))
			complain(clip, "a picture does not decode", err);
		if (clip->draining && ++drain_errors > MAX_DRAIN_ERRORS)
			return 1;
		err = clip->draining ? 0 : feed(clip);
		if (err)
			return err;
	}
}

/* The same for packets, those that are whole. */
static int lap_packet(struct vmedia_camera_clip *clip, AVPacket *packet)
{
	const AVFrame *f = clip->first;

	for (;;) {
		int err = read_packet(clip);

		if (err)
			return err;
		if (vmedia_camera_jpeg_whole(clip->packet->data, (size_t)clip->packet->size,
					     (uint32_t)f->width, (uint32_t)f->height))
			break;
		av_packet_unref(clip->packet);
		complain(clip, "a packet is no whole JPEG picture and skipped",
			 AVERROR_INVALIDDATA);
	}
	av_packet_unref(packet);
	av_packet_move_ref(packet, clip->packet);
	return 0;
}

/* ---- Laps ---- */

int vmedia_camera_clip_open_demuxer(struct vmedia_camera_clip *clip)
{
	int err = vmedia_camera_clip_io_open(&clip->io, clip->by_name ? clip->name : NULL,
					     &clip->demuxer);

	if (err < 0)
		return err;
	err = avformat_find_stream_info(clip->demuxer, NULL);
	return err < 0 ? err : 0;
}

void vmedia_camera_clip_keep_stream(struct vmedia_camera_clip *clip)
{
	for (unsigned int i = 0; i < clip->demuxer->nb_streams; i++)
		if ((int)i != clip->stream)
			clip->demuxer->streams[i]->discard = AVDISCARD_ALL;
}

static int next_lap(struct vmedia_camera_clip *clip)
{
	const AVStream *st;
	int err;

	vmedia_camera_clip_io_close(&clip->demuxer);
	avcodec_flush_buffers(clip->decoder);
	clip->draining = false;
	clip->lap_items = 0;
	av_frame_unref(clip->last);
	av_packet_unref(clip->last_packet);
	err = vmedia_camera_clip_open_demuxer(clip);
	if (atomic_load_explicit(clip->io.interrupted, memory_order_relaxed))
		return -ECANCELED;
	st = err || (unsigned int)clip->stream >= clip->demuxer->nb_streams
		     ? NULL
		     : clip->demuxer->streams[clip->stream];
	if (!st || st->codecpar->codec_id != clip->decoder->codec_id) {
		complain(clip, "it is not the file any more that it was",
			 err ? err : AVERROR_STREAM_NOT_FOUND);
		return -EIO;
	}
	vmedia_camera_clip_keep_stream(clip);
	return 0;
}

/* Is all of it one picture or packet, and do we have that? */
static bool is_still(const struct vmedia_camera_clip *clip)
{
	return clip->packets ? clip->still_packet->buf : clip->still->buf[0];
}

int vmedia_camera_clip_rewind(struct vmedia_camera_clip *clip, bool packets)
{
	clip->lap_base_ns = 0;
	clip->time_ns = 0;
	clip->packets = packets;
	if (is_still(clip) || (clip->fresh && !packets)) {
		clip->fresh = true;
		return 0;
	}
	clip->fresh = false;
	return next_lap(clip);
}

/* The time of an item of this lap whose stamp is @pts, in clip->time_ns. */
static void tell_time(struct vmedia_camera_clip *clip, int64_t pts)
{
	const AVRational ns = { 1, 1000000000 };
	AVRational tb = clip->demuxer->streams[clip->stream]->time_base;
	uint64_t step = vmedia_camera_clip_interval_ns(clip), by_rate = clip->time_ns + step, t;

	if (!clip->lap_items++) {
		clip->lap_first_pts = pts;
		clip->time_ns = clip->lap_base_ns;
		return;
	}
	t = by_rate;
	if (pts != AV_NOPTS_VALUE && clip->lap_first_pts != AV_NOPTS_VALUE &&
	    pts > clip->lap_first_pts)
		t = clip->lap_base_ns + (uint64_t)av_rescale_q(pts - clip->lap_first_pts, tb, ns);
	/* Time goes on, whatever the file says. */
	clip->time_ns = t > clip->time_ns && t - clip->time_ns <= MAX_STEP_NS ? t : by_rate;
}

/* A lap is over: 0, or -EIO if there was nothing in it. */
static int finish_lap(struct vmedia_camera_clip *clip)
{
	if (!clip->lap_items) {
		vmedia_err("camera: %s: not one picture of it decodes any more", clip->name);
		return -EIO;
	}
	clip->lap_base_ns = clip->time_ns + vmedia_camera_clip_interval_ns(clip);
	if (clip->lap_items == 1 && !clip->packets && clip->last->buf[0])
		av_frame_move_ref(clip->still, clip->last);
	if (clip->lap_items == 1 && clip->packets && clip->last_packet->buf)
		av_packet_move_ref(clip->still_packet, clip->last_packet);
	return 0;
}

/* The next picture or packet of this lap or the following one; 1 if it is the still one again. */
static int next_item(struct vmedia_camera_clip *clip, AVFrame *frame, AVPacket *packet)
{
	for (;;) {
		/* Without a demuxer, an earlier lap could not begin. */
		int err = clip->demuxer ? 0 : next_lap(clip);

		if (!err)
			err = clip->packets ? lap_packet(clip, packet) : lap_frame(clip, frame);
		if (err <= 0)
			return err;
		err = finish_lap(clip);
		if (err || is_still(clip))
			return err ? err : 1;
		err = next_lap(clip);
		if (err)
			return err;
	}
}

/* What is known without reading: the first picture, or the one of a clip of one. */
static int known_item(struct vmedia_camera_clip *clip, AVFrame *frame, AVPacket *packet)
{
	bool still = is_still(clip);
	int err;

	clip->time_ns = clip->fresh ? 0 : clip->time_ns + vmedia_camera_clip_interval_ns(clip);
	clip->fresh = false;
	if (clip->packets)
		return av_packet_ref(packet, clip->still_packet) ? -ENOMEM : 0;
	err = av_frame_ref(frame, still ? clip->still : clip->first);
	if (!err && !still)
		err = av_frame_ref(clip->last, frame);
	return err ? -ENOMEM : 0;
}

int vmedia_camera_clip_next(struct vmedia_camera_clip *clip, AVFrame *frame, AVPacket *packet,
			    uint64_t *time_ns)
{
	int err = 1;

	if (clip->packets)
		av_packet_unref(packet);
	else
		av_frame_unref(frame);
	if (!clip->fresh && !is_still(clip))
		err = next_item(clip, frame, packet);
	if (err == 1) {
		err = known_item(clip, frame, packet);
		*time_ns = clip->time_ns;
		return err;
	}
	if (err)
		return err;
	tell_time(clip, clip->packets ? packet->pts : frame->best_effort_timestamp);
	*time_ns = clip->time_ns;
	av_frame_unref(clip->last);
	av_packet_unref(clip->last_packet);
	if (clip->lap_items > 1)
		return 0;
	err = clip->packets ? av_packet_ref(clip->last_packet, packet)
			    : av_frame_ref(clip->last, frame);
	return err ? -ENOMEM : 0;
}

int vmedia_camera_clip_decode(struct vmedia_camera_clip *clip, const AVPacket *packet,
			      AVFrame *frame)
{
	int err;

	av_frame_unref(frame);
	avcodec_flush_buffers(clip->decoder);
	err = avcodec_send_packet(clip->decoder, packet);
	if (!err)
		avcodec_send_packet(clip->decoder, NULL);
	if (!err)
		err = avcodec_receive_frame(clip->decoder, frame);
	avcodec_flush_buffers(clip->decoder);
	if (err)
		complain(clip, "a packet does not decode", err);
	return err ? -EIO : 0;
}

int vmedia_camera_clip_first(struct vmedia_camera_clip *clip, AVFrame *frame)
{
	return lap_frame(clip, frame);
}

void vmedia_camera_clip_begin(struct vmedia_camera_clip *clip, const AVFrame *frame)
{
	tell_time(clip, frame->best_effort_timestamp);
	clip->fresh = true;
}
