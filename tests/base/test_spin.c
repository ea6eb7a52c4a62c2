/* SPDX-License-Identifier: BSD-3-Clause */
/* When a wait looks before it sleeps. Counts waits; no time passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/spin.h"

#define SHORT 1000u
#define LONG  100000u

/* One wait: does it look? It finds something, or sleeps for @ns. */
static bool wait_once(struct vmedia_spin *s, bool found, uint64_t ns)
{
	bool looks = vmedia_spin_begin(s);

	if (looks)
		vmedia_spin_end(s, found);
	if (!looks || !found)
		vmedia_spin_slept(s, ns);
	return looks;
}

/* Waits that pass until one looks again. */
static unsigned int skipped(struct vmedia_spin *s, bool found)
{
	unsigned int n = 0;

	while (!wait_once(s, found, SHORT))
		n++;
	return n;
}

static void test_off(void **state)
{
	struct vmedia_spin s = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < 2000; i++)
		assert_false(wait_once(&s, false, 0));
}

static void test_hits(void **state)
{
	struct vmedia_spin s = { .ns = 10000 };
	unsigned int i;

	(void)state;
	for (i = 0; i < 2000; i++)
		assert_true(wait_once(&s, true, 0));
}

/* 1, 3, 7, ... 1023 waits; a hit begins anew. */
static void test_misses(void **state)
{
	struct vmedia_spin s = { .ns = 10000 };
	unsigned int i, want = 1;

	(void)state;
	assert_true(wait_once(&s, false, SHORT));
	for (i = 0; i < 14; i++) {
		assert_int_equal(skipped(&s, false), want);
		want = want < 1023 ? 2 * want + 1 : 1023;
	}
	assert_int_equal(want, 1023);
	assert_int_equal(skipped(&s, true), 1023);
	assert_true(wait_once(&s, false, SHORT));
	assert_int_equal(skipped(&s, true), 1);
	assert_int_equal(skipped(&s, true), 0);
}

/* A paced stream costs nothing; the first short sleep ends that. */
static void test_paced(void **state)
{
	struct vmedia_spin s = { .ns = 10000 };
	unsigned int i;

	(void)state;
	assert_true(wait_once(&s, false, LONG));
	for (i = 0; i < 2000; i++)
		assert_false(wait_once(&s, true, LONG));
	assert_false(wait_once(&s, true, LONG - 1));
	/* what the miss before cost is still to be paid */
	assert_int_equal(skipped(&s, true), 1);
	assert_true(wait_once(&s, true, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_hits),
		cmocka_unit_test(test_misses),
		cmocka_unit_test(test_paced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
