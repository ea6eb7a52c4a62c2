/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device whose answers a test writes: it implements struct vmedia_device_ops and remembers what
 * core asked of it.
 *
 * Without a script it has FAKE_BUFFERS MMAP buffers a session (offset: index * FAKE_STRIDE),
 * finishes every QBUF at once, sends the initial event of a subscription, and echoes all else.
 */
#ifndef VMEDIA_TESTS_CORE_FAKE_H
#define VMEDIA_TESTS_CORE_FAKE_H

#include <vmedia/device.h>

#include "harness.h"

#define FAKE_BUFFERS   4
#define FAKE_STRIDE    0x100000u
#define FAKE_LENGTH    10000u /* of a buffer: not a multiple of a page */
#define FAKE_EVENTS    32
#define FAKE_SIZEIMAGE (1280u * 720 * 3 / 2)

struct fake_session {
	struct vmedia_backing *buffer[FAKE_BUFFERS];
	struct vmedia_backing *imported;      /* of the last QBUF */
	struct vmedia_evt event[FAKE_EVENTS]; /* ring */
	unsigned int first, num;
	bool suspended;
};

struct fake {
	struct vmedia_device *dev;
	struct harness *h;
	/* the script */
	int (*ioctl)(struct fake *f, struct vmedia_session *s,
		     struct vmedia_request *req); /* before all else */
	int open_err;		/* -EINPROGRESS: until fake_opened() */
	struct vmedia_session *opening;
	int event_err;		/* ->next_event() finds its session in error */
	bool open_work;		/* ->open() asks for work and says wake */
	int ioctl_err;
	bool async;		/* ioctls wait in pending[] */
	bool complete_suspended; /* ->suspend() ends what is pending */
	bool no_events;		/* QBUF makes no event */
	/* ->work(): asks for itself again so often */
	unsigned int more_work;
	void (*work)(struct fake *f, struct vmedia_session *s); /* in it */
	uint64_t import_length; /* bytes to import; 0: the plane's */
	bool import_read;
	/* what happened */
	struct vmedia_request *pending[HARNESS_MAX_WAITING];
	unsigned int num_pending;
	unsigned int opens, closes, ioctls, resets, destroys;
	unsigned int works;		/* calls of ->work() */
	unsigned int suspends, resumes;	/* of sessions */
	unsigned int awake;		/* sessions that are open and not suspended */
	unsigned int closed_awake;	/* ->close() came while some session was not suspended */
	uint32_t codes[64];	     /* the first ioctls, in order */
	struct vmedia_session *last; /* the session of the last call */
	bool destroyed_flag;
};

/*
 * A device on @h with the default limits (@limits NULL) and 64 MiB of region 0 (@region 0: none at
 * all if UINT64_MAX).
 */
void fake_create(struct fake *f, struct harness *h, const struct vmedia_limits *limits,
		 uint64_t region);
/* Queue an event of the fake for @s and wake it. */
/* End the OPEN in progress. */
void fake_opened(struct fake *f, int err);
void fake_event(struct vmedia_session *s, uint32_t type, uint32_t id);
void fake_dqbuf(struct vmedia_session *s, uint32_t buf_type, uint32_t index);
/* End the oldest pending request and step. */
void fake_complete(struct fake *f, int err);

#endif
