/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The event loop: devices run on it, and what they are made of can wait on it too, for a file
 * descriptor, for a time, and for a thread of their own.
 *
 *	struct receiver {
 *		struct vmedia_source src;
 *		...
 *	};
 *
 *	static void on_packet(struct vmedia_source *src, uint32_t revents)
 *	{
 *		struct receiver *r = vmedia_container_of(src, struct receiver, src);
 *
 *		recv(src->fd, ...);
 *	}
 *
 *	vmedia_loop_add_fd(vmedia_device_loop(dev), &r->src, fd, EPOLLIN, on_packet);
 *
 * Theory of operation
 *
 *   One thread runs a loop. A round is: one epoll_wait() at most, then the timers that are due, the
 *   calls that were posted, the descriptors that are ready, and the work that the library deferred
 *   to the end of the round. A callback must not block: while it runs no session is served.
 *   What takes longer than a millisecond belongs to a worker (<vmedia/worker.h>).
 *
 *   Sources, timers and posts are structures that the caller embeds in one of its own
 *   (<vmedia/list.h>). Nothing is allocated, so nothing but vmedia_loop_add_fd() can fail. Each
 *   must be zero or initialised before its first use, and must stay where it is while it is added,
 *   armed or queued.
 *
 * Times are CLOCK_MONOTONIC, absolute, in nanoseconds: vmedia_now_ns() plus what is to pass.
 *
 * Context: the loop's thread, unless a function says otherwise. Debug builds assert it. That thread
 * is the one that created the loop, until another one runs or steps it.
 */
#ifndef VMEDIA_LOOP_H
#define VMEDIA_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <vmedia/list.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmedia_loop;
struct vmedia_source;
struct vmedia_timer;
struct vmedia_post;

/* ---- The loop ---- */

/*
 * vmedia_loop_create - 0 and *out, or negative errno: -ENOMEM, or what epoll_create1(), eventfd()
 * or timerfd_create() said. Context: any thread.
 */
int vmedia_loop_create(struct vmedia_loop **out);

/*
 * vmedia_loop_destroy - all that was put on it must be gone: sources and workers are asserted.
 * NULL is fine.
 */
void vmedia_loop_destroy(struct vmedia_loop *loop);

/* vmedia_loop_run - serve until vmedia_loop_stop(): 0, or negative errno if epoll fails. */
int vmedia_loop_run(struct vmedia_loop *loop);

/*
 * vmedia_loop_step - one round, which waits at most @timeout_ms (-1: without end)
 *
 * For programs that have a loop of their own. Returns the number of callbacks that ran, or negative
 * errno. Never from a callback.
 */
int vmedia_loop_step(struct vmedia_loop *loop, int timeout_ms);

/* vmedia_loop_fd - readable when a round has something to do. Borrowed; for poll() only. */
int vmedia_loop_fd(const struct vmedia_loop *loop);

/* vmedia_loop_stop - make vmedia_loop_run() return. Context: any thread, signal handlers too. */
void vmedia_loop_stop(struct vmedia_loop *loop);

/* vmedia_now_ns - CLOCK_MONOTONIC in nanoseconds. Context: any thread. */
uint64_t vmedia_now_ns(void);

/* ---- Descriptors ---- */

/* @revents: which of the events, and EPOLLERR and EPOLLHUP, asked for or not. */
typedef void (*vmedia_source_fn)(struct vmedia_source *src, uint32_t revents);

struct vmedia_source {
	struct vmedia_loop *loop;	/* NULL while not added */
	int fd;				/* the caller's; the loop does not close it */
	uint32_t events;
	vmedia_source_fn fn;
};

/*
 * vmedia_loop_add_fd - call @fn whenever @fd has one of @events (EPOLLIN, EPOLLOUT, EPOLLET, ...)
 *
 * @src belongs to the loop until vmedia_loop_del_fd(). Returns 0, or negative errno of epoll_ctl():
 * -EPERM (a regular file), -EEXIST (@fd is added already), -EBADF, -ENOMEM, -ENOSPC; then @src is
 * not added.
 */
int vmedia_loop_add_fd(struct vmedia_loop *loop, struct vmedia_source *src, int fd, uint32_t events,
		       vmedia_source_fn fn);

/*
 * vmedia_loop_mod_fd - wait for @events instead. @src is added. No system call if they are the
 * same. 0, or negative errno of epoll_ctl(); then the old ones stay.
 */
int vmedia_loop_mod_fd(struct vmedia_source *src, uint32_t events);

/*
 * vmedia_loop_del_fd - stop watching. @fn is not called any more, even if an event of this round
 * waits for it, and @src is the caller's again. Call it before the descriptor is closed. Allowed in
 * every callback. Does nothing if @src is not added (zero, or deleted before).
 */
void vmedia_loop_del_fd(struct vmedia_source *src);

/* ---- Timers ---- */

typedef void (*vmedia_timer_fn)(struct vmedia_timer *t);

struct vmedia_timer {
	struct vmedia_loop *loop;
	vmedia_timer_fn fn;
	uint64_t deadline_ns;
	struct vmedia_list node;	/* private */
};

/* vmedia_timer_init - bind @t to @loop. It is not armed. */
void vmedia_timer_init(struct vmedia_loop *loop, struct vmedia_timer *t, vmedia_timer_fn fn);

/*
 * vmedia_timer_arm - call fn once, at @deadline_ns or soon after
 *
 * A time that is past: in the next round. Moves a timer that is armed. fn may arm it again, which
 * makes it periodic: with deadline_ns plus the period it does not drift. Cost: a walk over the
 * timers that are later; a system call if it becomes the earliest.
 */
void vmedia_timer_arm(struct vmedia_timer *t, uint64_t deadline_ns);

/* vmedia_timer_cancel - fn is not called. Fine if @t is not armed, or zero. */
void vmedia_timer_cancel(struct vmedia_timer *t);

/* ---- From other threads ---- */

typedef void (*vmedia_post_fn)(struct vmedia_post *p);

struct vmedia_post {
	vmedia_post_fn fn;
	struct vmedia_post *next;	/* private */
	int queued;			/* private, atomic */
};

/* vmedia_post_init - before the first vmedia_loop_post(). Context: any thread. */
void vmedia_post_init(struct vmedia_post *p, vmedia_post_fn fn);

/*
 * vmedia_loop_post - wake the loop and call @p->fn on its thread, in the order of posting
 *
 * Returns false if @p was queued already: it then runs once for both. What the caller wrote before
 * is visible to fn. From the moment that fn is called @p may be posted again, or freed. Many posts
 * to a sleeping loop cost one system call, posts to a busy one none. Context: any thread; not
 * signal handlers.
 */
bool vmedia_loop_post(struct vmedia_loop *loop, struct vmedia_post *p);

/*
 * vmedia_loop_unpost - take back @p: true if it was queued, and fn will not be called for it
 *
 * No thread may post it meanwhile: who frees what @p is part of first ends the thread that posts
 * it, then takes it back.
 */
bool vmedia_loop_unpost(struct vmedia_loop *loop, struct vmedia_post *p);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_LOOP_H */
