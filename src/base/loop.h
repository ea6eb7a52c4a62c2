/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The event loop: file descriptors, timers, work deferred to the end of a round, and calls from
 * other threads.
 *
 * Theory of operation: one thread runs a loop. One round is: at most one epoll_wait; due timers;
 * posted calls; ready descriptors; deferred calls. Everything is intrusive: the caller embeds a
 * source, timer, deferred or post structure and gets it back in the callback
 * (vmedia_container_of()), so nothing here allocates after creation. A wake-up costs one system
 * call of the loop's own; a source with EPOLLET needs no read either. The wake-up eventfd is
 * written only when the loop sleeps, once however many posts follow.
 *
 * Creating, running, stepping and stopping one is the public part, <vmedia/loop.h>.
 *
 * Context: everything is for the loop's thread, but for what says "any thread".
 */
#ifndef VMEDIA_BASE_LOOP_H
#define VMEDIA_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include <vmedia/loop.h>

#include "base/list.h"

struct vmedia_source;
struct vmedia_timer;
struct vmedia_deferred;
struct vmedia_post;

/* vmedia_loop_is_current - does the calling thread run this loop? Context: any thread. */
bool vmedia_loop_is_current(const struct vmedia_loop *loop);

/* vmedia_loop_assert - states "Context: the loop's thread" in code; nothing with NDEBUG. */
#ifdef NDEBUG
#define vmedia_loop_assert(loop) ((void)(loop))
#else
#include <assert.h>
#define vmedia_loop_assert(loop) assert(vmedia_loop_is_current(loop))
#endif

/* ---- descriptors ---- */

typedef void (*vmedia_source_fn)(struct vmedia_source *src, uint32_t revents);

struct vmedia_source {
	struct vmedia_loop *loop;	/* NULL while not added */
	int fd;				/* not owned */
	uint32_t events;
	vmedia_source_fn fn;
};

/*
 * vmedia_loop_add_fd - call @fn when @fd has one of @events (EPOLLIN, EPOLLOUT, EPOLLET, ...)
 *
 * EPOLLERR and EPOLLHUP are always reported. @src lives until vmedia_loop_del_fd(). 0, or negative
 * errno of epoll_ctl (-EPERM: a regular file; -EEXIST: added twice).
 */
int vmedia_loop_add_fd(struct vmedia_loop *loop, struct vmedia_source *src, int fd, uint32_t events,
		       vmedia_source_fn fn);

/* vmedia_loop_mod_fd - change the events; no system call when they are the same. */
int vmedia_loop_mod_fd(struct vmedia_source *src, uint32_t events);

/*
 * vmedia_loop_del_fd - forget it. Allowed in every callback, also for another source of which an
 * event waits in the same round: its callback is not called any more. Call it before closing the
 * fd. Does nothing when not added (zero-initialised, or deleted before).
 */
void vmedia_loop_del_fd(struct vmedia_source *src);

/* ---- timers ---- */

typedef void (*vmedia_timer_fn)(struct vmedia_timer *t);

struct vmedia_timer {
	struct vmedia_loop *loop;
	vmedia_timer_fn fn;
	uint64_t deadline_ns;
	struct vmedia_list node;
};

/* vmedia_timer_init - bind to a loop; not armed. */
void vmedia_timer_init(struct vmedia_loop *loop, struct vmedia_timer *t, vmedia_timer_fn fn);

/*
 * vmedia_timer_arm - call once at @deadline_ns (CLOCK_MONOTONIC, absolute; see vmedia_now_ns()) or
 * soon after
 *
 * Moves an armed timer. Cost: one system call if it becomes the earliest; a walk over the later
 * ones.
 */
void vmedia_timer_arm(struct vmedia_timer *t, uint64_t deadline_ns);

/* vmedia_timer_cancel - disarm; fine when not armed or when zero-initialised. */
void vmedia_timer_cancel(struct vmedia_timer *t);

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

/* ---- from other threads ---- */

typedef void (*vmedia_post_fn)(struct vmedia_post *p);

struct vmedia_post {
	vmedia_post_fn fn;
	struct vmedia_post *next;	/* private */
	int queued;			/* private, atomic */
};

/* vmedia_post_init - before the first vmedia_loop_post(). */
void vmedia_post_init(struct vmedia_post *p, vmedia_post_fn fn);

/*
 * vmedia_loop_post - call @p->fn on the loop's thread, in the order of posting
 *
 * Returns false when @p was queued already: it then runs once. From the moment that fn is called,
 * it may be posted again or freed. Everything written before the call is visible to fn. Context:
 * any thread; not signal handlers.
 */
bool vmedia_loop_post(struct vmedia_loop *loop, struct vmedia_post *p);

/*
 * vmedia_loop_unpost - take back a queued post; true if it was queued and will not run. The caller
 * sees to it that no thread posts it meanwhile. Context: the loop's thread.
 */
bool vmedia_loop_unpost(struct vmedia_loop *loop, struct vmedia_post *p);

#endif
