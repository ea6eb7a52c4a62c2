/* SPDX-License-Identifier: BSD-3-Clause */
/* Compare one call on two sides. */
#ifndef VMEDIA_CONFORM_COMPARE_H
#define VMEDIA_CONFORM_COMPARE_H

#include "catalogue.h"
#include "conform.h"

#define CONFORM_TEXT_SIZE 64

/* What the ways to compare look at. */
struct conform_context {
	const struct conform_catalogue *cat;
	bool m2m;
	bool coded;	/* the frames of the call's queue */
	/* a buffer that both sides have: it may come back at any time */
	bool queued;
	/* the call has V4L2_BUF_FLAG_REQUEST_FD or V4L2_CTRL_WHICH_REQUEST_VAL */
	bool request;
	/* the buffers of the call's queue are another session's */
	bool foreign;
	/* QBUF or PREPARE_BUF of the program's memory, the first of buffers of CREATE_BUFS alone */
	bool first;
	/* QBUF or PREPARE_BUF of memory that is longer than the buffer was made */
	bool longer;
	/* DQBUF of a CAPTURE queue that CMD_START had go on */
	bool restarted;
};

/*
 * One difference. @what: "errno:EINVAL:ENOTTY", or a field: "sizeimage", "flags.0x4",
 * "planes[1].length", "controls[].size", "controls[0x00980900].value". Before it stands a
 * circumstance that makes the call another one for a device: "request." for a request,
 * "overlay." for a buffer type of overlays, "foreign." for a queue whose buffers another session
 * has, "longer." for memory of the program that is longer than the buffer was made, "first." for
 * the first memory that the program gives buffers of CREATE_BUFS, "restarted." for DQBUF after
 * CMD_START.
 */
typedef void (*conform_difference_fn)(void *opaque, const char *what, const char *mirror,
				      const char *device);

/*
 * conform_compare - compare @a and @b, the lifted answers to one call
 * A call that has another errno is one difference. Returns the number of differences.
 */
unsigned int conform_compare(const struct conform_context *context, const struct conform_call *a,
			     const struct conform_call *b, conform_difference_fn emit,
			     void *opaque);

/* "EINVAL" for -EINVAL, "0" for 0. */
const char *conform_errno(int err, char buf[CONFORM_TEXT_SIZE]);
/* "compared exactly" and the like, for --list. */
const char *conform_how_text(enum conform_how how);

#endif /* VMEDIA_CONFORM_COMPARE_H */
