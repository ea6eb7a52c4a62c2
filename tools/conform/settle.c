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

#define LOOKS 4			/* without a change */
#define LOOK_NS 15000000	/* between two */
#define MAX_LOOKS 40

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

static unsigned int done(struct conform_walk *w, unsigned int session, unsigned int side)
{
	const struct model_session *m = &w->session[session];
	unsigned int n = 0;

	for (uint32_t type = 1; type < CONFORM_TYPES; type++)
		for (uint32_t i = 0; m->queue[type].streaming && i < m->queue[type].count; i++)
			if (m->queue[type].state[i] == BUFFER_QUEUED)
				n += is_done(w, session, side, type, i);
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
	unsigned int last[CONFORM_SIDES], now[CONFORM_SIDES] = { 0 }, same = 0;

	if (!w->cat->m2m || !streams(&w->session[session]))
		return;
	for (unsigned int i = 0; i < MAX_LOOKS && same < LOOKS; i++) {
		if (i)
			nanosleep(&look, NULL);
		memcpy(last, now, sizeof(last));
		for (unsigned int s = 0; s < CONFORM_SIDES; s++)
			now[s] = done(w, session, s);
		same = memcmp(now, last, sizeof(now)) == 0 && now[0] == now[1] ? same + 1 : 0;
	}
}
