/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --decode and --encode: media files, what libavcodec makes of them, and samples of pictures.
 *
 * Functions that return int return 0, unless their comment says otherwise, or negative errno or
 * CTL_ERR_USAGE after a line on standard error. Structures are zeroed by their owner before use,
 * and freed by a function that may be called in any state.
 */
#ifndef VMEDIA_CTL_MEDIA_H
#define VMEDIA_CTL_MEDIA_H

#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <stdio.h>

#include "codec.h"

extern const struct ctl_codec ctl_decode, ctl_encode;

/* V4L2's pixel format of packets of @id; 0: it has none. */
uint32_t media_format_of(enum AVCodecID id);
enum AVCodecID media_codec_of(uint32_t pixelformat);
/* Print "OPTION=PATH: WORDS: what libav* says". Returns CTL_ERR_USAGE. */
int media_unusable(const char *option, const char *path, const char *words, int averror);

/* ---- A file of packets ---- */

struct media_input {
	const char *option, *path; /* for messages */
	AVFormatContext *demuxer;
	AVStream *stream;
	AVBSFContext *filter; /* to the form that V4L2 has for packets */
	AVPacket *packet;
	AVRational rate; /* frames a second; not 0 */
	bool ended;
};

/* Open the first video of the file @path, which @option gave. */
int media_input_open(struct media_input *in, const char *option, const char *path);
/*
 * Get the next packet: in->packet, valid until the next call. Returns 1; 0 at the end of the file;
 * or an error.
 */
int media_input_read(struct media_input *in);
/* How much of the file was read, 0 to 1; negative: not known. */
double media_input_part(const struct media_input *in);
void media_input_close(struct media_input *in);

/* ---- libavcodec in this process ---- */

/* Packets wait until a picture is asked for. So it decodes no more than the device did. */
struct media_reference {
	AVCodecContext *av;
	AVPacket **packets; /* that wait */
	size_t head, count, room;
	bool ended; /* no packet follows the last one */
	bool flushed;
};

/* @bare: of @par only the codec counts, since a device is told no more. */
int media_reference_open(struct media_reference *r, const AVCodecParameters *par, bool bare);
/* Give it a copy of @packet, as the one with this number. NULL: no more follow. */
int media_reference_put(struct media_reference *r, const AVPacket *packet, uint64_t number);
/* Get the next picture. Returns 1, 0 if there is none in the packets until now, or an error. */
int media_reference_get(struct media_reference *r, AVFrame *frame);
void media_reference_close(struct media_reference *r);
bool media_damaged(const AVFrame *frame);

/* A file and the decoder for it. */
struct media_film {
	struct media_input in;
	struct media_reference decoder;
	AVFrame *frame;
};

int media_film_open(struct media_film *f, const char *option, const char *path);
/* Get the next picture: f->frame. Returns 1, 0 at the end, or an error. */
int media_film_next(struct media_film *f);
void media_film_close(struct media_film *f);

/* ---- Samples ---- */

/* A picture whose planes follow each other, each line behind the one before. */
struct media_samples {
	enum AVPixelFormat fmt; /* a planar one, with its samples in the low bits */
	uint32_t width, height;
	uint8_t *plane[4];
	size_t line[4]; /* bytes */
	uint32_t lines[4];
	unsigned int num_planes;
	uint8_t *data;
	size_t size, room;
};

/* Make room for a picture like that. */
int media_samples_resize(struct media_samples *s, enum AVPixelFormat fmt, uint32_t width,
			 uint32_t height);
/*
 * Copy what is visible of @pic. Without a line on standard error, returns -ENOTSUP if its pixel
 * format has no planes of YUV samples, -EINVAL if the frame is shorter than its format says.
 */
int media_samples_get(struct media_samples *s, const struct ctl_picture *pic,
		      const struct vmedia_rect *visible);
/*
 * Compare with what libavcodec decoded. Returns true, or false and where the first difference is
 * in @words.
 */
bool media_samples_equal(const struct media_samples *s, const AVFrame *frame, char *words,
			 size_t size);
void media_samples_free(struct media_samples *s);

/* The planar format with the samples of @fmt; AV_PIX_FMT_NONE: there is none. */
enum AVPixelFormat media_planar(enum AVPixelFormat fmt);
/*
 * Copy a picture of libavcodec into the memory of @pic, which has bytesused bytes. Converts if its
 * samples are others; @sws is kept for that, and freed by sws_freeContext(). Errors as
 * media_samples_get().
 */
struct SwsContext;
int media_samples_put(const AVFrame *frame, const struct ctl_picture *pic, struct SwsContext **sws);
/* @frame with samples of planar format @fmt: itself or, in @room, converted. NULL: no memory. */
const AVFrame *media_convert(const AVFrame *frame, enum AVPixelFormat fmt, AVFrame *room,
			     struct SwsContext **sws);

/* ---- --verify ---- */

#define MEDIA_SEEN 64

struct media_verify {
	struct media_reference ref;
	AVFrame *frame;
	struct media_seen {
		struct media_samples samples;
		uint64_t number;
		int64_t packet;
		bool damaged;
	} seen[MEDIA_SEEN]; /* pictures of the device that are not compared yet */
	unsigned int first, num;
	uint64_t pictures;
};

int media_verify_open(struct media_verify *v, const AVCodecParameters *par);
/* The device gets @packet, as the one with this number. NULL: no more follow. */
int media_verify_packet(struct media_verify *v, const AVPacket *packet, uint64_t number);
/*
 * The device has a picture of packet @packet. Takes the samples, and leaves others. Fails if one
 * that is compared now differs.
 */
int media_verify_picture(struct media_verify *v, struct media_samples *samples, int64_t packet,
			 bool damaged);
/* The device has no more pictures. Fails if libavcodec has, or one of the last differs. */
int media_verify_end(struct media_verify *v);
void media_verify_close(struct media_verify *v);

/* ---- A file of pictures ---- */

/* Y4M, or the bytes of struct media_samples alone. */
struct media_writer {
	const char *path;
	FILE *file; /* NULL: none */
	bool y4m;
	enum AVPixelFormat fmt; /* Y4M: of its header; AV_PIX_FMT_NONE: not written */
	uint32_t width, height;
	AVRational rate, aspect;
	uint64_t bytes;
};

/* Open @path. @fd: a descriptor for "-". */
int media_writer_open(struct media_writer *w, const char *path, int fd);
/* Write a picture. @pic: its field order and range. May return -EINTR without a line. */
int media_writer_put(struct media_writer *w, const struct media_samples *s,
		     const struct ctl_picture *pic);
/* Returns @ret if that is an error, else the result of the last writes. */
int media_writer_close(struct media_writer *w, int ret);

/* ---- A file of packets to write ---- */

#define MEDIA_HELD 32

/*
 * Decoding times are computed: a packet's own number, less the pictures that wait for others. These
 * are counted among the first packets, which are held until then.
 */
struct media_output {
	const char *path;
	AVFormatContext *muxer;
	AVPacket *held[MEDIA_HELD];
	unsigned int num_held;
	AVPacket *prefix; /* headers that came without a picture */
	AVRational tick;  /* the time between two pictures */
	uint64_t count;	  /* packets until now */
	int64_t delay;
	bool begun;
};

/* The kind of file that @path has by its name; "-": Matroska. NULL after a line. */
const AVOutputFormat *media_output_kind(const char *path);
/* Open @path for packets as @par says. @fd: a descriptor for "-". */
int media_output_open(struct media_output *o, const char *path, int fd,
		      const AVCodecParameters *par, AVRational rate);
/* Write a packet, of picture @number. */
int media_output_put(struct media_output *o, const void *data, size_t size, int64_t number,
		     bool key);
/* Write what is held. Returns @ret if that is an error, else the result of the last writes. */
int media_output_close(struct media_output *o, int ret);

/*
 * Compare the pictures of two files. @frames: of both; @psnr: decibels, infinite if all are the
 * same. Fails if one file has more than the other, or another size.
 */
int media_compare(const char *from, const char *to, uint64_t *frames, double *psnr);

/* ---- What people see ---- */

struct media_progress {
	AVRational rate;
	double begun, shown;
	uint64_t frames, shown_frames;
	double fps;
};

void media_progress_begin(struct media_progress *p, AVRational rate);
/* The line while it goes on. @part: of the file, negative: not known. */
void media_progress_text(struct media_progress *p, double part, char *text, size_t size);
/* "300 frames, 251.32 fps, 10.05 times real time", for the end. */
void media_progress_sum(const struct media_progress *p, char *text, size_t size);

#endif /* VMEDIA_CTL_MEDIA_H */
