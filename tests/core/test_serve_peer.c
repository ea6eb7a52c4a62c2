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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
