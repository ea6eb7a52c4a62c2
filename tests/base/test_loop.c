// SPDX-License-Identifier: BSD-3-Clause
/*
 * The event loop, stepped: descriptors that go away in a round, timers, deferred and posted calls;
 * then with threads.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/loop_impl.h"

struct src {
	struct vmedia_source s;
	int fd, hits;
	struct src *kill;	/* deleted by the callback */
};

static void on_src(struct vmedia_source *s, uint32_t revents)
{
	struct src *me = vmedia_container_of(s, struct src, s);

	assert_true(revents & EPOLLIN);
	me->hits++;
	if (me->kill)
		vmedia_loop_del_fd(&me->kill->s);
}

static void src_up(struct vmedia_loop *loop, struct src *s)
{
	memset(s, 0, sizeof(*s));
	s->fd = vmedia_eventfd();
	assert_int_equal(vmedia_loop_add_fd(loop, &s->s, s->fd, EPOLLIN, on_src), 0);
}

static void src_down(struct src *s)
{
	vmedia_loop_del_fd(&s->s);
	vmedia_fd_close(&s->fd);
}

static void test_fds(void **state)
{
	struct vmedia_loop *loop;
	struct src a, b, c;

	assert_int_equal(vmedia_loop_create(&loop), 0);
	src_up(loop, &a);
	src_up(loop, &b);
	src_up(loop, &c);
	assert_int_equal(vmedia_loop_step(loop, 0), 0);
	vmedia_eventfd_signal(a.fd);
	assert_int_equal(vmedia_loop_step(loop, -1), 1);
	assert_int_equal(a.hits, 1);
	/* each deletes the other, both are ready: only one is called */
	vmedia_eventfd_signal(b.fd);
	vmedia_eventfd_clear(a.fd);
	vmedia_eventfd_signal(a.fd);
	a.kill = &b;
	b.kill = &a;
	a.hits = 0;
	assert_int_equal(vmedia_loop_step(loop, -1), 1);
	assert_int_equal(a.hits + b.hits, 1);
	assert_int_equal((a.s.loop != NULL) + (b.s.loop != NULL), 1);
	/* itself */
	c.kill = &c;
	vmedia_eventfd_clear(a.fd);
	vmedia_eventfd_clear(b.fd);
	vmedia_eventfd_signal(c.fd);
	assert_int_equal(vmedia_loop_step(loop, -1), 1);
	assert_int_equal(vmedia_loop_step(loop, 0), 0);
	src_down(&a);
	src_down(&b);
	src_down(&c);
	src_up(loop, &a);
	assert_int_equal(vmedia_loop_mod_fd(&a.s, 0), 0);
	vmedia_eventfd_signal(a.fd);
	assert_int_equal(vmedia_loop_step(loop, 0), 0);
	assert_int_equal(vmedia_loop_mod_fd(&a.s, EPOLLIN), 0);
	assert_int_equal(vmedia_loop_step(loop, 0), 1);
	assert_int_equal(vmedia_loop_add_fd(loop, &b.s, a.fd, EPOLLIN, on_src), -EEXIST);
	assert_int_equal(vmedia_loop_add_fd(loop, &b.s, -1, EPOLLIN, on_src), -EBADF);
	src_down(&a);
	vmedia_loop_destroy(loop);
	vmedia_loop_destroy(NULL);
}

struct tm_rec {
	struct vmedia_timer t;
	int id;
	int *log, *n;
	uint64_t again;
	struct vmedia_timer *cancel;
};

static void on_timer(struct vmedia_timer *t)
{
	struct tm_rec *r = vmedia_container_of(t, struct tm_rec, t);

	assert_true(vmedia_now_ns() >= t->deadline_ns);
	assert_false(vmedia_timer_armed(t));
	r->log[(*r->n)++] = r->id;
	if (r->again) {
		vmedia_timer_arm(t, r->again);
		r->again = 0;
	}
	if (r->cancel)
		vmedia_timer_cancel(r->cancel);
}

static void test_timers(void **state)
{
	struct vmedia_loop *loop;
	struct tm_rec r[5];
	int log[16], n = 0;
	uint64_t now = vmedia_now_ns();

	assert_int_equal(vmedia_loop_create(&loop), 0);
	for (int i = 0; i < 5; i++) {
		memset(&r[i], 0, sizeof(r[i]));
		vmedia_timer_cancel(&r[i].t);	/* zero: fine */
		vmedia_timer_init(loop, &r[i].t, on_timer);
		r[i].id = i;
		r[i].log = log;
		r[i].n = &n;
	}
	vmedia_timer_arm(&r[0].t, now + 30000000);
	vmedia_timer_arm(&r[1].t, now + 10000000);
	vmedia_timer_arm(&r[2].t, now + 20000000);
	vmedia_timer_arm(&r[3].t, now + 3600ull * 1000000000);
	vmedia_timer_arm(&r[3].t, now + 5000000);	/* moved to the front */
	vmedia_timer_arm(&r[4].t, now + 15000000);
	r[1].cancel = &r[4].t;
	while (n < 4)
		assert_true(vmedia_loop_step(loop, -1) >= 0);
	assert_int_equal(log[0], 3);
	assert_int_equal(log[1], 1);
	assert_int_equal(log[2], 2);
	assert_int_equal(log[3], 0);
	/* re-armed for the past: once a round, not for ever */
	n = 0;
	r[0].again = 1;
	vmedia_timer_arm(&r[0].t, 0);
	assert_int_equal(vmedia_loop_step(loop, -1), 1);
	assert_int_equal(vmedia_loop_step(loop, -1), 1);
	assert_int_equal(n, 2);
	/* two due at once, the first cancels the second */
	n = 0;
	r[1].cancel = &r[2].t;
	vmedia_timer_arm(&r[1].t, 1);
	vmedia_timer_arm(&r[2].t, 2);
	assert_int_equal(vmedia_loop_step(loop, -1), 1);
	assert_int_equal(vmedia_loop_step(loop, 0), 0);
	/* never */
	vmedia_timer_arm(&r[0].t, UINT64_MAX);
	assert_int_equal(vmedia_loop_step(loop, 0), 0);
	vmedia_timer_cancel(&r[0].t);
	vmedia_loop_destroy(loop);
}

struct def {
	struct vmedia_deferred d;
	int hits, again;
};

static void on_deferred(struct vmedia_deferred *d)
{
	struct def *me = vmedia_container_of(d, struct def, d);

	me->hits++;
	if (me->again-- > 0)
		vmedia_defer(d);
}

static void test_deferred(void **state)
{
	struct vmedia_loop *loop;
	struct def a = { .again = 2 }, b = { 0 };

	assert_int_equal(vmedia_loop_create(&loop), 0);
	vmedia_deferred_cancel(&a.d);
	vmedia_deferred_init(loop, &a.d, on_deferred);
	vmedia_deferred_init(loop, &b.d, on_deferred);
	vmedia_defer(&a.d);
	vmedia_defer(&a.d);
	vmedia_defer(&b.d);
	vmedia_deferred_cancel(&b.d);
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(vmedia_loop_step(loop, -1), 1);
		assert_int_equal(a.hits, i);
	}
	assert_int_equal(vmedia_loop_step(loop, 0), 0);
	assert_int_equal(b.hits, 0);
	vmedia_loop_destroy(loop);
}

static int readable(struct vmedia_loop *loop)
{
	struct pollfd p = { .fd = vmedia_loop_fd(loop), .events = POLLIN };

	return poll(&p, 1, 0);
}

struct post {
	struct vmedia_post p;
	int hits, order;
	struct vmedia_loop *again;
	struct vmedia_post *unpost;
};

static int order;

static void on_post(struct vmedia_post *p)
{
	struct post *me = vmedia_container_of(p, struct post, p);

	me->hits++;
	me->order = ++order;
	if (me->unpost)
		assert_true(vmedia_loop_unpost(me->again, me->unpost));
	else if (me->again)
		assert_true(vmedia_loop_post(me->again, p));
}

static void test_posts(void **state)
{
	struct vmedia_loop *loop;
	struct post p[4] = { { .hits = 0 } };

	assert_int_equal(vmedia_loop_create(&loop), 0);
	for (int i = 0; i < 4; i++)
		vmedia_post_init(&p[i].p, on_post);
	assert_int_equal(readable(loop), 0);
	assert_true(vmedia_loop_post(loop, &p[0].p));
	assert_false(vmedia_loop_post(loop, &p[0].p));
	assert_int_equal(readable(loop), 1);	/* an embedder is told */
	assert_true(vmedia_loop_post(loop, &p[1].p));
	assert_true(vmedia_loop_post(loop, &p[2].p));
	assert_true(vmedia_loop_unpost(loop, &p[1].p));
	assert_false(vmedia_loop_unpost(loop, &p[1].p));
	assert_true(vmedia_loop_post(loop, &p[3].p));
	assert_int_equal(vmedia_loop_step(loop, -1), 3);
	assert_true(p[0].order < p[2].order && p[2].order < p[3].order);
	assert_int_equal(p[1].hits, 0);
	/* posted again from its own call: next round */
	p[0].again = loop;
	vmedia_loop_post(loop, &p[0].p);
	assert_int_equal(vmedia_loop_step(loop, -1), 1);
	assert_int_equal(readable(loop), 1);
	p[0].again = NULL;
	assert_int_equal(vmedia_loop_step(loop, -1), 1);
	assert_int_equal(vmedia_loop_step(loop, 0), 0);
	/* the first takes back the second */
	p[0].again = loop;
	p[0].unpost = &p[1].p;
	vmedia_loop_post(loop, &p[0].p);
	vmedia_loop_post(loop, &p[1].p);
	vmedia_loop_step(loop, -1);
	assert_int_equal(p[1].hits, 0);
	vmedia_loop_destroy(loop);
}

/* ---- pollers ---- */

struct looker {
	struct vmedia_poller p;
	unsigned int looks, finds_at;	/* 0: never */
	struct vmedia_poller *forget;	/* when it finds something */
};

static bool on_look(struct vmedia_poller *p)
{
	struct looker *me = vmedia_container_of(p, struct looker, p);

	if (++me->looks != me->finds_at)
		return false;
	if (me->forget)
		vmedia_poller_del(me->forget);
	return true;
}

/* So long that each wait ends by what is found, not by the time. */
#define FOR_EVER 3600000000000ull

static void test_pollers(void **state)
{
	struct looker a = { .finds_at = 5 }, b = { .finds_at = 7 };
	struct vmedia_loop *loop;
	struct post p = { .hits = 0 };
	int log[1], rung = 0;
	struct tm_rec t = { .log = log, .n = &rung };

	(void)state;
	assert_int_equal(vmedia_loop_create(&loop), 0);
	vmedia_poller_del(&a.p);
	vmedia_poller_add(loop, &a.p, FOR_EVER, on_look);
	vmedia_poller_add(loop, &b.p, 1, on_look);
	/* who would not sleep does not look */
	assert_int_equal(vmedia_loop_step(loop, 0), 0);
	vmedia_post_init(&p.p, on_post);
	vmedia_loop_post(loop, &p.p);
	assert_int_equal(vmedia_loop_step(loop, -1), 1);
	assert_int_equal(a.looks, 0);
	/* nothing else would wake it */
	assert_int_equal(vmedia_loop_step(loop, -1), 0);
	assert_int_equal(a.looks, 5);
	assert_int_equal(b.looks, 4);
	/* one goes in its own callback: the other is still asked */
	b.forget = &b.p;
	assert_int_equal(vmedia_loop_step(loop, -1), 0);
	assert_int_equal(b.looks, 7);
	a.finds_at = a.looks + 1;
	assert_int_equal(vmedia_loop_step(loop, -1), 0);
	assert_int_equal(b.looks, 7);
	/* what a timer is for ends it, too */
	vmedia_timer_init(loop, &t.t, on_timer);
	vmedia_timer_arm(&t.t, vmedia_now_ns() + 1000);
	assert_int_equal(vmedia_loop_step(loop, -1), 1);
	assert_int_equal(rung, 1);
	vmedia_poller_del(&a.p);
	assert_int_equal(vmedia_loop_step(loop, 0), 0);
	vmedia_loop_destroy(loop);
}

/* ---- threads ---- */

#define THREADS 4
#define POSTS 20000

struct counter {
	struct vmedia_post p;
	struct vmedia_loop *loop;
	int produced, consumed, rounds;		/* produced is atomic */
	int *running;
};

static void on_counter(struct vmedia_post *p)
{
	struct counter *c = vmedia_container_of(p, struct counter, p);

	c->consumed = __atomic_load_n(&c->produced, __ATOMIC_RELAXED);
	c->rounds++;
	if (c->consumed == POSTS && --*c->running == 0)
		vmedia_loop_stop(c->loop);
}

static void *producer(void *arg)
{
	struct counter *c = arg;

	for (int i = 0; i < POSTS; i++) {
		__atomic_add_fetch(&c->produced, 1, __ATOMIC_RELAXED);
		vmedia_loop_post(c->loop, &c->p);
	}
	return NULL;
}

/* No post is lost: after the last one there is a call that sees all that was produced. */
static void all_posts(uint64_t poll_ns)
{
	struct counter c[THREADS];
	pthread_t t[THREADS];
	struct vmedia_loop *loop;
	struct looker l = { .finds_at = 0 };
	int running = THREADS;

	assert_int_equal(vmedia_loop_create(&loop), 0);
	if (poll_ns)
		vmedia_poller_add(loop, &l.p, poll_ns, on_look);
	memset(c, 0, sizeof(c));
	for (int i = 0; i < THREADS; i++) {
		vmedia_post_init(&c[i].p, on_counter);
		c[i].loop = loop;
		c[i].running = &running;
		assert_int_equal(pthread_create(&t[i], NULL, producer, &c[i]), 0);
	}
	assert_int_equal(vmedia_loop_run(loop), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	/* a post may have seen the last number before the thread's last post() */
	vmedia_loop_step(loop, 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(c[i].consumed, POSTS);
	vmedia_poller_del(&l.p);
	vmedia_loop_destroy(loop);
}

static void test_threads(void **state)
{
	(void)state;
	all_posts(0);
	/* between looks and sleeps */
	all_posts(2000);
}

static void *run_thread(void *arg)
{
	return vmedia_loop_run(arg) ? arg : NULL;
}

/* stop() before, while and after it sleeps; the loop belongs to who runs it. */
static void test_stop(void **state)
{
	struct vmedia_loop *loop;
	pthread_t t;
	void *ret;

	assert_int_equal(vmedia_loop_create(&loop), 0);
	assert_true(vmedia_loop_is_current(loop));
	vmedia_loop_stop(loop);
	assert_int_equal(vmedia_loop_run(loop), 0);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(pthread_create(&t, NULL, run_thread, loop), 0);
		vmedia_loop_stop(loop);
		pthread_join(t, &ret);
		assert_null(ret);
	}
	vmedia_loop_step(loop, 0);
	assert_true(vmedia_loop_is_current(loop));
	vmedia_loop_destroy(loop);
}

/* Deferred again and again, until the loop is told to stop. */
struct again {
	struct vmedia_deferred d;
	unsigned int left;
};

static void on_again(struct vmedia_deferred *d)
{
	struct again *a = vmedia_container_of(d, struct again, d);

	if (a->left--)
		vmedia_defer(d);
	else
		vmedia_loop_stop(d->loop);
}

static uint64_t wakes(const struct vmedia_loop *loop)
{
	uint64_t n = 0;

	return read(loop->wakefd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

/*
 * Work that is left after a round wakes who polls the loop's descriptor, and costs the loop itself
 * no system call.
 */
static void test_work_left(void **state)
{
	struct vmedia_loop *loop;
	struct again a = { .left = 100 };
	struct pollfd p = { .events = POLLIN };

	(void)state;
	assert_int_equal(vmedia_loop_create(&loop), 0);
	vmedia_deferred_init(loop, &a.d, on_again);
	vmedia_defer(&a.d);
	wakes(loop);
	assert_int_equal(vmedia_loop_run(loop), 0);
	assert_int_equal(wakes(loop), 1); /* vmedia_loop_stop() */
	assert_int_equal(vmedia_loop_step(loop, 0), 0);
	p.fd = vmedia_loop_fd(loop);
	assert_int_equal(poll(&p, 1, 0), 0);
	a.left = 2;
	vmedia_defer(&a.d);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(vmedia_loop_step(loop, 0), 1);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(vmedia_loop_step(loop, 0), 1);
	/* who stops it finds what it left */
	vmedia_loop_stop(loop);
	assert_int_equal(vmedia_loop_run(loop), 0);
	assert_int_equal(poll(&p, 1, 0), 1);
	vmedia_deferred_cancel(&a.d);
	vmedia_loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fds),
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_deferred),
		cmocka_unit_test(test_work_left),
		cmocka_unit_test(test_posts),
		cmocka_unit_test(test_pollers),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
