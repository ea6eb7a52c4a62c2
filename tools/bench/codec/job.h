/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A job that vmedia-bench gives to vmedia-bench-codec, and media that both have: in memory files
 * that both map. The program does one job and ends.
 */
#ifndef VMEDIA_BENCH_JOB_H
#define VMEDIA_BENCH_JOB_H

#include <stdbool.h>
#include <stdint.h>

#define BENCH_MEDIA_ITEMS 96
/*
 * Pictures of each session before a measurement begins: more than it has buffers, so that the
 * kernel has given and zeroed the memory of all of them.
 */
#define BENCH_WARM_PICTURES 24
/* As many as a device's default is at most. */
#define BENCH_SESSIONS 8

/*
 * Packets in the order of decoding, or pictures of NV12 without padding. A stream begins with a key
 * picture and refers to nothing else, so it can be played again and again.
 */
struct bench_media {
	uint64_t size;			/* of the file */
	uint32_t num, width, height;
	uint32_t coded;			/* V4L2_PIX_FMT_* of packets; 0: pictures */
	uint32_t largest;		/* bytes of the largest item */
	char encoder[32];		/* libavcodec's name of what made the packets */
	struct {
		uint64_t offset;	/* from the beginning of this structure */
		uint32_t size;
	} item[BENCH_MEDIA_ITEMS];
};

enum bench_job_verb {
	BENCH_JOB_PICTURES,		/* make @num pictures */
	BENCH_JOB_STREAM,		/* make a stream of @num pictures */
	BENCH_JOB_DECODE,		/* decode the stream @loops times */
	BENCH_JOB_ENCODE,		/* encode the pictures @loops times, as H.264 */
};

struct bench_job {
	uint32_t bytes;			/* sizeof(struct bench_job): they are of one build */
	uint32_t verb;
	uint32_t num, width, height;	/* of media to be made */
	uint32_t raw;			/* decode to V4L2_PIX_FMT_YUV420M or _NV12 */
	uint32_t sessions;		/* decoders at once, each with a thread */
	uint32_t threads;		/* of the first codec; the others have one */
	uint32_t loops;			/* 0: end with the first picture */
	uint32_t frame_threads;		/* libavcodec's threads decode a frame each, not a slice */
	/* The answer. */
	int32_t err;			/* negative errno, after a line on standard error */
	uint64_t frames;		/* of all sessions, that were measured */
	uint64_t coded_bytes;		/* of the packets of the first loop */
	double cpu_ns, wall_ns;		/* for each frame */
	double first_ns;		/* from opening the codec to the first picture */
};

#endif /* VMEDIA_BENCH_JOB_H */
