/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers that mean harm: descriptors whose flags they change behind our back, sockets that they read
 * too, owners that leave in the middle. Who hangs is ended by the alarm.
 */
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

#define PF(n)	 (1ull << VMEDIA_VU_PF_##n)
#define WATCHDOG 20

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76 /* <asm-generic/socket.h> of Linux 6.5; other values on a few machines */
#endif

/* ---- descriptors that are made to block ---- */

enum { SOCKETS, PIPE, EVENTFD };

static void make_pair(int kind, int fd[2])
{
	if (kind == EVENTFD) {
		fd[0] = eventfd(0, EFD_CLOEXEC);
		assert_true(fd[0] >= 0);
		fd[1] = vmedia_fd_dup(fd[0]);
	} else if (kind == PIPE) {
		assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	} else {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	}
}

/*
 * One pipe kicks two rings: what wakes both is gone when the second looks, and a read would wait
 * for ever, as O_NONBLOCK is the peer's to take away.
 */
static void test_kick_that_is_read_twice(void **state)
{
	int kind;

	for (kind = SOCKETS; kind <= PIPE; kind++) {
		struct rig r;
		int fd[2];

		rig_start(&r, NULL);
		rig_setup_ring(&r, 0, 0);
		rig_setup_ring(&r, 1, 0);
		make_pair(kind, fd);
		assert_int_equal(vmedia_vuf_set_vring_kick(r.vuf, 0, fd[0]), 0);
		assert_int_equal(vmedia_vuf_set_vring_kick(r.vuf, 1, fd[0]), 0);
		assert_int_equal(vmedia_fd_set_nonblock(fd[0], false), 0);
		alarm(WATCHDOG);
		assert_int_equal(write(fd[1], "x", 1), 1);
		rig_settle(&r);
		alarm(0);
		assert_int_equal(r.ready[0] + r.ready[1], 2);
		close(fd[0]);
		close(fd[1]);
		rig_close(&r);
	}
}

static void fill(int kind, int fd)
{
	static const char buf[4096];
	const uint64_t full = UINT64_MAX - 1;
	size_t n;

	if (kind != EVENTFD)
		assert_int_equal(vmedia_fd_set_nonblock(fd, true), 0);
	for (n = kind == EVENTFD ? 0 : sizeof(buf); n; n /= 2)
		while (write(fd, buf, n) > 0)
			;
	if (kind == EVENTFD)
		assert_int_equal(write(fd, &full, sizeof(full)), sizeof(full));
}

/*
 * A call descriptor that is full, and blocks; but an eventfd, which was made to block before the
 * device got it: a peer that makes it block later stops its own device.
 */
static void test_call_that_is_full(void **state)
{
	int kind;

	for (kind = SOCKETS; kind <= EVENTFD; kind++) {
		struct rig r;
		int fd[2];

		rig_start(&r, NULL);
		rig_setup_ring(&r, 0, 0);
		make_pair(kind, fd);
		assert_int_equal(vmedia_vuf_set_vring_call(r.vuf, 0, fd[1]), 0);
		fill(kind, fd[1]);
		if (kind != EVENTFD)
			assert_int_equal(vmedia_fd_set_nonblock(fd[1], false), 0);
		alarm(WATCHDOG);
		rig_send(&r, 0, 1);
		rig_settle(&r);
		alarm(0);
		assert_int_equal(rig_recv(&r, 0), 1);
		close(fd[0]);
		close(fd[1]);
		rig_close(&r);
	}
}

/* Kicks that are always there, or never end: whatever it is, the loop comes to rest. */
static int endless_kick(int kind, int keep[2])
{
	const struct itimerspec often = { { 0, 1 }, { 0, 1 } };
	struct epoll_event ev = { .events = EPOLLIN };
	int fd = -1;

	assert_int_equal(pipe2(keep, O_CLOEXEC), 0);
	switch (kind) {
	case 0:		/* the other end is closed */
		fd = keep[0];
		vmedia_fd_close(&keep[1]);
		return vmedia_fd_dup(fd);
	case 1:		/* the wrong end, nobody reads */
		fd = keep[1];
		vmedia_fd_close(&keep[0]);
		return vmedia_fd_dup(fd);
	case 2:		/* a semaphore with more in it than can be taken */
		return eventfd(UINT32_MAX, EFD_CLOEXEC | EFD_SEMAPHORE);
	case 3:		/* each nanosecond */
		fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
		assert_int_equal(timerfd_settime(fd, 0, &often, NULL), 0);
		return fd;
	case 4:		/* a poll set with something ready */
		assert_int_equal(write(keep[1], "x", 1), 1);
		fd = epoll_create1(EPOLL_CLOEXEC);
		assert_int_equal(epoll_ctl(fd, EPOLL_CTL_ADD, keep[0], &ev), 0);
		return fd;
	case 5:		/* a socket that is shut down both ways */
		vmedia_fd_close_many(keep, 2);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, keep), 0);
		shutdown(keep[0], SHUT_RDWR);
		return vmedia_fd_dup(keep[0]);
	case 6:		/* one that was never connected */
		return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	}
	return fd;
}

static void test_endless_kicks(void **state)
{
	int kind;

	for (kind = 0; kind < 7; kind++) {
		struct rig r;
		int keep[2], fd;

		rig_start(&r, NULL);
		rig_setup_ring(&r, 0, 0);
		fd = endless_kick(kind, keep);
		assert_true(fd >= 0);
		assert_int_equal(vmedia_vuf_set_vring_kick(r.vuf, 0, fd), 0);
		alarm(WATCHDOG);
		rig_settle(&r);
		alarm(0);
		assert_true(r.kicks[0] < 100);
		close(fd);
		vmedia_fd_close_many(keep, 2);
		rig_close(&r);
	}
}

/* ---- the back-end channel is a socket that the peer has too ---- */

static void give_channel(struct rig *r, int *mine, int *theirs)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(rig_raw(r, VMEDIA_VU_SET_BACKEND_REQ_FD, true, NULL, 0, &sv[1], 1), 0);
	*mine = sv[0];
	*theirs = sv[1];
}

static void answer(int sock, uint32_t request)
{
	struct {
		struct vmedia_vu_hdr hdr;
		uint64_t val;
	} __attribute__((packed)) a = {
		{ request, VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_REPLY, sizeof(uint64_t) }, 0
	};

	assert_int_equal(write(sock, &a, sizeof(a)), sizeof(a));
}

static void count(void *opaque, int err)
{
	assert_int_equal(err, 0);
	++*(unsigned int *)opaque;
}

static const struct rig_options own_channel = {
	.want_protocol = PF(REPLY_ACK) | PF(SHARED_OBJECT),
};

/* It asks the kernel to send a pidfd with each message: descriptors that nobody expects. */
static void test_unwanted_descriptors(void **state)
{
	static const uint8_t uuid[VMEDIA_VU_UUID_SIZE] = { 1 };
	unsigned int done = 0, i;
	int mine, theirs, before, on = 1;
	struct rig r;

	rig_start(&r, &own_channel);
	give_channel(&r, &mine, &theirs);
	if (setsockopt(theirs, SOL_SOCKET, SO_PASSPIDFD, &on, sizeof(on))) {
		close(mine);
		close(theirs);
		rig_close(&r);
		skip();
	}
	before = rig_count_fds();
	for (i = 0; i < 10; i++) {
		assert_int_equal(vmedia_vub_object_add(r.vub, uuid, count, &done), 0);
		answer(mine, VMEDIA_VU_B_SHARED_OBJECT_ADD);
		rig_settle(&r);
	}
	assert_int_equal(done, 10);
	assert_int_equal(rig_count_fds(), before);
	close(mine);
	close(theirs);
	rig_close(&r);
}

/* ---- owners that leave ---- */

struct owner {
	struct rig *r;
	bool gone;
	unsigned int calls;
};

/* Whoever destroys a back-end may free what its callbacks need. */
static void leave(void *opaque, int err)
{
	struct owner *o = opaque;

	assert_false(o->gone);
	o->calls++;
	assert_int_equal(err, -ECONNRESET);
	if (o->calls > 1)
		return;
	vmedia_vub_destroy(o->r->vub);
	o->r->vub = NULL;
	o->gone = true;
}

static void leave_in_answer(bool new_channel)
{
	static const uint8_t uuid[VMEDIA_VU_UUID_SIZE] = { 1 };
	struct owner o = { 0 };
	int mine, theirs, sv[2], i;
	struct rig r;

	rig_start(&r, &own_channel);
	rig_setup_ring(&r, 0, 0);
	rig_echo(&r, 0, 1);
	give_channel(&r, &mine, &theirs);
	o.r = &r;
	for (i = 0; i < 3; i++)
		assert_int_equal(vmedia_vub_object_add(r.vub, uuid, leave, &o), 0);
	if (new_channel) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
		assert_int_equal(
			rig_raw(&r, VMEDIA_VU_SET_BACKEND_REQ_FD, true, NULL, 0, &sv[1], 1), -2);
		close(sv[0]);
		close(sv[1]);
	} else {
		shutdown(vmedia_vuf_socket(r.vuf), SHUT_RDWR);
		rig_settle(&r);
	}
	assert_int_equal(o.calls, 3);
	assert_int_equal(r.closed, 0);
	assert_int_equal(r.stopped[0], 1);
	close(mine);
	close(theirs);
	rig_close(&r);
}

static void test_leave_in_answer(void **state)
{
	leave_in_answer(true);
	leave_in_answer(false);
}

/* ---- a driver that starts over knows no chain of its earlier life ---- */

static void forget_chains(bool reset)
{
	struct vmedia_vu_vring_state st = { .index = 0, .num = 7 };
	struct vmedia_vu_inflight info;
	struct rig r;
	int fd;

	rig_start(&r, NULL);
	assert_int_equal(vmedia_vuf_get_inflight_fd(r.vuf, 2, RIG_NUM, &info, &fd), 0);
	assert_int_equal(vmedia_vuf_set_inflight_fd(r.vuf, &info, fd), 0);
	rig_setup_ring(&r, 0, 0);
	r.hold = true;
	rig_send(&r, 0, 1);
	rig_settle(&r);
	assert_int_equal(r.num_held[0], 1);
	r.num_held[0] = 0; /* a device that returns nothing when it is stopped */
	r.hold = false;
	if (reset)
		assert_int_equal(vmedia_vuf_reset_device(r.vuf), 0);
	else
		assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_BASE, true, &st, 8, NULL, 0), 0);
	assert_int_equal(r.resets, 1);
	rig_setup_ring(&r, 0, 0);
	vmedia_eventfd_signal(r.ring[0].kick);
	rig_settle(&r);
	assert_true(r.ready[0] >= 2);
	assert_int_equal(rig_recv(&r, 0), -1);
	rig_echo(&r, 0, 5);
	close(fd);
	rig_close(&r);
}

static void test_reset_forgets_chains(void **state)
{
	forget_chains(true);
	forget_chains(false);
}

/* ---- a back-end that listens and does not accept ---- */

static void test_not_accepted(void **state)
{
	struct vmedia_vuf_config cfg = { .timeout_ms = 10 };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/vmedia-test-XXXXXX";
	struct vmedia_vuf *vuf[8];
	int sock, err = 0, n = 0;

	assert_non_null(mkdtemp(dir));
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/s", dir);
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(sock, 1), 0);
	alarm(WATCHDOG);
	while (n < 8 && !err) {
		err = vmedia_vuf_connect(addr.sun_path, &cfg, NULL, NULL, &vuf[n]);
		n += !err;
	}
	alarm(0);
	assert_int_equal(err, -ETIMEDOUT);
	while (n)
		vmedia_vuf_destroy(vuf[--n]);
	close(sock);
	unlink(addr.sun_path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kick_that_is_read_twice),
		cmocka_unit_test(test_call_that_is_full),
		cmocka_unit_test(test_endless_kicks),
		cmocka_unit_test(test_unwanted_descriptors),
		cmocka_unit_test(test_leave_in_answer),
		cmocka_unit_test(test_reset_forgets_chains),
		cmocka_unit_test(test_not_accepted),
	};

	vmedia_log_set_level(VMEDIA_LOG_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
