/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An encoder of pictures that say what to do, and a client that drives it as its contract wants.
 *
 * A picture begins with a text of commands, with one digit or letter each:
 *
 *	Px	it shows x
 *	Rn	pictures are held until there are more than n; the packet of the newest comes first,
 *		those of the others are B pictures
 *	Zn	its packet has n thousand bytes
 *	H.	its packet has a header
 *	E.	it cannot be encoded
 *	F.	the encoder fails
 *	W.	wait for the test's word (mock_encoder.go)
 *
 * The encoder takes over another bitrate, and no other parameter. The first picture after open() is
 * a key picture.
 *
 * The client writes down what it gets: OUTPUT buffers in `out`, and CAPTURE buffers and events in
 * `cap`, each as one word with a space before it:
 *
 *	out:	the timestamp; "!" behind it: with an error
 *	cap:	"h" if there is a header, what the picture shows, "@", the timestamp; behind it "k",
 *		"p" or "b" for flags. "LAST": an empty buffer with the flag; "EMPTY!": one with an
 *		error; "EOS": the event
 */
#ifndef VMEDIA_TESTS_V4L2_MOCK_ENCODER_H
#define VMEDIA_TESTS_V4L2_MOCK_ENCODER_H

#include "rig.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <vmedia/encoder.h>

#define OUT  V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
#define CAP  V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
#define MMAP V4L2_MEMORY_MMAP
#define STOP  V4L2_ENC_CMD_STOP
#define START V4L2_ENC_CMD_START

struct mock_encoder {
	sem_t in_wait, go;
	bool slow_close;		/* close() waits for the test's word */
	bool ends;			/* after a drain it begins again with a key picture */
	int open_err;
	atomic_int opens, closes, updates, drains, destroys, sent, wrong;
	/* Of the last open() or update(), and the rectangle's first bytes of the last picture. */
	struct vmedia_encoder_params params;
	int64_t bitrate;
	uint8_t corner[3];
};

extern struct mock_encoder mock_encoder;

struct enc {
	struct rig *r;
	bool busy[32];			/* OUTPUT buffer i is queued */
	uint32_t num_out;
	char out[1024], cap[1024];
};

/* Of the devices that enc_open() makes; 0: the default. */
extern uint64_t enc_max_pixels;

/* A device and a session that has subscribed to EOS; 64x48 NV12 as H.264. */
struct enc enc_open(void);
/* The same with @num_out OUTPUT and @num_cap CAPTURE buffers, all of these queued; streaming. */
struct enc enc_new(uint32_t num_out, uint32_t num_cap);
void enc_begin(struct enc *e, uint32_t num_out, uint32_t num_cap);
void enc_end(struct enc *e);
/* A picture into a free OUTPUT buffer. @time: of its timestamp, in microseconds. */
void enc_put(struct enc *e, const char *picture, uint32_t time);
/* CAPTURE: STREAMOFF and ON, with all buffers queued again. */
void enc_restart(struct enc *e);
/* OUTPUT: STREAMOFF and ON. */
void enc_seek(struct enc *e);
int enc_queue_capture(struct enc *e, uint32_t i);
int enc_queue_output(struct enc *e, uint32_t i);
int enc_command(struct enc *e, uint32_t cmd);
int enc_set(struct enc *e, uint32_t id, int32_t value);
/* The job that the last call began waits in the codec. */
void enc_await(struct enc *e);
void enc_settle(struct enc *e);
/* Settle, then compare what came since the last time. */
void enc_expect(struct enc *e, const char *out, const char *cap);
struct vmedia_ctx *enc_ctx(struct enc *e);
int enc_s_fmt(struct enc *e, uint32_t type, uint32_t pixelformat, uint32_t w, uint32_t h,
	      uint32_t sizeimage, struct vmedia_pix_format_mplane *got);
struct vmedia_pix_format_mplane enc_g_fmt(struct enc *e, uint32_t type);

#endif
