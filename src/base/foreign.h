/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptors that another process sent.
 *
 * A file can be served by a process (FUSE) or over the network. Then reading its attributes,
 * locking it, mapping it and even closing it wait for the server, and some of these waits cannot be
 * interrupted. So a received descriptor is checked before any other use.
 */
#ifndef VMEDIA_BASE_FOREIGN_H
#define VMEDIA_BASE_FOREIGN_H

#include <stdbool.h>

/*
 * vmedia_foreign_ok - true if the kernel alone serves @fd. Never waits.
 *
 * True for memory files (memfd, tmpfs, hugetlbfs), regular files of a file system on a block
 * device, sockets, pipes, anonymous files (eventfd, dma-buf), and memory devices like /dev/null.
 * Attributes of a named pipe may still come from elsewhere: get them by vmedia_fd_stat().
 * False for all others: FUSE and network file systems, and also overlayfs and btrfs, which cannot
 * be distinguished from them.
 */
bool vmedia_foreign_ok(int fd);

/*
 * vmedia_foreign_close - close *fd and set it to -1
 *
 * A descriptor that is not vmedia_foreign_ok() is closed by a new thread, which may take forever.
 * If no thread can be started, the descriptor stays open. The caller must limit how many it
 * receives.
 */
void vmedia_foreign_close(int *fd);

#endif
