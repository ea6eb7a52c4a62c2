// SPDX-License-Identifier: BSD-3-Clause
/*
 * The event loop: rounds, descriptors, deferred and posted calls. See loop.h; timers are in
 * loop_timer.c.
 *
 * How a post wakes the loop (barrier pair [P]): the poster pushes, then exchanges loop->sleeping;
 * the loop sets loop->sleeping, then reads the stack. All four are sequentially consistent, so at
 * least one side sees the other's write: either the poster writes the eventfd, or the loop does not
 * wait. Only the poster that changes sleeping to 0 writes, so many posts cost one write, and posts
 * to a busy loop cost none.
 *
 * System calls, serving: epoll_ctl epoll_wait|epoll_pwait
 */
#include "base/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/loop_impl.h"

int vmedia_loop_create(struct vmedia_loop **out)
{
	struct vmedia_loop *loop = calloc(1, sizeof(*loop));
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int ret;

	if (!loop)
		return -ENOMEM;
	loop->timerfd = -1;
	loop->wakefd = -1;
	loop->sleeping = 1;
	loop->thread = pthread_self();
	vmedia_list_init(&loop->deferred);
	vmedia_list_init(&loop->pollers);
	loop->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epfd < 0) {
		ret = -errno;
		goto fail;
	}
	loop->wakefd = vmedia_eventfd();
	if (loop->wakefd < 0) {
		ret = loop->wakefd;
		goto fail;
	}
	ev.data.ptr = &loop->wakefd;
	if (epoll_ctl(loop->epfd, EPOLL_CTL_ADD, loop->wakefd, &ev) < 0) {
		ret = -errno;
		goto fail;
	}
	ret = vmedia_loop_timers_init(loop);
	if (ret)
		goto fail;
	*out = loop;
	return 0;

fail:
	vmedia_fd_close(&loop->timerfd);
	vmedia_fd_close(&loop->wakefd);
	vmedia_fd_close(&loop->epfd);
	free(loop);
	return ret;
}

void vmedia_loop_destroy(struct vmedia_loop *loop)
{
	if (!loop)
		return;
	assert(loop->nsources == 0 && !loop->pool);
	vmedia_fd_close(&loop->timerfd);
	vmedia_fd_close(&loop->wakefd);
	vmedia_fd_close(&loop->epfd);
	free(loop);
}

int vmedia_loop_fd(const struct vmedia_loop *loop)
{
	return loop->epfd;
}

bool vmedia_loop_is_current(const struct vmedia_loop *loop)
{
	return pthread_equal(__atomic_load_n(&loop->thread, __ATOMIC_RELAXED), pthread_self());
}

/* ---- descriptors ---- */

int vmedia_loop_add_fd(struct vmedia_loop *loop, struct vmedia_source *src, int fd, uint32_t events,
		       vmedia_source_fn fn)
{
	struct epoll_event ev = { .events = events, .data.ptr = src };

	vmedia_loop_assert(loop);
	if (epoll_ctl(loop->epfd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return -errno;
	src->loop = loop;
	src->fd = fd;
	src->events = events;
	src->fn = fn;
	loop->nsources++;
	return 0;
}

int vmedia_loop_mod_fd(struct vmedia_source *src, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = src };

	if (src->events == events)
		return 0;
	vmedia_loop_assert(src->loop);
	if (epoll_ctl(src->loop->epfd, EPOLL_CTL_MOD, src->fd, &ev) < 0)
		return -errno;
	src->events = events;
	return 0;
}

void vmedia_loop_del_fd(struct vmedia_source *src)
{
	struct vmedia_loop *loop = src->loop;

	if (!loop)
		return;
	vmedia_loop_assert(loop);
	if (epoll_ctl(loop->epfd, EPOLL_CTL_DEL, src->fd, NULL) < 0)
		vmedia_err("Forgetting fd %d failed: %s (closed before?)", src->fd,
			   strerror(errno));
	for (int i = loop->cur + 1; i < loop->nbatch; i++) {
		if (loop->batch[i].data.ptr == src)
			loop->batch[i].data.ptr = NULL;
	}
	loop->nsources--;
	src->loop = NULL;
}

static int run_batch(struct vmedia_loop *loop)
{
	int n = 0;

	for (loop->cur = 0; loop->cur < loop->nbatch; loop->cur++) {
		struct epoll_event *ev = &loop->batch[loop->cur];
		struct vmedia_source *src = ev->data.ptr;

		if (!src || (void *)src == &loop->wakefd || (void *)src == &loop->timerfd)
			continue;
		src->fn(src, ev->events);
		n++;
	}
	loop->nbatch = 0;
	loop->cur = 0;
	return n;
}

/* ---- deferred calls ---- */

/* Make a sleeping loop do a round. Barrier pair [P]. */
static void wake(struct vmedia_loop *loop)
{
	if (__atomic_exchange_n(&loop->sleeping, 0, __ATOMIC_SEQ_CST))
		vmedia_eventfd_signal(loop->wakefd);
}

void vmedia_deferred_init(struct vmedia_loop *loop, struct vmedia_deferred *d,
			  vmedia_deferred_fn fn)
{
	d->loop = loop;
	d->fn = fn;
	vmedia_list_init(&d->node);
}

void vmedia_defer(struct vmedia_deferred *d)
{
	vmedia_loop_assert(d->loop);
	if (vmedia_list_linked(&d->node))
		return;
	vmedia_list_add_tail(&d->loop->deferred, &d->node);
	/* only when called between rounds: otherwise the loop is not sleeping */
	wake(d->loop);
}

void vmedia_deferred_cancel(struct vmedia_deferred *d)
{
	if (!d->loop)
		return;
	vmedia_loop_assert(d->loop);
	vmedia_list_del(&d->node);
}

static int run_deferred(struct vmedia_loop *loop)
{
	struct vmedia_list now;
	struct vmedia_list *node;
	int n = 0;

	vmedia_list_init(&now);
	vmedia_list_splice_tail(&now, &loop->deferred);
	while ((node = vmedia_list_pop(&now))) {
		struct vmedia_deferred *d = vmedia_list_entry(node, struct vmedia_deferred, node);

		d->fn(d);
		n++;
	}
	return n;
}

/* ---- posted calls ---- */

void vmedia_post_init(struct vmedia_post *p, vmedia_post_fn fn)
{
	p->fn = fn;
	p->next = NULL;
	p->queued = 0;
}

bool vmedia_loop_post(struct vmedia_loop *loop, struct vmedia_post *p)
{
	struct vmedia_post *head;

	/*
	 * Acquire-release, even if it is queued already, so that the exchange in run_posts() sees
	 * the caller's earlier writes.
	 */
	if (__atomic_exchange_n(&p->queued, 1, __ATOMIC_ACQ_REL))
		return false;
	head = __atomic_load_n(&loop->posts, __ATOMIC_RELAXED);
	do {
		p->next = head;
	} while (!__atomic_compare_exchange_n(&loop->posts, &head, p, true, __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	wake(loop);
	return true;
}

/* Append the posted calls to loop->ready, in the order of posting. */
static void collect_posts(struct vmedia_loop *loop)
{
	struct vmedia_post *p = __atomic_exchange_n(&loop->posts, NULL, __ATOMIC_SEQ_CST);
	struct vmedia_post *oldest = NULL;
	struct vmedia_post **tail = &loop->ready;

	while (p) {
		struct vmedia_post *next = p->next;

		p->next = oldest;
		oldest = p;
		p = next;
	}
	while (*tail)
		tail = &(*tail)->next;
	*tail = oldest;
}

bool vmedia_loop_unpost(struct vmedia_loop *loop, struct vmedia_post *p)
{
	struct vmedia_post **pos;

	vmedia_loop_assert(loop);
	if (!__atomic_load_n(&p->queued, __ATOMIC_ACQUIRE))
		return false;
	collect_posts(loop);
	for (pos = &loop->ready; *pos; pos = &(*pos)->next) {
		if (*pos == p) {
			*pos = p->next;
			__atomic_store_n(&p->queued, 0, __ATOMIC_RELEASE);
			return true;
		}
	}
	return false;
}

/* Run the calls that are queued now. A post by a callback runs in the next round. */
static int run_posts(struct vmedia_loop *loop)
{
	struct vmedia_post *p;
	int n = 0;

	if (!__atomic_load_n(&loop->posts, __ATOMIC_RELAXED) && !loop->ready)
		return 0;
	collect_posts(loop);
	for (p = loop->ready; p; p = p->next)
		n++;
	/*
	 * unpost() in a callback may shorten the list, and append to it, so this counts instead of
	 * remembering a node.
	 */
	for (int left = n; left > 0 && loop->ready; left--) {
		p = loop->ready;
		loop->ready = p->next;
		__atomic_exchange_n(&p->queued, 0, __ATOMIC_ACQ_REL);
		p->fn(p);
	}
	return n;
}

/* ---- rounds ---- */

static bool work_left(struct vmedia_loop *loop)
{
	return loop->ready || !vmedia_list_empty(&loop->deferred) ||
	       __atomic_load_n(&loop->posts, __ATOMIC_SEQ_CST);
}

static int wait_events(struct vmedia_loop *loop, int timeout_ms)
{
	uint64_t asleep;
	int n;

	if (timeout_ms && !work_left(loop) && vmedia_loop_poll(loop))
		timeout_ms = 0;
	/* barrier pair [P]: sleeping was set at the end of the last round, or of the polling */
	if (work_left(loop))
		timeout_ms = 0;
	asleep = timeout_ms && loop->spin.ns ? vmedia_now_ns() : 0;
	n = epoll_wait(loop->epfd, loop->batch, LOOP_BATCH, timeout_ms);
	if (asleep)
		vmedia_spin_slept(&loop->spin, vmedia_now_ns() - asleep);
	__atomic_store_n(&loop->sleeping, 0, __ATOMIC_SEQ_CST);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		if (loop->batch[i].data.ptr == &loop->timerfd)
			loop->armed_ns = 0;
	}
	loop->nbatch = n;
	loop->cur = -1;		/* nothing was called yet: del_fd() searches the whole batch */
	return n;
}

static int do_round(struct vmedia_loop *loop, int timeout_ms)
{
	int ret, ran = 0;

	__atomic_store_n(&loop->thread, pthread_self(), __ATOMIC_RELAXED);
	loop->in_round = true;
	ret = wait_events(loop, timeout_ms);
	if (ret >= 0) {
		ran += vmedia_loop_timers_run(loop);
		ran += run_posts(loop);
		ran += run_batch(loop);
		ran += run_deferred(loop);
	}
	loop->in_round = false;
	vmedia_loop_timers_arm(loop);
	__atomic_store_n(&loop->sleeping, 1, __ATOMIC_SEQ_CST);
	return ret < 0 ? ret : ran;
}

/*
 * Wake an embedder that polls the epoll fd, if work is left. A next round here checks by itself.
 * Barrier pair [P].
 */
static void wake_embedder(struct vmedia_loop *loop)
{
	if (work_left(loop))
		wake(loop);
}

int vmedia_loop_step(struct vmedia_loop *loop, int timeout_ms)
{
	int ret = do_round(loop, timeout_ms);

	wake_embedder(loop);
	return ret;
}

int vmedia_loop_run(struct vmedia_loop *loop)
{
	int ret = 0;

	while (ret >= 0 && !__atomic_exchange_n(&loop->stop, 0, __ATOMIC_ACQ_REL))
		ret = do_round(loop, -1);
	wake_embedder(loop);
	if (ret >= 0)
		return 0;
	vmedia_err("Waiting for events failed: %s", strerror(-ret));
	return ret;
}

void vmedia_loop_stop(struct vmedia_loop *loop)
{
	int saved = errno;

	__atomic_store_n(&loop->stop, 1, __ATOMIC_RELEASE);
	vmedia_eventfd_signal(loop->wakefd);
	errno = saved;
}
