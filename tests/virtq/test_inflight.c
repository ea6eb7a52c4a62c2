// SPDX-License-Identifier: BSD-3-Clause
/*
 * A device that dies with chains in flight, and one that takes over from its inflight file; also a
 * file full of lies.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "harness.h"
#include "virtq/inflight.h"

struct life {
	struct pair p;
	int fd;
	uint64_t size;
	struct vmedia_inflight_area *area;
};

/* A fresh device end on the file. The position that the front-end knows is the queue's first. */
static int begin(struct life *l)
{
	vmedia_vqd_destroy(l->p.dev);
	l->p.dev = NULL;
	vmedia_inflight_close(l->area);
	l->area = NULL;
	assert_int_equal(
		vmedia_inflight_open(l->fd, 0, l->size, 2, l->p.num, l->p.features, &l->area), 0);
	assert_null(vmedia_inflight_queue(l->area, 2));
	l->p.cfg.inflight = vmedia_inflight_queue(l->area, 1);
	l->p.cfg.base = vmedia_vqr_base(l->p.drv);
	return vmedia_vqd_create(&l->p.cfg, l->p.mem, &l->p.dev);
}

static void life_up(struct life *l, uint32_t num, uint64_t features)
{
	memset(l, 0, sizeof(*l));
	pair_up(&l->p, num, features, 4);
	l->fd = vmedia_inflight_memfd(2, num, features, &l->size);
	assert_true(l->fd >= 0);
	assert_int_equal(l->size, vmedia_inflight_size(2, num, features));
	assert_int_equal(begin(l), 0);
}

static void life_down(struct life *l)
{
	pair_down(&l->p);
	vmedia_inflight_close(l->area);
	vmedia_fd_close(&l->fd);
}

struct item {
	struct vmedia_gpa_range sg[3];
	unsigned int n;
	unsigned int served;
	bool out;
};

#define ITEMS 64

static struct item *add_item(struct life *l, struct item *items, uint64_t *s)
{
	unsigned int i = below(s, ITEMS);
	struct item *it = &items[i];

	if (it->out)
		return NULL;
	it->n = 1 + below(s, 3);
	for (unsigned int k = 0; k < it->n; k++) {
		it->sg[k].gpa = l->p.data_gpa + i * 256 + k * 64;
		it->sg[k].len = 1 + below(s, 64);
	}
	if (vmedia_vqr_add(l->p.drv, NULL, 0, it->sg, it->n, it, below(s, 2)))
		return NULL;
	vmedia_vqr_publish(l->p.drv);
	it->out = true;
	it->served = 0;
	return it;
}

static struct item *item_of(struct life *l, struct item *items, const struct vmedia_chain *c)
{
	struct item *it = &items[((uint8_t *)c->in[0].iov_base - l->p.data) / 256];

	assert_int_equal(c->err, 0);
	assert_true(it->out);
	assert_int_equal(c->in_num, it->n);
	for (unsigned int k = 0; k < it->n; k++)
		assert_int_equal(c->in[k].iov_len, it->sg[k].len);
	return it;
}

/* The driver takes what came back: each item once. */
static void reap(struct life *l)
{
	void *cookie;
	uint32_t len;
	int ret;

	while ((ret = vmedia_vqr_get_used(l->p.drv, &cookie, &len)) == 1) {
		struct item *it = cookie;

		assert_true(it->out);
		it->out = false;
	}
	assert_int_equal(ret, 0);
}

/* Random life with deaths: every item that was offered comes back, once. */
static void test_deaths(void **state)
{
	uint64_t s = test_seed("inflight");
	unsigned int resubmitted = 0;

	for (unsigned int m = 0; m < MATRIX; m++) {
		struct item items[ITEMS];
		struct vmedia_chain *held[64];
		unsigned int n = 0;
		struct life l;

		memset(items, 0, sizeof(items));
		life_up(&l, is_packed(matrix(m)) ? 23 : 32, matrix(m));
		for (int step = 0; step < 6000; step++) {
			unsigned int k;

			switch (below(&s, 12)) {
			case 0 ... 3:
				add_item(&l, items, &s);
				break;
			case 4 ... 6:
				if (vmedia_vqd_pop(l.p.dev, &held[n]) == 1)
					item_of(&l, items, held[n++]);
				break;
			case 7 ... 9:
				if (!n)
					break;
				k = below(&s, n);
				vmedia_vqd_push(l.p.dev, held[k], 1);
				held[k] = held[--n];
				break;
			case 10:
				reap(&l);
				break;
			default:
				if (below(&s, 8))
					break;
				resubmitted += n;
				n = 0;	/* lost with the process */
				assert_int_equal(begin(&l), 0);
				break;
			}
		}
		while (n)
			vmedia_vqd_push(l.p.dev, held[--n], 1);
		while (vmedia_vqd_pop(l.p.dev, &held[0]) == 1)
			vmedia_vqd_push(l.p.dev, held[0], 1);
		reap(&l);
		assert_int_equal(vmedia_vqr_outstanding(l.p.drv), 0);
		life_down(&l);
	}
	assert_true(resubmitted > 100);
}

/* The order of taking is the order of taking again. */
static void test_order(void **state)
{
	for (unsigned int m = 0; m < 2; m++) {
		struct vmedia_gpa_range sg = { .len = 8 };
		struct vmedia_chain *c[8];
		struct life l;

		life_up(&l, 8, matrix(m));
		for (unsigned int i = 0; i < 8; i++) {
			sg.gpa = l.p.data_gpa + 64 * i;
			assert_int_equal(vmedia_vqr_add(l.p.drv, NULL, 0, &sg, 1, &l, 0), 0);
		}
		vmedia_vqr_publish(l.p.drv);
		for (unsigned int i = 0; i < 6; i++)
			assert_int_equal(vmedia_vqd_pop(l.p.dev, &c[i]), 1);
		vmedia_vqd_push(l.p.dev, c[3], 0);
		vmedia_vqd_push(l.p.dev, c[0], 0);
		for (int again = 0; again < 3; again++) {
			static const unsigned int want[] = { 1, 2, 4, 5, 6, 7 };

			assert_int_equal(begin(&l), 0);
			assert_true(vmedia_vqd_enable_kick(l.p.dev));
			for (unsigned int i = 0; i < 6; i++) {
				assert_int_equal(vmedia_vqd_pop(l.p.dev, &c[i]), 1);
				assert_ptr_equal(c[i]->in[0].iov_base, l.p.data + 64 * want[i]);
			}
			assert_int_equal(vmedia_vqd_pop(l.p.dev, &c[6]), 0);
		}
		life_down(&l);
	}
}

static void quiet(void *opaque, int level, const char *msg)
{
	(void)opaque;
	(void)level;
	(void)msg;
}

/*
 * Whatever is in the file: no crash, no endless walk; refused, or chains that are checked as all
 * are.
 */
static void test_lies(void **state)
{
	uint64_t s = test_seed("lies");
	unsigned int refused = 0, accepted = 0;

	vmedia_log_set(quiet, NULL);
	for (int round = 0; round < 1000; round++) {
		unsigned int m = below(&s, MATRIX);
		struct vmedia_chain *c;
		struct life l;
		uint8_t *map;

		life_up(&l, is_packed(matrix(m)) ? 7 : 8, matrix(m));
		for (int i = 0; i < 6; i++) {
			struct vmedia_gpa_range sg[2] = { { l.p.data_gpa, 8 },
							  { l.p.data_gpa + 8, 8 } };

			vmedia_vqr_add(l.p.drv, NULL, 0, sg, 1 + below(&s, 2), &l, 0);
		}
		vmedia_vqr_publish(l.p.drv);
		for (int i = 0; i < 3; i++)
			vmedia_vqd_pop(l.p.dev, &c);
		map = mmap(NULL, l.size, PROT_READ | PROT_WRITE, MAP_SHARED, l.fd, 0);
		assert_true(map != MAP_FAILED);
		for (uint32_t k = 1 + below(&s, 20); k; k--)
			map[l.size / 2 + below(&s, (uint32_t)l.size / 2)] =
				(uint8_t)(below(&s, 2) ? rnd(&s) : below(&s, 10));
		munmap(map, l.size);
		if (begin(&l)) {
			refused++;
		} else {
			accepted++;
			for (int i = 0; i < 40 && vmedia_vqd_pop(l.p.dev, &c) == 1; i++)
				vmedia_vqd_push(l.p.dev, c, 0);
		}
		life_down(&l);
	}
	vmedia_log_set(NULL, NULL);
	assert_true(refused > 100 && accepted > 100);
}

static void test_refusals(void **state)
{
	struct vmedia_inflight_area *area;
	uint64_t size = 0;
	int fd;

	assert_int_equal(vmedia_inflight_size(0, 8, 0), 0);
	assert_int_equal(vmedia_inflight_size(1, 7, 0), 0);
	assert_int_equal(vmedia_inflight_size(VMEDIA_INFLIGHT_MAX_QUEUES + 1, 8, 0), 0);
	assert_int_equal(vmedia_inflight_memfd(1, 7, 0, &size), -EINVAL);
	/* 16 + 8 * 16 and 32 + 8 * 32, in units of 64 */
	assert_int_equal(vmedia_inflight_size(1, 8, 0), 192);
	assert_int_equal(vmedia_inflight_size(1, 8, matrix(1)), 320);
	fd = vmedia_inflight_memfd(2, 8, 0, &size);
	assert_true(fd >= 0);
	assert_int_equal(vmedia_inflight_open(fd, 0, size - 1, 2, 8, 0, &area), -EINVAL);
	assert_int_equal(vmedia_inflight_open(fd, 8, size, 2, 8, 0, &area), -EINVAL);
	assert_int_equal(vmedia_inflight_open(fd, 1 << 20, size, 2, 8, 0, &area), -EINVAL);
	assert_int_equal(vmedia_inflight_open(-1, 0, size, 2, 8, 0, &area), -EINVAL);
	close(fd);
	vmedia_inflight_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_deaths),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
