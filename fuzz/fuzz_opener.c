/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The opener of device nodes, of sockets and of FIFOs (src/sandbox/opener.h), as a process sees it
 * that was taken over: any messages, with and without descriptors. The first byte of a message is
 * its length, in the upper bit whether a descriptor comes with it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/opener.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *serve_node(void *arg)
{
	int sock = *(int *)arg;

	sandbox_opener_serve(sock, "/dev/null", SANDBOX_OPENER_NODE, 1);
	shutdown(sock, SHUT_RDWR);
	return NULL;
}

/* Nobody listens there. */
static void *serve_socket(void *arg)
{
	int sock = *(int *)arg;

	sandbox_opener_serve(sock, "/dev/null", SANDBOX_OPENER_SOCKET, 0);
	shutdown(sock, SHUT_RDWR);
	return NULL;
}

/* It is no FIFO. */
static void *serve_fifo(void *arg)
{
	int sock = *(int *)arg;

	sandbox_opener_serve(sock, "/dev/null", SANDBOX_OPENER_FIFO, 0);
	shutdown(sock, SHUT_RDWR);
	return NULL;
}

static void send_one(int fd, const uint8_t *bytes, size_t len, int passed)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .head = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { (void *)(uintptr_t)bytes, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (passed >= 0) {
		memcpy(CMSG_DATA(&control.head), &passed, sizeof(passed));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.room);
	}
	(void)sendmsg(fd, &msg, MSG_NOSIGNAL);
}

/* Every answer is four bytes, with a descriptor for 0 and none otherwise. */
static void receive_all(int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control;
	int32_t err;
	int got;

	for (;;) {
		struct iovec iov = { &err, sizeof(err) };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
				      .msg_controllen = sizeof(control.room) };
		ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
		struct cmsghdr *head = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

		if (n <= 0)
			return;
		if (n != sizeof(err) || err > 0 || (head != NULL) != (err == 0))
			abort();
		if (!head)
			continue;
		memcpy(&got, CMSG_DATA(head), sizeof(got));
		close(got);
	}
}

static void run(void *(*serve)(void *arg), const uint8_t *data, size_t size)
{
	size_t at = 0, len, sent = 0;
	pthread_t thread;
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return;
	if (pthread_create(&thread, NULL, serve, &sv[1])) {
		close(sv[0]);
		close(sv[1]);
		return;
	}
	/* Few enough for the socket's queue. */
	while (at < size && sent++ < 64) {
		bool passes = data[at] & 0x80;

		len = data[at++] & 0x7f;
		if (len > size - at)
			len = size - at;
		send_one(sv[0], data + at, len, passes ? sv[0] : -1);
		at += len;
	}
	shutdown(sv[0], SHUT_WR);
	receive_all(sv[0]);
	pthread_join(thread, NULL);
	close(sv[0]);
	close(sv[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	run(serve_node, data, size);
	run(serve_socket, data, size);
	run(serve_fifo, data, size);
	return 0;
}
