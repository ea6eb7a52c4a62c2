// SPDX-License-Identifier: BSD-3-Clause
/*
 * File descriptors; see fd.h.
 *
 * System calls, serving: close fcntl fcntl64 statx preadv2 write memfd_create ftruncate
 * ftruncate64 eventfd2
 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/checked.h"

void vmedia_fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

void vmedia_fd_close_many(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		vmedia_fd_close(&fds[i]);
}

static int set_flag(int fd, int get, int set, int flag, bool on)
{
	int flags = fcntl(fd, get);

	if (flags < 0)
		return -errno;
	if (!!(flags & flag) == on)
		return 0;
	if (fcntl(fd, set, on ? flags | flag : flags & ~flag) < 0)
		return -errno;
	return 0;
}

int vmedia_fd_set_nonblock(int fd, bool on)
{
	return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int vmedia_fd_set_cloexec(int fd, bool on)
{
	return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int vmedia_fd_dup(int fd)
{
	int ret = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return ret < 0 ? -errno : ret;
}

int vmedia_fd_stat(int fd, struct statx *st)
{
	const unsigned int mask = STATX_TYPE | STATX_MODE | STATX_SIZE | STATX_INO;
	const int flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;

	/*
	 * Where there is no path, a filter of system calls can see that. From Linux 6.11 on; the C
	 * library's statx() must have one.
	 */
	if (syscall(SYS_statx, fd, NULL, flags, mask, st) == 0)
		return 0;
	if (errno != EFAULT)
		return -errno;
	return statx(fd, "", flags, mask, st) ? -errno : 0;
}

ssize_t vmedia_fd_read(int fd, void *buf, size_t len, int flags)
{
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	ssize_t n = preadv2(fd, &iov, 1, -1, flags);

	return n < 0 ? -errno : n;
}

size_t vmedia_page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

int vmedia_memfd(const char *name, uint64_t size)
{
	uint64_t rounded;
	int fd, ret;

	if (size == 0)
		return -EINVAL;
	if (vmedia_align_overflow(size, vmedia_page_size(), &rounded) || rounded > INT64_MAX)
		return -EOVERFLOW;
	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)rounded) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

int vmedia_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

int vmedia_eventfd_signal(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN && errno != EINTR)
		return -errno;
	return 0;
}

int vmedia_eventfd_clear(int fd)
{
	uint64_t v;
	ssize_t n;

	do {
		n = vmedia_fd_read(fd, &v, sizeof(v), 0);
	} while (n == -EINTR);
	if (n < 0)
		return n == -EAGAIN ? 0 : (int)n;
	return n == (ssize_t)sizeof(v);
}

uint64_t vmedia_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}
