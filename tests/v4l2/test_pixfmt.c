/* SPDX-License-Identifier: BSD-3-Clause */
/* Pixel formats: the table's rows make sense, layouts are what the kernel's documentation says. */
#include "rig.h"

static struct vmedia_picture_layout layout(uint32_t fourcc, uint32_t w, uint32_t h)
{
	struct vmedia_picture_layout l;
	const struct vmedia_pixfmt *pf = vmedia_pixfmt_find(fourcc);

	assert_non_null(pf);
	assert_int_equal(vmedia_pixfmt_layout(pf, w, h, NULL, &l), 0);
	return l;
}

static void test_sizes(void **state)
{
	static const struct {
		uint32_t fourcc, bytesperline, sizeimage;
	} t[] = {
		{ V4L2_PIX_FMT_YUYV, 1280, 614400 }, { V4L2_PIX_FMT_UYVY, 1280, 614400 },
		{ V4L2_PIX_FMT_NV12, 640, 460800 }, { V4L2_PIX_FMT_NV21, 640, 460800 },
		{ V4L2_PIX_FMT_NV16, 640, 614400 }, { V4L2_PIX_FMT_NV24, 640, 921600 },
		{ V4L2_PIX_FMT_YUV420, 640, 460800 }, { V4L2_PIX_FMT_YVU420, 640, 460800 },
		{ V4L2_PIX_FMT_YUV422P, 640, 614400 }, { V4L2_PIX_FMT_YUV411P, 640, 460800 },
		{ V4L2_PIX_FMT_YUV410, 640, 345600 }, { V4L2_PIX_FMT_RGB24, 1920, 921600 },
		{ V4L2_PIX_FMT_BGR24, 1920, 921600 }, { V4L2_PIX_FMT_XBGR32, 2560, 1228800 },
		{ V4L2_PIX_FMT_GREY, 640, 307200 }, { V4L2_PIX_FMT_P010, 1280, 921600 },
		{ V4L2_PIX_FMT_RGB565, 1280, 614400 }, { V4L2_PIX_FMT_SBGGR8, 640, 307200 },
	};
	struct vmedia_picture_layout l;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		l = layout(t[i].fourcc, 640, 480);
		assert_int_equal(l.bytesperline[0], t[i].bytesperline);
		assert_int_equal(l.sizeimage[0], t[i].sizeimage);
		assert_int_equal(l.num_mem, 1);
	}
}

static void test_planes(void **state)
{
	struct vmedia_picture_layout l = layout(V4L2_PIX_FMT_YUV420, 64, 32);

	(void)state;
	assert_int_equal(l.num_colour, 3);
	assert_int_equal(l.colour[1].offset, 64 * 32);
	assert_int_equal(l.colour[1].stride, 32);
	assert_int_equal(l.colour[1].lines, 16);
	assert_int_equal(l.colour[2].offset, 64 * 32 + 32 * 16);
	l = layout(V4L2_PIX_FMT_NV12M, 64, 32);
	assert_int_equal(l.num_mem, 2);
	assert_int_equal(l.sizeimage[0], 64 * 32);
	assert_int_equal(l.sizeimage[1], 64 * 16);
	assert_int_equal(l.colour[1].mem, 1);
	assert_int_equal(l.colour[1].offset, 0);
	l = layout(V4L2_PIX_FMT_YUV420M, 64, 32);
	assert_int_equal(l.num_mem, 3);
	assert_int_equal(l.sizeimage[2], 32 * 16);
	assert_int_equal(l.bytesperline[2], 32);
}

/* A wished stride is taken within reason, and chroma follows it. */
static void test_stride(void **state)
{
	const struct vmedia_pixfmt *pf = vmedia_pixfmt_find(V4L2_PIX_FMT_YUV420);
	uint32_t wish[VMEDIA_COLOUR_PLANES] = { 101 };
	struct vmedia_picture_layout l;

	(void)state;
	assert_int_equal(vmedia_pixfmt_layout(pf, 64, 32, wish, &l), 0);
	assert_int_equal(l.bytesperline[0], 100);
	assert_int_equal(l.colour[1].stride, 50);
	assert_int_equal(l.sizeimage[0], 100 * 32 + 2 * 50 * 16);
	wish[0] = 63;
	assert_int_equal(vmedia_pixfmt_layout(pf, 64, 32, wish, &l), 0);
	assert_int_equal(l.bytesperline[0], 64);
	wish[0] = UINT32_MAX;
	assert_int_equal(vmedia_pixfmt_layout(pf, 64, 32, wish, &l), 0);
	assert_int_equal(l.bytesperline[0], 64);
}

/* No size makes a layout whose planes overlap, wrap, or end beyond sizeimage. */
static void test_all_rows(void **state)
{
	static const uint32_t sides[] = { 1, 2, 3, 5, 16, 641, 4096, 65535, 1u << 20, UINT32_MAX };
	unsigned int n, i, w, h, p, ok;
	const struct vmedia_pixfmt *pf = vmedia_pixfmt_table(&n);
	struct vmedia_picture_layout l;

	(void)state;
	for (i = 0; i < n; i++) {
		assert_true(strlen(pf[i].description) > 0 && strlen(pf[i].description) < 32);
		assert_ptr_equal(vmedia_pixfmt_find(pf[i].pixelformat), &pf[i]);
		assert_int_equal(!!(pf[i].flags & V4L2_FMT_FLAG_COMPRESSED),
				 pf[i].kind == VMEDIA_PIXFMT_CODED);
		ok = 0;
		for (w = 0; w < 10; w++)
			for (h = 0; h < 10; h++) {
				if (vmedia_pixfmt_layout(&pf[i], sides[w], sides[h], NULL, &l))
					continue;
				ok++;
				for (p = 0; p < l.num_colour; p++) {
					const struct vmedia_layout_plane *c = &l.colour[p];

					assert_true(c->stride >= c->width);
					assert_true((uint64_t)c->offset +
							    (uint64_t)c->stride * c->lines <=
						    l.sizeimage[c->mem]);
				}
				for (p = 0; p < l.num_mem; p++)
					assert_true(l.sizeimage[p] > 0);
			}
		assert_int_equal(ok > 0, pf[i].kind != VMEDIA_PIXFMT_DATA);
		assert_true(vmedia_pixfmt_layout(&pf[i], 0, 480, NULL, &l) == -EINVAL);
	}
}

static void test_names(void **state)
{
	char buf[16];

	(void)state;
	assert_string_equal(vmedia_pixfmt_find(V4L2_PIX_FMT_YUYV)->description, "YUYV 4:2:2");
	assert_string_equal(vmedia_pixfmt_find(V4L2_PIX_FMT_NV12)->description, "Y/UV 4:2:0");
	assert_string_equal(vmedia_pixfmt_find(V4L2_PIX_FMT_MJPEG)->description, "Motion-JPEG");
	assert_string_equal(vmedia_fourcc(V4L2_PIX_FMT_NV12, buf), "NV12");
	assert_string_equal(vmedia_fourcc(V4L2_PIX_FMT_Y16_BE, buf), "Y16-BE");
	assert_string_equal(vmedia_fourcc(0x01020304, buf), "....");
	assert_null(vmedia_pixfmt_find(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_planes),
		cmocka_unit_test(test_stride),
		cmocka_unit_test(test_all_rows),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
