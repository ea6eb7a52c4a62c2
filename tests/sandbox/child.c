/* SPDX-License-Identifier: BSD-3-Clause */
/* A child process for each filter, see child.h. */
#include "child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WATCHDOG 60

void child_enter(enum sandbox_calls_stage stage, const char *more)
{
	char why[256];

	if (sandbox_calls_load(stage, more, why, sizeof(why)) == 0)
		return;
	fprintf(stderr, "%s\n", why);
	_exit(99);
}

static void show(void *opaque, const char *text)
{
	fprintf(stderr, "%s\n", text);
}

void child_report(void)
{
	sandbox_calls_report(show, NULL);
}

int child_run(int (*fn)(void), char *said, size_t size)
{
	int err[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(err), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		alarm(WATCHDOG);
		if (dup2(err[1], STDERR_FILENO) < 0)
			_exit(98);
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

void child_is_well(int (*fn)(void), const char *wanted)
{
	char said[1024];
	int status = child_run(fn, said, sizeof(said));

	assert_string_equal(said, wanted);
	assert_int_equal(status, 0);
}

void child_dies(int (*fn)(void), int sig, const char *wanted)
{
	char said[1024];
	int status = child_run(fn, said, sizeof(said));

	assert_string_equal(said, wanted);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), sig);
}
