/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A side that is a small capture device in memory: one input, two formats, a few controls and
 * their events, buffers. Frames come when they are waited for, or after some calls. One fault can
 * be planted in it.
 */
#ifndef TESTS_CONFORM_FAKE_H
#define TESTS_CONFORM_FAKE_H

#include <conform.h>
#include <side.h>

enum fake_fault {
	FAKE_EQUAL,
	FAKE_ERRNO,		/* TRY_FMT of an unknown type: ENOTTY, not EINVAL */
	FAKE_FIELD,		/* S_FMT: bytesperline is too much by 2 */
	FAKE_BIT,		/* REQBUFS: a capability is missing */
	FAKE_TEXT,		/* ENUMINPUT: another name */
	FAKE_ERROR_IDX,		/* TRY_EXT_CTRLS: error_idx is the count, as of S_EXT_CTRLS */
	FAKE_CTRL_VALUE,	/* G_EXT_CTRLS: contrast is 1 more */
	FAKE_PAYLOAD,		/* G_EXT_CTRLS: the string has another letter */
	FAKE_BUFFER_ORDER,	/* DQBUF: the newest buffer first */
	FAKE_STATE,		/* QUERYBUF: a buffer that was dequeued is DONE */
	FAKE_NO_EVENT,		/* a control's event does not come */
	FAKE_EVENT_VALUE,	/* ... or has another value */
	FAKE_KEEPS_BUFFERS,	/* STREAMOFF: buffers stay queued */
	FAKE_FAULTS
};

struct fake_options {
	enum fake_fault fault;
	unsigned int delay;	/* calls of DQBUF that a frame is late, unless it is waited for */
	unsigned int event_delay;	/* the same of DQEVENT and an event */
	bool merges;		/* an event of a control takes the place of an earlier one */
	bool enoent;		/* DQEVENT without an event: ENOENT, as V4L2 has it, not EAGAIN */
	unsigned int life;	/* calls, after which it is unplugged; 0: never */
};

struct conform_side *fake_create(const struct fake_options *options);
/* A digest of all calls that were made, with their arguments. */
uint64_t fake_digest(const struct conform_side *side);

#endif /* TESTS_CONFORM_FAKE_H */
