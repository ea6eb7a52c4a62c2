// SPDX-License-Identifier: BSD-3-Clause
/*
 * The source "fifo:PATH" with producers of the test: each picture is the one that was written, in
 * the format of the stream; producers come, end and come again; the FIFO is closed when nobody
 * looks.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <turbojpeg.h>
#include <vmedia/camera.h>
#include <vmedia/loop.h>

#define W 32u
#define H 16u
#define BYTES (W * H * 3 / 2)

static char folder[32], path[48];
static struct vmedia_camera_source *src;
static struct vmedia_camera_format format;
static uint8_t shown[W * H * 3];

static int setup(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/vmedia-fifo.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/fifo", folder);
	return mkfifo(path, 0600);
}

static int teardown(void **state)
{
	vmedia_camera_source_close(src);
	src = NULL;
	unlink(path);
	return rmdir(folder);
}

static int try_open(const char *fps, const char *size, char *why, size_t why_size)
{
	struct vmedia_camera_options opts;
	char name[64];

	snprintf(name, sizeof(name), "fifo:%s", path);
	vmedia_camera_options_init(&opts);
	assert_int_equal(vmedia_camera_set_option(&opts, "source", name, why, why_size), 0);
	if (fps)
		assert_int_equal(vmedia_camera_set_option(&opts, "fps", fps, why, why_size), 0);
	if (size)
		assert_int_equal(vmedia_camera_set_option(&opts, "size", size, why, why_size), 0);
	return vmedia_camera_source_open(&opts, why, why_size, &src);
}

static void begin(const char *fps, const char *size, uint32_t pixelformat)
{
	const struct vmedia_fract interval = { 1, 30 };
	char why[256] = "";

	if (try_open(fps, size, why, sizeof(why)))
		fail_msg("%s", why);
	assert_true(vmedia_camera_source_is_live(src));
	format = (struct vmedia_camera_format){ .pixelformat = pixelformat, .width = W,
						.height = H };
	vmedia_camera_source_try(src, &format);
	assert_int_equal(vmedia_camera_source_start(src, &format, &interval), 0);
	assert_true(format.sizeimage <= sizeof(shown));
}

/* A producer, which does not wait. */
static int arrive(void)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);

	assert_true(fd >= 0);
	return fd;
}

static void put(int fd, const void *bytes, size_t size)
{
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
}

static void put_text(int fd, const char *text)
{
	put(fd, text, strlen(text));
}

/* A raw or Y4M picture of one luma. */
static void put_picture(int fd, int luma)
{
	uint8_t p[BYTES];

	memset(p, luma, (size_t)W * H);
	memset(p + W * H, 128, (size_t)W * H / 2);
	put(fd, p, sizeof(p));
}

static void put_frame(int fd, int luma)
{
	put_text(fd, "FRAME\n");
	put_picture(fd, luma);
}

/* Get the next picture. */
static int look(void)
{
	struct vmedia_camera_frame frame = { .data = shown, .size = sizeof(shown) };
	uint64_t before = vmedia_now_ns(), time = 0;
	int err = vmedia_camera_source_next(src, &time);

	if (err)
		return err;
	assert_in_range(time, before, vmedia_now_ns());
	memset(shown, 0, sizeof(shown));
	return vmedia_camera_source_fill(src, &frame);
}

static void sees(int luma)
{
	assert_int_equal(look(), 0);
	assert_in_range(shown[0], luma - 2, luma + 2);
	assert_in_range(shown[W * H - 1], luma - 2, luma + 2);
	assert_in_range(shown[W * H], 126, 130);
	assert_in_range(shown[BYTES - 1], 126, 130);
}

static void test_y4m(void **state)
{
	int fd;

	begin(NULL, "32x16", V4L2_PIX_FMT_NV12);
	fd = arrive();
	put_text(fd, "YUV4MPEG2 W32 H16 F500:1 C420jpeg\n");
	for (int i = 0; i < 5; i++)
		put_frame(fd, 40 + 30 * i);
	for (int i = 0; i < 5; i++)
		sees(40 + 30 * i);
	/* In pieces. */
	put_text(fd, "FRA");
	put_text(fd, "ME\n");
	put_picture(fd, 99);
	sees(99);
	close(fd);
}

/* Of another size, and full range: it is converted. */
static void test_y4m_is_converted(void **state)
{
	uint8_t p[64 * 48 * 3 / 2];
	int fd;

	begin(NULL, "32x16", V4L2_PIX_FMT_NV12);
	fd = arrive();
	put_text(fd, "YUV4MPEG2 W64 H48 F500:1 C420jpeg XCOLORRANGE=FULL\nFRAME\n");
	memset(p, 255, 64 * 48);
	memset(p + 64 * 48, 128, 64 * 48 / 2);
	put(fd, p, sizeof(p));
	sees(235);
	close(fd);
}

static void test_y4m_of_10_bits(void **state)
{
	uint16_t p[W * H * 2];
	int fd;

	begin(NULL, "32x16", V4L2_PIX_FMT_NV12);
	fd = arrive();
	put_text(fd, "YUV4MPEG2 W32 H16 F500:1 C422p10\nFRAME\n");
	for (size_t i = 0; i < W * H * 2; i++)
		p[i] = i < W * H ? 400 : 512;
	put(fd, p, sizeof(p));
	sees(100);
	close(fd);
}

static void test_raw(void **state)
{
	uint8_t p[W * H * 3];
	int fd;

	begin("500", "32x16", V4L2_PIX_FMT_RGB24);
	fd = arrive();
	for (int n = 0; n < 3; n++) {
		for (size_t i = 0; i < sizeof(p); i++)
			p[i] = (uint8_t)(i * 7 + (size_t)n);
		put(fd, p, sizeof(p));
		assert_int_equal(look(), 0);
		assert_memory_equal(shown, p, sizeof(p));
	}
	close(fd);
}

static void put_jpeg(int fd, int luma)
{
	uint8_t p[BYTES];
	unsigned char *jpeg = NULL;
	unsigned long size = 0;
	tjhandle h = tjInitCompress();

	memset(p, luma, (size_t)W * H);
	memset(p + W * H, 128, (size_t)W * H / 2);
	assert_int_equal(tjCompressFromYUV(h, p, W, 1, H, TJSAMP_420, &jpeg, &size, 90, 0), 0);
	put(fd, jpeg, size);
	tjFree(jpeg);
	tjDestroy(h);
}

/* A JPEG is of full range, and the stream of limited range. */
static int limited(int luma)
{
	return 16 + (luma * 219 + 127) / 255;
}

static void test_jpeg(void **state)
{
	static const uint8_t broken[] = { 0xff, 0xd8, 0xff, 0xda, 0, 2, 1, 2, 0xff, 0xd9 };
	int fd;

	begin(NULL, "32x16", V4L2_PIX_FMT_NV12);
	fd = arrive();
	for (int i = 0; i < 5; i++)
		put_jpeg(fd, 40 + 30 * i);
	for (int i = 0; i < 5; i++)
		sees(limited(40 + 30 * i));
	/* One that does not decode is skipped. */
	put(fd, broken, sizeof(broken));
	put_jpeg(fd, 77);
	sees(limited(77));
	close(fd);
}

/* One ends, another one comes: of another kind, and even before the end of the first was seen. */
static void test_producers_come_and_go(void **state)
{
	int fd, next;

	begin("500", "32x16", V4L2_PIX_FMT_NV12);
	for (int i = 0; i < 2; i++) {
		fd = arrive();
		put_text(fd, "YUV4MPEG2 W32 H16 F500:1\n");
		put_frame(fd, 50 + i);
		sees(50 + i);
		put_text(fd, "FRAME\nxyz");
		close(fd);
		assert_int_equal(look(), -EAGAIN);
		fd = arrive();
		put_jpeg(fd, 150 + i);
		sees(limited(150 + i));
		close(fd);
		assert_int_equal(look(), -EAGAIN);
	}
	fd = arrive();
	put_text(fd, "YUV4MPEG2 W32 H16 F500:1\n");
	put_frame(fd, 60);
	next = arrive();
	close(fd);
	put_text(next, "YUV4MPEG2 W32 H16 F500:1\n");
	put_frame(next, 70);
	sees(60);
	sees(70);
	close(next);
}

/* What is no picture: raw pictures need a size. */
static void test_junk(void **state)
{
	const struct vmedia_fract interval = { 1, 30 };
	char why[256];
	int fd;

	assert_int_equal(try_open(NULL, NULL, why, sizeof(why)), 0);
	format = (struct vmedia_camera_format){ .pixelformat = V4L2_PIX_FMT_NV12 };
	vmedia_camera_source_try(src, &format);
	assert_int_equal(format.width, 640);
	assert_int_equal(vmedia_camera_source_start(src, &format, &interval), 0);
	fd = arrive();
	put_picture(fd, 50);
	assert_int_equal(look(), -EAGAIN);
	close(fd);
}

/* The FIFO is closed when nobody looks, so a producer waits. */
static void test_closed_when_stopped(void **state)
{
	const struct vmedia_fract interval = { 1, 30 };
	int fd;

	begin("500", "32x16", V4L2_PIX_FMT_NV12);
	assert_int_equal(look(), -EAGAIN);
	fd = arrive();
	close(fd);
	vmedia_camera_source_stop(src);
	assert_int_equal(open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK), -1);
	assert_int_equal(errno, ENXIO);
	assert_int_equal(vmedia_camera_source_start(src, &format, &interval), 0);
	assert_int_equal(look(), -EAGAIN);
	fd = arrive();
	put_picture(fd, 50);
	sees(50);
	close(fd);
}

/* Another FIFO at the path is found, and so is one that was missing. */
static void test_replaced(void **state)
{
	int fd;

	begin("500", "32x16", V4L2_PIX_FMT_NV12);
	assert_int_equal(look(), -EAGAIN);
	unlink(path);
	assert_int_equal(look(), -EAGAIN);
	assert_int_equal(look(), -EAGAIN);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(look(), -EAGAIN);
	fd = arrive();
	put_picture(fd, 50);
	sees(50);
	close(fd);
}

static void *interrupt(void *opaque)
{
	vmedia_camera_source_interrupt(src);
	return NULL;
}

/* Before next(), and while it waits. */
static void test_interrupted(void **state)
{
	const struct vmedia_fract interval = { 1, 30 };
	pthread_t thread;
	int fd;

	begin("1/60", "32x16", V4L2_PIX_FMT_NV12);
	/* Its patience is two minutes: the test would end by its time limit. */
	assert_int_equal(pthread_create(&thread, NULL, interrupt, NULL), 0);
	assert_int_equal(look(), -ECANCELED);
	pthread_join(thread, NULL);
	vmedia_camera_source_stop(src);
	vmedia_camera_source_interrupt(src);
	assert_int_equal(vmedia_camera_source_start(src, &format, &interval), 0);
	assert_int_equal(pthread_create(&thread, NULL, interrupt, NULL), 0);
	assert_int_equal(look(), -ECANCELED);
	pthread_join(thread, NULL);
	vmedia_camera_source_stop(src);
	/* The interrupts are over. */
	assert_int_equal(vmedia_camera_source_start(src, &format, &interval), 0);
	vmedia_camera_source_stop(src);
	assert_int_equal(look(), -EINVAL);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	assert_int_equal(fd, -1);
}

static void *write_film(void *opaque)
{
	int fd = *(int *)opaque;

	fcntl(fd, F_SETFL, 0);
	put_text(fd, "YUV4MPEG2 W32 H16 F50:1\n");
	for (int i = 0; i < 200; i++)
		put_frame(fd, i);
	close(fd);
	return NULL;
}

/* A producer that is faster than its film has to wait: no picture is before its time. */
static void test_a_film_has_its_pace(void **state)
{
	struct vmedia_camera_frame frame = { .data = shown, .size = sizeof(shown) };
	uint64_t first = 0, time = 0;
	pthread_t thread;
	int fd;

	begin(NULL, "32x16", V4L2_PIX_FMT_NV12);
	assert_int_equal(look(), -EAGAIN);
	fd = arrive();
	assert_int_equal(pthread_create(&thread, NULL, write_film, &fd), 0);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(vmedia_camera_source_next(src, &time), 0);
		assert_int_equal(vmedia_camera_source_fill(src, &frame), 0);
		assert_int_equal(shown[0], i);
		if (!i)
			first = time;
		assert_true(time >= first + 20000000ull * (uint64_t)i);
	}
	pthread_join(thread, NULL);
}

static void test_bad_paths(void **state)
{
	char why[256] = "", fifo[48];

	memcpy(fifo, path, sizeof(fifo));
	snprintf(path, sizeof(path), "%s/none", folder);
	assert_int_equal(try_open(NULL, NULL, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "mkfifo"));
	snprintf(path, sizeof(path), "/dev/null");
	assert_int_equal(try_open(NULL, NULL, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "is no FIFO"));
	path[0] = 0;
	assert_int_equal(try_open(NULL, NULL, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "Give fifo:PATH"));
	memcpy(path, fifo, sizeof(fifo));
	src = NULL;
}

/* A camera does not read it itself. */
static void test_no_camera(void **state)
{
	struct vmedia_camera_options opts;
	struct vmedia_device *dev;
	struct vmedia_loop *loop;
	char why[256] = "", name[64];

	snprintf(name, sizeof(name), "fifo:%s", path);
	vmedia_camera_options_init(&opts);
	opts.source = name;
	assert_int_equal(vmedia_loop_create(&loop), 0);
	assert_int_equal(vmedia_camera_create(loop, &opts, why, sizeof(why), &dev), -EINVAL);
	assert_non_null(strstr(why, "--source=shared:SOCKET"));
	vmedia_loop_destroy(loop);
}

#define FIFO_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIFO_TEST(test_y4m),
		FIFO_TEST(test_y4m_is_converted),
		FIFO_TEST(test_y4m_of_10_bits),
		FIFO_TEST(test_raw),
		FIFO_TEST(test_jpeg),
		FIFO_TEST(test_producers_come_and_go),
		FIFO_TEST(test_junk),
		FIFO_TEST(test_closed_when_stopped),
		FIFO_TEST(test_replaced),
		FIFO_TEST(test_interrupted),
		FIFO_TEST(test_a_film_has_its_pace),
		FIFO_TEST(test_bad_paths),
		FIFO_TEST(test_no_camera),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("camera-fifo", tests, NULL, NULL);
}
