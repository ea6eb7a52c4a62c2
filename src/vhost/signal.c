/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kick, call and error descriptors of a peer.
 *
 * They are usually eventfds, but UML gives one end of a socket pair, and the reference allows
 * pipes. A write must not block (a full pipe), and it must not raise SIGPIPE (the other end
 * closed), since the process's signals belong to the program.
 *
 * Security model: regular files and devices are refused, because reading or writing them can block
 * in spite of O_NONBLOCK. Anonymous files other than eventfds are refused for writing. O_NONBLOCK
 * is set when the descriptor arrives. But it is a flag of the open file description, which the peer
 * shares, so the peer can clear it. So each call on a socket is made non-blocking itself, and each
 * call on a pipe since Linux 6.4. Before 6.4, poll() is called first, which leaves a race that the
 * peer can win.
 *
 * There is no such call for eventfds. A peer that clears O_NONBLOCK and fills the counter, which
 * takes 2^64 - 2, blocks the loop until the peer reads, or until the daemon is ended. It blocks
 * only its own device (SECURITY.md). poll() before each write would cost a system call for each
 * signal, and would still leave a race that the peer can win.
 *
 * System calls, serving: fcntl statx write preadv2 pwritev2 recvmsg sendmsg poll|ppoll
 * ppoll_time64 rt_sigaction
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "vhost/backend_impl.h"

/*
 * True for an eventfd. Adding 0 to its counter never blocks and changes nothing; other anonymous
 * files refuse these bytes.
 */
static bool is_eventfd(int fd)
{
	static const uint64_t zero;

	return write(fd, &zero, sizeof(zero)) == sizeof(zero);
}

int vmedia_vub_signal_take(struct vmedia_vub_signal *sig, int fd, bool written)
{
	struct statx st;
	int err = vmedia_fd_stat(fd, &st);

	if (err)
		return err;
	switch (st.stx_mode & S_IFMT) {
	case 0:
		if (written && !is_eventfd(fd))
			return -EINVAL;
		sig->kind = VMEDIA_VUB_FD_EVENT;
		break;
	case S_IFSOCK:
		sig->kind = VMEDIA_VUB_FD_SOCKET;
		break;
	case S_IFIFO:
		sig->kind = VMEDIA_VUB_FD_PIPE;
		break;
	default:
		return -EINVAL;
	}
	err = vmedia_fd_set_nonblock(fd, true);
	if (err)
		return err;
	sig->fd = fd;
	return 0;
}

void vmedia_vub_signal_close(struct vmedia_vub_signal *sig)
{
	vmedia_fd_close(&sig->fd);
}

static bool ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 0) > 0;
}

/* Read and write a pipe without ever blocking. */
static ssize_t read_now(int fd, void *data, size_t len)
{
	ssize_t n = vmedia_fd_read(fd, data, len, RWF_NOWAIT);

	return n == -EOPNOTSUPP && ready(fd, POLLIN) ? vmedia_fd_read(fd, data, len, 0) : n;
}

static ssize_t write_now(int fd, const void *data, size_t len)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	ssize_t n = pwritev2(fd, &iov, 1, -1, RWF_NOWAIT);

	return n < 0 && errno == EOPNOTSUPP && ready(fd, POLLOUT) ? write(fd, data, len) : n;
}

/*
 * Write to a pipe whose reader may be gone. If the program does not ignore SIGPIPE, it is blocked
 * and taken, unless one from elsewhere was pending already.
 */
static void send_pipe(int fd, const void *data, size_t len)
{
	static const struct timespec now;
	sigset_t pipe_set, old, waiting;
	struct sigaction action;
	bool was_waiting;

	if (!sigaction(SIGPIPE, NULL, &action) && action.sa_handler == SIG_IGN) {
		write_now(fd, data, len);
		return;
	}
	sigemptyset(&pipe_set);
	sigaddset(&pipe_set, SIGPIPE);
	sigpending(&waiting);
	was_waiting = sigismember(&waiting, SIGPIPE) == 1;
	if (pthread_sigmask(SIG_BLOCK, &pipe_set, &old))
		return;
	if (write_now(fd, data, len) < 0 && errno == EPIPE && !was_waiting) {
		while (sigtimedwait(&pipe_set, NULL, &now) < 0 && errno == EINTR)
			;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void send_socket(int fd, const void *data, size_t len)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };

	(void)!sendmsg(fd, &mh, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void drain_socket(int fd, void *data, size_t len)
{
	struct iovec iov = { .iov_base = data, .iov_len = len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };

	(void)!recvmsg(fd, &mh, MSG_DONTWAIT);
}

void vmedia_vub_signal_send(const struct vmedia_vub_signal *sig)
{
	static const uint64_t one = 1;

	if (sig->fd < 0)
		return;
	switch (sig->kind) {
	case VMEDIA_VUB_FD_EVENT:
		vmedia_eventfd_signal(sig->fd);
		break;
	case VMEDIA_VUB_FD_SOCKET:
		/* A full socket has enough wake-ups in it; at a closed one nothing waits. */
		send_socket(sig->fd, &one, sizeof(one));
		break;
	case VMEDIA_VUB_FD_PIPE:
		send_pipe(sig->fd, &one, sizeof(one));
		break;
	}
}

/*
 * Empty a pipe or socket, which would fill up otherwise. One read is enough, as the next write
 * reports again. An eventfd is never read: edge-triggered polling reports every write to it, and
 * its counter does not matter.
 */
void vmedia_vub_signal_drain(const struct vmedia_vub_signal *sig)
{
	uint8_t buf[4096];

	if (sig->fd >= 0 && sig->kind == VMEDIA_VUB_FD_SOCKET)
		drain_socket(sig->fd, buf, sizeof(buf));
	else if (sig->fd >= 0 && sig->kind == VMEDIA_VUB_FD_PIPE)
		read_now(sig->fd, buf, sizeof(buf));
}
