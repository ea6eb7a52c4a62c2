/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads of ours: the one place that starts them.
 *
 * A thread of a library takes no signal that is meant for the program: all are blocked in it, but
 * those that tell of what the thread itself did. SIGBUS is one: memory that a peer gave can go
 * while it is used, and the guard of virtq/mem.h mends that in the thread that touched it. A
 * blocked SIGBUS would end the process instead. SIGSYS is another: a system call filter reports
 * with it.
 */
#ifndef VMEDIA_BASE_THREAD_H
#define VMEDIA_BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>

/*
 * vmedia_thread_start - run @fn(@arg) in a thread
 *
 * @stack: bytes of stack, 0: as many as usual. @fn names the thread (vmedia_thread_name()), the
 * caller joins or detaches *@thread. Allocates nothing of ours. 0 or negative errno. Context: any
 * thread.
 */
int vmedia_thread_start(pthread_t *thread, size_t stack, void *(*fn)(void *arg), void *arg);

/* vmedia_thread_name - the calling thread's name, of which 15 bytes are kept. */
void vmedia_thread_name(const char *name);

#endif
