/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Conversions against an independent computation, in all layouts and at odd sizes; sizes and
 * strides that lie. Every frame ends where a page ends, with nothing behind it.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/videodev2.h>
#include <turbojpeg.h>

#include "picture.h"

#define MAX_BYTES (1u << 20)

/* Memory whose last byte is the last of a page, and the next page is none. */
struct guarded {
	uint8_t *base, *data;
	size_t map;
};

static void guard(struct guarded *g, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (size + page - 1) / page * page;

	g->map = whole + page;
	g->base = mmap(NULL, g->map, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(g->base != MAP_FAILED);
	assert_int_equal(mprotect(g->base + whole, page, PROT_NONE), 0);
	g->data = g->base + whole - size;
}

static void unguard(struct guarded *g)
{
	munmap(g->base, g->map);
}

static uint8_t rounded(double v)
{
	return (uint8_t)lround(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* By the book: Kr and Kb of the standard, then the range. */
static void rgb_to_yuv(const uint8_t rgb[3], bool bt709, bool full, uint8_t yuv[3])
{
	double kr = bt709 ? 0.2126 : 0.299, kb = bt709 ? 0.0722 : 0.114;
	double r = rgb[0] / 255.0, g = rgb[1] / 255.0, b = rgb[2] / 255.0;
	double y = kr * r + (1 - kr - kb) * g + kb * b;

	yuv[0] = rounded(full ? 255 * y : 16 + 219 * y);
	yuv[1] = rounded(128 + (full ? 255 : 224) * (b - y) / 2 / (1 - kb));
	yuv[2] = rounded(128 + (full ? 255 : 224) * (r - y) / 2 / (1 - kr));
}

/* ---- layouts, written from V4L2's documentation ---- */

enum { PACKED, SEMI, PLANAR };

static const struct {
	uint32_t pixelformat;
	int kind;
	unsigned int bpp;	 /* PACKED: bytes a pixel, of order[] */
	unsigned int hsub, vsub; /* chroma of planes */
	const char *order;	 /* of bytes, or of planes */
	bool multi;
} layouts[] = {
	{ V4L2_PIX_FMT_RGB24, PACKED, 3, 1, 1, "RGB", false },
	{ V4L2_PIX_FMT_BGR24, PACKED, 3, 1, 1, "BGR", false },
	{ V4L2_PIX_FMT_XBGR32, PACKED, 4, 1, 1, "BGRx", false },
	{ V4L2_PIX_FMT_XRGB32, PACKED, 4, 1, 1, "xRGB", false },
	{ V4L2_PIX_FMT_RGBX32, PACKED, 4, 1, 1, "RGBx", false },
	{ V4L2_PIX_FMT_YUYV, PACKED, 2, 2, 1, "YUYV", false },
	{ V4L2_PIX_FMT_UYVY, PACKED, 2, 2, 1, "UYVY", false },
	{ V4L2_PIX_FMT_YVYU, PACKED, 2, 2, 1, "YVYU", false },
	{ V4L2_PIX_FMT_NV12, SEMI, 1, 2, 2, "UV", false },
	{ V4L2_PIX_FMT_NV21, SEMI, 1, 2, 2, "VU", false },
	{ V4L2_PIX_FMT_NV16, SEMI, 1, 2, 1, "UV", false },
	{ V4L2_PIX_FMT_NV24, SEMI, 1, 1, 1, "UV", false },
	{ V4L2_PIX_FMT_YUV420, PLANAR, 1, 2, 2, "UV", false },
	{ V4L2_PIX_FMT_YVU420, PLANAR, 1, 2, 2, "VU", false },
	{ V4L2_PIX_FMT_YUV422P, PLANAR, 1, 2, 1, "UV", false },
	{ V4L2_PIX_FMT_NV12M, SEMI, 1, 2, 2, "UV", true },
	{ V4L2_PIX_FMT_NV21M, SEMI, 1, 2, 2, "VU", true },
	{ V4L2_PIX_FMT_YUV420M, PLANAR, 1, 2, 2, "UV", true },
	{ V4L2_PIX_FMT_YVU420M, PLANAR, 1, 2, 2, "VU", true },
	{ V4L2_PIX_FMT_YUV422M, PLANAR, 1, 2, 1, "UV", true },
};
#define COUNT (sizeof(layouts) / sizeof(layouts[0]))

struct frame {
	struct ctl_picture pic;
	struct guarded mem[CTL_MAX_PLANES];
};

static uint8_t component(char c, const uint8_t rgb[3], const uint8_t yuv[3])
{
	switch (c) {
	case 'R':
		return rgb[0];
	case 'G':
		return rgb[1];
	case 'B':
		return rgb[2];
	case 'Y':
		return yuv[0];
	case 'U':
		return yuv[1];
	case 'V':
		return yuv[2];
	}
	return 0xaa;
}

/* Lays one plane of @size bytes at @at where all is in one memory plane, else in one of its own. */
static uint8_t *place(struct frame *f, bool multi, size_t offset)
{
	return multi ? f->mem[f->pic.num_planes++].data : f->mem[0].data + offset;
}

static void make_packed(struct frame *f, size_t l, uint32_t stride, const uint8_t rgb[3],
			const uint8_t yuv[3])
{
	uint32_t w = f->pic.width, h = f->pic.height, n = (uint32_t)strlen(layouts[l].order);

	guard(&f->mem[0], (size_t)stride * h);
	memset(f->mem[0].data, 0x55, (size_t)stride * h);
	for (uint32_t y = 0; y < h; y++)
		for (uint32_t x = 0; x < (w + w % layouts[l].hsub) * layouts[l].bpp; x++)
			f->mem[0].data[(size_t)y * stride + x] =
				component(layouts[l].order[x % n], rgb, yuv);
	f->pic.bytesused[0] = (size_t)stride * h;
}

static void make_planes(struct frame *f, size_t l, uint32_t stride, const uint8_t yuv[3])
{
	uint32_t w = f->pic.width, h = f->pic.height, hs = layouts[l].hsub, vs = layouts[l].vsub;
	uint32_t cw = (w + hs - 1) / hs, ch = (h + vs - 1) / vs;
	bool semi = layouts[l].kind == SEMI, multi = layouts[l].multi;
	uint32_t cstride = semi ? stride * 2 / hs : (stride + hs - 1) / hs;
	size_t luma = (size_t)stride * h, chroma = (size_t)cstride * ch;
	uint8_t *p;

	if (multi) {
		guard(&f->mem[0], luma);
		for (int i = 1; i < (semi ? 2 : 3); i++)
			guard(&f->mem[i], chroma);
		for (int i = 0; i < 3; i++) {
			f->pic.bytesused[i] = i ? chroma : luma;
			f->pic.bytesperline[i] = i ? cstride : stride;
		}
	} else {
		f->pic.bytesused[0] = luma + (semi ? 1 : 2) * chroma;
		guard(&f->mem[0], f->pic.bytesused[0]);
	}
	f->pic.num_planes = 0;
	p = place(f, multi, 0);
	for (uint32_t y = 0; y < h; y++)
		memset(p + (size_t)y * stride, yuv[0], w);
	for (int i = 0; i < (semi ? 1 : 2); i++) {
		p = place(f, multi, luma + i * chroma);
		for (uint32_t y = 0; y < ch; y++)
			for (uint32_t x = 0; x < cw * (semi ? 2 : 1); x++)
				p[(size_t)y * cstride + x] = component(
					layouts[l].order[semi ? x % 2 : (uint32_t)i], NULL, yuv);
	}
	if (!multi)
		f->pic.num_planes = 1;
}

/* A frame of one colour, its lines @pad bytes longer than need be. */
static void make(struct frame *f, size_t l, uint32_t w, uint32_t h, uint32_t pad,
		 const uint8_t rgb[3], bool bt709, bool full)
{
	uint32_t even = (w + 1) & ~1u, stride;
	uint8_t yuv[3];

	rgb_to_yuv(rgb, bt709, full, yuv);
	*f = (struct frame){ .pic = { .width = w, .height = h, .num_planes = 1 } };
	f->pic.pixelformat = layouts[l].pixelformat;
	f->pic.ycbcr_enc = bt709 ? V4L2_YCBCR_ENC_709 : V4L2_YCBCR_ENC_601;
	f->pic.full_range = full;
	/* Pairs of pixels need even lines; so do pairs of chroma. */
	stride = (layouts[l].hsub == 2 && layouts[l].kind != PLANAR ? even : w) * layouts[l].bpp +
		 pad;
	f->pic.bytesperline[0] = stride;
	if (layouts[l].kind == PACKED)
		make_packed(f, l, stride, rgb, yuv);
	else
		make_planes(f, l, stride, yuv);
	for (unsigned int i = 0; i < f->pic.num_planes; i++)
		f->pic.data[i] = f->mem[i].data;
}

static void drop(struct frame *f)
{
	for (int i = 0; i < CTL_MAX_PLANES; i++)
		if (f->mem[i].base)
			unguard(&f->mem[i]);
}

static void assert_near(int got, int want, int by, const char *what, size_t l, uint32_t w,
			uint32_t h)
{
	if (abs(got - want) > by)
		fail_msg("%.4s %ux%u: %s is %d, not %d", (const char *)&layouts[l].pixelformat, w,
			 h, what, got, want);
}

static const uint8_t colours[][3] = {
	{ 0, 0, 0 }, { 255, 255, 255 }, { 255, 0, 0 }, { 0, 255, 0 }, { 0, 0, 255 },
	{ 128, 128, 128 }, { 200, 100, 50 }, { 20, 180, 220 },
};
static const uint32_t sizes[][2] = { { 1, 1 },	{ 2, 2 },   { 3, 5 },	{ 7, 4 }, { 16, 16 },
				     { 33, 9 }, { 64, 48 }, { 161, 121 } };

static void check_rgb(size_t l, uint32_t w, uint32_t h, uint32_t pad, size_t colour, bool bt709,
		      bool full)
{
	struct ctl_converter c = { 0 };
	struct frame f;
	uint8_t *rgb = malloc((size_t)w * h * 3);

	assert_non_null(rgb);
	make(&f, l, w, h, pad, colours[colour], bt709, full);
	assert_int_equal(ctl_picture_rgb(&c, &f.pic, rgb, w, h), 0);
	for (size_t i = 0; i < (size_t)w * h * 3; i++)
		assert_near(rgb[i], colours[colour][i % 3], 4, "a colour", l, w, h);
	ctl_converter_finish(&c);
	drop(&f);
	free(rgb);
}

static void test_rgb(void **state)
{
	(void)state;
	for (size_t l = 0; l < COUNT; l++)
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
			for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++)
				check_rgb(l, sizes[s][0], sizes[s][1], s % 3 * 8, i, i & 1, i & 2);
}

static void test_yuv420(void **state)
{
	static const uint32_t w = 37, h = 11;
	struct ctl_converter c = { 0 };
	uint8_t *yuv, want[3];
	struct frame f;

	(void)state;
	for (size_t l = 0; l < COUNT; l++) {
		bool rgb = layouts[l].order[0] != 'U' && layouts[l].order[0] != 'V' &&
			   layouts[l].order[0] != 'Y', full = l & 1;

		make(&f, l, w, h, 8, colours[6], false, full);
		/* RGB has no range to hand on: limited is what most readers of Y4M expect. */
		assert_int_equal(ctl_picture_yuv420_full(&f.pic), full && !rgb);
		rgb_to_yuv(colours[6], false, full && !rgb, want);
		assert_int_equal(ctl_picture_yuv420_size(&f.pic), 37 * 11 + 2 * 19 * 6);
		yuv = malloc(ctl_picture_yuv420_size(&f.pic));
		assert_non_null(yuv);
		assert_int_equal(ctl_picture_yuv420(&c, &f.pic, yuv), 0);
		for (size_t i = 0; i < 37 * 11 + 2 * 19 * 6; i++)
			assert_near(yuv[i], want[i < 37 * 11 ? 0 : i < 37 * 11 + 19 * 6 ? 1 : 2], 2,
				    "a component", l, w, h);
		free(yuv);
		drop(&f);
	}
	ctl_converter_finish(&c);
}

/* Frames that are 4:2:0 already arrive byte for byte: noise, so that any filter would show. */
static void test_yuv420_exact(void **state)
{
	enum { W = 30, H = 14, STRIDE = 48 };
	struct ctl_picture pic = {
		.pixelformat = V4L2_PIX_FMT_YVU420, .width = W, .height = H, .num_planes = 1,
		.bytesperline = { STRIDE }, .bytesused = { STRIDE * H * 3 / 2 },
	};
	uint8_t got[W * H * 3 / 2];
	struct ctl_converter c = { 0 };
	struct guarded g;
	uint32_t seed = 12345;

	(void)state;
	guard(&g, STRIDE * H * 3 / 2);
	for (size_t i = 0; i < STRIDE * H * 3 / 2; i++)
		g.data[i] = (uint8_t)((seed = seed * 1103515245 + 12345) >> 16);
	pic.data[0] = g.data;
	assert_int_equal(ctl_picture_yuv420(&c, &pic, got), 0);
	for (size_t y = 0; y < H; y++)
		assert_memory_equal(got + y * W, g.data + y * STRIDE, W);
	for (size_t y = 0; y < H / 2; y++) {
		const uint8_t *v = g.data + STRIDE * H, *u = v + STRIDE / 2 * H / 2;

		assert_memory_equal(got + W * H + y * W / 2, u + y * STRIDE / 2, W / 2);
		assert_memory_equal(got + W * H * 5 / 4 + y * W / 2, v + y * STRIDE / 2, W / 2);
	}
	ctl_converter_finish(&c);
	unguard(&g);
}

static void test_lies(void **state)
{
	static const uint32_t strides[] = { 0x1000000, 0x7fffffff, 0x80000000, 0xffffffff,
					    0xfffffff0 };
	static const uint32_t dims[] = { 0, 32769, 65536, 0x7fffffff, 0x80000000, 0xffffffff };
	struct ctl_converter c = { 0 };
	uint8_t rgb[4 * 4 * 3];
	struct frame f;

	(void)state;
	for (size_t l = 0; l < COUNT; l++) {
		make(&f, l, 64, 48, 0, colours[6], false, false);
		/* One byte too few, in each memory plane. */
		for (unsigned int i = 0; i < f.pic.num_planes; i++) {
			f.pic.bytesused[i]--;
			assert_int_equal(ctl_picture_rgb(&c, &f.pic, rgb, 4, 4), -EINVAL);
			f.pic.bytesused[i]++;
		}
		assert_int_equal(ctl_picture_rgb(&c, &f.pic, rgb, 4, 4), 0);
		for (size_t i = 0; i < sizeof(strides) / sizeof(strides[0]); i++) {
			struct ctl_picture pic = f.pic;

			for (unsigned int p = 0; p < pic.num_planes; p++)
				pic.bytesperline[p] = strides[i];
			assert_int_equal(ctl_picture_rgb(&c, &pic, rgb, 4, 4), -EINVAL);
		}
		for (size_t i = 0; i < sizeof(dims) / sizeof(dims[0]); i++) {
			struct ctl_picture pic = f.pic;

			pic.width = dims[i];
			assert_false(ctl_picture_known(&pic));
			assert_true(ctl_picture_rgb(&c, &pic, rgb, 4, 4) < 0);
			pic.height = dims[i];
			assert_true(ctl_picture_rgb(&c, &pic, rgb, 4, 4) < 0);
		}
		/* Fewer memory planes than the format has. */
		if (f.pic.num_planes > 1) {
			f.pic.num_planes = 1;
			assert_int_equal(ctl_picture_rgb(&c, &f.pic, rgb, 4, 4), -EINVAL);
		}
		f.pic.pixelformat = v4l2_fourcc('?', '?', '?', '?');
		assert_int_equal(ctl_picture_rgb(&c, &f.pic, rgb, 4, 4), -ENOTSUP);
		drop(&f);
	}
	ctl_converter_finish(&c);
}

static void test_jpeg(void **state)
{
	enum { W = 70, H = 50 };
	uint8_t rgb[W * H * 3], got[W * H * 3];
	struct ctl_picture pic = { .pixelformat = V4L2_PIX_FMT_MJPEG, .width = W, .height = H,
				   .num_planes = 1 };
	struct ctl_converter c = { 0 };
	unsigned char *jpeg = NULL;
	unsigned long size = 0;
	tjhandle tj = tjInitCompress();
	struct guarded g;

	(void)state;
	for (size_t i = 0; i < sizeof(rgb); i++)
		rgb[i] = colours[6][i % 3];
	assert_int_equal(tjCompress2(tj, rgb, W, 0, H, TJPF_RGB, &jpeg, &size, TJSAMP_420, 95, 0),
			 0);
	guard(&g, size);
	memcpy(g.data, jpeg, size);
	pic.data[0] = g.data;
	pic.bytesused[0] = size;
	assert_int_equal(ctl_picture_rgb(&c, &pic, got, W, H), 0);
	for (size_t i = 0; i < sizeof(rgb); i++)
		assert_true(abs(got[i] - rgb[i]) <= 6);
	/* Another size than the format says, no JPEG, nothing at all. */
	pic.width--;
	assert_int_equal(ctl_picture_rgb(&c, &pic, got, W, H), -EINVAL);
	pic.width++;
	for (pic.bytesused[0] = 0; pic.bytesused[0] < 20; pic.bytesused[0]++)
		assert_int_equal(ctl_picture_rgb(&c, &pic, got, W, H), -EINVAL);
	/* What lacks the end of its scan is still worth seeing. */
	pic.bytesused[0] = size - 20;
	assert_int_equal(ctl_picture_rgb(&c, &pic, got, W, H), 0);
	memset(g.data, 0xff, size);
	pic.bytesused[0] = size;
	assert_int_equal(ctl_picture_rgb(&c, &pic, got, W, H), -EINVAL);
	ctl_converter_finish(&c);
	unguard(&g);
	tjFree(jpeg);
	tjDestroy(tj);
}

static void test_colours(void **state)
{
	struct ctl_picture pic = { 0 };

	(void)state;
	ctl_picture_colours(&pic, V4L2_COLORSPACE_SRGB, 0, 0);
	assert_int_equal(pic.ycbcr_enc, V4L2_YCBCR_ENC_601);
	assert_false(pic.full_range);
	ctl_picture_colours(&pic, V4L2_COLORSPACE_JPEG, 0, 0);
	assert_true(pic.full_range);
	ctl_picture_colours(&pic, V4L2_COLORSPACE_REC709, 0, 0);
	assert_int_equal(pic.ycbcr_enc, V4L2_YCBCR_ENC_709);
	ctl_picture_colours(&pic, V4L2_COLORSPACE_REC709, V4L2_YCBCR_ENC_601,
			    V4L2_QUANTIZATION_FULL_RANGE);
	assert_int_equal(pic.ycbcr_enc, V4L2_YCBCR_ENC_601);
	assert_true(pic.full_range);
	ctl_picture_colours(&pic, 0xffffffff, 0xffffffff, 0xffffffff);
	assert_false(pic.full_range);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rgb),	     cmocka_unit_test(test_yuv420),
		cmocka_unit_test(test_yuv420_exact), cmocka_unit_test(test_lies),
		cmocka_unit_test(test_jpeg),	     cmocka_unit_test(test_colours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
