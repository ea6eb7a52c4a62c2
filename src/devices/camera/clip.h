/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A file as an endless stream of decoded pictures.
 *
 * Theory of operation: the file is opened once and read by position from then on; a lap ends at its
 * last picture, and the next one begins with the demuxer opened anew on the same descriptor and the
 * decoder flushed. (Seeking to the start would be cheaper and is wrong for too many formats:
 * pictures get lost or come back different.) Times continue over the seam by the last picture's
 * duration. A clip of one picture, a photograph, is decoded once. Who cannot show all pictures in
 * time jumps: to the key picture before the time wanted, which is where seeking is good enough.
 *
 * Security model: the file is hostile. Its demuxer gets one descriptor and can open nothing more:
 * other files and protocols are refused, so that a playlist cannot show the host's files to a
 * guest. Pictures are bounded before they are allocated. Every loop here ends: a lap by the length
 * of the file, and a lap without a picture ends the clip.
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
	bool by_name;			/* it took the name to know the format */
	AVFormatContext *demuxer;
	AVCodecContext *decoder;
	AVPacket *packet;
	int stream;
	/* What it is, from its first picture */
	AVFrame *first;
	AVRational rate;		/* pictures a second, always sensible */
	AVRational sar;			/* width of a pixel to its height; 0: not said */
	unsigned int turn;		/* what the container says (upright.h) */
	bool jpeg;			/* its packets are whole JPEG pictures of its size */
	/* Where we are */
	bool fresh;			/* nothing taken since the start: ->first waits */
	bool packets;			/* packets are taken instead of pictures */
	bool draining;
	AVFrame *still;			/* the one picture of a clip of one, once that is known */
	AVFrame *last;			/* the first of this lap while it may be the only one */
	AVPacket *still_packet, *last_packet;	/* the same for packets */
	uint64_t lap_items;
	bool jumped;			/* the next item's stamp tells where to */
	int64_t first_pts;		/* of the first lap; of the stream's time base */
	int64_t lap_first_pts;		/* of this lap's first item */
	int64_t duration;		/* of the item that was taken last */
	uint64_t lap_base_ns, time_ns;
	uint64_t lap_ns;		/* length of the last lap that was read to its end, or 0 */
	uint64_t complaints;
};

/*
 * vmedia_camera_clip_open - open, probe, decode the first picture
 * @interrupted: when it turns true, what reads returns -ECANCELED
 * Errors and @why as for vmedia_camera_create().
 */
int vmedia_camera_clip_open(struct vmedia_camera_clip *clip, const char *path, uint32_t threads,
			    const atomic_bool *interrupted, char *why, size_t why_size);
void vmedia_camera_clip_close(struct vmedia_camera_clip *clip);

/*
 * Begin again at the first picture and time 0. @packets: undecoded packets are wanted; needs
 * clip->jpeg.
 */
int vmedia_camera_clip_rewind(struct vmedia_camera_clip *clip, bool packets);

/*
 * vmedia_camera_clip_next - the next picture in @frame, or packet in @packet (as rewind said), and
 * its time in ns
 * Returns 0; -EIO: a whole lap without one; -ECANCELED; -ENOMEM.
 */
int vmedia_camera_clip_next(struct vmedia_camera_clip *clip, AVFrame *frame, AVPacket *packet,
			    uint64_t *time_ns);

/*
 * vmedia_camera_clip_jump - pass over what lies between here and @target ns, reading none of it:
 * the next picture or packet is the last key picture before @target, or in files without an index
 * one near it
 * @early: look for it so many ns before @target, after one that was too late
 *
 * Laps in between are counted, not read. A file in which nobody can seek begins again, at @target.
 * Nothing happens if @target is of an earlier lap. Returns as next does.
 */
int vmedia_camera_clip_jump(struct vmedia_camera_clip *clip, uint64_t target, uint64_t early);

/* Decode one packet of a clip whose packets are taken. 0 or -EIO. */
int vmedia_camera_clip_decode(struct vmedia_camera_clip *clip, const AVPacket *packet,
			      AVFrame *frame);

/* Nanoseconds between pictures at the clip's rate. */
uint64_t vmedia_camera_clip_interval_ns(const struct vmedia_camera_clip *clip);

/* How @frame, one of the clip, is to be turned (upright.h). */
unsigned int vmedia_camera_clip_turn(const struct vmedia_camera_clip *clip, const AVFrame *frame);

/* ---- Between clip.c and clip_open.c ---- */

/* Open the demuxer on the file's beginning and let it find out what is there. AVERROR codes. */
int vmedia_camera_clip_open_demuxer(struct vmedia_camera_clip *clip);
/* What is not of clip->stream is not read. */
void vmedia_camera_clip_keep_stream(struct vmedia_camera_clip *clip);
/* The first picture of all: 0, 1 if there is none, or -ECANCELED. */
int vmedia_camera_clip_first(struct vmedia_camera_clip *clip, AVFrame *frame);
/* It is @frame: time begins with it, and the clip is fresh. */
void vmedia_camera_clip_begin(struct vmedia_camera_clip *clip, const AVFrame *frame);

/* ---- clip_io.c ---- */

/*
 * Open a demuxer on the file from its beginning. @name: NULL, or what a format may be known by.
 * AVERROR codes.
 */
int vmedia_camera_clip_io_open(struct vmedia_camera_clip_io *io, const char *name,
			       AVFormatContext **demuxer);
void vmedia_camera_clip_io_close(AVFormatContext **demuxer);

/*
 * Is @data a JPEG picture of this size that decodes on its own: with Huffman tables, which many AVI
 * files leave out?
 */
bool vmedia_camera_jpeg_whole(const uint8_t *data, size_t size, uint32_t width, uint32_t height);

#endif
