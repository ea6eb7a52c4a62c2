/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A framed Unix stream socket: receives one message at a time, sends from a limited queue, with
 * descriptors both ways.
 *
 * Receiving reads the header, then exactly its payload, so bytes and descriptors of the next
 * message stay in the socket. Descriptors may arrive with any part of a message; all of them belong
 * to it.
 *
 * Security model: a descriptor whose use or closing could wait for another process (base/foreign.h)
 * never leaves this file. A message with such a descriptor ends the connection. So a peer can make
 * this process close at most as many of them as a message has.
 *
 * System calls, serving: recvmsg sendmsg getsockopt
 */
#include "vhost/msg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/foreign.h"
#include "base/log.h"

#define HDR_SIZE sizeof(struct vmedia_vu_hdr)

#ifndef SCM_PIDFD
#define SCM_PIDFD 0x04 /* Linux 6.5 */
#endif

/* A message that the socket did not accept whole; off is the number of bytes accepted. */
struct vmedia_vu_out {
	struct vmedia_vu_out *next;
	size_t off, len;
	int fd[VMEDIA_VU_MAX_FDS];
	unsigned int num_fds;
	uint8_t bytes[];
};

union fd_control {
	char buf[CMSG_SPACE(VMEDIA_VU_MAX_FDS * sizeof(int))];
	struct cmsghdr align;
};

int vmedia_vu_take_fd(struct vmedia_vu_msg *msg, unsigned int i)
{
	int fd;

	if (i >= msg->num_fds)
		return -1;
	fd = msg->fd[i];
	msg->fd[i] = -1;
	return fd;
}

void vmedia_vu_msg_drop_fds(struct vmedia_vu_msg *msg)
{
	vmedia_fd_close_many(msg->fd, msg->num_fds);
	msg->num_fds = 0;
}

int vmedia_vu_link_init(struct vmedia_vu_link *link, int fd)
{
	socklen_t len = sizeof(int);
	int val, err;

	memset(link, 0, sizeof(*link));
	link->fd = -1;
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &val, &len) || val != AF_UNIX)
		return -ENOTSOCK;
	len = sizeof(val);
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &val, &len) || val != SOCK_STREAM)
		return -ENOTSOCK;
	err = vmedia_fd_set_nonblock(fd, true);
	if (!err)
		err = vmedia_fd_set_cloexec(fd, true);
	if (!err)
		link->fd = fd;
	return err;
}

static void out_pop(struct vmedia_vu_link *link)
{
	struct vmedia_vu_out *out = link->out_first;

	link->out_first = out->next;
	if (!link->out_first)
		link->out_last = NULL;
	link->out_count--;
	vmedia_fd_close_many(out->fd, out->num_fds);
	free(out);
}

void vmedia_vu_link_finish(struct vmedia_vu_link *link)
{
	while (link->out_first)
		out_pop(link);
	vmedia_vu_msg_drop_fds(&link->in);
	link->in_len = 0;
	vmedia_fd_close(&link->fd);
}

/* Take fd into the message, or close it and return -EPROTO. */
static int keep_fd(struct vmedia_vu_msg *in, int fd)
{
	if (in->num_fds == VMEDIA_VU_MAX_FDS || !vmedia_foreign_ok(fd)) {
		vmedia_foreign_close(&fd);
		return -EPROTO;
	}
	in->fd[in->num_fds++] = fd;
	return 0;
}

/*
 * Take descriptors from one recvmsg(). The kernel never gives more than fit into the control
 * buffer. A peer that also has this end of the socket (the back-end channel) can enable
 * SO_PASSPIDFD; each message then has one more descriptor, which is closed.
 */
static int collect_fds(struct vmedia_vu_msg *in, struct msghdr *mh)
{
	struct cmsghdr *c;
	int err = 0;

	for (c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		size_t i, n;

		if (c->cmsg_level != SOL_SOCKET ||
		    (c->cmsg_type != SCM_RIGHTS && c->cmsg_type != SCM_PIDFD))
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (c->cmsg_type == SCM_PIDFD)
				vmedia_fd_close(&fd);
			else if (keep_fd(in, fd))
				err = -EPROTO;
		}
	}
	return mh->msg_flags & MSG_CTRUNC ? -EPROTO : err;
}

/*
 * Read up to want bytes of the message. Returns the bytes read, 0 for "not now", or a negative
 * errno.
 */
static ssize_t recv_part(struct vmedia_vu_link *link, void *dst, size_t want)
{
	union fd_control control;
	struct iovec iov = { .iov_base = dst, .iov_len = want };
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	ssize_t n;

	do {
		n = recvmsg(link->fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -ECONNRESET;
	if (collect_fds(&link->in, &mh)) {
		vmedia_warn("vhost-user: a message came with more than %d descriptors, more than "
			    "this process may have open, or one whose file another process serves",
			    VMEDIA_VU_MAX_FDS);
		return -EPROTO;
	}
	return n ? n : -ECONNRESET;
}

static int check_hdr(const struct vmedia_vu_hdr *hdr)
{
	if ((hdr->flags & VMEDIA_VU_FLAG_VERSION_MASK) != VMEDIA_VU_VERSION) {
		vmedia_warn("vhost-user: message %u has version %u instead of %u", hdr->request,
			    hdr->flags & VMEDIA_VU_FLAG_VERSION_MASK, VMEDIA_VU_VERSION);
		return -EPROTO;
	}
	if (hdr->size > VMEDIA_VU_MAX_PAYLOAD) {
		vmedia_warn("vhost-user: message %u announces %u bytes of payload, more than %u",
			    hdr->request, hdr->size, VMEDIA_VU_MAX_PAYLOAD);
		return -EPROTO;
	}
	return 0;
}

int vmedia_vu_link_recv(struct vmedia_vu_link *link, struct vmedia_vu_msg *msg)
{
	struct vmedia_vu_msg *in = &link->in;
	ssize_t n;
	int err;

	if (link->fd < 0)
		return -ECONNRESET;
	while (link->in_len < HDR_SIZE) {
		n = recv_part(link, (uint8_t *)&in->hdr + link->in_len, HDR_SIZE - link->in_len);
		if (n <= 0)
			return n;
		link->in_len += n;
		if (link->in_len < HDR_SIZE)
			continue;
		err = check_hdr(&in->hdr);
		if (err)
			return err;
	}
	while (link->in_len < HDR_SIZE + in->hdr.size) {
		size_t off = link->in_len - HDR_SIZE;

		n = recv_part(link, in->p.bytes + off, in->hdr.size - off);
		if (n <= 0)
			return n;
		link->in_len += n;
	}
	*msg = *in;
	in->num_fds = 0;
	memset(&in->p, 0, in->hdr.size);
	link->in_len = 0;
	return 1;
}

/*
 * Call sendmsg() once. Returns the bytes accepted, 0 for "not now", -ECONNRESET, or -ENOBUFS if the
 * kernel lacks memory or this user has too many descriptors in flight in sockets. The socket is
 * writable in the latter case, so polling for that would spin.
 */
static ssize_t send_part(int sock, struct iovec *iov, size_t iovcnt, const int *fds,
			 unsigned int num_fds)
{
	union fd_control control;
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = iovcnt };
	ssize_t n;

	if (num_fds) {
		struct cmsghdr *c = &control.align;

		memset(&control, 0, sizeof(control));
		mh.msg_control = control.buf;
		mh.msg_controllen = CMSG_SPACE(num_fds * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(num_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, num_fds * sizeof(int));
	}
	do {
		n = sendmsg(sock, &mh, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return 0;
	return errno == ENOBUFS || errno == ENOMEM || errno == ETOOMANYREFS ? -ENOBUFS
									    : -ECONNRESET;
}

static int out_queue(struct vmedia_vu_link *link, const struct vmedia_vu_hdr *hdr,
		     const void *payload, size_t off, const int *fds, unsigned int num_fds)
{
	struct vmedia_vu_out *out;
	unsigned int i;

	if (link->out_count >= VMEDIA_VU_OUT_MAX)
		return -ENOBUFS;
	out = calloc(1, sizeof(*out) + HDR_SIZE + hdr->size);
	if (!out)
		return -ENOMEM;
	out->len = HDR_SIZE + hdr->size;
	out->off = off;
	memcpy(out->bytes, hdr, HDR_SIZE);
	if (hdr->size)
		memcpy(out->bytes + HDR_SIZE, payload, hdr->size);
	for (i = 0; i < num_fds; i++) {
		out->fd[i] = vmedia_fd_dup(fds[i]);
		if (out->fd[i] < 0) {
			int err = out->fd[i];

			vmedia_fd_close_many(out->fd, i);
			free(out);
			return err;
		}
		out->num_fds++;
	}
	if (link->out_last)
		link->out_last->next = out;
	else
		link->out_first = out;
	link->out_last = out;
	link->out_count++;
	return 0;
}

int vmedia_vu_link_send(struct vmedia_vu_link *link, const struct vmedia_vu_hdr *hdr,
			const void *payload, const int *fds, unsigned int num_fds)
{
	struct iovec iov[2] = {
		{ .iov_base = (void *)hdr, .iov_len = HDR_SIZE },
		{ .iov_base = (void *)payload, .iov_len = hdr->size },
	};
	ssize_t n = 0;
	int err;

	if (link->fd < 0)
		return -ECONNRESET;
	if (hdr->size > VMEDIA_VU_MAX_PAYLOAD || num_fds > VMEDIA_VU_MAX_FDS)
		return -EINVAL;
	if (!link->out_first) {
		n = send_part(link->fd, iov, hdr->size ? 2 : 1, fds, num_fds);
		if (n < 0)
			return n;
		if ((size_t)n == HDR_SIZE + hdr->size)
			return 0;
	}
	/*
	 * Descriptors travel with the first byte. After a part of a message is sent, the rest must
	 * follow.
	 */
	err = out_queue(link, hdr, payload, n, fds, n ? 0 : num_fds);
	return err && n ? -ECONNRESET : err;
}

int vmedia_vu_link_flush(struct vmedia_vu_link *link)
{
	struct vmedia_vu_out *out;

	if (link->fd < 0)
		return -ECONNRESET;
	while ((out = link->out_first)) {
		struct iovec iov = { .iov_base = out->bytes + out->off,
				     .iov_len = out->len - out->off };
		ssize_t n = send_part(link->fd, &iov, 1, out->fd, out->num_fds);

		if (n < 0)
			return -ECONNRESET;
		if (!n)
			return 1;
		vmedia_fd_close_many(out->fd, out->num_fds);
		out->num_fds = 0;
		out->off += n;
		if (out->off == out->len)
			out_pop(link);
	}
	return 0;
}
