/* SPDX-License-Identifier: BSD-3-Clause */
/* A server when its process or its peers are in a bad way. */
#include "served.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

#define WATCHDOG 20

static int raw_connect(struct served *s)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(addr.sun_path, s->path, strlen(s->path));
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/* Who cannot be accepted for want of descriptors is served later, also as the only one. */
static void test_no_descriptors(void **state)
{
	int once;

	for (once = 0; once < 2; once++) {
		struct served *s = served_listen(once);
		struct rlimit lim, none;
		int fd = raw_connect(s), top = vmedia_fd_dup(fd);

		assert_int_equal(getrlimit(RLIMIT_NOFILE, &lim), 0);
		none = lim;
		none.rlim_cur = (rlim_t)top;
		vmedia_fd_close(&top);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
		served_step(s);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &lim), 0);
		assert_int_equal(served_stats(s).connections, 0);
		close(fd);
		alarm(WATCHDOG);
		if (once)
			assert_int_equal(vmedia_loop_run(s->h.loop), 0);
		while (!once && !served_stats(s).connections)
			vmedia_loop_step(s->h.loop, -1);
		alarm(0);
		assert_int_equal(served_stats(s).connections, 1);
		served_end(s);
	}
}

/* A front-end that leaves a mapping unanswered, and what may end then. */
static void test_unanswered_mapping(void **state)
{
	int how;

	for (how = 0; how < 4; how++) {
		struct served *s = served_listen(false);
		uint8_t map[20] = { 4 }, *resp;
		struct guest g;

		assert_int_equal(guest_connect(&g, s, 0), 0);
		guest_start(&g);
		put32(map + 8, guest_open(&g));
		guest_offer(&g, 0, map, 20, 24, &resp);
		served_step(s);
		assert_int_equal(g.maps, 0);
		if (how == 1)
			assert_int_equal(vmedia_vuf_set_vring_enable(g.vuf, 0, false), 0);
		if (how == 2)
			assert_int_equal(vmedia_vuf_reset_device(g.vuf), 0);
		if (how == 3) {
			vmedia_server_destroy(s->srv);
			s->srv = NULL;
		}
		guest_leave(&g);
		served_end(s);
	}
}

/* Sixteen monitors may wait for the one that is served, and one more in accept()'s place. */
static void test_waiting_monitors(void **state)
{
	struct served *s = served_listen(false);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct guest g;
	int fd[18], i;

	assert_int_equal(guest_connect(&g, s, 0), 0);
	memcpy(addr.sun_path, s->path, strlen(s->path));
	for (i = 0; i < 18; i++) {
		fd[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		assert_int_equal(connect(fd[i], (struct sockaddr *)&addr, sizeof(addr)),
				 i < 17 ? 0 : -1);
	}
	assert_int_equal(errno, EAGAIN);
	vmedia_fd_close_many(fd, 18);
	guest_leave(&g);
	/* Those are served, and gone, before the next one. */
	assert_int_equal(guest_connect(&g, s, 0), 0);
	guest_leave(&g);
	assert_int_equal(served_stats(s).connections, 19);
	served_end(s);
}

/* What a monitor runs into: descriptors of a ring, regions of memory, the in-flight area. */
static void test_fixed_limits(void **state)
{
	struct vmedia_server_options table = { .no_mem_slots = true };
	struct served *s = served_listen(false);
	struct vmedia_vu_inflight info;
	struct guest g;
	uint64_t slots;
	int fd;

	assert_int_equal(guest_connect(&g, s, 0), 0);
	assert_int_equal(vmedia_vuf_get_max_mem_slots(g.vuf, &slots), 0);
	assert_int_equal(slots, 509);
	assert_int_equal(vmedia_vuf_set_vring_num(g.vuf, 0, 1024), 0);
	assert_int_not_equal(vmedia_vuf_set_vring_num(g.vuf, 0, 2048), 0);
	assert_int_equal(vmedia_vuf_get_inflight_fd(g.vuf, 2, 1024, &info, &fd), 0);
	vmedia_fd_close(&fd);
	assert_int_not_equal(vmedia_vuf_get_inflight_fd(g.vuf, 2, 2048, &info, &fd), 0);
	assert_int_not_equal(vmedia_vuf_get_inflight_fd(g.vuf, 3, 1024, &info, &fd), 0);
	guest_leave(&g);
	served_end(s);

	s = served_listen_with(0, &table);
	assert_int_equal(guest_connect(&g, s, 0), 0);
	assert_int_not_equal(vmedia_vuf_get_max_mem_slots(g.vuf, &slots), 0);
	guest_leave(&g);
	served_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_descriptors),
		cmocka_unit_test(test_unanswered_mapping),
		cmocka_unit_test(test_waiting_monitors),
		cmocka_unit_test(test_fixed_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
