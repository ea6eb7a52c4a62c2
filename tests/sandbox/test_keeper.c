/* SPDX-License-Identifier: BSD-3-Clause */
/* The keeper: it ends as the process that it keeps, and takes that process with it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "confined.h"

static const struct sandbox options = SANDBOX_INIT;

/* With a pid namespace, where the process is the first one, and without. */
static confined_place_fn *const with_ns[] = { confined_as_user, NULL };
static confined_place_fn *const without_ns[] = { confined_as_user, confined_without_ns, NULL };
static confined_place_fn *const as_root[] = { confined_as_root, NULL };

static confined_place_fn *const *const places[] = { with_ns, without_ns, as_root };

#define for_each_place(i) for (unsigned int i = 0; i < (geteuid() ? 2u : 3u); i++)

static void test_status(void **state)
{
	struct confined c;

	for_each_place(i) {
		confined_start(&c, &options, places[i]);
		assert_true(c.child != c.keeper);
		confined_tell(&c, 'x');
		confined_end(&c);
		assert_true(WIFEXITED(c.status));
		assert_int_equal(WEXITSTATUS(c.status), 7);
	}
}

/* abort() in the first process of a namespace: signals of its own with no handler do not end it. */
static void test_abort(void **state)
{
	struct confined c;

	for_each_place(i) {
		confined_start(&c, &options, places[i]);
		confined_tell(&c, 'a');
		confined_end(&c);
		assert_true(WIFSIGNALED(c.status));
		assert_true(WTERMSIG(c.status) == SIGABRT || WTERMSIG(c.status) == SIGSEGV);
	}
}

static void test_fault(void **state)
{
	struct confined c;

	for_each_place(i) {
		confined_start(&c, &options, places[i]);
		confined_tell(&c, 's');
		confined_end(&c);
		assert_true(WIFSIGNALED(c.status));
		assert_int_equal(WTERMSIG(c.status), SIGSEGV);
	}
}

static void test_child_killed(void **state)
{
	struct confined c;

	for_each_place(i) {
		confined_start(&c, &options, places[i]);
		assert_int_equal(kill(c.child, SIGKILL), 0);
		confined_end(&c);
		assert_true(WIFSIGNALED(c.status));
		assert_int_equal(WTERMSIG(c.status), SIGKILL);
	}
}

static void test_keeper_killed(void **state)
{
	struct confined c;

	for_each_place(i) {
		confined_start(&c, &options, places[i]);
		assert_int_equal(kill(c.keeper, SIGKILL), 0);
		confined_gone(&c);
		confined_end(&c);
		assert_int_equal(WTERMSIG(c.status), SIGKILL);
	}
}

/* True if @sig waits in the process, which blocks it. */
static bool is_pending(pid_t pid, int sig)
{
	unsigned long long set = 0;

	sscanf(confined_status(pid, "status", "ShdPnd:"), "%llx", &set);
	return set >> (sig - 1) & 1;
}

/* Signals are forwarded but those that the program's parent had ignored. */
static void test_forwards(void **state)
{
	struct confined c;

	for_each_place(i) {
		signal(SIGHUP, SIG_IGN);
		confined_start(&c, &options, places[i]);
		signal(SIGHUP, SIG_DFL);
		assert_int_equal(kill(c.keeper, SIGHUP), 0);
		assert_int_equal(kill(c.keeper, SIGINT), 0);
		while (!is_pending(c.child, SIGINT))
			usleep(1000);
		assert_false(is_pending(c.child, SIGHUP));
		assert_false(is_pending(c.child, SIGTERM));
		confined_tell(&c, 'x');
		assert_int_equal(WEXITSTATUS(confined_end(&c)), 7);
	}
}

/* SIGQUIT ends both at once. The first process of a pid namespace would not hear it. */
static void test_quits(void **state)
{
	struct confined c;

	for_each_place(i) {
		confined_start(&c, &options, places[i]);
		assert_int_equal(kill(c.keeper, SIGQUIT), 0);
		confined_end(&c);
		assert_true(WIFSIGNALED(c.status));
		assert_int_equal(WTERMSIG(c.status), SIGQUIT);
	}
}

static bool is_stopped(pid_t pid)
{
	return *confined_status(pid, "status", "State:") == 'T';
}

/* A shell stops and continues both. */
static void test_stops(void **state)
{
	struct confined c;
	int status;

	for_each_place(i) {
		confined_start(&c, &options, places[i]);
		assert_int_equal(kill(c.keeper, SIGTSTP), 0);
		assert_int_equal(waitpid(c.keeper, &status, WUNTRACED), c.keeper);
		assert_true(WIFSTOPPED(status));
		for (int tries = 5000; tries && !is_stopped(c.child); tries--)
			usleep(1000);
		assert_true(is_stopped(c.child));
		assert_int_equal(kill(c.keeper, SIGCONT), 0);
		confined_tell(&c, 'x');
		assert_int_equal(WEXITSTATUS(confined_end(&c)), 7);
	}
}

/* A process that does not hear two signals is killed. */
static void test_deaf(void **state)
{
	struct confined c;

	for_each_place(i) {
		confined_start(&c, &options, places[i]);
		assert_int_equal(kill(c.keeper, SIGTERM), 0);
		while (!is_pending(c.child, SIGTERM))
			usleep(1000);
		assert_int_equal(kill(c.keeper, SIGTERM), 0);
		confined_end(&c);
		assert_true(WIFSIGNALED(c.status));
		assert_int_equal(WTERMSIG(c.status), SIGKILL);
	}
}

/* The process has a session of its own, so a terminal's signals go to the keeper alone. */
static void test_session(void **state)
{
	struct confined c;

	for_each_place(i) {
		confined_start(&c, &options, places[i]);
		assert_int_equal(getsid(c.keeper), getsid(0));
		assert_true(getsid(c.child) != getsid(0));
		confined_tell(&c, 'x');
		confined_end(&c);
	}
}

/* What the keeper of root keeps: its user, to remove the socket, and two capabilities. */
static void test_keeper_rights(void **state)
{
	struct confined c;

	if (geteuid() != 0)
		skip();
	confined_start(&c, &options, as_root);
	assert_string_equal(confined_status(c.keeper, "status", "CapEff:"), "0000000000000022");
	assert_string_equal(confined_status(c.keeper, "status", "CapBnd:"), "0000000000000000");
	assert_string_equal(confined_status(c.keeper, "status", "NoNewPrivs:"), "1");
	confined_tell(&c, 'x');
	confined_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),	      cmocka_unit_test(test_abort),
		cmocka_unit_test(test_fault),	      cmocka_unit_test(test_child_killed),
		cmocka_unit_test(test_keeper_killed), cmocka_unit_test(test_forwards),
		cmocka_unit_test(test_quits),	      cmocka_unit_test(test_stops),
		cmocka_unit_test(test_deaf),	      cmocka_unit_test(test_session),
		cmocka_unit_test(test_keeper_rights),
	};
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	return cmocka_run_group_tests_name("sandbox keeper", tests, NULL, NULL);
}
