// SPDX-License-Identifier: BSD-3-Clause
/*
 * The real daemon where few descriptors are allowed: it says so, and guests that take all that they
 * can get have their errors, one after the other.
 *
 * usage: test_limits VHOST-USER-MEDIA [OPTION]...
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/videodev2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include <vmedia/driver.h>

#include "daemon.h"

#define FILES	 160u
#define SHARE	 (FILES / 2 - FILES / 8) /* three quarters of the half that is for buffers */
#define SESSIONS 8u
#define CAPTURE	 V4L2_BUF_TYPE_VIDEO_CAPTURE

static const char *program;
static char *const *options;
static struct daemon_process camera;

/* As many files as a poor host allows, for this process and the daemon. */
static int few_files(void **state)
{
	struct rlimit few = { FILES, FILES };

	/* Root without this is refused more than the hard limit, like others. */
	prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE);
	return setrlimit(RLIMIT_NOFILE, &few);
}

/* Start the daemon, and read what it said until it listened. */
static void start(char *said, size_t size)
{
	char *args[] = { (char *)"--max-sessions=8", NULL, NULL, NULL };
	unsigned int n = 1;
	size_t len;
	FILE *f;

	while (options[n - 1] && n < 3) {
		args[n] = options[n - 1];
		n++;
	}
	assert_int_equal(daemon_start_pattern(&camera, program, args), 0);
	f = fopen(camera.log, "r");
	assert_non_null(f);
	len = fread(said, 1, size - 1, f);
	said[len] = 0;
	fclose(f);
}

static int reqbufs(struct vmedia_file *f, uint32_t *count)
{
	struct vmedia_requestbuffers rb = { .count = *count, .type = CAPTURE, .memory = 1 };
	int err = vmedia_ioctl(f, VIDIOC_REQBUFS, &rb);

	*count = rb.count;
	return err;
}

static void stream(struct vmedia_file *f, uint32_t frames)
{
	struct vmedia_buffer b = { .type = CAPTURE, .memory = V4L2_MEMORY_MMAP };
	uint32_t type = CAPTURE;

	assert_int_equal(vmedia_ioctl(f, VIDIOC_QBUF, &b), 0);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_STREAMON, &type), 0);
	while (frames--) {
		assert_int_equal(vmedia_ioctl(f, VIDIOC_DQBUF, &b), 0);
		assert_int_equal(vmedia_ioctl(f, VIDIOC_QBUF, &b), 0);
	}
	assert_int_equal(vmedia_ioctl(f, VIDIOC_STREAMOFF, &type), 0);
}

/* A guest that takes buffers and sessions until there are no more. */
static void take_all(struct vmedia_driver *drv)
{
	struct vmedia_create_buffers c = { .count = 1, .memory = V4L2_MEMORY_MMAP };
	struct vmedia_file *f[SESSIONS], *more;
	uint32_t count = 64, i;

	for (i = 0; i < SESSIONS; i++)
		assert_int_equal(vmedia_open(drv, 0, &f[i]), 0);
	assert_int_equal(vmedia_open(drv, 0, &more), -EMFILE);
	assert_int_equal(reqbufs(f[0], &count), 0);
	assert_int_equal(count, SHARE);
	c.format.type = CAPTURE;
	assert_int_equal(vmedia_ioctl(f[0], VIDIOC_G_FMT, &c.format), 0);
	assert_int_equal(vmedia_ioctl(f[0], VIDIOC_CREATE_BUFS, &c), -ENOMEM);
	stream(f[0], 3);
	assert_int_equal(vmedia_close(f[1]), 0);
	assert_int_equal(vmedia_open(drv, 0, &f[1]), 0);
	count = 0;
	assert_int_equal(reqbufs(f[0], &count), 0);
	/* It has all of them again. */
	count = 64;
	assert_int_equal(reqbufs(f[1], &count), 0);
	assert_int_equal(count, SHARE);
	stream(f[1], 1);
	for (i = 0; i < SESSIONS / 2; i++) /* the rest goes with the connection */
		assert_int_equal(vmedia_close(f[2 * i]), 0);
}

static void test_few_descriptors(void **state)
{
	struct vmedia_driver_options opts = { .timeout_ms = 30000, .memory_size = 16 << 20 };
	struct vmedia_driver *drv;
	char said[4096], *line;
	int guest;

	start(said, sizeof(said));
	line = strstr(said, "this process may have 160: raise the hard limit (ulimit -Hn ");
	assert_non_null(line);
	assert_null(strstr(line + 1, "this process may have"));
	opts.path = camera.path;
	for (guest = 0; guest < 3; guest++) {
		assert_int_equal(vmedia_driver_connect(&opts, &drv), 0);
		take_all(drv);
		vmedia_driver_disconnect(drv);
	}
	assert_int_equal(daemon_stop(&camera), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_few_descriptors) };

	if (argc < 2) {
		fprintf(stderr, "usage: test_limits VHOST-USER-MEDIA [OPTION]...\n");
		return 2;
	}
	program = argv[1];
	options = argv + 2;
	return cmocka_run_group_tests_name("few descriptors", tests, few_files, NULL);
}
