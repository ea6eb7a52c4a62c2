/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of the front-end, good and bad: negotiation, memory, config space, status, objects. */
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "virtq/ring.h"

#define BIT(n) (1ull << (n))
#define PF(n)  BIT(VMEDIA_VU_PF_##n)

static void test_negotiate(void **state)
{
	struct rig r;

	rig_open(&r, NULL);
	assert_int_equal(vmedia_vuf_negotiate(r.vuf), 0);
	assert_int_equal(vmedia_vuf_protocol_features(r.vuf),
			 PF(MQ) | PF(REPLY_ACK) | PF(BACKEND_REQ) | PF(CONFIG) |
				 PF(BACKEND_SEND_FD) | PF(INFLIGHT_SHMFD) | PF(RESET_DEVICE) |
				 PF(CONFIGURE_MEM_SLOTS) | PF(STATUS) | PF(SHARED_OBJECT) |
				 PF(SHMEM));
	assert_int_equal(vmedia_vub_protocol_features(r.vub), vmedia_vuf_protocol_features(r.vuf));
	assert_int_equal(vmedia_vuf_features(r.vuf), BIT(VMEDIA_VIRTIO_F_VERSION_1) |
							     BIT(VMEDIA_VU_F_PROTOCOL) |
							     BIT(VMEDIA_VIRTIO_F_INDIRECT_DESC) |
							     BIT(VMEDIA_VIRTIO_F_EVENT_IDX));
	assert_int_equal(r.features, vmedia_vuf_features(r.vuf));
	assert_int_equal(vmedia_vuf_num_queues(r.vuf), RIG_QUEUES);
	assert_int_equal(vmedia_vuf_shmem_size(r.vuf, 0), RIG_SHMEM);
	assert_int_equal(vmedia_vuf_shmem_size(r.vuf, 1), 0);
	assert_int_equal(vmedia_vuf_shmem_size(r.vuf, 2), 1u << 16);
	assert_int_equal(r.channels, 1);
	assert_true(vmedia_vub_has_shmem(r.vub));
	/* A second time is allowed, as some front-ends do. */
	assert_int_equal(vmedia_vuf_negotiate(r.vuf), 0);
	rig_close(&r);
}

static void test_shmem_bits(void **state)
{
	static const unsigned int bits[] = { 20, 21, 22 };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		struct rig_options same = { .back_bit = bits[i], .front_bit = bits[i] };
		struct rig_options other = { .back_bit = bits[i], .front_bit = bits[(i + 1) % 3] };
		struct rig r;

		rig_open(&r, &same);
		assert_int_equal(vmedia_vuf_negotiate(r.vuf), 0);
		assert_true(vmedia_vuf_protocol_features(r.vuf) & PF(SHMEM));
		assert_true(vmedia_vub_has_shmem(r.vub));
		assert_int_equal(vmedia_vuf_shmem_size(r.vuf, 0), RIG_SHMEM);
		rig_close(&r);

		rig_open(&r, &other);
		assert_int_equal(vmedia_vuf_negotiate(r.vuf), 0);
		assert_false(vmedia_vuf_protocol_features(r.vuf) & PF(SHMEM));
		assert_false(vmedia_vub_has_shmem(r.vub));
		rig_close(&r);
	}
}

static void test_less_offered(void **state)
{
	struct rig_options no_protocol = { .mask_features = BIT(VMEDIA_VU_F_PROTOCOL) };
	struct rig_options no_version = { .mask_features = BIT(VMEDIA_VIRTIO_F_VERSION_1) };
	struct rig_options no_channel = { .mask_protocol = PF(BACKEND_REQ) };
	uint8_t b;
	struct rig r;

	rig_open(&r, &no_protocol);
	assert_int_equal(vmedia_vuf_negotiate(r.vuf), 0);
	assert_int_equal(vmedia_vuf_protocol_features(r.vuf), 0);
	/* Nobody negotiated CONFIG, and the request cannot be refused in another way. */
	assert_int_equal(vmedia_vuf_get_config(r.vuf, 0, &b, 1), -ECONNRESET);
	assert_int_equal(r.reason, -EPROTO);
	rig_close(&r);

	rig_open(&r, &no_version);
	assert_int_equal(vmedia_vuf_negotiate(r.vuf), -ENOTSUP);
	rig_close(&r);

	rig_open(&r, &no_channel);
	assert_int_equal(vmedia_vuf_negotiate(r.vuf), 0);
	assert_false(vmedia_vuf_protocol_features(r.vuf) & (PF(SHMEM) | PF(BACKEND_SEND_FD)));
	assert_int_equal(vmedia_vuf_backend_fd(r.vuf), -1);
	rig_close(&r);
}

static void test_features_refused(void **state)
{
	uint64_t val = BIT(VMEDIA_VU_F_LOG_ALL) | BIT(VMEDIA_VIRTIO_F_VERSION_1);
	struct rig r;

	rig_start(&r, NULL);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_FEATURES, true, &val, 8, NULL, 0), EINVAL);
	assert_int_equal(r.features, vmedia_vuf_features(r.vuf));
	val = BIT(63);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_PROTOCOL_FEATURES, true, &val, 8, NULL, 0),
			 EINVAL);
	assert_int_equal(vmedia_vub_protocol_features(r.vub), vmedia_vuf_protocol_features(r.vuf));
	/* The same again but nobody asks for an answer: the connection closes. */
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_PROTOCOL_FEATURES, false, &val, 8, NULL, 0), -2);
	assert_int_equal(r.closed, 1);
	assert_int_equal(r.reason, -EPROTO);
	rig_close(&r);
}

/* UML asks for an acknowledgement of the message that negotiates acknowledgements. */
static void test_ack_of_negotiation(void **state)
{
	uint64_t val = PF(REPLY_ACK);
	struct rig r;

	rig_open(&r, NULL);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_OWNER, false, NULL, 0, NULL, 0), -1);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_RESET_OWNER, false, NULL, 0, NULL, 0), -1);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_PROTOCOL_FEATURES, true, &val, 8, NULL, 0), 0);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_OWNER, true, NULL, 0, NULL, 0), 0);
	rig_close(&r);
}

/*
 * Every request with every wrong size, too many descriptors, and as an answer: told when asked,
 * closed when not.
 */
static void test_malformed(void **state)
{
	static const uint8_t zeros[VMEDIA_VU_MAX_PAYLOAD];
	uint32_t req;
	struct rig r;
	int fds[8], i;

	rig_start(&r, NULL);
	for (i = 0; i < 8; i++)
		fds[i] = r.mem_fd;
	for (req = 0; req < 60; req++) {
		const struct vmedia_vu_row *row = vmedia_vu_row(VMEDIA_VU_FRONT, req);

		if (row && row->reply == VMEDIA_VU_REPLY_OWN)
			continue;
		assert_true(rig_raw(&r, req, true, zeros, row ? row->max + 1 : 0, fds, 0) > 0);
		assert_true(rig_raw(&r, req, true, zeros, row ? row->min : 0, fds,
				    row && row->fds_max == 8 ? 7 : 8) > 0);
		if (row && row->min)
			assert_true(rig_raw(&r, req, true, zeros, row->min - 1, NULL, 0) > 0);
	}
	rig_close(&r);

	for (req = 0; req < 60; req++) {
		const struct vmedia_vu_row *row = vmedia_vu_row(VMEDIA_VU_FRONT, req);

		if (req == VMEDIA_VU_SET_CONFIG)
			continue; /* see test_config() */
		rig_start(&r, NULL);
		assert_int_equal(rig_raw(&r, req, false, zeros, row ? row->max + 1 : 0, fds, 0),
				 -2);
		assert_int_equal(r.closed, 1);
		assert_int_equal(r.reason, -EPROTO);
		rig_close(&r);
	}
}

static void test_reply_flag(void **state)
{
	struct vmedia_vu_msg msg = { .hdr = { VMEDIA_VU_SET_OWNER,
					      VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_REPLY, 0 } };
	struct rig r;

	rig_start(&r, NULL);
	assert_int_equal(vmedia_vuf_raw(r.vuf, &msg, false, NULL), 0);
	rig_settle(&r);
	assert_int_equal(r.closed, 1);
	rig_close(&r);
}

static void test_config(void **state)
{
	uint8_t buf[VMEDIA_VU_MAX_CONFIG], zeros[VMEDIA_VU_MAX_CONFIG] = { 0 };
	struct vmedia_vu_config c = { .offset = 250, .size = 7 };
	struct rig r;

	rig_start(&r, NULL);
	assert_int_equal(vmedia_vuf_get_config(r.vuf, 0, buf, RIG_CONFIG), 0);
	assert_memory_equal(buf, r.config, RIG_CONFIG);
	assert_int_equal(vmedia_vuf_get_config(r.vuf, 8, buf, 3), 0);
	assert_memory_equal(buf, r.config + 8, 3);
	/* Beyond the device's config space there are zeros. */
	assert_int_equal(vmedia_vuf_get_config(r.vuf, 38, buf, 10), 0);
	assert_memory_equal(buf, r.config + 38, 2);
	assert_memory_equal(buf + 2, zeros, 8);
	assert_int_equal(vmedia_vuf_get_config(r.vuf, 0, buf, 256), 0);
	assert_int_equal(vmedia_vuf_get_config(r.vuf, 0, buf, 0), 0);
	assert_int_equal(vmedia_vuf_get_config(r.vuf, 0, buf, 257), -EINVAL);
	/* The header alone, as some send it; and a range that does not exist: an empty answer. */
	assert_int_equal(rig_raw(&r, VMEDIA_VU_GET_CONFIG, false, &c, 12, NULL, 0), -1);
	c.offset = UINT32_MAX;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_GET_CONFIG, false, &c, 12, NULL, 0), -1);
	c.offset = 1;
	assert_true(rig_raw(&r, VMEDIA_VU_GET_CONFIG, false, &c, 12, NULL, 0) >= 0);

	assert_int_equal(vmedia_vuf_set_config(r.vuf, 0, buf, 4), -EIO);
	/* Caused by a guest: no reason to lose the connection. */
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_CONFIG, false, &c, 12 + 7, NULL, 0), -1);
	assert_non_null(r.vub);
	r.config_writable = true;
	memset(buf, 0xee, sizeof(buf));
	assert_int_equal(vmedia_vuf_set_config(r.vuf, 36, buf, 4), 0);
	assert_int_equal(r.config[39], 0xee);
	assert_int_equal(r.config[35], 36);
	assert_int_equal(vmedia_vuf_set_config(r.vuf, 37, buf, 4), -EIO);
	c.size = 8;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_CONFIG, true, &c, 12 + 7, NULL, 0), EINVAL);
	c.flags = 2;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_CONFIG, true, &c, 12 + 8, NULL, 0), EINVAL);
	rig_close(&r);
}

static void test_status_and_reset(void **state)
{
	struct rig_options no_reset = { .mask_protocol = PF(RESET_DEVICE) };
	uint64_t val = 0x100;
	uint8_t status;
	struct rig r;

	rig_start(&r, NULL);
	assert_int_equal(vmedia_vuf_set_status(r.vuf, 15), 0);
	assert_int_equal(vmedia_vuf_get_status(r.vuf, &status), 0);
	assert_int_equal(status, 15);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_STATUS, true, &val, 8, NULL, 0), EINVAL);
	/* A paused VM; the device keeps its state. */
	assert_int_equal(vmedia_vuf_set_status(r.vuf, 0), 0);
	assert_int_equal(r.resets, 0);
	assert_int_equal(vmedia_vuf_set_status(r.vuf, 15), 0);
	assert_int_equal(vmedia_vuf_reset_device(r.vuf), 0);
	assert_int_equal(r.resets, 1);
	assert_int_equal(vmedia_vuf_get_status(r.vuf, &status), 0);
	assert_int_equal(status, 0);
	rig_close(&r);

	rig_start(&r, &no_reset);
	assert_int_equal(vmedia_vuf_set_status(r.vuf, 0), 0);
	assert_int_equal(r.resets, 1);
	rig_close(&r);

	rig_start(&r, NULL);
	r.destroy_on_reset = true;
	assert_int_equal(vmedia_vuf_reset_device(r.vuf), -ECONNRESET);
	assert_int_equal(r.closed, 0);
	rig_close(&r);
}

static void test_shared_object(void **state)
{
	const uint8_t known[VMEDIA_VU_UUID_SIZE] = { 7 }, unknown[VMEDIA_VU_UUID_SIZE] = { 8 };
	struct rig_options without = { .no_shared_object = true };
	struct rig r;
	char c = 0;
	int fd;

	rig_start(&r, NULL);
	r.object_fd = vmedia_memfd("object", 4096);
	assert_int_equal(pwrite(r.object_fd, "x", 1, 0), 1);
	assert_int_equal(vmedia_vuf_get_shared_object(r.vuf, known, &fd), 0);
	assert_int_equal(pread(fd, &c, 1, 0), 1);
	assert_int_equal(c, 'x');
	close(fd);
	assert_int_equal(vmedia_vuf_get_shared_object(r.vuf, unknown, &fd), -ENOENT);
	/* QEMU does not say which; an answer it gets. */
	assert_int_equal(rig_raw(&r, VMEDIA_VU_GET_SHARED_OBJECT, false, NULL, 0, NULL, 0), 0);
	assert_int_equal(r.closed, 0);
	rig_close(&r);

	rig_start(&r, &without);
	assert_int_equal(vmedia_vuf_get_shared_object(r.vuf, known, &fd), -ECONNRESET);
	rig_close(&r);
}

static void test_mem_table(void **state)
{
	struct vmedia_vu_mem_table t = { .num = 2 };
	struct vmedia_vuf_region reg;
	int fds[8], i, null = open("/dev/null", O_RDWR);
	struct rig r;

	rig_start(&r, NULL);
	assert_int_equal(r.mem_changes, 1);
	assert_int_equal(vmedia_mem_num_regions(vmedia_vub_mem(r.vub)), 1);
	reg = rig_region(&r);
	for (i = 0; i < 8; i++) {
		fds[i] = r.mem_fd;
		t.region[i] = (struct vmedia_vu_region){ RIG_GPA + i * 0x1000, 0x1000,
							 RIG_UVA + i * 0x1000, 0 };
	}
	/* Descriptors, regions and bytes must agree. */
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_MEM_TABLE, true, &t, 8 + 64, fds, 1), EINVAL);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_MEM_TABLE, true, &t, 8 + 64, fds, 3), EINVAL);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_MEM_TABLE, true, &t, 8 + 63, fds, 2), EINVAL);
	t.num = UINT32_MAX;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_MEM_TABLE, true, &t, sizeof(t), fds, 8), EINVAL);
	t.num = 9;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_MEM_TABLE, true, &t, sizeof(t), fds, 8), EINVAL);
	/* Larger than the file, not a file, overlapping, wrapping, beyond the limit. */
	reg.size = 2 * RIG_MEM_SIZE;
	assert_int_equal(vmedia_vuf_set_mem_table(r.vuf, &reg, 1), -EIO);
	reg = rig_region(&r);
	reg.fd = null;
	assert_int_equal(vmedia_vuf_set_mem_table(r.vuf, &reg, 1), -EIO);
	t.num = 2;
	t.region[1].guest_addr = t.region[0].guest_addr;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_MEM_TABLE, true, &t, 8 + 64, fds, 2), EINVAL);
	t.region[1].guest_addr = 0 - 0x800ull;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_MEM_TABLE, true, &t, 8 + 64, fds, 2), EINVAL);
	t.region[1].size = 1ull << 60;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_MEM_TABLE, true, &t, 8 + 64, fds, 2), E2BIG);
	t.region[0].size = UINT64_MAX;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_MEM_TABLE, true, &t, 8 + 64, fds, 2), E2BIG);
	assert_int_equal(r.mem_changes, 1);
	assert_int_equal(vmedia_mem_num_regions(vmedia_vub_mem(r.vub)), 1);
	/* A payload for more regions than there are is what UML sends. */
	t.num = 1;
	t.region[0].size = 0x1000;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_MEM_TABLE, true, &t, sizeof(t), fds, 1), 0);
	/* No memory at all. */
	t.num = 0;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_MEM_TABLE, true, &t, 8, fds, 0), 0);
	assert_int_equal(vmedia_mem_num_regions(vmedia_vub_mem(r.vub)), 0);
	rig_close(&r);
	close(null);
}

static void test_mem_slots(void **state)
{
	struct rig_options few = { .max_slots = 3, .max_memory = 3 * RIG_MEM_SIZE };
	struct vmedia_vuf_region reg, next;
	struct vmedia_vu_mem_single s = { 0 };
	uint64_t slots;
	unsigned int i;
	struct rig r;

	rig_open(&r, &few);
	assert_int_equal(vmedia_vuf_negotiate(r.vuf), 0);
	assert_int_equal(vmedia_vuf_get_max_mem_slots(r.vuf, &slots), 0);
	assert_int_equal(slots, 3);
	reg = next = rig_region(&r);
	assert_int_equal(vmedia_vuf_rem_mem_reg(r.vuf, &reg), -EIO);
	for (i = 0; i < 3; i++) {
		next.guest_addr = RIG_GPA + i * RIG_MEM_SIZE;
		next.user_addr = RIG_UVA + i * RIG_MEM_SIZE;
		assert_int_equal(vmedia_vuf_add_mem_reg(r.vuf, &next), 0);
		assert_int_equal(vmedia_mem_num_regions(vmedia_vub_mem(r.vub)), i + 1);
	}
	next.guest_addr += RIG_MEM_SIZE;
	next.user_addr += RIG_MEM_SIZE;
	s.region = (struct vmedia_vu_region){ next.guest_addr, next.size, next.user_addr, 0 };
	assert_int_equal(rig_raw(&r, VMEDIA_VU_ADD_MEM_REG, true, &s, sizeof(s), &r.mem_fd, 1),
			 E2BIG);
	/* Each of the three that name a region must be right; a descriptor is closed. */
	s.region = (struct vmedia_vu_region){ reg.guest_addr, reg.size, reg.user_addr, 4711 };
	s.region.size--;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_REM_MEM_REG, true, &s, sizeof(s), NULL, 0), ENOENT);
	s.region.size++;
	s.region.user_addr++;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_REM_MEM_REG, true, &s, sizeof(s), NULL, 0), ENOENT);
	s.region.user_addr--;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_REM_MEM_REG, true, &s, sizeof(s), &r.mem_fd, 1), 0);
	assert_int_equal(vmedia_mem_num_regions(vmedia_vub_mem(r.vub)), 2);
	/* The sum counts what is mapped now. */
	assert_int_equal(vmedia_vuf_add_mem_reg(r.vuf, &reg), 0);
	assert_int_equal(vmedia_vuf_rem_mem_reg(r.vuf, &reg), 0);
	s.region.size = reg.size + 1;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_ADD_MEM_REG, true, &s, sizeof(s), &r.mem_fd, 1),
			 E2BIG);
	rig_close(&r);
}

static void test_inflight(void **state)
{
	struct vmedia_vu_inflight info, bad;
	struct rig r;
	int fd;

	rig_start(&r, NULL);
	assert_int_equal(vmedia_vuf_get_inflight_fd(r.vuf, 2, RIG_NUM, &info, &fd), 0);
	assert_true(info.mmap_size > 0);
	assert_int_equal(vmedia_vuf_set_inflight_fd(r.vuf, &info, fd), 0);
	assert_int_equal(vmedia_vuf_set_inflight_fd(r.vuf, &info, fd), 0);
	bad = info;
	bad.mmap_size = 64;
	assert_int_equal(vmedia_vuf_set_inflight_fd(r.vuf, &bad, fd), -EIO);
	bad = info;
	bad.mmap_offset = UINT64_MAX - 10;
	assert_int_equal(vmedia_vuf_set_inflight_fd(r.vuf, &bad, fd), -EIO);
	bad = info;
	bad.num_queues = 3;
	assert_int_equal(vmedia_vuf_set_inflight_fd(r.vuf, &bad, fd), -EIO);
	bad = info;
	bad.queue_size = 1024;
	assert_int_equal(vmedia_vuf_set_inflight_fd(r.vuf, &bad, fd), -EIO);
	close(fd);
	assert_int_equal(vmedia_vuf_get_inflight_fd(r.vuf, 3, RIG_NUM, &info, &fd), -EIO);
	assert_int_equal(vmedia_vuf_get_inflight_fd(r.vuf, 2, 4096, &info, &fd), -EIO);
	assert_int_equal(vmedia_vuf_get_inflight_fd(r.vuf, 0, RIG_NUM, &info, &fd), -EIO);
	rig_close(&r);
}

static void test_create(void **state)
{
	static const struct vmedia_vub_ops none;
	struct vmedia_vub_config cfg = { .num_queues = 1 };
	struct vmedia_loop *loop;
	struct vmedia_vub *vub;

	assert_int_equal(vmedia_loop_create(&loop), 0);
	assert_int_equal(vmedia_vub_create(loop, 0, &cfg, &none, NULL, &vub), -EINVAL);
	vmedia_loop_destroy(loop);
	vmedia_vub_destroy(NULL);
	vmedia_vuf_destroy(NULL);
}

/* One after another: memory and descriptors as before (rig_close() counts them). */
static void test_many_connections(void **state)
{
	struct rig r;
	int i;

	for (i = 0; i < 200; i++) {
		rig_start(&r, NULL);
		rig_setup_ring(&r, 0, 0);
		rig_echo(&r, 0, i);
		rig_close(&r);
		assert_int_equal(r.reason, -ECONNRESET);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_negotiate),	   cmocka_unit_test(test_shmem_bits),
		cmocka_unit_test(test_less_offered),	   cmocka_unit_test(test_features_refused),
		cmocka_unit_test(test_ack_of_negotiation), cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_reply_flag),	   cmocka_unit_test(test_config),
		cmocka_unit_test(test_status_and_reset),   cmocka_unit_test(test_shared_object),
		cmocka_unit_test(test_mem_table),	   cmocka_unit_test(test_mem_slots),
		cmocka_unit_test(test_inflight),	   cmocka_unit_test(test_create),
		cmocka_unit_test(test_many_connections),
	};

	vmedia_log_set_level(VMEDIA_LOG_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
