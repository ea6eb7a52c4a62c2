// SPDX-License-Identifier: BSD-3-Clause
/* Slots: who has which, and that one is always free. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "pair.h"
#include "share/pool.h"

#define HOLDERS 5
#define HELD	3

static void test_few_slots_are_touched(void **state)
{
	struct vmedia_share_pool pool = { 0 };
	struct vmedia_share_pool_holder h = { 0 };
	uint32_t slot;

	assert_int_equal(vmedia_share_pool_init(&pool, 100, HOLDERS, HELD), 0);
	assert_int_equal(pool.num_slots, HOLDERS * HELD + 2);
	assert_int_equal(vmedia_share_pool_hold(&pool, &h), -ENODATA);
	for (int i = 0; i < 100; i++) {
		slot = vmedia_share_pool_take(&pool);
		assert_in_range(slot, 0, 2);
		vmedia_share_pool_publish(&pool);
		if (h.num)
			assert_int_equal(vmedia_share_pool_release(&pool, &h, h.slots[0]), 0);
		assert_int_equal(vmedia_share_pool_hold(&pool, &h), 0);
		assert_int_equal(h.slots[0], slot);
	}
	vmedia_share_pool_release_all(&pool, &h);
	vmedia_share_pool_finish(&pool);
}

static void test_a_holder_has_a_limit(void **state)
{
	struct vmedia_share_pool pool = { 0 };
	struct vmedia_share_pool_holder h = { 0 }, other = { 0 };

	assert_int_equal(vmedia_share_pool_init(&pool, 100, HOLDERS, HELD), 0);
	for (int i = 0; i < HELD; i++) {
		vmedia_share_pool_take(&pool);
		vmedia_share_pool_publish(&pool);
		assert_int_equal(vmedia_share_pool_hold(&pool, &h), 0);
	}
	assert_int_equal(vmedia_share_pool_hold(&pool, &h), -ENOBUFS);
	assert_int_equal(vmedia_share_pool_release(&pool, &other, h.slots[0]), -EINVAL);
	assert_int_equal(vmedia_share_pool_release(&pool, &h, pool.num_slots), -EINVAL);
	assert_int_equal(vmedia_share_pool_hold(&pool, &other), 0);
	vmedia_share_pool_release_all(&pool, &h);
	vmedia_share_pool_release_all(&pool, &other);
	for (uint32_t i = 0; i < pool.num_slots; i++)
		assert_int_equal(pool.refs[i], 0);
	vmedia_share_pool_finish(&pool);
}

/* What others hold is never written, and there is always a slot to write. */
static void test_random_holders(void **state)
{
	const char *given = getenv("VMEDIA_TEST_SEED");
	unsigned int seed = (unsigned int)(given ? strtoul(given, NULL, 10)
						 : (unsigned long)time(NULL));
	struct vmedia_share_pool_holder h[HOLDERS] = { 0 };
	struct vmedia_share_pool pool = { 0 };

	printf("VMEDIA_TEST_SEED=%u\n", seed);
	assert_int_equal(vmedia_share_pool_init(&pool, 100, HOLDERS, HELD), 0);
	for (int i = 0; i < 20000; i++) {
		unsigned int what = (unsigned int)rand_r(&seed);
		struct vmedia_share_pool_holder *one = &h[what % HOLDERS];
		uint32_t slot;
		int err;

		if (what / HOLDERS % 3 == 0 && one->num) {
			slot = one->slots[what / 64 % one->num];
			assert_int_equal(vmedia_share_pool_release(&pool, one, slot), 0);
		} else if (what / HOLDERS % 64 == 1) {
			vmedia_share_pool_release_all(&pool, one);
		} else {
			slot = vmedia_share_pool_take(&pool);
			assert_true(slot < pool.num_slots);
			for (int k = 0; k < HOLDERS; k++)
				for (uint32_t n = 0; n < h[k].num; n++)
					assert_int_not_equal(h[k].slots[n], slot);
			vmedia_share_pool_publish(&pool);
			err = one->num == HELD ? -ENOBUFS : 0;
			assert_int_equal(vmedia_share_pool_hold(&pool, one), err);
		}
	}
	vmedia_share_pool_finish(&pool);
}

static void test_nobody_else_can_write_the_file(void **state)
{
	struct vmedia_share_pool pool = { 0 };
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *seen;

	assert_int_equal(vmedia_share_pool_init(&pool, 100, HOLDERS, HELD), 0);
	assert_int_equal(pool.slot_size, page);
	seen = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, pool.fd, 0);
	assert_ptr_equal(seen, MAP_FAILED);
	assert_int_equal(errno, EPERM);
	assert_int_equal(write(pool.fd, "x", 1), -1);
	assert_int_equal(ftruncate(pool.fd, 0), -1);
	assert_int_equal(fallocate(pool.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
				   (off_t)page), -1);
	assert_int_equal(fcntl(pool.fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	seen = mmap(NULL, page, PROT_READ, MAP_SHARED, pool.fd, 0);
	assert_ptr_not_equal(seen, MAP_FAILED);
	assert_int_equal(mprotect(seen, page, PROT_READ | PROT_WRITE), -1);
	vmedia_share_pool_memory(&pool, 0)[5] = 77;
	assert_int_equal(seen[5], 77);
	munmap(seen, page);
	vmedia_share_pool_finish(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few_slots_are_touched),
		cmocka_unit_test(test_a_holder_has_a_limit),
		cmocka_unit_test(test_random_holders),
		cmocka_unit_test(test_nobody_else_can_write_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
