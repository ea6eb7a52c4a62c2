/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device behind virtual machine monitors of others: each test is the script of messages that
 * one of them sends, with a driver in the guest and a region 0 as that monitor has it.
 */
#include "core/core.h"
#include "vmm.h"

#define PF(n)	   VMM_PF(n)
#define BIT(n)	   VMM_BIT(n)
#define FEATURES   VMM_FEATURES
#define EVENT_SIZE 608u

/* ---- Cloud Hypervisor with Spectrum's device ---- */

#define CH_PF (PF(MQ) | PF(REPLY_ACK) | PF(BACKEND_REQ) | PF(CONFIG) | PF(SHMEM))

static void ch_init(struct vmm *v)
{
	vmm_say(v, VMEDIA_VU_SET_OWNER, NULL, 0, NULL, 0);
	assert_int_equal(vmm_ask(v, VMEDIA_VU_GET_FEATURES) & FEATURES, FEATURES);
	assert_int_equal(vmm_ask(v, VMEDIA_VU_GET_PROTOCOL_FEATURES) & CH_PF, CH_PF);
	vmm_u64(v, VMEDIA_VU_SET_PROTOCOL_FEATURES, CH_PF);
	v->ack = true;
	assert_int_equal(vmm_ask(v, VMEDIA_VU_GET_QUEUE_NUM), 2);
}

static void ch_enable(struct vmm *v, uint32_t on)
{
	unsigned int q;

	for (q = 0; q < 2; q++)
		vmm_state(v, VMEDIA_VU_SET_VRING_ENABLE, q, on);
}

/* The channel comes last, at each start of the device. */
static void ch_start(struct vmm *v)
{
	unsigned int q;

	vmm_u64(v, VMEDIA_VU_SET_FEATURES, FEATURES);
	vmm_memory(v);
	for (q = 0; q < 2; q++)
		vmm_state(v, VMEDIA_VU_SET_VRING_NUM, q, v->num);
	for (q = 0; q < 2; q++) {
		vmm_addr(v, q);
		vmm_state(v, VMEDIA_VU_SET_VRING_BASE, q, 0);
		vmm_fd(v, VMEDIA_VU_SET_VRING_CALL, q, v->g.call[q]);
		vmm_fd(v, VMEDIA_VU_SET_VRING_KICK, q, v->g.kick[q]);
	}
	ch_enable(v, 1);
	vmm_channel(v);
}

/*
 * Every message is acknowledged; queues of 256; a region of 256 MiB whose size it does not ask for;
 * base 0, with event buffers queued before the rings were there, and their kick lost.
 */
static void test_cloud_hypervisor(void **state)
{
	struct served *s = served_listen_with(256u << 20, &(struct vmedia_server_options){ 0 });
	struct vmedia_gpa_range buf = { .len = EVENT_SIZE };
	struct vmedia_range full = { 0 };
	static char cookie;
	uint64_t addr = 0;
	uint32_t session;
	unsigned int i;
	struct vmm v;

	vmm_open(&v, s, 256, 256u << 20);
	vmm_boot(&v);
	ch_init(&v);
	/* The guest's driver fills its event queue while it probes. */
	for (i = 0; i < 200; i++) {
		buf.gpa = GUEST_GPA + GUEST_RAM / 4 + i * EVENT_SIZE;
		assert_int_equal(vmedia_vqr_add(v.g.vqr[1], NULL, 0, &buf, 1, &cookie, 0), 0);
		vmedia_vqr_publish(v.g.vqr[1]);
	}
	ch_start(&v);
	session = guest_open(&v.g);
	for (i = 0; i < 200; i++) {
		guest_qbuf(&v.g, session);
		assert_int_equal(guest_take(&v.g, 1), EVENT_SIZE);
		assert_int_equal(le32(v.g.ram + GUEST_RAM / 4 + i * EVENT_SIZE), VMEDIA_EVT_DQBUF);
	}
	assert_int_equal(served_stats(s).kicks[1], 0);
	/* What we hand out lies in its region, up to the last page. */
	assert_int_equal(vmedia_region_take(&s->f.dev->region, (256u << 20) - 2 * 12288, &full), 0);
	assert_int_equal(vmm_map_buffer(&v, session, 0, &addr), 0);
	assert_int_equal(vmm_map_buffer(&v, session, 1, &addr), 0);
	assert_int_equal(addr, (256u << 20) - 12288);
	assert_int_equal(vmm_map_buffer(&v, session, 2, &addr), ENOMEM);
	assert_int_equal(v.refused, 0);
	/* Pause and go on: nothing but enabling. */
	ch_enable(&v, 0);
	ch_enable(&v, 1);
	guest_qbuf(&v.g, session);
	vmedia_region_give(&s->f.dev->region, &full);
	vmm_close(&v);
	served_end(s);
}

/*
 * The guest reboots with buffers mapped: rings off, on again from 0, and the same channel once
 * more. Another thread of the monitor answers what is asked over it, here after all that.
 */
static void test_cloud_hypervisor_reboots(void **state)
{
	struct served *s = served_listen_with(6 * 12288, &(struct vmedia_server_options){ 0 });
	uint32_t session;
	uint64_t addr = 0;
	unsigned int boot, i;
	struct vmm v;

	vmm_open(&v, s, 256, 6 * 12288);
	vmm_boot(&v);
	ch_init(&v);
	for (boot = 0; boot < 5; boot++) {
		v.busy = true;
		ch_start(&v);
		v.busy = false;
		assert_int_equal(vmm_ask(&v, VMEDIA_VU_GET_FEATURES) & FEATURES, FEATURES);
		assert_int_equal(v.num_maps, 0);
		assert_int_equal(s->f.closes, boot);
		session = guest_open(&v.g);
		for (i = 0; i < 3; i++)
			assert_int_equal(vmm_map_buffer(&v, session, i, &addr), 0);
		ch_enable(&v, 0);
		vmm_boot(&v);
	}
	assert_int_equal(v.refused, 0);
	vmm_close(&v);
	served_end(s);
}

/* Its region is smaller than what we would use: an error for the guest, and the rest goes on. */
static void test_smaller_region(void **state)
{
	const uint64_t pf = PF(REPLY_ACK) | PF(BACKEND_REQ) | PF(SHMEM);
	struct served *s = served_listen_with(256u << 20, &(struct vmedia_server_options){ 0 });
	struct vmedia_range full = { 0 };
	uint64_t addr = 0;
	uint32_t session;
	unsigned int q;
	struct vmm v;

	vmm_open(&v, s, 16, 1u << 20);
	vmm_boot(&v);
	vmm_ask(&v, VMEDIA_VU_GET_FEATURES);
	vmm_u64(&v, VMEDIA_VU_SET_PROTOCOL_FEATURES, pf);
	vmm_channel(&v);
	vmm_u64(&v, VMEDIA_VU_SET_FEATURES, FEATURES);
	vmm_memory(&v);
	for (q = 0; q < 2; q++) {
		vmm_state(&v, VMEDIA_VU_SET_VRING_NUM, q, v.num);
		vmm_state(&v, VMEDIA_VU_SET_VRING_BASE, q, 0);
		vmm_addr(&v, q);
		vmm_fd(&v, VMEDIA_VU_SET_VRING_KICK, q, v.g.kick[q]);
		vmm_state(&v, VMEDIA_VU_SET_VRING_ENABLE, q, 1);
	}
	session = guest_open(&v.g);
	assert_int_equal(vmm_map_buffer(&v, session, 0, &addr), 0);
	assert_int_equal(vmedia_region_take(&s->f.dev->region, 1u << 20, &full), 0);
	assert_int_equal(full.offset, 12288);
	/* The first hole that is large enough lies behind the end of its region. */
	assert_int_equal(vmm_map_buffer(&v, session, 1, &addr), EIO);
	assert_int_equal(v.last_map, 12288 + (1u << 20));
	assert_int_equal(v.refused, 1);
	vmedia_region_give(&s->f.dev->region, &full);
	assert_int_equal(vmm_map_buffer(&v, session, 1, &addr), 0);
	assert_int_equal(addr, 12288);
	vmm_close(&v);
	served_end(s);
}

/* ---- libkrun: a region of 4 GiB, and more than that ---- */

static void test_large_region(void **state)
{
	const uint64_t pf = PF(REPLY_ACK) | PF(BACKEND_REQ) | PF(SHMEM) | PF(CONFIG);
	struct served *s = served_listen_with(8ull << 30, &(struct vmedia_server_options){ 0 });
	struct vmedia_vu_msg msg = { .hdr = { VMEDIA_VU_GET_SHMEM_CONFIG, VMEDIA_VU_VERSION, 0 } };
	struct vmedia_range low = { 0 }, high = { 0 };
	struct vmedia_vu_msg reply;
	uint8_t unmap[16] = { 5 }, *resp;
	uint64_t addr = 0;
	uint32_t session;
	unsigned int q;
	struct vmm v;

	vmm_open(&v, s, 128, 8ull << 30);
	vmm_boot(&v);
	vmm_ask(&v, VMEDIA_VU_GET_FEATURES);
	vmm_u64(&v, VMEDIA_VU_SET_PROTOCOL_FEATURES, pf);
	v.ack = true;
	assert_int_equal(vmedia_vuf_raw(v.g.vuf, &msg, true, &reply), 0);
	assert_int_equal(reply.p.shmem.num, 1);
	assert_int_equal(reply.p.shmem.size[0], 8ull << 30);
	vmm_u64(&v, VMEDIA_VU_SET_FEATURES, FEATURES);
	vmm_memory(&v);
	for (q = 0; q < 2; q++) {
		vmm_state(&v, VMEDIA_VU_SET_VRING_NUM, q, v.num);
		vmm_addr(&v, q);
		vmm_state(&v, VMEDIA_VU_SET_VRING_BASE, q, 0);
		vmm_fd(&v, VMEDIA_VU_SET_VRING_CALL, q, v.g.call[q]);
		vmm_fd(&v, VMEDIA_VU_SET_VRING_KICK, q, v.g.kick[q]);
		vmm_state(&v, VMEDIA_VU_SET_VRING_ENABLE, q, 1);
	}
	session = guest_open(&v.g);
	/* The channel comes last: until then there is no region. */
	assert_int_equal(vmm_map_buffer(&v, session, 0, &addr), ENODEV);
	vmm_channel(&v);
	assert_int_equal(vmedia_region_take(&s->f.dev->region, (4ull << 30) - 4096, &low), 0);
	assert_int_equal(vmm_map_buffer(&v, session, 0, &addr), 0);
	assert_int_equal(addr, (4ull << 30) - 4096);
	assert_int_equal(v.last_map, addr);
	assert_int_equal(vmedia_region_take(&s->f.dev->region, (4ull << 30) - 2 * 12288 + 4096,
					    &high),
			 0);
	assert_int_equal(vmm_map_buffer(&v, session, 1, &addr), 0);
	assert_int_equal(addr, (8ull << 30) - 12288);
	assert_int_equal(v.last_map, addr);
	for (q = 0; q < 8; q++)
		unmap[8 + q] = (uint8_t)(addr >> 8 * q);
	assert_int_equal(guest_command(&v.g, unmap, sizeof(unmap), 8, &resp), 0);
	assert_int_equal(v.num_maps, 1);
	assert_int_equal(v.refused, 0);
	vmedia_region_give(&s->f.dev->region, &low);
	vmedia_region_give(&s->f.dev->region, &high);
	vmm_close(&v);
	served_end(s);
}

/* ---- QEMU's vhost-user-media ---- */

#define QEMU_PF                                                                           \
	(PF(MQ) | PF(REPLY_ACK) | PF(BACKEND_REQ) | PF(CONFIG) | PF(BACKEND_SEND_FD) |    \
	 PF(INFLIGHT_SHMFD) | PF(RESET_DEVICE) | PF(CONFIGURE_MEM_SLOTS) | PF(STATUS) |   \
	 PF(SHARED_OBJECT) | PF(SHMEM))

static void qemu_init(struct vmm *v, uint64_t shmem_bit)
{
	struct vmedia_vu_msg msg = { .hdr = { VMEDIA_VU_GET_SHMEM_CONFIG, VMEDIA_VU_VERSION, 0 } };
	const uint64_t pf = (QEMU_PF & ~PF(SHMEM)) | BIT(shmem_bit);
	struct vmedia_vu_msg reply;
	unsigned int q;

	assert_int_equal(vmm_ask(v, VMEDIA_VU_GET_FEATURES) & FEATURES, FEATURES);
	assert_int_equal(vmm_ask(v, VMEDIA_VU_GET_PROTOCOL_FEATURES), pf);
	vmm_u64(v, VMEDIA_VU_SET_PROTOCOL_FEATURES, pf);
	assert_int_equal(vmm_ask(v, VMEDIA_VU_GET_QUEUE_NUM), 2);
	assert_true(vmm_ask(v, VMEDIA_VU_GET_MAX_MEM_SLOTS) >= 8);
	v->ack = true;
	vmm_channel(v);
	v->ack = false;
	vmm_say(v, VMEDIA_VU_SET_OWNER, NULL, 0, NULL, 0);
	vmm_ask(v, VMEDIA_VU_GET_FEATURES);
	for (q = 0; q < 2; q++)
		vmm_fd(v, VMEDIA_VU_SET_VRING_CALL, q, v->g.call[q]);
	assert_int_equal(vmedia_vuf_raw(v->g.vuf, &msg, true, &reply), 0);
	assert_int_equal(reply.p.shmem.size[0], v->region);
}

static void qemu_status(struct vmm *v, uint64_t status)
{
	vmm_u64(v, VMEDIA_VU_SET_STATUS, vmm_ask(v, VMEDIA_VU_GET_STATUS) | status);
}

static void qemu_start(struct vmm *v, const uint32_t base[2])
{
	unsigned int q;

	vmm_u64(v, VMEDIA_VU_SET_FEATURES, FEATURES);
	qemu_status(v, 8);
	for (q = 0; q < 2; q++) {
		vmm_state(v, VMEDIA_VU_SET_VRING_NUM, q, v->num);
		vmm_state(v, VMEDIA_VU_SET_VRING_BASE, q, base[q]);
		vmm_addr(v, q);
		vmm_fd(v, VMEDIA_VU_SET_VRING_KICK, q, v->g.kick[q]);
		vmm_fd(v, VMEDIA_VU_SET_VRING_CALL, q, v->g.call[q]);
	}
	v->ack = true;
	for (q = 0; q < 2; q++)
		vmm_state(v, VMEDIA_VU_SET_VRING_ENABLE, q, 1);
	v->ack = false;
	qemu_status(v, 7);
}

static void qemu_stop(struct vmm *v, uint32_t base[2])
{
	unsigned int q;

	v->ack = true;
	for (q = 0; q < 2; q++)
		vmm_state(v, VMEDIA_VU_SET_VRING_ENABLE, q, 0);
	v->ack = false;
	for (q = 0; q < 2; q++)
		base[q] = vmm_stop_ring(v, q);
	vmm_u64(v, VMEDIA_VU_SET_STATUS, 0);
}

/*
 * Boots, pauses, and reboots while 3 buffers are mapped, with a region for 6. It says nothing
 * of a reset but status 0, as for a pause, and undoes mappings itself. Memory is sent once.
 */
static void run_qemu(unsigned int shmem_bit)
{
	struct vmedia_server_options opts = { .shmem_feature_bit = shmem_bit };
	struct served *s = served_listen_with(6 * 12288, &opts);
	uint32_t base[2] = { 0, 0 }, session;
	uint64_t addr = 0, again = 0;
	unsigned int boot, i;
	struct vmm v;

	vmm_open(&v, s, 128, 6 * 12288);
	vmm_boot(&v);
	qemu_init(&v, shmem_bit);
	vmm_u64(&v, VMEDIA_VU_SET_FEATURES, FEATURES);
	qemu_status(&v, 8);
	v.ack = true;
	vmm_slot(&v);
	v.ack = false;
	for (boot = 0; boot < 10; boot++) {
		qemu_start(&v, base);
		session = guest_open(&v.g);
		for (i = 0; i < 3; i++)
			assert_int_equal(vmm_map_buffer(&v, session, i, &addr), 0);
		assert_int_equal(v.num_maps, 3);
		qemu_stop(&v, base);
		qemu_start(&v, base);
		assert_int_equal(vmm_map_buffer(&v, session, 2, &again), 0);
		assert_int_equal(again, addr);
		assert_int_equal(s->f.closes, boot);
		/* The guest writes 0 to its device's status. */
		qemu_stop(&v, base);
		v.num_maps = 0;
		vmm_boot(&v);
		base[0] = base[1] = 0;
	}
	qemu_start(&v, base);
	assert_int_equal(s->f.closes, boot);
	vmm_close(&v);
	served_end(s);
}

static void test_qemu(void **state)
{
	run_qemu(22);
}

/* Builds from before the merge. The bit has another meaning today, which is not served. */
static void test_qemu_drafts(void **state)
{
	run_qemu(20);
	run_qemu(21);
}

/*
 * The daemon was started again under a guest: QEMU connects and begins with SET_FEATURES. A command
 * that the guest had sent is answered without a kick. Buffers cannot be mapped or exported, all
 * else works.
 */
static void test_qemu_reconnects(void **state)
{
	struct served *s = served_listen_with(
		64u << 20, &(struct vmedia_server_options){ .no_mem_slots = true });
	uint8_t exp[16 + 64 + 16] = { 3 }, opened[8] = { 1 }, *resp;
	uint32_t session;
	uint64_t addr;
	unsigned int q;
	struct vmm v;

	/* Before: it took what was offered, so it sends its memory as a table. */
	vmm_open(&v, s, 128, 64u << 20);
	assert_int_equal(vmm_ask(&v, VMEDIA_VU_GET_PROTOCOL_FEATURES),
			 QEMU_PF & ~PF(CONFIGURE_MEM_SLOTS));
	vmm_close(&v);

	vmm_open(&v, s, 128, 64u << 20);
	vmm_boot(&v);
	v.g.held = true;
	guest_offer(&v.g, 0, opened, 8, 16, &resp);
	v.g.held = false;
	vmm_u64(&v, VMEDIA_VU_SET_FEATURES, FEATURES);
	qemu_status(&v, 8);
	v.ack = true;
	vmm_memory(&v);
	v.ack = false;
	qemu_start(&v, (uint32_t[2]){ 0, 0 });
	assert_int_equal(guest_take(&v.g, 0), 16);
	assert_int_equal(le32(resp), 0);
	session = le32(resp + 8);
	assert_int_equal(vmm_map_buffer(&v, session, 0, &addr), ENODEV);
	put32(exp + 8, session);
	put32(exp + 12, VMEDIA_NR_EXPBUF);
	assert_int_equal(guest_command(&v.g, exp, sizeof(exp), 8 + 64 + 16, &resp), ENOTTY);
	guest_offer(&v.g, 1, NULL, 0, EVENT_SIZE, &resp);
	guest_qbuf(&v.g, session);
	assert_int_equal(guest_take(&v.g, 1), EVENT_SIZE);
	for (q = 0; q < 2; q++)
		vmm_stop_ring(&v, q);
	assert_int_equal(s->f.closes, 0);
	vmm_close(&v);
	served_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cloud_hypervisor),
		cmocka_unit_test(test_cloud_hypervisor_reboots),
		cmocka_unit_test(test_smaller_region),
		cmocka_unit_test(test_large_region),
		cmocka_unit_test(test_qemu),
		cmocka_unit_test(test_qemu_drafts),
		cmocka_unit_test(test_qemu_reconnects),
	};

	return cmocka_run_group_tests_name("core serve vmm", tests, NULL, NULL);
}
