/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signals that end the daemon; see signals.h.
 *
 * Theory of operation: a separate thread waits for the signals, since the main thread may be
 * blocked in a system call: while a source is opened, or because of a slow front-end or file
 * server. The signals are blocked in all threads; this thread reads them from a signalfd. It stops
 * the loop. Until the daemon has left, it interrupts the main thread twice a second with a signal
 * whose handler does nothing. A single signal could come before the system call begins.
 *
 * With a sandbox, a signal for all processes of the daemon (of a service manager) comes twice: as
 * it is, and forwarded by the keeper, with the code SI_QUEUE. So a second signal is one that comes
 * the way the first one came.
 *
 * System calls, serving: poll|ppoll ppoll_time64 getpid tgkill rt_sigprocmask exit_group
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <vmedia/loop.h>

#include "base/fd.h"
#include "base/thread.h"
#include "log.h"
#include "sandbox/sandbox.h"
#include "signals.h"

#define NUDGE		SIGURG
#define NUDGE_EVERY_MS	500
#define NUDGES		10

static void on_nudge(int sig)
{
}

/* The signals that came, by the way they came. */
struct came {
	unsigned int directly, forwarded;
};

static int next_signal(const struct daemon_signals *s, struct came *came)
{
	struct signalfd_siginfo si;

	if (vmedia_fd_read(s->signal_fd, &si, sizeof(si), 0) != sizeof(si))
		return 0;
	if (si.ssi_code == SI_QUEUE)
		came->forwarded++;
	else
		came->directly++;
	return (int)si.ssi_signo;
}

static bool came_again(const struct came *came)
{
	return came->directly > 1 || came->forwarded > 1;
}

/* Wait for a signal. Returns it, 0 after @timeout_ms, or -1 when the daemon has left. */
static int wait_signal(const struct daemon_signals *s, int timeout_ms, struct came *came)
{
	struct pollfd p[] = {
		{ .fd = s->finish_fd, .events = POLLIN },
		{ .fd = s->signal_fd, .events = POLLIN },
	};
	int ret;

	do {
		ret = poll(p, 2, timeout_ms);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0 || p[0].revents)
		return -1;
	return p[1].revents ? next_signal(s, came) : 0;
}

static void end(bool asked)
{
	daemon_log_last(asked ? "error: a second signal: leaving at once"
			      : "error: something does not end, leaving it");
	_exit(1);
}

static void *signals_main(void *arg)
{
	struct daemon_signals *s = arg;
	struct came came = { 0 };
	sigset_t asking;
	int sig, n;

	vmedia_thread_name("vmedia-signals");
	/* All threads handle the signal of sandbox/threads.h, so this one must too. */
	sigemptyset(&asking);
	sigaddset(&asking, NUDGE);
	pthread_sigmask(SIG_UNBLOCK, &asking, NULL);
	sem_post(&s->ready);
	do {
		sig = wait_signal(s, -1, &came);
	} while (sig == 0);
	if (sig < 0)
		return NULL;
	__atomic_store_n(&s->caught, sig, __ATOMIC_RELEASE);
	vmedia_loop_stop(s->loop);
	for (n = 0; n < NUDGES && sig >= 0 && !came_again(&came); n++) {
		pthread_kill(s->main, NUDGE);
		sig = wait_signal(s, NUDGE_EVERY_MS, &came);
	}
	if (sig >= 0)
		end(came_again(&came));
	return NULL;
}

static int open_fds(struct daemon_signals *s, const sigset_t *set)
{
	s->signal_fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signal_fd < 0)
		return -errno;
	s->finish_fd = vmedia_eventfd();
	return s->finish_fd < 0 ? s->finish_fd : 0;
}

void daemon_signals_block(void)
{
	sigset_t set;

	sandbox_ending_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Returns when the thread hears SIGURG. */
static int start_thread(struct daemon_signals *s)
{
	int ret;

	sem_init(&s->ready, 0, 0);
	ret = vmedia_thread_start(&s->thread, 0, signals_main, s);
	while (ret == 0 && sem_wait(&s->ready) < 0)
		; /* EINTR */
	sem_destroy(&s->ready);
	return ret;
}

int daemon_signals_start(struct daemon_signals *s, struct vmedia_loop *loop)
{
	struct sigaction nudge = { .sa_handler = on_nudge };
	sigset_t set;
	int ret;

	s->loop = loop;
	s->main = pthread_self();
	daemon_signals_block();
	if (sigaction(NUDGE, &nudge, NULL) < 0)
		return -errno;
	sandbox_ending_signals(&set);
	sigemptyset(&nudge.sa_mask);
	sigaddset(&nudge.sa_mask, NUDGE);
	sigprocmask(SIG_UNBLOCK, &nudge.sa_mask, NULL);
	ret = open_fds(s, &set);
	if (ret == 0)
		ret = start_thread(s);
	s->running = ret == 0;
	if (ret < 0)
		daemon_signals_finish(s);
	return ret;
}

int daemon_signals_caught(const struct daemon_signals *s)
{
	return __atomic_load_n(&s->caught, __ATOMIC_ACQUIRE);
}

void daemon_signals_finish(struct daemon_signals *s)
{
	if (s->running) {
		vmedia_eventfd_signal(s->finish_fd);
		pthread_join(s->thread, NULL);
		s->running = false;
	}
	vmedia_fd_close(&s->signal_fd);
	vmedia_fd_close(&s->finish_fd);
}
