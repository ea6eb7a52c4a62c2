/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The little of cmocka that tests/proto uses, for machines that have no cmocka: cross builds run
 * under an emulator. A failed assertion prints where and leaves its test; a group prints a tally as
 * cmocka does and returns the failures.
 */
#ifndef VMEDIA_MINI_CMOCKA_H
#define VMEDIA_MINI_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct CMUnitTest {
	const char *name;
	void (*test_func)(void **state);
};

extern jmp_buf mini_failed;	/* in support.c */

#define cmocka_unit_test(f) { #f, f }
#define print_message(...) printf(__VA_ARGS__)

#define fail_msg(...)										\
	do {											\
		printf("%s:%d: ", __FILE__, __LINE__);						\
		printf(__VA_ARGS__);								\
		printf("\n");									\
		longjmp(mini_failed, 1);							\
	} while (0)

#define assert_true(c) do { if (!(c)) fail_msg("not true: %s", #c); } while (0)
#define assert_false(c) do { if (c) fail_msg("not false: %s", #c); } while (0)
#define assert_null(p) do { if (p) fail_msg("not null: %s", #p); } while (0)
#define assert_non_null(p) do { if (!(p)) fail_msg("null: %s", #p); } while (0)
#define assert_int_equal(a, b)									\
	do {											\
		long long mini_a = (long long)(a), mini_b = (long long)(b);			\
		if (mini_a != mini_b)								\
			fail_msg("%s: %lld (0x%llx) is not %s: %lld (0x%llx)", #a, mini_a,	\
				 mini_a, #b, mini_b, mini_b);					\
	} while (0)
#define assert_string_equal(a, b)								\
	do { if (strcmp(a, b)) fail_msg("\"%s\" is not \"%s\"", a, b); } while (0)
#define assert_memory_equal(a, b, n)								\
	do { if (memcmp(a, b, n)) fail_msg("%s and %s differ", #a, #b); } while (0)

static inline int mini_run(const struct CMUnitTest *tests, size_t count)
{
	volatile size_t i;
	volatile int failed = 0;

	for (i = 0; i < count; i++) {
		void *state = NULL;

		printf("[ RUN      ] %s\n", tests[i].name);
		if (setjmp(mini_failed) == 0) {
			tests[i].test_func(&state);
			printf("[       OK ] %s\n", tests[i].name);
		} else {
			printf("[  FAILED  ] %s\n", tests[i].name);
			failed++;
		}
	}
	printf("[==========] %zu test(s) run.\n[  PASSED  ] %zu test(s).\n", count,
	       count - (size_t)failed);
	if (failed)
		printf("[  FAILED  ] %d test(s).\n", failed);
	return failed;
}

#define cmocka_run_group_tests(tests, setup, teardown) \
	mini_run(tests, sizeof(tests) / sizeof((tests)[0]))

#endif /* VMEDIA_MINI_CMOCKA_H */
