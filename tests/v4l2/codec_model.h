/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stateful decoder's contract as a model: the kernel's dev-decoder.rst, and what
 * <vmedia/codec.h> and <vmedia/m2m.h> promise where it leaves a choice. It knows the calls of a
 * driver, their answers, and what comes back. It does not know the code under test.
 *
 * Theory of operation
 *
 *   codec_machine.c is a decoder of the mock codec's packets (mock_codec.h): a state, and a step
 *   that takes a packet, shows a picture, finds a header, or ends a drain. What a step brings
 *   waits in the state until the driver has seen it.
 *
 *   A driver cannot know how many steps a decoder has done. So codec_model.c keeps a set of
 *   states. What came back is compared with what each state has waiting, after as many steps as
 *   that takes. A call whose effect depends on the steps before it, such as STREAMOFF, is tried
 *   after each possible number of steps. A state that does not agree with an answer leaves the set;
 *   if the set is empty, the decoder under test is wrong. When the decoder has nothing to do any
 *   more, all steps must have been done and all that they brought must have come.
 *
 *   Where the contract allows several outcomes, the set has a state for each:
 *	- a seek in a drain, or in a change whose LAST is due: that LAST may still come
 *	- STREAMOFF of CAPTURE in a drain that meets a change which the driver has not seen: the
 *	  drain may end or go on
 *	- a buffer that is too small for the present format may come back with an error at any time
 *	- REQBUFS may give more buffers than asked for
 *	- with pictures that are decoded in place, any queued buffer may come back; and if two of
 *	  CAPTURE's buffers are not queued, all that are queued may be the codec's
 */
#ifndef VMEDIA_TESTS_V4L2_CODEC_MODEL_H
#define VMEDIA_TESTS_V4L2_CODEC_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define CM_BUFS	   32	/* of a queue */
#define CM_HELD	   32	/* pictures in the codec */
#define CM_SEEN	   80	/* waiting for the driver */
#define CM_PACKETS 512	/* of a sequence */
#define CM_TEXT	   24	/* bytes of a packet */

#define CM_NO_SIZE 9	/* of mock_sizes: the stream said none */

enum cm_queue { CM_OUT, CM_CAP };

struct cm_header {
	uint8_t size, deep, buffers, colours;
};

struct cm_picture {
	struct cm_header header;
	uint8_t shows, kind;
	uint16_t packet;
};

struct cm_format {
	uint32_t pixelformat;
	uint16_t width, height;
};

/* What the driver sees. OUTPUT: index, packet, error. LAST, EMPTY (an error): index. */
enum cm_what { CM_PACKET, CM_PICTURE, CM_LAST, CM_EMPTY, CM_CHANGE, CM_EOS, CM_NUM_WHATS };
extern const char *const cm_names[CM_NUM_WHATS];

struct cm_seen {
	uint8_t what, index;
	bool error, zero;
	struct cm_picture p;		/* a packet's is p.packet */
};

/* A decoder, with zero bytes wherever nothing is: states are compared as bytes. */
struct cm_state {
	/* The queues. */
	bool on[2], error[2];
	uint8_t num[2];				/* buffers that exist */
	struct cm_format fmt[2];
	uint32_t image;				/* bytes that CAPTURE's format needs */
	uint32_t length[CM_BUFS];		/* of CAPTURE's buffers, all planes */
	uint8_t planes[CM_BUFS];
	uint8_t num_packets, num_targets;
	struct { uint16_t packet; uint8_t index; } packets[CM_BUFS];
	uint8_t targets[CM_BUFS];
	/* The stream. */
	bool told;				/* the driver knows of a header */
	struct cm_header header;
	bool draining, changed, ended, due;	/* as in the comment of codec_machine.c */
	uint8_t mark;				/* packets that are before CMD_STOP */
	bool fatal;
	/* The codec. */
	bool open, has_size, fresh, finished, forgot;
	struct cm_header says;
	uint8_t reorder, num_held;
	struct cm_picture held[CM_HELD];
	/* What the driver has not seen yet, oldest first. */
	uint8_t num_out, num_cap;
	struct cm_seen out[CM_BUFS], cap[CM_SEEN];
};

/* A call, and its answer. */
enum cm_kind { CM_S_FMT, CM_G_FMT, CM_REQBUFS, CM_QBUF, CM_STREAMON, CM_STREAMOFF, CM_STOP,
	       CM_START, CM_QUERY, CM_NUM_KINDS };

struct cm_call {
	enum cm_kind kind;
	enum cm_queue queue;
	uint8_t index;				/* QBUF */
	uint16_t packet;			/* QBUF of OUTPUT */
	uint32_t count;				/* REQBUFS */
	struct cm_format asked;			/* S_FMT */
	int ret;				/* 0 or a negative errno; REQBUFS: the number */
	struct cm_format got;			/* S_FMT, G_FMT; QUERY: visible size */
	struct cm_format capture;		/* S_FMT of OUTPUT: CAPTURE's format after it */
	uint32_t image;				/* S_FMT of CAPTURE: all sizeimages */
	uint32_t min_buffers;			/* QUERY of this instead */
};

struct cm {
	bool forgets, late_header;		/* the mock codec's options */
	bool in_place;				/* it decodes into CAPTURE buffers */
	uint32_t coded;				/* OUTPUT's pixel format */
	char text[CM_PACKETS][CM_TEXT];		/* of each packet */
	struct cm_state *set, *next;
	unsigned int num, num_next, most;
	struct { uint32_t round, state; } *table;	/* of hashes, for next */
	uint32_t round;
};

void cm_init(struct cm *m);
void cm_finish(struct cm *m);
/* A new session, with these formats. */
void cm_open(struct cm *m, const struct cm_format *out, const struct cm_format *cap);
/* Each returns false if no state agrees. */
bool cm_call(struct cm *m, const struct cm_call *c);
bool cm_saw(struct cm *m, enum cm_queue queue, const struct cm_seen *seen);
/* Nothing more will come. */
bool cm_settled(struct cm *m);
/* One of the states, in words, to standard error. */
void cm_print(const struct cm *m);

/* ---- codec_machine.c ---- */

/* The next thing that the decoder does. False: it waits for the driver. */
bool cm_step(const struct cm *m, struct cm_state *s);
/*
 * The effect of @c on @s. False: its answer is not that of @s. A second outcome that the contract
 * allows is stored in @other, and *@two is true.
 */
bool cm_apply(const struct cm *m, struct cm_state *s, const struct cm_call *c,
	      struct cm_state *other, bool *two);
/* The oldest of what waits is what was seen: take it. *@later: nothing waits yet. */
bool cm_match(const struct cm *m, struct cm_state *s, enum cm_queue queue,
	      const struct cm_seen *seen, bool *later);
/* The codec may have all buffers that are queued, and needs another one. */
bool cm_may_rest(const struct cm *m, const struct cm_state *s);

/* ---- codec_formats.c ---- */

bool cm_same_format(const struct cm_format *a, const struct cm_format *b);
/* CAPTURE's format for the header's pictures; it has the present one. False: there is none. */
bool cm_format_for(const struct cm *m, const struct cm_header *h, struct cm_format *f);
void cm_coded_size(uint8_t size, struct cm_format *f);
/* As cm_apply(): S_FMT of OUTPUT, of CAPTURE, and what is asked once a header is known. */
bool cm_set_coded(struct cm_state *s, const struct cm_call *c);
bool cm_set_raw(const struct cm *m, struct cm_state *s, const struct cm_call *c);
bool cm_query(const struct cm_state *s, const struct cm_call *c);
/* Bytes of all planes, and their number. */
uint32_t cm_length(const struct cm_format *f, uint8_t *planes);

#endif
