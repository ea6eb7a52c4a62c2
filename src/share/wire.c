// SPDX-License-Identifier: BSD-3-Clause
/*
 * Messages between a publisher and its subscribers.
 *
 * Security model: each packet is foreign. It is received into memory of this process, and checked
 * there: nothing is read twice from a place that the peer can write. A packet must have exactly the
 * size of its type, so a longer or a truncated one is an error. Descriptors that nobody asked for
 * are an error too. A publisher asks for none, and gives recvmsg() no room for them, so the kernel
 * drops them.
 *
 * System calls, serving: recvmsg sendmsg close
 */
#include "share/wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/checked.h"
#include "base/fd.h"
#include "base/foreign.h"

#define PASSED 4 /* room for descriptors; one more than these is cut off */

static const struct {
	uint32_t type, size;
	enum vmedia_share_side from;
	unsigned int fds;
} types[] = {
	{ VMEDIA_SHARE_HELLO, sizeof(struct vmedia_share_hello), VMEDIA_SHARE_SUBSCRIBER, 0 },
	{ VMEDIA_SHARE_START, sizeof(struct vmedia_share_start), VMEDIA_SHARE_SUBSCRIBER, 0 },
	{ VMEDIA_SHARE_STOP, sizeof(struct vmedia_share_stop), VMEDIA_SHARE_SUBSCRIBER, 0 },
	{ VMEDIA_SHARE_NEXT, sizeof(struct vmedia_share_next), VMEDIA_SHARE_SUBSCRIBER, 0 },
	{ VMEDIA_SHARE_RELEASE, sizeof(struct vmedia_share_release), VMEDIA_SHARE_SUBSCRIBER, 0 },
	{ VMEDIA_SHARE_WELCOME, sizeof(struct vmedia_share_welcome), VMEDIA_SHARE_PUBLISHER, 1 },
	{ VMEDIA_SHARE_REFUSED, sizeof(struct vmedia_share_refused), VMEDIA_SHARE_PUBLISHER, 0 },
	{ VMEDIA_SHARE_STATE, sizeof(struct vmedia_share_state), VMEDIA_SHARE_PUBLISHER, 0 },
	{ VMEDIA_SHARE_FRAME, sizeof(struct vmedia_share_frame), VMEDIA_SHARE_PUBLISHER, 0 },
};

static int find(uint32_t type)
{
	for (size_t i = 0; i < VMEDIA_ARRAY_SIZE(types); i++)
		if (types[i].type == type)
			return (int)i;
	return -1;
}

void vmedia_share_copy_name(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
	for (; *to; to++)
		if (*to < 0x20 || *to > 0x7e)
			*to = '?';
}

void vmedia_share_prepare(union vmedia_share_message *msg, enum vmedia_share_type type)
{
	int i = find(type);

	memset(msg, 0, sizeof(*msg));
	msg->header.type = type;
	msg->header.size = types[i].size;
	/* HELLO, WELCOME and REFUSED have these members in the same place. */
	if (type == VMEDIA_SHARE_HELLO || type == VMEDIA_SHARE_WELCOME ||
	    type == VMEDIA_SHARE_REFUSED) {
		msg->hello.magic = VMEDIA_SHARE_MAGIC;
		msg->hello.version = VMEDIA_SHARE_VERSION;
	}
}

/* ---- Checking ---- */

int vmedia_share_check_format(const struct vmedia_share_format *f, uint64_t slot_size)
{
	if (!f->width || !f->height || f->width > VMEDIA_SHARE_MAX_SIDE ||
	    f->height > VMEDIA_SHARE_MAX_SIDE || !f->sizeimage || f->sizeimage > slot_size ||
	    f->bytesperline > f->sizeimage ||
	    !f->interval_numerator != !f->interval_denominator)
		return -EINVAL;
	return 0;
}

static bool is_name(const char *name, size_t size)
{
	size_t len = strnlen(name, size);

	for (size_t i = 0; i < len; i++)
		if (name[i] < 0x20 || name[i] > 0x7e)
			return false;
	return len < size;
}

static int check_welcome(const struct vmedia_share_welcome *w)
{
	if (w->num_slots < 2 || w->num_slots > VMEDIA_SHARE_MAX_SLOTS || !w->max_held ||
	    w->max_held > VMEDIA_SHARE_MAX_HELD || !w->slot_size ||
	    w->slot_size > VMEDIA_SHARE_MAX_SLOT || w->slot_size % vmedia_page_size() ||
	    vmedia_share_check_format(&w->format, w->slot_size) ||
	    !is_name(w->name, sizeof(w->name)))
		return -EPROTO;
	return 0;
}

static int check_body(const union vmedia_share_message *m)
{
	bool ok = true;

	switch (m->header.type) {
	case VMEDIA_SHARE_WELCOME:
		return check_welcome(&m->welcome);
	case VMEDIA_SHARE_REFUSED:
		ok = m->refused.reason && !m->refused.reserved;
		break;
	case VMEDIA_SHARE_STATE:
		ok = m->state.signal <= VMEDIA_SHARE_LIVE && m->state.error <= 0 &&
		     m->state.error >= -4095 && !m->state.reserved;
		break;
	case VMEDIA_SHARE_FRAME:
		ok = m->frame.slot < VMEDIA_SHARE_MAX_SLOTS && !m->frame.reserved;
		break;
	case VMEDIA_SHARE_START:
	case VMEDIA_SHARE_STOP:
	case VMEDIA_SHARE_NEXT:
		ok = !m->start.reserved; /* all three are alike */
		break;
	case VMEDIA_SHARE_RELEASE:
		ok = m->release.slot < VMEDIA_SHARE_MAX_SLOTS;
		break;
	default:
		break;
	}
	return ok ? 0 : -EPROTO;
}

/* -EPROTONOSUPPORT: @bytes begin as a HELLO, WELCOME or REFUSED of another version. */
static int check_version(const void *bytes, size_t len, union vmedia_share_message *msg)
{
	struct vmedia_share_hello h;

	if (len < sizeof(h))
		return -EPROTO;
	memcpy(&h, bytes, sizeof(h));
	if (h.magic != VMEDIA_SHARE_MAGIC)
		return -EPROTO;
	if (h.version == VMEDIA_SHARE_VERSION)
		return 0;
	memset(msg, 0, sizeof(*msg));
	msg->hello = h;
	return -EPROTONOSUPPORT;
}

int vmedia_share_check(enum vmedia_share_side from, const void *bytes, size_t len,
		       unsigned int num_fds, union vmedia_share_message *msg)
{
	struct vmedia_share_header head;
	int i, err = 0;

	if (len < sizeof(head))
		return -EPROTO;
	memcpy(&head, bytes, sizeof(head));
	i = find(head.type);
	if (i < 0 || types[i].from != from)
		return -EPROTO;
	if (head.type == VMEDIA_SHARE_HELLO || head.type == VMEDIA_SHARE_WELCOME ||
	    head.type == VMEDIA_SHARE_REFUSED)
		err = check_version(bytes, len, msg);
	if (err)
		return err;
	if (len != types[i].size || head.size != len || num_fds != types[i].fds)
		return -EPROTO;
	memset(msg, 0, sizeof(*msg));
	memcpy(msg, bytes, len);
	return check_body(msg);
}

/* ---- Sending and receiving ---- */

/* What says that the peer is gone. */
static int gone(int err)
{
	return err == EPIPE || err == ECONNRESET || err == ENOTCONN ? -ECONNRESET : -err;
}

int vmedia_share_send(int fd, const union vmedia_share_message *msg, int passed)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { (void *)(uintptr_t)msg, msg->header.size };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (passed >= 0) {
		memcpy(CMSG_DATA(&control.head), &passed, sizeof(passed));
		m.msg_control = &control;
		m.msg_controllen = sizeof(control.room);
	}
	do {
		n = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? gone(errno) : 0;
}

/* Copy the descriptors of @m to @fds, which has room for all that the control buffer can hold. */
static unsigned int passed_fds(struct msghdr *m, int *fds)
{
	unsigned int num = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t bytes = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(fds + num, CMSG_DATA(c), bytes);
		num += (unsigned int)(bytes / sizeof(int));
	}
	return num;
}

int vmedia_share_recv(int fd, enum vmedia_share_side from, union vmedia_share_message *msg,
		      int *passed)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(PASSED * sizeof(int))];
	} control;
	/* A byte more than the longest message, so that longer ones are seen. */
	struct {
		union vmedia_share_message msg;
		char more;
	} bytes;
	int fds[sizeof(control) / sizeof(int)];
	struct iovec iov = { &bytes, sizeof(bytes) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = passed ? &control : NULL,
			    .msg_controllen = passed ? sizeof(control.room) : 0 };
	unsigned int num;
	ssize_t n;
	int err;

	do {
		n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return gone(errno);
	num = passed ? passed_fds(&m, fds) : 0;
	if (n == 0)
		/* The end, or an empty packet, which may have descriptors. */
		err = -ECONNRESET;
	else if (m.msg_flags & MSG_CTRUNC)
		err = -EPROTO;
	else
		err = vmedia_share_check(from, &bytes, (size_t)n, num, msg);
	for (unsigned int i = 0; err && i < num; i++)
		vmedia_foreign_close(&fds[i]);
	if (err)
		return err;
	if (passed)
		*passed = num ? fds[0] : -1;
	return 0;
}
