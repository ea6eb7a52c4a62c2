/* SPDX-License-Identifier: BSD-3-Clause */
/* Signals that end the daemon. */
#ifndef VMEDIA_DAEMON_SIGNALS_H
#define VMEDIA_DAEMON_SIGNALS_H

#include <pthread.h>

struct vmedia_loop;

struct daemon_signals {
	struct vmedia_loop *loop;
	pthread_t main, thread;
	int signal_fd, finish_fd; /* -1: not there */
	int caught; /* atomic; the first signal that came, 0: none */
	int running; /* there is a thread */
};

/* For those that were never started: daemon_signals_finish() does nothing. */
#define DAEMON_SIGNALS_NONE { .signal_fd = -1, .finish_fd = -1 }

/*
 * daemon_signals_start - from now on SIGTERM, SIGINT and SIGHUP stop @loop, so that a guest's
 * session ends in order; SIGINT and SIGHUP not if the parent had ignored them
 *
 * What waits in a system call is interrupted, again and again. If the daemon has not left within
 * five seconds, or when a second signal comes, it ends with status 1 whatever it is doing. Returns
 * 0 or negative errno. Context: the main thread, which is the loop's, before it makes any other;
 * SIGURG is in use from here.
 */
int daemon_signals_start(struct daemon_signals *s, struct vmedia_loop *loop);

/* The signal that came, 0 if none did. Context: any thread. */
int daemon_signals_caught(const struct daemon_signals *s);

/* The daemon has left. Context: the main thread. */
void daemon_signals_finish(struct daemon_signals *s);

#endif /* VMEDIA_DAEMON_SIGNALS_H */
