// SPDX-License-Identifier: BSD-3-Clause
/*
 * Eventfds that others have too: full ones, blocking ones, and a peer that races. Who waits is
 * ended by the alarm.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/poke.h"

#define SIGNALS 1000
#define FULL	(UINT64_MAX - 1)

static void fill_and_block(int fd)
{
	const uint64_t full = FULL;

	assert_int_equal(vmedia_eventfd_clear(fd) >= 0, 1);
	assert_int_equal(write(fd, &full, sizeof(full)), sizeof(full));
	assert_int_equal(vmedia_fd_set_nonblock(fd, false), 0);
}

/* As many signals as SIGNALS, and a full counter that stays full and stops nobody. */
static void signals(struct vmedia_poke *p, int fd)
{
	uint64_t count;

	alarm(60);		/* who waits is ended */
	for (int i = 0; i < SIGNALS; i++)
		assert_int_equal(vmedia_poke(p, fd), 0);
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, SIGNALS);
	fill_and_block(fd);
	for (int i = 0; i < SIGNALS; i++)
		assert_int_equal(vmedia_poke(p, fd), 0);
	alarm(0);
	assert_int_equal(vmedia_eventfd_clear(fd), 1);
	assert_int_equal(vmedia_fd_set_nonblock(fd, true), 0);
}

static void test_signal(void **state)
{
	int fd = vmedia_eventfd(), other = timerfd_create(CLOCK_MONOTONIC, 0);
	struct vmedia_poke p = { 0 };

	assert_int_equal(vmedia_poke(&p, fd), 0);
	assert_int_equal(p.state, VMEDIA_POKE_WATCHED);
	assert_int_equal(vmedia_poke(&p, -1), -EBADF);
	assert_int_equal(vmedia_poke(&p, other), -EINVAL);
	assert_int_equal(vmedia_eventfd_clear(fd), 1);
	signals(&p, fd);
	/* Who did this once is not trusted again. */
	assert_int_equal(p.state, VMEDIA_POKE_KERNEL);
	assert_int_equal(vmedia_poke(&p, -1), -EBADF);
	assert_int_equal(vmedia_poke(&p, other), -EINVAL);
	signals(&p, fd);
	assert_int_equal(p.state, VMEDIA_POKE_KERNEL);
	vmedia_fd_close(&other);
	vmedia_fd_close(&fd);
	vmedia_poke_finish(&p);
}

/* A peer that did not make it block: a full counter is EAGAIN, nobody waits, nobody is blamed. */
static void test_full(void **state)
{
	const uint64_t full = FULL;
	struct vmedia_poke p = { 0 };
	int fd = vmedia_eventfd();

	assert_int_equal(write(fd, &full, sizeof(full)), sizeof(full));
	for (int i = 0; i < SIGNALS; i++)
		assert_int_equal(vmedia_poke(&p, fd), 0);
	assert_int_equal(p.state, VMEDIA_POKE_WATCHED);
	vmedia_fd_close(&fd);
	vmedia_poke_finish(&p);
}

/*
 * A write that takes long because the process stood still: the thread sees it again and again, and
 * takes nothing away.
 */
static void test_slow(void **state)
{
	struct vmedia_poke p = { 0 };
	struct vmedia_poke_watch *w;
	int fd = vmedia_eventfd();

	assert_int_equal(vmedia_poke(&p, fd), 0);
	w = p.watch;
	__atomic_store_n(&w->fd, fd, __ATOMIC_SEQ_CST);
	alarm(60);
	while (__atomic_load_n(&w->looks, __ATOMIC_SEQ_CST) < 2)
		sched_yield();
	alarm(0);
	__atomic_store_n(&w->fd, -1, __ATOMIC_SEQ_CST);
	assert_false(__atomic_load_n(&w->stuck, __ATOMIC_SEQ_CST));
	assert_int_equal(vmedia_poke(&p, fd), 0);
	assert_int_equal(p.state, VMEDIA_POKE_WATCHED);
	assert_int_equal(vmedia_eventfd_clear(fd), 1);
	vmedia_poke_finish(&p);
	vmedia_fd_close(&fd);
}

/* The thread sleeps when there is nothing to watch, and is there again when there is. */
static void test_doze(void **state)
{
	struct vmedia_poke p = { 0 };
	int fd = vmedia_eventfd();

	assert_int_equal(vmedia_poke(&p, fd), 0);
	alarm(60);
	while (__atomic_load_n(&p.watch->awake, __ATOMIC_SEQ_CST))
		sched_yield();
	assert_int_equal(vmedia_eventfd_clear(fd), 1);
	signals(&p, fd);
	assert_int_equal(p.state, VMEDIA_POKE_KERNEL);
	vmedia_poke_finish(&p);
	vmedia_fd_close(&fd);
}

struct racer {
	int fd;
	bool quit;
	unsigned int ended;
};

static void start_racers(struct racer *r, pthread_t *t, unsigned int n, void *(*main)(void *arg))
{
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(pthread_create(&t[i], NULL, main, r), 0);
}

static void end_racers(struct racer *r, pthread_t *t, unsigned int n)
{
	__atomic_store_n(&r->quit, true, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < n; i++)
		pthread_join(t[i], NULL);
	vmedia_fd_close(&r->fd);
}

/* Until the peer is not trusted any more; the alarm ends who is stopped for ever. */
static void poke_until_distrust(struct vmedia_poke *p, int fd)
{
	alarm(60);
	do {
		assert_int_equal(vmedia_poke(p, fd), 0);
	} while (p->state == VMEDIA_POKE_WATCHED);
	alarm(0);
	assert_int_equal(p->state, VMEDIA_POKE_KERNEL);
}

/* Waits for room in the counter, and takes it all. */
static void *crowd(void *arg)
{
	const uint64_t full = FULL;
	struct racer *r = arg;

	while (!__atomic_load_n(&r->quit, __ATOMIC_RELAXED))
		(void)!write(r->fd, &full, sizeof(full));
	__atomic_fetch_add(&r->ended, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Writers of the peer's wait for the room that the watching thread makes. */
static void test_crowd(void **state)
{
	struct racer r = { .fd = vmedia_eventfd() };
	struct vmedia_poke p = { 0 };
	pthread_t t[8];

	assert_int_equal(vmedia_poke(&p, r.fd), 0);
	fill_and_block(r.fd);
	start_racers(&r, t, 8, crowd);
	poke_until_distrust(&p, r.fd);
	vmedia_poke_finish(&p);
	__atomic_store_n(&r.quit, true, __ATOMIC_RELAXED);
	assert_int_equal(vmedia_fd_set_nonblock(r.fd, true), 0);
	while (__atomic_load_n(&r.ended, __ATOMIC_SEQ_CST) < 8)
		(void)vmedia_eventfd_clear(r.fd); /* those that began to wait before */
	end_racers(&r, t, 8);
}

/* Lets each write wait for a moment, and no longer. */
static void *tease(void *arg)
{
	static const struct timespec moment = { .tv_nsec = 60000000 };
	const uint64_t full = FULL;
	struct racer *r = arg;
	uint64_t count;

	while (!__atomic_load_n(&r->quit, __ATOMIC_RELAXED)) {
		nanosleep(&moment, NULL);
		vmedia_fd_set_nonblock(r->fd, true);
		(void)!read(r->fd, &count, sizeof(count));
		(void)!write(r->fd, &full, sizeof(full));
		vmedia_fd_set_nonblock(r->fd, false);
	}
	return NULL;
}

static void test_tease(void **state)
{
	struct racer r = { .fd = vmedia_eventfd() };
	struct vmedia_poke p = { 0 };
	pthread_t t;

	start_racers(&r, &t, 1, tease);
	poke_until_distrust(&p, r.fd);
	vmedia_poke_finish(&p);
	end_racers(&r, &t, 1);
}

static void test_is_eventfd(void **state)
{
	int fd = vmedia_eventfd(), timer = timerfd_create(CLOCK_MONOTONIC, 0);

	assert_int_equal(vmedia_poke_is_eventfd(fd), 1);
	assert_int_equal(vmedia_poke_is_eventfd(timer), 0);
	assert_int_equal(vmedia_poke_is_eventfd(-1), -ENOENT);
	vmedia_fd_close(&timer);
	vmedia_fd_close(&fd);
}

/* Fills the counter again as soon as it has been read, and never lets O_NONBLOCK stand. */
static void *race(void *arg)
{
	const uint64_t full = FULL;
	struct racer *r = arg;
	uint64_t count;

	while (!__atomic_load_n(&r->quit, __ATOMIC_RELAXED)) {
		vmedia_fd_set_nonblock(r->fd, true);
		(void)!read(r->fd, &count, sizeof(count));
		(void)!write(r->fd, &full, sizeof(full));
		vmedia_fd_set_nonblock(r->fd, false);
	}
	return NULL;
}

static void test_signal_race(void **state)
{
	struct racer r = { .fd = vmedia_eventfd() };
	struct vmedia_poke p = { 0 };
	pthread_t t;

	start_racers(&r, &t, 1, race);
	alarm(60);
	for (int i = 0; i < 100 * SIGNALS; i++)
		assert_int_equal(vmedia_poke(&p, r.fd), 0);
	alarm(0);
	end_racers(&r, &t, 1);
	vmedia_poke_finish(&p);
}

/* Without asynchronous I/O: nobody races here. */
static void test_without(void **state)
{
	const uint64_t full = FULL;
	struct vmedia_poke p = { .state = VMEDIA_POKE_ASK };
	uint64_t count;
	int fd;

	fd = vmedia_eventfd();
	assert_int_equal(vmedia_poke(&p, fd), 0);
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 1);
	assert_int_equal(vmedia_fd_set_nonblock(fd, false), 0);
	assert_int_equal(write(fd, &full, sizeof(full)), sizeof(full));
	alarm(20);
	assert_int_equal(vmedia_poke(&p, fd), 0);
	alarm(0);
	vmedia_fd_close(&fd);
	vmedia_poke_finish(&p);
}

/* What was opened before a fork() is not the child's. */
static void test_fork(void **state)
{
	struct vmedia_poke p = { 0 }, q = { 0 };
	int fd = vmedia_eventfd(), status;
	pid_t pid;

	vmedia_poke_distrust(&p);
	assert_int_equal(p.state, VMEDIA_POKE_KERNEL);
	assert_int_equal(vmedia_poke(&p, fd), 0);
	assert_int_equal(vmedia_eventfd_clear(fd), 1);
	vmedia_poke_finish(&p);
	pid = fork();
	if (!pid) {
		vmedia_poke_distrust(&q);
		signals(&q, fd);
		_exit(q.state == VMEDIA_POKE_KERNEL ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(vmedia_poke(&p, fd), 0);
	assert_int_equal(vmedia_eventfd_clear(fd), 1);
	vmedia_poke_finish(&p);
	vmedia_fd_close(&fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_doze),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_tease),
		cmocka_unit_test(test_is_eventfd),
		cmocka_unit_test(test_signal_race),
		cmocka_unit_test(test_without),
		cmocka_unit_test(test_fork),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
