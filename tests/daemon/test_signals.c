/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signals that end the daemon, in child processes that are at rest, in a system call, or in one
 * that they do not leave.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <vmedia/loop.h>

#include "signals.h"

struct child {
	pid_t pid;
	int ready;	/* it tells here that it is where it should be */
};

/* What a child does between start and finish; returns its exit status. */
typedef int stay_fn(struct daemon_signals *s, struct vmedia_loop *loop, int ready, int silent);

static int stay_on_loop(struct daemon_signals *s, struct vmedia_loop *loop, int ready, int silent)
{
	(void)!write(ready, "x", 1);
	return vmedia_loop_run(loop) ? 3 : 0;
}

/* A call that is broken off, after which it looks what happened. */
static int stay_in_call(struct daemon_signals *s, struct vmedia_loop *loop, int ready, int silent)
{
	char c;

	(void)!write(ready, "x", 1);
	while (!daemon_signals_caught(s))
		if (read(silent, &c, 1) >= 0 || errno != EINTR)
			return 4;
	return daemon_signals_caught(s) == SIGTERM ? 0 : 5;
}

/* A library that begins its call again whatever happens. */
static int stay_for_ever(struct daemon_signals *s, struct vmedia_loop *loop, int ready, int silent)
{
	char c;

	(void)!write(ready, "x", 1);
	while (read(silent, &c, 1) < 0)
		if (daemon_signals_caught(s))
			(void)!write(ready, "x", 1);
	return 6;
}

/* True until the thread has taken SIGTERM, which is blocked here. */
static bool is_waiting(void)
{
	sigset_t set;

	return sigpending(&set) == 0 && sigismember(&set, SIGTERM);
}

/* SIGTERM as a service manager sends it to all processes, and as a keeper forwards it. */
static int stay_for_both(struct daemon_signals *s, struct vmedia_loop *loop, int ready, int silent)
{
	const union sigval none = { 0 };

	kill(getpid(), SIGTERM);
	while (!daemon_signals_caught(s) || is_waiting())
		usleep(1000);
	sigqueue(getpid(), SIGTERM, none);
	while (is_waiting())
		usleep(1000);
	return 0;
}

/* The keeper forwards two. */
static int stay_for_two(struct daemon_signals *s, struct vmedia_loop *loop, int ready, int silent)
{
	const union sigval none = { 0 };

	for (int i = 0; i < 2; i++) {
		sigqueue(getpid(), SIGTERM, none);
		while (!daemon_signals_caught(s) || is_waiting())
			usleep(1000);
	}
	return 0;
}

static int leave(struct daemon_signals *s, struct vmedia_loop *loop, int ready, int silent)
{
	return daemon_signals_caught(s) ? 7 : 0;
}

static void run_child(stay_fn *stay, int ready)
{
	struct daemon_signals s = DAEMON_SIGNALS_NONE;
	struct vmedia_loop *loop;
	int silent[2], status;

	alarm(30);
	if (pipe(silent) || vmedia_loop_create(&loop) || daemon_signals_start(&s, loop))
		_exit(8);
	status = stay(&s, loop, ready, silent[0]);
	daemon_signals_finish(&s);
	vmedia_loop_destroy(loop);
	_exit(status);
}

static void start(struct child *c, stay_fn *stay)
{
	int p[2];

	assert_int_equal(pipe(p), 0);
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (!c->pid)
		run_child(stay, p[1]);
	close(p[1]);
	c->ready = p[0];
}

static void wait_ready(const struct child *c)
{
	char x;

	assert_int_equal(read(c->ready, &x, 1), 1);
}

static void check_status(struct child *c, int wanted)
{
	int status;

	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), wanted);
	close(c->ready);
}

static void test_in_order(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	struct child c;

	for (unsigned int i = 0; i < 3; i++) {
		start(&c, stay_on_loop);
		wait_ready(&c);
		kill(c.pid, signals[i]);
		check_status(&c, 0);
	}
	start(&c, leave);
	check_status(&c, 0);
}

static void test_in_call(void **state)
{
	struct child c;

	start(&c, stay_in_call);
	wait_ready(&c);
	kill(c.pid, SIGTERM);
	check_status(&c, 0);
}

/* The second one ends it at once; without it patience has an end. */
static void test_stuck(void **state)
{
	struct child c;

	start(&c, stay_for_ever);
	wait_ready(&c);
	kill(c.pid, SIGTERM);
	wait_ready(&c);
	kill(c.pid, SIGTERM);
	check_status(&c, 1);

	start(&c, stay_for_ever);
	wait_ready(&c);
	kill(c.pid, SIGTERM);
	check_status(&c, 1);
}

/* A signal that comes two ways is one. */
static void test_two_ways(void **state)
{
	struct child c;

	start(&c, stay_for_both);
	check_status(&c, 0);
	start(&c, stay_for_two);
	check_status(&c, 1);
}

/* What the parent had ignored stays so. */
static void test_ignored(void **state)
{
	struct child c;

	signal(SIGHUP, SIG_IGN);
	start(&c, stay_in_call);
	signal(SIGHUP, SIG_DFL);
	wait_ready(&c);
	kill(c.pid, SIGHUP);
	kill(c.pid, SIGTERM);
	check_status(&c, 0);
}

/* The number of threads of this process that wait for signals. *deaf: how many block SIGURG. */
static unsigned int count_threads(unsigned int *deaf)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned int threads = 0;
	struct dirent *e;

	assert_non_null(dir);
	*deaf = 0;
	while ((e = readdir(dir))) {
		unsigned long long blocked = 0;
		char path[300], line[256];
		bool ours = false;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/task/%s/status", e->d_name);
		f = *e->d_name == '.' ? NULL : fopen(path, "r");
		while (f && fgets(line, sizeof(line), f)) {
			ours |= strcmp(line, "Name:\tvmedia-signals\n") == 0;
			sscanf(line, "SigBlk: %llx", &blocked);
		}
		if (f)
			fclose(f);
		threads += ours;
		*deaf += ours && blocked >> (SIGURG - 1) & 1;
	}
	closedir(dir);
	return threads;
}

/*
 * The sandbox asks all threads by SIGURG, and one that blocks it costs a stage. A thread that was
 * joined may be in /proc for a while, and blocks all signals then.
 */
static void test_hears(void **state)
{
	unsigned int sum = 0, deaf;
	struct vmedia_loop *loop;

	assert_int_equal(vmedia_loop_create(&loop), 0);
	for (int i = 0; i < 1000; i++) {
		struct daemon_signals s = DAEMON_SIGNALS_NONE;

		assert_int_equal(daemon_signals_start(&s, loop), 0);
		assert_int_equal(count_threads(&deaf), 1);
		sum += deaf;
		daemon_signals_finish(&s);
		while (count_threads(&deaf))
			usleep(100);
	}
	vmedia_loop_destroy(loop);
	assert_int_equal(sum, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_in_call),
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_two_ways),
		cmocka_unit_test(test_ignored),
		/* The last one: TSan forbids threads in the child of a process that had some. */
		cmocka_unit_test(test_hears),
	};

	/* A shell starts its jobs in the background with SIGINT ignored. */
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
