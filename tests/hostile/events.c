/* SPDX-License-Identifier: BSD-3-Clause */
/* Events: changed on their way, repeated, and out of nothing. */
#include <string.h>

#include <vmedia/proto.h>

#include "base/fd.h"
#include "hostile.h"
#include "virtq/dev.h"

#define FLICKER_NS	1000000ull	/* as long as a driver may take to look */
#define B(field) (8 + offsetof(struct vmedia_buffer, field))

/* An id that no session has. */
static uint32_t unknown_session(struct hostile *h)
{
	uint32_t id;

	do {
		id = (uint32_t)hostile_random(h);
	} while (hostile_session_of(h, id));
	return id;
}

static bool change_dqbuf(struct hostile *h, enum hostile_fault fault, uint8_t *bytes, bool *must)
{
	uint32_t v;

	switch (fault) {
	case HOSTILE_EV_INDEX:
		v = hostile_below(h, 2) ? VMEDIA_MAX_BUFFERS
					: 0x80000000u | (uint32_t)hostile_random(h);
		hostile_put32(bytes + B(index), v);
		break;
	case HOSTILE_EV_BUFTYPE:
		v = hostile_get32(bytes + B(type));
		hostile_put32(bytes + B(type),
			      hostile_below(h, 2) ? v + 1 : 14 + hostile_below(h, 250));
		break;
	case HOSTILE_EV_BYTES:
		v = hostile_get32(bytes + B(length));
		hostile_put32(bytes + B(bytesused), hostile_below(h, 2) ? v + 1 : UINT32_MAX);
		/* Lie about the length as well: then only the driver's own knowledge helps. */
		if (hostile_below(h, 2))
			hostile_put32(bytes + B(length), UINT32_MAX);
		break;
	default:
		hostile_put32(bytes + B(sequence), hostile_get32(bytes + B(sequence)) / 2);
		*must = false;
	}
	return true;
}

bool hostile_change_event(struct hostile *h, enum hostile_fault fault, uint8_t *bytes, size_t len,
			  uint32_t *used, bool *must)
{
	bool dqbuf = hostile_get32(bytes) == VMEDIA_EVT_DQBUF && len >= VMEDIA_EVT_DQBUF_SIZE;

	*must = true;
	switch (fault) {
	case HOSTILE_EV_BITS:
	case HOSTILE_EV_ZERO:
	case HOSTILE_EV_ONES:
	case HOSTILE_EV_NOISE:
		*must = false;
		return hostile_spoil(h, fault, bytes, len);
	case HOSTILE_EV_SHORT:
		*used = hostile_below(h, (uint32_t)len);
		return true;
	case HOSTILE_EV_LONG:
		*must = false;
		*used = hostile_below(h, 2) ? UINT32_MAX : *used + 1 + hostile_below(h, 70000);
		return true;
	case HOSTILE_EV_TYPE:
		hostile_put32(bytes, 3 + ((uint32_t)hostile_random(h) >> 1));
		return true;
	case HOSTILE_EV_SESSION:
		hostile_put32(bytes + 4, unknown_session(h));
		return true;
	case HOSTILE_EV_LOST:
		*used = 0;
		return true;
	case HOSTILE_EV_FLICKER:
		*must = false;
		return dqbuf;
	default:
		return dqbuf && change_dqbuf(h, fault, bytes, must);
	}
}

/*
 * The event was given to the driver, and what is in it changes all the time. Only events can be
 * lied about this way: their memory stays the driver's event buffer, that of an answer is freed.
 */
void hostile_flicker(uint8_t *shared, const uint8_t *bytes)
{
	static const size_t words[] = {
		0, 4, B(index), B(type), B(bytesused), B(memory), B(length)
	};
	uint64_t end = vmedia_now_ns() + FLICKER_NS;
	unsigned int i, n;

	for (n = 0; vmedia_now_ns() < end; n++)
		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			uint32_t good = hostile_get32(bytes + words[i]);

			__atomic_store_n((uint32_t *)(shared + words[i]), n & 1 ? good : ~good,
					 __ATOMIC_RELAXED);
		}
}

/* ---- Out of nothing ---- */

static bool send(struct hostile *h, const uint8_t *bytes, uint32_t len)
{
	struct vmedia_transport *t = &h->guest.transport;
	struct vmedia_chain *chain;

	if (h->guest.ops.pop(t, VMEDIA_QUEUE_EVENT, &chain) <= 0)
		return false;
	if (chain->err || vmedia_chain_write(chain, 0, bytes, len) < len)
		len = 0;
	hostile_push(h, VMEDIA_QUEUE_EVENT, chain, len);
	return len != 0;
}

static bool repeat_dqbuf(struct hostile *h, struct hostile_session *s, enum hostile_fault fault)
{
	uint8_t bytes[VMEDIA_EVT_DQBUF_SIZE];
	uint32_t index;

	if (!s->has_dqbuf || s->spared)
		return false;
	memcpy(bytes, s->dqbuf, sizeof(bytes));
	if (fault == HOSTILE_EV_NOTLENT) {
		for (index = 63; index && s->lent >> index & 1;)
			index--;
		hostile_put32(bytes + B(index),
			      hostile_below(h, 2) ? index : 64 + hostile_below(h, 900));
	}
	return send(h, bytes, sizeof(bytes));
}

static bool send_error(struct hostile *h, uint32_t session)
{
	uint8_t bytes[VMEDIA_EVT_ERROR_SIZE] = { 0 };

	hostile_put32(bytes, VMEDIA_EVT_ERROR);
	hostile_put32(bytes + 4, session);
	hostile_put32(bytes + 8, (uint32_t)hostile_random(h) >> (hostile_below(h, 2) ? 26 : 0));
	return send(h, bytes, sizeof(bytes));
}

static bool send_event(struct hostile *h, uint32_t session)
{
	static const uint32_t types[] = { 1, 2, 3, 4, 5, 6, 0x08000000, 0, 0xffffffff };
	uint8_t bytes[VMEDIA_EVT_EVENT_SIZE];
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)hostile_random(h);
	hostile_put32(bytes, VMEDIA_EVT_EVENT);
	hostile_put32(bytes + 4, session);
	hostile_put32(bytes + 8, types[hostile_below(h, sizeof(types) / sizeof(types[0]))]);
	return send(h, bytes, sizeof(bytes));
}

/* Until the driver has no buffers left, or a while after. */
static unsigned int flood(struct hostile *h)
{
	struct hostile_session *s = hostile_any_session(h);
	unsigned int n = 0;

	while (s && n < 96 && send_event(h, s->id))
		n++;
	return n;
}

/* When the driver has long been told that the stream is over. */
static void send_later(struct hostile *h, const struct hostile_session *s)
{
	if (!s->has_dqbuf || s->spared || vmedia_timer_armed(&h->after))
		return;
	memcpy(h->after_event, s->dqbuf, sizeof(h->after_event));
	vmedia_timer_arm(&h->after, vmedia_now_ns() + 50000000ull);
}

void hostile_on_after(struct vmedia_timer *t)
{
	struct hostile *h = vmedia_container_of(t, struct hostile, after);
	struct hostile_session *s = hostile_session_of(h, hostile_get32(h->after_event + 4));
	uint32_t index = hostile_get32(h->after_event + B(index));
	bool lent = s && index < 64 && s->lent >> index & 1;

	if (h->guest.vub && send(h, h->after_event, sizeof(h->after_event)))
		hostile_done(h, HOSTILE_EV_LATE, !lent);
}

static void add(struct hostile *h, enum hostile_fault fault, bool did, bool must)
{
	if (did)
		hostile_done(h, fault, must);
}

void hostile_add_events(struct hostile *h, struct hostile_session *s, uint32_t which)
{
	struct hostile_session *any = hostile_any_session(h);
	bool stopped = which == VMEDIA_NR_STREAMOFF || which == VMEDIA_NR_REQBUFS;
	unsigned int n;

	/* A lie about a certain command is one about its session. */
	if (s && (h->armed[HOSTILE_EV_ERROR].which == which ||
		  h->armed[HOSTILE_EV_NOTLENT].which == which))
		any = s;

	if (s && which == HOSTILE_ANY && hostile_roll(h, HOSTILE_EV_DOUBLE, which))
		add(h, HOSTILE_EV_DOUBLE, repeat_dqbuf(h, s, HOSTILE_EV_DOUBLE), true);
	if (s && stopped && hostile_roll(h, HOSTILE_EV_LATE, which))
		send_later(h, s);
	if (any && hostile_roll(h, HOSTILE_EV_NOTLENT, which))
		add(h, HOSTILE_EV_NOTLENT, repeat_dqbuf(h, any, HOSTILE_EV_NOTLENT), true);
	if (any && hostile_roll(h, HOSTILE_EV_ERROR, which))
		add(h, HOSTILE_EV_ERROR, send_error(h, any->id), false);
	if (hostile_roll(h, HOSTILE_EV_ERROR_UNKNOWN, which))
		add(h, HOSTILE_EV_ERROR_UNKNOWN, send_error(h, unknown_session(h)), true);
	if (hostile_roll(h, HOSTILE_EV_UNKNOWN, which))
		add(h, HOSTILE_EV_UNKNOWN, send_event(h, unknown_session(h)), true);
	if (!hostile_roll(h, HOSTILE_EV_FLOOD, which))
		return;
	for (n = flood(h); n; n--)
		hostile_done(h, HOSTILE_EV_FLOOD, false);
}
