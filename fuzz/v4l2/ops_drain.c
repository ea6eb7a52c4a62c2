// SPDX-License-Identifier: BSD-3-Clause
/*
 * A client that reads a codec's stream to its end, as V4L2's stateful codecs ask for: CMD_STOP,
 * then whatever comes on CAPTURE until the buffer with LAST. The LAST of a resolution is not the
 * drain's: CAPTURE is set up anew, and the drain goes on. It must end.
 */
#include <string.h>

#include "world.h"

#define STEPS 200	/* more events than a drain of all buffers here can have */

/* An operation on queue @q of the context, with nothing odd about it. */
static void on_queue(struct fz *w, unsigned int s, uint8_t q, uint8_t a, uint8_t b,
		     void (*run)(struct fz *w, const struct fz_op *o))
{
	const uint8_t p[6] = { 0, q, a, b, 0, 2 };
	const struct fz_op o = { s, p };

	run(w, &o);
	fz_settle(w);
}

/* @count buffers of MMAP, all queued, and the stream on. */
static void set_up(struct fz *w, unsigned int s, uint8_t q, uint8_t count)
{
	on_queue(w, s, q, 0, 0, fz_do_streamoff);
	on_queue(w, s, q, 0, 0, fz_do_reqbufs);
	on_queue(w, s, q, 0, count, fz_do_reqbufs);
	on_queue(w, s, q, 0, 0, fz_do_qbuf_all);
	on_queue(w, s, q, 0, 0, fz_do_streamon);
}

static int ask(struct fz *w, unsigned int s, uint32_t nr, uint32_t first_word)
{
	union vmedia_payload arg = { .raw = { 0 } };

	arg.u32 = first_word;
	w->doing = vmedia_ioctl_info(nr)->name;
	return fz_ioctl(w, s, nr, &arg);
}

static bool subscribe(struct fz *w, unsigned int s)
{
	struct fz_session *ses = &w->s[s];
	unsigned int i;

	for (i = 0; i < ses->num_subs; i++)
		if (ses->subs[i].type == V4L2_EVENT_SOURCE_CHANGE)
			return true;
	if (ses->num_subs == FZ_SUBS)
		return false;
	ses->subs[ses->num_subs].type = V4L2_EVENT_SOURCE_CHANGE;
	ses->subs[ses->num_subs++].id = 0;
	return !ask(w, s, VMEDIA_NR_SUBSCRIBE_EVENT, V4L2_EVENT_SOURCE_CHANGE);
}

static void read_to_the_end(struct fz *w, unsigned int s)
{
	struct fz_ctx *c = w->s[s].ctx;
	unsigned int i;

	for (i = 0; i < STEPS; i++) {
		on_queue(w, s, 1, 0, 0, fz_do_qbuf_all);
		if (!c->last) {
			if (fz_count(&c->q[1], FZ_QUEUED))
				fz_wait_event(w);
			continue;
		}
		if (!w->s[s].new_source)
			return;
		fz_note(w, "s%u goes on with a new resolution", s);
		set_up(w, s, 1, 3);
	}
	fz_fail(w, "a drain does not end");
}

void fz_do_drain(struct fz *w, const struct fz_op *o)
{
	struct fz_ctx *c = w->s[o->s].ctx;
	struct fz_queue *out = &c->q[0];
	bool encoder = !w->d->moves;
	int ret;

	if (!w->d->codec || w->withhold || fz_low_prio(w, o->s) ||
	    (w->d->moves && !subscribe(w, o->s)))
		return;
	fz_note(w, "s%u reads to the end", o->s);
	if (!out->num || o->p[2] & 1)
		set_up(w, o->s, 0, 4);
	set_up(w, o->s, 1, 3);
	on_queue(w, o->s, 0, 0, 0, fz_do_qbuf_all);
	on_queue(w, o->s, 0, 0, 0, fz_do_streamon);
	if (!out->streaming || !c->q[1].streaming)
		return;
	ret = ask(w, o->s, encoder ? VMEDIA_NR_ENCODER_CMD : VMEDIA_NR_DECODER_CMD,
		  V4L2_DEC_CMD_STOP);
	fz_note(w, "s%u CMD_STOP: %d", o->s, ret);
	/* A drain may be under way already. */
	FZ_REQUIRE(w, !ret || ret == -EBUSY, "%s of STOP: %d", w->doing, ret);
	c->stalled = true;
	if (!ret)
		read_to_the_end(w, o->s);
}
