// SPDX-License-Identifier: BSD-3-Clause
/*
 * The tries of the opener (try_opener.c): the program's openers stop each of them, and one that
 * does whatever it is told stops none. And all others, in a process that is confined as the opener.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "sandbox/calls.h"
#include "sandbox/opener.h"
#include "sandbox/sanitizer.h"
#include "sandbox/tries.h"

#define NODE "/dev/vmedia-never"

static int enter_nothing(void *opaque)
{
	return 0;
}

static int enter_opener(void *opaque)
{
	sandbox_opener_confine(NODE, SANDBOX_OPENER_NODE);
	return 0;
}

static bool stopped(void *opaque)
{
	return sandbox_calls_refused();
}

/* Prints those that are not as @wanted; returns their number. */
static unsigned int run(const struct sandbox_try_group *g, const struct sandbox_bait *bait,
			const struct sandbox_cage *cage, unsigned int flags,
			enum sandbox_try_state wanted)
{
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < g->num; i++) {
		const struct sandbox_try *t = &g->tries[i];
		struct sandbox_try_result r;

		if ((t->flags & SANDBOX_TRY_OPENS) != flags)
			continue;
		sandbox_try_run(t, bait, cage, &r);
		if (r.state == wanted || r.state == SANDBOX_TRY_SKIPPED)
			continue;
		print_error("%s, %s: %s\n", t->call, t->what, r.how);
		wrong++;
	}
	return wrong;
}

static void reap(void)
{
	while (wait(NULL) > 0)
		;
}

/* ---- The socket ---- */

static unsigned int run_openers(const char *node, sandbox_bait_start *start,
				enum sandbox_try_state wanted)
{
	const struct sandbox_cage cage = { enter_nothing, NULL, NULL };
	struct sandbox_bait bait;
	char why[256];
	unsigned int wrong;

	assert_int_equal(sandbox_bait_make(&bait, why, sizeof(why)), 0);
	assert_int_equal(sandbox_bait_openers(&bait, node, start), 0);
	wrong = run(&sandbox_tries_opener, &bait, &cage, 0, wanted);
	sandbox_bait_remove(&bait);
	reap();
	return wrong;
}

static void test_stopped(void **state)
{
	assert_int_equal(run_openers(NODE, sandbox_opener_start, SANDBOX_TRY_PASSED), 0);
}

/* A node that is there, of a driver that is not. */
static void test_stopped_with_node(void **state)
{
	char folder[] = "/tmp/openers-XXXXXX", path[64];
	unsigned int wrong;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/node", folder);
	if (mknod(path, S_IFCHR | 0600, makedev(SANDBOX_OPENER_MAJOR, 255)) < 0) {
		rmdir(folder);
		skip();
	}
	wrong = run_openers(path, sandbox_opener_start, SANDBOX_TRY_PASSED);
	unlink(path);
	rmdir(folder);
	assert_int_equal(wrong, 0);
}

union rights {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

static int obey(int sock, int fd, int32_t err)
{
	union rights rights = { .head = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { &err, sizeof(err) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		memcpy(CMSG_DATA(&rights.head), &fd, sizeof(fd));
		msg.msg_control = &rights;
		msg.msg_controllen = sizeof(rights.room);
	}
	return (int)sendmsg(sock, &msg, MSG_NOSIGNAL);
}

/* Opens what it is told to, else its path. Keeps what it is given, and one more for each. */
static void serve_all(int sock, const char *path)
{
	static char request[65536];
	union rights rights;
	ssize_t n;
	int fd;

	for (;;) {
		struct iovec iov = { request, sizeof(request) - 1 };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &rights,
				      .msg_controllen = sizeof(rights.room) };

		n = recvmsg(sock, &msg, 0);
		if (n < 0)
			return;
		request[n] = '\0';
		(void)!dup(sock);
		fd = open(n > 1 ? request : path, O_RDWR | O_CLOEXEC);
		if (obey(sock, fd, fd < 0 ? -errno : 0) < 0)
			return; /* also when the other end is closed */
	}
}

static int start_obedient(const char *path, int *fd)
{
	const struct rlimit few = { SANDBOX_OPENER_FEW, SANDBOX_OPENER_FEW };
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	if (fork() == 0) {
		close_range((unsigned int)sv[1] + 1, ~0u, 0);
		close(sv[0]);
		setrlimit(RLIMIT_NOFILE, &few);
		serve_all(sv[1], path);
		_exit(0);
	}
	close(sv[1]);
	*fd = sv[0];
	return 0;
}

static void test_not_stopped(void **state)
{
	assert_int_equal(run_openers(NODE, start_obedient, SANDBOX_TRY_FAILED), 0);
}

/* ---- The process ---- */

/* Whether this machine has the filter and Landlock, without which little is stopped. */
static bool has_sandbox(void)
{
	char line[256];
	bool landlock = false;
	FILE *f = fopen("/sys/kernel/security/lsm", "r");

	landlock = !f; /* it cannot be told */
	if (f && fgets(line, sizeof(line), f))
		landlock = strstr(line, "landlock");
	if (f)
		fclose(f);
	return landlock;
}

static void run_confined(unsigned int flags, enum sandbox_try_state wanted)
{
	const struct sandbox_cage cage = { enter_opener, stopped, NULL };
	unsigned int wrong = 0;

	for (const struct sandbox_try_group *const *g = sandbox_tries; *g; g++) {
		struct sandbox_bait bait;
		char why[256];

		assert_int_equal(sandbox_bait_make(&bait, why, sizeof(why)), 0);
		wrong += run(*g, &bait, &cage, flags, wanted);
		sandbox_bait_remove(&bait);
	}
	assert_int_equal(wrong, 0);
}

static void test_confined(void **state)
{
	/* A sanitizer's library makes more calls, which are allowed then. */
	if (!has_sandbox() || SANDBOX_SANITIZED)
		skip();
	run_confined(0, SANDBOX_TRY_PASSED);
}

/* What is said to be the opener's to do is not stopped, else nothing need be said of it. */
static void test_allowed(void **state)
{
	run_confined(SANDBOX_TRY_OPENS, SANDBOX_TRY_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_stopped_with_node),
		cmocka_unit_test(test_not_stopped),
		cmocka_unit_test(test_confined),
		cmocka_unit_test(test_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
