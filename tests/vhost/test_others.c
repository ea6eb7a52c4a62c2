/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Front-ends of others: QEMU, Cloud Hypervisor, crosvm, libkrun, UML. They send the messages in
 * other orders than ours, leave some out, and come back without negotiating. Each test is a script
 * of raw messages.
 */
#include "rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "virtq/ring.h"

#define BIT(n)	  (1ull << (n))
#define PF(n)	  BIT(VMEDIA_VU_PF_##n)
#define SPLIT	  (BIT(VMEDIA_VIRTIO_F_VERSION_1) | BIT(VMEDIA_VU_F_PROTOCOL))
#define NO_ANSWER (-1)
#define CLOSED	  (-2)

static int64_t say(struct rig *r, uint32_t request, bool need_reply)
{
	return rig_raw(r, request, need_reply, NULL, 0, NULL, 0);
}

static int64_t say_u64(struct rig *r, uint32_t request, bool need_reply, uint64_t val)
{
	return rig_raw(r, request, need_reply, &val, sizeof(val), NULL, 0);
}

static int64_t say_state(struct rig *r, uint32_t request, bool need_reply, uint32_t idx,
			 uint32_t num)
{
	struct vmedia_vu_vring_state st = { .index = idx, .num = num };

	return rig_raw(r, request, need_reply, &st, sizeof(st), NULL, 0);
}

static int64_t say_fd(struct rig *r, uint32_t request, bool need_reply, uint64_t idx, int fd)
{
	return rig_raw(r, request, need_reply, &idx, sizeof(idx), &fd, 1);
}

static int64_t say_addr(struct rig *r, bool need_reply, uint32_t idx,
			const struct vmedia_vuf_vring *v)
{
	struct vmedia_vu_vring_addr a = {
		.index = idx, .desc = v->desc, .avail = v->avail, .used = v->used
	};

	return rig_raw(r, VMEDIA_VU_SET_VRING_ADDR, need_reply, &a, sizeof(a), NULL, 0);
}

static int64_t say_memory(struct rig *r, bool need_reply)
{
	struct vmedia_vu_mem_table t = { .num = 1 };

	t.region[0] = (struct vmedia_vu_region){ RIG_GPA, RIG_MEM_SIZE, RIG_UVA, 0 };
	return rig_raw(r, VMEDIA_VU_SET_MEM_TABLE, need_reply, &t, 8 + 32, &r->mem_fd, 1);
}

/* As QEMU starts one: nothing is acknowledged but the enabling. */
static void start_ring(struct rig *r, unsigned int idx, const struct vmedia_vuf_vring *v)
{
	assert_int_equal(say_state(r, VMEDIA_VU_SET_VRING_NUM, false, idx, v->num), NO_ANSWER);
	assert_int_equal(say_state(r, VMEDIA_VU_SET_VRING_BASE, false, idx, v->base), NO_ANSWER);
	assert_int_equal(say_addr(r, false, idx, v), NO_ANSWER);
	assert_int_equal(say_fd(r, VMEDIA_VU_SET_VRING_KICK, false, idx, v->kick_fd), NO_ANSWER);
	assert_int_equal(say_fd(r, VMEDIA_VU_SET_VRING_CALL, false, idx, v->call_fd), NO_ANSWER);
}

static void take_used(struct rig *r, unsigned int idx, uint8_t byte)
{
	assert_int_equal(rig_recv(r, idx), 1);
	assert_int_equal(r->mem[r->ring[idx].off + 0x10000 + byte * 16 + 1], (uint8_t)(byte + 1));
}

/* ---- QEMU connects again ---- */

/*
 * It remembers protocol features: it waits for acknowledgements and for the status. The guest waits
 * for an answer and does not kick. There is no channel.
 */
static void test_reconnect(void **state)
{
	struct vmedia_vuf_vring v[RIG_QUEUES];
	struct rig r;
	unsigned int i;

	rig_open(&r, NULL);
	for (i = 0; i < RIG_QUEUES; i++)
		rig_make_ring(&r, i, SPLIT, &v[i]);
	rig_offer(&r, 0, 3);
	assert_int_equal(say_u64(&r, VMEDIA_VU_SET_FEATURES, false, SPLIT), NO_ANSWER);
	assert_int_equal(say(&r, VMEDIA_VU_GET_STATUS, false), 0);
	assert_int_equal(say_u64(&r, VMEDIA_VU_SET_STATUS, false, 8), NO_ANSWER);
	assert_int_equal(say_memory(&r, true), 0);
	for (i = 0; i < RIG_QUEUES; i++)
		start_ring(&r, i, &v[i]);
	for (i = 0; i < RIG_QUEUES; i++)
		assert_int_equal(say_state(&r, VMEDIA_VU_SET_VRING_ENABLE, true, i, 1), 0);
	assert_int_equal(say(&r, VMEDIA_VU_GET_STATUS, false), 8);
	assert_int_equal(say_u64(&r, VMEDIA_VU_SET_STATUS, false, 15), NO_ANSWER);
	take_used(&r, 0, 3);
	assert_int_equal(vmedia_eventfd_clear(r.ring[0].call), 1);
	assert_false(vmedia_vqr_enable_notify(r.ring[0].vqr));
	rig_echo(&r, 0, 4);
	rig_echo(&r, 1, 5);
	/* No channel: a mapping is refused at once, and the front-end need not know of it. */
	assert_int_equal(r.channels, 0);
	assert_false(vmedia_vub_has_shmem(r.vub));
	assert_int_equal(vmedia_vub_shmem_map(r.vub, 0, r.mem_fd, 0, 0, 65536, true, NULL, NULL),
			 -ENOTCONN);
	/* It has RESET_DEVICE for resets: status 0 is a pause. */
	assert_int_equal(say_u64(&r, VMEDIA_VU_SET_STATUS, false, 0), NO_ANSWER);
	assert_int_equal(r.resets, 0);
	assert_int_equal(r.stopped[0], 1);
	rig_close(&r);
}

/*
 * With CONFIGURE_MEM_SLOTS it believes that we have its memory still. Nothing can be served then.
 */
static void test_reconnect_without_memory(void **state)
{
	struct vmedia_vuf_vring v;
	struct rig r;

	rig_open(&r, NULL);
	rig_make_ring(&r, 0, SPLIT, &v);
	assert_int_equal(say_u64(&r, VMEDIA_VU_SET_FEATURES, false, SPLIT), NO_ANSWER);
	assert_int_equal(say(&r, VMEDIA_VU_GET_STATUS, false), 0);
	assert_int_equal(say_state(&r, VMEDIA_VU_SET_VRING_NUM, false, 0, v.num), NO_ANSWER);
	assert_int_equal(say_addr(&r, false, 0, &v), CLOSED);
	assert_int_equal(r.reason, -EPROTO);
	rig_close(&r);
}

/* One that asked for features and took none of the protocol's gets none. */
static void test_asked_and_took_none(void **state)
{
	struct vmedia_vu_msg msg = { .hdr = { VMEDIA_VU_SET_OWNER,
					      VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_NEED_REPLY, 0 } };
	struct rig r;

	rig_open(&r, NULL);
	assert_true(say(&r, VMEDIA_VU_GET_FEATURES, false) > 0);
	assert_int_equal(say_u64(&r, VMEDIA_VU_SET_FEATURES, false, SPLIT), NO_ANSWER);
	assert_int_equal(vmedia_vub_protocol_features(r.vub), 0);
	/* An answer would be taken for that of the next question. */
	assert_int_equal(vmedia_vuf_raw(r.vuf, &msg, false, NULL), 0);
	rig_settle(&r);
	assert_true(say(&r, VMEDIA_VU_GET_FEATURES, true) > 0);
	assert_int_equal(say(&r, VMEDIA_VU_GET_STATUS, false), CLOSED);
	rig_close(&r);
}

/* ---- features ---- */

/* QEMU passes packed=on, in_order=on and iommu_platform=on to the guest whatever we offer. */
static void test_unoffered_features(void **state)
{
	static const unsigned int bits[] = { 24, 33, 34, 35, 40, 63 };
	struct rig_options opt = { .mask_features = BIT(VMEDIA_VIRTIO_F_RING_PACKED) };
	struct rig r;
	size_t i;

	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		uint64_t features = SPLIT | BIT(bits[i]);

		/* Told, and the old features stay. */
		rig_start(&r, &opt);
		assert_false(say(&r, VMEDIA_VU_GET_FEATURES, false) >> bits[i] & 1);
		assert_int_equal(say_u64(&r, VMEDIA_VU_SET_FEATURES, true, features), EINVAL);
		assert_int_equal(vmedia_vub_features(r.vub), vmedia_vuf_features(r.vuf));
		/* Nobody listens: the guest must not go on with rings that we read otherwise. */
		assert_int_equal(say_u64(&r, VMEDIA_VU_SET_FEATURES, false, features), CLOSED);
		assert_int_equal(r.reason, -EPROTO);
		rig_close(&r);
		/* The same as the first word of a connection. */
		rig_open(&r, &opt);
		assert_int_equal(say_u64(&r, VMEDIA_VU_SET_FEATURES, false, features), CLOSED);
		rig_close(&r);
	}
}

/*
 * Bits 20 and 21 are GET_VRING_BASE_INFLIGHT and GPA_ADDRESSES today. With shmem_bit they mean
 * SHMEM; what else they mean is not done: GET_VRING_BASE has no descriptor, ring addresses are the
 * front-end's.
 */
static void test_draft_bits(void **state)
{
	static const unsigned int bits[] = { 20, 21, 22 };
	const uint64_t all = BIT(20) | BIT(21) | BIT(22);
	unsigned int i, j;

	for (i = 0; i < 3; i++) {
		struct rig_options opt = { .back_bit = bits[i], .front_bit = bits[i] };
		struct vmedia_vu_vring_state st = { 0 };
		struct vmedia_vu_msg msg = { .hdr = { VMEDIA_VU_GET_VRING_BASE, VMEDIA_VU_VERSION,
						      sizeof(st) } }, reply;
		struct vmedia_vuf_vring v;
		struct rig r;

		rig_start(&r, &opt);
		assert_int_equal(say(&r, VMEDIA_VU_GET_PROTOCOL_FEATURES, false) & all,
				 BIT(bits[i]));
		for (j = 0; j < 3; j++)
			if (j != i)
				assert_int_equal(say_u64(&r, VMEDIA_VU_SET_PROTOCOL_FEATURES, true,
							 PF(REPLY_ACK) | BIT(bits[j])),
						 EINVAL);
		assert_true(vmedia_vub_has_shmem(r.vub));
		rig_make_ring(&r, 0, SPLIT, &v);
		v.desc += RIG_GPA - RIG_UVA;
		assert_int_equal(say_addr(&r, true, 0, &v), EFAULT);
		rig_setup_ring(&r, 0, 0);
		rig_echo(&r, 0, 1);
		assert_int_equal(vmedia_vuf_raw(r.vuf, &msg, true, &reply), 0);
		assert_int_equal(reply.hdr.size, sizeof(st));
		assert_int_equal(reply.num_fds, 0);
		assert_int_equal(reply.p.state.num, 1);
		rig_close(&r);
	}
}

/* The channel may come before the protocol features that say what it is for. */
static void test_channel_first(void **state)
{
	int sv[2];
	struct rig r;

	rig_open(&r, NULL);
	assert_true(say(&r, VMEDIA_VU_GET_FEATURES, false) > 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(
		rig_raw(&r, VMEDIA_VU_SET_BACKEND_REQ_FD, false, NULL, 0, &sv[1], 1), NO_ANSWER);
	assert_int_equal(r.channels, 1);
	assert_false(vmedia_vub_has_shmem(r.vub));
	assert_int_equal(say_u64(&r, VMEDIA_VU_SET_PROTOCOL_FEATURES, false,
				 PF(BACKEND_REQ) | PF(SHMEM) | PF(SHARED_OBJECT)),
			 NO_ANSWER);
	assert_int_equal(r.channels, 2);
	assert_true(vmedia_vub_has_shmem(r.vub));
	/* Nothing changes: nothing is said. */
	assert_int_equal(say_u64(&r, VMEDIA_VU_SET_PROTOCOL_FEATURES, false,
				 PF(BACKEND_REQ) | PF(SHMEM) | PF(SHARED_OBJECT)),
			 NO_ANSWER);
	assert_int_equal(r.channels, 2);
	close(sv[0]);
	close(sv[1]);
	rig_close(&r);
}

static void count_done(void *opaque, int err)
{
	assert_int_equal(err, 0);
	++*(unsigned int *)opaque;
}

/* Cloud Hypervisor gives the same channel at each start of the device, with answers under way. */
static void test_same_channel_again(void **state)
{
	struct rig_options opt = { .want_protocol = PF(REPLY_ACK) | PF(SHARED_OBJECT) };
	static const uint8_t uuid[VMEDIA_VU_UUID_SIZE] = { 1 };
	struct {
		struct vmedia_vu_hdr hdr;
		uint64_t val;
	} __attribute__((packed)) yes = {
		{ VMEDIA_VU_B_SHARED_OBJECT_ADD, VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_REPLY, 8 }, 0
	};
	unsigned int done = 0, i;
	int sv[2];
	struct rig r;

	rig_start(&r, &opt);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(
			rig_raw(&r, VMEDIA_VU_SET_BACKEND_REQ_FD, true, NULL, 0, &sv[1], 1), 0);
		if (i)
			assert_int_equal(write(sv[0], &yes, sizeof(yes)), sizeof(yes));
		rig_settle(&r);
		assert_non_null(r.vub);
		assert_int_equal(done, i);
		assert_int_equal(vmedia_vub_object_add(r.vub, uuid, count_done, &done), 0);
	}
	assert_int_equal(write(sv[0], &yes, sizeof(yes)), sizeof(yes));
	rig_settle(&r);
	assert_int_equal(done, 3);
	close(sv[0]);
	close(sv[1]);
	rig_close(&r);
}

/* libkrun gives memory before features, and starts one ring before it tells of the next. */
static void test_memory_first(void **state)
{
	struct vmedia_vuf_vring v;
	struct rig r;
	unsigned int i;

	rig_open(&r, NULL);
	assert_true(say(&r, VMEDIA_VU_GET_FEATURES, false) > 0);
	assert_true(say(&r, VMEDIA_VU_GET_PROTOCOL_FEATURES, false) > 0);
	assert_int_equal(say_u64(&r, VMEDIA_VU_SET_PROTOCOL_FEATURES, false, PF(CONFIG) | PF(MQ)),
			 NO_ANSWER);
	assert_int_equal(say(&r, VMEDIA_VU_SET_OWNER, false), NO_ANSWER);
	assert_int_equal(say_memory(&r, false), NO_ANSWER);
	/* crosvm's guest acknowledges 32 bits, then the next 32. */
	assert_int_equal(say_u64(&r, VMEDIA_VU_SET_FEATURES, false, BIT(VMEDIA_VU_F_PROTOCOL)),
			 NO_ANSWER);
	assert_int_equal(say_u64(&r, VMEDIA_VU_SET_FEATURES, false, SPLIT), NO_ANSWER);
	for (i = 0; i < RIG_QUEUES; i++) {
		rig_make_ring(&r, i, SPLIT, &v);
		start_ring(&r, i, &v);
		assert_int_equal(say_state(&r, VMEDIA_VU_SET_VRING_ENABLE, false, i, 1),
				 NO_ANSWER);
		rig_echo(&r, i, i);
	}
	rig_close(&r);
}

/* ---- rings ---- */

/*
 * Buffers that the driver queued before the front-end listened for its kicks: the kick is lost, the
 * buffers are not.
 */
static void test_no_kick(void **state)
{
	struct rig_options packed = { .want_features = BIT(VMEDIA_VIRTIO_F_RING_PACKED) };
	int pass;

	for (pass = 0; pass < 2; pass++) {
		struct vmedia_vuf_vring v;
		struct rig r;
		unsigned int i;

		rig_start(&r, pass ? &packed : NULL);
		rig_make_ring(&r, 1, vmedia_vuf_features(r.vuf), &v);
		if (pass)
			v.base = VMEDIA_VQD_BASE_PACKED;
		for (i = 0; i < RIG_NUM / 2; i++)
			rig_offer(&r, 1, i);
		assert_int_equal(vmedia_vuf_setup_vring(r.vuf, 1, &v), 0);
		rig_settle(&r);
		for (i = 0; i < RIG_NUM / 2; i++)
			take_used(&r, 1, i);
		assert_int_equal(rig_recv(&r, 1), -1);
		rig_close(&r);
	}
}

/* The six messages of a ring in every order, acknowledged or not. */
static void one_order(const unsigned int order[6], bool packed, bool acked)
{
	struct rig_options opt = { .want_features =
					   packed ? BIT(VMEDIA_VIRTIO_F_RING_PACKED) : 0 };
	int64_t expect = acked ? 0 : NO_ANSWER, got = 0;
	struct vmedia_vuf_vring v;
	struct rig r;
	unsigned int i;

	rig_start(&r, &opt);
	rig_make_ring(&r, 0, vmedia_vuf_features(r.vuf), &v);
	for (i = 0; i < 6; i++) {
		switch (order[i]) {
		case 0:
			got = say_state(&r, VMEDIA_VU_SET_VRING_NUM, acked, 0, v.num);
			break;
		case 1:
			got = say_state(&r, VMEDIA_VU_SET_VRING_BASE, acked, 0,
					packed ? VMEDIA_VQD_BASE_PACKED : 0);
			break;
		case 2:
			got = say_addr(&r, acked, 0, &v);
			break;
		case 3:
			got = say_fd(&r, VMEDIA_VU_SET_VRING_KICK, acked, 0, v.kick_fd);
			break;
		case 4:
			got = say_fd(&r, VMEDIA_VU_SET_VRING_CALL, acked, 0, v.call_fd);
			break;
		case 5:
			got = say_state(&r, VMEDIA_VU_SET_VRING_ENABLE, acked, 0, 1);
			break;
		}
		assert_int_equal(got, expect);
	}
	rig_echo(&r, 0, 1);
	assert_int_equal(r.resets, 0);
	/* Pause and go on as Cloud Hypervisor does: nothing but this. */
	assert_int_equal(say_state(&r, VMEDIA_VU_SET_VRING_ENABLE, acked, 0, 0), expect);
	assert_false(r.running[0]);
	rig_offer(&r, 0, 2);
	assert_int_equal(say_state(&r, VMEDIA_VU_SET_VRING_ENABLE, acked, 0, 1), expect);
	rig_settle(&r);
	take_used(&r, 0, 2);
	rig_close(&r);
}

static void permute(unsigned int order[6], unsigned int n)
{
	unsigned int i, tmp;

	if (n == 6) {
		one_order(order, order[0] & 1, order[5] & 1);
		return;
	}
	for (i = n; i < 6; i++) {
		tmp = order[n];
		order[n] = order[i];
		order[i] = tmp;
		permute(order, n + 1);
		order[i] = order[n];
		order[n] = tmp;
	}
}

static void test_ring_orders(void **state)
{
	unsigned int order[6] = { 0, 1, 2, 3, 4, 5 };

	permute(order, 0);
}

/* Without the feature a ring is on until something else is said. */
static void test_enable_without_feature(void **state)
{
	struct vmedia_vuf_vring v;
	struct rig r;

	rig_open(&r, NULL);
	assert_true(say(&r, VMEDIA_VU_GET_FEATURES, false) > 0);
	assert_int_equal(say_u64(&r, VMEDIA_VU_SET_FEATURES, false, BIT(VMEDIA_VIRTIO_F_VERSION_1)),
			 NO_ANSWER);
	assert_int_equal(say_memory(&r, false), NO_ANSWER);
	rig_make_ring(&r, 0, BIT(VMEDIA_VIRTIO_F_VERSION_1), &v);
	start_ring(&r, 0, &v);
	rig_echo(&r, 0, 1);
	assert_int_equal(say_state(&r, VMEDIA_VU_SET_VRING_ENABLE, false, 0, 0), NO_ANSWER);
	assert_false(r.running[0]);
	rig_send(&r, 0, 2);
	rig_settle(&r);
	assert_int_equal(rig_recv(&r, 0), -1);
	assert_int_equal(say_state(&r, VMEDIA_VU_SET_VRING_ENABLE, false, 0, 1), NO_ANSWER);
	rig_settle(&r);
	take_used(&r, 0, 2);
	rig_close(&r);
}

/* Where a ring stands that was never started, or only half set up. */
static void test_base_of_idle_ring(void **state)
{
	struct rig_options packed = { .want_features = BIT(VMEDIA_VIRTIO_F_RING_PACKED) };
	uint32_t base;
	struct rig r;

	rig_start(&r, NULL);
	assert_int_equal(vmedia_vuf_get_vring_base(r.vuf, 1, &base), 0);
	assert_int_equal(base, 0);
	assert_int_equal(vmedia_vuf_set_vring_base(r.vuf, 1, 77), 0);
	assert_int_equal(vmedia_vuf_get_vring_base(r.vuf, 1, &base), 0);
	assert_int_equal(base, 77);
	rig_close(&r);
	rig_start(&r, &packed);
	assert_int_equal(vmedia_vuf_get_vring_base(r.vuf, 1, &base), 0);
	assert_int_equal(base, VMEDIA_VQD_BASE_PACKED);
	rig_close(&r);
}

/*
 * QEMU gives call and error descriptors once, before features, and expects them to be there after
 * every reset.
 */
static void test_descriptors_stay(void **state)
{
	struct vmedia_vuf_vring v;
	struct rig r;
	int pass;

	rig_open(&r, NULL);
	rig_make_ring(&r, 0, SPLIT, &v);
	assert_int_equal(say_fd(&r, VMEDIA_VU_SET_VRING_CALL, false, 0, v.call_fd), NO_ANSWER);
	assert_int_equal(say_fd(&r, VMEDIA_VU_SET_VRING_ERR, false, 0, v.err_fd), NO_ANSWER);
	assert_int_equal(vmedia_vuf_negotiate(r.vuf), 0);
	for (pass = 0; pass < 2; pass++) {
		rig_drop_ring(&r, 0);
		assert_int_equal(say_memory(&r, true), 0);
		rig_make_ring(&r, 0, SPLIT, &v);
		/* The first life's descriptors are known to the back-end, these are closed here. */
		assert_int_equal(say_state(&r, VMEDIA_VU_SET_VRING_NUM, true, 0, v.num), 0);
		assert_int_equal(say_addr(&r, true, 0, &v), 0);
		assert_int_equal(say_fd(&r, VMEDIA_VU_SET_VRING_KICK, true, 0, v.kick_fd), 0);
		assert_int_equal(say_state(&r, VMEDIA_VU_SET_VRING_ENABLE, true, 0, 1), 0);
		rig_send(&r, 0, 1);
		rig_settle(&r);
		take_used(&r, 0, 1);
		assert_int_equal(vmedia_eventfd_clear(v.call_fd), 0);
		assert_int_equal(vmedia_vuf_reset_device(r.vuf), 0);
	}
	rig_close(&r);
}

/* ---- answers ---- */

/* rust-vmm sets NEED_REPLY on every message, those with an answer of their own too: one answer. */
static void test_need_reply_everywhere(void **state)
{
	struct vmedia_vu_mem_single s = { 0 };
	struct vmedia_vu_config c = { .size = 4 };
	struct vmedia_vuf_vring v;
	struct rig r;

	rig_open(&r, NULL);
	assert_int_equal(say(&r, VMEDIA_VU_SET_OWNER, false), NO_ANSWER);
	assert_true(say(&r, VMEDIA_VU_GET_FEATURES, true) > 0);
	assert_true(say(&r, VMEDIA_VU_GET_PROTOCOL_FEATURES, true) > 0);
	assert_int_equal(say_u64(&r, VMEDIA_VU_SET_PROTOCOL_FEATURES, false,
				 PF(MQ) | PF(REPLY_ACK) | PF(CONFIG) | PF(STATUS) |
					 PF(CONFIGURE_MEM_SLOTS) | PF(RESET_DEVICE)),
			 NO_ANSWER);
	assert_int_equal(say(&r, VMEDIA_VU_GET_QUEUE_NUM, true), RIG_QUEUES);
	assert_int_equal(say(&r, VMEDIA_VU_GET_MAX_MEM_SLOTS, true), VMEDIA_VUB_MAX_SLOTS);
	assert_true(rig_raw(&r, VMEDIA_VU_GET_CONFIG, true, &c, 16, NULL, 0) >= 0);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_CONFIG, true, &c, 16, NULL, 0), EROFS);
	assert_int_equal(say(&r, VMEDIA_VU_SET_OWNER, true), 0);
	assert_int_equal(say(&r, VMEDIA_VU_RESET_OWNER, true), 0);
	assert_int_equal(say_u64(&r, VMEDIA_VU_SET_FEATURES, true, SPLIT), 0);
	s.region = (struct vmedia_vu_region){ RIG_GPA, RIG_MEM_SIZE, RIG_UVA, 0 };
	assert_int_equal(
		rig_raw(&r, VMEDIA_VU_ADD_MEM_REG, true, &s, sizeof(s), &r.mem_fd, 1), 0);
	rig_make_ring(&r, 0, SPLIT, &v);
	assert_int_equal(say_state(&r, VMEDIA_VU_SET_VRING_NUM, true, 0, v.num), 0);
	assert_int_equal(say_addr(&r, true, 0, &v), 0);
	assert_int_equal(say_state(&r, VMEDIA_VU_SET_VRING_BASE, true, 0, 0), 0);
	assert_int_equal(say_fd(&r, VMEDIA_VU_SET_VRING_CALL, true, 0, v.call_fd), 0);
	assert_int_equal(say_fd(&r, VMEDIA_VU_SET_VRING_ERR, true, 0, v.err_fd), 0);
	assert_int_equal(say_fd(&r, VMEDIA_VU_SET_VRING_KICK, true, 0, v.kick_fd), 0);
	assert_int_equal(say_state(&r, VMEDIA_VU_SET_VRING_ENABLE, true, 0, 1), 0);
	assert_int_equal(say_u64(&r, VMEDIA_VU_SET_STATUS, true, 15), 0);
	assert_int_equal(say(&r, VMEDIA_VU_GET_STATUS, true), 15);
	rig_echo(&r, 0, 1);
	assert_int_equal(say_memory(&r, true), 0);
	rig_echo(&r, 0, 2);
	assert_int_equal(rig_raw(&r, VMEDIA_VU_REM_MEM_REG, true, &s, sizeof(s), &r.mem_fd, 1), 0);
	assert_int_equal(say_state(&r, VMEDIA_VU_GET_VRING_BASE, true, 0, 0), (int64_t)2 << 32);
	assert_int_equal(say(&r, VMEDIA_VU_RESET_DEVICE, true), 0);
	/* What is not known is answered too. */
	assert_int_equal(say(&r, 6, true), EOPNOTSUPP);
	assert_true(say(&r, VMEDIA_VU_GET_FEATURES, true) > 0);
	rig_close(&r);
}

/* crosvm and libkrun read the config space before they look at features. */
static void test_config_first(void **state)
{
	struct vmedia_vu_config c = { .size = RIG_CONFIG };
	struct vmedia_vu_msg msg = { .hdr = { VMEDIA_VU_GET_CONFIG, VMEDIA_VU_VERSION,
					      12 + RIG_CONFIG } }, reply;
	struct rig r;

	rig_open(&r, NULL);
	memcpy(msg.p.bytes, &c, 12 + RIG_CONFIG);
	assert_int_equal(vmedia_vuf_raw(r.vuf, &msg, true, &reply), 0);
	assert_int_equal(reply.hdr.size, 12 + RIG_CONFIG);
	assert_memory_equal(reply.p.config.data, r.config, RIG_CONFIG);
	/* A guest writes it: ignored. */
	assert_int_equal(rig_raw(&r, VMEDIA_VU_SET_CONFIG, false, &c, 12 + RIG_CONFIG, NULL, 0),
			 NO_ANSWER);
	assert_int_equal(vmedia_vuf_negotiate(r.vuf), 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reconnect), cmocka_unit_test(test_reconnect_without_memory),
		cmocka_unit_test(test_asked_and_took_none),
		cmocka_unit_test(test_unoffered_features), cmocka_unit_test(test_draft_bits),
		cmocka_unit_test(test_channel_first), cmocka_unit_test(test_same_channel_again),
		cmocka_unit_test(test_memory_first), cmocka_unit_test(test_no_kick),
		cmocka_unit_test(test_ring_orders), cmocka_unit_test(test_enable_without_feature),
		cmocka_unit_test(test_base_of_idle_ring), cmocka_unit_test(test_descriptors_stay),
		cmocka_unit_test(test_need_reply_everywhere), cmocka_unit_test(test_config_first),
	};

	vmedia_log_set_level(VMEDIA_LOG_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
