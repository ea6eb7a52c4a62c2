/* SPDX-License-Identifier: BSD-3-Clause */
/* Signals that end the daemon. */
#ifndef VMEDIA_DAEMON_SIGNALS_H
#define VMEDIA_DAEMON_SIGNALS_H

#include <pthread.h>
#include <semaphore.h>

struct vmedia_loop;

struct daemon_signals {
	struct vmedia_loop *loop;
	pthread_t main, thread;
	int signal_fd, finish_fd; /* -1: none */
	int caught; /* atomic; the first signal, 0: none */
	int running; /* the thread exists */
	sem_t ready; /* while it starts */
};

/* The initial state: daemon_signals_finish() does nothing. */
#define DAEMON_SIGNALS_NONE { .signal_fd = -1, .finish_fd = -1 }

/*
 * daemon_signals_block - the signals of daemon_signals_start() wait for it
 *
 * Context: before there is anything that the end of the process would leave behind.
 */
void daemon_signals_block(void);

/*
 * daemon_signals_start - stop @loop at SIGTERM, SIGINT and SIGHUP from now on, so that a guest's
 * session ends in order. SIGINT and SIGHUP stay ignored if the parent had ignored them.
 *
 * System calls of the main thread are interrupted repeatedly. If the daemon has not left within
 * five seconds, or when a second signal comes, the process ends at once with status 1. Returns 0 or
 * negative errno. Context: the main thread, which is the loop's, before it makes any other; SIGURG
 * is in use from here.
 */
int daemon_signals_start(struct daemon_signals *s, struct vmedia_loop *loop);

/* Return the signal that came, 0 if none did. Context: any thread. */
int daemon_signals_caught(const struct daemon_signals *s);

/* End the thread: the daemon has left. Context: the main thread. */
void daemon_signals_finish(struct daemon_signals *s);

#endif /* VMEDIA_DAEMON_SIGNALS_H */
