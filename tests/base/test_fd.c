// SPDX-License-Identifier: BSD-3-Clause
/*
 * Descriptors: flags, sealed memory files, eventfds.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd.h"

static void test_memfd(void **state)
{
	struct stat st;
	int fd = vmedia_memfd("test", 1);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, vmedia_page_size());
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 1 << 20), -1);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	vmedia_fd_close(&fd);
	assert_int_equal(fd, -1);
	vmedia_fd_close(&fd);
	assert_int_equal(vmedia_memfd("test", 0), -EINVAL);
	assert_int_equal(vmedia_memfd("test", UINT64_MAX), -EOVERFLOW);
	assert_int_equal(vmedia_memfd("test", 1ull << 63), -EOVERFLOW);
}

static void test_flags(void **state)
{
	int p[2], d;

	assert_int_equal(pipe(p), 0);
	assert_int_equal(vmedia_fd_set_nonblock(p[0], true), 0);
	assert_true(fcntl(p[0], F_GETFL) & O_NONBLOCK);
	assert_int_equal(vmedia_fd_set_nonblock(p[0], false), 0);
	assert_false(fcntl(p[0], F_GETFL) & O_NONBLOCK);
	assert_int_equal(vmedia_fd_set_cloexec(p[0], true), 0);
	assert_true(fcntl(p[0], F_GETFD) & FD_CLOEXEC);
	d = vmedia_fd_dup(p[1]);
	assert_true(d >= 0 && fcntl(d, F_GETFD) & FD_CLOEXEC);
	close(d);
	vmedia_fd_close_many(p, 2);
	assert_true(p[0] == -1 && p[1] == -1);
	assert_int_equal(vmedia_fd_set_nonblock(-1, true), -EBADF);
	assert_int_equal(vmedia_fd_dup(-1), -EBADF);
}

static void test_eventfd(void **state)
{
	uint64_t full = UINT64_MAX - 1;
	int fd = vmedia_eventfd();

	assert_true(fd >= 0);
	assert_int_equal(vmedia_eventfd_clear(fd), 0);
	assert_int_equal(vmedia_eventfd_signal(fd), 0);
	assert_int_equal(vmedia_eventfd_signal(fd), 0);
	assert_int_equal(vmedia_eventfd_clear(fd), 1);
	assert_int_equal(vmedia_eventfd_clear(fd), 0);
	assert_int_equal(write(fd, &full, 8), 8);
	assert_int_equal(vmedia_eventfd_signal(fd), 0);	/* full: signalled anyway */
	assert_int_equal(vmedia_eventfd_clear(fd), 1);
	vmedia_fd_close(&fd);
	assert_int_equal(vmedia_eventfd_signal(-1), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memfd),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_eventfd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
