/* SPDX-License-Identifier: BSD-3-Clause */
/* Formats on the command line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl.h"
#include "spec.h"

static struct ctl_spec spec(const char *text)
{
	struct ctl_spec s;

	assert_int_equal(ctl_spec_parse(text, &s), 0);
	return s;
}

static void test_words(void **state)
{
	struct ctl_spec s = spec("width=640,height=480,pixelformat=NV12,field=seq_tb,"
				 "colorspace=rec709,xfer=smpte2084,ycbcr=bt2020c,"
				 "quantization=lim-range,premul-alpha,bytesperline=1000,"
				 "sizeimage=99999,bytesperline=500");

	assert_int_equal(s.width, 640);
	assert_int_equal(s.height, 480);
	assert_int_equal(s.pixelformat, V4L2_PIX_FMT_NV12);
	assert_int_equal(s.index, CTL_SPEC_NONE);
	assert_int_equal(s.field, V4L2_FIELD_SEQ_TB);
	assert_int_equal(s.colorspace, V4L2_COLORSPACE_REC709);
	assert_int_equal(s.xfer, V4L2_XFER_FUNC_SMPTE2084);
	assert_int_equal(s.ycbcr, V4L2_YCBCR_ENC_BT2020_CONST_LUM);
	assert_int_equal(s.quantization, V4L2_QUANTIZATION_LIM_RANGE);
	assert_true(s.premul_alpha);
	assert_int_equal(s.bytesperline[0], 1000);
	assert_int_equal(s.bytesperline[1], 500);
	assert_int_equal(s.sizeimage[0], 99999);
	assert_int_equal(s.sizeimage[1], 0);
	assert_true(ctl_spec_has_colours(&s));
}

static void test_what_is_not_given(void **state)
{
	struct ctl_spec s = spec("YUYV");

	assert_int_equal(s.pixelformat, V4L2_PIX_FMT_YUYV);
	assert_int_equal(s.width, 0);
	assert_int_equal(s.field, CTL_SPEC_NONE);
	assert_int_equal(s.colorspace, CTL_SPEC_NONE);
	assert_false(ctl_spec_has_colours(&s));
	assert_false(s.premul_alpha);
	s = spec("pixelformat=3,hsv=256,colorspace=12");
	assert_int_equal(s.pixelformat, 0);
	assert_int_equal(s.index, 3);
	assert_int_equal(s.ycbcr, V4L2_HSV_ENC_256);
	assert_int_equal(s.colorspace, V4L2_COLORSPACE_DCI_P3);
	s = spec("colorspace=default");
	assert_int_equal(s.colorspace, V4L2_COLORSPACE_DEFAULT);
	assert_true(ctl_spec_has_colours(&s));
}

static void test_refusals(void **state)
{
	static const char *const bad[] = {
		"width=wide", "width=", "width=4294967296", "width=-1", "colorspace=rec7",
		"xfer=REC709", "hsv=601", "quantization=full", "sizeimage=big", "bytesperline=",
		"depth=8", "premul-alpha=1", "pixelformat=toolong",
		("sizeimage=1,sizeimage=1,sizeimage=1,sizeimage=1,sizeimage=1,sizeimage=1,"
		 "sizeimage=1,sizeimage=1,sizeimage=1"),
	};
	struct ctl_spec s;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ctl_spec_parse(bad[i], &s), CTL_ERR_USAGE);
}

static void test_pixel_formats(void **state)
{
	struct ctl_spec s;

	(void)state;
	assert_int_equal(ctl_spec_parse("width=640,height=480,pixelformat=NV12,field=none,"
					"bytesperline=1024", &s), 0);
	assert_int_equal(s.width, 640);
	assert_int_equal(s.height, 480);
	assert_int_equal(s.pixelformat, V4L2_PIX_FMT_NV12);
	assert_int_equal(s.field, V4L2_FIELD_NONE);
	assert_int_equal(s.bytesperline[0], 1024);
	assert_int_equal(s.index, CTL_SPEC_NONE);
	assert_int_equal(ctl_spec_parse("Y16", &s), 0);
	assert_int_equal(s.pixelformat, V4L2_PIX_FMT_Y16);
	assert_int_equal(s.field, CTL_SPEC_NONE);
	assert_int_equal(ctl_spec_parse("pixelformat=Y16 -BE", &s), 0);
	assert_int_equal(s.pixelformat, V4L2_PIX_FMT_Y16_BE);
	assert_int_equal(ctl_spec_parse("pixelformat=12", &s), 0);
	assert_int_equal(s.index, 12);
	assert_int_equal(s.pixelformat, 0);
}

static void test_bad_formats(void **state)
{
	static const char *const bad[] = {
		"width=", "width=-1", "width=4294967296", "width=6x", "height=1e3", "colour=1",
		"pixelformat=", "pixelformat=ABCDE", "pixelformat=ABCD-XX", "field=sideways",
		"width=640,,height=480", "bytesperline=99999999999999999999999",
	};
	struct ctl_spec s;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ctl_spec_parse(bad[i], &s), CTL_ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_what_is_not_given),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_pixel_formats),
		cmocka_unit_test(test_bad_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
