/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines on a standard error that nobody reads, that nobody will ever read, and that is read late:
 * a child writes them, the parent holds both ends of its pipe.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <vmedia/log.h>

#include "log.h"

#define LINES	 4000 /* many times what the pipe and the ring hold */
#define LATE	 7    /* after the reader came */
#define PREFIX	 "vhost-user-media: "

struct child {
	pid_t pid;
	int err[2];    /* its standard error */
	int ready[2];  /* it tells that it has said what it had to */
	int go[2];     /* a byte, or the end: it may go on */
};

static void spawn(struct child *c, int flags, void (*run)(struct child *c))
{
	char fill[4096];

	memset(fill, '\n', sizeof(fill));
	assert_int_equal(pipe2(c->err, O_CLOEXEC), 0);
	assert_int_equal(pipe2(c->ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(c->go, O_CLOEXEC), 0);
	assert_true(fcntl(c->err[1], F_SETPIPE_SZ, 4096) >= 4096);
	assert_int_equal(write(c->err[1], fill, sizeof(fill)), sizeof(fill));
	assert_int_equal(fcntl(c->err[1], F_SETFL, flags), 0);
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (c->pid)
		return;
	close(c->err[0]);
	close(c->go[1]);
	signal(SIGPIPE, SIG_IGN);
	alarm(60); /* what blocks dies of it, and so the test fails */
	if (dup2(c->err[1], STDERR_FILENO) < 0 || daemon_log_start())
		_exit(9);
	run(c);
	daemon_log_finish();
	_exit(0);
}

static void say_ready(struct child *c)
{
	if (write(c->ready[1], "x", 1) != 1)
		_exit(8);
}

static void wait_ready(struct child *c)
{
	char x;

	close(c->ready[1]);
	assert_int_equal(read(c->ready[0], &x, 1), 1);
}

static void wait_go(struct child *c)
{
	char x;

	(void)!read(c->go[0], &x, 1);
}

static int ended(struct child *c)
{
	int status;

	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	close(c->err[0]);
	close(c->ready[0]);
	close(c->go[0]);
	return status;
}

static void say_lines(int from, int count)
{
	char line[32];

	for (int i = from; i < from + count; i++) {
		snprintf(line, sizeof(line), "line %d", i);
		daemon_log(NULL, VMEDIA_LOG_WARN, line);
	}
}

/* All that comes, up to the end or, with @until, a line that begins so. */
static char *read_all(int fd, const char *until)
{
	size_t cap = 1 << 20, len = 0;
	char *text = calloc(1, cap);
	ssize_t n;

	assert_non_null(text);
	while ((n = read(fd, text + len, cap - 1 - len)) > 0) {
		len += (size_t)n;
		if (until && text[len - 1] == '\n' && strstr(text, until))
			break;
	}
	assert_true(n >= 0);
	return text;
}

static void run_full(struct child *c)
{
	say_lines(0, LINES);
	say_ready(c);
	wait_go(c);
	say_lines(LINES, LATE);
	wait_go(c);
}

/* Nobody waits for the reader; who reads late learns how much there was, in its place. */
static void test_full(void **state)
{
	unsigned long long dropped = 0;
	struct child c;
	char *text, *line, *save, last[32];
	int next = 0, after = 0, flags;

	snprintf(last, sizeof(last), "line %d\n", LINES + LATE - 1);
	spawn(&c, 0, run_full);
	wait_ready(&c);
	flags = fcntl(c.err[1], F_GETFL);
	assert_int_equal(flags & O_NONBLOCK, 0); /* what others write with is as it was */
	close(c.err[1]);
	text = read_all(c.err[0], " lines dropped: ");
	assert_int_equal(write(c.go[1], "x", 1), 1);
	line = read_all(c.err[0], last);
	close(c.go[1]);
	assert_int_equal(ended(&c), 0);
	text = realloc(text, strlen(text) + strlen(line) + 1);
	assert_non_null(text);
	memcpy(text + strlen(text), line, strlen(line) + 1);
	free(line);

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		int number;

		assert_memory_equal(line, PREFIX, strlen(PREFIX));
		line += strlen(PREFIX);
		if (sscanf(line, "warning: line %d", &number) == 1) {
			assert_int_equal(number, next++);
			after += dropped != 0;
		} else {
			assert_int_equal(dropped, 0);
			assert_int_equal(
				sscanf(line, "warning: %llu lines dropped: standard error",
				       &dropped),
				1);
			assert_true(next > 1000); /* as many as there is room for */
			assert_int_equal(next + dropped, LINES);
			next = LINES;
		}
	}
	assert_int_equal(next, LINES + LATE);
	assert_int_equal(after, LATE);
	free(text);
}

static void run_some(struct child *c)
{
	say_lines(0, LINES);
	say_ready(c);
}

/* A daemon that leaves waits a moment for its reader, and leaves. */
static void test_never_read(void **state)
{
	struct child c;

	spawn(&c, 0, run_some);
	wait_ready(&c);
	assert_int_equal(ended(&c), 0);
	close(c.err[1]);
	close(c.go[1]);
}

static void run_gone(struct child *c)
{
	wait_go(c);
	say_lines(0, LINES);
	say_ready(c);
}

static void test_reader_gone(void **state)
{
	struct child c;

	spawn(&c, 0, run_gone);
	close(c.err[1]);
	close(c.err[0]);
	close(c.go[1]);
	wait_ready(&c);
	c.err[0] = -1;
	assert_int_equal(ended(&c), 0);
}

/* The reader goes while the thread waits for it. */
static void test_reader_goes(void **state)
{
	struct child c;

	spawn(&c, 0, run_some);
	wait_ready(&c);
	close(c.err[1]);
	close(c.err[0]);
	close(c.go[1]);
	c.err[0] = -1;
	assert_int_equal(ended(&c), 0);
}

static void run_disk_full(struct child *c)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
		_exit(7);
	say_lines(0, LINES);
	say_ready(c);
}

static void test_disk_full(void **state)
{
	struct child c;

	spawn(&c, 0, run_disk_full);
	wait_ready(&c);
	assert_int_equal(ended(&c), 0);
	close(c.err[1]);
	close(c.go[1]);
}

static void run_few(struct child *c)
{
	say_lines(0, 300);
	say_ready(c);
	wait_go(c);
}

/* Somebody who shares it made it non-blocking: no line is lost as long as there is room for it. */
static void test_non_blocking(void **state)
{
	struct child c;
	char *text;

	spawn(&c, O_NONBLOCK, run_few);
	wait_ready(&c);
	close(c.err[1]);
	text = read_all(c.err[0], "line 299\n");
	close(c.go[1]);
	assert_int_equal(ended(&c), 0);
	assert_non_null(strstr(text, PREFIX "warning: line 0\n"));
	assert_non_null(strstr(text, PREFIX "warning: line 299\n"));
	assert_null(strstr(text, "dropped"));
	free(text);
}

static void run_last(struct child *c)
{
	say_lines(0, 3);
	daemon_log_last("that is all");
	say_ready(c);
	_exit(5);
}

static void test_last(void **state)
{
	struct child c;
	char *text;

	/* Nobody reads: it comes to its end all the same. */
	spawn(&c, 0, run_last);
	assert_int_equal(WEXITSTATUS(ended(&c)), 5);
	close(c.err[1]);
	close(c.ready[1]);
	close(c.go[1]);

	spawn(&c, 0, run_last);
	close(c.err[1]);
	text = read_all(c.err[0], NULL);
	assert_int_equal(WEXITSTATUS(ended(&c)), 5);
	assert_non_null(strstr(text, "line 2\n" PREFIX "that is all\n"));
	close(c.ready[1]);
	close(c.go[1]);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),	    cmocka_unit_test(test_never_read),
		cmocka_unit_test(test_reader_gone), cmocka_unit_test(test_reader_goes),
		cmocka_unit_test(test_disk_full),   cmocka_unit_test(test_non_blocking),
		cmocka_unit_test(test_last),
	};

	return cmocka_run_group_tests_name("daemon log", tests, NULL, NULL);
}
