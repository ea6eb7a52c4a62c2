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
 * The moments between which all sessions together make the pictures that count. Context of
 * floor_span_frame(): any thread.
 */
struct floor_span {
	uint64_t first, last;		/* the counts at which it begins and ends */
	atomic_uint_fast64_t frames;
	atomic_bool ended;
	uint64_t wall[2], cpu[2];
};

void floor_span_init(struct floor_span *s, const struct bench_job *job, uint32_t pictures);
/* One more picture. Returns true if it was the last one. */
bool floor_span_frame(struct floor_span *s);
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
