/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A codec works while the walk goes on. Where a command tells it to stop decides which frame is the
 * last one, so before a command both codecs are let come to rest: neither finishes a buffer any
 * more. What they finished is asked by QUERYBUF.
 */
#include <string.h>
#include <time.h>

#include "walk.h"

#define LOOKS 4			/* without a change */
#define LOOK_NS 4000000		/* between two */
#define MAX_LOOKS 100

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
	return b.flags & V4L2_BUF_FLAG_DONE;
}

static unsigned int done(struct conform_walk *w, unsigned int session)
{
	const struct model_session *m = &w->session[session];
	unsigned int n = 0;

	for (uint32_t type = 1; type < CONFORM_TYPES; type++)
		for (uint32_t i = 0; m->queue[type].streaming && i < m->queue[type].count; i++)
			if (m->queue[type].state[i] == BUFFER_QUEUED)
				n += is_done(w, session, CONFORM_MIRROR, type, i) +
				     is_done(w, session, CONFORM_DEVICE, type, i);
	return n;
}

static bool streams(const struct model_session *m)
{
	for (unsigned int type = 1; type < CONFORM_TYPES; type++)
		if (m->queue[type].streaming)
			return true;
	return false;
}

void conform_settle(struct conform_walk *w, unsigned int session)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	unsigned int last, now, same = 0;

	if (!w->cat->m2m || !streams(&w->session[session]))
		return;
	last = done(w, session);
	for (unsigned int i = 0; i < MAX_LOOKS && same < LOOKS; i++) {
		nanosleep(&look, NULL);
		now = done(w, session);
		same = now == last ? same + 1 : 0;
		last = now;
	}
}
