/* SPDX-License-Identifier: BSD-3-Clause */
/* Guest memory that changes under rings and chains, and what outlives a connection. */
#include "rig.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "virtq/ring.h"

/* The map changes under a chain that the device holds: the chain stays good, the ring goes on. */
static void test_mem_change_in_flight(void **state)
{
	struct vmedia_vuf_region region, more;
	struct vmedia_mem *old;
	uint8_t byte = 0;
	struct rig r;

	rig_start(&r, NULL);
	rig_setup_ring(&r, 0, 0);
	rig_echo(&r, 0, 1);
	r.hold = true;
	rig_send(&r, 0, 5);
	rig_settle(&r);
	assert_int_equal(r.num_held[0], 1);
	old = vmedia_vub_mem(r.vub);
	region = more = rig_region(&r);
	assert_int_equal(vmedia_vuf_set_mem_table(r.vuf, &region, 1), 0);
	assert_ptr_not_equal(vmedia_vub_mem(r.vub), old);
	more.guest_addr += RIG_MEM_SIZE;
	more.user_addr += RIG_MEM_SIZE;
	assert_int_equal(vmedia_vuf_add_mem_reg(r.vuf, &more), 0);
	assert_int_equal(vmedia_vuf_rem_mem_reg(r.vuf, &more), 0);
	assert_int_equal(r.mem_changes, 4);
	assert_int_equal(r.stopped[0], 0);
	/* The old snapshot's memory is still there. */
	assert_int_equal(vmedia_chain_read(r.held[0][0], 0, &byte, 1), 1);
	assert_int_equal(byte, 5);
	byte = 77;
	assert_int_equal(vmedia_chain_write(r.held[0][0], 0, &byte, 1), 1);
	vmedia_vub_push(r.vub, 0, r.held[0][0], 1);
	r.num_held[0] = 0;
	vmedia_vub_notify(r.vub, 0);
	assert_int_equal(rig_recv(&r, 0), 1);
	assert_int_equal(r.mem[0x10000 + 5 * 16 + 1], 77);
	vmedia_eventfd_clear(r.ring[0].call);
	assert_false(vmedia_vqr_enable_notify(r.ring[0].vqr));
	r.hold = false;
	rig_echo(&r, 0, 6);
	rig_close(&r);
}

/* The region that a ring lies in goes while a chain is out. */
static void test_mem_removed_under_ring(void **state)
{
	struct vmedia_vuf_region region, other;
	struct rig r;

	rig_start(&r, NULL);
	rig_setup_ring(&r, 0, 0);
	r.hold = true;
	rig_send(&r, 0, 5);
	rig_settle(&r);
	assert_int_equal(r.num_held[0], 1);
	/* Region by region: for a while the ring is nowhere, and goes on. */
	region = other = rig_region(&r);
	other.guest_addr += RIG_MEM_SIZE;
	other.user_addr += RIG_MEM_SIZE;
	assert_int_equal(vmedia_vuf_rem_mem_reg(r.vuf, &region), 0);
	assert_int_equal(r.stopped[0], 0);
	rig_send(&r, 0, 6);
	rig_settle(&r);
	assert_int_equal(r.num_held[0], 2);
	assert_int_equal(vmedia_vuf_add_mem_reg(r.vuf, &region), 0);
	assert_int_equal(r.stopped[0], 0);
	/* A whole table without it is another matter. */
	assert_int_equal(vmedia_vuf_set_mem_table(r.vuf, &other, 1), 0);
	assert_int_equal(r.stopped[0], 1);
	assert_int_equal(vmedia_eventfd_clear(r.ring[0].err), 1);
	assert_int_equal(vmedia_vuf_set_mem_table(r.vuf, &region, 1), 0);
	r.hold = false;
	rig_setup_ring(&r, 0, 0);
	rig_echo(&r, 0, 6);
	rig_close(&r);
}

/*
 * A daemon that dies with a chain in hand: the next one gets the in-flight file and serves that
 * chain first.
 */
static void test_inflight_survives(void **state)
{
	struct vmedia_vu_inflight info;
	struct rig r, next;
	struct rig_ring *g;
	struct vmedia_vuf_region region;
	struct vmedia_vuf_vring v = { .num = RIG_NUM, .err_fd = -1 };
	int fd;

	rig_start(&r, NULL);
	assert_int_equal(vmedia_vuf_get_inflight_fd(r.vuf, 2, RIG_NUM, &info, &fd), 0);
	assert_int_equal(vmedia_vuf_set_inflight_fd(r.vuf, &info, fd), 0);
	rig_setup_ring(&r, 0, 0);
	g = &r.ring[0];
	rig_echo(&r, 0, 1);
	r.hold = true;
	rig_send(&r, 0, 2);
	rig_settle(&r);
	assert_int_equal(r.num_held[0], 1);
	assert_int_equal(vmedia_vuf_set_inflight_fd(r.vuf, &info, fd), -EIO);
	r.num_held[0] = 0; /* as a killed process does: nothing goes back */

	rig_open(&next, NULL);
	assert_int_equal(vmedia_vuf_negotiate(next.vuf), 0);
	region = rig_region(&r);
	assert_int_equal(vmedia_vuf_set_mem_table(next.vuf, &region, 1), 0);
	assert_int_equal(vmedia_vuf_set_inflight_fd(next.vuf, &info, fd), 0);
	v.desc = RIG_UVA + g->layout.desc;
	v.avail = RIG_UVA + g->layout.driver;
	v.used = RIG_UVA + g->layout.device;
	v.kick_fd = g->kick;
	v.call_fd = g->call;
	v.base = 2;
	assert_int_equal(vmedia_vuf_setup_vring(next.vuf, 0, &v), 0);
	rig_settle(&next);
	assert_int_equal(next.ready[0], 1);
	assert_int_equal(rig_recv(&r, 0), 1);
	assert_int_equal(r.mem[0x10000 + 2 * 16 + 1], 3);
	rig_close(&next);
	close(fd);
	rig_close(&r);
}

/* The front-end leaves with chains in the device's hands. */
static void test_disconnect_in_flight(void **state)
{
	struct rig r;

	rig_start(&r, NULL);
	rig_setup_ring(&r, 0, 0);
	r.hold = true;
	rig_send(&r, 0, 1);
	rig_send(&r, 0, 2);
	rig_settle(&r);
	assert_int_equal(r.num_held[0], 2);
	rig_close(&r);
	assert_int_equal(r.reason, -ECONNRESET);
	assert_int_equal(r.num_held[0], 0);
}

/* A front-end that truncates a file under us: reads give zeros, and it is thrown out. */
static void test_truncated(void **state)
{
	int fd = memfd_create("short", MFD_CLOEXEC);
	struct vmedia_vuf_region regions[2];
	struct vmedia_gpa_range out, in;
	struct rig r;
	char cookie;

	assert_int_equal(vmedia_mem_guard_install(), 0);
	assert_int_equal(ftruncate(fd, RIG_MEM_SIZE), 0);
	rig_start(&r, NULL);
	regions[0] = regions[1] = rig_region(&r);
	regions[1].guest_addr += RIG_MEM_SIZE;
	regions[1].user_addr += RIG_MEM_SIZE;
	regions[1].fd = fd;
	assert_int_equal(vmedia_vuf_set_mem_table(r.vuf, regions, 2), 0);
	rig_setup_ring(&r, 0, 0);
	rig_echo(&r, 0, 1);
	out = (struct vmedia_gpa_range){ .gpa = regions[1].guest_addr, .len = 1 };
	in = (struct vmedia_gpa_range){ .gpa = RIG_GPA + 0x18000, .len = 1 };
	assert_int_equal(vmedia_vqr_add(r.ring[0].vqr, &out, 1, &in, 1, &cookie, 0), 0);
	vmedia_vqr_publish(r.ring[0].vqr);
	assert_int_equal(ftruncate(fd, 0), 0);
	vmedia_eventfd_signal(r.ring[0].kick);
	rig_settle(&r);
	assert_int_equal(r.closed, 1);
	assert_int_equal(r.reason, -EFAULT);
	rig_close(&r);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mem_change_in_flight),
		cmocka_unit_test(test_mem_removed_under_ring),
		cmocka_unit_test(test_inflight_survives),
		cmocka_unit_test(test_disconnect_in_flight),
		cmocka_unit_test(test_truncated),
	};

	vmedia_log_set_level(VMEDIA_LOG_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
