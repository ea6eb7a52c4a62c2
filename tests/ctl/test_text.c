/* SPDX-License-Identifier: BSD-3-Clause */
/* What vmedia-ctl takes from its command line, and what it lets through to the terminal. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ctl.h"

static void test_pairs(void **state)
{
	const char *list = "a=1,bc,=x,d==,,long=abcdefghij";
	static const char *const want[][2] = {
		{ "a", "1" }, { "", "bc" }, { "", "x" }, { "d", "=" }, { "", "" },
		{ "long", "abcdefg" },
	};
	char key[8], value[8];

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_true(ctl_next_pair(&list, key, value, sizeof(key)));
		assert_string_equal(key, want[i][0]);
		assert_string_equal(value, want[i][1]);
	}
	assert_false(ctl_next_pair(&list, key, value, sizeof(key)));
	list = NULL;
	assert_false(ctl_next_pair(&list, key, value, sizeof(key)));
}

static void test_fourcc(void **state)
{
	char buf[8];

	(void)state;
	assert_string_equal(ctl_fourcc(V4L2_PIX_FMT_YUYV, buf), "YUYV");
	assert_string_equal(ctl_fourcc(V4L2_PIX_FMT_Y16, buf), "Y16 ");
	assert_string_equal(ctl_fourcc(V4L2_PIX_FMT_Y16_BE, buf), "Y16 -BE");
	assert_string_equal(ctl_fourcc(v4l2_fourcc('\033', '[', 0x7f, 0), buf), ".[..");
	assert_string_equal(ctl_fourcc(UINT32_MAX, buf), "....-BE");
}

/* No byte of a device moves a cursor: printable ASCII is all that comes out, whatever goes in. */
static void test_escapes(void **state)
{
	char in[32], out[CTL_TEXT];

	(void)state;
	assert_string_equal(ctl_text(out, "Camera 0\0secret", 16), "Camera 0");
	assert_string_equal(ctl_text(out, "\033]0;owned\007", 12), "\\x1b]0;owned\\x07");
	assert_string_equal(ctl_text(out, "\xc2\x9b" "2J\\", 6), "\\xc2\\x9b2J\\x5c");
	for (unsigned int c = 1; c < 256; c++) {
		memset(in, (int)c, sizeof(in));
		ctl_text(out, in, sizeof(in));
		assert_int_equal(strlen(out), c >= 0x20 && c < 0x7f && c != '\\' ? 32 : 128);
		for (const char *p = out; *p; p++)
			assert_in_range(*p, 0x20, 0x7e);
	}
	/* Longer arrays than V4L2 has are cut, not run over. */
	assert_int_equal(strlen(ctl_text(out, "0123456789012345678901234567890123456789", 40)), 32);
}

static int parse(struct ctl_options *o, const char *a, const char *b, const char *c)
{
	char *argv[5] = { (char *)"vmedia-ctl" };
	int argc = 1;

	if (a)
		argv[argc++] = (char *)a;
	if (b)
		argv[argc++] = (char *)b;
	if (c)
		argv[argc++] = (char *)c;
	return ctl_options_parse(o, argc, argv);
}

static void test_what_streams(void **state)
{
	struct ctl_options o;

	(void)state;
	assert_int_equal(parse(&o, "-dx", "--all", NULL), 0);
	assert_int_equal(o.stream.capture.type, 0);
	assert_int_equal(parse(&o, "-dx", "--snapshot=a.png", NULL), 0);
	assert_int_equal(o.stream.capture.type, V4L2_MEMORY_MMAP);
	assert_int_equal(o.stream.count, 1);
	assert_int_equal(parse(&o, "-dx", "--snapshot=a.png", "--stream-to=a.raw"), 0);
	assert_int_equal(o.stream.count, 0);
	assert_int_equal(parse(&o, "-dx", "--snapshot=a.png", "--stream-count=0"), 0);
	assert_int_equal(o.stream.count, 0);
	assert_int_equal(parse(&o, "-dx", "--stream-user=7", "--preview"), 0);
	assert_int_equal(o.stream.capture.type, V4L2_MEMORY_USERPTR);
	assert_int_equal(o.stream.capture.buffers, 7);
	assert_int_equal(parse(&o, "-dx", "--stream-from=a", "--stream-out-user=3"), 0);
	assert_int_equal(o.stream.capture.type, V4L2_MEMORY_MMAP);
	assert_int_equal(o.stream.out.type, V4L2_MEMORY_USERPTR);
	assert_int_equal(o.stream.out.buffers, 3);
	assert_false(o.stream.from_hdr);
	assert_int_equal(parse(&o, "-dx", "--stream-from-hdr=a", "--stream-to-hdr=b"), 0);
	assert_int_equal(o.stream.out.type, V4L2_MEMORY_MMAP);
	assert_true(o.stream.from_hdr && o.stream.to_hdr);
	/* Events are waited for without end, unless somebody says how long. */
	assert_int_equal(parse(&o, "-dx", "--wait-for-event=eos", NULL), 0);
	assert_int_equal(o.connect.wait_ms, -1);
	assert_int_equal(parse(&o, "-dx", "--wait-for-event=eos", "--timeout=70"), 0);
	assert_int_equal(o.connect.wait_ms, 70);
	assert_int_equal(o.connect.timeout_ms, 70);
}

static void test_bad_command_lines(void **state)
{
	static const char *const bad[][3] = {
		{ "--all", NULL, NULL },
		{ "-dx", "--fd=3", NULL },
		{ "-dx", "surplus", NULL },
		{ "-dx", "--nosuch", NULL },
		{ "-dx", "-hx", NULL },
		{ "-dx", "--all=1", NULL },
		{ "-dx", "--set-ctrl", NULL },
		{ "-dx", "-c", NULL },
		{ "-dx", "--stream-mmap=0", NULL },
		{ "-dx", "--stream-mmap=65", NULL },
		{ "-dx", "--stream-mmap", "--stream-user" },
		{ "-dx", "--stream-count=-1", NULL },
		{ "-dx", "--stream-count=18446744073709551616", NULL },
		{ "-dx", "--timeout=0", NULL },
		{ "-dx", "--shmem-feature-bit=23", NULL },
		{ "-dx", "--stream-to=a", "--snapshot=a" },
		{ "-dx", "--stream-out-mmap", NULL },
		{ "-dx", "--stream-out-mmap=0", "--stream-from=a" },
		{ "-dx", "--stream-out-mmap", "--stream-out-user" },
		{ "-dx", "--stream-from=a", "--stream-from-hdr=b" },
		{ "-dx", "--stream-from=a", "--stream-to=a" },
		{ "-dx", "--stream-to=a", "--stream-to-hdr=b" },
		{ "-dx", "--stream-loop", "--all" },
		{ "--fd=x", NULL, NULL },
	};
	struct ctl_options o;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse(&o, bad[i][0], bad[i][1], bad[i][2]), CTL_ERR_USAGE);
}

static void test_lists_end(void **state)
{
	struct ctl c = { .type = 0 };
	uint32_t n = 0;

	(void)state;
	assert_int_equal(ctl_list_ended(&c, "VIDIOC_ENUM_FMT", -EINVAL), 0);
	assert_int_equal(ctl_list_ended(&c, "VIDIOC_ENUM_FMT", -ENOTTY), 0);
	assert_int_equal(ctl_list_ended(&c, "VIDIOC_ENUM_FMT", -ENODEV), -ENODEV);
	while (ctl_may_list(&c))
		n++;
	assert_int_equal(n, CTL_MAX_LISTED);
	assert_false(ctl_may_list(&c));
	assert_int_equal(ctl_list_ended(&c, "VIDIOC_ENUM_FMT", -EINVAL), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_fourcc),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_what_streams),
		cmocka_unit_test(test_bad_command_lines),
		cmocka_unit_test(test_lists_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
