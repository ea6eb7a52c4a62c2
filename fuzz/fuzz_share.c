/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The protocol between a publisher and its subscribers (src/share), in both directions. The first
 * byte says who is foreign. The rest are packets: a byte of length, whose upper bit says that a
 * descriptor comes with it, and the bytes. A packet of one byte is a command to this side.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <vmedia/log.h>
#include <vmedia/share.h>

#include "base/loop.h"
#include "share/wire.h"

#define BYTES	  5000
#define SLOT_SIZE 8192u
#define SLOTS	  4u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void send_packet(int fd, const uint8_t *bytes, size_t len, int passed)
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
	(void)sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Calls @packet for each packet of the input, and @command for each single byte. */
static void each(const uint8_t *data, size_t size, int fd, int passed, void *opaque,
		 void (*step)(void *opaque, int command))
{
	for (size_t at = 0; at < size;) {
		size_t len = data[at] & 0x7f;
		bool passes = data[at++] & 0x80;

		if (len > size - at)
			len = size - at;
		if (len == 1)
			step(opaque, data[at]);
		else
			send_packet(fd, data + at, len, passes ? passed : -1);
		at += len;
		step(opaque, -1);
	}
}

/* ---- The publisher, with one good subscriber and a foreign one ---- */

struct publishing {
	struct vmedia_loop *loop;
	struct vmedia_publisher *pub;
	struct vmedia_subscriber *good;
	bool runs;
	uint64_t sequence;
};

static int start(void *priv)
{
	((struct publishing *)priv)->runs = true;
	return 0;
}

static void stop(void *priv)
{
	((struct publishing *)priv)->runs = false;
}

static void run(struct publishing *p)
{
	for (int i = 0; i < 1000 && vmedia_loop_step(p->loop, 0) > 0; i++)
		;
}

static void publish_one(struct publishing *p)
{
	struct vmedia_share_picture pic = { BYTES, p->sequence++, 0 };

	memset(vmedia_publisher_take(p->pub), (int)p->sequence, BYTES);
	vmedia_publisher_publish(p->pub, &pic);
}

/* Whatever the foreign one does, the good one gets each picture. */
static void check_good(struct publishing *p)
{
	struct vmedia_subscriber_frame f;
	char why[128];

	publish_one(p);
	if (vmedia_subscriber_next(p->good))
		abort();
	run(p);
	if (vmedia_subscriber_process(p->good, why, sizeof(why)) ||
	    !vmedia_subscriber_take(p->good, &f) || f.sequence != p->sequence - 1 ||
	    f.data[0] != (uint8_t)p->sequence || f.data[BYTES - 1] != (uint8_t)p->sequence ||
	    vmedia_subscriber_release(p->good, f.slot))
		abort();
	run(p);
}

static void publisher_step(void *opaque, int command)
{
	struct publishing *p = opaque;
	char why[128];

	run(p);
	if (command >= 0 && command & 1 && p->runs)
		publish_one(p);
	else if (command >= 0 && command & 2 && p->runs)
		vmedia_publisher_fail(p->pub, -EIO);
	/* It reads the states, as a good one does. */
	if (vmedia_subscriber_process(p->good, why, sizeof(why)))
		abort();
}

static int dial(const struct sockaddr_un *addr, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)addr, len))
		abort();
	return fd;
}

static void fuzz_publisher(const uint8_t *data, size_t size)
{
	static const struct vmedia_publisher_ops ops = { start, stop };
	const struct vmedia_share_format format = { .width = 100, .height = 50,
						    .bytesperline = 100, .sizeimage = BYTES };
	struct publishing p = { 0 };
	struct vmedia_publisher_options o = { .format = &format, .ops = &ops, .priv = &p,
					      .max_subscribers = 3 };
	const sa_family_t family = AF_UNIX;
	struct sockaddr_un addr;
	socklen_t len = sizeof(addr);
	char why[128];
	int fd;

	o.listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (o.listen_fd < 0 ||
	    bind(o.listen_fd, (const struct sockaddr *)&family, sizeof(family)) ||
	    listen(o.listen_fd, 8) ||
	    getsockname(o.listen_fd, (struct sockaddr *)&addr, &len) ||
	    vmedia_loop_create(&p.loop) || vmedia_publisher_create(p.loop, &o, &p.pub) ||
	    vmedia_subscriber_create(dial(&addr, len), &p.good))
		abort();
	run(&p);
	if (vmedia_subscriber_process(p.good, why, sizeof(why)) || vmedia_subscriber_start(p.good))
		abort();
	run(&p);
	fd = dial(&addr, len);
	run(&p);
	each(data, size, fd, fd, &p, publisher_step);
	check_good(&p);
	close(fd);
	check_good(&p);
	vmedia_subscriber_destroy(p.good);
	run(&p);
	vmedia_publisher_destroy(p.pub);
	vmedia_loop_destroy(p.loop);
	close(o.listen_fd);
}

/* ---- The subscriber, with a foreign publisher ---- */

struct subscribing {
	struct vmedia_subscriber *sub;
	bool ended;
	uint32_t held[VMEDIA_SHARE_MAX_HELD], num_held;
};

/* All of what it was given can be read. */
static void look(const struct vmedia_subscriber *sub, const struct vmedia_subscriber_frame *f)
{
	volatile uint8_t sum = 0;

	if (f->bytesused > vmedia_subscriber_info(sub)->format.sizeimage)
		abort();
	for (uint32_t i = 0; i < f->bytesused; i++)
		sum = (uint8_t)(sum + f->data[i]);
}

static void subscriber_step(void *opaque, int command)
{
	struct subscribing *s = opaque;
	struct vmedia_subscriber_frame f;
	char why[128] = "";
	int err;

	if (s->ended)
		return;
	if (command >= 0 && command & 1)
		vmedia_subscriber_start(s->sub);
	if (command >= 0 && command & 2)
		vmedia_subscriber_next(s->sub);
	if (command >= 0 && command & 4 && s->num_held &&
	    vmedia_subscriber_release(s->sub, s->held[--s->num_held]) == -EINVAL)
		abort();
	if (command >= 0 && command & 8) {
		vmedia_subscriber_stop(s->sub);
		s->num_held = 0;
	}
	err = vmedia_subscriber_process(s->sub, why, sizeof(why));
	s->ended = err;
	if (err && !*why)
		abort();
	if (!vmedia_subscriber_take(s->sub, &f))
		return;
	look(s->sub, &f);
	if (s->num_held == VMEDIA_SHARE_MAX_HELD)
		abort();
	s->held[s->num_held++] = f.slot;
}

/* A good WELCOME, without which most of the code is out of reach. */
static void welcome(int fd, int memory)
{
	union vmedia_share_message m;

	vmedia_share_prepare(&m, VMEDIA_SHARE_WELCOME);
	m.welcome.num_slots = SLOTS;
	m.welcome.max_held = 2;
	m.welcome.slot_size = SLOT_SIZE;
	m.welcome.format = (struct vmedia_share_format){ .width = 100, .height = 50,
							 .bytesperline = 100, .sizeimage = BYTES };
	vmedia_share_send(fd, &m, memory);
}

static void fuzz_subscriber(const uint8_t *data, size_t size, bool greets)
{
	struct subscribing s = { 0 };
	int sv[2], memory = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	static const char filled[(SLOTS - 1) * SLOT_SIZE];	/* the last slot is a hole */

	if (memory < 0 || ftruncate(memory, SLOTS * SLOT_SIZE) ||
	    write(memory, filled, sizeof(filled)) != (ssize_t)sizeof(filled) ||
	    fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | 0x10 /* FUTURE_WRITE */) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) ||
	    vmedia_subscriber_create(sv[0], &s.sub))
		abort();
	if (greets)
		welcome(sv[1], memory);
	subscriber_step(&s, -1);
	subscriber_step(&s, greets ? 3 : -1);
	each(data, size, sv[1], memory, &s, subscriber_step);
	vmedia_subscriber_destroy(s.sub);
	close(sv[1]);
	close(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	vmedia_log_set_level(-1);
	/* Few enough packets for a window of the publisher, which would have to pass. */
	if (!size || size > 1024)
		return 0;
	if (data[0] & 1)
		fuzz_subscriber(data + 1, size - 1, data[0] & 2);
	else
		fuzz_publisher(data + 1, size - 1);
	return 0;
}
