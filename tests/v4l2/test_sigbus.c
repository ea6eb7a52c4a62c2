/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Guest memory that goes while a frame source's thread writes it: its file is truncated, or has no
 * room on its file system. The frame is bad, the process lives, and the next guest is served.
 */
#include "gated.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "virtq/mem.h"

#define FRAMES_GPA 0x100000000ull
#define LENGTH 4096u	/* a frame has 3072 bytes */

/* The guest gets a second region of memory: @fd, of @size bytes. */
static void add_region(struct rig *r, int fd, uint64_t size)
{
	struct vmedia_mem_desc desc = {
		.gpa = FRAMES_GPA, .uva = FRAMES_GPA, .size = size, .fd = fd
	};
	struct vmedia_mem *mem;
	unsigned int q;

	assert_int_equal(vmedia_mem_add(r->h.mem, &desc, &mem), 0);
	for (q = 0; q < VMEDIA_NUM_QUEUES; q++)
		assert_int_equal(vmedia_vqd_set_mem(r->h.vqd[q], mem), 0);
	vmedia_mem_put(mem);
}

static int qbuf_frame(struct rig *r, uint64_t gpa)
{
	static uint8_t raw[VMEDIA_SG_ENTRY_SIZE];
	struct vmedia_sg_entry e = { .start = gpa, .len = LENGTH };
	struct vmedia_cmd cmd;

	harness_cmd_ioctl(&cmd, r->s, VMEDIA_NR_QBUF);
	cmd.io.arg.buffer = (struct vmedia_buffer){ .type = CAP,
						    .memory = V4L2_MEMORY_USERPTR,
						    .length = LENGTH,
						    .m.userptr = 0x7f0000001000 };
	vmedia_sg_put(raw, 0, &e);
	cmd.io.plane_sg[0] = (struct vmedia_sg){ raw, 1 };
	return rig_cmd(r, &cmd);
}

/* A stream into the region @fd, whose thread is in fill() when this returns. */
static struct rig *stream_into(int fd, uint64_t size)
{
	struct rig *r;

	assert_int_equal(vmedia_mem_guard_install(), 0);
	r = gated_start(0);
	add_region(r, fd, size);
	src.gate_fill = true;
	assert_int_equal(rig_reqbufs(r, r->s, CAP, V4L2_MEMORY_USERPTR, 1), 1);
	assert_int_equal(qbuf_frame(r, FRAMES_GPA), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	gated_wait_for(&src.in_fill);
	return r;
}

/* The frame comes, and says that it is bad; then another guest gets a good one. */
static void frame_is_bad(struct rig *r)
{
	struct vmedia_evt evt;

	src.gate_fill = false;
	sem_post(&src.go);
	evt = rig_event(r);
	assert_int_equal(evt.type, VMEDIA_EVT_DQBUF);
	assert_true(evt.buffer.flags & V4L2_BUF_FLAG_ERROR);
	harness_reconnect(&r->h);
	harness_forget(&r->h);
	harness_post_events(&r->h, 32, VMEDIA_EVT_DQBUF_SIZE);
	assert_int_equal(harness_open(&r->h, &r->s), 0);
	gated_queue_all(r, 1);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	evt = rig_event(r);
	assert_false(evt.buffer.flags & V4L2_BUF_FLAG_ERROR);
	rig_end(r);
}

static void test_truncated(void **state)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);
	struct rig *r;

	(void)state;
	assert_true(fd >= 0 && !ftruncate(fd, 1 << 20));
	r = stream_into(fd, 1 << 20);
	assert_int_equal(ftruncate(fd, 0), 0);
	frame_is_bad(r);
	close(fd);
}

/* A file system of one page, used up: 0 and a file without memory behind it, or -1. */
static int full_file(int *fd)
{
	static const char dir[] = "/tmp";	/* covered for this process alone */
	char page[4096] = { 0 };
	int used;

	if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", dir, "tmpfs", 0, "size=4096"))
		return -1;
	used = open("/tmp/used", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	*fd = open("/tmp/guest", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (used < 0 || *fd < 0 || write(used, page, sizeof(page)) != sizeof(page))
		return -1;
	return ftruncate(*fd, 1 << 20);
}

#define NOT_POSSIBLE 77

static void test_no_room(void **state)
{
	int status, fd;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (!pid) {
		if (full_file(&fd))
			_exit(NOT_POSSIBLE);
		frame_is_bad(stream_into(fd, 1 << 20));
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NOT_POSSIBLE)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_room),	/* first: its child has no threads */
		cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
