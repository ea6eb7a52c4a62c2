/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clips for the tests of the file source: made by libavcodec at test time, and read by the plainest
 * of loops, which is what the source's pictures are compared with.
 */
#ifndef TESTS_CAMERA_CLIPS_H
#define TESTS_CAMERA_CLIPS_H

#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
#include <stdbool.h>
#include <stddef.h>

/* How it looks: without edges, which scalers blur; with each third picture late. */
#define SMOOTH 1u
#define UNEVEN 2u

struct clip_spec {
	const char *name;		/* of the file; its extension says how it is wrapped */
	const char *codec;		/* of an encoder */
	enum AVPixelFormat format;
	int width, height, fps, frames, b_frames;
	unsigned int how;		/* SMOOTH, UNEVEN */
};

struct clip_colour {
	enum AVColorRange range;
	enum AVColorSpace space;
	enum AVColorPrimaries primaries;
	enum AVColorTransferCharacteristic transfer;
};

/* What else a file may say of its pictures; zero where it says nothing. */
struct clip_look {
	struct clip_colour colour;
	AVRational sar;
	const int32_t *matrix;		/* 9 of them: how it is to be turned */
	int fields;			/* 1: top field first, 2: bottom field first */
	int64_t (*stamp)(int n);	/* of picture @n in 1/fps, instead of counting */
	void (*paint)(AVFrame *frame, int n);	/* instead of the usual pattern */
};

/*
 * Set sample @plane of pixel @x, @y of planar YUV, grey or RGB (@plane is R, G, B)
 * to @value, which is of 0 to 255 whatever the depth.
 */
void clip_put(AVFrame *frame, int plane, int x, int y, double value);
/*
 * Paints a flat colour (RGB, 0 to 255) in each quarter: upper left, upper right, lower left, lower
 * right; by the frame's colorspace and range.
 */
void clip_paint_quarters(AVFrame *frame, const double colours[4][3]);

/* A directory for clips, removed with all in it by clips_fini(). */
void clips_init(void);
void clips_fini(void);
/* Path of file @name there; until the next 8 calls. */
const char *clip_path(const char *name);
/* "file:" and that path. */
const char *clip_source(const char *name);

/* False if this build of libavcodec has no such encoder. */
bool clip_make(const struct clip_spec *spec);
bool clip_make_as(const struct clip_spec *spec, const struct clip_look *look);
/*
 * One file with the streams of @count others, in this order; @dispositions of each. Packets are
 * interleaved by their times.
 */
void clip_join(const char *name, const char *const *parts, const int *dispositions, int count);
/* A WAV file of some tones. */
void clip_make_sound(const char *name);
void clip_make_bytes(const char *name, const void *bytes, size_t size);

/* All pictures or packets of the best video stream. */
struct reference {
	size_t num_frames, num_packets;
	AVFrame *frames[256];
	AVPacket *packets[256];
};

void reference_load(struct reference *ref, const char *name);
void reference_free(struct reference *ref);

#endif
