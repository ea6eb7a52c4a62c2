/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * File descriptors: closing, flags, memory files, eventfds. Functions that can fail return negative
 * errno.
 */
#ifndef VMEDIA_BASE_FD_H
#define VMEDIA_BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <vmedia/loop.h>		/* vmedia_now_ns() */

/* vmedia_fd_close - close *fd unless it is negative, and set it to -1. Keeps errno. */
void vmedia_fd_close(int *fd);

/* vmedia_fd_close_many - close the non-negative ones of @n fds and set each to -1. */
void vmedia_fd_close_many(int *fds, size_t n);

/*
 * vmedia_fd_set_nonblock, vmedia_fd_set_cloexec - set or clear the flag. Return 0 or negative
 * errno.
 */
int vmedia_fd_set_nonblock(int fd, bool on);
int vmedia_fd_set_cloexec(int fd, bool on);

/* vmedia_fd_dup - return a duplicate that is close-on-exec, or negative errno. */
int vmedia_fd_dup(int fd);

/*
 * vmedia_fd_stat - get type, size, device and inode of @fd, as they are in memory
 *
 * Unlike fstat() it asks no other process or machine that serves the file. Returns 0 or negative
 * errno.
 */
int vmedia_fd_stat(int fd, struct statx *st);

/*
 * vmedia_fd_read - read at the file's position, as read() does
 * @flags: 0, or RWF_NOWAIT for -EAGAIN in place of waiting
 *
 * Returns the bytes or negative errno. It is the only call that reads, for the filter of system
 * calls.
 */
ssize_t vmedia_fd_read(int fd, void *buf, size_t len, int flags);

/*
 * vmedia_memfd - create a memory file of @size bytes, rounded up to host pages
 * @name: shown in /proc; no other effect
 *
 * The file holds zeros. Its size is sealed (F_SEAL_SHRINK, GROW, SEAL), so no process that gets the
 * fd can make another process's mapping fault. Returns the fd; -EINVAL if @size is 0; -EOVERFLOW;
 * or negative errno of the kernel.
 */
int vmedia_memfd(const char *name, uint64_t size);

/* vmedia_page_size - return the bytes of a host page. */
size_t vmedia_page_size(void);

/* vmedia_eventfd - create an eventfd (value 0), non-blocking and close-on-exec. */
int vmedia_eventfd(void);

/*
 * vmedia_eventfd_signal - add one. If the counter is full, the call succeeds, since the reader is
 * already signalled. So a peer that never reads cannot make this fail, or block while the fd is
 * non-blocking. A peer that has the eventfd can clear O_NONBLOCK and fill the counter. Then this
 * blocks until another process reads, or until a signal arrives, which is no failure either
 * (SECURITY.md). Signal-safe.
 */
int vmedia_eventfd_signal(int fd);

/*
 * vmedia_eventfd_clear - read the counter, which sets it to zero. Returns 1 if it was signalled, 0
 * if not. The fd must be non-blocking.
 */
int vmedia_eventfd_clear(int fd);

#endif
