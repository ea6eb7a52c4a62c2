// SPDX-License-Identifier: BSD-3-Clause
/*
 * vmedia-source, with subscribers: its pictures are those of the source, byte by byte; it runs
 * while somebody streams. Live sources: producers come and go.
 *
 * usage: test_source VMEDIA-SOURCE [OPTION]...
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <vmedia/camera.h>

#include "publisher.h"

static const char *program;
static const char *option;	/* of vmedia-source, or NULL */
static struct publisher_process source;

static int setup(void **state)
{
	return publisher_prepare(&source);
}

static int teardown(void **state)
{
	publisher_forget(&source);
	return 0;
}

static void begin(const char *kind, const char *format, const char *size)
{
	const char *args[] = { kind, format, size, option, NULL };

	assert_int_equal(publisher_start(&source, program, args), 0);
}

/* The picture that the pattern makes of the same number. */
static void make_picture(struct vmedia_camera_source *src,
			 const struct vmedia_share_format *f, uint64_t sequence, uint8_t *data)
{
	const struct vmedia_fract interval = { f->interval_numerator, f->interval_denominator };
	struct vmedia_camera_format format = { .pixelformat = f->pixelformat, .width = f->width,
					       .height = f->height };
	struct vmedia_camera_frame frame = { .data = data, .size = f->sizeimage,
					     .sequence = sequence };

	frame.time_ns = sequence * (1000000000ull * interval.numerator / interval.denominator);
	memset(data, 0, f->sizeimage);
	vmedia_camera_source_try(src, &format);
	assert_int_equal(vmedia_camera_source_start(src, &format, &interval), 0);
	assert_int_equal(vmedia_camera_source_fill(src, &frame), 0);
	vmedia_camera_source_stop(src);
}

static void same_pictures(const char *format, const char *size, uint32_t pixelformat)
{
	struct vmedia_camera_options opts;
	struct vmedia_camera_source *src;
	struct vmedia_subscriber *subs[2];
	const struct vmedia_share_format *f;
	struct vmedia_subscriber_frame frame;
	uint64_t last[2] = { 0 };
	char why[256];
	uint8_t *data;

	vmedia_camera_options_init(&opts);
	assert_int_equal(vmedia_camera_set_option(&opts, "size", size + strlen("--size="), why,
						  sizeof(why)), 0);
	assert_int_equal(vmedia_camera_source_open(&opts, why, sizeof(why), &src), 0);
	begin("pattern", format, size);
	for (int i = 0; i < 2; i++) {
		subs[i] = publisher_join(&source);
		assert_non_null(subs[i]);
	}
	f = &vmedia_subscriber_info(subs[0])->format;
	assert_int_equal(f->pixelformat, pixelformat);
	data = malloc(f->sizeimage);
	for (int n = 0; n < 24; n++) {
		int i = n % 2;

		assert_int_equal(publisher_frame(subs[i], &frame), 0);
		assert_int_equal(frame.bytesused, f->sizeimage);
		if (n > 1)
			assert_true(frame.sequence > last[i]);
		last[i] = frame.sequence;
		make_picture(src, f, frame.sequence, data);
		assert_memory_equal(frame.data, data, f->sizeimage);
		assert_int_equal(vmedia_subscriber_release(subs[i], frame.slot), 0);
	}
	free(data);
	for (int i = 0; i < 2; i++)
		vmedia_subscriber_destroy(subs[i]);
	vmedia_camera_source_close(src);
	assert_int_equal(publisher_stop(&source), 0);
}

static void test_pictures_are_those_of_the_pattern(void **state)
{
	same_pictures("--format=NV12", "--size=320x240", V4L2_PIX_FMT_NV12);
	same_pictures("--format=YUYV", "--size=162x118", V4L2_PIX_FMT_YUYV);
	same_pictures("--format=RGB3", "--size=640x480", V4L2_PIX_FMT_RGB24);
}

/* Pictures of one brightness each: 60, 100, 140. */
static void write_film(const char *path)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs("YUV4MPEG2 W32 H32 F25:1 Ip A1:1 C420\n", f);
	for (int i = 0; i < 3; i++) {
		fputs("FRAME\n", f);
		for (int k = 0; k < 32 * 32; k++)
			fputc(60 + 40 * i, f);
		for (int k = 0; k < 32 * 32 / 2; k++)
			fputc(128, f);
	}
	fclose(f);
}

static void test_a_file(void **state)
{
	struct vmedia_subscriber_frame frame;
	struct vmedia_subscriber *sub;
	char film[80], kind[96];
	int brightness = 0;

	snprintf(film, sizeof(film), "%s/film.y4m", source.folder);
	snprintf(kind, sizeof(kind), "file:%s", film);
	write_film(film);
	/* Another user may have to open it. */
	assert_int_equal(chmod(source.folder, 0755), 0);
	begin(kind, "--format=YU12", "--fps=25");
	sub = publisher_join(&source);
	assert_non_null(sub);
	assert_int_equal(vmedia_subscriber_info(sub)->format.width, 32);
	for (int n = 0; n < 9; n++) {
		assert_int_equal(publisher_frame(sub, &frame), 0);
		brightness = frame.data[0];
		assert_int_equal(brightness, 60 + 40 * (int)(frame.sequence % 3));
		assert_int_equal(frame.data[32 * 32 - 1], brightness);
		assert_int_equal(frame.data[32 * 32], 128);
		assert_int_equal(vmedia_subscriber_release(sub, frame.slot), 0);
	}
	vmedia_subscriber_destroy(sub);
	unlink(film);
	assert_int_equal(publisher_stop(&source), 0);
}

/* ---- A FIFO ---- */

/* A producer sleeps in open() until somebody streams. */
static int producer_arrive(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void put_y4m(int fd, int luma)
{
	uint8_t picture[32 * 32 * 3 / 2];

	memset(picture, luma, 32 * 32);
	memset(picture + 32 * 32, 128, 32 * 32 / 2);
	assert_int_equal(write(fd, "FRAME\n", 6), 6);
	assert_int_equal(write(fd, picture, sizeof(picture)), sizeof(picture));
}

static void shows(struct vmedia_subscriber *sub, int luma)
{
	struct vmedia_subscriber_frame frame;

	assert_int_equal(publisher_frame(sub, &frame), 0);
	assert_int_equal(frame.data[0], luma);
	assert_int_equal(frame.data[32 * 32 - 1], luma);
	assert_int_equal(vmedia_subscriber_release(sub, frame.slot), 0);
}

/* Nobody streams, so it is closed, or will be soon. */
static void wait_until_closed(const char *path)
{
	const struct timespec moment = { .tv_nsec = 5 * 1000 * 1000 };
	int fd;

	while ((fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK)) >= 0) {
		close(fd);
		nanosleep(&moment, NULL);
	}
	assert_int_equal(errno, ENXIO);
}

static void test_a_fifo(void **state)
{
	static const char header[] = "YUV4MPEG2 W32 H32 F50:1 Ip A1:1 C420\n";
	struct vmedia_subscriber *sub;
	char fifo[80], kind[96];
	int fd;

	snprintf(fifo, sizeof(fifo), "%s/fifo", source.folder);
	snprintf(kind, sizeof(kind), "fifo:%s", fifo);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	begin(kind, "--format=NV12", "--size=32x32");
	/* The second stream opens it again, which the process that serves cannot do itself. */
	for (int stream = 0; stream < 2; stream++) {
		wait_until_closed(fifo);
		sub = publisher_join(&source);
		assert_non_null(sub);
		/* Two producers, with a time between them. */
		for (int n = 0; n < 2; n++) {
			fd = producer_arrive(fifo);
			assert_int_equal(write(fd, header, strlen(header)), strlen(header));
			for (int i = 0; i < 3; i++) {
				put_y4m(fd, 60 + 40 * i + n);
				shows(sub, 60 + 40 * i + n);
			}
			close(fd);
			assert_true(publisher_signals(sub, false));
		}
		vmedia_subscriber_destroy(sub);
		assert_true(publisher_says_again(&source, "nobody streams", stream + 1));
	}
	unlink(fifo);
	assert_int_equal(publisher_stop(&source), 0);
}

/* It ends at once, also while it waits for a producer. */
static void test_a_fifo_without_a_producer(void **state)
{
	struct vmedia_subscriber *sub;
	char fifo[80], kind[96];

	snprintf(fifo, sizeof(fifo), "%s/fifo", source.folder);
	snprintf(kind, sizeof(kind), "fifo:%s", fifo);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	/* Its patience is two minutes, longer than the test may take. */
	begin(kind, "--fps=1/60", "--size=32x32");
	sub = publisher_join(&source);
	assert_non_null(sub);
	assert_true(publisher_says(&source, "somebody streams"));
	close(producer_arrive(fifo));
	assert_int_equal(publisher_stop(&source), 0);
	vmedia_subscriber_destroy(sub);
	unlink(fifo);
}

static void test_it_runs_while_somebody_streams(void **state)
{
	struct vmedia_subscriber_frame frame;
	struct vmedia_subscriber *a, *b;

	begin("pattern", "--format=GREY", "--size=160x120");
	a = publisher_join(&source);
	assert_non_null(a);
	assert_int_equal(publisher_frame(a, &frame), 0);
	assert_true(publisher_says(&source, "somebody streams"));
	vmedia_subscriber_destroy(a);
	assert_true(publisher_says(&source, "nobody streams"));
	/* The next stream begins with the first picture. */
	b = publisher_join(&source);
	assert_non_null(b);
	assert_int_equal(publisher_frame(b, &frame), 0);
	assert_int_equal(frame.sequence, 0);
	vmedia_subscriber_destroy(b);
	assert_int_equal(publisher_stop(&source), 0);
}

static void test_it_ends_while_somebody_streams(void **state)
{
	struct vmedia_subscriber_frame frame;
	struct vmedia_subscriber *a;

	begin("pattern", "--format=NV12", "--size=160x120");
	a = publisher_join(&source);
	assert_non_null(a);
	assert_int_equal(publisher_frame(a, &frame), 0);
	assert_int_equal(publisher_stop(&source), 0);
	/* A dead socket is replaced. */
	begin("pattern", "--format=NV12", "--size=160x120");
	publisher_kill(&source);
	assert_int_equal(access(source.path, F_OK), 0);
	begin("pattern", "--format=NV12", "--size=160x120");
	assert_int_equal(publisher_stop(&source), 0);
	vmedia_subscriber_destroy(a);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pictures_are_those_of_the_pattern, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_fifo, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_fifo_without_a_producer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_it_runs_while_somebody_streams, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_it_ends_while_somebody_streams, setup,
						teardown),
	};

	if (argc < 2)
		return 2;
	program = argv[1];
	option = argc > 2 ? argv[2] : NULL;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
