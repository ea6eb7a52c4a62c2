/* SPDX-License-Identifier: BSD-3-Clause */
/* Run one function on every thread of the process, for state that Linux keeps per thread. */
#ifndef VMEDIA_SANDBOX_THREADS_H
#define VMEDIA_SANDBOX_THREADS_H

#include <dirent.h>

/*
 * sandbox_on_every_thread - run @fn on all threads, on the caller's last
 * @threads: the folder /proc/self/task
 * @fn: returns 0 or negative errno; must be async-signal-safe, since it runs in a signal handler on
 *	the other threads
 *
 * Threads made during the call are covered if their creator had not run @fn yet. Returns 0; the
 * first error of @fn; -ETIMEDOUT: a thread does not run, or blocks SIGURG (the others have run @fn
 * then); errno of reading /proc/self/task. Context: one call at a time.
 */
int sandbox_on_every_thread(DIR *threads, int (*fn)(void));

#endif /* VMEDIA_SANDBOX_THREADS_H */
