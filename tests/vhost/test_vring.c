/* SPDX-License-Identifier: BSD-3-Clause */
/* Rings: states, kicks and interrupts, memory that changes under them. */
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "virtq/ring.h"

#define BIT(n) (1ull << (n))
#define PACKED (BIT(VMEDIA_VIRTIO_F_RING_PACKED) | BIT(VMEDIA_VIRTIO_F_EVENT_IDX))

static void echo_with(const struct rig_options *opt, uint32_t base)
{
	struct vmedia_vub_stats stats;
	struct rig r;
	unsigned int i;

	rig_start(&r, opt);
	rig_setup_ring(&r, 0, base);
	rig_setup_ring(&r, 1, base);
	/* They run without a kick. */
	rig_settle(&r);
	assert_int_equal(r.ready[0] + r.ready[1], 2);
	for (i = 0; i < 100; i++)
		rig_echo(&r, i & 1, i);
	assert_int_equal(r.ready[0], 1);
	assert_int_equal(r.ready[1], 1);
	vmedia_vub_get_stats(r.vub, 0, &stats);
	assert_int_equal(stats.chains, 50);
	assert_int_equal(stats.kicks, 50);
	assert_int_equal(stats.calls, 50);
	vmedia_vub_get_stats(r.vub, RIG_QUEUES, &stats);
	assert_int_equal(stats.chains, 0);
	rig_close(&r);
	assert_int_equal(r.stopped[0], 1);
}

static void test_echo(void **state)
{
	struct rig_options packed = { .want_features = PACKED };
	struct rig_options bare = { .mask_features = VMEDIA_VQ_FEATURES &
						     ~BIT(VMEDIA_VIRTIO_F_VERSION_1) };
	struct rig_options no_protocol = { .mask_features = BIT(VMEDIA_VU_F_PROTOCOL) };

	echo_with(NULL, 0);
	echo_with(&bare, 0);
	echo_with(&packed, VMEDIA_VQD_BASE_PACKED);
	/* What UML says of a fresh packed ring. */
	echo_with(&packed, 0);
	/* Without protocol features a ring is enabled from the start. */
	echo_with(&no_protocol, 0);
}

static void test_batch(void **state)
{
	struct rig r;
	unsigned int i;

	rig_start(&r, NULL);
	rig_setup_ring(&r, 0, 0);
	for (i = 0; i < 8; i++)
		rig_send(&r, 0, i);
	rig_settle(&r);
	for (i = 0; i < 8; i++)
		assert_int_equal(rig_recv(&r, 0), 1);
	assert_int_equal(rig_recv(&r, 0), -1);
	assert_int_equal(vmedia_eventfd_clear(r.ring[0].call), 1);
	rig_close(&r);
}

/* A driver that adds while the device works: nothing is overlooked, the loop sees to others too. */
static void test_busy_driver(void **state)
{
	struct vmedia_vub_stats stats;
	struct rig r;
	unsigned int i;

	rig_start(&r, NULL);
	rig_setup_ring(&r, 0, 0);
	r.refill = 6;
	rig_send(&r, 0, 100);
	rig_settle(&r);
	assert_int_equal(r.refill, 0);
	for (i = 0; i < 7; i++)
		assert_int_equal(rig_recv(&r, 0), 1);
	vmedia_vub_get_stats(r.vub, 0, &stats);
	assert_int_equal(stats.chains, 7);
	/* The driver was not asked to kick meanwhile. */
	assert_int_equal(stats.kicks, 1);
	assert_true(r.kicks[0] >= 7);
	/* Destroyed while such work is put off. */
	assert_false(vmedia_vqr_enable_notify(r.ring[0].vqr));
	r.refill = 6;
	rig_send(&r, 0, 100);
	assert_true(vmedia_loop_step(r.loop, 0) > 0);
	vmedia_vub_destroy(r.vub);
	r.vub = NULL;
	rig_close(&r);
}

/* Without a kick a chain lies there until somebody looks; kicks go on as before afterwards. */
static void look_with(const struct rig_options *opt, uint32_t base)
{
	struct vmedia_vub_stats stats;
	struct rig r;
	unsigned int kicks;

	rig_start(&r, opt);
	vmedia_vub_look(r.vub, 0);
	vmedia_vub_look(r.vub, RIG_QUEUES);
	rig_setup_ring(&r, 0, base);
	rig_settle(&r);
	rig_send(&r, 0, 2);
	rig_settle(&r);
	assert_int_equal(rig_recv(&r, 0), 1);
	kicks = r.kicks[0];
	vmedia_vub_look(r.vub, 0);
	assert_int_equal(r.kicks[0], kicks);
	for (unsigned int i = 0; i < 3 * RIG_NUM; i++) {
		rig_offer(&r, 0, (uint8_t)i);
		rig_settle(&r);
		assert_int_equal(rig_recv(&r, 0), -1);
		vmedia_vub_look(r.vub, 0);
		assert_int_equal(rig_recv(&r, 0), 1);
	}
	vmedia_vub_get_stats(r.vub, 0, &stats);
	assert_int_equal(stats.kicks, 1);
	assert_int_equal(stats.chains, 1 + 3 * RIG_NUM);
	vmedia_eventfd_clear(r.ring[0].call);
	assert_false(vmedia_vqr_enable_notify(r.ring[0].vqr));
	rig_echo(&r, 0, 7);
	/* The device's owner may be gone when it returns. */
	r.destroy_on_kick = true;
	rig_offer(&r, 0, 9);
	vmedia_vub_look(r.vub, 0);
	assert_null(r.vub);
	rig_close(&r);
}

static void test_look(void **state)
{
	struct rig_options packed = { .want_features = PACKED };
	struct rig_options bare = { .mask_features = VMEDIA_VQ_FEATURES &
						     ~BIT(VMEDIA_VIRTIO_F_VERSION_1) };

	look_with(NULL, 0);
	look_with(&bare, 0);
	look_with(&packed, VMEDIA_VQD_BASE_PACKED);
}

static void test_enable(void **state)
{
	struct vmedia_vu_vring_state st = { .index = 0, .num = 2 };
	struct rig r;

	rig_start(&r, NULL);
	rig_setup_ring(&r, 0, 0);
	rig_echo(&r, 0, 1);
	assert_int_equal(vmedia_vuf_set_vring_enable(r.vuf, 0, false), 0);
	assert_int_equal(r.stopped[0], 1);
	rig_send(&r, 0, 2);
	rig_settle(&r);
	assert_int_equal(rig_recv(&r, 0), -1);
	assert_int_equal(vmedia_vuf_set_vring_enable(r.vuf, 0, true), 0);
	rig_settle(&r);
	assert_int_equal(rig_recv(&r, 0), 1);
	assert_int_equal(r.ready[0], 2);
	assert_int_equal(r.resets, 0);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_ENABLE, true, &st, 8, NULL, 0), EINVAL);
	rig_close(&r);
}

static void test_bad_values(void **state)
{
	static const uint32_t bad_nums[] = { 0, 3, 100, 256, 32768, 65536, UINT32_MAX };
	struct vmedia_vu_vring_state st = { .index = 0 };
	struct vmedia_vu_vring_addr addr = { .desc = RIG_UVA, .avail = RIG_UVA, .used = RIG_UVA };
	int file = vmedia_memfd("test", 1), null = open("/dev/null", O_RDWR);
	struct vmedia_vuf_region region;
	uint64_t val = 0;
	struct rig r;
	size_t i;

	rig_open(&r, NULL);
	assert_int_equal(vmedia_vuf_negotiate(r.vuf), 0);
	/* Addresses before there is memory, then ones outside of it. */
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_ADDR, true, &addr, 40, NULL, 0), EFAULT);
	region = rig_region(&r);
	assert_int_equal(vmedia_vuf_set_mem_table(r.vuf, &region, 1), 0);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_ADDR, true, &addr, 40, NULL, 0), 0);
	addr.used = RIG_UVA + RIG_MEM_SIZE;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_ADDR, true, &addr, 40, NULL, 0), EFAULT);
	addr.used = RIG_GPA;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_ADDR, true, &addr, 40, NULL, 0), EFAULT);
	addr.flags = 1;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_ADDR, true, &addr, 40, NULL, 0), EINVAL);
	addr.flags = 0;
	addr.index = RIG_QUEUES;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_ADDR, true, &addr, 40, NULL, 0), ERANGE);
	for (i = 0; i < sizeof(bad_nums) / sizeof(bad_nums[0]); i++) {
		st.num = bad_nums[i];
		assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_NUM, true, &st, 8, NULL, 0),
				 EINVAL);
	}
	st.num = 65536;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_BASE, true, &st, 8, NULL, 0), EINVAL);
	st.index = UINT32_MAX;
	st.num = 16;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_NUM, true, &st, 8, NULL, 0), ERANGE);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_BASE, true, &st, 8, NULL, 0), ERANGE);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_ENABLE, true, &st, 8, NULL, 0), ERANGE);
	/* Descriptors that are files or devices; polling; both at once. */
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_KICK, true, &val, 8, &file, 1), EINVAL);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_CALL, true, &val, 8, &null, 1), EINVAL);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_ERR, true, &val, 8, &r.mem_fd, 1), EINVAL);
	val = VMEDIA_VU_VRING_NOFD;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_KICK, true, &val, 8, NULL, 0), EOPNOTSUPP);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_CALL, true, &val, 8, NULL, 0), 0);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_CALL, true, &val, 8, &file, 1), EBADF);
	val = RIG_QUEUES;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_CALL, true, &val, 8, &file, 1), ERANGE);
	/*
	 * Nobody reads an answer to GET_VRING_BASE but the front-end: a ring that does not exist is
	 * fatal.
	 */
	assert_int_equal(rig_raw(&r, VMEDIA_VU_GET_VRING_BASE, false, &st, 8, NULL, 0), -2);
	rig_close(&r);
	close(file);
	close(null);
}

#define NO_ROOT 77

/*
 * An interrupt is written to a descriptor, so of anonymous files only an eventfd is taken. In a
 * child, with an empty root; NO_ROOT if it may not have that.
 */
static int takes_eventfds_only(const char *root)
{
	int fd[] = { eventfd(0, EFD_CLOEXEC), epoll_create1(EPOLL_CLOEXEC),
		     timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), inotify_init1(IN_CLOEXEC) };
	const uint64_t full = UINT64_MAX - 1;
	uint64_t ring = 0;
	bool ok = true;
	struct rig r;

	rig_start(&r, NULL);
	rig_setup_ring(&r, 0, 0);
	if (chroot(root))
		return NO_ROOT;
	/* to look at it does not wait: this one blocks */
	ok &= write(fd[0], &full, sizeof(full)) == sizeof(full);
	ok &= rig_raw(&r, VMEDIA_VU_SET_VRING_CALL, true, &ring, 8, &fd[0], 1) == 0;
	for (unsigned int i = 1; i < 4; i++)
		ok &= rig_raw(&r, VMEDIA_VU_SET_VRING_CALL, true, &ring, 8, &fd[i], 1) == EINVAL;
	return !ok;
}

static void test_anonymous_calls(void **state)
{
	char folder[] = "/tmp/vmedia-empty.XXXXXX";
	int status;
	pid_t pid;

	assert_non_null(mkdtemp(folder));
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		alarm(60);
		_exit(takes_eventfds_only(folder));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	rmdir(folder);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NO_ROOT)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/*
 * A ring that reaches out of the map with its end: found at the start, said through the error
 * eventfd.
 */
static void test_ring_does_not_fit(void **state)
{
	struct rig r;
	struct rig_ring *g;

	rig_start(&r, NULL);
	rig_setup_ring(&r, 0, 0);
	rig_settle(&r);
	assert_int_equal(r.ready[0], 1);
	g = &r.ring[0];
	assert_int_equal(vmedia_vuf_set_vring_addr(r.vuf, 0, RIG_UVA + RIG_MEM_SIZE - 16,
						   RIG_UVA + 0x1000, RIG_UVA + 0x2000),
			 0);
	vmedia_eventfd_signal(g->kick);
	rig_settle(&r);
	assert_int_equal(r.ready[0], 1);
	assert_int_equal(r.stopped[0], 1);
	assert_int_equal(vmedia_eventfd_clear(g->err), 1);
	/* Set up right it works again. */
	rig_setup_ring(&r, 0, 0);
	rig_echo(&r, 0, 3);
	rig_close(&r);
}

static void test_get_base_and_resume(void **state)
{
	struct rig_options packed = { .want_features = PACKED };
	int pass;

	for (pass = 0; pass < 2; pass++) {
		struct vmedia_vuf_vring v = { .num = RIG_NUM, .err_fd = -1 };
		struct rig_ring *g;
		struct rig r;
		uint32_t base;
		unsigned int i;

		rig_start(&r, pass ? &packed : NULL);
		g = &r.ring[0];
		rig_setup_ring(&r, 0, pass ? VMEDIA_VQD_BASE_PACKED : 0);
		for (i = 0; i < 5; i++)
			rig_echo(&r, 0, i);
		r.hold = true;
		rig_send(&r, 0, 9);
		rig_settle(&r);
		assert_int_equal(r.num_held[0], 1);
		/*
		 * The device returns what it holds before the ring is gone, and the driver hears of
		 * it.
		 */
		assert_int_equal(vmedia_vuf_get_vring_base(r.vuf, 0, &base), 0);
		assert_int_equal(r.stopped[0], 1);
		assert_int_equal(rig_recv(&r, 0), 0);
		assert_int_equal(vmedia_eventfd_clear(g->call), 1);
		if (!pass)
			assert_int_equal(base, 6);
		/* A kick is nobody's now. */
		vmedia_eventfd_signal(g->kick);
		rig_settle(&r);
		assert_int_equal(r.ready[0], 1);
		r.hold = false;
		v.base = base;
		v.desc = RIG_UVA + g->layout.desc;
		v.avail = RIG_UVA + g->layout.driver;
		v.used = RIG_UVA + g->layout.device;
		v.kick_fd = g->kick;
		v.call_fd = g->call;
		assert_int_equal(vmedia_vuf_setup_vring(r.vuf, 0, &v), 0);
		assert_false(vmedia_vqr_enable_notify(g->vqr));
		for (i = 0; i < 40; i++)
			rig_echo(&r, 0, i);
		assert_int_equal(r.resets, 0);
		assert_int_equal(r.ready[0], 2);
		rig_close(&r);
	}
}
static void test_set_features_while_running(void **state)
{
	uint64_t val;
	struct rig r;

	rig_start(&r, NULL);
	rig_setup_ring(&r, 0, 0);
	rig_echo(&r, 0, 1);
	val = vmedia_vuf_features(r.vuf);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_FEATURES, true, &val, 8, NULL, 0), 0);
	val &= ~BIT(VMEDIA_VIRTIO_F_EVENT_IDX);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_FEATURES, true, &val, 8, NULL, 0), EBUSY);
	rig_echo(&r, 0, 2);
	rig_close(&r);
}

static void test_broken_ring(void **state)
{
	struct vmedia_chain *c;
	struct rig r;
	struct rig_ring *g;

	rig_start(&r, NULL);
	rig_setup_ring(&r, 0, 0);
	rig_echo(&r, 0, 1);
	g = &r.ring[0];
	/* An available index far beyond the ring. */
	((struct vmedia_vring_avail *)(r.mem + g->layout.driver))->idx = htole16(1000);
	vmedia_eventfd_signal(g->kick);
	rig_settle(&r);
	assert_int_equal(vmedia_eventfd_clear(g->err), 1);
	assert_true(vmedia_vub_pop(r.vub, 0, &c) < 0);
	assert_int_equal(vmedia_eventfd_clear(g->err), 0);
	rig_setup_ring(&r, 0, 0);
	rig_echo(&r, 0, 2);
	rig_close(&r);
}

/*
 * UML's interrupts come over a socket pair, others may use pipes; a closed or full other end does
 * no harm.
 */
static void test_odd_descriptors(void **state)
{
	struct rig r;
	uint64_t val;
	int sv[2], pipefd[2], i;
	char buf[64];

	rig_start(&r, NULL);
	rig_setup_ring(&r, 0, 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	assert_int_equal(vmedia_vuf_set_vring_call(r.vuf, 0, sv[1]), 0);
	close(sv[1]);
	rig_send(&r, 0, 1);
	rig_settle(&r);
	assert_int_equal(rig_recv(&r, 0), 1);
	assert_int_equal(read(sv[0], &val, 8), 8);
	close(sv[0]);
	assert_false(vmedia_vqr_enable_notify(r.ring[0].vqr));
	rig_send(&r, 0, 1);
	rig_settle(&r);
	assert_int_equal(rig_recv(&r, 0), 1);

	assert_int_equal(pipe(pipefd), 0);
	assert_int_equal(vmedia_vuf_set_vring_call(r.vuf, 0, pipefd[1]), 0);
	close(pipefd[1]);
	assert_false(vmedia_vqr_enable_notify(r.ring[0].vqr));
	rig_send(&r, 0, 1);
	rig_settle(&r);
	assert_int_equal(rig_recv(&r, 0), 1);
	assert_int_equal(read(pipefd[0], &val, 8), 8);
	/* SIGPIPE would kill this test. */
	close(pipefd[0]);
	assert_false(vmedia_vqr_enable_notify(r.ring[0].vqr));
	rig_send(&r, 0, 1);
	rig_settle(&r);
	assert_int_equal(rig_recv(&r, 0), 1);

	/* Kicks through a pipe, more than fit into it when nobody reads. */
	assert_int_equal(pipe2(pipefd, O_NONBLOCK), 0);
	assert_int_equal(vmedia_vuf_set_vring_kick(r.vuf, 0, pipefd[0]), 0);
	close(pipefd[0]);
	memset(buf, 0, sizeof(buf));
	for (i = 0; i < 3000; i++) {
		assert_int_equal(write(pipefd[1], buf, sizeof(buf)), sizeof(buf));
		rig_settle(&r);
	}
	close(pipefd[1]);
	rig_settle(&r);
	assert_true(r.kicks[0] > 3000);
	rig_close(&r);
}

/* A notification that was due while there was no call descriptor comes when there is one. */
static void test_missed_call(void **state)
{
	struct rig r;

	rig_start(&r, NULL);
	rig_setup_ring(&r, 0, 0);
	assert_int_equal(vmedia_vuf_set_vring_call(r.vuf, 0, -1), 0);
	rig_send(&r, 0, 1);
	rig_settle(&r);
	assert_int_equal(vmedia_eventfd_clear(r.ring[0].call), 0);
	assert_int_equal(vmedia_vuf_set_vring_call(r.vuf, 0, r.ring[0].call), 0);
	assert_int_equal(vmedia_eventfd_clear(r.ring[0].call), 1);
	rig_close(&r);
}

static void test_destroy_in_callbacks(void **state)
{
	struct rig r;
	uint32_t base;

	rig_start(&r, NULL);
	rig_setup_ring(&r, 0, 0);
	r.destroy_on_kick = true;
	rig_send(&r, 0, 1);
	rig_settle(&r);
	assert_null(r.vub);
	rig_close(&r);

	rig_start(&r, NULL);
	rig_setup_ring(&r, 0, 0);
	rig_setup_ring(&r, 1, 0);
	rig_echo(&r, 0, 1);
	rig_echo(&r, 1, 1);
	r.destroy_on_stop = true;
	assert_int_equal(vmedia_vuf_get_vring_base(r.vuf, 0, &base), -ECONNRESET);
	assert_null(r.vub);
	assert_int_equal(r.closed, 0);
	assert_int_equal(r.stopped[1], 1);
	rig_close(&r);

	/* Called by the owner, with rings running. */
	rig_start(&r, NULL);
	rig_setup_ring(&r, 0, 0);
	rig_echo(&r, 0, 1);
	vmedia_vub_destroy(r.vub);
	r.vub = NULL;
	assert_int_equal(r.stopped[0], 1);
	assert_int_equal(r.closed, 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_busy_driver),
		cmocka_unit_test(test_look),
		cmocka_unit_test(test_enable),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_anonymous_calls),
		cmocka_unit_test(test_ring_does_not_fit),
		cmocka_unit_test(test_get_base_and_resume),
		cmocka_unit_test(test_set_features_while_running),
		cmocka_unit_test(test_broken_ring),
		cmocka_unit_test(test_odd_descriptors),
		cmocka_unit_test(test_missed_call),
		cmocka_unit_test(test_destroy_in_callbacks),
	};

	vmedia_log_set_level(VMEDIA_LOG_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
