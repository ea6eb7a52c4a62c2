/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What loop.c, loop_poll.c, loop_timer.c and the workers' files share. Nobody else includes this.
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
	int sleeping;		/* atomic: who posts must write wakefd; see vmedia_loop_post() */
	struct vmedia_post *posts;	/* atomic: a stack, newest first */
	struct vmedia_post *ready;	/* taken from posts, oldest first; the loop's thread only */
	struct vmedia_list timers;	/* by deadline */
	uint64_t armed_ns;	/* what timerfd is set to; 0: not */
	struct vmedia_list deferred;
	struct vmedia_list pollers;
	struct vmedia_spin spin;	/* before sleeps; ns is 0 without pollers */
	unsigned int nsources;
	int nbatch, cur;	/* of the round that runs */
	struct epoll_event batch[LOOP_BATCH];
	bool in_round;		/* what is deferred now is called at the end of a round that runs */
	struct vmedia_pool *pool;	/* of its workers; NULL: there is none */
	unsigned int pool_threads;	/* 0: as many as usual */
};

int vmedia_loop_timers_init(struct vmedia_loop *loop);

/* Call what is due. Number of callbacks. */
int vmedia_loop_timers_run(struct vmedia_loop *loop);

/* Make timerfd fire for the earliest timer, if it would not in time. */
void vmedia_loop_timers_arm(struct vmedia_loop *loop);

/* Look before sleeping, if that is to be: true if there is something to do. */
bool vmedia_loop_poll(struct vmedia_loop *loop);

#endif
