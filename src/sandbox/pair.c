/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages between keeper, mounter and server. A receiver that has ended with a message unread is
 * seen as ECONNRESET once.
 */
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
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	return (size_t)n == size ? 0 : -EPIPE;
}
