// SPDX-License-Identifier: BSD-3-Clause
/*
 * The start of a thread; see thread.h.
 *
 * A thread sets its own name. Setting another thread's name opens a file in /proc, which a sandbox
 * may forbid.
 *
 * System calls, serving: clone mmap2|mmap mprotect rt_sigprocmask prctl
 */
#include "base/thread.h"

#include <signal.h>
#include <stdio.h>

static void block_all_but_faults(sigset_t *old)
{
	static const int faults[] = { SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };
	sigset_t set;

	sigfillset(&set);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&set, faults[i]);
	pthread_sigmask(SIG_SETMASK, &set, old);
}

int vmedia_thread_start(pthread_t *thread, size_t stack, void *(*fn)(void *arg), void *arg)
{
	pthread_attr_t attr;
	sigset_t old;
	int ret;

	ret = pthread_attr_init(&attr);
	if (ret)
		return -ret;
	if (stack)
		pthread_attr_setstacksize(&attr, stack);
	/* A thread inherits its creator's mask, so it never runs with another one. */
	block_all_but_faults(&old);
	ret = pthread_create(thread, &attr, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return -ret;
}

void vmedia_thread_name(const char *name)
{
	char kept[16];

	snprintf(kept, sizeof(kept), "%s", name);
	pthread_setname_np(pthread_self(), kept);
}
