// SPDX-License-Identifier: BSD-3-Clause
/*
 * Threads of ours: their name, and which signals they leave to the program, whoever starts them.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <vmedia/worker.h>

#include "base/loop.h"
#include "base/thread.h"

struct seen {
	struct vmedia_job job;
	sigset_t blocked;
	char name[16];
	void *arg;
};

static void look(struct seen *s)
{
	pthread_sigmask(SIG_SETMASK, NULL, &s->blocked);
	pthread_getname_np(pthread_self(), s->name, sizeof(s->name));
}

static void *thread_main(void *arg)
{
	vmedia_thread_name("a-name-of-20-letters");
	look(arg);
	return arg;
}

/* Faults reach the thread that made them; all else is for the program's own threads. */
static void check(const struct seen *s)
{
	static const int open[] = { SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };
	static const int closed[] = { SIGTERM, SIGINT, SIGHUP, SIGALRM, SIGCHLD, SIGUSR1, SIGURG };
	unsigned int i;

	for (i = 0; i < sizeof(open) / sizeof(open[0]); i++)
		assert_false(sigismember(&s->blocked, open[i]));
	for (i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
		assert_true(sigismember(&s->blocked, closed[i]));
}

static void test_start(void **state)
{
	struct seen s = { .name = "" };
	void *ret = NULL;
	pthread_t t;

	(void)state;
	assert_int_equal(vmedia_thread_start(&t, 0, thread_main, &s), 0);
	assert_int_equal(pthread_join(t, &ret), 0);
	assert_ptr_equal(ret, &s);
	assert_string_equal(s.name, "a-name-of-20-le");
	check(&s);
}

/* The creator's mask is its own: it neither leaks into the thread nor changes. */
static void test_blocked_creator(void **state)
{
	struct seen s = { .name = "" };
	sigset_t all, old, after;
	pthread_t t;

	(void)state;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	assert_int_equal(vmedia_thread_start(&t, 256 << 10, thread_main, &s), 0);
	pthread_sigmask(SIG_SETMASK, &old, &after);
	assert_int_equal(pthread_join(t, NULL), 0);
	check(&s);
	assert_true(sigismember(&after, SIGBUS));
	assert_true(sigismember(&after, SIGTERM));
}

static void job_run(struct vmedia_worker *w, struct vmedia_job *job)
{
	(void)w;
	look(vmedia_container_of(job, struct seen, job));
}

static void test_worker(void **state)
{
	struct seen s = { .name = "" };
	struct vmedia_loop *loop;
	struct vmedia_worker *w;

	(void)state;
	assert_int_equal(vmedia_loop_create(&loop), 0);
	assert_int_equal(vmedia_worker_create(loop, &w), 0);
	vmedia_worker_init_job(&s.job, job_run, NULL);
	assert_int_equal(vmedia_worker_submit(w, &s.job), 0);
	vmedia_worker_drain(w);
	check(&s);
	assert_string_equal(s.name, "vmedia-worker");
	vmedia_worker_destroy(w);
	vmedia_loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_blocked_creator),
		cmocka_unit_test(test_worker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
