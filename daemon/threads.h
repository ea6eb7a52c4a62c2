/* SPDX-License-Identifier: BSD-3-Clause */
/* Running one function on every thread of the process, for what Linux keeps per thread. */
#ifndef VMEDIA_DAEMON_THREADS_H
#define VMEDIA_DAEMON_THREADS_H

/*
 * daemon_on_every_thread - run @fn on all threads, the caller's last
 * @fn: returns 0 or negative errno; async-signal-safe, since it runs in a signal handler elsewhere
 *
 * Threads made meanwhile are covered if they come from a thread that had not run @fn yet. Returns
 * 0; the first error of @fn; -ETIMEDOUT: a thread blocks SIGURG or does not run; errno of reading
 * /proc/self/task. Context: once in a process, SIGURG not in use.
 */
int daemon_on_every_thread(int (*fn)(void));

#endif /* VMEDIA_DAEMON_THREADS_H */
