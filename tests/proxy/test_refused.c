/* SPDX-License-Identifier: BSD-3-Clause */
/* A host that does not take the guest's memory: none of it, or not all. */
#include "fake_pages.h"

#include <sys/mman.h>

/* A driver that has USERPTR and does not take these pages. */
static void test_refused(void **state)
{
	uint32_t session, count = 2;
	struct fake_host *f = opened(1u << USERPTR, &session);
	struct pages p;

	get_pages(f, &p);
	f->memory_err = -EFAULT;
	assert_int_equal(reqbufs(f, session, CAPTURE, USERPTR, &count), 0);
	assert_int_equal(give(f, session, CAPTURE, 0, &p), 0);
	assert_int_equal(f->file[0].memory[CAPTURE], V4L2_MEMORY_MMAP);
	assert_int_equal(f->file[0].count[CAPTURE], 2);
	assert_int_equal(stream(f, session, CAPTURE, true), 0);
	memset(p.page, 0x11, HOST_LENGTH);
	frame(f, CAPTURE, 0);
	assert_int_equal(p.page[0], 0); /* what the host's buffer has */
	assert_int_equal(copied(f), HOST_LENGTH);
	ask_close(f, session);
	fake_host_end(f);
}

/* epoll of a queue without buffers makes a driver that has read() begin to read. */
static int reads(struct fake_host *f, uint32_t nr, void *arg)
{
	const struct vmedia_requestbuffers *r = arg;

	return nr == VMEDIA_NR_REQBUFS && !r->count ? -EBUSY : HOST_DEFAULT;
}

/* It streams already, so the loop watches it, and it is to have buffers all the time. */
static void test_refused_streaming(void **state)
{
	uint32_t session, count = 2;
	struct fake_host *f = opened(1u << USERPTR, &session);
	struct pages p;

	get_pages(f, &p);
	f->memory_err = -EFAULT;
	assert_int_equal(reqbufs(f, session, CAPTURE, USERPTR, &count), 0);
	assert_int_equal(stream(f, session, CAPTURE, true), 0);
	fake_script(f, reads);
	assert_int_equal(give(f, session, CAPTURE, 0, &p), 0);
	assert_int_equal(f->file[0].memory[CAPTURE], V4L2_MEMORY_MMAP);
	assert_true(fake_streams(f, 0, CAPTURE));
	frame(f, CAPTURE, 0);
	assert_int_equal(copied(f), HOST_LENGTH);
	fake_script(f, NULL);
	ask_close(f, session);
	fake_host_end(f);
}

/* ---- It has taken some ---- */

/* The queue is not stopped on the loop, and is never without buffers. */
static int stops(struct fake_host *f, uint32_t nr, void *arg)
{
	if (nr == VMEDIA_NR_STREAMOFF)
		assert_false(pthread_equal(pthread_self(), f->loop_thread));
	return reads(f, nr, arg);
}

static unsigned int queued_as(struct fake_host *f, uint32_t type, uint32_t index)
{
	assert_true(f->file[0].queued[type][index]);
	return f->file[0].queued_as[type][index];
}

/* Those that it has are exchanged for its own, and keep their order. */
static void test_capture(void **state)
{
	struct pages p[4];
	struct fake_host *f;
	uint32_t session;

	f = streaming(&session, p, 3);
	assert_int_equal(frame(f, CAPTURE, 0), 5);
	assert_int_equal(give(f, session, CAPTURE, 0, &p[0]), 0);
	assert_int_equal(frame(f, CAPTURE, 1), 5);
	assert_int_equal(copied(f), 0);
	f->memory_err = -EFAULT;
	fake_script(f, stops);
	get_pages(f, &p[3]);
	assert_int_equal(give(f, session, CAPTURE, 1, &p[3]), 0);
	assert_int_equal(f->file[0].memory[CAPTURE], V4L2_MEMORY_MMAP);
	assert_true(fake_streams(f, 0, CAPTURE));
	assert_true(queued_as(f, CAPTURE, 2) < queued_as(f, CAPTURE, 0));
	assert_true(queued_as(f, CAPTURE, 0) < queued_as(f, CAPTURE, 1));
	/* The host counts anew, and the guest is not told. */
	memset(p[2].page, 0x11, HOST_LENGTH);
	assert_int_equal(frame(f, CAPTURE, 2), 6 + 5);
	assert_int_equal(p[2].page[0], 0); /* what the host's buffer has */
	memset(p[3].page, 0x11, HOST_LENGTH);
	frame(f, CAPTURE, 1);
	assert_int_equal(p[3].page[HOST_LENGTH - 1], 0);
	assert_int_equal(copied(f), 2 * HOST_LENGTH);
	fake_script(f, NULL);
	ask_close(f, session);
	fake_host_end(f);
}

static uint8_t host_byte(struct fake_host *f, uint32_t index)
{
	uint8_t *p = mmap(NULL, HOST_LENGTH, PROT_READ, MAP_SHARED, f->memory[index], 0), byte;

	assert_true(p != MAP_FAILED);
	byte = p[HOST_LENGTH - 1];
	munmap(p, HOST_LENGTH);
	return byte;
}

static int give_output(struct fake_host *f, uint32_t session, uint32_t index, struct pages *p)
{
	struct vmedia_cmd cmd;

	get_pages(f, p);
	memset(p->page, (int)(0x50 + index), HOST_LENGTH);
	harness_cmd_ioctl(&cmd, session, VMEDIA_NR_QBUF);
	cmd.io.arg.buffer = (struct vmedia_buffer){
		.index = index, .type = OUTPUT, .memory = USERPTR, .length = HOST_LENGTH,
		.bytesused = HOST_LENGTH, .field = V4L2_FIELD_NONE, .flags = V4L2_BUF_FLAG_KEYFRAME,
		.timestamp.tv_sec = 70 + index };
	cmd.io.plane_sg[0] = p->sg;
	return ask(f, &cmd);
}

/* What is queued keeps its bytes and what was said of it. */
static void test_output(void **state)
{
	uint32_t session, count = 3;
	struct fake_host *f = opened(1u << USERPTR, &session);
	struct pages p[3];

	assert_int_equal(reqbufs(f, session, OUTPUT, USERPTR, &count), 0);
	assert_int_equal(stream(f, session, OUTPUT, true), 0);
	assert_int_equal(give_output(f, session, 1, &p[1]), 0);
	assert_int_equal(give_output(f, session, 0, &p[0]), 0);
	f->memory_err = -EFAULT;
	fake_script(f, stops);
	assert_int_equal(give_output(f, session, 2, &p[2]), 0);
	assert_true(fake_streams(f, 0, OUTPUT));
	for (uint32_t i = 0; i < 3; i++) {
		const struct vmedia_buffer *b = &f->file[0].given[OUTPUT][i];

		assert_int_equal(b->memory, V4L2_MEMORY_MMAP);
		assert_int_equal(b->bytesused, HOST_LENGTH);
		assert_int_equal(b->field, V4L2_FIELD_NONE);
		assert_int_equal(b->flags, V4L2_BUF_FLAG_KEYFRAME);
		assert_int_equal(b->timestamp.tv_sec, 70 + i);
		assert_int_equal(host_byte(f, i), 0x50 + i);
	}
	assert_true(queued_as(f, OUTPUT, 1) < queued_as(f, OUTPUT, 0));
	assert_true(queued_as(f, OUTPUT, 0) < queued_as(f, OUTPUT, 2));
	assert_int_equal(copied(f), 3 * HOST_LENGTH);
	fake_script(f, NULL);
	ask_close(f, session);
	fake_host_end(f);
}

/* Not streaming yet, in the host or in the guest. */
static void test_not_streaming(void **state)
{
	uint32_t session, count = 2;
	struct fake_host *f = opened(1u << USERPTR, &session);
	struct pages p[2];

	assert_int_equal(reqbufs(f, session, CAPTURE, USERPTR, &count), 0);
	get_pages(f, &p[0]);
	get_pages(f, &p[1]);
	assert_int_equal(give(f, session, CAPTURE, 0, &p[0]), 0);
	f->memory_err = -EFAULT;
	assert_int_equal(give(f, session, CAPTURE, 1, &p[1]), 0);
	assert_false(fake_streams(f, 0, CAPTURE));
	assert_true(queued_as(f, CAPTURE, 0) < queued_as(f, CAPTURE, 1));
	ask_close(f, session);
	fake_host_end(f);
}

/* Contents that the driver does not take stop nothing. */
static void test_contents(void **state)
{
	struct pages p[2];
	struct fake_host *f;
	uint32_t session;

	f = streaming(&session, p, 1);
	frame(f, CAPTURE, 0);
	f->memory_err = -EINVAL;
	get_pages(f, &p[1]);
	assert_int_equal(give(f, session, CAPTURE, 0, &p[1]), -EINVAL);
	assert_int_equal(f->file[0].memory[CAPTURE], USERPTR);
	assert_int_equal(f->streamoffs, 0);
	f->memory_err = 0;
	assert_int_equal(give(f, session, CAPTURE, 0, &p[1]), 0);
	frame(f, CAPTURE, 0);
	assert_int_equal(p[1].page[0], 0x66);
	ask_close(f, session);
	fake_host_end(f);
}

static int no_buffers(struct fake_host *f, uint32_t nr, void *arg)
{
	return nr == VMEDIA_NR_REQBUFS ? -ENOMEM : HOST_DEFAULT;
}

/* The host has no buffers of its own either: the queue is of no use until STREAMOFF. */
static void test_in_vain(void **state)
{
	struct pages p[3];
	struct fake_host *f;
	uint32_t session, count = 2;

	f = streaming(&session, p, 2);
	frame(f, CAPTURE, 0);
	f->memory_err = -EFAULT;
	fake_script(f, no_buffers);
	get_pages(f, &p[2]);
	vmedia_log_set_level(-1);
	assert_int_equal(give(f, session, CAPTURE, 0, &p[2]), -EIO);
	vmedia_log_set_level(VMEDIA_LOG_ERR);
	fake_script(f, NULL);
	f->memory_err = 0;
	assert_int_equal(stream(f, session, CAPTURE, false), 0);
	assert_int_equal(reqbufs(f, session, CAPTURE, USERPTR, &count), 0);
	assert_int_equal(give(f, session, CAPTURE, 0, &p[0]), 0);
	assert_int_equal(stream(f, session, CAPTURE, true), 0);
	frame(f, CAPTURE, 0);
	ask_close(f, session);
	fake_host_end(f);
}

/* A codec would lose its stream: what it refuses later is the guest's error. */
static void test_m2m(void **state)
{
	struct vmedia_limits limits;
	struct fake_host *f;
	uint32_t session, count = 2;
	struct pages p[2];

	vmedia_limits_default(&limits);
	f = fake_host_new_caps(&limits, V4L2_CAP_VIDEO_M2M | V4L2_CAP_STREAMING);
	f->memories = 1u << USERPTR;
	assert_int_equal(ask_open(f, &session), 0);
	assert_int_equal(reqbufs(f, session, OUTPUT, USERPTR, &count), 0);
	assert_int_equal(stream(f, session, OUTPUT, true), 0);
	assert_int_equal(give_output(f, session, 0, &p[0]), 0);
	f->memory_err = -EFAULT;
	assert_int_equal(give_output(f, session, 1, &p[1]), -EFAULT);
	assert_int_equal(f->streamoffs, 0);
	assert_true(f->file[0].queued[OUTPUT][0]);
	ask_close(f, session);
	fake_host_end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),	 cmocka_unit_test(test_refused_streaming),
		cmocka_unit_test(test_capture),	 cmocka_unit_test(test_output),
		cmocka_unit_test(test_not_streaming), cmocka_unit_test(test_contents),
		cmocka_unit_test(test_in_vain),	 cmocka_unit_test(test_m2m),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
