/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages between keeper, mounter and server. */
#include <errno.h>
#include <sys/socket.h>

#include "sandbox/impl.h"

int sandbox_recv(int fd, void *data, size_t size)
{
	ssize_t n;

	/* A signal that ends the program interrupts its main thread repeatedly. */
	do {
		n = recv(fd, data, size, 0);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (size_t)n == size ? 0 : -EPIPE;
}
