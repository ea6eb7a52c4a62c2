/* SPDX-License-Identifier: BSD-3-Clause */
/* See confined.h. The child tells its number by SCM_CREDENTIALS, which the kernel translates. */
#include "confined.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <seccomp.h>

/* What the child says once. */
struct told {
	int paths;
	bool failed;
	struct sandbox sb;
	char why[512];
};

int confined_as_root(void)
{
	return geteuid() == 0 ? 0 : -1;
}

int confined_as_user(void)
{
	if (geteuid() != 0)
		return 0;
	if (setgroups(0, NULL) || setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return -1;
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int refuse(int err, int call, unsigned int count, struct scmp_arg_cmp arg)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int ret;

	if (!ctx)
		return -1;
	ret = seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO((uint32_t)err), call, count, &arg);
	if (ret == 0)
		ret = seccomp_load(ctx);
	seccomp_release(ctx);
	return ret;
}

int confined_without_user_ns(void)
{
	return refuse(EPERM, SCMP_SYS(unshare), 1,
		      SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER));
}

int confined_without_ns(void)
{
	return refuse(EPERM, SCMP_SYS(unshare), 0, SCMP_A0(SCMP_CMP_EQ, 0, 0));
}

int confined_without_landlock(void)
{
	return refuse(ENOSYS, SCMP_SYS(landlock_create_ruleset), 0, SCMP_A0(SCMP_CMP_EQ, 0, 0));
}

static void tell(int sock, const struct told *told)
{
	if (write(sock, told, sizeof(*told)) != sizeof(*told))
		_exit(99);
}

/* In the child: read what there is at a terminal, and say there what came. */
static void read_terminal(void)
{
	char text[64];
	ssize_t n = 0;

	for (int fd = 0; n <= 0 && fd <= STDERR_FILENO; fd++)
		n = read(fd, text, sizeof(text));
	dprintf(STDERR_FILENO, n > 0 ? "read %zd bytes\n" : "nothing read\n", n);
}

/* In the child, after it was told to: its end. */
static int leave(int sock)
{
	volatile int *volatile nowhere = (volatile int *)16; /* no sanitizer looks there */
	char what = 0;

	while (read(sock, &what, 1) == 1) {
		switch (what) {
		case 'x':
			return 7;
		case 'a':
			abort();
		case 's':
			*nowhere = 1;
			break;
		case 'r':
			read_terminal();
			break;
		default:
			break;
		}
	}
	return 0;
}

static int run(int sock, struct sandbox *sb, confined_place_fn *const places[])
{
	struct told told = { .failed = true };
	int ret;

	for (size_t i = 0; places[i]; i++)
		if (places[i]())
			return 98;
	ret = sandbox_begin(sb, told.why, sizeof(told.why));
	if (ret > 0)
		return sandbox_end_as(sb->status);
	if (ret == 0)
		ret = sandbox_enter_place(sb, told.why, sizeof(told.why));
	if (ret == 0) {
		ret = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
		told.paths = ret < 0 ? -errno : 0;
		ret = sandbox_enter_rest(sb, told.why, sizeof(told.why));
	}
	told.failed = ret < 0;
	told.sb = *sb;
	tell(sock, &told);
	return ret < 0 ? CONFINED_FAILED : leave(sock);
}

static pid_t receive(int sock, struct told *told)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov = { told, sizeof(*told) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct ucred who;

	assert_int_equal(recvmsg(sock, &msg, 0), sizeof(*told));
	assert_non_null(CMSG_FIRSTHDR(&msg));
	memcpy(&who, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(who));
	return who.pid;
}

void confined_start(struct confined *c, const struct sandbox *options,
		    confined_place_fn *const places[])
{
	static const int faults[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS };
	struct sandbox sb = *options;
	struct told told;
	int sv[2], on = 1;

	memset(c, 0, sizeof(*c));
	sb.calls_serve = "read"; /* of the commands */
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(setsockopt(sv[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
	c->keeper = fork();
	assert_true(c->keeper >= 0);
	if (c->keeper == 0) {
		/* Faults end it: the handlers are the test's. */
		for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
			signal(faults[i], SIG_DFL);
		close(sv[0]);
		_exit(run(sv[1], &sb, places));
	}
	close(sv[1]);
	c->sock = sv[0];
	c->child = receive(c->sock, &told);
	c->sb = told.sb;
	c->paths = told.paths;
	if (told.failed)
		memcpy(c->why, told.why, sizeof(c->why));
}

void confined_tell(struct confined *c, char what)
{
	assert_int_equal(send(c->sock, &what, 1, MSG_NOSIGNAL), 1);
}

void confined_gone(struct confined *c)
{
	char x;

	while (recv(c->sock, &x, 1, 0) > 0)
		;
}

int confined_end(struct confined *c)
{
	assert_int_equal(waitpid(c->keeper, &c->status, 0), c->keeper);
	confined_gone(c);
	close(c->sock);
	return c->status;
}

const char *confined_status(pid_t pid, const char *file, const char *key)
{
	static char line[512];
	char path[64], *value = NULL;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "r");
	assert_non_null(f);
	while (!value && fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			value = line + strlen(key);
	fclose(f);
	assert_non_null(value);
	value += strspn(value, " \t");
	value[strcspn(value, "\n")] = 0;
	return value;
}
