// SPDX-License-Identifier: BSD-3-Clause
/*
 * Messages, their escaping and their rate limit; checked arithmetic and lists, which have no better
 * place.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/log.h"

static char last[VMEDIA_LOG_MAX];
static int last_level, count;

static void catch(void *opaque, int level, const char *msg)
{
	assert_ptr_equal(opaque, &last);
	snprintf(last, sizeof(last), "%s", msg);
	last_level = level;
	count++;
}

static void test_levels(void **state)
{
	char big[3000];

	vmedia_log_set(catch, &last);
	vmedia_log_set_level(VMEDIA_LOG_WARN);
	errno = 77;
	vmedia_warn("%d of %s", 3, "four");
	assert_int_equal(errno, 77);
	assert_string_equal(last, "3 of four");
	assert_int_equal(last_level, VMEDIA_LOG_WARN);
	vmedia_info("not wanted");
	assert_int_equal(count, 1);
	vmedia_log_set_level(VMEDIA_LOG_DEBUG);
	vmedia_dbg("wanted");
	assert_int_equal(count, 2);
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = 0;
	vmedia_err("%s", big);
	assert_int_equal(strlen(last), VMEDIA_LOG_MAX - 1);
	vmedia_log_set(NULL, NULL);
	vmedia_log_set_level(VMEDIA_LOG_WARN);
}

static void test_escape(void **state)
{
	char buf[64];

	assert_string_equal(vmedia_log_escape(buf, sizeof(buf), "a b\\\n\0\xff", 7),
			    "a b\\x5c\\x0a\\x00\\xff");
	assert_string_equal(vmedia_log_escape(buf, sizeof(buf), "", 0), "");
	for (size_t cap = 1; cap < sizeof(buf); cap++) {
		memset(buf, 'Z', sizeof(buf));
		vmedia_log_escape(buf, cap, "0123456789\n0123456789", 21);
		assert_true(strlen(buf) < cap);
		assert_int_equal(buf[cap], 'Z');
		if (cap > 3 && cap < 24)
			assert_string_equal(buf + strlen(buf) - 3, "...");
	}
	assert_string_equal(vmedia_log_escape(buf, 6, "abcdefgh", 8), "ab...");
	assert_string_equal(vmedia_log_escape(buf, 9, "abcdefgh", 8), "abcdefgh");
	assert_string_equal(vmedia_log_escape(buf, 3, "abcdefgh", 8), "..");
	buf[0] = 'Q';
	vmedia_log_escape(buf, 0, "a", 1);
	assert_int_equal(buf[0], 'Q');
}

static void test_ratelimit(void **state)
{
	struct vmedia_ratelimit rl = { .burst = 3, .interval_ms = 10 };
	const uint64_t ms = 1000000, t = 1000 * ms;

	vmedia_log_set(catch, &last);
	count = 0;
	for (int i = 0; i < 10; i++)
		assert_int_equal(vmedia_ratelimit_ok_at(&rl, VMEDIA_LOG_WARN, t + (uint64_t)i),
				 i < 3);
	assert_int_equal(count, 0);
	assert_false(vmedia_ratelimit_ok_at(&rl, VMEDIA_LOG_WARN, t + 9 * ms));
	assert_true(vmedia_ratelimit_ok_at(&rl, VMEDIA_LOG_WARN, t + 10 * ms));
	assert_string_equal(last, "8 messages suppressed");
	assert_false(vmedia_ratelimit_ok_at(&rl, VMEDIA_LOG_WARN, t + 11 * ms));
	/* after a long silence the burst is full again, not more */
	for (int i = 0; i < 10; i++)
		assert_int_equal(vmedia_ratelimit_ok_at(&rl, VMEDIA_LOG_WARN, t * 1000), i < 3);
	/* a clock that goes back does no harm */
	assert_false(vmedia_ratelimit_ok_at(&rl, VMEDIA_LOG_WARN, 0));
	vmedia_log_set(NULL, NULL);
}

/* However much there is to say, a log fills slowly; its reader learns that some is missing. */
static void test_flood(void **state)
{
	const uint64_t day = 24 * 3600 * 1000000000ull, step = 100000000;
	const uint64_t start = vmedia_now_ns();
	uint64_t now, missed, heard = 0, not = 0;
	int most;

	vmedia_log_set(catch, &last);
	vmedia_log_set_level(VMEDIA_LOG_DEBUG);
	count = 0;
	for (int i = 0; i < 3 * VMEDIA_LOG_BURST; i++)
		vmedia_info("flood %d", i);
	/* What passes later stands behind a line that says so. */
	most = (int)((vmedia_now_ns() - start) / (VMEDIA_LOG_INTERVAL_MS * 1000000ull)) + 1;
	assert_in_range(count, VMEDIA_LOG_BURST, VMEDIA_LOG_BURST + 2 * most);
	/* Other levels are not affected, debug is not limited. */
	count = 0;
	vmedia_warn("heard");
	for (int i = 0; i < 3 * VMEDIA_LOG_BURST; i++)
		vmedia_dbg("debug %d", i);
	assert_int_equal(count, 3 * VMEDIA_LOG_BURST + 1);
	vmedia_log_set(NULL, NULL);
	vmedia_log_set_level(VMEDIA_LOG_WARN);

	/* Ten a second of one level, for a day: 1000, and one each ten seconds. */
	for (now = start + day; now < start + 2 * day; now += step) {
		if (vmedia_log_within_limit_at(VMEDIA_LOG_ERR, now, &missed))
			heard++;
		else
			assert_int_equal(missed, 0);
		not += missed;
	}
	assert_in_range(heard, 1000 + 8638, 1000 + 8641);
	assert_in_range(not + heard, 864000 - 101, 864000);
	/* After a quiet day all is as at first. */
	for (heard = 0; vmedia_log_within_limit_at(VMEDIA_LOG_ERR, now + day, &missed); heard++)
		assert_in_range(missed, 0, heard ? 0 : 101);
	assert_int_equal(heard, VMEDIA_LOG_BURST);
}

static void test_checked(void **state)
{
	uint64_t v;
	uint32_t w;

	assert_false(vmedia_align_overflow(1, 4096, &v));
	assert_int_equal(v, 4096);
	assert_false(vmedia_align_overflow(0, 4096, &v));
	assert_int_equal(v, 0);
	assert_true(vmedia_align_overflow(UINT64_MAX - 5, 4096, &v));
	assert_true(vmedia_mul_overflow(1u << 31, 2u, &w));
	assert_true(vmedia_range_ok(10, 0, 10));
	assert_false(vmedia_range_ok(11, 0, 10));
	assert_false(vmedia_range_ok(1, UINT64_MAX, 10));
	assert_true(vmedia_range_ok(3, 7, 10));
}

struct item {
	int v;
	struct vmedia_list node;
};

static void test_list(void **state)
{
	struct vmedia_list a, b;
	struct item it[6], *pos, *tmp;
	int n = 0;

	vmedia_list_init(&a);
	vmedia_list_init(&b);
	for (int i = 0; i < 6; i++) {
		it[i].v = i;
		vmedia_list_init(&it[i].node);
		assert_false(vmedia_list_linked(&it[i].node));
		vmedia_list_add_tail(i < 3 ? &a : &b, &it[i].node);
	}
	vmedia_list_splice_tail(&a, &b);
	assert_true(vmedia_list_empty(&b));
	vmedia_list_splice_tail(&a, &b);
	vmedia_list_for_each(pos, &a, node)
		assert_int_equal(pos->v, n++);
	assert_int_equal(n, 6);
	vmedia_list_for_each_safe(pos, tmp, &a, node) {
		if (pos->v & 1)
			vmedia_list_del(&pos->node);
	}
	vmedia_list_del(&it[1].node);	/* again: no effect */
	assert_ptr_equal(vmedia_list_pop(&a), &it[0].node);
	assert_ptr_equal(vmedia_list_first(&a, struct item, node), &it[2]);
	assert_ptr_equal(vmedia_list_last(&a, struct item, node), &it[4]);
	vmedia_list_pop(&a);
	vmedia_list_pop(&a);
	assert_null(vmedia_list_pop(&a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_ratelimit),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_checked),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
