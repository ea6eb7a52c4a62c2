/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keeper: the process that the user started, which stays outside the sandbox and waits.
 *
 * Theory of operation: there are three processes at first.
 *
 *   keeper	the one that was started
 *   mounter	its child: makes the namespaces, and mounts (root.c). The first member of
 *		a pid namespace is a child of the process that made it, so this one
 *		cannot serve
 *   server	the mounter's child
 *
 * Each dies with its parent (PR_SET_PDEATHSIG). When the root is entered, the mounter ends and the
 * server becomes the keeper's child (PR_SET_CHILD_SUBREAPER). The keeper tells it so, and it asks
 * for the death of that parent, too. A parent that died before it was asked for has closed its end
 * of a socket pair. Where no namespace can be made, there is no mounter.
 *
 * The other processes are in a session of their own: the terminal's signals go to the keeper alone,
 * which forwards them. A signal with the code SI_QUEUE is thus the keeper's. At SIGQUIT the keeper
 * kills the server, and at SIGTSTP it stops with it. They cannot read the terminal (terminal.c).
 *
 * The keeper reads nothing of a peer. It keeps its user, who can remove the socket file, and as
 * root the capabilities to signal another user's process and to remove the file from another user's
 * folder.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/calls.h"
#include "sandbox/impl.h"

#define KEPT_CAPS ((1ull << CAP_KILL) | (1ull << CAP_DAC_OVERRIDE))

/* After a second signal, what does not end is killed. */
#define PATIENCE_S 2

static void add_unless_ignored(sigset_t *set, int sig)
{
	struct sigaction sa;

	if (sigaction(sig, NULL, &sa) == 0 && sa.sa_handler != SIG_IGN)
		sigaddset(set, sig);
}

void sandbox_ending_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	add_unless_ignored(set, SIGINT);
	add_unless_ignored(set, SIGHUP);
}

/* The other signals of a terminal. The first process of a pid namespace would not hear them. */
static void add_other(sigset_t *set)
{
	sigaddset(set, SIGCHLD);
	add_unless_ignored(set, SIGQUIT);
	add_unless_ignored(set, SIGTSTP);
}

/* Close all descriptors but the standard ones and @fd. */
static void close_others(int fd)
{
	if (fd > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, (unsigned int)fd - 1, 0);
	close_range((unsigned int)fd + 1, ~0u, 0);
}

static void confine(void)
{
	const struct rlimit none = { 0, 0 };
	char why[160];

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	sandbox_empty_bounding_set();
	sandbox_keep_capabilities(KEPT_CAPS);
	sandbox_calls_load(SANDBOX_CALLS_KEEPER, NULL, why, sizeof(why));
}

static void forward(pid_t pid, int sig)
{
	siginfo_t si = { .si_signo = sig, .si_code = SI_QUEUE };

	si.si_pid = getpid();
	si.si_uid = getuid();
	syscall(SYS_rt_sigqueueinfo, pid, sig, &si);
}

struct family {
	pid_t child;  /* the process that was forked: the mounter, or the server */
	pid_t server;
	int fd;	      /* open as long as the keeper is there: both see its end */
};

/* Returns true if the server has ended. */
static bool take_ended(struct family *f, int *status)
{
	pid_t pid;

	/* Children that the program's parent has left to this process end here too. */
	while ((pid = waitpid(-1, status, WNOHANG)) > 0) {
		if (pid == f->server)
			return true;
		/* The server is a child of this process now. */
		if (pid == f->child)
			send(f->fd, "", 1, MSG_NOSIGNAL);
	}
	return false;
}

/* Both stop until the shell continues the keeper. */
static void stop(const struct family *f)
{
	kill(f->server, SIGSTOP);
	kill(getpid(), SIGSTOP);
	kill(f->server, SIGCONT);
}

/*
 * Wait for the server and forward signals to it. Returns its status.
 *
 * System calls, keeper: rt_sigtimedwait rt_sigtimedwait_time64 wait4|waitid rt_sigqueueinfo:any
 * kill:any tgkill:any getpid gettid getuid newfstatat:any fstatat64:any statx:any unlink|unlinkat
 * close write poll|ppoll ppoll_time64 sendto rt_sigaction:any rt_sigprocmask rt_sigreturn
 * exit_group mmap2|mmap munmap madvise brk futex
 */
static int keep(struct family *f, const sigset_t *wanted)
{
	struct timespec patience = { .tv_sec = PATIENCE_S };
	unsigned int asked = 0;
	bool quit = false;
	int status, sig;

	while (!take_ended(f, &status)) {
		sig = sigtimedwait(wanted, NULL, asked > 1 ? &patience : NULL);
		if (sig < 0 && errno == EAGAIN) {
			kill(f->server, SIGKILL);
		} else if (sig == SIGQUIT) {
			quit = true;
			kill(f->server, SIGKILL);
		} else if (sig == SIGTSTP) {
			stop(f);
		} else if (sig > 0 && sig != SIGCHLD) {
			asked++;
			forward(f->server, sig);
		}
	}
	return quit && WIFSIGNALED(status) ? SIGQUIT : status;
}

/* In the keeper: learn who serves, and keep it. Returns its status. */
static int keep_child(pid_t child, int fd, const sigset_t *wanted)
{
	struct family f = { child, child, fd };

	close_others(fd);
	if (sandbox_recv(fd, &f.server, sizeof(f.server)) < 0)
		f.server = child;
	confine();
	return keep(&f, wanted);
}

int sandbox_keeper_fork(struct sandbox *sb)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t wanted, old;
	int sv[2], err;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	/* A signal that comes from now on waits until the keeper or the server takes it. */
	sandbox_ending_signals(&wanted);
	sigprocmask(SIG_BLOCK, &wanted, &old);
	sigaction(SIGCHLD, &dfl, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	pid = fork();
	if (pid < 0) {
		err = -errno;
		sigprocmask(SIG_SETMASK, &old, NULL);
		vmedia_fd_close_many(sv, 2);
		return err;
	}
	vmedia_fd_close(&sv[pid ? 1 : 0]);
	if (pid == 0) {
		sb->keeper_fd = sv[1];
		sandbox_terminal_leave();
		setsid();
		return 0;
	}
	add_other(&wanted);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	sb->status = keep_child(pid, sv[0], &wanted);
	return 1;
}

/*
 * Die with the parent, which has the other end of the pair @fd. If the parent is dead already, no
 * signal will come, so this ends the process: without a line, as the signal would.
 */
static int die_with_parent(int fd)
{
	ssize_t n;
	char x;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	n = recv(fd, &x, 1, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		_exit(1);
	return 0;
}

/* Tell the keeper who serves. If it is dead, this ends the process as die_with_parent() does. */
static int tell(int fd, pid_t server)
{
	if (send(fd, &server, sizeof(server), MSG_NOSIGNAL) >= 0)
		return 0;
	if (errno == EPIPE || errno == ECONNRESET)
		_exit(1);
	return -errno;
}

int sandbox_keeper_stay(struct sandbox *sb)
{
	int ret = die_with_parent(sb->keeper_fd);

	if (ret == 0)
		ret = tell(sb->keeper_fd, getpid());
	vmedia_fd_close(&sb->keeper_fd);
	return ret;
}

/*
 * In the server: wait until the mounter has told the keeper who serves. The server has that socket,
 * too, and the keeper believes the first who tells. The mounter dies with the keeper.
 */
static int await_told(int mounter_fd)
{
	char x;

	if (sandbox_recv(mounter_fd, &x, sizeof(x)) < 0)
		_exit(1);
	return die_with_parent(mounter_fd);
}

int sandbox_keeper_split(struct sandbox *sb)
{
	int sv[2], ret = die_with_parent(sb->keeper_fd);
	pid_t pid;

	if (ret == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		ret = -errno;
	if (ret < 0)
		return ret;
	pid = fork();
	if (pid == 0) {
		close(sv[0]);
		sb->mounter_fd = sv[1];
		return await_told(sb->mounter_fd);
	}
	close(sv[1]);
	ret = pid < 0 ? -errno : tell(sb->keeper_fd, pid);
	if (ret == 0 && send(sv[0], "", 1, MSG_NOSIGNAL) < 0)
		ret = -errno;
	if (pid < 0)
		return ret;
	close_others(sv[0]);
	_exit(ret == 0 ? sandbox_root_mount(sb->entered_ns & CLONE_NEWNS, sv[0]) : 1);
}

int sandbox_keeper_release(struct sandbox *sb)
{
	if (sb->mounter_fd >= 0 && prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

int sandbox_keeper_await(struct sandbox *sb)
{
	int ret;
	char go;

	if (sb->keeper_fd < 0)
		return 0;
	ret = sandbox_recv(sb->keeper_fd, &go, sizeof(go));
	if (ret == 0 || ret == -EPIPE) /* the keeper is the parent, or it is dead */
		ret = die_with_parent(sb->keeper_fd);
	vmedia_fd_close(&sb->keeper_fd);
	return ret;
}

int sandbox_end_as(int status)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t set;
	int sig;

	if (!WIFSIGNALED(status))
		return WEXITSTATUS(status);
	sig = WTERMSIG(status);
	sigaction(sig, &dfl, NULL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	kill(getpid(), sig);
	return 1;
}
