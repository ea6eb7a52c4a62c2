/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A file as an endless stream of decoded pictures.
 *
 * Theory of operation: the file is opened once and then read by position. A lap ends at the file's
 * last picture. For the next lap the demuxer is opened again on the same descriptor and the decoder
 * is flushed. (Seeking to the start would be cheaper, but in too many formats pictures get lost or
 * differ.) Times continue after the last picture's duration. A clip of one picture, a photograph,
 * is decoded once. If a caller cannot show all pictures in time, it jumps to the key picture before
 * the time it needs; seeking is good enough for that.
 *
 * Security model: the file is hostile. Its demuxer gets one descriptor and cannot open anything
 * more: other files and protocols are refused, so that a playlist cannot show the host's files to a
 * guest. The size of pictures is checked before they are allocated. Every loop here ends: a lap
 * ends with the file, and a lap without a picture ends the clip.
 *
 * Context: one thread at a time.
 */
#ifndef VMEDIA_CAMERA_CLIP_H
#define VMEDIA_CAMERA_CLIP_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* One file that the demuxer may read. */
struct vmedia_camera_clip_io {
	int fd;
	int64_t pos;
	const atomic_bool *interrupted;
};

struct vmedia_camera_clip {
	struct vmedia_camera_clip_io io;
	char name[256];			/* last part of the path, for messages and by_name */
	bool by_name;			/* the format was found by the name */
	AVFormatContext *demuxer;
	AVCodecContext *decoder;
	AVPacket *packet;
	int stream;
	/* Properties of the file, from its first picture */
	AVFrame *first;
	AVRational rate;		/* pictures a second, always a sensible value */
	AVRational sar;			/* width of a pixel to its height; 0: unknown */
	unsigned int turn;		/* as the container gives it (upright.h) */
	bool jpeg;			/* its packets are whole JPEG pictures of the clip's size */
	/* State of reading */
	bool fresh;			/* nothing taken since the start: ->first comes next */
	bool packets;			/* packets are taken instead of pictures */
	bool draining;
	AVFrame *still;			/* the one picture of a clip of one, once that is known */
	AVFrame *last;			/* the first of this lap while it may be the only one */
	AVPacket *still_packet, *last_packet;	/* the same for packets */
	uint64_t lap_items;
	bool jumped;			/* the next item's stamp gives the place */
	int64_t first_pts;		/* of the first lap; of the stream's time base */
	int64_t lap_first_pts;		/* of this lap's first item */
	int64_t duration;		/* of the item that was taken last */
	uint64_t lap_base_ns, time_ns;
	uint64_t lap_ns;		/* length of the last lap that was read to its end, or 0 */
	uint64_t complaints;
};

/*
 * vmedia_camera_clip_open - open and probe a file, and decode its first picture
 * @interrupted: while true, functions that read return -ECANCELED
 *
 * Errors and @why as for vmedia_camera_create().
 */
int vmedia_camera_clip_open(struct vmedia_camera_clip *clip, const char *path, uint32_t threads,
			    const atomic_bool *interrupted, char *why, size_t why_size);
void vmedia_camera_clip_close(struct vmedia_camera_clip *clip);

/*
 * Begin again at the first picture and time 0. @packets: return undecoded packets; needs
 * clip->jpeg.
 */
int vmedia_camera_clip_rewind(struct vmedia_camera_clip *clip, bool packets);

/*
 * vmedia_camera_clip_next - get the next picture in @frame, or the next packet in @packet (as
 * chosen by rewind), and its time in ns
 *
 * Returns 0; -EIO: a whole lap without one; -ECANCELED; -ENOMEM.
 */
int vmedia_camera_clip_next(struct vmedia_camera_clip *clip, AVFrame *frame, AVPacket *packet,
			    uint64_t *time_ns);

/*
 * vmedia_camera_clip_jump - skip to @target ns without reading what lies between
 * @early: search so many ns before @target, after a jump that ended too late
 *
 * The next picture or packet is then the last key picture before @target; in files without an index
 * it is one near that. Laps in between are counted, not read. If the file does not support seeking,
 * it begins again, at @target. Does nothing if @target is in an earlier lap. Returns as next does.
 */
int vmedia_camera_clip_jump(struct vmedia_camera_clip *clip, uint64_t target, uint64_t early);

/* Decode one packet of a clip that returns packets. Returns 0 or -EIO. */
int vmedia_camera_clip_decode(struct vmedia_camera_clip *clip, const AVPacket *packet,
			      AVFrame *frame);

/* Nanoseconds between pictures at the clip's rate. */
uint64_t vmedia_camera_clip_interval_ns(const struct vmedia_camera_clip *clip);

/* How to turn @frame, a picture of the clip (upright.h). */
unsigned int vmedia_camera_clip_turn(const struct vmedia_camera_clip *clip, const AVFrame *frame);

/* ---- Between clip.c and clip_open.c ---- */

/* Open the demuxer at the file's beginning and find its streams. Returns AVERROR codes. */
int vmedia_camera_clip_open_demuxer(struct vmedia_camera_clip *clip);
/* Discard all streams except clip->stream. */
void vmedia_camera_clip_keep_stream(struct vmedia_camera_clip *clip);
/* Get the first picture of the file. Returns 0, 1 if there is none, or -ECANCELED. */
int vmedia_camera_clip_first(struct vmedia_camera_clip *clip, AVFrame *frame);
/* Begin the clip with @frame, its first picture: time starts there, and the clip is fresh. */
void vmedia_camera_clip_begin(struct vmedia_camera_clip *clip, const AVFrame *frame);

/* ---- clip_io.c ---- */

/*
 * Open a demuxer at the file's beginning. @name: a name for finding the format, or NULL. Returns
 * AVERROR codes.
 */
int vmedia_camera_clip_io_open(struct vmedia_camera_clip_io *io, const char *name,
			       AVFormatContext **demuxer);
void vmedia_camera_clip_io_close(AVFormatContext **demuxer);

/*
 * True if @data is a JPEG picture of this size that decodes on its own: with Huffman tables, which
 * many AVI files omit.
 */
bool vmedia_camera_jpeg_whole(const uint8_t *data, size_t size, uint32_t width, uint32_t height);

#endif
