/* SPDX-License-Identifier: BSD-3-Clause */
/* The filters of system calls, each in a child process. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/calls.h"

/* Run @fn in a child, whose standard error is returned in @said. Returns the wait status. */
static int in_child(int (*fn)(void), char *said, size_t size)
{
	int err[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(err), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		alarm(30);
		dup2(err[1], STDERR_FILENO);
		close(err[0]);
		close(err[1]);
		_exit(fn());
	}
	close(err[1]);
	while (len < size - 1 && (n = read(err[0], said + len, size - 1 - len)) > 0)
		len += (size_t)n;
	said[len] = 0;
	close(err[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void enter(const char *more)
{
	char why[256];

	if (sandbox_calls_load(SANDBOX_CALLS_SERVE, more, why, sizeof(why)) == 0)
		return;
	fprintf(stderr, "%s\n", why);
	_exit(99);
}

static void show(void *opaque, const char *text)
{
	fprintf(stderr, "%s\n", text);
}

static int unknown_number(void)
{
	enter(NULL);
	if (syscall(999) != -1 || errno != ENOSYS || syscall(999) != -1)
		return 1;
	sandbox_calls_report(show, NULL);
	return 0;
}

static void test_unknown_number(void **state)
{
	char said[512];

	assert_int_equal(in_child(unknown_number, said, sizeof(said)), 0);
	assert_string_equal(said, "refused system call number 999\n");
}

static int run_program(void)
{
	enter(NULL);
	syscall(SYS_execve, "/bin/true", NULL, NULL);
	return 0;
}

static void test_attack(void **state)
{
	char said[512];
	int status = in_child(run_program, said, sizeof(said));

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
	assert_string_equal(said, "error: refused system call execve, which only an attack makes: "
			    "leaving at once\n");
}

static void test_size(void **state)
{
	static const enum sandbox_calls_stage stages[] = {
		SANDBOX_CALLS_START, SANDBOX_CALLS_SERVE, SANDBOX_CALLS_KEEPER
	};
	struct sandbox_filter f;
	char why[256] = "";

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		assert_int_equal(sandbox_calls_build(&f, stages[i], NULL, why, sizeof(why)), 0);
		print_message("stage %zu: %u calls, %u instructions\n", i, f.calls, f.len);
		assert_true(f.len > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_number),
		cmocka_unit_test(test_attack),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests_name("sandbox calls", tests, NULL, NULL);
}
