/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sequences of a driver's operations on decoders, beside the model of codec_model.h. An operation
 * is a line of text, so that a sequence can be printed and played again:
 *
 *	SESSION NAME A B C	(A, B, C: numbers; play_names has what they mean)
 */
#ifndef VMEDIA_TESTS_V4L2_CODEC_PLAY_H
#define VMEDIA_TESTS_V4L2_CODEC_PLAY_H

#include "codec_model.h"
#include "mock_codec.h"

#define PLAY_SESSIONS 8
#define PLAY_OPS      400

enum play_kind {
	PLAY_OPTIONS,		/* first: A: the codec forgets; B: has no header(); C: in place */
	PLAY_FMT_OUT,		/* A: H264, VP8; B: which size */
	PLAY_FMT_CAP,		/* A: NV12, YM12, P010; B: which size */
	PLAY_REQBUFS,		/* A: queue, 0 OUTPUT; B: count */
	PLAY_PACKET,		/* C: what is in it */
	PLAY_TARGET,		/* one CAPTURE buffer */
	PLAY_TARGETS,		/* all that are free */
	PLAY_ON,		/* A: queue */
	PLAY_OFF,
	PLAY_STOP,
	PLAY_START,
	PLAY_FOLLOW,		/* what the contract asks for after what came last; A: which way */
	PLAY_QUERY,		/* formats, the visible size, MIN_BUFFERS */
	PLAY_BEGIN,		/* OUTPUT: B buffers, on */
	PLAY_SETUP,		/* CAPTURE: B buffers, queued, on */
	PLAY_RESTART,		/* CAPTURE off, then PLAY_SETUP */
	PLAY_SEEK,		/* OUTPUT off and on */
	PLAY_RECOVER,		/* both off, OUTPUT on */
	PLAY_ANEW,		/* both without buffers, then PLAY_FMT_OUT and PLAY_BEGIN */
	PLAY_CLOSE,		/* the session; and a new one */
	PLAY_SUSPEND,		/* the guest's queues stop for a while */
	PLAY_STEP,		/* A rounds of the loop */
	PLAY_SETTLE,		/* until the decoder waits for the driver */
	PLAY_NUM_KINDS,
};

struct play_op {
	uint8_t session, kind, a, b;
	uint32_t c;
};

extern const char *const play_names[PLAY_NUM_KINDS];

/* A packet from a number. @sized: the stream has said a size; @in_place: pictures may be so. */
void play_packet(char text[CM_TEXT], uint32_t seed, bool sized, bool in_place);

/* What was played. */
struct play_count {
	unsigned long calls, came[CM_NUM_WHATS];	/* of each enum cm_what */
	unsigned int most;				/* states of a model */
};

/*
 * Play @num operations with @sessions sessions at once. What disagrees is printed, and ends the
 * process with status 1. @loud: each operation is printed with its answer. @count is added to; it
 * may be NULL.
 */
void play(const struct play_op *ops, unsigned int num, unsigned int sessions, bool loud,
	  struct play_count *count);

#endif
