/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The process's own limits, in children that begin with others: what the daemon makes of them, and
 * what it says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/capability.h>
#include <sys/syscall.h>

#include <vmedia/log.h>

#include "limits.h"

struct result {
	struct rlimit rl;
	unsigned int lines;
	char line[512]; /* the last one */
};

static void keep_line(void *opaque, int level, const char *text)
{
	struct result *r = opaque;

	if (level > VMEDIA_LOG_WARN)
		return;
	r->lines++;
	snprintf(r->line, sizeof(r->line), "%s", text);
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	if (syscall(SYS_capset, &head, data))
		_exit(3);
}

/* What a process without privileges makes of @soft and @hard; @hard 0: what it has. */
static void apply(const struct vmedia_limits *l, rlim_t soft, rlim_t hard, struct result *out)
{
	struct result r = { .lines = 0 };
	int fd[2], status;
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (getrlimit(RLIMIT_NOFILE, &r.rl))
			_exit(1);
		r.rl.rlim_cur = soft;
		if (hard)
			r.rl.rlim_max = hard;
		drop_capabilities();
		if (setrlimit(RLIMIT_NOFILE, &r.rl))
			_exit(2);
		vmedia_log_set(keep_line, &r);
		vmedia_log_set_level(VMEDIA_LOG_WARN);
		daemon_limits_apply(l);
		if (getrlimit(RLIMIT_NOFILE, &r.rl))
			_exit(4);
		_exit(write(fd[1], &r, sizeof(r)) == sizeof(r) ? 0 : 5);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(fd[0], out, sizeof(*out)), sizeof(*out));
	close(fd[0]);
	close(fd[1]);
}

static void small(struct vmedia_limits *l, struct vmedia_needs *n)
{
	vmedia_limits_default(l);
	l->max_sessions = 2;
	vmedia_limits_needs(l, n);
}

static void test_raised(void **state)
{
	struct vmedia_limits l;
	struct vmedia_needs n;
	struct result r;

	small(&l, &n);
	apply(&l, 256, (rlim_t)n.files, &r);
	assert_int_equal(r.rl.rlim_cur, n.files);
	assert_int_equal(r.rl.rlim_max, n.files);
	assert_int_equal(r.lines, 0);
}

/* The device counts on what it reads there, so a larger limit is set to the same figure. */
static void test_lowered(void **state)
{
	struct vmedia_limits l;
	struct vmedia_needs n;
	struct result r;

	small(&l, &n);
	apply(&l, (rlim_t)n.files + 7, (rlim_t)n.files + 9, &r);
	assert_int_equal(r.rl.rlim_cur, n.files);
	assert_int_equal(r.rl.rlim_max, n.files + 9);
	assert_int_equal(r.lines, 0);
}

static void test_does_not_fit(void **state)
{
	struct vmedia_limits l;
	struct vmedia_needs n;
	char figure[32];
	struct result r;

	small(&l, &n);
	apply(&l, 256, 1024, &r);
	assert_int_equal(r.rl.rlim_cur, 1024);
	assert_int_equal(r.lines, 1);
	snprintf(figure, sizeof(figure), "ulimit -Hn %u", (unsigned int)n.files);
	assert_non_null(strstr(r.line, figure));
	assert_non_null(strstr(r.line, "may have 1024"));
}

/* More sessions than the kernel has mappings for, whatever this machine allows. */
static void test_mappings(void **state)
{
	struct vmedia_limits l;
	struct vmedia_needs n;
	struct result r;

	small(&l, &n);
	l.max_sessions = UINT32_MAX;
	vmedia_limits_needs(&l, &n);
	assert_true(n.mappings > INT32_MAX); /* vm.max_map_count is an int */
	apply(&l, 256, 0, &r);
	assert_true(r.lines >= 1);
	assert_non_null(strstr(r.line, "vm.max_map_count="));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_raised),
		cmocka_unit_test(test_lowered),
		cmocka_unit_test(test_does_not_fit),
		cmocka_unit_test(test_mappings),
	};

	return cmocka_run_group_tests_name("daemon limits", tests, NULL, NULL);
}
