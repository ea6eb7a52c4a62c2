// SPDX-License-Identifier: BSD-3-Clause
/* The process that opens a device node: what it opens, and what ends it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "sandbox/opener.h"

static int send_bytes(int fd, size_t len, int passed)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .head = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	char bytes[64] = "o";
	struct iovec iov = { bytes, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (passed >= 0) {
		memcpy(CMSG_DATA(&control.head), &passed, sizeof(passed));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.room);
	}
	return (int)sendmsg(fd, &msg, MSG_NOSIGNAL);
}

/* Returns 0 with a descriptor, the errno of the answer, or -EPIPE if the opener has ended. */
static int answer(int fd, int *got)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	int32_t err = 1;
	struct iovec iov = { &err, sizeof(err) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control.room) };
	ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);

	*got = -1;
	if (n <= 0)
		return -EPIPE;
	assert_int_equal(n, sizeof(err));
	assert_int_equal(CMSG_FIRSTHDR(&msg) != NULL, err == 0);
	if (!err)
		memcpy(got, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(*got));
	return err;
}

static int ask(int fd)
{
	int got, err;

	assert_int_equal(send_bytes(fd, 1, -1), 1);
	err = answer(fd, &got);
	if (got >= 0)
		close(got);
	return err;
}

static pid_t serve(const char *path, unsigned int number, int *fd)
{
	int sv[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	pid = fork();
	if (pid == 0) {
		close(sv[0]);
		sandbox_opener_serve(sv[1], path, SANDBOX_OPENER_NODE, number);
		_exit(0);
	}
	close(sv[1]);
	*fd = sv[0];
	return pid;
}

static void ended(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_opens(void **state)
{
	struct stat st;
	int fd, got;
	pid_t pid = serve("/dev/null", 1, &fd);

	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(send_bytes(fd, 1, -1), 1);
		assert_int_equal(answer(fd, &got), 0);
		assert_int_equal(fstat(got, &st), 0);
		assert_int_equal(st.st_rdev, makedev(1, 3));
		assert_true(fcntl(got, F_GETFL) & O_NONBLOCK);
		close(got);
	}
	close(fd);
	ended(pid);
}

/* What is no device of that number is not even opened. */
static void test_refuses(void **state)
{
	char folder[] = "/tmp/opener-XXXXXX", path[64];
	int fd, got;
	pid_t pid;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/node", folder);
	pid = serve(path, 1, &fd);
	assert_int_equal(ask(fd), -ENOENT);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(ask(fd), -ENOTTY);
	unlink(path);
	assert_int_equal(symlink("/dev/tty", path), 0); /* of number 5 */
	assert_int_equal(ask(fd), -ENOTTY);
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(ask(fd), -ENOTTY);
	unlink(path);
	/* A link that leads elsewhere after a replug. */
	assert_int_equal(symlink("/dev/zero", path), 0);
	assert_int_equal(ask(fd), 0);
	unlink(path);
	rmdir(folder);
	assert_int_equal(send_bytes(fd, 1, STDIN_FILENO), 1); /* dropped */
	assert_int_equal(answer(fd, &got), -ENOENT);
	close(fd);
	ended(pid);
}

/* Step over the next system call that the opener @pid makes. Returns what it returned. */
static long step_call(pid_t pid, struct __ptrace_syscall_info *entry)
{
	struct __ptrace_syscall_info exit_info;
	int status;

	for (unsigned int i = 0; i < 2; i++) {
		struct __ptrace_syscall_info *info = i ? &exit_info : entry;

		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSTOPPED(status));
		assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(*info), info) > 0);
	}
	assert_int_equal(entry->op, PTRACE_SYSCALL_INFO_ENTRY);
	assert_int_equal(exit_info.op, PTRACE_SYSCALL_INFO_EXIT);
	return (long)exit_info.exit.rval;
}

/*
 * The node is exchanged for another one between look and open. The calls of the opener are stepped,
 * so that the exchange is where it should be: recv(), the look, open().
 */
static void test_exchanged(void **state)
{
	char folder[] = "/tmp/opener-XXXXXX", path[64];
	struct __ptrace_syscall_info info;
	int fd, got, status;
	pid_t pid;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/node", folder);
	for (unsigned int exchanged = 0; exchanged < 2; exchanged++) {
		assert_int_equal(symlink("/dev/null", path), 0);
		pid = serve(path, 1, &fd);
		if (ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACESYSGOOD) < 0)
			skip();
		assert_int_equal(ptrace(PTRACE_INTERRUPT, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(send_bytes(fd, 1, -1), 1);
		/* An interrupted recv() begins again. */
		while (step_call(pid, &info) != 1)
			;
		assert_int_equal(step_call(pid, &info), 0);
		unlink(path);
		assert_int_equal(symlink(exchanged ? "/dev/zero" : "/dev/null", path), 0);
		assert_int_equal(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
		assert_int_equal(answer(fd, &got), exchanged ? -ENODEV : 0);
		if (got >= 0)
			close(got);
		unlink(path);
		close(fd);
		ended(pid);
	}
	rmdir(folder);
}

static int listen_at(const char *path, int type)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	unlink(path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

/* With its confinement: it connects to that socket, whoever listens there. */
static void test_connects(void **state)
{
	char folder[] = "/tmp/opener-XXXXXX", path[64], byte = 0;
	int fd, got, listener, peer, status;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	assert_int_equal(sandbox_opener_start_socket(path, &fd), 0);
	assert_int_equal(ask(fd), -ENOENT);
	for (int i = 0; i < 2; i++) {
		listener = listen_at(path, SOCK_SEQPACKET);
		assert_int_equal(send_bytes(fd, 1, -1), 1);
		assert_int_equal(answer(fd, &got), 0);
		assert_true(fcntl(got, F_GETFL) & O_NONBLOCK);
		peer = accept(listener, NULL, NULL);
		assert_int_equal(send(got, "x", 1, 0), 1);
		assert_int_equal(recv(peer, &byte, 1, 0), 1);
		assert_int_equal(byte, 'x');
		close(peer);
		close(got);
		close(listener);
		assert_int_equal(ask(fd), -ECONNREFUSED);
	}
	listener = listen_at(path, SOCK_STREAM);
	assert_int_equal(ask(fd), -EPROTOTYPE);
	close(listener);
	unlink(path);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(ask(fd), -ENOTSOCK);
	unlink(path);
	rmdir(folder);
	/* More than a byte ends it. */
	assert_int_equal(send_bytes(fd, 2, -1), 2);
	assert_int_equal(answer(fd, &got), -EPIPE);
	close(fd);
	assert_true(waitpid(-1, &status, 0) > 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* With its confinement: it opens that FIFO for reading, and does not wait for a writer. */
static void test_reads_a_fifo(void **state)
{
	char folder[] = "/tmp/opener-XXXXXX", path[64], byte = 0;
	int fd, got, writer, status;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/fifo", folder);
	assert_int_equal(sandbox_opener_start_fifo(path, &fd), 0);
	assert_int_equal(ask(fd), -ENOENT);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(ask(fd), -ENOTTY);
	unlink(path);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(ask(fd), -ENOTTY);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(send_bytes(fd, 1, -1), 1);
		assert_int_equal(answer(fd, &got), 0);
		assert_int_equal(fcntl(got, F_GETFL) & (O_ACCMODE | O_NONBLOCK),
				 O_RDONLY | O_NONBLOCK);
		writer = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
		assert_int_equal(write(writer, "x", 1), 1);
		assert_int_equal(read(got, &byte, 1), 1);
		assert_int_equal(byte, 'x');
		close(writer);
		close(got);
	}
	unlink(path);
	rmdir(folder);
	close(fd);
	assert_true(waitpid(-1, &status, 0) > 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_ends(void **state)
{
	static const size_t lengths[] = { 0, 2, 64 };
	int fd, got;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		pid_t pid = serve("/dev/null", 1, &fd);

		assert_int_equal(send_bytes(fd, lengths[i], -1), lengths[i]);
		assert_int_equal(answer(fd, &got), -EPIPE);
		close(fd);
		ended(pid);
	}
}

/* With all that it gives up: it still opens what there is, in the node's folder alone. */
static void test_confined(void **state)
{
	char folder[] = "/tmp/opener-XXXXXX", path[64];
	int fd;

	assert_non_null(mkdtemp(folder));
	chmod(folder, 0755);
	snprintf(path, sizeof(path), "%s/node", folder);
	assert_int_equal(sandbox_opener_start(path, &fd), 0);
	assert_int_equal(ask(fd), -ENOENT);
	/* No driver has the last number, so the kernel says so when it is opened. */
	if (geteuid() == 0 &&
	    mknod(path, S_IFCHR | 0666, makedev(SANDBOX_OPENER_MAJOR, 255)) == 0) {
		chmod(path, 0666);
		assert_int_equal(ask(fd), -ENXIO);
		unlink(path);
	}
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(ask(fd), -ENOTTY);
	unlink(path);
	rmdir(folder);
	close(fd);
	assert_true(wait(NULL) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opens),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_exchanged),
		cmocka_unit_test(test_connects),
		cmocka_unit_test(test_reads_a_fifo),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_confined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
