/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keeper: the process that the user started, which stays outside the sandbox and waits.
 *
 * Theory of operation: the keeper forks a process that makes the namespaces. The first member of a
 * pid namespace is a child of the one that made it, so that process forks another and ends; it is
 * the keeper's child then (PR_SET_CHILD_SUBREAPER). Both ends of a socket pair tell each other who
 * is there: the new process its number, the keeper that it is the parent now.
 *
 * The process that serves is in a session of its own: the terminal's signals go to the keeper
 * alone, which forwards them. A signal with the code SI_QUEUE is thus the keeper's.
 *
 * The keeper reads nothing of a peer. It keeps its user, who can remove the socket file, and as
 * root the capabilities to signal another user's process and to remove the file from another user's
 * folder.
 */
#include <errno.h>
#include <linux/capability.h>
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

/* The signals that the keeper forwards. */
static void forwarded(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	add_unless_ignored(set, SIGINT);
	add_unless_ignored(set, SIGHUP);
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

/*
 * Wait for the process @pid and forward signals to it. Returns its status.
 *
 * System calls, keeper: rt_sigtimedwait|rt_sigtimedwait_time64 wait4|waitid rt_sigqueueinfo:any
 * kill:any tgkill:any getpid gettid getuid lstat|newfstatat:any unlink|unlinkat close write ppoll|poll
 * rt_sigaction rt_sigprocmask rt_sigreturn exit_group munmap madvise brk
 */
static int keep(pid_t pid, const sigset_t *wanted)
{
	struct timespec patience = { .tv_sec = PATIENCE_S };
	unsigned int asked = 0;
	pid_t ended;
	int status, sig;

	for (;;) {
		/* Children that the user's shell has left to this process end here too. */
		while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
			if (ended == pid)
				return status;
		sig = sigtimedwait(wanted, NULL, asked > 1 ? &patience : NULL);
		if (sig < 0 && errno == EAGAIN) {
			kill(pid, SIGKILL);
		} else if (sig > 0 && sig != SIGCHLD) {
			asked++;
			forward(pid, sig);
		}
	}
}

/* In the keeper. @first is the process that it has made. Returns the status of who is kept. */
static int keep_first(pid_t first, int fd, const sigset_t *wanted)
{
	pid_t kept = first;
	int status = 0;

	close_others(fd);
	if (recv(fd, &kept, sizeof(kept), 0) == sizeof(kept)) {
		if (kept != first)
			waitpid(first, &status, 0);
		/* It is a child of this process now. */
		send(fd, &kept, sizeof(kept), MSG_NOSIGNAL);
	}
	confine();
	return keep(kept, wanted);
}

int sandbox_keeper_fork(struct sandbox *sb, struct sandbox_keeper *k)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t wanted, old;
	pid_t pid;
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	/* A signal that comes from now on waits until the keeper or the other process takes it. */
	forwarded(&wanted);
	sigprocmask(SIG_BLOCK, &wanted, &old);
	sigaction(SIGCHLD, &dfl, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	pid = fork();
	if (pid < 0) {
		int err = -errno;

		sigprocmask(SIG_SETMASK, &old, NULL);
		vmedia_fd_close_many(sv, 2);
		return err;
	}
	vmedia_fd_close(&sv[pid ? 1 : 0]);
	k->fd = sv[pid ? 0 : 1];
	if (pid == 0) {
		setsid();
		return 0;
	}
	sigaddset(&wanted, SIGCHLD);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	sb->status = keep_first(pid, k->fd, &wanted);
	vmedia_fd_close(&k->fd);
	return 1;
}

int sandbox_keeper_tell(struct sandbox_keeper *k, bool again)
{
	pid_t pid = again ? fork() : getpid();

	if (pid < 0)
		return -errno;
	/* If the keeper is gone, the child finds that out. */
	if (pid > 0 && send(k->fd, &pid, sizeof(pid), MSG_NOSIGNAL) < 0 && !again)
		return -errno;
	if (pid > 0 && again)
		_exit(0);
	return 0;
}

/* The keeper may be dead before PR_SET_PDEATHSIG is set: then its end of the pair is closed. */
int sandbox_keeper_await(struct sandbox_keeper *k)
{
	ssize_t n;
	pid_t pid;
	int ret = 0;

	n = recv(k->fd, &pid, sizeof(pid), 0);
	if (n > 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		ret = -errno;
	if (n > 0)
		n = recv(k->fd, &pid, sizeof(pid), MSG_DONTWAIT);
	if (n == 0)
		ret = -EPIPE;
	vmedia_fd_close(&k->fd);
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
