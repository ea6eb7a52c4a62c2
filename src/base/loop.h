/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The event loop, what only the library uses of it. The rest, and the theory of operation, is the
 * public part, <vmedia/loop.h>.
 *
 * A wake-up costs one system call of the loop's own; a source with EPOLLET needs no read either.
 * The wake-up eventfd is written only when the loop sleeps, once however many posts follow. Pollers
 * may have the loop look at memory for some microseconds before it sleeps.
 *
 * Context: everything is for the loop's thread, but for what says "any thread".
 */
#ifndef VMEDIA_BASE_LOOP_H
#define VMEDIA_BASE_LOOP_H

#include <vmedia/loop.h>

#include "base/list.h"

struct vmedia_deferred;
struct vmedia_poller;

/* vmedia_loop_is_current - does the calling thread run this loop? Context: any thread. */
bool vmedia_loop_is_current(const struct vmedia_loop *loop);

/* vmedia_loop_assert - states "Context: the loop's thread" in code; nothing with NDEBUG. */
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
 * vmedia_defer - call once at the end of this round (the place for one notification for all that
 * happened, and for freeing what callers up the stack still use). Again before that: no effect.
 * Scheduled by a deferred call itself: runs at the end of the next round, which then does not wait.
 */
void vmedia_defer(struct vmedia_deferred *d);

/* vmedia_deferred_cancel - fine when not scheduled or zero-initialised. */
void vmedia_deferred_cancel(struct vmedia_deferred *d);

/* ---- before sleeping ---- */

/* Look, once. True: there was something, which is dealt with, or will be in this round. */
typedef bool (*vmedia_poller_fn)(struct vmedia_poller *p);

struct vmedia_poller {
	struct vmedia_loop *loop;	/* NULL while not added */
	vmedia_poller_fn fn;
	uint64_t ns;
	struct vmedia_list node;
};

/*
 * vmedia_poller_add - for @ns before the loop sleeps, call @fn again and again until it finds
 * something
 *
 * Where that pays (base/spin.h); where it does not, the loop sleeps without having asked. So what
 * @fn looks for must wake the loop all the same. @p lives until vmedia_poller_del().
 */
void vmedia_poller_add(struct vmedia_loop *loop, struct vmedia_poller *p, uint64_t ns,
		       vmedia_poller_fn fn);
/* Allowed in every callback, its own too when it returns true. Fine when not added. */
void vmedia_poller_del(struct vmedia_poller *p);

#endif
