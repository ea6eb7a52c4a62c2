/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the ffmpeg program gives for a media file: its choice of the stream, its turning, its
 * scaling to square pixels, its colours, and for transparent pictures its premultiplication, which
 * is fading to black.
 */
#ifndef TESTS_CAMERA_GIVEN_H
#define TESTS_CAMERA_GIVEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vmedia/camera.h>

#define PICTURES 6

struct given {
	const char *path;		/* not copied */
	char codec[32], format[32], range[16], space[24], primaries[24], transfer[24], field;
	int width, height;		/* turned, as decoded */
	double sar;
	unsigned int num_times;
	double times[PICTURES + 1];	/* seconds; of one picture more where there is one */
	bool timed;
	uint32_t w, h;			/* in square pixels */
};

/* Its first pictures as they are to be seen: RGB24 without padding. */
struct shown {
	unsigned int count;
	uint8_t *rgb[PICTURES];
};

/*
 * What is to be seen in a format that has been negotiated: the pictures with the chroma that it
 * shares, in its matrix and range. There are two right ways to share it, or one, and ways[1] is
 * empty.
 */
struct wanted {
	struct vmedia_camera_format fmt;
	struct shown ways[2];
};

/* A directory for ffmpeg's answers; given_fini() removes it. False: it cannot be made. */
bool given_init(void);
void given_fini(void);

/* False: ffmpeg gives nothing for @path. */
bool given_ask(struct given *g, const char *path);
/* Fills the ways of @count formats, 8 at most; fails if ffmpeg does. */
void given_pictures(const struct given *g, struct wanted *wanted, int count);
void wanted_free(struct wanted *w);
/* The first picture in @format, one of ffmpeg's, without padding; fails unless it is of @size. */
void given_samples(const struct given *g, const char *format, uint8_t *data, size_t size);

#endif
