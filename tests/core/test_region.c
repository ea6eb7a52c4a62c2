/* SPDX-License-Identifier: BSD-3-Clause */
/* The allocator of region 0 against a map of bits. */
#include "test.h"

#include <stdio.h>
#include <time.h>

#include "core/region.h"

#define PAGES 256
#define PAGE  4096ull

static void test_edges(void **state)
{
	struct vmedia_range a, b, c;
	struct vmedia_region r;

	vmedia_region_setup(&r, 4 * PAGE, PAGE);
	assert_int_equal(vmedia_region_take(&r, 0, &a), -EINVAL);
	assert_int_equal(vmedia_region_take(&r, UINT64_MAX, &a), -EINVAL);
	assert_int_equal(vmedia_region_take(&r, UINT64_MAX - PAGE, &a), -ENOMEM);
	assert_int_equal(vmedia_region_take(&r, 4 * PAGE + 1, &a), -ENOMEM);
	assert_int_equal(vmedia_region_take(&r, 1, &a), 0);
	assert_int_equal(a.offset, 0);
	assert_int_equal(a.len, PAGE);
	assert_int_equal(vmedia_region_take(&r, 3 * PAGE, &b), 0);
	assert_int_equal(b.offset, PAGE);
	assert_int_equal(vmedia_region_take(&r, 1, &c), -ENOMEM);
	assert_ptr_equal(vmedia_region_at(&r, PAGE), &b);
	assert_null(vmedia_region_at(&r, 2 * PAGE));
	vmedia_region_give(&r, &a);
	assert_null(vmedia_region_at(&r, 0));
	assert_int_equal(vmedia_region_take(&r, PAGE, &c), 0);
	assert_int_equal(c.offset, 0);
}

static uint64_t rnd(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 33;
}

static uint64_t make_seed(void)
{
	const char *env = getenv("VMEDIA_TEST_SEED");
	uint64_t seed = env ? strtoull(env, NULL, 0) : (uint64_t)time(NULL);

	printf("VMEDIA_TEST_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}

/* The first hole of @n pages in @used, or -1. */
static int first_hole(const bool *used, unsigned int n)
{
	unsigned int i, run = 0;

	for (i = 0; i < PAGES; i++) {
		run = used[i] ? 0 : run + 1;
		if (run == n)
			return (int)(i + 1 - n);
	}
	return -1;
}

static void test_model(void **state)
{
	static struct vmedia_range range[PAGES];
	static bool used[PAGES], live[PAGES];
	uint64_t seed = make_seed();
	struct vmedia_region r;
	unsigned int step, i, j, n;

	vmedia_region_setup(&r, PAGES * PAGE, PAGE);
	for (step = 0; step < 100000; step++) {
		i = (unsigned int)(rnd(&seed) % PAGES);
		if (live[i]) {
			for (j = 0; j < range[i].len / PAGE; j++)
				used[range[i].offset / PAGE + j] = false;
			vmedia_region_give(&r, &range[i]);
			live[i] = false;
			continue;
		}
		n = 1 + (unsigned int)(rnd(&seed) % 40);
		int hole = first_hole(used, n);
		int err = vmedia_region_take(&r, n * PAGE - rnd(&seed) % PAGE, &range[i]);

		assert_int_equal(err, hole < 0 ? -ENOMEM : 0);
		if (err)
			continue;
		assert_int_equal(range[i].offset, (uint64_t)hole * PAGE);
		assert_int_equal(range[i].len, n * PAGE);
		for (j = 0; j < n; j++)
			used[(unsigned int)hole + j] = true;
		live[i] = true;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests_name("core region", tests, NULL, NULL);
}
