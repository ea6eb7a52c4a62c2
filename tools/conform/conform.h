/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vmedia-conform: make the same calls on two sides, and compare what they answer.
 *
 * Theory of operation
 *
 *   A side (side.h) is a V4L2 node of this machine or a virtio-media device. The first one is the
 *   mirror: what it answers is right. catalogue.c asks it what there is (queues, formats, controls,
 *   inputs). rows.c is the table of ioctls: how arguments are made (make_*.c), which fields are
 *   compared and how (fields*.c), and what a success changes in the model of a session (model.c).
 *   walk.c draws a row, makes a call of it, makes it on both sides, and has compare.c compare the
 *   two. rules.c knows which differences are explained. report.c counts and prints.
 *
 *   What depends on time is made comparable in two ways. A call waits where both sides must have
 *   come to the same state first: DQBUF and DQEVENT (walk.c, "Late answers"), and commands to a
 *   codec (settle.c). A field whose value is that of a moment has a way to be compared that says so
 *   (enum conform_how).
 */
#ifndef VMEDIA_CONFORM_H
#define VMEDIA_CONFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/videodev2.h>
#include <vmedia/proto.h>

#include "random.h"

enum { CONFORM_MIRROR, CONFORM_DEVICE, CONFORM_SIDES };

#define CONFORM_SESSIONS	2	/* of each side, open at the same time */
/* One more than V4L2 has, so that a call with too many of them reads memory of ours. */
#define CONFORM_PLANES		(VIDEO_MAX_PLANES + 1)
#define CONFORM_CTRLS		8	/* in one call */
#define CONFORM_SLOT		4096	/* bytes of a control's payload */
#define CONFORM_BUFFERS		32	/* buffers of a queue that the model knows */
#define CONFORM_TYPES		15	/* buffer types of V4L2, from 1 */
#define CONFORM_MEMORY		(16u << 20)	/* of USERPTR buffers, which all share it */

/* A pointer in a call that was not made yet: none, a bad one, or a place in a side's memory. */
#define CONFORM_PTR_NULL	0u
#define CONFORM_PTR_BAD		1u
#define CONFORM_PTR(offset)	((uint64_t)(offset) + 2)

/* One call. Its pointers are CONFORM_PTR_* until conform_call_place(). */
struct conform_call {
	const struct conform_row *row;
	const struct vmedia_ioctl_info *info;
	unsigned int session;
	int err;			/* 0 or negative errno */
	bool null;			/* the pointer to planes, controls or blocks is NULL */
	uint32_t data_size;		/* bytes of data that are in use */
	union vmedia_payload arg;
	struct vmedia_plane planes[CONFORM_PLANES];
	struct vmedia_ext_control ctrls[CONFORM_CTRLS];
	/* payloads of controls, a slot each; or blocks of an EDID */
	uint8_t data[CONFORM_CTRLS * CONFORM_SLOT];
};

/* How a field is compared. */
enum conform_how {
	CONFORM_EXACT,		/* byte by byte */
	CONFORM_BITS,		/* byte by byte; each bit that differs is a difference by itself */
	CONFORM_TEXT,		/* up to the NUL */
	CONFORM_OWN,		/* never: a name, number or address that each side has for itself */
	CONFORM_MOMENT,		/* never: the value of a moment (signal strength, time) */
	/* buffer flags: QUEUED and DONE are one, as a frame may be finished at any time */
	CONFORM_STATE,
	/* timestamp: only if it is copied from OUTPUT to CAPTURE, as others are clocks */
	CONFORM_COPIED,
	/* sequence: only of m2m devices, as others count frames that passed unseen */
	CONFORM_COUNTED,
	/* bytes of a frame: not those of coded CAPTURE, which depend on settings of a moment */
	CONFORM_FILLED,
	/* field of a frame: not of alternating fields, whose first may be either */
	CONFORM_PARITY,
	/* which of controls: V4L2's core drops the bits that are no class, a device does not */
	CONFORM_CLASS,
	/* length and place of memory: not if the node has forgotten that of a QBUF that failed */
	CONFORM_GIVEN,
	CONFORM_HOWS
};

struct conform_field {
	const char *name;	/* NULL ends the list */
	uint16_t offset, size;
	uint8_t how;		/* enum conform_how */
};

/* A part of a payload that depends on a value in it. */
struct conform_part {
	const struct conform_field *fields;	/* NULL: none */
	const char *prefix;
	size_t offset;
};

struct conform_walk;

/* The state of a session changes with it, so a difference is followed by new sessions. */
#define CONFORM_CHANGES		(1u << 0)
/* The answer may come late: EAGAIN of one side is waited for. */
#define CONFORM_LATE		(1u << 1)
/* A codec must have come to rest before. */
#define CONFORM_AT_REST		(1u << 2)

/* One ioctl. */
struct conform_row {
	uint8_t nr;		/* enum vmedia_nr */
	uint8_t weight;		/* how often it is drawn, beside the others; 0: never */
	uint8_t flags;		/* CONFORM_* */
	void (*make)(struct conform_walk *w, struct conform_call *c);
	const struct conform_field *fields;
	struct conform_part (*part)(const struct conform_call *c);
	void (*learn)(struct conform_walk *w, const struct conform_call *c);
	const char *never;	/* why it is never drawn */
};

extern const struct conform_row conform_rows[];
extern const unsigned int conform_num_rows;
/* The row of ioctl @nr, or NULL. */
const struct conform_row *conform_row(uint32_t nr);
/* "S_FMT" for VIDIOC_S_FMT. */
const char *conform_row_name(const struct conform_row *row);

/* call.c: a call begins as zeroes; its pointers become those of a side, and tokens again. */
struct conform_side;
void conform_call_begin(struct conform_call *c, const struct conform_row *row,
			unsigned int session);
void conform_call_place(struct conform_call *to, const struct conform_call *from,
			const struct conform_side *side);
void conform_call_lift(struct conform_call *c, const struct conform_call *from,
		       const struct conform_side *side);
bool conform_call_is_mplane(const struct conform_call *c);
/* The buffer type that it is about, or 0 if it is about none. */
uint32_t conform_call_type(const struct conform_call *c);

#endif /* VMEDIA_CONFORM_H */
