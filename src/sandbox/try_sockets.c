/* SPDX-License-Identifier: BSD-3-Clause */
/* Tries: make sockets, and reach those of other processes. */
#include <linux/if_alg.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/tries.h"

enum send_call { SENDTO, SENDMSG, SENDMMSG };

#define ADDRESS(addr) ((const struct sockaddr *)&(addr))

SANDBOX_TRY(socket_unix, socket(AF_UNIX, SOCK_STREAM, 0))
SANDBOX_TRY(socket_inet, socket(AF_INET, SOCK_STREAM, 0))
SANDBOX_TRY(socket_inet6, socket(AF_INET6, SOCK_DGRAM, 0))
SANDBOX_TRY(socket_netlink, socket(AF_NETLINK, SOCK_RAW, 0))
SANDBOX_TRY(socket_packet, socket(AF_PACKET, SOCK_RAW, 0))
SANDBOX_TRY(socket_vsock, socket(AF_VSOCK, SOCK_STREAM, 0))
SANDBOX_TRY(socket_alg, socket(AF_ALG, SOCK_SEQPACKET, 0))
SANDBOX_TRY(socket_raw, socket(AF_INET, SOCK_RAW, IPPROTO_ICMP))
SANDBOX_TRY(socket_bluetooth, socket(AF_BLUETOOTH, SOCK_RAW, 0))
SANDBOX_TRY(connect_path, connect(bait->datagram_fd, ADDRESS(bait->path), bait->path_size))
SANDBOX_TRY(connect_abstract,
	    connect(bait->datagram_fd, ADDRESS(bait->abstract), bait->abstract_size))
SANDBOX_TRY(listen_on, listen(bait->stream_fd, 1))

static int socket_pair(const struct sandbox_bait *bait)
{
	int fds[2];

	(void)bait;
	return sandbox_try_ret(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
}

/*
 * Datagrams need no connection, and the address of a message is in memory, where no filter can read
 * it. So the socket matters: a device has only connected ones.
 */
static int send_by(const struct sockaddr_un *addr, socklen_t size, enum send_call call)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct sockaddr_un to = *addr;
	char a[] = "a";
	struct iovec data = { .iov_base = a, .iov_len = 1 };
	struct mmsghdr msg = { .msg_hdr = { .msg_name = &to, .msg_namelen = size,
					    .msg_iov = &data, .msg_iovlen = 1 } };
	const int flags = MSG_NOSIGNAL | MSG_DONTWAIT;

	if (fd < 0)
		return -errno;
	switch (call) {
	case SENDTO:
		return sandbox_try_ret(sendto(fd, a, 1, flags, ADDRESS(to), size));
	case SENDMSG:
		return sandbox_try_ret(sendmsg(fd, &msg.msg_hdr, flags));
	case SENDMMSG:
		return sandbox_try_ret(sendmmsg(fd, &msg, 1, flags));
	}
	return 0;
}

#define SEND(name, addr, call)                                                                 \
	static int name(const struct sandbox_bait *bait)                                       \
	{                                                                                      \
		return send_by(&bait->addr, bait->addr##_size, call);                          \
	}

SEND(send_path, path, SENDTO)
SEND(send_abstract, abstract, SENDTO)
SEND(message_path, path, SENDMSG)
SEND(message_abstract, abstract, SENDMSG)
SEND(messages_path, path, SENDMMSG)

static int bind_name(const struct sandbox_bait *bait, bool abstract)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(bait->absent);

	memcpy(addr.sun_path, bait->absent, len);
	if (abstract)
		addr.sun_path[0] = '\0';
	return sandbox_try_ret(bind(bait->stream_fd, ADDRESS(addr),
				    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)));
}

static int bind_path(const struct sandbox_bait *bait)
{
	return bind_name(bait, false);
}

static int bind_abstract(const struct sandbox_bait *bait)
{
	return bind_name(bait, true);
}

static int device_request(const struct sandbox_bait *bait)
{
	char list[64] = "";

	return sandbox_try_ret(ioctl(bait->datagram_fd, 0x8912 /* SIOCGIFCONF */, list));
}

/* The empty root has no such path. */
#define NO_PATH		{ ENOENT, EROFS }
/* Nobody has that name in a network namespace of one's own. */
#define NO_NAME		{ ECONNREFUSED }

static const struct sandbox_try tries[] = {
	{ "socket AF_UNIX", "make a UNIX socket", socket_unix, 0, { 0 } },
	{ "socket AF_INET", "make a TCP socket", socket_inet, 0, { 0 } },
	{ "socket AF_INET6", "make a UDP socket, IPv6", socket_inet6, 0, { 0 } },
	{ "socket SOCK_RAW", "make a raw IP socket", socket_raw, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "socket AF_NETLINK", "talk to the kernel's networking", socket_netlink, 0, { 0 } },
	{ "socket AF_PACKET", "read and write packets", socket_packet,
	  SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "socket AF_VSOCK", "talk to virtual machines", socket_vsock, 0, { 0 } },
	{ "socket AF_ALG", "use the kernel's cryptography", socket_alg, 0, { 0 } },
	{ "socket AF_BLUETOOTH", "talk to radios", socket_bluetooth, 0, { 0 } },
	{ "socketpair", "make a pair of sockets", socket_pair, 0, { 0 } },
	{ "connect", "connect to a socket in the file system", connect_path, 0, NO_PATH },
	{ "connect", "connect to an abstract socket", connect_abstract, 0, NO_NAME },
	{ "sendto", "send to a socket in the file system", send_path, 0, NO_PATH },
	{ "sendto", "send to an abstract socket", send_abstract, 0, NO_NAME },
	{ "sendmsg", "send a message to a socket in the file system", message_path, 0, NO_PATH },
	{ "sendmmsg", "send messages to a socket in the file system", messages_path, 0, NO_PATH },
	{ "sendmsg", "send a message to an abstract socket", message_abstract, 0, NO_NAME },
	{ "bind", "make a socket in the file system", bind_path, 0, NO_PATH },
	{ "bind", "take an abstract name", bind_abstract, 0, { 0 } },
	{ "listen", "wait for connections", listen_on, 0, { 0 } },
	{ "ioctl SIOCGIFCONF", "list network interfaces", device_request, 0, { 0 } },
};

const struct sandbox_try_group sandbox_tries_sockets = {
	"sockets", tries, sizeof(tries) / sizeof(tries[0])
};
