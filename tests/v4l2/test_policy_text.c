/* SPDX-License-Identifier: BSD-3-Clause */
/* A policy's words and files: what they mean, and what is said of a wrong one. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include <linux/videodev2.h>
#include <vmedia/pixfmt.h>
#include <vmedia/policy.h>

static char why[512];

static int set(struct vmedia_policy *p, const char *name, const char *value)
{
	why[0] = 0;
	return vmedia_policy_option(p, name, value, why, sizeof(why));
}

static int parse(struct vmedia_policy *p, const char *text)
{
	why[0] = 0;
	return vmedia_policy_parse(p, "f", text, strlen(text), why, sizeof(why));
}

static void test_empty(void **state)
{
	struct vmedia_policy p = { 0 };

	assert_true(vmedia_policy_is_empty(&p));
	assert_true(vmedia_policy_allows_format(&p, V4L2_PIX_FMT_YUYV));
	assert_true(vmedia_policy_allows_size(&p, UINT32_MAX, UINT32_MAX));
	assert_true(vmedia_policy_allows_interval(&p, (struct vmedia_fract){ 1, UINT32_MAX }));
	assert_int_equal(vmedia_policy_access(&p, 1), VMEDIA_POLICY_WRITE);
	for (uint32_t nr = 0; nr < VMEDIA_NR_END; nr++)
		assert_false(vmedia_policy_denies(&p, nr));
	assert_int_equal(set(&p, "controls", "all"), 0);
	assert_true(vmedia_policy_is_empty(&p));
}

static void test_words(void **state)
{
	struct vmedia_policy p = { 0 };

	assert_int_equal(set(&p, "allow-formats", "YUYV, Y16,Y16 -BE ,0x31313131"), 0);
	assert_true(vmedia_policy_allows_format(&p, V4L2_PIX_FMT_YUYV));
	assert_true(vmedia_policy_allows_format(&p, V4L2_PIX_FMT_Y16));
	assert_true(vmedia_policy_allows_format(&p, V4L2_PIX_FMT_Y16_BE));
	assert_true(vmedia_policy_allows_format(&p, 0x31313131));
	assert_false(vmedia_policy_allows_format(&p, V4L2_PIX_FMT_NV12));
	assert_int_equal(set(&p, "allow-formats", "NV12"), 0);
	assert_false(vmedia_policy_allows_format(&p, V4L2_PIX_FMT_YUYV));
	assert_int_equal(set(&p, "max-size", "1280x720"), 0);
	assert_true(vmedia_policy_allows_size(&p, 1280, 720));
	assert_false(vmedia_policy_allows_size(&p, 1281, 720));
	assert_false(vmedia_policy_allows_size(&p, 1280, 721));
	assert_int_equal(set(&p, "max-fps", "30"), 0);
	assert_true(vmedia_policy_allows_interval(&p, (struct vmedia_fract){ 1001, 30000 }));
	assert_true(vmedia_policy_allows_interval(&p, (struct vmedia_fract){ 1, 30 }));
	assert_false(vmedia_policy_allows_interval(&p, (struct vmedia_fract){ 1000, 30001 }));
	assert_int_equal(set(&p, "deny-ioctls", "S_FMT,VIDIOC_S_CROP"), 0);
	assert_true(vmedia_policy_denies(&p, VMEDIA_NR_S_FMT));
	assert_true(vmedia_policy_denies(&p, VMEDIA_NR_S_CROP));
	assert_false(vmedia_policy_denies(&p, VMEDIA_NR_G_FMT));
	assert_false(vmedia_policy_is_empty(&p));
}

static void test_controls(void **state)
{
	struct vmedia_policy p = { 0 };

	assert_int_equal(set(&p, "controls", "none"), 0);
	assert_int_equal(vmedia_policy_access(&p, V4L2_CID_HUE), VMEDIA_POLICY_HIDE);
	assert_int_equal(set(&p, "controls", "read"), 0);
	assert_int_equal(vmedia_policy_access(&p, V4L2_CID_HUE), VMEDIA_POLICY_READ);
	assert_int_equal(set(&p, "controls", "white_balance_automatic,0x08000001"), 0);
	assert_int_equal(vmedia_policy_access(&p, V4L2_CID_AUTO_WHITE_BALANCE),
			 VMEDIA_POLICY_WRITE);
	assert_int_equal(vmedia_policy_access(&p, 0x08000001), VMEDIA_POLICY_WRITE);
	/* The kernel looks at 28 bits of an ID. */
	assert_int_equal(vmedia_policy_access(&p, V4L2_CID_AUTO_WHITE_BALANCE | 1u << 28),
			 VMEDIA_POLICY_WRITE);
	assert_int_equal(vmedia_policy_access(&p, V4L2_CID_USER_CLASS), VMEDIA_POLICY_WRITE);
	assert_int_equal(vmedia_policy_access(&p, V4L2_CID_CAMERA_CLASS), VMEDIA_POLICY_HIDE);
	assert_int_equal(vmedia_policy_access(&p, V4L2_CID_HUE), VMEDIA_POLICY_HIDE);
	assert_int_equal(set(&p, "controls", "hue,read"), 0);
	assert_int_equal(vmedia_policy_access(&p, V4L2_CID_HUE), VMEDIA_POLICY_WRITE);
	assert_int_equal(vmedia_policy_access(&p, V4L2_CID_GAMMA), VMEDIA_POLICY_READ);
}

/* Every format of the house is known by the name that it prints. */
static void test_formats_known(void **state)
{
	const struct vmedia_pixfmt *table;
	unsigned int count;
	char name[16];

	table = vmedia_pixfmt_table(&count);
	for (unsigned int i = 0; i < count; i++) {
		struct vmedia_policy p = { 0 };

		assert_int_equal(set(&p, "allow-formats", vmedia_fourcc(table[i].pixelformat,
									name)), 0);
		assert_true(vmedia_policy_allows_format(&p, table[i].pixelformat));
	}
}

static void test_wrong(void **state)
{
	static const struct {
		const char *name, *value, *says;
	} rows[] = {
		{ "allow-formats", "", "missing" },
		{ "allow-formats", "YUYV,", "missing" },
		{ "allow-formats", "YUYV,,NV12", "missing" },
		{ "allow-formats", "YUYX", "unknown format 'YUYX'" },
		{ "allow-formats", "yuyv", "unknown format 'yuyv'" },
		{ "allow-formats", "NV12-BE", "unknown format 'NV12-BE'" },
		{ "allow-formats", "0x123456789", "unknown format" },
		{ "allow-formats", "0x", "unknown format" },
		{ "allow-formats", "Y\nV", "unknown format 'Y?V'" },
		{ "max-size", "1280", "1280x720" },
		{ "max-size", "0x720", "1280x720" },
		{ "max-size", "65536x720", "1280x720" },
		{ "max-size", "1280x720x", "1280x720" },
		{ "max-size", "-1x720", "1280x720" },
		{ "max-fps", "0", "frames a second" },
		{ "max-fps", "29.97", "frames a second" },
		{ "controls", "brightnes", "unknown control 'brightnes'" },
		{ "controls", "Brightness", "unknown control 'Brightness'" },
		{ "controls", "0x10980900", "unknown control" },
		{ "controls", "hue,all", "unknown control 'all'" },
		{ "deny-ioctls", "FROB", "unknown ioctl 'FROB'" },
		{ "deny-ioctls", "DQBUF", "does not carry VIDIOC_DQBUF" },
		{ "deny-ioctls", "QUERYCAP", "does not carry VIDIOC_QUERYCAP" },
	};
	const struct vmedia_policy none = { 0 };
	struct vmedia_policy p = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(set(&p, rows[i].name, rows[i].value), -EINVAL);
		if (!strstr(why, rows[i].says) || strchr(why, '\n'))
			fail_msg("--%s=%s: %s", rows[i].name, rows[i].value, why);
		assert_memory_equal(&p, &none, sizeof(p));
	}
	assert_int_equal(set(&p, "policy", "x"), -ENOENT);
}

static void test_file(void **state)
{
	struct vmedia_policy p = { 0 }, old;

	assert_int_equal(parse(&p, "# A camera\n\n  max-size = 640x480  # small\n"
				   "controls=read, brightness\r\nallow-formats = YUYV"), 0);
	assert_int_equal(p.max_width, 640);
	assert_int_equal(p.max_height, 480);
	assert_int_equal(p.others, VMEDIA_POLICY_READ);
	assert_int_equal(p.num_ctrls, 1);
	assert_true(vmedia_policy_allows_format(&p, V4L2_PIX_FMT_YUYV));
	old = p;
	assert_int_equal(parse(&p, "max-fps = 30\nmax-size = 640\n"), -EINVAL);
	assert_string_equal(why, "f:2: max-size: give a width and a height from 1 to 65535, for "
			    "example 1280x720");
	assert_memory_equal(&p, &old, sizeof(p));
	assert_int_equal(parse(&p, "max-fps = 30\n\nmax-fps = 20\n"), -EINVAL);
	assert_non_null(strstr(why, "f:3: max-fps stands in a line before"));
	assert_int_equal(parse(&p, "max-fsp = 30\n"), -EINVAL);
	assert_non_null(strstr(why, "f:1: unknown name 'max-fsp'"));
	assert_int_equal(parse(&p, "\nhello\n"), -EINVAL);
	assert_non_null(strstr(why, "f:2: no line of a policy"));
	assert_int_equal(vmedia_policy_parse(&p, "f", "max-fps=1\0", 10, why, sizeof(why)),
			 -EINVAL);
	assert_memory_equal(&p, &old, sizeof(p));
}

static void test_read(void **state)
{
	char path[] = "/tmp/vmedia-policy-XXXXXX", big[4096];
	struct vmedia_policy p = { 0 };
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "max-fps = 5\n", 12), 12);
	assert_int_equal(vmedia_policy_read(&p, path, why, sizeof(why)), 0);
	assert_int_equal(p.max_fps, 5);
	memset(big, '\n', sizeof(big));
	for (size_t i = 0; i < VMEDIA_POLICY_FILE_SIZE / sizeof(big); i++)
		assert_int_equal(write(fd, big, sizeof(big)), sizeof(big));
	assert_int_equal(vmedia_policy_read(&p, path, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "longer than 65536 bytes"));
	close(fd);
	unlink(path);
	assert_int_equal(vmedia_policy_read(&p, path, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, path));
	assert_int_equal(vmedia_policy_read(&p, "/tmp", why, sizeof(why)), -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_controls),
		cmocka_unit_test(test_formats_known),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
