/* SPDX-License-Identifier: BSD-3-Clause */
/* Who has a file open. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "holders.h"

static char path[] = "/tmp/vmedia-holders-XXXXXX";

/* A process that has @path open until the pipe is closed. */
static pid_t holder(const char *name, int *end)
{
	int pipes[2], told[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(pipe(told), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(pipes[1]);
		prctl(PR_SET_NAME, name);
		if (open(path, O_RDWR) < 0 || write(told[1], "", 1) != 1)
			_exit(1);
		_exit(read(pipes[0], &byte, 1) < 0);
	}
	close(pipes[0]);
	close(told[1]);
	assert_int_equal(read(told[0], &byte, 1), 1);
	close(told[0]);
	*end = pipes[1];
	return pid;
}

static void test_holders(void **state)
{
	char text[100], wanted[100], little[8];
	pid_t pid[2];
	int end[2];

	/* This process has it open, and does not count. */
	assert_int_equal(daemon_holders(path, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	pid[0] = holder("first", &end[0]);
	assert_int_equal(daemon_holders(path, text, sizeof(text)), 1);
	snprintf(wanted, sizeof(wanted), "first (%d)", pid[0]);
	assert_string_equal(text, wanted);
	pid[1] = holder("odd\x1b[31m name", &end[1]);
	assert_int_equal(daemon_holders(path, text, sizeof(text)), 2);
	snprintf(wanted, sizeof(wanted), "odd?[31m?name (%d)", pid[1]);
	assert_non_null(strstr(text, wanted));
	assert_non_null(strstr(text, ", "));
	assert_int_equal(daemon_holders(path, little, sizeof(little)), 2);
	assert_int_equal(strlen(little), sizeof(little) - 1);
	/* The second one has the first one's pipe, too. */
	close(end[0]);
	close(end[1]);
	assert_int_equal(waitpid(pid[1], NULL, 0), pid[1]);
	assert_int_equal(waitpid(pid[0], NULL, 0), pid[0]);
	assert_int_equal(daemon_holders(path, text, sizeof(text)), 0);
	assert_int_equal(daemon_holders("/tmp/no/such/file", text, sizeof(text)), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_holders) };
	int fd = mkstemp(path), ret;

	if (fd < 0)
		return 1;
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	close(fd);
	unlink(path);
	return ret;
}
