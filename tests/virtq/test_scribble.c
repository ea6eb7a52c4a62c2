// SPDX-License-Identifier: BSD-3-Clause
/*
 * A driver that rewrites its ring while the device reads it: whatever the device takes for a chain
 * lies in the guest's memory and within the limits, whenever a byte changed.
 *
 * A thread writes values that are nearly right, so that the device comes far, at every place of the
 * ring. Which interleavings happen is the machine's; the values are the seed's.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"
#include "harness.h"

#define CHAINS 5000
#define IDLE 20000
#define SEGS 24u

struct scribbler {
	struct pair *p;
	uint64_t seed;
	int stop;
};

static void st(struct pair *p, uint64_t off, unsigned int bytes, uint64_t v)
{
	uint8_t *at = p->mem_bytes + off;

	if (bytes == 2)
		__atomic_store_n((uint16_t *)at, htole16((uint16_t)v), __ATOMIC_RELAXED);
	else if (bytes == 4)
		__atomic_store_n((uint32_t *)at, htole32((uint32_t)v), __ATOMIC_RELAXED);
	else
		__atomic_store_n((uint64_t *)at, htole64(v), __ATOMIC_RELAXED);
}

static uint64_t some_addr(struct pair *p, uint64_t *seed)
{
	switch (below(seed, 12)) {
	case 0:
		return rnd(seed);
	case 1:
		return GPA + p->size - below(seed, 64);
	case 2:
		return GPA + p->layout.desc;	/* the ring itself, also as an indirect table */
	default:
		return p->data_gpa + below(seed, DATA_SIZE);
	}
}

static uint32_t some_len(uint64_t *seed)
{
	static const uint32_t odd[] = { 0, 1, 16, 32, 16 * 70, UINT32_MAX, 1u << 31, DATA_SIZE };

	return below(seed, 4) ? below(seed, 512) : odd[below(seed, 8)];
}

/* One descriptor, field after field; the table in the data area too. */
static void scribble_desc(struct pair *p, uint64_t *seed)
{
	static const uint16_t flags[] = { 0, 1, 2, 3, 4, 5, 6 };
	uint64_t base = below(seed, 3) ? p->layout.desc : p->data_gpa - GPA;
	uint64_t off = base + 16ull * below(seed, p->num);
	uint16_t f = flags[below(seed, 7)];

	if (is_packed(p->features))
		f |= below(seed, 2) ? VMEDIA_PACKED_F_AVAIL : VMEDIA_PACKED_F_USED;
	st(p, off, 8, some_addr(p, seed));
	st(p, off + 8, 4, some_len(seed));
	st(p, off + 12, 2, is_packed(p->features) ? f : below(seed, p->num + 1));
	st(p, off + 14, 2, is_packed(p->features) ? f : below(seed, p->num + 1));
	if (!is_packed(p->features))
		st(p, off + 12, 2, f);
}

static uint16_t used_idx(struct pair *p)
{
	return le16toh(__atomic_load_n((uint16_t *)(p->mem_bytes + p->layout.device + 2),
				       __ATOMIC_RELAXED));
}

static void step(struct pair *p, uint64_t *seed)
{
	scribble_desc(p, seed);
	if (is_packed(p->features))
		return;
	st(p, p->layout.driver + 4 + 2ull * below(seed, p->num), 2,
	   below(seed, p->num + (below(seed, 16) ? 0 : 2)));
	st(p, p->layout.driver + 2, 2,
	   used_idx(p) + below(seed, p->num + (below(seed, 64) ? 0 : 2)));
}

static void *scribble(void *arg)
{
	struct scribbler *s = arg;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED))
		step(s->p, &s->seed);
	return NULL;
}

static void check_pieces(const struct pair *p, const struct iovec *iov, unsigned int n, size_t len)
{
	size_t sum = 0;

	for (unsigned int i = 0; i < n; i++) {
		const uint8_t *at = iov[i].iov_base;

		assert_true(at >= p->mem_bytes && at < p->mem_bytes + p->size);
		assert_true(iov[i].iov_len <= (size_t)(p->mem_bytes + p->size - at));
		sum += iov[i].iov_len;
	}
	assert_int_equal(sum, len);
}

static void use_chain(struct pair *p, struct vmedia_chain *c)
{
	uint8_t buf[256];
	size_t n;

	assert_true(c->out_num + c->in_num <= SEGS);
	check_pieces(p, c->out, c->out_num, c->out_len);
	check_pieces(p, c->in, c->in_num, c->in_len);
	if (c->err)
		assert_int_equal(c->out_num + c->in_num, 0);
	n = vmedia_chain_read(c, 0, buf, sizeof(buf));
	assert_int_equal(n, c->out_len < sizeof(buf) ? c->out_len : sizeof(buf));
	vmedia_vqd_push(p->dev, c, (uint32_t)n);
	vmedia_vqd_notify_needed(p->dev);
}

static void restart(struct pair *p)
{
	pair_restart_dev(p, is_packed(p->features) ? VMEDIA_VQD_BASE_PACKED : used_idx(p));
}

static void race(unsigned int entry, uint64_t seed)
{
	struct scribbler s = { .seed = seed ? seed : 1 };
	unsigned int taken = 0, broken = 0, idle = 0;
	uint64_t own = s.seed ^ 0x5555;
	struct vmedia_chain *c;
	struct pair p;
	pthread_t t;

	pair_up(&p, 32, matrix(entry), 0);
	p.cfg.max_segs = SEGS;
	restart(&p);
	s.p = &p;
	assert_int_equal(pthread_create(&t, NULL, scribble, &s), 0);
	while (taken + broken < CHAINS && idle < IDLE) {
		int ret = vmedia_vqd_pop(p.dev, &c);

		if (ret > 0) {
			taken++;
			use_chain(&p, c);
		} else if (ret < 0) {
			broken++;
			restart(&p);
		} else if (vmedia_vqd_enable_kick(p.dev)) {
			vmedia_vqd_disable_kick(p.dev);
		} else {
			/* The other thread may have no processor now: then it is our own doing. */
			idle++;
			for (unsigned int i = 0; i < 8; i++)
				step(&p, &own);
		}
	}
	__atomic_store_n(&s.stop, 1, __ATOMIC_RELAXED);
	pthread_join(t, NULL);
	print_message("entry %u: %u chains, %u times broken\n", entry, taken, broken);
	pair_down(&p);
}

static void test_scribble(void **state)
{
	uint64_t seed = test_seed("scribble");

#ifdef __SANITIZE_THREAD__
	skip();		/* it is a data race, on purpose */
#endif
	vmedia_log_set_level(-1);
	for (unsigned int i = 0; i < MATRIX; i++)
		race(i, seed + i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scribble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
