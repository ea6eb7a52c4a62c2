/* SPDX-License-Identifier: BSD-3-Clause */
/* The process that opens a device node or a FIFO, or connects to a socket; see opener.h. */
#include "sandbox/opener.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/calls.h"
#include "sandbox/impl.h"

#define NOBODY_ID 65534

/* ---- Requests ---- */

static bool is_node(const struct stat *st, unsigned int major_number)
{
	return S_ISCHR(st->st_mode) && major(st->st_rdev) == major_number;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_mode == b->st_mode &&
	       a->st_rdev == b->st_rdev;
}

/*
 * Open what was looked at, @seen: somebody who may write to the folder can exchange it, or it was
 * replugged; the next request finds that. (A descriptor by O_PATH would hold it, but the filter
 * does not let that through: such a one can be of any folder, as a place to go on from.) Returns a
 * descriptor or negative errno.
 */
static int open_seen(const char *path, const struct stat *seen, int access)
{
	int fd = open(path, access | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && is_same(&st, seen))
		return fd;
	close(fd);
	return -ENODEV;
}

/* Other devices must not even be opened: that rewinds a tape, or arms a watchdog. */
static int open_node(const char *path, unsigned int major_number)
{
	struct stat seen;

	if (stat(path, &seen) < 0)
		return -errno;
	return is_node(&seen, major_number) ? open_seen(path, &seen, O_RDWR) : -ENOTTY;
}

/* For reading, without waiting for a writer. */
static int open_fifo(const char *path)
{
	struct stat seen;

	if (stat(path, &seen) < 0)
		return -errno;
	return S_ISFIFO(seen.st_mode) ? open_seen(path, &seen, O_RDONLY) : -ENOTTY;
}

/* Connect without waiting. Returns a descriptor or negative errno. */
static int connect_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	int fd, err;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	err = -errno;
	close(fd);
	/* The kernel says the same of a socket that nobody listens on. */
	if (err == -ECONNREFUSED && stat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		err = -ENOTSOCK;
	return err;
}

static int send_answer(int sock, int fd, int32_t err)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { &err, sizeof(err) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.room);
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Other programs of the user may have more descriptors under way than the kernel allows. */
static int answer(int sock, int fd)
{
	int ret = send_answer(sock, fd, fd < 0 ? fd : 0);

	return ret == -ETOOMANYREFS ? send_answer(sock, -1, ret) : ret;
}

/*
 * Descriptors that come with a request are dropped by recv().
 *
 * System calls, opener: recvfrom|recv sendmsg stat|fstatat64:any newfstatat:any
 * fstatat64|newfstatat:any statx:any fstat|fstat64 open:rw openat:rw close exit_group
 * rt_sigprocmask rt_sigreturn restart_syscall write munmap mmap2|mmap madvise brk futex
 */
static bool wait_for_request(int sock)
{
	char request[2];
	ssize_t n;

	do {
		n = recv(sock, request, sizeof(request), 0);
	} while (n < 0 && errno == EINTR);
	return n == 1;
}

/* Answer with @fd, a descriptor or negative errno, and close it. */
static bool give_away(int sock, int fd)
{
	int err = answer(sock, fd);

	vmedia_fd_close(&fd);
	return err == 0;
}

static int open_kind(const char *path, enum sandbox_opener_kind kind, unsigned int major_number)
{
	switch (kind) {
	case SANDBOX_OPENER_NODE:
		return open_node(path, major_number);
	case SANDBOX_OPENER_SOCKET:
		return connect_socket(path);
	case SANDBOX_OPENER_FIFO:
		return open_fifo(path);
	}
	return -EINVAL;
}

void sandbox_opener_serve(int sock, const char *path, enum sandbox_opener_kind kind,
			  unsigned int major_number)
{
	while (wait_for_request(sock))
		if (!give_away(sock, open_kind(path, kind, major_number)))
			return;
}

/* ---- Confinement ---- */

static void leave_others(int fd)
{
	if (fd > 0)
		close_range(0, (unsigned int)fd - 1, 0);
	close_range((unsigned int)fd + 1, ~0u, 0);
}

/* Root becomes nobody, if a group may use the node. Otherwise it owns it, and stays its owner. */
static void become_nobody(const char *path, mode_t group_mode)
{
	struct stat st;

	if (geteuid() != 0 || stat(path, &st) < 0 || (st.st_mode & group_mode) != group_mode ||
	    !st.st_gid)
		return;
	if (setgroups(1, &st.st_gid) == 0 && setresgid(st.st_gid, st.st_gid, st.st_gid) == 0 &&
	    setresuid(NOBODY_ID, NOBODY_ID, NOBODY_ID) < 0)
		_exit(1); /* neither one nor the other */
}

static void allow_folder(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access };
	char folder[PATH_MAX];

	if (strlen(path) >= sizeof(folder))
		return;
	memcpy(folder, path, strlen(path) + 1);
	rule.parent_fd = open(dirname(folder), O_PATH | O_CLOEXEC | O_DIRECTORY);
	if (rule.parent_fd < 0)
		return;
	syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
}

/* Files of the node's folder alone, or no file at all, by what version 1 of Landlock knows. */
static void enter_landlock(const char *path, enum sandbox_opener_kind kind)
{
	const struct landlock_ruleset_attr attr = {
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	};
	const uint64_t access = LANDLOCK_ACCESS_FS_READ_FILE |
				(kind == SANDBOX_OPENER_NODE ? LANDLOCK_ACCESS_FS_WRITE_FILE : 0);
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	char real[PATH_MAX];

	if (ruleset < 0)
		return;
	if (kind != SANDBOX_OPENER_SOCKET)
		allow_folder(ruleset, path, access);
	if (kind != SANDBOX_OPENER_SOCKET && realpath(path, real))
		allow_folder(ruleset, real, access);
	syscall(SYS_landlock_restrict_self, ruleset, 0);
	close(ruleset);
}

void sandbox_opener_confine(const char *path, enum sandbox_opener_kind kind)
{
	const struct rlimit none = { 0, 0 };
	char why[160];

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	become_nobody(path, kind == SANDBOX_OPENER_FIFO ? 0040 : 0060);
	sandbox_empty_bounding_set();
	sandbox_keep_capabilities(0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	enter_landlock(path, kind);
	sandbox_calls_load(SANDBOX_CALLS_OPENER,
			   kind == SANDBOX_OPENER_SOCKET ? "socket connect" : NULL, why,
			   sizeof(why));
}

static int start(const char *path, enum sandbox_opener_kind kind, int *fd)
{
	int sv[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		int err = -errno;

		vmedia_fd_close_many(sv, 2);
		return err;
	}
	if (pid == 0) {
		/* The signals of the terminal are the keeper's. */
		setsid();
		leave_others(sv[1]);
		sandbox_opener_confine(path, kind);
		sandbox_opener_serve(sv[1], path, kind, SANDBOX_OPENER_MAJOR);
		_exit(0);
	}
	close(sv[1]);
	*fd = sv[0];
	return 0;
}

int sandbox_opener_start(const char *path, int *fd)
{
	return start(path, SANDBOX_OPENER_NODE, fd);
}

int sandbox_opener_start_socket(const char *path, int *fd)
{
	return start(path, SANDBOX_OPENER_SOCKET, fd);
}

int sandbox_opener_start_fifo(const char *path, int *fd)
{
	return start(path, SANDBOX_OPENER_FIFO, fd);
}
