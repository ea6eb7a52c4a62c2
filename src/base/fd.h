/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * File descriptors: closing, flags, memory files, eventfds. All functions return negative errno on
 * failure.
 */
#ifndef VMEDIA_BASE_FD_H
#define VMEDIA_BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vmedia/loop.h>		/* vmedia_now_ns() */

/* vmedia_fd_close - close *fd unless it is negative, and make it -1. Keeps errno. */
void vmedia_fd_close(int *fd);

/* vmedia_fd_close_many - close the non-negative ones of @n fds and make each -1. */
void vmedia_fd_close_many(int *fds, size_t n);

/* vmedia_fd_set_nonblock, vmedia_fd_set_cloexec - set or clear the flag. 0 or negative errno. */
int vmedia_fd_set_nonblock(int fd, bool on);
int vmedia_fd_set_cloexec(int fd, bool on);

/* vmedia_fd_dup - a duplicate that is close-on-exec, or negative errno. */
int vmedia_fd_dup(int fd);

/*
 * vmedia_memfd - a memory file of @size bytes rounded up to host pages
 * @name: for /proc; no meaning
 *
 * Its size is sealed (F_SEAL_SHRINK, GROW, SEAL), so no process that gets the fd can make another's
 * mapping of it fault. Filled with zeros. Returns the fd, -EINVAL for a size of 0, -EOVERFLOW, or
 * what the kernel said.
 */
int vmedia_memfd(const char *name, uint64_t size);

/* vmedia_page_size - bytes in a host page. */
size_t vmedia_page_size(void);

/* vmedia_eventfd - a new eventfd (value 0), non-blocking and close-on-exec. */
int vmedia_eventfd(void);

/*
 * vmedia_eventfd_signal - add one. A full counter counts as success (the reader has enough to wake
 * for), so that a peer that never reads cannot make this fail or block when the fd is non-blocking.
 * A peer that has it too can clear O_NONBLOCK and fill the counter: then this waits until somebody
 * reads, or a signal arrives, which is no failure either (SECURITY.md). Signal-safe.
 */
int vmedia_eventfd_signal(int fd);

/*
 * vmedia_eventfd_clear - read it back to zero: 1 if it was signalled, 0 if not. The fd must be
 * non-blocking.
 */
int vmedia_eventfd_clear(int fd);

#endif
