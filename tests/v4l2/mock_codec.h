/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A decoder of packets that say what to do, and a client that drives it as its contract wants.
 *
 * A packet is a text of commands, with one digit or letter each:
 *
 *	Sn	the pictures that follow have size n of mock_sizes
 *	Bn	... need n buffers
 *	T1	... have 10 bits (T0: 8 bits)
 *	C1	... have colours of BT.709, full range
 *	Rn	pictures are held until there are more than n of them
 *	Px	a picture that shows x; pictures come in the order of x among those that are held
 *	Kx	the same, a key picture
 *	Xx	the same, a damaged one
 *	Ix	the same, interlaced
 *	Dx	the same, in place if a buffer can be taken; mock.copies counts the others
 *	Yx	the last picture again, which shows x
 *	Hn	the last n pictures in place are references
 *	G1	the header has strides and lines for decoding in place
 *	U.	a buffer is taken, and released without a picture
 *	E.	the packet is damaged
 *	F.	the decoder fails
 *	Zn	let other threads run, n times
 *	W.	wait for the test's word (mock.go)
 *
 * The client writes down what it gets: OUTPUT buffers in `out`, and CAPTURE buffers and events in
 * `cap`, each as one word with a space before it:
 *
 *	out:	the timestamp; "!" behind it: with an error
 *	cap:	what the picture shows, "@", the timestamp; behind it "k" or "p", "i", "!" for flags
 *		"LAST": an empty buffer with the flag; "EMPTY!": one with an error
 *		"CHANGE", "EOS": events
 */
#ifndef VMEDIA_TESTS_V4L2_MOCK_CODEC_H
#define VMEDIA_TESTS_V4L2_MOCK_CODEC_H

#include "rig.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <vmedia/codec.h>

#define OUT  V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
#define CAP  V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
#define MMAP V4L2_MEMORY_MMAP
#define STOP  V4L2_DEC_CMD_STOP
#define START V4L2_DEC_CMD_START

struct mock_size {
	uint32_t width, height;
	struct vmedia_rect visible;
};

extern const struct mock_size mock_sizes[10];

struct mock {
	sem_t in_wait, go;
	bool forgets;			/* after a drain nothing is shown before a key picture */
	bool receive_waits;		/* receive() waits for the test's word with its picture */
	bool yields;			/* others run after each picture */
	int open_err, write_err;
	atomic_int opens, closes, resets, drains, destroys, sent, copies, wrong;
};

extern struct mock mock;

struct client {
	struct rig *r;
	bool keep;			/* CAPTURE buffers are not queued again */
	bool busy[32];			/* OUTPUT buffer i is queued */
	uint32_t num_out;
	char out[1024], cap[1024];
};

/* A device, a session that has subscribed to both events, and 8 OUTPUT buffers, streaming. */
struct client client_new(bool no_header, bool forgets);
/* The same without buffers. */
struct client client_open(bool no_header, bool forgets);
void client_begin(struct client *c, uint32_t num_out);
/* Jobs tell at once what they have finished, and end at once if others wait for a thread. */
void client_hurry(struct client *c);
void client_end(struct client *c);
/* A packet into a free OUTPUT buffer. @time: of its timestamp, in microseconds. */
void client_put(struct client *c, const char *packet, uint32_t time);
/* CAPTURE: at least @n buffers, all queued, streaming. Returns their number. */
uint32_t client_setup(struct client *c, uint32_t n);
int client_queue_capture(struct client *c, uint32_t i);
/* CAPTURE off, and set up again. */
uint32_t client_restart(struct client *c, uint32_t n);
/* OUTPUT off and on. */
void client_seek(struct client *c);
int client_command(struct client *c, uint32_t cmd);
/* Write an event down, and queue its buffer again. */
void client_note(struct client *c, const struct vmedia_evt *evt);
/* Handle events until there are none and no job runs. */
void client_settle(struct client *c);
/* The job that the last call began waits in the codec. */
void client_await(struct client *c);
/* Settle, then compare what came since the last time. */
void client_expect(struct client *c, const char *out, const char *cap);
struct vmedia_ctx *client_ctx(struct client *c);
int client_s_fmt(struct client *c, uint32_t type, uint32_t pixelformat, uint32_t w, uint32_t h,
		 struct vmedia_format *got);
struct vmedia_rect client_selection(struct client *c, uint32_t target);

#endif
