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
 * that yield. ThreadSanitizer has a thread that sleeps.
 */
#if defined(SANDBOX_ADDRESS_SANITIZER) || defined(SANDBOX_THREAD_SANITIZER)
#define SANDBOX_SANITIZED	1
#define SANDBOX_SANITIZER_CALLS	\
	" sigaltstack sched_yield sched_getaffinity:any gettimeofday nanosleep|clock_nanosleep"
#else
#define SANDBOX_SANITIZED	0
#define SANDBOX_SANITIZER_CALLS	""
#endif

#endif /* VMEDIA_SANDBOX_SANITIZER_H */
