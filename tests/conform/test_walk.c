/* SPDX-License-Identifier: BSD-3-Clause */
/* The walk on two fake sides: equal ones do not differ, a planted fault is found and named. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <make.h>
#include <options.h>
#include <walk.h>

#include "fake.h"

#define CALLS 20000

struct run {
	struct conform_options options;
	struct conform_report report;
	uint64_t digest[CONFORM_SIDES];
	int ret;
};

/* The same for all tests; main() sets and prints it. */
static uint64_t seed_of_run(void)
{
	return strtoull(getenv("VMEDIA_TEST_SEED"), NULL, 0);
}

/* Free with finish(). */
static struct run *start(uint64_t seed, const struct fake_options *mirror,
			 const struct fake_options *device, const char *rules)
{
	struct run *r = calloc(1, sizeof(*r));
	struct conform_walk w = { .random.state = seed };
	FILE *file;

	assert_non_null(r);
	r->options.calls = CALLS;
	if (rules) {
		file = fmemopen((void *)(uintptr_t)rules, strlen(rules), "r");
		assert_non_null(file);
		assert_int_equal(conform_rules_read(&r->options.rules, file, "rules"), 0);
		fclose(file);
	}
	r->report.rules = &r->options.rules;
	w.options = &r->options;
	w.report = &r->report;
	w.side[CONFORM_MIRROR] = fake_create(mirror);
	w.side[CONFORM_DEVICE] = fake_create(device);
	assert_non_null(w.side[CONFORM_MIRROR]);
	assert_non_null(w.side[CONFORM_DEVICE]);
	r->ret = conform_walk_run(&w);
	for (unsigned int s = 0; s < CONFORM_SIDES; s++) {
		r->digest[s] = fake_digest(w.side[s]);
		conform_side_destroy(w.side[s]);
	}
	return r;
}

static void finish(struct run *r)
{
	conform_rules_finish(&r->options.rules);
	free(r);
}

static const struct fake_options equal = { .fault = FAKE_EQUAL };

/* What the fake has. */
static const uint32_t reached[] = {
	VMEDIA_NR_QUERYCAP, VMEDIA_NR_ENUM_FMT, VMEDIA_NR_G_FMT, VMEDIA_NR_S_FMT,
	VMEDIA_NR_TRY_FMT, VMEDIA_NR_REQBUFS, VMEDIA_NR_QUERYBUF, VMEDIA_NR_QBUF, VMEDIA_NR_DQBUF,
	VMEDIA_NR_STREAMON, VMEDIA_NR_STREAMOFF, VMEDIA_NR_ENUMINPUT, VMEDIA_NR_S_INPUT,
	VMEDIA_NR_G_CTRL, VMEDIA_NR_S_CTRL, VMEDIA_NR_QUERY_EXT_CTRL, VMEDIA_NR_G_EXT_CTRLS,
	VMEDIA_NR_S_EXT_CTRLS, VMEDIA_NR_TRY_EXT_CTRLS, VMEDIA_NR_SUBSCRIBE_EVENT,
	VMEDIA_NR_DQEVENT,
};

static void test_equal_sides(void **state)
{
	struct run *r = start(seed_of_run(), &equal, &equal, NULL);

	assert_int_equal(r->ret, 0);
	assert_int_equal(conform_report_print(&r->report, stdout), 0);
	assert_int_equal(r->report.entries, 0);
	/* The walk gets to where each of them succeeds, and to where each that can fails. */
	for (size_t i = 0; i < sizeof(reached) / sizeof(reached[0]); i++) {
		uint64_t good = r->report.succeeded[reached[i]];

		if (!good)
			fail_msg("%s never succeeded", vmedia_ioctl_info(reached[i])->name);
		if (good == r->report.calls[reached[i]] && reached[i] != VMEDIA_NR_QUERYCAP)
			fail_msg("%s never failed", vmedia_ioctl_info(reached[i])->name);
	}
	finish(r);
}

/* Frames that come later on one side, and clocks that differ, are no difference. */
static void test_late_frames(void **state)
{
	const struct fake_options late = { .delay = 3 };
	struct run *r = start(seed_of_run(), &equal, &late, NULL);

	assert_int_equal(conform_report_print(&r->report, stdout), 0);
	assert_true(r->report.succeeded[VMEDIA_NR_DQBUF] > 20);
	finish(r);
	r = start(seed_of_run(), &late, &equal, NULL);
	assert_int_equal(conform_report_print(&r->report, stdout), 0);
	finish(r);
}

/*
 * An event comes later on either side, and ENOENT of a node is EAGAIN of a device. A walk gets some
 * ten events, of some seeds fewer, so there are as many walks as some dozens of events take.
 */
static void test_late_events(void **state)
{
	const char *rule = "DQEVENT errno:ENOENT:EAGAIN the same\n";
	const struct fake_options nodes[] = { { .enoent = true },
					      { .enoent = true, .event_delay = 2 } };
	const struct fake_options devices[] = { { .event_delay = 2 }, { .event_delay = 0 } };

	for (size_t i = 0; i < 2; i++) {
		uint64_t events = 0, seed = seed_of_run();

		for (unsigned int walks = 0; events < 30; walks++) {
			struct run *r = start(seed++, &nodes[i], &devices[i], rule);

			assert_int_equal(conform_report_print(&r->report, stdout), 0);
			assert_int_equal(r->report.entries, 1);
			events += r->report.succeeded[VMEDIA_NR_DQEVENT];
			finish(r);
			assert_true(walks < 20);
		}
	}
}

/* V4L2 merges events of a control that nobody has asked for yet; a device has given them. */
static void test_merged_events(void **state)
{
	const struct fake_options merges = { .merges = true };
	uint64_t events = 0, seed = seed_of_run();

	for (unsigned int walks = 0; events < 60; walks++) {
		struct run *r = start(seed++, &merges, &equal, NULL);

		assert_int_equal(conform_report_print(&r->report, stdout), 0);
		events += r->report.succeeded[VMEDIA_NR_DQEVENT];
		finish(r);
		assert_true(walks < 40);
	}
}

static void test_seed_repeats(void **state)
{
	struct run *a = start(7, &equal, &equal, NULL), *b = start(7, &equal, &equal, NULL);
	struct run *c = start(8, &equal, &equal, NULL);

	assert_true(a->digest[CONFORM_MIRROR] == b->digest[CONFORM_MIRROR]);
	assert_true(a->digest[CONFORM_MIRROR] == a->digest[CONFORM_DEVICE]);
	assert_true(a->digest[CONFORM_MIRROR] != c->digest[CONFORM_MIRROR]);
	finish(a);
	finish(b);
	finish(c);
}

struct planted {
	enum fake_fault fault;
	const char *ioctl, *what, *mirror, *device;	/* NULL: any value */
};

static const struct planted planted[] = {
	{ FAKE_ERRNO, "TRY_FMT", "errno:EINVAL:ENOTTY", "EINVAL", "ENOTTY" },
	{ FAKE_FIELD, "S_FMT", "bytesperline", NULL, NULL },
	{ FAKE_BIT, "REQBUFS", "capabilities.0x2", "set", "clear" },
	{ FAKE_TEXT, "ENUMINPUT", "name", "Camera", "camera" },
	{ FAKE_ERROR_IDX, "TRY_EXT_CTRLS", "error_idx", NULL, NULL },
	{ FAKE_CTRL_VALUE, "G_EXT_CTRLS", "controls[0x00980901].value", NULL, NULL },
	{ FAKE_PAYLOAD, "G_EXT_CTRLS", "controls[0x00980964].payload", NULL, NULL },
	{ FAKE_BUFFER_ORDER, "DQBUF", "index", NULL, NULL },
	{ FAKE_STATE, "QUERYBUF", "flags.0x2", "clear", "set" },
	{ FAKE_NO_EVENT, "DQEVENT", "errno:0:EAGAIN", "0", "EAGAIN" },
	{ FAKE_EVENT_VALUE, "DQEVENT", "u.ctrl.value", NULL, NULL },
	{ FAKE_KEEPS_BUFFERS, "QBUF", "errno:0:EINVAL", "0", "EINVAL" },
};
_Static_assert(sizeof(planted) / sizeof(planted[0]) == FAKE_FAULTS - 1, "each fault");

static const struct conform_entry *find(const struct conform_report *r, const struct planted *p)
{
	for (unsigned int i = 0; i < r->entries; i++)
		if (strcmp(conform_row_name(r->entry[i].row), p->ioctl) == 0 &&
		    strcmp(r->entry[i].what, p->what) == 0)
			return &r->entry[i];
	return NULL;
}

static void test_planted_faults(void **state)
{
	for (size_t i = 0; i < sizeof(planted) / sizeof(planted[0]); i++) {
		const struct planted *p = &planted[i];
		const struct fake_options faulty = { .fault = p->fault };
		struct run *r = start(seed_of_run(), &equal, &faulty, NULL);
		const struct conform_entry *e = find(&r->report, p);

		if (!e) {
			conform_report_print(&r->report, stdout);
			fail_msg("%s %s was not found", p->ioctl, p->what);
			return;
		}
		if (p->mirror) {
			assert_string_equal(e->value[CONFORM_MIRROR], p->mirror);
			assert_string_equal(e->value[CONFORM_DEVICE], p->device);
		}
		assert_true(r->report.failed[e->row->nr]);
		finish(r);
	}
}

/* One that is explained is counted, and is no failure. */
static void test_explained(void **state)
{
	const struct fake_options faulty = { .fault = FAKE_BIT };
	struct run *r = start(3, &equal, &faulty, "REQBUFS capabilities.0x2 pages are ours\n");
	const struct conform_entry *e = find(&r->report, &planted[2]);

	assert_non_null(e);
	assert_non_null(e->rule);
	assert_string_equal(e->rule->reason, "pages are ours");
	assert_int_equal(conform_report_print(&r->report, stdout), 0);
	finish(r);
}

/* A side that goes ends the walk, and so do both at once: what is not compared has not passed. */
static void test_gone(void **state)
{
	const struct fake_options dies = { .life = 3000 };
	const struct fake_options *sides[][2] = { { &equal, &dies }, { &dies, &equal },
						  { &dies, &dies } };

	for (size_t i = 0; i < 3; i++) {
		struct run *r = start(seed_of_run(), sides[i][0], sides[i][1], NULL);
		uint64_t calls = 0;

		for (unsigned int nr = 0; nr < VMEDIA_NR_END; nr++)
			calls += r->report.calls[nr];
		assert_int_equal(r->ret, -ENODEV);
		assert_true(calls < 3000);
		finish(r);
	}
}

/* Both sides of a codec may be one node: no call of one side locks the other one out. */
static void test_priority(void **state)
{
	struct conform_catalogue cat = { .m2m = false };
	struct conform_walk w = { .random.state = seed_of_run(), .cat = &cat };
	struct conform_call *c = calloc(1, sizeof(*c));
	uint64_t seen[2] = { 0 };

	assert_non_null(c);
	for (unsigned int i = 0; i < 4000; i++) {
		cat.m2m = i % 2;
		make_priority(&w, c);
		if (c->arg.u32 < 64)
			seen[i % 2] |= 1ull << c->arg.u32;
	}
	/* UNSET to RECORD, and the first that is none. */
	assert_int_equal(seen[0] & 0x1f, 0x1f);
	assert_int_equal(seen[1] & 0x1f, 0x1f & ~(1u << V4L2_PRIORITY_BACKGROUND |
						  1u << V4L2_PRIORITY_RECORD));
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_sides),
		cmocka_unit_test(test_late_frames),
		cmocka_unit_test(test_late_events),
		cmocka_unit_test(test_merged_events),
		cmocka_unit_test(test_seed_repeats),
		cmocka_unit_test(test_planted_faults),
		cmocka_unit_test(test_explained),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_priority),
	};
	char seed[32];

	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)time(NULL));
	setenv("VMEDIA_TEST_SEED", seed, 0);
	printf("VMEDIA_TEST_SEED=%s\n", getenv("VMEDIA_TEST_SEED"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
