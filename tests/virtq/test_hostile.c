// SPDX-License-Identifier: BSD-3-Clause
/*
 * One case for each rule that a hostile driver or device can break, by name; test_random_chains.c
 * has the combinations.
 */
#include <errno.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/fd.h"
#include "harness.h"

#define NEXT VMEDIA_DESC_F_NEXT
#define WRITE VMEDIA_DESC_F_WRITE
#define INDIRECT VMEDIA_DESC_F_INDIRECT

static uint64_t split_all(void)
{
	return matrix(6);
}

static struct vmedia_vring_desc *desc(struct pair *p, unsigned int i)
{
	return (struct vmedia_vring_desc *)(p->mem_bytes + p->layout.desc) + i;
}

static void set(struct vmedia_vring_desc *d, uint64_t addr, uint32_t len, uint16_t flags,
		uint16_t next)
{
	d->addr = htole64(addr);
	d->len = htole32(len);
	d->flags = htole16(flags);
	d->next = htole16(next);
}

static void avail(struct pair *p, uint16_t head)
{
	struct vmedia_vring_avail *a = (void *)(p->mem_bytes + p->layout.driver);
	uint16_t idx = le16toh(a->idx);

	a->ring[idx & (p->num - 1)] = htole16(head);
	a->idx = htole16((uint16_t)(idx + 1));
}

/* The chain at 0 is bad for this reason, comes back with length 0, and the queue goes on. */
static void bad(struct pair *p, int err)
{
	struct vmedia_vring_used *u = (void *)(p->mem_bytes + p->layout.device);
	struct vmedia_chain *c;
	uint16_t idx = le16toh(u->idx);

	avail(p, 0);
	assert_int_equal(vmedia_vqd_pop(p->dev, &c), 1);
	assert_int_equal(c->err, err);
	assert_int_equal(c->out_num + c->in_num, 0);
	vmedia_vqd_push(p->dev, c, 100);
	assert_int_equal(le16toh(u->idx), (uint16_t)(idx + 1));
	assert_int_equal(le32toh(u->ring[idx & (p->num - 1)].id), 0);
	assert_int_equal(u->ring[idx & (p->num - 1)].len, 0);
	assert_int_equal(vmedia_vqd_pop(p->dev, &c), 0);
}

static void test_bad_chains(void **state)
{
	struct vmedia_vring_desc *t;
	uint64_t g, table;
	struct pair p;

	pair_up(&p, 8, split_all(), 0);
	g = p.data_gpa;
	table = p.data_gpa + 4096;
	t = (void *)(p.data + 4096);
	set(desc(&p, 0), g, 8, NEXT, 0);
	bad(&p, -ELOOP);
	set(desc(&p, 0), g, 8, NEXT, 1);
	set(desc(&p, 1), g, 8, NEXT, 0);
	bad(&p, -ELOOP);
	set(desc(&p, 0), g, 8, NEXT, 8);
	bad(&p, -EINVAL);
	set(desc(&p, 0), GPA - 1, 8, 0, 0);
	bad(&p, -EFAULT);
	set(desc(&p, 0), GPA + p.size - 7, 8, 0, 0);
	bad(&p, -EFAULT);
	set(desc(&p, 0), ~0ull, 8, 0, 0);
	bad(&p, -EFAULT);
	set(desc(&p, 0), g, UINT32_MAX, WRITE, 0);
	bad(&p, -EFAULT);
	set(desc(&p, 0), g, 8, WRITE | NEXT, 1);
	set(desc(&p, 1), g, 8, 0, 0);
	bad(&p, -EINVAL);
	set(desc(&p, 0), table, 16, INDIRECT | NEXT, 1);
	bad(&p, -EINVAL);
	set(desc(&p, 0), table, 0, INDIRECT, 0);
	bad(&p, -EINVAL);
	set(desc(&p, 0), table, 24, INDIRECT, 0);
	bad(&p, -EINVAL);
	set(desc(&p, 0), GPA + p.size - 16, 32, INDIRECT, 0);
	set((void *)(p.mem_bytes + p.size - 16), g, 8, NEXT, 1);
	bad(&p, -EFAULT);
	set(desc(&p, 0), table, 32, INDIRECT, 0);
	set(t, table, 16, INDIRECT, 0);
	bad(&p, -EINVAL);
	set(t, g, 8, NEXT, 0);
	bad(&p, -ELOOP);
	set(t, g, 8, NEXT, 2);
	bad(&p, -EINVAL);
	/* a table of nothing but zero lengths, as long as a table may be: bounded */
	set(desc(&p, 0), table, 16 * 8192, INDIRECT, 0);
	for (unsigned int i = 0; i < 8192; i++)
		set(&t[i], g, 0, NEXT, (uint16_t)(i + 1));
	bad(&p, -E2BIG);
	for (unsigned int i = 0; i < 8192; i++)
		set(&t[i], g, 1, NEXT, (uint16_t)(i + 1));
	bad(&p, -E2BIG);
	pair_down(&p);
	pair_up(&p, 8, matrix(0), 0);	/* not negotiated */
	set(desc(&p, 0), p.data_gpa + 4096, 16, INDIRECT, 0);
	bad(&p, -EINVAL);
	pair_down(&p);
}

static void test_limits(void **state)
{
	struct vmedia_chain *c[3];
	struct pair p;

	pair_up(&p, 8, split_all(), 0);
	p.cfg.max_bytes = 100;
	p.cfg.max_segs = 4;
	p.cfg.max_held_segs = 6;
	pair_restart_dev(&p, 0);
	set(desc(&p, 0), p.data_gpa, 101, 0, 0);
	bad(&p, -EMSGSIZE);
	for (uint16_t i = 0; i < 5; i++)
		set(desc(&p, i), p.data_gpa, 1, i < 4 ? NEXT : 0, (uint16_t)(i + 1));
	bad(&p, -E2BIG);
	avail(&p, 1);	/* four segments, held */
	assert_int_equal(vmedia_vqd_pop(p.dev, &c[0]), 1);
	assert_int_equal(c[0]->err, 0);
	for (uint16_t i = 5; i < 8; i++)
		set(desc(&p, i), p.data_gpa, 1, i < 7 ? NEXT : 0, (uint16_t)(i + 1));
	avail(&p, 5);
	assert_int_equal(vmedia_vqd_pop(p.dev, &c[1]), 1);
	assert_int_equal(c[1]->err, -ENOBUFS);
	vmedia_vqd_push(p.dev, c[0], 0);
	vmedia_vqd_push(p.dev, c[1], 0);
	avail(&p, 5);
	assert_int_equal(vmedia_vqd_pop(p.dev, &c[1]), 1);
	assert_int_equal(c[1]->err, 0);
	pair_down(&p);
}

/* Refused for ever, whatever comes then. */
static void broken(struct pair *p)
{
	struct vmedia_chain *c;

	assert_int_equal(vmedia_vqd_pop(p->dev, &c), -EIO);
	assert_int_equal(vmedia_vqd_pop(p->dev, &c), -EIO);
	assert_false(vmedia_vqd_enable_kick(p->dev));
	assert_false(vmedia_vqd_notify_needed(p->dev));
	vmedia_vqd_disable_kick(p->dev);
	pair_restart_dev(p, 0);
}

static void test_broken_rings(void **state)
{
	struct vmedia_packed_desc *d;
	struct vmedia_vring_avail *a;
	struct vmedia_chain *c;
	struct pair p;

	pair_up(&p, 8, split_all(), 0);
	a = (void *)(p.mem_bytes + p.layout.driver);
	a->idx = htole16(9);
	broken(&p);
	a->idx = htole16(0xffff);
	broken(&p);
	a->idx = 0;
	avail(&p, 8);
	broken(&p);
	a->idx = 0;
	set(desc(&p, 3), p.data_gpa, 8, 0, 0);
	avail(&p, 3);
	avail(&p, 3);
	assert_int_equal(vmedia_vqd_pop(p.dev, &c), 1);
	assert_int_equal(vmedia_vqd_pop(p.dev, &c), -EIO);	/* in flight already */
	pair_down(&p);

	pair_up(&p, 4, matrix(1), 0);
	d = (void *)(p.mem_bytes + p.layout.desc);
	for (unsigned int i = 0; i < 4; i++)
		d[i].flags = htole16(NEXT | VMEDIA_PACKED_F_AVAIL);
	assert_int_equal(vmedia_vqd_pop(p.dev, &c), -EIO);
	pair_restart_dev(&p, VMEDIA_VQD_BASE_PACKED);
	/* two of four with the device: a chain of three has no room */
	d[1].flags = htole16(VMEDIA_PACKED_F_AVAIL);
	d[3].flags = htole16(NEXT | VMEDIA_PACKED_F_AVAIL);
	assert_int_equal(vmedia_vqd_pop(p.dev, &c), 1);
	assert_int_equal(vmedia_vqd_pop(p.dev, &c), -EIO);
	pair_down(&p);
}

/* The ring's memory goes away: the queue is broken, chains in hand stay good. */
static void test_memory_gone(void **state)
{
	struct vmedia_mem *none;
	struct vmedia_chain *c;
	uint8_t v[8] = { 1, 2, 3 };
	struct pair p;

	pair_up(&p, 8, split_all(), 0);
	set(desc(&p, 0), p.data_gpa, 8, WRITE, 0);
	avail(&p, 0);
	avail(&p, 1);
	assert_int_equal(vmedia_vqd_pop(p.dev, &c), 1);
	assert_int_equal(vmedia_mem_create(NULL, 0, &none), 0);
	assert_int_equal(vmedia_vqd_set_mem(p.dev, p.mem), 0);
	assert_int_equal(vmedia_vqd_set_mem(p.dev, none), -EINVAL);
	assert_int_equal(vmedia_chain_write(c, 0, v, 8), 8);
	assert_memory_equal(p.data, v, 8);
	vmedia_vqd_push(p.dev, c, 8);
	assert_int_equal(vmedia_vqd_pop(p.dev, &c), -EIO);
	vmedia_mem_put(none);
	pair_down(&p);
}

/* ---- a hostile device ---- */

static void driver_refuses(struct pair *p)
{
	struct vmedia_gpa_range sg = { p->data_gpa, 8 };
	unsigned int out = vmedia_vqr_outstanding(p->drv);
	uint32_t len = 77;
	void *cookie = NULL;

	assert_int_equal(vmedia_vqr_get_used(p->drv, &cookie, &len), -EIO);
	assert_null(cookie);
	assert_int_equal(vmedia_vqr_add(p->drv, NULL, 0, &sg, 1, p, 0), -EIO);
	assert_false(vmedia_vqr_kick_needed(p->drv));
	while (out--)
		assert_non_null(vmedia_vqr_detach(p->drv));
	assert_null(vmedia_vqr_detach(p->drv));
}

static void offer(struct pair *p, uint64_t features, unsigned int n)
{
	pair_up(p, 8, features, 0);
	for (unsigned int i = 0; i < n; i++) {
		struct vmedia_gpa_range sg = { p->data_gpa, 8 };

		assert_int_equal(vmedia_vqr_add(p->drv, NULL, 0, &sg, 1, p, 0), 0);
	}
	vmedia_vqr_publish(p->drv);
}

static void test_lying_device(void **state)
{
	static const struct {
		uint32_t id, len;
		uint16_t idx;
	} lies[] = {
		{ 0, 8, 3 },	      { 0, 9, 1 },     { 2, 8, 1 },	     { 8, 8, 1 },
		{ UINT32_MAX, 8, 1 }, { 65536, 8, 1 }, { 0, UINT32_MAX, 1 }, { 0, 8, 0xffff },
	};
	struct pair p;
	void *cookie;
	uint32_t len;

	for (unsigned int i = 0; i < VMEDIA_ARRAY_SIZE(lies); i++) {
		struct vmedia_vring_used *u;
		struct vmedia_packed_desc *d;

		offer(&p, matrix(0), 2);
		u = (void *)(p.mem_bytes + p.layout.device);
		u->ring[0].id = htole32(lies[i].id);
		u->ring[0].len = htole32(lies[i].len);
		u->idx = htole16(lies[i].idx);
		driver_refuses(&p);
		pair_down(&p);
		if (lies[i].idx != 1 || lies[i].id > UINT16_MAX)
			continue;
		offer(&p, matrix(1), 2);
		d = (void *)(p.mem_bytes + p.layout.desc);
		d[0].id = htole16((uint16_t)lies[i].id);
		d[0].len = htole32(lies[i].len);
		d[0].flags = htole16(VMEDIA_PACKED_F_AVAIL | VMEDIA_PACKED_F_USED);
		driver_refuses(&p);
		pair_down(&p);
	}
	/* the same chain twice */
	for (unsigned int m = 0; m < 2; m++) {
		struct vmedia_chain *c;

		offer(&p, matrix(m), 2);
		assert_int_equal(vmedia_vqd_pop(p.dev, &c), 1);
		c->slots = 1;
		vmedia_vqd_push(p.dev, c, 1);
		assert_int_equal(vmedia_vqr_get_used(p.drv, &cookie, &len), 1);
		assert_int_equal(vmedia_vqd_pop(p.dev, &c), 1);
		c->id = 0;
		vmedia_vqd_push(p.dev, c, 1);
		driver_refuses(&p);
		pair_down(&p);
	}
}

/* Reading and writing at offsets, over pieces of all sizes. */
static void test_copy(void **state)
{
	uint8_t mem[64], buf[80], want[64];
	struct iovec out[4], in[4];
	struct vmedia_chain c;
	size_t cut[] = { 0, 1, 1, 30, 64 };

	for (unsigned int i = 0; i < 64; i++)
		mem[i] = (uint8_t)(i * 3);
	memcpy(want, mem, 64);
	for (unsigned int i = 0; i < 4; i++)
		out[i] = in[i] = (struct iovec){ mem + cut[i], cut[i + 1] - cut[i] };
	vmedia_chain_make(&c, out, 4, in, 4);
	assert_int_equal(c.out_len, 64);
	for (size_t off = 0; off < 70; off++) {
		for (size_t n = 0; n < 70; n++) {
			size_t k = off >= 64 ? 0 : VMEDIA_MIN(n, 64 - off);

			memset(buf, 0xee, sizeof(buf));
			assert_int_equal(vmedia_chain_read(&c, off, buf, n), k);
			assert_true(k == 0 || memcmp(buf, want + off, k) == 0);
			assert_int_equal(buf[k], 0xee);
			memset(buf, 0x11, sizeof(buf));
			assert_int_equal(vmedia_chain_write(&c, off, buf, n), k);
			for (size_t i = 0; i < 64; i++)
				assert_int_equal(mem[i], i >= off && i < off + k ? 0x11 : want[i]);
			memcpy(mem, want, 64);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_chains),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_broken_rings),
		cmocka_unit_test(test_memory_gone),
		cmocka_unit_test(test_lying_device),
		cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
