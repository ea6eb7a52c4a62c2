/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The only place that starts threads of the library.
 *
 * A library's thread must not take signals that are meant for the program. All signals are blocked
 * in it, except those for faults of the thread itself. SIGBUS is one: memory from a peer can
 * disappear while it is used, and the guard of virtq/mem.h repairs that in the thread that accessed
 * it. A blocked SIGBUS would end the process instead. SIGSYS is another: a system call filter
 * reports with it.
 */
#ifndef VMEDIA_BASE_THREAD_H
#define VMEDIA_BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>

/*
 * vmedia_thread_start - run @fn(@arg) in a thread
 * @stack: bytes of stack; 0: the default
 * @fn: must name the thread (vmedia_thread_name())
 *
 * The caller joins or detaches *@thread. Allocates no memory of the library. Returns 0 or negative
 * errno. Context: any thread.
 */
int vmedia_thread_start(pthread_t *thread, size_t stack, void *(*fn)(void *arg), void *arg);

/* vmedia_thread_name - set the calling thread's name; 15 bytes of it are kept. */
void vmedia_thread_name(const char *name);

#endif
