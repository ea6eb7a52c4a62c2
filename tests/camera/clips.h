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

/* A directory for clips, removed with all in it by clips_fini(). */
void clips_init(void);
void clips_fini(void);
/* Path of file @name there; until the next 8 calls. */
const char *clip_path(const char *name);
/* "file:" and that path. */
const char *clip_source(const char *name);

/* False if this build of libavcodec has no such encoder. */
bool clip_make(const struct clip_spec *spec);
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
