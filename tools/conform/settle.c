/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A codec works while the walk goes on. When a command tells it to stop decides which frame is the
 * last one, and when a stream ends decides which frame is used up. So before such a call both
 * codecs are let come to rest: they have finished as many buffers, and finish no more. What they
 * finished is asked by QUERYBUF.
 */
#include <string.h>
#include <time.h>

#include "walk.h"

#define LOOK_NS 2000000		/* between the first two looks; twice as long between the next */
#define MAX_LOOK_NS 32000000
#define IDLE_NS 10000000	/* without a change, if no codec has anything to do */
#define BUSY_NS 120000000	/* if one has */
#define MAX_NS 300000000	/* in all */

/* What a side has of the buffers that the model calls queued, of queues that stream. */
struct rest {
	unsigned int done;
	unsigned int waiting[2];	/* CAPTURE, OUTPUT */
};

/* A device that handed a buffer over calls it neither QUEUED nor DONE. */
static bool is_done(struct conform_walk *w, unsigned int session, unsigned int side, uint32_t type,
		    uint32_t index)
{
	struct vmedia_plane planes[VIDEO_MAX_PLANES] = { { 0 } };
	struct vmedia_buffer b = { .index = index, .type = type };

	if (vmedia_buf_type_is_multiplanar(type)) {
		b.m.planes = (uint64_t)(uintptr_t)planes;
		b.length = VIDEO_MAX_PLANES;
	}
	if (w->side[side]->ops->ioctl(w->side[side], w->file[session][side],
				      vmedia_ioctl_info(VMEDIA_NR_QUERYBUF), &b) < 0)
		return false;
	return !(b.flags & V4L2_BUF_FLAG_QUEUED);
}

static struct rest look_at(struct conform_walk *w, unsigned int session, unsigned int side)
{
	const struct model_session *m = &w->session[session];
	struct rest rest = { 0 };

	for (uint32_t type = 1; type < CONFORM_TYPES; type++) {
		const struct model_queue *q = &m->queue[type];

		for (uint32_t i = 0; q->streaming && i < q->count; i++) {
			if (q->state[i] != BUFFER_QUEUED)
				continue;
			if (is_done(w, session, side, type, i))
				rest.done++;
			else
				rest.waiting[V4L2_TYPE_IS_OUTPUT(type)]++;
		}
	}
	return rest;
}

/* It has a frame and a place for it. A frame that is no frame may wait for ever. */
static bool is_busy(const struct rest *r)
{
	return r->waiting[0] && r->waiting[1];
}

static bool streams(const struct model_session *m)
{
	for (unsigned int type = 1; type < CONFORM_TYPES; type++)
		if (m->queue[type].streaming)
			return true;
	return false;
}

static void look(struct conform_walk *w, unsigned int session, struct rest now[CONFORM_SIDES])
{
	for (unsigned int s = 0; s < CONFORM_SIDES; s++)
		now[s] = look_at(w, session, s);
}

/* Returns true if both sides have come to the same. */
static bool settle(struct conform_walk *w, unsigned int session)
{
	struct rest last[CONFORM_SIDES], now[CONFORM_SIDES];
	struct timespec pause = { .tv_nsec = LOOK_NS };
	long quiet = 0, all = 0;

	look(w, session, now);
	while (quiet < (is_busy(&now[0]) || is_busy(&now[1]) ? BUSY_NS : IDLE_NS)) {
		if (all >= MAX_NS)
			return false;
		nanosleep(&pause, NULL);
		quiet += pause.tv_nsec;
		all += pause.tv_nsec;
		if (pause.tv_nsec < MAX_LOOK_NS)
			pause.tv_nsec *= 2;
		memcpy(last, now, sizeof(last));
		look(w, session, now);
		if (memcmp(now, last, sizeof(now)) != 0)
			pause.tv_nsec = LOOK_NS;
		if (memcmp(now, last, sizeof(now)) != 0 || now[0].done != now[1].done)
			quiet = 0;
	}
	return true;
}

void conform_settle(struct conform_walk *w, unsigned int session)
{
	struct model_session *m = &w->session[session];

	if (w->cat->m2m && streams(m) && !m->at_rest)
		m->at_rest = settle(w, session);
}
