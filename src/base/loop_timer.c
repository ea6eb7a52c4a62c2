// SPDX-License-Identifier: BSD-3-Clause
/*
 * Timers of the event loop: a list sorted by deadline, and one timerfd for its head.
 *
 * The timerfd is set when the loop is about to sleep, and only if the head is earlier than its
 * current setting. So arming, moving and cancelling make no system call, and a cancelled deadline
 * costs at most one empty wake-up. New deadlines are mostly the latest, so the list is searched
 * from its end.
 *
 * System calls, serving: epoll_ctl timerfd_settime timerfd_settime64
 */
#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/loop_impl.h"

int vmedia_loop_timers_init(struct vmedia_loop *loop)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET, .data.ptr = &loop->timerfd };

	vmedia_list_init(&loop->timers);
	loop->timerfd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (loop->timerfd < 0)
		return -errno;
	if (epoll_ctl(loop->epfd, EPOLL_CTL_ADD, loop->timerfd, &ev) < 0)
		return -errno;
	return 0;
}

void vmedia_timer_init(struct vmedia_loop *loop, struct vmedia_timer *t, vmedia_timer_fn fn)
{
	t->loop = loop;
	t->fn = fn;
	t->deadline_ns = 0;
	vmedia_list_init(&t->node);
}

void vmedia_timer_arm(struct vmedia_timer *t, uint64_t deadline_ns)
{
	struct vmedia_list *pos = t->loop->timers.prev;

	vmedia_loop_assert(t->loop);
	if (vmedia_list_linked(&t->node)) {
		if (t->deadline_ns == deadline_ns)
			return;
		vmedia_list_del(&t->node);
		pos = t->loop->timers.prev;
	}
	t->deadline_ns = deadline_ns;
	while (pos != &t->loop->timers &&
	       vmedia_list_entry(pos, struct vmedia_timer, node)->deadline_ns > deadline_ns)
		pos = pos->prev;
	vmedia_list_insert(pos, &t->node);
	/* An embedder that sleeps in its own poll does not call the loop before that. */
	if (__atomic_load_n(&t->loop->sleeping, __ATOMIC_RELAXED))
		vmedia_loop_timers_arm(t->loop);
}

void vmedia_timer_cancel(struct vmedia_timer *t)
{
	if (!t->loop || !vmedia_list_linked(&t->node))
		return;
	vmedia_loop_assert(t->loop);
	vmedia_list_del(&t->node);
}

void vmedia_loop_timers_arm(struct vmedia_loop *loop)
{
	struct itimerspec its;
	uint64_t ns;

	if (vmedia_list_empty(&loop->timers))
		return;
	ns = vmedia_list_first(&loop->timers, struct vmedia_timer, node)->deadline_ns;
	if (ns == 0)
		ns = 1;		/* 0 would disarm */
	if (loop->armed_ns && loop->armed_ns <= ns)
		return;
	memset(&its, 0, sizeof(its));
	if (vmedia_mul_overflow((uint64_t)1, ns / 1000000000u, &its.it_value.tv_sec))
		return;
	its.it_value.tv_nsec = (long)(ns % 1000000000u);
	if (timerfd_settime(loop->timerfd, TFD_TIMER_ABSTIME, &its, NULL) < 0) {
		vmedia_err("Setting a timer to %llu ns failed: %s", (unsigned long long)ns,
			   strerror(errno));
		return;
	}
	loop->armed_ns = ns;
}

int vmedia_loop_timers_run(struct vmedia_loop *loop)
{
	struct vmedia_list due;
	uint64_t now;
	int n = 0;

	if (vmedia_list_empty(&loop->timers))
		return 0;
	now = vmedia_now_ns();
	/*
	 * Collect the due timers first. A callback that arms its timer for the past runs in the
	 * next round, not forever in this one.
	 */
	vmedia_list_init(&due);
	while (!vmedia_list_empty(&loop->timers)) {
		struct vmedia_timer *t =
			vmedia_list_first(&loop->timers, struct vmedia_timer, node);

		if (t->deadline_ns > now)
			break;
		vmedia_list_del(&t->node);
		vmedia_list_add_tail(&due, &t->node);
	}
	while (!vmedia_list_empty(&due)) {
		struct vmedia_timer *t = vmedia_list_first(&due, struct vmedia_timer, node);

		vmedia_list_del(&t->node);
		t->fn(t);
		n++;
	}
	return n;
}
