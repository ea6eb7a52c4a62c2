/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A decoder of the mock codec's packets, as the contract wants it: see codec_model.h.
 *
 * The ends of streams, in the words of the contract:
 *
 *	draining	CMD_STOP was accepted, and its LAST has not been given
 *	changed		a Dynamic Resolution Change: nothing is decoded before CAPTURE restarts, or
 *			CMD_START
 *	ended		the LAST of a drain was given: the same
 *	due		a LAST is to be given, and CAPTURE has no buffer
 */
#include "codec_model.h"

#include <errno.h>
#include <string.h>

#include <linux/videodev2.h>

/* ---- Lists ---- */

#define REMOVE(array, num, at)                                                       \
	do {                                                                         \
		(num)--;                                                             \
		memmove(&(array)[at], &(array)[(at) + 1],                            \
			((size_t)(num) - (at)) * sizeof((array)[0]));                \
		memset(&(array)[num], 0, sizeof((array)[0]));                        \
	} while (0)

static void see_out(struct cm_state *s, unsigned int at, bool error)
{
	struct cm_seen *e = &s->out[s->num_out++];

	e->what = CM_PACKET;
	e->index = s->packets[at].index;
	e->p.packet = s->packets[at].packet;
	e->error = error;
	REMOVE(s->packets, s->num_packets, at);
}

static struct cm_seen *see_cap(struct cm_state *s, enum cm_what what, int target)
{
	struct cm_seen *e = &s->cap[s->num_cap++];

	e->what = (uint8_t)what;
	if (target < 0)
		return e;
	e->index = s->targets[target];
	e->error = what == CM_EMPTY;
	REMOVE(s->targets, s->num_targets, target);
	return e;
}

static bool too_small(const struct cm_state *s, uint8_t index)
{
	uint8_t planes;

	cm_length(&s->fmt[CM_CAP], &planes);
	return s->planes[index] != planes || s->length[index] < s->image;
}

/* Buffers of a queue that stops do not come; events do. */
static void forget_cap(struct cm_state *s)
{
	for (unsigned int i = s->num_cap; i--;)
		if (s->cap[i].what != CM_CHANGE && s->cap[i].what != CM_EOS)
			REMOVE(s->cap, s->num_cap, i);
	memset(s->targets, 0, sizeof(s->targets));
	s->num_targets = 0;
}

static void forget_out(struct cm_state *s)
{
	memset(s->out, 0, sizeof(s->out));
	s->num_out = 0;
	memset(s->packets, 0, sizeof(s->packets));
	s->num_packets = 0;
	s->mark = 0;
}

/* ---- The codec ---- */

static void drop_held(struct cm_state *s)
{
	memset(s->held, 0, sizeof(s->held));
	s->num_held = 0;
	s->finished = false;
	s->fresh = false;
}

static void close_codec(struct cm_state *s)
{
	drop_held(s);
	s->open = s->has_size = s->forgot = false;
	s->says = (struct cm_header){ .size = CM_NO_SIZE, .buffers = 1 };
	s->reorder = 0;
}

static bool equal(const struct cm_header *a, const struct cm_header *b)
{
	return a->size == b->size && a->deep == b->deep && a->buffers == b->buffers;
}

/* The next picture in display order, among those of the oldest one's header; -1: none yet. */
static int ready(const struct cm_state *s)
{
	int first = 0;

	if (s->num_held <= (s->finished ? 0 : s->reorder))
		return -1;
	for (int i = 1; i < s->num_held; i++)
		if (s->held[i].shows < s->held[first].shows &&
		    !memcmp(&s->held[i].header, &s->held[0].header, sizeof(struct cm_header)))
			first = i;
	return first;
}

static void hold(struct cm_state *s, char kind, char shows, uint16_t packet)
{
	if (kind == 'K')
		s->forgot = false;
	if (!s->forgot)
		s->held[s->num_held++] = (struct cm_picture){ s->says, (uint8_t)shows,
							      (uint8_t)kind, packet };
}

/* Returns the letter of a command that is not a picture's and does not change what follows. */
static char read_packet(const struct cm *m, struct cm_state *s, uint16_t packet)
{
	char what = 0;

	if (s->finished && m->forgets)
		s->forgot = true;
	s->finished = false;
	s->open = true;
	s->fresh = true;
	for (const char *p = m->text[packet]; *p; p += 2) {
		uint8_t n = (uint8_t)(p[1] - '0');

		if (*p == 'S') {
			s->says.size = n;
			s->has_size = true;
		} else if (*p == 'B') {
			s->says.buffers = n;
		} else if (*p == 'T') {
			s->says.deep = n;
		} else if (*p == 'C') {
			s->says.colours = 1;
		} else if (*p == 'R') {
			s->reorder = n;
		} else if (*p == 'E' || *p == 'F') {
			what = *p;
		} else if (*p != 'Z' && *p != 'H') {
			hold(s, p[0], p[1], packet);
		}
		if (*p == 'F')
			break;
	}
	return what;
}

/* ---- The decoder ---- */

/* Nothing can be decoded any more: all buffers come back, and each queue is in error. */
static void fail(struct cm_state *s)
{
	s->fatal = true;
	s->told = false;
	s->header = (struct cm_header){ 0 };
	close_codec(s);
	s->error[CM_OUT] = s->error[CM_CAP] = true;
	while (s->num_packets)
		see_out(s, 0, true);
	while (s->num_targets)
		see_cap(s, CM_EMPTY, 0);
	s->mark = 0;
}

/* The stream has another header than the driver knows of. */
static void announce(const struct cm *m, struct cm_state *s, struct cm_header h)
{
	struct cm_format f = s->fmt[CM_CAP];
	bool first = !s->told, other;
	uint8_t planes;

	if (!cm_format_for(m, &h, &f)) {
		fail(s);
		return;
	}
	s->told = true;
	s->header = h;
	cm_coded_size(h.size, &s->fmt[CM_OUT]);
	see_cap(s, CM_CHANGE, -1);
	other = !cm_same_format(&f, &s->fmt[CM_CAP]);
	if (s->on[CM_CAP] && (!first || other))
		s->changed = s->due = true;
	if (other)
		s->image = cm_length(&f, &planes);
	s->fmt[CM_CAP] = f;
}

static bool show(const struct cm *m, struct cm_state *s, int picture)
{
	const struct cm_picture *p = &s->held[picture];
	int target = 0;
	struct cm_seen *e;

	if (!s->told || !equal(&p->header, &s->header)) {
		announce(m, s, p->header);
		return true;
	}
	while (target < s->num_targets && too_small(s, s->targets[target]))
		target++;
	if (target == s->num_targets)
		return false;
	e = see_cap(s, CM_PICTURE, target);
	e->p = *p;
	e->error = p->kind == 'X';
	REMOVE(s->held, s->num_held, picture);
	return true;
}

static void take_packet(const struct cm *m, struct cm_state *s)
{
	uint16_t packet = s->packets[0].packet;
	char what = m->text[packet][0] ? read_packet(m, s, packet) : 0;

	if (s->mark)
		s->mark--;
	if (what == 'F')
		fail(s);
	else
		see_out(s, 0, what == 'E');
}

static bool give_last(struct cm_state *s)
{
	if (!s->on[CM_CAP] || !s->num_targets)
		return false;
	s->due = false;
	if (!s->changed) {
		see_cap(s, CM_EOS, -1);
		s->draining = false;
		s->ended = true;
	}
	see_cap(s, CM_LAST, 0);
	return true;
}

bool cm_step(const struct cm *m, struct cm_state *s)
{
	int picture;

	if (s->due)
		return give_last(s);
	if (!s->on[CM_OUT] || s->fatal || s->changed || s->ended)
		return false;
	if (s->told && !s->on[CM_CAP])
		return false;
	picture = ready(s);
	if (picture >= 0)
		return show(m, s, picture);
	if (s->fresh) {
		s->fresh = false;
		if (!s->told && s->has_size && !m->late_header)
			announce(m, s, s->num_held ? s->held[0].header : s->says);
		return true;
	}
	if (s->num_packets && (!s->draining || s->mark)) {
		take_packet(m, s);
		return true;
	}
	if (!s->draining)
		return false;
	if (s->open && s->num_held) {
		s->finished = true;
		return true;
	}
	s->finished = s->open;
	s->due = true;
	return true;
}

bool cm_may_rest(const struct cm *m, const struct cm_state *s)
{
	int picture = ready(s);
	bool needs = s->due || (picture >= 0 && s->told && s->on[CM_OUT] && !s->changed &&
				!s->ended && equal(&s->held[picture].header, &s->header));

	return m->in_place && needs && s->num_targets + 2 <= s->num[CM_CAP];
}

/* ---- Calls ---- */

static void end_nothing(struct cm_state *s)
{
	s->draining = s->changed = s->ended = s->due = false;
	s->mark = 0;
}

static bool reqbufs(struct cm_state *s, const struct cm_call *c)
{
	int least = c->queue == CM_CAP && s->told ? s->header.buffers : 1;

	if (s->on[c->queue])
		return c->ret == -EBUSY;
	if (c->count && (c->ret < least || c->ret < (int)c->count || c->ret > CM_BUFS))
		return false;
	if (!c->count && c->ret)
		return false;
	s->num[c->queue] = (uint8_t)c->ret;
	s->error[c->queue] = false;
	if (c->queue == CM_OUT) {
		forget_out(s);
		return true;
	}
	forget_cap(s);
	memset(s->length, 0, sizeof(s->length));
	memset(s->planes, 0, sizeof(s->planes));
	for (int i = 0; i < c->ret; i++) {
		cm_length(&s->fmt[CM_CAP], &s->planes[i]);
		s->length[i] = s->image;
	}
	return true;
}

static bool qbuf(struct cm_state *s, const struct cm_call *c)
{
	if (s->error[c->queue])
		return c->ret == -EIO;
	if (c->ret)
		return false;
	if (c->queue == CM_CAP) {
		s->targets[s->num_targets++] = c->index;
		return true;
	}
	s->packets[s->num_packets].packet = c->packet;
	s->packets[s->num_packets++].index = c->index;
	return true;
}

static bool streamon(struct cm_state *s, const struct cm_call *c)
{
	if (s->error[c->queue])
		return c->ret == -EIO;
	if (s->on[c->queue])
		return !c->ret;
	if (!s->num[c->queue])
		return c->ret == -EINVAL;
	if (c->ret)
		return false;
	s->on[c->queue] = true;
	if (c->queue == CM_CAP) {
		for (int i = 0; i < s->num_targets;)
			if (too_small(s, s->targets[i]))
				see_cap(s, CM_EMPTY, i);
			else
				i++;
		return true;
	}
	/* A driver without CAPTURE buffers has to be told what to set up. */
	if (!s->num[CM_CAP]) {
		s->told = false;
		s->header = (struct cm_header){ 0 };
	}
	if (!s->due)
		s->changed = s->ended = false;
	return true;
}

/* A seek. A drain ends, with its LAST or without; so does a change whose LAST is due. */
static bool seek(struct cm_state *s, struct cm_state *other)
{
	bool was_on = s->on[CM_OUT];

	forget_out(s);
	s->on[CM_OUT] = false;
	if (!was_on)
		return false;
	drop_held(s);
	s->fatal = false;
	if (!s->on[CM_CAP]) {
		end_nothing(s);
		return false;
	}
	if (!s->draining && !s->due)
		return false;
	*other = *s;
	end_nothing(other);
	if (s->draining) {
		s->changed = false;
		s->due = true;
	}
	return true;
}

/* In a change this is its next step, and a drain goes on. Otherwise it ends the drain. */
static bool stop_capture(struct cm_state *s, struct cm_state *other)
{
	bool was_on = s->on[CM_CAP], unseen = false;

	for (unsigned int i = 0; i < s->num_cap; i++)
		unseen |= s->cap[i].what == CM_CHANGE;
	forget_cap(s);
	s->on[CM_CAP] = false;
	if (!was_on)
		return false;
	if (!s->changed || !s->on[CM_OUT]) {
		end_nothing(s);
		return false;
	}
	s->changed = s->due = false;
	if (!s->draining || !unseen)
		return false;
	*other = *s;
	end_nothing(other);
	return true;
}

static bool command(struct cm_state *s, const struct cm_call *c)
{
	if (c->kind == CM_START) {
		if (s->due || (s->draining && !s->changed))
			return c->ret == -EBUSY;
		s->changed = s->ended = false;
		return !c->ret;
	}
	if (s->draining)
		return c->ret == -EBUSY;
	if (s->on[CM_OUT] && s->on[CM_CAP] && !s->ended) {
		s->draining = true;
		s->mark = s->num_packets;
	}
	return !c->ret;
}

bool cm_apply(const struct cm *m, struct cm_state *s, const struct cm_call *c,
	      struct cm_state *other, bool *two)
{
	switch (c->kind) {
	case CM_S_FMT:
		if (c->queue == CM_CAP)
			return cm_set_raw(m, s, c);
		if (!c->ret)
			close_codec(s);
		return cm_set_coded(s, c);
	case CM_G_FMT:
		return !c->ret && cm_same_format(&c->got, &s->fmt[c->queue]);
	case CM_QUERY:
		return cm_query(s, c);
	case CM_REQBUFS:
		return reqbufs(s, c);
	case CM_QBUF:
		return qbuf(s, c);
	case CM_STREAMON:
		return streamon(s, c);
	case CM_STREAMOFF:
		s->error[c->queue] = false;
		*two = c->queue == CM_OUT ? seek(s, other) : stop_capture(s, other);
		return !c->ret;
	default:
		return command(s, c);
	}
}

/* ---- What comes ---- */

static bool same_picture(const struct cm_seen *want, const struct cm_seen *got)
{
	uint8_t kind = want->p.kind == 'X' || want->p.kind == 'D' ? 'P' : want->p.kind;

	return want->p.shows == got->p.shows && want->p.packet == got->p.packet &&
	       kind == got->p.kind;
}

static bool match_out(struct cm_state *s, const struct cm_seen *seen, bool *later)
{
	*later = !s->num_out;
	if (*later || s->out[0].index != seen->index || s->out[0].error != seen->error ||
	    s->out[0].p.packet != seen->p.packet)
		return false;
	REMOVE(s->out, s->num_out, 0);
	return true;
}

/* Which of the buffers comes is the decoder's choice: change it with another one that could. */
static void choose(struct cm_state *s, uint8_t index)
{
	uint8_t mine = s->cap[0].index;

	for (unsigned int i = 0; i < s->num_targets; i++)
		if (s->targets[i] == index) {
			s->targets[i] = mine;
			s->cap[0].index = index;
			return;
		}
	for (unsigned int i = 1; i < s->num_cap; i++)
		if (s->cap[i].index == index && s->cap[i].what != CM_CHANGE &&
		    s->cap[i].what != CM_EOS) {
			s->cap[i].index = mine;
			s->cap[0].index = index;
			return;
		}
}

bool cm_match(const struct cm *m, struct cm_state *s, enum cm_queue queue,
	      const struct cm_seen *seen, bool *later)
{
	const struct cm_seen *want = &s->cap[0];

	if (queue == CM_OUT)
		return match_out(s, seen, later);
	if (m->in_place && s->num_cap && want->what == seen->what && want->what != CM_CHANGE &&
	    want->what != CM_EOS && want->index != seen->index)
		choose(s, seen->index);
	if (s->num_cap && want->what == seen->what && want->index == seen->index &&
	    want->error == seen->error &&
	    (want->what != CM_PICTURE || same_picture(want, seen))) {
		REMOVE(s->cap, s->num_cap, 0);
		return true;
	}
	for (unsigned int i = 0; i < s->num_targets && seen->what == CM_EMPTY; i++)
		if (s->targets[i] == seen->index && too_small(s, seen->index)) {
			REMOVE(s->targets, s->num_targets, i);
			return true;
		}
	*later = !s->num_cap || seen->what == CM_EMPTY;
	return false;
}
