// SPDX-License-Identifier: BSD-3-Clause
/* The publisher with subscribers that follow the rules. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "pair.h"

#define FOREVER_MS 100000000u

static const struct vmedia_publisher_options lingers = { .linger_ms = FOREVER_MS };

static void test_the_source_runs_only_while_somebody_streams(void **state)
{
	struct vmedia_subscriber *a, *b;
	struct pair p;

	pair_begin(&p, &(struct vmedia_publisher_options){ .linger_ms = 1 });
	a = pair_join(&p);
	b = pair_join(&p);
	assert_int_equal(p.starts, 0);
	assert_int_equal(vmedia_subscriber_start(a), 0);
	pair_step(&p);
	assert_int_equal(p.starts, 1);
	assert_int_equal(vmedia_subscriber_start(b), 0);
	pair_step(&p);
	assert_int_equal(p.starts, 1);
	vmedia_subscriber_stop(a);
	pair_step(&p);
	assert_true(p.runs);
	/* The last one ends by closing. */
	vmedia_subscriber_destroy(b);
	while (p.runs)
		assert_true(vmedia_loop_step(p.loop, -1) >= 0);
	assert_int_equal(p.stops, 1);
	/* And again. */
	assert_int_equal(vmedia_subscriber_start(a), 0);
	pair_step(&p);
	assert_int_equal(p.starts, 2);
	vmedia_subscriber_destroy(a);
	pair_end(&p);
}

static void test_starts_and_stops_in_turn_keep_the_source_running(void **state)
{
	struct vmedia_subscriber *a;
	struct pair p;

	pair_begin(&p, &lingers);
	a = pair_join(&p);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(vmedia_subscriber_start(a), 0);
		pair_step(&p);
		vmedia_subscriber_stop(a);
		pair_step(&p);
	}
	assert_int_equal(p.starts, 1);
	assert_int_equal(p.stops, 0);
	vmedia_subscriber_destroy(a);
	pair_end(&p);
}

static void test_each_picture_reaches_all_who_ask(void **state)
{
	struct vmedia_subscriber *subs[3];
	struct pair p;

	pair_begin(&p, &lingers);
	for (int i = 0; i < 3; i++) {
		subs[i] = pair_join(&p);
		assert_int_equal(vmedia_subscriber_start(subs[i]), 0);
	}
	pair_step(&p);
	for (uint8_t n = 0; n < 20; n++) {
		for (int i = 0; i < 3; i++)
			assert_int_equal(vmedia_subscriber_next(subs[i]), 0);
		pair_step(&p);
		pair_publish(&p, n);
		for (int i = 0; i < 3; i++) {
			struct vmedia_subscriber_frame f;

			pair_process(subs[i]);
			assert_true(vmedia_subscriber_take(subs[i], &f));
			assert_true(pair_shows(&f, n));
			assert_int_equal(f.sequence, n);
			assert_int_equal(f.timestamp_ns, 1000 * n);
			assert_int_equal(f.missed, 0);
			assert_int_equal(vmedia_subscriber_release(subs[i], f.slot), 0);
		}
	}
	assert_int_equal(pair_stats(&p).frames, 60);
	for (int i = 0; i < 3; i++)
		vmedia_subscriber_destroy(subs[i]);
	pair_end(&p);
}

static void test_a_slow_one_gets_the_newest_and_the_count_of_what_it_missed(void **state)
{
	struct vmedia_subscriber_frame f;
	struct vmedia_subscriber *a;
	struct pair p;

	pair_begin(&p, &lingers);
	a = pair_join(&p);
	assert_int_equal(vmedia_subscriber_start(a), 0);
	pair_step(&p);
	for (uint8_t n = 0; n < 4; n++)
		pair_publish(&p, n);
	f = pair_frame(&p, a);
	assert_true(pair_shows(&f, 3));
	assert_int_equal(f.missed, 3);
	/* It is not given twice. */
	assert_int_equal(vmedia_subscriber_next(a), 0);
	pair_step(&p);
	pair_process(a);
	assert_false(vmedia_subscriber_take(a, &f));
	pair_publish(&p, 4);
	pair_process(a);
	assert_true(vmedia_subscriber_take(a, &f));
	assert_true(pair_shows(&f, 4));
	assert_int_equal(f.missed, 3);
	/* Both are held: a third is not to be had, and what is held does not change. */
	assert_int_equal(vmedia_subscriber_next(a), -ENOBUFS);
	for (uint8_t n = 5; n < 50; n++)
		pair_publish(&p, n);
	assert_true(pair_shows(&f, 4));
	vmedia_subscriber_destroy(a);
	pair_end(&p);
}

static void test_a_later_subscriber_sees_the_picture_that_is_there(void **state)
{
	struct vmedia_subscriber_frame f;
	struct vmedia_subscriber *a, *b;
	struct pair p;

	pair_begin(&p, &(struct vmedia_publisher_options){ .linger_ms = 1 });
	a = pair_join(&p);
	b = pair_join(&p);
	assert_int_equal(vmedia_subscriber_start(a), 0);
	pair_step(&p);
	pair_publish(&p, 8);
	assert_int_equal(vmedia_subscriber_start(b), 0);
	f = pair_frame(&p, b);
	assert_true(pair_shows(&f, 8));
	assert_int_equal(f.missed, 0);
	vmedia_subscriber_stop(a);
	vmedia_subscriber_stop(b);
	while (p.runs)
		assert_true(vmedia_loop_step(p.loop, -1) >= 0);
	/* A picture of before the source stopped is old. */
	assert_int_equal(vmedia_subscriber_start(b), 0);
	assert_int_equal(vmedia_subscriber_next(b), 0);
	pair_step(&p);
	pair_process(b);
	assert_false(vmedia_subscriber_take(b, &f));
	pair_publish(&p, 9);
	pair_process(b);
	assert_true(vmedia_subscriber_take(b, &f));
	assert_true(pair_shows(&f, 9));
	vmedia_subscriber_destroy(a);
	vmedia_subscriber_destroy(b);
	pair_end(&p);
}

static void test_a_source_that_fails_is_told_and_tried_again(void **state)
{
	struct vmedia_subscriber_frame f;
	struct vmedia_subscriber *a;
	struct pair p;
	int err;

	pair_begin(&p, &lingers);
	a = pair_join(&p);
	p.start_error = -EBUSY;
	assert_int_equal(vmedia_subscriber_start(a), 0);
	pair_step(&p);
	pair_process(a);
	assert_false(vmedia_subscriber_signal(a, &err));
	assert_int_equal(err, -EBUSY);
	p.start_error = 0;
	while (!p.runs)
		assert_true(vmedia_loop_step(p.loop, -1) >= 0);
	assert_int_equal(p.starts, 2);
	p.starts = 1;			/* the one that stop() belongs to */
	pair_process(a);
	assert_true(vmedia_subscriber_signal(a, NULL));
	vmedia_publisher_fail(p.pub, -ENODEV);
	pair_process(a);
	assert_false(vmedia_subscriber_signal(a, &err));
	assert_int_equal(err, -ENODEV);
	assert_int_equal(vmedia_subscriber_next(a), 0);
	pair_step(&p);
	pair_publish(&p, 3);
	pair_process(a);
	assert_true(vmedia_subscriber_signal(a, NULL));
	assert_true(vmedia_subscriber_take(a, &f));
	vmedia_subscriber_destroy(a);
	pair_end(&p);
}

static void test_a_picture_of_a_source_that_was_stopped_is_nobodys(void **state)
{
	struct vmedia_subscriber *a;
	struct pair p;

	pair_begin(&p, &(struct vmedia_publisher_options){ .linger_ms = 1 });
	a = pair_join(&p);
	assert_int_equal(vmedia_subscriber_start(a), 0);
	pair_step(&p);
	memset(vmedia_publisher_take(p.pub), 1, PAIR_BYTES);
	vmedia_subscriber_stop(a);
	while (p.runs)
		assert_true(vmedia_loop_step(p.loop, -1) >= 0);
	vmedia_publisher_publish(p.pub, &(struct vmedia_share_picture){ .bytesused = 1 });
	assert_int_equal(pair_stats(&p).pictures, 0);
	assert_non_null(vmedia_publisher_take(p.pub));
	vmedia_publisher_put(p.pub);
	vmedia_subscriber_destroy(a);
	pair_end(&p);
}

static void test_as_many_as_are_served(void **state)
{
	struct vmedia_subscriber *subs[2], *third;
	char why[256];
	struct pair p;

	pair_begin(&p, &(struct vmedia_publisher_options){ .max_subscribers = 2 });
	for (int i = 0; i < 2; i++)
		subs[i] = pair_join(&p);
	assert_int_equal(vmedia_subscriber_create(pair_connect(&p), &third), 0);
	pair_step(&p);
	assert_int_equal(vmedia_subscriber_process(third, why, sizeof(why)), -EUSERS);
	assert_non_null(strstr(why, "--max-subscribers"));
	vmedia_subscriber_destroy(third);
	vmedia_subscriber_destroy(subs[0]);
	pair_step(&p);
	subs[0] = pair_join(&p);
	for (int i = 0; i < 2; i++)
		vmedia_subscriber_destroy(subs[i]);
	pair_end(&p);
}

/* No subscriber is told that there are pictures. */
static void test_a_source_that_fails_at_once(void **state)
{
	struct vmedia_subscriber *a, *b;
	struct pair p;
	int err;

	pair_begin(&p, &lingers);
	a = pair_join(&p);
	b = pair_join(&p);
	p.fails = -ENOENT;
	assert_int_equal(vmedia_subscriber_start(a), 0);
	pair_step(&p);
	pair_process(a);
	assert_false(vmedia_subscriber_signal(a, &err));
	assert_int_equal(err, -ENOENT);
	assert_int_equal(vmedia_subscriber_start(b), 0);
	pair_step(&p);
	pair_process(b);
	assert_false(vmedia_subscriber_signal(b, &err));
	pair_publish(&p, 3);
	pair_process(a);
	assert_true(vmedia_subscriber_signal(a, NULL));
	vmedia_subscriber_destroy(a);
	vmedia_subscriber_destroy(b);
	pair_end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_source_runs_only_while_somebody_streams),
		cmocka_unit_test(test_starts_and_stops_in_turn_keep_the_source_running),
		cmocka_unit_test(test_each_picture_reaches_all_who_ask),
		cmocka_unit_test(test_a_slow_one_gets_the_newest_and_the_count_of_what_it_missed),
		cmocka_unit_test(test_a_later_subscriber_sees_the_picture_that_is_there),
		cmocka_unit_test(test_a_source_that_fails_is_told_and_tried_again),
		cmocka_unit_test(test_a_source_that_fails_at_once),
		cmocka_unit_test(test_a_picture_of_a_source_that_was_stopped_is_nobodys),
		cmocka_unit_test(test_as_many_as_are_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
