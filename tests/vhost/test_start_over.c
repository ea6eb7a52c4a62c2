/* SPDX-License-Identifier: BSD-3-Clause */
/* Drivers that start over, with and without a reset, and the order in which rings start. */
#include "rig.h"

#include "base/fd.h"
#include "base/log.h"
#include "virtq/ring.h"

#define BIT(n) (1ull << (n))
#define PACKED (BIT(VMEDIA_VIRTIO_F_RING_PACKED) | BIT(VMEDIA_VIRTIO_F_EVENT_IDX))

/*
 * UML: rings are disabled, then set up from 0 without any other word. QEMU without RESET_DEVICE:
 * GET_VRING_BASE first.
 */
static void test_start_over(void **state)
{
	int pass;

	for (pass = 0; pass < 2; pass++) {
		struct rig r;
		uint32_t base;

		rig_start(&r, NULL);
		rig_setup_ring(&r, 0, 0);
		rig_setup_ring(&r, 1, 0);
		rig_echo(&r, 0, 1);
		rig_echo(&r, 1, 1);
		if (pass) {
			assert_int_equal(vmedia_vuf_get_vring_base(r.vuf, 0, &base), 0);
			assert_int_equal(vmedia_vuf_get_vring_base(r.vuf, 1, &base), 0);
		} else {
			assert_int_equal(vmedia_vuf_set_vring_enable(r.vuf, 1, false), 0);
			assert_int_equal(vmedia_vuf_set_vring_enable(r.vuf, 0, false), 0);
		}
		assert_int_equal(r.resets, 0);
		rig_setup_ring(&r, 0, 0);
		rig_setup_ring(&r, 1, 0);
		/* Once, not once a ring. */
		assert_int_equal(r.resets, 1);
		rig_echo(&r, 0, 1);
		rig_echo(&r, 1, 1);
		assert_int_equal(r.resets, 1);
		rig_close(&r);
	}
}

static void test_reset_device(void **state)
{
	struct rig r;

	rig_start(&r, NULL);
	rig_setup_ring(&r, 0, 0);
	rig_setup_ring(&r, 1, 0);
	rig_echo(&r, 0, 1);
	assert_int_equal(vmedia_vuf_reset_device(r.vuf), 0);
	assert_int_equal(r.resets, 1);
	assert_int_equal(r.stopped[0], 1);
	assert_int_equal(r.stopped[1], 1);
	vmedia_eventfd_signal(r.ring[1].kick);
	rig_settle(&r);
	assert_int_equal(r.ready[1], 1);
	rig_setup_ring(&r, 0, 0);
	rig_echo(&r, 0, 1);
	assert_int_equal(r.resets, 1);
	rig_close(&r);
}

/* When the device looks into one ring, all that can run do: commands want event buffers. */
static void test_start_together(void **state)
{
	struct rig r;

	rig_start(&r, NULL);
	rig_setup_ring(&r, 0, 0);
	rig_setup_ring(&r, 1, 0);
	rig_echo(&r, 0, 1);
	rig_echo(&r, 1, 2);
	r.alone = 0;
	/* The driver starts over: this one message makes both rings ready to run. */
	assert_int_equal(vmedia_vuf_set_vring_base(r.vuf, 1, 0), 0);
	rig_settle(&r);
	assert_int_equal(r.resets, 1);
	assert_int_equal(r.ready[0] + r.ready[1], 4);
	assert_int_equal(r.alone, 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_over),
		cmocka_unit_test(test_reset_device),
		cmocka_unit_test(test_start_together),
	};

	vmedia_log_set_level(VMEDIA_LOG_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
