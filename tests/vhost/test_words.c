/* SPDX-License-Identifier: BSD-3-Clause */
/* What a refusal says in the log: the reason, with the names that a VMM's options have. */
#include "rig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "vhost/backend_impl.h"
#include "virtq/ring.h"

#define BIT(n) (1ull << (n))

static char said[8192];

static void hear(void *opaque, int level, const char *msg)
{
	size_t len = strlen(said);

	snprintf(said + len, sizeof(said) - len, "%s\n", msg);
}

static void assert_said(const char *what)
{
	if (!strstr(said, what))
		fail_msg("\"%s\" is not in: %s", what, said);
}

static int64_t set(struct rig *r, uint32_t request, bool need_reply, uint64_t val)
{
	said[0] = 0;
	return rig_raw(r, request, need_reply, &val, sizeof(val), NULL, 0);
}

static void test_features(void **state)
{
	struct rig_options opt = { .mask_features = BIT(VMEDIA_VIRTIO_F_RING_PACKED) };
	uint64_t v1 = BIT(VMEDIA_VIRTIO_F_VERSION_1);
	struct rig r;

	rig_start(&r, &opt);
	assert_int_equal(set(&r, VMEDIA_VU_SET_FEATURES, true, v1 | BIT(34) | BIT(35)), EINVAL);
	assert_said("SET_FEATURES has bits 0xc00000000 (RING_PACKED, IN_ORDER) that were not "
		    "offered");
	assert_int_equal(set(&r, VMEDIA_VU_SET_FEATURES, true, v1 | BIT(40) | BIT(60)), EINVAL);
	assert_said("(RING_RESET, bit 60)");
	assert_int_equal(set(&r, VMEDIA_VU_SET_PROTOCOL_FEATURES, true, BIT(20) | BIT(8)), EINVAL);
	assert_said("(PAGEFAULT, GET_VRING_BASE_INFLIGHT) that were not offered");
	/* More names than a line has room for. */
	assert_int_equal(set(&r, VMEDIA_VU_SET_FEATURES, true, UINT64_MAX), EINVAL);
	assert_said("(bit 0, bit 1,");
	assert_int_equal(set(&r, VMEDIA_VU_SET_FEATURES, false, v1 | BIT(34)), -2);
	assert_said("(RING_PACKED)");
	assert_said("closing the connection: SET_FEATURES (2)");
	rig_close(&r);
}

static void test_requests(void **state)
{
	static const uint8_t log[16];
	struct rig r;

	rig_start(&r, NULL);
	said[0] = 0;
	assert_int_equal(rig_raw(&r, 6, true, log, 16, &r.mem_fd, 1), EOPNOTSUPP);
	assert_said("SET_LOG_BASE (6), 16 bytes, 1 descriptors: not supported");
	assert_int_equal(rig_raw(&r, 57, true, log, 16, NULL, 0), EOPNOTSUPP);
	assert_said("unknown request (57)");
	rig_close(&r);
}

static void test_no_memory(void **state)
{
	struct vmedia_vu_vring_addr a = { .desc = RIG_UVA, .avail = RIG_UVA, .used = RIG_UVA };
	struct rig r;

	rig_open(&r, NULL);
	assert_int_equal(set(&r, VMEDIA_VU_SET_FEATURES, false,
			     BIT(VMEDIA_VIRTIO_F_VERSION_1) | BIT(VMEDIA_VU_F_PROTOCOL)),
			 -1);
	assert_said("goes on without negotiating");
	assert_said("no back-end channel");
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_ADDR, false, &a, 40, NULL, 0), -2);
	assert_said("which was not set yet: the front-end believes that we have it");
	rig_close(&r);

	rig_open(&r, NULL);
	assert_int_equal(vmedia_vuf_negotiate(r.vuf), 0);
	said[0] = 0;
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_VRING_ADDR, true, &a, 40, NULL, 0), EFAULT);
	assert_said("which was not set yet\n");
	rig_close(&r);
}

/* The features come in two halves from some: what lacks VERSION_1 is said of a ring. */
static void test_legacy(void **state)
{
	struct vmedia_vuf_vring v;
	struct rig r;

	rig_open(&r, NULL);
	assert_int_equal(set(&r, VMEDIA_VU_SET_PROTOCOL_FEATURES, false, 0), -1);
	assert_int_equal(set(&r, VMEDIA_VU_SET_FEATURES, false, BIT(VMEDIA_VU_F_PROTOCOL)), -1);
	assert_string_equal(said, "");
	rig_make_ring(&r, 0, 0, &v);
	assert_int_equal(vmedia_vuf_set_vring_kick(r.vuf, 0, v.kick_fd), 0);
	rig_settle(&r);
	assert_said("ring 0 does not start: features 0x40000000 lack VERSION_1");
	rig_close(&r);
}

/* What our front-end says of a range that a back-end wants mapped. */
static void test_ranges(void **state)
{
	const uint64_t page = vmedia_page_size();
	const struct {
		struct vmedia_vu_mmap m;
		const char *why;
	} bad[] = {
		{ { .shmid = 1, .len = page }, "there is no such region" },
		{ { .len = 0 }, "it is empty" },
		{ { .len = page + 1 }, "whole pages" },
		{ { .len = page, .shm_offset = 1 }, "whole pages" },
		{ { .len = page, .fd_offset = 1 }, "whole pages" },
		{ { .len = 1 }, "whole pages" },
		{ { .len = page, .shm_offset = RIG_SHMEM }, "does not fit the region" },
		{ { .len = RIG_SHMEM + page }, "does not fit the region" },
		{ { .len = 0 - page, .shm_offset = page }, "does not fit the region" },
		{ { .len = page, .flags = 2 }, "there is no such flag" },
	};
	struct vmedia_vu_hdr hdr = { VMEDIA_VU_B_SHMEM_MAP, VMEDIA_VU_VERSION, 40 };
	struct rig r;
	size_t i;

	rig_start(&r, NULL);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		hdr.request = VMEDIA_VU_B_SHMEM_MAP;
		said[0] = 0;
		assert_int_equal(vmedia_vu_link_send(&r.vub->chan, &hdr, &bad[i].m, &r.mem_fd, 1),
				 0);
		assert_int_equal(vmedia_vuf_handle_backend_req(r.vuf), 0);
		assert_said("SHMEM_MAP of ");
		assert_said(bad[i].why);
	}
	assert_int_equal(r.maps, 0);
	rig_close(&r);
	rig_start(&r, NULL);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		hdr.request = VMEDIA_VU_B_SHMEM_UNMAP;
		said[0] = 0;
		assert_int_equal(vmedia_vu_link_send(&r.vub->chan, &hdr, &bad[i].m, NULL, 0), 0);
		assert_int_equal(vmedia_vuf_handle_backend_req(r.vuf), 0);
		/* The reference gives the flags of SHMEM_UNMAP no meaning. */
		if (!bad[i].m.flags) {
			assert_said("SHMEM_UNMAP of ");
			assert_said(bad[i].why);
		}
	}
	assert_int_equal(r.unmaps, 1);
	rig_close(&r);
}

/* A front-end whose region is smaller than what we announced, and which never asked. */
static void test_region_never_asked(void **state)
{
	int sv[2], asked;

	for (asked = 0; asked < 2; asked++) {
		struct rig_options opt = {
			.want_protocol = BIT(VMEDIA_VU_PF_REPLY_ACK) | BIT(VMEDIA_VU_PF_SHMEM) |
					 BIT(VMEDIA_VU_PF_BACKEND_REQ),
		};
		struct {
			struct vmedia_vu_hdr hdr;
			uint64_t val;
		} __attribute__((packed)) no = {
			{ VMEDIA_VU_B_SHMEM_MAP, VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_REPLY, 8 }, 22
		};
		uint64_t pf = opt.want_protocol;
		struct rig r;

		rig_open(&r, &opt);
		if (asked) {
			assert_int_equal(vmedia_vuf_negotiate(r.vuf), 0);
		} else {
			assert_int_equal(set(&r, VMEDIA_VU_SET_PROTOCOL_FEATURES, false, pf), -1);
		}
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
		assert_int_equal(
			rig_raw(&r, VMEDIA_VU_SET_BACKEND_REQ_FD, true, NULL, 0, &sv[1], 1), 0);
		said[0] = 0;
		assert_int_equal(vmedia_vub_shmem_map(r.vub, 0, r.mem_fd, 0, 0, 65536, true, NULL,
						      NULL),
				 0);
		assert_int_equal(write(sv[0], &no, sizeof(no)), sizeof(no));
		rig_settle(&r);
		assert_said("refused BACKEND_SHMEM_MAP: 22");
		if (!asked)
			assert_said("it never asked how large region 0 is");
		else
			assert_null(strstr(said, "never asked"));
		close(sv[0]);
		close(sv[1]);
		rig_close(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_features), cmocka_unit_test(test_requests),
		cmocka_unit_test(test_no_memory), cmocka_unit_test(test_legacy),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_region_never_asked),
	};

	vmedia_log_set(hear, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
