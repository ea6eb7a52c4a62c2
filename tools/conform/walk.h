/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The walk: a random sequence of calls, made on both sides.
 *
 * The model is what both sides agreed on: an answer changes it only if both gave the same. It is
 * there to make calls that are likely to succeed, never to judge.
 */
#ifndef VMEDIA_CONFORM_WALK_H
#define VMEDIA_CONFORM_WALK_H

#include "catalogue.h"
#include "conform.h"
#include "report.h"
#include "side.h"

enum buffer_state { BUFFER_FREE, BUFFER_PREPARED, BUFFER_QUEUED };

struct model_queue {
	struct vmedia_format format;	/* type 0: not known */
	uint32_t memory;
	unsigned int count;		/* buffers, at most CONFORM_BUFFERS */
	bool streaming;
	bool taken;			/* a buffer was queued or prepared since REQBUFS */
	bool created;			/* its buffers are of CREATE_BUFS alone */
	bool restarted;			/* of CAPTURE: by CMD_START, since STREAMON */
	uint8_t state[CONFORM_BUFFERS];	/* enum buffer_state */
	uint32_t size[CONFORM_BUFFERS];	/* of the first plane when it was made; 0: not known */
};

/* What events that were passed over say of changes (walk.c, pass_merged()). */
struct model_passed {
	uint32_t type, id, changes;
};

#define MODEL_PASSED 64

struct model_session {
	struct model_queue queue[CONFORM_TYPES];
	unsigned int subscribed;
	bool at_rest;			/* nothing was changed since conform_settle() */
	unsigned int num_passed;
	struct model_passed passed[MODEL_PASSED];
};

struct conform_options;

struct conform_walk {
	const struct conform_options *options;
	struct conform_random random;
	struct conform_side *side[CONFORM_SIDES];
	void *file[CONFORM_SESSIONS][CONFORM_SIDES];
	struct conform_catalogue *cat;
	struct model_session session[CONFORM_SESSIONS];
	struct conform_report *report;
	struct conform_call *asked, *answer[CONFORM_SIDES];
	uint64_t number;		/* of the call, from 1 */
	uint64_t ns[CONFORM_SIDES];	/* that it took */
	/* What the next call shall be about; 0: anything. */
	unsigned int at;		/* session */
	uint32_t aim;			/* buffer type */
	bool differs;			/* the call, in a way that is not explained */
	unsigned int vain;		/* waits for a late side that came to nothing */
};

/*
 * Make options->calls calls. Returns 0; or negative errno if a side does not work at all, after a
 * line.
 */
int conform_walk_run(struct conform_walk *w);

/* level.c: bring both sides to the same state: controls' defaults, the first input, formats. */
void conform_level(struct conform_walk *w);

/* settle.c: wait until a codec has used what it has on both sides. */
void conform_settle(struct conform_walk *w, unsigned int session);

/* ---- For make_*.c ---- */

static inline uint32_t below(struct conform_walk *w, uint32_t end)
{
	return conform_below(&w->random, end);
}

static inline bool percent(struct conform_walk *w, unsigned int n)
{
	return conform_percent(&w->random, n);
}

/* model.c: @e is passed over; what was passed over before it becomes a part of @e. */
void model_pass_event(struct model_session *m, struct vmedia_event *e);
void model_merge_event(struct model_session *m, struct vmedia_event *e);

/* A buffer type: the one that is aimed at, one of the node's, or any. */
uint32_t walk_type(struct conform_walk *w);
/* An index into a list of @count: mostly one that is there, or the first that is not. */
uint32_t walk_index(struct conform_walk *w, uint32_t count);
/* The queue of @type of the session that the call is for, or NULL. */
struct model_queue *walk_queue(struct conform_walk *w, unsigned int session, uint32_t type);
/* Bytes of a buffer of @q, 0 if not known. */
uint32_t walk_sizeimage(const struct model_queue *q, unsigned int plane);
unsigned int walk_planes(const struct model_queue *q);

#endif /* VMEDIA_CONFORM_WALK_H */
