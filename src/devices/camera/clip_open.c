// SPDX-License-Identifier: BSD-3-Clause
/*
 * Opening a clip: the file, its stream, the decoder, the first picture.
 */
#include <errno.h>
#include <fcntl.h>
#include <libavutil/avstring.h>
#include <libavutil/cpu.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vmedia/camera.h>

#include "clip.h"
#include "upright.h"

static int open_file(struct vmedia_camera_clip *clip, const char *path, char *why, size_t why_size)
{
	const char *slash = strrchr(path, '/');
	struct stat st;
	int err;

	av_strlcpy(clip->name, slash ? slash + 1 : path, sizeof(clip->name));
	clip->io.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (clip->io.fd < 0 || fstat(clip->io.fd, &st) < 0) {
		err = errno;
		snprintf(why, why_size,
			 "cannot open %s: %s: give --source=file: a file that this user can read",
			 path, strerror(err));
		return -err;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(why, why_size,
			 "%s is not a regular file and cannot be played in a loop: give "
			 "--source=file: a video file",
			 path);
		return -ESPIPE;
	}
	return 0;
}

/*
 * Find the stream that the ffmpeg program shows by default: the largest one. A stream that the file
 * marks as default counts 5,000,000 pixels more, and one with new packets 100,000,000. A cover
 * picture is used only if there is nothing else. @decodable: only streams that can be decoded.
 */
static int best_stream(const AVFormatContext *demuxer, bool decodable)
{
	int64_t best = -1;
	int index = -1;

	for (unsigned int i = 0; i < demuxer->nb_streams; i++) {
		const AVStream *st = demuxer->streams[i];
		const AVCodecParameters *par = st->codecpar;
		int64_t score = (int64_t)par->width * par->height;

		if (par->codec_type != AVMEDIA_TYPE_VIDEO ||
		    (decodable && !avcodec_find_decoder(par->codec_id)))
			continue;
		if (st->event_flags & AVSTREAM_EVENT_FLAG_NEW_PACKETS)
			score += 100000000;
		if (st->disposition & AV_DISPOSITION_DEFAULT)
			score += 5000000;
		if (st->disposition & AV_DISPOSITION_ATTACHED_PIC)
			score = 0;
		if (score > best) {
			best = score;
			index = (int)i;
		}
	}
	return index;
}

static int probe(struct vmedia_camera_clip *clip, const char *path, const AVCodec **codec,
		 char *why, size_t why_size)
{
	char text[AV_ERROR_MAX_STRING_SIZE] = "";
	int err = vmedia_camera_clip_open_demuxer(clip);

	if (err) {
		/* The content has no known format; a few formats are known by their names only. */
		vmedia_camera_clip_io_close(&clip->demuxer);
		clip->by_name = true;
		err = vmedia_camera_clip_open_demuxer(clip);
	}
	if (err) {
		av_strerror(err, text, sizeof(text));
		snprintf(why, why_size,
			 "%s is no video that libavformat can read (%s): convert it, or give "
			 "another file",
			 path, text);
		return -EINVAL;
	}
	if (best_stream(clip->demuxer, false) < 0) {
		snprintf(why, why_size, "%s has no video stream: give a file that has one", path);
		return -EINVAL;
	}
	clip->stream = best_stream(clip->demuxer, true);
	if (clip->stream < 0) {
		snprintf(why, why_size,
			 "libavcodec has no decoder for the video in %s: convert it, or give "
			 "another file",
			 path);
		return -ENOSYS;
	}
	*codec = avcodec_find_decoder(clip->demuxer->streams[clip->stream]->codecpar->codec_id);
	vmedia_camera_clip_keep_stream(clip);
	return 0;
}

static uint32_t usual_threads(void)
{
	int cpus = av_cpu_count();

	return cpus < 1 ? 1 : cpus > 4 ? 4 : (uint32_t)cpus;
}

static int open_decoder(struct vmedia_camera_clip *clip, const AVCodec *codec, uint32_t threads,
			const char *path, char *why, size_t why_size)
{
	const AVStream *st = clip->demuxer->streams[clip->stream];
	AVCodecContext *d = avcodec_alloc_context3(codec);
	char text[AV_ERROR_MAX_STRING_SIZE] = "";
	int err = d ? avcodec_parameters_to_context(d, st->codecpar) : AVERROR(ENOMEM);

	clip->decoder = d;
	if (!err) {
		d->pkt_timebase = st->time_base;
		d->thread_count = (int)(threads ? threads : usual_threads());
		d->max_pixels = (int64_t)VMEDIA_CAMERA_MAX_DIMENSION * VMEDIA_CAMERA_MAX_DIMENSION;
		err = avcodec_open2(d, codec, NULL);
	}
	if (!err)
		return 0;
	av_strerror(err, text, sizeof(text));
	snprintf(why, why_size, "the %s decoder refuses %s (%s): convert it, or give another file",
		 codec->name, path, text);
	return err == AVERROR(ENOMEM) ? -ENOMEM : -EINVAL;
}

static bool sensible(AVRational rate)
{
	return rate.num > 0 && rate.den > 0 && av_cmp_q(rate, (AVRational){ 1000, 1 }) <= 0 &&
	       av_cmp_q(rate, (AVRational){ 1, 60 }) >= 0;
}

static void find_rate(struct vmedia_camera_clip *clip)
{
	AVStream *st = clip->demuxer->streams[clip->stream];
	AVRational rate = av_guess_frame_rate(clip->demuxer, st, NULL);

	if (!sensible(rate))
		rate = st->avg_frame_rate;
	if (!sensible(rate))
		rate = (AVRational){ 25, 1 };
	av_reduce(&clip->rate.num, &clip->rate.den, rate.num, rate.den, 1000000);
}

/* The display matrix of the container, or NULL. */
static const int32_t *stream_matrix(const struct vmedia_camera_clip *clip)
{
	const AVStream *st = clip->demuxer->streams[clip->stream];
	const size_t size = 9 * sizeof(int32_t);
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 102)
	const AVPacketSideData *sd = av_packet_side_data_get(st->codecpar->coded_side_data,
							     st->codecpar->nb_coded_side_data,
							     AV_PKT_DATA_DISPLAYMATRIX);

	return sd && sd->size >= size ? (const int32_t *)sd->data : NULL;
#else
	size_t have = 0;
	const uint8_t *data = av_stream_get_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, &have);

	return data && have >= size ? (const int32_t *)data : NULL;
#endif
}

unsigned int vmedia_camera_clip_turn(const struct vmedia_camera_clip *clip, const AVFrame *frame)
{
	const AVFrameSideData *sd = av_frame_get_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);

	return sd && sd->size >= 9 * sizeof(int32_t) ?
		       vmedia_camera_turn_of((const int32_t *)sd->data) :
		       clip->turn;
}

static int first_picture(struct vmedia_camera_clip *clip, const char *path, char *why,
			 size_t why_size)
{
	AVFrame *frame = av_frame_alloc();
	int err = frame ? vmedia_camera_clip_first(clip, frame) : -ENOMEM;

	clip->first = frame;
	if (err) {
		snprintf(why, why_size, "nothing in %s decodes: give another file", path);
		return err < 0 ? err : -EIO;
	}
	if (frame->width > VMEDIA_CAMERA_MAX_DIMENSION ||
	    frame->height > VMEDIA_CAMERA_MAX_DIMENSION) {
		snprintf(why, why_size,
			 "the pictures of %s are %dx%d: scale them down to at most %d a side", path,
			 frame->width, frame->height, VMEDIA_CAMERA_MAX_DIMENSION);
		return -E2BIG;
	}
	find_rate(clip);
	clip->sar = av_guess_sample_aspect_ratio(clip->demuxer,
						 clip->demuxer->streams[clip->stream], frame);
	clip->turn = vmedia_camera_turn_of(stream_matrix(clip));
	vmedia_camera_clip_begin(clip, frame);
	return 0;
}

int vmedia_camera_clip_open(struct vmedia_camera_clip *clip, const char *path, uint32_t threads,
			    const atomic_bool *interrupted, char *why, size_t why_size)
{
	const AVCodec *codec = NULL;
	int err;

	memset(clip, 0, sizeof(*clip));
	clip->io.interrupted = interrupted;
	err = open_file(clip, path, why, why_size);
	if (err)
		goto fail;
	clip->packet = av_packet_alloc();
	clip->still = av_frame_alloc();
	clip->last = av_frame_alloc();
	clip->still_packet = av_packet_alloc();
	clip->last_packet = av_packet_alloc();
	err = -ENOMEM;
	snprintf(why, why_size, "no memory to open %s", path);
	if (!clip->packet || !clip->still || !clip->last || !clip->still_packet ||
	    !clip->last_packet)
		goto fail;
	err = probe(clip, path, &codec, why, why_size);
	if (!err)
		err = open_decoder(clip, codec, threads, path, why, why_size);
	if (!err)
		err = first_picture(clip, path, why, why_size);
	if (!err)
		return 0;
fail:
	vmedia_camera_clip_close(clip);
	return err;
}

void vmedia_camera_clip_close(struct vmedia_camera_clip *clip)
{
	avcodec_free_context(&clip->decoder);
	vmedia_camera_clip_io_close(&clip->demuxer);
	av_packet_free(&clip->packet);
	av_frame_free(&clip->first);
	av_frame_free(&clip->still);
	av_frame_free(&clip->last);
	av_packet_free(&clip->still_packet);
	av_packet_free(&clip->last_packet);
	if (clip->io.fd >= 0)
		close(clip->io.fd);
	clip->io.fd = -1;
}
