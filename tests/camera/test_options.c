// SPDX-License-Identifier: BSD-3-Clause
/*
 * The camera's options: what each value means, and the sentence for those that mean nothing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <vmedia/camera.h>

static void check(const char *name, const char *value, int err)
{
	struct vmedia_camera_options opts;
	char why[256] = "";
	int got;

	vmedia_camera_options_init(&opts);
	got = vmedia_camera_set_option(&opts, name, value, why, sizeof(why));
	if (got != err)
		fail_msg("--%s=%s: %d, should be %d (%s)", name, value, got, err, why);
	if (err && (!strstr(why, name) || strchr(why, '\n')))
		fail_msg("--%s=%s: \"%s\" does not name the option in one line", name, value, why);
}

static void check_fps(const char *value, uint32_t numerator, uint32_t denominator)
{
	struct vmedia_camera_options opts;
	char why[256];

	vmedia_camera_options_init(&opts);
	assert_int_equal(vmedia_camera_set_option(&opts, "fps", value, why, sizeof(why)), 0);
	assert_false(opts.free_run);
	if ((uint64_t)opts.interval.numerator * denominator !=
	    (uint64_t)opts.interval.denominator * numerator)
		fail_msg("--fps=%s: %u/%u", value, opts.interval.numerator,
			 opts.interval.denominator);
}

static void rates(void **state)
{
	static const char *const bad[] = {
		"",	"0",	  "-5",	  "x",
		"25x",	"25/",	  "25/0", "1001",
		"1/61", "0.01",	  "1e3",  "99999999999999999999",
		"/2",	"25/1/1", " 25",  "25.0000000001x",
		"0/5",
	};
	struct vmedia_camera_options opts;
	char why[256];

	check_fps("25", 1, 25);
	check_fps("30000/1001", 1001, 30000);
	check_fps("29.97", 100, 2997);
	check_fps("0.5", 2, 1);
	check_fps("1000", 1, 1000);
	check_fps("1/60", 60, 1);
	check_fps("25.", 1, 25);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check("fps", bad[i], -EINVAL);
	vmedia_camera_options_init(&opts);
	assert_int_equal(vmedia_camera_set_option(&opts, "fps", "max", why, sizeof(why)), 0);
	assert_true(opts.free_run);
}

static void sizes(void **state)
{
	static const char *const bad[] = {
		"",
		"640",
		"640x",
		"x480",
		"640x480,",
		"640*480",
		"15x480",
		"8193x480",
		"640x99999999999",
		"640x480;320x240",
		"-640x480",
	};
	struct vmedia_camera_options opts;
	char why[256], many[33 * 8 + 1] = "";

	vmedia_camera_options_init(&opts);
	assert_int_equal(vmedia_camera_set_option(&opts, "size", "640x480,33x17", why, sizeof(why)),
			 0);
	assert_int_equal(opts.num_sizes, 2);
	assert_int_equal(opts.sizes[1].width, 33);
	assert_int_equal(opts.sizes[1].height, 17);
	/* The last one counts. */
	assert_int_equal(vmedia_camera_set_option(&opts, "size", "320x240", why, sizeof(why)), 0);
	assert_int_equal(opts.num_sizes, 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check("size", bad[i], -EINVAL);
	for (int i = 0; i < 33; i++)
		memcpy(many + 8 * i, i < 32 ? "320x240," : "320x240\0", 8);
	check("size", many, -EINVAL);
}

static void others(void **state)
{
	struct vmedia_camera_options opts;

	check("source", "", -EINVAL);
	check("source", "file:anything", 0);
	check("card", "", -EINVAL);
	check("card", "0123456789012345678901234567890", 0);
	check("card", "01234567890123456789012345678901", -EINVAL);
	check("threads", "0", -EINVAL);
	check("threads", "17", -EINVAL);
	check("threads", "4x", -EINVAL);
	check("threads", "4", 0);
	check("colour", "red", -ENOENT);
	vmedia_camera_options_init(&opts);
	assert_int_equal(opts.region_size, 256 << 20);
	assert_int_equal(opts.limits.max_buffers, 64);
}

/* Every line of --help names an option that exists. */
static void table_is_true(void **state)
{
	const struct vmedia_module_option *table = vmedia_camera_module()->options;

	assert_non_null(table[0].name);
	for (size_t i = 0; table[i].name; i++) {
		struct vmedia_camera_options opts;
		char why[256];

		assert_non_null(table[i].value);
		assert_non_null(table[i].help);
		vmedia_camera_options_init(&opts);
		assert_int_not_equal(
			vmedia_camera_set_option(&opts, table[i].name, "1", why, sizeof(why)),
			-ENOENT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates),
		cmocka_unit_test(sizes),
		cmocka_unit_test(others),
		cmocka_unit_test(table_is_true),
	};

	return cmocka_run_group_tests_name("camera options", tests, NULL, NULL);
}
