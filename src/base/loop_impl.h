/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The structures that loop.c, loop_poll.c, loop_timer.c and the workers' files share. No other file
 * includes this.
 */
#ifndef VMEDIA_BASE_LOOP_IMPL_H
#define VMEDIA_BASE_LOOP_IMPL_H

#include <pthread.h>

#include "base/loop.h"
#include "base/spin.h"

#define LOOP_BATCH 64

struct vmedia_loop {
	int epfd;
	int wakefd;		/* eventfd, edge-triggered: never read */
	int timerfd;		/* edge-triggered: never read */
	pthread_t thread;	/* written by the stepping thread, read in assertions */
	int stop;		/* atomic */
	int sleeping;		/* atomic: a poster must write wakefd; see vmedia_loop_post() */
	struct vmedia_post *posts;	/* atomic: a stack, newest first */
	struct vmedia_post *ready;	/* taken from posts, oldest first; the loop's thread only */
	struct vmedia_list timers;	/* by deadline */
	uint64_t armed_ns;	/* the time that timerfd is set to; 0: not set */
	struct vmedia_list deferred;
	struct vmedia_list pollers;
	struct vmedia_spin spin;	/* before sleeps; ns is 0 without pollers */
	unsigned int nsources;
	int nbatch, cur;	/* of the round that runs */
	struct epoll_event batch[LOOP_BATCH];
	bool in_round;		/* a deferred call of now runs at the end of this round */
	struct vmedia_pool *pool;	/* of its workers, or NULL */
	unsigned int pool_threads;	/* 0: the default */
};

int vmedia_loop_timers_init(struct vmedia_loop *loop);

/* Call the timers that are due. Returns the number of callbacks. */
int vmedia_loop_timers_run(struct vmedia_loop *loop);

/* Set timerfd to the earliest timer, unless it fires early enough already. */
void vmedia_loop_timers_arm(struct vmedia_loop *loop);

/* Poll before sleeping, if that pays. Returns true if there is something to do. */
bool vmedia_loop_poll(struct vmedia_loop *loop);

#endif
