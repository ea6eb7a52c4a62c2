/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pictures that the test makes, a client that has the device encode them, and what libavcodec makes
 * of both: it encodes the same pictures itself, and decodes what came.
 */
#ifndef VMEDIA_TESTS_ENCODER_CLIP_H
#define VMEDIA_TESTS_ENCODER_CLIP_H

#include <libavcodec/avcodec.h>

#include "../v4l2/rig.h"

/* What an encoder gave for a picture, or a header. */
struct coded {
	uint8_t *data;
	uint32_t size, flags;
	int64_t pts;			/* of the picture: n + 1 of picture n */
};

struct clip {
	struct coded *p;
	unsigned int num;
};

/* Paint picture @n of a moving scene, which is @noisy or smooth, into @f. */
void clip_paint(AVFrame *f, int n, bool noisy);
AVFrame *clip_frame(enum AVPixelFormat format, int width, int height);
void clip_add(struct clip *c, const uint8_t *data, uint32_t size, uint32_t flags, int64_t pts);
void clip_free(struct clip *c);
uint64_t clip_bytes(const struct clip *c, unsigned int from, unsigned int to);
unsigned int clip_count(const struct clip *c, uint32_t flags);
/* Both have the same packets: bytes, flags and times. */
void clip_compare(const struct clip *got, const struct clip *want);

/*
 * Decode @c as @id, and compare each picture with that which was painted. Returns the least PSNR of
 * luma, or of chroma if that is less, in dB. The pictures come in the order of their times, which
 * begin with @first; there are @num. @av: receives the decoder, which the caller frees; or NULL.
 */
double clip_check(const struct clip *c, enum AVCodecID id, int first, unsigned int num, bool noisy,
		  AVCodecContext **av);

/* Encode @num pictures with an encoder of libavcodec that the test has set up, but for its size. */
void clip_encode(struct clip *c, AVCodecContext *av, const char *options, unsigned int num,
		 bool noisy);

/* ---- The client ---- */

struct recorder {
	struct rig *r;
	uint32_t raw;
	int width, height, left, top;	/* of the rectangle */
	bool noisy;
	bool pure_noise;		/* instead of pictures */
	bool busy[8];
	int next;			/* picture */
	bool last;			/* LAST came */
	struct clip got;
};

/* A session with the coded format @coded and pictures of @raw. */
void recorder_open(struct recorder *c, uint32_t coded, uint32_t raw, int width, int height);
void recorder_set(struct recorder *c, uint32_t id, int32_t value);
/* Buffers, streaming. */
void recorder_begin(struct recorder *c);
/* Encode the next @num pictures, until OUTPUT has given all of them back. */
void recorder_put(struct recorder *c, unsigned int num);
/* The first plane of each OUTPUT buffer, of @size bytes. Returns their number, 8 at most. */
uint32_t recorder_memory(struct recorder *c, uint8_t *at[8], uint32_t *size);
/* CMD_STOP, until LAST; CMD_START. */
void recorder_drain(struct recorder *c);
void recorder_resume(struct recorder *c);
/* Handle events until no job runs. */
void recorder_settle(struct recorder *c);
void recorder_end(struct recorder *c);

#endif
