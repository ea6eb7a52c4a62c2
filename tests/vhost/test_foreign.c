/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptors whose use or closing waits for another process: what is taken and what is not, and a
 * front-end that sends a file of a FUSE server that never answers. Who waits is ended by the alarm.
 */
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/foreign.h"
#include "base/log.h"
#include "fuse.h"

#define WATCHDOG 60

static void check(int fd, bool ok)
{
	assert_true(fd >= 0);
	assert_int_equal(vmedia_foreign_ok(fd), ok);
	close(fd);
}

static void test_kinds(void **state)
{
	char dir[] = "/dev/shm/vmedia-test-XXXXXX", path[64];
	int p[2];

	check(vmedia_memfd("test", 1), true);
	check(vmedia_eventfd(), true);
	check(epoll_create1(EPOLL_CLOEXEC), true);
	check(socket(AF_UNIX, SOCK_STREAM, 0), true);
	check(open("/dev/null", O_RDWR), true);
	assert_int_equal(pipe(p), 0);
	check(p[0], true);
	check(p[1], true);
	check(open("/proc/self/maps", O_RDONLY), false);
	check(open("/", O_RDONLY | O_DIRECTORY), false);
	check(open("/dev/null", O_PATH), false);
	assert_false(vmedia_foreign_ok(-1));
	/* a file of tmpfs, and a named pipe there */
	if (!mkdtemp(dir))
		return;
	snprintf(path, sizeof(path), "%s/a", dir);
	check(open(path, O_RDWR | O_CREAT, 0600), true);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	check(open(path, O_RDWR), true);
	unlink(path);
	rmdir(dir);
}

static void test_close(void **state)
{
	int before = rig_count_fds(), fd = open("/proc/self/maps", O_RDONLY);

	assert_int_equal(rig_count_fds(), before + 1);
	alarm(WATCHDOG);
	vmedia_foreign_close(&fd);
	assert_int_equal(fd, -1);
	vmedia_foreign_close(&fd);
	while (rig_count_fds() > before)
		sched_yield();
	alarm(0);
}

/* Each place where a message can carry a descriptor. */
static void send_it(struct rig *r, unsigned int pass, int fd)
{
	struct vmedia_vu_mem_table t = { .num = 1 };
	struct vmedia_vu_inflight inf = { 4096, 0, 1, 16, 0 };
	int fds[] = { r->mem_fd, fd };
	uint64_t ring = 0;

	t.region[0] = (struct vmedia_vu_region){ RIG_GPA, 0x1000, RIG_UVA, 0 };
	switch (pass) {
	case 0:
		rig_raw(r, VMEDIA_VU_SET_MEM_TABLE, true, &t, 8 + 32, &fd, 1);
		break;
	case 1:
		rig_raw(r, VMEDIA_VU_SET_VRING_CALL, true, &ring, 8, &fd, 1);
		break;
	case 2:
		rig_raw(r, VMEDIA_VU_SET_BACKEND_REQ_FD, true, NULL, 0, &fd, 1);
		break;
	case 3:
		rig_raw(r, VMEDIA_VU_SET_INFLIGHT_FD, true, &inf, sizeof(inf), &fd, 1);
		break;
	case 4:		/* behind a good one, where none belongs */
		rig_raw(r, VMEDIA_VU_SET_VRING_CALL, true, &ring, 8, fds, 2);
		break;
	}
}

static void test_silent_server(void **state)
{
	struct silent_file f;
	unsigned int pass;
	int before;

	if (!silent_file_open(&f))
		skip();
	before = rig_count_fds();
	alarm(WATCHDOG);
	for (pass = 0; pass < 5; pass++) {
		struct rig r;

		rig_start(&r, NULL);
		rig_setup_ring(&r, 0, 0);
		rig_echo(&r, 0, 1);
		send_it(&r, pass, f.fd);
		assert_int_equal(r.closed, 1);
		assert_int_equal(r.reason, -EPROTO);
		r.closing = true;
		rig_close(&r);
	}
	assert_int_equal(rig_count_fds(), before);
	silent_file_end(&f);
	alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_silent_server),
	};

	vmedia_log_set_level(VMEDIA_LOG_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
