/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The event loop. Devices run on it, and their parts can wait on it for a file descriptor, for a
 * time and for another thread.
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
 *   One thread runs a loop. A round begins with at most one epoll_wait(). Then it calls the timers
 *   that are due, the posted calls, the sources whose descriptors are ready, and last the work that
 *   the library deferred to the end of the round. A callback must not block, since no session is
 *   served while it runs. Work that takes longer than a millisecond belongs on a worker
 *   (<vmedia/worker.h>).
 *
 *   Sources, timers and posts are structures that the caller embeds in its own (<vmedia/list.h>).
 *   Nothing is allocated, so only vmedia_loop_add_fd() can fail. Each must be zero or initialised
 *   before its first use, and must not move while it is added, armed or queued.
 *
 * Times are CLOCK_MONOTONIC, absolute, in nanoseconds: vmedia_now_ns() plus the delay.
 *
 * Context: the loop's thread, unless a function states another. Debug builds assert it. The loop's
 * thread is the one that created the loop, until another thread runs or steps it.
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
 * vmedia_loop_create - create a loop. Returns 0 and *out, or negative errno: -ENOMEM, or that of
 * epoll_create1(), eventfd() or timerfd_create(). Context: any thread.
 */
int vmedia_loop_create(struct vmedia_loop **out);

/*
 * vmedia_loop_destroy - free a loop. All sources, timers, posts and workers must be gone; sources
 * and workers are asserted. NULL is allowed.
 */
void vmedia_loop_destroy(struct vmedia_loop *loop);

/*
 * vmedia_loop_run - run rounds until vmedia_loop_stop(). Returns 0, or negative errno if epoll
 * fails.
 */
int vmedia_loop_run(struct vmedia_loop *loop);

/*
 * vmedia_loop_step - run one round, which waits at most @timeout_ms (-1: without limit)
 *
 * For programs that have a loop of their own. Returns the number of callbacks that ran, or negative
 * errno. Not allowed in a callback.
 */
int vmedia_loop_step(struct vmedia_loop *loop, int timeout_ms);

/*
 * vmedia_loop_fd - return a descriptor that is readable when a round has work to do. Borrowed; for
 * poll() only.
 */
int vmedia_loop_fd(const struct vmedia_loop *loop);

/* vmedia_loop_stop - make vmedia_loop_run() return. Context: any thread, signal handlers too. */
void vmedia_loop_stop(struct vmedia_loop *loop);

/* vmedia_now_ns - CLOCK_MONOTONIC in nanoseconds. Context: any thread. */
uint64_t vmedia_now_ns(void);

/* ---- Descriptors ---- */

/*
 * @revents: those of the requested events that occurred; also EPOLLERR and EPOLLHUP, even if not
 *	requested.
 */
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
 * vmedia_loop_mod_fd - wait for @events from now on. @src must be added. Makes no system call if
 * @events does not change. Returns 0, or negative errno of epoll_ctl(); then the old events stay.
 */
int vmedia_loop_mod_fd(struct vmedia_source *src, uint32_t events);

/*
 * vmedia_loop_del_fd - stop watching a descriptor. @fn is not called again, not even for an event
 * that this round already received, and @src belongs to the caller again. Call it before the
 * descriptor is closed. Allowed in every callback. Does nothing if @src is not added (zero, or
 * deleted before).
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
 * If the time is past, fn is called in the next round. A timer that is armed is moved. fn may arm
 * the timer again, which makes it periodic; a period added to deadline_ns does not drift. The call
 * walks over the timers that are later, and makes a system call if @t becomes the earliest.
 */
void vmedia_timer_arm(struct vmedia_timer *t, uint64_t deadline_ns);

/* vmedia_timer_cancel - disarm @t; fn is not called. Does nothing if @t is not armed, or zero. */
void vmedia_timer_cancel(struct vmedia_timer *t);

/* ---- From other threads ---- */

typedef void (*vmedia_post_fn)(struct vmedia_post *p);

struct vmedia_post {
	vmedia_post_fn fn;
	struct vmedia_post *next;	/* private */
	int queued;			/* private, atomic */
};

/* vmedia_post_init - initialise @p, before its first vmedia_loop_post(). Context: any thread. */
void vmedia_post_init(struct vmedia_post *p, vmedia_post_fn fn);

/*
 * vmedia_loop_post - wake the loop and call @p->fn on its thread, in the order of posting
 *
 * Returns false if @p was queued already; then fn runs once for both posts. fn sees everything that
 * the caller wrote before the post. From the start of fn, @p may be posted again or freed. Many
 * posts to a sleeping loop cost one system call, posts to a busy loop none. Context: any thread;
 * not signal handlers.
 */
bool vmedia_loop_post(struct vmedia_loop *loop, struct vmedia_post *p);

/*
 * vmedia_loop_unpost - remove @p from the queue. Returns true if it was queued; then fn is not
 * called for it.
 *
 * No thread may post @p at the same time. To free the structure that contains @p, first end the
 * thread that posts it, then call this.
 */
bool vmedia_loop_unpost(struct vmedia_loop *loop, struct vmedia_post *p);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_LOOP_H */
