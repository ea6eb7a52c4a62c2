/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptors that another process sent.
 *
 * A file can be served by a process: FUSE, and network file systems. Then reading its attributes,
 * locking it, mapping it and even closing it wait for that process, in part without a way out. So
 * a descriptor that was received is judged before anything else is done with it.
 */
#ifndef VMEDIA_BASE_FOREIGN_H
#define VMEDIA_BASE_FOREIGN_H

#include <stdbool.h>

/*
 * vmedia_foreign_ok - does @fd belong to the kernel alone? Never waits.
 *
 * True for memory files (memfd, tmpfs, hugetlbfs), regular files of a file system on a block
 * device, sockets, pipes, anonymous files (eventfd, dma-buf), and memory devices like /dev/null.
 * False for the rest, for FUSE and network file systems above all, and also for what looks like
 * them: overlayfs, btrfs.
 */
bool vmedia_foreign_ok(int fd);

/*
 * vmedia_foreign_close - close *fd, and make it -1
 *
 * One that is not vmedia_foreign_ok() is closed by a thread made for it, which may take for ever.
 * If there can be none, it stays open. Whoever gets one has to limit how many come.
 */
void vmedia_foreign_close(int *fd);

#endif
