// SPDX-License-Identifier: BSD-3-Clause
/*
 * The daemon after 10,000 sessions and 1,000 guests: the same memory and descriptors as before.
 *
 * The daemon is two processes with a sandbox, and both are counted.
 *
 * What is measured is measured while a guest is connected and has had an answer: the daemon serves
 * one guest after another, so by then it has put the one before away. A round of each kind goes
 * first, for what is allocated once.
 *
 * usage: test_cycles VHOST-USER-MEDIA [OPTION OF THE DAEMON]
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/videodev2.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <vmedia/driver.h>

#include "daemon.h"

#define SESSIONS	10000
#define GUESTS		1000
#define WARM_UP		50
#define BUFFERS		2
#define SLACK_KB	512	/* of malloc; a leak of 64 bytes a session would be more */
#define PATIENCE_MS	20000	/* a thread of the daemon frees large buffers: base/pages.h */

static const char *program;
static char **program_options;

struct footprint {
	unsigned int files;
	long memory_kb;		/* anonymous and shared memory that is there */
	long size_kb;		/* of the address space: mappings that were forgotten */
};

static unsigned int count_files(pid_t pid)
{
	char path[64];
	struct dirent *entry;
	unsigned int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

static struct footprint measure(pid_t pid)
{
	struct footprint f = { .files = count_files(pid) };
	char path[64], line[128];
	FILE *status;
	long kb;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	status = fopen(path, "r");
	assert_non_null(status);
	while (fgets(line, sizeof(line), status)) {
		if (sscanf(line, "RssAnon: %ld", &kb) == 1 ||
		    sscanf(line, "RssShmem: %ld", &kb) == 1)
			f.memory_kb += kb;
		else if (sscanf(line, "VmSize: %ld", &kb) == 1)
			f.size_kb = kb;
	}
	fclose(status);
	return f;
}

/* The process that serves: the child of the one that was started, or that one itself. */
static pid_t serving(pid_t pid)
{
	char path[64];
	int child = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	f = fopen(path, "r");
	assert_non_null(f);
	if (fscanf(f, "%d", &child) != 1)
		child = pid;
	fclose(f);
	return child;
}

static struct footprint measure_daemon(const struct daemon_process *d)
{
	struct footprint f = measure(d->pid), g = { 0 };
	pid_t child = serving(d->pid);

	if (child != d->pid)
		g = measure(child);
	return (struct footprint){ f.files + g.files, f.memory_kb + g.memory_kb,
				   f.size_kb + g.size_kb };
}

static bool is_more(struct footprint after, struct footprint before)
{
	return after.memory_kb > before.memory_kb + SLACK_KB ||
	       after.size_kb - SLACK_KB > before.size_kb;
}

static void assert_same(const char *whose, struct footprint before, struct footprint after)
{
	print_message("%s: %u files, %ld kB, %ld kB of addresses; then %u, %ld, %ld\n", whose,
		      before.files, before.memory_kb, before.size_kb, after.files, after.memory_kb,
		      after.size_kb);
	assert_int_equal(after.files, before.files);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	/* Sanitizers keep what was freed. Theirs is another way to find what was not. */
	assert_false(is_more(after, before));
#endif
}

static int connect_guest(const struct daemon_process *d, struct vmedia_driver **drv)
{
	struct vmedia_driver_options options = { .path = d->path, .timeout_ms = 20000 };

	return vmedia_driver_connect(&options, drv);
}

static int start_daemon(void **state)
{
	static struct daemon_process d;

	*state = &d;
	return daemon_start_pattern(&d, program, program_options);
}

static int set_format(struct vmedia_file *f)
{
	struct vmedia_format format = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	int err = vmedia_ioctl(f, VIDIOC_G_FMT, &format);

	if (err)
		return err;
	format.fmt.pix.width = 320;
	format.fmt.pix.height = 240;
	format.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	return vmedia_ioctl(f, VIDIOC_S_FMT, &format);
}

static int queue_buffer(struct vmedia_file *f, uint32_t index)
{
	struct vmedia_buffer b = { .index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
				   .memory = V4L2_MEMORY_MMAP };
	void *ptr;
	int err;

	err = vmedia_ioctl(f, VIDIOC_QUERYBUF, &b);
	if (!err)
		err = vmedia_mmap(f, b.m.offset, b.length, PROT_READ, &ptr);
	return err ? err : vmedia_ioctl(f, VIDIOC_QBUF, &b);
}

/* Buffers, mapped and queued, and a stream that runs: as much as a guest can leave behind. */
static int stream(struct vmedia_file *f)
{
	struct vmedia_requestbuffers request = { .count = BUFFERS, .memory = V4L2_MEMORY_MMAP,
						 .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	struct vmedia_buffer b = { .type = request.type, .memory = request.memory };
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	int err;

	err = set_format(f);
	if (!err)
		err = vmedia_ioctl(f, VIDIOC_REQBUFS, &request);
	for (uint32_t i = 0; i < request.count && !err; i++)
		err = queue_buffer(f, i);
	if (!err)
		err = vmedia_ioctl(f, VIDIOC_STREAMON, &type);
	return err ? err : vmedia_ioctl(f, VIDIOC_DQBUF, &b);
}

static void open_and_close(struct vmedia_driver *drv, unsigned int times)
{
	struct vmedia_file *f;

	while (times--) {
		assert_int_equal(vmedia_open(drv, 0, &f), 0);
		assert_int_equal(vmedia_close(f), 0);
	}
}

static void test_sessions(void **state)
{
	struct daemon_process *d = *state;
	struct footprint theirs, ours;
	struct vmedia_driver *drv;

	assert_int_equal(connect_guest(d, &drv), 0);
	open_and_close(drv, WARM_UP);
	theirs = measure_daemon(d);
	ours = measure(getpid());
	open_and_close(drv, SESSIONS);
	assert_same("the daemon", theirs, measure_daemon(d));
	assert_same("the driver", ours, measure(getpid()));
	vmedia_driver_disconnect(drv);
}

/* A guest of a process of its own, killed in the middle of its stream. */
static int visit_and_die(const struct daemon_process *d)
{
	struct vmedia_driver *drv;
	struct vmedia_file *f;
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (connect_guest(d, &drv) || vmedia_open(drv, 0, &f) || stream(f))
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -errno;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : -EIO;
}

static int visit(const struct daemon_process *d, bool streams, bool closes)
{
	struct vmedia_driver *drv;
	struct vmedia_file *f;
	int err;

	err = connect_guest(d, &drv);
	if (err)
		return err;
	err = vmedia_open(drv, 0, &f);
	if (!err && streams)
		err = stream(f);
	if (!err && closes)
		err = vmedia_close(f);
	vmedia_driver_disconnect(drv);
	return err;
}

static void connect_and_leave(const struct daemon_process *d, unsigned int times)
{
	while (times--) {
		if (times % 8 == 7)
			assert_int_equal(visit_and_die(d), 0);
		else
			assert_int_equal(visit(d, times & 1, times & 2), 0);
	}
}

/* Waits until the daemon has no more than @before, if that is given, or PATIENCE_MS have passed. */
static struct footprint measure_idle_guest(const struct daemon_process *d,
					   const struct footprint *before, struct footprint *ours)
{
	struct timespec ms = { .tv_nsec = 1000000 };
	struct vmedia_driver *drv;
	struct footprint theirs;

	assert_int_equal(connect_guest(d, &drv), 0);
	open_and_close(drv, 1);
	theirs = measure_daemon(d);
	for (int i = 0; before && is_more(theirs, *before) && i < PATIENCE_MS; i++) {
		nanosleep(&ms, NULL);
		theirs = measure_daemon(d);
	}
	*ours = measure(getpid());
	vmedia_driver_disconnect(drv);
	return theirs;
}

static void test_guests(void **state)
{
	struct daemon_process *d = *state;
	struct footprint fresh, theirs, ours, theirs_after, ours_after;

	fresh = measure_idle_guest(d, NULL, &ours);
	fresh.size_kb = LONG_MAX; /* threads come with the first stream */
	connect_and_leave(d, WARM_UP);
	theirs = measure_idle_guest(d, &fresh, &ours);
	connect_and_leave(d, GUESTS);
	theirs_after = measure_idle_guest(d, &theirs, &ours_after);
	assert_same("the daemon", theirs, theirs_after);
	assert_same("the driver", ours, ours_after);
}

/* Under AddressSanitizer this is where the daemon says what it lost. */
static void test_end(void **state)
{
	assert_int_equal(daemon_stop(*state), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_guests),
		cmocka_unit_test(test_end),
	};

	if (argc < 2) {
		fprintf(stderr, "usage: test_cycles VHOST-USER-MEDIA [OPTION OF THE DAEMON]\n");
		return 2;
	}
	program = argv[1];
	program_options = argv + 2;
	return cmocka_run_group_tests(tests, start_daemon, NULL);
}
