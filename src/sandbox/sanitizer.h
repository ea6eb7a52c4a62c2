/* SPDX-License-Identifier: BSD-3-Clause */
/* What a build with a sanitizer needs of the sandbox, in addition. */
#ifndef VMEDIA_SANDBOX_SANITIZER_H
#define VMEDIA_SANDBOX_SANITIZER_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_ADDRESS_SANITIZER 1
#elif __has_feature(thread_sanitizer)
#define SANDBOX_THREAD_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_ADDRESS_SANITIZER 1
#elif defined(__SANITIZE_THREAD__)
#define SANDBOX_THREAD_SANITIZER 1
#endif

/*
 * Both have a stack for signals in each thread, ask for each thread's attributes, and have locks
 * that yield.
 */
#define SANDBOX_BOTH " sigaltstack sched_yield sched_getaffinity:any"

#if defined(SANDBOX_ADDRESS_SANITIZER)
#define SANDBOX_SANITIZED	1
#define SANDBOX_SANITIZER_CALLS SANDBOX_BOTH
#elif defined(SANDBOX_THREAD_SANITIZER)
/*
 * It has a thread that sleeps, and looks for each finding, also for one that tests/tsan.supp
 * suppresses, into /proc and libraries. A process that was forked makes that thread anew, which may
 * have its first turn when the process has its filter: of the opener, for one.
 */
#define SANDBOX_SANITIZED	1
#define SANDBOX_SANITIZER_CALLS                                                             \
	SANDBOX_BOTH " gettimeofday nanosleep|clock_nanosleep open openat read ioctl:T"     \
		     " rseq set_robust_list rt_sigprocmask mmap mprotect munmap madvise gettid"
#else
#define SANDBOX_SANITIZED	0
#define SANDBOX_SANITIZER_CALLS ""
#endif

#endif /* VMEDIA_SANDBOX_SANITIZER_H */
