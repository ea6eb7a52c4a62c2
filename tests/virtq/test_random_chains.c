// SPDX-License-Identifier: BSD-3-Clause
/*
 * A million random chains, of all kinds of queues: the device end must read what the driver wrote,
 * or what the model (model.h) reads from rings made of garbage, or refuse what the model refuses;
 * the driver end must get back what the device returned, and refuse what a lying device returns.
 *
 * VMEDIA_CHAINS sets another number, VMEDIA_TEST_SEED repeats a run.
 */
#include <errno.h>

#include "base/checked.h"
#include "base/fd.h"
#include "base/log.h"
#include "model.h"

#define EXTRA 65536u

struct world {
	struct pair p;
	uint8_t *extra[2];	/* one region behind the first without a gap, one far away */
	struct model m;
	uint64_t s;
	struct {
		unsigned long chains, good, bad, broken, driver_refused;
	} count;
};

static void world_up(struct world *w, uint32_t num, uint64_t features)
{
	struct pair *p = &w->p;
	struct vmedia_mem_desc d[3];

	pair_up(p, num, features, 24);
	for (int i = 0; i < 3; i++) {
		d[i] = (struct vmedia_mem_desc){
			.fd = -1, .gpa = GPA, .size = p->size, .host = p->mem_bytes
		};
		if (i) {
			w->extra[i - 1] = calloc(1, EXTRA);
			d[i].host = w->extra[i - 1];
			d[i].gpa = i == 1 ? GPA + p->size : GPA << 8;
			d[i].size = EXTRA;
		}
		d[i].uva = (uintptr_t)d[i].host;
	}
	vmedia_mem_put(p->mem);
	assert_int_equal(vmedia_mem_create(d, 3, &p->mem), 0);
	pair_restart_dev(p, vmedia_vqr_base(p->drv));
}

static void world_down(struct world *w)
{
	pair_down(&w->p);
	free(w->extra[0]);
	free(w->extra[1]);
}

/* Both ends anew over the same memory. */
static void world_reset(struct world *w)
{
	struct vmedia_vqr_config rc = {
		.features = w->p.features,
		.base_gpa = GPA,
		.layout = w->p.layout,
		.base = w->p.mem_bytes,
		.name = "test",
	};

	vmedia_vqr_destroy(w->p.drv);
	assert_int_equal(vmedia_vqr_create(&rc, &w->p.drv), 0);
	pair_restart_dev(&w->p, vmedia_vqr_base(w->p.drv));
}

/* ---- what random descriptors are made of ---- */

static uint64_t random_gpa(struct world *w)
{
	uint64_t *s = &w->s;
	uint64_t edge;

	switch (below(s, 12)) {
	case 0:
		return rnd(s);
	case 1:
		return ~0ull - below(s, 64);
	case 2:
		edge = GPA;
		break;
	case 3:
		edge = GPA << 8;
		break;
	case 4:
		edge = (GPA << 8) + EXTRA;
		break;
	case 5:
		edge = GPA + w->p.size + EXTRA;
		break;
	case 6:
		edge = GPA + w->p.size;		/* two regions touch */
		break;
	case 7:
		return (GPA << 8) + below(s, EXTRA);
	default:
		return w->p.data_gpa + below(s, DATA_SIZE);
	}
	return edge + below(s, 128) - 64;
}

static uint32_t random_len(uint64_t *s)
{
	switch (below(s, 16)) {
	case 0:
		return 0;
	case 1:
		return (uint32_t)rnd(s);
	case 2:
		return UINT32_MAX - below(s, 3);
	default:
		return below(s, 200);
	}
}

static void put(uint8_t *p, uint64_t v, unsigned int n)
{
	for (; n--; v >>= 8)
		*p++ = (uint8_t)v;
}

/* One descriptor at @raw, as entry @i of a table of @n. */
static void random_desc(struct world *w, uint8_t *raw, uint32_t i, uint32_t n, bool table,
			uint16_t avail)
{
	uint64_t *s = &w->s;
	bool packed = is_packed(w->p.features);
	uint16_t flags = 0, next = below(s, 8) ? (uint16_t)(i + 1) : (uint16_t)below(s, n + 2);
	uint64_t addr = below(s, 6) ? w->p.data_gpa + below(s, DATA_SIZE / 2) : random_gpa(w);
	uint32_t len = below(s, 6) ? 1 + below(s, 100) : random_len(s);

	if (below(s, 5) && i + 1 < n)
		flags |= VMEDIA_DESC_F_NEXT;
	if (below(s, n) < i)
		flags |= VMEDIA_DESC_F_WRITE;
	if (below(s, table ? 64 : 6) == 0) {
		flags |= VMEDIA_DESC_F_INDIRECT;
		if (below(s, 8))
			flags &= (uint16_t)~VMEDIA_DESC_F_NEXT;
		len = below(s, 16) ? 16 * (1 + below(s, 12)) : random_len(s);
	}
	put(raw, addr, 8);
	put(raw + 8, len, 4);
	if (packed) {
		put(raw + 12, rnd(s), 2);
		put(raw + 14, flags | avail, 2);
	} else {
		put(raw + 12, flags, 2);
		put(raw + 14, next, 2);
	}
}

/* Indirect tables all over the lower half of the data; random_desc() points there. */
static void sow_tables(struct world *w)
{
	for (int t = 0; t < 64; t++) {
		uint32_t n = 1 + below(&w->s, 12), at = below(&w->s, DATA_SIZE / 2);

		for (uint32_t i = 0; i < n; i++)
			random_desc(w, w->p.data + at + 16 * i, i, n, true, 0);
	}
}

/* Aim some of the table's indirect descriptors at a table made for them. */
static void aim(struct world *w, uint8_t *raw, uint32_t at)
{
	bool packed = is_packed(w->p.features);
	uint16_t flags = (uint16_t)(raw[packed ? 14 : 12] | raw[packed ? 15 : 13] << 8);
	uint32_t n = (uint32_t)(raw[8] | raw[9] << 8) / 16;

	if (!(flags & VMEDIA_DESC_F_INDIRECT) || n == 0 || n > 12 || below(&w->s, 8) == 0)
		return;
	put(raw, w->p.data_gpa + at, 8);
	for (uint32_t i = 0; i < n; i++)
		random_desc(w, w->p.data + at + 16 * i, i, n, true, 0);
}

/* ---- garbage rings, device end alone ---- */

/*
 * Pop one chain, compare it with the model, return it, look at the used ring. False when the ring
 * broke.
 */
static bool device_step(struct world *w)
{
	struct pair *p = &w->p;
	uint32_t base = vmedia_vqd_base(p->dev), len;
	bool packed = is_packed(p->features);
	struct vmedia_chain *c;
	int ret;

	if (packed) {
		model_packed(&w->m, p, base & 0x7fff, p->num);
	} else {
		const uint8_t *e = p->mem_bytes + p->layout.driver + 4 + 2 * (base & (p->num - 1));
		uint16_t head = (uint16_t)(e[0] | e[1] << 8);

		w->m.endless = head >= p->num;
		if (!w->m.endless)
			model_split(&w->m, p, head);
	}
	ret = vmedia_vqd_pop(p->dev, &c);
	if (packed && !model_packed_avail(p, base)) {
		assert_int_equal(ret, 0);
		return false;
	}
	w->count.chains++;
	if (ret < 0) {
		w->count.broken++;
		assert_int_equal(ret, -EIO);
		assert_int_equal(vmedia_vqd_pop(p->dev, &c), -EIO);	/* sticky */
		return false;
	}
	assert_int_equal(ret, 1);
	assert_false(w->m.endless);
	model_compare(&w->m, p, c);
	*(c->err ? &w->count.bad : &w->count.good) += 1;
	len = below(&w->s, 200);
	len = VMEDIA_MIN(len, c->in_len);
	vmedia_vqd_push(p->dev, c, len);
	vmedia_vqd_notify_needed(p->dev);
	return true;
}

static void garbage_split(struct world *w)
{
	struct pair *p = &w->p;
	uint8_t *avail = p->mem_bytes + p->layout.driver;
	uint16_t idx = (uint16_t)vmedia_vqd_base(p->dev);
	uint32_t n = 1 + below(&w->s, p->num), jump = below(&w->s, 64) ? n : rnd(&w->s) & 0xffff;

	for (uint32_t i = 0; i < p->num; i++) {
		uint8_t *raw = p->mem_bytes + p->layout.desc + 16 * i;

		random_desc(w, raw, i, p->num, false, 0);
		aim(w, raw, DATA_SIZE / 2 + 1024 * (i % 64) + below(&w->s, 16));
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t head = below(&w->s, 64) ? below(&w->s, p->num) : rnd(&w->s) & 0xffff;

		put(avail + 4 + 2 * ((idx + i) & (p->num - 1)), head, 2);
	}
	put(avail + 2, (uint16_t)(idx + jump), 2);
	if ((uint16_t)jump > p->num) {
		struct vmedia_chain *c;

		w->count.chains++;
		w->count.broken++;
		assert_int_equal(vmedia_vqd_pop(p->dev, &c), -EIO);
		world_reset(w);
		return;
	}
	for (uint32_t i = 0; i < (uint16_t)jump; i++) {
		if (!device_step(w)) {
			world_reset(w);
			return;
		}
	}
}

static void garbage_packed(struct world *w)
{
	struct pair *p = &w->p;
	uint32_t base = vmedia_vqd_base(p->dev), pos = base & 0x7fff;
	unsigned long broken = w->count.broken;
	bool wrap = base >> 15 & 1;

	for (uint32_t i = 0; i < p->num; i++) {
		uint8_t *raw = p->mem_bytes + p->layout.desc + 16 * pos;

		random_desc(w, raw, i, below(&w->s, 32) ? p->num : p->num + 2, false,
			    wrap ? VMEDIA_PACKED_F_AVAIL : VMEDIA_PACKED_F_USED);
		aim(w, raw, DATA_SIZE / 2 + 1024 * (i % 64) + below(&w->s, 16));
		if (++pos == p->num) {
			pos = 0;
			wrap = !wrap;
		}
	}
	for (uint32_t i = 0; i < p->num && device_step(w); i++)
		;
	if (w->count.broken != broken)
		world_reset(w);
}

/* ---- both ends ---- */

struct req {
	struct vmedia_gpa_range sg[24];
	unsigned int out, in;
};

static void random_req(struct world *w, struct req *r)
{
	r->out = below(&w->s, 12);
	r->in = below(&w->s, 12);
	if (r->out + r->in == 0)
		r->in = 1;
	for (unsigned int i = 0; i < r->out + r->in; i++) {
		r->sg[i].gpa = w->p.data_gpa + below(&w->s, DATA_SIZE - 256);
		r->sg[i].len = 1 + below(&w->s, 255);
		if (below(&w->s, 32) == 0)
			r->sg[i].gpa = GPA + w->p.size - below(&w->s, 256);
	}
}

/* The device's chain has the bytes of the driver's request, in order. */
static void same(struct world *w, const struct req *r, const struct vmedia_chain *c)
{
	unsigned int n = r->out + r->in;

	w->m.n = n;
	w->m.bad = false;
	w->m.id = c->id;
	for (unsigned int i = 0; i < n; i++) {
		w->m.piece[i].gpa = r->sg[i].gpa;
		w->m.piece[i].len = r->sg[i].len;
		w->m.piece[i].write = i >= r->out;
	}
	model_compare(&w->m, &w->p, c);
}

/* Change bytes of descriptors, rings or tables. */
static void mutate(struct world *w, uint64_t from, uint64_t size)
{
	for (uint32_t k = 1 + below(&w->s, 4); k; k--) {
		uint8_t *b = w->p.mem_bytes + from + rnd(&w->s) % size;

		*b = below(&w->s, 2) ? (uint8_t)rnd(&w->s) : *b ^ (uint8_t)(1u << below(&w->s, 8));
	}
}

static void agree(struct world *w)
{
	struct pair *p = &w->p;
	struct vmedia_chain *c[8];
	struct req r[8];
	uint32_t n, len[8];

	for (n = 0; n < 8; n++) {
		random_req(w, &r[n]);
		if (vmedia_vqr_add(p->drv, r[n].sg, r[n].out, r[n].sg + r[n].out, r[n].in, &r[n],
				   below(&w->s, 2)))
			break;
	}
	vmedia_vqr_publish(p->drv);
	vmedia_vqr_kick_needed(p->drv);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(vmedia_vqd_pop(p->dev, &c[i]), 1);
		same(w, &r[i], c[i]);
		c[i]->user = &r[i];
		w->count.chains++;
		w->count.good++;
	}
	for (uint32_t left = n; left; left--) {
		uint32_t k = below(&w->s, left);
		struct req *mine = c[k]->user;

		len[mine - r] = below(&w->s, (uint32_t)c[k]->in_len + 1);
		vmedia_vqd_push(p->dev, c[k], len[mine - r]);
		c[k] = c[left - 1];
	}
	for (uint32_t i = 0; i < n; i++) {
		void *cookie;
		uint32_t got;

		assert_int_equal(vmedia_vqr_get_used(p->drv, &cookie, &got), 1);
		assert_int_equal(got, len[(struct req *)cookie - r]);
	}
	assert_int_equal(vmedia_vqr_outstanding(p->drv), 0);
}

/*
 * A driver's ring with some bytes changed; then the device's part of it changed before the driver
 * looks.
 */
static void mutated(struct world *w)
{
	struct pair *p = &w->p;
	struct req r[4];
	void *cookie;
	uint32_t n, len;
	int ret;

	for (n = 0; n < 4; n++) {
		random_req(w, &r[n]);
		if (vmedia_vqr_add(p->drv, r[n].sg, r[n].out, r[n].sg + r[n].out, r[n].in, &r[n],
				   below(&w->s, 2)))
			break;
	}
	vmedia_vqr_publish(p->drv);
	mutate(w, 0, p->layout.desc_size + p->layout.driver_size);
	mutate(w, p->layout.indirect, 16ull * 4 * p->layout.indirect_max);
	if (!is_packed(p->features)) {
		const uint8_t *a = p->mem_bytes + p->layout.driver;
		uint16_t idx = (uint16_t)(a[2] | a[3] << 8);

		n = (uint16_t)(idx - vmedia_vqd_base(p->dev));
		if (n > p->num)
			n = 1;		/* one pop, which breaks it */
		for (uint32_t i = 0; i < n; i++) {
			struct vmedia_chain *c;

			if ((uint16_t)(idx - vmedia_vqd_base(p->dev)) <= p->num) {
				if (!device_step(w))
					break;
				continue;
			}
			w->count.chains++;
			w->count.broken++;
			assert_int_equal(vmedia_vqd_pop(p->dev, &c), -EIO);
			break;
		}
	} else {
		for (uint32_t i = 0; i < n; i++) {
			if (!device_step(w))
				break;
		}
	}
	if (below(&w->s, 2))
		mutate(w, p->layout.device, p->layout.device_size);
	for (uint32_t i = 0; i <= p->num; i++) {
		ret = vmedia_vqr_get_used(p->drv, &cookie, &len);
		if (ret <= 0)
			break;
		assert_true((struct req *)cookie >= r && (struct req *)cookie < r + 4);
	}
	assert_true(ret <= 0);
	w->count.driver_refused += ret < 0;
	world_reset(w);
}

static void quiet(void *opaque, int level, const char *msg)
{
	(void)opaque;
	(void)level;
	(void)msg;
}

static void test_random(void **state)
{
	static const uint32_t sizes[] = { 4, 16, 32, 7 };
	const char *env = getenv("VMEDIA_CHAINS");
	unsigned long want = env ? strtoul(env, NULL, 0) : 1000000;
	struct world *w = calloc(1, sizeof(*w));
	uint64_t start = vmedia_now_ns();

	w->s = test_seed("random chains");
	vmedia_log_set(quiet, NULL);
	while (w->count.chains < want) {
		uint64_t features = matrix(below(&w->s, MATRIX));

		world_up(w, sizes[below(&w->s, is_packed(features) ? 4 : 3)], features);
		sow_tables(w);
		for (int i = 0; i < 400 && w->count.chains < want; i++) {
			switch (below(&w->s, 3)) {
			case 0:
				world_reset(w);
				agree(w);
				break;
			case 1:
				world_reset(w);
				mutated(w);
				break;
			default:
				(is_packed(features) ? garbage_packed : garbage_split)(w);
				break;
			}
		}
		world_down(w);
	}
	vmedia_log_set(NULL, NULL);
	printf("%lu chains: %lu agreed, %lu refused, %lu rings broken, %lu used rings refused; "
	       "%.1f s\n",
	       w->count.chains, w->count.good, w->count.bad, w->count.broken,
	       w->count.driver_refused, (double)(vmedia_now_ns() - start) / 1e9);
	if (want >= 10000) {
		assert_true(w->count.good > want / 10 && w->count.bad > want / 10);
		assert_true(w->count.broken && w->count.driver_refused);
	}
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
