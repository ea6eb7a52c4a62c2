/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams that the test makes with libavcodec's encoders, what libavcodec makes of them, and a
 * client that has the device decode them.
 */
#ifndef VMEDIA_TESTS_DECODER_STREAM_H
#define VMEDIA_TESTS_DECODER_STREAM_H

#include <libavcodec/avcodec.h>

#include "../v4l2/rig.h"

struct recipe {
	const char *encoder;		/* libavcodec's name */
	uint32_t pixelformat;		/* of V4L2 */
	int width, height;
	enum AVPixelFormat pix_fmt;
	int pictures, gop, b_frames;
	bool interlaced;
};

/* Packets, each a whole picture; pts counts from 1. */
struct stream {
	AVPacket *packets[128];
	unsigned int num;
};

/* Pictures: their samples, plane after plane, visible parts only, as a number. */
struct picture {
	uint32_t width, height, flags, field;
	int64_t pts;
	uint64_t hash;
};
struct pictures {
	struct picture p[512];
	unsigned int num;
};

/* Append the pictures that @r says. False: this libavcodec has no such encoder. */
bool stream_make(struct stream *s, const struct recipe *r);
/* The same, with so many slices in a picture where the encoder can. */
bool stream_make_sliced(struct stream *s, const struct recipe *r, int slices);
void stream_free(struct stream *s);
/* What libavcodec makes of it. */
void stream_decode(const struct stream *s, uint32_t pixelformat, struct pictures *out);
/*
 * The same of two streams, with a seek between them. A decoder of H.264 may show in the second what
 * damage in the first left in its memory.
 */
void stream_decode_two(const struct stream *a, const struct stream *b, uint32_t pixelformat,
		       struct pictures *of_a, struct pictures *of_b);
void picture_add(struct pictures *p, const struct picture *picture);
/* The number for one more sample. */
uint64_t hash_sample(uint64_t hash, uint16_t sample);
/* The pictures are equal in all, and the same ones are damaged. */
void pictures_compare(const struct pictures *got, const struct pictures *want);
/* The same, but for what they show: decoders leave in a damaged picture what was in its memory. */
void pictures_compare_times(const struct pictures *got, const struct pictures *want);
/* Each of @got is in @want, in its order. */
void pictures_part(const struct pictures *got, const struct pictures *want);

/* ---- The client ---- */

struct player {
	struct rig *r;
	uint32_t raw;			/* what it sets on CAPTURE; 0: nothing */
	int buffers;			/* it asks for on CAPTURE; 0: as few as possible */
	uint32_t got_buffers;
	bool setup;			/* CAPTURE streams */
	bool stopping;			/* CMD_STOP was accepted */
	bool busy[8];
	bool failed;			/* a queue had EIO, or a buffer came back unused */
	unsigned int changes;
	struct vmedia_picture_layout layout;
	struct vmedia_rect visible;
	const struct vmedia_pixfmt *pf;
	struct pictures got;
};

void player_begin(struct player *p, uint32_t coded, uint32_t raw);
/* The same; the first two packets of @s are queued before STREAMON of OUTPUT. */
void player_begin_late(struct player *p, uint32_t coded, uint32_t raw, const struct stream *s);
/* The same with options of the device (decoder.h). */
struct vmedia_decoder_options;
void player_begin_with(struct player *p, const struct vmedia_decoder_options *opts, uint32_t coded,
		       uint32_t raw);
/* Go on with another session of the device; the one until now stays as it is. */
void player_join(struct player *p, uint32_t coded);
/* Decode packets @from to @to - 1; @drain: until LAST, else until all are taken. */
void player_play(struct player *p, const struct stream *s, unsigned int from, unsigned int to,
		 bool drain);
/* OUTPUT off and on; @both: CAPTURE off. */
void player_seek(struct player *p, bool both);
void player_end(struct player *p);
/* The number of bytes that were copied to CAPTURE buffers. */
uint64_t player_copied(const struct player *p);
/* Add the picture in CAPTURE buffer @b to what the player got. */
void player_record(struct player *p, const struct vmedia_buffer *b);
void player_command(struct player *p, uint32_t cmd);

#endif
