// SPDX-License-Identifier: BSD-3-Clause
/*
 * Round trips over all kinds of queues: split and packed, with and without indirect tables and
 * event indexes; completion out of order; notifications; positions for stopping and starting.
 */
#include <errno.h>

#include "base/checked.h"
#include "harness.h"

struct req {
	struct vmedia_gpa_range sg[40];
	unsigned int out, in;
	uint32_t out_len, in_len, used;
	uint8_t fill;
	bool done;
};

/* Lay a request into its own 16 KiB of data. */
static void make_req(struct pair *p, struct req *r, unsigned int slot, uint64_t *s)
{
	uint64_t at = p->data_gpa + slot * 16384ull;
	unsigned int max = VMEDIA_MIN(p->num, 40u);

	memset(r, 0, sizeof(*r));
	r->out = below(s, max / 2 + 1);
	r->in = below(s, max / 2 + 1);
	if (r->out + r->in == 0)
		r->out = 1;
	r->fill = (uint8_t)rnd(s);
	for (unsigned int i = 0; i < r->out + r->in; i++) {
		r->sg[i].gpa = at;
		r->sg[i].len = 1 + below(s, 400);
		at += r->sg[i].len;
		if (i < r->out)
			r->out_len += r->sg[i].len;
		else
			r->in_len += r->sg[i].len;
	}
	memset(p->data + slot * 16384ull, r->fill, r->out_len);
	memset(p->data + slot * 16384ull + r->out_len, 0, r->in_len);
	r->used = r->in_len ? below(s, r->in_len + 1) : 0;
}

/* The device reads what the driver wrote, and answers with its complement. */
static void serve(struct vmedia_chain *c, const struct req *r)
{
	uint8_t buf[16384];

	assert_int_equal(c->err, 0);
	assert_int_equal(c->out_len, r->out_len);
	assert_int_equal(c->in_len, r->in_len);
	assert_int_equal(vmedia_chain_read(c, 0, buf, sizeof(buf)), r->out_len);
	for (uint32_t i = 0; i < r->out_len; i++)
		assert_int_equal(buf[i], r->fill);
	memset(buf, ~r->fill, sizeof(buf));
	assert_int_equal(vmedia_chain_write(c, 0, buf, r->used), r->used);
}

static void check_answer(struct pair *p, unsigned int slot, struct req *r, uint32_t len)
{
	const uint8_t *in = p->data + slot * 16384ull + r->out_len;

	assert_false(r->done);
	r->done = true;
	assert_int_equal(len, r->used);
	for (uint32_t i = 0; i < r->in_len; i++)
		assert_int_equal(in[i], i < r->used ? (uint8_t)~r->fill : 0);
}

#define SLOTS 32

static unsigned int offer_some(struct pair *p, struct req *reqs, unsigned int *order, uint64_t *s)
{
	unsigned int n = 0, want = 1 + below(s, SLOTS);

	for (unsigned int i = 0; i < want; i++) {
		struct req *r = &reqs[i];
		int ret;

		make_req(p, r, i, s);
		ret = vmedia_vqr_add(p->drv, r->sg, r->out, r->sg + r->out, r->in, r, below(s, 2));
		if (ret == -ENOSPC)
			break;
		assert_int_equal(ret, 0);
		order[n++] = i;
		if (below(s, 3) == 0)
			vmedia_vqr_publish(p->drv);
	}
	vmedia_vqr_publish(p->drv);
	return n;
}

static void one_batch(struct pair *p, uint64_t *s)
{
	struct vmedia_chain *c, *chains[SLOTS];
	struct req reqs[SLOTS];
	unsigned int order[SLOTS], n, left;
	bool called = false;
	void *cookie;
	uint32_t len;

	assert_false(vmedia_vqr_enable_notify(p->drv));
	assert_false(vmedia_vqd_enable_kick(p->dev));
	n = offer_some(p, reqs, order, s);
	assert_true(vmedia_vqr_kick_needed(p->drv));
	assert_false(vmedia_vqr_kick_needed(p->drv));
	vmedia_vqd_disable_kick(p->dev);
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(vmedia_vqd_pop(p->dev, &chains[i]), 1);
		serve(chains[i], &reqs[order[i]]);
	}
	assert_int_equal(vmedia_vqd_pop(p->dev, &c), 0);
	for (left = n; left; left--) {		/* in any order */
		unsigned int k = below(s, left);

		/* the request of a chain is known by where its buffers are */
		len = (uint32_t)(((uint8_t *)chains[k]->iov[0].iov_base - p->data) / 16384);
		vmedia_vqd_push(p->dev, chains[k], reqs[len].used);
		called |= vmedia_vqd_notify_needed(p->dev);
		chains[k] = chains[left - 1];
	}
	assert_true(called);
	assert_false(vmedia_vqd_notify_needed(p->dev));
	for (left = n; left; left--) {
		assert_int_equal(vmedia_vqr_get_used(p->drv, &cookie, &len), 1);
		check_answer(p, (unsigned int)((struct req *)cookie - reqs), cookie, len);
	}
	assert_int_equal(vmedia_vqr_get_used(p->drv, &cookie, &len), 0);
	assert_int_equal(vmedia_vqr_outstanding(p->drv), 0);
	assert_int_equal(vmedia_vqr_free(p->drv), p->num);
}

static void test_matrix(void **state)
{
	static const uint32_t split[] = { 1, 2, 8, 64, 128, 32768 },
			      packed[] = { 1, 3, 7, 64, 100, 32768 };
	uint64_t s = test_seed("matrix");

	for (unsigned int m = 0; m < MATRIX; m++) {
		for (unsigned int k = 0; k < VMEDIA_ARRAY_SIZE(split); k++) {
			uint32_t num = is_packed(matrix(m)) ? packed[k] : split[k];
			struct pair p;

			pair_up(&p, num, matrix(m), num > 1000 ? 4 : 40);
			for (int i = 0; i < (num > 1000 ? 50 : 3000); i++)
				one_batch(&p, &s);
			pair_down(&p);
		}
	}
}

/* A queue of one, 70000 times: every index wraps. */
static void test_wrap(void **state)
{
	struct vmedia_gpa_range sg = { .gpa = GPA, .len = 16 };

	for (unsigned int m = 0; m < MATRIX; m++) {
		struct vmedia_chain *c;
		struct pair p;
		void *cookie;
		uint32_t len;

		pair_up(&p, 4, matrix(m), 0);
		sg.gpa = p.data_gpa;
		assert_false(vmedia_vqr_enable_notify(p.drv));
		assert_false(vmedia_vqd_enable_kick(p.dev));
		for (int i = 0; i < 70000; i++) {
			assert_int_equal(vmedia_vqr_add(p.drv, NULL, 0, &sg, 1, &p, 0), 0);
			vmedia_vqr_publish(p.drv);
			assert_true(vmedia_vqr_kick_needed(p.drv));
			assert_int_equal(vmedia_vqd_pop(p.dev, &c), 1);
			vmedia_vqd_push(p.dev, c, 16);
			assert_true(vmedia_vqd_notify_needed(p.dev));
			assert_int_equal(vmedia_vqr_get_used(p.drv, &cookie, &len), 1);
			assert_int_equal(len, 16);
			assert_false(vmedia_vqr_enable_notify(p.drv));
			assert_false(vmedia_vqd_enable_kick(p.dev));
		}
		pair_down(&p);
	}
}

static void add_one(struct pair *p)
{
	struct vmedia_gpa_range sg = { .gpa = p->data_gpa, .len = 64 };

	assert_int_equal(vmedia_vqr_add(p->drv, NULL, 0, &sg, 1, p, 0), 0);
	vmedia_vqr_publish(p->drv);
}

/*
 * Kicks and interrupts: off when off, on when on, one for a batch with event index, and no lost
 * ones.
 */
static void test_notifications(void **state)
{
	for (unsigned int m = 0; m < MATRIX; m++) {
		bool event_idx = m & 4;
		struct vmedia_chain *c[6];
		struct pair p;
		void *cookie;
		uint32_t len;

		pair_up(&p, 8, matrix(m), 0);
		assert_false(vmedia_vqd_enable_kick(p.dev));
		add_one(&p);
		assert_true(vmedia_vqr_kick_needed(p.drv));
		add_one(&p);	/* the device did not ask again: with event index no second kick */
		assert_int_equal(vmedia_vqr_kick_needed(p.drv), !event_idx);
		vmedia_vqd_disable_kick(p.dev);
		add_one(&p);
		assert_false(vmedia_vqr_kick_needed(p.drv));
		/* there is something: do not sleep */
		assert_true(vmedia_vqd_enable_kick(p.dev));
		for (int i = 0; i < 3; i++)
			assert_int_equal(vmedia_vqd_pop(p.dev, &c[i]), 1);
		assert_false(vmedia_vqd_enable_kick(p.dev));
		add_one(&p);
		assert_true(vmedia_vqr_kick_needed(p.drv));
		assert_int_equal(vmedia_vqd_pop(p.dev, &c[3]), 1);

		vmedia_vqd_push(p.dev, c[0], 1);
		/* the first is always true with event index */
		vmedia_vqd_notify_needed(p.dev);
		assert_int_equal(vmedia_vqr_get_used(p.drv, &cookie, &len), 1);
		vmedia_vqr_disable_notify(p.drv);
		vmedia_vqd_push(p.dev, c[1], 1);
		assert_false(vmedia_vqd_notify_needed(p.dev));
		assert_true(vmedia_vqr_enable_notify(p.drv));
		assert_int_equal(vmedia_vqr_get_used(p.drv, &cookie, &len), 1);
		assert_false(vmedia_vqr_enable_notify_after(p.drv, 2));
		vmedia_vqd_push(p.dev, c[2], 1);
		assert_int_equal(vmedia_vqd_notify_needed(p.dev), !event_idx);
		vmedia_vqd_push(p.dev, c[3], 1);
		assert_true(vmedia_vqd_notify_needed(p.dev));
		pair_down(&p);
	}
}

/* Stop, read the base, start there: what was not taken is found, what was is not found again. */
static void test_stop_start(void **state)
{
	for (unsigned int m = 0; m < MATRIX; m++) {
		struct vmedia_chain *c[5];
		struct pair p;
		void *cookie;
		uint32_t len;

		pair_up(&p, is_packed(matrix(m)) ? 5 : 8, matrix(m), 0);
		for (int round = 0; round < 20; round++) {
			for (int i = 0; i < 5; i++)
				add_one(&p);
			for (int i = 0; i < 3; i++)
				assert_int_equal(vmedia_vqd_pop(p.dev, &c[i]), 1);
			for (int i = 3; i--;)
				vmedia_vqd_push(p.dev, c[i], 1);
			pair_restart_dev(&p, vmedia_vqd_base(p.dev));
			for (int i = 3; i < 5; i++) {
				assert_int_equal(vmedia_vqd_pop(p.dev, &c[i]), 1);
				vmedia_vqd_push(p.dev, c[i], 1);
			}
			assert_int_equal(vmedia_vqd_pop(p.dev, &c[0]), 0);
			for (int i = 0; i < 5; i++)
				assert_int_equal(vmedia_vqr_get_used(p.drv, &cookie, &len), 1);
			assert_int_equal(vmedia_vqr_get_used(p.drv, &cookie, &len), 0);
		}
		pair_down(&p);
	}
}

static void test_limits(void **state)
{
	for (unsigned int m = 0; m < MATRIX; m++) {
		struct vmedia_gpa_range sg[64];
		struct pair p;
		int n = 0;

		pair_up(&p, 8, matrix(m), 16);
		for (int i = 0; i < 64; i++)
			sg[i] = (struct vmedia_gpa_range){ .gpa = p.data_gpa, .len = 4 };
		assert_int_equal(vmedia_vqr_add(p.drv, sg, 9, NULL, 0, &p, 0), -E2BIG);
		assert_int_equal(vmedia_vqr_add(p.drv, sg, 17, NULL, 0, &p, VMEDIA_VQR_INDIRECT),
				 -E2BIG);
		assert_int_equal(vmedia_vqr_add(p.drv, sg, 0, NULL, 0, &p, 0), -EINVAL);
		assert_int_equal(vmedia_vqr_add(p.drv, sg, 1, NULL, 0, NULL, 0), -EINVAL);
		sg[0].len = 0;
		assert_int_equal(vmedia_vqr_add(p.drv, sg, 1, NULL, 0, &p, 0), -EINVAL);
		sg[0].len = 4;
		while (vmedia_vqr_add(p.drv, sg, 16, NULL, 0, &p, VMEDIA_VQR_INDIRECT) == 0)
			n++;
		assert_int_equal(n, m & 2 ? 8 : 0);
		assert_int_equal(vmedia_vqr_outstanding(p.drv), n);
		for (int i = 0; i < n; i++)
			assert_ptr_equal(vmedia_vqr_detach(p.drv), &p);
		assert_null(vmedia_vqr_detach(p.drv));
		pair_down(&p);
	}
}

static void test_config(void **state)
{
	struct vmedia_vq_layout l;
	struct vmedia_vqd *q;
	struct pair p;

	assert_int_equal(vmedia_vq_layout(0, 0, 0, &l), -EINVAL);
	assert_int_equal(vmedia_vq_layout(3, 0, 0, &l), -EINVAL);
	assert_int_equal(vmedia_vq_layout(3, matrix(1), 0, &l), 0);
	assert_int_equal(vmedia_vq_layout(65536, 0, 0, &l), -EINVAL);
	for (unsigned int m = 0; m < 2; m++) {
		pair_up(&p, 8, matrix(m), 0);
		p.cfg.desc += 8;
		assert_int_equal(vmedia_vqd_create(&p.cfg, p.mem, &q), -EINVAL);
		p.cfg.desc += p.size;
		assert_int_equal(vmedia_vqd_create(&p.cfg, p.mem, &q), -EINVAL);
		p.cfg.desc -= p.size + 8;
		p.cfg.device += 2;
		assert_int_equal(vmedia_vqd_create(&p.cfg, p.mem, &q), -EINVAL);
		p.cfg.device -= 2;
		p.cfg.num = 0;
		assert_int_equal(vmedia_vqd_create(&p.cfg, p.mem, &q), -EINVAL);
		p.cfg.num = 8;
		p.cfg.base = m ? 8 : 65536;
		assert_int_equal(vmedia_vqd_create(&p.cfg, p.mem, &q), -EINVAL);
		pair_down(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matrix),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_notifications),
		cmocka_unit_test(test_stop_start),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
