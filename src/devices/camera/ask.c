// SPDX-License-Identifier: BSD-3-Clause
/*
 * A question to the opener, which is a part of the program, and its answer.
 *
 * System calls, serving: sendmsg recvmsg
 */
#include "ask.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

static int answer(int sock)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	int32_t err = -EIO;
	int fd = -1;
	struct iovec iov = { &err, sizeof(err) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control.room) };
	ssize_t n;

	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(err))
		return -EIO;
	if (!err && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return err ? err : fd >= 0 ? fd : -EIO;
}

int vmedia_camera_ask(int opener)
{
	char request = 0;
	struct iovec iov = { &request, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return sendmsg(opener, &msg, MSG_NOSIGNAL) == 1 ? answer(opener) : -EIO;
}
