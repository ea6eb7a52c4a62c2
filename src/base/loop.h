/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The part of the event loop that only the library uses. The public part, with the theory of
 * operation, is <vmedia/loop.h>.
 *
 * A wake-up costs one system call of the loop, and a source with EPOLLET needs no read. The wake-up
 * eventfd is written only when the loop sleeps, and once for any number of posts. Pollers can make
 * the loop check memory for some microseconds before it sleeps.
 *
 * Context: the loop's thread, unless a function states "any thread".
 */
#ifndef VMEDIA_BASE_LOOP_H
#define VMEDIA_BASE_LOOP_H

#include <vmedia/loop.h>

#include "base/list.h"

struct vmedia_deferred;
struct vmedia_poller;

/* vmedia_loop_is_current - true if the calling thread runs this loop. Context: any thread. */
bool vmedia_loop_is_current(const struct vmedia_loop *loop);

/* vmedia_loop_assert - assert "Context: the loop's thread"; does nothing with NDEBUG. */
#ifdef NDEBUG
#define vmedia_loop_assert(loop) ((void)(loop))
#else
#include <assert.h>
#define vmedia_loop_assert(loop) assert(vmedia_loop_is_current(loop))
#endif

static inline bool vmedia_timer_armed(const struct vmedia_timer *t)
{
	return t->loop && vmedia_list_linked(&t->node);
}

/* ---- at the end of the round ---- */

typedef void (*vmedia_deferred_fn)(struct vmedia_deferred *d);

struct vmedia_deferred {
	struct vmedia_loop *loop;
	vmedia_deferred_fn fn;
	struct vmedia_list node;
};

void vmedia_deferred_init(struct vmedia_loop *loop, struct vmedia_deferred *d,
			  vmedia_deferred_fn fn);

/*
 * vmedia_defer - call @d's function once at the end of this round. For one notification for all
 * events of a round, and for freeing memory that callers up the stack still use. If @d is scheduled
 * already, this has no effect. If a deferred call schedules @d, it runs at the end of the next
 * round, and that round does not wait.
 */
void vmedia_defer(struct vmedia_deferred *d);

/*
 * vmedia_deferred_cancel - cancel a scheduled call. Does nothing if it is not scheduled or
 * zero-initialised.
 */
void vmedia_deferred_cancel(struct vmedia_deferred *d);

/* ---- before sleeping ---- */

/* Check once. Returns true if there was something; it was handled, or will be in this round. */
typedef bool (*vmedia_poller_fn)(struct vmedia_poller *p);

struct vmedia_poller {
	struct vmedia_loop *loop;	/* NULL while not added */
	vmedia_poller_fn fn;
	uint64_t ns;
	struct vmedia_list node;
};

/*
 * vmedia_poller_add - call @fn repeatedly for @ns before the loop sleeps, until it finds something
 *
 * This happens only when polling pays (base/spin.h); otherwise the loop sleeps without calling @fn.
 * So an event that @fn finds must also wake the loop. @p must live until vmedia_poller_del().
 */
void vmedia_poller_add(struct vmedia_loop *loop, struct vmedia_poller *p, uint64_t ns,
		       vmedia_poller_fn fn);
/*
 * Remove a poller. Allowed in every callback, also in its own if that returns true. Does nothing if
 * it is not added.
 */
void vmedia_poller_del(struct vmedia_poller *p);

#endif
