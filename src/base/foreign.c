// SPDX-License-Identifier: BSD-3-Clause
/*
 * Descriptors that another process sent; see foreign.h.
 *
 * Theory of operation: F_GET_SEALS succeeds only for files of shmem and hugetlbfs, since the kernel
 * decides by the file's operations; no other file system can imitate that. For all other files,
 * statx() is called with AT_STATX_DONT_SYNC, which answers from memory. The type and device in its
 * answer cannot be faked either: a file system without a block device has a major number of 0. A
 * file system with a block device was mounted by the administrator; so were fuseblk and the layers
 * below it. Data of a named pipe passes no file system, nor does closing it.
 *
 * Closing a file on FUSE sends its server a request that no signal interrupts. The thread that
 * closes the file ends when the server answers, or with the FUSE connection. A process waits for it
 * when it exits. The descriptor's number is free as soon as the close begins, so RLIMIT_NOFILE does
 * not bound these threads. They are counted, and beyond MAX_CLOSING descriptors stay open; then
 * RLIMIT_NOFILE bounds them. The count is process-wide, as descriptors are; it is the exception to
 * "no globals" here.
 *
 * System calls, serving: fcntl statx close
 */
#include "base/foreign.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/thread.h"

#define MEM_MAJOR 1	/* /dev/null and its like */
#define STACK	  (256u << 10)
#define MAX_CLOSING 64

static int closing;	/* atomic: threads */

bool vmedia_foreign_ok(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	struct statx st;

	/* O_PATH: any kind of file, not opened */
	if (flags < 0 || flags & O_PATH)
		return false;
	if (fcntl(fd, F_GET_SEALS) >= 0)
		return true;
	if (vmedia_fd_stat(fd, &st) < 0)
		return false;
	switch (st.stx_mode & S_IFMT) {
	case 0:
	case S_IFSOCK:
	case S_IFIFO:
		return true;
	case S_IFCHR:
		return st.stx_rdev_major == MEM_MAJOR;
	case S_IFREG:
		return st.stx_dev_major != 0;
	default:
		return false;
	}
}

static void *close_main(void *arg)
{
	vmedia_thread_name("vmedia-close");
	close((int)(intptr_t)arg);
	__atomic_sub_fetch(&closing, 1, __ATOMIC_RELAXED);
	return NULL;
}

static bool close_elsewhere(int fd)
{
	pthread_t thread;

	if (__atomic_add_fetch(&closing, 1, __ATOMIC_RELAXED) > MAX_CLOSING ||
	    vmedia_thread_start(&thread, STACK, close_main, (void *)(intptr_t)fd)) {
		__atomic_sub_fetch(&closing, 1, __ATOMIC_RELAXED);
		return false;
	}
	pthread_detach(thread);
	return true;
}

void vmedia_foreign_close(int *fd)
{
	if (*fd < 0 || vmedia_foreign_ok(*fd)) {
		vmedia_fd_close(fd);
		return;
	}
	if (!close_elsewhere(*fd))
		vmedia_warn("Descriptor %d stays open: closing it may wait for another process, "
			    "and there is no thread left for that",
			    *fd);
	*fd = -1;
}
