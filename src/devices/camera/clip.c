// SPDX-License-Identifier: BSD-3-Clause
/*
 * A file as an endless stream of decoded pictures.
 */
#include "clip.h"

#include <errno.h>
#include <vmedia/log.h>

#define MAX_DRAIN_ERRORS 64
#define MAX_EMPTY_READS 1000
/*
 * A longer gap between pictures is a broken time stamp. There is one limit for formats whose stamps
 * jump, like those of broadcasts, and one for all others, where a picture of a slide show may last
 * long.
 */
#define MAX_JUMPY_STEP_NS (10ll * 1000000000)
#define MAX_STEP_NS (3600ll * 1000000000)
/* Up to this much of a lap is decoded instead of skipped by seeking. */
#define NEAR_NS 500000000ull

/* Log the first few of equal messages and then each hundredth. */
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

/* Read the next packet of the clip's stream. Returns 0, 1 at the end of the file, or -ECANCELED. */
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

/* Give the decoder one more packet, or signal the end of the stream. Returns 0 or -ECANCELED. */
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

/* Get the next picture of this lap. Returns 0, 1 at its end, or -ECANCELED. */
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

/* The same for packets; skips those that are not whole. */
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
	clip->jumped = false;
	clip->fresh = false;
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

/* True if the clip consists of one picture or packet, and that is stored. */
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

static int64_t max_step(const struct vmedia_camera_clip *clip)
{
	return clip->demuxer->iformat->flags & AVFMT_TS_DISCONT ? MAX_JUMPY_STEP_NS : MAX_STEP_NS;
}

/* Convert @stamps of the stream's time base to ns, and back. */
static int64_t to_ns(const struct vmedia_camera_clip *clip, int64_t stamps)
{
	return av_rescale_q(stamps, clip->demuxer->streams[clip->stream]->time_base,
			    (AVRational){ 1, 1000000000 });
}

static int64_t from_ns(const struct vmedia_camera_clip *clip, uint64_t ns)
{
	return av_rescale_q((int64_t)ns, (AVRational){ 1, 1000000000 },
			    clip->demuxer->streams[clip->stream]->time_base);
}

/*
 * Set clip->time_ns to the time of an item of this lap with stamp @pts. The time goes on, whatever
 * the file's stamps are.
 */
static void tell_time(struct vmedia_camera_clip *clip, int64_t pts)
{
	bool known = pts != AV_NOPTS_VALUE && clip->lap_first_pts != AV_NOPTS_VALUE;
	int64_t at, ahead;

	if (!clip->lap_items++) {
		clip->lap_first_pts = pts;
		clip->time_ns = clip->lap_base_ns;
		return;
	}
	at = known ? to_ns(clip, av_sat_sub64(pts, clip->lap_first_pts)) : 0;
	if (clip->jumped) {
		clip->jumped = false;
		if (known)
			clip->time_ns = clip->lap_base_ns + (uint64_t)(at > 0 ? at : 0);
		return;
	}
	ahead = av_sat_sub64(at, (int64_t)(clip->time_ns - clip->lap_base_ns));
	if (known && ahead > 0 && ahead <= max_step(clip)) {
		clip->time_ns += (uint64_t)ahead;
		return;
	}
	clip->time_ns += vmedia_camera_clip_interval_ns(clip);
	/* After a jump of the stamps, count the following ones from here. */
	if (known && (ahead > 0 || ahead < -max_step(clip)))
		clip->lap_first_pts =
			av_sat_sub64(pts, from_ns(clip, clip->time_ns - clip->lap_base_ns));
}

/* The length of this lap, including its last item of @duration stamps. */
static uint64_t lap_length(const struct vmedia_camera_clip *clip, int64_t duration)
{
	const int64_t num = clip->rate.num, den = 1000000000ll * clip->rate.den;
	uint64_t step = vmedia_camera_clip_interval_ns(clip), length, even;
	int64_t last = to_ns(clip, duration);

	length = clip->time_ns - clip->lap_base_ns;
	length += last > (int64_t)step && last <= max_step(clip) ? (uint64_t)last : step;
	/*
	 * Stamps are rounded. Without this correction a film of even rate would get shorter with
	 * each lap.
	 */
	even = (uint64_t)av_rescale(av_rescale((int64_t)length, num, den), den, num);
	return (even > length ? even - length : length - even) < step / 8 ? even : length;
}

/* End a lap. Returns 0, or -EIO if the lap had no item. */
static int finish_lap(struct vmedia_camera_clip *clip)
{
	if (!clip->lap_items) {
		vmedia_err("camera: %s: not one picture of it decodes any more", clip->name);
		return -EIO;
	}
	if (clip->jumped) {
		/* The jump went beyond the lap's end. */
		clip->lap_base_ns = clip->time_ns;
	} else {
		clip->lap_ns = lap_length(clip, clip->duration);
		clip->lap_base_ns += clip->lap_ns;
	}
	if (clip->lap_items == 1 && !clip->packets && clip->last->buf[0])
		av_frame_move_ref(clip->still, clip->last);
	if (clip->lap_items == 1 && clip->packets && clip->last_packet->buf)
		av_packet_move_ref(clip->still_packet, clip->last_packet);
	return 0;
}

/*
 * Get the next picture or packet of this lap or the following one. Returns 1 if it is the still one
 * again.
 */
static int next_item(struct vmedia_camera_clip *clip, AVFrame *frame, AVPacket *packet)
{
	for (;;) {
		/* There is no demuxer if an earlier lap could not begin. */
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

static int64_t duration_of(const AVFrame *frame)
{
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
	return frame->duration;
#else
	return frame->pkt_duration;
#endif
}

/* Get an item that is known without reading: the first picture, or the one of a still clip. */
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

/* ---- Jumps ---- */

/* The length of a lap as far as it is known; 0: unknown. */
static uint64_t known_length(const struct vmedia_camera_clip *clip)
{
	const AVStream *st = clip->demuxer->streams[clip->stream];
	int64_t ns = 0;

	if (clip->lap_ns)
		return clip->lap_ns;
	if (st->duration > 0)
		ns = to_ns(clip, st->duration);
	else if (clip->demuxer->duration > 0)
		ns = av_rescale(clip->demuxer->duration, 1000000000, AV_TIME_BASE);
	return ns < (int64_t)vmedia_camera_clip_interval_ns(clip) ? 0 : (uint64_t)ns;
}

/* Seek to the last key picture of the lap at or before @ns. Returns 0, or AVERROR codes. */
static int seek(struct vmedia_camera_clip *clip, uint64_t ns)
{
	/* Some demuxers search by decoding time, which is earlier by this number of pictures. */
	uint64_t early = (uint64_t)clip->decoder->has_b_frames *
			 vmedia_camera_clip_interval_ns(clip);
	int64_t pts = from_ns(clip, ns > early ? ns - early : 0);
	int err;

	if (clip->first_pts == AV_NOPTS_VALUE)
		return AVERROR(ENOSYS);
	pts = av_sat_add64(clip->first_pts, pts);
	err = av_seek_frame(clip->demuxer, clip->stream, pts, AVSEEK_FLAG_BACKWARD);
	return err < 0 ? err : 0;
}

/* Jump in a still picture: only its time passes. */
static int jump_still(struct vmedia_camera_clip *clip, uint64_t target)
{
	uint64_t step = vmedia_camera_clip_interval_ns(clip);

	if (target > clip->time_ns)
		clip->time_ns += (target - clip->time_ns) / step * step;
	return 0;
}

int vmedia_camera_clip_jump(struct vmedia_camera_clip *clip, uint64_t target, uint64_t early)
{
	uint64_t length, at;
	int err = clip->demuxer ? 0 : next_lap(clip);

	if (err || is_still(clip))
		return err ? err : jump_still(clip, target);
	if (target < clip->lap_base_ns)
		return 0;
	length = known_length(clip);
	at = target - clip->lap_base_ns;
	if (length && at >= length) {
		clip->lap_base_ns += at / length * length;
		at %= length;
		err = next_lap(clip);
		if (err || at <= NEAR_NS)
			return err;
	}
	if (!seek(clip, at > early ? at - early : 0)) {
		avcodec_flush_buffers(clip->decoder);
		clip->lap_first_pts = clip->first_pts;
		clip->lap_items += 2;	/* it is not a still picture */
		clip->jumped = true;
	} else {
		err = next_lap(clip);
		clip->lap_base_ns = target;
	}
	clip->fresh = false;
	clip->draining = false;
	clip->time_ns = target;
	return err;
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
	clip->duration = clip->packets ? packet->duration : duration_of(frame);
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
	clip->first_pts = frame->best_effort_timestamp;
	clip->duration = duration_of(frame);
	tell_time(clip, clip->first_pts);
	clip->fresh = true;
}
