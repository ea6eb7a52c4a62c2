/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vmedia-bench-codec: libavcodec without a device, which is the floor for codecs, and the media
 * that both are measured with.
 */
#ifndef VMEDIA_BENCH_CODEC_H
#define VMEDIA_BENCH_CODEC_H

#include <stdatomic.h>
#include <stddef.h>

#include <libavcodec/avcodec.h>

#include "job.h"

/* ---- main.c ---- */

uint64_t floor_now_ns(void);
/* Print one line to standard error. Returns @err. */
int floor_fail(const char *what, int err);
/* The same for AVERROR(); returns -EIO. */
int floor_fail_av(const char *what, int averror);

/*
 * What is measured: it begins when each session has made BENCH_WARM_PICTURES, and ends when all of
 * them together have made the pictures that count.
 */
struct floor_span {
	unsigned int sessions;
	uint64_t total;			/* pictures that count; 0: end with the first one */
	atomic_uint warm;		/* sessions */
	atomic_bool begun, ended;
	atomic_uint_fast64_t frames;	/* those that count */
	uint64_t wall[2], cpu[2];
};

void floor_span_init(struct floor_span *s, const struct bench_job *job, uint32_t pictures);
/*
 * A session has made its @nth picture, from 1 on. Returns true if no more is needed.
 * Context: any thread.
 */
bool floor_span_frame(struct floor_span *s, uint64_t nth);
void floor_span_result(const struct floor_span *s, struct bench_job *job);

/* ---- paint.c ---- */

/* Three components of 4:2:0; step: bytes from one sample to the next. */
struct floor_canvas {
	uint32_t width, height;
	uint8_t *data[3];
	int stride[3], step[3];
};

/* Paint picture @n of a film in which everything moves, with detail and noise. */
void floor_paint(const struct floor_canvas *c, unsigned int n);

/* ---- make.c, decode.c, encode.c ---- */

/* Fill the file @fd. Return 0 or negative errno. */
int floor_make_pictures(const struct bench_job *job, int fd);
int floor_make_stream(const struct bench_job *job, int fd);
/* Do the job and write the answer. */
int floor_decode(struct bench_job *job, const struct bench_media *m);
int floor_encode(struct bench_job *job, const struct bench_media *m);

#endif /* VMEDIA_BENCH_CODEC_H */
